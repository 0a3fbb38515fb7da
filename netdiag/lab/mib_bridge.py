"""BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363) of a live switch.

BRIDGE-MIB shows one VLAN: the one of the community or context, else VLAN 1, as on a Catalyst.
Q-BRIDGE-MIB shows all VLANs and stands on the base community alone; its fdbId is the VLAN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netdiag.lab.ber import COUNTER32, TIME_TICKS, integer, octets, unsigned
from netdiag.lab.dataplane import MacView, PortView
from netdiag.lab.state import State, mac_octets
from netdiag.lab.view import Entry

_BRIDGE = (1, 3, 6, 1, 2, 1, 17)
_Q_BRIDGE = (*_BRIDGE, 7, 1)
_LEARNED = 3
_STP_STATES = {
    "disabled": 1,
    "blocking": 2,
    "listening": 3,
    "learning": 4,
    "forwarding": 5,
    "broken": 6,
}
_NO_ROOT = (0, "00:00:00:00:00:00")


def entries(state: State, vlan: int | None) -> Iterator[Entry]:
    """The bridge tables of one VLAN; with `None` also those that show all VLANs."""
    shown = 1 if vlan is None else vlan
    yield (*_BRIDGE, 1, 1, 0), octets(mac_octets(state.mac))
    yield (*_BRIDGE, 1, 2, 0), integer(len(state.ports))
    yield (*_BRIDGE, 1, 3, 0), integer(2)
    yield (*_BRIDGE, 4, 2, 0), integer(300)
    ports = [p for p in state.ports if vlan is None or _carries(p, vlan)]
    for port in ports:
        number = state.base_ports[port.name]
        yield (*_BRIDGE, 1, 4, 1, 1, number), integer(number)
        yield (*_BRIDGE, 1, 4, 1, 2, number), integer(port.if_index)
    yield from _fdb(state, shown)
    if shown in state.vlans:
        yield from _stp(state, shown, ports)
    if vlan is None:
        yield from _q_bridge(state)


def _carries(port: PortView, vlan: int) -> bool:
    return port.access_vlan == vlan if port.access_vlan is not None else vlan in port.trunk_vlans


def _key(entry: MacView) -> tuple[int, ...]:
    return tuple(mac_octets(entry.mac))


def _fdb(state: State, vlan: int) -> Iterator[Entry]:
    """dot1dTpFdbTable of one VLAN."""
    table = (*_BRIDGE, 4, 3, 1)
    for entry in state.fdb:
        if entry.vlan == vlan:
            key = _key(entry)
            yield (*table, 1, *key), octets(bytes(key))
            yield (*table, 2, *key), integer(state.base_ports.get(entry.port, 0))
            yield (*table, 3, *key), integer(_LEARNED)


def _stp(state: State, vlan: int, ports: Sequence[PortView]) -> Iterator[Entry]:
    """dot1dStp and its port table; an all-zero root where the switch runs no spanning tree."""
    priority, mac, root_port = state.stp_root(vlan)
    root = priority.to_bytes(2, "big") + mac_octets(mac)
    stp = (*_BRIDGE, 2)
    scalars = {
        1: integer(3),
        2: integer(32768 + vlan),
        3: unsigned(TIME_TICKS, state.ticks),
        4: unsigned(COUNTER32, 0),
        5: octets(root),
        6: integer(4 if root_port else 0),
        7: integer(state.base_ports.get(root_port, 0) if root_port else 0),
        8: integer(2000),
        9: integer(200),
        10: integer(100),
        11: integer(1500),
    }
    yield from (((*stp, number, 0), value) for number, value in scalars.items())
    if (priority, mac) == _NO_ROOT:
        return
    for port in ports:
        number = state.base_ports[port.name]
        yield (*stp, 15, 1, 1, number), integer(number)
        yield (*stp, 15, 1, 2, number), integer(128)
        yield (*stp, 15, 1, 3, number), integer(_STP_STATES.get(port.stp_state, 1))
        yield (*stp, 15, 1, 4, number), integer(1)
        yield (*stp, 15, 1, 5, number), integer(4)
        yield (*stp, 15, 1, 6, number), octets(root)


def _q_bridge(state: State) -> Iterator[Entry]:
    yield (*_Q_BRIDGE, 1, 1, 0), integer(1)
    fdb = (*_Q_BRIDGE, 2, 2, 1)
    for entry in state.fdb:
        key = (entry.vlan, *_key(entry))
        yield (*fdb, 2, *key), integer(state.base_ports.get(entry.port, 0))
        yield (*fdb, 3, *key), integer(_LEARNED)
    current = (*_Q_BRIDGE, 4, 2, 1)
    for vlan in state.vlans:
        learned = sum(entry.vlan == vlan for entry in state.fdb)
        yield (*_Q_BRIDGE, 2, 1, 1, 2, vlan), unsigned(COUNTER32, learned)
        yield (*current, 3, 0, vlan), unsigned(0x42, vlan)
        yield (*current, 4, 0, vlan), octets(_port_list(state, vlan, tagged=True))
        yield (*current, 5, 0, vlan), octets(_port_list(state, vlan, tagged=False))
        yield (*current, 6, 0, vlan), integer(2)
        yield (*_Q_BRIDGE, 4, 3, 1, 1, vlan), octets(f"VLAN{vlan:04d}")
        yield (*_Q_BRIDGE, 4, 3, 1, 5, vlan), integer(1)
    for port in state.ports:
        if port.access_vlan is not None:
            number = state.base_ports[port.name]
            yield (*_Q_BRIDGE, 4, 5, 1, 1, number), unsigned(0x42, port.access_vlan)


def _port_list(state: State, vlan: int, *, tagged: bool) -> bytes:
    """PortList (RFC 4363): bit n, from the left, is bridge port n; with `tagged` the trunks too."""
    bits = bytearray((len(state.ports) + 7) // 8)
    for port in state.ports:
        member = port.access_vlan == vlan or (tagged and _carries(port, vlan))
        if member:
            place = state.base_ports[port.name] - 1
            bits[place // 8] |= 0x80 >> place % 8
    return bytes(bits)
