"""The benchmarks run, count right and print all their figures; how fast they were is not asserted."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import bench_poll, bench_snmp, bench_store

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
