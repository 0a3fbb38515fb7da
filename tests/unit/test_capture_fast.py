"""The compiled counting path gives the answers of the plain one, whatever the file holds."""

from __future__ import annotations

import json
import random
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile
from netdiag.capture.fast import Counter, Skimmer, is_available
from netdiag.decode import frames
from netdiag.errors import FileFormatError
from netdiag.model import Capture
from tests.unit.test_capture_container import block, interface, section

pytestmark = pytest.mark.skipif(not is_available(), reason="numba is not installed: netdiag[fast]")

MACS = [bytes((2, 0, 0, 0, 0, n)) for n in range(12)]
ALL = b"\xff" * 6


def answers(path: Path, *, fast: bool) -> Capture:
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    file = CaptureFile(str(path))
    counter = Counter(analysis) if fast else None
    if counter is not None:
        file.skim = Skimmer(counter)
    for one in file:
        analysis.add(one)
    if counter is not None:
        counter.finish()
    analysis.finish(truncated=file.truncated, dropped=file.dropped, damage=file.damage)
    assert json.loads(lines[-1])["kinds"] is not None
    capture = frames.capture(lines, str(path), rates=True)
    return replace(
        capture,
        dhcp_servers=tuple(sorted(capture.dhcp_servers, key=repr)),
        storms=tuple(sorted(capture.storms, key=repr)),
    )


def _frame(draw: random.Random) -> bytes:
    """Ordinary and odd frames: control protocols, tags, tunnels, copies, cut ones."""
    src = draw.choice(MACS)
    dst = draw.choice([ALL, ALL, draw.choice(MACS), b"\x01\0\x5e\0\0\x01", bytes(6)])
    tags = b"".join(
        struct.pack("!HH", draw.choice([0x8100, 0x88A8]), draw.choice([0, 5, 5, 20]))
        for _ in range(draw.choice([0, 0, 0, 1, 1, 2, 9]))
    )
    ip = struct.pack("!BBHHHBBH4s4s", draw.choice([0x45, 0x46, 0x44]), 0, 60, 0,
                     draw.choice([0, 0, 0x2000, 5]), 64, draw.choice([17, 17, 6]), 0, b"\x0a\0\0\1", b"\xff" * 4)  # fmt: skip
    ip6 = struct.pack("!IHBB", 0x60000000, draw.choice([20, 48]), draw.choice([58, 17, 0, 60]), 255)
    tail = bytes(draw.choice([0, 1, 58, 134, 135]) for _ in range(draw.choice([0, 3, 8, 60])))
    udp = struct.pack("!HHHH", 67, draw.choice([67, 68, 53, 547]), 40, 0)
    bodies = [
        (0x0800, ip + udp + b"\x02\x01\x06\0" + bytes(236) + b"\x63\x82\x53\x63\x35\x01\x02\xff"),
        (0x0800, ip + udp + tail),
        (0x0800, ip + struct.pack("!HHHH", 1900, 1900, 60, 0) + b"NOTIFY * HTTP/1.1\r\nSERVER: x" + tail),
        (0x0800, ip + struct.pack("!HHHH", draw.choice([5353, 99]), 5353, 60, 0) + b"\0\0\x84\0\0\0" + tail),
        (0x88B5, b"ndloop\1\0\5" + tail), (0x88B5, b"ndloo"),
        (0x86DD, ip6 + bytes(32) + struct.pack("!HHHH", 546, draw.choice([1900, 5353, 547]), 30, 0) + tail),
        (0x86DD, ip6 + bytes(32) + tail),
        (0x86DD, ip6 + bytes(32) + b"\x86\0\0\0" + bytes(12)),
        (0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, draw.choice([1, 2]), src,
                             bytes((10, 0, 0, draw.randrange(3))), bytes(6), bytes((10, 0, 0, draw.randrange(200))))),
        (0x0806, tail), (0x88CC, b"\x02\x04\x07abc" + tail), (0x9000, tail), (0x88B5, tail),
        (38, b"\x42\x42\x03" + bytes(35)), (20, b"\xaa\xaa\x03\0\0\x0c\x01\x0b" + bytes(40)),
        (20, b"\xaa\xaa\x03\0\0\x0c\x20\x00\x02\xb4" + tail), (3, b"\x42\x42\x03"),
        (0x8864, b"\x11\0\0\1\0\x20\0\x57" + ip6 + bytes(32) + b"\x86\0\0\0" + bytes(12)),
    ]  # fmt: skip
    ethertype, body = draw.choice(bodies)
    octets = dst + src + tags + struct.pack("!H", ethertype) + body
    return octets[: draw.choice([9, 14, 30, 50, 2000, 2000, 2000])]


def _frames(seed: int, n: int) -> list[tuple[float, bytes]]:
    draw = random.Random(seed)
    at, found = 1_700_000_000.0, []
    few = [_frame(draw) for _ in range(5)]
    for number in range(n):
        at += draw.choice([0.0, 0.0005, 0.0005, 0.4, -0.3] if number % 97 == 0 else [0.0, 0.0005])
        found.append((at, draw.choice(few) if draw.random() < 0.5 else _frame(draw)))
    return found


def _pcap(order: str, nano: bool, items: list[tuple[float, bytes]], link: int = 1) -> bytes:
    unit = 1e9 if nano else 1e6
    out = [
        struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    ]
    for at, octets in items:
        head = struct.pack(
            order + "IIII", int(at), int(at % 1 * unit), len(octets), len(octets) + 7
        )
        out.append(head + octets)
    return b"".join(out)


def _pcapng(order: str, items: list[tuple[float, bytes]]) -> bytes:
    out = [
        section(order),
        interface(order),
        interface(order, 113),
        interface(order, 1, struct.pack(order + "HHB3x", 9, 1, 9)),
    ]
    for number, (at, octets) in enumerate(items):
        which = number % 3 if number % 10 == 0 else 0
        ticks = int(at * (1e9 if which == 2 else 1e6))
        head = struct.pack(
            order + "IIIII", which, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), len(octets)
        )
        out.append(block(order, 6, head + octets))
        if number % 500 == 0:
            out += [
                block(order, 0xBAD, b"x"),
                block(order, 5, struct.pack(order + "IIIHHQ", 0, 0, 0, 5, 8, 3)),
            ]
        if number % 700 == 699:
            order = "<>"[order == "<"]
            out += [
                section(order),
                interface(order),
                interface(order, 113),
                interface(order, 1, struct.pack(order + "HHB3x", 9, 1, 9)),
            ]
    return b"".join(out)


FILES = {
    "little": _pcap("<", False, _frames(1, 4000)),
    "big nano": _pcap(">", True, _frames(2, 3000)),
    "cut": _pcap("<", False, _frames(3, 500))[:-5],
    "cut head": _pcap("<", False, _frames(3, 500)) + b"\0" * 9,
    "damage": _pcap("<", False, _frames(4, 200)) + b"\xff" * 40 + b"x" * 100,
    "other link": _pcap("<", False, _frames(5, 300), 113),
    "pcapng": _pcapng("<", _frames(6, 3000)),
    "pcapng big": _pcapng(">", _frames(7, 1500)),
    "pcapng cut": _pcapng("<", _frames(8, 400))[:-30],
    "pcapng damage": _pcapng("<", _frames(9, 400)) + struct.pack("<II", 6, 5),
    "jumbo": _pcap("<", False, [(1.0, ALL + MACS[0] + b"\x88\xb5" + bytes(3_000_000)), (1.5, ALL * 3)]),
    "empty": _pcap("<", False, []),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_equal_answers(tmp_path: Path, name: str) -> None:
    path = tmp_path / "c"
    path.write_bytes(FILES[name])
    plain, fast = answers(path, fast=False), answers(path, fast=True)
    assert fast == plain
    assert plain.packets or name == "empty"


_heads = st.sampled_from(
    [b"", ALL + MACS[0], ALL + MACS[1] + b"\x08\x06", MACS[2] + MACS[1] + b"\x08\x00\x45",
     ALL + MACS[1] + b"\x81\x00\x00\x05" * 3, ALL + MACS[3] + b"\x86\xdd\x60" + bytes(5) + b"\x00\xff",
     ALL + MACS[3] + b"\x00\x26\x42\x42\x03", ALL + MACS[4] + b"\x88\x64\x11\0\0\1\0\x20\0\x57\x60"]
)  # fmt: skip


@given(st.lists(st.tuples(_heads, st.binary(max_size=90), st.integers(0, 3)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_hostile_frames_give_equal_answers(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[bytes, bytes, int]]
) -> None:
    items = [(10.0 + n / 8, head + rest) for n, (head, rest, _) in enumerate(drawn)]
    items += [items[k % len(items)] for _, _, k in drawn if items]
    path = tmp_path_factory.getbasetemp() / "hostile.pcap"
    path.write_bytes(_pcap("<", False, items))
    assert answers(path, fast=True) == answers(path, fast=False)


@given(head=st.sampled_from(sorted(FILES)), tail=st.binary(max_size=200), cut=st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_hostile_files_give_equal_answers(
    tmp_path_factory: pytest.TempPathFactory, head: str, tail: bytes, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile"
    path.write_bytes(FILES[head][: 24 + cut] + tail)
    try:
        plain = answers(path, fast=False)
    except FileFormatError:
        return
    assert answers(path, fast=True) == plain


def test_a_loop_of_many_control_frames(tmp_path: Path) -> None:
    """More distinct frames than are remembered, each many times."""
    draw = random.Random(1)
    arps = [
        ALL + MACS[n % 9] + b"\x08\x06" + struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, MACS[n % 9],
        struct.pack("!I", 0x0A000000 + n), bytes(6), b"\x0a\0\0\1") for n in range(25_000)
    ]  # fmt: skip
    items = [(100 + n / 20_000, arps[n]) for n in range(25_000)]
    items += [(102 + n / 20_000, draw.choice(arps[:40])) for n in range(30_000)]
    path = tmp_path / "c"
    path.write_bytes(_pcap("<", False, items))
    plain, fast = answers(path, fast=False), answers(path, fast=True)
    assert fast == plain
    assert [s.cause for s in fast.storms]


@pytest.mark.data
def test_equal_answers_on_recordings(shared_data: Path) -> None:
    checked = 0
    for path in sorted((shared_data / "pcap").glob("*.pcap*")):
        try:
            plain = answers(path, fast=False)
        except FileFormatError:
            continue
        assert answers(path, fast=True) == plain, path.name
        checked += 1
    assert checked > 60
