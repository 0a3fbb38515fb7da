"""Open the closed uplink just long enough to shut the edge port behind it.

Rules: never more than `max_tries` openings, those of an interrupted run counted; an uplink that is
open already is not opened again; what its own protection did not close afterwards, we close.
"""

from __future__ import annotations

import re
import threading
import time as clock
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from netdiag.access import Target
from netdiag.act.hands import CommandLine, Hands
from netdiag.errors import CollectError, NetdiagError, Refused
from netdiag.model import PlanStep
from netdiag.ticket import Action, ActionState

# " shutdown", " disable;"
_SHUT = re.compile(r"(?m)^\s*(?:shutdown|disable);?\s*$")
SETTLE_S = 1.5
"""Longer than the interval in which storm control measures."""
OpenSession = Callable[..., AbstractContextManager[CommandLine]]
"""(device, out_of_band=…) to a login."""


@dataclass(frozen=True, slots=True)
class Reopening:
    """What is opened, what is shut behind it, and how the run looks meanwhile."""

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
    session: OpenSession
    max_tries: int = 3
    tried: int = 0
    """Openings before an interruption."""
    unsure: tuple[Action, ...] = ()
    """Changes at the edge of which nobody knows whether they were sent before an interruption."""
    open_s: float = 8.0
    """How long one try may wait for the edge switch."""
    sleep: Callable[[float], object] = clock.sleep


def supervised_reopening(plan: Reopening, hands: Hands, step: PlanStep) -> tuple[Action, ...]:
    """Shuts the edge ports through the briefly opened uplink; leaves the uplink open when it worked.

    The login to the edge switch is waiting before the uplink opens, and one that got through is kept
    for the next try. Raises Refused when the tries are used up: then the uplink is shut by hand
    or by its own protection, and someone must go there.
    """
    done: list[Action] = []
    # An interrupted run may have left it open: that is not to be opened, but to be used.
    still_open = plan.tried > 0 and plan.is_open()
    first = plan.tried if still_open else plan.tried + 1
    with ThreadPoolExecutor(max_workers=1) as pool:
        stop = threading.Event()
        edge = pool.submit(_reach, plan, stop)
        try:
            for attempt in range(first, plan.max_tries + 1):
                if not still_open:
                    hands.tell(
                        f"try {attempt} of {plan.max_tries}: opening {plan.core.device.name} {plan.uplink}"
                    )
                    done += _at_uplink(plan, hands, step, plan.reopen_lines)
                still_open = False
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
    with plan.session(plan.core) as core:
        return hands.change(step, core, plan.core.device.name, (plan.uplink,), lines)


def _keep_open(plan: Reopening, hands: Hands, step: PlanStep) -> tuple[Action, ...]:
    """The source is shut: if the uplink tripped once more in the same moment, it may open for good."""
    plan.sleep(SETTLE_S)
    if plan.is_open():
        return ()
    hands.tell(f"{plan.uplink} closed once more before the edge port was shut: opening it for good")
    return _at_uplink(plan, hands, step, plan.reopen_lines)


def finish(plan: Reopening, hands: Hands, step: PlanStep) -> tuple[Action, ...]:
    """After an interruption: the edge ports are shut, so the uplink may stay open for good."""
    return _keep_open(plan, hands, step)


def _close_again(plan: Reopening, hands: Hands, step: PlanStep) -> None:
    """A storm must not be let back in: what the port's own protection did not close, we close."""
    if plan.is_open():
        _at_uplink(plan, hands, step, plan.close_lines)


def _reach(
    plan: Reopening, stop: threading.Event
) -> tuple[AbstractContextManager[CommandLine], CommandLine]:
    """A login to the edge switch, tried until it gets through or the run is over."""
    last: NetdiagError | None = None
    while not stop.is_set():
        try:
            login = plan.session(plan.edge)
            return login, login.__enter__()
        except CollectError as exc:
            last = exc
            stop.wait(0.2)
    raise last or Refused("stopped")


def _shut_edge(
    plan: Reopening,
    hands: Hands,
    step: PlanStep,
    edge: Future[tuple[AbstractContextManager[CommandLine], CommandLine]],
) -> tuple[Action, ...]:
    deadline = clock.monotonic() + plan.open_s
    try:
        ports = plan.edge_ports or plan.find_ports()
        session = edge.result(timeout=max(deadline - clock.monotonic(), 0.1))[1]
        known = _sent_before(plan, hands, session)
        left = tuple(p for p in ports if p not in {a.interface for a in known})
        if not left:
            return known
        lines = plan.shut_lines(left)
        return (
            *known,
            *hands.change(step, session, plan.edge.device.name, left, lines, hurry=True),
        )
    except (TimeoutError, CollectError) as exc:
        hands.tell(f"{plan.edge.device.name}: {exc or 'no answer in time'}")
        return ()


def _sent_before(plan: Reopening, hands: Hands, session: CommandLine) -> tuple[Action, ...]:
    """Of the uncertain changes those that the edge switch itself shows as done: not sent again."""
    found: list[Action] = []
    for action in plan.unsure:
        line = hands.port_config(action.device).replace("{interface}", action.interface or "")
        shut = _SHUT.search(session.show(line)) is not None
        state = ActionState.DONE if shut else ActionState.FAILED
        words = f"seen through the gap: {action.interface} is {'' if shut else 'not '}shut"
        told = hands.store.journal.outcome(action.id, state, words, datetime.now(UTC))
        found += [told] if shut else []
    return tuple(found)


def _dismiss(
    edge: Future[tuple[AbstractContextManager[CommandLine], CommandLine]],
) -> None:
    if edge.done() and edge.exception() is None:
        edge.result()[0].__exit__(None, None, None)
    else:
        edge.cancel()
