"""The post-incident report of a ticket: Markdown, one self-contained HTML file, or JSON.

A manager reads the top, an engineer the rest; what could not be looked at is never left out. HTML
has no script and fetches nothing; names from the network stay text in every format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from netdiag import contract, kb
from netdiag import ticket as tickets
from netdiag.errors import UsageError
from netdiag.model import Kind, Network, Series, Wiring
from netdiag.names import short_name
from netdiag.report import chart, drawing, wording
from netdiag.report.language import Language
from netdiag.report.story import ENGLISH, Story, tell
from netdiag.text import clean, inert_json
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
    rates: Sequence[Series] = (),
    language: Language = ENGLISH,
    template: str | None = None,
) -> str:
    """The report in one of `FORMATS`.

    `articles`: the knowledge base, for earlier cases like it. `rates`: for the charts. `template`: a
    user's own text in jinja's language, in place of the one for this format.
    """
    if form == "json":
        return inert_json(
            json.dumps(ticket_json(ticket, actions, at=at), ensure_ascii=False, indent=2)
        )
    told = tell(ticket, actions, kb.similar(articles, ticket), at, rates=rates, language=language)
    if form == "md":
        return markdown(told, template)
    if form == "html":
        return html(told, template)
    raise UsageError(f"a report is md, html or json, not {form!r}")


def ports(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """The (device, port) pairs that an incident is about: its cause's, and those that closed."""
    cause, found = ticket.cause, ticket.diagnosis.findings if ticket.diagnosis else ()
    named = [
        (cause.resource.device, port)
        for port in (cause.interfaces or (cause.resource.interface,) if cause else ())
        if cause is not None
    ]
    closed = [
        (f.resource.device, f.resource.interface)
        for f in found
        if f.kind in (Kind.ERR_DISABLED_PORT, Kind.UPLINK_DOWN)
    ]
    return tuple(dict.fromkeys((d, p) for d, p in (*closed, *named) if d and p))


def markdown(told: Story, template: str | None = None) -> str:
    """CommonMark with GitHub's tables."""
    environment = _environment(told.language, finalize=wording.markdown)
    environment.filters["code"] = wording.code_block
    return _fill(environment, template, "report.md.j2", r=told) + "\n"


def html(told: Story, template: str | None = None) -> str:
    """One file with everything in it."""
    environment = _environment(told.language, finalize=wording.html, autoescape=True)
    environment.filters["code"] = wording.html_block
    drawn = drawing.draw(told.diagnosis) if told.diagnosis else None
    return _fill(environment, template, "report.html.j2", r=told, p=drawn) + "\n"


def bars_svg(title: str, counts: Sequence[tuple[str, float, str]]) -> str:
    """(label, value, text) rows as a picture of its own."""
    environment = _environment(ENGLISH, finalize=wording.html, autoescape=True)
    drawn = chart.bars(counts)
    return environment.get_template("bars.svg.j2").render(title=title, bars=drawn) + "\n"


def fill_markdown(template: str, **values: Any) -> str:
    """One of our own Markdown templates."""
    environment = _environment(ENGLISH, finalize=wording.markdown)
    environment.filters["code"] = wording.code_block
    return environment.get_template(template).render(**values) + "\n"


def topology_svg(drawn: Any) -> str:
    """The picture of `drawing.draw` as a file of its own."""
    environment = _environment(ENGLISH, finalize=wording.html, autoescape=True)
    picture = environment.get_template("topology.svg.j2").render(p=drawn)
    style = environment.get_template("report.css").render()
    head, end, rest = picture.partition(">")
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{head}{end}\n<style>{style}</style>{rest}\n"


def _fill(environment: Environment, own: str | None, ours: str, **values: Any) -> str:
    from jinja2 import TemplateError

    if own is None:
        return environment.get_template(ours).render(**values)
    try:
        return environment.from_string(own).render(**values)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as exc:
        line = f", line {exc.lineno}" if hasattr(exc, "lineno") else ""
        raise UsageError(f"the template{line}: {exc}") from exc


def ticket_json(ticket: Ticket, actions: Sequence[Action] = (), *, at: datetime) -> contract.Json:
    """One ticket with everything on it: a row of `ticket list --json` and more."""
    whole = contract.plain_object(ticket)
    del whole["stage_times"], whole["reports"], whole["rules"]
    row = contract.ticket_row(ticket, at)
    return {
        "schema": "netdiag/ticket/1",
        **row,
        **{k: v for k, v in whole.items() if k not in row},
        "clocks": [contract.clock(c) for c in tickets.clocks(ticket, at)],
        "ask": contract.ask(tickets.next_question(ticket)),
        "missing": [
            {"field": field, "question": question} for field, question in tickets.missing(ticket)
        ],
        "stages": [{"stage": s, "at": contract.time(at)} for s, at in ticket.stage_times],
        "calls": [contract.plain_object(r) for r in ticket.reports],
        "diagnosis": contract.diagnosis(ticket.diagnosis) if ticket.diagnosis else None,
        "actions": [contract.plain_object(a) for a in actions],
    }


def _environment(language: Language, **options: Any) -> Environment:
    from jinja2 import PackageLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # Sandboxed, for a template may come from a user's colleague; Markdown escapes in `finalize`.
    environment = SandboxedEnvironment(
        loader=PackageLoader("netdiag", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters |= {
        "line": wording.line,
        "moment": language.moment,
        "clock": language.clock,
        "day": language.day,
        "duration": language.duration,
        "brief": clean,
        "short": lambda name: short_name(name) if name else "",
    }
    marks = {name: Markup(mark) for name, mark in language.marks.items()}  # noqa: S704  (ours)
    environment.globals |= {"t": language.word, "lang": language, **marks}
    return environment
