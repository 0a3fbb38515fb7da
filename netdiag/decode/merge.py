"""What SNMP and the command line say of one device, as one snapshot.

Rules: either alone is enough; where both speak SNMP's value stands, and a disagreement is a
sentence with both values. The two are not read in the same instant, so counters, addresses that
move and times are no contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from netdiag import platforms
from netdiag.model import (
    ErrDisableCause,
    ErrDisabled,
    FdbEntry,
    Interface,
    Neighbor,
    OperStatus,
    Snapshot,
    SourceError,
    Stp,
)
from netdiag.names import long_name, sort_key

T = TypeVar("T")
R = TypeVar("R")

# What both channels can say of a port, and what does not change from one second to the next.
_COMPARED = ("admin_status", "oper_status", "duplex")
# Of a port that is down SNMP tells what it does (nothing), the command line what is configured.
_COMPARED_WHILE_UP = ("access_vlan", "trunk")


def merge(snmp: Snapshot | None, ssh: Snapshot | None) -> Snapshot:
    """One snapshot of what the two channels said; `None`: that channel was not asked.

    At least one must be given. Errors of both are kept, also when the other one answered. Ports have
    the names that the platform's command line takes.
    """
    snmp = None if snmp is None else _renamed(snmp, ssh)
    if snmp is None or ssh is None:
        only = snmp or ssh
        if only is None:
            raise ValueError("neither channel was asked")
        return only
    if not snmp.sources or not ssh.sources:
        answered, silent = (snmp, ssh) if snmp.sources else (ssh, snmp)
        return replace(
            answered,
            reachable=snmp.reachable or ssh.reachable,
            errors=(*snmp.errors, *ssh.errors),
            platform=answered.platform or silent.platform,
        )
    contradictions = [
        *_port_contradictions(snmp, ssh),
        *_moved(snmp, ssh),
        *_stp_contradictions(snmp, ssh),
    ]
    return replace(
        _filled(snmp, ssh),
        reachable=True,
        interfaces=_interfaces(snmp, ssh),
        fdb=_fdb(snmp.fdb, ssh.fdb),
        neighbors=_neighbors(snmp.neighbors, ssh.neighbors),
        arp=tuple(dict.fromkeys((*snmp.arp, *ssh.arp))),
        stp=_stp(snmp.stp, ssh.stp),
        log=tuple(dict.fromkeys((*snmp.log, *ssh.log))),
        sources=tuple(dict.fromkeys((*snmp.sources, *ssh.sources))),
        contradictions=(*snmp.contradictions, *ssh.contradictions, *contradictions),
        not_offered=_not_offered(snmp, ssh),
        errors=(*snmp.errors, *ssh.errors),
    )


def _renamed(snmp: Snapshot, ssh: Snapshot | None) -> Snapshot:
    """Where SNMP names ports otherwise (FastIron, JetStream): their names as the command line takes them."""
    platform = platforms.get(snmp.platform or (ssh.platform if ssh else None))
    if platform is None or not platform.short_names:
        return snmp
    own = {i.name: platform.interface(i.name) for i in snmp.interfaces}
    if all(old == new for old, new in own.items()):
        return snmp

    def named(rows: tuple[R, ...]) -> tuple[R, ...]:
        return tuple(
            replace(r, interface=own.get(r.interface, r.interface))  # type: ignore[attr-defined, type-var]
            for r in rows
        )

    return replace(
        snmp,
        interfaces=tuple(
            replace(i, name=own[i.name], aggregate=own.get(i.aggregate or "", i.aggregate))
            for i in snmp.interfaces
        ),
        rates=named(snmp.rates),
        fdb=named(snmp.fdb),
        neighbors=named(snmp.neighbors),
        arp=named(snmp.arp),
        stp=tuple(
            replace(s, ports=named(s.ports), root_port=own.get(s.root_port or "", s.root_port))
            for s in snmp.stp
        ),
    )


def _filled(first: T, second: T) -> T:
    """`first`, its unknown fields taken from `second`."""
    unknown: dict[str, Any] = {
        f.name: getattr(second, f.name)
        for f in fields(first)  # type: ignore[arg-type]
        if getattr(first, f.name) in (None, ())
    }
    return replace(first, **unknown)  # type: ignore[type-var]


# --- ports ----------------------------------------------------------------------------------------


def _by_name(interfaces: Iterable[Interface]) -> dict[str, Interface]:
    return {long_name(i.name): i for i in interfaces}


def _interfaces(snmp: Snapshot, ssh: Snapshot) -> tuple[Interface, ...]:
    first, second = _by_name(snmp.interfaces), _by_name(ssh.interfaces)
    merged = [_interface(i, second.get(name)) for name, i in first.items()]
    merged += [i for name, i in second.items() if name not in first]
    return tuple(
        sorted(merged, key=lambda i: (i.if_index is None, i.if_index or 0, sort_key(i.name)))
    )


def _interface(snmp: Interface, ssh: Interface | None) -> Interface:
    if ssh is None:
        return snmp
    merged = _filled(snmp, ssh)
    if snmp.oper_status is not OperStatus.UP and ssh.trunk is not None:
        merged = replace(merged, trunk=ssh.trunk, access_vlan=ssh.access_vlan)
    if merged.trunk:
        merged = replace(merged, access_vlan=None)
    if snmp.err_disabled and ssh.err_disabled:
        merged = replace(merged, err_disabled=_filled(snmp.err_disabled, ssh.err_disabled))
    if snmp.counters and ssh.counters:
        # Both sets were counted at their own time: one set as a whole, only its gaps filled.
        merged = replace(merged, counters=_filled(snmp.counters, ssh.counters))
    return merged


def _port_contradictions(snmp: Snapshot, ssh: Snapshot) -> Iterator[str]:
    said = _by_name(ssh.interfaces)
    asked = bool(ssh.interfaces) and _closed_ports_listed(ssh)
    told = _told_by_snmp(snmp.platform or ssh.platform)
    for name, first in _by_name(snmp.interfaces).items():
        second = said.get(name)
        if second is None:
            continue
        up = first.oper_status is second.oper_status is OperStatus.UP
        for field in (*_COMPARED, *(_COMPARED_WHILE_UP if up else ())):
            a, b = getattr(first, field), getattr(second, field)
            if a is not None and b is not None and a != b:
                yield f"{name}: {field} is {_shown(a)} by SNMP and {_shown(b)} by the command line"
        yield from _closed_contradiction(name, first.err_disabled, second.err_disabled, asked, told)


def _closed_ports_listed(ssh: Snapshot) -> bool:
    """Whether every list of closed ports that the command line has was read."""
    return not any(
        e.what == "err-disabled" or e.what.startswith("closed-")
        for e in (*ssh.errors, *ssh.not_offered)
    )


def _not_offered(snmp: Snapshot, ssh: Snapshot) -> tuple[SourceError, ...]:
    """What neither could tell; of closed ports the command line often tells what SNMP cannot."""
    listed = _closed_ports_listed(ssh)
    kept = (e for e in snmp.not_offered if not (listed and e.what == "err-disabled"))
    return tuple(dict.fromkeys((*kept, *ssh.not_offered)))


def _told_by_snmp(name: str | None) -> frozenset[ErrDisableCause] | None:
    """The causes that the platform's own table can tell by SNMP; `None`: not known which.

    VRP, RouterOS and others have none, Ruijie's knows two: their silence contradicts nobody.
    """
    platform = platforms.get(name)
    if platform is None or not platform.prepare:
        return None
    return frozenset(platform.cause(label) for label in platform.err_disable_codes.values())


def _closed_contradiction(
    name: str,
    snmp: ErrDisabled | None,
    ssh: ErrDisabled | None,
    asked: bool,
    told: frozenset[ErrDisableCause] | None,
) -> Iterator[str]:
    if snmp and ssh and snmp.cause != ssh.cause:
        yield (
            f"{name}: closed for {snmp.vendor_cause} by SNMP and for {ssh.vendor_cause} "
            "by the command line"
        )
    elif snmp and not ssh and asked:
        yield (
            f"{name}: err-disabled ({snmp.vendor_cause}) by SNMP and not err-disabled "
            "by the command line"
        )
    elif ssh and not snmp and (told is None or ssh.cause in told):
        yield (
            f"{name}: err-disabled ({ssh.vendor_cause}) by the command line and not err-disabled "
            "by SNMP (some devices do not offer that table)"
        )


def _shown(value: object) -> str:
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


# --- addresses, neighbours, spanning trees --------------------------------------------------------


def _fdb(snmp: tuple[FdbEntry, ...], ssh: tuple[FdbEntry, ...]) -> tuple[FdbEntry, ...]:
    """By address and VLAN; an entry of SNMP without a VLAN gives way to the same one with it."""
    with_vlan = {(e.mac, e.interface) for e in ssh if e.vlan is not None}
    kept = [e for e in snmp if e.vlan is not None or (e.mac, e.interface) not in with_vlan]
    known = {(e.mac, e.vlan) for e in kept}
    return (*kept, *(e for e in ssh if (e.mac, e.vlan) not in known))


def _moved(snmp: Snapshot, ssh: Snapshot) -> Iterator[str]:
    """Addresses are learned anew all the time, so they are counted, not listed."""
    first = {(e.mac, e.vlan): e.interface for e in snmp.fdb if e.interface}
    moved = [
        (e.mac, first[key], e.interface)
        for e in ssh.fdb
        if (key := (e.mac, e.vlan)) in first and e.interface and first[key] != e.interface
    ]
    if moved:
        mac, a, b = moved[0]
        yield (
            f"{len(moved)} addresses are on another port by the command line than by SNMP, "
            f"such as {mac}: {a} and {b}"
        )


def _neighbors(snmp: tuple[Neighbor, ...], ssh: tuple[Neighbor, ...]) -> tuple[Neighbor, ...]:
    """The same device on the same port through the same protocol is one neighbour."""
    merged = list(snmp)
    for found in ssh:
        twin = next((n for n, other in enumerate(merged) if _same(other, found)), None)
        if twin is None:
            merged.append(found)
        else:
            merged[twin] = _filled(merged[twin], found)
    return tuple(merged)


def _same(a: Neighbor, b: Neighbor) -> bool:
    if (a.interface, a.protocol) != (b.interface, b.protocol):
        return False
    chassis = a.chassis_id is not None and a.chassis_id == b.chassis_id
    return chassis or (a.sys_name is not None and a.sys_name == b.sys_name)


def _stp(snmp: tuple[Stp, ...], ssh: tuple[Stp, ...]) -> tuple[Stp, ...]:
    by_vlan = {s.vlan: s for s in ssh}
    # A bridge read without VLAN contexts shows one of its trees and does not say which.
    named = [s for s in snmp if s.vlan is not None or not any(v is not None for v in by_vlan)]
    merged = [_filled(s, by_vlan.pop(s.vlan)) if s.vlan in by_vlan else s for s in named]
    return (*merged, *by_vlan.values())


def _stp_contradictions(snmp: Snapshot, ssh: Snapshot) -> Iterator[str]:
    by_vlan = {s.vlan: s for s in ssh.stp}
    for first in snmp.stp:
        second = by_vlan.get(first.vlan)
        if second and first.root and second.root and first.root != second.root:
            where = "spanning tree" if first.vlan is None else f"spanning tree of VLAN {first.vlan}"
            yield f"{where}: the root is {first.root} by SNMP and {second.root} by the command line"
