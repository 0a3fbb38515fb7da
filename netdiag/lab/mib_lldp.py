"""LLDP-MIB (IEEE 802.1AB-2005) of a live switch: itself, its ports, its neighbours, their addresses."""

from __future__ import annotations

from collections.abc import Iterator

from netdiag.lab import ber
from netdiag.lab.ber import integer, octets
from netdiag.lab.state import State, mac_octets
from netdiag.lab.view import Entry
from netdiag.names import short_name

_LOCAL = (1, 0, 8802, 1, 1, 2, 1, 3)
_REMOTE = (1, 0, 8802, 1, 1, 2, 1, 4)
_MAC_ADDRESS, _INTERFACE_NAME = 4, 5
_BRIDGE_AND_ROUTER = b"\x28\x00"
_IPV4 = 1
_IF_INDEX_SUBTYPE = 2


def entries(state: State) -> Iterator[Entry]:
    """The local system, then the remote ones."""
    scalars = (
        integer(_MAC_ADDRESS),
        octets(mac_octets(state.mac)),
        octets(state.name),
        octets(state.model.sys_descr),
        octets(_BRIDGE_AND_ROUTER),
        octets(_BRIDGE_AND_ROUTER),
    )
    yield from (((*_LOCAL, number, 0), value) for number, value in enumerate(scalars, 1))
    for port in state.ports:
        number = state.base_ports[port.name]
        yield (*_LOCAL, 7, 1, 2, number), integer(_INTERFACE_NAME)
        yield (*_LOCAL, 7, 1, 3, number), octets(short_name(port.name))
        yield (*_LOCAL, 7, 1, 4, number), octets(port.alias or port.name)
    yield from _address((*_LOCAL, 8, 1), (), state.management_ip, first_column=4)
    for index, neighbor in enumerate(state.neighbors, 1):
        key = (0, state.base_ports.get(neighbor.port, 0), index)
        row = {
            4: integer(_MAC_ADDRESS),
            5: octets(mac_octets(neighbor.chassis_mac)),
            6: integer(_INTERFACE_NAME),
            7: octets(neighbor.port_id),
            8: octets(neighbor.port_description),
            9: octets(neighbor.sys_name),
            10: octets(neighbor.system_description),
            11: octets(_BRIDGE_AND_ROUTER),
            12: octets(_BRIDGE_AND_ROUTER),
        }
        yield from (((*_REMOTE, 1, 1, column, *key), value) for column, value in row.items())
        if neighbor.management_address is not None:
            yield from _address((*_REMOTE, 2, 1), key, neighbor.management_address)


def _address(
    table: ber.Oid, key: ber.Oid, address: str, *, first_column: int = 3
) -> Iterator[Entry]:
    """A management address row: the index holds subtype, length and the address itself."""
    parts = tuple(int(part) for part in address.split("."))
    index = (*key, _IPV4, len(parts), *parts)
    values = (integer(_IF_INDEX_SUBTYPE), integer(1), ber.object_id((1, 3, 6, 1, 2, 1, 2, 2, 1, 1)))
    for column, value in enumerate(values, first_column):
        yield (*table, column, *index), value
