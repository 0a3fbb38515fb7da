"""`ticket`, `report`, `kb` and `audit`: what is written down."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options

if TYPE_CHECKING:
    from netdiag.store import Store
    from netdiag.ticket import Report, Ticket

_by = click.option("--by", help="Who says so. Default: your login name.")
_both = options(db_option, as_json)


@click.group(short_help="Tickets: open, list, show, note, escalate, resolve, close.")
def ticket() -> None:
    """The incident on paper, from the first call to the lesson learned."""


@ticket.command("open", short_help="Take a call: a new ticket, or one more report on an open one.")
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
        _show(kept, json_=json_, store=store)


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


@ticket.command("list", short_help="The tickets, newest first.")
@click.option("--all", "everything", is_flag=True, help="The closed ones too.")
@_both
def list_(everything: bool, db: Path | None, json_: bool) -> None:
    """The open tickets (with --all, every one)."""
    with common.open_store(db) as store:
        rows = [t for t in store.tickets() if everything or json_ or t.stage != "closed"]
    if json_:
        common.emit(
            {"schema": "netdiag/tickets/1", "tickets": [contract.ticket_row(t) for t in rows]}
        )
    elif not rows:
        common.say("no open ticket")
    else:
        for t in rows:
            calls = f"{len(t.reports)} call{'s' * (len(t.reports) != 1)}"
            head = (t.id, t.priority, t.stage, t.area, t.kind, calls, f"{t.opened:%Y-%m-%d %H:%M}Z")
            common.say("  ".join(str(word) for word in head if word), style="bold")
            common.say(f"    {t.summary}")


@ticket.command(short_help="One ticket with everything on it.")
@click.argument("ticket_id", metavar="TICKET")
@_both
def show(ticket_id: str, db: Path | None, json_: bool) -> None:
    """Who called, what was found, what was done, whether it is over."""
    with common.open_store(db) as store:
        _show(store.ticket(ticket_id), json_=json_, store=store)


@ticket.command(short_help="Add a note.")
@click.argument("ticket_id", metavar="TICKET")
@click.argument("text")
@_by
@_both
def note(ticket_id: str, text: str, by: str | None, db: Path | None, json_: bool) -> None:
    """Anything worth keeping; on a closed ticket it is feedback for the article."""
    from netdiag import kb as articles
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = store.save_ticket(
            tickets.note(store.ticket(ticket_id), text, datetime.now(UTC), by or common.who())
        )
        if kept.stage == "closed":
            store.save_article(articles.from_ticket(kept))
        _show(kept, json_=json_, store=store)


@ticket.command(short_help="Hand it to someone else, with the reason.")
@click.argument("ticket_id", metavar="TICKET")
@click.option("--to", required=True, help="A level, a team or a person.")
@click.option("--why", required=True, help="What they are asked, and what is already known.")
@_by
@_both
def escalate(
    ticket_id: str, to: str, why: str, by: str | None, db: Path | None, json_: bool
) -> None:
    """The ticket goes on with everything tried so far."""
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = tickets.escalate(
            store.ticket(ticket_id), to, why, datetime.now(UTC), by or common.who()
        )
        _show(store.save_ticket(kept), json_=json_, store=store)


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
        _show(store.save_ticket(kept), json_=json_, store=store)


@ticket.command(short_help="Close it: a cause and a verified fix, or a reason.")
@click.argument("ticket_id", metavar="TICKET")
@click.option("--reason", help="Why it closes without a cause and a verified fix.")
@_by
@_both
def close(ticket_id: str, reason: str | None, by: str | None, db: Path | None, json_: bool) -> None:
    """Closing writes the knowledge-base article."""
    from netdiag import kb as articles
    from netdiag import ticket as tickets

    with common.open_store(db) as store:
        kept = store.save_ticket(
            tickets.close(
                store.ticket(ticket_id), datetime.now(UTC), by or common.who(), reason=reason
            )
        )
        store.save_article(articles.from_ticket(kept))
        _show(kept, json_=json_, store=store)


def _show(kept: Ticket, *, json_: bool, store: Store) -> None:
    from netdiag import report as reports

    actions = store.journal.actions(kept.id)
    if json_:
        common.emit(reports.ticket_json(kept, actions))
        return
    from netdiag.cli import shown

    shown.ticket(kept, actions)


@click.command(short_help="The post-incident report of a ticket.")
@click.argument("ticket_id", metavar="TICKET")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "html", "pdf", "json"]),
    default="md",
    show_default=True,
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file instead of stdout.",
)
@_both
def report(ticket_id: str, form: str, output: Path | None, db: Path | None, json_: bool) -> None:
    """What happened, the evidence, what was done, what could not be looked at, what prevents it."""
    from netdiag import report as reports

    if form == "pdf" and output is None:
        raise click.UsageError("a PDF goes into a file: --output FILE")
    with common.open_store(db) as store:
        text = reports.render(
            store.ticket(ticket_id),
            store.journal.actions(ticket_id),
            "json" if json_ else "html" if form == "pdf" else form,
            articles=store.articles(),
            at=datetime.now(UTC),
        )
    if output is None:
        click.echo(text)
        return
    if form == "pdf":
        from netdiag.files import pdf

        common.write_file(output, pdf.render(text))
    else:
        common.write_file(output, text)
    common.say(f"written: {output}")


@click.group(short_help="The knowledge base: search, show, add, trends.")
def kb() -> None:
    """What closed tickets taught."""


@kb.command(short_help="Find articles.")
@click.argument("query", nargs=-1, required=True)
@_both
def search(query: tuple[str, ...], db: Path | None, json_: bool) -> None:
    """Best first; Chinese words are found too."""
    from netdiag import kb as articles

    with common.open_store(db) as store:
        hits = articles.search(store.articles(), " ".join(query))
    if json_:
        rows = [contract.plain_object(h.article) | {"score": round(h.score, 3)} for h in hits]
        common.emit({"schema": "netdiag/articles/1", "articles": rows})
    elif not hits:
        common.say("no article has these words")
    else:
        common.table(
            None,
            ("Article", "Kind", "Title"),
            ((h.article.id, h.article.kind, h.article.title) for h in hits),
        )


@kb.command("show", short_help="One article.")
@click.argument("article_id", metavar="ARTICLE")
@_both
def show_article(article_id: str, db: Path | None, json_: bool) -> None:
    """Symptom, diagnosis, fix, prevention, feedback."""
    from netdiag import kb as articles
    from netdiag.errors import UsageError

    with common.open_store(db) as store:
        found = next((a for a in store.articles() if a.id == article_id), None)
    if found is None:
        raise UsageError(f"no article {article_id!r}; `netdiag kb search WORDS` finds them")
    if json_:
        common.emit({"schema": "netdiag/article/1", **contract.plain_object(found)})
    else:
        common.lines(articles.to_markdown(found))


@kb.command(short_help="Add an article from a Markdown file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_both
def add(file: Path, db: Path | None, json_: bool) -> None:
    """FILE is Markdown with front matter, as `kb show` prints it."""
    from netdiag import kb as articles

    article = articles.from_markdown(file.read_text(encoding="utf-8"))
    with common.open_store(db) as store:
        store.save_article(article)
    if json_:
        common.emit({"schema": "netdiag/article/1", **contract.plain_object(article)})
    else:
        common.say(f"kept as {article.id}")


@kb.command(short_help="What keeps coming back.")
@_both
def trends(db: Path | None, json_: bool) -> None:
    """Closed incidents by month, kind and area."""
    from netdiag import kb as articles

    with common.open_store(db) as store:
        rows = articles.trends(store.articles())
    if json_:
        common.emit(
            {"schema": "netdiag/trends/1", "trends": [contract.plain_object(r) for r in rows]}
        )
    else:
        common.table(
            None,
            ("Month", "Kind", "Area", "Incidents"),
            ((r.month, r.kind, r.area, r.count) for r in rows),
        )


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
