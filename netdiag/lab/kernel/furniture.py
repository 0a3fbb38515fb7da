"""Stations and boxes of the practice network as namespaces: what a simulator's object becomes here.

PCs, servers and printers have the kernel's own IPv4 stack; a small program beside it (the simulator's
DHCP client and stack, on a packet socket that hears only what is for it) asks for leases and says
what a user would see. A home router is a bridge with dnsmasq, or with the simulator's DHCP server
where dnsmasq is missing or would not tell the lie that is wanted. A box is a bridge. Anything else is
a program at the end of a real cable.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

from netdiag.lab import frames
from netdiag.lab.dhcp import Pool, Server
from netdiag.lab.dumb import DumbSwitch
from netdiag.lab.hosts import Card, DhcpHost, Jabber, Station, StrayBridge
from netdiag.lab.kernel.netlink import Link
from netdiag.lab.kernel.packets import SILENT, Instruction, station
from netdiag.lab.kernel.room import Room
from netdiag.lab.kernel.switch import subnet
from netdiag.lab.kernel.wired import WiredPort
from netdiag.lab.router import LAN_IP, LAN_MASK, HomeRouter

if TYPE_CHECKING:
    from netdiag.lab.kernel.engine import KernelEngine

_CHECK_S = 0.2
_LAN = "br-lan"
_CLIENT, _SERVER = frames.DHCP_CLIENT_PORT, frames.DHCP_SERVER_PORT


def dnsmasq() -> str | None:
    """The program, where it is installed."""
    return shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin:/sbin")


class Dnsmasq:
    """A DHCP server as a process: it runs while the simulator's object says so and its cable is in."""

    def __init__(self, room: Room, device: str, server: Server, pool: Pool, folder: Path) -> None:
        self._room, self._device = room, device
        self.server, self._pool, self._folder = server, pool, folder
        self._process: subprocess.Popen[bytes] | None = None
        self.plugged = False

    def follow(self) -> None:
        """Starts or ends it."""
        wanted = self.plugged and self.server.running
        if wanted and self._process is None:
            log = self._folder / f"dnsmasq-{self._room.name}.log"
            self._process = self._room.spawn(self._command(), log)
        elif not wanted and self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _command(self) -> list[str]:
        pool = self._pool
        command = [dnsmasq() or "dnsmasq", "-d", "-C", "/dev/null", "-p", "0", "--no-ping"]
        command += ["-i", self._device, "--bind-dynamic", "--dhcp-authoritative"]
        command += [f"--dhcp-range={pool.first},{pool.last},{pool.mask},{pool.lease_s}"]
        command += [f"--dhcp-option=3,{pool.router}"]
        command += [f"--dhcp-option=6,{','.join(pool.dns)}"] if pool.dns else []
        leases = self._folder / f"leases-{self._room.name}"
        return [*command, f"--dhcp-leasefile={leases}", "-x", f"{leases}.pid"]


class Furniture:
    """Places the simulator's objects in namespaces, and keeps their sockets while they are plugged in."""

    def __init__(self, engine: KernelEngine, folder: Path, pools: dict[str, Pool]) -> None:
        self._engine, self._folder, self._pools = engine, folder, pools
        self._ears: dict[WiredPort, list[socket]] = {}
        self._servers: dict[str, Dnsmasq] = {}
        self._senders: dict[WiredPort, subprocess.Popen[bytes]] = {}
        self._addresses: dict[str, tuple[bytes, int]] = {}
        self._taps: dict[WiredPort, list[Callable[[float, bytes], None]]] = {}
        engine.after(_CHECK_S, self._check)

    def place(self, owner: Any) -> Room:
        """A namespace for it, named like it."""
        room = self._engine.room(owner.name)
        if isinstance(owner, HomeRouter | DumbSwitch):
            self._place_box(owner, room)
        elif isinstance(owner, Jabber):
            owner.elsewhere = True
        elif isinstance(owner, DhcpHost) and dnsmasq():
            pool = self._pools[owner.name]
            self._serve(room, "eth0", owner.server, pool)
        if isinstance(owner, Station):
            owner.stack.told = partial(self._configure, owner, room)
        return room

    def _place_box(self, owner: HomeRouter | DumbSwitch, room: Room) -> None:
        mac = owner.mac if isinstance(owner, HomeRouter) else frames.made_by("00:14:6c", b"\1\2\3")
        room.netlink.add_bridge(_LAN, mac, stp=False, priority=32768)
        room.drain()
        if not isinstance(owner, HomeRouter):
            return
        index = room.netlink.index_of(_LAN)
        copies = owner.server.identifier != frames.ip_bytes(LAN_IP)
        if dnsmasq() and not copies:
            address, prefix, broadcast = subnet(LAN_IP, LAN_MASK)
            room.netlink.add_address(index, address, prefix, broadcast)
            pool = Pool("192.168.0.100", "192.168.0.199", LAN_MASK, LAN_IP, (LAN_IP,), 7200)
            self._serve(room, _LAN, owner.server, pool)
        else:
            sock = room.listen(_LAN)
            self._engine.watch_frames(sock, owner.stack.receive)

    def _serve(self, room: Room, device: str, server: Server, pool: Pool) -> None:
        self._servers[room.name] = Dnsmasq(room, device, server, pool, self._folder)

    # --- cables ---

    def plugged(self, port: WiredPort) -> None:
        """Its devices are there anew: so are the sockets on them."""
        owner, room = port.owner, self._engine.rooms[port.owner.name]
        if isinstance(owner, HomeRouter | DumbSwitch):
            index = room.netlink.index_of(_LAN)
            for lane in port.lanes.values():
                room.netlink.set_link(lane.name, master=index)
        else:
            self._listen(port, room, self._program(owner))
        if isinstance(owner, Jabber):
            self._senders[port] = room.spawn(_jabber(owner), self._folder / "jabber.log")
        if isinstance(owner, Station):
            self._addresses.pop(room.name, None)
            self._configure(owner, room)
        if room.name in self._servers:
            self._servers[room.name].plugged = True
            self._servers[room.name].follow()
        for hear in self._taps.get(port, ()):
            self._open_tap(port, hear)

    def _program(self, owner: Any) -> tuple[Instruction, ...]:
        if isinstance(owner, DhcpHost):
            ports = [] if owner.name in self._servers else [_SERVER]
            return station(owner.mac, ports)
        if isinstance(owner, Station):
            return station(owner.mac, [_CLIENT])
        if type(owner) in (Card, Jabber, StrayBridge):
            return SILENT  # these speak, and do not listen
        return ()

    def _listen(self, port: WiredPort, room: Room, program: tuple[Instruction, ...]) -> None:
        if program == SILENT:
            return
        for lane in port.lanes.values():
            sock = room.listen(lane.name, *program)
            self._ears.setdefault(port, []).append(sock)
            self._engine.watch_frames(sock, partial(port.owner.receive, port))

    def unplugged(self, port: WiredPort) -> None:
        """Its devices are about to go."""
        for sock in self._ears.pop(port, []):
            self._engine.unwatch(sock)
            sock.close()
        sender = self._senders.pop(port, None)
        if sender is not None:
            sender.kill()
            sender.wait()
        server = self._servers.get(port.owner.name)
        if server is not None and not any(p.lanes for p in _ports(port.owner) if p is not port):
            server.plugged = False
            server.follow()

    def _check(self) -> None:
        """A service that was stopped or started."""
        for server in self._servers.values():
            server.follow()
        self._engine.after(_CHECK_S, self._check)

    # --- addresses ---

    def _configure(self, owner: Station, room: Room) -> None:
        """The kernel takes the address that the station believes to have."""
        link: Link | None = room.find("eth0")
        old = self._addresses.pop(room.name, None)
        if link is None:
            return
        if old is not None:
            with suppress(OSError):
                room.netlink.delete_address(link.index, *old)
        stack = owner.stack
        if stack.ip is None:
            return
        address, prefix, broadcast = subnet(frames.ip_text(stack.ip), frames.ip_text(stack.mask))
        room.netlink.add_address(link.index, address, prefix, broadcast)
        self._addresses[room.name] = (address, prefix)
        if stack.gateway is not None and stack.gateway != address:
            with suppress(OSError):  # a gateway that its own subnet does not reach
                room.netlink.add_default_route(link.index, stack.gateway)

    # --- taps ---

    def tap(self, port: WiredPort, hear: Callable[[float, bytes], None]) -> Callable[[], None]:
        """Copies of what comes in there, tagged where it came tagged; returns how to stop it."""
        self._taps.setdefault(port, []).append(hear)
        opened = self._open_tap(port, hear)

        def stop() -> None:
            with suppress(ValueError):
                self._taps[port].remove(hear)
            for sock in opened:
                with suppress(KeyError, ValueError):
                    self._engine.unwatch(sock)
                with suppress(ValueError):
                    self._ears.get(port, []).remove(sock)
                sock.close()

        return stop

    def _open_tap(self, port: WiredPort, hear: Callable[[float, bytes], None]) -> list[socket]:
        from netdiag.lab.kernel.packets import ignore_outgoing

        room = self._engine.rooms.get(port.owner.name)
        opened = []
        for vlan, lane in port.lanes.items() if room is not None else ():
            assert room is not None
            sock = room.listen(lane.name)
            ignore_outgoing(sock)

            def told(frame: bytes, vlan: int | None = vlan) -> None:
                hear(self._engine.now, frame if vlan is None else frames.tag(frame, vlan))

            self._engine.watch_frames(sock, told)
            self._ears.setdefault(port, []).append(sock)
            opened.append(sock)
        return opened


def _jabber(owner: Jabber) -> list[str]:
    how = "same" if owner.same_frame else "varied"
    command = [sys.executable, "-m", "netdiag.lab.kernel.jabber"]
    return [*command, frames.mac_text(owner.mac), str(owner.pps), how]


def _ports(owner: Any) -> tuple[WiredPort, ...]:
    sockets: tuple[WiredPort, ...] = getattr(owner, "sockets", ())
    return sockets or (owner.port,)
