"""A real Request Tracker 5 on 127.0.0.1, of Debian's packages, with a database of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
_SETUP = Path("/usr/sbin/rt-setup-database-5")
_UP_S = 60.0


def _port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@dataclass
class RequestTracker:
    folder: Path
    port: int = field(default_factory=_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        if not (_SERVER.exists() and _SETUP.exists()):
            pytest.skip("Request Tracker is not installed (request-tracker5, rt5-db-sqlite)")
        for name in ("conf.d", "db", "mason", "session"):
            (self.folder / name).mkdir()
        settings: dict[str, object] = {
            "rtname": "netdiag.test",
            "Organization": "netdiag.test",
            "WebDomain": "127.0.0.1",
            "WebPort": self.port,
            "DatabaseType": "SQLite",
            "DatabaseName": str(self.folder / "db" / "rt5.sqlite"),
            "DatabaseHost": "",
            "DatabaseUser": "",
            "DatabasePassword": "",
            "MailCommand": "testfile",
            "LogToSTDERR": "error",
            "Timezone": "UTC",
            "MasonDataDir": str(self.folder / "mason"),
            "MasonSessionDir": str(self.folder / "session"),
        }
        lines = [f"Set(${name}, {value!r});" for name, value in settings.items()]
        lines += ["Set($LogToSyslog, undef);", "Set($LogToFile, undef);", "1;"]
        (self.folder / "RT_SiteConfig.pm").write_text("\n".join(lines), encoding="utf-8")
        done = subprocess.run(
            [str(_SETUP), "--action", "init", "--skip-create"],
            env=self._env(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _env(self) -> dict[str, str]:
        return os.environ | {
            "RT_SITE_CONFIG": str(self.folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.folder / "conf.d"),
        }

    def start(self) -> None:
        assert self.process is None
        self.process = subprocess.Popen(
            [str(_SERVER), "--server", "HTTP::Server::PSGI", "--host", "127.0.0.1", "--port", str(self.port)],
            env=self._env(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + _UP_S
        while time.monotonic() < deadline:
            try:
                self.get("rt")
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.2)
            else:
                return
        raise AssertionError(f"RT did not come up: {(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
            self.process = None

    # What people do in RT, by its own interface and a client that is not netdiag's.

    def get(self, path: str, **params: str) -> Any:
        return self._ask("GET", path, params=params)

    def send(self, method: str, path: str, body: object, *, user: str = "root") -> Any:
        return self._ask(method, path, json=body, user=user)

    def _ask(self, method: str, path: str, *, user: str = "root", **what: Any) -> Any:
        import httpx2

        try:
            answer = httpx2.request(
                method,
                f"{self.url}/REST/2.0/{path}",
                auth=(user, "password"),
                timeout=60,
                verify=False,
                **what,
            )
        except httpx2.TransportError as exc:
            raise OSError(str(exc)) from exc
        assert answer.status_code < 300, answer.text
        return answer.json()

    def tickets(self) -> list[dict[str, Any]]:
        answer = self.get("tickets", query="id > 0", fields="Subject,Status", per_page="100")
        rows: list[dict[str, Any]] = answer["items"]
        return rows

    def comments(self, number: str) -> list[str]:
        """The texts of all comments and replies, in their order."""
        history = self.get(f"ticket/{number}/history", fields="Type", per_page="100")
        assert int(history["pages"]) <= 1
        texts = []
        for row in history["items"]:
            if row["Type"] in ("Comment", "Correspond"):
                parts = self.get(f"transaction/{row['id']}/attachments", fields="Content")
                texts.append("\n".join(p["Content"] for p in parts["items"]))
        return texts
