"""After the repair: is it over? The people who called are asked, and what comes back opens the ticket again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from netdiag.errors import Refused
from netdiag.model import Finding
from netdiag.ticket.facts import Confirmation, Report, Stage, Ticket
from netdiag.ticket.writing import clip, log

WATCH = timedelta(hours=24)
"""So long after a verified repair the same finding is the same incident, unless somebody says how long."""
_SETTLE = timedelta(seconds=5)
"""What was still under way when the repair was verified is no recurrence."""
_OVER = (Stage.VERIFIED, Stage.CLOSED)


def watch(ticket: Ticket, until: datetime) -> Ticket:
    """From now on until then, what comes back reopens it."""
    if ticket.stage not in _OVER or ticket.verification is None:
        raise Refused(f"{ticket.id} is {ticket.stage}: it is watched once its repair is verified")
    return replace(ticket, watched_until=until)


def is_watched(ticket: Ticket, at: datetime) -> bool:
    """Whether a recurrence at that time would reopen it."""
    until = ticket.watched_until
    return ticket.stage in _OVER and ticket.verification is not None and bool(until and at <= until)


def came_back(ticket: Ticket, findings: Iterable[Finding], at: datetime) -> Finding | None:
    """The finding that shows the same trouble again, seen after the repair was verified."""
    cause = ticket.cause
    if not is_watched(ticket, at) or cause is None or ticket.verification is None:
        return None
    known = {*cause.because, *cause.explains}
    kinds = {cause.kind, *cause.also}
    ports = {p for p in (cause.resource.interface, *cause.interfaces) if p}

    def same(f: Finding) -> bool:
        r = f.resource
        here = r.device == cause.resource.device and r.interface in ports
        card = r.mac is not None and r.mac == cause.resource.mac
        return f.id in known or (f.kind in kinds and (here or card))

    since = ticket.verification.at + _SETTLE
    again = [f for f in findings if same(f) and _seen(f) > since]
    return min(again, key=lambda f: (f.kind not in kinds, f.id), default=None)


def _seen(finding: Finding) -> datetime:
    """When it was last seen, by its evidence: a finding may rest on what is remembered."""
    times = [e.at for e in finding.evidence if e.at is not None and e.source != "history"]
    return max(times, default=finding.last_seen)


def reopen(ticket: Ticket, why: str, at: datetime, by: str = "netdiag") -> Ticket:
    """Open again, with all its history; what was approved or proven before counts no longer."""
    if ticket.stage not in _OVER:
        raise Refused(f"{ticket.id} is {ticket.stage}: it is not over, so it cannot come back")
    stage = Stage.DIAGNOSED if ticket.cause else Stage.OPEN
    times = len(ticket.reopened) + 1
    again = replace(
        ticket,
        stage=stage,
        stage_times=(*ticket.stage_times, (stage, at)),
        closed=None,
        close_reason=None,
        verification=None,
        approvals=(),
        watched_until=None,
        reopened=(*ticket.reopened, at),
    )
    word = {1: "reopened", 2: "reopened a second time"}.get(times, f"reopened, time {times}")
    return log(again, at, by, "stage", f"{word}: {why}")


# --- the people ------------------------------------------------------------------------------------


def to_ask(ticket: Ticket) -> tuple[Report, ...]:
    """The callers who have not said since the last repair whether it works; each once."""
    since = ticket.verification.at if ticket.verification else ticket.opened
    told = {_key(c.reporter) for c in ticket.confirmations if c.at >= since}
    found: dict[str, Report] = {}
    for report in ticket.reports:
        if report.reporter and _key(report.reporter) not in told:
            found.setdefault(_key(report.reporter), report)
    return tuple(found.values())


def objecting(ticket: Ticket) -> tuple[Confirmation, ...]:
    """Who said last that it does not work."""
    last = {_key(c.reporter): c for c in ticket.confirmations}
    return tuple(c for c in last.values() if not c.works)


def confirmed(ticket: Ticket, said: Confirmation) -> Ticket:
    """What a caller says of the repair; a `no` about a ticket that was over opens it again."""
    reporter, text = clip(said.reporter.strip()), clip(said.text) if said.text else None
    if not reporter:
        raise Refused(f"{ticket.id}: say whose answer it is")
    said = replace(said, reporter=reporter, text=text, by=clip(said.by))
    words = f"{reporter} says: {'it works' if said.works else 'it does NOT work'}"
    words += f" ({text})" if text else ""
    kept = replace(ticket, confirmations=(*ticket.confirmations, said))
    kept = log(kept, said.at, said.by, "feedback", words)
    if said.works or ticket.stage not in _OVER:
        return kept
    return reopen(kept, words, said.at, said.by)


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
