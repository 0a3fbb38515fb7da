"""`poll`, `ports`, `trace` and `diagnose`: the commands that ask devices and change nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag import contract
from netdiag.cli import common, polling
from netdiag.cli.common import as_json, db_option, inventory_option, options
from netdiag.model import Interface, Snapshot
from netdiag.names import short_name, sort_key

if TYPE_CHECKING:
    from netdiag.playbook import Playbook

_access = options(
    click.option("--via", type=click.Choice(["snmp", "ssh"]), help="One channel only."),
    click.option("--community", envvar="NETDIAG_COMMUNITY", help="For HOST[:PORT] by SNMP v2c."),
    click.option("--snmp-version", type=click.Choice(["2c", "3"]), help="For HOST[:PORT]."),
    click.option(
        "--snmp-user",
        help="For HOST[:PORT] by SNMP v3; keys from NETDIAG_AUTH_KEY and NETDIAG_PRIV_KEY.",
    ),
    click.option("--platform", help="For HOST[:PORT] by SSH, e.g. cisco_ios."),
    click.option(
        "--username", help="For HOST[:PORT] by SSH; the password from NETDIAG_PASSWORD or a prompt."
    ),
)
_via = {"snmp": frozenset({"snmp"}), "ssh": frozenset({"ssh"}), None: frozenset({"snmp", "ssh"})}


@click.command(short_help="Read ports, counters, FDB and neighbours; store a snapshot.")
@click.argument("target", nargs=-1)
@_access
@click.option(
    "--window",
    default=1.0,
    show_default=True,
    help="Seconds between the two counter readings; 0 reads once.",
)
@inventory_option
@db_option
@as_json
def poll(
    target: tuple[str, ...],
    via: str | None,
    window: float,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
    **ad_hoc: Any,
) -> None:
    """Read each TARGET (a device, a group, HOST[:PORT]; none = all) and store a snapshot."""
    from netdiag import diagnose as flow
    from netdiag import recurrence

    targets, inventory = common.targets(inventory_dir, target, ad_hoc)
    started = datetime.now(UTC)
    with common.open_store(db) as store, polling.Polling(targets, rows=not json_) as shown:
        seen = flow.poll(
            targets,
            store,
            devices=inventory.devices if inventory else None,
            site=inventory.site if inventory else None,
            via=_via[via],
            window_s=window or None,
            tell=shown.tell,
            arrived=shown.arrived,
        )
        for again in recurrence.check(store, seen.findings, seen.network.at):
            common.progress(f"{again.id}: {again.timeline[-1].text}")
    snapshots, took = seen.network.snapshots, (datetime.now(UTC) - started).total_seconds()
    if json_:
        polling.emit(snapshots, seen.findings, started=started, took_s=took)
    else:
        common.say(polling.summary(snapshots, took))
        for snapshot in snapshots:
            for sentence in snapshot.contradictions:
                common.say(f"contradiction: {snapshot.device}: {sentence}", style="yellow")
        common.print_findings(seen.findings)
    common.print_errors(snapshots)
    sys.exit(
        common.status(
            found=bool(seen.findings), missed=any(s.errors or not s.reachable for s in snapshots)
        )
    )


@click.command(short_help="The port table.")
@click.argument("target", nargs=-1)
@click.option("--err-disabled", is_flag=True, help="Only ports closed by their own protection.")
@_access
@inventory_option
@db_option
@as_json
def ports(
    target: tuple[str, ...],
    err_disabled: bool,
    via: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
    **ad_hoc: Any,
) -> None:
    """Every port of each TARGET, or only the err-disabled ones with their cause."""
    from netdiag import diagnose as flow

    targets, inventory = common.targets(inventory_dir, target, ad_hoc)
    started = datetime.now(UTC)
    with common.open_store(db) as store, polling.Polling(targets, rows=False) as shown:
        seen = flow.poll(
            targets,
            store,
            devices=inventory.devices if inventory else None,
            site=inventory.site if inventory else None,
            via=_via[via],
            window_s=None,
            tell=shown.tell,
            arrived=shown.arrived,
        )
    snapshots = seen.network.snapshots
    rows = [
        (s, i)
        for s in snapshots
        for i in sorted(s.interfaces, key=lambda i: sort_key(i.name))
        if not err_disabled or i.err_disabled is not None
    ]
    closed = any(i.err_disabled is not None for s in snapshots for i in s.interfaces)
    if json_:
        found = [f for f in seen.findings if f.kind == "err-disabled-port"]
        took = (datetime.now(UTC) - started).total_seconds()
        polling.emit(snapshots, found, started=started, took_s=took)
    elif err_disabled and not rows:
        common.say("no port is err-disabled on the devices that answered")
    else:
        common.table(
            None,
            ("Device", "Port", "Description", "State", "VLAN", "Speed", "Cause"),
            (_port_row(s, i) for s, i in rows),
        )
    common.print_errors(snapshots)
    sys.exit(
        common.status(found=closed, missed=any(s.errors or not s.reachable for s in snapshots))
    )


def _port_row(s: Snapshot, i: Interface) -> tuple[object, ...]:
    state = (
        "err-disabled"
        if i.err_disabled
        else "admin down"
        if i.admin_status == "down"
        else i.oper_status
    )
    cause = f"{i.err_disabled.cause} ({i.err_disabled.vendor_cause})" if i.err_disabled else None
    vlan = "trunk" if i.trunk else i.access_vlan
    speed = None if not i.speed_bps else f"{i.speed_bps / 1e6:g}M"
    return s.device, short_name(i.name), i.alias, state, vlan, speed, cause


@click.command(short_help="The path to the edge port where a station is attached.")
@click.argument("station", metavar="MAC|IP|NAME")
@click.option(
    "--stored", is_flag=True, help="Answer from the last stored snapshots; ask no device."
)
@inventory_option
@db_option
@as_json
def trace(
    station: str, stored: bool, inventory_dir: Path | None, db: Path | None, json_: bool
) -> None:
    """Where is it plugged in? STATION is a MAC in any notation, an IP address or a name."""
    from netdiag import diagnose as flow

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        seen, answer = flow.trace(
            inventory, store, station, stored_only=stored, tell=common.progress
        )
    edge = answer.edge
    device = seen.network.device(edge.device) if edge else None
    snapshot = seen.network.last_good(edge.device) if edge else None
    port = snapshot.interface(edge.interface) if snapshot and edge else None
    if json_:
        common.emit(
            contract.trace(
                answer, (), alias=port.alias if port else None, area=device.area if device else None
            )
        )
    else:
        for hop in answer.path:
            common.say(f"{hop.device}  {hop.interface}  ({hop.reason})")
        if edge is None:
            common.say(
                f"{station}: not found on any port" + (f": {answer.note}" if answer.note else "")
            )
        else:
            desk = device.desk(edge.interface) if device else None
            common.say(
                f"{answer.mac or station} is at {edge.device} {edge.interface}"
                + (f", desk {desk}" if desk else "")
                + f" (confidence {answer.confidence:.2f})",
                style="bold",
            )
            if answer.shared_port:
                common.say(
                    f"{len(answer.stations_on_port)} stations share that port: {', '.join(answer.stations_on_port[:8])}"
                )
            if answer.note:
                common.say(answer.note)
    common.print_errors(seen.network.snapshots)
    missed = any(not s.reachable for s in seen.network.snapshots)
    sys.exit(common.status(found=edge is not None, missed=missed and edge is None))


_flow = options(
    click.option("--area", help="Where it hurts: site/floor[/room]."),
    click.option("--symptom", help="What people say."),
    click.option(
        "--sensor",
        "sensors",
        multiple=True,
        help="Where to listen and probe: IFACE or lab:NODE. Default: the inventory's.",
    ),
    click.option(
        "--window",
        default=5.0,
        show_default=True,
        help="Seconds to listen, and between counter readings.",
    ),
    click.option("--via", type=click.Choice(["snmp", "ssh"]), help="One channel only."),
    click.option(
        "--record",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep all that was seen in a folder, for `netdiag replay`.",
    ),
    inventory_option,
    db_option,
    as_json,
)


@click.command(short_help="The whole flow: collect, check, locate, rank, plan, ticket.")
@_flow
def diagnose(**given: Any) -> None:
    """Look everywhere, name the cause, plan the repair, open or join a ticket. Changes nothing."""
    _diagnose(None, **given)


@click.command(short_help="The same, planned by a playbook of your choice; or watch a run.")
@click.argument("playbook", required=False)
@click.option("--dry-run", is_flag=True, help="Show exactly what would be sent; open no ticket.")
@click.option(
    "--watch", metavar="TICKET", help="Watch that ticket's repair as it happens, instead."
)
@_flow
def run(playbook: str | None, dry_run: bool, watch: str | None, **given: Any) -> None:
    """PLAYBOOK is the name of one that comes with netdiag, or the path of a YAML file of your own.

    Looks and plans; what changes the network waits for `netdiag approve`.
    """
    from netdiag.files import playbooks

    if (playbook is None) == (watch is None):
        raise click.UsageError("name a PLAYBOOK, or --watch TICKET")
    if watch is not None:
        from netdiag.cli import change

        change.follow(watch, given["db"], json_=given["json_"])
    elif playbook is not None:
        _diagnose(playbooks.named(playbook), dry_run=dry_run, **given)


def _diagnose(
    way: Playbook | None,
    area: str | None,
    symptom: str | None,
    sensors: tuple[str, ...],
    window: float,
    via: str | None,
    record: Path | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
    dry_run: bool = False,
) -> None:
    from netdiag import diagnose as flow
    from netdiag import lessons

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        answer = flow.diagnose(
            inventory,
            store,
            area=area,
            symptom=symptom,
            sensors=sensors or None,
            window_s=window,
            via=_via[via],
            way=way,
            record_to=record,
            paper=not dry_run,
            tell=common.progress,
        )
        taught = lessons.earlier(store, answer.ticket)
        if dry_run:
            from netdiag.cli import change

            change.dry_run(inventory, store, answer, json_=json_)
    if dry_run:
        pass
    elif json_:
        said = [contract.plain_object(a) for a in taught]
        common.emit(contract.diagnosis(answer) | {"earlier": said})
    else:
        from netdiag.cli import shown

        shown.diagnosis(answer)
        shown.earlier(taught)
        shown.next_step(answer)
    sys.exit(common.status(found=bool(answer.findings), missed=bool(answer.not_checked)))
