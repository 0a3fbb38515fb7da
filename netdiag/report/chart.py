"""Charts as inline SVG with nothing outside themselves: rates over time, and counts side by side.

No text in them is trusted: the templates that draw them escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from netdiag.model import Series
from netdiag.names import short_name

WIDTH, HEIGHT = 760.0, 150.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 14.0, 26.0
_NICE = (1.0, 2.0, 5.0, 10.0)
_STEPS_S = (10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_MOST_POINTS = 600


@dataclass(frozen=True, slots=True)
class Tick:
    """One line of the grid and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that matters, e.g. when the port was closed."""

    x: float
    label: str
    row: int
    """Labels that would collide stand in rows."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One rate over time, in a box of `WIDTH` x `HEIGHT`."""

    title: str
    path: str
    """SVG path data."""
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    moments: tuple[Moment, ...]
    peak: float
    unit: str
    usual: float | None = None
    usual_y: float | None = None
    """Where the line of what is usual runs."""
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several counts side by side."""

    label: str
    value: float
    text: str
    y: float
    length: float


def line(
    series: Series, moments: Iterable[tuple[datetime, str]] = (), *, zone: tzinfo = UTC
) -> Chart | None:
    """The chart of a series; `None` with fewer than two readings."""
    if len(series.points) < 2:
        return None
    points = _thinned(series.points)
    first, last = points[0][0], points[-1][0]
    span = max((last - first).total_seconds(), 1.0)
    peak = max(value for _, value in points)
    top = _nice(max(peak, series.usual or 0.0, 1.0))

    def x(at: datetime) -> float:
        return _LEFT + (at - first).total_seconds() / span * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)

    return Chart(
        title=f"{series.device or ''} {short_name(series.interface)}".strip(),
        path="M" + " L".join(f"{x(at):.1f} {y(value):.1f}" for at, value in points),
        across=tuple(Tick(x(at), f"{at.astimezone(zone):%H:%M:%S}") for at in _times(first, last)),
        up=tuple(Tick(y(top * share), _figure(top * share)) for share in (0.0, 0.5, 1.0)),
        moments=_moments([(x(at), label) for at, label in moments if first <= at <= last]),
        peak=peak,
        unit=series.unit,
        usual=series.usual,
        usual_y=None if series.usual is None else y(series.usual),
    )


def bars(counts: Sequence[tuple[str, float, str]], *, width: float = 420.0) -> tuple[Bar, ...]:
    """(label, value, text) rows as bars, the longest `width` wide."""
    most = max((value for _, value, _ in counts), default=0.0) or 1.0
    return tuple(
        Bar(label, value, text, 24.0 * n, value / most * width)
        for n, (label, value, text) in enumerate(counts)
    )


def _thinned(points: Sequence[tuple[datetime, float]]) -> Sequence[tuple[datetime, float]]:
    """At most so many points: of each stretch the highest, for a storm must not be thinned away."""
    if len(points) <= _MOST_POINTS:
        return points
    stretch = -(-len(points) // _MOST_POINTS)
    cut = [points[i : i + stretch] for i in range(0, len(points), stretch)]
    return [points[0], *(max(part, key=lambda p: p[1]) for part in cut[1:-1]), points[-1]]


def _nice(value: float) -> float:
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * n for n in _NICE if size * n >= value)


def _times(first: datetime, last: datetime) -> Iterable[datetime]:
    span = (last - first).total_seconds()
    step = next((s for s in _STEPS_S if span / s <= 6), 86400)
    at = datetime.fromtimestamp(-(-int(first.timestamp()) // step) * step, tz=first.tzinfo)
    while at <= last:
        yield at
        at += timedelta(seconds=step)


def _moments(found: Sequence[tuple[float, str]]) -> tuple[Moment, ...]:
    placed: list[Moment] = []
    for x, label in sorted(found):
        taken = {m.row for m in placed if x - m.x < 7.0 * len(m.label) + 12}
        placed.append(Moment(x, label, next(r for r in range(len(placed) + 1) if r not in taken)))
    return tuple(placed)


def _figure(value: float) -> str:
    return f"{value / 1000:g} k" if value >= 10_000 else f"{value:g}"
