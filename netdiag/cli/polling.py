"""What `netdiag poll` shows while it runs: each device's row as it comes, and on a terminal how far it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from netdiag import contract
from netdiag.cli import common
from netdiag.model import Finding, Snapshot
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.access import Target

_FEW = 20
"""With more devices than these, what is going on with each is no news on stderr."""


class Polling:
    """The output of a poll while it runs; used with `with`. `rows`: whether devices are shown."""

    def __init__(self, targets: Sequence[Target], *, rows: bool) -> None:
        self._count = len(targets)
        self._table = Rows(targets) if rows else None
        self._missed = 0
        self._stack = ExitStack()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        terminal = sys.stdout.isatty() if self._table else sys.stderr.isatty()
        if terminal or sys.stderr.isatty():
            self._start_bar(common.console(stderr=not terminal or self._table is None))
        if self._table is not None:
            self._print(self._table.head())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def arrived(self, snapshot: Snapshot) -> None:
        """A device has told all that it will."""
        self._missed += not snapshot.reachable
        if self._table is not None:
            self._print(self._table.row(snapshot))
        if self._bar is not None:
            what = f"{self._missed} not read" if self._missed else ""
            self._bar.update(self._task, advance=1, missed=what)

    def tell(self, text: str) -> None:
        """What is going on: one line on stderr, where there are few and no bar says it."""
        if self._bar is None and self._count <= _FEW:
            common.progress(text)

    def _start_bar(self, console: Any) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        columns = ("devices", BarColumn(), MofNCompleteColumn(), "{task.fields[missed]}")
        bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._bar = self._stack.enter_context(bar)
        self._task = self._bar.add_task("devices", total=self._count, missed="")

    def _print(self, line: str) -> None:
        """Whole lines at once: a reader of the pipe sees each device as it comes."""
        if self._bar is not None and sys.stdout.isatty():
            from rich.text import Text

            self._bar.console.print(Text(line), soft_wrap=True)
        else:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


class Rows:
    """A table whose rows are written one by one, so its widths are those of what is known before."""

    def __init__(self, targets: Sequence[Target]) -> None:
        names = [clean(t.device.name) for t in targets]
        platforms = [t.device.platform or "" for t in targets]
        self._columns = (
            ("Device", max(map(_width, ["Device", *names]))),
            ("Answers", 7),
            ("By", 8),
            ("Platform", max(map(len, ["Platform", "cisco_ios", *platforms]))),
            ("Up", 7),
            ("Ports up", 8),
            ("Closed", 6),
            ("MACs", 5),
            ("Neighbours", 10),
        )

    def head(self) -> str:
        """The names of the columns, and a rule."""
        cells = self._line([name for name, _ in self._columns])
        return f"{cells}\n{'─' * (sum(width for _, width in self._columns) + len(self._columns))}"

    def row(self, s: Snapshot) -> str:
        """One device."""
        closed = sum(i.err_disabled is not None for i in s.interfaces)
        up = sum(i.oper_status == "up" for i in s.interfaces)
        return self._line(
            (
                s.device,
                "in part" if s.reachable and s.errors else "yes" if s.reachable else "NO",
                "+".join(s.sources),
                s.platform or "",
                _days(s.sys_up_time_s),
                f"{up}/{len(s.interfaces)}",
                str(closed or ""),
                str(len({e.mac for e in s.fdb})),
                str(len(s.neighbors)),
            )
        )

    def _line(self, cells: Sequence[str]) -> str:
        padded = (
            cell + " " * (width - _width(cell))
            for cell, (_, width) in zip(map(clean, cells), self._columns, strict=True)
        )
        return " ".join(padded).rstrip()


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _days(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds / 86400:.1f} d" if seconds >= 86400 else f"{seconds / 60:.0f} min"


def summary(snapshots: Sequence[Snapshot], took_s: float) -> str:
    """How far the look went, in one line."""
    silent = sum(not s.reachable for s in snapshots)
    part = sum(s.reachable and bool(s.errors) for s in snapshots)
    parts = [f"{len(snapshots) - silent - part} read"]
    parts += [f"{part} read in part"] if part else []
    parts += [f"{silent} not read"] if silent else []
    devices = "1 device" if len(snapshots) == 1 else f"{len(snapshots)} devices"
    return f"{devices} in {took_s:.1f} s: {', '.join(parts)}"


def emit(
    snapshots: Sequence[Snapshot], found: Iterable[Finding], *, started: datetime, took_s: float
) -> None:
    """The contract's JSON object, a device a line: never all of them in memory as text."""
    whole = contract.poll((), found, started=started, took_s=took_s)
    before, after = json.dumps(whole).split('"devices": []')
    sys.stdout.write(before + '"devices": [\n')
    for n, snapshot in enumerate(snapshots):
        sys.stdout.write((",\n" if n else "") + json.dumps(contract.snapshot(snapshot)))
    sys.stdout.write("\n]" + after + "\n")
    sys.stdout.flush()
