"""From frames to lines: every frame is counted, control frames are decoded, copies only counted.

Rules: a hostile frame costs one entry in `malformed`, never the process; each distinct control
frame is decoded once, its exact copies come as `again` lines, so that a loop at line rate costs
one decoding; memory is bounded. Of tunnelled frames the carrier counts, or, where asked
(`decapsulate`), the frame inside: rates, storms and messages are then its, the sums the carrier's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from netdiag.capture import chatter, dissect
from netdiag.capture.container import Record
from netdiag.capture.evidence import Evidence
from netdiag.capture.link import Control, Frame, control, frame
from netdiag.capture.meter import Meter
from netdiag.capture.tunnel import innermost
from netdiag.capture.vendor import vendor
from netdiag.errors import DecodeError

Emit = Callable[[dict[str, Any]], None]

_KNOWN = 20_000
"""Distinct control frames remembered at most."""
_LATEST = 253_402_300_799  # the last second of the year 9999: later times are damage


class Analysis:
    """One capture's worth of counting and decoding; `finish` says the totals."""

    def __init__(
        self,
        emit: Emit,
        *,
        decodes_per_s: int | None = None,
        decapsulate: bool = False,
        evidence: Evidence | None = None,
    ) -> None:
        self._evidence = evidence
        self.emit = emit
        self.correct: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
        """What is done to each second's line before it is written."""
        self._decapsulate = decapsulate
        self._limit = decodes_per_s
        self._meter = Meter()
        self._known: dict[tuple[int | None, bytes], int] = {}
        self._again: dict[int, list[float | int | None]] = {}
        self._decoded: Counter[str] = Counter()
        self._vendors: set[str] = set()
        self.serial = 0
        self.packets = self.octets = self.malformed = self.skipped = 0
        self.first: float | None = None
        self.last: float | None = None
        self.kinds: Counter[str] = Counter()
        self.undecoded: Counter[int] = Counter()

    def add(self, record: Record) -> tuple[dict[str, Any], Control] | None:
        """Counts one frame; gives back what it says if it was decoded just now."""
        inner = self._kept(record)
        found, what = self.count(inner, record.wire_length)
        if found is None or what is None:
            return None
        return self.hear(inner, found, what)

    def count(self, record: Record, carried: int) -> tuple[Frame | None, Control | None]:
        """One frame in every sum, `carried` octets long on the wire; nothing is decoded."""
        self.packets += 1
        self.octets += carried
        at = _time(record)
        if at is not None:
            self.heard(at)
        found, what = self.recognise(record)
        if found is None:
            if record.link_type in _LINK_TYPES:
                self.malformed += record.wire_length <= len(record.octets)
            else:
                self.undecoded[record.link_type] += 1
            return None, None
        if what is not None:
            self.kinds[_kind(what)] += 1
        if at is not None:
            self._count(int(at), found, record.wire_length, what)
        return found, what

    @staticmethod
    def recognise(record: Record) -> tuple[Frame | None, Control | None]:
        """A frame's headers, and its message where it is a control frame."""
        found = frame(record)
        return found, None if found is None else control(found)

    def hear(
        self, record: Record, found: Frame, what: Control
    ) -> tuple[dict[str, Any], Control] | None:
        """Decodes a control frame that is new; a copy of an earlier one is only counted."""
        known = self._known.get((record.vlan, record.octets))
        if known is not None:
            self._repeat(known, _time(record))
            return None
        kind = _kind(what)
        if self._is_enough(kind):
            return None
        self._decoded[kind] += 1
        said = self.decode(record, found, what)
        if said is not None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[record.vlan, record.octets] = self.serial
        return said

    def _is_enough(self, kind: str) -> bool:
        """So many of a kind were decoded in this second that this one is not."""
        most = self._limit
        if kind in chatter.KINDS:
            return self._decoded[kind] >= min(chatter.PER_SECOND, most or chatter.PER_SECOND)
        if most is None or self._decoded[kind] < most:
            return False
        self.skipped += 1
        return True

    def _kept(self, record: Record) -> Record:
        """The frame that counts; as evidence it is kept as it came."""
        if self._evidence is not None:
            self._evidence.frame(record)
        return innermost(record) if self._decapsulate else record

    def _count(self, second: int, found: Frame, length: int, what: Control | None) -> None:
        if self._meter.due(second):
            self.flush()
        kind, payload = (None, b"") if what is None else (_kind(what), what.payload)
        self._meter.add(second, found, length, kind, payload)

    def flush_before(self, second: int) -> None:
        """Hands over a second that is over although no later frame has come."""
        if self._meter.is_before(second):
            self.flush()

    def heard(self, at: float) -> None:
        """A frame of that time."""
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)

    def decode(
        self, record: Record, found: Frame, what: Control
    ) -> tuple[dict[str, Any], Control] | None:
        """A control frame never seen before, as the line numbered `serial`."""
        at = _time(record)
        try:
            said = dissect.message(what)
        except dissect.TooShort:
            self.malformed += not what.cut  # what was not captured is not the sender's mistake
            return None
        except DecodeError:
            self.malformed += 1
            return None
        self.malformed += said.get("malformed", False)
        self.serial += 1
        src = found.src.hex(":")
        said = {
            "id": self.serial,
            "t": at,
            "vlans": found.vlans,
            "src": src,
            "session": found.session,
            **said,
        }
        self.emit(said)
        if self._evidence is not None and what.kind not in chatter.KINDS:
            self._evidence.control(record)
        self._name(said, src)
        return said, what

    def _repeat(self, serial: int, at: float | None) -> None:
        count = self._again.setdefault(serial, [0, at])
        count[0] = (count[0] or 0) + 1
        count[1] = at

    def _name(self, said: dict[str, Any], mac: str) -> None:
        """The maker of whatever acts as a server."""
        serves = said["type"] == "ra" or said.get("op") == 2 or said.get("message") == "advertise"
        if serves and said["type"] != "arp" and mac not in self._vendors:
            self._vendors.add(mac)
            self.emit({"type": "vendor", "mac": mac, "vendor": vendor(mac)})

    def flush(self) -> None:
        """Hands over the second being counted, and the copies seen in it."""
        line = self._meter.second()
        if line is not None:
            self.emit(self.correct(line))
        for serial, (count, at) in self._again.items():
            self.copies(serial, count, at)
        self._again.clear()
        self._decoded.clear()

    def copies(self, serial: int, count: float | None, at: float | None) -> None:
        """Says how many exact copies of an earlier line came, the last of them at `at`."""
        self.emit({"type": "again", "id": serial, "count": count, "t": at})

    def bounds(self) -> list[str]:
        """What did not fit into the tables, in words."""
        return self._meter.bounds()

    def finish(
        self,
        *,
        truncated: bool = False,
        dropped: int | None = None,
        damage: str | None = None,
        bounds: Sequence[str] = (),
    ) -> None:
        """The last second, then the totals."""
        self.flush()
        self.emit(
            {
                "type": "total",
                "packets": self.packets,
                "octets": self.octets,
                "first": self.first,
                "last": self.last,
                "malformed": self.malformed,
                "skipped": self.skipped,
                "kinds": dict(self.kinds),
                "undecoded": {str(k): n for k, n in self.undecoded.items()},
                "truncated": truncated,
                "dropped": dropped,
                "damage": damage,
                "bounds": list(bounds),
            }
        )


def _as_it_is(line: dict[str, Any]) -> dict[str, Any]:
    return line


def _time(record: Record) -> float | None:
    """When it came; `None` where no time is said, or none that can be."""
    return record.at if record.at is not None and 0 <= record.at <= _LATEST else None


def _kind(what: Control) -> str:
    """The protocol under which it is counted."""
    return "stp" if what.kind == "pvst" else what.kind


_LINK_TYPES = frozenset({0, 1, 101, 108, 113, 228, 229, 276})
"""Link types that are decoded: what cannot be read of these is malformed."""
