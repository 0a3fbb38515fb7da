"""Ports that are closed: by their own protection, by configuration, or because the link is gone.

A shut port is a finding only where somebody misses it: it carried a link in a stored snapshot, or it
belongs to a desk and nothing is known of it. Err-disabled is what the device or its own message says;
a port that is merely down is not err-disabled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from netdiag.model import (
    AdminStatus,
    ErrDisableCause,
    Evidence,
    Finding,
    Interface,
    Kind,
    LogEvent,
    Network,
    OperStatus,
    Resource,
    Severity,
    Snapshot,
)
from netdiag.names import long_name, short_name
from netdiag.text import clean
from netdiag.topology import Link, Topology, place
from netdiag.topology.unrest import LONGEST

_PHYSICAL = frozenset({None, 6, 62, 69, 117})
# "desk 2F-105 - out of service", "UNUSED", "spare", "** reserved **", "已停用"
_NOT_IN_USE = re.compile(
    r"\b(?:un-?used|not in use|out of (?:service|use|order)|decommission\w*|disabled|spare|reserved"
    r"|parked|do not (?:enable|use)|removed|vacant|blocked by|quarantin\w*)\b"
    r"|停用|禁用|备用|预留|未使用|闲置|空闲",
    re.IGNORECASE,
)
_DOWN = (OperStatus.DOWN, OperStatus.LOWER_LAYER_DOWN, OperStatus.NOT_PRESENT)


def _since(snapshot: Snapshot, port: Interface) -> datetime:
    age = port.last_change_s
    return snapshot.at if age is None or age < 0 else snapshot.at - timedelta(seconds=age)


# --- err-disabled-port ---------------------------------------------------------------------------


def err_disabled_port(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports closed by their own protection, as the device or, where it cannot, its messages say."""
    told: set[tuple[str, str]] = set()
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            if port.err_disabled is not None:
                told.add((snapshot.device, port.name))
                yield _err_disabled(network, topology, snapshot, port)
        yield from _contradictions(network, topology, snapshot)
    for device, name, event in _closed_by_message(network):
        if (device, name) not in told:
            yield _err_disabled_by_message(network, topology, device, name, event)
        else:
            yield from _other_cause(network, topology, device, name, event)


def _err_disabled(
    network: Network, topology: Topology, snapshot: Snapshot, port: Interface
) -> Finding:
    state = port.err_disabled
    assert state is not None
    since, old = _since(snapshot, port), _already(network, snapshot.device, port.name)
    value = f"{port.name}: {state.cause} ({clean(state.vendor_cause)})"
    evidence = [Evidence(_source(snapshot), "err_disabled", value, snapshot.device, snapshot.at)]
    evidence += [
        Evidence("history", "err_disabled", value, snapshot.device, s.at) for s in old[-1:]
    ]
    evidence += _messages(network, snapshot.device, port.name)
    where = place(network, snapshot.device, port.name)
    back = f"; it reopens in {state.recovers_in_s} s" if state.recovers_in_s is not None else ""
    return Finding(
        Kind.ERR_DISABLED_PORT,
        _severity(topology, snapshot.device, port.name),
        Resource(snapshot.device, port.name, state.vlan),
        f"{where} was closed by its own protection: {state.cause}{back}",
        tuple(evidence),
        min([since, *(s.at for s in old)]),
        snapshot.at,
    )


# "Gi1/0/2: closed for …", "Gi1/0/2: err-disabled (…) by SNMP and not …", "…: cpscStatus is shutdown, and
# ifOperStatus is up"
_OF_A_CLOSING = re.compile(r"err-disabled|closed for|ifOperStatus is up")


def _contradictions(network: Network, topology: Topology, snapshot: Snapshot) -> Iterator[Finding]:
    """Where SNMP and the command line, or two objects of one device, disagree on whether a port is closed."""
    for sentence in snapshot.contradictions if snapshot.reachable else ():
        name, _, said = sentence.partition(": ")
        port = snapshot.interface(name) or snapshot.interface(long_name(name))
        if port is not None and _OF_A_CLOSING.search(said):
            yield _disagreement(network, topology, snapshot, port, said)


def _other_cause(
    network: Network, topology: Topology, device: str, name: str, event: LogEvent
) -> Iterator[Finding]:
    """The third channel: its own message names another cause than its tables do."""
    snapshot = network.snapshot(device)
    port = snapshot.interface(name) if snapshot else None
    state = port.err_disabled if port else None
    unclear = {None, ErrDisableCause.OTHER}
    if snapshot is None or port is None or state is None:
        return
    if not unclear & {state.cause, event.cause} and state.cause != event.cause:
        said = f"closed for {state.cause} by its tables and for {event.cause} by its own message"
        message = Evidence("syslog", "err-disabled", str(event.cause), device, event.at, event.raw)
        found = _disagreement(network, topology, snapshot, port, said)
        yield replace(found, evidence=(*found.evidence, message))


def _disagreement(
    network: Network, topology: Topology, snapshot: Snapshot, port: Interface, said: str
) -> Finding:
    state = port.err_disabled
    open_and_closed = state is None and port.oper_status is OperStatus.UP
    # EX4300's soft shutdown: the link stays up, and every frame is dropped.
    may = "; a port that is closed with its link up drops in silence" if open_and_closed else ""
    severity = (
        Severity.WARNING if state is None else _severity(topology, snapshot.device, port.name)
    )
    where = place(network, snapshot.device, port.name)
    return Finding(
        Kind.ERR_DISABLED_PORT,
        severity,
        Resource(snapshot.device, port.name, state.vlan if state else None),
        f"{where}: what its channels say of it differs: {clean(said, 300)}{may}",
        (
            Evidence(
                _source(snapshot), "contradiction", clean(said, 300), snapshot.device, snapshot.at
            ),
        ),
        snapshot.at,
        snapshot.at,
    )


def _source(snapshot: Snapshot) -> str:
    return "snmp" if "snmp" in snapshot.sources or not snapshot.sources else snapshot.sources[0]


def _severity(topology: Topology, device: str, interface: str) -> Severity:
    if topology.behind(device, interface):
        return Severity.CRITICAL
    return Severity.MAJOR if topology.is_uplink(device, interface) else Severity.MINOR


def _already(network: Network, device: str, interface: str) -> list[Snapshot]:
    """Stored snapshots, newest first and without a gap, in which it was closed already."""
    found = []
    for snapshot in network.history:
        port = snapshot.interface(interface) if snapshot.device == device else None
        if port is not None:
            if port.err_disabled is None:
                break
            found.append(snapshot)
    return found


def _messages(network: Network, device: str, interface: str) -> list[Evidence]:
    events = [
        e
        for e in network.events()
        if e.event == "err-disabled" and e.device == device and _names(e, interface)
    ]
    newest = sorted(events, key=lambda e: (e.at is not None, str(e.at), e.raw))[-1:]
    return [
        Evidence("syslog", "err-disabled", str(e.cause or "?"), device, e.at, e.raw) for e in newest
    ]


def _names(event: LogEvent, interface: str) -> bool:
    return event.interface is not None and long_name(event.interface) == long_name(interface)


def _closed_by_message(network: Network) -> Iterator[tuple[str, str, LogEvent]]:
    """Ports whose last message of the last day is that they were closed, and that are not up."""
    last: dict[tuple[str, str], LogEvent] = {}
    for event in sorted(
        (e for e in network.events() if e.at is not None and e.device and e.interface),
        key=lambda e: (str(e.at), e.event == "err-disabled"),
    ):
        closing = event.event in {"err-disabled", "err-recover", "link-up"}
        if closing and event.at is not None and network.at - event.at <= LONGEST:
            last[event.device or "", long_name(event.interface or "")] = event
    for (device, name), event in sorted(last.items()):
        if event.event == "err-disabled" and not _seen_open(network, device, name):
            yield device, name, event


def _seen_open(network: Network, device: str, name: str) -> bool:
    """The device answers and shows the port up or shut, or tells of err-disabled ports otherwise."""
    snapshot = network.snapshot(device)
    if snapshot is None or not snapshot.reachable:
        return False
    port = snapshot.interface(name)
    if port is None or port.oper_status is None:
        return False
    return port.oper_status is OperStatus.UP or port.admin_status is AdminStatus.DOWN


def _err_disabled_by_message(
    network: Network, topology: Topology, device: str, name: str, event: LogEvent
) -> Finding:
    cause = event.cause or ErrDisableCause.OTHER
    at = event.at or network.at
    where = place(network, device, name)
    return Finding(
        Kind.ERR_DISABLED_PORT,
        _severity(topology, device, name),
        Resource(device, name),
        f"{where} logged that its own protection closed it: {cause}",
        (Evidence("syslog", "err-disabled", str(cause), device, at, event.raw),),
        at,
        at,
    )


# --- admin-down-port -----------------------------------------------------------------------------


def admin_down_port(network: Network, topology: Topology) -> Iterable[Finding]:
    """Shut edge ports that somebody misses: in use in a stored snapshot, or a desk's with no past."""
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            shut = port.admin_status is AdminStatus.DOWN and port.err_disabled is None
            if shut and _physical(port) and not topology.is_uplink(snapshot.device, port.name):
                used, known = _last_used(network, snapshot.device, port.name)
                desk = _desk(network, snapshot.device, port.name)
                if _meant(port):
                    continue
                if used is not None or (desk is not None and not known):
                    yield _admin_down(network, snapshot, port, used)


def _meant(port: Interface) -> bool:
    """Its own description says that nobody is to use it."""
    return port.alias is not None and _NOT_IN_USE.search(port.alias) is not None


def _physical(port: Interface) -> bool:
    virtual = ("vlan", "loopback", "null", "tunnel", "port-channel")
    return port.if_type in _PHYSICAL and not port.name.lower().startswith(virtual)


def _desk(network: Network, device: str, interface: str) -> str | None:
    known = network.device(device)
    return known.desk(interface) if known is not None else None


def _last_used(network: Network, device: str, interface: str) -> tuple[Snapshot | None, bool]:
    """The newest stored snapshot with a link on the port, and whether any snapshot has the port."""
    ports = [(s, s.interface(interface)) for s in network.history if s.device == device]
    known = [(s, p) for s, p in ports if p is not None]
    up = [s for s, p in known if p.oper_status is OperStatus.UP]
    return max(up, key=lambda s: s.at, default=None), bool(known)


def _admin_down(
    network: Network, snapshot: Snapshot, port: Interface, used: Snapshot | None
) -> Finding:
    where = place(network, snapshot.device, port.name)
    source = _source(snapshot)
    evidence = [
        Evidence(source, "admin_status", f"{port.name}: down", snapshot.device, snapshot.at)
    ]
    if used is not None:
        value = f"{port.name}: up"
        evidence.append(Evidence("history", "oper_status", value, snapshot.device, used.at))
    why = "it carried a link before" if used is not None else "a desk depends on it"
    return Finding(
        Kind.ADMIN_DOWN_PORT,
        Severity.MINOR,
        Resource(snapshot.device, port.name),
        f"{where} is shut by configuration, and {why}",
        tuple(evidence),
        max([_since(snapshot, port), *([used.at] if used else [])]),
        snapshot.at,
    )


# --- uplink-down ---------------------------------------------------------------------------------


def uplink_down(network: Network, topology: Topology) -> Iterable[Finding]:
    """Known links between switches that carry nothing now, at the end where the reason is."""
    for link in topology.links:
        believed = link.protocols != ("alias",) or _one_end_dark(network, link)
        known = link.a.interface is not None and link.b.interface is not None
        if believed and known and topology.link_up(link) is False:
            yield _uplink_down(network, topology, link)


def _one_end_dark(network: Network, link: Link) -> bool:
    """A description alone may be stale: it counts where the device that it names is silent."""
    ends = [network.snapshot(e.device) for e in (link.a, link.b)]
    return any(s is not None and not s.reachable for s in ends)


def _uplink_down(network: Network, topology: Topology, link: Link) -> Finding:
    device, port, reason = _end_to_blame(topology, link)
    far = link.far(device)
    snapshot = network.snapshot(device)
    assert snapshot is not None
    cut = topology.behind(device, port.name)
    evidence = [
        Evidence(_source(snapshot), "oper_status", f"{port.name}: down", device, snapshot.at),
        Evidence(
            "history" if not link.current else "snmp",
            "link",
            f"{link.a.device} {link.a.interface} = {link.b.device} {link.b.interface}",
            device,
            link.observed,
        ),
    ]
    lost = f"; cut off: {', '.join(cut)}" if cut else ""
    return Finding(
        Kind.UPLINK_DOWN,
        Severity.CRITICAL if cut else Severity.MAJOR,
        Resource(device, port.name),
        f"the link from {place(network, device, port.name)} to {far.device}"
        f" {clean(short_name(far.interface or '?'))} is down: {reason}{lost}",
        tuple(evidence),
        _since(snapshot, port),
        snapshot.at,
    )


def _end_to_blame(topology: Topology, link: Link) -> tuple[str, Interface, str]:
    """The end that was closed or shut, else the one nearer to where netdiag stands."""
    root = topology.management_root
    ends = []
    for end in (link.a, link.b):
        port = topology.port(end.device, end.interface)
        if port is not None and (port.oper_status in _DOWN or port.admin_status == "down"):
            ends.append((_guilt(port), len(topology.way(root or "", end.device)), end, port))
    guilt, _, end, port = min(ends, key=lambda e: (e[0], e[1], e[2].device))
    if guilt == 0:
        assert port.err_disabled is not None
        return end.device, port, f"closed by {port.err_disabled.cause}"
    if guilt == 1:
        return end.device, port, "shut by configuration"
    return end.device, port, "no signal: the cable, or the power of the other end"


def _guilt(port: Interface) -> int:
    if port.err_disabled is not None:
        return 0
    return 1 if port.admin_status is AdminStatus.DOWN else 2
