"""One SNMP conversation with one device: GET and GETBULK by v2c or v3, within the device's poll budget.

Rules: one request at a time to a device, never more than its `requests_per_s`, and fewer while it
answers more slowly than it did; a refused credential is `AccessDenied`, silence is `None`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeAlias

from netdiag.access import SnmpAccess, Target
from netdiag.collect import snmp_v2c, snmp_v3
from netdiag.collect.snmp_socket import Address, Exchange, resolve
from netdiag.collect.snmp_v2c import Answer, Response
from netdiag.decode.oids import Oid
from netdiag.errors import AccessDenied, UsageError

NO_ANSWER = "no answer to SNMP (host down, wrong community or filtered)"
NO_ANSWER_V3 = "no answer to SNMP (host down, SNMPv3 not configured or filtered)"
_SLOWER_S = 0.05
"""Less is noise: of the network, and of the device's own scheduler."""
_LONGEST_PAUSE_S = 2.0
_SLOW_S = 0.25
"""A device that takes so long is waited for apart from the others."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response with an error-status (RFC 3416) instead of values."""

    status: int
    index: int


class Sockets:
    """What the sessions of one poll share: a socket a family of addresses, and the keys of passwords."""

    def __init__(self) -> None:
        self.keys = snmp_v3.Keys()
        self._exchanges: dict[int, Exchange] = {}

    def exchange(self, family: int) -> Exchange:
        """The socket of all requests to that address family."""
        if family not in self._exchanges:
            self._exchanges[family] = Exchange(family)
        return self._exchanges[family]

    def close(self) -> None:
        for exchange in self._exchanges.values():
            exchange.close()


@dataclass(slots=True)
class Budget:
    """When the next request to a device may go out.

    At most `requests_per_s`, evenly spread. Where answers come more slowly than the device's best,
    the device is busy, perhaps with us: it then gets as much rest as it lags behind, and after a lost
    answer twice the last rest.
    """

    requests_per_s: float
    waited_for: Callable[[], Awaitable[None]] | None = None
    """Called once, before the first wait for a device that is slow or silent."""
    _next: float = 0.0
    _best_s: float = float("inf")
    _usual_s: float = 0.0
    _rest_s: float = 0.0

    async def turn(self) -> None:
        if self._usual_s > _SLOW_S and self.waited_for is not None:
            wait, self.waited_for = self.waited_for, None
            await wait()
        loop = asyncio.get_running_loop()
        wait_s = self._next - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        self._next = max(self._next, loop.time()) + 1 / max(self.requests_per_s, 0.1)

    def told(self, took_s: float, *, answered: bool) -> None:
        """How long the last answer took, or was waited for."""
        if not answered:
            self._usual_s = max(self._usual_s, took_s)
            self._rest_s = min(_LONGEST_PAUSE_S, max(_SLOWER_S, 2 * self._rest_s))
        else:
            self._best_s = min(self._best_s, took_s)
            self._usual_s += (took_s - self._usual_s) / (4 if self._usual_s else 1)
            lag_s = self._usual_s - self._best_s
            slower = lag_s > max(_SLOWER_S, self._best_s)
            self._rest_s = min(_LONGEST_PAUSE_S, lag_s) if slower else 0.0
        if self._rest_s:
            now = asyncio.get_running_loop().time()
            self._next = max(self._next, now + self._rest_s)


Told: TypeAlias = Answer | Refusal | None
"""Values (`None` among them: no such object), a refusal, or no answer in time."""


class Session(Protocol):
    """Requests to one device in one context."""

    target: Target
    access: SnmpAccess
    budget: Budget
    vlan: int | None

    def in_vlan(self, vlan: int) -> Session:
        """The same device's context of one VLAN: `community@vlan`, or SNMPv3 context `vlan-N`."""

    async def get(self, oids: Sequence[Oid]) -> Told:
        """One try."""

    async def bulk(self, oids: Sequence[Oid], repetitions: int) -> Told:
        """One try of a GETBULK, its varbinds in the order of RFC 3416."""


async def open_session(sockets: Sockets, target: Target) -> Session:
    """Resolves the address and checks the credential's form; sends nothing yet."""
    access = target.snmp
    assert access is not None
    if access.version not in ("2c", "3"):
        raise UsageError(f"SNMP version {access.version!r}: 2c or 3")
    if access.version == "3":
        snmp_v3.check(access)
    family, to = await resolve(target.device.address, access.port)
    exchange, budget = sockets.exchange(family), Budget(target.requests_per_s)
    if access.version == "2c":
        return CommunitySession(exchange, to, target, access, budget)
    engine = snmp_v3.Engine(access, sockets.keys)
    return UserSession(exchange, to, target, access, budget, engine)


@dataclass(slots=True)
class CommunitySession:
    """Over v2c."""

    exchange: Exchange
    to: Address
    target: Target
    access: SnmpAccess
    budget: Budget
    vlan: int | None = None

    def in_vlan(self, vlan: int) -> CommunitySession:
        return replace(self, vlan=vlan)

    async def get(self, oids: Sequence[Oid]) -> Told:
        return await self._ask(oids, None)

    async def bulk(self, oids: Sequence[Oid], repetitions: int) -> Told:
        return await self._ask(oids, repetitions)

    async def _ask(self, oids: Sequence[Oid], repetitions: int | None) -> Told:
        await self.budget.turn()
        community = self.access.community.reveal() if self.access.community else ""
        name = (f"{community}@{self.vlan}" if self.vlan else community).encode()
        number = self.exchange.number()
        found, took_s = await self.exchange.ask(
            self.to,
            number,
            snmp_v2c.request(name, number, oids, repetitions),
            partial(_believed, name),
            self.access.timeout_s,
        )
        self.budget.told(took_s, answered=found is not None)
        return None if found is None else _told(found)


def _believed(community: bytes, datagram: bytes) -> Response | None:
    found = snmp_v2c.response(datagram)
    return found if found.community == community else None


def _told(found: Response) -> Answer | Refusal:
    return Refusal(found.status, found.index) if found.status else found.varbinds


@dataclass(slots=True)
class UserSession:
    """Over v3."""

    exchange: Exchange
    to: Address
    target: Target
    access: SnmpAccess
    budget: Budget
    engine: snmp_v3.Engine
    vlan: int | None = None

    def in_vlan(self, vlan: int) -> UserSession:
        return replace(self, vlan=vlan)

    async def get(self, oids: Sequence[Oid]) -> Told:
        return await self._ask(oids, None)

    async def bulk(self, oids: Sequence[Oid], repetitions: int) -> Told:
        return await self._ask(oids, repetitions)

    async def _ask(self, oids: Sequence[Oid], repetitions: int | None) -> Told:
        """An engine is first asked who it is; one that restarted is asked again, once."""
        asked_who = asked_when = False
        while True:
            found = await self._try(oids, repetitions)
            if found is None:
                return None
            if isinstance(found, Response):
                return _told(found)
            if found.reason == snmp_v3.UNKNOWN_ENGINE and not asked_who:
                asked_who = True
            elif found.reason == snmp_v3.NOT_IN_WINDOW and not asked_when:
                asked_when = True
            else:
                said = snmp_v3.DENIED.get(found.reason, "SNMPv3 clock or engine disagreement")
                raise AccessDenied(f"access denied: {said}")
            self.engine.learn(found.message, asyncio.get_running_loop().time())

    async def _try(
        self, oids: Sequence[Oid], repetitions: int | None
    ) -> Response | snmp_v3.Report | None:
        await self.budget.turn()
        loop = asyncio.get_running_loop()
        number = self.exchange.number()
        context = b"" if self.vlan is None else b"vlan-%d" % self.vlan
        found: Response | snmp_v3.Report | None
        found, took_s = await self.exchange.ask(
            self.to,
            number,
            self.engine.request(number, oids, repetitions, context, loop.time()),
            partial(self._believed, loop),
            self.access.timeout_s,
        )
        self.budget.told(took_s, answered=found is not None)
        return found

    def _believed(
        self, loop: asyncio.AbstractEventLoop, datagram: bytes
    ) -> Response | snmp_v3.Report | None:
        return self.engine.read(datagram, loop.time())
