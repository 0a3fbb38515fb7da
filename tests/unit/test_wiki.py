"""Articles in the team's wiki: made once, changed where ours, left alone where a person wrote.

The two wikis answer here as their documentation says; a question outside of it is answered 400.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from netdiag import kb
from netdiag.errors import AccessDenied, FileFormatError, Unreachable, UsageError
from netdiag.files import process
from netdiag.outside import wiki as wikis
from tests import incident
from tests.unit.test_report import HOSTILE, hostile

pytest.importorskip("httpx2", reason="pip install 'netdiag[sync]'")

TOKEN = "Sentinel-id:Sentinel-5e1f"


class Server:
    """One of the two wikis on 127.0.0.1; `status` answers everything with that status."""

    def __init__(self) -> None:
        self.pages: dict[int, dict[str, Any]] = {}
        self.status: int | None = None
        wiki = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                status, answer = wiki.answer(self.command, self.path, body, self.headers)
                octets = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            do_GET = do_POST = do_PUT = _any  # noqa: N815  (names of the library)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, verb: str, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        if self.status is not None:
            return self.status, {
                "error": {"message": f"no, {TOKEN} is refused", "code": self.status}
            }
        return self.respond(verb, path, body, headers)

    def respond(self, verb: str, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        raise NotImplementedError


class BookStack(Server):
    kind, options = "bookstack", "book: 7"

    def respond(self, verb: str, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        if headers["Authorization"] != f"Token {TOKEN}":
            return 401, {"error": {"message": "No authorization token found", "code": 401}}
        url = urlsplit(path)
        if verb == "GET" and url.path == "/api/search":
            wanted = parse_qs(url.query)["query"][0]
            tag = wanted.removeprefix("[netdiag=").removesuffix("] {type:page}")
            rows = [
                {k: p[k] for k in ("id", "book_id", "name", "tags")} | {"type": "page"}
                for p in self.pages.values()
                if any(t["value"].startswith(tag) for t in p["tags"])
            ]
            return 200, {"data": rows, "total": len(rows)}
        if verb == "GET":
            return 200, self.pages[int(url.path.removeprefix("/api/pages/"))]
        if {"name", "markdown", "book_id", "tags"} != set(body) or len(body["name"]) > 255:
            return 422, {"error": {"message": "The given data was invalid.", "code": 422}}
        number = len(self.pages) + 1 if verb == "POST" else int(url.path.rsplit("/", 1)[1])
        self.pages[number] = body | {
            "id": number,
            "markdown": body["markdown"].replace("\n", "\r\n"),
        }
        return 200, self.pages[number]

    def text(self, number: int) -> str:
        return str(self.pages[number]["markdown"])

    def edit(self, number: int, old: str, new: str) -> None:
        self.pages[number]["markdown"] = self.text(number).replace(old, new)


class WikiJs(Server):
    kind, options = "wikijs", "path: lessons"

    def respond(self, verb: str, path: str, body: Any, headers: Any) -> tuple[int, Any]:
        if headers["Authorization"] != f"Bearer {TOKEN}":
            return 200, {"errors": [{"message": "Forbidden"}], "data": {"pages": None}}
        assert (verb, path) == ("POST", "/graphql")
        query, said = body["query"], body["variables"]
        if "singleByPath" in query:
            found = next((p for p in self.pages.values() if p["path"] == said["path"]), None)
            if found is None:
                gone = {
                    "message": "This page does not exist.",
                    "extensions": {"exception": {"code": 6003}},
                }
                return 200, {"errors": [gone], "data": {"pages": {"singleByPath": None}}}
            return 200, {
                "data": {"pages": {"singleByPath": {k: found[k] for k in ("id", "content")}}}
            }
        verb = "update" if "update(" in query else "create"
        number = said["id"] if verb == "update" else len(self.pages) + 1
        self.pages[number] = said | {"id": number}
        done = {
            "responseResult": {"succeeded": True, "errorCode": 0, "slug": "ok", "message": "done"}
        }
        return 200, {"data": {"pages": {verb: done}}}

    def text(self, number: int) -> str:
        return str(self.pages[number]["content"])

    def edit(self, number: int, old: str, new: str) -> None:
        self.pages[number]["content"] = self.text(number).replace(old, new)


@pytest.fixture(params=[BookStack, WikiJs])
def there(request: pytest.FixtureRequest) -> Iterator[Any]:
    server = request.param()
    yield server
    server.server.shutdown()
    server.server.server_close()


def adapter(server: Any, tmp_path: Path, token: str = TOKEN) -> wikis.Wiki:
    file = tmp_path / "process.yaml"
    file.write_text(
        f"wikis:\n  team:\n    kind: {server.kind}\n    url: {server.url}\n    token: file:{tmp_path / 'token'}\n    {server.options}\n"
    )
    (tmp_path / "token").write_text(token)
    (tmp_path / "token").chmod(0o600)
    return wikis.connect(process.load(file).wiki(None))


CASE = kb.from_ticket(incident.closed())


def test_an_article_is_one_page_however_often_it_is_published(there: Any, tmp_path: Path) -> None:
    wiki = adapter(there, tmp_path)
    assert wikis.publish(wiki, [CASE]).created == (CASE.id,)
    assert wikis.publish(wiki, [CASE]).same == (CASE.id,)
    assert len(there.pages) == 1
    assert "## Prevention" in there.text(1)
    changed = kb.with_feedback(CASE, "helped me")
    assert wikis.publish(wiki, [changed]).updated == (CASE.id,)
    assert "helped me" in there.text(1)
    assert len(there.pages) == 1


def test_a_page_that_a_person_edited_is_left_alone(there: Any, tmp_path: Path) -> None:
    wiki = adapter(there, tmp_path)
    wikis.publish(wiki, [CASE])
    there.edit(1, "## Fix", "## Fix\n\nLook under the desk first.\n\n")
    assert wikis.publish(wiki, [kb.with_feedback(CASE, "new")]).edited == (CASE.id,)
    assert "Look under the desk first." in there.text(1)


def test_an_id_that_begins_like_another_is_another_page(there: Any, tmp_path: Path) -> None:
    wiki = adapter(there, tmp_path)
    longer = replace(CASE, id=CASE.id + "1")
    assert len(wikis.publish(wiki, [longer, CASE]).created) == 2
    assert len(wikis.publish(wiki, [longer, CASE]).same) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text_in_the_page(there: Any, tmp_path: Path, text: str) -> None:
    article = kb.from_ticket(hostile(text))
    wikis.publish(adapter(there, tmp_path), [article])
    prose = [x for x in there.text(1).splitlines() if not x.startswith("        ")]
    assert not [x for x in prose if "<script" in x.replace("\\<", "")]
    assert not [x for x in prose if "](javascript" in x.replace("\\]", "")]


def test_a_wrong_login_is_said_without_the_token(there: Any, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied) as refused:
        wikis.publish(adapter(there, tmp_path, "wrong-Sentinel"), [CASE])
    assert "Sentinel" not in str(refused.value)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_wiki_that_is_away_is_tried_again_another_time(
    there: Any, tmp_path: Path, status: int
) -> None:
    there.status = status
    with pytest.raises(Unreachable) as away:
        wikis.publish(adapter(there, tmp_path), [CASE])
    assert "Sentinel" not in str(away.value)


def test_one_refused_article_does_not_stop_the_rest(tmp_path: Path) -> None:
    server = BookStack()
    long = replace(CASE, id="T-long", title="x")
    wiki = adapter(server, tmp_path)
    server.pages[9] = {
        "id": 9,
        "book_id": 7,
        "name": "?",
        "tags": [{"name": "netdiag", "value": "T-long"}],
    }
    server.pages[9]["markdown"] = kb.to_wiki(long)
    original = server.respond
    server.respond = lambda v, p, b, h: (422, {}) if v == "PUT" else original(v, p, b, h)  # type: ignore[method-assign, assignment]
    done = wikis.publish(wiki, [kb.with_feedback(long, "more"), CASE])
    assert [a for a, _ in done.rejected] == ["T-long"]
    assert done.created == (CASE.id,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("wikis: {a: {kind: bookstack, url: 'https://w', token: x}}", "book"),
        ("wikis: {a: {kind: wikijs, url: 'http://w.example', token: x}}", "https"),
        ("wikis: {a: {kind: confluence, url: 'https://w', token: x}}", "bookstack, wikijs"),
        ("wikis: {a: {kind: wikijs, url: 'https://w', token: x, path: '../x'}}", "path"),
    ],
)
def test_a_wrong_entry_is_said_with_its_key(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "process.yaml").write_text(text)
    with pytest.raises((FileFormatError, UsageError), match=words):
        process.load(tmp_path / "process.yaml")


def test_which_wiki_is_asked_where_there_are_several() -> None:
    with pytest.raises(UsageError, match="none"):
        process.Process().wiki(None)
