"""SNMPv3 messages under the user-based security model: written, verified and read. No I/O, no clock.

RFC 3412 (message), 3414 (USM: MD5, SHA-1, DES), 7860 (SHA-2), 3826 (AES-128). AES-192 and AES-256 have
no RFC: keys that are too short for them are lengthened as Cisco and most vendors do (draft-reeder;
the other draft differs only where the digest is shorter than the key). Rules: a response is
believed only at the security level that was asked for and within the time window; a report, which
is how an engine says what is wrong, need not be authentic and never lowers the level.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from netdiag.access import Secret, SnmpAccess
from netdiag.collect import snmp_v2c
from netdiag.collect.snmp_v2c import (
    INTEGER,
    OCTETS,
    REPORT,
    RESPONSE,
    SEQUENCE,
    Response,
    element,
    integer,
    tlv,
)
from netdiag.decode.oids import Oid
from netdiag.errors import DecodeError, UsageError

# name as access.SnmpAccess.auth spells it: hashlib's name, octets of the truncated digest
AUTH = {
    "md5": ("md5", 12),
    "sha": ("sha1", 12),
    "sha224": ("sha224", 16),
    "sha256": ("sha256", 24),
    "sha384": ("sha384", 32),
    "sha512": ("sha512", 48),
}
# octets of the key, with those of DES' initialization vector
PRIV = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32}
_AUTHENTIC, _PRIVATE, _REPORTABLE = 1, 2, 4
_LARGEST = 65507
_MILLION = 1_048_576
_WINDOW_S = 150
_SALTS = 1 << 64

_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
NOT_IN_WINDOW, UNKNOWN_ENGINE = (*_STATS, 2, 0), (*_STATS, 4, 0)
DENIED: dict[Oid, str] = {
    (*_STATS, 1, 0): "the device refuses this SNMPv3 security level for the user",
    (*_STATS, 3, 0): "the device does not know the SNMPv3 user",
    (*_STATS, 5, 0): "wrong SNMPv3 authentication password or protocol",
    (*_STATS, 6, 0): "wrong SNMPv3 privacy password or protocol",
    (1, 3, 6, 1, 6, 3, 12, 1, 5, 0): "the device does not have this SNMPv3 context",
}
"""What a report's counter means (RFC 3414 section 5, RFC 3413)."""


def check(access: SnmpAccess) -> None:
    """UsageError for a protocol that is none of ours."""
    for word, known in ((access.auth, AUTH), (access.priv, PRIV)):
        if word is not None and word not in known:
            raise UsageError(f"SNMPv3 protocol {word!r}: one of {', '.join(known)}")


class Keys:
    """Keys of passwords, for all devices of a poll: making one hashes a megabyte (RFC 3414 A.2)."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Secret], bytes] = {}

    def localized(self, auth: str, password: Secret, engine: bytes, octets: int = 0) -> bytes:
        """At least `octets` long."""
        name = AUTH[auth][0]
        key = self._made.get((auth, password))
        if key is None:
            key = self._made[auth, password] = _of_password(name, password.reveal().encode())
        found = _localized(name, key, engine)
        while len(found) < octets:  # the Reeder draft: the key is the next part's password
            found += _localized(name, _of_password(name, found), engine)
        return found


def _of_password(name: str, octets: bytes) -> bytes:
    if not octets:
        raise UsageError("SNMPv3: an empty password has no key")
    million = (octets * (_MILLION // len(octets) + 1))[:_MILLION]
    return hashlib.new(name, million, usedforsecurity=False).digest()


def _localized(name: str, key: bytes, engine: bytes) -> bytes:
    return hashlib.new(name, key + engine + key, usedforsecurity=False).digest()


@dataclass(slots=True)
class Engine:
    """What is known of a device's SNMP engine: learned by asking, and kept for all its contexts."""

    access: SnmpAccess
    keys: Keys
    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    heard_at: float = 0.0
    """The caller's clock when `time` was told, in seconds."""
    _auth_key: bytes = field(default=b"", repr=False)
    _priv_key: bytes = field(default=b"", repr=False)
    _salt: int = field(default_factory=lambda: secrets.randbelow(_SALTS))

    @property
    def level(self) -> int:
        """The flags of a message at the user's security level."""
        auth = _AUTHENTIC if self.access.auth and self.access.auth_key else 0
        return auth | (_PRIVATE if auth and self.access.priv and self.access.priv_key else 0)

    def learn(self, message: Message, now: float) -> None:
        """Takes over what the engine says of itself."""
        if message.engine_id != self.engine_id:
            self.engine_id = message.engine_id
            self._auth_key = self._priv_key = b""
            access = self.access
            if self.level & _AUTHENTIC and access.auth and access.auth_key:
                self._auth_key = self.keys.localized(access.auth, access.auth_key, self.engine_id)
            if self.level & _PRIVATE and access.auth and access.priv and access.priv_key:
                self._priv_key = self.keys.localized(
                    access.auth, access.priv_key, self.engine_id, PRIV[access.priv]
                )[: PRIV[access.priv]]
        self.boots, self.time, self.heard_at = message.boots, message.time, now

    def request(
        self,
        number: int,
        oids: Sequence[Oid],
        repetitions: int | None,
        context: bytes,
        now: float,
    ) -> bytes:
        """A datagram; as long as the engine is not known, the question who it is."""
        known = bool(self.engine_id)
        pdu = snmp_v2c.request_pdu(number, oids if known else (), repetitions if known else None)
        scoped = tlv(SEQUENCE, tlv(OCTETS, self.engine_id) + tlv(OCTETS, context) + pdu)
        flags = (self.level if known else 0) | _REPORTABLE
        clock = self.time + int(now - self.heard_at) if known else 0
        salt, payload = b"", scoped
        if flags & _PRIVATE:
            salt, payload = self._encrypted(scoped, clock)
        length = AUTH[self.access.auth][1] if flags & _AUTHENTIC and self.access.auth else 0
        user = (self.access.user or "").encode() if known else b""

        def datagram(digest: bytes) -> bytes:
            head = integer(number) + integer(_LARGEST) + tlv(OCTETS, bytes((flags,))) + integer(3)
            who = tlv(OCTETS, self.engine_id) + integer(self.boots if known else 0) + integer(clock)
            security = who + tlv(OCTETS, user) + tlv(OCTETS, digest) + tlv(OCTETS, salt)
            secured = tlv(OCTETS, tlv(SEQUENCE, security))
            return tlv(SEQUENCE, integer(3) + tlv(SEQUENCE, head) + secured + payload)

        whole = datagram(bytes(length))
        return datagram(self._digest(whole)) if length else whole

    def read(self, datagram: bytes, now: float) -> Response | Report | None:
        """A response or a report; `None` for what is not to be believed, DecodeError for nonsense."""
        try:
            message = _message(datagram)
            trusted = bool(message.flags & _AUTHENTIC) and message.engine_id == self.engine_id
            if trusted and not (self._authentic(message, datagram) and self._timely(message, now)):
                return None
            is_report, found = self._scoped(message)
        except (IndexError, ValueError) as exc:
            raise DecodeError(f"no SNMP v3 message: {exc}") from exc
        if is_report:
            return Report(found.varbinds[0][0] if found.varbinds else (), message)
        if self.level and not (trusted and message.flags & self.level == self.level):
            return None
        return found

    # --- inside ---

    def _digest(self, whole: bytes) -> bytes:
        name, length = AUTH[self.access.auth or ""]
        return hmac.digest(self._auth_key, whole, name)[:length]

    def _authentic(self, message: Message, datagram: bytes) -> bool:
        if not self._auth_key:
            return False
        at, size = message.digest_at, len(message.digest)
        zeroed = datagram[:at] + bytes(size) + datagram[at + size :]
        return hmac.compare_digest(self._digest(zeroed), message.digest)

    def _timely(self, message: Message, now: float) -> bool:
        """RFC 3414 3.2 7b: not from before a restart, and not older than the window."""
        expected = self.time + int(now - self.heard_at)
        if message.boots < self.boots or (
            message.boots == self.boots and message.time < expected - _WINDOW_S
        ):
            return False
        if (message.boots, message.time) > (self.boots, self.time):
            self.boots, self.time, self.heard_at = message.boots, message.time, now
        return True

    def _scoped(self, message: Message) -> tuple[bool, Response]:
        """(whether it is a report, its PDU)."""
        payload = message.payload
        if message.flags & _PRIVATE:
            if not self._priv_key:
                raise ValueError("an encrypted message without a key")
            payload = self._decrypted(message)
        at, _ = element(payload, 0, SEQUENCE)
        _, at = element(payload, at, OCTETS)
        _, at = element(payload, at, OCTETS)
        tag = payload[at]
        if tag not in (RESPONSE, REPORT):
            raise ValueError(f"a PDU of type {tag:#x}")
        return tag == REPORT, snmp_v2c.read_pdu(payload, at, tag)

    def _encrypted(self, plain: bytes, clock: int) -> tuple[bytes, bytes]:
        """(salt, payload)."""
        self._salt = (self._salt + 1) % _SALTS
        if self.access.priv == "des":
            salt = self.boots.to_bytes(4, "big") + (self._salt & 0xFFFFFFFF).to_bytes(4, "big")
            plain += bytes(-len(plain) % 8)
        else:
            salt = self._salt.to_bytes(8, "big")
        cipher = _cipher(self.access.priv or "", self._priv_key, self.boots, clock, salt)
        return salt, tlv(OCTETS, cipher.encryptor().update(plain))

    def _decrypted(self, message: Message) -> bytes:
        start, stop = element(message.payload, 0, OCTETS)
        salt = message.salt
        if len(salt) != 8:
            raise ValueError("a salt that is none")
        cipher = _cipher(self.access.priv or "", self._priv_key, message.boots, message.time, salt)
        plain: bytes = cipher.decryptor().update(message.payload[start:stop])
        return plain


@dataclass(frozen=True, slots=True)
class Message:
    """The header and the security parameters of a message."""

    flags: int
    engine_id: bytes
    boots: int
    time: int
    digest: bytes
    digest_at: int
    """Where the digest stands in the datagram."""
    salt: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """An engine's word on what is wrong with a request."""

    reason: Oid
    """The counter that it names."""
    message: Message


def _message(datagram: bytes) -> Message:
    at, _ = element(datagram, 0, SEQUENCE)
    at, stop = element(datagram, at, INTEGER)
    if datagram[at:stop] != b"\x03":
        raise ValueError("another version")
    head, at = element(datagram, stop, SEQUENCE)
    for _ in range(2):  # msgID, by which it was found, and msgMaxSize
        _, head = element(datagram, head, INTEGER)
    flag_at, _ = element(datagram, head, OCTETS)
    secured, payload_at = element(datagram, at, OCTETS)
    at, _ = element(datagram, secured, SEQUENCE)
    engine_at, at = element(datagram, at, OCTETS)
    engine_id = datagram[engine_at:at]
    numbers = []
    for _ in range(2):
        start, at = element(datagram, at, INTEGER)
        numbers.append(int.from_bytes(datagram[start:at], "big", signed=True))
    if min(numbers) < 0 or max(numbers) >= 1 << 31:
        raise ValueError("boots and time beyond their range")
    _, at = element(datagram, at, OCTETS)  # the user, whom we named
    digest_at, at = element(datagram, at, OCTETS)
    digest = datagram[digest_at:at]
    salt_at, at = element(datagram, at, OCTETS)
    return Message(
        flags=datagram[flag_at],
        engine_id=engine_id,
        boots=numbers[0],
        time=numbers[1],
        digest=digest,
        digest_at=digest_at,
        salt=datagram[salt_at:at],
        payload=datagram[payload_at:],
    )


def _cipher(priv: str, key: bytes, boots: int, clock: int, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if priv == "des":
        try:
            from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        except ImportError:  # before cryptography 43
            from cryptography.hazmat.primitives.ciphers.algorithms import TripleDES
        vector = bytes(a ^ b for a, b in zip(key[8:16], salt, strict=True))
        return Cipher(TripleDES(key[:8] * 3), modes.CBC(vector))
    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB
    except ImportError:  # before cryptography 47
        from cryptography.hazmat.primitives.ciphers.modes import CFB
    vector = boots.to_bytes(4, "big") + clock.to_bytes(4, "big") + salt
    return Cipher(algorithms.AES(key), CFB(vector))
