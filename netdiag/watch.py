"""Watching what devices send: events stored, the device concerned polled, findings with counts.

A message of a root cause wakes a poll of its device, and no device more often than every half
minute: a flood of messages must not become a flood of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from netdiag import diagnose, recurrence
from netdiag.model import (
    Device,
    Evidence,
    Finding,
    Kind,
    LogEvent,
    Network,
    Resource,
    Severity,
    Site,
    Snapshot,
)

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.collect.listen import Listener, Sources
    from netdiag.collect.listen_tally import Heard
    from netdiag.diagnose import Look
    from netdiag.store import Store

TURN_S = 0.5
_COOL = timedelta(seconds=30)
_POLLS = 4
_FLAPS = 5
"""As many changes within `_WITHIN` make a flapping link (Cisco closes a port at 5 in 10 s)."""
_WITHIN = timedelta(minutes=10)
_KEPT = 2_000
"""Ports whose changes are counted, and findings: a bound, the latest stay."""


@dataclass(slots=True)
class Watched:
    """What a watch saw."""

    started: datetime
    received: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    heard: dict[tuple[object, ...], Heard] = field(default_factory=dict)
    """Alike events with the count of the whole watch, the latest of them."""
    findings: tuple[Finding, ...] = ()
    polled: dict[str, Snapshot] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    """Devices that were asked after a message and did not tell everything."""


def sources(devices: Iterable[Device], history: Iterable[Snapshot]) -> Sources:
    """Who is who, from the inventory and the last good snapshot of each device."""
    from netdiag.collect.listen import Sources

    listed, newest = tuple(devices), {s.device: s for s in history}
    names = {d.name.lower(): d.name for d in listed}
    for snapshot in newest.values():
        if snapshot.sys_name:
            names.setdefault(snapshot.sys_name.lower(), snapshot.device)
            names.setdefault(snapshot.sys_name.split(".")[0].lower(), snapshot.device)
    addresses: dict[str, list[str]] = {}
    for device in listed:
        addresses.setdefault(device.address, []).append(device.name)
    ports = {
        name: {i.if_index: i.name for i in s.interfaces if i.if_index is not None}
        for name, s in newest.items()
    }
    return Sources(
        by_name=names,
        # Behind one address several devices: only what a message says tells which.
        by_address={a: found[0] for a, found in addresses.items() if len(found) == 1},
        names=lambda device: ports.get(device, {}),
    )


def watch(
    listener: Listener,
    store: Store,
    targets: Sequence[Target],
    *,
    site: Site,
    stop: Event,
    seconds: float | None = None,
    told: Callable[[Heard], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
    poll: bool = True,
) -> Watched:
    """Until `stop` or for so many seconds. `told`: every event as it comes, root causes first."""
    from netdiag.collect.listen_tally import importance

    watched = Watched(datetime.now(UTC))
    end = None if seconds is None else watched.started + timedelta(seconds=seconds)
    with ThreadPoolExecutor(_POLLS, "woken") as pool:
        waiting: tuple[Heard, ...] = ()
        waker = _Waker(pool, {t.device.name: t for t in targets} if poll else {}, store, site, tell)
        while True:
            last = stop.wait(TURN_S) or (end is not None and datetime.now(UTC) >= end)
            fresh = listener.drain()
            for heard in fresh:
                if importance(heard.event.event) == 0 or heard.event.event == "link-down":
                    waker.wake(heard.event.device)
            waker.run(datetime.now(UTC), final=last)
            ready, waiting = _named((*waiting, *fresh), waker, final=last)
            _keep(ready, store, watched)
            for heard in ready:
                told(heard)
            if last:
                break
    watched.received, watched.dropped = dict(listener.received), listener.dropped
    watched.polled = waker.snapshots()
    watched.missed = tuple(
        sorted(n for n, s in watched.polled.items() if s.errors or not s.reachable)
    )
    watched.findings = _findings(watched, store, tuple(t.device for t in targets), site)
    for again in recurrence.check(store, watched.findings, datetime.now(UTC)):
        tell(f"{again.id}: {again.timeline[-1].text}")
    return watched


def _named(
    found: Sequence[Heard], waker: _Waker, *, final: bool
) -> tuple[tuple[Heard, ...], tuple[Heard, ...]]:
    """(those whose port has its name, those that wait): a trap may tell no more than an ifIndex.

    It waits for the look that it woke itself, which brings the names.
    """
    ready: list[Heard] = []
    waiting: list[Heard] = []
    for one in found:
        event = one.event
        number = (event.interface or "").removeprefix("ifIndex ")
        if not (number.isdigit() and number != event.interface):
            ready.append(one)
            continue
        name = waker.port(event.device, int(number))
        if name is None and not final and waker.awaited(event.device):
            waiting.append(one)
        else:
            ready.append(replace(one, event=replace(event, interface=name or event.interface)))
    return tuple(ready), tuple(waiting)


def _keep(found: Sequence[Heard], store: Store, watched: Watched) -> None:
    store.add_events((heard.event, heard.first) for heard in found)
    for heard in found:
        event = heard.event
        key = (event.device, _kind(event), event.interface, event.mac, event.mnemonic)
        known = watched.heard.pop(key, None)
        if known is not None:
            total = replace(event, count=event.count + known.count)
            watched.heard[key] = replace(heard, event=total, first=known.first)
        else:
            watched.heard[key] = heard
        if len(watched.heard) > _KEPT:
            del watched.heard[next(iter(watched.heard))]


def _kind(event: LogEvent) -> str:
    return "link" if event.event in {"link-up", "link-down"} else event.event


class _Waker:
    """Polls of devices that said something, each at most once in a while."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        targets: Mapping[str, Target],
        store: Store,
        site: Site,
        tell: Callable[[str], None],
    ) -> None:
        self._pool, self._targets, self._store = pool, targets, store
        self._site, self._tell = site, tell
        self._wanted: dict[str, None] = {}
        self._next: dict[str, datetime] = {}
        self._running: dict[str, Future[Look]] = {}
        self._seen: dict[str, Snapshot] = {}

    def wake(self, device: str | None) -> None:
        if device is not None and device in self._targets:
            self._wanted[device] = None

    def run(self, at: datetime, *, final: bool) -> None:
        """Starts what is due; the last turn waits for what runs, and asks who is still owed a look."""
        self._collect()
        for device in list(self._wanted):
            due = final and device not in self._next
            if device in self._running or (not due and at < self._next.get(device, at)):
                continue
            del self._wanted[device]
            self._next[device] = at + _COOL
            self._tell(f"{device} sent word: asking it")
            self._running[device] = self._pool.submit(self._look, device)
        if final:
            for future in self._running.values():
                future.result()
            self._collect()

    def _look(self, device: str) -> Look:
        return diagnose.poll([self._targets[device]], self._store, site=self._site)

    def _collect(self) -> None:
        for device, future in list(self._running.items()):
            if future.done():
                del self._running[device]
                self._seen |= {s.device: s for s in future.result().network.snapshots}

    def port(self, device: str | None, if_index: int) -> str | None:
        """The name of a port, as the latest look at its device told."""
        seen = self._seen.get(device or "")
        named = (i.name for i in seen.interfaces if i.if_index == if_index) if seen else iter(())
        return next(named, None)

    def awaited(self, device: str | None) -> bool:
        return device in self._running or device in self._wanted

    def snapshots(self) -> dict[str, Snapshot]:
        return dict(self._seen)


def _findings(
    watched: Watched, store: Store, devices: tuple[Device, ...], site: Site
) -> tuple[Finding, ...]:
    at = datetime.now(UTC)
    network = Network(
        at=at,
        devices=devices,
        site=site,
        snapshots=tuple(watched.polled.values()),
        history=store.history(before=watched.started),
        log=store.events(since=watched.started - timedelta(minutes=5)),
        baselines=store.baselines(before=watched.started),
    )
    found = diagnose.conclude(network).findings
    known = {(f.kind, f.resource) for f in found}
    more = (f for f in flapping(watched.heard.values()) if (f.kind, f.resource) not in known)
    return (*found, *more)


def flapping(heard: Iterable[Heard]) -> Iterable[Finding]:
    """One finding a port whose link changed often, with the count; a reload changes every port once or twice."""
    for one in heard:
        event = one.event
        if _kind(event) not in {"link", "link-flap"} or event.interface is None:
            continue
        span = max(one.last - one.first, timedelta(seconds=1))
        often = one.count >= _FLAPS * max(1.0, span / _WITHIN)
        if not often and event.event != "link-flap":
            continue
        said = f"{one.count} times in {span.total_seconds():.0f} s"
        yield Finding(
            Kind.LINK_FLAPPING,
            Severity.MINOR,
            Resource(event.device, event.interface),
            f"{event.device} {event.interface}: the link changed {said}",
            (Evidence("syslog", "link changes", said, event.device, one.last, event.raw),),
            one.first,
            one.last,
        )
