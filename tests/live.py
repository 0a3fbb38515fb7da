"""The practice campus looked at without sockets: live MIB views and tapped frames as a `Network`.

For tests of checks and causes against real behaviour (loops that storm, ports that trip, messages
that do or do not get out); the collectors' own way through sockets is tested elsewhere.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from netdiag.collect import wire
from netdiag.decode import mib, syslog
from netdiag.decode.rates import rates
from netdiag.lab import ber, campus, frames
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.mib import LiveMib
from netdiag.lab.models import model_for
from netdiag.model import (
    AuthorizedDhcpServer,
    Capture,
    Device,
    LogEvent,
    Network,
    Role,
    Site,
    Snapshot,
    SourceError,
)

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENSOR = "noc"


class Live:
    """One campus with a syslog server, a store and a sensor, all in memory."""

    def __init__(self, folder: Path, seed: int = 0, topology: str | None = None) -> None:
        self.campus = campus.build(campus.load(topology), seed)
        self.folder = folder
        self.log: list[LogEvent] = []
        self.history: list[Snapshot] = []
        self.captures: list[Capture] = []
        self._heard: list[tuple[float, bytes]] = []
        self.campus.subscribe(self._syslog)
        self.campus.tap(SENSOR, lambda at, octets: self._heard.append((at, octets)))
        self.run(30.0)

    def run(self, seconds: float) -> None:
        self.campus.run_until(self.campus.now() + seconds)

    @property
    def at(self) -> datetime:
        return EPOCH + timedelta(seconds=self.campus.now())

    def _syslog(self, event: SwitchEvent, delivered: bool) -> None:
        if delivered:
            at = EPOCH + timedelta(seconds=event.at)
            line = f"%{event.facility}: {event.text}"
            found = syslog.parse_line(line, at=at)
            if found is not None:
                self.log.append(replace(found, at=at, device=event.switch))

    def devices(self) -> tuple[Device, ...]:
        return tuple(
            Device(
                s.name, "127.0.0.1", "cisco_ios", s.area, Role(str(s.role)), (), (),
                tuple(self.campus.desks(s.name)),
            )
            for s in self.campus.switches()
        )  # fmt: skip

    def poll(self, window_s: float = 5.0) -> tuple[Snapshot, ...]:
        """Two looks that far apart, as the SNMP collector does it."""
        before = {d.name: self._read(d) for d in self.devices()}
        self.run(window_s)
        found = []
        for device in self.devices():
            first, now = before[device.name], self._read(device)
            if first.reachable and now.reachable:
                now = replace(now, rates=rates(first, now))
            found.append(now if now.reachable else replace(now, errors=(_SILENCE,)))
        return tuple(found)

    def _read(self, device: Device) -> Snapshot:
        switch = self.campus.switch(device.name)
        if not switch.reachable():
            return Snapshot(device.name, device.address, self.at, reachable=False)
        live = LiveMib(switch, model_for(switch.role), self.campus.now)
        contexts = {v: _varbinds(live, f"public@{v}") for v in switch.vlans()}
        reading = mib.Reading(_varbinds(live, "public"), contexts)
        return mib.snapshot(device, reading, at=self.at)

    def remember(self) -> None:
        """A regular poll of the night watch."""
        self.history = [s for s in self.poll(0.5) if s.reachable] + self.history

    def sense(self, seconds: float = 3.0, *, probe: bool = True) -> Capture:
        """Listens at the sensor, and asks for a lease without ever taking it."""
        self._heard.clear()
        if probe:
            self.campus.send(SENSOR, _discover(Random(str(self.campus.now()))))
            for ip in self._addresses():
                self.campus.send(SENSOR, _arp_probe(ip))
        self.run(seconds)
        path = self.folder / f"{self.campus.now():.3f}.pcap"
        path.write_bytes(_pcap(self._heard))
        found = wire.read(str(path))
        asked = (None,) if probe else ()
        return replace(found, source=f"lab:{SENSOR}", probed_vlans=asked, probes_sent=len(asked))

    def _addresses(self) -> list[str]:
        """The users' addresses that the core's stored ARP table has."""
        return sorted({e.ip for s in self.history for e in s.arp if e.ip.startswith("10.10.")})

    def sweep(self) -> None:
        """A look of the sensor that is stored."""
        self.captures.insert(0, self.sense())

    def network(self, *, window_s: float = 5.0) -> Network:
        """What one diagnosis looks at, now."""
        heard = self.sense()
        snapshots = self.poll(window_s)
        servers = tuple(AuthorizedDhcpServer(s.ip, s.mac) for s in self.campus.dhcp_servers)
        return Network(
            at=self.at,
            devices=self.devices(),
            site=Site(dhcp_servers=servers, sensors=(f"lab:{SENSOR}",)),
            snapshots=snapshots,
            history=tuple(self.history),
            captures=(heard, *self.captures),
            log=tuple(self.log),
        )


_SILENCE = SourceError("snmp", "system", "no answer within 2 s")


def _varbinds(live: LiveMib, community: str) -> tuple[mib.Varbind, ...]:
    view = live.by_community(community)
    assert view is not None
    found, entry = [], view.next((0,))
    while entry is not None:
        found.append((entry[0], _value(entry[1])))
        entry = view.next(entry[0])
    return tuple(found)


def _value(encoded: bytes) -> int | bytes | tuple[int, ...]:
    tag, contents, _ = ber.read(encoded, 0)
    if tag == 6:
        return ber.to_oid(contents)
    if tag in {2, 0x41, 0x42, 0x43, 0x46}:
        return ber.to_integer(contents) if tag == 2 else int.from_bytes(contents, "big")
    return contents


def _discover(rng: Random) -> bytes:
    mac = b"\x02" + rng.randbytes(5)
    options = b"\x35\x01\x01\x37\x04\x01\x03\x06\x33\xff"
    bootp = struct.pack("!BBBBIHH", 1, 1, 6, 0, rng.getrandbits(32), 0, 0x8000) + bytes(16)
    payload = bootp + mac.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + options
    zero, everyone = bytes(4), b"\xff" * 4
    datagram = frames.Datagram(68, 67, payload)
    udp = frames.encode_udp(datagram, zero, everyone)
    packet = frames.Packet(zero, everyone, 17, udp)
    return frames.ethernet(b"\xff" * 6, mac, b"\x08\x00", frames.encode_ipv4(packet))


def _arp_probe(ip: str) -> bytes:
    """RFC 5227, 2.1.1: asks without claiming anything."""
    mac = b"\x02netdi"
    target = frames.ip_bytes(ip)
    payload = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + bytes(4) + bytes(6) + target
    return frames.ethernet(b"\xff" * 6, mac, b"\x08\x06", payload)


def _pcap(heard: list[tuple[float, bytes]]) -> bytes:
    out = struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for at, octets in heard:
        moment = EPOCH.timestamp() + at
        second = int(moment)
        micro = int((moment - second) * 1e6)
        out += struct.pack("!IIII", second, micro, len(octets), len(octets)) + octets
    return out
