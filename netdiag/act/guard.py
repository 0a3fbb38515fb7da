"""What speaks against a change: pure, and asked again right before it is sent.

Rules: what stands on the never-touch list, what is not in the inventory and what would take the
company's DHCP server away is refused whoever asks; the rest a person may overrule, with a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from netdiag.model import Device, Neighbor, Network, PlanStep
from netdiag.names import is_plain
from netdiag.playbook.situation import serves
from netdiag.text import clean
from netdiag.topology import Topology

MAX_VIEW_AGE = timedelta(minutes=10)
"""A change rests on what was seen; older than this it must be looked at again."""
_PRECIOUS = {"telephone": "a phone", "wlanAccessPoint": "an access point"}
"""LLDP capabilities (IEEE 802.1AB 8.5.8.1) of what more people hang on than one desk."""
# "Cisco IP Phone 8841", "AIR-AP2802I-E-K9", "Avaya 9608 VoIP", "Aruba AP-505"
_PHONE = re.compile(r"(?i)\b(ip ?phone|voip|sip phone)\b|^SEP[0-9A-F]{12}$")
_ACCESS_POINT = re.compile(r"(?i)\bAIR-|\bC91\d\dAX|\baccess ?point\b|\bWLAN AP\b|\bAP-\d{3}")
SHUTS = frozenset({"shut-port"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a change must not be done now, in a sentence."""

    why: str
    final: bool = False
    """Nobody may overrule it."""

    def __str__(self) -> str:
        return self.why


def refusals(
    step: PlanStep,
    network: Network,
    topology: Topology,
    *,
    at: datetime,
    shown: datetime | None = None,
    dark: bool = False,
) -> tuple[Refusal, ...]:
    """Why this step must not be done now; empty means that nothing speaks against it.

    `shown`: when the view was taken that the approver was shown (else the network's time). `dark`:
    the device cannot answer, and the approver was told so: its last view has to do.
    """
    ports = step.interfaces or ((step.interface,) if step.interface else ())
    device = network.device(step.device)
    if device is None or not ports:
        what = step.device or "no device"
        why = f"step {step.step}: {what} is not in the inventory, or no port is named"
        return (Refusal(why, final=True),)
    found = [
        Refusal(f"{device.name} {port} is on the never-touch list", final=True)
        for port in ports
        if topology.same_port(device.name, port) & {*device.never_touch}
    ]
    found += [
        Refusal(
            f"{device.name} {clean(port)!r} is no name that may be sent to a device", final=True
        )
        for port in ports
        if not is_plain(port)
    ]
    if step.action in SHUTS:
        for port in ports:
            found += _about(device, port, network, topology)
    return (*found, *_ages(device, network, at=at, shown=shown, dark=dark))


def _about(device: Device, port: str, network: Network, topology: Topology) -> list[Refusal]:
    """What speaks against shutting this port."""
    place = f"{device.name} {port}"
    found: list[Refusal] = []
    row = topology.port(device.name, port)
    if serves(network, topology, device.name, port):
        why = f"an authorized DHCP server is at {place}: everyone would lose it"
        found.append(Refusal(why, final=True))
    if topology.is_uplink(device.name, port):
        found.append(Refusal(f"{place} is an uplink: shutting it would cut off what is behind it"))
    elif row is not None and row.trunk:
        found.append(Refusal(f"{place} is a trunk: it carries more than one desk"))
    found += [Refusal(f"{what} is at {place}") for what in _precious(device.name, port, network)]
    stations = _stations(device.name, port, network)
    if device.max_stations is not None and len(stations) > device.max_stations:
        why = f"{len(stations)} stations are at {place}; at most {device.max_stations} are stated"
        found.append(Refusal(why))
    return found


def _precious(device: str, port: str, network: Network) -> list[str]:
    found: list[str] = []
    for snapshot in (network.snapshot(device), network.last_good(device)):
        for n in snapshot.neighbors if snapshot else ():
            if n.interface == port:
                found += [f"{what} ({_called(n)})" for what in _what(n)]
    return list(dict.fromkeys(found))


def _what(neighbor: Neighbor) -> list[str]:
    told = [word for name, word in _PRECIOUS.items() if name in neighbor.capabilities]
    words = " ".join(w for w in (neighbor.platform, neighbor.sys_name) if w)
    if not told and _PHONE.search(words):
        told = [_PRECIOUS["telephone"]]
    if not told and _ACCESS_POINT.search(words):
        told = [_PRECIOUS["wlanAccessPoint"]]
    return told


def _called(neighbor: Neighbor) -> str:
    return clean(
        neighbor.sys_name or neighbor.platform or neighbor.chassis_id or neighbor.protocol, 60
    )


def _stations(device: str, port: str, network: Network) -> frozenset[str]:
    """Who is at a port; whom an earlier view knows elsewhere on the switch only passes in a loop."""
    newest = network.snapshot(device)
    if newest is None or not newest.fdb:
        newest = network.last_good(device)
    if newest is None:
        return frozenset()
    here = {e.mac for e in newest.fdb if e.interface == port}
    elsewhere = {
        e.mac
        for s in network.history
        if s.device == device and s.at < newest.at
        for e in s.fdb
        if e.interface not in (port, None)
    }
    return frozenset(here - elsewhere)


def _ages(
    device: Device, network: Network, *, at: datetime, shown: datetime | None, dark: bool
) -> list[Refusal]:
    limit = (
        MAX_VIEW_AGE if device.max_view_age_s is None else timedelta(seconds=device.max_view_age_s)
    )
    seen = network.last_good(device.name)
    views = [shown or network.at]
    if seen is not None and not dark:
        views.append(seen.at)
    age = at - min(views)
    if age <= limit:
        return []
    minutes = int(age.total_seconds() // 60)
    old = f"{minutes} min" if minutes else f"{age.total_seconds():.0f} s"
    return [Refusal(f"the view of {device.name} is {old} old: diagnose again, then approve")]
