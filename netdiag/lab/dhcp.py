"""A DHCP client and a DHCP server (RFC 2131) over the small stack, as frames with real options.

The client takes the first OFFER it hears, as real ones do: with two servers the race decides. It
keeps a lease, right or wrong, until it runs out, is refused or is replaced. It asks anew on a link
bounce and on `renew()`, and renews by unicast at half the lease (T1), by broadcast at 7/8 (T2).
The server is authoritative: it refuses addresses that are not its own. It answers one request at a
time, some milliseconds each, so that a storm of requests cannot make it a storm of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random

from netdiag.errors import DecodeError
from netdiag.lab import frames
from netdiag.lab.frames import Dhcp
from netdiag.lab.soft import Engine
from netdiag.lab.stack import IpStack

_BACKLOG = 16
_FIRST_RETRY_S = 2.0
_LONGEST_RETRY_S = 64.0
_OFFER_HELD_S = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    """What a client was given."""

    ip: str
    mask: str
    router: str | None
    dns: tuple[str, ...]
    server: str
    """The server's identifier (option 54)."""
    server_mac: str
    """Who really sent it."""
    since: float
    lease_s: int


class Client:
    """The client half of one station."""

    def __init__(
        self, engine: Engine, stack: IpStack, hostname: str, rng: Random, *, broadcast: bool
    ) -> None:
        self._engine = engine
        self._stack = stack
        self._hostname = hostname.encode()
        self._rng = rng
        self._flags = frames.FLAG_BROADCAST if broadcast else 0
        self._xid = 0
        self._turn = 0
        self._retry_s = _FIRST_RETRY_S
        self.state = "init"
        """init, selecting, requesting, bound, renewing or rebinding (RFC 2131, figure 5)."""
        self.lease: Lease | None = None
        stack.listen(frames.DHCP_CLIENT_PORT, self._hear)

    def start(self) -> None:
        """Asks for a lease from the beginning; the old one is kept until something replaces it."""
        self._retry_s = _FIRST_RETRY_S
        self._discover()

    def stop(self) -> None:
        """The link is gone: no timer of before counts any more."""
        self._turn += 1
        self.state = "init" if self.lease is None else "bound"

    # --- out ---

    def _discover(self) -> None:
        self.state = "selecting"
        self._xid = self._rng.getrandbits(32)
        wanted = self._stack.ip
        extra = ((frames.OPTION_REQUESTED, wanted),) if wanted else ()
        self._broadcast(frames.DISCOVER, extra)
        wait = self._retry_s * self._rng.uniform(0.8, 1.2)
        self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)
        self._later(wait, self._discover)

    def _broadcast(
        self, kind: int, extra: tuple[tuple[int, bytes], ...], ciaddr: bytes = frames.ANY_IP
    ) -> None:
        message = self._message(kind, extra, ciaddr)
        datagram = frames.Datagram(
            frames.DHCP_CLIENT_PORT, frames.DHCP_SERVER_PORT, frames.encode_dhcp(message)
        )
        self._stack.send_raw_udp(ciaddr, frames.ALL_IP, frames.BROADCAST, datagram)

    def _message(self, kind: int, extra: tuple[tuple[int, bytes], ...], ciaddr: bytes) -> Dhcp:
        options = (
            (frames.OPTION_TYPE, bytes((kind,))),
            (frames.OPTION_CLIENT, b"\x01" + self._stack.mac),
            *extra,
            (frames.OPTION_HOSTNAME, self._hostname),
            (frames.OPTION_VENDOR, b"MSFT 5.0" if self._flags else b"dhcpcd-9.4.1"),
            (frames.OPTION_PARAMETERS, bytes((1, 3, 6, 15, 51, 54, 58, 59))),
        )
        return Dhcp(
            op=1, xid=self._xid, chaddr=self._stack.mac, flags=self._flags, ciaddr=ciaddr,
            options=options,
        )  # fmt: skip

    def _later(self, delay: float, call: Callable[[], None]) -> None:
        """One timer runs at a time: a new one, and any new state, makes the old one void."""
        self._turn += 1
        turn = self._turn

        def due() -> None:
            if turn == self._turn:
                call()

        self._engine.after(delay, due)

    # --- in ---

    def _hear(self, packet: frames.Packet, datagram: frames.Datagram, source: bytes) -> None:
        try:
            message = frames.decode_dhcp(datagram.payload)
        except DecodeError:
            return
        if message.op != 2 or message.xid != self._xid or message.chaddr != self._stack.mac:
            return
        server = message.option(frames.OPTION_SERVER) or packet.src
        if message.type == frames.OFFER and self.state == "selecting":
            self._request(message.yiaddr, server)
        elif message.type == frames.ACK and self.state in ("requesting", "renewing", "rebinding"):
            self._bind(message, server, source)
        elif message.type == frames.NAK and self.state in ("requesting", "renewing", "rebinding"):
            self._drop()

    def _request(self, ip: bytes, server: bytes) -> None:
        self.state = "requesting"
        self._broadcast(
            frames.REQUEST, ((frames.OPTION_REQUESTED, ip), (frames.OPTION_SERVER, server))
        )
        self._later(2 * _FIRST_RETRY_S, self._discover)

    def _bind(self, message: Dhcp, server: bytes, source: bytes) -> None:
        mask = (message.option(frames.OPTION_MASK) or b"\xff\xff\xff\0")[:4]
        router = (message.option(frames.OPTION_ROUTER) or b"")[:4] or None
        dns = message.option(frames.OPTION_DNS) or b""
        seconds = int.from_bytes(message.option(frames.OPTION_LEASE) or b"\0\0\x0e\x10", "big")
        self._stack.configure(message.yiaddr, mask, router)
        self.lease = Lease(
            ip=frames.ip_text(message.yiaddr),
            mask=frames.ip_text(mask),
            router=frames.ip_text(router) if router else None,
            dns=tuple(frames.ip_text(dns[at : at + 4]) for at in range(0, len(dns) - 3, 4)),
            server=frames.ip_text(server),
            server_mac=frames.mac_text(source),
            since=self._engine.now,
            lease_s=seconds,
        )
        self.state = "bound"
        self._retry_s = _FIRST_RETRY_S
        self._stack.announce()
        if router:
            self._stack.ask(router)
        self._later(seconds / 2, self._renew)

    def _renew(self) -> None:
        """T1: straight to the server that gave it."""
        lease, ip = self.lease, self._stack.ip
        if lease is None or ip is None:
            self.start()
            return
        self.state = "renewing"
        self._xid = self._rng.getrandbits(32)
        message = self._message(frames.REQUEST, (), ip)
        self._stack.send_udp(
            frames.ip_bytes(lease.server), frames.DHCP_CLIENT_PORT, frames.DHCP_SERVER_PORT,
            frames.encode_dhcp(message),
        )  # fmt: skip
        self._later(lease.lease_s * 3 / 8, self._rebind)

    def _rebind(self) -> None:
        """T2: to whoever hears it."""
        lease, ip = self.lease, self._stack.ip
        if lease is None or ip is None:
            self.start()
            return
        self.state = "rebinding"
        self._broadcast(frames.REQUEST, (), ip)
        self._later(lease.lease_s / 8, self._drop)

    def _drop(self) -> None:
        """Refused or run out: the address is gone, and it starts anew."""
        self.lease = None
        self._stack.configure(None, frames.ANY_IP, None)
        self.state = "init"
        self._later(self._rng.uniform(0.05, 0.2), self.start)


@dataclass(frozen=True, slots=True)
class Pool:
    """What a server gives out."""

    first: str
    last: str
    mask: str
    router: str
    dns: tuple[str, ...]
    lease_s: int


class Server:
    """The server half of one station."""

    def __init__(
        self,
        engine: Engine,
        stack: IpStack,
        pool: Pool,
        rng: Random,
        *,
        delay_s: tuple[float, float] = (0.001, 0.012),
        server_id: str | None = None,
    ) -> None:
        self._engine = engine
        self._stack = stack
        self._pool = pool
        self._rng = rng
        self._delay_s = delay_s
        self._busy_until = 0.0
        self._backlog = 0
        self._claimed = frames.ip_bytes(server_id) if server_id else None
        self.running = True
        self.leases: dict[bytes, tuple[bytes, float]] = {}
        """MAC -> (IP, until when it is taken): it gives a station the same address again."""
        stack.listen(frames.DHCP_SERVER_PORT, self._hear)

    @property
    def identifier(self) -> bytes:
        """The server id that it puts into its answers, its own or a copied one."""
        return self._claimed or self._stack.ip or frames.ANY_IP

    def _hear(self, packet: frames.Packet, datagram: frames.Datagram, _source: bytes) -> None:
        if not self.running or self._backlog >= _BACKLOG:
            return
        try:
            message = frames.decode_dhcp(datagram.payload)
        except DecodeError:
            return
        if message.op != 1 or packet.dst not in (frames.ALL_IP, self._stack.ip):
            return
        self._backlog += 1
        start = max(self._engine.now, self._busy_until)
        self._busy_until = start + self._rng.uniform(*self._delay_s)

        def answer() -> None:
            self._backlog -= 1
            if self.running:
                self._answer(message)

        self._engine.at(self._busy_until, answer)

    def _answer(self, message: Dhcp) -> None:
        if message.type == frames.DISCOVER:
            ip = self._address(message.chaddr)
            if ip is not None:
                self._hold(message.chaddr, ip, _OFFER_HELD_S)
                self._reply(message, frames.OFFER, ip)
        elif message.type == frames.REQUEST:
            self._decide(message)
        elif message.type == frames.RELEASE:
            self.leases.pop(message.chaddr, None)

    def _decide(self, message: Dhcp) -> None:
        chosen = message.option(frames.OPTION_SERVER)
        if chosen is not None and chosen != self.identifier:
            return
        wanted = message.option(frames.OPTION_REQUESTED) or message.ciaddr
        if wanted == self._address(message.chaddr):
            self._hold(message.chaddr, wanted, self._pool.lease_s)
            self._reply(message, frames.ACK, wanted)
        else:
            self._reply(message, frames.NAK, frames.ANY_IP)

    def _address(self, mac: bytes) -> bytes | None:
        """The station's own address in the pool; a new one is the first that is free."""
        now = self._engine.now
        if mac not in self.leases:
            taken = {ip for ip, until in self.leases.values() if until > now}
            first, last = int(IPv4Address(self._pool.first)), int(IPv4Address(self._pool.last))
            free = (struct.pack("!I", n) for n in range(first, last + 1))
            ip = next((ip for ip in free if ip not in taken), None)
            if ip is None:
                return None
            self.leases = {m: (i, t) for m, (i, t) in self.leases.items() if i != ip}
            self.leases[mac] = (ip, now + _OFFER_HELD_S)
        return self.leases[mac][0]

    def lease_all(self, rng: Random) -> None:
        """Gives every free address to a visitor who has left."""
        now = self._engine.now
        taken = {ip for ip, until in self.leases.values() if until > now}
        first, last = int(IPv4Address(self._pool.first)), int(IPv4Address(self._pool.last))
        for number in range(first, last + 1):
            ip = struct.pack("!I", number)
            if ip not in taken:
                self.leases[b"\x02" + rng.randbytes(5)] = (ip, now + 86_400.0)

    def _hold(self, mac: bytes, ip: bytes, seconds: float) -> None:
        until = max(self._engine.now + seconds, self.leases.get(mac, (ip, 0.0))[1])
        self.leases[mac] = (ip, until)

    def _reply(self, message: Dhcp, kind: int, yiaddr: bytes) -> None:
        options: list[tuple[int, bytes]] = [
            (frames.OPTION_TYPE, bytes((kind,))),
            (frames.OPTION_SERVER, self.identifier),
        ]
        if kind != frames.NAK:
            options += self._configuration()
        reply = Dhcp(
            op=2, xid=message.xid, chaddr=message.chaddr, flags=message.flags, yiaddr=yiaddr,
            ciaddr=message.ciaddr if kind == frames.ACK else frames.ANY_IP,
            siaddr=self.identifier if kind != frames.NAK else frames.ANY_IP,
            options=tuple(options),
        )  # fmt: skip
        ip, mac = self._destination(message, kind, yiaddr)
        datagram = frames.Datagram(
            frames.DHCP_SERVER_PORT, frames.DHCP_CLIENT_PORT, frames.encode_dhcp(reply)
        )
        self._stack.send_raw_udp(self.identifier, ip, mac, datagram)

    def _configuration(self) -> list[tuple[int, bytes]]:
        pool = self._pool
        return [
            (frames.OPTION_LEASE, struct.pack("!I", pool.lease_s)),
            (frames.OPTION_T1, struct.pack("!I", pool.lease_s // 2)),
            (frames.OPTION_T2, struct.pack("!I", pool.lease_s * 7 // 8)),
            (frames.OPTION_MASK, frames.ip_bytes(pool.mask)),
            (frames.OPTION_ROUTER, frames.ip_bytes(pool.router)),
            (frames.OPTION_DNS, b"".join(frames.ip_bytes(ip) for ip in pool.dns)),
        ]

    @staticmethod
    def _destination(message: Dhcp, kind: int, yiaddr: bytes) -> tuple[bytes, bytes]:
        """RFC 2131, 4.1: (IP, MAC) to which the answer goes."""
        if kind == frames.NAK or (
            message.flags & frames.FLAG_BROADCAST and message.ciaddr == frames.ANY_IP
        ):
            return frames.ALL_IP, frames.BROADCAST
        if message.ciaddr != frames.ANY_IP:
            return message.ciaddr, message.chaddr
        return yiaddr, message.chaddr
