"""Reports: complete, self-contained, and deaf to what hostile names say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from netdiag import kb, report, ticket
from netdiag.errors import UsageError
from netdiag.files import pdf
from netdiag.model import Diagnosis, Evidence, Kind, Role, Series, WiredDevice, WiredLink, Wiring
from netdiag.report import chart, drawing, story, wording
from netdiag.report.chinese import Chinese
from netdiag.report.chinese_words import KINDS, WORDS
from netdiag.text import clean
from netdiag.ticket import Report, Ticket
from tests import incident

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg/onload=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "http://evil.example www.evil.example me@evil.example",
    "| a | b |\n|---|---|\n# heading",
    "``` \n</pre><b>bold</b>\n```",
    "*bold* _it_ ~~del~~ `code` &lt; <!-- c --> {{7*7}} {% raw %}",
    "\x1b]0;pwned\x07\x1b[2J \x9b31m \u202eevil \u2028line",
    "1. item",
    "- item",
    "+ item",
    "> quote",
    "\\",
)


class Seen(HTMLParser):
    """Tags, attributes and the text of an HTML page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def render(t: Ticket, form: str) -> str:
    return report.render(t, incident.actions(), form, at=incident.after(120))


def hostile(text: str) -> Ticket:
    """The same incident with that text wherever people or the network speak."""
    t = incident.closed()
    assert t.diagnosis is not None
    d = t.diagnosis
    cause = replace(d.causes[0], summary=text, resource=replace(d.causes[0].resource, mac=text))
    first = replace(
        d.findings[0],
        summary=text,
        evidence=(Evidence("syslog", text, text, text, incident.AT, text),),
    )
    wired = replace(
        d.wiring,
        devices=tuple(replace(x, area=text) for x in d.wiring.devices),
        links=tuple(replace(x, a_interface=text, closed=text) for x in d.wiring.links),
    )
    diagnosis = replace(d, causes=(cause,), findings=(first, *d.findings[1:]), wiring=wired)
    call = Report(incident.AT, text, text, text, text, text, text, text, None, 3, text)
    t = replace(t, diagnosis=diagnosis, area=text, reports=(call,), fix=text)
    return replace(t, timeline=(*t.timeline, ticket.Entry(incident.AT, text, "note", text)))


# --- what it says --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["md", "html"])
def test_everything_that_matters_is_in_it(form: str) -> None:
    text = render(incident.closed(), form)
    plain = Seen(text).text if form == "html" else text.replace("\\", "")
    for words in (
        "T-20260302-001",
        "a home router (TP-Link) on two cables",
        "Wang Fang",
        "端口灯不亮",
        "li.na",
        "interface GigabitEthernet1/0/5",
        "acc-2(config-if)#shutdown",
        "only the legitimate DHCP server answers",
        "192.168.0.102",
        "pc-2-3",
        "What could not be looked at",
        "it does not answer; its last answer is 60 min old",
        "ip dhcp snooping trust",
        "%PM-4-ERR_DISABLE",
        "09:30:40",
        "UTC",
        "stations: 8",
    ):
        assert words in plain


def test_the_timeline_is_in_order() -> None:
    told = story.tell(incident.closed(), incident.actions(), (), incident.AT)
    times = [e.at for e in told.timeline]
    assert times == sorted(times)
    assert [e.what for e in told.timeline if e.who == "li.na"] == [
        "approval",
        "action",
        "action",
        "stage",
    ]


def test_what_was_not_looked_at_is_said_without_a_diagnosis_too() -> None:
    t = ticket.open("T-20260302-009", incident.AT, report=incident.calls()[0])
    for form in ("md", "html"):
        text = render(t, form)
        assert "no diagnosis was made" in text
        assert "Nothing was verified" in text


def test_an_unknown_verdict_is_listed_among_what_could_not_be_looked_at() -> None:
    t = incident.closed()
    blind = ticket.Check("users reach their gateway", ticket.Verdict.UNKNOWN, "no sensor")
    seen = replace(incident.verification(), checks=(*incident.verification().checks, blind))
    told = story.tell(replace(t, verification=seen), (), (), incident.AT)
    assert "users reach their gateway" in [n.what for n in told.not_checked]
    assert told.state != "good"
    assert "not fully verified" in " ".join(told.lead)


def test_without_changes_the_waiting_plan_is_shown() -> None:
    t = replace(incident.closed(), actions=(), stage=ticket.Stage.DIAGNOSED, verification=None)
    for form in ("md", "html"):
        text = report.render(t, (), form, at=incident.AT)
        assert "No device was changed" in text
        assert "The plan that waits for approval" in text
        assert "supervised-reopen" in text


def test_earlier_cases_of_the_kind_are_shown() -> None:
    earlier = replace(kb.from_ticket(incident.closed()), id="T-20250101-001")
    text = report.render(
        incident.closed(),
        (),
        "md",
        at=incident.AT,
        articles=[earlier, replace(earlier, kind=Kind.UPLINK_DOWN, id="X")],
    )
    assert "T-20250101-001" in text
    assert "- X" not in text


def test_json_has_the_row_of_the_list_and_everything_else() -> None:
    told = json.loads(render(incident.closed(), "json"))
    assert told["schema"] == "netdiag/ticket/1"
    assert told["id"] == "T-20260302-001"
    assert told["priority"] == "P1"
    assert told["reports"] == 3
    assert told["calls"][1]["reporter"] == "陈伟"
    assert [s["stage"] for s in told["stages"]][-1] == "closed"
    assert told["diagnosis"]["causes"][0]["device"] == "acc-2"
    assert told["actions"][1]["lines"][1] == "shutdown"
    assert told["verification"]["checks"][0]["verdict"] == "proven"
    assert told["opened"].endswith("Z")


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="docx"):
        render(incident.closed(), "docx")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (7500, "2 h 5 min"),
        (86400, "1 day"),
        (93600 + 172800, "3 days 2 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, words: str) -> None:
    assert wording.duration(seconds) == words


# --- in Chinese ----------------------------------------------------------------------------------

_ENGLISH = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}\b")


def chinese(form: str, t: Ticket | None = None) -> str:
    language = Chinese(ZoneInfo("Asia/Shanghai"))
    return report.render(
        t or incident.closed(), incident.actions(), form, at=incident.after(120), language=language
    )


def test_a_chinese_report_has_no_english_sentence_but_quotations() -> None:
    said = [w for c in incident.calls() for w in (c.symptom, c.tried) if w]
    text = re.sub(r"```text.*?```", "", chinese("md"), flags=re.DOTALL)
    ours = [x.split("；原文：")[0] for x in text.splitlines() if not any(w in x for w in said)]
    assert [x for x in ours if _ENGLISH.search(x)] == []
    assert len(text) > 2500


def test_a_chinese_report_says_the_five_lines_in_the_words_of_the_field() -> None:
    first, cause, done, end, lesson = story.tell(
        incident.closed(), incident.actions(), (), incident.AT, language=Chinese()
    ).lead
    assert "HQ/3F发生故障，共收到3次报障，已知受影响用户7人" in first
    assert cause.startswith("根本原因（已确认）：acc-2 Gi1/0/5、Gi1/0/6端口存在二层环路")
    assert done.startswith("经li.na批准，共执行2项变更")
    assert "故障历时11分10秒" in end
    assert lesson.startswith("整改建议：接入端口启用风暴控制")


def test_a_guess_is_not_said_as_confirmed() -> None:
    t = incident.closed()
    assert t.diagnosis is not None
    weak = replace(t.diagnosis, causes=(replace(t.diagnosis.causes[0], confidence=0.5),))
    for unsure, word in (
        (replace(t, verification=None), "高度疑似"),
        (replace(t, diagnosis=weak), "待核实"),
    ):
        told = story.tell(unsure, (), (), incident.AT, language=Chinese())
        assert word in told.lead[1]


def test_every_kind_has_its_chinese_name() -> None:
    assert set(KINDS) == {str(k) for k in Kind} | {"healthy"}


def test_times_are_read_on_the_clock_of_the_place() -> None:
    assert "17:29:20" in chinese("html")
    assert "09:29:20" not in chinese("html")


@pytest.mark.parametrize(
    "name", ["report.html.j2", "report.md.j2", "topology.svg.j2", "chart.svg.j2"]
)
def test_every_word_of_the_templates_has_its_chinese_one(name: str) -> None:
    source = (files("netdiag") / "templates" / name).read_text(encoding="utf-8")
    words = re.findall(r't\("((?:[^"\\]|\\.)*)"\)', source)
    assert words
    assert [w for w in words if w not in WORDS] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words_in_chinese(text: str) -> None:
    page = chinese("html", hostile(text))
    assert_inert(page)


# --- charts, pictures, templates -----------------------------------------------------------------


def storm() -> Series:
    points = tuple((incident.after(10 * n - 300), 900.0 if 20 < n < 35 else 3.0) for n in range(50))
    return Series("core-1", "GigabitEthernet1/0/2", "broadcasts/s", points, 2.5)


def test_the_rates_are_drawn_with_the_moments_that_matter() -> None:
    t = replace(incident.closed(), rates=(storm(),))
    page = report.render(t, incident.actions(), "html", at=incident.AT, rates=t.rates)
    assert_inert(page)
    seen = Seen(page).text
    assert "core-1 Gi1/0/2 · peak 900" in seen
    assert "supervised-reopen" in seen
    assert 'class="rate" d="M' in page
    text = report.render(t, (), "md", at=incident.AT, rates=t.rates)
    assert "| core-1 Gi1/0/2 | 900 broadcasts/s | 2.5 |" in text


def test_a_long_series_keeps_its_peak_when_it_is_thinned() -> None:
    points = tuple((incident.after(n), 7000.0 if n == 4321 else 1.0) for n in range(10_000))
    drawn = chart.line(Series("a", "b", "broadcasts/s", points))
    assert drawn is not None
    assert drawn.peak == 7000
    assert drawn.path.count("L") < 700


def test_one_reading_is_no_chart() -> None:
    assert chart.line(Series("a", "b", "broadcasts/s", ((incident.AT, 1.0),))) is None


def test_the_ports_of_an_incident_are_its_cause_s_and_those_that_closed() -> None:
    gi = "GigabitEthernet1/0/"
    assert report.ports(incident.closed()) == (
        ("core-1", gi + "2"),
        ("acc-2", gi + "5"),
        ("acc-2", gi + "6"),
    )


def test_the_way_to_the_cause_is_marked() -> None:
    drawn = drawing.draw(incident.diagnosis())
    assert drawn is not None
    assert sum(line.on_way for line in drawn.lines) == 1


def test_a_user_s_own_template_has_the_same_words_and_the_same_safety() -> None:
    own = "{{ r.ticket.id }} {{ r.headline }}: {{ t('Timeline') }} {{ r.ticket.began|moment }}"
    t = incident.closed()
    assert report.render(t, (), "md", at=incident.AT, template=own).startswith(
        "T-20260302-001 a home"
    )
    page = report.render(
        hostile(HOSTILE[0]), (), "html", at=incident.AT, template="<p>{{ r.headline }}</p>"
    )
    assert "<script" not in page


@pytest.mark.parametrize("own", ["{% if %}", "{{ r.nothing }}", "{{ ''.__class__.__mro__ }}"])
def test_a_wrong_template_is_a_usage_error(own: str) -> None:
    with pytest.raises(UsageError, match="template"):
        report.render(incident.closed(), (), "md", at=incident.AT, template=own)


def test_drawings_for_print_carry_their_own_colours() -> None:
    t = replace(incident.closed(), rates=(storm(),))
    page = pdf.with_styles(report.render(t, (), "html", at=incident.AT, rates=t.rates))
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 2
    for svg in drawings:
        style = svg.split("<style>")[1].split("</style>")[0]
        assert ".box { fill: #fff" in style, "the white of print, not of a dark screen"
        assert "var(" not in style
        assert "paint-order" not in style


def test_bars_are_a_picture_of_their_own() -> None:
    svg = report.bars_svg("Incidents", [("<script>", 4, "4"), ("loop", 1, "1")])
    assert "<script" not in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


# --- what it does not do -------------------------------------------------------------------------

_TAGS = {
    *[
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "section",
        "footer",
        "div",
        "span",
        "p",
        "b",
        "h1",
        "h2",
        "h3",
        "h4",
    ],
    *[
        "ol",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
        "blockquote",
        "svg",
        "rect",
        "line",
        "circle",
        "path",
        "text",
    ],
}


def assert_inert(page: str) -> None:
    seen = Seen(page)
    assert set(seen.tags) <= _TAGS
    names = {name for name, _ in seen.attributes}
    assert not any(name.startswith("on") for name in names)
    assert not names & {"href", "src", "action", "xlink:href", "srcset", "formaction", "data"}
    assert not re.search(r"url\(|@import|expression\(", page)
    assert not any(ord(c) < 32 and c != "\n" for c in page)
    assert not set(page) & set("\x1b\x07\x9b\u202e\u2028")


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = render(incident.closed(), "html")
    assert_inert(page)
    assert "default-src 'none'" in page
    assert page.count("<html") == page.count("</html>") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words_in_html(text: str) -> None:
    page = render(hostile(text), "html")
    assert_inert(page)
    assert clean(text, 2000).strip() in Seen(page).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words_in_markdown(text: str) -> None:
    source = render(hostile(text), "md")
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable("table")
    page = reader.render(source)
    seen = Seen(page)
    assert set(seen.tags) <= {
        *[
            "h1",
            "h2",
            "h3",
            "p",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "strong",
            "pre",
            "code",
        ]
    }
    assert "<a " not in page
    assert page.count("<table>") == Seen(reader.render(render(incident.closed(), "md"))).tags.count(
        "table"
    )
    assert clean(text, 2000).strip() in seen.text
    assert not re.search(r"(?<!\\):(?=//)|\bwww\.", source)


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_any_text_in_markdown_shows_exactly_its_letters(text: str) -> None:
    page = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(
        str(wording.markdown(text))
    )
    seen = Seen(page)
    assert set(seen.tags) <= {"p"}
    assert " ".join(seen.text.split()) == " ".join(wording.line(text).split())


@given(st.text(alphabet="`~ab\n\\<", max_size=40))
def test_a_code_block_cannot_be_left(text: str) -> None:
    page = MarkdownIt("commonmark").render(str(wording.code_block(text)) + "\n\nafter")
    assert page.count("<pre>") == 1
    assert page.endswith("<p>after</p>\n")


# --- the picture ---------------------------------------------------------------------------------


def drawn(d: Diagnosis) -> drawing.Picture:
    found = drawing.draw(d)
    assert found is not None
    return found


def test_the_picture_marks_the_ports_the_closed_link_and_the_cut_off_area() -> None:
    p = drawn(incident.diagnosis())
    assert p.source is not None
    assert [plug.name for plug in p.source.plugs] == ["Gi1/0/5", "Gi1/0/6"]
    assert [(li.label1, li.closed) for li in p.lines if li.closed] == [("Gi1/0/2", "storm-control")]
    assert [b.device.name for b in p.boxes if b.cut_off] == ["acc-2"]
    assert p.boxes[0].device.name == "core-1"
    assert p.shade is not None
    for box in p.boxes:
        assert 0 <= box.x <= p.width - p.box_width
        assert 0 <= box.y <= p.height - p.box_height


def test_a_source_on_the_core_is_drawn_beside_it() -> None:
    d = incident.diagnosis()
    cause = replace(d.causes[0], resource=replace(d.causes[0].resource, device="core-1"))
    p = drawn(replace(d, causes=(cause,)))
    assert p.source is not None
    core = next(b for b in p.boxes if b.device.name == "core-1")
    assert p.source.x > max(b.x for b in p.boxes)
    assert all(plug.x == core.x + p.box_width for plug in p.source.plugs)
    assert p.width >= p.source.x + p.source.width


def test_a_large_network_keeps_what_matters_and_counts_the_rest() -> None:
    devices = [WiredDevice("core", Role.CORE)]
    devices += [WiredDevice(f"sw-{n:03d}", Role.ACCESS) for n in range(200)]
    devices += [WiredDevice("acc-2", Role.ACCESS, reachable=False)]
    links = [WiredLink("core", f"Gi{n}", d.name, "Gi24") for n, d in enumerate(devices[1:])]
    d = replace(incident.diagnosis(), wiring=Wiring(tuple(devices), tuple(links)))
    p = drawn(d)
    assert len(p.boxes) == drawing.MAX_DEVICES
    assert p.left_out == 202 - drawing.MAX_DEVICES
    assert {"core", "acc-2"} <= {b.device.name for b in p.boxes}
    places = [(b.x, b.y) for b in p.boxes]
    assert len(set(places)) == len(places)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.integers(1, 10),
)
def test_any_wiring_can_be_drawn(pairs: list[tuple[int, int]], count: int) -> None:
    devices = tuple(WiredDevice(f"s{n}") for n in range(count))
    links = tuple(WiredLink(f"s{a}", None, f"s{b}", "Gi1") for a, b in pairs)
    p = drawn(replace(incident.diagnosis(), wiring=Wiring(devices, links)))
    places = [(b.x, b.y) for b in p.boxes]
    assert len(set(places)) == count
