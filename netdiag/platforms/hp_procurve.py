"""HPE / Aruba ProVision: ArubaOS-Switch (AOS-S) and ProCurve.

Sources: HPE techhub guides, AOS-S 16.10 event-log reference, HPE event-log reference 2013/06,
ntc-templates' recorded output. There is no table of all closed ports: each guard has its own.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

HP_PROCURVE = Platform(
    name="hp_procurve",
    title="HPE / ArubaOS-Switch",
    aliases=("aruba_os", "procurve", "provision", "arubaos_s"),
    sys_object_ids=("1.3.6.1.4.1.11.2.3.7",),
    sys_descr=r"ProCurve|HP [JK]\d{4}|Aruba J[LG]?\d+\w* .*(?:Switch|revision [A-Z]{2}\.)",
    says=r"Status and Counters - General System Information",
    commands={
        "clock": Command("show time"),
        "version": Command("show system", "hp_procurve_system.textfsm"),
        "interfaces": Command("show interfaces brief", "hp_procurve_interfaces_brief.textfsm"),
        "status": Command("show interfaces status", "hp_procurve_interfaces_status.textfsm"),
        "closed-loop": Command(
            "show loop-protect", "hp_procurve_loop_protect.textfsm", reason="loop-protect"
        ),
        "closed-bpdu": Command(
            "show spanning-tree bpdu-protection",
            "hp_procurve_bpdu_protection.textfsm",
            reason="bpdu-protection",
        ),
        "closed-storm": Command(
            "show fault-finder broadcast-storm",
            "hp_procurve_fault_finder.textfsm",
            reason="broadcast-storm",
        ),
        "closed-flap": Command(
            "show fault-finder link-flap", "hp_procurve_fault_finder.textfsm", reason="link-flap"
        ),
        "fdb": Command("show mac-address", "hp_procurve_mac_address.textfsm"),
        "lldp": Command(
            "show lldp info remote-device detail", "hp_procurve_lldp_remote_device_detail.textfsm"
        ),
        "cdp": Command(
            "show cdp neighbors detail",
            "ntc:hp_procurve_show_cdp_neighbors_detail.textfsm",
            {"CHASSIS_ID": "NEIGHBOR_NAME"},
        ),
        "arp": Command("show arp", "ntc:hp_procurve_show_arp.textfsm", {"PORT": "INTERFACE"}),
        "stp": Command("show spanning-tree", "hp_procurve_spanning_tree.textfsm"),
        "log": Command("show logging -r"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "status",
        "closed-loop",
        "closed-bpdu",
        "closed-storm",
        "closed-flap",
        "fdb",
        "lldp",
        "cdp",
        "arp",
        "stp",
        "log",
    ),
    prepare=("no page", "terminal width 1920"),
    refusals=(
        r"^\s*Invalid input: ",
        r"^\s*Ambiguous input: ",
        r"^\s*Incomplete input: ",
        r"^\s*Module not present for port",
        r"^\s*Not (?:allowed|authorized)",
    ),
    # Quirk: a banner that waits for a key before the first prompt.
    questions=((r"Press any key to continue\s*\Z", ""),),
    leave=("end",),
    states={"up": ("up", "up"), "down": ("up", "down")},
    err_disable_causes={
        "loop-protect": C.LOOP_DETECTED,
        "loop detected": C.LOOP_DETECTED,
        "networkLoop": C.LOOP_DETECTED,
        "bpdu-protection": C.BPDU_GUARD,
        "Bpdu Error": C.BPDU_GUARD,
        "broadcast-storm": C.STORM_CONTROL,
        "bcastStorm": C.STORM_CONTROL,
        "link-flap": C.LINK_FLAP,
        "Excessive link state transitions": C.LINK_FLAP,
        "lossOfLink": C.LINK_FLAP,
        "port-security": C.PORT_SECURITY,
        "portSecurity": C.PORT_SECURITY,
        "intrusion": C.PORT_SECURITY,
        "badDriver": C.CRC_ERRORS,
        "badXcvr": C.TRANSCEIVER,
        "badCable": C.CRC_ERRORS,
        "tooLongCable": C.CRC_ERRORS,
        "overBandwidth": C.STORM_CONTROL,
        "misconfiguredSQE": C.OTHER,
        "polarityReversal": C.CRC_ERRORS,
        "failed authentication": C.DOT1X_VIOLATION,
    },
    # hpicfFaultFinderTrap names 6 bcastStorm, 10 networkLoop, 11 lossOfLink, 12 portSecurity: only a
    # trap, no table of closed ports, hence no codes.
    shut=("interface {interface}", "disable"),
    # Quirk: a port that port security closed stays so until its intrusion flag is cleared.
    reopen=(
        "port-security {interface} clear-intrusion-flag",
        "interface {interface}",
        "disable",
        "enable",
    ),
    # 0 is for ever, and the default of the guard and of fault-finder.
    auto_recovery=(
        "loop-protect disable-timer {interval}",
        "spanning-tree bpdu-protection-timeout {interval}",
    ),
    hardening={
        # `rate-limit bcast` only drops; this is what closes the port.
        "storm-control": (
            "fault-finder broadcast-storm {interface} action warn-and-disable 300 pps 1000",
        ),
        "dhcp-snooping": (
            "dhcp-snooping trust {uplink}",
            "dhcp-snooping vlan {vlan}",
            "dhcp-snooping",
        ),
        "dhcp-snooping-trust": ("dhcp-snooping trust {uplink}",),
        "port-security": (
            "port-security {interface} learn-mode limited-continuous address-limit 3 action send-disable",
        ),
        "bpdu-guard": (
            "spanning-tree {interface} admin-edge-port",
            "spanning-tree {interface} bpdu-protection",
        ),
        # Quirk: send-disable closes the port that *sent* the probe, and only untagged ports send:
        # the loop need not be behind it.
        "loop-protection": (
            "loop-protect {interface} receiver-action send-disable",
            "loop-protect disable-timer 300",
            "loop-protect trap loop-detected",
        ),
    },
    not_offered={
        "err-disabled-snmp": "by SNMP ArubaOS-S tells loop protection only; fault finder, BPDU protection and port security show in its command line and log",
        "errdisable-recovery": "AOS-S shows the time left for fault-finder's closings only",
    },
    unverified=(
        "the event text of BPDU protection",
        "option 82 is added by default",
        "bpdu-protection acts only with spanning tree on",
        "show time, show logging -r: read as other releases print them",
    ),
)
