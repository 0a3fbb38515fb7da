"""PURE. Snapshots to a layer-2 map: who is linked to whom, where a station is, what a port cuts off.

Start at `build`. Rules that bind the package: one cable is one link, whoever saw it; a device that
does not answer is placed by its last good snapshot; an uplink is never an edge port; in a storm the
FDB is not believed.
"""

from __future__ import annotations

from functools import cached_property

from netdiag.model import BlastRadius, Hop, Network, Trace
from netdiag.topology import blast, locate
from netdiag.topology.graph import Map
from netdiag.topology.links import End, Foreign, Link, SelfLoop
from netdiag.topology.suspects import Suspect, follow_broadcasts, suspects
from netdiag.topology.unrest import SILENCE
from netdiag.topology.words import place, places

__all__ = ["End", "Foreign", "Link", "SelfLoop", "Suspect", "Topology", "build", "place", "places"]

_FEW_STATIONS = 2
"""One computer may be switched off."""


class Topology(Map):
    """One network's layer-2 map with every question that may be asked of it."""

    def trace(self, query: str) -> Trace:
        """Where a MAC, an IP, a desk or a named station is attached; never an uplink."""
        return locate.trace(self, query)

    def blast_radius(self, device: str, interface: str | None) -> BlastRadius:
        """Who is cut off when that port closes."""
        return blast.radius(self, device, interface)

    def stations_on(self, device: str, interface: str) -> tuple[str, ...]:
        """Stations last learned on a port, known equipment left out."""
        return blast.stations_on(self, device, interface)

    @cached_property
    def suspects(self) -> tuple[Suspect, ...]:
        """Edge ports from which a storm or loop comes, the heaviest first."""
        return suspects(self)

    def stations_answer(self, device: str) -> bool | None:
        """Whether anybody behind the edge ports of that switch answers at a sensor now.

        `None`: nobody there is known, or nobody was asked, or nobody answers anywhere.
        """
        known = self.last_snapshot(device)
        ports = [i.name for i in known.interfaces] if known is not None else []
        edges = [p for p in ports if not self.is_uplink(device, p)]
        homes = {mac for port in edges for mac in self.stations_on(device, port)}
        network = self.network
        asked = {
            e.ip for s in (*network.history, *network.snapshots) for e in s.arp if e.mac in homes
        }
        heard = [c for c in network.captures if c.last and network.at - c.last <= SILENCE]
        answered = {s.ip for c in heard for s in c.stations if s.replied}
        probed = any(c.probes_sent for c in heard)
        if len(asked) < _FEW_STATIONS or not probed or not answered:
            return None
        return bool(answered & asked)

    def toward_root(self, mac: str) -> Hop | None:
        """The edge port behind which a strange root of the spanning tree sits: a bridge's address is
        in no FDB, but each switch knows its port toward the root."""
        hops = {
            Hop(s.device, stp.root_port, "stp")
            for s in self.network.snapshots
            for stp in (s.stp if s.reachable else ())
            if stp.root and stp.root.endswith(mac) and stp.root_port
            if not self.is_uplink(s.device, stp.root_port)
        }
        return next(iter(hops)) if len(hops) == 1 else None

    def follow_broadcasts(self) -> tuple[tuple[Hop, ...], str | None]:
        """The way of the highest broadcast input, and the device at which it ends."""
        return follow_broadcasts(self)


def build(network: Network) -> Topology:
    """The map of everything that was polled or is stored."""
    return Topology(network)
