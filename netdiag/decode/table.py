"""Text of a command line into rows, by the TextFSM template that its command is pinned to.

A template is compiled once, and run by `machine`. The few that need the library itself hold state
while they read, so each reader takes one from the pool and puts it back: any number of threads may
call `rows`.
"""

from __future__ import annotations

import io
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from netdiag.decode.machine import Machine, UnexpectedLine
from netdiag.errors import DecodeError

if TYPE_CHECKING:
    from textfsm import TextFSM

Row = Mapping[str, Any]
_IDLE: dict[tuple[str, bool], list[TextFSM]] = {}
# "  ^. -> Error": one line that its author never saw would lose every other line.
_STRICT_RULE = re.compile(r"^\s+\^.*->\s*Error\b.*\n?", re.MULTILINE)


class Columns(dict[str, Any]):
    """A row of a table; a column that its template does not have is empty."""

    def __missing__(self, column: str) -> str:
        return ""


def first(value: Any) -> str:
    """The text of a column, the first of those of a list."""
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return str(value or "")


def rows(template: str, text: str) -> list[dict[str, Any]]:
    """One dict a record, keys in the template's capitals; `DecodeError` where it does not fit."""
    return _rows(template, text, strict=True)


def read(
    template: str, text: str, columns: Mapping[str, str] | None = None
) -> tuple[list[Columns], DecodeError | None]:
    """All rows that can be read, in our columns, and the first line that the template did not expect.

    `columns`: our name by the template's.
    """
    renamed = columns or {}
    unexpected: DecodeError | None = None
    try:
        found = _rows(template, text, strict=True)
    except DecodeError as exc:
        unexpected = exc
        found = _rows(template, text, strict=False)
    if not renamed:
        return [Columns(r) for r in found], unexpected
    shown = [Columns({renamed.get(key, key): value for key, value in r.items()}) for r in found]
    return shown, unexpected


def _rows(template: str, text: str, *, strict: bool) -> list[dict[str, Any]]:
    machine = _machine(template, strict=strict)
    try:
        return machine.run(text) if machine is not None else _by_library(template, text, strict)
    except UnexpectedLine as exc:
        line = str(exc).strip().rstrip(".")
        raise DecodeError(f"unexpected line in the output: {line[:100]!r}") from exc


@cache
def _machine(template: str, *, strict: bool) -> Machine | None:
    return Machine.of(_compile(template, strict=strict))


def _by_library(template: str, text: str, strict: bool) -> list[dict[str, Any]]:
    from textfsm import TextFSMError

    pool = _IDLE.setdefault((template, strict), [])
    try:
        fsm = pool.pop()
    except IndexError:
        fsm = _compile(template, strict=strict)
    try:
        fsm.Reset()
        found: list[dict[str, Any]] = fsm.ParseTextToDicts(text)
    except TextFSMError as exc:
        raise UnexpectedLine(str(exc).rpartition("Input Line:")[2]) from exc
    finally:
        pool.append(fsm)
    return found


def _compile(template: str, *, strict: bool) -> TextFSM:
    from textfsm import TextFSM

    package, name = ("netdiag.platforms", template)
    if template.startswith("ntc:"):
        import ntc_templates

        package, name = ntc_templates.__name__, template.removeprefix("ntc:")
    octets = pkgutil.get_data(package, f"templates/{name}")
    if octets is None:
        raise FileNotFoundError(f"{package}/templates/{name}")
    source = octets.decode()
    return TextFSM(io.StringIO(source if strict else _STRICT_RULE.sub("", source)))
