"""What other systems are to be told: on disk before it is sent, until they have it.

A row is `waiting`, then `sending` (written before anything goes out), then `done`. A row found
`sending` may or may not have arrived: the other system is asked for its key before it is sent
again. One that the other system refuses for good is `rejected` and stays to be seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdiag.store.database import translated, writing
from netdiag.store.schema import OUTBOX, REMOTE, SYNC
from netdiag.store.times import from_stored, to_stored

if TYPE_CHECKING:
    from sqlalchemy import Engine

_FIRST_S, _LONGEST_S = 15.0, 3600.0


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell one system."""

    id: int
    system: str
    ticket: str
    key: str
    """Unique for the system: a second message of the same key is the first one."""
    body: str
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime | None = None
    error: str | None = None


class Outbox:
    """The messages of one database."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def put(self, system: str, ticket: str, messages: Iterable[tuple[str, str]]) -> int:
        """(key, body) pairs in their order; those known by their key stay as they are. How many are new."""
        rows = [
            {
                "system": system,
                "ticket": ticket,
                "key": key,
                "body": body,
                "state": "waiting",
                "attempts": 0,
                "next_at": 0,
            }
            for key, body in messages
        ]
        new = 0
        with translated(self._path), writing(self._engine) as connection:
            for row in rows:
                insert = OUTBOX.insert().prefix_with("OR IGNORE").values(**row)
                new += connection.execute(insert).rowcount
        return new

    def bodies(self, system: str, ticket: str) -> dict[str, str]:
        """Key to body of all that was ever put for a ticket, in its order."""
        query = OUTBOX.select().where(OUTBOX.c.system == system, OUTBOX.c.ticket == ticket)
        return {m.key: m.body for m in self._messages(query)}

    def pending(self, system: str) -> tuple[Message, ...]:
        """All that has not arrived, in the order in which it was put."""
        where = OUTBOX.c.state.in_(("waiting", "sending"))
        return self._messages(OUTBOX.select().where(OUTBOX.c.system == system, where))

    def rejected(self, system: str | None = None) -> tuple[Message, ...]:
        """What a system refused for good."""
        query = OUTBOX.select().where(OUTBOX.c.state == "rejected")
        return self._messages(query if system is None else query.where(OUTBOX.c.system == system))

    def sending(self, message: Message, not_before: datetime) -> None:
        """On disk when this returns: only then may it be sent.

        `not_before`: when it may be sent again, should nobody learn what became of it.
        """
        self._set(message, state="sending", next_at=to_stored(not_before))

    def done(self, message: Message, remote: str | None = None) -> None:
        """The other system has it."""
        self._set(message, state="done", error=None, remote=remote)

    def retry(
        self, message: Message, why: str, at: datetime, *, wait_s: float | None = None
    ) -> datetime:
        """It did not arrive, or nobody knows: not before the returned time again."""
        back_off = min(_FIRST_S * 2**message.attempts, _LONGEST_S)
        # Spread by up to a quarter: a system that comes back is not met by all at once.
        back_off *= 1 + secrets.randbelow(256) / 1024
        due = at + timedelta(seconds=max(back_off, wait_s or 0.0))
        self._set(message, attempts=message.attempts + 1, next_at=to_stored(due), error=why[:500])
        return due

    def reject(self, message: Message, why: str) -> None:
        """It will never arrive as it is."""
        self._set(message, state="rejected", attempts=message.attempts + 1, error=why[:500])

    def again(self, system: str) -> int:
        """Everything refused or waiting is due now; how many messages that is."""
        where = (OUTBOX.c.system == system) & (OUTBOX.c.state != "done")
        with translated(self._path), writing(self._engine) as connection:
            rejected = where & (OUTBOX.c.state == "rejected")
            connection.execute(OUTBOX.update().where(rejected).values(state="waiting"))
            return connection.execute(OUTBOX.update().where(where).values(next_at=0)).rowcount

    def link(self, system: str, ticket: str, remote: str) -> None:
        """The ticket's name in the other system."""
        row = {"system": system, "ticket": ticket, "remote": remote}
        with translated(self._path), writing(self._engine) as connection:
            connection.execute(REMOTE.insert().prefix_with("OR REPLACE").values(**row))

    def links(self, system: str) -> Mapping[str, str]:
        """Our ticket to the other system's."""
        query = REMOTE.select().where(REMOTE.c.system == system)
        with translated(self._path), self._engine.connect() as connection:
            return {row.ticket: row.remote for row in connection.execute(query)}

    def remembered(self, system: str, name: str) -> str | None:
        """What was remembered under that name."""
        query = SYNC.select().where(SYNC.c.system == system, SYNC.c.name == name)
        with translated(self._path), self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else str(row.value)

    def remember(self, system: str, name: str, value: str) -> None:
        """Keep it."""
        row = {"system": system, "name": name, "value": value}
        with translated(self._path), writing(self._engine) as connection:
            connection.execute(SYNC.insert().prefix_with("OR REPLACE").values(**row))

    def identity(self) -> str:
        """A name of this database that no other has: tickets of two databases never mix elsewhere."""
        made = {"system": "", "name": "identity", "value": secrets.token_hex(4)}
        with translated(self._path), writing(self._engine) as connection:
            connection.execute(SYNC.insert().prefix_with("OR IGNORE").values(**made))
        return self.remembered("", "identity") or ""

    def _set(self, message: Message, **values: Any) -> None:
        with translated(self._path), writing(self._engine) as connection:
            connection.execute(OUTBOX.update().where(OUTBOX.c.id == message.id).values(**values))

    def _messages(self, query: Any) -> tuple[Message, ...]:
        with translated(self._path), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(OUTBOX.c.id)).all()
        return tuple(
            Message(
                id=r.id,
                system=r.system,
                ticket=r.ticket,
                key=r.key,
                body=r.body,
                state=r.state,
                attempts=r.attempts,
                next_at=from_stored(r.next_at) if r.next_at else None,
                error=r.error,
            )
            for r in rows
        )
