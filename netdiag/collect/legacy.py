"""Old SSH algorithms, for one device that was named to need them: never offered to any other.

What OpenSSH gave up years ago (SHA-1 key exchange and host keys, CBC, MD5) is off by default. A device
that knows nothing else has `ssh: {legacy_algorithms: [diffie-hellman-group14-sha1, ssh-rsa]}` in the
inventory; paramiko no longer brings the first four, so they stand here (RFC 4253 section 8, RFC 4419).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from netdiag.errors import UsageError

KEY_EXCHANGE = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)
HOST_KEYS = ("ssh-rsa",)
CIPHERS = ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc")
MACS = ("hmac-sha1-96", "hmac-md5", "hmac-md5-96")
KNOWN = (*KEY_EXCHANGE, *HOST_KEYS, *CIPHERS, *MACS)

# RFC 2409 section 6.2, the second Oakley group: 1024 bits.
_GROUP1 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def check(names: tuple[str, ...], device: str) -> None:
    """`UsageError` for a name that is no old algorithm known here."""
    for name in names:
        if name not in KNOWN:
            raise UsageError(
                f"{device}: legacy_algorithms names {name!r}; known are: {', '.join(KNOWN)}"
            )


def disabled(names: tuple[str, ...]) -> dict[str, list[str]]:
    """What paramiko offers by itself and this device is not offered."""
    return {
        "ciphers": [c for c in CIPHERS if c not in names],
        "macs": [m for m in MACS if m not in names],
    }


@lru_cache(maxsize=32)
def transport(names: tuple[str, ...]) -> type[Any] | None:
    """A paramiko transport that knows these as well, after all the better ones; `None`: none is needed."""
    exchange = tuple(k for k in KEY_EXCHANGE if k in names)
    if not exchange and not set(HOST_KEYS) & set(names):
        return None
    import paramiko  # type: ignore[import-untyped]

    engines, keys = _engines(), {}
    if "ssh-rsa" in names:
        keys = {"ssh-rsa": _rsa_sha1()}
    return type(
        "LegacyTransport",
        (paramiko.Transport,),
        {
            "_kex_info": {**paramiko.Transport._kex_info, **{k: engines[k] for k in exchange}},
            "_preferred_kex": (*paramiko.Transport._preferred_kex, *exchange),
            "_key_info": {**paramiko.Transport._key_info, **keys},
            "_preferred_keys": (*paramiko.Transport._preferred_keys, *keys),
        },
    )


def _engines() -> Mapping[str, type[Any]]:
    from hashlib import sha1

    from paramiko.kex_gex import KexGexSHA256  # type: ignore[import-untyped]
    from paramiko.kex_group14 import KexGroup14SHA256  # type: ignore[import-untyped]

    def engine(name: str, base: type[Any], **more: object) -> type[Any]:
        return type(name, (base,), {"name": name, "hash_algo": sha1, **more})

    fourteen, exchange, one = KEY_EXCHANGE
    return {
        fourteen: engine(fourteen, KexGroup14SHA256),
        exchange: engine(exchange, KexGexSHA256, min_bits=1024),
        one: engine(one, KexGroup14SHA256, P=_GROUP1),
    }


def _rsa_sha1() -> type[Any]:
    from cryptography.hazmat.primitives import hashes
    from paramiko import RSAKey

    # Only the signature of the host key: nothing of ours is signed with SHA-1.
    return type("RSAKeySHA1", (RSAKey,), {"HASHES": {**RSAKey.HASHES, "ssh-rsa": hashes.SHA1}})
