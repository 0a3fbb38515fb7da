"""The same verdict again from a recorded incident: offline, and years later too.

Nothing here asks a device or the clock: the recording's own time counts, so ages and "just now" mean
what they meant then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netdiag import diagnose
from netdiag.files import recording
from netdiag.files.recording import Recording
from netdiag.model import Cause, Diagnosis


@dataclass(frozen=True, slots=True)
class Replay:
    """What a recorded incident says today, beside what it said then."""

    diagnosis: Diagnosis
    recorded: Diagnosis | None
    differs: tuple[str, ...]
    """Sentences: where today's verdict is another one; empty when it is the same, or none was kept."""


def replay(folder: Path) -> Replay:
    """The verdict on the recording in that folder; `UsageError` where there is none."""
    kept = recording.load(folder)
    said = verdict(kept)
    differs = _differences(kept.diagnosis, said) if kept.diagnosis is not None else ()
    return Replay(said, kept.diagnosis, differs)


def verdict(kept: Recording) -> Diagnosis:
    """The diagnosis that follows from what was recorded: pure."""
    context = kept.context
    seen = diagnose.conclude(kept.network, missed=context.missed)
    at = kept.diagnosis.at if kept.diagnosis is not None else kept.network.at
    paths = dict(context.other_ways)
    return diagnose.answer(seen, paths, at=at, area=context.area, symptom=context.symptom)


def _differences(then: Diagnosis, now: Diagnosis) -> tuple[str, ...]:
    """By causes, findings and gaps; the words and weights may improve."""
    found = []
    old, new = [_named(c) for c in then.causes], [_named(c) for c in now.causes]
    if old != new:
        found.append(f"causes then: {'; '.join(old) or 'none'}; now: {'; '.join(new) or 'none'}")
    before, after = {f.id for f in then.findings}, {f.id for f in now.findings}
    found += [f"no longer found: {name}" for name in sorted(before - after)]
    found += [f"newly found: {name}" for name in sorted(after - before)]
    gaps = {n.what for n in then.not_checked} ^ {n.what for n in now.not_checked}
    return (*found, *(f"could it be looked at: {what}" for what in sorted(gaps)))


def _named(cause: Cause) -> str:
    r = cause.resource
    place = " ".join(x for x in (r.device, r.interface) if x) or "place not known"
    return f"{cause.rank}. {cause.kind} at {place}"
