"""The file of evidence: what said something new is never pushed out, its size is bounded."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.evidence import Batch, Evidence
from netdiag.errors import UsageError

SRC = bytes.fromhex("020000000001")
ARP = b"\xff" * 6 + SRC + b"\x08\x06" + struct.pack(
    "!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, SRC, b"\x0a\0\0\1", bytes(6), b"\x0a\0\0\2"
)  # fmt: skip


def plain(n: int) -> bytes:
    return b"\xff" * 6 + SRC + b"\x88\xb5" + n.to_bytes(4, "big") + bytes(182)


def test_the_message_stays_and_the_newest_frames(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pcapng"
    evidence = Evidence(str(path), 40_000)
    analysis = Analysis(lambda _line: None, evidence=evidence)
    analysis.add(Record(1000.25, 1, 42, ARP, vlan=20))
    for n in range(1000):
        analysis.add(Record(1001.0 + n / 1000, 1, 200, plain(n)))
    analysis.finish()
    evidence.write()
    assert path.stat().st_size < 40_000
    assert path.stat().st_mode & 0o777 == 0o600
    first, *rest = CaptureFile(str(path))
    assert first.at == pytest.approx(1000.25)
    assert first.octets[12:16] == b"\x81\x00\x00\x14"
    assert first.octets[:12] + first.octets[16:] == ARP
    assert [r.octets for r in rest] == [plain(n) for n in range(1000 - len(rest), 1000)]
    assert 100 < len(rest) < 150


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        Evidence(str(tmp_path / "none" / "e.pcapng"), 1000)


def test_what_came_before_and_after_a_finding_stays(tmp_path: Path) -> None:
    """A flood of 40,000 frames afterwards does not push it out, and a crash leaves it in the file."""
    path = tmp_path / "evidence.pcapng"
    evidence = Evidence(str(path), 400_000)
    for n in range(100):
        evidence.frame(Record(1000.0 + n / 10, 1, 200, plain(n)))
    evidence.mark(1008.0, "broadcast-storm: from 02:aa", 1010.0)
    for n in range(100, 200):
        evidence.frame(Record(1000.0 + n / 10, 1, 200, plain(n)))
        evidence.tick(1000.0 + n / 10)
    crashed = [r.octets for r in CaptureFile(str(path))]
    assert plain(75) in crashed
    assert plain(105) in crashed
    for n in range(200, 40_200):
        evidence.frame(Record(1020.0 + n / 1000, 1, 200, plain(n)))
    evidence.write()
    kept = list(CaptureFile(str(path)))
    octets = {r.octets for r in kept}
    assert {plain(n) for n in range(60, 101)} <= octets
    assert plain(40_199) in octets
    assert [r.at for r in kept] == sorted(r.at or 0.0 for r in kept)
    assert path.stat().st_size < 400_000
    assert b"broadcast-storm: from 02:aa" in path.read_bytes()


def test_many_findings_and_long_blocks_stay_within_the_room(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pcapng"
    evidence = Evidence(str(path), 300_000)
    frames = [plain(n) for n in range(6000)]
    columns = ([n * 200 for n in range(6000)], [200] * 6000, [200] * 6000)
    for block in range(40):
        times = [2000.0 + block + n / 6000 for n in range(6000)]
        evidence.batch(Batch(b"".join(frames), *columns, times, [7] * 6000))
        evidence.mark(2000.0 + block, f"finding {block}", 2000.5 + block)
        evidence.tick(2000.9 + block)
    evidence.write()
    assert path.stat().st_size < 300_000
    kept = list(CaptureFile(str(path)))
    assert kept[-1].octets == frames[-1][:12] + b"\x81\x00\x00\x07" + frames[-1][12:]
    assert kept[0].at == pytest.approx(2000.0)
