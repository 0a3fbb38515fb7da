"""IPv6: DHCPv6 servers and routers that should not speak.

Rules: several routers or servers on a link are normal; a card is wrong when it is that of a rogue
DHCPv4 server, when it speaks beside the network's own router and is none of its devices, or when it
contradicts another at the same time under the same tags. What is inside a PPPoE session concerns
that session alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING

from netdiag.checks.dhcp.judge import at_once, infrastructure, rogues
from netdiag.checks.dhcp.judge_six import judge6, judge_router
from netdiag.model import (
    Dhcp6Server,
    Evidence,
    Finding,
    Kind,
    Network,
    Resource,
    RouterAdvertiser,
    Severity,
)
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.topology import Topology

_VIRTUAL = ("00:00:5e:00:02:", "00:00:5e:00:01:", "00:05:73:a0:", "00:00:0c:9f:f")
"""VRRP and HSRP for IPv6: the network's own routers."""


def rogue_dhcp6_server(network: Network, topology: Topology) -> Iterable[Finding]:
    """DHCPv6 servers on a rogue's card, or giving other name servers than another one."""
    bad = {seen.server.mac for seen, _ in rogues(network)}
    own = infrastructure(network)
    for source, server in _servers(network):
        if server.mac in bad:
            why = "the card is that of an unauthorized DHCP server"
            yield _finding6(network, topology, server, source, why)
        elif (verdict := judge6(server, network.site)).allowed is False:
            yield _finding6(network, topology, server, source, verdict.why)
        elif verdict.allowed is None:
            desk = _at_a_desk(network, topology, server.mac, own)
            if desk is not None:
                yield _finding6(network, topology, server, source, desk)
    if network.site.dhcp6_servers:
        return
    for (source, a), (_, b) in combinations(_servers(network), 2):
        if a.duid == b.duid or {a.mac, b.mac} & bad or not _together(a, b):
            continue
        if a.dns and b.dns and not set(a.dns) & set(b.dns):
            strangers = [s for s in (a, b) if s.mac not in own]
            named = strangers[0] if len(strangers) == 1 else None
            why = f"{a.mac} gives name server {clean(a.dns[0], 45)}, {b.mac} {clean(b.dns[0], 45)}"
            yield _finding6(network, topology, named, source, why, one_of=a)


def rogue_router_advertisement(network: Network, topology: Topology) -> Iterable[Finding]:
    """Routers on a rogue's card, strangers beside the network's own, and contradicting ones."""
    bad = {seen.server.mac for seen, _ in rogues(network)}
    own = infrastructure(network) | {a.mac.lower() for a in network.site.dhcp_servers if a.mac}
    own |= {r.mac for c in network.captures for r in c.routers if _is_allowed(network, r)}
    routers = [
        (c.source, r)
        for c in network.captures
        for r in c.routers
        if r.session is None and r.lifetime_s
    ]
    for source, router in routers:
        why = _refused(network, router, bad) or _stranger(router, bad, own, [r for _, r in routers])
        if why is None and not network.site.routers:
            why = _at_a_desk(network, topology, router.mac, own)
        if why is not None:
            yield _router(network, topology, router, source, why)
    if network.site.routers:
        return
    unknown = [(s, r) for s, r in routers if r.mac not in bad and not _is_own(r.mac, own)]
    for (source, a), (_, b) in combinations(unknown, 2):
        if a.mac == b.mac or not _together(a, b) or any(_is_own(r.mac, own) for _, r in routers):
            continue
        if a.prefixes and b.prefixes and not set(a.prefixes) & set(b.prefixes):
            yield _contradiction(network, a, b, source)


def _at_a_desk(network: Network, topology: Topology, mac: str, own: frozenset[str]) -> str | None:
    """Nobody said who may serve, but no company's router or server stands at a wall socket."""
    edge = topology.trace(mac).edge
    if edge is None or mac in own or mac.startswith(_VIRTUAL):
        return None
    device = network.device(edge.device)
    desk = device.desk(edge.interface) if device is not None else None
    return f"it is attached at desk {clean(desk, 40)}" if desk else None


def _is_allowed(network: Network, router: RouterAdvertiser) -> bool:
    return judge_router(router, network.site).allowed is True


def _refused(network: Network, router: RouterAdvertiser, bad: set[str]) -> str | None:
    """Why the inventory's list of routers does not allow this one."""
    verdict = judge_router(router, network.site)
    return verdict.why if verdict.allowed is False and router.mac not in bad else None


def _stranger(
    router: RouterAdvertiser,
    bad: set[str],
    own: frozenset[str],
    routers: list[RouterAdvertiser],
) -> str | None:
    if router.mac in bad:
        return "the card is that of an unauthorized DHCP server"
    if _is_own(router.mac, own):
        return None
    beside = [r for r in routers if _is_own(r.mac, own) and _together(r, router)]
    return f"it is none of the network's devices, and {beside[0].mac} is" if beside else None


def _is_own(mac: str, own: frozenset[str]) -> bool:
    return mac in own or mac.startswith(_VIRTUAL)


def _together(a: Dhcp6Server | RouterAdvertiser, b: Dhcp6Server | RouterAdvertiser) -> bool:
    """Under the same tags, at the same time."""
    return bool(set(a.stacks) & set(b.stacks)) and at_once((a.first, a.last), (b.first, b.last))


def _servers(network: Network) -> list[tuple[str, Dhcp6Server]]:
    return [(c.source, s) for c in network.captures for s in c.dhcp6_servers]


def _finding6(
    network: Network,
    topology: Topology,
    server: Dhcp6Server | None,
    source: str,
    why: str,
    *,
    one_of: Dhcp6Server | None = None,
) -> Finding:
    """A finding on that server, or on its VLAN where it is not known which of two is wrong."""
    shown = server or one_of
    assert shown is not None
    value = f"DUID {shown.duid}; {shown.advertises} ADVERTISE, {shown.replies} REPLY"
    return Finding(
        Kind.ROGUE_DHCP6_SERVER,
        Severity.MAJOR if server else Severity.WARNING,
        _resource(topology, shown, known=server is not None),
        f"{shown.mac} answers DHCPv6: {why}" if server else f"two DHCPv6 servers: {why}",
        (Evidence("capture", "dhcp6_answer", value, None, shown.last, source),),
        *_times(network, shown.first, shown.last),
    )


def _router(
    network: Network, topology: Topology, router: RouterAdvertiser, source: str, why: str
) -> Finding:
    prefixes = ", ".join(clean(p, 45) for p in router.prefixes) or "none"
    value = f"{router.ip}; prefixes {prefixes}; lifetime {router.lifetime_s} s"
    return Finding(
        Kind.ROGUE_ROUTER_ADVERTISEMENT,
        Severity.MAJOR,
        _resource(topology, router, known=True),
        f"{router.mac} advertises itself as IPv6 router: {why}",
        (Evidence("capture", "router_advertisement", value, None, router.last, source),),
        *_times(network, router.first, router.last),
    )


def _contradiction(
    network: Network, a: RouterAdvertiser, b: RouterAdvertiser, source: str
) -> Finding:
    said = f"{a.mac} advertises {clean(a.prefixes[0], 45)}, {b.mac} {clean(b.prefixes[0], 45)}"
    last = max((t for t in (a.last, b.last) if t), default=None)
    return Finding(
        Kind.ROGUE_ROUTER_ADVERTISEMENT,
        Severity.WARNING,
        Resource(vlan=a.vlans[0] if len(a.vlans) == 1 else None),
        f"two IPv6 routers contradict each other: {said}; nobody said which one is legitimate",
        (Evidence("capture", "router_advertisement", said, None, last, source),),
        *_times(network, a.first, last),
    )


def _resource(
    topology: Topology, sender: Dhcp6Server | RouterAdvertiser, *, known: bool
) -> Resource:
    vlan = sender.vlans[0] if len(sender.vlans) == 1 else None
    if not known:
        return Resource(vlan=vlan)
    trace = topology.trace(sender.mac)
    edge = trace.edge
    return Resource(
        edge.device if edge else None,
        edge.interface if edge else None,
        vlan if vlan is not None else trace.vlan,
        sender.mac,
        sender.ip,
    )


def _times(network: Network, first: datetime | None, last: datetime | None) -> Iterator[datetime]:
    yield first or network.at
    yield last or network.at
