"""Proves that people really work again: on the switch, on the wire, and at their own addresses.

"Could not look" is a verdict of its own here, and never counts as fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from netdiag import diagnose, rollcall
from netdiag.checks.dhcp import authorized as verdicts_on
from netdiag.model import Finding, Kind, Network, Snapshot
from netdiag.ticket import Check, Ticket, Verdict, Verification

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
    roll = rollcall.call(ticket, seen, _before(store, ticket))
    checks += rollcall.checks(roll)
    checks += _services(seen)
    wrong = rollcall.to_reconnect(roll, seen)
    return Verification(at=datetime.now(UTC), checks=tuple(checks), wrong_leases=wrong)


def cause_persists(
    ticket: Ticket, seen: Look, *, opening: tuple[str | None, str | None] | None = None
) -> str | None:
    """Why opening a port now would let the trouble back in; `None` when its source is isolated.

    `opening`: (device, port) that is about to be opened: that it is closed speaks not against it.
    """
    cause = ticket.cause
    if cause is None or cause.resource.device is None:
        return None
    snapshot = seen.network.snapshot(cause.resource.device)
    if snapshot is None or not snapshot.reachable:
        return f"{cause.resource.device} does not answer, so nobody can see that its source is isolated"
    # A closed port is itself what is to be opened: then only what still comes in counts.
    source = cause.interfaces or (cause.resource.interface,)
    ports = [p for p in source if p] if cause.kind not in _CLOSED else []
    again = [
        p
        for p in source
        if p and (i := snapshot.interface(p)) and i.err_disabled and (snapshot.device, p) != opening
    ]
    if cause.kind in _CLOSED and again:
        return f"{cause.resource.device} {again[0]} has closed itself again"
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
    never = target.device.never_touch
    return tuple(p for p, n in edge.items() if n >= 500 and n * 20 >= most and p not in never)


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
    isolated = rollcall.shut_ports(ticket)
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


def _services(seen: Look) -> Iterator[Check]:
    """What users need beyond their gateway, where the inventory names it."""
    from netdiag.collect import service

    site = seen.network.site
    if not site.checks:
        return
    sensors = [s for s in site.sensors if not s.startswith("lab:")]
    if site.sensors and not sensors:
        for check in site.checks:
            detail = f"{site.sensors[0]} can open no connection"
            yield Check(f"{check.name} works", Verdict.UNKNOWN, detail)
        return
    handed_out = [s.dns for s in rollcall.servers(seen.network, authorized=True)]
    servers = [d for dns in (*(s.dns for s in site.dhcp_servers), *handed_out) for d in dns]
    verdicts = {True: Verdict.PROVEN, False: Verdict.FAILED, None: Verdict.UNKNOWN}
    where = sensors[0] if sensors else None
    way = service.Way(tuple(dict.fromkeys(servers)), where)
    for asked in service.ask(site.checks, way):
        yield Check(asked.what, verdicts[asked.works], asked.detail)


def _before(store: Store, ticket: Ticket) -> tuple[Snapshot, ...]:
    """Snapshots from before it began, and the oldest kept one of a device that has none from then.

    A silent device's trouble dates from its last answer, which is of the same round as the others'.
    """
    earlier = store.history(before=ticket.began + timedelta(seconds=5))
    kept = store.history(before=ticket.opened, per_device=50)
    oldest = {s.device: s for s in sorted(kept, key=lambda s: s.at, reverse=True)}
    known = {s.device for s in earlier}
    return (*earlier, *(s for name, s in oldest.items() if name not in known))


def _reachable(network: Network, device: str | None) -> bool:
    snapshot = network.snapshot(device)
    return snapshot is not None and snapshot.reachable
