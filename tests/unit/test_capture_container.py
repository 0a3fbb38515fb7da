"""Capture files of every byte order and resolution; cut anywhere; hostile; and none at all."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdiag.capture.container import CaptureFile, Record
from netdiag.errors import FileFormatError, UsageError

FRAME = bytes(range(60))
_any = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def pcap(order: str, *, nano: bool = False, frames: int = 2) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    octets = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for n in range(frames):
        octets += struct.pack(order + "IIII", 1_700_000_000 + n, 5, len(FRAME), 90) + FRAME
    return octets


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link_type: int = 1, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, 0) + options)


def packet(order: str, number: int, ticks: int) -> bytes:
    head = struct.pack(
        order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(FRAME), len(FRAME)
    )
    return block(order, 6, head + FRAME)


def read(path: Path, octets: bytes) -> tuple[CaptureFile, list[Record]]:
    path.write_bytes(octets)
    file = CaptureFile(str(path))
    return file, list(file)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.pcap"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_pcap(path: Path, order: str, nano: bool, zipped: bool) -> None:
    octets = pcap(order, nano=nano)
    file, records = read(path, gzip.compress(octets) if zipped else octets)
    assert [r.octets for r in records] == [FRAME, FRAME]
    assert records[0].at == pytest.approx(1_700_000_000 + (5e-9 if nano else 5e-6), abs=1e-7)
    assert records[0].wire_length == 90
    assert (file.truncated, file.damage) == (False, None)


def test_zstd(path: Path) -> None:
    """Two zstd frames in one file are one stream; a cut one is truncated, a bad one damaged."""
    zstandard = pytest.importorskip("zstandard")
    whole = pcap("<", frames=50)
    packed = [zstandard.compress(part) for part in (whole[:1000], whole[1000:])]
    file, records = read(path, b"".join(packed))
    assert [r.octets for r in records] == [FRAME] * 50
    assert (file.truncated, file.damage) == (False, None)
    file, records = read(path, packed[0])
    assert (len(records), file.truncated) == ((1000 - 24) // 76, True)
    file, records = read(path, packed[0] + packed[1][:4] + b"\xff" * 40)
    assert records
    assert "zstd" in (file.damage or "")


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_resolutions_and_interfaces(path: Path, order: str) -> None:
    """Two interfaces: microseconds with an offset, and 2^-10 s; a block that nobody knows between."""
    offset = struct.pack(order + "HHq", 14, 8, 1000)
    binary = struct.pack(order + "HHB3x", 9, 1, 0x80 | 10)
    octets = (
        section(order)
        + interface(order, options=offset)
        + interface(order, 113, binary)
        + packet(order, 0, 5_000_000)
        + block(order, 0xBAD, b"whatever")
        + packet(order, 1, 2048)
    )
    _, records = read(path, octets)
    assert [(r.at, r.link_type) for r in records] == [(1005.0, 1), (2.0, 113)]


def test_sections_of_both_byte_orders_in_one_file(path: Path) -> None:
    octets = b"".join(section(o) + interface(o) + packet(o, 0, 10**6) for o in "<>")
    _, records = read(path, octets)
    assert [r.at for r in records] == [1.0, 1.0]


def test_interface_statistics_say_what_was_dropped(path: Path) -> None:
    def lost(n: int) -> bytes:
        return block("<", 5, struct.pack("<IIIHHQ", 0, 0, 0, 5, 8, n))

    octets = section("<") + interface("<") + packet("<", 0, 0) + lost(3) + lost(7)
    file, records = read(path, octets)
    assert (len(records), file.dropped) == (1, 7)


def test_truncated_in_mid_packet_keeps_what_came_before(path: Path) -> None:
    file, records = read(path, pcap("<", frames=3)[:-10])
    assert [len(r.octets) for r in records] == [60, 60]
    assert file.truncated


def test_a_packet_cut_by_the_snap_length_still_counts(path: Path) -> None:
    file, records = read(path, pcap("<"))
    assert [(len(r.octets), r.wire_length) for r in records] == [(60, 90), (60, 90)]
    assert not file.truncated


@given(cut=st.integers(28, 400), ng=st.booleans())
@_any
def test_cut_anywhere_is_data(tmp_path: Path, cut: int, ng: bool) -> None:
    whole = (
        section("<") + interface("<") + packet("<", 0, 1) + packet("<", 0, 2)
        if ng
        else pcap("<", frames=4)
    )
    file, records = read(tmp_path / "c", whole[:cut])
    complete, all_records = read(tmp_path / "d", whole)
    assert not complete.truncated
    assert records == all_records[: len(records)]
    assert file.truncated or len(records) * 76 + 24 == min(cut, len(whole)) or ng
    assert file.damage is None
    if cut >= len(whole):
        assert not file.truncated


_heads = st.sampled_from(
    [
        pcap("<", frames=1),
        pcap(">", frames=0),
        pcap("<", nano=True, frames=0),
        section("<") + interface("<"),
        section(">") + interface(">") + packet(">", 0, 1),
        section("<"),
        section("<") + struct.pack("<II", 6, 64),
        section("<") + struct.pack("<II", 5, 40),
        gzip.compress(pcap("<"))[:20],
        b"\x34\xcd\xb2\xa1" + bytes(20),
    ]
)


@given(head=_heads, tail=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_octets_after_any_head(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, tail: bytes
) -> None:
    """Whatever follows, it ends: with data, a flag, or FileFormatError."""
    path = tmp_path_factory.getbasetemp() / "hostile"
    path.write_bytes(head + tail)
    try:
        file = CaptureFile(str(path))
        assert all(len(r.octets) <= 400 for r in file)
    except FileFormatError:
        pass


def test_damage_is_said_and_the_rest_kept(path: Path) -> None:
    huge = struct.pack("<IIII", 1, 1, 0xFFFFFFF0, 60)
    file, records = read(path, pcap("<") + huge + FRAME)
    assert len(records) == 2
    assert file.damage is not None
    assert "4294967280 octets" in file.damage


@pytest.mark.parametrize("octets", [b"", b"\xd4", b"hello world, this is text", bytes(100)])
def test_no_capture_file(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)
    with pytest.raises(FileFormatError, match="not a pcap or pcapng file"):
        list(CaptureFile(str(path)))


def test_header_only_half_there(path: Path) -> None:
    path.write_bytes(pcap("<")[:10])
    with pytest.raises(FileFormatError, match="24-octet header"):
        list(CaptureFile(str(path)))


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        CaptureFile(str(tmp_path / "none"))
    with pytest.raises(UsageError, match="is a folder"):
        CaptureFile(str(tmp_path))
