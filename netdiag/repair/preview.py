"""What would be sent, to the last line, before anybody approves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdiag import act, diagnose
from netdiag.errors import Refused
from netdiag.model import Diagnosis, PlanStep
from netdiag.platforms import Platform
from netdiag.repair.run import (
    CHANGES,
    lines_for,
    now,
    people_needed,
    platform_for,
    ports_of,
    seen_platform,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netdiag.files.inventory import Inventory
    from netdiag.store import Store


@dataclass(frozen=True, slots=True)
class Sent:
    """What one login would send."""

    device: str
    reads: tuple[str, ...]
    """Before anything is changed."""
    lines: tuple[str, ...]
    """Entering and leaving configuration mode included."""
    when: str = ""
    """Of lines that are not sent in every case: in which."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One step, with what it would send and what speaks against it."""

    step: PlanStep
    sent: tuple[Sent, ...] = ()
    undo: tuple[Sent, ...] = ()
    refused: tuple[act.Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    """What else happens when these lines are sent."""
    people: int = 1
    """How many different people have to approve it."""


def preview(
    inventory: Inventory, store: Store, said: Diagnosis, steps: Sequence[PlanStep]
) -> tuple[Preview, ...]:
    """Every step as it would be carried out now; asks no device."""
    seen = diagnose.stored(inventory, store)
    made: list[Preview] = []
    for step in steps:
        if step.action not in CHANGES:
            made.append(Preview(step))
            continue
        reasons = act.refusals(step, seen.network, seen.topology, at=now(), shown=said.at)
        try:
            sent, undo = _sent(inventory, store, step)
            warnings = warnings_of(inventory, store, step)
        except Refused as exc:
            sent, undo, warnings = (), (), ()
            reasons = (*reasons, act.Refusal(str(exc), final=True))
        made.append(
            Preview(step, sent, undo, tuple(reasons), warnings, people_needed(inventory, step))
        )
    return tuple(made)


def warnings_of(inventory: Inventory, store: Store, step: PlanStep) -> tuple[str, ...]:
    """What the step's lines do beyond their own port, on the devices that it changes."""
    expect = dict(step.expect)
    done = [(step.device, "shut" if step.action == "shut-port" else "reopen")]
    done += [(expect["edge_device"], "shut")] if "edge_device" in expect else []
    found: list[str] = []
    for name, what in done:
        told = platform_for(inventory, name, seen_platform(store, name)).warnings.get(what)
        found += [f"{name}: {told}"] if told else []
    return tuple(found)


def _sent(
    inventory: Inventory, store: Store, step: PlanStep
) -> tuple[tuple[Sent, ...], tuple[Sent, ...]]:
    expect = dict(step.expect)
    ports = ports_of(step)

    def platform(name: str | None) -> Platform:
        return platform_for(inventory, name, seen_platform(store, name))

    own = platform(step.device)
    parts = act.shares(step.lines, len(ports))
    confirmed = ("confirmed", "yes") in step.expect and own.confirmed is not None
    sent = [
        _one(own, step.device, (p,), part, confirmed=confirmed)
        for p, part in zip(ports, parts, strict=True)
    ]
    back = own.shut if step.action != "shut-port" else own.reopen
    undo = [_one(own, step.device, (p,), lines_for(back, (p,))) for p in ports]
    if step.action == "supervised-reopen":
        name = expect["edge_device"]
        edge = platform(name)
        edge_ports = tuple(p for p in expect.get("edge_ports", "").split(",") if p)
        lines = tuple(expect.get("edge_lines", "").splitlines())
        when = "" if lines else "the loudest edge port, found while the uplink is open"
        lines = lines or lines_for(edge.shut, ("PORT",))
        sent.append(_one(edge, name, (), lines, when=when))
        close = lines_for(own.shut, ports)
        sent.append(
            _one(
                own,
                step.device,
                (),
                close,
                when="only when the tries are used up and it stayed open",
            )
        )
        undo += [_one(edge, name, (p,), lines_for(edge.reopen, (p,))) for p in edge_ports]
    return tuple(sent), tuple(undo)


def _one(
    platform: Platform,
    device: str | None,
    ports: Sequence[str],
    lines: Sequence[str],
    *,
    confirmed: bool = False,
    when: str = "",
) -> Sent:
    from netdiag.act.hands import CONFIRM_WITHIN_MIN

    way = platform.reverting(CONFIRM_WITHIN_MIN) if confirmed else platform
    arm = platform.arming(CONFIRM_WITHIN_MIN) if confirmed else ()
    after = platform.confirmed.confirm if confirmed and platform.confirmed else ()
    commit = (way.commit,) if way.commit else ()
    whole = (*arm, *way.configure, *lines, *commit, *way.leave, *after)
    reads = (*platform.prepare, *(platform.port_config.replace("{interface}", p) for p in ports))
    return Sent(device or "", reads, whole, when)
