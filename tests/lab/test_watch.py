"""`netdiag listen` beside the practice campus: its switches send, it hears, asks and stores."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdiag.collect.listen import Listener, Settings
from netdiag.collect.listen_tally import Heard
from netdiag.lab import client
from netdiag.model import Kind, LogEvent, Site
from netdiag.store import Store
from netdiag.watch import flapping
from tests.end_to_end.command import executable, netdiag

pytestmark = [pytest.mark.lab, pytest.mark.timeout(170)]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_a_port_that_closes_is_heard_asked_and_stored(tmp_path: Path) -> None:
    syslog, traps = free_port(), free_port()
    lab = client.start(
        state_dir=tmp_path / "lab",
        syslog_to=("127.0.0.1", syslog),
        traps_to=("127.0.0.1", traps),
    )
    command = [
        executable(), "listen", "--for", "90s", "--syslog", f"127.0.0.1:{syslog}", "--syslog-tcp", "off",
        "--traps", f"127.0.0.1:{traps}", "--inventory", str(lab.inventory), "--db", str(tmp_path / "db"),
        "--community", "campus", "--community", "public", "--jsonl",
    ]  # fmt: skip
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        ) as process:
            assert process.stderr is not None
            assert "listening" in process.stderr.readline()
            truth = lab.inject("err-disabled-port", seed=1)
            time.sleep(9)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    finally:
        lab.stop()
    *lines, last = [json.loads(line) for line in out.splitlines()]
    closed = [e for e in lines if e["event"] == "err-disabled"]
    assert {(e["device"], e["interface"]) for e in closed} == {
        (truth["device"], truth["interface"])
    }, (lines, err)
    # once by syslog, once by the trap, and both are one event
    assert {e["mnemonic"] for e in lines} >= {"PM-4-ERR_DISABLE"}
    assert last["received"]["traps"] >= 1, last
    assert truth["device"] in last["polled"]
    found = [f for f in last["findings"] if f["kind"] == "err-disabled-port"]
    assert [f["resource"]["interface"] for f in found] == [truth["interface"]]
    assert process.returncode in (1, 3), err
    with Store(tmp_path / "db") as store:
        kept = store.events(datetime.now(UTC) - timedelta(hours=1))
        assert any(e.event == "err-disabled" and e.device == truth["device"] for e in kept)
        assert store.history(before=datetime.now(UTC) + timedelta(minutes=1))


def _heard(event: str, count: int, seconds: float, interface: str | None = "Gi1") -> Heard:
    first = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    last = first + timedelta(seconds=seconds)
    return Heard(LogEvent(last, "acc-1", "X", event, interface, count=count), first, last)


def test_a_flapping_port_is_one_finding_with_its_count() -> None:
    (finding,) = flapping([_heard("link-down", 40, 60), _heard("link-up", 2, 60, "Gi2")])
    assert finding.kind is Kind.LINK_FLAPPING
    assert finding.summary == "acc-1 Gi1: the link changed 40 times in 60 s"
    # twice a day for a month is a port that is used
    assert list(flapping([_heard("link-up", 60, 30 * 86400), _heard("link-up", 9, 9, None)])) == []


def test_wrong_calls_are_said(tmp_path: Path) -> None:
    assert netdiag("listen", "--inventory", str(tmp_path)).status == 2
    (tmp_path / "hosts.yaml").write_text("acc-1: {hostname: 127.0.0.1}\n")
    where = ("--inventory", str(tmp_path), "--db", str(tmp_path / "db"))
    wrong = netdiag("listen", "--for", "soon", *where)
    assert (wrong.status, "10s" in wrong.err) == (2, True)
    wrong = netdiag("listen", "--syslog", "nowhere", *where)
    assert (wrong.status, "--syslog" in wrong.err) == (2, True)
    nothing = netdiag("listen", "--for", "1s", "--syslog", "127.0.0.1:0", "--syslog-tcp", "off", "--traps", "off", "--json", *where)  # fmt: skip
    assert nothing.status == 0, nothing.err
    assert nothing.json["schema"] == "netdiag/listen/1"
    assert nothing.json["events"] == []


def test_a_watch_counts_over_its_whole_time(tmp_path: Path) -> None:
    from threading import Event

    from netdiag import watch

    line = b"<187>acc-1: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/5, changed state to down"
    with (
        Store(tmp_path / "db") as store,
        Listener(Settings(("127.0.0.1", 0))) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):

        def told(_: Heard) -> None:
            if sent[0] < 6:
                sent[0] += 1
                sock.sendto(line, listener.ports["syslog-udp"])

        sent = [1]
        sock.sendto(line, listener.ports["syslog-udp"])
        watched = watch.watch(listener, store, (), site=Site(), stop=Event(), seconds=6, told=told)
        kept = store.events(datetime.now(UTC) - timedelta(hours=1))
    assert [h.count for h in watched.heard.values()] == [6]
    assert [f.kind for f in watched.findings] == [Kind.LINK_FLAPPING]
    assert sum(e.count for e in kept) == 6
