"""PURE. A recorded walk, snmpsim's `OID|TAG|VALUE` a line -> varbinds, as a poll would have read them.

Recordings are anonymised by hand: a line whose value is no value of its type is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from netdiag.decode import oids
from netdiag.decode.mib_view import Value, Varbind
from netdiag.errors import DecodeError

_INTEGERS = frozenset({2, 65, 66, 67, 70})
_OCTETS, _OBJECT_ID, _IP_ADDRESS = frozenset({4, 68}), 6, 64


def varbinds(text: str) -> tuple[Varbind, ...]:
    """All of a recording; `DecodeError` for a text that has no line of that form."""
    found = tuple(_lines(text))
    if not found:
        raise DecodeError("no line has the form OID|TAG|VALUE of a recorded walk")
    return found


def _lines(text: str) -> Iterator[Varbind]:
    for line in text.split("\n"):
        # 1.3.6.1.2.1.1.5.0|4|sw-1        1.3.6.1.2.1.2.2.1.6.1|4x|001122334455
        parts = line.rstrip("\r").split("|", 2)
        if len(parts) != 3 or line.startswith("#"):
            continue
        try:
            oid, tag = oids.oid(parts[0]), int(parts[1].rstrip("xe"))
            value = _value(tag, parts[2], hexadecimal=parts[1].endswith("x"))
        except ValueError:
            continue
        if value is not None:
            yield oid, value


def _value(tag: int, text: str, *, hexadecimal: bool) -> Value | None:
    if tag in _OCTETS:
        return bytes.fromhex(text) if hexadecimal else text.encode()
    if tag == _IP_ADDRESS:
        return bytes.fromhex(text) if hexadecimal else IPv4Address(text).packed
    if tag == _OBJECT_ID:
        return oids.oid(text)
    return int(text, 16 if hexadecimal else 10) if tag in _INTEGERS else None
