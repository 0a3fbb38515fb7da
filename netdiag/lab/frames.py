"""The bytes that the practice network's stations say: built and read by small pure functions.

Ethernet II and 802.3, IEEE 802.1Q, ARP (RFC 826), IPv4 (RFC 791), UDP, ICMP echo (RFC 792), DHCP
(RFC 2131, 2132), LLDP (IEEE 802.1AB) and 802.1D configuration BPDUs. Frames carry no frame check
sequence and are padded to 60 octets, as a network card hands them over. Addresses inside are
bytes; text is for people. A reader raises `DecodeError` and nothing else.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from netdiag.errors import DecodeError

BROADCAST = b"\xff" * 6
TPID = b"\x81\x00"
ETHERTYPE_IPV4 = b"\x08\x00"
ETHERTYPE_ARP = b"\x08\x06"
ETHERTYPE_LLDP = b"\x88\xcc"
LLDP_MULTICAST = bytes.fromhex("0180c200000e")
BPDU_MULTICAST = bytes.fromhex("0180c2000000")
ANY_IP = bytes(4)
ALL_IP = b"\xff" * 4
MIN_FRAME = 60
PROTOCOL_ICMP = 1
PROTOCOL_UDP = 17
_DHCP_COOKIE = bytes.fromhex("63825363")
_LLC_BPDU = bytes.fromhex("424203")


def mac_bytes(text: str) -> bytes:
    """`aa:bb:cc:dd:ee:ff` -> six bytes."""
    try:
        octets = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        octets = b""
    if len(octets) != 6:
        raise DecodeError(f"not a MAC address: {text!r}")
    return octets


def made_by(oui: str, tail: bytes) -> bytes:
    """A MAC of that maker (`aa:bb:cc`) with the last three octets `tail`."""
    return mac_bytes(f"{oui}{tail.hex()}")


def mac_text(mac: bytes) -> str:
    """Six bytes -> `aa:bb:cc:dd:ee:ff`."""
    return mac.hex(":")


def ip_bytes(text: str) -> bytes:
    """`10.0.0.1` -> four bytes."""
    return IPv4Address(text).packed


def ip_text(ip: bytes) -> str:
    """Four bytes -> `10.0.0.1`."""
    return ".".join(map(str, ip))


def pad(frame: bytes) -> bytes:
    """At least 60 octets, as IEEE 802.3 wants without the frame check sequence."""
    return frame if len(frame) >= MIN_FRAME else frame.ljust(MIN_FRAME, b"\0")


def ethernet(dst: bytes, src: bytes, ethertype: bytes, payload: bytes) -> bytes:
    """An untagged Ethernet II frame, padded."""
    return pad(dst + src + ethertype + payload)


def tag(frame: bytes, vlan: int) -> bytes:
    """The same frame with an 802.1Q tag of priority 0."""
    return frame[:12] + TPID + struct.pack("!H", vlan) + frame[12:]


def untag(frame: bytes) -> tuple[int | None, bytes]:
    """(VLAN or `None`, the frame without its tag)."""
    if frame[12:14] != TPID:
        return None, frame
    if len(frame) < 18:
        raise DecodeError("an 802.1Q tag that the frame ends in")
    return struct.unpack_from("!H", frame, 14)[0] & 0xFFF, frame[:12] + frame[16:]


def checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# --- ARP -----------------------------------------------------------------------------------------

ARP_REQUEST = 1
ARP_REPLY = 2


@dataclass(frozen=True, slots=True)
class Arp:
    """An ARP message for IPv4 over Ethernet."""

    operation: int
    sender_mac: bytes
    sender_ip: bytes
    target_mac: bytes
    target_ip: bytes


def encode_arp(arp: Arp, dst: bytes) -> bytes:
    """The frame; its source is the sender's MAC."""
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, arp.operation)
    body = arp.sender_mac + arp.sender_ip + arp.target_mac + arp.target_ip
    return ethernet(dst, arp.sender_mac, ETHERTYPE_ARP, head + body)


def decode_arp(frame: bytes) -> Arp:
    """The message of an untagged frame."""
    if frame[12:14] != ETHERTYPE_ARP or len(frame) < 42:
        raise DecodeError("not an ARP frame")
    if frame[14:20] != b"\0\x01\x08\0\x06\x04":
        raise DecodeError("ARP for other than IPv4 over Ethernet")
    operation = struct.unpack_from("!H", frame, 20)[0]
    return Arp(operation, frame[22:28], frame[28:32], frame[32:38], frame[38:42])


# --- IPv4, UDP, ICMP -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packet:
    """An IPv4 packet without options or fragments."""

    src: bytes
    dst: bytes
    protocol: int
    payload: bytes
    identification: int = 0
    ttl: int = 64


def encode_ipv4(packet: Packet) -> bytes:
    """Header with its checksum, then the payload."""
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(packet.payload), packet.identification & 0xFFFF, 0,
        packet.ttl, packet.protocol, 0, packet.src, packet.dst,
    )  # fmt: skip
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + packet.payload


def decode_ipv4(frame: bytes) -> Packet:
    """The packet of an untagged frame; padding behind it is cut off."""
    if frame[12:14] != ETHERTYPE_IPV4 or len(frame) < 34:
        raise DecodeError("not an IPv4 frame")
    length = struct.unpack_from("!H", frame, 16)[0]
    if frame[14] != 0x45 or not 20 <= length <= len(frame) - 14:
        raise DecodeError("an IPv4 header with options, or a length beyond the frame")
    if checksum(frame[14:34]):
        raise DecodeError("a wrong IPv4 header checksum")
    if struct.unpack_from("!H", frame, 20)[0] & 0x3FFF:
        raise DecodeError("an IPv4 fragment")
    return Packet(
        src=frame[26:30],
        dst=frame[30:34],
        protocol=frame[23],
        payload=frame[34 : 14 + length],
        identification=struct.unpack_from("!H", frame, 18)[0],
        ttl=frame[22],
    )


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram."""

    src_port: int
    dst_port: int
    payload: bytes


def encode_udp(datagram: Datagram, src: bytes, dst: bytes) -> bytes:
    """The datagram with the checksum over its pseudo header (RFC 768)."""
    length = 8 + len(datagram.payload)
    head = struct.pack("!HHHH", datagram.src_port, datagram.dst_port, length, 0)
    pseudo = src + dst + struct.pack("!HH", PROTOCOL_UDP, length)
    value = checksum(pseudo + head + datagram.payload) or 0xFFFF
    return head[:6] + struct.pack("!H", value) + datagram.payload


def decode_udp(packet: Packet) -> Datagram:
    """The datagram of a packet; a checksum of 0 means that the sender made none."""
    octets = packet.payload
    if packet.protocol != PROTOCOL_UDP or len(octets) < 8:
        raise DecodeError("not a UDP datagram")
    src_port, dst_port, length, value = struct.unpack_from("!HHHH", octets)
    if not 8 <= length <= len(octets):
        raise DecodeError("a UDP length beyond the packet")
    pseudo = packet.src + packet.dst + struct.pack("!HH", PROTOCOL_UDP, length)
    if value and checksum(pseudo + octets[:length]):
        raise DecodeError("a wrong UDP checksum")
    return Datagram(src_port, dst_port, octets[8:length])


ICMP_ECHO_REPLY = 0
ICMP_ECHO = 8


@dataclass(frozen=True, slots=True)
class Echo:
    """An ICMP echo request or reply."""

    type: int
    identifier: int
    sequence: int
    payload: bytes


def encode_echo(echo: Echo) -> bytes:
    """The ICMP message."""
    head = struct.pack("!BBHHH", echo.type, 0, 0, echo.identifier, echo.sequence)
    value = checksum(head + echo.payload)
    return head[:2] + struct.pack("!H", value) + head[4:] + echo.payload


def decode_echo(packet: Packet) -> Echo:
    """The echo request or reply of a packet."""
    octets = packet.payload
    if packet.protocol != PROTOCOL_ICMP or len(octets) < 8 or octets[1]:
        raise DecodeError("not an ICMP echo")
    if octets[0] not in (ICMP_ECHO, ICMP_ECHO_REPLY) or checksum(octets):
        raise DecodeError("another ICMP message, or a wrong checksum")
    identifier, sequence = struct.unpack_from("!HH", octets, 4)
    return Echo(octets[0], identifier, sequence, octets[8:])


# --- DHCP ----------------------------------------------------------------------------------------

DHCP_SERVER_PORT = 67
DHCP_CLIENT_PORT = 68
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = range(1, 8)
OPTION_MASK, OPTION_ROUTER, OPTION_DNS, OPTION_HOSTNAME = 1, 3, 6, 12
OPTION_REQUESTED, OPTION_LEASE, OPTION_TYPE, OPTION_SERVER = 50, 51, 53, 54
OPTION_PARAMETERS, OPTION_T1, OPTION_T2, OPTION_VENDOR, OPTION_CLIENT = 55, 58, 59, 60, 61
FLAG_BROADCAST = 0x8000


@dataclass(frozen=True, slots=True)
class Dhcp:
    """A DHCP message; options are (code, octets) in their order, without pad and end."""

    op: int
    xid: int
    chaddr: bytes
    options: tuple[tuple[int, bytes], ...]
    secs: int = 0
    flags: int = 0
    ciaddr: bytes = ANY_IP
    yiaddr: bytes = ANY_IP
    siaddr: bytes = ANY_IP
    giaddr: bytes = ANY_IP

    def option(self, code: int) -> bytes | None:
        """The octets of the first option of that code."""
        return next((octets for found, octets in self.options if found == code), None)

    @property
    def type(self) -> int | None:
        """The message type of option 53."""
        octets = self.option(OPTION_TYPE)
        return octets[0] if octets else None


def encode_dhcp(message: Dhcp) -> bytes:
    """The UDP payload, at least 300 octets long as BOOTP relays expect (RFC 1542)."""
    head = struct.pack(
        "!BBBBIHH4s4s4s4s16s64s128s", message.op, 1, 6, 0, message.xid, message.secs, message.flags,
        message.ciaddr, message.yiaddr, message.siaddr, message.giaddr, message.chaddr, b"", b"",
    )  # fmt: skip
    options = b"".join(bytes((code, len(octets))) + octets for code, octets in message.options)
    return (head + _DHCP_COOKIE + options + b"\xff").ljust(300, b"\0")


def decode_dhcp(octets: bytes) -> Dhcp:
    """The message of a UDP payload."""
    if len(octets) < 240 or octets[236:240] != _DHCP_COOKIE or octets[1:3] != b"\x01\x06":
        raise DecodeError("not a DHCP message over Ethernet")
    op, _, _, _, xid, secs, flags = struct.unpack_from("!BBBBIHH", octets)
    return Dhcp(
        op=op, xid=xid, secs=secs, flags=flags, chaddr=octets[28:34], options=_options(octets),
        ciaddr=octets[12:16], yiaddr=octets[16:20], siaddr=octets[20:24], giaddr=octets[24:28],
    )  # fmt: skip


def _options(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    found = []
    at = 240
    while at < len(octets) and octets[at] != 255:
        if octets[at] == 0:
            at += 1
            continue
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            raise DecodeError("a DHCP option that the message ends in")
        end = at + 2 + octets[at + 1]
        found.append((octets[at], octets[at + 2 : end]))
        at = end
    return tuple(found)


# --- LLDP ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lldp:
    """An LLDP data unit as a switch sends it: chassis id is a MAC, port id an interface name."""

    chassis_mac: bytes
    port_id: str
    ttl: int
    port_description: str
    sys_name: str
    system_description: str
    management_ip: bytes | None


def encode_lldp(unit: Lldp, src: bytes) -> bytes:
    """The frame to the nearest bridge."""
    values = [
        (1, b"\x04" + unit.chassis_mac),
        (2, b"\x05" + unit.port_id.encode()),
        (3, struct.pack("!H", unit.ttl)),
        (4, unit.port_description.encode()),
        (5, unit.sys_name.encode()),
        (6, unit.system_description.encode()),
        (7, struct.pack("!HH", 0x0004, 0x0004)),  # capable of and enabled for bridging
    ]
    if unit.management_ip is not None:
        # Address length 5 with its family 1 (IPv4), numbering by ifIndex (2) of no interface, no OID.
        values.append((8, b"\x05\x01" + unit.management_ip + b"\x02" + bytes(4) + b"\0"))
    values.append((0, b""))
    body = b"".join(struct.pack("!H", kind << 9 | len(value)) + value for kind, value in values)
    return ethernet(LLDP_MULTICAST, src, ETHERTYPE_LLDP, body)


def decode_lldp(frame: bytes) -> Lldp:
    """The data unit of a frame."""
    if frame[12:14] != ETHERTYPE_LLDP:
        raise DecodeError("not an LLDP frame")
    values = dict(_tlvs(frame))
    chassis, port, ttl = values.get(1, b""), values.get(2, b""), values.get(3, b"")
    if len(chassis) != 7 or chassis[0] != 4 or len(port) < 2 or port[0] != 5 or len(ttl) < 2:
        raise DecodeError("an LLDP unit without chassis MAC, interface name or time to live")
    address = values.get(8, b"")
    return Lldp(
        chassis_mac=chassis[1:],
        port_id=port[1:].decode(errors="replace"),
        ttl=struct.unpack("!H", ttl[:2])[0],
        port_description=values.get(4, b"").decode(errors="replace"),
        sys_name=values.get(5, b"").decode(errors="replace"),
        system_description=values.get(6, b"").decode(errors="replace"),
        management_ip=address[2:6] if address[:2] == b"\x05\x01" and len(address) >= 6 else None,
    )


def _tlvs(frame: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 14
    while at + 2 <= len(frame):
        head = struct.unpack_from("!H", frame, at)[0]
        kind, end = head >> 9, at + 2 + (head & 0x1FF)
        if kind == 0:
            return found
        if end > len(frame):
            raise DecodeError("an LLDP element that the frame ends in")
        found.append((kind, frame[at + 2 : end]))
        at = end
    return found


# --- spanning tree -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Bpdu:
    """A configuration BPDU's priority vector, ordered as 802.1D compares it: lower is better."""

    root_priority: int
    root_mac: bytes
    cost: int
    bridge_priority: int
    bridge_mac: bytes
    port: int


def encode_bpdu(bpdu: Bpdu, src: bytes) -> bytes:
    """The 802.3 frame with hello 2 s, max age 20 s, forward delay 15 s."""
    body = struct.pack(
        "!HBBBH6sIH6sHHHHH", 0, 0, 0, 0, bpdu.root_priority, bpdu.root_mac, bpdu.cost,
        bpdu.bridge_priority, bpdu.bridge_mac, bpdu.port, 0, 20 << 8, 2 << 8, 15 << 8,
    )  # fmt: skip
    content = _LLC_BPDU + body
    return pad(BPDU_MULTICAST + src + struct.pack("!H", len(content)) + content)


def decode_bpdu(frame: bytes) -> Bpdu:
    """The vector of a frame."""
    if len(frame) < 52 or frame[14:17] != _LLC_BPDU or frame[17:21] != bytes(4):
        raise DecodeError("not a configuration BPDU")
    return Bpdu(*struct.unpack_from("!H6sIH6sH", frame, 22))
