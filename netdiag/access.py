"""How to log in to a device: credentials whose secrets never print, and the limits it bears."""

from __future__ import annotations

from dataclasses import dataclass, field

from netdiag.model import Device, SourceError


class Secret:
    """A text that prints as `<secret>`; only `reveal()` gives it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: pass it straight to the library that logs in, keep it nowhere."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type, tuple[str]]:
        raise TypeError("a Secret is not to be stored")


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """SNMP v2c (community) or v3 USM (user, auth, priv; RFC 3414, 3826, 7860)."""

    version: str = "2c"
    """`2c` or `3`."""
    port: int = 161
    community: Secret | None = None
    user: str | None = None
    auth: str | None = None
    """md5, sha, sha224, sha256, sha384 or sha512."""
    auth_key: Secret | None = None
    priv: str | None = None
    """des, aes128, aes192 or aes256."""
    priv_key: Secret | None = None
    timeout_s: float = 2.0
    retries: int = 2
    others: tuple[SnmpAccess, ...] = ()
    """Tried in this order where the device does not answer to this one."""


@dataclass(frozen=True, slots=True)
class SshAccess:
    """A command-line login."""

    port: int = 22
    username: str | None = None
    password: Secret | None = None
    enable_secret: Secret | None = None
    key_file: str | None = None
    known_hosts: str | None = None
    """`None`: the user's own ~/.ssh/known_hosts."""
    accept_new: bool = False
    """Record the key of a host that has none on record; a changed key is refused in any case."""
    timeout_s: float = 10.0
    legacy_algorithms: tuple[str, ...] = ()
    """Old SSH algorithms that this very device needs, by name; none is offered otherwise."""
    others: tuple[SshAccess, ...] = ()
    """Tried in this order where the device refuses this one: each once, and no more until it changes."""


@dataclass(frozen=True, slots=True)
class Target:
    """A device with the ways into it; `None` means that this way is not configured."""

    device: Device
    snmp: SnmpAccess | None = None
    ssh: SshAccess | None = None
    out_of_band: SshAccess | None = None
    """A second management path, where there is one."""
    out_of_band_address: str | None = None
    requests_per_s: float = field(default=50.0)
    """The poll budget: SNMP requests to this device, and never more."""
    errors: tuple[SourceError, ...] = ()
    """Ways in that could not be prepared (a secret that leads nowhere); they belong in the snapshot."""
