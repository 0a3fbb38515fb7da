"""What the families of causes share: the case on the table, a cause in the making, sums of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from netdiag.model import (
    ErrDisableCause,
    Finding,
    Interface,
    Kind,
    Network,
    Resource,
    Severity,
)
from netdiag.names import long_name
from netdiag.topology import Topology
from netdiag.topology.unrest import LONGEST, STORM_CAUSES


@dataclass(slots=True)
class Draft:
    """A cause before it has a rank."""

    kind: Kind
    resource: Resource
    confidence: float
    summary: str
    because: list[Finding] = field(default_factory=list)
    explains: list[Finding] = field(default_factory=list)
    interfaces: tuple[str, ...] = ()
    also: tuple[Kind, ...] = ()
    stale: bool = False
    """It was so long before the present incident."""

    @property
    def findings(self) -> list[Finding]:
        """All that it accounts for."""
        return [*self.because, *self.explains]


@dataclass(slots=True)
class Case:
    """The findings on the table; `taken` are those that a cause accounts for already."""

    network: Network
    topology: Topology
    findings: tuple[Finding, ...]
    taken: set[str] = field(default_factory=set)

    def of(self, *kinds: Kind, warnings: bool = False) -> list[Finding]:
        """Findings of these kinds that nothing accounts for yet."""
        return [
            f
            for f in self.findings
            if f.kind in kinds
            and f.id not in self.taken
            and (warnings or f.severity is not Severity.WARNING)
        ]

    def take(self, findings: Iterable[Finding]) -> list[Finding]:
        """Accounts for findings, once."""
        fresh = [f for f in findings if f.id not in self.taken]
        self.taken.update(f.id for f in fresh)
        return fresh

    def port(self, finding: Finding) -> Interface | None:
        """The finding's port as it is now."""
        return self.topology.port(finding.resource.device or "", finding.resource.interface)

    def on(self, device: str, interfaces: Iterable[str], *kinds: Kind) -> list[Finding]:
        """Open findings about ports of one device, a port channel's members included."""
        names = {n for i in interfaces for n in self.topology.same_port(device, i)}
        return [
            f
            for f in self.of(*kinds, warnings=True)
            if f.resource.device == device and f.resource.interface in names
        ]

    def dark(self, device: str) -> bool:
        """Polled, and no answer."""
        snapshot = self.network.snapshot(device)
        return snapshot is not None and not snapshot.reachable

    def protection(self, finding: Finding) -> tuple[ErrDisableCause | None, datetime]:
        """Why an err-disabled port was closed, and since when."""
        port = self.port(finding)
        cause = port.err_disabled.cause if port and port.err_disabled else None
        for event in self.network.events():
            same = event.device == finding.resource.device and event.event == "err-disabled"
            if same and long_name(event.interface or "") == finding.resource.interface:
                cause = cause or event.cause
        return cause, finding.first_seen

    def is_storm_closure(self, finding: Finding) -> bool:
        """Closed lately, by what came in from behind it."""
        cause, since = self.protection(finding)
        return cause in STORM_CAUSES and self.network.at - since <= LONGEST

    def cut_off(self, device: str, interface: str | None) -> list[Finding]:
        """Open findings that follow from a port being closed: silent devices, services behind it."""
        lost = set(self.topology.behind(device, interface))
        lost |= {d for d in self.topology.beyond(device, interface) if self.dark(d)}
        found = [f for f in self.of(Kind.DEVICE_UNREACHABLE) if f.resource.device in lost]
        links = self.topology.links_at(device, interface)
        for link in links:
            for end in (link.a, link.b):
                if end.interface is not None:
                    found += self.on(end.device, (end.interface,), Kind.UPLINK_DOWN)
        found += [f for f in self.of(Kind.UPLINK_DOWN) if f.resource.device in lost]
        found += [f for f in self.of(Kind.DHCP_SERVER_DOWN) if self._server_in(f, lost)]
        roots = self.of(Kind.STP_ROOT_CHANGE)
        found += [f for f in roots if self.topology.identities.owner(f.resource.mac) in lost]
        return list({f.id: f for f in found}.values())

    def _server_in(self, finding: Finding, lost: set[str]) -> bool:
        query = finding.resource.mac or finding.resource.ip
        edge = self.topology.trace(query).edge if query else None
        return (edge.device if edge else finding.resource.device) in lost


def together(weights: Iterable[float]) -> float:
    """Independent evidence: what is left of the doubt is the product of the doubts."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1.0 - weight
    return 1.0 - doubt
