"""Every recorded capture against what tshark and capinfos say of it, fact by fact.

`python -m tests.conformance_pcap [FOLDER]` prints how many facts were checked and how many held, file
by file, and runs `netdiag pcap --json` itself on each; status 1 where one did not hold. FOLDER is the
recordings' `pcap` folder, by default that beside the checkout or in NETDIAG_SHARED_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
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
from netdiag.decode import frames
from netdiag.model import Capture, Finding, Kind, Network, Site

ROOT = Path(__file__).resolve().parent.parent

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
def read(path: Path) -> tuple[Capture, Lines]:
    lines: Lines = []
    file = CaptureFile(str(path))
    analysis = Analysis(lines.append)
    for record in file:
        analysis.add(record)
    analysis.finish(truncated=file.truncated, dropped=file.dropped, damage=file.damage)
    texts = [json.dumps(line) for line in lines]
    return frames.capture(texts, str(path), rates=True), lines


def truths(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for truth in sorted((folder / "truth").glob("*.json")):
        yield folder / truth.name.removesuffix(".json"), json.loads(truth.read_text("utf-8"))


def counted(lines: Lines, kind: str) -> Iterator[tuple[dict[str, Any], int]]:
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
    capture, lines = read(path)
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
    messages = list(counted(lines, "dhcp"))
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
    yield "dhcp6 messages", _tally((m["message"], n) for m, n in counted(lines, "dhcp6")), wanted
    answers: Counter[object] = Counter()
    for server in capture.dhcp6_servers:
        answers[server.mac, server.ip, "advertise"] += server.advertises
        answers[server.mac, server.ip, "reply"] += server.replies
    true = {(mac, ip, what): n for mac, ip, what, n in truth["server_side"]}
    yield "dhcp6 answers", {k: n for k, n in answers.items() if n}, true


def _ra(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    rows = truth["by(eth.src,ip6.src,dst,prefix,lifetime,flags,lladdr,hlim)"]
    yield "ra count", sum(n for _, n in counted(lines, "ra")), truth["count"]
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
    opcodes = _tally((str(m["op"]), n) for m, n in counted(lines, "arp"))
    yield "arp opcodes", opcodes, truth["opcodes"]
    yield "arp macs", len({m["sha"] for m, _ in counted(lines, "arp")}), truth["n_macs"]
    yield "arp conflicts", len(capture.arp_conflicts), len(truth["ip_with_several_mac"])


def _stp(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    bpdus = list(counted(lines, "stp"))
    yield "stp count", sum(n for _, n in bpdus), truth["count"]
    roots = _tally(((str(m["priority"]), str(m["extension"]), m["root"]), n) for m, n in bpdus)
    yield "stp roots", roots, {(p, e, mac): n for p, e, mac, n in truth["roots(prio,ext,mac)"]}
    yield "stp distinct roots", len(capture.stp_roots), len(roots)
    yield "stp tc", sum(n for m, n in bpdus if m["flags"] & 1), truth["tc_flag"]


def _neighbors(capture: Capture, lines: Lines, truth: dict[str, Any]) -> Iterator[Fact]:
    for kind in ("lldp", "cdp"):
        if kind not in truth:
            continue
        senders = {(m["src"], m.get("sys_name") or "") for m, _ in counted(lines, kind)}
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


def facts(path: Path, truth: dict[str, Any]) -> list[Fact]:
    """All that is known of one capture, without what we know better."""
    return [
        fact
        for fact in _compare(path, truth)
        if not any(path.name == name and fact[0].startswith(begin) for name, begin in WE_DIFFER)
    ]


def verdict(capture: Capture, site: Site | None = None) -> list[Finding]:
    """What is wrong in a capture, where nobody named a server."""
    at = capture.last or datetime(2026, 1, 1, tzinfo=UTC)
    network = Network(at, (), site or Site(), captures=(capture,))
    return list(checks.run(network, topology.build(network)))


# --- the command ---------------------------------------------------------------------------------

_COMMAND = "from netdiag.cli import main; main()"


def asked(path: Path) -> Iterator[Fact]:
    """What `netdiag pcap --json` says of that file, against what was read of it in this process."""
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "pcap", "--json", str(path)],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    capture, _ = read(path)
    said = json.loads(done.stdout)
    found = FINDINGS.get(path.name, set())
    lost = 1000 * (capture.dropped or 0) > capture.packets + (capture.dropped or 0)
    missed = bool(capture.errors) or capture.truncated or lost
    yield "command: status", done.returncode, 3 if missed else int(bool(found))
    yield "command: findings", {f["kind"] for f in said["findings"]}, set(found)
    yield "command: packets", said["packets"], capture.packets
    for name in ("dhcp_servers", "dhcp6_servers", "routers", "storms", "stp_roots"):
        yield f"command: {name}", len(said[name]), len(getattr(capture, name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    shared = Path(os.environ.get("NETDIAG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("folder", nargs="?", type=Path, default=shared / "pcap")
    folder: Path = parser.parse_args().folder
    if not (folder / "truth").is_dir():
        parser.error(f"no recordings with a truth folder at {folder}")
    files = checked = held = 0
    for path, truth in truths(folder):
        found = [*facts(path, truth), *asked(path)]
        kinds = {f.kind for f in verdict(read(path)[0])}
        found.append(("findings", kinds, FINDINGS.get(path.name, set())))
        wrong = [(what, seen, true) for what, seen, true in found if seen != true]
        files, checked, held = files + 1, checked + len(found), held + len(found) - len(wrong)
        print(f"{path.name:45} {len(found):3} checked {len(found) - len(wrong):3} held")
        for what, seen, true in wrong:
            print(f"    {what}: {seen!r}, true is {true!r}")
    print(f"captures: {files} files, {checked} facts checked, {held} held")
    for (name, what), why in WE_DIFFER.items():
        print(f"not counted: {name}: {what}: {why}")
    return int(held != checked)


if __name__ == "__main__":
    sys.exit(main())
