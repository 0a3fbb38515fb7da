"""SNMP v2c requests and answers without an engine: the codec (RFC 3416, X.690) and one UDP socket.

Decoding is what a poll of many switches costs: pysnmp takes some 150 µs a varbind, this some 2. Rules:
an answer is believed only with the number and the community of its request; whatever a datagram
holds, nothing is raised (`None`: no answer to anything).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from netdiag.decode.mib_view import Value
from netdiag.decode.oids import Oid
from netdiag.errors import DecodeError, Unreachable

Address: TypeAlias = tuple[Any, ...]
Answer: TypeAlias = list[tuple[Oid, Value | None]]

_GET, _RESPONSE, _GETBULK = 0xA0, 0xA2, 0xA5
_SEQUENCE, _INTEGER, _OCTETS, _OBJECT_ID = 0x30, 0x02, 0x04, 0x06
_UNSIGNED = frozenset({0x41, 0x42, 0x43, 0x46})  # Counter32, Gauge32, TimeTicks, Counter64
_OPAQUE = frozenset({0x04, 0x40, 0x44})  # OCTET STRING, IpAddress, Opaque
_NOTHING = frozenset({0x05, 0x80, 0x81, 0x82})  # Null, noSuchObject, noSuchInstance, endOfMibView
_SHORT = 16
"""OIDs of at most so many octets (all interfaces' cells) are the same on every switch: decoded once."""
_MOST_KNOWN = 1 << 16
_COLUMN = 11
"""So many octets name a column of the standard MIBs (1.3.6.1.2.1.17.4.3.1.2)."""
_BUFFER = 8 * 2**20
_ID_MASK = 0x7FFFFFFF


# --- the codec ------------------------------------------------------------------------------------


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=4096)
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
    return _tlv(_OBJECT_ID, bytes(octets))


def request(
    community: bytes, number: int, oids: Sequence[Oid], repetitions: int | None = None
) -> bytes:
    """A GetRequest, or with `repetitions` a GetBulkRequest without non-repeaters."""
    asked = b"".join(_tlv(_SEQUENCE, _object_id(o) + b"\x05\x00") for o in oids)
    body = _integer(number) + _integer(0) + _integer(repetitions or 0) + _tlv(_SEQUENCE, asked)
    pdu = _tlv(_GET if repetitions is None else _GETBULK, body)
    return _tlv(_SEQUENCE, _integer(1) + _tlv(_OCTETS, community) + pdu)


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
    at, end = _element(octets, 0, _SEQUENCE)
    at, stop = _element(octets, at, _INTEGER)
    if octets[at:stop] != b"\x01":
        raise ValueError("another version")
    at, stop = _element(octets, stop, _OCTETS)
    community = octets[at:stop]
    at, end = _element(octets, stop, _RESPONSE)
    numbers = []
    for _ in range(3):
        at, stop = _element(octets, at, _INTEGER)
        numbers.append(int.from_bytes(octets[at:stop], "big", signed=True))
        at = stop
    at, end = _element(octets, at, _SEQUENCE)
    return Response(community, numbers[0], numbers[1], numbers[2], _varbinds(octets, at, end))


def _element(octets: bytes, at: int, tag: int) -> tuple[int, int]:
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
            and octets[at] == _SEQUENCE
            and octets[at + 2] == _OBJECT_ID
            and after - at < 0x80
        ):
            name = octets[at + 4 : stop]
            oid = known.get(name) or _oid(name)
            if size == 1 and octets[stop] == _INTEGER and octets[stop + 2] < 0x80:
                add((oid, octets[stop + 2]))
            else:
                add((oid, _plain(octets[stop], octets[stop + 2 : after])))
            at = after
            continue
        start, at = _element(octets, at, _SEQUENCE)
        start, stop = _element(octets, start, _OBJECT_ID)
        tag = octets[stop]
        first, last = _element(octets, stop, tag)
        found.append((_oid(octets[start:stop]), _plain(tag, octets[first:last])))
    return found


_KNOWN: dict[bytes, Oid] = {}


def _oid(octets: bytes) -> Oid:
    if len(octets) > _SHORT:
        return _decoded(octets)
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    found = _KNOWN[octets] = _decoded(octets)
    return found


def _decoded(octets: bytes) -> Oid:
    first = octets[0]
    if first < 0x80:
        head = (2, first - 80) if first >= 80 else divmod(first, 40)
        if octets.isascii():  # no number above 127: the octets are the numbers
            return (*head, *octets[1:])
        column = octets[1:_COLUMN]  # a MAC address as an index: only the end is coded
        if column.isascii():
            return (*head, *column, *_numbers(octets[_COLUMN:]))
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
    if tag == _INTEGER:
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


# --- the socket -----------------------------------------------------------------------------------


class Exchange(asyncio.DatagramProtocol):
    """One socket for the requests to many devices, each with a number that nobody can guess."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[bytes, asyncio.Future[Response]]] = {}
        self._transport: Any = None  # asyncio's own one is no DatagramTransport
        self._number = secrets.randbelow(_ID_MASK)

    @classmethod
    async def open(cls, family: int) -> Exchange:
        """A socket of that address family, with room for the answers of many devices at once."""
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)  # noqa: FBT003  the socket's own interface
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104  replies come to any
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(cls, sock=sock)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, _addr: Address) -> None:
        try:
            found = response(data)
        except DecodeError:
            return
        community, future = self._waiting.get(found.number, (b"", None))
        if future is not None and not future.done() and found.community == community:
            future.set_result(found)

    async def ask(
        self,
        to: Address,
        community: bytes,
        oids: Sequence[Oid],
        repetitions: int | None,
        timeout_s: float,
    ) -> Response | None:
        """One try; `None`: no answer in time."""
        self._number = (self._number + 1 + secrets.randbelow(64)) & _ID_MASK
        number = self._number
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (community, future)
        try:
            assert self._transport is not None
            self._transport.sendto(request(community, number, oids, repetitions), to)
            async with asyncio.timeout(timeout_s):
                return await future
        except (TimeoutError, OSError):
            return None
        finally:
            del self._waiting[number]

    def close(self) -> None:
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.close()


async def resolve(host: str, port: int) -> tuple[int, Address]:
    """(family, address); `Unreachable` for a name that leads nowhere."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as exc:
        raise Unreachable(f"the address {host} does not resolve") from exc
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address
