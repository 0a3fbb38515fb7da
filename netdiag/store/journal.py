"""The record of changes: append-only, written before and after every action, each row chained.

An action is a row `intend` before anything is sent, and a row `outcome` after. One without an
outcome may or may not have been sent: that is what `unfinished` is for. The other rows say what else
decided over a change: `approval`, `override`, `run` and `step` with their beginning and end,
`take-over`, `stop` and `release`. Each row's hash covers its
content and the hash before it, so an edit, a removal or a new order shows; the end of the chain is
kept apart, so rows cut off at the end show too. Whoever can write the whole file can compute a new
chain: keep `head()` (`netdiag audit verify` prints it) elsewhere, to hold the file against later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdiag.errors import StoreError, UsageError
from netdiag.store.database import translated, writing
from netdiag.store.schema import JOURNAL, JOURNAL_HEAD
from netdiag.store.times import from_stored, to_stored
from netdiag.ticket import Action, ActionState

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

GENESIS = "0" * 64
"""What the first row chains to."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the record, as it was written."""

    seq: int
    at: datetime
    ticket: str
    event: str
    """intend, outcome, approval, override, run, step, take-over, stop or release."""
    body: Mapping[str, Any]


class Journal:
    """The record of one database."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def intend(  # noqa: PLR0917  (what an action is made of)
        self,
        run: str,
        step: int,
        device: str,
        interface: str | None,
        lines: Sequence[str],
        approved_by: str | None,
        at: datetime,
        *,
        action: str = "",
        before: str = "",
        plan: str = "",
        undoes: int | None = None,
    ) -> int:
        """On disk when this returns: only then may anything be sent. The action's id.

        `run` is the ticket's id, or `TICKET/n` for the n-th run of its plan.
        """
        body = {
            "run": run,
            "step": step,
            "device": device,
            "interface": interface,
            "lines": list(lines),
            "approved_by": approved_by,
            "action": action,
            "before": before,
            "plan": plan,
            "undoes": undoes,
        }
        return self._append(None, run.partition("/")[0], "intend", at, body)

    def outcome(self, action_id: int, state: str, transcript: str, at: datetime) -> Action:
        """What came of it, with what the device answered; the action as it now stands."""
        if state not in set(ActionState) - {ActionState.INTENDED}:
            raise UsageError(f"an action cannot end as {state!r}")
        body = {"state": str(state), "transcript": transcript}
        self._append(action_id, "", "outcome", at, body)
        return self._actions(JOURNAL.c.action_id == action_id)[0]

    def actions(self, ticket: str | None = None) -> tuple[Action, ...]:
        """The actions of a ticket (all without one), in the order in which they were intended."""
        return self._actions(*(() if ticket is None else (JOURNAL.c.ticket == ticket,)))

    def write(self, event: str, ticket: str, at: datetime, **body: Any) -> int:
        """A row that is no change of a device; its number. On disk when this returns."""
        if event in ("intend", "outcome"):
            raise UsageError(f"{event!r} is written by a method of its own")
        return self._append(None, ticket, event, at, body)

    def events(
        self, ticket: str | None = None, *, after: int = 0, only: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        """The rows after that number, in their order: of a ticket (all without one), of these events."""
        where = [JOURNAL.c.seq > after]
        where += [] if ticket is None else [JOURNAL.c.ticket == ticket]
        where += [JOURNAL.c.event.in_(only)] if only else []
        query = JOURNAL.select().where(*where).order_by(JOURNAL.c.seq)
        with translated(self._path), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Event(r["seq"], from_stored(r["at"]), r["ticket"], r["event"], self._body(r))
            for r in rows
        )

    def stopped(self) -> Event | None:
        """The stop that holds now: nothing further may be sent anywhere."""
        query = (
            JOURNAL.select()
            .where(JOURNAL.c.event.in_(("stop", "release")))
            .order_by(JOURNAL.c.seq.desc())
            .limit(1)
        )
        with translated(self._path), self._engine.connect() as connection:
            last = connection.execute(query).mappings().first()
        if last is None or last["event"] == "release":
            return None
        return Event(last["seq"], from_stored(last["at"]), "", "stop", self._body(last))

    def intended_since(self, since: datetime) -> tuple[tuple[str, datetime], ...]:
        """(device, when) of every change that was intended at that time or later."""
        query = JOURNAL.select().where(
            JOURNAL.c.event == "intend", JOURNAL.c.at >= to_stored(since)
        )
        with translated(self._path), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(JOURNAL.c.seq)).mappings().all()
        return tuple((str(self._body(r)["device"]), from_stored(r["at"])) for r in rows)

    def _body(self, row: Any) -> Mapping[str, Any]:
        try:
            body: Mapping[str, Any] = json.loads(row["body"])
        except ValueError as exc:
            raise self._altered(exc) from exc
        return body

    def _altered(self, exc: Exception) -> StoreError:
        return StoreError(
            f"database {self._path}: the record of changes was altered ({exc});"
            " see `netdiag audit verify`"
        )

    def _actions(self, *where: Any) -> tuple[Action, ...]:
        query = JOURNAL.select().where(*where).order_by(JOURNAL.c.seq)
        with translated(self._path), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        try:
            return _fold(rows)
        except (ValueError, KeyError, TypeError) as exc:
            raise self._altered(exc) from exc

    def unfinished(self) -> tuple[Action, ...]:
        """Actions with no outcome: netdiag ended in mid-action, look before doing anything."""
        return tuple(a for a in self.actions() if a.state is ActionState.INTENDED)

    def head(self) -> tuple[int, str]:
        """(number of rows, hash of the last): the whole record in one line."""
        with translated(self._path), self._engine.connect() as connection:
            return _head(connection)

    def verify_chain(self, anchor: tuple[int, str] | None = None) -> tuple[str, ...]:
        """Sentences that say where the record was changed; empty when it is whole.

        `anchor`: a `head()` that was kept elsewhere (the hash's beginning is enough); the record has
        to have that very row still.
        """
        wrong: list[str] = []
        previous, number = GENESIS, 0
        kept = GENESIS if anchor is not None and anchor[0] == 0 else ""
        with translated(self._path), self._engine.connect() as connection:
            for row in connection.execute(JOURNAL.select().order_by(JOURNAL.c.seq)).mappings():
                number += 1
                wrong += _faults(row, number, previous)
                previous, number = row["hash"], row["seq"]
                kept = previous if anchor is not None and number == anchor[0] else kept
            head = _head(connection)
        if head != (number, previous):
            wrong.append(
                f"the record ends at row {number}, but its last known row is {head[0]}:"
                " rows at its end were removed, added or changed"
            )
        if anchor is not None and (not anchor[1] or not kept.startswith(anchor[1])):
            wrong.append(
                f"row {anchor[0]} is {kept[:16] or 'missing'}, but {anchor[1][:16]!r} was kept of it"
                " elsewhere: the record was written anew"
            )
        return tuple(wrong)

    def _append(
        self, action_id: int | None, ticket: str, event: str, at: datetime, body: dict[str, Any]
    ) -> int:
        with translated(self._path), writing(self._engine) as connection:
            if action_id is not None:
                ticket = _open_action(connection, action_id)
            last, previous = _head(connection)
            row: dict[str, Any] = {
                "seq": last + 1,
                "action_id": last + 1 if action_id is None else action_id,
                "ticket": ticket,
                "event": event,
                "at": to_stored(at),
                "body": json.dumps(body, sort_keys=True),
                "previous": previous,
            }
            row["hash"] = _hash(row)
            connection.execute(JOURNAL.insert().values(**row))
            _move_head(connection, row["seq"], row["hash"])
            return int(row["action_id"])


def _open_action(connection: Connection, action_id: int) -> str:
    query = JOURNAL.select().where(JOURNAL.c.action_id == action_id).order_by(JOURNAL.c.seq)
    rows = connection.execute(query).mappings().all()
    if not rows:
        raise UsageError(f"the journal has no action {action_id}")
    return str(rows[0]["ticket"])


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(JOURNAL_HEAD.select()).mappings().first()
    return (0, GENESIS) if row is None else (int(row["seq"]), str(row["hash"]))


def _move_head(connection: Connection, seq: int, value: str) -> None:
    if seq == 1:
        connection.execute(JOURNAL_HEAD.insert().values(id=1, seq=seq, hash=value))
    else:
        connection.execute(JOURNAL_HEAD.update().values(seq=seq, hash=value))


def _hash(row: Any) -> str:
    content = [row[k] for k in ("previous", "seq", "action_id", "ticket", "event", "at", "body")]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _faults(row: Any, number: int, previous: str) -> list[str]:
    at = f"row {row['seq']}"
    if row["seq"] != number:
        return [f"{at}: rows before it are missing (expected row {number})"]
    if row["previous"] != previous:
        return [f"{at}: it does not follow the row before it"]
    return [] if _hash(row) == row["hash"] else [f"{at}: its content was changed"]


def _fold(rows: Iterable[Any]) -> tuple[Action, ...]:
    actions: dict[int, Action] = {}
    for row in rows:
        body, at = json.loads(row["body"]), from_stored(row["at"])
        if row["event"] == "intend":
            body["lines"] = tuple(body["lines"])
            actions[row["action_id"]] = Action(id=row["action_id"], at=at, **body)
        elif row["event"] == "outcome" and row["action_id"] in actions:
            actions[row["action_id"]] = replace(
                actions[row["action_id"]],
                state=ActionState(body["state"]),
                transcript=body["transcript"],
                finished=at,
            )
    return tuple(actions.values())
