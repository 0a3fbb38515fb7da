"""What a proven repair has settled: messages and captures from before it belong to that incident.

Without this a second incident of the same day would be explained by the first one's messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from netdiag.model import Kind, LogEvent, Network
from netdiag.ticket.facts import Stage, Ticket

_ON_THE_WIRE = frozenset(
    {
        Kind.LAYER2_LOOP,
        Kind.BROADCAST_STORM,
        Kind.MULTICAST_STORM,
        Kind.UNKNOWN_UNICAST_FLOODING,
        Kind.MAC_FLAPPING,
        Kind.MAC_TABLE_OVERFLOW,
        Kind.ROGUE_DHCP_SERVER,
        Kind.ROGUE_DHCP6_SERVER,
        Kind.ROGUE_ROUTER_ADVERTISEMENT,
        Kind.DHCP_STARVATION,
        Kind.ARP_SPOOFING,
    }
)
"""Kinds that a sensor hears: what it heard before the repair says nothing of now."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Until when messages of these devices, and captures, are an older incident's."""

    devices: tuple[tuple[str, datetime], ...]
    captures: datetime | None


def settled(tickets: Iterable[Ticket]) -> Settled:
    """Of all tickets whose repair is proven; one that was reopened settles nothing."""
    devices: dict[str, datetime] = {}
    captures: datetime | None = None
    for ticket in tickets:
        proof, cause = ticket.verification, ticket.cause
        if proof is None or not proof.ok or cause is None or ticket.diagnosis is None:
            continue
        if ticket.stage not in (Stage.VERIFIED, Stage.CLOSED):
            continue
        mine = {*cause.because, *cause.explains}
        found = [f.resource for f in ticket.diagnosis.findings if f.id in mine]
        for device in {r.device for r in (cause.resource, *found) if r.device}:
            devices[device] = max(devices.get(device, proof.at), proof.at)
        if _ON_THE_WIRE & {cause.kind, *cause.also}:
            captures = max(captures or proof.at, proof.at)
    return Settled(tuple(sorted(devices.items())), captures)


def since(network: Network, past: Settled) -> Network:
    """The network without the messages and captures of settled incidents; untimed ones stay."""
    ends = dict(past.devices)

    def new(event: LogEvent) -> bool:
        end = ends.get(event.device or "")
        return end is None or event.at is None or event.at > end

    heard = past.captures
    return replace(
        network,
        log=tuple(e for e in network.log if new(e)),
        snapshots=tuple(
            replace(s, log=tuple(e for e in s.log if new(e))) if s.device in ends and s.log else s
            for s in network.snapshots
        ),
        captures=tuple(
            c for c in network.captures if heard is None or c.last is None or c.last > heard
        ),
    )
