"""`report`, `kb` and `audit`: what is written down."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options

_both = options(db_option, as_json)


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
