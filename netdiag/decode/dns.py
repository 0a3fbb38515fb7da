"""Just enough of DNS (RFC 1035) to see whether a name resolves where the users are.

Answers come from whoever is on the wire: lengths and pointers are checked, nothing is followed twice.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from netdiag.errors import DecodeError

_HEADER = struct.Struct("!HHHHHH")
_A, _IN = 1, 1
_REFUSALS = {
    1: "format error",
    2: "server failure",
    3: "no such name",
    4: "not implemented",
    5: "refused",
}
_MOST_RECORDS = 64


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What a server said to one question."""

    addresses: tuple[str, ...]
    refusal: str | None = None
    """RFC 1035 4.1.1's RCODE in words; `None`: no error."""


def question(name: str, xid: int) -> bytes:
    """An A question for that name, recursion desired."""
    labels = name.rstrip(".").encode("idna" if not name.isascii() else "ascii").split(b".")
    if not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) > 240:
        raise DecodeError(f"{name[:80]!r} is no name that DNS can carry")
    packed = b"".join(bytes([len(label)]) + label for label in labels)
    return _HEADER.pack(xid, 0x0100, 1, 0, 0, 0) + packed + b"\0" + struct.pack("!HH", _A, _IN)


def answer(octets: bytes, xid: int) -> DnsAnswer:
    """The answer to the question of that number; `DecodeError` for anything else."""
    if len(octets) < _HEADER.size:
        raise DecodeError("a DNS message of fewer than 12 octets")
    number, flags, questions, answers, _, _ = _HEADER.unpack_from(octets)
    if number != xid or not flags & 0x8000:
        raise DecodeError("not the answer to the question that was asked")
    code = flags & 0x0F
    if code:
        return DnsAnswer((), _REFUSALS.get(code, f"error {code}"))
    at = _HEADER.size
    for _ in range(min(questions, _MOST_RECORDS)):
        at = _past_name(octets, at) + 4
    found: list[str] = []
    for _ in range(min(answers, _MOST_RECORDS)):
        at = _past_name(octets, at)
        if at + 10 > len(octets):
            raise DecodeError("a DNS record that ends in its middle")
        kind, klass, _, size = struct.unpack_from("!HHIH", octets, at)
        at += 10
        if at + size > len(octets):
            raise DecodeError("a DNS record longer than its message")
        if (kind, klass, size) == (_A, _IN, 4):
            found.append(str(IPv4Address(octets[at : at + 4])))
        at += size
    return DnsAnswer(tuple(found))


def _past_name(octets: bytes, at: int) -> int:
    """The place after a name; a pointer (4.1.4) ends it and is not followed."""
    while at < len(octets):
        length = octets[at]
        if length & 0xC0 == 0xC0:
            return at + 2
        if length & 0xC0:
            raise DecodeError("a DNS label of a kind that there is not")
        if length == 0:
            return at + 1
        at += 1 + length
    raise DecodeError("a DNS name that does not end")
