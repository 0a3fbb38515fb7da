"""What stands before a Cisco message: priority, sequence numbers, host, clock marks and time.

Sources: RFC 3164, RFC 5424, and the header forms of IOS, IOS-XR and NX-OS. A time is given only
where it can be trusted: `*` says that the clock was never set, an uptime says nothing of the day,
a zone that two countries share is not guessed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# For example "*Nov 22 06:01:02.123 CDT:", "2026 Nov 22 06:01:02 EST:", ".Nov 22 2026 06:01:02"
_STAMP = re.compile(
    r"(?P<mark>[*.])?(?:(?P<year>\d{4}) )?(?<![A-Za-z])(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2})"
    r"(?: (?P<year2>\d{4}))? (?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:[.:](?P<fraction>\d{1,6}))?"
    r"(?: (?P<year3>(?:19|20)\d\d)(?= ))?(?P<offset>[+-]\d\d:\d\d)?"
    r"(?: (?P<zone>[A-Z]{1,5}(?=:|$)))?"
)
# What every stamp holds, and where a search need not begin sooner: a mark and a year are 6 characters.
_DAY = re.compile(r"[A-Z][a-z]{2} +\d{1,2} (?:\d{4} )?\d\d:")
_BEFORE_DAY = 6
# For example "2026-11-22T06:01:02.123456+00:00", "2026-11-22 06:01:02"
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?")
# For example of EXOS: 10/15/2019 14:11:03.82
_AMERICAN = re.compile(
    r"(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?"
)
# For example "*08:00:00.000 UTC Sun Nov 22 2026"
_CLOCK = re.compile(
    r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<fraction>\d{1,6}))? (?P<zone>[A-Z]+) "
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<year>\d{4})"
)
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8,
    "PDT": -7, "AKST": -9, "AKDT": -8, "JST": 9, "HKT": 8,
}  # fmt: skip
# Nearly every line: "<189>Nov 22 06:01:02 acc-1 ", as RFC 3164 has it; what is not quite so goes the long way.
_PLAIN = re.compile(
    r"\s*<\d{1,3}>(?P<stamp>[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d) (?P<host>[A-Za-z](?:[\w.-]{0,253}[A-Za-z0-9])?) "
)
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+(?:%\S+)?")
_HOST = re.compile(r"^[A-Za-z0-9](?:[\w.-]{0,253}[A-Za-z0-9])?$")
# Beyond them a date is an error, and reckoning with it could leave the calendar.
_YEARS = (1970, 2200)
_PRIORITY = re.compile(r"^\s*<\d{1,3}>(?:1 )?")
_STAMPED = "\x01"


@dataclass(frozen=True, slots=True)
class Header:
    """Who logged, and when; `None` where the line does not say, or not reliably."""

    host: str | None
    at: datetime | None
    stamped: bool
    """It carries some date, reliable or not."""


def parse(text: str, at: datetime, clock: datetime | None = None) -> Header:
    """Reads what stands before `%`. `at`: when it was read; dates without year or zone are seen from there.

    Of two times the first is the syslog server's own, and its clock is the one that is comparable.
    With `clock`, what the device's own clock showed at `at`, its times are corrected by the
    difference, those of a clock that was never set too.
    """
    if clock is not None:
        own = parse(text.replace("*", "."), clock)
        return replace(own, at=None if own.at is None else at + (own.at - clock))
    plain = _PLAIN.match(text)
    if plain is not None and "/" not in text and not _ISO.search(text, plain.end(), 400):
        when = _plain_time(plain["stamp"], at)
        if when is not None:
            return Header(host=plain["host"], at=when, stamped=True)
    host, iso, stamps = _parts(text[:400])
    when = _iso(iso, at) if iso else next(iter(_times(stamps[:1], at)), None)
    if when is None and len(stamps) > 1:
        when = next(iter(_times(stamps[1:], at)), None)
    return Header(host=host, at=when, stamped=bool(iso or stamps))


def _plain_time(stamp: str, at: datetime) -> datetime | None:
    """As `_time`, of a stamp without mark, year and zone."""
    numbers = _numbers(stamp)
    if numbers is None:
        return None
    for year in (at.year + 1, at.year, at.year - 1):
        if not _YEARS[0] <= year <= _YEARS[1]:
            continue
        try:
            when = datetime(year, *numbers, tzinfo=at.tzinfo)
        except (ValueError, OverflowError):
            continue
        if when <= at + timedelta(days=1):
            return when
    return None


@lru_cache(maxsize=1024)
def _numbers(stamp: str) -> tuple[int, int, int, int, int] | None:
    """Month, day, hour, minute and second, of one second's lines the same."""
    month, day, clock = stamp.split()
    if month.lower() not in _MONTHS:
        return None
    hour, minute, second = clock.split(":")
    return _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute), int(second)


@lru_cache(maxsize=512)
def _parts(text: str) -> tuple[str | None, str | None, tuple[re.Match[str], ...]]:
    """(host, the ISO time, the other stamps), in a flood the same of line after line."""
    text = _PRIORITY.sub("", text)
    if "/" in text:
        text = _AMERICAN.sub(r"\g<year>-\g<month>-\g<day>T\g<time>", text)
    iso = _ISO.search(text) if "-" in text else None
    stamps = tuple(_stamps(text))
    bare = _ISO.sub(_STAMPED, text) if iso else text
    bare = _STAMP.sub(_STAMPED, bare) if stamps else bare
    return _host(bare), iso[0] if iso else None, stamps


def _stamps(text: str) -> Iterator[re.Match[str]]:
    """All of `_STAMP`, sought only about where one can be."""
    position = 0
    while day := _DAY.search(text, position):
        stamp = _STAMP.search(text, max(position, day.start() - _BEFORE_DAY))
        if stamp is None:
            return
        yield stamp
        position = stamp.end()


def device_clock(answer: str) -> datetime | None:
    """`*08:00:00.000 UTC Sun Nov 22 2026`, the answer to `show clock`, where its zone is UTC.

    In another zone nobody can tell whether the log is in local time: it says so only when asked to.
    """
    match = _CLOCK.search(answer[:2000])
    if match is None or _ZONES.get(match["zone"]) != 0:
        return None
    return _datetime(match, int(match["year"]), UTC)


def _times(stamps: Sequence[re.Match[str]], at: datetime) -> list[datetime]:
    found = (_time(stamp, at) for stamp in stamps)
    return [when for when in found if when is not None]


def _time(stamp: re.Match[str], at: datetime) -> datetime | None:
    if stamp["mark"] == "*":
        return None
    zone: tzinfo | None = at.tzinfo
    if stamp["zone"]:
        hours = _ZONES.get(stamp["zone"])
        if hours is None:
            return None
        zone = timezone(timedelta(hours=hours))
    if stamp["offset"]:
        sign = -1 if stamp["offset"][0] == "-" else 1
        hours, minutes = int(stamp["offset"][1:3]), int(stamp["offset"][4:])
        if hours > 14 or minutes > 59:
            return None
        zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
    year = stamp["year"] or stamp["year2"] or stamp["year3"]
    years = [int(year)] if year else [at.year + 1, at.year, at.year - 1]
    for candidate in years:
        when = _datetime(stamp, candidate, zone)
        # A day's grace: clocks differ, and a zone that is not said may be another one.
        if when is not None and (year or when <= at + timedelta(days=1)):
            return when.astimezone(at.tzinfo)
    return None


def _datetime(stamp: re.Match[str], year: int, zone: tzinfo | None) -> datetime | None:
    month = stamp["month"].lower()
    if month not in _MONTHS or not _YEARS[0] <= year <= _YEARS[1]:
        return None
    micro = int((stamp["fraction"] or "0").ljust(6, "0"))
    day, hour, minute, second = (int(stamp[name]) for name in ("day", "h", "m", "s"))
    number = _MONTHS.index(month) + 1
    try:
        return datetime(year, number, day, hour, minute, second, micro, tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def _iso(text: str, at: datetime) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        if not _YEARS[0] <= when.year <= _YEARS[1]:
            return None
        return (when if when.tzinfo else when.replace(tzinfo=at.tzinfo)).astimezone(at.tzinfo)
    except (ValueError, OverflowError):
        return None


def _host(bare: str) -> str | None:
    """The first word that can be a host: not a number, not a process, not a slot."""
    for word in bare.replace(_STAMPED, f" {_STAMPED} ").split():
        name = word.removesuffix(":")
        if _is_address(name) or (_HOST.match(name) and re.search(r"[A-Za-z]", name)):
            # An uptime, "1d02h" or "2w3d", is no host.
            if re.fullmatch(r"(?:\d+[ywdhms])+", name):
                continue
            return name
    return None


def _is_address(word: str) -> bool:
    if not _ADDRESS.fullmatch(word):
        return False
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return not word.isdigit()
