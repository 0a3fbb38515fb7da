"""Texts and times of other systems."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from netdiag.errors import Rejected
from netdiag.text import clean

_LINES = 200
_LINE = 1000


def lines(text: str) -> str:
    """Several lines, each without anything that a terminal or a page would obey."""
    parts = text.replace("\r\n", "\n").split("\n")[:_LINES]
    return "\n".join(clean(part, _LINE).rstrip() for part in parts).strip()


def moment(text: object) -> datetime:
    """A time of ISO 8601, or `YYYY-MM-DD HH:MM:SS`; without a zone it is UTC."""
    said = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", str(text).strip())
    try:
        at = datetime.fromisoformat(said)
    except ValueError as exc:
        raise Rejected(f"{clean(said, 60)!r} is no time") from exc
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def escaped(text: str) -> str:
    """Plain text as HTML that shows exactly its letters, for systems that store HTML."""
    return html.escape(text).replace("\n", "<br>\n")


def plain(markup: str) -> str:
    """The words of a piece of HTML."""
    reader = _Words()
    reader.feed(markup)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._hidden += tag in ("script", "style")
        if tag in ("br", "p", "div", "li", "tr"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
