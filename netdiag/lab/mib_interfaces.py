"""SNMPv2-MIB system, IF-MIB, EtherLike-MIB and IP-MIB of a live switch."""

from __future__ import annotations

from collections.abc import Iterator

from netdiag.lab import ber
from netdiag.lab.ber import COUNTER32, COUNTER64, GAUGE32, TIME_TICKS, integer, octets, unsigned
from netdiag.lab.dataplane import PortView
from netdiag.lab.state import State, mac_octets, svi_index
from netdiag.lab.view import Entry
from netdiag.names import short_name

IF_TABLE = (1, 3, 6, 1, 2, 1, 2, 2, 1)
_SYSTEM = (1, 3, 6, 1, 2, 1, 1)
_IFX = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1)
_DOT3 = (1, 3, 6, 1, 2, 1, 10, 7, 2, 1)
_IP_ADDRESS_TABLE = (1, 3, 6, 1, 2, 1, 4, 20, 1)
_NET_TO_MEDIA = (1, 3, 6, 1, 2, 1, 4, 22, 1)
_UP, _DOWN = 1, 2


def entries(state: State) -> Iterator[Entry]:
    """All tables of this module."""
    yield from system(state)
    yield from interfaces(state)
    yield from ethernet(state)
    yield from addresses(state)


def system(state: State) -> Iterator[Entry]:
    """SNMPv2-MIB system group."""
    values = (
        octets(state.model.sys_descr),
        ber.object_id(ber.parse_oid(state.model.sys_object_id)),
        unsigned(TIME_TICKS, state.ticks),
        octets("netdiag practice network"),
        octets(state.name),
        octets(""),
        integer(6),
    )
    for column, value in enumerate(values, 1):
        yield (*_SYSTEM, column, 0), value


def interfaces(state: State) -> Iterator[Entry]:
    """IF-MIB ifTable and ifXTable: the ports, then the VLAN interfaces."""
    yield (1, 3, 6, 1, 2, 1, 2, 1, 0), integer(len(state.ports) + len(state.svis()))
    for port in state.ports:
        yield from _port_rows(state, port)
    for name in state.svis():
        yield from _svi_rows(state, name)


def _port_rows(state: State, port: PortView) -> Iterator[Entry]:
    count, index = port.counters, port.if_index
    oper = _UP if port.carrier and port.admin_up and not port.err_disabled else _DOWN
    row = {
        1: integer(index),
        2: octets(port.name),
        3: integer(6),
        4: integer(port.mtu),
        5: unsigned(GAUGE32, min(port.speed_bps, 0xFFFFFFFF)),
        6: octets(mac_octets(port.mac)),
        7: integer(_UP if port.admin_up else _DOWN),
        8: integer(oper),
        9: unsigned(TIME_TICKS, state.ticks_at(port.last_change)),
        10: unsigned(COUNTER32, count.in_octets),
        11: unsigned(COUNTER32, count.in_unicast),
        12: unsigned(COUNTER32, count.in_broadcast + count.in_multicast),
        13: unsigned(COUNTER32, count.in_discards),
        14: unsigned(COUNTER32, count.in_errors),
        15: unsigned(COUNTER32, 0),
        16: unsigned(COUNTER32, count.out_octets),
        17: unsigned(COUNTER32, count.out_unicast),
        18: unsigned(COUNTER32, count.out_broadcast + count.out_multicast),
        19: unsigned(COUNTER32, count.out_discards),
        20: unsigned(COUNTER32, count.out_errors),
    }
    extended = {
        1: octets(short_name(port.name)),
        2: unsigned(COUNTER32, count.in_multicast),
        3: unsigned(COUNTER32, count.in_broadcast),
        4: unsigned(COUNTER32, count.out_multicast),
        5: unsigned(COUNTER32, count.out_broadcast),
        6: unsigned(COUNTER64, count.in_octets),
        7: unsigned(COUNTER64, count.in_unicast),
        8: unsigned(COUNTER64, count.in_multicast),
        9: unsigned(COUNTER64, count.in_broadcast),
        10: unsigned(COUNTER64, count.out_octets),
        11: unsigned(COUNTER64, count.out_unicast),
        12: unsigned(COUNTER64, count.out_multicast),
        13: unsigned(COUNTER64, count.out_broadcast),
        14: integer(1),
        15: unsigned(GAUGE32, port.speed_bps // 1_000_000),
        16: integer(2),
        17: integer(1),
        18: octets(port.alias),
        19: unsigned(TIME_TICKS, 0),
    }
    yield from (((*IF_TABLE, column, index), value) for column, value in row.items())
    yield from (((*_IFX, column, index), value) for column, value in extended.items())


def _svi_rows(state: State, name: str) -> Iterator[Entry]:
    """A VLAN interface: propVirtual, no counters of its own here."""
    index = svi_index(name) or 0
    row = {
        1: integer(index),
        2: octets(name),
        3: integer(53),
        4: integer(1500),
        5: unsigned(GAUGE32, 1_000_000_000),
        6: octets(mac_octets(state.mac)),
        7: integer(_UP),
        8: integer(_UP),
        9: unsigned(TIME_TICKS, 0),
    }
    extended = {
        1: octets(short_name(name)),
        15: unsigned(GAUGE32, 1000),
        17: integer(2),
        18: octets(""),
        19: unsigned(TIME_TICKS, 0),
    }
    yield from (((*IF_TABLE, column, index), value) for column, value in row.items())
    yield from (((*_IFX, column, index), value) for column, value in extended.items())


def ethernet(state: State) -> Iterator[Entry]:
    """EtherLike-MIB dot3StatsTable: FCS errors and duplex (2 half, 3 full, 1 unknown while down)."""
    for port in state.ports:
        yield (*_DOT3, 1, port.if_index), integer(port.if_index)
        yield (*_DOT3, 2, port.if_index), unsigned(COUNTER32, 0)
        yield (*_DOT3, 3, port.if_index), unsigned(COUNTER32, port.counters.fcs_errors)
        yield (*_DOT3, 8, port.if_index), unsigned(COUNTER32, port.counters.late_collisions)
        yield (*_DOT3, 13, port.if_index), unsigned(COUNTER32, port.counters.too_long)
        half = 2 if port.duplex == "half" else 3
        yield (*_DOT3, 19, port.if_index), integer(half if port.carrier else 1)


def addresses(state: State) -> Iterator[Entry]:
    """IP-MIB: its own management address, and ipNetToMediaTable where it routes."""
    own = tuple(int(part) for part in state.management_ip.split("."))
    yield (*_IP_ADDRESS_TABLE, 1, *own), ber.ip_address(state.management_ip)
    dynamic = 3
    for entry in state.arp:
        index = svi_index(entry.interface)
        if index is None:
            continue
        key = (index, *(int(part) for part in entry.ip.split(".")))
        yield (*_NET_TO_MEDIA, 1, *key), integer(index)
        yield (*_NET_TO_MEDIA, 2, *key), octets(mac_octets(entry.mac))
        yield (*_NET_TO_MEDIA, 3, *key), ber.ip_address(entry.ip)
        yield (*_NET_TO_MEDIA, 4, *key), integer(dynamic)
