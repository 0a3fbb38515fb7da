"""Long captures for the benchmarks, written fast: one block of mixed traffic again and again.

Rules: no two IPv4 packets near each other are equal (each block has its own identifications), every
DHCP message is one of its own, times go on. Checksums are left out, as a card that computes them does.
"""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path
from typing import IO

import numpy as np

BLOCK = 10_000
"""Packets after which the traffic comes again."""
DHCP_AT = 100
"""One DHCP message in each block, here: DISCOVER, OFFER, REQUEST and ACK in turn."""
RATE = 50_000
"""Packets a second, as the file's times say."""
STATIONS = 60
_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_RECORD = 16
_START = 1_700_000_000
_BROADCAST = b"\xff" * 6
_SERVER, _NOBODY, _ALL = "10.0.0.1", "0.0.0.0", "255.255.255.255"


def dhcp_messages(packets: int) -> int:
    """How many DHCP messages are among the first so many packets."""
    return (packets - DHCP_AT - 1) // BLOCK + 1 if packets > DHCP_AT else 0


def _mac(station: int) -> bytes:
    return bytes((2, 0, 0, 0, 1, station))


def _ip(source: str, target: str, body: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0)
    return b"\x08\x00" + head + socket.inet_aton(source) + socket.inet_aton(target) + body


def _udp(source: int, target: int, body: bytes) -> bytes:
    return struct.pack("!HHHH", source, target, 8 + len(body), 0) + body


def _arp(draw: random.Random, station: int) -> bytes:
    fixed = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1)
    sought = bytes((10, 0, draw.randrange(4), draw.randrange(1, 250)))
    body = fixed + _mac(station) + bytes((10, 0, 0, station + 2)) + bytes(6) + sought
    return _BROADCAST + _mac(station) + b"\x08\x06" + body + bytes(18)


def _frame(draw: random.Random, n: int) -> bytes:
    """A hundredth ARP, a tenth broadcasts, the rest unicast of three sizes.

    All UDP of a port that nobody knows: a peer has no more to do for it than to read its headers.
    """
    station = draw.randrange(STATIONS)
    if n % 100 == 1:
        return _arp(draw, station)
    other = (station + 1 + draw.randrange(STATIONS - 1)) % STATIONS
    body = _udp(47_001, 47_001, draw.randbytes(draw.choice((40, 400, 1400))))
    source = f"10.0.0.{station + 2}"
    if n % 10 == 0:
        return _BROADCAST + _mac(station) + _ip(source, "10.0.3.255", body)
    return _mac(other) + _mac(station) + _ip(source, f"10.0.0.{other + 2}", body)


def _dhcp(turn: int) -> bytes:
    """The messages of one client in turn, 300 octets each as BOOTP wants; client and xid by turn."""
    client, kind = turn // 4 + 1, turn % 4
    chaddr = b"\x02\x00\x01" + client.to_bytes(3, "big")
    answer = kind % 2
    given = socket.inet_aton(f"10.0.{1 + client // 200 % 3}.{client % 200 + 1}")
    options = bytes((53, 1, (1, 2, 3, 5)[kind]))
    if kind:
        options += b"\x36\x04" + socket.inet_aton(_SERVER)
    if answer:
        options += b"\x33\x04\x00\x00\x70\x80\x01\x04\xff\xff\xfc\x00\x03\x04"
        options += socket.inet_aton(_SERVER)
    elif kind:
        options += b"\x32\x04" + given
    fixed = struct.pack("!BBBBIHH", 1 + answer, 1, 6, 0, client, 0, 0x8000)
    addresses = bytes(4) + (given if answer else bytes(4)) + bytes(8)
    bootp = fixed + addresses + chaddr.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + options
    body = (bootp + b"\xff").ljust(300, b"\0")
    if answer:
        return _BROADCAST + _mac(250) + _ip(_SERVER, _ALL, _udp(67, 68, body))
    return _BROADCAST + chaddr + _ip(_NOBODY, _ALL, _udp(68, 67, body))


class Traffic:
    """The one block, and where in it the times, identifications and the DHCP message stand."""

    def __init__(self) -> None:
        draw = random.Random(1)
        frames = [_frame(draw, n) for n in range(BLOCK)]
        frames[DHCP_AT] = _dhcp(0)
        records = [struct.pack("<IIII", 0, 0, len(f), len(f)) + f for f in frames]
        self._block = np.frombuffer(bytearray(b"".join(records)), np.uint8)
        ends = np.cumsum([len(record) for record in records])
        self._starts = np.concatenate(([0], ends))
        is_ip = np.array([f[12:14] == b"\x08\x00" for f in frames])
        self._times = self._starts[:-1, None] + np.arange(8)
        self._idents = self._starts[:-1][is_ip, None] + _RECORD + 18 + np.arange(2)

    def write(self, path: Path, packets: int) -> None:
        """A capture of that many packets."""
        with path.open("wb") as file:
            file.write(_FILE)
            self.extend(file, 0, packets)

    def extend(self, file: IO[bytes], first: int, packets: int) -> None:
        """Makes a file of `first` packets one of `packets`."""
        while first < packets:
            self._fill(first // BLOCK)
            start = first % BLOCK
            n = min(BLOCK - start, packets - first)
            file.write(self._block[self._starts[start] : self._starts[start + n]].data)
            first += n

    def _fill(self, turn: int) -> None:
        number = turn * BLOCK + np.arange(BLOCK)
        times = np.empty((BLOCK, 2), "<u4")
        times[:, 0] = _START + number // RATE
        times[:, 1] = number % RATE * (1_000_000 // RATE)
        self._block[self._times] = times.view(np.uint8)
        self._block[self._idents] = np.frombuffer((turn & 0xFFFF).to_bytes(2, "big"), np.uint8)
        message = np.frombuffer(_dhcp(turn), np.uint8)
        start = int(self._starts[DHCP_AT]) + _RECORD
        self._block[start : start + len(message)] = message
