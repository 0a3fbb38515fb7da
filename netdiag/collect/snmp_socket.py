"""One UDP socket for the SNMP requests to many devices, each with a number that nobody can guess.

Rules: a datagram is believed only where its number is one that is waited for and its reader accepts
it; the time an answer took is the kernel's, so that our own work between is not taken for the
device's; whatever comes in, nothing is raised.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar, cast

from netdiag.collect import snmp_v2c
from netdiag.errors import DecodeError, Unreachable

Address: TypeAlias = tuple[Any, ...]
T = TypeVar("T")
Read: TypeAlias = Callable[[bytes], T | None]
"""What a datagram says; `None` or `DecodeError`: it is not the answer."""

_BUFFER = 8 * 2**20
_ID_MASK = 0x7FFFFFFF
_BATCH = 64
_LARGEST = 65535
_TIMESTAMPS = getattr(socket, "SO_TIMESTAMPNS", 35)
_TIMESPEC = struct.Struct("@qq")


class Exchange:
    """A socket of one address family; asked from one event loop."""

    def __init__(self, family: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, tuple[Read[Any], asyncio.Future[Any], float]] = {}
        self._number = secrets.randbelow(_ID_MASK)
        self._socket = sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)  # noqa: FBT003  the socket's own interface
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104  replies come to any
        self._loop.add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def number(self) -> int:
        """For the next request."""
        self._number = (self._number + 1 + secrets.randbelow(64)) & _ID_MASK
        return self._number

    async def ask(
        self, to: Address, number: int, datagram: bytes, read: Read[T], timeout_s: float
    ) -> tuple[T | None, float]:
        """One try: (what was read, seconds until it came); `None`: no answer in time."""
        future: asyncio.Future[tuple[T | None, float]] = self._loop.create_future()
        self._waiting[number] = (read, future, time.clock_gettime(time.CLOCK_REALTIME))
        expiry = self._loop.call_later(timeout_s, _expire, future, timeout_s)
        try:
            self._socket.sendto(datagram, to)
            return await future
        except OSError:  # no route, or our own buffer is full: as good as lost
            await asyncio.sleep(min(timeout_s, 0.05))
            return None, timeout_s
        finally:
            expiry.cancel()
            del self._waiting[number]

    def _readable(self) -> None:
        """Some of what has come; the rest waits for the loop's next turn, so that no flood holds it."""
        for _ in range(_BATCH):
            try:
                data, extra, _, _ = self._socket.recvmsg(_LARGEST, 64)
            except OSError:
                return
            number = snmp_v2c.number_of(data)
            if number is None or number not in self._waiting:
                continue
            read, future, sent = self._waiting[number]
            if future.done():
                continue
            try:
                found = read(data)
            except DecodeError:
                continue
            if found is not None:
                future.set_result((found, max(0.0, _arrival(extra) - sent)))


def _expire(future: asyncio.Future[Any], timeout_s: float) -> None:
    if not future.done():
        future.set_result((None, timeout_s))


def _arrival(extra: list[tuple[int, int, bytes]]) -> float:
    for level, _, stamp in extra:
        if level == socket.SOL_SOCKET and len(stamp) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(stamp)
            return cast(float, seconds + nanoseconds / 1e9)
    return time.clock_gettime(time.CLOCK_REALTIME)


async def resolve(host: str, port: int) -> tuple[int, Address]:
    """(family, address); `Unreachable` for a name that leads nowhere."""
    for family in (socket.AF_INET, socket.AF_INET6):  # an address as it stands: no thread is asked
        with suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return family, (host, port) if family == socket.AF_INET else (host, port, 0, 0)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as exc:
        raise Unreachable(f"the address {host} does not resolve") from exc
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address
