"""Case one from the first call to the closed ticket, on a practice campus, with nothing canned.

The demo plays the people (they plug in, call, approve, reconnect); what netdiag does is what it does
anywhere: it sees the campus through SNMP, SSH, syslog and a sensor, and never asks the lab for the
truth. Only at the end is its answer held against it.
"""

from __future__ import annotations

import os
import random
import time as clock
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from netdiag import diagnose, intake, lessons, repair, report
from netdiag import ticket as tickets
from netdiag.errors import LabError, NetdiagError
from netdiag.files import inventory as inventories
from netdiag.model import Diagnosis

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.lab.client import Lab
    from netdiag.store import Store

Tell = Callable[[str], None]
_GATEWAY = "10.10.0.1"
STORM_WAIT_S = 25.0
"""How long a two-cable loop may take until the core's protection closes the port."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How the demo speaks with whoever watches."""

    chapter: Tell
    """A heading: what happens now."""
    tell: Tell
    """One line under it."""
    show: Callable[[Diagnosis], None]
    approve: Callable[[Diagnosis], bool]


@dataclass(frozen=True, slots=True)
class Story:
    """What the demo leaves behind."""

    diagnosis: Diagnosis
    ticket: tickets.Ticket
    report: Path
    restored: bool
    right: bool
    truth: Mapping[str, Any]
    took_s: float


def run(store: Store, folder: Path, stage: Stage, *, seed: int, cables: int | None = None) -> Story:
    """Plays case one. `cables` 1 or 2 (`None`: the seed decides); the report goes into `folder`."""
    started = clock.monotonic()
    cables = cables or random.Random(seed).choice((1, 2, 2))
    with _campus(seed, stage) as lab:
        inventory = inventories.load(lab.inventory)
        _normal_day(lab, inventory, store, stage)
        truth = _trouble(lab, inventory, store, stage, seed=seed, cables=cables)
        area = _calls(lab, store, stage, truth)
        stage.chapter("netdiag looks, and changes nothing")
        answer = diagnose.diagnose(
            inventory, store, area=area, symptom="no network", window_s=3.0, tell=stage.tell
        )
        stage.show(answer)
        ticket = _repair(lab, inventory, store, stage, answer)
        works = _everybody_works(lab, truth)
        ticket = _close(store, ticket)
        actions = store.journal.actions(ticket.id)
    text = report.render(ticket, actions, "html", articles=store.articles(), at=datetime.now(UTC))
    file = folder / f"{ticket.id}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Story(
        diagnosis=replace(answer, ticket=ticket.id),
        ticket=ticket,
        report=file,
        restored=works and bool(ticket.verification and ticket.verification.ok),
        right=_is_right(answer, truth),
        truth=truth,
        took_s=clock.monotonic() - started,
    )


@contextmanager
def _campus(seed: int, stage: Stage) -> Iterator[Lab]:
    from netdiag.lab import client

    stage.chapter("a campus comes up on this machine")
    before = os.environ.get("NETDIAG_LAB")
    with TemporaryDirectory(prefix="netdiag-demo-") as folder:
        lab = client.start(seed=seed, state_dir=Path(folder))
        # The capture process finds the campus as a sensor finds any running lab: by this file.
        os.environ["NETDIAG_LAB"] = str(lab.state_file)
        try:
            yield lab
        finally:
            lab.stop()
            if before is None:
                del os.environ["NETDIAG_LAB"]
            else:
                os.environ["NETDIAG_LAB"] = before


def _normal_day(lab: Lab, inventory: Inventory, store: Store, stage: Stage) -> None:
    """Everybody gets an address and works; the watch that runs every few minutes sees a healthy campus."""
    lab.advance(20.0)
    hosts = lab.hosts()
    working = [h for h in hosts if lab.ping(h["name"], h["gateway"] or "")]
    if len(working) != len(hosts):
        raise LabError(f"only {len(working)} of {len(hosts)} hosts work on the fresh campus")
    stage.tell(
        f"{len(inventory.devices)} switches, {len(hosts)} hosts with a lease, all reach their gateway"
    )
    stage.tell("they speak SNMP, SSH and syslog on 127.0.0.1; netdiag sees nothing else of them")
    seen = diagnose.look(inventory, store, window_s=2.0)
    stage.tell(f"the regular watch: {len(seen.findings)} findings, {len(seen.causes)} causes")


def _trouble(
    lab: Lab, inventory: Inventory, store: Store, stage: Stage, *, seed: int, cables: int
) -> Mapping[str, Any]:
    """A home router at one desk; nothing told here is told to netdiag."""
    stage.chapter("someone plugs a home router into the office network")
    truth = lab.inject("home-router", seed=seed, cables=cables, delay=7.0)
    stage.tell(
        f"{cables} cable{'s' * (cables > 1)} in the end, at a desk that only the campus knows"
    )
    clock.sleep(1.0)
    for name in _unlucky(lab, truth, seed):
        lab.renew(name)
    seen = diagnose.look(inventory, store, window_s=1.5, via=frozenset({"snmp"}))
    found = ", ".join(sorted({f.kind.value for f in seen.findings})) or "nothing yet"
    stage.tell(f"some people start their computers; the regular watch comes by and sees {found}")
    if cables > 1:
        closed = _wait_for_closed_port(lab)
        stage.tell(
            f"a loop: the storm makes {closed} close itself, and the switch behind it goes dark"
        )
    return truth


def _unlucky(lab: Lab, truth: Mapping[str, Any], seed: int) -> list[str]:
    """Who starts a computer at that moment, on the router's switch."""
    near = sorted(
        h["name"] for h in lab.hosts() if h["switch"] == truth["device"] and h["connected"]
    )
    return random.Random(seed).sample(near, min(4, len(near)))


def _wait_for_closed_port(lab: Lab) -> str:
    deadline = clock.monotonic() + STORM_WAIT_S
    while clock.monotonic() < deadline:
        closed = lab.status()["err_disabled"]
        if closed:
            return f"{closed[0]['switch']} {closed[0].get('interface') or closed[0].get('port')}"
        clock.sleep(0.2)
    raise LabError(f"the loop closed no port within {STORM_WAIT_S:g} s")


def _calls(lab: Lab, store: Store, stage: Stage, truth: Mapping[str, Any]) -> str | None:
    """Those who really cannot reach their gateway call; each call is one report."""
    stage.chapter("people call")
    at = datetime.now(UTC)
    area = None
    hosts = [h for h in lab.hosts() if h["switch"] == truth["device"] and h["connected"]]
    offline = [h for h in hosts if not lab.ping(h["name"], _GATEWAY, 0.3)]
    for host in offline[:3]:
        site, floor, _ = tickets.place(host["area"])
        kept = intake.take(
            store,
            tickets.Report(
                at=at,
                reporter=host["user"],
                site=site,
                floor=floor,
                desk=host["desk"],
                symptom="no network",
                since=at,
                affected=len(offline) if host is offline[0] else None,
            ),
            datetime.now(UTC),
        )
        area = kept.area
        stage.tell(f"{host['user']}, desk {host['desk']}: no network  -> {kept.id} {kept.priority}")
    if not offline:
        stage.tell("nobody yet: the wrong leases come with the next renewals")
    return area


def _repair(
    lab: Lab, inventory: Inventory, store: Store, stage: Stage, answer: Diagnosis
) -> tickets.Ticket:
    if answer.ticket is None or not answer.plan:
        raise LabError(
            "netdiag found nothing to repair: this is a fault of netdiag, please report it"
        )
    if not stage.approve(answer):
        raise LabError("not approved: nothing was sent, and the practice campus is taken down")
    stage.chapter("the approved repair")
    try:
        ticket = repair.approve(inventory, store, answer.ticket, by="demo", tell=stage.tell)
    except NetdiagError as exc:
        stage.tell(str(exc))
        raise
    wrong = ticket.verification.wrong_leases if ticket.verification else ()
    if wrong:
        stage.chapter("who still has no right address is asked to reconnect")
        for lease in wrong:
            host = next((h for h in lab.hosts() if h["mac"] == lease.mac), None)
            stage.tell(
                f"{lease.mac} at {lease.where or 'a port not known'}: {lease.ip or 'silent'}"
            )
            if host:
                lab.renew(host["name"])
        clock.sleep(1.0)
        ticket = repair.check(repair.Repair(inventory, store, ticket.id, "demo", stage.tell))
    return ticket


def _close(store: Store, ticket: tickets.Ticket) -> tickets.Ticket:
    at = datetime.now(UTC)
    cause = ticket.cause
    where = f"{cause.resource.device} {', '.join(cause.interfaces)}" if cause else "the port"
    ticket = store.save_ticket(
        tickets.resolve(ticket, f"shut {where}; the router there is to be unplugged", at, "demo")
    )
    ok = ticket.verification is not None and ticket.verification.ok
    reason = None if ok else "demo ended before all was proven"
    return lessons.close(store, ticket.id, at, "demo", reason=reason)


def _is_right(answer: Diagnosis, truth: Mapping[str, Any]) -> bool:
    """Rank 1 names one of the truth's kinds at its device and port."""
    if not answer.causes:
        return False
    first = answer.causes[0]
    return (
        bool({first.kind, *first.also} & {truth["kind"], *truth["also"]})
        and first.resource.device == truth["device"]
        and first.resource.interface in truth["interfaces"]
    )


def _everybody_works(lab: Lab, truth: Mapping[str, Any]) -> bool:
    """What the people themselves would say; who sits behind the shut port is not counted."""
    behind = {(truth["device"], port) for port in truth["interfaces"]}
    return all(
        lab.ping(h["name"], _GATEWAY, 0.5)
        for h in lab.hosts()
        if (h["switch"], h["interface"]) not in behind
    )
