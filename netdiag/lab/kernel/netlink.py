"""rtnetlink without a library: links, bridges, veths, rate limits, addresses, routes and neighbours.

A socket speaks for the namespace in which it was opened (rtnetlink(7)); `Netlink` takes one that is
ready. Requests wait for the kernel's answer, which comes at once. Numbers are the kernel's own, from
linux/rtnetlink.h, if_link.h, neighbour.h and pkt_sched.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from netdiag.errors import LabError

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR = 20, 21
RTM_NEWROUTE = 24
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWQDISC, RTM_NEWTFILTER = 36, 44
GROUP_LINK, GROUP_NEIGH = 1, 4
"""RTMGRP_ bits."""
AF_BRIDGE = 7
IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_CREATE, _EXCLUSIVE, _REPLACE = 0x400, 0x200, 0x100
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_LINK = struct.Struct("=BxHiII")
_NEIGH = struct.Struct("=BxxxiHBB")
_STATS64 = struct.Struct("=8Q")
_PERMANENT, _USABLE = 0x80, 0x02 | 0x04 | 0x08 | 0x10 | 0x80
"""NUD_ states: REACHABLE, STALE, DELAY, PROBE; PERMANENT."""
_STP_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")


@dataclass(frozen=True, slots=True)
class Link:
    """One network device, as one message tells of it; `None`: that message does not say."""

    index: int
    name: str
    up: bool
    """IFF_UP: somebody wants it."""
    carrier: bool
    master: int | None
    kind: str | None
    """`veth`, `bridge`."""
    stp_state: str | None
    mtu: int
    stats: tuple[int, ...] | None
    """rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped."""
    gone: bool = False
    left_bridge: bool = False
    root: tuple[int, bytes] | None = None
    """A bridge's: priority and MAC of the root it believes in."""
    root_port: int | None = None
    port_number: int | None = None
    stp_on: bool = False


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of a forwarding table (`ip` empty) or of an ARP table."""

    index: int
    mac: bytes
    ip: bytes
    gone: bool = False


def attribute(kind: int, octets: bytes) -> bytes:
    """One netlink attribute, padded to four octets."""
    return struct.pack("=HH", len(octets) + 4, kind) + octets + bytes(-len(octets) % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | _NESTED, b"".join(inner))


def u32(kind: int, value: int) -> bytes:
    """A 32-bit attribute."""
    return attribute(kind, struct.pack("=I", value))


def text(kind: int, value: str) -> bytes:
    """A zero-terminated string."""
    return attribute(kind, value.encode() + b"\0")


def attributes(octets: bytes) -> dict[int, bytes]:
    """The attributes in a message's tail, by kind."""
    found = {}
    at, end = 0, len(octets) - 3
    unpack = _ATTRIBUTE.unpack_from
    while at < end:
        length, kind = unpack(octets, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = octets[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


class Netlink:
    """One namespace's route socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sequence = 0

    def close(self) -> None:
        """Gives the socket back."""
        self._socket.close()

    # --- changing ---

    def add_veth(
        self, here: tuple[int, str, bytes], there: tuple[int, str, bytes], mtu: int = 1500
    ) -> None:
        """A cable: (namespace file descriptor, name, MAC) of both ends."""
        peer = nested(1, _LINK.pack(0, 0, 0, 0, 0) + _end(there, mtu))
        info = nested(18, text(1, "veth"), nested(2, peer))
        self._create(_LINK.pack(0, 0, 0, 0, 0) + _end(here, mtu) + info)

    def add_bridge(self, name: str, mac: bytes, *, stp: bool, priority: int) -> None:
        """A bridge that ages addresses after 300 s; `stp`: 802.1D at its shortest times."""
        timers = (u32(1, 200), u32(2, 100), u32(3, 600)) if stp else (u32(1, 0),)
        fixed = (u32(4, 30_000), u32(5, int(stp)), attribute(6, struct.pack("=H", priority)))
        # no_linklocal_learn: nobody's LLDP or BPDU makes an address known, as on a real switch.
        quiet = attribute(46, struct.pack("=II", 1, 1))
        # Times with spanning tree off are out of range with it on: it goes first.
        data = nested(
            2, *(fixed if stp else ()), *timers, *(() if stp else fixed), _byte(23, 0), quiet
        )
        body = text(3, name) + attribute(1, mac) + nested(18, text(1, "bridge"), data)
        self._create(_LINK.pack(0, 0, 0, IFF_UP, IFF_UP) + body)

    def set_link(
        self,
        name: str,
        *,
        up: bool | None = None,
        master: int | None = None,
        mtu: int | None = None,
        mac: bytes | None = None,
    ) -> None:
        """Changes a device; master 0 takes it out of its bridge."""
        flags, mask = (IFF_UP if up else 0, IFF_UP) if up is not None else (0, 0)
        body = text(3, name)
        body += u32(10, master) if master is not None else b""
        body += u32(4, mtu) if mtu is not None else b""
        body += attribute(1, mac) if mac is not None else b""
        self.ask(RTM_NEWLINK, _LINK.pack(0, 0, 0, flags, mask) + body)

    def delete_link(self, name: str) -> None:
        """Takes a device away, with its other end; one that is gone already is no error."""
        try:
            self.ask(RTM_DELLINK, _LINK.pack(0, 0, 0, 0, 0) + text(3, name))
        except OSError as exc:
            if exc.errno != errno.ENODEV:
                raise

    def limit_rate(
        self, index: int, rate_bps: int, *, burst: int = 3000, queue: int = 30_000
    ) -> None:
        """A token bucket on what leaves: it queues, so a storm lives on at a bounded rate.

        Frames count as on a wire: at least 64 octets, and 24 more for preamble, FCS and gap.
        """
        rate = struct.pack("=BBHhHI", 0, 1, 24, 0, 84, rate_bps // 8)
        parameters = rate + bytes(12) + struct.pack("=III", queue, burst, 0)
        options = nested(2, attribute(1, parameters), u32(6, burst))
        message = struct.pack("=BxxxiIII", 0, index, 0x10000, 0xFFFFFFFF, 0)
        self.ask(RTM_NEWQDISC, message + text(1, "tbf") + options, _CREATE | _REPLACE)

    def drop_bpdus(self, index: int) -> None:
        """Frames to 01:80:c2:00:00:00 neither leave nor enter there.

        A kernel without a drop action has one that redirects: the loopback swallows them.
        """
        # clsact, then u32 on both of its sides: the address' two halves lie 14 and 12 before the packet.
        qdisc = struct.pack("=BxxxiIII", 0, index, 0xFFFF0000, 0xFFFFFFF1, 0)
        self.ask(RTM_NEWQDISC, qdisc + text(1, "clsact"), _CREATE | _REPLACE)
        keys = struct.pack("!IIii", 0x0000FFFF, 0x00000180, 0, 0)[:8] + struct.pack("=ii", -16, 0)
        keys += struct.pack("!II", 0xFFFFFFFF, 0xC2000000) + struct.pack("=ii", -12, 0)
        selector = attribute(5, struct.pack("=BBBBHHhhI", 1, 0, 2, 0, 0, 0, 0, 0, 0) + keys)
        redirect = attribute(2, struct.pack("=IIiiiiI", 0, 0, 4, 0, 0, 1, 1))
        action = nested(7, nested(1, text(1, "mirred"), nested(2, redirect)))
        for side in (0xFFFFFFF3, 0xFFFFFFF2):
            message = struct.pack("=BxxxiIII", 0, index, 0, side, 1 << 16 | socket.htons(3))
            body = message + text(1, "u32") + nested(2, selector, action)
            self.ask(RTM_NEWTFILTER, body, _CREATE | _EXCLUSIVE)

    def add_address(self, index: int, ip: bytes, prefix: int, broadcast: bytes) -> None:
        """Gives a device an IPv4 address."""
        body = attribute(1, ip) + attribute(2, ip) + attribute(4, broadcast)
        message = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index) + body
        self.ask(RTM_NEWADDR, message, _CREATE | _REPLACE)

    def delete_address(self, index: int, ip: bytes, prefix: int) -> None:
        """Takes one away; routes that used it go too."""
        message = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, index) + attribute(2, ip)
        self.ask(RTM_DELADDR, message)

    def add_default_route(self, index: int, gateway: bytes) -> None:
        """By way of that gateway."""
        # AF_INET, table main, protocol static, scope universe, type unicast
        message = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 4, 0, 1, 0)
        self.ask(RTM_NEWROUTE, message + attribute(5, gateway) + u32(4, index), _CREATE | _REPLACE)

    def _create(self, message: bytes) -> None:
        self.ask(RTM_NEWLINK, message, _CREATE | _EXCLUSIVE)

    def ask(self, kind: int, message: bytes, flags: int = 0) -> None:
        """One request; `OSError` with the kernel's errno where it refuses."""
        for _ in self._exchange(kind, message, _REQUEST | _ACK | flags):
            pass

    # --- looking ---

    def links(self) -> list[Link]:
        """Every device, with counters."""
        return [
            link
            for kind, body in self._exchange(
                RTM_GETLINK, _LINK.pack(0, 0, 0, 0, 0), _REQUEST | _DUMP
            )
            if (link := read_link(kind, body)) is not None
        ]

    def index_of(self, name: str) -> int:
        """A device's number; `LabError` where there is none of that name."""
        message = _LINK.pack(0, 0, 0, 0, 0) + text(3, name)
        for kind, body in self._exchange(RTM_GETLINK, message, _REQUEST | _ACK):
            link = read_link(kind, body)
            if link is not None:
                return link.index
        raise LabError(f"the kernel has no device {name!r} there")

    def neighbours(self, family: int) -> list[Neighbour]:
        """The forwarding tables (`AF_BRIDGE`) or the ARP table (`AF_INET`)."""
        message = _NEIGH.pack(family, 0, 0, 0, 0)
        return [
            row
            for kind, body in self._exchange(RTM_GETNEIGH, message, _REQUEST | _DUMP)
            if (row := read_neighbour(kind, body)) is not None
        ]

    def _exchange(self, kind: int, message: bytes, flags: int) -> Iterator[tuple[int, bytes]]:
        self._sequence += 1
        length = _HEADER.size + len(message)
        self._socket.send(_HEADER.pack(length, kind, flags, self._sequence, 0) + message)
        found: list[tuple[int, bytes]] = []
        while True:
            for answer, sequence, body in messages(self._socket.recv(1 << 18)):
                if sequence != self._sequence:
                    continue
                if answer == _ERROR:
                    code = -struct.unpack_from("=i", body)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return iter(found)
                if answer == _DONE:
                    return iter(found)
                found.append((answer, body))


def _byte(kind: int, value: int) -> bytes:
    return attribute(kind, bytes((value,)))


def _end(end: tuple[int, str, bytes], mtu: int) -> bytes:
    descriptor, name, mac = end
    return text(3, name) + attribute(1, mac) + u32(4, mtu) + u32(28, descriptor)


def messages(octets: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, sequence, body) of each message in a datagram."""
    at = 0
    while at + _HEADER.size <= len(octets):
        length, kind, _, sequence, _ = _HEADER.unpack_from(octets, at)
        if length < _HEADER.size:
            return
        yield kind, sequence, octets[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def read_link(kind: int, body: bytes) -> Link | None:
    """A RTM_NEWLINK or RTM_DELLINK; of AF_BRIDGE the latter only says that it left its bridge."""
    if kind not in (RTM_NEWLINK, RTM_DELLINK) or len(body) < _LINK.size:
        return None
    family, _, index, flags, _ = _LINK.unpack_from(body)
    found = attributes(body[_LINK.size :])
    info = attributes(found.get(18, b""))
    bridge = attributes(info.get(2, b"")) if info.get(1) == b"bridge\0" else {}
    port = attributes(found.get(12, b"")) if family == AF_BRIDGE else attributes(info.get(5, b""))
    state = port.get(1, b"")
    left = kind == RTM_DELLINK and family == AF_BRIDGE
    return Link(
        index=index,
        name=found.get(3, b"").rstrip(b"\0").decode(errors="replace"),
        up=bool(flags & IFF_UP),
        carrier=bool(flags & IFF_LOWER_UP),
        master=_int(found.get(10)),
        kind=info[1].rstrip(b"\0").decode() if 1 in info else None,
        stp_state=_STP_STATES[state[0]] if state and state[0] < len(_STP_STATES) else None,
        mtu=_int(found.get(4)) or 1500,
        stats=_STATS64.unpack_from(found[23]) if len(found.get(23, b"")) >= _STATS64.size else None,
        gone=kind == RTM_DELLINK and not left,
        left_bridge=left,
        root=_bridge_id(bridge.get(10)),
        root_port=_short(bridge.get(12)),
        port_number=_short(port.get(18)),
        stp_on=bool(_int(bridge.get(5))),
    )


def read_neighbour(kind: int, body: bytes) -> Neighbour | None:
    """A learned or resolved address; `None` for the kernel's own and for what failed."""
    if kind not in (RTM_NEWNEIGH, RTM_DELNEIGH) or len(body) < _NEIGH.size:
        return None
    family, index, state, _, _ = _NEIGH.unpack_from(body)
    found = attributes(body[_NEIGH.size :])
    mac = found.get(2, b"")
    if len(mac) != 6 or state & _PERMANENT:
        return None
    if family == AF_BRIDGE:
        return Neighbour(index, mac, b"", kind == RTM_DELNEIGH) if 9 in found else None
    if not state & _USABLE:
        return None
    return Neighbour(index, mac, found.get(1, b""), kind == RTM_DELNEIGH)


def _int(octets: bytes | None) -> int | None:
    return struct.unpack("=I", octets)[0] if octets and len(octets) == 4 else None


def _short(octets: bytes | None) -> int | None:
    return struct.unpack("=H", octets)[0] if octets and len(octets) == 2 else None


def _bridge_id(octets: bytes | None) -> tuple[int, bytes] | None:
    if octets is None or len(octets) != 8:
        return None
    return int.from_bytes(octets[:2], "big"), octets[2:]
