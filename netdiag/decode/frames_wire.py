"""ARP, router advertisements, BPDUs, LLDP and CDP heard on a wire -> who is there, and who disagrees.

Rules: an address that moves to a new card once is no conflict, and failover is none: two stations
must keep claiming it. A claim is a sender address in ARP; a probe (sender 0.0.0.0, RFC 5227) claims
nothing, an announcement only that its sender took the address over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from netdiag.decode.bounded import Bounded
from netdiag.decode.frames_dhcp import NO_ADDRESS, outer, with_stack
from netdiag.decode.frames_line import Line
from netdiag.decode.frames_stp import Changes, vlan_of
from netdiag.model import (
    ArpConflict,
    Neighbor,
    RouterAdvertiser,
    Station,
    StpRoot,
    TopologyChanges,
)

_TOGETHER = timedelta(seconds=3)
"""Two answers for one address within this time are answers to the same question."""
_BACK = timedelta(minutes=5)
"""An address claimed again by its first holder within this time was never given up."""
_MAX_CLAIMS = 50_000
_SEVERAL = 3
_MAX_PREFIXES = 256
_VIRTUAL = (
    "00:00:5e:00:01:",  # VRRP, CARP (RFC 9568)
    "00:00:5e:00:02:",
    "00:00:0c:07:ac:",  # HSRP version 1
    "00:00:0c:9f:f",  # HSRP version 2
    "00:05:73:a0:",  # HSRP for IPv6
    "00:07:b4:00:",  # GLBP: several addresses answer for one gateway by design
    "00:09:0f:09:",  # FortiGate cluster
    "02:bf:",  # Microsoft network load balancing
    "03:bf:",
)


@dataclass(slots=True)
class _Claim:
    """One address in one VLAN: who said it was theirs, in order of time, neighbours merged."""

    turns: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    """(MAC, from, to)"""
    replies: dict[str, datetime] = field(default_factory=dict)
    together: set[str] = field(default_factory=set)
    unasked: dict[str, int] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)


class Wire:
    """Everything but DHCP in one capture."""

    def __init__(self) -> None:
        self._claims: Bounded[tuple[str, tuple[int, ...]], _Claim] = Bounded(
            "addresses in ARP", _MAX_CLAIMS
        )
        self._asked: dict[tuple[str, tuple[int, ...]], tuple[datetime, ...]] = {}
        self._stations: Bounded[tuple[str, str, int | None], Station] = Bounded(
            "stations", _MAX_CLAIMS
        )
        self._routers: Bounded[tuple[str, str | None], RouterAdvertiser] = Bounded("IPv6 routers")
        self._roots: Bounded[tuple[int | None, int, str], StpRoot] = Bounded("spanning-tree roots")
        self._neighbors: Bounded[tuple[str | None, ...], Neighbor] = Bounded("LLDP or CDP senders")
        self._changes = Changes()

    def bounded(self) -> tuple[Bounded[Any, Any], ...]:
        """The tables that strangers fill."""
        return (self._claims, self._stations, self._routers, self._roots, self._neighbors)

    def message(self, line: Line, at: datetime | None) -> None:
        kind = line.text("type")
        if kind == "arp":
            self._arp(line, at)
        elif kind == "ra":
            self._router(line, at)
        elif kind == "stp":
            self._bpdu(line, at)
        elif kind in ("lldp", "cdp"):
            self._neighbor(kind, line)

    # ARP

    def _arp(self, line: Line, at: datetime | None) -> None:
        ip, mac, stack = line.text("spa"), line.text("sha"), line.stack()
        if line.number("op") == 1 and at is not None:
            self._ask((line.text("tpa"), stack), at)
        if ip == NO_ADDRESS or mac in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
            return
        vlan = stack[0] if stack else None
        if self._stations.room((mac, ip, vlan)):
            known = self._stations.get((mac, ip, vlan))
            replied = line.number("op") == 2 and line.text("tpa") != ip
            replied = replied or (known is not None and known.replied)
            self._stations[mac, ip, vlan] = Station(mac, ip, vlan, at, replied)
        if at is None or not self._claims.room((ip, stack)):
            return
        claim = self._claims.setdefault((ip, stack), _Claim())
        announced = line.text("tpa") == ip
        _turn(claim, mac, at, announced=announced)
        if announced and not mac.startswith(_VIRTUAL):
            claim.announced[mac] = claim.announced.get(mac, 0) + 1
        if line.number("op") == 2 and not announced:
            _judge_last(claim, mac, self._asked.get((ip, stack), ()))
            _reply(claim, mac, at)

    def probe(self, line: Line) -> None:
        """Our own question: the answers to it are asked for."""
        target, at, vlan = line.optional("target"), line.time("t"), line.maybe("vlan")
        if target is not None and at is not None:
            self._ask((target, () if vlan is None else (vlan,)), at)

    def _ask(self, key: tuple[str, tuple[int, ...]], at: datetime) -> None:
        """A scan asks for everything: the oldest questions are forgotten, claims are not."""
        if len(self._asked) >= _MAX_CLAIMS:
            for old in list(self._asked)[: _MAX_CLAIMS // 2]:
                del self._asked[old]
        self._asked[key] = (*self._asked.pop(key, ())[-7:], at)

    def stations(self, own: frozenset[str]) -> tuple[Station, ...]:
        """Address pairs, without the sensor's own made-up addresses."""
        return tuple(s for s in self._stations.values() if s.mac not in own)

    def conflicts(self) -> tuple[ArpConflict, ...]:
        found = []
        for (ip, stack), claim in self._claims.items():
            macs = _claimants(claim)
            if len(macs) > 1:
                for mac in macs:
                    _judge_last(claim, mac, self._asked.get((ip, stack), ()))
                unasked = tuple((mac, n) for mac, n in claim.unasked.items() if mac in macs)
                found.append(ArpConflict(ip, macs, stack[0] if stack else None, unasked))
        return tuple(found)

    def unasked(self) -> tuple[tuple[str, str, int], ...]:
        """(IP, MAC, times) of answers to no question: one or two announce, a forger goes on."""
        found: dict[tuple[str, str], int] = {}
        for (ip, stack), claim in self._claims.items():
            for mac in tuple(claim.replies):
                _judge_last(claim, mac, self._asked.get((ip, stack), ()))
            for mac, times in (*claim.unasked.items(), *claim.announced.items()):
                found[ip, mac] = found.get((ip, mac), 0) + times
        return tuple((ip, mac, n) for (ip, mac), n in sorted(found.items()) if n >= _SEVERAL)

    # router advertisements

    def _router(self, line: Line, at: datetime | None) -> None:
        if line.maybe("ttl") != 255:  # RFC 4861, 6.1.2: from beyond this link, to be ignored
            return
        key = (line.text("src"), line.optional("ip"))
        if not self._routers.room(key):
            return
        known = self._routers.get(key) or RouterAdvertiser(key[1], key[0])
        stacks = with_stack(known.stacks, line.stack())
        self._routers[key] = replace(
            known,
            vlans=outer(stacks),
            stacks=stacks,
            prefixes=tuple(dict.fromkeys((*known.prefixes, *line.texts("prefixes"))))[
                :_MAX_PREFIXES
            ],
            lifetime_s=line.maybe("lifetime_s"),
            session=line.optional("session"),
            first=min((t for t in (known.first, at) if t), default=None),
            last=max((t for t in (known.last, at) if t), default=None),
        )

    def routers(self) -> tuple[RouterAdvertiser, ...]:
        return tuple(self._routers.values())

    # spanning tree

    def _bpdu(self, line: Line, at: datetime | None) -> None:
        mac = line.optional("root")
        self._changes.bpdu(line, at)
        if mac is None:
            return
        vlan = vlan_of(line)
        key = (vlan, line.number("priority"), mac)
        if not self._roots.room(key):
            return
        known = self._roots.get(key) or StpRoot(*key, first=at)
        self._roots[key] = replace(
            known,
            first=min((t for t in (known.first, at) if t), default=None),
            last=max((t for t in (known.last, at) if t), default=None),
        )

    def changes(self) -> tuple[TopologyChanges, ...]:
        return self._changes.changes()

    def roots(self) -> tuple[StpRoot, ...]:
        return tuple(self._roots.values())

    # neighbours

    def _neighbor(self, kind: str, line: Line) -> None:
        found = Neighbor(
            None,
            kind,
            chassis_id=line.optional("chassis_id") or line.text("src"),
            port_id=line.optional("port_id"),
            port_id_subtype=line.maybe("port_id_subtype"),
            port_description=line.optional("port_description"),
            sys_name=line.optional("sys_name"),
            management_address=line.optional("management_address"),
            platform=line.optional("platform"),
        )
        key = (kind, found.chassis_id, found.port_id)
        if self._neighbors.room(key):
            self._neighbors[key] = found

    def neighbors(self) -> tuple[Neighbor, ...]:
        return tuple(self._neighbors.values())


def _turn(claim: _Claim, mac: str, at: datetime, *, announced: bool) -> None:
    """Whose turn it is to hold the address; an announcement alone starts one, but never comes back."""
    if claim.turns and claim.turns[-1][0] == mac:
        claim.turns[-1] = (mac, claim.turns[-1][1], max(at, claim.turns[-1][2]))
        return
    if announced and any(m == mac for m, _, _ in claim.turns):
        return
    if len(claim.turns) < 1000:
        claim.turns.append((mac, at, at))


def _reply(claim: _Claim, mac: str, at: datetime) -> None:
    """Notes who answers; two that answer together both hold the address."""
    for other, when in claim.replies.items():
        if other != mac and abs(at - when) <= _TOGETHER:
            claim.together |= {other, mac}
    claim.replies[mac] = at


def _judge_last(claim: _Claim, mac: str, asked: tuple[datetime, ...]) -> None:
    """Whether anybody had asked for the last answer: only now, as copies are told late and in bulk."""
    last = claim.replies.pop(mac, None)
    if last is not None and not any(abs(last - t) <= _TOGETHER for t in asked):
        claim.unasked[mac] = claim.unasked.get(mac, 0) + 1


def _claimants(claim: _Claim) -> tuple[str, ...]:
    """The MACs that hold an address at the same time, in the order in which they claimed it."""
    order = list(dict.fromkeys(mac for mac, _, _ in claim.turns))
    rivals = set(claim.together)
    for number, (mac, _, until) in enumerate(claim.turns):
        back = next((t for t in claim.turns[number + 1 :] if t[0] == mac), None)
        if back is not None and back[1] - until <= _BACK:
            between = claim.turns[number + 1 : claim.turns.index(back)]
            rivals |= {mac, *(m for m, _, _ in between)}
    if any(mac.startswith(_VIRTUAL) for mac in rivals):
        # A standby speaks for the group from its own address, but only the virtual one may answer.
        rivals = {mac for mac in rivals if mac in claim.together}
        if all(mac.startswith(_VIRTUAL) for mac in rivals):
            return ()
    return tuple(mac for mac in order if mac in rivals)
