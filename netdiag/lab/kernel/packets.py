"""Packet sockets: the ones that count and are never read, and the ones that carry a station's frames.

A counting socket has a classic BPF filter, the smallest buffer, and nobody reads it: the kernel
counts what the filter lets through, exactly and at any rate (packet(7), PACKET_STATISTICS).
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
from collections.abc import Sequence

ETH_P_ALL = 3
_SO_ATTACH_FILTER, _SOL_PACKET = 26, 263
_STATISTICS, _IGNORE_OUTGOING = 6, 23
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_PACKET_TYPE = 0xFFFFF004
"""SKF_AD_OFF + SKF_AD_PKTTYPE."""
_OUTGOING = 4
_LOAD_W, _LOAD_H, _LOAD_B, _JUMP_EQ, _JUMP_SET, _AND, _RETURN = (
    0x20,
    0x28,
    0x30,
    0x15,
    0x45,
    0x54,
    6,
)
Instruction = tuple[int, int, int, int]
_Line = tuple[str, int, str, str, int]
"""Label, code, label to jump to when true and when false, operand."""


def _assemble(lines: Sequence[_Line]) -> tuple[Instruction, ...]:
    """Labels become distances; an empty one is the next line."""
    places = {label: at for at, (label, *_) in enumerate(lines) if label}

    def distance(at: int, label: str) -> int:
        return places[label] - at - 1 if label else 0

    return tuple(
        (code, distance(at, true), distance(at, false), k)
        for at, (_, code, true, false, k) in enumerate(lines)
    )


def _count(*, outgoing: bool, broadcast: bool) -> tuple[Instruction, ...]:
    """Broadcasts, or other group-addressed frames, in one direction."""
    wanted, other = ("take", "drop") if broadcast else ("drop", "take")
    way = ("", "drop") if outgoing else ("drop", "")
    return _assemble(
        [
            ("", _LOAD_W, "", "", _PACKET_TYPE),
            ("", _JUMP_EQ, *way, _OUTGOING),
            ("", _LOAD_B, "", "", 0),
            ("", _JUMP_SET, "", "drop", 1),
            ("", _LOAD_W, "", "", 0),
            ("", _JUMP_EQ, "", other, 0xFFFFFFFF),
            ("", _LOAD_H, "", "", 4),
            ("", _JUMP_EQ, wanted, other, 0xFFFF),
            ("drop", _RETURN, "", "", 0),
            ("take", _RETURN, "", "", 1),
        ]
    )


COUNTS = {
    (outgoing, broadcast): _count(outgoing=outgoing, broadcast=broadcast)
    for outgoing in (False, True)
    for broadcast in (True, False)
}
"""(outgoing, broadcast) -> program."""

RESERVED = _assemble(
    [
        ("", _LOAD_W, "", "", _PACKET_TYPE),
        ("", _JUMP_EQ, "drop", "", _OUTGOING),
        ("", _LOAD_W, "", "", 0),
        ("", _JUMP_EQ, "", "drop", 0x0180C200),
        ("", _LOAD_H, "", "", 4),
        ("", _AND, "", "", 0xFFF0),
        ("", _JUMP_EQ, "take", "drop", 0),
        ("drop", _RETURN, "", "", 0),
        ("take", _RETURN, "", "", 0xFFFF),
    ]
)
"""Frames to 01:80:c2:00:00:0x that come in: LLDP, BPDUs."""

SILENT: tuple[Instruction, ...] = ((_RETURN, 0, 0, 0),)
"""Nothing at all."""


_ANSWERED = {68: "bootp"}
"""UDP port of a client -> where it is looked whether the answer is for this one."""


def station(mac: bytes, udp_ports: Sequence[int]) -> tuple[Instruction, ...]:
    """What a station's own programs wait for while its kernel does the rest, out of a storm too:
    ARP answers to it, echo answers to it, and datagrams to those UDP ports.
    """
    mine = int.from_bytes(mac[2:], "big")
    ports: list[_Line] = [
        ("", _JUMP_EQ, _ANSWERED.get(port, "take"), "", port) for port in udp_ports
    ]
    return _assemble(
        [
            ("", _LOAD_W, "", "", _PACKET_TYPE),
            ("", _JUMP_EQ, "drop", "", _OUTGOING),
            ("", _LOAD_H, "", "", 12),
            ("", _JUMP_EQ, "", "ip", 0x0806),
            ("", _LOAD_H, "", "", 20),
            ("", _JUMP_EQ, "", "drop", 2),
            ("", _LOAD_W, "", "", 2),
            ("", _JUMP_EQ, "take", "drop", mine),
            ("ip", _JUMP_EQ, "", "drop", 0x0800),
            ("", _LOAD_B, "", "", 23),
            ("", _JUMP_EQ, "udp", "", 17),
            ("", _JUMP_EQ, "", "drop", 1),
            ("", _LOAD_B, "", "", 34),
            ("", _JUMP_EQ, "", "drop", 0),
            ("", _LOAD_W, "", "", 2),
            ("", _JUMP_EQ, "take", "drop", mine),
            ("udp", _LOAD_H, "", "", 36),
            *ports,
            ("", _JUMP_EQ, "drop", "drop", 0),
            # The low four octets of a BOOTP answer's chaddr (RFC 951), after 42 octets of headers.
            ("bootp", _LOAD_W, "", "", 72),
            ("", _JUMP_EQ, "take", "drop", mine),
            ("drop", _RETURN, "", "", 0),
            ("take", _RETURN, "", "", 0xFFFF),
        ]
    )


def attach(sock: socket.socket, program: Sequence[Instruction]) -> None:
    """Puts a filter on a socket."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(code)
    filter_ = struct.pack("@HP", len(program), ctypes.addressof(kept))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


def packet_socket(
    interface: str | None, program: Sequence[Instruction] = (), *, buffer: int | None = None
) -> socket.socket:
    """Reads that interface (`None`: all) of the namespace in which this is called.

    It is bound after the filter is there, so that no frame passes before; where it reads all, some may.
    """
    protocol = 0 if interface else socket.htons(ETH_P_ALL)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    if program:
        attach(sock, program)
    if buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.setblocking(False)  # noqa: FBT003 - the library's own
    if interface:
        sock.bind((interface, ETH_P_ALL))
    return sock


class Counter:
    """Counts the frames of one direction and kind on one interface, to the frame."""

    def __init__(self, interface: str, *, outgoing: bool, broadcast: bool) -> None:
        self._socket = packet_socket(interface, COUNTS[outgoing, broadcast], buffer=1)
        self._total = 0

    def read(self) -> int:
        """Since it was made."""
        packets, _ = struct.unpack("=II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
        self._total += packets
        return self._total

    def close(self) -> None:
        """No longer counts."""
        self._socket.close()


def ignore_outgoing(sock: socket.socket) -> None:
    """The socket hears what comes in alone (Linux 4.20)."""
    sock.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)


def finish_checksums(interface: str) -> None:
    """Datagrams leave with their checksum, as on a wire: a veth would leave it to nobody."""
    value = ctypes.create_string_buffer(struct.pack("=II", _ETHTOOL_STXCSUM, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("@16sP16x", interface.encode(), ctypes.addressof(value))
        fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, request)
