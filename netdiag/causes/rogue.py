"""Servers and routers that nobody authorized, by MAC: where they are, and whether they still are.

One that no present probe hears is either hidden behind a port that was closed since (then it goes
with that), or gone, or isolated: no cause any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from netdiag.causes.draft import Case, Draft
from netdiag.model import (
    Finding,
    Kind,
    Resource,
    Trace,
)
from netdiag.text import clean
from netdiag.topology import place
from netdiag.topology.heard import Presence, presence

KINDS = (Kind.ROGUE_DHCP_SERVER, Kind.ROGUE_DHCP6_SERVER, Kind.ROGUE_ROUTER_ADVERTISEMENT)


@dataclass(frozen=True, slots=True)
class Rogue:
    """One unauthorized station with all that was found about it."""

    mac: str
    findings: tuple[Finding, ...]
    trace: Trace
    first: datetime
    last: datetime
    presence: Presence

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it does, the worst first."""
        return tuple(k for k in KINDS if any(f.kind is k for f in self.findings))


def rogues(case: Case) -> tuple[Rogue, ...]:
    """Every unauthorized station of the open findings."""
    by_mac: dict[str, list[Finding]] = defaultdict(list)
    for finding in case.of(*KINDS, warnings=True):
        if finding.resource.mac is not None:
            by_mac[finding.resource.mac].append(finding)
    return tuple(_rogue(case, mac, found) for mac, found in sorted(by_mac.items()))


def _rogue(case: Case, mac: str, found: list[Finding]) -> Rogue:
    trace, last = case.topology.trace(mac), max(f.last_seen for f in found)
    first = [min(f.first_seen for f in found), *(t for t in _times(case, mac) if t)]
    return Rogue(
        mac=mac,
        findings=tuple(found),
        trace=trace,
        first=min(first),
        last=last,
        presence=presence(case.topology, trace, last),
    )


def _times(case: Case, mac: str) -> Iterable[datetime | None]:
    for capture in case.network.captures:
        yield from (s.first for s in capture.dhcp_servers if s.mac == mac)


def causes(case: Case) -> list[Draft]:
    """One cause an edge port with rogues on it; those that are gone or isolated are none."""
    by_place: dict[tuple[str, str], list[Rogue]] = defaultdict(list)
    for rogue in rogues(case):
        if rogue.presence.gone:
            _settled(case, rogue)
            continue
        edge = rogue.trace.edge
        key = (edge.device, edge.interface) if edge else ("", rogue.mac)
        by_place[key].append(rogue)
    return [_draft(case, group) for _, group in sorted(by_place.items())]


def _settled(case: Case, rogue: Rogue) -> None:
    """Neither the rogue nor the port that somebody shut because of it is a cause."""
    case.take(rogue.findings)
    edge = rogue.trace.edge
    if edge is not None:
        case.take(case.on(edge.device, (edge.interface,), Kind.ADMIN_DOWN_PORT))


def _draft(case: Case, group: list[Rogue]) -> Draft:
    first = min(group, key=lambda r: (KINDS.index(r.kinds[0]), r.first, r.mac))
    kinds = dict.fromkeys(k for r in group for k in r.kinds)
    because = case.take(f for r in group for f in r.findings)
    edge = first.trace.edge
    macs = {r.mac for r in group}
    follow = case.of(Kind.MAC_FLAPPING, Kind.DUPLICATE_ADDRESS, warnings=True)
    explains = case.take(f for f in follow if f.resource.mac in macs)
    resource = Resource(
        edge.device if edge else None,
        edge.interface if edge else None,
        first.trace.vlan if first.trace.vlan is not None else because[0].resource.vlan,
        first.mac,
        because[0].resource.ip,
    )
    return Draft(
        kind=first.kinds[0],
        resource=resource,
        confidence=0.5 + 0.48 * first.trace.confidence if edge else 0.45,
        summary=_words(case, first),
        because=because,
        explains=explains,
        interfaces=(edge.interface,) if edge else (),
        also=tuple(kinds),
    )


_DOES = {
    Kind.ROGUE_DHCP_SERVER: "hands out addresses of its own",
    Kind.ROGUE_DHCP6_SERVER: "hands out IPv6 addresses of its own",
    Kind.ROGUE_ROUTER_ADVERTISEMENT: "announces itself as a router",
}


def who(case: Case, mac: str) -> str:
    """`50:c7:bf:11:22:33 (TP-Link)`."""
    for capture in case.network.captures:
        for server in capture.dhcp_servers:
            if server.mac == mac and server.vendor:
                return f"{mac} ({clean(server.vendor)})"
    return clean(mac)


def does(rogue: Rogue) -> str:
    """What it does that it should not."""
    return " and ".join(_DOES[k] for k in rogue.kinds)


def _words(case: Case, rogue: Rogue) -> str:
    edge = rogue.trace.edge
    subject = f"an unauthorized device, {who(case, rogue.mac)}, {does(rogue)}"
    if edge is None:
        why = rogue.trace.note or "it was not found on any port"
        return f"{subject}; where it is attached is not known ({clean(why)})"
    shared = ", together with other stations" if rogue.trace.shared_port else ""
    return (
        f"{subject}; it is attached at {place(case.network, edge.device, edge.interface)}{shared}"
    )
