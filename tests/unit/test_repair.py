"""Repairs on simulated switches: who may, what speaks against it, and what an interruption leaves."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdiag import act, repair, topology
from netdiag import ticket as tickets
from netdiag.errors import Locked, Refused
from netdiag.files import playbooks
from netdiag.model import Kind, Neighbor
from netdiag.store import Store
from netdiag.ticket import ActionState, Stage
from tests.crash_matrix import EDGE, ID, SECOND, Bench, new_template, plan_of, situations
from tests.simulated import Crash, DyingJournal

SHUT = ("acc-1", EDGE, "down")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def bench(template: Path) -> Iterator[Bench]:
    made = make(template, "layer2-loop", 0)
    yield made
    made.remove()


@pytest.fixture
def store(bench: Bench) -> Iterator[Store]:
    with Store(bench.db) as opened:
        yield opened


def make(template: Path, name: str, which: int, *, age: timedelta = timedelta(seconds=1)) -> Bench:
    here = list(situations(Kind(name), datetime.now(UTC) - age))[which]
    return Bench(template, here, plan_of(playbooks.load_all()[name], here))


def approve(bench: Bench, store: Store, by: str = "ann", **how: object) -> tickets.Ticket:
    given = {"reach": bench.switches.reach(), **how}
    return repair.approve(bench.switches.inventory, store, ID, by=by, **given)  # type: ignore[arg-type]


def resume(
    bench: Bench, store: Store, by: str = "ben", **how: object
) -> tuple[tickets.Ticket, ...]:
    given = {"reach": bench.switches.reach(), **how}
    return repair.resume(bench.switches.inventory, store, by=by, **given)  # type: ignore[arg-type]


def mark_devices(bench: Bench, **facts: object) -> None:
    for name, device in bench.here.campus.devices.items():
        bench.here.campus.devices[name] = replace(device, **facts)  # type: ignore[arg-type]


# --- one run --------------------------------------------------------------------------------------


def test_a_plan_is_carried_out_and_everything_is_on_record(bench: Bench, store: Store) -> None:
    assert approve(bench, store).stage is Stage.VERIFIED
    assert bench.switches.effects() == [SHUT, ("acc-1", SECOND, "down")]
    first, second = store.journal.actions(ID)
    assert (first.interface, first.lines) == (EDGE, (f"interface {EDGE}", "shutdown"))
    assert second.interface == SECOND
    assert first.state is second.state is ActionState.DONE
    assert "admin up, oper up" in first.before
    assert "description desk" in first.before
    events = [(e.event, e.body.get("state")) for e in store.journal.events(ID)]
    assert events[:3] == [("approval", None), ("run", "begun"), ("step", "begun")]
    assert events[-1] == ("run", "ended")
    assert store.journal.verify_chain() == ()


def test_what_the_preview_says_is_what_is_sent(bench: Bench, store: Store) -> None:
    said = store.ticket(ID).diagnosis
    assert said is not None
    previews = repair.preview(bench.switches.inventory, store, said, repair.plan(store.ticket(ID)))
    wanted = [
        (s.device, line)
        for p in previews
        for s in p.sent
        for line in s.lines
        if line not in ("configure terminal", "end")
    ]
    approve(bench, store)
    assert bench.switches.lines() == wanted


# --- approvals ------------------------------------------------------------------------------------


def test_another_plan_than_was_shown_is_not_carried_out(bench: Bench, store: Store) -> None:
    with pytest.raises(Refused, match="another one than was shown"):
        approve(bench, store, shown="0123456789abcdef")
    assert bench.switches.lines() == []


def test_a_new_diagnosis_in_the_middle_ends_the_run(bench: Bench, store: Store) -> None:
    def meanwhile() -> None:
        ticket = store.ticket(ID)
        assert ticket.diagnosis is not None
        later = replace(ticket.diagnosis, at=ticket.diagnosis.at + timedelta(seconds=1))
        store.save_ticket(tickets.diagnosed(ticket, later, later.at))

    first = store.ticket(ID).diagnosis
    assert first is not None
    step = next(s.step for s in first.plan if s.action == "shut-port")
    crash = Crash(step, "begun", how=meanwhile)
    DyingJournal.into(store, crash)
    with pytest.raises(Refused, match="diagnosed anew"):
        approve(bench, store)
    assert bench.switches.lines() == []


def test_two_people_approve_what_the_team_marks(bench: Bench, store: Store) -> None:
    mark_devices(bench, two_person=True)
    for same in ("ann", "ann", " ANN "):
        with pytest.raises(Refused, match="second, different person"):
            approve(bench, store, by=same)
    assert bench.switches.lines() == []
    approve(bench, store, by="ben")
    assert {a.approved_by for a in store.journal.actions(ID)} == {"ann and ben"}
    assert bench.switches.effects()


def test_an_approval_does_not_carry_over_to_a_new_plan(bench: Bench, store: Store) -> None:
    mark_devices(bench, two_person=True)
    with pytest.raises(Refused):
        approve(bench, store, by="ann")
    ticket = store.ticket(ID)
    assert ticket.diagnosis is not None
    later = replace(ticket.diagnosis, at=ticket.diagnosis.at + timedelta(seconds=1))
    store.save_ticket(tickets.diagnosed(ticket, later, later.at))
    with pytest.raises(Refused, match="second, different person"):
        approve(bench, store, by="ben")
    assert bench.switches.lines() == []


# --- what speaks against a change -----------------------------------------------------------------


def phone(bench: Bench) -> None:
    neighbors = bench.here.campus._neighbors
    seen = Neighbor(EDGE, "lldp", sys_name="SEP001122334455", capabilities=("bridge", "telephone"))
    bench.here.campus._neighbors = lambda name: [  # type: ignore[method-assign]
        *neighbors(name),
        *([seen] if name == "acc-1" else []),
    ]


SOFT: dict[str, tuple[Callable[[Bench], object], str]] = {
    "a phone": (phone, "a phone .SEP001122334455. is at acc-1"),
    "a trunk": (lambda b: b.here.campus.change("acc-1", EDGE, trunk=True), "is a trunk"),
    "too many stations": (
        lambda b: mark_devices(
            b, max_stations=len(b.here.campus.learn("acc-1", "00:16:3e:99:00:01", EDGE).cables) - 1
        ),
        "2 stations are at acc-1 GigabitEthernet1/0/1; at most 1",
    ),
    "an old view": (lambda b: mark_devices(b, max_view_age_s=0.5), "diagnose again"),
}


@pytest.mark.parametrize("what", SOFT)
def test_what_speaks_against_it_is_refused_unless_overruled(template: Path, what: str) -> None:
    make_so, words = SOFT[what]
    bench = make(template, "layer2-loop", 0)
    make_so(bench)
    with Store(bench.db) as store:
        store.add_snapshots(bench.switches.snapshot(n) for n in bench.here.campus.devices)
        with pytest.raises(Refused, match=words):
            approve(bench, store)
        assert bench.switches.lines() == []
        with pytest.raises(Refused, match="reason"):
            approve(bench, store, override="  ")
        done = approve(bench, store, override="the CEO waits")
        assert bench.switches.effects()
        assert any("overruled" in e.text and "the CEO waits" in e.text for e in done.timeline)
        (row,) = store.journal.events(ID, only=("override",))
        assert (row.body["by"], row.body["reason"]) == ("ann", "the CEO waits")
    bench.remove()


def test_in_a_loop_the_flapping_addresses_are_no_stations_of_the_port(bench: Bench) -> None:
    campus = bench.here.campus
    mark_devices(bench, max_stations=1)
    for host in campus.hosts:
        campus.learn("acc-1", host.mac, EDGE)
    network = campus.network()
    step = next(s for s in bench.plan if s.action == "shut-port")
    assert act.refusals(step, network, topology.build(network), at=campus.at) == ()


def test_nobody_overrules_the_never_touch_list(bench: Bench, store: Store) -> None:
    mark_devices(bench, never_touch=(EDGE,))
    with pytest.raises(Refused, match="nobody may overrule"):
        approve(bench, store, override="I am the boss")
    assert bench.switches.lines() == []


# --- the stop button ------------------------------------------------------------------------------


def press(store: Store, event: str = "stop") -> None:
    store.journal.write(event, "", datetime.now(UTC), by="eve", reason="wrong building")


def test_while_stopped_nothing_is_sent(bench: Bench, store: Store) -> None:
    press(store)
    with pytest.raises(Refused, match=r"eve stopped netdiag at .*wrong building"):
        approve(bench, store)
    assert bench.switches.lines() == []
    press(store, "release")
    assert resume(bench, store)[0].stage is Stage.VERIFIED


def test_stop_holds_between_two_lines_of_a_change(bench: Bench, store: Store) -> None:
    step = next(s.step for s in bench.plan if s.action == "shut-port")
    with Store(bench.db) as elsewhere:
        crash = Crash(step, "line 1 sent", how=lambda: press(elsewhere))
        bench.switches.crash = crash
        DyingJournal.into(store, crash)
        with pytest.raises(act.Stopped):
            approve(bench, store)
    assert bench.switches.lines() == [("acc-1", f"interface {EDGE}")]
    assert [a.state for a in store.journal.actions(ID)] == [ActionState.UNKNOWN]
    with pytest.raises(act.Stopped):
        resume(bench, store)
    press(store, "release")
    assert resume(bench, store)[0].stage is Stage.VERIFIED
    assert bench.switches.effects() == [SHUT, ("acc-1", SECOND, "down")]


# --- two engineers --------------------------------------------------------------------------------


def test_a_second_engineer_is_told_who_is_at_it(bench: Bench, store: Store) -> None:
    told: list[str] = []

    def meanwhile() -> None:
        with Store(bench.db) as other, pytest.raises(Locked) as refused:
            approve(bench, other, by="ben")
        told.append(str(refused.value))
        assert refused.value.exit_status == 75

    step = next(s.step for s in bench.plan if s.action == "shut-port")
    crash = Crash(step, "intended", how=meanwhile)
    DyingJournal.into(store, crash)
    approve(bench, store)
    assert len(told) == 1
    assert told[0].startswith(f"ann (process {os.getpid()} on ")
    assert f"at work on {ID}" in told[0]


def test_two_tickets_do_not_change_one_port_at_once(bench: Bench, store: Store) -> None:
    ticket = store.ticket(ID)
    store.save_ticket(replace(ticket, id="T-20260302-002", version=0))
    told: list[str] = []

    def meanwhile() -> None:
        reach = bench.switches.reach()
        with Store(bench.db) as other, pytest.raises(Locked) as refused:
            repair.approve(bench.switches.inventory, other, "T-20260302-002", by="ben", reach=reach)
        told.append(str(refused.value))

    step = next(s.step for s in bench.plan if s.action == "shut-port")
    DyingJournal.into(store, Crash(step, "intended", how=meanwhile))
    approve(bench, store)
    assert f"at work on acc-1 {EDGE}" in told[0]


def test_a_living_run_is_taken_over_between_two_steps(bench: Bench, store: Store) -> None:
    """The change under way comes to its end; the next step is the other engineer's."""
    reached, taken = threading.Event(), threading.Event()
    stopped: list[Exception] = []

    def first_engineer() -> None:
        with Store(bench.db) as own:
            step = next(s.step for s in bench.plan if s.action == "shut-port")

            def wait() -> None:
                reached.set()
                taken.wait(20)

            DyingJournal.into(own, Crash(step, "intended (2)", how=wait))
            try:
                approve(bench, own, by="ann")
            except Refused as exc:
                stopped.append(exc)

    thread = threading.Thread(target=first_engineer)
    thread.start()
    assert reached.wait(30)
    with pytest.raises(Locked, match="--take-over"):
        resume(bench, store, ticket_id=ID)

    def let_go(_: float) -> None:
        taken.set()
        thread.join(0.1)

    reach = replace(bench.switches.reach(), sleep=let_go)
    (done,) = resume(bench, store, ticket_id=ID, take_over="ann went home", reach=reach)
    thread.join(20)
    assert done.stage is Stage.VERIFIED
    assert "ben has taken this run over: ann went home" in str(stopped[0])
    assert bench.switches.effects() == [SHUT, ("acc-1", SECOND, "down")]
    (row,) = store.journal.events(ID, only=("take-over",))
    assert (row.body["by"], row.body["of"], row.body["reason"]) == ("ben", "ann", "ann went home")


# --- interruptions --------------------------------------------------------------------------------


def in_a_child(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("moment", ["intended", "line 2 sent", "all sent", "outcome"])
def test_a_database_that_can_no_longer_be_written_forgets_nothing(
    bench: Bench, moment: str
) -> None:
    step = next(s.step for s in bench.plan if s.action == "shut-port")

    def full() -> None:
        # From here on every write of this process fails, as on a full or lost disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def work() -> None:
        with Store(bench.db) as own:
            crash = Crash(step, moment, how=full)
            # The switch's own file is not netdiag's: it takes the line before the disk is lost.
            bench.switches.crash = crash
            DyingJournal.into(own, crash)
            approve(bench, own)

    in_a_child(work)
    bench.switches.crash = Crash(-1, "")
    with Store(bench.db) as store:
        assert store.ticket(ID).stage is not Stage.VERIFIED
        assert resume(bench, store)[0].stage is Stage.VERIFIED
        assert bench.switches.effects() == [SHUT, ("acc-1", SECOND, "down")]
        assert store.journal.verify_chain() == ()


def test_while_a_switch_is_silent_an_uncertain_change_is_not_sent_again(bench: Bench) -> None:
    step = next(s.step for s in bench.plan if s.action == "shut-port")
    assert bench.dies(Crash(step, "line 2 sent"), tuple(s.step for s in bench.plan))
    sent = bench.switches.lines()
    bench.switches.dark = frozenset({"acc-1"})
    bench.here.campus.cut("core-1", "Gi1/0/1")
    with Store(bench.db) as store:
        with pytest.raises(Refused, match="nobody knows whether"):
            resume(bench, store)
        assert bench.switches.lines() == sent


def test_an_uplink_that_closed_again_meanwhile_is_opened_at_most_three_times(
    template: Path,
) -> None:
    bench = make(template, "layer2-loop", 2)
    step = next(s for s in bench.plan if s.action == "supervised-reopen")
    chosen = tuple(s.step for s in bench.plan if s.instead_of is None)
    for _ in range(3):
        assert bench.dies(Crash(step.step, "outcome"), chosen)
        # Its own protection closes it again while nobody is there.
        bench.switches._append("core-1", f"interface {step.interface}")
        bench.switches._append("core-1", "shutdown")
    bench.switches.crash = Crash(-1, "")
    with Store(bench.db) as store, pytest.raises(Refused, match="3 tries"):
        resume(bench, store)
    ups = [e for e in bench.switches.effects() if e == ("core-1", step.interface, "up")]
    assert len(ups) == 3
    bench.remove()


def test_through_the_gap_a_port_that_is_shut_is_not_sent_again(template: Path) -> None:
    bench = make(template, "layer2-loop", 2)
    step = next(s.step for s in bench.plan if s.action == "supervised-reopen")
    chosen = tuple(s.step for s in bench.plan if s.instead_of is None)
    assert bench.dies(Crash(step, "line 2 sent (2)"), chosen)
    bench.switches.crash = Crash(-1, "")
    with Store(bench.db) as store:
        assert resume(bench, store)[0].stage is Stage.VERIFIED
    assert bench.switches.lines().count(("acc-1", f"interface {EDGE}")) == 1
    assert bench.switches.lines().count(("acc-1", f"interface {SECOND}")) == 1
    bench.remove()


def test_taking_back_twice_takes_back_once(bench: Bench, store: Store) -> None:
    approve(bench, store)
    for _ in range(2):
        repair.undo(bench.switches.inventory, store, ID, by="ann", reach=bench.switches.reach())
    assert bench.switches.effects() == [
        SHUT,
        ("acc-1", SECOND, "down"),
        ("acc-1", SECOND, "up"),
        ("acc-1", EDGE, "up"),
    ]
    states = [a.state for a in store.journal.actions(ID)]
    assert states == [ActionState.UNDONE] * 2 + [ActionState.DONE] * 2


def test_a_way_is_closed_only_after_what_lies_behind_it_is_opened(template: Path) -> None:
    bench = make(template, "layer2-loop", 2)
    with Store(bench.db) as store:
        approve(bench, store)
        before = len(bench.switches.effects())
        repair.undo(bench.switches.inventory, store, ID, by="ann", reach=bench.switches.reach())
        after = bench.switches.effects()[before:]
    assert [(d, way) for d, _, way in after] == [
        ("acc-1", "up"),
        ("acc-1", "up"),
        ("core-1", "down"),
    ]
    bench.remove()


# --- how fast -------------------------------------------------------------------------------------


def test_changes_are_sent_no_faster_than_stated(bench: Bench, store: Store) -> None:
    mark_devices(bench, changes_per_minute=1)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 5:
            press(store)

    reach = replace(bench.switches.reach(), sleep=sleep)
    with pytest.raises(act.Stopped):
        approve(bench, store, reach=reach)
    assert len(waited) == 5, "the wait looks at the stop button"
    assert bench.switches.effects() == [SHUT], "the second port waits for its minute"


def test_a_confirmed_change_is_refused_where_the_device_cannot_take_it_back(
    bench: Bench, store: Store
) -> None:
    ticket = store.ticket(ID)
    assert ticket.diagnosis is not None
    demanding = tuple(
        replace(s, expect=(*s.expect, ("confirmed", "yes"))) if s.action == "shut-port" else s
        for s in ticket.diagnosis.plan
    )
    store.save_ticket(
        tickets.diagnosed(ticket, replace(ticket.diagnosis, plan=demanding), datetime.now(UTC))
    )
    mark_devices(bench, platform="ruijie_os")
    with pytest.raises(Refused, match="cannot take a change back by itself"):
        approve(bench, store)
    assert bench.switches.lines() == []
    mark_devices(bench, platform="cisco_ios")
    approve(bench, store)
    assert bench.switches.lines().count(("acc-1", "!confirmed")) == 2
