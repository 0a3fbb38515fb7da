"""The end of an incident: rates kept, article written, a folder that a team edits and keeps."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from netdiag import kb, lessons, ticket
from netdiag.files import articles
from netdiag.model import Counters, Interface, OperStatus, Snapshot
from netdiag.store import Store
from netdiag.ticket import Ticket
from tests import incident
from tests.incident import AT, after
from tests.unit.test_report import HOSTILE, Seen, hostile

PORT = ("core-1", "GigabitEthernet1/0/2")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "netdiag.db") as opened:
        yield opened


def reading(seconds: float, total: int, up_time_s: float = 1e6) -> Snapshot:
    counters = Counters(at=after(seconds), in_broadcast_pkts=total, bits=64)
    port = Interface(PORT[1], oper_status=OperStatus.UP, counters=counters)
    return Snapshot(
        PORT[0],
        "10.0.0.1",
        after(seconds),
        reachable=True,
        sys_up_time_s=up_time_s + seconds,
        interfaces=(port,),
    )


def unclosed() -> Ticket:
    t = incident.closed()
    return replace(t, stage=ticket.Stage.VERIFIED, closed=None, version=0)


# --- rates ---------------------------------------------------------------------------------------


def test_the_rates_of_the_ports_are_kept_at_closing(store: Store) -> None:
    store.add_snapshots([reading(-7200, 0), reading(-3600, 7200)])  # 2/s is usual
    store.add_snapshots(
        [reading(-1200, 12000), reading(0, 12000 + 1_200_000), reading(60, 1_212_060)]
    )
    store.save_ticket(unclosed())
    kept = lessons.close(store, incident.closed().id, after(90), "li.na")
    (series,) = kept.rates
    assert (series.device, series.interface) == PORT
    assert [(at, round(pps)) for at, pps in series.points] == [
        (after(-1200), 2),
        (after(0), 1000),
        (after(60), 1),
    ]
    assert series.usual == 2
    store.prune(after(10**9))
    assert lessons.rates(store, store.ticket(kept.id), after(10**8)) == kept.rates, "a year later"


def test_a_restart_between_two_readings_is_no_rate(store: Store) -> None:
    store.add_snapshots(
        [reading(0, 1000), reading(60, 2000, up_time_s=0), reading(120, 2600, up_time_s=0)]
    )
    (series,) = store.rates([PORT], AT - timedelta(hours=1), after(300))
    assert [(at, pps) for at, pps in series.points] == [(after(120), 10.0)]


def test_ports_that_nobody_read_have_no_rates(store: Store) -> None:
    assert store.rates([], AT, after(1)) == ()
    assert store.rates([PORT, ("x'; drop table counter; --", "y")], AT, after(1)) == ()


# --- the next time -------------------------------------------------------------------------------


def test_the_next_case_of_the_kind_is_told_what_the_last_taught(store: Store) -> None:
    store.save_ticket(unclosed())
    kept = lessons.close(store, incident.closed().id, after(90), "li.na")
    again = store.save_ticket(replace(unclosed(), id="T-20260402-001"))
    assert [a.id for a in lessons.earlier(store, again.id)] == [kept.id]
    assert lessons.earlier(store, None) == ()


# --- the article ---------------------------------------------------------------------------------


def test_closing_writes_the_article_and_its_file(store: Store, tmp_path: Path) -> None:
    store.save_ticket(unclosed())
    kept = lessons.close(store, incident.closed().id, after(90), "li.na", folder=tmp_path / "kb")
    page = tmp_path / "kb" / f"{kept.id}.md"
    assert kb.from_markdown(page.read_text(encoding="utf-8")) == store.articles()[0]
    assert f"({kept.id}.md)" in (tmp_path / "kb" / "index.md").read_text(encoding="utf-8")


def test_what_people_edit_in_the_folder_wins_and_stays(store: Store, tmp_path: Path) -> None:
    store.save_ticket(unclosed())
    folder = tmp_path / "kb"
    kept = lessons.close(store, incident.closed().id, after(90), "li.na", folder=folder)
    page = folder / f"{kept.id}.md"
    page.write_text(page.read_text(encoding="utf-8").replace("## Fix\n\n", "## Fix\n\nBy hand. "))
    assert [a.id for a in lessons.sync(store, folder).read] == [kept.id]
    assert store.articles()[0].fix.startswith("By hand. ")
    again = lessons.sync(store, folder)
    assert (again.read, again.written) == ((), ()), "nothing is left to do"
    noted = store.save_ticket(ticket.note(store.ticket(kept.id), "helped me", after(200), "ann"))
    lessons.heard(store, noted, folder)
    assert store.articles()[0].fix.startswith("By hand. "), "a note does not undo an edit"
    assert "helped me" in page.read_text(encoding="utf-8")


def test_an_edit_not_yet_read_survives_what_comes_from_the_store(
    store: Store, tmp_path: Path
) -> None:
    store.save_ticket(unclosed())
    folder = tmp_path / "kb"
    kept = lessons.close(store, incident.closed().id, after(90), "li.na", folder=folder)
    page = folder / f"{kept.id}.md"
    page.write_text(page.read_text(encoding="utf-8").replace("## Fix\n\n", "## Fix\n\nBy hand. "))
    noted = store.save_ticket(ticket.note(store.ticket(kept.id), "helped me", after(200), "ann"))
    lessons.heard(store, noted, folder)
    assert "By hand. " in page.read_text(encoding="utf-8")
    assert "helped me" in page.read_text(encoding="utf-8")


def test_a_file_that_is_no_article_is_named_and_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# shopping list")
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "long.md").write_bytes(b"x" * 2_000_000)
    met = lessons.sync(store, tmp_path)
    assert [Path(r.split(": ")[0]).name for r in met.refused] == ["bytes.md", "long.md", "notes.md"]
    assert (tmp_path / "notes.md").read_text() == "# shopping list"
    assert store.articles() == ()


def test_two_articles_of_one_id_do_not_fight(store: Store, tmp_path: Path) -> None:
    page = kb.to_markdown(kb.from_ticket(incident.closed()))
    (tmp_path / "mine.md").write_text(page.replace("## Fix\n\n", "## Fix\n\nMine. "))
    lessons.sync(store, tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    lessons.sync(store, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_generator_publishes_the_folder_and_hostile_names_stay_names(
    store: Store, tmp_path: Path
) -> None:
    if shutil.which("mkdocs", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("mkdocs is not installed")
    for n, text in enumerate(HOSTILE):
        article = replace(kb.from_ticket(hostile(text)), id=f"T-{n}")
        store.save_article(kb.with_feedback(article, text))
    folder = tmp_path / "docs"
    articles.sync(folder, store.articles())
    (tmp_path / "mkdocs.yml").write_text("site_name: lessons\ndocs_dir: docs\nsite_dir: site\n")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"],
        cwd=tmp_path, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    pages = list((tmp_path / "site").rglob("T-*/index.html"))
    assert len(pages) == len(HOSTILE)
    for page in pages:
        body = page.read_text(encoding="utf-8").split('role="main">')[-1]
        seen = Seen(body.split("<footer")[0])
        assert not {"script", "img", "svg", "iframe"} & set(seen.tags), page
        assert not [v for n, v in seen.attributes if n.startswith("on") or "javascript:" in v]
