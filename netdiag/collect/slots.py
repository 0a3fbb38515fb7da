"""No more logins at once than a device bears, counted over every netdiag on this machine.

A device that bears few (VRP: four for everybody) is given half of them by all netdiag commands together;
the rest is for people. A slot is a locked file: what is killed frees its own.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netdiag.errors import Unreachable


@contextmanager
def slot(name: str, address: str, bears: int | None, wait_s: float) -> Iterator[None]:
    """Holds one of the logins that netdiag allows itself; `Unreachable` where none is free in time.

    `bears`: how many the device takes from everybody; `None`: it is not known for few.
    """
    folder = _folder() if bears is not None else None
    if bears is None or folder is None:
        yield
        return
    allowed = max(1, bears // 2)
    device = re.sub(r"[^\w.-]", "_", address)
    paths = [folder / f"{device}.{number}" for number in range(allowed)]
    held = _wait(paths, wait_s)
    if held is None:
        raise Unreachable(
            f"{name} bears {bears} logins, and the {allowed} that netdiag allows itself are in use by "
            f"other netdiag commands for {wait_s:g} s"
        )
    try:
        yield
    finally:
        os.close(held)


def _wait(paths: list[Path], wait_s: float) -> int | None:
    ends = time.monotonic() + wait_s
    while True:
        for path in paths:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
            else:
                return handle
        if time.monotonic() >= ends:
            return None
        time.sleep(0.1)


def _folder() -> Path | None:
    """Where the slots are; `None` where this user can write nothing: then only this process counts."""
    from platformdirs import user_state_path

    folder = user_state_path("netdiag") / "sessions"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
