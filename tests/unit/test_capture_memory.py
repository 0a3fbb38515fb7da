"""Memory grows neither with the length of a capture nor with the number of senders."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.fast import Counter, is_available
from netdiag.capture.meter import _REMEMBERED
from netdiag.decode import frames
from netdiag.model import Site
from netdiag.sniff import Watcher


def _resident() -> int:
    """Octets of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


@pytest.mark.skipif(not is_available(), reason="numba is not installed: netdiag[fast]")
def test_four_million_frames_of_as_many_senders() -> None:
    """All broadcast, all different, at one time stamp a tenth of a second: the compiled path."""
    import numpy as np

    draw, size, lines = np.random.default_rng(1), 1 << 14, 0

    def count_line(_line: object) -> None:
        nonlocal lines
        lines += 1

    counter = Counter(Analysis(count_line), decodes_per_s=100)
    octets = np.zeros((size, 64), np.uint8)
    octets[:, :6] = 255
    octets[:, 12:14] = (0x08, 0x06)
    counter.index.offset[:] = np.arange(size) * 64
    counter.index.kept[:] = counter.index.length[:] = 60
    early = 0
    for batch in range(250):
        octets[:, 6:12] = draw.integers(0, 256, (size, 6), np.uint8)
        octets[:, 38:42] = draw.integers(0, 256, (size, 4), np.uint8)
        counter.index.at[:] = 1_700_000_000 + batch / 10
        counter.count(octets.reshape(-1), size)
        if batch == 50:
            early = _resident()
    grown = _resident() - early
    packets, _ = counter.sums()
    counter.finish()
    print(f"{packets} frames: {grown / 1e6:.1f} MB more than after a fifth of them")
    assert packets == 250 * size
    assert grown < 20e6
    assert lines >= 25
    assert counter.bounds()


def test_senders_without_end_frame_by_frame() -> None:
    draw = random.Random(2)
    analysis = Analysis(lambda _line: None, decodes_per_s=50)
    held = []
    for part in range(3):
        for _ in range(_REMEMBERED // 2 + 5000 if part else _REMEMBERED + 1):
            octets = b"\xff" * 6 + draw.randbytes(6) + b"\x88\xb5" + draw.randbytes(20)
            analysis.count(Record(1000.0 + part, 1, 60, octets), 60)
        held.append(_resident())
    assert analysis.packets == 2 * _REMEMBERED + 10_001
    assert held[2] - held[1] < 10e6
    assert any(str(_REMEMBERED) in bound for bound in analysis.bounds())


def test_a_reader_of_a_day_of_storm() -> None:
    """Every second another storm of others, every message of another server: bounded, and said."""
    reader, watcher = frames.Reader("eth0"), Watcher(Site(), lambda _told: None)
    draw = random.Random(3)

    def mac() -> str:
        return draw.randbytes(6).hex(":")

    held = []
    for part in range(4):
        for n in range(3500):
            second = 1_700_000_000 + part * 3500 + n
            sources = [[mac(), 900, 1] for _ in range(8)]
            flood = {"frames": 9000, "octets": 1, "repeats": 1, "arp": 0, "arp_targets": 0,
                     "dhcp": 0, "vlans": [], "sources": sources, "repeating": 0, "talking": 9}  # fmt: skip
            line = {"t": second, "rates": [[None, 1, 9000, 0, 1]], "floods": {"broadcast": flood}}
            reader.read(json.dumps({"type": "second", **line}))
            for way in ("stp", "arp"):
                reader.read(json.dumps(_message(way, part * 3500 + n, second, mac(), draw)))
        for moment, words in watcher(reader):
            assert moment.tzinfo is not None
            assert words
        held.append(_resident())
    capture = reader.capture(so_far=True)
    assert capture.storms
    assert len(capture.storms[0].top_sources) == 5
    assert held[3] - held[2] < 20e6


def _message(way: str, number: int, at: int, mac: str, draw: random.Random) -> dict[str, object]:
    head = {"type": way, "id": number, "t": at, "vlans": [], "src": mac, "session": None}
    if way == "stp":
        return head | {"root": mac, "priority": 0, "extension": 0, "vlan_id": None}
    ip = ".".join(str(n) for n in draw.randbytes(4))
    return head | {"op": 2, "sha": mac, "spa": ip, "tpa": ip}
