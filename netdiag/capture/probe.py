"""Asking the wire who serves: DHCPDISCOVER, DHCPv6 SOLICIT, router solicitation, ARP and loop probe.

Rules: no DHCPREQUEST but one that must be refused, so nothing is ever leased; one client address per
sensor, made up locally and always the same, so that no pool fills; at most 250 frames a second unless
told otherwise, half of what storm-control usually allows; scapy builds the frames.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from netdiag.capture import loopprobe
from netdiag.capture.analysis import Emit
from netdiag.capture.link import Control
from netdiag.errors import UsageError

FRAMES_PER_S = 250
_MINIMUM = 60
_GET_ADDRESS, _GET_HARDWARE = 0x8915, 0x8927  # SIOCGIFADDR, SIOCGIFHWADDR (netdevice(7))
_GRACE_S = 1.5
"""Added once when nobody at all offers a lease: many servers ping an address before they offer it."""
_NO_ADDRESS = str(IPv4Address(0))


@dataclass(frozen=True, slots=True)
class Question:
    """One frame to send, and how it is reported."""

    what: str
    """dhcp, dhcp6, ra, arp or loop."""
    vlan: int | None
    frame: bytes
    xid: int | None = None
    target: str | None = None
    mac: str | None = None
    """Who asks, where it is not the sensor's made-up address."""


def own_address(interface: str) -> tuple[str, str]:
    """The (MAC, IPv4 address) of a network interface.

    :raises UsageError: where it has no IPv4 address.
    """
    import fcntl

    name = interface.encode()[:15].ljust(256, b"\0")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            ip = fcntl.ioctl(asking, _GET_ADDRESS, name)[20:24]
            mac = fcntl.ioctl(asking, _GET_HARDWARE, name)[18:24]
    except OSError as exc:
        raise UsageError(
            f"an INFORM is asked from an address, and {interface} has no IPv4 address"
        ) from exc
    return mac.hex(":"), str(IPv4Address(ip))


def client_mac(interface: str) -> str:
    """This sensor's own made-up address: the same at every run, another on every interface."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        machine = socket.gethostname()
    digest = hashlib.sha256(f"netdiag {machine} {interface}".encode()).digest()
    return bytes((0x02, *digest[:5])).hex(":")


class Prober:
    """Sends its questions evenly, and those unanswered once more at half the window."""

    def __init__(
        self,
        questions: Sequence[Question],
        mac: str,
        window_s: float,
        emit: Emit,
        now: float,
        *,
        frames_per_s: float = FRAMES_PER_S,
    ) -> None:
        self._waiting = list(reversed(questions))
        self._again: list[Question] = list(questions)
        self._mac = mac
        self._emit = emit
        self._next = now
        self._pause_s = 1 / frames_per_s
        self._half_s, self._window_s = window_s / 2, window_s
        self._answered: set[tuple[str, object]] = set()
        self._dhcp = any(q.what == "dhcp" for q in questions)
        self.sent = 0
        self.end = now + len(questions) * self._pause_s + window_s
        """When the window has passed since the last of the first questions."""

    def due(self, now: float) -> Iterator[Question]:
        """The questions to send now."""
        if not self._waiting and self._again and now >= self.end - self._half_s:
            self._waiting = [q for q in reversed(self._again) if not self._is_answered(q)]
            self._again = []
        while self._waiting and now >= self._next:
            self._next = max(self._next, now - 0.1) + self._pause_s
            yield self._waiting.pop()

    def next(self, now: float) -> float:
        """Seconds until something may be due."""
        if self._waiting:
            return max(0.0, self._next - now)
        return max(0.0, self.end - self._half_s - now) if self._again else self._half_s

    def sending(self, question: Question, at: float) -> None:
        """Reports a question as it goes out."""
        self.sent += 1
        self._emit(
            {
                "type": "probe",
                "t": at,
                "what": question.what,
                "vlan": question.vlan,
                "xid": question.xid,
                "target": question.target,
                "mac": question.mac or self._mac,
            }
        )

    def hear(self, said: dict[str, Any], what: Control) -> bytes | None:
        """Notes an answer; gives back a frame to send at once where a server asks for us."""
        kind = said["type"]
        if kind == "dhcp" and said["op"] == 2:
            self._answered.add(("dhcp", said["xid"]))
        elif kind == "dhcp6" and said["message"] == "advertise":
            self._answered.add(("dhcp6", said["xid"]))
        elif kind == "loop-probe":  # one of ours came back: a second one would only feed the loop
            self._answered.add(("loop", said["xid"]))
        elif kind == "arp" and said["op"] == 2:
            self._answered.add(("arp", said["spa"]))
        elif kind == "ns" and said["target"] == link_local(self._mac) and what.src:
            vlans = said["vlans"]
            return _advertise(self._mac, what.src, vlans[0] if vlans else None)
        return None

    def extend(self) -> bool:
        """Whether to listen a little longer, before it is said that no DHCP server answers."""
        asked, self._dhcp = self._dhcp, False
        if not asked or any(what == "dhcp" for what, _ in self._answered):
            return False
        self.end += _GRACE_S
        return True

    def _is_answered(self, question: Question) -> bool:
        key: object = question.target if question.what == "arp" else question.xid
        return (question.what, key) in self._answered

    def sent_by_us(self, src: bytes) -> bool:
        """A frame of ours, come back."""
        return src.hex(":") == self._mac


def link_local(mac: str) -> str:
    """The address that a modified EUI-64 makes of a MAC (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    eui = bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + eui))


# --- the frames ----------------------------------------------------------------------------------


def questions(
    mac: str,
    vlans: Sequence[int | None],
    what: Sequence[str],
    xid: int,
    *,
    inform: tuple[str, str] | None = None,
) -> list[Question]:
    """Every question into every VLAN (`None`: untagged); transaction ids count up from `xid`.

    `inform`: this machine's own (MAC, IPv4 address); in the untagged VLAN it asks by INFORM, for which
    no server sets an address aside.
    """
    builders = {
        "dhcp": _discover,
        "dhcp-refusal": _refusable,
        "dhcp6": _solicit,
        "ra": _router_solicitation,
    }
    built = {name: bytes(builders[name](mac, 0)) for name in what if name in builders}
    asked = []
    for number, vlan in enumerate(vlans):
        for name in what:
            if name == "dhcp" and vlan is None and inform is not None:
                asked.append(_informed(*inform, xid + number & 0xFFFFFFFF))
                continue
            own = (xid + number) & (0xFFFFFF if name == "dhcp6" else 0xFFFFFFFF)
            plain = (
                loopprobe.build(mac, vlan, own)
                if name == "loop"
                else _numbered(name, built[name], own)
            )
            frame = _tagged(vlan, plain)
            asked.append(Question(name, vlan, frame, None if name == "ra" else own))
    return asked


_XID = {"dhcp": (34, 46, 4), "dhcp-refusal": (34, 46, 4), "dhcp6": (54, 63, 3)}
"""Where UDP and the transaction id begin, and the length of that."""


def _numbered(what: str, octets: bytes, xid: int) -> bytes:
    """A frame built for transaction 0, for another: hundreds of VLANs in milliseconds (RFC 1624)."""
    if what not in _XID:
        return octets
    udp, at, size = _XID[what]
    frame = bytearray(octets)
    frame[at : at + size] = xid.to_bytes(size, "big")
    total = 0xFFFF - int.from_bytes(frame[udp + 6 : udp + 8], "big")
    for place in range(udp + (at - udp & ~1), at + size, 2):
        total += 0xFFFF - int.from_bytes(octets[place : place + 2], "big")
        total += int.from_bytes(frame[place : place + 2], "big")
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    frame[udp + 6 : udp + 8] = (0xFFFF - total or 0xFFFF).to_bytes(2, "big")
    return bytes(frame)


def samples() -> list[bytes]:
    """One frame of each protocol that scapy decodes or builds, to try everything once."""
    from scapy.layers.dhcp6 import DUID_LL, DHCP6_Advertise, DHCP6OptDNSServers, DHCP6OptServerId
    from scapy.layers.dns import DNS, DNSRR
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
    from scapy.layers.l2 import LLC, STP, Dot3, Ether

    mac = "02:00:00:00:00:01"
    advertise = (
        Ether(src=mac, dst=mac)
        / IPv6(src="fe80::1", dst="fe80::2")
        / UDP(sport=547, dport=546)
        / DHCP6_Advertise(trid=1)
        / DHCP6OptServerId(duid=DUID_LL(lladdr=mac))
        / DHCP6OptDNSServers(dnsservers=["fe80::1"])
    )
    router = (
        Ether(src=mac, dst="33:33:00:00:00:01")
        / IPv6(src="fe80::1", dst="ff02::1", hlim=255)
        / ICMPv6ND_RA()
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8::", prefixlen=64)
    )
    bpdu = Dot3(src=mac, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()
    asked = questions(mac, [None], ["dhcp", "dhcp6", "ra", "loop"], 1) + arp_questions(
        mac, [("10.0.0.1", 1)]
    )
    named = (
        Ether(src=mac, dst="01:00:5e:00:00:fb")
        / IP(src="10.0.0.1", dst="224.0.0.251")
        / UDP(sport=5353, dport=5353)
        / DNS(qr=1, qd=[], an=DNSRR(rrname="a.local", type="A", rdata="10.0.0.1"))
    )
    neighbor = _advertise(mac, IPv6Address("fe80::2").packed, None)
    return [
        *(q.frame for q in asked),
        *(bytes(p) for p in (advertise, router, bpdu, named)),
        neighbor,
    ]


def arp_questions(mac: str, targets: Sequence[tuple[str, int | None]]) -> list[Question]:
    """ARP probes (RFC 5227): sender 0.0.0.0, so that nobody learns a false address."""
    from scapy.layers.l2 import ARP, Ether

    asked = []
    for ip, vlan in targets:
        body = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(
            op=1, hwsrc=mac, psrc=_NO_ADDRESS, hwdst="00:00:00:00:00:00", pdst=ip
        )
        asked.append(Question("arp", vlan, _tagged(vlan, body), target=ip))
    return asked


def _tagged(vlan: int | None, packet: Any) -> bytes:
    """The frame's octets, with an 802.1Q tag where a VLAN is given, padded to the minimum."""
    octets = bytes(packet)
    if vlan is not None:
        octets = octets[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + octets[12:]
    return octets.ljust(_MINIMUM, b"\0")


def _discover(mac: str, xid: int) -> Any:
    wanted = ("param_req_list", [1, 3, 6, 15, 28, 51, 54])
    return _dhcp(mac, xid, [("message-type", "discover"), ("vendor_class_id", b"netdiag"), wanted])


def _refusable(mac: str, xid: int) -> Any:
    """A client that comes from elsewhere with an address of no network (RFC 5737).

    A server that knows its segment refuses it (RFC 2131, 4.3.2), also when it has nothing to offer.
    """
    return _dhcp(mac, xid, [("message-type", "request"), ("requested_addr", "192.0.2.1")])


def _dhcp(mac: str, xid: int, options: list[Any]) -> Any:
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    hardware = bytes.fromhex(mac.replace(":", ""))
    return (
        Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
        / IP(src=_NO_ADDRESS, dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(op=1, htype=1, hlen=6, xid=xid, flags=0x8000, chaddr=hardware)
        / DHCP(options=[*options, "end"])
    )


def _informed(mac: str, ip: str, xid: int) -> Question:
    """DHCPINFORM (RFC 2131, 4.4.3): settings for who has an address already."""
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    hardware = bytes.fromhex(mac.replace(":", ""))
    frame = (
        Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
        / IP(src=ip, dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(op=1, htype=1, hlen=6, xid=xid, ciaddr=ip, chaddr=hardware)
        / DHCP(options=[("message-type", "inform"), ("param_req_list", [1, 3, 6, 15, 54]), "end"])
    )
    return Question("dhcp", None, _tagged(None, frame), xid, mac=mac)


def _solicit(mac: str, xid: int) -> Any:
    from scapy.layers.dhcp6 import (
        DUID_LL,
        DHCP6_Solicit,
        DHCP6OptClientId,
        DHCP6OptElapsedTime,
        DHCP6OptIA_NA,
        DHCP6OptOptReq,
    )
    from scapy.layers.inet import UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether

    return (
        Ether(src=mac, dst="33:33:00:01:00:02")
        / IPv6(src=link_local(mac), dst="ff02::1:2", hlim=1)
        / UDP(sport=546, dport=547)
        / DHCP6_Solicit(trid=xid)
        / DHCP6OptClientId(duid=DUID_LL(lladdr=mac))
        / DHCP6OptIA_NA(iaid=1)
        / DHCP6OptElapsedTime()
        / DHCP6OptOptReq(reqopts=[23, 24])
    )


def _router_solicitation(mac: str, _xid: int) -> Any:
    """From the unspecified address, so that the answer goes to all nodes (RFC 4861, 6.2.6)."""
    from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
    from scapy.layers.l2 import Ether

    return (
        Ether(src=mac, dst="33:33:00:00:00:02")
        / IPv6(src="::", dst="ff02::2", hlim=255)
        / ICMPv6ND_RS()
    )


def _advertise(mac: str, asker: bytes, vlan: int | None) -> bytes:
    """Our answer to a server that looks for our link-local address before it can answer us."""
    from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
    from scapy.layers.l2 import Ether

    own = link_local(mac)
    return _tagged(
        vlan,
        Ether(src=mac, dst="33:33:00:00:00:01")
        / IPv6(src=own, dst=str(IPv6Address(asker)), hlim=255)
        / ICMPv6ND_NA(tgt=own, R=0, S=1, O=1)
        / ICMPv6NDOptDstLLAddr(lladdr=mac),
    )
