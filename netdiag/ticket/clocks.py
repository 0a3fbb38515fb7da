"""The service-level clocks: how long an answer and a repair took so far, and by when they are due.

The response clock ends with the first thing that a person of the team does. The resolution clock
stands still while the ticket is verified or closed, and goes on when it is opened again. Both stand
still while the ticket waits for somebody that the rules name, and outside the business hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from netdiag.ticket.facts import Stage, Ticket
from netdiag.ticket.rules import Hours

_END = datetime.max.replace(tzinfo=UTC)
_SOLVED = (Stage.VERIFIED, Stage.CLOSED)
_DAYS_AHEAD = 3700
"""No promise is longer than ten years: an end for calendars without a working day."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise: what was promised, what is used up, and how it stands."""

    name: str
    """response or resolution."""
    target_s: float
    elapsed_s: float
    running: bool
    met: datetime | None
    """When it was answered or solved; `None`: not yet, or not any more."""
    due: datetime | None
    """When the time is used up, if the clock runs on; `None` while it stands still."""

    @property
    def breached(self) -> bool:
        """More time went by than was promised, whether or not it has been met since."""
        return self.elapsed_s > self.target_s


def clocks(ticket: Ticket, at: datetime) -> tuple[Clock, ...]:
    """The promises for the ticket's priority; none where the rules promise nothing."""
    level = ticket.rules.level(ticket.priority)
    hours = None if level.always else ticket.rules.hours
    answered, solved = responded(ticket), _solved(ticket)
    made = []
    for name, target, met, spans in (
        ("response", level.response_s, answered, [(ticket.opened, answered or _END)]),
        ("resolution", level.resolution_s, solved, _unsolved(ticket)),
    ):
        if target is None:
            continue
        counted = list(_without_waits(ticket, spans))
        past = [(a, min(b, at)) for a, b in counted if a < at]
        running = met is None and any(a <= at < b for a, b in counted)
        made.append(
            Clock(
                name=name,
                target_s=target,
                elapsed_s=sum(_worked(span, hours) for span in past),
                running=running and _open(at, hours),
                met=met,
                due=_reached(counted, target, hours) if running else None,
            )
        )
    return tuple(made)


def breached(ticket: Ticket, at: datetime) -> tuple[str, ...]:
    """The names of the promises that were not kept."""
    return tuple(clock.name for clock in clocks(ticket, at) if clock.breached)


def responded(ticket: Ticket) -> datetime | None:
    """When a person other than the callers first did something about it."""
    callers = {r.reporter.strip().casefold() for r in ticket.reports if r.reporter}
    for entry in ticket.timeline:
        if entry.what in ("note", "stage", "approval") and entry.text != "ticket opened":
            who = entry.who.strip().casefold()
            if who != "netdiag" and who not in callers:
                return entry.at
    return ticket.closed


def _solved(ticket: Ticket) -> datetime | None:
    return ticket.stage_times[-1][1] if ticket.stage in _SOLVED and ticket.stage_times else None


def _unsolved(ticket: Ticket) -> list[Span]:
    spans: list[Span] = []
    since: datetime | None = ticket.opened
    for stage, at in ticket.stage_times:
        if stage in _SOLVED and since is not None:
            spans.append((since, at))
            since = None
        elif stage not in _SOLVED and since is None:
            since = at
    return spans if since is None else [*spans, (since, _END)]


def _without_waits(ticket: Ticket, spans: list[Span]) -> Iterator[Span]:
    waits = [(w.since, w.until or _END) for w in ticket.waits if w.whom in ticket.rules.stops_for]
    for start, end in spans:
        begin = start
        for a, b in sorted(waits):
            if b <= begin or a >= end:
                continue
            if a > begin:
                yield begin, a
            begin = max(begin, b)
        if begin < end:
            yield begin, end


def _worked(span: Span, hours: Hours | None) -> float:
    return sum((b - a).total_seconds() for a, b in _windows(span, hours))


def _open(at: datetime, hours: Hours | None) -> bool:
    return any(True for _ in _windows((at, at + timedelta(seconds=1)), hours))


def _reached(spans: list[Span], target_s: float, hours: Hours | None) -> datetime | None:
    left = target_s
    for span in spans:
        for a, b in _windows(span, hours):
            length = (b - a).total_seconds()
            if length >= left:
                return a + timedelta(seconds=left)
            left -= length
    return None


def _windows(span: Span, hours: Hours | None) -> Iterator[Span]:
    """The parts of the span that count."""
    start, end = span
    if hours is None:
        yield span
        return
    zone = ZoneInfo(hours.timezone)
    first = start.astimezone(zone).date()
    for number in range(_DAYS_AHEAD):
        day = first + timedelta(days=number)
        if day.weekday() not in hours.days or day in hours.holidays:
            continue
        a = datetime.combine(day, hours.start, zone).astimezone(UTC)
        b = datetime.combine(day, hours.end, zone).astimezone(UTC)
        if a >= end:
            return
        if b > start:
            yield max(a, start), min(b, end)
