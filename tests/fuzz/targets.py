"""What is fuzzed: each decoder as a function of octets, with seeds to start from.

A target passes when nothing is raised but the decoder's own error, and when what comes out is what
the next stage takes. Each one is run by hypothesis in the tests and by atheris (`python -m tests.fuzz`).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from netdiag.capture import dissect, loopprobe
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.link import ETHERNET, Control
from netdiag.capture.probe import samples
from netdiag.decode import frames, syslog, syslog_header, traps
from netdiag.errors import DecodeError, FileFormatError

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "fuzz"
"""Inputs that once broke a target, in a folder of its name."""


@dataclass(frozen=True)
class Target:
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    size: int = 4096
    """Octets of an input at most."""


def regressions(name: str) -> Iterator[Path]:
    """The fixtures of one target."""
    folder = FIXTURES / name
    yield from sorted(folder.iterdir()) if folder.is_dir() else ()


# --- capture files -------------------------------------------------------------------------------


def _file(octets: bytes) -> None:
    """A capture file read to its end, all that it says understood."""
    path = _scratch()
    path.write_bytes(octets)
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    try:
        file = CaptureFile(str(path))
        for record in file:
            analysis.add(record)
    except FileFormatError:
        return
    analysis.finish(truncated=file.truncated, dropped=file.dropped, damage=file.damage)
    _understood(lines, analysis.packets)


@cache
def _scratch() -> Path:
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    return Path(tempfile.mkdtemp(prefix="netdiag-fuzz-", dir=folder)) / f"{os.getpid()}.pcap"


def _understood(lines: list[str], packets: int) -> None:
    capture = frames.capture(lines, "fuzz", rates=True)
    assert capture.packets == packets
    strange = [e for e in capture.errors if e.what in ("line", "total")]
    assert not strange, strange


def _pcap(*octets: bytes, link: int = 1, order: str = "<") -> bytes:
    out = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for n, one in enumerate(octets):
        out += struct.pack(order + "IIII", 1_700_000_000 + n, n, len(one), len(one)) + one
    return out


def _block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def _pcapng(*octets: bytes, order: str = "<") -> bytes:
    options = struct.pack(order + "HHB3xHHI", 9, 1, 9, 0, 0, 0)[:8]
    out = _block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    out += _block(1, struct.pack(order + "HHI", 1, 0, 65535) + options, order)
    for n, one in enumerate(octets):
        head = struct.pack(order + "IIIII", 0, 0x60000, n, len(one), len(one))
        out += _block(6, head + one, order)
    out += _block(3, struct.pack(order + "I", 60) + bytes(60), order)
    out += _block(5, struct.pack(order + "IIIHHQ", 0, 0, 0, 5, 8, 3), order)
    return out


def _packed(octets: bytes) -> None:
    """The same inside gzip or zstd, and damaged archives as they are."""
    if octets[:1] == b"g":
        octets = gzip.compress(octets[1:], 1, mtime=0)
    elif octets[:1] == b"z":
        octets = _zstd(octets[1:])
    _file(octets)


def _zstd(octets: bytes) -> bytes:
    try:
        import zstandard
    except ModuleNotFoundError:
        return octets
    packed: bytes = zstandard.ZstdCompressor(level=1).compress(octets)
    return packed


# --- frames --------------------------------------------------------------------------------------

_LINKS = (ETHERNET, 0, 101, 105, 108, 113, 127, 228, 229, 276, 999)


def _frame(octets: bytes) -> None:
    """One frame of a link type that its first octet chooses; its second, what of it was kept."""
    if len(octets) < 2:
        return
    link, more, octets = _LINKS[octets[0] % len(_LINKS)], octets[1], octets[2:]
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)), decapsulate=bool(more & 1))
    vlan = 7 if more & 2 else None
    for n in range(2):
        analysis.add(Record(1_700_000_000.0 + n, link, len(octets) + (more >> 2), octets, vlan))
    analysis.finish()
    _understood(lines, 2)


_KINDS = tuple(sorted(dissect.KINDS))


def _message(octets: bytes) -> None:
    """One control message of a protocol that its first octet chooses."""
    if not octets:
        return
    kind, cut = _KINDS[octets[0] % 64 % len(_KINDS)], octets[0] >= 128
    ip = bytes(16) if kind in ("dhcp6", "ra", "rs", "ns") else b"\x0a\0\0\1"
    try:
        said = dissect.message(Control(kind, octets[1:], ip, ip, 64, cut))
    except DecodeError:
        return
    line = {"id": 1, "t": 1.0, "vlans": [], "src": "02:00:00:00:00:01", **said}
    total = {"type": "total", "packets": 1}
    _understood([json.dumps(line), json.dumps(total)], 1)


def _messages() -> Iterator[bytes]:
    dhcp = struct.pack("!BBBBIHH", 2, 1, 6, 0, 77, 0, 0) + bytes(16) + b"\2\0\0\0\0\1".ljust(16)
    options = (
        b"\x35\x01\x02\x36\x04\x0a\0\0\1\x01\x04\xff\xff\xff\0\x03\x04\x0a\0\0\1\x06\x08\x0a\0\0\1\x0a\0\0\2"
        b"\x0c\x03abc\x0f\x03lan\x33\x04\0\0\x0e\x10\x34\x01\x03\x3c\x07udhcpcd\x52\x06\x01\x04port\xff"
    )
    bodies = {
        "dhcp": dhcp + bytes(192) + b"\x63\x82\x53\x63" + options,
        "dhcp6": bytes.fromhex(
            "07123456 0002000a00030001001122334455 0001000a00030001020000000001 00170010 fe80" + "00" * 13 + "01 00180005036c616e00"
        ),
        "ra": bytes.fromhex(
            "86000000400007080000000000000000 0101021122334455 0304 40c0 00278d00 00093a80 00000000 20010db8000000000000000000000000 19030000 00000e10 20010db8000000000000000000000001"
        ),
        "rs": bytes.fromhex("8500000000000000"),
        "ns": bytes.fromhex("8700000000000000fe800000000000000000000000000001"),
        "arp": struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, bytes(6), bytes(4), bytes(6), bytes(4)),
        "stp": bytes.fromhex("0000020201 8000001122334455 00000000 8000001122334455 8001 0000 1400 0200 0f00"),
        "pvst": bytes.fromhex("0000020201 8000001122334455 00000000 8000001122334455 8001 0000 1400 0200 0f00 00 0000 0002 000a"),
        "lldp": bytes.fromhex("020704001122334455 040505476930 2f 06020078 0a0361626308036d676d100c0501c0a80001020000000100 0000"),
        "cdp": bytes.fromhex("02b40000 00010007616263 00020011000000010101cc0004c0a80001 00030008476930 31"),
        "loop-probe": loopprobe.build("02:00:00:00:00:01", 10, 7)[14:],
        "ssdp": b"NOTIFY * HTTP/1.1\r\nSERVER: Linux UPnP/1.0 TL-WR841N\r\nNT: upnp:rootdevice\r\n\r\n",
        "mdns": bytes.fromhex(
            "000084000000000200000000 06726f75746572056c6f63616c00 0001 8001 00000078 0004 c0a80001 "
            "055f68747470045f746370c013 000c 0001 00000078 0002 c00c"
        ),
    }  # fmt: skip
    for number, kind in enumerate(_KINDS):
        yield bytes((number,)) + bodies.get(kind, b"\0" * 16)
        yield bytes((number + 128,)) + bodies.get(kind, b"\0" * 16)[:30]


# --- the capture process' lines ------------------------------------------------------------------


def _lines(octets: bytes) -> None:
    """Whatever the capture process may print."""
    capture = frames.capture(octets.decode("utf-8", "replace").split("\n"), "fuzz", rates=True)
    repr(capture)


def _said() -> bytes:
    lines: list[str] = []
    analysis = Analysis(lambda line: lines.append(json.dumps(line)))
    for n, octets in enumerate(samples() * 9):
        analysis.add(Record(1_700_000_000.0 + n // 40, ETHERNET, len(octets), octets))
    analysis.finish()
    return "\n".join(lines).encode()


# --- SNMP, traps, syslog -------------------------------------------------------------------------


def _response(octets: bytes) -> None:
    from netdiag.collect import snmp_v2c

    try:
        found = snmp_v2c.response(octets)
    except DecodeError:
        return
    traps.parse([(k, v) for k, v in found.varbinds if v is not None], at=AT, device=None)


def _ber(octets: bytes) -> None:
    """The practice switches' own reader."""
    from netdiag.lab import ber

    at = 0
    while at < len(octets):
        try:
            tag, contents, at = ber.read(octets, at)
            ber.to_oid(contents) if tag == 6 else ber.to_integer(contents)
        except ValueError:
            return


def _trap(octets: bytes) -> None:
    varbinds = _receiver().decode(octets, ("127.0.0.1", 162))
    if varbinds is not None:
        traps.parse(varbinds, at=AT, device=None)
        traps.origin(varbinds)


@cache
def _receiver() -> Any:
    from netdiag.collect.listen_traps import Receiver

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    receiver = Receiver(("public",), (), lambda _octets, _to: None)
    receiver.open()
    return receiver


_V2_TRAP = bytes.fromhex(
    "303e 020101 04067075626c6963 a731 020101 020100 020100 3026 300d 06082b06010201010300 430100 3015 060a2b060106030101040100 06072b060106030101"
)  # fmt: skip
"""A coldStart, as snmptrap sends it."""


def _syslog(octets: bytes) -> None:
    said = octets.decode("utf-8", "replace")
    syslog.parse(said, at=AT)
    for line in said.splitlines():
        syslog.parse_line(line, at=AT, clock=AT)
        syslog_header.parse(line, AT, AT)


_SYSLOG = (
    b"<189>45: acc-1: *Mar  2 08:59:57.123: %SW_MATM-4-MACFLAP_NOTIF: Host 50c7.bf06.0c8a in vlan 10 is flapping between port Gi1/0/6 and port Gi1/0/12",
    b"<132>1 2026-03-02T08:59:57.5Z sw1 ifmgr 1 - - %%01L2IFPPI/4/MFLPVLANALARM(l)[1]:MAC move detected, VLANID = 10, MacAddress = 0001-0002-0003, Original-Port = GE0/0/1, Flapping port = GE0/0/2.",
    b"%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state",
)

TARGETS: Mapping[str, Target] = {
    "file": Target(
        _file,
        (
            _pcap(*samples()),
            _pcap(*samples()[:2], order=">"),
            _pcapng(*samples()),
            _pcapng(*samples()[:2], order=">"),
        ),
        1 << 14,
    ),
    "packed": Target(
        _packed,
        (
            b"g" + _pcap(*samples()[:3]),
            b"z" + _pcapng(*samples()[:3]),
            gzip.compress(_pcap(*samples()[:2]), mtime=0),
            _zstd(_pcap(*samples()[:2])),
        ),
        1 << 14,
    ),
    "frame": Target(_frame, tuple(b"\0\1" + one for one in samples()), 2048),
    "message": Target(_message, tuple(_messages())),
    "lines": Target(_lines, (_said(),), 1 << 14),
    "snmp": Target(_response, (_V2_TRAP.replace(b"\xa7", b"\xa2"),), 2048),
    "ber": Target(_ber, (_V2_TRAP,), 2048),
    "trap": Target(_trap, (_V2_TRAP,), 2048),
    "syslog": Target(_syslog, _SYSLOG, 2048),
}
