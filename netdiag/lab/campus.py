"""A running practice network: the simulator's data plane with its hosts, incidents and cables.

`build` puts the topology together at lab time 0; time moves in `run_until` alone. The same
topology, seed and calls give the same bytes and counters.

In-band management: a switch is reachable while frames of the management VLAN can go from the core
port of the operations centre to the switch and back, over links that are up and forward, and while
no queue on the way is full at that moment (a full queue would discard the frame: this is how a storm
makes management lossy before it makes it impossible).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv4Interface
from random import Random
from typing import Any

from netdiag.errors import UsageError
from netdiag.lab import blueprint, frames
from netdiag.lab.blueprint import Topology, load
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.dhcp import Pool
from netdiag.lab.hosts import Card, DhcpHost, Host
from netdiag.lab.incidents import Incidents, Injected
from netdiag.lab.models import model_for
from netdiag.lab.soft import Engine, Port, connect, disconnect
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import AuthorizedDhcpServer

__all__ = ["Campus", "Injected", "Topology", "build", "load"]

_SWITCH_OUI = "00:1b:54"
_DATAGRAM = bytes(120)
"""A question or an answer of SNMP, as long as they are: what a bad cable may break."""
_SERVER_OUI = "18:66:da"
_PC_OUIS = ("18:66:da", "3c:52:82", "54:e1:ad", "d8:9e:f3")


def build(topology: Topology, seed: int = 0) -> Campus:
    """The network, cabled and switched on at lab time 0."""
    campus = Campus(topology, seed)
    for place in topology.trunks:
        campus.cable(*place.between)
    for host in campus.stations:
        campus.cable_station(host)
    return campus


class Campus:
    """The simulator as `dataplane.Dataplane`, with what only a practice network can do."""

    breaks_frames = True
    """A wire's faults can be injected: see `lab.faults`."""

    def __init__(self, topology: Topology, seed: int) -> None:
        self.topology = topology
        self.seed = seed
        self.engine = self.make_engine()
        self._listeners: list[Callable[[SwitchEvent, bool], None]] = []
        self._homes: dict[str, tuple[str, str]] = {}
        self._desks: dict[tuple[str, str], str] = {}
        self._switches = {name: self._switch(name) for name in topology.switches}
        self._stations: dict[str, Card] = {}
        self._add_stations()
        self._configure_trunks()
        self.incidents = Incidents(self)

    # --- putting it together ---

    def make_engine(self) -> Engine:
        """What moves time and frames."""
        return Engine()

    def make_switch(self, name: str, mac: bytes, **plan: Any) -> SoftSwitch:
        """One switch of this data plane."""
        return SoftSwitch(self.engine, name, mac, **plan)

    def rng(self, purpose: str) -> Random:
        """Randomness of its own for each purpose, so that one more draw here changes nothing there."""
        return Random(f"{self.seed}/{purpose}")

    def mac_of(self, name: str, oui: str) -> bytes:
        """A MAC of that maker that only depends on the name."""
        return frames.made_by(oui, hashlib.sha256(name.encode()).digest()[:3])

    def _switch(self, name: str) -> SoftSwitch:
        plan, topology = self.topology.switches[name], self.topology
        # Its ports take the addresses that follow its own, so the last octet starts at 0.
        mac = frames.mac_bytes(plan.mac) if plan.mac else self.mac_of(name, _SWITCH_OUI)[:5] + b"\0"
        switch = self.make_switch(
            name,
            mac,
            ports=plan.ports,
            rate_bps=topology.speeds_bps.desk,
            vlans=topology.vlans,
            stp_priority=plan.stp_priority,
            storm_interval_s=topology.storm_interval_s,
            recovery_s=topology.err_disable_recovery_s,
        )
        switch.area, switch.role = plan.area, plan.role
        switch.discovery.enabled = plan.lldp
        switch.description = model_for(plan.role).sys_descr[:500]
        for vlan, address in plan.addresses.items():
            switch.add_svi(vlan, *_split(address), None)
        switch.management_ip, mask = _split(plan.management_ip)
        switch.add_svi(topology.management.vlan, switch.management_ip, mask, plan.gateway)
        switch.hear = self._said
        switch.path_alive = partial(self.path_alive, switch)
        self._configure_desks(switch, plan)
        switch.start(self.rng(f"phase/{name}").uniform(0.0, 1.0))
        return switch

    def _configure_desks(self, switch: SoftSwitch, plan: blueprint.SwitchPlan) -> None:
        if plan.desks is None:
            return
        first, last = plan.desks.ports
        for number in range(first, last + 1):
            port = switch.soft_port(blueprint.interface_name(number))
            label = blueprint.desk_label(plan.desks, number)
            switch.set_access_vlan(port.name, plan.desks.vlan)
            port.bpdu = plan.desks.bpdu
            port.alias = f"desk {label}"
            self._desks[(switch.name, port.name)] = label

    def _configure_trunks(self) -> None:
        for trunk in self.topology.trunks:
            for here, there in (trunk.between, trunk.between[::-1]):
                port = self.place(here)
                far, far_interface = blueprint.split_place(there)
                self.switch(port.owner.name).set_trunk(port.name, trunk.vlans)
                port.set_rate(self.topology.speeds_bps.trunk)
                port.alias = f"to {far} {far_interface}"
                port.storm_control_pps = trunk.storm_control_pps.get(port.owner.name)

    def _add_stations(self) -> None:
        speeds = self.topology.speeds_bps
        for name, server in self.topology.dhcp_servers.items():
            mac = self._attached_mac(name, server)
            host = DhcpHost(
                self.engine, name, mac, speeds.trunk, rng=self.rng(name), pool=pool_of(server)
            )
            host.configure(*_split(server.ip), server.gateway)
            self._add(host, *blueprint.split_place(server.at), vlan=server.vlan)
        for name, sensor in self.topology.sensors.items():
            card = Card(self.engine, name, self._attached_mac(name, sensor), speeds.trunk)
            self._add(
                card, *blueprint.split_place(sensor.at), vlan=sensor.vlan, tagged=sensor.tagged
            )
        index = 0
        for switch, plan in self.topology.switches.items():
            for number in _station_ports(plan):
                name = blueprint.station_name(plan, switch, number)
                mac = self.mac_of(name, _PC_OUIS[index % len(_PC_OUIS)])
                # About half of all PCs ask for broadcast answers, as Windows does.
                pc = Host(
                    self.engine, name, mac, speeds.desk, self.rng(name), broadcast=index % 2 == 0
                )
                self._add(pc, switch, blueprint.interface_name(number))
                index += 1

    def _attached_mac(self, name: str, plan: blueprint.Attached) -> bytes:
        return frames.mac_bytes(plan.mac) if plan.mac else self.mac_of(name, _SERVER_OUI)

    def _add(
        self,
        card: Card,
        switch: str,
        interface: str,
        vlan: int | None = None,
        tagged: Sequence[int] = (),
    ) -> None:
        port = self.switch(switch).soft_port(interface)
        if tagged:
            self.switch(switch).set_trunk(interface, tagged, native=vlan)
        elif vlan is not None:
            self.switch(switch).set_access_vlan(interface, vlan)
        if card.kind != "pc":
            port.alias = f"{card.kind} {card.name}"
        port.set_rate(card.port.rate_bps)
        self._stations[card.name] = card
        self._homes[card.name] = (switch, interface)

    # --- who is there ---

    @property
    def stations(self) -> tuple[Card, ...]:
        """Everything with a network card that belongs here: PCs, servers, sensors."""
        return tuple(self._stations.values())

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The PCs."""
        return tuple(card for card in self._stations.values() if isinstance(card, Host))

    @property
    def dhcp_servers(self) -> tuple[AuthorizedDhcpServer, ...]:
        """Those that may answer, as an inventory lists them."""
        return tuple(
            AuthorizedDhcpServer(
                str(IPv4Interface(plan.ip).ip),
                frames.mac_text(self._stations[name].mac),
                (plan.vlan,),
            )
            for name, plan in self.topology.dhcp_servers.items()
        )

    def station(self, name: str) -> Card:
        """The station of that name; `UsageError` names no such one."""
        try:
            return self._stations[name]
        except KeyError:
            raise UsageError(f"the practice network has no station {name!r}") from None

    def host(self, name: str) -> Host:
        """The PC of that name."""
        found = self.station(name)
        if not isinstance(found, Host):
            raise UsageError(f"{name} is a {found.kind}, not a PC")
        return found

    def home(self, station: str) -> tuple[str, str]:
        """(switch, interface) of the wall socket where a station belongs."""
        return self._homes[station]

    def switch(self, name: str) -> SoftSwitch:
        """The switch of that name."""
        try:
            return self._switches[name]
        except KeyError:
            known = ", ".join(self._switches)
            raise UsageError(f"the practice network has no switch {name!r}: {known}") from None

    def place(self, place: str) -> SwitchPort:
        """The port of `core-1 GigabitEthernet1/0/3`."""
        switch, interface = blueprint.split_place(place)
        return self.switch(switch).soft_port(interface)

    def desks(self, switch: str) -> tuple[tuple[str, str], ...]:
        """(interface, label) of every wall socket of a switch."""
        return tuple((port, label) for (at, port), label in self._desks.items() if at == switch)

    # --- cables ---

    def cable(self, here: str, there: str) -> None:
        """A cable between two switch ports, written as in the topology file."""
        connect(self.place(here), self.place(there))

    def cable_station(self, card: Card) -> None:
        """Plugs a station into its own wall socket."""
        switch, interface = self.home(card.name)
        self.plug(switch, interface, card.port)

    def plug(self, switch: str, interface: str, far: Port) -> None:
        """Plugs something into a free wall socket; both ends run at the slower speed."""
        port = self.switch(switch).soft_port(interface)
        if port.peer is not None:
            raise UsageError(f"{switch} {interface} has a cable already: unplug it first")
        connect(port, far)

    def unplug(self, switch: str, interface: str) -> Port | None:
        """Pulls out whatever is in that port; returns the end that now hangs loose."""
        return disconnect(self.switch(switch).soft_port(interface))

    # --- the data plane's protocol ---

    def now(self) -> float:
        return self.engine.now

    def switches(self) -> Sequence[SoftSwitch]:
        return tuple(self._switches.values())

    def subscribe(self, hear: Callable[[SwitchEvent, bool], None]) -> None:
        self._listeners.append(hear)

    def tap(self, node: str, hear: Callable[[float, bytes], None]) -> Callable[[], None]:
        return self.station(node).tap(hear)

    def send(self, node: str, frame: bytes) -> None:
        if not 14 <= len(frame) <= 1518:
            raise UsageError(f"a frame has 14 to 1518 octets without its FCS, not {len(frame)}")
        self.station(node).send_raw(frame)

    def run_until(self, at: float) -> None:
        self.engine.run_until(at)

    # --- incidents and users ---

    def inject(self, kind: str, seed: int = 0, **options: object) -> Injected:
        """Makes something go wrong; what, where and with which address is in the answer."""
        return self.incidents.inject(kind, seed, options)

    def revert(self, injected: Injected) -> None:
        """Takes its cause away again; ports that protections closed stay closed, as in life."""
        self.incidents.revert(injected)

    def ping(self, host: str, ip: str, timeout_s: float = 1.0) -> bool:
        """One echo request; moves lab time on until it is answered or given up."""
        ping = self.host(host).ping(ip, timeout_s)
        end = self.now() + timeout_s
        while ping.answered is None and self.now() < end:
            self.run_until(min(end, self.now() + 0.01))
        return bool(ping.answered)

    def status(self) -> dict[str, object]:
        """The network in plain values, for people and JSON."""
        return {
            "now": self.now(),
            "frames": self.engine.events,
            "switches": [self._switch_status(switch) for switch in self.switches()],
            "hosts": [self._host_status(host) for host in self.hosts],
            "incidents": [injected.truth for injected in self.incidents.active],
        }

    @staticmethod
    def _switch_status(switch: SoftSwitch) -> dict[str, object]:
        return {
            "name": switch.name,
            "reachable": switch.reachable(),
            "ports_up": sum(port.up for port in switch.switch_ports),
            "err_disabled": {
                port.name: port.err_disabled for port in switch.switch_ports if port.err_disabled
            },
        }

    def _host_status(self, host: Host) -> dict[str, object]:
        switch, interface = self.home(host.name)
        lease = host.lease
        return {
            "name": host.name,
            "mac": frames.mac_text(host.mac),
            "switch": switch,
            "interface": interface,
            "link": host.port.up,
            "ip": host.ip,
            "gateway": lease.router if lease else None,
            "dhcp_server": lease.server if lease else None,
            "gateway_answers": host.gateway_answers,
        }

    # --- in-band management ---

    def _said(self, event: SwitchEvent) -> None:
        if not self._listeners:
            return
        delivered = self.path_alive(self.switch(event.switch), both_ways=False)
        for hear in tuple(self._listeners):
            hear(event, delivered)

    def path_alive(self, goal: SoftSwitch, *, both_ways: bool = True) -> bool:
        """A frame of the operations centre gets to that switch and back now.

        A datagram is as easily lost as any frame; without `both_ways` it need not come back.
        """
        return goal.name in self.reached(goal, both_ways=both_ways)

    def reached(self, goal: SoftSwitch | None = None, *, both_ways: bool = True) -> set[str]:
        """Breadth first from the operations centre, over what forwards the management VLAN now.

        Every switch that it reaches, or those up to `goal`.
        """
        start = self.station(self.topology.management.start).port
        if not start.up or not isinstance(start.peer, SwitchPort):
            return set()
        first = self.switch(start.peer.owner.name)
        queue, seen = [first], {first.name}
        for switch in queue:
            if switch is goal:
                break
            for port in switch.switch_ports:
                far = port.peer
                if not isinstance(far, SwitchPort) or far.owner.name in seen:
                    continue
                if self._passes(switch, port, far, both_ways=both_ways):
                    seen.add(far.owner.name)
                    queue.append(self.switch(far.owner.name))
        return seen

    def _passes(
        self, switch: SoftSwitch, port: SwitchPort, far: SwitchPort, *, both_ways: bool
    ) -> bool:
        """A small frame of the management VLAN gets from `far` to `port`, and the other way."""
        vlan = self.topology.management.vlan
        if not (switch.carries(port, vlan) and self.switch(far.owner.name).carries(far, vlan)):
            return False
        if far.full() or (port.impair is not None and not port.impair(_DATAGRAM)):
            return False
        if not both_ways:
            return True
        return not port.full() and (far.impair is None or far.impair(_DATAGRAM))


def _split(address: str) -> tuple[str, str]:
    found = IPv4Interface(address)
    return str(found.ip), str(found.netmask)


def _station_ports(plan: blueprint.SwitchPlan) -> range:
    return range(plan.stations.ports[0], plan.stations.ports[1] + 1) if plan.stations else range(0)


def pool_of(plan: blueprint.DhcpPlan) -> Pool:
    """What that server gives out."""
    return Pool(
        plan.pool[0], plan.pool[1], _split(plan.ip)[1], plan.gateway, tuple(plan.dns), plan.lease_s
    )
