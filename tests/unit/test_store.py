"""The store: what goes in comes out, nothing is lost, and what goes wrong is said in one sentence."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netdiag import kb, ticket
from netdiag.errors import Locked, StoreError, UsageError
from netdiag.model import Baseline, Capture, Counters, Interface, OperStatus, Rate, Snapshot
from netdiag.store import Store, database, default_path
from netdiag.store.times import from_stored, to_stored
from tests import incident
from tests.incident import AT, after
from tests.networks import Campus

GI = "GigabitEthernet1/0/1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "netdiag.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as opened:
        yield opened


def snapshot(device: str, at: datetime, *, reachable: bool = True, **counters: int) -> Snapshot:
    port = Interface(GI, oper_status=OperStatus.UP, counters=Counters(at=at, **counters))
    return Snapshot(
        device,
        "10.0.0.1",
        at,
        reachable,
        sys_up_time_s=(at - AT).total_seconds() + 1e6,
        interfaces=(port,),
    )


# --- the file ------------------------------------------------------------------------------------


def test_the_file_is_its_owners_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        with Store(path) as store:
            store.next_ticket_id(AT)
            files = sorted(path.parent.iterdir())
            assert {f.name for f in files} == {"netdiag.db", "netdiag.db-shm", "netdiag.db-wal"}
            assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_written_is_flushed_to_the_disk(store: Store) -> None:
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_the_default_path_is_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path().name == "netdiag.db"
    if sys.platform == "linux":
        assert default_path() == tmp_path / "netdiag" / "netdiag.db"


def test_opening_a_current_database_imports_no_alembic(path: Path) -> None:
    Store(path).close()
    code = (
        "import sys; from pathlib import Path; from netdiag.store import Store;"
        f"Store(Path({str(path)!r})).close();"
        "assert not {'alembic', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_head_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD


def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from netdiag.store.schema import METADATA

    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'counter'")
        assert "WITHOUT ROWID" in str(sql.scalar())


def test_two_that_open_a_new_database_at_once_both_succeed(path: Path) -> None:
    code = f"from pathlib import Path; from netdiag.store import Store; Store(Path({str(path)!r})).close()"
    both = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)
    ]
    assert [p.communicate(timeout=60)[1] for p in both] == [b""] * 3
    with Store(path) as store:
        assert store.tickets() == ()


# --- what goes wrong -----------------------------------------------------------------------------


def says(path: Path, *words: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert str(path) in str(caught.value)
    assert all(word in str(caught.value) for word in words)
    assert caught.value.exit_status == 3


def test_what_is_no_database_is_said(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"#!/bin/sh\n" * 200)
    says(path, "not a netdiag database")
    assert path.read_bytes().startswith(b"#!/bin/sh")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    says(path, "another program")
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()
    assert names == ["theirs"]


def test_a_newer_database_is_refused(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    says(path, "newer netdiag", "9999")


def test_a_damaged_database_is_said(path: Path) -> None:
    with Store(path) as store:
        store.add_snapshots(Campus.default().network().snapshots)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StoreError, match="damaged"):
        Store(path).history(AT + timedelta(days=1))


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    says(tmp_path / "data" / "netdiag.db", "File exists")


def test_a_folder_in_its_place_is_said(path: Path) -> None:
    path.mkdir(parents=True)
    says(path, "cannot be opened")


def test_a_full_disk_is_said_and_what_was_stored_stays(store: Store) -> None:
    store.add_snapshots([snapshot("before", AT)])
    _limit_pages(store)
    big = tuple(snapshot(f"d{n}", after(n)) for n in range(500))
    with pytest.raises(StoreError, match="no space is left"):
        store.add_snapshots(big)
    assert [s.device for s in store.history(after(9999))] == ["before"]


def _limit_pages(store: Store) -> None:
    """A disk that is full, as SQLite sees it: no page more than there are (SQLITE_FULL)."""
    import sqlalchemy as sa

    @sa.event.listens_for(store._engine, "begin")
    def _limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a Unix with small file systems")
def test_a_really_full_file_system_is_said(tmp_path: Path) -> None:
    """A file-size limit of the process: the write fails in the kernel, not in SQLite's own count."""
    file = tmp_path / "netdiag.db"
    Store(file).close()
    code = (
        "import resource, signal, sys; from pathlib import Path; from datetime import *;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"size = Path({str(file)!r}).stat().st_size;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size));"
        "from netdiag.store import Store; from netdiag.errors import StoreError;"
        "from netdiag.model import Capture\n"
        f"with Store(Path({str(file)!r})) as s:\n"
        "  try:\n    s.add_capture(Capture('x' * 3_000_000), datetime.now(UTC))\n"
        "  except StoreError as e:\n    print(e)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.startswith(f"database {file}: ")
    assert any(word in said.stdout for word in ("no space", "free space"))


def test_a_file_that_may_not_be_written_is_said() -> None:
    """As an ordinary user: root may write everywhere, so root becomes nobody for this."""
    folder = Path(tempfile.mkdtemp())
    file = folder / "netdiag.db"
    Store(file).close()
    folder.chmod(0o555)
    file.chmod(0o444)
    code = (
        "import os; from pathlib import Path; from datetime import *; import sqlalchemy.dialects.sqlite\n"
        "import netdiag.store.journal; from netdiag.store import Store; from netdiag.errors import StoreError\n"
        "os.geteuid() or os.setuid(65534)\n"
        f"try:\n  Store(Path({str(file)!r})).next_ticket_id(datetime.now(UTC))\n"
        "except StoreError as e:\n  print(e)\n"
    )
    try:
        said = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert said.stdout.startswith(f"database {file}: it cannot be")


def test_a_read_only_database_is_said(path: Path) -> None:
    Store(path).close()
    with database.translated(path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        with pytest.raises(StoreError, match="cannot be written"), database.translated(path):
            connection.execute("DELETE FROM ticket")
    finally:
        connection.close()


def test_a_stored_body_that_was_broken_is_said(store: Store) -> None:
    store.add_capture(Capture("x"), AT)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE capture SET body = '{}'")
    with pytest.raises(StoreError, match="capture cannot be read"):
        store.captures(AT)


# --- observations --------------------------------------------------------------------------------


def test_history_gives_the_newest_good_ones_of_each_device(store: Store) -> None:
    for hours in range(5):
        at = AT + timedelta(hours=hours)
        store.add_snapshots([snapshot("a", at), snapshot("b", at, reachable=hours < 2)])
    seen = store.history(AT + timedelta(hours=4), per_device=2)
    assert [(s.device, s.at.hour - AT.hour) for s in seen] == [
        ("a", 3),
        ("a", 2),
        ("b", 1),
        ("b", 0),
    ]
    assert all(s.reachable for s in seen)


def test_a_whole_campus_survives(store: Store) -> None:
    snapshots = Campus.default().network().snapshots
    store.add_snapshots(snapshots)
    assert set(store.history(after(9999))) == set(snapshots)


def test_a_month_of_polls_is_thinned_to_hours_and_days(store: Store) -> None:
    start = AT.replace(hour=0, minute=0)
    polls = [start + timedelta(minutes=5 * n) for n in range(3 * 288)]
    for at in polls:
        store.add_snapshots([snapshot("acc-1", at, reachable=at.minute != 20)])
    good = store.history(before=polls[-1] + timedelta(minutes=1), per_device=1000)
    ages = [polls[-1] - s.at for s in good]
    assert sum(a <= timedelta(hours=1) for a in ages) == 12, (
        "the last hour whole, but for one silence"
    )
    assert sum(timedelta(hours=1) < a <= timedelta(days=1) for a in ages) in (23, 24)
    assert 2 <= sum(a > timedelta(days=1) for a in ages) <= 3
    assert good[0].at == polls[-1]


def test_another_device_s_snapshots_are_not_thinned(store: Store) -> None:
    store.add_snapshots([snapshot("acc-2", AT), snapshot("acc-2", after(60))])
    store.add_snapshots([snapshot("acc-1", after(86400))])
    assert len(store.history(before=after(90_000), device="acc-2")) == 2


def test_nothing_is_stored_of_nothing(store: Store) -> None:
    store.add_snapshots(())
    assert store.history(AT) == ()
    assert store.baselines(AT) == ()


def test_captures_come_back_since_a_time_newest_first(store: Store) -> None:
    for n in range(3):
        store.add_capture(Capture(f"eth{n}", packets=n), after(n * 60))
    assert [c.source for c in store.captures(after(60))] == ["eth2", "eth1"]


def test_old_observations_go_and_paper_stays(path: Path) -> None:
    with Store(path, keep_days=2) as store:
        saved = store.save_ticket(ticket.open("T-1", AT))
        store.journal.intend("T-1", 1, "a", "p", [], "li.na", AT)
        store.add_capture(Capture("eth0"), AT)
        store.add_snapshots([snapshot("a", AT, in_broadcast_pkts=5)])
        later = AT + timedelta(days=3)
        store.add_snapshots([snapshot("b", later, in_broadcast_pkts=5)])
        assert [s.device for s in store.history(later + timedelta(1))] == ["b"]
        assert store.captures(AT) == ()
        with store._engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM counter").scalar() == 1
        assert store.tickets() == (saved,)
        assert len(store.journal.actions("T-1")) == 1


def test_times_are_exact() -> None:
    for at in (AT, AT + timedelta(microseconds=1), AT.replace(year=2099, microsecond=999_999)):
        assert from_stored(to_stored(at)) == at


# --- baselines -----------------------------------------------------------------------------------


def polls(
    store: Store, totals: list[int], *, bits: int = 64, seconds: float = 100.0
) -> tuple[Baseline, ...]:
    for n, total in enumerate(totals):
        store.add_snapshots([snapshot("a", after(n * seconds), in_broadcast_pkts=total, bits=bits)])
    return store.baselines(after(len(totals) * seconds))


def test_counters_become_rates_and_their_median(store: Store) -> None:
    assert polls(store, [0, 200, 500, 100_500]) == (Baseline("a", GI, 3.0, 3),)


def test_a_32_bit_counter_wraps(store: Store) -> None:
    assert polls(store, [2**32 - 100, 100], bits=32) == (Baseline("a", GI, 2.0, 1),)


def test_a_64_bit_counter_of_any_size_is_exact(store: Store) -> None:
    assert polls(store, [2**63 - 100, 2**63 + 100]) == (Baseline("a", GI, 2.0, 1),)


def test_a_64_bit_counter_that_falls_was_reset(store: Store) -> None:
    assert polls(store, [5_000, 100]) == ()


def test_a_restart_between_two_readings_gives_no_rate(store: Store) -> None:
    store.add_snapshots([snapshot("a", AT, in_broadcast_pkts=100)])
    store.add_snapshots(
        [replace(snapshot("a", after(100), in_broadcast_pkts=300), sys_up_time_s=5.0)]
    )
    assert store.baselines(after(200)) == ()


def test_a_discontinuity_between_two_readings_gives_no_rate(store: Store) -> None:
    store.add_snapshots([snapshot("a", AT, in_broadcast_pkts=100)])
    moved = snapshot("a", after(100))
    port = replace(
        moved.interfaces[0],
        counters=Counters(after(100), in_broadcast_pkts=300, discontinuity_s=7.0),
    )
    store.add_snapshots([replace(moved, interfaces=(port,))])
    assert store.baselines(after(200)) == ()


def test_a_rate_that_the_poll_measured_counts_too(store: Store) -> None:
    seen = replace(
        snapshot("a", AT, in_broadcast_pkts=1), rates=(Rate(GI, 5.0, in_broadcast_pps=4.0),)
    )
    store.add_snapshots([seen])
    assert store.baselines(after(1)) == (Baseline("a", GI, 4.0, 1),)


def test_only_what_was_before_counts_and_an_unreachable_device_has_none(store: Store) -> None:
    polls(store, [0, 200])
    store.add_snapshots([snapshot("b", after(5), reachable=False, in_broadcast_pkts=1)])
    assert store.baselines(after(100)) == ()
    assert [b.device for b in store.baselines(after(101))] == ["a"]


# --- paper ---------------------------------------------------------------------------------------


def test_ticket_ids_count_by_day(store: Store) -> None:
    ids = [
        store.next_ticket_id(AT),
        store.next_ticket_id(AT),
        store.next_ticket_id(AT + timedelta(1)),
    ]
    assert ids == ["T-20260302-001", "T-20260302-002", "T-20260303-001"]


def test_a_ticket_survives_with_everything_on_it(store: Store) -> None:
    saved = store.save_ticket(incident.closed())
    assert store.ticket(saved.id) == saved == replace(incident.closed(), version=1)


def test_two_who_change_one_ticket_do_not_overwrite_each_other(store: Store) -> None:
    first = store.save_ticket(ticket.open("T-1", AT))
    mine, yours = ticket.note(first, "mine", AT, "a"), ticket.note(first, "yours", AT, "b")
    kept = store.save_ticket(mine)
    with pytest.raises(Locked, match="changed by someone else"):
        store.save_ticket(yours)
    assert store.ticket("T-1") == kept
    with pytest.raises(Locked):
        store.save_ticket(ticket.open("T-1", AT))


def test_an_unknown_ticket_is_a_usage_error(store: Store) -> None:
    with pytest.raises(UsageError, match="T-404"):
        store.ticket("T-404")


def test_articles_survive_and_the_newest_text_counts(store: Store) -> None:
    article = kb.from_ticket(incident.closed())
    store.save_article(article)
    store.save_article(kb.with_feedback(article, "it helped"))
    assert store.articles() == (kb.with_feedback(article, "it helped"),)
    assert kb.search(store.articles(), "端口")


# --- many at once --------------------------------------------------------------------------------


def _write(path: str, number: int) -> None:
    with Store(Path(path)) as store:
        for n in range(10):
            action = store.journal.intend(f"T-{number}", n, "acc-1", "p", ["x"], "li.na", AT)
            store.journal.outcome(action, "done", "ok", AT)


def test_many_writers_lose_nothing_and_the_chain_holds(path: Path) -> None:
    Store(path).close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(path), n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0, 0]
    with Store(path) as store:
        assert store.journal.verify_chain() == ()
        assert store.journal.head()[0] == 60
        assert {len(store.journal.actions(f"T-{n}")) for n in range(3)} == {10}


def test_a_writer_that_waits_too_long_is_told_to_try_again(store: Store) -> None:
    with (
        Store(store.path, busy_s=0.05) as impatient,
        database.writing(store._engine),
        pytest.raises(Locked, match="another netdiag"),
    ):
        impatient.next_ticket_id(AT)


def test_a_lock_is_held_by_one_and_freed_with_its_block(store: Store) -> None:
    with store.lock("repair"):
        with (
            Store(store.path) as other,
            pytest.raises(Locked, match="repair"),
            other.lock("repair"),
        ):
            pytest.fail("held twice")
        with store.lock("diagnose"):
            pass
    with store.lock("repair"):
        pass


def test_an_error_inside_the_lock_stays_that_error(store: Store) -> None:
    with pytest.raises(KeyError), store.lock("repair"):
        raise KeyError("mine")
    with pytest.raises(OSError, match="mine"), store.lock("repair"):
        raise OSError("mine")


def test_a_killed_holder_frees_its_lock(store: Store) -> None:
    code = (
        "import sys, time; from pathlib import Path; from netdiag.store import Store\n"
        f"with Store(Path({str(store.path)!r})) as s, s.lock('repair'):\n"
        "  print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Locked), store.lock("repair"):
        pytest.fail("held twice")
    holder.kill()
    holder.communicate(timeout=20)
    with store.lock("repair"):
        pass


def test_a_copy_of_the_file_is_a_backup(store: Store, tmp_path: Path) -> None:
    saved = store.save_ticket(incident.closed())
    store.close()
    shutil.copy(store.path, tmp_path / "copy.db")
    with Store(tmp_path / "copy.db") as copy:
        assert copy.tickets() == (saved,)
