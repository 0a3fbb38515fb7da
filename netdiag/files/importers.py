"""Inventories of others become Nornir's files with netdiag's keys: Ansible's YAML, CSV, NetBox, a crawl.

Rules: a secret is never copied, a reference takes its place; what is not understood is said, with
file and line where there is one; an inventory that is there already is added to and never rewritten.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from netdiag import platforms
from netdiag.errors import FileFormatError, UsageError
from netdiag.files import strict

_NAME = re.compile(r"[^\w.-]+")
_ROLES = {
    "core": "core", "distribution": "distribution", "aggregation": "distribution", "dist": "distribution",
    "access": "access", "edge": "access", "access-switch": "access", "core-switch": "core",
    "distribution-switch": "distribution", "router": "router", "gateway": "router",
}  # fmt: skip
_COLUMNS = {
    "name": ("name", "hostname", "device", "host", "sysname"),
    "hostname": ("address", "ip", "mgmt_ip", "management_ip", "ip_address", "primary_ip", "primary ipv4"),
    "platform": ("platform", "os", "type", "device_type", "driver"),
    "area": ("area", "site", "location"),
    "role": ("role", "function"),
    "port": ("port", "ssh_port"),
    "groups": ("groups", "group"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Host:
    """One device to write into hosts.yaml."""

    name: str
    hostname: str
    platform: str | None = None
    groups: tuple[str, ...] = ()
    port: int | None = None
    username: str | None = None
    area: str | None = None
    role: str | None = None
    comment: str | None = None
    snmp: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it; `left_out` are sentences."""

    hosts: tuple[Host, ...]
    left_out: tuple[str, ...] = ()


def read(path: Path) -> Imported:
    """Ansible's YAML, what `ansible-inventory --list` prints, or CSV, by the file's ending."""
    if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
        return from_csv(_text(path), str(path))
    if path.suffix.lower() in {".yml", ".yaml"}:
        return from_ansible(path)
    if path.suffix.lower() == ".json":
        return from_ansible_list(_text(path), str(path))
    raise UsageError(f"{path}: a .csv, .json, .yml or .yaml file is wanted")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise FileFormatError("is not UTF-8 text", file=str(path)) from exc
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror or exc}") from exc


# --- CSV ------------------------------------------------------------------------------------------


def from_csv(text: str, file: str) -> Imported:
    """A table with a heading; the delimiter is the one that the heading holds most of."""
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    rows = csv.DictReader(StringIO(text), delimiter=delimiter)
    columns = {key: name for name in rows.fieldnames or () if name and (key := _column(name))}
    if "hostname" not in columns and "name" not in columns:
        known = ", ".join(names[0] for names in _COLUMNS.values())
        raise FileFormatError(f"no column names a device; known are {known}", file=file, line=1)
    hosts: list[Host] = []
    left_out: list[str] = []
    for row in rows:
        said = {key: (row.get(column) or "").strip() for key, column in columns.items()}
        if not (said.get("hostname") or said.get("name")):
            left_out.append(f"{file}:{rows.line_num}: no name and no address")
            continue
        hosts.append(_csv_host(said))
    return distinct(hosts, left_out)


def _column(name: str) -> str | None:
    word = name.strip().lower()
    return next((key for key, names in _COLUMNS.items() if word in names), None)


def _csv_host(said: Mapping[str, str]) -> Host:
    address = said.get("hostname") or said["name"]
    port = said.get("port", "")
    return Host(
        name=clean_name(said.get("name") or address),
        hostname=address.split("/")[0],
        platform=_platform(said.get("platform")),
        groups=tuple(clean_name(g) for g in re.split(r"[\s;,]+", said.get("groups", "")) if g),
        port=int(port) if port.isdigit() and 0 < int(port) < 65536 else None,
        area=said.get("area") or None,
        role=_ROLES.get(said.get("role", "").lower()),
    )


# --- Ansible --------------------------------------------------------------------------------------


def from_ansible(path: Path) -> Imported:
    """A YAML inventory: groups with `hosts`, `children` and `vars`; the nearest variable wins."""
    data, locate = strict.read_yaml(path, hidden=("!vault", "!vault-encrypted", "!unsafe"))
    if not isinstance(data, dict):
        raise FileFormatError("groups are wanted, `all:` first", file=str(path), line=1)
    found: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    for name, group in data.items():
        if not isinstance(group, dict) and group is not None:
            raise FileFormatError(
                "a group with `hosts` or `children` is wanted",
                file=str(path),
                line=locate((name,)),
                key=str(name),
            )
        _group(str(name), group or {}, {}, (), found=found, groups=groups)
    return _ansible_hosts(found, groups, str(path))


def _ansible_hosts(
    found: Mapping[str, Mapping[str, Any]], groups: Mapping[str, list[str]], file: str
) -> Imported:
    hosts: list[Host] = []
    left_out: list[str] = []
    for name, variables in found.items():
        if "{{" in str(variables.get("ansible_host", "")):
            left_out.append(f"{file}: {name}: its address is a template that only Ansible fills")
            continue
        hosts.append(_ansible_host(name, variables, groups.get(name, [])))
    return distinct(hosts, left_out)


def from_ansible_list(text: str, file: str) -> Imported:
    """`ansible-inventory --list`: every variable in its place, whatever plugin the inventory came from."""
    try:
        data = json.loads(text)
        found = data["_meta"]["hostvars"]
        named = {h for g in data.values() for h in g.get("hosts", ())}
        whole = {str(h): found.get(h) or {} for h in [*found, *sorted(named - set(found))]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message = "is not what `ansible-inventory --list` prints"
        raise FileFormatError(message, file=file) from None
    return _ansible_hosts(whole, _listed_groups(data), file)


def _listed_groups(data: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """By host, the groups that it is in, the nearest first."""
    above: dict[str, list[str]] = {}
    for name, group in data.items():
        for child in group.get("children") or ():
            above.setdefault(str(child), []).append(name)

    groups: dict[str, list[str]] = {}
    for name, group in data.items():
        chain, todo = [name], list(above.get(name, ()))
        while todo:
            parent = todo.pop(0)
            if parent not in chain:
                chain.append(parent)
                todo += above.get(parent, ())
        for host in group.get("hosts") or ():
            listed = groups.setdefault(str(host), [])
            listed += [g for g in chain if g not in {"all", "ungrouped", *listed}]
    return groups


def _group(
    name: str,
    group: Mapping[str, Any],
    inherited: Mapping[str, Any],
    above: tuple[str, ...],
    *,
    found: dict[str, dict[str, Any]],
    groups: dict[str, list[str]],
) -> None:
    variables = {**inherited, **(group.get("vars") or {})}
    path = above if name in {"all", "ungrouped"} else (*above, name)
    for host, own in (group.get("hosts") or {}).items():
        for one in _range(str(host)):
            found[one] = {**found.get(one, {}), **variables, **(own or {})}
            listed = groups.setdefault(one, [])
            listed += [g for g in reversed(path) if g not in listed]
    for child, inner in (group.get("children") or {}).items():
        _group(str(child), inner or {}, variables, path, found=found, groups=groups)


# acc-[01:12].example.com
_RANGE = re.compile(r"^(?P<before>.*?)\[(?P<first>\d+):(?P<last>\d+)\](?P<after>.*)$")


def _range(name: str) -> Iterator[str]:
    match = _RANGE.match(name)
    if match is None:
        yield name
        return
    width, first, last = len(match["first"]), int(match["first"]), int(match["last"])
    for number in range(first, min(last, first + 9999) + 1):
        for tail in _range(match["after"]):
            yield f"{match['before']}{number:0{width}d}{tail}"


def _ansible_host(name: str, variables: Mapping[str, Any], groups: list[str]) -> Host:
    system = str(variables.get("ansible_network_os") or "").rsplit(".", 1)[-1]
    port = variables.get("ansible_port")
    role = next((_ROLES[g.lower()] for g in groups if g.lower() in _ROLES), None)
    return Host(
        name=clean_name(name),
        hostname=str(variables.get("ansible_host") or name),
        platform=_platform(system),
        groups=tuple(clean_name(g) for g in groups),
        port=port if isinstance(port, int) else None,
        username=_plain(variables.get("ansible_user")),
        role=role,
    )


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and "{{" not in value else None


# --- NetBox ---------------------------------------------------------------------------------------


def from_netbox(devices: Iterable[Mapping[str, Any]]) -> Imported:
    """Devices as NetBox' API gives them (`/api/dcim/devices/`): the primary address is the way in."""
    hosts: list[Host] = []
    left_out: list[str] = []
    for device in devices:
        name = str(device.get("name") or f"device-{device.get('id')}")
        address = _nested(device, "primary_ip", "address") or _nested(
            device, "primary_ip4", "address"
        )
        status = _nested(device, "status", "value")
        if status not in (None, "active", "staged"):
            left_out.append(f"{name}: its status is {status}")
            continue
        if not address:
            left_out.append(f"{name}: it has no primary address")
            continue
        place = (_nested(device, "site", "name"), _nested(device, "location", "name"))
        role = _nested(device, "role", "slug") or _nested(device, "device_role", "slug")
        hosts.append(
            Host(
                name=clean_name(name),
                hostname=address.split("/")[0],
                platform=_platform(_nested(device, "platform", "slug")),
                groups=tuple(clean_name(g) for g in (_nested(device, "site", "slug"),) if g),
                area="/".join(p.replace("/", "-") for p in place if p) or None,
                role=_ROLES.get((role or "").lower()),
            )
        )
    return distinct(hosts, left_out)


def _nested(device: Mapping[str, Any], *keys: str) -> str | None:
    value: Any = device
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is None else str(value)


def fetch_netbox(url: str, token: str | None, **wanted: str) -> list[dict[str, Any]]:
    """All devices of a NetBox server that fit the filters, by pynetbox."""
    try:
        import pynetbox
        import requests
    except ImportError as exc:
        raise UsageError("NetBox needs pynetbox: pip install 'netdiag[netbox]'") from exc
    from netdiag.errors import CollectError

    try:
        api = pynetbox.api(url, token=token)
        found = api.dcim.devices.filter(**wanted) if wanted else api.dcim.devices.all()
        return [dict(device) for device in found]
    except (pynetbox.RequestError, pynetbox.ContentError, requests.RequestException) as exc:
        raise CollectError(f"NetBox at {url} does not answer as it should: {exc}") from exc


# --- writing --------------------------------------------------------------------------------------


def hosts_yaml(hosts: Iterable[Host], notes: Iterable[str] = ()) -> str:
    """The text to add to hosts.yaml: an entry a device, then what is missing, as comments."""
    parts = [_entry(host) for host in hosts]
    remarks = [f"# {_comment(note)}\n" for note in notes]
    return "\n".join(parts) + ("\n" if parts and remarks else "") + "".join(remarks)


def _entry(host: Host) -> str:
    lines = [f"# {_comment(host.comment)}"] if host.comment else []
    lines += [f"{_quoted(host.name)}:", f"  hostname: {_quoted(host.hostname)}"]
    if host.port:
        lines.append(f"  port: {host.port}")
    lines.append(f"  platform: {host.platform}" if host.platform else "  # platform: cisco_ios")
    if host.username:
        lines.append(f"  username: {_quoted(host.username)}")
    if host.groups:
        lines.append(f"  groups: [{', '.join(_quoted(g) for g in host.groups)}]")
    inner = [f"      area: {_quoted(host.area)}"] if host.area else ["      # area: HQ/3F"]
    inner.append(f"      role: {host.role}" if host.role else "      # role: access")
    if host.snmp:
        pairs = ", ".join(f"{k}: {_value(v)}" for k, v in host.snmp.items())
        inner.append(f"      snmp: {{{pairs}}}")
    if any(not line.lstrip().startswith("#") for line in inner):
        lines += ["  data:", "    netdiag:", *inner]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    return str(value) if isinstance(value, int) else _quoted(str(value))


def groups_yaml(hosts: Iterable[Host], known: Iterable[str] = ()) -> str:
    """An empty entry for every group that is named and not known."""
    wanted = dict.fromkeys(group for host in hosts for group in host.groups)
    return "".join(f"{_quoted(group)}: {{}}\n" for group in wanted if group not in set(known))


def add_to(folder: Path, imported: Imported, notes: Iterable[str] = ()) -> tuple[Host, ...]:
    """Adds what is new to the inventory of a folder, and returns it; what stands there stays as it is.

    A device whose name or address is known already is left alone. The result loads, or is not written.
    """
    hosts_file, groups_file = folder / "hosts.yaml", folder / "groups.yaml"
    names, addresses = _known(hosts_file)
    groups, _ = _known(groups_file)
    new = tuple(h for h in imported.hosts if h.name not in names and h.hostname not in addresses)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _append(groups_file, groups_yaml(new, groups))
        _append(hosts_file, hosts_yaml(new, notes))
    except OSError as exc:
        raise UsageError(f"{folder}: cannot be written: {exc.strerror or exc}") from exc
    return new


def _known(path: Path) -> tuple[set[str], set[str]]:
    if not path.exists():
        return set(), set()
    data, _ = strict.read_yaml(path)
    entries = data if isinstance(data, dict) else {}
    addresses = {
        str(e["hostname"]) for e in entries.values() if isinstance(e, dict) and e.get("hostname")
    }
    return {str(name) for name in entries}, addresses


def _append(path: Path, text: str) -> None:
    if not text and path.exists():
        return
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    glue = "" if not old or old.endswith("\n") else "\n"
    path.write_text(old + glue + ("\n" if old and text else "") + text, encoding="utf-8")


# --- helpers --------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """A name that Nornir, YAML and a shell all take as one word."""
    return _NAME.sub("-", name.strip()).strip("-") or "device"


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else "?" for c in text).split())[:300]


def _quoted(text: str) -> str:
    """YAML's double quotes unless the text is plainly one word."""
    if re.fullmatch(r"[A-Za-z][\w.-]*", text) and text.lower() not in _YAML_WORDS:
        return text
    escaped = "".join(
        c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" if ord(c) < 65536 else "?"
        for c in text
    )
    return f'"{escaped}"'


_YAML_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def _underscored(word: str) -> str:
    return word.replace("-", "_")


def _squashed(word: str) -> str:
    return word.replace("-", "").replace("_", "")


def _platform(word: str | None) -> str | None:
    """Our name of a platform that others name; an unknown word is dropped, not copied."""
    if not word:
        return None
    # NetBox' slugs begin with the maker: cisco-ios-xe, cisco-nx-os.
    bare = re.split(r"[-_]", word, maxsplit=1)[-1]
    spellings = (f(w) for w in (word, bare) for f in (str, _underscored, _squashed))
    for candidate in spellings:
        known = platforms.get(candidate)
        if known is not None:
            return known.name
    return None


def distinct(hosts: Iterable[Host], left_out: Iterable[str]) -> Imported:
    """Names are unique: a second device of one name gets its address behind it."""
    from dataclasses import replace

    named: dict[str, Host] = {}
    said = list(left_out)
    for host in hosts:
        name = host.name if host.name not in named else f"{host.name}-{clean_name(host.hostname)}"
        if name in named:
            said.append(f"{host.name} at {host.hostname}: listed twice")
            continue
        named[name] = replace(host, name=name)
    return Imported(tuple(named.values()), tuple(said))
