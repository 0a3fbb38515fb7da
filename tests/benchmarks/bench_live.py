"""Live capture on a veth pair in network namespaces of its own: who loses frames, and at what cost.

`python -m tests.benchmarks.bench_live [FRAMES] [--only NAME]`, as root, or as anybody where user
namespaces are allowed. One sender (sendmmsg, as fast as the kernel takes it) against each listener
in turn: loss, CPU, and, where more than 0.1 % was lost, the highest rate at which it was not.
CPU is that of the listener's processes while frames come, user and system; what the kernel does in
the sender's time shows as a lower rate of the sender. Asserts nothing about time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.test_wire_live import PYTHON, Namespace

BOUND = 0.001
RATES = (200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500)
_SCAPY = """
import signal, sys, time
from scapy.sendrecv import AsyncSniffer
n = 0
def seen(packet):
    global n
    n += 1
done = False
def end(*_):
    global done
    done = True
signal.signal(signal.SIGINT, end)
s = AsyncSniffer(iface="eth0", store=False, prn=seen); s.start()
time.sleep(0.5); print("ready", flush=True)
while not done: time.sleep(0.1)
s.stop(); print(n)
"""


@dataclass(frozen=True)
class Heard:
    """One run: what was sent how fast, what arrived, and the CPU seconds that it took."""

    rate: float
    sent: int
    received: int
    said_dropped: int | None
    cpu_s: float

    @property
    def loss(self) -> float:
        return max(0.0, 1 - self.received / self.sent)


@dataclass(frozen=True)
class Listener:
    """A program that listens on eth0, and how its answer is read."""

    name: str
    command: tuple[str, ...]
    answer: Callable[[str, str], tuple[int, int | None]]
    """(stdout, stderr) -> frames received, frames said to be dropped."""
    ready: Callable[[int, Path], bool]


class Wire:
    """A sender's end and a listener's end."""

    def __init__(self) -> None:
        self.sender = Namespace()
        self.listener = Namespace(self.sender)
        peer = ("veth", "peer", "name", "eth0", "netns", str(self.listener.process.pid))
        self.sender.run("ip", "link", "add", "g0", "type", *peer)
        for node, name in ((self.sender, "g0"), (self.listener, "eth0")):
            node.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
            node.run("ip", "link", "set", name, "up")
        time.sleep(0.3)

    def send(self, frames: int, rate: float | None) -> float:
        """Frames a second that were reached."""
        limit = () if rate is None else ("--rate", str(rate))
        said = self.sender.run(
            sys.executable, "-m", "tests.traffic", "g0", str(frames), *limit, timeout=300
        )
        return frames / float(json.loads(said)["seconds"])

    def hear(self, who: Listener, frames: int, rate: float | None = None) -> Heard:
        """One run of a listener."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder) / "out", Path(folder) / "err"
            with out.open("wb") as stdout, err.open("wb") as stderr:
                process = subprocess.Popen(
                    [*self.listener.prefix, *who.command],
                    stdout=stdout, stderr=stderr, env=PYTHON, stdin=subprocess.DEVNULL,
                )  # fmt: skip
                while not who.ready(process.pid, err if who.name != "scapy AsyncSniffer" else out):
                    time.sleep(0.05)
                time.sleep(0.5)
                before = _cpu(process.pid)
                reached = self.send(frames, rate)
                time.sleep(1.5)
                took = _cpu(process.pid) - before
                process.send_signal(2)
                process.wait(timeout=60)
            received, dropped = who.answer(
                out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace")
            )
        return Heard(reached, frames, received, dropped, took)

    def stop(self) -> None:
        self.listener.stop()
        self.sender.stop()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text("ascii").split():
            found += _tree(int(child))
    return found


def _cpu(pid: int) -> float:
    """User and system seconds of a process and those that it started."""
    ticks = 0
    for one in _tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _is_quiet(pid: int, _err: Path) -> bool:
    """Our capture process has laid its privileges down: its sockets are open."""
    return "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text("ascii")


def _says(words: str) -> Callable[[int, Path], bool]:
    return lambda _pid, path: words in path.read_text("utf-8", "replace")


def _ours(out: str, _err: str) -> tuple[int, int | None]:
    total = json.loads(out.splitlines()[-1])
    return total["packets"], total["dropped"]


def _tcpdump(_out: str, err: str) -> tuple[int, int | None]:
    captured = re.search(r"(\d+) packets captured", err)
    dropped = re.search(r"(\d+) packets dropped by kernel", err)
    return int(captured[1]) if captured else 0, int(dropped[1]) if dropped else None


def _dumpcap(_out: str, err: str) -> tuple[int, int | None]:
    found = re.search(r"received/dropped on interface '.*': (\d+)/(\d+)", err)
    return (int(found[1]), int(found[2])) if found else (0, None)


def _tshark(out: str, err: str) -> tuple[int, int | None]:
    dropped = re.search(r"(\d+) packets? dropped", err)
    return out.count("\n"), int(dropped[1]) if dropped else None


def _scapy(out: str, _err: str) -> tuple[int, int | None]:
    return int(out.rsplit(maxsplit=1)[-1]), None


_CAPTURE = (sys.executable, "-P", "-m", "netdiag.capture", "listen", "--seconds=600")
LISTENERS = (
    Listener("netdiag", (*_CAPTURE, "eth0"), _ours, _is_quiet),
    Listener("netdiag, plain Python", (*_CAPTURE, "--plain", "eth0"), _ours, _is_quiet),
    Listener(
        "tcpdump -w /dev/null",
        ("tcpdump", "-i", "eth0", "-B", "65536", "-w", "/dev/null"),
        _tcpdump,
        _says("listening on"),
    ),
    Listener(
        "tcpdump, printing",
        ("tcpdump", "-n", "-i", "eth0", "-B", "65536"),
        _tcpdump,
        _says("listening on"),
    ),
    Listener(
        "dumpcap -w /dev/null",
        ("dumpcap", "-q", "-i", "eth0", "-B", "64", "-w", "/dev/null"),
        _dumpcap,
        _says("File:"),
    ),
    Listener(
        "tshark fields",
        ("tshark", "-n", "-l", "-i", "eth0", "-B", "64", "-T", "fields", "-e", "eth.dst"),
        _tshark,
        _says("Capturing on"),
    ),
    Listener("scapy AsyncSniffer", (sys.executable, "-c", _SCAPY), _scapy, _says("ready")),
)


def measure(frames: int, only: str | None = None) -> None:
    """Everybody in turn on one wire; ratios are netdiag's against each."""
    wire = Wire()
    try:
        alone = wire.send(frames, None)
        print(f"{frames} frames of 60 octets; the sender with nobody listening {alone:.0f}/s")
        print(f"{'':24}{'sent/s':>9}{'lost':>9}{'said':>9}{'CPU s':>7}{'us/frame':>9}  lossless at")
        best: dict[str, tuple[float, float]] = {}
        for who in LISTENERS:
            if only is not None and only not in who.name:
                continue
            if shutil.which(who.command[0]) is None:
                print(f"{who.name:24} absent")
                continue
            best[who.name] = _row(wire, who, frames)
        _ratios(best)
    finally:
        wire.stop()


def _row(wire: Wire, who: Listener, frames: int) -> tuple[float, float]:
    """(highest rate with next to no loss, CPU seconds a frame received)."""
    slow = 20_000 if "scapy" in who.name else frames
    heard = wire.hear(who, slow)
    lossless = heard.rate if heard.loss < BOUND else 0.0
    for rate in RATES if not lossless else ():
        if rate < heard.rate:
            again = wire.hear(who, min(slow, int(rate * 4)), rate)
            if again.loss < BOUND:
                lossless = again.rate
                break
    each = heard.cpu_s / max(1, heard.received)
    said = "-" if heard.said_dropped is None else str(heard.said_dropped)
    print(
        f"{who.name:24}{heard.rate:9.0f}{heard.loss:9.2%}{said:>9}{heard.cpu_s:7.2f}"
        f"{each * 1e6:9.2f}  {lossless:.0f}/s"
    )
    return lossless, each


def _ratios(best: dict[str, tuple[float, float]]) -> None:
    if "netdiag" not in best:
        return
    ours = best["netdiag"]
    for name, (rate, each) in best.items():
        if name != "netdiag":
            faster = f"{ours[0] / rate:8.1f} x its rate" if rate else "it loses at every rate"
            print(f"netdiag against {name:24} {faster}, {ours[1] / each:6.2f} x its CPU a frame")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", nargs="?", type=int, default=2_000_000)
    parser.add_argument("--only")
    options = parser.parse_args()
    measure(options.frames, options.only)
