"""Which open ticket a call, a diagnosis or an alert belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from netdiag.model import Cause, Kind
from netdiag.ticket import places
from netdiag.ticket.facts import Alert, Report, Stage, Ticket

_REPAIR = (Stage.REPAIRING, Stage.VERIFIED)
_ALIKE = 0.5


def find_open(
    tickets: Iterable[Ticket],
    *,
    at: datetime,
    area: str | None = None,
    kind: Kind | None = None,
    cause: Cause | None = None,
) -> Ticket | None:
    """The open ticket that a new report or a new diagnosis belongs to, the latest first.

    In this order: the same cause at the same place at any time (a sweep that finds the same rogue
    server again must not open a second ticket); without a `cause` the same `kind` in the same area;
    the same area within the joining time of the last call, unless the repair of another cause runs.
    """
    live = sorted(
        (t for t in tickets if t.stage is not Stage.CLOSED),
        key=lambda t: (t.opened, t.id),
        reverse=True,
    )
    tests: tuple[Callable[[Ticket], bool], ...] = (
        lambda t: cause is not None and any(_same_cause(c, cause) for c in _causes(t)),
        lambda t: cause is None and kind is not None and t.kind is kind and _same_area(t, area),
        lambda t: _same_area(t, area) and _recent(t, at) and not (cause and t.stage in _REPAIR),
    )
    return next((t for test in tests for t in live if test(t)), None)


def find_duplicate(tickets: Iterable[Ticket], report: Report) -> Ticket | None:
    """The open ticket on which the same person (or desk) already reported the same thing.

    At any time while it is open: who asks again next day is told of the ticket, not given another.
    """
    live = (t for t in tickets if t.stage is not Stage.CLOSED)
    return next((t for t in live if any(is_duplicate(r, report) for r in t.reports)), None)


def is_duplicate(one: Report, other: Report) -> bool:
    """The same reporter at the same place with the same symptom; what one does not say fits."""
    names = [r.reporter.strip().casefold() if r.reporter else None for r in (one, other)]
    desks = [r.desk.strip().casefold() if r.desk else None for r in (one, other)]
    if names[0] and names[1]:
        who = names[0] == names[1]
    else:
        who = bool(desks[0]) and desks[0] == desks[1] and bool(one.area)
    where = not (one.area and other.area) or places.same(one.area, other.area)
    desk = not (desks[0] and desks[1]) or desks[0] == desks[1]
    return who and where and desk and _alike(one.symptom, other.symptom)


def find_alert(tickets: Iterable[Ticket], key: str) -> tuple[Ticket, Alert] | None:
    """The open ticket that has that alert, firing ones first."""
    known = [
        (t, a) for t in tickets if t.stage is not Stage.CLOSED for a in t.alerts if a.key == key
    ]
    return next((pair for pair in known if pair[1].ends is None), known[0] if known else None)


def _alike(one: str | None, other: str | None) -> bool:
    if not one or not other:
        return True
    a, b = (set(re.findall(r"[\u4e00-\u9fff]|\w+", text.casefold())) for text in (one, other))
    return bool(a & b) and len(a & b) / len(a | b) >= _ALIKE if a or b else one == other


def _causes(ticket: Ticket) -> tuple[Cause, ...]:
    return ticket.diagnosis.causes if ticket.diagnosis else ()


def _same_cause(one: Cause, other: Cause) -> bool:
    kinds = {one.kind, *one.also} & {other.kind, *other.also}
    a, b = one.resource, other.resource
    if not kinds:
        return False
    if a.mac and b.mac:
        return a.mac == b.mac
    return (a.device, a.interface, a.ip) == (b.device, b.interface, b.ip)


def _same_area(ticket: Ticket, area: str | None) -> bool:
    return bool(area and ticket.area) and places.same(area or "", ticket.area or "")


def _recent(ticket: Ticket, at: datetime) -> bool:
    last = max([ticket.opened, *(r.at for r in ticket.reports)])
    return abs(at - last) <= timedelta(seconds=ticket.rules.join_s)
