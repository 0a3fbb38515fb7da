"""`ticket sync` and `ticket rules`: other ticket systems, and the team's own rules."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options
from netdiag.errors import UsageError

if TYPE_CHECKING:
    from netdiag.sync import Synced
    from netdiag.ticket import Rules

_both = options(db_option, as_json)


@click.command(short_help="Keep the tickets of other systems the same, both ways.")
@click.option("--system", "names", multiple=True, help="Only this one (repeatable).")
@click.option("--now", is_flag=True, help="Do not wait longer with what failed; refused ones too.")
@_both
def sync(names: tuple[str, ...], now: bool, db: Path | None, json_: bool) -> None:
    """Tells the systems of process.yaml what is new here, and takes what is new there.

    Exit status: 0 all is told, 1 a system refused something, 3 a system could not be spoken to
    (nothing is lost: the next run goes on).
    """
    from netdiag import sync as flow

    process = common.process()
    systems = [process.system(n) for n in names] if names else list(process.systems)
    if not systems:
        raise UsageError(
            f"no ticket system is named in {process.file or 'process.yaml (there is none)'}"
        )
    with common.open_store(db) as store:
        for system in systems if now else ():
            store.outbox.again(system.name)
        done = [flow.sync(store, s, datetime.now(UTC), tell=common.progress) for s in systems]
        common.announce(store, process, *store.tickets())
    if json_:
        from netdiag import contract

        rows = [contract.plain_object(row) for row in done]
        common.emit({"schema": "netdiag/sync/1", "systems": rows})
    else:
        common.table(
            None,
            ("System", "Kind", "Sent", "Taken", "Waiting", "Refused", "Error"),
            ((r.system, r.kind, r.sent, r.received, r.waiting, r.rejected, r.error) for r in done),
        )
    sys.exit(_status(done))


def _status(done: list[Synced]) -> int:
    if any((row.error and row.waiting) or (row.error and not row.rejected) for row in done):
        return 3
    return 1 if any(row.rejected for row in done) else 0


@click.command(short_help="The team's rules: priorities, promises, who is told.")
@click.option("--write", is_flag=True, help="Write a commented file to edit.")
@as_json
def rules(write: bool, json_: bool) -> None:
    """What is in force, and the file it comes from (NETDIAG_PROCESS, else in your config folder)."""
    from netdiag.files import process as files

    if write:
        from netdiag.files.starter import PROCESS

        path = files.default_path()
        if path.exists():
            raise UsageError(f"{path} is already there, and is not overwritten")
        common.write_file(path, PROCESS)
        common.say(f"written: {path}")
        return
    process = common.process()
    if json_:
        from netdiag import contract

        body = contract.plain_object(process.rules)
        hours = process.rules.hours
        if hours:
            body["hours"] |= {"start": f"{hours.start:%H:%M}", "end": f"{hours.end:%H:%M}"}
            body["hours"]["holidays"] = [str(day) for day in hours.holidays]
        names = {
            "teams": [t.name for t in process.teams],
            "systems": [{"name": s.name, "kind": s.kind, "url": s.url} for s in process.systems],
        }
        file = str(process.file) if process.file else None
        common.emit({"schema": "netdiag/rules/1", "file": file, **body, **names})
        return
    common.say(f"from: {process.file or 'the shipped rules (--write makes a file to edit)'}")
    _print(process.rules)


def _print(rules: Rules) -> None:
    from netdiag.report.wording import duration
    from netdiag.ticket import Level

    common.table(
        None,
        ("Impact", "Urgency high", "Urgency medium", "Urgency low"),
        ((i, *(rules.rank(i, u) for u in Level)) for i in Level),
    )
    common.table(
        None,
        ("Priority", "Response", "Resolution", "Clock"),
        (
            (
                s.priority,
                duration(s.response_s),
                duration(s.resolution_s),
                "always" if s.always or rules.hours is None else "business hours",
            )
            for s in rules.levels
        ),
    )
