"""What is found again after a verified repair reopens its ticket: asked by every command that looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netdiag import ticket as tickets
from netdiag.errors import Locked
from netdiag.model import Finding
from netdiag.ticket import Ticket, recurrence

if TYPE_CHECKING:
    from netdiag.store import Store


def check(
    store: Store, findings: Sequence[Finding], at: datetime, *, only: str | None = None
) -> tuple[Ticket, ...]:
    """The tickets that these findings reopen (of all, or that one), saved as such."""
    if not findings:
        return ()
    found: list[Ticket] = []
    for ticket in [store.ticket(only)] if only else store.tickets():
        again = recurrence.came_back(ticket, findings, at)
        if again is None:
            continue
        try:
            found.append(store.save_ticket(_reopened(ticket, again, at)))
        except Locked:
            # Somebody is writing on it this very moment; the next look tells it again.
            continue
    return tuple(found)


def _reopened(ticket: Ticket, again: Finding, at: datetime) -> Ticket:
    verified = ticket.verification.at if ticket.verification else at
    why = f"{again.kind} came back {_long(at - verified)} after it was verified: {again.summary}"
    return tickets.reopen(ticket, why, at)


def _long(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
