"""Links between switches that announce nothing, from where each one learned the others' own MACs.

The classic test: A and B are next to each other when no third device C lies between them, that is,
none that learned A and B on different ports while A learned C on the port where it learned B.
A switch from which nothing was read is a leaf. Ports that already have a neighbour are left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from datetime import datetime

from netdiag.model import Network, Snapshot
from netdiag.names import sort_key
from netdiag.topology.identity import Identities, snapshots_of
from netdiag.topology.links import End, Link, link_key

Sees = dict[str, dict[str, str]]
"""device -> other device -> the one port on which its MAC was learned."""


def learned(
    network: Network,
    identities: Identities,
    announced: tuple[Link, ...],
    *,
    calm_before: datetime | None,
) -> tuple[Link, ...]:
    """Links that only the FDBs know. `calm_before`: during a storm only older snapshots count."""
    sees, observed = _sees(network, identities, calm_before)
    used = {(e.device, e.interface) for link in announced for e in (link.a, link.b)}
    joined = {frozenset((link.a.device, link.b.device)) for link in announced}
    links: dict[frozenset[str], Link] = {}
    for a in sorted(sees):
        for b, port in sorted(sees[a].items()):
            pair = frozenset((a, b))
            if pair in joined or pair in links or (a, port) in used:
                continue
            if _between(sees, a, b):
                continue
            far = sees.get(b, {}).get(a) or _up_port(sees, a, b)
            if (b, far) in used and far is not None:
                continue
            at = observed[a, b]
            current = _is_current(network, a, at)
            ends = sorted((End(a, port), End(b, far)), key=lambda e: e.device)
            links[pair] = Link(ends[0], ends[1], ("fdb",), at, current)
    return tuple(sorted(links.values(), key=link_key))


def _is_current(network: Network, device: str, at: datetime) -> bool:
    now = network.snapshot(device)
    return now is not None and now.reachable and now.at == at


def _sees(
    network: Network, identities: Identities, calm_before: datetime | None
) -> tuple[Sees, dict[tuple[str, str], datetime]]:
    """Where each device last learned each other one: a link that is cut now is known from before."""
    sees: Sees = {}
    observed: dict[tuple[str, str], datetime] = {}
    for device in identities.names:
        found: dict[str, str] = {}
        for snapshot in _sources(network, device, calm_before):
            for owner, ports in _owners(identities, snapshot).items():
                if owner not in found and len(ports) == 1:
                    found[owner] = next(iter(ports))
                    observed[device, owner] = snapshot.at
        if found:
            sees[device] = found
    return sees, observed


def _owners(identities: Identities, snapshot: Snapshot) -> dict[str, set[str]]:
    ports: dict[str, set[str]] = defaultdict(set)
    for entry in snapshot.fdb:
        owner = identities.owner(entry.mac)
        if owner in {None, snapshot.device} or entry.interface is None:
            continue
        if entry.status in {None, "learned"}:
            ports[str(owner)].add(entry.interface)
    return ports


def _sources(network: Network, device: str, calm_before: datetime | None) -> list[Snapshot]:
    """The snapshots whose FDB is to be believed, newest first; those from before a storm if any."""
    usable = [s for s in snapshots_of(network, device) if s.fdb]
    return [s for s in usable if calm_before is None or s.at < calm_before] or usable


def _between(sees: Sees, a: str, b: str) -> bool:
    """Some device C behind A's port toward B keeps A and B apart."""
    port = sees[a][b]
    for c in (c for c, p in sees[a].items() if p == port and c != b):
        mine = sees.get(c, {})
        if a in mine and b in mine and mine[a] != mine[b]:
            return True
        # C was never read, or has not learned both: B tells on which side of it C and A are.
        theirs = sees.get(b, {})
        if (a not in mine or b not in mine) and a in theirs and theirs.get(c) == theirs[a]:
            return True
    return False


def _up_port(sees: Sees, a: str, b: str) -> str | None:
    """B's port toward A where B has not learned A itself: the one that all it sees beyond A is on."""
    behind = {c for c, p in sees.get(a, {}).items() if p == sees[a][b]}
    ports: Set[str] = {p for c, p in sees.get(b, {}).items() if c not in behind and c != b}
    return min(ports, key=sort_key) if len(ports) == 1 else None
