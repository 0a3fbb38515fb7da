"""From a cause to a plan: a playbook's steps, filled in with this network's ports and lines.

The caller does, this only says what. Rules that no playbook can loosen: an uplink or a never-touch
port is never shut; what changes an uplink is high risk and approved each time; an alternative names
the step that it stands in for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from netdiag.model import Cause, Finding, Kind, Network, PlanStep
from netdiag.playbook import conditions
from netdiag.playbook.advise import advice
from netdiag.playbook.situation import Port, Situation, platform_of, port_of, situation
from netdiag.text import clean
from netdiag.topology import Topology

__all__ = [
    "PLACEHOLDERS",
    "Do",
    "On",
    "Playbook",
    "Step",
    "advice",
    "choose",
    "conditions",
    "fill",
    "mark",
    "plan",
    "unknown_words",
]

PLACEHOLDERS = (
    "device",
    "port",
    "where",
    "ports",
    "desk",
    "area",
    "mac",
    "ip",
    "vendor",
    "vlan",
    "closed_port",
    "closed_because",
    "dark",
    "neighbor",
    "summary",
)
"""What may stand between braces in a step's sentence."""
_TEXT_LIMIT = 1000


class Do(StrEnum):
    """What a step does."""

    LOOK = "look"
    DECIDE = "decide"
    ASK = "ask"
    WAIT = "wait"
    SHUT_PORT = "shut-port"
    REOPEN_PORT = "reopen-port"
    SUPERVISED_REOPEN = "supervised-reopen"
    VERIFY = "verify"
    RECORD = "record"


class On(StrEnum):
    """Which ports a step changes."""

    SOURCE_PORTS = "source-ports"
    CLOSED_UPLINKS = "closed-uplinks"
    CAUSE_PORT = "cause-port"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as its playbook says it."""

    name: str
    stage: str
    """intake, diagnosis, escalation, repair or record: only the last two are planned."""
    do: Do
    say: str
    on: On = On.NOTHING
    when: str | None = None
    then: str | None = None
    """Of a decision: the step to go on with when the condition holds, and else `otherwise`."""
    otherwise: str | None = None
    instead_of: tuple[str, ...] = ()
    risk: str = "none"
    safe: bool = False
    """`--yes` may approve it."""
    people: int = 1
    """How many different people have to approve it."""
    confirmed: bool = False
    """The device itself takes the change back unless netdiag, still reaching it, confirms."""
    undo: str | None = None
    time_limit_s: int | None = None
    """Of a wait: how long."""
    max_tries: int = 3


@dataclass(frozen=True, slots=True)
class Playbook:
    """How to get from one kind of cause back to service."""

    name: str
    title: str
    handles: tuple[Kind, ...]
    steps: tuple[Step, ...]


def choose(playbooks: Mapping[str, Playbook], kind: Kind, causes: Sequence[Cause] = ()) -> Playbook:
    """The kind's own playbook; the one for a whole area when the first cause made switches dark.

    `playbooks` by name; a kind without one of its own gets area-outage's general way.
    """
    area = playbooks[str(Kind.AREA_OUTAGE)]
    dark = (f"{Kind.DEVICE_UNREACHABLE}-", f"{Kind.UPLINK_DOWN}-")
    # A finding's id begins with its kind.
    cuts_off = any(i.startswith(dark) for c in causes[:1] for i in c.explains)
    if kind in area.handles and cuts_off:
        return area
    return playbooks.get(str(kind), area)


def plan(
    playbook: Playbook,
    cause: Cause,
    network: Network,
    topology: Topology,
    *,
    paths: Mapping[str, bool] | None = None,
    findings: Sequence[Finding] = (),
) -> tuple[PlanStep, ...]:
    """The steps from here to service, numbered from 1 in the order in which they are to be done.

    `paths`: device -> whether the inventory has another management path into it.
    """
    here = situation(cause, network, topology, paths or {}, findings)
    steps: list[PlanStep] = []
    numbers: dict[str, int] = {}
    for step in _walk(playbook, here):
        for made in _fill(step, here):
            number = len(steps) + 1
            stands_for = _alternative(step, made, steps, numbers)
            steps.append(replace(made, step=number, instead_of=stands_for, name=step.name))
            numbers[step.name] = number
    return tuple(steps)


def mark(steps: Sequence[PlanStep], at: datetime) -> str:
    """What an approval is bound to: every word of the plan as it was shown, and when it was made."""
    whole = json.dumps([at.isoformat(), *(asdict(s) for s in steps)], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def fill(sentence: str, words: Mapping[str, str]) -> str:
    """A sentence with its `{…}` filled in."""
    for name in PLACEHOLDERS:
        sentence = sentence.replace("{" + name + "}", words.get(name, ""))
    return clean(" ".join(sentence.split()), _TEXT_LIMIT)


def unknown_words(sentence: str) -> tuple[str, ...]:
    """What stands between braces and is not in `PLACEHOLDERS`."""
    found = re.findall(r"{([^{}]*)}?", sentence)
    return tuple(word for word in found if word not in PLACEHOLDERS)


def _walk(playbook: Playbook, here: Situation) -> Iterable[Step]:
    """The steps that apply, decisions followed; a decision leads forward only, so this ends."""
    names = [s.name for s in playbook.steps]
    at = 0
    while at < len(playbook.steps):
        step = playbook.steps[at]
        holds = step.when is None or conditions.holds(step.when, here.facts)
        if step.do is Do.DECIDE:
            goal = step.then if holds else step.otherwise
            at = max(names.index(goal), at + 1) if goal in names else at + 1
            continue
        if holds and step.stage in ("repair", "record"):
            yield step
        at += 1


def _fill(step: Step, here: Situation) -> Iterable[PlanStep]:
    if step.do is Do.SHUT_PORT:
        return _shut(step, here)
    if step.do is Do.REOPEN_PORT:
        return [_reopen(step, here, port) for port in _targets(step, here)]
    if step.do is Do.SUPERVISED_REOPEN:
        return [_supervised(step, here)] if here.only_path and here.cause.resource.device else []
    if step.do is Do.ASK:
        return [_ask(step, here)]
    return [_plain(step, here)]


def _plain(step: Step, here: Situation) -> PlanStep:
    resource = here.cause.resource
    return PlanStep(
        step=0,
        action=str(step.do),
        summary=fill(step.say, here.words),
        device=resource.device,
        interface=resource.interface,
        risk=step.risk,
        undo=step.undo,
        expect=_limits(step),
    )


def _ask(step: Step, here: Situation) -> PlanStep:
    asked = _plain(step, here)
    words = here.spoken
    seen = tuple((n, clean(text)) for n in ("mac", "vendor", "desk") if (text := words[n]))
    ports = tuple(p.interface for p in here.ports) if len(here.ports) > 1 else ()
    return replace(asked, action="ask-person", interfaces=ports, expect=(*seen, *asked.expect))


def _shut(step: Step, here: Situation) -> Iterable[PlanStep]:
    for port, why in here.protected:
        yield PlanStep(
            step=0,
            action="ask-person",
            summary=f"{port} is not shut by netdiag, because {why}: have its owner look at it.",
            device=port.device,
            interface=port.interface,
        )
    by_device: dict[str, list[Port]] = {}
    for port in _targets(step, here):
        by_device.setdefault(port.device, []).append(port)
    for device, ports in by_device.items():
        platform = platform_of(here.network, device)
        path = () if here.reachable or not here.other_path else (("path", "out-of-band"),)
        mac = here.cause.resource.mac
        yield _acting(
            step,
            here,
            ports,
            lines=_lines(platform.shut if platform else (), ports),
            risk=step.risk,
            expect=(*path, *((("mac", mac),) if mac else ())),
        )


def _reopen(step: Step, here: Situation, port: Port) -> PlanStep:
    platform = platform_of(here.network, port.device)
    row = port_of(here.network, port.device, port.interface)
    # Opened by another step meanwhile (or by its own timer), it must not be flapped again.
    closed = (("only_if", "err-disabled"),) if row and row.err_disabled else ()
    lines = _lines(platform.reopen if platform else (), [port])
    uplink = here.topology.is_uplink(port.device, port.interface)
    # Opened, a trunk may let in what cuts netdiag off: where the platform takes it back by itself
    # without any preparation, it is told to.
    if uplink and platform and platform.confirmed and not platform.confirmed.needs:
        step = replace(step, confirmed=True)
    return _acting(
        step, here, [port], lines=lines, risk="high" if uplink else step.risk, expect=closed
    )


def _supervised(step: Step, here: Situation) -> PlanStep:
    port = here.only_path
    assert port is not None
    assert here.cause.resource.device is not None
    platform = platform_of(here.network, port.device)
    edge_ports = ",".join(p.interface for p in here.ports)
    expect = [("edge_device", here.cause.resource.device), ("max_tries", str(step.max_tries))]
    if edge_ports:
        edge = platform_of(here.network, here.cause.resource.device)
        expect.append(("edge_ports", edge_ports))
        expect.append(("edge_lines", "\n".join(_lines(edge.shut if edge else (), here.ports))))
    if here.cause.resource.mac:
        expect.append(("mac", here.cause.resource.mac))
    if platform:
        expect.append(("close_lines", "\n".join(_lines(platform.shut, [port]))))
    lines = _lines(platform.reopen if platform else (), [port])
    return _acting(step, here, [port], lines=lines, risk="high", expect=tuple(expect))


def _acting(
    step: Step,
    here: Situation,
    ports: Sequence[Port],
    *,
    lines: tuple[str, ...],
    risk: str,
    expect: tuple[tuple[str, str], ...],
) -> PlanStep:
    many = tuple(p.interface for p in ports) if len(ports) > 1 else ()
    safe = (("approval", "safe"),) if step.safe and risk != "high" else ()
    devices = {*(p.device for p in ports), dict(expect).get("edge_device")}
    two = step.people > 1 or any(_marked(here, name) for name in devices)
    people = (("approvals", "2"),) if two else ()
    confirmed = (("confirmed", "yes"),) if step.confirmed else ()
    words = {**here.words, "where": str(ports[0])}
    return PlanStep(
        step=0,
        action=str(step.do),
        summary=fill(step.say, words),
        device=ports[0].device,
        interface=ports[0].interface,
        interfaces=many,
        risk=risk,
        needs_approval=True,
        undo=fill(step.undo, words) if step.undo else None,
        lines=lines,
        expect=(*expect, *safe, *people, *confirmed, *_limits(step)),
    )


def _targets(step: Step, here: Situation) -> tuple[Port, ...]:
    """The ports that the step names; those that must not be touched are never among them."""
    if step.on is On.SOURCE_PORTS:
        return here.ports
    resource = here.cause.resource
    if step.on is On.CLOSED_UPLINKS:
        wanted = here.closed
    elif step.on is On.CAUSE_PORT and resource.device and resource.interface:
        wanted = (Port(resource.device, resource.interface),)
    else:
        return ()
    if step.do is Do.SHUT_PORT:
        return tuple(p for p in wanted if p in here.ports)
    return tuple(p for p in wanted if not _never_touch(here.network, p))


def _marked(here: Situation, name: str | None) -> bool:
    device = here.network.device(name)
    return device is not None and device.two_person


def _never_touch(network: Network, port: Port) -> bool:
    device = network.device(port.device)
    return device is not None and port.interface in device.never_touch


def _lines(template: Sequence[str], ports: Sequence[Port]) -> tuple[str, ...]:
    return tuple(line.replace("{interface}", p.interface) for p in ports for line in template)


def _limits(step: Step) -> tuple[tuple[str, str], ...]:
    return (("time_limit_s", str(step.time_limit_s)),) if step.time_limit_s else ()


def _alternative(
    step: Step, made: PlanStep, steps: Sequence[PlanStep], numbers: Mapping[str, int]
) -> int | None:
    """The number of the step that this one stands in for, where that one is in the plan."""
    planned = [numbers[name] for name in step.instead_of if name in numbers]
    if planned:
        return planned[-1]
    if made.action != "reopen-port":
        return None
    # A supervised reopening leaves its uplink open: opening it once more is for the other ways.
    return next(
        (
            s.step
            for s in steps
            if s.action == "supervised-reopen"
            and s.instead_of is None
            and (s.device, s.interface) == (made.device, made.interface)
        ),
        None,
    )
