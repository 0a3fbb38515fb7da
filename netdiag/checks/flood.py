"""Storms of multicasts and of unicasts that go to every port, as heard on the wire
or as every port of a switch sends them out.

Rules: what storms beside broadcasts at the same time is the same storm, and `broadcast_storm` says it;
video and discovery chatter run below the bounds of `decode.frames_storm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from netdiag.model import (
    Capture,
    Evidence,
    Finding,
    Interface,
    Kind,
    Network,
    OperStatus,
    Rate,
    Resource,
    Severity,
    Snapshot,
    Storm,
)
from netdiag.names import short_name
from netdiag.text import clean
from netdiag.topology.unrest import is_present, storm_ports

if TYPE_CHECKING:
    from netdiag.topology import Topology


_PACE = 50.0
_FEW, _NEARLY_ALL, _MOST, _SHARE = 3, 0.8, 0.4, 0.1
"""Ports in use besides the source; their share; of the source's frames; of the link's speed."""


def multicast_storm(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each storm of multicasts alone."""
    yield from _storms(network, topology, "multicast", Kind.MULTICAST_STORM)
    yield from _by_rates(network, topology, "multicast", Kind.MULTICAST_STORM)


def unknown_unicast_flooding(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each flood of copies to a station that nobody has heard of."""
    yield from _storms(network, topology, "unknown-unicast", Kind.UNKNOWN_UNICAST_FLOODING)
    yield from _by_rates(network, topology, "unicast", Kind.UNKNOWN_UNICAST_FLOODING)


def _by_rates(network: Network, topology: Topology, cast: str, kind: Kind) -> Iterator[Finding]:
    """The edge port from which a stream goes out of nearly every port of its switch."""
    for snapshot in network.snapshots:
        edges = [r for r in snapshot.rates if not topology.is_uplink(snapshot.device, r.interface)]
        source = max(edges, key=lambda r: _pps(r, "in", cast), default=None)
        if source is None or storm_ports(network, snapshot.device):
            continue
        others = [r for r in edges if r is not source and _is_up(snapshot.interface(r.interface))]
        pace = _pps(source, "in", cast)
        if pace < _PACE:
            continue
        filled = [r for r in others if _is_filled(snapshot, r, cast, pace)]
        if len(others) >= _FEW and len(filled) >= _NEARLY_ALL * len(others):
            yield _flooded(snapshot, source, cast, kind, len(filled))


def _pps(rate: Rate, way: str, cast: str) -> float:
    value: float | None = getattr(rate, f"{way}_{cast}_pps")
    return value or 0.0


def _is_up(port: Interface | None) -> bool:
    return port is not None and port.oper_status is OperStatus.UP


def _is_filled(snapshot: Snapshot, rate: Rate, cast: str, pace: float) -> bool:
    """It gets most of what comes in at the source, and that is a good part of its link."""
    port = snapshot.interface(rate.interface)
    got = _pps(rate, "out", cast)
    if port is None or not port.speed_bps or pace <= 0 or got < _MOST * pace:
        return False
    every = sum(_pps(rate, "out", c) for c in ("unicast", "multicast", "broadcast"))
    return 8 * (rate.out_octets_per_s or 0.0) * got / every >= _SHARE * port.speed_bps


def _flooded(snapshot: Snapshot, source: Rate, cast: str, kind: Kind, ports: int) -> Finding:
    pps = _pps(source, "in", cast)
    macs = {e.mac for e in snapshot.fdb if e.interface == source.interface}
    value = f"{source.interface}: {pps:.0f} {cast} frames/s in, out of {ports} other ports"
    where = f"{snapshot.device} {clean(short_name(source.interface))}"
    return Finding(
        kind,
        Severity.MAJOR,
        Resource(
            snapshot.device, source.interface, None, next(iter(macs)) if len(macs) == 1 else None
        ),
        f"{pps:.0f} {cast} frames/s from {where} go out of every port of {snapshot.device}",
        (Evidence("snmp", f"in_{cast}_pps", value, snapshot.device, snapshot.at),),
        snapshot.at,
        snapshot.at,
    )


def _storms(network: Network, topology: Topology, cast: str, kind: Kind) -> Iterator[Finding]:
    for capture in network.captures:
        for storm in capture.storms:
            if storm.kind == cast and is_present(network, storm) and not _is_part(capture, storm):
                yield _finding(topology, capture, storm, kind)


def _is_part(capture: Capture, storm: Storm) -> bool:
    return any(
        other.kind == "broadcast" and other.start <= storm.end and storm.start <= other.end
        for other in capture.storms
    )


def _finding(topology: Topology, capture: Capture, storm: Storm, kind: Kind) -> Finding:
    alone = storm.cause == "single-source" and storm.top_sources
    mac = storm.top_sources[0][0] if alone else None
    edge = topology.trace(mac).edge if mac else None
    repeats = f", {storm.repeat_ratio:.0%} of them repeats" if storm.repeat_ratio else ""
    value = f"{storm.peak_pps:.0f} frames/s, cause {storm.cause}"
    return Finding(
        kind,
        Severity.MAJOR,
        Resource(
            edge.device if edge else None,
            edge.interface if edge else None,
            storm.vlans[0] if len(storm.vlans) == 1 else None,
            mac,
        ),
        f"up to {storm.peak_pps:.0f} {storm.kind} frames/s were heard{repeats}",
        (Evidence("capture", "storm", value, None, storm.end, capture.source),),
        storm.start,
        storm.end,
    )
