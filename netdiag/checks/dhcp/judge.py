"""Which DHCP servers were seen, and whether each is one that the inventory allows.

Rules: a server is judged by identifier, MAC, relay and VLAN together, so that a copied identifier
or address does not make one legitimate. Nobody named any: the verdict is `None`, never guessed.
Only what travels through a relay is judged without its MAC, and then the relay must be who it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, ip_interface

from netdiag.checks.dhcp.judge_six import judge6, judge_router
from netdiag.checks.dhcp.verdict import UNKNOWN, YES, Verdict, no
from netdiag.model import AuthorizedDhcpServer, Capture, DhcpServer, Network

SAME_TIME = timedelta(hours=1)
"""Two servers heard further apart than this need never have met."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One server over all captures."""

    server: DhcpServer
    source: str
    """capture or probe."""
    sensor: str
    probed: bool
    """Its OFFER answered a probe of ours."""


def seen_servers(network: Network) -> tuple[Seen, ...]:
    """Every DHCPv4 server, what several captures saw of it added up."""
    found: dict[tuple[str | None, str, str | None], Seen] = {}
    for capture in network.captures:
        for server in capture.dhcp_servers:
            key = (server.server_id, server.mac, server.relay)
            seen = _seen(server, capture)
            found[key] = _add(found[key], seen) if key in found else seen
    return tuple(found.values())


def _seen(server: DhcpServer, capture: Capture) -> Seen:
    probed = bool(capture.probed_vlans) and server.offers > 0
    return Seen(server, "probe" if probed else "capture", capture.source, probed)


def _add(a: Seen, b: Seen) -> Seen:
    one, other = a.server, b.server
    server = replace(
        one,
        vlans=tuple(sorted({*one.vlans, *other.vlans})),
        stacks=tuple(sorted({*one.stacks, *other.stacks})),
        offers=one.offers + other.offers,
        acks=one.acks + other.acks,
        naks=one.naks + other.naks,
        routers=_union(one.routers, other.routers),
        dns=_union(one.dns, other.dns),
        clients=_union(one.clients, other.clients),
        leases=tuple({**dict(one.leases), **dict(other.leases)}.items()),
        first=min((t for t in (one.first, other.first) if t), default=None),
        last=max((t for t in (one.last, other.last) if t), default=None),
    )
    return replace(a, server=server, probed=a.probed or b.probed)


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*a, *b)))


def judge(server: DhcpServer, network: Network) -> Verdict:
    """Whether the inventory allows this server to say what it says."""
    allowed = network.site.dhcp_servers
    if not allowed:
        return UNKNOWN
    claimed = server.server_id or (None if server.relay else server.ip)
    if claimed is None:
        return UNKNOWN  # cut short: it does not say who it is
    named = [a for a in allowed if a.ip == claimed]
    if not named:
        return no(f"{claimed} is not an authorized DHCP server")
    here = [
        a for a in named if not a.vlans or not server.vlans or set(server.vlans) <= set(a.vlans)
    ]
    if not here:
        return no(f"{claimed} is not authorized in VLAN {_numbers(server.vlans)}")
    if _is_relayed(server):
        return _relayed(server, claimed, network)
    return _direct(server, claimed, here, network)


def _is_relayed(server: DhcpServer) -> bool:
    """The frame comes from a relay; between server and relay it still comes from the server."""
    return server.relay is not None and server.ip != server.server_id


def _direct(
    server: DhcpServer, claimed: str, named: list[AuthorizedDhcpServer], network: Network
) -> Verdict:
    macs = {a.mac.lower() for a in named if a.mac}
    if all(a.mac for a in named):
        if server.mac in macs or _came_through_a_gateway(server, network):
            return YES
        real = ", ".join(sorted(macs))
        return no(f"it copies the identity of {claimed}, whose card is {real}")
    rivals = {
        s.server.mac
        for s in seen_servers(network)
        if s.server.server_id == server.server_id and not _is_relayed(s.server)
    } - {server.mac}
    owners = holders(network, claimed)
    if rivals and server.mac not in owners:
        others = ", ".join(sorted(rivals))
        return no(f"it answers as {claimed}, and so does {others}")
    return YES


def _relayed(server: DhcpServer, claimed: str, network: Network) -> Verdict:
    """The relay must be the holder of its address, and needed: a server in the subnet needs none."""
    routers = infrastructure(network)
    if server.mac in routers:
        return YES
    owners = holders(network, server.relay or "")
    if owners and server.mac not in owners:
        real = ", ".join(sorted(owners))
        return no(f"it claims to relay for {claimed} from {server.relay}, which is {real}")
    macs = {a.mac.lower() for a in network.site.dhcp_servers if a.ip == claimed and a.mac}
    subnet = offered_network(server)
    if not owners and macs and subnet is not None and _inside(claimed, subnet):
        return no(f"it claims to relay for {claimed}, which needs no relay in {subnet}")
    return YES


def _came_through_a_gateway(server: DhcpServer, network: Network) -> bool:
    """A renewal answered from another subnet carries the gateway's card, and never an OFFER."""
    subnet = offered_network(server)
    if server.offers or subnet is None or server.ip is None or _inside(server.ip, subnet):
        return False
    gateways = {mac for ip in server.routers for mac in holders(network, ip)}
    return server.mac in gateways | infrastructure(network)


def holders(network: Network, ip: str) -> frozenset[str]:
    """The cards that ARP shows for an address: in devices' tables, else on the wire."""
    tables = {e.mac for s in (*network.snapshots, *network.history) for e in s.arp if e.ip == ip}
    heard = {s.mac for c in network.captures for s in c.stations if s.ip == ip}
    return frozenset(tables or heard)


def infrastructure(network: Network) -> frozenset[str]:
    """The cards of the network's own devices."""
    snapshots = (*network.snapshots, *network.history)
    return frozenset(i.mac for s in snapshots for i in s.interfaces if i.mac)


def offered_network(server: DhcpServer) -> IPv4Network | None:
    """The subnet of its leases, as far as router (or own address) and mask show it."""
    address = next(iter(server.routers), None) or server.server_id
    if address is None or server.subnet_mask is None:
        return None
    try:
        network = ip_interface(f"{address}/{server.subnet_mask}").network
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None


def _inside(ip: str, subnet: IPv4Network) -> bool:
    try:
        return IPv4Address(ip) in subnet
    except ValueError:
        return False


def _numbers(vlans: tuple[int, ...]) -> str:
    return ", ".join(str(v) for v in vlans)


def at_once(
    a: tuple[datetime | None, datetime | None], b: tuple[datetime | None, datetime | None]
) -> bool:
    """Two (first, last) periods that touch, `SAME_TIME` apart at most; unknown times do."""
    (first_a, last_a), (first_b, last_b) = a, b
    if first_a is None or last_a is None or first_b is None or last_b is None:
        return True
    return first_a - last_b <= SAME_TIME and first_b - last_a <= SAME_TIME


def rogues(network: Network) -> Iterator[tuple[Seen, Verdict]]:
    """The servers that the inventory does not allow."""
    for seen in seen_servers(network):
        verdict = judge(seen.server, network)
        if verdict.allowed is False:
            yield seen, verdict


def authorized(network: Network) -> Mapping[str, bool | None]:
    """`DhcpServer:MAC` -> verdict, one refusal outweighing; `None` where nobody said.

    A DHCPv6 server or router on the card of a rogue DHCP server is refused whatever the list says.
    """
    found: dict[str, bool | None] = {}
    for seen in seen_servers(network):
        _keep(found, f"DhcpServer:{seen.server.mac}", judge(seen.server, network).allowed)
    bad = {seen.server.mac for seen, _ in rogues(network)}
    for capture in network.captures:
        for six in capture.dhcp6_servers:
            verdict = False if six.mac in bad else judge6(six, network.site).allowed
            _keep(found, f"Dhcp6Server:{six.mac}", verdict)
        for router in capture.routers:
            verdict = False if router.mac in bad else judge_router(router, network.site).allowed
            _keep(found, f"RouterAdvertiser:{router.mac}", verdict)
    return found


def _keep(found: dict[str, bool | None], key: str, verdict: bool | None) -> None:
    """One refusal outweighs."""
    found[key] = verdict if found.get(key) is not False else False
