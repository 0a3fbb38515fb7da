"""Looking for servers that should not be there: a probe or a capture, judged and put on record.

A sweep sends DISCOVER, SOLICIT and router solicitations, and never a REQUEST: no lease is taken.
One rogue is one ticket, however often the sweep meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import diagnose
from netdiag.checks import dhcp
from netdiag.model import Capture, Cause, Device, Diagnosis, Finding, Kind, Network, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netdiag.store import Store

_ROGUE = {Kind.ROGUE_DHCP_SERVER, Kind.ROGUE_DHCP6_SERVER, Kind.ROGUE_ROUTER_ADVERTISEMENT}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A capture with the verdict on every server in it."""

    capture: Capture
    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    authorized: Mapping[str, bool | None]
    tickets: tuple[str, ...] = ()


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
    tell: Callable[[str], None] = lambda _: None,
) -> Judgement:
    """Probes, judges, stores what was seen, and opens or updates one ticket a rogue."""
    from netdiag.collect import wire

    tell(f"probing {len(vlans)} VLANs at {source}, {window_s:g} s")
    at = datetime.now(UTC)
    capture = wire.probe(source, vlans=vlans, window_s=window_s)
    store.add_capture(capture, at)
    history = Network(at=at, devices=devices, history=store.history(before=at))
    found = judge(capture, site, network=history)
    opened = tuple(
        _ticket(cause, found, store, at)
        for cause in found.causes
        if {cause.kind, *cause.also} & _ROGUE
    )
    return replace(found, tickets=opened)


def _ticket(cause: Cause, found: Judgement, store: Store, at: datetime) -> str:
    mine = {*cause.because, *cause.explains}
    answer = Diagnosis(
        at=at,
        took_s=0.0,
        causes=(replace(cause, rank=1),),
        findings=tuple(f for f in found.findings if f.id in mine),
    )
    recorded = diagnose.record(answer, store)
    assert recorded.ticket is not None
    return recorded.ticket
