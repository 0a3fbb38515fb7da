"""Which requests a walk over many tables needs, and what it makes of the answers. No I/O, no clock.

`Walk` is asked for the next `request()`, and told of what came back: `receive`, `refused` or `lost`.
Rules: first every column is asked for one row, many columns at a time, so that a table which the
agent does not have costs next to nothing; then tables are read whole, several columns and rows a
request. An agent that goes backwards or never ends is stopped at that column; what was read stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import lt

from netdiag.decode.mib_view import Value
from netdiag.decode.oids import NAMES, Oid, show
from netdiag.model import SourceError

MAX_ROWS = 100_000
"""A column: more than any address table holds."""
_NONSENSE = 4
"""One or two tables in disorder are a fault of their firmware; so many are an agent that babbles."""
_BABBLES = "too many tables had no order, no end or no answer: no more was asked"
_PROBE_COLUMNS = 24
_FIRST_SIZE, _MAX_SIZE, _MIN_SIZE = 40, 100, 4
_TOO_BIG, _NO_SUCH_NAME = 1, 2
_STATUS = {1: "tooBig", 2: "noSuchName", 5: "genErr", 6: "noAccess", 16: "authorizationError"}


@dataclass(slots=True)
class _Column:
    table: str
    oid: Oid
    cursor: Oid
    rows: int = 0
    asked: bool = False
    alone: bool = False
    """Asked for without other tables: one of those that it was asked with is not answered."""
    done: bool = False


@dataclass(slots=True)
class Pace:
    """How many varbinds one answer may have: shared by all walks of a device, learned on the way."""

    size: int = _FIRST_SIZE
    nonsense: int = 0
    """Tables so far that went backwards, had no end or were not answered."""

    def faster(self) -> None:
        """A quarter more; twice as much while it is small, as single losses mean little."""
        more = self.size if self.size < _FIRST_SIZE // 2 else self.size // 4
        self.size = min(_MAX_SIZE, self.size + more)

    def slower(self, asked: int) -> None:
        """Half of what was asked for last time."""
        self.size = max(1, min(self.size, asked) // 2)


@dataclass(frozen=True, slots=True)
class Request:
    """A GETBULK: rows after `oids`, `repetitions` of each."""

    oids: tuple[Oid, ...]
    repetitions: int

    @property
    def size(self) -> int:
        return len(self.oids) * self.repetitions


@dataclass(slots=True)
class Walk:
    """A walk over tables; `columns` and `errors` grow."""

    tables: Mapping[str, Sequence[Oid]]
    pace: Pace = field(default_factory=Pace)
    max_rows: int = MAX_ROWS
    bounds: Mapping[str, int] = field(default_factory=dict)
    """By table: the most rows that it can have, where the device has said so."""
    columns: dict[Oid, dict[Oid, Value]] = field(default_factory=dict)
    """What was read, by column, each in the order of its OIDs."""
    errors: list[SourceError] = field(default_factory=list)
    _columns: list[_Column] = field(default_factory=list)
    _pending: list[_Column] = field(default_factory=list)
    _repetitions: int = 1

    def __post_init__(self) -> None:
        self._columns = [
            _Column(table, oid, oid) for table, columns in self.tables.items() for oid in columns
        ]

    def request(self) -> Request | None:
        """The next one to send, or `None` at the end."""
        live = [column for column in self._columns if not column.done]
        if not live:
            return None
        if self.pace.nonsense >= _NONSENSE:
            self.abandon_all(_BABBLES)
            return None
        new = [column for column in live if not column.asked]
        if new:
            if new[0].alone:
                new = [column for column in new if column.table == new[0].table]
            else:
                new = [column for column in new if not column.alone]
            self._pending, self._repetitions = new[: min(_PROBE_COLUMNS, self.pace.size)], 1
        else:
            table = [column for column in live if column.table == live[0].table]
            self._pending = table[: self.pace.size]
            self._repetitions = max(1, self.pace.size // len(self._pending))
        return Request(tuple(column.cursor for column in self._pending), self._repetitions)

    @property
    def varbinds(self) -> dict[Oid, Value]:
        """All that was read."""
        return {oid: value for column in self.columns.values() for oid, value in column.items()}

    def receive(self, answer: Sequence[tuple[Oid, Value | None]]) -> frozenset[int]:
        """Takes an answer (value `None`: no such object, end of the MIB).

        Returns the last numbers of the new rows' indexes: in an interface table the ifIndexes.
        """
        if not answer:
            self._end(self._pending, "the agent answered without a single variable")
            return frozenset()
        new: set[int] = set()
        width = len(self._pending)
        for place, column in enumerate(self._pending):
            rows = answer[place : width * self._repetitions : width]
            if not rows:
                break
            column.asked = True
            if not column.done:
                new.update(self._take_all(column, rows))
        self.pace.faster()
        return frozenset(new)

    def _take_all(self, column: _Column, rows: Sequence[tuple[Oid, Value | None]]) -> Sequence[int]:
        """Rows of one column: all of them at once where nothing is wrong with any, as nearly always."""
        oids, values = zip(*rows, strict=True)
        last = oids[-1]
        if (
            last[: len(column.oid)] == column.oid
            and column.cursor < oids[0]
            and None not in values
            and column.rows + len(rows) <= self._most(column)
            and all(map(lt, oids, oids[1:]))
        ):
            self.columns.setdefault(column.oid, {}).update(rows)  # type: ignore[arg-type]
            column.cursor = last
            column.rows += len(rows)
            return [oid[-1] for oid in oids]
        return [
            oid[-1] for oid, value in rows if not column.done and self._take(column, oid, value)
        ]

    def _take(self, column: _Column, oid: Oid, value: Value | None) -> bool:
        if oid <= column.cursor and value is not None:
            self._fail(column, f"the agent goes backwards: {show(oid)} after {show(column.cursor)}")
        elif value is None or oid[: len(column.oid)] != column.oid:
            column.done = True
        elif column.rows >= self._most(column):
            # A table longer than the device itself says it is: it makes them up as it goes.
            self._fail(column, f"no end after {self._most(column)} rows", weight=2)
        else:
            column.cursor = oid
            column.rows += 1
            self.columns.setdefault(column.oid, {})[oid] = value
        return not column.done

    def _most(self, column: _Column) -> int:
        return min(self.max_rows, self.bounds.get(column.table, self.max_rows))

    def _fail(self, column: _Column, reason: str, *, weight: int = 1) -> None:
        """Ends the column; who talks nonsense in table after table is not asked for the rest."""
        column.done = True
        name = NAMES.get(column.oid, show(column.oid))
        before = {error.what for error in self.errors}
        self.errors.append(
            SourceError("snmp", column.table, f"{name}: {reason}; {column.rows} row(s) are kept")
        )
        self.pace.nonsense += weight * (column.table not in before)
        if self.pace.nonsense >= _NONSENSE:
            self.abandon_all(_BABBLES)

    def refused(self, status: int, index: int) -> None:
        """An error-status: asks for less; a column that is refused even alone is left out."""
        asked = len(self._pending) * self._repetitions
        word = _STATUS.get(status, f"error-status {status}")
        if len(self._pending) == 1 and self._repetitions == 1:
            self._end(self._pending, None if status == _NO_SUCH_NAME else f"refused with {word}")
        elif status != _TOO_BIG and self._repetitions == 1 and 1 <= index <= len(self._pending):
            column = self._pending[index - 1]
            self._end([column], None if status == _NO_SUCH_NAME else f"refused with {word}")
        else:
            self.pace.slower(asked)

    def lost(self) -> None:
        """No answer in time: the next try asks for less, as large answers are lost first."""
        self.pace.size = max(_MIN_SIZE, min(self.pace.size, self.asked) // 2)

    @property
    def asked(self) -> int:
        """How many varbinds the last request may bring."""
        return len(self._pending) * self._repetitions

    def abandon(self, reason: str) -> None:
        """Gives up the table of the last request; several are first asked for one by one."""
        tables = {column.table for column in self._pending}
        if len(tables) > 1:
            for column in self._columns:
                column.alone = column.alone or column.table in tables
            return
        self.pace.nonsense += 1
        self._end([column for column in self._columns if column.table in tables], reason)

    def abandon_all(self, reason: str) -> None:
        """Gives up everything that is not read yet."""
        self._end(self._columns, reason)

    def _end(self, columns: Sequence[_Column], reason: str | None) -> None:
        live = [column for column in columns if not column.done]
        for column in live:
            column.done = True
        for table in dict.fromkeys(column.table for column in live) if reason else ():
            rows = max(column.rows for column in self._columns if column.table == table)
            kept = f"{rows} row(s) are kept" if rows else "nothing was read"
            self.errors.append(SourceError("snmp", table, f"{reason}; {kept}"))
