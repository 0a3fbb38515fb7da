"""A call becomes a ticket: places, duplicates, what is asked next, and the first checks."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag import intake, ticket
from netdiag.errors import FileFormatError, UsageError
from netdiag.files import calls
from netdiag.model import Kind
from netdiag.store import Store
from netdiag.ticket import places, questions
from netdiag.ticket.candidates import CANDIDATES, QUESTIONS
from tests import incident
from tests.incident import AT, after

# --- places --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "level"),
    [
        *[(t, "3F") for t in ("3F", "3f", "third floor", "Third Floor", "3rd floor", "floor 3", "level three", "L3", "3楼", "三楼", "第三层", "３Ｆ", "3. OG", "3階")],
        ("十二层", "12F"),
        ("二十一楼", "21F"),
        ("twelfth floor", "12F"),
        *[(t, "B1") for t in ("B1", "basement", "地下一层", "负一楼", "-1F")],
        ("ground floor", "GF"),
        ("底楼", "1F"),
        ("MDF", None),
        ("Lobby", None),
        ("", None),
        ("0楼", None),
    ],
)  # fmt: skip
def test_a_floor_has_one_spelling(said: str, level: str | None) -> None:
    assert places.floor(said) == level


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("HQ/third floor/3F-107", ("HQ", "3F", "3F-107")),
        ("HQ, 3rd floor, desk 107", ("HQ", "3F", "desk 107")),
        ("总部，三楼，107", ("总部", "3F", "107")),
        ("HQ 3/F", ("HQ", "3F", None)),
        ("HQ/3/107", ("HQ", "3F", "107")),
        ("3楼", (None, "3F", None)),
        ("third floor", (None, "3F", None)),
        ("HQ//3F-107", ("HQ", "3F", "3F-107")),
        ("HQ/MDF", ("HQ", "MDF", None)),
    ],
)
def test_a_place_is_understood(said: str, parts: tuple[str | None, ...]) -> None:
    assert ticket.place(said) == parts


@given(st.text(max_size=40))
def test_any_place_is_read_and_reading_it_again_changes_nothing(said: str) -> None:
    _, level, _ = ticket.place(said)
    if level:
        assert ticket.place(f"x/{level}")[1] in (level, level.strip()) or "/" in level
    assert places.same(said, said) in (True, False)


# --- the same incident, the same call ------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "nd.db") as opened:
        yield opened


def call(name: str | None, place: str, symptom: str | None = "no network", at=AT, **more: object):
    site, floor, desk = ticket.place(place)
    return ticket.Report(at, name, site=site, floor=floor, desk=desk, symptom=symptom, **more)  # type: ignore[arg-type]


def test_calls_from_one_place_in_any_spelling_are_one_incident_and_raise_its_priority(
    store,
) -> None:
    first = intake.take(store, call("Wang", "HQ/3F/3F-101"), AT)
    assert (first.kind, first.priority) == (None, "P4")
    for n, place in enumerate(("HQ/third floor/3F-102", "HQ, 3楼", "hq/3/105"), 1):
        at = after(60 * n)
        t = intake.take(store, call(f"caller {n}", place, at=at), at)
        assert t.id == first.id
    assert t.kind is Kind.AREA_OUTAGE
    assert t.priority == "P3"
    assert any(e.what == "priority" and e.text.startswith("P4 -> P3") for e in t.timeline)
    elsewhere = intake.take(store, call("Zhao", "HQ/4F/4F-1", at=after(60)), after(60))
    assert elsewhere.id != first.id


def test_a_duplicate_joins_days_later_and_counts_one_person(store) -> None:
    first = intake.take(store, call("Wang Fang", "HQ/3F/3F-101"), AT)
    later = AT + timedelta(days=2)
    again = intake.take(
        store, call("wang fang ", "HQ/3F/3F-101", "no network again", at=later), later
    )
    assert again.id == first.id
    assert again.affected == 1
    assert any("calls again" in e.text for e in again.timeline)
    other = intake.take(store, call("Wang Fang", "HQ/3F/3F-101", "printer jams", at=later + timedelta(hours=2)), later + timedelta(hours=2))  # fmt: skip
    assert other.id != first.id, "another symptom, long after: another ticket"


def test_a_closed_ticket_takes_no_duplicate(store) -> None:
    first = intake.take(store, call("Wang", "HQ/3F"), AT)
    store.save_ticket(ticket.close(store.ticket(first.id), AT, "ann", reason="x"))
    assert intake.take(store, call("Wang", "HQ/3F"), after(10)).id != first.id


def test_eight_calls_at_the_same_moment_are_one_ticket(tmp_path: Path) -> None:
    path = tmp_path / "nd.db"
    Store(path).close()

    def one(number: int) -> None:
        with Store(path) as own:
            intake.take(own, call(f"caller {number}", f"HQ/3F/3F-{number}"), AT)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with Store(path) as own:
        (only,) = own.tickets()
        assert len(only.reports) == 8


# --- the first checks ----------------------------------------------------------------------------


def test_first_checks_are_claimed_once_and_only_for_an_area(store) -> None:
    t = intake.take(store, call("Wang", "HQ/3F"), AT)
    assert not intake.claim_first_checks(store, t, AT)
    t = intake.take(store, call("Li", "HQ/3F"), after(60))
    assert intake.claim_first_checks(store, t, after(60))
    assert not intake.claim_first_checks(store, t, after(61)), "somebody does already"
    assert store.ticket(t.id).first_checks == after(60)


def test_first_checks_without_an_inventory_say_so_on_the_ticket(store) -> None:
    t = intake.take(store, call("Wang", "HQ/3F", affected=5), AT)

    def nothing():
        raise UsageError("no inventory: hosts.yaml does not exist")

    after_it = intake.first_checks(store, t.id, nothing)
    assert "could not be made: no inventory" in after_it.timeline[-1].text


# --- what to ask ---------------------------------------------------------------------------------


def test_the_table_is_whole() -> None:
    for candidate in CANDIDATES:
        for q in QUESTIONS:
            odds = candidate.answers(q.name)
            assert len(odds) == len(q.choices), (candidate.name, q.name)
            assert abs(sum(odds) - 1) < 1e-9
    kinds = {k.value for k in Kind} | {"own-computer", "service", "access-point"}
    assert {c.name for c in CANDIDATES} <= kinds


def test_the_question_has_the_greatest_gain_and_is_never_one_that_was_answered() -> None:
    t = ticket.open("T-1", AT, report=call("Wang", "HQ/3F"))
    asked: list[str] = []
    while (ask := ticket.next_question(t)) is not None:
        assert ask.question.name not in asked
        share = dict(ask.shares)
        others = [questions.gain(q, share) for q in QUESTIONS if q.name not in asked]
        assert ask.gain_bits == pytest.approx(max(others))
        assert abs(sum(share.values()) - 1) < 1e-9
        asked.append(ask.question.name)
        t = ticket.answered(t, [(ask.question.name, ask.question.choices[0][0])], None, AT, "Wang")
    assert sorted(asked) == sorted(q.name for q in QUESTIONS)


def test_what_the_callers_words_and_numbers_say_is_not_asked() -> None:
    words = "Wi-Fi 169.254.3.4, it drops sometimes; we moved desks"
    t = ticket.open("T-1", AT, report=call("Wang", "HQ/3F", words, affected=1))
    known = ticket.known_answers(t)
    assert known == {"connection": "wireless", "address": "none", "pattern": "intermittent", "change": "yes", "scope": "one"}  # fmt: skip
    ask = ticket.next_question(t)
    assert ask is not None
    assert ask.question.name not in known


def test_answers_move_the_candidates_the_right_way() -> None:
    everyone = questions.shares({"scope": "everyone", "connection": "wired", "link": "on"})
    alone = questions.shares({"scope": "one", "connection": "wired", "link": "off"})
    assert everyone["uplink-down"] > everyone["err-disabled-port"]
    assert alone["err-disabled-port"] > alone["uplink-down"]
    foreign = questions.shares({"address": "foreign", "scope": "some"})
    assert max(foreign, key=lambda k: foreign[k]) == "rogue-dhcp-server"
    seen_often = questions.shares({}, {"mtu-mismatch": 50})
    assert max(seen_often, key=lambda k: seen_often[k]) == "mtu-mismatch"


def test_no_question_once_the_cause_is_known() -> None:
    t = ticket.diagnosed(ticket.open("T-1", AT, area="HQ/3F"), incident.diagnosis(), AT)
    assert ticket.next_question(t) is None


@pytest.mark.parametrize(
    ("pair", "named"), [(("scop", "one"), "scop"), (("scope", "many"), "many")]
)
def test_a_wrong_answer_names_what_was_wrong(pair: tuple[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        ticket.answered(ticket.open("T-1", AT), [pair], None, AT, "Wang")


# --- JSON on stdin -------------------------------------------------------------------------------


def test_a_call_as_json() -> None:
    said = b'{"reporter": "\xe7\x8e\x8b", "place": "HQ/3\xe6\xa5\xbc", "affected": 8, "answers": {"scope": "everyone"}}'
    call_ = calls.read(said, file="stdin")
    assert call_["affected"] == 8
    assert call_["answers"] == {"scope": "everyone"}
    assert call_["tried"] is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b'{"affected": "many"}', "stdin: affected: .*many"),
        (b'{"affected": 0}', "stdin: affected: .*0"),
        (b'{"reportr": "x"}', "reportr: unknown key: did you mean 'reporter'"),
        (b"[1]", "one JSON object"),
        (b"{", "stdin:1: not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (1024 * 1024 + 1), "1 MiB"),
        (b'{"reporter": 7}', "stdin: reporter: .*7"),
    ],
)
def test_a_wrong_call_says_which_key_and_value(said: bytes, words: str) -> None:
    with pytest.raises(FileFormatError, match=words):
        calls.read(said, file="stdin")
