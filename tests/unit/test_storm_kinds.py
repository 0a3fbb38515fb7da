"""What kind of storm it is, and what is none, in generated captures of many sizes; what is usual learned."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdiag import checks, topology
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET
from netdiag.decode import frames
from netdiag.model import Capture, Finding, Kind, Network, SegmentLevel, Severity
from netdiag.store import Store

START = 1_772_442_000
ALL = b"\xff" * 6
Frames = Iterator[tuple[float, bytes]]


def mac(n: int) -> bytes:
    return bytes((0x3C, 0x52, 0x82)) + n.to_bytes(3, "big")


def arp(n: int, target: int, *, dst: bytes = ALL) -> bytes:
    ip = bytes((10, 0, *divmod(n, 250))), bytes((10, 0, *divmod(target, 250)))
    body = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, mac(n), ip[0], bytes(6), ip[1])
    return (dst + mac(n) + b"\x08\x06" + body).ljust(60, b"\0")


def udp(n: int, dst: bytes, port: int, body: bytes) -> bytes:
    datagram = struct.pack("!HHHH", port, port, len(body) + 8, 0) + body
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 1, 17, 0,
                       bytes((10, 0, *divmod(n, 250))), b"\xef\xff\xff\xfa")  # fmt: skip
    return dst + mac(n) + b"\x08\x00" + head + datagram


def heard(*streams: Frames) -> Capture:
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    for at, octets in sorted((x for stream in streams for x in stream), key=lambda x: x[0]):
        analysis.add(Record(START + at, ETHERNET, len(octets), octets))
    analysis.finish()
    return frames.capture(lines, "eth0")


def evenly(pps: float, seconds: float, make: Callable[[int], bytes], start: float = 0) -> Frames:
    for n in range(int(pps * seconds)):
        yield start + n / pps, make(n)


def findings(capture: Capture, **more: object) -> list[Finding]:
    assert capture.last
    network = Network(capture.last, (), captures=(capture,), **more)  # type: ignore[arg-type]
    return list(checks.run(network, topology.build(network)))


def kinds(capture: Capture) -> set[Kind]:
    return {f.kind for f in findings(capture)}


def office(stations: int, seconds: float, seed: int = 1) -> Frames:
    """Each asks for somebody every five seconds, as stations do, and answers mDNS."""
    draw = random.Random(seed)
    for n in range(stations):
        at = draw.random() * 5
        while at < seconds:
            yield at, arp(n, draw.choice([1, 1, 1, draw.randrange(stations)]))
            at += draw.uniform(2, 8)


# --- kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stations", "pps"), [(3, 150), (8, 600), (40, 3000)])
def test_a_loop_repeats_what_several_stations_sent(stations: int, pps: int) -> None:
    first = [arp(n, 200) for n in range(stations)]
    capture = heard(office(20, 12), evenly(pps, 5, lambda n: first[n % stations], 4))
    (storm,) = capture.storms
    assert (storm.kind, storm.cause) == ("broadcast", "loop")
    assert storm.repeat_ratio is not None
    assert storm.repeat_ratio > 0.9
    assert (storm.start.timestamp() - START, storm.end.timestamp() - START) == (4, 9)
    assert {Kind.LAYER2_LOOP, Kind.BROADCAST_STORM} <= kinds(capture)


@pytest.mark.parametrize("pps", [600, 2500])
@pytest.mark.parametrize("same", [True, False])
def test_one_jabbering_card(pps: int, same: bool) -> None:
    """A broken card sends one frame for ever, or rubbish: either way it is one card and no loop."""
    rubbish = random.Random(3)

    def make(n: int) -> bytes:
        return ALL + mac(77) + b"\x08\x00" + (bytes(46) if same else rubbish.randbytes(46))

    capture = heard(office(30, 12), evenly(pps, 6, make, 3))
    (storm,) = capture.storms
    assert storm.cause == "single-source"
    assert storm.top_sources[0][0] == mac(77).hex(":")
    assert storm.top_sources[0][1] > 0.9
    assert kinds(capture) == {Kind.BROADCAST_STORM}


@pytest.mark.parametrize("pps", [60, 245, 450])
def test_a_scan_below_a_storms_pace_is_none(pps: int) -> None:
    capture = heard(office(20, 40), evenly(pps, 6, lambda n: arp(9, n % 5000), 10))
    assert capture.storms == ()
    assert kinds(capture) == set()


def test_a_scan_as_fast_as_a_storm_is_called_a_scan() -> None:
    capture = heard(evenly(1200, 4, lambda n: arp(9, n % 5000)))
    (storm,) = capture.storms
    assert storm.cause == "arp-scan"


@pytest.mark.parametrize("many", [True, False])
def test_a_dhcp_flood_is_told_by_its_source(many: bool) -> None:
    def make(n: int) -> bytes:
        source = n if many else 5
        fixed = (
            struct.pack("!BBBBIHH", 1, 1, 6, 0, n, 0, 0x8000) + bytes(16) + mac(n).ljust(16, b"\0")
        )
        body = fixed + bytes(192) + b"\x63\x82\x53\x63\x35\x01\x01\xff"
        frame = udp(source, ALL, 68, body)
        return frame[:34] + struct.pack("!HH", 68, 67) + frame[38:]

    capture = heard(evenly(700, 4, make))
    assert [s.cause for s in capture.storms] == ["dhcp-flood"]
    found = {f.kind: f for f in findings(capture)}
    assert Kind.DHCP_STARVATION in found
    assert (found[Kind.DHCP_STARVATION].resource.mac is None) == many


# --- and what is none ----------------------------------------------------------------------------


@pytest.mark.parametrize("stations", [3, 50, 400, 1500])
def test_an_office_of_any_size_is_quiet(stations: int) -> None:
    capture = heard(office(stations, 40))
    assert capture.storms == ()
    assert findings(capture) == []


@pytest.mark.parametrize("stations", [20, 300])
def test_discovery_chatter_is_no_storm(stations: int) -> None:
    """After a power cut every device announces itself, several times over, in the same seconds."""
    groups = {1900: b"\x01\0\x5e\x7f\xff\xfa", 5353: b"\x01\0\x5e\0\0\xfb"}
    draw = random.Random(5)

    def make(n: int) -> bytes:
        port = draw.choice([1900, 5353])
        text = b"NOTIFY * HTTP/1.1\r\nSERVER: device %d\r\n\r\n" % (n % 7)
        return udp(
            n % stations,
            groups[port],
            port,
            text if port == 1900 else bytes(2) + b"\x84" + bytes(40),
        )

    capture = heard(office(stations, 20), evenly(stations * 6, 8, make, 5))
    assert capture.storms == ()
    assert findings(capture) == []


def test_people_come_to_work() -> None:
    """Two hundred stations ask for leases, announce their addresses and look for everything, in a minute."""
    draw = random.Random(2)

    def arrivals() -> Frames:
        for n in range(200):
            at = draw.random() * 60
            fixed = (
                struct.pack("!BBBBIHH", 1, 1, 6, 0, n, 0, 0) + bytes(16) + mac(n).ljust(16, b"\0")
            )
            frame = udp(n, ALL, 68, fixed + bytes(192) + b"\x63\x82\x53\x63\x35\x01\x01\xff")
            frame = frame[:34] + struct.pack("!HH", 68, 67) + frame[38:]
            yield at, frame
            for step in range(6):
                yield at + 0.1 * step, arp(n, n if step < 3 else 1)

    assert findings(heard(office(200, 60), arrivals())) == []


# --- what is usual -------------------------------------------------------------------------------


def chatter(pps: float, seconds: float, start: float = 0, stations: int = 120) -> Frames:
    draw = random.Random(int(pps * 10 + start))
    return evenly(pps, seconds, lambda n: arp(n % stations, draw.randrange(60_000)), start)


def level(pps: float, *, captures: int = 40, hours: float = 72) -> tuple[SegmentLevel, ...]:
    last = datetime.fromtimestamp(START, UTC) - timedelta(hours=2)
    first = last - timedelta(hours=hours)
    return (SegmentLevel("eth0", "broadcast", None, pps, captures, first, last),)


def test_a_quiet_wire_that_becomes_twenty_times_louder() -> None:
    capture = heard(chatter(10, 90), chatter(200, 12, 40))
    assert capture.storms == ()
    (finding,) = findings(capture)
    assert (finding.kind, finding.severity) == (Kind.BROADCAST_STORM, Severity.MINOR)
    assert finding.summary.startswith("210 broadcasts/s were heard, usual are 10")
    assert (finding.first_seen.timestamp() - START) == 40
    short = heard(chatter(200, 8))
    assert findings(short) == []  # nobody knows what is usual there
    (learned,) = findings(short, segments=level(10))
    assert "on other days" in learned.evidence[0].value


@pytest.mark.parametrize(
    "capture",
    [
        heard(chatter(30, 90), chatter(60, 20, 30)),  # three times
        heard(chatter(2, 90), chatter(60, 12, 40)),  # thirty times, and nothing much
        heard(chatter(10, 90), chatter(400, 1, 40)),  # a second
        heard(chatter(120, 60)),  # always so
    ],
)
def test_louder_is_not_always_worth_a_word(capture: Capture) -> None:
    assert findings(capture) == []


def test_a_segment_that_is_always_loud_gives_none() -> None:
    capture = heard(chatter(650, 12, stations=900))
    assert kinds(capture) == {Kind.BROADCAST_STORM}
    assert findings(capture, segments=level(600)) == []
    assert findings(capture, segments=level(60)) != []
    assert findings(capture, segments=level(600, captures=2)) != []
    assert findings(capture, segments=level(600, hours=5)) != []  # a long storm teaches nothing
    first = [arp(n, 200) for n in range(9)]
    loop = heard(evenly(650, 5, lambda n: first[n % 9]))
    assert findings(loop, segments=level(600)) != []  # copies are no traffic


def test_the_store_learns_what_is_usual_from_every_capture(tmp_path: Path) -> None:
    at = datetime.fromtimestamp(START, UTC)
    capture = heard(chatter(600, 3, stations=900))
    with Store(tmp_path / "netdiag.db") as store:
        for hours in range(1, 60):
            store.add_capture(capture, at - timedelta(hours=hours))
        (found,) = store.segments(before=at)
        assert (found.source, found.kind, found.vlan) == ("eth0", "broadcast", None)
        assert found.median_pps == pytest.approx(600, rel=0.05)
        assert found.captures == 57  # the last two hours are the present
        assert findings(capture, segments=(found,)) == []
        store.prune(at)
        assert store.segments(before=at) == ()
