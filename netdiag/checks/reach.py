"""Devices that do not answer, with what is known to be cut on the way to them.

A device that refuses the credential is there: that is a warning and a gap in the look, no outage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netdiag.model import Evidence, Finding, Kind, Network, Resource, Severity, Snapshot
from netdiag.names import short_name
from netdiag.text import clean
from netdiag.topology import Topology

_REFUSED = re.compile(
    r"credential|password|authenticat|authoriz|permission|host key|refuses|unknown user|secret",
    re.IGNORECASE,
)

_NEVER = frozenset({"access", "credentials"})


def device_unreachable(network: Network, topology: Topology) -> Iterable[Finding]:
    """One finding for every polled device without an answer."""
    for snapshot in network.snapshots:
        if not snapshot.reachable and not never_asked(snapshot):
            yield _unreachable(network, topology, snapshot)


def never_asked(snapshot: Snapshot) -> bool:
    """No way in is configured, or its secret is missing: netdiag's gap, not the device's silence."""
    return bool(snapshot.errors) and all(e.what in _NEVER for e in snapshot.errors)


def answers_but_refuses(snapshot: Snapshot) -> bool:
    """Some channel got an answer, and it was no."""
    return any(_REFUSED.search(e.message) for e in snapshot.errors)


def _unreachable(network: Network, topology: Topology, snapshot: Snapshot) -> Finding:
    name = snapshot.device
    refused = answers_but_refuses(snapshot)
    what = "answers but refuses netdiag" if refused else "does not answer"
    cut = None if refused else _cut(topology, name)
    stored = next((s.at for s in network.history if s.device == name), None)
    evidence = [
        Evidence(e.source, clean(e.what), clean(e.message), name, snapshot.at)
        for e in snapshot.errors
    ] or [Evidence("snmp", "reachable", "no answer", name, snapshot.at)]
    return Finding(
        Kind.DEVICE_UNREACHABLE,
        Severity.WARNING if refused else Severity.MAJOR,
        Resource(device=name),
        f"{name} {what}" + (f": {cut}" if cut else ""),
        tuple(evidence),
        stored or snapshot.at,
        snapshot.at,
    )


def _cut(topology: Topology, device: str) -> str | None:
    """The first link on the way from where netdiag stands that is known to be down."""
    root = topology.management_root
    if root is None or root == device:
        return None
    at = root
    for link in topology.way(root, device):
        if topology.link_up(link) is False:
            near = link.near(at)
            return f"the way to it is cut at {at} {clean(short_name(near.interface or '?'))}"
        at = link.far(at).device
    return None
