"""Show commands of IOS about the switch as a whole, in its layout. Pure: a moment in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from netdiag.lab.dataplane import NeighborView, PortView, SwitchEvent
from netdiag.lab.mib_cisco import vlan_name
from netdiag.lab.show_ports import Scene, dotted, forwards
from netdiag.lab.state import DEFAULT_VLANS
from netdiag.names import short_name

_CAPABILITY_CODES = (
    "Capability codes:\n"
    "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n"
    "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other"
)


def version(scene: Scene) -> str:
    """`show version`."""
    state, model = scene.state, scene.state.model
    started = scene.wall(state.now - state.uptime)
    return "\n".join(
        (
            model.sys_descr.replace("\r\n", "\n"),
            "",
            "ROM: Bootstrap program is Catalyst boot loader",
            "",
            f"{state.name} uptime is {_span(state.uptime)}",
            "System returned to ROM by power-on",
            f"System restarted at {_time(started).split('.')[0]} UTC {started:%a %b} {started.day} {started:%Y}",
            f'System image file is "{model.image}"',
            "Last reload reason: power-on",
            "",
            f"cisco {model.hardware} {model.memory}",
            f"Processor board ID {model.board_serial}{state.mac.replace(':', '')[-2:].upper()}",
            "Last reset from power-on",
            f"{len(state.ports)} Gigabit Ethernet interfaces",
            "The password-recovery mechanism is enabled.",
            "",
            f"Base ethernet MAC Address       : {state.mac.upper()}",
            f"Model number                    : {model.hardware}",
            f"System serial number            : {model.board_serial}{state.mac.replace(':', '')[-2:].upper()}",
            "",
            "Configuration register is 0xF",
            "",
        )
    )


def _span(seconds: float) -> str:
    """`1 week, 2 days, 3 hours, 4 minutes`, as `show version` tells an uptime."""
    minutes = int(seconds) // 60
    parts = []
    for size, unit in ((10080, "week"), (1440, "day"), (60, "hour"), (1, "minute")):
        count, minutes = divmod(minutes, size)
        if count or (unit == "minute"):
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def clock(scene: Scene) -> str:
    """`show clock`; the asterisk says that nobody set it."""
    at = scene.wall(scene.state.now)
    return f"*{_time(at)} UTC {at:%a %b} {at.day} {at.year}"


def log_line(event: SwitchEvent, at: datetime) -> str:
    """`*Nov 22 09:12:01.123: %PM-4-ERR_DISABLE: ...`, as the buffer and syslog both have it."""
    return f"*{at:%b} {at.day:>2} {_time(at)}: %{event.facility}: {event.text}"


def logging(scene: Scene) -> str:
    """`show logging`."""
    count = len(scene.log)
    head = f"""Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns, xml disabled, filtering disabled)

No Active Message Discriminator.



No Inactive Message Discriminator.


    Console logging: level debugging, {count} messages logged, xml disabled,
                     filtering disabled
    Monitor logging: level debugging, 0 messages logged, xml disabled,
                     filtering disabled
    Buffer logging:  level debugging, {count} messages logged, xml disabled,
                     filtering disabled
    Exception Logging: size (4096 bytes)
    Count and timestamp logging messages: disabled
    File logging: disabled
    Persistent logging: disabled

No active filter modules.

    Trap logging: level informational, {count} message lines logged

Log Buffer (4096 bytes):
"""
    return "\n".join((head, *(log_line(e, scene.wall(e.at)) for e in scene.log)))


def mac_address_table(scene: Scene) -> str:
    """`show mac address-table`: the switch's own static entries, then the learned ones."""
    reserved = ("0100.0ccc.cccc", "0100.0ccc.cccd", "0180.c200.0000", "ffff.ffff.ffff")
    lines = [
        "          Mac Address Table",
        "-------------------------------------------",
        "",
        "Vlan    Mac Address       Type        Ports",
        "----    -----------       --------    -----",
    ]
    lines += [f" All    {mac}    STATIC      CPU" for mac in reserved]
    learned = sorted(scene.state.fdb, key=lambda e: (e.vlan, e.mac))
    lines += [
        f"{e.vlan:>4}    {dotted(e.mac)}    DYNAMIC     {short_name(e.port)}" for e in learned
    ]
    lines.append(f"Total Mac Addresses for this criterion: {len(reserved) + len(learned)}")
    return "\n".join(lines)


def ip_arp(scene: Scene) -> str:
    """`show ip arp`."""
    lines = ["Protocol  Address          Age (min)  Hardware Addr   Type   Interface"]
    for entry in scene.state.arp:
        age = "-" if entry.mac == scene.state.mac else "0"
        lines.append(
            f"Internet  {entry.ip:<15}  {age:>9}  {dotted(entry.mac)}  ARPA   {entry.interface}"
        )
    return "\n".join(lines)


def lldp_neighbors(scene: Scene) -> str:
    """`show lldp neighbors`."""
    lines = [_CAPABILITY_CODES, ""]
    lines.append("Device ID           Local Intf     Hold-time  Capability      Port ID")
    lines += [
        f"{n.sys_name[:20]:<20}{short_name(n.port):<15}{120:<11}{'B,R':<16}{n.port_id}"
        for n in scene.state.neighbors
    ]
    lines += ["", f"Total entries displayed: {len(scene.state.neighbors)}"]
    return "\n".join(lines)


def lldp_neighbors_detail(scene: Scene) -> str:
    """`show lldp neighbors detail`."""
    lines = [line for n in scene.state.neighbors for line in _lldp_detail(n)]
    lines += ["", f"Total entries displayed: {len(scene.state.neighbors)}"]
    return "\n".join(lines)


def _lldp_detail(neighbor: NeighborView) -> Iterator[str]:
    yield "------------------------------------------------"
    yield f"Local Intf: {short_name(neighbor.port)}"
    yield f"Chassis id: {dotted(neighbor.chassis_mac)}"
    yield f"Port id: {neighbor.port_id}"
    yield f"Port Description: {neighbor.port_description}"
    yield f"System Name: {neighbor.sys_name}"
    yield ""
    yield "System Description: "
    yield neighbor.system_description.replace("\r", "")
    yield ""
    yield "Time remaining: 106 seconds"
    yield "System Capabilities: B,R"
    yield "Enabled Capabilities: B,R"
    if neighbor.management_address is None:
        yield "Management Addresses - not advertised"
    else:
        yield "Management Addresses:"
        yield f"    IP: {neighbor.management_address}"
    yield "Auto Negotiation - not supported"
    yield "Physical media capabilities - not advertised"
    yield "Media Attachment Unit type - not advertised"
    yield "Vlan ID: - not advertised"
    yield ""


def vlan_brief(scene: Scene) -> str:
    """`show vlan brief`: access ports by VLAN, four a line."""
    lines = ["", "VLAN Name                             Status    Ports"]
    lines.append("---- -------------------------------- --------- -------------------------------")
    for vlan in sorted({1, *scene.state.vlans}):
        members = [short_name(p.name) for p in scene.state.ports if _member(p, vlan)]
        rows = [", ".join(members[n : n + 4]) for n in range(0, len(members), 4)] or [""]
        lines.append(f"{vlan:<4} {vlan_name(vlan):<32} {'active':<9} {rows[0]}")
        lines += [f"{'':<48}{row}" for row in rows[1:]]
    lines += [f"{vlan:<4} {vlan_name(vlan):<32} act/unsup " for vlan in DEFAULT_VLANS]
    return "\n".join(lines)


def _member(port: PortView, vlan: int) -> bool:
    # A trunk that is down is listed under its access VLAN, which nobody set.
    return port.access_vlan == vlan or (
        port.access_vlan is None and vlan == 1 and not forwards(port)
    )


def spanning_tree(scene: Scene) -> str:
    """`show spanning-tree`, one instance a VLAN."""
    blocks = [
        line for vlan in scene.state.vlans for line in _stp_instance(scene, vlan)
    ]  # fmt: skip
    return "\n".join(blocks) if blocks else "No spanning tree instance exists."


def _stp_instance(scene: Scene, vlan: int) -> Iterator[str]:
    state = scene.state
    priority, root, root_port = state.stp_root(vlan)
    ports = [p for p in state.ports if forwards(p) and _in_vlan(p, vlan)]
    if priority == 0 and root == "00:00:00:00:00:00":
        return
    hello = "             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec"
    yield ""
    yield f"VLAN{vlan:04d}"
    yield "  Spanning tree enabled protocol ieee"
    yield f"  Root ID    Priority    {priority}"
    yield f"             Address     {dotted(root)}"
    if root_port is None:
        yield "             This bridge is the root"
    else:
        yield "             Cost        4"
        yield f"             Port        {state.base_ports.get(root_port, 0)} ({root_port})"
    yield hello
    yield ""
    own = priority if root_port is None else 32768 + vlan
    yield f"  Bridge ID  Priority    {own}  (priority {own - own % 4096} sys-id-ext {own % 4096})"
    yield f"             Address     {dotted(state.mac)}"
    yield hello
    yield "             Aging Time  300 sec"
    yield ""
    yield "Interface           Role Sts Cost      Prio.Nbr Type"
    yield "------------------- ---- --- --------- -------- --------------------------------"
    for port in ports:
        role = "Root" if port.name == root_port else "Desg"
        word = {"forwarding": "FWD", "learning": "LRN", "listening": "LIS"}.get(
            port.stp_state, "BLK"
        )
        role = "Altn" if word == "BLK" else role
        number = f"128.{state.base_ports[port.name]}"
        yield f"{short_name(port.name):<19} {role} {word} 4         {number:<8} P2p "
    yield ""


def _in_vlan(port: PortView, vlan: int) -> bool:
    return port.access_vlan == vlan or (port.access_vlan is None and vlan in port.trunk_vlans)


def etherchannel_summary(_: Scene) -> str:
    """`show etherchannel summary`: there are none."""
    return "\n".join(
        (
            "Flags:  D - down        P - bundled in port-channel",
            "        I - stand-alone s - suspended",
            "        H - Hot-standby (LACP only)",
            "        R - Layer3      S - Layer2",
            "        U - in use      f - failed to allocate aggregator",
            "",
            "        M - not in use, minimum links not met",
            "        u - unsuitable for bundling",
            "        w - waiting to be aggregated",
            "        d - default port",
            "",
            "",
            "Number of channel-groups in use: 0",
            "Number of aggregators:           0",
            "",
            "Group  Port-channel  Protocol    Ports",
            "------+-------------+-----------+-----------------------------------------------",
            "",
        )
    )


def running_config(scene: Scene, ports: Iterable[PortView], *, whole: bool) -> str:
    """`show running-config [interface X]`: what the lab's switches can be told."""
    body = [line for port in ports for line in _interface_config(port)]
    if whole:
        head = ["!", f"hostname {scene.state.name}", "!"]
        for vlan in scene.state.vlans:
            head += [f"vlan {vlan}", "!"]
        body = [*head, *body]
    text = "\n".join((*body, "end", ""))
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}"


def _interface_config(port: PortView) -> Iterator[str]:
    yield f"interface {port.name}"
    if port.alias:
        yield f" description {port.alias}"
    if port.access_vlan is None:
        yield f" switchport trunk allowed vlan {','.join(map(str, port.trunk_vlans))}"
        yield " switchport mode trunk"
    else:
        yield f" switchport access vlan {port.access_vlan}"
        yield " switchport mode access"
    if not port.admin_up:
        yield " shutdown"
    if port.storm_control_pps is not None:
        yield f" storm-control broadcast level pps {port.storm_control_pps}"
        yield " storm-control action shutdown"
    yield "!"
