"""A folder of raw recordings, as people collect them in an outage: which file is what of which device.

    FOLDER/acc-2/walk.snmprec      a walk (snmpsim's form); walk2.snmprec: a second one, for rates;
                                   walk@10.snmprec: the bridge tables of VLAN 10
    FOLDER/acc-2/show_*.txt        what a command printed, the file named like the command
    FOLDER/acc-2/platform.txt      the platform's name, where neither walk nor `show version` tells it
    FOLDER/acc-2/unreachable.txt   it did not answer; the text says how that was seen
    FOLDER/acc-3.snmprec           the same as acc-3/walk.snmprec
    FOLDER/*.pcap, *.pcapng        captures
    FOLDER/*.log, syslog*          the syslog server's files
    FOLDER/before/...              devices in the same form, as they were earlier
    FOLDER/inventory/              Nornir's files: areas, desks, platforms, legitimate servers

Nothing is required but one device, capture or log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from netdiag.errors import FileFormatError, UsageError

_MOST_OCTETS = 64 * 1024 * 1024
_WALK = re.compile(r"^(?:walk(?P<second>2)?(?:@(?P<vlan>\d{1,4}))?)$")
_RESERVED = frozenset({"before", "inventory"})


@dataclass(slots=True)
class RawDevice:
    """What was kept of one device: texts as they came."""

    name: str
    walk: str | None = None
    second: str | None = None
    """A later walk of the same device."""
    contexts: dict[int, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    """By file name without its end: the command, or netdiag's own word for the need."""
    platform: str | None = None
    unreachable: str | None = None
    modified: float = 0.0
    """The newest file's time stamp, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One folder."""

    devices: tuple[RawDevice, ...]
    before: tuple[RawDevice, ...]
    captures: tuple[Path, ...]
    logs: tuple[Path, ...]
    inventory: Path | None


def is_raw(folder: Path) -> bool:
    """Whether there is anything that `load` would take."""
    if not folder.is_dir():
        return False
    found = _load(folder)
    return bool(found.devices or found.captures or found.logs)


def load(folder: Path) -> Raw:
    """`UsageError` where nothing of it is a recording, `FileFormatError` for a file too long."""
    found = _load(folder)
    if not (found.devices or found.captures or found.logs):
        raise UsageError(f"{folder} holds no walks (*.snmprec), show_*.txt, captures or logs")
    return found


def _load(folder: Path) -> Raw:
    entries = sorted(folder.iterdir())
    inventory = folder / "inventory"
    before = folder / "before"
    return Raw(
        devices=_devices(folder),
        before=_devices(before) if before.is_dir() else (),
        captures=tuple(p for p in entries if p.suffix in {".pcap", ".pcapng", ".cap"}),
        logs=tuple(
            p for p in entries if p.is_file() and (p.suffix == ".log" or p.stem == "syslog")
        ),
        inventory=inventory if (inventory / "hosts.yaml").is_file() else None,
    )


def _devices(folder: Path) -> tuple[RawDevice, ...]:
    found: dict[str, RawDevice] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_file() and entry.suffix == ".snmprec":
            _take(found.setdefault(entry.stem, RawDevice(entry.stem)), entry, "walk")
        elif entry.is_dir() and entry.name not in _RESERVED:
            device = RawDevice(entry.name)
            for file in sorted(entry.iterdir()):
                if file.is_file() and file.suffix in {".txt", ".snmprec"}:
                    _take(device, file, file.stem)
            if device.modified:
                found[entry.name] = device
    return tuple(found[name] for name in sorted(found))


def _take(device: RawDevice, file: Path, stem: str) -> None:
    text = _read(file)
    device.modified = max(device.modified, file.stat().st_mtime)
    walk = _WALK.match(stem) if file.suffix == ".snmprec" else None
    if walk is not None and walk["vlan"]:
        device.contexts[int(walk["vlan"])] = text
    elif walk is not None and walk["second"]:
        device.second = text
    elif file.suffix == ".snmprec":
        device.walk = text
    elif stem == "platform":
        device.platform = text.strip()
    elif stem == "unreachable":
        device.unreachable = text.strip() or "no answer"
    else:
        device.answers[stem] = text


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > _MOST_OCTETS:
            raise FileFormatError("larger than 64 MiB: not read", file=str(file))
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise FileFormatError(f"cannot be read: {exc.strerror or exc}", file=str(file)) from exc
