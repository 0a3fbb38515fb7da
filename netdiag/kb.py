"""What closed tickets taught: one article a ticket, searched by words, Chinese ones included.

An article is Markdown with front matter whose values are JSON (which is YAML too), so that any
generator and any editor takes it. Ranking is BM25 over words and, for Chinese, Japanese and Korean
text, over pairs of neighbouring characters: there are no spaces to cut words at.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from netdiag.errors import UsageError
from netdiag.model import Cause, Diagnosis, Kind


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
    fix: str = ""
    prevention: str = ""
    """Markdown: one item a remedy, configuration lines indented."""
    restored_in_s: float | None = None
    """From the ticket's opening to the verified repair."""
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A found article; scores compare within one search only."""

    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class Trend:
    """How often one kind struck one area in one month (`2026-03`, UTC)."""

    month: str
    kind: Kind | None
    area: str | None
    count: int


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


def from_ticket(ticket: Case) -> Article:
    """The article of a ticket: symptom, diagnosis, fix, prevention, and what readers said."""
    resource = ticket.cause.resource if ticket.cause else None
    verification = ticket.verification
    restored = None
    if verification is not None and verification.ok:
        restored = (verification.at - ticket.opened).total_seconds()
    where = " ".join(x for x in (resource.device, resource.interface) if x) if resource else ""
    kind = ticket.kind
    return Article(
        id=ticket.id,
        title=f"{kind or 'incident'} at {where or ticket.area or 'an unknown place'}",
        at=ticket.closed or ticket.opened,
        kind=kind,
        area=ticket.area,
        device=resource.device if resource else None,
        interface=resource.interface if resource else None,
        symptom=_symptom(ticket),
        diagnosis=_diagnosis(ticket),
        fix=_fix(ticket),
        prevention=_prevention(ticket),
        restored_in_s=restored,
        feedback=ticket.feedback,
    )


def with_feedback(article: Article, text: str) -> Article:
    """What a reader says: it helped, or it did not and why."""
    return replace(article, feedback=(*article.feedback, text))


# --- Markdown with front matter ------------------------------------------------------------------

_HEADS = ("symptom", "diagnosis", "fix", "prevention")


def to_markdown(article: Article) -> str:
    """The article as a file; `from_markdown` reads it back."""
    front = {
        "id": article.id,
        "title": article.title,
        "at": article.at.isoformat(),
        "kind": article.kind,
        "area": article.area,
        "device": article.device,
        "interface": article.interface,
        "restored_in_s": article.restored_in_s,
    }
    # U+0085, U+2028 and U+2029 end a line for some readers: escape all but plain letters.
    lines = [f"{key}: {_flow(value)}" for key, value in front.items()]
    body = [f"## {head.title()}\n\n{_indent_heads(getattr(article, head))}" for head in _HEADS]
    said = [f"- {_flow(text)}" for text in article.feedback]
    return "\n".join(
        ["---", *lines, "---", "", "\n\n".join(body), "", "## Feedback", "", *said, ""]
    )


def from_markdown(text: str) -> Article:
    """An article file back; a `UsageError` says what is missing or wrong."""
    match = re.match(r"\A---\n(.*?)\n---\n(.*)\Z", text, re.DOTALL)
    if match is None:
        raise UsageError("an article begins with front matter between two lines of ---")
    front = _front(match[1])
    sections = _sections(match[2])
    try:
        kind = front.get("kind")
        return Article(
            id=str(front["id"]),
            title=str(front.get("title") or front["id"]),
            at=datetime.fromisoformat(str(front["at"])),
            kind=Kind(str(kind)) if kind else None,
            area=_text(front.get("area")),
            device=_text(front.get("device")),
            interface=_text(front.get("interface")),
            symptom=sections.get("symptom", ""),
            diagnosis=sections.get("diagnosis", ""),
            fix=sections.get("fix", ""),
            prevention=sections.get("prevention", ""),
            restored_in_s=_number(front.get("restored_in_s")),
            feedback=_said(sections.get("feedback", "")),
        )
    except KeyError as exc:
        raise UsageError(f"the article's front matter lacks {exc}") from exc
    except ValueError as exc:
        raise UsageError(f"the article's front matter: {exc}") from exc


def _flow(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", text)


def _front(block: str) -> dict[str, object]:
    front: dict[str, object] = {}
    for line in block.split("\n"):
        key, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"the article's front matter: not `key: value`: {line[:80]!r}")
        try:
            front[key.strip()] = json.loads(value)
        except (ValueError, RecursionError):
            front[key.strip()] = value.strip()
    return front


def _indent_heads(text: str) -> str:
    # A line that looks like one of our headings would end its section when read back.
    return re.sub(r"^(\\*## )", r"\\\1", text, flags=re.MULTILINE)


def _sections(body: str) -> dict[str, str]:
    parts = re.split(r"^## (.*)$", body, flags=re.MULTILINE)
    return {
        head.strip().lower(): re.sub(r"^\\(\\*## )", r"\1", text.strip("\n"), flags=re.MULTILINE)
        for head, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _said(block: str) -> tuple[str, ...]:
    said: list[str] = []
    for line in block.split("\n"):
        if line.startswith("- "):
            try:
                said.append(str(json.loads(line[2:])))
            except (ValueError, RecursionError):
                said.append(line[2:])
    return tuple(said)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    return float(str(value)) if value is not None else None


# --- search --------------------------------------------------------------------------------------

# Han, kana, hangul; the rest is cut at everything that is no letter and no digit.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_K1, _B = 1.5, 0.75
_TITLE_WEIGHT = 3


def tokens(text: str) -> list[str]:
    """Lower-case words; a run of Chinese characters gives each character and each pair."""
    found: list[str] = []
    for run in _RUNS.findall(text.casefold()):
        if re.match(rf"[{_CJK}]", run):
            found += [run[i : i + 2] for i in range(len(run) - 1)]
            found += run
        else:
            found.append(run)
    return found


def search(articles: Iterable[Article], query: str, limit: int = 10) -> tuple[Hit, ...]:
    """The articles that share a word with the query, best first (BM25, Robertson and Zaragoza)."""
    stored = list(articles)
    texts = [Counter(_words(a)) for a in stored]
    wanted = set(_query_tokens(query))
    lengths = [sum(t.values()) for t in texts]
    average = (sum(lengths) / len(lengths) if lengths else 0.0) or 1.0
    weights = {w: _rarity(sum(w in t for t in texts), len(texts)) for w in wanted}
    hits = [
        Hit(article, score)
        for article, text, length in zip(stored, texts, lengths, strict=True)
        if (score := sum(weights[w] * _bm25(text[w], length / average) for w in wanted)) > 0
    ]
    hits.sort(key=lambda h: (-h.score, -h.article.at.timestamp(), h.article.id))
    return tuple(hits[:limit])


def similar(articles: Iterable[Article], ticket: Case, limit: int = 3) -> tuple[Hit, ...]:
    """Earlier cases of the same kind, the same place first: what the next case should show."""
    draft = from_ticket(ticket)
    others = [a for a in articles if a.id != ticket.id and a.kind is draft.kind is not None]
    words = " ".join(x for x in (draft.title, draft.area, draft.symptom) if x)
    return search(others, words, limit)


def trends(articles: Iterable[Article]) -> tuple[Trend, ...]:
    """Counts by month, kind and area, the newest month and the largest count first."""
    counts = Counter((f"{a.at:%Y-%m}", a.kind, a.area) for a in articles)
    rows = [Trend(month, kind, area, n) for (month, kind, area), n in counts.items()]
    rows.sort(key=lambda t: (t.kind or "", t.area or ""))
    rows.sort(key=lambda t: (t.month, t.count), reverse=True)
    return tuple(rows)


def _words(article: Article) -> list[str]:
    title = [article.title, article.kind or "", article.area or "", article.id]
    body = [getattr(article, head) for head in _HEADS]
    return tokens(" ".join(title)) * _TITLE_WEIGHT + tokens(" ".join([*body, *article.feedback]))


def _query_tokens(query: str) -> list[str]:
    # A single character counts only when it stands alone: 口 alone would find every 人口.
    runs = _RUNS.findall(query.casefold())
    return [t for run in runs for t in tokens(run) if len(run) == 1 or len(t) > 1 or t.isascii()]


def _rarity(containing: int, total: int) -> float:
    return math.log(1 + (total - containing + 0.5) / (containing + 0.5))


def _bm25(frequency: int, relative_length: float) -> float:
    return frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * relative_length))


# --- what an article says ------------------------------------------------------------------------


def _symptom(ticket: Case) -> str:
    said = [r.symptom for r in ticket.reports if r.symptom]
    if not said and ticket.diagnosis and ticket.diagnosis.symptom:
        said = [ticket.diagnosis.symptom]
    return "\n".join(f"- {text}" for text in dict.fromkeys(said)) or "Nobody called."


def _diagnosis(ticket: Case) -> str:
    lines = [ticket.cause_text or "No cause was found."]
    if ticket.diagnosis and ticket.cause:
        known = [
            ticket.diagnosis.finding(i) for i in (*ticket.cause.because, *ticket.cause.explains)
        ]
        lines += [f"- {f.kind}: {f.summary}" for f in known if f is not None]
    return "\n".join(lines)


def _fix(ticket: Case) -> str:
    if ticket.fix:
        return ticket.fix
    if ticket.close_reason:
        return f"Closed without a verified fix: {ticket.close_reason}"
    plan = ticket.diagnosis.plan if ticket.diagnosis else ()
    approved = {a.step for a in ticket.approvals}
    done = [s.summary for s in plan if s.step in approved and s.action not in ("look", "record")]
    return "\n".join(f"- {summary}" for summary in done) or "Not recorded."


def _prevention(ticket: Case) -> str:
    parts = []
    for advice in ticket.diagnosis.advice if ticket.diagnosis else ():
        where = " ".join(x for x in (advice.device, advice.interface) if x)
        lines = "".join(f"\n      {line}" for line in advice.lines)
        parts.append(f"- {advice.title}{f' ({where})' if where else ''}: {advice.why}{lines}")
    return "\n".join(parts) or "None recorded."
