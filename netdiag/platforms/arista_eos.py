"""Arista EOS.

Sources: EOS manual and ARISTA-IF-MIB, the AVD schema's lists of causes, ntc-templates' recorded output.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Confirmed, Platform
from netdiag.platforms.words import CISCO_LIKE_REFUSALS

ARISTA_EOS = Platform(
    name="arista_eos",
    title="Arista EOS",
    aliases=("eos",),
    sys_object_ids=("1.3.6.1.4.1.30065",),
    sys_descr=r"\bArista Networks EOS",
    says=r"^\s*Arista\b",
    commands={
        "clock": Command("show clock"),
        "version": Command(
            "show version", "ntc:arista_eos_show_version.textfsm", {"IMAGE": "VERSION"}
        ),
        "interfaces": Command("show interfaces", "arista_eos_interfaces.textfsm"),
        "status": Command("show interfaces status", "port_status.textfsm"),
        # Quirk: `errdisabled` without a hyphen, in the command and in the column.
        "err-disabled": Command(
            "show interfaces status errdisabled", "arista_eos_errdisabled.textfsm"
        ),
        "fdb": Command(
            "show mac address-table",
            "arista_eos_mac_address_table.textfsm",
        ),
        "lldp": Command("show lldp neighbors detail", "arista_eos_lldp_neighbors_detail.textfsm"),
        "arp": Command("show ip arp vrf all", "ntc:arista_eos_show_ip_arp.textfsm"),
        "stp": Command("show spanning-tree", "cisco_ios_spanning_tree.textfsm"),
        "aggregates": Command(
            "show port-channel summary", "ntc:arista_eos_show_port-channel_summary.textfsm"
        ),
        "log": Command("show logging"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "err-disabled",
        "fdb",
        "lldp",
        "arp",
        "stp",
        "aggregates",
        "log",
    ),
    # `show interfaces` and the log want privilege: the session enables where the login did not.
    enable_to_look=True,
    prepare=("terminal length 0", "terminal width 32767"),
    refusals=CISCO_LIKE_REFUSALS,
    states={"errdisabled": ("up", "down"), "inactive": ("up", "down")},
    closed_states={"errdisabled": "errdisabled"},
    err_disable_causes={
        "acl": C.ADMIN_POLICY,
        "arp-inspection": C.ARP_INSPECTION,
        "bpduguard": C.BPDU_GUARD,
        "dot1x": C.DOT1X_VIOLATION,
        "dot1x-session-replace": C.DOT1X_VIOLATION,
        "error-correction-encoding": C.TRANSCEIVER,
        "fabric-capacity-low": C.OTHER,
        "hitless-reload-down": C.OTHER,
        "lacp-rate-limit": C.CHANNEL_MISCONFIG,
        "link-change": C.LINK_FLAP,
        "link-flap": C.LINK_FLAP,
        "loopprotectguard": C.LOOP_DETECTED,
        "no-internal-vlan": C.ADMIN_POLICY,
        "port-channel-shutdown": C.CHANNEL_MISCONFIG,
        "portchannelguard": C.CHANNEL_MISCONFIG,
        "portsec": C.PORT_SECURITY,
        "speed-misconfigured": C.ADMIN_POLICY,
        "storm-control": C.STORM_CONTROL,
        "stuck-queue": C.OTHER,
        "tapagg": C.ADMIN_POLICY,
        "tpid": C.ADMIN_POLICY,
        "uplink-failure-detection": C.ADMIN_POLICY,
        "xcvr-misconfigured": C.TRANSCEIVER,
        "xcvr-overheat": C.TRANSCEIVER,
        "xcvr-power-unsupported": C.TRANSCEIVER,
        "xcvr-unsupported": C.TRANSCEIVER,
        "errdisabled": C.OTHER,
    },
    shut=("interface {interface}", "shutdown"),
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    # A configuration session with a commit timer; the second commit is the confirmation.
    confirmed=Confirmed(
        configure=("configure session netdiag",),
        commit="commit timer 00:{mm}:00",
        abandon=("abort",),
        confirm=("configure session netdiag commit",),
    ),
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        # Quirk: storm control drops and leaves the port open, unless the newer detect cause is set.
        "storm-control": (
            "interface {interface}",
            "storm-control broadcast level pps 500",
            "logging event storm-control discards",
        ),
        # Quirk: plain snooping inserts option 82 and relays; `bridging` is what leaves frames alone.
        # EOS has no trusted port in the documents seen; servers behind any port are counted, so the
        # way to the server needs no line of its own.
        "dhcp-snooping": (
            "ip dhcp snooping bridging",
            "ip dhcp snooping vlan {vlan}",
            "ip dhcp snooping",
        ),
        "port-security": (
            "interface {interface}",
            "switchport port-security mac-address maximum 3",
            "switchport port-security violation protect log",
        ),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree portfast",
            "spanning-tree bpduguard enable",
        ),
        # Quirk: works without spanning tree, stays closed for 7 days by default, and a probe may
        # come back on the uplink and close that: the uplink is taken out first.
        "loop-protection": (
            "interface {uplink}",
            "no loop-protection",
            "exit",
            "monitor loop-protection",
            "protect vlan {vlan}",
            "disabled-time 300",
            "no shutdown",
        ),
    },
    not_offered={
        "dhcp-snooping-trust": "EOS' snooping has no trusted ports in the documents seen: "
        "it inserts option 82 and counts",
    },
    unverified=(
        "the spelling loopprotectguard",
        "show storm-control, show port-security and show loop-protection",
        "the per-port opt-out `no loop-protection`",
        "what `ip dhcp snooping bridging` does to rogue servers",
    ),
)
