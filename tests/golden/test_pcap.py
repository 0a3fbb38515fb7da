"""Every recorded capture against what tshark and capinfos say of it, fact by fact."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netdiag import checks, topology
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile
from netdiag.checks import address, dhcp, wire
from netdiag.decode import frames
from netdiag.model import AuthorizedDhcpServer, Capture, Finding, Kind, Network, Site

pytestmark = pytest.mark.data

Lines = list[dict[str, Any]]
Fact = tuple[str, object, object]
"""(what, seen, true)"""

FINDINGS: dict[str, set[Kind]] = {
    "dhcp_starvation_10000_same_ts.pcap": {Kind.DHCP_STARVATION, Kind.BROADCAST_STORM},
    "lab_stp_root_change_real_bridge.pcap": {Kind.STP_ROOT_CHANGE},
}
"""What is wrong in the recordings; in all others nothing is."""
TUNNELLED = {"big_mixed_ftp_dhcp_ra_arp.pcap": ("ra",)}
"""Inside Teredo, which no station on that wire takes for an advertisement."""
WE_DIFFER = {
    ("bootp_malformed_asan.pcap", "dhcp"): "a hardware address of 255 octets: counted as malformed",
    ("dhcp6_reconf_malformed.pcap", "dhcp6"): "DHCPv6 inside IPv4, which no server speaks",
    ("arp_too_long_tha.pcap", "arp"): "address lengths of 14 and 0: counted as malformed",
    ("lldp_malformed_mgmt.pcap", "lldp senders"): "no valid LLDPDU: counted as malformed",
    ("lldp_malformed_mgmt.pcap", "multicasts"): "ff:ff:fb:… has the group bit set",
    ("pcapng_be_test012.pcapng", "dhcp"): "tshark stops at 27 cut octets; OFFER and ACK are there",
    ("pcapng_le_test012.pcapng", "dhcp"): "tshark stops at 27 cut octets; OFFER and ACK are there",
}
"""Facts in which we know better, by file and beginning of the fact's name."""


@cache
def _read(path: Path) -> tuple[Capture, Lines]:
    lines: Lines = []
    file = CaptureFile(str(path))
    analysis = Analysis(lines.append)
    for record in file:
        analysis.add(record)
    analysis.finish(truncated=file.truncated, dropped=file.dropped, damage=file.damage)
    texts = [json.dumps(line) for line in lines]
    return frames.capture(texts, str(path), rates=True), lines


def _truths(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for truth in sorted((folder / "truth").glob("*.json")):
        yield folder / truth.name.removesuffix(".json"), json.loads(truth.read_text("utf-8"))


def _counted(lines: Lines, kind: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Each decoded message of a kind with the number of frames that said exactly this."""
    again: Counter[int] = Counter()
    for line in lines:
        if line["type"] == "again":
            again[line["id"]] += line["count"]
    for line in lines:
        if line["type"] == kind:
            yield line, 1 + again[line["id"]]


def _tally(pairs: Iterable[tuple[object, int]]) -> dict[object, int]:
    total: Counter[object] = Counter()
    for key, count in pairs:
        total[key] += count
    return dict(total)


def _compare(path: Path, truth: dict[str, Any]) -> Iterator[Fact]:
    capture, lines = _read(path)
    yield "packets", capture.packets, int(truth["Number of packets"])
    duration = truth.get("Capture duration", "n/a")
    if duration.endswith(" seconds") and capture.first and capture.last:
        seen = (capture.last - capture.first).total_seconds()
        yield "duration", seen, pytest.approx(float(duration.split()[0]), abs=2e-6)
    if "dhcpv4" in truth:
        yield from _dhcp(capture, lines, truth["dhcpv4"])
    if "dhcpv6" in truth:
        yield from _dhcp6(capture, lines, truth["dhcpv6"])
    if "ra" in truth and "ra" not in TUNNELLED.get(path.name, ()):
        yield from _ra(capture, lines, truth["ra"])
    if "arp" in truth:
        yield from _arp(capture, lines, truth["arp"])
    if "stp" in truth:
        yield from _stp(capture, lines, truth["stp"])
    if "lldp" in truth or "cdp" in truth:
        yield from _neighbors(capture, lines, truth)
    if "l2" in truth:
        yield from _l2(capture, truth["l2"])


def _dhcp(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    messages = list(_counted(lines, "dhcp"))
    yield (
        "dhcp messages",
        _tally((m["message"] or "(none)", n) for m, n in messages),
        truth["messages"],
    )
    clients = {m["client"] for m, _ in messages}
    yield "dhcp clients", len(clients), truth["distinct_chaddr"]
    replies = _tally(
        ((m["src"], m["ip"], m.get("server_id", ""), m["giaddr"]), n)
        for m, n in messages
        if m["op"] == 2
    )
    rows = truth["replies_by(eth.src,ip.src,server_id,giaddr)"]
    yield "dhcp replies by key", replies, {tuple(r["key"]): sum(r["n"].values()) for r in rows}
    for row in rows:
        mac, ip, server_id, giaddr = row["key"]
        relay = None if giaddr == "0.0.0.0" else giaddr
        found = [s for s in capture.dhcp_servers if (s.mac, s.ip, s.relay) == (mac, ip, relay)]
        if server_id:
            found = [s for s in found if s.server_id == server_id]
        yield f"dhcp server {server_id or mac}", len(found), 1
        if not found:
            continue
        counts = {"offer": found[0].offers, "ack": found[0].acks, "nak": found[0].naks}
        wanted = {k: n for k, n in row["n"].items() if k != "(none)"}
        yield f"answers of {mac}", {k: counts[k] for k in wanted}, wanted
        yield (
            f"routers of {mac}",
            set(found[0].routers) >= {r.split(",")[0] for r in row["router"] if r},
            True,
        )
        yield f"dns of {mac}", set(found[0].dns) >= {d.split(",")[0] for d in row["dns"] if d}, True


_NAMES6 = {"inforeq": "information-request"}


def _dhcp6(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    wanted = {_NAMES6.get(k, k): n for k, n in truth["messages"].items()}
    yield "dhcp6 messages", _tally((m["message"], n) for m, n in _counted(lines, "dhcp6")), wanted
    answers: Counter[object] = Counter()
    for server in capture.dhcp6_servers:
        answers[server.mac, server.ip, "advertise"] += server.advertises
        answers[server.mac, server.ip, "reply"] += server.replies
    true = {(mac, ip, what): n for mac, ip, what, n in truth["server_side"]}
    yield "dhcp6 answers", {k: n for k, n in answers.items() if n}, true


def _ra(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    rows = truth["by(eth.src,ip6.src,dst,prefix,lifetime,flags,lladdr,hlim)"]
    yield "ra count", sum(n for _, n in _counted(lines, "ra")), truth["count"]
    yield (
        "ra routers",
        {(r.mac, r.ip) for r in capture.routers},
        {(row[0], row[1]) for row in rows},
    )
    yield "ra lifetimes", {r.lifetime_s for r in capture.routers}, {int(row[4]) for row in rows}
    prefixes = {p.split("/")[0] for r in capture.routers for p in r.prefixes}
    true = {p for row in rows for p in row[3].split(",") if p and p != "::"}
    yield "ra prefixes", prefixes - {"::"}, true


def _arp(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    total = lines[-1]
    yield "arp count", total["kinds"].get("arp"), truth["count"]
    opcodes = _tally((str(m["op"]), n) for m, n in _counted(lines, "arp"))
    yield "arp opcodes", opcodes, truth["opcodes"]
    yield "arp macs", len({m["sha"] for m, _ in _counted(lines, "arp")}), truth["n_macs"]
    yield "arp conflicts", len(capture.arp_conflicts), len(truth["ip_with_several_mac"])


def _stp(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    bpdus = list(_counted(lines, "stp"))
    yield "stp count", sum(n for _, n in bpdus), truth["count"]
    roots = _tally(((str(m["priority"]), str(m["extension"]), m["root"]), n) for m, n in bpdus)
    yield "stp roots", roots, {(p, e, mac): n for p, e, mac, n in truth["roots(prio,ext,mac)"]}
    yield "stp distinct roots", len(capture.stp_roots), len(roots)
    yield "stp tc", sum(n for m, n in bpdus if m["flags"] & 1), truth["tc_flag"]


def _neighbors(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    for kind in ("lldp", "cdp"):
        if kind not in truth:
            continue
        senders = {(m["src"], m.get("sys_name") or "") for m, _ in _counted(lines, kind)}
        yield (
            f"{kind} frames",
            lines[-1]["kinds"].get(kind),
            truth[kind]["count"],
        )
        place = 2 if kind == "lldp" else 1
        yield f"{kind} senders", senders, {(row[0], row[place]) for row in truth[kind]["by"]}


def _l2(capture: Capture, truth: dict[str, Any]) -> Iterator[Fact]:
    total = Counter[str]()
    for rate in capture.rates:
        total.update(broadcast=rate.broadcast, multicast=rate.multicast, unicast=rate.unicast)
    if total and sum(total.values()) == truth["frames"] == capture.packets:
        yield "broadcasts", total["broadcast"], truth["broadcast"]
        yield "multicasts", total["multicast"], truth["multicast"]


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "pcap"


def test_facts(folder: Path) -> None:
    checked, wrong = 0, []
    for path, truth in _truths(folder):
        for what, seen, true in _compare(path, truth):
            if any(path.name == name and what.startswith(begin) for name, begin in WE_DIFFER):
                continue
            checked += 1
            if seen != true:
                wrong.append(f"{path.name}: {what}: {seen!r}, true is {true!r}")
    print(f"captures: {checked} facts checked, {checked - len(wrong)} held")
    assert not wrong, "\n".join(wrong)
    assert checked > 300


_OURS = (
    dhcp.rogue_dhcp_server,
    dhcp.dhcp_server_down,
    dhcp.dhcp_starvation,
    dhcp.rogue_dhcp6_server,
    dhcp.rogue_router_advertisement,
    address.duplicate_address,
    wire.stp_root_change,
)


def _findings(capture: Capture, site: Site | None = None) -> list[Finding]:
    at = capture.last or datetime(2026, 1, 1, tzinfo=UTC)
    network = Network(at, (), site or Site(), captures=(capture,))
    map_ = topology.build(network)
    found = {f.id: f for check in _OURS for f in check(network, map_)}
    return [*found.values(), *(f for f in checks.run(network, map_) if f.id not in found)]


def test_verdicts(folder: Path) -> None:
    """What is wrong is found, and a normal network has no finding, though nobody named a server."""
    wrong = []
    for path, _ in _truths(folder):
        found = {f.kind: f.summary for f in _findings(_read(path)[0])}
        if set(found) != FINDINGS.get(path.name, set()):
            wrong.append(f"{path.name}: {found}")
    assert not wrong, "\n".join(wrong)


def test_scan_is_no_storm(folder: Path) -> None:
    capture, _ = _read(folder / "arp_scan_503_requests_nmap.pcap")
    assert capture.storms == ()


def test_same_timestamp_flood(folder: Path) -> None:
    capture, _ = _read(folder / "dhcp_starvation_10000_same_ts.pcap")
    (storm,) = capture.storms
    assert (storm.kind, storm.cause, storm.peak_pps) == ("broadcast", "dhcp-flood", 10_000)
    (flood,) = capture.dhcp_floods
    assert (flood.mac, flood.discovers, flood.clients) == ("de:ad:be:ef:aa:bb", 10_000, 1)


def test_relay_is_no_server(folder: Path) -> None:
    """The answer that a relay passes on is the server's, whoever sends the frame."""
    capture, _ = _read(folder / "dhcp_relay_server_id_ne_ip_src.pcapng")
    (server,) = capture.dhcp_servers
    assert (server.server_id, server.relay) == ("31.130.229.6", "10.56.0.2")
    assert not _findings(capture, Site((AuthorizedDhcpServer("31.130.229.6"),)))
    (rogue,) = _findings(capture, Site((AuthorizedDhcpServer("10.56.0.2"),)))
    assert rogue.resource.ip == "31.130.229.6"


def test_options_continue_in_file_and_sname(folder: Path) -> None:
    capture, _ = _read(folder / "dhcp_option52_overload_two_pools.pcap")
    (server,) = capture.dhcp_servers
    assert server.routers == ("10.100.0.1", "10.100.0.2")
    assert server.leases == (("92:dd:a4:8d:5f:de", "10.100.0.50"),)


def test_vlan_is_the_outer_tag(folder: Path) -> None:
    capture, _ = _read(folder / "vlan_1_2_3_tags.pcap")
    assert sorted(r.vlan or 0 for r in capture.rates) == [1, 6]
    assert {r.vlan: r.broadcast for r in capture.rates} == {6: 1, 1: 2}


def test_whole_stacks_are_kept(folder: Path) -> None:
    capture, _ = _read(folder / "ra_two_routers_qinq_pppoe.pcap")
    assert all(r.vlans == (1401,) for r in capture.routers)
    stacks = [set(r.stacks) for r in capture.routers]
    assert len(stacks) == 2
    assert not stacks[0] & stacks[1]


def test_roots_by_vlan(folder: Path) -> None:
    capture, _ = _read(folder / "stp_rpvst_two_vlans_native5.pcap")
    assert [(r.vlan, r.priority, r.mac) for r in capture.stp_roots] == [
        (1, 32768, "00:1f:6d:96:ec:00"),
        (5, 32768, "00:1f:6d:96:ec:00"),
    ]


def test_root_change_time(folder: Path) -> None:
    path = folder / "lab_stp_root_change_real_bridge.pcap"
    capture, _ = _read(path)
    old, new = capture.stp_roots
    assert capture.first is not None
    assert new.first is not None
    assert (new.first - capture.first).total_seconds() == pytest.approx(4.992076, abs=1e-5)
    (finding,) = _findings(capture)
    assert finding.resource.mac == new.mac == "5a:b6:32:2d:04:70"
    assert old.mac in finding.summary


def test_lldp_port_id_and_chassis(folder: Path) -> None:
    capture, _ = _read(folder / "lldp_wireshark.pcap")
    assert {(n.chassis_id, n.port_id) for n in capture.neighbors} == {
        ("00:04:96:1f:a7:26", "1/3"),
        ("00:01:30:f9:ad:a0", "1/1"),
        ("00:13:21:57:ca:40", "1"),
    }


def test_80211_discover(folder: Path) -> None:
    capture, lines = _read(folder / "dhcp_linktype_variants_80211.pcap")
    assert [m["message"] for m, _ in _counted(lines, "dhcp")] == ["discover"]
    assert len(capture.dhcp_clients) == 1
    assert not capture.errors
