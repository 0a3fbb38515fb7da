"""A training's score: what the engineer shut or answered, when, and whether it was the right port. Pure.

A try is a port that was shut and stayed shut for `REOPENED_S`, or an answer; shutting and reopening a
port that a protection closed is how it is reset, and no guess. Times are lab seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netdiag.lab.dataplane import SwitchEvent
from netdiag.names import long_name

REOPENED_S = 10.0
_BOTH_ENDS = frozenset({"layer2-loop", "uplink-down"})
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Try:
    """One guess."""

    at: float
    switch: str
    port: str
    """`` for "nothing is wrong"."""
    how: str
    """`shut` or `answered`."""


@dataclass(slots=True)
class Training:
    """One engineer at work on one incident."""

    name: str
    began: float
    _log: list[tuple[float, str, int, bool]] = field(default_factory=list)
    _answers: list[Try] = field(default_factory=list)

    def hear(self, event: SwitchEvent) -> None:
        """A switch's message: what it says of a port's administrative state is kept."""
        if event.if_index is not None and event.facility.startswith("LINK-"):
            shut = event.text.endswith("administratively down")
            self._log.append((event.at, event.switch, event.if_index, shut))

    def answer(self, at: float, place: tuple[str, str]) -> None:
        """A guess that was said: see `place_of`."""
        self._answers.append(Try(at, *place, "answered"))

    def tries(self, names: Mapping[tuple[str, int], str]) -> list[Try]:
        """All guesses so far, oldest first; `names`: (switch, ifIndex) -> port."""
        found = list(self._answers)
        for number, (at, switch, index, shut) in enumerate(self._log):
            later = self._log[number + 1 :]
            opened = [t for t, s, i, down in later if (s, i) == (switch, index) and not down]
            if shut and not (opened and opened[0] - at < REOPENED_S):
                found.append(Try(at, switch, names.get((switch, index), f"port {index}"), "shut"))
        return sorted(found, key=lambda t: t.at)

    def score(
        self, now: float, names: Mapping[tuple[str, int], str], truths: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """In plain values: tries, which were right, seconds to the first right one."""
        tries = self.tries(names)
        rows = [
            {
                "at": round(t.at - self.began, 1),
                "switch": t.switch or None,
                "port": t.port or None,
                "how": t.how,
                "right": is_right(t.switch, t.port, truths),
            }
            for t in tries
        ]
        right = next((row for row in rows if row["right"]), None)
        wrong = rows.index(right) if right is not None else len(rows)
        return {
            "name": self.name,
            "seconds": round(now - self.began, 1),
            "tries": rows,
            "wrong_tries": wrong,
            "right": right is not None,
            "seconds_to_right_port": right["at"] if right is not None else None,
        }


def place_of(text: str) -> tuple[str, str]:
    """`acc-2 Gi1/0/6` -> (switch, port); two empty texts for `none`."""
    switch, _, port = text.strip().rpartition(" ")
    return ("", "") if text.strip() == NOTHING else (switch.strip(), long_name(port))


def is_right(switch: str, port: str, truths: Sequence[Mapping[str, Any]]) -> bool:
    """One of the places at which an injected trouble is to be stopped; nothing, where there is none."""
    sick = [truth for truth in truths if truth["kinds"]]
    if not switch and not port:
        return not sick
    whole = {truth["device"] for truth in sick if not truth["interfaces"]}
    if {switch, port} & whole:
        return True
    places = {(truth["device"], name) for truth in sick for name in truth["interfaces"]}
    for truth in sick:
        if _BOTH_ENDS & set(truth["kinds"]):
            places |= {(device, name) for device, name in truth["far_ends"]}
    return (switch, port) in places
