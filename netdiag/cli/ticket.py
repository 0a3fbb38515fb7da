"""`ticket`: the incident on paper."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from netdiag import contract
from netdiag.cli import common, ticket_handover, ticket_intake, ticket_people, ticket_sync
from netdiag.cli.common import as_json, db_option, options
from netdiag.cli.shown import print_ticket, promises

_by = click.option("--by", help="Who says so. Default: your login name.")
_both = options(db_option, as_json)


@click.group(short_help="Tickets: open, list, show, note, escalate, resolve, close.")
def ticket() -> None:
    """The incident on paper, from the first call to the lesson learned."""


for command in (
    ticket_intake.open_,
    ticket_intake.answer,
    ticket_intake.wait,
    ticket_intake.check,
    ticket_people.ask,
    ticket_people.feedback,
    ticket_handover.escalate,
    ticket_handover.bundle,
    ticket_handover.attach,
    ticket_sync.sync,
    ticket_sync.rules,
):
    ticket.add_command(command)


@ticket.command("list", short_help="The tickets, newest first.")
@click.option("--all", "everything", is_flag=True, help="The closed ones too.")
@click.option(
    "--breached",
    is_flag=True,
    help="Open ones past a promised time; exit status 1 if there is one.",
)
@_both
def list_(everything: bool, breached: bool, db: Path | None, json_: bool) -> None:
    """The open tickets (with --all, every one)."""
    from netdiag import ticket as tickets

    at = datetime.now(UTC)
    with common.open_store(db) as store:
        rows = [t for t in store.tickets() if everything or json_ or t.stage != "closed"]
        if breached:
            rows = [t for t in rows if t.stage != "closed" and tickets.breached(t, at)]
            common.announce(store, common.process(), *rows)
    if json_:
        common.emit(
            {"schema": "netdiag/tickets/1", "tickets": [contract.ticket_row(t, at) for t in rows]}
        )
    elif breached and not rows:
        common.say("no promise is broken")
    elif not rows:
        common.say("no open ticket")
    else:
        for t in rows:
            calls = f"{len(t.reports)} call{'s' * (len(t.reports) != 1)}"
            head = (t.id, t.priority, t.stage, t.area, t.kind, calls, f"{t.opened:%Y-%m-%d %H:%M}Z")
            common.say("  ".join(str(word) for word in head if word), style="bold")
            common.say(f"    {t.summary}")
            for line, style in promises(t, at) if t.stage != "closed" else ():
                if style:
                    common.say(f"    {line}", style=style)
    if breached and rows:
        sys.exit(1)


@ticket.command(short_help="One ticket with everything on it.")
@click.argument("ticket_id", metavar="TICKET")
@_both
def show(ticket_id: str, db: Path | None, json_: bool) -> None:
    """Who called, what was found, what was done, whether it is over."""
    with common.open_store(db) as store:
        print_ticket(store.ticket(ticket_id), json_=json_, store=store, whole=True)


@ticket.command(short_help="Add a note.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("text")
@_by
@_both
def note(ticket_id: str, text: str, by: str | None, db: Path | None, json_: bool) -> None:
    """Anything worth keeping; on a closed ticket it is feedback for the article."""
    from netdiag import lessons
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = store.save_ticket(
            tickets.note(store.ticket(ticket_id), text, datetime.now(UTC), by or common.who())
        )
        if kept.stage == "closed":
            lessons.heard(store, kept, common.kb_folder())
        print_ticket(kept, json_=json_, store=store)


@ticket.command(short_help="Say what ended it.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("fix")
@click.option("--cause", help="The cause, where the diagnosis does not name the right one.")
@_by
@_both
def resolve(
    ticket_id: str, fix: str, cause: str | None, by: str | None, db: Path | None, json_: bool
) -> None:
    """FIX in words, e.g. "home router pulled at desk 3F-107"."""
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = tickets.resolve(
            store.ticket(ticket_id), fix, datetime.now(UTC), by or common.who(), cause=cause
        )
        print_ticket(store.save_ticket(kept), json_=json_, store=store)


@ticket.command(short_help="Close it: a cause and a verified fix, or a reason.")
@click.argument("ticket_id", metavar="TICKET")
@click.option("--reason", help="Why it closes without a cause and a verified fix.")
@_by
@_both
def close(ticket_id: str, reason: str | None, by: str | None, db: Path | None, json_: bool) -> None:
    """Closing writes the knowledge-base article."""
    from netdiag import lessons

    with common.open_store(db) as store:
        at, who = datetime.now(UTC), by or common.who()
        kept = lessons.close(store, ticket_id, at, who, reason=reason, folder=common.kb_folder())
        print_ticket(kept, json_=json_, store=store)
