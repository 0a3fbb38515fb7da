"""`netdiag lab train`: a scenario is played on a fresh practice network, and the truth stays hidden."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netdiag.bench import Stage, check_real
from netdiag.files import inventory as inventories

if TYPE_CHECKING:
    from netdiag.lab.client import Lab
    from netdiag.store import Store

_CALLERS = 3


@dataclass(frozen=True, slots=True)
class Begun:
    """What the engineer is told."""

    lab: Lab
    symptom: str | None
    callers: tuple[Mapping[str, Any], ...]
    """Hosts as `lab.hosts` lists them: user, area, desk."""


def begin(kind: str, seed: int | None, store: Store, *, real: bool, ttl_s: float) -> Begun:
    """Plays one scenario of that kind or name; what the regular watch saw before is in `store`.

    `UsageError` for a kind that is none, or where a practice network runs already.
    """
    from netdiag.lab import client, scenario

    names = scenario.chosen([kind])
    if real:
        check_real()
    drawn = secrets.randbelow(1 << 16) if seed is None else seed
    name = names[drawn % len(names)]
    plot = scenario.load(name)
    behind = 0.0 if real else plot.lasts_s + 1.0
    folder = client.state_file().absolute().with_suffix(".d")
    folder.mkdir(parents=True, exist_ok=True)
    lab = client.start(
        scenario.write_topology(plot, folder),
        drawn,
        detached=True,
        ttl_s=ttl_s,
        fixed_ports=True,
        out_of_band=plot.out_of_band,
        behind_s=behind,
        real=real,
    )
    try:
        Stage(plot, drawn, lab, inventories.load(lab.inventory), store, behind).act()
        lab.train(name)
    except BaseException:
        lab.stop()
        raise
    harmed = [h for h in lab.hosts() if h["connected"] and not h["gateway_answers"]]
    return Begun(lab, plot.symptom, tuple(harmed[:_CALLERS]))
