"""Layer-2 loops and flapping addresses.

A loop shows as frames that repeat on the wire, as addresses that flap between ports while a storm
runs, as a storm entering by two edge ports of one switch, as a port's own loop detection. One address
that moves once is a laptop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from netdiag.model import (
    ErrDisableCause,
    Evidence,
    Finding,
    Kind,
    LogEvent,
    Network,
    Resource,
    Severity,
    Storm,
)
from netdiag.names import long_name, short_name, sort_key
from netdiag.text import clean
from netdiag.topology import SelfLoop, Suspect, Topology
from netdiag.topology.unrest import is_present, recent_events, restless, storm_ports

_REPEATS = 0.9
"""Copies of earlier frames: their share in a loop is near 1."""
_ENOUGH = 0.5
"""The weight from which a suspected port is named."""


def layer2_loop(network: Network, topology: Topology) -> Iterable[Finding]:
    """Loops by switch where the ports are suspected, by wire where only frames tell."""
    yield from _by_suspects(network, topology)
    yield from _on_wire(network)
    yield from _by_detection(network)
    if topology.storm_began is None:
        yield from (_hears_itself(loop) for loop in topology.self_loops)


def _by_suspects(network: Network, topology: Topology) -> Iterable[Finding]:
    by_device: dict[str, list[Suspect]] = defaultdict(list)
    for suspect in topology.suspects:
        by_device[suspect.device].append(suspect)
    for device, found in sorted(by_device.items()):
        named = [s for s in found if s.weight >= _ENOUGH]
        if named and _is_loop(network, device, named):
            yield _loop_at(device, named)


def _is_loop(network: Network, device: str, named: list[Suspect]) -> bool:
    """A storm by two edge ports, or flapping to an edge port beyond a moving laptop."""
    rated = {p for p, _ in storm_ports(network, device)}
    by_rate = [s for s in named if s.interface in rated]
    if len(by_rate) > 1 or (_wire_repeats(network) and by_rate):
        return True
    return any(e.what in {"mac-flap", "lldp"} for s in named for e in s.evidence) and (
        bool(restless(network)) or bool(rated) or bool(recent_events(network, "storm"))
    )


def _loop_at(device: str, named: list[Suspect]) -> Finding:
    ordered = sorted(named, key=lambda s: (s.first, -s.weight, sort_key(s.interface)))
    ports = [s.interface for s in ordered]
    evidence = tuple(e for s in ordered for e in s.evidence)
    between = " and ".join(clean(short_name(p)) for p in sorted(ports, key=sort_key))
    at = max((e.at for e in evidence if e.at is not None), default=ordered[0].first)
    return Finding(
        Kind.LAYER2_LOOP,
        Severity.CRITICAL,
        Resource(device, ports[0]),
        f"frames go round in a loop at {device} {between}",
        evidence,
        min(s.first for s in ordered),
        at,
    )


def _wire_repeats(network: Network) -> bool:
    return any(_repeats(s) for c in network.captures for s in c.storms if is_present(network, s))


def _repeats(storm: Storm) -> bool:
    """Copies of what several stations sent: one card that repeats itself is no loop."""
    copies = (storm.repeat_ratio or 0.0) >= _REPEATS and storm.cause != "single-source"
    return copies or storm.cause == "loop"


def _on_wire(network: Network) -> Iterable[Finding]:
    for capture in network.captures:
        for storm in capture.storms:
            if not _repeats(storm) or not is_present(network, storm):
                continue
            share = f"{storm.repeat_ratio:.0%}" if storm.repeat_ratio is not None else "most"
            yield Finding(
                Kind.LAYER2_LOOP,
                Severity.CRITICAL,
                Resource(vlan=storm.vlans[0] if len(storm.vlans) == 1 else None),
                f"{share} of the storm's frames are repeats: they go round in a loop",
                (Evidence("capture", "repeat_ratio", share, None, storm.end, capture.source),),
                storm.start,
                storm.end,
            )


def _by_detection(network: Network) -> Iterable[Finding]:
    """The device's own loop detection: a message, or a port closed by it."""
    for event in recent_events(network, "loop"):
        name = long_name(event.interface) if event.interface else None
        what = Evidence("syslog", "loop", name or "?", event.device, event.at, event.raw)
        yield _detected(event.device or "?", name, what, event.at or network.at)
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            state = port.err_disabled
            if state is not None and state.cause is ErrDisableCause.LOOP_DETECTED:
                value = f"{port.name}: {clean(state.vendor_cause)}"
                what = Evidence("snmp", "err_disabled", value, snapshot.device, snapshot.at)
                yield _detected(snapshot.device, port.name, what, snapshot.at)


def _detected(device: str, name: str | None, what: Evidence, at: datetime) -> Finding:
    where = f"{device} {clean(short_name(name))}" if name else device
    return Finding(
        Kind.LAYER2_LOOP,
        Severity.MAJOR,
        Resource(device, name),
        f"{where} detected a loop",
        (what,),
        at,
        at,
    )


def _hears_itself(loop: SelfLoop) -> Finding:
    """Quiet, so blocked, or a stacking cable: worth a look, no incident."""
    ports = " and ".join(clean(short_name(p)) for p in (loop.interface, loop.other) if p)
    value = f"{loop.interface or '?'} = {loop.other or '?'}"
    return Finding(
        Kind.LAYER2_LOOP,
        Severity.WARNING,
        Resource(loop.device, loop.interface),
        f"a cable leads from {loop.device} {ports} back into {loop.device}",
        (Evidence("snmp", "self_neighbor", value, loop.device, loop.observed),),
        loop.observed,
        loop.observed,
    )


# --- mac-flapping --------------------------------------------------------------------------------


def mac_flapping(network: Network, topology: Topology) -> Iterable[Finding]:
    """Addresses that a device says flap between two of its ports, one finding a pair of ports."""
    del topology
    flapping = {id(e) for e in restless(network)}
    pairs: dict[tuple[str, str, str], list[LogEvent]] = defaultdict(list)
    for event in recent_events(network, "mac-flap"):
        if event.interface and event.other_interface:
            a, b = sorted(
                (long_name(event.interface), long_name(event.other_interface)), key=sort_key
            )
            pairs[event.device or "?", a, b].append(event)
    for (device, a, b), events in sorted(pairs.items()):
        often = any(id(e) in flapping for e in events)
        yield _flapping(device, a, b, events, Severity.MINOR if often else Severity.WARNING)


def _flapping(device: str, a: str, b: str, events: list[LogEvent], how: Severity) -> Finding:
    macs = sorted({e.mac for e in events if e.mac})
    times = [e.at for e in events if e.at is not None]
    evidence = tuple(
        Evidence("syslog", "mac-flap", f"{e.mac}: {a} and {b}", device, e.at, e.raw) for e in events
    )
    which = clean(macs[0]) if len(macs) == 1 else f"{len(macs)} addresses"
    return Finding(
        Kind.MAC_FLAPPING,
        how,
        Resource(device, a, None, macs[0] if len(macs) == 1 else None),
        f"{which} flapped between {device} {clean(short_name(a))} and {clean(short_name(b))}",
        evidence,
        min(times),
        max(times),
    )
