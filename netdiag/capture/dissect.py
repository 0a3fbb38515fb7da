"""Control messages to plain dictionaries: scapy decodes DHCP, DHCPv6, RA and BPDU.

Rules: `message` returns a dictionary ready for JSON, or raises DecodeError for whatever is not what
it claims to be; no other error leaves this module, whatever the octets. Fixed or flat forms (ARP,
LLDP, CDP) are read with `struct`: scapy takes a hundred times longer for the same six fields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import Any

from netdiag.capture import chatter, loopprobe
from netdiag.capture.link import Control
from netdiag.capture.neighbors import cdp, lldp
from netdiag.errors import DecodeError

logging.getLogger("scapy").setLevel(logging.CRITICAL)  # hostile frames would fill stderr

Message = dict[str, Any]

_LONGEST = 65_535
"""Octets of a message: no datagram is longer, and what claims to be would take seconds."""
_MOST = 64
"""Addresses of one kind kept of one message."""


class TooShort(DecodeError):
    """It ends before it should: no fault of the sender's where not all of it was captured."""


def message(control: Control) -> Message:
    """What one control frame says; `type` names the protocol.

    `malformed` is true where only a part of it makes sense: a rogue server with one bad option is
    still a rogue server.

    :raises DecodeError: where nothing does.
    """
    if len(control.payload) > _LONGEST:
        raise DecodeError(f"{control.kind}: {len(control.payload)} octets")
    try:
        found = _DECODERS[control.kind](control)
    except DecodeError as exc:
        if control.cut:  # the part that is missing would have told
            raise TooShort(str(exc)) from exc
        raise
    except Exception as exc:  # scapy raises whatever its fields raise
        raise TooShort(f"{control.kind}: {type(exc).__name__}: {exc}") from exc
    if control.src is not None:
        found["ip"] = _address(control.src)
        found["ttl"] = control.ttl
    return found


def mac_text(octets: bytes) -> str:
    """`aa:bb:cc:dd:ee:ff`."""
    return octets.hex(":")


def _address(octets: bytes) -> str:
    return str(IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets))


def _text(octets: object) -> str | None:
    from netdiag.text import decode_octets

    if isinstance(octets, str):
        return octets
    return decode_octets(octets) or None if isinstance(octets, bytes) else None


# --- ARP (RFC 826) -------------------------------------------------------------------------------

_ARP = Struct("!HHBBH6s4s6s4s")


def _arp(control: Control) -> Message:
    if len(control.payload) < _ARP.size:
        raise TooShort(f"arp: {len(control.payload)} octets")
    hardware, protocol, hlen, plen, op, sha, spa, tha, tpa = _ARP.unpack_from(control.payload)
    if hardware not in (1, 6) or protocol != 0x0800 or hlen != 6 or plen != 4:
        raise DecodeError(
            f"arp: address lengths {hlen} and {plen}, types {hardware}, {protocol:#x}"
        )
    return {
        "type": "arp",
        "op": op,
        "sha": mac_text(sha),
        "spa": _address(spa),
        "tha": mac_text(tha),
        "tpa": _address(tpa),
    }


# --- DHCPv4 (RFC 2131, 2132, 3396) ---------------------------------------------------------------

_MESSAGE = {
    1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform",
}  # fmt: skip
_LISTS = {"router": "routers", "name_server": "dns"}
_SINGLE = {"server_id": "server_id", "subnet_mask": "subnet_mask", "requested_addr": "requested"}
_WORDS = {"domain": "domain", "hostname": "hostname", "vendor_class_id": "vendor_class"}


def _dhcp(control: Control) -> Message:
    from scapy.layers.dhcp import BOOTP, DHCP

    if len(control.payload) < 44:
        raise TooShort(f"dhcp: {len(control.payload)} octets")
    bootp = BOOTP(control.payload)
    if bootp.op not in (1, 2) or bootp.hlen > 16:
        raise DecodeError(f"dhcp: op {bootp.op}, hardware address of {bootp.hlen} octets")
    found = {
        "type": "dhcp",
        "op": bootp.op,
        "xid": bootp.xid,
        "client": mac_text(control.payload[28 : 28 + (bootp.hlen or 6)]),
        "yiaddr": bootp.yiaddr,
        "giaddr": bootp.giaddr,
        "message": None,
        "malformed": False,
    }
    options = bootp.getlayer(DHCP)
    if options is not None:
        _options(options.options, found, cut=control.cut)
        overload = found.pop("overload", 0)  # RFC 2132 section 9.3: bit 0 file, bit 1 sname
        for bit, start, end in ((1, 108, 236), (2, 44, 108)):
            if overload & bit:
                _options(DHCP(control.payload[start:end]).options, found, cut=control.cut)
        found.pop("overload", None)
    return found


def _options(options: object, found: Message, *, cut: bool) -> None:
    """The options that matter, added to `found`; a list given twice is one list (RFC 3396)."""
    for option in options if isinstance(options, list) else ():
        if option == "end":
            return
        if isinstance(option, bytes):
            found["malformed"] = not cut
            return
        if not isinstance(option, tuple) or len(option) < 2:
            continue
        name, *values = option
        if name in _LISTS:
            _addresses(found.setdefault(_LISTS[name], []), values)
        elif name in _SINGLE and isinstance(values[0], str):
            found[_SINGLE[name]] = values[0]
        elif name in _WORDS:
            found[_WORDS[name]] = _text(values[0])
        elif name == "message-type" and isinstance(values[0], int):
            found["message"] = _MESSAGE.get(values[0])
        elif name == "lease_time" and isinstance(values[0], int):
            found["lease_time_s"] = values[0]
        elif name == "dhcp-option-overload" and isinstance(values[0], int):
            found["overload"] = values[0] & 3


def _addresses(into: list[str], values: list[object]) -> None:
    """Option 6 may hold addresses one by one or in one value; whole addresses only."""
    for value in values[:_MOST]:
        if isinstance(value, str) and value not in into and len(into) < _MOST:
            into.append(value)


# --- DHCPv6 (RFC 8415) ---------------------------------------------------------------------------

_MESSAGE6 = {
    1: "solicit", 2: "advertise", 3: "request", 4: "confirm", 5: "renew", 6: "rebind", 7: "reply",
    8: "release", 9: "decline", 10: "reconfigure", 11: "information-request",
}  # fmt: skip
_RELAY = (12, 13)
_MAX_RELAYS = 8  # HOP_COUNT_LIMIT


def _dhcp6(control: Control) -> Message:
    payload, relayed = control.payload, False
    for _ in range(_MAX_RELAYS + 1):
        if not payload:
            raise DecodeError("dhcp6: no message")
        if payload[0] not in _RELAY:
            return _dhcp6_inner(payload, relayed)
        payload, relayed = _relay_message(payload), True
    raise DecodeError("dhcp6: more relays than RFC 8415 allows")


def _relay_message(payload: bytes) -> bytes:
    """The message inside a relay message: option 9 after the 34-octet header."""
    at = 34
    while at + 4 <= len(payload):
        code, length = _PAIR(payload, at)
        if code == 9:
            return payload[at + 4 : at + 4 + length]
        at += 4 + length
    raise DecodeError("dhcp6: a relay message with nothing in it")


_PAIR = Struct("!HH").unpack_from


def _dhcp6_inner(payload: bytes, relayed: bool) -> Message:
    from scapy.layers import dhcp6

    name = _MESSAGE6.get(payload[0])
    if name is None or len(payload) < 4:
        raise DecodeError(f"dhcp6: message type {payload[0]}")
    packet = getattr(dhcp6, dhcp6.dhcp6_cls_by_type[payload[0]])(payload)
    found: Message = {"type": "dhcp6", "message": name, "xid": packet.trid, "relayed": relayed}
    for key, option in (("duid", dhcp6.DHCP6OptServerId), ("client", dhcp6.DHCP6OptClientId)):
        layer = packet.getlayer(option)
        found[key] = bytes(layer.duid).hex() if layer is not None else None
    servers = packet.getlayer(dhcp6.DHCP6OptDNSServers)
    found["dns"] = [str(a) for a in servers.dnsservers[:_MOST]] if servers is not None else []
    return found


# --- router advertisements (RFC 4861, 8106) ------------------------------------------------------


def _ra(control: Control) -> Message:
    from scapy.layers import inet6

    if len(control.payload) < 16:
        raise TooShort(f"ra: {len(control.payload)} octets")
    packet = inet6.ICMPv6ND_RA(control.payload)
    prefixes: list[str] = []
    dns: list[str] = []
    layer, count = packet.payload, 0
    while layer and count < 64:
        if isinstance(layer, inet6.ICMPv6NDOptPrefixInfo):
            prefixes.append(f"{layer.prefix}/{layer.prefixlen}")
        elif isinstance(layer, inet6.ICMPv6NDOptRDNSS):
            dns.extend(str(a) for a in layer.dns)
        layer, count = layer.payload, count + 1
    return {
        "type": "ra",
        "lifetime_s": packet.routerlifetime,
        "prefixes": prefixes,
        "dns": dns[:_MOST],
    }


def _solicitation(control: Control) -> Message:
    target = control.payload[8:24] if control.kind == "ns" else b""
    return {"type": control.kind, "target": _address(target) if len(target) == 16 else None}


# --- spanning tree (IEEE 802.1D, 802.1w, Cisco PVST+) --------------------------------------------


def _bpdu(control: Control) -> Message:
    from scapy.layers.l2 import STP

    payload = control.payload
    if len(payload) < 4 or payload[:2] != b"\0\0":
        raise DecodeError(f"stp: {payload[:4].hex(' ')} is no BPDU")
    found: Message = {"type": "stp", "version": payload[2], "bpdu": payload[3], "vlan_id": None}
    if payload[3] == 0x80:  # topology change notification: nothing more
        return found
    if payload[3] not in (0, 2) or len(payload) < 35:
        raise DecodeError(f"stp: BPDU type {payload[3]:#x} of {len(payload)} octets")
    bpdu = STP(payload)
    found |= {
        "flags": bpdu.bpduflags,
        "priority": bpdu.rootid & 0xF000,
        "extension": bpdu.rootid & 0x0FFF,
        "root": bpdu.rootmac,
        "cost": bpdu.pathcost,
        "bridge": f"{bpdu.bridgeid}.{bpdu.bridgemac}",
    }
    if control.kind == "pvst" and payload[36:40] == b"\0\0\0\x02" and len(payload) >= 42:
        found["vlan_id"] = (payload[40] << 8 | payload[41]) & 0xFFF
    return found


_DECODERS: dict[str, Callable[[Control], Message]] = {
    "arp": _arp,
    "dhcp": _dhcp,
    "dhcp6": _dhcp6,
    "ra": _ra,
    "rs": _solicitation,
    "ns": _solicitation,
    "stp": _bpdu,
    "pvst": _bpdu,
    "lldp": lambda control: lldp(control.payload),
    "cdp": lambda control: cdp(control.payload),
    "loopback": lambda _control: {"type": "loopback"},
    "loop-probe": lambda control: loopprobe.parse(control.payload),
    "ssdp": lambda control: chatter.ssdp(control.payload),
    "mdns": lambda control: chatter.mdns(control.payload),
}
KINDS = tuple(_DECODERS)
"""The protocols that are decoded."""
