"""Cisco IOS and IOS-XE switches.

Sources: CISCO-ERR-DISABLE-MIB (CErrDisableFeatureID 1..62), Catalyst 2960-X, 3560 and 4500 command
references and message guides.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Confirmed, Platform

# (code, MIB label, cause, spellings of CLI and syslog)
_CAUSES: tuple[tuple[int, str, C, tuple[str, ...]], ...] = (
    (1, "udld", C.UDLD, ("udld",)),
    (2, "bpduGuard", C.BPDU_GUARD, ("bpduguard", "bpdu-guard")),
    (3, "channelMisconfig", C.CHANNEL_MISCONFIG, ("channel-misconfig", "channel-misconfig (stp)")),
    (4, "pagpFlap", C.CHANNEL_MISCONFIG, ("pagp-flap",)),
    (5, "dtpFlap", C.LINK_FLAP, ("dtp-flap",)),
    (6, "linkFlap", C.LINK_FLAP, ("link-flap",)),
    # An encapsulated PDU came back to a tunnel port: the port closes to break a loop.
    (7, "l2ptGuard", C.LOOP_DETECTED, ("l2ptguard",)),
    (8, "dot1xSecurityViolation", C.DOT1X_VIOLATION, ("security-violation", "dot1x")),
    (9, "portSecurityViolation", C.PORT_SECURITY, ("psecure-violation", "psecure_violation")),
    (10, "gbicInvalid", C.TRANSCEIVER, ("gbic-invalid",)),
    (11, "dhcpRateLimit", C.DHCP_RATE_LIMIT, ("dhcp-rate-limit",)),
    (12, "unicastFlood", C.UNICAST_FLOOD, ("unicast-flood",)),
    (13, "vmps", C.ADMIN_POLICY, ("vmps",)),
    (14, "stormControl", C.STORM_CONTROL, ("storm-control",)),
    (15, "inlinePower", C.POWER_INLINE, ("inline-power", "ilpower")),
    (16, "arpInspection", C.ARP_INSPECTION, ("arp-inspection",)),
    (17, "portLoopback", C.LOOP_DETECTED, ("loopback",)),
    (18, "packetBuffer", C.OTHER, ("packet-buffer-error", "pkt-buf-err")),
    (19, "macLimit", C.MAC_LIMIT, ("mac-limit",)),
    # Ethernet OAM link monitoring (IEEE 802.3 clause 57): symbol and frame errors over the bound.
    (20, "linkMonitorFailure", C.CRC_ERRORS, ("link-monitor-failure",)),
    (21, "oamRemoteFailure", C.OTHER, ("oam-remote-failure",)),
    (22, "dot1adIncompEtype", C.ADMIN_POLICY, ("dot1ad-incomp-etype",)),
    (23, "dot1adIncompTunnel", C.ADMIN_POLICY, ("dot1ad-incomp-tunnel",)),
    (24, "sfpConfigMismatch", C.TRANSCEIVER, ("sfp-config-mismatch",)),
    (25, "communityLimit", C.ADMIN_POLICY, ("community-limit",)),
    (26, "invalidPolicy", C.ADMIN_POLICY, ("invalid-policy",)),
    (27, "lsGroup", C.OTHER, ("lsgroup", "link-state-group")),
    (28, "ekey", C.ADMIN_POLICY, ("ekey",)),
    (29, "portModeFailure", C.OTHER, ("port-mode-failure",)),
    (30, "pppoeIaRateLimit", C.OTHER, ("pppoe-ia-rate-limit",)),
    (31, "oamRemoteCriticalEvent", C.OTHER, ("oam-remote-critical-event",)),
    (32, "oamRemoteDyingGasp", C.OTHER, ("oam-remote-dying-gasp",)),
    (33, "oamRemoteLinkFault", C.OTHER, ("oam-remote-link-fault",)),
    (34, "mvrp", C.ADMIN_POLICY, ("mvrp",)),
    (35, "tranceiverIncomp", C.TRANSCEIVER, ("transceiver-incomp", "transceiver-incompatible")),
    (36, "other", C.OTHER, ("other", "unknown")),
    (37, "portReinitLimitReached", C.LINK_FLAP, ()),
    (38, "adminRxBBCreditPerfBufIncomp", C.ADMIN_POLICY, ()),
    (39, "ficonNotEnabled", C.ADMIN_POLICY, ()),
    (40, "adminModeIncomp", C.ADMIN_POLICY, ()),
    (41, "adminSpeedIncomp", C.ADMIN_POLICY, ()),
    (42, "adminRxBBCreditIncomp", C.ADMIN_POLICY, ()),
    (43, "adminRxBufSizeIncomp", C.ADMIN_POLICY, ()),
    (44, "eppFailure", C.CHANNEL_MISCONFIG, ()),
    (45, "osmEPortUp", C.ADMIN_POLICY, ()),
    (46, "osmNonEPortUp", C.ADMIN_POLICY, ()),
    (47, "udldUniDir", C.UDLD, ("udld-unidir",)),
    (48, "udldTxRxLoop", C.UDLD, ("udld-tx-rx-loop",)),
    (49, "udldNeighbourMismatch", C.UDLD, ("udld-neighbour-mismatch",)),
    (50, "udldEmptyEcho", C.UDLD, ("udld-empty-echo",)),
    (51, "udldAggrasiveModeLinkFailed", C.UDLD, ("udld-aggressive-mode-link-failed",)),
    (52, "excessivePortInterrupts", C.OTHER, ()),
    (53, "channelErrDisabled", C.CHANNEL_MISCONFIG, ()),
    (54, "hwProgFailed", C.OTHER, ("iif-reg-failure",)),
    (55, "internalHandshakeFailed", C.OTHER, ()),
    (56, "stpInconsistencyOnVpcPeerLink", C.CHANNEL_MISCONFIG, ()),
    (57, "stpPortStateFailure", C.OTHER, ()),
    (58, "ipConflict", C.OTHER, ()),
    (59, "multipleMSapIdsRcvd", C.OTHER, ()),
    (60, "oneHundredPdusWithoutAck", C.OTHER, ()),
    (61, "ipQosCompatCheckFailure", C.ADMIN_POLICY, ()),
    (62, "loopDetect", C.LOOP_DETECTED, ("loopdetect", "loop-detect")),
)

# Words of `show errdisable recovery` and of %PM-4-ERR_DISABLE that the MIB has no number for.
_CLI_ONLY: tuple[tuple[str, C], ...] = (
    ("bpdufilter", C.BPDU_GUARD),
    ("dual-active", C.ADMIN_POLICY),
    ("dual-active-recovery", C.ADMIN_POLICY),
    ("evc-lite input mapping fail", C.ADMIN_POLICY),
    ("gbic-missing", C.TRANSCEIVER),
    ("mlacp-minlink", C.CHANNEL_MISCONFIG),
    ("mrp-miscabling", C.LOOP_DETECTED),
    ("psp", C.STORM_CONTROL),
    ("rep-loop", C.LOOP_DETECTED),
    ("sgacl_limitation", C.ADMIN_POLICY),
    ("sgacl-limitation", C.ADMIN_POLICY),
    ("small-frame", C.OTHER),
    ("vlan-limit", C.ADMIN_POLICY),
    ("vsl-mode-error", C.ADMIN_POLICY),
    ("wsma", C.OTHER),
)

CISCO_IOS = Platform(
    name="cisco_ios",
    title="Cisco IOS / IOS-XE",
    aliases=("cisco_xe", "ios", "iosxe", "ios-xe"),
    sys_object_ids=("1.3.6.1.4.1.9.1", "1.3.6.1.4.1.9.5"),
    sys_descr=r"\bCisco (IOS Software|Internetwork Operating System)|\bIOS[ -]XE\b|\bIOS \(tm\)",
    commands={
        "clock": Command("show clock"),
        "version": Command("show version", "ntc:cisco_ios_show_version.textfsm"),
        "interfaces": Command("show interfaces", "ntc:cisco_ios_show_interfaces.textfsm"),
        "status": Command("show interfaces status", "cisco_ios_interfaces_status.textfsm"),
        "err-disabled": Command(
            "show interfaces status err-disabled", "cisco_ios_err_disabled.textfsm"
        ),
        "errdisable-recovery": Command(
            "show errdisable recovery", "cisco_ios_errdisable_recovery.textfsm"
        ),
        "switchport": Command("show interfaces switchport", "cisco_ios_switchport.textfsm"),
        "counters": Command("show interfaces counters", "cisco_ios_counters.textfsm"),
        "fdb": Command("show mac address-table", "cisco_ios_mac_address_table.textfsm"),
        "lldp": Command(
            "show lldp neighbors detail", "ntc:cisco_ios_show_lldp_neighbors_detail.textfsm"
        ),
        "cdp": Command("show cdp neighbors detail", "cisco_ios_cdp_neighbors_detail.textfsm"),
        "arp": Command("show ip arp", "ntc:cisco_ios_show_ip_arp.textfsm"),
        "stp": Command("show spanning-tree", "cisco_ios_spanning_tree.textfsm"),
        "aggregates": Command(
            "show etherchannel summary", "ntc:cisco_ios_show_etherchannel_summary.textfsm"
        ),
        "storm-control": Command("show storm-control", "cisco_ios_storm_control.textfsm"),
        "log": Command("show logging"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "err-disabled",
        "errdisable-recovery",
        "switchport",
        "counters",
        "fdb",
        "lldp",
        "cdp",
        "arp",
        "stp",
        "storm-control",
        "log",
    ),
    not_on_all=frozenset({"storm-control"}),
    prepare=("terminal length 0", "terminal width 511"),
    refusals=(
        r"^% ?Invalid input detected",
        r"^% ?Incomplete command",
        r"^% ?Ambiguous command",
        r"^% ?Unknown command",
        r"^% ?Authorization failed",
        r"^Command authorization failed",
        r"^Command rejected",
        r"^% ?Bad (interface|IP address)",
    ),
    err_disable_causes={
        **{word: cause for _, _, cause, words in _CAUSES for word in words},
        **{label.lower(): cause for _, label, cause, _ in _CAUSES},
        **dict(_CLI_ONLY),
    },
    err_disable_codes={code: label for code, label, _, _ in _CAUSES},
    fdb_by_vlan_community=True,
    shut=("interface {interface}", "shutdown"),
    # The err-disabled state is left only through `shutdown`.
    reopen=("interface {interface}", "shutdown", "no shutdown"),
    # "Configuration Rollback Confirmed Change" (IOS 12.4(23)T, 12.2(33)S and later).
    confirmed=Confirmed(
        configure=("configure terminal revert timer {minutes}",),
        confirm=("configure confirm",),
        needs="`archive` with a `path`",
    ),
    # Quirk: the real time may differ from the set one by 15 %; all causes are off by default; a VLAN
    # closed alone is freed by `clear errdisable interface X vlan V` (not verified).
    auto_recovery=("errdisable recovery cause {cause}", "errdisable recovery interval {interval}"),
    hardening={
        "storm-control": (
            "interface {interface}",
            "storm-control broadcast level pps 500",
            "storm-control multicast level pps 1k",
            "storm-control action shutdown",
        ),
        # The uplink first: snooping drops every server's answer from a port that is not trusted.
        "dhcp-snooping": (
            "interface {uplink}",
            "ip dhcp snooping trust",
            "exit",
            "no ip dhcp snooping information option",
            "ip dhcp snooping vlan {vlan}",
            "ip dhcp snooping",
            "interface {interface}",
            "ip dhcp snooping limit rate 15",
        ),
        "dhcp-snooping-trust": ("interface {uplink}", "ip dhcp snooping trust"),
        # The bare line last: it is what switches the others on.
        "port-security": (
            "interface {interface}",
            "switchport mode access",
            "switchport port-security maximum 3",
            "switchport port-security violation restrict",
            "switchport port-security aging time 2",
            "switchport port-security",
        ),
        "bpdu-guard": (
            "interface {interface}",
            "spanning-tree portfast",
            "spanning-tree bpduguard enable",
        ),
    },
    unverified=(
        "the columns of show storm-control on older images",
        "the DHCP rate warning before a closing, and loopdetect's configuration",
        "portfast (newer images spell it `portfast edge`), the port-security and snooping lines",
        "clear errdisable interface … vlan",
    ),
)
