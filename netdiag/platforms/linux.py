"""Plain Linux: a host, or a bridge built of software. It has no guards that close a port.

Sources: iproute2 (`ip`, `bridge`), ntc-templates' recorded output.
"""

from __future__ import annotations

from netdiag.platforms.base import Command, Platform

LINUX = Platform(
    name="linux",
    title="Linux",
    sys_object_ids=("1.3.6.1.4.1.8072.3.2.10",),
    sys_descr=r"^Linux\b",
    says=r"^Linux\b",
    commands={
        "clock": Command("date '+%H:%M:%S.000 %Z %a %b %d %Y'"),
        "version": Command("uname -snr", "linux_uname.textfsm"),
        "interfaces": Command("ip -s link show", "linux_ip_link.textfsm"),
        "fdb": Command("bridge fdb show", "linux_bridge_fdb.textfsm"),
        "arp": Command("ip neigh show", "linux_arp.textfsm"),
        "lldp": Command("lldpcli show neighbors details", "linux_lldp.textfsm"),
    },
    poll=("clock", "version", "interfaces", "fdb", "arp"),
    # Words in English, one column format, no colour; quiet when a command is missing is an error below.
    prepare=("export LC_ALL=C TERM=dumb PAGER=cat",),
    refusals=(
        r"command not found",
        r"^(?:-?\w+: )?(?:line \d+: )?\S+: not found",
        r"^Cannot find device",
        r"Operation not permitted",
        r"^RTNETLINK answers:",
        r"^Object \".*\" is unknown",
    ),
    prompt=r"(?:^|[\r\n])([^\s$#][^\r\n$#]{0,100}[$#]) ?\Z",
    config_prompt=r"",
    enable="",
    configure=(),
    leave=(),
    shut=("ip link set dev {interface} down",),
    reopen=("ip link set dev {interface} up",),
    port_config="ip -details link show dev {interface}",
    hardening={
        "bpdu-guard": ("bridge link set dev {interface} guard on",),
        "storm-control": ("bridge link set dev {interface} bcast_flood off",),
    },
    not_offered={
        "err-disabled-snmp": "Linux does not close ports by itself; a bridge port with BPDU guard shows as disabled in spanning tree",
        "err-disabled": "Linux closes no port by itself: a bridge port that BPDU guard stopped is shown "
        "as disabled by its spanning tree only",
        "errdisable-recovery": "Linux closes no port by itself",
        "dhcp-snooping": "a Linux bridge does not snoop DHCP",
        "dhcp-snooping-trust": "a Linux bridge does not snoop DHCP",
        "port-security": "a Linux bridge has no limit of addresses a port",
        "log": "the journal of a host is not read; send its syslog",
        "stp": "read by SNMP where the host offers BRIDGE-MIB",
    },
    unverified=("`bcast_flood off` stops broadcasts going out of the port, not coming in",),
)
