"""Looking for servers that should not be there: a probe or a capture, judged and put on record.

A sweep sends DISCOVER, SOLICIT and router solicitations, and never a REQUEST: no lease is taken.
One rogue is one ticket, however often the sweep meets it; one that has not answered for some sweeps
in a row is resolved, and the same ticket goes on if it comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import diagnose
from netdiag import ticket as tickets
from netdiag.checks import dhcp
from netdiag.model import (
    AuthorizedDhcp6Server,
    AuthorizedDhcpServer,
    AuthorizedRouter,
    Capture,
    Cause,
    Device,
    Diagnosis,
    Finding,
    Kind,
    Network,
    Site,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netdiag.store import Store
    from netdiag.ticket import Ticket

_ROGUE = {Kind.ROGUE_DHCP_SERVER, Kind.ROGUE_DHCP6_SERVER, Kind.ROGUE_ROUTER_ADVERTISEMENT}
_TICKETED = _ROGUE | {Kind.LAYER2_LOOP}
GONE_AFTER = 3
"""Sweeps in a row without a rogue before its ticket is resolved."""
_EARLIER = 3
"""Sweeps before this one that show in which VLANs somebody used to answer."""
_BY = "netdiag sweep"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A capture with the verdict on every server in it."""

    capture: Capture
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    authorized: Mapping[str, bool | None]
    tickets: tuple[str, ...] = ()
    new_tickets: tuple[str, ...] = ()
    """Those of `tickets` that this sweep opened: whoever sends mails sends them for these."""
    resolved: tuple[str, ...] = ()
    """Tickets whose rogue has not answered for some sweeps in a row."""


def judge(capture: Capture, site: Site, *, network: Network | None = None) -> Judgement:
    """What is wrong in one capture; `network` adds what is known of the switches."""
    at = capture.last or datetime.now(UTC)
    base = network or Network(at=at, devices=())
    seen = diagnose.conclude(replace(base, site=site, captures=(capture, *base.captures)))
    judged = dhcp.authorized(seen.network)
    return Judgement(capture, seen.findings, seen.causes, judged)


def sweep(
    source: str,
    store: Store,
    *,
    vlans: Sequence[int | None],
    window_s: float,
    site: Site,
    devices: tuple[Device, ...] = (),
    frames_per_s: float = 250.0,
    gone_after: int = GONE_AFTER,
    loop_probe: bool = False,
    inform: bool = False,
    also: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Judgement:
    """Probes, judges, stores what was seen, and opens, updates or resolves one ticket a rogue.

    `loop_probe`: also a frame into each VLAN that must not come back, nor twice at one of `also`.
    `inform`: ask the untagged VLAN by INFORM, which not every server answers.
    """
    from netdiag.collect import wire

    tell(f"probing {len(vlans)} VLANs at {source}, {window_s:g} s")
    at = datetime.now(UTC)
    earlier = _earlier(store, source, at)
    what = ["inform" if inform else "dhcp", "dhcp6", "ra", *(["loop"] if loop_probe else [])]
    capture = wire.probe(
        source, vlans=vlans, window_s=window_s, what=what, frames_per_s=frames_per_s, also=also
    )
    store.add_capture(capture, at)
    return recorded(capture, store, at, site, devices, earlier=earlier, gone_after=gone_after)


def recorded(
    capture: Capture,
    store: Store,
    at: datetime,
    site: Site,
    devices: tuple[Device, ...],
    *,
    earlier: Sequence[Capture] = (),
    gone_after: int = GONE_AFTER,
) -> Judgement:
    """One sweep's capture judged, and what follows for the tickets."""
    history = Network(
        at=at,
        devices=devices,
        history=store.history(before=at),
        segments=store.segments(before=at),
    )
    found = _with_silence(judge(capture, site, network=history), history, site, earlier)
    opened, new = [], []
    for cause in found.causes:
        if {cause.kind, *cause.also} & _TICKETED:
            known, ticket_id = _ticket(cause, found, store, at)
            opened.append(ticket_id)
            new += [] if known else [ticket_id]
    resolved = tuple(_resolved(store, capture, at, gone_after))
    return replace(found, tickets=tuple(opened), new_tickets=tuple(new), resolved=resolved)


def _earlier(store: Store, source: str, at: datetime) -> tuple[Capture, ...]:
    """The last sweeps at that sensor, of one week at most."""
    from datetime import timedelta

    week = store.captures(since=at - timedelta(days=7), limit=_EARLIER * 10)
    return tuple(c for c in week if c.source == source and c.probed_vlans)[:_EARLIER]


def _with_silence(
    found: Judgement, history: Network, site: Site, earlier: Sequence[Capture]
) -> Judgement:
    """Also the VLANs where somebody answered before and nobody does now."""
    from netdiag import topology

    network = replace(history, site=site, captures=(found.capture, *earlier))
    known = {f.id for f in found.findings}
    silent = dhcp.dhcp_server_down(network, topology.build(network))
    more = tuple(f for f in silent if f.id not in known)
    return replace(found, findings=(*found.findings, *more))


def _ticket(cause: Cause, found: Judgement, store: Store, at: datetime) -> tuple[bool, str]:
    """(whether it was open already, its number)."""
    mine = {*cause.because, *cause.explains}
    answer = Diagnosis(
        at=at,
        took_s=0.0,
        causes=(replace(cause, rank=1),),
        findings=tuple(f for f in found.findings if f.id in mine),
    )
    known = tickets.find_open(store.tickets(), at=at, cause=cause)
    if known is not None and _is_unchanged(known, cause):
        # Seen again: the newest evidence counts; a line for each sweep would bury the rest.
        store.save_ticket(replace(known, diagnosis=replace(answer, ticket=known.id)))
        return True, known.id
    said = diagnose.record(answer, store)
    assert said.ticket is not None
    return known is not None, said.ticket


def _is_unchanged(known: Ticket, cause: Cause) -> bool:
    before = known.cause
    return (
        known.stage is tickets.Stage.DIAGNOSED
        and known.diagnosis is not None
        and not known.diagnosis.plan
        and before is not None
        and (before.kind, before.resource, before.also) == (cause.kind, cause.resource, cause.also)
    )


# --- gone ----------------------------------------------------------------------------------------


def _resolved(store: Store, capture: Capture, at: datetime, gone_after: int) -> Iterator[str]:
    """Resolves the tickets whose rogue this sensor heard before, and not in its last sweeps."""
    waiting = [t for t in store.tickets() if _may_resolve(t)]
    if not waiting or capture.errors:
        return
    since = min(t.diagnosis.at for t in waiting if t.diagnosis)
    sweeps = [c for c in store.captures(since=since) if _is_good_sweep(c, capture.source)]
    for ticket in waiting:
        mac = ticket.cause.resource.mac if ticket.cause else None
        if mac is None or not _is_gone(sweeps, mac, gone_after):
            continue
        words = f"{mac} has not answered in {gone_after} sweeps in a row at {capture.source}"
        look = tickets.Check("the rogue is gone", tickets.Verdict.PROVEN, words)
        done = tickets.verified(ticket, tickets.Verification(at, (look,)), at)
        store.save_ticket(tickets.resolve(done, words, at, _BY))
        yield ticket.id


def _may_resolve(ticket: Ticket) -> bool:
    cause = ticket.cause
    waits = ticket.stage in (tickets.Stage.DIAGNOSED, tickets.Stage.ESCALATED)
    return waits and cause is not None and bool({cause.kind, *cause.also} <= _ROGUE)


def _is_good_sweep(capture: Capture, source: str) -> bool:
    return bool(capture.source == source and capture.probed_vlans and not capture.errors)


def _is_gone(sweeps: Sequence[Capture], mac: str, gone_after: int) -> bool:
    """`sweeps`, newest first: silent in that many, which asked where it was heard before."""
    for silent, sweep_ in enumerate(sweeps):
        where = _heard_in(sweep_, mac)
        if where is not None:
            recent = sweeps[:silent]
            return silent >= gone_after and all(where <= set(c.probed_vlans) for c in recent)
    return False


def _heard_in(capture: Capture, mac: str) -> set[int | None] | None:
    """The VLANs in which that card serves; `None`: it does not."""
    mine = [s.vlans for s in capture.dhcp_servers if s.mac == mac]
    mine += [s.vlans for s in capture.dhcp6_servers if s.mac == mac]
    mine += [r.vlans for r in capture.routers if r.mac == mac]
    return {vlan for vlans in mine for vlan in (vlans or (None,))} if mine else None


# --- learning ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """Who answers and is not on the list: to be confirmed by somebody who knows the network."""

    dhcp_servers: tuple[tuple[AuthorizedDhcpServer, str | None], ...]
    """With the reason to doubt, where there is one."""
    dhcp6_servers: tuple[AuthorizedDhcp6Server, ...]
    routers: tuple[AuthorizedRouter, ...]


def propose(found: Judgement) -> Proposal:
    """The authorized lists as the capture shows them, without those already judged."""
    capture, judged = found.capture, found.authorized
    servers = {}
    for server in capture.dhcp_servers:
        ip = server.server_id or (None if server.relay else server.ip)
        if ip is None or judged.get(f"DhcpServer:{server.mac}") is True:
            continue
        # Through a relay the card is the relay's: it says nothing of the server.
        card = None if server.relay and server.ip != server.server_id else server.mac
        entry = AuthorizedDhcpServer(ip, card, server.vlans, server.routers, server.dns)
        servers[entry] = dhcp.looks_like(server)
    return Proposal(
        tuple(servers.items()),
        tuple(
            AuthorizedDhcp6Server(s.duid, s.mac, s.vlans)
            for s in capture.dhcp6_servers
            if judged.get(f"Dhcp6Server:{s.mac}") is not True
        ),
        tuple(
            AuthorizedRouter(r.ip, r.mac, r.vlans, r.prefixes)
            for r in capture.routers
            if judged.get(f"RouterAdvertiser:{r.mac}") is not True and r.session is None
        ),
    )
