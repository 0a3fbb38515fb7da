"""PURE. Runs as the contract's bench JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netdiag.bench import Run, Score


def row(result: Run) -> dict[str, Any]:
    """One of `scenarios` in the contract's bench JSON."""
    main = next((t for t in result.truths if t.first), None)
    return {
        "kind": result.kind,
        "variant": result.name,
        "seed": result.seed,
        "topology": result.topology,
        "truth": {
            "kind": main.kinds[0] if main else "healthy",
            "also": list(main.kinds[1:]) if main else [],
            "device": main.places[0][0] if main else None,
            "interface": main.places[0][1] if main else None,
            "places": [list(p) for p in main.places] if main else [],
            "mac": main.mac if main else None,
            "description": main.description if main else None,
        },
        "diagnosed": [
            {
                "rank": c.rank,
                "kind": c.kind.value,
                "also": [k.value for k in c.also],
                "device": c.resource.device,
                "interface": c.resource.interface,
                "mac": c.resource.mac,
                "confidence": c.confidence,
            }
            for c in result.causes
        ],
        "right": result.right,
        "right_kind": result.kind_right,
        "right_device": result.device_right,
        "right_interface": result.interface_right,
        "f1": result.f1,
        "seconds_to_name": result.seconds_to_name,
        "seconds_to_restore": result.seconds_to_restore,
        "restored_by": result.restored_by,
        "lag_s": result.lag_s,
        "repeated": result.repeated,
        "evidence": str(result.evidence) if result.evidence else None,
        "error": result.error,
    }


def report(found: Score) -> dict[str, Any]:
    """`netdiag lab bench --json`."""
    return {
        "schema": "netdiag/bench/1",
        "data_plane": found.data_plane,
        "scenarios": [row(r) for r in found.runs],
        "summary": found.summary(),
    }
