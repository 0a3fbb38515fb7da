"""Moves the data plane's clock with the wall clock, in small slices, so that agents answer in between.

A simulator that is too slow is not driven into a spiral: what it owes beyond `MAX_DEBT_S` is given
up. Lab time then falls behind the wall clock, and how much it lost is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from netdiag.lab.clock import LabClock
from netdiag.lab.dataplane import Dataplane

SLICE_S = 0.01
MAX_DEBT_S = 0.25
_SKIP_S = 0.25


def _wall() -> datetime:
    return datetime.now(UTC)


class Pacer:
    """The one place that calls `run_until` while the lab runs."""

    def __init__(
        self,
        plane: Dataplane,
        clock: LabClock,
        wall: Callable[[], datetime] = _wall,
        *,
        behind_s: float = 0.0,
    ) -> None:
        self._plane, self._clock, self._wall = plane, clock, wall
        self._behind_s = behind_s
        self._turn = asyncio.Lock()
        self._last = 0.0
        self.lag_s = 0.0
        """Wall seconds that the simulator could not follow."""

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        self._last, debt = loop.time(), 0.0
        while True:
            await asyncio.sleep(SLICE_S)
            async with self._turn:
                now = loop.time()
                debt += now - self._last
                self._last = now
                if debt > MAX_DEBT_S:
                    self.lag_s += debt - MAX_DEBT_S
                    debt = MAX_DEBT_S
                    self._resume(debt)
                debt -= await self._slices(debt, SLICE_S)

    async def advance(self, seconds: float) -> float:
        """Moves lab time on by so much, as fast as it goes; how far it still is behind the wall.

        A lab whose time of day lags behind the wall catches up first: then each second is one. Beyond
        that all of it happens in one moment of the wall.
        """
        async with self._turn:
            owed = min(seconds, self._behind_s)
            try:
                await self._slices(owed, _SKIP_S)
                if seconds > owed:
                    self._clock.skip(self._plane.now(), self._wall())
                    await self._slices(seconds - owed, _SKIP_S)
            finally:
                self._behind_s -= owed
                self._resume(0.0)
                self._last = asyncio.get_running_loop().time()
            return self._behind_s

    def _resume(self, debt_s: float) -> None:
        late = timedelta(seconds=debt_s + self._behind_s)
        self._clock.resume(self._plane.now(), self._wall() - late)

    async def _slices(self, seconds: float, size: float) -> float:
        """Runs that much lab time in slices, others having their turn in between."""
        end = self._plane.now() + seconds
        while self._plane.now() < end - 1e-9:
            self._plane.run_until(min(end, self._plane.now() + size))
            await asyncio.sleep(0)
        return seconds


class WallPacer(Pacer):
    """For a data plane whose time is the wall's own: it is only given its turns."""

    async def run(self) -> None:
        while True:
            self._plane.run_until(self._plane.now())
            await asyncio.sleep(SLICE_S)

    async def advance(self, seconds: float) -> float:
        """Waits: nothing makes a real kernel go faster."""
        await asyncio.sleep(seconds)
        return 0.0
