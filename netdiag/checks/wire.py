"""What the wire alone tells: who is root of the spanning tree, that it has changed, that it has no rest.

Rules: each VLAN has a root of its own (PVST); the same root with another bridge in between is no
change. Tables of devices count too: their root now against their root before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from netdiag.model import (
    Capture,
    Evidence,
    Finding,
    Kind,
    Network,
    Resource,
    Severity,
    Snapshot,
    StpRoot,
)
from netdiag.text import clean
from netdiag.topology.unrest import RECENT

if TYPE_CHECKING:
    from netdiag.topology import Topology


def stp_root_change(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each root that took over, at its port where it can be found."""
    for capture in network.captures:
        yield from _heard(network, topology, capture)
        yield from _restless(network, topology, capture)
    for snapshot in network.snapshots:
        yield from _told(network, topology, snapshot)


_CHANGES_A_MINUTE = 5
_LONG_S = 90.0
"""Two changes one after the other keep the flag up for 70 s."""


def _restless(network: Network, topology: Topology, capture: Capture) -> Iterator[Finding]:
    """Topology changes without end: each makes every switch forget its addresses and flood."""
    for seen in capture.topology_changes:
        if seen.most_a_minute < _CHANGES_A_MINUTE and seen.longest_s < _LONG_S:
            continue
        if network.at - seen.last > RECENT:
            continue
        who = ", ".join(seen.bridges[:4])
        often = f"{seen.changes} changes, up to {seen.most_a_minute} a minute"
        value = f"{often}; the flag was up for {seen.longest_s:.0f} s; sent by {who}"
        mac = seen.bridges[0] if len(seen.bridges) == 1 else None
        yield Finding(
            Kind.STP_ROOT_CHANGE,
            Severity.MINOR,
            _resource(topology, seen.vlan, mac) if mac else Resource(vlan=seen.vlan),
            f"spanning tree has no rest: {often}; some port keeps going up and down",
            (Evidence("capture", "topology_change", value, None, seen.last, capture.source),),
            seen.first,
            seen.last,
        )


def _heard(network: Network, topology: Topology, capture: Capture) -> Iterator[Finding]:
    by_vlan: dict[int | None, list[StpRoot]] = {}
    for root in capture.stp_roots:
        if root.first is not None:
            by_vlan.setdefault(root.vlan, []).append(root)
    for vlan, roots in by_vlan.items():
        ordered = sorted(roots, key=lambda r: (r.first or network.at, r.mac))
        for old, new in pairwise(ordered):
            value = f"{old.priority}.{old.mac} until {old.last}, then {new.priority}.{new.mac}"
            yield Finding(
                Kind.STP_ROOT_CHANGE,
                Severity.MAJOR,
                _resource(topology, vlan, new.mac),
                f"the spanning-tree root changed from {old.mac} to {new.mac}",
                (Evidence("capture", "stp_root", value, None, new.first, capture.source),),
                new.first or network.at,
                new.last or network.at,
            )


def _told(network: Network, topology: Topology, snapshot: Snapshot) -> Iterator[Finding]:
    """The root in a device's own table against the newest stored one."""
    before = next((s for s in network.history if s.device == snapshot.device), None)
    if before is None or not snapshot.reachable:
        return
    old = {s.vlan: s.root for s in before.stp if s.root}
    for stp in snapshot.stp:
        was = old.get(stp.vlan)
        if not stp.root or was is None or stp.root == was:
            continue
        value = f"{clean(was, 60)} before, {clean(stp.root, 60)} now"
        mac = stp.root.partition(".")[2] or stp.root
        yield Finding(
            Kind.STP_ROOT_CHANGE,
            Severity.MAJOR,
            _resource(topology, stp.vlan, mac),
            f"the spanning-tree root changed to {clean(mac, 40)}",
            (Evidence("snmp", "stp_root", value, snapshot.device, snapshot.at),),
            before.at,
            snapshot.at,
        )


def _resource(topology: Topology, vlan: int | None, mac: str) -> Resource:
    edge = topology.trace(mac).edge or topology.toward_root(mac)
    return Resource(edge.device if edge else None, edge.interface if edge else None, vlan, mac)
