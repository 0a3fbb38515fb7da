"""Reports leave through the installed command line in every format."""

from __future__ import annotations

import importlib.util
import json

import pytest

from tests.end_to_end.command import netdiag


@pytest.fixture
def ticket(tmp_path):
    env = {"NETDIAG_DB": str(tmp_path / "netdiag.db")}
    said = ["--reporter", "Ann <script>", "--place", "HQ/3F/107", "--symptom", "no network 三楼"]
    opened = netdiag(
        "ticket", "open", *said, "--since", "10m", "--affected", "4", "--json", env=env
    )
    assert opened.status == 0, opened.err
    return opened.json["id"], env


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_text_formats(ticket, form):
    number, env = ticket
    done = netdiag("report", number, "--format", form, env=env)
    assert done.status == 0, done.err
    assert number in done.out
    assert "三楼" in done.out
    if form == "html":
        assert "<script>" not in done.out
    if form == "json":
        assert json.loads(done.out)["kind"] == "area-outage"


@pytest.mark.skipif(not importlib.util.find_spec("weasyprint"), reason="pip install 'netdiag[pdf]'")
def test_pdf(ticket, tmp_path):
    number, env = ticket
    file = tmp_path / "report.pdf"
    done = netdiag("report", number, "--format", "pdf", "-o", str(file), env=env)
    assert done.status == 0, done.err
    assert file.read_bytes().startswith(b"%PDF-")


def test_a_pdf_needs_a_file(ticket):
    number, env = ticket
    assert netdiag("report", number, "--format", "pdf", env=env).status == 2


def test_a_file_that_cannot_be_written(ticket):
    number, env = ticket
    done = netdiag("report", number, "-o", "/proc/no/report.md", env=env)
    assert done.status == 2
    assert "/proc/no/report.md" in done.err


def test_calls_from_one_floor_are_one_incident(ticket):
    number, env = ticket
    again = netdiag(
        "ticket", "open", "--reporter", "Ben", "--place", "HQ/3F/109", "--json", env=env
    )
    assert again.json["id"] == number
    assert again.json["reports"] == 2
    elsewhere = netdiag(
        "ticket", "open", "--reporter", "Cem", "--place", "Lab/1F", "--json", env=env
    )
    assert elsewhere.json["id"] != number


def test_a_ticket_closes_with_a_reason_and_teaches(ticket):
    number, env = ticket
    assert netdiag("ticket", "close", number, env=env).status == 1
    closed = netdiag(
        "ticket", "close", number, "--reason", "a fuse, changed by the house", "--json", env=env
    )
    assert closed.json["stage"] == "closed"
    found = netdiag("kb", "search", "三楼", "--json", env=env)
    assert len(found.json["articles"]) == 1
