"""Proves that people really work again: on the switch, on the wire, and at their own addresses.

"Could not look" is a verdict of its own here, and never counts as fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_address, ip_network
from typing import TYPE_CHECKING

from netdiag import diagnose
from netdiag.checks.dhcp import authorized as verdicts_on
from netdiag.errors import NetdiagError
from netdiag.model import DhcpServer, Finding, Kind, Network, Snapshot, Station
from netdiag.ticket import Check, Ticket, Verdict, Verification, WrongLease

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.diagnose import Look
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

QUIET_PPS = 50.0
"""Broadcasts into one port: below this, or below `QUIET_FACTOR` times its own baseline, is normal."""
QUIET_FACTOR = 5.0
STAYS_UP_S = 3.0
"""Longer than the interval in which a port's storm control decides."""
_CLOSED = (Kind.ERR_DISABLED_PORT, Kind.UPLINK_DOWN, Kind.ADMIN_DOWN_PORT)


def verification(
    inventory: Inventory,
    store: Store,
    ticket: Ticket,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Verification:
    """One look at everything that has to be true again; needs about `STAYS_UP_S` plus a poll."""
    tell("looking again: ports, broadcast rates, DHCP servers, and the stations themselves")
    reopened = tuple({f.resource.device for f in _closed_ports(ticket) if f.resource.device})
    targets = inventory.targets(reopened) if reopened else ()
    first = diagnose.poll(targets, store, devices=inventory.devices, site=inventory.site)
    seen = diagnose.look(inventory, store, window_s=STAYS_UP_S)
    checks = [
        *_ports(ticket, first.network, seen.network),
        *_devices(ticket, seen.network),
        *_rates(ticket, seen),
        *_servers(seen),
    ]
    wrong = wrong_leases(seen, since=ticket.began - timedelta(minutes=10), shut=_shut_ports(ticket))
    checks += _people(ticket, seen, wrong, store.history(before=ticket.began))
    return Verification(at=datetime.now(UTC), checks=tuple(checks), wrong_leases=wrong)


def cause_persists(ticket: Ticket, seen: Look) -> str | None:
    """Why opening a port now would let the trouble back in; `None` when its source is isolated."""
    cause = ticket.cause
    if cause is None or cause.resource.device is None:
        return None
    snapshot = seen.network.snapshot(cause.resource.device)
    if snapshot is None or not snapshot.reachable:
        return f"{cause.resource.device} does not answer, so nobody can see that its source is isolated"
    ports = cause.interfaces or ((cause.resource.interface,) if cause.resource.interface else ())
    open_ = [p for p in ports if (i := snapshot.interface(p)) and i.oper_status == "up"]
    if open_:
        return f"{cause.resource.device} {', '.join(open_)} is still up"
    loud = list(_loud(snapshot, seen))
    return (
        f"{cause.resource.device} {loud[0][0]} still takes in {loud[0][1]:.0f} broadcasts/s"
        if loud
        else None
    )


def blocking_cause(seen: Look, device: str, interface: str) -> str | None:
    """The cause that closed this port and is still there, in a sentence; `None`: it may be opened."""
    for cause in seen.causes:
        about_it = {
            f.id
            for f in seen.findings
            if f.resource.device == device and f.resource.interface == interface
        }
        itself = cause.resource.device == device and cause.resource.interface == interface
        if not itself and about_it & {*cause.explains, *cause.because}:
            return cause.summary
    return None


def loudest_ports(target: Target, seen: Look) -> tuple[str, ...]:
    """The edge ports into which by far the most broadcasts came since the last stored reading.

    One quick SNMP look, for the seconds in which a supervised reopening lets the switch answer.
    """
    from netdiag.collect import snmp

    name = target.device.name
    earlier = seen.network.last_good(name)
    known = {i.name: i.counters for i in earlier.interfaces} if earlier else {}
    grown: dict[str, int] = {}
    for port, total in snmp.read_broadcast_counters(target, 2.0):
        before = known.get(port)
        grown[port] = total - (before.in_broadcast_pkts or 0 if before else 0)
    edge = {p: n for p, n in grown.items() if n > 0 and not seen.topology.is_uplink(name, p)}
    most = max(edge.values(), default=0)
    # The two ports of a loop can differ tenfold; quiet ports differ from both by far more.
    return tuple(p for p, n in edge.items() if n >= 500 and n * 20 >= most)


# --- the single proofs ---------------------------------------------------------------------------


def _ports(ticket: Ticket, network: Network, again: Network) -> Iterator[Check]:
    for finding in _closed_ports(ticket):
        device, name = finding.resource.device, finding.resource.interface
        states = [
            s.interface(name) if (s := n.snapshot(device)) else None for n in (network, again)
        ]
        what = f"{device} {name} is up and stays up"
        if any(i is None for i in states) or not _reachable(network, device):
            yield Check(what, Verdict.UNKNOWN, f"{device} does not answer")
        elif all(
            i is not None and i.oper_status == "up" and i.err_disabled is None for i in states
        ):
            last = states[-1]
            since = (
                ""
                if last is None or last.last_change_s is None
                else f", for {last.last_change_s:.0f} s"
            )
            yield Check(what, Verdict.PROVEN, f"up{since}")
        else:
            yield Check(what, Verdict.FAILED, ", ".join(str(i.oper_status) for i in states if i))


def _closed_ports(ticket: Ticket) -> list[Finding]:
    cause, diagnosis = ticket.cause, ticket.diagnosis
    if cause is None or diagnosis is None:
        return []
    mine = {*cause.because, *cause.explains}
    isolated = _shut_ports(ticket)
    return [
        f
        for f in diagnosis.findings
        if f.id in mine
        and f.kind in _CLOSED
        and f.resource.interface
        and (f.kind is not Kind.UPLINK_DOWN or not _twin(f, diagnosis.findings))
        and ((f.resource.device, f.resource.interface) not in isolated or cause.kind in _CLOSED)
    ]


def _twin(finding: Finding, findings: Iterable[Finding]) -> bool:
    """An uplink that is down because it is err-disabled is one port, checked once."""
    return any(
        f.kind is Kind.ERR_DISABLED_PORT
        and f.resource.device == finding.resource.device
        and f.resource.interface == finding.resource.interface
        for f in findings
    )


def _devices(ticket: Ticket, network: Network) -> Iterator[Check]:
    radius = ticket.diagnosis.blast_radius.devices if ticket.diagnosis else ()
    about = {ticket.cause.resource.device} if ticket.cause else set()
    for name in sorted({*radius, *(d for d in about if d)}):
        if network.device(name) is not None:
            up = _reachable(network, name)
            yield Check(
                f"{name} answers",
                Verdict.PROVEN if up else Verdict.FAILED,
                "it was polled" if up else "no answer",
            )


def _rates(ticket: Ticket, seen: Look) -> Iterator[Check]:
    if ticket.cause is None:
        return
    names = {ticket.cause.resource.device, *(f.resource.device for f in _closed_ports(ticket))}
    for snapshot in seen.network.snapshots:
        if snapshot.device not in names:
            continue
        what = f"broadcasts on {snapshot.device} are back to normal"
        known = [r.in_broadcast_pps for r in snapshot.rates if r.in_broadcast_pps is not None]
        loud = list(_loud(snapshot, seen))
        if not known:
            yield Check(what, Verdict.UNKNOWN, "no rates could be read")
        elif loud:
            yield Check(what, Verdict.FAILED, f"{loud[0][0]}: {loud[0][1]:.0f}/s in")
        else:
            yield Check(what, Verdict.PROVEN, f"at most {max(known):.1f}/s into any port")


def _loud(snapshot: Snapshot, seen: Look) -> Iterator[tuple[str, float]]:
    usual = {(b.device, b.interface): b.in_broadcast_pps for b in seen.network.baselines}
    for rate in snapshot.rates:
        bound = max(QUIET_PPS, QUIET_FACTOR * usual.get((snapshot.device, rate.interface), 0.0))
        if rate.in_broadcast_pps is not None and rate.in_broadcast_pps > bound:
            yield rate.interface, rate.in_broadcast_pps


def _servers(seen: Look) -> Iterator[Check]:
    what = "only the legitimate DHCP server answers"
    probes = [c for c in seen.heard if c.probed_vlans]
    heard = [s for c in seen.heard for s in c.dhcp_servers]
    if not probes:
        yield Check(what, Verdict.UNKNOWN, "no sensor could probe")
        return
    judged = verdicts_on(seen.network)
    verdicts = {s.mac: judged.get(f"DhcpServer:{s.mac}") for s in heard}
    if any(v is None for v in verdicts.values()):
        yield Check(
            what, Verdict.UNKNOWN, "the inventory does not say which servers are legitimate"
        )
    elif any(v is False for v in verdicts.values()):
        rogue = next(mac for mac, allowed in verdicts.items() if allowed is False)
        yield Check(what, Verdict.FAILED, f"{rogue} still answers")
    elif not verdicts:
        yield Check(what, Verdict.FAILED, "no server answered the probe")
    else:
        yield Check(
            what,
            Verdict.PROVEN,
            f"{', '.join(sorted({s.server_id or s.mac for s in heard}))} answered, nobody else",
        )


def _people(
    ticket: Ticket, seen: Look, wrong: tuple[WrongLease, ...], before: tuple[Snapshot, ...]
) -> Iterator[Check]:
    """Every station that worked before answers at its address, or its port says that it is off."""
    network = seen.network
    right = dict(_stations_before(ticket, seen, before))
    gateways = {r for s in _servers_of(network, authorized=True) for r in s.routers}
    answers = _ask(network, [*right.values(), *gateways])
    if answers is None:
        yield Check("stations reach the network again", Verdict.UNKNOWN, "no sensor could ask them")
        return
    by_ip = {a.ip: a.mac for a in answers}
    for gateway in sorted(gateways):
        ok = gateway in by_ip
        yield Check(
            f"the gateway {gateway} answers in the users' segment",
            Verdict.PROVEN if ok else Verdict.FAILED,
            by_ip.get(gateway, "no answer"),
        )
    held = {w.mac for w in wrong}
    back = {
        mac for mac, ip in right.items() if by_ip.get(ip) == mac or _has_right_address(mac, seen)
    }
    off = {mac for mac in right if mac not in back and _is_off(mac, seen)}
    lost = sorted(set(right) - back - off - held)
    yield Check(
        "nobody holds a lease of the wrong server",
        Verdict.FAILED if wrong else Verdict.PROVEN,
        f"{len(wrong)} still do" if wrong else "none seen",
    )
    if right:
        verdict = Verdict.FAILED if lost or (held & set(right)) - back else Verdict.PROVEN
        detail = f"{len(back)} of {len(right)} answer" + (
            f", {len(off)} unplugged or off" if off else ""
        )
        yield Check(
            "the stations that worked before answer again",
            verdict,
            detail + (f"; silent: {', '.join(lost[:5])}" if lost else ""),
        )


def wrong_leases(
    seen: Look, *, since: datetime, shut: frozenset[tuple[str, str]] = frozenset()
) -> tuple[WrongLease, ...]:
    """Stations whose last known address is one that an unauthorized server gave, with their port.

    Who sits behind a port of `shut` is left out: there the wrong server is, and nobody can renew.
    """
    network = seen.network
    rogues = list(_servers_of(network, authorized=False))
    nets = [n for s in rogues for n in _nets(s)]
    given = {mac: ip for s in rogues for mac, ip in s.leases}
    for station in (s for c in reversed(network.captures) for s in c.stations):
        if (station.last is None or station.last >= since) and _inside(station.ip, nets):
            given[station.mac] = station.ip
    now = {s.mac: s for c in seen.heard for s in c.stations}
    right = [n for s in _servers_of(network, authorized=True) for n in _nets(s)]
    worked = {a.mac for s in network.history for a in s.arp if _inside(a.ip, right)}
    # A server that no sensor heard still shows by what its victims now call themselves.
    given.update({m: s.ip for m, s in now.items() if m in worked and not _inside(s.ip, right)})
    rogue_macs = {s.mac for s in rogues}
    return tuple(
        WrongLease(mac=mac, ip=ip, where=_where(mac, seen))
        for mac, ip in sorted(given.items())
        if mac not in rogue_macs
        and _port(mac, seen) not in shut
        and not _recovered(mac, now.get(mac), right, seen)
    )


def _recovered(mac: str, station: Station | None, right: list[IPv4Network], seen: Look) -> bool:
    if station is not None:
        return _inside(station.ip, right)
    return _has_right_address(mac, seen)


def _has_right_address(mac: str, seen: Look) -> bool:
    """A fresh lease or an address in a legitimate server's net, as just seen."""
    right = [n for s in _servers_of(seen.network, authorized=True) for n in _nets(s)]
    judged = verdicts_on(seen.network)
    acked = {
        m
        for c in seen.heard
        for s in c.dhcp_servers
        if judged.get(f"DhcpServer:{s.mac}")
        for m, _ in s.leases
    }
    return mac in acked or any(
        s.mac == mac and _inside(s.ip, right) for c in seen.heard for s in c.stations
    )


def _servers_of(network: Network, *, authorized: bool) -> Iterator[DhcpServer]:
    judged = verdicts_on(network)
    for capture in network.captures:
        yield from (
            s for s in capture.dhcp_servers if judged.get(f"DhcpServer:{s.mac}") is authorized
        )


def _nets(server: DhcpServer) -> Iterator[IPv4Network]:
    for router in server.routers:
        try:
            net = ip_network(f"{router}/{server.subnet_mask or 24}", strict=False)
        except ValueError:
            continue
        if isinstance(net, IPv4Network):
            yield net


def _inside(ip: str, nets: Iterable[IPv4Network]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in net for net in nets)


def _stations_before(
    ticket: Ticket, seen: Look, before: tuple[Snapshot, ...]
) -> Iterator[tuple[str, str]]:
    """(MAC, address) of the stations of the harmed switches, as history knew them before it began."""
    radius = ticket.diagnosis.blast_radius.devices if ticket.diagnosis else ()
    harmed = {*radius, ticket.cause.resource.device if ticket.cause else None}
    at_edge = {
        e.mac
        for s in before
        if s.device in harmed
        for e in s.fdb
        if e.interface and not seen.topology.is_uplink(s.device, e.interface)
    }
    right = [n for s in _servers_of(seen.network, authorized=True) for n in _nets(s)]
    found: dict[str, str] = {}
    for snapshot in sorted(before, key=lambda s: s.at):
        found.update(
            {
                a.mac: a.ip
                for a in snapshot.arp
                if a.mac in at_edge and (not right or _inside(a.ip, right))
            }
        )
    yield from found.items()


def _ask(network: Network, ips: Iterable[str]) -> list[Station] | None:
    from netdiag.collect import wire

    heard: list[Station] = []
    looked = False
    for sensor in network.site.sensors:
        try:
            heard += wire.arp_probe(
                sensor, [(ip, None) for ip in sorted(set(ips))], window_s=1.5
            ).stations
            looked = True
        except NetdiagError:
            continue
    return heard if looked else None


def _is_off(mac: str, seen: Look) -> bool:
    trace = seen.topology.trace(mac)
    snapshot = seen.network.snapshot(trace.edge.device) if trace.edge else None
    port = snapshot.interface(trace.edge.interface) if snapshot and trace.edge else None
    return port is not None and port.oper_status != "up"


def _where(mac: str, seen: Look) -> str | None:
    edge = seen.topology.trace(mac).edge
    if edge is None:
        return None
    device = seen.network.device(edge.device)
    desk = device.desk(edge.interface) if device else None
    return f"{edge.device} {edge.interface}" + (f", desk {desk}" if desk else "")


def _port(mac: str, seen: Look) -> tuple[str, str] | None:
    edge = seen.topology.trace(mac).edge
    return (edge.device, edge.interface) if edge else None


def _shut_ports(ticket: Ticket) -> frozenset[tuple[str, str]]:
    cause = ticket.cause
    if cause is None or cause.resource.device is None:
        return frozenset()
    ports = cause.interfaces or (cause.resource.interface,)
    return frozenset((cause.resource.device, p) for p in ports if p)


def _reachable(network: Network, device: str | None) -> bool:
    snapshot = network.snapshot(device)
    return snapshot is not None and snapshot.reachable
