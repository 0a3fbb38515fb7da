"""Classic BPF programs (bpf(4), Linux's filter.txt): what the kernel counts, hands over or passes by.

Rules: pure; a load beyond the frame's end drops the frame, which is what is wanted of a frame too
short to decode; the kernel takes one VLAN tag off before a filter looks, further ones are stepped over.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from netdiag.capture import loopprobe

UNICAST, BROADCAST, MULTICAST = range(3)  # as in `link`
RARE, BULK = "rare", "bulk"
"""Classes of control frames: what servers, routers and switches say; what every station says."""
EVERY = 0xFFFFFFFF
"""As a chance: each frame of that kind."""

_WHOLE = 0x40000
_INSTRUCTION = Struct("HBBI")
_LD_W, _LD_H, _LD_B, _LD_IND_W, _LD_IND_H, _LD_IND_B = 0x20, 0x28, 0x30, 0x40, 0x48, 0x50
_LDX_IMM, _TAX, _TXA = 0x01, 0x07, 0x87
_ADD, _ADD_X, _AND, _SHIFT = 0x04, 0x0C, 0x54, 0x64
_JUMP, _EQUAL, _GREATER, _AT_LEAST, _BITS, _RETURN = 0x05, 0x15, 0x25, 0x35, 0x45, 0x06
_RANDOM = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
_INLINE_TAGS = 4

Line = tuple[int, int, str, str]
"""(operation, operand, label if true, label if false); "" is the next line."""


class _Program:
    """Lines and the labels between them; `assembled` is what SO_ATTACH_FILTER wants."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._labels: dict[str, int] = {}

    def do(self, operation: int, operand: int = 0, yes: str = "", no: str = "") -> None:
        self._lines.append((operation, operand, yes, no))

    def label(self, name: str) -> None:
        self._labels[name] = len(self._lines)

    def go(self, name: str) -> None:
        self.do(_JUMP, 0, name)

    def assembled(self) -> bytes:
        out = b""
        for at, (operation, operand, yes, no) in enumerate(self._lines):
            steps = [self._labels[name] - at - 1 if name else 0 for name in (yes, no)]
            if operation == _JUMP:
                out += _INSTRUCTION.pack(operation, 0, 0, steps[0])
            else:
                out += _INSTRUCTION.pack(operation, *steps, operand)
        return out


def counting(cast: int) -> bytes:
    """Accepts one octet of each frame of that cast: for a socket that is never read."""
    p = _Program()
    p.do(_LD_B, 0)
    if cast == UNICAST:
        p.do(_BITS, 1, "no", "yes")
    else:
        p.do(_BITS, 1, "", "no")
        _is_broadcast(p, *(("yes", "no") if cast == BROADCAST else ("no", "yes")))
    p.label("yes")
    p.do(_RETURN, 1)
    p.label("no")
    p.do(_RETURN, 0)
    return p.assembled()


def sample(chances: Mapping[int, int]) -> bytes:
    """Each cast's frames with its chance, of 2^32."""
    p = _Program()
    p.do(_LD_B, 0)
    p.do(_BITS, 1, "", "unicast")
    _is_broadcast(p, "broadcast", "multicast")
    for name, cast in (("unicast", UNICAST), ("broadcast", BROADCAST), ("multicast", MULTICAST)):
        p.label(name)
        p.do(_LD_W, _RANDOM)
        p.do(_GREATER, chances[cast], "no", "yes")
    p.label("yes")
    p.do(_RETURN, _WHOLE)
    p.label("no")
    p.do(_RETURN, 0)
    return p.assembled()


def control(chances: Mapping[str, int]) -> bytes:
    """The frames that `link.control` finds, each class with its chance, of 2^32."""
    p = _Program()
    _skip_tags(p)
    p.do(_LD_IND_H, 12)
    p.do(_EQUAL, 0x0806, "bulk")
    p.do(_EQUAL, 0x0800, "ipv4")
    p.do(_EQUAL, 0x86DD, "ipv6")
    p.do(_EQUAL, 0x88CC, "rare")
    p.do(_EQUAL, 0x9000, "rare")
    p.do(_EQUAL, 0x8864, "pppoe")
    p.do(_EQUAL, loopprobe.ETHERTYPE, "probe")
    p.do(_AT_LEAST, 1536, "no")
    _llc(p)
    p.label("probe")
    p.do(_LD_IND_W, 14)
    p.do(_EQUAL, int.from_bytes(loopprobe.MAGIC[:4], "big"), "rare", "no")
    _pppoe(p)
    _ipv4(p)
    _ipv6(p)
    for name in (RARE, BULK):
        p.label(name)
        p.do(_LD_W, _RANDOM)
        p.do(_GREATER, chances[name], "no", "yes")
    p.label("yes")
    p.do(_RETURN, _WHOLE)
    p.label("no")
    p.do(_RETURN, 0)
    return p.assembled()


def _is_broadcast(p: _Program, yes: str, no: str) -> None:
    p.do(_LD_W, 0)
    p.do(_EQUAL, 0xFFFFFFFF, "", no)
    p.do(_LD_H, 4)
    p.do(_EQUAL, 0xFFFF, yes, no)


def _skip_tags(p: _Program) -> None:
    """X becomes the length of the tags left in the frame."""
    p.do(_LDX_IMM, 0)
    for depth in range(_INLINE_TAGS):
        p.do(_LD_IND_H, 12)
        for tag in _TAGS:
            p.do(_EQUAL, tag, f"tag{depth}")
        p.go("untagged")
        p.label(f"tag{depth}")
        _advance(p, 4)
    p.label("untagged")


def _advance(p: _Program, octets: int) -> None:
    p.do(_TXA)
    p.do(_ADD, octets)
    p.do(_TAX)


def _llc(p: _Program) -> None:
    """BPDUs; PVST+ and CDP in SNAP."""
    p.do(_LD_IND_H, 14)
    p.do(_EQUAL, 0x4242, "rare")
    p.do(_LD_IND_W, 14)
    p.do(_EQUAL, 0xAAAA0300, "", "no")
    p.do(_LD_IND_H, 18)
    p.do(_EQUAL, 0x000C, "rare", "no")


def _pppoe(p: _Program) -> None:
    p.label("pppoe")
    p.do(_LD_IND_H, 20)
    p.do(_EQUAL, 0x0057, "session6")
    p.do(_EQUAL, 0x0021, "", "no")
    _advance(p, 8)
    p.go("ipv4")
    p.label("session6")
    _advance(p, 8)
    p.go("ipv6")


def _ipv4(p: _Program) -> None:
    """DHCP; what comes from a server's port is rare."""
    p.label("ipv4")
    p.do(_LD_IND_B, 23)
    p.do(_EQUAL, 17, "", "no")
    p.do(_LD_IND_H, 20)
    p.do(_BITS, 0x1FFF, "no")
    p.do(_LD_IND_B, 14)
    p.do(_AND, 15)
    p.do(_SHIFT, 2)
    p.do(_ADD_X)
    p.do(_TAX)
    p.do(_LD_IND_H, 16)
    p.do(_EQUAL, 67, "dhcp")
    p.do(_EQUAL, 68, "dhcp")
    _chatter(p, 16, 14)
    p.label("dhcp")
    p.do(_LD_IND_H, 14)
    p.do(_EQUAL, 67, "rare", "bulk")


def _chatter(p: _Program, *ports: int) -> None:
    """SSDP and mDNS, by either port."""
    for place in ports:
        p.do(_LD_IND_H, place)
        p.do(_EQUAL, 1900, "bulk")
        p.do(_EQUAL, 5353, "bulk")
    p.go("no")


def _ipv6(p: _Program) -> None:
    """DHCPv6, RS, RA, NS; what hides behind extension headers is for the decoder to find."""
    p.label("ipv6")
    p.do(_LD_IND_B, 20)
    for extension in (0, 43, 60):
        p.do(_EQUAL, extension, "bulk")
    p.do(_EQUAL, 58, "icmp6")
    p.do(_EQUAL, 17, "", "no")
    p.do(_LD_IND_H, 56)
    p.do(_EQUAL, 546, "dhcp6")
    p.do(_EQUAL, 547, "dhcp6")
    _chatter(p, 56, 54)
    p.label("dhcp6")
    p.do(_LD_IND_H, 54)
    p.do(_EQUAL, 547, "rare", "bulk")
    p.label("icmp6")
    p.do(_LD_IND_B, 54)
    p.do(_EQUAL, 134, "rare")
    p.do(_EQUAL, 133, "bulk")
    p.do(_EQUAL, 135, "bulk", "no")
