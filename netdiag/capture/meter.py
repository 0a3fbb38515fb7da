"""Counting by the second: how many frames of each cast, in which VLANs, from whom, how many copies.

Rules: bounded memory whatever arrives; a frame is a *repeat* when the same octets came before in
this second or the one before it. A loop repeats what everyone sends, a flooding card its own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from netdiag.capture.link import BROADCAST, MULTICAST, UNICAST, Frame

_REMEMBERED = 100_000
"""Frames and addresses remembered at most; beyond it repeats are under-counted, never invented."""
TOO_MANY = f"more than {_REMEMBERED} senders: who is unknown is not told any more"
NOTABLE = 20
"""Frames of one cast in one second below which no details are reported."""
TOP = 8
COPIES = 6
"""Copies of one source in a second that make it a repeating one: who asks again, asks once or twice."""
_CASTS = {BROADCAST: "broadcast", MULTICAST: "multicast", UNICAST: "unknown-unicast"}


class _Flood:
    """One cast in one second."""

    __slots__ = ("arp", "dhcp", "frames", "octets", "repeats", "sources", "targets", "vlans")

    def __init__(self) -> None:
        self.frames = self.octets = self.repeats = self.arp = self.dhcp = 0
        self.vlans: Counter[int | None] = Counter()
        self.sources: dict[bytes, list[int]] = {}
        self.targets: set[bytes] = set()

    def report(self) -> dict[str, Any]:
        top = sorted(self.sources.items(), key=lambda item: (-item[1][0], item[0]))[:TOP]
        return {
            "frames": self.frames,
            "octets": self.octets,
            "repeats": self.repeats,
            "arp": self.arp,
            "arp_targets": len(self.targets),
            "dhcp": self.dhcp,
            "vlans": sorted(v for v in self.vlans if v is not None),
            "sources": [[mac.hex(":"), frames, repeats] for mac, (frames, repeats) in top],
            "repeating": sum(
                1
                for frames, repeats in self.sources.values()
                if repeats >= COPIES and repeats * 2 > frames
            ),
            "talking": len(self.sources),
        }


class Meter:
    """Feed it every frame; `second` hands over what the second that just ended held."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._rates: dict[int | None, list[int]] = {}
        self._floods: dict[int, _Flood] = {}
        self._now: set[int] = set()
        self._before: set[int] = set()
        self._senders: set[bytes] = set()

    def due(self, second: int) -> bool:
        """A frame of that second would end the one being counted."""
        return self._second is not None and second != self._second

    def is_before(self, second: int) -> bool:
        """The second being counted is over by then."""
        return self._second is not None and self._second < second and bool(self._rates)

    def add(self, second: int, found: Frame, length: int, kind: str | None, payload: bytes) -> None:
        """Counts one frame; call `second()` first when it is `due`."""
        self._second = second
        vlan = found.vlans[0] if found.vlans else None
        rate = self._rates.get(vlan)
        if rate is None:
            rate = self._rates[vlan] = [0, 0, 0, 0]
        rate[found.cast] += 1
        rate[3] += length
        if len(self._senders) < _REMEMBERED:
            self._senders.add(found.src)
        if found.cast != UNICAST or self._is_unknown(found.dst):
            self._flood(found, length, vlan, kind, payload)

    def _is_unknown(self, dst: bytes) -> bool:
        """Nobody sent from there; never said once there were more senders than are remembered."""
        return bool(dst) and dst not in self._senders and len(self._senders) < _REMEMBERED

    def _flood(
        self, found: Frame, length: int, vlan: int | None, kind: str | None, payload: bytes
    ) -> None:
        flood = self._floods.get(found.cast)
        if flood is None:
            flood = self._floods[found.cast] = _Flood()
        flood.frames += 1
        flood.octets += length
        flood.vlans[vlan] += 1
        source = flood.sources.get(found.src)
        if source is None and len(flood.sources) < _REMEMBERED:
            source = flood.sources[found.src] = [0, 0]
        repeat = self._seen(hash(found.octets))
        flood.repeats += repeat
        if source is not None:
            source[0] += 1
            source[1] += repeat
        if kind == "arp":
            flood.arp += 1
            if len(flood.targets) < _REMEMBERED:
                flood.targets.add(payload[24:28])
        elif kind == "dhcp":
            flood.dhcp += 1

    def _seen(self, mark: int) -> bool:
        if mark in self._now or mark in self._before:
            return True
        if len(self._now) < _REMEMBERED:
            self._now.add(mark)
        return False

    def bounds(self) -> list[str]:
        """What did not fit, in words."""
        if len(self._senders) < _REMEMBERED:
            return []
        return [TOO_MANY]

    def second(self) -> dict[str, Any] | None:
        """What the current second held, as one line; counting starts anew. `None`: nothing."""
        if self._second is None or not self._rates:
            return None
        line = {
            "type": "second",
            "t": self._second,
            "rates": [[vlan, *counts] for vlan, counts in self._rates.items()],
            "floods": {
                _CASTS[cast]: flood.report()
                for cast, flood in self._floods.items()
                if flood.frames >= NOTABLE
            },
        }
        self._before, self._now = self._now, set()
        self._rates, self._floods = {}, {}
        return line
