"""Varbinds -> Snapshot: the quirks of real agents, one test each, and hostile input."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from netdiag.decode import mib, mib_address, mib_cisco, mib_if, oids
from netdiag.decode.mib_view import Value, Varbind, View
from netdiag.decode.oids import Oid, oid
from netdiag.model import (
    AdminStatus,
    Device,
    ErrDisableCause,
    FdbEntry,
    OperStatus,
    Snapshot,
)

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DEVICE = Device("acc-1", "10.99.0.11")
MAC = (2, 0, 0, 0, 0, 7)


def at(column: Oid, *index: int) -> Oid:
    return (*column, *index)


def port(if_index: int, name: str, if_type: int = 6) -> list[Varbind]:
    return [
        (at(oids.IF_DESCR, if_index), name.encode()),
        (at(oids.IF_TYPE, if_index), if_type),
        (at(oids.IF_ADMIN_STATUS, if_index), 1),
        (at(oids.IF_OPER_STATUS, if_index), 1),
    ]


def snapshot(*varbinds: Varbind, contexts: dict[int, list[Varbind]] | None = None) -> Snapshot:
    return mib.snapshot(DEVICE, mib.Reading(varbinds, contexts or {}), at=AT)


# --- interfaces ----------------------------------------------------------------------------------


def test_an_interface_is_named_by_its_long_ifname_and_keeps_its_facts():
    found = snapshot(
        *port(10107, "some description"),
        (oids.SYS_UP_TIME, 1_000_00),
        (at(oids.IF_NAME, 10107), b"Gi1/0/7"),
        (at(oids.IF_ALIAS, 10107), b"desk 3-017"),
        (at(oids.IF_HIGH_SPEED, 10107), 1000),
        (at(oids.IF_SPEED, 10107), 1_000_000_000),
        (at(oids.IF_PHYS_ADDRESS, 10107), bytes.fromhex("001122334455")),
        (at(oids.IF_LAST_CHANGE, 10107), 400_00),
        (at(oids.DOT3_DUPLEX_STATUS, 10107), 2),
        (at(oids.IF_MTU, 10107), 1500),
        (at(oids.IF_HC_IN_BROADCAST_PKTS, 10107), 2**40),
        (at(oids.DOT3_FCS_ERRORS, 10107), 3),
    )
    (one,) = found.interfaces
    assert (one.name, one.if_index, one.alias) == ("GigabitEthernet1/0/7", 10107, "desk 3-017")
    assert (one.admin_status, one.oper_status) == (AdminStatus.UP, OperStatus.UP)
    assert (one.speed_bps, one.duplex, one.mtu) == (1_000_000_000, "half", 1500)
    assert one.mac == "00:11:22:33:44:55"
    assert one.last_change_s == 600.0
    assert one.counters is not None
    assert (one.counters.in_broadcast_pkts, one.counters.fcs_errors) == (2**40, 3)
    assert (one.counters.bits, one.counters.at) == (64, AT)
    assert found.errors == ()


def test_ifdescr_names_an_interface_without_ifname_and_the_number_one_without_either():
    found = snapshot(*port(3, "Slot: 0 Port: 3"), (at(oids.IF_TYPE, 9), 6))
    assert [i.name for i in found.interfaces] == ["Slot: 0 Port: 3", "9"]


def test_unix_names_are_no_short_forms():
    ports = [*port(1, "lo"), *port(2, "eth0"), *port(3, "gi1/0/1"), *port(4, "Eth1/2")]
    names = [i.name for i in snapshot(*ports).interfaces]
    assert names == ["lo", "eth0", "GigabitEthernet1/0/1", "Ethernet1/2"]


def test_names_are_unique_within_a_device():
    found = snapshot(
        *port(1, "unit 1 port 1"),
        *port(2, "unit 2 port 1"),
        *port(3, "same"),
        *port(4, "same"),
        (at(oids.IF_NAME, 1), b"1"),
        (at(oids.IF_NAME, 2), b"1"),
    )
    assert [i.name for i in found.interfaces] == [
        "unit 1 port 1",
        "unit 2 port 1",
        "same (ifIndex 3)",
        "same (ifIndex 4)",
    ]


def test_a_row_of_ifxtable_alone_is_no_interface():
    found = snapshot(*port(1, "eth-0-1"), (at(oids.IF_NAME, 541703), b"ghost"))
    assert [i.name for i in found.interfaces] == ["eth-0-1"]


def test_speed_of_fast_ports_comes_from_ifhighspeed():
    found = snapshot(
        *port(1, "a"),
        *port(2, "b"),
        *port(3, "c"),
        (at(oids.IF_SPEED, 1), 2**32 - 1),
        (at(oids.IF_HIGH_SPEED, 1), 10_000),
        (at(oids.IF_SPEED, 2), 1_544_000),
        (at(oids.IF_HIGH_SPEED, 2), 2),
        (at(oids.IF_SPEED, 3), 0),
    )
    assert [i.speed_bps for i in found.interfaces] == [10_000_000_000, 1_544_000, None]


def test_32_bit_counters_stand_in_where_64_bit_ones_are_missing():
    found = snapshot(
        *port(1, "old"),
        *port(2, "new"),
        (at(oids.IF_IN_BROADCAST_PKTS, 1), 77),
        (at(oids.IF_HC_IN_BROADCAST_PKTS, 2), 88),
        (at(oids.IF_IN_BROADCAST_PKTS, 2), 5),
        (at(oids.IF_COUNTER_DISCONTINUITY_TIME, 2), 1200),
    )
    old, new = (i.counters for i in found.interfaces)
    assert old is not None
    assert new is not None
    assert (old.in_broadcast_pkts, old.bits) == (77, 32)
    assert (new.in_broadcast_pkts, new.bits, new.discontinuity_s) == (88, 64, 12.0)


def test_32_bit_counters_are_asked_for_only_where_an_ethernet_port_needs_them():
    hc = {at(oids.IF_HC_IN_OCTETS, 1): 1, at(oids.IF_HC_IN_BROADCAST_PKTS, 1): 1}
    assert not mib_if.lacks_wide_counters(
        View({at(oids.IF_TYPE, 1): 6, at(oids.IF_TYPE, 2): 53, **hc}.items())
    )
    assert mib_if.lacks_wide_counters(
        View({at(oids.IF_TYPE, 1): 6, at(oids.IF_TYPE, 2): 6, **hc}.items())
    )


def test_last_change_after_now_is_not_known():
    found = snapshot(*port(1, "a"), (oids.SYS_UP_TIME, 5), (at(oids.IF_LAST_CHANGE, 1), 9))
    assert found.interfaces[0].last_change_s is None


def test_port_channel_members_by_lacp_and_by_pagp():
    found = snapshot(
        *port(1, "Gi0/1"),
        *port(2, "Gi0/2"),
        *port(3, "Gi0/3"),
        *port(50, "Po1", 161),
        (at(oids.DOT3AD_ATTACHED_AGG_ID, 1), 50),
        (at(oids.DOT3AD_ATTACHED_AGG_ID, 3), 0),
        (at(oids.DOT3AD_ATTACHED_AGG_ID, 50), 50),
        (at(oids.PAGP_GROUP_IF_INDEX, 2), 50),
        (at(oids.PAGP_GROUP_IF_INDEX, 3), 3),
    )
    assert [i.aggregate for i in found.interfaces] == ["Port-channel1", "Port-channel1", None, None]


# --- VLANs, trunks -------------------------------------------------------------------------------


def test_trunk_and_access_vlan_of_a_cisco():
    found = snapshot(
        *port(1, "Gi0/1"),
        *port(2, "Gi0/2"),
        (at(oids.TRUNK_DYNAMIC_STATUS, 1), 1),
        (at(oids.TRUNK_DYNAMIC_STATUS, 2), 2),
        (at(oids.VM_VLAN, 1), 1),
        (at(oids.VM_VLAN, 2), 10),
    )
    assert [(i.trunk, i.access_vlan) for i in found.interfaces] == [(True, None), (False, 10)]


def test_trunk_and_access_vlan_by_q_bridge_follow_the_base_port():
    found = snapshot(
        *port(101, "p1"),
        *port(102, "p2"),
        (at(oids.BASE_PORT_IF_INDEX, 1), 101),
        (at(oids.BASE_PORT_IF_INDEX, 2), 102),
        (at(oids.PVID, 1), 1),
        (at(oids.PVID, 2), 20),
        (at(oids.VLAN_CURRENT_EGRESS, 0, 10), b"\x80\x00"),
        (at(oids.VLAN_CURRENT_UNTAGGED, 0, 10), b"\x00\x00"),
        (at(oids.VLAN_CURRENT_EGRESS, 0, 20), b"\x40"),
        (at(oids.VLAN_CURRENT_UNTAGGED, 0, 20), b"\x40"),
    )
    assert [(i.trunk, i.access_vlan) for i in found.interfaces] == [(True, None), (False, 20)]


def test_vtp_vlans_leave_out_what_is_not_ethernet():
    view = View(
        [(at(oids.VTP_VLAN_STATE, 1, v), 1) for v in (1, 10, 1002, 1003, 1005)]
        + [(at(oids.VTP_VLAN_TYPE, 1, v), t) for v, t in ((1, 1), (10, 1), (1002, 1), (1003, 3))]
    )
    assert mib_cisco.vtp_vlans(view) == (1, 10, 1002)  # Nexus has Ethernet there; 1005 has no type


# --- learned addresses ---------------------------------------------------------------------------


def test_base_port_is_not_ifindex_and_a_missing_one_hides_nobody():
    found = snapshot(
        *port(5001, "Po1"),
        (at(oids.BASE_PORT_IF_INDEX, 456), 5001),
        (at(oids.FDB_PORT, *MAC), 456),
        (at(oids.FDB_STATUS, *MAC), 3),
        (at(oids.FDB_PORT, 2, 0, 0, 0, 0, 8), 457),
        (at(oids.FDB_PORT, 2, 0, 0, 0, 0, 9), 0),
        (at(oids.FDB_STATUS, 2, 0, 0, 0, 0, 9), 4),
    )
    assert found.fdb == (
        FdbEntry("02:00:00:00:00:07", "Port-channel1", 5001, None, "learned"),
        FdbEntry("02:00:00:00:00:08", None),
        FdbEntry("02:00:00:00:00:09", None, None, None, "self"),
    )


def test_fdb_id_is_mapped_to_its_vlan():
    found = snapshot(
        (at(oids.VLAN_FDB_ID, 0, 400), 144),
        (at(oids.QFDB_PORT, 144, *MAC), 1),
        (at(oids.QFDB_STATUS, 144, *MAC), 3),
    )
    assert [(e.vlan, e.status) for e in found.fdb] == [(400, "learned")]


def test_a_shared_fdb_id_does_not_tell_the_vlan():
    shared = [(at(oids.VLAN_FDB_ID, 0, vlan), 1) for vlan in (1, 10, 20)]
    assert [e.vlan for e in snapshot(*shared, (at(oids.QFDB_PORT, 1, *MAC), 1)).fdb] == [None]


def test_without_a_map_the_numbers_must_all_be_vlans():
    vlans = [(at(oids.VLAN_STATIC_NAME, v), b"") for v in (1, 10, 20)]
    for fdb_ids, told in (((10, 20), [10, 20]), ((10, 2), [None, None]), ((1,), [None])):
        rows = [(at(oids.QFDB_PORT, f, *MAC), 1) for f in fdb_ids]
        assert [e.vlan for e in snapshot(*vlans, *rows).fdb] == told
    assert [e.vlan for e in snapshot((at(oids.QFDB_PORT, 10, *MAC), 1)).fdb] == [None]


def test_the_same_entry_in_both_tables_counts_once():
    found = snapshot(
        *port(1, "p1"),
        *port(2, "p2"),
        (at(oids.BASE_PORT_IF_INDEX, 1), 1),
        (at(oids.BASE_PORT_IF_INDEX, 2), 2),
        (at(oids.VLAN_FDB_ID, 0, 10), 10),
        (at(oids.QFDB_PORT, 10, *MAC), 1),
        (at(oids.FDB_PORT, *MAC), 1),
        (at(oids.FDB_PORT, 2, 0, 0, 0, 0, 8), 2),
    )
    assert [(e.mac[-2:], e.interface, e.vlan) for e in found.fdb] == [
        ("08", "p2", None),
        ("07", "p1", 10),
    ]


def test_bridge_mib_tells_the_port_where_q_bridge_does_not():
    found = snapshot(
        *port(1, "p1"),
        (at(oids.BASE_PORT_IF_INDEX, 1), 1),
        (at(oids.VLAN_FDB_ID, 0, 10), 10),
        (at(oids.QFDB_PORT, 10, *MAC), 0),
        (at(oids.FDB_PORT, *MAC), 1),
    )
    assert [(e.interface, e.vlan) for e in found.fdb] == [("p1", 10)]


def test_vlan_contexts_bring_their_vlan_and_their_own_base_ports():
    found = snapshot(
        *port(10107, "Gi1/0/7"),
        (at(oids.FDB_PORT, *MAC), 7),
        contexts={
            10: [(at(oids.BASE_PORT_IF_INDEX, 7), 10107), (at(oids.FDB_PORT, *MAC), 7)],
            20: [],
        },
    )
    assert [(e.interface, e.vlan) for e in found.fdb] == [("GigabitEthernet1/0/7", 10)]


def test_aruba_puts_a_length_before_the_address():
    found = snapshot((at(oids.FDB_PORT, 6, *MAC), 0))
    assert [e.mac for e in found.fdb] == ["02:00:00:00:00:07"]


# --- spanning tree -------------------------------------------------------------------------------


def stp(root: bytes, **more: Value) -> Snapshot:
    values: list[Varbind] = [(oids.STP_DESIGNATED_ROOT, root), (oids.STP_TOP_CHANGES, 6)]
    names = {"own": oids.BRIDGE_ADDRESS, "root_port": oids.STP_ROOT_PORT}
    return snapshot(*values, *((names[name], value) for name, value in more.items()))


def test_the_root_bridge():
    (one,) = stp(bytes.fromhex("80010016c894aa80"), own=b"\0\x16\xc8\x94\xaa\x80", root_port=0).stp
    assert (one.root, one.is_root, one.topology_changes) == ("32769.00:16:c8:94:aa:80", True, 6)
    (other,) = stp(bytes.fromhex("80010016c894aa80"), own=b"\0\1\2\3\4\5", root_port=3).stp
    assert (other.is_root, other.root_port) == (False, None)


def test_an_all_zero_root_is_none_and_a_printed_one_is_read():
    (off,) = stp(bytes(8), root_port=0).stp
    assert (off.root, off.is_root) == (None, None)
    (printed,) = stp(b"200000270def2240").stp
    assert printed.root == "8192.00:27:0d:ef:22:40"


def test_stp_ports_have_states_and_roles():
    own, designated = b"\2\0\0\0\0\1", b"\x80\0\2\0\0\0\0\1"
    found = snapshot(
        *port(11, "p1"),
        *port(12, "p2"),
        *port(13, "p3"),
        *((at(oids.BASE_PORT_IF_INDEX, n), 10 + n) for n in (1, 2, 3)),
        (oids.BRIDGE_ADDRESS, own),
        (oids.STP_DESIGNATED_ROOT, b"\x80\0\2\0\0\0\0\x99"),
        (oids.STP_ROOT_PORT, 1),
        (at(oids.STP_PORT_STATE, 1), 5),
        (at(oids.STP_PORT_STATE, 2), 5),
        (at(oids.STP_PORT_DESIGNATED_BRIDGE, 2), designated),
        (at(oids.STP_PORT_STATE, 3), 2),
        (at(oids.STP_PORT_DESIGNATED_BRIDGE, 3), b"\x80\0\2\0\0\0\0\x98"),
    )
    (one,) = found.stp
    assert one.root_port == "p1"
    assert [(p.interface, p.state, p.role) for p in one.ports] == [
        ("p1", "forwarding", "root"),
        ("p2", "forwarding", "designated"),
        ("p3", "blocking", "alternate"),
    ]


def test_each_vlan_context_has_its_own_tree():
    root = [(oids.STP_DESIGNATED_ROOT, b"\x80\x0a\2\0\0\0\0\1")]
    found = snapshot((oids.STP_DESIGNATED_ROOT, b"\x80\1\2\0\0\0\0\1"), contexts={10: [*root]})
    assert [(s.vlan, s.root) for s in found.stp] == [
        (1, "32769.02:00:00:00:00:01"),
        (10, "32778.02:00:00:00:00:01"),
    ]


# --- neighbours ----------------------------------------------------------------------------------


def lldp_row(*index: int, sys_name: bytes = b"core-1") -> list[Varbind]:
    return [
        (at(oids.LLDP_REM_CHASSIS_SUBTYPE, *index), 4),
        (at(oids.LLDP_REM_CHASSIS_ID, *index), bytes.fromhex("001122334455")),
        (at(oids.LLDP_REM_PORT_SUBTYPE, *index), 5),
        (at(oids.LLDP_REM_PORT_ID, *index), b"Gi1/0/1"),
        (at(oids.LLDP_REM_SYS_NAME, *index), sys_name),
    ]


def test_lldp_local_port_is_found_by_its_own_id():
    found = snapshot(
        *port(10109, "GigabitEthernet0/9"),
        (at(oids.LLDP_LOC_PORT_SUBTYPE, 9), 5),
        (at(oids.LLDP_LOC_PORT_ID, 9), b"Gi0/9"),
        *lldp_row(0, 9, 1),
        (at(oids.LLDP_REM_MAN_ADDR_IF_SUBTYPE, 0, 9, 1, 1, 4, 0, 0, 0, 0), 2),
        (at(oids.LLDP_REM_MAN_ADDR_IF_SUBTYPE, 0, 9, 1, 2, 16, 0xFE, 0x80, *(0,) * 13, 1), 2),
        (at(oids.LLDP_REM_MAN_ADDR_IF_SUBTYPE, 0, 9, 1, 1, 4, 10, 99, 0, 1), 2),
    )
    (one,) = found.neighbors
    assert one.interface == "GigabitEthernet0/9"
    assert (one.chassis_id, one.port_id, one.port_id_subtype) == ("00:11:22:33:44:55", "Gi1/0/1", 5)
    assert (one.sys_name, one.management_address) == ("core-1", "10.99.0.1")


def test_lldp_indexes_of_one_and_two_numbers_and_local_port_zero():
    ports = [*port(3, "ether3"), *port(18, "p18")]
    assert [n.interface for n in snapshot(*ports, *lldp_row(3)).neighbors] == ["ether3"]
    assert [n.interface for n in snapshot(*ports, *lldp_row(18, 2)).neighbors] == ["p18"]
    assert [n.interface for n in snapshot(*ports, *lldp_row(7, 0, 1)).neighbors] == [None]


def test_an_lldp_row_without_columns_is_a_neighbour_without_identity():
    found = snapshot(
        *port(5, "Te0/5"),
        (at(oids.LLDP_REM_CHASSIS_SUBTYPE, 0, 5, 1), 4),
        (at(oids.LLDP_REM_CHASSIS_ID, 0, 5, 1), b""),
    )
    (one,) = found.neighbors
    assert (one.interface, one.chassis_id, one.sys_name) == ("TenGigabitEthernet0/5", None, None)


def test_lldp_and_cdp_rows_of_one_neighbour_are_both_kept():
    found = snapshot(
        *port(9, "Gi0/9"),
        *lldp_row(0, 9, 1),
        (at(oids.CDP_DEVICE_ID, 9, 1), b"core-1"),
        (at(oids.CDP_DEVICE_PORT, 9, 1), b"GigabitEthernet1/0/1"),
        (at(oids.CDP_ADDRESS_TYPE, 9, 1), 1),
        (at(oids.CDP_ADDRESS, 9, 1), bytes((10, 99, 0, 1))),
        (at(oids.CDP_PLATFORM, 9, 1), b"cisco WS-C3850"),
    )
    lldp, cdp = found.neighbors
    assert (lldp.protocol, cdp.protocol) == ("lldp", "cdp")
    assert lldp.interface == cdp.interface == "GigabitEthernet0/9"
    assert (cdp.sys_name, cdp.management_address) == ("core-1", "10.99.0.1")


def test_cdp_device_ids_that_are_macs_or_serial_numbers():
    found = snapshot(
        (at(oids.CDP_DEVICE_ID, 24, 1), bytes.fromhex("aca016bf0200")),
        (at(oids.CDP_DEVICE_ID, 24, 2), b"JAB043408B7(mrswitch)"),
    )
    assert [(n.interface, n.chassis_id, n.sys_name) for n in found.neighbors] == [
        ("24", "ac:a0:16:bf:02:00", None),
        ("24", "JAB043408B7(mrswitch)", "mrswitch"),
    ]


def test_identities_as_text():
    assert mib_address.chassis_id(4, b"B8:69:F4:7F:41:70") == "b8:69:f4:7f:41:70"
    assert mib_address.chassis_id(4, "“E4:8D:8C:53:F4:98”".encode()) == "e4:8d:8c:53:f4:98"
    assert mib_address.chassis_id(5, bytes((1, 10, 56, 32, 113))) == "10.56.32.113"
    assert mib_address.chassis_id(7, b"T00634I") == "T00634I"
    assert mib_address.chassis_id(1, b"\xcf") == "cf"
    assert mib_address.port_id(3, bytes.fromhex("0004f2c67078")) == "00:04:f2:c6:70:78"
    assert mib_address.port_id(7, b"001122334455") == "001122334455"
    assert mib_address.port_id(5, "核心".encode("gbk")) == "核心"
    for spelling in ("0011.2233.4455", "001122-334455", "0:11:22:33:44:55", "00-11-22-33-44-55"):
        assert mib_address.mac_text(spelling) == "00:11:22:33:44:55"


def test_a_nul_ends_a_name():
    (one,) = snapshot(*port(3, "p"), *lldp_row(3, sys_name=b"sw35\0\0\0\0junk")).neighbors
    assert one.sys_name == "sw35"


def test_arp_of_both_tables_without_double_or_invalid_entries():
    mac = bytes.fromhex("020000000001")
    found = snapshot(
        *port(10, "Vlan10"),
        (at(oids.ARP_PHYS_ADDRESS, 10, 10, 10, 0, 5), mac),
        (at(oids.NEIGHBOR_PHYS_ADDRESS, 10, 1, 4, 10, 10, 0, 5), mac),
        (at(oids.NEIGHBOR_PHYS_ADDRESS, 10, 2, 16, 0xFE, 0x80, *(0,) * 13, 1), mac),
        (at(oids.ARP_PHYS_ADDRESS, 10, 10, 10, 0, 6), mac),
        (at(oids.ARP_TYPE, 10, 10, 10, 0, 6), 2),
        (at(oids.ARP_PHYS_ADDRESS, 10, 10, 10, 0, 7), bytes(6)),
    )
    assert [(e.ip, e.mac, e.interface) for e in found.arp] == [
        ("10.10.0.5", "02:00:00:00:00:01", "Vlan10"),
        ("fe80::1", "02:00:00:00:00:01", "Vlan10"),
    ]


# --- closed ports --------------------------------------------------------------------------------


def test_err_disabled_ports_come_from_the_status_table():
    feature_table = at(oid("1.3.6.1.4.1.9.9.548.1.2.1.1.2"), 14)
    found = snapshot(
        *port(10101, "Gi1/0/1"),
        *port(10102, "Gi1/0/2"),
        *port(10103, "Gi1/0/3"),
        (feature_table, 1),
        (at(oids.ERR_DISABLE_CAUSE, 10101, 0), 14),
        (at(oids.ERR_DISABLE_TIME_TO_RECOVER, 10101, 0), 0),
        (at(oids.ERR_DISABLE_CAUSE, 10102, 20), 2),
        (at(oids.ERR_DISABLE_TIME_TO_RECOVER, 10102, 20), 120),
    )
    first, second, third = (i.err_disabled for i in found.interfaces)
    assert first is not None
    assert second is not None
    assert third is None
    assert (first.cause, first.vlan, first.recovers_in_s) == (
        ErrDisableCause.STORM_CONTROL,
        None,
        None,
    )
    assert first.vendor_cause == "stormControl"
    assert (second.cause, second.vlan, second.recovers_in_s) == (
        ErrDisableCause.BPDU_GUARD,
        20,
        120,
    )


def test_an_unknown_cause_and_an_unknown_port_are_said():
    found = snapshot(
        *port(1, "Gi0/1"),
        (at(oids.ERR_DISABLE_CAUSE, 1, 0), 999),
        (at(oids.ERR_DISABLE_CAUSE, 77, 0), 14),
    )
    closed = found.interfaces[0].err_disabled
    assert closed is not None
    assert (closed.cause, closed.vendor_cause) == (ErrDisableCause.OTHER, "cause 999")
    assert "ifTable does not have" in found.errors[0].message


def test_catos_says_by_bits_that_a_port_is_closed():
    found = snapshot(
        *port(4, "2/1"),
        *port(5, "2/2"),
        (at(oids.PORT_IF_INDEX, 2, 1), 4),
        (at(oids.PORT_IF_INDEX, 2, 2), 5),
        (at(oids.PORT_ADDITIONAL_OPER_STATUS, 2, 1), b"\x08\x00"),
        (at(oids.PORT_ADDITIONAL_OPER_STATUS, 2, 2), b"\x00\x20"),
    )
    assert [i.err_disabled is not None for i in found.interfaces] == [False, True]


# --- hostile input -------------------------------------------------------------------------------

_KNOWN = sorted(oids.NAMES)
_VALUES = st.one_of(
    st.integers(-(2**63), 2**64),
    st.binary(max_size=20),
    st.lists(st.integers(0, 2**32), max_size=8).map(tuple),
)
_INDEXES = st.lists(st.one_of(st.integers(0, 8), st.integers(0, 2**32)), max_size=10).map(tuple)
_VARBINDS = st.lists(
    st.tuples(st.builds(lambda c, i: (*c, *i), st.sampled_from(_KNOWN), _INDEXES), _VALUES),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(_VARBINDS, st.dictionaries(st.integers(1, 4094), _VARBINDS, max_size=2))
@example([((*oids.STP_DESIGNATED_ROOT,), b"\xff")], {})
def test_garbage_only_ever_gives_source_errors(varbinds, contexts):
    found = mib.snapshot(DEVICE, mib.Reading(tuple(varbinds), contexts), at=AT)
    assert found.reachable
    assert len({i.name for i in found.interfaces}) == len(found.interfaces)
    assert all(error.source == "snmp" and error.message for error in found.errors)


@given(st.binary(max_size=40), st.integers(0, 8))
def test_any_identity_is_text_or_none(octets, subtype):
    for read in (mib_address.chassis_id, mib_address.port_id):
        shown = read(subtype, octets)
        assert shown is None or shown.strip()


def test_a_value_of_the_wrong_type_is_left_out_and_said():
    found = snapshot(*port(1, "p1"), (at(oids.IF_MTU, 1), b"large"), (at(oids.FDB_PORT, 1, 2), 3))
    assert found.interfaces[0].mtu is None
    assert [error.what for error in found.errors] == ["if_mtu", "fdb_port"]


def test_every_column_has_one_name():
    columns = [c for table in oids.TABLES.values() for c in table]
    columns += [*oids.COUNTERS, *oids.COUNTERS_32, *oids.SCALARS]
    assert len(columns) == len(set(columns))
    assert all(column in oids.NAMES for column in columns)
