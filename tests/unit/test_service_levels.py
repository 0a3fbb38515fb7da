"""The team's table and the clocks: what was promised, what stops them, and what is breached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag import contract, ticket
from netdiag.errors import FileFormatError, UsageError
from netdiag.files import process
from netdiag.files.starter import PROCESS
from netdiag.store import Store
from netdiag.ticket import SHIPPED, Level, Report, Stage, Ticket
from netdiag.ticket.rules import Hours, ServiceLevel
from tests import incident
from tests.incident import AT, after

HOUR = 3600.0
# Monday to Friday, 08:00 to 17:00 in Stockholm (UTC+1 in March before the 29th)
OFFICE = Hours("Europe/Stockholm", (0, 1, 2, 3, 4), time(8), time(17), (date(2026, 3, 3),))


def ticket_with(**rules: object) -> Ticket:
    t = ticket.open("T-1", AT, report=Report(AT, "Wang", site="HQ", floor="3F"))
    levels = (ServiceLevel("P4", HOUR, 8 * HOUR),)
    return replace(t, rules=replace(SHIPPED, levels=levels, **rules))  # type: ignore[arg-type]


def clock(t: Ticket, name: str, at: datetime) -> ticket.Clock:
    return next(c for c in ticket.clocks(t, at) if c.name == name)


def test_clocks_run_from_the_opening_and_say_when_they_are_due() -> None:
    t = ticket_with()
    c = clock(t, "response", after(600))
    assert (c.elapsed_s, c.running, c.met, c.due) == (600, True, None, AT + timedelta(hours=1))
    assert not c.breached
    assert ticket.breached(t, after(2 * HOUR)) == ("response",)
    assert ticket.breached(t, after(9 * HOUR)) == ("response", "resolution")


def test_the_first_thing_that_a_person_of_the_team_does_is_the_response() -> None:
    t = ticket.diagnosed(ticket_with(), incident.diagnosis(), after(60))
    t = replace(t, rules=replace(t.rules, levels=(ServiceLevel("P1", HOUR, HOUR),)))
    assert clock(t, "response", after(100)).met is None, "a program's finding is no answer"
    t = ticket.note(t, "I call again", after(120), "wang")
    assert clock(t, "response", after(200)).met is None, "nor is the caller's own word"
    t = ticket.note(t, "on my way", after(300), "ann")
    c = clock(t, "response", after(9000))
    assert (c.met, c.elapsed_s, c.running, c.breached) == (after(300), 300, False, False)


def test_clocks_stand_still_while_it_waits_for_the_user() -> None:
    t = ticket.wait_for(ticket_with(), "user", "which cable?", after(HOUR / 2), "ann")
    still = clock(t, "resolution", after(100 * HOUR))
    assert (still.elapsed_s, still.running, still.due) == (HOUR / 2, False, None)
    t = ticket.answered(t, [("scope", "one")], None, after(100 * HOUR), "Wang")
    assert t.waiting is None
    on = clock(t, "resolution", after(101 * HOUR))
    assert (on.elapsed_s, on.running) == (1.5 * HOUR, True)
    assert on.due == after(100 * HOUR + 7.5 * HOUR)


def test_waiting_for_a_provider_stops_nothing_unless_the_team_says_so() -> None:
    t = ticket.wait_for(ticket_with(), "provider", "the line", AT, "ann")
    assert clock(t, "resolution", after(HOUR)).elapsed_s == HOUR
    t = replace(t, rules=replace(t.rules, stops_for=("user", "provider")))
    assert clock(t, "resolution", after(HOUR)).elapsed_s == 0


def test_a_call_of_the_same_person_ends_the_wait() -> None:
    t = ticket.wait_for(ticket_with(), "user", "", after(60), "ann")
    t = ticket.join(t, Report(after(120), "Wang", site="HQ", floor="3F"), after(120))
    assert t.waiting is None
    assert t.waits[0].until == after(120)


def test_the_resolution_clock_goes_on_when_it_is_reopened() -> None:
    t = ticket.verified(ticket_with(), incident.verification(), after(HOUR))
    assert t.stage is Stage.VERIFIED
    done = clock(t, "resolution", after(50 * HOUR))
    assert (done.elapsed_s, done.met, done.running) == (HOUR, after(HOUR), False)
    again = ticket.reopen(t, "it is back", after(10 * HOUR))
    on = clock(again, "resolution", after(12 * HOUR))
    assert (on.elapsed_s, on.met, on.running) == (3 * HOUR, None, True)


def test_business_hours_and_holidays() -> None:
    """Opened Monday 2026-03-02 16:30 local; Tuesday is a holiday."""
    opened = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    t = replace(ticket_with(hours=OFFICE), opened=opened, stage_times=((Stage.OPEN, opened),))
    c = clock(t, "response", opened + timedelta(minutes=10))
    assert c.due == datetime(2026, 3, 4, 7, 30, tzinfo=UTC), "half an hour is left for Wednesday"
    night = clock(t, "response", datetime(2026, 3, 3, 12, tzinfo=UTC))
    assert (night.elapsed_s, night.running) == (1800, False)
    assert night.due == c.due
    always = replace(
        t, rules=replace(t.rules, levels=(ServiceLevel("P4", HOUR, None, always=True),))
    )
    assert [c.due for c in ticket.clocks(always, opened)] == [opened + timedelta(hours=1)]


def test_a_day_of_the_clock_change_has_its_own_length() -> None:
    """2026-03-29, 02:00 is 03:00 in Stockholm: nine hours from 00:00 to 10:00 local."""
    hours = Hours("Europe/Stockholm", (6,), time(0), time(10))
    opened = datetime(2026, 3, 28, 12, tzinfo=UTC)
    t = replace(ticket_with(hours=hours), opened=opened, stage_times=((Stage.OPEN, opened),))
    assert clock(t, "resolution", datetime(2026, 3, 30, tzinfo=UTC)).elapsed_s == 9 * HOUR


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    st.integers(0, 10**7),
    st.sampled_from([None, OFFICE]),
)
def test_elapsed_never_exceeds_the_time_and_never_falls(
    gaps: list[int], more: int, hours: Hours | None
) -> None:
    t, at = ticket_with(hours=hours), AT
    last = 0.0
    for n, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        c = clock(t, "resolution", at)
        assert last <= c.elapsed_s <= (at - AT).total_seconds()
        last = c.elapsed_s
        t = ticket.wait_for(t, "user", "", at, "ann") if n % 2 == 0 else ticket.resumed(t, at)
    assert clock(t, "resolution", at + timedelta(seconds=more)).elapsed_s >= last


def test_a_row_says_what_is_breached_and_when_it_is_due() -> None:
    t = ticket.wait_for(ticket_with(), "provider", "x", AT, "ann")
    row = contract.ticket_row(t, after(2 * HOUR))
    assert row["waiting"] == "provider"
    assert row["breached"] == []
    assert row["due"] == "2026-03-02T17:30:00.000Z"
    assert contract.ticket_row(ticket_with(), after(2 * HOUR))["breached"] == ["response"]


# --- the team's file -----------------------------------------------------------------------------


def test_the_starter_says_what_is_shipped(tmp_path: Path) -> None:
    file = tmp_path / "process.yaml"
    file.write_text(PROCESS)
    assert process.load(file).rules == SHIPPED


def test_every_commented_line_of_the_starter_is_right(tmp_path: Path) -> None:
    file = tmp_path / "process.yaml"
    lines = PROCESS.splitlines()
    file.write_text(
        "\n".join(line.removeprefix("# ") if n > 2 else line for n, line in enumerate(lines))
    )
    loaded = process.load(file)
    assert {s.kind for s in loaded.systems} == {
        "rt",
        "jira",
        "servicenow",
        "glpi",
        "zammad",
        "redmine",
    }
    assert loaded.rules.hours is not None
    assert loaded.team("DBA") is not None


def test_an_edited_table_holds_for_open_tickets_and_a_closed_one_keeps_its_own(
    tmp_path: Path,
) -> None:
    file, db = tmp_path / "process.yaml", tmp_path / "nd.db"
    with Store(db) as store:
        for n in (1, 2):
            store.save_ticket(ticket.open(f"T-{n}", AT, report=Report(AT, "Wang")))
        store.save_ticket(ticket.close(store.ticket("T-2"), AT, "ann", reason="x"))
        assert store.ticket("T-1").priority == "P4"
    file.write_text(
        "priority:\n  high: {high: P1, medium: P1, low: P1}\n  medium: {high: P1, medium: P1, low: P1}\n  low: {high: P1, medium: P2, low: P3}\n"
    )
    rules = process.load(file).rules
    with Store(db, rules=lambda: rules) as store:
        assert store.ticket("T-1").priority == "P2"
        assert store.ticket("T-2").priority == "P4"
        assert rules.rank(Level.LOW, Level.HIGH) == "P1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("priority:\n  high: {high: P9, medium: P1, low: P1}\n", r"process.yaml:2: priority.high.high: .*P9"),
        ("servce_levels: {}\n", "process.yaml:1: servce_levels: unknown key: did you mean 'service_levels'"),
        ("service_levels:\n  P1: {response: 15}\n", "process.yaml:2: service_levels.P1.response: .*30m.*15"),
        ("service_levels:\n  P7: {}\n", "process.yaml:2: service_levels.P7"),
        ("business_hours: {timezone: Mars/X, days: [mon], from: '08:00', to: '17:00'}\n", "business_hours.timezone: .*Mars/X"),
        ("business_hours: {timezone: UTC, days: [mon], from: '18:00', to: '17:00'}\n", "end after they begin"),
        ("clocks_stop_for: [weather]\n", "clocks_stop_for.0: .*weather"),
        ("join: soon\n", "join: .*soon"),
        ("systems:\n  x: {kind: bugzilla, url: 'https://x', token: Sentinel-1}\n", "process.yaml:2: systems.x: should have kind: rt, jira"),
        ("systems:\n  x: {kind: rt, url: 'http://rt.example.org', token: Sentinel-1}\n", "in clear"),
        ("systems:\n  x: {kind: rt, url: 'https://u:Sentinel-1@rt.example.org', token: 'env:T'}\n", "should not hold a user or password"),
        ("systems:\n  x: {kind: rt, url: 'https://rt.example.org'}\n", "a token, or a user and a password"),
        ("notify: [{to: Sentinel-1, on: [opend]}]\n", "notify.0.on.0: .*opend"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_line_key_and_value_and_no_secret(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "process.yaml"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=words) as caught:
        process.load(file)
    assert "Sentinel-1" not in str(caught.value)


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        process.load(tmp_path / "none.yaml")
    assert process.load().rules == SHIPPED, "the default one need not be"
