"""What can go wrong in the practice network, done as people do it: by plugging, pulling and typing.

`inject` draws the place from its seed unless an option names it, and answers with the truth, which
is what a diagnosis is held against. Options may be texts, as a command line gives them. Each
incident leaves its undo; an undo removes the cause, not what protections did about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from netdiag.errors import LabError, UsageError
from netdiag.lab import frames
from netdiag.lab.hosts import Card, DhcpHost, Host, Jabber, Printer, StrayBridge
from netdiag.lab.router import HomeRouter
from netdiag.lab.soft import Port, connect, disconnect
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import Kind
from netdiag.names import long_name

if TYPE_CHECKING:
    from netdiag.lab.campus import Campus

_TP_LINK = "50:c7:bf"
_ROUTER_OUIS = (_TP_LINK, "9c:3d:cf", "04:d9:f5", "1c:7e:e5", "c8:3a:35")
_PRINTER_OUI = "00:1b:a9"
_SWITCH_OUI = "00:14:6c"
_LAPTOP_OUI = "3c:a9:f4"


@dataclass(frozen=True, slots=True)
class Injected:
    """The truth of one incident."""

    number: int
    kind: str
    """What was asked for."""
    seed: int
    at: float
    """Lab time."""
    device: str
    interface: str
    """The port at which it is to be found and stopped."""
    interfaces: tuple[str, ...]
    """All of them, `interface` first."""
    mac: str | None
    """The culprit's address, where it has one."""
    kinds: tuple[str, ...]
    """The kinds (contract: "Kinds") under which it shows, the main one first."""
    also: tuple[tuple[str, str], ...]
    """(device, interface) of far ends that belong to it, e.g. the other end of a cut cable."""
    desks: tuple[str, ...]
    """The labels of the wall sockets, in the order of `interfaces`."""
    description: str
    options: tuple[tuple[str, str], ...]

    @property
    def truth(self) -> dict[str, object]:
        """The same in plain values, in the contract's words: `kind` and `also` are finding kinds."""
        return {
            "number": self.number,
            "incident": self.kind,
            "kind": self.kinds[0],
            "also": list(self.kinds[1:]),
            "seed": self.seed,
            "at": self.at,
            "device": self.device,
            "interface": self.interface,
            "interfaces": list(self.interfaces),
            "mac": self.mac,
            "kinds": list(self.kinds),
            "far_ends": [list(end) for end in self.also],
            "desks": list(self.desks),
            "description": self.description,
            "options": dict(self.options),
        }


@dataclass(slots=True)
class _Done:
    """What one incident did, before it is told."""

    device: str
    ports: list[SwitchPort]
    kinds: tuple[Kind, ...]
    description: str
    mac: bytes | None = None
    also: tuple[tuple[str, str], ...] = ()
    undo: list[Callable[[], object]] = field(default_factory=list)


class _Options:
    """The options of one call: each is taken once, and what is left over is an error."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._left = dict(given)
        self.taken: dict[str, str] = {}

    def take(self, name: str, default: object) -> str:
        value = self._left.pop(name, default)
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        text = "" if value is None else str(value)
        self.taken[name] = text
        return text

    def number(self, name: str, default: float, least: float, most: float) -> float:
        text = self.take(name, default)
        try:
            value = float(text)
        except ValueError:
            raise UsageError(f"option {name}: {text!r} is not a number") from None
        if not least <= value <= most:
            raise UsageError(f"option {name}: {text} is not between {least:g} and {most:g}")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.take(name, default)
        if text not in choices:
            raise UsageError(f"option {name}: {text!r} is none of {', '.join(choices)}")
        return text

    def flag(self, name: str) -> bool:
        """True for `true`, `yes`, `1`."""
        return self.choice(
            name, "false", ("false", "true", "no", "yes", "0", "1", "False", "True")
        ).lower() in ("true", "yes", "1")

    def finish(self, known: str) -> None:
        if self._left:
            raise UsageError(
                f"{known} has no option {sorted(self._left)[0]!r}: {', '.join(self.taken)}"
            )


class Incidents:
    """Injects and takes back, on one campus."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._number = 0
        self._active: dict[int, tuple[Injected, list[Callable[[], object]]]] = {}
        self._make: Mapping[str, Callable[[Random, _Options], _Done]] = {
            "home-router": self._home_router,
            "layer2-loop": self._loop,
            "broadcast-storm": self._jabber,
            "rogue-dhcp-server": self._rogue_dhcp,
            "dhcp-server-down": self._dhcp_down,
            "admin-down-port": self._admin_down,
            "duplicate-address": self._duplicate,
            "uplink-down": self._uplink_down,
            "err-disabled-port": self._err_disabled,
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """What `inject` knows."""
        return tuple(self._make)

    @property
    def active(self) -> tuple[Injected, ...]:
        """What has been injected and not taken back, oldest first."""
        return tuple(injected for injected, _ in self._active.values())

    def inject(self, kind: str, seed: int, given: Mapping[str, object]) -> Injected:
        """Does it now; `UsageError` for a kind or an option that is not known."""
        make = self._make.get(kind)
        if make is None:
            raise UsageError(f"no incident is called {kind!r}: {', '.join(self._make)}")
        options = _Options(given)
        self._number += 1
        done = make(Random(f"{seed}/{kind}"), options)
        labels = dict(self._campus.desks(done.device))
        names = tuple(port.name for port in done.ports)
        injected = Injected(
            number=self._number,
            kind=kind,
            seed=seed,
            at=self._campus.now(),
            device=done.device,
            interface=names[0],
            interfaces=names,
            mac=frames.mac_text(done.mac) if done.mac else None,
            kinds=tuple(k.value for k in done.kinds),
            also=done.also,
            desks=tuple(labels[name] for name in names if name in labels),
            description=done.description,
            options=tuple(options.taken.items()),
        )
        self._active[injected.number] = (injected, done.undo)
        return injected

    def revert(self, injected: Injected) -> None:
        """Runs its undo, last thing first; a second time is an error."""
        found = self._active.pop(injected.number, None)
        if found is None:
            raise LabError(f"incident {injected.number} ({injected.kind}) is not active")
        for undo in reversed(found[1]):
            undo()

    # --- places ---

    def _pick_switch(self, rng: Random, options: _Options) -> SoftSwitch:
        with_desks = [s.name for s in self._campus.switches() if self._campus.desks(s.name)]
        if not with_desks:
            raise LabError("no switch of this topology has desks")
        drawn = rng.choice(with_desks)
        name = options.take("switch", drawn)
        if name not in with_desks:
            raise UsageError(f"option switch: {name!r} is none of {', '.join(with_desks)}")
        return self._campus.switch(name)

    def _pick_ports(
        self, rng: Random, options: _Options, switch: SoftSwitch, count: int, prefer: str = "any"
    ) -> list[SwitchPort]:
        """`prefer`: free sockets, used ones, or any; drawn from all when there are too few."""
        desks = [switch.soft_port(name) for name, _ in self._campus.desks(switch.name)]
        likely = [p for p in desks if prefer == "any" or (p.peer is None) == (prefer == "free")]
        pool = likely if len(likely) >= count else desks
        if len(pool) < count:
            raise LabError(f"{switch.name} has {len(pool)} desks, and this needs {count}")
        drawn = ",".join(port.short_name for port in rng.sample(pool, count))
        text = options.take("ports", drawn)
        names = [long_name(part) for part in text.split(",") if part.strip()]
        if len(set(names)) != count:
            raise UsageError(f"option ports: {count} different ports are needed, not {text!r}")
        for name in names:
            if switch.soft_port(name) not in desks:
                raise UsageError(f"option ports: {name} of {switch.name} is no desk's port")
        return [switch.soft_port(name) for name in names]

    def _clear(self, port: SwitchPort, done: _Done) -> Port | None:
        """Pulls out what is there; the undo puts it back where it was."""
        far = disconnect(port)
        if far is not None:
            done.undo.append(partial(_replug, port, far))
        return far

    def _occupy(self, port: SwitchPort, card: Card, done: _Done) -> Port | None:
        far = self._clear(port, done)
        connect(port, card.port)
        done.undo.append(partial(disconnect, card.port))
        return far

    # --- the incidents ---

    def _home_router(self, rng: Random, options: _Options) -> _Done:
        cables = int(options.number("cables", 2, 1, 2))
        delay = options.number("delay", 3.0, 0.0, 86_400.0)
        return self._router(rng, options, cables=cables, delay=delay, oui=_TP_LINK)

    def _rogue_dhcp(self, rng: Random, options: _Options) -> _Done:
        return self._router(rng, options, cables=1, delay=0.0, oui=rng.choice(_ROUTER_OUIS))

    def _router(
        self, rng: Random, options: _Options, *, cables: int, delay: float, oui: str
    ) -> _Done:
        campus = self._campus
        switch = self._pick_switch(rng, options)
        ports = self._pick_ports(rng, options, switch, cables)
        copy = options.flag("copy_server_id")
        options.finish("this incident")
        servers = campus.dhcp_servers
        router = HomeRouter(
            campus.engine,
            f"router-{self._number}",
            frames.made_by(oui, rng.randbytes(3)),
            campus.topology.speeds_bps.desk,
            Random(f"{campus.seed}/{rng.random()}"),
            server_id=servers[0].ip if copy and servers else None,
        )
        loop = (Kind.LAYER2_LOOP,) if cables == 2 else ()
        how = "two cables into" if cables == 2 else "one cable into"
        where = " and ".join(port.short_name for port in ports)
        done = _Done(
            switch.name,
            ports,
            (*loop, Kind.ROGUE_DHCP_SERVER),
            f"someone's home router (DHCP server {frames.ip_text(router.server.identifier)}) "
            f"has {how} {switch.name}: {where}",
            router.mac,
        )
        self._plug_router(router, 0, ports[0], done)
        for index, port in enumerate(ports[1:], 1):
            pending = partial(self._plug_later, router, index, port, done)
            campus.engine.after(delay, pending)
        done.undo.append(partial(_retire, router))
        return done

    def _plug_router(self, router: HomeRouter, index: int, port: SwitchPort, done: _Done) -> None:
        """A PC that sat at that desk goes into the router, as its owner wants to go on working."""
        pc = self._clear(port, done)
        connect(port, router.sockets[index])
        done.undo.append(partial(disconnect, router.sockets[index]))
        behind = router.sockets[2 + index]
        if pc is not None and behind.peer is None:
            connect(behind, pc)
            done.undo.append(partial(disconnect, behind))

    def _plug_later(self, router: HomeRouter, index: int, port: SwitchPort, done: _Done) -> None:
        if router.server.running:
            self._plug_router(router, index, port, done)

    def _loop(self, rng: Random, options: _Options) -> _Done:
        switch = self._pick_switch(rng, options)
        one, other = ports = self._pick_ports(rng, options, switch, 2, prefer="free")
        options.finish("layer2-loop")
        text = f"a patch cable joins {one.short_name} and {other.short_name} of {switch.name}"
        done = _Done(switch.name, ports, (Kind.LAYER2_LOOP,), text)
        self._clear(one, done)
        self._clear(other, done)
        connect(one, other)
        done.undo.append(partial(disconnect, one))
        return done

    def _jabber(self, rng: Random, options: _Options) -> _Done:
        switch = self._pick_switch(rng, options)
        (port,) = ports = self._pick_ports(rng, options, switch, 1, prefer="used")
        pps = options.number("pps", 800.0, 1.0, 100_000.0)
        options.finish("broadcast-storm")
        owner = port.peer.owner if port.peer is not None else None
        mac = (
            owner.mac if isinstance(owner, Card) else frames.made_by(_LAPTOP_OUI, rng.randbytes(3))
        )
        speed = self._campus.topology.speeds_bps.desk
        card = Jabber(self._campus.engine, f"jabber-{self._number}", mac, speed, pps)
        text = (
            f"a network card at {switch.name} {port.short_name} sends {pps:g} broadcasts a second"
        )
        done = _Done(switch.name, ports, (Kind.BROADCAST_STORM,), text, mac)
        self._occupy(port, card, done)
        return done

    def _dhcp_down(self, rng: Random, options: _Options) -> _Done:
        how = options.choice("how", "service", ("service", "cable"))
        servers = [card for card in self._campus.stations if isinstance(card, DhcpHost)]
        if not servers:
            raise LabError("this topology has no DHCP server")
        host = rng.choice(servers)
        options.finish("dhcp-server-down")
        switch, interface = self._campus.home(host.name)
        port = self._campus.switch(switch).soft_port(interface)
        what = "is unplugged" if how == "cable" else "has stopped its service"
        done = _Done(
            switch, [port], (Kind.DHCP_SERVER_DOWN,), f"DHCP server {host.name} {what}", host.mac
        )
        if how == "cable":
            self._clear(port, done)
        else:
            host.server.running = False
            done.undo.append(lambda: setattr(host.server, "running", True))
        return done

    def _admin_down(self, rng: Random, options: _Options) -> _Done:
        switch = self._pick_switch(rng, options)
        (port,) = ports = self._pick_ports(rng, options, switch, 1, prefer="used")
        options.finish("admin-down-port")
        mac = _mac_at(port)
        switch.set_admin(port.name, up=False)
        text = f"someone has shut {switch.name} {port.short_name} and forgotten it"
        done = _Done(switch.name, ports, (Kind.ADMIN_DOWN_PORT,), text, mac)
        done.undo.append(lambda: switch.set_admin(port.name, up=True))
        return done

    def _duplicate(self, rng: Random, options: _Options) -> _Done:
        campus = self._campus
        switch = self._pick_switch(rng, options)
        (port,) = ports = self._pick_ports(rng, options, switch, 1, prefer="free")
        there = [h.name for h in campus.hosts if h.ip and h.port.up and h.port.peer is not port]
        if not there:
            raise LabError("no PC has an address yet: let lab time pass first")
        victim = campus.host(options.take("victim", rng.choice(there)))
        options.finish("duplicate-address")
        lease = victim.lease
        if lease is None:
            raise LabError(f"{victim.name} has no address to double")
        mac = frames.made_by(_PRINTER_OUI, rng.randbytes(3))
        printer = Printer(
            campus.engine, f"printer-{self._number}", mac, campus.topology.speeds_bps.desk,
            Random(rng.random()),
        )  # fmt: skip
        printer.configure(lease.ip, lease.mask, lease.router)
        text = (
            f"a printer at {switch.name} {port.short_name} has {victim.name}'s address {lease.ip}"
        )
        done = _Done(
            switch.name, ports, (Kind.DUPLICATE_ADDRESS,), text, mac, (campus.home(victim.name),)
        )
        self._occupy(port, printer, done)
        return done

    def _uplink_down(self, rng: Random, options: _Options) -> _Done:
        switch = self._pick_switch(rng, options)
        options.finish("uplink-down")
        trunks = [
            (port, port.peer)
            for port in switch.switch_ports
            if isinstance(port.peer, SwitchPort) and port.up
        ]
        if not trunks:
            raise LabError(f"{switch.name} has no uplink that is up")
        port, far = trunks[0]
        upstream: SoftSwitch = self._campus.switch(far.owner.name)
        text = f"the cable from {upstream.name} {far.short_name} to {switch.name} {port.short_name} is cut"
        done = _Done(
            upstream.name, [far], (Kind.UPLINK_DOWN,), text, also=((switch.name, port.name),)
        )
        self._clear(far, done)
        return done

    def _err_disabled(self, rng: Random, options: _Options) -> _Done:
        switch = self._pick_switch(rng, options)
        (port,) = ports = self._pick_ports(rng, options, switch, 1, prefer="used")
        causes = ("bpduguard", "psecure-violation")
        cause = options.choice("cause", rng.choice(causes), causes)
        options.finish("err-disabled-port")
        if cause == "bpduguard":
            kinds = (Kind.ERR_DISABLED_PORT, Kind.BPDU_GUARD_VIOLATION)
            text = (
                f"someone's own switch is in {switch.name} {port.short_name}, which has BPDU guard"
            )
        else:
            kinds = (Kind.ERR_DISABLED_PORT, Kind.PORT_SECURITY_VIOLATION)
            text = f"a visitor's laptop is in {switch.name} {port.short_name}, which allows one address"
        done = _Done(switch.name, ports, kinds, text)
        done.undo.append(partial(_restore_guards, port, port.bpdu))
        card = self._guarded(port, cause, rng)
        done.mac = card.mac
        self._occupy(port, card, done)
        return done

    def _guarded(self, port: SwitchPort, cause: str, rng: Random) -> Card:
        """Configures the protection on the port, and the device that will trip it."""
        engine, speed = self._campus.engine, self._campus.topology.speeds_bps.desk
        if cause == "bpduguard":
            port.bpdu = "guard"
            mac = frames.made_by(_SWITCH_OUI, rng.randbytes(3))
            return StrayBridge(engine, f"switch-{self._number}", mac, speed)
        # A sticky address: it stays when the PC is pulled out.
        port.secure_maximum = 1
        port.secure_macs[:] = [_mac_at(port) or frames.mac_bytes("02:00:00:00:00:01")]
        mac = frames.made_by(_LAPTOP_OUI, rng.randbytes(3))
        name = f"laptop-{self._number}"
        return Host(engine, name, mac, speed, Random(rng.random()), broadcast=False)


def _mac_at(port: SwitchPort) -> bytes | None:
    owner = port.peer.owner if port.peer is not None else None
    return owner.mac if isinstance(owner, Card) else None


def _replug(port: SwitchPort, far: Port) -> None:
    if port.peer is None and far.peer is None:
        connect(port, far)


def _retire(router: HomeRouter) -> None:
    """Switched off: it answers nothing, and its second cable is never plugged in."""
    router.server.running = False


def _restore_guards(port: SwitchPort, bpdu: str) -> None:
    port.bpdu = bpdu
    port.secure_maximum = None
    port.secure_macs.clear()
