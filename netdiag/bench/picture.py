"""PURE. The scoreboard as one SVG: a row an incident, a square a seed, the time to the named port beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from netdiag.bench import Run, Score

_ROW, _CELL, _LEFT, _TOP = 18, 14, 270, 64
_RIGHT_COLOUR, _PLACE_COLOUR, _MISS_COLOUR = "#2e7d32", "#f9a825", "#c62828"
_FONT = "font-family='sans-serif' font-size='11'"


def svg(found: Score) -> str:
    """Green: right; yellow: the device, not the port or kind; red: missed, or a false alarm."""
    rows: dict[str, list[Run]] = {}
    for run in found.runs:
        rows.setdefault(run.name, []).append(run)
    seeds = max((len(runs) for runs in rows.values()), default=0)
    width, height = _LEFT + seeds * _ROW + 260, _TOP + len(rows) * _ROW + 16
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' {_FONT}>",
        f"<rect width='{width}' height='{height}' fill='white'/>",
        *_head(found),
        *(line for n, (name, runs) in enumerate(rows.items()) for line in _row(n, name, runs)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _head(found: Score) -> Iterable[str]:
    total = found.summary()
    right = f"{total['right']} of {total['runs']} right, {total['false_alarms']} false alarms in"
    yield (
        f"<text x='8' y='20' font-size='15'>netdiag lab bench, {escape(found.data_plane)} data plane:"
        f" {right} {total['healthy']} healthy runs</text>"
    )
    yield (
        "<text x='8' y='40'>a square a seed: green right, yellow the right device only, red missed;"
        f" median {total['median_seconds_to_name']} s to the named port</text>"
    )


def _row(number: int, name: str, runs: Sequence[Run]) -> Iterable[str]:
    y = _TOP + number * _ROW
    yield f"<text x='8' y='{y + 11}'>{escape(name)}</text>"
    for column, run in enumerate(runs):
        colour = _RIGHT_COLOUR if run.right else _MISS_COLOUR
        if not run.right and run.device_right:
            colour = _PLACE_COLOUR
        x = _LEFT + column * _ROW
        title = f"<title>{escape(name)} seed {run.seed}</title>"
        yield (
            f"<rect x='{x}' y='{y}' width='{_CELL}' height='{_CELL}' fill='{colour}'>{title}</rect>"
        )
    times = [r.seconds_to_name for r in runs if r.seconds_to_name is not None]
    if times:
        slow = f" to {max(times):.1f}" if len(times) > 1 else ""
        x = _LEFT + len(runs) * _ROW + 8
        yield f"<text x='{x}' y='{y + 11}'>{min(times):.1f}{slow} s</text>"
