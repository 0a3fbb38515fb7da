"""Links that only people's port descriptions tell of: `to acc-2 GigabitEthernet1/0/24`.

The weakest source, and the last: only for a device to which nothing else is known to lead, so that a
switch which fell silent long ago still has its place.
"""

from __future__ import annotations

import re
from datetime import datetime

from netdiag.model import Network
from netdiag.names import long_name
from netdiag.topology.identity import Identities, snapshots_of
from netdiag.topology.links import End, Link, link_key

# The words of "uplink to acc-2 Gi1/0/24" are uplink, to, acc-2 and Gi1/0/24.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*")


def described(
    network: Network, identities: Identities, known: tuple[Link, ...]
) -> tuple[Link, ...]:
    """Links to devices that no other link leads to, one a port."""
    placed = {e.device for link in known for e in (link.a, link.b)}
    taken = {(e.device, e.interface) for link in known for e in (link.a, link.b)}
    links: dict[tuple[str, str], Link] = {}
    for device in identities.names:
        snapshot = next(snapshots_of(network, device), None)
        for port in snapshot.interfaces if snapshot is not None else ():
            far = _far(identities, port.alias)
            if far is None or far.device in {*placed, device} or (device, port.name) in taken:
                continue
            ends = sorted((End(device, port.name), far), key=lambda e: e.device)
            at = snapshot.at if snapshot is not None else network.at
            links.setdefault((device, port.name), _link(ends, at))
    return tuple(sorted(links.values(), key=link_key))


def _link(ends: list[End], at: datetime) -> Link:
    return Link(a=ends[0], b=ends[1], protocols=("alias",), observed=at, current=False)


def _far(identities: Identities, alias: str | None) -> End | None:
    """The one device that a description names, with the port if one follows."""
    words = _WORD.findall(alias or "")
    named = {w: d for w in words if (d := identities.by_name(w)) is not None}
    if len(set(named.values())) != 1:
        return None
    word, device = next(iter(named.items()))
    after = words[words.index(word) + 1 :]
    port = next((long_name(w) for w in after if "/" in long_name(w)), None)
    return End(device, port)
