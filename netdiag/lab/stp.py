"""One spanning tree for all VLANs, by real 802.1D configuration BPDUs on the wire.

Simplified and said so: one instance, cost 4 a link, a trunk forwards `SETTLE_S` after it comes up
(rapid spanning tree takes about as long; the 2 x 15 s of 802.1D would only delay the practice).
Access ports are edge ports and forward at once. A port with the BPDU filter neither sends nor
hears: this is the widespread misconfiguration that lets a loop between two desks storm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdiag.errors import DecodeError
from netdiag.lab import frames
from netdiag.lab.frames import Bpdu

if TYPE_CHECKING:
    from netdiag.lab.switch import SoftSwitch, SwitchPort

HELLO_S = 2.0
MAX_AGE_S = 20.0
SETTLE_S = 0.1
_COST = 4


class SpanningTree:
    """The spanning-tree half of one switch."""

    def __init__(self, switch: SoftSwitch, priority: int) -> None:
        self._switch = switch
        self.priority = priority
        self._heard: dict[str, tuple[Bpdu, float]] = {}
        self._settled: set[str] = set()
        self.root = (priority, switch.mac_octets)
        self.root_port: str | None = None
        self._cost = 0

    def hello(self) -> None:
        """Every two seconds: forgets the old, tells the neighbours."""
        now = self._switch.engine.now
        fresh = {name: e for name, e in self._heard.items() if e[1] > now}
        if len(fresh) != len(self._heard):
            self._heard = fresh
            self._decide()
        self._tell()

    def link_changed(self, port: SwitchPort) -> None:
        """Starts or stops the port's part in the tree."""
        self._heard.pop(port.name, None)
        self._settled.discard(port.name)
        if not port.up:
            port.stp_state = "disabled"
        elif port.access_vlan is not None:
            port.stp_state = "forwarding"
            self._send(port)
        else:
            port.stp_state = "learning"
            generation = port.generation
            self._send(port)
            self._switch.engine.after(SETTLE_S, lambda: self._settle(port, generation))
        self._decide()

    def receive(self, port: SwitchPort, frame: bytes) -> None:
        """A BPDU has come in."""
        try:
            bpdu = frames.decode_bpdu(frame)
        except DecodeError:
            return
        if port.bpdu == "filter":
            return
        if port.bpdu == "guard":
            self._switch.guards.bpdu(port)
            return
        mine = self._vector(port)
        self._heard[port.name] = (bpdu, self._switch.engine.now + MAX_AGE_S)
        self._decide()
        if mine < bpdu and self.root_port != port.name:
            self._send(port)

    def _settle(self, port: SwitchPort, generation: int) -> None:
        if port.generation == generation and port.up:
            self._settled.add(port.name)
            self._decide()

    def _decide(self) -> None:
        """Root, root port and each port's state from what was heard (802.1D-2004, 17.6)."""
        before = (self.root, self.root_port, self._cost)
        own = (self.priority, self._switch.mac_octets)
        best = min(
            (
                (b.root_priority, b.root_mac, b.cost + _COST, b.bridge_priority, b.bridge_mac, b.port, name)
                for name, (b, _) in self._heard.items()
            ),
            default=None,
        )  # fmt: skip
        if best is None or own <= (best[0], best[1]):
            self.root, self.root_port, self._cost = own, None, 0
        else:
            self.root, self.root_port, self._cost = (best[0], best[1]), best[6], best[2]
        changed = False
        for port in self._switch.switch_ports:
            if port.up and port.access_vlan is None:
                state = self._state(port)
                changed = changed or state != port.stp_state
                port.stp_state = state
        if changed:
            self._switch.forwarding_changed()
        if (self.root, self.root_port, self._cost) != before:
            self._tell()

    def _state(self, port: SwitchPort) -> str:
        heard = self._heard.get(port.name)
        designated = heard is None or self._vector(port) < heard[0]
        if port.name != self.root_port and not designated:
            return "blocking"
        return "forwarding" if port.name in self._settled else "learning"

    def _vector(self, port: SwitchPort) -> Bpdu:
        return Bpdu(
            self.root[0], self.root[1], self._cost, self.priority, self._switch.mac_octets,
            0x8000 | port.number,
        )  # fmt: skip

    def _tell(self) -> None:
        for port in self._switch.switch_ports:
            if port.up and port.name != self.root_port and port.stp_state != "blocking":
                self._send(port)

    def _send(self, port: SwitchPort) -> None:
        if port.bpdu != "filter":
            port.send(frames.encode_bpdu(self._vector(port), port.mac_octets))
