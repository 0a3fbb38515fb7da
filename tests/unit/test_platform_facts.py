"""What the vendors' documents say of closing, opening and hardening ports, row by row.

Each parameter is a row of that research: the vendor's word and its normalized cause, the lines that
recover a port, the order in which lines must be sent, what a platform cannot tell.
"""

import re

import pytest

from netdiag import platforms
from netdiag.collect.shell import refuse
from netdiag.decode import mib_closed
from netdiag.errors import DecodeError
from netdiag.model import ErrDisableCause
from netdiag.platforms import SPOKEN, causes


def platform(name):
    found = platforms.get(name)
    assert found is not None
    return found


CAUSES = {
    "cisco_ios": "storm-control=storm-control bpduguard=bpdu-guard loopback=loop-detected loopdetect=loop-detected "
    "psecure-violation=port-security security-violation=dot1x-violation dhcp-rate-limit=dhcp-rate-limit "
    "link-flap=link-flap udld=udld arp-inspection=arp-inspection inline-power=power-inline gbic-invalid=transceiver",
    "cisco_nxos": "linkFlapErrDisabled=link-flap bpduGuardErrDisable=bpdu-guard stormControlErrDisable=storm-control "
    "secViolErrDisabled=port-security udldErrDisable=udld storm-ctrl=storm-control sec-violation=dot1x-violation "
    "psec-violation=port-security vpc-peerlink=channel-misconfig link-flap=link-flap loopback=loop-detected",
    "cisco_s300": "loopback-detection=loop-detected port-security=port-security dot1x-src=dot1x-violation acl-deny=admin-policy "
    "stp-bpdu-guard=bpdu-guard stp-loopback-guard=loop-detected udld=udld storm-control=storm-control "
    "link-flapping=link-flap self-loop=loop-detected unicast-flood=unicast-flood dhcp-rate-limit=dhcp-rate-limit",
    "arista_eos": "acl=admin-policy arp-inspection=arp-inspection bpduguard=bpdu-guard dot1x=dot1x-violation "
    "lacp-rate-limit=channel-misconfig link-flap=link-flap loopprotectguard=loop-detected portchannelguard=channel-misconfig "
    "portsec=port-security storm-control=storm-control xcvr-overheat=transceiver speed-misconfigured=admin-policy "
    "port-channel-shutdown=channel-misconfig error-correction-encoding=transceiver tapagg=admin-policy",
    "juniper_junos": "SCTL=storm-control MMAS=mac-flapping LH=mac-limit MI=mac-limit bpdu-block=bpdu-guard mac-move=mac-flapping",
    "juniper_ex_legacy": "disabled_by_bpdu-control=bpdu-guard mac-limit=mac-limit storm-control=storm-control",
    "huawei": "auto-defend=admin-policy bpdu-protection=bpdu-guard crc-statistics=crc-errors error-statistics=crc-errors "
    "runts-error-statistics=crc-errors efm-threshold-event=crc-errors link-flap=link-flap loopback-detect=loop-detected "
    "l2-loop-occurred=loop-detected mac-address-flapping=mac-flapping port-security=port-security port_security=port-security "
    "portsec-reachedlimit=port-security storm-control=storm-control transceiver-power-low=transceiver data-integrity-error=crc-errors "
    "monitor-link=admin-policy m-lag=channel-misconfig",
    "huawei_vrpv8": "loopback-detect=loop-detected crc-statistics=crc-errors m-lag-consistency-check=channel-misconfig "
    "no-stack-link=channel-misconfig stack-config-conflict=channel-misconfig",
    "hp_comware": "BPDU-Protected=bpdu-guard BPDU_protection=bpdu-guard PVST_BPDU_protection=bpdu-guard "
    "loopback-detection=loop-detected storm-constrain=storm-control port-security=port-security mac-move=mac-flapping",
    "ruijie_os": "loop=loop-detected bpduguard=bpdu-guard err-disable-bpduguard=bpdu-guard err-disable-ptsecurity=port-security "
    "unidirection=udld port-security=port-security",
    "hp_procurve": "loop-protect=loop-detected networkLoop=loop-detected Bpdu_Error=bpdu-guard bcastStorm=storm-control "
    "portSecurity=port-security link-flap=link-flap lossOfLink=link-flap",
    "aruba_aoscx": "loop-protect=loop-detected BPDU_Guard=bpdu-guard TX_disable=loop-detected port-security=port-security",
    "dell_os10": "bpduguard=bpdu-guard fefd=udld maclearnlimit=mac-limit arp-inspection=arp-inspection "
    "macLearnLimitErrDisable=mac-limit stationMoveErrDisable=mac-flapping",
    "ruckus_fastiron": "bpduguard=bpdu-guard bpdu-guard=bpdu-guard loop-detection=loop-detected packet-inerror=crc-errors "
    "bcast=storm-control mcast=storm-control pvst-protect=bpdu-guard lag-oper-speed-mismatch=channel-misconfig "
    "bpdu-tunnel-threshold=loop-detected invalid-licence=admin-policy",
    "dell_force10": "bpduguard=bpdu-guard bpdu-guard=bpdu-guard fefd=udld maclearnlimit=mac-limit learn-limit=mac-limit "
    "station-move=mac-flapping arp-inspection=arp-inspection",
    "extreme_exos": "elrp=loop-detected bpdu-restrict=bpdu-guard link-flap=link-flap mac-limit=mac-limit",
    "dlink_ds": "loopbackDetect=loop-detected l2ptGuard=loop-detected psecureViolation=port-security stormControl=storm-control "
    "bpduProtect=bpdu-guard arpRateLimit=arp-inspection dhcpRateLimit=dhcp-rate-limit ddm=transceiver "
    "scheduledShutdown=admin-policy scheduledHibernation=admin-policy loopdetect=loop-detected",
    "mikrotik_routeros": "loop-protect=loop-detected bpdu-guard=bpdu-guard disabled-port=bpdu-guard",
    "tplink_jetstream": "loopback-detection=loop-detected storm-control=storm-control",
}  # fmt: skip
WORDS = [(name, *row.rsplit("=", 1)) for name, listed in CAUSES.items() for row in listed.split()]


@pytest.mark.parametrize(("name", "word", "cause"), WORDS, ids=str)
def test_a_vendors_word_is_one_normalized_cause_with_two_sentences(name, word, cause):
    found = platform(name).cause(word.replace("_", " "))
    assert found == cause
    usually, do = causes.explain(found, word)
    assert usually.endswith(".")
    assert do.endswith(".")


@pytest.mark.parametrize("p", SPOKEN, ids=lambda p: p.name)
def test_every_code_and_word_has_a_cause(p):
    for label in p.err_disable_codes.values():
        assert p.cause(label) in ErrDisableCause
        # A label that no word explains would end as `other` by accident.
        assert p.cause(label) is not ErrDisableCause.OTHER or p.cause(label) in [
            c for w, c in p.err_disable_causes.items() if w.lower() == label.lower()
        ]


def test_snmp_and_the_command_line_agree_on_what_a_code_means():
    compared = 0
    for table in mib_closed.TABLES:
        owner = next((p for p in SPOKEN if p.err_disable_codes and _owns(p, table)), None)
        if owner is None or len(table.closed) < 2:
            continue
        for code, (_, cause) in table.closed.items():
            compared += 1
            assert owner.cause(owner.err_disable_codes[code]) == cause, (table.name, code)
    assert compared >= 20


def _owns(p, table):
    whole = [f"1.3.6.1.4.1.{e}" for e in table.enterprises]
    return any(oid.startswith(tuple(whole)) for oid in p.sys_object_ids) and p.name != "cisco_ios"


RECOVERY = [
    ("cisco_ios", "shutdown|no shutdown", "errdisable recovery cause {cause}"),
    ("cisco_nxos", "shutdown|no shutdown", "errdisable recovery cause {cause}"),
    ("cisco_s300", "do set interface active", "errdisable recovery interval {interval}"),
    ("arista_eos", "shutdown|no shutdown", "errdisable recovery interval {interval}"),
    ("juniper_junos", "run clear ethernet-switching recovery-timeout interface", "recovery-timeout {interval}"),
    ("juniper_ex_legacy", "run clear ethernet-switching port-error interface", "disable-timeout {interval}"),
    ("huawei", "shutdown|undo shutdown", "error-down auto-recovery cause {cause} interval {interval}"),
    ("huawei_vrpv8", "shutdown|undo shutdown", "error-down auto-recovery cause {cause} interval {interval}"),
    ("hp_comware", "undo shutdown", "shutdown-interval {interval}"),
    ("ruijie_os", "errdisable recovery", "errdisable recovery interval {interval}"),
    ("hp_procurve", "clear-intrusion-flag|enable", "loop-protect disable-timer {interval}"),
    ("aruba_aoscx", "shutdown|no shutdown", "loop-protect re-enable-timer {interval}"),
    ("dell_os10", "shutdown|no shutdown", "errdisable recovery cause {cause}"),
    ("ruckus_fastiron", "disable|enable", "errdisable recovery interval {interval}"),
    ("mikrotik_routeros", "bridge port disable|bridge port enable", "loop-protect-disable-time={interval}s"),
    ("tplink_jetstream", "loopback-detection recover", None),
    ("dell_force10", "shutdown|no shutdown", "errdisable recovery cause {cause}"),
    ("extreme_exos", "enable ports {interface}", None),
    ("dlink_ds", "state disable|state enable", "config loopdetect recover_timer {interval}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "needed", "timer"), RECOVERY, ids=lambda x: str(x)[:24])
def test_how_a_closed_port_comes_back(name, needed, timer):
    p = platform(name)
    lines = list(p.reopen)
    at = [next(n for n, line in enumerate(lines) if word in line) for word in needed.split("|")]
    assert at == sorted(at)
    assert timer is None or any(timer in line for line in p.auto_recovery)
    # Nothing that frees every port of the switch where one port can be freed alone.
    assert not any(re.search(r"clear loop-detection|release", line) for line in lines)


TRUST = [
    ("cisco_ios", "ip dhcp snooping trust", "ip dhcp snooping"),
    ("cisco_nxos", "ip dhcp snooping trust", "ip dhcp snooping"),
    ("cisco_s300", "ip dhcp snooping trust", "ip dhcp snooping"),
    ("huawei", "dhcp snooping trusted", "dhcp snooping enable"),
    ("huawei_vrpv8", "dhcp snooping trusted", "dhcp snooping enable"),
    ("hp_comware", "dhcp snooping trust", "dhcp snooping enable"),
    ("ruijie_os", "ip dhcp snooping trust", "ip dhcp snooping"),
    ("hp_procurve", "dhcp-snooping trust {uplink}", "dhcp-snooping"),
    ("aruba_aoscx", "dhcpv4-snooping trust", "dhcpv4-snooping"),
    ("dell_os10", "ip dhcp snooping trust", "ip dhcp snooping"),
    ("ruckus_fastiron", "dhcp snooping trust", "ip dhcp snooping vlan {vlan}"),
    (
        "extreme_exos",
        "configure trusted-ports {uplink} trust-for dhcp-server",
        "enable ip-security dhcp-snooping vlan {vlan} ports all violation-action drop-packet",
    ),
    (
        "mikrotik_routeros",
        "/interface bridge port set [find interface={uplink}] trusted=yes",
        "/interface bridge set [find] dhcp-snooping=yes",
    ),
    (
        "juniper_junos",
        "set vlans {vlan} forwarding-options dhcp-security group UPLINKS interface {uplink}.0",
        "set vlans {vlan} forwarding-options dhcp-security",
    ),
    (
        "juniper_ex_legacy",
        "set ethernet-switching-options secure-access-port interface {uplink} dhcp-trusted",
        "set ethernet-switching-options secure-access-port vlan {vlan} examine-dhcp",
    ),
]


@pytest.mark.parametrize(("name", "trust", "on"), TRUST, ids=lambda x: str(x)[:24])
def test_the_uplink_is_trusted_before_snooping_is_on(name, trust, on):
    lines = platform(name).hardening["dhcp-snooping"]
    assert lines.index(trust) < lines.index(on)
    assert trust in platform(name).hardening["dhcp-snooping-trust"]


@pytest.mark.parametrize("p", SPOKEN, ids=lambda p: p.name)
def test_each_remedy_is_there_or_said_to_be_missing(p):
    for remedy in (
        "storm-control",
        "dhcp-snooping",
        "dhcp-snooping-trust",
        "port-security",
        "bpdu-guard",
    ):
        assert (remedy in p.hardening) != (remedy in p.not_offered), remedy
    for sentence in p.not_offered.values():
        assert len(sentence) > 20


@pytest.mark.parametrize("p", SPOKEN, ids=lambda p: p.name)
def test_each_need_is_read_or_said_to_be_missing(p):
    for need in ("fdb", "arp", "lldp", "stp", "log"):
        assert need in p.poll or need in p.not_offered or need in p.commands, need
    closed = any(need == "err-disabled" or need.startswith("closed-") for need in p.poll)
    assert closed or "err-disabled" in p.not_offered
    assert p.unverified


HARDENING = [
    ("cisco_ios", "storm-control", "storm-control action shutdown"),
    ("cisco_ios", "bpdu-guard", "spanning-tree bpduguard enable"),
    ("cisco_nxos", "storm-control", "storm-control broadcast level 1.00"),
    ("cisco_nxos", "dhcp-snooping", "feature dhcp"),
    ("cisco_nxos", "port-security", "feature port-security"),
    ("cisco_nxos", "bpdu-guard", "spanning-tree port type edge"),
    ("arista_eos", "storm-control", "storm-control broadcast level pps 500"),
    ("arista_eos", "port-security", "switchport port-security mac-address maximum 3"),
    ("arista_eos", "loop-protection", "disabled-time 300"),
    ("juniper_junos", "storm-control", "set forwarding-options storm-control-profiles SC action-shutdown"),
    ("juniper_junos", "storm-control", "set switch-options interface-shutdown-action hard-shutdown"),
    ("juniper_junos", "port-security", "set switch-options interface {interface} interface-mac-limit packet-action shutdown"),
    ("juniper_junos", "bpdu-guard", "set protocols rstp bpdu-block-on-edge"),
    ("juniper_ex_legacy", "bpdu-guard", "set ethernet-switching-options bpdu-block interface {interface}"),
    ("huawei", "storm-control", "storm-control broadcast min-rate 1000 max-rate 2000"),
    ("huawei", "storm-control", "storm-control enable log"),
    ("huawei_vrpv8", "storm-control", "storm control broadcast min-rate 1000 max-rate 2000"),
    ("huawei", "dhcp-snooping", "dhcp enable"),
    ("huawei", "dhcp-snooping", "dhcp snooping alarm dhcp-reply threshold 1"),
    ("huawei", "bpdu-guard", "stp edged-port enable"),
    ("huawei", "loop-protection", "loopback-detect action shutdown"),
    ("hp_comware", "storm-control", "storm-constrain broadcast pps 2000 1000"),
    ("hp_comware", "storm-control", "storm-constrain control shutdown"),
    ("hp_comware", "loop-protection", "loopback-detection global enable vlan all"),
    ("hp_comware", "port-security", "mac-address max-mac-count 3"),
    ("ruijie_os", "loop-protection", "rldp port loop-detect shutdown-port"),
    ("ruijie_os", "bpdu-guard", "spanning-tree bpduguard enable"),
    ("hp_procurve", "storm-control", "fault-finder broadcast-storm {interface} action warn-and-disable 300 pps 1000"),
    ("hp_procurve", "port-security", "port-security {interface} learn-mode limited-continuous address-limit 3 action send-disable"),
    ("hp_procurve", "bpdu-guard", "spanning-tree {interface} bpdu-protection"),
    ("aruba_aoscx", "storm-control", "rate-limit broadcast 1000 pps"),
    ("aruba_aoscx", "loop-protection", "loop-protect action tx-disable"),
    ("dell_os10", "storm-control", "storm-control broadcast 1000"),
    ("dell_os10", "bpdu-guard", "spanning-tree bpduguard enable"),
    ("ruckus_fastiron", "storm-control", "broadcast limit 1000"),
    ("ruckus_fastiron", "port-security", "violation restrict"),
    ("ruckus_fastiron", "loop-protection", "loop-detection"),
    ("mikrotik_routeros", "storm-control", "/interface ethernet switch port set {interface} storm-rate=1 limit-broadcasts=yes"),
    ("mikrotik_routeros", "bpdu-guard", "/interface bridge port set [find interface={interface}] edge=yes bpdu-guard=yes"),
    ("cisco_s300", "loop-protection", "loopback-detection enable"),
    ("tplink_jetstream", "storm-control", "storm-control broadcast 10"),
    ("dell_force10", "port-security", "mac learning-limit learn-limit-violation shutdown"),
    ("dell_force10", "bpdu-guard", "spanning-tree rstp edge-port bpduguard shutdown-on-violation"),
    ("extreme_exos", "storm-control", "configure ports {interface} rate-limit flood broadcast 1000"),
    ("extreme_exos", "bpdu-guard", "configure stpd s0 ports edge-safeguard enable {interface} bpdu-restrict recovery-timeout 300"),
    ("extreme_exos", "port-security", "configure ports {interface} vlan {vlan} limit-learning 3 action stop-learning"),
    ("extreme_exos", "loop-protection", "configure elrp-client disable-ports exclude {uplink}"),
    ("dlink_ds", "loop-protection", "config loopdetect ports {interface} state enable"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "remedy", "line"), HARDENING, ids=lambda x: str(x)[:30])
def test_the_vendors_own_line(name, remedy, line):
    assert line in platform(name).hardening[remedy]


def test_nothing_writes_what_recovers_every_port():
    for p in SPOKEN:
        lines = [*p.shut, *p.reopen, *p.auto_recovery, *sum(p.hardening.values(), ())]
        assert not any("IfDisableRecovery" in line or "write" in line.split() for line in lines)


REFUSALS = [
    ("cisco_ios", "% Invalid input detected at '^' marker."),
    ("cisco_nxos", "% Invalid command at '^' marker."),
    ("arista_eos", "% Invalid input"),
    ("arista_eos", "% Incomplete command"),
    ("juniper_junos", "unknown command."),
    ("juniper_junos", "syntax error, expecting <command>."),
    ("juniper_junos", "error: configuration database modified"),
    ("huawei", "Error: Unrecognized command found at '^' position."),
    ("huawei", "Error:Wrong parameter found at '^' position."),
    ("huawei", "Error: Incomplete command found at '^' position."),
    ("huawei", "Error: Too many parameters found at '^' position."),
    ("huawei", "Error: Ambiguous command found at '^' position."),
    ("hp_comware", " % Unrecognized command found at '^' position."),
    ("hp_comware", " % Too many parameters found at '^' position."),
    ("hp_comware", " % Incomplete command found at '^' position."),
    ("ruijie_os", "% Invalid input detected at '^' marker."),
    ("hp_procurve", "Invalid input: looop-protect"),
    ("aruba_aoscx", "Invalid input: looop"),
    ("dell_os10", "% Error: Unrecognized command."),
    ("ruckus_fastiron", "Invalid input -> errdisabled"),
    ("mikrotik_routeros", "bad command name prnt (line 1 column 2)"),
    ("mikrotik_routeros", "expected end of command (line 1 column 9)"),
    ("tplink_jetstream", "Error: Bad command"),
    ("linux", "bash: bridge: command not found"),
    ("extreme_exos", "%% Invalid input detected at '^' marker."),
    ("dell_force10", '% Error: Invalid input at "^" marker.'),
    ("dlink_ds", "Available commands:"),
    ("dlink_ds", "Next possible completions:"),
]


@pytest.mark.parametrize(("name", "said"), REFUSALS, ids=lambda x: str(x)[:30])
def test_a_refusal_is_never_taken_for_an_answer(name, said):
    with pytest.raises(DecodeError, match="refuses 'x'"):
        refuse("sw", "x", f"\n{said}\n", platform(name).refusals)


INNOCENT = [
    ("huawei", "(ed): error down"),
    ("huawei", "Interface   PHY  Protocol  InUti OutUti   inErrors  outErrors"),
    ("huawei", "Info: No error-down interface exists."),
    ("cisco_ios", "Gi1/0/2   error desk   err-disabled storm-control"),
    ("ruckus_fastiron", "Port 6 ERR_DiSABLED for bpduguard"),
    ("hp_comware", "Line protocol state: DOWN"),
]


@pytest.mark.parametrize(("name", "said"), INNOCENT, ids=lambda x: str(x)[:30])
def test_the_bare_word_error_refuses_nothing(name, said):
    refuse("sw", "x", said, platform(name).refusals)


NAMES = [
    ("huawei", "GE0/0/25", "GigabitEthernet0/0/25"),
    ("huawei", "XGE0/0/1", "XGigabitEthernet0/0/1"),
    ("huawei", "Eth-Trunk1", "Eth-Trunk1"),
    ("huawei_vrpv8", "10GE1/0/1", "10GE1/0/1"),
    ("hp_comware", "XGE1/0/1", "Ten-GigabitEthernet1/0/1"),
    ("hp_comware", "BAGG10", "Bridge-Aggregation10"),
    ("ruijie_os", "GigabitEthernet 0/7", "GigabitEthernet0/7"),
    ("dell_os10", "ethernet 1/1/1:1", "ethernet1/1/1:1"),
    ("dell_os10", "Eth 1/1/3", "ethernet1/1/3"),
    ("ruckus_fastiron", "GigabitEthernet1/1/6", "1/1/6"),
    ("cisco_nxos", "Eth1/7", "Ethernet1/7"),
    ("arista_eos", "Et7", "Ethernet7"),
    ("juniper_junos", "ge-0/0/3", "ge-0/0/3"),
    ("hp_procurve", "A1", "A1"),
    ("mikrotik_routeros", "ether5", "ether5"),
    ("dell_force10", "Te 0/22", "TenGigabitEthernet0/22"),
    ("dell_force10", "TenGigabitEthernet 0/22", "TenGigabitEthernet0/22"),
    ("extreme_exos", "1:2", "1:2"),
    ("dlink_ds", "7", "7"),
]


@pytest.mark.parametrize(("name", "printed", "long"), NAMES, ids=str)
def test_a_tables_short_name_is_the_interfaces_long_one(name, printed, long):
    assert platform(name).interface(printed) == long


RECOGNISED = [
    ("1.3.6.1.4.1.30065.1.3011", "Arista Networks EOS version 4.27", "arista_eos"),
    ("1.3.6.1.4.1.2636.1.1.1.2.63", "Juniper Networks, Inc. ex3400-48t, JUNOS 20.4", "juniper_junos"),
    ("1.3.6.1.4.1.2011.2.23.294", "S5720-32X-EI Huawei Versatile Routing Platform", "huawei"),
    ("1.3.6.1.4.1.2011.2.239.9", "CloudEngine 6850 Huawei Versatile VRP (R) software, Version 8.180", "huawei_vrpv8"),
    ("1.3.6.1.4.1.25506.11.1.169", "H3C Comware Platform Software", "hp_comware"),
    ("1.3.6.1.4.1.4881.1.1.10.1.150", "Ruijie Gigabit Switch", "ruijie_os"),
    ("1.3.6.1.4.1.11.2.3.7.11.181", "HP J9773A 2530-24G-PoEP Switch", "hp_procurve"),
    ("1.3.6.1.4.1.47196.4.1.1.1.100", "Aruba JL668A FL.10.08", "aruba_aoscx"),
    ("1.3.6.1.4.1.674.11000.5000.100.2.1", "Dell EMC Networking OS10 Enterprise", "dell_os10"),
    ("1.3.6.1.4.1.1991.1.3.62", "Ruckus Wireless, Inc. Stacking System ICX7150", "ruckus_fastiron"),
    ("1.3.6.1.4.1.14988.1", "RouterOS CRS326-24G-2S+", "mikrotik_routeros"),
    ("1.3.6.1.4.1.11863.5.46", "JetStream 24-Port Gigabit", "tplink_jetstream"),
    ("1.3.6.1.4.1.8072.3.2.10", "Linux bridge-1 6.1.0", "linux"),
    ("1.3.6.1.4.1.1916.2.167", "ExtremeXOS (X440G2-48t-10G4) version 16.2.4.5", "extreme_exos"),
    ("1.3.6.1.4.1.6027.1.3.21", "Dell Real Time Operating System Software Dell Force10", "dell_force10"),
    ("1.3.6.1.4.1.171.10.113.3.1", "DES-3200-18 Fast Ethernet Switch", "dlink_ds"),
    ("1.3.6.1.4.1.3320.1.283.0", "BDCOM(tm) S5612 Software", "bdcom"),
    ("1.3.6.1.4.1.6339.1.1.2.29", "DCRS-5980-28T-DC Device", "dcn"),
    ("1.3.6.1.4.1.9.6.1.94.24.5", "SG350X-24P 24-Port Gigabit", "cisco_s300"),
]  # fmt: skip


@pytest.mark.parametrize(("oid", "descr", "name"), RECOGNISED, ids=lambda x: str(x)[:20])
def test_recognised(oid, descr, name):
    found = platforms.recognise(oid, descr)
    assert found is not None
    assert found.name == name
