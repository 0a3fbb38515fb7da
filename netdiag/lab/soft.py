"""The simulator's clock, ports and cables: frames take their time on the wire, and nothing else does.

Rules: one event for each frame on each cable, so that a storm stays cheap; a port's queue is the
time until its wire is free, and what does not fit is discarded and counted; a cable that goes down
loses what is on it. Time only moves in `run_until`, ties are broken by the order of scheduling:
the same calls give the same bytes and counters.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

from netdiag.lab.frames import BROADCAST

# Preamble 8, frame check sequence 4, inter-frame gap 12 (IEEE 802.3): what a frame costs on the wire.
_WIRE_OVERHEAD = 24
_FCS = 4
QUEUE_OCTETS = 12_000


class Node(Protocol):
    """What has ports."""

    name: str

    def receive(self, port: Any, frame: bytes) -> None:
        """A whole frame has come in."""

    def link_changed(self, port: Any) -> None:
        """The port's carrier came or went: `port.up`."""


class Engine:
    """The clock and what is due: (time, order, port or None, frame or call, port's generation)."""

    __slots__ = ("events", "heap", "now", "order")

    def __init__(self) -> None:
        self.now = 0.0
        self.heap: list[tuple[float, int, Port | None, Any, int]] = []
        self.order = 0
        self.events = 0
        """How many frames have been carried, for benchmarks."""

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Calls at that time, or now if it is past."""
        self.order += 1
        heappush(self.heap, (max(when, self.now), self.order, None, call, 0))

    def after(self, delay: float, call: Callable[[], None]) -> None:
        """Calls `delay` seconds from now."""
        self.at(self.now + delay, call)

    def port(self, owner: Node, name: str, rate_bps: int) -> Port:
        """A socket of a station or a box."""
        return Port(self, owner, name, rate_bps)

    def cable(self, a: Port, b: Port) -> None:
        """A cable has just been put between two ports."""
        refresh(a, b)

    def uncable(self, a: Port, b: Port) -> None:
        """It has just been pulled out."""
        refresh(a, b)

    def run_until(self, at: float) -> None:
        """Lets everything happen that is due up to `at`; the past is not run again."""
        heap = self.heap
        while heap and heap[0][0] <= at:
            when, _, port, load, generation = heappop(heap)
            self.now = when
            if port is None:
                load()
            elif generation == port.generation:
                self.events += 1
                port.carry(load)
        self.now = max(self.now, float(at))


class Port:
    """One end of a cable, with the counters of IF-MIB."""

    __slots__ = (
        "busy_until", "enabled", "engine", "fcs_errors", "generation", "impair", "in_broadcast", "in_discards", "in_errors",
        "in_multicast", "in_octets", "in_unicast", "late_collisions", "name", "out_broadcast", "out_discards",
        "out_errors", "out_multicast", "out_octets", "out_unicast", "owner", "peer", "queue_s",
        "rate_bps", "s_per_octet", "too_long", "up",
    )  # fmt: skip

    def __init__(self, engine: Engine, owner: Node, name: str, rate_bps: int) -> None:
        self.engine = engine
        self.owner = owner
        self.name = name
        self.peer: Port | None = None
        self.enabled = True
        """This side wants the link."""
        self.up = False
        self.generation = 0
        self.busy_until = 0.0
        self.set_rate(rate_bps)
        self.in_octets = self.out_octets = 0
        self.in_unicast = self.out_unicast = 0
        self.in_broadcast = self.out_broadcast = 0
        self.in_multicast = self.out_multicast = 0
        self.in_errors = self.out_errors = 0
        self.in_discards = self.out_discards = 0
        self.fcs_errors = self.late_collisions = self.too_long = 0
        self.impair: Callable[[bytes], bool] | None = None
        """Whether a frame arrives whole: what is wrong with the wire or the port that hears it."""

    def set_rate(self, rate_bps: int) -> None:
        """The wire's bit rate in this direction."""
        self.rate_bps = rate_bps
        self.s_per_octet = 8 / rate_bps
        self.queue_s = QUEUE_OCTETS * self.s_per_octet

    def send(self, frame: bytes) -> None:
        """Queues a frame; it is discarded when the link is down or the queue is full."""
        if not self.up:
            return
        engine = self.engine
        now = engine.now
        busy = self.busy_until
        if busy < now:
            busy = now
        elif busy - now > self.queue_s:
            self.out_discards += 1
            return
        busy += (len(frame) + _WIRE_OVERHEAD) * self.s_per_octet
        self.busy_until = busy
        engine.order += 1
        heappush(engine.heap, (busy, engine.order, self, frame, self.generation))

    def full(self) -> bool:
        """The next frame would be discarded."""
        return self.busy_until - self.engine.now > self.queue_s

    def carry(self, frame: bytes) -> None:
        """The last bit has left: counts it on both sides and hands it to the far end."""
        peer = self.peer
        if peer is None:
            return
        octets = len(frame) + _FCS
        self.out_octets += octets
        if peer.impair is not None and not peer.impair(frame):
            self._count_sent(frame)
            return
        peer.in_octets += octets
        if not frame[0] & 1:
            self.out_unicast += 1
            peer.in_unicast += 1
        elif frame.startswith(BROADCAST):
            self.out_broadcast += 1
            peer.in_broadcast += 1
        else:
            self.out_multicast += 1
            peer.in_multicast += 1
        peer.owner.receive(peer, frame)

    def _count_sent(self, frame: bytes) -> None:
        """A frame that left and never arrived whole."""
        if not frame[0] & 1:
            self.out_unicast += 1
        elif frame.startswith(BROADCAST):
            self.out_broadcast += 1
        else:
            self.out_multicast += 1

    def enable(self, enabled: bool) -> None:
        """This side wants the link, or no longer."""
        self.enabled = enabled
        refresh(self, self.peer)


def connect(a: Port, b: Port) -> None:
    """Puts a cable between two ports, which must both be free."""
    if a.peer is not None or b.peer is not None or a is b:
        raise ValueError(f"{a.owner.name} {a.name} or {b.owner.name} {b.name} has a cable already")
    a.peer, b.peer = b, a
    a.engine.cable(a, b)


def disconnect(port: Port) -> Port | None:
    """Pulls the cable out; returns the port at its far end."""
    far = port.peer
    if far is not None:
        port.peer = far.peer = None
        port.engine.uncable(port, far)
    return far


def refresh(a: Port, b: Port | None) -> None:
    """Carrier follows from cable and both sides' wish; what changed is told once both are set."""
    up = b is not None and a.peer is b and a.enabled and b.enabled
    changed = [port for port in (a, b) if port is not None and port.up != up]
    for port in changed:
        port.up = up
        port.generation += 1
        port.busy_until = port.engine.now
    for port in changed:
        port.owner.link_changed(port)
