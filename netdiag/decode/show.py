"""What a switch's command line prints becomes the model's facts.

Rules: each command is read alone, so that one that cannot be read loses nothing of the others; a
fact that is not printed is `None`; interface names are the long form. Whatever the device sends,
the worst that happens is an entry in `Snapshot.errors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from netdiag.decode import show_ports, show_tables, syslog, syslog_header, table
from netdiag.decode.show_ports import Ports
from netdiag.decode.table import Columns, first
from netdiag.errors import DecodeError
from netdiag.model import Device, LogEvent, Snapshot, SourceError
from netdiag.names import sort_key
from netdiag.platforms import Command, Platform

_Reader = Callable[[Snapshot, Ports, list[Columns], Command], Snapshot]


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
        not_offered=tuple(
            SourceError("ssh", need, f"not offered by this platform: {why}")
            for need, why in platform.not_offered.items()
            if need in _LOOKED_FOR
        ),
    )
    ports = Ports(platform)
    errors: list[SourceError] = []
    for need, reader in _readers(answers):
        command = platform.commands[need]
        try:
            parsed, unexpected = table.read(command.template, answers[need], command.columns)
            if not parsed and need in _NEVER_EMPTY and unexpected is None:
                raise DecodeError("nothing in the output was recognised")
            found = reader(found, ports, parsed, command)
            if unexpected is not None:
                raise unexpected
        except (DecodeError, ValueError, RecursionError) as exc:
            errors.append(SourceError("ssh", need, f"{command.line}: {exc}"))
    if "log" in answers:
        clock = syslog_header.device_clock(answers.get("clock", ""))
        log = syslog.parse(answers["log"], at=at, clock=clock)
        found = replace(found, log=(*found.log, *(replace(e, device=device.name) for e in log)))
    interfaces = show_ports.interfaces(ports, at)
    ordered = tuple(sorted(interfaces, key=lambda i: sort_key(i.name)))
    return with_errors(replace(found, interfaces=ordered), errors)


def _readers(answers: Mapping[str, str]) -> Iterator[tuple[str, _Reader]]:
    """In the order of `_READERS`, then each guard's own list of closed ports."""
    for need, reader in _READERS.items():
        if need in answers and not _SWITCHED_OFF.match(answers[need]):
            yield need, reader
    for need in answers:
        if need.startswith("closed-") and not _SWITCHED_OFF.match(answers[need]):
            yield need, _closed


def with_errors(found: Snapshot, errors: Iterable[SourceError]) -> Snapshot:
    """The same, with what it did not say."""
    return replace(found, errors=(*found.errors, *errors))


# --- one function a need: what is about ports fills `ports`, the rest the snapshot ------------------


def _version(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    if not read:
        return found
    # A stack tells the version once a member.
    row = Columns({key: first(value) for key, value in read[0].items()})
    version = row["VERSION"]
    parts = (ports.platform.title, row["SOFTWARE_IMAGE"] or row["MODEL"], "Version", version)
    return replace(
        found,
        sys_name=row["HOSTNAME"] or found.sys_name,
        sys_descr=" ".join(part for part in parts if part) if version else None,
        sys_up_time_s=show_tables.up_time(row["UPTIME"]),
    )


def _into_ports(fill: Callable[[Ports, list[Columns]], None]) -> _Reader:
    def reader(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
        fill(ports, read)
        return found

    return reader


def _closed(found: Snapshot, ports: Ports, read: list[Columns], command: Command) -> Snapshot:
    show_ports.err_disabled(ports, read, command.reason)
    return found


def _fdb(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    return replace(found, fdb=show_tables.fdb(read, ports.name))


def _lldp(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    return replace(found, neighbors=(*found.neighbors, *show_tables.lldp(read, ports.name)))


def _cdp(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    return replace(found, neighbors=(*found.neighbors, *show_tables.cdp(read, ports.name)))


def _arp(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    return replace(found, arp=show_tables.arp(read, ports.name))


def _stp(found: Snapshot, ports: Ports, read: list[Columns], _: Command) -> Snapshot:
    return replace(found, stp=show_tables.stp(read, ports.name))


def _storm_control(
    found: Snapshot, ports: Ports, read: list[Columns], command: Command
) -> Snapshot:
    """A guard that drops frames now is an event of a storm; one that took the port down closed it."""
    signs: list[LogEvent] = []
    for row in read:
        name, state = ports.name(row["INTERFACE"]), row["STATE"].lower()
        if state in _SHUT_BY_STORM:
            ports.of(name).setdefault("closed", "storm-control")
        elif state in _DROPS:
            raw = f"{name}: {command.line}: {row['TYPE']} {row['STATE']}".replace(":  ", ": ")
            signs.append(LogEvent(found.at, found.device, "storm-control", "storm", name, raw=raw))
    return replace(found, log=(*found.log, *signs))


_DROPS = frozenset({"blocking", "block", "blocked", "suppress", "suppressed"})
_SHUT_BY_STORM = frozenset({"error-down", "errordown", "shutdown", "err-disabled"})


# "% LLDP is not enabled": an answer, and no neighbours to tell.
_SWITCHED_OFF = re.compile(r"\s*%\s*\S+ is not (?:enabled|running)", re.IGNORECASE)

# What a poll is expected to tell: a platform that cannot says so, which is not "nothing wrong".
_LOOKED_FOR = frozenset(
    {"err-disabled", "errdisable-recovery", "fdb", "arp", "lldp", "stp", "log", "storm-control"}
)

# Every switch has ports: no rows here means that the output was not understood.
_NEVER_EMPTY = frozenset({"version", "interfaces", "status"})

# In this order: `status` says more of an interface that `interfaces` has named.
_READERS: Mapping[str, _Reader] = {
    "version": _version,
    "interfaces": _into_ports(show_ports.details),
    "status": _into_ports(show_ports.status),
    "vlans": _into_ports(show_ports.vlans),
    "err-disabled": _closed,
    "errdisable-recovery": _into_ports(show_ports.recovery),
    "switchport": _into_ports(show_ports.switchport),
    "counters": _into_ports(show_ports.counters),
    "aggregates": _into_ports(show_ports.aggregates),
    "fdb": _fdb,
    "lldp": _lldp,
    "cdp": _cdp,
    "arp": _arp,
    "stp": _stp,
    "storm-control": _storm_control,
}
