"""The file of evidence: what said something new is never pushed out, its size is bounded."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.evidence import Evidence
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
    assert 50 < len(rest) < 100


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        Evidence(str(tmp_path / "none" / "e.pcapng"), 1000)
