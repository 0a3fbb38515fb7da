"""Every field of a ticket that a caller, a device or another system controls, through every output of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netdiag import sync, ticket
from netdiag.cli import netdiag
from netdiag.files import process
from netdiag.outside import key_of
from netdiag.store import Store
from netdiag.ticket import Report
from tests.hostile import HOSTILE, obeyed
from tests.ticket_systems import ANN, SECRET, SYSTEMS, Fake

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIELDS = ("reporter", "department", "place", "symptom", "error", "tried")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("NETDIAG_DB", str(tmp_path / "nd.db"))
    (tmp_path / "process.yaml").write_text("first_checks: off\n")
    monkeypatch.setenv("NETDIAG_PROCESS", str(tmp_path / "process.yaml"))
    monkeypatch.chdir(tmp_path)
    yield CliRunner()
    assert not (tmp_path / "owned").exists()
    assert not Path("/tmp/owned").exists(), "no shell obeyed"


def call(desk: CliRunner, *words: str, stdin: str | None = None, status: int = 0) -> Result:
    done = desk.invoke(netdiag, list(words), input=stdin, catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_every_field_through_every_output_for_people_and_programs(
    desk: CliRunner, name: str, tmp_path: Path
) -> None:
    words = (
        HOSTILE[name].encode("utf-8", "replace").decode() if name == "invalid" else HOSTILE[name]
    )
    said = json.dumps(dict.fromkeys(FIELDS, words))
    by_options = [w for f in FIELDS for w in (f"--{f}", HOSTILE[name].replace("\0", ""))]
    call(desk, "ticket", "open", *by_options, "--affected", "1")
    opened = call(desk, "ticket", "open", "--from", "-", "--json", stdin=said)
    number = json.loads(opened.stdout)["id"]
    assert opened.stdout.isascii()
    argument = HOSTILE[name].replace("\0", "")
    for verb in (
        ("note", number, argument, "--by", argument),
        ("answer", number, f"tried={argument}", "scope=one", "--by", argument),
        ("wait", number, "--for", "user", "--why", argument, "--by", argument),
        ("escalate", number, "--to", argument, "--why", argument, "--by", argument, "--bundle", str(tmp_path / "b")),
        ("resolve", number, argument, "--cause", argument, "--by", argument),
    ):  # fmt: skip
        done = call(desk, "ticket", *verb)
        assert obeyed(done.stdout + done.stderr) == [], verb[0]
    for words_ in (("show", number), ("list",), ("show", number, "--json"), ("list", "--json")):
        done = call(desk, "ticket", *words_)
        assert obeyed(done.stdout + done.stderr) == [], words_
    for form in ("md", "html", "json"):
        done = call(desk, "report", number, "--format", form)
        if form == "json":
            json.loads(done.stdout)
        else:
            assert obeyed(done.stdout.replace("\t", " ")) == [], form
            assert "<script>alert" not in done.stdout.replace("\\<", "")
    call(desk, "ticket", "close", number, "--reason", argument, "--by", argument)
    assert (tmp_path / "b" / "README.md").is_file()


@pytest.mark.parametrize("kind", SYSTEMS, ids=lambda s: s.kind)
def test_hostile_words_cross_to_other_systems_and_back_as_words(
    kind: type[Fake], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("httpx2", reason="httpx2 is not installed: netdiag[sync]")
    monkeypatch.setenv("S", SECRET)
    monkeypatch.setenv("APP", "app")
    fake = kind()
    (tmp_path / "p.yaml").write_text(
        f'systems: {{them: {{kind: {fake.kind}, url: "{fake.url}", {fake.options}}}}}\n'
    )
    system = process.load(tmp_path / "p.yaml").system("them")
    with Store(tmp_path / "nd.db") as store:
        for n, words in enumerate(HOSTILE.values()):
            report = Report(AT, words, words, words, words, words, words, words, None, None, words)
            t = ticket.note(ticket.open(f"T-20260302-{n:03d}", AT, report=report), words, AT, words)
            store.save_ticket(t)
        done = sync.sync(store, system, AT + timedelta(hours=1))
        assert (done.error, done.rejected) == (None, 0)
        assert len(fake.items) == len(HOSTILE)
        for item in fake.items.values():
            there = "".join((item.title, item.text, *item.comments()))
            assert obeyed(there.replace("\t", " ")) == []
            assert len(item.title) <= 255
            fake.said(item, ANN, "comment", HOSTILE["terminal"] + HOSTILE["html"] + HOSTILE["bidi"])
        taken = sync.sync(store, system, AT + timedelta(hours=2))
        assert taken.received == len(HOSTILE), "a mark that somebody else typed is no mark of ours"
        for t in store.tickets():
            theirs = [e.text for e in t.timeline if e.origin]
            assert len(theirs) == 1
            assert obeyed(theirs[0]) == []
    fake.stop()


def test_a_mark_in_hostile_words_is_not_ours(tmp_path: Path) -> None:
    assert key_of(f"{HOSTILE['mark']}\nand more") is None
