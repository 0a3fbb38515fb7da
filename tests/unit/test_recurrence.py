"""After the repair: what comes back reopens the ticket, and the people who called have the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from netdiag import recurrence, ticket
from netdiag.errors import Refused
from netdiag.model import Evidence, Finding, Resource
from netdiag.store import Store
from netdiag.ticket import Confirmation, Stage, Ticket
from tests import incident
from tests.incident import AT, after


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "netdiag.db") as opened:
        yield opened


def over(stage: Stage) -> Ticket:
    """Verified or closed, and watched for a day."""
    closed = incident.closed()
    assert closed.verification is not None
    if stage is Stage.CLOSED:
        return closed
    return replace(closed, stage=stage, closed=None)


def again(t: Ticket, *, minutes: float, fresh: bool = True) -> Finding:
    """A finding that the cause rested on, seen so long after the verification."""
    assert t.diagnosis is not None
    assert t.cause is not None
    assert t.verification is not None
    known = t.diagnosis.finding(t.cause.because[0])
    assert known is not None
    at = t.verification.at + timedelta(minutes=minutes)
    seen = at if fresh else t.verification.at - timedelta(minutes=5)
    proof = Evidence("syslog", known.kind, "again", at=seen)
    return replace(known, evidence=(proof,), last_seen=at)


@pytest.mark.parametrize("stage", [Stage.VERIFIED, Stage.CLOSED])
def test_the_same_finding_at_the_same_place_reopens_it_with_its_history(
    store: Store, stage: Stage
) -> None:
    before = store.save_ticket(replace(over(stage), version=0))
    assert before.verification is not None
    at = before.verification.at + timedelta(minutes=20)
    (reopened,) = recurrence.check(store, [again(before, minutes=20)], at)
    assert store.ticket(before.id) == reopened
    assert (reopened.stage, reopened.closed, reopened.reopened) == (Stage.DIAGNOSED, None, (at,))
    assert reopened.timeline[: len(before.timeline)] == before.timeline
    assert "came back 20 min after it was verified" in reopened.timeline[-1].text
    assert (reopened.diagnosis, reopened.actions) == (before.diagnosis, before.actions)
    assert (reopened.approvals, reopened.verification) == ((), None), "nothing of it counts now"
    assert recurrence.check(store, [again(before, minutes=21)], at) == (), "it is open already"


def test_what_is_only_remembered_is_no_recurrence(store: Store) -> None:
    t = store.save_ticket(replace(over(Stage.CLOSED), version=0))
    assert t.verification is not None
    at = t.verification.at + timedelta(minutes=20)
    assert recurrence.check(store, [again(t, minutes=20, fresh=False)], at) == ()


def test_another_place_is_another_incident(store: Store) -> None:
    t = store.save_ticket(replace(over(Stage.CLOSED), version=0))
    other = replace(again(t, minutes=5), resource=Resource(device="acc-9", interface="Gi9"))
    assert t.verification is not None
    assert recurrence.check(store, [other], t.verification.at + timedelta(minutes=5)) == ()


def test_after_the_stated_time_it_is_a_new_incident(store: Store) -> None:
    t = over(Stage.CLOSED)
    assert t.verification is not None
    t = store.save_ticket(
        replace(ticket.watch(t, t.verification.at + timedelta(minutes=30)), version=0)
    )
    assert t.verification is not None
    late = t.verification.at + timedelta(minutes=31)
    assert recurrence.check(store, [again(t, minutes=31)], late) == ()


def test_only_what_is_repaired_is_watched() -> None:
    with pytest.raises(Refused, match="once its repair is verified"):
        ticket.watch(ticket.open("T-1", AT), after(60))


# --- the people ------------------------------------------------------------------------------------


def says(name: str, *, works: bool, minutes: float = 500, text: str | None = None) -> Confirmation:
    return Confirmation(name, works, after(60 * minutes), "li.na", text)


def test_every_caller_is_asked_once_until_they_answer() -> None:
    t = over(Stage.VERIFIED)
    names = [r.reporter for r in ticket.to_ask(t)]
    assert names
    assert len(names) == len(set(names)), "who called twice is asked once"
    for name in names:
        assert name is not None
        t = ticket.confirmed(t, says(f"  {name.upper()} ", works=True))
    assert ticket.to_ask(t) == ()
    assert ticket.close(t, after(60000), "li.na").stage is Stage.CLOSED


def test_a_no_opens_it_again_and_keeps_it_open() -> None:
    t = ticket.confirmed(over(Stage.CLOSED), says("Ann", works=False, text="still no address"))
    assert t.stage is Stage.DIAGNOSED
    assert "Ann says: it does NOT work (still no address)" in t.timeline[-1].text
    proven = over(Stage.VERIFIED).verification
    assert proven is not None
    t = ticket.verified(ticket.approved(t, [1], after(40000), "li.na"), proven, after(40001))
    with pytest.raises(Refused, match="Ann says that it does not work: still no address"):
        ticket.close(t, after(40002), "li.na")
    assert ticket.close(t, after(40002), "li.na", reason="Ann's laptop").stage is Stage.CLOSED
    t = ticket.confirmed(t, says("ann", works=True, minutes=700))
    assert ticket.close(t, after(60000), "li.na").stage is Stage.CLOSED


def test_an_answer_has_a_name() -> None:
    with pytest.raises(Refused, match="whose answer"):
        ticket.confirmed(over(Stage.VERIFIED), says("  ", works=True))
