"""The agent's smaller parts: lab time as time of day, the pacing, traps, MIB rows, rates."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from netdiag.lab import ber
from netdiag.lab.clock import LabClock
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.mib import LiveMib
from netdiag.lab.models import CATALYST_2960X
from netdiag.lab.noc import Noc
from netdiag.lab.pace import MAX_DEBT_S, Pacer
from netdiag.lab.rates import RateMeter
from netdiag.lab.traps import ERR_DISABLE_EVENT, LINK_DOWN, LINK_UP, traps
from netdiag.lab.view import View
from tests.lab.fake_switch import FakeSwitch, port

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


def test_skipped_time_passes_in_a_moment_and_never_runs_ahead():
    clock = LabClock(NOON)
    assert clock.at(30) == NOON + timedelta(seconds=30)
    clock.skip(30, NOON + timedelta(seconds=30))
    clock.resume(3630, NOON + timedelta(seconds=31))
    assert clock.at(1000) == NOON + timedelta(seconds=30)
    assert clock.at(3640) == NOON + timedelta(seconds=41)
    assert clock.at(10) == NOON + timedelta(seconds=10)


class Plane:
    """A data plane in which every slice takes as long as `cost` says, on a wall clock of its own."""

    def __init__(self) -> None:
        self.second = 0.0

    def now(self) -> float:
        return self.second

    def run_until(self, at: float) -> None:
        assert at >= self.second
        self.second = at

    switches = subscribe = tap = send = None


async def run_for(pacer: Pacer, seconds: float) -> None:
    task = asyncio.ensure_future(pacer.run())
    await asyncio.sleep(seconds)
    task.cancel()


def test_lab_time_follows_the_wall():
    plane = Plane()
    asyncio.run(run_for(Pacer(plane, LabClock(NOON)), 0.3))  # type: ignore[arg-type]
    assert 0.2 < plane.second < 0.45


def test_what_cannot_be_followed_is_given_up_and_counted():
    import time

    plane = Plane()
    clock = LabClock(datetime.now(UTC))
    pacer = Pacer(plane, clock)  # type: ignore[arg-type]

    async def stall() -> None:
        task = asyncio.ensure_future(pacer.run())
        await asyncio.sleep(0.05)
        time.sleep(0.8)  # the machine stands still
        await asyncio.sleep(0.1)
        task.cancel()

    asyncio.run(stall())
    assert pacer.lag_s > 0.8 - MAX_DEBT_S - 0.1
    assert plane.second < 0.7
    assert abs((clock.at(plane.second) - datetime.now(UTC)).total_seconds()) < 0.3


def test_advance_moves_on_at_once():
    plane = Plane()
    asyncio.run(Pacer(plane, LabClock(NOON)).advance(600))  # type: ignore[arg-type]
    assert abs(plane.second - 600) < 1e-6


def test_a_lab_that_is_behind_catches_up_second_by_second_and_then_skips():
    plane = Plane()
    wall = NOON + timedelta(seconds=60)
    clock = LabClock(NOON)
    pacer = Pacer(plane, clock, lambda: wall, behind_s=60.0)  # type: ignore[arg-type]
    assert asyncio.run(pacer.advance(40)) == pytest.approx(20)
    assert clock.at(10) == NOON + timedelta(seconds=10)
    assert clock.at(40) == NOON + timedelta(seconds=40)
    assert asyncio.run(pacer.advance(50)) == 0
    assert clock.at(60) == clock.at(89) == wall


def event(facility: str, text: str, cause: str | None = None) -> SwitchEvent:
    return SwitchEvent(1.5, "acc-2", facility, text, 10102, cause)


def test_traps():
    closed = port(2, err_disabled="storm-control", carrier=False)
    down = event("LINK-3-UPDOWN", "Interface GigabitEthernet1/0/2, changed state to down")
    up = event("LINK-3-UPDOWN", "Interface GigabitEthernet1/0/2, changed state to up")
    disabled = event(
        "PM-4-ERR_DISABLE", "storm-control error detected on Gi1/0/2, ...", "storm-control"
    )
    other = event("SYS-5-CONFIG_I", "Configured from console")

    def oids(said: SwitchEvent) -> list[bytes]:
        return list(traps(said, closed, 12.0, "public"))

    assert ber.object_id(LINK_DOWN) in oids(down)[0]
    assert ber.object_id(LINK_UP) in oids(up)[0]
    assert ber.object_id(ERR_DISABLE_EVENT) in oids(disabled)[0]
    row = ber.object_id((1, 3, 6, 1, 4, 1, 9, 9, 548, 1, 3, 1, 1, 2, 10102, 0)) + ber.integer(14)
    assert row in oids(disabled)[0]
    assert oids(other) == []


def test_syslog_file_has_the_server_s_header_and_the_device_s_own(tmp_path):
    noc = Noc(tmp_path / "log")
    said = event("PM-4-ERR_DISABLE", "storm-control error detected on Gi1/0/2, putting …")
    noc.hear(said, NOON + timedelta(milliseconds=123), None, 0.0)
    noc.close()
    local = (NOON).astimezone()
    assert (tmp_path / "log").read_text() == (
        f"{local:%b} {local.day:>2} {local:%H:%M:%S} acc-2 1: *Nov 22 12:00:00.123: "
        "%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting …\n"
    )


def mib(switch: FakeSwitch) -> LiveMib:
    return LiveMib(switch, CATALYST_2960X, lambda: switch.clock)


def value(view: View | None, oid: str) -> bytes | None:
    assert view is not None
    return view.get(ber.parse_oid(oid))


def test_who_may_see_which_vlan():
    live = mib(FakeSwitch())
    assert live.by_community("guess") is None
    assert live.by_community("public@77") is None
    assert live.by_community("public@") is None
    assert live.by_context("vlan-10") is not None
    assert live.by_context("10") is None
    fdb = "1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.1"
    assert value(live.by_community("public@10"), fdb) == ber.integer(1)
    assert value(live.by_community("public@99"), fdb) is None
    assert value(live.by_community("public"), fdb) is None
    q_bridge = "1.3.6.1.2.1.17.7.1.2.2.1.2.10.2.0.0.0.0.1"
    assert value(live.by_community("public"), q_bridge) == ber.integer(1)
    # The sixth bridge port is the 24th socket: basePort is not ifIndex.
    assert value(live.by_community("public@99"), "1.3.6.1.2.1.17.1.4.1.2.6") == ber.integer(10124)
    assert value(live.by_community("public@99"), "1.3.6.1.2.1.17.1.4.1.2.1") is None


def test_an_err_disable_row_stands_only_while_the_port_is_closed():
    switch = FakeSwitch()
    live = mib(switch)
    row = "1.3.6.1.4.1.9.9.548.1.3.1.1.{}.10104.0"
    assert value(live.by_community("public"), row.format(2)) == ber.integer(2)
    assert value(live.by_community("public"), row.format(3)) == ber.unsigned(ber.GAUGE32, 176)
    switch.set_admin("GigabitEthernet1/0/4", up=False)
    assert value(live.by_community("public"), row.format(2)) is not None, "a view is 0.25 s old"
    switch.clock += 0.3
    assert value(live.by_community("public"), row.format(2)) is None


def test_set_admin_status_by_the_write_community_alone():
    switch = FakeSwitch()
    live = mib(switch)
    oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 7, 10101)
    assert live.write("public", oid, ber.integer(2)) == 6
    assert live.write("private", (*oid[:-1], 999), ber.integer(2)) == 17
    assert live.write("private", oid, ber.integer(3)) == 10
    assert switch.port("GigabitEthernet1/0/1").admin_up
    assert live.write("private", oid, ber.integer(2)) == 0
    assert not switch.port("GigabitEthernet1/0/1").admin_up
    assert value(live.by_community("public"), ".".join(map(str, oid))) == ber.integer(2)


def test_rates_of_broadcasts():
    meter = RateMeter()
    before = port(1)
    after = port(1)
    counters = type(after.counters)(in_broadcast=before.counters.in_broadcast + 1000)
    meter.sample([before], 10.0)
    assert meter.of(before.name).in_broadcast_pps == 0
    meter.sample([port(1, counters=counters)], 12.0)
    assert meter.of(before.name).in_broadcast_pps == 500
