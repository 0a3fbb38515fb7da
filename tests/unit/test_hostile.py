"""What devices and callers control, poisoned everywhere at once, through every output for people.

The walk is by type, not by name: each text field of a ticket and of all it holds (calls, diagnosis,
findings, evidence, plan, advice, picture, approvals, actions, verification, feedback) is replaced.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from netdiag import contract, kb, report, text
from netdiag.cli import knowledge, monitor, shown
from netdiag.files import articles, pdf
from netdiag.model import Capture, Finding
from netdiag.report.chinese import Chinese
from netdiag.report.language import Language
from netdiag.store import Store
from netdiag.sweep import Judgement
from netdiag.ticket import Action, Ticket
from tests import incident
from tests.hostile import HOSTILE, obeyed
from tests.unit.test_report import Seen, assert_inert

OURS = frozenset({"id", "run", "version"})
"""Names that netdiag itself gives."""


def poisoned(value: Any, poison: str) -> Any:
    """The same value with every text in it replaced."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: poisoned(getattr(value, f.name), poison)
            for f in dataclasses.fields(value)
            if f.name not in OURS and f.name != "rules"
        }
        return dataclasses.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison) for item in value)
    return poison if type(value) is str else value


def as_json(poison: str) -> str:
    """What JSON makes of a text: two lone surrogates that meet are one character."""
    said: str = json.loads(json.dumps(poison))
    return said


@pytest.fixture(params=sorted(HOSTILE))
def poison(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]


def case(poison: str) -> tuple[Ticket, tuple[Action, ...]]:
    ticket: Ticket = poisoned(incident.closed(), poison)
    return ticket, tuple(poisoned(a, poison) for a in incident.actions())


def render(poison: str, form: str, language: Language | None = None) -> str:
    ticket, actions = case(poison)
    known = [
        kb.from_ticket(incident.closed()),
        dataclasses.replace(kb.from_ticket(ticket), id="T-1"),
    ]
    return report.render(
        ticket, actions, form, at=incident.AT, articles=known, language=language or Language()
    )


def test_the_walk_reaches_every_text(poison: str) -> None:
    ticket, actions = case(poison)
    left: list[str] = []

    def look(value: Any, where: str) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for f in dataclasses.fields(value):
                if f.name not in OURS and f.name != "rules":
                    look(getattr(value, f.name), f"{where}.{f.name}")
        elif isinstance(value, tuple):
            for item in value:
                look(item, where)
        elif type(value) is str and value != poison:
            left.append(where)

    look(ticket, "ticket")
    look(actions, "actions")
    assert left == []


@pytest.mark.parametrize("language", [Language(), Chinese()], ids=["en", "zh"])
def test_html_and_what_is_printed_of_it(poison: str, language: Language) -> None:
    page = render(poison, "html", language)
    assert_inert(page)
    assert obeyed(page) == []
    assert_inert(re.sub(r"<style>.*?</style>", "", pdf.with_styles(page), flags=re.DOTALL))


@pytest.mark.parametrize("language", [Language(), Chinese()], ids=["en", "zh"])
def test_markdown(poison: str, language: Language) -> None:
    source = render(poison, "md", language)
    assert obeyed(source) == []
    seen = Seen(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source))
    assert not {"a", "img", "script", "svg", "iframe", "hr"} & set(seen.tags)
    assert [a for a in seen.attributes if a[0] not in ("class", "start", "style")] == []


def test_json_of_a_report_is_whole_and_orders_no_terminal(poison: str) -> None:
    source = render(poison, "json")
    assert obeyed(source) == []
    told = json.loads(source)
    assert told["calls"][0]["symptom"] == as_json(poison)
    assert told["diagnosis"]["causes"][0]["summary"] == as_json(poison)


def test_json_on_stdout(poison: str, capsys: pytest.CaptureFixture[str]) -> None:
    from netdiag.cli import common

    common.emit(report.ticket_json(*case(poison), at=incident.AT))
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out)["calls"][0]["reporter"] == as_json(poison)


def test_the_terminal(poison: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown.ticket(*case(poison), at=incident.AT)
    out = capsys.readouterr().out
    assert obeyed(out) == []
    assert len(out) > 1000


def test_the_store_gives_back_what_it_took(poison: str, tmp_path: Path) -> None:
    with Store(tmp_path / "netdiag.db") as store:
        ticket = dataclasses.replace(case(poison)[0], version=0)
        store.save_ticket(ticket)
        back = store.ticket(ticket.id)
        assert back.reports[0].symptom == text.storable(poison)
        assert [t.id for t in store.tickets()] == [ticket.id]
        store.save_article(kb.from_ticket(ticket))
        assert len(store.articles()) == 1


def test_an_article_s_file(poison: str, tmp_path: Path) -> None:
    article = kb.with_feedback(kb.from_ticket(case(poison)[0]), text.storable(poison))
    source = kb.to_markdown(article)
    assert obeyed(source) == []
    assert kb.from_markdown(source).feedback == article.feedback
    front = YAML(typ="safe").load(source.split("---\n")[1])
    assert front["id"] == article.id
    assert set(front) <= {
        *("id", "title", "at", "kind", "area", "device", "interface", "platform"),
        *("named_in_s", "restored_in_s", "reviewed", "reviewed_by", "written"),
    }
    body = MarkdownIt("commonmark", {"html": True}).render(source.split("---\n", 2)[2])
    assert not {"a", "img", "script", "svg", "hr", "h1"} & set(Seen(body).tags)
    met = articles.sync(tmp_path / "kb", [article])
    assert sorted(p.parent for p in met.written) == [tmp_path / "kb"] * 2
    assert articles.sync(tmp_path / "kb", met.articles).written == ()


def test_a_wiki_s_page(poison: str) -> None:
    page = kb.to_wiki(kb.from_ticket(case(poison)[0]))
    assert obeyed(page) == []
    assert not kb.edited_wiki(page)
    body = MarkdownIt("commonmark", {"html": True}).render(page)
    assert not {"a", "img", "script", "svg", "hr", "h1"} & set(Seen(body).tags)


def test_the_review_s_table_and_its_csv(poison: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = kb.trends([case(poison)[0]], zone=UTC)
    knowledge.print_trends(found)
    assert obeyed(capsys.readouterr().out) == []
    rows = list(csv.reader(io.StringIO(knowledge.to_csv(found))))
    assert {len(row) for row in rows} == {6}
    names = [row[1] for row in rows[1:]]
    assert names
    assert not [n for n in names if n.lstrip()[:1] in ("=", "+", "-", "@", "\t")]
    assert_inert_svg(report.bars_svg("x", [(poison, 1.0, poison)]))


def assert_inert_svg(svg: str) -> None:
    assert obeyed(svg) == []
    assert set(Seen(svg).tags) <= {"svg", "text", "rect"}


def _icinga(seen: Judgement) -> str:
    return monitor.icinga(seen, 1.0)[0]


def _prometheus(seen: Judgement) -> str:
    return monitor.prometheus(seen, 1.0, incident.AT)


@pytest.mark.parametrize("output", [_icinga, _prometheus])
def test_what_monitoring_reads(poison: str, output: Callable[[Judgement], str]) -> None:
    found: tuple[Finding, ...] = poisoned(incident.findings(), poison)
    said = output(Judgement(Capture(source=poison), found, (), {}))
    assert obeyed(said) == []
    if output is _icinga:
        assert said.count("|") == 1
        assert "\n" not in said
    else:
        assert all(
            re.fullmatch(r'#.*|[a-z_]+(\{([a-z_]+="(?:[^"\\]|\\.)*",?)*\})? [0-9.eE+-]+', line)
            for line in said.splitlines()
        )


def test_findings_as_the_contract_has_them(poison: str) -> None:
    rows = contract.findings(poisoned(incident.findings(), poison))
    assert json.loads(json.dumps(rows))[0]["summary"] == as_json(poison)
