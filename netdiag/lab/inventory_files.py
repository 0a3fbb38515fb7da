"""The inventory of a running practice network: Nornir's files, its secrets, its host keys.

What it says is what a real one would say; it holds nothing of what was injected.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdiag.lab.agent import HOST, SNMP_USER, Credentials, Ports
from netdiag.model import AuthorizedDhcpServer

# A practice switch has this computer's processor: no need to spare it as a real one.
_REQUESTS_PER_S = 400.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One switch of the inventory."""

    name: str
    ports: Ports
    area: str | None
    role: str | None
    desks: Sequence[tuple[str, str]] = ()


def write(
    folder: Path,
    entries: Sequence[Entry],
    credentials: Credentials,
    *,
    snmp_version: str,
    dhcp_servers: Sequence[AuthorizedDhcpServer],
    sensors: Sequence[str],
    syslog_file: Path,
    known_hosts: Sequence[str],
) -> None:
    """Writes hosts.yaml, groups.yaml, defaults.yaml, known_hosts and the secrets (mode 0600)."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").chmod(0o700)
    for name, text in _secrets(credentials).items():
        _private(folder / "secrets" / name, text + "\n")
    (folder / "known_hosts").write_text("".join(f"{line}\n" for line in known_hosts))
    hosts = {entry.name: _host(entry, snmp_version) for entry in entries}
    groups = {
        "lab": {
            "platform": "cisco_ios",
            "username": credentials.login.username,
            "password": "file:secrets/password",
            "data": {"netdiag": _ways_in()},
        }
    }
    site = {
        "dhcp_servers": [{"ip": s.ip, "mac": s.mac, "vlans": list(s.vlans)} for s in dhcp_servers],
        "sensors": [f"lab:{name}" for name in sensors],
        "syslog_files": [str(syslog_file)],
    }
    _yaml(folder / "hosts.yaml", hosts, "The practice network's switches.")
    _yaml(folder / "groups.yaml", groups, "What they have in common.")
    _yaml(folder / "defaults.yaml", {"data": {"netdiag": site}}, "What holds for the whole site.")


def _secrets(credentials: Credentials) -> dict[str, str]:
    return {
        "password": credentials.login.password,
        "enable": credentials.enable_secret,
        "community": credentials.community,
        "auth_key": credentials.auth_key,
        "priv_key": credentials.priv_key,
    }


def _host(entry: Entry, snmp_version: str) -> dict[str, Any]:
    keys: dict[str, Any] = {"snmp": _snmp(snmp_version, entry.ports.snmp)}
    if entry.area is not None:
        keys["area"] = entry.area
    if entry.role is not None:
        keys["role"] = entry.role
    if entry.ports.out_of_band is not None:
        keys["out_of_band"] = {"hostname": HOST, "port": entry.ports.out_of_band}
    if entry.desks:
        keys["desks"] = dict(entry.desks)
    return {
        "hostname": HOST,
        "port": entry.ports.ssh,
        "groups": ["lab"],
        "data": {"netdiag": keys},
    }


def _snmp(version: str, port: int) -> dict[str, Any]:
    # Retries outlast the moments in which a storm swallows a request.
    common = {"port": port, "timeout_s": 1.0, "retries": 2}
    if version == "3":
        keys = {"auth": "sha256", "auth_key": "file:secrets/auth_key"}
        keys |= {"priv": "aes128", "priv_key": "file:secrets/priv_key"}
        return {"version": "3", "user": SNMP_USER, **keys, **common}
    return {"version": "2c", "community": "file:secrets/community", **common}


def _ways_in() -> dict[str, Any]:
    return {
        "requests_per_s": _REQUESTS_PER_S,
        "ssh": {
            "known_hosts": "known_hosts",
            "enable_secret": "file:secrets/enable",
            "timeout_s": 4.0,
        },
    }


def _yaml(path: Path, content: Mapping[str, Any], comment: str) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 120
    with path.open("w", encoding="utf-8") as out:
        out.write(f"# {comment} Written by `netdiag lab up`; it is written anew by the next.\n")
        yaml.dump(dict(content), out)


def _private(path: Path, text: str) -> None:
    """A file that only its owner reads, from its first moment on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
