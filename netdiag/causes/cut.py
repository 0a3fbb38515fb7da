"""Links that are down and devices that are silent: one cause a link, the silence behind is its effect."""

from __future__ import annotations

from collections import defaultdict

from netdiag.causes.draft import Case, Draft
from netdiag.model import AdminStatus, Finding, Kind, Resource
from netdiag.text import clean
from netdiag.topology import Link, place

STORMS = (Kind.BROADCAST_STORM, Kind.MULTICAST_STORM, Kind.UNKNOWN_UNICAST_FLOODING)
"""What a closed port had reported coming in."""


def causes(case: Case) -> list[Draft]:
    """Dead devices first (all their links are down), then links, then unexplained silence."""
    return [*_dead(case), *_links(case), *_silent(case)]


def _dead(case: Case) -> list[Draft]:
    """A silent device all of whose two or more links have no signal: its power, not its cables."""
    drafts = []
    for silent in case.of(Kind.DEVICE_UNREACHABLE):
        device = silent.resource.device or ""
        links = case.topology.links_of(device)
        down = [f for f in case.of(Kind.UPLINK_DOWN) if _leads_to(case, f, device)]
        dark = len(links) > 1 and len(down) == len(links)
        if dark and not any(_reason(case, f) for f in down):
            because = case.take([silent, *down])
            summary = f"{clean(device)} is dead: none of its {len(links)} links has a signal"
            resource = Resource(device=device)
            drafts.append(Draft(Kind.DEVICE_UNREACHABLE, resource, 0.8, summary, because))
            drafts[-1].explains = _behind(case, device)
    return drafts


def _leads_to(case: Case, finding: Finding, device: str) -> bool:
    far = case.topology.neighbor(finding.resource.device or "", finding.resource.interface)
    return far is not None and far[0] == device


def _reason(case: Case, finding: Finding) -> str | None:
    """Why a port is closed, where that is more than a missing signal."""
    port = case.port(finding)
    if port is not None and port.err_disabled is not None:
        return f"closed by {port.err_disabled.cause}"
    if port is not None and port.admin_status is AdminStatus.DOWN:
        return "shut by configuration"
    return None


def _links(case: Case) -> list[Draft]:
    by_link: dict[Link, list[Finding]] = defaultdict(list)
    for finding in case.of(Kind.ERR_DISABLED_PORT, Kind.UPLINK_DOWN):
        links = case.topology.links_at(finding.resource.device or "", finding.resource.interface)
        if links:
            by_link[links[0]].append(finding)
    ordered = sorted(by_link.values(), key=lambda g: (-_reach(case, g), g[0].id))
    return [d for group in ordered for d in _link(case, group)]


def _reach(case: Case, group: list[Finding]) -> int:
    """How many devices the link cuts off: the outermost cut explains the inner ones."""
    return max(
        len(case.topology.behind(f.resource.device or "", f.resource.interface)) for f in group
    )


def _link(case: Case, group: list[Finding]) -> list[Draft]:
    because = case.take(group)
    if not because:
        return []
    closed = [f for f in because if f.kind is Kind.ERR_DISABLED_PORT]
    main = min(closed or because, key=lambda f: f.id)
    device, interface = main.resource.device or "", main.resource.interface
    reported = case.on(device, (interface,), *STORMS) if interface and closed else []
    explains = case.take([*case.cut_off(device, interface), *reported])
    lost = [f.resource.device or "" for f in explains if f.kind is Kind.DEVICE_UNREACHABLE]
    summary = main.summary.split("; cut off")[0]
    if lost:
        summary += f"; cut off: {', '.join(clean(d) for d in sorted(lost))}"
    if closed and case.is_storm_closure(main):
        summary += "; what came in from behind it closed it, and nothing seen tells what that was"
    stale = bool(closed) and _stale(case, main) and not lost
    return [
        Draft(
            kind=main.kind,
            resource=Resource(device, interface, main.resource.vlan),
            confidence=0.5 if stale else 0.9 if lost or _reason(case, main) else 0.8,
            summary=summary,
            because=because,
            explains=explains,
            interfaces=(interface,) if interface else (),
            also=tuple(sorted({f.kind for f in because})),
            stale=stale,
        )
    ]


def _stale(case: Case, finding: Finding) -> bool:
    """It was like that in a stored snapshot of more than a day ago."""
    return (case.network.at - finding.first_seen).total_seconds() > 86400


_SAYS = {
    True: "; stations behind it answer, so it forwards: its management alone is silent",
    False: "; nobody behind it answers either",
    None: "; not enough to tell between its management and the whole switch: whether a station"
    " behind it answers would tell",
}


def _silent(case: Case) -> list[Draft]:
    """Silent devices with no cut in sight; those behind another silent one follow from it."""
    drafts = []
    root = case.topology.management_root or ""
    silent = case.of(Kind.DEVICE_UNREACHABLE)
    depth = {f.id: len(case.topology.way(root, f.resource.device or "")) for f in silent}
    for finding in sorted(silent, key=lambda f: (depth[f.id], f.id)):
        if not case.take([finding]):
            continue
        device = finding.resource.device or ""
        way = case.topology.path(root, device)
        last = way[-1] if way else None
        at = ""
        if last and case.topology.port(last.device, last.interface) is not None:
            at = f"; its link at {place(case.network, last.device, last.interface)} is up"
        lives = case.topology.stations_answer(device)
        drafts.append(
            Draft(
                kind=Kind.DEVICE_UNREACHABLE,
                resource=Resource(device=device),
                confidence=0.8 if lives else 0.6,
                summary=f"{clean(device)} does not answer, and no cut on the way to it is known{at}"
                + _SAYS[lives],
                because=[finding],
                explains=_behind(case, device),
            )
        )
    return drafts


def _behind(case: Case, device: str) -> list[Finding]:
    """Silent devices whose way from the root leads through this one."""
    root = case.topology.management_root or ""
    found = [
        f
        for f in case.of(Kind.DEVICE_UNREACHABLE)
        if device in {h.device for h in case.topology.path(root, f.resource.device or "")}
    ]
    return case.take(found)
