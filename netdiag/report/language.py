"""What a report says, in English: the sentences, apart from where they stand. `chinese` is its twin.

Every text of people and devices goes through untouched: the formats clean and escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import ClassVar

from netdiag.model import Finding, NotChecked, PlanStep
from netdiag.names import short_name
from netdiag.report import wording
from netdiag.ticket import Action, Check, Entry, Ticket


class Language:
    """English. `zone`: the clock that the report's times are read on."""

    code = "en"
    marks: ClassVar[Mapping[str, str]] = {"colon": ": ", "comma": ", ", "semi": "; ", "stop": ". "}

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone

    # --- words and times ---

    def word(self, english: str) -> str:
        """A heading, a label or a state of the templates."""
        return english

    def moment(self, at: datetime | None) -> str:
        """`2026-03-01 09:30:05 UTC`; a dash for a time that is not known."""
        return "–" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}"

    def clock(self, at: datetime | None) -> str:
        """`09:30:05`, for tables whose head names the zone and whose day is known."""
        return "–" if at is None else f"{at.astimezone(self.zone):%H:%M:%S}"

    def day(self, at: datetime) -> str:
        """`2026-03-01`."""
        return f"{at.astimezone(self.zone):%Y-%m-%d}"

    def duration(self, seconds: float | None) -> str:
        """`4 min 12 s`."""
        return wording.duration(seconds)

    # --- the whole in a few lines ---

    def headline(self, ticket: Ticket) -> str:
        """The cause in one line."""
        if ticket.cause_text:
            return ticket.cause_text
        said = next((r.symptom for r in ticket.reports if r.symptom), None)
        return f"{said or 'An incident'}: the cause is not known"

    def lead(self, ticket: Ticket, actions: Sequence[Action]) -> tuple[str, ...]:
        """Five lines for someone who reads nothing else: who, why, what was done, the end, the lesson."""
        return (
            self._callers(ticket),
            self._cause(ticket),
            self._done(ticket, actions),
            self._outcome(ticket),
            self._lesson(ticket),
        )

    def _callers(self, ticket: Ticket) -> str:
        where = ticket.area or "an area that nobody named"
        if not ticket.reports:
            return f"Nobody called: netdiag found it by itself in {where}."
        callers = f"{len(ticket.reports)} call{'s' if len(ticket.reports) > 1 else ''}"
        return f"{callers} came in from {where}; {ticket.affected} people are known to be affected."

    def _cause(self, ticket: Ticket) -> str:
        cause = ticket.cause
        if cause is None:
            return (
                f"The cause, as a person said: {ticket.stated_cause}"
                if ticket.stated_cause
                else "The cause is not known."
            )
        place = " ".join(p for p in (cause.resource.device, cause.resource.interface) if p)
        return (
            f"The cause is {cause.kind} at {place or 'a place not known'},"
            f" with a confidence of {cause.confidence:.0%}."
        )

    def _done(self, ticket: Ticket, actions: Sequence[Action]) -> str:
        sent = [a for a in actions if a.state == "done"]
        fix = f" What ended it: {ticket.fix}" if ticket.fix else ""
        if not sent:
            return f"No device was changed.{fix}"
        ports = dict.fromkeys(f"{a.device} {short_name(a.interface or '')}".strip() for a in sent)
        people = dict.fromkeys(a.approved_by for a in sent if a.approved_by)
        made = "One change was" if len(sent) == 1 else f"{len(sent)} changes were"
        by = f", approved by {', '.join(people)}" if people else ""
        return f"{made} made{by}: {', '.join(ports)}.{fix}"

    def _outcome(self, ticket: Ticket) -> str:
        verification = ticket.verification
        if verification is None:
            end = "It is not verified that people can work again."
        elif verification.ok:
            took = self.duration((verification.at - ticket.began).total_seconds())
            end = (
                f"That people can work again was verified at {self.moment(verification.at)},"
                f" {took} after it began."
            )
        else:
            proven = sum(c.verdict == "proven" for c in verification.checks)
            end = f"The repair is not fully verified: {proven} of {len(verification.checks)} checks are proven."
        if ticket.close_reason:
            end += f" Closed with this reason: {ticket.close_reason}"
        return end

    def _lesson(self, ticket: Ticket) -> str:
        advice = ticket.diagnosis.advice if ticket.diagnosis else ()
        titles = list(dict.fromkeys(self.remedy(a.title, a.why)[0] for a in advice))
        if not titles:
            return "No configuration of a port is known that would have prevented it."
        return f"What would have prevented it: {'; '.join(titles)}."

    def figures(self, ticket: Ticket) -> Iterable[tuple[str, str, str]]:
        """(label, value, what it means) of the few numbers that count."""
        diagnosis, verification = ticket.diagnosis, ticket.verification
        yield "Priority", ticket.priority, f"impact {ticket.impact}, urgency {ticket.urgency}"
        if diagnosis is not None and diagnosis.causes:
            took = self.duration(diagnosis.took_s)
            yield "Cause named in", took, "from the start of the diagnosis"
        if verification is not None and verification.ok:
            took = self.duration((verification.at - ticket.began).total_seconds())
            yield "Service back after", took, "since it began"
        else:
            yield "Service back after", "–", "not verified"
        radius = diagnosis.blast_radius if diagnosis else None
        if radius is not None and (radius.stations or radius.devices):
            cut = f"{len(radius.devices)} switch{'' if len(radius.devices) == 1 else 'es'} cut off"
            yield "Stations harmed", str(radius.stations), cut
        else:
            yield "People affected", str(ticket.affected), "as the callers said"

    # --- one thing each ---

    def finding(self, finding: Finding) -> str:
        """A finding in a sentence."""
        return finding.summary

    def entry(self, entry: Entry, ticket: Ticket) -> str:  # noqa: ARG002  (its twin needs the ticket)
        """What the ticket's own timeline says at a time."""
        return entry.text

    def action(self, action: Action) -> str:
        """A change in a few words."""
        words = f"{action.action or 'change'} {action.device} {action.interface or ''}".rstrip()
        return f"{words}: {action.state}"

    def step(self, step: PlanStep) -> str:
        """A step of the plan in a sentence."""
        return step.summary

    def place(self, where: str | None) -> str | None:
        """Where a station is."""
        return where

    def check(self, check: Check) -> tuple[str, str]:
        """(what had to be true, what was seen)."""
        return check.what, check.detail

    def remedy(self, title: str, why: str) -> tuple[str, str]:
        """(title, why) of a piece of advice."""
        return title, why

    def unseen(self, item: NotChecked) -> tuple[str, str]:
        """(what could not be looked at, why)."""
        return item.what, item.why
