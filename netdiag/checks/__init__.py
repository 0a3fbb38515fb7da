"""PURE. A network to findings: what is wrong, each with its evidence. Why, is `causes`' business.

A check is a function `(Network, Topology) -> Iterable[Finding]`, named like its kind; to add one,
write it and name it in `CHECKS`. Checks do not know each other. `not_checked` says what could not be
looked at: that is never "all clear".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from netdiag.checks.address import arp_spoofing, duplicate_address
from netdiag.checks.dhcp import (
    dhcp_server_down,
    dhcp_starvation,
    rogue_dhcp6_server,
    rogue_dhcp_server,
    rogue_router_advertisement,
)
from netdiag.checks.flood import multicast_storm, unknown_unicast_flooding
from netdiag.checks.loop import layer2_loop, mac_flapping
from netdiag.checks.port import admin_down_port, err_disabled_port, uplink_down
from netdiag.checks.reach import device_unreachable
from netdiag.checks.seen import not_checked
from netdiag.checks.storm import broadcast_storm
from netdiag.checks.wire import stp_root_change
from netdiag.model import Evidence, Finding, Kind, Network, Severity
from netdiag.topology import Topology

__all__ = ["CHECKS", "Check", "not_checked", "run"]

Check = Callable[[Network, Topology], Iterable[Finding]]

CHECKS: Mapping[Kind, Check] = {
    Kind.ERR_DISABLED_PORT: err_disabled_port,
    Kind.ADMIN_DOWN_PORT: admin_down_port,
    Kind.UPLINK_DOWN: uplink_down,
    Kind.DEVICE_UNREACHABLE: device_unreachable,
    Kind.BROADCAST_STORM: broadcast_storm,
    Kind.MULTICAST_STORM: multicast_storm,
    Kind.UNKNOWN_UNICAST_FLOODING: unknown_unicast_flooding,
    Kind.LAYER2_LOOP: layer2_loop,
    Kind.MAC_FLAPPING: mac_flapping,
    Kind.ROGUE_DHCP_SERVER: rogue_dhcp_server,
    Kind.ROGUE_DHCP6_SERVER: rogue_dhcp6_server,
    Kind.ROGUE_ROUTER_ADVERTISEMENT: rogue_router_advertisement,
    Kind.DHCP_SERVER_DOWN: dhcp_server_down,
    Kind.DHCP_STARVATION: dhcp_starvation,
    Kind.DUPLICATE_ADDRESS: duplicate_address,
    Kind.ARP_SPOOFING: arp_spoofing,
    Kind.STP_ROOT_CHANGE: stp_root_change,
}
_SEVERITIES = tuple(Severity)
"""The worst first."""


def run(network: Network, topology: Topology) -> tuple[Finding, ...]:
    """Every check's findings, the worst first; those of one kind and resource are one finding."""
    merged: dict[str, Finding] = {}
    for check in CHECKS.values():
        for finding in check(network, topology):
            known = merged.get(finding.id)
            merged[finding.id] = finding if known is None else _join(known, finding)
    return tuple(
        sorted(
            (replace(f, evidence=_ordered(f.evidence)) for f in merged.values()),
            key=lambda f: (_SEVERITIES.index(f.severity), f.kind, f.id),
        )
    )


def _join(a: Finding, b: Finding) -> Finding:
    """One finding out of two looks at the same problem: the worse word, all the evidence."""
    worse = min(a, b, key=lambda f: (_SEVERITIES.index(f.severity), f.first_seen, f.summary))
    return replace(
        worse,
        evidence=tuple(dict.fromkeys((*a.evidence, *b.evidence))),
        first_seen=min(a.first_seen, b.first_seen),
        last_seen=max(a.last_seen, b.last_seen),
    )


def _ordered(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    def key(e: Evidence) -> tuple[str, ...]:
        return (str(e.at or ""), e.source, e.what, e.device or "", e.value, e.raw or "")

    return tuple(sorted(dict.fromkeys(evidence), key=key))
