"""The layer-2 map: devices and links as a graph, uplinks, ways and what lies behind a port.

A port channel and its members are one port here: what holds for one holds for all of them.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from netdiag.model import FdbEntry, Hop, Interface, LogEvent, Network, OperStatus, Role, Snapshot
from netdiag.names import long_name
from netdiag.topology.cut import CutTree, cut_tree
from netdiag.topology.described import described
from netdiag.topology.identity import Identities, mac_of, snapshots_of
from netdiag.topology.learned import learned
from netdiag.topology.links import (
    Announced,
    Foreign,
    Link,
    SelfLoop,
    announced,
    link_key,
    recognise,
)
from netdiag.topology.unrest import recent_events, storm_began

if TYPE_CHECKING:
    import networkx as nx

_DOWN_COST = 100
"""A link that is down is a way only where there is no other."""


class Map:
    """Links of one network and the questions that they answer alone."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.identities = Identities(network)
        said: Announced = announced(network, self.identities)
        if recognise(said, self.identities):
            said = announced(network, self.identities)
        began = storm_began(network)
        heard = learned(network, self.identities, said.links, calm_before=began)
        self.storm_began = began
        known = (*said.links, *heard)
        written = described(network, self.identities, known)
        self.links: tuple[Link, ...] = tuple(sorted((*known, *written), key=link_key))
        self.foreign: tuple[Foreign, ...] = said.foreign
        self.self_loops: tuple[SelfLoop, ...] = said.self_loops
        self._ways: dict[tuple[str, str], tuple[Link, ...]] = {}
        self._same: dict[tuple[str, str], frozenset[str]] = {}
        self._at: dict[tuple[str, str], list[Link]] = {}
        self._of: dict[str, list[Link]] = {}
        self._foreign: dict[str, list[Foreign]] = {}
        for other in self.foreign:
            self._foreign.setdefault(other.device, []).append(other)
        for link in self.links:
            for name in {link.a.device, link.b.device}:
                self._of.setdefault(name, []).append(link)
            for end in (link.a, link.b):
                if end.interface is not None:
                    for name in self.same_port(end.device, end.interface):
                        self._at.setdefault((end.device, name), []).append(link)

    # --- ports ---

    def port(self, device: str, interface: str | None) -> Interface | None:
        """The port as it is now; `None` where the device does not answer or has no such port."""
        snapshot = self.network.snapshot(device)
        if snapshot is None or not snapshot.reachable:
            return None
        return snapshot.interface(interface)

    def same_port(self, device: str, interface: str) -> frozenset[str]:
        """The port itself, the bundle that it is a member of, and that bundle's members."""
        found = self._same.get((device, interface))
        if found is None:
            found = self._same[device, interface] = self._bundle(device, interface)
        return found

    def _bundle(self, device: str, interface: str) -> frozenset[str]:
        names = {interface, long_name(interface)}
        for snapshot in snapshots_of(self.network, device):
            row = snapshot.interface(interface) or snapshot.interface(long_name(interface))
            bundle = row.aggregate if row is not None and row.aggregate else interface
            members = {i.name for i in snapshot.interfaces if i.aggregate == bundle}
            if members:
                return frozenset(names | members | {bundle})
        return frozenset(names)

    def links_at(self, device: str, interface: str | None) -> tuple[Link, ...]:
        """The links on that port, or on the bundle that it belongs to."""
        if interface is None:
            return ()
        found: list[Link] = []
        for name in sorted(self.same_port(device, interface)):
            found += [li for li in self._at.get((device, name), []) if li not in found]
        return tuple(found)

    def links_of(self, device: str) -> tuple[Link, ...]:
        """Every link of a device, those with unknown ports too."""
        return tuple(self._of.get(device, ()))

    def neighbor(self, device: str, interface: str | None) -> tuple[str, str | None] | None:
        """The known device on the other end of that port, and its port where that is known."""
        for link in self.links_at(device, interface):
            far = link.far(device)
            return far.device, far.interface
        return None

    def is_uplink(self, device: str, interface: str | None) -> bool:
        """A port that leads to a switch: a known one, or a stranger that calls itself like one.

        Such a port is never the edge, and never to be shut without approval.
        """
        if interface is None:
            return False
        if self.links_at(device, interface):
            return True
        return self.foreign_switch(device, interface) is not None

    def foreign_switch(self, device: str, interface: str) -> Foreign | None:
        """A neighbour that is in no inventory and whose port has a switch's name (`Gi1/0/24`)."""
        names = self.same_port(device, interface)
        for other in self._foreign.get(device, ()):
            port = other.neighbor.port_id
            mine = other.interface in names
            if mine and port and "/" in long_name(port) and mac_of(port) is None:
                return other
        return None

    def link_up(self, link: Link) -> bool | None:
        """Whether frames can pass, as the ends that answer say; `None` where neither does."""
        states = [self.port(e.device, e.interface) for e in (link.a, link.b)]
        known = [p.oper_status for p in states if p is not None and p.oper_status is not None]
        if any(s not in (OperStatus.UP, OperStatus.DORMANT, OperStatus.UNKNOWN) for s in known):
            return False
        return True if known else None

    # --- what was learned ---

    @cached_property
    def learned(self) -> dict[str, list[tuple[Snapshot, FdbEntry]]]:
        """Every row of every FDB by its MAC, of each device the newest snapshot first."""
        found: dict[str, list[tuple[Snapshot, FdbEntry]]] = {}
        for device in self.identities.names:
            for snapshot in snapshots_of(self.network, device):
                for entry in snapshot.fdb:
                    found.setdefault(entry.mac, []).append((snapshot, entry))
        return found

    @cached_property
    def flaps(self) -> tuple[LogEvent, ...]:
        """Addresses that flapped in the present incident, of all devices."""
        return recent_events(self.network, "mac-flap")

    # --- the graph ---

    @cached_property
    def graph(self) -> nx.MultiGraph[str]:
        """Devices as nodes, links as edges (attribute `link`), inserted in sorted order."""
        import networkx as nx

        graph: nx.MultiGraph[str] = nx.MultiGraph()
        graph.add_nodes_from(self.identities.names)
        for link in self.links:
            cost = _DOWN_COST if self.link_up(link) is False else 1
            graph.add_edge(link.a.device, link.b.device, link=link, cost=cost)
        return graph

    @cached_property
    def management_root(self) -> str | None:
        """Where netdiag stands: the switch that a sensor hears, else the core, else the middle."""
        for capture in self.network.captures:
            if capture.source in self.network.site.sensors:
                for neighbor in capture.neighbors:
                    device = self.identities.who(neighbor)
                    if device is not None:
                        return device
        names = list(self.identities.names)
        cores = [d.name for d in self.network.devices if d.role is Role.CORE]
        return min(cores or names, key=lambda n: (-self._weight(n), n), default=None)

    def _weight(self, device: str) -> int:
        """How much of the network hangs on a device: the number of different neighbours."""
        return len({li.far(device).device for li in self.links_of(device)})

    def way(self, a: str, b: str) -> tuple[Link, ...]:
        """The links from `a` to `b`, fewest first; empty where there is no way or `a` is `b`."""
        found = self._ways.get((a, b))
        if found is None:
            found = self._ways[a, b] = self._way(a, b)
        return found

    def _way(self, a: str, b: str) -> tuple[Link, ...]:
        import networkx as nx

        if a not in self.graph or b not in self.graph or a == b:
            return ()
        try:
            nodes = nx.shortest_path(self.graph, a, b, weight="cost")
        except nx.NetworkXNoPath:
            return ()
        return tuple(self._best_link(x, y) for x, y in pairwise(nodes))

    def _best_link(self, a: str, b: str) -> Link:
        edges = self.graph.get_edge_data(a, b).values()
        ranked = sorted((e["cost"], link_key(e["link"]), e["link"]) for e in edges)
        link: Link = ranked[0][2]
        return link

    def path(self, a: str, b: str) -> tuple[Hop, ...]:
        """The ports by which frames leave each device on the way from `a` to `b`."""
        hops: list[Hop] = []
        at = a
        for link in self.way(a, b):
            hops.append(Hop(at, link.near(at).interface or "?", reason_of(link)))
            at = link.far(at).device
        return tuple(hops)

    def behind(self, device: str, interface: str | None) -> tuple[str, ...]:
        """The devices that management loses when that port (with its whole bundle) closes."""
        gone = self.links_at(device, interface)
        tree = self._cut_tree
        if tree is None or not gone:
            return ()
        fars = {li.far(device).device for li in gone}
        if len(fars) == 1:
            far = fars.pop()
            left = any(
                li.far(device).device == far for li in self.links_of(device) if li not in gone
            )
            return () if left else tree.lost(device, far)
        # Several devices behind one port: what is between them announces nothing.
        return tuple(sorted(set(tree.order) - self._reached_without(gone, tree.order[0])))

    @cached_property
    def _cut_tree(self) -> CutTree | None:
        root = self.management_root
        if root is None:
            return None
        beside = {n: [li.far(n).device for li in links] for n, links in self._of.items()}
        return cut_tree(beside, root)

    def _reached_without(self, gone: tuple[Link, ...], start: str) -> set[str]:
        import networkx as nx

        rest: nx.Graph[str] = nx.Graph()
        rest.add_nodes_from(self.graph.nodes)
        rest.add_edges_from((li.a.device, li.b.device) for li in self.links if li not in gone)
        return set(nx.node_connected_component(rest, start))

    def beyond(self, device: str, interface: str | None) -> tuple[str, ...]:
        """The devices that a port leads to: all on its far side, whichever side the root is on.

        A device without any known link can be behind a port that leads nowhere known: where it is
        the only such one and does not answer, it is taken to be.
        """
        gone = self.links_at(device, interface)
        if not gone:
            lost = [n for n in self.identities.names if not self.links_of(n) and n != device]
            dark = [n for n in lost if (s := self.network.snapshot(n)) and not s.reachable]
            return tuple(dark) if len(dark) == 1 and len(lost) == 1 else ()
        found: set[str] = set()
        for link in gone:
            found |= self._reached_without(gone, link.far(device).device)
        return tuple(sorted(found - {device}))

    def last_snapshot(self, device: str) -> Snapshot | None:
        """The current snapshot, else the newest stored one."""
        return next(snapshots_of(self.network, device), None)


def reason_of(link: Link) -> str:
    """The Hop reason of a link: the protocol that told of it, or that only history did."""
    if not link.current:
        return "history"
    return next((p for p in ("lldp", "cdp", "fdb") if p in link.protocols), "fdb")
