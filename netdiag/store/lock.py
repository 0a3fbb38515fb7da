"""A lock between processes that ends with its holder, also when that one is killed.

SQLite's own exclusive lock on an empty file beside the database: it works the same on every
operating system, and the kernel lets go of it when the process dies. Who holds it stands in a file
of its own beside it, for the message alone: it decides nothing.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from netdiag.errors import Locked, UsageError
from netdiag.text import clean


@contextmanager
def held(database: Path, name: str, *, who: str = "", what: str = "") -> Iterator[None]:
    """Hold the lock of that name while the block runs; `Locked` at once when someone has it.

    `who` and `what` are said to whoever comes next: a person's name, and what is locked.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name):
        raise UsageError(f"a lock's name is letters, digits, dots and dashes, not {name[:100]!r}")
    path = database.with_name(f"{database.name}.{name}.lock")
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc):
                raise
            raise Locked(_in_use(path, name, what)) from exc
        note = _note(path)
        with suppress(OSError):
            note.write_text(json.dumps(_myself(who)))
        try:
            yield
        finally:
            with suppress(OSError):
                note.unlink()
    finally:
        connection.close()


def _note(path: Path) -> Path:
    return path.with_suffix(".holder")


def _myself(who: str) -> dict[str, str | int]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"by": who, "pid": os.getpid(), "host": socket.gethostname(), "since": at}


def _in_use(path: Path, name: str, what: str) -> str:
    """Who has it, as far as that one said."""
    try:
        note = json.loads(_note(path).read_text())
        place = f"process {note['pid']} on {note['host']}, since {note['since']}"
        who = f"{note['by'] or 'another netdiag'} ({place})"
    except (OSError, ValueError, KeyError, TypeError):
        who = "another netdiag"
    return clean(f"{who} is at work on {what or name}; try again when that is done", 400)
