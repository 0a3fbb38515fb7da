"""The driver of the capture process: errors come back as ours, what was read is kept."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from netdiag.collect import wire
from netdiag.errors import FileFormatError, Unreachable, UsageError

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
FRAME = b"\xff" * 6 + bytes(6) + b"\x88\xb5" + bytes(46)
RECORD = struct.pack("<IIII", 1_700_000_000, 0, len(FRAME), len(FRAME)) + FRAME


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes(HEADER + RECORD * 3)
    capture = wire.read(str(file), rates=True)
    assert (capture.source, capture.packets, capture.octets) == (str(file), 3, 180)
    assert [r.broadcast for r in capture.rates] == [3]
    assert (capture.truncated, capture.errors) == (False, ())


def test_a_truncated_file_is_data(tmp_path: Path) -> None:
    file = tmp_path / "a.pcap"
    file.write_bytes((HEADER + RECORD * 3)[:-7])
    capture = wire.read(str(file))
    assert (capture.packets, capture.truncated) == (2, True)


def test_standard_input(tmp_path: Path) -> None:
    """A pipe, read as it comes: `tcpdump -w - | netdiag pcap -`."""
    code = "from netdiag.collect import wire; c = wire.read('-'); print(c.packets, c.truncated)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=HEADER + RECORD * 3, capture_output=True, check=True
    )
    assert done.stdout == b"3 False\n"


def test_no_capture_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello", encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"notes\.txt: not a pcap or pcapng file") as caught:
        wire.read(str(file))
    assert caught.value.exit_status == 2
    with pytest.raises(UsageError, match="there is no file"):
        wire.read(str(tmp_path / "none.pcap"))


def test_a_name_that_looks_like_an_option() -> None:
    with pytest.raises(UsageError, match="there is no file --help"):
        wire.read("--help")


def test_wrong_calls() -> None:
    with pytest.raises(UsageError, match="cannot listen"):
        wire.listen("lo", 0)
    with pytest.raises(UsageError, match="at least one VLAN"):
        wire.probe("lo", vlans=())
    with pytest.raises(UsageError, match="at least one address"):
        wire.arp_probe("lo", ())


def test_no_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETDIAG_LAB", str(tmp_path / "none.json"))
    with pytest.raises(UsageError, match="netdiag lab up"):
        wire.listen("lab:noc", 1)
    state = tmp_path / "dead.json"
    state.write_text(json.dumps({"control": ["127.0.0.1", 1], "token": "x"}), encoding="utf-8")
    monkeypatch.setenv("NETDIAG_LAB", str(state))
    with pytest.raises(Unreachable, match="does not answer"):
        wire.listen("lab:noc", 1)


def test_scapy_stays_in_its_process() -> None:
    """Its licence and its parsing of hostile frames are kept out of netdiag's own."""
    code = "import sys, netdiag.collect.wire; sys.exit('scapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_makers_of_addresses() -> None:
    found = dict(wire.vendors(["50:c7:bf:11:22:33", "02:00:00:00:00:01", "no mac"]))
    assert "tp-link" in found["50:c7:bf:11:22:33"].lower()
    assert list(found) == ["50:c7:bf:11:22:33"]
    assert wire.vendors([]) == ()
