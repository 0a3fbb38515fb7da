"""Playbook files: those that are shipped load, and every mistake is named with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag.checks import CHECKS
from netdiag.errors import FileFormatError
from netdiag.files import playbooks
from netdiag.model import Kind
from netdiag.playbook import Do

GOOD = """\
playbook: mine
title: Mine
handles: [layer2-loop]
steps:
  - step: shut
    stage: repair
    do: shut-port
    on: source-ports
    when: ports_known
    say: "Shut {ports}."
    risk: low
    approval: each-time
    undo: Reopen it.
    time_limit_s: 60
  - step: prove
    stage: repair
    do: look
    say: Look again.
"""
SHIPPED = """
admin-down-port area-outage arp-spoofing bpdu-guard-violation broadcast-storm congested-link
device-unreachable dhcp-pool-exhausted dhcp-server-down dhcp-starvation duplex-mismatch
duplicate-address err-disabled-port layer2-loop link-flapping lossy-link mac-flapping
mac-table-overflow mtu-mismatch multicast-storm port-security-violation rogue-dhcp-server
rogue-dhcp6-server rogue-router-advertisement stp-root-change unidirectional-link
unknown-unicast-flooding uplink-down vlan-missing-on-trunk wrong-access-vlan
"""


def test_there_is_one_for_each_kind_that_is_checked() -> None:
    books = playbooks.load_all()
    assert sorted(books) == SHIPPED.split()
    assert all(Kind(name) in book.handles for name, book in books.items())
    assert {str(kind) for kind in CHECKS} <= set(books)


def test_area_outage_goes_through_the_five_stages() -> None:
    steps = playbooks.load_all()["area-outage"].steps
    stages = list(dict.fromkeys(s.stage for s in steps))
    assert stages == ["intake", "diagnosis", "escalation", "repair", "record"]


def test_no_shipped_playbook_opens_anything_before_a_look_that_proves() -> None:
    for book in playbooks.load_all().values():
        kinds = [s.do for s in book.steps if s.stage == "repair"]
        if Do.REOPEN_PORT in kinds and Do.SHUT_PORT in kinds:
            assert kinds.index(Do.SHUT_PORT) < kinds.index(Do.LOOK) < kinds.index(Do.REOPEN_PORT)
        assert kinds[-1] is Do.VERIFY


def test_they_read_aloud() -> None:
    for path in playbooks.folder().glob("*.yaml"):
        book = playbooks.load(path)
        assert path.read_text(encoding="utf-8").startswith("#")
        for step in book.steps:
            assert step.say[0].isupper() or step.say[0] == "{"
            assert step.say.rstrip()[-1] in ".?"


def load(tmp_path: Path, text: str) -> FileFormatError | None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        playbooks.load(file)
    except FileFormatError as error:
        return error
    return None


def test_the_example_is_good(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) is None


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("risk: low", "rizk: low", 11, "steps.0.rizk", "unknown key"),
        ("risk: low", "risk: lowish", 11, "steps.0.risk", "lowish"),
        ("title: Mine", "titel: Mine", 1, "title", "required"),
        ("do: shut-port", "do: shut", 7, "steps.0.do", "shut"),
        ("    undo: Reopen it.\n", "", 7, "steps.0.do", "needs undo"),
        ("    approval: each-time\n", "", 7, "steps.0.do", "needs approval"),
        ("    do: look\n", "    do: wait\n", 17, "steps.1.do", "time_limit_s"),
        (
            "    do: look\n",
            "    do: look\n    confirmed: true\n",
            18,
            "steps.1.confirmed",
            "nothing",
        ),
        ("when: ports_known", "when: \"'x' in nothing\"", 9, "steps.0.when", "nothing"),
        ("when: ports_known", "when: port_known", 9, "steps.0.when", "port_known"),
        ("when: ports_known", "when: open('x')", 9, "steps.0.when", "not"),
        ("when: ports_known", "when: 9**9**9", 9, "steps.0.when", "not allowed"),
        ("{ports}", "{prots}", 10, "steps.0.say", "prots"),
        ("{ports}", "{ports.__class__}", 10, "steps.0.say", "__class__"),
        ("on: source-ports", "on: closed-uplinks", 8, "steps.0.on", "never shut"),
        ("step: prove", "step: shut", 15, "steps.1.step", "twice"),
        ("time_limit_s: 60", "time_limit_s: '60'", 14, "steps.0.time_limit_s", "60"),
        ("time_limit_s: 60", "time_limit_s: 0", 14, "steps.0.time_limit_s", "1"),
        ("playbook: mine", "playbook: other", 1, "playbook", "file is named"),
        ("[layer2-loop]", "[layer3-loop]", 3, "handles.0", "layer3-loop"),
        (
            "    do: look\n",
            "    do: look\n    risk: high\n    on: source-ports\n",
            19,
            "steps.1.on",
            "",
        ),
        ("    do: look\n", "    do: decide\n", 17, "steps.1.do", "then"),
        ("    do: look\n", "    do: look\n    instead_of: [nowhere]\n", 18, "steps.1", "nowhere"),
        ("    do: look\n", "    do: look\n    then: shut\n", 18, "steps.1.then", "decision"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int | None, key: str | None, words: str
) -> None:
    assert GOOD.count(old) == 1
    error = load(tmp_path, GOOD.replace(old, new))
    assert error is not None
    assert error.file == str(tmp_path / "mine.yaml")
    assert words in str(error)
    if line is not None:
        assert error.line == line
    if key is not None:
        assert (error.key or "").startswith(key)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "\x00", "steps: *x\n", "a: &a [*a]\n"])
def test_what_is_no_playbook_is_a_file_format_error(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) is not None


def test_a_decision_leads_forward_only(tmp_path: Path) -> None:
    loop = GOOD.replace(
        "    do: look\n",
        "    do: decide\n    when: ports_known\n    then: shut\n    otherwise: shut\n",
    )
    error = load(tmp_path, loop)
    assert error is not None
    assert "forward" in str(error)
