"""What a Cisco-like command line prints becomes the model's facts.

Rules: each command is read alone, so that one that cannot be read loses nothing of the others; a
fact that is not printed is `None`; interface names are the long form. Whatever the device sends,
the worst that happens is an entry in `Snapshot.errors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from netdiag.decode import show_ports, show_tables, syslog, syslog_header
from netdiag.decode.show_ports import Ports
from netdiag.decode.table import rows
from netdiag.errors import DecodeError
from netdiag.model import Device, Snapshot, SourceError
from netdiag.names import sort_key
from netdiag.platforms import Platform

_Reader = Callable[[Snapshot, Ports, list[dict[str, object]], Platform], Snapshot]


def snapshot(
    device: Device, platform: Platform, answers: Mapping[str, str], at: datetime
) -> Snapshot:
    """The snapshot of a device that answered; `answers` by need, as `Platform.commands` names them.

    `at`: when it was asked, and the clock first of all.
    """
    found = Snapshot(
        device=device.name,
        address=device.address,
        at=at,
        reachable=True,
        platform=device.platform or platform.name,
        sources=("ssh",),
    )
    ports: Ports = {}
    errors: list[SourceError] = []
    for need, read in _READERS.items():
        if need not in answers or _SWITCHED_OFF.match(answers[need]):
            continue
        try:
            parsed = rows(platform.commands[need].template, answers[need])
            if not parsed and need in _NEVER_EMPTY:
                raise DecodeError("nothing in the output was recognised")
            found = read(found, ports, parsed, platform)
        except (DecodeError, ValueError, RecursionError) as exc:
            errors.append(SourceError("ssh", need, f"{platform.commands[need].line}: {exc}"))
    if "log" in answers:
        clock = syslog_header.device_clock(answers.get("clock", ""))
        log = syslog.parse(answers["log"], at=at, clock=clock)
        found = replace(found, log=tuple(replace(e, device=device.name) for e in log))
    interfaces = show_ports.interfaces(ports, at)
    ordered = tuple(sorted(interfaces, key=lambda i: sort_key(i.name)))
    return with_errors(replace(found, interfaces=ordered), errors)


def with_errors(found: Snapshot, errors: Iterable[SourceError]) -> Snapshot:
    """The same, with what it did not say."""
    return replace(found, errors=(*found.errors, *errors))


# --- one function a need: what is about ports fills `ports`, the rest the snapshot ------------------


def _version(
    found: Snapshot, _: Ports, read: list[dict[str, object]], platform: Platform
) -> Snapshot:
    if not read:
        return found
    row = read[0]
    descr = " ".join(
        str(part)
        for part in (platform.title, row.get("SOFTWARE_IMAGE"), "Version", row.get("VERSION"))
        if part
    )
    return replace(
        found,
        sys_name=str(row.get("HOSTNAME") or "") or None,
        sys_descr=descr if row.get("VERSION") else None,
        sys_up_time_s=show_tables.up_time(str(row.get("UPTIME") or "")),
    )


def _into_ports(
    fill: Callable[[Ports, list[dict[str, object]]], None],
) -> _Reader:
    def read(found: Snapshot, ports: Ports, read: list[dict[str, object]], _: Platform) -> Snapshot:
        fill(ports, read)
        return found

    return read


def _err_disabled(
    found: Snapshot, ports: Ports, read: list[dict[str, object]], platform: Platform
) -> Snapshot:
    show_ports.err_disabled(ports, read, platform)
    return found


def _fdb(found: Snapshot, _: Ports, read: list[dict[str, object]], __: Platform) -> Snapshot:
    return replace(found, fdb=show_tables.fdb(read))


def _lldp(found: Snapshot, _: Ports, read: list[dict[str, object]], __: Platform) -> Snapshot:
    return replace(found, neighbors=(*found.neighbors, *show_tables.lldp(read)))


def _cdp(found: Snapshot, _: Ports, read: list[dict[str, object]], __: Platform) -> Snapshot:
    return replace(found, neighbors=(*found.neighbors, *show_tables.cdp(read)))


def _arp(found: Snapshot, _: Ports, read: list[dict[str, object]], __: Platform) -> Snapshot:
    return replace(found, arp=show_tables.arp(read))


def _stp(found: Snapshot, _: Ports, read: list[dict[str, object]], __: Platform) -> Snapshot:
    return replace(found, stp=show_tables.stp(read))


# "% LLDP is not enabled": an answer, and no neighbours to tell.
_SWITCHED_OFF = re.compile(r"\s*%\s*\S+ is not (?:enabled|running)", re.IGNORECASE)

# Every switch has ports: no rows here means that the output was not understood.
_NEVER_EMPTY = frozenset({"version", "interfaces", "status"})

# In this order: `status` says more of an interface that `interfaces` has named.
_READERS: Mapping[str, _Reader] = {
    "version": _version,
    "interfaces": _into_ports(show_ports.details),
    "status": _into_ports(show_ports.status),
    "err-disabled": _err_disabled,
    "errdisable-recovery": _into_ports(show_ports.recovery),
    "switchport": _into_ports(show_ports.switchport),
    "counters": _into_ports(show_ports.counters),
    "aggregates": _into_ports(show_ports.aggregates),
    "fdb": _fdb,
    "lldp": _lldp,
    "cdp": _cdp,
    "arp": _arp,
    "stp": _stp,
}
