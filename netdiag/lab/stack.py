"""A small IPv4 stack over one network card: ARP, echo, UDP, one default gateway, nothing routed.

It answers ARP for its own address whoever asks, also an RFC 5227 probe (sender 0.0.0.0). It keeps
what ARP told it for `ARP_LIFETIME` seconds. During a storm most frames are not for it: the tests
that throw those away come first and look at slices only. What is for it is taken at `pace_pps` with
a burst of `burst` frames, and the rest is lost: processors are scaled down like the links, or a
handful of answering stations would crowd the storm itself off its own cables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netdiag.errors import DecodeError
from netdiag.lab import frames
from netdiag.lab.soft import Engine

ARP_LIFETIME = 300.0
_WAITING = 16
Hear = Callable[[frames.Packet, frames.Datagram, bytes], None]
"""What hears datagrams: the packet, the datagram, and the MAC that the frame came from."""


@dataclass(slots=True)
class Ping:
    """One echo request on its way; `answered` is `None` until it is decided."""

    ip: str
    answered: bool | None = None
    rtt_s: float | None = None


class IpStack:
    """Address resolution and datagrams of one station."""

    __slots__ = (
        "_burst", "_echoes", "_engine", "_identification", "_pace", "_refilled", "_send", "_tokens", "_udp",
        "_waiting", "arp", "gateway", "heard_gateway", "ip", "mac", "mask", "told",
    )  # fmt: skip

    def __init__(
        self,
        engine: Engine,
        mac: bytes,
        send: Callable[[bytes], None],
        *,
        pace_pps: float = 20.0,
        burst: float = 100.0,
    ) -> None:
        self._engine = engine
        self._pace = pace_pps
        self._burst = self._tokens = burst
        self._refilled = 0.0
        self._send = send
        self.mac = mac
        self.ip: bytes | None = None
        self.mask = frames.ANY_IP
        self.gateway: bytes | None = None
        self.heard_gateway: float | None = None
        """When the gateway last answered ARP."""
        self.arp: dict[bytes, tuple[bytes, float]] = {}
        """IP -> (MAC, when)."""
        self._udp: dict[int, Hear] = {}
        self._waiting: dict[bytes, list[frames.Packet]] = {}
        self._echoes: dict[int, tuple[Ping, float]] = {}
        self._identification = 0
        self.told: Callable[[], None] = lambda: None
        """Called when the address was set."""

    def configure(self, ip: bytes | None, mask: bytes, gateway: bytes | None) -> None:
        """Takes an address, or gives it up with `None`."""
        if (ip, gateway) != (self.ip, self.gateway):
            self.heard_gateway = None
            self.arp.clear()
            self._waiting.clear()
        self.ip, self.mask, self.gateway = ip, mask, gateway
        self.told()

    def listen(self, port: int, hear: Hear) -> None:
        """Hands datagrams to that UDP port to `hear`."""
        self._udp[port] = hear

    def on_link(self, ip: bytes) -> bool:
        """The address is in this station's own subnet."""
        mine = int.from_bytes(self.ip or frames.ANY_IP, "big")
        mask = int.from_bytes(self.mask, "big")
        return self.ip is not None and (int.from_bytes(ip, "big") ^ mine) & mask == 0

    # --- in ---

    def receive(self, frame: bytes) -> None:
        """An untagged frame from the card."""
        ethertype = frame[12:14]
        if ethertype == frames.ETHERTYPE_ARP:
            if frame[38:42] == self.ip and self._take():
                self._hear_arp(frame)
        elif ethertype == frames.ETHERTYPE_IPV4 and (frame[0] & 1 or frame[:6] == self.mac):
            if frame[23] == frames.PROTOCOL_UDP:
                if int.from_bytes(frame[36:38], "big") in self._udp and self._take():
                    self._hear_udp(frame)
            elif frame[23] == frames.PROTOCOL_ICMP and frame[30:34] == self.ip and self._take():
                self._hear_echo(frame)

    def _take(self) -> bool:
        """Whether the processor still has time for one more frame."""
        now = self._engine.now
        earned = (now - self._refilled) * self._pace
        self._refilled = now
        self._tokens = min(self._burst, self._tokens + earned)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _hear_arp(self, frame: bytes) -> None:
        try:
            arp = frames.decode_arp(frame)
        except DecodeError:
            return
        if arp.sender_mac == self.mac:
            return
        if arp.sender_ip != self.ip and self.on_link(arp.sender_ip):
            self._learn(arp.sender_ip, arp.sender_mac, solicited=arp.operation == frames.ARP_REPLY)
        if arp.operation == frames.ARP_REQUEST and self.ip is not None:
            reply = frames.Arp(frames.ARP_REPLY, self.mac, self.ip, arp.sender_mac, arp.sender_ip)
            self._send(frames.encode_arp(reply, arp.sender_mac))

    def _learn(self, ip: bytes, mac: bytes, *, solicited: bool) -> None:
        self.arp[ip] = (mac, self._engine.now)
        if ip == self.gateway and solicited:
            self.heard_gateway = self._engine.now
        for packet in self._waiting.pop(ip, ()):
            self._send_packet(packet, mac)

    def _hear_udp(self, frame: bytes) -> None:
        try:
            packet = frames.decode_ipv4(frame)
            datagram = frames.decode_udp(packet)
        except DecodeError:
            return
        hear = self._udp.get(datagram.dst_port)
        if hear is not None:
            hear(packet, datagram, frame[6:12])

    def _hear_echo(self, frame: bytes) -> None:
        try:
            packet = frames.decode_ipv4(frame)
            echo = frames.decode_echo(packet)
        except DecodeError:
            return
        if echo.type == frames.ICMP_ECHO:
            answer = frames.Echo(
                frames.ICMP_ECHO_REPLY, echo.identifier, echo.sequence, echo.payload
            )
            # Back to the card it came from: this stack has no other way to an off-link sender.
            self._emit(packet.src, frames.PROTOCOL_ICMP, frames.encode_echo(answer), frame[6:12])
        else:
            ping, sent = self._echoes.pop(echo.sequence, (None, 0.0))
            if ping is not None and frames.ip_text(packet.src) == ping.ip:
                ping.answered = True if ping.answered is None else ping.answered
                ping.rtt_s = self._engine.now - sent

    # --- out ---

    def ask(self, ip: bytes) -> None:
        """Broadcasts an ARP request."""
        request = frames.Arp(frames.ARP_REQUEST, self.mac, self.ip or frames.ANY_IP, bytes(6), ip)
        self._send(frames.encode_arp(request, frames.BROADCAST))

    def announce(self) -> None:
        """Tells everyone its own address (RFC 5227 announcement)."""
        if self.ip is not None:
            self.ask(self.ip)

    def ping(self, ip: str, timeout_s: float = 1.0) -> Ping:
        """Sends one echo request; the answer shows in the returned `Ping` as time passes."""
        ping = Ping(ip)
        self._identification = self._identification % 0xFFFF + 1
        sequence = self._identification
        self._echoes[sequence] = (ping, self._engine.now)

        def give_up() -> None:
            self._echoes.pop(sequence, None)
            ping.answered = bool(ping.answered)

        self._engine.after(timeout_s, give_up)
        echo = frames.Echo(frames.ICMP_ECHO, 1, sequence, bytes(range(97, 119)))
        self.send(frames.ip_bytes(ip), frames.PROTOCOL_ICMP, frames.encode_echo(echo))
        return ping

    def send_udp(self, dst: bytes, src_port: int, dst_port: int, payload: bytes) -> None:
        """A datagram from its own address, by way of ARP."""
        datagram = frames.Datagram(src_port, dst_port, payload)
        self.send(
            dst, frames.PROTOCOL_UDP, frames.encode_udp(datagram, self.ip or frames.ANY_IP, dst)
        )

    def send(self, dst: bytes, protocol: int, payload: bytes) -> None:
        """A packet to its next hop; it waits for ARP, and is lost where there is no way."""
        hop = dst if self.on_link(dst) else self.gateway
        if self.ip is None or hop is None:
            return
        mac, when = self.arp.get(hop, (b"", float("-inf")))
        packet = frames.Packet(self.ip, dst, protocol, payload)
        if mac and self._engine.now - when < ARP_LIFETIME:
            self._send_packet(packet, mac)
            return
        waiting = self._waiting.setdefault(hop, [])
        waiting.append(packet)
        del waiting[:-_WAITING]
        self.ask(hop)

    def send_raw_udp(self, src: bytes, dst: bytes, mac: bytes, datagram: frames.Datagram) -> None:
        """A datagram with addresses of the caller's choice, as DHCP needs before there is one."""
        self._emit(dst, frames.PROTOCOL_UDP, frames.encode_udp(datagram, src, dst), mac, src=src)

    def _emit(
        self, dst: bytes, protocol: int, payload: bytes, mac: bytes, src: bytes | None = None
    ) -> None:
        source = src if src is not None else self.ip
        if source is not None:
            self._send_packet(frames.Packet(source, dst, protocol, payload), mac)

    def _send_packet(self, packet: frames.Packet, mac: bytes) -> None:
        self._identification = self._identification % 0xFFFF + 1
        numbered = frames.Packet(
            packet.src, packet.dst, packet.protocol, packet.payload, self._identification
        )
        octets = frames.encode_ipv4(numbered)
        self._send(frames.ethernet(mac, self.mac, frames.ETHERTYPE_IPV4, octets))
