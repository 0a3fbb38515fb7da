"""Storms of multicasts and of unicasts that go to every port, as heard on the wire.

Rules: what storms beside broadcasts at the same time is the same storm, and `broadcast_storm` says it;
video and discovery chatter run below the bounds of `decode.frames_storm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from netdiag.model import Capture, Evidence, Finding, Kind, Network, Resource, Severity, Storm
from netdiag.topology.unrest import is_present

if TYPE_CHECKING:
    from netdiag.topology import Topology


def multicast_storm(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each storm of multicasts alone."""
    yield from _storms(network, topology, "multicast", Kind.MULTICAST_STORM)


def unknown_unicast_flooding(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each flood of copies to a station that nobody has heard of."""
    yield from _storms(network, topology, "unknown-unicast", Kind.UNKNOWN_UNICAST_FLOODING)


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
