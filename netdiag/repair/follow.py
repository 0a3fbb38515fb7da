"""A run as it happens, from the record: for whoever watches from another terminal or machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from netdiag.errors import Locked
from netdiag.store.journal import Event

if TYPE_CHECKING:
    from netdiag.store import Store

LOOK_EVERY_S = 0.3
_SURE = 10
"""So many quiet looks, and the lock is asked whether the run still lives."""


def follow(
    store: Store, ticket_id: str, lock: str, sleep: Callable[[float], object]
) -> Iterator[Event]:
    """Every row of the ticket from the beginning of its last run on, until that run is over or gone.

    `lock`: the name of the lock that a living run of it holds. Ends by itself; without any run it
    yields nothing.
    """
    runs = [e for e in store.journal.events(ticket_id, only=("run",)) if _begins(e)]
    if not runs:
        return
    after, quiet = runs[-1].seq - 1, 0
    while True:
        rows = store.journal.events(ticket_id, after=after)
        for row in rows:
            after = row.seq
            yield row
            if row.event == "run" and not _begins(row) and not _goes_on(store, ticket_id, after):
                return
        quiet = 0 if rows else quiet + 1
        if quiet >= _SURE:
            quiet = 0
            if _is_gone(store, lock) and not store.journal.events(ticket_id, after=after):
                return
        sleep(LOOK_EVERY_S)


def _begins(event: Event) -> bool:
    return event.body.get("state") == "begun"


def _goes_on(store: Store, ticket_id: str, after: int) -> bool:
    """Somebody took it over, or approved more, before we came to read its end."""
    return bool(store.journal.events(ticket_id, after=after, only=("run",)))


def _is_gone(store: Store, lock: str) -> bool:
    """The kernel lets go of the lock of a process that was killed."""
    try:
        with store.lock(lock):
            return True
    except Locked:
        return False
