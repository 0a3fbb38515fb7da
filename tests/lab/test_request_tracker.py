"""A ticket's life here and in a real Request Tracker at once, with RT away for a while in the middle."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdiag.store import Store
from tests.end_to_end.command import Done, netdiag
from tests.lab.request_tracker import RequestTracker

pytest.importorskip("httpx2", reason="httpx2 is not installed: netdiag[sync]")
pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("rt"), pytest.mark.timeout(900)]

HOSTILE = "\x1b]0;x\x07<script>alert(1)</script> =1+1 '; DROP TABLE Tickets; -- \u202e 断网"


@pytest.fixture(scope="module")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    made = RequestTracker(tmp_path_factory.mktemp("rt"))
    made.prepare()
    made.start()
    # An account of netdiag's own, so that RT's history tells netdiag's changes from people's.
    made.send(
        "POST",
        "user",
        {
            "Name": "netdiag",
            "Password": "password",
            "Privileged": 1,
            "EmailAddress": "nd@example.org",
        },
    )
    _grant(made)
    yield made
    made.stop()


def _grant(rt: RequestTracker) -> None:
    """SuperUser for the account, by RT's own objects: REST 2 of RT 5.0 has no rights."""
    code = (
        'use lib "/usr/share/request-tracker5/lib"; use RT; RT::LoadConfig(); RT::Init();'
        'my $u = RT::User->new(RT->SystemUser); $u->Load("netdiag");'
        'my ($ok, $m) = $u->PrincipalObj->GrantRight(Right => "SuperUser", Object => RT->System);'
        "die $m unless $ok;"
    )
    done = subprocess.run(
        ["perl", "-e", code],
        env=rt._env(),
        cwd=rt.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class Desk:
    """netdiag's command line with a store and a process.yaml of its own."""

    def __init__(self, folder: Path, rt: RequestTracker) -> None:
        self.env = {
            "NETDIAG_DB": str(folder / "nd.db"),
            "NETDIAG_PROCESS": str(folder / "process.yaml"),
            "RT_PASSWORD": "password",
        }
        (folder / "process.yaml").write_text(
            "first_checks: off\n"
            "systems:\n"
            f'  rt: {{kind: rt, url: "{rt.url}", user: netdiag, password: "env:RT_PASSWORD"}}\n'
        )

    def __call__(self, *words: str, status: int = 0, stdin: str = "") -> Done:
        done = netdiag(*words, env=self.env, stdin=stdin)
        assert done.status == status, (words, done.status, done.out, done.err)
        return done

    def sync(self, status: int = 0) -> dict[str, object]:
        row: dict[str, object] = self("ticket", "sync", "--json", status=status).json["systems"][0]
        return row


@pytest.fixture
def desk(tmp_path: Path, rt: RequestTracker) -> Desk:
    return Desk(tmp_path, rt)


def opened(desk: Desk, *words: str) -> str:
    ticket: str = desk("ticket", "open", *words, "--json").json["id"]
    return ticket


def mine(desk: Desk, rt: RequestTracker, ticket: str) -> list[dict[str, str]]:
    """RT's tickets with the mark of this store and ticket."""
    with Store(Path(desk.env["NETDIAG_DB"])) as store:
        mark = f"[netdiag {store.outbox.identity()} {ticket}]"
    return [row for row in rt.tickets() if mark in row["Subject"]]


def test_a_ticket_lives_in_both_while_rt_is_away_in_the_middle(
    desk: Desk, rt: RequestTracker
) -> None:
    t = opened(
        desk, "--reporter", "Wang Fang", "--place", "HQ/3F/3F-107", "--symptom", "断网 no network"
    )
    assert desk.sync()["error"] is None
    (there,) = mine(desk, rt, t)
    number = str(there["id"])
    assert "断网 no network" in there["Subject"]
    assert there["Status"] in ("new", "open")

    # People work in RT, and here.
    rt.send(
        "POST",
        f"ticket/{number}/comment",
        {"Content": "seen it too\n二", "ContentType": "text/plain"},
    )
    desk("ticket", "note", t, "the switch is in the basement", "--by", "ann")
    desk.sync()
    shown = desk("ticket", "show", t, "--json").json
    assert [e["text"] for e in shown["timeline"] if e["origin"]] == ["seen it too\n二"]
    assert sum("the switch is in the basement" in c for c in rt.comments(number)) == 1

    # RT goes away; work goes on, nothing is lost, and it is said.
    rt.stop()
    desk("ticket", "note", t, "first note while RT is away", "--by", "ann")
    away = desk.sync(status=3)
    assert "rt" in str(away["error"])
    assert away["waiting"]
    desk("ticket", "note", t, "second note while RT is away", "--by", "bo")
    desk("ticket", "wait", t, "--for", "user", "--why", "which cable?", "--by", "ann")
    other = opened(desk, "--reporter", "Li", "--place", "HQ/1F/1F-101", "--symptom", "slow")
    desk("ticket", "close", other, "--reason", "a mistake", "--by", "ann")
    desk.sync(status=3)
    desk.sync(status=3)

    rt.start()
    desk("ticket", "sync", "--now")
    texts = rt.comments(number)
    for words in ("first note while RT is away", "second note while RT is away", "which cable?"):
        assert sum(words in text for text in texts) == 1, words
    assert [row["Status"] for row in mine(desk, rt, t)] == ["stalled"]
    assert [row["Status"] for row in mine(desk, rt, other)] == ["resolved"]

    # It is quiet when nothing is new: nothing is sent twice, nothing taken twice.
    before = rt.comments(number)
    again = desk.sync()
    assert (again["sent"], again["received"], again["waiting"]) == (0, 0, 0)
    assert rt.comments(number) == before

    # RT's people resolve it; here that is a fix that somebody stated, and the ticket stays open.
    rt.send("PUT", f"ticket/{number}", {"Status": "resolved"})
    desk.sync()
    shown = desk("ticket", "show", t, "--json").json
    assert shown["fix"] == "resolved in rt by root"
    assert shown["stage"] != "closed"
    assert shown["waiting"] is None
    desk.sync()
    desk("ticket", "close", t, "--reason", "cable back in", "--by", "ann")
    desk.sync()
    assert [row["Status"] for row in mine(desk, rt, t)] == ["resolved"]
    assert len(mine(desk, rt, t)) == 1
    texts = rt.comments(number)
    assert len(texts) == len(set(texts))


def test_killed_between_making_and_recording_makes_no_second_ticket(
    desk: Desk, rt: RequestTracker
) -> None:
    """The row says `sending`, RT has the ticket and the comment: what kill -9 leaves behind."""
    t = opened(desk, "--reporter", "Zhao", "--place", "HQ/9F", "--symptom", "no address")
    desk.sync()
    (there,) = mine(desk, rt, t)
    before = rt.comments(str(there["id"]))
    with sqlite3.connect(desk.env["NETDIAG_DB"]) as db:
        db.execute("UPDATE outbox SET state = 'sending', next_at = 0")
        db.execute("DELETE FROM remote")
    desk.sync()
    assert len(mine(desk, rt, t)) == 1
    assert rt.comments(str(there["id"])) == before
    with Store(Path(desk.env["NETDIAG_DB"])) as store:
        assert store.outbox.links("rt") == {t: str(there["id"])}
        assert store.outbox.pending("rt") == ()


def test_hostile_words_stay_words_in_rt(desk: Desk, rt: RequestTracker) -> None:
    t = opened(
        desk,
        "--reporter",
        HOSTILE,
        "--place",
        f"HQ/7F/{HOSTILE.replace('/', '')}",
        "--symptom",
        HOSTILE,
    )
    desk("ticket", "note", t, HOSTILE * 50, "--by", HOSTILE)
    desk.sync()
    (there,) = mine(desk, rt, t)
    everything = there["Subject"] + "".join(rt.comments(str(there["id"])))
    assert "\x1b" not in everything
    assert "\u202e" not in everything
    assert "DROP TABLE Tickets" in everything, "shown, not obeyed"
    assert rt.tickets()


def test_a_wrong_password_is_said_and_nothing_is_lost(desk: Desk, rt: RequestTracker) -> None:
    t = opened(desk, "--reporter", "Sun", "--place", "HQ/8F", "--symptom", "no network")
    desk.env["RT_PASSWORD"] = "Sentinel-77aa"
    done = desk("ticket", "sync", status=3)
    assert "401" in done.out + done.err
    assert "Sentinel-77aa" not in done.out + done.err
    desk.env["RT_PASSWORD"] = "password"
    desk("ticket", "sync", "--now")
    assert len(mine(desk, rt, t)) == 1
