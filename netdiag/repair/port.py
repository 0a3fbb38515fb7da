"""One closed port, by name: looked at, opened, and watched whether its protection closes it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdiag import act, diagnose, verify
from netdiag.errors import Refused
from netdiag.model import PlanStep, Snapshot
from netdiag.names import long_name
from netdiag.repair.preview import warnings_of
from netdiag.repair.run import (
    Reach,
    Tell,
    limits,
    lines_for,
    now,
    people_needed,
    platform_for,
    port_config,
    port_lock,
    port_state,
    seen_platform,
    snapshot,
)

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.store import Store


@dataclass(frozen=True, slots=True)
class Recovery:
    """A closed port that may be opened, as it was looked at."""

    step: PlanStep
    vendor_cause: str
    warnings: tuple[str, ...] = ()
    """What the lines do beyond this port."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of it."""

    device: str
    interface: str
    stays_up: bool
    summary: str


def prepare_recovery(
    inventory: Inventory,
    store: Store,
    device: str,
    port: str,
    *,
    uplink: bool = False,
    tell: Tell = lambda _: None,
) -> Recovery:
    """Looks everywhere first. Refused: not closed, an uplink not approved as one, the cause persists."""
    name = long_name(port)
    inventory.targets((device,))
    seen = diagnose.look(inventory, store, tell=tell)
    snapshot = seen.network.snapshot(device)
    row = snapshot.interface(name) if snapshot and snapshot.reachable else None
    if row is None:
        why = "it has no such port"
        if not snapshot or not snapshot.reachable:
            why = "the device does not answer"
        raise Refused(f"{device} {port}: {why}")
    if row.err_disabled is None:
        raise Refused(
            f"{device} {name} is not err-disabled: it is admin {row.admin_status}, {row.oper_status}"
        )
    if seen.topology.is_uplink(device, name) and not uplink:
        raise Refused(f"{device} {name} is an uplink: --uplink approves it as one")
    still = verify.blocking_cause(seen, device, name)
    if still:
        raise Refused(f"{device} {name} stays closed, its cause persists: {still}")
    platform = platform_for(inventory, device, seen_platform(store, device))
    step = PlanStep(
        step=1,
        action="reopen-port",
        summary=f"reopen {device} {name}",
        device=device,
        interface=name,
        risk="high" if uplink else "low",
        needs_approval=True,
        lines=lines_for(platform.reopen, (name,)),
    )
    if people_needed(inventory, step) > 1:
        raise Refused(
            f"{device} is marked two_person: two people approve its changes, by a ticket's plan"
            " (netdiag diagnose, netdiag approve)"
        )
    reasons = act.refusals(step, seen.network, seen.topology, at=now())
    if reasons:
        raise Refused("; ".join(r.why for r in reasons))
    warnings = warnings_of(inventory, store, step)
    return Recovery(step, row.err_disabled.vendor_cause, warnings)


def recover(
    ready: Recovery,
    inventory: Inventory,
    store: Store,
    *,
    by: str,
    tell: Tell = lambda _: None,
    reach: Reach | None = None,
) -> Recovered:
    """Opens the port and watches whether its protection closes it again."""
    reach = reach or Reach()
    step = ready.step
    device, name = step.device or "", step.interface or ""
    with port_lock(store, device, name, by):
        hands = act.Hands(
            store,
            f"recover-{now():%Y%m%dT%H%M%S}",
            by,
            tell,
            limits=lambda d: limits(inventory, d),
            port_config=lambda d: port_config(inventory, store, d),
            state=lambda d, port: port_state(store, d, port),
            sleep=reach.sleep,
        )
        with reach.session(inventory.targets((device,))[0]) as session:
            hands.change(step, session, device, (name,), step.lines)
        tell(f"watching {device} {name} for {verify.STAYS_UP_S:g} s")
        reach.sleep(verify.STAYS_UP_S)
        return _outcome(device, name, snapshot(inventory, store, device, reach.ask))


def _outcome(device: str, name: str, seen: Snapshot | None) -> Recovered:
    port = seen.interface(name) if seen and seen.reachable else None
    if port is None:
        words = f"{device} does not answer: nobody can say whether {name} is up"
        return Recovered(device, name, stays_up=False, summary=words)
    if port.err_disabled is not None:
        cause = port.err_disabled.vendor_cause
        words = f"{device} {name} closed again ({cause}): its cause is still there"
        return Recovered(device, name, stays_up=False, summary=words)
    up = port.oper_status == "up"
    return Recovered(device, name, stays_up=up, summary=f"{device} {name} is {port.oper_status}")
