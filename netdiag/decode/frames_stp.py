"""Topology changes that BPDUs tell of (IEEE 802.1D 9.3, 802.1w 17): how many, and who sends them.

Rules: a change is the flag going up, not each BPDU that carries it (it stays up for max age and
forward delay, some 35 s, or for two hellos in RSTP), nor each repetition of a notification (TCN). It is
down again when nothing carried it for `_DOWN`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netdiag.decode.bounded import Bounded
from netdiag.decode.frames_line import Line
from netdiag.model import TopologyChanges

_DOWN = timedelta(seconds=5)
_MINUTE = timedelta(seconds=60)
_BRIDGES = 20
_TCN, _FLAG = 0x80, 0x01


@dataclass(slots=True)
class _Seen:
    changes: int
    first: datetime
    last: datetime
    bridges: dict[str, None] = field(default_factory=dict)
    flag: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Bridge -> since when its flag is up, and when it was last seen up."""
    recent: deque[datetime] = field(default_factory=deque)
    most: int = 0
    longest: timedelta = timedelta(0)


class Changes:
    """By VLAN."""

    def __init__(self) -> None:
        self._seen: Bounded[int | None, _Seen] = Bounded("VLANs of spanning tree", 4200)

    def bpdu(self, line: Line, at: datetime | None) -> None:
        """One BPDU, or the last of several copies of one."""
        notified = line.maybe("bpdu") == _TCN
        if at is None or not (notified or (line.maybe("flags") or 0) & _FLAG):
            return
        vlan, src = vlan_of(line), line.text("src")
        if not self._seen.room(vlan):
            return
        seen = self._seen.setdefault(vlan, _Seen(0, at, at))
        since, up = seen.flag.get(src, (at, at))
        if src not in seen.flag or at - up > _DOWN:
            since = at
            seen.changes += 1
            seen.recent.append(at)
            while at - seen.recent[0] > _MINUTE:
                seen.recent.popleft()
            seen.most = max(seen.most, len(seen.recent))
        if src in seen.bridges or len(seen.bridges) < _BRIDGES:
            seen.bridges[src] = None
            seen.flag[src] = since, max(at, up)
        seen.longest = max(seen.longest, at - since)
        seen.first, seen.last = min(seen.first, at), max(seen.last, at)

    def changes(self) -> tuple[TopologyChanges, ...]:
        """In the order of their VLANs."""
        found = (
            TopologyChanges(
                vlan,
                s.changes,
                s.most,
                s.longest.total_seconds(),
                tuple(s.bridges),
                s.first,
                s.last,
            )
            for vlan, s in self._seen.items()
        )
        return tuple(sorted(found, key=lambda c: c.vlan or 0))


def vlan_of(line: Line) -> int | None:
    """The VLAN that a BPDU is about: as it says, by its extension, or by its tag."""
    stack = line.stack()
    return line.maybe("vlan_id") or line.maybe("extension") or (stack[0] if stack else None)
