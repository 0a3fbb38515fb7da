"""The scoreboard: practice incidents, diagnosed blind, and scored as the public benchmarks do.

Each run has a campus of its own, reached through sockets only. The diagnosis sees what netdiag's
collectors and sensors see; the truth is asked of the lab for the score alone. Waiting is the lab's,
not the wall's: its time of day starts in the past and catches up, each message with its own time.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from netdiag import diagnose
from netdiag.bench import rows
from netdiag.errors import LabError, NetdiagError, UsageError
from netdiag.files import inventory as inventories
from netdiag.model import Capture, Cause, Diagnosis, Snapshot

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.lab.client import Lab
    from netdiag.lab.scenario import Scenario, Step
    from netdiag.store import Store

Tell = Callable[[str], None]
WINDOW_S = 3.0
_TRIES, _LAG_S = 3, 1.0
_LAST_WORDS_S = 3.0
"""Between the last step and the first call."""
_BOTH_ENDS = frozenset(
    {
        "layer2-loop",
        "uplink-down",
        "device-unreachable",
        "link-flapping",
        "lossy-link",
        "unidirectional-link",
        "congested-link",
        "duplex-mismatch",
    }
)
"""Incidents with two ends, each of which is the right place."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One injected trouble: any of the kinds at any of the places names it."""

    kinds: tuple[str, ...]
    places: tuple[tuple[str, str | None], ...]
    mac: str | None
    first: bool
    """It is to be rank 1, not only among the causes."""
    description: str

    def has_kind(self, cause: Cause) -> bool:
        return bool({cause.kind.value, *(k.value for k in cause.also)} & set(self.kinds))

    def has_device(self, cause: Cause) -> bool:
        return cause.resource.device in {device for device, _ in self.places}

    def has_place(self, cause: Cause) -> bool:
        return (cause.resource.device, cause.resource.interface) in self.places

    def is_named_by(self, cause: Cause) -> bool:
        return self.has_kind(cause) and self.has_place(cause)


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario with one seed, scored."""

    name: str
    kind: str
    seed: int
    topology: str
    truths: tuple[Truth, ...]
    causes: tuple[Cause, ...]
    kind_right: bool
    device_right: bool
    interface_right: bool
    f1: float
    seconds_to_name: float | None
    seconds_to_restore: float | None = None
    restored_by: str | None = None
    """netdiag, by hand, or `None`: it was not tried."""
    lag_s: float = 0.0
    """Seconds that the simulator fell behind the clock while it was looked at."""
    repeated: int = 0
    """How often the run was done again because of that."""
    evidence: Path | None = None
    error: str | None = None
    """Why there is no diagnosis at all."""

    @property
    def right(self) -> bool:
        """Healthy: nothing named. Else: rank 1 has a right kind at a right port."""
        if self.error is not None:
            return False
        if self.kind == "healthy":
            return not self.causes
        return self.kind_right and self.interface_right


@dataclass(frozen=True, slots=True)
class Score:
    """All runs."""

    data_plane: str
    runs: tuple[Run, ...]
    took_s: float

    def summary(self) -> dict[str, Any]:
        """Shares are of 1; `null` where there was no such run."""
        sick = [r for r in self.runs if r.kind != "healthy"]
        well = [r for r in self.runs if r.kind == "healthy"]
        times = [r.seconds_to_name for r in sick if r.right and r.seconds_to_name is not None]
        return {
            "runs": len(self.runs),
            "right": sum(r.right for r in self.runs),
            "incidents": len(sick),
            "right_kind": _share(r.kind_right for r in sick),
            "right_device": _share(r.device_right for r in sick),
            "right_interface": _share(r.interface_right for r in sick),
            "right_all": _share(r.right for r in sick),
            "f1": round(mean(r.f1 for r in self.runs), 3) if self.runs else None,
            "healthy": len(well),
            "false_alarms": sum(not r.right for r in well),
            "median_seconds_to_name": round(median(times), 1) if times else None,
            "slowest_seconds_to_name": round(max(times), 1) if times else None,
            "took_s": round(self.took_s, 1),
        }


def _share(values: Iterable[bool]) -> float | None:
    found = list(values)
    return round(sum(found) / len(found), 3) if found else None


def run(
    *,
    data_plane: str = "soft",
    kinds: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    evidence: Path,
    keep_all: bool = False,
    jobs: int = 1,
    restoring: bool = False,
    done: Callable[[Run], None] = lambda _: None,
) -> Score:
    """Runs the scenarios of those kinds or names, each with each seed, `jobs` at a time.

    `evidence` gets a folder for each miss (with `keep_all` for each run) that `netdiag replay` reads.
    """
    from netdiag.lab import scenario

    real = data_plane == "real"
    if real:
        check_real()
    started = datetime.now(UTC)
    wanted = [
        Task(name, seed, evidence / f"{name}-{seed}", keep_all, restoring, real)
        for name in scenario.chosen(kinds)
        for seed in seeds
    ]
    runs: list[Run] = []
    for found in map(carry_out, wanted) if jobs <= 1 else _in_parallel(wanted, jobs):
        done(found)
        runs.append(found)
    order = {(task.name, task.seed): number for number, task in enumerate(wanted)}
    runs.sort(key=lambda r: order[r.name, r.seed])
    return Score(data_plane, tuple(runs), (datetime.now(UTC) - started).total_seconds())


@dataclass(frozen=True, slots=True)
class Task:
    """One run to be done, as a process of its own is told."""

    name: str
    seed: int
    folder: Path
    keep_all: bool
    restoring: bool
    real: bool = False


def carry_out(task: Task) -> Run:
    """One run, done again where it missed while the simulator lagged: that is the machine's fault."""
    from netdiag.lab import scenario

    plot = scenario.load(task.name)

    def once() -> Run:
        return play(
            task.name, plot, task.seed, task.folder, real=task.real, restoring=task.restoring
        )

    found = once()
    for again in range(1, _TRIES):
        if found.right or found.lag_s < _LAG_S:
            break
        found = replace(once(), repeated=again)
    if found.right and not task.keep_all:
        shutil.rmtree(task.folder, ignore_errors=True)
        found = replace(found, evidence=None)
    return found


def _in_parallel(wanted: Sequence[Task], jobs: int) -> Iterator[Run]:
    """Each in a process of its own, as a lab is found by the process' environment."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        for future in as_completed([pool.submit(carry_out, task) for task in wanted]):
            yield future.result()


def check_real() -> None:
    """`UsageError` where this system lets nobody make namespaces: before hours are waited for."""
    from netdiag.lab.kernel.cage import refused

    reason = refused()
    if reason is not None:
        raise UsageError(f"--data-plane real: {reason}")


def play(
    name: str,
    plot: Scenario,
    seed: int,
    evidence: Path,
    *,
    real: bool = False,
    restoring: bool = False,
    tell: Tell = lambda _: None,
) -> Run:
    """One scenario with one seed, on a fresh campus; what fails is a miss with its reason."""
    shutil.rmtree(evidence, ignore_errors=True)
    truths: tuple[Truth, ...] = ()
    answer, error, lag = None, None, 0.0
    restored: tuple[float | None, str | None] = (None, None)
    try:
        with _stage(plot, seed, real=real) as stage:
            stage.act()
            truths = stage.truths()
            before = stage.lag_s()
            answer = stage.diagnose(evidence, tell)
            lag = stage.lag_s() - before
            if restoring and truths:
                restored = stage.restore(answer)
    except LabError as exc:
        error, lag = str(exc), max(lag, _LAG_S)  # a machine too busy to bring it up
    except NetdiagError as exc:
        error = str(exc)
    result = score(name, plot, seed, truths, answer, evidence=evidence, error=error)
    result = replace(
        result,
        lag_s=round(lag, 2),
        seconds_to_restore=None if restored[0] is None else round(restored[0], 1),
        restored_by=restored[1],
    )
    _keep_score(result)
    return result


def score(
    name: str,
    plot: Scenario,
    seed: int,
    truths: tuple[Truth, ...],
    answer: Diagnosis | None,
    *,
    evidence: Path | None = None,
    error: str | None = None,
) -> Run:
    """Holds an answer against the truth: pure."""
    causes = answer.causes if answer is not None else ()
    first = causes[:1]
    main = [t for t in truths if t.first]
    named = sum(any(t.is_named_by(c) for c in causes) for t in truths)
    meant = sum(any(t.is_named_by(c) for t in truths) for c in causes)
    return Run(
        name=name,
        kind=str(plot.kind),
        seed=seed,
        topology=plot.topology,
        truths=truths,
        causes=causes,
        kind_right=any(t.has_kind(c) for t in main for c in first),
        device_right=any(t.has_device(c) for t in main for c in first),
        interface_right=any(t.is_named_by(c) for t in main for c in first),
        f1=_f1(named, len(truths), meant, len(causes)) if error is None else 0.0,
        seconds_to_name=round(answer.took_s, 2) if answer is not None else None,
        evidence=evidence,
        error=error,
    )


def _f1(named: int, truths: int, meant: int, causes: int) -> float:
    """Of (resource, kind) pairs; 1 when there is nothing to name and nothing is named."""
    if not truths and not causes:
        return 1.0
    recall = named / truths if truths else 0.0
    precision = meant / causes if causes else 0.0
    both = recall + precision
    return round(2 * recall * precision / both, 3) if both else 0.0


# --- one run -------------------------------------------------------------------------------------


@contextmanager
def _stage(plot: Scenario, seed: int, *, real: bool) -> Iterator[Stage]:
    from netdiag.lab import client, scenario
    from netdiag.store import Store

    before = os.environ.get("NETDIAG_LAB")
    # The simulated one's clock can be behind the wall's and catch up; a real kernel's waits are waits.
    behind = 0.0 if real else plot.lasts_s + _LAST_WORDS_S
    with TemporaryDirectory(prefix="netdiag-bench-") as name:
        folder = Path(name)
        lab = client.start(
            scenario.write_topology(plot, folder),
            seed,
            state_dir=folder,
            out_of_band=plot.out_of_band,
            behind_s=behind,
            real=real,
        )
        # The capture process finds the campus as a sensor finds any running lab: by this file.
        os.environ["NETDIAG_LAB"] = str(lab.state_file)
        try:
            with Store(folder / "bench.db") as store:
                yield Stage(plot, seed, lab, inventories.load(lab.inventory), store, behind)
        finally:
            lab.stop()
            if before is None:
                del os.environ["NETDIAG_LAB"]
            else:
                os.environ["NETDIAG_LAB"] = before


@dataclass(slots=True)
class Stage:
    """A campus on which one scenario is played."""

    plot: Scenario
    seed: int
    lab: Lab
    inventory: Inventory
    store: Store
    behind_s: float
    """How far the lab's time of day is behind the wall."""
    injected: list[tuple[Step, Mapping[str, Any]]] = field(default_factory=list)

    def act(self) -> None:
        """Everything that happens before the first call."""
        for step in self.plot.steps:
            if step.wait is not None:
                self.behind_s = self.lab.advance(step.wait)
            elif step.watch:
                self._watch(step.days_ago)
            elif step.sweep:
                self._sweep()
            elif step.renew is not None:
                self._renew(step.renew)
            else:
                self._inject(step)
        self.behind_s = self.lab.advance(self.behind_s or _LAST_WORDS_S)

    def _inject(self, step: Step) -> None:
        from netdiag.lab import scenario

        options = scenario.options(step, self.seed)
        truth = self.lab.inject(step.inject or "", self.seed, **options)
        self.injected.append((step, truth))

    def _watch(self, days_ago: float) -> None:
        """A regular poll of that moment: its times are the lab's."""
        from netdiag import collect

        found = collect.poll(self.inventory.targets(), via=frozenset({"snmp"}), window_s=None)
        late = timedelta(days=days_ago, seconds=self.behind_s)
        self.store.add_snapshots(tuple(_earlier(s, late) for s in found))

    def _sweep(self) -> None:
        from netdiag.collect import wire

        for sensor in self.inventory.site.sensors:
            heard: Capture = wire.probe(sensor, window_s=1.5)
            late = timedelta(seconds=self.behind_s)
            self.store.add_capture(heard, datetime.now(UTC) - late)

    def _renew(self, count: int) -> None:
        where = {truth["device"] for _, truth in self.injected}
        near = sorted(
            h["name"]
            for h in self.lab.hosts()
            if h["connected"] and (not where or h["switch"] in where)
        )
        for name in random.Random(self.seed).sample(near, min(count, len(near))):
            self.lab.renew(name)

    def truths(self) -> tuple[Truth, ...]:
        """What is to be named; harmless injections are nothing to name."""
        accept = tuple(k.value for k in self.plot.accept)
        return tuple(
            Truth(
                kinds=(*truth["kinds"], *(accept if step.cause else ())),
                places=_places(truth),
                mac=truth["mac"],
                first=step.cause,
                description=truth["description"],
            )
            for step, truth in self.injected
            if truth["kinds"]
        )

    def lag_s(self) -> float:
        """Wall seconds that the simulator has lost so far."""
        return float(self.lab.status()["lag_s"])

    def restore(self, answer: Diagnosis) -> tuple[float | None, str]:
        """How long it takes until everybody works again, and who did it."""
        from netdiag.bench import restore

        reported = answer.at - timedelta(seconds=answer.took_s)
        return restore.restore(self.lab, self.inventory, self.store, answer, reported)

    def diagnose(self, record_to: Path, tell: Tell) -> Diagnosis:
        """As `netdiag diagnose` does it, with all channels."""
        return diagnose.diagnose(
            self.inventory,
            self.store,
            symptom=self.plot.symptom,
            window_s=WINDOW_S,
            record_to=record_to,
            tell=tell,
        )


def _places(truth: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    ends = [(truth["device"], name) for name in truth["interfaces"] or [None]]
    if _BOTH_ENDS & set(truth["kinds"]):
        ends += [(device, name) for device, name in truth["far_ends"]]
    return tuple(ends)


def _earlier(snapshot: Snapshot, late: timedelta) -> Snapshot:
    ports = tuple(
        replace(i, counters=replace(i.counters, at=i.counters.at - late)) if i.counters else i
        for i in snapshot.interfaces
    )
    return replace(snapshot, at=snapshot.at - late, interfaces=ports)


def _keep_score(result: Run) -> None:
    """The truth beside the recorded evidence."""
    if result.evidence is not None and result.evidence.is_dir():
        text = json.dumps(rows.row(result), indent=1, ensure_ascii=False)
        (result.evidence / "score.json").write_text(text + "\n", encoding="utf-8")
