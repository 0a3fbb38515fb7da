"""The README's table of facts is the one that the command prints."""

import io
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from textfsm import TextFSM

from netdiag.decode import show_ports
from netdiag.decode.table import Columns
from netdiag.model import ErrDisableCause
from netdiag.platforms import Command, Platform
from tests import conformance


@pytest.mark.data
@pytest.mark.parametrize("channel", ["cli", "log"])  # the walks' own test compares theirs
def test_the_readme_tells_the_counts(shared_data, channel):
    command = [sys.executable, "-m", "tests.conformance", "--json", "--channel", channel]
    ran = subprocess.run(command, cwd=conformance.ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    counts = {
        (name, of): (held, checked)
        for name, of, held, checked in json.loads(ran.stdout.splitlines()[-1])
    }
    assert counts
    assert conformance.in_readme(channel) == counts, conformance.HOW


def test_a_table_reads_back_as_it_was_written(tmp_path):
    counts = {
        ("cisco_ios", "cli"): (847, 847),
        ("others", "cli"): (1, 2),
        ("huawei", "cli"): (3, 3),
    }
    readme = tmp_path / "README.md"
    readme.write_text(
        f"x\n{conformance.BEGIN}\n{conformance.table(counts)}\n{conformance.END}\ny\n"
    )
    assert conformance.in_readme("cli", readme) == counts
    assert conformance.in_readme("snmp", readme) == {}
    assert "| all | 0/0 | 851/852 | 0/0 |" in readme.read_text()


def test_the_platform_that_the_readme_adds_reads_what_it_prints():
    section = (conformance.ROOT / "README.md").read_text(encoding="utf-8")
    section = section.split("### Adding a platform")[1].split("\n## ")[0]
    assert len(section.splitlines()) <= 45, "it is to fit on one screen"
    source, template = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    names: dict[str, Any] = {
        "Platform": Platform,
        "Command": Command,
        "ErrDisableCause": ErrDisableCause,
    }
    exec(source, names)
    (printed,) = re.findall(r"such as `(.*?)`", section)
    expected = json.loads(re.findall(r"`(\{.*?\})`", section)[0])
    rows = TextFSM(io.StringIO(template)).ParseTextToDicts(printed + "\n")
    platform = names["ACME_OS"]
    assert isinstance(platform, Platform)
    ports = show_ports.Ports(platform)
    show_ports.err_disabled(ports, [Columns(row) for row in rows])
    closed = {
        name: [e.cause, e.vendor_cause, e.vlan, e.recovers_in_s]
        for name, fields in ports.items()
        for e in [fields["err_disabled"]]
    }
    assert closed == expected["closed"]
    assert platform.name == expected["platform"]
