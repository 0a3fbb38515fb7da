"""What a ticket is made of: calls, timeline, approvals, actions, verification.

All text from people and devices is kept as it came: what shows it must clean it (`netdiag.text`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from netdiag.model import Cause, Diagnosis, Kind, Series, Severity
from netdiag.ticket.rules import SHIPPED, Level, Rules

_URGENT = frozenset({Severity.CRITICAL.value, Severity.MAJOR.value, "page", "emergency"})
_MILD = frozenset({Severity.WARNING.value, "info", "none"})
"""Alertmanager's labels stand beside RFC 8632's words."""


class Stage(StrEnum):
    """Where the incident stands."""

    OPEN = "open"
    DIAGNOSED = "diagnosed"
    ESCALATED = "escalated"
    REPAIRING = "repairing"
    VERIFIED = "verified"
    CLOSED = "closed"


PHASE = {
    Stage.OPEN: "intake",
    Stage.DIAGNOSED: "diagnosis",
    Stage.ESCALATED: "escalation",
    Stage.REPAIRING: "repair",
    Stage.VERIFIED: "record",
    Stage.CLOSED: "record",
}
"""Each stage's place among the five that people speak of."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one caller said; `None` means that nobody asked or nobody knew."""

    at: datetime
    reporter: str | None = None
    department: str | None = None
    site: str | None = None
    floor: str | None = None
    desk: str | None = None
    symptom: str | None = None
    error: str | None = None
    """The exact words on the screen."""
    since: datetime | None = None
    affected: int | None = None
    """How many people, the caller included."""
    tried: str | None = None

    @property
    def area(self) -> str | None:
        """`site/floor`, as the inventory writes it; a floor alone where no site was said."""
        return "/".join(part for part in (self.site, self.floor) if part) or None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    who: str
    what: str
    """report, answer, alert, note, stage, finding, approval, action, verification or priority."""
    text: str
    origin: str | None = None
    """Where it came from, if not from here: `SYSTEM/ID` of another ticket system's entry."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A caller's answer to one of the narrowing questions."""

    at: datetime
    by: str | None
    question: str
    choice: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A time in which somebody else had to act; `until` is `None` while it lasts."""

    since: datetime
    whom: str
    """user, provider or window."""
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a monitoring system reported, under the key by which it knows it."""

    key: str
    name: str
    summary: str
    severity: str | None
    starts: datetime
    ends: datetime | None = None
    """When it was reported as over; `None`: it still fires."""
    times: int = 1
    """How often it was sent while it fired."""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """Who allowed which step of the plan, and when."""

    step: int
    by: str
    at: datetime
    plan: str = ""
    """The mark of the plan that was shown (`playbook.mark`): a changed plan needs a new approval."""


class ActionState(StrEnum):
    """How an action on a device ended; `intended` alone means: nobody knows whether it was sent."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    UNDONE = "undone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Action:
    """One change of a device as the journal holds it."""

    id: int
    run: str
    """The ticket's id, or `ticket/n` for the n-th run of its plan."""
    step: int
    device: str
    interface: str | None
    lines: tuple[str, ...]
    """Exactly what was sent."""
    approved_by: str | None
    at: datetime
    action: str = ""
    """The plan step's action, e.g. `shut-port`."""
    state: ActionState = ActionState.INTENDED
    transcript: str = ""
    """What came back, as it came."""
    finished: datetime | None = None
    before: str = ""
    """The port's configuration and state, read before anything was sent."""
    plan: str = ""
    """The mark of the plan that the step is of."""
    undoes: int | None = None
    """The action that this one takes back."""


class Verdict(StrEnum):
    """What a look after the repair showed."""

    PROVEN = "proven"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to be true again."""

    what: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class WrongLease:
    """A station that still holds what the wrong DHCP server gave it."""

    mac: str
    ip: str | None = None
    name: str | None = None
    where: str | None = None
    """Device and port, or desk."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The looks after a repair; good only when every one of them is proven."""

    at: datetime
    checks: tuple[Check, ...] = ()
    wrong_leases: tuple[WrongLease, ...] = ()

    @property
    def ok(self) -> bool:
        """At least one look, and none failed or impossible: "could not look" is not "fixed"."""
        return bool(self.checks) and all(c.verdict is Verdict.PROVEN for c in self.checks)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What somebody who reported the trouble says of the repair."""

    reporter: str
    works: bool
    at: datetime
    by: str
    """Who wrote it down."""
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One incident; `version` counts the saves (the store refuses to save over a newer one)."""

    id: str
    opened: datetime
    version: int = 0
    area: str | None = None
    stage: Stage = Stage.OPEN
    stage_times: tuple[tuple[Stage, datetime], ...] = ()
    reports: tuple[Report, ...] = ()
    timeline: tuple[Entry, ...] = ()
    diagnosis: Diagnosis | None = None
    approvals: tuple[Approval, ...] = ()
    actions: tuple[int, ...] = ()
    """Ids in the journal."""
    verification: Verification | None = None
    stated_cause: str | None = None
    """The cause in a person's words, where netdiag did not name it or was wrong."""
    fix: str | None = None
    assigned: str | None = None
    urgency_said: Level | None = None
    closed: datetime | None = None
    close_reason: str | None = None
    feedback: tuple[str, ...] = ()
    rules: Rules = SHIPPED
    answers: tuple[Answer, ...] = ()
    waits: tuple[Wait, ...] = ()
    alerts: tuple[Alert, ...] = ()
    files: tuple[str, ...] = ()
    """Paths of evidence that belongs to it: captures, photographs, logs."""
    first_checks: datetime | None = None
    """When the first look after several calls was begun."""
    watched_until: datetime | None = None
    """Until then what comes back reopens it."""
    reopened: tuple[datetime, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    rates: tuple[Series, ...] = ()
    """Kept at closing: the store forgets readings, the report of next year must not."""

    @property
    def cause(self) -> Cause | None:
        """The diagnosis' first cause."""
        causes = self.diagnosis.causes if self.diagnosis else ()
        return causes[0] if causes else None

    @property
    def named(self) -> datetime | None:
        """When a diagnosis first named a cause."""
        return next((at for stage, at in self.stage_times if stage is Stage.DIAGNOSED), None)

    @property
    def cause_text(self) -> str | None:
        """The cause in words: a person's, else the diagnosis'."""
        return self.stated_cause or (self.cause.summary if self.cause else None)

    @property
    def affected(self) -> int:
        """People known to be affected: each caller counts once, and for those they speak of."""
        return sum(max(report.affected or 1, 1) for report in _callers(self.reports))

    @property
    def is_area_outage(self) -> bool:
        """Several callers, or one who speaks of several people."""
        rules = self.rules
        return len(_callers(self.reports)) >= rules.callers or self.affected >= rules.medium_from

    @property
    def kind(self) -> Kind | None:
        """The cause's kind once known, before that what the calls amount to."""
        if self.cause is not None:
            return self.cause.kind
        return Kind.AREA_OUTAGE if self.is_area_outage else None

    @property
    def impact(self) -> Level:
        """How many are harmed."""
        radius = self.diagnosis.blast_radius if self.diagnosis and self.cause else None
        stations = radius.stations if radius else 0
        if (radius and radius.devices) or max(self.affected, stations) >= self.rules.high_from:
            return Level.HIGH
        if self.is_area_outage or stations >= self.rules.medium_from:
            return Level.MEDIUM
        return Level.LOW

    @property
    def urgency(self) -> Level:
        """What a person said, else how bad the findings and alerts are, else medium."""
        if self.urgency_said is not None:
            return self.urgency_said
        seen = {str(f.severity) for f in self.diagnosis.findings} if self.diagnosis else set()
        seen |= {a.severity.casefold() for a in self.alerts if a.severity and a.ends is None}
        if seen & _URGENT:
            return Level.HIGH
        return Level.LOW if seen and seen <= _MILD else Level.MEDIUM

    @property
    def priority(self) -> str:
        """P1 to P4: impact x urgency, by the team's table."""
        return self.rules.rank(self.impact, self.urgency)

    @property
    def summary(self) -> str:
        """One line for a list."""
        if self.cause_text:
            return self.cause_text
        said = next((r.symptom for r in self.reports if r.symptom), None)
        alert = next((a.summary or a.name for a in self.alerts), None)
        return said or alert or "no symptom said yet"

    @property
    def waiting(self) -> Wait | None:
        """Whom it waits for now."""
        return next((w for w in reversed(self.waits) if w.until is None), None)

    @property
    def began(self) -> datetime:
        """The earliest time that a caller, a finding or an alert names, else when the ticket was opened."""
        said = [r.since for r in self.reports if r.since is not None]
        seen = [f.first_seen for f in self.diagnosis.findings] if self.diagnosis else []
        return min([self.opened, *said, *seen, *(a.starts for a in self.alerts)])

    def reached(self, stage: Stage) -> datetime | None:
        """When the ticket first came into that stage."""
        return next((at for name, at in self.stage_times if name is stage), None)


def _callers(reports: Iterable[Report]) -> list[Report]:
    # A person who calls twice is one caller; the second call may know more.
    by_name: dict[object, Report] = {}
    for number, report in enumerate(reports):
        key: object = report.reporter.strip().casefold() if report.reporter else number
        earlier = by_name.get(key)
        if earlier is None or (report.affected or 0) > (earlier.affected or 0):
            by_name[key] = report
    return list(by_name.values())
