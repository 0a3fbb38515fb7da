"""Many simulated 48-port switches from one process, quick enough never to be the bottleneck.

    with Fleet(1000, Faults(dead=0.05, slow=0.05, babbling=0.01)) as fleet:
        fleet.targets(), fleet.inventory(folder)

Switch N answers SNMP v2c (`public`) at 127.x.y.1, all on one port. What it says is encoded once, for a
template; a reply to switch N is the cached reply with N's own numbers put in their places. They form
a tree of three children each: 52 interfaces, 500 FDB rows, 4 LLDP neighbours.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import random
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.decode import oids
from netdiag.lab import ber
from netdiag.lab.snmp import Responder
from netdiag.lab.view import Entry, View
from netdiag.model import Device

PORTS, STATIONS, NEIGHBORS = 52, 500, 4
UPLINKS = (49, 50, 51, 52)
MAX_SIZE = 1472
"""The largest reply: what fits an Ethernet frame, as most switches hold it."""
_MAC = b"\x02\x55"
_SELF, _PARENT, _CHILDREN = 0x7E02, 0x7E01, (0x7E03, 0x7E04, 0x7E05)
"""The numbers that stand in the template for the switch and its neighbours, in ascending order."""
_UPTIME = b"\x43\x04\x7e\xad\xbe\xef"
_BABBLE = ("loop", "endless", "backwards", "garbage", "flood", "mute")


@dataclass(frozen=True, slots=True)
class Faults:
    """Parts of the fleet (0 to 1), chosen by number so that they are the same in every run."""

    dead: float = 0.0
    """Never answers."""
    slow: float = 0.0
    """Each reply takes 300 to 800 ms."""
    babbling: float = 0.0
    """Loops, endless or backward tables, garbage, floods of copies, silence after the first words."""

    def all(self, count: int) -> list[str | None]:
        """What ails each switch, by number: `dead`, `slow`, one of the ways to babble, or nothing."""
        order = list(range(1, count))
        random.Random(8).shuffle(order)
        counts = [round(part * count) for part in (self.dead, self.slow, self.babbling)]
        names = ["dead"] * counts[0] + ["slow"] * counts[1]
        names += [_BABBLE[n % len(_BABBLE)] for n in range(counts[2])]
        found = dict(zip(order, names, strict=False))
        return [found.get(number) for number in range(count)]


def name(number: int) -> str:
    return f"sw-{number:05d}"


def address(number: int) -> str:
    return f"127.{10 + number // 250}.{number % 250}.1"


def mac(number: int, station: int) -> str:
    """The address of the station at a switch's port of that number (1 to 48)."""
    return f"02:55:{number >> 7:02x}:{number & 0x7F:02x}:c8:{2 * station:02x}"


# --- what the template says -----------------------------------------------------------------------


def _number(number: int) -> bytes:
    """A switch's number in the third and fourth octet of its addresses: each below 128, so one octet in an OID."""
    return bytes((number >> 7, number & 0x7F))


def _placed(number: int) -> bytes:
    return bytes((number >> 8, number & 0xFF))


def _addresses() -> Iterator[tuple[bytes, int]]:
    """(MAC, port) of the 500 learned addresses: 48 of its own, 113 behind each of four neighbours."""
    for station in range(1, 49):
        yield _MAC + _placed(_SELF) + bytes((0xC8, 2 * station)), station
    for neighbor, port in zip((_PARENT, *_CHILDREN), UPLINKS, strict=True):
        for station in range(113):
            yield _MAC + _placed(neighbor) + bytes((0xC8, 2 * station + 2)), port


def template() -> View:
    """The switch for which replies are encoded."""
    return View((*_system(), *_interfaces(), *_bridge(), *_neighbors()))


def _system() -> Iterator[Entry]:
    yield oids.SYS_DESCR, ber.octets("Cisco IOS Software, C2960X Software, Version 15.2(7)E")
    yield oids.SYS_OBJECT_ID, ber.object_id(oids.oid("1.3.6.1.4.1.9.1.1208"))
    yield oids.SYS_UP_TIME, _UPTIME
    yield oids.SYS_NAME, ber.octets("sw-~~~~2")
    yield oids.IF_NUMBER, ber.integer(PORTS)
    yield oids.BRIDGE_ADDRESS, ber.octets(_MAC + _placed(_SELF) + b"\0\0")
    yield oids.STP_PROTOCOL, ber.integer(3)
    yield oids.STP_PRIORITY, ber.integer(32768)
    yield oids.STP_TOP_CHANGES, ber.unsigned(ber.COUNTER32, 7)
    yield oids.STP_DESIGNATED_ROOT, ber.octets(b"\x80\x00" + _MAC + b"\0\0\0\0")
    yield oids.STP_ROOT_PORT, ber.integer(UPLINKS[0])
    yield oids.LLDP_LOC_CHASSIS_SUBTYPE, ber.integer(4)
    yield oids.LLDP_LOC_CHASSIS_ID, ber.octets(_MAC + _placed(_SELF) + b"\0\0")


def _interfaces() -> Iterator[Entry]:
    counted = (*oids.COUNTERS, *oids.COUNTERS_32)
    wide = range(6, 14)
    for port in range(1, PORTS + 1):
        text = f"GigabitEthernet1/0/{port}"
        uplink = port in UPLINKS
        cells: dict[oids.Oid, bytes] = {
            oids.IF_DESCR: ber.octets(text),
            oids.IF_TYPE: ber.integer(6),
            oids.IF_MTU: ber.integer(1500),
            oids.IF_SPEED: ber.unsigned(ber.GAUGE32, 1_000_000_000),
            oids.IF_PHYS_ADDRESS: ber.octets(_MAC + _placed(_SELF) + bytes((1, port))),
            oids.IF_ADMIN_STATUS: ber.integer(1),
            oids.IF_OPER_STATUS: ber.integer(1 if port <= 44 or uplink else 2),
            oids.IF_LAST_CHANGE: ber.unsigned(ber.TIME_TICKS, 12345),
            oids.IF_NAME: ber.octets(f"Gi1/0/{port}"),
            oids.IF_HIGH_SPEED: ber.unsigned(ber.GAUGE32, 1000),
            oids.IF_ALIAS: ber.octets("uplink" if uplink else f"desk {port}"),
            oids.DOT3_FCS_ERRORS: ber.unsigned(ber.COUNTER32, 0),
            oids.DOT3_DUPLEX_STATUS: ber.integer(3),
            oids.BASE_PORT_IF_INDEX: ber.integer(port),
            oids.STP_PORT_STATE: ber.integer(5),
            oids.LLDP_LOC_PORT_SUBTYPE: ber.integer(5),
            oids.LLDP_LOC_PORT_ID: ber.octets(f"Gi1/0/{port}"),
            oids.LLDP_LOC_PORT_DESC: ber.octets(text),
            oids.PVID: ber.integer(10),
        }
        for column in counted:
            is_wide = column[:-1] == oids.IF_NAME[:-1] and column[-1] in wide
            count = 0 if column[-1] in (13, 14, 19, 20) and column[7:8] == (2,) else 10**9 + port
            if column == oids.IF_COUNTER_DISCONTINUITY_TIME:
                cells[column] = ber.unsigned(ber.TIME_TICKS, 0)
            else:
                cells[column] = ber.unsigned(ber.COUNTER64 if is_wide else ber.COUNTER32, count)
        for column, value in cells.items():
            yield (*column, port), value


def _bridge() -> Iterator[Entry]:
    yield (*oids.VLAN_FDB_ID, 0, 10), ber.unsigned(ber.GAUGE32, 10)
    yield (*oids.VLAN_STATIC_NAME, 10), ber.octets("office")
    for octets, port in _addresses():
        yield (*oids.QFDB_PORT, 10, *octets), ber.integer(port)
        yield (*oids.QFDB_STATUS, 10, *octets), ber.integer(3)


def _neighbors() -> Iterator[Entry]:
    for place, (number, port) in enumerate(zip((_PARENT, *_CHILDREN), UPLINKS, strict=True), 1):
        there = UPLINKS[0] if place > 1 else UPLINKS[1]
        index = (0, port, place)
        yield (*oids.LLDP_REM_CHASSIS_SUBTYPE, *index), ber.integer(4)
        yield (
            (*oids.LLDP_REM_CHASSIS_ID, *index),
            ber.octets(_MAC + _placed(number) + b"\0\0"),
        )
        yield (*oids.LLDP_REM_PORT_SUBTYPE, *index), ber.integer(5)
        yield (*oids.LLDP_REM_PORT_ID, *index), ber.octets(f"Gi1/0/{there}")
        yield (*oids.LLDP_REM_SYS_NAME, *index), ber.octets(f"sw-~~~~{number & 0xF}")


# --- one switch's answers -------------------------------------------------------------------------


@dataclass(slots=True)
class Agent:
    """Answers for every healthy switch; a reply is encoded once for all of them."""

    view: View = field(default_factory=template)
    max_size: int = MAX_SIZE
    _cache: dict[bytes, bytes | None] = field(default_factory=dict)

    def answer(self, number: int, datagram: bytes, uptime_s: float) -> bytes | None:
        """The reply of switch `number`; `None`: silence."""
        head = _split(datagram)
        if head is None:
            return None
        at, request_id = head
        general = datagram[:at] + datagram[at + len(request_id) :]
        if _MAC in general or number == 0:
            for template_, own in _places(number):
                general = general.replace(own, template_)
        if general not in self._cache:
            whole = general[:at] + bytes(len(request_id)) + general[at:]
            self._cache[general] = Responder(
                {"public": self.view}.get, max_size=self.max_size
            ).answer(_numbered(whole, at, request_id))
        reply = self._cache[general]
        if reply is None:
            return None
        reply = _renumbered(reply, request_id)
        if _MAC in reply:
            for template_, own in _places(number):
                reply = reply.replace(template_, own)
        if b"sw-~~~~" in reply:
            for template_, own in _names(number):
                reply = reply.replace(template_, own)
        if _UPTIME in reply:
            ticks = int(uptime_s * 100) & 0x7FFFFFFF
            reply = reply.replace(_UPTIME, b"\x43\x04" + ticks.to_bytes(4, "big"))
        return reply


def _split(datagram: bytes) -> tuple[int, bytes] | None:
    """Where the request's number stands, and it; `None` for what is no v2c request."""
    try:
        at = 2 if datagram[1] < 0x80 else 2 + (datagram[1] & 0x7F)
        at += 3  # version
        at += 2 + datagram[at + 1]  # community
        size = datagram[at + 1]
        at += 2 if size < 0x80 else 2 + (size & 0x7F)
        if datagram[at] != ber.INTEGER:
            return None
        return at, datagram[at : at + 2 + datagram[at + 1]]
    except IndexError:
        return None


def _numbered(datagram: bytes, at: int, request_id: bytes) -> bytes:
    return datagram[:at] + request_id + datagram[at + len(request_id) :]


def _renumbered(reply: bytes, request_id: bytes) -> bytes:
    """The cached reply with another number; the lengths are rewritten where its width differs."""
    found = _split(reply)
    assert found is not None
    at, old = found
    if len(old) == len(request_id):
        return reply[:at] + request_id + reply[at + len(old) :]
    _, body, _ = ber.read(reply, 0, ber.SEQUENCE)
    _, version, after = ber.read(body, 0)
    _, community, after = ber.read(body, after)
    tag, pdu, _ = ber.read(body, after)
    pdu = request_id + pdu[len(old) :]
    return ber.sequence(ber.tlv(ber.INTEGER, version), ber.octets(community), ber.tlv(tag, pdu))


def parent(number: int) -> int | None:
    return None if number == 0 else (number - 1) // 3


@lru_cache(maxsize=16384)
def _places(number: int) -> tuple[tuple[bytes, bytes], ...]:
    """(what stands in the template, what this switch says), longest way from collisions."""
    above = parent(number)
    # The root's uplink leads to a router: an address below all others.
    pairs = [
        (_MAC + _placed(_PARENT), b"\x02\x54\x00\x00" if above is None else _MAC + _number(above))
    ]
    pairs.append((_MAC + _placed(_SELF), _MAC + _number(number)))
    pairs += [
        (_MAC + _placed(child), _MAC + _number(3 * number + 1 + n))
        for n, child in enumerate(_CHILDREN)
    ]
    return tuple(pairs)


@lru_cache(maxsize=16384)
def _names(number: int) -> tuple[tuple[bytes, bytes], ...]:
    above = parent(number)
    named = [(1, above if above is not None else 99999), (2, number)]
    named += [(3 + n, 3 * number + 1 + n) for n in range(3)]
    return tuple((f"sw-~~~~{place}".encode(), name(of).encode()) for place, of in named)


# --- the process ----------------------------------------------------------------------------------


class _Server:
    def __init__(self, count: int, faults: Faults, port: int, max_size: int) -> None:
        self._agent = Agent(max_size=max_size)
        self._faults = faults.all(count)
        self._started = time.monotonic()
        self._later: list[tuple[float, int, int, bytes, Any]] = []
        self._order = itertools.count()
        self._random = random.Random(5)
        self._epoll = select.epoll()
        self._sockets: dict[int, tuple[int, socket.socket]] = {}
        self._waits: dict[int, float] = {}
        self._served = 0
        for number in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.bind((address(number), port))
            self._sockets[sock.fileno()] = (number, sock)
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Answers until standard input ends."""
        self._epoll.register(sys.stdin.fileno(), select.EPOLLIN)
        print("ready", flush=True)
        while True:
            wait = max(0.0, self._later[0][0] - time.monotonic()) if self._later else 1.0
            for handle, _ in self._epoll.poll(wait):
                if handle in self._sockets:
                    self._read(*self._sockets[handle])
                elif not self._told(sys.stdin.readline()):
                    return
            self._send_due()

    def _told(self, line: str) -> bool:
        """`[N, SECONDS]` makes a switch slow from now on; whether to go on."""
        if not line:
            return False
        number, seconds = json.loads(line)
        self._waits[number] = seconds
        print(json.dumps(self._served), flush=True)
        return True

    def _read(self, number: int, sock: socket.socket) -> None:
        with _quietly():
            for _ in range(8):
                datagram, sender = sock.recvfrom(65535)
                self._one(number, sock, datagram, sender)

    def _one(self, number: int, sock: socket.socket, datagram: bytes, sender: Any) -> None:
        fault = self._faults[number]
        if fault == "dead":
            return
        self._served += 1
        now = time.monotonic()
        reply = self._agent.answer(number, datagram, 86400 + now - self._started)
        if reply is None:
            return
        if fault is None and number not in self._waits:
            sock.sendto(reply, sender)
            return
        if fault == "slow" or number in self._waits:
            wait = self._waits.get(number) or self._random.uniform(0.3, 0.8)
            heapq.heappush(self._later, (now + wait, next(self._order), number, reply, sender))
            return
        for odd in _babble(str(fault), datagram, reply, self._random):
            sock.sendto(odd, sender)

    def _send_due(self) -> None:
        by_number = self._by_number
        while self._later and self._later[0][0] <= time.monotonic():
            _, _, number, reply, sender = heapq.heappop(self._later)
            with _quietly():
                by_number[number].sendto(reply, sender)

    @property
    def _by_number(self) -> dict[int, socket.socket]:
        if not hasattr(self, "_numbers"):
            self._numbers = dict(self._sockets.values())
        return self._numbers


@contextmanager
def _quietly() -> Iterator[None]:
    with suppress(BlockingIOError, ConnectionError):
        yield


def _babble(way: str, request: bytes, reply: bytes, chance: random.Random) -> Iterator[bytes]:
    """What a broken agent sends instead of, or besides, its reply."""
    bulk = b"\xa5" in request[:64]
    if way == "flood":
        yield from [reply] * 20
        yield from (chance.randbytes(chance.randrange(1, 1400)) for _ in range(20))
    elif way == "garbage":
        cut = chance.randrange(1, len(reply))
        yield chance.randbytes(chance.randrange(1, 1400)) if chance.random() < 0.5 else reply[:cut]
    elif way == "mute" and bulk:
        return
    elif bulk and way in ("loop", "endless", "backwards"):
        yield _walked(way, request, reply)
    else:
        yield reply


_ENDLESS = itertools.count(1)


def _walked(way: str, request: bytes, reply: bytes) -> bytes:
    """A reply to a GETBULK whose rows never end, repeat the question, or come in descending order."""
    from netdiag.collect import snmp_v2c

    found = snmp_v2c.response(reply)
    at = request.index(b"public") + len(b"public")
    asked_as_reply = request[:at] + b"\xa2" + request[at + 1 :]
    asked = [oid for oid, _ in snmp_v2c.response(asked_as_reply).varbinds]
    if way == "loop":
        rows = [(oid, ber.integer(1)) for oid in asked]
    elif way == "backwards":
        rows = [
            ((*oid[:-1], max(0, oid[-1] - n)), ber.integer(1)) for oid in asked for n in range(3)
        ]
    else:
        rows = [
            ((*oid[:12], next(_ENDLESS)), ber.integer(1))
            for _ in range(40 // len(asked) + 1)
            for oid in asked
        ]
    bindings = [ber.sequence(ber.object_id(oid), value) for oid, value in rows]
    pdu = ber.tlv(
        0xA2,
        ber.integer(found.number) + ber.integer(0) + ber.integer(0) + ber.sequence(*bindings),
    )
    return ber.sequence(ber.integer(1), ber.octets(found.community), pdu)


# --- for the caller -------------------------------------------------------------------------------


class Fleet:
    """The switches, in a process of their own, while the block runs."""

    def __init__(self, count: int, faults: Faults = Faults(), *, max_size: int = MAX_SIZE) -> None:
        self.count, self.faults, self.port = count, faults, _free_port()
        self._arguments = json.dumps([count, asdict(faults), self.port, max_size])

    def __enter__(self) -> Fleet:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fleet", self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        assert self._line() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def delay(self, number: int, seconds: float) -> int:
        """Makes a switch slow from now on; how many requests the fleet has been sent so far."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([number, seconds]) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_s(self) -> float:
        """CPU seconds of the fleet's own process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def targets(self, requests_per_s: float = 1000.0, **access: Any) -> list[Target]:
        snmp = SnmpAccess(port=self.port, community=Secret("public"), **access)
        return [
            Target(
                Device(name(n), address(n), platform="cisco_ios"),
                snmp,
                requests_per_s=requests_per_s,
            )
            for n in range(self.count)
        ]

    def inventory(self, folder: Path, **keys: Any) -> Path:
        """Nornir's files for the fleet, written into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        hosts = "".join(
            f"{name(n)}:\n  hostname: {address(n)}\n  groups: [floor-{n // 50}]\n"
            for n in range(self.count)
        )
        groups = "".join(
            f"floor-{n}:\n  data: {{netdiag: {{area: HQ/{n}F}}}}\n"
            for n in range((self.count - 1) // 50 + 1)
        )
        snmp = {"version": "2c", "community": "public", "port": self.port}
        netdiag = {"role": "access", "snmp": snmp, **keys}
        (folder / "hosts.yaml").write_text(hosts)
        (folder / "groups.yaml").write_text(groups)
        (folder / "defaults.yaml").write_text(json.dumps({"data": {"netdiag": netdiag}}) + "\n")
        return folder


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 0))
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    _count, _faults, _port, _size = json.loads(sys.argv[1])
    _Server(_count, Faults(**_faults), _port, _size).run()
