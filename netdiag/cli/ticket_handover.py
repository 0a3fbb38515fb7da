"""`ticket escalate`, `bundle`, `attach`: a ticket goes on to others, with all that is known."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag.cli import common, shown
from netdiag.cli.common import as_json, db_option, inventory_option, options
from netdiag.errors import NetdiagError, UsageError

if TYPE_CHECKING:
    from netdiag.files.process import Process
    from netdiag.report.handover import Handover
    from netdiag.store import Store
    from netdiag.ticket import Ticket

_by = click.option("--by", help="Who says so. Default: your login name.")
_both = options(db_option, as_json)
_BEFORE = timedelta(minutes=30)


@click.command(short_help="Hand it to a level, a team or another trade, with a hand-over bundle.")
@click.argument("ticket_id", metavar="TICKET")
@click.option("--to", required=True, help="A team of process.yaml, or any level, trade or person.")
@click.option("--why", required=True, help="The question: what they are asked.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="A new folder, or FILE.zip. Default: a ZIP file beside the database.",
)
@_by
@inventory_option
@_both
def escalate(
    ticket_id: str,
    to: str,
    why: str,
    bundle: Path | None,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """The ticket goes on with everything found and tried so far; the team is told."""
    from netdiag import ticket as tickets
    from netdiag.report.handover import Handover

    at, who, process = datetime.now(UTC), by or common.who(), common.process()
    team = process.team(to)
    hand = Handover(team.name if team else to, team.trade if team else None, why, who, at)
    missed = False
    with common.open_store(db) as store:
        kept = store.change_ticket(ticket_id, lambda t: tickets.escalate(t, hand.to, why, at, who))
        target = bundle or store.path.parent / "handover" / f"{kept.id}-{at:%Y%m%dT%H%M%S}.zip"
        try:
            _write(store, kept, hand, target, process, inventory_dir)
        except NetdiagError as exc:
            # The escalation stands: that its bundle failed is said, and it can be made again.
            common.say(f"no hand-over bundle: {exc}", style="yellow", err=True)
            missed = True
        else:
            path = str(target.absolute())
            kept = store.change_ticket(
                kept.id, lambda t: tickets.note(t, f"hand-over: {path}", at, who)
            )
            common.progress(f"hand-over: {path}")
        common.announce(store, process, kept)
        shown.print_ticket(kept, json_=json_, store=store)
    sys.exit(1 if missed else 0)


@click.command(short_help="The hand-over bundle alone.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--to", default="whom it may concern", help="For whom it is.")
@click.option("--why", default="Please go on from here.", help="The question.")
@_by
@inventory_option
@db_option
def bundle(
    ticket_id: str,
    target: Path,
    to: str,
    why: str,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
) -> None:
    """TARGET is a new folder, or a file that ends in .zip."""
    from netdiag.report.handover import Handover

    hand = Handover(to, None, why, by or common.who(), datetime.now(UTC))
    with common.open_store(db) as store:
        _write(store, store.ticket(ticket_id), hand, target, common.process(), inventory_dir)
    common.say(f"written: {target}")


@click.command(short_help="A file of evidence that belongs to it.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_by
@_both
def attach(ticket_id: str, file: Path, by: str | None, db: Path | None, json_: bool) -> None:
    """FILE stays where it is; the hand-over has a copy."""
    from netdiag import ticket as tickets

    at, who = datetime.now(UTC), by or common.who()
    with common.open_store(db) as store:
        kept = store.change_ticket(
            ticket_id, lambda t: tickets.attached(t, str(file.absolute()), at, who)
        )
        shown.print_ticket(kept, json_=json_, store=store)


def _write(
    store: Store,
    ticket: Ticket,
    hand: Handover,
    target: Path,
    process: Process,
    inventory_dir: Path | None,
) -> None:
    from netdiag.files import bundle as bundles
    from netdiag.report import handover

    secrets = (*process.secrets(), *_device_secrets(inventory_dir))
    attached, told = bundles.attachments(ticket.files)
    since = ticket.began - _BEFORE
    texts = handover.files(
        ticket,
        store.journal.actions(ticket.id),
        hand,
        captures=store.captures(since),
        events=store.events(since),
        articles=store.articles(),
        attached=told,
        secrets=secrets,
    )
    bundles.write(target, texts, attached, lambda text: handover.scrub(text, secrets))


def _device_secrets(inventory_dir: Path | None) -> Iterator[str]:
    """Every secret by which netdiag logs in to a device: none of them may leave."""
    from netdiag.access import Secret

    try:
        targets = common.load_inventory(inventory_dir).targets()
    except UsageError:
        return  # no inventory, no secrets of devices
    for target in targets:
        for access in (target.snmp, target.ssh, target.out_of_band):
            for name in access.__slots__ if access else ():
                value = getattr(access, name)
                if isinstance(value, Secret):
                    yield value.reveal()
