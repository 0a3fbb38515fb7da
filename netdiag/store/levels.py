"""How loud the wire usually is at each sensor, from what its captures left behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from netdiag.model import Capture, SegmentLevel
from netdiag.store.times import from_stored, to_stored

MOST_ROWS = 100_000


def rows(capture: Capture, at: Any) -> list[dict[str, Any]]:
    """One capture's levels as rows of the table."""
    return [
        {
            "at": to_stored(at),
            "source": capture.source,
            "kind": level.kind,
            "vlan": level.vlan,
            "median_pps": level.median_pps,
        }
        for level in capture.levels
    ]


def usual(levels: Iterable[Mapping[str, Any]]) -> tuple[SegmentLevel, ...]:
    """Rows in any order to one level a sensor, kind and VLAN."""
    found: dict[tuple[str, str, int | None], list[tuple[int, float]]] = {}
    for row in levels:
        key = row["source"], row["kind"], row["vlan"]
        found.setdefault(key, []).append((row["at"], row["median_pps"]))
    return tuple(
        SegmentLevel(
            source,
            kind,
            vlan,
            median(pps for _, pps in seen),
            len(seen),
            from_stored(min(at for at, _ in seen)),
            from_stored(max(at for at, _ in seen)),
        )
        for (source, kind, vlan), seen in sorted(found.items(), key=str)
    )
