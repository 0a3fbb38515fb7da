"""H3C and HPE Comware 5 and 7.

Sources: HPE techhub guides of 5130EI, 5700, 5940, 7500 and 3100v2 (Comware twins), h3c.com guides,
ntc-templates' and genieparser's recorded output.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

HP_COMWARE = Platform(
    name="hp_comware",
    title="H3C / HPE Comware",
    aliases=("h3c_comware", "comware", "h3c"),
    sys_object_ids=("1.3.6.1.4.1.25506", "1.3.6.1.4.1.43.1.16", "1.3.6.1.4.1.43.45"),
    sys_descr=r"\bComware\b|^H3C|3Com SuperStack",
    commands={
        "clock": Command("display clock"),
        "version": Command("display version", "hp_comware_version.textfsm"),
        "interfaces": Command("display interface", "hp_comware_interface.textfsm"),
        "status": Command(
            "display interface brief",
            "hp_comware_interface_brief.textfsm",
        ),
        # One list for each guard: there is no table of all closed ports.
        "closed-bpdu": Command("display stp down-port", "hp_comware_stp_down_port.textfsm"),
        "closed-loop": Command(
            "display loopback-detection",
            "hp_comware_loopback_detection.textfsm",
            reason="loopback-detection",
        ),
        "closed-storm": Command(
            "display storm-constrain",
            "hp_comware_storm_constrain.textfsm",
            reason="storm-constrain",
        ),
        "fdb": Command(
            "display mac-address",
            "hp_comware_mac_address.textfsm",
        ),
        "lldp": Command(
            "display lldp neighbor-information verbose",
            "hp_comware_lldp_neighbor_verbose.textfsm",
        ),
        "arp": Command("display arp", "hp_comware_arp.textfsm"),
        "stp": Command("display stp brief", "vrp_stp_brief.textfsm"),
        "aggregates": Command(
            "display link-aggregation verbose", "hp_comware_link_aggregation.textfsm"
        ),
        "log": Command("display logbuffer"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "closed-bpdu",
        "closed-loop",
        "closed-storm",
        "fdb",
        "lldp",
        "arp",
        "stp",
        "aggregates",
        "log",
    ),
    prepare=("screen-length disable",),
    refusals=(
        r"^\s*% ?(?:Unrecognized command|Too many parameters|Incomplete command|Ambiguous command|Wrong parameter)",
        r"^\s*Permission denied",
    ),
    # A prompt in angle brackets looks, one in square brackets configures; RBM marks a backup pair.
    prompt=r"(?:^|[\r\n])((?:RBM_[A-Z])?[<\[][^\r\n<>\[\]]{1,100}[>\]]) ?\Z",
    config_prompt=r"^(?:RBM_[A-Z])?\[.*\]$",
    enable="",
    configure=("system-view",),
    leave=("return",),
    questions=((r"Press Y or ENTER to continue, N to exit\.?\s*\Z", "Y"),),
    short_names={
        "ge": "GigabitEthernet",
        "xge": "Ten-GigabitEthernet",
        "fge": "FortyGigE",
        "hge": "HundredGigE",
        "wge": "Twenty-FiveGigE",
        "bagg": "Bridge-Aggregation",
        "ragg": "Route-Aggregation",
        "m-ge": "M-GigabitEthernet",
        "vlan": "Vlan-interface",
        "vlan-int": "Vlan-interface",
        "loop": "LoopBack",
        "eth": "Ethernet",
    },
    states={
        "up": ("up", "up"),
        "adm": ("down", "down"),
        "stby": ("up", "down"),
        # Comware 5's own word for a port that spanning tree's guard took down.
        "stp": ("up", "down"),
    },
    closed_states={"stp down": "BPDU-Protected"},
    err_disable_causes={
        "loopback-detection": C.LOOP_DETECTED,
        "loopback detection down": C.LOOP_DETECTED,
        "storm-constrain": C.STORM_CONTROL,
        "storm constrain down": C.STORM_CONTROL,
        "BPDU-Protected": C.BPDU_GUARD,
        "BPDU protection": C.BPDU_GUARD,
        "PVST BPDU protection": C.BPDU_GUARD,
        # A port that a faulty peer's BPDUs of changing format closed.
        "Formatfrequency-Protected": C.BPDU_GUARD,
        "port-security": C.PORT_SECURITY,
        "port security down": C.PORT_SECURITY,
        "disableport": C.PORT_SECURITY,
        "mac-move": C.MAC_FLAPPING,
        "DLDP down": C.UDLD,
    },
    shut=("interface {interface}", "shutdown"),
    reopen=("interface {interface}", "undo shutdown"),
    port_config="display current-configuration interface {interface}",
    # Quirk: Comware 7 brings BPDU-guard and loopback-detection closings back by itself after this,
    # a storm-constrain closing never: a port that bounces at this interval is a live loop. Comware 5's
    # loopback closing needs `undo shutdown`.
    auto_recovery=("shutdown-interval {interval}",),
    hardening={
        # Upper bound first; cannot stand beside `broadcast-suppression`.
        "storm-control": (
            "interface {interface}",
            "storm-constrain broadcast pps 2000 1000",
            "storm-constrain control shutdown",
            "storm-constrain enable log",
        ),
        "dhcp-snooping": (
            "interface {uplink}",
            "dhcp snooping trust",
            "quit",
            "dhcp snooping enable",
            "interface {interface}",
            "dhcp snooping binding record",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "dhcp snooping trust"),
        # The plain limit: port-security itself wants 802.1X and MAC authentication off first.
        "port-security": ("interface {interface}", "mac-address max-mac-count 3"),
        "bpdu-guard": ("stp bpdu-protection", "interface {interface}", "stp edged-port"),
        # Quirk: the default action is to log only; an aggregate takes only shutdown.
        "loop-protection": (
            "loopback-detection global enable vlan all",
            "interface {interface}",
            "loopback-detection enable vlan {vlan}",
            "loopback-detection action shutdown",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP Comware tells loop detection and storm constraint only; ports closed by BPDU protection or port security show in its command line and log",
    },
    unverified=(
        "the clean sentence `No loopback is detected.`",
        "the cause column of display interface brief down and the causes of `Current state: DOWN (…)`",
        "the header of display mac-address mac-move",
        "the defaults of 30 s (shutdown-interval) and 20 s (port-security timer)",
        "texts of LPDETECT, STORM_CONSTRAIN, PORTSEC and DHCPSP messages",
        "Comware 5's spelling dhcp-snooping trust",
    ),
)
