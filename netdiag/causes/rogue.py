"""Servers and routers that nobody authorized, by MAC: where they are, and whether they still are.

One that no present probe hears is either hidden behind a port that was closed since (then it goes
with that), or gone, or isolated: no cause any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from netdiag.causes.draft import Case, Draft
from netdiag.model import (
    AdminStatus,
    Capture,
    Finding,
    Kind,
    OperStatus,
    Resource,
    Trace,
)
from netdiag.text import clean
from netdiag.topology import place
from netdiag.topology.unrest import RECENT

KINDS = (Kind.ROGUE_DHCP_SERVER, Kind.ROGUE_DHCP6_SERVER, Kind.ROGUE_ROUTER_ADVERTISEMENT)
NOW = timedelta(minutes=5)
"""A capture that ended so long ago at most is what the wire says now."""
BESIDE = timedelta(seconds=8)
"""A sensor listens and probes at the same time."""


@dataclass(frozen=True, slots=True)
class Rogue:
    """One unauthorized station with all that was found about it."""

    mac: str
    findings: tuple[Finding, ...]
    trace: Trace
    first: datetime
    last: datetime
    heard_now: bool
    probed_now: bool

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it does, the worst first."""
        return tuple(k for k in KINDS if any(f.kind is k for f in self.findings))


def rogues(case: Case) -> tuple[Rogue, ...]:
    """Every unauthorized station of the open findings."""
    by_mac: dict[str, list[Finding]] = defaultdict(list)
    for finding in case.of(*KINDS):
        if finding.resource.mac is not None:
            by_mac[finding.resource.mac].append(finding)
    return tuple(_rogue(case, mac, found) for mac, found in sorted(by_mac.items()))


def _rogue(case: Case, mac: str, found: list[Finding]) -> Rogue:
    now = _present(case)
    first = [min(f.first_seen for f in found), *(t for t in _times(case, mac) if t)]
    return Rogue(
        mac=mac,
        findings=tuple(found),
        trace=case.topology.trace(mac),
        first=min(first),
        last=max(f.last_seen for f in found),
        heard_now=any(mac in _servers(c) for c in now),
        probed_now=any(c.probes_sent for c in now),
    )


def _times(case: Case, mac: str) -> Iterable[datetime | None]:
    for capture in case.network.captures:
        yield from (s.first for s in capture.dhcp_servers if s.mac == mac)


def _present(case: Case) -> list[Capture]:
    """What the wire says now: the newest probe and what was heard beside it, else the last minutes.

    A capture that heard nothing has no time; the captures just made come first.
    """
    at = case.network.at
    timed: list[tuple[datetime, Capture]] = []
    for capture in case.network.captures:
        before = timed[-1][0] if timed else at
        timed.append((capture.last or capture.first or before, capture))
    recent = [(t, c) for t, c in timed if at - t <= NOW]
    newest: dict[str, tuple[datetime, Capture]] = {}
    for moment, capture in recent:
        known = newest.get(capture.source)
        if capture.probes_sent and (known is None or moment > known[0]):
            newest[capture.source] = (moment, capture)
    if not newest:
        return [c for _, c in recent]
    since = max(t for t, _ in newest.values()) - BESIDE
    beside = [c for t, c in recent if not c.probes_sent and t >= since]
    return [*(c for t, c in newest.values() if t >= since), *beside]


def _servers(capture: Capture) -> set[str]:
    heard = {s.mac for s in capture.dhcp_servers} | {s.mac for s in capture.dhcp6_servers}
    return heard | {r.mac for r in capture.routers}


def isolated(case: Case, rogue: Rogue) -> bool:
    """Its port is closed on a switch that answers."""
    edge = rogue.trace.edge
    port = case.topology.port(edge.device, edge.interface) if edge else None
    if port is None:
        return False
    return port.admin_status is AdminStatus.DOWN or port.oper_status is OperStatus.DOWN


def hidden(case: Case, rogue: Rogue) -> bool:
    """The wire cannot tell: no probe now, or a silent switch may be in between."""
    if not rogue.probed_now:
        return case.network.at - rogue.last <= RECENT
    edge = rogue.trace.edge
    if edge is not None:
        return case.dark(edge.device)
    return any(not s.reachable for s in case.network.snapshots)


def causes(case: Case) -> list[Draft]:
    """One cause an edge port with rogues on it; those that are gone or isolated are none."""
    by_place: dict[tuple[str, str], list[Rogue]] = defaultdict(list)
    for rogue in rogues(case):
        if isolated(case, rogue) or not (rogue.heard_now or hidden(case, rogue)):
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
