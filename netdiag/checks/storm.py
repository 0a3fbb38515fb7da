"""Broadcast storms: from the rate of broadcasts coming *in*, from the wire, from the devices' words.

What a port sends out in a storm is a symptom and no finding. A message counts while nothing newer
says that the port is calm again.
"""

from __future__ import annotations

from collections.abc import Iterable

from netdiag.model import (
    Capture,
    Evidence,
    Finding,
    Kind,
    LogEvent,
    Network,
    OperStatus,
    Resource,
    Severity,
    Storm,
    Surge,
)
from netdiag.names import long_name, short_name
from netdiag.text import clean
from netdiag.topology import Topology
from netdiag.topology.unrest import (
    RECENT,
    TIMES_USUAL,
    is_present,
    is_storm,
    recent_events,
    storm_ports,
    usual_on_wire,
    usual_pps,
)

_SHARE = 0.02


def broadcast_storm(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding a port that a storm enters by, and one a storm that was heard on the wire."""
    for snapshot in network.snapshots:
        for port, pps in storm_ports(network, snapshot.device):
            yield _by_rate(network, topology, snapshot.device, port, pps)
    for capture in network.captures:
        for storm in capture.storms:
            if storm.kind == "broadcast" and is_present(network, storm):
                yield _on_wire(storm, capture.source)
        for surge in capture.surges:
            if surge.kind == "broadcast" and network.at - surge.end <= RECENT:
                yield from _louder(network, capture, surge)
    for event in recent_events(network, "storm"):
        if event.interface and not _calm_again(network, event):
            yield _by_message(network, event)


def _by_rate(network: Network, topology: Topology, device: str, port: str, pps: float) -> Finding:
    usual = usual_pps(network, device, port)
    snapshot = network.snapshot(device)
    at = snapshot.at if snapshot is not None else network.at
    edge = not topology.is_uplink(device, port)
    than = f", usual are {usual:.0f}" if usual is not None else ""
    evidence = [Evidence("snmp", "in_broadcast_pps", f"{port}: {pps:.0f}", device, at)]
    if usual is not None:
        evidence.append(Evidence("history", "usual_pps", f"{port}: {usual:.1f}", device, at))
    return Finding(
        Kind.BROADCAST_STORM,
        Severity.CRITICAL if edge else Severity.MAJOR,
        Resource(device, port),
        f"{pps:.0f} broadcasts/s come in at {device} {clean(short_name(port))}{than}",
        tuple(evidence),
        at,
        at,
    )


def _on_wire(storm: Storm, source: str) -> Finding:
    vlan = storm.vlans[0] if len(storm.vlans) == 1 else None
    alone = storm.cause == "single-source" and storm.top_sources
    mac = storm.top_sources[0][0] if alone else None
    repeats = f", {storm.repeat_ratio:.0%} of them repeats" if storm.repeat_ratio else ""
    value = f"{storm.peak_pps:.0f} frames/s, cause {storm.cause}"
    return Finding(
        Kind.BROADCAST_STORM,
        Severity.MAJOR,
        Resource(vlan=vlan, mac=mac),
        f"a broadcast storm of up to {storm.peak_pps:.0f} frames/s was heard{repeats}{_from(storm)}",
        (Evidence("capture", "storm", value, None, storm.end, source),),
        storm.start,
        storm.end,
    )


def _from(storm: Storm) -> str:
    """The sources that make a difference, by share."""
    top = [f"{mac} {share:.0%}" for mac, share in storm.top_sources[:3] if share >= _SHARE]
    return f"; sources: {', '.join(top)}" if top else ""


_OWN_S = 30
"""A capture of at least so long says by itself what is usual in it."""


def _louder(network: Network, capture: Capture, surge: Surge) -> Iterable[Finding]:
    """Below a storm's bound, and many times what is usual there."""
    usual = usual_on_wire(network, capture.source, surge.kind, (surge.vlan,))
    learned = usual is not None
    if usual is None:
        usual = _own(capture, surge)
    if usual is None or surge.mean_pps < TIMES_USUAL * max(usual, 1.0):
        return
    top = surge.top_sources[:1]
    mac = top[0][0] if top and top[0][1] >= _ALONE else None
    if mac is not None and any(mac == scanner for scanner, _ in capture.arp_scans):
        return
    share = f", {top[0][1]:.0%} of them from {top[0][0]}" if top else ""
    how = "on other days" if learned else "in the same capture"
    seconds = (surge.end - surge.start).total_seconds()
    value = f"{surge.mean_pps:.0f} frames/s for {seconds:.0f} s, usual {how}: {usual:.1f}"
    yield Finding(
        Kind.BROADCAST_STORM,
        Severity.MINOR,
        Resource(vlan=surge.vlan, mac=mac),
        f"{surge.mean_pps:.0f} broadcasts/s were heard, usual are {usual:.0f}{share}",
        (Evidence("capture", "surge", value, None, surge.end, capture.source),),
        surge.start,
        surge.end,
    )


_ALONE = 0.8


def _own(capture: Capture, surge: Surge) -> float | None:
    """What is usual in the capture itself, where it is long and mostly quiet."""
    for level in capture.levels:
        if (level.kind, level.vlan) == (surge.kind, surge.vlan) and level.seconds >= _OWN_S:
            lasted = (surge.end - surge.start).total_seconds()
            return level.median_pps if lasted <= level.seconds / 2 else None
    return None


def _calm_again(network: Network, event: LogEvent) -> bool:
    """The port is up now and was measured without a storm after the message."""
    name = long_name(event.interface or "")
    snapshot = network.snapshot(event.device)
    if snapshot is None or not snapshot.reachable or event.at is None or event.at > snapshot.at:
        return False
    port, rate = snapshot.interface(name), snapshot.rate(name)
    if port is None or port.err_disabled is not None or rate is None:
        return False
    usual = usual_pps(network, snapshot.device, name)
    return port.oper_status is OperStatus.UP and not is_storm(rate.in_broadcast_pps, usual)


def _by_message(network: Network, event: LogEvent) -> Finding:
    name, at = long_name(event.interface or ""), event.at or network.at
    return Finding(
        Kind.BROADCAST_STORM,
        Severity.MAJOR,
        Resource(event.device, name),
        f"{event.device} {clean(short_name(name))} reported a storm coming in",
        (Evidence("syslog", "storm", name, event.device, at, event.raw),),
        at,
        at,
    )
