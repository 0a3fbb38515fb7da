"""What a report says, before any format: the same sentences for HTML and Markdown.

Every text in it may be hostile: the formats clean and escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from netdiag.kb import Hit
from netdiag.model import Advice, Diagnosis, Finding, NotChecked, PlanStep, Series
from netdiag.report import chart
from netdiag.report.chart import Chart
from netdiag.report.language import Language
from netdiag.ticket import PHASE, Action, Check, Entry, Report, Stage, Ticket, WrongLease

ENGLISH = Language()

_MOST_CHARTS = 6
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
    language: Language
    written: datetime
    headline: str
    lead: tuple[str, ...]
    """Five lines."""
    figures: tuple[tuple[str, str, str], ...]
    """(label, value, what it means) of the few numbers that count."""
    charts: tuple[Chart, ...]
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
    def zone(self) -> str:
        """The name of the clock that its times are read on."""
        return self.written.astimezone(self.language.zone).strftime("%Z")

    @property
    def state(self) -> str:
        """Good, bad or open: the colour of the whole."""
        if self.ticket.verification is not None and self.ticket.verification.ok:
            return "good"
        return "closed" if self.ticket.stage is Stage.CLOSED else "open"


def tell(
    ticket: Ticket,
    actions: Sequence[Action],
    similar: Sequence[Hit],
    written: datetime,
    *,
    rates: Sequence[Series] = (),
    language: Language = ENGLISH,
) -> Story:
    """Everything a report says of a ticket; `rates`: for its charts."""
    diagnosis, verification = ticket.diagnosis, ticket.verification
    return Story(
        ticket=ticket,
        language=language,
        written=written,
        headline=language.headline(ticket),
        lead=language.lead(ticket, actions),
        figures=tuple(language.figures(ticket)),
        charts=tuple(_charts(ticket, actions, rates, language)),
        phases=_phases(ticket),
        reports=ticket.reports,
        groups=tuple(_groups(ticket)),
        timeline=_timeline(ticket, actions, language),
        plan=diagnosis.plan if diagnosis else (),
        actions=tuple(sorted(actions, key=lambda a: a.id)),
        checks=verification.checks if verification else (),
        wrong_leases=verification.wrong_leases if verification else (),
        remedies=tuple(_remedies(diagnosis.advice if diagnosis else ())),
        not_checked=_not_checked(ticket),
        similar=tuple(similar),
    )


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


def _timeline(ticket: Ticket, actions: Sequence[Action], language: Language) -> tuple[Entry, ...]:
    """The ticket's own entries, what the network showed before, and each change, by time."""
    # The journal knows more of each change than the ticket's own line.
    own = [e for e in ticket.timeline if not (actions and e.what == "action")]
    entries = [replace(e, text=language.entry(e, ticket)) for e in own]
    if ticket.diagnosis is not None:
        entries += [
            Entry(f.first_seen, f.resource.device or "network", "seen", language.finding(f))
            for f in ticket.diagnosis.findings
        ]
    entries += [
        Entry(r.since, r.reporter or "a caller", "noticed", r.symptom or "a fault")
        for r in ticket.reports
        if r.since is not None
    ]
    entries += [
        Entry(a.at, a.approved_by or "netdiag", "action", language.action(a)) for a in actions
    ]
    return tuple(sorted(entries, key=lambda e: e.at))


def _charts(
    ticket: Ticket, actions: Sequence[Action], rates: Sequence[Series], language: Language
) -> Iterable[Chart]:
    """One chart a port, with the moments that matter marked on it."""
    moments = [(ticket.began, "began")]
    moments += [(a.at, a.action or "change") for a in actions if a.state == "done"]
    if ticket.verification is not None:
        moments.append((ticket.verification.at, "verified"))
    named = [(at, language.word(label)) for at, label in moments]
    for series in rates[:_MOST_CHARTS]:
        drawn = chart.line(series, named, zone=language.zone)
        if drawn is not None:
            yield drawn


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
