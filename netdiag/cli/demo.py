"""`demo`: case one, watched."""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json
from netdiag.model import Diagnosis


@click.command(short_help="Case one, start to end, on a practice campus on this machine.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=None,
    help="Another desk, switch and number of cables.",
)
@click.option(
    "--cables", type=click.IntRange(1, 2), help="1: a rogue DHCP server; 2: a loop and a storm too."
)
@click.option(
    "--yes",
    is_flag=True,
    help="Approve the repair without being asked (so does having no terminal).",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Default: a database of the demo's own.",
)
@as_json
def demo(seed: int | None, cables: int | None, yes: bool, db: Path | None, json_: bool) -> None:
    """A campus comes up, a home router is plugged in, people call, netdiag finds it and repairs.

    Needs no root, no set-up and no network, and takes under a minute.
    """
    from platformdirs import user_data_path

    from netdiag import demo as play
    from netdiag.store import Store

    path = db or user_data_path("netdiag") / "demo" / "netdiag.db"
    with Store(path) as store:
        story = play.run(
            store,
            path.parent,
            _stage(yes=yes, json_=json_),
            seed=seed or 0,
            cables=cables or (2 if seed is None else None),
        )
    truth = {
        key: story.truth[key]
        for key in ("kind", "also", "device", "interface", "interfaces", "mac")
    }
    if json_:
        common.emit(
            contract.diagnosis(story.diagnosis)
            | {
                "report": str(story.report),
                "restored": story.restored,
                "truth": truth,
                "right": story.right,
            }
        )
    else:
        from netdiag.cli import shown

        _chapter("proof", err=False)
        shown.verification(story.ticket)
        shown.advice(story.diagnosis)
        _chapter("paper", err=False)
        t = story.truth
        verdict = "the right port" if story.right else "NOT the right port"
        common.say(
            f"the campus says: {t['kind']} at {t['device']} {t['interface']} - netdiag named {verdict}",
            style="bold",
        )
        common.say(
            f"ticket {story.ticket.id}: {story.ticket.stage}, {story.took_s:.0f} s from start to end"
        )
        click.echo(f"  {_program()} ticket show {story.ticket.id} --db {path}")
        click.echo(f"  report: {story.report}")
    sys.exit(0 if story.right and story.restored else 1)


def _program() -> str:
    """As it was called: `.venv/bin/netdiag` is not on everybody's path."""
    return sys.argv[0] if "/" in sys.argv[0] else "netdiag"


def _stage(*, yes: bool, json_: bool):  # type: ignore[no-untyped-def]
    from netdiag import demo as play
    from netdiag.cli import shown

    began = clock.monotonic()

    def tell(text: str) -> None:
        common.say(f"{clock.monotonic() - began:5.1f} s  {text}", err=json_)

    def approve(answer: Diagnosis) -> bool:
        if yes or json_ or not sys.stdin.isatty():
            tell("approved by the demo itself: no terminal to ask on, or --yes")
            return True
        return click.confirm(f"Approve the plan of {answer.ticket}?", default=True, err=True)

    return play.Stage(
        chapter=lambda text: _chapter(text, err=json_),
        tell=tell,
        show=(lambda _: None) if json_ else shown.diagnosis,
        approve=approve,
    )


def _chapter(text: str, *, err: bool) -> None:
    common.say("", err=err)
    common.say(f"== {text}", style="bold cyan", err=err)
