"""What is plugged into desks and server rooms: PCs, the DHCP server, the sensor, and trouble.

Every station has one network card and sees what a card sees. A PC whose gateway is silent behaves
as PCs do: it keeps its lease, right or wrong, and asks for the gateway every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from netdiag.lab import frames
from netdiag.lab.dhcp import Client, Lease, Pool, Server
from netdiag.lab.soft import Engine, Port
from netdiag.lab.stack import IpStack, Ping

Hear = Callable[[float, bytes], None]


class Card:
    """A network card without a stack: it can listen and send. The sensor is one of these."""

    kind = "sensor"

    def __init__(self, engine: Engine, name: str, mac: bytes, rate_bps: int) -> None:
        self.engine = engine
        self.name = name
        self.mac = mac
        self.port = engine.port(self, "eth0", rate_bps)
        self._taps: list[Hear] = []

    def tap(self, hear: Hear) -> Callable[[], None]:
        """Copies of what the card sees; a frame put on the wire by `send_raw` is not echoed."""
        self._taps.append(hear)

        def stop() -> None:
            if hear in self._taps:
                self._taps.remove(hear)

        return stop

    def send_raw(self, frame: bytes) -> None:
        """A frame onto the wire, past any stack."""
        self.port.send(frames.pad(frame))

    def send(self, frame: bytes) -> None:
        """A frame of its own stack, which a sniffer on this card sees too."""
        for hear in tuple(self._taps):
            hear(self.engine.now, frame)
        self.port.send(frame)

    def receive(self, _port: Port, frame: bytes) -> None:
        for hear in tuple(self._taps):
            hear(self.engine.now, frame)

    def link_changed(self, port: Port) -> None:
        """A sensor does not care."""


class Station(Card):
    """A card with an IPv4 stack and a fixed address."""

    kind = "station"

    def __init__(self, engine: Engine, name: str, mac: bytes, rate_bps: int) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self.stack = IpStack(engine, mac, self.send)

    def configure(self, ip: str, mask: str, gateway: str | None) -> None:
        """A static address."""
        self.stack.configure(
            frames.ip_bytes(ip),
            frames.ip_bytes(mask),
            frames.ip_bytes(gateway) if gateway else None,
        )

    def receive(self, port: Port, frame: bytes) -> None:
        if self._taps:
            super().receive(port, frame)
        self.stack.receive(frame)

    def link_changed(self, port: Port) -> None:
        if port.up:
            self.stack.announce()

    @property
    def ip(self) -> str | None:
        """Its address now."""
        return frames.ip_text(self.stack.ip) if self.stack.ip else None

    def ping(self, ip: str, timeout_s: float = 1.0) -> Ping:
        """One echo request; see `Ping`."""
        return self.stack.ping(ip, timeout_s)


class Host(Station):
    """A PC: it gets its address by DHCP and talks to its gateway now and then."""

    kind = "pc"

    def __init__(
        self, engine: Engine, name: str, mac: bytes, rate_bps: int, rng: Random, *, broadcast: bool
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self._rng = rng
        self._bounce = 0
        self.off = False
        """Nobody has switched it on yet."""
        self.client = Client(engine, self.stack, name, rng, broadcast=broadcast)
        engine.after(rng.uniform(2.0, 12.0), self._chat)

    @property
    def lease(self) -> Lease | None:
        """What a DHCP server gave it."""
        return self.client.lease

    @property
    def gateway_answers(self) -> bool:
        """Its gateway answered ARP within the last half minute."""
        heard = self.stack.heard_gateway
        return self.port.up and heard is not None and self.engine.now - heard < 30.0

    def renew(self) -> None:
        """What a user does: ask for a lease anew."""
        if self.port.up:
            self.client.start()

    def switch_on(self) -> None:
        """Someone comes to work."""
        self.off = False
        self.link_changed(self.port)

    def link_changed(self, port: Port) -> None:
        if self.off:
            return
        self._bounce += 1
        bounce = self._bounce
        self.client.stop()
        if port.up:
            # A PC notices its cable within a second, and not all at the same moment.
            self.engine.after(self._rng.uniform(0.1, 1.0), lambda: self._bounced(bounce))

    def _bounced(self, bounce: int) -> None:
        if bounce == self._bounce:
            self.client.start()

    def _chat(self) -> None:
        gateway = self.stack.gateway
        if self.port.up and gateway is not None:
            self.stack.ask(gateway)
        wait = (8.0, 20.0) if self.gateway_answers else (2.0, 4.0)
        self.engine.after(self._rng.uniform(*wait), self._chat)


class DhcpHost(Station):
    """The company's DHCP server."""

    kind = "dhcp-server"

    def __init__(
        self, engine: Engine, name: str, mac: bytes, rate_bps: int, *, rng: Random, pool: Pool
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self._rng = rng
        self.server = Server(engine, self.stack, pool, rng)
        engine.after(rng.uniform(2.0, 12.0), self._chat)

    def _chat(self) -> None:
        if self.stack.gateway is not None:
            self.stack.ask(self.stack.gateway)
        self.engine.after(self._rng.uniform(20.0, 40.0), self._chat)


class Jabber(Card):
    """A card gone mad: NetBIOS name broadcasts without end, each one different or all the same."""

    kind = "jabber"

    def __init__(
        self,
        engine: Engine,
        name: str,
        mac: bytes,
        rate_bps: int,
        pps: float,
        *,
        same_frame: bool = False,
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self.pps = pps
        self.same_frame = same_frame
        self.elsewhere = False
        """A program of its own sends for it."""
        self._number = 0

    def link_changed(self, port: Port) -> None:
        if port.up and not self.elsewhere:
            self._jabber(port.generation)

    def _jabber(self, generation: int) -> None:
        if generation != self.port.generation:
            return
        self._number = 1 if self.same_frame else self._number % 0xFFFF + 1
        self.send(name_query(self.mac, self._number))
        self.engine.after(1 / self.pps, lambda: self._jabber(generation))


def name_query(mac: bytes, number: int) -> bytes:
    """A NetBIOS name broadcast (RFC 1002); each number gives another one."""
    src, dst = frames.ip_bytes("169.254.77.7"), frames.ip_bytes("169.254.255.255")
    query = number.to_bytes(2, "big") + bytes.fromhex("01100001000000000000") + b"JAB"
    datagram = frames.encode_udp(frames.Datagram(137, 137, query), src, dst)
    packet = frames.Packet(src, dst, frames.PROTOCOL_UDP, datagram, number)
    octets = frames.encode_ipv4(packet)
    return frames.ethernet(frames.BROADCAST, mac, frames.ETHERTYPE_IPV4, octets)


class StrayBridge(Card):
    """Someone's own small switch with spanning tree on: it says so every two seconds."""

    kind = "bridge"

    def __init__(
        self, engine: Engine, name: str, mac: bytes, rate_bps: int, *, priority: int = 32768
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self._priority = priority

    def link_changed(self, port: Port) -> None:
        if port.up:
            generation = port.generation
            self.engine.after(0.2, lambda: self._hello(generation))

    def _hello(self, generation: int) -> None:
        if generation != self.port.generation:
            return
        bpdu = frames.Bpdu(self._priority, self.mac, 0, self._priority, self.mac, 0x8001)
        self.send(frames.encode_bpdu(bpdu, self.mac))
        self.engine.after(2.0, lambda: self._hello(generation))


class Printer(Station):
    """A station with a fixed address that it also says aloud now and then, unless it is a quiet one."""

    kind = "printer"

    def __init__(
        self,
        engine: Engine,
        name: str,
        mac: bytes,
        rate_bps: int,
        rng: Random,
        *,
        quiet: bool = False,
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self._rng = rng
        if not quiet:
            engine.after(rng.uniform(1.0, 5.0), self._chat)

    def _chat(self) -> None:
        if self.port.up:
            self.stack.announce()
        self.engine.after(self._rng.uniform(10.0, 20.0), self._chat)
