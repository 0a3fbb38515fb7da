"""The recorded captures: all facts of tshark and capinfos, and what each of them is a case of."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag.model import AuthorizedDhcpServer, Site
from tests.conformance_pcap import FINDINGS, asked, counted, facts, read, truths, verdict

pytestmark = pytest.mark.data


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "pcap"


def test_facts(folder: Path) -> None:
    checked, wrong = 0, []
    for path, truth in truths(folder):
        for what, seen, true in facts(path, truth):
            checked += 1
            if seen != true:
                wrong.append(f"{path.name}: {what}: {seen!r}, true is {true!r}")
    assert not wrong, "\n".join(wrong)
    assert checked > 300


def test_verdicts(folder: Path) -> None:
    """What is wrong is found, and a normal network has no finding, though nobody named a server."""
    wrong = []
    for path, _ in truths(folder):
        found = {f.kind: f.summary for f in verdict(read(path)[0])}
        if set(found) != FINDINGS.get(path.name, set()):
            wrong.append(f"{path.name}: {found}")
    assert not wrong, "\n".join(wrong)


def test_the_command_says_the_same(folder: Path) -> None:
    for name in ("dhcp_starvation_10000_same_ts.pcap", "ws_dhcp_pcap.pcap"):
        assert [f for f in asked(folder / name) if f[1] != f[2]] == []


def test_scan_is_no_storm(folder: Path) -> None:
    capture, _ = read(folder / "arp_scan_503_requests_nmap.pcap")
    assert capture.storms == ()


def test_same_timestamp_flood(folder: Path) -> None:
    capture, _ = read(folder / "dhcp_starvation_10000_same_ts.pcap")
    (storm,) = capture.storms
    assert (storm.kind, storm.cause, storm.peak_pps) == ("broadcast", "dhcp-flood", 10_000)
    (flood,) = capture.dhcp_floods
    assert (flood.mac, flood.discovers, flood.clients) == ("de:ad:be:ef:aa:bb", 10_000, 1)


def test_relay_is_no_server(folder: Path) -> None:
    """The answer that a relay passes on is the server's, whoever sends the frame."""
    capture, _ = read(folder / "dhcp_relay_server_id_ne_ip_src.pcapng")
    (server,) = capture.dhcp_servers
    assert (server.server_id, server.relay) == ("31.130.229.6", "10.56.0.2")
    assert not verdict(capture, Site((AuthorizedDhcpServer("31.130.229.6"),)))
    (rogue,) = verdict(capture, Site((AuthorizedDhcpServer("10.56.0.2"),)))
    assert rogue.resource.ip == "31.130.229.6"


def test_options_continue_in_file_and_sname(folder: Path) -> None:
    capture, _ = read(folder / "dhcp_option52_overload_two_pools.pcap")
    (server,) = capture.dhcp_servers
    assert server.routers == ("10.100.0.1", "10.100.0.2")
    assert server.leases == (("92:dd:a4:8d:5f:de", "10.100.0.50"),)


def test_vlan_is_the_outer_tag(folder: Path) -> None:
    capture, _ = read(folder / "vlan_1_2_3_tags.pcap")
    assert sorted(r.vlan or 0 for r in capture.rates) == [1, 6]
    assert {r.vlan: r.broadcast for r in capture.rates} == {6: 1, 1: 2}


def test_whole_stacks_are_kept(folder: Path) -> None:
    capture, _ = read(folder / "ra_two_routers_qinq_pppoe.pcap")
    assert all(r.vlans == (1401,) for r in capture.routers)
    stacks = [set(r.stacks) for r in capture.routers]
    assert len(stacks) == 2
    assert not stacks[0] & stacks[1]


def test_roots_by_vlan(folder: Path) -> None:
    capture, _ = read(folder / "stp_rpvst_two_vlans_native5.pcap")
    assert [(r.vlan, r.priority, r.mac) for r in capture.stp_roots] == [
        (1, 32768, "00:1f:6d:96:ec:00"),
        (5, 32768, "00:1f:6d:96:ec:00"),
    ]


def test_root_change_time(folder: Path) -> None:
    path = folder / "lab_stp_root_change_real_bridge.pcap"
    capture, _ = read(path)
    old, new = capture.stp_roots
    assert capture.first is not None
    assert new.first is not None
    assert (new.first - capture.first).total_seconds() == pytest.approx(4.992076, abs=1e-5)
    (finding,) = verdict(capture)
    assert finding.resource.mac == new.mac == "5a:b6:32:2d:04:70"
    assert old.mac in finding.summary


def test_lldp_port_id_and_chassis(folder: Path) -> None:
    capture, _ = read(folder / "lldp_wireshark.pcap")
    assert {(n.chassis_id, n.port_id) for n in capture.neighbors} == {
        ("00:04:96:1f:a7:26", "1/3"),
        ("00:01:30:f9:ad:a0", "1/1"),
        ("00:13:21:57:ca:40", "1"),
    }


def test_80211_discover(folder: Path) -> None:
    capture, lines = read(folder / "dhcp_linktype_variants_80211.pcap")
    assert [m["message"] for m, _ in counted(lines, "dhcp")] == ["discover"]
    assert len(capture.dhcp_clients) == 1
    assert not capture.errors
