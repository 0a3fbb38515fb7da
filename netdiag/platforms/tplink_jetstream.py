"""TP-Link JetStream.

Sources: NOC's test configuration of a T2600G, the TP-Link CLI guide, TPLINK-LOOPBACKDETECTION-MIB. No
recorded output and no log line of a real device was found: what of a table cannot be read is an error in
the snapshot, never "nothing wrong".
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

TPLINK_JETSTREAM = Platform(
    name="tplink_jetstream",
    title="TP-Link JetStream",
    aliases=("tplink", "jetstream"),
    sys_object_ids=("1.3.6.1.4.1.11863",),
    sys_descr=r"JetStream|TP-?Link",
    says=r"JetStream|TP-?Link",
    commands={
        "clock": Command("show system-time"),
        "version": Command("show system-info", "tplink_jetstream_system_info.textfsm"),
        "status": Command("show interface status", "tplink_jetstream_interface_status.textfsm"),
        "closed-loop": Command(
            "show loopback-detection interface",
            "tplink_jetstream_loopback_detection.textfsm",
            reason="loopback-detection",
        ),
        "fdb": Command("show mac address-table all", "tplink_jetstream_mac_address_table.textfsm"),
        "arp": Command("show ip arp", "tplink_jetstream_arp.textfsm"),
        "log": Command("show logging buffer"),
    },
    poll=("clock", "version", "status", "closed-loop", "fdb", "arp", "log"),
    # Quirk: paging cannot be switched off; the session answers "Press any key to continue (Q to quit)".
    prepare=("",),
    refusals=(
        r"^\s*Error:? (?:Invalid parameter|Bad command|Incomplete command|Ambiguous)",
        r"^\s*%? ?(?:Invalid|Incomplete|Ambiguous|Unrecognized) (?:input|command|parameter)",
        r"^\s*Bad command",
    ),
    # Quirk: two steps to full rights, `enable` and then `enable-admin` where accounts have levels. Old
    # firmware speaks ssh-dss and group1 only: `ssh: {legacy_algorithms: […]}` for that very device.
    enable="enable",
    enable_fully="enable-admin",
    enable_to_look=True,
    newline="\r\n",
    states={
        "linkup": ("up", "up"),
        "linkdown": ("up", "down"),
        "disable": ("down", "down"),
        "disabled": ("down", "down"),
    },
    err_disable_causes={
        "loopback-detection": C.LOOP_DETECTED,
        "storm-control": C.STORM_CONTROL,
    },
    shut=("interface gigabitEthernet {interface}", "shutdown"),
    # In manual mode a port stays closed until told so; the recovery object of the MIB is *writable*
    # and never set.
    port_config="show running-config interface gigabitEthernet {interface}",
    reopen=(
        "interface gigabitEthernet {interface}",
        "loopback-detection recover",
        "no shutdown",
    ),
    short_names={"gigabitethernet": "", "gi": "", "ten-gigabitethernet": "", "te": ""},
    hardening={
        # Quirk: the rate mode decides what the number means, and the order matters.
        "storm-control": (
            "interface gigabitEthernet {interface}",
            "storm-control rate-mode ratio",
            "storm-control broadcast 10",
            "storm-control multicast 10",
        ),
        # `ip dhcp filter` drops servers' answers on every port but those of legal servers. Its line for
        # those is not documented in what was seen, so it is left to a person.
        "dhcp-snooping": ("ip dhcp snooping", "ip dhcp snooping vlan {vlan}"),
        "port-security": (
            "interface gigabitEthernet {interface}",
            "mac address-table max-mac-count max-number 3 mode dynamic status drop",
        ),
        "loop-protection": (
            "loopback-detection",
            "interface gigabitEthernet {interface}",
            "loopback-detection config process-mode port-based recovery-mode auto",
            "loopback-detection",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP JetStream tells loop detection only; ports closed by storm control do not show",
        "err-disabled": "JetStream has no table of closed ports; only loop detection tells its own",
        "dhcp-snooping-trust": "the line that trusts a port toward the server was not seen in any document",
        "bpdu-guard": "not seen in any document read",
        "stp": "the layout of its spanning-tree table was not seen; SNMP is read",
        "lldp": "the layout of its LLDP table was not seen; SNMP is read",
    },
    unverified=(
        "every table: show loopback-detection, show interface status, show mac address-table, show ip arp",
        "loopback-detection recover; recovery after a storm",
        "the meaning of ip dhcp filter",
        "the command that saves: copy running-config startup-config",
        "log messages: none found",
    ),
)
