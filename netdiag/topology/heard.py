"""Who still speaks on the wire: what was heard before, and is heard no more, is history.

One that no present probe hears is either hidden behind a port that was closed since, or gone, or
isolated. The newest probe and what was heard beside it is the present; a capture that heard nothing
has no time, and the captures just made come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from netdiag.model import AdminStatus, Capture, Network, OperStatus, Trace
from netdiag.topology.graph import Map
from netdiag.topology.unrest import RECENT

NOW = timedelta(minutes=5)
"""A capture that ended so long ago at most is what the wire says now."""
BESIDE = timedelta(seconds=8)
"""A sensor listens and probes at the same time."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether one station that once answered is still there."""

    heard_now: bool
    probed_now: bool
    isolated: bool
    """Its port is closed, on a switch that answers."""
    hidden: bool
    """The wire cannot tell: no probe now, or a silent switch may be in between."""

    @property
    def gone(self) -> bool:
        """It is history: isolated, or silent where it would be heard."""
        return self.isolated or not (self.heard_now or self.hidden)


def presence(map_: Map, trace: Trace, last: datetime) -> Presence:
    """Of the station that was traced, last heard then."""
    now = present(map_.network)
    probed = any(c.probed_vlans for c in now)
    return Presence(
        heard_now=any(trace.mac in speakers(c) for c in now),
        probed_now=probed,
        isolated=_isolated(map_, trace),
        hidden=_hidden(map_, trace, last, probed=probed),
    )


def present(network: Network) -> list[Capture]:
    """What the wire says now: the newest probe and what was heard beside it, else the last minutes."""
    timed: list[tuple[datetime, Capture]] = []
    for capture in network.captures:
        before = timed[-1][0] if timed else network.at
        timed.append((capture.last or capture.first or before, capture))
    recent = [(t, c) for t, c in timed if network.at - t <= NOW]
    newest: dict[str, tuple[datetime, Capture]] = {}
    for moment, capture in recent:
        known = newest.get(capture.source)
        if capture.probed_vlans and (known is None or moment > known[0]):
            newest[capture.source] = (moment, capture)
    if not newest:
        return [c for _, c in recent]
    since = max(t for t, _ in newest.values()) - BESIDE
    beside = [c for t, c in recent if not c.probed_vlans and t >= since]
    return [*(c for t, c in newest.values() if t >= since), *beside]


def speakers(capture: Capture) -> set[str]:
    """The cards of servers and routers that it heard."""
    heard = {s.mac for s in capture.dhcp_servers} | {s.mac for s in capture.dhcp6_servers}
    return heard | {r.mac for r in capture.routers}


def _isolated(map_: Map, trace: Trace) -> bool:
    edge = trace.edge
    port = map_.port(edge.device, edge.interface) if edge else None
    if port is None:
        return False
    return port.admin_status is AdminStatus.DOWN or port.oper_status is OperStatus.DOWN


def _hidden(map_: Map, trace: Trace, last: datetime, *, probed: bool) -> bool:
    network, edge = map_.network, trace.edge
    if not probed:
        return network.at - last <= RECENT
    silent = {s.device for s in network.snapshots if not s.reachable}
    if edge is None:
        return bool(silent)
    # A switch can answer by another management path while no frame passes its uplink.
    way = map_.way(map_.management_root or "", edge.device)
    return edge.device in silent or any(map_.link_up(link) is False for link in way)
