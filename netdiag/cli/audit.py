"""`audit`: is the record of changes whole?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options

_both = options(db_option, as_json)


@click.group(short_help="Check the record of changes.")
def audit() -> None:
    """The append-only record of what was sent to devices."""


@audit.command("verify", short_help="Check its hash chain.")
@_both
def verify(db: Path | None, json_: bool) -> None:
    """0 when the record is whole, 1 when it was altered."""
    with common.open_store(db) as store:
        wrong, (rows, head) = store.journal.verify_chain(), store.journal.head()
    if json_:
        common.emit({"schema": "netdiag/audit/1", "rows": rows, "head": head, "wrong": list(wrong)})
    else:
        common.say(f"{rows} rows, last {head[:16]}")
        for sentence in wrong:
            common.say(sentence, style="red")
        if not wrong:
            common.say("the record is whole")
    sys.exit(1 if wrong else 0)
