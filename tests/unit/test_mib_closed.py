"""Ports closed by protection, by every vendor's own SNMP table; what is only down stays only down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag import platforms
from netdiag.decode import cause_words, mib, mib_closed, mib_if, oids
from netdiag.decode.mib_view import Varbind, View
from netdiag.decode.oids import Oid, oid
from netdiag.model import Device, ErrDisableCause, Snapshot

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
DEVICE = Device("acc-1", "10.99.0.11")
E = "1.3.6.1.4.1."


def snapshot(enterprise: str, *varbinds: Varbind, up: bool = False) -> Snapshot:
    """Port 7, admin-up, which is up or down, of a device of that enterprise."""
    base: list[Varbind] = [
        (oids.SYS_OBJECT_ID, oid(E + enterprise + ".1")),
        ((*oids.IF_DESCR, 7), b"ethernet 1/1/7"),
        ((*oids.IF_TYPE, 7), 6),
        ((*oids.IF_ADMIN_STATUS, 7), 1),
        ((*oids.IF_OPER_STATUS, 7), 1 if up else 2),
    ]
    return mib.snapshot(DEVICE, mib.Reading((*base, *varbinds)), at=AT)


def cell(column: str, value: int | bytes, *index: int) -> Varbind:
    return (*oid(E + column), *(index or (7,))), value


CASES = [
    # enterprise, object, value, the vendor's word, the normalized cause
    *(
        ("9.6.1", "9.6.1.101.128.3.1.1", code, word, cause)
        for code, word, cause in (
            (1, "loopback-detection", "loop-detected"),
            (2, "port-security", "port-security"),
            (3, "dot1x-src-address", "dot1x-violation"),
            (4, "acl-deny", "admin-policy"),
            (5, "stp-bpdu-guard", "bpdu-guard"),
            (6, "stp-loopback-guard", "loop-detected"),
            (7, "pcb-overheat", "other"),
            (8, "udld", "udld"),
            (9, "storm-control", "storm-control"),
            (10, "link-flapping", "link-flap"),
        )
    ),
    *(
        ("1991.1.3", "1991.1.1.3.3.5.1.73", code, word, cause)
        for code, word, cause in (
            (1, "bpdu-guard", "bpdu-guard"),
            (2, "loop-detection", "loop-detected"),
            (3, "invalid-licence", "admin-policy"),
            (4, "packet-inerror", "crc-errors"),
            (5, "loam-remote-critical", "other"),
            (6, "needs-reboot", "other"),
            (7, "bcast", "storm-control"),
            (8, "mcast", "storm-control"),
            (9, "dlf", "storm-control"),
            (10, "stack-port-problem", "other"),
            (11, "spx-invalid-topology", "other"),
            (12, "pvst-protect", "bpdu-guard"),
            (13, "bpdu-tunnel-threshold", "loop-detected"),
            (14, "lag-oper-speed-mismatch", "channel-misconfig"),
        )
    ),
    ("30065.1", "30065.3.15.1.1.1.10", b"bpduguard", "bpduguard", "bpdu-guard"),
    ("30065.1", "30065.3.15.1.1.1.10", b"portsec", "portsec", "port-security"),
    ("30065.1", "30065.3.15.1.1.1.10", b"storm-control", "storm-control", "storm-control"),
    (
        "30065.1",
        "30065.3.15.1.1.1.10",
        b"loopprotectguard",
        "loopprotectguard",
        "loop-detected",
    ),
    (
        "30065.1",
        "30065.3.15.1.1.1.10",
        b"xcvr-unsupported",
        "xcvr-unsupported",
        "transceiver",
    ),
    ("2636.1", "2636.3.53.1.1.2.1.1.2", 1, "jnxL2cpPortBpduError detected", "bpdu-guard"),
    ("2011.2", "2011.5.25.174.1.1.7.1.6", 3, "hwPortLoopDetectStatus shutdown", "loop-detected"),
    (
        "2011.2",
        "2011.5.25.42.1.1.1.15.1.5",
        3,
        "hwL2IfPortLoopDetectStatus shutdown",
        "loop-detected",
    ),
    (
        "2011.2",
        "2011.5.25.32.4.1.13.1.1.10",
        5,
        "hwXQoSStormControlStatus shutdown",
        "storm-control",
    ),
    ("25506.1", "25506.2.95.2.5.1.4", 1, "hh3cLpbkdtPortLoopbacked true", "loop-detected"),
    ("25506.1", "25506.2.66.2.1.1.1", 1, "hh3cStormCtrlPortStatus controlled", "storm-control"),
    (
        "43.45.1",
        "43.45.1.10.2.2.66.2.1.1.1",
        1,
        "hh3cStormCtrlPortStatus controlled",
        "storm-control",
    ),
    ("4881.1", "4881.1.1.10.2.10.1.3.1.3", 2, "err-disable-bpduguard", "bpdu-guard"),
    ("4881.1", "4881.1.1.10.2.10.1.3.1.3", 3, "err-disable-ptsecurity", "port-security"),
    (
        "11.2.3.7.1",
        "11.2.14.11.5.1.12.1.5.2.1.1.2",
        1,
        "hpicfBridgeLoopProtectPortLoopDetected true",
        "loop-detected",
    ),
    (
        "47196.4.1.1",
        "47196.4.1.1.3.1.1.5.2.1.1.3",
        1,
        "arubaWiredLoopProtectPortLoopDetected true",
        "loop-detected",
    ),
    (
        "674.11000.5000.100",
        "674.11000.5000.100.5.1.2.1.1.3",
        2,
        "macLearnLimitErrDisable",
        "mac-limit",
    ),
    (
        "674.11000.5000.100",
        "674.11000.5000.100.5.1.2.1.1.3",
        3,
        "stationMoveErrDisable",
        "mac-flapping",
    ),
    ("171.10", "171.14.46.1.4.1.3", 2, "dLbdIfLoopStatus loop", "loop-detected"),
    ("171.10", "171.14.25.1.4.1.3", 3, "dStormCtrlIfState errorDisabled", "storm-control"),
    (
        "11863.5",
        "11863.6.80.1.4.1.5",
        b"loop",
        "tpLoopbackDetectionLoopState loop",
        "loop-detected",
    ),
    ("9.1", "9.9.315.1.2.1.1.2", 3, "cpsIfPortSecurityStatus shutdown", "port-security"),
]


@pytest.mark.parametrize(("enterprise", "column", "value", "word", "cause"), CASES)
def test_every_vendors_table_says_that_a_port_is_closed_and_why(
    enterprise: str, column: str, value: int | bytes, word: str, cause: str
) -> None:
    (port,) = snapshot(enterprise, cell(column, value)).interfaces
    assert port.err_disabled is not None
    assert (port.err_disabled.vendor_cause, str(port.err_disabled.cause)) == (word, cause)
    asked = mib_closed.tables(E + enterprise + ".1")
    assert any(oid(E + column) in columns for columns in asked.values())


@pytest.mark.parametrize(
    ("enterprise", "column", "value"),
    [
        ("2636.1", "2636.3.53.1.1.2.1.1.2", 0),
        ("2011.2", "2011.5.25.174.1.1.7.1.6", 1),
        ("2011.2", "2011.5.25.32.4.1.13.1.1.10", 1),
        ("25506.1", "25506.2.95.2.5.1.4", 2),
        ("25506.1", "25506.2.66.2.1.1.1", 2),
        ("4881.1", "4881.1.1.10.2.10.1.3.1.3", 1),
        ("30065.1", "30065.3.15.1.1.1.10", b""),
        ("1991.1.3", "1991.1.1.3.3.5.1.73", 0),
        ("674.11000.5000.100", "674.11000.5000.100.5.1.2.1.1.3", 1),
        ("171.10", "171.14.25.1.4.1.3", 4),
        ("9.1", "9.9.315.1.2.1.1.2", 2),
    ],
)
def test_a_port_that_is_only_down_is_not_err_disabled(
    enterprise: str, column: str, value: int | bytes
) -> None:
    found = snapshot(enterprise, cell(column, value))
    assert found.interfaces[0].err_disabled is None
    assert (found.log, found.contradictions) == ((), ())


def test_a_loop_on_a_port_that_is_up_is_an_event_and_no_closed_port() -> None:
    found = snapshot("2011.2", cell("2011.5.25.174.1.1.7.1.6", 2), up=True)
    assert found.interfaces[0].err_disabled is None
    (event,) = found.log
    assert (event.event, event.interface, event.device) == ("loop", "Ethernet1/1/7", "acc-1")
    (event,) = snapshot("25506.1", cell("25506.2.66.2.1.1.1", 1), up=True).log
    assert event.event == "storm"


def test_a_port_said_to_be_shut_by_port_security_that_is_up_is_shown_both_ways() -> None:
    found = snapshot("9.1", cell("9.9.315.1.2.1.1.2", 3), up=True)
    assert found.interfaces[0].err_disabled is None
    assert found.contradictions == (
        "Ethernet1/1/7: cpsIfPortSecurityStatus is shutdown, and ifOperStatus is up",
    )


def test_dlink_tells_cause_vlan_and_time_in_index_and_value() -> None:
    found = snapshot("171.10", cell("171.14.45.1.3.1.4", 42, 7, 0, 4))
    closed = found.interfaces[0].err_disabled
    assert closed is not None
    assert (closed.vendor_cause, closed.vlan, closed.recovers_in_s) == ("stormControl", None, 42)
    vlan = snapshot("171.10", cell("171.14.45.1.3.1.4", 0xFFFFFFFF, 7, 30, 1), up=True)
    closed = vlan.interfaces[0].err_disabled
    assert closed is not None
    assert (str(closed.cause), closed.vlan, closed.recovers_in_s) == ("loop-detected", 30, None)
    assert snapshot("171.10", cell("171.14.45.1.3.1.4", 1, 7)).errors != ()


def test_cbs_tells_when_a_port_comes_back() -> None:
    closed = (
        snapshot("9.6.1", cell("9.6.1.101.128.3.1.1", 9), cell("9.6.1.101.128.3.1.3", 250))
        .interfaces[0]
        .err_disabled
    )
    assert closed is not None
    assert closed.recovers_in_s == 250


def test_ciscos_error_disable_table_says_more_than_port_security_status() -> None:
    row = ((*oids.ERR_DISABLE_CAUSE, 7, 0), 9)
    found = snapshot("9.1", cell("9.9.315.1.2.1.1.2", 3), row)
    closed = found.interfaces[0].err_disabled
    assert closed is not None
    assert closed.vendor_cause == "portSecurityViolation"


def test_an_index_that_is_a_bridge_port_is_mapped_and_an_unknown_one_is_said() -> None:
    base = ((*oids.BASE_PORT_IF_INDEX, 3), 7)
    assert (
        snapshot("11.2.3.7.1", base, cell("11.2.14.11.5.1.12.1.5.2.1.1.2", 1, 3))
        .interfaces[0]
        .err_disabled
    )
    assert snapshot("1991.1.3", cell("1991.1.1.3.3.5.1.73", 1, 99)).errors != ()


def test_each_maker_is_asked_for_its_own_tables_only() -> None:
    assert set(mib_closed.tables(E + "30065.1.3011")) == {"aristaIfErrDisabledReason"}
    assert mib_closed.tables(E + "300651.1") == {}
    assert mib_closed.tables(None) == {}


@pytest.mark.parametrize(
    ("enterprise", "says"),
    [("2011.2", "VRP"), ("4881.1", "RLDP"), ("14988.1", "RouterOS"), ("99999.1", "not known")],
)
def test_what_a_platform_does_not_offer_is_said_and_is_no_error(enterprise: str, says: str) -> None:
    found = snapshot(enterprise)
    (missing,) = found.not_offered
    assert missing.what == "err-disabled"
    assert says in missing.message
    assert found.errors == ()


@pytest.mark.parametrize("enterprise", ["9.1", "30065.1", "1991.1.3", "9.6.1"])
def test_a_platform_whose_table_tells_all_says_nothing(enterprise: str) -> None:
    assert snapshot(enterprise).not_offered == ()


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("mac-address-flapping", "mac-flapping"),
        ("stormControlErrDisable", "storm-control"),
        ("linkFlapErrDisabled", "link-flap"),
        ("bpduGuardErrDisable", "bpdu-guard"),
        ("secViolErrDisabled", "port-security"),
        ("udldErrDisable", "udld"),
        ("BPDUGuard", "bpdu-guard"),
        ("portsec-reachedlimit", "port-security"),
        ("transceiver-power-low", "transceiver"),
        ("l2-loop-occurred", "loop-detected"),
        ("loopback-detect", "loop-detected"),
        ("bpdu-protection", "bpdu-guard"),
        ("security-violation", "dot1x-violation"),
        ("maclearnlimit", "mac-limit"),
        ("fefd", "udld"),
        ("crc-statistics", "crc-errors"),
        ("no-internal-vlan", "admin-policy"),
        ("as-not-ready", "other"),
    ],
)
def test_words_of_no_known_platform(word: str, cause: str) -> None:
    assert cause_words.cause(word) == ErrDisableCause(cause)


def test_static_port_channels_by_ifstacktable() -> None:
    varbinds = [
        (oids.SYS_OBJECT_ID, oid(E + "9.1.1")),
        *(
            ((*column, index), value)
            for index, name, kind in (
                (1, b"Gi0/1", 6),
                (2, b"Gi0/2", 6),
                (3, b"Gi0/3", 6),
                (50, b"Po1", 161),
                (51, b"Po2", 53),
                (60, b"Vl10", 53),
            )
            for column, value in ((oids.IF_NAME, name), (oids.IF_TYPE, kind))
        ),
        *(
            ((*oids.IF_STACK_STATUS, *pair), 1)
            for pair in ((50, 1), (51, 2), (60, 3), (0, 50), (1, 0))
        ),
        ((*oids.IF_STACK_STATUS, 50, 3), 2),
    ]
    found = mib.snapshot(DEVICE, mib.Reading(varbinds), at=AT)
    assert {i.name: i.aggregate for i in found.interfaces if i.aggregate} == {
        "GigabitEthernet0/1": "Port-channel1",
        "GigabitEthernet0/2": "Port-channel2",
    }
    assert mib_if.has_aggregates(View(varbinds))


_columns = st.sampled_from([c for t in mib_closed.TABLES for c in t.columns])


@given(
    st.sampled_from(["9.1", "2011.2", "171.10", "30065.1"]),
    st.lists(
        st.tuples(
            _columns,
            st.lists(st.integers(0, 9), max_size=4),
            st.one_of(st.integers(-5, 2**32), st.binary(max_size=12)),
        ),
        max_size=20,
    ),
    st.booleans(),
)
def test_garbage_gives_facts_or_source_errors(
    enterprise: str, cells: list[tuple[Oid, list[int], int | bytes]], up: bool
) -> None:
    varbinds = [((*column, *index), value) for column, index, value in cells]
    found = snapshot(enterprise, *varbinds, up=up)
    assert found.reachable
    assert len(found.interfaces) == 1


def test_every_platform_either_tells_all_or_says_what_it_does_not() -> None:
    silent = {p.name for p in platforms.ALL if mib_closed.not_offered(p.name) is None}
    assert silent == {"cisco_ios", "cisco_nxos", "cisco_s300", "arista_eos", "ruckus_fastiron"}
    assert "VRP" in (mib_closed.not_offered("huawei_vrpv8") or "")
    assert "none of this platform's" in (mib_closed.not_offered("zyxel_os") or "")
