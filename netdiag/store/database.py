"""One SQLite file: opened, checked, migrated when it is old, and its errors in plain words.

Rules: WAL with synchronous=FULL (a change that was recorded stays recorded after a power cut);
the file is readable by its owner alone; a current database costs one query to open, and alembic
is imported only to migrate.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdiag.errors import Locked, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

HEAD = "0004"
"""The newest migration's revision; a test holds it to the scripts."""
BUSY_S = 5.0
"""How long a writer waits for another one."""

_SENTENCES = (
    ("database or disk is full", "no space is left on the disk; free some, what is stored is safe"),
    ("readonly database", "it cannot be written; check who owns the file and its folder"),
    ("read-only", "it cannot be written; the file system is read-only"),
    ("not a database", "it is not a netdiag database (or it is damaged); choose another with --db"),
    ("malformed", "it is damaged; restore it from a backup, or move it away to begin a new one"),
    ("unable to open", "it cannot be opened; check the folder, its owner and its permissions"),
    ("disk i/o error", "the disk reports an error; check the disk and its free space"),
    ("append-only", "the journal is append-only and was not changed"),
)
"""What SQLite says, and what it means to the person who called netdiag."""


def default_path() -> Path:
    """`netdiag.db` in the user's data folder (XDG_DATA_HOME where that is set)."""
    import platformdirs

    return platformdirs.user_data_path("netdiag") / "netdiag.db"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Nothing but `StoreError` and `Locked` leaves: SQLite's and the system's words become ours."""
    try:
        yield
    except sqlite3.Error as exc:
        raise _ours(path, exc) from exc
    except OSError as exc:
        if isinstance(exc, StoreError | Locked):
            raise
        raise StoreError(f"database {path}: {exc.strerror or exc}") from exc
    except Exception as exc:
        from sqlalchemy.exc import SQLAlchemyError

        if not isinstance(exc, SQLAlchemyError):
            raise
        raise _ours(path, getattr(exc, "orig", None) or exc) from exc


def _ours(path: Path, exc: BaseException) -> StoreError | Locked:
    words = str(exc).lower()
    if "database is locked" in words or "database table is locked" in words:
        return Locked(f"database {path}: another netdiag is writing; try again in a moment")
    meaning = next((ours for theirs, ours in _SENTENCES if theirs in words), str(exc))
    return StoreError(f"database {path}: {meaning}")


def prepare(path: Path) -> None:
    """The file exists, is its owner's alone and has the newest tables; a newer one is refused."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Created by us first: SQLite would give it the umask's mode, its WAL follows the file's.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    revision = _revision(path)
    if revision != HEAD:
        _migrate(path, revision)


def _revision(path: Path) -> str | None:
    connection = sqlite3.connect(path, timeout=BUSY_S)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as exc:
        if "no such table" not in str(exc):
            raise
        return None
    finally:
        connection.close()
    return str(row[0]) if row else None


def _migrate(path: Path, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"database {path}: written by a newer netdiag (version {revision});"
            " update netdiag, or choose another file with --db"
        )
    engine = connect(path)
    with writing(engine) as connection:
        if revision is None and _foreign(connection):
            raise StoreError(
                f"database {path}: it holds another program's tables; choose another with --db"
            )
        # Somebody else may have migrated while we waited for the lock; alembic then finds no work.
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def _foreign(connection: Connection) -> bool:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {str(row[0]) for row in rows}
    return bool(names) and "alembic_version" not in names


def connect(path: Path, busy_s: float = BUSY_S) -> Engine:
    """An engine whose transactions are SQLite's own: deferred to read, immediate to write."""
    import sqlalchemy as sa

    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_s}
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN, not the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its start, so that read-then-write is safe."""
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        yield connection
