"""What stands for itself: a closed desk port, a server that is down, an address used twice, the rest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from netdiag.causes.draft import Case, Draft
from netdiag.model import ErrDisableCause, Finding, Hop, Kind, OperStatus, Resource, Severity
from netdiag.names import long_name
from netdiag.text import clean
from netdiag.topology import place
from netdiag.topology.identity import mac_of
from netdiag.topology.unrest import LONGEST, RECENT

_OLD_S = 86400
"""Closed for longer than a day: not what people call about now."""
_WORDS = {
    ErrDisableCause.BPDU_GUARD: "a switch (or something bridging to one) was plugged in there",
    ErrDisableCause.PORT_SECURITY: "a device that is not allowed there, or one too many",
    ErrDisableCause.LINK_FLAP: "its link kept going up and down: cable, socket or adapter",
    ErrDisableCause.STORM_CONTROL: "more broadcasts came in than it lets pass",
    ErrDisableCause.LOOP_DETECTED: "its own frames came back: a loop behind it",
    ErrDisableCause.DHCP_RATE_LIMIT: "more DHCP came in than a station sends",
    ErrDisableCause.ARP_INSPECTION: "ARP that contradicts the leases, or too much of it",
    ErrDisableCause.UDLD: "the link passes frames one way only",
    ErrDisableCause.POWER_INLINE: "the powered device drew wrong power",
}


def causes(case: Case) -> list[Draft]:
    """Servers before ports, for a server's closed port is one cause; then everything left."""
    return [
        *_starved(case),
        *_servers(case),
        *_closed_ports(case),
        *_addresses(case),
        *_flooders(case),
        *_rest(case),
    ]


# --- floods --------------------------------------------------------------------------------------


def _starved(case: Case) -> list[Draft]:
    """Who asks for every lease is why there is none left."""
    drafts = []
    for finding in case.of(Kind.DHCP_STARVATION):
        draft = _port_draft(finding, 0.85 if finding.resource.interface else 0.5, finding.summary)
        draft.because = case.take([finding])
        service = (Kind.DHCP_SERVER_DOWN, Kind.DHCP_POOL_EXHAUSTED)
        draft.explains = case.take(f for f in case.of(*service) if _same_vlan(f, finding))
        draft.also = tuple(sorted({f.kind for f in draft.explains}))
        drafts.append(draft)
    return _by_place(drafts)


def _by_place(drafts: list[Draft]) -> list[Draft]:
    """Two looks at one flood are one cause."""
    found: dict[tuple[str | None, ...], Draft] = {}
    for draft in drafts:
        key = (draft.resource.device, draft.resource.interface, draft.resource.mac)
        first = found.setdefault(key, draft)
        if first is not draft:
            first.because += draft.because
            first.explains += draft.explains
    return list(found.values())


def _same_vlan(a: Finding, b: Finding) -> bool:
    return None in {a.resource.vlan, b.resource.vlan} or a.resource.vlan == b.resource.vlan


def _flooders(case: Case) -> list[Draft]:
    """Who fills address tables, or every port of a switch; a full table makes switches flood."""
    return [*_overflows(case), *_streams(case)]


def _streams(case: Case) -> list[Draft]:
    """The switch where a stream comes in at an edge port, and everything that it floods."""
    drafts = []
    for kind in (Kind.MULTICAST_STORM, Kind.UNKNOWN_UNICAST_FLOODING):
        found = sorted(case.of(kind), key=lambda f: (f.resource.interface is None, f.id))
        placed = [f for f in found if f.resource.interface] or found[:1]
        for main in placed:
            draft = _port_draft(main, 0.85 if main.resource.interface else 0.5, main.summary)
            draft.because = case.take([main])
            drafts.append(draft)
        if drafts and placed:
            drafts[-1].explains += case.take([*case.of(kind), *case.of(Kind.CONGESTED_LINK)])
    return drafts


def _overflows(case: Case) -> list[Draft]:
    drafts = []
    for finding in case.of(Kind.MAC_TABLE_OVERFLOW):
        draft = _port_draft(finding, 0.9, finding.summary)
        draft.because = case.take([finding])
        flooded = (Kind.UNKNOWN_UNICAST_FLOODING, Kind.MAC_FLAPPING, Kind.CONGESTED_LINK)
        draft.explains = case.take(case.of(*flooded, warnings=True))
        draft.also = tuple(sorted({f.kind for f in draft.explains}))
        drafts.append(draft)
    return drafts


# --- servers -------------------------------------------------------------------------------------


def _servers(case: Case) -> list[Draft]:
    down = [_server(case, f) for f in case.of(Kind.DHCP_SERVER_DOWN) if case.take([f])]
    return [*down, *(_empty(f) for f in case.take(case.of(Kind.DHCP_POOL_EXHAUSTED)))]


def _empty(finding: Finding) -> Draft:
    return _port_draft(finding, 0.85, finding.summary)


def _server(case: Case, finding: Finding) -> Draft:
    edge = _edge(case, finding)
    if edge is None:
        confidence, summary = 0.6, finding.summary
        return Draft(finding.kind, finding.resource, confidence, summary, [finding])
    kinds = (Kind.ERR_DISABLED_PORT, Kind.ADMIN_DOWN_PORT)
    closed = case.take(case.on(edge.device, (edge.interface,), *kinds))
    where = place(case.network, edge.device, edge.interface)
    resource = replace(finding.resource, device=edge.device, interface=edge.interface)
    if closed:
        text = f"{closed[0].summary}: the DHCP server is attached there"
        port = Resource(edge.device, edge.interface)
        draft = Draft(closed[0].kind, port, 0.9, text, closed, [finding])
        draft.also = (finding.kind,)
    else:
        port_now = case.topology.port(edge.device, edge.interface)
        up = port_now is not None and port_now.oper_status is OperStatus.UP
        state = "its link is up, so it is the server itself" if up else "its link is down"
        text = f"{finding.summary}; it is attached at {where}, and {state}"
        draft = Draft(finding.kind, resource, 0.85, text, [finding])
    draft.interfaces = (edge.interface,)
    return draft


def _edge(case: Case, finding: Finding) -> Hop | None:
    for query in (finding.resource.mac, finding.resource.ip):
        edge = case.topology.trace(query).edge if query else None
        if edge is not None:
            return edge
    if finding.resource.ip is None and finding.resource.mac is None:
        servers = case.network.site.dhcp_servers
        found = {case.topology.trace(s.mac or s.ip).edge for s in servers[:1]}
        return next(iter(found), None) if len(servers) == 1 else None
    return None


# --- ports ---------------------------------------------------------------------------------------


def _closed_ports(case: Case) -> list[Draft]:
    drafts = [_err_disabled(case, f) for f in case.of(Kind.ERR_DISABLED_PORT) if case.take([f])]
    isolated = _isolated(case)
    for finding in case.of(Kind.ADMIN_DOWN_PORT):
        case.take([finding])
        if (finding.resource.device, finding.resource.interface) in isolated:
            continue
        known = any(e.source == "history" for e in finding.evidence)
        fresh = case.network.at - finding.first_seen <= RECENT
        confidence = 0.85 if known and fresh else 0.7 if known else 0.5
        drafts.append(_port_draft(finding, confidence, finding.summary))
    return drafts


def _isolated(case: Case) -> set[tuple[str | None, str | None]]:
    """Ports that were a storm's or loop's in the last day: shut, they are the remedy, no cause."""
    signs = {"mac-flap", "loop", "storm"}
    recent = [
        e
        for e in case.network.events()
        if e.event in signs and e.at is not None and case.network.at - e.at <= LONGEST
    ]
    return {
        (e.device, long_name(name))
        for e in recent
        for name in (e.interface, e.other_interface)
        if name is not None
    }


def _err_disabled(case: Case, finding: Finding) -> Draft:
    cause, since = case.protection(finding)
    old = (case.network.at - since).total_seconds() > _OLD_S
    means = _WORDS.get(cause) if cause is not None else None
    days = int((case.network.at - since).total_seconds() // 86400)
    text = finding.summary + (f" ({means})" if means else "")
    text += f"; so for at least {days} days" if old else ""
    draft = _port_draft(finding, 0.3 if old else 0.9, text)
    draft.stale = old
    device, port = finding.resource.device or "", finding.resource.interface or ""
    same = [f for f in case.of(*Kind, warnings=True) if _at(f, device, port)]
    draft.explains = case.take(same)
    draft.also = tuple(sorted({f.kind for f in draft.explains}))
    return draft


def _at(finding: Finding, device: str, interface: str) -> bool:
    return (finding.resource.device, finding.resource.interface) == (device, interface)


def _port_draft(finding: Finding, confidence: float, summary: str) -> Draft:
    port = finding.resource.interface
    draft = Draft(finding.kind, finding.resource, confidence, summary, [finding])
    draft.interfaces = (port,) if port else ()
    return draft


# --- addresses used twice ------------------------------------------------------------------------


def _addresses(case: Case) -> list[Draft]:
    by_ip: dict[str, list[Finding]] = defaultdict(list)
    for finding in case.of(Kind.DUPLICATE_ADDRESS):
        by_ip[finding.resource.ip or finding.id].append(finding)
    return [_address(case, ip, case.take(group)) for ip, group in sorted(by_ip.items())]


def _address(case: Case, ip: str, group: list[Finding]) -> Draft:
    """The newcomer is the one that no earlier ARP table knows with that address."""
    macs = _claimants(case, ip, group)
    owners = _known_before(case, ip)
    new = [m for m in macs if m not in owners]
    intruder = new[0] if len(new) == 1 else group[0].resource.mac or (macs[0] if macs else None)
    found = case.topology.trace(intruder) if intruder else None
    edge = found.edge if found else None
    certain = len(new) == 1 and edge is not None
    where = (
        f"; {clean(intruder)} is attached at {place(case.network, edge.device, edge.interface)}"
        if edge and intruder
        else ""
    )
    resource = replace(
        group[0].resource,
        mac=intruder,
        device=edge.device if edge else group[0].resource.device,
        interface=edge.interface if edge else group[0].resource.interface,
    )
    summary = f"{clean(ip)} is used by {len(macs) or 'several'} stations{where}"
    if certain:
        summary += f" and came later than {clean(', '.join(sorted(owners)))}"
    draft = Draft(Kind.DUPLICATE_ADDRESS, resource, 0.85 if certain else 0.6, summary, group)
    draft.interfaces = (edge.interface,) if edge else ()
    return draft


def _claimants(case: Case, ip: str, group: list[Finding]) -> list[str]:
    macs = {f.resource.mac for f in group if f.resource.mac}
    for capture in case.network.captures:
        macs |= {m for c in capture.arp_conflicts if c.ip == ip for m in c.macs}
    return sorted(m for m in {mac_of(m) for m in macs} if m)


def _known_before(case: Case, ip: str) -> set[str]:
    found = {mac_of(e.mac) for s in case.network.history for e in s.arp if e.ip == ip}
    found |= {mac_of(s.mac) for s in case.network.site.dhcp_servers if s.ip == ip and s.mac}
    return {m for m in found if m}


# --- the rest ------------------------------------------------------------------------------------


def _rest(case: Case) -> list[Draft]:
    """Findings of other kinds, those about one port together."""
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in case.of(*Kind):
        r = finding.resource
        key = (r.device or "", r.interface) if r.interface else (finding.id,)
        groups[key].append(finding)
    drafts = []
    for _, group in sorted(groups.items()):
        order = list(Severity)
        main = min(group, key=lambda f: (order.index(f.severity), f.kind, f.id))
        because = case.take(group)
        draft = _port_draft(main, 0.8 if main.resource.interface else 0.5, main.summary)
        draft.because = because
        draft.also = tuple(sorted({f.kind for f in because}))
        drafts.append(draft)
    return drafts
