"""What the listener remembers: messages waiting, and events with their counts. No I/O, no clock.

Rules: memory is bounded, and what is dropped is counted. A root cause is never given up for chatter:
messages wait in two lanes, in each of which the source that sends most loses first; alike ones wait
once, with a count; events are given up lowest class first, and of the root causes only those that
have already been handed out.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from netdiag.model import LogEvent

T = TypeVar("T")

ROOT_CAUSES = frozenset(
    {
        "err-disabled", "err-recover", "storm", "loop", "bpdu-guard", "port-security", "mac-flap",
        "dhcp-snooping", "arp-inspection", "duplicate-address", "link-flap",
    }
)  # fmt: skip
_LINKS = frozenset({"link-up", "link-down"})
# Octets in which one of these words stands may be a root cause.
URGENT = re.compile(
    rb"err.?dis|error.?down|storm|loop|flap|bpdu|psecure|port.?sec|security.?viol|dhcp|"
    rb"dupaddr|duplicate|shut|disabled|mac.?move|moved from|lbd|rldp|fault-?finder|recover",
    re.IGNORECASE,
)
_NEAR = timedelta(days=1)
_AHEAD = timedelta(minutes=5)


def importance(event: str) -> int:
    """0 for what may be a root cause, 1 for links, 2 for all else."""
    return 0 if event in ROOT_CAUSES else 1 if event in _LINKS else 2


@dataclass(slots=True)
class Lane(Generic[T]):
    """Waiting things by source, taken in turn; a full lane takes from the source that has most in it."""

    capacity: int
    dropped: int = 0
    _by_source: OrderedDict[str, OrderedDict[Hashable, tuple[T, int]]] = field(
        default_factory=OrderedDict
    )
    _size: int = 0

    def __len__(self) -> int:
        return self._size

    def put(self, source: str, key: Hashable, item: T) -> None:
        """Alike ones (same source and key) wait once; the newest stays, with the count of all."""
        waiting = self._by_source.setdefault(source, OrderedDict())
        if key in waiting:
            waiting[key] = (item, waiting[key][1] + 1)
            return
        if self._size >= self.capacity:
            noisiest = max(self._by_source, key=lambda s: len(self._by_source[s]))
            _, count = self._by_source[noisiest].popitem()[1]
            self.dropped += count
            self._size -= 1
        waiting[key] = (item, 1)
        self._size += 1

    def pop(self) -> tuple[T, int] | None:
        """The oldest of the next source with its count; `None`: nothing waits."""
        while self._by_source:
            source, waiting = self._by_source.popitem(last=False)
            if not waiting:
                continue
            _, found = waiting.popitem(last=False)
            self._size -= 1
            if waiting:
                self._by_source[source] = waiting
            return found
        return None


@dataclass(frozen=True, slots=True)
class Heard:
    """Alike messages of one port: the last of them, carrying the count, and when the first came."""

    event: LogEvent
    first: datetime
    last: datetime

    @property
    def count(self) -> int:
        return self.event.count


@dataclass(slots=True)
class _Entry:
    heard: Heard
    changed: bool = True


@dataclass(slots=True)
class Tally:
    """Events with counts, since they were last handed out."""

    capacity: int = 20_000
    dropped: Counter[str] = field(default_factory=Counter)
    """By kind of event: how many messages were given up uncounted elsewhere."""
    _classes: tuple[OrderedDict[Hashable, _Entry], ...] = field(
        default_factory=lambda: (OrderedDict(), OrderedDict(), OrderedDict())
    )

    def add(self, event: LogEvent, received: datetime, count: int = 1) -> bool:
        """Counts an event; True where no alike one is remembered."""
        event = replace(event, at=_trusted(event.at, received))
        key = _identity(event)
        entries = self._classes[importance(event.event)]
        known = entries.get(key)
        if known is not None:
            total = count + (known.heard.count if known.changed else 0)
            first = known.heard.first if known.changed else received
            entries[key] = _Entry(Heard(replace(event, count=total), first, received))
            entries.move_to_end(key)
            return not known.changed
        if sum(map(len, self._classes)) >= self.capacity and not self._make_room(event.event):
            self.dropped[event.event] += count
            return False
        entries[key] = _Entry(Heard(replace(event, count=count), received, received))
        return True

    def drain(self) -> tuple[Heard, ...]:
        """What changed since the last time, the most important first; remembered to know alike ones."""
        found = tuple(self._changed())
        for entries in self._classes:
            for entry in entries.values():
                entry.changed = False
        return found

    def _changed(self) -> Iterator[Heard]:
        for entries in self._classes:
            yield from (entry.heard for entry in entries.values() if entry.changed)

    def _make_room(self, event: str) -> bool:
        """Handed-out entries go without loss, chatter first; then less important ones, counted."""
        for entries in reversed(self._classes):
            stale = next((key for key, entry in entries.items() if not entry.changed), None)
            if stale is not None:
                del entries[stale]
                return True
        for entries in list(reversed(self._classes))[: 2 - importance(event)]:
            if entries:
                _, gone = entries.popitem(last=False)
                self.dropped[gone.heard.event.event] += gone.heard.count
                return True
        return False


def _identity(event: LogEvent) -> Hashable:
    """Up and down of one port are alike: a flapping port is one thing. Texts differ by their tag only."""
    kind = "link" if event.event in _LINKS else event.event
    other = event.mnemonic if event.event == "other" else ""
    where = (event.interface, event.other_interface, event.vlan)
    return (event.device, kind, other, *where, event.mac, event.ip, event.cause)


def _trusted(said: datetime | None, received: datetime) -> datetime:
    """The sender's time where its clock can be right, else when it was received."""
    if said is None or not received - _NEAR <= said <= received + _AHEAD:
        return received
    return said
