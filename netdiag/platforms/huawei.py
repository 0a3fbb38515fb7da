"""Huawei VRP: S-series V200 (VRP5), and as a variant CloudEngine and V600 (VRP8, which commits).

Sources: Huawei's log references, CloudEngine S3700/S5700/S6700 V600R024C10 security guide, CloudCampus
alarm documents, netmiko's source, ntc-templates' recorded output. No pollable error-down table exists
(HUAWEI-ERRORDOWN-MIB holds trap variables only): the command line and the log say it.
"""

from __future__ import annotations

from dataclasses import replace

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Confirmed, Platform

_SHORT = {
    "ge": "GigabitEthernet",
    "eth": "Ethernet",
    "xge": "XGigabitEthernet",
    "loop": "LoopBack",
}

HUAWEI = Platform(
    name="huawei",
    title="Huawei VRP",
    aliases=("huawei_vrp", "vrp"),
    sys_object_ids=("1.3.6.1.4.1.2011",),
    # VRP8 says so of itself, and is the variant below.
    sys_descr=r"^(?!.*(?:CloudEngine|Version 8\.|YunShan OS))[\s\S]*Huawei",
    says=r"^(?![\s\S]*(?:CloudEngine|Version 8\.|YunShan OS))[\s\S]*(?:Huawei Versatile|VRP \(R\))",
    commands={
        "clock": Command("display clock"),
        "version": Command("display version", "huawei_version.textfsm"),
        "interfaces": Command("display interface", "huawei_interface.textfsm"),
        # ntc-templates' file raises on exactly the rows looked for: `#down`, `down(ed)`, the legend.
        "status": Command("display interface brief", "huawei_interface_brief.textfsm"),
        "vlans": Command("display port vlan", "huawei_port_vlan.textfsm"),
        "err-disabled": Command("display error-down recovery", "huawei_error_down.textfsm"),
        # Quirk: on V200 the shutdown by loop detection (LBDT) is a state of its own, not in error-down.
        "closed-loop": Command(
            "display loopback-detect", "huawei_loopback_detect.textfsm", reason="loopback-detect"
        ),
        "fdb": Command(
            "display mac-address",
            "huawei_mac_address.textfsm",
        ),
        "lldp": Command("display lldp neighbor", "ntc:huawei_vrp_display_lldp_neighbor.textfsm"),
        "arp": Command("display arp all", "huawei_arp.textfsm"),
        "stp": Command("display stp brief", "vrp_stp_brief.textfsm"),
        "storm-control": Command("display storm-control", "huawei_storm_control.textfsm"),
        "aggregates": Command("display eth-trunk", "huawei_eth_trunk.textfsm"),
        "log": Command("display logbuffer"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "vlans",
        "err-disabled",
        "closed-loop",
        "fdb",
        "lldp",
        "arp",
        "stp",
        "aggregates",
        "storm-control",
        "log",
    ),
    not_on_all=frozenset({"storm-control"}),
    prepare=("screen-length 0 temporary",),
    # Quirk: never the bare word "error": VRP's own legend holds `(ed): error down` and `inErrors`.
    refusals=(
        r"^\s*Error:\s*(?:Unrecognized command|Wrong parameter|Incomplete command|Too many parameters)",
        r"^\s*Error:\s*(?:Ambiguous|No permission|You do not have permission|Failed|The|Please)",
        r"^\s*Error[: ].*(?:found at '\^' position|authoriz)",
    ),
    # Angle brackets look, square ones configure; `~` is a clean candidate, `*` an uncommitted one; HRP
    # marks a backup pair.
    prompt=r"(?:^|[\r\n])((?:HRP_[A-Z])?[<\[][~*]?[^\r\n<>\[\]]{1,100}[>\]]) ?\Z",
    config_prompt=r"^(?:HRP_[A-Z])?\[.*\]$",
    # VRP has no enable: the account's level decides.
    enable="",
    configure=("system-view",),
    leave=("return",),
    # Quirk: netmiko's login answers the second question with Y, twice, which *saves the configuration*;
    # a tool that looks must not. It is answered here, with N.
    questions=(
        (r"(?:[Cc]hange now|[Pp]lease choose)[^\r\n]*\[Y/N\][^\r\n]*\Z", "N"),
        (r"security risks in the configuration file[\s\S]{0,200}\[[Yy]/[Nn]\]:? ?\Z", "N"),
        (r"[Uu]ncommitted configurations[\s\S]{0,200}\[Y[^\]\r\n]*\]:? ?\Z", "N"),
    ),
    # Quirk: at most 4 SSH logins on many S-series; a fifth gets no prompt, or a wrong one.
    max_sessions=4,
    short_names=_SHORT,
    states={
        "*down": ("down", "down"),
        "#down": ("up", "down"),
        "^down": ("up", "down"),
        "!down": ("up", "down"),
        "down(ed)": ("up", "down"),
        "down(dl)": ("up", "down"),
        "down(e)": ("up", "down"),
        "down(b)": ("up", "down"),
        "down(p)": ("up", "down"),
        "down(c)": ("up", "down"),
        "down(ms)": ("up", "down"),
        "up(l)": ("up", "up"),
        "up(s)": ("up", "up"),
        "up(lb)": ("up", "up"),
        "up(sd)": ("up", "up"),
        "up(ld)": ("up", "up"),
    },
    closed_states={"#down": "loopback-detect", "down(ed)": "error-down"},
    err_disable_causes={
        "as-not-ready": C.OTHER,
        "auto-defend": C.ADMIN_POLICY,
        "bpdu-protection": C.BPDU_GUARD,
        "crc-statistics": C.CRC_ERRORS,
        "data-integrity-error": C.CRC_ERRORS,
        "dual-active": C.OTHER,
        "efm-remote-failure": C.OTHER,
        "efm-threshold-event": C.CRC_ERRORS,
        "error-down": C.OTHER,
        "error-statistics": C.CRC_ERRORS,
        "fabric-uplink-threshold": C.ADMIN_POLICY,
        "forward-engine-buffer-failed": C.OTHER,
        "forward-engine-interface-failed": C.OTHER,
        "l2-loop-occurred": C.LOOP_DETECTED,
        "leaf-mstp": C.BPDU_GUARD,
        "link-flap": C.LINK_FLAP,
        "loopback-detect": C.LOOP_DETECTED,
        "m-lag": C.CHANNEL_MISCONFIG,
        "m-lag-consistency-check": C.CHANNEL_MISCONFIG,
        "mac-address-flapping": C.MAC_FLAPPING,
        "monitor-link": C.ADMIN_POLICY,
        "no-stack-link": C.CHANNEL_MISCONFIG,
        "port-security": C.PORT_SECURITY,
        "port security": C.PORT_SECURITY,
        "portsec-reachedlimit": C.PORT_SECURITY,
        "runts-error-statistics": C.CRC_ERRORS,
        "stack-config-conflict": C.CHANNEL_MISCONFIG,
        "stack-member-exceed-limit": C.ADMIN_POLICY,
        "storm-control": C.STORM_CONTROL,
        "transceiver-power-low": C.TRANSCEIVER,
    },
    shut=("interface {interface}", "shutdown"),
    # `restart` is shutdown and undo shutdown in one line and opens error-down and LBDT alike; the
    # two lines also end a shutdown by hand.
    reopen=("interface {interface}", "shutdown", "undo shutdown"),
    port_config="display current-configuration interface {interface}",
    # Quirk: off, no default interval, and only for ports closed *after* the command. There is no
    # cause loopback-detect on V200: LBDT's recovery-time does not bring back action shutdown.
    auto_recovery=("error-down auto-recovery cause {cause} interval {interval}",),
    hardening={
        "storm-control": (
            "interface {interface}",
            "storm-control broadcast min-rate 1000 max-rate 2000",
            "storm-control action error-down",
            # Without it no line in the log is to be expected.
            "storm-control enable log",
        ),
        # `dhcp enable` first, or snooping is refused; the uplink before snooping, or every client
        # loses its server.
        "dhcp-snooping": (
            "dhcp enable",
            "interface {uplink}",
            "dhcp snooping trusted",
            "quit",
            "dhcp snooping enable",
            "interface {interface}",
            "dhcp snooping enable",
            "dhcp snooping alarm dhcp-reply enable",
            # Quirk: 100 replies by default: a small home router seldom reaches it.
            "dhcp snooping alarm dhcp-reply threshold 1",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "dhcp snooping trusted"),
        "port-security": (
            "interface {interface}",
            "port-security enable",
            "port-security max-mac-num 3",
            "port-security protect-action restrict",
        ),
        # Quirk: BPDU protection acts on edge ports only.
        "bpdu-guard": (
            "stp bpdu-protection",
            "interface {interface}",
            "stp edged-port enable",
        ),
        "loop-protection": (
            "interface {interface}",
            "loopback-detect enable",
            "loopback-detect packet vlan {vlan}",
            "loopback-detect action shutdown",
        ),
    },
    not_offered={
        "err-disabled-snmp": "VRP has no SNMP table of error-down ports: by SNMP only loop detection and storm control are told; causes show in its command line, log and traps",
    },
    unverified=(
        "the exact layout of display error-down recovery: read by column order and cause words",
        "the texts of STORMCTRL_BC_BLOCKED and DHCP_SERVER_DETECT",
        "V200's columns of display storm-control (V600's are documented)",
        "port-security's default of 1 address",
        "portsec-reachedlimit stands in for port-security on CloudEngine",
    ),
)

HUAWEI_VRPV8 = replace(
    HUAWEI,
    name="huawei_vrpv8",
    title="Huawei VRP8 (CloudEngine, V600)",
    aliases=("cloudengine", "huawei_ce"),
    sys_object_ids=("1.3.6.1.4.1.2011",),
    sys_descr=r"CloudEngine|VRP \(R\) software, Version 8\.|YunShan OS",
    says=None,
    commands={
        **HUAWEI.commands,
        # Quirk: a space instead of V200's hyphen.
        "storm-control": Command("display storm control", "huawei_storm_control.textfsm"),
    },
    # CE has the cause loopback-detect in error-down itself; `display loopback-detect` differs.
    poll=tuple(need for need in HUAWEI.poll if need != "closed-loop"),
    # Quirk: without `commit` every change vanishes, and nothing says so: `[*host]` means uncommitted.
    commit="commit",
    commit_prompt=r"^(?:HRP_[A-Z])?\[\*",
    confirmed=Confirmed(
        # Not verified: what a second `commit` within the trial says.
        commit="commit trial {seconds}",
        confirm=("system-view", "commit", "return"),
    ),
    short_names={"ge": "GE", "eth": "Ethernet"},
    hardening={
        **HUAWEI.hardening,
        "storm-control": (
            "interface {interface}",
            "storm control broadcast min-rate 1000 max-rate 2000",
            "storm control action error-down",
            "storm control enable log",
        ),
        "loop-protection": (
            "mac-address flapping detection",
            "interface {interface}",
            "mac-address flapping trigger error-down",
        ),
    },
)
