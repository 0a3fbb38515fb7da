"""Polls devices over SNMP v2c and v3, many at once. A device's failure is data, never an exception.

What a device did not answer is in its snapshot's `errors`, table by table; what it did answer stays.
Rules: one request at a time to a device and never more than its `requests_per_s`; sizes shrink when
answers are lost or too big; a device that falls silent in mid-walk is asked once more for its uptime
and then left alone; one that is slow or silent is waited for apart, so that it holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from netdiag import platforms
from netdiag.access import Target
from netdiag.collect import snmp_session
from netdiag.collect.snmp_session import Refusal, Session, Sockets, open_session
from netdiag.collect.snmp_walk import Pace, Walk
from netdiag.decode import mib, mib_cisco, mib_closed, mib_if, oids
from netdiag.decode.mib_view import Value, View
from netdiag.decode.oids import Oid
from netdiag.decode.rates import rates
from netdiag.errors import AccessDenied, CollectError, NetdiagError, Unreachable
from netdiag.model import Device, Snapshot, SourceError

DEADLINE_S = 180.0
"""A device that has not told everything by then is left with what it told."""
_SILENT = "the device stopped answering"
_OF_INTERFACES = frozenset({"ifTable", "ifXTable", "dot3StatsTable", "counters", "32-bit counters"})
_MORE_INTERFACES = 500
_SILENT_CONTEXTS = 3
"""So many VLAN contexts without an answer in a row mean that there are none."""

_PROMPT, _PATIENT = 64, 192
"""Devices at once: those that answer promptly (each holds what it told in memory), and those waited for."""

Progress = Callable[[str], None]
Arrived = Callable[[Snapshot], None]


def poll(
    targets: Sequence[Target],
    *,
    window_s: float | None = None,
    concurrency: int = _PROMPT,
    progress: Progress | None = None,
    arrived: Arrived | None = None,
    deadline_s: float = DEADLINE_S,
    only: frozenset[str] | None = None,
) -> tuple[Snapshot, ...]:
    """One snapshot a target, in their order.

    With `window_s` the counters are read twice, at least so far apart, and `Snapshot.rates` filled.
    `progress` is called with a device's name when it is done, `arrived` with its snapshot. `only`: no
    more than these tables of `oids.TABLES`, and no counters.
    """
    return asyncio.run(
        poll_async(
            targets,
            window_s=window_s,
            concurrency=concurrency,
            progress=progress,
            arrived=arrived,
            deadline_s=deadline_s,
            only=only,
        )
    )


async def poll_async(
    targets: Sequence[Target],
    *,
    window_s: float | None = None,
    concurrency: int = _PROMPT,
    progress: Progress | None = None,
    arrived: Arrived | None = None,
    deadline_s: float = DEADLINE_S,
    only: frozenset[str] | None = None,
) -> tuple[Snapshot, ...]:
    """`poll` for a caller that has a running loop."""
    sockets = Sockets()
    prompt, patient = asyncio.Semaphore(max(1, concurrency)), asyncio.Semaphore(_PATIENT)

    async def one(target: Target) -> Snapshot:
        async with _Place(prompt, patient) as place:
            while True:
                found = await _poll_device(
                    sockets, target, window_s, deadline_s, only=only, place=place
                )
                if found.sources or not (target.snmp and target.snmp.others):
                    break
                # Who does not answer to one credential is asked by the next that is configured for it.
                first, *rest = target.snmp.others
                target = replace(target, snmp=replace(first, others=tuple(rest)))
        if progress is not None:
            progress(target.device.name)
        if arrived is not None:
            arrived(found)
        return found

    try:
        return tuple(await asyncio.gather(*(one(target) for target in targets)))
    finally:
        sockets.close()


class _Place:
    """A device's place among those asked at once; one that keeps us waiting changes over."""

    def __init__(self, prompt: asyncio.Semaphore, patient: asyncio.Semaphore) -> None:
        self._held, self._patient = prompt, patient

    async def __aenter__(self) -> Self:
        await self._held.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._held.release()

    async def step_aside(self) -> None:
        """Frees its place for a device that answers, where there is room apart."""
        if self._held is not self._patient and not self._patient.locked():
            await self._patient.acquire()
            self._held.release()
            self._held = self._patient


def read_broadcast_counters(target: Target, timeout_s: float) -> tuple[tuple[str, int], ...]:
    """(interface, ifHCInBroadcastPkts) pairs, in one fast look; empty where none came in time."""
    return asyncio.run(_broadcast_counters(target, timeout_s))


# --- one device ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Visit:
    """What one device has told so far."""

    session: Session
    deadline: float
    pace: Pace = field(default_factory=Pace)
    varbinds: dict[Oid, Value] = field(default_factory=dict)
    """The scalars."""
    columns: dict[Oid, dict[Oid, Value]] = field(default_factory=dict)
    counts: dict[Oid, dict[Oid, Value]] = field(default_factory=dict)
    """The last reading of the counters' columns, apart, because a second one replaces it."""
    contexts: dict[int, dict[Oid, Value]] = field(default_factory=dict)
    counted_at: dict[int, datetime] = field(default_factory=dict)
    errors: list[SourceError] = field(default_factory=list)
    silent: bool = False

    @property
    def device(self) -> Device:
        return self.session.target.device

    def view(self) -> View:
        return View(tuple(self.varbinds.items()), columns={**self.columns, **self.counts})

    def reading(self) -> mib.Reading:
        return mib.Reading(
            tuple(self.varbinds.items()),
            {vlan: tuple(found.items()) for vlan, found in self.contexts.items()},
            dict(self.counted_at),
            tuple(self.errors),
            {**self.columns, **self.counts},
        )


async def _poll_device(
    sockets: Sockets,
    target: Target,
    window_s: float | None,
    deadline_s: float,
    *,
    only: frozenset[str] | None,
    place: _Place,
) -> Snapshot:
    started = datetime.now(UTC)
    if target.snmp is None:
        return _unreachable(target, started, "access", "no SNMP access is configured")
    try:
        session = await open_session(sockets, target)
        session.budget.waited_for = place.step_aside
        visit = _Visit(session, asyncio.get_running_loop().time() + deadline_s)
        await _scalars(visit)
    except AccessDenied as exc:  # it was asked, and answered: "access" is what was never asked
        return _unreachable(target, started, "login", str(exc))
    except NetdiagError as exc:
        return _unreachable(target, started, "device", str(exc))
    try:
        if only is not None:
            await _walk(visit, {name: of for name, of in oids.TABLES.items() if name in only})
            return mib.snapshot(visit.device, visit.reading(), at=datetime.now(UTC))
        return await _read_all(visit, window_s)
    except CollectError as exc:  # kept: what had been read
        visit.errors.append(SourceError("snmp", "device", f"{exc}; the poll ended there"))
        return mib.snapshot(visit.device, visit.reading(), at=datetime.now(UTC))


def _unreachable(target: Target, at: datetime, what: str, message: str) -> Snapshot:
    return Snapshot(
        device=target.device.name,
        address=target.device.address,
        at=at,
        reachable=False,
        platform=target.device.platform,
        errors=(SourceError("snmp", what, message),),
    )


async def _scalars(visit: _Visit) -> None:
    """The first words with a device: raises Unreachable or AccessDenied, else it is there."""
    answer = await _get(visit.session, oids.SCALARS)
    if answer is None:
        v3 = visit.session.access.version == "3"
        raise Unreachable(snmp_session.NO_ANSWER_V3 if v3 else snmp_session.NO_ANSWER)
    visit.varbinds.update(answer)


async def _get(
    session: Session, wanted: Sequence[Oid], tries: int | None = None
) -> dict[Oid, Value] | None:
    """The values that exist, or `None` for no answer. A refused list is asked for in halves."""
    for _ in range(tries or session.access.retries + 1):
        answer = await session.get(wanted)
        if isinstance(answer, Refusal):
            if len(wanted) == 1:
                return {}
            middle = len(wanted) // 2
            halves = [await _get(session, part) for part in (wanted[:middle], wanted[middle:])]
            return {k: v for half in halves if half for k, v in half.items()}
        if answer is not None:
            return {oid: value for oid, value in answer if value is not None and oid in wanted}
    return None


async def _read_all(visit: _Visit, window_s: float | None) -> Snapshot:
    loop = asyncio.get_running_loop()
    interfaces = {name: oids.TABLES[name] for name in ("ifTable", "ifXTable")}
    await _walk(visit, interfaces)
    before: Snapshot | None = None
    if window_s is not None and not visit.silent:
        counted = loop.time()
        await _count(visit)
        before = mib.snapshot(visit.device, visit.reading(), at=datetime.now(UTC))
    await _walk(visit, _rest(visit, interfaces))
    await _vlan_contexts(visit)
    if before is not None and window_s is not None and not visit.silent:
        await asyncio.sleep(counted + window_s - loop.time())
        visit.varbinds |= await _get(visit.session, (oids.SYS_UP_TIME,)) or {}
    await _count(visit)
    at = datetime.now(UTC)
    found = mib.snapshot(visit.device, visit.reading(), at=at)
    return found if before is None else replace(found, rates=rates(before, found))


def _rest(visit: _Visit, read: Mapping[str, object]) -> dict[str, Sequence[Oid]]:
    """The tables still to read: the maker's own of closed ports first, ifStackTable where it tells something."""
    view = visit.view()
    rest: dict[str, Sequence[Oid]] = dict(mib_closed.tables(view.object_id(oids.SYS_OBJECT_ID)))
    rest |= {name: of for name, of in oids.TABLES.items() if name not in read}
    if mib_if.has_aggregates(view):
        rest["ifStackTable"] = (oids.IF_STACK_STATUS,)
    return rest


async def _count(visit: _Visit) -> None:
    """Reads the counters, the 32-bit ones too where an Ethernet port offers no others."""
    visit.counts, visit.counted_at = {}, {}
    await _walk(visit, {"counters": oids.COUNTERS}, counting=True)
    if mib_if.lacks_wide_counters(visit.view()):
        await _walk(visit, {"32-bit counters": oids.COUNTERS_32}, counting=True)


async def _walk(
    visit: _Visit, tables: Mapping[str, Sequence[Oid]], *, counting: bool = False
) -> None:
    walk = Walk(tables, visit.pace, bounds=_bounds(visit, tables))
    try:
        await _walk_in(visit, visit.session, walk, counting=counting)
    finally:
        (visit.counts if counting else visit.columns).update(walk.columns)
        visit.errors += walk.errors


def _bounds(visit: _Visit, tables: Mapping[str, Sequence[Oid]]) -> dict[str, int]:
    """ifNumber says how long the tables of interfaces are; some agents forget those made since boot."""
    said = visit.varbinds.get(oids.IF_NUMBER)
    if not isinstance(said, int) or said <= 0:
        return {}
    return dict.fromkeys(_OF_INTERFACES & tables.keys(), 2 * said + _MORE_INTERFACES)


async def _walk_in(visit: _Visit, session: Session, walk: Walk, *, counting: bool = False) -> None:
    """Drives a walk to its end; a table is given up after all tries, all of them if nobody is there."""
    loop, tries = asyncio.get_running_loop(), 0
    if visit.silent:
        walk.abandon_all(_SILENT)
    while (request := walk.request()) is not None:
        if loop.time() > visit.deadline:
            walk.abandon_all("the time for this device was used up")
            break
        answer = await session.bulk(request.oids, request.repetitions)
        if answer is None:
            walk.lost()
            tries += 1
            if tries > session.access.retries:
                tries = 0
                await _give_up(visit, session, walk)
            continue
        tries = 0
        if isinstance(answer, Refusal):
            walk.refused(answer.status, answer.index)
            continue
        now = datetime.now(UTC)
        found = walk.receive(answer)
        if counting:
            for if_index in found - visit.counted_at.keys():
                visit.counted_at[if_index] = now


async def _give_up(visit: _Visit, session: Session, walk: Walk) -> None:
    """Is it the table, or the device? One cheap question tells."""
    if await _get(session, (oids.SYS_UP_TIME,)) is not None:
        walk.abandon("no answer to this table, while the device still answers")
        return
    visit.silent = visit.silent or session.vlan is None
    walk.abandon_all(_SILENT)


async def _vlan_contexts(visit: _Visit) -> None:
    """Cisco keeps one bridge table a VLAN; the community alone shows a part of one of them."""
    view = visit.view()
    known = platforms.get(visit.device.platform) or platforms.recognise(
        view.object_id(oids.SYS_OBJECT_ID), view.string(oids.SYS_DESCR)
    )
    if known is None or not known.fdb_by_vlan_community or visit.silent:
        return
    vlans, missed = mib_cisco.vtp_vlans(view), 0
    for vlan in vlans:
        if asyncio.get_running_loop().time() > visit.deadline:
            message = f"the time for this device was used up before VLAN {vlan}"
            visit.errors.append(SourceError("snmp", "dot1dTpFdbTable", message))
            return
        if missed >= _SILENT_CONTEXTS and not visit.contexts:
            break
        tries = 1 if missed >= _SILENT_CONTEXTS else 2
        missed = 0 if await _vlan_context(visit, vlan, tries) else missed + 1
    if vlans and not visit.contexts:
        message = "no VLAN's own bridge table is answered (community@vlan, SNMPv3 context vlan-N)"
        visit.errors.append(SourceError("snmp", "dot1dTpFdbTable", message))


async def _vlan_context(visit: _Visit, vlan: int, tries: int) -> bool:
    """Whether the VLAN's context answers. Not every VLAN has one, so the tries are few."""
    session = visit.session.in_vlan(vlan)
    try:
        found = await _get(session, oids.CONTEXT_SCALARS, min(tries, session.access.retries + 1))
    except AccessDenied:
        return False
    if found is None:
        return False
    visit.contexts[vlan] = found
    walk = Walk(oids.CONTEXT_TABLES, visit.pace)
    try:
        await _walk_in(visit, session, walk)
    finally:
        found.update(walk.varbinds)
        visit.errors += [
            replace(error, what=f"{error.what} (VLAN {vlan})") for error in walk.errors
        ]
    return True


# --- the quick look ------------------------------------------------------------------------------


async def _broadcast_counters(target: Target, timeout_s: float) -> tuple[tuple[str, int], ...]:
    """Several short tries rather than a long one: the path may open for a second only."""
    if target.snmp is None:
        return ()
    sockets = Sockets()
    access = replace(target.snmp, timeout_s=min(0.5, timeout_s), retries=0)
    walk = Walk({"ifXTable": (oids.IF_HC_IN_BROADCAST_PKTS, oids.IF_NAME, oids.IF_DESCR)})
    try:
        session = await open_session(sockets, replace(target, snmp=access))
        async with asyncio.timeout(timeout_s):
            while (request := walk.request()) is not None:
                answer = await session.bulk(request.oids, request.repetitions)
                if isinstance(answer, Refusal):
                    walk.refused(answer.status, answer.index)
                elif answer is not None:
                    walk.receive(answer)
    except (TimeoutError, NetdiagError):
        pass
    finally:
        sockets.close()
    view = View((), columns=walk.columns)
    names = mib_if.ports(view).by_index
    counts = view.by_number(oids.IF_HC_IN_BROADCAST_PKTS)
    return tuple((names[index], counts[index]) for index in sorted(counts) if index in names)
