"""An unmanaged switch as people bring them: it learns and floods, and knows no spanning tree.

Like many of its kind it forwards no frame to a reserved address (802.1D-2004, 7.12.6), so BPDU guard
and LLDP of the switch above never see what is behind it.
"""

from __future__ import annotations

from netdiag.lab.router import RESERVED
from netdiag.lab.soft import Engine, Port

_AGEING_S = 300.0
_SOCKETS = 5


class DumbSwitch:
    """Five sockets in a plastic box."""

    kind = "dumb-switch"

    def __init__(self, engine: Engine, name: str, rate_bps: int) -> None:
        self.engine = engine
        self.name = name
        self.sockets = tuple(
            engine.port(self, f"{number}", rate_bps) for number in range(1, _SOCKETS + 1)
        )
        self._stations: dict[bytes, tuple[Port, float]] = {}

    def link_changed(self, port: Port) -> None:
        if not port.up:
            self._stations = {m: e for m, e in self._stations.items() if e[0] is not port}

    def receive(self, port: Port, frame: bytes) -> None:
        if frame.startswith(RESERVED) and frame[5] < 0x10:
            return
        now = self.engine.now
        self._stations[frame[6:12]] = (port, now)
        out, seen = self._stations.get(frame[:6], (None, 0.0))
        if frame[0] & 1 or out is None or now - seen > _AGEING_S:
            for other in self.sockets:
                if other.up and other is not port:
                    other.send(frame)
        elif out is not port:
            out.send(frame)
