"""What can go wrong in the practice network, done as people do it: by plugging, pulling and typing.

`inject` draws the place from its seed unless an option names it, and answers with the truth, which
is what a diagnosis is held against. Options may be texts, as a command line gives them. Each
incident leaves its undo; an undo removes the cause, not what protections did about it. What changes
nothing for anybody (a scan, a planned shutdown) has no kinds: its right diagnosis is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from netdiag.errors import LabError, UsageError
from netdiag.lab import frames
from netdiag.lab.incidents import harmless, links, loops, ports, routers, services, strange
from netdiag.lab.incidents.scene import Done, Options, Scene

if TYPE_CHECKING:
    from netdiag.lab.campus import Campus

__all__ = ["Incidents", "Injected"]

Make = Callable[[Scene], Done]
MAKES: Mapping[str, Make] = {
    "home-router": routers.home_router,
    "layer2-loop": loops.layer2_loop,
    "broadcast-storm": loops.broadcast_storm,
    "rogue-dhcp-server": routers.rogue_dhcp_server,
    "dhcp-server-down": services.dhcp_server_down,
    "admin-down-port": ports.admin_down_port,
    "duplicate-address": services.duplicate_address,
    "uplink-down": ports.uplink_down,
    "err-disabled-port": ports.err_disabled_port,
    "closed-uplink": ports.closed_uplink,
    "bpdu-guard-violation": ports.bpdu_guard_violation,
    "port-security-violation": ports.port_security_violation,
    "device-unreachable": ports.device_unreachable,
    "link-flapping": links.link_flapping,
    "lossy-link": links.lossy_link,
    "unidirectional-link": links.unidirectional_link,
    "congested-link": links.congested_link,
    "duplex-mismatch": links.duplex_mismatch,
    "mtu-mismatch": links.mtu_mismatch,
    "vlan-missing-on-trunk": links.vlan_missing_on_trunk,
    "wrong-access-vlan": links.wrong_access_vlan,
    "multicast-storm": strange.multicast_storm,
    "unknown-unicast-flooding": strange.unknown_unicast_flooding,
    "mac-table-overflow": strange.mac_table_overflow,
    "mac-flapping": strange.mac_flapping,
    "dhcp-starvation": strange.dhcp_starvation,
    "dhcp-pool-exhausted": strange.dhcp_pool_exhausted,
    "arp-spoofing": strange.arp_spoofing,
    "rogue-router-advertisement": strange.rogue_router_advertisement,
    "rogue-dhcp6-server": strange.rogue_dhcp6_server,
    "stp-root-change": strange.stp_root_change,
    "arp-scan": harmless.arp_scan,
    "busy-day": harmless.busy_day,
    "planned-shutdown": harmless.planned_shutdown,
    "moved-pc": harmless.moved_pc,
    "gateway-failover": harmless.gateway_failover,
    "slow-switch": harmless.slow_switch,
    "planned-vlan-change": harmless.planned_vlan_change,
    "few-errors": harmless.few_errors,
    "quiet-server-pair": harmless.dhcp_failover,
    "virtual-machines": harmless.virtual_machines,
}


@dataclass(frozen=True, slots=True)
class Injected:
    """The truth of one incident."""

    number: int
    kind: str
    """What was asked for."""
    seed: int
    at: float
    """Lab time."""
    device: str
    interface: str | None
    """The port at which it is to be found and stopped; `None`: it is the whole device."""
    interfaces: tuple[str, ...]
    """All of them, `interface` first."""
    mac: str | None
    """The culprit's address, where it has one."""
    kinds: tuple[str, ...]
    """The kinds (contract: "Kinds") under which it shows, the main one first."""
    also: tuple[tuple[str, str], ...]
    """(device, interface) of far ends that belong to it, e.g. the other end of a cut cable."""
    desks: tuple[str, ...]
    """The labels of the wall sockets, in the order of `interfaces`."""
    description: str
    options: tuple[tuple[str, str], ...]

    @property
    def truth(self) -> dict[str, object]:
        """The same in plain values, in the contract's words: `kind` and `also` are finding kinds."""
        return {
            "number": self.number,
            "incident": self.kind,
            "kind": self.kinds[0] if self.kinds else "healthy",
            "also": list(self.kinds[1:]),
            "seed": self.seed,
            "at": self.at,
            "device": self.device,
            "interface": self.interface,
            "interfaces": list(self.interfaces),
            "mac": self.mac,
            "kinds": list(self.kinds),
            "far_ends": [list(end) for end in self.also],
            "desks": list(self.desks),
            "description": self.description,
            "options": dict(self.options),
        }


class Incidents:
    """Injects and takes back, on one campus."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self._number = 0
        self._active: dict[int, tuple[Injected, list[Callable[[], object]]]] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """What `inject` knows."""
        return tuple(MAKES)

    @property
    def active(self) -> tuple[Injected, ...]:
        """What has been injected and not taken back, oldest first."""
        return tuple(injected for injected, _ in self._active.values())

    def inject(self, kind: str, seed: int, given: Mapping[str, object]) -> Injected:
        """Does it now; `UsageError` for a kind or an option that is not known."""
        make = MAKES.get(kind)
        if make is None:
            raise UsageError(f"no incident is called {kind!r}: {', '.join(MAKES)}")
        options = Options(given)
        self._number += 1
        done = make(Scene(self._campus, self._number, Random(f"{seed}/{kind}"), options))
        labels = dict(self._campus.desks(done.device))
        names = tuple(port.name for port in done.ports)
        injected = Injected(
            number=self._number,
            kind=kind,
            seed=seed,
            at=self._campus.now(),
            device=done.device,
            interface=names[0] if names else None,
            interfaces=names,
            mac=frames.mac_text(done.mac) if done.mac else None,
            kinds=tuple(k.value for k in done.kinds),
            also=done.also,
            desks=tuple(labels[name] for name in names if name in labels),
            description=done.description,
            options=tuple(options.taken.items()),
        )
        self._active[injected.number] = (injected, done.undo)
        return injected

    def revert(self, injected: Injected) -> None:
        """Runs its undo, last thing first; a second time is an error."""
        found = self._active.pop(injected.number, None)
        if found is None:
            raise LabError(f"incident {injected.number} ({injected.kind}) is not active")
        for undo in reversed(found[1]):
            undo()
