"""How a live wire is looked at: frame by frame, whole by compiled code, or sampled under a flood.

Rules: all three have the same verbs, so that the session does not know which it has; the kernel counts
every frame whatever is looked at; what was passed by or lost is said in `state` and `bounds`.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from netdiag.capture import filters
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.evidence import Evidence
from netdiag.capture.link import Control
from netdiag.capture.packet import Tallies
from netdiag.capture.ring import SMALL
from netdiag.capture.sources import Interface, Source
from netdiag.capture.tally import Truth

if TYPE_CHECKING:
    from netdiag.capture.fast import Counter
    from netdiag.capture.ring import Ring

LOOKS_PER_S = 6000
"""Frames of each cast that plain Python looks at; of more a random part."""
DECODES_PER_S = 2000
"""New messages of each protocol; the rest is counted as skipped, and said."""
CONTROL_PER_S = 4000
"""Control frames of each class handed over; of more, which are mostly copies, a random part."""
_ADAPT_S = 0.05
_A_LOOK = 16
"""Blocks at a time, so that neither of two rings waits for the other."""
_BULK = frozenset({"arp", "ns", "rs", "ssdp", "mdns"})

Said = tuple[dict[str, Any], Control]
Hear = Callable[[Record, Said], None]
"""What is done with a message decoded just now."""


class Eye(Protocol):
    """Who looks at the frames of one live wire."""

    name: str

    def look(self, wait_s: float) -> None:
        """At what has come in, after waiting at most that long."""

    def second(self, second: int) -> None:
        """That second has begun: what was counted before it is handed over."""

    def state(self) -> dict[str, int | None]:
        """The sums so far: packets, octets, dropped, looked."""

    def finish(self) -> None:
        """The last second and the sums are in the analysis."""

    def bounds(self) -> list[str]:
        """What was not looked at, in words."""

    def send(self, frame: bytes) -> None: ...
    def close(self) -> None: ...


class Plain:
    """Frame by frame in Python: taps of the practice network, tunnels, wires without Ethernet."""

    def __init__(self, source: Source, analysis: Analysis, own: Callable[[Record], bool]) -> None:
        self.name, self._source, self._analysis, self._own = source.name, source, analysis, own
        self.hear: Hear = _nothing

    def look(self, wait_s: float) -> None:
        for record in self._source.receive(wait_s):
            if not (record.outgoing and self._own(record)):
                heard = self._analysis.add(record)
                if heard is not None:
                    self.hear(record, heard)

    def second(self, second: int) -> None:
        self._analysis.flush_before(second)

    def state(self) -> dict[str, int | None]:
        a = self._analysis
        return _state(a.packets, a.octets, self._dropped(), a.packets)

    def _dropped(self) -> int | None:
        try:
            return self._source.dropped()
        except OSError:  # the interface is gone
            return None

    def finish(self) -> None:
        pass

    def bounds(self) -> list[str]:
        return []

    def send(self, frame: bytes) -> None:
        self._source.send(frame)

    def close(self) -> None:
        self._source.close()


class Compiled:
    """Every frame by the compiled counting path, block by block out of the kernel's ring."""

    def __init__(self, name: str, analysis: Analysis, counter: Counter) -> None:
        self.name, self._counter = name, counter
        self._source = Interface(name)
        self._truth = Truth(Tallies(name))
        analysis.correct = self._truth.correct
        self._lost = 0

    def look(self, wait_s: float) -> None:
        self._source.count(self._counter, wait_s)

    def second(self, second: int) -> None:
        lost = self._dropped()
        if lost > self._lost:
            self._truth.is_whole = False
        self._lost = lost
        self._counter.flush_before(second)

    def state(self) -> dict[str, int | None]:
        packets, octets = self._counter.sums()
        return _state(packets, octets, self._dropped(), packets)

    def _dropped(self) -> int:
        try:
            return self._source.dropped() or 0
        except OSError:
            return self._lost

    def finish(self) -> None:
        self._truth.is_whole = self._truth.is_whole and self._dropped() == self._lost
        self._counter.finish()

    def bounds(self) -> list[str]:
        seconds = self._truth.seconds
        said = f"in {seconds} s frames were lost: their rates are the kernel's own counts"
        return ([said] if seconds else []) + self._counter.bounds()

    def send(self, frame: bytes) -> None:
        self._source.send(frame)

    def close(self) -> None:
        self._truth.close()
        self._source.close()


class Sampled:
    """Plain Python beside the kernel's counts: control frames apart, of a flood a random part."""

    def __init__(
        self,
        name: str,
        analysis: Analysis,
        own: Callable[[Record], bool],
        evidence: Evidence | None = None,
    ) -> None:
        self.name, self._analysis, self._own, self._evidence = name, analysis, own, evidence
        self.hear: Hear = _nothing
        self._truth = Truth(Tallies(name))
        analysis.correct = self._truth.correct
        self._shares = dict.fromkeys((filters.RARE, filters.BULK), 1)
        self._parts = dict.fromkeys(range(3), 1)
        self._control = Interface(name, block=SMALL, program=self._control_program())
        self._flow = Interface(name, block=SMALL)
        self._adapted, self._counts = time.monotonic(), self._truth.rates()
        self._classes = {filters.RARE: 0, filters.BULK: 0}
        self._passed = 0
        self._control_sampled = False

    @property
    def can(self) -> bool:
        """The kernel grants rings, and what is in them is Ethernet."""
        return self._control.ring is not None and self._flow.ring is not None

    def look(self, wait_s: float) -> None:
        rings = self._control.ring, self._flow.ring
        assert rings[0] is not None
        assert rings[1] is not None
        if not any(ring.is_ready() for ring in rings if ring):
            select.select([self._control, self._flow], [], [], max(0.0, wait_s))
        self._hear_control(rings[0])
        self._count_flow(rings[1])
        self._adapt()
        self._control.packet.check()

    def _hear_control(self, ring: Ring) -> None:
        for start, frames in ring.blocks(0.0, _A_LOOK):
            for record in self._control.taken_apart(ring, start, frames):
                self._message(record)
            self._adapt()

    def _message(self, record: Record) -> None:
        if record.outgoing and self._own(record):
            return
        found, what = self._analysis.recognise(record)
        if found is None or what is None:
            return
        asks = what.kind in _BULK or (what.kind == "dhcp" and what.payload[:1] == b"\1")
        self._classes[filters.BULK if asks else filters.RARE] += 1
        heard = self._analysis.hear(record, found, what)
        if heard is not None:
            self.hear(record, heard)

    def _count_flow(self, ring: Ring) -> None:
        for start, frames in ring.blocks(0.0, _A_LOOK):
            if ring.is_behind():
                self._truth.is_whole = False
                self._passed += frames
            else:
                for record in self._flow.taken_apart(ring, start, frames):
                    if not (record.outgoing and self._own(record)):
                        self._count(record)
            self._adapt()

    def _count(self, record: Record) -> None:
        if self._evidence is not None:
            self._evidence.frame(record)
        self._analysis.count(record, record.wire_length)

    # how much the kernel hands over

    def _adapt(self) -> None:
        """A flood is thinned out within a twentieth of a second, and let in whole again when over."""
        now = time.monotonic()
        passed_s = now - self._adapted
        if passed_s < _ADAPT_S:
            return
        counts = self._truth.rates()
        wanted = {
            cast: _one_of((counts[cast] - self._counts[cast]) / passed_s, LOOKS_PER_S)
            for cast in range(3)
        }
        if any(_differs(wanted[cast], self._parts[cast]) for cast in range(3)):
            self._parts = wanted
            self._flow.packet.attach(filters.sample({c: _chance(n) for c, n in wanted.items()}))
        if any(n > 1 for n in self._parts.values()):
            self._truth.is_whole = False
        shares = {
            name: _one_of(seen * self._shares[name] / passed_s, CONTROL_PER_S)
            for name, seen in self._classes.items()
        }
        if any(_differs(shares[name], self._shares[name]) for name in shares):
            self._shares = shares
            self._control_sampled = self._control_sampled or any(n > 1 for n in shares.values())
            self._control.packet.attach(self._control_program())
        self._adapted, self._counts = now, counts
        self._classes = dict.fromkeys(self._classes, 0)

    def _control_program(self) -> bytes:
        return filters.control({name: _chance(n) for name, n in self._shares.items()})

    # sums

    def second(self, second: int) -> None:
        self._analysis.flush_before(second)

    def state(self) -> dict[str, int | None]:
        a, dropped = self._analysis, self._dropped()
        whole = not self._truth.seconds and self._truth.is_whole
        packets = a.packets if whole else max(a.packets, self._truth.total() - dropped)
        return _state(packets, a.octets + self._truth.missing_octets, dropped, a.packets)

    def _dropped(self) -> int:
        """Control frames that the kernel could not hand over; of the flow nothing is lost to the sums."""
        try:
            flow, control = self._flow.packet.statistics(), self._control.packet.statistics()
        except OSError:
            return self._control.packet.lost
        if flow[1] > self._passed_by_kernel:
            self._passed_by_kernel = flow[1]
            self._truth.is_whole = False
        return control[1]

    _passed_by_kernel = 0

    def finish(self) -> None:
        self._analysis.flush()
        state = self.state()
        self._analysis.packets = state["packets"] or 0
        self._analysis.octets = state["octets"] or 0

    def bounds(self) -> list[str]:
        said = []
        if self._truth.seconds:
            said.append(
                f"a flood in {self._truth.seconds} s: frames are counted by the kernel, at most "
                f"{LOOKS_PER_S} of each kind a second were looked at: sources, VLANs and octets "
                "are from that sample"
            )
        if self._control_sampled:
            said.append(
                f"more than {CONTROL_PER_S} control frames a second: a random part was decoded"
            )
        return said

    def send(self, frame: bytes) -> None:
        self._control.send(frame)

    def close(self) -> None:
        self._truth.close()
        self._control.close()
        self._flow.close()


def _nothing(_record: Record, _said: Said) -> None:
    pass


def _state(packets: int, octets: int, dropped: int | None, looked: int) -> dict[str, int | None]:
    return {"packets": packets, "octets": octets, "dropped": dropped, "looked": looked}


def _one_of(rate: float, most: int) -> int:
    """One frame of how many is enough."""
    return max(1, -(-int(rate) // most))


def _differs(wanted: int, now: int) -> bool:
    """Worth a new filter: not for every breath of the wire."""
    return wanted > now or wanted * 2 <= now


def _chance(one_of: int) -> int:
    return filters.EVERY // one_of
