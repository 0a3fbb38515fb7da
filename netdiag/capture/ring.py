"""The kernel's capture ring (packet(7), PACKET_MMAP, TPACKET_V3): frames without a copy each.

Rules: a block belongs to the kernel until it says otherwise, and goes back to it after one look;
what did not fit is counted by the kernel. Where no ring can be had, the caller reads frame by frame.
"""

from __future__ import annotations

import mmap
import select
import socket
from collections.abc import Iterator
from struct import Struct

SOL_PACKET = 263
_VERSION, _RX_RING = 10, 5
_TPACKET_V3 = 2
_REQUEST = Struct("7I")
SMALL, LARGE = 1 << 17, 1 << 19
"""Octets of a block: one frame in `RETIRE_MS` uses one up as a flood does, so not too few of them."""
_SIZES = (128, 64, 32, 16)
"""Blocks asked for, fewer where memory is short."""
RETIRE_MS = 60
"""A block with few frames is handed over after this time."""
_DESCRIPTOR = Struct("<III")  # status, frames, offset of the first; after 8 octets of version
_USER = 1
_HEADER = Struct("<IIIIIIHH")
_VLAN_VALID = 1 << 4
_PACKET_TYPE = 58  # sll_pkttype of the sockaddr_ll behind the header


class Ring:
    """The blocks of one packet socket, in the kernel's order."""

    def __init__(self, sock: socket.socket, blocks: int, size: int) -> None:
        self._socket = sock
        self.memory = mmap.mmap(sock.fileno(), blocks * size)
        self._blocks, self._size, self._next = blocks, size, 0

    @classmethod
    def of(cls, sock: socket.socket, size: int) -> Ring | None:
        """A ring on a socket that is not bound yet, or `None` where the kernel grants none."""
        try:
            sock.setsockopt(SOL_PACKET, _VERSION, _TPACKET_V3)
        except OSError:
            return None
        for blocks in _SIZES:
            request = _REQUEST.pack(size, blocks, 2048, blocks * size // 2048, RETIRE_MS, 0, 0)
            try:
                sock.setsockopt(SOL_PACKET, _RX_RING, request)
                return cls(sock, blocks, size)
            except OSError:
                continue
        sock.setsockopt(SOL_PACKET, _VERSION, 0)
        return None

    def blocks(self, timeout_s: float, most: int | None = None) -> Iterator[tuple[int, int]]:
        """(where the first frame's header lies, number of frames) of each full block, once around.

        At most `most` of them; a block goes back to the kernel when the next one is asked for.
        """
        if not self.is_ready():
            select.select([self._socket], [], [], max(0.0, timeout_s))
        for _ in range(most or self._blocks):
            if not self.is_ready():
                return
            start = self._next * self._size
            _, frames, first = _DESCRIPTOR.unpack_from(self.memory, start + 8)
            yield start + first, frames
            self.memory[start + 8 : start + 12] = bytes(4)
            self._next = (self._next + 1) % self._blocks

    def is_ready(self) -> bool:
        """A full block, or one whose time is over, waits."""
        return bool(self.memory[self._next * self._size + 8] & _USER)

    def is_behind(self) -> bool:
        """More than half of the ring waits."""
        ahead = (self._next + self._blocks // 2) % self._blocks
        return bool(self.memory[ahead * self._size + 8] & _USER)

    def frames(self, start: int, frames: int) -> Iterator[tuple[float, int, bytes, int, int]]:
        """(time, length on the wire, octets, VLAN tag taken off or -1, sll_pkttype) of one block."""
        for _ in range(frames):
            step, seconds, nanoseconds, kept, length, status, mac, _net = _HEADER.unpack_from(
                self.memory, start
            )
            at = start + mac
            vlan = -1
            if status & _VLAN_VALID:
                vlan = int.from_bytes(self.memory[start + 32 : start + 34], "little") & 0xFFF
            octets = self.memory[at : at + kept]
            yield (
                seconds + nanoseconds * 1e-9,
                length,
                octets,
                vlan,
                self.memory[start + _PACKET_TYPE],
            )
            if not step:
                return
            start += step
