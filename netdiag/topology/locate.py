"""Where a station is attached: sightings of its MAC, weighed by age, agreement and storm.

The newest sighting on a port that is no uplink wins, of equal ones the port with the fewest
addresses; a tie is said. During a storm only sightings from before it are believed, else flapping
messages and the rates of incoming broadcasts decide. An uplink is never the edge.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from netdiag.model import Hop, Snapshot, Trace
from netdiag.names import long_name, sort_key
from netdiag.topology.graph import Map
from netdiag.topology.identity import is_station, mac_of
from netdiag.topology.suspects import follow_broadcasts, suspects
from netdiag.topology.unrest import storms_now

SAME_TIME = timedelta(minutes=1)
"""Snapshots so close are of one poll: neither is the newer."""
_AGES = (
    (timedelta(hours=1), 0.9),
    (timedelta(days=1), 0.75),
    (timedelta(days=7), 0.5),
)
_OLD = 0.3
_STORM = 0.4
_TIE = 0.6
_DISAGREE = 0.7
_SILENT = 0.6


@dataclass(frozen=True, slots=True)
class Sighting:
    """One FDB's word on one address; `company` = other stations on that port in the same FDB."""

    device: str
    interface: str
    vlan: int | None
    at: datetime
    source: str
    """fdb (this poll) or history."""
    company: tuple[str, ...]
    believed: bool
    """Not learned in the middle of a storm."""


def trace(map_: Map, query: str) -> Trace:
    """The way to a station, a device, a desk or a strange neighbour, and how sure that is."""
    text = query.strip()
    device = map_.identities.by_name(text) or map_.identities.by_address(text)
    device = device or map_.identities.owner(text)
    if device is not None:
        return _to_device(map_, text, device)
    mac = mac_of(text)
    if mac is not None:
        return _to_mac(map_, text, mac, _ips_of(map_, mac))
    if _is_ip(text):
        return _to_ip(map_, text)
    return _to_place(map_, text)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _to_device(map_: Map, query: str, device: str) -> Trace:
    root = map_.management_root
    hops = map_.path(root, device) if root is not None else ()
    found = bool(hops) or root == device
    note = f"{device} is equipment of the inventory: no edge port"
    return Trace(
        query=query,
        mac=mac_of(query),
        path=hops,
        observed=map_.network.at if found else None,
        confidence=0.95 if found else 0.0,
        note=note if found else f"{note}, and no known way leads to it",
    )


def _to_ip(map_: Map, ip: str) -> Trace:
    claims = _macs_of(map_, ip)
    if not claims:
        return Trace(query=ip, mac=None, ips=(ip,), note="no device and no capture knows its MAC")
    mac, rivals = claims[0], claims[1:]
    owner = map_.identities.owner(mac)
    if owner is not None:
        return _to_device(map_, ip, owner)
    found = _to_mac(map_, ip, mac, _ips_of(map_, mac) or (ip,))
    if not rivals:
        return found
    note = f"{', '.join(rivals)} also claimed {ip}; {mac} did so last"
    return _doubt(found, _DISAGREE, note)


def _doubt(found: Trace, factor: float, note: str) -> Trace:
    from dataclasses import replace

    notes = "; ".join(n for n in (found.note, note) if n)
    return replace(found, confidence=round(found.confidence * factor, 3), note=notes)


def _pairs(map_: Map) -> Iterator[tuple[str, str, datetime]]:
    """(ip, mac, when) out of ARP tables, and out of ARP and DHCP on the wire."""
    network = map_.network
    for snapshot in (*network.snapshots, *network.history):
        yield from ((e.ip, e.mac, snapshot.at) for e in snapshot.arp)
    for capture in network.captures:
        heard = capture.last or network.at
        yield from ((s.ip, s.mac, s.last or heard) for s in capture.stations)
        for server in capture.dhcp_servers:
            if server.ip and server.relay is None:
                yield server.ip, server.mac, server.last or heard
            yield from ((ip, mac, server.last or heard) for mac, ip in server.leases)


def _macs_of(map_: Map, ip: str) -> tuple[str, ...]:
    """The MACs that were seen with an address, the newest first."""
    seen: dict[str, datetime] = {}
    for address, text, at in _pairs(map_):
        mac = mac_of(text)
        if address == ip and mac is not None:
            seen[mac] = max(at, seen.get(mac, at))
    return tuple(sorted(seen, key=lambda m: (-seen[m].timestamp(), m)))


def _ips_of(map_: Map, mac: str) -> tuple[str, ...]:
    found = {ip for ip, text, _ in _pairs(map_) if mac_of(text) == mac}
    return tuple(sorted(found, key=lambda ip: (":" in ip, len(ip), ip)))


def _to_place(map_: Map, text: str) -> Trace:
    """A desk label, a port's description, or the name by which a phone or AP announces itself."""
    wanted = text.lower()
    for device in map_.network.devices:
        for interface, desk in device.desks:
            if desk.lower() == wanted:
                return _to_port(map_, text, device.name, interface, f"desk {desk} of the inventory")
    for foreign in map_.foreign:
        names = {foreign.neighbor.sys_name, foreign.neighbor.chassis_id}
        if foreign.interface and wanted in {n.lower() for n in names if n}:
            what = "announces itself there"
            return _to_port(map_, text, foreign.device, foreign.interface, what)
    for name in map_.identities.names:
        snapshot = map_.last_snapshot(name)
        for port in snapshot.interfaces if snapshot is not None else ():
            if port.alias and port.alias.strip().lower() == wanted:
                return _to_port(map_, text, name, port.name, "the port's description")
    return Trace(query=text, mac=None, note="neither a MAC, an address nor a known name")


def _to_port(map_: Map, query: str, device: str, interface: str, why: str) -> Trace:
    company = _stations(map_, map_.last_snapshot(device), device, interface)
    mac = company[0] if len(company) == 1 else None
    if map_.is_uplink(device, interface):
        return Trace(query=query, mac=None, path=_way(map_, device, None), note=f"{why}: an uplink")
    edge = Hop(device, interface, "fdb" if company else "history")
    return Trace(
        query=query,
        mac=mac,
        path=(*_way(map_, device, None), edge),
        edge=edge,
        shared_port=len(company) > 1,
        stations_on_port=company,
        observed=map_.network.at,
        confidence=0.9,
        note=why,
    )


# --- a MAC ---------------------------------------------------------------------------------------


def sightings(map_: Map, mac: str) -> tuple[Sighting, ...]:
    """Every port on which an address was learned, newest first; ports unknown to the device left out."""
    found: list[Sighting] = []
    for snapshot, entry in map_.learned.get(mac, ()):
        device = snapshot.device
        if not entry.interface or entry.status not in _LEARNED:
            continue
        current = snapshot is map_.network.snapshot(device)
        others: tuple[str, ...] = ()
        if not map_.is_uplink(device, entry.interface):
            others = _stations(map_, snapshot, device, entry.interface, without=mac)
        believed = _believed(map_, device, snapshot, current=current)
        source = "fdb" if current else "history"
        where = (device, entry.interface, entry.vlan, snapshot.at, source, others)
        found.append(Sighting(*where, believed))
    return tuple(sorted(found, key=_newest_first))


_LEARNED = frozenset({None, "learned", "mgmt", "other"})


def _believed(map_: Map, device: str, snapshot: Snapshot, *, current: bool) -> bool:
    if current:
        return not storms_now(map_.network, device, map_.flaps)
    return map_.storm_began is None or snapshot.at < map_.storm_began


def _newest_first(s: Sighting) -> tuple[object, ...]:
    return (-s.at.timestamp(), len(s.company), s.device, sort_key(s.interface), s.vlan or 0)


def _stations(
    map_: Map, snapshot: Snapshot | None, device: str, interface: str, *, without: str | None = None
) -> tuple[str, ...]:
    """The stations that an FDB has on a port (or its bundle), known equipment left out."""
    if snapshot is None:
        return ()
    names = map_.same_port(device, interface)
    macs = {e.mac for e in snapshot.fdb if e.interface in names and e.status in _LEARNED}
    stations = {m for m in macs if is_station(m) and map_.identities.owner(m) is None}
    return tuple(sorted(stations - {without}))


def _to_mac(map_: Map, query: str, mac: str, ips: tuple[str, ...]) -> Trace:
    seen = sightings(map_, mac)
    edges = [s for s in seen if not map_.is_uplink(s.device, s.interface)]
    believed = [s for s in edges if s.believed]
    base = Trace(query=query, mac=mac, ips=ips)
    if believed:
        return _from_sightings(map_, base, believed, seen)
    flapping = _from_flapping(map_, base)
    if flapping is not None:
        return flapping
    if edges:
        found = _from_sightings(map_, base, edges, seen)
        return _doubt(found, _STORM, "learned in the middle of a storm, when the FDB lies")
    return _from_direction(map_, base, seen)


def _from_sightings(
    map_: Map, base: Trace, edges: list[Sighting], seen: tuple[Sighting, ...]
) -> Trace:
    from dataclasses import replace

    newest = edges[0].at
    rivals = [s for s in edges if newest - s.at <= SAME_TIME]
    best = min(
        rivals,
        key=lambda s: (not _upstream_agrees(map_, s, seen), len(s.company), _newest_first(s)),
    )
    others = {(s.device, s.interface) for s in rivals} - {(best.device, best.interface)}
    notes, confidence = _age(map_, best)
    if others:
        where = ", ".join(f"{d} {i}" for d, i in sorted(others))
        notes.append(f"a tie: also learned on {where} at that time")
        confidence *= _TIE
    if not _upstream_agrees(map_, best, seen):
        notes.append("the devices on the way last learned it on other ports")
        confidence *= _DISAGREE
    if best.company:
        notes.append(f"{len(best.company) + 1} stations share that port")
    edge = Hop(best.device, best.interface, best.source)
    return replace(
        base,
        vlan=best.vlan,
        path=(*_way(map_, best.device, base.mac), edge),
        edge=edge,
        shared_port=bool(best.company),
        stations_on_port=best.company,
        observed=best.at,
        confidence=round(confidence, 3),
        note="; ".join(notes) or None,
    )


def _age(map_: Map, best: Sighting) -> tuple[list[str], float]:
    if best.source == "fdb":
        return [], 0.95
    age = map_.network.at - best.at
    confidence = next((c for bound, c in _AGES if age <= bound), _OLD)
    notes = [f"from a stored snapshot {_words(age)} old"]
    now = map_.network.snapshot(best.device)
    if now is not None and now.reachable and map_.storm_began is None:
        notes.append("it is silent now")
        confidence *= _SILENT
    return notes, confidence


def _words(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _upstream_agrees(map_: Map, best: Sighting, seen: tuple[Sighting, ...]) -> bool:
    """No device on the way has a believed, as new sighting of it in another direction."""
    root = map_.management_root
    if root is None or root == best.device:
        return True
    for hop in map_.path(root, best.device):
        here = [s for s in seen if s.device == hop.device and s.believed]
        newer = [s for s in here if s.at >= best.at - SAME_TIME]
        names = map_.same_port(hop.device, hop.interface)
        if newer and not any(s.interface in names for s in newer):
            return False
    return True


def _from_flapping(map_: Map, base: Trace) -> Trace | None:
    """A device's own message that the address flaps between two of its edge ports."""
    from dataclasses import replace

    for event in map_.flaps:
        device = map_.identities.by_name(event.device) or event.device
        if device is None or mac_of(event.mac) != base.mac:
            continue
        ports = [long_name(p) for p in (event.interface, event.other_interface) if p]
        edges = [p for p in ports if not map_.is_uplink(device, p)]
        if len(edges) == 2:
            edge = Hop(device, edges[0], "history")
            note = f"{device} logged that it flaps between {edges[0]} and {edges[1]}: a loop"
            return replace(
                base,
                vlan=event.vlan,
                path=(*_way(map_, device, None), edge),
                edge=edge,
                observed=event.at,
                confidence=0.6,
                note=note,
            )
    return None


def _from_direction(map_: Map, base: Trace, seen: tuple[Sighting, ...]) -> Trace:
    """No edge port knows it: as far as the uplinks, then the rates of the storm, lead."""
    from dataclasses import replace

    rated = _from_rates(map_, base) if map_.storm_began is not None else None
    if rated is not None:
        return rated
    toward = [s for s in seen if s.believed] or list(seen)
    hops = _deepest(map_, toward)
    if not hops:
        return replace(base, note="no device has learned this address")
    last = hops[-1]
    far = map_.neighbor(last.device, last.interface)
    stranger = map_.foreign_switch(last.device, last.interface)
    beyond = far[0] if far else (stranger.neighbor.sys_name if stranger else None) or "a switch"
    note = f"behind {beyond}, at {last.device} {last.interface}: its edge port is not known"
    return replace(base, path=hops, observed=toward[0].at, confidence=0.3, note=note)


def _deepest(map_: Map, seen: list[Sighting]) -> tuple[Hop, ...]:
    """The way along the uplinks that learned it, to the last of them that leads away from the root."""
    best: tuple[Hop, ...] = ()
    for sighting in seen:
        way = _way(map_, sighting.device, None)
        if any(h.device == sighting.device for h in way):
            continue
        here = (*way, Hop(sighting.device, sighting.interface, sighting.source))
        back = map_.neighbor(sighting.device, sighting.interface)
        if back is not None and way and back[0] == way[-1].device:
            continue
        if len(here) > len(best):
            best = here
    return best


def _from_rates(map_: Map, base: Trace) -> Trace | None:
    from dataclasses import replace

    hops, device = follow_broadcasts(map_)
    if not hops or device != hops[-1].device:
        return None
    note = "by the highest rate of incoming broadcasts: where the storm enters, maybe not this MAC"
    others = [s.interface for s in suspects(map_) if s.device == device]
    if len(others) > 1:
        note += f"; ports under suspicion: {', '.join(sorted(others, key=sort_key))}"
    return replace(
        base, path=hops, edge=hops[-1], observed=map_.network.at, confidence=0.45, note=note
    )


def _way(map_: Map, device: str, mac: str | None) -> tuple[Hop, ...]:
    """The ports from the root to a device; a hop that learned the address itself says `fdb`."""
    root = map_.management_root
    hops = map_.path(root, device) if root is not None else ()
    if mac is None:
        return hops
    return tuple(Hop(h.device, h.interface, _hop_reason(map_, h, mac)) for h in hops)


def _hop_reason(map_: Map, hop: Hop, mac: str) -> str:
    snapshot = map_.network.snapshot(hop.device)
    names = map_.same_port(hop.device, hop.interface)
    here = (e.interface in names for s, e in map_.learned.get(mac, ()) if s is snapshot)
    return "fdb" if any(here) else hop.reason
