"""DHCP messages -> servers, clients, floods, and which probed VLANs nobody answered in.

Rules: a server is (server identifier, MAC, relay); answers without an identifier (cut short, or
BOOTP) join the server of the same MAC and relay. A relay's own address is never a server's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from netdiag.decode.bounded import Bounded
from netdiag.decode.frames_line import Line
from netdiag.model import Dhcp6Server, DhcpFlood, DhcpServer

_FLOOD = 100
"""Distinct DISCOVERs from one source within `_WINDOW`: no client asks a tenth as often."""
_WINDOW = timedelta(seconds=10)
_MAX_CLIENTS = 10_000
_MAX_ASKERS = 50_000
_MAX_STACKS = 4096
_MAX_GIVEN = 256
"""Different gateways or name servers remembered of one server: a liar names thousands."""
NO_ADDRESS = str(IPv4Address(0))
_ANSWERS = {"offer": "offers", "ack": "acks", "nak": "naks"}
_ANSWERS6 = {"advertise": "advertises", "reply": "replies"}


@dataclass(slots=True)
class _Answers:
    """What one server has said so far."""

    fixed: DhcpServer
    counts: dict[str, int] = field(default_factory=dict)
    routers: dict[str, None] = field(default_factory=dict)
    dns: dict[str, None] = field(default_factory=dict)
    clients: dict[str, None] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    stacks: set[tuple[int, ...]] = field(default_factory=set)


@dataclass(slots=True)
class _Asked:
    """One source's distinct DISCOVERs."""

    recent: deque[datetime] = field(default_factory=deque)
    clients: set[str] = field(default_factory=set)
    discovers: int = 0
    most: int = 0
    start: datetime | None = None
    end: datetime | None = None


class Dhcp:
    """Everything that DHCP and DHCPv6 messages say in one capture."""

    def __init__(self) -> None:
        self._servers: Bounded[tuple[str | None, str, str | None], _Answers] = Bounded(
            "DHCP servers"
        )
        self._servers6: Bounded[tuple[str | None, str], Dhcp6Server] = Bounded("DHCPv6 servers")
        self._vendors: dict[str, str | None] = {}
        self._clients: Bounded[str, None] = Bounded("DHCP clients", _MAX_ASKERS)
        self._asked: Bounded[tuple[str, int | None], _Asked] = Bounded(
            "senders of DHCP", _MAX_ASKERS
        )
        self._probed: dict[int | None, set[int]] = {}
        self._probe_macs: set[str] = set()
        self._offered: set[int] = set()
        self.probes_sent = 0

    def vendor(self, line: Line) -> None:
        if len(self._vendors) < _MAX_ASKERS:
            self._vendors[line.text("mac")] = line.optional("vendor")

    def bounded(self) -> tuple[Bounded[Any, Any], ...]:
        """The tables that strangers fill."""
        return (self._servers, self._servers6, self._clients, self._asked)

    def probe(self, line: Line) -> None:
        self.probes_sent += 1
        self._probe_macs.add(line.text("mac"))
        if line.text("what") == "dhcp":
            self._probed.setdefault(line.maybe("vlan"), set()).add(line.number("xid"))

    def message(self, line: Line, count: int, at: datetime | None, *, copies: bool) -> None:
        """One message, or `count` exact copies of an earlier one."""
        if line.text("type") == "dhcp6":
            self._message6(line, count, at)
        elif line.number("op") == 2:
            self._answer(line, count, at)
        elif line.optional("message") in ("discover", "request", "inform", None):
            self._ask(line, at, copies=copies)

    def _ask(self, line: Line, at: datetime | None, *, copies: bool) -> None:
        client, src = line.text("client"), line.text("src")
        if client in self._probe_macs:
            return
        if self._clients.room(client):
            self._clients[client] = None
        relayed = line.text("giaddr") != NO_ADDRESS
        if line.optional("message") != "discover" or at is None or copies or relayed:
            return
        stack = line.stack()
        who = src, stack[0] if stack else None
        if not self._asked.room(who):
            return
        asked = self._asked.setdefault(who, _Asked())
        asked.discovers += 1
        if len(asked.clients) < _MAX_CLIENTS:
            asked.clients.add(client)
        asked.start = at if asked.start is None else min(asked.start, at)
        asked.end = at if asked.end is None else max(asked.end, at)
        asked.recent.append(at)
        while asked.recent and at - asked.recent[0] > _WINDOW:
            asked.recent.popleft()
        asked.most = max(asked.most, len(asked.recent))

    def _answer(self, line: Line, count: int, at: datetime | None) -> None:
        mac, giaddr = line.text("src"), line.text("giaddr")
        relay = None if giaddr == NO_ADDRESS else giaddr
        server_id = line.optional("server_id")
        key = (server_id, mac, relay)
        answers = self._servers.get(key)
        if not self._servers.room(key):
            return
        if answers is None:
            fixed = DhcpServer(server_id, line.optional("ip"), mac, relay=relay)
            answers = self._servers[key] = _Answers(fixed)
        answers.fixed = _seen(answers.fixed, line, at)
        name = _ANSWERS.get(line.optional("message") or "")
        if name is not None:
            answers.counts[name] = answers.counts.get(name, 0) + count
        if len(answers.routers) < _MAX_GIVEN:
            answers.routers.update(dict.fromkeys(line.texts("routers")))
        if len(answers.dns) < _MAX_GIVEN:
            answers.dns.update(dict.fromkeys(line.texts("dns")))
        if len(answers.stacks) < _MAX_STACKS:
            answers.stacks.add(line.stack())
        self._served(answers, line, name)

    def _served(self, answers: _Answers, line: Line, name: str | None) -> None:
        client, address = line.text("client"), line.text("yiaddr")
        if name in ("offers", "acks"):  # an ACK is what an INFORM is answered with
            xid = line.number("xid")
            if any(xid in xids for xids in self._probed.values()):
                self._offered.add(xid)
        if len(answers.clients) < _MAX_CLIENTS and client not in self._probe_macs:
            answers.clients[client] = None
        if name == "acks" and address != NO_ADDRESS and len(answers.leases) < _MAX_CLIENTS:
            answers.leases[client] = address

    def _message6(self, line: Line, count: int, at: datetime | None) -> None:
        name = _ANSWERS6.get(line.text("message"))
        if name is None:
            return
        mac, duid, stack = line.text("src"), line.optional("duid"), line.stack()
        if not self._servers6.room((duid, mac)):
            return
        server = self._servers6.get((duid, mac)) or Dhcp6Server(duid, line.optional("ip"), mac)
        stacks = with_stack(server.stacks, stack)
        server = replace(
            server,
            advertises=server.advertises + (count if name == "advertises" else 0),
            replies=server.replies + (count if name == "replies" else 0),
            dns=tuple(dict.fromkeys((*server.dns, *line.texts("dns"))))[:_MAX_GIVEN],
            first=_earlier(server.first, at),
            last=_later(server.last, at),
            stacks=stacks,
            vlans=outer(stacks),
        )
        self._servers6[duid, mac] = server

    def servers(self) -> tuple[DhcpServer, ...]:
        """In the order of their first answer."""
        merged: dict[tuple[str | None, str, str | None], _Answers] = {}
        for (server_id, mac, relay), answers in sorted(
            self._servers.items(), key=lambda item: item[0][0] is None
        ):
            same = [k for k in merged if k[1:] == (mac, relay)] if server_id is None else []
            if same:
                _join(merged[same[0]], answers)
            else:
                merged[server_id, mac, relay] = answers
        found = [self._finished(answers) for answers in merged.values()]
        return tuple(sorted(found, key=lambda s: (s.first is None, str(s.first), s.mac)))

    def _finished(self, answers: _Answers) -> DhcpServer:
        return replace(
            answers.fixed,
            vendor=self._vendors.get(answers.fixed.mac),
            vlans=outer(answers.stacks),
            stacks=tuple(sorted(answers.stacks)),
            offers=answers.counts.get("offers", 0),
            acks=answers.counts.get("acks", 0),
            naks=answers.counts.get("naks", 0),
            routers=tuple(answers.routers),
            dns=tuple(answers.dns),
            clients=tuple(answers.clients),
            leases=tuple(answers.leases.items()),
        )

    def servers6(self) -> tuple[Dhcp6Server, ...]:
        return tuple(self._servers6.values())

    def clients(self) -> tuple[str, ...]:
        return tuple(self._clients)

    def probe_macs(self) -> frozenset[str]:
        """The made-up addresses that this sensor asks from."""
        return frozenset(self._probe_macs)

    def probed(self) -> tuple[int | None, ...]:
        return tuple(self._probed)

    def unanswered(self) -> tuple[int | None, ...]:
        return tuple(vlan for vlan, xids in self._probed.items() if not xids & self._offered)

    def floods(self) -> tuple[DhcpFlood, ...]:
        return tuple(
            DhcpFlood(mac, asked.start, asked.end, asked.discovers, len(asked.clients), vlan)
            for (mac, vlan), asked in self._asked.items()
            if asked.most >= _FLOOD and asked.start is not None and asked.end is not None
        )


def with_stack(
    known: tuple[tuple[int, ...], ...], stack: tuple[int, ...]
) -> tuple[tuple[int, ...], ...]:
    """The tag stacks with one more."""
    full = stack in known or len(known) >= _MAX_STACKS
    return known if full else tuple(sorted((*known, stack)))


def outer(stacks: set[tuple[int, ...]] | tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """The outer VLANs of tag stacks."""
    return tuple(sorted({stack[0] for stack in stacks if stack}))


def _seen(server: DhcpServer, line: Line, at: datetime | None) -> DhcpServer:
    return replace(
        server,
        subnet_mask=line.optional("subnet_mask") or server.subnet_mask,
        lease_time_s=line.maybe("lease_time_s") or server.lease_time_s,
        ttl=line.maybe("ttl") or server.ttl,
        domain=line.optional("domain") or server.domain,
        first=_earlier(server.first, at),
        last=_later(server.last, at),
    )


def _join(into: _Answers, other: _Answers) -> None:
    """Answers without an identifier are added to those of the same sender."""
    for name, count in other.counts.items():
        into.counts[name] = into.counts.get(name, 0) + count
    into.routers |= other.routers
    into.dns |= other.dns
    into.clients |= other.clients
    into.leases |= other.leases
    into.stacks |= other.stacks
    into.fixed = replace(
        into.fixed,
        first=_earlier(into.fixed.first, other.fixed.first),
        last=_later(into.fixed.last, other.fixed.last),
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((t for t in (one, other) if t is not None), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((t for t in (one, other) if t is not None), default=None)
