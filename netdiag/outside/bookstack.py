"""BookStack by its REST API (https://demo.bookstackapp.com/api/docs): pages of one book, marked by a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdiag.errors import Rejected
from netdiag.outside.web import Web
from netdiag.outside.wiki import Page

if TYPE_CHECKING:
    from netdiag.files.process import System

_TAG = "netdiag"


class Adapter:
    """One book. The token is `TOKEN_ID:TOKEN_SECRET`, as BookStack shows the two."""

    def __init__(self, system: System) -> None:
        token = system.secret("token")
        value = token.reveal() if token else ""
        self._book = int(system.options["book"])
        self._web = Web(
            system.name,
            f"{system.url}/api/",
            headers={"Authorization": f"Token {value}"},
            secrets=[value, *value.split(":")],
        )

    def find(self, article: str) -> Page | None:
        answer = self._web.get("search", query=f"[{_TAG}={article}] {{type:page}}", count=20)
        for found in _rows(answer):
            tags = {(t.get("name"), t.get("value")) for t in found.get("tags") or ()}
            if (_TAG, article) in tags and found.get("book_id") == self._book:
                page = self._web.get(f"pages/{int(found['id'])}")
                return Page(str(page["id"]), str(page.get("markdown") or ""))
        return None

    def create(self, article: str, title: str, markdown: str) -> None:
        self._web.send("POST", "pages", self._body(article, title, markdown))

    def update(self, page: str, article: str, title: str, markdown: str) -> None:
        self._web.send("PUT", f"pages/{int(page)}", self._body(article, title, markdown))

    def _body(self, article: str, title: str, markdown: str) -> dict[str, Any]:
        tags = [{"name": _TAG, "value": article}]
        return {"book_id": self._book, "name": title[:255], "markdown": markdown, "tags": tags}


def _rows(answer: Any) -> list[dict[str, Any]]:
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(r, dict) and "id" in r for r in rows):
        raise Rejected("BookStack's search answers something else than a list of pages")
    return rows
