"""`sniff`: the wire live; findings as they come, the evidence in a file and on the ticket."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import db_option
from netdiag.cli.wire import (
    MAX_LOSS,
    analysis_options,
    decapsulate_option,
    missed,
    print_errors,
    print_seen,
    rates_option,
    site,
)
from netdiag.errors import NetdiagError, UsageError

if TYPE_CHECKING:
    from netdiag.cli.sniff_view import View
    from netdiag.model import Capture, SegmentLevel
    from netdiag.sniff import Told
    from netdiag.sweep import Judgement


@click.command(short_help="The same analysis, live on an interface.")
@click.argument("interface", metavar="IFACE")
@click.option("--for", "seconds", metavar="TIME", help="How long: 10s, 2m. Default: until Ctrl-C.")
@click.option(
    "--max-loss",
    default=MAX_LOSS,
    show_default=True,
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Frames that the kernel may drop before the status is 3.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the frames around each finding, and the newest ones, as pcapng.",
)
@click.option(
    "--write-size",
    default=16,
    show_default=True,
    type=click.IntRange(1, 1024),
    metavar="MB",
    help="How large that file may become.",
)
@click.option(
    "--ticket",
    metavar="ID",
    help="The ticket that the file belongs to. Default: open ones of what is found.",
)
@rates_option
@decapsulate_option
@analysis_options
@db_option
def sniff(
    interface: str,
    seconds: str | None,
    max_loss: float,
    write: Path | None,
    write_size: int,
    ticket: str | None,
    rates: bool,
    decapsulate: bool,
    authorized: tuple[str, ...],
    inventory_dir: Path | None,
    json_: bool,
    db: Path | None,
) -> None:
    """Listen on IFACE (a network interface, or lab:NODE) and say what is found as it comes."""
    from netdiag import sniff as flow
    from netdiag.collect import wire

    if ticket is not None:
        if write is None:
            raise UsageError("--ticket names whose evidence --write keeps: give --write FILE too")
        with common.open_store(db) as store:
            store.ticket(ticket)
    view, told = _view(interface, json_=json_)
    watcher = flow.Watcher(site(authorized, inventory_dir), told, _usual(db))
    with view as live:
        capture = wire.listen(
            interface,
            None if seconds is None else _seconds(seconds),
            rates=rates,
            decapsulate=decapsulate,
            write=str(write) if write is not None else None,
            room=write_size * 1024 * 1024,
            watch=watcher if live is None else live.watching(watcher),
        )
    seen = watcher.finish(capture, datetime.now(UTC))
    _remember(capture, db)
    if json_:
        body = contract.capture(capture, seen.findings, seen.authorized, rates=rates)
        common.emit(body | {"evidence": None if write is None else str(write)})
    else:
        print_seen(seen)
        if live is not None:
            common.print_findings(seen.findings)
        if not seen.findings:
            common.say("nothing wrong in what was seen")
    print_errors(capture)
    if write is not None:
        _file(seen, write, ticket, db)
    sys.exit(common.status(found=bool(seen.findings), missed=missed(capture, max_loss)))


def _usual(db: Path | None) -> tuple[SegmentLevel, ...]:
    """How loud the wire is on other days; a store that cannot be opened is no reason to be deaf."""
    try:
        with common.open_store(db) as store:
            return store.segments(before=datetime.now(UTC))
    except NetdiagError as exc:
        common.say(f"what is usual on this wire is not known: {exc}", style="yellow", err=True)
        return ()


def _remember(capture: Capture, db: Path | None) -> None:
    """What a later look learns from."""
    with suppress(NetdiagError), common.open_store(db) as store:
        store.add_capture(capture, datetime.now(UTC))


def _view(
    interface: str, *, json_: bool
) -> tuple[AbstractContextManager[View | None], Callable[[Told], None]]:
    """A table on a terminal, else a line for each finding (on stderr beside JSON)."""
    from netdiag.cli.sniff_view import View

    if not json_ and common.console().is_terminal and not common.console().is_dumb_terminal:
        view = View(interface)
        return view, view.told
    return nullcontext(), lambda told: _line(told, err=json_)


def _line(told: Told, *, err: bool) -> None:
    """One finding, as it begins or ends."""
    f = told.finding
    if told.ended:
        text = f"{f.last_seen:%H:%M:%S}Z over     {f.kind}, since {f.first_seen:%H:%M:%S}Z: {f.summary}"
    else:
        text = f"{told.at:%H:%M:%S}Z {f.severity:<8} {f.kind}, since {f.first_seen:%H:%M:%S}Z: {f.summary}"
    common.say(text, err=err)
    (sys.stderr if err else sys.stdout).flush()


def _file(seen: Judgement, write: Path, ticket: str | None, db: Path | None) -> None:
    """The evidence on its ticket; without one no database is made only to look into it."""
    from netdiag import sniff as flow
    from netdiag import store

    common.progress(f"evidence: {write}")
    if ticket is None and not (seen.causes and (db or store.default_path()).is_file()):
        return
    at, by = datetime.now(UTC), common.who()
    with common.open_store(db) as kept:
        for name in flow.file_evidence(kept, seen, write, at, ticket_id=ticket, by=by):
            common.progress(f"evidence: on ticket {name}")


def _seconds(text: str) -> float:
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    number = text[:-1] if unit else text
    try:
        value = float(number) * (unit or 1.0)
    except ValueError as exc:
        raise click.BadParameter(
            f"{text!r}: write 10s, 2m or a number of seconds", param_hint="--for"
        ) from exc
    if not 0 < value <= 86400:
        raise click.BadParameter(f"{text!r}: more than 0 and at most a day", param_hint="--for")
    return value
