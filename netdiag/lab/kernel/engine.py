"""The real data plane's clock, sockets and cables, behind the simulator's own interface.

`Engine.at` and `after` keep their meaning, on the wall clock; `run_until` waits, and serves the
kernel's sockets meanwhile. A cable is a veth pair (one for each VLAN of a trunk: this data plane
has one bridge a VLAN); it is made when it is plugged in and gone when it is pulled out. A port is
up when the kernel says so.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from heapq import heappop
from time import monotonic
from typing import Any, Protocol

from netdiag.lab.kernel.namespaces import Namespaces
from netdiag.lab.kernel.netlink import Link
from netdiag.lab.kernel.room import Room
from netdiag.lab.kernel.wired import Lane, Wired, WiredPort
from netdiag.lab.soft import Engine, Node, Port

_BURST = 256
"""Frames that are read from one socket before others have their turn."""


_TURN_S = 0.02
_DEBT_S = 0.25


class Furniture(Protocol):
    """What turns a station or a box of the simulator into something in a namespace."""

    def place(self, owner: Any) -> Room: ...
    def plugged(self, port: WiredPort) -> None: ...
    def unplugged(self, port: WiredPort) -> None: ...


class KernelEngine(Engine):
    """Time is the wall's; frames are the kernel's."""

    def __init__(self) -> None:
        super().__init__()
        self._started = monotonic()
        self.namespaces = Namespaces()
        self.rooms: dict[str, Room] = {}
        self._listeners: dict[str, Callable[[Link], None]] = {}
        self._selector = selectors.DefaultSelector()
        self._fresh: list[tuple[Wired, Lane]] | None = None
        self._devices: dict[tuple[str, str], tuple[Wired, Lane]] = {}
        self.furniture: Furniture | None = None
        self.changes = 0
        """How often the kernel has told of a change: what was computed before one may be wrong after."""

    # --- time ---

    def run_until(self, at: float) -> None:
        """Serves timers and sockets until then; a time that is past still gets one round."""
        while True:
            self.now = monotonic() - self._started
            self._ring()
            due = self.heap[0][0] if self.heap else at
            self.serve(max(0.0, min(at, due) - self.now))
            if monotonic() - self._started >= at:
                return

    def _ring(self) -> None:
        """What is due, each at its own time, so that what repeats keeps its rate; but no long debts."""
        heap, real = self.heap, self.now
        end = monotonic() + _TURN_S
        while heap and heap[0][0] <= real and monotonic() < end:
            due = heappop(heap)
            self.now = max(due[0], real - _DEBT_S)
            due[3]()
        self.now = real

    def serve(self, timeout_s: float) -> None:
        """One round over the sockets."""
        for key, _ in self._selector.select(timeout_s):
            self.now = monotonic() - self._started
            key.data()

    def watch(self, sock: socket.socket, hear: Callable[[], None]) -> None:
        """Calls whenever there is something to read."""
        self._selector.register(sock, selectors.EVENT_READ, hear)

    def unwatch(self, sock: socket.socket) -> None:
        """No longer calls."""
        self._selector.unregister(sock)

    def watch_frames(self, sock: socket.socket, hear: Callable[[bytes], None]) -> None:
        """Hands on each frame of a packet socket."""

        def read() -> None:
            for _ in range(_BURST):
                try:
                    frame = sock.recv(2048)
                except (BlockingIOError, OSError):
                    return
                hear(frame)

        self.watch(sock, read)

    # --- namespaces ---

    def room(self, name: str, hear: Callable[[Link], None] | None = None, **sysctl: str) -> Room:
        """A new namespace; `hear` is told of devices there that no port of ours has."""

        def told(link: Link) -> None:
            self._told(name, link)

        settings = {key.replace("__", "/"): value for key, value in sysctl.items()}
        room = Room(self.namespaces, name, told, settings)
        if hear is not None:
            self._listeners[name] = hear
        self.rooms[name] = room
        self.watch(room.news, room.drain)
        return room

    def _told(self, room: str, link: Link) -> None:
        self.changes += 1
        known = self._devices.get((room, link.name))
        if known is not None:
            port, lane = known
            if link.gone and lane.link is not None and lane.link.index == link.index:
                lane.link = None
                self._devices.pop((room, link.name))
                port.lanes.pop(lane.vlan, None)
            elif not link.gone:
                lane.link = link
            port.follow()
            return
        hear = self._listeners.get(room)
        if hear is not None:
            hear(link)
        elif link.kind == "veth" and not link.gone and self._fresh is None:
            # Somebody's own cable, made by hand: it may be part of a loop.
            self.bound(self.rooms[room], link, None)

    def bound(self, room: Room, link: Link, rate_bps: int | None) -> None:
        """No device of a practice network sends faster than a desk, or than its port."""
        from contextlib import suppress

        with suppress(OSError):
            room.netlink.limit_rate(link.index, rate_bps or self.default_rate_bps)

    default_rate_bps = 1_000_000

    def adopt(self, room: str, port: Wired, lane: Lane) -> None:
        """From now on that device is a lane of that port."""
        self._devices[room, lane.name] = (port, lane)
        port.lanes[lane.vlan] = lane

    def port_of(self, room: str, device: str) -> Wired | None:
        """The port that a device belongs to."""
        known = self._devices.get((room, device))
        return known[0] if known is not None else None

    # --- ports and cables ---

    def port(self, owner: Node, name: str, rate_bps: int) -> Port:
        return WiredPort(self, owner, name, rate_bps)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Cables made inside come up together at the end, which is faster."""
        self._fresh = []
        try:
            yield
            fresh, self._fresh = self._fresh, None
            self._raise_lanes(fresh, at_once=False)
        finally:
            self._fresh = None

    def cable(self, a: Port, b: Port) -> None:
        assert isinstance(a, Wired)
        assert isinstance(b, Wired)
        rooms = self._room_of(a), self._room_of(b)
        made: list[tuple[Wired, Lane]] = []
        a.expect()
        b.expect()
        for vlan in _lanes(a, b):
            ends = (
                Lane(vlan, a.device(vlan), a.address()),
                Lane(vlan, b.device(vlan), b.address()),
            )
            for port, room, lane in zip((a, b), rooms, ends, strict=True):
                self.adopt(room.name, port, lane)
                made.append((port, lane))
            self._make(rooms, ends)
        if self._fresh is not None:
            self._fresh += made
        else:
            self._raise_lanes(made)

    def _make(self, rooms: tuple[Room, Room], ends: tuple[Lane, Lane]) -> None:
        import os

        descriptors = [self.namespaces.descriptor(room.name) for room in rooms]
        try:
            here, there = (
                (fd, lane.name, lane.mac) for fd, lane in zip(descriptors, ends, strict=True)
            )
            self.namespaces.netlink.add_veth(here, there)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _raise_lanes(self, made: Sequence[tuple[Wired, Lane]], *, at_once: bool = True) -> None:
        """Everything that a new device needs before frames pass, then up; `at_once`: and looked at."""
        by_room: dict[str, list[tuple[Wired, Lane]]] = {}
        for port, lane in made:
            by_room.setdefault(self._room_of(port).name, []).append((port, lane))
        for name, mine in by_room.items():
            room = self.rooms[name]
            room.drain()
            for port, lane in mine:
                if lane.link is not None:
                    self.bound(room, lane.link, port.rate_bps)
            room.within(lambda mine=mine: [port.prepare(lane) for port, lane in mine])  # type: ignore[misc]
        ports = list(dict.fromkeys(port for port, _ in made))
        for port in ports:
            port.apply()
        if at_once:
            self._look(ports)
        if self.furniture is not None:
            for port in ports:
                if isinstance(port, WiredPort):
                    self.furniture.plugged(port)

    def uncable(self, a: Port, b: Port) -> None:
        for port in (a, b):
            if isinstance(port, WiredPort) and self.furniture is not None:
                self.furniture.unplugged(port)
        ends = [port for port in (a, b) if isinstance(port, Wired)]
        for port in ends:
            port.expect()
        for port in ends:
            for lane in tuple(port.lanes.values()):
                self._room_of(port).netlink.delete_link(lane.name)
        self._look(ends)
        for port in ends:
            port.expect(done=True)

    def change(self, port: Wired) -> None:
        """Puts a port's wish (enabled or not) into the kernel; both ends hear of it at once."""
        port.apply()
        far = port.peer
        self._look([port, *([far] if far is not None else [])])

    def _look(self, ports: Sequence[Any]) -> None:
        """The kernel tells of a lost carrier up to a second later: so it is asked."""
        rooms = {id(r): r for r in (self._room_of(port) for port in ports)}
        for room in rooms.values():
            room.drain()
            room.refresh()

    def _room_of(self, port: Any) -> Room:
        room = self.rooms.get(port.owner.name)
        if room is None:
            assert self.furniture is not None
            room = self.furniture.place(port.owner)
        return room

    def transmit(self, port: Wired, frame: bytes) -> None:
        """A frame out of a port: tagged ones by the lane of their VLAN."""
        from netdiag.lab import frames

        vlan, plain = frames.untag(frame)
        lane = port.lanes.get(vlan)
        if lane is None and vlan is None and port.lanes:
            # Untagged on a trunk without a native VLAN: what the two switches say to each other.
            lane = port.lanes[min(port.lanes, key=lambda v: v or 0)]
        if lane is not None:
            self._room_of(port).send(lane.name, plain)

    def close(self) -> None:
        """Every socket; the namespaces go with the process."""
        for room in self.rooms.values():
            room.close()
        self._selector.close()


def _lanes(a: Wired, b: Wired) -> list[int | None]:
    """The VLANs for which a cable needs a veth of its own; `None`: untagged."""
    tags = sorted({*a.tags, *b.tags})
    plain = a.untagged or b.untagged or not tags
    return [*([None] if plain else []), *tags]
