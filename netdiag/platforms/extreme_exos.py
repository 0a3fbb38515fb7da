"""Extreme EXOS / Switch Engine.

Sources: Extreme's EXOS 16 and 31 command references, the EMS catalog 31.4, users' logs, ntc-templates'
recorded output. There is no table of all closed ports: ELRP and the STP edge safeguard each have their own.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

EXTREME_EXOS = Platform(
    name="extreme_exos",
    title="Extreme EXOS",
    aliases=("exos", "extreme", "switch_engine"),
    sys_object_ids=("1.3.6.1.4.1.1916",),
    sys_descr=r"\bExtremeXOS\b|\bSwitch Engine\b",
    says=r"^\s*SysName:[\s\S]*Primary ver",
    commands={
        "version": Command("show switch", "extreme_exos_switch.textfsm"),
        # ntc-templates' own reads standalone switches only: in a stack a port is 1:2.
        "status": Command("show ports information detail", "extreme_exos_ports.textfsm"),
        "closed-loop": Command(
            "show elrp disabled-ports", "extreme_exos_elrp_disabled.textfsm", reason="elrp"
        ),
        "closed-bpdu": Command(
            "show stpd s0 ports", "extreme_exos_bpdu_restrict.textfsm", reason="bpdu-restrict"
        ),
        # ntc-templates' own drops the flags: which address is learned and which is entered.
        "fdb": Command("show fdb", "extreme_exos_fdb.textfsm"),
        "lldp": Command("show lldp neighbors", "extreme_exos_lldp_neighbors.textfsm"),
        "arp": Command(
            "show iparp",
            "ntc:extreme_exos_show_iparp.textfsm",
            {"DESTINATION": "IP_ADDRESS", "PORT": "INTERFACE"},
        ),
        "stp": Command("show stpd s0 ports", "extreme_exos_stpd_ports.textfsm"),
        "log": Command("show log"),
    },
    poll=(
        "version",
        "status",
        "closed-loop",
        "closed-bpdu",
        "fdb",
        "lldp",
        "arp",
        "stp",
        "log",
    ),
    prepare=("disable clipaging session",),
    refusals=(
        r"^%% (?:Invalid input|Incomplete command|Ambiguous command|Unrecognized)",
        r"^Error: ",
        r"^(?:You do not have permission|Permission denied)",
    ),
    # Quirk: "* core-1.7 #": a star while changes are unsaved, and a number that counts the commands.
    prompt=r"(?:^|[\r\n])((?:! ?)?(?:\* ?)?(?:Slot-\d+ )?[\w.-]{1,80}\.\d{1,6} ?[>#]) ?\Z",
    # Each line acts at once: there is no configuration mode.
    config_prompt=r"",
    enable="",
    configure=(),
    leave=(),
    states={
        "active": ("up", "up"),
        "ready": ("up", "down"),
        "disabled": ("down", "down"),
        "np": ("up", "not-present"),
    },
    err_disable_causes={
        "elrp": C.LOOP_DETECTED,
        "bpdu-restrict": C.BPDU_GUARD,
        "link-flap": C.LINK_FLAP,
        "dhcp-snooping": C.ADMIN_POLICY,
        "mac-limit": C.MAC_LIMIT,
    },
    port_config="show ports {interface} configuration no-refresh",
    shut=("disable ports {interface}",),
    # Also cancels ELRP's and the safeguard's timers.
    reopen=("enable ports {interface}",),
    hardening={
        # Only drops. Quirk: measured in single milliseconds, so that 1000 lets one frame a
        # millisecond through and cuts a short burst.
        "storm-control": ("configure ports {interface} rate-limit flood broadcast 1000",),
        # Quirk: the rule must cover the clients' ports and the server's.
        "dhcp-snooping": (
            "configure trusted-ports {uplink} trust-for dhcp-server",
            "enable ip-security dhcp-snooping vlan {vlan} ports all violation-action drop-packet",
        ),
        "dhcp-snooping-trust": ("configure trusted-ports {uplink} trust-for dhcp-server",),
        "port-security": (
            "configure ports {interface} vlan {vlan} limit-learning 3 action stop-learning",
        ),
        # Quirk: without recovery-timeout the port stays closed until somebody enables it.
        "bpdu-guard": (
            "configure stpd s0 ports link-type edge {interface}",
            "configure stpd s0 ports edge-safeguard enable {interface} bpdu-restrict recovery-timeout 300",
        ),
        # Quirk: ELRP closes the whole port in every VLAN: the uplink is taken out first.
        "loop-protection": (
            "configure elrp-client disable-ports exclude {uplink}",
            "enable elrp-client",
            "configure elrp-client periodic {vlan} ports {interface} interval 1 seconds log-and-trap disable-port ingress duration 300",
        ),
    },
    not_offered={
        "err-disabled-snmp": "EXOS has no SNMP table of closed ports; its command line, log and traps tell",
        "errdisable-recovery": "EXOS tells no remaining time of a closed port in the documents seen",
    },
    unverified=(
        "the header of show elrp disabled-ports: a row that begins with a port counts",
        "the flag G of show stpd s0 ports for a port that BPDU restrict closed; the domain's name s0",
        "the layouts of show switch and show lldp neighbors",
        "exclude and trusted-ports; VLAN numbers where the documents write names",
        "the texts of DHCP-snooping, BPDU-restrict and MAC-limit events; clear elrp",
    ),
)
