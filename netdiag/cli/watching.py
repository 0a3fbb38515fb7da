"""`watch`: a repaired place is looked at for a stated time, and its ticket reopens if it comes back."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, inventory_option


@click.command(short_help="Watch a repaired place: what comes back reopens its ticket.")
@click.argument("ticket_id", metavar="TICKET")
@click.option(
    "--for", "period", default="30m", show_default=True, metavar="TIME", help="10s, 5m, 2h."
)
@click.option(
    "--every",
    default="60s",
    show_default=True,
    metavar="TIME",
    help="Between the ends of two looks.",
)
@click.option(
    "--only-note",
    is_flag=True,
    help="Say how long, and end: poll, listen and diagnose from cron do the looking.",
)
@inventory_option
@db_option
@as_json
def watch(
    ticket_id: str,
    period: str,
    every: str,
    only_note: bool,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """0: quiet all the time. 1: it came back, and TICKET is open again. 3: could not look everywhere."""
    from netdiag import diagnose, recurrence
    from netdiag import ticket as tickets

    inventory = common.load_inventory(inventory_dir)
    until = datetime.now(UTC) + timedelta(seconds=common.seconds(period))
    pause, looks, missed = common.seconds(every), 0, set[str]()
    with common.open_store(db) as store:
        kept = store.save_ticket(tickets.watch(store.ticket(ticket_id), until))
        common.progress(f"{ticket_id}: watched until {until:%Y-%m-%d %H:%M:%S}Z")
        while not only_note:
            seen = diagnose.look(inventory, store, window_s=2.0)
            looks += 1
            missed |= {n.what for n in seen.not_checked}
            again = recurrence.check(store, seen.findings, seen.network.at, only=ticket_id)
            if again or datetime.now(UTC) >= until:
                break
            left = (until - datetime.now(UTC)).total_seconds()
            time.sleep(max(min(pause, left), 0.0))
        kept = store.ticket(ticket_id)
    back = bool(kept.reopened) and kept.watched_until is None
    words = kept.timeline[-1].text if back else f"quiet in {looks} looks"
    if json_:
        said = {"ticket": ticket_id, "looks": looks, "came_back": back, "missed": sorted(missed)}
        common.emit({"schema": "netdiag/watch/1", **said, "summary": words})
    else:
        common.say(f"{ticket_id}: {words}", style="red" if back else None)
        for what in sorted(missed):
            common.say(f"could not look: {what}", style="yellow", err=True)
    sys.exit(common.status(found=back, missed=bool(missed)))
