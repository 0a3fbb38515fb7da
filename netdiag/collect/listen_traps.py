"""Notifications over pysnmp: v1 and v2c traps, v3 traps with their sender's engine, informs answered.

Rules: only communities and users that somebody entered are accepted, the others counted; whatever a
datagram holds, nothing is raised.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from netdiag.access import SnmpAccess
from netdiag.collect.listen_tally import ROOT_CAUSES
from netdiag.decode import traps
from netdiag.decode.mib_view import Value, Varbind
from netdiag.decode.oids import Oid

# pysnmp's names of the USM protocols
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
_MAX_ENGINES = 4096
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04


def _encoded(value: Oid) -> bytes:
    """The octets of an OID's content behind its first two numbers, as they stand in a message."""
    octets = bytearray()
    for number in value[2:]:
        part = [number & 0x7F]
        while number := number >> 7:
            part.insert(0, 0x80 | number & 0x7F)
        octets += bytes(part)
    return bytes(octets)


URGENT = re.compile(
    b"|".join(
        re.escape(_encoded(oid)) for oid, trap in traps._BY_OID.items() if trap.event in ROOT_CAUSES
    )
)
"""A datagram in which the OID of such a notification stands may be a root cause; v3's are not readable."""


@dataclass(slots=True)
class Receiver:
    """Decodes datagrams; `reply` sends the response to an inform."""

    communities: Sequence[str]
    users: Sequence[SnmpAccess]
    reply: Callable[[bytes, tuple[str, int]], None]
    refused: Counter[str] = field(default_factory=Counter)
    _engine: Any = None
    _transport: Any = None
    _got: list[list[Varbind]] = field(default_factory=list)
    _engines: set[bytes] = field(default_factory=set)

    def open(self) -> None:
        """Builds the SNMP engine; needs a running event loop."""
        from pysnmp.carrier.asyncio.dgram import udp
        from pysnmp.entity import config
        from pysnmp.entity.engine import SnmpEngine
        from pysnmp.entity.rfc3413 import ntfrcv

        receiver = self

        class Transport(udp.UdpAsyncioTransport):  # type: ignore[misc]
            """Sends through the listener's own socket; receives what it is fed."""

            def send_message(self, outgoing_message: bytes, transport_address: Any) -> None:
                receiver.reply(bytes(outgoing_message), tuple(transport_address)[:2])

            def close_transport(self) -> None:
                self.unregister_callback()

        self._engine = SnmpEngine()
        self._transport = Transport()
        config.add_transport(self._engine, udp.DOMAIN_NAME, self._transport)
        for number, community in enumerate(dict.fromkeys(self.communities)):
            config.add_v1_system(self._engine, f"community-{number}", community)
        self._register_users(None)
        ntfrcv.NotificationReceiver(self._engine, self._receive)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close_dispatcher()

    def decode(self, datagram: bytes, source: tuple[str, int]) -> list[Varbind] | None:
        """The varbinds of a notification, or `None` for one that is not accepted (and counted)."""
        from pysnmp.carrier.asyncio.dgram import udp

        self._got.clear()
        try:
            self._learn(datagram)
            address = udp.UdpTransportAddress(source)
            self._transport._callback_function(self._transport, address, datagram)
        except Exception as exc:  # noqa: BLE001  pysnmp lets many kinds through for a hostile datagram
            self.refused[type(exc).__name__] += 1
            return None
        if not self._got:
            self.refused["unknown community or user, or no notification"] += 1
            return None
        return self._got[0]

    def _receive(
        self, _engine: Any, _ref: Any, _id: Any, _name: Any, varbinds: Any, _: Any
    ) -> None:
        found = []
        for name, value in varbinds:
            plain = _plain(value)
            if plain is not None:
                found.append((tuple(name), plain))
        self._got.append(found)

    def _learn(self, datagram: bytes) -> None:
        """A v3 trap is secured by its sender's engine id: the users' keys are made for it at first sight."""
        engine_id = _engine_id(datagram)
        if engine_id and engine_id not in self._engines and len(self._engines) < _MAX_ENGINES:
            self._engines.add(engine_id)
            self._register_users(engine_id)

    def _register_users(self, engine_id: bytes | None) -> None:
        from pysnmp.entity import config
        from pysnmp.proto.rfc1902 import OctetString

        for access in dict.fromkeys(self.users):
            keys: dict[str, Any] = {}
            if access.auth in _AUTH and access.auth_key:
                keys |= {
                    "authProtocol": getattr(config, _AUTH[access.auth]),
                    "authKey": access.auth_key.reveal(),
                }
            if access.priv in _PRIV and access.priv_key:
                keys |= {
                    "privProtocol": getattr(config, _PRIV[access.priv]),
                    "privKey": access.priv_key.reveal(),
                }
            if engine_id is not None:
                keys["securityEngineId"] = OctetString(engine_id)
            config.add_v3_user(self._engine, access.user or "", **keys)


def _engine_id(datagram: bytes) -> bytes | None:
    """msgAuthoritativeEngineID of an SNMPv3 message (RFC 3414, 2.4); `None` for anything else."""
    try:
        body = _value(datagram, 0, _SEQUENCE)[0]
        version, after = _value(body, 0, _INTEGER)
        if version != b"\x03":
            return None
        _, after = _value(body, after, _SEQUENCE)
        security, _ = _value(body, after, _OCTETS)
        return _value(_value(security, 0, _SEQUENCE)[0], 0, _OCTETS)[0] or None
    except (IndexError, ValueError):
        return None


def _value(octets: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """The content of the element that begins there, and where the next one begins."""
    if octets[at] != tag:
        raise ValueError("another element")
    length, start = octets[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(octets[start : start + size], "big")
        start += size
    if start + length > len(octets):
        raise ValueError("cut off")
    return octets[start : start + length], start + length


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
