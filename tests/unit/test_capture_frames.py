"""Frames to lines: link layers, tags, protocols; copies counted once decoded; nothing kills it."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag.capture import dissect
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET, Control, control, frame
from netdiag.capture.probe import FRAMES_PER_S, Prober, Question, client_mac, link_local, questions
from netdiag.capture.vendor import vendor
from netdiag.decode import frames
from netdiag.errors import DecodeError
from netdiag.model import Capture

MAC_A, MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ALL = b"\xff" * 6


def record(octets: bytes, at: float | None = 0.0, link_type: int = ETHERNET, **more: Any) -> Record:
    return Record(at, link_type, more.pop("wire", len(octets)), octets, **more)


def arp(spa: str = "10.0.0.1", tpa: str = "10.0.0.2", op: int = 1, sha: bytes = MAC_A) -> bytes:
    def ip(text: str) -> bytes:
        return bytes(int(n) for n in text.split("."))

    return struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, op, sha, ip(spa), bytes(6), ip(tpa))


def ether(payload: bytes, ethertype: int = 0x0806, *, tags: bytes = b"", dst: bytes = ALL) -> bytes:
    return dst + MAC_A + tags + struct.pack("!H", ethertype) + payload


def lines_of(*records: Record) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    analysis = Analysis(lines.append)
    for one in records:
        analysis.add(one)
    analysis.finish()
    return lines


def capture_of(*records: Record) -> Capture:
    return frames.capture([json.dumps(line) for line in lines_of(*records)], "test", rates=True)


def tag(*vlans: int, tpid: int = 0x8100) -> bytes:
    return b"".join(struct.pack("!HH", tpid, vlan) for vlan in vlans)


@pytest.mark.parametrize(
    ("tags", "vlans"),
    [
        (b"", ()),
        (tag(20), (20,)),
        (tag(7, 20), (7, 20)),
        (tag(7, tpid=0x88A8) + tag(20), (7, 20)),
        (tag(1, 10, 100), (1, 10, 100)),
        (tag(0), ()),
        (tag(0x6000 | 30), (30,)),
    ],
)
def test_tags(tags: bytes, vlans: tuple[int, ...]) -> None:
    """Outer first; a priority tag is none; priority bits are no part of the number."""
    line = lines_of(record(ether(arp(), tags=tags)))[0]
    assert (line["type"], line["vlans"]) == ("arp", vlans)


def test_a_tag_that_the_kernel_took_off_is_the_outer_one() -> None:
    line = lines_of(record(ether(arp(), tags=tag(20)), vlan=7))[0]
    assert line["vlans"] == (7, 20)


def test_more_tags_than_anyone_uses_end() -> None:
    assert lines_of(record(ether(arp(), tags=tag(5) * 400)))[-1]["packets"] == 1


@pytest.mark.parametrize(
    ("link_type", "head"),
    [
        (113, struct.pack("!HHH8sH", 1, 1, 6, MAC_A + b"\0\0", 0x0806)),
        (276, struct.pack("!HHIHBB8s", 0x0806, 0, 2, 1, 1, 6, MAC_A + b"\0\0")),
    ],
)
def test_linux_cooked(link_type: int, head: bytes) -> None:
    found = frame(record(head + arp(), link_type=link_type))
    assert found is not None
    assert (found.cast, found.src, found.vlans) == (1, MAC_A, ())
    lines = lines_of(record(head + arp(), link_type=link_type))
    assert (lines[0]["spa"], lines[0]["src"]) == ("10.0.0.1", "02:00:00:00:00:01")


def test_a_link_type_not_understood_is_counted_and_said() -> None:
    capture = capture_of(record(b"x" * 60, link_type=147), record(ether(arp())))
    assert capture.packets == 2
    assert [(e.what, e.message) for e in capture.errors] == [
        ("link type 147", "1 frames counted but not decoded")
    ]


def test_copies_are_decoded_once_and_counted_all() -> None:
    """Five hundred copies of one OFFER are five hundred OFFERs, in one line and their sum."""
    offer = ether(_udp(_dhcp(2, b"\x35\x01\x02\x36\x04\x0a\x00\x00\x01\xff")), 0x0800)
    lines = lines_of(*[record(offer, at=n * 0.001) for n in range(500)])
    assert sum(line["type"] == "dhcp" for line in lines) == 1
    (server,) = capture_of(*[record(offer, at=n * 0.001) for n in range(500)]).dhcp_servers
    assert server.offers == 500


def _udp(payload: bytes, ports: tuple[int, int] = (67, 68)) -> bytes:
    udp = struct.pack("!HHHH", *ports, len(payload) + 8, 0) + payload
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\0\0\1", ALL[:4]
    )
    return head + udp


def _dhcp(
    op: int, options: bytes, *, client: bytes = MAC_B, sname: bytes = b"", file: bytes = b""
) -> bytes:
    fixed = struct.pack("!BBBBIHH4s4s4s4s", op, 1, 6, 0, 77, 0, 0, *[bytes(4)] * 4)
    body = client.ljust(16, b"\0") + sname.ljust(64, b"\0") + file.ljust(128, b"\0")
    return fixed + body + b"\x63\x82\x53\x63" + options


def test_options_overload() -> None:
    """RFC 2132 section 9.3: options go on in `file`, then in `sname`."""
    payload = _dhcp(
        2,
        b"\x35\x01\x02\x34\x01\x03\xff",
        file=b"\x03\x04\x0a\x00\x00\xfe\xff",
        sname=b"\x36\x04\x0a\x00\x00\x01\xff",
    )
    said = dissect.message(Control("dhcp", payload))
    assert (said["message"], said["routers"], said["server_id"]) == (
        "offer",
        ["10.0.0.254"],
        "10.0.0.1",
    )


def test_a_bad_option_does_not_hide_the_server() -> None:
    options = b"\x35\x01\x02\x36\x04\x0a\x00\x00\x01\x03\xf0\x0a"
    capture = capture_of(record(ether(_udp(_dhcp(2, options)), 0x0800)))
    assert capture.malformed == 1
    (server,) = capture.dhcp_servers
    assert (server.server_id, server.offers) == ("10.0.0.1", 1)


def test_what_was_not_captured_is_not_malformed() -> None:
    whole = ether(_udp(_dhcp(2, b"\x35\x01\x02\x36\x04\x0a\x00\x00\x01\xff")), 0x0800)
    capture = capture_of(record(whole[:288], wire=len(whole)))
    assert capture.malformed == 0
    (server,) = capture.dhcp_servers
    assert server.offers == 1


def test_router_advertisement_from_beyond_the_link_is_no_router() -> None:
    def capture(hops: int) -> Capture:
        ra = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
        head = struct.pack("!IHBB", 0x60000000, len(ra), 58, hops)
        address = bytes.fromhex("fe80000000000000000000000000dead")
        octets = head + address + bytes.fromhex("ff020000000000000000000000000001") + ra
        return capture_of(record(ether(octets, 0x86DD)))

    assert [r.lifetime_s for r in capture(255).routers] == [1800]
    assert capture(64).routers == ()


def test_pvst_vlan() -> None:
    """The VLAN that the BPDU itself names, where its bridge id has no extension."""
    bpdu = bytes.fromhex("00000202008000001f6d96ec00") + bytes(4) + bytes(10) + bytes(8)
    body = b"\xaa\xaa\x03\x00\x00\x0c\x01\x0b" + bpdu.ljust(36, b"\0") + b"\0\0\0\x02\0\x2a"
    octets = bytes.fromhex("01000ccccccd") + MAC_A + struct.pack("!H", len(body)) + body
    assert [(r.vlan, r.priority, r.mac) for r in capture_of(record(octets)).stp_roots] == [
        (42, 32768, "00:1f:6d:96:ec:00")
    ]


_kinds = st.sampled_from(sorted(dissect._DECODERS))
_starts = st.sampled_from(
    [
        b"",
        arp()[:20],
        _dhcp(2, b"\x35\x01\x02"),
        _dhcp(1, b"\x34\x01\x03"),
        _dhcp(2, b"")[:60],
        bytes.fromhex("021234560002000a0003000100112233"),
        bytes.fromhex("0c00") + bytes(32) + bytes.fromhex("00090004"),
        bytes.fromhex("8600000040c0070800000000000000000304"),
        bytes.fromhex("0000000000800000"),
        bytes.fromhex("0207040011223344550405") + b"x" * 4,
        bytes.fromhex("02b40000000100"),
    ]
)


@given(kind=_kinds, start=_starts, rest=st.binary(max_size=120), cut=st.booleans())
@settings(max_examples=200, deadline=None)
def test_decoders_raise_only_decode_error(kind: str, start: bytes, rest: bytes, cut: bool) -> None:
    try:
        said = dissect.message(Control(kind, start + rest, cut=cut))
    except DecodeError:
        return
    json.dumps(said)


_prefixes = st.sampled_from(
    [
        ether(b""),
        ether(b"", tags=tag(1, 2)),
        ether(_udp(b"")[:24], 0x0800),
        ether(_udp(_dhcp(2, b"\x35\x01\x05")), 0x0800),
        ether(struct.pack("!IHBB", 0x60000000, 60, 58, 255) + bytes(32), 0x86DD),
        ether(
            struct.pack("!IHBB", 0x60000000, 60, 17, 255) + bytes(32) + b"\x02\x23\x02\x22", 0x86DD
        ),
        ether(b"", 0x88CC),
        ether(b"\x42\x42\x03\0\0", 60),
        ether(b"\xaa\xaa\x03\x00\x00\x0c\x20\x00\x02\xb4", 60),
        ether(b"\x11\0\0\1\0\x20\0\x57", 0x8864),
        b"",
    ]
)


@given(
    prefix=_prefixes,
    rest=st.binary(max_size=160),
    link_type=st.sampled_from([1, 0, 101, 105, 113, 127, 228, 276, 999]),
    at=st.one_of(st.none(), st.floats(allow_nan=False)),
)
@settings(max_examples=200, deadline=None)
def test_no_frame_kills_the_process(
    prefix: bytes, rest: bytes, link_type: int, at: float | None
) -> None:
    """And whatever it leads to, decodes: the capture counts it."""
    capture = capture_of(record(prefix + rest, at=at, link_type=link_type))
    assert capture.packets == 1
    assert not [e for e in capture.errors if e.what == "line"]


def test_decoding_is_limited_on_a_live_wire_and_said() -> None:
    lines: list[dict[str, Any]] = []
    analysis = Analysis(lines.append, decodes_per_s=10)
    for n in range(50):
        analysis.add(record(ether(arp(tpa=f"10.0.1.{n}"))))
    analysis.finish()
    assert lines[-1]["skipped"] == 40
    assert lines[-1]["kinds"] == {"arp": 50}
    capture = frames.capture([json.dumps(line) for line in lines], "test")
    assert "40 control frames" in capture.errors[0].message


def test_probe_asks_and_never_requests() -> None:
    mac = client_mac("eth0")
    assert mac == client_mac("eth0") != client_mac("eth1")
    assert int(mac[:2], 16) & 3 == 2  # locally administered, one station
    asked = questions(mac, [None, 20], ["dhcp", "dhcp6", "ra"], 7)
    assert [(q.what, q.vlan) for q in asked] == [
        (what, vlan) for vlan in (None, 20) for what in ("dhcp", "dhcp6", "ra")
    ]
    lines = lines_of(*[record(q.frame) for q in asked])
    said = [(m["type"], m.get("message"), m["vlans"]) for m in lines if "id" in m]
    assert said == [
        ("dhcp", "discover", ()),
        ("dhcp6", "solicit", ()),
        ("rs", None, ()),
        ("dhcp", "discover", (20,)),
        ("dhcp6", "solicit", (20,)),
        ("rs", None, (20,)),
    ]
    discover = asked[0].frame
    assert discover[14 + 28 + 10] == 0x80  # the broadcast flag: answers reach who has no address


@pytest.mark.parametrize("xid", [1, 0xFFFFFFFF, 0x00FF00FF, 0x12345678])
def test_every_probe_has_its_own_number_and_a_right_checksum(xid: int) -> None:
    """Frames are renumbered, not rebuilt: five hundred VLANs must not take seconds."""
    from scapy.layers.l2 import Ether

    asked = questions("02:00:00:00:00:01", [None, 20], ["dhcp", "dhcp6"], xid)
    assert [q.xid for q in asked] == [
        n & (0xFFFFFF if what == "dhcp6" else 0xFFFFFFFF)
        for n in (xid, xid + 1)
        for what in ("dhcp", "dhcp6")
    ]
    lines = [m for m in lines_of(*[record(q.frame) for q in asked]) if "xid" in m]
    assert [m["xid"] for m in lines] == [q.xid for q in asked]
    for q in asked[:2]:
        packet = Ether(q.frame)
        udp = packet["UDP"]
        sent, udp.chksum = udp.chksum, None
        assert Ether(bytes(packet))["UDP"].chksum == sent


def test_prober_keeps_its_pace_and_repeats_what_is_unanswered() -> None:
    lines: list[dict[str, Any]] = []
    asked = [Question("dhcp", n, b"", xid=n) for n in range(100)]
    prober = Prober(asked, "02:00:00:00:00:01", 2.0, lines.append, now=0.0)
    sent: list[tuple[float, int | None]] = []
    now = 0.0
    while now < prober.end:
        sent += [(now, q.vlan) for q in prober.due(now)]
        if now == 0.5:
            said = {"type": "dhcp", "op": 2, "xid": 7, "vlans": ()}
            prober.hear(said, Control("dhcp", b""))
        now = round(now + 0.01, 2)
    assert [vlan for _, vlan in sent[:100]] == list(range(100))
    assert sorted(vlan or 0 for _, vlan in sent[100:]) == [n for n in range(100) if n != 7]
    by_second = [sum(s <= t < s + 1 for t, _ in sent) for s in range(3)]
    assert max(by_second) <= FRAMES_PER_S * 1.2
    assert not prober.extend()


def test_prober_waits_a_little_longer_before_it_says_that_nobody_answers() -> None:
    prober = Prober([Question("dhcp", None, b"", xid=1)], "02:00:00:00:00:01", 1.0, print, now=0.0)
    end = prober.end
    assert prober.extend()
    assert prober.end > end
    assert not prober.extend()


def test_prober_answers_a_server_that_looks_for_it() -> None:
    mac = "02:00:00:00:00:01"
    prober = Prober([], mac, 1.0, print, now=0.0)
    said = {"type": "ns", "target": link_local(mac), "vlans": (20,)}
    answer = prober.hear(said, Control("ns", b"", bytes.fromhex("fe80" + "00" * 13 + "01")))
    assert answer is not None
    assert answer[12:16] == b"\x81\x00\x00\x14"
    assert answer[58] == 136
    said["target"] = "fe80::1"
    assert prober.hear(said, Control("ns", b"", bytes(16))) is None


def test_vendor() -> None:
    assert vendor("50:c7:bf:11:22:33") == "Tp-Link Technologies Co.,Ltd."
    assert vendor("02:00:00:00:00:01") is None
    assert vendor("not a mac") is None


def test_control_ignores_later_fragments() -> None:
    octets = bytearray(ether(_udp(_dhcp(2, b"\x35\x01\x02\xff")), 0x0800))
    octets[14 + 6 : 14 + 8] = b"\x00\x10"
    found = frame(record(bytes(octets)))
    assert found is not None
    assert control(found) is None
