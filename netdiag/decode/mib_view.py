"""Varbinds by column and index, with types checked: what is not of its type is counted, not raised.

A value is an `int` (INTEGER, Counter, Gauge, TimeTicks), `bytes` (OCTET STRING, IpAddress, Opaque)
or an `Oid`; noSuchObject, noSuchInstance, endOfMibView and Null are not values and never get here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar

from netdiag import text
from netdiag.decode.oids import NAMES, Oid, show
from netdiag.model import SourceError

Value: TypeAlias = int | bytes | Oid
Varbind: TypeAlias = tuple[Oid, Value]
Index: TypeAlias = Oid
"""What follows the column in an OID."""

Columns: TypeAlias = Mapping[Oid, Mapping[Oid, Value]]
"""Cells by their column, each column's in the order of its OIDs."""

_T = TypeVar("_T", int, bytes, tuple[int, ...])


class View:
    """The varbinds of one context. `problems` grows while columns are read.

    `columns`: cells that are sorted already, as a walk reads them; none of them is in `varbinds`.
    """

    def __init__(
        self, varbinds: Iterable[Varbind], context: str = "", *, columns: Columns | None = None
    ) -> None:
        self._values = dict(varbinds)
        self._oids = sorted(self._values)
        self._columns = columns or {}
        self._wrong: dict[str, list[str]] = {}
        self._context = context

    def column(self, column: Oid) -> Iterator[tuple[Index, Value]]:
        """(index, value) pairs of one column in the order of the OIDs."""
        size = len(column)
        if column in self._columns:
            for found, value in self._columns[column].items():
                if len(found) > size:
                    yield found[size:], value
        for position in range(bisect_left(self._oids, column), len(self._oids)):
            found = self._oids[position]
            if found[:size] != column:
                return
            if len(found) > size:
                yield found[size:], self._values[found]

    def _typed(self, column: Oid, kind: type[_T]) -> dict[Index, _T]:
        size, cells = len(column), self._columns.get(column, {})
        if set(map(type, cells.values())) == {kind}:  # as nearly always: nothing to leave out
            return {oid[size:]: value for oid, value in cells.items()}  # type: ignore[misc]
        rows: dict[Index, _T] = {}
        for index, value in self.column(column):
            if isinstance(value, kind):
                rows[index] = value
            elif value != b"":  # an agent's way of saying that a cell has no value
                self.wrong(column, index, value)
        return rows

    def integers(self, column: Oid) -> dict[Index, int]:
        """The column's non-negative whole numbers; a negative one is an agent's "not known"."""
        found = self._typed(column, int)
        if found and min(found.values()) < 0:
            return {index: value for index, value in found.items() if value >= 0}
        return found

    def octets(self, column: Oid) -> dict[Index, bytes]:
        return self._typed(column, bytes)

    def texts(self, column: Oid) -> dict[Index, str]:
        """A NUL ends a text: agents written in C pad with them, and with what lay behind them."""
        return {k: text.decode_octets(v.split(b"\0")[0]) for k, v in self.octets(column).items()}

    def by_number(self, column: Oid) -> dict[int, int]:
        """A column whose index is one number (ifIndex, base port) and whose values are numbers."""
        return self._single(column, self.integers(column))

    def texts_by_number(self, column: Oid) -> dict[int, str]:
        """The same for text; empty texts are left out."""
        return {k: v for k, v in self._single(column, self.texts(column)).items() if v.strip()}

    def octets_by_number(self, column: Oid) -> dict[int, bytes]:
        return self._single(column, self.octets(column))

    def _single(self, column: Oid, rows: dict[Index, _S]) -> dict[int, _S]:
        if set(map(len, rows)) <= {1}:
            return {index[0]: value for index, value in rows.items()}
        single: dict[int, _S] = {}
        for index, value in rows.items():
            if len(index) == 1:
                single[index[0]] = value
            else:
                self.wrong(column, index, "an index of more than one number")
        return single

    def integer(self, scalar: Oid) -> int | None:
        value = self._scalar(scalar, int)
        return None if value is None or value < 0 else value

    def octet_string(self, scalar: Oid) -> bytes | None:
        return self._scalar(scalar, bytes) or None

    def string(self, scalar: Oid) -> str | None:
        value = self.octet_string(scalar)
        return None if value is None else text.decode_octets(value) or None

    def object_id(self, scalar: Oid) -> str | None:
        value = self._scalar(scalar, tuple)
        return None if value is None else show(value)

    def _scalar(self, scalar: Oid, kind: type[_T]) -> _T | None:
        value = self._values.get(scalar)
        if value is None or isinstance(value, kind):
            return value
        if value != b"":
            self.wrong(scalar, (), value)
        return None

    def wrong(self, column: Oid, index: Index, value: object) -> None:
        """Notes a cell that is left out because it is not what the MIB says."""
        name = NAMES.get(column, show(column))
        self._wrong.setdefault(name, []).append(f"{show((*column, *index))} = {value!r:.60}")

    @property
    def problems(self) -> tuple[SourceError, ...]:
        """One entry an object: how many cells were left out, and the first of them."""
        return tuple(
            SourceError(
                "snmp",
                name + self._context,
                f"{len(cells)} value(s) are not what the MIB says and were left out, first {cells[0]}",
            )
            for name, cells in self._wrong.items()
        )


_S = TypeVar("_S")
