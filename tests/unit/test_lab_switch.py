"""One simulated switch, frame by frame: learning, VLANs, counters, queues, loops and protections."""

from __future__ import annotations

import pytest

from netdiag.errors import UsageError
from netdiag.lab import frames
from netdiag.lab.hosts import Jabber, StrayBridge
from netdiag.lab.soft import QUEUE_OCTETS, connect, disconnect
from netdiag.lab.switch import SoftSwitch
from tests.unit.lab_bench import BROADCAST, RATE, Bench, Listener, frame, mac, port_name

UP = "forwarding"


def test_learns_where_a_station_is_and_stops_flooding() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b, c = (bench.card(switch, n) for n in (1, 2, 3))
    a.send_raw(frame(b.mac, a.mac))
    bench.run()
    assert len(b.heard) == 1
    assert len(c.heard) == 1  # not known yet: flooded
    b.send_raw(frame(a.mac, b.mac))
    a.send_raw(frame(b.mac, a.mac))
    bench.run()
    assert len(b.heard) == 2
    assert len(c.heard) == 1
    assert [(e.mac, e.port, e.vlan) for e in switch.fdb()] == [
        (frames.mac_text(a.mac), port_name(1), 10),
        (frames.mac_text(b.mac), port_name(2), 10),
    ]


def test_an_address_ages_after_300_seconds_of_silence() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b, c = (bench.card(switch, n) for n in (1, 2, 3))
    a.send_raw(frame(BROADCAST, a.mac))
    bench.run(299)
    assert len(switch.fdb()) == 1
    b.send_raw(frame(a.mac, b.mac))
    bench.run(0.5)
    assert len(c.heard) == 1  # only a's broadcast
    bench.run(2)
    assert [e.mac for e in switch.fdb()] == [frames.mac_text(b.mac)]
    b.send_raw(frame(a.mac, b.mac))
    bench.run()
    assert len(c.heard) == 2  # flooded again


def test_a_port_that_goes_down_forgets_its_addresses() -> None:
    bench = Bench()
    switch = bench.switch()
    a = bench.card(switch, 1)
    a.send_raw(frame(BROADCAST, a.mac))
    bench.run()
    assert len(switch.fdb()) == 1
    disconnect(a.port)
    assert switch.fdb() == ()
    assert not switch.port(port_name(1)).carrier


def test_vlans_do_not_meet() -> None:
    bench = Bench()
    switch = bench.switch()
    ten, other_ten = bench.card(switch, 1), bench.card(switch, 2)
    twenty = bench.card(switch, 3, vlan=20)
    ten.send_raw(frame(BROADCAST, ten.mac))
    ten.send_raw(frame(twenty.mac, ten.mac))
    bench.run()
    assert len(other_ten.heard) == 2
    assert twenty.heard == []
    switch.set_access_vlan(port_name(3), 10)
    ten.send_raw(frame(BROADCAST, ten.mac))
    bench.run()
    assert len(twenty.heard) == 1


def test_a_trunk_carries_the_tag_in_the_bytes_and_the_far_side_takes_it_off() -> None:
    bench = Bench()
    one, two = bench.switch("one"), bench.switch("two")
    bench.trunk(one, two)
    a, b = bench.card(one, 1), bench.card(two, 1)
    c = bench.card(two, 2, vlan=20)
    wire = bench.card(one, 3)
    one.set_trunk(port_name(3), (20,), native=10)
    both = bench.card(one, 4)
    one.set_trunk(port_name(4), (10,))
    bench.run()
    sent = frame(BROADCAST, a.mac)
    a.send_raw(sent)
    bench.run()
    assert b.frames == [sent]
    assert c.heard == []
    assert wire.frames == [sent]  # the native VLAN goes untagged
    assert both.frames == [sent[:12] + bytes.fromhex("8100000a") + sent[12:]]
    tagged = frames.tag(frame(BROADCAST, wire.mac), 20)
    wire.send_raw(tagged)
    bench.run()
    assert c.frames == [frames.untag(tagged)[1]]
    assert len(b.heard) == 1


def test_tags_that_a_port_does_not_carry_are_discarded_and_counted() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b, trunk = (bench.card(switch, n) for n in (1, 2, 3))
    switch.set_trunk(port_name(3), (20,))
    bench.run(0.5)
    a.send_raw(frames.tag(frame(BROADCAST, a.mac), 10))  # a tag on an access port
    trunk.send_raw(frames.tag(frame(BROADCAST, trunk.mac), 10))  # a VLAN not allowed there
    trunk.send_raw(frame(BROADCAST, trunk.mac))  # untagged, and there is no native VLAN
    bench.run()
    assert b.heard == []
    assert switch.port(port_name(1)).counters.in_discards == 1
    assert switch.port(port_name(3)).counters.in_discards == 2
    a.send_raw(frames.tag(frame(BROADCAST, a.mac), 0))  # a priority tag names no VLAN
    bench.run()
    assert len(b.heard) == 1


def test_counters_are_exact() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b = bench.card(switch, 1), bench.card(switch, 2)
    switch.soft_port(port_name(1)).bpdu = switch.soft_port(port_name(2)).bpdu = "filter"
    bench.run()
    before = [switch.port(port_name(n)).counters for n in (1, 2)]
    b.send_raw(frame(BROADCAST, b.mac, 100))
    bench.run(0.1)
    for _ in range(3):
        a.send_raw(frame(b.mac, a.mac, 200))
    a.send_raw(frame(bytes.fromhex("01005e000001"), a.mac, 80))
    bench.run(0.1)
    after = [switch.port(port_name(n)).counters for n in (1, 2)]

    def delta(number: int, name: str) -> int:
        return int(getattr(after[number], name)) - int(getattr(before[number], name))

    assert delta(0, "in_unicast") == delta(1, "out_unicast") == 3
    assert delta(0, "in_multicast") == delta(1, "out_multicast") == 1
    assert delta(1, "in_broadcast") == delta(0, "out_broadcast") == 1
    assert delta(0, "in_broadcast") == delta(1, "out_broadcast") == 0
    # Octets include the four of the frame check sequence.
    assert delta(0, "in_octets") == delta(1, "out_octets") == 3 * 204 + 84
    assert delta(1, "in_octets") == delta(0, "out_octets") == 104


def test_a_frame_takes_its_time_and_a_full_queue_discards() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b, c = (bench.card(switch, n) for n in (1, 2, 3))
    bench.run()
    sent = frame(BROADCAST, a.mac, 1500)
    start = bench.engine.now
    a.send_raw(sent)
    bench.run()
    # Store and forward: once on each cable, 24 octets of preamble, FCS and gap each time.
    assert b.heard[0][0] - start == pytest.approx(2 * 1524 * 8 / RATE)
    for _ in range(20):
        a.send_raw(frame(c.mac, a.mac, 1500))
        b.send_raw(frame(c.mac, b.mac, 1500))
    bench.run(5)
    port = switch.port(port_name(3)).counters
    assert a.port.out_discards > 0
    assert port.out_discards > 0
    # Every frame is somewhere: heard, or discarded by the card's queue or the switch's.
    assert len(c.heard) + port.out_discards == 1 + 40 - a.port.out_discards - b.port.out_discards
    assert QUEUE_OCTETS // 1524 < len(c.heard) - 1 <= 2 * (QUEUE_OCTETS // 1524 + 2)


def test_a_patch_between_two_ports_storms_at_wire_speed_and_no_faster() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b = bench.card(switch, 1), bench.card(switch, 2)
    for number in (3, 4):
        switch.set_access_vlan(port_name(number), 10)
        switch.soft_port(port_name(number)).bpdu = "filter"
    connect(switch.soft_port(port_name(3)), switch.soft_port(port_name(4)))
    bench.run(2)
    assert b.heard == []  # a loop is silent until somebody broadcasts
    one = frame(BROADCAST, a.mac)
    a.send_raw(one)
    bench.run(2)
    wire_speed = RATE / 8 / 84
    for number in (3, 4):
        seen = switch.port(port_name(number)).counters.in_broadcast
        assert 0.9 * 2 * wire_speed < seen <= 2 * wire_speed + 1
    assert set(b.frames) == {one}  # copies of one frame, still alive
    assert 0.9 * 2 * wire_speed < len(b.heard) <= 2 * wire_speed + 1
    disconnect(switch.soft_port(port_name(3)))
    bench.run()
    quiet = len(b.heard)
    bench.run(5)
    assert len(b.heard) == quiet


def test_an_edge_loop_without_the_bpdu_filter_is_closed_by_bpdu_guard() -> None:
    bench = Bench()
    switch = bench.switch()
    for number in (3, 4):
        switch.set_access_vlan(port_name(number), 10)
        switch.soft_port(port_name(number)).bpdu = "guard"
    connect(switch.soft_port(port_name(3)), switch.soft_port(port_name(4)))
    bench.run(3)
    closed = [switch.port(port_name(n)).err_disabled for n in (3, 4)]
    assert "bpduguard" in closed
    assert any(
        line.startswith("%SPANTREE-2-BLOCK_BPDUGUARD: Received BPDU on port Gi1/0/")
        for line in bench.events
    )


def _storm(
    bench: Bench, pps: float = 900.0, **options: float | None
) -> tuple[SoftSwitch, Listener, Jabber]:
    switch = bench.switch(interval=1.0, recovery=options.get("recovery"))
    listener = bench.card(switch, 2)
    switch.set_access_vlan(port_name(1), 10)
    switch.soft_port(port_name(1)).bpdu = "filter"
    switch.set_storm_control(port_name(1), 500)
    jabber = Jabber(bench.engine, "mad", mac(99), RATE, pps)
    connect(switch.soft_port(port_name(1)), jabber.port)
    return switch, listener, jabber


def test_storm_control_closes_once_with_the_vendors_words() -> None:
    bench = Bench()
    switch, listener, _ = _storm(bench)
    bench.run(10)
    view = switch.port(port_name(1))
    assert view.err_disabled == "storm-control"
    assert view.admin_up
    assert not view.carrier
    assert view.recovers_at is None
    assert bench.events[-4:] == [
        "%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/1, putting Gi1/0/1 in err-disable state",
        "%STORM_CONTROL-3-SHUTDOWN: A packet storm was detected on Gi1/0/1. The interface has been disabled.",
        "%LINK-3-UPDOWN: Interface GigabitEthernet1/0/1, changed state to down",
        "%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet1/0/1, changed state to down",
    ]
    assert [e.err_disable_cause for e in switch.log()].count("storm-control") == 2
    # It lived for the judged interval and the partial one before, and not a frame longer.
    assert 900 <= len(listener.heard) <= 1900
    heard = len(listener.heard)
    bench.run(5)
    assert len(listener.heard) == heard


def test_below_the_level_nothing_happens() -> None:
    bench = Bench()
    switch, _, _ = _storm(bench, pps=450.0)
    bench.run(10)
    assert switch.port(port_name(1)).err_disabled is None


def test_a_premature_reopening_closes_again_between_one_and_two_intervals() -> None:
    bench = Bench()
    switch, _, jabber = _storm(bench)
    bench.run(5.3)
    name = port_name(1)
    switch.set_admin(name, up=True)  # not shut: `no shutdown` alone does nothing
    assert switch.port(name).err_disabled == "storm-control"
    switch.set_admin(name, up=False)
    assert switch.port(name).err_disabled is None
    assert bench.events[-1].endswith("changed state to administratively down")
    switch.set_admin(name, up=True)
    assert switch.port(name).carrier
    bench.run(1.0)
    assert switch.port(name).err_disabled is None
    bench.run(1.0)
    assert switch.port(name).err_disabled == "storm-control"
    disconnect(jabber.port)
    switch.set_admin(name, up=False)
    switch.set_admin(name, up=True)
    bench.run(5)
    assert switch.port(name).err_disabled is None


def test_the_recovery_timer_opens_the_port_and_says_so() -> None:
    bench = Bench()
    switch, _, jabber = _storm(bench, recovery=30.0)
    bench.run(3)
    view = switch.port(port_name(1))
    assert view.err_disabled == "storm-control"
    assert view.recovers_at == pytest.approx(32.0, abs=1.0)
    disconnect(jabber.port)
    bench.run(32)
    assert switch.port(port_name(1)).err_disabled is None
    recovered = (
        "%PM-4-ERR_RECOVER: Attempting to recover from storm-control err-disable state on Gi1/0/1"
    )
    assert bench.events.count(recovered) == 1


def test_a_shut_port_is_not_reopened_by_the_timer_of_before() -> None:
    bench = Bench()
    switch, _, _ = _storm(bench, recovery=30.0)
    bench.run(3)
    switch.set_admin(port_name(1), up=False)
    bench.run(60)
    assert not switch.port(port_name(1)).carrier
    assert not any("ERR_RECOVER" in line for line in bench.events)


def test_bpdu_guard_and_port_security_close_an_edge_port() -> None:
    bench = Bench()
    switch = bench.switch()
    stray = StrayBridge(bench.engine, "stray", mac(77), RATE)
    switch.set_access_vlan(port_name(1), 10)
    switch.soft_port(port_name(1)).bpdu = "guard"
    connect(switch.soft_port(port_name(1)), stray.port)
    a, b = bench.card(switch, 2), bench.card(switch, 3)
    switch.soft_port(port_name(2)).secure_maximum = 1
    bench.run()
    assert switch.port(port_name(1)).err_disabled == "bpduguard"
    a.send_raw(frame(BROADCAST, a.mac))
    bench.run()
    assert len(b.heard) == 1
    a.send_raw(frame(BROADCAST, mac(200)))
    bench.run()
    assert len(b.heard) == 1
    assert switch.port(port_name(2)).err_disabled == "psecure-violation"
    assert (
        "%PORT_SECURITY-2-PSECURE_VIOLATION: Security violation occurred, "
        "caused by MAC address 0200.0000.00c8 on port GigabitEthernet1/0/2."
    ) in bench.events


def test_a_flapping_address_is_said_once_in_a_while() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b = bench.card(switch, 1), bench.card(switch, 2)
    for _ in range(3):
        a.send_raw(frame(BROADCAST, mac(50)))
        bench.run(0.05)
        b.send_raw(frame(BROADCAST, mac(50)))
        bench.run(0.05)
    said = [line for line in bench.events if "MACFLAP" in line]
    assert said == [
        "%SW_MATM-4-MACFLAP_NOTIF: Host 0200.0000.0032 in vlan 10 is flapping between port Gi1/0/1 and port Gi1/0/2"
    ]
    for _ in range(200):
        a.send_raw(frame(BROADCAST, mac(50)))
        b.send_raw(frame(BROADCAST, mac(50)))
        bench.run(0.1)
    said = [line for line in bench.events if "MACFLAP" in line]
    assert len(said) == 2  # 20 s: one more after the 15 s of silence


def test_one_move_is_no_flap() -> None:
    bench = Bench()
    switch = bench.switch()
    a, b = bench.card(switch, 1), bench.card(switch, 2)
    a.send_raw(frame(BROADCAST, mac(50)))
    bench.run()
    b.send_raw(frame(BROADCAST, mac(50)))
    bench.run()
    assert not any("MACFLAP" in line for line in bench.events)
    assert [e.port for e in switch.fdb()] == [port_name(2)]


def test_lldp_neighbours_come_with_the_link_and_stay_for_their_ttl() -> None:
    bench = Bench()
    one, two = bench.switch("one"), bench.switch("two")
    bench.trunk(one, two)
    bench.run(0.2)
    (seen,) = one.neighbors()
    assert (seen.port, seen.sys_name, seen.port_id) == (port_name(8), "two", "Gi1/0/8")
    assert seen.chassis_mac == two.mac
    assert seen.management_address == "10.99.0.1"
    bench.run(200)  # refreshed every 30 s
    assert len(one.neighbors()) == 1
    disconnect(one.soft_port(port_name(8)))
    bench.run(85)
    assert len(one.neighbors()) == 1
    bench.run(40)
    assert one.neighbors() == ()


def test_spanning_tree_elects_a_root_and_blocks_one_end_of_a_second_cable() -> None:
    bench = Bench()
    root, leaf = bench.switch("root", priority=24576), bench.switch("leaf")
    bench.trunk(root, leaf, 8)
    bench.trunk(root, leaf, 7)
    bench.run(1)
    assert root.stp_root(10) == (24576, root.mac, None)
    assert leaf.stp_root(10) == (24576, root.mac, port_name(7))
    states = {n: leaf.port(port_name(n)).stp_state for n in (7, 8)}
    assert states == {7: UP, 8: "blocking"}
    assert [root.port(port_name(n)).stp_state for n in (7, 8)] == [UP, UP]
    a, b = bench.card(root, 1), bench.card(leaf, 1)
    a.send_raw(frame(BROADCAST, a.mac))
    bench.run(5)
    assert len(b.heard) == 1  # no loop
    disconnect(root.soft_port(port_name(7)))
    bench.run(1)
    assert leaf.port(port_name(8)).stp_state == UP
    a.send_raw(frame(BROADCAST, a.mac))
    bench.run(1)
    assert len(b.heard) == 2
    disconnect(root.soft_port(port_name(8)))
    bench.run(25)
    assert leaf.stp_root(10) == (32768, leaf.mac, None)


def test_what_does_not_exist_is_said() -> None:
    switch = Bench().switch()
    with pytest.raises(UsageError, match="sw has no interface 'GigabitEthernet1/0/99'"):
        switch.set_admin(port_name(99), up=True)
    with pytest.raises(UsageError, match="VLAN 5000"):
        switch.set_access_vlan(port_name(1), 5000)
    with pytest.raises(UsageError, match="no VLAN 77"):
        switch.stp_root(77)
