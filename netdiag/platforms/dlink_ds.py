"""D-Link DES/DGS with the old DxS command line (DES-3200, DGS-3120, DGS-3420 and their kin).

Sources: the DES-3200, DGS-3200 and DGS-3420 CLI references, NOC's log rules, the DLINKSW MIBs,
ntc-templates' recorded output. The Cisco-like command line of DGS-1510/1520/3130 is another system.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

DLINK_DS = Platform(
    name="dlink_ds",
    title="D-Link (DxS)",
    aliases=("dlink", "d-link"),
    sys_object_ids=("1.3.6.1.4.1.171",),
    sys_descr=r"^D[EGX]S-\d|D-Link",
    says=r"Device Type\s*:\s*D[EGX]S-",
    commands={
        "version": Command("show switch", "dlink_ds_switch.textfsm"),
        "closed-loop": Command(
            "show loopdetect ports", "dlink_ds_loopdetect_ports.textfsm", reason="loopdetect"
        ),
        "fdb": Command("show fdb", "dlink_ds_fdb.textfsm"),
        "lldp": Command("show lldp remote_ports mode normal", "dlink_ds_lldp_remote_ports.textfsm"),
        # The interface that it prints is the IP interface, and the port is not told.
        "arp": Command("show arpentry", "ntc:dlink_ds_show_arpentry.textfsm"),
        "log": Command("show log"),
    },
    poll=("version", "closed-loop", "fdb", "lldp", "arp", "log"),
    # Quirk: `disable clipaging` would be a change of the settings, so the session answers the pager.
    prepare=("",),
    refusals=(
        r"^\s*Available commands",
        r"^\s*Next possible completions",
        r"^\s*Ambiguous token",
        r"^\s*(?:Fail!|Invalid )",
    ),
    # As DES-3200-28F:4# and DGS-3420:admin#
    prompt=r"(?:^|[\r\n])([\w.-]{1,60}(?::[\w.-]{1,40})?[#>]) ?\Z",
    # Each line acts at once: there is no configuration mode.
    config_prompt=r"",
    enable="",
    configure=(),
    leave=(),
    newline="\r\n",
    err_disable_causes={
        "loopdetect": C.LOOP_DETECTED,
        "loopbackDetect": C.LOOP_DETECTED,
        "l2ptGuard": C.LOOP_DETECTED,
        "psecureViolation": C.PORT_SECURITY,
        "stormControl": C.STORM_CONTROL,
        "bpduProtect": C.BPDU_GUARD,
        "arpRateLimit": C.ARP_INSPECTION,
        "dhcpRateLimit": C.DHCP_RATE_LIMIT,
        "ddm": C.TRANSCEIVER,
        "scheduledShutdown": C.ADMIN_POLICY,
        "scheduledHibernation": C.ADMIN_POLICY,
    },
    # dErrDisIfStatusTable's third index; newer firmware only.
    err_disable_codes={
        1: "loopbackDetect",
        2: "l2ptGuard",
        3: "psecureViolation",
        4: "stormControl",
        5: "bpduProtect",
        6: "arpRateLimit",
        7: "dhcpRateLimit",
        8: "ddm",
        9: "scheduledShutdown",
        10: "scheduledHibernation",
    },
    port_config="show ports {interface}",
    shut=("config ports {interface} state disable",),
    reopen=("config ports {interface} state disable", "config ports {interface} state enable"),
    # 0 means by hand only; the default is 60 s.
    auto_recovery=("config loopdetect recover_timer {interval}",),
    hardening={
        # Quirk: loop detection and spanning tree exclude each other on one port of some models.
        "loop-protection": (
            "enable loopdetect",
            "config loopdetect ports {interface} state enable",
            "config loopdetect log state enable",
        ),
    },
    not_offered={
        "status": "its port table refreshes for ever unless paging is switched off, which is a setting; SNMP is read",
        "err-disabled-snmp": "only newer firmware of D-Link has an SNMP table of closed ports: an empty one may mean that there is none",
        "errdisable-recovery": "DxS tells no remaining time of a port that loop detection closed",
        "stp": "the layout of DxS' spanning-tree table was not seen; SNMP is read",
        "storm-control": "DxS' storm-control lines are not in the documents seen",
        "dhcp-snooping": "DxS' DHCP screening differs by model and is not in the documents seen",
        "dhcp-snooping-trust": "DxS' DHCP screening differs by model and is not in the documents seen",
        "port-security": "DxS' port-security lines are not in the documents seen",
        "bpdu-guard": "BPDU attack protection acts only where spanning tree is off (DGS-1510): no general remedy",
    },
    unverified=(
        "the word `Loop` in show loopdetect ports; the layouts of show switch, show fdb and show lldp",
        "config ports state disable and enable as the way back before the timer",
    ),
)
