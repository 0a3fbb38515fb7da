"""Link layers by `struct`: who sends to whom, under which VLAN tags, and which control protocol it is.

Rules: one look at the headers for every frame, nothing copied but the payload of control frames;
`None` for what is too short or of a link type not understood; never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from netdiag.capture import loopprobe
from netdiag.capture.container import Record

ETHERNET, NULL, RAW, IEEE80211, LOOP, LINUX_SLL = 1, 0, 101, 105, 108, 113
RADIOTAP, IPV4, IPV6, LINUX_SLL2 = 127, 228, 229, 276
UNICAST, BROADCAST, MULTICAST = 0, 1, 2
_TAGS = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_MAX_TAGS = 8
_BROADCAST = b"\xff" * 6
_U16, _PORTS = Struct("!H").unpack_from, Struct("!HH").unpack_from


@dataclass(slots=True)
class Frame:
    """The headers of one frame."""

    octets: bytes
    cast: int
    src: bytes
    dst: bytes
    """Empty where the link layer does not keep it (Linux cooked)."""
    vlans: tuple[int, ...]
    """Outer first; a priority tag (VLAN 0) is no VLAN."""
    ethertype: int
    """Below 1536: an IEEE 802.3 length."""
    start: int
    """Where the payload begins."""
    session: str | None = None
    cut: bool = False
    """Not all of it was captured: what is missing is not malformed."""


def frame(record: Record) -> Frame | None:
    """The frame's headers, or `None` where its link type is not understood or it is too short."""
    octets, link_type = record.octets, record.link_type
    if link_type == ETHERNET:
        found = _ethernet(octets)
    elif link_type in (LINUX_SLL, LINUX_SLL2):
        found = _cooked(octets, link_type)
    elif link_type in (RADIOTAP, IEEE80211):
        found = _wireless(octets, link_type)
    else:
        found = _bare(octets, link_type)
    if found is None:
        return None
    if record.vlan:
        found.vlans = (record.vlan, *found.vlans)
    found.cut = record.wire_length > len(octets)
    if found.ethertype == 0x8864:
        _session(found)
    return found


def _ethernet(octets: bytes) -> Frame | None:
    if len(octets) < 14:
        return None
    dst, src = octets[:6], octets[6:12]
    cast = UNICAST
    if dst[0] & 1:
        cast = BROADCAST if dst == _BROADCAST else MULTICAST
    vlans, ethertype, start = _tags(octets, 12)
    return Frame(octets, cast, src, dst, vlans, ethertype, start)


def _tags(octets: bytes, at: int) -> tuple[tuple[int, ...], int, int]:
    """VLAN tags from the EtherType at `at`: (tags, the EtherType below them, where that ends)."""
    ethertype: int = _U16(octets, at)[0]
    vlans: list[int] = []
    depth = 0
    while ethertype in _TAGS and len(octets) >= at + 6 and depth < _MAX_TAGS:
        number = _U16(octets, at + 2)[0] & 0xFFF
        if number:
            vlans.append(number)
        at += 4
        depth += 1
        ethertype = _U16(octets, at)[0]
    return tuple(vlans), ethertype, at + 2


def _cooked(octets: bytes, link_type: int) -> Frame | None:
    """LINKTYPE_LINUX_SLL and SLL2: no destination, but the kernel says what kind it was."""
    size = 16 if link_type == LINUX_SLL else 20
    if len(octets) < size:
        return None
    if link_type == LINUX_SLL:
        packet_type, length, address = _U16(octets)[0], _U16(octets, 4)[0], octets[6:14]
        protocol_at = 14
    else:
        packet_type, length, address = octets[10], octets[11], octets[12:20]
        protocol_at = 0
    cast = {1: BROADCAST, 2: MULTICAST}.get(packet_type, UNICAST)
    vlans: tuple[int, ...] = ()
    ethertype, start = _U16(octets, protocol_at)[0], size
    if ethertype in _TAGS and len(octets) >= size + 4:
        inner, ethertype, start = _tags(octets, size + 2)
        number = _U16(octets, size)[0] & 0xFFF
        vlans = (number, *inner) if number else inner
    src = address[:6] if length == 6 else b""
    return Frame(octets, cast, src, b"", vlans, ethertype, start)


def _wireless(octets: bytes, link_type: int) -> Frame | None:
    """An unencrypted IEEE 802.11 data frame with LLC/SNAP, as a wired frame."""
    at = octets[2] | octets[3] << 8 if link_type == RADIOTAP and len(octets) > 4 else 0
    if len(octets) < at + 24:
        return None
    control, flags = octets[at], octets[at + 1]
    if control & 0x0C != 0x08 or control & 0x40 or flags & 0x40:  # not data, no body, encrypted
        return None
    to_ds, from_ds = flags & 1, flags & 2
    address = [octets[at + n : at + n + 6] for n in (4, 10, 16)]
    size = 24
    if to_ds and from_ds:
        if len(octets) < at + 30:
            return None
        address.append(octets[at + 24 : at + 30])
        size = 30
    dst = address[2] if to_ds else address[0]
    src = address[3] if to_ds and from_ds else address[2] if from_ds else address[1]
    if control & 0x80:  # QoS data; with the order bit an HT control field follows
        size += 6 if flags & 0x80 else 2
    start = at + size
    if octets[start : start + 6] != b"\xaa\xaa\x03\0\0\0" or len(octets) < start + 8:
        return None
    cast = BROADCAST if dst == _BROADCAST else MULTICAST if dst[0] & 1 else UNICAST
    return Frame(octets, cast, src, dst, (), _U16(octets, start + 6)[0], start + 8)


def _bare(octets: bytes, link_type: int) -> Frame | None:
    """IP without a link layer: counted as unicast, addresses unknown."""
    start = 4 if link_type in (NULL, LOOP) else 0
    if link_type not in (NULL, LOOP, RAW, IPV4, IPV6) or len(octets) <= start:
        return None
    version = octets[start] >> 4
    if version not in (4, 6):
        return None
    return Frame(octets, UNICAST, b"", b"", (), 0x0800 if version == 4 else 0x86DD, start)


def _session(found: Frame) -> None:
    """PPPoE session (RFC 2516): the IP packet inside, marked as such."""
    at = found.start
    if len(found.octets) < at + 8:
        return
    inner = {0x0021: 0x0800, 0x0057: 0x86DD}.get(_U16(found.octets, at + 6)[0])
    if inner is not None:
        found.ethertype, found.start, found.session = inner, at + 8, "pppoe"


# --- which control protocol it is ----------------------------------------------------------------


@dataclass(slots=True)
class Control:
    """A frame that a decoder is to look at."""

    kind: str
    """arp, dhcp, dhcp6, ra, rs, ns, stp, lldp, cdp, loopback, loop-probe, ssdp or mdns."""
    payload: bytes
    """From the protocol's own first octet to its last (padding taken off where a length says so)."""
    src: bytes | None = None
    """The IP source address, 4 or 16 octets."""
    dst: bytes | None = None
    ttl: int | None = None
    cut: bool = False


def control(found: Frame) -> Control | None:
    """The control protocol in a frame, or `None` for ordinary traffic."""
    kind, octets, start = found.ethertype, found.octets, found.start
    if kind == 0x0800:
        return _ipv4(octets, start, cut=found.cut)
    if kind == 0x86DD:
        return _ipv6(octets, start, cut=found.cut)
    if kind == 0x0806:
        return Control("arp", octets[start:], cut=found.cut)
    if kind == 0x88CC:
        return Control("lldp", octets[start:], cut=found.cut)
    if kind == 0x9000:
        return Control("loopback", octets[start:], cut=found.cut)
    if kind == loopprobe.ETHERTYPE and octets[start : start + 6] == loopprobe.MAGIC:
        return Control("loop-probe", octets[start:], cut=found.cut)
    if kind < 1536 or kind == 0x0004:
        return _llc(found)
    return None


def _llc(found: Frame) -> Control | None:
    """IEEE 802.3 with LLC or SNAP: spanning tree (also Cisco's per VLAN) and CDP."""
    octets, start = found.octets, found.start
    if found.ethertype > 4:  # a length; 4 is how Linux cooked says 802.2
        octets = octets[: start + found.ethertype]
    head = octets[start : start + 8]
    if head[:3] == b"\x42\x42\x03":
        return Control("stp", octets[start + 3 :], cut=found.cut)
    if head == b"\xaa\xaa\x03\x00\x00\x0c\x01\x0b":
        return Control("pvst", octets[start + 8 :], cut=found.cut)
    if head == b"\xaa\xaa\x03\x00\x00\x0c\x20\x00":
        return Control("cdp", octets[start + 8 :], cut=found.cut)
    return None


def _ipv4(octets: bytes, start: int, *, cut: bool) -> Control | None:
    if len(octets) < start + 28 or octets[start + 9] != 17:
        return None
    size = (octets[start] & 15) * 4
    if size < 20 or _U16(octets, start + 6)[0] & 0x1FFF or len(octets) < start + size + 8:
        return None
    at = start + size
    kind = _service(octets, at, 67)
    if kind is None:
        return None
    length = _U16(octets, at + 4)[0]
    payload = octets[at + 8 : at + max(8, length)] if length else octets[at + 8 :]
    return Control(
        kind,
        payload,
        octets[start + 12 : start + 16],
        octets[start + 16 : start + 20],
        octets[start + 8],
        cut=cut or bool(_U16(octets, start + 6)[0] & 0x2000),
    )


_ND = {133: "rs", 134: "ra", 135: "ns"}


def _ipv6(octets: bytes, start: int, *, cut: bool) -> Control | None:
    if len(octets) < start + 48:
        return None
    length, following, hops = _U16(octets, start + 4)[0], octets[start + 6], octets[start + 7]
    at, end = start + 40, start + 40 + length
    while following in (0, 43, 60):  # hop-by-hop, routing, destination options
        if len(octets) < at + 8:
            return None
        following, at = octets[at], at + 8 + octets[at + 1] * 8
    src, dst = octets[start + 8 : start + 24], octets[start + 24 : start + 40]
    if len(octets) < at + 8:
        return None
    payload = octets[at:end]
    if following == 58 and octets[at] in _ND:
        return Control(_ND[octets[at]], payload, src, dst, hops, cut)
    kind = _service(octets, at, 546) if following == 17 else None
    return Control(kind, payload[8:], src, dst, hops, cut) if kind is not None else None


def _service(octets: bytes, at: int, dhcp: int) -> str | None:
    """Which protocol the UDP ports mean; DHCP's pair begins with `dhcp`."""
    source, port = _PORTS(octets, at)
    if port in (dhcp, dhcp + 1):
        return "dhcp" if dhcp == 67 else "dhcp6"
    if 1900 in (source, port):
        return "ssdp"
    return "mdns" if 5353 in (source, port) else None
