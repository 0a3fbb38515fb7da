"""Ports that are shut, cut or closed by their own protection."""

from __future__ import annotations

from functools import partial
from random import Random

from netdiag.errors import LabError
from netdiag.lab import frames
from netdiag.lab.hosts import Card, Host, StrayBridge
from netdiag.lab.incidents.scene import LAPTOP_OUI, SWITCH_OUI, Done, Scene, mac_at
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import Kind


def admin_down_port(scene: Scene) -> Done:
    """A used desk's port that somebody shut and forgot."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    scene.options.finish("admin-down-port")
    mac = mac_at(port)
    switch.set_admin(port.name, up=False)
    text = f"someone has shut {switch.name} {port.short_name} and forgotten it"
    done = Done(switch.name, ports, (Kind.ADMIN_DOWN_PORT,), text, mac)
    done.undo.append(lambda: switch.set_admin(port.name, up=True))
    return done


def uplink_down(scene: Scene) -> Done:
    """The cable between an access switch and the rest is cut."""
    switch = scene.pick_switch()
    scene.options.finish("uplink-down")
    port, far, upstream = uplink(scene, switch)
    text = (
        f"the cable from {upstream.name} {far.short_name} to {switch.name} {port.short_name} is cut"
    )
    also = ((switch.name, port.name),)
    done = Done(upstream.name, [far], (Kind.UPLINK_DOWN,), text, also=also)
    scene.clear(far, done)
    return done


def closed_uplink(scene: Scene) -> Done:
    """Storm-control closed it against a burst whose source is gone: it stays closed, as by default."""
    switch = scene.pick_switch()
    scene.options.finish("closed-uplink")
    _, far, upstream = uplink(scene, switch)
    text = (
        f"{upstream.name} {far.short_name} toward {switch.name} was closed by a storm that is over"
    )
    kinds = (Kind.ERR_DISABLED_PORT, Kind.UPLINK_DOWN)
    done = Done(upstream.name, [far], kinds, text)
    upstream.guards.storm(far)
    done.undo.append(partial(_reopen, upstream, far))
    return done


def _reopen(switch: SoftSwitch, port: SwitchPort) -> None:
    switch.set_admin(port.name, up=False)
    switch.set_admin(port.name, up=True)


def uplink(scene: Scene, switch: SoftSwitch) -> tuple[SwitchPort, SwitchPort, SoftSwitch]:
    """(its port, the far one, the far switch) of its working way to the rest."""
    trunks = [
        (port, port.peer)
        for port in switch.switch_ports
        if isinstance(port.peer, SwitchPort) and port.up
    ]
    if not trunks:
        raise LabError(f"{switch.name} has no uplink that is up")
    # Where spanning tree blocks one, the other is the one that people would miss.
    port, far = min(trunks, key=lambda t: (t[0].name != switch.stp.root_port, t[0].number))
    return port, far, scene.campus.switch(far.owner.name)


def err_disabled_port(scene: Scene) -> Done:
    """A desk's port that BPDU guard or port security closes."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    causes = ("bpduguard", "psecure-violation")
    cause = scene.options.choice("cause", scene.rng.choice(causes), causes)
    scene.options.finish("err-disabled-port")
    at = f"{switch.name} {port.short_name}"
    if cause == "bpduguard":
        kinds = (Kind.ERR_DISABLED_PORT, Kind.BPDU_GUARD_VIOLATION)
        text = f"someone's own switch is in {at}, which has BPDU guard"
    else:
        kinds = (Kind.ERR_DISABLED_PORT, Kind.PORT_SECURITY_VIOLATION)
        text = f"a visitor's laptop is in {at}, which allows one address"
    done = Done(switch.name, ports, kinds, text)
    done.undo.append(partial(_restore_guards, port, port.bpdu))
    card = _guarded(scene, port, cause)
    done.mac = card.mac
    scene.occupy(port, card, done)
    return done


def bpdu_guard_violation(scene: Scene) -> Done:
    """Someone's own switch at a desk with BPDU guard."""
    return _violation(scene, "bpduguard", Kind.BPDU_GUARD_VIOLATION)


def port_security_violation(scene: Scene) -> Done:
    """A second address at a desk that allows one; `mode: restrict` keeps the port open."""
    return _violation(scene, "psecure-violation", Kind.PORT_SECURITY_VIOLATION)


def _violation(scene: Scene, cause: str, kind: Kind) -> Done:
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    mode = scene.options.choice("mode", "shutdown", ("shutdown", "restrict"))
    scene.options.finish(str(kind))
    kinds = (kind, Kind.ERR_DISABLED_PORT) if mode == "shutdown" else (kind,)
    text = f"a stranger's device at {switch.name} {port.short_name} offends {cause}, mode {mode}"
    done = Done(switch.name, ports, kinds, text)
    done.undo.append(partial(_restore_guards, port, port.bpdu))
    card = _guarded(scene, port, cause)
    port.secure_restrict = mode == "restrict"
    done.mac = card.mac
    scene.occupy(port, card, done)
    return done


def device_unreachable(scene: Scene) -> Done:
    """A switch without power, or one that forwards and no longer answers."""
    switch = scene.pick_switch()
    how = scene.options.choice("how", scene.rng.choice(("agent", "power")), ("agent", "power"))
    scene.options.finish("device-unreachable")
    if how == "agent":
        text = f"{switch.name} forwards and does not answer any more"
        done = Done(switch.name, [], (Kind.DEVICE_UNREACHABLE,), text)
        before = switch.path_alive
        switch.path_alive = lambda: False
        done.undo.append(lambda: setattr(switch, "path_alive", before))
        return done
    links = [(p, p.peer) for p in switch.switch_ports if isinstance(p.peer, SwitchPort)]
    # One dead link tells nobody whether the cable or the power is gone.
    kinds = (Kind.DEVICE_UNREACHABLE, *([Kind.UPLINK_DOWN] if len(links) == 1 else []))
    also = tuple((far.owner.name, far.name) for _, far in links) if len(links) == 1 else ()
    done = Done(switch.name, [], kinds, f"{switch.name} has no power", also=also)
    for port in switch.switch_ports:
        scene.clear(port, done)
    return done


def _guarded(scene: Scene, port: SwitchPort, cause: str) -> Card:
    """Configures the protection on the port, and the device that will trip it."""
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    rng = scene.rng
    if cause == "bpduguard":
        port.bpdu = "guard"
        mac = frames.made_by(SWITCH_OUI, rng.randbytes(3))
        return StrayBridge(engine, f"switch-{scene.number}", mac, speed)
    # A sticky address: it stays when the PC is pulled out.
    port.secure_maximum = 1
    port.secure_macs[:] = [mac_at(port) or frames.mac_bytes("02:00:00:00:00:01")]
    mac = frames.made_by(LAPTOP_OUI, rng.randbytes(3))
    name = f"laptop-{scene.number}"
    return Host(engine, name, mac, speed, Random(rng.random()), broadcast=False)


def _restore_guards(port: SwitchPort, bpdu: str) -> None:
    port.bpdu = bpdu
    port.secure_maximum = None
    port.secure_restrict = False
    port.secure_macs.clear()
