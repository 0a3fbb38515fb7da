"""A table that strangers fill: it stops growing, and says so."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 10_000


class Bounded(dict[K, V]):
    """A dictionary with a limit that its writers ask for: `room(key)` before a new key."""

    def __init__(self, what: str, most: int = MOST) -> None:
        super().__init__()
        self._what, self._most, self._missed = what, most, 0

    def room(self, key: K) -> bool:
        """Whether that key is there, or may be added."""
        if key in self or len(self) < self._most:
            return True
        self._missed += 1
        return False

    def said(self) -> str | None:
        """What is missing, in one sentence; `None`: nothing."""
        if not self._missed:
            return None
        return f"more than {self._most} {self._what}: {self._missed} messages of others not kept"
