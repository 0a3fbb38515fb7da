"""The crash matrix: every step of every shipped playbook, killed at every moment, and gone on with.

    python -m tests.crash_matrix            the table
    python -m tests.crash_matrix --short    a row a kind of step and moment
    python -m tests.crash_matrix NAME...    of these playbooks alone

A process of its own carries the plan out and really dies (SIGKILL) at the named moment; `resume` and
the approving person go on; then the switches themselves say what they were sent.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from netdiag import diagnose, playbook, repair, topology
from netdiag import ticket as tickets
from netdiag.errors import Refused
from netdiag.files import playbooks
from netdiag.model import (
    Cause,
    Diagnosis,
    ErrDisableCause,
    Evidence,
    Finding,
    Kind,
    PlanStep,
    Resource,
    Role,
    Severity,
)
from netdiag.playbook import Playbook
from netdiag.store import Store
from netdiag.ticket import Stage, Ticket
from tests.networks import Campus
from tests.simulated import NEVER, Crash, DyingJournal, Switches

EDGE, SECOND, UPLINK = "GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/1"
ID = "T-20260302-001"


@dataclass(frozen=True)
class Situation:
    """A network in which a playbook's steps apply."""

    name: str
    campus: Campus
    cause: Cause
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One kill, and what came of it."""

    playbook: str
    step: str
    action: str
    moment: str
    sent: int
    """Lines that the switches received in all."""
    expected: int
    """Lines of the same repair uninterrupted."""
    faults: tuple[str, ...]

    @property
    def outcome(self) -> str:
        if self.faults:
            return "WRONG: " + "; ".join(self.faults)
        again = self.sent - self.expected
        return "each change once" + (f", {again} lines of it again" if again else "")


def small(at: datetime) -> Campus:
    campus = Campus(at=at).switch("core-1", 4, Role.CORE)
    for n in (1, 2):
        campus.switch(f"acc-{n}", 6).cable("core-1", f"Gi1/0/{n}", f"acc-{n}", "Gi1/0/6")
        for desk in (1, 2, 3):
            campus.host(f"pc-{n}-{desk}", f"acc-{n}", f"Gi1/0/{desk}", ip=f"10.10.{n}.{desk}")
    campus.host("noc", "core-1", "Gi1/0/4", ip="10.10.0.9")
    return campus.remember(age_s=60)


def situations(kind: Kind, at: datetime) -> Iterator[Situation]:
    """The same cause at a desk that answers, behind a closed uplink, with and without another way, …"""
    mac = "50:c7:bf:11:22:33"

    def cause(interface: str | None, device: str = "acc-1") -> Cause:
        both = (EDGE, SECOND) if interface == EDGE else ()
        place = Resource(device=device, interface=interface, mac=mac)
        return Cause(1, kind, place, 0.9, (), (), f"{kind} at {device}", interfaces=both)

    def closed() -> Campus:
        shut = small(at).err_disable("core-1", UPLINK, ErrDisableCause.STORM_CONTROL)
        return shut.unreachable("acc-1")

    yield Situation("answers", small(at), cause(EDGE))
    answers = small(at).err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL)
    yield Situation("answers, an uplink closed", answers, cause(EDGE))
    yield Situation("dark", closed(), cause(EDGE))
    yield Situation("dark, another way in", closed(), cause(EDGE), ("acc-1",))
    yield Situation("dark, port not known", closed(), cause(None))
    admin = small(at).shut("acc-1", SECOND)
    yield Situation("shut by hand", admin, replace(cause(SECOND), interfaces=()))
    guarded = small(at).err_disable("acc-1", SECOND, ErrDisableCause.PORT_SECURITY)
    yield Situation("err-disabled", guarded, replace(cause(SECOND), interfaces=()))
    downs = small(at).shut("core-1", UPLINK)
    yield Situation("uplink shut by hand", downs, replace(cause(UPLINK, "core-1"), interfaces=()))
    cut = small(at).cut("core-1", UPLINK)
    yield Situation("uplink cut", cut, replace(cause(UPLINK, "core-1"), interfaces=()))
    yield Situation(
        "nobody knows where", small(at), replace(cause(None), resource=Resource(mac=mac))
    )


def plan_of(book: Playbook, here: Situation) -> tuple[PlanStep, ...]:
    network = here.campus.network()
    graph = topology.build(network)
    paths = dict.fromkeys(here.paths, True)
    finding = finding_of(here)
    return playbook.plan(book, here.cause, network, graph, paths=paths, findings=[finding])


def finding_of(here: Situation) -> Finding:
    at = here.campus.at
    seen = Evidence("snmp", "state", "simulated")
    return Finding(
        here.cause.kind, Severity.MAJOR, here.cause.resource, here.cause.summary, (seen,), at, at
    )


def reaching(book: Playbook, at: datetime) -> Iterator[tuple[Situation, tuple[PlanStep, ...]]]:
    """Situations that together reach every step of the playbook that a run carries out."""
    missing = {s.name for s in book.steps if s.stage in ("repair", "record") and s.do != "decide"}
    kind = Kind(book.name)
    for here in situations(kind, at):
        plan = plan_of(book, here)
        # A plan's alternatives are carried out where its main line could not be.
        fresh = {s.name for s in plan} & missing
        if fresh:
            missing -= fresh
            yield here, plan
    assert not missing, f"{book.name}: no situation reaches {', '.join(sorted(missing))}"


# --- one run, one death ---------------------------------------------------------------------------


class Bench:
    """A folder with a database and switches, made anew for each death."""

    def __init__(self, template: Path, here: Situation, plan: tuple[PlanStep, ...]) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=template.parent))
        self.db = self.folder / "netdiag.db"
        shutil.copy(template, self.db)
        self.switches = Switches(here.campus, self.folder)
        self.here, self.plan = here, plan
        with Store(self.db) as store:
            store.add_snapshots(s for s in here.campus.network().snapshots)
            store.add_snapshots(here.campus.history)
            store.save_ticket(self._ticket())
        shutil.copy(self.db, self.folder / "fresh.db")

    def _ticket(self) -> Ticket:
        at = self.here.campus.at
        finding = finding_of(self.here)
        said = Diagnosis(
            at=at, took_s=1.0, causes=(self.here.cause,), findings=(finding,), plan=self.plan
        )
        return tickets.diagnosed(tickets.open(ID, at), said, at)

    def carry_out(self, store: Store, chosen: tuple[int, ...]) -> Ticket:
        """What a person does: approve, do what a person is asked for, approve that, and go on."""
        inventory, reach = self.switches.inventory, self.switches.reach()
        for _ in range(12):
            if _is_over(store, self.plan, chosen):
                return store.ticket(ID)
            try:
                return repair.approve(inventory, store, ID, by="ann", steps=chosen, reach=reach)
            except Refused as exc:
                person = self._asked(store, chosen, str(exc))
                repair.approve(inventory, store, ID, by="ann", steps=(person,), reach=reach)
        raise AssertionError("asked without end")

    def _asked(self, store: Store, chosen: tuple[int, ...], words: str) -> int:
        """The step that a person has to do, done: the source's cables are pulled."""
        asked = [
            s for s in self.plan if s.action == "ask-person" and f"step {s.step} needs" in words
        ]
        if not asked:
            raise AssertionError(words)
        cause = self.here.cause
        for port in cause.interfaces or (cause.resource.interface,):
            if port and cause.kind not in (Kind.UPLINK_DOWN,) and cause.resource.device:
                row = self.here.campus.ports[cause.resource.device][port]
                if row.err_disabled is None and row.admin_status == "up":
                    self.switches.unplug(cause.resource.device, port)
        return asked[0].step

    def dies(self, crash: Crash, chosen: tuple[int, ...]) -> bool:
        """Carries the plan out in a process of its own; whether that one was killed on the way."""
        child = os.fork()
        if child == 0:
            status = 3
            try:
                self.switches.crash = crash
                with Store(self.db) as store:
                    DyingJournal.into(store, crash)
                    self.carry_out(store, chosen)
                status = 0
            except BaseException:  # noqa: BLE001  the child must not come back into the test
                traceback.print_exc()
            finally:
                os._exit(status)
        ended = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0, "the run itself failed"
        return os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGKILL

    def goes_on(self, chosen: tuple[int, ...]) -> Ticket:
        """Another engineer resumes; what still waits for a person is approved as before."""
        self.switches.crash = NEVER
        with Store(self.db) as store:
            try:
                repair.resume(self.switches.inventory, store, by="ben", reach=self.switches.reach())
            except Refused as exc:
                if "needs a person" not in str(exc):
                    raise
            return self.carry_out(store, chosen)

    def copy(self) -> Bench:
        """The same before anything happened to it."""
        other = object.__new__(Bench)
        other.folder = Path(tempfile.mkdtemp(dir=self.folder.parent))
        other.db = other.folder / "netdiag.db"
        shutil.copy(self.folder / "fresh.db", other.db)
        other.switches = Switches(self.here.campus, other.folder)
        other.here, other.plan = self.here, self.plan
        return other

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_over(store: Store, plan: tuple[PlanStep, ...], chosen: tuple[int, ...]) -> bool:
    """Whether every step has been carried out to its end, as the record says."""
    rows = store.journal.events(ID, only=("step",))
    done = {e.body["step"] for e in rows if e.body["state"] == "done"}
    return {s.step for s in plan if s.step in chosen} <= done


def chosen_of(plan: tuple[PlanStep, ...], wanted: str) -> tuple[int, ...]:
    """The plan's main line, with the alternative that the step is of."""
    names = {s.step for s in plan if s.name == wanted and s.instead_of}
    if not names:
        return tuple(s.step for s in plan if s.instead_of is None)
    replaced = {s.instead_of for s in plan if s.step in names}
    return tuple(
        s.step for s in plan if (s.instead_of is None and s.step not in replaced) or s.step in names
    )


def cells(
    template: Path, names: Iterable[str] | None = None, *, thorough: bool = True
) -> Iterator[Cell]:
    """Every cell of the matrix, each run for real.

    Less `thorough`, a step that sends nothing dies at its worst moment alone: done, not yet on record.
    """
    for name, book in playbooks.load_all().items():
        if names is not None and name not in names:
            continue
        at = datetime.now(UTC) - timedelta(seconds=1)
        done: set[str] = set()
        for here, plan in reaching(book, at):
            for step in plan:
                if step.name in done:
                    continue
                done.add(step.name)
                yield from _of_step(template, book, here, plan, step, thorough=thorough)


def _of_step(
    template: Path,
    book: Playbook,
    here: Situation,
    plan: tuple[PlanStep, ...],
    step: PlanStep,
    *,
    thorough: bool,
) -> Iterator[Cell]:
    chosen = chosen_of(plan, step.name)
    whole = Bench(template, here, plan)
    with Store(whole.db) as store:
        counting = Crash(-1, "")
        whole.switches.crash = counting
        DyingJournal.into(store, counting)
        finished = whole.carry_out(store, chosen)
    quiet = step.action not in repair.CHANGES
    wanted = {"during"} | ({"before", "after"} if thorough else set())
    moments = [m for n, m in counting.seen if n == step.step and (not quiet or m in wanted)]
    for moment in moments:
        bench = whole.copy()
        assert bench.dies(Crash(step.step, moment), chosen), f"{step.name}: {moment} never came"
        ticket = bench.goes_on(chosen)
        faults = tuple(_faults(whole, finished, bench, ticket))
        sent, expected = len(bench.switches.lines()), len(whole.switches.lines())
        yield Cell(book.name, step.name, step.action, moment, sent, expected, faults)
        bench.remove()
    whole.remove()


def _faults(whole: Bench, finished: Ticket, bench: Bench, ticket: Ticket) -> Iterator[str]:
    """What is not as it would be without the interruption."""
    if bench.switches.effects() != whole.switches.effects():
        yield f"changes {bench.switches.effects()} instead of {whole.switches.effects()}"
    if bench.switches._replay()[0].keys() != whole.switches._replay()[0].keys():
        yield "other ports"
    if ticket.stage is not finished.stage or ticket.stage is not Stage.VERIFIED:
        yield f"ends {ticket.stage}"
    notes = Counter(e.text for e in ticket.timeline if e.what == "note")
    expected = Counter(e.text for e in finished.timeline if e.what == "note")
    lost = {n for n in expected if n not in notes and "needs a person" not in n}
    doubled = {n for n, times in notes.items() if times > 1 and "stopped" not in n}
    if lost or doubled:
        yield f"notes lost {lost}, doubled {doubled}"
    with Store(bench.db) as store:
        if store.journal.verify_chain():
            yield "the record is broken"
        actions = store.journal.actions(ID)
        if {a.state for a in actions} & {"intended", "unknown"}:
            yield "a change of which nobody knows"
        done = {a.id for a in actions if a.state == "done"}
        if not done <= {*ticket.actions}:
            yield "a change that the ticket does not know"


# --- diagnosis: nothing is sent, and nothing doubled ------------------------------------------------


def diagnosis_cells(template: Path, names: Iterable[str] | None = None) -> Iterator[Cell]:
    """The steps before the plan: a diagnosis killed before and after its ticket is saved."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    for name, book in playbooks.load_all().items():
        if names is not None and name not in names:
            continue
        early = [s for s in book.steps if s.stage not in ("repair", "record") or s.do == "decide"]
        here = next(iter(situations(Kind(name), at)))
        outcomes = {m: _killed_diagnosis(template, here, m) for m in ("before", "during", "after")}
        for step in early:
            for moment, faults in outcomes.items():
                yield Cell(name, step.name, str(step.do), moment, 0, 0, faults)


def _killed_diagnosis(template: Path, here: Situation, moment: str) -> tuple[str, ...]:
    folder = Path(tempfile.mkdtemp(dir=template.parent))
    db = folder / "netdiag.db"
    shutil.copy(template, db)
    plan = plan_of(playbooks.load_all()[str(here.cause.kind)], here)
    said = Diagnosis(
        at=here.campus.at,
        took_s=1.0,
        area="HQ/2F",
        causes=(here.cause,),
        findings=(finding_of(here),),
        plan=plan,
    )
    child = os.fork()
    if child == 0:
        with Store(db) as store:
            if moment == "during":
                store.next_ticket_id(here.campus.at)
            elif moment == "after":
                diagnose.record(said, store)
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with Store(db) as store:
        diagnose.record(said, store)
        kept = store.tickets()
        faults = [] if len(kept) == 1 else [f"{len(kept)} tickets"]
        faults += (
            [] if kept[0].diagnosis and kept[0].diagnosis.plan == plan else ["the plan is lost"]
        )
    shutil.rmtree(folder, ignore_errors=True)
    return tuple(faults)


# --- the table ------------------------------------------------------------------------------------


def new_template(folder: Path) -> Path:
    template = folder / "template.db"
    with Store(template):
        pass
    return template


def table(found: Iterable[Cell]) -> str:
    rows = [("playbook", "step", "killed", "what happened after resume")]
    rows += [(c.playbook, f"{c.step} ({c.action})", c.moment, c.outcome) for c in found]
    return _aligned(rows)


def short(found: Iterable[Cell]) -> str:
    """A row an action and moment, over all playbooks."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for c in found:
        groups.setdefault((c.action, c.moment), []).append(c)
    rows = [("step", "killed", "times", "what happened after resume")]
    for (action, moment), group in groups.items():
        outcomes = Counter(c.outcome for c in group).most_common()
        words = "; ".join(f"{n}x {o}" if len(outcomes) > 1 else o for o, n in outcomes)
        rows.append((action, moment, str(len(group)), words))
    return _aligned(rows)


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(r[n]) for r in rows) for n in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(c.ljust(w) for c, w in zip(r[:-1], widths, strict=True)), r[-1]]) for r in rows
    )


def scratch() -> str | None:
    """Memory where there is some: what is tested is a killed process, not a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _all_of(template: Path, name: str) -> list[Cell]:
    return list(cells(template, [name]))


def main() -> int:
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or list(playbooks.load_all())
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        template = new_template(Path(folder))
        found = list(diagnosis_cells(template, names))
        with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
            for some in pool.map(partial(_all_of, template), names):
                found += some
    print((short if "--short" in sys.argv else table)(found))
    wrong = sum(bool(c.faults) for c in found)
    print(f"\n{len(found)} deaths, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
