"""The hand-over of a ticket: what a stranger needs to go on, as files; no secret is among them.

Every text in it may be hostile: Markdown and HTML escape it, and what looks like a password in a
device's line is taken out, whoever typed it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from netdiag import contract, kb, report
from netdiag import ticket as tickets
from netdiag.model import Capture, LogEvent
from netdiag.report import drawing, wording
from netdiag.report.story import tell
from netdiag.ticket import Action, Ticket

SECRET = "<secret>"  # noqa: S105  (what stands in its place)
_SHORTEST = 4
# "snmp-server community public RO", "password 7 0822455D0A16", "username x secret 5 $1$…",
# "Bearer …" of an HTTP header, and the login in a URL
_KINDS = r"(?:(?:[05789]|cipher|simple|irreversible-cipher|encrypted|ascii|hex|sha512|read|write|name)\s+)*"
_VALUE = r"([^\s\"',;\\]+)"
_PATTERNS = (
    # "wrong community or password" is a sentence, not a line of a configuration
    re.compile(rf"(\bsnmp-(?:server|agent)\s+community\s+{_KINDS}){_VALUE}", re.IGNORECASE),
    re.compile(rf"(\bcommunity(?:\\?[\"']?\s*[:=])\s*\\?[\"']?){_VALUE}", re.IGNORECASE),
    re.compile(rf"(-v\s?(?:1|2c)\s+-c\s+\\?[\"']?){_VALUE}"),
    re.compile(
        r"(\b(?:password|passwd|secret)(?:\\?[\"']?\s*[:=]\s*\\?[\"']?|\s+is\s+|\s+(?=[05789]\s|cipher|encr|irrev|simple|sha512))"
        rf"{_KINDS}){_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(\b(?:enable|username\s+\S+)\s+(?:password|secret)\s+{_KINDS}){_VALUE}", re.IGNORECASE
    ),
    re.compile(
        rf"(\b(?:key-string|auth-password|priv-password|pre-shared-key|wpa-psk)\s+{_KINDS}){_VALUE}",
        re.IGNORECASE,
    ),
    re.compile(r"(\b(?:Bearer|Basic|Token token=|user_token)\s*)([A-Za-z0-9._~+/=-]{8,})"),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]+:)([^\s/@]+)(?=@)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom, by whom, and what they are asked."""

    to: str
    trade: str | None
    why: str
    by: str
    at: datetime


def files(
    ticket: Ticket,
    actions: Sequence[Action],
    hand: Handover,
    *,
    captures: Iterable[Capture] = (),
    events: Iterable[LogEvent] = (),
    articles: Iterable[kb.Article] = (),
    attached: Sequence[tuple[str, str]] = (),
    secrets: Iterable[str] = (),
) -> dict[str, str]:
    """Name to text of every file; `attached`: (name, what it is) of files that stand beside them.

    `secrets` are known ones: they go wherever they stand.
    """
    known = tuple(articles)
    made = {
        "ticket.json": _json(report.ticket_json(ticket, actions, at=hand.at)),
        "report.html": report.render(ticket, actions, "html", at=hand.at, articles=known),
        "evidence/findings.json": _json(
            contract.findings(ticket.diagnosis.findings if ticket.diagnosis else ())
        ),
        "evidence/changes.json": _json([contract.plain_object(a) for a in actions]),
        "evidence/captures.json": _json([contract.plain_object(c) for c in captures]),
        "evidence/events.json": _json([contract.plain_object(e) for e in events]),
    }
    if ticket.diagnosis is not None and (drawn := drawing.draw(ticket.diagnosis)):
        made["topology.svg"] = report.topology_svg(drawn)
    contents = [(name, _MEANING[name]) for name in made] + list(attached)
    story = tell(ticket, actions, kb.similar(known, ticket), hand.at)
    page = report.fill_markdown(
        "handover.md.j2",
        r=story,
        ticket=ticket,
        to=hand.to,
        trade=hand.trade,
        why=hand.why,
        by=hand.by,
        at=hand.at,
        promises=list(_promises(ticket, hand.at)),
        causes=ticket.diagnosis.causes if ticket.diagnosis else (),
        findings=ticket.diagnosis.findings if ticket.diagnosis else (),
        tried=[r for r in ticket.reports if r.tried],
        actions=story.actions,
        checks=story.checks,
        doubts=list(_doubts(ticket, actions)),
        similar=story.similar,
        contents=contents,
    )
    whole = {"README.md": page, **made}
    return {name: scrub(text, secrets) for name, text in whole.items()}


_MEANING = {
    "ticket.json": "the whole ticket, for programs",
    "report.html": "the report, one file, with the picture of the topology",
    "topology.svg": "the picture alone: the faulty port red, the cut-off area shaded",
    "evidence/findings.json": "every finding with its evidence as it came",
    "evidence/changes.json": "every change of a device: what was sent, what came back",
    "evidence/captures.json": "what the sensors heard in that time",
    "evidence/events.json": "syslog and traps of that time",
}


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the known secrets, and without what stands where devices write passwords."""
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True):
        # A short one is taken out as a word alone: a community `core` is no part of `core-1`'s name.
        word = re.escape(secret)
        inside = r"(?<![\w-])" + word + r"(?![\w-])" if secret.isalnum() else word
        text = re.sub(inside, SECRET, text)
        text = text.replace(json.dumps(secret)[1:-1], SECRET) if not secret.isalnum() else text
    for pattern in _PATTERNS:
        text = pattern.sub(lambda m: m[1] + SECRET, text)
    return text


def _promises(ticket: Ticket, at: datetime) -> Iterator[str]:
    if ticket.waiting is not None:
        yield f"It waits for the {ticket.waiting.whom}: {ticket.waiting.why or 'no reason said'}"
    for clock in tickets.clocks(ticket, at):
        left = clock.target_s - clock.elapsed_s
        if clock.breached:
            yield f"The promised {clock.name} time is over by {wording.duration(-left)}."
        elif clock.met is None:
            yield f"{wording.duration(left)} of the promised {clock.name} time are left."


def _doubts(ticket: Ticket, actions: Sequence[Action]) -> Iterator[str]:
    """Whatever is not certain, each in one sentence."""
    diagnosis = ticket.diagnosis
    if diagnosis is None:
        yield "No diagnosis was made: nobody has looked at the network."
    else:
        if ticket.cause and ticket.cause.confidence < 0.8:
            yield f"The first cause is a guess: confidence {ticket.cause.confidence:.2f}."
        for other in diagnosis.causes[1:]:
            yield f"It could also be: {other.summary} (confidence {other.confidence:.2f})."
        for n in diagnosis.not_checked:
            yield f"Not looked at: {n.what}: {n.why}"
    for action in actions:
        if action.state in ("unknown", "intended"):
            yield f"Nobody knows whether this was carried out: {action.action} on {action.device}."
    for check in ticket.verification.checks if ticket.verification else ():
        if check.verdict != "proven":
            yield f"Not proven: {check.what}: {check.detail}"
    ask = tickets.next_question(ticket)
    if ask is not None:
        yield f"Not asked yet, and it would narrow it most: {ask.question.text}"
    for _, question in tickets.missing(ticket):
        yield f"Not answered: {question}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, indent=1) + "\n"
