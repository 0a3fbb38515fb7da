"""What keeps coming back, counted from tickets and from articles written by hand (pandas lives here).

Times are means over the incidents that have them; person-hours are people affected times the time
from the opening to the verified repair. Hours of the day are those of `zone`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from netdiag.kb.article import Article, Case, named_in_s, platform, restored_in_s
from netdiag.model import Kind

REPEATS = 2
"""So often at one port, or by one address, is an offender."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How often one kind struck one area in one month (`2026-03`)."""

    month: str
    kind: Kind | None
    area: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """The incidents that share a kind, a place, a platform or an hour."""

    name: str
    incidents: int
    named_in_s: float | None
    restored_in_s: float | None
    person_hours: float


@dataclass(frozen=True, slots=True)
class Offender:
    """A port, or an address, that came up more than once."""

    what: str
    incidents: int
    kinds: tuple[Kind, ...]
    tickets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Saving:
    """What one remedy, proposed in these incidents, would have saved."""

    remedy: str
    incidents: int
    person_hours: float


@dataclass(frozen=True, slots=True)
class Trends:
    """The review: counts by month, groups by what they share, offenders, and what prevention saves."""

    rows: tuple[Trend, ...]
    by_kind: tuple[Group, ...]
    by_place: tuple[Group, ...]
    by_platform: tuple[Group, ...]
    by_hour: tuple[Group, ...]
    offenders: tuple[Offender, ...]
    savings: tuple[Saving, ...]


def trends(
    cases: Iterable[Case], articles: Iterable[Article] = (), *, zone: tzinfo = UTC
) -> Trends:
    """The review of tickets, and of the articles that have no ticket."""
    known = tuple(cases)
    ids = {c.id for c in known}
    rows = [_row(c, zone) for c in known]
    rows += [_written(a, zone) for a in articles if a.id not in ids]
    return Trends(
        rows=_monthly(rows),
        by_kind=_groups(rows, "kind"),
        by_place=_groups(rows, "area"),
        by_platform=_groups(rows, "platform"),
        by_hour=_groups(rows, "hour"),
        offenders=_offenders(known),
        savings=_savings(known),
    )


def _row(case: Case, zone: tzinfo) -> dict[str, Any]:
    at = case.opened.astimezone(zone)
    return {
        "month": f"{at:%Y-%m}",
        "hour": f"{at:%H}:00",
        "kind": case.kind,
        "area": case.area,
        "platform": platform(case),
        "named": named_in_s(case),
        "restored": restored_in_s(case),
        "hours": _person_hours(case),
    }


def _written(article: Article, zone: tzinfo) -> dict[str, Any]:
    at = article.at.astimezone(zone)
    return {
        "month": f"{at:%Y-%m}",
        "hour": None,
        "kind": article.kind,
        "area": article.area,
        "platform": article.platform,
        "named": article.named_in_s,
        "restored": article.restored_in_s,
        "hours": 0.0,
    }


def _person_hours(case: Case) -> float:
    return case.affected * (restored_in_s(case) or 0.0) / 3600


def _monthly(rows: Sequence[dict[str, Any]]) -> tuple[Trend, ...]:
    counts = Counter((r["month"], r["kind"], r["area"]) for r in rows)
    found = [Trend(month, kind, area, n) for (month, kind, area), n in counts.items()]
    found.sort(key=lambda t: (t.kind or "", t.area or ""))
    found.sort(key=lambda t: (t.month, t.count), reverse=True)
    return tuple(found)


def _groups(rows: Sequence[dict[str, Any]], by: str) -> tuple[Group, ...]:
    """The most frequent first; what has no such word is not counted here."""
    named = [r | {by: str(r[by])} for r in rows if r[by] is not None]
    if not named:
        return ()
    import pandas as pd

    frame = pd.DataFrame(named).astype({"named": float, "restored": float, "hours": float})
    table = frame.groupby(by, sort=True).agg(
        incidents=("month", "size"),
        named=("named", "mean"),
        restored=("restored", "mean"),
        hours=("hours", "sum"),
    )
    table = table.sort_values("incidents", ascending=False, kind="stable")
    return tuple(
        Group(str(name), int(n), _figure(named_s), _figure(restored_s), round(float(hours), 2))
        for name, n, named_s, restored_s, hours in table.itertuples(name=None)
    )


def _figure(value: float) -> float | None:
    return None if value != value else round(float(value), 1)  # noqa: PLR0124  (NaN alone differs from itself)


def _offenders(cases: Iterable[Case]) -> tuple[Offender, ...]:
    struck: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda c: (c.opened, c.id)):
        r = case.cause.resource if case.cause else None
        if r is None:
            continue
        port = f"{r.device} {r.interface}" if r.device and r.interface else None
        for what in (port, r.mac):
            if what:
                struck.setdefault(what, []).append(case)
    found = [
        Offender(
            what,
            len(mine),
            tuple(dict.fromkeys(c.kind for c in mine if c.kind)),
            tuple(c.id for c in mine),
        )
        for what, mine in struck.items()
        if len(mine) >= REPEATS
    ]
    return tuple(sorted(found, key=lambda o: (-o.incidents, o.what)))


def _savings(cases: Iterable[Case]) -> tuple[Saving, ...]:
    saved: dict[str, list[float]] = {}
    for case in cases:
        for remedy in {a.title for a in case.diagnosis.advice} if case.diagnosis else ():
            saved.setdefault(remedy, []).append(_person_hours(case))
    found = [Saving(remedy, len(h), round(sum(h), 2)) for remedy, h in saved.items()]
    return tuple(sorted(found, key=lambda s: (-s.person_hours, -s.incidents, s.remedy)))
