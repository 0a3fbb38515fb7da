"""`ticket open`, `answer`, `wait`, `check`: a call is taken, asked about, and first looked into."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag.cli import common, shown
from netdiag.cli.common import as_json, db_option, inventory_option, options
from netdiag.errors import UsageError

if TYPE_CHECKING:
    from netdiag.files.process import Process
    from netdiag.store import Store
    from netdiag.ticket import Report, Ticket

_both = options(db_option, as_json)
_FIELDS = ("reporter", "department", "place", "symptom", "error", "since", "affected", "tried")
_MOST_QUESTIONS = 3


@click.command("open", short_help="Take a call: a new ticket, or one more report on an open one.")
@click.option("--reporter", help="Who calls.")
@click.option("--department", help="Of which department.")
@click.option("--place", help="SITE/FLOOR/DESK; 3F, third floor and 3楼 are one floor.")
@click.option("--symptom", help="What they see.")
@click.option("--error", help="The exact words on the screen.")
@click.option("--since", help="Since when: 09:05, 2026-03-01T09:05, or 10m (ago).")
@click.option("--affected", type=click.IntRange(1), help="How many people, the caller included.")
@click.option("--tried", help="What was tried already.")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="QUESTION=ANSWER",
    help="As `ticket answer` takes it.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(allow_dash=True, path_type=Path),
    help="One JSON object with these fields from a file, or - for stdin.",
)
@inventory_option
@_both
def open_(
    source: Path | None,
    answers: tuple[str, ...],
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
    **said: Any,
) -> None:
    """Missing answers are asked on a terminal, else taken as unknown.

    Calls from one place within half an hour are one incident; the second starts the first checks.
    """
    from netdiag import intake

    choices = [_pair(text, "--answer") for text in answers]
    asks = source is None and sys.stdin.isatty()
    if source is not None:
        said, more = _read(source, said)
        choices += more
    elif asks:
        said = _asked(said)
    at, process = datetime.now(UTC), common.process()
    report = _report(said, at, process.site)
    with common.open_store(db) as store:
        kept = intake.take(store, report, at, choices=choices)
        if asks:
            kept = _narrowed(store, kept, report.reporter)
        kept = _first_checks(store, kept, process, inventory_dir)
        common.announce(store, process, kept)
        shown.print_ticket(kept, json_=json_, store=store)


def _read(source: Path, said: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    from netdiag.files import calls

    given = [name for name, value in said.items() if value is not None]
    if given:
        raise UsageError(f"--{given[0]} does not go with --from: the object has all fields")
    name = "stdin" if str(source) == "-" else str(source)
    try:
        octets = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as exc:
        raise UsageError(f"{source}: cannot be read: {exc.strerror or exc}") from exc
    call = calls.read(octets, file=name)
    answers = call.pop("answers")
    return call, [(question, choice) for question, choice in answers.items()]


def _asked(said: dict[str, Any]) -> dict[str, Any]:
    questions = {
        "reporter": "Who calls",
        "department": "Of which department",
        "place": "Where (SITE/FLOOR/DESK)",
        "symptom": "What do they see",
        "error": "The exact error text",
        "since": "Since when",
        "affected": "How many people",
        "tried": "What was tried",
    }
    return said | {
        key: click.prompt(text, default="", show_default=False, err=True) or None
        for key, text in questions.items()
        if said[key] is None
    }


def _narrowed(store: Store, kept: Ticket, by: str | None) -> Ticket:
    """Asks the narrowing questions one after the other, until one is left unanswered."""
    from netdiag import ticket as tickets

    for _ in range(_MOST_QUESTIONS):
        ask = tickets.next_question(kept)
        if ask is None:
            return kept
        common.say(f"{ask.question.text}  ({ask.because})", err=True)
        for choice, means in ask.question.choices:
            common.say(f"  {choice}: {means}", err=True)
        choices = [choice for choice, _ in ask.question.choices]
        said = click.prompt(
            "Answer (Enter: not known)",
            type=click.Choice(["", *choices]),
            default="",
            show_default=False,
            show_choices=False,
            err=True,
        )
        if not said:
            return kept
        kept = _answer(store, kept, (ask.question.name, str(said)), by)
    return kept


def _answer(store: Store, kept: Ticket, pair: tuple[str, str], by: str | None) -> Ticket:
    from netdiag import ticket as tickets

    at = datetime.now(UTC)
    return store.change_ticket(kept.id, lambda t: tickets.answered(t, [pair], None, at, by))


def _first_checks(
    store: Store, kept: Ticket, process: Process, inventory_dir: Path | None
) -> Ticket:
    from netdiag import intake

    if process.first_checks == "off" or not intake.claim_first_checks(
        store, kept, datetime.now(UTC)
    ):
        return kept
    if process.first_checks == "background":
        intake.start_first_checks(store, kept.id, inventory_dir)
        return store.ticket(kept.id)
    return intake.first_checks(
        store, kept.id, lambda: common.load_inventory(inventory_dir), tell=common.progress
    )


def _report(said: dict[str, Any], at: datetime, site_: str | None = None) -> Report:
    from netdiag import ticket as tickets

    site, floor, desk = tickets.place(_text(said["place"]))
    return tickets.Report(
        at=at,
        reporter=_text(said["reporter"]),
        department=_text(said["department"]),
        site=site or site_,
        floor=floor,
        desk=desk,
        symptom=_text(said["symptom"]),
        error=_text(said["error"]),
        since=_since(_text(said["since"]), at),
        affected=_count(said["affected"]),
        tried=_text(said["tried"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip() or None


def _count(value: object) -> int | None:
    if value is None:
        return None
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if not 1 <= number <= 1_000_000:
        raise click.BadParameter(f"{value!r} is no number of people", param_hint="--affected")
    return number


def _since(text: str | None, at: datetime) -> datetime | None:
    """`10m`, `2h`; `09:05` local time today (yesterday if that is still to come); or ISO 8601."""
    if text is None:
        return None
    unit = {"m": "minutes", "h": "hours", "d": "days"}.get(text[-1:])
    try:
        if unit and text[:-1].isdecimal():
            return at - timedelta(**{unit: int(text[:-1])})
        if len(text) <= 5:
            clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  combined with the local zone below
            local = datetime.combine(at.astimezone().date(), clock).astimezone()
            return (local if local <= at else local - timedelta(days=1)).astimezone(UTC)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise click.BadParameter(
            f"{text[:100]!r}: write 09:05, 2026-03-01T09:05 or 10m", param_hint="--since"
        ) from exc


def _pair(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise UsageError(f"{where} {text[:100]!r}: should be NAME=ANSWER")
    return name.strip(), value.strip()


@click.command(short_help="Record what a caller answered.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("answers", metavar="NAME=ANSWER...", nargs=-1, required=True)
@click.option("--by", help="Who answered.")
@_both
def answer(
    ticket_id: str, answers: tuple[str, ...], by: str | None, db: Path | None, json_: bool
) -> None:
    """NAME is a question (scope, connection, address, reach, pattern, link, change) or a field.

    Fields: symptom, error, since, affected, tried, desk, department, reporter. An answer ends a
    wait for the user, and its clocks go on.
    """
    from netdiag import ticket as tickets

    at = datetime.now(UTC)
    pairs = [_pair(text, "answer") for text in answers]
    fields = {name: value for name, value in pairs if name in {*_FIELDS, "desk"} - {"place"}}
    choices = [pair for pair in pairs if pair[0] not in fields]
    desk = fields.pop("desk", None)
    said = None
    if fields or desk:
        from dataclasses import replace

        said = replace(_report(dict.fromkeys(_FIELDS) | fields, at), desk=desk)
    with common.open_store(db) as store:
        kept = store.change_ticket(ticket_id, lambda t: tickets.answered(t, choices, said, at, by))
        shown.print_ticket(kept, json_=json_, store=store)


@click.command(short_help="It is somebody else's turn: the clocks may stand still.")
@click.argument("ticket_id", metavar="TICKET")
@click.option("--for", "whom", help="user, provider or window (an agreed time for changes).")
@click.option("--why", default="", help="What is awaited.")
@click.option("--over", is_flag=True, help="The waiting is over.")
@click.option("--by", help="Who says so. Default: your login name.")
@_both
def wait(
    ticket_id: str,
    whom: str | None,
    why: str,
    over: bool,
    by: str | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Until an answer comes (`ticket answer`, a call, a reply in the other system) or --over."""
    from netdiag import ticket as tickets
    from netdiag.errors import Refused

    if over == bool(whom):
        raise UsageError("say --for user, provider or window; or --over")
    at, who = datetime.now(UTC), by or common.who()

    def change(t: Ticket) -> Ticket:
        if whom:
            return tickets.wait_for(t, whom, why, at, who)
        ended = tickets.resumed(t, at, why=why, by=who)
        if ended is t:
            raise Refused(f"{t.id} waits for nobody")
        return ended

    with common.open_store(db) as store:
        shown.print_ticket(store.change_ticket(ticket_id, change), json_=json_, store=store)


@click.command(short_help="The first checks now: switch ports and DHCP.")
@click.argument("ticket_id", metavar="TICKET")
@inventory_option
@_both
def check(ticket_id: str, inventory_dir: Path | None, db: Path | None, json_: bool) -> None:
    """The ordinary diagnosis of the ticket's place; what came of it stands on the ticket."""
    from netdiag import intake

    with common.open_store(db) as store:
        kept = intake.first_checks(
            store, ticket_id, lambda: common.load_inventory(inventory_dir), tell=common.progress
        )
        shown.print_ticket(kept, json_=json_, store=store)
