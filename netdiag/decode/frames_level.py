"""Seconds of counting -> how loud each VLAN usually is, and when it was louder than that.

Rules: the median says what is usual, so that one loud minute does not; a surge lasts some seconds and
stays below a storm's bound (those are `frames_storm`'s). Memory is bounded: what is beyond is not
counted, and the level is that of the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from statistics import median

from netdiag.decode.frames_line import Line, moment
from netdiag.errors import DecodeError
from netdiag.model import Level, Storm, Surge

LOUD_PPS = 100
"""Below this nothing is loud, however quiet a VLAN is otherwise."""
_KINDS = {"broadcast": 2, "multicast": 3}
"""The column of a row of `rates`."""
_MOST = 400_000
"""(second, VLAN) pairs kept."""
_GAP_S = 2
_SUSTAINED_S = 3
_MAX_SURGES = 50

Sources = Callable[[str, range], tuple[tuple[str, float], ...]]
"""(kind, seconds) -> (MAC, share) of it on the wire meanwhile."""


class Levels:
    """Every second of each VLAN, as numbers."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int | None], dict[int, int]] = {}
        self._kept = 0
        self._first: int | None = None
        self._last: int | None = None

    def second(self, at: int, line: Line) -> None:
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)
        for row in line.rows("rates", 5):
            vlan = row[0]
            for kind, column in _KINDS.items():
                frames = row[column]
                if not isinstance(frames, int) or not (vlan is None or isinstance(vlan, int)):
                    raise DecodeError("rates that are no numbers")
                if frames and self._kept < _MOST:
                    seconds = self._counts.setdefault((kind, vlan), {})
                    self._kept += at not in seconds
                    seconds[at] = seconds.get(at, 0) + frames

    def levels(self) -> tuple[Level, ...]:
        """One a kind and VLAN; the capture's first and last second, which are cut, count as whole."""
        whole = 0 if self._first is None or self._last is None else self._last - self._first + 1
        found = []
        for (kind, vlan), seconds in self._counts.items():
            quiet = max(0, whole - len(seconds))
            if quiet > len(seconds):
                usual = 0.0
            else:
                usual = float(median([*seconds.values(), *([0] * quiet)]))
            found.append(Level(kind, vlan, usual, whole))
        return tuple(sorted(found, key=lambda x: (x.kind, x.vlan or 0)))

    def surges(self, storms: Iterable[Storm], sources: Sources) -> tuple[Surge, ...]:
        """The loudest, in order of time; without those that are storms already."""
        stormy = [(s.kind, s.start, s.end) for s in storms]
        found = [
            surge
            for (kind, vlan), seconds in self._counts.items()
            for surge in _runs(kind, vlan, seconds, sources)
            if not any(k == kind and a <= surge.end and surge.start <= b for k, a, b in stormy)
        ]
        loudest = sorted(found, key=lambda s: -s.peak_pps)[:_MAX_SURGES]
        return tuple(sorted(loudest, key=lambda s: (s.start, s.kind, s.vlan or 0)))


def _runs(
    kind: str, vlan: int | None, seconds: dict[int, int], sources: Sources
) -> Iterator[Surge]:
    """Loud seconds that belong together."""
    run: list[int] = []
    for at in [*sorted(t for t, n in seconds.items() if n >= LOUD_PPS), None]:
        if run and (at is None or at - run[-1] > _GAP_S):
            if len(run) >= _SUSTAINED_S:
                frames = [seconds[t] for t in run]
                span = range(run[0], run[-1] + 1)
                yield Surge(
                    kind, vlan, moment(run[0]), moment(run[-1] + 1), float(max(frames)),
                    round(sum(frames) / len(span), 1), sources(kind, span),
                )  # fmt: skip
            run = []
        if at is not None:
            run.append(at)
