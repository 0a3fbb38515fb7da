"""An article as a file: Markdown with front matter, for a folder that a team keeps in git.

The front matter's values are JSON (which is YAML too), so that any generator and any editor takes
it. `written` is the hash of what netdiag wrote: where the file no longer has it, a person edited.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime

from netdiag.errors import UsageError
from netdiag.kb.article import Article, plain
from netdiag.model import Kind
from netdiag.text import clean, escape_markdown, inert_json

_HEADS = {
    "symptom": "Symptom",
    "diagnosis": "How it was found",
    "cause": "Cause",
    "fix": "Fix",
    "prevention": "Prevention",
    "evidence": "Evidence",
}
_FRONT = ("id", "title", "at", "kind", "area", "device", "interface", "platform")
_FIGURES = ("named_in_s", "restored_in_s")


def to_markdown(article: Article) -> str:
    """The article as a file; `from_markdown` reads it back."""
    body = _body(article)
    front = {name: getattr(article, name) for name in (*_FRONT, *_FIGURES)} | {
        "at": article.at.isoformat(),
        "reviewed": article.reviewed.isoformat() if article.reviewed else None,
        "reviewed_by": article.reviewed_by,
    }
    lines = [f"{key}: {_flow(value)}" for key, value in front.items() if value is not None]
    mark = _hash("\n".join(lines) + "\n" + body)
    return "\n".join(["---", *lines, f"written: {_flow(mark)}", "---", "", body])


def edited(text: str) -> bool:
    """Whether a person changed the file since netdiag wrote it."""
    match = re.match(r'\A---\n(.*)\nwritten: "([0-9a-f]{16})"\n---\n\n(.*)\Z', text, re.DOTALL)
    return match is None or _hash(match[1] + "\n" + match[3]) != match[2]


def to_wiki(article: Article) -> str:
    """The article for a wiki, which has its own front matter: the text, and what it was when written."""
    facts = [article.kind, article.area, article.device, article.interface, article.platform]
    body = f"*{escape_markdown(clean(', '.join(str(f) for f in facts if f)))}*\n\n{_body(article)}"
    return f"{body}\n\nnetdiag {_hash(_squeezed(body))}\n"


def edited_wiki(text: str) -> bool:
    """Whether a person changed the page since netdiag wrote it; spaces at the ends of lines do not count."""
    match = re.match(r"\A(.*)\n\nnetdiag ([0-9a-f]{16})\Z", _squeezed(text), re.DOTALL)
    return match is None or _hash(_squeezed(match[1])) != match[2]


def _squeezed(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def index(articles: Iterable[Article]) -> str:
    """The folder's first page: every article under its kind, the newest first."""
    by_kind: dict[str, list[Article]] = {}
    for a in sorted(articles, key=lambda a: (a.at, a.id), reverse=True):
        by_kind.setdefault(str(a.kind or "other"), []).append(a)
    parts = [
        f"## {kind}\n\n"
        + "\n".join(f"- {a.at:%Y-%m-%d} [{plain(a.title)}]({file_name(a)})" for a in by_kind[kind])
        for kind in sorted(by_kind)
    ]
    return "\n\n".join(["# What our incidents taught", *parts]) + "\n"


def file_name(article: Article) -> str:
    """A name that every file system and URL takes: letters, digits, dots, dashes."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", article.id).strip(".-")[:80]
    # Two ids that differ only in what was replaced must not share a file.
    return (
        f"{safe}.md"
        if safe and safe == article.id
        else f"{safe or 'article'}-{_hash(article.id)[:6]}.md"
    )


def _body(article: Article) -> str:
    parts = [
        f"## {title}\n\n{_indent_heads(getattr(article, name))}" for name, title in _HEADS.items()
    ]
    said = [f"- {_inert(text)}" for text in article.feedback]
    return "\n".join(["\n\n".join(parts), "", "## Feedback", "", *said, ""])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
            platform=_text(front.get("platform")),
            restored_in_s=_number(front.get("restored_in_s")),
            named_in_s=_number(front.get("named_in_s")),
            reviewed=datetime.fromisoformat(str(front["reviewed"]))
            if front.get("reviewed")
            else None,
            reviewed_by=_text(front.get("reviewed_by")),
            feedback=_said(sections.get("feedback", "")),
            # Earlier files had the field's name as heading.
            **{n: sections.get(t.lower(), sections.get(n, "")) for n, t in _HEADS.items()},
        )
    except KeyError as exc:
        raise UsageError(f"the article's front matter lacks {exc}") from exc
    except ValueError as exc:
        raise UsageError(f"the article's front matter: {exc}") from exc


def _flow(value: object) -> str:
    """A value on one line, for JSON and for YAML: U+0085, U+2028 and U+2029 end a line for some readers."""
    return inert_json(json.dumps(value, ensure_ascii=False))


def _inert(text: str) -> str:
    """A JSON string in which no Markdown reader finds a tag, a link or code."""
    return re.sub(r"[<>&\[\]`]", lambda m: f"\\u{ord(m[0]):04x}", _flow(text))


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
