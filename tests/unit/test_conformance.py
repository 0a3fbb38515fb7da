"""The README's table of facts is the one that the command prints."""

import json
import subprocess
import sys

import pytest

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
