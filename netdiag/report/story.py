"""What a report says, before any format: the same sentences for HTML and Markdown.

Every text in it may be hostile: the formats clean and escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from netdiag.kb import Hit
from netdiag.model import Advice, Diagnosis, Finding, NotChecked, PlanStep
from netdiag.names import short_name
from netdiag.report.wording import duration, moment
from netdiag.ticket import PHASE, Action, Check, Entry, Report, Stage, Ticket, WrongLease

_PHASES = ("intake", "diagnosis", "escalation", "repair", "record")


@dataclass(frozen=True, slots=True)
class Phase:
    """One of the five stages, and when it was first reached (`None`: never)."""

    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """Findings under one heading."""

    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """One piece of advice with every port that it is for."""

    title: str
    why: str
    ports: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A whole report."""

    ticket: Ticket
    written: datetime
    headline: str
    lead: tuple[str, ...]
    figures: tuple[tuple[str, str, str], ...]
    """(label, value, what it means) of the few numbers that count."""
    phases: tuple[Phase, ...]
    reports: tuple[Report, ...]
    groups: tuple[Group, ...]
    timeline: tuple[Entry, ...]
    plan: tuple[PlanStep, ...]
    actions: tuple[Action, ...]
    checks: tuple[Check, ...]
    wrong_leases: tuple[WrongLease, ...]
    remedies: tuple[Remedy, ...]
    not_checked: tuple[NotChecked, ...]
    similar: tuple[Hit, ...]

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The ticket's diagnosis."""
        return self.ticket.diagnosis

    @property
    def state(self) -> str:
        """Good, bad or open: the colour of the whole."""
        if self.ticket.verification is not None and self.ticket.verification.ok:
            return "good"
        return "closed" if self.ticket.stage is Stage.CLOSED else "open"


def tell(
    ticket: Ticket, actions: Sequence[Action], similar: Sequence[Hit], written: datetime
) -> Story:
    """Everything a report says of a ticket."""
    diagnosis, verification = ticket.diagnosis, ticket.verification
    return Story(
        ticket=ticket,
        written=written,
        headline=_headline(ticket),
        lead=tuple(_lead(ticket, actions)),
        figures=tuple(_figures(ticket)),
        phases=_phases(ticket),
        reports=ticket.reports,
        groups=tuple(_groups(ticket)),
        timeline=_timeline(ticket, actions),
        plan=diagnosis.plan if diagnosis else (),
        actions=tuple(sorted(actions, key=lambda a: a.id)),
        checks=verification.checks if verification else (),
        wrong_leases=verification.wrong_leases if verification else (),
        remedies=tuple(_remedies(diagnosis.advice if diagnosis else ())),
        not_checked=_not_checked(ticket),
        similar=tuple(similar),
    )


def _headline(ticket: Ticket) -> str:
    if ticket.cause_text:
        return ticket.cause_text
    said = next((r.symptom for r in ticket.reports if r.symptom), None)
    return f"{said or 'An incident'}: the cause is not known"


def _lead(ticket: Ticket, actions: Sequence[Action]) -> Iterable[str]:
    """The story in a few sentences, for someone who reads nothing else."""
    where = ticket.area or "an area that nobody named"
    if ticket.reports:
        callers = f"{len(ticket.reports)} call{'s' if len(ticket.reports) > 1 else ''}"
        yield f"{callers} came in from {where}; {ticket.affected} people are known to be affected."
    else:
        yield f"Nobody called: netdiag found it by itself in {where}."
    cause = ticket.cause
    if cause is not None:
        place = " ".join(p for p in (cause.resource.device, cause.resource.interface) if p)
        yield (
            f"The cause is {cause.kind} at {place or 'a place not known'},"
            f" with a confidence of {cause.confidence:.0%}."
        )
    sent = [a for a in actions if a.state == "done"]
    if sent:
        ports = dict.fromkeys(f"{a.device} {short_name(a.interface or '')}".strip() for a in sent)
        made = "One approved change was" if len(sent) == 1 else f"{len(sent)} approved changes were"
        yield f"{made} made: {', '.join(ports)}."
    if ticket.fix:
        yield f"What ended it: {ticket.fix}"
    yield _outcome(ticket)


def _outcome(ticket: Ticket) -> str:
    verification = ticket.verification
    if verification is None:
        end = "It is not verified that people can work again."
    elif verification.ok:
        end = f"That people can work again was verified at {moment(verification.at)}."
    else:
        proven = sum(c.verdict == "proven" for c in verification.checks)
        end = f"The repair is not fully verified: {proven} of {len(verification.checks)} checks are proven."
    if ticket.close_reason:
        end += f" Closed with this reason: {ticket.close_reason}"
    return end


def _figures(ticket: Ticket) -> Iterable[tuple[str, str, str]]:
    diagnosis, verification = ticket.diagnosis, ticket.verification
    began = ticket.began
    yield "Priority", ticket.priority, f"impact {ticket.impact}, urgency {ticket.urgency}"
    if diagnosis is not None and diagnosis.causes:
        yield "Cause named in", duration(diagnosis.took_s), "from the start of the diagnosis"
    restored = verification.at if verification is not None and verification.ok else None
    if restored is not None:
        yield "Service back after", duration((restored - began).total_seconds()), "since it began"
    else:
        yield "Service back after", "–", "not verified"
    radius = diagnosis.blast_radius if diagnosis else None
    if radius is not None and (radius.stations or radius.devices):
        cut = f"{len(radius.devices)} switch{'' if len(radius.devices) == 1 else 'es'} cut off"
        yield "Stations harmed", str(radius.stations), cut
    else:
        yield "People affected", str(ticket.affected), "as the callers said"


def _phases(ticket: Ticket) -> tuple[Phase, ...]:
    first: dict[str, datetime] = {}
    for stage, at in ticket.stage_times:
        first.setdefault(PHASE[stage], at)
    return tuple(Phase(name, first.get(name)) for name in _PHASES)


def _groups(ticket: Ticket) -> Iterable[Group]:
    diagnosis, cause = ticket.diagnosis, ticket.cause
    if diagnosis is None:
        return
    because = set(cause.because) if cause else set()
    explained = set(cause.explains) - because if cause else set()
    for title, wanted in (
        ("What the verdict rests on", because),
        ("What follows from it", explained),
        ("What else was seen", {f.id for f in diagnosis.findings} - because - explained),
    ):
        found = tuple(f for f in diagnosis.findings if f.id in wanted)
        if found:
            yield Group(title, found)


def _timeline(ticket: Ticket, actions: Sequence[Action]) -> tuple[Entry, ...]:
    """The ticket's own entries, what the network showed before, and each change, by time."""
    entries = list(ticket.timeline)
    if ticket.diagnosis is not None:
        entries += [
            Entry(f.first_seen, f.resource.device or "network", "seen", f.summary)
            for f in ticket.diagnosis.findings
        ]
    entries += [
        Entry(r.since, r.reporter or "a caller", "noticed", r.symptom or "a fault")
        for r in ticket.reports
        if r.since is not None
    ]
    if actions:
        # The journal knows more of each change than the ticket's own line.
        entries = [e for e in entries if e.what != "action"]
        entries += [
            Entry(a.at, a.approved_by or "netdiag", "action", f"{_what(a)}: {a.state}")
            for a in actions
        ]
    return tuple(sorted(entries, key=lambda e: e.at))


def _what(action: Action) -> str:
    return f"{action.action or 'change'} {action.device} {action.interface or ''}".rstrip()


def _remedies(advice: Sequence[Advice]) -> Iterable[Remedy]:
    for title in dict.fromkeys(a.title for a in advice):
        ports = tuple(a for a in advice if a.title == title)
        yield Remedy(title, ports[0].why, ports)


def _not_checked(ticket: Ticket) -> tuple[NotChecked, ...]:
    if ticket.diagnosis is None:
        return (NotChecked("the network", "no diagnosis was made"),)
    unknown = ticket.verification.checks if ticket.verification else ()
    after = [NotChecked(c.what, c.detail) for c in unknown if c.verdict == "unknown"]
    return (*ticket.diagnosis.not_checked, *after)
