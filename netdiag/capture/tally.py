"""What the kernel counted against what was looked at: the sums stay exact when looking is not whole.

Rules: the counting sockets are never read, so nothing can overflow them; a second in which every
frame was looked at is left as it is; any other is scaled, each cast by its own share, and says so.
"""

from __future__ import annotations

from typing import Any

from netdiag.capture.meter import NOTABLE
from netdiag.capture.packet import Tallies

_CASTS = ("unknown-unicast", "broadcast", "multicast")
_SUMS = ("frames", "octets", "repeats", "arp", "dhcp")

Counts = tuple[int, int, int]


class Truth:
    """Corrects each second's line by the kernel's own count."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self._told: Counts = (0, 0, 0)
        self.is_whole = True
        """Every frame since the last line was looked at; set false by whoever passes one by."""
        self.missing_octets = 0
        """Of the frames not looked at, by the mean length of the others of that second."""
        self.seconds = 0
        """Lines that had to be scaled."""

    def total(self) -> int:
        """Frames on the wire since the start."""
        return sum(self._tallies.read())

    def rates(self) -> Counts:
        """Unicasts, broadcasts and multicasts since the start."""
        return self._tallies.read()

    def correct(self, line: dict[str, Any]) -> dict[str, Any]:
        """The line as it is, or scaled to what the kernel counted since the last one."""
        now = self._tallies.read()
        counted = (now[0] - self._told[0], now[1] - self._told[1], now[2] - self._told[2])
        self._told = now
        whole, self.is_whole = self.is_whole, True
        if whole:
            return line
        self.seconds += 1
        before = sum(row[4] for row in line["rates"])
        line = scaled(line, counted)
        self.missing_octets += max(0, sum(row[4] for row in line["rates"]) - before)
        return line

    def close(self) -> None:
        self._tallies.close()


def scaled(line: dict[str, Any], counted: Counts) -> dict[str, Any]:
    """A `second` line of which only some frames were looked at, as if it had been all of them."""
    looked = [sum(row[1 + cast] for row in line["rates"]) for cast in range(3)]
    factors = [max(1.0, c / n) if n else 1.0 for c, n in zip(counted, looked, strict=True)]
    whole = max(1.0, sum(counted) / sum(looked)) if sum(looked) else 1.0
    rates = [
        [vlan, *(round(n * f) for n, f in zip(counts, factors, strict=True)), round(octets * whole)]
        for vlan, *counts, octets in line["rates"]
    ]
    floods = {}
    for cast, name in enumerate(_CASTS):
        flood = line["floods"].get(name)
        if flood is not None:
            floods[name] = _scaled_flood(flood, factors[cast])
        elif cast and not looked[cast] and counted[cast] >= NOTABLE:
            floods[name] = _unseen(counted[cast])
    return {**line, "rates": rates, "floods": floods, "looked": sum(looked)}


def _scaled_flood(flood: dict[str, Any], factor: float) -> dict[str, Any]:
    sources = [[mac, round(n * factor), round(k * factor)] for mac, n, k in flood["sources"]]
    return {**flood, **{k: round(flood[k] * factor) for k in _SUMS}, "sources": sources}


def _unseen(frames: int) -> dict[str, Any]:
    """Counted, and none of them looked at."""
    nothing = dict.fromkeys((*_SUMS, "arp_targets", "repeating", "talking"), 0)
    return {**nothing, "frames": frames, "vlans": [], "sources": []}
