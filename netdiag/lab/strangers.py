"""Cards that do what no office computer does: flood, forge, starve, and answer for others."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from netdiag.lab import frames, frames6
from netdiag.lab.hosts import Card
from netdiag.lab.soft import Engine, Port

Make = Callable[[int], bytes]
"""The frame of that number."""


class Sender(Card):
    """Sends one frame after another while its cable is in."""

    kind = "sender"

    def __init__(  # noqa: PLR0917 - a card's own, and what it sends
        self, engine: Engine, name: str, mac: bytes, rate_bps: int, pps: float, make: Make
    ) -> None:
        super().__init__(engine, name, mac, rate_bps)
        self._interval = 1 / pps
        self._make = make
        self._number = 0

    def link_changed(self, port: Port) -> None:
        if port.up:
            self._next(port.generation)

    def _next(self, generation: int) -> None:
        if generation == self.port.generation:
            self.send(self._make(self._number))
            self._number += 1
            self.engine.after(self._interval, lambda: self._next(generation))


class Dhcp6Server(Card):
    """Answers each SOLICIT with itself as DNS server."""

    kind = "dhcp6-server"

    def link_changed(self, port: Port) -> None:
        if port.up:
            self._chat(port.generation)

    def _chat(self, generation: int) -> None:
        """It looks for updates, as every box does."""
        if generation == self.port.generation:
            ask = frames.Arp(
                frames.ARP_REQUEST, self.mac, bytes(4), bytes(6), frames.ip_bytes("192.168.1.254")
            )
            self.send(frames.encode_arp(ask, frames.BROADCAST))
            self.engine.after(5.0, lambda: self._chat(generation))

    def receive(self, port: Port, frame: bytes) -> None:
        super().receive(port, frame)
        answer = frames6.advertise(self.mac, frame, "2001:db8:bad::53")
        if answer is not None:
            self.engine.after(0.005, lambda: self.send(answer))


class Router6(Sender):
    """Advertises itself now and then, and to everybody who asks for a router (RFC 4861, 6.2.6)."""

    kind = "router6"

    def receive(self, port: Port, frame: bytes) -> None:
        super().receive(port, frame)
        if frames6.is_router_solicitation(frame):
            self.engine.after(0.01, lambda: self.send(self._make(0)))


def multicasts(mac: bytes) -> Make:
    """A video stream that nobody asked for, to a group that no switch knows."""
    group = bytes.fromhex("01005e7f4242")

    def make(number: int) -> bytes:
        datagram = frames.encode_udp(
            frames.Datagram(5004, 5004, number.to_bytes(4, "big") + bytes(180)),
            frames.ip_bytes("10.10.66.66"),
            frames.ip_bytes("239.255.66.66"),
        )
        packet = frames.Packet(
            frames.ip_bytes("10.10.66.66"),
            frames.ip_bytes("239.255.66.66"),
            frames.PROTOCOL_UDP,
            datagram,
            number % 0xFFFF,
        )
        return frames.ethernet(group, mac, frames.ETHERTYPE_IPV4, frames.encode_ipv4(packet))

    return make


def unicasts(mac: bytes, unheard: bytes) -> Make:
    """A stream to a station that says nothing: every switch floods it."""
    return lambda number: frames.ethernet(
        unheard, mac, b"\x88\xb5", number.to_bytes(4, "big") + bytes(100)
    )


def addresses(rng: Random, most: int) -> Make:
    """A new source address in each frame, as macof does, up to `most`."""
    macs = [bytes((rng.randrange(256) & 0xFC, *rng.randbytes(5))) for _ in range(most)]

    def make(number: int) -> bytes:
        src = macs[number % most]
        return frames.ethernet(macs[(number + 1) % most], src, b"\x88\xb5", bytes(46))

    return make


def discovers(mac: bytes, rng: Random) -> Make:
    """DHCPDISCOVERs of clients that do not exist, from one card."""

    def make(_number: int) -> bytes:
        client = b"\x00\x16\x3e" + rng.randbytes(3)
        message = frames.Dhcp(
            op=1,
            xid=rng.getrandbits(32),
            chaddr=client,
            flags=frames.FLAG_BROADCAST,
            options=((frames.OPTION_TYPE, bytes((frames.DISCOVER,))),),
        )
        datagram = frames.encode_udp(
            frames.Datagram(
                frames.DHCP_CLIENT_PORT, frames.DHCP_SERVER_PORT, frames.encode_dhcp(message)
            ),
            frames.ANY_IP,
            frames.ALL_IP,
        )
        packet = frames.Packet(frames.ANY_IP, frames.ALL_IP, frames.PROTOCOL_UDP, datagram)
        octets = frames.encode_ipv4(packet)
        return frames.ethernet(frames.BROADCAST, mac, frames.ETHERTYPE_IPV4, octets)

    return make


def forged_answers(mac: bytes, ips: tuple[bytes, ...]) -> Make:
    """Unasked ARP replies: those addresses are at this card."""

    def make(number: int) -> bytes:
        ip = ips[number % len(ips)]
        reply = frames.Arp(frames.ARP_REPLY, mac, ip, frames.BROADCAST, ip)
        return frames.encode_arp(reply, frames.BROADCAST)

    return make


def advertisements(mac: bytes) -> Make:
    """A router advertisement again and again."""
    frame = frames6.router_advertisement(mac, "2001:db8:bad::/64")
    return lambda _number: frame


def bpdus(mac: bytes, priority: int) -> Make:
    """A bridge that claims to be the root of the spanning tree."""
    bpdu = frames.Bpdu(priority, mac, 0, priority, mac, 0x8001)
    frame = frames.encode_bpdu(bpdu, mac)
    return lambda _number: frame


def hellos(mac: bytes, ip: bytes) -> Make:
    """A station that says its own address aloud."""
    request = frames.Arp(frames.ARP_REQUEST, mac, ip, bytes(6), ip)
    frame = frames.encode_arp(request, frames.BROADCAST)
    return lambda _number: frame
