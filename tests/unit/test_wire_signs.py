"""Signs on the wire: loop probes, spanning tree without rest, names, one card shared, usual levels."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from netdiag import topology
from netdiag.capture import chatter, loopprobe
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET
from netdiag.capture.probe import questions
from netdiag.checks.loop import layer2_loop, mac_flapping
from netdiag.checks.wire import stp_root_change
from netdiag.decode import frames
from netdiag.errors import DecodeError
from netdiag.model import Capture, FdbEntry, Finding, Network, Severity, Snapshot

START = 1_772_442_000
OWN = "02:00:00:00:00:99"


def heard(*lines: dict[str, Any]) -> Capture:
    total = {"type": "total", "packets": len(lines), "first": START, "last": START + 60}
    said = [{"id": n, "vlans": [], "src": OWN, "session": None, **x} for n, x in enumerate(lines)]
    return frames.capture([json.dumps(x) for x in (*said, total)], "eth0")


def network(capture: Capture, **more: Any) -> Network:
    at = datetime.fromtimestamp(START + 61, UTC)
    return Network(at, (), captures=(capture,), **more)


def judged(check: Any, capture: Capture, **more: Any) -> list[Finding]:
    net = network(capture, **more)
    return list(check(net, topology.build(net)))


# --- loop probes ---------------------------------------------------------------------------------


def sent(vlan: int | None, xid: int = 7) -> dict[str, Any]:
    return {"type": "probe", "t": START, "what": "loop", "vlan": vlan, "xid": xid, "mac": OWN}


def back(vlan: int | None, xid: int = 7, **more: Any) -> dict[str, Any]:
    vlans = [] if vlan is None else [vlan]
    return {"type": "loop-probe", "t": START + 1, "vlans": vlans, "xid": xid, "sent_vlan": 10, **more}  # fmt: skip


def copies(of: int, count: int) -> dict[str, Any]:
    return {"type": "again", "id": of, "count": count, "t": START + 2}


def test_the_probe_is_no_address_that_a_dumb_switch_swallows() -> None:
    (asked,) = questions(OWN, [10], ["loop"], 7)
    assert asked.frame[0] & 1  # a group
    assert asked.frame[0] & 2  # of our own
    assert not asked.frame.startswith(bytes.fromhex("0180c2"))
    assert asked.frame[12:16] == bytes.fromhex("8100000a")
    assert loopprobe.parse(asked.frame[18:]) == {"type": "loop-probe", "sent_vlan": 10, "xid": 7}
    with pytest.raises(DecodeError):
        loopprobe.parse(b"ndloop\x02" + bytes(20))


def test_what_circles_is_a_loop() -> None:
    capture = heard(sent(10), back(10), copies(1, 400))
    (probe,) = capture.loop_probes
    assert (probe.vlan, probe.sent, probe.returned, probe.came_back_in) == (10, 1, 401, (10,))
    (finding,) = judged(layer2_loop, capture)
    assert (finding.severity, finding.resource.vlan) == (Severity.CRITICAL, 10)
    assert finding.summary == "VLAN 10 has a loop: 1 probe(s) of the sensor came back 401 times"


def test_once_is_a_question_for_people() -> None:
    (finding,) = judged(layer2_loop, heard(sent(None), back(None)))
    assert finding.severity is Severity.WARNING
    assert "or a mirror port" in finding.summary


def test_a_cable_that_joins_two_vlans() -> None:
    (finding,) = judged(layer2_loop, heard(sent(10), back(20)))
    assert finding.severity is Severity.MAJOR
    assert (
        finding.summary == "a frame sent into VLAN 10 came back in VLAN 20: a cable joins the two"
    )


@pytest.mark.parametrize(
    "lines",
    [
        [sent(10)],
        [sent(10), back(10, xid=8)],  # an earlier run's, still circling in somebody's buffer
        [sent(10), back(10, src="02:00:00:00:00:77")],  # another sensor's: it passes here once
        [sent(10), back(10, interface="eth1")],  # our other card in the same LAN
        [back(10), copies(0, 500)],  # heard by a sniffer that asked nothing
    ],
)
def test_what_is_no_loop(lines: list[dict[str, Any]]) -> None:
    assert judged(layer2_loop, heard(*lines)) == []


def test_the_port_is_named_where_a_switch_learned_the_probe() -> None:
    """It used to know the sensor at port 1, and now at port 9, where nobody else has it."""
    capture = heard(sent(10), back(10), copies(1, 400))
    at = datetime.fromtimestamp(START, UTC)

    def knows(port: str, when: datetime) -> Snapshot:
        entry = FdbEntry(OWN, f"GigabitEthernet1/0/{port}", vlan=10)
        return Snapshot("acc-1", "10.0.0.1", when, reachable=True, fdb=(entry,))

    before, now = knows("1", at - timedelta(hours=1)), knows("9", at + timedelta(seconds=5))
    (finding,) = judged(layer2_loop, capture, snapshots=(now,), history=(before,))
    assert (finding.resource.device, finding.resource.interface) == (
        "acc-1",
        "GigabitEthernet1/0/9",
    )
    (finding,) = judged(layer2_loop, capture, snapshots=(before,), history=(before,))
    assert finding.resource.interface is None
    (finding,) = judged(layer2_loop, capture, snapshots=(now,))
    assert finding.resource.interface is None  # it may be the sensor's own


# --- spanning tree -------------------------------------------------------------------------------


def bpdu(t: float, flags: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "stp", "t": START + t, "bpdu": 2, "flags": flags, "root": "02:00:00:00:00:aa",
            "priority": 32768, "extension": 0, **more}  # fmt: skip


def changes_of(*lines: dict[str, Any]) -> list[str]:
    return [f.summary for f in judged(stp_root_change, heard(*lines))]


def test_a_port_that_goes_up_and_down_leaves_no_rest() -> None:
    lines = [bpdu(t, 1 if t % 10 < 4 else 0) for t in range(0, 60, 2)]
    (change,) = heard(*lines).topology_changes
    assert (change.changes, change.most_a_minute) == (6, 6)
    (said,) = changes_of(*lines)
    assert said.startswith("spanning tree has no rest: 6 changes, up to 6 a minute")


def test_a_flag_that_never_goes_down_is_several_changes() -> None:
    assert changes_of(*(bpdu(t, 1) for t in range(0, 100, 2)))


@pytest.mark.parametrize(
    "lines",
    [
        [bpdu(t) for t in range(0, 60, 2)],
        [bpdu(t, 1) for t in range(0, 36, 2)],  # one change of 802.1D: the flag is up for 35 s
        [bpdu(t, 1) for t in (0, 2, 20, 22, 50, 52)],  # people arrive at work
        [{"type": "stp", "t": START + t, "bpdu": 0x80} for t in (0, 2, 4)],  # one TCN, repeated
    ],
)
def test_single_changes_are_normal(lines: list[dict[str, Any]]) -> None:
    assert changes_of(*lines) == []


# --- names ---------------------------------------------------------------------------------------


def test_ssdp_and_mdns_say_who_it_is() -> None:
    notify = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nSERVER: TP-LINK/TL-WR841N UPnP/1.0\r\n\r\n"
    assert chatter.ssdp(notify)["server"] == "TP-LINK/TL-WR841N UPnP/1.0"
    assert chatter.ssdp(b"M-SEARCH * HTTP/1.1\r\nST: x\r\n\r\n") == {"type": "ssdp"}
    assert chatter.ssdp(b"\xff\xfe") == {"type": "ssdp"}
    from scapy.layers.dns import DNS, DNSRR

    answer = DNS(
        qr=1, qd=[],
        an=[
            DNSRR(rrname="router.local", type="A", rdata="192.168.0.1"),
            DNSRR(rrname="_http._tcp.local", type="PTR", rdata="Archer C7._http._tcp.local"),
            DNSRR(rrname="x.local", type="TXT", rdata=[b"model=Archer C7", b"other=1"]),
        ],
    )  # fmt: skip
    assert chatter.mdns(bytes(answer))["names"] == ["router.local", "model=Archer C7"]
    assert chatter.mdns(bytes(DNS(qr=0)))["names"] == []


def offer(**more: Any) -> dict[str, Any]:
    return {"type": "dhcp", "t": START, "op": 2, "message": "offer", "xid": 1, "giaddr": "0.0.0.0",
            "client": "02:00:00:00:00:01", "yiaddr": "192.168.0.5", "server_id": "192.168.0.1",
            "ip": "192.168.0.1", "src": "50:c7:bf:00:00:10", **more}  # fmt: skip


def test_a_server_is_given_what_its_device_says_elsewhere() -> None:
    capture = heard(
        offer(),
        {"type": "ssdp", "t": START, "src": "50:c7:bf:00:00:10", "ip": "192.168.0.1", "server": "TP-LINK/TL-WR841N UPnP/1.0"},
        {"type": "ssdp", "t": START, "src": "02:00:00:00:00:05", "ip": "192.168.0.7", "server": "a printer"},
        {"type": "mdns", "t": START, "src": "02:00:00:00:00:06", "ip": "192.168.0.1", "names": ["router.local"]},
        {"type": "dhcp", "t": START, "op": 1, "message": "discover", "xid": 2, "giaddr": "0.0.0.0",
         "client": "50:c7:bf:00:00:11", "src": "50:c7:bf:00:00:11", "ip": "0.0.0.0",
         "hostname": "TL-WR841N", "vendor_class": "udhcp 1.24"},
    )  # fmt: skip
    (server,) = capture.dhcp_servers
    assert server.says == (
        "UPnP: TP-LINK/TL-WR841N UPnP/1.0", "mDNS: router.local", "DHCP: TL-WR841N", "DHCP: udhcp 1.24"
    )  # fmt: skip


# --- one card, several machines ------------------------------------------------------------------


def asks(t: float, hostname: str | None, mac: str = "02:00:00:00:00:01") -> dict[str, Any]:
    return {"type": "dhcp", "t": START + t, "op": 1, "message": "request", "xid": 2, "giaddr": "0.0.0.0",
            "client": mac, "src": mac, "ip": "0.0.0.0", "hostname": hostname}  # fmt: skip


def test_two_machines_behind_one_address_alternate() -> None:
    lines = [asks(t, "pc-a" if t % 20 == 0 else "pc-b") for t in range(0, 60, 10)]
    (shared,) = heard(*lines).shared_macs
    assert (shared.mac, shared.names, shared.turns) == ("02:00:00:00:00:01", ("pc-a", "pc-b"), 6)
    (finding,) = judged(mac_flapping, heard(*lines))
    assert finding.resource.mac == "02:00:00:00:00:01"
    assert "pc-a and pc-b" in finding.summary


@pytest.mark.parametrize(
    "lines",
    [
        [asks(0, "old"), asks(5, "new"), asks(9, "new")],  # renamed
        [asks(0, "MINWINPC"), asks(20, "pc-7"), asks(40, None), asks(50, "pc-7")],  # installed anew
        [asks(0, "a"), asks(5, "b", "02:00:00:00:00:02"), asks(9, "a")],
    ],
)
def test_one_machine_is_one_machine(lines: list[dict[str, Any]]) -> None:
    assert heard(*lines).shared_macs == ()


def test_frames_to_lines_to_facts() -> None:
    """A probe, a NOTIFY and an mDNS answer as octets, through the whole path."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    lines: list[dict[str, Any]] = []
    analysis = Analysis(lines.append)
    (asked,) = questions(OWN, [None], ["loop"], 7)
    notify = bytes(
        Ether(src="50:c7:bf:00:00:10", dst="01:00:5e:7f:ff:fa")
        / IP(src="192.168.0.1", dst="239.255.255.250") / UDP(sport=1900, dport=1900)
        / b"NOTIFY * HTTP/1.1\r\nServer: TP-LINK\r\n\r\n"
    )  # fmt: skip
    for octets in (asked.frame, asked.frame, notify):
        analysis.add(Record(float(START), ETHERNET, len(octets), octets))
    analysis.finish()
    kinds = [(x["type"], x.get("server"), x.get("count")) for x in lines if x["type"] != "second"]
    assert kinds == [("loop-probe", None, None), ("ssdp", "TP-LINK", None), ("again", None, 1), ("total", None, None)]  # fmt: skip
