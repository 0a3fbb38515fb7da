"""Cables that close a loop, and cards that storm without one."""

from __future__ import annotations

from functools import partial

from netdiag.errors import LabError
from netdiag.lab import frames
from netdiag.lab.dumb import DumbSwitch
from netdiag.lab.hosts import Card, Jabber
from netdiag.lab.incidents.scene import LAPTOP_OUI, Done, Scene
from netdiag.lab.soft import connect, disconnect
from netdiag.model import Kind

_HOW = ("desks", "dumb-switch", "dumb-switch-inside", "access-switches")


def layer2_loop(scene: Scene) -> Done:
    """Between two desks, through or under someone's small switch, or between two access switches."""
    how = scene.options.choice("how", "desks", _HOW)
    makes = (_desks, _dumb_switch, _inside_dumb_switch, _access_switches)
    return dict(zip(_HOW, makes, strict=True))[how](scene)


def _desks(scene: Scene) -> Done:
    switch = scene.pick_switch()
    one, other = ports = scene.pick_ports(switch, 2, prefer="free")
    scene.options.finish("layer2-loop")
    text = f"a patch cable joins {one.short_name} and {other.short_name} of {switch.name}"
    done = Done(switch.name, ports, (Kind.LAYER2_LOOP,), text)
    scene.clear(one, done)
    scene.clear(other, done)
    connect(one, other)
    done.undo.append(partial(disconnect, one))
    return done


def _dumb_switch(scene: Scene) -> Done:
    """Both of its cables end in the wall, and it hears no BPDU: the classic of meeting rooms."""
    switch = scene.pick_switch()
    ports = scene.pick_ports(switch, 2)
    scene.options.finish("layer2-loop")
    where = " and ".join(port.short_name for port in ports)
    text = f"someone's small switch has two cables into {switch.name}: {where}"
    done = Done(switch.name, ports, (Kind.LAYER2_LOOP,), text)
    box = _box(scene)
    for index, port in enumerate(ports):
        pc = scene.clear(port, done)
        connect(port, box.sockets[index])
        done.undo.append(partial(disconnect, port))
        if pc is not None:
            connect(pc, box.sockets[2 + index])
            done.undo.append(partial(disconnect, pc))
    return done


def _inside_dumb_switch(scene: Scene) -> Done:
    """The loop is behind one port: a patch cable from the small switch into itself."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    scene.options.finish("layer2-loop")
    text = f"under {switch.name} {port.short_name} a small switch has a cable into itself"
    kinds = (Kind.LAYER2_LOOP, Kind.BROADCAST_STORM)
    done = Done(switch.name, ports, kinds, text)
    box = _box(scene)
    pc = scene.clear(port, done)
    connect(port, box.sockets[0])
    done.undo.append(partial(disconnect, port))
    if pc is not None:
        connect(pc, box.sockets[3])
        done.undo.append(partial(disconnect, pc))
    connect(box.sockets[1], box.sockets[2])
    done.undo.append(partial(disconnect, box.sockets[1]))
    return done


def _box(scene: Scene) -> DumbSwitch:
    speed = scene.campus.topology.speeds_bps.desk
    return DumbSwitch(scene.campus.engine, f"box-{scene.number}", speed)


def _access_switches(scene: Scene) -> Done:
    """A cable from one floor's wall socket to another floor's: the loop goes through the core."""
    campus = scene.campus
    first = scene.pick_switch()
    others = [s for s in campus.switches() if s is not first and campus.desks(s.name)]
    if not others:
        raise LabError("this topology has one switch with desks only")
    second = scene.rng.choice(others)
    free = {
        s: [p for name, _ in campus.desks(s.name) if (p := s.soft_port(name)).peer is None]
        for s in (first, second)
    }
    if not all(free.values()):
        raise LabError(f"no free desk on {first.name} or {second.name}")
    one, other = (scene.rng.choice(free[s]) for s in (first, second))
    scene.options.finish("layer2-loop")
    text = f"a cable joins {first.name} {one.short_name} and {second.name} {other.short_name}"
    far = ((second.name, other.name),)
    done = Done(first.name, [one], (Kind.LAYER2_LOOP,), text, also=far)
    connect(one, other)
    done.undo.append(partial(disconnect, one))
    return done


def broadcast_storm(scene: Scene) -> Done:
    """One card that jabbers: each frame another one, or the same again and again."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    pps = scene.options.number("pps", 800.0, 1.0, 100_000.0)
    same = scene.options.flag("same_frame")
    scene.options.finish("broadcast-storm")
    owner = port.peer.owner if port.peer is not None else None
    drawn = frames.made_by(LAPTOP_OUI, scene.rng.randbytes(3))
    mac = owner.mac if isinstance(owner, Card) else drawn
    speed = scene.campus.topology.speeds_bps.desk
    card = Jabber(scene.campus.engine, f"jabber-{scene.number}", mac, speed, pps, same_frame=same)
    what = "the same broadcast" if same else "broadcasts"
    text = f"a network card at {switch.name} {port.short_name} sends {what} {pps:g} times a second"
    done = Done(switch.name, ports, (Kind.BROADCAST_STORM,), text, mac)
    scene.occupy(port, card, done)
    return done
