"""Cisco's own MIBs of a live switch: VTP's VLANs, access VLANs, trunks, closed ports."""

from __future__ import annotations

from collections.abc import Iterator

from netdiag.lab.ber import integer, octets, unsigned
from netdiag.lab.state import DEFAULT_VLANS, State
from netdiag.lab.view import Entry

_CISCO = (1, 3, 6, 1, 4, 1, 9, 9)
_VTP_VLAN = (*_CISCO, 46, 1, 3, 1, 1)
_TRUNK = (*_CISCO, 46, 1, 6, 1, 1)
_MEMBERSHIP = (*_CISCO, 68, 1, 2, 2, 1)
ERR_DISABLE = (*_CISCO, 548)
ERR_DISABLE_CAUSE = (*ERR_DISABLE, 1, 3, 1, 1, 2)
_ERR_DISABLE_TIME = (*ERR_DISABLE, 1, 3, 1, 1, 3)
_GAUGE32 = 0x42
_OTHER_CAUSE = 36
# CErrDisableFeatureID of CISCO-ERR-DISABLE-MIB, by the command line's word.
_CAUSES = {
    "udld": 1,
    "bpduguard": 2,
    "channel-misconfig": 3,
    "pagp-flap": 4,
    "dtp-flap": 5,
    "link-flap": 6,
    "l2ptguard": 7,
    "security-violation": 8,
    "psecure-violation": 9,
    "gbic-invalid": 10,
    "dhcp-rate-limit": 11,
    "unicast-flood": 12,
    "vmps": 13,
    "storm-control": 14,
    "inline-power": 15,
    "arp-inspection": 16,
    "loopback": 17,
    "mac-limit": 19,
    "loopdetect": 62,
}
_OLD_VLANS = {1002: ("fddi-default", 2), 1003: ("token-ring-default", 3)}
_OLD_VLANS |= {1004: ("fddinet-default", 4), 1005: ("trnet-default", 5)}


def cause_code(word: str) -> int:
    """The MIB's number for the command line's word; 36 (other) for one it does not know."""
    return _CAUSES.get(word, _OTHER_CAUSE)


def vlan_name(vlan: int) -> str:
    """The name that IOS gives a VLAN which nobody named."""
    if vlan in _OLD_VLANS:
        return _OLD_VLANS[vlan][0]
    return "default" if vlan == 1 else f"VLAN{vlan:04d}"


def entries(state: State) -> Iterator[Entry]:
    """All Cisco tables."""
    yield from _vtp(state)
    yield from _ports(state)
    yield from _err_disabled(state)


def _vtp(state: State) -> Iterator[Entry]:
    """vtpVlanTable, index management domain (1) and VLAN: state operational, type, name."""
    for vlan in sorted({1, *state.vlans, *DEFAULT_VLANS}):
        yield (*_VTP_VLAN, 2, 1, vlan), integer(1)
        yield (*_VTP_VLAN, 3, 1, vlan), integer(_OLD_VLANS[vlan][1] if vlan in _OLD_VLANS else 1)
        yield (*_VTP_VLAN, 4, 1, vlan), octets(vlan_name(vlan))


def _ports(state: State) -> Iterator[Entry]:
    """vmMembershipTable for access ports; vlanTrunkPortTable for all."""
    trunking, not_trunking = 1, 2
    for port in state.ports:
        index, trunk = port.if_index, port.access_vlan is None
        if port.access_vlan is not None:
            yield (*_MEMBERSHIP, 1, index), integer(1)
            yield (*_MEMBERSHIP, 2, index), integer(port.access_vlan)
            yield (*_MEMBERSHIP, 3, index), integer(2 if port.carrier else 1)
        yield (*_TRUNK, 3, index), integer(4)
        yield (*_TRUNK, 4, index), octets(_vlan_bits(port.trunk_vlans))
        yield (*_TRUNK, 5, index), integer(1)
        yield (*_TRUNK, 13, index), integer(1 if trunk else 2)
        is_trunking = trunk and port.carrier
        yield (*_TRUNK, 14, index), integer(trunking if is_trunking else not_trunking)


def _vlan_bits(vlans: tuple[int, ...]) -> bytes:
    """vlanTrunkPortVlansEnabled: 128 octets, the first bit is VLAN 0."""
    bits = bytearray(128)
    for vlan in vlans:
        if vlan < 1024:
            bits[vlan // 8] |= 0x80 >> vlan % 8
    return bytes(bits)


def _err_disabled(state: State) -> Iterator[Entry]:
    """cErrDisableIfStatusTable: a row only while the port is closed; VLAN 0 is the whole port."""
    yield (*ERR_DISABLE, 1, 1, 1, 0), unsigned(_GAUGE32, 300)
    yield (*ERR_DISABLE, 1, 1, 2, 0), integer(1)
    for port in state.ports:
        if port.err_disabled is None:
            continue
        left = 0 if port.recovers_at is None else max(0, round(port.recovers_at - state.now))
        yield (*ERR_DISABLE_CAUSE, port.if_index, 0), integer(cause_code(port.err_disabled))
        yield (*_ERR_DISABLE_TIME, port.if_index, 0), unsigned(_GAUGE32, left)
