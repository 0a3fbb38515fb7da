"""Dell OS9 (FTOS, Force10).

Sources: the OS9 configuration guides (S-series, Z9000, C9010), ntc-templates' recorded output. What
closed a port is spread: MAC limits in a table of their own, BPDU guard in spanning tree's.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.words import CISCO_LIKE_CAUSES, CISCO_LIKE_REFUSALS

DELL_FORCE10 = Platform(
    name="dell_force10",
    title="Dell OS9 / Force10",
    aliases=("dell_os9", "ftos"),
    sys_object_ids=("1.3.6.1.4.1.6027",),
    sys_descr=r"Force10|Dell (?:Application|Networking OS) .*9\.",
    commands={
        "clock": Command("show clock"),
        "version": Command(
            "show version",
            "ntc:dell_force10_show_version.textfsm",
            {"OS_VERSION": "VERSION", "DEVICE_TYPE": "MODEL"},
        ),
        "status": Command("show interfaces status", "dell_force10_interfaces_status.textfsm"),
        "closed-mac": Command(
            "show mac learning-limit violate-action", "dell_force10_violate_action.textfsm"
        ),
        # Quirk: `show interfaces` calls a port that BPDU guard closed enabled and up: only here it shows.
        "closed-bpdu": Command(
            "show spanning-tree rstp", "dell_force10_rstp_errdis.textfsm", reason="bpduguard"
        ),
        "fdb": Command("show mac-address-table", "dell_force10_mac_address_table.textfsm"),
        "lldp": Command("show lldp neighbors", "dell_force10_lldp_neighbors.textfsm"),
        "arp": Command("show arp", "ntc:dell_force10_show_arp.textfsm", {"PORT": "INTERFACE"}),
        "log": Command("show logging"),
    },
    poll=(
        "clock",
        "version",
        "status",
        "closed-mac",
        "closed-bpdu",
        "fdb",
        "lldp",
        "arp",
        "log",
    ),
    prepare=("terminal length 0",),
    refusals=CISCO_LIKE_REFUSALS,
    states={"up": ("up", "up"), "down": ("up", "down")},
    # Quirk: a space inside the interface name, `Te 0/22`.
    short_names={
        "te": "TenGigabitEthernet",
        "tengigabitethernet": "TenGigabitEthernet",
        "gi": "GigabitEthernet",
        "gigabitethernet": "GigabitEthernet",
        "fo": "fortyGigE",
        "fortygige": "fortyGigE",
        "hu": "hundredGigE",
        "po": "Port-channel",
        "port-channel": "Port-channel",
        "ma": "ManagementEthernet",
        "managementethernet": "ManagementEthernet",
        "vl": "Vlan",
        "vlan": "Vlan",
    },
    err_disable_causes={
        **CISCO_LIKE_CAUSES,
        "bpdu-guard": C.BPDU_GUARD,
        "fefd": C.UDLD,
        "maclearnlimit": C.MAC_LIMIT,
        "learn-limit-violation": C.MAC_LIMIT,
        "learn-limit": C.MAC_LIMIT,
        "station-move-violation": C.MAC_FLAPPING,
        "station-move": C.MAC_FLAPPING,
    },
    shut=("interface {interface}", "shutdown"),
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    # Quirk: acts only on ports closed after these lines.
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        "port-security": (
            "interface {interface}",
            "mac learning-limit 3 dynamic no-station-move",
            "mac learning-limit learn-limit-violation shutdown",
        ),
        # Quirk: without the last word BPDUs still reach the processor.
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree rstp edge-port bpduguard shutdown-on-violation",
        ),
    },
    not_offered={
        "err-disabled-snmp": "OS9 has no SNMP table of err-disabled ports; its command line and log tell",
        "errdisable-recovery": "OS9 tells no remaining time of a closed port in the documents seen",
        "stp": "the layout of OS9's spanning-tree table was not seen whole; SNMP is read",
        "storm-control": "no storm-control line of OS9 is in the documents seen",
        "dhcp-snooping": "no DHCP-snooping configuration of OS9 is in the documents seen",
        "dhcp-snooping-trust": "no DHCP-snooping configuration of OS9 is in the documents seen",
    },
    unverified=(
        "the layouts of show interfaces status, show lldp neighbors and of violate-action's Status",
        "the words ERR_DISABLE and EDS in show spanning-tree rstp",
    ),
)
