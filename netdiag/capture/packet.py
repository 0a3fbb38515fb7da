"""One packet socket (packet(7)): opened, filtered, bound to an interface; what it lost is counted.

Rules: nothing of other interfaces gets in (it is bound last); no permission is CaptureDenied with
the command that grants it; a counting socket is never read, and the kernel counts all the same.
"""

from __future__ import annotations

import ctypes
import os
import socket
from struct import Struct

from netdiag.capture import filters
from netdiag.capture.link import ETHERNET, RAW
from netdiag.capture.privilege import how_to_grant
from netdiag.capture.ring import SOL_PACKET, Ring
from netdiag.errors import CaptureDenied, CollectError, UsageError

_ADD_MEMBERSHIP, _STATISTICS = 1, 6
_MR_PROMISC = 1
_ATTACH_FILTER, _RCVBUF_FORCE = 26, 33
_ETH_P_ALL = 0x0003
_STATS, _PROGRAM = Struct("II"), Struct("HxxxxxxQ")
_BUFFER = 64 * 1024 * 1024
_ETHERNET_TYPES, _RAW_TYPES = (1, 772), (65534, 519)  # ARPHRD_ETHER, LOOPBACK; NONE, RAWIP


class PacketSocket:
    """A promiscuous raw socket on one interface."""

    def __init__(self, name: str, *, block: int = 0, program: bytes | None = None) -> None:
        """With a ring of blocks of that size, where the kernel grants one; 0: none."""
        self.name = name
        self.packets = self.lost = 0
        self.ring: Ring | None = None
        if not hasattr(socket, "AF_PACKET"):
            raise UsageError("listening on an interface needs Linux; read a capture file instead")
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except PermissionError as exc:
            raise CaptureDenied(
                f"no permission to capture on {name}; this grants it: {how_to_grant()}"
            ) from exc
        try:
            self._open(block, program)
        except CollectError:
            raise
        except OSError as exc:
            self.socket.close()
            known = ", ".join(sorted(n for _, n in socket.if_nameindex()))
            raise UsageError(f"no interface {name} to listen on (there are: {known})") from exc

    def _open(self, block: int, program: bytes | None) -> None:
        index = socket.if_nametoindex(self.name)
        if program is not None:
            self.attach(program)
        if block:
            self.ring = Ring.of(self.socket, block)
        self.socket.bind((self.name, _ETH_P_ALL))
        membership = Struct("iHH8s").pack(index, _MR_PROMISC, 0, b"")
        self.socket.setsockopt(SOL_PACKET, _ADD_MEMBERSHIP, membership)
        hardware = self.socket.getsockname()[3]
        if hardware not in _ETHERNET_TYPES + _RAW_TYPES:
            self.socket.close()
            raise UsageError(f"{self.name} is no Ethernet interface (ARP hardware type {hardware})")
        self.link_type = ETHERNET if hardware in _ETHERNET_TYPES else RAW
        self.socket.settimeout(0)
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            # An interface that is down says so once, as a pending error.
            self.socket.close()
            raise CollectError(f"interface {self.name} is down: `ip link set {self.name} up`")

    def room(self, octets: int = _BUFFER) -> None:
        """How much waits in a socket without a ring."""
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, _RCVBUF_FORCE, octets)
        except OSError:  # needs CAP_NET_ADMIN
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)

    def attach(self, program: bytes) -> None:
        """Only what the program accepts gets in from now on; replaces an earlier one at once."""
        code = ctypes.create_string_buffer(program, len(program))
        value = _PROGRAM.pack(len(program) // 8, ctypes.addressof(code))
        self.socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, value)

    def statistics(self) -> tuple[int, int]:
        """(frames that passed the filter, those of them that were lost) since the start."""
        raw = self.socket.getsockopt(SOL_PACKET, _STATISTICS, _STATS.size)
        packets, lost = _STATS.unpack(raw)  # reading resets the kernel's counters
        self.packets += packets
        self.lost += lost
        return self.packets, self.lost

    def check(self) -> None:
        """A ring does not say by itself that its interface is gone or down."""
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise CollectError(f"interface {self.name}: {os.strerror(number)}")

    def close(self) -> None:
        self.socket.close()


class Tallies:
    """Every frame of each cast counted by the kernel: exact at any rate, whoever looks or not."""

    def __init__(self, name: str) -> None:
        casts = (filters.UNICAST, filters.BROADCAST, filters.MULTICAST)
        self._sockets = [PacketSocket(name, program=filters.counting(cast)) for cast in casts]
        for tally in self._sockets:
            tally.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def read(self) -> tuple[int, int, int]:
        """Unicasts, broadcasts and multicasts since the start."""
        unicast, broadcast, multicast = (tally.statistics()[0] for tally in self._sockets)
        return unicast, broadcast, multicast

    def close(self) -> None:
        for tally in self._sockets:
            tally.close()
