"""The only module that changes a device: approved by name, written down before and after, undoable.

Rules: an intention is durable in the journal before the first octet is sent, its outcome after; what
was sent and what came back are both kept. A port that the inventory protects, an uplink that a step
did not say it would touch, and a view older than `MAX_VIEW_AGE` are refused.
"""

from __future__ import annotations

import re
import threading
import time as clock
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from netdiag.errors import CollectError, DecodeError, NetdiagError, Refused
from netdiag.model import Network, PlanStep, Snapshot
from netdiag.platforms import Platform
from netdiag.playbook.situation import serves
from netdiag.ticket import Action, ActionState
from netdiag.topology import Topology

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.collect.ssh import Session
    from netdiag.store import Store

MAX_VIEW_AGE = timedelta(minutes=10)
"""A change rests on what was seen; older than this it must be looked at again."""
SETTLE_S = 1.5
"""Longer than the interval in which storm control measures."""
Tell = Callable[[str], None]
# "no shutdown", "undo shutdown", "no disable", "delete interfaces ge-0/0/1 disable", "restart",
# "/interface ethernet enable ether3", "ip link set dev eth3 up"
_OPENS = re.compile(
    r"^(no|undo) shutdown$|^no disable$|^delete .* disable$|\benable\b|^restart$| up$"
)


def refusals(
    step: PlanStep, network: Network, topology: Topology, *, at: datetime
) -> tuple[str, ...]:
    """Why this step must not be done now, each in one sentence; empty means that nothing speaks against it."""
    ports = step.interfaces or ((step.interface,) if step.interface else ())
    device = network.device(step.device)
    if device is None or not ports:
        return (
            f"step {step.step}: {step.device or 'no device'} is not in the inventory, or no port is named",
        )
    reasons = [
        f"{device.name} {port} is on the never-touch list"
        for port in ports
        if port in device.never_touch
    ]
    if step.action == "shut-port":
        reasons += [
            f"{device.name} {port} is an uplink: shutting it would cut off what is behind it"
            for port in ports
            if topology.is_uplink(device.name, port)
        ]
        reasons += [
            f"an authorized DHCP server is at {device.name} {port}: everyone would lose it"
            for port in ports
            if serves(network, topology, device.name, port)
        ]
    if at - network.at > MAX_VIEW_AGE:
        age = int((at - network.at).total_seconds() // 60)
        reasons.append(f"the view of {device.name} is {age} min old: diagnose again, then approve")
    return tuple(reasons)


class CommandLine(Protocol):
    """A device's command line, logged in (`collect.ssh.Session`)."""

    def show(self, line: str) -> str:
        """The answer to a show command."""

    def configure(self, lines: Sequence[str]) -> str:
        """What was sent and came back in configuration mode."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Changes devices for one run of one ticket's plan."""

    store: Store
    run: str
    """The ticket's id."""
    approved_by: str
    tell: Tell = lambda _: None

    def change(
        self,
        step: PlanStep,
        session: CommandLine,
        device: str,
        interfaces: Sequence[str],
        lines: Sequence[str],
        *,
        hurry: bool = False,
    ) -> tuple[Action, ...]:
        """Sends `lines` (with one journal row a port), and keeps what the port's configuration was.

        `hurry` leaves that reading out: while a storm is let in, every tenth of a second counts.

        Raises: Refused when the device refuses a line; CollectError when the session is lost, in
        which case the journal says that nobody knows whether it was sent.
        """
        before = tuple("" if hurry else _configuration(session, port) for port in interfaces)
        ids = [
            self.store.journal.intend(
                self.run,
                step.step,
                device,
                port,
                tuple(lines),
                self.approved_by,
                _now(),
                action=step.action,
            )
            for port in interfaces
        ]
        self.tell(f"sending to {device}: {' / '.join(lines)}")
        try:
            came_back = session.configure(lines)
        except DecodeError as exc:
            self._settle(ids, ActionState.FAILED, str(exc))
            raise Refused(f"{device} refused the change: {exc}") from exc
        except CollectError as exc:
            self._settle(ids, ActionState.UNKNOWN, str(exc))
            raise
        for n, saved in zip(ids, before, strict=True):
            words = f"{saved}\n--- sent, and came back ---\n{came_back}"
            self.store.journal.outcome(n, ActionState.DONE, words, _now())
        return tuple(a for a in self.store.journal.actions(self.run) if a.id in ids)

    def _settle(self, ids: Sequence[int], state: ActionState, words: str) -> None:
        for n in ids:
            self.store.journal.outcome(n, state, words, _now())


def settle(action: Action, snapshot: Snapshot | None, store: Store) -> ActionState:
    """After a crash: what became of an intended change, told from the port as it is now.

    A change is never sent again on the strength of the journal alone.
    """
    state, words = _as_seen(action, snapshot)
    store.journal.outcome(action.id, state, f"seen after an interruption: {words}", _now())
    return state


def _as_seen(action: Action, snapshot: Snapshot | None) -> tuple[ActionState, str]:
    port = snapshot.interface(action.interface) if snapshot and snapshot.reachable else None
    if port is None:
        return (
            ActionState.UNKNOWN,
            f"{action.device} does not answer, so nobody knows whether it was sent",
        )
    up = opens(action)
    if up and port.err_disabled is not None:
        return ActionState.FAILED, f"{port.name} is err-disabled ({port.err_disabled.vendor_cause})"
    if up == (port.admin_status == "up"):
        return ActionState.DONE, f"{port.name} is admin {port.admin_status}: the change was sent"
    return ActionState.FAILED, f"{port.name} is admin {port.admin_status}: the change was not sent"


def opens(action: Action) -> bool:
    """Whether the change brings its port up, in any vendor's words; else it shuts it."""
    return any(_OPENS.search(line.strip()) for line in action.lines)


def undo_lines(action: Action, platform: Platform) -> tuple[str, ...]:
    """The configuration lines that take a port change back."""
    template = platform.shut if opens(action) else platform.reopen
    return tuple(line.replace("{interface}", action.interface or "") for line in template)


# --- the supervised reopening --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reopening:
    """Open the closed uplink just long enough to shut the edge port behind it."""

    core: Target
    uplink: str
    reopen_lines: tuple[str, ...]
    edge: Target
    edge_ports: tuple[str, ...]
    """Empty: `find_ports` looks for them in the seconds while the uplink is open."""
    find_ports: Callable[[], tuple[str, ...]]
    shut_lines: Callable[[tuple[str, ...]], tuple[str, ...]]
    close_lines: tuple[str, ...]
    """What shuts the uplink, should it stay open with the source behind it."""
    is_open: Callable[[], bool]
    """Looks whether the uplink is open now; without a session of its own kind to the core."""
    max_tries: int = 3
    open_s: float = 8.0
    """How long one try may wait for the edge switch."""


def supervised_reopening(plan: Reopening, hands: Hands, step: PlanStep) -> tuple[Action, ...]:
    """Shuts the edge ports through the briefly opened uplink; leaves the uplink open when it worked.

    The login to the edge switch is waiting before the uplink opens, and one that got through is kept
    for the next try. Raises Refused when the tries are used up: then the uplink is shut by hand
    or by its own protection, and someone must go there.
    """
    done: list[Action] = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        stop = threading.Event()
        edge = pool.submit(_reach, plan, stop)
        try:
            for attempt in range(1, plan.max_tries + 1):
                hands.tell(
                    f"try {attempt} of {plan.max_tries}: opening {plan.core.device.name} {plan.uplink}"
                )
                done += _at_uplink(plan, hands, step, plan.reopen_lines)
                shut = _shut_edge(plan, hands, step, edge)
                if shut:
                    return (*done, *shut, *_keep_open(plan, hands, step))
                hands.tell(f"{plan.edge.device.name} could not be reached in time")
            _close_again(plan, hands, step)
            raise Refused(
                f"{plan.max_tries} tries did not reach {plan.edge.device.name} before "
                f"{plan.uplink} closed again: someone has to go there"
            )
        finally:
            stop.set()
            _dismiss(edge)


def _at_uplink(
    plan: Reopening, hands: Hands, step: PlanStep, lines: tuple[str, ...]
) -> tuple[Action, ...]:
    """A session of its own each time: between the changes others must be able to look at the core."""
    from netdiag.collect.ssh import Session

    with Session(plan.core) as core:
        return hands.change(step, core, plan.core.device.name, (plan.uplink,), lines)


def _keep_open(plan: Reopening, hands: Hands, step: PlanStep) -> tuple[Action, ...]:
    """The source is shut: if the uplink tripped once more in the same moment, it may open for good."""
    clock.sleep(SETTLE_S)
    if plan.is_open():
        return ()
    hands.tell(f"{plan.uplink} closed once more before the edge port was shut: opening it for good")
    return _at_uplink(plan, hands, step, plan.reopen_lines)


def _close_again(plan: Reopening, hands: Hands, step: PlanStep) -> None:
    """A storm must not be let back in: what the port's own protection did not close, we close."""
    if plan.is_open():
        _at_uplink(plan, hands, step, plan.close_lines)


def _reach(plan: Reopening, stop: threading.Event) -> Session:
    """A login to the edge switch, tried until it gets through or the run is over."""
    from netdiag.collect.ssh import Session

    last: NetdiagError | None = None
    while not stop.is_set():
        try:
            return Session(plan.edge).__enter__()
        except CollectError as exc:
            last = exc
            stop.wait(0.2)
    raise last or Refused("stopped")


def _shut_edge(
    plan: Reopening, hands: Hands, step: PlanStep, edge: Future[Session]
) -> tuple[Action, ...]:
    deadline = clock.monotonic() + plan.open_s
    try:
        ports = plan.edge_ports or plan.find_ports()
        session = edge.result(timeout=max(deadline - clock.monotonic(), 0.1))
        lines = plan.shut_lines(ports)
        return (
            hands.change(step, session, plan.edge.device.name, ports, lines, hurry=True)
            if ports
            else ()
        )
    except (TimeoutError, CollectError) as exc:
        hands.tell(f"{plan.edge.device.name}: {exc or 'no answer in time'}")
        return ()


def _dismiss(edge: Future[Session]) -> None:
    if edge.done() and edge.exception() is None:
        edge.result().__exit__(None, None, None)
    else:
        edge.cancel()


def _configuration(session: CommandLine, port: str) -> str:
    try:
        return session.show(f"show running-config interface {port}")
    except (CollectError, DecodeError) as exc:
        return f"(the configuration before could not be read: {exc})"


def _now() -> datetime:
    return datetime.now(UTC)
