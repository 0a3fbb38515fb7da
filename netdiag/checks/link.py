"""Links that are up and bad: they flap, lose frames, hear nothing, or carry more than they can.

Rules: errors count as a share of what came, over this poll or since the last stored one; what one end
sent and the other never got is a loss that no counter of errors shows; a link that is full because of
a storm is the storm's business; one desk that fills its own link is at work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from netdiag.model import (
    ErrDisableCause,
    Evidence,
    Finding,
    Interface,
    Kind,
    LogEvent,
    Network,
    OperStatus,
    Rate,
    Resource,
    Severity,
    Snapshot,
)
from netdiag.names import long_name, short_name, sort_key
from netdiag.text import clean
from netdiag.topology import End, Link, Topology, place, traffic
from netdiag.topology.traffic import Passed
from netdiag.topology.unrest import SILENCE, storm_ports

FLAP_WINDOW = timedelta(minutes=15)
_FLAPS_UPLINK, _FLAPS_EDGE = 4, 5
"""A computer that starts takes its link down two or three times."""
_BURST_S = 1.0
"""Messages of one change: link and line protocol."""
_ERRORS_NOW, _ERRORS_LATELY = 5, 8
_SHARE, _SHARE_MAJOR = 0.002, 0.02
_LOST, _SENT, _SENT_NOW = 0.05, 100, 10
"""Of so many frames that one end sent, this share never arrived, beyond any doubt about moments."""
_READING_S = 1.5
"""Between the first and the last counter of one reading."""
_HEARD_NOTHING_SENT = 5
_FULL, _FULL_UNCOUNTED = 0.8, 0.97
"""Share of the link's speed; the second where the device does not count what it throws away."""
_DISCARDS_PER_S = 1.0
_BUSY, _THROWN_AWAY = 0.2, 0.02
"""Bursts fill a queue while the average is low: then the share that is thrown away tells."""


def _uplink(topology: Topology, device: str, port: str) -> bool:
    return topology.is_uplink(device, port)


def _up(snapshot: Snapshot) -> Iterator[Interface]:
    if snapshot.reachable:
        yield from (i for i in snapshot.interfaces if i.oper_status is OperStatus.UP)


def _finding(  # noqa: PLR0917 - a finding's own fields
    network: Network,
    kind: Kind,
    severity: Severity,
    device: str,
    port: str,
    said: str,
    evidence: Iterable[Evidence],
    since: datetime,
) -> Finding:
    text = f"{place(network, device, port)} {said}"
    resource = Resource(device, port)
    return Finding(kind, severity, resource, text, tuple(evidence), since, network.at)


# --- link-flapping -------------------------------------------------------------------------------


def link_flapping(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports whose link goes down again and again, by the devices' own messages."""
    for (device, port), downs in sorted(_downs(network, topology).items()):
        uplink = _uplink(topology, device, port)
        if len(downs) >= (_FLAPS_UPLINK if uplink else _FLAPS_EDGE) and not _shut(
            network, device, port
        ):
            times = [e.at for e in downs if e.at is not None]
            minutes = max(1, round((max(times) - min(times)).total_seconds() / 60))
            yield _finding(
                network,
                Kind.LINK_FLAPPING,
                Severity.MAJOR if uplink else Severity.MINOR,
                device,
                port,
                f"lost its link {len(downs)} times in {minutes} min",
                [Evidence("syslog", "link-down", port, device, e.at, e.raw) for e in downs[-10:]],
                min(times),
            )
    for snapshot in network.snapshots:
        yield from (
            _closed_for_flapping(network, topology, snapshot, p) for p in _flapped(snapshot)
        )


def _flapped(snapshot: Snapshot) -> list[Interface]:
    if not snapshot.reachable:
        return []
    closed = [(p, p.err_disabled) for p in snapshot.interfaces]
    return [p for p, state in closed if state and state.cause is ErrDisableCause.LINK_FLAP]


def _closed_for_flapping(
    network: Network, topology: Topology, snapshot: Snapshot, port: Interface
) -> Finding:
    state = port.err_disabled
    value = f"{port.name}: {clean(state.vendor_cause) if state else ''}"
    uplink = _uplink(topology, snapshot.device, port.name)
    return _finding(
        network,
        Kind.LINK_FLAPPING,
        Severity.MAJOR if uplink else Severity.MINOR,
        snapshot.device,
        port.name,
        "lost its link so often that the switch closed it",
        [Evidence("snmp", "err_disabled", value, snapshot.device, snapshot.at)],
        snapshot.at,
    )


def _downs(network: Network, topology: Topology) -> dict[tuple[str, str], list[LogEvent]]:
    """Each loss of link of the last minutes, once; those that a protection or a person made left out."""
    made: dict[tuple[str, str], int] = defaultdict(int)
    found: dict[tuple[str, str], list[LogEvent]] = defaultdict(list)
    for event in sorted(
        (e for e in network.events() if e.at is not None), key=lambda e: (str(e.at), e.raw)
    ):
        if event.at is None or not event.device or not event.interface:
            continue
        if not network.at - FLAP_WINDOW <= event.at <= network.at + SILENCE:
            continue
        device = topology.identities.by_name(event.device) or event.device
        key = (device, long_name(event.interface))
        if event.event == "link-down" and "administratively" in event.raw:
            made[key] += 1
        elif event.event == "err-disabled" and event.cause is not ErrDisableCause.LINK_FLAP:
            made[key] += 2
        elif event.event == "link-down":
            last = found[key][-1].at if found[key] else None
            if last is None or (event.at - last).total_seconds() >= _BURST_S:
                found[key].append(event)
    for key, events in found.items():
        closings = made[key] + sum(
            made[link.far(key[0]).device, long_name(link.far(key[0]).interface or "")]
            for link in topology.links_at(*key)
        )
        found[key] = events[min(closings, len(events)) :]
    return found


def _shut(network: Network, device: str, port: str) -> bool:
    snapshot = network.snapshot(device)
    row = snapshot.interface(port) if snapshot is not None and snapshot.reachable else None
    return row is not None and row.admin_status == "down"


# --- lossy-link ----------------------------------------------------------------------------------


def lossy_link(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports at which a share of the frames comes in broken, or never comes in at all."""
    for snapshot in network.snapshots:
        for port in _up(snapshot):
            looks = _looks(network, snapshot, port)
            worst = max(looks, key=lambda p: p.loss or 0.0, default=None)
            if worst is not None and worst.loss is not None and worst.loss >= _SHARE:
                yield _broken(network, topology, snapshot, port, worst)
    for link in topology.links:
        yield from _vanished(network, link)


def _looks(network: Network, snapshot: Snapshot, port: Interface) -> list[Passed]:
    """Those with enough errors to mean something; frames that are only too long are not broken."""
    found = []
    rate = snapshot.rate(port.name)
    if rate is not None:
        brief = traffic.now(snapshot, rate)
        if (brief.errors_in or 0) >= _ERRORS_NOW:
            found.append(brief)
    lately = traffic.lately(network, snapshot, port)
    if lately is not None and (lately.errors_in or 0) >= _ERRORS_LATELY:
        found.append(lately)
    return found


def _broken(
    network: Network, topology: Topology, snapshot: Snapshot, port: Interface, seen: Passed
) -> Finding:
    share = seen.loss or 0.0
    uplink = _uplink(topology, snapshot.device, port.name)
    value = f"{port.name}: {seen.errors_in:.0f} errors in {seen.seconds:.0f} s ({share:.1%})"
    bad = share >= _SHARE_MAJOR
    return _finding(
        network,
        Kind.LOSSY_LINK,
        Severity.MAJOR if bad and uplink else Severity.MINOR,
        snapshot.device,
        port.name,
        f"receives broken frames: {share:.1%} of them, {seen.errors_in:.0f} in {seen.seconds:.0f} s",
        [Evidence("snmp", "in_errors", value, snapshot.device, snapshot.at)],
        seen.since,
    )


def _vanished(network: Network, link: Link) -> Iterator[Finding]:
    """What one end sends and the other does not get, though neither counts an error."""
    for sender, hears in ((link.a, link.b), (link.b, link.a)):
        if hears.interface is None or sender.interface is None or link.protocols == ("alias",):
            continue
        if _is_stormy(network, sender.device) or _is_stormy(network, hears.device):
            continue
        share, lost = _missing(network, sender, hears)
        if share >= _LOST:
            yield _finding(
                network,
                Kind.LOSSY_LINK,
                Severity.MAJOR,
                hears.device,
                hears.interface,
                f"misses at least {share:.0%} of what {sender.device} sends, and counts no error",
                [Evidence("snmp", "frames", lost, hears.device, network.at)],
                network.at,
            )


def _missing(network: Network, sender: End, hears: End) -> tuple[float, str]:
    """(The share that is missing for certain, in words): two ends are not read at the same moments.

    What the busier of both looks would have passed meanwhile may be on either side of a reading.
    """
    ends = [_is_passing(network, end) for end in (sender, hears)]
    if ends[0] is None or ends[1] is None:
        return 0.0, ""
    pair = traffic.together(network, ends[0][:2], ends[1][:2])
    brief = [traffic.now(snapshot, rate) for snapshot, _, rate in (ends[0], ends[1])]
    if pair is None or not brief[0].frames_out or brief[1].frames_in is None:
        return 0.0, ""
    sent, got = pair
    if sent.frames_out is None or got.frames_in is None or sent.frames_out < _SENT:
        return 0.0, ""
    apart = abs((sent.since - got.since).total_seconds())
    apart += abs((sent.since - got.since).total_seconds() + sent.seconds - got.seconds)
    pace = max(sent.frames_out / sent.seconds, brief[0].frames_out / brief[0].seconds)
    lost = sent.frames_out - got.frames_in - (got.errors_in or 0.0) - (apart + _READING_S) * pace
    now = brief[1].frames_in / brief[1].seconds / (brief[0].frames_out / brief[0].seconds)
    if brief[0].frames_out < _SENT_NOW or 1 - now < _LOST:
        return 0.0, ""
    words = f"{sent.frames_out:.0f} sent by {sender.device}, {got.frames_in:.0f} received"
    return max(0.0, lost / sent.frames_out), words


def _is_passing(network: Network, end: End) -> tuple[Snapshot, Interface, Rate] | None:
    """The port of an end that answers, is up and was measured."""
    snapshot = network.snapshot(end.device)
    if snapshot is None or not snapshot.reachable:
        return None
    port, rate = snapshot.interface(end.interface), snapshot.rate(end.interface)
    if port is None or rate is None or port.oper_status is not OperStatus.UP:
        return None
    return snapshot, port, rate


def _is_stormy(network: Network, device: str) -> bool:
    return bool(storm_ports(network, device))


# --- unidirectional-link -------------------------------------------------------------------------


def unidirectional_link(network: Network, topology: Topology) -> Iterable[Finding]:
    """Links that are up and whose one end hears nothing of what the other sends."""
    for snapshot in network.snapshots:
        for port in _up(snapshot):
            links = topology.links_at(snapshot.device, port.name)
            rate = snapshot.rate(port.name)
            if rate is not None and any(li.protocols != ("alias",) for li in links):
                yield from _deaf(network, topology, snapshot, port, rate, links[0])
        yield from _closed_by_udld(network, snapshot)


def _deaf(  # noqa: PLR0917 - one port with its look, its rates and its link
    network: Network,
    topology: Topology,
    snapshot: Snapshot,
    port: Interface,
    rate: Rate,
    link: Link,
) -> Iterator[Finding]:
    seen = traffic.now(snapshot, rate)
    if seen.frames_in is None or seen.frames_out is None or seen.seconds < 1 or seen.errors_in:
        return
    far = link.far(snapshot.device)
    other = network.snapshot(far.device)
    sends = _sends(other, far.interface)
    dark = other is None or not other.reachable
    value = (
        f"{port.name}: {seen.frames_in:.0f} in, {seen.frames_out:.0f} out in {seen.seconds:.0f} s"
    )
    evidence = [Evidence("snmp", "frames", value, snapshot.device, snapshot.at)]
    if seen.frames_in < 1 and (
        (sends is not None and sends >= _HEARD_NOTHING_SENT)
        or (
            dark
            and seen.frames_out >= _HEARD_NOTHING_SENT
            and _spoke_before(network, snapshot, port)
        )
    ):
        said = f"hears nothing of {far.device}, though its link is up"
    elif dark and seen.frames_in >= 1 and topology.stations_answer(far.device) is False:
        said = f"hears {far.device}, which hears nothing: nobody behind it answers"
    else:
        return
    yield _finding(
        network,
        Kind.UNIDIRECTIONAL_LINK,
        Severity.CRITICAL if topology.behind(snapshot.device, port.name) else Severity.MAJOR,
        snapshot.device,
        port.name,
        said,
        evidence,
        seen.since,
    )


def _sends(other: Snapshot | None, interface: str | None) -> float | None:
    """Frames that the far end sent in its own window; `None` where it was not measured."""
    if other is None or not other.reachable or interface is None:
        return None
    rate, port = other.rate(interface), other.interface(interface)
    if rate is None or port is None or port.oper_status is not OperStatus.UP:
        return None
    return traffic.now(other, rate).frames_out


def _spoke_before(network: Network, snapshot: Snapshot, port: Interface) -> bool:
    """Something was learned there in the stored look: it is no link that is always quiet."""
    before = next((s for s in network.history if s.device == snapshot.device), None)
    return before is not None and any(e.interface == port.name for e in before.fdb)


def _closed_by_udld(network: Network, snapshot: Snapshot) -> Iterator[Finding]:
    for port in snapshot.interfaces if snapshot.reachable else ():
        state = port.err_disabled
        if state is not None and state.cause is ErrDisableCause.UDLD:
            value = f"{port.name}: {clean(state.vendor_cause)}"
            yield _finding(
                network,
                Kind.UNIDIRECTIONAL_LINK,
                Severity.MAJOR,
                snapshot.device,
                port.name,
                "was closed because frames passed one way only (UDLD)",
                [Evidence("snmp", "err_disabled", value, snapshot.device, snapshot.at)],
                snapshot.at,
            )


# --- congested-link ------------------------------------------------------------------------------


def congested_link(network: Network, topology: Topology) -> Iterable[Finding]:
    """Ports between switches that are asked to send more than the link carries."""
    for snapshot in network.snapshots:
        storms = {p for p, _ in storm_ports(network, snapshot.device)}
        for port in _up(snapshot):
            rate = snapshot.rate(port.name)
            if rate is None or storms or not _uplink(topology, snapshot.device, port.name):
                continue
            if _is_full(rate, port) and not _mostly_broadcast(rate):
                yield _congested(network, topology, snapshot, port, rate)


def _is_full(rate: Rate, port: Interface) -> bool:
    if not port.speed_bps or rate.out_octets_per_s is None:
        return False
    load = 8 * rate.out_octets_per_s / port.speed_bps
    if rate.out_discards_per_s is None:
        return load >= _FULL_UNCOUNTED
    if rate.out_discards_per_s < _DISCARDS_PER_S:
        return False
    sent = sum(
        pps or 0.0 for pps in (rate.out_unicast_pps, rate.out_broadcast_pps, rate.out_multicast_pps)
    )
    share = rate.out_discards_per_s / (sent + rate.out_discards_per_s)
    return load >= _FULL or (load >= _BUSY and share >= _THROWN_AWAY)


def _mostly_broadcast(rate: Rate) -> bool:
    flooded = (rate.out_broadcast_pps or 0.0) + (rate.out_multicast_pps or 0.0)
    return flooded > (rate.out_unicast_pps or 0.0)


def _congested(
    network: Network, topology: Topology, snapshot: Snapshot, port: Interface, rate: Rate
) -> Finding:
    load = 8 * (rate.out_octets_per_s or 0.0) / (port.speed_bps or 1)
    lost = rate.out_discards_per_s or 0.0
    value = f"{port.name}: {load:.0%} of {port.speed_bps} bit/s, {lost:.0f} frames/s thrown away"
    evidence = [Evidence("snmp", "out_octets_per_s", value, snapshot.device, snapshot.at)]
    talkers = _talkers(topology, snapshot)
    most = f"; most of it comes in at {', '.join(talkers)}" if talkers else ""
    return _finding(
        network,
        Kind.CONGESTED_LINK,
        Severity.MAJOR,
        snapshot.device,
        port.name,
        f"is full: {load:.0%} of what it carries, {lost:.0f} frames/s are thrown away{most}",
        evidence,
        snapshot.at,
    )


def _talkers(topology: Topology, snapshot: Snapshot) -> list[str]:
    """The edge ports of the same switch that bring in the most."""
    edge = [
        (r.in_octets_per_s, r.interface)
        for r in snapshot.rates
        if r.in_octets_per_s and not _uplink(topology, snapshot.device, r.interface)
    ]
    total = sum(octets for octets, _ in edge)
    strong = [(o, p) for o, p in edge if o >= 0.25 * total and o > 0]
    ordered = sorted(strong, key=lambda x: (-x[0], sort_key(x[1])))
    return [clean(short_name(p)) for _, p in ordered[:3]]
