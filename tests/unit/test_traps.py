"""Notifications of every maker become events; recorded ones of Catalysts hold; none raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.decode import oids, traps
from netdiag.decode.mib_view import Value, Varbind
from netdiag.decode.oids import Oid, oid
from netdiag.model import LogEvent

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
E = "1.3.6.1.4.1."
NAMES = {7: "GigabitEthernet1/0/7", 8: "GigabitEthernet1/0/8"}


def event(trap: str, *varbinds: tuple[str, Value]) -> LogEvent:
    listed: list[Varbind] = [(oids.SYS_UP_TIME, 1), (traps.TRAP_OID, oid(trap))]
    listed += [(oid(key), value) for key, value in varbinds]
    return traps.parse(listed, at=AT, device="acc-1", names=NAMES)


# Symbolic names as snmptrapd printed them -> numbers.
_SYMBOLS = {
    "CISCO-SMI::ciscoMgmt": E + "9.9",
    "CISCO-PORT-SECURITY-MIB::cpsSecureMacAddrViolation": E + "9.9.315.0.0.1",
    "CISCO-PORT-SECURITY-MIB::cpsTrunkSecureMacAddrViolation": E + "9.9.315.0.0.2",
    "CISCO-PORT-SECURITY-MIB::cpsIfSecureLastMacAddress": E + "9.9.315.1.2.1.1.10",
    "CISCO-VTP-MIB::vtpVlanName": E + "9.9.46.1.3.1.1.4",
    "IF-MIB::ifIndex": "1.3.6.1.2.1.2.2.1.1",
    "IF-MIB::ifName": "1.3.6.1.2.1.31.1.1.1.1",
    "SNMPv2-MIB::snmpTrapOID": "1.3.6.1.6.3.1.1.4.1",
    "DISMAN-EVENT-MIB::sysUpTimeInstance": "1.3.6.1.2.1.1.3.0",
}


def number(symbol: str) -> Oid:
    name, _, tail = symbol.partition(".")
    return oid(_SYMBOLS[name] + ("." + tail if tail else ""))


def recorded(text: str) -> dict[str, LogEvent]:
    """Each trap of a file of snmptrapd's handler input, by the host that sent it."""
    found = {}
    for block in text.split("----\n")[1:]:
        lines = [line for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        varbinds: list[Varbind] = []
        for line in lines[2:]:
            key, _, said = line.partition(" ")
            said = said.split("): ")[-1]
            value: Value = said.encode()
            if "snmpTrapOID" in key:
                value = number(said)
            elif re.fullmatch(r"\d+", said):
                value = int(said)
            varbinds.append((number(key), value))
        found[lines[0]] = traps.parse(varbinds, at=AT, device=lines[0])
    return found


@pytest.mark.data
def test_three_recorded_traps(shared_data: Path) -> None:
    file = shared_data / "other" / "snmptraps" / "cisco_errdisable_portsec_traps.txt"
    found = recorded(file.read_text())
    closed = found["catalyst20"]
    assert (closed.event, closed.interface, closed.cause, closed.vlan) == (
        "err-disabled",
        "ifIndex 10640",
        "port-security",
        None,
    )
    restricted = found["catalyst27"]
    assert (restricted.event, restricted.interface, restricted.mac) == (
        "port-security",
        "FastEthernet0/28",
        "00:21:85:58:7e:d9",
    )
    trunk = found["catalyst22"]
    assert (trunk.event, trunk.interface, trunk.vlan, trunk.mac) == (
        "port-security",
        "FastEthernet0/2",
        64,
        "00:15:99:64:f5:2f",
    )


_MAC = bytes.fromhex("001122334455")


@pytest.mark.parametrize(
    ("trap", "varbinds", "wanted"),
    [
        # wanted: event, interface, the other one, VLAN, MAC, cause
        ("1.3.6.1.6.3.1.1.5.3", [("1.3.6.1.2.1.2.2.1.1.7", 7), ("1.3.6.1.2.1.2.2.1.2.7", b"some port")],
         ("link-down", "GigabitEthernet1/0/7", None, None, None, None)),
        ("1.3.6.1.6.3.1.1.5.4", [("1.3.6.1.2.1.2.2.1.1.99", 99), ("1.3.6.1.2.1.2.2.1.2.99", b"Gi1/0/99")],
         ("link-up", "GigabitEthernet1/0/99", None, None, None, None)),
        ("1.3.6.1.6.3.1.1.5.3", [("1.3.6.1.2.1.2.2.1.1.99", 99)], ("link-down", "ifIndex 99", None, None, None, None)),
        (E + "9.9.548.0.2", [(E + "9.9.548.1.3.1.1.2.7.0", 14)], ("err-disabled", "GigabitEthernet1/0/7", None, None, None, "storm-control")),
        (E + "9.9.548.0.1.1", [(E + "9.9.548.1.3.1.1.2.7.30", 2)], ("err-disabled", "GigabitEthernet1/0/7", None, 30, None, "bpdu-guard")),
        (E + "9.9.362.0.2", [(E + "9.9.362.1.2.1.1.1.7.1", 5)], ("err-disabled", "GigabitEthernet1/0/7", None, None, None, "storm-control")),
        (E + "9.9.362.0.2", [(E + "9.9.362.1.2.1.1.1.7.1", 3)], ("storm", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "9.9.362.0.2", [(E + "9.9.362.1.2.1.1.1.7.1", 2)], ("err-recover", "GigabitEthernet1/0/7", None, None, None, "storm-control")),
        (E + "9.9.215.2.0.2", [(E + "9.9.215.1.3.1", _MAC), (E + "9.9.215.1.3.2", 10)], ("mac-flap", None, None, 10, "00:11:22:33:44:55", None)),
        (E + "9.9.41.2.0.1", [(E + "9.9.41.1.2.3.1.2.5", b"PM"), (E + "9.9.41.1.2.3.1.3.5", 5), (E + "9.9.41.1.2.3.1.4.5", b"ERR_DISABLE"),
                              (E + "9.9.41.1.2.3.1.5.5", b"bpduguard error detected on Gi1/0/7, putting Gi1/0/7 in err-disable state")],
         ("err-disabled", "GigabitEthernet1/0/7", None, None, None, "bpdu-guard")),
        (E + "2636.3.53.1.2.0.3", [(E + "2636.3.53.1.1.2.1.1.2.7", 1)], ("err-disabled", "GigabitEthernet1/0/7", None, None, None, "bpdu-guard")),
        (E + "2636.3.40.1.2.1.0.3", [(E + "2636.3.40.1.2.1.1.1.7", 7)], ("storm", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "2011.5.25.257.2.1", [("1.3.6.1.2.1.31.1.1.1.1.7", b"GigabitEthernet0/0/7"), (E + "2011.5.25.257.1.1.0", b"mac-address-flapping")],
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "mac-flapping")),
        (E + "2011.5.25.257.2.2", [("1.3.6.1.2.1.31.1.1.1.1.7", b"GigabitEthernet0/0/7"), (E + "2011.5.25.257.1.1.0", b"storm-control")],
         ("err-recover", "GigabitEthernet0/0/7", None, None, None, "storm-control")),
        (E + "2011.5.25.160.3.7", [(E + "1.1", 10), (E + "1.2", _MAC), (E + "1.3", b"GigabitEthernet0/0/3"), (E + "1.4", b"GigabitEthernet0/0/2 and GigabitEthernet0/0/1")],
         ("mac-flap", "GigabitEthernet0/0/3", "GigabitEthernet0/0/2", 10, "00:11:22:33:44:55", None)),
        (E + "2011.5.25.174.3.1", [(E + "2011.5.25.174.1.1.7.1.2.7", b"GigabitEthernet0/0/7")], ("loop", "GigabitEthernet0/0/7", None, None, None, None)),
        (E + "2011.5.25.42.4.2.12", [(E + "2011.5.25.42.4.1.1.7", 7)], ("err-disabled", "GigabitEthernet1/0/7", None, None, None, "bpdu-guard")),
        (E + "25506.2.66.3.1", [("1.3.6.1.2.1.2.2.1.1.7", 7)], ("storm", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "11.2.14.11.15.2.95.1.0.1", [("1.3.6.1.2.1.2.2.1.1.7", 7)], ("loop", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "25506.2.95.1.0.2", [("1.3.6.1.2.1.2.2.1.1.7", 7)], ("err-recover", "GigabitEthernet1/0/7", None, None, None, "loop-detected")),
        (E + "25506.2.87.1.4.0.2", [(E + "1.1", _MAC), (E + "1.2", 10), (E + "1.3", b"GigabitEthernet1/0/1"), (E + "1.4", b"GigabitEthernet1/0/2"), (E + "1.5", 3)],
         ("mac-flap", "GigabitEthernet1/0/1", "GigabitEthernet1/0/2", 10, "00:11:22:33:44:55", None)),
        (E + "25506.2.36.2.0.1", [("1.3.6.1.2.1.2.2.1.1.7", 7), (E + "1.2", 10), (E + "1.3", _MAC), (E + "1.4", bytes([192, 168, 0, 1]))],
         ("dhcp-snooping", "GigabitEthernet1/0/7", None, 10, "00:11:22:33:44:55", None)),
        (E + "4881.1.1.10.2.10.2.15", [("1.3.6.1.2.1.2.2.1.1.7", 7), ("1.3.6.1.2.1.2.2.1.2.7", b"GigabitEthernet 0/7"), (E + "4881.1.1.10.2.10.2.14", b"rldp loop")],
         ("err-disabled", "GigabitEthernet0/7", None, None, None, "loop-detected")),
        (E + "11.2.14.11.5.1.12.1.5.0.1", [("1.3.6.1.2.1.2.2.1.1.7", 7)], ("loop", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "11.2.14.12.1.0.5", [(E + "11.2.14.11.1.7.2.1.4.2404", 10), (E + "11.2.14.11.1.7.2.1.5.2404", 3), (E + "11.2.14.11.1.7.2.1.6.2404", 5)],
         ("err-disabled", None, None, None, None, "loop-detected")),
        (E + "11.2.14.12.1.0.5", [(E + "11.2.14.11.1.7.2.1.4.2404", 6), (E + "11.2.14.11.1.7.2.1.5.2404", 2)], ("storm", None, None, None, None, None)),
        (E + "1991.0.154", [(E + "1991.1.1.2.1.44.0", b"LOOP DETECTION: VLAN 10, port 1/1/3 detect, putting into err-disable state")],
         ("err-disabled", "1/1/3", None, 10, None, "loop-detected")),
        (E + "171.14.46.0.1", [(E + "171.14.46.1.4.1.1.7", 7)], ("loop", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "171.14.45.0.2", [("1.3.6.1.2.1.2.2.1.1.7", 7)], ("err-recover", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "11863.6.80.2.1", [(E + "11863.6.80.1.4.1.1.7", 7)], ("loop", "GigabitEthernet1/0/7", None, None, None, None)),
        (E + "99999.0.1", [], ("other", None, None, None, None, None)),
    ],
)  # fmt: skip
def test_a_notification_is_understood(
    trap: str, varbinds: list[tuple[str, Value]], wanted: tuple[object, ...]
) -> None:
    e = event(trap, *varbinds)
    assert (e.event, e.interface, e.other_interface, e.vlan, e.mac, e.cause) == wanted
    assert (e.at, e.device) == (AT, "acc-1")


def test_the_rogue_servers_address_is_kept_and_an_unknown_trap_keeps_its_number() -> None:
    found = event(
        E + "25506.2.36.2.0.1",
        ("1.3.6.1.2.1.2.2.1.1.7", 7),
        (E + "1.2", 10),
        (E + "1.3", _MAC),
        (E + "1.4", bytes([192, 168, 0, 1])),
    )
    assert found.ip == "192.168.0.1"
    assert event(E + "99999.0.1").mnemonic == "1.3.6.1.4.1.99999.0.1"


def test_snmpv1_traps_carry_a_zero_that_the_mib_has_not() -> None:
    assert event(E + "2011.5.25.257.2.0.1", ("1.3.6.1.2.1.31.1.1.1.1.7", b"GE0/0/7")).event == (
        "err-disabled"
    )


_OIDS = st.lists(st.integers(0, 2**32 - 1), max_size=14).map(tuple)
_VALUES = st.one_of(st.integers(-5, 2**64), st.binary(max_size=40), _OIDS)
_KEYS = st.sampled_from(
    [traps.TRAP_OID, oids.IF_NAME, oids.ERR_DISABLE_CAUSE, traps._IF_INDEX, traps._CPSC_STATUS,
     traps._CLOG, traps._FAULT_TYPE, traps._VTP_VLAN_NAME, traps._CPS_LAST_MAC]
)  # fmt: skip
_TRAPS = st.sampled_from(list(traps._BY_OID))


@given(
    _TRAPS | _OIDS,
    st.lists(st.tuples(_KEYS | _OIDS, _OIDS.map(lambda o: o[:3]), _VALUES), max_size=8),
)
def test_no_notification_raises(identity: Oid, rest: list[tuple[Oid, Oid, Value]]) -> None:
    varbinds: list[Varbind] = [(traps.TRAP_OID, identity)]
    varbinds += [((*key, *index), value) for key, index, value in rest]
    assert traps.parse(varbinds, at=AT, device=None, names=NAMES).at == AT
