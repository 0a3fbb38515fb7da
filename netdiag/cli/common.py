"""What commands share: options, where files are, and how an answer is printed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netdiag.errors import UsageError
from netdiag.model import Finding, Severity, Snapshot
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.files.inventory import Inventory
    from netdiag.files.process import Process
    from netdiag.store import Store
    from netdiag.ticket import Ticket

_ERRORS = 6
"""Lines for one device: an agent that talks nonsense fails at every table."""
_WHOLE = 20
"""Cells up to this width are never folded: a broken address cannot be copied."""
F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "json_", is_flag=True, help="One JSON object on stdout.")
inventory_option = click.option(
    "--inventory",
    "inventory_dir",
    type=click.Path(path_type=Path),
    envvar="NETDIAG_INVENTORY",
    help="Folder with hosts.yaml, groups.yaml, defaults.yaml.",
)
db_option = click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="NETDIAG_DB",
    help="The database file. Default: in your data folder.",
)
_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.MAJOR: "red",
    Severity.MINOR: "yellow",
    Severity.WARNING: "cyan",
}


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several click decorators as one, in the order in which help shows them."""

    def apply(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


def load_inventory(folder: Path | None) -> Inventory:
    """The inventory of `--inventory`, NETDIAG_INVENTORY, or the user's config folder."""
    from platformdirs import user_config_path

    from netdiag.files import inventory

    chosen = folder or user_config_path("netdiag") / "inventory"
    try:
        is_there = (chosen / "hosts.yaml").is_file()
    except OSError as exc:
        raise UsageError(f"{chosen / 'hosts.yaml'}: {exc.strerror or exc}") from exc
    if not is_there:
        raise UsageError(
            f"no inventory: {chosen / 'hosts.yaml'} does not exist. "
            "`netdiag init` writes a starter; --inventory DIR or NETDIAG_INVENTORY names another; "
            "`netdiag lab up` brings a practice network with its own."
        )
    loaded = inventory.load(chosen)
    if not loaded.devices:
        raise UsageError(f"{chosen / 'hosts.yaml'} names no device: add one, or see `netdiag init`")
    return loaded


def open_store(db: Path | None) -> Store:
    """The database of `--db`, NETDIAG_DB, or the default place."""
    from netdiag import store

    return store.Store(db or store.default_path(), rules=lambda: process().rules)


def announce(store: Store, process: Process, *tickets: Ticket) -> None:
    """Tells those who want to know; what cannot be sent now is sent by the next `ticket sync`."""
    if process.notices or any(team.notify for team in process.teams):
        from netdiag import notices

        for sentence in notices.announce(store, process, tickets):
            say(sentence, style="yellow", err=True)


def process() -> Process:
    """The team's rules: NETDIAG_PROCESS, or `process.yaml` in the config folder, or the shipped ones."""
    from netdiag.files import process as files_process

    return files_process.load()


def kb_folder() -> Path | None:
    """The folder of NETDIAG_KB, where a team keeps its articles in git."""
    named = os.environ.get("NETDIAG_KB")
    return Path(named) if named else None


def who() -> str:
    """The person who gives an approval: the login name, for the record."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError) as exc:
        raise UsageError("no login name to put on the record: name yourself with --by") from exc


def emit(value: Any) -> None:
    """One JSON object on stdout; ASCII only, so that no terminal can be told anything by a name."""
    click.echo(json.dumps(value, ensure_ascii=True, indent=1))


def console(*, stderr: bool = False) -> Any:
    """A rich console that never interprets text as markup and keeps to 80 columns when piped."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = 100
    return made


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A plain table, every cell cleaned; addresses and names stay whole, only the last column wraps."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [["" if c is None else clean(str(c)) for c in row] for row in rows]
    used = [n for n in range(len(columns)) if any(row[n] for row in cells)]
    shown = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0)
    )
    narrowest = 0
    for n in used:
        widest = max([len(columns[n]), *(len(row[n]) for row in cells)])
        whole = widest <= _WHOLE
        shown.add_column(
            columns[n], overflow="fold", no_wrap=whole, min_width=widest if whole else 8
        )
        narrowest += (widest if whole else 8) + 1
    for row in cells:
        shown.add_row(*(Text(row[n]) for n in used))
    out = console()
    # Wider than the terminal is better than a column that silently disappears.
    out.width = max(out.width, narrowest + 1)
    out.print(shown, crop=False)


def say(text: str, *, style: str | None = None, err: bool = False) -> None:
    """A cleaned line for people; wraps at the terminal's width."""
    from rich.text import Text

    out = console(stderr=err)
    # Piped lines stay whole: a path or a sentence broken in two cannot be searched for.
    out.print(Text(clean(text, 2000), style=style or ""), soft_wrap=not out.is_terminal)


def progress(text: str) -> None:
    """What is going on, on stderr."""
    say(text, style="dim", err=True)


def print_findings(found: Iterable[Finding]) -> None:
    """Findings, a line each, worst first as they come."""
    from rich.text import Text

    out = console()
    for f in found:
        line = Text(f"{f.severity.value:<8} ", style=_STYLE[f.severity])
        line.append(f"{f.kind.value}  ", style="bold")
        line.append(clean(f.summary, 1000), style="default")
        out.print(line, soft_wrap=not out.is_terminal)


def print_errors(snapshots: Iterable[Snapshot]) -> None:
    """What could not be looked at, on stderr."""
    for s in snapshots:
        for e in s.errors[:_ERRORS]:
            say(f"could not look: {s.device}: {e.what}: {e.message}", style="yellow", err=True)
        if len(s.errors) > _ERRORS:
            more = f"{len(s.errors) - _ERRORS} more like these (--json has them all)"
            say(f"could not look: {s.device}: {more}", style="yellow", err=True)


def lines(text: str) -> None:
    """Text of several lines, each cleaned, none wrapped: Markdown, transcripts."""
    for line in text.splitlines():
        click.echo(clean(line, 2000))


def read_text(path: Path) -> str:
    """A whole text file; what is wrong with it is said with its name."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: cannot be read as text: {exc}") from exc


def write_file(path: Path, content: str | bytes) -> None:
    """Writes a whole file; what goes wrong is said with the file's name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be written: {exc.strerror or exc}") from exc


def seconds(period: str) -> float:
    """`290s`, `5m`, `2h` or a plain number of seconds."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(period[-1:])
    try:
        value = float(period[:-1]) * unit if unit else float(period)
    except ValueError:
        value = -1.0
    if not 0 < value < 10**8:
        raise UsageError(f"--for {period!r}: should be a time such as 10s, 5m or 2h")
    return value


def status(*, found: bool, missed: bool) -> int:
    """The contract's exit status of a command that looks."""
    return 3 if missed else 1 if found else 0


def targets(
    inventory_dir: Path | None, names: Sequence[str], ad_hoc: dict[str, Any]
) -> tuple[tuple[Target, ...], Inventory | None]:
    """The targets named: of the inventory, or HOST[:PORT] with credentials from the options."""
    from netdiag.files import ad_hoc as files_ad_hoc

    given = {key: value for key, value in ad_hoc.items() if value is not None}
    if given and not names:
        raise UsageError(
            f"--{next(iter(given)).replace('_', '-')} goes with HOST[:PORT], and none is named"
        )
    if given:
        given = _secrets(given)
        return tuple(files_ad_hoc.target(name, **given) for name in names), None
    loaded = load_inventory(inventory_dir)
    return loaded.targets(names), loaded


def _secrets(given: dict[str, Any]) -> dict[str, Any]:
    """Passwords and keys come from the environment or a prompt, never from the command line."""
    for key, name in (("auth_key", "NETDIAG_AUTH_KEY"), ("priv_key", "NETDIAG_PRIV_KEY")):
        if given.get("snmp_user") and os.environ.get(name):
            given = given | {key: os.environ[name]}
    if given.get("username") and "password" not in given:
        password = os.environ.get("NETDIAG_PASSWORD") or click.prompt(
            f"Password of {given['username']}", hide_input=True, err=True
        )
        given = given | {"password": password}
    return given
