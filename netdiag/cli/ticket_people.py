"""`ticket ask` and `ticket feedback`: the people who reported it say whether it is over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options
from netdiag.cli.shown import print_ticket

_both = options(db_option, as_json)


@click.command(short_help="Who has still to be asked whether it works again.")
@click.argument("ticket_id", metavar="TICKET")
@_both
def ask(ticket_id: str, db: Path | None, json_: bool) -> None:
    """The callers who have not answered since the last repair, and who says that it does not work."""
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = store.ticket(ticket_id)
    left, against = tickets.to_ask(kept), tickets.objecting(kept)
    if json_:
        rows = [contract.plain_object(r) for r in left]
        objecting = [contract.plain_object(c) for c in against]
        common.emit(
            {"schema": "netdiag/ask/1", "ticket": kept.id, "to_ask": rows, "objecting": objecting}
        )
        return
    for report in left:
        place = "/".join(p for p in (report.site, report.floor, report.desk) if p)
        common.say(f"ask {report.reporter}{f' ({place})' if place else ''}: does it work again?")
    for said in against:
        common.say(f"{said.reporter} says that it does not work: {said.text or '-'}", style="red")
    if not left and not against:
        common.say("everybody who called says that it works" if kept.reports else "nobody called")


@click.command(short_help="What a caller says of the repair: a no keeps it from being closed.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("text", required=False)
@click.option("--reporter", required=True, help="Whose answer it is.")
@click.option(
    "--works", type=click.Choice(["yes", "no"]), required=True, help="Does it work again?"
)
@click.option("--by", help="Who writes it down. Default: your login name.")
@_both
def feedback(
    ticket_id: str,
    text: str | None,
    reporter: str,
    works: str,
    by: str | None,
    db: Path | None,
    json_: bool,
) -> None:
    """A `no` about a ticket that was verified or closed opens it again, with its history."""
    from netdiag import ticket as tickets

    said = tickets.Confirmation(
        reporter, works == "yes", datetime.now(UTC), by or common.who(), text
    )
    with common.open_store(db) as store:
        kept = store.save_ticket(tickets.confirmed(store.ticket(ticket_id), said))
        print_ticket(kept, json_=json_, store=store)
