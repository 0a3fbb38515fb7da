"""Ports that are configured wrongly: duplex, MTU, a VLAN that is missing on a trunk, a desk's VLAN.

Rules: two ends of one link are held against each other, and each against what was stored of it; a
difference that harms nobody is a warning; a VLAN is missing only where both sides have a use for it;
a desk whose description changed with its VLAN was changed on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdiag.model import (
    Evidence,
    Finding,
    Interface,
    Kind,
    Network,
    OperStatus,
    Resource,
    Severity,
    Snapshot,
)
from netdiag.topology import End, Link, Topology, place, traffic

if TYPE_CHECKING:
    from datetime import datetime

_PHYSICAL = frozenset({None, 6, 62, 69, 117})
_MTU_SLACK = 40
"""Vendors count headers and tags in or out."""
_USUAL_MTU = 1500
_LATE, _TOO_LONG = 3, 3
_FEW_DESKS = 4


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a link that answers, with its port."""

    snapshot: Snapshot
    port: Interface

    @property
    def device(self) -> str:
        return self.snapshot.device


def _ends(network: Network, link: Link) -> tuple[_End | None, _End | None]:
    if link.protocols == ("alias",):
        return None, None
    return _end(network, link.a), _end(network, link.b)


def _end(network: Network, end: End) -> _End | None:
    snapshot = network.snapshot(end.device)
    port = snapshot.interface(end.interface) if snapshot and snapshot.reachable else None
    return _End(snapshot, port) if snapshot is not None and port is not None else None


def _before(network: Network, device: str, port: str) -> tuple[Interface, datetime] | None:
    """The port in the newest stored snapshot that has it."""
    for snapshot in network.history:
        row = snapshot.interface(port) if snapshot.device == device else None
        if row is not None:
            return row, snapshot.at
    return None


def _finding(  # noqa: PLR0917 - a finding's own fields
    network: Network,
    kind: Kind,
    severity: Severity,
    at: _End,
    said: str,
    evidence: list[Evidence],
    *,
    vlan: int | None = None,
) -> Finding:
    text = f"{place(network, at.device, at.port.name)} {said}"
    resource = Resource(at.device, at.port.name, vlan)
    times = [e.at for e in evidence if e.at is not None]
    since = min(times, default=network.at)
    return Finding(kind, severity, resource, text, tuple(evidence), since, network.at)


def _fact(at: _End, what: str, value: object) -> Evidence:
    source = "snmp" if "snmp" in at.snapshot.sources else next(iter(at.snapshot.sources), "snmp")
    return Evidence(source, what, f"{at.port.name}: {value}", at.device, at.snapshot.at)


# --- duplex-mismatch -----------------------------------------------------------------------------


def duplex_mismatch(network: Network, topology: Topology) -> Iterable[Finding]:
    """Half duplex against full: seen at both ends, or by late collisions at the half one."""
    told: set[tuple[str, str]] = set()
    for link in topology.links:
        a, b = _ends(network, link)
        if a is None or b is None or not _both_up(a, b):
            continue
        if {a.port.duplex, b.port.duplex} == {"half", "full"}:
            half, full = (a, b) if a.port.duplex == "half" else (b, a)
            told |= {(e.device, e.port.name) for e in (a, b)}
            yield _mismatch(network, half, full)
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            at = _End(snapshot, port)
            up = port.oper_status is OperStatus.UP and port.duplex == "half"
            if up and (snapshot.device, port.name) not in told and _late(network, at):
                yield _mismatch(network, at, None)


def _both_up(a: _End, b: _End) -> bool:
    return all(e.port.oper_status is OperStatus.UP for e in (a, b))


def _late(network: Network, at: _End) -> float:
    seen = traffic.lately(network, at.snapshot, at.port)
    grown = seen.late_collisions if seen is not None else None
    if grown is None and at.port.counters is not None:
        grown = at.port.counters.late_collisions
    return grown if grown is not None and grown >= _LATE else 0.0


def _mismatch(network: Network, half: _End, full: _End | None) -> Finding:
    late = _late(network, half)
    evidence = [_fact(half, "duplex", "half")]
    if full is not None:
        evidence.append(_fact(full, "duplex", "full"))
    if late:
        evidence.append(_fact(half, "late_collisions", f"{late:.0f}"))
    far = f"{full.device} {full.port.name}" if full is not None else "what is plugged in there"
    harm = f"; {late:.0f} late collisions" if late else ""
    severity = Severity.MAJOR if full is not None else Severity.MINOR
    said = f"is half duplex and {far} is full duplex{harm}"
    return _finding(network, Kind.DUPLEX_MISMATCH, severity, half, said, evidence)


# --- mtu-mismatch --------------------------------------------------------------------------------


def mtu_mismatch(network: Network, topology: Topology) -> Iterable[Finding]:
    """Two ends of a link that take frames of different size."""
    usual = _usual_mtu(network, topology)
    for link in topology.links:
        a, b = _ends(network, link)
        if a is None or b is None or not (_is_port(a) and _is_port(b)):
            continue
        low, high = sorted((a, b), key=lambda e: (e.port.mtu or 0, e.device))
        if low.port.mtu and high.port.mtu and high.port.mtu - low.port.mtu > _MTU_SLACK:
            yield _sizes(network, low, high, usual)


def _is_port(at: _End) -> bool:
    return at.port.if_type in _PHYSICAL and at.port.oper_status is OperStatus.UP


def _usual_mtu(network: Network, topology: Topology) -> int | None:
    """What most link ports have."""
    ends = [e for link in topology.links for e in _ends(network, link) if e is not None]
    counted = Counter(e.port.mtu for e in ends if e.port.mtu)
    return counted.most_common(1)[0][0] if counted else None


def _sizes(network: Network, low: _End, high: _End, usual: int | None) -> Finding:
    changed = [e for e in (low, high) if _changed_mtu(network, e)]
    dropped = _too_long(network, low)
    odd = changed[0] if len(changed) == 1 else low if high.port.mtu == usual else high
    if usual not in {low.port.mtu, high.port.mtu}:
        odd = low
    small = (low.port.mtu or 0) < _USUAL_MTU - _MTU_SLACK
    severity = (
        Severity.MAJOR if dropped or changed else Severity.MINOR if small else Severity.WARNING
    )
    evidence = [_fact(low, "mtu", low.port.mtu), _fact(high, "mtu", high.port.mtu)]
    if dropped:
        evidence.append(_fact(low, "too_long", f"{dropped:.0f}"))
    for end in changed:
        before = _before(network, end.device, end.port.name)
        if before is not None:
            value = f"{end.port.name}: {before[0].mtu}"
            evidence.append(Evidence("history", "mtu", value, end.device, before[1]))
    other = high if odd is low else low
    harm = f"; {dropped:.0f} frames were too long" if dropped else ""
    said = f"has an MTU of {odd.port.mtu}, {other.device} {other.port.name} one of {other.port.mtu}{harm}"
    return _finding(network, Kind.MTU_MISMATCH, severity, odd, said, evidence)


def _changed_mtu(network: Network, at: _End) -> bool:
    before = _before(network, at.device, at.port.name)
    return before is not None and before[0].mtu is not None and before[0].mtu != at.port.mtu


def _too_long(network: Network, at: _End) -> float:
    seen = traffic.lately(network, at.snapshot, at.port)
    grown = seen.too_long if seen is not None else None
    if grown is None and at.port.counters is not None:
        grown = at.port.counters.too_long
    return grown if grown is not None and grown >= _TOO_LONG else 0.0


# --- vlan-missing-on-trunk -----------------------------------------------------------------------


def vlan_missing_on_trunk(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ends of trunks that do not let a VLAN through which both sides use."""
    for link in topology.links:
        ends = _ends(network, link)
        for near, far in (ends, ends[::-1]):
            if near is not None and _is_trunk(near):
                yield from _missing(network, topology, link, near, far)


def _is_trunk(at: _End) -> bool:
    return bool(at.port.trunk) and at.port.vlans is not None


def _missing(
    network: Network, topology: Topology, link: Link, near: _End, far: _End | None
) -> Iterator[Finding]:
    had = _before(network, near.device, near.port.name)
    then = set(had[0].vlans or ()) if had is not None else set()
    there = set(far.port.vlans or ()) if far is not None and _is_trunk(far) else set()
    far_name = link.far(near.device).device
    now = set(near.port.vlans or ())
    for vlan in sorted((then | there) - now):
        mine, theirs = _sides(topology, link, near.device)
        used_here = _uses(network, topology, mine, vlan, without=link)
        used_there = _uses(network, topology, theirs, vlan, without=link)
        if not (used_here and used_there):
            continue
        dark = _is_dark(network, far_name)
        evidence = [_fact(near, "trunk_vlans", _listed(now))]
        if far is not None and vlan in there:
            evidence.append(_fact(far, "trunk_vlans", _listed(there)))
        if vlan in then and had is not None:
            value = f"{near.port.name}: {_listed(then)}"
            evidence.append(Evidence("history", "trunk_vlans", value, near.device, had[1]))
        other_way = bool(mine & theirs)
        severity = Severity.WARNING if other_way else Severity.CRITICAL if dark else Severity.MAJOR
        said = f"does not let VLAN {vlan} through, which {far_name} needs"
        yield _finding(
            network, Kind.VLAN_MISSING_ON_TRUNK, severity, near, said, evidence, vlan=vlan
        )


def _sides(topology: Topology, link: Link, near: str) -> tuple[set[str], set[str]]:
    """The devices on both sides of a link; they overlap where there is another way round."""
    far = link.far(near)
    theirs = set(topology.beyond(near, link.near(near).interface)) | {far.device}
    mine = set(topology.beyond(far.device, far.interface)) | {near}
    return mine, theirs


def _uses(
    network: Network, topology: Topology, devices: set[str], vlan: int, *, without: Link
) -> bool:
    """Some device has a station's port, or an address, in that VLAN."""
    del without
    for name in devices:
        known = topology.last_snapshot(name)
        for port in known.interfaces if known is not None else ():
            if port.access_vlan == vlan and port.oper_status is OperStatus.UP:
                return True
            if port.name.lower() in {f"vlan{vlan}", f"vlanif{vlan}", f"vlan-interface{vlan}"}:
                return True
        if known is not None and any(e.vlan == vlan for e in known.fdb):
            edge = [e.interface for e in known.fdb if e.vlan == vlan and e.interface]
            if any(not topology.is_uplink(name, p) for p in edge):
                return True
    management = {e.vlan for s in (*network.snapshots, *network.history) for e in s.fdb
                  if topology.identities.owner(e.mac) in devices}  # fmt: skip
    return vlan in management


def _is_dark(network: Network, device: str) -> bool:
    snapshot = network.snapshot(device)
    return snapshot is not None and not snapshot.reachable


def _listed(vlans: set[int]) -> str:
    ordered = sorted(vlans)
    return ",".join(map(str, ordered[:20])) + (" …" if len(ordered) > 20 else "") or "none"


# --- wrong-access-vlan ---------------------------------------------------------------------------


def wrong_access_vlan(network: Network, topology: Topology) -> Iterable[Finding]:
    """Edge ports in use whose VLAN changed, or is one in which their station has never been."""
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            at = _End(snapshot, port)
            if port.access_vlan is None or topology.is_uplink(snapshot.device, port.name):
                continue
            if port.oper_status is OperStatus.UP:
                yield from _changed_vlan(network, at) or _stranger(network, at)


def _changed_vlan(network: Network, at: _End) -> list[Finding]:
    before = _before(network, at.device, at.port.name)
    if before is None or before[0].access_vlan in {None, at.port.access_vlan}:
        return []
    was, when = before
    if was.trunk or (was.alias or "") != (at.port.alias or ""):
        return []  # its purpose changed with it
    evidence = [
        _fact(at, "access_vlan", at.port.access_vlan),
        Evidence("history", "access_vlan", f"{at.port.name}: {was.access_vlan}", at.device, when),
    ]
    said = f"is in VLAN {at.port.access_vlan}, and was in VLAN {was.access_vlan}"
    kind, vlan = Kind.WRONG_ACCESS_VLAN, at.port.access_vlan
    return [_finding(network, kind, Severity.MINOR, at, said, evidence, vlan=vlan)]


def _stranger(network: Network, at: _End) -> list[Finding]:
    """The only desk of its switch in that VLAN, and its station's address belongs to the others' one.

    For a port of which nothing is stored: a stored one says itself what it was.
    """
    if _before(network, at.device, at.port.name) is not None:
        return []
    device = network.device(at.device)
    labels = {name for name, _ in device.desks} if device is not None else set()
    desks = [
        i.access_vlan
        for i in at.snapshot.interfaces
        if i.name in labels and i.oper_status is OperStatus.UP and i.access_vlan
    ]
    counted = Counter(desks)
    usual = counted.most_common(1)[0][0] if desks else None
    alone = counted[at.port.access_vlan or 0] == 1 and len(desks) >= _FEW_DESKS
    if at.port.name not in labels or usual == at.port.access_vlan or not alone:
        return []
    macs = {e.mac for e in at.snapshot.fdb if e.interface == at.port.name}
    for router in (*network.snapshots, *network.history):
        for entry in router.arp:
            if entry.mac in macs and (entry.interface or "").lower() == f"vlan{usual}":
                value = f"{entry.ip} is {entry.mac} in {entry.interface}"
                evidence = [
                    _fact(at, "access_vlan", at.port.access_vlan),
                    Evidence("snmp", "arp", value, router.device, router.at),
                ]
                said = f"is in VLAN {at.port.access_vlan}, and its station has an address of VLAN {usual}"
                kind, vlan = Kind.WRONG_ACCESS_VLAN, at.port.access_vlan
                return [_finding(network, kind, Severity.MINOR, at, said, evidence, vlan=vlan)]
    return []
