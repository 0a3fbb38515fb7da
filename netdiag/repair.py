"""Carries an approved plan out, step by step, and proves with the users' reality that it worked.

Order and rules come from the plan; this module only does, looks again, and writes down. It may be
interrupted anywhere: what was intended is in the journal, and `resume` looks before it goes on.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import act, diagnose, platforms, verify
from netdiag import ticket as tickets
from netdiag.errors import CollectError, NetdiagError, Refused, UsageError
from netdiag.model import Diagnosis, PlanStep, Snapshot
from netdiag.names import long_name
from netdiag.ticket import Action, ActionState, Ticket

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

Tell = Callable[[str], None]
CHANGES = frozenset({"shut-port", "reopen-port", "supervised-reopen"})


@dataclass(frozen=True, slots=True)
class Repair:
    """One run of a ticket's plan by one person."""

    inventory: Inventory
    store: Store
    ticket_id: str
    by: str
    tell: Tell = lambda _: None

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is stored now."""
        return self.store.ticket(self.ticket_id)

    @property
    def hands(self) -> act.Hands:
        """What changes devices in this run, in this person's name."""
        return act.Hands(self.store, self.ticket_id, self.by, self.tell)

    def target(self, name: str | None) -> Target:
        """The way into a device; its secrets are resolved now."""
        targets = self.inventory.targets((name,)) if name else ()
        if not targets:
            raise UsageError(f"{name!r} is not in the inventory")
        return targets[0]


def approve(
    inventory: Inventory,
    store: Store,
    ticket_id: str,
    *,
    by: str,
    steps: Sequence[int] = (),
    tell: Tell = lambda _: None,
) -> Ticket:
    """Records the approval of the steps (none named: the whole plan), carries them out, verifies.

    Raises: UsageError for an unknown ticket or step, Refused where a step must not be done now,
    Locked while another netdiag repairs.
    """
    with store.lock("repair"):
        run = Repair(inventory, store, ticket_id, by, tell)
        ticket = run.ticket
        chosen = plan(ticket, steps)
        # A person's own work is never approved along with the rest: naming its step says that it is done.
        allowed = [s.step for s in chosen if steps or s.action != "ask-person"]
        _save(run, tickets.approved(ticket, allowed, _now(), by))
        return _carry_out(run, chosen)


def plan(ticket: Ticket, steps: Sequence[int] = ()) -> tuple[PlanStep, ...]:
    """The steps of these numbers, or the plan's main line without its alternatives."""
    known = _diagnosis(ticket).plan
    unknown = set(steps) - {s.step for s in known}
    if unknown:
        raise UsageError(
            f"{ticket.id}: the plan has no step {min(unknown)}; it has 1 to {len(known)}"
        )
    return tuple(s for s in known if (s.step in steps if steps else s.instead_of is None))


def resume(
    inventory: Inventory, store: Store, *, by: str, tell: Tell = lambda _: None
) -> tuple[Ticket, ...]:
    """Goes on with every interrupted repair: looks what became of each intended change, then continues."""
    with store.lock("repair"):
        for action in store.journal.actions():
            if action.state not in (ActionState.INTENDED, ActionState.UNKNOWN):
                continue
            tell(
                f"{action.run}: step {action.step} on {action.device} {action.interface} was interrupted"
            )
            state = act.settle(action, _snapshot(inventory, store, action.device), store)
            tell(f"{action.device} {action.interface}: {state}")
        return tuple(
            _carry_on(Repair(inventory, store, t.id, by, tell))
            for t in store.tickets()
            if t.stage is tickets.Stage.REPAIRING and t.diagnosis and t.approvals
        )


def undo(
    inventory: Inventory, store: Store, ticket_id: str, *, by: str, tell: Tell = lambda _: None
) -> tuple[Action, ...]:
    """Takes the ticket's port changes back, the last one first; each is an approved change of its own."""
    from netdiag.collect.ssh import Session

    seen = diagnose.stored(inventory, store)
    with store.lock("repair"):
        run = Repair(inventory, store, ticket_id, by, tell)
        done: list[Action] = []
        for action in reversed(store.journal.actions(ticket_id)):
            if action.state is not ActionState.DONE or action.interface is None:
                continue
            step = PlanStep(
                step=action.step,
                action="undo",
                summary="undo",
                device=action.device,
                interface=action.interface,
            )
            target = run.target(action.device)
            platform = _platform(target.device.platform, seen, action.device)
            with Session(target) as session:
                done += run.hands.change(
                    step,
                    session,
                    action.device,
                    (action.interface,),
                    act.undo_lines(action, platform),
                )
            store.journal.outcome(action.id, ActionState.UNDONE, "taken back", _now())
        return tuple(done)


def _carry_out(run: Repair, steps: Sequence[PlanStep]) -> Ticket:
    """The steps in the plan's order; the first that cannot be done stops the run and says so."""
    for step in steps:
        if _is_done(run, step):
            continue
        run.tell(f"step {step.step}: {step.summary}")
        try:
            _STEPS[step.action](run, step)
        except NetdiagError as exc:
            _save(
                run, tickets.note(run.ticket, f"step {step.step} stopped: {exc}", _now(), "netdiag")
            )
            others = [str(s.step) for s in _diagnosis(run.ticket).plan if s.instead_of == step.step]
            if others and isinstance(exc, Refused | CollectError):
                raise Refused(
                    f"{exc}; instead: netdiag approve {run.ticket_id} {' or '.join(others)}"
                ) from exc
            raise
    return run.ticket


def _carry_on(run: Repair) -> Ticket:
    ticket = run.ticket
    return _carry_out(run, plan(ticket, sorted({a.step for a in ticket.approvals})))


def _is_done(run: Repair, step: PlanStep) -> bool:
    """A change is done when the journal says so for each of its ports; looks are simply repeated."""
    if step.action not in CHANGES:
        return False
    ports = step.interfaces or ((step.interface,) if step.interface else ())
    done = {
        (a.device, a.interface)
        for a in run.store.journal.actions(run.ticket_id)
        if a.step == step.step and a.state is ActionState.DONE
    }
    if step.action == "supervised-reopen":
        edge = dict(step.expect).get("edge_device")
        return any(device == edge for device, _ in done)
    return bool(ports) and all((step.device, port) in done for port in ports)


# --- one port, by name ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recovery:
    """A closed port that may be opened, as it was looked at."""

    step: PlanStep
    vendor_cause: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of it."""

    device: str
    interface: str
    stays_up: bool
    summary: str


def prepare_recovery(
    inventory: Inventory,
    store: Store,
    device: str,
    port: str,
    *,
    uplink: bool = False,
    tell: Tell = lambda _: None,
) -> Recovery:
    """Looks everywhere first. Refused: not closed, an uplink not approved as one, the cause persists."""
    name = long_name(port)
    inventory.targets((device,))
    seen = diagnose.look(inventory, store, tell=tell)
    snapshot = seen.network.snapshot(device)
    row = snapshot.interface(name) if snapshot and snapshot.reachable else None
    if row is None:
        raise Refused(
            f"{device} {port}: "
            + (
                "the device does not answer"
                if not snapshot or not snapshot.reachable
                else "it has no such port"
            )
        )
    if row.err_disabled is None:
        raise Refused(
            f"{device} {name} is not err-disabled: it is admin {row.admin_status}, {row.oper_status}"
        )
    if seen.topology.is_uplink(device, name) and not uplink:
        raise Refused(f"{device} {name} is an uplink: --uplink approves it as one")
    still = verify.blocking_cause(seen, device, name)
    if still:
        raise Refused(f"{device} {name} stays closed, its cause persists: {still}")
    known = inventory.targets((device,))[0].device.platform
    lines = _lines(_platform(known, seen, device).reopen, (name,))
    step = PlanStep(
        step=1,
        action="reopen-port",
        summary=f"reopen {device} {name}",
        device=device,
        interface=name,
        risk="high" if uplink else "low",
        needs_approval=True,
        lines=lines,
    )
    reasons = act.refusals(step, seen.network, seen.topology, at=_now())
    if reasons:
        raise Refused("; ".join(reasons))
    return Recovery(step, row.err_disabled.vendor_cause)


def recover(
    ready: Recovery, inventory: Inventory, store: Store, *, by: str, tell: Tell = lambda _: None
) -> Recovered:
    """Opens the port and watches whether its protection closes it again."""
    from netdiag.collect.ssh import Session

    step = ready.step
    device, name = step.device or "", step.interface or ""
    with store.lock("repair"):
        hands = act.Hands(store, f"recover-{_now():%Y%m%dT%H%M%S}", by, tell)
        with Session(inventory.targets((device,))[0]) as session:
            hands.change(step, session, device, (name,), step.lines)
        tell(f"watching {device} {name} for {verify.STAYS_UP_S:g} s")
        clock.sleep(verify.STAYS_UP_S)
        snapshot = _snapshot(inventory, store, device)
    port = snapshot.interface(name) if snapshot and snapshot.reachable else None
    if port is None:
        return Recovered(
            device,
            name,
            stays_up=False,
            summary=f"{device} does not answer: nobody can say whether {name} is up",
        )
    if port.err_disabled is not None:
        return Recovered(
            device,
            name,
            stays_up=False,
            summary=f"{device} {name} closed again ({port.err_disabled.vendor_cause}): its cause is still there",
        )
    return Recovered(
        device,
        name,
        stays_up=port.oper_status == "up",
        summary=f"{device} {name} is {port.oper_status}",
    )


# --- one function a step -------------------------------------------------------------------------


def _change(run: Repair, step: PlanStep) -> None:
    from netdiag.collect.ssh import Session

    other = ("path", "out-of-band") in step.expect
    with Session(run.target(step.device), out_of_band=other) as session:
        _keep(run, run.hands.change(step, session, step.device or "", _ports(step), step.lines))


def _shut(run: Repair, step: PlanStep) -> None:
    _guard(run, step)
    _change(run, step)


def _reopen(run: Repair, step: PlanStep) -> None:
    _guard(run, step)
    seen = _look(run, step.device)
    snapshot = seen.network.snapshot(step.device)
    port = snapshot.interface(step.interface) if snapshot else None
    if ("only_if", "err-disabled") in step.expect and port and port.oper_status == "up":
        run.tell(f"{step.device} {step.interface} is up already")
        return
    still = verify.cause_persists(run.ticket, seen)
    if still:
        raise Refused(f"{step.device} {step.interface} stays closed, its cause persists: {still}")
    _change(run, step)


def _reopen_supervised(run: Repair, step: PlanStep) -> None:
    seen = _guard(run, step)
    expect = dict(step.expect)
    edge = run.target(expect["edge_device"])
    core = run.target(step.device)
    approved = tuple(expect.get("edge_lines", "").splitlines())
    edge_ports = tuple(p for p in expect.get("edge_ports", "").split(",") if p)
    if edge_ports:
        shut = replace(step, action="shut-port", device=edge.device.name, interfaces=edge_ports)
        _guard(run, shut)
    opening = act.Reopening(
        core=core,
        uplink=step.interface or "",
        reopen_lines=step.lines,
        close_lines=_lines(_platform(core.device.platform, seen, step.device).shut, _ports(step)),
        is_open=lambda: _is_open(run, step.device, step.interface),
        edge=edge,
        edge_ports=edge_ports,
        find_ports=lambda: verify.loudest_ports(edge, seen),
        shut_lines=lambda ports: (
            approved or _lines(_platform(edge.device.platform, seen, edge.device.name).shut, ports)
        ),
        max_tries=int(expect.get("max_tries", "3")),
    )
    _keep(run, act.supervised_reopening(opening, run.hands, step))


def _prove(run: Repair, step: PlanStep) -> None:
    """A look between changes: the cause must be gone before anything is opened."""
    for _ in range(3):
        still = verify.cause_persists(run.ticket, _look(run))
        if not still:
            run.tell("the cause is gone")
            return
        run.tell(f"not yet: {still}")
        clock.sleep(1.0)
    raise Refused(f"step {step.step}: the cause persists: {still}")


def _verify(run: Repair, _: PlanStep) -> None:
    check(run)


def check(run: Repair) -> Ticket:
    """Looks at the users' reality and puts what it showed on the ticket."""
    before = run.ticket
    seen = verify.verification(run.inventory, run.store, before, tell=run.tell)
    return _save(run, tickets.verified(run.ticket, seen, _now()))


def _ask(run: Repair, step: PlanStep) -> None:
    approval = tickets.is_approved(run.ticket, step.step)
    if approval is None:
        raise Refused(
            f"step {step.step} needs a person: {step.summary} When it is done: "
            f"netdiag approve {run.ticket_id} {step.step}, then netdiag approve {run.ticket_id}"
        )
    _save(run, tickets.note(run.ticket, f"done by hand: {step.summary}", _now(), approval.by))


def _note(run: Repair, step: PlanStep) -> None:
    _save(run, tickets.note(run.ticket, step.summary, _now(), "netdiag"))


_STEPS: dict[str, Callable[[Repair, PlanStep], None]] = {
    "look": _prove,
    "shut-port": _shut,
    "reopen-port": _reopen,
    "supervised-reopen": _reopen_supervised,
    "ask-person": _ask,
    "verify": _verify,
    "wait": lambda _, step: clock.sleep(int(dict(step.expect).get("time_limit_s", "0"))),
    "record": _note,
}


def _guard(run: Repair, step: PlanStep) -> diagnose.Look:
    """Refuses what speaks against a change; an approval counts as long as what it was shown is fresh."""
    seen = diagnose.stored(run.inventory, run.store)
    shown = replace(seen.network, at=_diagnosis(run.ticket).at)
    reasons = act.refusals(step, shown, seen.topology, at=_now())
    if reasons:
        raise Refused("; ".join(reasons))
    return seen


def _look(run: Repair, *devices: str | None) -> diagnose.Look:
    """The source's switch and the devices named, with rates: quick, because a floor waits."""
    cause = run.ticket.cause
    names = {*devices, cause.resource.device if cause else None} - {None}
    return diagnose.poll(
        run.inventory.targets(tuple(n for n in names if n)),
        run.store,
        devices=run.inventory.devices,
        site=run.inventory.site,
        via=_one_channel(run.inventory, names),
        window_s=1.0,
    )


def _one_channel(inventory: Inventory, names: set[str | None]) -> frozenset[str]:
    """SNMP alone where every one of them speaks it: the rates come from there."""
    snmp = all(t.snmp for t in inventory.targets() if t.device.name in names)
    return frozenset({"snmp"}) if snmp else frozenset({"snmp", "ssh"})


def _snapshot(inventory: Inventory, store: Store, device: str) -> Snapshot | None:
    from netdiag import collect

    try:
        targets = inventory.targets((device,))
        found = collect.poll(targets, via=_one_channel(inventory, {device}), window_s=None)
    except CollectError:
        return None
    store.add_snapshots(found)
    return found[0] if found else None


def _ports(step: PlanStep) -> tuple[str, ...]:
    return step.interfaces or ((step.interface,) if step.interface else ())


def _platform(known: str | None, seen: diagnose.Look, device: str | None) -> platforms.Platform:
    """The inventory's word, else what the device said it is; nothing is guessed onto a device."""
    snapshot = seen.network.last_good(device)
    platform = platforms.get(known) or platforms.get(snapshot.platform if snapshot else None)
    if platform is None or not platform.shut:
        raise Refused(f"{device}: its platform is not known, so neither is what to send")
    return platform


def _is_open(run: Repair, device: str | None, interface: str | None) -> bool:
    """Asked anew: whether the port has a link."""
    snapshot = _snapshot(run.inventory, run.store, device or "")
    port = snapshot.interface(interface) if snapshot and snapshot.reachable else None
    return port is not None and port.oper_status == "up" and port.err_disabled is None


def _lines(template: Sequence[str], ports: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.replace("{interface}", port) for port in ports for line in template)


def _keep(run: Repair, actions: Sequence[Action]) -> None:
    ticket = run.ticket
    for action in actions:
        ticket = tickets.acted(ticket, action, _now())
    _save(run, ticket)


def _save(run: Repair, ticket: Ticket) -> Ticket:
    return run.store.save_ticket(ticket)


def _diagnosis(ticket: Ticket) -> Diagnosis:
    if ticket.diagnosis is None or not ticket.diagnosis.plan:
        raise Refused(f"{ticket.id} has no plan: diagnose first")
    return ticket.diagnosis


def _now() -> datetime:
    return datetime.now(UTC)
