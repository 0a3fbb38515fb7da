"""Cisco Small Business: CBS250/350, SG350/550 and their kin. (SG220 and SF220 are another system.)

Sources: the 350/350X/550X administration guide, CISCOSBinterfaces_recovery MIB, ntc-templates' recorded
output. The command line's own guides were not seen: most lines are from general knowledge and marked.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.words import CISCO_LIKE_CAUSES, CISCO_LIKE_REFUSALS

CISCO_S300 = Platform(
    name="cisco_s300",
    title="Cisco Small Business",
    aliases=("cisco_sg300", "cisco_s200", "cisco_cbs"),
    sys_object_ids=("1.3.6.1.4.1.9.6.1",),
    says=r"^\s*(?:Active-image:|SW [Vv]ersion\b)",
    commands={
        "clock": Command("show clock"),
        "version": Command("show version", "cisco_s300_version.textfsm"),
        "system": Command("show system"),
        "status": Command("show interfaces status", "cisco_s300_interfaces_status.textfsm"),
        "err-disabled": Command("show errdisable interfaces", "cisco_s300_errdisable.textfsm"),
        "fdb": Command("show mac address-table", "cisco_s300_mac_address_table.textfsm"),
        "lldp": Command("show lldp neighbors", "cisco_s300_lldp_neighbors.textfsm"),
        "arp": Command("show arp", "cisco_s300_arp.textfsm"),
        "log": Command("show logging"),
    },
    poll=("clock", "version", "status", "err-disabled", "fdb", "lldp", "arp", "log"),
    prepare=("terminal datadump", "terminal width 0"),
    refusals=(*CISCO_LIKE_REFUSALS, r"^% ?(?:bad parameter|missing|Unrecognized)"),
    # Quirk: asks for the name and password once more, inside the SSH session.
    questions=(
        (r"[Uu]ser ?[Nn]ame: ?\Z", "{username}"),
        (r"(?<!Enter )[Pp]assword: ?\Z", "{password}"),
    ),
    states={"up": ("up", "up"), "down": ("up", "down"), "suspended": ("up", "down")},
    err_disable_causes={
        **CISCO_LIKE_CAUSES,
        "loopback-detection": C.LOOP_DETECTED,
        "port-security": C.PORT_SECURITY,
        "dot1x-src": C.DOT1X_VIOLATION,
        "dot1x-src-address": C.DOT1X_VIOLATION,
        "acl-deny": C.ADMIN_POLICY,
        "stp-bpdu-guard": C.BPDU_GUARD,
        "stp-loopback-guard": C.LOOP_DETECTED,
        "overheat": C.OTHER,
        "pcb-overheat": C.OTHER,
        "udld": C.UDLD,
        "storm-control": C.STORM_CONTROL,
        "link-flapping": C.LINK_FLAP,
        # SG220 and SF220.
        "dhcp-rate-limit": C.DHCP_RATE_LIMIT,
        "self-loop": C.LOOP_DETECTED,
        "unicast-flood": C.UNICAST_FLOOD,
        "unknown-multicast-flood": C.STORM_CONTROL,
    },
    # rlErrdisableRecoveryIfReason. The table holds *only* suspended interfaces: an empty walk means
    # that none is closed, not that it is not offered.
    err_disable_codes={
        1: "loopback-detection",
        2: "port-security",
        3: "dot1x-src",
        4: "acl-deny",
        5: "stp-bpdu-guard",
        6: "stp-loopback-guard",
        7: "pcb-overheat",
        8: "udld",
        9: "storm-control",
        10: "link-flapping",
    },
    shut=("interface {interface}", "shutdown"),
    # The documented way back is the GUI's `Reactivate` button; `set interface active` is its
    # command by general knowledge, in privileged mode, hence `do`.
    reopen=("interface {interface}", "no shutdown", "exit", "do set interface active {interface}"),
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        "storm-control": ("interface {interface}", "storm-control broadcast level 1"),
        "dhcp-snooping": (
            "interface {uplink}",
            "ip dhcp snooping trust",
            "exit",
            "ip dhcp snooping vlan {vlan}",
            "ip dhcp snooping",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "ip dhcp snooping trust"),
        "port-security": ("interface {interface}", "port security max 3", "port security discard"),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree portfast",
            "spanning-tree bpduguard enable",
        ),
        # Both lines are needed; off by default, and only where the port forwards.
        "loop-protection": (
            "loopback-detection enable",
            "interface {interface}",
            "loopback-detection enable",
        ),
    },
    not_offered={
        "stp": "the layout of its spanning-tree table was not seen; SNMP is read",
    },
    unverified=(
        "set interface active, and every configuration line (the GUI's equivalents are documented)",
        "the columns of show errdisable interfaces: a known cause behind a port's name counts",
        "every syslog text",
        "SG220 and SF220: another system, IOS-like",
    ),
)
