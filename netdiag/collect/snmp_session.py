"""One SNMP conversation with one device: GET and GETBULK, the poll budget. v2c by `snmp_v2c`, v3 by pysnmp.

Rules for pysnmp: one SnmpEngine for all devices (a second only where two of them give one SNMPv3 user different
keys); numeric OIDs, no MIB look-ups; every pysnmp error leaves here as ours. Values leave as plain
`int`, `bytes` and OIDs.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from netdiag.access import SnmpAccess, Target
from netdiag.collect.snmp_v2c import Address, Answer, Exchange, resolve
from netdiag.decode.mib_view import Value
from netdiag.decode.oids import Oid
from netdiag.errors import AccessDenied, CollectError, NetdiagError, Unreachable, UsageError

NO_ANSWER = "no answer to SNMP (host down, wrong community or filtered)"
NO_ANSWER_V3 = "no answer to SNMP (host down, SNMPv3 not configured or filtered)"
_RECEIVE_BUFFER = 4 * 2**20
_BULKS_IN_FLIGHT = 12
"""Decoding a large answer takes some 15 ms: more of them under way would time out in our own queue."""
_DENIED = {
    "unknownUserName": "the device does not know the SNMPv3 user",
    "unknownSecurityName": "the device does not know the SNMPv3 user",
    "wrongDigest": "wrong SNMPv3 authentication password or protocol",
    "authenticationFailure": "wrong SNMPv3 authentication password or protocol",
    "authenticationError": "wrong SNMPv3 authentication password or protocol",
    "decryptionError": "wrong SNMPv3 privacy password or protocol",
    "unsupportedSecurityLevel": "the device refuses this SNMPv3 security level for the user",
    "noSuchContext": "the device does not have this SNMPv3 context",
    "unknownContext": "the device does not have this SNMPv3 context",
    "noAccessEntry": "the SNMPv3 user may not read",
    "noGroupName": "the SNMPv3 user is in no group",
}
_AUTH = {
    "md5": "USM_AUTH_HMAC96_MD5",
    "sha": "USM_AUTH_HMAC96_SHA",
    "sha224": "USM_AUTH_HMAC128_SHA224",
    "sha256": "USM_AUTH_HMAC192_SHA256",
    "sha384": "USM_AUTH_HMAC256_SHA384",
    "sha512": "USM_AUTH_HMAC384_SHA512",
}
_PRIV = {
    "des": "USM_PRIV_CBC56_DES",
    "aes128": "USM_PRIV_CFB128_AES",
    "aes192": "USM_PRIV_CFB192_AES",
    "aes256": "USM_PRIV_CFB256_AES",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response with an error-status (RFC 3416) instead of values."""

    status: int
    index: int


class Engines:
    """The SnmpEngine of one poll, and the spare ones for conflicting SNMPv3 users."""

    def __init__(self) -> None:
        self._engines: list[tuple[Any, dict[str, SnmpAccess]]] = []
        self.bulks = asyncio.Semaphore(_BULKS_IN_FLIGHT)
        self._exchanges: dict[int, Exchange] = {}

    def engine(self, access: SnmpAccess) -> Any:
        """The first engine in which this user name has no other keys yet."""
        key = access.user if access.version == "3" and access.user else ""
        for engine, users in self._engines:
            if not key or _same_keys(users.setdefault(key, access), access):
                return engine
        from pysnmp.entity.engine import SnmpEngine

        engine = SnmpEngine()
        self._engines.append((engine, {key: access} if key else {}))
        return engine

    async def exchange(self, family: int) -> Exchange:
        """The socket of all v2c requests of that address family."""
        if family not in self._exchanges:
            self._exchanges[family] = await Exchange.open(family)
        return self._exchanges[family]

    def close(self) -> None:
        for engine, _ in self._engines:
            engine.close_dispatcher()
        for exchange in self._exchanges.values():
            exchange.close()


def _same_keys(one: SnmpAccess, other: SnmpAccess) -> bool:
    return (one.auth, one.auth_key, one.priv, one.priv_key) == (
        other.auth,
        other.auth_key,
        other.priv,
        other.priv_key,
    )


@dataclass(slots=True)
class Budget:
    """At most so many requests a second, evenly spread."""

    requests_per_s: float
    _next: float = 0.0

    async def turn(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._next - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        self._next = max(self._next, loop.time()) + 1 / max(self.requests_per_s, 0.1)


@dataclass(slots=True)
class Session:
    """Requests to one device in one context (`None`: the default one)."""

    engine: Any
    target: Target
    access: SnmpAccess
    budget: Budget
    bulks: asyncio.Semaphore
    vlan: int | None = None
    _transport: Any = None
    _auth: Any = field(default=None, repr=False)
    _context: str = ""

    @classmethod
    async def open(cls, engines: Engines, target: Target) -> Session | FastSession:
        """Resolves the address and checks the credential's form; sends nothing yet."""
        access = target.snmp
        assert access is not None
        budget = Budget(target.requests_per_s)
        if access.version == "2c":
            family, to = await resolve(target.device.address, access.port)
            exchange = await engines.exchange(family)
            return FastSession(exchange, to, target, access, budget)
        session = cls(engines.engine(access), target, access, budget, engines.bulks)
        try:
            session._auth = _auth(access, None)
            session._transport = await _transport(session.engine, target.device.address, access)
        except NetdiagError:
            raise
        except Exception as exc:
            raise CollectError(f"SNMP: {type(exc).__name__}: {exc}") from exc
        return session

    def in_vlan(self, vlan: int) -> Session:
        """The same device's context of one VLAN: `community@vlan`, or SNMPv3 context `vlan-N`."""
        other = Session(self.engine, self.target, self.access, self.budget, self.bulks, vlan)
        other._transport, other._auth = self._transport, _auth(self.access, vlan)
        other._context = f"vlan-{vlan}" if self.access.version == "3" else ""
        return other

    async def get(self, oids: Sequence[Oid]) -> list[tuple[Oid, Value | None]] | Refusal | None:
        """One try: values (`None`: no such object), a refusal, or `None` for no answer in time."""
        await self.budget.turn()
        return await self._ask(oids, None)

    async def bulk(
        self, oids: Sequence[Oid], repetitions: int
    ) -> list[tuple[Oid, Value | None]] | Refusal | None:
        """One try of a GETBULK, its varbinds in the order of RFC 3416."""
        await self.budget.turn()
        async with self.bulks:
            return await self._ask(oids, repetitions)

    async def _ask(
        self, oids: Sequence[Oid], repetitions: int | None
    ) -> list[tuple[Oid, Value | None]] | Refusal | None:
        done: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()
        try:
            self._send(oids, repetitions, done)
            async with asyncio.timeout(self.access.timeout_s + 1):
                trouble, status, index, found = await done
        except TimeoutError:
            return None
        except Exception as exc:  # pysnmp lets many kinds through
            raise CollectError(f"SNMP: {type(exc).__name__}: {exc}") from exc
        if trouble is not None:
            _raise_unless_timeout(trouble)
            return None
        if int(status):
            return Refusal(int(status), int(index))
        return [(tuple(name), _plain(value)) for name, value in found]

    def _send(
        self, oids: Sequence[Oid], repetitions: int | None, done: asyncio.Future[tuple[Any, ...]]
    ) -> None:
        from pysnmp.entity.rfc3413 import cmdgen
        from pysnmp.hlapi.v3arch.asyncio.cmdgen import LCD
        from pysnmp.proto.rfc1902 import ObjectName
        from pysnmp.proto.rfc1905 import unSpecified

        address, _ = LCD.configure(self.engine, self._auth, self._transport, self._context)
        asked = [(ObjectName(oid), unSpecified) for oid in oids]

        def answered(_engine: Any, _handle: Any, trouble: Any, *rest: Any) -> None:
            if not done.done():
                done.set_result((trouble, *rest[:3]))

        if repetitions is None:
            cmdgen.GetCommandGenerator().send_varbinds(
                self.engine, address, None, self._context, asked, answered
            )
        else:
            cmdgen.BulkCommandGeneratorSingleRun().send_varbinds(
                self.engine, address, None, self._context, 0, repetitions, asked, answered
            )


@dataclass(slots=True)
class FastSession:
    """The same over v2c, without an engine."""

    exchange: Exchange
    to: Address
    target: Target
    access: SnmpAccess
    budget: Budget
    vlan: int | None = None

    def in_vlan(self, vlan: int) -> FastSession:
        """The same device's context of one VLAN: `community@vlan`."""
        return replace(self, vlan=vlan)

    async def get(self, oids: Sequence[Oid]) -> Answer | Refusal | None:
        """One try: values (`None`: no such object), a refusal, or `None` for no answer in time."""
        return await self._ask(oids, None)

    async def bulk(self, oids: Sequence[Oid], repetitions: int) -> Answer | Refusal | None:
        """One try of a GETBULK, its varbinds in the order of RFC 3416."""
        return await self._ask(oids, repetitions)

    async def _ask(self, oids: Sequence[Oid], repetitions: int | None) -> Answer | Refusal | None:
        await self.budget.turn()
        community = self.access.community.reveal() if self.access.community else ""
        name = f"{community}@{self.vlan}" if self.vlan else community
        found = await self.exchange.ask(
            self.to, name.encode(), oids, repetitions, self.access.timeout_s
        )
        if found is None:
            return None
        return Refusal(found.status, found.index) if found.status else found.varbinds


def _raise_unless_timeout(trouble: Any) -> None:
    """A timeout is no answer; a refused credential is AccessDenied; anything else is CollectError."""
    kind = type(trouble).__name__
    kind = kind[:1].lower() + kind[1:]
    if kind == "requestTimedOut":
        return
    if kind in _DENIED:
        raise AccessDenied(f"access denied: {_DENIED[kind]}")
    if kind in {"notInTimeWindow", "unknownEngineID", "reportPduReceived"}:
        raise AccessDenied(f"access denied: SNMPv3 clock or engine disagreement ({trouble})")
    raise CollectError(f"SNMP: {trouble}")


def _plain(value: Any) -> Value | None:
    """noSuchObject, noSuchInstance, endOfMibView and Null are `None`."""
    from pyasn1.type import univ  # type: ignore[import-untyped]

    if isinstance(value, univ.Null) or not value.hasValue():
        return None
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, univ.ObjectIdentifier):
        return tuple(value)
    return bytes(value) if isinstance(value, univ.OctetString) else None


def _auth(access: SnmpAccess, vlan: int | None) -> Any:
    from pysnmp.entity import config
    from pysnmp.hlapi.v3arch.asyncio.auth import CommunityData, UsmUserData

    if access.version == "2c":
        community = access.community.reveal() if access.community else ""
        name = f"{community}@{vlan}" if vlan else community
        return CommunityData(name, mpModel=1)  # noqa: S508  what most switches speak
    if access.version != "3":
        raise UsageError(f"SNMP version {access.version!r}: 2c or 3")
    for word, known in ((access.auth, _AUTH), (access.priv, _PRIV)):
        if word is not None and word not in known:
            raise UsageError(f"SNMPv3 protocol {word!r}: one of {', '.join(known)}")
    keys: dict[str, Any] = {}
    if access.auth and access.auth_key:
        keys["authKey"] = access.auth_key.reveal()
        keys["authProtocol"] = getattr(config, _AUTH[access.auth])
    if access.priv and access.priv_key:
        keys["privKey"] = access.priv_key.reveal()
        keys["privProtocol"] = getattr(config, _PRIV[access.priv])
    return UsmUserData(access.user or "", **keys)  # noqa: S509  the inventory says which level


async def _transport(engine: Any, address: str, access: SnmpAccess) -> Any:
    from pysnmp.error import PySnmpError
    from pysnmp.hlapi.v3arch.asyncio.transport import Udp6TransportTarget, UdpTransportTarget

    kind = Udp6TransportTarget if ":" in address else UdpTransportTarget
    try:
        target = await kind.create((address, access.port), timeout=access.timeout_s, retries=0)
    except PySnmpError as exc:
        raise Unreachable(f"the address {address} does not resolve") from exc
    await _open_socket(engine, target)
    return target


async def _open_socket(engine: Any, target: Any) -> None:
    """One socket a domain, with room for the answers of many devices at once.

    With the default buffer a poll of many devices loses a third of the answers.
    """
    from pysnmp.entity import config

    if config.get_transport(engine, target.TRANSPORT_DOMAIN):
        return
    transport = target.open_client_mode()
    config.add_transport(engine, target.TRANSPORT_DOMAIN, transport)
    await transport._lport
    sock = transport.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
