"""Notifications through apprise, against an HTTP server of our own: once each, and late rather than lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from netdiag import notices, ticket
from netdiag.files import process
from netdiag.store import Store
from netdiag.ticket import Report
from tests.hostile import HOSTILE, obeyed
from tests.incident import AT, after

pytest.importorskip("apprise", reason="apprise is not installed: netdiag[notify]")


class Inbox:
    """What apprise's json:// addresses post."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.status = 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if inbox.status == 200:
                    inbox.posts.append(json.loads(body))
                self.send_response(inbox.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://user:Sentinel-8d@127.0.0.1:{self.server.server_address[1]}/x"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "nd.db") as opened:
        yield opened


@pytest.fixture
def team(tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> process.Process:
    monkeypatch.setenv("NOC", inbox.url)
    file = tmp_path / "process.yaml"
    file.write_text(
        "teams: {dba: {trade: databases, notify: ['env:NOC']}}\n"
        "notify: [{to: 'env:NOC', on: [opened, breached, closed], from_priority: P3}]\n"
    )
    return process.load(file)


def opened(store: Store, affected: int = 5, symptom: str = "no network") -> ticket.Ticket:
    report = Report(AT, "Wang", site="HQ", floor="3F", symptom=symptom, affected=affected)
    return store.save_ticket(ticket.open(store.next_ticket_id(AT), AT, report=report))


def test_each_event_is_told_once(store: Store, team: process.Process, inbox: Inbox) -> None:
    t = opened(store)
    for _ in range(3):
        assert notices.announce(store, team, [t], AT) == ()
    assert [p["title"] for p in inbox.posts] == [f"{t.id} P3 opened: no network"]
    t = store.change_ticket(
        t.id, lambda x: ticket.escalate(x, "dba", "slow query?", after(60), "ann")
    )
    notices.announce(store, team, [t], after(60))
    assert "escalated to dba: slow query?" in inbox.posts[-1]["message"]
    late = after(30 * 3600)
    notices.announce(store, team, [t], late)
    notices.announce(store, team, [t], late)
    assert sum("breached" in p["title"] for p in inbox.posts) == 1
    assert len(inbox.posts) == 3


def test_a_low_priority_is_not_told(store: Store, team: process.Process, inbox: Inbox) -> None:
    notices.announce(store, team, [opened(store, affected=1)], AT)
    assert inbox.posts == []


def test_what_cannot_go_out_is_said_and_goes_later(
    store: Store, team: process.Process, inbox: Inbox
) -> None:
    t = opened(store)
    inbox.status = 500
    (said,) = notices.announce(store, team, [t], AT)
    assert "not told yet" in said
    assert "Sentinel-8d" not in said
    inbox.status = 200
    assert notices.announce(store, team, [], after(1)) == (), "not before its time"
    assert inbox.posts == []
    notices.announce(store, team, [], after(120))
    assert len(inbox.posts) == 1


def test_the_past_of_a_database_is_not_told(
    store: Store, team: process.Process, inbox: Inbox
) -> None:
    t = opened(store)
    notices.announce(store, team, [t], AT + timedelta(minutes=20))
    assert inbox.posts == []


def test_a_missing_secret_and_an_unknown_address_are_said(
    store: Store, team: process.Process, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    t = opened(store)
    monkeypatch.delenv("NOC")
    assert any("env:NOC" in s for s in notices.announce(store, team, [t], AT))
    monkeypatch.setenv("NOC", "nonsense-Sentinel-8d")
    (said,) = notices.announce(store, team, [], after(120))
    assert "does not know such an address" in said
    assert "Sentinel-8d" not in said
    assert store.outbox.rejected("notify")


def test_no_address_is_kept_in_the_database(
    store: Store, team: process.Process, inbox: Inbox
) -> None:
    notices.announce(store, team, [opened(store)], AT)
    assert b"Sentinel-8d" not in store.path.read_bytes()


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_words_arrive_as_words(
    store: Store, team: process.Process, inbox: Inbox, name: str
) -> None:
    words = HOSTILE[name]
    notices.announce(store, team, [opened(store, symptom=words)], AT)
    (post,) = inbox.posts
    assert obeyed(post["title"] + post["message"]) == []
    assert "\n" not in post["title"]
    assert len(post["title"]) < 300
