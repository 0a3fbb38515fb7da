"""Servers that are down, and addresses that two stations use."""

from __future__ import annotations

from random import Random

from netdiag.errors import LabError
from netdiag.lab import frames
from netdiag.lab.hosts import DhcpHost, Printer
from netdiag.lab.incidents.scene import PRINTER_OUI, Done, Scene
from netdiag.model import Kind


def dhcp_server_down(scene: Scene) -> Done:
    """Its service has stopped, or its cable is out."""
    how = scene.options.choice("how", "service", ("service", "cable"))
    servers = [card for card in scene.campus.stations if isinstance(card, DhcpHost)]
    if not servers:
        raise LabError("this topology has no DHCP server")
    host = scene.rng.choice(servers)
    scene.options.finish("dhcp-server-down")
    switch, interface = scene.campus.home(host.name)
    port = scene.campus.switch(switch).soft_port(interface)
    what = "is unplugged" if how == "cable" else "has stopped its service"
    text = f"DHCP server {host.name} {what}"
    done = Done(switch, [port], (Kind.DHCP_SERVER_DOWN,), text, host.mac)
    if how == "cable":
        scene.clear(port, done)
    else:
        host.server.running = False
        done.undo.append(lambda: setattr(host.server, "running", True))
    return done


def duplicate_address(scene: Scene) -> Done:
    """A printer with a PC's address."""
    campus = scene.campus
    switch = scene.pick_switch()
    (port,) = ports = scene.pick_ports(switch, 1, prefer="free")
    there = [h.name for h in campus.hosts if h.ip and h.port.up and h.port.peer is not port]
    if not there:
        raise LabError("no PC has an address yet: let lab time pass first")
    victim = campus.host(scene.options.take("victim", scene.rng.choice(there)))
    quiet = scene.options.flag("quiet")
    scene.options.finish("duplicate-address")
    lease = victim.lease
    if lease is None:
        raise LabError(f"{victim.name} has no address to double")
    mac = frames.made_by(PRINTER_OUI, scene.rng.randbytes(3))
    name, speed = f"printer-{scene.number}", campus.topology.speeds_bps.desk
    rng = Random(scene.rng.random())
    printer = Printer(campus.engine, name, mac, speed, rng, quiet=quiet)
    printer.configure(lease.ip, lease.mask, lease.router)
    text = f"a printer at {switch.name} {port.short_name} has {victim.name}'s address {lease.ip}"
    far = (campus.home(victim.name),)
    done = Done(switch.name, ports, (Kind.DUPLICATE_ADDRESS,), text, mac, far)
    scene.occupy(port, printer, done)
    return done
