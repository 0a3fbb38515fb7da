"""A target named on the command line, `HOST[:PORT]`, with credentials that came with the call."""

from __future__ import annotations

from netdiag.access import Secret, SnmpAccess, SshAccess, Target
from netdiag.errors import UsageError
from netdiag.model import Device


def target(
    name: str,
    *,
    community: str | None = None,
    snmp_version: str | None = None,
    snmp_user: str | None = None,
    auth_key: str | None = None,
    priv_key: str | None = None,
    platform: str | None = None,
    username: str | None = None,
    password: str | None = None,
) -> Target:
    """SNMP where a community or a user is given, SSH where a login name is; the port goes with the one."""
    host, port = split(name)
    snmp = None
    if community or snmp_user or snmp_version:
        snmp = _snmp(community, snmp_version, snmp_user, auth_key, priv_key, port)
    ssh = None
    if username:
        ssh = SshAccess(
            port=22 if snmp or port is None else port,
            username=username,
            password=Secret(password) if password else None,
        )
    return Target(device=Device(name=name, address=host, platform=platform), snmp=snmp, ssh=ssh)


def split(name: str) -> tuple[str, int | None]:
    """`HOST`, `HOST:PORT`, `[V6]:PORT` or a bare IPv6 address."""
    host, port = name, ""
    if name.startswith("["):
        host, _, port = name[1:].partition("]")
        port = port.removeprefix(":")
    elif name.count(":") == 1:
        host, _, port = name.partition(":")
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise UsageError(f"{name!r} is no HOST[:PORT]")
    return host, int(port) if port else None


def _snmp(  # noqa: PLR0917  (one call site, in the order of the options)
    community: str | None,
    version: str | None,
    user: str | None,
    auth_key: str | None,
    priv_key: str | None,
    port: int | None,
) -> SnmpAccess:
    version = version or ("3" if user else "2c")
    if version == "3" and not user:
        raise UsageError("SNMP version 3 needs --snmp-user")
    if version == "2c" and not community:
        raise UsageError("SNMP version 2c needs --community (or NETDIAG_COMMUNITY)")
    return SnmpAccess(
        version=version,
        port=port or 161,
        community=Secret(community) if community and version == "2c" else None,
        user=user,
        auth="sha" if auth_key else None,
        auth_key=Secret(auth_key) if auth_key else None,
        priv="aes128" if priv_key else None,
        priv_key=Secret(priv_key) if priv_key else None,
    )
