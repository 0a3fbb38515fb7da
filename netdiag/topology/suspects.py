"""The edge ports that a storm or loop comes from, when the FDB cannot be believed.

Each kind of evidence adds weight to a port: broadcasts coming *in* (output is a symptom), addresses
flapping to it, its link having come up just before, a device hearing itself on it. Uplinks are
never suspects: they pass the storm on.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netdiag.model import Evidence, Hop, LogEvent, OperStatus
from netdiag.names import long_name, sort_key
from netdiag.topology.graph import Map
from netdiag.topology.identity import mac_of, snapshots_of
from netdiag.topology.unrest import BEFORE, FLOOR_PPS, recent_events, storm_ports, storms_now

AFTER = timedelta(minutes=1)
_WEIGHT = {"in_broadcast_pps": 0.9, "flapping": 0.8, "flapping-once": 0.35, "self-loop": 0.7}
_LINK_UP, _LINK_UP_LAST = 0.35, 0.6
"""A link that came up in the storm's last quiet minute closed the loop, most likely."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An edge port with what speaks against it; `weight` 0..1, `first` = its earliest sign."""

    device: str
    interface: str
    weight: float
    evidence: tuple[Evidence, ...]
    first: datetime


@dataclass(slots=True)
class _Case:
    weights: list[float] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    first: list[datetime] = field(default_factory=list)

    def add(self, weight: float, evidence: Evidence, at: datetime) -> None:
        self.weights.append(weight)
        self.evidence.append(evidence)
        self.first.append(at)


def suspects(map_: Map) -> tuple[Suspect, ...]:
    """Every suspected edge port of the network, the heaviest first; none while it is calm."""
    cases: dict[tuple[str, str], _Case] = defaultdict(_Case)
    _by_rate(map_, cases)
    _by_flapping(map_, cases)
    _by_self_loop(map_, cases)
    if map_.storm_began is not None:
        _by_link_up(map_, map_.storm_began, cases)
    found = [
        Suspect(device, port, _together(c.weights), tuple(c.evidence), min(c.first))
        for (device, port), c in cases.items()
        if not map_.is_uplink(device, port) and not _measured_quiet(map_, device, port)
    ]
    return tuple(sorted(found, key=lambda s: (-s.weight, s.device, s.first, sort_key(s.interface))))


def _measured_quiet(map_: Map, device: str, port: str) -> bool:
    """Hardly anything comes in there, while the storm comes in elsewhere: addresses flap to it in vain."""
    if not any(storm_ports(map_.network, s.device) for s in map_.network.snapshots):
        return False
    snapshot = map_.network.snapshot(device)
    rate = snapshot.rate(port) if snapshot is not None and snapshot.reachable else None
    if rate is None or rate.in_broadcast_pps is None:
        return False
    return rate.in_broadcast_pps < FLOOR_PPS


def _together(weights: list[float]) -> float:
    """Independent signs: what is left of the doubt is the product of the doubts."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1.0 - weight
    return round(1.0 - doubt, 4)


def _by_rate(map_: Map, cases: dict[tuple[str, str], _Case]) -> None:
    for snapshot in map_.network.snapshots:
        for port, pps in storm_ports(map_.network, snapshot.device):
            what = Evidence(
                "snmp", "in_broadcast_pps", f"{port}: {pps:.0f}", snapshot.device, snapshot.at
            )
            cases[snapshot.device, port].add(_WEIGHT["in_broadcast_pps"], what, snapshot.at)


def home(map_: Map, device: str, mac: str) -> str | None:
    """The port where a device had learned an address while its FDB could be believed."""
    began = map_.storm_began
    for snapshot in snapshots_of(map_.network, device):
        current = snapshot is map_.network.snapshot(device)
        believed = not storms_now(map_.network, device, map_.flaps) if current else True
        if not current and began is not None and snapshot.at >= began:
            believed = False
        if believed:
            ports = {e.interface for e in snapshot.fdb if mac_of(e.mac) == mac and e.interface}
            if len(ports) == 1:
                return next(iter(ports))
    return None


def _by_flapping(map_: Map, cases: dict[tuple[str, str], _Case]) -> None:
    """A port to which addresses flap that belong elsewhere.

    One address between a port and an uplink, or a port where several do, says little: it may be
    the port of that one host.
    """
    flaps: dict[tuple[str, str], list[LogEvent]] = defaultdict(list)
    for event in recent_events(map_.network, "mac-flap"):
        device = map_.identities.by_name(event.device) or event.device or ""
        mac = mac_of(event.mac)
        at_home = home(map_, device, mac) if mac else None
        for port in (event.interface, event.other_interface):
            if port and (long_name(port) != at_home or mac is None):
                flaps[device, long_name(port)].append(event)
    macs = {place: {e.mac for e in events} for place, events in flaps.items()}
    for (device, port), events in flaps.items():
        alone = len(macs[device, port]) == 1
        partners = {long_name(p) for e in events for p in (e.interface, e.other_interface) if p}
        busier = any(len(macs.get((device, p), ())) > 1 for p in partners - {port})
        to_uplink = all(_meets_uplink(map_, device, e) for e in events)
        weight = _WEIGHT["flapping-once" if alone and (busier or to_uplink) else "flapping"]
        event = events[0]
        what = Evidence("syslog", "mac-flap", f"{port}: {event.mac}", device, event.at, event.raw)
        cases[device, port].add(weight, what, event.at or map_.network.at)


def _meets_uplink(map_: Map, device: str, event: LogEvent) -> bool:
    ports = (event.interface, event.other_interface)
    return any(p is not None and map_.is_uplink(device, long_name(p)) for p in ports)


def _by_self_loop(map_: Map, cases: dict[tuple[str, str], _Case]) -> None:
    """A device's own announcement coming back: only in a storm more than a stacking cable."""
    if map_.storm_began is None:
        return
    for loop in map_.self_loops:
        for port in (loop.interface, loop.other):
            if port is not None:
                what = Evidence("snmp", "lldp", f"{port}: hears itself", loop.device, loop.observed)
                cases[loop.device, port].add(_WEIGHT["self-loop"], what, loop.observed)


def _by_link_up(map_: Map, began: datetime, cases: dict[tuple[str, str], _Case]) -> None:
    """Edge ports whose link came up shortly before, and stayed up as far as is known."""
    last: dict[tuple[str, str], LogEvent] = {}
    for event in recent_events(map_.network, "link-up", "link-down"):
        if event.interface and event.at and began - BEFORE <= event.at <= began + AFTER:
            device = map_.identities.by_name(event.device) or event.device or ""
            last[device, long_name(event.interface)] = event
    for (device, port), event in last.items():
        now = map_.port(device, port)
        gone = now is not None and now.oper_status is OperStatus.DOWN and now.err_disabled is None
        if event.event == "link-up" and event.at is not None and not gone:
            what = Evidence("syslog", "link-up", port, device, event.at, event.raw)
            last_minute = began - event.at <= AFTER
            weight = _LINK_UP_LAST if last_minute else _LINK_UP
            cases[device, port].add(weight, what, event.at)


def follow_broadcasts(map_: Map) -> tuple[tuple[Hop, ...], str | None]:
    """The way of the highest broadcast *input*, hop by hop from where netdiag stands.

    Returns the hops and the device at which the way ends: its edge port is the last hop, or the
    device could not be asked (then the last hop is the port that leads to it). Empty when no storm
    comes in anywhere on the way.
    """
    hops: list[Hop] = []
    at, seen = map_.management_root, set[str]()
    while at is not None and at not in seen:
        seen.add(at)
        strong = [p for p, _ in storm_ports(map_.network, at) if _leads_on(map_, at, p, seen)]
        if not strong:
            break
        hops.append(Hop(at, strong[0], "rate"))
        far = map_.neighbor(at, strong[0])
        if far is None:
            return tuple(hops), at
        at = far[0]
    return tuple(hops), at if hops else None


def _leads_on(map_: Map, device: str, port: str, seen: set[str]) -> bool:
    far = map_.neighbor(device, port)
    return far is None or far[0] not in seen
