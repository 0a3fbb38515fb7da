"""MikroTik RouterOS.

Sources: MikroTik's documentation, user logs, ntc-templates' recorded output. Output is key=value (`print
terse`, `print detail`): no columns to misread. MIKROTIK-MIB has no object for loops, BPDU guard, storms or
snooping, so only the command line tells.
"""

from __future__ import annotations

from netdiag.model import ErrDisableCause as C
from netdiag.platforms.base import Command, Platform

MIKROTIK_ROUTEROS = Platform(
    name="mikrotik_routeros",
    title="MikroTik RouterOS",
    aliases=("routeros", "mikrotik"),
    sys_object_ids=("1.3.6.1.4.1.14988.1",),
    sys_descr=r"^RouterOS",
    commands={
        "clock": Command("/system clock print"),
        "version": Command("/system resource print", "mikrotik_routeros_resource.textfsm"),
        "interfaces": Command(
            "/interface print terse without-paging", "mikrotik_routeros_interface.textfsm"
        ),
        "closed-loop": Command(
            "/interface ethernet print detail without-paging",
            "mikrotik_routeros_loop_protect.textfsm",
            reason="loop-protect",
        ),
        # Quirk: `disabled-port` is BPDU guard's doing, or something else's: the role does not say.
        "closed-bpdu": Command(
            "/interface bridge port monitor [find] once",
            "mikrotik_routeros_bridge_port.textfsm",
            reason="bpdu-guard",
        ),
        "fdb": Command(
            "/interface bridge host print terse without-paging",
            "mikrotik_routeros_bridge_host.textfsm",
        ),
        "lldp": Command(
            "/ip neighbor print detail without-paging", "mikrotik_routeros_neighbor.textfsm"
        ),
        "arp": Command("/ip arp print terse without-paging", "mikrotik_routeros_arp.textfsm"),
        "log": Command("/log print without-paging"),
    },
    poll=(
        "clock",
        "version",
        "interfaces",
        "closed-loop",
        "closed-bpdu",
        "fdb",
        "lldp",
        "arp",
        "log",
    ),
    # Nothing to switch off: paging is refused by each command, colour by the login name (`name+ct`).
    prepare=("",),
    newline="\r\n",
    refusals=(
        r"^\s*bad command name",
        r"^\s*expected (?:end of command|command name)",
        r"^\s*syntax error",
        r"^\s*no such (?:item|command)",
        r"^\s*input does not match",
        r"^\s*failure:",
        r"^\s*not enough permissions",
        r"^\s*value of .* (?:expects|out of range)",
    ),
    # The user, the identity and the menu stand in it.
    prompt=r"(?:^|[\r\n])(\[[^\r\n\[\]@]{1,60}@[^\r\n\[\]]{1,60}\] ?(?:/[^\r\n>]{0,60})?>) ?\Z",
    # Each line acts at once: there is no configuration mode.
    config_prompt=r"",
    enable="",
    configure=(),
    leave=(),
    questions=(
        (r"Do you want to see the software license\? \[Y/n\]:? ?\Z", "n"),
        (r"new password> ?\Z", "\x03"),
    ),
    err_disable_causes={
        "loop-protect": C.LOOP_DETECTED,
        "bpdu-guard": C.BPDU_GUARD,
        "disabled-port": C.BPDU_GUARD,
    },
    shut=("/interface ethernet disable {interface}",),
    # Quirk: loop protect also lets go after any change of the interface's settings; BPDU guard only
    # after its bridge port was disabled and enabled by hand: it has no timer.
    reopen=(
        "/interface ethernet enable {interface}",
        "/interface bridge port disable [find interface={interface}]",
        "/interface bridge port enable [find interface={interface}]",
    ),
    port_config="/interface ethernet print detail without-paging where name={interface}",
    # 0 is for ever; the default is 5 minutes.
    auto_recovery=("/interface ethernet set {interface} loop-protect-disable-time={interval}s",),
    hardening={
        # Percent, and only on switch chips as in CRS3xx. `broadcast-flood=no` on a bridge is no storm
        # control: it stops what goes *out*.
        "storm-control": (
            "/interface ethernet switch port set {interface} storm-rate=1 limit-broadcasts=yes",
        ),
        # The name of the bridge is that of the factory configuration.
        "dhcp-snooping": (
            "/interface bridge port set [find interface={uplink}] trusted=yes",
            "/interface bridge set [find] dhcp-snooping=yes",
        ),
        "dhcp-snooping-trust": (
            "/interface bridge port set [find interface={uplink}] trusted=yes",
        ),
        # No effect with protocol-mode=none.
        "bpdu-guard": (
            "/interface bridge port set [find interface={interface}] edge=yes bpdu-guard=yes",
        ),
        "loop-protection": (
            "/interface ethernet set {interface} loop-protect=on loop-protect-send-interval=5s loop-protect-disable-time=5m",
        ),
    },
    not_offered={
        "err-disabled-snmp": "RouterOS has no SNMP object for loop protection or BPDU guard; its command line tells",
        "errdisable-recovery": "RouterOS tells no remaining time of a port that loop protect closed",
        "port-security": "RouterOS limits learned addresses on the switch chips of CRS1xx/2xx only",
        "stp": "RouterOS tells a port's role, the root only in the bridge's monitor; SNMP is read",
    },
    unverified=(
        "the log texts of BPDU guard, of a frame with the bridge's own address, and of DHCP alerts",
        "which switch chips take storm-rate, learn-limit and snooping in hardware",
    ),
)
