"""What every change of a ticket does: refuse once it is closed, clip what was said, write it down."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from netdiag.errors import Refused
from netdiag.text import storable
from netdiag.ticket.facts import Entry, Report, Stage, Ticket

TEXT_LIMIT = 4000


def not_closed(ticket: Ticket, what: str) -> None:
    """`Refused` once it is closed."""
    if ticket.stage is Stage.CLOSED:
        raise Refused(f"{ticket.id} is closed and cannot {what}: open a new ticket")


def log(
    ticket: Ticket, at: datetime, who: str, what: str, text: str, *, origin: str | None = None
) -> Ticket:
    """One more line of the timeline."""
    entry = Entry(at, clip(who), what, clip(text), origin)
    return replace(ticket, timeline=(*ticket.timeline, entry))


def clip(text: str) -> str:
    """Short enough to keep, and storable."""
    text = storable(text)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def clipped(report: Report) -> Report:
    """Every text of a call, clipped."""

    def short(text: str | None) -> str | None:
        return None if text is None else clip(text)

    return replace(
        report,
        reporter=short(report.reporter),
        department=short(report.department),
        site=short(report.site),
        floor=short(report.floor),
        desk=short(report.desk),
        symptom=short(report.symptom),
        error=short(report.error),
        tried=short(report.tried),
    )
