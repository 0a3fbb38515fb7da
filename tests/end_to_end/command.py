"""The installed command line, as a user calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def executable() -> str:
    beside = Path(sys.executable).with_name("netdiag")
    found = str(beside) if beside.exists() else shutil.which("netdiag")
    assert found, "netdiag is not installed in this environment"
    return found


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def netdiag(
    *words: str, env: Mapping[str, str] | None = None, stdin: str = "", timeout: float = 120
) -> Done:
    done = subprocess.run(
        [executable(), *words],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
