"""Tickets here and in another system, kept the same: nothing lost, nothing doubled.

The store is the truth. What changed here is first written into the outbox, then sent, ticket by
ticket in order; before a message that may have gone out is sent again, its key is sought over
there. What changed there becomes a line of the timeline that carries its origin, so that it is
taken once and never sent back. A system that is away is tried again later; nothing waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from netdiag import outside
from netdiag import ticket as tickets
from netdiag.errors import AccessDenied, Rejected, SecretMissing, Unreachable
from netdiag.outside import Case, Change, State, TicketSystem
from netdiag.outside.words import lines
from netdiag.text import clean
from netdiag.ticket import Stage, Ticket

if TYPE_CHECKING:
    from netdiag.files.process import System
    from netdiag.store import Store
    from netdiag.store.outbox import Message

CLOSED_FOR = timedelta(days=7)
"""Tickets closed longer ago are not told to a system that never heard of them."""
_OVERLAP = timedelta(minutes=2)
_TITLE = 100
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Synced:
    """What one run did with one system."""

    system: str
    kind: str
    sent: int = 0
    received: int = 0
    waiting: int = 0
    rejected: int = 0
    error: str | None = None
    """Why it could not be spoken to, or not to the end."""


def sync(
    store: Store,
    system: System,
    at: datetime,
    *,
    remote: TicketSystem | None = None,
    tell: Tell = lambda _: None,
) -> Synced:
    """Tells the system what is new here, and takes what is new there. `Locked` if another one does."""
    with store.lock(f"sync-{system.name}"):
        for ticket in reversed(store.tickets()):
            _enqueue(store, system.name, ticket, at)
        run = _Run(store, system.name, at, tell)
        error = None
        try:
            there = remote or outside.connect(system)
            run.push(there)
            run.pull(there)
        except (Unreachable, AccessDenied, SecretMissing) as exc:
            error = str(exc)
        except Rejected as exc:
            error = f"its answer is not understood: {exc}"
        return Synced(
            system.name,
            system.kind,
            sent=run.sent,
            received=run.received,
            waiting=len(store.outbox.pending(system.name)),
            rejected=len(store.outbox.rejected(system.name)),
            error=error or run.error,
        )


# --- what is to be told ---


def _enqueue(store: Store, system: str, ticket: Ticket, at: datetime) -> None:
    box = store.outbox
    known = box.bodies(system, ticket.id)
    if not known and ticket.closed is not None and at - ticket.closed > CLOSED_FOR:
        return
    case = _case(ticket, store)
    new = []
    described = {"op": "describe", "title": case.title, "priority": case.priority}
    if ticket.id not in known:
        known = {ticket.id: json.dumps(described | {"op": "create"})}
        new.append((ticket.id, known[ticket.id]))
    for key, body in _comments(ticket, system):
        if key not in known:
            new.append((key, body))
    made = json.loads(known[ticket.id])
    new += _if_other(known, f"{ticket.id}~", described, made | {"op": "describe"})
    opened = {"op": "state", "state": str(State.OPEN)}
    new += _if_other(known, f"{ticket.id}=", opened | {"state": str(_state(ticket))}, opened)
    if new:
        box.put(system, ticket.id, new)


def _if_other(
    known: dict[str, str], prefix: str, wanted: dict[str, str], first: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """A message where the last of its sort said something else (`first`: what a new ticket says).

    How many there were makes its key.
    """
    said = [body for key, body in known.items() if key.startswith(prefix)]
    if json.loads(said[-1] if said else json.dumps(first)) != wanted:
        yield f"{prefix}{len(said)}", json.dumps(wanted)


def _comments(ticket: Ticket, system: str) -> Iterator[tuple[str, str]]:
    for number, entry in enumerate(ticket.timeline):
        if entry.text == "ticket opened" or (entry.origin or "").startswith(f"{system}/"):
            continue
        text = f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  {clean(entry.who)} ({entry.what}): {lines(entry.text)}"
        yield f"{ticket.id}#{number}", json.dumps({"op": "comment", "text": text})


def _state(ticket: Ticket) -> State:
    if ticket.stage is Stage.CLOSED:
        return State.SOLVED
    return State.WAITING if ticket.waiting else State.OPEN


def _case(ticket: Ticket, store: Store) -> Case:
    key = f"{store.outbox.identity()} {ticket.id}"
    words = " ".join(w for w in (f"[{ticket.priority}]", clean(ticket.summary, _TITLE)) if w)
    where = f" ({clean(ticket.area, 40)})" if ticket.area else ""
    said = [f"netdiag's ticket {ticket.id}, opened {ticket.opened:%Y-%m-%d %H:%M:%S} UTC"]
    said += [f"priority {ticket.priority}: impact {ticket.impact}, urgency {ticket.urgency}"]
    said += [f"place: {clean(ticket.area)}"] if ticket.area else []
    for r in ticket.reports:
        who = " ".join(clean(p) for p in (r.reporter, r.department, r.desk) if p)
        said.append(f"call: {who or 'somebody'}: {clean(r.symptom or 'no symptom said')}")
        said += [f"  error text: {clean(r.error, 500)}"] if r.error else []
    mail = next((r.reporter for r in ticket.reports if r.reporter and _is_mail(r.reporter)), None)
    return Case(
        key=key,
        title=f"{words}{where} {outside.mark(key)}",
        text="\n".join(said),
        priority=ticket.priority,
        requestor=mail,
    )


def _is_mail(text: str) -> bool:
    name, at, host = text.partition("@")
    plain = all(c.isalnum() or c in ".-_+" for c in name + host)
    return bool(name and at and host) and plain and text.isascii() and len(text) < 200


# --- telling and taking ---


class _Run:
    """One run with one system."""

    def __init__(self, store: Store, system: str, at: datetime, tell: Tell) -> None:
        self._store, self._system, self._at, self._tell = store, system, at, tell
        self._identity = store.outbox.identity()
        self._links = dict(store.outbox.links(system))
        self.sent = self.received = 0
        self.error: str | None = None

    def push(self, there: TicketSystem) -> None:
        """Each ticket's messages in order; one that fails holds back those after it, of its ticket."""
        held: set[str] = set()
        box = self._store.outbox
        for message in box.pending(self._system):
            if message.ticket in held:
                continue
            if message.next_at is not None and message.next_at > self._at:
                held.add(message.ticket)
                continue
            box.sending(message, self._at + timedelta(seconds=there.settle_s))
            try:
                self._deliver(there, message)
            except Rejected as exc:
                self._rejected(message, exc)
                if message.key == message.ticket:
                    held.add(message.ticket)
            except (Unreachable, AccessDenied) as exc:
                # The whole system is away: nothing else is tried in this run.
                wait = max(getattr(exc, "retry_after_s", None) or 0.0, there.settle_s)
                due = box.retry(message, str(exc), self._at, wait_s=wait)
                self._tell(f"{self._system}: {exc}; {message.key} again at {due:%H:%M:%S} UTC")
                raise
            else:
                self.sent += 1

    def _rejected(self, message: Message, exc: Rejected) -> None:
        self._store.outbox.reject(message, str(exc))
        self.error = f"{message.key}: {exc}"
        self._tell(f"{self._system}: {self.error}")

    def _deliver(self, there: TicketSystem, message: Message) -> None:
        said: dict[str, Any] = json.loads(message.body)
        box, key = self._store.outbox, f"{self._identity} {message.ticket}"
        remote = self._links.get(message.ticket)
        if said["op"] == "create":
            remote = remote or there.find(key) or there.create(self._now(message.ticket))
            box.link(self._system, message.ticket, remote)
            self._links[message.ticket] = remote
        elif remote is None:
            raise Rejected(f"{message.ticket} was never made there")
        elif said["op"] == "comment":
            mark = f"{self._identity} {message.key}"
            if message.state == "waiting" or not self._has(there, remote, mark):
                there.comment(remote, said["text"], mark)
        elif said["op"] == "describe":
            there.update(remote, case=self._now(message.ticket))
        else:
            there.update(remote, state=State(said["state"]))
        box.done(message, remote)

    def _has(self, there: TicketSystem, remote: str, mark: str) -> bool:
        return any(c.key == mark for c in there.history(remote, frozenset()))

    def _now(self, ticket_id: str) -> Case:
        return _case(self._store.ticket(ticket_id), self._store)

    def pull(self, there: TicketSystem) -> None:
        """What was written over there since the last time."""
        box = self._store.outbox
        cursor = box.remembered(self._system, "cursor")
        since = datetime.fromisoformat(cursor) - _OVERLAP if cursor else None
        ours = {remote: ticket for ticket, remote in self._links.items()}
        changed = there.updated(tuple(ours), since)
        for remote in sorted(changed, key=lambda r: changed[r]):
            if remote in ours:
                self._take(there, remote, ours[remote])
        if changed:
            newest = max(changed.values())
            if cursor is None or newest > datetime.fromisoformat(cursor):
                box.remember(self._system, "cursor", newest.isoformat())

    def _take(self, there: TicketSystem, remote: str, ticket_id: str) -> None:
        prefix = f"{self._system}/"
        origins = [e.origin for e in self._store.ticket(ticket_id).timeline if e.origin]
        taken = frozenset(o.removeprefix(prefix) for o in origins if o.startswith(prefix))
        history = there.history(remote, taken)
        # The account that made the ticket is ours: what it does there, we did.
        me = {c.who for c in history if c.key or c.what == "created"}

        def change(ticket: Ticket) -> Ticket:
            known = {e.origin for e in ticket.timeline}
            for new in history:
                if f"{prefix}{new.id}" not in known and not _ours(new, me):
                    ticket = _taken(ticket, new, self._system, self._at)
            return ticket

        before = len(self._store.ticket(ticket_id).timeline)
        after = self._store.change_ticket(ticket_id, change)
        self.received += sum((e.origin or "").startswith(prefix) for e in after.timeline[before:])


def _ours(change: Change, me: set[str]) -> bool:
    """Our own comments by their mark, our own changes of state by the account that made them."""
    return (
        change.what == "created"
        or bool(change.key)
        or (change.what == "state" and change.who in me)
    )


def _taken(ticket: Ticket, change: Change, system: str, at: datetime) -> Ticket:
    """One entry of theirs, with what follows from it."""
    origin, who = f"{system}/{change.id}", f"{clean(change.who, 100)} ({system})"
    when = min(change.at, at)
    if change.what == "comment":
        ticket = tickets.received(ticket, change.text, when, who, origin)
        if ticket.closed is not None:
            return replace(ticket, feedback=(*ticket.feedback, change.text))
        if change.from_user:
            ticket = tickets.resumed(ticket, when, whom="user", why="answered")
        return ticket
    ticket = tickets.received(
        ticket, f"{change.text or change.state} in {system}", when, who, origin
    )
    if ticket.stage is Stage.CLOSED:
        return ticket
    if change.state is State.WAITING and ticket.waiting is None:
        return tickets.wait_for(ticket, "user", f"set in {system}", when, who)
    if change.state is not State.WAITING and ticket.waiting is not None:
        ticket = tickets.resumed(ticket, when, why=f"set in {system}")
    if change.state is State.SOLVED and ticket.fix is None:
        ticket = replace(ticket, fix=f"resolved in {system} by {clean(change.who, 100)}")
    return ticket
