"""LLDP-MIB, CISCO-CDP-MIB and the ARP tables -> neighbours and address resolutions.

Agents disagree about LLDP's index: three numbers by the standard (time mark, local port, index), two
or one in the field. A row that has an index and nothing else is a neighbour without an identity.
Both protocols' rows are kept even where they show the same neighbour: joining them is topology's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdiag import names
from netdiag.decode import capabilities, mib_address, oids
from netdiag.decode.mib_bridge import BridgePorts
from netdiag.decode.mib_view import Index, View
from netdiag.model import ArpEntry, Neighbor

# "JAB043408B7(mrswitch)": CatOS puts its serial number before its name
_CATOS_DEVICE_ID = re.compile(r"^[A-Z0-9]+\((?P<name>[^()]+)\)$")
_INVALID = 2
"""ipNetToMediaType and ipNetToPhysicalType: the entry is on its way out."""

_LocalPort = Callable[[int], str | None]


def lldp(view: View, known: BridgePorts) -> list[Neighbor]:
    """One a row of lldpRemTable."""
    chassis_types = view.integers(oids.LLDP_REM_CHASSIS_SUBTYPE)
    port_types = view.integers(oids.LLDP_REM_PORT_SUBTYPE)
    chassis, ports = view.octets(oids.LLDP_REM_CHASSIS_ID), view.octets(oids.LLDP_REM_PORT_ID)
    descriptions = view.texts(oids.LLDP_REM_PORT_DESC)
    sys_names, sys_descs = (
        view.texts(oids.LLDP_REM_SYS_NAME),
        view.texts(oids.LLDP_REM_SYS_DESC),
    )
    rows = sorted(
        {*chassis_types, *port_types, *chassis, *ports, *descriptions, *sys_names, *sys_descs}
    )
    enabled = view.octets(oids.LLDP_REM_SYS_CAP_ENABLED)
    addresses = _management_addresses(view, frozenset(rows))
    local = _local_port(view, known)
    return [
        Neighbor(
            interface=local(_local_number(row)),
            protocol="lldp",
            chassis_id=mib_address.chassis_id(chassis_types.get(row), chassis.get(row, b"")),
            port_id=mib_address.port_id(port_types.get(row), ports.get(row, b"")),
            port_id_subtype=port_types.get(row) or None,
            port_description=_text(descriptions.get(row)),
            sys_name=_text(sys_names.get(row)),
            management_address=addresses.get(row),
            platform=_text(sys_descs.get(row)),
            capabilities=capabilities.of_lldp(enabled.get(row, b"")),
        )
        for row in rows
    ]


def own_chassis_id(view: View) -> str | None:
    """LLDP's, else the bridge address, which neighbours name as well."""
    octets = view.octet_string(oids.LLDP_LOC_CHASSIS_ID)
    own = mib_address.chassis_id(view.integer(oids.LLDP_LOC_CHASSIS_SUBTYPE), octets or b"")
    return own or mib_address.phys_address(view.octet_string(oids.BRIDGE_ADDRESS) or b"")


def _text(value: str | None) -> str | None:
    return value if value and value.strip() else None


def _local_number(row: Index) -> int:
    """The local port: the middle one of three numbers, the first of two or one."""
    return row[1] if len(row) >= 3 else row[0]


def _local_port(view: View, known: BridgePorts) -> _LocalPort:
    """lldpLocPortNum -> interface: by the port's own id or description, else as ifIndex or bridge port."""
    types = view.by_number(oids.LLDP_LOC_PORT_SUBTYPE)
    ids = view.octets_by_number(oids.LLDP_LOC_PORT_ID)
    descriptions = view.texts_by_number(oids.LLDP_LOC_PORT_DESC)

    def find(number: int) -> str | None:
        if number == 0:  # some agents do not say; the other end's row tells it
            return None
        shown = mib_address.port_id(types.get(number), ids.get(number, b""))
        spellings = [s for s in (shown, descriptions.get(number)) if s]
        if types.get(number) == mib_address.PORT_MAC:
            spellings.reverse()
        for spelling in spellings:
            name = known.ports.by_spelling.get(names.long_name(spelling))
            if name is not None:
                return name
        name = known.ports.name(number) or known.ports.name(known.if_index(number))
        return name or names.long_name(next(iter(spellings), str(number)))

    return find


def _management_addresses(view: View, rows: frozenset[Index]) -> dict[Index, str]:
    """The best address a row: IPv4 before IPv6, none of all zeros. It is a part of the index."""
    found: dict[Index, list[str]] = {}
    for index, _ in view.column(oids.LLDP_REM_MAN_ADDR_IF_SUBTYPE):
        row = next((index[:size] for size in (3, 2, 1) if index[:size] in rows), None)
        if row is None:
            continue
        address = _indexed_address(index[len(row) :])
        if address is not None and address.strip("0.:"):
            found.setdefault(row, []).append(address)
    return {
        row: min(texts, key=lambda t: (":" in t, texts.index(t))) for row, texts in found.items()
    }


def _indexed_address(index: Index) -> str | None:
    """Family, length, octets; some agents leave out the length."""
    if len(index) < 2:
        return None
    family, rest = index[0], index[1:]
    return mib_address.ip(family, rest[1:] if rest[0] == len(rest) - 1 else rest)


def cdp(view: View, known: BridgePorts) -> list[Neighbor]:
    """One a row of cdpCacheTable, whose index is (ifIndex, device)."""
    device_ids, ports = view.octets(oids.CDP_DEVICE_ID), view.octets(oids.CDP_DEVICE_PORT)
    families, addresses = view.integers(oids.CDP_ADDRESS_TYPE), view.octets(oids.CDP_ADDRESS)
    platforms, sys_names = view.texts(oids.CDP_PLATFORM), view.texts(oids.CDP_SYS_NAME)
    does = view.octets(oids.CDP_CAPABILITIES)
    local_names = view.texts_by_number(oids.CDP_INTERFACE_NAME)
    neighbors = []
    for row in sorted({*device_ids, *ports, *addresses, *platforms}):
        device_id = mib_address.printable(device_ids.get(row, b""))
        local = known.ports.name(row[0]) or names.long_name(local_names.get(row[0]) or str(row[0]))
        neighbors.append(
            Neighbor(
                interface=local,
                protocol="cdp",
                chassis_id=(mib_address.mac_text(device_id) if device_id else None) or device_id,
                port_id=mib_address.printable(ports.get(row, b"")),
                sys_name=_text(sys_names.get(row)) or _cdp_name(device_id),
                management_address=_cdp_address(families.get(row), addresses.get(row, b"")),
                platform=_text(platforms.get(row)),
                capabilities=capabilities.of_cdp(does.get(row, b"")),
            )
        )
    return neighbors


def _cdp_name(device_id: str | None) -> str | None:
    """A CDP device id is the host name on nearly all devices, a MAC address on what relays LLDP."""
    if device_id is None or mib_address.mac_text(device_id):
        return None
    match = _CATOS_DEVICE_ID.match(device_id)
    return match["name"] if match else device_id


def _cdp_address(protocol: int | None, octets: bytes) -> str | None:
    """CiscoNetworkProtocol: 1 is IPv4, 20 IPv6; ProCurve fills the address and not always the type."""
    if len(octets) == 16:
        return mib_address.ip(2, octets)
    return mib_address.ip(1, octets) if protocol in {1, None} and len(octets) == 4 else None


def arp(view: View, known: BridgePorts) -> tuple[ArpEntry, ...]:
    """ipNetToMediaTable and ipNetToPhysicalTable as one; entries without a MAC are no resolution."""
    found: dict[tuple[str, str | None], ArpEntry] = {}
    gone = {i for i, kind in view.integers(oids.ARP_TYPE).items() if kind == _INVALID}
    for index, octets in view.octets(oids.ARP_PHYS_ADDRESS).items():
        if len(index) != 5:
            view.wrong(oids.ARP_PHYS_ADDRESS, index, "an index that holds no IPv4 address")
        elif index not in gone:
            _keep(found, known, index[0], mib_address.ip(1, index[1:]), octets)
    gone = {i for i, kind in view.integers(oids.NEIGHBOR_TYPE).items() if kind == _INVALID}
    for index, octets in view.octets(oids.NEIGHBOR_PHYS_ADDRESS).items():
        if len(index) < 4:
            view.wrong(oids.NEIGHBOR_PHYS_ADDRESS, index, "an index that holds no address")
        elif index not in gone:
            _keep(found, known, index[0], _indexed_address(index[1:]), octets)
    return tuple(found.values())


def _keep(
    found: dict[tuple[str, str | None], ArpEntry],
    known: BridgePorts,
    if_index: int,
    ip: str | None,
    octets: bytes,
) -> None:
    mac = mib_address.phys_address(octets)
    if ip is not None and mac is not None:
        interface = known.ports.name(if_index)
        found.setdefault((ip, interface), ArpEntry(ip, mac, interface))
