"""Sends a change: written down before the first octet and after the last, stoppable between any two lines.

Rules: what the port's configuration and state were is part of the intention, so that it is kept
whatever happens next; each port is an action of its own, so that an interruption forgets none and
repeats none; the stop button, a take-over, the time limit and the rate limit are asked before
anything is sent.
"""

from __future__ import annotations

import re
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from netdiag.errors import CollectError, DecodeError, NetdiagError, Refused
from netdiag.model import PlanStep
from netdiag.text import clean
from netdiag.ticket import Action, ActionState

if TYPE_CHECKING:
    from netdiag.store import Store

CHANGES_PER_MINUTE = 12
"""Port changes that one device is sent in a minute at most, where the inventory states no number."""
CHANGES_PER_MINUTE_TOTAL = 60
CONFIRM_WITHIN_MIN = 2
"""How long a device waits for the confirmation before it takes a change back by itself."""
_MINUTE = timedelta(minutes=1)
# "switchport port-security mac …" is none; "dot1x password 7 0822455D0A16", "key 0 abc" are.
_SECRETS = re.compile(r"(?i)\b(password|secret|key|community|cipher)\s+(?:\d+\s+)?\S+")
Tell = Callable[[str], None]


class Stopped(Refused):
    """The stop button, a take-over or the time limit: nothing further is sent."""


class CommandLine(Protocol):
    """A device's command line, logged in (`collect.ssh.Session`)."""

    def show(self, line: str) -> str:
        """The answer to a show command."""

    def configure(
        self,
        lines: Sequence[str],
        *,
        may_send: Callable[[], None] = ...,
        confirm_within_min: int | None = ...,
    ) -> str:
        """What was sent and came back in configuration mode; `may_send` is asked before each line."""

    def confirm(self) -> str:
        """Says that all is well after a change that the device would else take back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be sent in a minute, to one device and to all."""

    device: int = CHANGES_PER_MINUTE
    total: int = CHANGES_PER_MINUTE_TOTAL


@dataclass(frozen=True, slots=True)
class Hands:
    """Changes devices for one run of one ticket's plan."""

    store: Store
    run: str
    """The ticket's id."""
    approved_by: str
    tell: Tell = lambda _: None
    plan: str = ""
    """The mark of the plan that was approved."""
    since: int = 0
    """The journal's row from which on a take-over counts: this run's own beginning."""
    ends: float | None = None
    """The step's time limit, by the monotonic clock."""
    limits: Callable[[str], Limits] = field(default=lambda _: Limits())
    port_config: Callable[[str], str] = field(
        default=lambda _: "show running-config interface {interface}"
    )
    """A device's name to what shows one port's configuration there."""
    state: Callable[[str, str], str] = field(default=lambda *_: "")
    """A device's name and a port to the port's state as it was last seen, in words."""
    sleep: Callable[[float], object] = clock.sleep

    def may_go_on(self) -> None:
        """Raises `Stopped` where somebody stopped netdiag, took the run over, or its time is up."""
        may_go_on(self.store, self.run, self.since)
        self.may_send()

    def may_send(self) -> None:
        """The same between two lines of one change, which a take-over lets come to its end."""
        not_stopped(self.store)
        if self.ends is not None and clock.monotonic() > self.ends:
            raise Stopped("the step's time limit is over")

    def change(
        self,
        step: PlanStep,
        session: CommandLine,
        device: str,
        interfaces: Sequence[str],
        lines: Sequence[str],
        *,
        hurry: bool = False,
        undoes: int | None = None,
        confirm: Callable[[], CommandLine] | None = None,
    ) -> tuple[Action, ...]:
        """Sends `lines`, one action a port, each with the port as it was.

        `hurry`: all ports in one go, without reading them first and without waiting for the rate
        limit: while a storm is let in, every tenth of a second counts. `confirm`: gives a new
        session; the device takes the change back unless that one can be opened and confirms.

        Raises: Refused when the device refuses a line, Stopped when nothing more may be sent;
        CollectError when the session is lost, in which case the journal says that nobody knows
        whether it was sent.
        """
        parts = shares(lines, len(interfaces))
        pairs = list(zip(interfaces, parts, strict=True))
        done: list[Action] = []
        for some in [pairs] if hurry else [[pair] for pair in pairs]:
            self.may_go_on()
            if not hurry:
                self._wait_for_the_limit(device)
            ids = [
                self._intend(step, session, device, port, own, hurry=hurry, undoes=undoes)
                for port, own in some
            ]
            flat = [line for _, own in some for line in own]
            self.tell(f"sending to {device}: {' / '.join(flat)}")
            came_back = self._send(ids, session, device, flat, confirm)
            at = datetime.now(UTC)
            done += [self.store.journal.outcome(n, ActionState.DONE, came_back, at) for n in ids]
        return tuple(done)

    def _intend(
        self,
        step: PlanStep,
        session: CommandLine,
        device: str,
        port: str,
        lines: Sequence[str],
        *,
        hurry: bool,
        undoes: int | None,
    ) -> int:
        state = self.state(device, port)
        saved = "" if hurry else self._configuration(session, device, port)
        return self.store.journal.intend(
            self.run,
            step.step,
            device,
            port,
            tuple(lines),
            self.approved_by,
            datetime.now(UTC),
            action=step.action,
            before="\n".join(x for x in (state, saved) if x),
            plan=self.plan,
            undoes=undoes,
        )

    def _send(
        self,
        ids: Sequence[int],
        session: CommandLine,
        device: str,
        lines: Sequence[str],
        confirm: Callable[[], CommandLine] | None,
    ) -> str:
        begun: list[bool] = []

        def may_send() -> None:
            self.may_send()
            begun.append(True)

        try:
            came_back = session.configure(
                lines,
                may_send=may_send,
                confirm_within_min=None if confirm is None else CONFIRM_WITHIN_MIN,
            )
            return came_back if confirm is None else came_back + confirm().confirm()
        except DecodeError as exc:
            self._settle(ids, ActionState.FAILED, str(exc))
            raise Refused(f"{device} refused the change: {exc}") from exc
        except Stopped as exc:
            state = ActionState.UNKNOWN if begun else ActionState.FAILED
            self._settle(ids, state, f"after {len(begun)} lines: {exc}")
            raise
        except CollectError as exc:
            reverts = "" if confirm is None else "; unconfirmed, the device takes it back by itself"
            self._settle(ids, ActionState.UNKNOWN, f"{exc}{reverts}")
            raise
        except NetdiagError as exc:
            if not begun:
                self._settle(ids, ActionState.FAILED, str(exc))
            raise

    def _settle(self, ids: Sequence[int], state: ActionState, words: str) -> None:
        for n in ids:
            self.store.journal.outcome(n, state, words, datetime.now(UTC))

    def _wait_for_the_limit(self, device: str) -> None:
        """Until one more change fits into the minute; a stop ends the waiting."""
        limits = self.limits(device)
        told = False
        while (seconds := self._too_early(device, limits)) > 0:
            if not told:
                self.tell(
                    f"rate limit ({limits.device} changes a minute to {device}, {limits.total} in"
                    f" all): waiting {seconds:.0f} s"
                )
                told = True
            self.sleep(min(seconds, 1.0))
            self.may_go_on()

    def _too_early(self, device: str, limits: Limits) -> float:
        now = datetime.now(UTC)
        recent = self.store.journal.intended_since(now - _MINUTE)
        mine = [at for name, at in recent if name == device]
        waits = [
            (times[-bound] + _MINUTE - now).total_seconds()
            for times, bound in ((mine, limits.device), ([at for _, at in recent], limits.total))
            if len(times) >= bound
        ]
        return max(waits, default=0.0)

    def _configuration(self, session: CommandLine, device: str, port: str) -> str:
        try:
            said = session.show(self.port_config(device).replace("{interface}", port))
        except (CollectError, DecodeError) as exc:
            return f"(the configuration before could not be read: {exc})"
        return _SECRETS.sub(r"\1 <secret>", said)


def not_stopped(store: Store) -> None:
    """Raises `Stopped` while the stop button is pressed."""
    stop = store.journal.stopped()
    if stop is not None:
        raise Stopped(stopped_words(stop.body, stop.at))


def may_go_on(store: Store, run: str, since: int) -> None:
    """Raises `Stopped` where netdiag is stopped, or that run was taken over after row `since`."""
    not_stopped(store)
    for taken in store.journal.events(run, after=since, only=("take-over",)):
        by = clean(str(taken.body.get("by", "")), 60)
        raise Stopped(f"{by} has taken this run over: {clean(str(taken.body.get('reason')))}")


def stopped_words(body: object, at: datetime) -> str:
    """Who stopped netdiag, when and why, and what ends it."""
    said = body if isinstance(body, dict) else {}
    who, why = clean(str(said.get("by") or "somebody"), 60), clean(str(said.get("reason") or ""))
    return (
        f"{who} stopped netdiag at {at:%H:%M:%S}Z{f': {why}' if why else ''}; nothing is sent until"
        " `netdiag stop --release`"
    )


def shares(lines: Sequence[str], ports: int) -> list[tuple[str, ...]]:
    """Each port's own lines: a template's lines stand once a port, one port after the other."""
    size, rest = divmod(len(lines), max(ports, 1))
    if rest:
        raise Refused(f"{len(lines)} lines cannot be told apart for {ports} ports")
    return [tuple(lines[n * size : (n + 1) * size]) for n in range(ports)]
