"""What counts as a guess in a training, and which guess is right."""

from __future__ import annotations

from typing import Any

import pytest

from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.training import Training, is_right, place_of

NAMES = {("acc-1", 1): "GigabitEthernet1/0/1", ("core-1", 2): "GigabitEthernet1/0/2"}
LOOP: dict[str, Any] = {
    "device": "acc-1",
    "interfaces": ["GigabitEthernet1/0/1"],
    "far_ends": [["acc-2", "GigabitEthernet1/0/9"]],
    "kinds": ["layer2-loop"],
}


def said(at: float, switch: str, index: int, state: str) -> SwitchEvent:
    facility = "LINK-5-CHANGED" if "admin" in state else "LINK-3-UPDOWN"
    return SwitchEvent(at, switch, facility, f"Interface X, changed state to {state}", index)


def test_a_shut_port_is_a_guess_and_a_reset_one_is_none() -> None:
    training = Training("x", began=100.0)
    training.hear(said(110, "core-1", 2, "administratively down"))
    training.hear(said(111, "core-1", 2, "up"))
    training.hear(said(120, "core-1", 2, "administratively down"))
    training.hear(said(140, "core-1", 2, "up"))
    training.hear(said(150, "acc-1", 1, "administratively down"))
    score = training.score(160.0, NAMES, [LOOP])
    assert [(row["at"], row["switch"], row["right"]) for row in score["tries"]] == [
        (20.0, "core-1", False),
        (50.0, "acc-1", True),
    ]
    assert score["wrong_tries"] == 1
    assert score["seconds_to_right_port"] == 50.0
    assert score["seconds"] == 60.0


def test_nothing_tried_is_nothing_found() -> None:
    score = Training("x", began=0.0).score(30.0, {}, [LOOP])
    assert (score["right"], score["seconds_to_right_port"], score["wrong_tries"]) == (
        False,
        None,
        0,
    )


@pytest.mark.parametrize(
    ("text", "truths", "right"),
    [
        ("acc-1 Gi1/0/1", [LOOP], True),
        ("acc-2 GigabitEthernet1/0/9", [LOOP], True),  # a loop has two ends
        ("acc-2 Gi1/0/1", [LOOP], False),
        ("none", [LOOP], False),
        ("none", [{**LOOP, "kinds": []}], True),  # what changes nothing for anybody
        ("acc-2 Gi1/0/9", [{**LOOP, "kinds": ["broadcast-storm"]}], False),
    ],
)
def test_where_it_is(text: str, truths: list[dict[str, Any]], right: bool) -> None:
    switch, port = place_of(text)
    assert is_right(switch, port, truths) is right
    training = Training("x", began=0.0)
    training.answer(5.0, (switch, port))
    assert training.score(6.0, {}, truths)["right"] is right
