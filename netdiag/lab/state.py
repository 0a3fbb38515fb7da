"""One moment of a live switch, as its MIB tables and its show commands need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from netdiag.lab.dataplane import ArpView, MacView, NeighborView, PortView, Switch
from netdiag.lab.models import Model

DEFAULT_VLANS = (1002, 1003, 1004, 1005)
"""FDDI and Token Ring VLANs that every Catalyst lists."""


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a switch, as every table needs it."""

    name: str
    mac: str
    model: Model
    management_ip: str
    now: float
    uptime: float
    ports: Sequence[PortView]
    fdb: Sequence[MacView]
    arp: Sequence[ArpView]
    neighbors: Sequence[NeighborView]
    vlans: Sequence[int]
    stp_root: Callable[[int], tuple[int, str, str | None]]
    base_ports: dict[str, int] = field(default_factory=dict)
    """dot1dBasePort of each port: its place in the switch, not its ifIndex, as on a Catalyst."""

    @property
    def ticks(self) -> int:
        """sysUpTime in hundredths of a second."""
        return int(self.uptime * 100)

    def ticks_at(self, moment: float) -> int:
        """sysUpTime at a moment of the data plane's clock."""
        return max(0, int((moment - (self.now - self.uptime)) * 100))

    def svis(self) -> tuple[str, ...]:
        """The VLAN interfaces that hold address resolutions."""
        return tuple(sorted({entry.interface for entry in self.arp if svi_index(entry.interface)}))


def look(switch: Switch, model: Model, now: float) -> State:
    """Everything of a switch, now."""
    ports = tuple(switch.ports())
    return State(
        name=switch.name,
        mac=switch.mac,
        model=model,
        management_ip=switch.management_ip,
        now=now,
        uptime=switch.uptime(),
        ports=ports,
        fdb=tuple(switch.fdb()),
        arp=tuple(switch.arp()),
        neighbors=tuple(switch.neighbors()),
        vlans=tuple(sorted(switch.vlans())),
        stp_root=switch.stp_root,
        base_ports={port.name: number for number, port in enumerate(ports, 1)},
    )


def mac_octets(mac: str) -> bytes:
    """`aa:bb:cc:dd:ee:ff` as six octets."""
    return bytes.fromhex(mac.replace(":", ""))


def svi_index(name: str) -> int | None:
    """The ifIndex of `Vlan10`: a Catalyst numbers them by their VLAN."""
    number = name.removeprefix("Vlan")
    return int(number) if number != name and number.isdigit() else None
