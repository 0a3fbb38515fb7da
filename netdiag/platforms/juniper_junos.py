"""Juniper Junos on EX and QFX switches: ELS (Enhanced Layer 2 Software), and the older style as a variant.

Sources: Juniper's EX ELS guide (2018) and Junos 9.4/10.3/9.6/12.3 references, the DISA switch STIG.
Quirk: ELS answers `show ethernet-switching interface` (singular), the older style the plural; each
refuses or misreads the other's configuration.
"""

from __future__ import annotations

from dataclasses import replace

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Confirmed, Platform

_REFUSALS = (
    r"^\s*unknown command\.?",
    r"^\s*syntax error",
    r"^error: ",
    r"^\s*missing argument",
    r"^\s*'.*' is ambiguous",
    r"^\s*invalid (?:value|interface)",
    r"^error: permission denied",
)

JUNIPER_JUNOS = Platform(
    name="juniper_junos",
    title="Juniper Junos (ELS)",
    aliases=("junos", "juniper", "junos_els"),
    sys_object_ids=("1.3.6.1.4.1.2636",),
    sys_descr=r"\bJUNOS\b|Juniper Networks",
    commands={
        "clock": Command('show system uptime | match "Current time"'),
        "version": Command(
            "show version", "ntc:juniper_junos_show_version.textfsm", {"JUNOS_VERSION": "VERSION"}
        ),
        "interfaces": Command("show interfaces", "juniper_junos_interfaces.textfsm"),
        "err-disabled": Command(
            "show ethernet-switching interface",
            "juniper_junos_ethernet_switching_interface.textfsm",
        ),
        "fdb": Command(
            "show ethernet-switching table",
            "juniper_junos_ethernet_switching_table.textfsm",
        ),
        "lldp": Command("show lldp neighbors", "juniper_junos_lldp_neighbors.textfsm"),
        "arp": Command("show arp no-resolve", "ntc:juniper_junos_show_arp_no-resolve.textfsm"),
        "stp": Command("show spanning-tree interface", "juniper_junos_spanning_tree.textfsm"),
        "log": Command("show log messages | last 500"),
    },
    poll=("clock", "version", "interfaces", "err-disabled", "fdb", "lldp", "arp", "stp", "log"),
    prepare=(
        "set cli screen-length 0",
        "set cli screen-width 511",
        "set cli complete-on-space off",
    ),
    refusals=_REFUSALS,
    # "user@ex-1>", "{master:0}" stands on a line of its own before it.
    prompt=r"(?:^|[\r\n])([\w.-]+@[\w.-]+[>#%]) ?\Z",
    config_prompt=r"#$",
    enable="",
    # Exclusive: a commit must not make somebody else's pending lines real.
    configure=("configure exclusive",),
    leave=("exit configuration-mode",),
    abandon=("rollback 0",),
    # Quirk: nothing is real before `commit`; a remote change that may cut the path off would take
    # `commit confirmed 5`, which needs a second commit within 5 minutes.
    commit="commit",
    questions=(
        # Left with changes that did not commit: they are dropped on purpose.
        (r"Exit with uncommitted changes\? \[yes,no\] \(yes\) ?\Z", "yes"),
    ),
    err_disable_causes={
        "SCTL": C.STORM_CONTROL,
        "storm-control": C.STORM_CONTROL,
        "storm control in effect": C.STORM_CONTROL,
        "MMAS": C.MAC_FLAPPING,
        "mac-move": C.MAC_FLAPPING,
        "LH": C.MAC_LIMIT,
        "MI": C.MAC_LIMIT,
        "mac-limit": C.MAC_LIMIT,
        "MAC limit exceeded": C.MAC_LIMIT,
        "MAC move limit exceeded": C.MAC_FLAPPING,
        "bpdu-block": C.BPDU_GUARD,
        "bpdu-error": C.BPDU_GUARD,
        "Disabled by bpdu-control": C.BPDU_GUARD,
        "jnxL2cpPortBpduError": C.BPDU_GUARD,
        "DN": C.OTHER,
        "loop-detect": C.LOOP_DETECTED,
        "loop-protect": C.LOOP_DETECTED,
        "dhcp-rate": C.DHCP_RATE_LIMIT,
        "arp-inspection": C.ARP_INSPECTION,
    },
    shut=("set interfaces {interface} disable",),
    # Quirk: a guard's closing is no configuration: it is cleared in operational mode (`run` here),
    # one command for storm control, MAC limit and MAC move, another for a BPDU error.
    reopen=(
        "delete interfaces {interface} disable",
        "run clear ethernet-switching recovery-timeout interface {interface}",
        "run clear error bpdu interface {interface}",
    ),
    port_config="show configuration interfaces {interface}",
    confirmed=Confirmed(
        commit="commit confirmed {minutes}",
        confirm=("configure exclusive", "commit", "exit configuration-mode"),
    ),
    auto_recovery=(
        "set interfaces {interface} unit 0 family ethernet-switching recovery-timeout {interval}",
    ),
    hardening={
        # Quirk: on EX4300 `action-shutdown` drops and stops learning while the link stays up: "closed"
        # shows nowhere in the port's state. From 14.1X53-D40 hard-shutdown takes the link down.
        "storm-control": (
            "set forwarding-options storm-control-profiles SC all bandwidth-level 10000",
            "set forwarding-options storm-control-profiles SC action-shutdown",
            "set interfaces {interface} unit 0 family ethernet-switching storm-control SC",
            "set switch-options interface-shutdown-action hard-shutdown",
        ),
        # Trunks are trusted and access ports are not; the uplink is named trusted before snooping starts.
        "dhcp-snooping": (
            "set vlans {vlan} forwarding-options dhcp-security group UPLINKS overrides trusted",
            "set vlans {vlan} forwarding-options dhcp-security group UPLINKS interface {uplink}.0",
            "set vlans {vlan} forwarding-options dhcp-security",
        ),
        "dhcp-snooping-trust": (
            "set vlans {vlan} forwarding-options dhcp-security group UPLINKS overrides trusted",
            "set vlans {vlan} forwarding-options dhcp-security group UPLINKS interface {uplink}.0",
        ),
        "port-security": (
            "set switch-options interface {interface} interface-mac-limit 3",
            "set switch-options interface {interface} interface-mac-limit packet-action shutdown",
        ),
        "bpdu-guard": (
            "set protocols rstp interface {interface} edge",
            "set protocols rstp bpdu-block-on-edge",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP Junos tells ports closed by BPDU protection only; storm control, MAC limits and MAC moves show in its command line and log",
        "errdisable-recovery": "Junos tells no remaining time of a closed port in the documents seen",
    },
    unverified=(
        "the flags SCTL, MMAS and MI of show ethernet-switching interface",
        "show ethernet-switching recovery-timeout",
        "rogue-DHCP and storm-control messages of ELS",
        "set protocols loop-detect and bpdu-timeout-action",
        "trunks are trusted by default in examine-dhcp",
    ),
)

JUNIPER_JUNOS_LEGACY = replace(
    JUNIPER_JUNOS,
    name="juniper_ex_legacy",
    driver="juniper_junos",
    title="Juniper Junos (before ELS)",
    aliases=("junos_non_els",),
    sys_object_ids=(),
    sys_descr=None,
    commands={
        **JUNIPER_JUNOS.commands,
        "err-disabled": Command(
            "show ethernet-switching interfaces",
            "juniper_junos_ethernet_switching_interface.textfsm",
        ),
    },
    reopen=(
        "delete interfaces {interface} disable",
        "run clear ethernet-switching port-error interface {interface}",
        "run clear ethernet-switching bpdu-error interface {interface}",
    ),
    auto_recovery=("set ethernet-switching-options port-error-disable disable-timeout {interval}",),
    hardening={
        # `port-error-disable` is what makes a closing end at all.
        "storm-control": (
            "set ethernet-switching-options storm-control interface {interface} bandwidth 10000",
            "set ethernet-switching-options storm-control action-shutdown",
        ),
        "dhcp-snooping": (
            "set ethernet-switching-options secure-access-port interface {uplink} dhcp-trusted",
            "set ethernet-switching-options secure-access-port vlan {vlan} examine-dhcp",
        ),
        "dhcp-snooping-trust": (
            "set ethernet-switching-options secure-access-port interface {uplink} dhcp-trusted",
        ),
        "port-security": (
            "set ethernet-switching-options secure-access-port interface {interface} mac-limit 3 action shutdown",
        ),
        "bpdu-guard": ("set ethernet-switching-options bpdu-block interface {interface}",),
    },
    unverified=(
        *JUNIPER_JUNOS.unverified,
        "storm and MAC-limit texts in the Blocking column",
        "examine-dhcp; storm-control lines of the older style",
    ),
)
