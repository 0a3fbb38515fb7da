"""The commands around a change, as they are typed: the stop button, the anchor, who watches."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from netdiag.cli import audit, change, look, ticket, watching
from netdiag.errors import NetdiagError
from netdiag.store import Store
from tests import incident


@pytest.fixture
def db(tmp_path: Path) -> Path:
    file = tmp_path / "netdiag.db"
    with Store(file) as store:
        store.save_ticket(incident.closed())
    return file


def call(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, list(words))


def test_the_stop_button_is_on_record_until_it_is_released(db: Path) -> None:
    pressed = call(change.stop, "--by", "eve", "--reason", "wrong building", "--db", str(db))
    assert pressed.exit_code == 0
    assert "eve stopped netdiag at" in pressed.output
    assert "wrong building" in pressed.output
    said = json.loads(call(change.stop, "--status", "--json", "--db", str(db)).output)
    assert said["stopped"] is True
    assert said["said"] == {"by": "eve", "reason": "wrong building"}
    assert call(change.stop, "--status", "--db", str(db)).exit_code == 1
    released = call(change.stop, "--release", "--by", "eve", "--db", str(db))
    assert "changes may be sent" in released.output
    assert call(change.stop, "--status", "--db", str(db)).exit_code == 0
    with Store(db) as store:
        assert [e.event for e in store.journal.events()] == ["stop", "release"]
        assert store.journal.verify_chain() == ()


def test_a_record_is_held_against_an_end_that_was_kept_elsewhere(db: Path, tmp_path: Path) -> None:
    for _ in range(2):
        call(change.stop, "--by", "eve", "--db", str(db))
    with Store(db) as store:
        rows, value = store.journal.head()
    assert call(audit.verify, "--head", f"{rows}:{value[:16]}", "--db", str(db)).exit_code == 0
    call(change.stop, "--release", "--by", "eve", "--db", str(db))
    assert call(audit.verify, "--head", f"{rows}:{value[:16]}", "--db", str(db)).exit_code == 0
    # Somebody writes a whole new record, with a chain that is right in itself.
    other = tmp_path / "other.db"
    with Store(other) as store:
        for _ in range(3):
            store.journal.write("stop", "", datetime.now(UTC), by="mallory", reason="")
        assert store.journal.verify_chain() == ()
    forged = call(audit.verify, "--head", f"{rows}:{value[:16]}", "--db", str(other))
    assert forged.exit_code == 1
    assert "written anew" in forged.output
    short = call(audit.verify, "--head", f"9:{value[:16]}", "--db", str(db))
    assert "is missing" in short.output


@pytest.mark.parametrize("anchor", ["", "x:12345678", "3:", "3:xyz", "3:1234", "-1:12345678"])
def test_an_anchor_that_is_none_is_a_wrong_call(db: Path, anchor: str) -> None:
    assert call(audit.verify, "--head", anchor, "--db", str(db)).exit_code == 2


def test_run_wants_a_playbook_or_somebody_to_watch(db: Path) -> None:
    assert call(look.run, "--db", str(db)).exit_code == 2
    nobody = call(look.run, "--watch", incident.closed().id, "--db", str(db))
    assert "nobody has begun to repair it" in nobody.output


def test_a_finished_run_is_shown_and_a_dead_one_is_said_to_be_dead(db: Path) -> None:
    ticket_id = incident.closed().id
    now = datetime.now(UTC)
    with Store(db) as store:
        write = store.journal.write
        write("run", ticket_id, now, state="begun", by="ann\x1b[31m", steps=[1])
        write("step", ticket_id, now, state="begun", step=1, name="shut", action="shut-port")
    dead = call(look.run, "--watch", ticket_id, "--db", str(db))
    assert dead.exit_code == 1
    assert f"its process is gone: netdiag resume {ticket_id}" in dead.output
    assert "\x1b[31m" not in dead.output
    assert "step 1 shut (shut-port) begun" in dead.output
    with Store(db) as store:
        store.journal.write("run", ticket_id, now, state="ended", by="ann", why="")
    done = call(look.run, "--watch", ticket_id, "--json", "--db", str(db))
    assert done.exit_code == 0
    assert json.loads(done.output)["over"] is True


def test_a_take_over_needs_a_ticket_and_a_reason(db: Path) -> None:
    assert call(change.resume, "--take-over", "--db", str(db)).exit_code == 2
    assert call(change.resume, "T-1", "--take-over", "--db", str(db)).exit_code == 2


def test_the_people_who_called_are_listed_and_their_no_reopens(db: Path) -> None:
    ticket_id = incident.closed().id
    asked = json.loads(call(ticket.ticket, "ask", ticket_id, "--json", "--db", str(db)).output)
    assert asked["to_ask"]
    name = asked["to_ask"][0]["reporter"]
    said = call(
        ticket.ticket,
        *("feedback", ticket_id, "no address", "--reporter", name, "--works", "no"),
        *("--by", "ann", "--json", "--db", str(db)),
    )
    assert said.exit_code == 0, said.output
    assert json.loads(said.output)["stage"] == "diagnosed"
    against = call(ticket.ticket, "ask", ticket_id, "--db", str(db))
    assert f"{name} says that it does not work: no address" in against.output


def test_a_watch_of_what_is_not_repaired_is_refused(db: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("core-1: {hostname: 127.0.0.1}\n")
    done = call(
        watching.watch, "T-none", "--for", "1s", "--inventory", str(tmp_path), "--db", str(db)
    )
    assert isinstance(done.exception, NetdiagError)
