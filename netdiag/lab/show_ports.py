"""Show commands of IOS about ports, in its column layout. Pure: a moment of a switch in, text out.

The layouts are those of Catalyst 2960-X and 9300 output; ntc-templates reads every one that it has
a template for (tests hold them to it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from netdiag.lab.dataplane import PortView, SwitchEvent
from netdiag.lab.rates import PortRates
from netdiag.lab.state import State
from netdiag.names import short_name


@dataclass(frozen=True, slots=True)
class Scene:
    """What the show commands may look at."""

    state: State
    rates: Callable[[str], PortRates]
    wall: Callable[[float], datetime]
    """A lab second as time of day."""
    log: Sequence[SwitchEvent]


# `show errdisable recovery` of a 2960-X lists these.
_RECOVERY_CAUSES = (
    "arp-inspection", "bpduguard", "channel-misconfig (STP)", "dhcp-rate-limit", "dtp-flap",
    "gbic-invalid", "inline-power", "l2ptguard", "link-flap", "link-monitor-failure", "loopback",
    "mac-limit", "pagp-flap", "port-mode-failure", "pppoe-ia-rate-limit", "psecure-violation",
    "security-violation", "sfp-config-mismatch", "small-frame", "storm-control", "udld", "unicast-flood",
    "vmps", "psp", "dual-active-recovery", "evc-lite input mapping fail",
)  # fmt: skip


def dotted(mac: str) -> str:
    """`aa:bb:cc:dd:ee:ff` as IOS writes it: `aabb.ccdd.eeff`."""
    digits = mac.replace(":", "")
    return f"{digits[:4]}.{digits[4:8]}.{digits[8:]}"


def forwards(port: PortView) -> bool:
    """Its link is up."""
    return port.carrier and port.admin_up and port.err_disabled is None


def status_word(port: PortView) -> str:
    """connected, notconnect, disabled or err-disabled."""
    if port.err_disabled is not None:
        return "err-disabled"
    if not port.admin_up:
        return "disabled"
    return "connected" if port.carrier else "notconnect"


def interfaces_status(scene: Scene) -> str:
    """`show interfaces status`."""
    lines = ["", "Port      Name               Status       Vlan       Duplex  Speed Type"]
    for port in scene.state.ports:
        up = forwards(port)
        trunking = port.access_vlan is None and up
        vlan = "trunk" if trunking else str(port.access_vlan or 1)
        speed = f"a-{port.speed_bps // 1_000_000}" if up else "auto"
        lines.append(
            f"{short_name(port.name):<9} {port.alias[:18]:<18} {status_word(port):<12} {vlan:<10}"
            f" {_duplex(port) if up else 'auto':>6} {speed:>6} {scene.state.model.media}"
        )
    return "\n".join(lines)


def _duplex(port: PortView) -> str:
    """Negotiated, or set by hand."""
    return "a-full" if port.duplex == "full" else "half"


def err_disabled(scene: Scene) -> str:
    """`show interfaces status err-disabled`; empty where no port is closed."""
    closed = [port for port in scene.state.ports if port.err_disabled is not None]
    if not closed:
        return ""
    lines = [
        "",
        "Port      Name               Status       Reason               Err-disabled Vlans",
    ]
    lines += [
        f"{short_name(p.name):<9} {p.alias[:18]:<18} err-disabled {p.err_disabled}" for p in closed
    ]
    return "\n".join(lines)


def errdisable_recovery(scene: Scene) -> str:
    """`show errdisable recovery`: a cause counts as enabled while a port waits for its timer."""
    waiting = [p for p in scene.state.ports if p.err_disabled and p.recovers_at is not None]
    enabled = {port.err_disabled for port in waiting}
    lines = [
        "ErrDisable Reason            Timer Status",
        "-----------------            --------------",
    ]
    lines += [f"{c:<28} {'Enabled' if c in enabled else 'Disabled'}" for c in _RECOVERY_CAUSES]
    lines += ["", "Timer interval: 300 seconds", ""]
    lines += ["Interfaces that will be enabled at the next timeout:", ""]
    if waiting:
        lines += ["Interface       Errdisable reason       Time left(sec)"]
        lines += ["---------       -----------------       --------------"]
    for port in waiting:
        left = max(0, round((port.recovers_at or 0.0) - scene.state.now))
        lines.append(f"{short_name(port.name):<15} {port.err_disabled:>17}          {left:>5}")
    return "\n".join(lines)


def interfaces(scene: Scene, ports: Iterable[PortView]) -> str:
    """`show interfaces [X]`."""
    return "\n".join(line for port in ports for line in _interface(scene, port))


def _interface(scene: Scene, port: PortView) -> Iterator[str]:
    count, rate, up = port.counters, scene.rates(port.name), forwards(port)
    word = status_word(port)
    line = "administratively down" if word == "disabled" else "up" if up else "down"
    speed = (
        f"{port.duplex.capitalize()}-duplex, {port.speed_bps // 1_000_000}Mb/s"
        if up
        else "Auto-duplex, Auto-speed"
    )
    received = count.in_broadcast + count.in_multicast
    mac = dotted(port.mac)
    yield f"{port.name} is {line}, line protocol is {'up' if up else 'down'} ({word})"
    yield f"  Hardware is Gigabit Ethernet, address is {mac} (bia {mac})"
    if port.alias:
        yield f"  Description: {port.alias}"
    yield f"  MTU {port.mtu} bytes, BW {port.speed_bps // 1000} Kbit/sec, DLY 10 usec,"
    yield "     reliability 255/255, txload 1/255, rxload 1/255"
    yield "  Encapsulation ARPA, loopback not set"
    yield "  Keepalive set (10 sec)"
    yield f"  {speed}, media type is {scene.state.model.media}"
    yield "  input flow-control is off, output flow-control is unsupported"
    yield "  ARP type: ARPA, ARP Timeout 04:00:00"
    yield "  Last input never, output 00:00:01, output hang never"
    yield '  Last clearing of "show interface" counters never'
    yield (
        f"  Input queue: 0/75/{count.in_discards}/0 (size/max/drops/flushes);"
        f" Total output drops: {count.out_discards}"
    )
    yield "  Queueing strategy: fifo"
    yield "  Output queue: 0/40 (size/max)"
    yield f"  5 minute input rate {rate.in_bps:.0f} bits/sec, {rate.in_pps:.0f} packets/sec"
    yield f"  5 minute output rate {rate.out_bps:.0f} bits/sec, {rate.out_pps:.0f} packets/sec"
    yield f"     {count.in_unicast + received} packets input, {count.in_octets} bytes, 0 no buffer"
    yield f"     Received {received} broadcasts ({count.in_multicast} multicasts)"
    yield f"     0 runts, {count.too_long} giants, 0 throttles"
    yield f"     {count.in_errors} input errors, {count.fcs_errors} CRC, 0 frame, 0 overrun, 0 ignored"
    yield f"     0 watchdog, {count.in_multicast} multicast, 0 pause input"
    yield "     0 input packets with dribble condition detected"
    sent = count.out_unicast + count.out_broadcast + count.out_multicast
    yield f"     {sent} packets output, {count.out_octets} bytes, 0 underruns"
    late = count.late_collisions
    yield f"     {count.out_errors} output errors, {late} collisions, 1 interface resets"
    yield "     0 unknown protocol drops"
    yield f"     0 babbles, {late} late collision, 0 deferred"
    yield "     0 lost carrier, 0 no carrier, 0 pause output"
    yield "     0 output buffer failures, 0 output buffers swapped out"


def counters(scene: Scene) -> str:
    """`show interfaces counters`: two tables, in and out."""
    lines = ["", f"{'Port':<10}{_heads('In')}"]
    for port in scene.state.ports:
        c = port.counters
        lines.append(_row(port, c.in_octets, c.in_unicast, c.in_multicast, c.in_broadcast))
    lines += ["", f"{'Port':<10}{_heads('Out')}"]
    for port in scene.state.ports:
        c = port.counters
        lines.append(_row(port, c.out_octets, c.out_unicast, c.out_multicast, c.out_broadcast))
    return "\n".join(lines)


def _heads(way: str) -> str:
    names = ("Octets", "UcastPkts", "McastPkts", "BcastPkts")
    return "".join(f"{way + n:>{14 if n == names[0] else 15}}" for n in names) + " "


def _row(port: PortView, *values: int) -> str:
    numbers = "".join(f"{v:>{15 if n else 14}}" for n, v in enumerate(values))
    return f"{short_name(port.name):<10}{numbers} "


def storm_control(scene: Scene) -> str:
    """`show storm-control`: the broadcast filters."""
    lines = [
        "Interface  Filter State   Upper        Lower        Current",
        "---------  -------------  -----------  -----------  ----------",
    ]
    for port in scene.state.ports:
        level = port.storm_control_pps
        if level is None:
            continue
        now = scene.rates(port.name).in_broadcast_pps
        state = "Link Down" if not forwards(port) else "Blocking" if now > level else "Forwarding"
        current = 0 if state == "Link Down" else round(now)
        lines.append(
            f"{short_name(port.name):<9}  {state:<13}  {level:>7} pps  {level:>7} pps  {current:>6} pps"
        )
    return "\n".join(lines)


def switchport(_: Scene, ports: Iterable[PortView]) -> str:
    """`show interfaces [X] switchport`."""
    return "\n".join(line for port in ports for line in _switchport(port))


def _switchport(port: PortView) -> Iterator[str]:
    access = port.access_vlan
    trunk = access is None
    mode = "trunk" if trunk else "static access"
    vlan = "1 (default)" if access in (None, 1) else f"{access} (VLAN{access:04d})"
    yield f"Name: {short_name(port.name)}"
    yield "Switchport: Enabled"
    yield f"Administrative Mode: {mode}"
    yield f"Operational Mode: {mode if forwards(port) else 'down'}"
    yield "Administrative Trunking Encapsulation: dot1q"
    if forwards(port):
        yield f"Operational Trunking Encapsulation: {'dot1q' if trunk else 'native'}"
    yield f"Negotiation of Trunking: {'On' if trunk else 'Off'}"
    yield f"Access Mode VLAN: {vlan}"
    yield "Trunking Native Mode VLAN: 1 (default)"
    yield "Administrative Native VLAN tagging: enabled"
    yield "Voice VLAN: none"
    yield "Administrative private-vlan host-association: none"
    yield "Administrative private-vlan mapping: none"
    yield "Operational private-vlan: none"
    allowed = ",".join(map(str, port.trunk_vlans)) if trunk else "ALL"
    yield f"Trunking VLANs Enabled: {allowed}"
    yield "Pruning VLANs Enabled: 2-1001"
    yield "Capture Mode Disabled"
    yield "Capture VLANs Allowed: ALL"
    yield ""
    yield "Protected: false"
    yield "Unknown unicast blocked: disabled"
    yield "Unknown multicast blocked: disabled"
    yield "Appliance trust: none"
    yield ""
