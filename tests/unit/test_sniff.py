"""What is said while a capture goes on: each thing once, whatever face a storm puts on."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from netdiag import ticket as tickets
from netdiag.cli.sniff_view import View
from netdiag.decode import frames
from netdiag.model import Evidence, Finding, Kind, Resource, Severity, Site
from netdiag.sniff import Alarms, Told, Watcher, file_evidence
from netdiag.store import Store

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def finding(kind: Kind, first: float, last: float, resource: Resource | None = None) -> Finding:
    seen = (Evidence("capture", "storm", "1", None, at(last), "eth0"),)
    return Finding(kind, Severity.MAJOR, resource or Resource(), "x", seen, at(first), at(last))


def said(alarms: Alarms, found: list[Finding], now: float) -> list[tuple[str, bool]]:
    return [(str(t.finding.kind), t.ended) for t in alarms.look(found, at(now))]


def test_one_storm_is_one_alarm() -> None:
    alarms = Alarms()
    assert said(alarms, [], 0) == []
    multicast = finding(Kind.MULTICAST_STORM, 1, 2)
    assert said(alarms, [multicast], 2) == [("multicast-storm", False)]
    for second in range(3, 60):
        storm = finding(Kind.BROADCAST_STORM, 1, second, Resource(vlan=second % 3))
        loop = finding(Kind.LAYER2_LOOP, 1, second)
        expected = [("layer2-loop", False)] if second == 3 else []
        assert said(alarms, [storm, loop], second) == expected
    assert said(alarms, [storm, loop], 61) == []
    over = said(alarms, [storm, loop], 63)
    assert over == [("multicast-storm", True), ("layer2-loop", True)]
    assert said(alarms, [storm, loop], 90) == []


def test_a_second_storm_is_a_second_alarm() -> None:
    alarms = Alarms()
    first = finding(Kind.BROADCAST_STORM, 1, 5)
    assert said(alarms, [first], 5) == [("broadcast-storm", False)]
    assert said(alarms, [first], 9) == [("broadcast-storm", True)]
    again = finding(Kind.BROADCAST_STORM, 60, 61)
    assert said(alarms, [first, again], 61) == [("broadcast-storm", False)]


def test_a_rogue_seen_in_more_vlans_is_told_once() -> None:
    alarms = Alarms()
    rogue = finding(Kind.ROGUE_DHCP_SERVER, 1, 1, Resource(vlan=10, mac="02:00:00:00:00:01"))
    assert said(alarms, [rogue], 1) == [("rogue-dhcp-server", False)]
    wider = replace(rogue, resource=replace(rogue.resource, vlan=None))
    assert said(alarms, [wider], 2) == []
    other = replace(rogue, resource=replace(rogue.resource, mac="02:00:00:00:00:02"))
    assert said(alarms, [wider, other], 300) == [("rogue-dhcp-server", False)]


def lines(seconds: int, *, storm: bool = True) -> Iterator[str]:
    """What the capture process writes; a hostile name among it."""
    begin = int(START.timestamp())
    for n in range(seconds):
        flood = {
            "frames": 6000, "octets": 360_000, "repeats": 5990, "arp": 6000, "arp_targets": 3,
            "dhcp": 0, "vlans": [], "repeating": 3, "talking": 3,
            "sources": [[f"02:00:00:00:00:0{k}", 2000, 1990] for k in range(3)],
        }  # fmt: skip
        floods = {"broadcast": flood} if storm else {}
        rates = [[None, 10, 6000 * storm, 2, 360_000], [20, 5, 1, 0, 400]]
        yield json.dumps({"type": "second", "t": begin + n, "rates": rates, "floods": floods})
        state = {"packets": 6018 * n, "octets": 1, "dropped": 0, "looked": 1}
        yield json.dumps({"type": "state", "t": begin + n + 1.1, **state})


def watched(seconds: int) -> tuple[Watcher, frames.Reader, list[Told], list[tuple[datetime, str]]]:
    told: list[Told] = []
    marks: list[tuple[datetime, str]] = []
    watcher = Watcher(Site(), told.append)
    reader = frames.Reader("eth0")
    for line in lines(seconds):
        reader.read(line)
        watcher._next = 0.0
        marks += watcher(reader)
    return watcher, reader, told, marks


def test_a_storm_is_known_after_its_first_second() -> None:
    watcher, _, told, marks = watched(1)
    assert {t.finding.kind for t in told} == {Kind.BROADCAST_STORM, Kind.LAYER2_LOOP}
    assert all("02:00:00:00:00:0" in m[1] for m in marks if "broadcast" in m[1])
    assert {m[0] for m in marks} == {START}
    assert watcher.judged is not None


def test_the_table_fits_and_obeys_nobody() -> None:
    watcher, reader, told, _ = watched(4)
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    view = View("eth0\x1b[2J", console=console)
    for t in told:
        evil = replace(t.finding, summary="name \x1b]0;owned\x07 " + "long " * 100)
        view.told(replace(t, finding=evil))
    assert watcher.capture is not None
    console.print(view.picture(watcher.capture, {}, reader.lately, at(5)))
    shown = out.getvalue()
    assert "\x1b[2J" not in shown
    assert "\x1b]0" not in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "broadcast-storm" in shown
    assert "untagged" in shown
    assert "02:00:00:00:00:01" in shown
    assert len(shown.splitlines()) < 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "x.db") as kept:
        yield kept


def test_evidence_goes_to_the_ticket_named_or_that_of_the_cause(
    store: Store, tmp_path: Path
) -> None:
    watcher, reader, _, _ = watched(3)
    seen = watcher.finish(reader.capture(), at(4))
    assert seen.causes
    named = store.save_ticket(tickets.open("T-1", START))
    file = tmp_path / "e.pcapng"
    assert file_evidence(store, seen, file, at(5), ticket_id=None, by="ann") == ()
    assert file_evidence(store, seen, file, at(5), ticket_id=named.id, by="ann") == ("T-1",)
    assert store.ticket("T-1").files == (str(file),)
    from netdiag import diagnose
    from netdiag.model import Diagnosis

    known = Diagnosis(at=at(1), took_s=0.0, causes=seen.causes, findings=seen.findings)
    number = diagnose.record(known, store).ticket
    again = file_evidence(store, seen, file, at(6), ticket_id=None, by="ann")
    assert again == (number,)
    assert any(str(file) in e.text for e in store.ticket(str(number)).timeline)
