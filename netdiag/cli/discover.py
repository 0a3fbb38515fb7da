"""`discover`: from a few seeds, or from somebody else's list, to an inventory that a person can edit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag.cli import common
from netdiag.cli.common import as_json
from netdiag.errors import UsageError

if TYPE_CHECKING:
    from netdiag.access import SnmpAccess, SshAccess
    from netdiag.collect.discover import Discovery, Entered, NotEntered, Settings
    from netdiag.files.importers import Host, Imported


@click.command(short_help="Crawl LLDP and CDP from seeds, write the inventory.")
@click.argument("seed", nargs=-1)
@click.option("--community", "communities", multiple=True, envvar="NETDIAG_COMMUNITY", help="SNMP v2c; several are tried in this order.")  # fmt: skip
@click.option("--snmp-user", help="SNMP v3, tried first; keys from NETDIAG_AUTH_KEY and NETDIAG_PRIV_KEY.")  # fmt: skip
@click.option("--username", help="SSH where SNMP does not answer; the password from NETDIAG_PASSWORD or a prompt.")  # fmt: skip
@click.option("--within", multiple=True, metavar="NETWORK", help="Ask no address outside. Default: private ones.")  # fmt: skip
@click.option("--most", default=2000, show_default=True, help="Devices to enter at most.")
@click.option("--timeout", default=2.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--import", "files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Add the devices of an Ansible inventory (YAML) or a table (CSV).")  # fmt: skip
@click.option("--netbox", metavar="URL", help="Add the devices of a NetBox; the token from NETBOX_TOKEN.")  # fmt: skip
@click.option("--inventory", "folder", type=click.Path(path_type=Path), envvar="NETDIAG_INVENTORY", help="Folder to write into; what stands there stays.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would be written.")
@as_json
def discover(
    seed: tuple[str, ...],
    files: tuple[Path, ...],
    netbox: str | None,
    folder: Path | None,
    dry_run: bool,
    json_: bool,
    **access: Any,
) -> None:
    """Ask each SEED (HOST[:PORT]) for its neighbours, these for theirs, and write hosts.yaml."""
    from platformdirs import user_config_path

    from netdiag.files import importers

    if not (seed or files or netbox):
        raise UsageError("nothing to start from: name a SEED, --import FILE or --netbox URL")
    chosen = folder or user_config_path("netdiag") / "inventory"
    imported = [importers.read(file) for file in files]
    if netbox:
        token = os.environ.get("NETBOX_TOKEN")
        imported.append(importers.from_netbox(importers.fetch_netbox(netbox, token)))
    found = _crawl(seed, **access) if seed else None
    whole = _united(imported, found, access)
    notes = _notes(found)
    if dry_run:
        new = whole.hosts
        common.lines(importers.hosts_yaml(new, notes)) if not json_ else None
    else:
        new = importers.add_to(chosen, whole, notes)
        _check(chosen)
    _tell(chosen, new, whole, found, json_=json_, dry_run=dry_run)
    failed = bool(found and found.not_entered)
    sys.exit(common.status(found=not whole.hosts, missed=failed))


def _crawl(seeds: Sequence[str], **access: Any) -> Discovery:
    from netdiag.collect import discover as crawler
    from netdiag.files.ad_hoc import split

    return crawler.crawl([split(s) for s in seeds], _settings(**access), tell=common.progress)


def _settings(
    communities: tuple[str, ...],
    snmp_user: str | None,
    username: str | None,
    within: tuple[str, ...],
    most: int,
    timeout: float,
) -> Settings:
    from ipaddress import ip_network

    from netdiag.collect.discover import Settings

    ways: list[SnmpAccess] = [
        *([_v3(snmp_user, timeout)] if snmp_user else []),
        *(_v2(community, timeout) for community in communities),
    ]
    if not ways and not username:
        raise UsageError("no way in: --community (or NETDIAG_COMMUNITY), --snmp-user or --username")
    try:
        networks = tuple(ip_network(n, strict=False) for n in within)
    except ValueError as exc:
        raise UsageError(f"--within: {exc}") from exc
    return Settings(tuple(ways), _ssh(username), networks, most)


def _v2(community: str, timeout: float) -> SnmpAccess:
    from netdiag.access import Secret, SnmpAccess

    return SnmpAccess(community=Secret(community), timeout_s=timeout, retries=1)


def _v3(user: str, timeout: float) -> SnmpAccess:
    from netdiag.access import Secret, SnmpAccess

    auth, priv = os.environ.get("NETDIAG_AUTH_KEY"), os.environ.get("NETDIAG_PRIV_KEY")
    return SnmpAccess(
        version="3",
        user=user,
        auth="sha256" if auth else None,
        auth_key=Secret(auth) if auth else None,
        priv="aes128" if priv else None,
        priv_key=Secret(priv) if priv else None,
        timeout_s=timeout,
        retries=1,
    )


def _ssh(username: str | None) -> SshAccess | None:
    from netdiag.access import Secret, SshAccess

    if username is None:
        return None
    password = os.environ.get("NETDIAG_PASSWORD") or click.prompt(
        f"Password of {username}", hide_input=True, err=True
    )
    return SshAccess(username=username, password=Secret(password))


def _united(
    imported: Sequence[Imported], found: Discovery | None, access: dict[str, Any]
) -> Imported:
    from netdiag.files import importers

    hosts = [h for one in imported for h in one.hosts]
    left_out = [sentence for one in imported for sentence in one.left_out]
    if found is not None:
        v3 = 1 if access.get("snmp_user") else 0
        hosts += [_host(e, e.access - v3) for e in found.entered]
    return importers.distinct(hosts, left_out)


def _host(entered: Entered, community: int) -> Host:
    from netdiag.files.importers import Host, clean_name

    snapshot, target = entered.snapshot, entered.target
    descr = (snapshot.sys_descr or "").split("\n")[0].strip()
    seen = f"seen from {entered.seen_from}" if entered.seen_from else "a seed"
    return Host(
        name=clean_name((snapshot.sys_name or target.device.address).split(".")[0])
        if snapshot.sys_name
        else target.device.address,
        hostname=target.device.address,
        platform=snapshot.platform,
        comment=f"{seen}; {descr}" if descr else seen,
        snmp=_reference(entered, community),
    )


def _reference(entered: Entered, community: int) -> dict[str, Any]:
    """How this device was entered, the secret as the name of the variable that holds it.

    The second community is to be put into NETDIAG_COMMUNITY_2, and so on.
    """
    snmp = entered.target.snmp
    if snmp is None:
        return {}
    port = {"port": snmp.port} if snmp.port != 161 else {}
    if snmp.version == "2c":
        number = f"_{community + 1}" if community > 0 else ""
        return {"version": "2c", "community": f"env:NETDIAG_COMMUNITY{number}", **port}
    keys: dict[str, Any] = {"version": 3, "user": snmp.user or "", **port}
    if snmp.auth:
        keys |= {"auth": snmp.auth, "auth_key": "env:NETDIAG_AUTH_KEY"}
    if snmp.priv:
        keys |= {"priv": snmp.priv, "priv_key": "env:NETDIAG_PRIV_KEY"}
    return keys


def _notes(found: Discovery | None) -> list[str]:
    return [f"not entered: {_sentence(one)}" for one in found.not_entered] if found else []


def _sentence(one: NotEntered) -> str:
    where = f" ({one.address})" if one.address and one.address != one.name else ""
    seen = f", seen from {one.seen_from}" if one.seen_from else ""
    return f"{one.name}{where}{seen}: {one.why}"


def _check(folder: Path) -> None:
    """What was written must load; the environment's secrets need not be there."""
    from netdiag.files import inventory

    inventory.load(folder)


def _tell(
    folder: Path,
    new: Sequence[Host],
    whole: Imported,
    found: Discovery | None,
    *,
    json_: bool,
    dry_run: bool,
) -> None:
    missed = found.not_entered if found else ()
    if json_:
        common.emit(
            {
                "schema": "netdiag/discover/1",
                "inventory": None if dry_run else str(folder),
                "devices": [
                    {
                        "name": e.snapshot.sys_name,
                        "address": e.target.device.address,
                        "platform": e.snapshot.platform,
                        "sys_descr": e.snapshot.sys_descr,
                        "seen_from": e.seen_from,
                        "neighbors": len(e.snapshot.neighbors),
                    }
                    for e in (found.entered if found else ())
                ],
                "written": [h.name for h in new],
                "not_entered": [
                    {"name": n.name, "address": n.address, "seen_from": n.seen_from, "why": n.why}
                    for n in missed
                ],
                "stations": len(found.stations) if found else 0,
                "left_out": list(whole.left_out),
            }
        )
    else:
        if found:
            common.table(
                None,
                ("Device", "Address", "Platform", "Seen from"),
                (
                    (e.snapshot.sys_name, e.target.device.address, e.snapshot.platform, e.seen_from)
                    for e in found.entered
                ),
            )
        if not dry_run:
            known = len(whole.hosts) - len(new)
            already = f", {known} were there already" if known else ""
            common.say(f"{len(new)} devices written to {folder / 'hosts.yaml'}{already}")
    for one in missed:
        common.say(f"not entered: {_sentence(one)}", style="yellow", err=True)
    for sentence in whole.left_out:
        common.say(f"left out: {sentence}", style="yellow", err=True)
