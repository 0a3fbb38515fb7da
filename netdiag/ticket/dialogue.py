"""What happens between the team and others: answers, waiting, alerts, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from netdiag.errors import Refused, UsageError
from netdiag.ticket import questions
from netdiag.ticket.facts import Alert, Answer, Report, Ticket, Wait
from netdiag.ticket.writing import clip, clipped, log, not_closed

WAITS_FOR = ("user", "provider", "window")
"""A caller's answer, another company, an agreed time for changes."""
_FIELDS = ("symptom", "error", "since", "affected", "tried", "desk", "department", "reporter")


def answered(
    ticket: Ticket,
    choices: Sequence[tuple[str, str]],
    said: Report | None,
    at: datetime,
    by: str | None,
) -> Ticket:
    """Keep what a caller answered: narrowing questions, and fields that nobody had filled.

    `said` holds the fields (its place and time do not count). It ends a wait for the user.
    """
    not_closed(ticket, "take an answer")
    by = clip(by) if by else None
    fields = {name: getattr(said, name) for name in _FIELDS if said and getattr(said, name)}
    if not choices and not fields:
        raise UsageError(f"{ticket.id}: nothing was answered")
    kept = tuple(Answer(at, by, *questions.check(*pair)) for pair in choices)
    words = [f"{a.question}: {a.choice}" for a in kept]
    words += [f"{name}: {value}" for name, value in fields.items()]
    before = ticket
    # A later answer to the same question takes the place of the earlier one; the timeline has both.
    new = {a.question for a in kept}
    ticket = replace(ticket, answers=(*(a for a in ticket.answers if a.question not in new), *kept))
    if fields:
        ticket = replace(ticket, reports=_filled(ticket, fields, at, by))
    ticket = log(ticket, at, by or "the caller", "answer", "; ".join(words))
    return reranked(before, resumed(ticket, at, whom="user", why="answered"), at)


def _filled(
    ticket: Ticket, fields: Mapping[str, object], at: datetime, by: str | None
) -> tuple[Report, ...]:
    """The answer stands on the call of who gives it, else on the first one."""
    reports = list(ticket.reports) or [Report(at, reporter=by)]
    name = (by or "").strip().casefold()
    own = [n for n, r in enumerate(reports) if r.reporter and r.reporter.casefold() == name]
    place = own[0] if own else 0
    reports[place] = clipped(replace(reports[place], **fields))  # type: ignore[arg-type]
    return tuple(reports)


def wait_for(ticket: Ticket, whom: str, why: str, at: datetime, by: str) -> Ticket:
    """It is somebody else's turn; the clocks stand still where the rules say so."""
    not_closed(ticket, "wait")
    if whom not in WAITS_FOR:
        raise UsageError(f"{whom!r} is nobody to wait for: should be {', '.join(WAITS_FOR)}")
    if ticket.waiting:
        raise Refused(f"{ticket.id} waits for the {ticket.waiting.whom} already")
    ticket = replace(ticket, waits=(*ticket.waits, Wait(at, whom, clip(why))))
    stops = "; the clocks stand still" if whom in ticket.rules.stops_for else ""
    return log(ticket, at, by, "note", f"waiting for the {whom}: {why}{stops}")


def resumed(
    ticket: Ticket, at: datetime, *, whom: str | None = None, why: str = "", by: str = "netdiag"
) -> Ticket:
    """The waiting is over; unchanged where it waits for nobody, or not for `whom`."""
    wait = ticket.waiting
    if wait is None or (whom is not None and wait.whom != whom):
        return ticket
    ended = replace(wait, until=max(at, wait.since))
    waits = tuple(ended if w is wait else w for w in ticket.waits)
    words = f"no longer waiting for the {wait.whom}{f': {why}' if why else ''}"
    return log(replace(ticket, waits=waits), at, by, "note", words)


def alerted(ticket: Ticket, alert: Alert, at: datetime) -> Ticket:
    """A monitoring system's word: a new alert, one that fires again, or one that is over."""
    not_closed(ticket, "take an alert")
    before, alert = ticket, _clipped(alert)
    old = next((a for a in ticket.alerts if a.key == alert.key), None)
    again = old is not None and old.ends is None and alert.ends is None
    if old is not None:
        alert = replace(alert, times=old.times + again)
    alerts = tuple(a for a in ticket.alerts if a.key != alert.key)
    ticket = replace(ticket, alerts=(*alerts, alert))
    if again or (old is not None and old.ends is not None and alert.ends is not None):
        return ticket  # nothing new: counted, not told again
    state = "is over" if alert.ends else "fires"
    ticket = log(ticket, at, "alertmanager", "alert", f"{alert.name} {state}: {alert.summary}")
    if alert.ends and all(a.ends for a in ticket.alerts):
        words = "every alert is over; it stays open until that is verified"
        ticket = log(ticket, at, "netdiag", "note", words)
    return reranked(before, ticket, at)


def _clipped(alert: Alert) -> Alert:
    labels = tuple((clip(k)[:200], clip(v)[:500]) for k, v in alert.labels[:64])
    return replace(
        alert,
        name=clip(alert.name)[:200],
        severity=clip(alert.severity) if alert.severity else None,
        summary=clip(alert.summary),
        labels=labels,
    )


def received(ticket: Ticket, text: str, at: datetime, who: str, origin: str) -> Ticket:
    """A line from another ticket system; it may come after closing too."""
    return log(ticket, at, who, "note", text, origin=origin)


def attached(ticket: Ticket, path: str, at: datetime, by: str) -> Ticket:
    """A file of evidence: it goes into the hand-over."""
    if path in ticket.files:
        return ticket
    ticket = replace(ticket, files=(*ticket.files, path))
    return log(ticket, at, by, "note", f"evidence: {path}")


def reranked(before: Ticket, now: Ticket, at: datetime) -> Ticket:
    """`now`, with a line in the timeline where its priority is another than before."""
    if before.priority == now.priority or not before.timeline:
        return now
    words = f"{before.priority} -> {now.priority}: impact {now.impact}, urgency {now.urgency}"
    return log(now, at, "netdiag", "priority", words)
