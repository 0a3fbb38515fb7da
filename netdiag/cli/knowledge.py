"""`kb`: what closed tickets taught."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, options
from netdiag.cli.report import zone

if TYPE_CHECKING:
    from netdiag.kb import Article, Group, Hit, Trends
    from netdiag.store import Store

_both = options(db_option, as_json)
_BAR = 10


@click.group(short_help="The knowledge base: search, show, add, sync, trends, review.")
def kb() -> None:
    """What closed tickets taught."""


@kb.command(short_help="Find articles by words, or by likeness to one.")
@click.argument("query", nargs=-1)
@click.option("--like", metavar="ARTICLE", help="The articles most like this one.")
@_both
def search(query: tuple[str, ...], like: str | None, db: Path | None, json_: bool) -> None:
    """Best first; Chinese words are found too."""
    from netdiag import kb as articles

    if bool(query) == bool(like):
        raise click.UsageError("say what to search: WORDS, or --like ARTICLE")
    with common.open_store(db) as store:
        stored = store.articles()
        hits = (
            articles.like(stored, _article(store, like))
            if like
            else articles.search(stored, " ".join(query))
        )
    if json_:
        rows = [contract.plain_object(h.article) | {"score": round(h.score, 3)} for h in hits]
        common.emit({"schema": "netdiag/articles/1", "articles": rows})
    else:
        _print_hits(hits)


def _print_hits(hits: tuple[Hit, ...]) -> None:
    if not hits:
        common.say("no article has these words")
        return
    common.table(
        None,
        ("Article", "Kind", "Title"),
        ((h.article.id, h.article.kind, h.article.title) for h in hits),
    )


@kb.command("show", short_help="One article.")
@click.argument("article_id", metavar="ARTICLE")
@_both
def show_article(article_id: str, db: Path | None, json_: bool) -> None:
    """Symptom, how it was found, cause, fix, prevention, evidence, feedback."""
    from netdiag import kb as articles

    with common.open_store(db) as store:
        found = _article(store, article_id)
    if json_:
        common.emit({"schema": "netdiag/article/1", **contract.plain_object(found)})
    else:
        common.lines(articles.to_markdown(found))


def _article(store: Store, article_id: str) -> Article:
    from netdiag.errors import UsageError

    found = next((a for a in store.articles() if a.id == article_id), None)
    if found is None:
        raise UsageError(f"no article {article_id!r}; `netdiag kb search WORDS` finds them")
    return found


@kb.command(short_help="Add an article from a Markdown file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_both
def add(file: Path, db: Path | None, json_: bool) -> None:
    """FILE is Markdown with front matter, as `kb show` prints it."""
    from netdiag import kb as articles

    article = articles.from_markdown(common.read_text(file))
    with common.open_store(db) as store:
        store.save_article(article)
    if json_:
        common.emit({"schema": "netdiag/article/1", **contract.plain_object(article)})
    else:
        common.say(f"kept as {article.id}")


@kb.command(short_help="Keep the articles as Markdown files in a folder, e.g. of a git repository.")
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), envvar="NETDIAG_KB", required=True
)
@_both
def sync(folder: Path, db: Path | None, json_: bool) -> None:
    """Files that people edited or added are read; the others are written.

    With NETDIAG_KB set to FOLDER, closing a ticket writes its article there by itself.
    """
    from netdiag import lessons

    with common.open_store(db) as store:
        met = lessons.sync(store, folder)
    for sentence in met.refused:
        common.say(f"left alone: {sentence}", style="yellow", err=True)
    if json_:
        common.emit(
            {
                "schema": "netdiag/kb-sync/1",
                "read": [a.id for a in met.read],
                "written": [str(p) for p in met.written],
                "refused": list(met.refused),
            }
        )
    else:
        common.say(
            f"{len(met.articles)} articles: {len(met.read)} read, {len(met.written)} files written"
        )
    if met.refused:
        raise SystemExit(1)


@kb.command(short_help="Put every article on its page of the team's wiki.")
@click.argument("wiki", required=False)
@_both
def publish(wiki: str | None, db: Path | None, json_: bool) -> None:
    """WIKI is one of `wikis` in process.yaml (BookStack or Wiki.js); not needed where there is one.

    A page that a person changed over there is left alone, and said.
    """
    from netdiag.files import process
    from netdiag.outside import wiki as wikis

    chosen = process.load().wiki(wiki)
    with common.open_store(db) as store:
        done = wikis.publish(wikis.connect(chosen), store.articles())
    if json_:
        common.emit(
            {"schema": "netdiag/kb-publish/1", "wiki": chosen.name, **contract.plain_object(done)}
        )
    else:
        common.say(
            f"{chosen.name}: {len(done.created)} new, {len(done.updated)} changed, {len(done.same)} as they were"
        )
        for article in done.edited:
            common.say(f"left alone: {article} was edited in the wiki", style="yellow")
        for article, why in done.rejected:
            common.say(f"rejected: {article}: {why}", style="red", err=True)
    if done.rejected:
        raise SystemExit(1)


@kb.command(short_help="The articles that nobody has read again for long.")
@click.option("--older-than", type=click.IntRange(1), default=365, show_default=True, help="Days.")
@click.option("--done", metavar="ARTICLE", help="You read it again, and it still holds.")
@click.option("--by", help="Who says so. Default: your login name.")
@_both
def review(older_than: int, done: str | None, by: str | None, db: Path | None, json_: bool) -> None:
    """What is due, the longest unread first."""
    from netdiag import kb as articles

    at = datetime.now(UTC)
    with common.open_store(db) as store:
        if done:
            store.save_article(articles.reviewed(_article(store, done), at, by or common.who()))
        due = articles.due(store.articles(), at, timedelta(days=older_than))
    if json_:
        rows = [contract.plain_object(a) for a in due]
        common.emit({"schema": "netdiag/articles/1", "articles": rows})
    elif not due:
        common.say(f"no article is unread for {older_than} days")
    else:
        common.table(
            None,
            ("Article", "Kind", "Last read", "Title"),
            ((a.id, a.kind, f"{a.reviewed or a.at:%Y-%m-%d}", a.title) for a in due),
        )


@kb.command(
    short_help="The review: what keeps coming back, how long it takes, what would have saved it."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m"]), help="From this day on.")
@click.option("--timezone", help="The clock of its hours, e.g. Asia/Shanghai. Default: UTC.")
@click.option("--csv", type=click.Path(path_type=Path, dir_okay=False), help="The groups as CSV.")
@click.option("--chart", type=click.Path(path_type=Path, dir_okay=False), help="A picture (SVG).")
@_both
def trends(
    since: datetime | None,
    timezone: str | None,
    csv: Path | None,
    chart: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Incidents by kind, place, platform and hour; repeat offenders; what prevention would have saved."""
    from netdiag import kb as articles

    clock = zone(timezone)
    start = since.replace(tzinfo=clock) if since else datetime.min.replace(tzinfo=UTC)
    with common.open_store(db) as store:
        cases = [t for t in store.tickets() if t.opened >= start]
        ids = {t.id for t in store.tickets()}
        written = [a for a in store.articles() if a.at >= start and a.id not in ids]
    found = articles.trends(cases, written, zone=clock)
    if csv is not None:
        common.write_file(csv, to_csv(found))
    if chart is not None:
        from netdiag import report

        rows = [(g.name, float(g.incidents), str(g.incidents)) for g in found.by_kind]
        common.write_file(chart, report.bars_svg("Incidents by kind", rows))
    if json_:
        whole = contract.plain_object(found)
        common.emit({"schema": "netdiag/trends/1", "trends": whole.pop("rows"), **whole})
    else:
        print_trends(found)


def print_trends(found: Trends) -> None:
    common.table(
        None,
        ("Month", "Kind", "Area", "Incidents"),
        ((r.month, r.kind, r.area, r.count) for r in found.rows),
    )
    for title, groups in _tables(found):
        if groups:
            most = max(g.incidents for g in groups)
            common.table(
                None,
                (title, "Incidents", "Named in", "Restored in", "Person-hours", ""),
                (
                    (
                        g.name,
                        g.incidents,
                        _took(g.named_in_s),
                        _took(g.restored_in_s),
                        g.person_hours or None,
                        "█" * max(1, round(g.incidents / most * _BAR)),
                    )
                    for g in groups
                ),
            )
    if found.offenders:
        common.table(
            None,
            ("Again", "Times", "Kinds", "Tickets"),
            (
                (o.what, o.incidents, ", ".join(o.kinds), ", ".join(o.tickets))
                for o in found.offenders
            ),
        )
    if found.savings:
        common.table(
            None,
            ("Would have prevented", "Incidents", "Person-hours"),
            ((s.remedy, s.incidents, s.person_hours) for s in found.savings),
        )


def _tables(found: Trends) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    return (
        ("Kind", found.by_kind),
        ("Place", found.by_place),
        ("Platform", found.by_platform),
        ("Hour", found.by_hour),
    )


def _took(seconds: float | None) -> str | None:
    from netdiag.report.wording import duration

    return None if seconds is None else duration(seconds)


def to_csv(found: Trends) -> str:
    """The groups as CSV; a name that a spreadsheet would calculate stays a name."""
    import csv
    import io

    from netdiag.text import csv_cell

    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["by", "name", "incidents", "named_in_s", "restored_in_s", "person_hours"])
    for title, groups in _tables(found):
        rows.writerows(
            [
                title.lower(),
                csv_cell(g.name),
                g.incidents,
                g.named_in_s,
                g.restored_in_s,
                g.person_hours,
            ]
            for g in groups
        )
    return out.getvalue()
