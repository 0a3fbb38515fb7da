"""The layer-2 map of many switches, against networkx and the plain dict loop, in one run.

    python -m tests.benchmarks.bench_topology [SWITCHES [FDB_ROWS]]     default: 10000 1000000

A tree of one core, distributions of a hundred and access switches, each link announced by both ends over
LLDP; each station is learned by its access switch, by the distribution and by the core. Every fifth
distribution has a second way to the core. Measured at a quarter, at half and in full, with the same
share of stations a switch:

- `topology.build`
- what every switch's uplink cuts off, against networkx: copy of the graph and components, for 20 nodes.
  Goals: every node <= 100 ms and no slower than the peer's 20
- whole blast radius (stations and VLANs too) of every distribution's uplink
- all MACs to their edge port, against the dict loop over all rows (goal: >= 5x), and one MAC by
  `trace` (goal: <= 50 ms). netdiag is asked for one at a time; all of them are told as a sample times all.

Prints; asserts nothing about time.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from netdiag import topology
from netdiag.model import (
    Device,
    FdbEntry,
    Interface,
    Neighbor,
    Network,
    OperStatus,
    Role,
    Snapshot,
)
from netdiag.topology import Topology

AT = datetime(2026, 3, 1, tzinfo=UTC)
CORE, FAN, SEEN = "core", 100, 3
"""Access switches a distribution; tables that each station is in."""
PEER_NODES, ASKED = 20, 20
_PORTS = tuple(f"GigabitEthernet1/0/{n}" for n in range(1, 49))
UPLINK, SECOND = "TenGigabitEthernet1/1/1", "TenGigabitEthernet1/1/2"


def _mac(kind: int, n: int) -> str:
    return f"02:{kind:02x}:{n >> 24 & 255:02x}:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"


class Campus:
    """The switches while their tables are filled."""

    def __init__(self, switches: int, fdb_rows: int) -> None:
        self.ports: dict[str, dict[str, Interface]] = defaultdict(dict)
        self.neighbors: dict[str, list[Neighbor]] = defaultdict(list)
        self.fdb: dict[str, list[FdbEntry]] = defaultdict(list)
        self.above: dict[str, tuple[str, str]] = {}
        """Who a switch hangs on, and the port there."""
        self.homes: dict[str, tuple[str, str]] = {}
        distributions = max(1, switches // (FAN + 1))
        names = [f"acc-{n:05d}" for n in range(switches - 1 - distributions)]
        for n in range(distributions):
            self._join(CORE, f"HundredGigE1/0/{n}", f"dist-{n:03d}", UPLINK)
            if n % 5 == 4:
                self._cable(CORE, f"HundredGigE2/0/{n}", f"dist-{n:03d}", SECOND)
        for n, name in enumerate(names):
            where = f"dist-{n % distributions:03d}"
            self._join(where, f"GigabitEthernet{1 + n // distributions}/0/1", name, UPLINK)
        self._stations(names, fdb_rows // SEEN)

    def _join(self, upper: str, port: str, lower: str, uplink: str) -> None:
        self.above[lower] = (upper, port)
        self._cable(upper, port, lower, uplink)

    def _cable(self, a: str, port: str, b: str, far: str) -> None:
        for name, mine, other, theirs in ((a, port, b, far), (b, far, a, port)):
            self.ports[name][mine] = Interface(mine, if_type=6, oper_status=OperStatus.UP)
            self.neighbors[name].append(
                Neighbor(mine, "lldp", chassis_id=other, port_id=theirs, sys_name=other)
            )

    def _stations(self, names: list[str], stations: int) -> None:
        for n in range(stations):
            name, mac, vlan = names[n % len(names)], _mac(1, n), 10 + n % 40
            port = _PORTS[n // len(names) % len(_PORTS)]
            if port not in self.ports[name]:
                self.ports[name][port] = Interface(port, if_type=6, oper_status=OperStatus.UP)
            self.homes[mac] = (name, port)
            at: tuple[str, str] | None = (name, port)
            while at is not None:
                self.fdb[at[0]].append(FdbEntry(mac, at[1], vlan=vlan, status="learned"))
                at = self.above.get(at[0])

    def network(self) -> Network:
        names = sorted(self.ports)
        address = {name: f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n, name in enumerate(names)}
        return Network(
            AT,
            tuple(
                Device(name, address[name], role=Role.CORE if name == CORE else Role.ACCESS)
                for name in names
            ),
            snapshots=tuple(
                Snapshot(
                    name, address[name], AT, True, sys_name=name, chassis_id=name,
                    interfaces=tuple(self.ports[name].values()), fdb=tuple(self.fdb[name]),
                    neighbors=tuple(self.neighbors[name]), sources=("snmp",),
                )
                for name in names
            ),
        )  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def cut_off(built: Topology, campus: Campus) -> dict[str, int]:
    """How many switches each one's uplink cuts off."""
    return {name: len(built.behind(name, UPLINK)) for name in campus.above}


def by_networkx(built: Topology, campus: Campus, nodes: list[str]) -> dict[str, int]:
    """The same for some, by a copy of the graph without that link and the components that remain."""
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(campus.ports)
    graph.add_edges_from((li.a.device, li.b.device) for li in built.links)
    found = {}
    for name in nodes:
        rest = graph.copy()
        double = any(n.interface == SECOND for n in campus.neighbors[name])
        if not double:
            rest.remove_edge(name, campus.above[name][0])
        kept = next(c for c in nx.connected_components(rest) if CORE in c)
        found[name] = len(graph) - len(kept)
    return found


def by_dict_loop(network: Network, uplinks: set[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Every MAC's edge port, in one plain pass over all rows."""
    found = {}
    for snapshot in network.snapshots:
        for entry in snapshot.fdb:
            where = (snapshot.device, entry.interface)
            if entry.interface is not None and where not in uplinks:
                found[entry.mac] = (snapshot.device, entry.interface)
    return found


def run(switches: int, fdb_rows: int) -> dict[str, float]:
    """The figures of one size, in milliseconds and counts."""
    campus = Campus(switches, fdb_rows)
    network = campus.network()
    build_s, built = timed(partial(topology.build, network))
    first_s, cut = timed(partial(cut_off, built, campus))
    every_s, _ = timed(partial(cut_off, built, campus))
    some = list(campus.above)[:: max(1, len(campus.above) // PEER_NODES)][:PEER_NODES]
    peer_s, peers = timed(partial(by_networkx, built, campus, some))
    uppers = [name for name, (upper, _) in campus.above.items() if upper == CORE]
    radius_s, radii = timed(lambda: [built.blast_radius(name, UPLINK) for name in uppers])
    uplinks = {(e.device, e.interface) for li in built.links for e in (li.a, li.b) if e.interface}
    loop_s, located = timed(partial(by_dict_loop, network, uplinks))
    asked = list(campus.homes)[:: max(1, len(campus.homes) // ASKED)][:ASKED]
    built.trace(asked[0])  # what is computed once
    one_s, traces = timed(lambda: [built.trace(mac) for mac in asked])
    edges = [t.edge and (t.edge.device, t.edge.interface) for t in traces]
    return {
        "switches": len(network.snapshots),
        "FDB rows": sum(len(s.fdb) for s in network.snapshots),
        "links": len(built.links),
        "build ms": 1000 * build_s,
        "cut off, every node, first time ms": 1000 * first_s,
        "cut off, every node ms": 1000 * every_s,
        "cut off, largest": max(cut.values()),
        f"networkx, {len(some)} nodes ms": 1000 * peer_s,
        "nodes of these that agree": sum(cut[name] == n for name, n in peers.items()),
        "ratio, networkx for 20 / netdiag for every node": peer_s * PEER_NODES / len(some) / first_s,
        "blast radius of each distribution ms": 1000 * radius_s / len(uppers),
        "stations in these": sum(r.stations for r in radii),
        "dict loop, all MACs ms": 1000 * loop_s,
        "MACs located by it": len(located),
        "one MAC by trace ms": 1000 * one_s / len(asked),
        "MACs traced": len(asked),
        "of these at the right port": sum(e == campus.homes[m] for e, m in zip(edges, asked, strict=True)),
        "ratio, dict loop / netdiag for all MACs one by one": loop_s / (one_s / len(asked) * len(located)),
        "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main(switches: int, fdb_rows: int) -> None:
    sizes = [run(switches // part, fdb_rows // part) for part in (4, 2, 1)]
    for name in sizes[-1]:
        print(f"{name:52}" + "".join(f"{size[name]:14,.6g}" for size in sizes if name in size))
    print(
        "goals: every node <= 100 ms, dict loop / all MACs >= 5, one MAC <= 50 ms; double the size,"
    )
    print("double the time")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [10_000, 1_000_000][len(given) :]))
