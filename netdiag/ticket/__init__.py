"""The incident on paper: who called, what was found, what was done, and whether it is over.

A ticket goes through five stages: intake (`open`), diagnosis (`diagnosed`), escalation
(`escalated`), repair (`repairing`) and record (`verified`, `closed`). Every function returns a new
ticket; time is an argument; what is not allowed in a stage raises `Refused` and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from netdiag.errors import Refused
from netdiag.model import Cause, Diagnosis, Kind, Wiring
from netdiag.ticket.facts import (
    PHASE,
    Action,
    ActionState,
    Approval,
    Check,
    Entry,
    Level,
    Report,
    Stage,
    Ticket,
    Verdict,
    Verification,
    WrongLease,
)

__all__ = [
    "JOIN_WINDOW",
    "PHASE",
    "Action",
    "ActionState",
    "Approval",
    "Check",
    "Entry",
    "Level",
    "Report",
    "Stage",
    "Ticket",
    "Verdict",
    "Verification",
    "WrongLease",
    "acted",
    "approved",
    "approvers",
    "close",
    "diagnosed",
    "escalate",
    "find_open",
    "from_diagnosis",
    "is_approved",
    "join",
    "missing",
    "note",
    "open",
    "place",
    "resolve",
    "verified",
]

JOIN_WINDOW = timedelta(minutes=30)
"""Calls from one area within this time of each other are one incident."""
_TEXT_LIMIT = 4000
_REPAIR = (Stage.REPAIRING, Stage.VERIFIED)

_NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.OPEN: frozenset(Stage),
    Stage.DIAGNOSED: frozenset(Stage) - {Stage.OPEN},
    Stage.ESCALATED: frozenset(Stage) - {Stage.OPEN},
    Stage.REPAIRING: frozenset(Stage) - {Stage.OPEN},
    Stage.VERIFIED: frozenset(Stage) - {Stage.OPEN},
    Stage.CLOSED: frozenset(),
}


def place(text: str | None) -> tuple[str | None, str | None, str | None]:
    """`SITE/FLOOR/DESK` -> its three parts; what is missing or blank is `None`."""
    parts = [part.strip() or None for part in (text or "").split("/", 2)]
    site, floor, desk = [*parts, None, None, None][:3]
    return site, floor, desk


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
        area=area,
        stage_times=((Stage.OPEN, at),),
        urgency_said=urgency,
        timeline=(Entry(at, _clip(by), "stage", "ticket opened"),),
    )
    return ticket if report is None else join(ticket, report, at)


def join(ticket: Ticket, report: Report, at: datetime) -> Ticket:
    """One more caller about the same incident."""
    _not_closed(ticket, "take another report")
    report = _clipped(report)
    where = "/".join(p for p in (report.site, report.floor, report.desk) if p)
    words = f"{report.symptom or 'no symptom said'}{f' ({where})' if where else ''}"
    said = Entry(at, report.reporter or "unknown caller", "report", words)
    return replace(
        ticket,
        area=ticket.area or report.area,
        reports=(*ticket.reports, report),
        timeline=(*ticket.timeline, said),
    )


def find_open(
    tickets: Iterable[Ticket],
    *,
    at: datetime,
    area: str | None = None,
    kind: Kind | None = None,
    cause: Cause | None = None,
) -> Ticket | None:
    """The open ticket that a new report or a new diagnosis belongs to, the latest first.

    In this order: the same cause at the same place at any time (a sweep that finds the same rogue
    server again must not open a second ticket); without a `cause` the same `kind` in the same area;
    the same area within `JOIN_WINDOW` of the last call, unless the repair of another cause runs.
    """
    live = sorted(
        (t for t in tickets if t.stage is not Stage.CLOSED),
        key=lambda t: (t.opened, t.id),
        reverse=True,
    )
    tests: tuple[Callable[[Ticket], bool], ...] = (
        lambda t: cause is not None and any(_same_cause(c, cause) for c in _causes(t)),
        lambda t: cause is None and kind is not None and t.kind is kind and _same_area(t, area),
        lambda t: _same_area(t, area) and _recent(t, at) and not (cause and t.stage in _REPAIR),
    )
    return next((t for test in tests for t in live if test(t)), None)


def from_diagnosis(ticket_id: str, diagnosis: Diagnosis, *, area: str | None = None) -> Ticket:
    """A ticket that nobody called for: a poll or a sweep found something."""
    return open(ticket_id, diagnosis.at, area=area or diagnosis.area)


def note(ticket: Ticket, text: str, at: datetime, by: str) -> Ticket:
    """Anything worth keeping; after closing it is feedback for the article."""
    ticket = _log(ticket, at, by, "note", text)
    if ticket.stage is Stage.CLOSED:
        return replace(ticket, feedback=(*ticket.feedback, _clip(text)))
    return ticket


def diagnosed(
    ticket: Ticket, diagnosis: Diagnosis, at: datetime, *, picture: Wiring | None = None
) -> Ticket:
    """Keep a diagnosis with its picture: the newest that names a cause counts.

    One without a cause after one with a cause is only noted: the trouble may be over, its record
    is not.
    """
    _not_closed(ticket, "take a diagnosis")
    if not diagnosis.causes:
        kept = diagnosis if ticket.cause is None else ticket.diagnosis
        return _log(replace(ticket, diagnosis=kept), at, "netdiag", "finding", "no cause found")
    if picture is not None:
        diagnosis = replace(diagnosis, wiring=picture)
    ticket = replace(
        ticket,
        diagnosis=diagnosis,
        area=ticket.area or diagnosis.area,
        verification=None,
        approvals=(),
    )
    ticket = _log(ticket, at, "netdiag", "finding", diagnosis.causes[0].summary)
    return _to(ticket, Stage.DIAGNOSED, at)


def escalate(ticket: Ticket, to: str, why: str, at: datetime, by: str) -> Ticket:
    """Hand it to someone else, with the reason."""
    _not_closed(ticket, "be escalated")
    if not to.strip():
        raise Refused(f"{ticket.id}: say to whom the ticket is escalated")
    ticket = replace(ticket, assigned=_clip(to))
    return _to(_log(ticket, at, by, "stage", f"escalated to {to}: {why}"), Stage.ESCALATED, at)


def approved(
    ticket: Ticket, steps: Sequence[int], at: datetime, by: str, *, plan: str = ""
) -> Ticket:
    """Allow steps of the present plan; an approval of an earlier plan does not carry over.

    `plan`: the mark of the plan that was shown to the person.
    """
    _not_closed(ticket, "be approved")
    planned = {step.step for step in ticket.diagnosis.plan} if ticket.diagnosis else set()
    unknown = [step for step in steps if step not in planned]
    if unknown or not steps:
        raise Refused(f"{ticket.id}: the plan has no step {unknown[0] if unknown else ''}".rstrip())
    if not by.strip():
        raise Refused(f"{ticket.id}: an approval needs a name")
    ticket = replace(
        ticket, approvals=(*ticket.approvals, *(Approval(s, _clip(by), at, plan) for s in steps))
    )
    words = "step " + ", ".join(str(s) for s in steps)
    return _to(_log(ticket, at, by, "approval", words), Stage.REPAIRING, at)


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
    _not_closed(ticket, "record an action")
    port = f"{action.device} {action.interface or ''}".rstrip()
    words = f"{action.action or 'change'} {port}: {action.state}"
    ids = ticket.actions if action.id in ticket.actions else (*ticket.actions, action.id)
    ticket = replace(ticket, actions=ids)
    who = action.approved_by or "netdiag"
    return _to(_log(ticket, at, who, "action", words), Stage.REPAIRING, at)


def verified(ticket: Ticket, verification: Verification, at: datetime) -> Ticket:
    """Keep what the looks after the repair showed; the stage follows only when all are proven."""
    _not_closed(ticket, "be verified")
    ticket = replace(ticket, verification=verification)
    bad = [c for c in verification.checks if c.verdict is not Verdict.PROVEN]
    words = "; ".join(f"{c.what}: {c.verdict}" for c in bad) or "every check is proven"
    if not verification.checks:
        words = "nothing could be checked"
    ticket = _log(ticket, at, "netdiag", "verification", words)
    if verification.ok:
        return _to(ticket, Stage.VERIFIED, at)
    return _to(ticket, Stage.REPAIRING, at) if ticket.stage is Stage.VERIFIED else ticket


def resolve(ticket: Ticket, fix: str, at: datetime, by: str, *, cause: str | None = None) -> Ticket:
    """Say in words what ended it, and the cause where the diagnosis does not name the right one."""
    _not_closed(ticket, "be resolved")
    if not fix.strip():
        raise Refused(f"{ticket.id}: say what ended it")
    stated = _clip(cause) if cause and cause.strip() else ticket.stated_cause
    ticket = replace(ticket, fix=_clip(fix), stated_cause=stated)
    return _log(ticket, at, by, "note", f"resolved: {fix}")


def close(ticket: Ticket, at: datetime, by: str, *, reason: str | None = None) -> Ticket:
    """The end: needs a cause and a verified fix, or a reason why not."""
    _not_closed(ticket, "be closed again")
    reason = reason.strip() if reason else None
    if not reason:
        if ticket.cause_text is None:
            raise Refused(f"{ticket.id} has no cause yet: diagnose, or close it with a reason")
        if ticket.verification is None or not ticket.verification.ok:
            raise Refused(
                f"{ticket.id}: the fix is not verified: verify it, or close it with a reason"
            )
    ticket = replace(ticket, closed=at, close_reason=_clip(reason) if reason else None)
    words = f"closed: {reason}" if reason else "closed: cause known, fix verified"
    return _to(_log(ticket, at, by, "stage", words), Stage.CLOSED, at)


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


def _causes(ticket: Ticket) -> tuple[Cause, ...]:
    return ticket.diagnosis.causes if ticket.diagnosis else ()


def _same_cause(one: Cause, other: Cause) -> bool:
    kinds = {one.kind, *one.also} & {other.kind, *other.also}
    a, b = one.resource, other.resource
    if not kinds:
        return False
    if a.mac and b.mac:
        return a.mac == b.mac
    return (a.device, a.interface, a.ip) == (b.device, b.interface, b.ip)


def _same_area(ticket: Ticket, area: str | None) -> bool:
    return bool(area and ticket.area) and _one_area(area or "", ticket.area or "")


def _recent(ticket: Ticket, at: datetime) -> bool:
    last = max([ticket.opened, *(r.at for r in ticket.reports)])
    return abs(at - last) <= JOIN_WINDOW


def _one_area(one: str, other: str) -> bool:
    # "HQ" holds "HQ/3F": a caller who names only the site belongs to the floor already known.
    a, b = ([p.strip().casefold() for p in x.split("/") if p.strip()][:2] for x in (one, other))
    shorter = min(len(a), len(b))
    return shorter > 0 and a[:shorter] == b[:shorter]


def _to(ticket: Ticket, stage: Stage, at: datetime) -> Ticket:
    if stage is ticket.stage:
        return ticket
    if stage not in _NEXT[ticket.stage]:
        raise Refused(f"{ticket.id} is {ticket.stage} and cannot become {stage}")
    return replace(ticket, stage=stage, stage_times=(*ticket.stage_times, (stage, at)))


def _not_closed(ticket: Ticket, what: str) -> None:
    if ticket.stage is Stage.CLOSED:
        raise Refused(f"{ticket.id} is closed and cannot {what}: open a new ticket")


def _log(ticket: Ticket, at: datetime, who: str, what: str, text: str) -> Ticket:
    entry = Entry(at, _clip(who), what, _clip(text))
    return replace(ticket, timeline=(*ticket.timeline, entry))


def _clip(text: str) -> str:
    # Lone surrogates (undecodable bytes of a command line) cannot be stored as UTF-8.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"


def _clipped(report: Report) -> Report:
    def clip(text: str | None) -> str | None:
        return None if text is None else _clip(text)

    return replace(
        report,
        reporter=clip(report.reporter),
        department=clip(report.department),
        site=clip(report.site),
        floor=clip(report.floor),
        desk=clip(report.desk),
        symptom=clip(report.symptom),
        error=clip(report.error),
        tried=clip(report.tried),
    )
