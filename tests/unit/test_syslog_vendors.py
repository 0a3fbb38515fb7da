"""Every maker's messages: the rows of the vendor pages, and the recorded cases of other projects."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.decode import syslog, syslog_vendors
from netdiag.decode.mib_address import mac_text
from netdiag.model import LogEvent
from netdiag.names import long_name
from tests import conformance

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

# What the NOC project calls a message -> what ours may be.
KINDS = {
    "Network | Link | Link Up": {"link-up"},
    "Network | Link | Link Down": {"link-down"},
    "Network | LBD | Loop Detected": {"loop", "err-disabled"},
    "Network | LBD | Vlan Loop Detected": {"loop", "err-disabled"},
    "Network | LBD | Loop Cleared": {"err-recover"},
    "Network | LBD | Vlan Loop Cleared": {"err-recover"},
    "Network | STP | STP Loop Detected": {"loop"},
    "Network | STP | BPDU Guard Violation": {"bpdu-guard", "err-disabled"},
    "Network | STP | BPDU Guard Recovery": {"err-recover"},
    "Network | MAC | MAC Flap": {"mac-flap"},
    "Network | Port Security | Port Security Violation": {"port-security", "err-disabled"},
    "Network | DHCP | Untrusted Server": {"dhcp-snooping"},
    "Network | Storm Control | Storm Detected": {"storm", "err-disabled"},
    "Network | Storm Control | Storm Cleared": {"err-recover"},
    "Network | Storm Control | Broadcast Storm Detected": {"storm"},
    "Network | Storm Control | Broadcast Storm Cleared": {"err-recover"},
    "Network | Storm Control | Multicast Storm Detected": {"storm"},
    "Network | Storm Control | Multicast Storm Cleared": {"err-recover"},
    "Network | IP | Address Conflict": {"duplicate-address"},
}


def event(line: str) -> LogEvent:
    found = syslog.parse_line(line, at=AT)
    assert found is not None, line
    return found


def cases(shared_data: Path) -> list[dict[str, Any]]:
    text = (shared_data / "syslog" / "noc_syslog_cases.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def same_port(said: str | None, wanted: str) -> bool:
    if said is None:
        return False
    bare = {"port (11)": "11"}.get(wanted, wanted)
    return long_name(said) == long_name(bare) or said.lower() == bare.lower()


@pytest.mark.data
def test_the_cases_of_26_makers(shared_data: Path) -> None:
    held: Counter[str] = Counter()
    wrong: list[str] = []
    for case in cases(shared_data):
        kinds = KINDS.get(case["event_class"])
        if kinds is None:
            continue
        found = syslog.parse_line(case["message"], at=AT)
        said = case["vars"]
        facts = {"event": found is not None and found.event in kinds}
        if found is not None:
            facts |= _facts(found, said)
        held[case["vendor"]] += sum(facts.values())
        conformance.record(case["vendor"], "log", held=sum(facts.values()), checked=len(facts))
        wrong += [f"{k}: {case['message'][:150]} -> {found}" for k, ok in facts.items() if not ok]
    assert not wrong, "\n".join(wrong)
    assert held.total() >= 217


def _facts(found: LogEvent, said: dict[str, str]) -> dict[str, bool]:
    facts = {}
    port = said.get("interface") or said.get("from_interface") or said.get("port")
    if said.get("unit"):
        port = f"Eth {said['unit']}/{port}"
    if port:
        facts["interface"] = same_port(found.interface, port)
    if "to_interface" in said:
        facts["other"] = same_port(found.other_interface, said["to_interface"])
    if "vlan" in said:
        facts["vlan"] = found.vlan == int(said["vlan"])
    if "mac" in said:
        facts["mac"] = found.mac == mac_text(said["mac"])
    if "ip" in said:
        facts["ip"] = found.ip == said["ip"]
    return facts


@pytest.mark.data
def test_other_classes_never_close_or_reopen_a_port(shared_data: Path) -> None:
    mute = {"err-disabled", "err-recover", "loop", "storm", "bpdu-guard", "port-security"}
    loud = [
        f"{case['event_class']}: {case['message'][:120]} -> {found.event}"
        for case in cases(shared_data)
        if case["event_class"] not in KINDS
        and not case["event_class"].startswith(("Unknown", "Chassis | Hardware | Hardware Port"))
        and (found := syslog.parse_line(case["message"], at=AT)) is not None
        and found.event in mute
    ]
    assert not loud, "\n".join(loud)


@pytest.mark.data
def test_napalm_logs_interfaces_hosts_and_times(shared_data: Path) -> None:
    folder = shared_data / "syslog" / "napalm-logs"
    checked = 0
    for truth_file in sorted(folder.glob("*/INTERFACE_*/*/yang.json")):
        truth = json.loads(truth_file.read_text())
        raw = (truth_file.parent / "syslog.msg").read_text()
        found = syslog.parse_line(raw, at=AT)
        if found is None:
            pytest.fail(f"not understood: {raw}")
        port = next(iter(truth["yang_message"]["interfaces"]["interface"]))
        if "DUPLEX" not in str(truth_file):
            assert found.interface is not None, raw
            assert long_name(found.interface) == long_name(port)
            kind = truth_file.parent.parent.name
            wanted = {"INTERFACE_UP": "link-up", "INTERFACE_DOWN": "link-down"}
            assert found.event == wanted.get(kind, found.event)
        assert found.device == truth["host"]
        checked += 1
        facts = 2 if "DUPLEX" in str(truth_file) else 4
        maker = truth_file.relative_to(folder).parts[0]
        conformance.record(maker, "log", held=facts, checked=facts)
    assert checked >= 10


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        # wanted: event, interface, the other one, VLAN, MAC, cause, address
        ("Aug  6 2011 20:34:46 sw1 %%01ERRDOWN/4/ERRDOWN_DOWNNOTIFY(l)[5]:Notify interface to change status to error-down. (InterfaceName=GigabitEthernet0/0/7, Cause=port security)",
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "port-security", None)),
        ("ERROR-DOWN/4/hwErrordown_active: Error-down occurred. (Ifindex=5, Ifname=10GE1/0/1, Cause=storm-control)",
         ("err-disabled", "10GE1/0/1", None, None, None, "storm-control", None)),
        ("ERROR-DOWN/4/hwErrordown_clear: Error-down recovered. (Ifindex=5, Ifname=10GE1/0/1, Cause=loopback-detect, RecoverType=auto)",
         ("err-recover", "10GE1/0/1", None, None, None, "loop-detected", None)),
        ("SECE/4/STORMCTRL_IF_ERROR_DOWN: Interface GigabitEthernet0/0/7 is error-down for storm-control.",
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "storm-control", None)),
        ("FEI_COMM/4/STORMCTRL_ERRDOWN:This interface changes to the error-down state because of storm control. Storm control occurred because the rate of broadcast packets exceeds the threshold. (Rate of packets=9000, Threshold=1000, Interface=10GE1/0/1)",
         ("err-disabled", "10GE1/0/1", None, None, None, "storm-control", None)),
        ("FEI_COMM/4/STORMCTRL_EXCEED:The rate of broadcast packets exceeds the threshold. (Rate of packets=9000, Threshold=1000, Interface=10GE1/0/1)",
         ("storm", "10GE1/0/1", None, None, None, None, None)),
        ("SECE/4/TRAP:STORMCONTROL: OID 1.3.6.1 StormControlAlarm. (IfIndex=5, IfName=GigabitEthernet0/0/7, BroadcastMinRate=1, Action=2, Interval=90, Status=error-down)",
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "storm-control", None)),
        ("LBDT/4/PORTTRAP: OID 1.3.6.1.4.1.2011.5.25.174.3.1 Loopback exists on interface(7) GigabitEthernet0/0/7 ( VLAN 10 ), loopback detection status: 3, (Status 1:normal; 2:block; 3:shutdown; 4:trap; 5:nolearn; 6:quitvlan)",
         ("err-disabled", "GigabitEthernet0/0/7", None, 10, None, "loop-detected", None)),
        ("LBDT/4/PORTTRAP: OID 1.3.6.1.4.1.2011.5.25.174.3.1 Loopback exists on interface(7) GigabitEthernet0/0/7 ( Untagged ), loopback detection status: 2, (Status 1:normal; 2:block)",
         ("loop", "GigabitEthernet0/0/7", None, None, None, None, None)),
        ("LBDT/4/PORTTRAP: OID 1.3.6.1.4.1.2011.5.25.174.3.1 Loopback does exist on interface(7) GigabitEthernet0/0/7 ( VLAN 10 ), loopback detect status: 1.(1:normal; 2:block; 3:shutdown)",
         ("err-recover", "GigabitEthernet0/0/7", None, 10, None, "loop-detected", None)),
        ("MSTP/4/LOOPBACK_DETECTED:The port GigabitEthernet0/0/7 was blocked because it received the BPDU packets sent by itself.",
         ("loop", "GigabitEthernet0/0/7", None, None, None, None, None)),
        ("MSTP/4/BPDU_PROTECTION: This edged-port GigabitEthernet0/0/7 that enabled BPDU-Protection will be shutdown, because it received BPDU packet!",
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "bpdu-guard", None)),
        ("MSTP/4/MSTPLOG_PROPORT_BPDU_GUARDED: The MSTP process's edge port with BPDU protection enabled will be shut down, because it received a BPDU packet. (ProcessID=0, PortID=1, IfIndex=5, PortName=10GE1/0/1, SrcMac=0011-2233-4455, TAG=x)",
         ("err-disabled", "10GE1/0/1", None, None, "00:11:22:33:44:55", "bpdu-guard", None)),
        ("L2IFPPI/4/PORTSEC_ACTION_ALARM: OID 1.3 Interface (6/6) GigabitEthernet0/0/7 receive insecure MAC address, and the port status is: 3. (1:restrict;2:protect;3:error-down)",
         ("err-disabled", "GigabitEthernet0/0/7", None, None, None, "port-security", None)),
        ("L2IFPPI/4/MFLPVLANALARM:OID 1.3.6.1.4.1.2011.5.25.160.3.7 MAC move detected, VlanId = 1, MacAddress = 5489-9897-158b, Original-Port = GE0/0/3, Flapping port = GE0/0/2 and GE0/0/1. Please check the network accessed to flapping port.",
         ("mac-flap", "GigabitEthernet0/0/3", "GigabitEthernet0/0/2", 1, "54:89:98:97:15:8b", None, None)),
        ("FEI/4/hwMflpVlanLoopAlarm_active: MAC flapping detected, VlanId = 7, Original-Port = 10GE1/0/1, Flapping port 1 = 10GE1/0/2, port 2 = 10GE1/0/3.",
         ("mac-flap", "10GE1/0/1", "10GE1/0/2", 7, None, None, None)),
        ("DHCP/1/REPLYTRAP:OID 1.3 The number of the discarded DHCP reply packets on the untrusted interface exceeds the threshold. (IfIndex=5, VlanIndex=10, Interface=GigabitEthernet0/0/7, VlanID=10, DiscardedNumber=101)",
         ("dhcp-snooping", "GigabitEthernet0/0/7", None, 10, None, None, None)),
        ("%May 14 17:16:45:688 2026 Sysname STP/4/STP_BPDU_PROTECTION: BPDU-Protection port GigabitEthernet1/0/5 received BPDUs.",
         ("err-disabled", "GigabitEthernet1/0/5", None, None, None, "bpdu-guard", None)),
        ("<189>May 14 17:16:45 2026 Sysname %%10MAC/4/MAC_FLAPPING: MAC address 0000-0012-0034 in VLAN 500 has moved from port XGE1/0/1 to port XGE1/0/2 for 1 times",
         ("mac-flap", "Ten-GigabitEthernet1/0/1", "Ten-GigabitEthernet1/0/2", 500, "00:00:00:12:00:34", None, None)),
        ("*Mar 19 20:16:00: %RLDP-3-LINK_DETECT_ERROR: loop detection error detect on interface GigabitEthernet 0/7.set this interface errordisable!",
         ("err-disabled", "GigabitEthernet0/7", None, None, None, "loop-detected", None)),
        ("*Mar 19 20:16:00: %RLDP-3-LINK_DETECT_RECOVER: rldp recover interface GigabitEthernet 0/7 from loop error",
         ("err-recover", "GigabitEthernet0/7", None, None, None, "loop-detected", None)),
        ("%PORT_SECURITY-4-ERR_RECOVER: Interface GigabitEthernet 0/5 recover from an error.",
         ("err-recover", "GigabitEthernet0/5", None, None, None, None, None)),
        ("Nov 22 07:00:00 nx1 %ETHPORT-5-IF_DOWN_ERROR_DISABLED: Interface Ethernet1/7 is down (Error disabled. Reason:BPDUGuard)",
         ("err-disabled", "Ethernet1/7", None, None, None, "bpdu-guard", None)),
        ("%L2FM-2-L2FM_MAC_FLAP_DISABLE_LEARN_N3K: Loops detected in the network for mac 0011.2233.4455 among ports Eth1/1 and Eth1/2 vlan 10 - Disabling dynamic learning notifications for a period between 120 and 240 seconds on vlan 10",
         ("mac-flap", "Ethernet1/1", "Ethernet1/2", 10, "00:11:22:33:44:55", None, None)),
        ("%L2FM-4-L2FM_MAC_MOVE: Mac 0011.2233.4455 in vlan 10 has moved from Eth1/1 to Eth1/2",
         ("mac-flap", "Ethernet1/1", "Ethernet1/2", 10, "00:11:22:33:44:55", None, None)),
        ("%L2FM-2-L2FM_MAC_FLAP_DISABLE_LEARN: Disabling learning in vlan 10 for 120s due to too many mac moves",
         ("mac-flap", None, None, 10, None, None, None)),
        ("<189>Nov 22 07:00:00 eos1 Ebra: %ETH-4-ERRDISABLE: bpduguard error detected on Ethernet5.",
         ("err-disabled", "Ethernet5", None, None, None, "bpdu-guard", None)),
        ("Nov 22 07:00:00 eos1 Stp: %SPANTREE-4-BLOCK_BPDUGUARD: Received BPDU packet on Ethernet5 with BPDU guard enabled. Disabling interface. (source mac 00:11:22:33:44:55)",
         ("bpdu-guard", "Ethernet5", None, None, "00:11:22:33:44:55", "bpdu-guard", None)),
        ("%ETH-4-HOST_FLAPPING: Host 00:11:22:33:44:55 in VLAN 10 is flapping between interface Ethernet1 and interface Ethernet2 (message repeated 3 times)",
         ("mac-flap", "Ethernet1", "Ethernet2", 10, "00:11:22:33:44:55", None, None)),
        ("Mar 19 14:19:40  ex1 eswd[1262]: ESWD_ST_CTL_ERROR_DISABLED: ge-0/0/7.0: storm control disabled port",
         ("err-disabled", "ge-0/0/7.0", None, None, None, "storm-control", None)),
        ("Mar 19 14:19:40  ex1 l2ald[1262]: L2ALD_ST_CTL_IN_EFFECT: ge-0/0/7.0: storm control in effect on the port",
         ("storm", "ge-0/0/7.0", None, None, None, None, None)),
        ("eswd[1]: ESWD_DHCP_UNTRUSTED: 3 untrusted DHCPOFFER received, interface ge-0/0/8.0[index 76], vlan v10[index 4], server ip/mac 192.168.0.1/0:11:22:33:44:55, offer ip/client mac 192.168.0.7/0:1:2:3:4:5",
         ("dhcp-snooping", "ge-0/0/8.0", None, None, "00:11:22:33:44:55", None, "192.168.0.1")),
        ("W 11/22/26 07:00:00 00884 loop-protect: port 3 disabled - loop detected.",
         ("err-disabled", "3", None, None, None, "loop-detected", None)),
        ("I 11/22/26 07:00:00 00886 loop-protect: port A3 - loop detected.",
         ("loop", "A3", None, None, None, None, None)),
        ("I 11/22/26 07:00:00 00887 loop-protect: port 3 — disable period expired.",
         ("err-recover", "3", None, None, None, None, None)),
        ("W 11/22/26 07:00:00 00850 dhcp-snoop: Server 192.168.0.1 packet received on untrusted port 7 dropped",
         ("dhcp-snooping", "7", None, None, None, None, "192.168.0.1")),
        ("W 11/22/26 07:00:00 00854 dhcp-snoop: Unauthorized server 192.168.0.1 detected on port 7",
         ("dhcp-snooping", "7", None, None, None, None, "192.168.0.1")),
        ("W 11/22/26 07:00:00 02673 FFI: port 7-Port disabled by Fault-finder.",
         ("err-disabled", "7", None, None, None, None, None)),
        ("Fault-finder (71) has disabled port 7 for 300 seconds", ("err-disabled", "7", None, None, None, None, None)),
        ("Event|4801|LOG_INFO|AMM|1/1|MAC 00:11:22:33:44:55 moved from port 1/1/1 to port 1/1/2 on VLAN 10",
         ("mac-flap", "1/1/1", "1/1/2", 10, "00:11:22:33:44:55", None, None)),
        ("Event|8203|LOG_WARN|AMM|1/1|Packet received from unauthorized server 192.168.0.1 on port 1/1/7.",
         ("dhcp-snooping", "1/1/7", None, None, None, None, "192.168.0.1")),
        ("STP: VLAN 50 BPDU-guard port 3 detect (Received BPDU), putting into err-disable state",
         ("err-disabled", "3", None, 50, None, "bpdu-guard", None)),
        ("ERR_DISABLE: Link flaps on port ethernet 16 exceeded threshold; port in err-disable state",
         ("err-disabled", "16", None, None, None, "link-flap", None)),
        ("ERR_DISABLE: Interface ethernet 3, err-disable recovery timeout", ("err-recover", "3", None, None, None, None, None)),
        ("LOOP DETECTION: VLAN 10, port 1/1/3 detect, putting into err-disable state",
         ("err-disabled", "1/1/3", None, 10, None, "loop-detected", None)),
        ("%IFMGR-5-ERR_DIS_RECOVERY_TIMER_START: 180 seconds timer started to attempt recovery of interface Gi 0/19 from error disabled state caused by bpdu-guard.",
         ("err-disabled", "GigabitEthernet0/19", None, None, None, "bpdu-guard", None)),
        ("%IFMGR-5-ERR_DIS_RECOVERY_COMPLETE: Error Disable Recovery timer expired for interface Gi 0/19.",
         ("err-recover", "GigabitEthernet0/19", None, None, None, None, None)),
        ("%IFMGR-5-ERR_DIS_RECOVERY_TIMER_COMPLETE: Error Disable Recovery timer expired for interface Gi 0/19.",
         ("err-recover", "GigabitEthernet0/19", None, None, None, None, None)),
        ("%MACMGR-1-PE LOOP DETECTION: Loop occurred on PE interfaces:oldInterface: PeGi 1/0/1, newInterface: PeGi 1/0/2,vlanId: 10, macAddr: 00:11:22:33:44:55",
         ("loop", "PeGi 1/0/1", "PeGi 1/0/2", 10, "00:11:22:33:44:55", None, None)),
        ("WARN: Port 4 LBD loop occurred. Port blocked", ("err-disabled", "4", None, None, None, "loop-detected", None)),
        ("INFO: Port 4 VID 10 LBD loop occurred. Packet discard begun", ("loop", "4", None, 10, None, None, None)),
        ("INFO: Port 4 LBD port recovered. Loop detection restarted", ("err-recover", "4", None, None, None, "loop-detected", None)),
        ("WARN: Port 4 is currently shut down due to a packet storm", ("err-disabled", "4", None, None, None, "storm-control", None)),
        ("WARN: Broadcast storm is occurring (port: 13)", ("storm", "13", None, None, None, None, None)),
        ("WARN: eth1/0/1 enter STP BPDU under protection state (mode: shutdown)", ("err-disabled", "eth1/0/1", None, None, None, "bpdu-guard", None)),
        ("INFO: eth1/0/1 recover from BPDU under protection state.", ("err-recover", "eth1/0/1", None, None, None, "bpdu-guard", None)),
        ("BPDU Guard: BPDU detected on port5. Shutting down port5.", ("err-disabled", "port5", None, None, None, "bpdu-guard", None)),
        ("<Warn:ELRP.Report.Message> [CLI:ksu:1] LOOP DETECTED : 436309 transmited, 64 received, ingress slot:port (1) egress slot:port (24)",
         ("loop", "1", "24", None, None, None, None)),
        ("interface,warning ether5 received loop protect packet originated from 00:11:22:33:44:55 (ether5)",
         ("loop", "ether5", None, None, "00:11:22:33:44:55", None, None)),
        ("%LOOPBACK-DETECT: Line on Interface g0/5 vlan 1, loopback is detected", ("loop", "g0/5", None, None, None, None, None)),
        ("%LOOPBACK-CLEAR: Line on Interface g0/5 vlan 1, loopback is cleared", ("err-recover", "g0/5", None, None, None, "loop-detected", None)),
        ("%LINK-W-PORT_SUSPENDED: Port gi7 suspended by storm-control", ("err-disabled", "gi7", None, None, None, "storm-control", None)),
        ("%ARP-4-DUPADDR: Duplicate address 192.168.186.1 on interface VLAN 500 port GigabitEthernet 0/22, sourced by 0015.173f.ca9f.",
         ("duplicate-address", "Vlan500", None, None, "00:15:17:3f:ca:9f", None, "192.168.186.1")),
    ],
)  # fmt: skip
def test_a_makers_message_is_understood(line: str, wanted: tuple[object, ...]) -> None:
    e = event(line)
    interface = long_name(e.interface) if e.interface else None
    expected = (long_name(wanted[1]) if isinstance(wanted[1], str) else None, *wanted[2:])
    other = long_name(e.other_interface) if e.other_interface else None
    assert (e.event, interface, other, e.vlan, e.mac, e.cause, e.ip) == (wanted[0], *expected)


@pytest.mark.parametrize(
    ("line", "at", "host"),
    [
        ("Aug  6 2025 20:34:46 sw1 %%01IFNET/4/IF_STATE(l)[5]:x", "2025-08-06T20:34:46+00:00", "sw1"),
        ("Aug  6 2025 20:34:46-08:00 sw1 %%01IFNET/4/IF_STATE(l)[5]:x", "2025-08-07T04:34:46+00:00", "sw1"),
        ("%May 14 17:16:45:688 2025 Sysname IFNET/3/LINK_UPDOWN: x", "2025-05-14T17:16:45.688000+00:00", "Sysname"),
        ("<189>1 2026-11-22T06:01:02.5Z ex1 mgd 3046 UI_COMMIT [junos@2636] x", "2026-11-22T06:01:02.500000+00:00", "ex1"),
        ("10/15/2025 14:11:03.82 <Info:vlan.msgs.portLinkStateDown> Port 11 link down", "2025-10-15T14:11:03+00:00", None),
        ("WARN(4) Port 22 Broadcast storm is occurring", None, None),
    ],
)  # fmt: skip
def test_headers_of_other_makers(line: str, at: str | None, host: str | None) -> None:
    e = event(line)
    assert (e.at and e.at.isoformat(), e.device) == (at, host)


def test_a_text_of_many_makers_is_read_line_by_line() -> None:
    text = (
        "<189>Nov 22 07:00:00 acc-1 1: %PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state\n"
        "<188>Nov 22 07:00:01 hw1 %%01IFNET/4/IF_STATE(l)[1]:Interface GigabitEthernet0/0/9 has turned into DOWN state.\n"
        "nothing of interest\n"
        "<188>Nov 22 07:00:02 dl1 WARN: Port 4 LBD loop occurred. Port blocked\n"
    )
    found = syslog.parse(text, at=AT)
    assert [(e.device, e.event) for e in found] == [
        ("acc-1", "err-disabled"),
        ("hw1", "link-down"),
        ("dl1", "err-disabled"),
    ]


_WORDS = st.sampled_from(
    ["loop", "port", "interface", "(", ")", "=", "InterfaceName=", "VLAN ", "0011-2233-4455", "storm",
     "GE0/0/1", "err-disable", "%%01A/4/B(l):", "MAC", "99999", "status: ", "detected on ", "1.2.3.4"]
)  # fmt: skip


@given(st.lists(st.one_of(_WORDS, st.text(max_size=8)), max_size=40))
def test_no_line_of_another_maker_raises(words: list[str]) -> None:
    line = " ".join(words)
    syslog.parse(line + "\n" + line, at=AT)


def test_the_cheap_look_at_a_row_is_a_text_that_its_match_holds() -> None:
    assert syslog_vendors._anchor(r"port {x}? (?:a|bcd) disabled - \w+ loops? found") == (
        " disabled - "
    )
    assert syslog_vendors._anchor(r"this|that") == ""
    anchors = [anchor for _, _, anchor, _ in syslog_vendors.COMPILED]
    assert sum(len(anchor) >= 4 for anchor in anchors) > 0.85 * len(anchors)
