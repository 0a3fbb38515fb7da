"""The ways into a device as the inventory names them, and the secrets behind them.

Rules: candidates are tried in the order in which they stand, and one whose secret leads nowhere is left
out and said; what no device could take is an error of the file; old SSH algorithms are named for one
device, never for a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from netdiag.access import Secret, SnmpAccess, SshAccess
from netdiag.errors import FileFormatError, SecretMissing
from netdiag.files import secrets, strict

if TYPE_CHECKING:
    from nornir.core.inventory import Host

T = TypeVar("T")
Entries = dict[str, dict[str, Any]]
Told = Callable[[SecretMissing], None]


@dataclass(frozen=True, slots=True)
class Login:
    """How to get into one device, secrets still as references (wrapped: a plain value is a secret)."""

    keys: Mapping[str, Any] = field(repr=False)
    username: str | None
    password: Secret | None
    enable_secret: Secret | None
    key_file: str | None
    port: int


def of(host: Host, keys: Mapping[str, Any]) -> Login:
    """Nornir's attributes as its netmiko plugin would be given them, then our own keys."""
    options = host.get_connection_parameters("netmiko")
    extras = options.extras or {}
    ours = keys.get("ssh") or {}
    enable = ours.get("enable_secret") or extras.get("secret")
    key_file = ours.get("key_file") or extras.get("key_file")
    return Login(
        keys=keys,
        username=options.username,
        password=None if options.password is None else Secret(options.password),
        enable_secret=None if enable is None else Secret(str(enable)),
        key_file=None if key_file is None else str(key_file),
        port=options.port or 22,
    )


def ssh(login: Login, port: int, folder: Path, told: Told) -> SshAccess | None:
    """`None` where nobody configured a user name; `SecretMissing` where the first login's leads nowhere."""
    if login.username is None:
        return None
    keys = login.keys.get("ssh") or {}
    first = SshAccess(
        port=port,
        username=login.username,
        password=_resolve(login.password, folder),
        enable_secret=_resolve(login.enable_secret, folder),
        key_file=_path(login.key_file, folder),
        known_hosts=_path(keys.get("known_hosts"), folder),
        accept_new=bool(keys.get("accept_new")),
        legacy_algorithms=tuple(keys.get("legacy_algorithms") or ()),
        timeout_s=float(keys.get("timeout_s") or 10.0),
    )
    others = _each(
        keys.get("candidates") or (), lambda other: _candidate(first, other, folder), told
    )
    return replace(first, others=others)


def _candidate(first: SshAccess, keys: Mapping[str, Any], folder: Path) -> SshAccess:
    enable = keys.get("enable_secret")
    return replace(
        first,
        username=keys.get("username") or first.username,
        password=_resolve(Secret(keys["password"]), folder),
        enable_secret=_resolve(Secret(enable), folder) if enable else first.enable_secret,
        key_file=None,
    )


def snmp(keys: Mapping[str, Any] | None, folder: Path, told: Told) -> SnmpAccess | None:
    """`None` where nothing is configured; `SecretMissing` where the first credential's leads nowhere."""
    if not keys:
        return None
    port = {"port": keys.get("port")}
    others = _each(
        keys.get("candidates") or (), lambda other: _community(port | other, folder), told
    )
    return replace(_community(keys, folder), others=others)


def _community(keys: Mapping[str, Any], folder: Path) -> SnmpAccess:
    retries = keys.get("retries")
    references: dict[str, Any] = {
        key: _resolve(Secret(keys[key]), folder)
        for key in ("community", "auth_key", "priv_key")
        if keys.get(key)
    }
    return SnmpAccess(
        version=str(keys.get("version") or "2c"),
        port=keys.get("port") or 161,
        user=keys.get("user"),
        auth=keys.get("auth"),
        priv=keys.get("priv"),
        timeout_s=float(keys.get("timeout_s") or 2.0),
        retries=2 if retries is None else retries,
        **references,
    )


def _each(
    listed: Iterable[dict[str, Any]], make: Callable[[dict[str, Any]], T], told: Told
) -> tuple[T, ...]:
    made: list[T] = []
    for keys in listed:
        try:
            made.append(make(keys))
        except SecretMissing as exc:
            told(exc)
    return tuple(made)


def _resolve(reference: Secret | None, folder: Path) -> Secret | None:
    return None if reference is None else secrets.resolve(reference.reveal(), base=folder)


def _path(path: str | None, folder: Path) -> str | None:
    return None if path is None else str(folder / Path(path).expanduser())


# --- what may stand there -------------------------------------------------------------------------


def check_legacy(
    groups: Entries,
    defaults: Mapping[str, Any],
    folder: Path,
    locate: Mapping[Path, strict.Locate],
) -> None:
    """Old SSH algorithms are let in for one device by its name, never for a group or for all."""
    below = ("data", "netdiag", "ssh", "legacy_algorithms")
    places = [("groups.yaml", (name, *below), groups) for name in groups]
    for file, keys, entry in (*places, ("defaults.yaml", below, defaults)):
        value: Any = entry
        for key in keys:
            value = (value or {}).get(key)
        if value:
            message = (
                "old algorithms are allowed for one device at a time: name them under that host"
            )
            line = locate[folder / file](keys)
            raise FileFormatError(message, file=str(folder / file), line=line, key=".".join(keys))


def check_snmp(
    snmp: Mapping[str, Any] | None, name: str, path: Path, locate: strict.Locate
) -> None:
    """What the keys of one file cannot show: that together they make a login."""
    if not snmp:
        return
    for keys in (snmp, *(snmp.get("candidates") or ())):
        problem = _problem(keys)
        if problem:
            at = (name, "data", "netdiag", "snmp")
            raise FileFormatError(problem, file=str(path), line=locate(at), key=".".join(at))


def _problem(keys: Mapping[str, Any]) -> str | None:
    if str(keys.get("version") or "2c") == "2c":
        return None if keys.get("community") else "version 2c needs a community"
    if not keys.get("user"):
        return "version 3 needs a user"
    if keys.get("auth") and not keys.get("auth_key"):
        return "auth needs an auth_key"
    if keys.get("priv") and not (keys.get("priv_key") and keys.get("auth")):
        return "priv needs a priv_key, and auth with its auth_key"
    return None
