"""The checks of ports, reach, storms and loops: what makes a finding, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from netdiag import checks, topology
from netdiag.model import (
    AdminStatus,
    Baseline,
    Capture,
    ErrDisableCause,
    Finding,
    Kind,
    Neighbor,
    Network,
    OperStatus,
    Severity,
    Snapshot,
    SourceError,
    Storm,
)
from tests.networks import AT, LEGIT, ROUTER_MAC, SITE, Campus, home_router

GI = "GigabitEthernet1/0/"
STORM = ErrDisableCause.STORM_CONTROL


def found(campus: Campus, *kinds: Kind) -> tuple[Finding, ...]:
    network = campus.network()
    every = checks.run(network, topology.build(network))
    return tuple(f for f in every if not kinds or f.kind in kinds)


def places(campus: Campus, *kinds: Kind) -> list[tuple[str | None, str | None]]:
    return [(f.resource.device, f.resource.interface) for f in found(campus, *kinds)]


# --- err-disabled-port ---


def test_an_err_disabled_port_has_cause_age_and_severity_by_what_it_cuts_off():
    campus = Campus.default().remember().err_disable("core-1", "Gi1/0/2", STORM, since_s=90)
    campus.err_disable("acc-1", "Gi1/0/3", ErrDisableCause.PORT_SECURITY)
    uplink, desk = found(campus, Kind.ERR_DISABLED_PORT)
    assert (uplink.severity, desk.severity) == (Severity.CRITICAL, Severity.MINOR)
    assert uplink.first_seen == AT - timedelta(seconds=90)
    assert "storm-control" in uplink.summary
    assert "desk 1F-103" in desk.summary


def test_a_port_closed_in_stored_snapshots_is_as_old_as_the_oldest_without_a_gap():
    campus = Campus.default().err_disable("acc-1", "Gi1/0/20", STORM, since_s=30)
    campus.remember(age_s=86400).remember(age_s=3600)
    (only,) = found(campus, Kind.ERR_DISABLED_PORT)
    assert only.first_seen == AT - timedelta(days=1)


def test_a_message_stands_in_where_the_device_cannot_be_asked():
    campus = Campus.default().unreachable("acc-1")
    campus.log("err-disabled", "acc-1", "Gi1/0/3", cause=ErrDisableCause.BPDU_GUARD)
    (only,) = found(campus, Kind.ERR_DISABLED_PORT)
    assert [e.source for e in only.evidence] == ["syslog"]


@pytest.mark.parametrize("later", ["err-recover", "link-up"])
def test_a_message_of_recovery_ends_it(later):
    campus = Campus.default().unreachable("acc-1")
    campus.log("err-disabled", "acc-1", "Gi1/0/3", ago_s=60).log(
        later, "acc-1", "Gi1/0/3", ago_s=30
    )
    assert found(campus, Kind.ERR_DISABLED_PORT) == ()


def test_a_message_is_stale_where_the_port_is_seen_up():
    campus = Campus.default().log("err-disabled", "acc-1", "Gi1/0/3", ago_s=600)
    assert found(campus, Kind.ERR_DISABLED_PORT) == ()


def test_a_port_that_is_merely_down_is_not_err_disabled():
    campus = Campus.default().change("acc-1", "Gi1/0/3", oper_status=OperStatus.DOWN)
    assert found(campus) == ()


# --- admin-down-port ---


def test_a_shut_port_counts_if_it_carried_a_link_or_is_a_desks_without_a_past():
    used = Campus.default().remember().shut("acc-1", "Gi1/0/3")
    assert places(used, Kind.ADMIN_DOWN_PORT) == [("acc-1", GI + "3")]
    desk = Campus.default().shut("acc-1", "Gi1/0/11")
    assert places(desk, Kind.ADMIN_DOWN_PORT) == [("acc-1", GI + "11")]


def test_a_shut_port_that_nobody_misses_is_no_finding():
    spare = Campus.default().shut("acc-1", "Gi1/0/20").change("acc-1", "Gi1/0/20", alias="spare")
    assert found(spare) == ()
    long_shut = Campus.default().shut("acc-1", "Gi1/0/11").remember()
    assert found(long_shut) == ()
    vlan = Campus.default().remember()
    vlan.ports["acc-1"]["Vlan1"] = replace(
        vlan.ports["acc-1"][GI + "1"], name="Vlan1", if_type=53, admin_status=AdminStatus.DOWN
    )
    assert found(vlan) == ()


# --- uplink-down, device-unreachable ---


@pytest.mark.parametrize("lldp", [True, False])
def test_a_cut_uplink_is_found_at_the_near_end_with_what_it_cuts_off(lldp):
    campus = Campus.default(lldp=lldp).remember().cut("core-1", "Gi1/0/3").unreachable("acc-3")
    (only,) = found(campus, Kind.UPLINK_DOWN)
    assert (only.resource.device, only.resource.interface) == ("core-1", GI + "3")
    assert only.severity is Severity.CRITICAL
    assert "cut off: acc-3" in only.summary
    (silent,) = found(campus, Kind.DEVICE_UNREACHABLE)
    assert "core-1 Gi1/0/3" in silent.summary


def test_a_shut_uplink_is_found_where_it_was_shut():
    campus = Campus.default().shut("acc-3", "Gi1/0/24")
    (only,) = found(campus, Kind.UPLINK_DOWN)
    assert (only.resource.device, only.resource.interface) == ("acc-3", GI + "24")
    assert "shut by configuration" in only.summary


def test_a_link_that_was_moved_is_not_down():
    campus = Campus.default().remember()
    campus.cables = [c for c in campus.cables if c[2] != "acc-3"]
    campus.change("core-1", "Gi1/0/3", oper_status=OperStatus.DOWN)
    campus.cable("core-1", "Gi1/0/9", "acc-3", "Gi1/0/24")
    assert found(campus, Kind.UPLINK_DOWN) == ()


def test_a_device_that_refuses_the_credential_is_no_outage():
    network = Campus.default().network()
    refused = Snapshot(
        "acc-1", "10.99.0.2", AT, False, errors=(SourceError("ssh", "login", "password refused"),)
    )
    snapshots = tuple(refused if s.device == "acc-1" else s for s in network.snapshots)
    network = replace(network, snapshots=snapshots)
    (only,) = checks.run(network, topology.build(network))
    assert (only.kind, only.severity) == (Kind.DEVICE_UNREACHABLE, Severity.WARNING)


# --- storms ---


@pytest.mark.parametrize(
    ("pps", "usual", "storm"),
    [
        (99.0, None, False),  # one station alone, and nothing known of it
        (100.0, None, True),
        (99.0, 0.0, False),
        (100.0, 2.0, True),
        (400.0, 300.0, False),
        (2900.0, 1000.0, False),
        (3000.0, 1000.0, True),
    ],
)
def test_a_storm_is_much_more_coming_in_than_usual(pps, usual, storm):
    campus = Campus.default().rate("acc-1", "Gi1/0/3", pps)
    if usual is not None:
        campus.baselines.append(Baseline("acc-1", GI + "3", usual, 5))
    assert places(campus, Kind.BROADCAST_STORM) == ([("acc-1", GI + "3")] if storm else [])


@pytest.mark.parametrize(("pps", "storm"), [(499.0, False), (500.0, True)])
def test_a_port_of_many_stations_may_take_in_much_where_nothing_is_known_of_it(pps, storm):
    campus = Campus.default().rate("core-1", "Gi1/0/1", pps)
    expected = [("core-1", GI + "1")] if storm else []
    assert places(campus, Kind.BROADCAST_STORM) == expected


@pytest.mark.parametrize(
    ("octets", "unicast", "storm"), [(96e3, 8.0, True), (20e3, 8.0, False), (96e3, 300.0, False)]
)
def test_large_frames_storm_at_fewer_packets(octets, unicast, storm):
    """A link of 1 Mbit/s that a loop fills with frames of 340 octets takes 280 of them a second."""
    campus = Campus.default().change("core-1", "Gi1/0/1", speed_bps=1_000_000)
    network = campus.rate("core-1", "Gi1/0/1", 280.0).network()
    core, *others = network.snapshots
    rates = [
        replace(r, in_octets_per_s=octets, in_unicast_pps=unicast) if r.interface == GI + "1" else r
        for r in core.rates
    ]
    network = replace(network, snapshots=(replace(core, rates=tuple(rates)), *others))
    every = checks.run(network, topology.build(network))
    assert [f.resource.interface for f in every] == ([GI + "1"] if storm else [])


def test_one_reading_is_no_baseline():
    campus = Campus.default().rate("core-1", "Gi1/0/1", 300.0)
    campus.baselines.append(Baseline("core-1", GI + "1", 2.0, 1))
    assert found(campus) == ()


def station_at(campus: Campus, port: str) -> str:
    snapshot = campus.network().snapshot("acc-1")
    assert snapshot is not None
    return next(e.mac for e in snapshot.fdb if e.interface == port)


@pytest.mark.parametrize(("asked", "storm"), [(290.0, False), (20.0, True)])
def test_a_scan_that_a_sensor_hears_is_no_storm_of_its_port(asked, storm):
    campus = Campus.default().usual().rate("acc-1", "Gi1/0/3", 300.0)
    mac = station_at(campus, GI + "3")
    campus.capture(Capture("lab:noc", last=AT, arp_scans=((mac, asked),)))
    expected = [("acc-1", GI + "3")] if storm else []
    assert places(campus, Kind.BROADCAST_STORM) == expected
    campus.rate("acc-1", "Gi1/0/3", 500.0)
    assert places(campus, Kind.BROADCAST_STORM) == [("acc-1", GI + "3")]


def test_a_card_that_repeats_itself_is_no_loop():
    campus = Campus.default().rate("acc-1", "Gi1/0/3", 900.0)
    start = AT - timedelta(seconds=20)
    mac = station_at(campus, GI + "3")
    storm = Storm("broadcast", start, AT, 900.0, 6e4, (10,), ((mac, 1.0),), 0.99, "single-source")
    campus.capture(Capture("lab:noc", first=start, last=AT, storms=(storm,)))
    assert found(campus, Kind.LAYER2_LOOP) == ()
    assert ("acc-1", GI + "3") in places(campus, Kind.BROADCAST_STORM)


def test_a_shut_port_whose_description_says_so_is_meant():
    for words in ("desk 1F-103 - out of service", "SPARE", "工位停用"):
        campus = Campus.default().remember().shut("acc-1", "Gi1/0/3")
        campus.change("acc-1", "Gi1/0/3", alias=words)
        assert found(campus, Kind.ADMIN_DOWN_PORT) == ()
    campus.change("acc-1", "Gi1/0/3", alias="user desk")
    assert places(campus, Kind.ADMIN_DOWN_PORT) == [("acc-1", GI + "3")]


def test_a_device_that_nobody_can_ask_is_no_silent_device():
    network = Campus.default().network()
    why = (SourceError("snmp", "access", "no SNMP access is configured"),)
    mute = replace(network.snapshots[1], reachable=False, errors=why)
    network = replace(network, snapshots=(network.snapshots[0], mute, *network.snapshots[2:]))
    assert checks.run(network, topology.build(network)) == ()
    gaps = checks.not_checked(network)
    assert [g.why for g in gaps if mute.device in g.what] == ["snmp: no SNMP access is configured"]


def test_a_storm_message_counts_until_the_port_is_measured_calm():
    campus = Campus.default().log("storm", "core-1", "Gi1/0/2", ago_s=60)
    assert found(campus, Kind.BROADCAST_STORM) == ()
    campus.err_disable("core-1", "Gi1/0/2", STORM)
    assert places(campus, Kind.BROADCAST_STORM) == [("core-1", GI + "2")]


def test_a_storm_on_the_wire_of_hours_ago_is_over():
    campus = Campus.default().unreachable("acc-1")
    start = AT - timedelta(hours=3)
    old = Storm("broadcast", start, start + timedelta(seconds=9), 4e3, 1e5, (10,), (), 0.99, "loop")
    campus.capture(Capture("old.pcap", storms=(old,)))
    assert found(campus, Kind.BROADCAST_STORM, Kind.LAYER2_LOOP) == ()


# --- loops ---


def test_two_edge_ports_that_a_storm_enters_by_are_a_loop_and_one_is_not():
    campus = Campus.default().usual().rate("acc-1", "Gi1/0/11", 5000)
    assert found(campus, Kind.LAYER2_LOOP) == ()
    campus.usual().rate("acc-1", "Gi1/0/12", 450)
    (only,) = found(campus, Kind.LAYER2_LOOP)
    assert (only.resource.device, only.severity) == ("acc-1", Severity.CRITICAL)
    assert "Gi1/0/11 and Gi1/0/12" in only.summary


def test_a_storm_that_enters_by_uplinks_is_no_loop_there():
    campus = (
        Campus.default().usual().rate("core-1", "Gi1/0/1", 5000).rate("core-1", "Gi1/0/2", 5000)
    )
    assert found(campus, Kind.LAYER2_LOOP) == ()


def test_flapping_in_a_storm_is_a_loop_between_the_ports_that_are_nobodys_home():
    campus = home_router()
    campus.log("mac-flap", "acc-2", "Gi1/0/6", other="Gi1/0/5", mac=ROUTER_MAC, ago_s=61)
    (only,) = found(campus, Kind.LAYER2_LOOP)
    assert only.resource.device == "acc-2"
    assert "Gi1/0/5 and Gi1/0/6" in only.summary


def test_a_host_that_flaps_to_an_uplink_is_not_looped_itself():
    """The sensor's own broadcasts come back from a loop behind the uplink."""
    campus = home_router()
    noc = campus.hosts[-1].mac
    campus.log("mac-flap", "core-1", "Gi1/0/20", other="Gi1/0/2", mac=noc, ago_s=61)
    assert found(campus, Kind.LAYER2_LOOP) == ()
    assert [f.severity for f in found(campus, Kind.MAC_FLAPPING)] == [Severity.WARNING]


def test_one_move_of_one_laptop_is_a_warning_at_most():
    campus = Campus.default()
    mac = campus.hosts[3].mac
    campus.log("mac-flap", "acc-1", "Gi1/0/11", other="Gi1/0/4", mac=mac, ago_s=5)
    assert [f.severity for f in found(campus)] == [Severity.WARNING]


def test_a_cable_back_into_the_same_switch_is_a_warning_while_it_is_quiet():
    campus = Campus.default()
    row = Neighbor(GI + "11", "lldp", campus.mac("acc-1"), GI + "12", 5)
    network = campus.network()
    snapshots = tuple(
        replace(s, neighbors=(*s.neighbors, row)) if s.device == "acc-1" else s
        for s in network.snapshots
    )
    network = replace(network, snapshots=snapshots)
    (only,) = checks.run(network, topology.build(network))
    assert (only.kind, only.severity) == (Kind.LAYER2_LOOP, Severity.WARNING)


def test_a_ports_own_loop_detection_is_believed():
    campus = Campus.default().err_disable("acc-1", "Gi1/0/3", ErrDisableCause.LOOP_DETECTED)
    assert places(campus, Kind.LAYER2_LOOP) == [("acc-1", GI + "3")]


# --- together ---


def test_findings_of_one_kind_and_resource_are_one_with_all_evidence():
    campus = Campus.default().err_disable("core-1", "Gi1/0/2", STORM)
    campus.log("storm", "core-1", "Gi1/0/2", ago_s=70).log("storm", "core-1", "Gi1/0/2", ago_s=50)
    (only,) = found(campus, Kind.BROADCAST_STORM)
    assert len(only.evidence) == 2
    assert only.first_seen == AT - timedelta(seconds=70)
    assert only.last_seen == AT - timedelta(seconds=50)


def test_what_could_not_be_looked_at_is_said():
    campus = Campus.default().remember(age_s=1800).unreachable("acc-2")
    campus.site = replace(SITE, dhcp_servers=(), sensors=())
    gaps = {g.what: g.why for g in checks.not_checked(campus.network())}
    assert "30 min ago" in gaps["acc-2"]
    assert "no answer" in gaps["acc-2: sysDescr"]
    assert "no sensor" in gaps["the wire"]
    assert "which DHCP servers are legitimate" in gaps


def test_a_full_look_has_no_gaps():
    campus = Campus.default().hear(rogue=False)
    assert LEGIT in campus.site.dhcp_servers
    assert checks.not_checked(campus.network()) == ()


def test_every_check_stands_under_its_own_kind():
    for kind, check in checks.CHECKS.items():
        assert getattr(check, "__name__", "") == kind.replace("-", "_")


def test_what_a_platform_does_not_offer_is_said_unless_another_channel_told_it():
    missing = (SourceError("snmp", "err-disabled", "VRP has no table"),)
    for sources, told in ((("snmp",), True), (("snmp", "ssh"), False)):
        snapshot = Snapshot("hw-1", "10.0.0.1", AT, True, sources=sources, not_offered=missing)
        gaps = checks.not_checked(Network(AT, (), snapshots=(snapshot,)))
        said = [g for g in gaps if "not offered by this platform" in g.why]
        assert bool(said) is told


def test_a_secret_that_is_missing_is_no_silent_device():
    why = (
        SourceError("ssh", "credentials", "env:X is not set"),
        SourceError("snmp", "access", "none"),
    )
    snapshot = Snapshot("acc-1", "10.0.0.1", AT, False, errors=why)
    network = Network(AT, (), snapshots=(snapshot,))
    every = checks.run(network, topology.build(network))
    assert not [f for f in every if f.kind is Kind.DEVICE_UNREACHABLE]
