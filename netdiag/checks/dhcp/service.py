"""The DHCP service itself: silent where it should answer, or drowned in requests.

Rules: silence is a finding only in a VLAN that was asked and in which somebody is known to serve:
the inventory says so, or it was heard there before, or stations ask there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from netdiag.checks.dhcp.judge import judge
from netdiag.model import (
    AuthorizedDhcpServer,
    Capture,
    DhcpFlood,
    DhcpServer,
    Evidence,
    Finding,
    Kind,
    Network,
    Resource,
    Severity,
    Storm,
)

if TYPE_CHECKING:
    from netdiag.topology import Topology

_BESIDE = timedelta(seconds=60)
"""What was heard so near to a probe belongs to the same look."""


def dhcp_server_down(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for each VLAN in which nobody who should has answered the newest probe."""
    for vlan, capture in _newest_probes(network).items():
        answered = [s for s in capture.dhcp_servers if s.offers and _is_in(s, vlan)]
        if any(judge(s, network).allowed is not False for s in answered):
            continue
        if _alive(network, capture, vlan):
            continue
        expected = _expected(network, capture, vlan)
        if expected is not None:
            yield _down(network, topology, capture, vlan, expected)


def dhcp_pool_exhausted(network: Network, topology: Topology) -> Iterable[Finding]:
    """Servers that are there, refuse or serve others, and offer a new station nothing."""
    for vlan, capture in _newest_probes(network).items():
        offers = [s for s in capture.dhcp_servers if s.offers and _is_in(s, vlan)]
        if any(judge(s, network).allowed is not False for s in offers):
            continue
        for server in _alive(network, capture, vlan)[:1]:
            yield _exhausted(network, topology, capture, vlan, server)


def _alive(network: Network, capture: Capture, vlan: int | None) -> list[DhcpServer]:
    """Servers that may, and that said something else than an offer at the time of the probe."""
    at = capture.last or network.at
    found = []
    for other in network.captures:
        near = other.source == capture.source and abs((other.last or network.at) - at) <= _BESIDE
        for server in other.dhcp_servers if near else ():
            speaks = (server.naks or server.acks) and _is_in(server, vlan)
            if speaks and judge(server, network).allowed is not False:
                found.append(server)
    return found


def _exhausted(
    network: Network,
    topology: Topology,
    capture: Capture,
    vlan: int | None,
    server: DhcpServer,
) -> Finding:
    known = next((s for s in network.site.dhcp_servers if s.mac == server.mac), None)
    ip = known.ip if known else server.server_id or server.ip
    edge = topology.trace(server.mac).edge
    at = capture.last or network.at
    said = f"{server.acks} ACK, {server.naks} NAK"
    where = "the untagged VLAN" if vlan is None else f"VLAN {vlan}"
    return Finding(
        Kind.DHCP_POOL_EXHAUSTED,
        Severity.MAJOR,
        Resource(
            edge.device if edge else None, edge.interface if edge else None, vlan, server.mac, ip
        ),
        f"the DHCP server {ip} answers in {where} ({said}) and offers a new station nothing:"
        " its addresses are used up",
        (
            Evidence("probe", "dhcp_offer", "none", None, at, capture.source),
            Evidence("probe", "dhcp_answers", said, None, server.last, capture.source),
        ),
        at,
        at,
    )


def _newest_probes(network: Network) -> dict[int | None, Capture]:
    """The newest capture that asked in each VLAN."""
    newest: dict[int | None, Capture] = {}
    for capture in network.captures:
        for vlan in capture.probed_vlans:
            other = newest.get(vlan)
            if other is None or _end(capture, network) > _end(other, network):
                newest[vlan] = capture
    return newest


def _end(capture: Capture, network: Network) -> float:
    return (capture.last or network.at).timestamp()


def _is_in(server: DhcpServer, vlan: int | None) -> bool:
    return vlan in server.vlans or (vlan is None and () in server.stacks)


def _expected(
    network: Network, capture: Capture, vlan: int | None
) -> tuple[str | None, str] | None:
    """(IP of who should answer, how that is known), or `None` where nobody need."""
    number = vlan if vlan is not None else _untagged(network, capture)
    for server in network.site.dhcp_servers:
        if number is not None and number in server.vlans:
            return server.ip, f"the inventory says that it serves VLAN {number}"
        if vlan is None and not server.vlans:
            return server.ip, "the inventory names it"
    for other in network.captures:
        for heard in other.dhcp_servers:
            earlier = other.source == capture.source and _is_in(heard, vlan)
            if earlier and judge(heard, network).allowed is not False and not heard.relay:
                return heard.server_id, "it answered there before"
    here = [s for s in network.site.dhcp_servers if _is_heard(capture, vlan, s)]
    if here:
        return here[0].ip, "its address was heard there"
    if vlan is None and capture.dhcp_clients and network.site.dhcp_servers:
        return network.site.dhcp_servers[0].ip, "stations ask for leases there"
    return None


def _untagged(network: Network, capture: Capture) -> int | None:
    """The number of the sensor's untagged VLAN: that in which switches learned those it hears.

    A router has one card in many VLANs and tells nothing; who is in one VLAN alone does.
    """
    heard = {s.mac for s in capture.stations if s.vlan is None}
    where: dict[str, set[int]] = {}
    for snapshot in (*network.snapshots, *network.history):
        for entry in snapshot.fdb:
            if entry.mac in heard and entry.vlan is not None:
                where.setdefault(entry.mac, set()).add(entry.vlan)
    alone = {next(iter(vlans)) for vlans in where.values() if len(vlans) == 1}
    shared = set.intersection(*where.values()) if where else set()
    found = alone or shared
    return found.pop() if len(found) == 1 else None


def _is_heard(capture: Capture, vlan: int | None, server: AuthorizedDhcpServer) -> bool:
    return any(s.ip == server.ip and s.vlan == vlan for s in capture.stations)


def _down(
    network: Network,
    topology: Topology,
    capture: Capture,
    vlan: int | None,
    expected: tuple[str | None, str],
) -> Finding:
    ip, why = expected
    named = next((s for s in network.site.dhcp_servers if s.ip == ip), None)
    mac = named.mac if named else None
    query = mac or ip
    trace = topology.trace(query) if query else None
    edge = trace.edge if trace else None
    where = "the untagged VLAN" if vlan is None else f"VLAN {vlan}"
    at = capture.last or network.at
    return Finding(
        Kind.DHCP_SERVER_DOWN,
        Severity.MAJOR,
        Resource(edge.device if edge else None, edge.interface if edge else None, vlan, mac, ip),
        f"no DHCP server that may has answered in {where}; {ip or 'one'} should: {why}",
        (Evidence("probe", "dhcp_offer", "none", None, at, capture.source),),
        at,
        at,
    )


def dhcp_starvation(network: Network, topology: Topology) -> Iterable[Finding]:
    """Requests faster than stations make them: one finding for each source."""
    for capture in network.captures:
        for flood in capture.dhcp_floods:
            yield _flood(topology, flood, capture.source)
        if not capture.dhcp_floods:
            for storm in capture.storms:
                if storm.cause == "dhcp-flood":
                    yield _many(storm, capture.source)


def _flood(topology: Topology, flood: DhcpFlood, source: str) -> Finding:
    trace = topology.trace(flood.mac)
    edge = trace.edge
    seconds = max(1.0, (flood.end - flood.start).total_seconds())
    value = f"{flood.discovers} DISCOVERs in {seconds:.0f} s for {flood.clients} client addresses"
    return Finding(
        Kind.DHCP_STARVATION,
        Severity.MAJOR,
        Resource(
            edge.device if edge else None,
            edge.interface if edge else None,
            flood.vlan if flood.vlan is not None else trace.vlan,
            flood.mac,
        ),
        f"{flood.mac} floods DHCP: {value}",
        (Evidence("capture", "dhcp_discover", value, None, flood.end, source),),
        flood.start,
        flood.end,
    )


def _many(storm: Storm, source: str) -> Finding:
    value = f"up to {storm.peak_pps:.0f} DHCP messages/s from many addresses"
    return Finding(
        Kind.DHCP_STARVATION,
        Severity.MAJOR,
        Resource(vlan=storm.vlans[0] if len(storm.vlans) == 1 else None),
        f"DHCP is flooded: {value}",
        (Evidence("capture", "dhcp_discover", value, None, storm.end, source),),
        storm.start,
        storm.end,
    )
