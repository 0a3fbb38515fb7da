"""The knowledge base: what an article says, that it survives its file, and what words find it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from netdiag import kb, ticket
from netdiag.errors import UsageError
from netdiag.kb import Article, page
from netdiag.model import Kind
from netdiag.ticket import Ticket
from tests import incident
from tests.unit.test_report import HOSTILE, hostile

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def article(number: int, text: str, kind: Kind | None = None, **facts: object) -> Article:
    return Article(f"T-{number}", f"case {number}", AT, kind, symptom=text, **facts)  # type: ignore[arg-type]


BASE = (
    article(1, "三楼断网，交换机端口被关闭", Kind.ERR_DISABLED_PORT),
    article(2, "有人接了一个家用路由器，电脑拿到错误的地址", Kind.ROGUE_DHCP_SERVER),
    article(3, "printer on port Gi1/0/7 offline after a loop", Kind.LAYER2_LOOP),
    article(4, "人口统计系统打不开", None),
    article(5, "wireless slow in the meeting room; router rebooted", None),
)


def found(query: str) -> list[str]:
    return [h.article.id for h in kb.search(BASE, query)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("端口", "T-1"),
        ("路由器", "T-2"),
        ("端口 关闭", "T-1"),
        ("家用路由器", "T-2"),
        ("loop", "T-3"),
        ("LOOP", "T-3"),
        ("rogue-dhcp-server", "T-2"),
        ("Gi1/0/7", "T-3"),
        ("人口", "T-4"),
        ("T-5", "T-5"),
    ],
)
def test_words_find_their_article_first(query: str, first: str) -> None:
    assert found(query)[:1] == [first]


def test_one_character_of_a_word_does_not_find_another_word() -> None:
    assert found("端口") == ["T-1"], "人口 shares the character 口 and is something else"


def test_a_single_character_still_finds() -> None:
    assert set(found("口")) == {"T-1", "T-4"}


@pytest.mark.parametrize("query", ["", "  ", "!!!", "zebra", "龙"])
def test_nothing_fits_nothing(query: str) -> None:
    assert found(query) == []


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    base = [article(n, "port port down") for n in range(8)] + [article(9, "port jabber")]
    assert next(iter(kb.search(base, "port jabber"))).article.id == "T-9"


@given(st.lists(st.text(max_size=30), max_size=6), st.text(max_size=20))
def test_any_query_over_any_articles_is_ranked(texts: list[str], query: str) -> None:
    base = [article(n, text) for n, text in enumerate(texts)]
    hits = kb.search(base, query)
    scores = [h.score for h in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(s > 0 for s in scores)
    assert kb.search(list(reversed(base)), query) == hits


@given(st.text(alphabet="端口路由器关闭断网", min_size=2, max_size=6))
def test_every_pair_of_characters_in_a_text_finds_it(word: str) -> None:
    base = [article(1, f"前面{word}后面"), article(2, "nothing of it")]
    assert [h.article.id for h in kb.search(base, word)] == ["T-1"]


# --- the article of a ticket ---------------------------------------------------------------------


def test_an_article_says_symptom_diagnosis_fix_and_prevention() -> None:
    a = kb.from_ticket(incident.closed())
    assert a.id == "T-20260302-001"
    assert a.kind is Kind.LAYER2_LOOP
    assert (a.device, a.interface, a.area) == ("acc-2", "GigabitEthernet1/0/5", "HQ/3F")
    assert "网络断了" in a.symptom
    assert "home router" in a.diagnosis
    assert "home router" in a.cause
    assert "      %PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2" in a.evidence
    assert (a.platform, a.named_in_s) == ("cisco_ios", 48)
    assert "core-1 Gi1/0/2 was closed by storm-control" in a.diagnosis
    assert "under supervision" in a.fix
    assert "Send a person" not in a.fix, "an alternative that nobody approved was not the fix"
    assert "ip dhcp snooping trust" in a.prevention
    assert a.restored_in_s == 110


def test_a_person_s_own_words_are_the_fix() -> None:
    t = replace(incident.closed(), fix="router pulled at desk 2F-105")
    assert kb.from_ticket(t).fix == "router pulled at desk 2F-105"


def test_a_ticket_closed_without_a_fix_says_so() -> None:
    t = ticket.close(ticket.open("T-9", AT), AT, "li.na", reason="caller withdrew")
    a = kb.from_ticket(t)
    assert a.fix == "Closed without a verified fix: caller withdrew"
    assert a.diagnosis == a.cause == "No cause was found."
    assert a.restored_in_s is None


def test_the_next_case_of_the_kind_shows_the_earlier_one() -> None:
    earlier = replace(kb.from_ticket(incident.closed()), id="T-20250101-001")
    other = replace(earlier, id="T-20250101-002", kind=Kind.UPLINK_DOWN)
    hits = kb.similar([other, earlier, kb.from_ticket(incident.closed())], incident.closed())
    assert [h.article.id for h in hits] == ["T-20250101-001"]


def test_written_articles_are_counted_by_month_kind_and_area() -> None:
    base = [
        replace(article(n, "", kind, area=area), at=AT.replace(month=month))
        for n, (kind, area, month) in enumerate(
            [
                (Kind.LAYER2_LOOP, "HQ/3F", 3),
                (Kind.LAYER2_LOOP, "HQ/3F", 3),
                (Kind.LAYER2_LOOP, "HQ/4F", 3),
                (Kind.UPLINK_DOWN, "HQ/3F", 2),
            ]
        )
    ]
    rows = kb.trends((), base).rows
    assert [(t.month, t.kind, t.area, t.count) for t in rows] == [
        ("2026-03", Kind.LAYER2_LOOP, "HQ/3F", 2),
        ("2026-03", Kind.LAYER2_LOOP, "HQ/4F", 1),
        ("2026-02", Kind.UPLINK_DOWN, "HQ/3F", 1),
    ]


def months() -> tuple[Ticket, ...]:
    """Case one in February and in March, and a call that nobody diagnosed."""
    now = incident.closed()
    before = replace(
        now, id="T-20260202-001", opened=now.opened - timedelta(days=28), stage_times=()
    )
    lone = ticket.open("T-20260303-001", AT + timedelta(days=1), report=incident.calls()[0])
    return now, before, lone


def test_the_review_says_how_long_who_again_and_what_prevention_saves() -> None:
    review = kb.trends(months(), [kb.from_ticket(incident.closed())])
    loops = next(g for g in review.by_kind if g.name == "layer2-loop")
    assert loops.incidents == 2, "the article of a ticket is not counted beside it"
    assert loops.named_in_s == 48, "from the first call to the diagnosis; the other has none"
    assert loops.person_hours == pytest.approx(7 * (110 + 110 + 28 * 86400) / 3600, abs=0.01)
    assert [(g.name, g.incidents) for g in review.by_place] == [("HQ/3F", 3)]
    assert [(g.name, g.incidents) for g in review.by_platform] == [("cisco_ios", 2)]
    assert [(g.name, g.incidents) for g in review.by_hour] == [("09:00", 3)]
    address, port = sorted(review.offenders, key=lambda o: o.what)
    assert (address.what, port.what) == ("50:c7:bf:11:22:33", "acc-2 GigabitEthernet1/0/5")
    assert port.tickets == ("T-20260202-001", "T-20260302-001")
    storm = next(s for s in review.savings if s.remedy.startswith("Storm control"))
    assert (storm.incidents, storm.person_hours) == (2, loops.person_hours)


def test_the_hour_is_that_of_the_place() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert {g.name for g in kb.trends(months(), zone=shanghai).by_hour} == {"17:00"}


def test_no_incidents_are_no_trends() -> None:
    assert kb.trends(()) == kb.Trends((), (), (), (), (), (), ())


def test_what_nobody_read_for_long_is_due_for_review() -> None:
    old, fresh = article(1, "old"), replace(article(2, "new"), at=AT + timedelta(days=300))
    later, year = AT + timedelta(days=400), timedelta(days=365)
    assert kb.due([fresh, old], later, year) == (old,)
    assert kb.due([kb.reviewed(old, later, "ann")], later, year) == ()


def test_likeness_finds_the_case_that_shares_most_of_its_words() -> None:
    wanted = article(9, "router at a desk hands out wrong addresses; 电脑拿到错误的地址")
    hits = kb.like([*BASE, wanted], wanted)
    assert hits[0].article.id == "T-2"
    assert all(0 < h.score <= 1 for h in hits)
    assert "T-9" not in [h.article.id for h in hits]


# --- Markdown ------------------------------------------------------------------------------------

_WORDS = st.text(st.characters(codec="utf-8"), max_size=60)
_BODY = _WORDS.map(lambda t: t.strip("\n"))


@given(_WORDS, _BODY, _BODY, st.lists(_WORDS, max_size=3), st.sampled_from([None, *Kind]))
def test_an_article_survives_its_file(
    title: str, symptom: str, fix: str, feedback: list[str], kind: Kind | None
) -> None:
    a = Article(
        "T-1", title or "t", AT, kind, title, symptom=symptom, fix=fix, feedback=tuple(feedback)
    )
    assert kb.from_markdown(kb.to_markdown(a)) == a


def test_what_a_person_edited_is_seen() -> None:
    page = kb.to_markdown(kb.from_ticket(incident.closed()))
    assert not kb.edited(page)
    assert kb.edited(page.replace("## Fix\n\n", "## Fix\n\nIn truth: "))
    assert kb.edited(page.replace("kind: ", "kind:  "))
    assert kb.edited("---\nid: x\nat: 2026-01-01\n---\nby hand")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_say_is_no_markup_in_an_article(text: str) -> None:
    a = kb.from_ticket(hostile(text))
    page = MarkdownIt("commonmark", {"html": True}).render(kb.to_markdown(a).split("---\n", 2)[2])
    assert set(re.findall(r"<(/?[a-z0-9]+)", page)) <= {
        *("h2", "/h2", "p", "/p", "ul", "/ul", "li", "/li", "pre", "/pre", "code", "/code")
    }
    assert not re.search(r"[<>&\"]", a.title)


def test_a_file_name_is_safe_and_its_own() -> None:
    names = [page.file_name(article(n, "")) for n in (1, 2)]
    names += [
        page.file_name(replace(article(1, ""), id=i))
        for i in ("../../etc", "a/b", "a b", "", "端口")
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*\.md", n) for n in names)


def test_a_heading_inside_a_text_does_not_end_its_section() -> None:
    a = article(1, "first\n## Fix\nnot the fix\n\\## not either")
    assert kb.from_markdown(kb.to_markdown(a)) == a


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no front matter", "front matter"),
        ("---\ntitle: x\n---\n", "id"),
        ("---\nid: x\nat: yesterday\n---\n", "yesterday"),
        ("---\nid: x\nat: 2026-01-01\nkind: gremlins\n---\n", "gremlins"),
        ("---\nid\n---\n", "id"),
    ],
)
def test_what_is_no_article_says_why(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        kb.from_markdown(text)


@given(st.text(max_size=200))
def test_any_file_is_an_article_or_a_usage_error(text: str) -> None:
    for candidate in (text, f"---\nid: x\n{text}\n---\n## Fix\n{text}"):
        try:
            kb.from_markdown(candidate)
        except UsageError:
            continue
