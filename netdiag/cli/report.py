"""`report`: the post-incident report of a ticket."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag.cli import common
from netdiag.cli.common import as_json, db_option

if TYPE_CHECKING:
    from netdiag.report.language import Language


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
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option("--timezone", help="The clock of its times, e.g. Asia/Shanghai. Default: UTC.")
@click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Your own text in Jinja's language, in place of netdiag's.",
)
@db_option
@as_json
def report(
    ticket_id: str,
    form: str,
    output: Path | None,
    lang: str,
    timezone: str | None,
    template: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """What happened, the evidence, what was done, what could not be looked at, what prevents it."""
    from netdiag import lessons
    from netdiag import report as reports

    if form == "pdf" and output is None:
        raise click.UsageError("a PDF goes into a file: --output FILE")
    at = datetime.now(UTC)
    with common.open_store(db) as store:
        ticket = store.ticket(ticket_id)
        text = reports.render(
            ticket,
            store.journal.actions(ticket_id),
            "json" if json_ else "html" if form == "pdf" else form,
            articles=store.articles(),
            rates=lessons.rates(store, ticket, at),
            language=_language(lang, timezone),
            template=common.read_text(template) if template else None,
            at=at,
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


def _language(code: str, timezone: str | None) -> Language:
    from netdiag.report.chinese import Chinese
    from netdiag.report.language import Language

    return (Chinese if code == "zh" else Language)(zone(timezone))


def zone(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise click.BadParameter(
            f"{name!r} is no time zone known here, such as Europe/Berlin", param_hint="--timezone"
        ) from exc
