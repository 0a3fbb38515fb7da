"""`approve`, `resume` and `recover`: the commands after which a device may be different."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, inventory_option, options

_by = click.option("--by", help="Who approves, for the record. Default: your login name.")
_all = options(_by, inventory_option, db_option, as_json)


@click.command(short_help="Approve a ticket's plan, or one step, and carry it out.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("step", nargs=-1, type=int)
@click.option("--dry-run", is_flag=True, help="Show exactly what would be sent, and send nothing.")
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask: carry out only what the plan marks as needing no approval.",
)
@_all
def approve(
    ticket_id: str,
    step: tuple[int, ...],
    dry_run: bool,
    yes: bool,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Show the plan of TICKET, ask, carry it out, verify. STEP names single steps of it."""
    from netdiag import repair
    from netdiag.cli import shown

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        plan = repair.plan(store.ticket(ticket_id), step)
        if not json_ or dry_run:
            shown.plan(plan, err=json_)
        if dry_run:
            return
        if yes:
            step = tuple(
                s.step for s in plan if not s.needs_approval or ("approval", "safe") in s.expect
            )
        elif not _approved(by):
            common.say("not approved: nothing was sent", err=True)
            sys.exit(1)
        kept = repair.approve(
            inventory, store, ticket_id, by=by or common.who(), steps=step, tell=common.progress
        )
        actions = store.journal.actions(ticket_id)
    if json_:
        from netdiag import report

        common.emit(report.ticket_json(kept, actions))
    else:
        shown.verification(kept)
    sys.exit(0 if kept.verification and kept.verification.ok else 1)


def _approved(by: str | None) -> bool:
    """A person says yes on a terminal; elsewhere one must at least be named by `--by`."""
    if sys.stdin.isatty():
        return click.confirm("Approve these steps?", default=False, err=True)
    if by is None:
        common.say("no terminal to ask on: --by NAME says who approves", err=True)
    return by is not None


@click.command(short_help="Go on with a repair that was interrupted, or take it back.")
@click.option("--undo", metavar="TICKET", help="Take back what was changed for TICKET instead.")
@_all
def resume(
    undo: str | None, by: str | None, inventory_dir: Path | None, db: Path | None, json_: bool
) -> None:
    """Look what became of each intended change, then go on; nothing is sent twice unknowingly."""
    from netdiag import repair

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        if undo is not None:
            if not _approved(by):
                sys.exit(1)
            taken = repair.undo(inventory, store, undo, by=by or common.who(), tell=common.progress)
            common.say(f"{undo}: {len(taken)} changes taken back")
            return
        done = repair.resume(inventory, store, by=by or common.who(), tell=common.progress)
    if json_:
        rows = [contract.ticket_row(t) for t in done]
        common.emit({"schema": "netdiag/resume/1", "tickets": rows})
    elif not done:
        common.say("no repair was interrupted")
    else:
        for ticket in done:
            common.say(f"{ticket.id}: {ticket.stage}")


@click.command(short_help="Bring an err-disabled port back, if its cause is gone.")
@click.argument("device")
@click.argument("port")
@click.option("--uplink", is_flag=True, help="Approve that this port is an uplink.")
@click.option("--yes", is_flag=True, help="You approve; do not ask.")
@_all
def recover(
    device: str,
    port: str,
    uplink: bool,
    yes: bool,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Looks first, refuses while the cause persists, and checks afterwards that the port stays up."""
    from netdiag import repair

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        ready = repair.prepare_recovery(
            inventory, store, device, port, uplink=uplink, tell=common.progress
        )
        if not yes and not (
            sys.stdin.isatty()
            and click.confirm(
                f"Send {' / '.join(ready.step.lines)} to {device}?", default=False, err=True
            )
        ):
            common.say("not approved: nothing was sent (--yes approves)", err=True)
            sys.exit(1)
        outcome = repair.recover(
            ready, inventory, store, by=by or common.who(), tell=common.progress
        )
    if json_:
        common.emit({"schema": "netdiag/recover/1", **contract.plain_object(outcome)})
    else:
        common.say(outcome.summary)
    sys.exit(0 if outcome.stays_up else 1)
