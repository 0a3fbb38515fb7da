"""The desk's day by the installed command line: calls, answers, promises, hand-over, alerts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.end_to_end.command import Done, executable, netdiag
from tests.unit.test_alerts import alert, webhook


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "NETDIAG_DB": str(folder / "nd.db"),
            "NETDIAG_PROCESS": str(folder / "process.yaml"),
            "COLUMNS": "80",
        }
        self.rules("first_checks: off\n")

    def rules(self, text: str) -> None:
        (self.folder / "process.yaml").write_text(text)

    def __call__(self, *words: str, status: int = 0, stdin: str = "") -> Done:
        done = netdiag("ticket", *words, env=self.env, stdin=stdin)
        assert done.status == status, (words, done.status, done.out, done.err)
        return done


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_call_as_json_its_question_and_its_answer(desk: Desk) -> None:
    call = {"reporter": "王芳", "place": "总部/三楼/3F-101", "symptom": "断网", "affected": 1}
    t = desk("open", "--from", "-", "--json", stdin=json.dumps(call)).json
    assert t["area"] == "总部/3F"
    assert t["ask"]["question"] in {"connection", "address", "reach", "pattern", "link", "change"}
    assert t["ask"]["gain_bits"] > 0
    assert "scope" not in t["ask"]["question"], "one person was said"
    first = t["ask"]["question"]
    choice = t["ask"]["choices"][0]["choice"]
    t = desk("answer", t["id"], f"{first}={choice}", "since=10m", "--by", "王芳", "--json").json
    assert t["ask"]["question"] != first
    assert t["calls"][0]["since"]
    for words, said in (
        (("open", "--from", "-"), '{"affected": "eight"}'),
        (("answer", t["id"], "scope=nobody"), ""),
        (("answer", t["id"], "scope"), ""),
        (("open", "--since", "yesterday-ish"), ""),
        (("wait", t["id"]), ""),
        (("wait", t["id"], "--for", "godot"), ""),
    ):
        done = desk(*words, stdin=said, status=2)
        named = re.search(r"eight|nobody|scope|yesterday-ish|--for|godot", done.err)
        assert named, done.err


def test_a_broken_promise_is_an_exit_status(desk: Desk) -> None:
    desk("open", "--reporter", "Wang", "--place", "HQ/3F", "--symptom", "no network")
    assert "no promise is broken" in desk("list", "--breached").out
    levels = ", ".join(f"P{n}: {{response: 1s, always: true}}" for n in (1, 2, 3, 4))
    desk.rules(f"first_checks: off\nservice_levels: {{{levels}}}\n")
    time.sleep(1.1)
    done = desk("list", "--breached", "--json", status=1).json
    assert [t["breached"] for t in done["tickets"]] == [["response"]]
    number = done["tickets"][0]["id"]
    assert "BREACHED" in desk("show", number).out
    desk("close", number, "--reason", "x", "--by", "ann")
    desk("list", "--breached")


def test_the_second_call_starts_the_first_checks_in_the_background(desk: Desk) -> None:
    desk.rules("first_checks: background\n")
    for name in ("Wang", "Li"):
        t = desk(
            "open", "--reporter", name, "--place", "HQ/3F", "--symptom", "no network", "--json"
        ).json
    assert t["first_checks"] is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        entries = desk("show", t["id"], "--json").json["timeline"]
        if any("could not be made: no inventory" in e["text"] for e in entries):
            return
        time.sleep(0.5)
    pytest.fail(f"nothing came of them: {entries}")


def test_an_escalation_leaves_a_bundle_and_says_where(desk: Desk) -> None:
    t = desk("open", "--reporter", "Wang", "--place", "HQ/3F", "--symptom", "slow", "--json").json[
        "id"
    ]
    evidence = desk.folder / "photo.jpg"
    evidence.write_bytes(b"\xff\xd8")
    desk("attach", t, str(evidence))
    done = desk("escalate", t, "--to", "DBA", "--why", "is it the database?", "--by", "ann")
    path = re.search(r"hand-over: (\S+\.zip)", done.err + done.out)
    assert path
    assert Path(path[1]).is_file()
    again = desk("escalate", t, "--to", "DBA", "--why", "x", "--bundle", path[1], status=1)
    assert "already there" in again.err
    assert desk("show", t, "--json").json["assigned"] == "DBA"


def test_the_rules_can_be_written_shown_and_are_checked(desk: Desk) -> None:
    (desk.folder / "process.yaml").unlink()
    desk("rules", "--write")
    assert desk("rules", "--json").json["priority"][0] == ["high", "high", "P1"]
    desk("rules", "--write", status=2)
    desk.rules("priorty: {}\n")
    done = desk("rules", status=2)
    assert "process.yaml:1: priorty: unknown key: did you mean 'priority'?" in done.err
    desk.rules("first_checks: off\n")
    assert "no ticket system is named" in desk("sync", status=2).err


def test_alertmanager_speaks_to_the_command(desk: Desk) -> None:
    env = {**os.environ, **desk.env, "TOKEN": "Sentinel-2b"}
    process = subprocess.Popen(
        [executable(), "alerts", "127.0.0.1:0", "--token", "env:TOKEN"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        port = None
        for line in process.stderr:
            if match := re.search(r"listening: http://127\.0\.0\.1:(\d+)/", line):
                port = int(match[1])
                break
        assert port
        for status in ("firing", "resolved"):
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {"Authorization": "Bearer Sentinel-2b"}
            connection.request("POST", "/", webhook(alert(status=status, area="HQ/3F")), headers)
            assert connection.getresponse().status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Sentinel-2b" not in out + err
    (row,) = desk("list", "--json").json["tickets"]
    assert row["area"] == "HQ/3F"
    refused = netdiag("alerts", "0.0.0.0:0", env=desk.env)
    assert refused.status == 2
    assert "--token" in refused.err
    plain = netdiag("alerts", "127.0.0.1:0", "--token", "Sentinel-2b", env=desk.env)
    assert plain.status == 2
    assert "Sentinel-2b" not in plain.err
