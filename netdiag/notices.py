"""Who is told of what happened to a ticket, once each, by apprise.

A notification goes through the outbox as everything for others does: written down before it is
sent, tried again later when its way is blocked. Only what happened lately is told: a database that
is new to notifications does not tell its whole past.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from netdiag import ticket as tickets
from netdiag.errors import (
    AccessDenied,
    Locked,
    NetdiagError,
    Rejected,
    SecretMissing,
    Unreachable,
    UsageError,
)
from netdiag.files import secrets
from netdiag.outside import notify
from netdiag.text import clean
from netdiag.ticket import Stage, Ticket

if TYPE_CHECKING:
    from netdiag.files.process import Process
    from netdiag.store import Store
    from netdiag.store.outbox import Message

SYSTEM = "notify"
_LATELY = timedelta(minutes=15)
_TITLE = 120


def announce(
    store: Store, process: Process, about: Iterable[Ticket], at: datetime | None = None
) -> tuple[str, ...]:
    """Puts what is new into the outbox and sends all that is due; what failed, in sentences."""
    now = at or datetime.now(UTC)
    since = now - _LATELY
    for ticket in about:
        store.outbox.put(SYSTEM, ticket.id, _messages(process, ticket, since, now))
    try:
        with store.lock(SYSTEM):
            return tuple(_send(store, process, now))
    except Locked:
        return ()  # somebody else is sending, ours too


def events(ticket: Ticket, at: datetime) -> Iterator[tuple[str, str, datetime, str]]:
    """(event, its number, when, what happened) of all that ever happened to a ticket."""
    yield "opened", "0", ticket.opened, ticket.summary
    outage = next((e for e in ticket.timeline if e.text.startswith("first checks begin")), None)
    if outage is not None:
        yield "area-outage", "0", outage.at, f"{ticket.affected} people in {ticket.area}"
    for number, entry in enumerate(ticket.timeline):
        if entry.what == "stage" and entry.text.startswith("escalated to "):
            yield "escalated", str(number), entry.at, entry.text
    for clock in tickets.clocks(ticket, at):
        if clock.breached and ticket.stage is not Stage.CLOSED:
            yield "breached", clock.name, at, f"the promised {clock.name} time is over"
    for number, (stage, when) in enumerate(ticket.stage_times):
        if stage in (Stage.VERIFIED, Stage.CLOSED):
            yield str(stage), str(number), when, ticket.fix or ticket.close_reason or "works again"


def _messages(
    process: Process, ticket: Ticket, since: datetime, at: datetime
) -> Iterator[tuple[str, str]]:
    for event, number, when, words in events(ticket, at):
        if when < since:
            continue
        to = [n.to for n in process.notices if n.wants(event, ticket.priority)]
        team = process.team(ticket.assigned or "") if event == "escalated" else None
        for reference in dict.fromkeys((*to, *(team.notify if team else ()))):
            head = f"{ticket.id} {ticket.priority} {event}: {clean(ticket.summary, _TITLE)}"
            text = "\n".join((clean(words, 1000), f"place: {clean(ticket.area or 'not known')}"))
            body = {"to": _name(reference), "title": head, "text": text}
            yield f"{ticket.id}!{event}.{number}>{_name(reference)}", json.dumps(body)


def _name(reference: str) -> str:
    """Which address it was, without telling it: a plain one is a secret."""
    return hashlib.sha256(reference.encode()).hexdigest()[:12]


def _send(store: Store, process: Process, at: datetime) -> Iterator[str]:
    known = {
        _name(r): r
        for r in (*(n.to for n in process.notices), *(r for t in process.teams for r in t.notify))
    }
    for message in store.outbox.pending(SYSTEM):
        if message.next_at is not None and message.next_at > at:
            continue
        store.outbox.sending(message, at)
        try:
            _deliver(process, known, message)
        except (Unreachable, AccessDenied, SecretMissing, UsageError) as exc:
            store.outbox.retry(message, str(exc), at)
            yield f"not told yet: {message.key.partition('>')[0]}: {exc}"
        except NetdiagError as exc:
            store.outbox.reject(message, str(exc))
            yield f"not told: {message.key.partition('>')[0]}: {exc}"
        else:
            store.outbox.done(message)


def _deliver(process: Process, known: dict[str, str], message: Message) -> None:
    said = json.loads(message.body)
    reference = known.get(said["to"])
    if reference is None:
        raise Rejected("process.yaml names this address no longer")
    base = process.file.parent if process.file else None
    notify.send(secrets.resolve(reference, base=base), said["title"], said["text"])
