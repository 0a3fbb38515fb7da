"""The record of changes: written before and after, never altered unseen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import SQLAlchemyError

from netdiag.errors import StoreError, UsageError
from netdiag.store import Store
from netdiag.ticket import ActionState
from tests.incident import AT, after

LINES = ("interface GigabitEthernet1/0/5", "shutdown")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "netdiag.db") as opened:
        yield opened


def fill(store: Store, count: int = 3) -> None:
    for n in range(count):
        action = store.journal.intend(
            "T-1/2", n, "acc-2", "Gi5", LINES, "li.na", after(n), action="shut-port"
        )
        store.journal.outcome(action, "done", f"answer {n}", after(n + 0.5))


def alter(store: Store, *statements: str) -> None:
    """What somebody with the file and a database tool would do."""
    with store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_action_is_intended_then_ends(store: Store) -> None:
    number = store.journal.intend(
        "T-1/2", 4, "acc-2", "Gi5", LINES, "li.na", AT, action="shut-port"
    )
    (intended,) = store.journal.actions("T-1")
    assert intended.state is ActionState.INTENDED
    assert (intended.run, intended.step, intended.device, intended.interface) == (
        "T-1/2",
        4,
        "acc-2",
        "Gi5",
    )
    assert (intended.lines, intended.approved_by, intended.action) == (LINES, "li.na", "shut-port")
    assert store.journal.unfinished() == (intended,)
    done = store.journal.outcome(number, "done", "acc-2(config)#", after(1))
    assert (done.state, done.transcript, done.finished) == ("done", "acc-2(config)#", after(1))
    assert store.journal.actions("T-1") == (done,)
    assert store.journal.unfinished() == ()


def test_a_change_that_was_taken_back_says_so(store: Store) -> None:
    fill(store, 1)
    store.journal.outcome(1, ActionState.UNDONE, "taken back", after(60))
    assert store.journal.actions("T-1")[0].state is ActionState.UNDONE
    assert store.journal.verify_chain() == ()


def test_actions_are_listed_by_ticket(store: Store) -> None:
    store.journal.intend("T-1", 1, "a", None, [], None, AT)
    store.journal.intend("T-10", 1, "b", None, [], None, AT)
    assert [a.device for a in store.journal.actions("T-1")] == ["a"]
    assert [a.device for a in store.journal.actions()] == ["a", "b"]


@pytest.mark.parametrize("state", ["intended", "dunno", ""])
def test_an_action_ends_in_a_known_state(store: Store, state: str) -> None:
    fill(store, 1)
    with pytest.raises(UsageError):
        store.journal.outcome(1, state, "", AT)


def test_an_outcome_belongs_to_an_action(store: Store) -> None:
    with pytest.raises(UsageError, match="99"):
        store.journal.outcome(99, "done", "", AT)


def test_a_process_killed_in_mid_action_leaves_the_intention(tmp_path: Path) -> None:
    file = tmp_path / "netdiag.db"
    code = (
        "import os, signal; from pathlib import Path; from datetime import *; from netdiag.store import Store\n"
        f"s = Store(Path({str(file)!r}))\n"
        "s.journal.intend('T-1', 2, 'acc-2', 'Gi5', ['shutdown'], 'li.na', datetime.now(UTC))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with Store(file) as store:
        (action,) = store.journal.unfinished()
        assert (action.device, action.lines) == ("acc-2", ("shutdown",))
        assert store.journal.verify_chain() == ()


# --- nothing is altered unseen -------------------------------------------------------------------


def test_an_untouched_record_is_whole(store: Store) -> None:
    assert store.journal.verify_chain() == ()
    fill(store)
    assert store.journal.verify_chain() == ()
    assert store.journal.head()[0] == 6


@pytest.mark.parametrize("statement", ["UPDATE journal SET body = '{}'", "DELETE FROM journal"])
def test_the_database_itself_refuses_changes(store: Store, statement: str) -> None:
    fill(store)
    with pytest.raises(SQLAlchemyError, match="append-only"), store._engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert store.journal.verify_chain() == ()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "UPDATE journal SET body = replace(body, 'shutdown', 'no shutdown') WHERE seq = 3",
            "row 3",
        ),
        ("UPDATE journal SET at = at + 1 WHERE seq = 1", "row 1"),
        ("UPDATE journal SET ticket = 'T-2' WHERE seq = 5", "row 5"),
        ("UPDATE journal SET action_id = 1 WHERE seq = 6", "row 6"),
        ("UPDATE journal SET hash = 'x' WHERE seq = 6", "row 6"),
        ("DELETE FROM journal WHERE seq = 2", "missing"),
        ("DELETE FROM journal WHERE seq = 1", "missing"),
        ("DELETE FROM journal WHERE seq = 6", "end"),
        ("DELETE FROM journal WHERE seq > 2", "end"),
        ("DELETE FROM journal", "end"),
        ("DELETE FROM journal_head", "end"),
        ("UPDATE journal_head SET seq = 5", "end"),
    ],
)
def test_an_edit_or_a_removal_shows(store: Store, statement: str, words: str) -> None:
    fill(store)
    alter(store, statement)
    wrong = store.journal.verify_chain()
    assert wrong
    assert any(words in sentence for sentence in wrong)


def test_two_rows_in_another_order_show(store: Store) -> None:
    fill(store)
    swap = (
        "UPDATE journal SET seq = -1 WHERE seq = 2",
        "UPDATE journal SET seq = 2 WHERE seq = 4",
        "UPDATE journal SET seq = 4 WHERE seq = -1",
    )
    alter(store, *swap)
    assert store.journal.verify_chain()


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    seq=st.integers(1, 6),
    column=st.sampled_from(["action_id", "ticket", "event", "at", "body", "previous", "hash"]),
    value=st.text(st.characters(codec="ascii", exclude_characters="\x00'"), min_size=1, max_size=8),
)
def test_any_edit_of_any_cell_shows(
    tmp_path_factory: pytest.TempPathFactory, seq: int, column: str, value: str
) -> None:
    with Store(tmp_path_factory.mktemp("chain") / "netdiag.db") as store:
        fill(store)
        alter(store)
        with store._engine.begin() as connection:
            sql = f"UPDATE journal SET {column} = 'z' || ? WHERE seq = ?"
            connection.exec_driver_sql(sql, (value, seq))
        assert store.journal.verify_chain()


def test_a_record_that_no_longer_reads_points_to_the_audit(store: Store) -> None:
    fill(store)
    alter(store, "UPDATE journal SET body = '{' WHERE seq = 1")
    with pytest.raises(StoreError, match="audit verify"):
        store.journal.actions()
    assert store.journal.verify_chain()
