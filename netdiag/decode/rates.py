"""Two readings of a device's counters -> rates. Never negative: what cannot be told is `None`.

A counter runs to 2^32 - 1 (Counter32) and starts again at 0; a Counter64 never does in practice, so
one that has gone back was reset. A reboot or a discontinuity between the readings makes the device's
(the interface's) rates unknowable, and it then has none (RFC 2863, section 3.1.5).
"""

from __future__ import annotations

from netdiag.model import Counters, Interface, Rate, Snapshot

_WRAP = 2**32
_UP_TIME_WRAP_S = _WRAP / 100
# field of Rate: (field of Counters, always 32 bits wide)
_FIELDS = {
    "in_broadcast_pps": ("in_broadcast_pkts", False),
    "out_broadcast_pps": ("out_broadcast_pkts", False),
    "in_multicast_pps": ("in_multicast_pkts", False),
    "out_multicast_pps": ("out_multicast_pkts", False),
    "in_unicast_pps": ("in_unicast_pkts", False),
    "out_unicast_pps": ("out_unicast_pkts", False),
    "in_octets_per_s": ("in_octets", False),
    "out_octets_per_s": ("out_octets", False),
    "in_errors_per_s": ("in_errors", True),
    "in_discards_per_s": ("in_discards", True),
    "out_errors_per_s": ("out_errors", True),
    "out_discards_per_s": ("out_discards", True),
}
_MIN_FRAME_ON_WIRE_BITS = 84 * 8
"""64 octets of frame, preamble and gap: no more frames a second than the speed divided by this."""


def rates(before: Snapshot, after: Snapshot) -> tuple[Rate, ...]:
    """The rates of every interface whose counters of both readings compare, in `after`'s order."""
    if before.device != after.device or _rebooted(before, after):
        return ()
    earlier = {(i.name, i.if_index): i for i in before.interfaces}
    found = (
        _rate(earlier[key], i) for i in after.interfaces if (key := (i.name, i.if_index)) in earlier
    )
    return tuple(rate for rate in found if rate is not None)


def _rebooted(before: Snapshot, after: Snapshot) -> bool:
    """sysUpTime has not run on with the clock (it may wrap: every 497 days)."""
    if before.sys_up_time_s is None or after.sys_up_time_s is None:
        return False
    elapsed = (after.at - before.at).total_seconds()
    expected = before.sys_up_time_s + elapsed
    slack = 5 + 0.1 * abs(elapsed)
    wrapped = expected - _UP_TIME_WRAP_S
    if before.sys_up_time_s <= after.sys_up_time_s and after.sys_up_time_s > elapsed + slack:
        return False  # its clock is slow: since a restart it could not have been up for so long
    return (
        after.sys_up_time_s < expected - slack
        and not (wrapped > -slack and abs(after.sys_up_time_s - wrapped) <= slack)
    ) or (after.sys_up_time_s < before.sys_up_time_s and wrapped <= -slack)


def _rate(before: Interface, after: Interface) -> Rate | None:
    old, new = before.counters, after.counters
    if old is None or new is None or old.discontinuity_s != new.discontinuity_s:
        return None
    window = (new.at - old.at).total_seconds()
    if window <= 0:
        return None
    values = {
        field: _per_second(old, new, name, window, narrow=narrow, speed=after.speed_bps)
        for field, (name, narrow) in _FIELDS.items()
    }
    return Rate(after.name, window, **values)


def _per_second(
    old: Counters, new: Counters, name: str, window: float, *, narrow: bool, speed: int | None
) -> float | None:
    first: int | None = getattr(old, name)
    last: int | None = getattr(new, name)
    if first is None or last is None:
        return None
    wraps = narrow or (old.bits == 32 and new.bits == 32)
    if old.bits != new.bits and not narrow:
        return None
    bound = _bound(name, speed)
    if wraps and bound is not None and bound * window >= _WRAP:
        return None  # it may have wrapped more than once
    change = last - first
    if change < 0:
        if not wraps or first >= _WRAP or last >= _WRAP:
            return None
        change += _WRAP
        if change >= _WRAP // 2 or (bound is not None and change > 2 * bound * window + 1000):
            return None  # set back, not wrapped
    return change / window


def _bound(name: str, speed: int | None) -> float | None:
    """The most a second that the line can carry, where its speed is known."""
    if not speed:
        return None
    return speed / 8 if name.endswith("octets") else speed / _MIN_FRAME_ON_WIRE_BITS
