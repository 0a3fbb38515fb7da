"""`replay`: a recorded incident's verdict, offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdiag import contract
from netdiag.cli import common

if TYPE_CHECKING:
    from netdiag.replay import Replay


@click.command(short_help="The same verdict offline from a recorded incident.")
@click.argument("folder", type=click.Path(path_type=Path))
@common.as_json
def replay(folder: Path, json_: bool) -> None:
    """Diagnose what `netdiag diagnose --record FOLDER` or a bench kept: no device is asked."""
    from netdiag import replay as flow

    answer = flow.replay(folder)
    said = answer.diagnosis
    if json_:
        same = None if answer.recorded is None else not answer.differs
        common.emit(contract.diagnosis(said) | {"same": same, "differs": list(answer.differs)})
    else:
        from netdiag.cli import shown

        shown.diagnosis(said)
        common.say(_comparison(answer))
    for line in answer.differs:
        common.say(line, style="yellow", err=True)
    sys.exit(common.status(found=bool(said.findings), missed=bool(said.not_checked)))


def _comparison(answer: Replay) -> str:

    if answer.recorded is None:
        return "no verdict was recorded with it"
    at = f"{answer.recorded.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"not the verdict of {at}:" if answer.differs else f"the same verdict as of {at}"
