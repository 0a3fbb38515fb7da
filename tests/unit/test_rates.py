"""Rates between two readings: never negative, and `None` wherever they cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from netdiag.decode.rates import rates
from netdiag.model import Counters, Interface, Snapshot

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TOTALS = st.integers(0, 2**64 - 1)


def reading(
    seconds: float, up_time: float | None = None, *, speed: int | None = None, **counted: object
) -> Snapshot:
    at = AT + timedelta(seconds=seconds)
    counters = Counters(at=at, **counted)  # type: ignore[arg-type]
    port = Interface("Gi1/0/1", 1, speed_bps=speed, counters=counters)
    return Snapshot("sw", "10.0.0.1", at, True, sys_up_time_s=up_time, interfaces=(port,))


def test_a_rate_is_the_change_over_the_window():
    (rate,) = rates(
        reading(0, 100, in_broadcast_pkts=100, in_octets=0, in_errors=5),
        reading(2, 102, in_broadcast_pkts=9100, in_octets=1000, in_errors=5),
    )
    assert (rate.interface, rate.window_s) == ("Gi1/0/1", 2)
    assert (rate.in_broadcast_pps, rate.in_octets_per_s, rate.in_errors_per_s) == (4500, 500, 0)
    assert rate.out_broadcast_pps is None


def test_a_32_bit_counter_wraps():
    (rate,) = rates(
        reading(0, in_broadcast_pkts=2**32 - 10, bits=32),
        reading(2, in_broadcast_pkts=10, bits=32),
    )
    assert rate.in_broadcast_pps == 10


def test_error_counters_are_32_bits_wide_even_beside_64_bit_ones():
    (rate,) = rates(reading(0, in_errors=2**32 - 1, bits=64), reading(1, in_errors=1, bits=64))
    assert rate.in_errors_per_s == 2


def test_a_64_bit_counter_that_goes_back_was_set_back():
    (rate,) = rates(reading(0, in_octets=2**40), reading(2, in_octets=7))
    assert rate.in_octets_per_s is None


def test_a_32_bit_counter_that_was_set_back_is_no_wrap():
    (rate,) = rates(
        reading(0, in_broadcast_pkts=5000, bits=32), reading(2, in_broadcast_pkts=3, bits=32)
    )
    assert rate.in_broadcast_pps is None


def test_a_fast_port_may_wrap_more_than_once_in_a_long_window():
    before = reading(0, in_octets=1, bits=32, speed=10**10)
    after = reading(60, in_octets=2, bits=32, speed=10**10)
    (rate,) = rates(before, after)
    assert rate.in_octets_per_s is None


def test_a_reboot_leaves_no_rates():
    assert rates(reading(0, 5000, in_octets=1), reading(60, 20, in_octets=2)) == ()
    # up again for longer than it had been before
    assert rates(reading(0, 5, in_octets=1), reading(3600, 60, in_octets=2)) == ()


def test_sysuptime_that_wraps_is_no_reboot():
    wrap = 2**32 / 100
    (rate,) = rates(reading(0, wrap - 30, in_octets=0), reading(60, 30, in_octets=60))
    assert rate.in_octets_per_s == 1


def test_a_discontinuity_leaves_no_rate():
    before = reading(0, in_octets=1, discontinuity_s=0.0)
    assert rates(before, reading(2, in_octets=2, discontinuity_s=9.0)) == ()


def test_an_interface_whose_number_moved_is_another_one():
    before, after = reading(0, in_octets=1), reading(2, in_octets=2)
    moved = replace(after, interfaces=(replace(after.interfaces[0], if_index=2),))
    assert rates(before, moved) == ()


@given(
    TOTALS,
    TOTALS,
    st.sampled_from((32, 64)),
    st.sampled_from((32, 64)),
    st.floats(-10, 10_000),
    st.one_of(st.none(), st.integers(1, 10**12)),
    st.one_of(st.none(), st.floats(0, 10**9)),
    st.one_of(st.none(), st.floats(0, 10**9)),
)
def test_never_negative(first, last, old_bits, new_bits, seconds, speed, up, up_later):
    counted = ("in_octets", "in_broadcast_pkts", "in_errors", "out_unicast_pkts")
    before = reading(0, up, bits=old_bits, **dict.fromkeys(counted, first))
    after = reading(seconds, up_later, speed=speed, bits=new_bits, **dict.fromkeys(counted, last))
    for rate in rates(before, after):
        assert rate.window_s > 0
        values = (rate.in_octets_per_s, rate.in_broadcast_pps, rate.in_errors_per_s)
        assert all(value is None or value >= 0 for value in values)
        assert rate.out_broadcast_pps is None


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1), st.floats(0.1, 100))
def test_a_wrap_gives_what_no_wrap_would_give(change, first, seconds):
    plain = rates(
        reading(0, in_broadcast_pkts=first), reading(seconds, in_broadcast_pkts=first + change)
    )
    wrapped = rates(
        reading(0, bits=32, in_broadcast_pkts=first),
        reading(seconds, bits=32, in_broadcast_pkts=(first + change) % 2**32),
    )
    assert plain[0].in_broadcast_pps == wrapped[0].in_broadcast_pps
