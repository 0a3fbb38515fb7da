"""Who is cut off when a port closes: devices, edge ports in use, stations, VLANs."""

from __future__ import annotations

from netdiag.model import BlastRadius, FdbEntry, Interface, OperStatus, Snapshot
from netdiag.topology.graph import Map
from netdiag.topology.identity import is_station, mac_of, snapshots_of

_PHYSICAL = frozenset({None, 6, 62, 69, 117})
"""IANAifType of Ethernet ports: ethernetCsmacd and its older names; `None` where not told."""


def radius(map_: Map, device: str, interface: str | None) -> BlastRadius:
    """Cut off from where netdiag stands; what a dark device carried is taken from history."""
    if interface is None:
        return BlastRadius()
    cut = map_.behind(device, interface)
    if not map_.is_uplink(device, interface):
        entries = _learned_on(map_, device, interface)
        return _count((), 1 if entries or _in_use(map_, device, interface) else 0, entries, map_)
    ports, entries = 0, list(_learned_on(map_, device, interface) if cut else ())
    for name in cut:
        used, learned = _edge_use(map_, name)
        ports += used
        entries += learned
    return _count(cut, ports, entries, map_)


def stations_on(map_: Map, device: str, interface: str) -> tuple[str, ...]:
    """Stations last learned on a port, known equipment left out."""
    return tuple(sorted(_macs(_learned_on(map_, device, interface), map_)))


def _count(cut: tuple[str, ...], ports: int, entries: list[FdbEntry], map_: Map) -> BlastRadius:
    stations = _macs(entries, map_)
    vlans = {e.vlan for e in entries if e.vlan is not None and mac_of(e.mac) in stations}
    return BlastRadius(cut, ports, len(stations), tuple(sorted(vlans)))


def _macs(entries: list[FdbEntry], map_: Map) -> set[str]:
    macs = {mac_of(e.mac) for e in entries if e.status in {None, "learned"}}
    return {m for m in macs if m and is_station(m) and map_.identities.owner(m) is None}


def _learned_on(map_: Map, device: str, interface: str) -> list[FdbEntry]:
    """Entries on a port (or its bundle) in the newest FDB that has any there."""
    names = map_.same_port(device, interface)
    for snapshot in snapshots_of(map_.network, device):
        found = [e for e in snapshot.fdb if e.interface in names]
        if found:
            return found
    return []


def _in_use(map_: Map, device: str, interface: str) -> bool:
    port = map_.port(device, interface)
    return port is not None and port.oper_status is OperStatus.UP


def _edge_use(map_: Map, device: str) -> tuple[int, list[FdbEntry]]:
    """Edge ports in use on a device and what is learned on them."""
    snapshot = map_.last_snapshot(device)
    if snapshot is None:
        return 0, []
    edges = [p.name for p in snapshot.interfaces if _is_edge(map_, snapshot, p)]
    entries = [e for e in snapshot.fdb if e.interface is not None]
    on_edges = [e for e in entries if not map_.is_uplink(device, e.interface)]
    return len(edges), on_edges


def _is_edge(map_: Map, snapshot: Snapshot, port: Interface) -> bool:
    physical = port.if_type in _PHYSICAL and not port.name.lower().startswith(("vlan", "loopback"))
    used = port.oper_status is OperStatus.UP
    return physical and used and not map_.is_uplink(snapshot.device, port.name)
