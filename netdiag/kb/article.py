"""An article: what one incident taught. Its texts are Markdown; what people and devices said is
escaped where it enters, for a wiki that publishes the article would obey it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from netdiag.model import Cause, Diagnosis, Evidence, Kind
from netdiag.text import clean, escape_markdown

_LINE_LIMIT = 2000
_CODE = " " * 8
"""Code inside a list's item, for CommonMark (4 beyond the text) and for Python-Markdown (8) alike."""
_EVIDENCE = 12
"""An article shows the first observations; the report has them all."""


@dataclass(frozen=True, slots=True)
class Article:
    """What was learnt from one incident, or written by hand."""

    id: str
    """The ticket's id, or a name."""
    title: str
    at: datetime
    kind: Kind | None = None
    area: str | None = None
    device: str | None = None
    interface: str | None = None
    symptom: str = ""
    diagnosis: str = ""
    """How it was found."""
    fix: str = ""
    prevention: str = ""
    """One item a remedy, configuration lines indented."""
    restored_in_s: float | None = None
    """From the ticket's opening to the verified repair."""
    feedback: tuple[str, ...] = ()
    cause: str = ""
    evidence: str = ""
    """One item an observation, as it came from the device in a code block."""
    platform: str | None = None
    named_in_s: float | None = None
    """From the ticket's opening to the first diagnosis that named a cause."""
    reviewed: datetime | None = None
    reviewed_by: str | None = None


class _Report(Protocol):
    @property
    def symptom(self) -> str | None: ...


class _Approval(Protocol):
    @property
    def step(self) -> int: ...


class _Verification(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def ok(self) -> bool: ...


class Case(Protocol):
    """What of a ticket an article is made from (`netdiag.ticket.Ticket` has it all)."""

    @property
    def id(self) -> str: ...
    @property
    def opened(self) -> datetime: ...
    @property
    def closed(self) -> datetime | None: ...
    @property
    def area(self) -> str | None: ...
    @property
    def kind(self) -> Kind | None: ...
    @property
    def affected(self) -> int: ...
    @property
    def reports(self) -> Sequence[_Report]: ...
    @property
    def diagnosis(self) -> Diagnosis | None: ...
    @property
    def cause(self) -> Cause | None: ...
    @property
    def cause_text(self) -> str | None: ...
    @property
    def approvals(self) -> Sequence[_Approval]: ...
    @property
    def fix(self) -> str | None: ...
    @property
    def close_reason(self) -> str | None: ...
    @property
    def verification(self) -> _Verification | None: ...
    @property
    def feedback(self) -> tuple[str, ...]: ...
    @property
    def named(self) -> datetime | None: ...


def from_ticket(ticket: Case) -> Article:
    """The article of a ticket: symptom, how it was found, cause, fix, prevention, evidence, feedback."""
    resource = ticket.cause.resource if ticket.cause else None
    where = " ".join(x for x in (resource.device, resource.interface) if x) if resource else ""
    kind = ticket.kind
    return Article(
        id=ticket.id,
        title=plain(f"{kind or 'incident'} at {where or ticket.area or 'an unknown place'}"),
        at=ticket.closed or ticket.opened,
        kind=kind,
        area=ticket.area,
        device=resource.device if resource else None,
        interface=resource.interface if resource else None,
        symptom=_symptom(ticket),
        diagnosis=_diagnosis(ticket),
        fix=_fix(ticket),
        prevention=_prevention(ticket),
        restored_in_s=restored_in_s(ticket),
        feedback=ticket.feedback,
        cause=_said(ticket.cause_text) if ticket.cause_text else "No cause was found.",
        evidence=_evidence(ticket),
        platform=platform(ticket),
        named_in_s=named_in_s(ticket),
    )


def with_feedback(article: Article, text: str) -> Article:
    """What a reader says: it helped, or it did not and why."""
    return replace(article, feedback=(*article.feedback, text))


def reviewed(article: Article, at: datetime, by: str) -> Article:
    """Somebody read it again and says that it still holds."""
    return replace(article, reviewed=at, reviewed_by=by)


def due(articles: Iterable[Article], at: datetime, age: timedelta) -> tuple[Article, ...]:
    """Those that nobody wrote or reviewed within `age`, the longest unread first."""
    old = [a for a in articles if at - _last_read(a) >= age]
    return tuple(sorted(old, key=lambda a: (_last_read(a), a.id)))


def _last_read(article: Article) -> datetime:
    return article.reviewed or article.at


def plain(text: str) -> str:
    """A title that no generator can misread: most of them put it into HTML as it is."""
    return clean(text).translate({ord("<"): "‹", ord(">"): "›", ord("&"): "+", ord('"'): "'"})


def named_in_s(ticket: Case) -> float | None:
    """Seconds from the opening to the first diagnosis that named a cause."""
    return None if ticket.named is None else (ticket.named - ticket.opened).total_seconds()


def restored_in_s(ticket: Case) -> float | None:
    """Seconds from the opening to the verified repair."""
    done = ticket.verification
    return (done.at - ticket.opened).total_seconds() if done is not None and done.ok else None


def platform(ticket: Case) -> str | None:
    """The platform of the switch where the cause sat, as the diagnosis' picture kept it."""
    device = ticket.cause.resource.device if ticket.cause else None
    wired = ticket.diagnosis.wiring.devices if ticket.diagnosis else ()
    return next((w.platform for w in wired if w.name == device), None)


# --- what an article says ------------------------------------------------------------------------


def _said(text: str) -> str:
    return escape_markdown(clean(text, _LINE_LIMIT).strip())


def _symptom(ticket: Case) -> str:
    said = [r.symptom for r in ticket.reports if r.symptom]
    if not said and ticket.diagnosis and ticket.diagnosis.symptom:
        said = [ticket.diagnosis.symptom]
    return "\n".join(f"- {_said(text)}" for text in dict.fromkeys(said)) or "Nobody called."


def _diagnosis(ticket: Case) -> str:
    if ticket.diagnosis is None or ticket.cause is None:
        return "No cause was found."
    known = [ticket.diagnosis.finding(i) for i in (*ticket.cause.because, *ticket.cause.explains)]
    return "\n".join(
        [
            _said(ticket.cause.summary),
            "",
            *(f"- {f.kind}: {_said(f.summary)}" for f in known if f is not None),
        ]
    )


def _fix(ticket: Case) -> str:
    if ticket.fix:
        return _said(ticket.fix)
    if ticket.close_reason:
        return f"Closed without a verified fix: {_said(ticket.close_reason)}"
    plan = ticket.diagnosis.plan if ticket.diagnosis else ()
    approved = {a.step for a in ticket.approvals}
    done = [s.summary for s in plan if s.step in approved and s.action not in ("look", "record")]
    return "\n".join(f"- {_said(summary)}" for summary in done) or "Not recorded."


def _prevention(ticket: Case) -> str:
    parts = []
    for advice in ticket.diagnosis.advice if ticket.diagnosis else ():
        where = " ".join(x for x in (advice.device, advice.interface) if x)
        lines = "\n".join(f"{_CODE}{clean(line)}" for line in advice.lines)
        title = f"{advice.title}{f' ({where})' if where else ''}: {advice.why}"
        parts.append(f"- {_said(title)}" + (f"\n\n{lines}\n" if lines else ""))
    return "\n".join(parts).rstrip("\n") or "None recorded."


def _evidence(ticket: Case) -> str:
    if ticket.diagnosis is None or ticket.cause is None:
        return "None recorded."
    found = [ticket.diagnosis.finding(i) for i in (*ticket.cause.because, *ticket.cause.explains)]
    seen = [e for f in found if f is not None for e in f.evidence][:_EVIDENCE]
    return "\n".join(_observation(e) for e in seen).rstrip("\n") or "None recorded."


def _observation(e: Evidence) -> str:
    where = f" {e.device}" if e.device else ""
    line = f"- {_said(f'{e.source}{where}: {e.what} = {e.value}')}"
    return f"{line}\n\n{_CODE}{clean(e.raw, _LINE_LIMIT)}\n" if e.raw else line
