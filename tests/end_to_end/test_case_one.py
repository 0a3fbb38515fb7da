"""Case one through the installed command line: over sockets, with frames, by hand and in one go."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from netdiag.lab import client
from tests.end_to_end.command import executable, netdiag
from tests.end_to_end.conftest import Campus

pytestmark = pytest.mark.lab

# Different desks, access switches and numbers of cables; `demo --seed N` for more.
SEEDS = (3, 8, 14, 17)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_names_the_right_port_and_restores_service(seed, tmp_path):
    done = netdiag(
        "demo", "--seed", str(seed), "--json", "--db", str(tmp_path / "demo.db"), timeout=170
    )
    assert done.status == 0, done.err
    first = done.json["causes"][0]
    truth = done.json["truth"]
    assert first["kind"] in {truth["kind"], *truth["also"]}
    assert (first["device"], first["interface"]) == (truth["device"], truth["interface"])
    assert done.json["restored"] is True
    report = Path(done.json["report"]).read_text(encoding="utf-8")
    assert truth["interface"] in report
    assert "could not be looked at" in report.lower() or not done.json["not_checked"]


def test_the_demo_for_people_says_where_ticket_and_report_are(tmp_path):
    done = netdiag("demo", "--db", str(tmp_path / "demo.db"), timeout=170)
    assert done.status == 0, done.out + done.err
    assert "the right port" in done.out
    assert "netdiag ticket show T-" in done.out.replace("\n", " ")


def wait_until_closed(campus: Campus, seconds: float = 30) -> list[dict[str, str]]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        closed = campus("lab", "status", "--json").json["err_disabled"]
        if closed:
            return list(closed)
        time.sleep(0.3)
    raise AssertionError("no port closed")


def test_by_hand_from_poll_to_report(campus, tmp_path):
    healthy = campus("poll", "--json")
    assert healthy.status == 0, healthy.out[:2000] + healthy.err
    assert [d["reachable"] for d in healthy.json["devices"]] == [True] * 4
    assert campus("diagnose", "--json").json["causes"] == []

    truth = campus("lab", "inject", "home-router", "--seed", "5", "--cables", "2", "--json").json
    wait_until_closed(campus)
    closed = campus("ports", "--err-disabled", "--json")
    # The switch behind the closed port is dark: found something, but could not look everywhere.
    assert closed.status == 3
    assert [
        i["err_disabled"]["cause"]
        for d in closed.json["devices"]
        for i in d["interfaces"]
        if i["err_disabled"]
    ] == ["storm-control"]

    diagnosis = campus("diagnose", "--symptom", "no network", "--json")
    assert diagnosis.status == 3, diagnosis.err
    first = diagnosis.json["causes"][0]
    assert first["kind"] in {truth["kind"], *truth["also"]}
    assert (first["device"], first["interface"]) == (truth["device"], truth["interface"])
    ticket = diagnosis.json["ticket"]

    assert "shutdown" in campus("approve", ticket, "--dry-run").out
    approved = campus("approve", ticket, "--by", "ann", timeout=170)
    assert approved.status in (0, 1), approved.err
    shown = campus("ticket", "show", ticket, "--json").json
    assert shown["verification"] is not None
    assert {a["approved_by"] for a in shown["actions"]} == {"ann"}
    report = tmp_path / "report.html"
    assert campus("report", ticket, "--format", "html", "-o", str(report)).status == 0
    assert truth["device"] in report.read_text(encoding="utf-8")
    assert campus("audit", "verify").status == 0


def test_a_dark_switch_of_which_nothing_is_known_is_looked_at_through_the_gap(campus):
    defaults = Path(campus.env["NETDIAG_INVENTORY"]) / "defaults.yaml"
    text = defaults.read_text()
    defaults.write_text(text[: text.index("    syslog_files:")])
    assert campus("poll").status == 0
    truth = campus("lab", "inject", "home-router", "--seed", "5", "--json").json
    assert len(truth["interfaces"]) == 2
    wait_until_closed(campus)
    said = campus("diagnose", "--json").json
    first = said["causes"][0]
    # Nothing that was seen names the desk: it says so, and names none.
    assert (first["kind"], first["device"]) in {
        ("err-disabled-port", "core-1"),
        ("layer2-loop", truth["device"]),
    }
    assert truth["interface"] not in str(said["plan"])
    campus("approve", said["ticket"], "--by", "ann", timeout=170)
    actions = campus("ticket", "show", said["ticket"], "--json").json["actions"]
    shut = {a["interface"] for a in actions if a["device"] == truth["device"]}
    assert shut == set(truth["interfaces"]), "only the two desks of the loop"


def test_trace_names_the_edge_port_of_an_address(campus):
    host = client.connect(Path(campus.env["NETDIAG_LAB"]).parent).hosts()[0]
    assert campus("poll").status == 0
    done = campus("trace", host["ip"], "--json")
    assert done.status == 1
    assert done.json["mac"] == host["mac"]
    assert (done.json["edge"]["device"], done.json["edge"]["interface"]) == (
        host["switch"],
        host["interface"],
    )
    assert campus("trace", "not-a-station").status == 2


@pytest.mark.parametrize("copies", [False, True], ids=["own-server-id", "copied-server-id"])
def test_sweep_finds_the_rogue_once(campus, copies):
    assert campus("sweep", "lab:noc").status == 0
    campus("poll")
    extra = ["--option", "copy_server_id=true"] if copies else []
    truth = campus(
        "lab", "inject", "home-router", "--seed", "2", "--cables", "1", *extra, "--json"
    ).json
    time.sleep(2)
    first = campus("sweep", "lab:noc", "--json")
    assert first.status == 1, first.err
    verdicts = {s["mac"]: s["authorized"] for s in first.json["dhcp_servers"]}
    assert verdicts[truth["mac"]] is False
    assert sorted(verdicts.values()) == [False, True]
    assert [f["kind"] for f in first.json["findings"]].count("rogue-dhcp-server") == 1
    tickets = campus("ticket", "list", "--json").json["tickets"]
    assert len(tickets) == 1
    assert campus("sweep", "lab:noc").status == 1
    assert len(campus("ticket", "list", "--json").json["tickets"]) == 1


def test_a_repair_killed_in_the_middle_goes_on_and_sends_nothing_twice(campus):
    campus("poll")
    campus("lab", "inject", "home-router", "--seed", "4", "--cables", "2")
    wait_until_closed(campus)
    ticket = campus("diagnose", "--json").json["ticket"]
    run = subprocess.Popen(
        [executable(), "approve", ticket, "--by", "ann"],
        env={**os.environ, **campus.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    kill_at_first_intention(run, Path(campus.env["NETDIAG_DB"]))
    before = campus("ticket", "show", ticket, "--json").json["actions"]
    assert before, "the intention was on record before anything was sent"
    done = campus("resume", "--by", "ben", timeout=170)
    assert done.status == 0, done.err
    actions = campus("ticket", "show", ticket, "--json").json["actions"]
    assert not [a for a in actions if a["state"] == "intended"]
    edge = [
        (a["device"], a["interface"])
        for a in actions
        if a["state"] == "done" and a["device"] != "core-1"
    ]
    assert edge
    assert len(edge) == len(set(edge)), "an edge port was shut twice"
    assert campus("audit", "verify").status == 0


def kill_at_first_intention(run: subprocess.Popen[bytes], db: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and run.poll() is None:
        with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
            rows = connection.execute(
                "select count(*) from journal where event = 'intend'"
            ).fetchone()[0]
        if rows:
            break
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
