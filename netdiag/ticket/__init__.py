"""The incident on paper: who called, what was found, what was done, and whether it is over.

A ticket goes through five stages: intake (`open`), diagnosis (`diagnosed`), escalation
(`escalated`), repair (`repairing`) and record (`verified`, `closed`). Every function returns a new
ticket; time is an argument; what is not allowed in a stage raises `Refused` and nothing else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from netdiag.errors import Refused
from netdiag.model import Diagnosis, Wiring
from netdiag.ticket import places
from netdiag.ticket.belonging import find_alert, find_duplicate, find_open, is_duplicate
from netdiag.ticket.candidates import QUESTIONS
from netdiag.ticket.clocks import Clock, breached, clocks, responded
from netdiag.ticket.dialogue import (
    WAITS_FOR,
    alerted,
    answered,
    attached,
    received,
    reranked,
    resumed,
    wait_for,
)
from netdiag.ticket.facts import (
    PHASE,
    Action,
    ActionState,
    Alert,
    Answer,
    Approval,
    Check,
    Confirmation,
    Entry,
    Report,
    Stage,
    Ticket,
    Verdict,
    Verification,
    Wait,
    WrongLease,
)
from netdiag.ticket.places import place
from netdiag.ticket.questions import Ask, next_question
from netdiag.ticket.questions import answers as known_answers
from netdiag.ticket.recurrence import WATCH, confirmed, objecting, reopen, to_ask, watch
from netdiag.ticket.rules import SHIPPED, Level, Rules
from netdiag.ticket.writing import clip, clipped, log, not_closed

__all__ = [
    "PHASE",
    "QUESTIONS",
    "SHIPPED",
    "WAITS_FOR",
    "WATCH",
    "Action",
    "ActionState",
    "Alert",
    "Answer",
    "Approval",
    "Ask",
    "Check",
    "Clock",
    "Confirmation",
    "Entry",
    "Level",
    "Report",
    "Rules",
    "Stage",
    "Ticket",
    "Verdict",
    "Verification",
    "Wait",
    "WrongLease",
    "acted",
    "alerted",
    "answered",
    "approved",
    "approvers",
    "attached",
    "breached",
    "clocks",
    "close",
    "confirmed",
    "diagnosed",
    "escalate",
    "find_alert",
    "find_duplicate",
    "find_open",
    "from_diagnosis",
    "is_approved",
    "is_duplicate",
    "join",
    "known_answers",
    "missing",
    "next_question",
    "note",
    "objecting",
    "open",
    "place",
    "received",
    "reopen",
    "reranked",
    "resolve",
    "responded",
    "resumed",
    "to_ask",
    "verified",
    "wait_for",
    "watch",
]

_NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.OPEN: frozenset(Stage),
    Stage.DIAGNOSED: frozenset(Stage) - {Stage.OPEN},
    Stage.ESCALATED: frozenset(Stage) - {Stage.OPEN},
    Stage.REPAIRING: frozenset(Stage) - {Stage.OPEN},
    Stage.VERIFIED: frozenset(Stage) - {Stage.OPEN},
    Stage.CLOSED: frozenset(),
}


def open(  # noqa: A001  (said as `ticket.open`)
    ticket_id: str,
    at: datetime,
    *,
    area: str | None = None,
    report: Report | None = None,
    by: str = "netdiag",
    urgency: Level | None = None,
) -> Ticket:
    """A new ticket, with the first caller's report where somebody called."""
    area = area or (report.area if report else None)
    ticket = Ticket(
        id=ticket_id,
        opened=at,
        area=clip(area) if area else None,
        stage_times=((Stage.OPEN, at),),
        urgency_said=urgency,
        timeline=(Entry(at, clip(by), "stage", "ticket opened"),),
    )
    return ticket if report is None else join(ticket, report, at)


def join(ticket: Ticket, report: Report, at: datetime) -> Ticket:
    """One more caller about the same incident."""
    not_closed(ticket, "take another report")
    report = clipped(report)
    where = "/".join(p for p in (report.site, report.floor, report.desk) if p)
    words = f"{report.symptom or 'no symptom said'}{f' ({where})' if where else ''}"
    again = any(is_duplicate(r, report) for r in ticket.reports)
    joined = replace(
        ticket, area=_closer(ticket.area, report.area), reports=(*ticket.reports, report)
    )
    who = report.reporter or "unknown caller"
    joined = log(joined, at, who, "report", f"calls again: {words}" if again else words)
    if again:
        joined = resumed(joined, at, whom="user", why="they called")
    return reranked(ticket, joined, at) if ticket.reports else joined


def _closer(known: str | None, said: str | None) -> str | None:
    """The place as first said, with the site or floor that a later caller adds."""
    if not known or not said:
        return known or said
    (site, level), (site2, level2) = places.area(known), places.area(said)
    more = (site is None) < (site2 is None) or ((level is None) and (level2 is not None))
    return said if more and places.same(known, said) and (site2 or not site) else known


def from_diagnosis(ticket_id: str, diagnosis: Diagnosis, *, area: str | None = None) -> Ticket:
    """A ticket that nobody called for: a poll or a sweep found something."""
    return open(ticket_id, diagnosis.at, area=area or diagnosis.area)


def note(ticket: Ticket, text: str, at: datetime, by: str) -> Ticket:
    """Anything worth keeping; after closing it is feedback for the article."""
    ticket = log(ticket, at, by, "note", text)
    if ticket.stage is Stage.CLOSED:
        return replace(ticket, feedback=(*ticket.feedback, clip(text)))
    return ticket


def diagnosed(
    ticket: Ticket, diagnosis: Diagnosis, at: datetime, *, picture: Wiring | None = None
) -> Ticket:
    """Keep a diagnosis with its picture: the newest that names a cause counts.

    One without a cause after one with a cause is only noted: the trouble may be over, its record
    is not.
    """
    not_closed(ticket, "take a diagnosis")
    if not diagnosis.causes:
        kept = diagnosis if ticket.cause is None else ticket.diagnosis
        return log(replace(ticket, diagnosis=kept), at, "netdiag", "finding", "no cause found")
    if picture is not None:
        diagnosis = replace(diagnosis, wiring=picture)
    before = ticket
    ticket = replace(
        ticket,
        diagnosis=diagnosis,
        area=ticket.area or diagnosis.area,
        verification=None,
        approvals=(),
    )
    ticket = log(ticket, at, "netdiag", "finding", diagnosis.causes[0].summary)
    return reranked(before, _to(ticket, Stage.DIAGNOSED, at), at)


def escalate(ticket: Ticket, to: str, why: str, at: datetime, by: str) -> Ticket:
    """Hand it to someone else, with the reason."""
    not_closed(ticket, "be escalated")
    if not to.strip():
        raise Refused(f"{ticket.id}: say to whom the ticket is escalated")
    ticket = replace(ticket, assigned=clip(to))
    return _to(log(ticket, at, by, "stage", f"escalated to {to}: {why}"), Stage.ESCALATED, at)


def approved(
    ticket: Ticket, steps: Sequence[int], at: datetime, by: str, *, plan: str = ""
) -> Ticket:
    """Allow steps of the present plan; an approval of an earlier plan does not carry over.

    `plan`: the mark of the plan that was shown to the person.
    """
    not_closed(ticket, "be approved")
    planned = {step.step for step in ticket.diagnosis.plan} if ticket.diagnosis else set()
    unknown = [step for step in steps if step not in planned]
    if unknown or not steps:
        raise Refused(f"{ticket.id}: the plan has no step {unknown[0] if unknown else ''}".rstrip())
    if not by.strip():
        raise Refused(f"{ticket.id}: an approval needs a name")
    ticket = replace(
        ticket, approvals=(*ticket.approvals, *(Approval(s, clip(by), at, plan) for s in steps))
    )
    words = "step " + ", ".join(str(s) for s in steps)
    return _to(log(ticket, at, by, "approval", words), Stage.REPAIRING, at)


def is_approved(ticket: Ticket, step: int, *, plan: str | None = None) -> Approval | None:
    """Who approved that step first; with `plan`, of the plan of that mark alone."""
    return next(iter(approvers(ticket, step, plan=plan)), None)


def approvers(ticket: Ticket, step: int, *, plan: str | None = None) -> tuple[Approval, ...]:
    """The approvals of a step by different people, the first of each; names differ by more than case."""
    found: dict[str, Approval] = {}
    for a in ticket.approvals:
        if a.step == step and plan in (None, a.plan):
            found.setdefault(" ".join(a.by.split()).casefold(), a)
    return tuple(found.values())


def acted(ticket: Ticket, action: Action, at: datetime) -> Ticket:
    """A change of a device began or ended."""
    not_closed(ticket, "record an action")
    port = f"{action.device} {action.interface or ''}".rstrip()
    words = f"{action.action or 'change'} {port}: {action.state}"
    ids = ticket.actions if action.id in ticket.actions else (*ticket.actions, action.id)
    ticket = replace(ticket, actions=ids)
    who = action.approved_by or "netdiag"
    return _to(log(ticket, at, who, "action", words), Stage.REPAIRING, at)


def verified(ticket: Ticket, verification: Verification, at: datetime) -> Ticket:
    """Keep what the looks after the repair showed; the stage follows only when all are proven."""
    not_closed(ticket, "be verified")
    ticket = replace(ticket, verification=verification)
    bad = [c for c in verification.checks if c.verdict is not Verdict.PROVEN]
    words = "; ".join(f"{c.what}: {c.verdict}" for c in bad) or "every check is proven"
    if not verification.checks:
        words = "nothing could be checked"
    ticket = log(ticket, at, "netdiag", "verification", words)
    if verification.ok:
        return _to(replace(ticket, watched_until=at + WATCH), Stage.VERIFIED, at)
    return _to(ticket, Stage.REPAIRING, at) if ticket.stage is Stage.VERIFIED else ticket


def resolve(ticket: Ticket, fix: str, at: datetime, by: str, *, cause: str | None = None) -> Ticket:
    """Say in words what ended it, and the cause where the diagnosis does not name the right one."""
    not_closed(ticket, "be resolved")
    if not fix.strip():
        raise Refused(f"{ticket.id}: say what ended it")
    stated = clip(cause) if cause and cause.strip() else ticket.stated_cause
    ticket = replace(ticket, fix=clip(fix), stated_cause=stated)
    return log(ticket, at, by, "note", f"resolved: {fix}")


def close(ticket: Ticket, at: datetime, by: str, *, reason: str | None = None) -> Ticket:
    """The end: needs a cause and a verified fix, or a reason why not."""
    not_closed(ticket, "be closed again")
    reason = reason.strip() if reason else None
    if not reason:
        if ticket.cause_text is None:
            raise Refused(f"{ticket.id} has no cause yet: diagnose, or close it with a reason")
        if ticket.verification is None or not ticket.verification.ok:
            raise Refused(
                f"{ticket.id}: the fix is not verified: verify it, or close it with a reason"
            )
        for said in objecting(ticket):
            raise Refused(
                f"{ticket.id}: {said.reporter} says that it does not work"
                f"{f': {said.text}' if said.text else ''}; ask again, or close it with a reason"
            )
    ticket = replace(ticket, closed=at, close_reason=clip(reason) if reason else None)
    words = f"closed: {reason}" if reason else "closed: cause known, fix verified"
    return _to(log(ticket, at, by, "stage", words), Stage.CLOSED, at)


_QUESTIONS = (
    ("area", "Which site, floor and desk?"),
    ("since", "Since when? What was the last thing that worked?"),
    ("affected", "Is it you alone, or others around you too? How many?"),
    ("symptom", "What does not work: everything, or one thing?"),
    ("error", "What exactly does the screen say?"),
    ("desk", "Which desk, as the label says?"),
    ("tried", "What have you tried already?"),
    ("reporter", "Who is calling?"),
    ("department", "Which department?"),
)


def missing(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """(field, question) pairs that nobody answered, what narrows the search most first."""
    known = {"area"} if ticket.area else set()
    known |= {
        name
        for report in ticket.reports
        for name, _ in _QUESTIONS
        if getattr(report, name) not in (None, "")
    }
    return tuple((name, question) for name, question in _QUESTIONS if name not in known)


def _to(ticket: Ticket, stage: Stage, at: datetime) -> Ticket:
    if stage is ticket.stage:
        return ticket
    if stage not in _NEXT[ticket.stage]:
        raise Refused(f"{ticket.id} is {ticket.stage} and cannot become {stage}")
    return replace(ticket, stage=stage, stage_times=(*ticket.stage_times, (stage, at)))
