"""Tickets: who belongs together, how urgent it is, what may follow what, and when it may close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from netdiag import ticket
from netdiag.errors import Refused
from netdiag.files import codec
from netdiag.model import BlastRadius, Kind, Resource, Severity
from netdiag.ticket import Check, Level, Report, Stage, Ticket, Verdict, Verification
from tests import incident
from tests.incident import AT, after


def opened(**said: object) -> Ticket:
    report = Report(at=AT, **{"site": "HQ", "floor": "3F", **said})  # type: ignore[arg-type]
    return ticket.open("T-20260302-001", AT, report=report)


def diagnosed() -> Ticket:
    return ticket.diagnosed(opened(), incident.diagnosis(), after(8))


def proven() -> Verification:
    return incident.verification()


def unproven(verdict: Verdict) -> Verification:
    return Verification(after(70), (Check("it works", Verdict.PROVEN, ""), Check("x", verdict, "")))


# --- intake --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("HQ/3F/3F-107", ("HQ", "3F", "3F-107")),
        (" HQ / 3F ", ("HQ", "3F", None)),
        ("总部/三楼/窗边/左", ("总部", "3F", "窗边/左")),
        ("HQ//7", ("HQ", None, "7")),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_a_place_has_three_parts(text: str | None, parts: tuple[str | None, ...]) -> None:
    assert ticket.place(text) == parts


def test_one_caller_is_no_area_outage_two_are_and_one_for_three_is() -> None:
    one = opened(reporter="Wang")
    assert one.kind is None
    assert ticket.join(one, Report(AT, "Li"), AT).kind is Kind.AREA_OUTAGE
    assert opened(affected=3).kind is Kind.AREA_OUTAGE
    assert opened(affected=2).kind is None


def test_who_calls_twice_is_one_caller() -> None:
    twice = ticket.join(opened(reporter="Wang Fang"), Report(AT, "wang fang ", affected=2), AT)
    assert twice.kind is None
    assert twice.affected == 2
    assert len(twice.reports) == 2


def test_what_is_missing_is_asked_what_narrows_most_first() -> None:
    t = ticket.open("T-1", AT)
    assert [name for name, _ in ticket.missing(t)][:3] == ["area", "since", "affected"]
    t = ticket.join(t, Report(AT, "Wang", site="HQ", since=AT, affected=2, symptom="none"), AT)
    assert [name for name, _ in ticket.missing(t)][:2] == ["error", "desk"]


def test_long_and_undecodable_words_are_kept_short_and_storable() -> None:
    t = opened(symptom="x" * 10_000, tried="\udcff")
    assert len(t.reports[0].symptom or "") == 4000
    assert codec.load(Ticket, codec.dump(t)) == t


# --- which ticket --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "minutes", "joins"),
    [
        ("HQ/3F", 29, True),
        ("hq/3f", 0, True),
        ("HQ/3F/desk 7", 5, True),
        ("HQ", 5, True),
        ("HQ/3F", 31, False),
        ("HQ/4F", 5, False),
        ("Branch/3F", 5, False),
        (None, 5, False),
    ],
)
def test_calls_from_one_area_within_half_an_hour_are_one(
    area: str | None, minutes: int, joins: bool
) -> None:
    t = opened()
    found = ticket.find_open([t], at=AT + timedelta(minutes=minutes), area=area)
    assert found == (t if joins else None)


def test_the_half_hour_counts_from_the_last_call() -> None:
    t = ticket.join(opened(), Report(after(1500), site="HQ", floor="3F"), after(1500))
    assert ticket.find_open([t], at=after(3000), area="HQ/3F") == t


def test_the_same_cause_finds_its_ticket_a_week_later_and_no_closed_one() -> None:
    t, cause = diagnosed(), incident.diagnosis().causes[0]
    later = AT + timedelta(days=7)
    assert ticket.find_open([t], at=later, cause=cause) == t
    moved = replace(cause, resource=replace(cause.resource, device="acc-1"))
    assert ticket.find_open([t], at=later, cause=moved) == t, "the same device, followed by its MAC"
    other = replace(cause, resource=replace(cause.resource, mac="00:00:5e:00:53:01"))
    assert ticket.find_open([t], at=AT, area="HQ/3F", cause=other) == t, "a better diagnosis"
    assert ticket.find_open([t], at=later, area="HQ/3F", cause=other) is None
    in_repair = ticket.approved(t, [1], AT, "li.na")
    assert ticket.find_open([in_repair], at=AT, area="HQ/3F", cause=other) is None
    assert ticket.find_open([incident.closed()], at=after(100), cause=cause) is None


def test_the_kind_in_the_area_finds_its_ticket() -> None:
    t = diagnosed()
    week = AT + timedelta(days=7)
    assert ticket.find_open([t], at=week, area="HQ/3F", kind=Kind.LAYER2_LOOP) == t
    assert ticket.find_open([t], at=week, area="HQ/3F", kind=Kind.UPLINK_DOWN) is None


# --- priority ------------------------------------------------------------------------------------


def test_priority_is_impact_times_urgency() -> None:
    order = [Level.LOW, Level.MEDIUM, Level.HIGH]
    table = {
        (i, u): replace(opened(affected=n), urgency_said=u).priority
        for n, i in ((1, Level.LOW), (3, Level.MEDIUM), (10, Level.HIGH))
        for u in order
    }
    assert table[Level.HIGH, Level.HIGH] == "P1"
    assert table[Level.LOW, Level.LOW] == "P4"
    for i, j in pairwise(order):
        assert all(table[j, u] <= table[i, u] for u in order)
        assert all(table[u, j] <= table[u, i] for u in order)


def test_a_switch_cut_off_is_high_impact_and_a_critical_finding_urgent() -> None:
    t = diagnosed()
    assert (t.impact, t.urgency, t.priority) == (Level.HIGH, Level.HIGH, "P1")


def test_warnings_alone_are_not_urgent() -> None:
    d = incident.diagnosis()
    mild = tuple(replace(f, severity=Severity.WARNING) for f in d.findings)
    t = ticket.diagnosed(opened(), replace(d, findings=mild, blast_radius=BlastRadius()), AT)
    assert (t.impact, t.urgency, t.priority) == (Level.LOW, Level.LOW, "P4")


# --- stages --------------------------------------------------------------------------------------


def test_case_one_passes_its_stages_with_times() -> None:
    t = incident.closed()
    assert [s for s, _ in t.stage_times] == ["open", "diagnosed", "repairing", "verified", "closed"]
    assert [at for _, at in t.stage_times] == sorted(at for _, at in t.stage_times)
    assert t.reached(Stage.VERIFIED) == after(70)
    assert t.kind is Kind.LAYER2_LOOP
    assert t.began == after(-600)
    assert t.actions == (1, 2)


def test_without_a_cause_the_stage_stays() -> None:
    nothing = replace(incident.diagnosis(), causes=())
    assert ticket.diagnosed(opened(), nothing, AT).stage is Stage.OPEN


def test_a_look_that_finds_nothing_any_more_keeps_the_cause_on_record() -> None:
    t = ticket.verified(diagnosed(), proven(), AT)
    again = ticket.diagnosed(t, replace(incident.diagnosis(), causes=()), after(90))
    assert again.cause == t.cause
    assert again.stage is Stage.VERIFIED
    assert again.timeline[-1].text == "no cause found"


def test_a_new_diagnosis_voids_what_was_approved_and_verified() -> None:
    t = ticket.approved(diagnosed(), [1], AT, "li.na")
    t = ticket.verified(t, proven(), AT)
    again = ticket.diagnosed(t, incident.diagnosis(), after(100))
    assert again.approvals == ()
    assert again.verification is None
    assert ticket.is_approved(t, 1) is not None
    assert ticket.is_approved(again, 1) is None


@pytest.mark.parametrize("steps", [[], [99], [1, 99]])
def test_only_steps_of_the_plan_can_be_approved(steps: list[int]) -> None:
    with pytest.raises(Refused):
        ticket.approved(diagnosed(), steps, AT, "li.na")


def test_an_approval_needs_a_name_and_a_plan() -> None:
    with pytest.raises(Refused, match="name"):
        ticket.approved(diagnosed(), [1], AT, " ")
    with pytest.raises(Refused):
        ticket.approved(opened(), [1], AT, "li.na")


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNKNOWN])
def test_what_failed_or_could_not_be_seen_is_not_verified(verdict: Verdict) -> None:
    t = ticket.verified(ticket.approved(diagnosed(), [1], AT, "li.na"), unproven(verdict), AT)
    assert t.stage is Stage.REPAIRING
    with pytest.raises(Refused, match="not verified"):
        ticket.close(t, AT, "li.na")


def test_no_check_at_all_is_not_verified() -> None:
    assert not Verification(AT).ok
    assert ticket.verified(diagnosed(), Verification(AT), AT).stage is Stage.DIAGNOSED


def test_a_trouble_that_comes_back_after_verification_is_repaired_again() -> None:
    t = ticket.verified(diagnosed(), proven(), AT)
    assert t.stage is Stage.VERIFIED
    assert ticket.verified(t, unproven(Verdict.FAILED), AT).stage is Stage.REPAIRING


# --- the end -------------------------------------------------------------------------------------


def test_it_closes_with_a_cause_and_a_verified_fix() -> None:
    t = ticket.close(ticket.verified(diagnosed(), proven(), AT), AT, "li.na")
    assert t.stage is Stage.CLOSED
    assert t.closed == AT


def test_without_a_cause_it_does_not_close_even_when_all_works() -> None:
    t = ticket.verified(opened(), proven(), AT)
    with pytest.raises(Refused, match="cause"):
        ticket.close(t, AT, "li.na")
    said = ticket.resolve(t, "pulled the router", AT, "li.na", cause="a home router")
    assert ticket.close(said, AT, "li.na").cause_text == "a home router"


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_an_empty_reason_is_none(reason: str | None) -> None:
    with pytest.raises(Refused):
        ticket.close(diagnosed(), AT, "li.na", reason=reason)


def test_a_stated_reason_closes_and_is_kept() -> None:
    t = ticket.close(opened(), AT, "li.na", reason="caller withdrew")
    assert t.close_reason == "caller withdrew"


def test_after_closing_only_feedback_is_taken() -> None:
    t = incident.closed()
    assert ticket.note(t, "it helped", after(200), "Wang").feedback == ("it helped",)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: ticket.join(t, Report(AT), AT),
        lambda: ticket.escalate(t, "L3", "x", AT, "li.na"),
        lambda: ticket.diagnosed(t, incident.diagnosis(), AT),
        lambda: ticket.approved(t, [1], AT, "li.na"),
        lambda: ticket.acted(t, incident.actions()[0], AT),
        lambda: ticket.verified(t, proven(), AT),
        lambda: ticket.resolve(t, "x", AT, "li.na"),
        lambda: ticket.close(t, AT, "li.na", reason="again"),
    )
    for refused in attempts:
        with pytest.raises(Refused, match="closed"):
            refused()


def test_a_ticket_survives_its_file() -> None:
    t = incident.closed()
    assert codec.load(Ticket, codec.dump(t)) == t


# --- any order -----------------------------------------------------------------------------------

_TEXT = st.text(max_size=20)


class AnyOrder(RuleBasedStateMachine):
    """Whatever is done in whatever order: a new ticket, or Refused, and the rules still hold."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket = opened()
        self.seconds = 0.0

    def do(self, verb: Callable[..., Ticket], *given: object, **named: object) -> None:
        self.seconds += 1
        before = self.ticket
        try:
            self.ticket = verb(*given, **named)
        except Refused:
            return
        assert self.ticket.timeline[: len(before.timeline)] == before.timeline
        assert len(self.ticket.timeline) > len(before.timeline)

    def now(self) -> datetime:
        return after(self.seconds)

    @rule(text=_TEXT, affected=st.none() | st.integers(-5, 50))
    def join(self, text: str, affected: int | None) -> None:
        report = Report(after(self.seconds), text, symptom=text, affected=affected)
        self.do(ticket.join, self.ticket, report, self.now())

    @rule(text=_TEXT)
    def note(self, text: str) -> None:
        self.do(ticket.note, self.ticket, text, self.now(), text)

    @rule(text=_TEXT)
    def escalate(self, text: str) -> None:
        self.do(ticket.escalate, self.ticket, text, text, self.now(), text)

    @rule(cause=st.booleans())
    def diagnose(self, cause: bool) -> None:
        d = incident.diagnosis()
        self.do(ticket.diagnosed, self.ticket, d if cause else replace(d, causes=()), self.now())

    @rule(steps=st.lists(st.integers(-1, 9), max_size=3), by=_TEXT)
    def approve(self, steps: list[int], by: str) -> None:
        self.do(ticket.approved, self.ticket, steps, self.now(), by)

    @rule(number=st.integers(0, 1))
    def act(self, number: int) -> None:
        self.do(ticket.acted, self.ticket, incident.actions()[number], self.now())

    @rule(verdicts=st.lists(st.sampled_from(Verdict), max_size=3))
    def verify(self, verdicts: list[Verdict]) -> None:
        seen = Verification(after(self.seconds), tuple(Check("c", v, "") for v in verdicts))
        self.do(ticket.verified, self.ticket, seen, self.now())

    @rule(fix=_TEXT, cause=st.none() | _TEXT)
    def resolve(self, fix: str, cause: str | None) -> None:
        self.do(ticket.resolve, self.ticket, fix, self.now(), "li.na", cause=cause)

    @rule(reason=st.none() | _TEXT)
    def close(self, reason: str | None) -> None:
        self.do(ticket.close, self.ticket, self.now(), "li.na", reason=reason)

    @invariant()
    def the_rules_hold(self) -> None:
        t = self.ticket
        assert t.stage is t.stage_times[-1][0]
        assert t.priority in ("P1", "P2", "P3", "P4")
        assert t.affected >= 0
        if t.stage is Stage.CLOSED:
            good = t.cause_text and t.verification and t.verification.ok
            assert good or t.close_reason
            assert t.closed is not None
        if t.stage is Stage.VERIFIED:
            assert t.verification is not None
            assert t.verification.ok
        ticket.missing(t)
        assert isinstance(t.summary, str)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@given(st.text(max_size=30), st.text(max_size=30))
def test_finding_a_ticket_never_fails(one: str, other: str) -> None:
    t = ticket.open("T-1", AT, area=one)
    found = ticket.find_open([t], at=AT, area=other)
    assert found in (None, t)
    cause = replace(incident.diagnosis().causes[0], resource=Resource())
    assert ticket.find_open([t], at=AT, area=other, cause=cause) in (None, t)
