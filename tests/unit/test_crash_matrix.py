"""The crash matrix, playbook by playbook; `python -m tests.crash_matrix` prints it as a table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netdiag.files import playbooks
from netdiag.model import PlanStep
from netdiag.store import Store
from tests import crash_matrix


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=crash_matrix.scratch()) as folder:
        yield crash_matrix.new_template(Path(folder))


@pytest.mark.timeout(900)  # many processes that die one after the other; seconds on a calm machine
@pytest.mark.parametrize("name", sorted(playbooks.load_all()))
def test_every_step_survives_its_death(template: Path, name: str) -> None:
    found = list(crash_matrix.cells(template, [name], thorough=False))
    assert found
    assert [f"{c.step}, {c.moment}: {c.outcome}" for c in found if c.faults] == []
    killed = {c.step for c in found}
    planned = {
        s.name
        for s in playbooks.load_all()[name].steps
        if s.stage in ("repair", "record") and s.do != "decide"
    }
    assert killed == planned, "a step was never killed"
    acts = {c.step for c in found if c.action in ("shut-port", "reopen-port", "supervised-reopen")}
    for step in acts:
        moments = {c.moment for c in found if c.step == step}
        assert {"before intention", "intended", "line 1 sent", "all sent", "outcome"} <= moments


def test_a_killed_diagnosis_leaves_one_ticket(template: Path) -> None:
    found = list(crash_matrix.diagnosis_cells(template))
    assert {c.moment for c in found} == {"before", "during", "after"}
    assert [c for c in found if c.faults] == []


def test_the_matrix_would_see_a_change_that_is_sent_twice(template: Path) -> None:
    """The judge itself: a repair whose switch was sent one more change is called wrong."""
    bench = crash_matrix.Bench(template, *_first("layer2-loop"))
    chosen = crash_matrix.chosen_of(bench.plan, "")
    with Store(bench.db) as store:
        finished = bench.carry_out(store, chosen)
    other = bench.copy()
    ticket = other.goes_on(chosen)
    assert not list(crash_matrix._faults(bench, finished, other, ticket))
    for line in (f"interface {crash_matrix.EDGE}", "no shutdown", "shutdown"):
        other.switches._append("acc-1", line)
    assert list(crash_matrix._faults(bench, finished, other, ticket))
    bench.remove()
    other.remove()


def _first(name: str) -> tuple[crash_matrix.Situation, tuple[PlanStep, ...]]:
    at = datetime.now(UTC)
    return next(iter(crash_matrix.reaching(playbooks.load_all()[name], at)))
