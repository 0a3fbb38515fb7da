"""Where a cause stands in the network: which ports to close, what is cut off, which ways are left.

Rules: an uplink and a never-touch port are never among the ports to close; a switch that does not
answer is described by its last good snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netdiag import platforms
from netdiag.model import (
    AdminStatus,
    Cause,
    ErrDisableCause,
    Finding,
    Interface,
    Kind,
    Network,
)
from netdiag.names import sort_key
from netdiag.playbook.conditions import Value
from netdiag.text import clean
from netdiag.topology import Topology

_UNKNOWN = {
    "ports": "the port with the most incoming broadcasts",
    "dark": "nothing else that is known",
    "closed_port": "no port that is known",
    "neighbor": "its far end",
}
"""How a sentence says that something is not known; the rest is `not known`."""
_STORM_CAUSES = frozenset(
    {
        ErrDisableCause.STORM_CONTROL,
        ErrDisableCause.LOOP_DETECTED,
        ErrDisableCause.BPDU_GUARD,
        ErrDisableCause.MAC_FLAPPING,
        ErrDisableCause.UNICAST_FLOOD,
        ErrDisableCause.LINK_FLAP,
    }
)
"""What a loop or a storm makes an uplink's own protection say."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a named device."""

    device: str
    interface: str

    def __str__(self) -> str:
        return clean(f"{self.device} {self.interface}")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan rests on."""

    cause: Cause
    network: Network
    topology: Topology
    ports: tuple[Port, ...]
    """The cause's edge ports that may be closed."""
    protected: tuple[tuple[Port, str], ...]
    """Its ports that may not, each with the reason."""
    reachable: bool
    closed: tuple[Port, ...]
    """Err-disabled uplinks that the trouble closed; the one nearest to netdiag first."""
    only_path: Port | None
    """The closed port through which alone the cause's switch was reached."""
    other_path: bool
    findings: tuple[Finding, ...] = ()

    @property
    def facts(self) -> Mapping[str, Value]:
        """The words of `conditions.NAMES` with their values."""
        device, interface = self.cause.resource.device, self.cause.resource.interface
        port = port_of(self.network, device, interface)
        kinds = {self.cause.kind, *self.cause.also}
        return {
            "kind": str(self.cause.kind),
            "confidence": self.cause.confidence,
            "also_rogue_dhcp": Kind.ROGUE_DHCP_SERVER in kinds,
            "ports_known": bool(self.ports),
            "ports_protected": bool(self.protected),
            "source_known": device is not None,
            "source_reachable": self.reachable,
            "only_path_closed": self.only_path is not None,
            "other_path": self.other_path,
            "closed_uplinks": len(self.closed),
            "port_err_disabled": port is not None and port.err_disabled is not None,
            "port_admin_down": port is not None
            and port.admin_status is AdminStatus.DOWN
            and port.err_disabled is None,
            "findings": tuple(sorted({str(f.kind) for f in self.findings})),
            "port_is_uplink": device is not None and self.topology.is_uplink(device, interface),
        }

    @property
    def words(self) -> Mapping[str, str]:
        """What `{…}` in a playbook's sentences stands for; safe to show, never empty."""
        return {
            name: clean(text) if text else _UNKNOWN.get(name, "not known")
            for name, text in self.spoken.items()
        }

    @property
    def spoken(self) -> Mapping[str, str | None]:
        """The same as it came; `None` where it is not known."""
        resource = self.cause.resource
        closed = self.only_path or (self.closed[0] if self.closed else None)
        places = [resource.device, resource.interface]
        site = self.network.device(resource.device)
        return {
            "device": resource.device,
            "port": resource.interface,
            "where": " ".join(p for p in places if p),
            "ports": _listed([p.interface for p in self.ports]) or resource.interface,
            "desk": _listed(self._desks()),
            "area": site.area if site else None,
            "mac": resource.mac,
            "ip": resource.ip,
            "vendor": vendor_of(self.network, resource.mac),
            "vlan": None if resource.vlan is None else str(resource.vlan),
            "closed_port": str(closed) if closed else None,
            "closed_because": self._closed_because(closed),
            "dark": _listed(self.topology.behind(closed.device, closed.interface))
            if closed
            else None,
            "neighbor": self._neighbor(),
            "summary": self.cause.summary.rstrip(". "),
        }

    def _desks(self) -> list[str | None]:
        device = self.cause.resource.device
        known = self.network.device(device)
        ports: list[str | None] = [p.interface for p in self.ports]
        names = ports or [self.cause.resource.interface]
        found: list[str | None] = []
        for name in names:
            port = port_of(self.network, device, name)
            found.append((known.desk(name) if known else None) or (port.alias if port else None))
        return found

    def _closed_because(self, closed: Port | None) -> str | None:
        port = port_of(self.network, closed.device, closed.interface) if closed else None
        return str(port.err_disabled.cause) if port and port.err_disabled else None

    def _neighbor(self) -> str | None:
        resource = self.cause.resource
        far = (
            self.topology.neighbor(resource.device, resource.interface) if resource.device else None
        )
        return " ".join(x for x in far if x) if far else None


def situation(
    cause: Cause,
    network: Network,
    topology: Topology,
    paths: Mapping[str, bool],
    findings: Sequence[Finding] = (),
) -> Situation:
    """Everything a plan needs to know, worked out once; `paths`: device -> has another way in."""
    device = cause.resource.device
    snapshot = network.snapshot(device)
    reachable = snapshot is not None and snapshot.reachable
    allowed, protected = _ports(cause, network, topology)
    closed = _closed(cause, network, topology)
    only = next((p for p in closed if device in topology.behind(p.device, p.interface)), None)
    return Situation(
        cause=cause,
        network=network,
        topology=topology,
        ports=allowed,
        protected=protected,
        reachable=reachable,
        closed=closed,
        only_path=None if reachable else only,
        other_path=device is not None and paths.get(device, False),
        findings=tuple(findings),
    )


def port_of(network: Network, device: str | None, interface: str | None) -> Interface | None:
    """The port as last seen."""
    snapshot = network.last_good(device)
    return snapshot.interface(interface) if snapshot else None


def platform_of(network: Network, device: str | None) -> platforms.Platform | None:
    """The inventory's platform, else what the device itself seemed to be."""
    known, seen = network.device(device), network.last_good(device)
    return platforms.get(known.platform if known else None) or platforms.get(
        seen.platform if seen else None
    )


def vendor_of(network: Network, mac: str | None) -> str | None:
    """Who made that network card, as its address block or a capture says."""
    known = dict(network.vendors)
    if mac in known:
        return known[mac]
    servers = (s for c in network.captures for s in c.dhcp_servers if s.mac == mac and mac)
    return next((s.vendor for s in servers if s.vendor), None)


def serves(network: Network, topology: Topology, device: str, interface: str) -> bool:
    """Whether a DHCP server that the inventory allows sits at that port: all would lose it."""
    edges = (topology.trace(s.mac).edge for s in network.site.dhcp_servers if s.mac)
    return any(e and (e.device, e.interface) == (device, interface) for e in edges)


def _ports(
    cause: Cause, network: Network, topology: Topology
) -> tuple[tuple[Port, ...], tuple[tuple[Port, str], ...]]:
    device = cause.resource.device
    if device is None:
        return (), ()
    known = network.device(device)
    never = known.never_touch if known else ()
    named = cause.interfaces or (cause.resource.interface,)
    allowed: list[Port] = []
    protected: list[tuple[Port, str]] = []
    for name in dict.fromkeys(n for n in named if n):
        port = Port(device, name)
        if topology.same_port(device, name) & {*never}:
            protected.append((port, "it is on the never-touch list"))
        elif topology.is_uplink(device, name):
            protected.append((port, "it leads to another switch"))
        elif serves(network, topology, device, name):
            protected.append((port, "an authorized DHCP server is there"))
        else:
            allowed.append(port)
    return tuple(allowed), tuple(protected)


def _closed(cause: Cause, network: Network, topology: Topology) -> tuple[Port, ...]:
    found = [
        (Port(snapshot.device, port.name), port)
        for snapshot in network.snapshots
        if snapshot.reachable
        for port in snapshot.interfaces
        if port.err_disabled is not None and topology.is_uplink(snapshot.device, port.name)
    ]
    mine = [p for p, row in found if _belongs(p, row, cause, topology)]
    # What cuts off most stands nearest to netdiag, and must be open first.
    mine.sort(
        key=lambda p: (
            -len(topology.behind(p.device, p.interface)),
            p.device,
            sort_key(p.interface),
        )
    )
    return tuple(mine)


def _belongs(port: Port, row: Interface, cause: Cause, topology: Topology) -> bool:
    device = cause.resource.device
    far = topology.neighbor(port.device, port.interface)
    near_it = device is None or port.device == device or (far is not None and far[0] == device)
    storm = row.err_disabled is not None and row.err_disabled.cause in _STORM_CAUSES
    return near_it or storm or device in topology.behind(port.device, port.interface)


def _listed(words: object) -> str | None:
    known = (
        [w for w in words if isinstance(w, str) and w] if isinstance(words, list | tuple) else []
    )
    return ", ".join(dict.fromkeys(known)) or None
