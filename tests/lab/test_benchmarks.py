"""The benchmarks run, count right and print all their figures; how fast they were is not asserted."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import (
    bench_capture,
    bench_poll,
    bench_show,
    bench_snmp,
    bench_ssh,
    bench_store,
    bench_topology,
)
from tests.benchmarks.captured import Traffic, dhcp_messages

pytestmark = pytest.mark.lab


def test_bench_poll():
    found = bench_poll.run(20, window_s=0.0)
    assert (found["exit status"], found["rows"], found["stored"]) == (3, 20, 20)
    assert found["devices not read, or in part"] == found["expected of them"] == 1
    assert all(found[name] for name in ("peak memory MB", "CPU s", "took s", "why"))


def test_bench_snmp(capsys):
    bench_snmp.main([2], part=1)
    said = capsys.readouterr().out
    varbinds = bench_snmp.walked()
    for name in (
        "netdiag, 2 switches",
        "bare gufo-snmp walk",
        "plain pysnmp",
        "netdiag over SNMPv3",
    ):
        line = next(line for line in said.splitlines() if line.startswith(name))
        if not line.endswith("absent"):
            found = re.search(r"(\d+) switches .* (\d+) varbinds", line)
            assert found is not None, line
            switches, read = found.groups()
            assert int(read) == int(switches) * varbinds, line
    assert "ratio plain pysnmp / netdiag" in said
    assert "ratio over SNMPv3" in said


def test_bench_store(capsys):
    bench_store.main(2000, ports=200)
    said = capsys.readouterr().out
    assert said.count("latest rates of 200 ports") == 3
    assert "netdiag, whole snapshots               2000 rows" in said


def test_bench_capture(capsys):
    bench_capture.main(4000, rounds=1)
    said = capsys.readouterr().out.splitlines()
    dhcp = dhcp_messages(4000)
    assert dhcp == 1
    for reader in bench_capture.READERS:
        line = next(line for line in said if line.startswith(reader.name))
        if line.endswith("absent"):
            assert not line.startswith("netdiag pcap")
            continue
        given, packets, messages, *figures = line[26:].split()
        assert given == "4000"
        assert packets in {"4000", "-"}, line
        assert messages in {str(dhcp), "-"}, line
        assert (packets, messages) != ("-", "-") or reader.name.startswith("bare read"), line
        assert all(float(figure) >= 0 for figure in figures[:3]), line
        aim = "" if reader.goal is None else f"goal {reader.goal:g}: "
        assert aim in line
        assert bool(aim) == ("goal" in line)
    grown = [line.split() for line in said if line.startswith("growth:")]
    assert [int(words[1]) for words in grown] == [500, 1000, 2000]
    assert all(float(words[3]) > 0 and int(words[5]) > 0 for words in grown)
    assert grown[-1][-4:] == ["(goals:", "2", "and", "1)"]


def test_a_capture_for_benchmarks_is_lengthened_to_what_it_would_be_at_once(tmp_path):
    traffic, grown, whole = Traffic(), tmp_path / "grown.pcap", tmp_path / "whole.pcap"
    traffic.write(grown, 9_000)
    with grown.open("ab") as file:
        traffic.extend(file, 9_000, 10_102)
    traffic.write(whole, 10_102)
    assert grown.read_bytes() == whole.read_bytes()
    found = bench_capture.here(whole, fast=False)
    assert found == bench_capture.Count(10_102, 2)
    assert (dhcp_messages(10_100), dhcp_messages(10_101)) == (1, 2)


def test_bench_ssh(capsys):
    bench_ssh.main(3)
    said = capsys.readouterr().out
    octets = len(bench_ssh.output().replace("\r", "")) * len(bench_ssh.LINES)
    assert 4 * 48_000 < octets <= 4 * bench_ssh.OCTETS
    for count in (1, 3):
        # netmiko strips the last line's end of each output.
        for peer, read in (("netmiko, default ConnectHandler", octets - 4), ("netdiag", octets)):
            found = re.search(rf"^{peer} +{count} devices? .* (\d+) octets", said, re.MULTILINE)
            assert found is not None, said
            assert int(found[1]) == count * read
    assert "ratio of devices/s" in said
    assert "ratio for one device" in said


def test_bench_show(capsys):
    bench_show.main(60, octets=1, least_s=0)
    lines = capsys.readouterr().out.splitlines()
    for name, rows in (
        ("show mac address-table", 60),
        ("show ip arp", 60),
        ("show interfaces status", 60),
        ("show interfaces", 2),
    ):
        line = next(li for li in lines if re.match(rf"made, cisco_ios {name}  ", li))
        counts = re.findall(r"(\d+) rows ", line)
        assert counts == [str(rows), str(rows)], line
        assert "ratio" in line


def test_bench_topology():
    found = bench_topology.run(250, 3000)
    assert (found["switches"], found["FDB rows"]) == (250, 3000)
    assert found["MACs located by it"] == found["stations in these"] == 1000
    assert found["cut off, largest"] == 125
    assert found["nodes of these that agree"] == 20
    assert found["of these at the right port"] == found["MACs traced"] == 20
    assert all(value > 0 for value in found.values())
