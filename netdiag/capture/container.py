"""Capture files: pcap and pcapng, every byte order and time resolution, plain, gzipped or zstd; stdin.

Rules: a file that is no capture raises FileFormatError; one that ends in mid-packet, or goes bad
later on, yields all that came before and says so (`truncated`, `damage`). Sources:
draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct, error
from typing import IO, Any, Protocol, cast

from netdiag.errors import FileFormatError, UsageError

MAX_BLOCK = 16 * 1024 * 1024
"""No frame is longer; a length above this is damage, not data."""

_PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1e-6, 24),  # Kuznetzov's variant: eight more octets a record
    b"\xa1\xb2\xcd\x34": (">", 1e-6, 24),
}
_SECTION = b"\x0a\x0d\x0d\x0a"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 1 << 27
"""What `zstd` itself accepts without being told: memory is bounded."""


@dataclass(slots=True)
class Record:
    """One captured frame."""

    at: float | None
    """Seconds since 1970 UTC; `None` where the file gives no time."""
    link_type: int
    wire_length: int
    """Octets on the wire, which may be more than were kept."""
    octets: bytes
    vlan: int | None = None
    """A tag that the kernel took off before the frame got here."""
    outgoing: bool = False


class _Truncated(Exception):
    """The stream ended in the middle of something."""


class Skim(Protocol):
    """Who reads whole records in bulk; it leaves what it does not understand to the reader here."""

    def stream(self, stream: IO[bytes]) -> IO[bytes]:
        """The stream through which both read."""

    def pcap(self, order: str, unit: float, head: int, link_type: int) -> None:
        """At the beginning of a record."""

    def pcapng(self, section: Section) -> None:
        """At the beginning of a block."""


@dataclass(slots=True)
class CaptureFile:
    """An open capture file; iterate over it once, then look at what it says of its end."""

    path: str
    truncated: bool = False
    damage: str | None = None
    """Why reading stopped before the end, in one sentence."""
    dropped: int | None = None
    """Frames that the capturing machine lost, where the file says (pcapng statistics)."""
    skim: Skim | None = None
    """Takes whole records off the stream before each record that is read here."""
    _stream: IO[bytes] = field(init=False)
    _magic: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._stream = _open(self.path)
        self._magic = self._first(4)
        if self._magic not in _PCAP_MAGIC and self._magic != _SECTION:
            start = self._magic.hex(" ") or "nothing: it is empty"
            raise FileFormatError(
                f"not a pcap or pcapng file (it starts with {start})", file=self.path
            )

    def __iter__(self) -> Iterator[Record]:
        if self.skim is not None:
            self._stream = self.skim.stream(self._stream)
        records = self._pcap() if self._magic in _PCAP_MAGIC else self._pcapng()
        try:
            yield from records
        except (_Truncated, EOFError):
            self.truncated = True
        except FileFormatError:
            raise
        except (OSError, zlib.error, error, ValueError) as exc:
            self.damage = f"the file is damaged: {exc}"
        finally:
            self._stream.close()

    def _first(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error) as exc:
            raise FileFormatError(f"cannot be read: {exc}", file=self.path) from exc

    def _exactly(self, size: int) -> bytes:
        octets = self._stream.read(size)
        if len(octets) != size:
            raise _Truncated
        return octets

    def _pcap(self) -> Iterator[Record]:
        order, unit, record_size = _PCAP_MAGIC[self._magic]
        header = self._stream.read(20)
        if len(header) < 20:
            raise FileFormatError("ends within its 24-octet header", file=self.path)
        link_type = Struct(order + "I").unpack_from(header, 16)[0] & 0xFFFF
        unpack = Struct(order + "IIII").unpack_from
        read = self._stream.read
        while True:
            if self.skim is not None:
                self.skim.pcap(order, unit, record_size, link_type)
            if not (head := read(record_size)):
                return
            if len(head) < record_size:
                raise _Truncated
            seconds, fraction, kept, length = unpack(head)
            if kept > MAX_BLOCK:
                raise ValueError(f"a record claims {kept} octets")
            octets = read(kept)
            if len(octets) < kept:  # an incomplete record is no packet, as capinfos has it
                raise _Truncated
            yield Record(seconds + fraction * unit, link_type, max(length, kept), octets)

    def _pcapng(self) -> Iterator[Record]:
        section = Section("<")
        kind, first, earlier = self._magic, True, 0
        while kind:
            if len(kind) < 4:
                raise _Truncated
            if kind == _SECTION:
                earlier = self.dropped or 0
                section, body = self._section_header(first)
            else:
                body = self._block(section)
            first = False
            record = section.record(section.u32.unpack(kind)[0], body)
            if record is not None:
                yield record
            if section.dropped:
                self.dropped = earlier + sum(section.dropped.values())
            if self.skim is not None:
                self.skim.pcapng(section)
            kind = self._stream.read(4)

    def _section_header(self, first: bool) -> tuple[Section, bytes]:
        head = self._stream.read(8)
        order = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}.get(head[4:8])
        if order is None:
            if first:
                raise FileFormatError(
                    "a pcapng section without its byte-order mark", file=self.path
                )
            raise (
                ValueError("a section without its byte-order mark")
                if len(head) == 8
                else _Truncated
            )
        section = Section(order)
        length = section.u32.unpack(head[:4])[0]
        if length < 28 or length > MAX_BLOCK:
            raise ValueError(f"a section header of {length} octets")
        self._exactly(length - 12)
        return section, b""

    def _block(self, section: Section) -> bytes:
        length = section.u32.unpack(self._exactly(4))[0]
        if length < 12 or length > MAX_BLOCK:
            raise ValueError(f"a block of {length} octets")
        body = self._exactly((length + 3 & ~3) - 12)
        if section.u32.unpack(self._exactly(4))[0] != length:
            raise ValueError(f"a block of {length} octets that ends in another length")
        return body


@dataclass(slots=True)
class Interface:
    """What an interface description block says of the packets that follow."""

    link_type: int
    snap_length: int
    unit: float = 1e-6
    offset_s: int = 0


class Section:
    """One pcapng section: its byte order and its interfaces."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.u32 = Struct(order + "I")
        self._pair, self._i64 = Struct(order + "HH"), Struct(order + "q")
        self._u64 = Struct(order + "Q")
        self._packet = Struct(order + "IIIII")
        self.interfaces: list[Interface] = []
        self.dropped: dict[int, int] = {}
        """Frames lost by interface, as the newest statistics say."""

    def record(self, kind: int, body: bytes) -> Record | None:
        """The frame in a block of that type, if it holds one; other blocks are noted or skipped."""
        if kind == 1:
            self._describe(body)
        elif kind == 6:
            return self._enhanced(body, self._packet.unpack_from(body))
        elif kind == 2:  # the obsolete packet block: 16-bit interface and drop count
            number, _lost = self._pair.unpack_from(body)
            return self._enhanced(body, (number, *self._packet.unpack_from(body)[1:]))
        elif kind == 3:
            return self._simple(body)
        elif kind == 5:
            self._statistics(body)
        return None

    def _describe(self, body: bytes) -> None:
        link_type, _reserved, snap_length = (
            *self._pair.unpack_from(body),
            self.u32.unpack_from(body, 4)[0],
        )
        interface = Interface(link_type, snap_length)
        for code, octets in self._options(body[8:]):
            if code == 9 and octets:
                power = octets[0] & 0x7F
                interface.unit = float(2 if octets[0] & 0x80 else 10) ** -power
            elif code == 14 and len(octets) == 8:
                interface.offset_s = self._i64.unpack(octets)[0]
        self.interfaces.append(interface)

    def _interface(self, number: int) -> Interface:
        if number >= len(self.interfaces):
            raise ValueError(f"a packet of interface {number}, which is not described")
        return self.interfaces[number]

    def _enhanced(self, body: bytes, head: tuple[int, ...]) -> Record:
        number, high, low, kept, length = head
        interface = self._interface(number)
        if kept > len(body) - 20:
            raise ValueError(f"a packet of {kept} octets in a block of {len(body)}")
        at = ((high << 32) | low) * interface.unit + interface.offset_s
        return Record(at, interface.link_type, max(length, kept), body[20 : 20 + kept])

    def _simple(self, body: bytes) -> Record:
        interface = self._interface(0)
        length: int = self.u32.unpack_from(body)[0]
        kept = min(length, len(body) - 4, interface.snap_length or MAX_BLOCK)
        return Record(None, interface.link_type, length, body[4 : 4 + kept])

    def _statistics(self, body: bytes) -> None:
        lost = [
            self._u64.unpack(o)[0]
            for c, o in self._options(body[12:])
            if c in (5, 7) and len(o) == 8
        ]
        if lost:
            self.dropped[self.u32.unpack_from(body)[0]] = max(lost)

    def _options(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(body):
            code, length = self._pair.unpack_from(body, at)
            if code == 0:
                return
            yield code, body[at + 4 : at + 4 + length]
            at += 4 + (length + 3 & ~3)


def _open(path: str) -> IO[bytes]:
    """The capture's own octets, unpacked where they are packed; `-` is the standard input."""
    try:
        stream = _standard_input() if path == "-" else Path(path).open("rb")  # noqa: SIM115
        start = stream.peek(4)[:4]
    except IsADirectoryError as exc:
        raise UsageError(f"{path} is a folder, not a capture file") from exc
    except FileNotFoundError as exc:
        raise UsageError(f"there is no file {path}") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    if start[:2] == _GZIP:
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if start == _ZSTD:
        return _unpack_zstd(stream, path)
    return stream


def _standard_input() -> io.BufferedReader:
    stream = getattr(sys.stdin, "buffer", None)
    if not isinstance(stream, io.BufferedReader):
        raise UsageError("there is no standard input to read a capture from")
    if stream.isatty():
        raise UsageError("- reads a capture from a pipe, such as `tcpdump -w - | netdiag pcap -`")
    return stream


def _unpack_zstd(stream: IO[bytes], path: str) -> IO[bytes]:
    try:
        import zstandard
    except ModuleNotFoundError as exc:
        raise UsageError(
            f"{path} is zstd-compressed, which needs the package zstandard "
            "(`pip install 'netdiag[fast]'`); or unpack it: zstd -d"
        ) from exc

    class Unpacked(io.RawIOBase):
        """What is there before an error; the error as the OSError that a reader expects."""

        def __init__(self) -> None:
            unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
            self._reader = unpacker.stream_reader(stream, read_across_frames=True)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            try:
                return int(self._reader.readinto1(buffer))
            except zstandard.ZstdError as exc:
                raise OSError(f"zstd: {exc}") from exc

    return cast("IO[bytes]", io.BufferedReader(Unpacked(), 1 << 18))
