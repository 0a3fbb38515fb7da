"""What was heard, kept for whoever doubts a finding: a pcapng file of bounded size.

Rules: every distinct control message that was decoded is kept first, then the newest frames of all;
each has half of the room. The file is opened before privileges are laid down and written at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import IO

from netdiag.capture.container import Record
from netdiag.errors import UsageError

_OVERHEAD = 64
"""Octets that a kept frame costs beyond its own."""
_BLOCK = Struct("<II").pack
_PACKET = Struct("<IIIII").pack
_NANOSECONDS = b"\x09\x00\x01\x00\x09\x00\x00\x00" + bytes(4)  # if_tsresol 10^-9, end of options

Batch = Callable[[], Iterator[Record]]


class Evidence:
    """Feed it what passes; `write` makes the file."""

    def __init__(self, path: str, room: int) -> None:
        try:
            # It holds what people sent: for the owner's eyes.
            Path(path).touch(mode=0o600)
            self._file: IO[bytes] = Path(path).open("wb")  # noqa: SIM115 - closed by `write`
        except OSError as exc:
            raise UsageError(f"{path} cannot be written: {exc.strerror or exc}") from exc
        self._room = room // 2
        self._control: list[Record] = []
        self._control_size = 0
        self._newest: deque[tuple[int, Record | Batch]] = deque()
        self._size = 0

    def control(self, record: Record) -> None:
        """A control frame that says something new."""
        size = len(record.octets) + _OVERHEAD
        if self._control_size + size <= self._room:
            self._control.append(record)
            self._control_size += size

    def frame(self, record: Record) -> None:
        """Any frame."""
        self._keep(len(record.octets) + _OVERHEAD, record)

    def batch(self, size: int, frames: Batch) -> None:
        """Many frames at once, taken apart only if they are written."""
        self._keep(size, frames)

    def _keep(self, size: int, what: Record | Batch) -> None:
        self._newest.append((size, what))
        self._size += size
        while self._size > self._room and len(self._newest) > 1:
            self._size -= self._newest.popleft()[0]

    def write(self) -> None:
        """The file, in order of time, each frame once."""
        found = {(r.at or 0.0, r.octets): r for r in (*self._control, *self._frames())}
        with self._file as file:
            for block in _pcapng(sorted(found.values(), key=lambda r: r.at or 0.0)):
                file.write(block)

    def _frames(self) -> Iterator[Record]:
        for _, what in self._newest:
            if isinstance(what, Record):
                yield what
            else:
                yield from what()


def _pcapng(records: list[Record]) -> Iterator[bytes]:
    """draft-ietf-opsawg-pcapng, little-endian, one interface a link type, nanoseconds."""
    yield _block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a\x01\x00\x00\x00" + b"\xff" * 8)
    interfaces: dict[int, int] = {}
    for record in records:
        number = interfaces.get(record.link_type)
        if number is None:
            number = interfaces[record.link_type] = len(interfaces)
            head = record.link_type.to_bytes(2, "little") + bytes(6)
            yield _block(1, head + _NANOSECONDS)
        octets = record.octets
        if record.vlan:  # the kernel took the tag off: it belongs to the frame
            octets = octets[:12] + b"\x81\x00" + record.vlan.to_bytes(2, "big") + octets[12:]
        ticks = int((record.at or 0.0) * 1e9)
        head = _PACKET(
            number,
            ticks >> 32,
            ticks & 0xFFFFFFFF,
            len(octets),
            max(record.wire_length, len(octets)),
        )
        yield _block(6, head + octets)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return _BLOCK(kind, length) + body + length.to_bytes(4, "little")
