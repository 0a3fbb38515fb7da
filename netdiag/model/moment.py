"""All that one diagnosis may look at: everything below `collect` is a function of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from netdiag.model.device import Device, LogEvent, Site, Snapshot
from netdiag.model.wire import Capture


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for one interface, from stored history."""

    device: str
    interface: str
    in_broadcast_pps: float
    """Median over the history."""
    samples: int


@dataclass(frozen=True, slots=True)
class Series:
    """One rate over time, for a chart: of a port, or of what a sensor heard."""

    device: str | None
    """`None`: a sensor."""
    interface: str
    unit: str
    """e.g. `broadcasts/s`."""
    points: tuple[tuple[datetime, float], ...]
    """Rising times; each value holds for the time up to it."""
    usual: float | None = None
    """The median of the time before."""


@dataclass(frozen=True, slots=True)
class SegmentLevel:
    """What is usual on the wire at one sensor, from its earlier captures."""

    source: str
    kind: str
    """broadcast or multicast."""
    vlan: int | None
    median_pps: float
    """The median of the captures' own medians: a past storm does not move it."""
    captures: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Network:
    """All that one diagnosis may look at; everything below `collect` is a function of it."""

    # Without slots: what is looked up by name is indexed once, ten thousand devices else ask each of
    # the others.

    at: datetime
    devices: tuple[Device, ...]
    site: Site = Site()  # noqa: RUF009  (frozen, like every fact)
    snapshots: tuple[Snapshot, ...] = ()
    """One a device, as just polled, the unreachable ones included."""
    history: tuple[Snapshot, ...] = ()
    """Earlier good snapshots, newest first; several a device where there are."""
    captures: tuple[Capture, ...] = ()
    """As just heard and probed, then earlier ones of the incident's time."""
    log: tuple[LogEvent, ...] = ()
    """From the syslog server, besides each snapshot's own `log`."""
    baselines: tuple[Baseline, ...] = ()
    segments: tuple[SegmentLevel, ...] = ()
    vendors: tuple[tuple[str, str], ...] = ()
    """(MAC, maker) of addresses of interest, where their block is registered."""

    def device(self, name: str | None) -> Device | None:
        """The inventory entry of that name."""
        return self._devices.get(name)

    def snapshot(self, name: str | None) -> Snapshot | None:
        """The current snapshot of a device, reachable or not."""
        return self._snapshots.get(name)

    def earlier(self, name: str) -> Sequence[Snapshot]:
        """The stored snapshots of a device, newest first."""
        return self._earlier.get(name, ())

    @cached_property
    def _devices(self) -> dict[str | None, Device]:
        return {d.name: d for d in reversed(self.devices)}  # the first of a name counts

    @cached_property
    def _snapshots(self) -> dict[str | None, Snapshot]:
        return {s.device: s for s in reversed(self.snapshots)}

    @cached_property
    def _earlier(self) -> dict[str, list[Snapshot]]:
        found: dict[str, list[Snapshot]] = {}
        for snapshot in sorted(self.history, key=lambda s: s.at, reverse=True):
            found.setdefault(snapshot.device, []).append(snapshot)
        return found

    def last_good(self, name: str | None) -> Snapshot | None:
        """The current snapshot where the device answers, else the newest stored one."""
        current = self.snapshot(name)
        # One that answers and refuses the login has said nothing.
        if current is not None and current.reachable and (current.sources or current.interfaces):
            return current
        return next((s for s in self.history if s.device == name), None)

    def events(self) -> Iterator[LogEvent]:
        """Every log event, of the syslog server and of the devices' own buffers."""
        yield from self.log
        for snapshot in self.snapshots:
            yield from snapshot.log
