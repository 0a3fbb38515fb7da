"""One run of a ticket's plan by one person: what it may do, what it locks, and how it is recorded.

Rules: a step's beginning and end are on record, a change's intention and outcome besides; a change
is sent on the approvals of the very plan that was shown, and on as many of them as it needs; a run
holds its ticket and every port that it may change.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time as clock
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import act, diagnose, platforms, playbook, verify
from netdiag import ticket as tickets
from netdiag.errors import Locked, Refused, UsageError
from netdiag.model import Diagnosis, PlanStep, Snapshot
from netdiag.names import long_name
from netdiag.text import clean
from netdiag.ticket import Action, ActionState, Ticket, Verification

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

Tell = Callable[[str], None]
CHANGES = frozenset({"shut-port", "reopen-port", "supervised-reopen"})
_TRIES = 3


def _session(
    target: Target, *, out_of_band: bool = False
) -> AbstractContextManager[act.CommandLine]:
    from netdiag.collect.ssh import Session

    return Session(target, out_of_band=out_of_band)


def _ask(
    targets: Sequence[Target], *, via: frozenset[str], window_s: float | None, progress: Tell
) -> tuple[Snapshot, ...]:
    from netdiag import collect

    return collect.poll(targets, via=via, window_s=window_s, progress=progress)


@dataclass(frozen=True, slots=True)
class Reach:
    """The ways to the devices and the clock; a simulated network has its own."""

    session: act.OpenSession = _session
    """(device, out_of_band=…) to a login."""
    ask: diagnose.Ask = _ask
    verify: Callable[..., Verification] = verify.verification
    sleep: Callable[[float], object] = clock.sleep


@dataclass(frozen=True, slots=True)
class Repair:
    """One run of a ticket's plan by one person."""

    inventory: Inventory
    store: Store
    ticket_id: str
    by: str
    tell: Tell = lambda _: None
    reach: Reach = field(default_factory=Reach)
    since: int = 0
    """The journal's last row when the run began."""
    bound: tuple[Diagnosis, str] | None = None
    """The plan that this run carries out, with its mark, whatever is diagnosed meanwhile."""

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is stored now."""
        return self.store.ticket(self.ticket_id)

    @property
    def diagnosis(self) -> Diagnosis:
        """The one that the plan is of."""
        if self.bound is not None:
            return self.bound[0]
        found = self.ticket.diagnosis
        if found is None or not found.plan:
            raise Refused(f"{self.ticket_id} has no plan: diagnose first")
        return found

    @property
    def mark(self) -> str:
        """What the approvals have to be bound to."""
        if self.bound is not None:
            return self.bound[1]
        return playbook.mark(self.diagnosis.plan, self.diagnosis.at)

    def begun(self) -> Repair:
        """The same, bound to the plan and the record as they are now: made when its locks are held."""
        fresh = replace(self, bound=None)
        head = self.store.journal.head()[0]
        return replace(self, since=head, bound=(fresh.diagnosis, fresh.mark))

    def may_go_on(self) -> None:
        """Raises `act.Stopped` where somebody stopped netdiag or took this run over."""
        act.may_go_on(self.store, self.ticket_id, self.since)

    def update(self, change: Callable[[Ticket], Ticket]) -> Ticket:
        """The ticket changed and saved; read again where somebody else saved it meanwhile."""
        for attempt in range(1, _TRIES + 1):
            try:
                return self.store.save_ticket(change(self.ticket))
            except Locked:
                if attempt == _TRIES:
                    raise
        raise AssertionError

    def note(self, text: str, who: str = "netdiag") -> None:
        """A line on the ticket's timeline, once however often the step is repeated."""
        plan_at = self.diagnosis.at
        known = {e.text for e in self.ticket.timeline if e.at >= plan_at and e.who == who}
        if text not in known:
            self.update(lambda t: tickets.note(t, text, now(), who))

    def write(self, event: str, **body: object) -> int:
        """A row of the record about this ticket."""
        return self.store.journal.write(event, self.ticket_id, now(), **body)

    def target(self, name: str | None) -> Target:
        """The way into a device; its secrets are resolved now."""
        targets = self.inventory.targets((name,)) if name else ()
        if not targets:
            raise UsageError(f"{name!r} is not in the inventory")
        return targets[0]

    def hands(self, step: PlanStep) -> act.Hands:
        """What changes devices for this step, in the names of those who approved it."""
        approved = tickets.approvers(self.ticket, step.step, plan=self.mark)
        limit = dict(step.expect).get("time_limit_s")
        return act.Hands(
            self.store,
            self.ticket_id,
            " and ".join(a.by for a in approved) or self.by,
            self.tell,
            plan=self.mark,
            since=self.since,
            ends=clock.monotonic() + int(limit) if limit else None,
            limits=lambda name: limits(self.inventory, name),
            port_config=lambda name: port_config(self.inventory, self.store, name),
            state=lambda name, port: port_state(self.store, name, port),
            sleep=self.reach.sleep,
        )

    def session(
        self, name: str | None, *, out_of_band: bool = False
    ) -> AbstractContextManager[act.CommandLine]:
        """A login to a device."""
        return self.reach.session(self.target(name), out_of_band=out_of_band)

    def look(self, *names: str | None) -> diagnose.Look:
        """The source's switch and the devices named, with rates: quick, because a floor waits."""
        cause = self.ticket.cause
        wanted = {*names, cause.resource.device if cause else None} - {None}
        return diagnose.poll(
            self.inventory.targets(tuple(n for n in wanted if n)),
            self.store,
            devices=self.inventory.devices,
            site=self.inventory.site,
            via=one_channel(self.inventory, wanted),
            window_s=1.0,
            ask=self.reach.ask,
        )

    def snapshot(self, name: str) -> Snapshot | None:
        """The device asked anew, by itself."""
        return snapshot(self.inventory, self.store, name, self.reach.ask)

    def actions(self, step: PlanStep) -> tuple[Action, ...]:
        """What was done or tried of this step of this plan."""
        return tuple(
            a
            for a in self.store.journal.actions(self.ticket_id)
            if a.step == step.step and a.plan == self.mark and a.action != "undo"
        )

    def keep(self, actions: Sequence[Action]) -> None:
        """The actions on the ticket, each once."""
        fresh = [a for a in actions if a.id not in self.ticket.actions]
        if fresh:
            self.update(lambda t: _acted(t, fresh))


def _acted(ticket: Ticket, actions: Sequence[Action]) -> Ticket:
    for action in actions:
        ticket = tickets.acted(ticket, action, now())
    return ticket


# --- who may --------------------------------------------------------------------------------------


def people_needed(inventory: Inventory, step: PlanStep) -> int:
    """How many different people have to approve the step."""
    marked = {d.name for d in inventory.devices if d.two_person}
    expect = dict(step.expect)
    two = expect.get("approvals") == "2" or {step.device, expect.get("edge_device")} & marked
    return 2 if step.action in CHANGES and two else 1


def missing_approvals(run: Repair, steps: Sequence[PlanStep]) -> tuple[PlanStep, ...]:
    """The changes among the steps that too few people have approved."""
    ticket, mark = run.ticket, run.mark
    return tuple(
        s
        for s in steps
        if s.action in CHANGES
        and len(tickets.approvers(ticket, s.step, plan=mark)) < people_needed(run.inventory, s)
    )


def authorized(run: Repair, step: PlanStep) -> None:
    """Raises Refused unless enough people approved this step of this very plan, which still stands."""
    if replace(run, bound=None).mark != run.mark:
        raise Refused(
            f"{run.ticket_id} was diagnosed anew meanwhile, and its plan is another one: look at it,"
            f" then netdiag approve {run.ticket_id}"
        )
    if not missing_approvals(run, [step]):
        return
    known = [a.by for a in tickets.approvers(run.ticket, step.step, plan=run.mark)]
    again = f"netdiag approve {run.ticket_id}"
    if known:
        raise Refused(
            f"step {step.step} needs a second, different person: {clean(known[0], 60)} has approved"
            f" it. Nothing was sent. {again} --by NAME"
        )
    raise Refused(f"step {step.step} is not approved as the plan stands now: {again}")


# --- locks ----------------------------------------------------------------------------------------


@contextmanager
def claimed(run: Repair, steps: Sequence[PlanStep]) -> Iterator[None]:
    """Holds the ticket and every port that the steps may change; `Locked` says who has one."""
    with ExitStack() as stack:
        stack.enter_context(
            run.store.lock(ticket_lock(run.ticket_id), who=run.by, what=run.ticket_id)
        )
        for device, port in sorted({p for s in steps for p in ports_changed(s)}):
            stack.enter_context(port_lock(run.store, device, port, run.by))
        yield


def ticket_lock(ticket_id: str) -> str:
    """The name of the lock that a run of this ticket's plan holds."""
    return f"ticket-{_digest(ticket_id)}"


def port_lock(store: Store, device: str, port: str, by: str) -> AbstractContextManager[None]:
    """One port of one device, for one run at a time."""
    name = f"port-{_digest(f'{device}|{long_name(port)}')}"
    return store.lock(name, who=by, what=f"{device} {port}")


def ports_changed(step: PlanStep) -> Iterator[tuple[str, str]]:
    """(device, port) of every port that a step may change."""
    if step.action not in CHANGES:
        return
    for port in ports_of(step):
        yield step.device or "", port
    expect = dict(step.expect)
    for port in expect.get("edge_ports", "").split(","):
        if port:
            yield expect["edge_device"], port


def process() -> dict[str, object]:
    """Which process a run is, for the record."""
    return {"pid": os.getpid(), "host": socket.gethostname()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]


# --- small things that the steps and the commands share --------------------------------------------


def ports_of(step: PlanStep) -> tuple[str, ...]:
    """The ports that a step names."""
    return step.interfaces or ((step.interface,) if step.interface else ())


def lines_for(template: Sequence[str], ports: Sequence[str]) -> tuple[str, ...]:
    """A template's lines, port after port."""
    return tuple(line.replace("{interface}", port) for port in ports for line in template)


def platform_for(
    inventory: Inventory, device: str | None, seen_platform: str | None
) -> platforms.Platform:
    """The inventory's word, else what the device said it is; nothing is guessed onto a device."""
    known = next((d.platform for d in inventory.devices if d.name == device), None)
    platform = platforms.get(known) or platforms.get(seen_platform)
    if platform is None or not platform.shut:
        raise Refused(f"{device}: its platform is not known, so neither is what to send")
    return platform


def seen_platform(store: Store, device: str | None) -> str | None:
    """What the device said it is when it last answered."""
    last = _last(store, device)
    return last.platform if last else None


def port_config(inventory: Inventory, store: Store, device: str) -> str:
    """What shows one port's configuration on that device."""
    return platform_for(inventory, device, seen_platform(store, device)).port_config


def port_state(store: Store, device: str, name: str) -> str:
    """The port as it was last seen, in a line."""
    last = _last(store, device)
    port = last.interface(name) if last else None
    if last is None or port is None:
        return f"{device} {name}: no state is known"
    closed = f", err-disabled by {port.err_disabled.vendor_cause}" if port.err_disabled else ""
    vlan = "trunk" if port.trunk else f"VLAN {port.access_vlan}"
    return (
        f"{device} {port.name}: admin {port.admin_status}, oper {port.oper_status}{closed}, {vlan},"
        f" description {clean(port.alias or '-', 60)}, seen {last.at:%Y-%m-%dT%H:%M:%SZ}"
    )


def _last(store: Store, device: str | None) -> Snapshot | None:
    return next(iter(store.history(before=now(), per_device=1, device=device or "")), None)


def limits(inventory: Inventory, device: str) -> act.Limits:
    """How fast changes may be sent."""
    mine = next((d.changes_per_minute for d in inventory.devices if d.name == device), None)
    usual = act.Limits()
    return act.Limits(
        device=mine or usual.device,
        total=inventory.site.changes_per_minute_total or usual.total,
    )


def snapshot(
    inventory: Inventory, store: Store, device: str, ask: diagnose.Ask = _ask
) -> Snapshot | None:
    """One device asked anew; `None` when it cannot even be asked."""
    from netdiag.errors import CollectError

    try:
        found = ask(
            inventory.targets((device,)),
            via=one_channel(inventory, {device}),
            window_s=None,
            progress=lambda _: None,
        )
    except CollectError:
        return None
    store.add_snapshots(found)
    return found[0] if found else None


def one_channel(inventory: Inventory, names: set[str | None]) -> frozenset[str]:
    """SNMP alone where every one of them speaks it: the rates come from there."""
    snmp = all(t.snmp for t in inventory.targets() if t.device.name in names)
    return frozenset({"snmp"}) if snmp else frozenset({"snmp", "ssh"})


def unsettled(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Those of which nobody knows whether they were sent."""
    return tuple(a for a in actions if a.state in (ActionState.INTENDED, ActionState.UNKNOWN))


def now() -> datetime:
    """The time, at the edge."""
    return datetime.now(UTC)
