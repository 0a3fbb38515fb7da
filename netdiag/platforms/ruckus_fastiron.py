"""Ruckus (Brocade) ICX, FastIron.

Sources: the FastIron guide 53-1002494 and its 08.0.60 successor, FOUNDRY-SN-SWITCH-GROUP-MIB,
ntc-templates' recorded output of both makers' releases.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

RUCKUS_FASTIRON = Platform(
    name="ruckus_fastiron",
    title="Ruckus / Brocade ICX",
    aliases=("brocade_fastiron", "fastiron", "icx"),
    sys_object_ids=("1.3.6.1.4.1.1991",),
    sys_descr=r"ICX|FastIron",
    says=r"Ruckus|Brocade|Foundry|\bICX",
    commands={
        "clock": Command("show clock"),
        "version": Command("show version", "ruckus_fastiron_version.textfsm"),
        "interfaces": Command("show interfaces", "ruckus_fastiron_interfaces.textfsm"),
        "status": Command("show interfaces brief", "ruckus_fastiron_interfaces_brief.textfsm"),
        # Quirk: free lines, no table, in an odd case: "Port 6 ERR_DiSABLED for bpduguard".
        "err-disabled": Command("show errdisable summary", "ruckus_fastiron_errdisable.textfsm"),
        "errdisable-recovery": Command(
            "show errdisable recovery", "ruckus_fastiron_errdisable_recovery.textfsm"
        ),
        "closed-flap": Command(
            "show link-error-disable",
            "ruckus_fastiron_link_error_disable.textfsm",
            reason="link-flap",
        ),
        "fdb": Command("show mac-address", "ruckus_fastiron_mac_address.textfsm"),
        "lldp": Command("show lldp neighbors detail", "ruckus_fastiron_lldp_detail.textfsm"),
        "arp": Command("show arp", "ruckus_fastiron_arp.textfsm"),
        "stp": Command("show span", "ruckus_fastiron_span.textfsm"),
        "log": Command("show logging"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "err-disabled",
        "errdisable-recovery",
        "closed-flap",
        "fdb",
        "lldp",
        "arp",
        "stp",
        "log",
    ),
    prepare=("skip-page-display",),
    refusals=(
        r"^\s*Invalid input ->",
        r"^\s*Unrecognized command",
        r"^\s*Incomplete command",
        r"^\s*Ambiguous input ->",
        r"^\s*Not authorized to execute this command",
        r"^\s*Error ?[-:]",
    ),
    states={
        "up": ("up", "up"),
        "down": ("up", "down"),
        "disable": ("down", "down"),
        "disabled": ("down", "down"),
        "err-dis": ("up", "down"),
        "err-disabled": ("up", "down"),
        "blocked": ("up", "up"),
    },
    closed_states={"err-dis": "ERR-DIS", "err-disabled": "ERR-DISABLED"},
    # Tables print the bare number (FastIron asks for `interface ethernet 1/1/7`), or
    # GigabitEthernet1/1/7 where ifDescr stands.
    short_names={
        "ethernet": "",
        "ethe": "",
        "eth": "",
        "gigabitethernet": "",
        "10gigabitethernet": "",
        "fastethernet": "",
    },
    err_disable_causes={
        "bpduguard": C.BPDU_GUARD,
        "bpdu-guard": C.BPDU_GUARD,
        "loop-detection": C.LOOP_DETECTED,
        "loopdetection": C.LOOP_DETECTED,
        "link-flap": C.LINK_FLAP,
        "invalid-licence": C.ADMIN_POLICY,
        "packet-inerror": C.CRC_ERRORS,
        "loam-remote-critical": C.OTHER,
        "needs-reboot": C.OTHER,
        "bcast": C.STORM_CONTROL,
        "mcast": C.STORM_CONTROL,
        "dlf": C.STORM_CONTROL,
        "broadcast": C.STORM_CONTROL,
        "multicast": C.STORM_CONTROL,
        "unknown-unicast": C.STORM_CONTROL,
        "stack-port-problem": C.OTHER,
        "spx-invalid-topology": C.OTHER,
        "pvst-protect": C.BPDU_GUARD,
        "bpdu-tunnel-threshold": C.LOOP_DETECTED,
        "lag-oper-speed-mismatch": C.CHANNEL_MISCONFIG,
        "port-security": C.PORT_SECURITY,
        "ERR-DIS": C.OTHER,
    },
    # snSWIfErrDisableStatus; 0 is none, 15 an end marker.
    err_disable_codes={
        1: "bpdu-guard",
        2: "loop-detection",
        3: "invalid-licence",
        4: "packet-inerror",
        5: "loam-remote-critical",
        6: "needs-reboot",
        7: "bcast",
        8: "mcast",
        9: "dlf",
        10: "stack-port-problem",
        11: "spx-invalid-topology",
        12: "pvst-protect",
        13: "bpdu-tunnel-threshold",
        14: "lag-oper-speed-mismatch",
    },
    shut=("interface ethernet {interface}", "disable"),
    # Quirk: `clear loop-detection` would re-enable *all* ports that loops closed: one port is
    # disabled and enabled instead.
    port_config="show running-config interface ethernet {interface}",
    reopen=("interface ethernet {interface}", "disable", "enable"),
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        # Quirk: while BUM logging acts, changes of VLANs and access lists are refused on the port.
        "storm-control": ("interface ethernet {interface}", "broadcast limit 1000"),
        "dhcp-snooping": (
            "interface ethernet {uplink}",
            "dhcp snooping trust",
            "exit",
            "ip dhcp snooping vlan {vlan}",
        ),
        "dhcp-snooping-trust": ("interface ethernet {uplink}", "dhcp snooping trust"),
        "port-security": (
            "interface ethernet {interface}",
            "port security",
            "enable",
            "maximum 3",
            "violation restrict",
        ),
        "bpdu-guard": (
            "interface ethernet {interface}",
            "spanning-tree 802-1w admin-edge-port",
            "stp-bpdu-guard",
        ),
        # Strict: acts when the probe returns on the same port. In the VLAN it would be loose, which
        # can close two ports and floods its probes. Blind where spanning tree already blocks.
        "loop-protection": ("interface ethernet {interface}", "loop-detection"),
    },
    unverified=(
        "the spelling stp-bpdu-guard",
        "ip dhcp snooping vlan, dhcp snooping trust, show ip dhcp snooping info",
        "show loop-detection status",
        "DHCP and MAC-move messages; the wording of 09.x",
        "broadcast limit … kbps log",
    ),
)
