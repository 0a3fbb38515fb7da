"""`ticket open`: a call is taken."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag.cli import common, shown
from netdiag.cli.common import as_json, db_option, options

if TYPE_CHECKING:
    from netdiag.ticket import Report

_both = options(db_option, as_json)


@click.command("open", short_help="Take a call: a new ticket, or one more report on an open one.")
@click.option("--reporter", help="Who calls.")
@click.option("--department", help="Of which department.")
@click.option("--place", help="SITE/FLOOR/DESK.")
@click.option("--symptom", help="What they see.")
@click.option("--error", help="The exact words on the screen.")
@click.option("--since", help="Since when: 09:05, 2026-03-01T09:05, or 10m (ago).")
@click.option("--affected", type=click.IntRange(1), help="How many people, the caller included.")
@click.option("--tried", help="What was tried already.")
@_both
def open_(db: Path | None, json_: bool, **said: object) -> None:
    """Missing answers are asked on a terminal, else taken as unknown."""
    if sys.stdin.isatty():
        said = _asked(said)
    from netdiag import intake

    at = datetime.now(UTC)
    with common.open_store(db) as store:
        kept = intake.take(store, _report(said, at), at)
        shown.print_ticket(kept, json_=json_, store=store)


def _asked(said: dict[str, object]) -> dict[str, object]:
    questions = {
        "reporter": "Who calls",
        "place": "Where (SITE/FLOOR/DESK)",
        "symptom": "What does not work",
        "since": "Since when",
        "affected": "How many people",
        "tried": "What was tried",
    }
    return said | {
        key: click.prompt(text, default="", show_default=False, err=True) or None
        for key, text in questions.items()
        if said[key] is None
    }


def _report(said: dict[str, object], at: datetime) -> Report:
    from netdiag import ticket as tickets

    site, floor, desk = tickets.place(_text(said["place"]))
    return tickets.Report(
        at=at,
        reporter=_text(said["reporter"]),
        department=_text(said["department"]),
        site=site,
        floor=floor,
        desk=desk,
        symptom=_text(said["symptom"]),
        error=_text(said["error"]),
        since=_since(_text(said["since"]), at),
        affected=_count(said["affected"]),
        tried=_text(said["tried"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _count(value: object) -> int | None:
    if value is None:
        return None
    try:
        return int(str(value))
    except ValueError as exc:
        raise click.BadParameter(
            f"{value!r} is no number of people", param_hint="--affected"
        ) from exc


def _since(text: str | None, at: datetime) -> datetime | None:
    """`10m`, `2h`; `09:05` local time today (yesterday if that is still to come); or ISO 8601."""
    if text is None:
        return None
    unit = {"m": "minutes", "h": "hours", "d": "days"}.get(text[-1:])
    if unit and text[:-1].isdigit():
        return at - timedelta(**{unit: int(text[:-1])})
    try:
        if len(text) <= 5:
            clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  combined with the local zone below
            local = datetime.combine(at.astimezone().date(), clock).astimezone()
            return (local if local <= at else local - timedelta(days=1)).astimezone(UTC)
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as exc:
        raise click.BadParameter(
            f"{text!r}: write 09:05, 2026-03-01T09:05 or 10m", param_hint="--since"
        ) from exc
