"""Ruijie RGOS.

Sources: Ruijie community t=6072, the kerwin RLDP book, the manuals of its OEM twins D-Link DGS-3610 and
DES-7200, RUIJIE-INTERFACE-MIB. No recorded output of a real device was found anywhere.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.words import CISCO_LIKE_CAUSES, CISCO_LIKE_REFUSALS

RUIJIE_OS = Platform(
    name="ruijie_os",
    title="Ruijie RGOS",
    aliases=("ruijie", "rgos"),
    sys_object_ids=("1.3.6.1.4.1.4881",),
    sys_descr=r"\bRuijie\b",
    commands={
        "clock": Command("show clock"),
        "version": Command("show version", "ruijie_os_version.textfsm"),
        "status": Command("show interfaces status", "ruijie_os_interfaces_status.textfsm"),
        "err-disabled": Command(
            "show interfaces status err-disabled", "cisco_ios_err_disabled.textfsm"
        ),
        "closed-loop": Command("show rldp", "ruijie_os_rldp.textfsm"),
        "fdb": Command("show mac-address-table", "ruijie_os_mac_address_table.textfsm"),
        "lldp": Command("show lldp neighbors detail", "ruijie_os_lldp_neighbors_detail.textfsm"),
        "arp": Command("show arp", "ruijie_os_arp.textfsm"),
        "log": Command("show logging"),
    },
    poll=("clock", "version", "status", "err-disabled", "closed-loop", "fdb", "lldp", "arp", "log"),
    enable_to_look=True,
    # 256 columns: "GigabitEthernet 0/7" needs them.
    prepare=("terminal width 256", "terminal length 0"),
    refusals=CISCO_LIKE_REFUSALS,
    # Quirk: the login may ask to change the password; a tool that looks does not.
    questions=(
        (r"(?i)change[^\r\n]{0,40}password[^\r\n]*\[[Yy](?:es)?/[Nn]o?\]:? ?\Z", "n"),
        (r"(?i)\bpassword\b[^\r\n]*\bmodify\b[^\r\n]*\[[Yy]/[Nn]\]:? ?\Z", "n"),
    ),
    # Quirk: a port closed by RLDP shows as disabled, as if a person had shut it: `show rldp` tells.
    states={"disable": ("down", "down"), "disabled": ("down", "down")},
    err_disable_causes={
        **CISCO_LIKE_CAUSES,
        "loop": C.LOOP_DETECTED,
        "rldp": C.LOOP_DETECTED,
        "loop-detect": C.LOOP_DETECTED,
        "rldp loop": C.LOOP_DETECTED,
        "rldp unidirection": C.UDLD,
        "unidirection": C.UDLD,
        "bidirection": C.UDLD,
        "err-disable-bpduguard": C.BPDU_GUARD,
        "err-disable-ptsecurity": C.PORT_SECURITY,
    },
    # ruijieIfErrorStatus. Quirk: it has no value for a loop or a storm, so 1 (no-error) does not
    # prove that RLDP left the port open. ruijieGlobalIfDisableRecovery beside it is *writable* and any
    # non-zero value recovers every port: never set.
    err_disable_codes={2: "err-disable-bpduguard", 3: "err-disable-ptsecurity"},
    shut=("interface {interface}", "shutdown"),
    # Quirk: shutdown and no shutdown are reported not to restore a port that RLDP closed; this one
    # opens *all* closed ports of the switch at once.
    reopen=("interface {interface}", "no shutdown", "exit", "errdisable recovery"),
    warnings={
        "reopen": "`errdisable recovery` opens every closed port of this switch, not this one alone"
    },
    auto_recovery=("errdisable recovery interval {interval}",),
    hardening={
        "storm-control": ("interface {interface}", "storm-control broadcast pps 500"),
        "dhcp-snooping": (
            "interface {uplink}",
            "ip dhcp snooping trust",
            "exit",
            "ip dhcp snooping",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "ip dhcp snooping trust"),
        "port-security": (
            "interface {interface}",
            "switchport port-security maximum 3",
            "switchport port-security",
        ),
        # Needs `spanning-tree` on; without it nothing happens.
        "bpdu-guard": (
            "spanning-tree",
            "interface {interface}",
            "spanning-tree portfast",
            "spanning-tree bpduguard enable",
        ),
        # Never on the uplink. Quirk: RLDP's frames pass dumb switches that eat BPDUs, so it sees loops
        # that BPDU guard misses; its action `block` clashes with spanning tree, shutdown-port does not.
        "loop-protection": (
            "rldp enable",
            "interface {interface}",
            "rldp port loop-detect shutdown-port",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP RGOS tells BPDU guard and port security only: a port closed by RLDP or storm control shows in its command line and log",
        "errdisable-recovery": "RGOS tells no remaining time of a closed port in the documents seen, "
        "and its recovery interval differs between releases (30 or 300 s)",
        "stp": "the layout of RGOS' spanning-tree table is not documented; SNMP is read",
    },
    unverified=(
        "show interfaces status err-disabled on RGOS; the word of a closed port there (disable, disabled)",
        "the word `error` for the tripped state in show rldp",
        "storm-control, DHCP-snooping and BPDU-guard messages",
        "storm-control broadcast pps, switchport port-security violation",
        "show version, show arp, show lldp neighbors detail: read as their Cisco-like twins print them",
        "whether recovery is on by default, and after 30 or 300 s",
    ),
)
