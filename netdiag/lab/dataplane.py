"""The one small protocol between a switch's agent (SNMP, SSH, syslog) and whatever moves its frames.

Two data planes are meant to stand behind it: the simulator (`lab.soft`), and Linux bridges in
network namespaces. Rules: names are the long form (`GigabitEthernet1/0/7`); times are seconds on
the data plane's own clock, which starts at 0 and may be paced against the wall clock or not;
everything returned is an immutable copy of *live* state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PortCounters:
    """Totals since boot, as IF-MIB counts them: octets include the frame check sequence."""

    in_octets: int = 0
    out_octets: int = 0
    in_unicast: int = 0
    out_unicast: int = 0
    in_broadcast: int = 0
    out_broadcast: int = 0
    in_multicast: int = 0
    out_multicast: int = 0
    in_errors: int = 0
    out_errors: int = 0
    in_discards: int = 0
    out_discards: int = 0
    fcs_errors: int = 0
    late_collisions: int = 0
    too_long: int = 0
    """These three are among the errors too."""


@dataclass(frozen=True, slots=True)
class PortView:
    """One port of one switch, now."""

    name: str
    if_index: int
    mac: str
    alias: str
    admin_up: bool
    carrier: bool
    """The far end is there and both sides are enabled."""
    err_disabled: str | None
    """IOS' word for the cause (`storm-control`, `bpduguard`, `psecure-violation`, ...)."""
    recovers_at: float | None
    """When the error-disable recovery timer opens it, if one runs."""
    access_vlan: int | None
    """`None` on a trunk."""
    trunk_vlans: tuple[int, ...]
    speed_bps: int
    mtu: int
    last_change: float
    stp_state: str
    """dot1dStpPortState's word."""
    storm_control_pps: int | None
    counters: PortCounters
    duplex: str = "full"
    """`full` or `half`."""


@dataclass(frozen=True, slots=True)
class MacView:
    """One learned address of one switch."""

    vlan: int
    mac: str
    port: str


@dataclass(frozen=True, slots=True)
class NeighborView:
    """What LLDP last heard on a port; it stays until its time to live ends, also when the link is gone."""

    port: str
    chassis_mac: str
    sys_name: str
    port_id: str
    port_description: str
    system_description: str
    management_address: str | None


@dataclass(frozen=True, slots=True)
class ArpView:
    """One address resolution of a layer-3 switch."""

    ip: str
    mac: str
    interface: str


@dataclass(frozen=True, slots=True)
class SwitchEvent:
    """Something that a real switch would log or send a trap for."""

    at: float
    switch: str
    facility: str
    """The message's name without `%`, e.g. `PM-4-ERR_DISABLE`."""
    text: str
    """What follows the name and colon, in the vendor's exact words."""
    if_index: int | None = None
    err_disable_cause: str | None = None


class Switch(Protocol):
    """One switch with its live state, and the few things that a command line can change."""

    name: str
    mac: str
    model: str
    """`ios` for now: which command line and MIBs its agent plays."""
    management_ip: str

    def ports(self) -> Sequence[PortView]: ...
    def port(self, name: str) -> PortView: ...
    def fdb(self) -> Sequence[MacView]: ...
    def arp(self) -> Sequence[ArpView]: ...
    def neighbors(self) -> Sequence[NeighborView]: ...
    def vlans(self) -> Sequence[int]: ...
    def stp_root(self, vlan: int) -> tuple[int, str, str | None]:
        """(priority, MAC, name of the root port or `None` where this switch is the root)."""

    def set_admin(self, port: str, up: bool) -> None:
        """`shutdown` / `no shutdown`. `shutdown` clears the err-disabled state, and `no shutdown`
        alone does nothing to a port that is err-disabled but not shut, as on a Catalyst.
        """

    def set_alias(self, port: str, alias: str) -> None: ...
    def set_access_vlan(self, port: str, vlan: int) -> None: ...
    def set_storm_control(self, port: str, pps: int | None) -> None: ...

    def log(self) -> Sequence[SwitchEvent]:
        """Its own logging buffer, oldest first, bounded."""

    def reachable(self) -> bool:
        """A management frame from the network operations centre gets there and back now (in-band)."""

    def uptime(self) -> float: ...


class Dataplane(Protocol):
    """A running campus."""

    def now(self) -> float: ...
    def switches(self) -> Sequence[Switch]: ...
    def subscribe(self, hear: Callable[[SwitchEvent, bool], None]) -> None:
        """`hear(event, delivered)`: delivered = the event's datagram reached the NOC in-band."""

    def tap(self, node: str, hear: Callable[[float, bytes], None]) -> Callable[[], None]:
        """Copies of every frame that node's own interface sees; returns how to stop it."""

    def send(self, node: str, frame: bytes) -> None:
        """Puts a raw Ethernet frame (no FCS) onto the wire from that node's interface."""

    def run_until(self, at: float) -> None:
        """Moves the data plane's clock; the simulator computes, the kernel one merely waits."""
