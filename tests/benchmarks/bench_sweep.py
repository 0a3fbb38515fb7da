"""The sweep against Debian's dhcp-probe and nmap's broadcast-dhcp-discover, in one run.

`python -m tests.benchmarks.bench_sweep` (namespaces: root, or a kernel that lets users make them);
asserts nothing about time. One segment with two dnsmasq, a company's and a rogue's, asked by each; then
500 VLANs on one trunk with a server in each, of which two are silent, asked by netdiag in one window.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from netdiag.model import Capture
from tests.lab.test_wire_live import _SERVE, COMPANY, PYTHON, ROGUE, Lan

SENSOR = "02:aa:00:00:00:99"
VLANS = 500


def main() -> None:
    lan = Lan()
    try:
        with tempfile.TemporaryDirectory() as folder:
            lan.plug("company", COMPANY, "10.10.0.2/24")
            lan.plug("rogue", ROGUE, "192.168.0.1/24")
            lan.plug("sensor", SENSOR, "10.10.0.99/24")
            lan.plug("trunk", "02:aa:00:00:00:01")
            lan.serve("company", Path(folder), "10.10.0.2", "10.10.0.100", "10.10.0.200")
            lan.serve("rogue", Path(folder), "192.168.0.1", "192.168.0.100", "192.168.0.200")
            time.sleep(2)
            _segment(lan, Path(folder))
        _trunk(lan)
    finally:
        lan.stop()


def _timed(what: Callable[[], set[str]]) -> tuple[float, set[str]]:
    started = time.monotonic()
    found = what()
    return time.monotonic() - started, found


def _segment(lan: Lan, folder: Path) -> None:
    """One segment: who finds both servers, and how long it takes from start to end."""
    rows: list[tuple[str, tuple[float, set[str]] | None]] = [
        ("netdiag probe, DHCP, 1 s window", _timed(lambda: _netdiag(lan, "--what=dhcp", "--window=1"))),
        ("netdiag probe, v4 v6 RA, 2 s window", _timed(lambda: _netdiag(lan, "--window=2"))),
        ("nmap broadcast-dhcp-discover", _peer("nmap", lambda: _nmap(lan, folder))),
        ("dhcp-probe, until its first word", _peer("dhcp_probe", lambda: _dhcp_probe(lan, folder))),
    ]  # fmt: skip
    ours = rows[0][1]
    assert ours is not None
    print("one segment, two dnsmasq; whole process")
    for name, row in rows:
        if row is None:
            print(f"  {name:38} absent")
            continue
        took, found = row
        print(
            f"  {name:38} {took:6.2f} s  {took / ours[0]:5.1f} x  found {', '.join(sorted(found))}"
        )


def _peer(program: str, run: Callable[[], set[str]]) -> tuple[float, set[str]] | None:
    return _timed(run) if shutil.which(program, path=PYTHON["PATH"]) else None


def _netdiag(lan: Lan, *options: str) -> set[str]:
    capture: Capture = lan.nodes["sensor"].wire("probe", *options, "eth0")
    return {f"{s.server_id} ({s.mac})" for s in capture.dhcp_servers}


def _nmap(lan: Lan, folder: Path) -> set[str]:
    said = lan.nodes["sensor"].run(
        "nmap", "--script", "broadcast-dhcp-discover", "-e", "eth0", "--datadir", "/usr/share/nmap",
        "--script-args", "broadcast-dhcp-discover.timeout=3",
    )  # fmt: skip
    return set(re.findall(r"Server Identifier: ([\d.]+)", said))


def _dhcp_probe(lan: Lan, folder: Path) -> set[str]:
    """It never ends by itself: until it has spoken of the rogue; of legal servers it says nothing."""
    config = folder / "dhcp_probe.cf"
    config.write_text("legal_server 10.10.0.2\nresponse_wait_time 1000\ncycle_time 300\n")
    process = lan.nodes["sensor"].start(
        "dhcp_probe", "-f", "-c", str(config), "-p", str(folder / "pid"), "-w", str(folder), "eth0"
    )
    guard = threading.Timer(40, process.kill)  # it does not listen to SIGTERM
    guard.start()
    found: set[str] = set()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found |= set(re.findall(r"IP source ([\d.]+)", line))
            if found:
                break
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    return found


def _trunk(lan: Lan) -> None:
    """Hundreds of tagged VLANs at once."""
    server = lan.nodes["trunk"].start(sys.executable, "-c", _SERVE, "77,400")
    try:
        assert server.stdout is not None
        server.stdout.readline()
        print(f"{VLANS} tagged VLANs on one trunk, a server in each but two")
        vlans = ",".join(map(str, range(1, VLANS + 1)))
        for rate in (250, 1000):
            started = time.monotonic()
            capture = lan.nodes["sensor"].wire(
                "probe", "eth0", f"--vlans={vlans}", "--what=dhcp", "--window=2", f"--rate={rate}"
            )
            took = time.monotonic() - started
            answered = len({v for s in capture.dhcp_servers for v in s.vlans})
            print(
                f"  netdiag, {rate:4} frames/s, 2 s window   {took:6.2f} s  {answered} VLANs answered, "
                f"silent {capture.unanswered_vlans}, {capture.probes_sent} frames sent"
            )
    finally:
        server.kill()
        server.wait()
    print(f"  the peers ask one VLAN at a time: {VLANS} times what they took above, with {VLANS}")
    print("  VLAN interfaces; netdiag needs none")


if __name__ == "__main__":
    main()
