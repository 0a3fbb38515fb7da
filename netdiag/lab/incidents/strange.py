"""Cards that flood, forge, starve and claim: each plugged in at a desk."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from netdiag.errors import LabError
from netdiag.lab import frames, strangers
from netdiag.lab.hosts import Card, DhcpHost, StrayBridge
from netdiag.lab.incidents.scene import LAPTOP_OUI, ROUTER_OUIS, SWITCH_OUI, Done, Scene
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import Kind


def _plug(  # noqa: PLR0917 - what, where, how
    scene: Scene,
    kind: Kind,
    text: str,
    make: Callable[[bytes], strangers.Make],
    pps: float,
    sender: type[strangers.Sender] = strangers.Sender,
) -> Done:
    """A sender at a drawn desk; `{at}` in the text is its port."""
    switch, port = _desk(scene)
    mac = frames.made_by(LAPTOP_OUI, scene.rng.randbytes(3))
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    card = sender(engine, f"{kind}-{scene.number}", mac, speed, pps, make(mac))
    return _at(scene, switch, port, card, (kind,), text)


def _desk(scene: Scene) -> tuple[SoftSwitch, SwitchPort]:
    switch = scene.pick_switch()
    (port,) = scene.pick_ports(switch, 1, prefer="any")
    return switch, port


def _at(  # noqa: PLR0917 - what, where, how
    scene: Scene,
    switch: SoftSwitch,
    port: SwitchPort,
    card: Card,
    kinds: tuple[Kind, ...],
    text: str,
) -> Done:
    where = f"{switch.name} {port.short_name}"
    done = Done(switch.name, [port], kinds, text.format(at=where), card.mac)
    scene.occupy(port, card, done)
    return done


def multicast_storm(scene: Scene) -> Done:
    """A camera streams to a group that nobody joined."""
    pps = scene.options.number("pps", 600.0, 1.0, 100_000.0)
    text = f"a camera at {{at}} sends {pps:g} multicasts a second"
    done = _plug(scene, Kind.MULTICAST_STORM, text, strangers.multicasts, pps)
    scene.options.finish("multicast-storm")
    return done


def unknown_unicast_flooding(scene: Scene) -> Done:
    """A backup sends to a machine that says nothing any more."""
    pps = scene.options.number("pps", 600.0, 1.0, 100_000.0)
    unheard = frames.made_by(LAPTOP_OUI, scene.rng.randbytes(3))
    text = f"a machine at {{at}} sends {pps:g} frames a second to a silent station"

    def make(mac: bytes) -> strangers.Make:
        return strangers.unicasts(mac, unheard)

    done = _plug(scene, Kind.UNKNOWN_UNICAST_FLOODING, text, make, pps)
    scene.options.finish("unknown-unicast-flooding")
    return done


def mac_table_overflow(scene: Scene) -> Done:
    """A program makes up source addresses until the switches' tables are full."""
    pps = scene.options.number("pps", 300.0, 1.0, 10_000.0)
    most = int(scene.options.number("addresses", 1500, 1, 20_000))
    rng = Random(scene.rng.random())
    text = f"a program at {{at}} makes up {most} source addresses"

    def make(_mac: bytes) -> strangers.Make:
        return strangers.addresses(rng, most)

    done = _plug(scene, Kind.MAC_TABLE_OVERFLOW, text, make, pps)
    scene.options.finish("mac-table-overflow")
    done.mac = None
    return done


def dhcp_starvation(scene: Scene) -> Done:
    """A program asks for addresses for clients that do not exist."""
    pps = scene.options.number("pps", 40.0, 1.0, 1000.0)
    rng = Random(scene.rng.random())
    text = f"a program at {{at}} asks for {pps:g} leases a second"

    def make(mac: bytes) -> strangers.Make:
        return strangers.discovers(mac, rng)

    done = _plug(scene, Kind.DHCP_STARVATION, text, make, pps)
    scene.options.finish("dhcp-starvation")
    return done


def arp_spoofing(scene: Scene) -> Done:
    """A program tells everybody that it is the gateway."""
    pps = scene.options.number("pps", 4.0, 0.1, 100.0)
    gateways = {h.lease.router for h in scene.campus.hosts if h.lease and h.lease.router}
    if not gateways:
        raise LabError("no PC knows a gateway yet: let lab time pass first")
    ips = tuple(frames.ip_bytes(ip) for ip in sorted(gateways))
    text = f"a program at {{at}} claims {', '.join(sorted(gateways))} {pps:g} times a second"

    def make(mac: bytes) -> strangers.Make:
        return strangers.forged_answers(mac, ips)

    done = _plug(scene, Kind.ARP_SPOOFING, text, make, pps)
    scene.options.finish("arp-spoofing")
    return done


def rogue_router_advertisement(scene: Scene) -> Done:
    """A notebook with Internet sharing switched on calls itself an IPv6 router."""
    pps = scene.options.number("pps", 0.5, 0.01, 10.0)
    text = "a notebook at {at} announces itself as an IPv6 router"
    kind = Kind.ROGUE_ROUTER_ADVERTISEMENT
    done = _plug(scene, kind, text, strangers.advertisements, pps, strangers.Router6)
    scene.options.finish("rogue-router-advertisement")
    return done


def rogue_dhcp6_server(scene: Scene) -> Done:
    """Somebody's router answers DHCPv6."""
    switch, port = _desk(scene)
    scene.options.finish("rogue-dhcp6-server")
    mac = frames.made_by(scene.rng.choice(ROUTER_OUIS), scene.rng.randbytes(3))
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    card = strangers.Dhcp6Server(engine, f"dhcp6-{scene.number}", mac, speed)
    text = "a router at {at} answers DHCPv6"
    return _at(scene, switch, port, card, (Kind.ROGUE_DHCP6_SERVER,), text)


def stp_root_change(scene: Scene) -> Done:
    """Somebody's switch at a desk without BPDU guard becomes root of the spanning tree."""
    switch, port = _desk(scene)
    priority = int(scene.options.number("priority", 0, 0, 61440))
    scene.options.finish("stp-root-change")
    mac = frames.made_by(SWITCH_OUI, scene.rng.randbytes(3))
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    card = StrayBridge(engine, f"switch-{scene.number}", mac, speed, priority=priority)
    text = f"a switch at {{at}} with priority {priority} is root of the spanning tree"
    before = port.bpdu
    port.bpdu = "on"
    done = _at(scene, switch, port, card, (Kind.STP_ROOT_CHANGE,), text)
    done.undo.insert(0, lambda: setattr(port, "bpdu", before))
    return done


def mac_flapping(scene: Scene) -> Done:
    """Two cards with one and the same address: a cloned virtual machine."""
    switch = scene.pick_switch()
    ports = scene.pick_ports(switch, 2)
    pps = scene.options.number("pps", 2.0, 0.1, 100.0)
    scene.options.finish("mac-flapping")
    mac = frames.made_by(LAPTOP_OUI, scene.rng.randbytes(3))
    where = " and ".join(p.short_name for p in ports)
    text = f"two machines with one address, {frames.mac_text(mac)}, at {switch.name} {where}"
    done = Done(switch.name, ports, (Kind.MAC_FLAPPING,), text, mac)
    engine, speed = scene.campus.engine, scene.campus.topology.speeds_bps.desk
    for number, port in enumerate(ports):
        say = strangers.hellos(mac, frames.ip_bytes(f"10.10.77.{number + 1}"))
        card = strangers.Sender(engine, f"clone-{scene.number}-{number}", mac, speed, pps, say)
        scene.occupy(port, card, done)
    return done


def dhcp_pool_exhausted(scene: Scene) -> Done:
    """All addresses are leased: last week's visitors still hold theirs."""
    servers = [s for s in scene.campus.stations if isinstance(s, DhcpHost)]
    if not servers:
        raise LabError("this topology has no DHCP server")
    chosen = scene.rng.choice(servers)
    scene.options.finish("dhcp-pool-exhausted")
    name, interface = scene.campus.home(chosen.name)
    port = scene.campus.switch(name).soft_port(interface)
    text = f"{chosen.name} has no address left"
    done = Done(name, [port], (Kind.DHCP_POOL_EXHAUSTED,), text, chosen.mac)
    before = dict(chosen.server.leases)
    for server in servers:
        server.server.lease_all(scene.rng)
    done.undo.append(lambda: setattr(chosen.server, "leases", before))
    return done
