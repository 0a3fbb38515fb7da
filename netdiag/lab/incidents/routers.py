"""Home routers in the wrong place: a second DHCP server, and on two cables a loop."""

from __future__ import annotations

from functools import partial
from random import Random

from netdiag.lab import frames
from netdiag.lab.incidents.scene import ROUTER_OUIS, TP_LINK, Done, Scene
from netdiag.lab.router import HomeRouter
from netdiag.lab.soft import connect, disconnect
from netdiag.lab.switch import SwitchPort
from netdiag.model import Kind


def home_router(scene: Scene) -> Done:
    """On one or two cables, the second after a delay."""
    cables = int(scene.options.number("cables", 2, 1, 2))
    delay = scene.options.number("delay", 3.0, 0.0, 86_400.0)
    return _router(scene, cables=cables, delay=delay, oui=TP_LINK)


def rogue_dhcp_server(scene: Scene) -> Done:
    """A router of any maker on one cable."""
    return _router(scene, cables=1, delay=0.0, oui=scene.rng.choice(ROUTER_OUIS))


def _router(scene: Scene, *, cables: int, delay: float, oui: str) -> Done:
    campus, rng = scene.campus, scene.rng
    switch = scene.pick_switch()
    ports = scene.pick_ports(switch, cables)
    copy = scene.options.flag("copy_server_id")
    scene.options.finish("this incident")
    servers = campus.dhcp_servers
    router = HomeRouter(
        campus.engine,
        f"router-{scene.number}",
        frames.made_by(oui, rng.randbytes(3)),
        campus.topology.speeds_bps.desk,
        Random(f"{campus.seed}/{rng.random()}"),
        server_id=servers[0].ip if copy and servers else None,
    )
    loop = (Kind.LAYER2_LOOP,) if cables == 2 else ()
    how = "two cables into" if cables == 2 else "one cable into"
    where = " and ".join(port.short_name for port in ports)
    done = Done(
        switch.name,
        ports,
        (*loop, Kind.ROGUE_DHCP_SERVER),
        f"someone's home router (DHCP server {frames.ip_text(router.server.identifier)}) "
        f"has {how} {switch.name}: {where}",
        router.mac,
    )
    _plug(scene, router, 0, ports[0], done)
    for index, port in enumerate(ports[1:], 1):
        campus.engine.after(delay, partial(_plug_later, scene, router, index, port, done))
    done.undo.append(partial(_retire, router))
    return done


def _plug(scene: Scene, router: HomeRouter, index: int, port: SwitchPort, done: Done) -> None:
    """A PC that sat at that desk goes into the router, as its owner wants to go on working."""
    pc = scene.clear(port, done)
    connect(port, router.sockets[index])
    done.undo.append(partial(disconnect, router.sockets[index]))
    behind = router.sockets[2 + index]
    if pc is not None and behind.peer is None:
        connect(behind, pc)
        done.undo.append(partial(disconnect, behind))


def _plug_later(scene: Scene, router: HomeRouter, index: int, port: SwitchPort, done: Done) -> None:
    if router.server.running:
        _plug(scene, router, index, port, done)


def _retire(router: HomeRouter) -> None:
    """Switched off: it answers nothing, and its second cable is never plugged in."""
    router.server.running = False
