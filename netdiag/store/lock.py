"""A lock between processes that ends with its holder, also when that one is killed.

SQLite's own exclusive lock on an empty file beside the database: it works the same on every
operating system, and the kernel lets go of it when the process dies.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netdiag.errors import Locked, UsageError


@contextmanager
def held(database: Path, name: str) -> Iterator[None]:
    """Hold the lock of that name while the block runs; `Locked` at once when someone has it."""
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
            raise Locked(f"another netdiag is at work ({name}); try again when it is done") from exc
        yield
    finally:
        connection.close()
