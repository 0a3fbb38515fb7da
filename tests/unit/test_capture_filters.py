"""The kernel's own verdict on the programs: a filter works on any socket, so no privilege is needed."""

from __future__ import annotations

import ctypes
import random
import socket
import struct
import sys
from pathlib import Path

import pytest

from netdiag.capture import filters, probe
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.link import ETHERNET, control, frame
from netdiag.errors import NetdiagError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's filters")
ALL = {filters.RARE: filters.EVERY, filters.BULK: filters.EVERY}


class Gate:
    """A pair of sockets, one of them filtered."""

    def __init__(self, program: bytes) -> None:
        self._in, self._out = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        code = ctypes.create_string_buffer(program, len(program))
        value = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
        self._out.setsockopt(socket.SOL_SOCKET, 26, value)
        self._out.settimeout(0)

    def passes(self, octets: bytes) -> bool:
        self._in.send(octets)
        try:
            self._out.recv(1 << 16)
        except BlockingIOError:
            return False
        return True


def is_control(octets: bytes) -> bool:
    found = frame(Record(0.0, ETHERNET, len(octets), octets))
    return found is not None and control(found) is not None


@pytest.mark.parametrize("tags", ["", "81000014", "88a8006481000014", "910000018100000281000003"])
def test_every_question_passes_under_any_tags(tags: str) -> None:
    gate = Gate(filters.control(ALL))
    samples = [octets for octets in probe.samples() if is_control(octets)]
    assert len(samples) >= 5
    for octets in samples:
        tagged = octets[:12] + bytes.fromhex(tags) + octets[12:]
        assert is_control(tagged)
        assert gate.passes(tagged), tagged.hex()


def test_ordinary_traffic_stays_out() -> None:
    gate = Gate(filters.control(ALL))
    head = bytes.fromhex("02000000000102000000000208004500004000000000")
    for ttl_protocol, ports in (("4006", "00430044"), ("4011", "00350035"), ("4001", "08000000")):
        octets = head + bytes.fromhex(ttl_protocol) + bytes(10) + bytes.fromhex(ports) + bytes(40)
        assert not is_control(octets)
        assert not gate.passes(octets)
    assert not gate.passes(bytes(14))
    assert not gate.passes(b"\xff" * 12 + b"\x88\xb5" + bytes(46))


def test_what_is_decoded_passes_in_every_recording(shared_data: Path) -> None:
    """The filter may let too much in, never too little."""
    gate, passed, held = Gate(filters.control(ALL)), 0, 0
    for path in sorted((shared_data / "pcap").rglob("*.*cap*")):
        try:
            for number, record in enumerate(CaptureFile(str(path))):
                if number > 2000:
                    break
                if record.link_type != ETHERNET or len(record.octets) > 60_000:
                    continue
                through = gate.passes(record.octets) if record.octets else False
                passed += through
                if is_control(record.octets):
                    held += 1
                    assert through, (path.name, number, record.octets[:64].hex())
        except NetdiagError:
            continue
    print(f"{held} control frames, {passed} passed")
    assert held > 1000


def test_casts_are_told_apart() -> None:
    draw = random.Random(3)
    for cast, first in (
        (filters.UNICAST, "020000000001"),
        (filters.BROADCAST, "ffffffffffff"),
        (filters.MULTICAST, "01005e000001"),
        (filters.MULTICAST, "ffffffff0001"),
        (filters.MULTICAST, "ffffffffff01"),
    ):
        octets = bytes.fromhex(first) + draw.randbytes(54)
        passes = [way for way in range(3) if Gate(filters.counting(way)).passes(octets)]
        assert passes == [cast]


def test_a_chance_is_kept() -> None:
    chances = dict.fromkeys(range(3), filters.EVERY) | {filters.BROADCAST: filters.EVERY // 8}
    gate = Gate(filters.sample(chances))
    some = sum(gate.passes(b"\xff" * 60) for _ in range(8000))
    assert 700 < some < 1300
    assert all(gate.passes(b"\x02" * 60) and gate.passes(b"\x01" * 60) for _ in range(200))
