"""When the network is in a storm, and on which ports it comes in.

While frames circle, addresses are learned wherever they last came in: the FDB lies. Everything that
relies on it asks here first since when. The bounds are packets per second of received broadcasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from netdiag.model import ErrDisableCause, LogEvent, Network, Snapshot, Storm

RECENT = timedelta(hours=2)
"""Log messages older than this are history, not part of the present incident."""
ABSOLUTE_PPS = 500.0
"""A storm on any port, where nothing is known of what is usual there."""
FLOOR_PPS = 100.0
"""Below this nothing is a storm, however quiet the port is otherwise."""
ALONE_PPS = 100.0
"""No single station sends so many broadcasts a second, whatever is usual there."""
TIMES_USUAL = 10.0
TIMES_USUAL_BUSY = 3.0
BUSY_PPS = 1000.0
LONGEST = timedelta(hours=24)
"""A port that has been closed for longer is an old story, whatever closed it."""
BEFORE = timedelta(minutes=30)
"""What happened so long before a storm may be what began it."""
JUST_NOW = timedelta(seconds=15)
_MOSTLY, _FILLED = 0.8, 0.3
"""Share of broadcasts among what comes in, and of the link's speed that they take."""
_SCAN_SLACK = 1.5
"""Between what a sensor counted and what a port's counters show of the same scan."""
SILENCE = timedelta(minutes=1)
"""Slack between clocks of devices, of the sensor and of the poll."""

STORM_CAUSES = frozenset(
    {
        ErrDisableCause.STORM_CONTROL,
        ErrDisableCause.LOOP_DETECTED,
        ErrDisableCause.MAC_FLAPPING,
        ErrDisableCause.UNICAST_FLOOD,
    }
)
"""Protections that close a port because of what comes in from behind it."""


def usual_pps(network: Network, device: str, interface: str) -> float | None:
    """The port's own median of received broadcasts, from at least two stored readings."""
    return next(
        (
            b.in_broadcast_pps
            for b in network.baselines
            if b.device == device and b.interface == interface and b.samples >= 2
        ),
        None,
    )


def is_storm(pps: float | None, usual: float | None) -> bool:
    """Whether so many received broadcasts a second are a storm on that port."""
    if pps is None or pps < FLOOR_PPS:
        return False
    if usual is None:
        return pps >= ABSOLUTE_PPS
    return pps >= TIMES_USUAL * max(usual, 1.0) or (
        pps >= BUSY_PPS and pps >= TIMES_USUAL_BUSY * usual
    )


def storm_ports(network: Network, device: str) -> tuple[tuple[str, float], ...]:
    """Ports of a device on which a storm comes in now, with packets/s, the strongest first."""
    snapshot = network.snapshot(device)
    if snapshot is None or not snapshot.reachable:
        return ()
    rates = [(r.interface, r.in_broadcast_pps or 0.0) for r in snapshot.rates]
    rates = [
        (port, pps)
        for port, pps in rates
        if pps >= FLOOR_PPS and not _is_scan(network, snapshot, port, pps)
    ]
    usual = {port: usual_pps(network, device, port) for port, _ in rates}
    found = [
        (port, pps)
        for port, pps in rates
        if is_storm(pps, usual[port])
        or _fills(snapshot, port)
        or (usual[port] is None and _is_alone(snapshot, port, pps))
    ]
    if found:
        # A loop's two ports can differ tenfold: beside one that storms, the floor is enough.
        known = {port for port, _ in found}
        found += [(port, pps) for port, pps in rates if port not in known and usual[port] is None]
    return tuple(sorted(found, key=lambda p: (-p[1], p[0])))


def _is_alone(snapshot: Snapshot, port: str, pps: float) -> bool:
    """One station alone is behind the port, and sends what no station sends."""
    macs = {e.mac for e in snapshot.fdb if e.interface == port}
    return pps >= ALONE_PPS and len(macs) == 1


def _fills(snapshot: Snapshot, port: str) -> bool:
    """Hardly anything but broadcasts comes in, and takes a good part of what the link can carry.

    Large frames storm at fewer packets a second.
    """
    rate, interface = snapshot.rate(port), snapshot.interface(port)
    if rate is None or interface is None or not interface.speed_bps:
        return False
    every = [rate.in_broadcast_pps, rate.in_multicast_pps, rate.in_unicast_pps]
    frames = sum(pps or 0.0 for pps in every)
    mostly = (rate.in_broadcast_pps or 0.0) >= _MOSTLY * frames > 0
    return mostly and (rate.in_octets_per_s or 0.0) * 8 >= _FILLED * interface.speed_bps


def _is_scan(network: Network, snapshot: Snapshot, port: str, pps: float) -> bool:
    """What comes in is a station asking for one address after another: fast, and no storm."""
    if pps >= ABSOLUTE_PPS:
        return False
    here = {e.mac for e in snapshot.fdb if e.interface == port}
    return any(
        mac in here and pps <= _SCAN_SLACK * asked + FLOOR_PPS
        for capture in network.captures
        if capture.last is not None and snapshot.at - capture.last <= SILENCE
        for mac, asked in capture.arp_scans
    )


def closed_by_storm(network: Network) -> tuple[tuple[str, str, datetime], ...]:
    """(device, port, since when) of ports that a storm's protection holds closed now.

    Where neither the port nor a message says since when, the time of the poll stands for it.
    """
    found = []
    for snapshot in network.snapshots:
        for port in snapshot.interfaces if snapshot.reachable else ():
            if port.err_disabled is not None and port.err_disabled.cause in STORM_CAUSES:
                at = _closed_at(network, snapshot.device, port.name)
                if at is None and port.last_change_s is not None:
                    at = snapshot.at - timedelta(seconds=port.last_change_s)
                found.append((snapshot.device, port.name, at or snapshot.at))
    return tuple(sorted(found, key=lambda f: (f[2], f[0], f[1])))


def _closed_at(network: Network, device: str, port: str) -> datetime | None:
    return max(
        (
            e.at
            for e in network.events()
            if e.event == "err-disabled" and e.device == device and e.interface == port and e.at
        ),
        default=None,
    )


def incident_window(network: Network) -> datetime:
    """Messages older than this are another incident's: further back while a storm's port is shut."""
    since = [at - BEFORE for _, _, at in closed_by_storm(network) if network.at - at <= LONGEST]
    return min([network.at - RECENT, *since])


def calm_since(network: Network) -> datetime | None:
    """Every device answers, was measured, and nothing storms or is closed by a storm: since when.

    Messages from before then tell of what is over. `None`: not calm, or not measured.
    """
    for snapshot in network.snapshots:
        if not snapshot.reachable or not snapshot.rates or storm_ports(network, snapshot.device):
            return None
    if any(network.at - at <= LONGEST for _, _, at in closed_by_storm(network)):
        return None
    return min((s.at for s in network.snapshots), default=None)


def recent_events(network: Network, *kinds: str) -> tuple[LogEvent, ...]:
    """Messages of the present incident, oldest first, each once however many channels brought it."""
    since, calm = incident_window(network), calm_since(network)
    if calm is not None:
        since = max(since, calm - JUST_NOW)
    seen: dict[tuple[object, ...], LogEvent] = {}
    for event in network.events():
        if event.event not in kinds or event.at is None or event.device is None:
            continue
        if since <= event.at <= network.at + SILENCE:
            second = event.at.replace(microsecond=0)
            key = (second, event.device, event.event, event.interface, event.other_interface)
            seen.setdefault((*key, event.mac, event.vlan), event)
    return tuple(sorted(seen.values(), key=_event_key))


def _event_key(event: LogEvent) -> tuple[object, ...]:
    return (event.at, event.device, event.event, event.interface or "", event.mac or "", event.raw)


_LEARNED, _LEARNED_FOR = 5, timedelta(hours=24)
"""Captures, and the time over which they were made, before they say what is usual on a wire."""


def usual_on_wire(
    network: Network, source: str, kind: str, vlans: Sequence[int | None]
) -> float | None:
    """How many of a kind are heard a second at that sensor on an ordinary day, in those VLANs."""
    known = [
        s.median_pps
        for s in network.segments
        if (s.source, s.kind) == (source, kind)
        and (s.vlan in vlans or not vlans)
        and s.captures >= _LEARNED
        and s.last - s.first >= _LEARNED_FOR
    ]
    return sum(known) if known else None


def _is_usual(network: Network, storm: Storm) -> bool:
    """It is as loud there every day: many stations, no copies."""
    if storm.cause == "loop" or (storm.repeat_ratio or 0.0) > 0.5:
        return False
    sources = {c.source for c in network.captures if storm in c.storms}
    usual = [usual_on_wire(network, s, storm.kind, storm.vlans) for s in sources]
    return any(u is not None and storm.peak_pps <= TIMES_USUAL_BUSY * u for u in usual)


def is_present(network: Network, storm: Storm) -> bool:
    """A storm heard on the wire that belongs to the present incident, and not to every day."""
    if network.segments and _is_usual(network, storm):
        return False
    calm = calm_since(network)
    if calm is not None and storm.end < calm - JUST_NOW:
        return False
    return network.at - storm.end <= RECENT


def restless(network: Network) -> tuple[LogEvent, ...]:
    """Flapping addresses beyond a laptop that moves: several of them, or one again and again."""
    flaps = recent_events(network, "mac-flap")
    by_device: dict[str | None, list[LogEvent]] = {}
    for event in flaps:
        by_device.setdefault(event.device, []).append(event)
    found = [
        e
        for group in by_device.values()
        if len({g.mac for g in group}) > 1 or len(group) > 2
        for e in group
    ]
    return tuple(sorted(found, key=_event_key))


def storm_began(network: Network) -> datetime | None:
    """The earliest sign of the present incident's storm; `None`: the network is calm."""
    events = (*recent_events(network, "storm", "loop", "err-disabled"), *restless(network))
    signs = [
        e.at or network.at for e in events if e.event != "err-disabled" or e.cause in STORM_CAUSES
    ]
    for capture in network.captures:
        signs += [s.start for s in capture.storms if is_present(network, s)]
    for snapshot in network.snapshots:
        if storm_ports(network, snapshot.device):
            signs.append(snapshot.at)
    signs += [at for _, _, at in closed_by_storm(network) if at >= incident_window(network)]
    return min(signs, default=None)


def storms_now(network: Network, device: str, flaps: Sequence[LogEvent]) -> bool:
    """Whether the device's present FDB is to be distrusted: frames still circle through it.

    `flaps`: the recent events of kind mac-flap, of all devices.
    """
    if storm_ports(network, device):
        return True
    snapshot = network.snapshot(device)
    if snapshot is None or not snapshot.reachable or snapshot.rates:
        return False
    fresh = [e for e in flaps if e.device == device and e.at and snapshot.at - e.at <= SILENCE]
    return bool(fresh)
