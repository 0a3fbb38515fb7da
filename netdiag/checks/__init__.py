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
    dhcp_pool_exhausted,
    dhcp_server_down,
    dhcp_starvation,
    rogue_dhcp6_server,
    rogue_dhcp_server,
    rogue_router_advertisement,
)
from netdiag.checks.flood import multicast_storm, unknown_unicast_flooding
from netdiag.checks.guard import (
    bpdu_guard_violation,
    mac_table_overflow,
    port_security_violation,
)
from netdiag.checks.link import (
    congested_link,
    link_flapping,
    lossy_link,
    unidirectional_link,
)
from netdiag.checks.loop import layer2_loop, mac_flapping
from netdiag.checks.port import admin_down_port, err_disabled_port, uplink_down
from netdiag.checks.reach import device_unreachable
from netdiag.checks.seen import not_checked
from netdiag.checks.setting import (
    duplex_mismatch,
    mtu_mismatch,
    vlan_missing_on_trunk,
    wrong_access_vlan,
)
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
    Kind.DHCP_POOL_EXHAUSTED: dhcp_pool_exhausted,
    Kind.DUPLICATE_ADDRESS: duplicate_address,
    Kind.ARP_SPOOFING: arp_spoofing,
    Kind.STP_ROOT_CHANGE: stp_root_change,
    Kind.MAC_TABLE_OVERFLOW: mac_table_overflow,
    Kind.PORT_SECURITY_VIOLATION: port_security_violation,
    Kind.BPDU_GUARD_VIOLATION: bpdu_guard_violation,
    Kind.LINK_FLAPPING: link_flapping,
    Kind.LOSSY_LINK: lossy_link,
    Kind.UNIDIRECTIONAL_LINK: unidirectional_link,
    Kind.CONGESTED_LINK: congested_link,
    Kind.DUPLEX_MISMATCH: duplex_mismatch,
    Kind.MTU_MISMATCH: mtu_mismatch,
    Kind.VLAN_MISSING_ON_TRUNK: vlan_missing_on_trunk,
    Kind.WRONG_ACCESS_VLAN: wrong_access_vlan,
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
