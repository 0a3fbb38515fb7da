import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.text import clean, csv_cell, decode_octets, escape_markdown, unescape_markdown


@given(st.text(max_size=400), st.integers(min_value=1, max_value=300))
def test_nothing_that_a_terminal_obeys_is_left(text, limit):
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert all(c.isprintable() or c == " " for c in shown if c != "\N{REPLACEMENT CHARACTER}")
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown


def test_words_stay_words():
    assert clean("三楼 printer ✓") == "三楼 printer ✓"
    assert clean("a\tb\nc") == "a b c"
    assert (
        clean("evil\x1b]0;title\x07")
        == "evil\N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}"
    )


def test_octets_are_read_as_what_they_are():
    assert decode_octets("三楼交换机".encode("gbk")) == "三楼交换机"
    assert decode_octets("Büro".encode("latin-1")) == "Büro"
    assert decode_octets("Büro 三".encode()) == "Büro 三"
    assert decode_octets(b"Gi1/0/1\0\0") == "Gi1/0/1"


@given(st.binary(max_size=64))
def test_any_octets_are_some_text(octets):
    assert isinstance(decode_octets(octets), str)


@given(st.text())
def test_escaped_markdown_comes_back(text: str) -> None:
    line = clean(text)
    assert unescape_markdown(escape_markdown(line)) == line


@pytest.mark.parametrize("text", ["=1+1", " +cmd|' /C calc'!A0", "@SUM(A1)", "-2+3"])
def test_a_formula_stays_a_name_in_a_spreadsheet(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_a_name_is_itself_in_a_spreadsheet() -> None:
    assert csv_cell("acc-2 Gi1/0/5") == "acc-2 Gi1/0/5"
