"""The answer to "may it?", and why not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a server may answer; `None`: nobody said."""

    allowed: bool | None
    why: str = ""


YES, UNKNOWN = Verdict(allowed=True), Verdict(allowed=None)


def no(why: str) -> Verdict:
    """It may not, and why."""
    return Verdict(allowed=False, why=why)
