"""Loop probes that come in at other interfaces of the sensor: one copy of each is how a LAN works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from netdiag.capture import dissect
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.link import control, frame
from netdiag.capture.sources import open_source
from netdiag.errors import DecodeError


class Others:
    """The other interfaces, opened before privileges are dropped."""

    def __init__(self, names: Sequence[str], mac: str) -> None:
        self._mac = bytes.fromhex(mac.replace(":", ""))
        self._sources = [open_source(name) for name in names]
        self._heard: dict[tuple[str, int], tuple[dict[str, Any], int]] = {}

    def look(self) -> None:
        """At what has come in."""
        for source in self._sources:
            for record in source.receive(0.0):
                if record.octets[6:12] == self._mac and not record.outgoing:
                    self._probe(source.name, record)

    def _probe(self, interface: str, record: Record) -> None:
        found = frame(record)
        what = control(found) if found is not None else None
        if found is None or what is None or what.kind != "loop-probe":
            return
        try:
            said = dissect.message(what)
        except DecodeError:
            return
        line = {"vlans": found.vlans, "src": found.src.hex(":"), "interface": interface, **said}
        key = interface, int(said["xid"])
        self._heard[key] = line, self._heard.get(key, (line, 0))[1] + 1

    def finish(self, analysis: Analysis) -> None:
        """What was heard, as lines."""
        at = datetime.now(UTC).timestamp()
        for line, count in self._heard.values():
            analysis.serial += 1
            analysis.emit({"id": analysis.serial, "t": at, **line})
            if count > 1:
                analysis.copies(analysis.serial, count - 1, at)
        for source in self._sources:
            source.close()
