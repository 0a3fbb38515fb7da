"""Files as Debian's tools make them, odd ones too: our counts are capinfos', frame for frame."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.link import ETHERNET
from netdiag.capture.probe import samples
from netdiag.decode import frames
from netdiag.model import Capture

TOOLS = ("editcap", "mergecap", "text2pcap", "randpkt", "capinfos", "tshark")
pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason="wireshark-common is not installed"
)


def run(*words: str, data: bytes = b"") -> str:
    done = subprocess.run(words, input=data, capture_output=True, check=True)
    return done.stdout.decode()


def read(path: Path) -> tuple[CaptureFile, Capture]:
    lines: list[str] = []
    file = CaptureFile(str(path))
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    for record in file:
        analysis.add(record)
    analysis.finish(truncated=file.truncated, dropped=file.dropped, damage=file.damage)
    return file, frames.capture(lines, str(path))


def told(path: Path) -> tuple[int, int]:
    """(packets, octets on the wire) as capinfos counts them."""
    said = run("capinfos", "-M", "-c", "-d", str(path))
    packets = re.search(r"Number of packets: +(\d+)", said)
    octets = re.search(r"Data size: +(\d+)", said)
    assert packets, said
    return int(packets[1]), int(octets[1]) if octets else 0


def same(path: Path) -> Capture:
    file, capture = read(path)
    assert file.damage is None, file.damage
    assert (capture.packets, capture.octets) == told(path), path
    return capture


def hexdump(octets: Iterable[bytes]) -> bytes:
    """As text2pcap reads it."""
    out = []
    for one in octets:
        for at in range(0, len(one), 16):
            out.append(f"{at:06x} {one[at : at + 16].hex(' ')}")
        out.append("")
    return "\n".join(out).encode() + b"\n"


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A DISCOVER and the other questions, from text."""
    path = tmp_path / "asked.pcap"
    run("text2pcap", "-q", "-F", "pcap", "-", str(path), data=hexdump(samples()))
    return path


FORMATS = ("pcap", "nsecpcap", "pcapng", "modpcap")
"""nsecpcap is nanoseconds, modpcap Kuznetzov's variant with eight more octets a record."""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_format(tmp_path: Path, asked: Path, form: str, packed: bool) -> None:
    path = tmp_path / f"x.{form}"
    run("editcap", "-F", form, str(asked), str(path))
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    capture = same(path)
    assert capture.packets == len(samples())
    assert len(capture.dhcp_clients) == 1


@pytest.mark.parametrize("snap", [6, 14, 20, 34, 60, 100])
def test_cut_by_a_snap_length(tmp_path: Path, asked: Path, snap: int) -> None:
    """What was not captured is on the wire all the same, and nobody's mistake."""
    path = tmp_path / "cut.pcap"
    run("editcap", "-s", str(snap), str(asked), str(path))
    capture = same(path)
    assert capture.malformed == 0


def test_octets_chopped_off_both_ends(tmp_path: Path, asked: Path) -> None:
    for chop in ("14", "-20"):
        path = tmp_path / "chopped.pcap"
        run("editcap", "-C", chop, str(asked), str(path))
        same(path)


def test_merged_files_of_different_links(tmp_path: Path, asked: Path) -> None:
    """One pcapng with an Ethernet and a cooked interface, or one after the other."""
    cooked, merged = tmp_path / "sll.pcapng", tmp_path / "merged.pcapng"
    head = bytes.fromhex("0000 0001 0006 020000000001 0000 0800")
    octets = [head + one[14:] for one in samples()[:1]]
    run("text2pcap", "-q", "-l", "113", "-", str(cooked), data=hexdump(octets))
    run("mergecap", "-w", str(merged), str(asked), str(cooked), str(asked))
    capture = same(merged)
    assert capture.packets == 2 * len(samples()) + 1
    run("mergecap", "-a", "-F", "pcap", "-w", str(merged), str(asked), str(asked))
    same(merged)


@pytest.mark.parametrize(
    "kind",
    ["arp", "bgp", "bvlc", "dns", "eth", "icmp", "ip", "llc", "m2m", "nbns", "ipv6", "fddi", "tr", "usb-linux", "ieee802.15.4", "udp"],
)  # fmt: skip
def test_random_packets(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "random.pcap"
    run("randpkt", "-b", "400", "-c", "200", "-t", kind, str(path))
    same(path)


@pytest.mark.parametrize(
    ("link", "head"),
    [
        (1, bytes.fromhex("ffffffffffff 020000000001 0800")),
        (0, bytes.fromhex("02000000")),
        (108, bytes.fromhex("00000002")),
        (101, b""),
        (228, b""),
        (113, bytes.fromhex("0001 0001 0006 0200000000010000 0800")),
        (276, bytes.fromhex("0800 0000 00000002 0001 01 06 0200000000010000")),
        (105, bytes.fromhex("0802 0000 ffffffffffff 020000000002 020000000001 0000 aaaa03000000 0800")),
        (127, bytes.fromhex("0000 0800 00000000 0802 0000 ffffffffffff 020000000002 020000000001 0000 aaaa03000000 0800")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_every_link_type_that_is_claimed(tmp_path: Path, link: int, head: bytes, form: str) -> None:
    """A DISCOVER under each of them is one for tshark and for us."""
    discover = samples()[0]
    path = tmp_path / f"link.{form}"
    data = hexdump([head + discover[14:]])
    run("text2pcap", "-q", "-F", form, "-l", str(link), "-", str(path), data=data)
    capture = same(path)
    fields = run("tshark", "-r", str(path), "-T", "fields", "-e", "dhcp.option.dhcp")
    assert fields.split() == ["1"]
    assert len(capture.dhcp_clients) == 1
    assert not capture.errors


def test_a_file_that_grows(tmp_path: Path, asked: Path) -> None:
    """Cut anywhere: what is whole counts, as capinfos has it, and the rest is said."""
    whole = asked.read_bytes()
    path = tmp_path / "part.pcap"
    for size in range(24, len(whole), 37):
        path.write_bytes(whole[:size])
        file, capture = read(path)
        lengths = [len(one) for one in samples()]
        ends = [24 + sum(16 + n for n in lengths[:k]) for k in range(len(lengths) + 1)]
        assert capture.packets == max(k for k, end in enumerate(ends) if end <= size)
        assert file.truncated == (size not in ends)


def test_a_record_of_nothing(tmp_path: Path) -> None:
    analysis = Analysis(lambda _line: None)
    analysis.add(Record(0.0, ETHERNET, 0, b""))
    assert (analysis.packets, analysis.malformed) == (1, 1)
