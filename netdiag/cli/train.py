"""`netdiag lab train` and `reveal`: an incident to practise on, and what the score says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from netdiag.cli import common


@click.command()
@click.argument("kind")
@click.option("--seed", type=int, help="The same seed, the same place. Default: drawn.")
@click.option("--real", is_flag=True, help="On the kernel's own bridges.")
@click.option(
    "--ttl", type=click.FloatRange(min=1), default=60.0, help="Minutes until it ends itself."
)
@common.db_option
@common.as_json
def train(
    kind: str, seed: int | None, real: bool, ttl: float, db: Path | None, json_: bool
) -> None:
    """Set an incident up on a fresh practice network and hide the truth. The clock runs.

    KIND is a kind (`layer2-loop`, `healthy`) or an incident file's name. Work it with netdiag, or by
    hand over ssh. `netdiag lab reveal --answer "SWITCH PORT"` is a guess; `netdiag lab reveal` ends
    the game and scores it: what was shut counts as a guess too.
    """
    from netdiag.bench import training

    with common.open_store(db) as store:
        begun = training.begin(kind, seed, store, real=real, ttl_s=ttl * 60)
    lab = begun.lab
    if json_:
        callers = [{"user": h["user"], "area": h["area"], "desk": h["desk"]} for h in begun.callers]
        found = {"symptom": begun.symptom, "callers": callers, "inventory": str(lab.inventory)}
        common.emit({"schema": "netdiag/training/1", **found})
        return
    for host in begun.callers:
        common.lines(f"{host['user']}, {host['area']}, desk {host['desk']}: {begun.symptom}")
    if not begun.callers:
        common.lines(f"Somebody says: {begun.symptom or 'is everything all right?'}")
    click.echo("The clock runs. `netdiag diagnose`, or by hand over ssh; then:")
    click.echo('netdiag lab reveal --answer "SWITCH PORT"   a guess (`none`: nothing is wrong)')
    click.echo("netdiag lab reveal                          the truth, and the score")
    click.echo()
    click.echo(f"export NETDIAG_INVENTORY={lab.inventory}")


@click.command()
@click.option("--answer", metavar='"SWITCH PORT"', help="A guess, in a training: is it there?")
@common.as_json
def reveal(answer: str | None, json_: bool) -> None:
    """Tell the truth of what was injected and is still there; in a training, score it."""
    from netdiag.lab import client

    lab = client.connect()
    if answer is not None:
        right = lab.answer(answer)
        if json_:
            common.emit({"schema": "netdiag/answer/1", "answer": answer, "right": right})
        else:
            click.echo("That is it." if right else "It is not there.")
        raise SystemExit(0 if right else 1)
    truths, score = lab.reveal(), lab.training()
    if json_:
        more = {"training": score} if score is not None else {}
        common.emit({"schema": "netdiag/incidents/1", "incidents": truths, **more})
        return
    if not truths:
        click.echo("Nothing is injected.")
    for truth in truths:
        common.lines(f"{truth['number']}  {truth['kind']}: {truth['description']}")
    if score is not None:
        _print_score(score)


def _print_score(score: Mapping[str, Any]) -> None:
    for row in score["tries"]:
        mark = "right" if row["right"] else "wrong"
        where = f"{row['switch']} {row['port']}" if row["switch"] else "nothing is wrong"
        common.lines(f"{row['at']:6.0f} s  {mark}  {row['how']}: {where}")
    if score["right"]:
        found = f"the right port after {score['seconds_to_right_port']:.0f} s"
    else:
        found = f"the right port not named in {score['seconds']:.0f} s"
    common.lines(
        f"{score['name']}: {found}, {score['wrong_tries']} wrong before;"
        f" {score['hosts_working']} of {score['hosts']} PCs reach their gateway"
    )
