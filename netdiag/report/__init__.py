"""The post-incident report of a ticket: Markdown, one self-contained HTML file, or JSON.

A manager reads the top, an engineer the rest; what could not be looked at is never left out. HTML
has no script and fetches nothing; names from the network stay text in every format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from netdiag import contract, kb
from netdiag.errors import UsageError
from netdiag.model import Network, Wiring
from netdiag.names import short_name
from netdiag.report import drawing, wording
from netdiag.report.story import Story, tell
from netdiag.text import clean
from netdiag.ticket import Action, Ticket
from netdiag.topology import Topology

if TYPE_CHECKING:
    from jinja2 import Environment

FORMATS = ("md", "html", "json")


def picture(network: Network, topology: Topology) -> Wiring:
    """What the topology picture needs, to be kept with the diagnosis."""
    return drawing.wiring(network, topology)


def render(
    ticket: Ticket,
    actions: Sequence[Action],
    form: str,
    *,
    at: datetime,
    articles: Iterable[kb.Article] = (),
) -> str:
    """The report in one of `FORMATS`; `articles`: the knowledge base, for earlier cases like it."""
    if form == "json":
        return json.dumps(ticket_json(ticket, actions), ensure_ascii=False, indent=2)
    told = tell(ticket, actions, kb.similar(articles, ticket), at)
    if form == "md":
        return markdown(told)
    if form == "html":
        return html(told)
    raise UsageError(f"a report is md, html or json, not {form!r}")


def markdown(told: Story) -> str:
    """CommonMark with GitHub's tables."""
    environment = _environment(finalize=wording.markdown)
    environment.filters["code"] = wording.code_block
    return environment.get_template("report.md.j2").render(r=told) + "\n"


def html(told: Story) -> str:
    """One file with everything in it."""
    environment = _environment(finalize=wording.html, autoescape=True)
    environment.filters["code"] = wording.html_block
    drawn = drawing.draw(told.diagnosis) if told.diagnosis else None
    return environment.get_template("report.html.j2").render(r=told, p=drawn) + "\n"


def ticket_json(ticket: Ticket, actions: Sequence[Action] = ()) -> contract.Json:
    """One ticket with everything on it: a row of `ticket list --json` and more."""
    whole = contract.plain_object(ticket)
    del whole["stage_times"], whole["reports"]
    return {
        "schema": "netdiag/ticket/1",
        **contract.ticket_row(ticket),
        **{k: v for k, v in whole.items() if k not in contract.ticket_row(ticket)},
        "stages": [{"stage": s, "at": contract.time(at)} for s, at in ticket.stage_times],
        "calls": [contract.plain_object(r) for r in ticket.reports],
        "diagnosis": contract.diagnosis(ticket.diagnosis) if ticket.diagnosis else None,
        "actions": [contract.plain_object(a) for a in actions],
    }


def _environment(**options: Any) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701  (Markdown escapes in `finalize`, HTML by autoescape)
        loader=PackageLoader("netdiag", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters |= {
        "line": wording.line,
        "moment": wording.moment,
        "clock": wording.clock,
        "duration": wording.duration,
        "brief": clean,
        "short": lambda name: short_name(name) if name else "",
    }
    return environment
