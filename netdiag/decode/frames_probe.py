"""Our own loop probes, sent and come back -> whether anything loops, and in which VLANs.

Rules: only frames of this run count: somebody else's probe passes every port once. A copy at another
interface of the sensor is how a LAN works; several copies of one frame are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from netdiag.decode.frames_line import Line
from netdiag.model import LoopProbe


@dataclass(slots=True)
class _Sent:
    vlan: int | None
    mac: str
    sent: int = 0
    returned: int = 0
    came_back_in: set[int | None] = field(default_factory=set)
    elsewhere: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None


class LoopProbes:
    """One run's probes."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}

    def probe(self, line: Line) -> None:
        """One that we send: the question is its own transaction."""
        if line.text("what") != "loop":
            return
        sent = self._sent.setdefault(
            line.number("xid"), _Sent(line.maybe("vlan"), line.text("mac"))
        )
        sent.sent += 1
        sent.last = at = line.time("t")
        sent.first = sent.first or at

    def message(self, line: Line, count: int, at: datetime | None) -> None:
        """One that came in, or `count` exact copies of it."""
        sent = self._sent.get(line.number("xid"))
        if sent is None or line.text("src") != sent.mac:
            return
        interface = line.optional("interface")
        if interface is not None:
            sent.elsewhere[interface] = count + sent.elsewhere.get(interface, 0)
            return
        sent.returned += count
        stack = line.stack()
        sent.came_back_in.add(stack[0] if stack else None)
        sent.last = at or sent.last

    def probes(self) -> tuple[LoopProbe, ...]:
        """By VLAN, the untagged one first."""
        found = (
            LoopProbe(
                s.vlan, s.mac, s.sent, s.returned,
                tuple(sorted(s.came_back_in, key=lambda v: v or 0)),
                tuple(sorted(s.elsewhere.items())), s.first, s.last,
            )
            for s in self._sent.values()
        )  # fmt: skip
        return tuple(sorted(found, key=lambda p: p.vlan or 0))
