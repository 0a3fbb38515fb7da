"""Cisco NX-OS (Nexus).

Sources: the NX-OS security and interface guides, ntc-templates' and genieparser's recorded output.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.cisco_ios import CISCO_IOS
from netdiag.platforms.words import CISCO_LIKE_CAUSES, CISCO_LIKE_REFUSALS

CISCO_NXOS = Platform(
    name="cisco_nxos",
    title="Cisco NX-OS",
    aliases=("nxos", "nxos_ssh"),
    sys_object_ids=("1.3.6.1.4.1.9.12.3.1.3",),
    sys_descr=r"\bNX-OS",
    says=r"\bNX-OS\b|\bcisco Nexus",
    commands={
        "clock": Command("show clock"),
        "version": Command(
            "show version",
            "ntc:cisco_nxos_show_version.textfsm",
            {"OS": "VERSION", "PLATFORM": "MODEL"},
        ),
        "interfaces": Command("show interface", "cisco_nxos_interface.textfsm"),
        "status": Command("show interface status", "port_status.textfsm"),
        # The literal `err-disabled` stands nowhere in it: the status is `linkFlapErr` and the like.
        "err-disabled": Command(
            "show interface status err-disabled", "cisco_nxos_err_disabled.textfsm"
        ),
        "errdisable-recovery": Command(
            "show errdisable recovery", "cisco_ios_errdisable_recovery.textfsm"
        ),
        "fdb": Command("show mac address-table", "cisco_nxos_mac_address_table.textfsm"),
        "lldp": Command("show lldp neighbors detail", "cisco_nxos_lldp_neighbors_detail.textfsm"),
        "cdp": Command("show cdp neighbors detail", "cisco_ios_cdp_neighbors_detail.textfsm"),
        "arp": Command("show ip arp vrf all", "ntc:cisco_nxos_show_ip_arp.textfsm"),
        "stp": Command("show spanning-tree", "cisco_ios_spanning_tree.textfsm"),
        "aggregates": Command(
            "show port-channel summary", "ntc:cisco_nxos_show_port-channel_summary.textfsm"
        ),
        "log": Command("show logging logfile"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "err-disabled",
        "errdisable-recovery",
        "fdb",
        "lldp",
        "cdp",
        "arp",
        "stp",
        "aggregates",
        "log",
    ),
    prepare=("terminal length 0", "terminal width 511"),
    refusals=CISCO_LIKE_REFUSALS,
    # Its long form is in small letters, as SNMP prints it too.
    short_names={"po": "port-channel", "port-channel": "port-channel"},
    # The status column is nine characters wide and cuts the word.
    states={
        "notconnec": ("up", "down"),
        "sfpabsent": ("up", "not-present"),
        "xcvrabsen": ("up", "not-present"),
        "xcvrabsent": ("up", "not-present"),
        "channeldo": ("up", "down"),
        "noopermem": ("up", "down"),
        "linkflape": ("up", "down"),
        "linkflaperr": ("up", "down"),
        "bpduguard": ("up", "down"),
        "suspnd": ("up", "down"),
        "suspended": ("up", "down"),
    },
    closed_states={
        "linkflape": "link-flap",
        "linkflaperr": "link-flap",
        "bpduguard": "bpduguard",
        "udlderrdi": "udld",
        "stormcont": "storm-ctrl",
        "secviolet": "sec-violation",
    },
    # Two vocabularies: the words of `show errdisable recovery` and the reasons of the port itself.
    err_disable_causes={
        **CISCO_LIKE_CAUSES,
        **{label.lower(): CISCO_IOS.cause(label) for label in CISCO_IOS.err_disable_codes.values()},
        "linkFlapErrDisabled": C.LINK_FLAP,
        "storm-ctrl": C.STORM_CONTROL,
        "stormControlErrDisable": C.STORM_CONTROL,
        "bpduGuardErrDisable": C.BPDU_GUARD,
        "sec-violation": C.DOT1X_VIOLATION,
        "secViolErrDisabled": C.PORT_SECURITY,
        "psec-violation": C.PORT_SECURITY,
        "udldErrDisable": C.UDLD,
        "vpc-peerlink": C.CHANNEL_MISCONFIG,
        "miscabling": C.CHANNEL_MISCONFIG,
        "failed-port-state": C.OTHER,
        "event-debug": C.OTHER,
        "Error disabled": C.OTHER,
    },
    err_disable_codes=CISCO_IOS.err_disable_codes,
    fdb_by_vlan_community=True,
    shut=("interface {interface}", "shutdown"),
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        # 100 is off; the default action is to drop.
        "storm-control": (
            "interface {interface}",
            "storm-control broadcast level 1.00",
            "storm-control action shutdown",
        ),
        # Off globally and in each VLAN by default, every interface untrusted: the uplink first.
        # Quirk: the feature itself has to be on before any of its commands exists.
        "dhcp-snooping": (
            "feature dhcp",
            "interface {uplink}",
            "ip dhcp snooping trust",
            "exit",
            "ip dhcp snooping vlan {vlan}",
            "ip dhcp snooping",
        ),
        "dhcp-snooping-trust": ("feature dhcp", "interface {uplink}", "ip dhcp snooping trust"),
        "port-security": (
            "feature port-security",
            "interface {interface}",
            "switchport port-security maximum 3",
            "switchport port-security violation restrict",
            "switchport port-security",
        ),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree port type edge",
            "spanning-tree bpduguard enable",
        ),
    },
    unverified=(
        "reason words of closed ports other than linkFlapErrDisabled and Error disabled",
        "show port-security and show interface counters storm-control",
        "storm-control, port-security and DHCP-snooping messages",
        "the upper bound 65535 of the recovery interval",
    ),
)
