"""The practice network on bridges: the simulator's campus with another engine under it.

Incidents, desks, people and the agent are the same; this module builds namespaces where the other
one builds objects, and knows how the operations centre reaches a switch: frames of the management
VLAN have a way over links that are up and forward, and a real echo request gets its answer.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from netdiag.errors import LabError
from netdiag.lab import blueprint, frames
from netdiag.lab.campus import Campus, Injected, pool_of
from netdiag.lab.kernel.engine import KernelEngine
from netdiag.lab.kernel.furniture import Furniture
from netdiag.lab.kernel.room import raise_file_limit
from netdiag.lab.kernel.switch import KernelSwitch
from netdiag.lab.kernel.wired import WiredPort
from netdiag.lab.soft import Engine
from netdiag.lab.switch import SoftSwitch

_PING_S = 1.0
_LOST = 4
"""So many echo requests in a row without an answer: frames do not get there."""
_S_PER_COPY = 5e-6
"""What the kernel spends on one copy of a flooded frame, with the counters; measured on two cores."""
_DESK_PPS = 1488
"""Smallest frames a second on a desk of 1 Mbit/s."""
_FILES = 400
"""What a lab needs whatever its size, with some room for what is plugged in later."""
SETTLE_S = 25.0
_ARRIVALS_PER_S = 40.0
LONGEST_INCIDENT_S = 1800.0
"""After this an incident is taken back, so that no storm goes on for a lab's whole life."""
_TREE_S = 15.0


def build(topology: blueprint.Topology, seed: int, folder: Path) -> KernelCampus:
    """The network, cabled and switched on; to be called inside `cage.enter`."""
    _check_files(topology)
    campus = KernelCampus(bounded(topology), seed, folder)
    with campus.kernel.building():
        for place in topology.trunks:
            campus.cable(*place.between)
    campus.wait_for(campus.forwarding, _TREE_S)
    with campus.kernel.building():
        for card in campus.stations:
            campus.cable_station(card)
    campus.wait_for(campus.forwarding, _TREE_S)
    campus.switch_on()
    campus.start_echoes()
    return campus


def bounded(topology: blueprint.Topology) -> blueprint.Topology:
    """The same network, so slow that a storm through all of it costs its host one core at most.

    Each flooded frame is copied to every port; a hundred switches have hundreds. Speeds and
    storm-control levels go down together, so that a loop does to it what it does to a small one.
    """
    copies = 2 * len(topology.trunks) + sum(_stations(p) for p in topology.switches.values())
    share = 1 / (copies * _S_PER_COPY * _DESK_PPS * topology.speeds_bps.desk / 1e6)
    if share >= 1:
        return topology
    speeds = blueprint.Speeds(
        desk=max(64_000, int(topology.speeds_bps.desk * share)),
        trunk=max(64_000, int(topology.speeds_bps.trunk * share)),
    )
    trunks = [
        trunk.model_copy(
            update={
                "storm_control_pps": {
                    name: max(50, int(level * share))
                    for name, level in trunk.storm_control_pps.items()
                }
            }
        )
        for trunk in topology.trunks
    ]
    return topology.model_copy(update={"speeds_bps": speeds, "trunks": trunks})


def _stations(plan: blueprint.SwitchPlan) -> int:
    return plan.stations.ports[1] - plan.stations.ports[0] + 1 if plan.stations else 0


def _check_files(topology: blueprint.Topology) -> None:
    """Each lane of a switch has four counters; each namespace has its route sockets and more."""
    lanes = sum(2 * len(trunk.vlans) for trunk in topology.trunks)
    stations = len(topology.dhcp_servers) + len(topology.sensors)
    for plan in topology.switches.values():
        stations += _stations(plan)
    needed = _FILES + 6 * len(topology.switches) + 4 * lanes + 8 * stations
    most = raise_file_limit()
    if needed > most:
        raise LabError(
            f"a network of {len(topology.switches)} switches needs about {needed} open files here,"
            f" and this process may have {most} (ulimit -Hn)"
        )


class KernelCampus(Campus):
    """A `dataplane.Dataplane` of namespaces."""

    breaks_frames = False

    def __init__(self, topology: blueprint.Topology, seed: int, folder: Path) -> None:
        pools = {name: pool_of(plan) for name, plan in topology.dhcp_servers.items()}
        self.kernel = KernelEngine()
        self.kernel.default_rate_bps = topology.speeds_bps.desk
        self.furniture = Furniture(self.kernel, folder, pools)
        self.kernel.furniture = self.furniture
        self._stp = _needs_stp(topology)
        self._echo: socket.socket | None = None
        self._unanswered: dict[bytes, int] = {}
        self._reached: tuple[int, set[str]] = (-1, set())
        super().__init__(topology, seed)
        for host in self.hosts:
            host.off = True

    def switch_on(self) -> None:
        """People come in one after the other: all at once would fill links that are scaled down."""
        rate = _ARRIVALS_PER_S * min(1.0, self.topology.speeds_bps.desk / 1e6)
        for number, host in enumerate(self.hosts):
            self.kernel.after(number / rate, host.switch_on)

    def make_engine(self) -> Engine:
        return self.kernel

    def make_switch(self, name: str, mac: bytes, **plan: Any) -> SoftSwitch:
        return KernelSwitch(self.kernel, name, mac, stp=self._stp, **plan)

    # --- incidents ---

    def inject(self, kind: str, seed: int = 0, **options: object) -> Injected:
        """As on the simulator; here it also ends by itself, whatever becomes of whoever made it."""
        injected = super().inject(kind, seed, **options)
        self.kernel.after(LONGEST_INCIDENT_S, partial(self._expire, injected))
        return injected

    def _expire(self, injected: Injected) -> None:
        if injected in self.incidents.active:
            self.revert(injected)

    # --- the data plane's protocol ---

    def tap(self, node: str, hear: Callable[[float, bytes], None]) -> Callable[[], None]:
        port = self.station(node).port
        assert isinstance(port, WiredPort)
        return self.furniture.tap(port, hear)

    def settle(self) -> None:
        """Waits until people can work, or it has taken long enough to say that some cannot."""
        self.wait_for(self.settled, SETTLE_S)
        for switch in self.switches():
            switch.forget_boot()

    def wait_for(self, ready: Callable[[], bool], longest_s: float) -> None:
        """Lets the network run until then, or for so long."""
        end = self.now() + longest_s
        while not ready() and self.now() < end:
            self.run_until(min(end, self.now() + 0.1))

    def forwarding(self) -> bool:
        """Spanning tree has made up its mind about every trunk."""
        states = {p.stp_state for s in self.switches() for p in s.switch_ports if p.up}
        return bool(states) and states <= {"forwarding", "blocking"}

    def settled(self) -> bool:
        """Every PC has its lease, and neighbours know each other."""
        leases = all(host.lease is not None for host in self.hosts)
        return leases and all(self._knows_neighbours(s) for s in self.switches())

    def _knows_neighbours(self, switch: SoftSwitch) -> bool:
        if not switch.discovery.enabled:
            return True
        known = {n.port for n in switch.neighbors()}
        return all(
            port.name in known
            for port in switch.switch_ports
            if isinstance(port.peer and port.peer.owner, SoftSwitch)
            and port.peer is not None
            and port.peer.owner.discovery.enabled  # type: ignore[attr-defined]
        )

    # --- in-band management ---

    def start_echoes(self) -> None:
        """The switch at which the centre sits asks every other one, once a second."""
        start = self.station(self.topology.management.start).port.peer
        if start is None:
            return
        room = self.kernel.rooms[start.owner.name]
        self._echo = room.within(
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        )
        self._echo.setblocking(False)  # noqa: FBT003 - the library's own
        self.kernel.watch_frames(self._echo, self._hear_echo)
        self._ask_all()

    def _ask_all(self) -> None:
        assert self._echo is not None
        now = self.kernel.now
        echo = frames.encode_echo(frames.Echo(frames.ICMP_ECHO, 0x6E64, 1, struct.pack("!d", now)))
        for switch in self.switches():
            address = frames.ip_bytes(switch.management_ip)
            # When the kernel has no way at all it says so at once: that is no answer either.
            with suppress(OSError):
                self._echo.sendto(echo, (switch.management_ip, 0))
            self._unanswered[address] = self._unanswered.get(address, 0) + 1
        self.kernel.after(_PING_S, self._ask_all)

    def _hear_echo(self, packet: bytes) -> None:
        """A raw ICMP socket hears the whole packet: its header's length is in its first octet."""
        at = (packet[0] & 0x0F) * 4
        if len(packet) > at + 6 and packet[at] == 0 and packet[at + 4 : at + 6] == b"nd":
            self._unanswered[packet[12:16]] = 0

    def path_alive(self, goal: SoftSwitch, *, both_ways: bool = True) -> bool:
        """The links say so, and no row of echo requests was lost since they last came up.

        `both_ways` makes no difference: an echo went both ways or was lost.
        """
        del both_ways
        address = frames.ip_bytes(goal.management_ip)
        if self._reached[0] != self.kernel.changes:
            self._reached = (self.kernel.changes, self.reached())
        if goal.name not in self._reached[1]:
            self._unanswered[address] = 0
            return False
        return self._unanswered.get(address, 0) < _LOST


def _needs_stp(topology: blueprint.Topology) -> bool:
    """Where there are two ways, or desks that hear BPDUs: else bridges forward at once."""
    parent: dict[str, str] = {name: name for name in topology.switches}

    def top(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    for trunk in topology.trunks:
        a, b = (top(blueprint.split_place(place)[0]) for place in trunk.between)
        if a == b:
            return True
        parent[a] = b
    plans = topology.switches.values()
    return any(plan.desks is not None and plan.desks.bpdu == "on" for plan in plans)
