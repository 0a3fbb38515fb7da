"""Everything that outlives the program: snapshots, captures, tickets, articles, record of changes.

The only SQL. What goes wrong with the file is a `StoreError` that says what to do, or `Locked`
when another netdiag is in the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from netdiag.errors import FileFormatError, Locked, StoreError, UsageError
from netdiag.files import codec
from netdiag.kb import Article
from netdiag.model import Baseline, Capture, LogEvent, SegmentLevel, Series, Snapshot
from netdiag.store import lock
from netdiag.store.database import BUSY_S, connect, default_path, prepare, translated, writing
from netdiag.store.times import from_stored, to_stored
from netdiag.ticket import SHIPPED, Rules, Stage, Ticket

T = TypeVar("T")

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from netdiag.store.journal import Journal
    from netdiag.store.outbox import Outbox

__all__ = ["KEEP_DAYS", "Store", "default_path"]

KEEP_DAYS = 30.0
"""How long snapshots, counters and captures are kept; tickets, articles and the journal stay."""
_BASELINE_AGE = timedelta(days=14)
_SEGMENT_AGE, _PRESENT = timedelta(days=7), timedelta(hours=2)
_TRIES = 20
_EVENT_ROWS = 20_000
"""The newest events that a diagnosis reads."""
_BASELINE_ROWS = 300_000
"""The newest readings suffice for what is usual, and bound the time that a diagnosis waits."""


class Store:
    """One database file; open it with `with`."""

    def __init__(
        self,
        path: Path,
        *,
        keep_days: float = KEEP_DAYS,
        busy_s: float = BUSY_S,
        rules: Callable[[], Rules] = lambda: SHIPPED,
    ) -> None:
        """`rules`: the team's, asked for when the first ticket is read or written."""
        self.path = path
        self._rules = cache(rules)
        self._keep = timedelta(days=keep_days)
        with translated(path):
            prepare(path)
            self._engine = connect(path, busy_s)
        # Late: the schema imports SQLAlchemy, which `netdiag --help` must not.
        from netdiag.store import schema
        from netdiag.store.journal import Journal
        from netdiag.store.outbox import Outbox

        self._schema = schema
        self.journal: Journal = Journal(self._engine, path)
        self.outbox: Outbox = Outbox(self._engine, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def lock(self, name: str, *, who: str = "", what: str = "") -> Iterator[None]:
        """Held while the block runs, by one process only; `Locked` at once when another has it.

        `who` holds it, and what it is a lock of: both are said to the next one.
        """
        with ExitStack() as stack:
            with translated(self.path):
                stack.enter_context(lock.held(self.path, name, who=who, what=what))
            yield

    # --- what was observed ---

    def add_snapshots(self, snapshots: Iterable[Snapshot]) -> None:
        """All in one transaction; then what is older than `keep_days` goes, and what is old is thinned."""
        from netdiag.store import baseline

        stored = tuple(snapshots)
        if not stored:
            return
        table, counters = self._schema.SNAPSHOT, self._schema.COUNTER
        rows = [
            {
                "device": s.device,
                "at": to_stored(s.at),
                "reachable": int(s.reachable),
                "body": codec.dump(s),
            }
            for s in stored
        ]
        readings = [row for s in stored for row in baseline.rows(s)]
        with translated(self.path), writing(self._engine) as connection:
            connection.execute(table.insert(), rows)
            if readings:
                connection.execute(counters.insert().prefix_with("OR REPLACE"), readings)
            newest = max(s.at for s in stored)
            self._thin(connection, {s.device for s in stored}, newest)
            self._prune(connection, newest - self._keep)

    def history(
        self,
        before: datetime,
        *,
        per_device: int = 3,
        device: str | None = None,
        brief: frozenset[str] = frozenset(),
    ) -> tuple[Snapshot, ...]:
        """The newest good snapshots of each device (or that one) from before that time, newest first.

        Of the devices in `brief` the newest alone, without its address table: of a thousand devices
        that is a fifth of the memory.
        """
        import sqlalchemy as sa

        table = self._schema.SNAPSHOT
        newest = sa.func.row_number().over(
            partition_by=table.c.device, order_by=[table.c.at.desc(), table.c.id.desc()]
        )
        good = (
            sa.select(table.c.device, table.c.body, table.c.at, table.c.id, newest.label("place"))
            .where(table.c.reachable == 1, table.c.at < to_stored(before))
            .where(sa.true() if device is None else table.c.device == device)
            .subquery()
        )
        # Their names go in as one JSON text: SQLite bounds the number of parameters.
        names = sa.func.json_each(json.dumps(sorted(brief))).table_valued("value")
        is_brief = good.c.device.in_(sa.select(names.c.value))
        body = sa.case((is_brief, sa.func.json_remove(good.c.body, "$.fdb")), else_=good.c.body)
        query = (
            sa.select(body)
            .where(good.c.place <= sa.case((is_brief, 1), else_=per_device))
            .order_by(good.c.at.desc(), good.c.id)
        )
        return self._load_all(Snapshot, query)

    def baselines(self, before: datetime) -> tuple[Baseline, ...]:
        """What was usual for each port in the two weeks before that time."""
        from netdiag.store import baseline

        table = self._schema.COUNTER
        first = to_stored(before - _BASELINE_AGE)
        query = (
            table.select()
            .where(table.c.at >= first, table.c.at < to_stored(before))
            .order_by(table.c.at.desc())
            .limit(_BASELINE_ROWS)
        )
        with translated(self.path), self._engine.connect() as connection:
            counters = [dict(row) for row in connection.execute(query).mappings()]
        return baseline.baselines(counters)

    def rates(
        self, ports: Iterable[tuple[str, str]], since: datetime, until: datetime
    ) -> tuple[Series, ...]:
        """Broadcasts into each (device, port) in that time, in the order of the ports."""
        import sqlalchemy as sa

        from netdiag.store import baseline

        wanted = list(dict.fromkeys(ports))
        table = self._schema.COUNTER
        query = (
            table.select()
            .where(
                sa.tuple_(table.c.device, table.c.interface).in_(wanted),
                table.c.at >= to_stored(since - _BASELINE_AGE),
                table.c.at <= to_stored(until),
            )
            .order_by(table.c.at.desc())
            .limit(_BASELINE_ROWS)
        )
        if not wanted:
            return ()
        with translated(self.path), self._engine.connect() as connection:
            counters = [dict(row) for row in connection.execute(query).mappings()]
        found = baseline.series(counters, since)
        return tuple(sorted(found, key=lambda s: wanted.index((s.device or "", s.interface))))

    def add_capture(self, capture: Capture, at: datetime) -> None:
        """What a sensor heard, or a file held."""
        from netdiag.store import levels

        row = {"at": to_stored(at), "source": capture.source, "body": codec.dump(capture)}
        loud = levels.rows(capture, at)
        with translated(self.path), writing(self._engine) as connection:
            connection.execute(self._schema.CAPTURE.insert().values(**row))
            if loud:
                connection.execute(self._schema.SEGMENT_LEVEL.insert(), loud)

    def segments(self, before: datetime) -> tuple[SegmentLevel, ...]:
        """How loud the wire was at each sensor in the week before, without the last two hours."""
        from netdiag.store import levels

        table = self._schema.SEGMENT_LEVEL
        first, last = to_stored(before - _SEGMENT_AGE), to_stored(before - _PRESENT)
        query = (
            table.select()
            .where(table.c.at >= first, table.c.at < last)
            .order_by(table.c.at.desc())
            .limit(levels.MOST_ROWS)
        )
        with translated(self.path), self._engine.connect() as connection:
            return levels.usual(dict(row) for row in connection.execute(query).mappings())

    def captures(self, since: datetime, *, limit: int | None = None) -> tuple[Capture, ...]:
        """Captures stored at that time or later, newest first, at most so many."""
        import sqlalchemy as sa

        table = self._schema.CAPTURE
        query = (
            sa.select(table.c.body)
            .where(table.c.at >= to_stored(since))
            .order_by(table.c.at.desc(), table.c.id.desc())
            .limit(limit)
        )
        return self._load_all(Capture, query)

    def add_events(self, heard: Iterable[tuple[LogEvent, datetime]]) -> None:
        """(last event with its count, when the first of them was heard) pairs; then the old ones go."""
        pairs = tuple(heard)
        rows = [
            {
                "first": to_stored(first),
                "last": to_stored(event.at or first),
                "device": event.device,
                "event": event.event,
                "count": event.count,
                "body": codec.dump(event),
            }
            for event, first in pairs
        ]
        if not pairs:
            return
        table = self._schema.LOG_EVENT
        oldest = to_stored(max(event.at or first for event, first in pairs) - self._keep)
        with translated(self.path), writing(self._engine) as connection:
            connection.execute(table.insert(), rows)
            connection.execute(table.delete().where(table.c.last < oldest))

    def events(self, since: datetime) -> tuple[LogEvent, ...]:
        """What was heard at that time or later, the oldest first: of alike ones the first and the last."""
        import sqlalchemy as sa

        table = self._schema.LOG_EVENT
        query = (
            sa.select(table.c.body, table.c.first)
            .where(table.c.last >= to_stored(since))
            .order_by(table.c.last.desc(), table.c.id.desc())
            .limit(_EVENT_ROWS)
        )
        with translated(self.path), self._engine.connect() as connection:
            rows = [(str(body), from_stored(first)) for body, first in connection.execute(query)]
        found: list[LogEvent] = []
        for body, first in rows:
            last = self._loaded(LogEvent, body)
            if last.count > 1:
                found.append(replace(last, at=first, count=1))
                last = replace(last, count=last.count - 1)
            found.append(last)
        return tuple(sorted(found, key=lambda e: e.at or since))

    def prune(self, before: datetime) -> None:
        """Remove snapshots, counters, captures and events from before that time."""
        with translated(self.path), writing(self._engine) as connection:
            self._prune(connection, before)

    def _thin(self, connection: Connection, devices: Iterable[str], newest: datetime) -> None:
        """Of snapshots older than an hour the first good one an hour stays, older than a day one a day.

        A snapshot of a 48-port switch is some 100 kB: every five minutes for a month would be a
        gigabyte a switch. Counters, of which rates are made, stay as they came.
        """
        import sqlalchemy as sa

        table = self._schema.SNAPSHOT
        hour, day = (int(timedelta(hours=h) / timedelta(microseconds=1)) for h in (1, 24))
        stretch = sa.case(
            (table.c.at < to_stored(newest - timedelta(days=1)), -(table.c.at // day)),
            else_=table.c.at // hour,
        )
        for device in devices:
            old = (table.c.device == device) & (table.c.at < to_stored(newest - timedelta(hours=1)))
            kept = (
                sa.select(sa.func.min(table.c.id)).where(old).group_by(stretch, table.c.reachable)
            )
            connection.execute(table.delete().where(old, table.c.id.not_in(kept)))

    def _prune(self, connection: Connection, before: datetime) -> None:
        schema = self._schema
        for table in (schema.SNAPSHOT, schema.COUNTER, schema.CAPTURE, schema.SEGMENT_LEVEL):
            connection.execute(table.delete().where(table.c.at < to_stored(before)))
        events = self._schema.LOG_EVENT
        connection.execute(events.delete().where(events.c.last < to_stored(before)))

    # --- paper ---

    def next_ticket_id(self, at: datetime) -> str:
        """`T-20260301-001`; never given twice."""
        import sqlalchemy as sa

        day = f"{at:%Y%m%d}"
        table = self._schema.TICKET_NUMBER
        with translated(self.path), writing(self._engine) as connection:
            last = connection.execute(sa.select(table.c.last).where(table.c.day == day)).scalar()
            number = (last or 0) + 1
            if last is None:
                connection.execute(table.insert().values(day=day, last=number))
            else:
                connection.execute(table.update().where(table.c.day == day).values(last=number))
        return f"T-{day}-{number:03d}"

    def save_ticket(self, ticket: Ticket) -> Ticket:
        """The ticket as saved, to go on with; `Locked` when someone saved it since it was read."""
        table = self._schema.TICKET
        saved = replace(self._ruled(ticket), version=ticket.version + 1)
        values = {
            "version": saved.version,
            "stage": str(saved.stage),
            "opened": to_stored(saved.opened),
            "body": codec.dump(saved),
        }
        with translated(self.path), writing(self._engine) as connection:
            same = (table.c.id == ticket.id) & (table.c.version == ticket.version)
            changed = connection.execute(table.update().where(same).values(**values)).rowcount
            if changed:
                return saved
            known = connection.execute(table.select().where(table.c.id == ticket.id)).first()
            if known is not None or ticket.version:
                raise Locked(f"{ticket.id} was changed by someone else meanwhile: read it again")
            connection.execute(table.insert().values(id=saved.id, **values))
        return saved

    def ticket(self, ticket_id: str) -> Ticket:
        """The ticket of that id; an unknown one is a `UsageError`."""
        table = self._schema.TICKET
        found = self._load_all(Ticket, _bodies(table).where(table.c.id == ticket_id))
        if not found:
            raise UsageError(f"no ticket {ticket_id!r}; `netdiag ticket list` shows them")
        return self._ruled(found[0])

    def change_ticket(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
        """Reads, changes and saves a ticket; when somebody saved it meanwhile, once more from the start.

        `change` may run several times. Unchanged is not saved.
        """
        for _ in range(_TRIES):
            ticket = self.ticket(ticket_id)
            changed = change(ticket)
            if changed is ticket:
                return ticket
            try:
                return self.save_ticket(changed)
            except Locked:
                continue
        return self.save_ticket(change(self.ticket(ticket_id)))

    def _ruled(self, ticket: Ticket) -> Ticket:
        """An open ticket follows the rules in force; a closed one keeps its own."""
        rules = self._rules()
        if (ticket.stage is Stage.CLOSED and ticket.version) or ticket.rules == rules:
            return ticket
        return replace(ticket, rules=rules)

    def tickets(self) -> tuple[Ticket, ...]:
        """All of them, the newest first."""
        table = self._schema.TICKET
        query = _bodies(table).order_by(table.c.opened.desc(), table.c.id.desc())
        return tuple(self._ruled(t) for t in self._load_all(Ticket, query))

    def save_article(self, article: Article) -> None:
        """A new article, or a new text of a known one."""
        table = self._schema.ARTICLE
        row = {
            "id": article.id,
            "kind": str(article.kind) if article.kind else None,
            "at": to_stored(article.at),
            "body": codec.dump(article),
        }
        with translated(self.path), writing(self._engine) as connection:
            connection.execute(table.insert().prefix_with("OR REPLACE").values(**row))

    def articles(self) -> tuple[Article, ...]:
        """All of them, the newest first."""
        table = self._schema.ARTICLE
        return self._load_all(Article, _bodies(table).order_by(table.c.at.desc(), table.c.id))

    def _load_all(self, kind: type[T], query: Any) -> tuple[T, ...]:
        with translated(self.path), self._engine.connect() as connection:
            return tuple(self._loaded(kind, str(row[0])) for row in connection.execute(query))

    def _loaded(self, kind: type[T], body: str) -> T:
        try:
            return codec.load(kind, body)
        except (FileFormatError, ValueError) as exc:
            raise StoreError(
                f"database {self.path}: a stored {kind.__name__.lower()} cannot be read: {exc}"
            ) from exc


def _bodies(table: Any) -> Any:
    import sqlalchemy as sa

    return sa.select(table.c.body)
