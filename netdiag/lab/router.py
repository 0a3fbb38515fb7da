"""A home router in the wrong place: LAN sockets bridged without spanning tree, and a DHCP server.

Two of its LAN sockets in the same switch are a loop; one alone is a rogue DHCP server. Like most
of its kind it forwards no frame to a reserved address (802.1D-2004, 7.12.6), so the switch's own
BPDUs and LLDP do not come back through it.
"""

from __future__ import annotations

from random import Random

from netdiag.lab import frames
from netdiag.lab.dhcp import Pool, Server
from netdiag.lab.soft import Engine, Port
from netdiag.lab.stack import IpStack

RESERVED = bytes.fromhex("0180c20000")
LAN_IP = "192.168.0.1"
LAN_MASK = "255.255.255.0"
LEASE_S = 7200
_AGEING_S = 300.0
_SOCKETS = 4
_CPU_PPS = 10.0
_CPU_BURST = 60.0


class HomeRouter:
    """LAN side only: its WAN socket is empty, so nothing that is sent to it gets any further."""

    kind = "home-router"

    def __init__(
        self,
        engine: Engine,
        name: str,
        mac: bytes,
        rate_bps: int,
        rng: Random,
        *,
        server_id: str | None = None,
    ) -> None:
        self.engine = engine
        self.name = name
        self.mac = mac
        self.sockets = tuple(
            engine.port(self, f"LAN{number}", rate_bps) for number in range(1, _SOCKETS + 1)
        )
        self.stack = IpStack(engine, mac, self._originate, pace_pps=_CPU_PPS, burst=_CPU_BURST)
        self.stack.configure(frames.ip_bytes(LAN_IP), frames.ip_bytes(LAN_MASK), None)
        pool = Pool("192.168.0.100", "192.168.0.199", LAN_MASK, LAN_IP, (LAN_IP,), LEASE_S)
        self.server = Server(
            engine, self.stack, pool, rng, delay_s=(0.001, 0.014), server_id=server_id
        )
        self._stations: dict[bytes, tuple[Port, float]] = {}
        self._rng = rng
        engine.after(rng.uniform(3.0, 6.0), self._advertise)

    def link_changed(self, port: Port) -> None:
        if port.up:
            self.engine.after(0.05, self.stack.announce)
        else:
            self._stations = {m: e for m, e in self._stations.items() if e[0] is not port}

    def receive(self, port: Port, frame: bytes) -> None:
        if frame.startswith(RESERVED) and frame[5] < 0x10:
            return
        now = self.engine.now
        self._stations[frame[6:12]] = (port, now)
        if frame[0] & 1:
            self._flood(port, frame)
            self.stack.receive(frame)
        elif frame[:6] == self.mac:
            self.stack.receive(frame)
        else:
            out, seen = self._stations.get(frame[:6], (None, 0.0))
            if out is None or now - seen > _AGEING_S:
                self._flood(port, frame)
            elif out is not port:
                out.send(frame)

    def _flood(self, port: Port | None, frame: bytes) -> None:
        for out in self.sockets:
            if out.up and out is not port:
                out.send(frame)

    def _originate(self, frame: bytes) -> None:
        out, seen = self._stations.get(frame[:6], (None, 0.0))
        if out is None or frame[0] & 1 or self.engine.now - seen > _AGEING_S:
            self._flood(None, frame)
        else:
            out.send(frame)

    def _advertise(self) -> None:
        """UPnP's NOTIFY, as such boxes send it for ever."""
        group = frames.ip_bytes("239.255.255.250")
        notify = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\n\r\n"
        datagram = frames.Datagram(1900, 1900, notify)
        self.stack.send_raw_udp(
            frames.ip_bytes(LAN_IP), group, bytes.fromhex("01005e7ffffa"), datagram
        )
        self.engine.after(self._rng.uniform(20.0, 30.0), self._advertise)
