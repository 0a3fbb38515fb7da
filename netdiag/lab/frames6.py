"""IPv6 as far as unauthorized routers and DHCPv6 servers need it: frames out, one message in.

Sources: RFC 8200 (header, pseudo-header), RFC 4861 (router advertisement), RFC 8415 (DHCPv6).
"""

from __future__ import annotations

import struct
from ipaddress import IPv6Address, IPv6Network

from netdiag.lab import frames

ETHERTYPE = b"\x86\xdd"
ALL_NODES = IPv6Address("ff02::1").packed
ALL_NODES_MAC = bytes.fromhex("333300000001")
SERVERS_MAC = bytes.fromhex("333300010002")
_ICMP6, _UDP = 58, 17
_SOLICIT, _ADVERTISE = 1, 2
_CLIENT_ID, _SERVER_ID, _DNS = 1, 2, 23
_CLIENT_PORT, _SERVER_PORT = 546, 547


def link_local(mac: bytes) -> bytes:
    """fe80:: with a modified EUI-64 (RFC 4291, appendix A)."""
    return b"\xfe\x80" + bytes(6) + bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]


def _packet(src: bytes, dst: bytes, protocol: int, payload: bytes, hops: int = 255) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + src + dst + payload


def _sum(src: bytes, dst: bytes, protocol: int, payload: bytes) -> int:
    pseudo = src + dst + struct.pack("!II", len(payload), protocol)
    return frames.checksum(pseudo + payload)


def router_advertisement(mac: bytes, prefix: str, lifetime_s: int = 1800) -> bytes:
    """A router that offers itself and an on-link prefix to everybody."""
    net = IPv6Network(prefix)
    src = link_local(mac)
    prefix_option = struct.pack(
        "!BBBBIII16s", 3, 4, net.prefixlen, 0xC0, 86400, 14400, 0, net.network_address.packed
    )
    body = struct.pack("!BBHII", 64, 0, lifetime_s, 0, 0) + b"\x01\x01" + mac + prefix_option
    bare = struct.pack("!BBH", 134, 0, 0) + body
    value = _sum(src, ALL_NODES, _ICMP6, bare)
    message = struct.pack("!BBH", 134, 0, value) + body
    packet = _packet(src, ALL_NODES, _ICMP6, message)
    return frames.ethernet(ALL_NODES_MAC, mac, ETHERTYPE, packet)


def is_router_solicitation(frame: bytes) -> bool:
    """An ICMPv6 message of type 133."""
    return (
        frame[12:14] == ETHERTYPE and len(frame) > 54 and frame[20] == _ICMP6 and frame[54] == 133
    )


def solicited(frame: bytes) -> tuple[bytes, bytes] | None:
    """(transaction id, client id option) of a DHCPv6 SOLICIT; `None` for every other frame."""
    if frame[12:14] != ETHERTYPE or len(frame) < 66 or frame[20] != _UDP:
        return None
    if int.from_bytes(frame[56:58], "big") != _SERVER_PORT or frame[62] != _SOLICIT:
        return None
    options, at = frame[66:], 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from("!HH", options, at)
        if code == _CLIENT_ID:
            return frame[63:66], options[at : at + 4 + size]
        at += 4 + size
    return None


def advertise(mac: bytes, question: bytes, dns: str) -> bytes | None:
    """The answer of a DHCPv6 server to a SOLICIT, unicast; `None` where it was no SOLICIT."""
    asked = solicited(question)
    if asked is None:
        return None
    transaction, client = asked
    duid = b"\0\x03\0\x01" + mac
    options = client + struct.pack("!HH", _SERVER_ID, len(duid)) + duid
    options += struct.pack("!HH16s", _DNS, 16, IPv6Address(dns).packed)
    message = bytes((_ADVERTISE,)) + transaction + options
    src, dst = link_local(mac), question[22:38]
    head = struct.pack("!HHH", _SERVER_PORT, _CLIENT_PORT, 8 + len(message))
    value = _sum(src, dst, _UDP, head + b"\0\0" + message) or 0xFFFF
    datagram = head + struct.pack("!H", value) + message
    return frames.ethernet(question[6:12], mac, ETHERTYPE, _packet(src, dst, _UDP, datagram, 64))
