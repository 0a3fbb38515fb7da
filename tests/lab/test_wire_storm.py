"""A real storm: two bridges, two cables between them, and what `netdiag sniff` says while it runs.

The cables are slowed down by tbf, which queues: the storm lives on at a rate that the machine bears,
and its time is bounded by the namespaces' own.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from netdiag.capture.container import CaptureFile
from tests.lab.test_wire_live import PYTHON, Namespace

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="network namespaces are Linux's"
)
_SNIFF = "import sys; from netdiag.cli import main; sys.argv[0] = 'netdiag'; main()"
_SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
for n in range(int(sys.argv[1])):
    mac = bytes((2, 0, 0, 0, 9, n))
    s.send(b"\\xff" * 6 + mac + bytes.fromhex("0806000108000604") + b"\\0\\1" + mac
           + bytes((10, 9, 0, n)) + bytes(6) + bytes((10, 9, 0, 200)) + bytes(18))
"""


def _now() -> float:
    return datetime.now(UTC).timestamp()


class Ring:
    """Two switches that a second cable turns into a loop; a sensor and a client at the first."""

    def __init__(self) -> None:
        self.switch = Namespace()
        run = self.switch.run
        for name in ("brA", "brB"):
            run("ip", "link", "add", name, "type", "bridge")
            run(
                "ip", "link", "set", name, "type", "bridge", "stp_state", "0", "mcast_snooping", "0"
            )
            run("ip", "link", "set", name, "up")
        run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
        for cable in ("x", "y"):
            run("ip", "link", "add", f"{cable}A", "type", "veth", "peer", "name", f"{cable}B")
            for end in "AB":
                port = f"{cable}{end}"
                run("ip", "link", "set", port, "master", f"br{end}")
                slow = ["root", "tbf", "rate", "2mbit", "burst", "3000", "limit", "30000"]
                run("tc", "qdisc", "add", "dev", port, *slow)
            run("ip", "link", "set", f"{cable}B", "up")
        run("ip", "link", "set", "xA", "up")
        self.sensor, self.client = self._plug("sensor"), self._plug("client")

    def _plug(self, name: str) -> Namespace:
        node = Namespace(self.switch)
        peer = ["veth", "peer", "name", "eth0", "netns", str(node.process.pid)]
        self.switch.run("ip", "link", "add", f"p-{name}", "type", *peer)
        self.switch.run("ip", "link", "set", f"p-{name}", "master", "brA", "up")
        node.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
        node.run("ip", "link", "set", "eth0", "up")
        return node

    def close_loop(self) -> float:
        """Plugs in the second cable and lets three stations ask for somebody; gives the time."""
        self.switch.run("ip", "link", "set", "yA", "up")
        time.sleep(0.3)
        at = _now()
        self.client.run(sys.executable, "-c", _SEND, "3")
        return at

    def open_loop(self) -> None:
        self.switch.run("ip", "link", "set", "yA", "down")

    def stop(self) -> None:
        for node in (self.sensor, self.client, self.switch):
            node.stop()


@pytest.fixture
def ring() -> Iterator[Ring]:
    for program in ("ip", "tc", "unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (iproute2, util-linux)")
    try:
        found = Ring()
    except AssertionError as exc:
        pytest.skip(f"this kernel lacks a bridge, veth or tbf: {exc}")
    yield found
    found.stop()


@pytest.fixture
def busy() -> Iterator[None]:
    """A machine with better things to do: a process for each core that never rests."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


class Sniff:
    """`netdiag sniff` at the sensor; its lines with the time at which each came."""

    def __init__(self, ring: Ring, home: Path, *arguments: str) -> None:
        self.lines: list[tuple[float, str]] = []
        self.process = subprocess.Popen(
            [*ring.sensor.prefix, sys.executable, "-P", "-c", _SNIFF, "sniff", "eth0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
            env={**PYTHON, "HOME": str(home), "COLUMNS": "80", "XDG_DATA_HOME": str(home)},
        )  # fmt: skip
        self._wait_for_the_socket()
        self._new: queue.Queue[tuple[float, str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._new.put((_now(), line))

    def _wait_for_the_socket(self) -> None:
        """Until the capture process has laid its privileges down."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            for task in Path(f"/proc/{self.process.pid}/task").iterdir():
                for child in (task / "children").read_text("ascii").split():
                    if "NoNewPrivs:\t1" in Path(f"/proc/{child}/status").read_text("ascii"):
                        return
            time.sleep(0.02)
        raise AssertionError(f"sniff did not start: {self.process.communicate()}")

    def until(self, word: str, seconds: float) -> float:
        """When a line with that word came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.lines.append(self._new.get(timeout=0.1))
            except queue.Empty:
                continue
            if word in self.lines[-1][1]:
                return self.lines[-1][0]
        raise AssertionError(f"no {word!r} within {seconds} s: {self.lines}")

    def end(self) -> tuple[int, str, str]:
        """Its status, all that it said, and what it said on stderr."""
        assert self.process.stderr is not None
        self.process.wait(timeout=60)
        self._reader.join()
        while not self._new.empty():
            self.lines.append(self._new.get())
        out = "".join(line for _, line in self.lines)
        return self.process.returncode, out, self.process.stderr.read()


def test_a_storm_is_said_within_two_seconds_of_its_onset(
    ring: Ring, busy: None, tmp_path: Path
) -> None:
    """While every core is busy: once, with its kind and sources; and its end."""
    sniff = Sniff(ring, tmp_path, "--write", str(tmp_path / "storm.pcapng"))
    time.sleep(1.5)
    onset = ring.close_loop()
    said = sniff.until("broadcast-storm", 10)
    print(f"said {said - onset:.2f} s after the onset")
    time.sleep(4)
    ring.open_loop()
    opened = _now()
    over = sniff.until("over     broadcast-storm", 12)
    print(f"its end {over - opened:.2f} s after the cable was pulled")
    time.sleep(1)
    sniff.process.send_signal(signal.SIGINT)
    status, out, err = sniff.end()
    assert status == 1, err
    began = [line for line in out.splitlines() if "Z " in line and "over" not in line]
    assert len([line for line in began if "broadcast-storm" in line]) == 1, out
    assert len(began) == 2, out
    assert all(f"02:00:00:00:09:0{n}" in out for n in range(3)), out
    assert said - onset < 2.0, out
    _evidence_is_good(tmp_path / "storm.pcapng", onset)


def _evidence_is_good(path: Path, onset: float) -> None:
    """Frames from before the finding and of the storm, in a file that tshark reads."""
    records = list(CaptureFile(str(path)))
    assert any((r.at or 0) < onset + 1.0 for r in records)
    assert path.stat().st_size < 16 * 1024 * 1024
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (tshark)")
    read = subprocess.run(
        ["tshark", "-r", str(path), "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert read.returncode == 0, read.stderr
    assert "broadcast-storm" in read.stdout


def test_a_quiet_segment_gives_nothing(ring: Ring, tmp_path: Path) -> None:
    sniff = Sniff(ring, tmp_path, "--for", "3s")
    ring.client.run(sys.executable, "-c", _SEND, "3")
    status, out, err = sniff.end()
    assert status == 0, out + err
    assert "nothing wrong" in out


def test_json_is_one_object_at_the_end(ring: Ring, tmp_path: Path) -> None:
    """Findings as they come are on stderr, the object alone on stdout; Ctrl-C is no failure."""
    sniff = Sniff(ring, tmp_path, "--json")
    ring.close_loop()
    time.sleep(2.5)
    sniff.process.send_signal(signal.SIGINT)
    status, out, err = sniff.end()
    said: dict[str, Any] = json.loads(out)
    assert status == 1, err
    assert said["storms"][0]["kind"] == "broadcast"
    start = datetime.fromisoformat(said["storms"][0]["start"])
    assert abs((datetime.now(UTC) - start).total_seconds()) < 30
    assert "broadcast-storm" in err
    assert said["dropped"] == 0


def test_ctrl_c_on_a_quiet_wire(ring: Ring, tmp_path: Path) -> None:
    sniff = Sniff(ring, tmp_path)
    time.sleep(1)
    sniff.process.send_signal(signal.SIGINT)
    status, out, err = sniff.end()
    assert (status, "nothing wrong" in out) == (0, True), err
