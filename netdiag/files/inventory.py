"""The inventory: Nornir's own three files, with netdiag's keys under `data.netdiag`.

Rules: our keys are checked strictly before anything is used; inheritance of hosts from groups and
defaults is Nornir's own (its Host, Group and Defaults), and of our keys the nearest wins, one by
one. Secrets are resolved only in `targets`, each failing alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from netdiag.access import Target
from netdiag.errors import FileFormatError, SecretMissing, UsageError
from netdiag.files import inventory_login as login
from netdiag.files import secrets, strict
from netdiag.files.inventory_login import Login
from netdiag.files.starter import starter
from netdiag.model import (
    AuthorizedDhcp6Server,
    AuthorizedDhcpServer,
    AuthorizedRouter,
    Device,
    Role,
    ServiceCheck,
    Site,
    SourceError,
)
from netdiag.names import long_name

if TYPE_CHECKING:
    from nornir.core.inventory import Host

T = TypeVar("T")

__all__ = ["Inventory", "load", "starter"]

_SECRET_KEYS = frozenset(
    {"password", "community", "auth_key", "priv_key", "enable_secret", "secret"}
)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What people say of their network, and the ways into it."""

    folder: Path
    devices: tuple[Device, ...]
    site: Site
    _logins: Mapping[str, Login] = field(repr=False)
    _plain: tuple[tuple[Path, tuple[str | int, ...]], ...] = field(repr=False, default=())

    def targets(self, names: Sequence[str] = ()) -> tuple[Target, ...]:
        """Devices of these names and groups (none given: all), in the inventory's order.

        A secret that leads nowhere makes that way in `None` and an entry of `Target.errors`.
        `UsageError` for a name that is neither a device nor a group.
        """
        wanted = set(names)
        known = {d.name for d in self.devices} | {g for d in self.devices for g in d.groups}
        for name in names:
            if name not in known:
                raise UsageError(_unknown(name, known, self.folder))
        return tuple(
            self._target(d)
            for d in self.devices
            if not names or d.name in wanted or wanted.intersection(d.groups)
        )

    def plain_secrets(self) -> tuple[str, ...]:
        """`FILE:LINE: KEY` of every secret that stands in the files as it is."""
        locate = {path: strict.read_yaml(path)[1] for path, _ in self._plain}
        return tuple(
            f"{path}:{locate[path](keys)}: {'.'.join(map(str, keys))}" for path, keys in self._plain
        )

    def _target(self, device: Device) -> Target:
        way = self._logins[device.name]
        errors: list[SourceError] = []

        def attempt(source: str, make: Callable[[login.Told], T]) -> T | None:
            def told(exc: SecretMissing) -> None:
                errors.append(SourceError(source, "credentials", str(exc)))

            try:
                return make(told)
            except SecretMissing as exc:
                told(exc)
                return None

        out_of_band = way.keys.get("out_of_band")
        ssh = attempt("ssh", lambda told: login.ssh(way, way.port, self.folder, told))
        return Target(
            device=device,
            snmp=attempt("snmp", lambda told: login.snmp(way.keys.get("snmp"), self.folder, told)),
            ssh=ssh,
            out_of_band=replace(ssh, port=out_of_band.get("port") or 22)
            if out_of_band and ssh
            else None,
            out_of_band_address=out_of_band["hostname"] if out_of_band else None,
            requests_per_s=float(way.keys.get("requests_per_s") or 50.0),
            errors=tuple(errors),
        )


def load(folder: Path) -> Inventory:
    """Reads hosts.yaml, groups.yaml and defaults.yaml of a folder (the last two may be absent).

    `UsageError` where there is no inventory, `FileFormatError` for anything that may not stand there.
    """
    folder = folder.expanduser()
    hosts_file = folder / "hosts.yaml"
    if not hosts_file.is_file():
        raise UsageError(
            f"no inventory at {folder}: hosts.yaml is not there; `netdiag init` writes a starter"
        )
    hosts, groups, defaults, locate = _read(folder)
    _check_groups(hosts, groups, folder, locate)
    login.check_legacy(groups, defaults, folder, locate)
    loaded = _nornir(hosts, groups, defaults)
    keys = {name: _merged_keys(host) for name, host in loaded.items()}
    for name in loaded:
        login.check_snmp(keys[name].get("snmp"), name, hosts_file, locate[hosts_file])
    return Inventory(
        folder=folder,
        devices=_devices(loaded, keys, defaults, folder, locate),
        site=_site(keys.values(), defaults, folder),
        _logins={name: login.of(host, keys[name]) for name, host in loaded.items()},
        _plain=tuple(_plain_secrets(folder, hosts, groups, defaults)),
    )


# --- reading --------------------------------------------------------------------------------------

_Entries = dict[str, dict[str, Any]]


def _read(
    folder: Path,
) -> tuple[_Entries, _Entries, dict[str, Any], dict[Path, strict.Locate]]:
    from netdiag.files.inventory_keys import DefaultsKeys, HostKeys

    locate: dict[Path, strict.Locate] = {}

    def read(name: str, model: type[object]) -> dict[str, Any]:
        path = folder / name
        if not path.exists() and name != "hosts.yaml":
            return {}
        loaded, locate[path] = strict.read_yaml(path)
        if loaded is None:
            return {}
        strict.check(model, loaded, file=str(path), locate=locate[path])
        plain: dict[str, Any] = loaded
        return plain

    hosts = read("hosts.yaml", dict[str, HostKeys])
    groups = read("groups.yaml", dict[str, HostKeys])
    return hosts, groups, read("defaults.yaml", DefaultsKeys), locate


def _check_groups(
    hosts: _Entries, groups: _Entries, folder: Path, locate: Mapping[Path, strict.Locate]
) -> None:
    """Every group that is named exists, and none is its own ancestor."""
    for file, entries in (("hosts.yaml", hosts), ("groups.yaml", groups)):
        path = folder / file
        for name, entry in entries.items():
            for i, group in enumerate(entry.get("groups") or ()):
                if group not in groups:
                    keys = (name, "groups", i)
                    message = f"there is no group '{group}' in groups.yaml"
                    raise FileFormatError(
                        message, file=str(path), line=locate[path](keys), key=f"{name}.groups"
                    )
    for name in groups:
        if name in _ancestors(name, groups):
            path = folder / "groups.yaml"
            line = locate[path]((name, "groups"))
            message = "the group is a member of itself"
            raise FileFormatError(message, file=str(path), line=line, key=f"{name}.groups")


def _ancestors(name: str, groups: _Entries) -> set[str]:
    seen: set[str] = set()
    todo = list(groups[name].get("groups") or ())
    while todo:
        group = todo.pop()
        if group not in seen:
            seen.add(group)
            todo.extend(groups[group].get("groups") or ())
    return seen


# --- inheritance: Nornir's own --------------------------------------------------------------------


def _nornir(hosts: _Entries, groups: _Entries, defaults: dict[str, Any]) -> Mapping[str, Host]:
    """What Nornir's SimpleInventory builds from the same files (which it would parse a second time)."""
    from nornir.core.inventory import ConnectionOptions, Defaults, Group, Host, ParentGroups

    def attributes(entry: Mapping[str, Any]) -> dict[str, Any]:
        names = ("hostname", "port", "username", "password", "platform", "data")
        options = (entry.get("connection_options") or {}).items()
        return {name: entry.get(name) for name in names} | {
            "connection_options": {name: ConnectionOptions(**o) for name, o in options}
        }

    top = Defaults(**attributes(defaults))
    grouped = {n: Group(name=n, defaults=top, **attributes(e)) for n, e in groups.items()}
    loaded = {n: Host(name=n, defaults=top, **attributes(e)) for n, e in hosts.items()}
    for made, entries in ((grouped, groups), (loaded, hosts)):
        for name, element in made.items():
            parents = entries[name].get("groups") or ()
            element.groups = ParentGroups([grouped[parent] for parent in parents])
    return loaded


def _merged_keys(host: Host) -> dict[str, Any]:
    """`data.netdiag` of host, groups and defaults: the nearest wins, key by key, also inside snmp and ssh."""
    layers = [host.data, *(g.data for g in host.extended_groups()), host.defaults.data]
    merged: dict[str, Any] = {}
    for layer in layers:
        _fill(merged, layer.get("netdiag") or {})
    return merged


def _fill(merged: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict):
            below = merged.setdefault(key, {})
            if isinstance(below, dict):
                _fill(below, value)
        elif value is not None:
            merged.setdefault(key, value)


# --- what it means --------------------------------------------------------------------------------


def _devices(
    loaded: Mapping[str, Host],
    keys: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Any],
    folder: Path,
    locate: Mapping[Path, strict.Locate],
) -> tuple[Device, ...]:
    """Every device; a word of `two_person` that marks nobody is a mistake, not a silent gap."""
    made = [_device(host, keys[name]) for name, host in loaded.items()]
    marked = ((defaults.get("data") or {}).get("netdiag") or {}).get("two_person") or ()
    for number, word in enumerate(marked):
        if word not in {*Role, *(w for d in made for w in (d.name, *d.groups))}:
            path = folder / "defaults.yaml"
            where = ("data", "netdiag", "two_person", number)
            message = f"{word!r} is no role, group or device"
            raise FileFormatError(
                message, file=str(path), line=locate[path](where), key="data.netdiag.two_person"
            )
    return tuple(
        replace(d, two_person=bool({d.name, str(d.role), *d.groups} & {*marked})) for d in made
    )


def _device(host: Host, keys: Mapping[str, Any]) -> Device:
    role = keys.get("role")
    return Device(
        name=host.name,
        address=host.hostname or host.name,
        platform=host.platform,
        area=keys.get("area"),
        role=None if role is None else Role(role),
        groups=tuple(group.name for group in host.extended_groups()),
        never_touch=tuple(long_name(name) for name in keys.get("never_touch") or ()),
        desks=tuple((long_name(name), desk) for name, desk in (keys.get("desks") or {}).items()),
        max_stations=keys.get("max_stations"),
        max_view_age_s=keys.get("max_view_age_s"),
        changes_per_minute=keys.get("changes_per_minute"),
    )


def _site(keys: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any], folder: Path) -> Site:
    site = (defaults.get("data") or {}).get("netdiag") or {}
    layers = (site, *keys)
    servers = dict.fromkeys(_dhcp_server(s) for k in layers for s in k.get("dhcp_servers") or ())
    servers6 = dict.fromkeys(_dhcp6_server(s) for k in layers for s in k.get("dhcp6_servers") or ())
    routers = dict.fromkeys(_router(r) for k in layers for r in k.get("routers") or ())
    files = (str(folder / Path(f).expanduser()) for f in site.get("syslog_files") or ())
    return Site(
        dhcp_servers=tuple(servers),
        sensors=tuple(site.get("sensors") or ()),
        syslog_files=tuple(files),
        dhcp6_servers=tuple(servers6),
        routers=tuple(routers),
        checks=tuple(ServiceCheck(**check) for check in site.get("checks") or ()),
        changes_per_minute_total=site.get("changes_per_minute_total"),
    )


def _dhcp_server(server: Mapping[str, Any]) -> AuthorizedDhcpServer:
    from netdiag.files.inventory_keys import DhcpServerKeys

    checked = DhcpServerKeys.model_validate(server)
    return AuthorizedDhcpServer(
        ip=checked.ip,
        mac=checked.mac,
        vlans=tuple(checked.vlans),
        routers=tuple(checked.routers),
        dns=tuple(checked.dns),
    )


def _dhcp6_server(server: Mapping[str, Any]) -> AuthorizedDhcp6Server:
    from netdiag.files.inventory_keys import Dhcp6ServerKeys

    checked = Dhcp6ServerKeys.model_validate(server)
    return AuthorizedDhcp6Server(checked.duid, checked.mac, tuple(checked.vlans))


def _router(router: Mapping[str, Any]) -> AuthorizedRouter:
    from netdiag.files.inventory_keys import RouterKeys

    checked = RouterKeys.model_validate(router)
    return AuthorizedRouter(checked.ip, checked.mac, tuple(checked.vlans), tuple(checked.prefixes))


def _plain_secrets(
    folder: Path, hosts: _Entries, groups: _Entries, defaults: dict[str, Any]
) -> Iterator[tuple[Path, tuple[str | int, ...]]]:
    files = (("hosts.yaml", hosts), ("groups.yaml", groups), ("defaults.yaml", defaults))
    for file, entries in files:
        for keys, value in _leaves(entries, ()):
            if keys[-1] in _SECRET_KEYS and not secrets.is_reference(value):
                yield folder / file, keys


def _leaves(node: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, str):
        yield keys, node
    below = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in below:
        yield from _leaves(value, (*keys, key))


def _unknown(name: str, known: Iterable[str], folder: Path) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f": did you mean '{near[0]}'?" if near else ""
    return f"'{name}' is neither a device nor a group of the inventory at {folder}{hint}"
