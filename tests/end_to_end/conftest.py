"""One practice campus a worker, for the tests that need a network to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.command import Done, netdiag


@dataclass(frozen=True)
class Campus:
    """A running practice campus, with a database of its own a test."""

    folder: Path
    env: dict[str, str]

    def __call__(self, *words: str, timeout: float = 120, stdin: str = "") -> Done:
        return netdiag(*words, env=self.env, timeout=timeout, stdin=stdin)


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Campus]:
    env = {
        "NETDIAG_LAB": str(tmp_path / "lab" / "lab.json"),
        "NETDIAG_DB": str(tmp_path / "netdiag.db"),
    }
    up = netdiag("lab", "up", "--json", env=env)
    assert up.status == 0, up.err
    env["NETDIAG_INVENTORY"] = up.json["inventory"]
    try:
        yield Campus(tmp_path, env)
    finally:
        netdiag("lab", "down", env=env)
