"""`init` and `doctor`: getting started."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, inventory_option
from netdiag.errors import NetdiagError, UsageError


@click.command(short_help="Write a commented starter inventory.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@as_json
def init(folder: Path | None, json_: bool) -> None:
    """Writes hosts.yaml, groups.yaml and defaults.yaml into FOLDER (default: your config folder)."""
    from platformdirs import user_config_path

    from netdiag.files.starter import starter

    texts = starter()
    chosen = folder or user_config_path("netdiag") / "inventory"
    present = [name for name in texts if (chosen / name).exists()]
    if present:
        raise UsageError(f"{chosen / present[0]} is already there, and is not overwritten")
    for name, text in texts.items():
        common.write_file(chosen / name, text)
    if json_:
        common.emit({"schema": "netdiag/init/1", "folder": str(chosen), "files": sorted(texts)})
    else:
        common.say(f"written: {chosen}")
        common.say("edit hosts.yaml, then: netdiag doctor, netdiag poll")


@click.command(short_help="Say what this machine can do, and how to get the rest.")
@inventory_option
@db_option
@as_json
def doctor(inventory_dir: Path | None, db: Path | None, json_: bool) -> None:
    """Raw sockets, interfaces, the database, the inventory and its secrets, optional parts."""
    from netdiag import doctor as checkup

    rows = [*checkup.machine(), _database(db), *_inventory(inventory_dir)]
    if json_:
        common.emit(
            {
                "schema": "netdiag/doctor/1",
                "checks": [
                    {"what": r.what, "ok": r.ok, "detail": r.detail, "remedy": r.remedy}
                    for r in rows
                ],
            }
        )
    else:
        common.table(
            None,
            ("What", "", "Detail", "How to get it"),
            ((r.what, "ok" if r.ok else "no", r.detail, r.remedy) for r in rows),
        )
    sys.exit(0)


def _database(db: Path | None):  # type: ignore[no-untyped-def]
    from netdiag.doctor import Finding

    try:
        with common.open_store(db) as store:
            return Finding("database", ok=True, detail=str(store.path))
    except NetdiagError as exc:
        return Finding(
            "database", ok=False, detail=str(exc), remedy="--db FILE names another place"
        )


def _inventory(folder: Path | None):  # type: ignore[no-untyped-def]
    from netdiag.doctor import Finding

    try:
        loaded = common.load_inventory(folder)
    except NetdiagError as exc:
        return [Finding("inventory", ok=False, detail=str(exc), remedy="netdiag init")]
    rows = [Finding("inventory", ok=True, detail=f"{len(loaded.devices)} devices")]
    return rows + [
        Finding(
            "secret",
            ok=False,
            detail=f"{where} is a plain value",
            remedy="write env:NAME, file:PATH or keyring:NAME",
        )
        for where in loaded.plain_secrets()
    ]
