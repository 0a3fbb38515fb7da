"""BRIDGE-MIB and Q-BRIDGE-MIB -> learned addresses, spanning tree, VLANs of ports.

A bridge port is not an ifIndex, and an fdbId is not a VLAN: both are mapped through the device's own
tables, and what they do not map stays "not known". Port 0 is the bridge itself or an address of
unknown port (RFC 4188): such an entry has no interface and keeps its status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from netdiag.decode import mib_address, oids
from netdiag.decode.mib_if import Ports
from netdiag.decode.mib_view import Index, View
from netdiag.decode.oids import Oid
from netdiag.model import FdbEntry, Stp, StpPort

_FDB_STATUS = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt"}
_STP_STATE = {
    1: "disabled",
    2: "blocking",
    3: "listening",
    4: "learning",
    5: "forwarding",
    6: "broken",
}
_MAX_VLAN = 4094
# b"200000270def2240"
_PRINTED_BRIDGE_ID = re.compile(rb"^[0-9A-Fa-f]{16}$")


@dataclass(frozen=True, slots=True)
class BridgePorts:
    """Bridge port -> ifIndex -> interface name, as far as the device says."""

    if_indexes: Mapping[int, int]
    ports: Ports

    def if_index(self, port: int | None) -> int | None:
        """`None` for port 0 and for a port that is missing from dot1dBasePortTable."""
        return self.if_indexes.get(port) if port else None

    def name(self, port: int | None) -> str | None:
        """Without any ifTable the ifIndex itself is the name."""
        if_index = self.if_index(port)
        if if_index is not None and not self.ports.by_index:
            return str(if_index)
        return self.ports.name(if_index)


def bridge_ports(view: View, contexts: Mapping[int, View], ports: Ports) -> BridgePorts:
    """The device's map; VLAN contexts add the ports that only they list."""
    known: dict[int, int] = {}
    for source in (*contexts.values(), view):
        known.update(source.by_number(oids.BASE_PORT_IF_INDEX))
    return BridgePorts(known, ports)


# --- VLANs ---------------------------------------------------------------------------------------


def vlan_ids(view: View) -> frozenset[int]:
    """Every VLAN that Q-BRIDGE-MIB names as configured or current."""
    static = {index[0] for index, _ in view.column(oids.VLAN_STATIC_NAME) if len(index) == 1}
    current = {
        index[-1]
        for column in (oids.VLAN_FDB_ID, oids.VLAN_CURRENT_EGRESS)
        for index, _ in view.column(column)
        if len(index) in {1, 2}
    }
    return frozenset(vlan for vlan in static | current if 0 < vlan <= _MAX_VLAN)


def vlan_of_fdb(view: View, fdb_ids: frozenset[int]) -> dict[int, int]:
    """fdbId -> VLAN, only where it can be told.

    dot1qVlanFdbId says it, unless several VLANs share one fdbId. Where a device lacks that column,
    equal numbers are taken for the same thing only if every fdbId is a configured VLAN; a lone
    fdbId 1 beside several VLANs is shared learning (OmniSwitch), which hides the VLAN.
    """
    told: dict[int, set[int]] = {}
    for index, fdb_id in view.integers(oids.VLAN_FDB_ID).items():
        if len(index) in {1, 2} and 0 < index[-1] <= _MAX_VLAN:
            told.setdefault(fdb_id, set()).add(index[-1])
    if told:
        return {fdb_id: vlans.pop() for fdb_id, vlans in told.items() if len(vlans) == 1}
    vlans = vlan_ids(view)
    if fdb_ids <= vlans and (fdb_ids != {1} or vlans == {1}):
        return {fdb_id: fdb_id for fdb_id in fdb_ids}
    return {}


def pvids(view: View, known: BridgePorts) -> dict[int, int]:
    """The VLAN of untagged frames by ifIndex (dot1qPvid)."""
    return {
        if_index: vlan
        for port, vlan in view.by_number(oids.PVID).items()
        if 0 < vlan <= _MAX_VLAN and (if_index := known.if_index(port)) is not None
    }


def tagged_ports(view: View, known: BridgePorts) -> dict[int, bool]:
    """Whether a port carries tagged frames, by ifIndex, from the VLANs' egress and untagged ports."""
    egress = view.octets(oids.VLAN_CURRENT_EGRESS)
    untagged = view.octets(oids.VLAN_CURRENT_UNTAGGED)
    tagged: dict[int, bool] = {}
    for index in egress.keys() & untagged.keys():
        plain = _port_list(untagged[index])
        for port in _port_list(egress[index]):
            if_index = known.if_index(port)
            if if_index is not None:
                tagged[if_index] = tagged.get(if_index, False) or port not in plain
    return tagged


def trunk_vlans(view: View, known: BridgePorts) -> dict[int, frozenset[int]]:
    """The VLANs that leave by a port, tagged or not, by ifIndex (dot1qVlanCurrentEgressPorts)."""
    found: dict[int, set[int]] = {}
    for index, octets in view.octets(oids.VLAN_CURRENT_EGRESS).items():
        for port in _port_list(octets) if index and 0 < index[-1] <= _MAX_VLAN else ():
            if_index = known.if_index(port)
            if if_index is not None:
                found.setdefault(if_index, set()).add(index[-1])
    return {if_index: frozenset(vlans) for if_index, vlans in found.items()}


def _port_list(octets: bytes) -> frozenset[int]:
    """PortList (RFC 4363): the highest bit of the first octet is port 1."""
    return frozenset(
        8 * position + 8 - bit
        for position, octet in enumerate(octets)
        if octet
        for bit in range(8)
        if octet >> bit & 1
    )


# --- learned addresses ---------------------------------------------------------------------------


def fdb(view: View, contexts: Mapping[int, View], known: BridgePorts) -> tuple[FdbEntry, ...]:
    """One table out of Q-BRIDGE, the VLAN contexts and BRIDGE-MIB; the same entry counts once."""
    rows = [(mac, vlan, port, status) for mac, vlan, port, status in _q_rows(view)]
    for vlan, context in sorted(contexts.items()):
        seen = {(mac, port) for mac, of, port, _ in rows if of == vlan}
        rows += [(m, vlan, p, s) for m, p, s in _d_rows(context) if (m, p) not in seen]
    plain = _d_rows(view)
    places: dict[str, set[int | None]] = {}
    for mac, _, port, _ in rows if plain else ():
        places.setdefault(mac, set()).add(port)
    better: dict[str, int] = {}
    for mac, port, status in plain:
        elsewhere = places.get(mac)
        if elsewhere is None:
            rows.append((mac, None, port, status))
        elif port not in elsewhere and known.name(port) is not None and port is not None:
            if any(known.name(other) for other in elsewhere):
                rows.append((mac, None, port, status))
            else:
                better[mac] = port
    at_port = {at: (known.name(at), known.if_index(at)) for at in {row[2] for row in rows}}
    at_port |= {at: (known.name(at), known.if_index(at)) for at in better.values()}
    entries = [
        FdbEntry(mac, *at_port[better.get(mac, port)], vlan, status)
        for mac, vlan, port, status in rows
    ]
    return tuple(sorted(entries, key=lambda e: (e.vlan or 0, e.mac, e.if_index or 0)))


def _q_rows(view: View) -> list[tuple[str, int | None, int | None, str | None]]:
    """(MAC, VLAN, port, status) of dot1qTpFdbTable; index fdbId and six octets."""
    rows = _rows(view, oids.QFDB_PORT, oids.QFDB_STATUS, 7)
    vlans = vlan_of_fdb(view, frozenset(index[0] for index in rows))
    return [(mac, vlans.get(index[0]), port, status) for index, (mac, port, status) in rows.items()]


def _d_rows(view: View) -> list[tuple[str, int | None, str | None]]:
    """(MAC, port, status) of dot1dTpFdbTable; index six octets."""
    return list(_rows(view, oids.FDB_PORT, oids.FDB_STATUS, 6).values())


def _rows(
    view: View, port_column: Oid, status_column: Oid, size: int
) -> dict[Index, tuple[str, int | None, str | None]]:
    found, statuses = view.integers(port_column), view.integers(status_column)
    rows: dict[Index, tuple[str, int | None, str | None]] = {}
    for index in sorted(found):  # a status alone is a row that went away during the walk
        place = _fdb_index(index, size)
        mac = mib_address.mac(place[-6:])
        if mac is None:
            view.wrong(port_column, index, "an index that holds no MAC address")
        else:
            rows[place] = (mac, found[index], _FDB_STATUS.get(statuses.get(index, 0)))
    return rows


def _fdb_index(index: Index, size: int) -> Index:
    """The index without the length that ArubaOS-CX puts before the octets; empty if it is none."""
    if len(index) == size + 1 and index[size - 6] == 6:
        return (*index[: size - 6], *index[-6:])
    return index if len(index) == size else ()


# --- spanning tree -------------------------------------------------------------------------------


def stp(
    view: View, contexts: Mapping[int, View], known: BridgePorts, default_vlan: int | None
) -> tuple[Stp, ...]:
    """The default context's instance and, on devices with one a VLAN, those of the VLAN contexts."""
    by_vlan = {vlan: one for vlan, of in contexts.items() if (one := _stp(of, vlan, known))}
    base = _stp(view, default_vlan, known)
    first = (base,) if base and (not by_vlan or default_vlan not in by_vlan) else ()
    return (*first, *(by_vlan[vlan] for vlan in sorted(by_vlan)))


def _stp(view: View, vlan: int | None, known: BridgePorts) -> Stp | None:
    root = _bridge_id_octets(view)
    states = view.by_number(oids.STP_PORT_STATE)
    changes = view.integer(oids.STP_TOP_CHANGES)
    if root is None and not states and changes is None:
        return None
    own, root_port = view.octet_string(oids.BRIDGE_ADDRESS), view.integer(oids.STP_ROOT_PORT)
    designated = view.octets_by_number(oids.STP_PORT_DESIGNATED_BRIDGE)
    return Stp(
        vlan=vlan,
        root=_bridge_id(root),
        is_root=_is_root(root, own, root_port),
        root_port=known.name(root_port),
        topology_changes=changes,
        ports=tuple(
            StpPort(
                known.name(port),
                _STP_STATE.get(state),
                _role(port == root_port, state, designated.get(port), own),
            )
            for port, state in sorted(states.items())
        ),
    )


def _bridge_id_octets(view: View) -> bytes | None:
    """BridgeId: eight octets; FSOS prints them as sixteen hexadecimal digits."""
    octets = view.octet_string(oids.STP_DESIGNATED_ROOT)
    if octets is not None and _PRINTED_BRIDGE_ID.match(octets):
        octets = bytes.fromhex(octets.decode("ascii"))
    if octets is not None and len(octets) != 8:
        view.wrong(oids.STP_DESIGNATED_ROOT, (), octets)
        return None
    return octets


def _bridge_id(octets: bytes | None) -> str | None:
    """Priority and MAC; an all-zero one is what agents say while spanning tree is off."""
    if octets is None or not any(octets):
        return None
    return f"{int.from_bytes(octets[:2], 'big')}.{mib_address.mac(octets[2:])}"


def _is_root(root: bytes | None, own: bytes | None, root_port: int | None) -> bool | None:
    if root is None or not any(root[2:]):
        return None
    if own is not None and len(own) == 6 and own == root[2:]:
        return True
    return None if root_port is None else root_port == 0


def _role(
    is_root_port: bool, state: int, designated: bytes | None, own: bytes | None
) -> str | None:
    """BRIDGE-MIB has no role: the port's designated bridge tells it (IEEE 802.1D)."""
    if state == 1:
        return "disabled"
    if is_root_port:
        return "root"
    if designated is None or own is None or len(designated) != 8 or not any(designated):
        return None
    ours = designated[2:] == own
    if state in {2, 6}:
        return "backup" if ours else "alternate"
    return "designated" if ours else None
