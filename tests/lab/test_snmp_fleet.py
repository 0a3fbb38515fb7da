"""`netdiag poll` of many simulated switches, some dead, slow or babbling: the installed command."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from netdiag.collect import snmp
from netdiag.collect.snmp_session import Budget
from tests.end_to_end.command import executable
from tests.fleet import Faults, Fleet, mac, name

pytestmark = pytest.mark.lab
_COUNT = 24
_FAULTS = Faults(dead=0.08, slow=0.04, babbling=0.25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def _poll(
    fleet: Fleet,
    folder: Path,
    *words: str,
) -> subprocess.Popen[str]:
    inventory = fleet.inventory(folder / "inventory", requests_per_s=1000)
    environment = {**os.environ, "NETDIAG_DB": str(folder / "netdiag.db"), "COLUMNS": "100"}
    return subprocess.Popen(
        [executable(), "poll", "--inventory", str(inventory), "--window", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_a_poll_ends_says_what_it_could_not_read_and_stores_the_rest(folder):
    ails = _FAULTS.all(_COUNT)
    with Fleet(_COUNT, _FAULTS) as fleet:
        run = _poll(fleet, folder, "--json")
        out, err = run.communicate(timeout=170)
    assert run.returncode == 3, err
    said = {d["name"]: d for d in json.loads(out)["devices"]}
    assert len(said) == _COUNT
    for number, fault in enumerate(ails):
        device = said[name(number)]
        if fault in (None, "slow", "flood"):
            assert device["reachable"], device["errors"]
            assert device["errors"] == []
            assert (len(device["interfaces"]), len(device["fdb"])) == (52, 500)
            assert len(device["neighbors"]) == 4
            assert mac(number, 7) in {e["mac"] for e in device["fdb"]}
        elif fault in ("dead", "garbage"):
            assert not device["reachable"]
            assert "no answer to SNMP" in device["errors"][0]["message"]
            assert f"could not look: {name(number)}" in err
        else:
            assert device["reachable"]
            assert device["errors"]
            assert device["sys_name"] == name(number)
            assert f"could not look: {name(number)}" in err
    with sqlite3.connect(folder / "netdiag.db") as db:
        assert db.execute("SELECT count(*) FROM snapshot").fetchone() == (_COUNT,)


def test_rows_come_before_the_slowest_device_is_read_and_a_killed_poll_leaves_what_it_read(folder):
    with Fleet(12) as fleet:
        fleet.delay(5, 1.0)
        fleet.inventory(folder / "inventory")
        run = _poll(fleet, folder)
        assert run.stdout is not None
        rows = []
        for line in run.stdout:
            if line.startswith("sw-"):
                rows.append(line.split()[0])
            if len(rows) == 11:
                break
        assert name(5) not in rows
        deadline = time.monotonic() + 20
        stored: set[str] = set()
        while len(stored) < 11 and time.monotonic() < deadline:
            with sqlite3.connect(folder / "netdiag.db") as db:
                stored = {d for (d,) in db.execute("SELECT device FROM snapshot")}
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=20)
    assert stored == {name(n) for n in range(12)} - {name(5)}
    with sqlite3.connect(folder / "netdiag.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM snapshot").fetchone() == (11,)


def test_the_progress_bar_is_for_terminals_only(folder):
    with Fleet(3) as fleet:
        plain = _poll(fleet, folder)
        out, err = plain.communicate(timeout=60)
        assert "3/3" not in out + err
        assert "\x1b" not in out + err
        assert "3 devices in " in out
        shown = _on_terminal(fleet, folder)
    assert "3/3" in shown
    assert all(name(n) in shown for n in range(3))


def test_json_on_a_terminal_has_its_bar_on_stderr(folder):
    with Fleet(2) as fleet:
        inventory = fleet.inventory(folder / "inventory")
        ours, theirs = pty.openpty()
        run = subprocess.Popen(
            [executable(), "poll", "--json", "--inventory", str(inventory), "--window", "0"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "NETDIAG_DB": str(folder / "netdiag.db"), "TERM": "xterm"},
        )
        os.close(theirs)
        assert run.stdout is not None
        out = run.stdout.read()
        assert len(json.loads(out)["devices"]) == 2
        assert "2/2" in _read_all(ours)
        run.wait(20)


def _on_terminal(fleet: Fleet, folder: Path) -> str:
    inventory = fleet.inventory(folder / "inventory")
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [executable(), "poll", "--inventory", str(inventory), "--window", "0"],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env={**os.environ, "NETDIAG_DB": str(folder / "other.db"), "TERM": "xterm"},
    )
    os.close(theirs)
    text = _read_all(ours)
    run.wait(20)
    return text


def _read_all(handle: int) -> str:
    octets = b""
    while select.select([handle], [], [], 60)[0]:
        try:
            more = os.read(handle, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        octets += more
    os.close(handle)
    return octets.decode()


# --- care for the device --------------------------------------------------------------------------


def test_a_device_gets_at_most_its_requests_a_second_and_fewer_when_it_slows_down():
    with Fleet(1) as fleet:
        (target,) = fleet.targets(requests_per_s=25.0)
        started, before = time.monotonic(), fleet.delay(0, 0.001)
        (found,) = snmp.poll([target])
        took, requests = time.monotonic() - started, fleet.delay(0, 0.001) - before
        assert found.errors == ()
        assert requests > 20
        assert requests / took <= 26
        one_by_one = _in_mid_poll(fleet, 0.3)
    # Each answer takes 0.3 s, and before the next question there is about as much rest.
    assert one_by_one < 2.4


def _in_mid_poll(fleet: Fleet, seconds: float) -> float:
    """Requests a second that reach a device once it has become slow."""
    import threading

    (target,) = fleet.targets(requests_per_s=25.0)
    poll = threading.Thread(target=snmp.poll, args=([target],), kwargs={"deadline_s": 8.0})
    fleet.delay(0, 0.001)
    poll.start()
    time.sleep(1.0)
    first, at = fleet.delay(0, seconds), time.monotonic()
    time.sleep(1.0)  # the last quick answers, and the first that are noticed
    first, at = fleet.delay(0, seconds), time.monotonic()
    time.sleep(4.0)
    rate = (fleet.delay(0, seconds) - first) / (time.monotonic() - at)
    fleet.delay(0, 0.001)
    poll.join(60)
    return rate


def test_how_the_budget_rests():
    import asyncio

    async def rests(times: Sequence[float | None]) -> list[float]:
        budget, found = Budget(1e6), []
        for took in times:
            budget.told(took or 1.0, answered=took is not None)
            found.append(round(budget._rest_s, 3))
        return found

    steady = asyncio.run(rests([0.01] * 5 + [0.04]))
    assert steady == [0.0] * 6  # less than 50 ms is noise
    slower = asyncio.run(rests([0.01, 0.41, 0.41, 0.41]))
    assert slower[0] == 0.0
    assert slower[1] < slower[2] < slower[3] < 0.41
    lost = asyncio.run(rests([0.01, None, None, None, 0.01, 0.01, 0.01, 0.01] + [0.01] * 12))
    assert lost[1:4] == [0.05, 0.1, 0.2]
    assert lost[-1] == 0.0
