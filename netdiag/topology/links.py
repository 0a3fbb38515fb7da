"""Links between known devices, from what LLDP and CDP say: one cable, one link.

Both protocols and both ends report the same cable, in short and in long names, sometimes without
the local port (number 0): rows of one pair of devices that can be the same cable are united. What
only stored snapshots know is kept (a link that is down is not announced any more), unless one of
its ports leads elsewhere now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from netdiag.model import Neighbor, Network
from netdiag.names import long_name, sort_key
from netdiag.topology.identity import Identities, mac_of, snapshots_of


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link; an interface of `None` is not known."""

    device: str
    interface: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A cable (or a bundle's member) between two known devices, ends in order of name."""

    a: End
    b: End
    protocols: tuple[str, ...]
    """lldp, cdp, fdb, alias: who says so."""
    observed: datetime
    current: bool
    """Announced in this very poll; otherwise known from stored snapshots alone."""

    def far(self, device: str) -> End:
        """The other end."""
        return self.b if self.a.device == device else self.a

    def near(self, device: str) -> End:
        """This device's end."""
        return self.a if self.a.device == device else self.b


@dataclass(frozen=True, slots=True)
class Foreign:
    """A neighbour that is no known device: a phone, an access point, somebody's own switch."""

    device: str
    interface: str | None
    neighbor: Neighbor


@dataclass(frozen=True, slots=True)
class SelfLoop:
    """A device that hears its own announcement: a cable leads back into it (or a stacking port)."""

    device: str
    interface: str | None
    other: str | None
    observed: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    """One neighbour row turned to the pair's order; `sure` = the port exists on that device."""

    pair: tuple[str, str]
    ports: tuple[str | None, str | None]
    sure: tuple[bool, bool]
    protocols: frozenset[str]
    observed: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """Everything that neighbour rows say."""

    links: tuple[Link, ...]
    foreign: tuple[Foreign, ...]
    self_loops: tuple[SelfLoop, ...]


def end_key(end: End) -> tuple[object, ...]:
    """Order of ends: device, then port in natural order, unknown ports last."""
    return (end.device, end.interface is None, sort_key(end.interface or ""))


def link_key(link: Link) -> tuple[object, ...]:
    """Order of links."""
    return (*end_key(link.a), *end_key(link.b))


def announced(network: Network, identities: Identities) -> Announced:
    """Links, foreign neighbours and self loops out of all neighbour tables."""
    rows: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    foreign: dict[tuple[str, str | None, str], Foreign] = {}
    loops: dict[tuple[str, str | None, str | None], SelfLoop] = {}
    for device, neighbor, observed, current in _neighbors(network, identities):
        interface = long_name(neighbor.interface) if neighbor.interface else None
        remote = identities.who(neighbor)
        if remote == device:
            other = identities.port(device, neighbor)[0]
            first, second = sorted((interface, other), key=lambda n: sort_key(n or "~"))
            loops.setdefault((device, first, second), SelfLoop(device, first, second, observed))
        elif remote is None:
            who = neighbor.chassis_id or neighbor.sys_name or ""
            foreign.setdefault((device, interface, who), Foreign(device, interface, neighbor))
        else:
            row = _row(device, interface, remote, identities.port(remote, neighbor))
            rows[row[0]].append(_Row(*row, frozenset({neighbor.protocol}), observed, current))
    return Announced(
        tuple(sorted(_unite_all(rows), key=link_key)),
        tuple(f for _, f in sorted(foreign.items(), key=lambda kv: str(kv[0]))),
        tuple(s for _, s in sorted(loops.items(), key=lambda kv: str(kv[0]))),
    )


def recognise(said: Announced, identities: Identities) -> bool:
    """Gives strangers their names where both ends of one cable speak of each other.

    A reported neighbour P on port i that names its own port p is the known device whose row says
    that its port p leads here. True where any was found: then `announced` knows more.
    """
    found = False
    for stranger in said.foreign:
        row = stranger.neighbor
        for link in said.links:
            if stranger.device not in (link.a.device, link.b.device) or not row.port_id:
                continue
            near, far = link.near(stranger.device), link.far(stranger.device)
            same_far = far.interface == long_name(row.port_id)
            unknown = near.interface is None or mac_of(near.interface) is not None
            if same_far and row.chassis_id and (unknown or near.interface == stranger.interface):
                identities.add_chassis(row.chassis_id, far.device)
                found = True
    return found


def _neighbors(
    network: Network, identities: Identities
) -> Iterator[tuple[str, Neighbor, datetime, bool]]:
    for device in identities.names:
        now = network.snapshot(device)
        for snapshot in snapshots_of(network, device):
            for neighbor in snapshot.neighbors:
                yield device, neighbor, snapshot.at, snapshot is now


def _row(
    device: str,
    interface: str | None,
    remote: str,
    remote_port: tuple[str | None, bool],
) -> tuple[tuple[str, str], tuple[str | None, str | None], tuple[bool, bool]]:
    port, sure = remote_port
    if device < remote:
        return (device, remote), (interface, port), (interface is not None, sure)
    return (remote, device), (port, interface), (sure, interface is not None)


def _unite_all(rows: dict[tuple[str, str], list[_Row]]) -> Iterable[Link]:
    """Current rows first; a stored row adds a link only where no port of it leads elsewhere now."""
    united: list[_Row] = []
    for _, group in sorted(rows.items()):
        now = _pair_leftovers(_unite([], [r for r in group if r.current]))
        united += _pair_leftovers(_unite(now, [r for r in group if not r.current]))
    taken: dict[tuple[str, str | None], _Row] = {}
    for row in sorted(united, key=_newest_first):
        ends = [(row.pair[s], row.ports[s]) for s in (0, 1) if row.ports[s] is not None]
        rivals = [taken[e] for e in ends if e in taken]
        if not row.current and any(r.current or r.observed > row.observed for r in rivals):
            continue
        taken.update({e: row for e in ends if e not in taken})
        yield _link(row)


def _newest_first(row: _Row) -> tuple[object, ...]:
    return (not row.current, -row.observed.timestamp(), row.pair, str(row.ports))


def _completeness(row: _Row) -> tuple[int, str]:
    return -sum(row.sure) - sum(p is not None for p in row.ports), str(row.ports)


def _unite(known: list[_Row], rows: list[_Row]) -> list[_Row]:
    """Each row joins the first one that can be the same cable, the newest and fullest rows first."""
    united = list(known)
    for row in sorted(rows, key=lambda r: (-r.observed.timestamp(), *_completeness(r))):
        at = _match(united, row)
        if at is None:
            united.append(row)
        else:
            united[at] = _join(united[at], row)
    return united


def _match(united: list[_Row], row: _Row) -> int | None:
    full = [i for i, u in enumerate(united) if u.ports == row.ports and None not in row.ports]
    if full:
        return full[0]
    half = [i for i, u in enumerate(united) if _same_cable(u, row)]
    return half[0] if half else None


def _same_cable(a: _Row, b: _Row) -> bool:
    """No end contradicts, and one end agrees (or one row knows no port at all)."""
    agree = 0
    for side in (0, 1):
        mine, other = a.ports[side], b.ports[side]
        if mine is not None and mine == other:
            agree += 1
        elif mine is not None and other is not None and a.sure[side] and b.sure[side]:
            return False
    blank = a.ports == (None, None) or b.ports == (None, None)
    return agree > 0 or blank


def _pair_leftovers(rows: list[_Row]) -> list[_Row]:
    """Two rows that each know only their own end's port for sure are the two halves of one cable."""
    left = [r for r in rows if r.sure == (True, False)]
    right = [r for r in rows if r.sure == (False, True)]
    if len(left) != 1 or len(right) != 1:
        return rows
    rest = [r for r in rows if r not in (left[0], right[0])]
    return [*rest, _join(left[0], right[0])]


def _join(a: _Row, b: _Row) -> _Row:
    ports, sure = [], []
    for side in (0, 1):
        best = a if a.sure[side] or not b.sure[side] else b
        port = (
            best.ports[side] if best.ports[side] is not None else (a.ports[side] or b.ports[side])
        )
        ports.append(port)
        sure.append(a.sure[side] or b.sure[side])
    return replace(
        a,
        ports=(ports[0], ports[1]),
        sure=(sure[0], sure[1]),
        protocols=a.protocols | b.protocols,
        observed=max(a.observed, b.observed),
        current=a.current or b.current,
    )


def _link(row: _Row) -> Link:
    a, b = (End(row.pair[side], row.ports[side]) for side in (0, 1))
    return Link(a, b, tuple(sorted(row.protocols)), row.observed, row.current)
