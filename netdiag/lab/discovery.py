"""LLDP of one switch: real frames every 30 s and when a link comes up; neighbours last for their TTL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdiag.errors import DecodeError
from netdiag.lab import frames
from netdiag.lab.dataplane import NeighborView
from netdiag.lab.frames import Lldp

if TYPE_CHECKING:
    from netdiag.lab.switch import SoftSwitch, SwitchPort

INTERVAL_S = 30.0
TTL_S = 120


class Discovery:
    """Who is at the other end, as they said themselves."""

    def __init__(self, switch: SoftSwitch) -> None:
        self._switch = switch
        self._heard: dict[str, tuple[Lldp, float]] = {}
        self.enabled = True
        """`False`: it neither speaks nor listens, and forwards no data unit either."""

    def tell(self, port: SwitchPort) -> None:
        """Sends this switch's own data unit out of that port."""
        if not self.enabled:
            return
        switch = self._switch
        unit = Lldp(
            chassis_mac=switch.mac_octets,
            port_id=port.short_name,
            ttl=TTL_S,
            port_description=port.name,
            sys_name=switch.name,
            system_description=switch.description,
            management_ip=frames.ip_bytes(switch.management_ip),
        )
        port.send(frames.encode_lldp(unit, port.mac_octets))

    def tell_all(self) -> None:
        """Out of every port that is up."""
        for port in self._switch.switch_ports:
            if port.up:
                self.tell(port)

    def receive(self, port: SwitchPort, frame: bytes) -> None:
        """A data unit has come in; a TTL of 0 is a farewell."""
        if not self.enabled:
            return
        try:
            unit = frames.decode_lldp(frame)
        except DecodeError:
            return
        if unit.ttl == 0:
            self._heard.pop(port.name, None)
        else:
            self._heard[port.name] = (unit, self._switch.engine.now + unit.ttl)

    def neighbors(self) -> tuple[NeighborView, ...]:
        """What is not yet too old, in the order of the ports."""
        now = self._switch.engine.now
        return tuple(
            NeighborView(
                port=port.name,
                chassis_mac=frames.mac_text(unit.chassis_mac),
                sys_name=unit.sys_name,
                port_id=unit.port_id,
                port_description=unit.port_description,
                system_description=unit.system_description,
                management_address=frames.ip_text(unit.management_ip)
                if unit.management_ip
                else None,
            )
            for port in self._switch.switch_ports
            for unit, until in (self._heard.get(port.name, (None, 0.0)),)
            if unit is not None and until > now
        )
