"""What looks like trouble and is none: its right diagnosis is no cause at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from netdiag.errors import LabError
from netdiag.lab import frames
from netdiag.lab.hosts import Host
from netdiag.lab.incidents.scene import Done, Scene
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

    done.undo.append(_every(scene, 1 / pps, ask))
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
        done.undo.append(_every(scene, 1 / unicast, partial(host.send, copy)))
        if chatter:
            hello = frames.ethernet(frames.BROADCAST, host.mac, b"\x88\xb5", host.mac + bytes(54))
            done.undo.append(_every(scene, 1 / chatter, partial(host.send, hello)))
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


def _pc(port: SwitchPort) -> Host:
    owner = port.peer.owner if port.peer is not None else None
    if not isinstance(owner, Host):
        raise LabError(f"no PC sits at {port.owner.name} {port.short_name}")
    return owner


def _every(scene: Scene, period_s: float, call: Callable[[], None]) -> Callable[[], None]:
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
