"""What the capture process reports -> `Capture`: JSON lines in, aggregated facts out.

Rules: pure; the lines quote hostile frames, so each is checked field by field, and one that is not
what it should be is recorded and skipped. The lines are described in `netdiag.capture.lines`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from netdiag.decode.frames_dhcp import Dhcp
from netdiag.decode.frames_hints import Hints
from netdiag.decode.frames_level import Levels
from netdiag.decode.frames_line import Line, moment
from netdiag.decode.frames_probe import LoopProbes
from netdiag.decode.frames_storm import Storms
from netdiag.decode.frames_wire import Wire
from netdiag.errors import DecodeError
from netdiag.model import Capture, SecondRate, SourceError

_MAX_ERRORS = 20
_MAX_RATES = 500_000
_TALKERS = 8
_REMEMBERED = 50_000
"""Messages that a copy may still refer to: the capture process itself forgets after 20,000."""


def capture(lines: Iterable[str], source: str, *, rates: bool = False) -> Capture:
    """Everything that one run of the capture process saw; never raises."""
    reader = Reader(source, rates=rates)
    for text in lines:
        reader.read(text)
    return reader.capture()


@dataclass(frozen=True, slots=True)
class Lately:
    """The last whole second on a live wire."""

    second: datetime
    rates: tuple[SecondRate, ...] = ()
    talkers: tuple[tuple[str, str, int], ...] = ()
    """(MAC, cast, frames) of those who flood most, most first; none below the meter's notice."""


class Reader:
    """Hands each line to who aggregates it; what is known so far may be asked at any time."""

    def __init__(self, source: str, *, rates: bool = False) -> None:
        self._sums = Capture(source)
        self._ended = False
        self._want_rates = rates
        self._rates: dict[tuple[int, int | None], list[int]] = {}
        self._bounds: dict[str, None] = {}
        self._dhcp, self._wire, self._storms = Dhcp(), Wire(), Storms()
        self._hints, self._levels, self._loops = Hints(), Levels(), LoopProbes()
        self._messages: dict[int, Line] = {}
        self._errors: list[SourceError] = []
        self.lately: Lately | None = None
        self.states = 0
        """How many times a live wire has said its sums: once a second."""

    def read(self, text: str) -> None:
        if not text.strip():
            return
        try:
            found = json.loads(text)
            if not isinstance(found, dict):
                raise DecodeError("not an object")
            self._line(Line(found))
        except (DecodeError, ValueError, RecursionError) as exc:
            self._error("line", f"a line of the capture process that makes no sense: {exc}")

    def _line(self, line: Line) -> None:
        kind = line.text("type")
        if kind == "second":
            self._second(line)
        elif kind == "again":
            self._again(line)
        elif kind == "vendor":
            self._dhcp.vendor(line)
        elif kind == "probe":
            self._dhcp.probe(line)
            self._wire.probe(line)
            self._loops.probe(line)
        elif kind == "total":
            self._total(line)
        elif kind == "state":
            self._state(line)
        elif kind == "trouble":
            self._error(line.text("what"), line.text("message"))
        else:
            self._remember(line)
            self._message(line, 1, line.time("t"))

    def _remember(self, line: Line) -> None:
        if len(self._messages) >= _REMEMBERED:
            for serial in list(self._messages)[: _REMEMBERED // 2]:
                del self._messages[serial]
        self._messages[line.number("id")] = line

    def _again(self, line: Line) -> None:
        """Exact copies of an earlier frame: they count, and they are later."""
        first = self._messages.get(line.number("id"))
        if first is not None:
            self._message(first, line.number("count"), line.time("t"), copies=True)

    def _message(
        self, line: Line, count: int, at: datetime | None, *, copies: bool = False
    ) -> None:
        kind = line.text("type")
        if kind in ("dhcp", "dhcp6"):
            self._dhcp.message(line, count, at, copies=copies)
        elif kind == "loop-probe":
            self._loops.message(line, count, at)
        else:
            self._wire.message(line, at)
        if kind in ("dhcp", "ssdp", "mdns") and not copies:
            self._hints.message(line, at)

    def _second(self, line: Line) -> None:
        second = line.number("t")
        moment(second + 1)  # a storm may end there
        rows = line.rows("rates", 5)
        for vlan, *counts in rows:
            if not all(isinstance(n, int) for n in (*counts, 0 if vlan is None else vlan)):
                raise DecodeError("rates that are no numbers")
        if self._want_rates:
            self._add_rates(second, rows)
        self._remember_lately(second, line, rows)
        self._storms.second(second, line)
        self._levels.second(second, line)

    def _add_rates(self, second: int, rows: list[list[Any]]) -> None:
        for vlan, *counts in rows:
            if (second, vlan) not in self._rates and len(self._rates) >= _MAX_RATES:
                self._bounds[f"rates: only the first {_MAX_RATES} pairs of second and VLAN"] = None
                return
            into = self._rates.setdefault((second, vlan), [0, 0, 0])
            for place in range(3):
                into[place] += counts[place]

    def _remember_lately(self, second: int, line: Line, rows: list[list[Any]]) -> None:
        rates = tuple(SecondRate(moment(second), vlan, *counts[:3]) for vlan, *counts in rows)
        talkers = [
            (row[0], cast, row[1])
            for cast, flood in line.inner("floods").items()
            for row in flood.rows("sources", 3)
            if isinstance(row[0], str) and isinstance(row[1], int)
        ]
        talkers.sort(key=lambda talker: (-talker[2], talker[0]))
        self.lately = Lately(moment(second), rates, tuple(talkers[:_TALKERS]))

    def _error(self, what: str, message: str) -> None:
        if len(self._errors) < _MAX_ERRORS:
            self._errors.append(SourceError("capture", what, message))

    def capture(self, *, so_far: bool = False) -> Capture:
        """Everything heard; `so_far`: the capture goes on."""
        if not self._ended and not so_far:
            self._error("total", "the capture process ended before its summary: counts are missing")
        for table in (*self._dhcp.bounded(), *self._wire.bounded()):
            if said := table.said():
                self._error("memory", said)
        own = self._dhcp.probe_macs()
        storms = self._storms.storms(own)
        return replace(
            self._sums,
            rates=self._second_rates(),
            dhcp_servers=tuple(replace(s, says=self._hints.of(s)) for s in self._dhcp.servers()),
            dhcp6_servers=self._dhcp.servers6(),
            routers=self._wire.routers(),
            storms=storms,
            levels=self._levels.levels(),
            surges=self._levels.surges(storms, self._storms.sources),
            arp_scans=self._storms.scans(own),
            arp_conflicts=self._wire.conflicts(),
            arp_unasked=self._wire.unasked(),
            dhcp_floods=self._dhcp.floods(),
            stp_roots=self._wire.roots(),
            topology_changes=self._wire.changes(),
            loop_probes=self._loops.probes(),
            shared_macs=self._hints.shared(),
            stations=self._wire.stations(own),
            neighbors=self._wire.neighbors(),
            dhcp_clients=self._dhcp.clients(),
            probed_vlans=self._dhcp.probed(),
            unanswered_vlans=self._dhcp.unanswered(),
            probes_sent=self._dhcp.probes_sent,
            errors=tuple(self._errors),
        )

    def _state(self, line: Line) -> None:
        """The sums so far: they stay where the process dies before its summary."""
        self._sums = replace(
            self._sums,
            packets=line.number("packets"),
            octets=line.number("octets"),
            dropped=line.maybe("dropped"),
            last=line.time("t"),
        )
        self.states += 1

    def _total(self, line: Line) -> None:
        self._sums = Capture(
            source=self._sums.source,
            packets=line.number("packets", 0),
            octets=line.number("octets", 0),
            first=line.time("first"),
            last=line.time("last"),
            truncated=line.flag("truncated"),
            malformed=line.number("malformed", 0),
            dropped=line.maybe("dropped"),
            bounds=(*line.texts("bounds"), *self._bounds),
        )
        self._ended = True
        for link_type, frames in line.counts("undecoded").items():
            self._error(f"link type {link_type}", f"{frames} frames counted but not decoded")
        if skipped := line.number("skipped", 0):
            self._error(
                "decoding", f"{skipped} control frames counted but not decoded: too many a second"
            )
        if damage := line.optional("damage"):
            self._error("file", damage)

    def _second_rates(self) -> tuple[SecondRate, ...]:
        ordered = sorted(self._rates.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        return tuple(
            SecondRate(moment(second), vlan, *counts) for (second, vlan), counts in ordered
        )
