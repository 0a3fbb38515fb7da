"""Playbook files to `playbook.Playbook`: strict, every mistake with file, line and key.

They are found beside the package in a checkout (`playbooks/`), inside it once installed
(`netdiag/playbooks/`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from netdiag import playbook
from netdiag.errors import FileFormatError, UsageError
from netdiag.files import strict
from netdiag.model import Cause, Kind
from netdiag.playbook import Do, On, Playbook, Step

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
_Say = Annotated[str, Field(min_length=1, max_length=2000)]
_ACTING = (Do.SHUT_PORT, Do.REOPEN_PORT, Do.SUPERVISED_REOPEN)


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    step: _Name
    stage: Literal["intake", "diagnosis", "escalation", "repair", "record"]
    do: Literal[
        "look",
        "decide",
        "ask",
        "wait",
        "shut-port",
        "reopen-port",
        "supervised-reopen",
        "verify",
        "record",
    ]
    say: _Say
    on: Literal["source-ports", "closed-uplinks", "cause-port"] | None = None
    when: str | None = None
    then: _Name | None = None
    otherwise: _Name | None = None
    instead_of: list[_Name] = []
    risk: Literal["none", "low", "medium", "high"] | None = None
    approval: Literal["each-time", "safe", "two-people"] | None = None
    confirmed: bool | None = None
    undo: _Say | None = None
    time_limit_s: Annotated[int, Field(ge=1, le=3600)] | None = None
    max_tries: Annotated[int, Field(ge=1, le=5)] | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    playbook: _Name
    title: _Say
    handles: Annotated[list[str], Field(min_length=1)]
    steps: Annotated[list[_Step], Field(min_length=1, max_length=50)]


def folder() -> Path:
    """Where the playbooks that come with netdiag are."""
    package = Path(__file__).resolve().parent.parent
    for found in (package / "playbooks", package.parent / "playbooks"):
        if (found / "area-outage.yaml").is_file():
            return found
    raise UsageError(f"no playbooks beside or inside {package}: install netdiag again")


def load(path: Path) -> Playbook:
    """One file; `FileFormatError` names the file, the line and the key of the first mistake."""
    loaded, locate = strict.read_yaml(path)
    told = strict.check(_File, loaded, file=str(path), locate=locate)

    def wrong(message: str, *keys: str | int) -> FileFormatError:
        key = ".".join(str(k) for k in keys)
        return FileFormatError(message, file=str(path), line=locate(keys), key=key)

    if told.playbook != path.stem:
        raise wrong(f"is {told.playbook!r}, but the file is named {path.stem!r}", "playbook")
    kinds = {str(k) for k in Kind}
    for number, kind in enumerate(told.handles):
        if kind not in kinds:
            raise wrong(f"{kind!r} is no kind of finding", "handles", number)
    for number, step in enumerate(told.steps):
        fault = _fault(step, told.steps[:number], told.steps[number + 1 :])
        if fault is not None:
            raise wrong(fault[1], "steps", number, fault[0])
    return Playbook(
        name=told.playbook,
        title=told.title,
        handles=tuple(Kind(k) for k in told.handles),
        steps=tuple(_step(s) for s in told.steps),
    )


@cache
def load_all(where: Path | None = None) -> Mapping[str, Playbook]:
    """Every playbook of a folder by name; without one, those that come with netdiag."""
    files = sorted((where or folder()).glob("*.yaml"))
    return {path.stem: load(path) for path in files}


def for_kind(kind: Kind, causes: Sequence[Cause] = ()) -> Playbook:
    """The playbook for a first cause of that kind (`playbook.choose`)."""
    return playbook.choose(load_all(), kind, causes)


def named(name: str) -> Playbook:
    """A playbook by the name of one that comes with netdiag, or by the path of a file of one's own."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"there is no playbook file {name!r}")
        return load(path)
    known = load_all()
    if name not in known:
        raise UsageError(f"there is no playbook {name!r}; there are: {', '.join(known)}")
    return known[name]


def _fault(step: _Step, before: Sequence[_Step], after: Sequence[_Step]) -> tuple[str, str] | None:
    """(key, what is wrong with it) of the first mistake that types alone do not show."""
    if step.step in {s.step for s in before}:
        return "step", f"{step.step!r} stands twice"
    do = Do(step.do)
    for key, condition in (("when", step.when),):
        if condition is not None:
            try:
                playbook.conditions.check(condition)
            except UsageError as exc:
                return key, str(exc)
    return _wrong_words(step) or _wrong_links(step, before, after) or _wrong_acting(step, do)


def _wrong_words(step: _Step) -> tuple[str, str] | None:
    for key, text in (("say", step.say), ("undo", step.undo or "")):
        unknown = playbook.unknown_words(text)
        if unknown:
            known = ", ".join(playbook.PLACEHOLDERS)
            return key, f"unknown word {{{unknown[0]}}} (known: {known})"
    return None


def _wrong_links(
    step: _Step, before: Sequence[_Step], after: Sequence[_Step]
) -> tuple[str, str] | None:
    earlier, later = {s.step for s in before}, {s.step for s in after}
    if step.do == "decide" and (step.when is None or step.then is None or step.otherwise is None):
        return "do", "a decision needs when, then and otherwise"
    for key, goal in (("then", step.then), ("otherwise", step.otherwise)):
        if goal is None:
            continue
        if step.do != "decide":
            return key, "only a decision goes on elsewhere"
        if goal not in later:
            return key, f"{goal!r} is no later step: a decision leads forward only"
    for goal in step.instead_of:
        if goal not in earlier:
            return "instead_of", f"{goal!r} is no earlier step"
    return None


def _wrong_acting(step: _Step, do: Do) -> tuple[str, str] | None:
    if do not in _ACTING:
        if do is Do.WAIT and step.time_limit_s is None:
            return "do", "a wait needs time_limit_s: how long"
        given = {
            "on": step.on,
            "approval": step.approval,
            "confirmed": step.confirmed,
            "max_tries": step.max_tries,
        }
        extra = next((k for k, v in given.items() if v is not None), None)
        return (extra, f"a step that does {step.do!r} changes nothing") if extra else None
    needed = {
        "on": step.on,
        "risk": step.risk,
        "approval": step.approval,
        "undo": step.undo,
        "time_limit_s": step.time_limit_s,
    }
    missing = [key for key, value in needed.items() if value is None]
    if missing:
        return "do", f"a step that changes the network needs {', '.join(missing)}"
    if step.stage != "repair":
        return "stage", "only the repair changes the network"
    if do is Do.SHUT_PORT and step.on == "closed-uplinks":
        return "on", "an uplink is never shut"
    return None


def _step(told: _Step) -> Step:
    return Step(
        name=told.step,
        stage=told.stage,
        do=Do(told.do),
        say=told.say,
        on=On(told.on) if told.on else On.NOTHING,
        when=told.when,
        then=told.then,
        otherwise=told.otherwise,
        instead_of=tuple(told.instead_of),
        risk=told.risk or "none",
        safe=told.approval == "safe",
        people=2 if told.approval == "two-people" else 1,
        confirmed=bool(told.confirmed),
        undo=told.undo,
        time_limit_s=told.time_limit_s,
        max_tries=told.max_tries or 3,
    )
