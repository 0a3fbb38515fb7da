"""Where frames come from besides files: a Linux interface (AF_PACKET), or a lab node's tap.

Rules: both have the same four verbs: `receive(timeout)`, `send(frame)`, `dropped()`, `close()`;
no permission is CaptureDenied with the command that grants it; frames the kernel lost are counted.
"""

from __future__ import annotations

import json
import os
import select
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Protocol

from netdiag.capture.container import MAX_BLOCK, Record
from netdiag.capture.link import ETHERNET
from netdiag.capture.packet import PacketSocket
from netdiag.capture.ring import LARGE, SOL_PACKET, Ring
from netdiag.errors import (
    CollectError,
    LabError,
    NetdiagError,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from netdiag.capture.fast import Counter


class Source(Protocol):
    """A live wire."""

    name: str

    def receive(self, timeout_s: float) -> Iterator[Record]:
        """What has come in, after waiting at most that long; raises CollectError when it is over."""

    def send(self, frame: bytes) -> None: ...
    def dropped(self) -> int | None: ...
    def close(self) -> None: ...


def open_source(name: str) -> Source:
    """`lab:NODE` or the name of an interface."""
    if name.startswith("lab:"):
        return LabTap(name.removeprefix("lab:"))
    return Interface(name)


# --- AF_PACKET (packet(7)) -----------------------------------------------------------------------

_AUXDATA = 8
_SO_TIMESTAMPNS = 35
_OUTGOING = 4
_VLAN_VALID = 1 << 4
_AUX = Struct("IIIHHHH")
_TIMESPEC = Struct("qq")
_BATCH = 512
_LONGEST = 65536 + 64


class Interface:
    """Frames of one interface: all of them, or those that a filter lets through."""

    def __init__(self, name: str, *, block: int = LARGE, program: bytes | None = None) -> None:
        self.name = name
        self.packet = PacketSocket(name, block=block, program=program)
        self.ring, self.link_type = self.packet.ring, self.packet.link_type
        self._socket = self.packet.socket
        if self.ring is None:
            self.packet.room()
            self._socket.setsockopt(SOL_PACKET, _AUXDATA, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def fileno(self) -> int:
        """To wait for."""
        return self._socket.fileno()

    def receive(self, timeout_s: float) -> Iterator[Record]:
        if self.ring is not None:
            yield from self._from_ring(self.ring, timeout_s)
            return
        select.select([self._socket], [], [], max(0.0, timeout_s))
        for _ in range(_BATCH):
            try:
                octets, ancillary, _flags, address = self._socket.recvmsg(_LONGEST, 256)
            except BlockingIOError:
                return
            except OSError as exc:
                raise CollectError(f"interface {self.name}: {exc.strerror or exc}") from exc
            yield self._record(octets, ancillary, address)

    def _from_ring(self, ring: Ring, timeout_s: float) -> Iterator[Record]:
        for start, frames in ring.blocks(timeout_s):
            yield from self.taken_apart(ring, start, frames)
        self.packet.check()

    def taken_apart(self, ring: Ring, start: int, frames: int) -> Iterator[Record]:
        """The frames of one block."""
        for at, length, octets, vlan, kind in ring.frames(start, frames):
            tagged = vlan >= 0
            yield Record(
                at,
                self.link_type,
                length + 4 * tagged,
                octets,
                vlan if tagged else None,
                kind == _OUTGOING,
            )

    def count(self, counter: Counter, timeout_s: float) -> None:
        """What has come in, block by block through the compiled counting path."""
        assert self.ring is not None
        for start, frames in self.ring.blocks(timeout_s):
            counter.count_block(self.ring.memory, start, frames)
        self.packet.check()

    def _record(
        self, octets: bytes, ancillary: list[tuple[int, int, bytes]], address: Any
    ) -> Record:
        at, vlan, length = None, None, len(octets)
        for level, kind, value in ancillary:
            if level == SOL_PACKET and kind == _AUXDATA and len(value) >= _AUX.size:
                status, full, _kept, _mac, _net, tci, _tpid = _AUX.unpack_from(value)
                length = max(length, full)
                if status & _VLAN_VALID:
                    vlan, length = tci & 0xFFF, length + 4
            elif kind == _SO_TIMESTAMPNS and len(value) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(value)
                at = seconds + nanoseconds * 1e-9
        if at is None:
            at = datetime.now(UTC).timestamp()
        return Record(at, self.link_type, length, octets, vlan, address[2] == _OUTGOING)

    def send(self, frame: bytes) -> None:
        try:
            self._socket.send(frame)
        except OSError as exc:
            raise CollectError(f"cannot send on {self.name}: {exc.strerror or exc}") from exc

    def dropped(self) -> int | None:
        """Frames lost since the start."""
        return self.packet.statistics()[1]

    def close(self) -> None:
        self.packet.close()


# --- a node of the practice network --------------------------------------------------------------

_RECORD = Struct("!dI")


class LabTap:
    """The wire of one node of the running practice network, over its control socket."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.name = f"lab:{node}"
        state = _lab_state()
        host, port = state["control"]
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=5)
        except OSError as exc:
            raise Unreachable(
                f"the practice network at {host}:{port} does not answer: {exc}"
            ) from exc
        hello = json.dumps({"token": state["token"], "tap": node}) + "\n"
        self._socket.sendall(hello.encode())
        self._buffer = b""

    def receive(self, timeout_s: float) -> Iterator[Record]:
        ready, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
        if ready:
            self._fill()
        at = 0
        while len(self._buffer) >= at + _RECORD.size:
            seconds, length = _RECORD.unpack_from(self._buffer, at)
            if length > MAX_BLOCK:
                raise LabError(f"the tap of {self.node} sends a frame of {length} octets")
            end = at + _RECORD.size + length
            if len(self._buffer) < end:
                break
            yield Record(seconds, ETHERNET, length, self._buffer[at + _RECORD.size : end])
            at = end
        self._buffer = self._buffer[at:]

    def _fill(self) -> None:
        try:
            octets = self._socket.recv(1 << 20)
        except OSError as exc:
            raise CollectError(f"the tap of {self.node} broke: {exc}") from exc
        if not octets:
            raise CollectError(f"the practice network closed the tap of {self.node}")
        self._buffer += octets
        if self._buffer[:1] == b"{":  # a refusal, in words, instead of frames
            raise _refusal(self._buffer.split(b"\n")[0])

    def send(self, frame: bytes) -> None:
        now = datetime.now(UTC).timestamp()
        try:
            self._socket.sendall(_RECORD.pack(now, len(frame)) + frame)
        except OSError as exc:
            raise CollectError(f"the tap of {self.node} broke: {exc}") from exc

    def dropped(self) -> int | None:
        return None

    def close(self) -> None:
        self._socket.close()


def _refusal(line: bytes) -> NetdiagError:
    """Why the lab does not open that tap: nobody of that name, or a wrong token."""
    try:
        said = str(json.loads(line)["error"])
    except (ValueError, KeyError, TypeError):
        return LabError(f"the practice network refuses: {line[:200].decode('utf-8', 'replace')}")
    return UsageError(said)


def _lab_state() -> dict[str, Any]:
    """The running practice network's state file."""
    import platformdirs

    named = os.environ.get("NETDIAG_LAB")
    path = Path(named) if named else platformdirs.user_state_path("netdiag") / "lab.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError("no practice network is running: start one with `netdiag lab up`") from exc
    except (OSError, ValueError) as exc:
        raise UsageError(f"the practice network's state file {path} cannot be read: {exc}") from exc
    if not isinstance(state, dict) or not {"control", "token"} <= state.keys():
        raise UsageError(f"the practice network's state file {path} lacks its control address")
    return state
