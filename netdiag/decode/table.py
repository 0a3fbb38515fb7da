"""Text of a command line into rows, by the TextFSM template that its command is pinned to.

A template is compiled once. Compiled ones hold state while they read, so each reader takes one from
the pool and puts it back: any number of threads may call `rows`.
"""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netdiag.errors import DecodeError

if TYPE_CHECKING:
    from textfsm import TextFSM

Row = Mapping[str, Any]
_IDLE: dict[str, list[TextFSM]] = {}


def rows(template: str, text: str) -> list[dict[str, Any]]:
    """One dict a record, keys in the template's capitals; `DecodeError` where it does not fit."""
    from textfsm import TextFSMError

    pool = _IDLE.setdefault(template, [])
    try:
        machine = pool.pop()
    except IndexError:
        machine = _compile(template)
    try:
        machine.Reset()
        found: list[dict[str, Any]] = machine.ParseTextToDicts(text)
    except TextFSMError as exc:
        line = str(exc).rpartition("Input Line:")[2].strip().rstrip(".")
        raise DecodeError(f"unexpected line in the output: {line[:100]!r}") from exc
    finally:
        pool.append(machine)
    return found


def _compile(template: str) -> TextFSM:
    from textfsm import TextFSM

    package, name = ("netdiag.platforms", template)
    if template.startswith("ntc:"):
        import ntc_templates

        package, name = ntc_templates.__name__, template.removeprefix("ntc:")
    octets = pkgutil.get_data(package, f"templates/{name}")
    if octets is None:
        raise FileNotFoundError(f"{package}/templates/{name}")
    return TextFSM(io.StringIO(octets.decode()))
