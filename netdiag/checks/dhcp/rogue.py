"""DHCP servers that may not answer, and servers that contradict each other where nobody named any.

Rules: with a list of authorized servers, whoever is not on it is rogue. Without one, a lone server
is nobody's problem and two that agree are a redundant pair; two that contradict each other in one
VLAN are a problem, and the finding says that nobody said which one is legitimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from netdiag.checks.dhcp.fingerprint import looks_like
from netdiag.checks.dhcp.judge import (
    Seen,
    at_once,
    judge,
    offered_network,
    rogues,
    seen_servers,
)
from netdiag.model import DhcpServer, Evidence, Finding, Kind, Network, Resource, Severity
from netdiag.text import clean
from netdiag.topology.heard import presence

if TYPE_CHECKING:
    from netdiag.topology import Topology


def rogue_dhcp_server(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each server that may not answer, at its port where it can be found."""
    for seen, verdict in rogues(network):
        yield _finding(network, topology, seen, verdict.why)
    if not network.site.dhcp_servers:
        yield from _contradictions(network, topology)
    else:
        yield from _strange_answers(network, topology)


def _finding(network: Network, topology: Topology, seen: Seen, why: str) -> Finding:
    server = seen.server
    trace = topology.trace(server.mac)
    edge = trace.edge
    vlan = server.vlans[0] if len(server.vlans) == 1 else trace.vlan
    looks = looks_like(server)
    maker = f" ({clean(server.vendor, 60)})" if server.vendor else ""
    at = network.at
    gone = presence(topology, trace, server.last or at).gone
    answers = "answered DHCP, and is heard no more" if gone else "answers DHCP"
    return Finding(
        Kind.ROGUE_DHCP_SERVER,
        Severity.WARNING if gone else Severity.MAJOR,
        Resource(
            edge.device if edge else None,
            edge.interface if edge else None,
            vlan,
            server.mac,
            server.server_id or server.ip,
        ),
        f"{server.mac}{maker} {answers}: {why}" + (f"; it looks like {looks}" if looks else ""),
        tuple(_evidence(seen)),
        server.first or at,
        server.last or at,
    )


def _evidence(seen: Seen) -> Iterator[Evidence]:
    server = seen.server
    said = [
        f"server-id {server.server_id}",
        f"gateway {', '.join(server.routers) or 'none'}",
        f"DNS {', '.join(server.dns) or 'none'}",
        f"{server.offers} OFFER, {server.acks} ACK, {server.naks} NAK",
    ]
    if server.relay:
        said.append(f"relay {server.relay}")
    yield Evidence(seen.source, "dhcp_answer", "; ".join(said), None, server.last, seen.sensor)
    for words in server.says:
        yield Evidence(seen.source, "says", clean(words, 120), None, server.last, seen.sensor)
    for mac, ip in server.leases[:20]:
        yield Evidence(seen.source, "dhcp_lease", f"{mac} holds {ip} from it", None, server.last)


# --- nobody named any ----------------------------------------------------------------------------


def _contradictions(network: Network, topology: Topology) -> Iterator[Finding]:
    servers = [s for s in seen_servers(network) if s.server.offers or s.server.acks]
    told = set()
    for a, b in combinations(servers, 2):
        why = _contradict(a, b)
        if why is None:
            continue
        homely = [s for s in (a, b) if looks_like(s.server)]
        if len(homely) == 1:
            if homely[0].server.mac not in told:
                told.add(homely[0].server.mac)
                note = f"{why}; nobody said which server is legitimate"
                yield _finding(network, topology, homely[0], note)
        else:
            yield _undecided(network, a, b, why)


def _contradict(a: Seen, b: Seen) -> str | None:
    """Why two servers cannot both be right, or `None`."""
    one, other = a.server, b.server
    met = (a.probed and b.probed) or bool(set(one.clients) & set(other.clients))
    if not met or not set(one.stacks) & set(other.stacks):
        return None
    if not at_once((one.first, one.last), (other.first, other.last)):
        return None
    if one.server_id == other.server_id:
        same_card = one.mac == other.mac or bool(one.relay or other.relay)
        return None if same_card else f"{one.mac} and {other.mac} both answer as {one.server_id}"
    nets = offered_network(one), offered_network(other)
    if None not in nets and nets[0] != nets[1]:
        return f"{one.server_id} leases in {nets[0]}, {other.server_id} in {nets[1]}"
    for what, x, y in (("gateway", one.routers, other.routers), ("DNS", one.dns, other.dns)):
        if x and y and not set(x) & set(y):
            return f"{one.server_id} gives {what} {x[0]}, {other.server_id} gives {y[0]}"
    return None


def _undecided(network: Network, a: Seen, b: Seen, why: str) -> Finding:
    vlans = set(a.server.vlans) & set(b.server.vlans)
    times = [t for s in (a.server, b.server) for t in (s.first, s.last) if t]
    return Finding(
        Kind.ROGUE_DHCP_SERVER,
        Severity.MAJOR,
        Resource(vlan=min(vlans) if vlans else None),
        f"two DHCP servers contradict each other: {why}; nobody said which one is legitimate",
        (*_evidence(a), *_evidence(b)),
        min(times, default=network.at),
        max(times, default=network.at),
    )


# --- authorized, and yet wrong -------------------------------------------------------------------


def _strange_answers(network: Network, topology: Topology) -> Iterator[Finding]:
    """A server on the list whose gateway lies outside the subnet that it leases, or is not the others'."""
    good = [s for s in seen_servers(network) if judge(s.server, network).allowed]
    for seen in good:
        server = seen.server
        wrong = _wrong_option(network, server)
        if wrong is not None:
            yield _finding(network, topology, seen, wrong)
            continue
        peers = [
            o.server
            for o in good
            if o.server.server_id != server.server_id
            and set(o.server.stacks) & set(server.stacks)
            and offered_network(o.server) == offered_network(server) is not None
        ]
        agreed = {r for o in peers for r in o.routers}
        if agreed and server.routers and len(peers) > 1 and not agreed & set(server.routers):
            why = f"an authorized server, but its gateway {server.routers[0]} is not the others'"
            yield _finding(network, topology, seen, why)


def _wrong_option(network: Network, server: DhcpServer) -> str | None:
    """A gateway or name server that the inventory does not give this server to hand out."""
    named = [
        a
        for a in network.site.dhcp_servers
        if a.ip == (server.server_id or server.ip)
        and (not a.vlans or not server.vlans or set(a.vlans) & set(server.vlans))
    ]
    for what, given, sets in (
        ("gateway", server.routers, [a.routers for a in named]),
        ("name server", server.dns, [a.dns for a in named]),
    ):
        strange = [ip for ip in given if not any(ip in allowed for allowed in sets)]
        if strange and sets and all(sets):
            return f"an authorized server, but it hands out the {what} {clean(strange[0], 45)}"
    return None
