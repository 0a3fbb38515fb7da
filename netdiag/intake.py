"""Taking a call: a report joins the open incident of its place, or opens one; then the first checks.

Several calls at the same moment make one ticket: they queue at a lock. The first checks (switch
ports and DHCP, by the ordinary diagnosis) are started once a ticket, when the calls amount to an
area outage; that they could not be made is written on the ticket too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from netdiag import ticket as tickets
from netdiag.errors import Locked, NetdiagError
from netdiag.model import Diagnosis, Kind
from netdiag.ticket.writing import log

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store

_PATIENCE_S = 20.0
_DHCP = frozenset(k for k in Kind if "dhcp" in k.value)


def take(
    store: Store,
    report: tickets.Report,
    at: datetime,
    *,
    choices: Sequence[tuple[str, str]] = (),
) -> tickets.Ticket:
    """The ticket that the report is on now, as saved. `choices`: answers to narrowing questions."""
    with in_turn(store):
        live = store.tickets()
        known = tickets.find_duplicate(live, report) or tickets.find_open(
            live, at=at, area=report.area
        )

        def change(ticket: tickets.Ticket) -> tickets.Ticket:
            joined = tickets.join(ticket, report, at)
            if choices:
                joined = tickets.answered(joined, choices, None, at, report.reporter)
            return joined

        if known is not None:
            return store.change_ticket(known.id, change)
        ticket = tickets.open(store.next_ticket_id(at), at, area=report.area)
        return store.save_ticket(change(ticket))


@contextmanager
def in_turn(store: Store) -> Iterator[None]:
    """One at a time decides which ticket something belongs to; the others wait a little."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with store.lock("intake"):
                yield
                return
        except Locked:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# --- the first checks ---


def claim_first_checks(store: Store, ticket: tickets.Ticket, at: datetime) -> bool:
    """Whether this caller is the one to start them: several calls, and nobody looked yet."""
    mine = False

    def change(now: tickets.Ticket) -> tickets.Ticket:
        nonlocal mine
        mine = now.is_area_outage and now.first_checks is None and now.diagnosis is None
        if not mine or now.stage is not tickets.Stage.OPEN:
            mine = False
            return now
        words = "first checks begin: switch ports and DHCP"
        return log(replace(now, first_checks=at), at, "netdiag", "finding", words)

    store.change_ticket(ticket.id, change)
    return mine


def start_first_checks(store: Store, ticket_id: str, inventory: Path | None) -> None:
    """In a process of its own, that outlives this one; what comes of it stands on the ticket."""
    command = [sys.executable, "-P", "-c", "from netdiag.cli import main; main()"]
    command += ["ticket", "check", ticket_id]
    command += ["--db", str(store.path)]
    command += ["--inventory", str(inventory)] if inventory else []
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"NO_COLOR": "1"},
    )


def first_checks(
    store: Store,
    ticket_id: str,
    inventory: Callable[[], Inventory],
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> tickets.Ticket:
    """Looks at switch ports and DHCP now; the ticket with what was found, or why nothing could be."""
    from netdiag import diagnose

    ticket = store.ticket(ticket_id)
    try:
        known = inventory()
        said = diagnose.diagnose(known, store, area=ticket.area, symptom=ticket.summary, tell=tell)
    except NetdiagError as exc:
        words = f"first checks could not be made: {exc}"
        return _noted(store, ticket_id, words)
    return _noted(store, ticket_id, _outcome(said, ticket_id, probed=bool(known.site.sensors)))


def _noted(store: Store, ticket_id: str, words: str) -> tickets.Ticket:
    at = datetime.now(UTC)
    return store.change_ticket(ticket_id, lambda t: log(t, at, "netdiag", "finding", words))


def _outcome(said: Diagnosis, ticket_id: str, *, probed: bool) -> str:
    dhcp = sum(f.kind in _DHCP for f in said.findings)
    ports = len(said.findings) - dhcp
    parts = [f"switch ports: {ports} findings"]
    parts.append(f"DHCP: {dhcp} findings" if probed else "DHCP: not probed, no sensor is named")
    if said.not_checked:
        parts.append(f"not checked: {len(said.not_checked)} ({said.not_checked[0].what})")
    if said.causes and said.ticket != ticket_id:
        parts.append(f"the likeliest cause is on {said.ticket}")
    return f"first checks, {said.took_s:.0f} s: {'; '.join(parts)}"
