"""Asks every station whether it works again: who answers where, and who still holds a wrong lease.

Stations are asked by ARP probes (RFC 5227, sender 0.0.0.0), which change no cache anywhere. A
station that is silent is not well: its port says whether it is off, and who is neither is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, ip_address, ip_network
from itertools import islice
from typing import TYPE_CHECKING

from netdiag.checks.dhcp import authorized as verdicts_on
from netdiag.errors import NetdiagError
from netdiag.model import DhcpServer, Network, Snapshot
from netdiag.ticket import Check, Ticket, Verdict, WrongLease

if TYPE_CHECKING:
    from netdiag.diagnose import Look

WINDOW_S = 1.5
_MOST_ASKED = 254
"""Addresses of a wrong server's net that are asked: a home router's net is a /24."""
Port = tuple[str, str]
Answers = list[tuple[str, str]]
"""(MAC, address) pairs."""
Ask = Callable[[Iterable[str]], Answers | None]


@dataclass(frozen=True, slots=True)
class RollCall:
    """Who was asked and who answered; MAC addresses throughout."""

    right: dict[str, str]
    """The address at which each station of the harmed switches worked before."""
    homes: dict[str, Port]
    """The edge port at which each of them was learned before."""
    back: frozenset[str]
    off: frozenset[str]
    """Unplugged or switched off, as the port says, or behind a port that the repair shut."""
    wrong: dict[str, str]
    """Who answered, or was heard, at an address of the wrong server."""
    gateways: dict[str, str | None]
    """Gateway address -> who answered for it."""
    asked: int
    wrong_net_known: bool
    """Whether a wrong server was heard, so that its whole net could be asked."""

    @property
    def silent(self) -> frozenset[str]:
        """They have a link, and answer nowhere."""
        return frozenset(self.right) - self.back - self.off - frozenset(self.wrong)


def call(
    ticket: Ticket, seen: Look, before: Iterable[Snapshot], ask: Ask | None = None
) -> RollCall | None:
    """Asks everybody; `None` when no sensor could. `before`: snapshots from before the incident.

    `ask`: addresses to the (MAC, address) pairs that answered; `None` asks at the site's sensors.
    """
    network = seen.network
    legit = [n for s in servers(network, authorized=True) for n in nets(s)]
    rogue = [n for s in servers(network, authorized=False) for n in nets(s)]
    snapshots = sorted(before, key=lambda s: s.at)
    homes = dict(_homes(ticket, seen, snapshots))
    right = {
        a.mac: a.ip
        for s in snapshots
        for a in s.arp
        if a.mac in homes and (not legit or inside(a.ip, legit))
    }
    gateways = {r for s in servers(network, authorized=True) for r in s.routers}
    suspects = _suspects(seen, ticket.began - timedelta(minutes=10), rogue, legit, set(right))
    asked = {*right.values(), *suspects.values(), *gateways, *_members(rogue)}
    answers = (ask or _at_sensors(network))(asked)
    if answers is None:
        return None
    back = frozenset(
        {m for m, ip in answers if inside(ip, legit)}
        | {s.mac for c in seen.heard for s in c.stations if inside(s.ip, legit)}
        | _leased(seen)
    )
    own = {s.mac for s in servers(network, authorized=False)}
    shut = shut_ports(ticket)
    wrong = {m: ip for m, ip in answers if inside(ip, rogue)}
    wrong |= {m: ip for m, ip in _heard_wrong(seen, legit).items() if m in right}
    isolated = {m for m in {*right, *wrong} if {homes.get(m), port_of(m, seen)} & shut}
    wrong = {m: ip for m, ip in wrong.items() if m not in own | isolated}
    return RollCall(
        right=right,
        homes=homes,
        back=back - wrong.keys(),
        off=frozenset(m for m in right if m in isolated or _is_off(homes[m], seen)),
        wrong=wrong,
        gateways={g: next((m for m, ip in answers if ip == g), None) for g in sorted(gateways)},
        asked=len(asked),
        wrong_net_known=bool(rogue),
    )


def checks(roll: RollCall | None) -> Iterator[Check]:
    """What the roll call proves."""
    if roll is None:
        yield Check("stations work again", Verdict.UNKNOWN, "no sensor could ask them")
        return
    for gateway, mac in roll.gateways.items():
        what = f"the gateway {gateway} answers in the users' segment"
        yield Check(what, Verdict.PROVEN if mac else Verdict.FAILED, mac or "no answer")
    yield Check(
        "nobody holds a lease of the wrong server",
        Verdict.FAILED if roll.wrong else Verdict.PROVEN,
        f"{len(roll.wrong)} still do" if roll.wrong else _none_found(roll),
    )
    what = "the stations that worked before answer again"
    if not roll.right:
        yield Check(what, Verdict.UNKNOWN, "no snapshot from before says which they were")
        return
    detail = f"{len(roll.back & roll.right.keys())} of {len(roll.right)} answer"
    if away := roll.off - roll.back:
        detail += f", {len(away)} unplugged, off, or behind the shut port"
    if roll.silent:
        detail += f", {len(roll.silent)} silent"
    ok = not roll.silent and not roll.wrong.keys() & roll.right.keys()
    yield Check(what, Verdict.PROVEN if ok else Verdict.FAILED, detail)


def _none_found(roll: RollCall) -> str:
    known = "" if roll.wrong_net_known else "; no wrong server was heard, so no net of one is known"
    return f"{roll.asked} addresses asked{known}"


def to_reconnect(roll: RollCall | None, seen: Look) -> tuple[WrongLease, ...]:
    """Who has to reconnect or renew, with the place; no address: it answers nowhere."""
    if roll is None:
        return ()
    people: dict[str, str | None] = {**roll.wrong, **dict.fromkeys(roll.silent)}
    return tuple(
        WrongLease(mac=mac, ip=people[mac], where=place(mac, seen, roll.homes.get(mac)))
        for mac in sorted(people)
    )


# --- helpers ---------------------------------------------------------------------------------------


def servers(network: Network, *, authorized: bool) -> Iterator[DhcpServer]:
    """The DHCP servers that any capture saw, of the one verdict or the other."""
    judged = verdicts_on(network)
    for capture in network.captures:
        yield from (
            s for s in capture.dhcp_servers if judged.get(f"DhcpServer:{s.mac}") is authorized
        )


def nets(server: DhcpServer) -> Iterator[IPv4Network]:
    """The networks that a server hands out."""
    for router in server.routers:
        try:
            net = ip_network(f"{router}/{server.subnet_mask or 24}", strict=False)
        except ValueError:
            continue
        if isinstance(net, IPv4Network):
            yield net


def inside(ip: str, networks: Iterable[IPv4Network]) -> bool:
    """Whether an address, as text, lies in one of the networks."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in net for net in networks)


def port_of(mac: str, seen: Look) -> Port | None:
    """The edge port where a station was last seen."""
    edge = seen.topology.trace(mac).edge
    return (edge.device, edge.interface) if edge else None


def shut_ports(ticket: Ticket) -> frozenset[Port]:
    """The ports that isolate the cause."""
    cause = ticket.cause
    if cause is None or cause.resource.device is None:
        return frozenset()
    ports = cause.interfaces or (cause.resource.interface,)
    return frozenset((cause.resource.device, p) for p in ports if p)


def place(mac: str, seen: Look, home: Port | None = None) -> str | None:
    """Device, port and desk of a station, for people; `home` where it is not seen anywhere now."""
    port = port_of(mac, seen) or home
    if port is None:
        return None
    device = seen.network.device(port[0])
    desk = device.desk(port[1]) if device else None
    return f"{port[0]} {port[1]}" + (f", desk {desk}" if desk else "")


def _homes(ticket: Ticket, seen: Look, snapshots: Iterable[Snapshot]) -> Iterator[tuple[str, Port]]:
    """(MAC, edge port) of the stations of the harmed switches, the newest place last."""
    radius = ticket.diagnosis.blast_radius.devices if ticket.diagnosis else ()
    harmed = {*radius, ticket.cause.resource.device if ticket.cause else None}
    for snapshot in snapshots:
        if snapshot.device not in harmed:
            continue
        for entry in snapshot.fdb:
            if entry.interface and not seen.topology.is_uplink(snapshot.device, entry.interface):
                yield entry.mac, (snapshot.device, entry.interface)


def _suspects(
    seen: Look,
    since: datetime,
    rogue: list[IPv4Network],
    legit: list[IPv4Network],
    known: set[str],
) -> dict[str, str]:
    """MAC -> wrong address, of whom a wrong server answered or who was heard in its net."""
    given = {m: ip for s in servers(seen.network, authorized=False) for m, ip in s.leases}
    for station in (s for c in reversed(seen.network.captures) for s in c.stations):
        if (station.last is None or station.last >= since) and inside(station.ip, rogue):
            given[station.mac] = station.ip
    return given | {m: ip for m, ip in _heard_wrong(seen, legit).items() if m in known}


def _heard_wrong(seen: Look, legit: list[IPv4Network]) -> dict[str, str]:
    # A wrong server that no sensor heard still shows by what its victims now call themselves.
    if not legit:
        return {}
    return {s.mac: s.ip for c in seen.heard for s in c.stations if not inside(s.ip, legit)}


def _leased(seen: Look) -> set[str]:
    """Who just got a lease of a legitimate server, as heard."""
    judged = verdicts_on(seen.network)
    return {
        m
        for c in seen.heard
        for s in c.dhcp_servers
        if judged.get(f"DhcpServer:{s.mac}")
        for m, _ in s.leases
    }


def _members(networks: Iterable[IPv4Network]) -> set[str]:
    return {str(a) for n in set(networks) for a in islice(n.hosts(), _MOST_ASKED)}


def _at_sensors(network: Network) -> Ask:
    """Asks at every sensor of the site; `None` when none could."""
    from netdiag.collect import wire

    def ask(ips: Iterable[str]) -> Answers | None:
        targets = [(ip, None) for ip in sorted(set(ips))]
        heard: Answers = []
        looked = False
        for sensor in network.site.sensors if targets else ():
            try:
                found = wire.arp_probe(sensor, targets, window_s=WINDOW_S)
            except NetdiagError:
                continue
            looked = True
            heard += [(s.mac, s.ip) for s in found.stations]
        return heard if looked else None

    return ask


def _is_off(home: Port, seen: Look) -> bool:
    snapshot = seen.network.snapshot(home[0])
    port = snapshot.interface(home[1]) if snapshot else None
    return port is not None and port.oper_status != "up"
