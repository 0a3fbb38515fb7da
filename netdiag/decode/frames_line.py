"""One JSON line of the capture process, read with suspicion: DecodeError for a field of a wrong type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from netdiag.errors import DecodeError


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time; DecodeError beyond the years that a datetime holds."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as exc:
        raise DecodeError(f"{seconds!r} is no time") from exc


class Line:
    """Typed access to one object's fields."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise DecodeError(f"{name} is {value!r}, not a text")
        return value

    def optional(self, name: str) -> str | None:
        return None if self._fields.get(name) is None else self.text(name)

    def number(self, name: str, default: int | None = None) -> int:
        value = self._fields.get(name, default)
        if not isinstance(value, int):
            raise DecodeError(f"{name} is {value!r}, not a whole number")
        return value

    def maybe(self, name: str) -> int | None:
        return None if self._fields.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        return self._fields.get(name) is True

    def time(self, name: str) -> datetime | None:
        value = self._fields.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float):
            raise DecodeError(f"{name} is {value!r}, not a time")
        return moment(value)

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._fields.get(name) or ()
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise DecodeError(f"{name} is no list of texts")
        return tuple(value)

    def stack(self) -> tuple[int, ...]:
        """The VLAN tags, outer first."""
        value = self._fields.get("vlans") or ()
        if not isinstance(value, list | tuple) or not all(isinstance(v, int) for v in value):
            raise DecodeError("vlans is no list of numbers")
        return tuple(value)

    def rows(self, name: str, width: int) -> list[list[Any]]:
        value = self._fields.get(name, [])
        if not isinstance(value, list) or not all(
            isinstance(row, list) and len(row) == width for row in value
        ):
            raise DecodeError(f"{name} is no table of {width} columns")
        return value

    def inner(self, name: str) -> dict[str, Line]:
        """An object of objects."""
        value = self._fields.get(name) or {}
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            raise DecodeError(f"{name} is no object of objects")
        return {key: Line(inner) for key, inner in value.items()}

    def counts(self, name: str) -> dict[str, int]:
        value = self._fields.get(name) or {}
        if not isinstance(value, dict) or not all(isinstance(v, int) for v in value.values()):
            raise DecodeError(f"{name} is no object of numbers")
        return value
