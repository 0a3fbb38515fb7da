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
@click.option("--head", "anchor", metavar="ROWS:HASH", help="An earlier last row, kept elsewhere.")
@_both
def verify(anchor: str | None, db: Path | None, json_: bool) -> None:
    """0 when the record is whole, 1 when it was altered.

    Whoever can write the whole file can write a whole new record: keep the last row that this
    prints somewhere else, and hold the record against it with --head.
    """
    kept = _anchor(anchor) if anchor is not None else None
    with common.open_store(db) as store:
        wrong, (rows, head) = store.journal.verify_chain(kept), store.journal.head()
    if json_:
        common.emit({"schema": "netdiag/audit/1", "rows": rows, "head": head, "wrong": list(wrong)})
    else:
        common.say(f"{rows} rows, last {head[:16]} (to keep elsewhere: {rows}:{head[:16]})")
        for sentence in wrong:
            common.say(sentence, style="red")
        if not wrong:
            common.say("the record is whole")
    sys.exit(1 if wrong else 0)


def _anchor(text: str) -> tuple[int, str]:
    """`6:5ef5f8ebc5d18dd9` -> (6, "5ef5f8ebc5d18dd9")."""
    rows, _, value = text.partition(":")
    if not rows.isdecimal() or not 8 <= len(value) <= 64 or set(value) - set("0123456789abcdef"):
        raise click.BadParameter(
            f"{text[:80]!r} is no ROWS:HASH as audit verify prints it", param_hint="--head"
        )
    return int(rows), value
