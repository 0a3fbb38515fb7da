"""The adapters against the documented answers: the same life of a ticket for each, and every fault."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdiag import sync, ticket
from netdiag.files import process
from netdiag.store import Store
from netdiag.ticket import Report, Ticket
from tests.ticket_systems import ANN, SECRET, SYSTEMS, Fake, Item

pytest.importorskip("httpx2", reason="httpx2 is not installed: netdiag[sync]")
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class World:
    """One store, one fake system, and a clock that the test moves."""

    def __init__(self, folder: Path, fake: Fake) -> None:
        self.fake, self.at = fake, AT
        file = folder / "process.yaml"
        file.write_text(
            f'systems: {{them: {{kind: {fake.kind}, url: "{fake.url}", {fake.options}}}}}\n'
        )
        self.system = process.load(file).system("them")
        self.store = Store(folder / "nd.db")
        self.heard: list[str] = []

    def open(self, symptom: str = "no network", reporter: str = "Wang") -> Ticket:
        report = Report(self.at, reporter, site="HQ", floor="3F", symptom=symptom)
        number = self.store.next_ticket_id(self.at)
        return self.store.save_ticket(ticket.open(number, self.at, report=report))

    def note(self, t: Ticket, text: str) -> None:
        self.store.change_ticket(t.id, lambda x: ticket.note(x, text, self.at, "bo"))

    def sync(self, *, later: float = 3600.0) -> sync.Synced:
        self.at += timedelta(seconds=later)
        return sync.sync(self.store, self.system, self.at, tell=self.heard.append)

    def item(self) -> Item:
        (only,) = self.fake.items.values()
        return only

    def ours(self, t: Ticket) -> Ticket:
        return self.store.ticket(t.id)


@pytest.fixture(params=SYSTEMS, ids=lambda s: s.kind)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setenv("S", SECRET)
    monkeypatch.setenv("APP", "app")
    fake = request.param()
    made = World(tmp_path, fake)
    yield made
    made.store.close()
    fake.stop()


def test_a_ticket_lives_in_both(world: World) -> None:
    t = world.open("断网 <b>no</b> network")
    done = world.sync()
    assert done.error is None, done
    assert done.rejected == 0, world.heard
    item = world.item()
    assert "断网" in item.title
    assert len(item.comments()) == 1, "the call itself"

    world.fake.said(item, ANN, "comment", "seen it\ntoo 二")
    world.note(t, "the switch is in the basement")
    world.sync()
    timeline = world.ours(t).timeline
    (theirs,) = [e for e in timeline if e.origin]
    assert theirs.text == "seen it\ntoo 二"
    assert theirs.who.endswith("(them)")
    assert sum("basement" in c for c in item.comments()) == 1

    world.store.change_ticket(
        t.id, lambda x: ticket.wait_for(x, "user", "which cable?", world.at, "bo")
    )
    world.sync()
    assert item.state == "waiting"
    assert world.ours(t).waiting, "our own change does not come back as theirs"
    world.store.change_ticket(t.id, lambda x: ticket.resumed(x, world.at))
    world.sync()
    world.sync()
    assert item.state == "open"
    assert world.ours(t).waiting is None

    world.fake.said(item, ANN, "state", "solved")
    world.sync()
    now = world.ours(t)
    assert now.fix is not None
    assert "resolved in them" in now.fix
    assert now.closed is None, "the embedded store stays the truth"
    world.store.change_ticket(t.id, lambda x: ticket.close(x, world.at, "bo", reason="done"))
    world.sync()
    assert item.state == "solved"

    before = list(item.comments())
    quiet = world.sync()
    assert (quiet.sent, quiet.received, quiet.waiting, quiet.error) == (0, 0, 0, None)
    assert item.comments() == before
    assert len(set(before)) == len(before)
    assert len(world.fake.items) == 1


def test_an_answer_that_gets_lost_doubles_nothing(world: World) -> None:
    """The system did it, and the connection broke before it could say so."""
    t = world.open()
    world.fake.lose_answer_to = world.fake.create
    first = world.sync()
    assert first.error is not None
    assert len(world.fake.items) == 1
    assert world.sync().error is None
    assert len(world.fake.items) == 1

    world.note(t, "once only")
    world.fake.lose_answer_to = world.fake.comment
    assert world.sync().error is not None
    assert world.sync().error is None
    assert sum("once only" in c for c in world.item().comments()) == 1


def test_away_for_a_day_nothing_is_lost_and_the_order_stays(world: World) -> None:
    t = world.open()
    world.sync()
    world.fake.fault = lambda m, p: (502, {}, "<html>Bad gateway</html>")
    for n in range(5):
        world.note(t, f"note {n}")
        assert world.sync(later=5).error
    world.fake.fault = lambda m, p: None
    assert world.sync().error is None
    said = [c for c in world.item().comments() if "note" in c]
    assert [c.split("note ")[1][0] for c in said if "(note)" in c] == list("01234")


def test_a_refused_login_is_said_without_the_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.open()
    monkeypatch.setenv("S", SECRET + "-wrong")
    done = world.sync()
    assert done.error is not None
    assert "401" in done.error
    assert done.waiting
    said = done.error + "".join(world.heard)
    assert SECRET not in said
    assert base64.b64encode(f"netdiag:{SECRET}-wrong".encode()).decode() not in said
    monkeypatch.setenv("S", SECRET)
    world.fake.items.clear()
    assert world.sync().error is None
    assert len(world.fake.items) == 1


def test_a_missing_secret_is_said_and_nothing_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.open()
    monkeypatch.delenv("S")
    done = world.sync()
    assert "env:S" in (done.error or "")
    assert world.fake.asked == []


def test_too_many_requests_are_not_repeated_before_the_time_named(world: World) -> None:
    world.open()
    world.fake.fault = lambda m, p: (429, {"Retry-After": "900"}, '{"message": "slow down"}')
    done = world.sync()
    assert "429" in (done.error or "")
    asked = len(world.fake.asked)
    world.fake.fault = lambda m, p: None
    assert world.sync(later=600).sent == 0
    assert not any(m == "POST" and "Session" not in p for m, p in world.fake.asked[asked:])
    assert world.sync(later=600).error is None
    assert len(world.fake.items) == 1


def test_a_hiccup_while_reading_is_tried_again_at_once(world: World) -> None:
    world.open()
    left = [2]

    def hiccup(method: str, path: str) -> tuple[int, dict[str, str], str] | None:
        if method == "GET" and left[0]:
            left[0] -= 1
            return 503, {"Retry-After": "0"}, ""
        return None

    world.fake.fault = hiccup
    assert world.sync().error is None
    assert left == [0]


@pytest.mark.parametrize("status", [400, 409, 422])
def test_what_is_refused_for_good_stays_to_be_seen_and_others_go_on(
    world: World, status: int
) -> None:
    world.open("first")
    refused = [1]

    def refuse(method: str, path: str) -> tuple[int, dict[str, str], str] | None:
        if f"{method} {path}" == world.fake.create and refused[0]:
            refused[0] -= 1
            return status, {}, '{"errors": ["\\u001b[31mNo \\u202e such field"]}'
        return None

    world.fake.fault = refuse
    world.at += timedelta(hours=2)
    world.open("second, elsewhere")
    done = world.sync()
    assert done.rejected == 1
    assert str(status) in (done.error or "")
    assert "\x1b" not in (done.error or "")
    assert "\u202e" not in (done.error or "")
    assert [("second" in i.title) for i in world.fake.items.values()] == [True]
    world.store.outbox.again("them")
    assert world.sync().error is None
    assert len(world.fake.items) == 2


@pytest.mark.parametrize(
    "body", ["<html>login</html>", '{"unexpected": 1}', "[]", "null", "7", '"x"']
)
def test_an_answer_that_is_none_is_no_crash(world: World, body: str) -> None:
    world.open()
    world.fake.fault = lambda m, p: (200, {}, body)
    done = world.sync()
    assert done.error is not None
    assert world.store.outbox.pending("them") or done.rejected
    assert world.ours(world.store.tickets()[0]).reports


def test_a_redirect_is_not_followed_with_the_token(world: World) -> None:
    world.open()
    world.fake.fault = lambda m, p: (302, {"Location": "http://127.0.0.1:1/"}, "")
    done = world.sync()
    assert "302" in (done.error or "")


def test_nobody_there_costs_little_time(world: World) -> None:
    world.open()
    world.fake.stop()
    started = time.monotonic()
    done = world.sync()
    assert done.error is not None
    assert done.waiting
    assert time.monotonic() - started < 30


def test_our_marks_are_found_and_quoted_ones_are_not() -> None:
    from netdiag.outside import key_of, mark

    key = "0a1b2c3d T-20260302-001#4"
    assert key_of(f"words\n\n{mark(key)}") == key
    assert key_of(f"{mark(key)}\n") == key
    assert key_of(f"thanks\n> {mark(key)}") is None
    assert key_of(f"{mark(key)} yes") is None
    assert key_of("") is None
