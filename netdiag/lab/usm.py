"""SNMPv3's user-based security (RFC 3414; SHA-2 of RFC 7860; AES-128 of RFC 3826): keys, digests, ciphers.

Pure: boots, time and salt are arguments. A digest is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from netdiag.access import Secret

try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:  # before cryptography 47
    from cryptography.hazmat.primitives.ciphers.modes import CFB

# Name (as access.SnmpAccess.auth spells it): hashlib's name, octets of the truncated digest.
_AUTH = {
    "md5": ("md5", 12),
    "sha": ("sha1", 12),
    "sha224": ("sha224", 16),
    "sha256": ("sha256", 24),
    "sha384": ("sha384", 32),
    "sha512": ("sha512", 48),
}
AES_KEY_OCTETS = 16


@dataclass(frozen=True, slots=True)
class User:
    """One USM user; `auth` None means noAuthNoPriv, `priv` None means authNoPriv."""

    name: str
    auth: str | None = None
    """md5, sha, sha224, sha256, sha384 or sha512."""
    auth_key: Secret = field(default=Secret(""))
    """The password (RFC 3414 A.2), at least 8 characters."""
    priv: str | None = None
    """aes128."""
    priv_key: Secret = field(default=Secret(""))

    def __post_init__(self) -> None:
        if self.auth is not None and self.auth not in _AUTH:
            raise ValueError(f"USM authentication {self.auth!r}: one of {', '.join(_AUTH)}")
        if self.priv not in (None, "aes128"):
            raise ValueError(f"USM privacy {self.priv!r}: only aes128")
        if self.priv and not self.auth:
            raise ValueError("USM: privacy without authentication does not exist")

    def authentication_key(self, engine_id: bytes) -> bytes:
        """Its localized authentication key at that engine."""
        assert self.auth is not None
        return localized_key(self.auth, self.auth_key.reveal(), engine_id)

    def privacy_key(self, engine_id: bytes) -> bytes:
        """Its localized AES key at that engine (RFC 3826: the key's first 16 octets)."""
        assert self.auth is not None
        return localized_key(self.auth, self.priv_key.reveal(), engine_id)[:AES_KEY_OCTETS]


def digest_length(auth: str) -> int:
    """Octets of msgAuthenticationParameters."""
    return _AUTH[auth][1]


@lru_cache(maxsize=256)
def localized_key(auth: str, password: str, engine_id: bytes) -> bytes:
    """Password to localized key: RFC 3414 A.2, RFC 7860 section 9.3 (one megabyte is hashed)."""
    name = _AUTH[auth][0]
    octets = password.encode()
    if not octets:
        raise ValueError("USM: an empty password has no key")
    million = octets * (1_048_576 // len(octets) + 1)
    key = hashlib.new(name, million[:1_048_576], usedforsecurity=False).digest()
    return hashlib.new(name, key + engine_id + key, usedforsecurity=False).digest()


def digest(auth: str, key: bytes, message: bytes) -> bytes:
    """The truncated HMAC of a whole message whose authentication parameters are zeros."""
    name, length = _AUTH[auth]
    return hmac.new(key, message, name).digest()[:length]


def digest_equal(one: bytes, other: bytes) -> bool:
    """Comparison that takes equally long whatever differs."""
    return hmac.compare_digest(one, other)


def encrypt(key: bytes, boots: int, time: int, salt: bytes, plain: bytes) -> bytes:
    """AES-128 in CFB-128; the initialization vector is boots, time, 8 octets of salt (RFC 3826 3.1.2.1)."""
    encryptor = _cipher(key, boots, time, salt).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def decrypt(key: bytes, boots: int, time: int, salt: bytes, secret: bytes) -> bytes:
    """The inverse of `encrypt`; a wrong key gives nonsense, not an error."""
    decryptor = _cipher(key, boots, time, salt).decryptor()
    return decryptor.update(secret) + decryptor.finalize()


def _cipher(key: bytes, boots: int, time: int, salt: bytes) -> Cipher[CFB]:
    vector = boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt
    return Cipher(algorithms.AES(key), CFB(vector))
