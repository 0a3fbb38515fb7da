"""Mirrored and tunnelled frames: the carrier counts, or the frame inside where asked."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET
from netdiag.capture.tunnel import innermost
from netdiag.decode import frames
from netdiag.model import Capture

INNER = b"\xff" * 6 + bytes.fromhex("0200000000aa") + b"\x08\x06" + bytes.fromhex(
    "00010800060400010200000000aa0a0000010000000000000a000002"
)  # fmt: skip
TAGGED = INNER[:12] + b"\x81\x00\x00\x1e" + INNER[12:]


def ip4(protocol: int, payload: bytes, *, fragment: int = 0) -> bytes:
    head = struct.pack(
        "!BBHHHBBH8s", 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0, bytes(8)
    )
    return bytes.fromhex("020000000001020000000002") + b"\x08\x00" + head + payload


def ip6(protocol: int, payload: bytes) -> bytes:
    head = struct.pack("!IHBB32s", 0x60000000, len(payload), protocol, 64, bytes(32))
    return bytes.fromhex("020000000001020000000002") + b"\x86\xdd" + head + payload


def udp(payload: bytes, port: int = 4789) -> bytes:
    return struct.pack("!HHHH", 50000, port, 8 + len(payload), 0) + payload


def gre(protocol: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HH", flags, protocol) + payload


VXLAN = b"\x08\0\0\0" + b"\0\0\x64\0"
SEQUENCE = 0x1000
CARRIERS = {
    "vxlan": (ip4(17, udp(VXLAN + INNER)), None),
    "vxlan over IPv6, Linux' port": (ip6(17, udp(VXLAN + INNER, 8472)), None),
    "gre": (ip4(47, gre(0x6558, INNER)), None),
    "gre with key and sequence": (ip4(47, gre(0x6558, bytes(8) + INNER, 0x3000)), None),
    "erspan I": (ip4(47, gre(0x88BE, INNER)), None),
    "erspan II": (
        ip4(47, gre(0x88BE, bytes(4) + struct.pack("!HHI", 0x1014, 1, 0) + INNER, SEQUENCE)),
        20,
    ),
    "erspan III": (
        ip4(47, gre(0x22EB, bytes(4) + struct.pack("!HHII", 0x2015, 1, 0, 0) + INNER, SEQUENCE)),
        21,
    ),
    "erspan III, platform header": (
        ip4(
            47,
            gre(0x22EB, bytes(4) + struct.pack("!HHII", 0x2016, 1, 0, 1) + bytes(8) + INNER, SEQUENCE),
        ),
        22,
    ),
    "vxlan in erspan II": (
        ip4(
            47,
            gre(
                0x88BE,
                bytes(4) + struct.pack("!HHI", 0x1014, 1, 0) + ip4(17, udp(VXLAN + INNER)),
                SEQUENCE,
            ),
        ),
        None,
    ),
}  # fmt: skip


def record(octets: bytes) -> Record:
    return Record(100.0, ETHERNET, len(octets), octets)


def capture(octets: bytes, *, decapsulate: bool) -> Capture:
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)), decapsulate=decapsulate)
    analysis.add(record(octets))
    analysis.finish()
    return frames.capture(lines, "test", rates=True)


@pytest.mark.parametrize("name", CARRIERS)
def test_the_frame_inside_counts_where_asked(name: str) -> None:
    octets, vlan = CARRIERS[name]
    carrier, inside = capture(octets, decapsulate=False), capture(octets, decapsulate=True)
    assert [(r.vlan, r.unicast, r.broadcast) for r in carrier.rates] == [(None, 1, 0)]
    assert carrier.stations == ()
    assert [(r.vlan, r.unicast, r.broadcast) for r in inside.rates] == [(vlan, 0, 1)]
    assert [(s.ip, s.mac, s.vlan) for s in inside.stations] == [
        ("10.0.0.1", "02:00:00:00:00:aa", vlan)
    ]
    assert carrier.packets == inside.packets == 1
    assert carrier.octets == inside.octets == len(octets)


def test_the_frames_own_tag_is_the_only_one() -> None:
    header = bytes(4) + struct.pack("!HHI", 0x101E, 1, 0)
    inside = capture(ip4(47, gre(0x88BE, header + TAGGED, SEQUENCE)), decapsulate=True)
    assert [(s.ip, s.vlan) for s in inside.stations] == [("10.0.0.1", 30)]


@pytest.mark.parametrize(
    "octets",
    [
        INNER,
        ip4(17, udp(VXLAN + INNER, 53)),
        ip4(17, udp(bytes(8) + INNER)),  # no valid network identifier
        ip4(17, udp(VXLAN + INNER[:10])),
        ip4(17, udp(VXLAN + INNER), fragment=20),
        ip4(47, gre(0x0800, INNER)),
        ip4(47, gre(0x6558, INNER, 1)),  # version 1: PPTP
    ],
)
def test_what_carries_nothing_stays_itself(octets: bytes) -> None:
    assert innermost(record(octets)).octets == octets


@given(name=st.sampled_from(sorted(CARRIERS)), cut=st.integers(0, 140), rest=st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_whatever_is_inside_is_counted(name: str, cut: int, rest: bytes) -> None:
    assert capture(CARRIERS[name][0][:cut] + rest, decapsulate=True).packets == 1
