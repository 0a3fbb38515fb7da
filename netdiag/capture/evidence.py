"""What was heard, kept for whoever doubts a finding: a pcapng file of bounded size.

Rules: a quarter of the room for distinct control messages, at most half for what came before and
after each finding, the rest for the newest frames. The file is opened before privileges are laid down, grows
as findings come, so that a crash leaves it readable, and is written once more in order at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from struct import Struct
from typing import IO

from netdiag.capture.container import Record
from netdiag.capture.link import ETHERNET
from netdiag.errors import UsageError

_OVERHEAD = 64
"""Octets that a kept frame costs beyond its own."""
_FINDINGS = 4
"""Findings that the room for them holds at least."""
_BEFORE_S, _AFTER_S = 3, 2
"""Seconds around a finding's onset."""
_BLOCK = Struct("<II").pack
_PACKET = Struct("<IIIII").pack
_OPTION = Struct("<HH").pack
_NANOSECONDS = b"\x09\x00\x01\x00\x09\x00\x00\x00" + bytes(4)  # if_tsresol 10^-9, end of options
_COMMENT = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames as they lay in a block of the kernel's ring, taken apart only if they are written."""

    octets: bytes
    offsets: Sequence[int]
    kept: Sequence[int]
    lengths: Sequence[int]
    times: Sequence[float]
    vlans: Sequence[int]
    first: int = 0
    end: int | None = None
    """Only the frames from `first` up to here count; `None`: to the last."""

    @property
    def frames(self) -> int:
        return (len(self.offsets) if self.end is None else self.end) - self.first

    @property
    def each(self) -> int:
        """What a frame costs, on average."""
        return 1 + (len(self.octets) + 160 * len(self.offsets)) // max(1, len(self.offsets))

    @property
    def size(self) -> int:
        return self.each * self.frames

    def records(self) -> Iterator[Record]:
        for n in range(self.first, self.first + self.frames):
            start = self.offsets[n]
            octets = self.octets[start : start + self.kept[n]]
            yield Record(self.times[n], ETHERNET, self.lengths[n], octets, self.vlans[n] or None)

    def head(self, room: int) -> Batch:
        """Its first frames, of at most that size."""
        return replace(self, end=self.first + min(self.frames, max(0, room) // self.each))

    def tail(self, room: int) -> Batch:
        """Its last frames, of at most that size."""
        return replace(self, first=self.first + self.frames - min(self.frames, room // self.each))


@dataclass(slots=True)
class _Second:
    """The first frames of one second."""

    second: int
    frames: list[Record | Batch] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Mark:
    """A finding, and until when frames are kept for it."""

    at: float
    words: str
    until: float


class Evidence:
    """Feed it what passes, and `mark` what was found; `write` makes the file."""

    def __init__(self, path: str, room: int) -> None:
        try:
            # It holds what people sent: for the owner's eyes.
            Path(path).touch(mode=0o600)
            self._file: IO[bytes] = Path(path).open("wb")  # noqa: SIM115 - closed by `write`
        except OSError as exc:
            raise UsageError(f"{path} cannot be written: {exc.strerror or exc}") from exc
        self._quarter = room // 4
        self._control: list[Record] = []
        self._control_size = 0
        self._newest: deque[Record | Batch] = deque()
        self._size = 0
        self._seconds: deque[_Second] = deque(maxlen=_BEFORE_S + _AFTER_S + 2)
        self._head = 2 * self._quarter // _FINDINGS // (_BEFORE_S + _AFTER_S)
        self._pinned: dict[int, _Second] = {}
        self._pinned_size = 0
        self._marks: list[_Mark] = []
        self._words: list[tuple[float, str]] = []
        self._writer = _Writer(self._file)

    def control(self, record: Record) -> None:
        """A control frame that says something new."""
        size = len(record.octets) + _OVERHEAD
        if self._control_size + size <= self._quarter:
            self._control.append(record)
            self._control_size += size

    def frame(self, record: Record) -> None:
        """Any frame."""
        self._keep(record, len(record.octets) + _OVERHEAD, record.at or 0.0)

    def batch(self, batch: Batch) -> None:
        """Many frames at once."""
        self._keep(batch, batch.size, batch.times[0])

    def _keep(self, what: Record | Batch, size: int, at: float) -> None:
        self._newest.append(what)
        self._size += size
        self._forget()
        second = int(at)
        if not self._seconds or self._seconds[-1].second != second:
            self._seconds.append(_Second(second))
        head = self._seconds[-1]
        if isinstance(what, Batch):
            what = what.head(self._head - head.size)
            size = what.size
        if head.size + size <= self._head:
            head.frames.append(what)
            head.size += size
        else:
            head.size = self._head

    def _forget(self) -> None:
        """The oldest frames, down to the room that control messages and findings leave."""
        room = 3 * self._quarter - self._pinned_size
        while self._size > room and self._newest:
            oldest = self._newest.popleft()
            size = _size(oldest)
            self._size -= size
            left = room - self._size
            if isinstance(oldest, Batch) and left > oldest.each:
                part = oldest.tail(left)
                self._newest.appendleft(part)
                self._size += part.size
                return

    def mark(self, at: float, words: str, now: float) -> None:
        """Something was found that began at `at`: the frames around it are to be kept."""
        self._marks.append(_Mark(at, words[:_COMMENT], now + _AFTER_S))
        self._words.append((at, words[:_COMMENT]))
        self._pin(at)

    def tick(self, now: float) -> None:
        """Once in a while: marks whose time is over are written, so that a crash leaves them."""
        for mark in [m for m in self._marks if m.until <= now]:
            self._marks.remove(mark)
            self._pin(mark.at, mark.until)
            frames = [r for s in self._around(mark) for r in _records(s.frames)]
            self._writer.write(frames, [(mark.at, mark.words)])
            self._file.flush()

    def _around(self, mark: _Mark) -> list[_Second]:
        first = int(mark.at) - _BEFORE_S
        return [s for t, s in sorted(self._pinned.items()) if first <= t <= mark.until]

    def _pin(self, at: float, until: float | None = None) -> None:
        for second in self._seconds:
            near = int(at) - _BEFORE_S <= second.second <= (until or at + _AFTER_S)
            known = second.second in self._pinned
            if near and not known and self._pinned_size + second.size <= 2 * self._quarter:
                self._pinned[second.second] = second
                self._pinned_size += second.size

    def write(self) -> None:
        """The file, in order of time, each frame once."""
        for mark in self._marks:
            self._pin(mark.at, mark.until)
        kept = [r for s in self._pinned.values() for r in _records(s.frames)]
        everything = (*self._control, *kept, *_records(self._newest))
        found = {(r.at or 0.0, r.octets): r for r in everything}
        with self._file as file:
            file.seek(0)
            file.truncate()
            _Writer(file).write(sorted(found.values(), key=lambda r: r.at or 0.0), self._words)


def _size(what: Record | Batch) -> int:
    return what.size if isinstance(what, Batch) else len(what.octets) + _OVERHEAD


def _records(kept: Sequence[Record | Batch] | deque[Record | Batch]) -> Iterator[Record]:
    for what in kept:
        if isinstance(what, Record):
            yield what
        else:
            yield from what.records()


class _Writer:
    """draft-ietf-opsawg-pcapng, little-endian, one interface a link type, nanoseconds."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._interfaces: dict[int, int] = {}
        file.write(_block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a\x01\x00\x00\x00" + b"\xff" * 8))

    def write(self, records: Sequence[Record], words: Sequence[tuple[float, str]]) -> None:
        """The frames; the first one at or after a finding's onset bears its words as a comment."""
        waiting = sorted(words)
        for record in records:
            due = [text for at, text in waiting if at <= (record.at or 0.0)]
            waiting = waiting[len(due) :]
            self._file.write(self._packet(record, due))

    def _packet(self, record: Record, comments: Sequence[str]) -> bytes:
        out = b""
        number = self._interfaces.get(record.link_type)
        if number is None:
            number = self._interfaces[record.link_type] = len(self._interfaces)
            head = record.link_type.to_bytes(2, "little") + bytes(6)
            out = _block(1, head + _NANOSECONDS)
        octets = record.octets
        if record.vlan:  # the kernel took the tag off: it belongs to the frame
            octets = octets[:12] + b"\x81\x00" + record.vlan.to_bytes(2, "big") + octets[12:]
        ticks = int((record.at or 0.0) * 1e9)
        length = max(record.wire_length, len(octets))
        head = _PACKET(number, ticks >> 32, ticks & 0xFFFFFFFF, len(octets), length)
        return out + _block(6, head + _padded(octets) + _options(comments))


def _options(comments: Sequence[str]) -> bytes:
    if not comments:
        return b""
    out = b""
    for text in comments:
        octets = text.encode("utf-8", "replace")
        out += _OPTION(1, len(octets)) + _padded(octets)
    return out + bytes(4)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _block(kind: int, body: bytes) -> bytes:
    body = _padded(body)
    length = len(body) + 12
    return _BLOCK(kind, length) + body + length.to_bytes(4, "little")
