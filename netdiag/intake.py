"""Taking a call: a report joins the open incident of its area, or opens one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from netdiag import ticket as tickets

if TYPE_CHECKING:
    from netdiag.store import Store


def take(store: Store, report: tickets.Report, at: datetime) -> tickets.Ticket:
    """The ticket that the report is on now, as saved."""
    known = tickets.find_open(store.tickets(), at=at, area=report.area)
    if known:
        return store.save_ticket(tickets.join(known, report, at))
    return store.save_ticket(tickets.open(store.next_ticket_id(at), at, report=report))
