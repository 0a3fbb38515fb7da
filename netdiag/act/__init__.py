"""The only module that changes a device: approved by name, written down before and after, undoable.

`guard` says what speaks against a change, `hands` sends it, `supervised` opens a closed uplink for
the seconds that it takes. Here: what became of a change that was interrupted, and what takes it back.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag.act.guard import MAX_VIEW_AGE, Refusal, refusals
from netdiag.act.hands import (
    CommandLine,
    Hands,
    Limits,
    Stopped,
    may_go_on,
    not_stopped,
    shares,
    stopped_words,
)
from netdiag.act.supervised import OpenSession, Reopening, finish, supervised_reopening
from netdiag.model import Snapshot
from netdiag.platforms import Platform
from netdiag.ticket import Action, ActionState

if TYPE_CHECKING:
    from netdiag.store import Store

__all__ = [
    "MAX_VIEW_AGE",
    "CommandLine",
    "Hands",
    "Limits",
    "OpenSession",
    "Refusal",
    "Reopening",
    "Stopped",
    "finish",
    "may_go_on",
    "not_stopped",
    "opens",
    "refusals",
    "settle",
    "shares",
    "stopped_words",
    "supervised_reopening",
    "undo_lines",
]

# "no shutdown", "undo shutdown", "no disable", "delete interfaces ge-0/0/1 disable", "restart",
# "/interface ethernet enable ether3", "ip link set dev eth3 up"
_OPENS = re.compile(
    r"^(no|undo) shutdown$|^no disable$|^delete .* disable$|\benable\b|^restart$| up$"
)


def settle(action: Action, snapshot: Snapshot | None, store: Store) -> ActionState:
    """After a crash: what became of an intended change, told from the port as it is now.

    A change is never sent again on the strength of the journal alone.
    """
    state, words = _as_seen(action, snapshot)
    store.journal.outcome(
        action.id, state, f"seen after an interruption: {words}", datetime.now(UTC)
    )
    return state


def _as_seen(action: Action, snapshot: Snapshot | None) -> tuple[ActionState, str]:
    port = snapshot.interface(action.interface) if snapshot and snapshot.reachable else None
    if port is None or port.admin_status is None:
        return (
            ActionState.UNKNOWN,
            f"{action.device} does not answer, so nobody knows whether it was sent",
        )
    up = opens(action)
    if up and port.err_disabled is not None:
        return ActionState.FAILED, f"{port.name} is err-disabled ({port.err_disabled.vendor_cause})"
    if up == (port.admin_status == "up"):
        return ActionState.DONE, f"{port.name} is admin {port.admin_status}: the change was sent"
    return ActionState.FAILED, f"{port.name} is admin {port.admin_status}: the change was not sent"


def opens(action: Action) -> bool:
    """Whether the change brings its port up, in any vendor's words; else it shuts it."""
    return any(_OPENS.search(line.strip()) for line in action.lines)


def undo_lines(action: Action, platform: Platform) -> tuple[str, ...]:
    """The configuration lines that take a port change back."""
    template = platform.shut if opens(action) else platform.reopen
    return tuple(line.replace("{interface}", action.interface or "") for line in template)
