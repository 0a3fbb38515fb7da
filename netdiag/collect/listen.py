"""Receives syslog (UDP and TCP) and SNMP notifications, and hands out events with their counts.

Runs in a thread of its own with its own event loop. Rules: reading a socket comes before
understanding what was read, so that bursts wait in our memory and not in the kernel's; memory is
bounded (`listen_tally`); what the kernel dropped is asked of it (SO_MEMINFO) and said.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from netdiag import text
from netdiag.access import SnmpAccess
from netdiag.collect.listen_tally import URGENT, Heard, Lane, Tally
from netdiag.collect.listen_traps import URGENT as URGENT_TRAP
from netdiag.collect.listen_traps import Receiver
from netdiag.decode import syslog, traps
from netdiag.errors import CollectError, UsageError
from netdiag.model import LogEvent

Address = tuple[str, int]

_BUFFER = 8 * 2**20
_READS_A_TURN = 500
_DECODES_A_TURN = 50
_MAX_MESSAGE = 8192
_MAX_STREAMS = 256
_SO_MEMINFO, _MEMINFO_DROPS = 55, 8  # linux/sock_diag.h
# What changes from one alike message to the next: priority, sequence number, time.
_HEADER = re.compile(
    rb"^<\d{1,3}>\d*:? ?|\d{1,4}-\d\d-\d\dT[\d:.Z+-]+|\d\d:\d\d:\d\d(?:\.\d+)?|\b\d{3,}: "
)
_V3 = b"\x02\x01\x03"
_COUNTED = re.compile(rb"^(\d{1,6}) ")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen; `None` leaves that out. Port 0 takes any free one."""

    syslog_udp: Address | None = None
    syslog_tcp: Address | None = None
    traps: Address | None = None
    communities: tuple[str, ...] = ()
    users: tuple[SnmpAccess, ...] = ()
    waiting: int = 20_000
    """Messages that may wait to be understood, in each of two lanes."""
    remembered: int = 20_000
    """Events that are remembered to know alike ones."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is who: devices by the name that their messages carry, and by the address they come from."""

    by_name: Mapping[str, str] = field(default_factory=dict)
    """In lower case; the first label of a full name is tried too."""
    by_address: Mapping[str, str] = field(default_factory=dict)
    names: Callable[[str], Mapping[int, str]] = field(default=lambda _: {})
    """A device's interfaces by ifIndex, for traps that give only that."""

    def device(self, said: str | None, address: str) -> str:
        """The inventory's name; for nobody's device what it calls itself, else its address."""
        for word in (said, said.split(".")[0] if said else None):
            if word and word.lower() in self.by_name:
                return self.by_name[word.lower()]
        return self.by_address.get(address) or said or address


@dataclass(frozen=True, slots=True)
class _Message:
    data: bytes
    source: Address
    at: datetime
    trap: bool


class Listener:
    """Open sockets and a thread that reads them; use with `with`."""

    def __init__(self, settings: Settings, sources: Sources | None = None) -> None:
        self.settings = settings
        self.received: Counter[str] = Counter()
        self.ports: dict[str, Address] = {}
        """Where it listens, by `syslog-udp`, `syslog-tcp` and `traps`."""
        self._sources = sources or Sources()
        self._tally = Tally(settings.remembered)
        self._lanes: tuple[Lane[_Message], Lane[_Message]] = (Lane(settings.waiting), Lane(settings.waiting))  # fmt: skip
        self._kernel: dict[str, int] = {}
        self._sockets: list[socket.socket] = []
        self._open_udp: dict[str, socket.socket] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._stop: asyncio.Event | None = None
        self._news: asyncio.Event | None = None
        self._receiver: Receiver | None = None
        self._streams = 0

    def __enter__(self) -> Self:
        if not (self.settings.syslog_udp or self.settings.syslog_tcp or self.settings.traps):
            raise UsageError("nothing to listen to: syslog and traps are both left out")
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def drain(self) -> tuple[Heard, ...]:
        """What is new since the last time, root causes first; never waits for more than understanding."""
        return asyncio.run_coroutine_threadsafe(self._drain(), self._loop).result()

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost, by where: the kernel's queue, our two lanes, the events' memory, refused traps."""
        self._ask_kernel()
        found = {f"kernel {name}": count for name, count in self._kernel.items()}
        found |= {"waiting, urgent": self._lanes[0].dropped, "waiting": self._lanes[1].dropped}
        found |= {f"event {event}": count for event, count in self._tally.dropped.items()}
        if self._receiver is not None:
            found |= {f"trap refused: {why}": n for why, n in self._receiver.refused.items()}
        return {where: count for where, count in found.items() if count}

    def _ask_kernel(self) -> None:
        """Datagrams that found a socket's queue full; a closed socket keeps its last count."""
        for name, sock in list(self._open_udp.items()):
            with contextlib.suppress(OSError, struct.error, IndexError):  # closed, or not Linux
                raw = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 64)
                self._kernel[name] = struct.unpack(f"{len(raw) // 4}I", raw)[_MEMINFO_DROPS]

    # --- the thread ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as exc:  # noqa: BLE001  handed to the thread that waits for us
            self._failure = exc
        finally:
            self._ask_kernel()
            for sock in self._sockets:
                sock.close()
            self._loop.close()
            self._ready.set()

    async def _main(self) -> None:
        self._stop, self._news = asyncio.Event(), asyncio.Event()
        server = await self._open()
        worker = asyncio.create_task(self._work())
        self._ready.set()
        await self._stop.wait()
        worker.cancel()
        for sock in self._sockets:
            self._loop.remove_reader(sock)
        if server is not None:
            server.close()
        if self._receiver is not None:
            self._receiver.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _open(self) -> asyncio.Server | None:
        if self.settings.syslog_udp:
            self._udp("syslog-udp", self.settings.syslog_udp, trap=False)
        if self.settings.traps:
            sock = self._udp("traps", self.settings.traps, trap=True)
            self._receiver = Receiver(
                self.settings.communities, self.settings.users, lambda d, to: _send(sock, d, to)
            )
            self._receiver.open()
        if not self.settings.syslog_tcp:
            return None
        host, port = self.settings.syslog_tcp
        try:
            server = await asyncio.start_server(self._stream, host, port, limit=2 * _MAX_MESSAGE)
        except OSError as exc:
            raise _cannot("syslog over TCP", self.settings.syslog_tcp, exc) from exc
        self.ports["syslog-tcp"] = server.sockets[0].getsockname()[:2]
        return server

    def _udp(self, name: str, address: Address, *, trap: bool) -> socket.socket:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        try:
            sock.bind(address)
        except OSError as exc:
            raise _cannot("traps" if trap else "syslog", address, exc) from exc
        self.ports[name] = sock.getsockname()[:2]
        self._open_udp[name] = sock
        self._loop.add_reader(sock, self._readable, sock, name, trap)
        return sock

    def _readable(self, sock: socket.socket, name: str, trap: bool) -> None:
        for _ in range(_READS_A_TURN):
            try:
                data, source = sock.recvfrom(65535)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                return  # an ICMP error of an answer that we sent
            self._wait(name, _Message(data, source[:2], datetime.now(UTC), trap))

    def _wait(self, name: str, message: _Message) -> None:
        self.received[name] += 1
        data = message.data[:_MAX_MESSAGE]
        if message.trap:  # a v3 one may be encrypted: it waits among the urgent
            urgent = bool(URGENT_TRAP.search(data)) or _V3 in data[:8]
            key = data
        else:
            urgent, key = bool(URGENT.search(data)), _HEADER.sub(b"", data)
        self._lanes[0 if urgent else 1].put(message.source[0], key, message)
        if self._news is not None:
            self._news.set()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Syslog over TCP (RFC 6587): counted octets, or a line a message."""
        source = (writer.get_extra_info("peername") or ("?", 0))[:2]
        self._streams += 1
        try:
            if self._streams <= _MAX_STREAMS:
                while data := await _framed(reader):
                    self._wait("syslog-tcp", _Message(data, source, datetime.now(UTC), trap=False))
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a sender that goes away, or does not speak syslog
        finally:
            self._streams -= 1
            writer.close()

    async def _work(self) -> None:
        assert self._news is not None
        while True:
            await self._news.wait()
            self._news.clear()
            while self._understand_some():
                await asyncio.sleep(0)

    def _understand_some(self) -> bool:
        for _ in range(_DECODES_A_TURN):
            found = self._lanes[0].pop() or self._lanes[1].pop()
            if found is None:
                return False
            message, count = found
            event = self._event(message)
            if event is not None:
                self._tally.add(event, message.at, count)
            else:
                self.received["not understood"] += count
        return True

    def _event(self, message: _Message) -> LogEvent | None:
        if message.trap:
            assert self._receiver is not None
            varbinds = self._receiver.decode(message.data, message.source)
            if varbinds is None:
                return None
            said, address = traps.origin(varbinds)
            device = self._sources.device(said, address or message.source[0])
            names = self._sources.names(device)
            return traps.parse(varbinds, at=message.at, device=device, names=names)
        line = text.decode_octets(message.data[:_MAX_MESSAGE])
        found = syslog.parse_line(line, at=message.at.astimezone())
        if found is None:
            return None
        device = self._sources.device(found.device, message.source[0])
        at = found.at.astimezone(UTC) if found.at else None
        return replace(found, device=device, at=at)

    async def _drain(self) -> tuple[Heard, ...]:
        """Understands first what waits already, all root causes and some chatter; what comes meanwhile waits."""
        turns = (len(self._lanes[0]) + min(len(self._lanes[1]), _READS_A_TURN)) // _DECODES_A_TURN
        for _ in range(turns + 1):
            self._understand_some()
            await asyncio.sleep(0)
        return self._tally.drain()


async def _framed(reader: asyncio.StreamReader) -> bytes:
    """The next message; empty at the end."""
    start = await reader.read(1)
    while start in (b"\n", b"\r", b"\0"):
        start = await reader.read(1)
    if not start:
        return b""
    if not start.isdigit():
        return (start + await reader.readuntil(b"\n")).strip()
    head = start + await reader.readuntil(b" ")
    size = _COUNTED.match(head)
    if size is None:
        return (head + await reader.readuntil(b"\n")).strip()
    return await reader.readexactly(min(int(size[1]), 65535))


def _send(sock: socket.socket, data: bytes, to: Address) -> None:
    with contextlib.suppress(OSError):
        sock.sendto(data, to)


def _cannot(what: str, address: Address, exc: OSError) -> CollectError:
    reason = exc.strerror or str(exc)
    hint = (
        "; ports below 1024 need root, or a higher port and a redirect" if address[1] < 1024 else ""
    )
    return CollectError(
        f"cannot listen for {what} on {address[0]} port {address[1]}: {reason}{hint}"
    )
