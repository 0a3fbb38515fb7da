"""BER as SNMP uses it (X.690, RFC 3417 section 8): definite lengths, and nothing that SNMP does not need.

Pure. Hostile bytes raise DecodeError and nothing else. An object identifier is a tuple of integers;
a value is kept as its finished encoding (tag, length, contents), so that serving it costs no work.
"""

from __future__ import annotations

from functools import lru_cache

from netdiag.errors import DecodeError

INTEGER, OCTETS, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = b"\x80\x00", b"\x81\x00", b"\x82\x00"
NULL_VALUE = b"\x05\x00"

Oid = tuple[int, ...]


def tlv(tag: int, contents: bytes) -> bytes:
    """One element: tag, definite length, contents."""
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + contents


def integer(number: int) -> bytes:
    """An INTEGER in the fewest octets."""
    return tlv(
        INTEGER, number.to_bytes((number + (number < 0)).bit_length() // 8 + 1, "big", signed=True)
    )


def unsigned(tag: int, number: int) -> bytes:
    """Counter32, Gauge32 or TimeTicks (modulo 2^32), or Counter64 (modulo 2^64)."""
    number %= 1 << (64 if tag == COUNTER64 else 32)
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(text: bytes | str) -> bytes:
    """An OCTET STRING; text goes out as UTF-8."""
    return tlv(OCTETS, text.encode() if isinstance(text, str) else text)


def ip_address(dotted: str) -> bytes:
    """An IpAddress (RFC 2578)."""
    return tlv(IP_ADDRESS, bytes(int(part) for part in dotted.split(".")))


def sequence(*elements: bytes) -> bytes:
    """A SEQUENCE of finished elements."""
    return tlv(SEQUENCE, b"".join(elements))


def parse_oid(dotted: str) -> Oid:
    """`1.3.6.1` or `.1.3.6.1` as a tuple; ValueError for anything else."""
    return tuple(int(part) for part in dotted.strip().strip(".").split("."))


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))


@lru_cache(maxsize=65536)
def object_id(oid: Oid) -> bytes:
    """An OBJECT IDENTIFIER; one with fewer than two parts is padded with zeros, as net-snmp does."""
    first, second, *rest = (*oid, 0, 0)[:2] if len(oid) < 2 else oid
    return tlv(OBJECT_ID, b"".join(map(_base128, (40 * first + second, *rest))))


def read(buffer: bytes, at: int, tag: int | None = None) -> tuple[int, bytes, int]:
    """(tag, contents, where the next element starts) of the element at `at`, its tag checked if given."""
    if at + 2 > len(buffer):
        raise DecodeError(f"BER: no element at octet {at} of {len(buffer)}")
    found, length, start = buffer[at], buffer[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or start + size > len(buffer):
            raise DecodeError(f"BER: a length of {size} octets at {at}")
        length = int.from_bytes(buffer[start : start + size], "big")
        start += size
    if start + length > len(buffer):
        raise DecodeError(f"BER: {length} octets announced at {at}, {len(buffer) - start} left")
    if tag is not None and found != tag:
        raise DecodeError(f"BER: tag {found:#x} at {at} where {tag:#x} belongs")
    return found, buffer[start : start + length], start + length


def read_integer(buffer: bytes, at: int) -> tuple[int, int]:
    """An INTEGER of at most 8 octets, and where the next element starts."""
    _, contents, after = read(buffer, at, INTEGER)
    return to_integer(contents), after


def to_integer(contents: bytes) -> int:
    """The number in an INTEGER's contents."""
    if not 1 <= len(contents) <= 8:
        raise DecodeError(f"BER: an INTEGER of {len(contents)} octets")
    return int.from_bytes(contents, "big", signed=True)


@lru_cache(maxsize=65536)
def to_oid(contents: bytes) -> Oid:
    """The parts in an OBJECT IDENTIFIER's contents; each at most 2^32-1, at most 128 of them."""
    if not contents:
        return (0, 0)
    parts: list[int] = []
    number = 0
    for octet in contents:
        number = number << 7 | octet & 0x7F
        if number > 0xFFFFFFFF:
            raise DecodeError("BER: a sub-identifier above 2^32-1")
        if not octet & 0x80:
            parts.append(number)
            number = 0
    if contents[-1] & 0x80 or len(parts) > 127:
        raise DecodeError("BER: an object identifier that does not end, or has over 128 parts")
    first = min(parts[0] // 40, 2)
    return (first, parts[0] - 40 * first, *parts[1:])
