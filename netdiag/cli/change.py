"""`approve`, `resume`, `recover` and `stop`: the commands after which a device may be different."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, inventory_option, options

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.model import Diagnosis
    from netdiag.repair import Preview
    from netdiag.store import Store
    from netdiag.ticket import Ticket

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
@click.option("--override", metavar="REASON", help="Overrule what speaks against it; on record.")
@click.option(
    "--plan", "mark", metavar="MARK", help="Approve this plan alone, as --dry-run marks it."
)
@_all
def approve(
    ticket_id: str,
    step: tuple[int, ...],
    dry_run: bool,
    yes: bool,
    override: str | None,
    mark: str | None,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Show the plan of TICKET, ask, carry it out, verify. STEP names single steps of it."""
    from netdiag import repair
    from netdiag.cli import shown, shown_change

    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        ticket = store.ticket(ticket_id)
        previews, shown_mark = _preview(inventory, store, ticket, step)
        if dry_run and json_:
            common.emit(shown_change.preview_json(previews, shown_mark, ticket=ticket_id))
            return
        if not json_:
            shown.plan([p.step for p in previews])
            shown_change.preview(previews, shown_mark)
        if dry_run:
            return
        if yes:
            step = tuple(p.step.step for p in previews if _needs_nobody(p))
        elif not _approved(by):
            common.say("not approved: nothing was sent", err=True)
            sys.exit(1)
        kept = repair.approve(
            inventory,
            store,
            ticket_id,
            by=by or common.who(),
            steps=step,
            shown=mark or shown_mark,
            override=override,
            tell=common.progress,
        )
        actions = store.journal.actions(ticket_id)
    if json_:
        from netdiag import report

        common.emit(report.ticket_json(kept, actions, at=datetime.now(UTC)))
    else:
        shown.verification(kept)
    sys.exit(0 if kept.verification and kept.verification.ok else 1)


def _preview(
    inventory: Inventory, store: Store, ticket: Ticket, step: tuple[int, ...]
) -> tuple[tuple[Preview, ...], str]:
    """What the person is shown, and the mark that binds the approval to it."""
    from netdiag import playbook, repair

    chosen = repair.plan(ticket, step)
    assert ticket.diagnosis is not None
    mark = playbook.mark(ticket.diagnosis.plan, ticket.diagnosis.at)
    return repair.preview(inventory, store, ticket.diagnosis, chosen), mark


def dry_run(inventory: Inventory, store: Store, said: Diagnosis, *, json_: bool) -> None:
    """`run PLAYBOOK --dry-run`: the plan of a diagnosis, to the last line that it would send."""
    from netdiag import playbook, repair
    from netdiag.cli import shown, shown_change

    main = [s for s in said.plan if s.instead_of is None]
    previews = repair.preview(inventory, store, said, main)
    mark = playbook.mark(said.plan, said.at)
    if json_:
        common.emit(shown_change.preview_json(previews, mark, ticket=None))
        return
    if said.causes:
        common.say(f"{said.causes[0].kind}: {said.causes[0].summary}", style="bold")
        shown.plan(main)
        shown_change.preview(previews, mark)
    else:
        common.say("no cause found: nothing would be sent")
    shown.not_checked(said)


def follow(ticket_id: str, db: Path | None, *, json_: bool) -> None:
    """`run --watch TICKET`: the run as it happens; 0 when it ended well, 1 when it did not."""
    import time

    from netdiag import repair
    from netdiag.cli import shown_change

    rows = []
    with common.open_store(db) as store:
        lock = repair.ticket_lock(store.ticket(ticket_id).id)
        for row in repair.follow(store, ticket_id, lock, time.sleep):
            rows.append(row)
            if not json_:
                common.say(shown_change.event(row))
    last = rows[-1] if rows else None
    over = last is not None and last.event == "run" and last.body.get("state") != "begun"
    well = over and last is not None and not last.body.get("why")
    if json_:
        events = [contract.plain_object(r) for r in rows]
        common.emit(
            {"schema": "netdiag/run/1", "ticket": ticket_id, "over": over, "events": events}
        )
    elif last is None:
        common.say(f"{ticket_id}: nobody has begun to repair it")
    elif not over:
        common.say(f"its process is gone: netdiag resume {ticket_id}", style="yellow")
    sys.exit(0 if well else 1)


def _needs_nobody(p: Preview) -> bool:
    """Looks and paper, and what the playbook calls safe; never what a person has to do by hand."""
    if p.step.action == "ask-person":
        return False
    return not p.step.needs_approval or (("approval", "safe") in p.step.expect and p.people == 1)


def _approved(by: str | None, question: str = "Approve these steps?") -> bool:
    """A person says yes on a terminal; elsewhere one must at least be named by `--by`."""
    if sys.stdin.isatty():
        return click.confirm(question, default=False, err=True)
    if by is None:
        common.say("no terminal to ask on: --by NAME says who approves", err=True)
    return by is not None


@click.command(short_help="Go on with a repair that was interrupted, or take it back.")
@click.argument("ticket_id", metavar="[TICKET]", required=False)
@click.option("--undo", metavar="TICKET", help="Take back what was changed for TICKET instead.")
@click.option("--take-over", is_flag=True, help="Of TICKET, from a run that still lives.")
@click.option("--reason", metavar="TEXT", help="Why it is taken over, for the record.")
@_all
def resume(
    ticket_id: str | None,
    undo: str | None,
    take_over: bool,
    reason: str | None,
    by: str | None,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Look what became of each intended change, then go on; nothing is sent twice unknowingly.

    Without TICKET: every repair that was interrupted.
    """
    from netdiag import repair

    if take_over and (ticket_id is None or not (reason or "").strip()):
        raise click.UsageError("--take-over needs a TICKET and --reason TEXT, for the record")
    inventory = common.load_inventory(inventory_dir)
    with common.open_store(db) as store:
        if undo is not None:
            _undo(inventory, store, undo, by)
            return
        done = repair.resume(
            inventory,
            store,
            by=by or common.who(),
            ticket_id=ticket_id,
            take_over=reason if take_over else None,
            tell=common.progress,
        )
    if json_:
        rows = [contract.ticket_row(t, datetime.now(UTC)) for t in done]
        common.emit({"schema": "netdiag/resume/1", "tickets": rows})
    elif not done:
        common.say("no repair was interrupted")
    else:
        for ticket in done:
            common.say(f"{ticket.id}: {ticket.stage}")


def _undo(inventory: Inventory, store: Store, ticket_id: str, by: str | None) -> None:
    """Shows what would be sent, asks, and takes the changes back."""
    from netdiag import repair

    run = repair.Repair(inventory, store, store.ticket(ticket_id).id, by or "", common.progress)
    wanted = repair.to_undo(run)
    for step, _ in wanted:
        common.say(f"{step.device}: {' / '.join(step.lines)}", err=True)
    if not wanted:
        common.say(f"{ticket_id}: nothing to take back")
    elif not _approved(by, "Send this?"):
        sys.exit(1)
    else:
        taken = repair.undo(
            inventory, store, ticket_id, by=by or common.who(), tell=common.progress
        )
        common.say(f"{ticket_id}: {len(taken)} changes taken back")


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
        for warning in ready.warnings:
            common.say(f"mind: {warning}", style="yellow", err=True)
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


@click.command(short_help="The stop button: nothing further is sent to any device.")
@click.option("--release", is_flag=True, help="Let changes go on again.")
@click.option("--status", is_flag=True, help="Only say whether it is pressed: 1 if so.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@_by
@db_option
@as_json
def stop(
    release: bool, status: bool, reason: str, by: str | None, db: Path | None, json_: bool
) -> None:
    """Every netdiag on this database stops before its next line, also in the middle of a change.

    `netdiag resume` goes on after --release, and looks first what was sent.
    """
    from netdiag import act

    with common.open_store(db) as store:
        journal = store.journal
        if not status:
            event = "release" if release else "stop"
            journal.write(event, "", datetime.now(UTC), by=by or common.who(), reason=reason)
        held = journal.stopped()
        left = len([a for a in journal.actions() if a.state in ("intended", "unknown")])
    if json_:
        said = None if held is None else {"by": held.body["by"], "reason": held.body["reason"]}
        at = contract.time(held.at) if held else None
        common.emit(
            {
                "schema": "netdiag/stop/1",
                "stopped": held is not None,
                "since": at,
                "unsettled": left,
            }
            | {"said": said}
        )
    else:
        common.say(act.stopped_words(held.body, held.at) if held else "changes may be sent")
        if left:
            common.say(
                f"{left} changes are of unknown outcome: netdiag resume looks", style="yellow"
            )
    sys.exit(1 if status and held else 0)
