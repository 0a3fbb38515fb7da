"""What looks like trouble and is none: its right diagnosis is no cause at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from netdiag.errors import LabError
from netdiag.lab import faults, frames, strangers
from netdiag.lab.hosts import DhcpHost, Host
from netdiag.lab.incidents.scene import LAPTOP_OUI, Done, Scene
from netdiag.lab.soft import connect, disconnect
from netdiag.lab.switch import SwitchPort


def arp_scan(scene: Scene) -> Done:
    """A PC that asks for every address of the subnet, as an inventory tool does."""
    switch = scene.pick_switch()
    (port,) = scene.pick_ports(switch, 1, prefer="used")
    pps = scene.options.number("pps", 150.0, 1.0, 2000.0)
    scene.options.finish("arp-scan")
    host = _pc(port)
    text = f"{host.name} at {switch.name} {port.short_name} scans the subnet, {pps:g} ARP/s"
    done = Done(switch.name, [port], (), text, host.mac)
    first = int.from_bytes(host.stack.ip or b"\n\n\1\1", "big") & 0xFFFF0000
    count = 0

    def ask() -> None:
        nonlocal count
        count += 1
        target = (first + 1 + count % 0xFFFE).to_bytes(4, "big")
        request = frames.Arp(1, host.mac, host.stack.ip or bytes(4), bytes(6), target)
        host.send(frames.encode_arp(request, frames.BROADCAST))

    done.undo.append(every(scene, 1 / pps, ask))
    return done


def busy_day(scene: Scene) -> Done:
    """Every PC copies files and chatters, and all of them have just renewed their lease."""
    unicast = scene.options.number("pps", 20.0, 1.0, 500.0)
    chatter = scene.options.number("chatter", 1.0, 0.0, 20.0)
    scene.options.finish("busy-day")
    hosts = [h for h in scene.campus.hosts if h.port.up]
    if len(hosts) < 2:
        raise LabError("a busy day needs two PCs at least")
    switch, interface = scene.campus.home(hosts[0].name)
    port = scene.campus.switch(switch).soft_port(interface)
    done = Done(switch, [port], (), f"{len(hosts)} PCs are at work at the same time")
    for host, peer in zip(hosts, [*hosts[1:], hosts[0]], strict=True):
        host.renew()
        copy = frames.ethernet(peer.mac, host.mac, b"\x88\xb5", bytes(200))
        done.undo.append(every(scene, 1 / unicast, partial(host.send, copy)))
        if chatter:
            hello = frames.ethernet(frames.BROADCAST, host.mac, b"\x88\xb5", host.mac + bytes(54))
            done.undo.append(every(scene, 1 / chatter, partial(host.send, hello)))
    return done


def planned_shutdown(scene: Scene) -> Done:
    """A desk is given up: the PC is gone, the port shut, and its description says so."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    scene.options.finish("planned-shutdown")
    done = Done(switch.name, ports, (), f"the desk at {switch.name} {port.short_name} is given up")
    before = port.alias
    scene.clear(port, done)
    switch.set_alias(port.name, f"{before} - out of service, desk removed")
    switch.set_admin(port.name, up=False)
    done.undo.append(lambda: switch.set_alias(port.name, before))
    done.undo.append(lambda: switch.set_admin(port.name, up=True))
    return done


def moved_pc(scene: Scene) -> Done:
    """Someone moves to another floor with the PC."""
    switch = scene.pick_switch()
    (port,) = scene.pick_ports(switch, 1, prefer="used")
    free = [
        s.soft_port(name)
        for s in scene.campus.switches()
        for name, _ in scene.campus.desks(s.name)
        if s.soft_port(name).peer is None and s.soft_port(name) is not port
    ]
    if not free:
        raise LabError("there is no free desk to move to")
    scene.options.finish("moved-pc")
    host, goal = _pc(port), scene.rng.choice(free)
    text = f"{host.name} moves from {switch.name} {port.short_name} to {goal.owner.name} {goal.short_name}"
    done = Done(switch.name, [port], (), text, host.mac)
    scene.clear(port, done)
    connect(goal, host.port)
    done.undo.append(partial(disconnect, host.port))
    return done


def gateway_failover(scene: Scene) -> Done:
    """The standby router takes over the gateway's virtual address (VRRP), as it should."""
    switch = scene.pick_switch()
    ports = scene.pick_ports(switch, 2, prefer="free")
    scene.options.finish("gateway-failover")
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    mac, ip = bytes.fromhex("00005e00010a"), frames.ip_bytes("10.10.0.254")
    text = f"a virtual gateway moves from {switch.name} {ports[0].short_name}"
    done = Done(switch.name, ports, (), text, mac)
    make = strangers.hellos(mac, ip)
    cards = [
        strangers.Sender(engine, f"vrrp-{scene.number}-{n}", mac, speed, 1.0, make) for n in (0, 1)
    ]
    scene.occupy(ports[0], cards[0], done)

    def take_over() -> None:
        if ports[0].peer is cards[0].port:
            disconnect(ports[0])
            scene.occupy(ports[1], cards[1], done)

    engine.after(5.0, take_over)
    return done


def slow_switch(scene: Scene) -> Done:
    """A switch whose processor is busy: it answers each question late, and forwards as ever."""
    switch = scene.pick_switch()
    late = scene.options.number("late", 0.4, 0.0, 5.0)
    scene.options.finish("slow-switch")
    done = Done(switch.name, [], (), f"{switch.name} answers {late:g} s late")
    switch.answers_after_s = late
    done.undo.append(partial(setattr, switch, "answers_after_s", 0.0))
    return done


def planned_vlan_change(scene: Scene) -> Done:
    """A desk becomes a guests' desk: VLAN and description change together."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="free")
    scene.options.finish("planned-vlan-change")
    before, alias = port.access_vlan or 1, port.alias
    done = Done(switch.name, ports, (), f"{switch.name} {port.short_name} is a guests' desk now")
    vlan = next((v for v in switch.vlans() if v != before), before + 10)
    switch.set_alias(port.name, f"{alias} guests, VLAN {vlan}")
    switch.set_access_vlan(port.name, vlan)
    done.undo.append(lambda: switch.set_alias(port.name, alias))
    done.undo.append(lambda: switch.set_access_vlan(port.name, before))
    return done


def few_errors(scene: Scene) -> Done:
    """One frame in some thousands is broken, as on many an old cable: nobody notices."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    permille = scene.options.number("permille", 0.2, 0.0, 100.0)
    scene.options.finish("few-errors")
    done = Done(
        switch.name, ports, (), f"{switch.name} {port.short_name} counts an error now and then"
    )
    rng = Random(scene.rng.random())
    port.impair = faults.Lossy(port, rng, permille / 1000)
    done.undo.append(partial(setattr, port, "impair", None))
    return done


def dhcp_failover(scene: Scene) -> Done:
    """One of a redundant pair of DHCP servers is down for maintenance; the other serves."""
    pair = [s for s in scene.campus.stations if isinstance(s, DhcpHost)]
    if len(pair) < 2:
        raise LabError("this topology has one DHCP server only")
    chosen = scene.rng.choice(pair)
    scene.options.finish("quiet-server-pair")
    name, interface = scene.campus.home(chosen.name)
    port = scene.campus.switch(name).soft_port(interface)
    done = Done(name, [port], (), f"{chosen.name} is down, its twin serves", chosen.mac)
    chosen.server.running = False
    done.undo.append(lambda: setattr(chosen.server, "running", True))
    return done


def virtual_machines(scene: Scene) -> Done:
    """A developer's machine runs thirty virtual ones, each with an address of its own."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="free")
    count = int(scene.options.number("count", 30, 1, 200))
    scene.options.finish("virtual-machines")
    macs = [b"\x52\x54\x00" + scene.rng.randbytes(3) for _ in range(count)]
    makes = [
        strangers.hellos(m, frames.ip_bytes(f"10.10.88.{n % 250 + 1}")) for n, m in enumerate(macs)
    ]
    mac = frames.made_by(LAPTOP_OUI, scene.rng.randbytes(3))
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk

    def make(number: int) -> bytes:
        return makes[number % count](number)

    card = strangers.Sender(engine, f"vms-{scene.number}", mac, speed, 3.0, make)
    done = Done(switch.name, ports, (), f"{count} virtual machines at {switch.name}", mac)
    scene.occupy(port, card, done)
    return done


def _pc(port: SwitchPort) -> Host:
    owner = port.peer.owner if port.peer is not None else None
    if not isinstance(owner, Host):
        raise LabError(f"no PC sits at {port.owner.name} {port.short_name}")
    return owner


def every(scene: Scene, period_s: float, call: Callable[[], None]) -> Callable[[], None]:
    """Calls again and again until what is returned is called."""
    engine, over = scene.campus.engine, False

    def due() -> None:
        if not over:
            call()
            engine.after(period_s, due)

    def stop() -> None:
        nonlocal over
        over = True

    engine.after(scene.rng.uniform(0, period_s), due)
    return stop
