"""Other people's systems: ticket systems behind one small interface, and notifications.

Rules: every ticket and comment that netdiag makes carries a mark, by which it is found again before
anything is sent twice; what comes back is hostile text; tokens stay in `access.Secret`; TLS is
verified. `Unreachable`: try again later. `AccessDenied`: the login. `Rejected`: never as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, cast

from netdiag.errors import NetdiagError, Unreachable, UsageError

if TYPE_CHECKING:
    from netdiag.files.process import System

# "[netdiag 3fa9c1d2 T-20261122-001]", of a comment "[netdiag 3fa9c1d2 T-20261122-001#7]"
_MARK = re.compile(r"\[netdiag (?P<key>[0-9a-f]{8} [A-Za-z0-9-]{1,40}(?:#\d{1,6})?)\]")


class State(StrEnum):
    """What all ticket systems can say of a ticket."""

    OPEN = "open"
    WAITING = "waiting"
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket as it is told to another system; all text is plain text."""

    key: str
    title: str
    text: str
    priority: str
    requestor: str | None = None
    """An e-mail address, where one is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a ticket's history over there."""

    id: str
    at: datetime
    who: str
    what: str
    """created, comment or state."""
    text: str = ""
    state: State | None = None
    key: str | None = None
    """The mark's key, where the entry is one of ours."""
    from_user: bool = False
    """It is the requestor's own word."""


class TicketSystem(Protocol):
    """What an adapter does: five verbs."""

    settle_s: float
    """So long after a change may a search still miss it."""

    def find(self, key: str) -> str | None:
        """The ticket that carries the mark of that key."""

    def create(self, case: Case) -> str:
        """A new ticket; its name over there."""

    def comment(self, remote: str, text: str, key: str) -> None:
        """One more comment, with its mark."""

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        """Title and priority, or the state; what is so already stays so."""

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        """Which of these tickets changed since then (by the system's own clock), and when last."""

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        """Its entries, the oldest first, without those whose id is known."""


def mark(key: str) -> str:
    """What stands in a title or at the end of a comment."""
    return f"[netdiag {key}]"


def key_of(text: str) -> str | None:
    """The key of a comment of ours: its mark is all that its last line holds.

    A reply that quotes one has other words in that line.
    """
    lines = text.strip().splitlines()
    match = _MARK.fullmatch(lines[-1].strip()) if lines else None
    return match["key"] if match else None


def connect(system: System) -> TicketSystem:
    """The adapter for one of the team's systems."""
    import importlib

    if system.kind not in ("rt", "jira", "servicenow", "glpi", "zammad", "redmine"):
        raise UsageError(f"{system.name}: no adapter for {system.kind!r}")
    module = importlib.import_module(f"netdiag.outside.{system.kind}")
    return cast("TicketSystem", _Understood(module.Adapter(system), system.name))


class _Understood:
    """An adapter whose answers have another shape than documented: could not look, and no crash.

    It may have done what it was asked: so that is `Unreachable`, and the outbox looks first.
    """

    def __init__(self, adapter: Any, name: str) -> None:
        self._adapter, self._name = adapter, name

    def __getattr__(self, verb: str) -> Any:
        found = getattr(self._adapter, verb)
        if not callable(found):
            return found

        def ask(*args: Any, **named: Any) -> Any:
            try:
                return found(*args, **named)
            except NetdiagError:
                raise
            except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as exc:
                what = f"{verb}: an answer of another shape than documented"
                raise Unreachable(f"{self._name}: {what} ({type(exc).__name__})") from exc

        return ask
