"""The hand-over: complete for a stranger, without secrets, and whole or not there."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from netdiag import ticket
from netdiag.errors import UsageError
from netdiag.files import bundle
from netdiag.report import handover
from netdiag.report.handover import Handover
from netdiag.ticket import Report, Ticket
from tests import incident
from tests.hostile import HOSTILE, obeyed
from tests.incident import AT, after

HAND = Handover("dba", "databases", "Is the pool's database full?", "ann", after(300))


def escalated() -> Ticket:
    call = Report(
        AT,
        "Wang Fang",
        "sales",
        "HQ",
        "3F",
        "3F-107",
        "no network",
        "DHCP timeout",
        after(-600),
        4,
        "rebooted",
    )
    t = ticket.open("T-20260302-001", AT, report=call)
    t = ticket.diagnosed(t, incident.diagnosis(), after(8))
    return ticket.escalate(t, "dba", HAND.why, after(300), "ann")


def made(t: Ticket | None = None, **more: object) -> dict[str, str]:
    return handover.files(t or escalated(), incident.actions(), HAND, **more)  # type: ignore[arg-type]


def test_a_stranger_finds_everything_to_go_on_from() -> None:
    page = made()["README.md"]
    text = MarkdownIt().render(page)
    for words in (
        "Is the pool's database full?",
        "databases",
        "a home router (TP-Link) on two cables",
        "DHCP timeout",
        "rebooted",
        "li.na",
        "its last answer is 60 min old",
        "evidence/findings.json",
    ):
        assert words in text.replace("&quot;", '"').replace("&#x27;", "'"), words
    for heading in (
        "The question",
        "What was found",
        "What was tried",
        "Open doubts",
        "The files here",
    ):
        assert f"<h2>{heading}" in text


def test_every_file_that_the_page_names_is_there_and_reads() -> None:
    files = made(attached=[("evidence/files/01-x.pcapng", "as it was attached")])
    named = [line[2:].partition(":")[0].replace("\\", "") for line in files["README.md"].splitlines() if line.startswith(("- evidence/", "- ticket", "- report", "- topology"))]  # fmt: skip
    assert set(named) - {"evidence/files/01-x.pcapng"} == set(files) - {"README.md"}
    for name, text in files.items():
        if name.endswith(".json"):
            json.loads(text)
    assert ET.fromstring(files["topology.svg"]).tag.endswith("svg")


def test_without_a_diagnosis_that_is_the_first_doubt() -> None:
    page = made(ticket.open("T-1", AT, report=Report(AT, "Wang", symptom="slow")))["README.md"]
    assert "nobody has looked at the network" in page
    assert "would narrow it most" in page


@pytest.mark.parametrize(
    "line",
    [
        "snmp-server community Sentinel-x RO",
        "snmp-agent community write cipher Sentinel-x",
        "username ops privilege 15 secret 5 Sentinel-x",
        "enable password 7 Sentinel-x",
        " key-string Sentinel-x",
        '"password": "Sentinel-x"',
        "Authorization: Bearer Sentinel-x",
        "https://ops:Sentinel-x@example.org/a",
        "wpa-psk ascii 0 Sentinel-x",
        "snmpbulkwalk -v2c -c Sentinel-x 10.0.0.1",
        "username bo password Sentinel-x",
        "enable secret Sentinel-x",
        "community: Sentinel-x",
        "the password is Sentinel-x",
    ],
)
def test_what_looks_like_a_password_is_taken_out(line: str) -> None:
    assert "Sentinel-x" not in handover.scrub(line)
    assert "<secret>" in handover.scrub(line)


@pytest.mark.parametrize(
    "line",
    [
        "no answer to SNMP (host down, wrong community or filtered)",
        "wrong password or user",
        "it is no secret that we tried",
    ],
)
def test_a_sentence_about_passwords_stays(line: str) -> None:
    assert handover.scrub(line) == line


def test_known_secrets_are_in_no_file(tmp_path: Path) -> None:
    secret, words = "S3cr3t/+=pass", "corecommunity"
    t = ticket.note(escalated(), f"I typed {secret} and {words}", AT, "bo")
    (action, *rest) = incident.actions()
    leaky = (replace(action, transcript=f"login {secret}\nsnmp {words}"), *rest)
    note = tmp_path / "note.txt"
    note.write_text(f"the password is {secret}")
    attached, told = bundle.attachments([str(note)])
    texts = handover.files(t, leaky, HAND, attached=told, secrets=[secret, words, "abc"])
    target = tmp_path / "out"
    bundle.write(target, texts, attached, lambda s: handover.scrub(s, [secret, words]))
    whole = b"".join(p.read_bytes() for p in target.rglob("*") if p.is_file())
    assert secret.encode() not in whole
    assert words.encode() not in whole
    assert b"corecommunity-1" not in whole
    assert handover.scrub("core-1 is core", ["core"]) == "core-1 is <secret>"


def test_files_of_evidence_go_along_under_safe_names(tmp_path: Path) -> None:
    pcap, missing = tmp_path / "a b;$(x).pcapng", tmp_path / "gone.log"
    pcap.write_bytes(b"\x0a\x0d\x0d\x0a\x00")
    attached, told = bundle.attachments([str(pcap), str(missing), "\0", "/etc"])
    assert list(attached) == ["evidence/files/01-a_b___x_.pcapng"]
    assert [("not here" in what) for _, what in told] == [False, True, True, True]
    target = tmp_path / "deep" / "out.zip"
    bundle.write(target, made(attached=told), attached, handover.scrub)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.read("evidence/files/01-a_b___x_.pcapng") == pcap.read_bytes()
        assert "README.md" in archive.namelist()
    assert target.stat().st_mode & 0o077 == 0
    assert [p.name for p in target.parent.iterdir()] == ["out.zip"]
    with pytest.raises(UsageError, match="already there"):
        bundle.write(target, {}, {}, handover.scrub)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_words_stay_words_in_every_file(name: str, tmp_path: Path) -> None:
    words = HOSTILE[name]
    call = Report(AT, words, words, words, words, words, words, words, None, None, words)
    t = ticket.open("T-20260302-001", AT, report=call)
    t = ticket.note(t, words, AT, words)
    t = ticket.wait_for(t, "user", words, AT, words)
    t = ticket.answered(t, [("scope", "one")], None, AT, words)
    t = ticket.alerted(t, ticket.Alert("k", words, words, words, AT, labels=((words, words),)), AT)
    t = ticket.escalate(t, words or "x", words, AT, words)
    hand = Handover(words, words, words, words, AT)
    files = handover.files(t, (), hand)
    bundle.write(tmp_path / "out.zip", files, {}, handover.scrub)
    for file in ("README.md", "report.html"):
        assert obeyed(files[file].replace("\t", " ")) == [], file
    page = MarkdownIt("commonmark").enable("table").render(files["README.md"])
    for tag in ("<script", "<img", "<svg", "<a ", "<h1>head", "onerror=alert(1)>"):
        assert tag not in page, tag
    json.loads(files["ticket.json"])
    assert files["ticket.json"].isascii()
