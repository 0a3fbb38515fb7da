"""What a loop's cable joins: two ports of two switches are one loop, and what is in it has an address."""

from __future__ import annotations

from dataclasses import replace

from netdiag.causes.draft import Case, Draft, together
from netdiag.model import Kind
from netdiag.names import long_name
from netdiag.topology import place
from netdiag.topology.identity import mac_of
from netdiag.topology.unrest import recent_events

_LOCAL_BIT = 2


def both_ends(case: Case, drafts: list[Draft]) -> list[Draft]:
    """Loops at one port each of two switches, between which addresses flap on the way: one cable."""
    found = list(drafts)
    for one in drafts:
        for other in drafts:
            if one in found and other in found and one is not other and _joined(case, one, other):
                found[found.index(one)] = _one_cable(case, one, other)
                found.remove(other)
    return found


def _joined(case: Case, one: Draft, other: Draft) -> bool:
    ends = [(d.resource.device, d.interfaces) for d in (one, other)]
    if any(d.kind is not Kind.LAYER2_LOOP or len(d.interfaces) != 1 for d in (one, other)):
        return False
    (a, _), (b, _) = ends
    if a is None or b is None or a == b:
        return False
    for event in recent_events(case.network, "mac-flap"):
        if event.interface is None or event.other_interface is None or event.device is None:
            continue
        ways = [
            set(case.topology.beyond(event.device, long_name(port)))
            for port in (event.interface, event.other_interface)
        ]
        if (a in ways[0] and b in ways[1]) or (b in ways[0] and a in ways[1]):
            return True
    return False


def _one_cable(case: Case, one: Draft, other: Draft) -> Draft:
    """Shutting either end is enough; the first one stays the place."""
    where = [
        place(case.network, d.resource.device or "", d.resource.interface) for d in (one, other)
    ]
    return replace(
        one,
        confidence=together([one.confidence, 0.5]),
        summary=f"a loop through a cable between {where[0]} and {where[1]}: frames go round without end",
        because=[*one.because, *other.because],
        explains=[*one.explains, *other.explains],
        also=tuple(dict.fromkeys((*one.also, *other.also))),
    )


def newcomer(case: Case, device: str, ports: tuple[str, ...]) -> str | None:
    """The one address that flaps at the loop's ports and that no stored snapshot knows.

    A station's own address (locally administered ones are a sensor's, or change daily); `None` where
    nothing is stored of before, or several are new.
    """
    began = case.topology.storm_began or case.network.at
    before = [s for s in case.network.history if s.at < began]
    if not any(s.device == device for s in before):
        return None
    known = {mac_of(e.mac) for s in before for e in s.fdb}
    known |= {mac_of(e.mac) for s in before for e in s.arp}
    here = {
        mac_of(event.mac)
        for event in recent_events(case.network, "mac-flap")
        if event.device == device
        and {long_name(p) for p in (event.interface, event.other_interface) if p} & set(ports)
    }
    new = {mac for mac in here - known if mac and not int(mac[:2], 16) & _LOCAL_BIT}
    new = {mac for mac in new if case.topology.identities.owner(mac) is None}
    return new.pop() if len(new) == 1 else None
