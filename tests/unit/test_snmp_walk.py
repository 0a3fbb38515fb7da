"""The walk as a state machine: whatever the agent does, it ends, and what was read is kept."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.collect.snmp_walk import Pace, Request, Walk
from netdiag.decode.oids import Oid

TABLES = {"ifTable": ((1, 1), (1, 2), (1, 3)), "fdb": ((2, 1), (2, 2)), "empty": ((3, 1),)}


class Agent:
    """An honest agent over a dictionary."""

    def __init__(self, values: dict[Oid, int]) -> None:
        self.values, self.oids = values, sorted(values)
        self.requests = 0

    def answer(self, request: Request) -> list[tuple[Oid, int | None]]:
        self.requests += 1
        cursors, answer = list(request.oids), []
        for _ in range(request.repetitions):
            for number, cursor in enumerate(cursors):
                place = bisect_right(self.oids, cursor)
                found = self.oids[place] if place < len(self.oids) else None
                answer.append((found or cursor, None if found is None else self.values[found]))
                cursors[number] = found or cursor
        return answer


def rows(column: Oid, count: int) -> dict[Oid, int]:
    return {(*column, index): index for index in range(1, count + 1)}


def drive(walk: Walk, agent: Agent, limit: int = 5000) -> None:
    for _ in range(limit):
        request = walk.request()
        if request is None:
            return
        walk.receive(agent.answer(request))
    pytest.fail("the walk does not end")


@given(
    st.lists(st.integers(0, 70), min_size=5, max_size=5),
    st.randoms(use_true_random=False),
)
def test_every_row_is_read_once_through_losses_refusals_and_short_answers(counts, random):
    columns = [column for table in TABLES.values() for column in table][:5]
    values = {k: v for c, n in zip(columns, counts, strict=True) for k, v in rows(c, n).items()}
    agent, walk = Agent({**values, (9, 9): 1}), Walk(TABLES)
    lost_at = 0
    while (request := walk.request()) is not None:
        fate = random.random()
        if fate < 0.1 and lost_at < 200:
            lost_at += 1
            walk.lost()
        elif fate < 0.2 and request.size > 1:
            walk.refused(1, 0)
        else:
            answer = agent.answer(request)
            keep = random.randint(1, len(answer)) if fate < 0.5 else len(answer)
            walk.receive(answer[:keep])
    assert walk.varbinds == values
    assert walk.errors == []


def test_absent_tables_cost_one_request():
    agent = Agent({(9, 9): 1})
    walk = Walk({f"t{n}": ((2, n, 1), (2, n, 2)) for n in range(12)})
    drive(walk, agent)
    assert (agent.requests, walk.varbinds, walk.errors) == (1, {}, [])


def test_end_of_mib_ends_the_walk():
    agent, walk = Agent(rows((1, 1), 3)), Walk({"ifTable": ((1, 1), (1, 2))})
    drive(walk, agent)
    assert walk.varbinds == rows((1, 1), 3)
    assert walk.errors == []


def test_an_agent_that_goes_backwards_is_stopped_there_and_the_rest_is_read():
    class Backwards(Agent):
        def answer(self, request: Request) -> list[tuple[Oid, int | None]]:
            answer = super().answer(request)
            return [((1, 1, 2), 2) if oid == (1, 1, 6) else (oid, v) for oid, v in answer]

    walk = Walk(TABLES)
    drive(walk, Backwards({**rows((1, 1), 9), **rows((1, 2), 9), **rows((2, 1), 4)}))
    assert {**rows((1, 2), 9), **rows((2, 1), 4), **rows((1, 1), 5)} == walk.varbinds
    assert [(e.what, "backwards" in e.message) for e in walk.errors] == [("ifTable", True)]
    assert "5 row(s) are kept" in walk.errors[0].message


def test_an_agent_that_repeats_itself_is_stopped():
    walk = Walk({"ifTable": ((1, 1),)})
    for _ in range(3):
        request = walk.request()
        if request is None:
            break
        walk.receive([((1, 1, 5), 1)] * request.repetitions)
    assert walk.request() is None
    assert len(walk.errors) == 1


def test_a_table_without_end_is_stopped():
    class Endless(Agent):
        def answer(self, request: Request) -> list[tuple[Oid, int | None]]:
            last = request.oids[0][-1] if len(request.oids[0]) > 2 else 0
            return [((1, 1, last + n + 1), n) for n in range(request.repetitions)]

    walk = Walk({"ifTable": ((1, 1),)}, max_rows=500)
    drive(walk, Endless({}))
    assert len(walk.varbinds) == 500
    assert "no end after 500 rows" in walk.errors[0].message


def test_too_big_halves_and_what_is_too_big_alone_is_left_out():
    walk, sizes = Walk({"t": ((1, 1), (1, 2))}), []
    while (request := walk.request()) is not None:
        sizes.append(request.size)
        walk.refused(1, 0)
    assert sizes == [2, 1, 1]
    assert [e.message for e in walk.errors] == ["refused with tooBig; nothing was read"] * 2


def test_a_column_that_fails_is_left_out_and_named():
    walk = Walk(TABLES)
    request = walk.request()
    assert request is not None
    walk.refused(5, 2)
    request = walk.request()
    assert request is not None
    assert (1, 2) not in request.oids
    assert [(e.what, e.message) for e in walk.errors] == [
        ("ifTable", "refused with genErr; nothing was read")
    ]


def test_a_missing_column_of_a_v1_minded_agent_is_no_error():
    walk = Walk({"ifTable": ((1, 1),)})
    walk.request()
    walk.refused(2, 1)
    assert walk.request() is None
    assert walk.errors == []


def test_a_table_that_is_never_answered_costs_only_itself():
    agent, walk = Agent({**rows((1, 1), 9), **rows((2, 1), 9), **rows((2, 2), 9)}), Walk(TABLES)
    tries = 0
    while (request := walk.request()) is not None:
        if any(oid[:2] == (2, 1) for oid in request.oids):
            walk.lost()
            tries += 1
            if tries % 3 == 0:
                walk.abandon("no answer to this table")
        else:
            walk.receive(agent.answer(request))
    assert walk.varbinds == rows((1, 1), 9)
    assert [(e.what, e.message) for e in walk.errors] == [
        ("fdb", "no answer to this table; nothing was read")
    ]


def test_giving_up_says_for_each_table_what_was_kept():
    walk, agent = Walk(TABLES), Agent({**rows((1, 1), 99), **rows((2, 1), 1)})
    for _ in range(2):
        request = walk.request()
        assert request is not None
        walk.receive(agent.answer(request))
    walk.abandon_all("the device stopped answering")
    assert walk.request() is None
    said = {e.what: e.message for e in walk.errors}
    assert "row(s) are kept" in said["ifTable"]
    assert said["fdb"] == "the device stopped answering; 1 row(s) are kept"


def test_losses_shrink_what_is_asked_and_answers_let_it_grow():
    pace = Pace()
    walk, agent = Walk({"t": ((1, 1),)}, pace), Agent(rows((1, 1), 400))
    first = walk.request()
    assert first is not None
    walk.receive(agent.answer(first))
    grown = walk.request()
    assert grown is not None
    walk.lost()
    shrunk = walk.request()
    assert shrunk is not None
    assert shrunk.size <= grown.size // 2
    drive(walk, agent)
    assert len(walk.varbinds) == 400
