"""Reading captures: packets a second against scapy, dpkt, tshark, tcpdump and the bare read, in one run.

    python -m tests.benchmarks.bench_capture [PACKETS] [--rounds N]        default: 8000000, 3

netdiag's figure is that of the whole command as a user waits for it: start, load, count, report.
Peers that would take hours read a slice, which the table says; their rate is extrapolated: the
packets beyond the first few, by the time that these took more, so no start counts against them.
A peer that is not installed is said to be absent. Then growth: time and peak memory at an eighth, a
quarter and half of the packets. Prints; asserts nothing about time. The file (670 octets a packet)
is in the folder for temporary files and goes when the benchmark ends.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.captured import Traffic, dhcp_messages
from tests.end_to_end.command import executable
from tests.procs import Watch

ROOT = Path(__file__).resolve().parents[2]
FEW = 1000
"""Packets of the capture that shows what a start costs."""
_DHCP = ("udp", "port", "67", "or", "68")
_TSHARK = ("-n", "-T", "fields", "-e", "eth.dst", "-e", "dhcp.option.dhcp")


@dataclass(frozen=True)
class Count:
    """What a reader said that it saw; `None`: it does not say."""

    packets: int | None
    dhcp: int | None = None


@dataclass(frozen=True)
class Reader:
    """One row: `most` is the slice that it gets (None: the whole), `goal` netdiag's multiple of it."""

    name: str
    read: Callable[[Path], Count]
    most: int | None = None
    goal: float | None = None
    remark: str = ""


@dataclass(frozen=True)
class Row:
    reader: Reader
    given: int
    count: Count
    seconds: float
    rate: float


def _said(command: Sequence[str], allowed: Sequence[int] = (0,)) -> str:
    """A program's standard output; the clone's netdiag, whichever is installed."""
    path = os.pathsep.join((str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])))
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def command(path: Path) -> Count:
    """`netdiag pcap`; 1 says that it found something, as in so many broadcasts it does."""
    said = json.loads(_said([executable(), "pcap", "--json", str(path)], (0, 1)))
    return Count(said["packets"])


def process(path: Path) -> Count:
    """The process that `netdiag pcap` starts for the file, alone."""
    said = _said([sys.executable, "-P", "-m", "netdiag.capture", "read", str(path)])
    total = json.loads(said.splitlines()[-1])
    return Count(total["packets"], total["kinds"].get("dhcp", 0))


def here(path: Path, *, fast: bool) -> Count:
    """The analysis of that process, in this one."""
    from netdiag.capture.analysis import Analysis
    from netdiag.capture.container import CaptureFile
    from netdiag.capture.fast import Counter, Skimmer

    analysis, file = Analysis(lambda _line: None), CaptureFile(str(path))
    counter = Counter(analysis) if fast else None
    if counter is not None:
        file.skim = Skimmer(counter)
    for record in file:
        analysis.add(record)
    if counter is not None:
        counter.finish()
    analysis.finish()
    return Count(analysis.packets, analysis.kinds["dhcp"])


def scapy(path: Path) -> Count:
    from scapy.layers.dhcp import DHCP
    from scapy.utils import PcapReader

    packets = dhcp = 0
    with PcapReader(str(path)) as reader:
        for packet in reader:
            packets += 1
            dhcp += DHCP in packet
    return Count(packets, dhcp)


def dpkt(path: Path) -> Count:
    import dpkt as library

    packets = dhcp = 0
    with path.open("rb") as file:
        for _, octets in library.pcap.Reader(file):
            packets += 1
            datagram = getattr(library.ethernet.Ethernet(octets).data, "data", None)
            if isinstance(datagram, library.udp.UDP) and datagram.dport in (67, 68):
                dhcp += bool(library.dhcp.DHCP(datagram.data).opts)
    return Count(packets, dhcp)


def tshark(path: Path) -> Count:
    lines = _said(["tshark", "-r", str(path), *_TSHARK]).splitlines()
    return Count(len(lines), sum(not line.endswith("\t") for line in lines))


def tcpdump(path: Path, *words: str) -> int:
    said = _said(["tcpdump", "-r", str(path), "--count", "-w", "/dev/null", *words])
    return int(said.split()[0])


def bare(path: Path) -> Count:
    """The limit."""
    buffer = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return Count(None)


READERS = (
    Reader("netdiag pcap, the command", command),
    Reader("netdiag, capture process", process),
    Reader("netdiag, counting path", lambda p: here(p, fast=True), remark="without any start"),
    Reader("netdiag, plain Python", lambda p: here(p, fast=False), 100_000),
    Reader("scapy PcapReader", scapy, 20_000, 1000),
    Reader("tshark -T fields", tshark, 200_000, 100),
    Reader("dpkt", dpkt, 400_000, 10),
    Reader("tcpdump -w /dev/null", lambda p: Count(tcpdump(p))),
    Reader("tcpdump, DHCP filter", lambda p: Count(None, tcpdump(p, *_DHCP)), remark="not claimed against"),
    Reader("bare read of the file", bare, remark="the limit"),
)  # fmt: skip


# --- one row -------------------------------------------------------------------------------------


def _timed(reader: Reader, path: Path) -> tuple[float, Count]:
    started = time.perf_counter()
    count = reader.read(path)
    return time.perf_counter() - started, count


def measure(
    reader: Reader, long: Path, packets: int, traffic: Traffic, rounds: int = 1
) -> Row | None:
    """Best of so many rounds, of a slice once; `None` where the peer is not installed."""
    few, part = long.with_name("few.pcap"), long.with_name("part.pcap")
    given = min(packets, reader.most or packets)
    traffic.write(few, min(FEW, given // 2))
    try:
        reader.read(few)  # imports and what is compiled, before the clock runs
        if reader.most is None:
            took, count = min((_timed(reader, long) for _ in range(rounds)), key=lambda t: t[0])
            return Row(reader, packets, count, took, packets / took)
        traffic.write(part, given)
        start, _ = _timed(reader, few)
        took, count = _timed(reader, part)
    except (ImportError, FileNotFoundError):
        return None
    finally:
        few.unlink()
        part.unlink(missing_ok=True)
    more = took - start
    rate = (given - min(FEW, given // 2)) / more if more > 0 else given / took
    return Row(reader, given, count, took, rate)


def _wrong(row: Row) -> str:
    """What it counted otherwise than was written."""
    count, dhcp = row.count, dhcp_messages(row.given)
    wrong = count.packets not in (None, row.given) or count.dhcp not in (None, dhcp)
    return f"COUNTED {count.packets} packets, {count.dhcp} DHCP messages" if wrong else ""


def _show(row: Row, ours: float, *, is_slice: bool) -> str:
    ratio, goal = ours / row.rate, row.reader.goal
    sliced = "a slice, extrapolated" if is_slice else ""
    aim = ""
    if goal is not None:
        aim = f"goal {goal:g}: " + (
            "held" if ratio >= goal else f"missed, {ratio / goal:.0%} of it"
        )
    counted = "-" if row.count.packets is None else str(row.count.packets)
    dhcp = "-" if row.count.dhcp is None else str(row.count.dhcp)
    remarks = ", ".join(filter(None, (aim, row.reader.remark, sliced, _wrong(row))))
    return (
        f"{row.reader.name:26}{row.given:>9}{counted:>9}{dhcp:>6}{row.seconds:9.2f}"
        f"{row.rate / 1e6:12.4f}{ratio:10.2f} x  {remarks}"
    ).rstrip()


# --- all rows ------------------------------------------------------------------------------------


def growth(path: Path, packets: int) -> tuple[float, int]:
    """(seconds, octets) of one `netdiag pcap`: the peak is of both its processes together."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [executable(), "pcap", "--json", str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with Watch(child.pid) as watch:
        said, _ = child.communicate()
        took = time.perf_counter() - started
    assert json.loads(said)["packets"] == packets
    return took, watch.peak_octets


def _grow(path: Path, sizes: Sequence[int], traffic: Traffic, rounds: int) -> list[str]:
    """Lengthens the file from size to size; what each cost, against the one before."""
    lines, before, written = [], None, 0
    traffic.write(path, 0)
    for size in sizes:
        with path.open("ab") as file:
            traffic.extend(file, written, size)
        written = size
        tries = [growth(path, size) for _ in range(rounds)]
        took, octets = min(t for t, _ in tries), max(o for _, o in tries)
        line = f"growth: {size:>8} packets {took:8.2f} s {octets / 1e6:7.0f} MB"
        if before is not None:
            line += f"   time x {took / before[0]:.2f}, memory x {octets / before[1]:.2f}"
            line += f" (goals: {size / before[2]:g} and 1)"
        lines.append(line)
        before = took, octets, size
    return lines


def main(packets: int = 8_000_000, rounds: int = 3) -> None:
    """Every reader over one file, then what growth cost on the way to it."""
    from netdiag.capture import fast

    if fast.is_available():
        _said([sys.executable, "-P", "-m", "netdiag.capture", "compile"])
    traffic = Traffic()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # tcpdump reads as a user of its own
        long = Path(folder) / "long.pcap"
        sizes = [packets // n for n in (8, 4, 2)]
        grown = _grow(long, sizes, traffic, rounds)
        with long.open("ab") as file:
            traffic.extend(file, sizes[-1], packets)
            os.fsync(file.fileno())  # nothing is written back while others are measured
        print(f"{packets} packets, {long.stat().st_size / 1e6:.0f} MB in the page cache, {dhcp_messages(packets)} DHCP messages, each its own; load {os.getloadavg()[0]:.1f}")  # fmt: skip
        print(f"{'':26}{'packets':>9}{'counted':>9}{'DHCP':>6}{'s':>9}{'M packets/s':>12}{'netdiag':>10}")  # fmt: skip
        ours = None
        for reader in READERS:
            row = measure(reader, long, packets, traffic, rounds)
            ours = row.rate if ours is None and row is not None else ours
            shown = f"{reader.name:26}absent"
            if row is not None:
                shown = _show(row, ours or 0.0, is_slice=row.given < packets)
            print(shown, flush=True)
    print(*grown, sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packets", nargs="?", type=int, default=8_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    main(options.packets, options.rounds)
