"""One switch of the kernel: a namespace with a bridge for each VLAN, under the simulator's own agent.

What it says of itself is read from the kernel when asked: counters, learned addresses, ARP, links,
spanning tree. Its protections (storm-control, BPDU guard, port security, the flap notice) are the
simulator's `Guards`, fed with what the kernel counts and tells. A device that somebody puts into a
bridge by hand is a port too: `Gi1-0-9` is that port, any other name takes the next free one, whose
description then names it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from netdiag.lab import frames
from netdiag.lab.dataplane import ArpView, MacView, PortView
from netdiag.lab.kernel.namespaces import route_socket
from netdiag.lab.kernel.netlink import AF_BRIDGE, GROUP_NEIGH, Link, messages, read_neighbour
from netdiag.lab.kernel.packets import RESERVED, Counter
from netdiag.lab.kernel.wired import Lane, Wired
from netdiag.lab.switch import Learned, SoftSwitch, SwitchPort

if TYPE_CHECKING:
    from netdiag.lab.kernel.engine import KernelEngine

_FRESH_S = 0.2
_FCS = 4
_NEWS_AT_ONCE = 50
_NEWS_PAUSE_S = 0.1
# "Gi1-0-7", "Gi1-0-24.10"
_DEVICE = re.compile(r"^Gi1-0-(\d{1,2})(?:\.(\d{1,4}))?$")


class KernelPort(Wired, SwitchPort):
    """A port whose lanes are members of the switch's bridges."""

    __slots__ = ("cleared", "counters", "lanes", "settled")

    def __init__(self, engine: Any, owner: KernelSwitch, number: int, rate_bps: int) -> None:
        super().__init__(engine, owner, number, rate_bps)
        self.lanes = {}
        self.counters: dict[str, tuple[int, ...]] = {}
        """What lanes counted that are gone."""
        self.settled = True
        """Nothing of our own doing is under way: what happens is somebody's hand."""
        self.cleared = False
        """Somebody's hand took it down."""

    @property
    def tags(self) -> tuple[int, ...]:
        return self.trunk_vlans

    @property
    def untagged(self) -> bool:
        return self.access_vlan is not None or self.native_vlan is not None

    def device(self, vlan: int | None) -> str:
        name = f"Gi1-0-{self.number}"
        return name if vlan is None else f"{name}.{vlan}"

    def address(self) -> bytes:
        return self.mac_octets

    def bridge_of(self, vlan: int | None) -> int | None:
        """The VLAN whose bridge a lane belongs to; `None`: to none."""
        if vlan is None:
            return self.access_vlan if self.access_vlan is not None else self.native_vlan
        return vlan if self.access_vlan is None and vlan in self.trunk_vlans else None

    @property
    def switch(self) -> KernelSwitch:
        return cast("KernelSwitch", self.owner)

    def expect(self, *, done: bool = False) -> None:
        self.settled = done

    def prepare(self, lane: Lane) -> None:
        self.switch.count(lane)
        self.switch.filter_bpdus(self, lane)

    def apply(self) -> None:
        # Half of what is about to be heard is our own doing: it is nobody's hand.
        self.settled = False
        self.switch.join(self, up=self.enabled)
        self.switch.room.drain()
        self.settled = True

    def follow(self) -> None:
        self.switch.followed(self)
        super().follow()


class Taps:
    """The four counters of one device: broadcasts and other group frames, in and out."""

    def __init__(self, interface: str) -> None:
        self._counters = [
            Counter(interface, outgoing=outgoing, broadcast=broadcast)
            for outgoing in (False, True)
            for broadcast in (True, False)
        ]

    def read(self) -> tuple[int, int, int, int]:
        """(broadcasts in, group frames in, broadcasts out, group frames out)."""
        a, b, c, d = (counter.read() for counter in self._counters)
        return a, b, c, d

    def close(self) -> None:
        for counter in self._counters:
            counter.close()


class KernelTree:
    """The kernel's own 802.1D, one tree a VLAN, as the agent and the incidents ask for it."""

    def __init__(self, switch: KernelSwitch, priority: int, *, on: bool) -> None:
        self._switch, self.priority, self.on = switch, priority, on

    def hello(self) -> None:
        """The kernel does it."""

    def link_changed(self, port: Any) -> None:
        """The kernel does it."""

    def receive(self, port: KernelPort, _frame: bytes) -> None:
        """A BPDU came in; the kernel has its copy."""
        if port.bpdu == "guard":
            self._switch.guards.bpdu(port)

    @property
    def root(self) -> tuple[int, bytes]:
        return self.of(self._switch.vlans()[0])[:2]

    @property
    def root_port(self) -> str | None:
        return self.of(self._switch.vlans()[0])[2]

    def of(self, vlan: int) -> tuple[int, bytes, str | None]:
        """(priority, MAC, root port) of that VLAN's tree; zeros where none runs."""
        bridge = self._switch.look().find(bridge_name(vlan))
        if bridge is None or bridge.root is None or not bridge.stp_on:
            return 0, bytes(6), None
        for port in self._switch.switch_ports:
            for lane in port.lanes.values() if isinstance(port, KernelPort) else ():
                link = lane.link
                if (
                    link is not None
                    and link.master == bridge.index
                    and link.port_number == bridge.root_port
                ):
                    return *bridge.root, port.name
        return *bridge.root, None


class KernelSwitch(SoftSwitch):
    """The switch of one namespace."""

    def __init__(
        self, engine: KernelEngine, name: str, mac: bytes, *, stp: bool, **plan: Any
    ) -> None:
        self._kernel = engine
        self.room = engine.room(name, self._foreign, ipv4__ip_forward="1")
        self._bridges: dict[int, int] = {}
        self._taps: dict[str, Taps] = {}
        self._where: dict[tuple[int, bytes], KernelPort] = {}
        self._looked = -1.0
        super().__init__(engine, name, mac, **plan)
        self.stp: Any = KernelTree(self, plan["stp_priority"], on=stp)
        for vlan in plan["vlans"]:
            self._bridge(vlan)
        control = self.room.listen(None, *RESERVED)
        engine.watch(control, lambda: self._hear_control(control))
        news = self.room.within(lambda: route_socket(GROUP_NEIGH))
        news.setblocking(False)  # noqa: FBT003 - the library's own
        engine.watch(news, lambda: self._hear_moves(news))

    def new_port(self, number: int, rate_bps: int) -> SwitchPort:
        return KernelPort(self._kernel, self, number, rate_bps)

    # --- bridges ---

    def _bridge(self, vlan: int) -> int:
        """The index of that VLAN's bridge, made where it is missing."""
        if vlan not in self._bridges:
            tree = self.stp
            self.room.netlink.add_bridge(
                bridge_name(vlan), self.mac_octets, stp=tree.on, priority=tree.priority
            )
            self._bridges[vlan] = self.room.netlink.index_of(bridge_name(vlan))
            self.room.drain()
        return self._bridges[vlan]

    def add_svi(self, vlan: int, ip: str, mask: str, gateway: str | None = None) -> None:
        address, prefix, broadcast = subnet(ip, mask)
        self.room.netlink.add_address(self._bridge(vlan), address, prefix, broadcast)
        if gateway:
            self.room.netlink.add_default_route(self._bridge(vlan), frames.ip_bytes(gateway))

    def join(self, port: KernelPort, *, up: bool | None = None) -> None:
        """Each lane into the bridge of its VLAN, or into none; with `up` also up or down."""
        for vlan, lane in port.lanes.items():
            wanted = port.bridge_of(vlan)
            master: int | None = 0 if wanted is None else self._bridge(wanted)
            if lane.link is None or (lane.link.master or 0) == master:
                master = None
            if lane.link is not None and (master is not None or up is not None):
                self.room.netlink.set_link(lane.name, up=up, master=master)
        self.room.drain()

    def set_access_vlan(self, port: str, vlan: int) -> None:
        super().set_access_vlan(port, vlan)
        self.join(self._mine(port))

    def set_trunk(self, port: str, vlans: Sequence[int], native: int | None = None) -> None:
        super().set_trunk(port, vlans, native)
        self.join(self._mine(port))

    def _mine(self, name: str) -> KernelPort:
        port = self.soft_port(name)
        assert isinstance(port, KernelPort)
        return port

    def _forget(self, port: SwitchPort) -> None:
        self._where = {key: at for key, at in self._where.items() if at is not port}

    def carries(self, port: SwitchPort, vlan: int) -> bool:
        assert isinstance(port, KernelPort)
        bridge = self._bridges.get(vlan)
        return any(
            lane.live
            and lane.link is not None
            and lane.link.master == bridge
            and lane.link.stp_state == "forwarding"
            for lane in port.lanes.values()
        )

    # --- what the kernel tells ---

    def followed(self, port: KernelPort) -> None:
        """A device of that port has changed: by us, by its far end, or by somebody's hand."""
        links = [lane.link for lane in port.lanes.values() if lane.link is not None]
        if not links:
            if port.cleared:  # the last news of a device that goes is that it is down
                port.enabled = port.admin_up = True
                port.cleared = False
            return
        wanted = any(link.up for link in links)
        if wanted != port.enabled and port.settled:
            port.enabled = port.admin_up = wanted
            port.cleared = not wanted
            if wanted:
                port.err_disabled = port.recovers_at = None
        if port.access_vlan is not None:
            vlan = next((v for v, i in self._bridges.items() if i == links[0].master), None)
            if vlan is not None and vlan != port.access_vlan and port.settled:
                port.access_vlan = vlan
        port.stp_state = _worst([link.stp_state or "disabled" for link in links if link.carrier])

    def _foreign(self, link: Link) -> None:
        """A device that no cable of ours made."""
        if link.kind in ("bridge", None):
            vlan = bridge_vlan(link.name)
            if vlan is not None and link.kind == "bridge" and not link.gone:
                self._bridges.setdefault(vlan, link.index)
            return
        if link.gone or link.name == "lo":
            return
        port, vlan = self._port_for(link)
        if port is None:
            return
        lane = Lane(vlan, link.name, port.mac_octets, link)
        self._kernel.adopt(self.name, port, lane)
        self._kernel.bound(self.room, link, port.rate_bps)
        self.room.within(lambda: self.count(lane))
        port.enabled = port.admin_up = link.up
        port.follow()

    def _port_for(self, link: Link) -> tuple[KernelPort | None, int | None]:
        """(the port that a device made by hand stands for, its VLAN tag)."""
        found = _DEVICE.match(link.name)
        if found is not None:
            name = f"GigabitEthernet1/0/{found[1]}"
            port = self._by_name.get(name)
            vlan = int(found[2]) if found[2] else None
            if isinstance(port, KernelPort) and vlan not in port.lanes:
                return port, vlan
        # Free sockets first at desks: somebody has just put a cable into one.
        free = [
            p
            for p in self.switch_ports
            if isinstance(p, KernelPort) and not p.lanes and p.peer is None
        ]
        if link.master is None or not free:
            return None, None
        vlan = next((v for v, i in self._bridges.items() if i == link.master), None)
        port = min(free, key=lambda p: (p.access_vlan != vlan, p.number))
        if vlan is not None:
            port.access_vlan = vlan
        port.alias = f"{port.alias} device {link.name}".strip()
        return port, None

    def _hear_control(self, sock: socket.socket) -> None:
        """LLDP and BPDUs."""
        for _ in range(_NEWS_AT_ONCE):
            try:
                frame, (device, *_) = sock.recvfrom(2048)
            except (BlockingIOError, OSError):
                return
            known = self._kernel.port_of(self.name, device)
            if isinstance(known, KernelPort):
                self._control(known, frame)

    def _hear_moves(self, news: socket.socket) -> None:
        """Addresses that were learned or moved; a loop makes more of these than anyone can read."""
        for _ in range(_NEWS_AT_ONCE):
            try:
                octets = news.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                continue  # more was told than fits: that too is a flood
            for kind, _, body in messages(octets):
                row = read_neighbour(kind, body) if body[:1] == bytes((AF_BRIDGE,)) else None
                if row is not None:
                    self._learned(row.index, row.mac, gone=row.gone)
        self._kernel.unwatch(news)
        self._kernel.after(
            _NEWS_PAUSE_S, lambda: self._kernel.watch(news, lambda: self._hear_moves(news))
        )

    def _learned(self, index: int, mac: bytes, *, gone: bool) -> None:
        link = self.room.links.get(index)
        port = self._kernel.port_of(self.name, link.name) if link is not None else None
        vlan = next((v for v, i in self._bridges.items() if link and i == link.master), None)
        if not isinstance(port, KernelPort) or vlan is None or mac == self.mac_octets:
            return
        old = self._where.get((vlan, mac))
        if gone:
            self._where.pop((vlan, mac), None)
            return
        self._where[vlan, mac] = port
        if port.secure_maximum is not None and not self.guards.admits(port, mac):
            return
        if old is not None and old is not port:
            self.guards.moved(vlan, mac, old, Learned(port, self._kernel.now))

    # --- what the agent asks ---

    def look(self) -> Any:
        """Its room, devices and counters fresh."""
        now = self._kernel.now
        if now - self._looked > _FRESH_S:
            self._looked = now
            self.room.refresh()
        return self.room

    def count(self, lane: Lane) -> None:
        """Counters for a new device; called in its namespace."""
        old = self._taps.pop(lane.name, None)
        if old is not None:
            old.close()
        with suppress(OSError):
            self._taps[lane.name] = Taps(lane.name)

    def filter_bpdus(self, port: KernelPort, lane: Lane) -> None:
        """`spanning-tree bpdufilter enable`: the widespread misconfiguration of desks."""
        if self.stp.on and port.bpdu == "filter" and lane.link is not None:
            self.room.netlink.drop_bpdus(lane.link.index)

    def _read_counters(self, ports: Sequence[SwitchPort]) -> None:
        for port in ports:
            if isinstance(port, KernelPort):
                self._read_port(port)

    def _read_port(self, port: KernelPort) -> None:
        """From the kernel into the port; a device that is gone leaves what it had counted."""
        for lane in port.lanes.values():
            taps = self._taps.get(lane.name)
            link = self.room.links.get(lane.link.index) if lane.link is not None else None
            if taps is not None and link is not None and link.stats is not None:
                port.counters[f"{lane.name}/{link.index}"] = (*link.stats, *taps.read())
        if not port.counters:
            return
        total = [sum(column) for column in zip(*port.counters.values(), strict=True)]
        rx, tx, rx_octets, tx_octets, rx_errors, tx_errors, rx_lost, tx_lost, *group = total
        port.in_broadcast, port.in_multicast, port.out_broadcast, port.out_multicast = group
        port.in_unicast = max(0, rx - group[0] - group[1])
        port.out_unicast = max(0, tx - group[2] - group[3])
        port.in_octets, port.out_octets = rx_octets + rx * _FCS, tx_octets + tx * _FCS
        port.in_errors, port.out_errors = rx_errors, tx_errors
        port.in_discards, port.out_discards = rx_lost, tx_lost

    def ports(self) -> Sequence[PortView]:
        self.look()
        self._read_counters(self.switch_ports)
        return tuple(self._seen(view) for view in super().ports())

    def port(self, name: str) -> PortView:
        self.look()
        self._read_counters([self.soft_port(name)])
        return self._seen(super().port(name))

    def _seen(self, view: PortView) -> PortView:
        port = self._by_name.get(view.name)
        links = [lane.link for lane in getattr(port, "lanes", {}).values() if lane.link]
        return replace(view, mtu=min(link.mtu for link in links)) if links else view

    def _interval(self) -> None:
        guarded = [p for p in self.switch_ports if p.storm_control_pps is not None]
        if guarded:
            self.look()
            self._read_counters(guarded)
        super()._interval()

    def fdb(self) -> Sequence[MacView]:
        rows = self.room.netlink.neighbours(AF_BRIDGE)
        found = {}
        for row in rows:
            link = self.room.links.get(row.index)
            port = self._kernel.port_of(self.name, link.name) if link is not None else None
            vlan = next((v for v, i in self._bridges.items() if link and i == link.master), None)
            if port is not None and vlan is not None and row.mac != self.mac_octets:
                mac = frames.mac_text(row.mac)
                found[vlan, mac] = MacView(vlan, mac, port.name)
        return tuple(found[key] for key in sorted(found))

    def arp(self) -> Sequence[ArpView]:
        vlans = {index: vlan for vlan, index in self._bridges.items()}
        return tuple(
            ArpView(frames.ip_text(row.ip), frames.mac_text(row.mac), f"Vlan{vlans[row.index]}")
            for row in self.room.netlink.neighbours(socket.AF_INET)
            if row.index in vlans and len(row.ip) == 4
        )

    def stp_root(self, vlan: int) -> tuple[int, str, str | None]:
        if vlan not in self._bridges:
            return super().stp_root(vlan)
        priority, mac, port = self.stp.of(vlan)
        return priority, frames.mac_text(mac), port

    def _greet_gateway(self) -> None:
        """The kernel speaks when it has to; the centre's own echo requests keep addresses known."""


def bridge_name(vlan: int) -> str:
    """The bridge of a VLAN."""
    return f"br{vlan}"


def bridge_vlan(name: str) -> int | None:
    """The VLAN of a bridge's name."""
    digits = name.removeprefix("br")
    return int(digits) if digits != name and digits.isdecimal() else None


def subnet(ip: str, mask: str) -> tuple[bytes, int, bytes]:
    """(address, prefix length, broadcast address)."""
    from ipaddress import IPv4Interface

    found = IPv4Interface(f"{ip}/{mask}")
    return found.packed, found.network.prefixlen, found.network.broadcast_address.packed


def _worst(states: Sequence[str]) -> str:
    """A trunk's state is that of its lane that forwards least; lanes that are down do not count."""
    order = ("blocking", "listening", "learning", "forwarding")
    known = [state for state in states if state in order]
    return min(known, key=order.index) if known else "disabled"
