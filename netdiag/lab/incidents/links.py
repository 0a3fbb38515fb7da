"""Links that are up and bad: lossy, one-way, flapping, full, or configured differently at both ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from netdiag.errors import LabError
from netdiag.lab import faults, frames
from netdiag.lab.hosts import Host
from netdiag.lab.incidents.harmless import every
from netdiag.lab.incidents.ports import uplink
from netdiag.lab.incidents.scene import Done, Scene, mac_at
from netdiag.lab.soft import Port, connect, disconnect
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import Kind

_WHERE = ("uplink", "desk")
Fault = Callable[[bytes], bool]


def _link(scene: Scene) -> tuple[SoftSwitch, SwitchPort, Port]:
    """(switch, its port, the far port) of an uplink's drawn end, or of a desk in use."""
    where = scene.options.choice("where", "uplink", _WHERE)
    switch = scene.pick_switch()
    if where == "desk":
        (port,) = scene.pick_ports(switch, 1, prefer="used")
        if port.peer is None:
            raise LabError(f"nothing is plugged into {switch.name} {port.short_name}")
        return switch, port, port.peer
    near, far, upstream = uplink(scene, switch)
    end = scene.options.choice("end", scene.rng.choice(("near", "far")), ("near", "far"))
    return (switch, near, far) if end == "near" else (upstream, far, near)


def _ends(port: Port) -> tuple[tuple[str, str], ...]:
    return ((port.owner.name, port.name),) if isinstance(port, SwitchPort) else ()


def lossy_link(scene: Scene) -> Done:
    """A share of what comes in at one end is broken; `counted: false` - and the port does not say so."""
    switch, port, far = _link(scene)
    percent = scene.options.number("percent", 20.0, 0.1, 100.0)
    silent = scene.options.flag("silent")
    scene.options.finish("lossy-link")
    text = f"{percent:g} % of what comes in at {switch.name} {port.short_name} is broken"
    done = Done(switch.name, [port], (Kind.LOSSY_LINK,), text, mac_at(port), also=_ends(far))
    rng = Random(scene.rng.random())
    _impair(scene, port, faults.Lossy(port, rng, percent / 100, counted=not silent), done)
    _talk(scene, switch, port, done)
    return done


def unidirectional_link(scene: Scene) -> Done:
    """One end hears nothing, though its link stays up."""
    switch, port, far = _link(scene)
    scene.options.finish("unidirectional-link")
    text = f"{switch.name} {port.short_name} hears nothing any more; its link is up"
    done = Done(switch.name, [port], (Kind.UNIDIRECTIONAL_LINK,), text, also=_ends(far))
    _impair(scene, port, faults.deaf, done)
    return done


def mtu_mismatch(scene: Scene) -> Done:
    """One end of an uplink takes smaller frames than the other sends."""
    switch, port, far = _link(scene)
    mtu = int(scene.options.number("mtu", 1400, 576, 9216))
    scene.options.finish("mtu-mismatch")
    text = f"the MTU of {switch.name} {port.short_name} is {mtu}, its neighbour's is not"
    done = Done(switch.name, [port], (Kind.MTU_MISMATCH,), text)
    before = port.mtu
    port.mtu = mtu
    done.undo.append(partial(setattr, port, "mtu", before))
    _impair(scene, port, faults.TooSmall(port), done)
    if isinstance(far, SwitchPort) and mtu > far.mtu:
        _impair(scene, far, faults.TooSmall(far), done)
    _talk(scene, switch, port, done)
    return done


def duplex_mismatch(scene: Scene) -> Done:
    """One end is set to half duplex."""
    switch, port, far = _link(scene)
    scene.options.finish("duplex-mismatch")
    text = f"{switch.name} {port.short_name} is half duplex, its other end is full duplex"
    done = Done(switch.name, [port], (Kind.DUPLEX_MISMATCH,), text, mac_at(port), also=_ends(far))
    port.duplex = "half"
    done.undo.append(partial(setattr, port, "duplex", "full"))
    _impair(scene, port, faults.HalfDuplex(port, Random(scene.rng.random())), done)
    _talk(scene, switch, port, done)
    return done


def congested_link(scene: Scene) -> Done:
    """More goes up a link than it carries: everybody at that switch copies at once."""
    switch = scene.pick_switch()
    near, far, upstream = uplink(scene, switch)
    percent = scene.options.number("percent", 120.0, 50.0, 300.0)
    way = scene.options.choice("way", scene.rng.choice(("up", "down")), ("up", "down"))
    scene.options.finish("congested-link")
    full, ends = (near, switch) if way == "up" else (far, upstream)
    text = f"{ends.name} {full.short_name} is offered {percent:g} % of what it carries"
    also = ((upstream.name, far.name), (switch.name, near.name))
    done = Done(ends.name, [full], (Kind.CONGESTED_LINK,), text, also=also)
    here = _talkers(scene, switch, inside=True)
    there = _talkers(scene, switch, inside=False)
    if not here or not there:
        raise LabError(f"nobody at {switch.name} or elsewhere has a link to fill")
    octets = 1400
    pps = full.rate_bps * percent / 100 / 8 / (octets + 38) / len(here)
    for number, host in enumerate(here):
        peer = there[number % len(there)]
        sender, hears = (host, peer) if way == "up" else (peer, host)
        _copy(scene, sender, hears, pps, octets, done)
        _copy(scene, hears, sender, 1.0, 64, done)
    return done


def link_flapping(scene: Scene) -> Done:
    """A loose plug: the link goes down and comes back, again and again."""
    switch, port, far = _link(scene)
    period = scene.options.number("period", 6.0, 0.2, 3600.0)
    times = int(scene.options.number("times", 40, 1, 10_000))
    scene.options.finish("link-flapping")
    text = f"the link at {switch.name} {port.short_name} goes down and up every {period:g} s"
    kinds = (Kind.LINK_FLAPPING, Kind.ERR_DISABLED_PORT) if period < 2 else (Kind.LINK_FLAPPING,)
    done = Done(switch.name, [port], kinds, text, mac_at(port), also=_ends(far))
    left, stopped = [times], [False]

    def out() -> None:
        if not stopped[0] and left[0] > 0 and port.peer is far:
            left[0] -= 1
            disconnect(port)
            scene.campus.engine.after(min(1.0, period / 3), back)

    def back() -> None:
        if port.peer is None and far.peer is None:
            connect(port, far)
        scene.campus.engine.after(period * 2 / 3, out)

    def stop() -> None:
        stopped[0] = True
        if port.peer is None and far.peer is None:
            connect(port, far)

    scene.campus.engine.after(0.1, out)
    done.undo.append(stop)
    return done


# --- configured wrongly --------------------------------------------------------------------------


def vlan_missing_on_trunk(scene: Scene) -> Done:
    """Somebody has taken the users' VLAN off one end of an uplink."""
    switch = scene.pick_switch()
    near, far, upstream = uplink(scene, switch)
    end = scene.options.choice("end", scene.rng.choice(("near", "far")), ("near", "far"))
    owner, port = (switch, near) if end == "near" else (upstream, far)
    users = [v for name, _ in scene.campus.desks(switch.name)
             if (v := switch.soft_port(name).access_vlan)]  # fmt: skip
    vlan = int(scene.options.number("vlan", users[0], 1, 4094))
    scene.options.finish("vlan-missing-on-trunk")
    before = port.trunk_vlans
    text = f"VLAN {vlan} is not let through at {owner.name} {port.short_name}"
    done = Done(owner.name, [port], (Kind.VLAN_MISSING_ON_TRUNK,), text)
    owner.set_trunk(port.name, [v for v in before if v != vlan])
    done.undo.append(lambda: owner.set_trunk(port.name, before))
    return done


def wrong_access_vlan(scene: Scene) -> Done:
    """A desk in use is put into another VLAN."""
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="used")
    before = port.access_vlan or 1
    others = [v for v in switch.vlans() if v != before] or [before + 10]
    vlan = int(scene.options.number("vlan", scene.rng.choice(others), 1, 4094))
    scene.options.finish("wrong-access-vlan")
    text = f"{switch.name} {port.short_name} is in VLAN {vlan} instead of {before}"
    done = Done(switch.name, ports, (Kind.WRONG_ACCESS_VLAN,), text, mac_at(port))
    switch.set_access_vlan(port.name, vlan)
    done.undo.append(lambda: switch.set_access_vlan(port.name, before))
    return done


# --- traffic -------------------------------------------------------------------------------------


def _impair(scene: Scene, port: Port, fault: Fault, done: Done) -> None:
    if not scene.campus.breaks_frames:
        raise LabError("this data plane breaks no frames: use the simulated one")
    port.impair = fault
    done.undo.append(partial(setattr, port, "impair", None))


def _talkers(scene: Scene, switch: SoftSwitch, *, inside: bool) -> list[Host]:
    found = [
        h
        for h in scene.campus.hosts
        if h.port.up and (scene.campus.home(h.name)[0] == switch.name) is inside
    ]
    # One of each switch before the second of any.
    turn: dict[str, int] = {}
    order = []
    for host in found:
        home = scene.campus.home(host.name)[0]
        turn[home] = turn.get(home, 0) + 1
        order.append((turn[home], home, host.name))
    return [scene.campus.host(name) for _, _, name in sorted(order)]


def _talk(scene: Scene, switch: SoftSwitch, port: Port, done: Done) -> None:
    """People over that link copy files both ways, as on any working day."""
    owner = port.peer.owner if port.peer is not None else None
    edge = switch
    if not isinstance(owner, Host) and not scene.campus.desks(switch.name) and owner is not None:
        edge = scene.campus.switch(owner.name)
    here = [owner] if isinstance(owner, Host) else _talkers(scene, edge, inside=True)[:4]
    there = _talkers(scene, edge, inside=False)
    for number, host in enumerate(here):
        peer = there[number % len(there)] if there else None
        if peer is not None:
            _copy(scene, host, peer, 12.0, 1480, done)
            _copy(scene, peer, host, 11.0, 1480, done)


def _copy(  # noqa: PLR0917 - who, to whom, how much
    scene: Scene, a: Host, b: Host, pps: float, octets: int, done: Done
) -> None:
    frame = frames.ethernet(b.mac, a.mac, b"\x88\xb5", bytes(octets))
    done.undo.append(every(scene, 1 / pps, partial(a.send, frame)))
