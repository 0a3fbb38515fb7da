"""Floods: bounded memory, every loss counted, no root cause lost for chatter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from netdiag.collect.listen_tally import Lane, Tally, importance
from netdiag.model import LogEvent

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def event(kind: str, device: str = "acc-1", interface: str = "Gi1", **more: str) -> LogEvent:
    return LogEvent(AT, device, more.get("mnemonic", "X"), kind, interface)


def test_a_flapping_port_is_one_event_with_a_count() -> None:
    tally = Tally()
    for second in range(40):
        tally.add(
            event("link-up" if second % 2 else "link-down"), AT + timedelta(seconds=second), 1
        )
    (heard,) = tally.drain()
    assert (heard.count, heard.event.event) == (40, "link-up")
    assert (heard.first, heard.last) == (AT, AT + timedelta(seconds=39))
    assert tally.drain() == ()
    assert tally.add(event("link-down"), AT + timedelta(seconds=50))
    assert [h.count for h in tally.drain()] == [1]


def test_root_causes_come_first() -> None:
    tally = Tally()
    for kind in ("other", "link-down", "err-disabled"):
        tally.add(event(kind), AT)
    assert [h.event.event for h in tally.drain()] == ["err-disabled", "link-down", "other"]


def test_chatter_gives_way_to_root_causes_and_is_counted() -> None:
    tally = Tally(capacity=10)
    for number in range(30):
        tally.add(event("other", mnemonic=f"M{number}"), AT)
    for number in range(10):
        tally.add(event("err-disabled", interface=f"Gi{number}"), AT)
    heard = tally.drain()
    assert [h.event.event for h in heard] == ["err-disabled"] * 10
    assert tally.dropped == {"other": 30}
    assert not tally.add(event("err-disabled", interface="Gi99"), AT) or tally.dropped == {
        "other": 30
    }


def test_a_root_cause_is_given_up_only_once_handed_out() -> None:
    tally = Tally(capacity=3)
    for number in range(5):
        tally.add(event("storm", interface=f"Gi{number}"), AT)
    assert tally.dropped == {"storm": 2}
    tally.drain()
    tally.add(event("storm", interface="Gi9"), AT)
    assert [h.event.interface for h in tally.drain()] == ["Gi9"]
    assert tally.dropped == {"storm": 2}


def test_a_clock_that_is_wrong_does_not_move_an_event_into_another_year() -> None:
    tally = Tally()
    old = LogEvent(AT - timedelta(days=400), "acc-1", "X", "loop", "Gi1")
    tally.add(old, AT)
    assert tally.drain()[0].event.at == AT


def test_a_quiet_switchs_message_survives_a_loud_one() -> None:
    lane: Lane[str] = Lane(100)
    for number in range(10_000):
        lane.put("loud", number, f"noise {number}")
        if number == 5000:
            lane.put("quiet", 0, "the root cause")
    found = [lane.pop() for _ in range(len(lane))]
    assert ("the root cause", 1) in found
    assert lane.dropped == 10_001 - 100


def test_alike_messages_wait_once_with_their_count() -> None:
    lane: Lane[str] = Lane(2)
    for _ in range(1000):
        lane.put("acc-1", "same", "storm")
    assert (len(lane), lane.pop(), lane.pop(), lane.dropped) == (1, ("storm", 1000), None, 0)


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=200),
)
def test_nothing_is_lost_uncounted(capacity: int, items: list[tuple[str, int]]) -> None:
    lane: Lane[int] = Lane(capacity)
    for source, key in items:
        lane.put(source, key, key)
        assert len(lane) <= capacity
    out = 0
    while (found := lane.pop()) is not None:
        out += found[1]
    assert out + lane.dropped == len(items)
    assert len(lane) == 0


_KINDS = st.sampled_from(["err-disabled", "storm", "link-up", "link-down", "other"])


@given(
    st.integers(1, 8), st.lists(st.tuples(_KINDS, st.integers(0, 12), st.booleans()), max_size=80)
)
def test_the_tally_counts_every_message(
    capacity: int, messages: list[tuple[str, int, bool]]
) -> None:
    tally, handed = Tally(capacity), 0
    roots_lost_for_chatter = False
    for kind, port, drain in messages:
        before = sum(n for k, n in tally.dropped.items() if importance(k) == 0)
        tally.add(event(kind, interface=f"Gi{port}"), AT)
        after = sum(n for k, n in tally.dropped.items() if importance(k) == 0)
        roots_lost_for_chatter |= after > before and importance(kind) > 0
        if drain:
            handed += sum(h.count for h in tally.drain())
    handed += sum(h.count for h in tally.drain())
    assert handed + sum(tally.dropped.values()) == len(messages)
    assert not roots_lost_for_chatter
