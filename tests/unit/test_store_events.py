"""What devices sent is kept: alike messages as one row, for as long as said, in an older database too."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config

from netdiag.model import ErrDisableCause, LogEvent
from netdiag.store import Store, database

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def event(event: str, at: datetime, count: int = 1, device: str = "acc-1") -> LogEvent:
    return LogEvent(
        at, device, "X-1-Y", event, "Gi1", cause=ErrDisableCause.STORM_CONTROL, count=count
    )


def test_a_flapping_port_comes_back_as_its_first_and_its_last_message(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        store.add_events([(event("link-down", AT, 40), AT - timedelta(minutes=5))])
        store.add_events([(event("err-disabled", AT - timedelta(minutes=1)), AT)])
        found = store.events(AT - timedelta(hours=1))
    assert [(e.event, e.at, e.count) for e in found] == [
        ("link-down", AT - timedelta(minutes=5), 1),
        ("err-disabled", AT - timedelta(minutes=1), 1),
        ("link-down", AT, 39),
    ]
    assert found[1].cause is ErrDisableCause.STORM_CONTROL


def test_old_events_go_and_those_before_are_not_returned(tmp_path: Path) -> None:
    with Store(tmp_path / "db", keep_days=2) as store:
        store.add_events([(event("storm", AT - timedelta(days=3)), AT - timedelta(days=3))])
        store.add_events([(event("loop", AT - timedelta(days=1)), AT - timedelta(days=1))])
        store.add_events([(event("other", AT), AT)])
        everything = store.events(AT - timedelta(days=30))
        assert [e.event for e in everything] == ["loop", "other"]
        assert [e.event for e in store.events(AT)] == ["other"]
        store.prune(AT)
        assert [e.event for e in store.events(AT - timedelta(days=30))] == ["other"]


def test_a_database_of_the_first_version_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "db"
    config = Config()
    folder = Path(database.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    engine = database.connect(path)
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with Store(path) as store:
        store.add_events([(event("storm", AT), AT)])
        assert len(store.events(AT)) == 1
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchone() == (
            database.HEAD,
        )
