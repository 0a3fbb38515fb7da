"""From the first report to working people: netdiag's own approved plan, else a person on site.

The person is played by taking the injection back, as the truth says where: that is what unplugging the
cable does. Working means that every computer that is plugged in reaches its gateway again, but for
those at ports that the repair left shut.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag.errors import NetdiagError

if TYPE_CHECKING:
    from netdiag.files.inventory import Inventory
    from netdiag.lab.client import Lab
    from netdiag.model import Diagnosis
    from netdiag.store import Store

_ACTING = frozenset({"shut-port", "reopen-port", "supervised-reopen"})
_PATIENCE_S = 45.0


def restore(
    lab: Lab, inventory: Inventory, store: Store, said: Diagnosis, reported: datetime
) -> tuple[float | None, str]:
    """(seconds since the first report or `None` for never, "netdiag" or "by hand")."""
    how = "netdiag" if _by_plan(inventory, store, said) else "by hand"
    if how == "by hand":
        lab.revert()
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        if not _without_network(lab):
            return (datetime.now(UTC) - reported).total_seconds(), how
        time.sleep(0.5)
    return None, how


def _by_plan(inventory: Inventory, store: Store, said: Diagnosis) -> bool:
    """Whether netdiag had something to do, did it, and nothing refused it."""
    from netdiag import repair

    if said.ticket is None or not any(s.action in _ACTING for s in said.plan):
        return False
    try:
        repair.approve(inventory, store, said.ticket, by="bench", tell=lambda _: None)
    except NetdiagError:
        return False
    return True


def _without_network(lab: Lab) -> list[str]:
    """Computers that are plugged in and do not reach their gateway."""
    return [h["name"] for h in lab.hosts() if h["connected"] and not h["gateway_answers"]]
