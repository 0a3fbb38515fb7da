"""The main flow, top to bottom: look, check, locate, explain, plan. Nothing here changes a device.

inventory -> targets -> snapshots --+
sensors -> captures ----------------+--> Network -> findings -> causes -> plan -> Diagnosis
store -> history, baselines --------+
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from netdiag import causes, checks, playbook, recurrence, report, topology
from netdiag import ticket as tickets
from netdiag.errors import CollectError, NetdiagError, UsageError
from netdiag.model import (
    BlastRadius,
    Capture,
    Cause,
    Device,
    Diagnosis,
    Finding,
    Kind,
    LogEvent,
    Network,
    NotChecked,
    PlanStep,
    Resource,
    Site,
    Snapshot,
    SourceError,
    Trace,
)
from netdiag.ticket import settled
from netdiag.topology import Topology

if TYPE_CHECKING:
    from pathlib import Path

    from netdiag.access import Target
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

Tell = Callable[[str], None]
Ask = Callable[..., tuple[Snapshot, ...]]
"""`collect.poll`, or what stands in for it."""
MOST_ADDRESSES = 256
"""Asked for at a sensor in one look: a second or two of a few frames each."""
MANY = 100
"""With more devices than these, a poll reads little of the past of those that answer now."""
HISTORY = timedelta(hours=24)
"""How far back captures and log lines may belong to the incident."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw, with what follows from it: the input of a plan and of a verification."""

    network: Network
    topology: Topology
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    not_checked: tuple[NotChecked, ...]
    heard: tuple[Capture, ...] = ()
    """The captures of this very look; the network's hold those that the store remembered too."""
    missed: tuple[SourceError, ...] = ()
    """Log files that could not be read."""


def diagnose(
    inventory: Inventory,
    store: Store,
    *,
    area: str | None = None,
    symptom: str | None = None,
    sensors: Sequence[str] | None = None,
    window_s: float = 5.0,
    via: frozenset[str] = frozenset({"snmp", "ssh"}),
    way: playbook.Playbook | None = None,
    record_to: Path | None = None,
    paper: bool = True,
    tell: Tell = lambda _: None,
) -> Diagnosis:
    """Looks everywhere it can, ranks causes, plans the repair, and puts it all on a ticket.

    `way`: the playbook to plan by, else the one for the first cause's kind. `record_to`: a folder
    that gets all that was seen, for `netdiag replay`. Without `paper` no ticket is touched.
    """
    started = datetime.now(UTC)
    seen = look(inventory, store, sensors=sensors, window_s=window_s, via=via, tell=tell)
    tell(_verdict(seen))
    for again in recurrence.check(store, seen.findings, seen.network.at) if paper else ():
        tell(f"{again.id}: {again.timeline[-1].text}")
    seen = _with_makers(seen)
    paths = {t.device.name: t.out_of_band is not None for t in inventory.targets()}
    said = answer(seen, paths, at=datetime.now(UTC), area=area, symptom=symptom, way=way)
    said = replace(said, took_s=(said.at - started).total_seconds())
    said = record(said, store, seen) if paper and (seen.causes or symptom) else said
    if record_to is not None:
        _keep(record_to, seen, said, paths)
    return said


def answer(
    seen: Look,
    paths: Mapping[str, bool],
    *,
    at: datetime,
    area: str | None = None,
    symptom: str | None = None,
    way: playbook.Playbook | None = None,
) -> Diagnosis:
    """The diagnosis that follows from a look: pure. `paths`: who has a second way of management."""
    main = seen.causes[0] if seen.causes else None
    return Diagnosis(
        at=at,
        took_s=0.0,
        area=area,
        symptom=symptom,
        causes=seen.causes,
        findings=seen.findings,
        blast_radius=_blast_radius(main, seen),
        plan=_plan(main, seen, paths, way) if main else (),
        advice=playbook.advice(main, seen.network, seen.topology) if main else (),
        not_checked=seen.not_checked,
    )


def _with_makers(seen: Look) -> Look:
    """The makers of the causes' addresses: what a person on site looks for."""
    from netdiag.collect import wire

    macs = [c.resource.mac for c in seen.causes if c.resource.mac]
    return replace(seen, network=replace(seen.network, vendors=wire.vendors(macs)))


def _keep(folder: Path, seen: Look, said: Diagnosis, paths: Mapping[str, bool]) -> None:
    from netdiag.files import recording

    context = recording.Context(said.area, said.symptom, seen.missed, tuple(sorted(paths.items())))
    recording.save(folder, recording.Recording(seen.network, context, said))


def look(
    inventory: Inventory,
    store: Store,
    *,
    sensors: Sequence[str] | None = None,
    window_s: float = 5.0,
    via: frozenset[str] = frozenset({"snmp", "ssh"}),
    tell: Tell = lambda _: None,
) -> Look:
    """One look at everything, at once: devices, sensors, logs and what is stored of before."""
    at = datetime.now(UTC)
    where = tuple(inventory.site.sensors if sensors is None else sensors)
    history = store.history(before=at)
    known = _addresses(history)
    with ThreadPoolExecutor(max_workers=1 + 2 * len(where)) as pool:
        heard = [pool.submit(_sense, source, window_s, tell) for source in where]
        holders = [pool.submit(_holders, source, known) for source in where if known]
        snapshots = _poll(inventory.targets(), window_s, via, tell)
        captures = tuple(future.result() for future in (*heard, *holders))
    if not known and (known := _addresses(snapshots)):
        captures += tuple(_holders(source, known) for source in where)
    captures += tuple(_refusals(c, tell) for c in captures if c.unanswered_vlans)
    store.add_snapshots(snapshots)
    log, log_errors = _read_log(inventory.site.syslog_files, since=at - HISTORY)
    network = Network(
        at=datetime.now(UTC),
        devices=inventory.devices,
        site=replace(inventory.site, sensors=where),
        snapshots=snapshots,
        history=history,
        captures=captures + store.captures(since=at - HISTORY),
        log=log + store.events(since=at - HISTORY),
        baselines=store.baselines(before=at),
        segments=store.segments(before=at),
    )
    for capture in captures:
        store.add_capture(capture, at)
    network = settled.since(network, settled.settled(store.tickets()))
    return replace(conclude(network, missed=log_errors), heard=captures)


def poll(
    targets: Sequence[Target],
    store: Store,
    *,
    devices: tuple[Device, ...] | None = None,
    site: Site | None = None,
    via: frozenset[str] = frozenset({"snmp", "ssh"}),
    window_s: float | None = None,
    ask: Ask | None = None,
    tell: Tell = lambda _: None,
    arrived: Callable[[Snapshot], None] = lambda _: None,
) -> Look:
    """Asks the targets alone, stores what they say as they say it, and says what is wrong with it.

    `arrived` gets each device's snapshot as soon as it is there, from any thread, one at a time.
    `ask`: what asks the targets, else `collect.poll`.
    """
    from netdiag import collect
    from netdiag.store.keeper import Keeper

    started = datetime.now(UTC)
    with Keeper(store) as keeper:

        def kept(snapshot: Snapshot) -> None:
            keeper.keep(snapshot)
            arrived(snapshot)

        if ask is None:
            snapshots = collect.poll(
                targets, via=via, window_s=window_s, progress=tell, arrived=kept
            )
        else:
            snapshots = ask(targets, via=via, window_s=window_s, progress=tell)
            for snapshot in snapshots:
                kept(snapshot)
    answered = frozenset(s.device for s in snapshots if s.reachable)
    brief = answered if len(snapshots) > MANY else frozenset()
    return conclude(
        Network(
            at=datetime.now(UTC),
            devices=devices if devices is not None else tuple(t.device for t in targets),
            site=site or Site(),
            snapshots=snapshots,
            history=store.history(before=started, brief=brief),
            baselines=store.baselines(before=started),
        )
    )


def stored(inventory: Inventory, store: Store) -> Look:
    """What the store knows, without asking anyone; the network's time is that of its newest snapshot."""
    history = store.history(before=datetime.now(UTC))
    at = max((s.at for s in history), default=datetime.min.replace(tzinfo=UTC))
    newest = {s.device: s for s in sorted(history, key=lambda s: s.at)}
    return conclude(
        Network(
            at=at,
            devices=inventory.devices,
            site=inventory.site,
            snapshots=tuple(newest.values()),
            history=history,
        )
    )


def trace(
    inventory: Inventory,
    store: Store,
    station: str,
    *,
    stored_only: bool = False,
    tell: Tell = lambda _: None,
) -> tuple[Look, Trace]:
    """Where a station is attached: from devices just asked, or from what is stored.

    Raises UsageError for what is neither a MAC, an address nor a name that anything here has.
    """
    if stored_only:
        seen = stored(inventory, store)
    else:
        seen = poll(
            inventory.targets(), store, devices=inventory.devices, site=inventory.site, tell=tell
        )
    found = seen.topology.trace(station)
    if found.mac is None and found.edge is None and not _is_address(station):
        raise UsageError(f"{station!r} is neither a MAC, an address nor a known name")
    return seen, found


def _is_address(text: str) -> bool:
    try:
        ip_address(text.strip())
    except ValueError:
        return False
    return True


def conclude(network: Network, *, missed: Sequence[SourceError] = ()) -> Look:
    """What follows from a network: pure, so that a recorded one gives the same verdict later."""
    graph = topology.build(network)
    findings = checks.run(network, graph)
    return Look(
        network=network,
        topology=graph,
        findings=findings,
        causes=causes.rank(findings, network, graph),
        not_checked=checks.not_checked(network)
        + tuple(NotChecked(what=e.what, why=e.message) for e in missed),
        missed=tuple(missed),
    )


def record(said: Diagnosis, store: Store, seen: Look | None = None) -> Diagnosis:
    """The diagnosis on the open ticket of its cause or area, or on a new one."""
    main = said.causes[0] if said.causes else None
    device = seen.network.device(main.resource.device) if seen and main else None
    area = said.area or (device.area if device else None)
    known = tickets.find_open(
        store.tickets(), at=said.at, area=area, kind=main.kind if main else None, cause=main
    )
    ticket = known or tickets.from_diagnosis(store.next_ticket_id(said.at), said, area=area)
    said = replace(said, ticket=ticket.id, area=area or ticket.area)
    picture = report.picture(seen.network, seen.topology) if seen else None
    if known is None:
        store.save_ticket(tickets.diagnosed(ticket, said, at=said.at, picture=picture))
    else:  # people call meanwhile
        store.change_ticket(
            known.id, lambda t: tickets.diagnosed(t, said, at=said.at, picture=picture)
        )
    return said


def _poll(
    targets: Sequence[Target], window_s: float, via: frozenset[str], tell: Tell
) -> tuple[Snapshot, ...]:
    from netdiag import collect

    tell(f"asking {len(targets)} devices by {' and '.join(sorted(via))}, all at once")
    return collect.poll(targets, via=via, window_s=min(window_s, 5.0), progress=tell)


def _sense(source: str, window_s: float, tell: Tell) -> Capture:
    """Asks for servers at one sensor and hears everything else meanwhile; one that fails is data."""
    from netdiag.collect import wire

    tell(f"listening and probing for DHCP servers at {source}, {window_s:g} s")
    try:
        return wire.probe(source, window_s=window_s)
    except NetdiagError as exc:
        return Capture(source=source, errors=(SourceError("probe", f"sensor {source}", str(exc)),))


def _addresses(snapshots: Iterable[Snapshot]) -> tuple[str, ...]:
    """Who is in the routers' tables, the network's own equipment and a bounded number of others."""
    own = {i.mac for s in snapshots for i in s.interfaces}
    held = {a.ip: a.mac for s in snapshots for a in s.arp}
    ranked = sorted(held, key=lambda ip: (held[ip] not in own, ip))
    return tuple(ranked[:MOST_ADDRESSES])


def _holders(source: str, addresses: Sequence[str]) -> Capture:
    """Asks who holds each address: two answers are what listening alone seldom hears."""
    from netdiag.collect import wire

    try:
        return wire.arp_probe(source, [(ip, None) for ip in addresses], window_s=1.0)
    except NetdiagError as exc:
        why = SourceError("probe", f"addresses used twice, at {source}", str(exc))
        return Capture(source=source, errors=(why,))


def _refusals(unanswered: Capture, tell: Tell) -> Capture:
    """No offer is not enough to tell a dead server from an empty pool: one that lives refuses."""
    from netdiag.collect import wire

    source = unanswered.source
    tell(f"no DHCP offer at {source}: asking for an address that a living server must refuse")
    try:
        heard = wire.probe(
            source, vlans=unanswered.unanswered_vlans, what=("dhcp-refusal",), window_s=1.0
        )
    except NetdiagError as exc:
        why = SourceError("probe", f"whether a DHCP server lives, at {source}", str(exc))
        return Capture(source=source, errors=(why,))
    return replace(heard, probed_vlans=(), unanswered_vlans=())


def _read_log(
    files: Sequence[str], since: datetime
) -> tuple[tuple[LogEvent, ...], tuple[SourceError, ...]]:
    from netdiag.collect import logs

    events: list[LogEvent] = []
    errors: list[SourceError] = []
    for file in files:
        try:
            events += logs.read_syslog_files([file], since)
        except CollectError as exc:
            errors.append(SourceError("syslog", f"log file {file}", str(exc)))
    return tuple(events), tuple(errors)


def _verdict(seen: Look) -> str:
    if not seen.causes:
        return f"{len(seen.findings)} findings, no cause"
    return f"{len(seen.findings)} findings; most likely: {seen.causes[0].summary}"


def _blast_radius(main: Cause | None, seen: Look) -> BlastRadius:
    """Who is harmed: what the closed port cuts off where one is closed, else the cause's segment."""
    if main is None:
        return BlastRadius()
    cut = [
        seen.topology.blast_radius(f.resource.device, f.resource.interface)
        for f in seen.findings
        if f.id in (*main.explains, *main.because)
        and f.kind in ("err-disabled-port", "uplink-down")
        and f.resource.device
        and f.resource.interface
    ]
    if cut:
        return max(cut, key=lambda b: (b.stations, b.interfaces))
    if main.resource.device and main.resource.interface:
        return seen.topology.blast_radius(main.resource.device, main.resource.interface)
    return BlastRadius()


def _plan(
    main: Cause, seen: Look, paths: Mapping[str, bool], way: playbook.Playbook | None
) -> tuple[PlanStep, ...]:
    from netdiag.files import playbooks

    behind = _dark_behind(main, seen)
    if behind is not None:
        # Nobody saw what closed the uplink: the way back is that of a source behind it, place unknown.
        place = Resource(device=behind, vlan=main.resource.vlan)
        main = replace(main, resource=place, interfaces=())
    kind = Kind.AREA_OUTAGE if behind else main.kind
    chosen = way or playbooks.for_kind(kind, seen.causes)
    return playbook.plan(
        chosen, main, seen.network, seen.topology, paths=paths, findings=seen.findings
    )


def _dark_behind(main: Cause, seen: Look) -> str | None:
    """The silent switch behind an uplink that closed itself for a reason that nobody saw."""
    device, interface = main.resource.device, main.resource.interface
    if main.kind is not Kind.ERR_DISABLED_PORT or device is None:
        return None
    far = seen.topology.neighbor(device, interface)
    snapshot = seen.network.snapshot(far[0]) if far else None
    return snapshot.device if snapshot and not snapshot.reachable else None
