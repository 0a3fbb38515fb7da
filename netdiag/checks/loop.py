"""Layer-2 loops and flapping addresses.

A loop shows as frames that repeat on the wire, as addresses that flap between ports while a storm
runs, as a storm entering by two edge ports of one switch, as a port's own loop detection. One address
that moves once is a laptop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from netdiag.model import (
    ErrDisableCause,
    Evidence,
    Finding,
    Kind,
    LogEvent,
    LoopProbe,
    Network,
    Resource,
    Severity,
    Storm,
)
from netdiag.names import long_name, short_name, sort_key
from netdiag.text import clean
from netdiag.topology import SelfLoop, Suspect, Topology
from netdiag.topology.unrest import RECENT, is_present, recent_events, restless, storm_ports

_REPEATS = 0.9
"""Copies of earlier frames: their share in a loop is near 1."""
_GOES_ON, _STILL, _APART = timedelta(minutes=10), timedelta(minutes=1), timedelta(seconds=10)
_ONE_MESSAGE = timedelta(seconds=1)
_ENOUGH = 0.5
"""The weight from which a suspected port is named."""


def layer2_loop(network: Network, topology: Topology) -> Iterable[Finding]:
    """Loops by switch where the ports are suspected, by wire where only frames tell."""
    yield from _by_suspects(network, topology)
    yield from _on_wire(network)
    yield from _by_detection(network)
    yield from _by_probe(network, topology)
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


def _by_probe(network: Network, topology: Topology) -> Iterable[Finding]:
    """The sensor's own frame came back: through a loop many times, once from what sends it back."""
    for capture in network.captures:
        for probe in capture.loop_probes:
            last = probe.last or capture.last or network.at
            if network.at - last > RECENT:
                continue
            twice = [(name, n) for name, n in probe.elsewhere if n > probe.sent]
            if probe.returned or twice:
                yield _returned(network, topology, probe, last, capture.source)


def _returned(
    network: Network, topology: Topology, probe: LoopProbe, last: datetime, source: str
) -> Finding:
    where = "the untagged VLAN" if probe.vlan is None else f"VLAN {probe.vlan}"
    other = [v for v in probe.came_back_in if v != probe.vlan]
    copies = probe.returned + sum(n - probe.sent for _, n in probe.elsewhere if n > probe.sent)
    how = Severity.CRITICAL
    if other:
        joined = ", ".join("untagged" if v is None else f"VLAN {v}" for v in other)
        said = f"a frame sent into {where} came back in {joined}: a cable joins the two"
        how = Severity.MAJOR if copies <= probe.sent else how
    elif copies > probe.sent:
        said = f"{where} has a loop: {probe.sent} probe(s) of the sensor came back {copies} times"
    else:
        said = (
            f"a frame sent into {where} came back once: a plug that joins a socket's own wires, "
            "or a mirror port"
        )
        how = Severity.WARNING
    elsewhere = "".join(f"; {n} copies at {name}" for name, n in probe.elsewhere)
    value = f"{probe.sent} sent, {probe.returned} came back{elsewhere}"
    port = _where_it_came_back(network, topology, probe)
    note = f"; {port[0]} learned its address at {clean(short_name(port[1]))}" if port else ""
    return Finding(
        Kind.LAYER2_LOOP,
        how,
        Resource(port[0], port[1], probe.vlan)
        if port
        else Resource(vlan=probe.vlan, mac=probe.mac),
        said + note,
        (Evidence("probe", "loop_probe", value, None, last, source),),
        probe.first or last,
        last,
    )


def _where_it_came_back(
    network: Network, topology: Topology, probe: LoopProbe
) -> tuple[str, str] | None:
    """The edge port at which a switch learned the probe's address, and never had before."""
    before = {
        (s.device, e.interface)
        for s in network.history
        if probe.first is None or s.at < probe.first
        for e in s.fdb
        if e.mac == probe.mac
    }
    now = {
        (s.device, e.interface)
        for s in network.snapshots
        if s.reachable
        for e in s.fdb
        if e.mac == probe.mac
        and e.interface is not None
        and not topology.is_uplink(s.device, e.interface)
    } - before
    return now.pop() if before and len(now) == 1 else None


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
    """What devices say flaps between two of their ports; on the wire, one card that is two machines."""
    yield from _shared(network, topology)
    flapping = {id(e) for e in restless(network)}
    pairs: dict[tuple[str, str, str], list[LogEvent]] = defaultdict(list)
    for event in recent_events(network, "mac-flap"):
        if event.interface and event.other_interface:
            a, b = sorted(
                (long_name(event.interface), long_name(event.other_interface)), key=sort_key
            )
            pairs[event.device or "?", a, b].append(event)
    for (device, a, b), events in sorted(_going_on(network, pairs).items()):
        often = any(id(e) in flapping for e in events) or _keeps_on(network, events)
        yield _flapping(device, a, b, events, Severity.MINOR if often else Severity.WARNING)


def _going_on(
    network: Network, present: dict[tuple[str, str, str], list[LogEvent]]
) -> dict[tuple[str, str, str], list[LogEvent]]:
    """With the messages of the last minutes: one address at two ports makes no storm, and goes on."""
    pairs = {key: list(events) for key, events in present.items()}
    for event in network.events():
        if event.event != "mac-flap" or not (
            event.at and event.interface and event.other_interface
        ):
            continue
        if timedelta(0) <= network.at - event.at <= _GOES_ON:
            ports = (long_name(event.interface), long_name(event.other_interface))
            a, b = sorted(ports, key=sort_key)
            same = pairs.setdefault((event.device or "?", a, b), [])
            if not any(e.at and abs(e.at - event.at) < _ONE_MESSAGE for e in same):
                same.append(event)
    return {
        key: events for key, events in pairs.items() if key in present or _keeps_on(network, events)
    }


def _keeps_on(network: Network, events: list[LogEvent]) -> bool:
    """One and the same address again and again, and still: more than a laptop that moves."""
    times = [e.at for e in events if e.at is not None]
    one = len({e.mac for e in events}) == 1
    still = bool(times) and network.at - max(times) <= _STILL
    return one and still and len(times) > 1 and max(times) - min(times) >= _APART


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


def _shared(network: Network, topology: Topology) -> Iterable[Finding]:
    """Two machines with one address: cloned virtual machines, copied settings, a faked card."""
    for capture in network.captures:
        for shared in capture.shared_macs:
            edge = topology.trace(shared.mac).edge
            names = " and ".join(clean(name, 40) for name in shared.names[:3])
            value = f"{shared.mac} asked for leases as {names}, {shared.turns} turns"
            yield Finding(
                Kind.MAC_FLAPPING,
                Severity.MINOR,
                Resource(
                    edge.device if edge else None,
                    edge.interface if edge else None,
                    shared.vlan,
                    shared.mac,
                ),
                f"several machines use the address {shared.mac}: it calls itself {names} in turn",
                (Evidence("capture", "dhcp_hostname", value, None, shared.last, capture.source),),
                shared.first,
                shared.last,
            )
