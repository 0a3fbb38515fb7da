"""Counting captures against scapy, dpkt, tshark and the bare read of the file, in one run.

`python -m tests.benchmarks.bench_capture [PACKETS] [--live]`; asserts nothing about time. Slow peers
get a part of the file and their rate is per packet; a peer that is not installed is said to be absent.
`--live` (root): the rate of a sender on a veth pair, and what netdiag and scapy received of it.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PART = 30_000
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def write_capture(path: Path, packets: int) -> None:
    """Mixed traffic of 60 stations: a tenth broadcasts, a hundredth ARP, the rest TCP."""
    draw = random.Random(1)
    frames = []
    for n in range(2000):
        src = bytes((2, 0, 0, 0, 1, n % 60))
        dst = b"\xff" * 6 if n % 10 == 0 else bytes((2, 0, 0, 0, 1, n % 50))
        body = (
            b"\x08\x00\x45\x00\x01\xf4"
            + bytes(4)
            + b"\x40\x06"
            + bytes(draw.choice([40, 400, 1400]))
        )
        if n % 100 == 0:
            target = bytes((10, 0, 0, n % 200))
            body = b"\x08\x06" + struct.pack(
                "!HHBBH6s4s6s4s",
                1,
                0x800,
                6,
                4,
                1,
                src,
                bytes((10, 0, 0, n % 60)),
                bytes(6),
                target,
            )
        frames.append(dst + src + body)
    with path.open("wb") as file:
        file.write(HEADER)
        for n in range(packets):
            octets = frames[draw.randrange(2000)]
            at = 1_700_000_000 + n // 50_000, n % 50_000 * 20
            file.write(struct.pack("<IIII", *at, len(octets), len(octets)) + octets)


def netdiag(path: Path, *, fast: bool) -> None:
    """The analysis of the capture process, in this process."""
    from netdiag.capture.analysis import Analysis
    from netdiag.capture.container import CaptureFile
    from netdiag.capture.fast import Counter, Skimmer

    analysis = Analysis(lambda _line: None)
    file = CaptureFile(str(path))
    counter = Counter(analysis) if fast else None
    if counter is not None:
        file.skim = Skimmer(counter)
    for record in file:
        analysis.add(record)
    if counter is not None:
        counter.finish()
    analysis.finish()


def whole_process(path: Path) -> None:
    """As a user waits for it: start, load, count, print."""
    command = [sys.executable, "-P", "-m", "netdiag.capture", "read", str(path)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def bare_read(path: Path) -> None:
    """The limit."""
    buffer = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def scapy(path: Path) -> None:
    from scapy.layers.l2 import Ether
    from scapy.utils import PcapReader

    with PcapReader(str(path)) as packets:
        sum(packet[Ether].dst == "ff:ff:ff:ff:ff:ff" for packet in packets if Ether in packet)


def dpkt(path: Path) -> None:
    import dpkt as library

    with path.open("rb") as file:
        for _, octets in library.pcap.Reader(file):
            library.ethernet.Ethernet(octets)


def tshark(path: Path) -> None:
    command = ["tshark", "-r", str(path), "-T", "fields", "-e", "eth.dst", "-e", "dhcp.type"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _rate(what: Callable[[Path], None], path: Path, packets: int) -> float | None:
    started = time.perf_counter()
    try:
        what(path)
    except (ImportError, FileNotFoundError):
        return None
    return packets / (time.perf_counter() - started)


def offline(packets: int) -> None:
    """Packets per second of everyone, and netdiag's multiple of each."""
    with tempfile.TemporaryDirectory() as folder:
        long, part = Path(folder) / "long.pcap", Path(folder) / "part.pcap"
        write_capture(long, packets)
        write_capture(part, PART)
        netdiag(part, fast=True)  # compiled, or loaded, before the clock runs
        rows: list[tuple[str, float | None]] = [
            ("netdiag, counting path", _rate(lambda p: netdiag(p, fast=True), long, packets)),
            ("netdiag, whole process", _rate(whole_process, long, packets)),
            ("netdiag, plain Python", _rate(lambda p: netdiag(p, fast=False), part, PART)),
            ("scapy PcapReader", _rate(scapy, part, PART)),
            ("dpkt", _rate(dpkt, part, PART)),
            ("tshark fields", _rate(tshark, part, PART)),
            ("bare read of the file", _rate(bare_read, long, packets)),
        ]
        size = long.stat().st_size
    ours = rows[0][1] or 0.0
    print(f"{packets} packets, {size / 1e6:.0f} MB; slow peers read {PART} packets")
    for name, rate in rows:
        shown = (
            "absent" if rate is None else f"{rate / 1e6:9.3f} M packets/s   {ours / rate:9.1f} x"
        )
        print(f"{name:26} {shown}")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


# --- live ----------------------------------------------------------------------------------------

_SEND = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0))
frame = b"\\xff" * 6 + bytes.fromhex("02aa00000010") + b"\\x88\\xb5" + bytes(46)
started, n = time.monotonic(), int(sys.argv[2])
for _ in range(n):
    s.send(frame)
print(n / (time.monotonic() - started))
"""
_SCAPY = """
import sys, time
from scapy.sendrecv import AsyncSniffer
s = AsyncSniffer(iface=sys.argv[1], store=False, prn=lambda p: seen.append(1)); seen = []
s.start(); time.sleep(float(sys.argv[2])); s.stop(); print(len(seen))
"""


def live(frames: int) -> None:
    """One sender at full speed through a veth pair; each listener in a run of its own."""
    import json

    if shutil.which("ip") is None:
        print("live: ip (iproute2) is not installed")
        return
    pair = ("ndbench0", "ndbench1")
    subprocess.run(
        ["ip", "link", "add", pair[0], "type", "veth", "peer", "name", pair[1]], check=True
    )
    try:
        for name in pair:
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        listen = [sys.executable, "-P", "-m", "netdiag.capture", "listen", "--seconds=20", pair[1]]
        said, rate = _heard(listen, pair[0], frames)
        total = json.loads(said.splitlines()[-1])
        print(
            f"live: sent {frames} at {rate:.0f}/s; netdiag received {total['packets']}, "
            f"dropped {total['dropped']}"
        )
        said, rate = _heard([sys.executable, "-c", _SCAPY, pair[1], "18"], pair[0], frames)
        print(f"live: sent {frames} at {rate:.0f}/s; scapy received {said.strip()}")
    finally:
        subprocess.run(["ip", "link", "del", pair[0]], check=True)


def _heard(listen: list[str], sender: str, frames: int) -> tuple[str, float]:
    listener = subprocess.Popen(listen, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    time.sleep(6)
    sent = subprocess.run(
        [sys.executable, "-c", _SEND, sender, str(frames)],
        check=True,
        capture_output=True,
        text=True,
    )
    return listener.communicate()[0], float(sent.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packets", nargs="?", type=int, default=2_000_000)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    offline(options.packets)
    if options.live:
        live(1_000_000)
