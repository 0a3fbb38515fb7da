"""Storms and loops: one cause for the place where it comes from, everything else is its effect.

The place is found from what still can be seen: rates of incoming broadcasts, flapping messages, links
that came up just before, the FDB from before, the closed uplink behind which it all is dark. A rogue
server at that place is the same thing (a home router on two cables). When the ports cannot be named,
the switch is, and the summary says which look would tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from netdiag.causes import rogue as rogue_causes
from netdiag.causes.cable import both_ends, newcomer
from netdiag.causes.draft import Case, Draft, together
from netdiag.causes.rogue import Rogue
from netdiag.model import Finding, Kind, Resource
from netdiag.names import long_name, short_name, sort_key
from netdiag.text import clean
from netdiag.topology import place, places
from netdiag.topology.unrest import SILENCE, recent_events, storm_ports

_LOOP = (Kind.LAYER2_LOOP, Kind.MAC_FLAPPING)
_STORM = (Kind.BROADCAST_STORM, Kind.MULTICAST_STORM, Kind.UNKNOWN_UNICAST_FLOODING)
_PORT_BOUND = 0.3
"""No port is named on less."""
_SHARE = 0.6
"""Ports are named down to this share of the strongest one's weight."""
_NEAR, _INSIDE, _FOLLOWED, _FLAPPED = 0.5, 0.3, 0.6, 0.7
_UNKNOWN_PORT = 0.6
"""The most that a cause without a port can be worth."""


@dataclass(frozen=True, slots=True)
class Closed:
    """An uplink that a storm's protection closed, and the devices on its far side."""

    finding: Finding
    device: str
    interface: str
    beyond: tuple[str, ...]
    near: tuple[str, ...]
    """Of these, the ones at the other end of its cable."""


@dataclass(slots=True)
class Place:
    """One device with what speaks for it, and for its ports."""

    device: str
    weights: list[float] = field(default_factory=list)
    ports: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    first: dict[str, datetime] = field(default_factory=dict)

    def add_port(self, port: str, weight: float, at: datetime) -> None:
        self.ports[port].append(weight)
        self.first[port] = min(at, self.first.get(port, at))

    @property
    def weight(self) -> float:
        ports = [together(w) for w in self.ports.values()]
        return together([*self.weights, max(ports, default=0.0)])

    def named(self, leader: str | None) -> tuple[str, ...]:
        """The ports to isolate: the leader (where the router was), then by their first sign."""
        sums = {p: together(w) for p, w in self.ports.items()}
        bound = max(_PORT_BOUND, _SHARE * max(sums.values(), default=0.0))
        chosen = [p for p, w in sums.items() if w >= bound]
        return tuple(
            sorted(chosen, key=lambda p: (p != leader, self.first[p], -sums[p], sort_key(p)))
        )


def causes(case: Case) -> list[Draft]:
    """One cause for each place that a storm comes from now."""
    drafts: list[Draft] = []
    done: set[str] = set()
    while True:
        draft = _next(case, _closed(case), done)
        if draft is None or not draft.findings:
            return both_ends(case, drafts)
        drafts.append(draft)
        done.add(draft.resource.device or "")


def _closed(case: Case) -> list[Closed]:
    """Closed uplinks with something unseen or stormy behind them, the innermost first."""
    found = []
    for finding in case.of(Kind.ERR_DISABLED_PORT):
        device, interface = finding.resource.device, finding.resource.interface
        if device is None or interface is None or not case.is_storm_closure(finding):
            continue
        beyond = case.topology.beyond(device, interface)
        if beyond and not all(_quiet(case, d) for d in beyond):
            links = case.topology.links_at(device, interface)
            near = tuple(sorted({li.far(device).device for li in links})) or beyond
            found.append(Closed(finding, device, interface, beyond, near))
    return sorted(found, key=lambda c: (len(c.beyond), c.device, sort_key(c.interface)))


def _circles(case: Case, evidence: list[Finding]) -> bool:
    """More than one card's stream of multicasts or unicasts, or one address at two ports."""
    if _closed_edges(case) or any(
        f.kind in {Kind.LAYER2_LOOP, Kind.BROADCAST_STORM} for f in evidence
    ):
        return True
    flapping = [f for f in evidence if f.kind is Kind.MAC_FLAPPING]
    if len({f.resource.mac for f in flapping} - {None}) > 1 or len(flapping) > 1:
        return True
    return any(f.resource.mac is None for f in flapping)


def _quiet(case: Case, device: str) -> bool:
    """It answers, was measured, and no storm comes in anywhere."""
    snapshot = case.network.snapshot(device)
    if snapshot is None or not snapshot.reachable or not snapshot.rates:
        return False
    return not storm_ports(case.network, device)


def _next(case: Case, closed: list[Closed], done: set[str]) -> Draft | None:
    past = {f.id for f in case.of(*_STORM) if _is_closed_ports_own(case, f)}
    evidence = [f for f in case.of(*_STORM, *_LOOP) if f.id not in past]
    if not closed and not _circles(case, evidence):
        return None
    if not evidence and not closed and not _closed_edges(case):
        return None
    found = _places(case, closed, done)
    best = min(found, key=lambda p: (-round(p.weight, 4), p.device), default=None)
    if best is None:
        return _nowhere(case, evidence)
    mine = [c for c in closed if best.device in c.beyond]
    rogue = _its_rogue(case, best, mine)
    if not _enough(case, best, rogue):
        return None
    return _draft(case, best, mine, rogue)


# --- where ---------------------------------------------------------------------------------------


def _places(case: Case, closed: list[Closed], done: set[str]) -> list[Place]:
    found: dict[str, Place] = {}

    def at(device: str) -> Place:
        return found.setdefault(device, Place(device))

    for suspect in case.topology.suspects:
        at(suspect.device).add_port(suspect.interface, suspect.weight, suspect.first)
    for finding in _closed_edges(case):
        device, port = str(finding.resource.device), str(finding.resource.interface)
        at(device).add_port(port, 0.9, finding.first_seen)
    for finding in case.of(*_STORM, Kind.LAYER2_LOOP):
        _add_finding(case, at, finding)
    _follow(case, at)
    for c in closed:
        for device in c.beyond:
            at(device).weights.append(_NEAR if device in c.near else _INSIDE)
    _add_rogues(case, found)
    return _confined(case, closed, [p for p in found.values() if p.device not in done])


def _closed_edges(case: Case) -> list[Finding]:
    return [
        f
        for f in case.of(Kind.ERR_DISABLED_PORT)
        if case.is_storm_closure(f)
        and f.resource.interface is not None
        and not case.topology.is_uplink(f.resource.device or "", f.resource.interface)
        and not case.topology.beyond(f.resource.device or "", f.resource.interface)
    ]


def _add_finding(case: Case, at: Callable[[str], Place], finding: Finding) -> None:
    """Loop detection on a port, or one station that a wire's storm comes from."""
    r = finding.resource
    if finding.kind is Kind.LAYER2_LOOP and r.device and r.interface:
        if not case.topology.is_uplink(r.device, r.interface):
            at(r.device).add_port(r.interface, 0.6, finding.first_seen)
    elif r.device is None and r.mac is not None:
        found = case.topology.trace(r.mac)
        if found.edge is not None:
            weight = 0.8 * found.confidence
            at(found.edge.device).add_port(found.edge.interface, weight, finding.first_seen)


def _follow(case: Case, at: Callable[[str], Place]) -> None:
    """Hop by hop along the highest input: where it ends, or the dark switch it leads to."""
    hops, device = case.topology.follow_broadcasts()
    if hops and device is not None and device != hops[-1].device:
        at(device).weights.append(_FOLLOWED)


def _add_rogues(case: Case, found: dict[str, Place]) -> None:
    """A router seen at a place that is suspected anyway speaks for its port."""
    for rogue in rogue_causes.rogues(case):
        edge = rogue.trace.edge
        if edge is not None and edge.device in found and not rogue.presence.isolated:
            place_ = found[edge.device]
            if not _only_flapped(case, rogue):
                place_.add_port(edge.interface, rogue.trace.confidence, rogue.first)
            for port, at in _flapped(case, edge.device, rogue.mac):
                place_.add_port(port, _FLAPPED, at)


def _flapped(case: Case, device: str, mac: str) -> list[tuple[str, datetime]]:
    """The edge ports between which a device saw that address flap."""
    return [
        (long_name(port), event.at or case.network.at)
        for event in recent_events(case.network, "mac-flap")
        if event.device == device and event.mac == mac
        for port in (event.interface, event.other_interface)
        if port is not None and not case.topology.is_uplink(device, long_name(port))
    ]


def _only_flapped(case: Case, rogue: Rogue) -> bool:
    """Its place is known from a flapping message alone, which does not say where it was first."""
    edge, observed = rogue.trace.edge, rogue.trace.observed
    if edge is None or edge.reason != "history":
        return False
    return any(at == observed for _, at in _flapped(case, edge.device, rogue.mac))


def _confined(case: Case, closed: list[Closed], found: list[Place]) -> list[Place]:
    """While an uplink is closed and nothing storms in sight, the storm is on its far side."""
    raging = any(storm_ports(case.network, s.device) for s in case.network.snapshots)
    inside = {d for c in closed for d in c.beyond}
    if raging or not inside:
        return found
    edges = {f.resource.device for f in _closed_edges(case)}
    return [p for p in found if p.device in inside or p.device in edges]


def _its_rogue(case: Case, best: Place, mine: list[Closed]) -> Rogue | None:
    """The rogue server that is the same thing: at that switch, or silent since the uplink closed."""
    strong = [p for p, _ in storm_ports(case.network, best.device)]
    for rogue in rogue_causes.rogues(case):
        edge = rogue.trace.edge
        if edge is not None:
            elsewhere = (
                len(strong) > 1 and edge.interface not in strong and rogue.trace.confidence > 0.7
            )
            here = edge.device == best.device and not elsewhere
            if here and not rogue.presence.isolated:
                return rogue
        elif mine and not rogue.presence.heard_now and _lost_with(rogue, mine):
            return rogue
    return None


def _lost_with(rogue: Rogue, mine: list[Closed]) -> bool:
    """Its last word came before the uplink closed, and nothing places it elsewhere."""
    hops = rogue.trace.path
    ends = {(c.device, c.interface) for c in mine}
    if hops and not any((h.device, h.interface) in ends for h in hops):
        return False
    return any(rogue.last <= c.finding.first_seen + SILENCE for c in mine)


def _enough(case: Case, best: Place, rogue: Rogue | None) -> bool:
    """A closed uplink alone explains itself, and its own message says no more; a storm needs a sign."""
    if rogue is not None or best.ports or case.of(Kind.LAYER2_LOOP):
        return True
    if any(f.resource.device is None for f in case.of(*_STORM)):
        return True
    return any(storm_ports(case.network, s.device) for s in case.network.snapshots)


def _is_closed_ports_own(case: Case, finding: Finding) -> bool:
    """What a port reported that its protection then closed: the same fact as the closing."""
    port = case.port(finding)
    return port is not None and port.err_disabled is not None


# --- what it is, and what follows from it --------------------------------------------------------


def _draft(case: Case, best: Place, mine: list[Closed], rogue: Rogue | None) -> Draft:
    leader = _leader(case, best, rogue)
    ports = best.named(leader)
    looping = _is_loop(case, best, ports, rogue)
    because = _because(case, best, ports, rogue)
    explains = _effects(case, mine)
    if not because:
        because, explains = explains[:1], explains[1:]
    first = ports[0] if ports else None
    kinds = [Kind.LAYER2_LOOP if looping else Kind.BROADCAST_STORM]
    kinds += list(rogue.kinds) if rogue else []
    confidence = _confidence(best, ports, mine, rogue, because)
    new = newcomer(case, best.device, ports) if looping and rogue is None else None
    summary = _words(case, best.device, ports, looping=looping, mine=mine, rogue=rogue)
    summary += (
        f"; {rogue_causes.who(case, new)} is new there, and goes round with it" if new else ""
    )
    return Draft(
        kind=kinds[0],
        resource=Resource(
            best.device,
            first,
            _vlan([*because, *explains], rogue),
            rogue.mac if rogue else _only_mac(because) or new,
            rogue.findings[0].resource.ip if rogue else None,
        ),
        confidence=confidence,
        summary=summary,
        because=because,
        explains=explains,
        interfaces=ports,
        also=(*kinds, *([Kind.BROADCAST_STORM] if _heard_storm([*because, *explains]) else [])),
    )


def _heard_storm(findings: list[Finding]) -> bool:
    return any(f.kind is Kind.BROADCAST_STORM for f in findings)


def _leader(case: Case, best: Place, rogue: Rogue | None) -> str | None:
    """The port where the router was seen first: its FDB entry from before the storm.

    `None` leaves it to the order of first signs, the links' coming up among them.
    """
    edge = rogue.trace.edge if rogue is not None else None
    if edge is None or edge.device != best.device or edge.interface not in best.ports:
        return None
    return None if rogue is None or _only_flapped(case, rogue) else edge.interface


def _is_loop(case: Case, best: Place, ports: tuple[str, ...], rogue: Rogue | None) -> bool:
    if rogue is not None or len(ports) > 1:
        return True
    return any(f.resource.device in {None, best.device} for f in case.of(*_LOOP))


def _because(case: Case, best: Place, ports: tuple[str, ...], rogue: Rogue | None) -> list[Finding]:
    """What speaks for the place itself."""
    here = [f for f in case.of(*_LOOP, *_STORM, warnings=True) if f.resource.device == best.device]
    here = [
        f
        for f in here
        if f.resource.interface is None
        or f.resource.interface in ports
        or not case.topology.is_uplink(best.device, f.resource.interface)
    ]
    wire = [f for f in case.of(*_LOOP, *_STORM) if f.resource.device is None]
    edges = [f for f in _closed_edges(case) if f.resource.device == best.device]
    mine = list(rogue.findings) if rogue else []
    return case.take([*mine, *here, *wire, *edges])


def _effects(case: Case, mine: list[Closed]) -> list[Finding]:
    """Closed uplinks, what is dark behind them, the storm on every way that it took."""
    found = [c.finding for c in mine]
    for c in mine:
        found += case.cut_off(c.device, c.interface)
    found += case.of(Kind.MAC_FLAPPING, warnings=True)
    found += [f for f in case.of(*_STORM, *_LOOP) if not _source_elsewhere(case, f)]
    return case.take(found)


def _source_elsewhere(case: Case, finding: Finding) -> bool:
    """Another switch's edge port that a storm or loop *enters* by: a second source, no effect."""
    r = finding.resource
    if r.device is None or r.interface is None:
        return False
    leads_on = case.topology.is_uplink(r.device, r.interface)
    return not leads_on and not case.topology.beyond(r.device, r.interface)


def _confidence(
    best: Place,
    ports: tuple[str, ...],
    mine: list[Closed],
    rogue: Rogue | None,
    because: list[Finding],
) -> float:
    weights = [0.4 for _ in mine[:1]] + [0.15 for _ in because[:3]]
    if rogue is not None:
        weights.append(0.3)
    if not ports:
        return min(_UNKNOWN_PORT, together([*weights, *best.weights[:2]]) * 0.75)
    strongest = together(best.ports[ports[0]])
    crowd = 1.0 if len(ports) <= 2 else 2.0 / len(ports)
    return min(0.98, together([strongest, *weights]) * crowd)


def _vlan(findings: list[Finding], rogue: Rogue | None) -> int | None:
    if rogue is not None and rogue.trace.vlan is not None:
        return rogue.trace.vlan
    return next((f.resource.vlan for f in findings if f.resource.vlan is not None), None)


def _only_mac(findings: list[Finding]) -> str | None:
    macs = {f.resource.mac for f in findings if f.kind in _STORM and f.resource.mac}
    return next(iter(macs)) if len(macs) == 1 else None


def _nowhere(case: Case, evidence: list[Finding]) -> Draft | None:
    """A storm or loop for certain, and nothing that says where."""
    loops = [f for f in evidence if f.kind is Kind.LAYER2_LOOP]
    storms = [f for f in evidence if f.kind in _STORM]
    if not loops and not storms:
        return None
    kind = Kind.LAYER2_LOOP if loops else storms[0].kind
    because = case.take([*loops, *storms])
    passing = [f for f in because if f.resource.device is not None]
    by = passing[0].resource if len(passing) == 1 else Resource()
    where = f"; it enters at {place(case.network, by.device, by.interface)}" if by.device else ""
    what = "frames go round in a loop" if loops else "a broadcast storm runs"
    return Draft(
        kind=kind,
        resource=Resource(by.device, None, _vlan(because, None), _only_mac(because)),
        confidence=0.4,
        summary=f"{what}; no switch tells where{where}: a poll with rates while it runs would",
        because=because,
        explains=case.take(case.of(Kind.MAC_FLAPPING, warnings=True)),
    )


# --- words ---------------------------------------------------------------------------------------


def _words(
    case: Case,
    device: str,
    ports: tuple[str, ...],
    *,
    looping: bool,
    mine: list[Closed],
    rogue: Rogue | None,
) -> str:
    where = places(case.network, device, ports) if ports else clean(device)
    if rogue is not None:
        subject = f"an unauthorized device, {rogue_causes.who(case, rogue.mac)}, at {where}"
        what = f"{subject} {rogue_causes.does(rogue)} and closes a loop"
        what += ", by a second port that is not known" if len(ports) == 1 else ""
    elif looping:
        what = f"a loop at {where}: frames go round without end"
    else:
        what = f"a broadcast storm comes from {where}"
    for c in mine[:1]:
        what += f"; {place(case.network, c.device, c.interface)} closed itself against it"
        lost = [d for d in c.beyond if case.dark(d)]
        what += f" and cut off {', '.join(clean(d) for d in lost)}" if lost else ""
    if len(ports) > 1 and not case.topology.links_of(device):
        what += "; its uplink is not known, and may be one of these ports"
    return what if ports else f"{what}; {_look(case, device, mine)}"


def _look(case: Case, device: str, mine: list[Closed]) -> str:
    """Which look would name the port."""
    rates = f"the ports of {clean(device)} with the most incoming broadcasts would tell"
    if not case.dark(device):
        return f"its port is not known: {rates}"
    way = f" while {clean(short_name(mine[0].interface))} is open" if mine else ""
    return (
        f"its port is not known, because {clean(device)} does not answer and nothing stored names it:"
        f" {rates}, by another management path or{way or ' on site'}"
    )
