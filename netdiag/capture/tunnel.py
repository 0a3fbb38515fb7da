"""Mirrored and tunnelled traffic: the Ethernet frame that another frame carries.

Rules: VXLAN (RFC 7348), GRE with transparent Ethernet (RFC 2784, 2890), ERSPAN types I, II and III;
what is not one of these, is cut short, or is a later fragment carries nothing. Never an exception.
"""

from __future__ import annotations

from dataclasses import replace
from struct import Struct

from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET, frame

_U16, _U32 = Struct("!H").unpack_from, Struct("!I").unpack_from
_VXLAN_PORTS = (4789, 8472)  # IANA's, and Linux' default from before it
_TEB, _ERSPAN, _ERSPAN3 = 0x6558, 0x88BE, 0x22EB
_MAX_DEPTH = 4


def innermost(record: Record) -> Record:
    """The frame inside, or the record itself where it carries none."""
    for _ in range(_MAX_DEPTH):
        inside = _inside(record)
        if inside is None:
            break
        record = inside
    return record


def _inside(record: Record) -> Record | None:
    found = frame(record)
    if found is None:
        return None
    octets, at = found.octets, found.start
    if found.ethertype == 0x0800:
        protocol, at = _ipv4(octets, at)
    elif found.ethertype == 0x86DD and len(octets) >= at + 40:
        protocol, at = octets[at + 6], at + 40
    else:
        return None
    if protocol == 17 and len(octets) >= at + 16:
        return _vxlan(record, at)
    if protocol == 47 and len(octets) >= at + 4:
        return _gre(record, at)
    return None


def _ipv4(octets: bytes, at: int) -> tuple[int | None, int]:
    if len(octets) < at + 20 or octets[at] & 15 < 5 or _U16(octets, at + 6)[0] & 0x1FFF:
        return None, at
    return octets[at + 9], at + (octets[at] & 15) * 4


def _vxlan(record: Record, at: int) -> Record | None:
    octets = record.octets
    if _U16(octets, at + 2)[0] not in _VXLAN_PORTS or not octets[at + 8] & 0x08:
        return None
    return _carried(record, at + 16)


def _gre(record: Record, at: int) -> Record | None:
    octets = record.octets
    flags, protocol = _U16(octets, at)[0], _U16(octets, at + 2)[0]
    if flags & 0x4007:  # routing, which nobody sends, or another version
        return None
    at += 4 + 4 * sum(bool(flags & bit) for bit in (0x8000, 0x2000, 0x1000))
    if protocol == _TEB:
        return _carried(record, at)
    if protocol == _ERSPAN and not flags & 0x1000:  # type I: no header of its own
        return _carried(record, at)
    if protocol == _ERSPAN and len(octets) >= at + 8 and octets[at] >> 4 == 1:
        return _carried(record, at + 8, _U16(octets, at)[0] & 0xFFF)
    if protocol == _ERSPAN3 and len(octets) >= at + 12 and octets[at] >> 4 == 2:
        more = 8 if _U32(octets, at + 8)[0] & 1 else 0  # the platform's own subheader
        return _carried(record, at + 12 + more, _U16(octets, at)[0] & 0xFFF)
    return None


def _carried(record: Record, at: int, vlan: int | None = None) -> Record | None:
    """The frame from `at` on; `vlan` is where the mirror saw it, unless the frame says so itself."""
    octets = record.octets[at:]
    if len(octets) < 14:
        return None
    length = max(record.wire_length - at, len(octets))
    inner = Record(record.at, ETHERNET, length, octets)
    own = frame(inner)
    return replace(inner, vlan=vlan or None) if own is not None and not own.vlans else inner
