"""The data plane's seconds as time of day. Pure.

Time of day never runs ahead of the wall clock: a pause of the simulator (it slipped) is a gap, and
time that was fast-forwarded passed in the moment in which somebody asked for it.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta


class LabClock:
    """Pieces of lab time, each with its start on the wall and its speed (1, or 0 when skipped)."""

    def __init__(self, started: datetime, now: float = 0.0) -> None:
        self._starts = [now]
        self._pieces = [(started.astimezone(UTC), 1.0)]

    def resume(self, now: float, wall: datetime) -> None:
        """From lab second `now` on, lab time runs with the wall clock, which shows `wall`."""
        self._piece(now, wall, 1.0)

    def skip(self, now: float, wall: datetime) -> None:
        """From lab second `now` on, all happens at `wall`, until `resume`."""
        self._piece(now, wall, 0.0)

    def at(self, second: float) -> datetime:
        """Time of day, UTC, of a lab second."""
        index = max(0, bisect_right(self._starts, second) - 1)
        wall, speed = self._pieces[index]
        return wall + timedelta(seconds=(second - self._starts[index]) * speed)

    def _piece(self, now: float, wall: datetime, speed: float) -> None:
        if now > self._starts[-1]:
            self._starts.append(now)
            self._pieces.append((wall.astimezone(UTC), speed))
        else:
            self._pieces[-1] = (wall.astimezone(UTC), speed)
