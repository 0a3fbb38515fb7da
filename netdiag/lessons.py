"""The end of an incident: the ticket is closed, its rates are kept, its article is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netdiag import kb, report
from netdiag import ticket as tickets

if TYPE_CHECKING:
    from pathlib import Path

    from netdiag.files.articles import Synced
    from netdiag.model import Series
    from netdiag.store import Store

BEFORE = timedelta(minutes=30)
"""A chart begins so long before the trouble did."""


def close(
    store: Store,
    ticket_id: str,
    at: datetime,
    by: str,
    *,
    reason: str | None = None,
    folder: Path | None = None,
) -> tickets.Ticket:
    """Closes it for good; `folder`: the knowledge base of files, which follows."""
    ticket = store.ticket(ticket_id)
    closed = tickets.close(ticket, at, by, reason=reason)
    kept = store.save_ticket(replace(closed, rates=rates(store, ticket, at)))
    _keep(store, kb.from_ticket(kept), folder)
    return kept


def heard(store: Store, ticket: tickets.Ticket, folder: Path | None = None) -> None:
    """What readers say of a closed ticket goes into its article, whose text people may have edited."""
    if folder is not None:
        sync(store, folder)  # what people edited comes in before anything goes out
    known = next((a for a in store.articles() if a.id == ticket.id), None)
    article = known or kb.from_ticket(ticket)
    _keep(store, replace(article, feedback=ticket.feedback), folder)


def _keep(store: Store, article: kb.Article, folder: Path | None) -> None:
    store.save_article(article)
    if folder is not None:
        sync(store, folder)


def sync(store: Store, folder: Path) -> Synced:
    """Folder and store made to agree: what people edited comes in, what is new goes out."""
    from netdiag.files import articles

    met = articles.sync(folder, store.articles())
    for article in met.read:
        store.save_article(article)
    return met


def earlier(store: Store, ticket_id: str | None) -> tuple[kb.Article, ...]:
    """What the last times taught: the articles of the same kind, the most alike first."""
    if ticket_id is None:
        return ()
    hits = kb.similar(store.articles(), store.ticket(ticket_id))
    return tuple(h.article for h in hits)


def rates(store: Store, ticket: tickets.Ticket, until: datetime) -> tuple[Series, ...]:
    """Broadcasts into the ports that the incident is about; those kept at its closing, else stored ones."""
    return ticket.rates or store.rates(report.ports(ticket), ticket.began - BEFORE, until)
