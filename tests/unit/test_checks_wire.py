"""Forged ARP against failover, proxies and duplicates; floods that are no broadcasts."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta

import pytest

from netdiag import checks, topology
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.checks.address import arp_spoofing, duplicate_address
from netdiag.checks.flood import multicast_storm, unknown_unicast_flooding
from netdiag.decode import frames
from netdiag.model import Capture, Finding, Interface, Kind, Network, Severity, Snapshot, Storm

GATEWAY, VICTIM, FORGER, PC = (f"02:00:00:00:00:{n:02x}" for n in (1, 2, 0x66, 9))
GW_IP, VICTIM_IP = "10.0.0.1", "10.0.0.20"
NOBODY = "00:00:00:00:00:00"
Spoken = tuple[float, str, int, str, str, str]
"""(time, sender's card, operation, sender's address, target's card, target's address)"""


def heard(*spoken: Spoken, repeat: int = 1) -> Capture:
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    for at, sha, op, spa, tha, tpa in sorted(spoken):
        octets = struct.pack(
            "!6s6sHHHBBH6s4s6s4s", b"\xff" * 6, _mac(sha), 0x806, 1, 0x800, 6, 4, op,
            _mac(sha), _ip(spa), _mac(tha), _ip(tpa),
        )  # fmt: skip
        for _ in range(repeat):
            analysis.add(Record(1000.0 + at, 1, 60, octets))
    analysis.finish()
    return frames.capture(lines, "eth0")


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _ip(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def network(capture: Capture, *snapshots: Snapshot) -> Network:
    assert capture.last is not None
    return Network(capture.last, (), snapshots=snapshots, captures=(capture,))


def spoofing(net: Network) -> list[Finding]:
    return list(arp_spoofing(net, topology.build(net)))


def duplicates(net: Network) -> list[Finding]:
    return list(duplicate_address(net, topology.build(net)))


def asks(at: float, mac: str, ip: str, target: str) -> Spoken:
    return (at, mac, 1, ip, NOBODY, target)


def answers(at: float, mac: str, ip: str, to: str = PC, to_ip: str = "10.0.0.9") -> Spoken:
    return (at, mac, 2, ip, to, to_ip)


OWNERS = [asks(n * 7, GATEWAY, GW_IP, "10.0.0.30") for n in range(6)] + [
    asks(n * 7 + 1, VICTIM, VICTIM_IP, "10.0.0.31") for n in range(6)
]


def test_a_man_in_the_middle_is_named_once() -> None:
    """arpspoof -r: an answer for each side every two seconds, and nobody asks."""
    forged = [
        answers(n * 2 + 0.5, FORGER, ip, to, to_ip)
        for n in range(18)
        for ip, to, to_ip in ((GW_IP, VICTIM, VICTIM_IP), (VICTIM_IP, GATEWAY, GW_IP))
    ]
    net = network(heard(*OWNERS, *forged))
    (finding,) = spoofing(net)
    assert (finding.kind, finding.resource.mac) == (Kind.ARP_SPOOFING, FORGER)
    assert finding.severity is Severity.CRITICAL
    assert "10.0.0.1, 10.0.0.20" in finding.summary
    assert duplicates(net) == []
    kinds = {f.kind for f in checks.run(net, topology.build(net))}
    assert Kind.ARP_SPOOFING in kinds
    assert Kind.DUPLICATE_ADDRESS not in kinds


def test_a_duplicate_is_no_forgery() -> None:
    """Two stations of one address: each answers when it is asked."""
    spoken = []
    for n in range(8):
        spoken += [asks(n * 5, PC, "10.0.0.9", VICTIM_IP)]
        spoken += [
            answers(n * 5 + 0.01 * k, mac, VICTIM_IP) for k, mac in enumerate((VICTIM, FORGER))
        ]
    net = network(heard(*spoken))
    assert spoofing(net) == []
    assert len(duplicates(net)) == 1


@pytest.mark.parametrize(
    "spoken",
    [
        # a proxy (RFC 1027): it answers for whoever is asked for, and nobody else does
        [s for n in range(10) for s in (asks(n, PC, "10.0.0.9", f"10.9.0.{n}"), answers(n + 0.1, GATEWAY, f"10.9.0.{n}"))],
        # VRRP: the virtual card announces itself again and again
        [(n, "00:00:5e:00:01:07", 2, GW_IP, "ff:ff:ff:ff:ff:ff", GW_IP) for n in range(10)] + OWNERS,
        # a new card took the address over, and announces itself
        [*OWNERS, *((60.0 + n, FORGER, 2, VICTIM_IP, "ff:ff:ff:ff:ff:ff", VICTIM_IP) for n in range(3))],
        # a probe before use (RFC 5227)
        [*OWNERS, *(asks(50 + n, FORGER, "0.0.0.0", VICTIM_IP) for n in range(6))],
        # answers whose question was not heard: the sensor sits where unicast alone passes
        [answers(n, GATEWAY, GW_IP) for n in range(20)],
    ],
    ids=["proxy", "vrrp", "new-card", "probe", "one-sided"],
)  # fmt: skip
def test_what_is_normal_is_nothing(spoken: list[Spoken]) -> None:
    net = network(heard(*spoken))
    assert spoofing(net) == []
    assert duplicates(net) == []


def test_the_networks_own_equipment_does_not_forge() -> None:
    forged = [answers(n * 2 + 0.5, GATEWAY, VICTIM_IP) for n in range(18)]
    capture = heard(*OWNERS, *forged)
    core = Snapshot(
        "core-1", "10.0.0.1", datetime(1970, 1, 1, tzinfo=UTC), reachable=True,
        interfaces=(Interface("Vlan10", mac=GATEWAY),),
    )  # fmt: skip
    assert len(spoofing(network(capture))) == 1
    assert spoofing(network(capture, core)) == []


# --- floods --------------------------------------------------------------------------------------

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def storm(kind: str, cause: str = "single-source") -> Storm:
    return Storm(kind, AT - timedelta(seconds=9), AT, 3e4, 2e6, (10,), ((PC, 1.0),), 0.99, cause)


@pytest.mark.parametrize(
    ("kind", "check", "name"),
    [
        ("multicast", multicast_storm, Kind.MULTICAST_STORM),
        ("unknown-unicast", unknown_unicast_flooding, Kind.UNKNOWN_UNICAST_FLOODING),
    ],
)
def test_a_flood_of_its_own_and_one_beside_a_broadcast_storm(
    kind: str, check: checks.Check, name: Kind
) -> None:
    net = network(Capture("eth0", last=AT, storms=(storm(kind),)))
    (finding,) = check(net, topology.build(net))
    assert (finding.kind, finding.resource.mac, finding.resource.vlan) == (name, PC, 10)
    assert checks.CHECKS[name] is check
    loop = Capture("eth0", last=AT, storms=(storm("broadcast", "loop"), storm(kind, "loop")))
    net = network(loop)
    assert list(check(net, topology.build(net))) == []


# --- one card, or a loop -------------------------------------------------------------------------


def frame(src: int, body: bytes = b"") -> bytes:
    return b"\xff" * 6 + bytes((2, 0, 0, 0, 0, src)) + b"\x88\xb5" + body.ljust(46, b"\0")


def storms(copies: list[bytes], chatter: list[bytes]) -> tuple[Storm, ...]:
    """Three seconds: the copies 300 times a second, the chatter twice."""
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    for second in range(3):
        for n in range(600):
            octets = copies[n % len(copies)]
            analysis.add(Record(100 + second + n / 700, 1, 60, octets))
        for octets in (*chatter, *chatter):
            analysis.add(Record(100.95 + second, 1, 60, octets))
    analysis.finish()
    return frames.capture(lines, "eth0").storms


def test_one_card_that_repeats_itself_among_stations_that_ask_again_is_no_loop() -> None:
    (one,) = storms([frame(1)], [frame(n) for n in range(2, 12)])
    assert one.cause == "single-source"
    assert (one.repeat_ratio or 0) > 0.9
    (loop,) = storms([frame(1), frame(2), frame(3)], [])
    assert loop.cause == "loop"
