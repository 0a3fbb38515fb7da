"""Which password a device has refused: it is not sent there again until it changes, in no later run either.

Wrong passwords that are repeated lock accounts, at the very moment when somebody needs them. What is kept
is a fingerprint (scrypt with a salt of this machine's own), the time, and never the password. Rules: one
file, readable by its owner alone; where it cannot be written it is remembered for this run.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from netdiag.access import Secret, SshAccess

_LOCK = threading.Lock()


def where() -> Path:
    """The file; deleting it allows every password one more try."""
    from platformdirs import user_state_path

    return user_state_path("netdiag") / "refused-logins.json"


class Refusals:
    """What devices refused, in one file; usable from many threads and processes."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or where()
        self._here: dict[str, str] = {}
        """Of this run, where the file cannot be written."""

    def when(self, address: str, access: SshAccess) -> datetime | None:
        """When this device refused this very login; `None`: it did not, or a key does the login."""
        if access.password is None:
            return None
        with _LOCK:
            known = self._read()
        if not known and not self._here:
            return None
        key = _key(address, access, known.get("salt", ""))
        said = known.get("refused", {}).get(key) or self._here.get(key)
        try:
            return None if said is None else datetime.fromisoformat(said)
        except ValueError:
            return None

    def refused(self, address: str, access: SshAccess) -> None:
        """Remembers that the device has just refused this login."""
        if access.password is None:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with _LOCK:
            try:
                with self._opened() as known:
                    known["refused"][_key(address, access, known["salt"])] = now
            except OSError:
                self._here[_key(address, access, "")] = now

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        whole = isinstance(known, dict) and isinstance(known.get("refused"), dict)
        return known if whole and isinstance(known.get("salt"), str) else {}

    @contextmanager
    def _opened(self) -> Iterator[dict[str, Any]]:
        """The file's content, written back at the end; one process at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (
            os.fdopen(os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._read() or {"salt": secrets.token_hex(16), "refused": {}}
            yield known
            made = self.path.with_suffix(".new")
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
                json.dump(known, new, indent=1)
            made.replace(self.path)


def _key(address: str, access: SshAccess, salt: str) -> str:
    assert access.password is not None
    return f"{access.username or ''}@{address}:{access.port} {_print(access.password, salt)}"


@lru_cache(maxsize=256)
def _print(password: Secret, salt: str) -> str:
    whole = hashlib.scrypt(password.reveal().encode(), salt=salt.encode(), n=2**14, r=8, p=1)
    return whole[:12].hex()
