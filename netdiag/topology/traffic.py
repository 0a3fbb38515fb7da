"""What passed a port, in numbers: between the two looks of this poll, and since the last stored one.

Errors are a matter of a share: how many of the frames that came were broken. A port that was reset or
rebooted in between tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from netdiag.model import Counters, Interface, Network, Rate, Snapshot

LONGEST = timedelta(hours=6)
"""A stored reading older than that says little of the present incident."""
_WRAP_32 = 1 << 32


@dataclass(frozen=True, slots=True)
class Passed:
    """Frames of one port over a time; `None`: the device does not count them."""

    seconds: float
    since: datetime
    frames_in: float | None
    frames_out: float | None
    errors_in: float | None
    too_long: float | None = None
    late_collisions: float | None = None

    @property
    def loss(self) -> float | None:
        """The share of the frames that came in broken."""
        if self.frames_in is None or self.errors_in is None:
            return None
        came = self.frames_in + self.errors_in
        return self.errors_in / came if came > 0 else 0.0


def now(snapshot: Snapshot, rate: Rate) -> Passed:
    """Between the two looks of this poll."""
    window = rate.window_s

    def frames(*parts: float | None) -> float | None:
        known = [p for p in parts if p is not None]
        return sum(known) * window if known else None

    return Passed(
        seconds=window,
        since=snapshot.at - timedelta(seconds=window),
        frames_in=frames(rate.in_unicast_pps, rate.in_broadcast_pps, rate.in_multicast_pps),
        frames_out=frames(rate.out_unicast_pps, rate.out_broadcast_pps, rate.out_multicast_pps),
        errors_in=frames(rate.in_errors_per_s),
    )


def lately(network: Network, snapshot: Snapshot, port: Interface) -> Passed | None:
    """Since the newest stored reading that compares with the present one."""
    return next(_looks(network, snapshot, port), None)


def together(
    network: Network, one: tuple[Snapshot, Interface], other: tuple[Snapshot, Interface]
) -> tuple[Passed, Passed] | None:
    """Of two ports, since the stored readings that were taken the nearest to each other."""
    pairs = [(a, b) for a in _looks(network, *one) for b in _looks(network, *other)]
    return min(
        pairs,
        key=lambda p: (abs((p[0].since - p[1].since).total_seconds()), p[0].seconds),
        default=None,
    )


def _looks(network: Network, snapshot: Snapshot, port: Interface) -> Iterator[Passed]:
    """Since each stored reading that compares with the present one, the newest first."""
    new = port.counters
    for before in sorted(
        (s for s in network.history if s.device == snapshot.device),
        key=lambda s: s.at,
        reverse=True,
    ):
        old = row.counters if (row := before.interface(port.name)) is not None else None
        if old is None or new is None or old.at >= new.at:
            continue
        if new.at - old.at > LONGEST or old.discontinuity_s != new.discontinuity_s:
            return
        if _rebooted(before, snapshot):
            return
        yield _between(old, new)


def _rebooted(before: Snapshot, after: Snapshot) -> bool:
    if before.sys_up_time_s is None or after.sys_up_time_s is None:
        return False
    return after.sys_up_time_s < before.sys_up_time_s


def _between(old: Counters, new: Counters) -> Passed:
    def change(name: str) -> float | None:
        first, last = getattr(old, name), getattr(new, name)
        if first is None or last is None:
            return None
        grown = int(last) - int(first)
        if grown < 0 and first < _WRAP_32:
            grown += _WRAP_32
        return float(grown) if grown >= 0 else None

    def frames(way: str) -> float | None:
        parts = [change(f"{way}_{cast}_pkts") for cast in ("unicast", "broadcast", "multicast")]
        known = [p for p in parts if p is not None]
        return sum(known) if known else None

    errors = [change("in_errors"), change("fcs_errors")]
    known = [e for e in errors if e is not None]
    return Passed(
        seconds=(new.at - old.at).total_seconds(),
        since=old.at,
        frames_in=frames("in"),
        frames_out=frames("out"),
        errors_in=max(known, default=None),
        too_long=change("too_long"),
        late_collisions=change("late_collisions"),
    )
