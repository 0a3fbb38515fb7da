"""An incident as a file: which network, what happens in it, what people say, and what is right.

`netdiag/lab/incidents/<kind>[-variant].yaml`; the truth is what the steps injected, so that no file
names a port: which desk, which switch and how bad is drawn from the seed. Read strictly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from netdiag.errors import UsageError
from netdiag.files import strict
from netdiag.lab.incidents import MAKES
from netdiag.model import Kind

Value = bool | int | float | str
_DO = ("inject", "wait", "watch", "sweep", "renew")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Step(_Strict):
    """One thing that happens; exactly one of the first keys."""

    inject: str | None = None
    """What `netdiag lab inject` knows."""
    wait: Annotated[float, Field(gt=0, le=600)] | None = None
    """Seconds of lab time."""
    watch: Literal[True] | None = None
    """The regular poll comes by, and is stored."""
    sweep: Literal[True] | None = None
    """The regular probe for DHCP servers comes by, and is stored."""
    renew: Annotated[int, Field(gt=0, le=100)] | None = None
    """So many people at the incident's switch start their computers."""
    options: dict[str, Value] = {}
    draw: dict[str, list[Value]] = {}
    """Options of the injection that the seed decides."""
    cause: bool = True
    """An injection that a diagnosis should put first; `false`: an old, unrelated trouble."""
    days_ago: Annotated[float, Field(ge=0, le=400)] = 0.0
    """A watch of then: the state was so already."""

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        done = [name for name in _DO if getattr(self, name) is not None]
        if len(done) != 1:
            raise ValueError(f"each step does one thing: {', '.join(_DO)}")
        if self.inject is not None and self.inject not in MAKES:
            raise ValueError(f"no incident is called {self.inject!r}: {', '.join(MAKES)}")
        return self


class Scenario(_Strict):
    """One file."""

    kind: Kind | Literal["healthy"]
    """What a diagnosis is to name; `healthy`: nothing."""
    about: Annotated[str, Field(min_length=10, max_length=300)]
    topology: str = "campus"
    """A name among the packaged ones."""
    out_of_band: bool = False
    """Each switch has a second management path."""
    network: dict[str, Any] = {}
    """Keys that differ from the topology's file."""
    steps: list[Step] = []
    symptom: Annotated[str, Field(max_length=200)] | None = None
    accept: list[Kind] = []
    """Other kinds that name the same thing rightly."""

    @property
    def lasts_s(self) -> float:
        """Lab seconds of its waits."""
        return sum(step.wait or 0.0 for step in self.steps)


def names() -> tuple[str, ...]:
    """Every packaged scenario, in order."""
    folder = files("netdiag.lab") / "incidents"
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in folder.iterdir()
            if entry.name.endswith(".yaml")
        )
    )


def chosen(kinds: Sequence[str]) -> tuple[str, ...]:
    """The scenarios of those kinds or names, all for none; `UsageError` for one that is neither."""
    found: dict[str, None] = {}
    for wanted in kinds:
        mine = [n for n in names() if wanted in {n, load(n).kind}]
        if not mine:
            kinds_known = sorted({str(load(n).kind) for n in names()})
            raise UsageError(
                f"no incident is called {wanted!r}: kinds {', '.join(kinds_known)};"
                f" files {', '.join(names())}"
            )
        found.update(dict.fromkeys(mine))
    return tuple(found) if kinds else names()


def load(name: str) -> Scenario:
    """The scenario of that name, or of a YAML file's path; `FileFormatError` names file and line."""
    if name.endswith((".yaml", ".yml")):
        return strict.validate(Scenario, Path(name))
    with as_file(files("netdiag.lab") / "incidents" / f"{name}.yaml") as path:
        return strict.validate(Scenario, path)


def options(step: Step, seed: int) -> dict[str, Value]:
    """What the injection is told: the file's options, and what the seed draws."""
    rng = Random(f"{seed}/{step.inject}/draw")
    drawn = {name: rng.choice(choices) for name, choices in step.draw.items()}
    return {**step.options, **drawn}


def write_topology(scenario: Scenario, folder: Path) -> str | None:
    """The path of the scenario's network; `None` for the packaged campus as it is."""
    if scenario.topology == "campus" and not scenario.network:
        return None
    found = files("netdiag.lab")
    packaged = (
        found / "campus.yaml"
        if scenario.topology == "campus"
        else found / "topologies" / f"{scenario.topology}.yaml"
    )
    if not packaged.is_file():
        raise UsageError(f"no packaged network is called {scenario.topology!r}")
    with as_file(packaged) as path:
        plain, _ = strict.read_yaml(path)
    return _write({**plain, **scenario.network}, folder / "network.yaml")


def _write(plain: Mapping[str, Any], path: Path) -> str:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    with path.open("w", encoding="utf-8") as out:
        yaml.dump(dict(plain), out)
    return str(path)
