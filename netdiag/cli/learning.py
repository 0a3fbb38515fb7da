"""`sweep --learn`: proposes who is authorized, asks server by server, writes what is confirmed.

Rules: without a terminal nothing is written: the proposal is printed for a person to judge. What looks
like a home router is proposed as a comment only. The file's own comments and order are kept.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag.cli import common
from netdiag.errors import UsageError
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.sweep import Judgement, Proposal


def learn(seen: Judgement, inventory_dir: Path | None) -> None:
    """The proposal printed; on a terminal also asked for and written."""
    from netdiag.sweep import propose

    proposal = propose(seen)
    entries, doubtful = _entries(proposal)
    for entry, why in doubtful:
        common.say(
            f"not proposed: {entry['ip']} ({entry.get('mac')}): {why}", style="yellow", err=True
        )
    if not any(entries.values()):
        common.say("nothing to learn: nobody answered who is not on the list already", err=True)
        return
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    if asked:
        entries = {key: [e for e in some if _confirmed(key, e)] for key, some in entries.items()}
    kept = {key: some for key, some in entries.items() if some}
    if not kept:
        return
    click.echo(_yaml({"data": {"netdiag": kept}}), nl=False)
    path = _defaults_path(inventory_dir)
    if asked and path is not None and click.confirm(f"add this to {path}?"):
        add(path, kept)
        common.say(f"written: {path}", err=True)
    elif not asked:
        common.say(
            "nobody confirmed this: check each entry before it goes into defaults.yaml",
            style="yellow",
            err=True,
        )


def _entries(
    proposal: Proposal,
) -> tuple[dict[str, list[dict[str, Any]]], list[tuple[dict[str, Any], str]]]:
    """The inventory's keys, and the DHCP servers that look like nobody's servers."""
    servers, doubtful = [], []
    for server, why in proposal.dhcp_servers:
        entry = _keys(server, ("ip", "mac", "vlans", "routers", "dns"))
        if why is None:
            servers.append(entry)
        else:
            doubtful.append((entry, why))
    return {
        "dhcp_servers": servers,
        "dhcp6_servers": [_keys(s, ("duid", "mac", "vlans")) for s in proposal.dhcp6_servers],
        "routers": [_keys(r, ("ip", "mac", "vlans", "prefixes")) for r in proposal.routers],
    }, doubtful


def _keys(entry: object, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in names}
    return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items() if v}


def _confirmed(kind: str, entry: dict[str, Any]) -> bool:
    what = {
        "dhcp_servers": "DHCP server",
        "dhcp6_servers": "DHCPv6 server",
        "routers": "IPv6 router",
    }
    shown = ", ".join(f"{k} {clean(str(v), 80)}" for k, v in entry.items())
    return click.confirm(f"{what[kind]}: {shown}. Is it legitimate?")


def _defaults_path(inventory_dir: Path | None) -> Path | None:
    from platformdirs import user_config_path

    folder = inventory_dir or user_config_path("netdiag") / "inventory"
    return folder / "defaults.yaml" if folder.is_dir() else None


def add(path: Path, entries: dict[str, list[dict[str, Any]]]) -> None:
    """The entries at the end of the lists in that file, everything else as it stands.

    :raises UsageError: where the file cannot be read as such a mapping, or not be written.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    try:
        whole = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
        whole = {} if whole is None else whole
        keys = whole
        for name in ("data", "netdiag"):
            if keys.get(name) is None:
                keys[name] = {}
            keys = keys[name]
        for name, some in entries.items():
            if keys.get(name) is None:
                keys[name] = []
            keys[name].extend(e for e in some if e not in keys[name])
    except (OSError, YAMLError, AttributeError, TypeError) as exc:
        raise UsageError(f"{path}: cannot be added to: {exc}") from exc
    text = io.StringIO()
    yaml.dump(whole, text)
    common.write_file(path, text.getvalue())


def _yaml(value: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    text = io.StringIO()
    yaml.dump(value, text)
    return text.getvalue()
