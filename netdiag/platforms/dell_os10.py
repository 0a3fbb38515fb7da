"""Dell SmartFabric OS10.

Sources: the OS10 MX9116n guide and 10.5 guide, the DISA STIG, DELLEMC-OS10-PORT-SECURITY-MIB. No
recorded output of a real device was found; show commands other than errdisable are read as IOS-like.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.words import CISCO_LIKE_CAUSES, CISCO_LIKE_REFUSALS

DELL_OS10 = Platform(
    name="dell_os10",
    title="Dell OS10",
    aliases=("os10",),
    sys_object_ids=("1.3.6.1.4.1.674.11000.5000.100",),
    sys_descr=r"Dell.*OS10|SmartFabric OS10",
    commands={
        "clock": Command("show clock"),
        "version": Command("show version", "dell_os10_version.textfsm"),
        "status": Command("show interface status", "dell_os10_interface_status.textfsm"),
        # The last table of it lists the closed ports; the time left is that of auto-recovery.
        "err-disabled": Command("show errdisable recovery", "dell_os10_errdisable.textfsm"),
        "fdb": Command("show mac address-table", "dell_os10_mac_address_table.textfsm"),
        "lldp": Command("show lldp neighbors", "dell_os10_lldp_neighbors.textfsm"),
        "arp": Command("show ip arp", "dell_os10_arp.textfsm"),
        "log": Command("show logging log-file"),
    },
    poll=("clock", "version", "status", "err-disabled", "fdb", "lldp", "arp", "log"),
    prepare=("terminal length 0",),
    refusals=CISCO_LIKE_REFUSALS,
    states={"up": ("up", "up"), "down": ("up", "down")},
    # Quirk: a space inside the interface name, `ethernet 1/1/1:1`, as tables print it; ifName has none.
    short_names={
        "eth": "ethernet",
        "ethernet": "ethernet",
        "po": "port-channel",
        "port-channel": "port-channel",
    },
    err_disable_causes={
        **CISCO_LIKE_CAUSES,
        "fefd": C.UDLD,
        "maclearnlimit": C.MAC_LIMIT,
        "mac-learn-limit": C.MAC_LIMIT,
        "macLearnLimitErrDisable": C.MAC_LIMIT,
        "stationMoveErrDisable": C.MAC_FLAPPING,
        "mac-move": C.MAC_FLAPPING,
    },
    # .1.3.6.1.4.1.674.11000.5000.100.5.1.2.1.1.3.<ifIndex>; 1 is normal. No object tells of BPDU guard
    # or storm control.
    err_disable_codes={2: "macLearnLimitErrDisable", 3: "stationMoveErrDisable"},
    shut=("interface {interface}", "shutdown"),
    port_config="show running-configuration interface {interface}",
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    # Quirk: `errdisable detect cause bpduguard` decides whether a BPDU shuts the port or only blocks it.
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        "storm-control": ("interface {interface}", "storm-control broadcast 1000"),
        # Quirk: off globally and *on in every VLAN*: the global line acts on all of them at once, so
        # every uplink must be trusted by then.
        "dhcp-snooping": (
            "interface {uplink}",
            "ip dhcp snooping trust",
            "exit",
            "ip dhcp snooping",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "ip dhcp snooping trust"),
        "port-security": (
            "interface {interface}",
            "switchport port-security",
            "no disable",
            "mac-learn limit 3",
            "mac-learn limit violation shutdown",
        ),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree port type edge",
            "spanning-tree bpduguard enable",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP OS10 tells port security only; BPDU guard and storm control show in its command line and log",
        "stp": "the layout of OS10's spanning-tree table was not seen; SNMP is read",
    },
    unverified=(
        "every syslog text",
        "the lines inside switchport port-security",
        "spanning-tree port type edge",
        "the tables of show interface status, show mac address-table, show lldp neighbors, show ip arp",
    ),
)
