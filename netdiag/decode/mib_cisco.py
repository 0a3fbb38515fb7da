"""Cisco's own MIBs -> which VLANs have a context, trunks and access VLANs, ports closed by protection."""

from __future__ import annotations

from netdiag import platforms
from netdiag.decode import oids
from netdiag.decode.mib_view import View
from netdiag.model import ErrDisableCause, ErrDisabled

_ENABLED = (
    oids.TRUNK_VLANS_ENABLED,
    oids.TRUNK_VLANS_ENABLED_2K,
    oids.TRUNK_VLANS_ENABLED_3K,
    oids.TRUNK_VLANS_ENABLED_4K,
)
_LEGACY_VLANS = frozenset(range(1002, 1006))
"""FDDI and token ring by VTP's default; their contexts are empty, which is no error."""
_ETHERNET = 1
_TRUNKING = 1
_ERR_DISABLE_BIT = 10
"""portAdditionalOperStatus BITS: 0 other, 1 connected, 2 standby, 3 faulty, 4 notConnected, 5 inactive,
6 shutdown, 7 dripDis, 8 disabled, 9 monitor, 10 errdisable."""


def vtp_vlans(view: View) -> tuple[int, ...]:
    """The Ethernet VLANs of the VTP table, each of which may have a BRIDGE-MIB of its own."""
    types = view.integers(oids.VTP_VLAN_TYPE)
    found = set()
    for index in view.integers(oids.VTP_VLAN_STATE):  # a suspended one may still have entries
        kind = types.get(index)
        legacy = index[-1] in _LEGACY_VLANS if kind is None else kind != _ETHERNET
        if len(index) == 2 and 0 < index[1] <= 4094 and not legacy:
            found.add(index[1])
    return tuple(sorted(found))


def trunks(view: View) -> dict[int, bool]:
    """By ifIndex; vlanTrunkPortDynamicStatus lists the ports that could trunk."""
    return {
        i: status == _TRUNKING for i, status in view.by_number(oids.TRUNK_DYNAMIC_STATUS).items()
    }


def trunk_vlans(view: View) -> dict[int, frozenset[int]]:
    """The VLANs that a trunk lets through, by ifIndex: 128 octets each for 1024 VLANs, highest bit first."""
    found: dict[int, set[int]] = {}
    for thousand, column in enumerate(_ENABLED):
        for index, octets in view.octets_by_number(column).items():
            bits = int.from_bytes(octets, "big")
            width = 8 * len(octets)
            vlans = {1024 * thousand + n for n in range(width) if bits >> (width - 1 - n) & 1}
            found.setdefault(index, set()).update(vlans)
    return {index: frozenset(vlans - {0}) for index, vlans in found.items()}


def access_vlans(view: View) -> dict[int, int]:
    """vmVlan by ifIndex."""
    return {i: vlan for i, vlan in view.by_number(oids.VM_VLAN).items() if 0 < vlan <= 4094}


def err_disabled(view: View, platform: platforms.Platform | None) -> dict[int, ErrDisabled]:
    """By ifIndex: the rows of the *status* table; the feature table says only what is watched."""
    found = _catos(view)
    waits = view.integers(oids.ERR_DISABLE_TIME_TO_RECOVER)
    speaks = platform if platform and platform.err_disable_codes else platforms.get("cisco_ios")
    for index, code in sorted(view.integers(oids.ERR_DISABLE_CAUSE).items(), reverse=True):
        if len(index) != 2:
            view.wrong(oids.ERR_DISABLE_CAUSE, index, "an index that is not ifIndex and VLAN")
            continue
        word = speaks.err_disable_codes.get(code) if speaks else None
        vendor_cause = word or f"cause {code}"
        # the lowest VLAN comes last and stays: 0 is the whole port
        found[index[0]] = ErrDisabled(
            cause=speaks.cause(word) if speaks and word else ErrDisableCause.OTHER,
            vendor_cause=vendor_cause,
            vlan=index[1] or None,
            recovers_in_s=waits.get(index) or None,
        )
    return found


def _catos(view: View) -> dict[int, ErrDisabled]:
    """CISCO-STACK-MIB says that a port is closed, not why."""
    if_indexes = view.integers(oids.PORT_IF_INDEX)
    return {
        if_indexes[index]: ErrDisabled(ErrDisableCause.OTHER, "errdisable")
        for index, bits in view.octets(oids.PORT_ADDITIONAL_OPER_STATUS).items()
        if index in if_indexes and _bit(bits, _ERR_DISABLE_BIT)
    }


def _bit(octets: bytes, number: int) -> bool:
    """BITS (RFC 2578): bit 0 is the highest of the first octet."""
    return len(octets) > number // 8 and bool(octets[number // 8] >> (7 - number % 8) & 1)
