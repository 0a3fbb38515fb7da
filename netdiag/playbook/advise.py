"""What would have prevented it: on the very port, in the vendor's own configuration lines.

DHCP snooping is always said with the trusted uplink first: in another order every client loses DHCP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netdiag.model import Advice, Cause, Kind, Network
from netdiag.playbook.situation import Port, Situation, platform_of, port_of, situation
from netdiag.topology import Topology

_STORM = ("storm-control", "bpdu-guard", "port-security")
_REMEDIES: dict[Kind, tuple[str, ...]] = {
    Kind.LAYER2_LOOP: _STORM,
    Kind.BROADCAST_STORM: _STORM,
    Kind.MULTICAST_STORM: _STORM,
    Kind.UNKNOWN_UNICAST_FLOODING: ("storm-control", "port-security"),
    Kind.MAC_FLAPPING: ("bpdu-guard", "port-security"),
    Kind.ROGUE_DHCP_SERVER: ("dhcp-snooping", "port-security"),
    Kind.DHCP_STARVATION: ("dhcp-snooping", "port-security"),
    Kind.DUPLICATE_ADDRESS: ("dhcp-snooping",),
    Kind.MAC_TABLE_OVERFLOW: ("port-security",),
}
_SAYS = {
    "storm-control": (
        "Storm control on the edge port",
        "It closes the desk's port when broadcasts exceed the bound, before the uplink of the whole switch has to be closed.",
    ),
    "bpdu-guard": (
        "BPDU guard on the edge port",
        "A looped cable or a plugged-in switch returns spanning-tree frames: the desk's port closes within seconds. A small switch that swallows such frames escapes it, so keep storm control too.",
    ),
    "dhcp-snooping": (
        "DHCP snooping, the uplink trusted first",
        "Only the uplink may then answer DHCP: a home router at a desk hands out nothing. The order matters: trust the uplink, then the VLAN, then switch it on.",
    ),
    "port-security": (
        "A limit of MAC addresses on the edge port",
        "A desk has a computer and perhaps a phone; a router or a switch brings more and is kept out.",
    ),
}
_ORDER = tuple(_SAYS)


def advice(cause: Cause, network: Network, topology: Topology) -> tuple[Advice, ...]:
    """One item a remedy and port; nothing where the cause was no edge port's."""
    wanted = {r for kind in (cause.kind, *cause.also) for r in _REMEDIES.get(kind, ())}
    here = situation(cause, network, topology, {})
    return tuple(
        _item(remedy, number, port, here)
        for remedy in _ORDER
        if remedy in wanted
        for number, port in enumerate(here.ports)
    )


def _item(remedy: str, number: int, port: Port, here: Situation) -> Advice:
    title, why = _SAYS[remedy]
    platform = platform_of(here.network, port.device)
    template = platform.hardening.get(remedy, ()) if platform else ()
    if not template:
        why += " The configuration lines of this platform are not known to netdiag."
    if remedy == "dhcp-snooping" and platform:
        template = _trust_first(template, platform.hardening.get("dhcp-snooping-trust", ()))
    if number:
        template = _of_port_alone(template)
    values = {
        "{interface}": port.interface,
        "{vlan}": _vlan(port, here.cause, here.network),
        "{uplink}": _uplink(port.device, here.topology),
    }
    if any(value is None and name in line for line in template for name, value in values.items()):
        why += " Put the switch's own uplink and VLAN in place of <uplink> and <vlan>."
    return Advice(title, why, port.device, port.interface, tuple(_filled(template, values)))


def _trust_first(template: Sequence[str], trust: Sequence[str]) -> tuple[str, ...]:
    if not template or any("{uplink}" in line for line in template):
        return tuple(template)
    return (*trust, *template)


def _of_port_alone(template: Sequence[str]) -> tuple[str, ...]:
    """The second port of the same switch needs no global lines again."""
    starts = [i for i, line in enumerate(template) if "{interface}" in line]
    return tuple(template[starts[0] :]) if starts else tuple(template)


def _filled(template: Iterable[str], values: dict[str, str | None]) -> Iterable[str]:
    for line in template:
        text = line
        for name, value in values.items():
            text = text.replace(name, value or f"<{name.strip('{}')}>")
        yield text


def _vlan(port: Port, cause: Cause, network: Network) -> str | None:
    row = port_of(network, port.device, port.interface)
    vlan = (row.access_vlan if row else None) or cause.resource.vlan
    return None if vlan is None else str(vlan)


def _uplink(device: str, topology: Topology) -> str | None:
    root = topology.management_root
    hops = topology.path(device, root) if root and root != device else ()
    return next((h.interface for h in hops if h.device == device and h.interface != "?"), None)
