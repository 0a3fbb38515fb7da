"""Alerts of a monitoring system become tickets: firing ones open or join, resolved ones are noted.

An alert is known by its fingerprint: sent again it is counted, not told again. It joins the open
ticket that has it, else that of its group, else that of its place, else it opens one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import intake
from netdiag import ticket as tickets
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.model import Device
    from netdiag.outside.alertmanager import FiredAlert, Webhook
    from netdiag.store import Store

_PLACES = ("area", "place", "location")
_DEVICES = ("device", "instance", "host", "hostname", "target")
_NEVER = datetime(1970, 1, 2, tzinfo=UTC)
"""Alertmanager writes the year 1 for an alert that has not ended."""


def take(
    store: Store, webhook: Webhook, at: datetime, devices: Iterable[Device] = ()
) -> tuple[tickets.Ticket, ...]:
    """Every ticket that the call is on now. `devices`: the inventory's, to know where one stands."""
    known = tuple(devices)
    kept: dict[str, tickets.Ticket] = {}
    with intake.in_turn(store):
        for fired in webhook.alerts:
            ticket = _take(store, fired, webhook.group_key, at, known)
            if ticket is not None:
                kept[ticket.id] = ticket
    return tuple(kept.values())


def _take(
    store: Store, fired: FiredAlert, group: str, at: datetime, devices: tuple[Device, ...]
) -> tickets.Ticket | None:
    alert = _alert(fired, group, at)
    live = store.tickets()
    known = tickets.find_alert(live, alert.key)
    area = _area(fired, devices)
    if known is not None:
        ticket = known[0]
    elif alert.ends is not None:
        return None  # over before anybody here heard of it
    else:
        found = _of_group(live, dict(alert.labels)["group"]) or tickets.find_open(
            live, at=at, area=area
        )
        if found is None:
            opened = tickets.open(store.next_ticket_id(at), at, area=area)
            return store.save_ticket(tickets.alerted(opened, alert, at))
        ticket = found
    return store.change_ticket(ticket.id, lambda t: tickets.alerted(t, alert, at))


def _of_group(live: Iterable[tickets.Ticket], group: str) -> tickets.Ticket | None:
    """The open ticket on which an alert of that group still fires."""
    return next(
        (
            t
            for t in live
            if t.stage is not tickets.Stage.CLOSED
            and any(a.ends is None and ("group", group) in a.labels for a in t.alerts)
        ),
        None,
    )


def _alert(fired: FiredAlert, group: str, at: datetime) -> tickets.Alert:
    labels, notes = fired.labels, fired.annotations
    said = "|".join(f"{k}={v}" for k, v in sorted(labels.items()))
    key = fired.fingerprint or hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]
    over = fired.status == "resolved"
    ends = fired.ends if fired.ends and fired.ends > _NEVER else at
    kept = {k: v for k, v in labels.items() if k != "group"}
    kept["group"] = hashlib.sha256(group.encode("utf-8", "replace")).hexdigest()[:16]
    name = labels.get("alertname") or "an alert without a name"
    words = notes.get("summary") or notes.get("description") or name
    where = next((labels[k] for k in _DEVICES if labels.get(k)), None)
    return tickets.Alert(
        key=key,
        name=name,
        summary=f"{words} ({where})" if where and where not in words else words,
        severity=labels.get("severity"),
        starts=fired.starts.astimezone(UTC),
        ends=ends.astimezone(UTC) if over else None,
        labels=tuple(sorted(kept.items())),
    )


def _area(fired: FiredAlert, devices: tuple[Device, ...]) -> str | None:
    """The alert's own word, else where the device stands that it names."""
    labels = fired.labels
    said = next((labels[k] for k in _PLACES if labels.get(k)), None)
    if said is None and labels.get("site"):
        said = "/".join(p for p in (labels["site"], labels.get("floor", "")) if p)
    if said is not None:
        site, floor, _ = tickets.place(clean(said))
        return "/".join(p for p in (site, floor) if p) or None
    for key in _DEVICES:
        name = labels.get(key, "").rsplit(":", 1)[0]
        for device in devices:
            if name and name.casefold() in (
                device.name.casefold(),
                (device.address or "").casefold(),
            ):
                return device.area
    return None
