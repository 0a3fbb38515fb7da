"""One function a step: looks again before each change, does it, and says what it saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from netdiag import act, diagnose, verify
from netdiag import ticket as tickets
from netdiag.act.hands import CommandLine
from netdiag.errors import Refused
from netdiag.model import PlanStep
from netdiag.platforms import Platform
from netdiag.repair.run import (
    CHANGES,
    Repair,
    authorized,
    lines_for,
    now,
    platform_for,
    ports_of,
    seen_platform,
    unsettled,
)
from netdiag.ticket import Action, ActionState, Ticket


def do(run: Repair, step: PlanStep) -> None:
    """One step of the plan; Refused where it must not or cannot be done now."""
    if step.action in CHANGES:
        authorized(run, step)
        _settled(run, step)
    _STEPS[step.action](run, step)


def is_done(run: Repair, step: PlanStep) -> bool:
    """A change is done when the journal says so for each of its ports; looks are simply repeated."""
    ended = any(
        e.body.get("plan") == run.mark
        and e.body.get("step") == step.step
        and e.body.get("state") == "done"
        for e in run.store.journal.events(run.ticket_id, only=("step",))
    )
    if step.action not in CHANGES:
        return ended and step.action in ("record", "wait")
    return ended or (step.action != "supervised-reopen" and not _todo(run, step))


def check(run: Repair) -> Ticket:
    """Looks at the users' reality and puts what it showed on the ticket."""
    before = run.ticket
    seen = run.reach.verify(run.inventory, run.store, before, tell=run.tell)
    return run.update(lambda t: tickets.verified(t, seen, now()))


def _todo(run: Repair, step: PlanStep) -> tuple[str, ...]:
    done = {a.interface for a in run.actions(step) if a.state is ActionState.DONE}
    return tuple(p for p in ports_of(step) if p not in done)


def _settled(run: Repair, step: PlanStep) -> None:
    """Refused while nobody knows whether a change of this step was sent: it is not sent twice."""
    if step.action == "supervised-reopen":
        return  # the edge switch is dark; it is asked through the gap, before anything is sent
    for action in unsettled(run.actions(step)):
        state = act.settle(action, run.snapshot(action.device), run.store)
        run.tell(f"{action.device} {action.interface}: {state}")
        if state is ActionState.UNKNOWN:
            raise Refused(
                f"step {step.step}: {action.device} does not answer, so nobody knows whether"
                f" {action.interface} was changed; nothing is sent twice: netdiag resume"
                f" {run.ticket_id}, once it answers"
            )
        run.keep([a for a in run.actions(step) if a.id == action.id])


# --- changes --------------------------------------------------------------------------------------


def _shut(run: Repair, step: PlanStep) -> None:
    guard(run, step)
    _change(run, step)


def _reopen(run: Repair, step: PlanStep) -> None:
    guard(run, step)
    seen = run.look(step.device)
    snapshot = seen.network.snapshot(step.device)
    port = snapshot.interface(step.interface) if snapshot else None
    if ("only_if", "err-disabled") in step.expect and port and port.oper_status == "up":
        run.tell(f"{step.device} {step.interface} is up already")
        return
    still = _persists(run, seen, (step.device, step.interface))
    if still:
        raise Refused(f"{step.device} {step.interface} stays closed, its cause persists: {still}")
    _change(run, step)


def _change(run: Repair, step: PlanStep) -> None:
    ports = _todo(run, step)
    if _confirmed(run, step):
        for port in ports:
            _change_confirmed(run, step, port)
        return
    other = ("path", "out-of-band") in step.expect
    with run.session(step.device, out_of_band=other) as session:
        lines = _lines_of(step, ports)
        run.keep(run.hands(step).change(step, session, step.device or "", ports, lines))


def _change_confirmed(run: Repair, step: PlanStep, port: str) -> None:
    """The device takes it back unless a new login, made after the change, gets through to confirm."""
    other = ("path", "out-of-band") in step.expect
    with ExitStack() as first, ExitStack() as second:
        session = first.enter_context(run.session(step.device, out_of_band=other))

        def again() -> CommandLine:
            first.close()
            return second.enter_context(run.session(step.device, out_of_band=other))

        lines = _lines_of(step, (port,))
        hands = run.hands(step)
        run.keep(hands.change(step, session, step.device or "", (port,), lines, confirm=again))


def _lines_of(step: PlanStep, ports: tuple[str, ...]) -> tuple[str, ...]:
    """The approved lines of these ports alone."""
    return _some(step.lines, ports_of(step), ports)


def _some(lines: Sequence[str], every: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    own = dict(zip(every, act.shares(lines, len(every)), strict=True))
    return tuple(line for port in wanted for line in own[port])


def _confirmed(run: Repair, step: PlanStep) -> bool:
    """Whether the step demands that the device take it back unless confirmed; Refused if it cannot."""
    if ("confirmed", "yes") not in step.expect:
        return False
    platform = platform_for(run.inventory, step.device, seen_platform(run.store, step.device))
    if platform.confirmed is not None:
        return True
    why = f"{step.device} ({platform.title}) cannot take a change back by itself"
    _overruled(run, step, [act.Refusal(f"{why}, and the playbook demands that it can")])
    return False


def _reopen_supervised(run: Repair, step: PlanStep) -> None:
    guard(run, step)
    opening = _opening(run, step)
    hands = run.hands(step)
    edge = opening.edge.device.name
    if opening.edge_ports:
        shut = replace(step, action="shut-port", device=edge, interfaces=opening.edge_ports)
        guard(run, shut, dark=True)
    if _shut_at(run.actions(step), edge) and not opening.edge_ports:
        run.keep(act.finish(opening, hands, step))
    else:
        run.keep(act.supervised_reopening(opening, hands, step))


def _shut_at(actions: Sequence[Action], device: str) -> frozenset[str | None]:
    """The ports of a device that these actions have shut."""
    done = (a for a in actions if a.device == device and a.state is ActionState.DONE)
    return frozenset(a.interface for a in done if not act.opens(a))


def _opening(run: Repair, step: PlanStep) -> act.Reopening:
    expect = dict(step.expect)
    edge, core = run.target(expect["edge_device"]), run.target(step.device)
    approved = tuple(expect.get("edge_lines", "").splitlines())
    seen = diagnose.stored(run.inventory, run.store)
    earlier = run.actions(step)
    opened = [a for a in earlier if a.device == core.device.name and act.opens(a)]
    unsure = [a for a in unsettled(earlier) if a.device == edge.device.name]

    edge_ports = tuple(p for p in expect.get("edge_ports", "").split(",") if p)
    # Found through the gap before an interruption: those are the ones.
    tried = (a.interface for a in earlier if a.device == edge.device.name and a.interface)
    edge_ports = edge_ports or tuple(dict.fromkeys(tried))

    def shut_lines(ports: tuple[str, ...]) -> tuple[str, ...]:
        if approved:
            return _some(approved, edge_ports, ports)
        return lines_for(_platform(run, edge.device.name).shut, ports)

    return act.Reopening(
        core=core,
        uplink=step.interface or "",
        reopen_lines=step.lines,
        close_lines=lines_for(_platform(run, step.device).shut, ports_of(step)),
        is_open=lambda: _is_open(run, step.device, step.interface),
        edge=edge,
        # What is shut already is not sent again.
        edge_ports=tuple(p for p in edge_ports if p not in _shut_at(earlier, edge.device.name)),
        find_ports=lambda: verify.loudest_ports(edge, seen),
        shut_lines=shut_lines,
        session=run.reach.session,
        max_tries=int(expect.get("max_tries", "3")),
        tried=len(opened),
        unsure=tuple(unsure),
        sleep=run.reach.sleep,
    )


def _platform(run: Repair, device: str | None) -> Platform:
    return platform_for(run.inventory, device, seen_platform(run.store, device))


def _is_open(run: Repair, device: str | None, interface: str | None) -> bool:
    """Asked anew: whether the port has a link."""
    snapshot = run.snapshot(device or "")
    port = snapshot.interface(interface) if snapshot and snapshot.reachable else None
    return port is not None and port.oper_status == "up" and port.err_disabled is None


# --- looks, people, paper --------------------------------------------------------------------------


def _prove(run: Repair, step: PlanStep) -> None:
    """A look between changes: the cause must be gone before anything is opened."""
    for _ in range(3):
        still = _persists(run, run.look())
        if not still:
            run.tell("the cause is gone")
            return
        run.tell(f"not yet: {still}")
        run.reach.sleep(1.0)
    raise Refused(f"step {step.step}: the cause persists: {still}")


def _persists(
    run: Repair, seen: diagnose.Look, opening: tuple[str | None, str | None] | None = None
) -> str | None:
    """Why nothing may be opened yet; of a switch that is dark until then, a person's word counts."""
    still = verify.cause_persists(run.ticket, seen, opening=opening)
    cause = run.ticket.cause
    snapshot = seen.network.snapshot(cause.resource.device) if cause else None
    people = _by_hand(run)
    if still and people and snapshot is not None and not snapshot.reachable:
        run.tell(f"{snapshot.device} cannot be asked; {people} says that its source is removed")
        return None
    return still


def _by_hand(run: Repair) -> str | None:
    """Who said that what a person has to do is done."""
    mark = run.mark
    asked = [s.step for s in run.diagnosis.plan if s.action == "ask-person"]
    said = [a for n in asked for a in tickets.approvers(run.ticket, n, plan=mark)]
    return said[0].by if said else None


def _verify(run: Repair, _: PlanStep) -> None:
    check(run)


def _ask(run: Repair, step: PlanStep) -> None:
    approval = tickets.is_approved(run.ticket, step.step, plan=run.mark)
    if approval is None:
        raise Refused(
            f"step {step.step} needs a person: {step.summary} When it is done: "
            f"netdiag approve {run.ticket_id} {step.step}, then netdiag approve {run.ticket_id}"
        )
    run.note(f"done by hand: {step.summary}", approval.by)


def _wait(run: Repair, step: PlanStep) -> None:
    """Waits until that long after the step first began: an interruption does not make it longer."""
    seconds = float(dict(step.expect).get("time_limit_s", "0"))
    began = [
        e.at
        for e in run.store.journal.events(run.ticket_id, only=("step",))
        if e.body.get("plan") == run.mark
        and e.body.get("step") == step.step
        and e.body.get("state") == "begun"
    ]
    hands = run.hands(replace(step, expect=()))
    while (left := seconds - (now() - min(began, default=now())).total_seconds()) > 0:
        hands.may_go_on()
        run.reach.sleep(min(left, 1.0))


def _note(run: Repair, step: PlanStep) -> None:
    run.note(step.summary)


_STEPS: dict[str, Callable[[Repair, PlanStep], None]] = {
    "look": _prove,
    "shut-port": _shut,
    "reopen-port": _reopen,
    "supervised-reopen": _reopen_supervised,
    "ask-person": _ask,
    "wait": _wait,
    "verify": _verify,
    "record": _note,
}


# --- what speaks against it -----------------------------------------------------------------------


def objections(run: Repair, step: PlanStep, *, dark: bool = False) -> tuple[act.Refusal, ...]:
    """What speaks against a change as things stand; a change already begun is not too old to end."""
    seen = diagnose.stored(run.inventory, run.store)
    shown = run.diagnosis.at
    begun = any(a.state is not ActionState.REFUSED for a in run.actions(step))
    at = now()
    if begun:
        return act.refusals(step, seen.network, seen.topology, at=shown, shown=shown, dark=True)
    return act.refusals(step, seen.network, seen.topology, at=at, shown=shown, dark=dark)


def guard(run: Repair, step: PlanStep, *, dark: bool = False) -> None:
    """Refuses what speaks against a change, unless the approver overruled it with a reason."""
    _overruled(run, step, objections(run, step, dark=dark))


def _overruled(run: Repair, step: PlanStep, reasons: Sequence[act.Refusal]) -> None:
    if not reasons:
        return
    given = [
        e
        for e in run.store.journal.events(run.ticket_id, only=("override",))
        if e.body.get("plan") == run.mark and step.step in e.body.get("steps", ())
    ]
    words = "; ".join(r.why for r in reasons)
    if any(r.final for r in reasons):
        raise Refused(words + (" (nobody may overrule this)" if given else ""))
    if not given:
        raise Refused(f"{words} (--override REASON overrules it, on the record)")
    last = given[-1].body
    run.note(f"step {step.step}: overruled: {words}: {last.get('reason')}", str(last.get("by")))
