"""How many facts of other projects' recordings netdiag reads as they stand there, by platform.

    python -m tests.conformance                   print the table
    python -m tests.conformance --write README.md     put it between the README's two marks

The counting is the tests' own: each test that holds netdiag against recordings calls `record`, and this
runs those tests and adds up. `in_readme` is what the README says, for the tests that hold it to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from netdiag import platforms

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"
# Channel -> the column's head and the tests that fill it.
CHANNELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "snmp": ("SNMP walks", ("tests/lab/test_snmp_walks.py",)),
    "cli": ("show commands", ("tests/unit/test_platform_data.py", "tests/unit/test_show_data.py")),
    "log": ("log lines", ("tests/unit/test_syslog.py", "tests/unit/test_syslog_vendors.py")),
}
OTHERS = "others"
HOW = "the README's table is old: python -m tests.conformance --write README.md"
Counts = dict[tuple[str, str], tuple[int, int]]
"""(platform or `others`, channel) -> (facts held, facts checked)."""

_COUNTED: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
# The log cases' makers; what netdiag speaks no command line of counts under `others`.
_MAKERS = {
    "Cisco": "cisco_ios", "Huawei": "huawei", "Juniper": "juniper_junos", "HP": "hp_procurve",
    "Arista": "arista_eos", "Brocade": "ruckus_fastiron", "MikroTik": "mikrotik_routeros",
}  # fmt: skip


def record(platform: str, channel: str, *, held: int, checked: int) -> None:
    """Adds to the counts; `platform` by its name, or a maker of a recorded log line."""
    found = platforms.get(_MAKERS.get(platform, platform))
    spoken = found is not None and found in platforms.SPOKEN
    counted = _COUNTED[found.name if found and spoken else OTHERS, channel]
    counted[0] += held
    counted[1] += checked


def counted(channel: str) -> Counts:
    """What this process has counted of one channel."""
    return {key: (n[0], n[1]) for key, n in _COUNTED.items() if key[1] == channel}


def count(channels: Iterable[str]) -> Counts:
    """Runs the tests of these channels here; `SystemExit` where one fails."""
    import pytest

    files = [str(ROOT / file) for channel in channels for file in CHANNELS[channel][1]]
    options = [
        "-q",
        "-m",
        "data",
        "-k",
        "not readme",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
    ]
    status = pytest.main([*options, "--rootdir", str(ROOT), *files])
    if status:
        raise SystemExit(int(status))
    return {key: found for channel in channels for key, found in counted(channel).items()}


def table(counts: Counts) -> str:
    """The README's table: a row a platform, `held/checked` a channel, `-` where nothing was found anywhere."""
    lines = [
        "| platform | " + " | ".join(head for head, _ in CHANNELS.values()) + " |",
        "|---|" + "---|" * len(CHANNELS),
    ]
    titles = {p.name: f"{p.title} (`{p.name}`)" for p in platforms.SPOKEN} | {
        OTHERS: "other makers"
    }
    for name, title in titles.items():
        cells = [counts.get((name, channel)) for channel in CHANNELS]
        shown = ("-" if cell is None else f"{cell[0]}/{cell[1]}" for cell in cells)
        lines.append(f"| {title} | " + " | ".join(shown) + " |")
    whole = [(sum(n[0] for n in c), sum(n[1] for n in c)) for c in
             ([n for (_, channel), n in counts.items() if channel == wanted] for wanted in CHANNELS)]  # fmt: skip
    lines.append("| all | " + " | ".join(f"{held}/{checked}" for held, checked in whole) + " |")
    return "\n".join(lines)


def in_readme(channel: str, readme: Path = ROOT / "README.md") -> Counts:
    """What the README's table says of one channel."""
    body = readme.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    column = list(CHANNELS).index(channel) + 1
    counts: Counts = {}
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > column and cells[column][:1].isdigit() and cells[0] != "all":
            held, checked = cells[column].split("/")
            name = cells[0].partition("(`")[2].rstrip("`)") or OTHERS
            counts[name, channel] = (int(held), int(checked))
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="README", help="the file with the two marks")
    parser.add_argument("--channel", action="append", choices=CHANNELS, help="default: all")
    parser.add_argument("--json", action="store_true", help="the counts as JSON on the last line")
    called = parser.parse_args()
    if called.write and called.channel:
        parser.error("--write takes the whole table")
    counts = count(called.channel or CHANNELS)
    if called.json:
        print(json.dumps([[*key, *found] for key, found in sorted(counts.items())]))
        return
    text = table(counts)
    print(text)
    if called.write:
        before, _, rest = called.write.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        called.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    # The tests import this module by its name: that one counts.
    from tests import conformance  # noqa: PLW0406

    conformance.main()
    sys.exit(0)
