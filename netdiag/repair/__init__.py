"""Carries an approved plan out, step by step, and proves with the users' reality that it worked.

Order and rules come from the plan; this only does, looks again, and writes down. It may be
interrupted anywhere: what was intended is in the journal, and `resume` looks before it goes on.
Start at `approve`; `run` says what a run may do, `steps` holds one function a step, `port` opens a
single port, `preview` tells beforehand what would be sent.

Why no workflow library: dbos 3.4 on SQLite was tried for this place. Killed between sending and
storing the outcome, it sent the step again on recovery (a step is at least once by design), so that
every change has to be looked up on the device all the same, which is all that `act.settle` does. A
second process launched during a step had that step sent twice, so that the locks stay ours too. Its
import took 0.95 s of CPU beside 1.2 s for all of this package, the store and the checks together. And
its tables are no chained record. What is left for it, an ordered list of steps with their outcomes,
is the journal's rows `run` and `step`; what they are worth, `python -m tests.crash_matrix` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from netdiag import act
from netdiag import ticket as tickets
from netdiag.errors import CollectError, Locked, NetdiagError, Refused, StoreError, UsageError
from netdiag.model import PlanStep
from netdiag.repair.follow import follow
from netdiag.repair.port import Recovered, Recovery, prepare_recovery, recover
from netdiag.repair.preview import Preview, Sent, preview
from netdiag.repair.run import (
    CHANGES,
    Reach,
    Repair,
    Tell,
    claimed,
    missing_approvals,
    now,
    platform_for,
    port_lock,
    process,
    seen_platform,
    snapshot,
    ticket_lock,
    unsettled,
)
from netdiag.repair.steps import check, do, is_done
from netdiag.store.journal import Event
from netdiag.ticket import Action, ActionState, Ticket

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

__all__ = [
    "CHANGES",
    "Preview",
    "Reach",
    "Recovered",
    "Recovery",
    "Repair",
    "Sent",
    "approve",
    "check",
    "follow",
    "plan",
    "prepare_recovery",
    "preview",
    "recover",
    "resume",
    "ticket_lock",
    "to_undo",
    "undo",
]

LET_GO_S = 30.0
"""How long a take-over waits for a living run to end between two of its steps."""


def plan(ticket: Ticket, steps: Sequence[int] = ()) -> tuple[PlanStep, ...]:
    """The steps of these numbers, or the plan's main line without its alternatives."""
    if ticket.diagnosis is None or not ticket.diagnosis.plan:
        raise Refused(f"{ticket.id} has no plan: diagnose first")
    known = ticket.diagnosis.plan
    unknown = set(steps) - {s.step for s in known}
    if unknown:
        raise UsageError(f"{ticket.id} has no step {min(unknown)}; it has 1 to {len(known)}")
    return tuple(s for s in known if (s.step in steps if steps else s.instead_of is None))


def approve(
    inventory: Inventory,
    store: Store,
    ticket_id: str,
    *,
    by: str,
    steps: Sequence[int] = (),
    shown: str | None = None,
    override: str | None = None,
    tell: Tell = lambda _: None,
    reach: Reach | None = None,
) -> Ticket:
    """Records the approval of the steps (none named: the whole plan), carries them out, verifies.

    `shown`: the mark of the plan that the person saw (`playbook.mark`). `override`: why what speaks
    against a step is overruled. Raises: UsageError for an unknown ticket or step, Refused where a
    step must not be done now or a second person is missing, Locked while another repairs it.
    """
    run = Repair(inventory, store, ticket_id, by, tell, reach or Reach())
    chosen = plan(run.ticket, steps)
    with claimed(run, chosen):
        run = run.begun()
        mark = run.mark
        if shown is not None and shown != mark:
            raise Refused(
                f"{ticket_id}: the plan is another one than was shown ({shown}; now {mark}):"
                " look at it, and approve what stands there now"
            )
        # A person's own work is never approved along with the rest: naming its step says that it is done.
        allowed = [s.step for s in chosen if steps or s.action != "ask-person"]
        run.write("approval", by=by, plan=mark, steps=allowed)
        run.update(lambda t: tickets.approved(t, allowed, now(), by, plan=mark))
        if override is not None:
            _overrule(run, chosen, override)
        waiting = missing_approvals(run, chosen)
        if waiting:
            raise Refused(
                f"the approval by {by} is on record, and nothing was sent: step"
                f" {', '.join(str(s.step) for s in waiting)} needs a second, different person:"
                f" netdiag approve {ticket_id} --by NAME"
            )
        return _carry_out(run, chosen)


def _overrule(run: Repair, steps: Sequence[PlanStep], reason: str) -> None:
    if not reason.strip():
        raise Refused("an override needs a reason")
    run.write("override", by=run.by, reason=reason, plan=run.mark, steps=[s.step for s in steps])


def resume(
    inventory: Inventory,
    store: Store,
    *,
    by: str,
    ticket_id: str | None = None,
    take_over: str | None = None,
    tell: Tell = lambda _: None,
    reach: Reach | None = None,
) -> tuple[Ticket, ...]:
    """Goes on with the interrupted repairs (or that one): looks what became of each intended change first.

    `take_over`: the reason why a run that still lives is taken over; it ends between two of its steps.
    Raises Locked where a living run is not taken over, else what stopped the first run that could not
    go on, after the others were tried.
    """
    reach = reach or Reach()
    _settle_single_ports(inventory, store, by, tell, reach)
    done: list[Ticket] = []
    failed: NetdiagError | None = None
    for ticket in [store.ticket(ticket_id)] if ticket_id else store.tickets():
        run = Repair(inventory, store, ticket.id, by, tell, reach)
        if ticket_id is None and not _interrupted(run, ticket):
            continue
        try:
            done.append(_go_on(run, take_over))
        except NetdiagError as exc:
            if ticket_id is not None or isinstance(exc, StoreError):
                raise
            tell(f"{ticket.id}: {exc}")
            failed = failed or exc
    if failed is not None:
        raise failed
    return tuple(done)


def _interrupted(run: Repair, ticket: Ticket) -> bool:
    """A run that began and did not end, or a change of which nobody knows what became of it."""
    if ticket.stage is tickets.Stage.CLOSED or ticket.diagnosis is None:
        return False
    last = _last_run(run)
    stopped = last is not None and last.body.get("state") in ("begun", "stopped")
    return stopped or bool(unsettled(run.store.journal.actions(ticket.id)))


def _last_run(run: Repair) -> Event | None:
    events = run.store.journal.events(run.ticket_id, only=("run",))
    return events[-1] if events else None


def _go_on(run: Repair, take_over: str | None) -> Ticket:
    last = _last_run(run)
    chosen = _left_to_do(run, last)
    with ExitStack() as stack:
        _claim(run, chosen, take_over, stack)
        if take_over is None and last is not None and last.body.get("by") not in (None, run.by):
            run.write("take-over", by=run.by, of=last.body.get("by"), reason="its process is gone")
        run = run.begun()
        for action in unsettled(run.store.journal.actions(run.ticket_id)):
            _settle(run, action)
        run.keep(run.store.journal.actions(run.ticket_id))
        return _carry_out(run, chosen)


def _left_to_do(run: Repair, last: Event | None) -> tuple[PlanStep, ...]:
    """The steps of the interrupted run, a person's own work among them, as far as the plan is the same."""
    ticket = run.ticket
    if last is not None and last.body.get("plan") == run.mark:
        return plan(ticket, [int(n) for n in last.body.get("steps", ())])
    approved = {a.step for a in ticket.approvals}
    if not approved:
        raise Refused(f"{ticket.id}: nothing of its plan is approved: netdiag approve {ticket.id}")
    return tuple(
        s
        for s in plan(ticket, ()) + tuple(s for s in plan(ticket, sorted(approved)) if s.instead_of)
        if s.step in approved or s.action == "ask-person"
    )


def _claim(
    run: Repair, chosen: Sequence[PlanStep], take_over: str | None, stack: ExitStack
) -> None:
    """The run's locks; a living run is asked to let go where somebody takes it over."""
    try:
        stack.enter_context(claimed(run, chosen))
        return
    except Locked as exc:
        if take_over is None:
            raise Locked(f"{exc}; --take-over REASON takes it over") from exc
    last = _last_run(run)
    of = last.body.get("by") if last else None
    run.write("take-over", by=run.by, of=of, reason=take_over)
    run.tell(f"{of or 'the other run'} is asked to let go; it ends between two of its steps")
    waited = 0.0
    while True:
        try:
            stack.enter_context(claimed(run, chosen))
            return
        except Locked:
            if waited >= LET_GO_S:
                raise
        run.reach.sleep(0.2)
        waited += 0.2


def _settle(run: Repair, action: Action) -> None:
    """What became of an intended change, told from the device."""
    run.tell(
        f"{action.run}: step {action.step} on {action.device} {action.interface} was interrupted"
    )
    state = act.settle(action, run.snapshot(action.device), run.store)
    run.tell(f"{action.device} {action.interface}: {state}")


def _settle_single_ports(
    inventory: Inventory, store: Store, by: str, tell: Tell, reach: Reach
) -> None:
    """Openings of one port (`recover`) that were interrupted: there is no plan to go on with."""
    for action in unsettled(store.journal.actions()):
        if not action.run.startswith("recover-"):
            continue
        with suppress(Locked), port_lock(store, action.device, action.interface or "", by):
            tell(f"{action.run}: {action.device} {action.interface} was interrupted")
            seen = snapshot(inventory, store, action.device, reach.ask)
            tell(f"{action.device} {action.interface}: {act.settle(action, seen, store)}")


def undo(
    inventory: Inventory,
    store: Store,
    ticket_id: str,
    *,
    by: str,
    tell: Tell = lambda _: None,
    reach: Reach | None = None,
) -> tuple[Action, ...]:
    """Takes the ticket's port changes back, the last one first; each is an approved change of its own."""
    run = Repair(inventory, store, ticket_id, by, tell, reach or Reach())
    steps = tuple(step for step, _ in to_undo(run))
    with claimed(run, steps):
        run = run.begun()
        for action in unsettled(store.journal.actions(ticket_id)):
            _settle(run, action)
        done: list[Action] = []
        for step, actions in to_undo(run):
            last = actions[0]
            known = [a for a in store.journal.actions(ticket_id) if a.undoes == last.id]
            if not any(a.state is ActionState.DONE for a in known):
                with run.session(last.device) as session:
                    hands = replace(run.hands(step), approved_by=by)
                    ports = (last.interface or "",)
                    done += hands.change(
                        step, session, last.device, ports, step.lines, undoes=last.id
                    )
            for action in actions:
                store.journal.outcome(action.id, ActionState.UNDONE, "taken back", now())
        return tuple(done)


def to_undo(run: Repair) -> tuple[tuple[PlanStep, tuple[Action, ...]], ...]:
    """What would be sent to take the changes back, each port once, with the changes that it takes back.

    The last one first; what closes a port comes after what opens one: it may be the way there.
    """
    ports: dict[tuple[str, str, bool], list[Action]] = {}
    for action in reversed(run.store.journal.actions(run.ticket_id)):
        if action.state is ActionState.DONE and action.interface and not action.undoes:
            key = (action.device, action.interface, act.opens(action))
            ports.setdefault(key, []).append(action)
    found: list[tuple[PlanStep, tuple[Action, ...]]] = []
    for (device, interface, _), actions in sorted(ports.items(), key=lambda item: item[0][2]):
        platform = platform_for(run.inventory, device, seen_platform(run.store, device))
        step = PlanStep(
            step=actions[0].step,
            action="undo",
            summary="undo",
            device=device,
            interface=interface,
            lines=act.undo_lines(actions[0], platform),
        )
        found.append((step, tuple(actions)))
    return tuple(found)


def _carry_out(run: Repair, steps: Sequence[PlanStep]) -> Ticket:
    """The steps in the plan's order; the first that cannot be done stops the run and says so."""
    run.write(
        "run",
        state="begun",
        by=run.by,
        plan=run.mark,
        steps=[s.step for s in steps],
        **process(),
    )
    state, why = "stopped", "interrupted"
    try:
        for step in steps:
            if not is_done(run, step):
                _one(run, step)
        state, why = "ended", ""
        return run.ticket
    except NetdiagError as exc:
        state, why = "stopped" if isinstance(exc, act.Stopped) else "ended", str(exc)
        raise
    finally:
        with suppress(NetdiagError):
            run.write("run", state=state, by=run.by, plan=run.mark, why=why)


def _one(run: Repair, step: PlanStep) -> None:
    said = {"plan": run.mark, "step": step.step, "name": step.name, "action": step.action}
    run.may_go_on()
    run.write("step", state="begun", by=run.by, **said)
    run.tell(f"step {step.step}: {step.summary}")
    try:
        do(run, step)
    except NetdiagError as exc:
        words = f"step {step.step} stopped: {exc}"
        with suppress(NetdiagError):
            run.write("step", state="failed", why=str(exc), **said)
            run.update(lambda t: tickets.note(t, words, now(), "netdiag"))
        others = [str(s.step) for s in run.diagnosis.plan if s.instead_of == step.step]
        if others and isinstance(exc, Refused | CollectError) and not isinstance(exc, act.Stopped):
            raise Refused(
                f"{exc}; instead: netdiag approve {run.ticket_id} {' or '.join(others)}"
            ) from exc
        raise
    run.write("step", state="done", **said)
