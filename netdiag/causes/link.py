"""Links that are up and bad, or set wrongly: one cause a link, what is lost behind it is its effect.

Of several things that one link shows, the one that makes the others comes first: a flapping link loses
frames, a duplex mismatch breaks them, one that hears nothing is not merely lossy.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from netdiag.causes.draft import Case, Draft
from netdiag.model import ErrDisableCause, Finding, Kind, Severity
from netdiag.text import clean
from netdiag.topology import Link

_ORDER = (
    Kind.VLAN_MISSING_ON_TRUNK,
    Kind.UNIDIRECTIONAL_LINK,
    Kind.LINK_FLAPPING,
    Kind.DUPLEX_MISMATCH,
    Kind.MTU_MISMATCH,
    Kind.LOSSY_LINK,
    Kind.CONGESTED_LINK,
)
_LONG_AGO = timedelta(days=1)
_CONFIDENCE = {
    Kind.VLAN_MISSING_ON_TRUNK: 0.92,
    Kind.UNIDIRECTIONAL_LINK: 0.85,
    Kind.LINK_FLAPPING: 0.88,
    Kind.DUPLEX_MISMATCH: 0.9,
    Kind.MTU_MISMATCH: 0.85,
    Kind.LOSSY_LINK: 0.85,
    Kind.CONGESTED_LINK: 0.85,
}


def causes(case: Case) -> list[Draft]:
    """Links between switches first, the one that cuts off most before the others; then desks."""
    groups: dict[object, list[Finding]] = defaultdict(list)
    for finding in case.of(*_ORDER):
        r = finding.resource
        links = case.topology.links_at(r.device or "", r.interface)
        if not links and _is_closed(case, finding):
            continue  # a closed desk is `single`'s: what it shows goes with its closing
        key: object = links[0] if links else (r.device, r.interface)
        groups[key].append(finding)
    ordered = sorted(groups.items(), key=lambda g: (-_reach(case, g[1]), min(f.id for f in g[1])))
    return [d for key, group in ordered if (d := _draft(case, key, group)) is not None]


def _is_closed(case: Case, finding: Finding) -> bool:
    port = case.port(finding)
    return port is not None and port.err_disabled is not None


def _reach(case: Case, group: list[Finding]) -> int:
    return max(
        len(case.topology.behind(f.resource.device or "", f.resource.interface)) for f in group
    )


def _draft(case: Case, key: object, group: list[Finding]) -> Draft | None:
    main = min(group, key=lambda f: (_ORDER.index(f.kind), _worst(f), _depth(case, f), f.id))
    because = case.take(group)
    if not because:
        return None
    explains = _effects(case, key, main)
    device, interface = main.resource.device or "", main.resource.interface or ""
    lost = sorted({clean(f.resource.device or "") for f in explains if f.kind in _DARK})
    summary = main.summary + (f"; does not answer behind it: {', '.join(lost)}" if lost else "")
    closed = [f for f in explains if f.kind is Kind.ERR_DISABLED_PORT]
    stale = any(case.network.at - f.first_seen > _LONG_AGO for f in closed) and not lost
    return Draft(
        kind=main.kind,
        resource=main.resource,
        stale=stale,
        confidence=0.3 if stale else _CONFIDENCE[main.kind],
        summary=summary,
        because=because,
        explains=explains,
        interfaces=(interface,) if interface and device else (),
        also=tuple(sorted({f.kind for f in (*because, *explains)} - {main.kind, *_DARK})),
    )


_DARK = (Kind.DEVICE_UNREACHABLE,)
_SEVERITIES = tuple(Severity)


def _worst(finding: Finding) -> int:
    return _SEVERITIES.index(finding.severity)


def _depth(case: Case, finding: Finding) -> int:
    """Hops from where netdiag stands: of two ends that say the same the nearer one is named."""
    root = case.topology.management_root
    device = finding.resource.device or ""
    return len(case.topology.way(root, device)) if root else 0


def _effects(case: Case, key: object, main: Finding) -> list[Finding]:
    """What the link does to both of its ends and to everything behind it."""
    r = main.resource
    found: list[Finding] = []
    ends = [(r.device or "", r.interface)]
    if isinstance(key, Link):
        ends = [(e.device, e.interface) for e in (key.a, key.b)]
    for device, interface in ends:
        if interface is not None:
            found += case.on(device, (interface,), Kind.UPLINK_DOWN, *_ORDER)
            found += [
                f
                for f in case.on(device, (interface,), Kind.ERR_DISABLED_PORT)
                if case.protection(f)[0] in {ErrDisableCause.LINK_FLAP, ErrDisableCause.UDLD}
            ]
    if isinstance(key, Link):
        found += case.cut_off(r.device or "", r.interface)
        found += _behind_far_end(case, key)
    if main.kind in {Kind.UNIDIRECTIONAL_LINK, Kind.LINK_FLAPPING, Kind.VLAN_MISSING_ON_TRUNK}:
        found += [f for f in case.of(Kind.STP_ROOT_CHANGE) if _own_root(case, f)]
    return case.take({f.id: f for f in found}.values())


def _behind_far_end(case: Case, link: Link) -> list[Finding]:
    """Silent devices that are reached over this link only."""
    root = case.topology.management_root or ""
    return [
        f
        for f in case.of(Kind.DEVICE_UNREACHABLE)
        if link in case.topology.way(root, f.resource.device or "")
    ]


def _own_root(case: Case, finding: Finding) -> bool:
    """A switch of the inventory that took itself for the root, having heard nobody."""
    return case.topology.identities.owner(finding.resource.mac) is not None
