"""Findings while they happen: each said once when it begins, a storm also when it is over.

A finding of a wire is judged again every second from everything heard so far. A storm that changes
its face (another cast, other sources, more VLANs) is the same storm and no second alarm. What is
found goes to the ticket that it belongs to, with the file of the frames behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from netdiag import ticket as tickets
from netdiag.model import Capture, Cause, Finding, Kind, Network, SegmentLevel, Site
from netdiag.sweep import judge

if TYPE_CHECKING:
    from netdiag.decode.frames import Reader
    from netdiag.store import Store
    from netdiag.sweep import Judgement

_STORM = frozenset({Kind.BROADCAST_STORM, Kind.MULTICAST_STORM, Kind.UNKNOWN_UNICAST_FLOODING})
_FAMILIES = (_STORM, frozenset({Kind.LAYER2_LOOP}))
"""Kinds of which several at one time are one."""
_QUIET = timedelta(seconds=3)
"""As long without a stormy second, and the storm is over."""
_SHARE = 5
"""Judging takes at most one part of so many of our time, however much has been heard."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something to say now."""

    at: datetime
    finding: Finding
    ended: bool = False


@dataclass(slots=True)
class _Alarm:
    """A finding that has been said."""

    finding: Finding
    ended: bool = False


class Alarms:
    """Feed it the findings so far, as often as you like; it gives back what is new."""

    def __init__(self) -> None:
        self._said: list[_Alarm] = []
        self._seen: set[object] = set()

    def look(self, found: Iterable[Finding], at: datetime) -> Iterator[Told]:
        """What has begun or ended since the last look."""
        for finding in found:
            alarm = self._alarm(finding)
            if alarm is None:
                self._said.append(_Alarm(finding))
                self._seen.add(_identity(finding))
                yield Told(at, finding)
            elif not alarm.ended:
                last = max(alarm.finding.last_seen, finding.last_seen)
                if finding.kind is alarm.finding.kind:
                    alarm.finding = finding
                alarm.finding = replace(alarm.finding, last_seen=last)
        for alarm in self._said:
            if _family(alarm.finding) and not alarm.ended:
                alarm.ended = at - alarm.finding.last_seen > _QUIET
                if alarm.ended:
                    yield Told(at, alarm.finding, ended=True)

    def _alarm(self, finding: Finding) -> _Alarm | None:
        """The alarm that this finding is part of."""
        family = _family(finding)
        if not family:
            known = (a for a in self._said if _identity(a.finding) == _identity(finding))
            return next(known, None) if _identity(finding) in self._seen else None
        for alarm in self._said:
            other = alarm.finding
            together = finding.first_seen <= other.last_seen + _QUIET
            together = together and other.first_seen <= finding.last_seen + _QUIET
            if _family(other) == family and together:
                return alarm
        return None


def _family(finding: Finding) -> frozenset[Kind]:
    return next((f for f in _FAMILIES if finding.kind in f), frozenset())


def _identity(finding: Finding) -> object:
    """Whom it is about: the VLANs in which it was seen may become more."""
    r = finding.resource
    return (finding.kind, r.mac, r.ip) if r.mac or r.ip else finding.id


class Watcher:
    """Judges what is heard once a second, and says what is new."""

    def __init__(
        self,
        site: Site,
        tell: Callable[[Told], None],
        segments: tuple[SegmentLevel, ...] = (),
    ) -> None:
        """`segments`: how loud the wire is there on other days."""
        self._site, self._tell, self._segments = site, tell, segments
        self._alarms = Alarms()
        self._next = 0.0
        self.told: list[Told] = []
        self.capture: Capture | None = None
        self.judged: Judgement | None = None

    def __call__(self, reader: Reader) -> Iterator[tuple[datetime, str]]:
        """As `collect.wire.listen` wants it: gives back around what to keep evidence."""
        started = time.monotonic()
        if started < self._next:
            return
        self.capture = reader.capture(so_far=True)
        yield from self._judge(self.capture)
        self._next = started + _SHARE * (time.monotonic() - started)

    def _network(self, capture: Capture) -> Network:
        return Network(capture.last or datetime.now(UTC), (), segments=self._segments)

    def _judge(self, capture: Capture) -> Iterator[tuple[datetime, str]]:
        if capture.last is None:
            return
        self.judged = judge(capture, self._site, network=self._network(capture))
        for told in self._alarms.look(self.judged.findings, capture.last):
            self.told.append(told)
            self._tell(told)
            if not told.ended:
                words = f"{told.finding.kind}: {told.finding.summary}"
                yield told.finding.first_seen, words

    def finish(self, capture: Capture, at: datetime) -> Judgement:
        """The verdict on the whole; what the last second brought is told too."""
        seen = judge(capture, self._site, network=self._network(capture))
        for told in self._alarms.look(seen.findings, at):
            if not told.ended:
                self.told.append(told)
                self._tell(told)
        return seen


def file_evidence(
    store: Store, seen: Judgement, evidence: Path, at: datetime, *, ticket_id: str | None, by: str
) -> tuple[str, ...]:
    """The evidence put on the ticket that was named, or on the open ones that the causes are of."""
    if ticket_id is not None:
        wanted = {ticket_id}
    else:
        wanted = {t.id for t in store.tickets() if any(_is_about(t, c, at) for c in seen.causes)}
    path = str(evidence.absolute())
    for name in sorted(wanted):
        store.save_ticket(tickets.attached(store.ticket(name), path, at, by))
    return tuple(sorted(wanted))


def _is_about(ticket: tickets.Ticket, cause: Cause, at: datetime) -> bool:
    """An open ticket of that cause; a wire alone cannot tell at which port its storm is made."""
    if tickets.find_open((ticket,), at=at, cause=cause) is not None:
        return True
    known = ticket.cause
    if ticket.stage is tickets.Stage.CLOSED or known is None or cause.resource.mac:
        return False
    return bool({known.kind, *known.also} & {cause.kind, *cause.also} & {*_STORM, Kind.LAYER2_LOOP})
