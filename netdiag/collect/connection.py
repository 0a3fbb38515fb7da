"""An SSH connection by netmiko that is told everything: which key, which algorithms, how long to wait.

Rules: a host key is on record or the connection is refused; nothing of netmiko's own login talk is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from netdiag.access import SshAccess
from netdiag.collect import legacy
from netdiag.errors import CollectError


def known_hosts_of(access: SshAccess) -> Path:
    """The file with the host keys on record."""
    if access.known_hosts is not None:
        return Path(access.known_hosts).expanduser()
    return Path("~/.ssh/known_hosts").expanduser()


def _options(access: SshAccess) -> Mapping[str, Any]:
    secretless = access.password is None
    return {
        "username": access.username or "",
        "password": None if access.password is None else access.password.reveal(),
        # An agent or the user's own keys only where nothing else is configured.
        "use_keys": secretless or access.key_file is not None,
        "key_file": access.key_file,
        "allow_agent": secretless and access.key_file is None,
        "conn_timeout": access.timeout_s,
        "auth_timeout": access.timeout_s,
        "banner_timeout": access.timeout_s,
        "blocking_timeout": access.timeout_s,
        "disabled_algorithms": legacy.disabled(access.legacy_algorithms),
    }


def unopened(driver: str, address: str, access: SshAccess) -> Any:
    """An unopened netmiko connection that verifies host keys and waits no longer than it is told."""
    from netmiko import ConnectHandler

    try:
        connection = ConnectHandler(
            device_type=driver,
            host=address,
            port=access.port,
            ssh_strict=True,
            alt_host_keys=True,
            alt_key_file=str(known_hosts_of(access)),
            auto_connect=False,
            **_options(access),
        )
    except ValueError as exc:
        raise CollectError(f"{address}: the SSH key {access.key_file} cannot be used") from exc
    build = connection._build_ssh_client

    def build_impatient() -> Any:
        # paramiko waits an hour for a channel by default: a hung device must not.
        client = build()
        client.connect = partial(client.connect, channel_timeout=access.timeout_s)
        factory = legacy.transport(access.legacy_algorithms)
        if factory is not None:
            client.connect = partial(client.connect, transport_factory=factory)
        return client

    connection._build_ssh_client = build_impatient
    # netmiko's own login talk answers for the user: Huawei's saves the configuration. Ours is in `Shell`.
    connection.special_login_handler = lambda *_, **__: None
    return connection
