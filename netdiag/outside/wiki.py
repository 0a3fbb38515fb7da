"""The team's wiki behind one small interface: an article is a page, found again by its mark.

An edited page is not overwritten: where the wiki's text is not what was last published there, a
person changed it, and that is said. Pages are Markdown; what devices said in them is escaped already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from netdiag import kb
from netdiag.errors import Rejected, UsageError
from netdiag.kb.page import file_name

if TYPE_CHECKING:
    from netdiag.files.process import System


@dataclass(frozen=True, slots=True)
class Page:
    """An article as it stands over there."""

    id: str
    """The wiki's own name of it."""
    markdown: str


class Wiki(Protocol):
    """What an adapter does: three verbs. `article`: the article's id in letters, digits, dots, dashes."""

    def find(self, article: str) -> Page | None:
        """The page of that article."""

    def create(self, article: str, title: str, markdown: str) -> None:
        """A new page with its mark."""

    def update(self, page: str, article: str, title: str, markdown: str) -> None:
        """A new text of a page."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of each article."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    """Pages that a person changed over there: left alone."""
    rejected: tuple[tuple[str, str], ...] = ()
    """(article, why)."""


def publish(wiki: Wiki, articles: Iterable[kb.Article]) -> Published:
    """Every article on its page. `Unreachable` and `AccessDenied` end it: what is there stays there."""
    done: dict[str, list[str]] = {"created": [], "updated": [], "same": [], "edited": []}
    rejected: list[tuple[str, str]] = []
    for article in articles:
        try:
            done[_put(wiki, article)].append(article.id)
        except Rejected as exc:
            rejected.append((article.id, str(exc)))
    return Published(**{k: tuple(v) for k, v in done.items()}, rejected=tuple(rejected))


def _put(wiki: Wiki, article: kb.Article) -> str:
    text, name = kb.to_wiki(article), file_name(article).removesuffix(".md")
    page = wiki.find(name)
    if page is None:
        wiki.create(name, article.title, text)
        return "created"
    if kb.edited_wiki(page.markdown):
        return "edited"
    if page.markdown.split() == text.split():
        return "same"
    wiki.update(page.id, name, article.title, text)
    return "updated"


def connect(system: System) -> Wiki:
    """The adapter for the team's wiki."""
    import importlib

    if system.kind not in ("bookstack", "wikijs"):
        raise UsageError(f"{system.name}: no adapter for {system.kind!r}")
    adapter: Wiki = importlib.import_module(f"netdiag.outside.{system.kind}").Adapter(system)
    return adapter
