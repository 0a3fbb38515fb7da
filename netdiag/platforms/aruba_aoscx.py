"""ArubaOS-CX.

Sources: techhub AOS-CX 10.02/10.04, event-log references 10.08 and 10.15, ntc-templates' recorded output.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Confirmed, Platform

ARUBA_AOSCX = Platform(
    name="aruba_aoscx",
    title="Aruba AOS-CX",
    aliases=("aoscx", "arubaos_cx"),
    sys_object_ids=("1.3.6.1.4.1.47196.4.1.1",),
    sys_descr=r"^(HPE ANW|Aruba) J|\bArubaOS-CX\b",
    says=r"Vendor\s*:\s*(?:Aruba|HPE)|ArubaOS-CX",
    commands={
        "clock": Command("show clock"),
        "version": Command("show system", "aruba_aoscx_system.textfsm"),
        "interfaces": Command("show interface", "aruba_aoscx_interface.textfsm"),
        # A block an interface, not a table.
        "closed-loop": Command(
            "show loop-protect", "aruba_aoscx_loop_protect.textfsm", reason="loop-protect"
        ),
        "closed-bpdu": Command(
            "show spanning-tree inconsistent-ports", "aruba_aoscx_inconsistent_ports.textfsm"
        ),
        "fdb": Command(
            "show mac-address-table",
            "aruba_aoscx_mac_address_table.textfsm",
        ),
        "lldp": Command(
            "show lldp neighbor-info detail",
            "aruba_aoscx_lldp_neighbor_info_detail.textfsm",
        ),
        "arp": Command(
            "show arp all-vrfs",
            "ntc:aruba_aoscx_show_arp_all-vrfs.textfsm",
            {"PORT_ID": "INTERFACE"},
        ),
        "log": Command("show events -r -n 500"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "closed-loop",
        "closed-bpdu",
        "fdb",
        "lldp",
        "arp",
        "log",
    ),
    prepare=("no page",),
    refusals=(
        r"^\s*Invalid input: ",
        r"^\s*% ?Command incomplete",
        r"^\s*% ?Ambiguous command",
        r"^\s*% ?Unknown command",
        r"^\s*Cannot execute command",
    ),
    err_disable_causes={
        "loop-protect": C.LOOP_DETECTED,
        "TX disable": C.LOOP_DETECTED,
        "BPDU Guard": C.BPDU_GUARD,
        # Both keep the port blocked, not shut; the page names them beside BPDU guard.
        "Root Guard": C.BPDU_GUARD,
        "Loop Guard": C.LOOP_DETECTED,
        "port-security": C.PORT_SECURITY,
        "link-flap": C.LINK_FLAP,
    },
    shut=("interface {interface}", "shutdown"),
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    confirmed=Confirmed(arm=("checkpoint auto {minutes}",), confirm=("checkpoint auto confirm",)),
    # Quirk: disabled by default: a port that loop-protect closed stays closed.
    auto_recovery=("loop-protect re-enable-timer {interval}",),
    hardening={
        # Drops only. Quirk: a multicast limit would count broadcasts and BPDUs as well, so none is set.
        "storm-control": ("interface {interface}", "rate-limit broadcast 1000 pps"),
        "dhcp-snooping": (
            "interface {uplink}",
            "dhcpv4-snooping trust",
            "exit",
            "vlan {vlan}",
            "dhcpv4-snooping",
            "exit",
            "dhcpv4-snooping",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "dhcpv4-snooping trust"),
        "port-security": (
            "port-access port-security enable",
            "interface {interface}",
            "port-access port-security",
            "enable",
            "client-limit 3",
        ),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree port-type admin-edge",
            "spanning-tree bpdu-guard",
        ),
        "loop-protection": (
            "loop-protect re-enable-timer 300",
            "interface {interface}",
            "loop-protect",
            "loop-protect vlan {vlan}",
            "loop-protect action tx-disable",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP AOS-CX tells loop protection only; BPDU guard and port security show in its command line and log",
        "errdisable-recovery": "AOS-CX tells no remaining time of a closed port in the documents seen",
        "stp": "the layout of show spanning-tree was not seen; SNMP is read",
    },
    unverified=(
        "the event texts of loop-protect, BPDU guard and port security",
        "spanning-tree port-type admin-edge; the lines inside port-access port-security",
        "every dhcpv4-snooping line (the feature itself shows in the event log)",
        "the Reason column of show interface brief; fault-monitor",
        "shutdown and no shutdown as the way back from every guard",
    ),
)
