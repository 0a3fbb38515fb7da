"""Times, durations and hostile words as a report shows them: readable, and never obeyed."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from netdiag.text import clean, escape_markdown

_LINE_LIMIT = 2000
_BLOCK_LIMIT = 20_000


def duration(seconds: float | None) -> str:
    """`48 s`, `4 min 12 s`, `2 h 5 min`, `3 days 2 h`."""
    if seconds is None:
        return "–"
    whole = max(round(seconds), 0)
    for size, word, smaller, lesser in (
        (86400, "days", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            head = f"{whole // size} {'day' if word == 'days' and whole < 2 * size else word}"
            return f"{head} {rest} {lesser}" if rest else head
    return f"{whole} s"


def line(value: object) -> str:
    """One safe line; a dash for what is not known or empty."""
    text = clean(str(value), _LINE_LIMIT).strip() if value is not None else ""
    return text or "–"


def block(value: object) -> str:
    """Several safe lines, e.g. what a device answered."""
    lines = str(value or "")[:_BLOCK_LIMIT].replace("\r\n", "\n").split("\n")
    return "\n".join(clean(text, _LINE_LIMIT).rstrip() for text in lines).strip("\n")


def markdown(value: Any) -> Any:
    """A value as Markdown text that shows exactly its letters (jinja's `finalize`)."""
    if isinstance(value, Markup):
        return value
    return Markup(escape_markdown(line(value)))  # noqa: S704  (it is escaped for Markdown here)


def html(value: Any) -> Any:
    """A value without anything that a reader's machine would obey; autoescape does the rest."""
    return value if isinstance(value, Markup) else line(value)


def html_block(value: object) -> Markup:
    """Several lines for a `pre`."""
    return escape(block(value))


def code_block(value: object) -> Markup:
    """A fenced block that its own content cannot end, however many backticks it has."""
    text = block(value)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}text\n{text}\n{fence}")  # noqa: S704  (a fence longer than any inside)
