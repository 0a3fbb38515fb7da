"""The team's rules: what makes a priority, and how long an answer and a repair may take.

The shipped rules are these defaults; a team's own come from its file (`files.process`). An open
ticket follows the rules in force, a closed one keeps those under which it was closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

PRIORITIES = ("P1", "P2", "P3", "P4")
_HOUR = 3600.0


class Level(StrEnum):
    """A degree of impact or urgency."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_TABLE = tuple(
    (impact, urgency, priority)
    for impact, row in (
        (Level.HIGH, ("P1", "P2", "P3")),
        (Level.MEDIUM, ("P2", "P3", "P4")),
        (Level.LOW, ("P3", "P4", "P4")),
    )
    for urgency, priority in zip(Level, row, strict=True)
)


@dataclass(frozen=True, slots=True)
class Hours:
    """When the clocks run: local time of one place."""

    timezone: str
    """IANA's name, e.g. `Europe/Stockholm`."""
    days: tuple[int, ...]
    """0 is Monday."""
    start: time
    end: time
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How long it may take, in seconds of the time in which the clock runs; `None`: no promise."""

    priority: str
    response_s: float | None = None
    resolution_s: float | None = None
    always: bool = False
    """The clock runs outside the business hours too."""


_LEVELS = (
    ServiceLevel("P1", 0.25 * _HOUR, 4 * _HOUR, always=True),
    ServiceLevel("P2", 0.5 * _HOUR, 8 * _HOUR, always=True),
    ServiceLevel("P3", 4 * _HOUR, 24 * _HOUR),
    ServiceLevel("P4", 8 * _HOUR, 80 * _HOUR),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a ticket is classified and by when it is to be answered and solved."""

    priority: tuple[tuple[Level, Level, str], ...] = _TABLE
    """(impact, urgency, priority), each pair once."""
    high_from: int = 10
    """People or stations harmed that make the impact high; a switch cut off always does."""
    medium_from: int = 3
    callers: int = 2
    """So many callers from one place make it an area outage."""
    levels: tuple[ServiceLevel, ...] = _LEVELS
    hours: Hours | None = None
    """`None`: the clocks run day and night."""
    stops_for: tuple[str, ...] = ("user",)
    """The clocks stand still while the ticket waits for one of these."""
    join_s: float = 1800.0
    """Calls from one place within this time of each other are one incident."""

    def rank(self, impact: Level, urgency: Level) -> str:
        """The table's priority."""
        return next(p for i, u, p in self.priority if i is impact and u is urgency)

    def level(self, priority: str) -> ServiceLevel:
        """What is promised for that priority."""
        return next((s for s in self.levels if s.priority == priority), ServiceLevel(priority))


SHIPPED = Rules()
"""What holds where a team has no file of its own."""
