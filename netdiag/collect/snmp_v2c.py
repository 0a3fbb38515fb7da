"""SNMP v2c requests and answers, and the PDUs of v3: the codec (RFC 3416, X.690). Pure.

Decoding is what a poll of many switches costs: pysnmp takes some 150 µs a varbind, this some 2.
Hostile octets raise `DecodeError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from netdiag.decode.mib_view import Value
from netdiag.decode.oids import Oid
from netdiag.errors import DecodeError

Answer: TypeAlias = list[tuple[Oid, Value | None]]

_GET, RESPONSE, _GETBULK, REPORT = 0xA0, 0xA2, 0xA5, 0xA8
SEQUENCE, INTEGER, OCTETS, _OBJECT_ID = 0x30, 0x02, 0x04, 0x06
_UNSIGNED = frozenset({0x41, 0x42, 0x43, 0x46})  # Counter32, Gauge32, TimeTicks, Counter64
_OPAQUE = frozenset({0x04, 0x40, 0x44})  # OCTET STRING, IpAddress, Opaque
_NOTHING = frozenset({0x05, 0x80, 0x81, 0x82})  # Null, noSuchObject, noSuchInstance, endOfMibView
_SHORT = 16
"""OIDs of at most so many octets (all interfaces' cells) are the same on every switch: decoded once."""
_MOST_KNOWN = 1 << 16
_MOST_TAILS = 1 << 12
_COLUMN, _Q_COLUMN, _DOT1Q = 10, 12, b"\x11\x07"
"""So many octets name a column (1.3.6.1.2.1.17.4.3.1.2; 1.3.6.1.2.1.17.7.1.2.2.1.2)."""


_NO_ERROR = b"\x02\x01\x00"


def tlv(tag: int, content: bytes) -> bytes:
    """An element: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=4096)
def _asked(oid: Oid) -> bytes:
    """A varbind without a value."""
    return tlv(SEQUENCE, _object_id(oid) + b"\x05\x00")


def _object_id(value: Oid) -> bytes:
    octets = bytearray()
    for number in (40 * value[0] + value[1], *value[2:]):
        if number < 0x80:
            octets.append(number)
            continue
        part = [number & 0x7F]
        while number := number >> 7:
            part.append(0x80 | number & 0x7F)
        octets += bytes(reversed(part))
    return tlv(_OBJECT_ID, bytes(octets))


def request(
    community: bytes, number: int, oids: Sequence[Oid], repetitions: int | None = None
) -> bytes:
    """A GetRequest, or with `repetitions` a GetBulkRequest without non-repeaters."""
    head = integer(1) + tlv(OCTETS, community)
    return tlv(SEQUENCE, head + request_pdu(number, oids, repetitions))


def request_pdu(number: int, oids: Sequence[Oid], repetitions: int | None = None) -> bytes:
    """The same without the message around it."""
    asked = b"".join([_asked(oid) for oid in oids])
    body = integer(number) + _NO_ERROR + integer(repetitions or 0) + tlv(SEQUENCE, asked)
    return tlv(_GET if repetitions is None else _GETBULK, body)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    community: bytes
    number: int
    status: int
    index: int
    varbinds: Answer


def response(octets: bytes) -> Response:
    """Decodes a response; `DecodeError` for anything else."""
    try:
        return _response(octets)
    except (IndexError, ValueError) as exc:
        raise DecodeError(f"no SNMP v2c response: {exc}") from exc


def _response(octets: bytes) -> Response:
    at, _ = element(octets, 0, SEQUENCE)
    at, stop = element(octets, at, INTEGER)
    if octets[at:stop] != b"\x01":
        raise ValueError("another version")
    at, stop = element(octets, stop, OCTETS)
    return read_pdu(octets, stop, RESPONSE, octets[at:stop])


def read_pdu(octets: bytes, at: int, tag: int, community: bytes = b"") -> Response:
    """The PDU that stands there; IndexError or ValueError for anything else."""
    at, _ = element(octets, at, tag)
    numbers = []
    for _ in range(3):
        at, stop = element(octets, at, INTEGER)
        numbers.append(int.from_bytes(octets[at:stop], "big", signed=True))
        at = stop
    at, end = element(octets, at, SEQUENCE)
    return Response(community, numbers[0], numbers[1], numbers[2], _varbinds(octets, at, end))


def number_of(octets: bytes) -> int | None:
    """The number by which a datagram answers its request: request-id (v2c) or msgID (v3)."""
    try:
        at, _ = element(octets, 0, SEQUENCE)
        at, stop = element(octets, at, INTEGER)
        if octets[at:stop] == b"\x03":
            at, _ = element(octets, stop, SEQUENCE)
        else:
            _, stop = element(octets, stop, OCTETS)
            at, _ = element(octets, stop, octets[stop])
        at, stop = element(octets, at, INTEGER)
        return int.from_bytes(octets[at:stop], "big", signed=True)
    except (IndexError, ValueError):
        return None


def element(octets: bytes, at: int, tag: int) -> tuple[int, int]:
    """Where the content of the element begins that stands there, and where it ends."""
    if octets[at] != tag:
        raise ValueError(f"tag {octets[at]:#x} where {tag:#x} belongs")
    size, start = octets[at + 1], at + 2
    if size & 0x80:
        width = size & 0x7F
        size = int.from_bytes(octets[start : start + width], "big")
        start += width
    if start + size > len(octets):
        raise ValueError("it is cut off")
    return start, start + size


def _varbinds(octets: bytes, at: int, end: int) -> Answer:
    """Nearly all are short, with lengths of one octet each: those are read in one go."""
    found: Answer = []
    add, known = found.append, _KNOWN
    while at < end:
        after = at + 2 + octets[at + 1]
        stop = at + 4 + octets[at + 3]
        size = octets[stop + 1]
        if (
            stop + 2 + size == after
            and octets[at] == SEQUENCE
            and octets[at + 2] == _OBJECT_ID
            and after - at < 0x80
        ):
            name = octets[at + 4 : stop]
            oid = known.get(name) or _oid(name)
            if size == 1 and octets[stop] == INTEGER and octets[stop + 2] < 0x80:
                add((oid, octets[stop + 2]))
            else:
                add((oid, _plain(octets[stop], octets[stop + 2 : after])))
            at = after
            continue
        start, at = element(octets, at, SEQUENCE)
        start, stop = element(octets, start, _OBJECT_ID)
        tag = octets[stop]
        first, last = element(octets, stop, tag)
        found.append((_oid(octets[start:stop]), _plain(tag, octets[first:last])))
    return found


_KNOWN: dict[bytes, Oid] = {}


def _oid(octets: bytes) -> Oid:
    if len(octets) > _SHORT:
        return _long(octets)
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    found = _KNOWN[octets] = _decoded(octets)
    return found


_HEADS: dict[bytes, Oid] = {}
_TAILS: dict[bytes, Oid] = {}


def _long(octets: bytes) -> Oid:
    """Column and index apart: a table's columns are read side by side, with the same indexes."""
    column = _Q_COLUMN if octets[5:7] == _DOT1Q else _COLUMN
    head, tail = octets[:column], octets[column:]
    if head not in _HEADS or tail not in _TAILS:
        if not head.isascii():
            return _decoded(octets)
        for known in (_HEADS, _TAILS):
            if len(known) >= _MOST_TAILS:
                known.clear()
        _HEADS[head] = _decoded(head)
        _TAILS[tail] = tuple(_numbers(tail))
    return _HEADS[head] + _TAILS[tail]


def _decoded(octets: bytes) -> Oid:
    first = octets[0]
    if first < 0x80:
        head = (2, first - 80) if first >= 80 else divmod(first, 40)
        if octets.isascii():  # no number above 127: the octets are the numbers
            return (*head, *octets[1:])
        return (*head, *_numbers(octets[1:]))
    numbers = _numbers(octets)
    return (2, numbers[0] - 80, *numbers[1:])


def _numbers(octets: bytes) -> list[int]:
    """Base-128 groups; what does not end is left out."""
    found, number = [], 0
    for octet in octets:
        if octet < 0x80:
            found.append(number << 7 | octet if number else octet)
            number = 0
        else:
            number = number << 7 | octet & 0x7F
    return found


def _plain(tag: int, content: bytes) -> Value | None:
    if tag == INTEGER:
        return int.from_bytes(content, "big", signed=True)
    if tag in _UNSIGNED:
        return int.from_bytes(content, "big")
    if tag in _OPAQUE:
        return content
    if tag == _OBJECT_ID:
        return _oid(content) if content else ()
    if tag in _NOTHING:
        return None
    raise ValueError(f"a value of an unknown type {tag:#x}")
