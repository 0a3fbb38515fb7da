"""What guards of edge ports caught, and what fills a switch's address table.

A violation counts while its port is closed by it, or while its message belongs to the present
incident (`restrict` drops the frames and leaves the port open).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from netdiag.model import (
    ErrDisableCause,
    Evidence,
    Finding,
    Kind,
    LogEvent,
    Network,
    Resource,
    Severity,
    Snapshot,
)
from netdiag.names import long_name
from netdiag.text import clean
from netdiag.topology import Topology, place
from netdiag.topology.unrest import recent_events

_MANY = 300
"""Addresses behind one edge port: more than any host of virtual machines or access point has."""
_MANY_TIMES_BEFORE = 3


def port_security_violation(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports at which a station spoke that may not."""
    del topology
    causes = frozenset({ErrDisableCause.PORT_SECURITY, ErrDisableCause.MAC_LIMIT})
    yield from _caught(network, Kind.PORT_SECURITY_VIOLATION, "port-security", causes)


def bpdu_guard_violation(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports at which a switch announced itself where none may be."""
    del topology
    causes = frozenset({ErrDisableCause.BPDU_GUARD})
    yield from _caught(network, Kind.BPDU_GUARD_VIOLATION, "bpdu-guard", causes)


_SAID = {
    Kind.PORT_SECURITY_VIOLATION: "saw a station that may not speak there",
    Kind.BPDU_GUARD_VIOLATION: "received BPDUs, which only a switch sends",
}


def _caught(
    network: Network, kind: Kind, event: str, causes: frozenset[ErrDisableCause]
) -> Iterator[Finding]:
    events: dict[tuple[str, str], list[LogEvent]] = defaultdict(list)
    for found in recent_events(network, event):
        if found.device and found.interface:
            events[found.device, long_name(found.interface)].append(found)
    closed = {
        (s.device, p.name): s
        for s in network.snapshots
        for p in (s.interfaces if s.reachable else ())
        if p.err_disabled is not None and p.err_disabled.cause in causes
    }
    for device, port in sorted({*events, *closed}):
        yield _violation(network, kind, (device, port), events[device, port], closed)


def _violation(
    network: Network,
    kind: Kind,
    at: tuple[str, str],
    events: list[LogEvent],
    closed: dict[tuple[str, str], Snapshot],
) -> Finding:
    device, port = at
    evidence = [
        Evidence("syslog", e.event, e.mac or port, device, e.at, e.raw) for e in events[-5:]
    ]
    if at in closed:
        value = f"{port}: closed"
        evidence.append(Evidence("snmp", "err_disabled", value, device, closed[at].at))
    macs = Counter(e.mac for e in events if e.mac)
    mac = macs.most_common(1)[0][0] if macs else None
    who = f": {clean(mac)}" if mac else ""
    times = [e.at for e in evidence if e.at is not None]
    return Finding(
        kind,
        Severity.MINOR,
        Resource(device, port, None, mac),
        f"{place(network, device, port)} {_SAID[kind]}{who}",
        tuple(evidence),
        min(times, default=network.at),
        max(times, default=network.at),
    )


def mac_table_overflow(network: Network, topology: Topology) -> Iterable[Finding]:
    """Edge ports behind which more addresses were learned than there can be stations."""
    for snapshot in network.snapshots:
        if not snapshot.reachable:
            continue
        for port, count in sorted(_learned(snapshot).items()):
            if count < _MANY or topology.is_uplink(snapshot.device, port):
                continue
            before = _earlier(network, snapshot.device, port)
            if before is not None and count < _MANY_TIMES_BEFORE * before:
                continue
            value = f"{port}: {count} addresses"
            evidence = [Evidence("snmp", "fdb", value, snapshot.device, snapshot.at)]
            was = f", {before} before" if before is not None else ""
            yield Finding(
                Kind.MAC_TABLE_OVERFLOW,
                Severity.MAJOR,
                Resource(snapshot.device, port),
                f"{place(network, snapshot.device, port)} learned {count} addresses{was}:"
                " somebody makes them up",
                tuple(evidence),
                snapshot.at,
                snapshot.at,
            )


def _learned(snapshot: Snapshot) -> Counter[str]:
    return Counter(
        port
        for port, _ in {(e.interface, e.mac) for e in snapshot.fdb if e.status in {None, "learned"}}
        if port is not None
    )


def _earlier(network: Network, device: str, port: str) -> int | None:
    before = next((s for s in network.history if s.device == device and s.fdb), None)
    return None if before is None else _learned(before)[port]
