"""Wiki.js 2 by its GraphQL API (https://docs.requarks.io/dev/api): one page an article, found by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netdiag.errors import AccessDenied, Rejected
from netdiag.outside.web import Web
from netdiag.outside.wiki import Page

if TYPE_CHECKING:
    from netdiag.files.process import System

_FIND = """query($path: String!, $locale: String!) {
  pages { singleByPath(path: $path, locale: $locale) { id content } } }"""
_ARGUMENTS = (
    "content: $content, description: $description, editor: $editor, isPublished: true,"
    " isPrivate: false, locale: $locale, path: $path, tags: $tags, title: $title"
)
_TYPES = (
    "$content: String!, $description: String!, $editor: String!, $locale: String!, $path: String!,"
    " $tags: [String]!, $title: String!"
)
_RESULT = "responseResult { succeeded errorCode slug message }"
_CREATE = f"mutation({_TYPES}) {{ pages {{ create({_ARGUMENTS}) {{ {_RESULT} }} }} }}"
_UPDATE = (
    f"mutation($id: Int!, {_TYPES}) {{ pages {{ update(id: $id, {_ARGUMENTS}) {{ {_RESULT} }} }} }}"
)
_NO_SUCH_PAGE = 6003


class Adapter:
    """The pages below one path, e.g. `lessons`."""

    def __init__(self, system: System) -> None:
        token = system.secret("token")
        value = token.reveal() if token else ""
        self._path, self._locale = system.options["path"], system.options["locale"]
        self._web = Web(
            system.name,
            f"{system.url}/",
            headers={"Authorization": f"Bearer {value}"},
            secrets=[value],
        )

    def find(self, article: str) -> Page | None:
        pages = self._ask(_FIND, path=self._where(article), locale=self._locale)
        found = pages.get("singleByPath")
        return None if found is None else Page(str(found["id"]), str(found["content"]))

    def create(self, article: str, title: str, markdown: str) -> None:
        _succeeded(self._ask(_CREATE, **self._values(article, title, markdown)).get("create"))

    def update(self, page: str, article: str, title: str, markdown: str) -> None:
        values = self._values(article, title, markdown)
        _succeeded(self._ask(_UPDATE, id=int(page), **values).get("update"))

    def _where(self, article: str) -> str:
        return f"{self._path.strip('/')}/{article}".lower()

    def _values(self, article: str, title: str, markdown: str) -> dict[str, Any]:
        return {
            "content": markdown,
            "description": "Written by netdiag",
            "editor": "markdown",
            "locale": self._locale,
            "path": self._where(article),
            "tags": ["netdiag"],
            "title": title[:255],
        }

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self._web.send("POST", "graphql", {"query": query, "variables": variables})
        pages = (answer.get("data") or {}).get("pages") if isinstance(answer, dict) else None
        for error in (answer.get("errors") or ()) if isinstance(answer, dict) else ():
            code = ((error.get("extensions") or {}).get("exception") or {}).get("code")
            if code == _NO_SUCH_PAGE:
                return {}
            said = str(error.get("message"))
            raise (
                AccessDenied
                if "forbidden" in said.lower() or "authorized" in said.lower()
                else Rejected
            )(f"Wiki.js answers: {said[:200]}")
        if not isinstance(pages, dict):
            raise Rejected("Wiki.js answers something else than pages")
        return pages


def _succeeded(result: Any) -> None:
    said = (result or {}).get("responseResult") or {}
    if not said.get("succeeded"):
        raise Rejected(f"Wiki.js answers: {str(said.get('message') or 'nothing')[:200]}")
