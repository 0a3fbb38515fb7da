"""One address, two stations, by mistake or by intent: from ARP on the wire, and routers' ARP tables.

Rules: failover protocols and an address that moved on are no conflict (`decode.frames_wire` sees to
the wire); tables may be stale, so two of them must disagree on two cards that are both still there,
or one must have changed its mind and changed it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from netdiag.model import (
    ArpConflict,
    ArpEntry,
    Capture,
    Evidence,
    Finding,
    Kind,
    Network,
    Resource,
    Severity,
    Snapshot,
)

if TYPE_CHECKING:
    from netdiag.topology import Topology

_VIRTUAL = ("00:00:5e:00:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:00:", "00:09:0f:09:")
"""VRRP, CARP, HSRP, GLBP, FortiGate: one address on several cards by design."""

_MOST_DUPLICATES = 3
"""Addresses that one misconfigured station doubles at once; more is another thing."""

_CLAIMS = 3
_FORGED = 5
"""Answers that nobody asked for: a gratuitous one or two are normal."""


def duplicate_address(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each address that two stations use, on the one that came second."""
    for capture in network.captures:
        forgers = _forgers(network, capture)
        honest = tuple(c for c in capture.arp_conflicts if not forgers & set(c.macs))
        for conflict in _without_proxies(honest):
            evidence = Evidence(
                "probe" if capture.probes_sent else "capture",
                "arp",
                f"{conflict.ip} is claimed by {', '.join(conflict.macs)}",
                None,
                capture.last,
                capture.source,
            )
            yield _finding(network, topology, conflict, evidence)
    for conflict, evidence in _tables(network):
        yield _finding(network, topology, conflict, evidence)


def arp_spoofing(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each card that keeps answering for others' addresses, though nobody asks."""
    told = set()
    for capture in network.captures:
        for mac in sorted(_forgers(network, capture)):
            told.add(mac)
            stolen = [c for c in capture.arp_conflicts if mac in c.macs]
            yield _forged(network, topology, capture, mac, stolen)
    for capture, mac, stolen in _claimed(network):
        if mac not in told:
            yield _forged(network, topology, capture, mac, stolen)


def _claimed(network: Network) -> Iterator[tuple[Capture, str, list[ArpConflict]]]:
    """Who answers unasked for the network's own addresses, whose holder this capture did not hear.

    The holder answers those who ask it, and a sensor seldom hears that.
    """
    infrastructure = _infrastructure(network)
    own = {i.mac for s in (*network.snapshots, *network.history) for i in s.interfaces if i.mac}
    holders: dict[str, set[str]] = {}
    for snapshot in (*network.history, *network.snapshots):
        for entry in snapshot.arp:
            if entry.ip in infrastructure and entry.mac in own:
                holders.setdefault(entry.ip, set()).add(entry.mac)
    for capture in network.captures:
        by_mac: dict[str, list[ArpConflict]] = {}
        for ip, mac, times in capture.arp_unasked:
            held = holders.get(ip, set()) - {mac}
            if held and mac not in own and not mac.startswith(_VIRTUAL) and times >= _CLAIMS:
                macs = (*sorted(held), mac)
                by_mac.setdefault(mac, []).append(ArpConflict(ip, macs, None, ((mac, times),)))
        yield from ((capture, mac, stolen) for mac, stolen in sorted(by_mac.items()))


def _forgers(network: Network, capture: Capture) -> frozenset[str]:
    """Who forges: unasked answers, many more than the address' other holder sends.

    A proxy answers when it is asked, a failover announces once, a duplicate does as others do.
    """
    own = {i.mac for s in (*network.snapshots, *network.history) for i in s.interfaces if i.mac}
    own |= {s.mac.lower() for s in network.site.dhcp_servers if s.mac}
    found = set()
    for conflict in capture.arp_conflicts:
        unasked = dict(conflict.unasked)
        for mac, count in unasked.items():
            others = max((n for m, n in unasked.items() if m != mac), default=0)
            if count >= _FORGED and count >= 3 * others and mac not in own:
                found.add(mac)
    return frozenset(found)


def _forged(
    network: Network, topology: Topology, capture: Capture, mac: str, stolen: list[ArpConflict]
) -> Finding:
    edge = topology.trace(mac).edge
    gateway = any(c.ip in _infrastructure(network) for c in stolen)
    count = sum(dict(c.unasked).get(mac, 0) for c in stolen)
    which = ", ".join(c.ip for c in stolen[:5]) + (" …" if len(stolen) > 5 else "")
    at = capture.last or network.at
    evidence = tuple(
        Evidence(
            "capture",
            "arp",
            f"{c.ip}: {dict(c.unasked).get(mac, 0)} unasked answers by {mac}, held by "
            f"{', '.join(m for m in c.macs if m != mac)}",
            None,
            at,
            capture.source,
        )
        for c in stolen[:20]
    )
    return Finding(
        Kind.ARP_SPOOFING,
        Severity.CRITICAL if gateway or len(stolen) > 1 else Severity.MAJOR,
        Resource(
            edge.device if edge else None,
            edge.interface if edge else None,
            stolen[0].vlan,
            mac,
            stolen[0].ip if len(stolen) == 1 else None,
        ),
        f"{mac} answers {count} times unasked for {which}, which others hold: it draws their traffic",
        evidence,
        capture.first or at,
        at,
    )


def _without_proxies(conflicts: tuple[ArpConflict, ...]) -> Iterator[ArpConflict]:
    """A card that answers for many others' addresses is a proxy (RFC 1027) or a forger, no duplicate."""
    claims = Counter(mac for conflict in conflicts for mac in conflict.macs)
    for conflict in conflicts:
        macs = tuple(mac for mac in conflict.macs if claims[mac] <= _MOST_DUPLICATES)
        if len(macs) > 1:
            yield replace(conflict, macs=macs)


def _finding(
    network: Network, topology: Topology, conflict: ArpConflict, evidence: Evidence
) -> Finding:
    owner = _owner(network, conflict)
    intruder = next(mac for mac in reversed(conflict.macs) if mac != owner)
    trace = topology.trace(intruder)
    edge = trace.edge
    gateway = conflict.ip in _infrastructure(network)
    at = evidence.at or network.at
    others = ", ".join(mac for mac in conflict.macs if mac != intruder)
    note = ", the address of the network's own equipment" if gateway else ""
    return Finding(
        Kind.DUPLICATE_ADDRESS,
        Severity.CRITICAL if gateway else Severity.MAJOR,
        Resource(
            edge.device if edge else None,
            edge.interface if edge else None,
            conflict.vlan if conflict.vlan is not None else trace.vlan,
            intruder,
            conflict.ip,
        ),
        f"{intruder} uses {conflict.ip}{note}, which {others} uses too",
        (evidence,),
        at,
        at,
    )


def _owner(network: Network, conflict: ArpConflict) -> str:
    """Who had the address first: the network's own card, the oldest table, else the first claim."""
    own = {i.mac for s in (*network.snapshots, *network.history) for i in s.interfaces if i.mac}
    for mac in conflict.macs:
        if mac in own:
            return mac
    authorized = {s.mac.lower() for s in network.site.dhcp_servers if s.mac}
    for mac in conflict.macs:
        if mac in authorized:
            return mac
    for snapshot in sorted(network.history, key=lambda s: s.at):
        for entry in snapshot.arp:
            if entry.ip == conflict.ip and entry.mac in conflict.macs:
                return entry.mac
    return conflict.macs[0]


def _infrastructure(network: Network) -> frozenset[str]:
    """Addresses that must be one station's alone: devices, DHCP servers, gateways they lease."""
    addresses = {d.address for d in network.devices}
    addresses |= {s.ip for s in network.site.dhcp_servers}
    addresses |= {r for c in network.captures for s in c.dhcp_servers for r in s.routers}
    return frozenset(addresses)


def _tables(network: Network) -> Iterator[tuple[ArpConflict, Evidence]]:
    present = {e.mac for s in network.snapshots for e in s.fdb if s.reachable}
    current = [s for s in network.snapshots if s.reachable]
    held: dict[tuple[str, str | None], dict[str, Snapshot]] = {}
    for snapshot in current:
        for entry in snapshot.arp:
            if not entry.mac.startswith(_VIRTUAL):
                held.setdefault((entry.ip, entry.interface), {}).setdefault(entry.mac, snapshot)
    for (ip, _), macs in held.items():
        alive = tuple(mac for mac in macs if mac in present)
        if len(alive) > 1:
            said = ", ".join(f"{macs[mac].device} says {mac}" for mac in alive)
            at = max(macs[mac].at for mac in alive)
            yield ArpConflict(ip, alive), Evidence("snmp", "arp", f"{ip}: {said}", None, at)
    for snapshot in current:
        yield from _changed_back(network, snapshot)


def _changed_back(network: Network, snapshot: Snapshot) -> Iterator[tuple[ArpConflict, Evidence]]:
    """One device's tables over time: A, then B, then A again."""
    earlier = sorted(
        (s for s in network.history if s.device == snapshot.device), key=lambda s: s.at
    )
    over_time = [{e.ip: e for e in s.arp} for s in (*earlier, snapshot)]
    for ip in over_time[-1]:
        macs = [table[ip].mac for table in over_time if ip in table]
        turns = [mac for n, mac in enumerate(macs) if n == 0 or mac != macs[n - 1]]
        if len(turns) < 3 or turns[-1] not in turns[:-1] or _is_virtual(over_time, ip):
            continue
        said = f"{ip}: {' then '.join(turns)}"
        order = tuple(dict.fromkeys(turns))
        yield (
            ArpConflict(ip, order),
            Evidence("history", "arp", said, snapshot.device, snapshot.at),
        )


def _is_virtual(tables: list[dict[str, ArpEntry]], ip: str) -> bool:
    return any(ip in table and table[ip].mac.startswith(_VIRTUAL) for table in tables)
