"""The same verdict again from a recorded incident: offline, and years later too.

A recording is what `netdiag diagnose --record` kept, or a folder of raw files (`files.raw`): walks, the
texts of show commands, captures, syslog. They are decoded by what decodes a live device's answers.
Nothing here asks a device or the clock: the recording's own time counts, so ages and "just now" mean
what they meant then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netdiag import diagnose
from netdiag.errors import NetdiagError, UsageError
from netdiag.files import raw, recording
from netdiag.files.raw import Raw, RawDevice
from netdiag.files.recording import Context, Recording
from netdiag.model import (
    Capture,
    Cause,
    Device,
    Diagnosis,
    LogEvent,
    Network,
    Site,
    Snapshot,
    SourceError,
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What a recorded incident says today, beside what it said then."""

    diagnosis: Diagnosis
    recorded: Diagnosis | None
    differs: tuple[str, ...]
    """Sentences: where today's verdict is another one; empty when it is the same, or none was kept."""


def replay(folder: Path) -> Replay:
    """The verdict on the recording in that folder; `UsageError` where there is none."""
    if not (folder / recording.NETWORK).is_file() and raw.is_raw(folder):
        return Replay(verdict(from_raw(folder)), None, ())
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


# --- raw recordings ------------------------------------------------------------------------------

_EARLIER = timedelta(hours=1)
"""How long ago a `before` was, which does not say so itself."""
_BETWEEN_S = 5.0
"""Between two walks whose uptime does not tell."""


def from_raw(folder: Path) -> Recording:
    """A folder of raw files as the recording that a live look would have kept."""
    kept = raw.load(folder)
    devices, site = _inventory(kept)
    captures, missed = _captures(kept.captures)
    log = _logs(kept.logs)
    at = _moment(kept, captures, log)
    snapshots = tuple(_snapshot(d, devices, at) for d in kept.devices)
    known = {d.name for d in devices}
    strangers = tuple(_device(s) for s in snapshots if s.device not in known)
    network = Network(
        at=at,
        devices=(*devices, *strangers),
        site=site,
        snapshots=snapshots,
        history=tuple(_snapshot(d, devices, at - _EARLIER) for d in kept.before),
        captures=captures,
        log=log,
    )
    return Recording(network, Context(missed=missed))


def _inventory(kept: Raw) -> tuple[tuple[Device, ...], Site]:
    """Log files and sensors of the inventory belong to another time and place."""
    if kept.inventory is None:
        return (), Site()
    from netdiag.files import inventory

    found = inventory.load(kept.inventory)
    return found.devices, replace(found.site, sensors=(), syslog_files=())


def _device(snapshot: Snapshot) -> Device:
    return Device(snapshot.device, snapshot.address, snapshot.platform)


def _captures(files: Iterable[Path]) -> tuple[tuple[Capture, ...], tuple[SourceError, ...]]:
    from netdiag.collect import wire

    found: list[Capture] = []
    missed: list[SourceError] = []
    for file in files:
        try:
            found.append(wire.read(str(file)))
        except NetdiagError as exc:
            missed.append(SourceError("capture", file.name, str(exc)))
    return tuple(found), tuple(missed)


def _logs(files: Iterable[Path]) -> tuple[LogEvent, ...]:
    from netdiag.collect import logs

    return logs.read_syslog_files(list(files), datetime.min.replace(tzinfo=UTC))


def _moment(kept: Raw, captures: Iterable[Capture], log: Iterable[LogEvent]) -> datetime:
    """The recording's own time: the last that anything in it says, else when its files were written."""
    said = [c.last for c in captures if c.last] + [e.at for e in log if e.at]
    if said:
        return max(said)
    written = max((d.modified for d in kept.devices), default=0.0)
    return datetime.fromtimestamp(written, UTC)


def _snapshot(kept: RawDevice, devices: Iterable[Device], at: datetime) -> Snapshot:
    """What its walks and its texts say, united as a poll unites them."""
    from netdiag.decode.merge import merge

    known = next((d for d in devices if d.name == kept.name), None)
    device = known or Device(kept.name, kept.name, kept.platform)
    if kept.unreachable is not None and kept.walk is None and not kept.answers:
        why = SourceError("snmp", "device", kept.unreachable)
        return Snapshot(kept.name, device.address, at, reachable=False, errors=(why,))
    by_snmp = _walked(kept, device, at) if kept.walk is not None else None
    by_ssh = _shown(kept, device, by_snmp, at) if kept.answers else None
    return merge(by_snmp, by_ssh)


def _walked(kept: RawDevice, device: Device, at: datetime) -> Snapshot:
    from netdiag.decode import mib, rates, snmprec

    def read(text: str, when: datetime) -> Snapshot:
        contexts = {vlan: snmprec.varbinds(found) for vlan, found in kept.contexts.items()}
        return mib.snapshot(device, mib.Reading(snmprec.varbinds(text), contexts), at=when)

    found = read(kept.walk or "", at)
    if kept.second is None:
        return found
    later = read(kept.second, at)
    seconds = (later.sys_up_time_s or 0.0) - (found.sys_up_time_s or 0.0)
    first = read(kept.walk or "", at - timedelta(seconds=seconds if seconds > 0 else _BETWEEN_S))
    return replace(later, rates=rates.rates(first, later))


def _shown(
    kept: RawDevice, device: Device, walked: Snapshot | None, at: datetime
) -> Snapshot | None:
    """The texts by need: a file is named by the command that printed it, or by the need itself."""
    from netdiag import platforms
    from netdiag.decode import show

    platform = (
        platforms.get(kept.platform)
        or platforms.get(device.platform)
        or platforms.get(walked.platform if walked else None)
        or platforms.recognise(None, kept.answers.get("show_version", ""))
    )
    if platform is None:
        raise UsageError(
            f"{kept.name}: which platform printed these texts is not known: put its name, such as"
            f" cisco_ios, into {kept.name}/platform.txt"
        )
    by_line = {_file_name(c.line): need for need, c in platform.commands.items()}
    answers = {
        by_line.get(_file_name(stem), stem): text
        for stem, text in kept.answers.items()
        if _file_name(stem) in by_line or stem in platform.commands
    }
    return show.snapshot(device, platform, answers, at) if answers else None


def _file_name(line: str) -> str:
    """`show interfaces status err-disabled` -> `show_interfaces_status_err_disabled`."""
    return "_".join(line.lower().replace("-", " ").replace("_", " ").split())
