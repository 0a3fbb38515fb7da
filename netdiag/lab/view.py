"""A MIB view: object instances in order, each with its finished value; built once, asked often.

Pure. `from_snmprec` makes one of a recorded walk, so that a real device can be replayed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from netdiag.lab import ber
from netdiag.lab.ber import Oid

Entry = tuple[Oid, bytes]


class View:
    """Immutable; of two entries with one OID the later counts."""

    __slots__ = ("_oids", "_values")

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_oid = dict(entries)
        self._oids = sorted(by_oid)
        self._values = [by_oid[oid] for oid in self._oids]

    def __len__(self) -> int:
        return len(self._oids)

    def get(self, oid: Oid) -> bytes | None:
        """The instance's encoded value."""
        at = bisect_left(self._oids, oid)
        return self._values[at] if at < len(self._oids) and self._oids[at] == oid else None

    def next(self, oid: Oid) -> Entry | None:
        """The first instance behind `oid`; `None` at the end of the view."""
        at = bisect_right(self._oids, oid)
        return (self._oids[at], self._values[at]) if at < len(self._oids) else None

    def missing(self, oid: Oid) -> bytes:
        """How RFC 3416 4.2.1 names an absent instance: noSuchInstance where its object exists."""
        parent = oid[:-1]
        at = bisect_left(self._oids, parent)
        known = at < len(self._oids) and self._oids[at][: len(parent)] == parent
        return ber.NO_SUCH_INSTANCE if known else ber.NO_SUCH_OBJECT


def from_snmprec(text: str) -> View:
    """A recorded walk in snmpsim's format, `OID|TAG|VALUE` a line.

    Recordings are anonymised by hand: a line whose value is no value of its type (`<private>` for
    an address) is left out, as snmpsim leaves it out. A line without that form is a ValueError.
    """
    lines = (line for line in text.split("\n") if line.strip() and line[0] != "#")
    return View(entry for entry in map(_entry, lines) if entry is not None)


def _entry(line: str) -> Entry | None:
    # 1.3.6.1.2.1.1.5.0|4|sw-1        1.3.6.1.2.1.2.2.1.6.1|4x|001122334455
    dotted, tag_text, text = line.rstrip("\r").split("|", 2)
    oid, tag = ber.parse_oid(dotted), int(tag_text.rstrip("xe"))
    try:
        return oid, _value(tag, text, tag_text.endswith("x"))
    except ValueError:
        return None


def _value(tag: int, text: str, hexadecimal: bool) -> bytes:
    if hexadecimal:
        return ber.tlv(tag, bytes.fromhex(text))
    if tag in (ber.OCTETS, ber.OPAQUE):
        return ber.tlv(tag, text.encode())
    if tag == ber.OBJECT_ID:
        return ber.object_id(ber.parse_oid(text))
    if tag == ber.IP_ADDRESS:
        return ber.ip_address(text)
    if tag in (ber.COUNTER32, ber.GAUGE32, ber.TIME_TICKS, ber.COUNTER64):
        return ber.unsigned(tag, int(text))
    if tag == ber.INTEGER:
        return ber.integer(int(text))
    return ber.tlv(tag, b"")
