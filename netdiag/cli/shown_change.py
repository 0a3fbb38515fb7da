"""How a change looks on a terminal: what would be sent beforehand, and what happens as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netdiag import contract
from netdiag.cli.common import console, say
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.repair import Preview, Sent
    from netdiag.store.journal import Event


def preview(previews: Sequence[Preview], mark: str) -> None:
    """Login by login every line that would be sent, and what speaks against it."""
    if any(p.sent for p in previews):
        say("exactly what would be sent:", style="bold")
    for p in previews:
        for sent in p.sent:
            _sent(f"  step {p.step.step}  ", sent)
        for back in p.undo:
            say(f"    undo: {back.device}: {' / '.join(back.lines)}", style="dim")
        if p.people > 1:
            say(f"    step {p.step.step} needs {p.people} different people", style="yellow")
        for reason in p.refused:
            how = "" if reason.final else "; --override REASON overrules it"
            say(f"    refused as things stand: {reason.why}{how}", style="red")
        for warning in p.warnings:
            say(f"    mind: {warning}", style="yellow")
    say(f"plan {mark}", style="dim")


def _sent(head: str, sent: Sent) -> None:
    when = f"  ({sent.when})" if sent.when else ""
    say(f"{head}{sent.device}{when}")
    for line in sent.reads:
        say(f"          reads: {line}", style="dim")
    for line in sent.lines:
        console().print(f"          {clean(line)}", style="cyan")


def preview_json(previews: Sequence[Preview], mark: str, *, ticket: str | None) -> dict[str, Any]:
    """`--dry-run --json`."""
    return {
        "schema": "netdiag/dry-run/1",
        "ticket": ticket,
        "plan": mark,
        "steps": [
            {
                **contract.step(p.step),
                "sent": [contract.plain_object(s) for s in p.sent],
                "undo_sent": [contract.plain_object(s) for s in p.undo],
                "refused": [{"why": r.why, "final": r.final} for r in p.refused],
                "warnings": list(p.warnings),
                "people": p.people,
            }
            for p in previews
        ],
    }


def event(e: Event) -> str:
    """One row of the record in a line."""
    b = {key: value for key, value in e.body.items() if value not in (None, "")}
    return clean(f"{e.at:%H:%M:%S}  {_words(e.event, b)}", 500)


def _words(kind: str, b: dict[str, Any]) -> str:
    by = f" by {b['by']}" if "by" in b else ""
    why = f": {b['why']}" if "why" in b else f": {b['reason']}" if "reason" in b else ""
    port = f"{b.get('device', '')} {b.get('interface', '')}".strip()
    if kind == "run":
        return f"run {b.get('state')}{by}{why}"
    if kind == "step":
        return f"step {b.get('step')} {b.get('name', '')} ({b.get('action')}) {b.get('state')}{by}{why}"
    if kind == "intend":
        who = f", approved by {b['approved_by']}" if "approved_by" in b else ""
        return f"  to be sent to {port}: {' / '.join(b.get('lines', ()))}{who}"
    if kind == "outcome":
        last = str(b.get("transcript", "")).strip().splitlines()
        return f"  {b.get('state')}: {last[-1] if last else ''}"
    if kind == "approval":
        return f"approved{by}: step {', '.join(str(s) for s in b.get('steps', ()))}"
    return f"{kind}{by}{why}"
