"""A switch without a network behind it, for tests of the agents alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from netdiag.lab.cli_ios import Cli, Session
from netdiag.lab.dataplane import (
    ArpView,
    MacView,
    NeighborView,
    PortCounters,
    PortView,
    SwitchEvent,
)
from netdiag.lab.models import CATALYST_2960X
from netdiag.lab.rates import RateMeter

STARTED = datetime(2025, 11, 22, 9, 0, 0, tzinfo=UTC)


def port(number: int, **changes: Any) -> PortView:
    view = PortView(
        name=f"GigabitEthernet1/0/{number}",
        if_index=10100 + number,
        mac=f"00:1b:54:aa:bb:{number:02x}",
        alias="",
        admin_up=True,
        carrier=True,
        err_disabled=None,
        recovers_at=None,
        access_vlan=10,
        trunk_vlans=(),
        speed_bps=1_000_000_000,
        mtu=1500,
        last_change=5.0,
        stp_state="forwarding",
        storm_control_pps=None,
        counters=PortCounters(1000 * number, 2000, 10, 20, 3 * number, 4, 5, 6, 7, 0, 9, 0, 7),
    )
    return replace(view, **changes)


@dataclass
class FakeSwitch:
    """`acc-2`: five desk ports (one closed, one off, one unplugged) and a trunk, VLANs 10 and 99."""

    name: str = "acc-2"
    mac: str = "00:1b:54:aa:bb:00"
    model: str = "ios"
    management_ip: str = "10.99.0.12"
    up: bool = True
    clock: float = 723.5
    views: dict[str, PortView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = [
            port(1, alias="Reception desk, 2F-101"),
            port(2, err_disabled="storm-control", carrier=False, storm_control_pps=500),
            port(3, admin_up=False, carrier=False),
            port(4, carrier=False, err_disabled="bpduguard", recovers_at=900.0),
            port(5, carrier=False),
            port(24, access_vlan=None, trunk_vlans=(10, 99), storm_control_pps=500),
        ]
        self.views = {view.name: view for view in made}

    def ports(self) -> Sequence[PortView]:
        return tuple(self.views.values())

    def port(self, name: str) -> PortView:
        return self.views[name]

    def fdb(self) -> Sequence[MacView]:
        return (
            MacView(10, "02:00:00:00:00:01", "GigabitEthernet1/0/1"),
            MacView(99, "00:1b:54:aa:cc:00", "GigabitEthernet1/0/24"),
        )

    def arp(self) -> Sequence[ArpView]:
        return (
            ArpView("10.99.0.1", "00:1b:54:aa:cc:00", "Vlan99"),
            ArpView("10.99.0.12", self.mac, "Vlan99"),
        )

    def neighbors(self) -> Sequence[NeighborView]:
        return (
            NeighborView(
                "GigabitEthernet1/0/24", "00:1b:54:aa:cc:00", "core-1", "Gi1/0/2",
                "GigabitEthernet1/0/2", "Cisco IOS Software, Version 16.9.5", "10.99.0.1",
            ),
        )  # fmt: skip

    def vlans(self) -> Sequence[int]:
        return (10, 99)

    def stp_root(self, vlan: int) -> tuple[int, str, str | None]:
        return 24576, "00:1b:54:aa:cc:00", "GigabitEthernet1/0/24"

    def set_admin(self, port: str, up: bool) -> None:
        view = self.views[port]
        self.views[port] = replace(
            view, admin_up=up, carrier=up, err_disabled=None if not up else view.err_disabled
        )

    def set_alias(self, port: str, alias: str) -> None:
        self.views[port] = replace(self.views[port], alias=alias)

    def set_access_vlan(self, port: str, vlan: int) -> None:
        self.views[port] = replace(self.views[port], access_vlan=vlan, trunk_vlans=())

    def set_storm_control(self, port: str, pps: int | None) -> None:
        self.views[port] = replace(self.views[port], storm_control_pps=pps)

    def log(self) -> Sequence[SwitchEvent]:
        return (
            SwitchEvent(
                721.123, self.name, "STORM_CONTROL-3-SHUTDOWN",
                "A packet storm was detected on Gi1/0/2. The interface has been disabled.", 10102,
            ),
            SwitchEvent(
                721.124, self.name, "PM-4-ERR_DISABLE",
                "storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state",
                10102, "storm-control",
            ),
        )  # fmt: skip

    def reachable(self) -> bool:
        return self.up

    def uptime(self) -> float:
        return self.clock


def open_cli(switch: FakeSwitch, *, privileged: bool = True) -> Cli:
    return Cli(
        Session(
            switch=switch,
            model=CATALYST_2960X,
            now=lambda: switch.clock,
            wall=lambda at: STARTED + timedelta(seconds=at),
            meter=RateMeter(),
            enable_secret="open sesame",
            privileged=privileged,
        )
    )
