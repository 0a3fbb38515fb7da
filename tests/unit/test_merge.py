"""SNMP and the command line as one snapshot: either is enough, and a disagreement is said."""

from dataclasses import replace
from typing import Any

import pytest

from netdiag.decode.merge import merge
from netdiag.model import (
    AdminStatus,
    ArpEntry,
    Counters,
    ErrDisableCause,
    ErrDisabled,
    FdbEntry,
    Interface,
    LogEvent,
    Neighbor,
    OperStatus,
    Snapshot,
    SourceError,
    Stp,
    StpPort,
)
from tests.unit.test_syslog import AT

PORT = "GigabitEthernet1/0/2"
UP = Interface(PORT, admin_status=AdminStatus.UP, oper_status=OperStatus.UP)


def by_snmp(*interfaces: Interface, **facts: Any) -> Snapshot:
    return Snapshot("d", "192.0.2.1", AT, True, interfaces=interfaces, sources=("snmp",), **facts)


def by_ssh(*interfaces: Interface, **facts: Any) -> Snapshot:
    return Snapshot("d", "192.0.2.1", AT, True, interfaces=interfaces, sources=("ssh",), **facts)


def test_one_channel_alone_is_the_snapshot():
    assert merge(by_snmp(UP), None) == by_snmp(UP)
    assert merge(None, by_ssh(UP)) == by_ssh(UP)
    with pytest.raises(ValueError, match="neither"):
        merge(None, None)


def test_a_silent_channel_leaves_its_error_and_the_others_facts():
    silent = Snapshot(
        "d", "192.0.2.1", AT, False, errors=(SourceError("snmp", "device", "does not answer"),)
    )
    merged = merge(silent, by_ssh(UP))
    assert (merged.reachable, merged.sources) == (True, ("ssh",))
    assert merged.interfaces == (UP,)
    assert merged.errors == silent.errors
    assert merged.contradictions == ()
    denied = replace(silent, reachable=True)
    assert merge(silent, denied).reachable
    assert not merge(silent, silent).reachable


def test_facts_fill_each_other():
    first = replace(UP, if_index=10102, alias="to acc-2", counters=Counters(AT, in_octets=5))
    second = replace(UP, duplex="full", trunk=True, counters=Counters(AT, in_octets=7, in_errors=1))
    merged = merge(
        by_snmp(first, sys_object_id="1.3.6.1.4.1.9.1.1208"),
        by_ssh(second, Interface("Vlan10"), sys_name="core-1"),
    )
    port = merged.interface(PORT)
    assert port is not None
    assert (port.if_index, port.alias, port.duplex, port.trunk) == (10102, "to acc-2", "full", True)
    assert port.counters == Counters(AT, in_octets=5, in_errors=1)
    assert merged.interface("Vlan10") == Interface("Vlan10")
    assert (merged.sys_name, merged.sys_object_id) == ("core-1", "1.3.6.1.4.1.9.1.1208")
    assert merged.sources == ("snmp", "ssh")
    assert merged.contradictions == ()


def test_short_and_long_names_are_one_port():
    merged = merge(by_snmp(Interface("Gi1/0/2", if_index=2)), by_ssh(replace(UP, mtu=1500)))
    assert len(merged.interfaces) == 1
    assert merged.interfaces[0].mtu == 1500


def test_a_disagreement_is_said_with_both_values():
    merged = merge(by_snmp(replace(UP, access_vlan=20)), by_ssh(replace(UP, access_vlan=10)))
    assert merged.contradictions == (
        f"{PORT}: access_vlan is 20 by SNMP and 10 by the command line",
    )
    merged = merge(by_snmp(UP), by_ssh(replace(UP, oper_status=OperStatus.DOWN)))
    assert merged.contradictions == (
        f"{PORT}: oper_status is up by SNMP and down by the command line",
    )
    port = merged.interface(PORT)
    assert port is not None
    assert port.oper_status is OperStatus.UP


def test_a_trunk_that_is_down_is_still_a_trunk():
    down = replace(UP, oper_status=OperStatus.DOWN)
    merged = merge(
        by_snmp(replace(down, trunk=False, access_vlan=1)), by_ssh(replace(down, trunk=True))
    )
    assert merged.contradictions == ()
    port = merged.interface(PORT)
    assert port is not None
    assert (port.trunk, port.access_vlan) == (True, None)


STORM = ErrDisabled(ErrDisableCause.STORM_CONTROL, "stormControl")


@pytest.mark.parametrize(
    ("snmp", "ssh", "says"),
    [
        (STORM, None, "err-disabled (stormControl) by SNMP and not err-disabled"),
        (None, STORM, "by the command line and not err-disabled by SNMP"),
        (STORM, ErrDisabled(ErrDisableCause.BPDU_GUARD, "bpduguard"), "for stormControl by SNMP"),
        (STORM, ErrDisabled(ErrDisableCause.STORM_CONTROL, "storm-control"), None),
    ],
)
def test_closed_by_one_channel_only(snmp, ssh, says):
    merged = merge(by_snmp(replace(UP, err_disabled=snmp)), by_ssh(replace(UP, err_disabled=ssh)))
    assert len(merged.contradictions) == (0 if says is None else 1)
    assert says is None or says in merged.contradictions[0]
    port = merged.interface(PORT)
    assert port is not None
    assert port.err_disabled is not None


def test_a_command_that_failed_contradicts_nothing():
    errors = (SourceError("ssh", "err-disabled", "refused"),)
    merged = merge(by_snmp(replace(UP, err_disabled=STORM)), by_ssh(UP, errors=errors))
    assert merged.contradictions == ()


def test_the_recovery_timer_of_one_and_the_cause_of_the_other():
    timed = ErrDisabled(ErrDisableCause.STORM_CONTROL, "storm-control", recovers_in_s=60)
    merged = merge(
        by_snmp(replace(UP, err_disabled=STORM)), by_ssh(replace(UP, err_disabled=timed))
    )
    port = merged.interface(PORT)
    assert port is not None
    assert port.err_disabled == replace(STORM, recovers_in_s=60)


def test_addresses_that_moved_are_counted_not_listed():
    a = [FdbEntry(f"00:00:00:00:00:{n:02x}", "Gi1/0/1", vlan=10) for n in range(9)]
    b = [replace(e, interface="Gi1/0/2") for e in a] + [FdbEntry("00:00:00:00:01:00", "x", vlan=1)]
    merged = merge(by_snmp(fdb=tuple(a)), by_ssh(fdb=tuple(b)))
    assert merged.fdb == (*a, b[-1])
    (said,) = merged.contradictions
    assert said.startswith("9 addresses are on another port")


def test_an_address_without_a_vlan_is_the_one_with_it():
    with_vlan = FdbEntry("00:00:00:00:00:01", PORT, vlan=10)
    bare = FdbEntry("00:00:00:00:00:01", PORT)
    assert merge(by_snmp(fdb=(bare,)), by_ssh(fdb=(with_vlan,))).fdb == (with_vlan,)


def test_neighbours_addresses_and_log_are_united_once():
    by_mib = Neighbor(PORT, "lldp", chassis_id="00:11:22:33:44:55", port_id_subtype=5)
    by_cli = Neighbor(PORT, "lldp", chassis_id="00:11:22:33:44:55", sys_name="acc-2")
    cdp = Neighbor(PORT, "cdp", chassis_id="acc-2", sys_name="acc-2")
    arp, event = ArpEntry("10.0.0.1", "00:11:22:33:44:55"), LogEvent(AT, "d", "X-1-Y", "other")
    merged = merge(
        by_snmp(neighbors=(by_mib,), arp=(arp,)),
        by_ssh(neighbors=(by_cli, cdp), arp=(arp,), log=(event,)),
    )
    assert merged.neighbors == (replace(by_mib, sys_name="acc-2"), cdp)
    assert merged.arp == (arp,)
    assert merged.log == (event,)


def test_spanning_trees_by_vlan():
    ports = (StpPort(PORT, "forwarding", "root"),)
    mib = Stp(10, "4106.aa", topology_changes=7)
    cli = Stp(10, "4106.bb", root_port=PORT, ports=ports)
    merged = merge(by_snmp(stp=(mib,)), by_ssh(stp=(cli, Stp(20, "1.c"))))
    assert merged.stp == (replace(mib, root_port=PORT, ports=ports), Stp(20, "1.c"))
    assert merged.contradictions == (
        "spanning tree of VLAN 10: the root is 4106.aa by SNMP and 4106.bb by the command line",
    )
    # Without VLAN contexts SNMP shows one tree and does not say which.
    assert merge(by_snmp(stp=(Stp(None, "x"),)), by_ssh(stp=(cli,))).stp == (cli,)


def test_ports_have_the_names_that_the_command_line_takes():
    printed = "gigabitEthernet 1/0/7 : copper"
    snmp = by_snmp(
        Interface(printed, if_index=49159),
        platform="tplink_jetstream",
        fdb=(FdbEntry("00:11:22:33:44:55", printed, vlan=1),),
    )
    closed = ErrDisabled(ErrDisableCause.LOOP_DETECTED, "loop")
    merged = merge(snmp, by_ssh(Interface("1/0/7", err_disabled=closed)))
    (port,) = merged.interfaces
    assert (port.name, port.if_index, port.err_disabled) == ("1/0/7", 49159, closed)
    assert [e.interface for e in merged.fdb] == ["1/0/7"]
    # JetStream's MIB has no table of closed ports: its silence contradicts nobody.
    assert merged.contradictions == ()
    assert merge(snmp, None).interfaces[0].name == "1/0/7"


@pytest.mark.parametrize(
    ("platform", "cause", "contradicts"),
    [
        ("cisco_ios", ErrDisableCause.STORM_CONTROL, True),
        ("huawei", ErrDisableCause.STORM_CONTROL, False),
        ("ruijie_os", ErrDisableCause.LOOP_DETECTED, False),
        ("ruijie_os", ErrDisableCause.BPDU_GUARD, True),
        ("cisco_s300", ErrDisableCause.LOOP_DETECTED, True),
        ("mikrotik_routeros", ErrDisableCause.LOOP_DETECTED, False),
    ],
)
def test_silence_contradicts_only_where_the_table_could_speak(platform, cause, contradicts):
    ssh = by_ssh(Interface("p1", err_disabled=ErrDisabled(cause, "word")), platform=platform)
    merged = merge(by_snmp(Interface("p1"), platform=platform), ssh)
    assert bool(merged.contradictions) is contradicts


def test_what_one_channel_cannot_tell_is_no_gap_where_the_other_does():
    silent = SourceError("snmp", "err-disabled", "VRP has no table")
    snmp = by_snmp(UP, not_offered=(silent,))
    assert merge(snmp, by_ssh(UP)).not_offered == ()
    refused = SourceError("ssh", "closed-loop", "sw refuses 'display loopback-detect'")
    assert merge(snmp, by_ssh(UP, errors=(refused,))).not_offered == (silent,)
    never = SourceError("ssh", "stp", "not offered by this platform: no layout")
    assert merge(snmp, by_ssh(UP, not_offered=(never,))).not_offered == (never,)
