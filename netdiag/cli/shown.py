"""How a diagnosis, a plan and a ticket look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag.cli.common import console, emit, print_findings, say, table
from netdiag.model import Cause, Diagnosis, PlanStep
from netdiag.names import short_name
from netdiag.text import clean, unescape_markdown

if TYPE_CHECKING:
    from netdiag.kb import Article
    from netdiag.store import Store
    from netdiag.ticket import Action, Entry, Ticket

_LAST = 3
"""So many lines of the timeline say what a command has just done."""
_MARK = {
    "proven": ("ok     ", "green"),
    "failed": ("FAILED ", "bold red"),
    "unknown": ("unknown", "yellow"),
}


def diagnosis(d: Diagnosis) -> None:
    """Causes first, then what they explain, the plan, and what could not be looked at."""
    if not d.causes:
        say("no cause found" if d.findings else "nothing wrong was found", style="bold")
    for cause in d.causes:
        _cause(cause, d)
    explained = {i for c in d.causes for i in (*c.because, *c.explains)}
    rest = [f for f in d.findings if f.id not in explained]
    if rest:
        say("also found:", style="bold")
        print_findings(rest)
    r = d.blast_radius
    if r.devices or r.stations:
        words = f"{', '.join(r.devices) or 'no switch'} cut off, " if r.devices else ""
        say(
            f"harmed: {words}{r.interfaces} ports in use, {r.stations} stations, VLANs {', '.join(map(str, r.vlans)) or '-'}"
        )
    if d.plan:
        plan(d.plan)
    not_checked(d)


def earlier(articles: Iterable[Article]) -> None:
    """What the last times taught."""
    from netdiag.report.wording import duration

    for a in articles:
        where = f", {a.area}" if a.area else ""
        took = f"; restored in {duration(a.restored_in_s)}" if a.restored_in_s is not None else ""
        say(
            f"last time: {a.id} ({a.at:%Y-%m-%d}{where}{took}): {unescape_markdown(a.fix)}",
            style="cyan",
        )


def next_step(d: Diagnosis) -> None:
    """Where it is kept, and how to go on."""
    if d.ticket:
        say(f"ticket {d.ticket} ({d.took_s:.1f} s)", style="bold")
        if d.plan:
            say(f"next: netdiag approve {d.ticket}")


def _cause(cause: Cause, d: Diagnosis) -> None:
    say(f"{cause.rank}. {cause.summary}", style="bold red" if cause.rank == 1 else "bold")
    also = f" (also {', '.join(cause.also)})" if cause.also else ""
    say(f"   {cause.kind}{also}, confidence {cause.confidence:.2f}")
    for title, ids in (("because", cause.because), ("explains", cause.explains)):
        for finding_id in ids:
            finding = d.finding(finding_id)
            if finding is not None:
                say(f"   {title}: {finding.summary}", style="dim" if title == "explains" else None)
    _evidence(cause, d)


def _evidence(cause: Cause, d: Diagnosis) -> None:
    shown: set[str] = set()
    for finding_id in cause.because:
        finding = d.finding(finding_id)
        for e in finding.evidence if finding else ():
            line = f"     {e.source:<8} {e.device or '':<8} {e.what}: {e.value}"
            if line not in shown and len(shown) < 10:
                shown.add(line)
                say(line, style="dim")


def not_checked(d: Diagnosis) -> None:
    """What could not be looked at: never left out."""
    for n in d.not_checked:
        say(f"not checked: {n.what}: {n.why}", style="yellow")


def advice(d: Diagnosis) -> None:
    """What would have prevented it: on the very port, in the vendor's lines."""
    if d.advice:
        say("what would have prevented it:", style="bold")
    for a in d.advice:
        say(f"  {a.title} ({a.device or ''} {short_name(a.interface or '')}): {a.why}")
        for line in a.lines:
            console().print(f"      {clean(line)}", style="cyan")


def plan(steps: Sequence[PlanStep], *, err: bool = False) -> None:
    """The steps in order, with exactly what would be sent."""
    out = console(stderr=err)
    say("plan:", style="bold", err=err)
    for s in steps:
        mark = "approval" if s.needs_approval else "        "
        head = f"  {s.step}. [{s.risk:<6}] {mark} "
        if s.instead_of is not None:
            head += f"(instead of {s.instead_of}) "
        say(head + s.summary, err=err)
        for line in s.lines:
            out.print(f"          {clean(s.device or '')}: {clean(line)}", style="cyan")
        expect = dict(s.expect)
        for line in expect.get("edge_lines", "").splitlines():
            out.print(f"          {clean(expect['edge_device'])}: {clean(line)}", style="cyan")
        if s.action == "supervised-reopen" and "edge_ports" not in expect:
            say("          the port to shut is looked for in those seconds", style="cyan", err=err)
        if s.undo:
            say(f"          undo: {s.undo}", style="dim", err=err)


def verification(t: Ticket) -> None:
    """What the looks after the repair showed."""
    if t.verification is None:
        say("not verified yet", style="yellow")
        return
    for check in t.verification.checks:
        word, style = _MARK[check.verdict]
        say(f"{word} {check.what}: {check.detail}", style=style)
    for lease in t.verification.wrong_leases:
        held = f"holds {lease.ip}" if lease.ip else "answers nowhere"
        where = lease.where or "a port not known"
        say(f"reconnect {lease.mac} at {where}: it {held}", style="yellow")
    from netdiag import ticket as tickets

    for report in tickets.to_ask(t) if t.verification.ok else ():
        say(f"ask {report.reporter}: does it work again? (netdiag ticket feedback {t.id} …)")


def promises(t: Ticket, at: datetime) -> Iterator[tuple[str, str | None]]:
    """(line, style) for whom it waits for and each service-level clock."""
    from netdiag import ticket as tickets
    from netdiag.report.wording import duration

    if t.waiting is not None:
        yield f"waiting for the {t.waiting.whom} since {t.waiting.since:%Y-%m-%d %H:%M}Z", "yellow"
    for clock in tickets.clocks(t, at):
        left = clock.target_s - clock.elapsed_s
        if clock.breached:
            state = "" if clock.met is None else ", met too late"
            yield f"{clock.name}: BREACHED by {duration(-left)}{state}", "bold red"
        elif clock.met is not None:
            yield (
                f"{clock.name}: met, {duration(clock.elapsed_s)} of {duration(clock.target_s)}",
                None,
            )
        else:
            still = "" if clock.running else ", the clock stands still"
            yield f"{clock.name}: {duration(left)} left of {duration(clock.target_s)}{still}", None


def _questions(t: Ticket) -> None:
    """The one question that narrows it most, then what else nobody answered."""
    from netdiag import ticket as tickets

    ask = tickets.next_question(t)
    if ask is not None:
        choices = " | ".join(f"{choice}: {means}" for choice, means in ask.question.choices)
        say(f"  ask first: {ask.question.text} ({choices})", style="bold cyan")
        say(f"       why: {ask.because}", style="dim")
        first = ask.question.choices[0][0]
        say(f"       netdiag ticket answer {t.id} {ask.question.name}={first}", style="dim")
    known = tickets.known_answers(t)
    rest = [q for name, q in tickets.missing(t) if not (name == "affected" and "scope" in known)]
    for question in rest[:2]:
        say(f"  ask: {question}", style="cyan")


def print_ticket(kept: Ticket, *, json_: bool, store: Store, whole: bool = False) -> None:
    """The ticket for people, where it stands now or with everything on it; as JSON always everything."""
    actions, at = store.journal.actions(kept.id), datetime.now(UTC)
    if json_:
        from netdiag import report

        emit(report.ticket_json(kept, actions, at=at))
    elif whole:
        ticket(kept, actions, at=at)
    else:
        _head(kept, at)
        _log(kept.timeline[-_LAST:])
        say(f"netdiag ticket show {kept.id} shows everything", style="dim")


def _head(t: Ticket, at: datetime) -> None:
    """Who called, how long it may take, what to ask."""
    from netdiag import ticket as tickets

    say(
        f"{t.id}  {t.priority}  {t.stage} ({tickets.PHASE[t.stage]})  {t.kind or ''}  {t.area or ''}",
        style="bold",
    )
    say(t.summary)
    for r in t.reports:
        where = "/".join(p for p in (r.site, r.floor, r.desk) if p)
        say(f"  call {r.at:%H:%M:%S}  {r.reporter or 'unknown'}  {where}  {r.symptom or ''}")
    for alert in t.alerts:
        state = "over" if alert.ends else "fires"
        say(f"  alert {alert.starts:%H:%M:%S}  {alert.name}  {state}  {alert.summary}")
    for line, style in promises(t, at):
        say(f"  {line}", style=style)
    if not t.closed:
        _questions(t)


def _log(entries: Iterable[Entry]) -> None:
    for entry in entries:
        say(f"  {entry.at:%H:%M:%S}  {entry.who}: {entry.text}", style="dim")


def ticket(t: Ticket, actions: Sequence[Action], *, at: datetime) -> None:
    """The whole ticket, in the order in which it happened."""
    _head(t, at)
    if t.diagnosis:
        diagnosis(t.diagnosis)
    if actions:
        table(
            "changes",
            ("At", "Device", "Port", "Sent", "By", "State"),
            (
                (
                    f"{a.at:%H:%M:%S}",
                    a.device,
                    short_name(a.interface or ""),
                    " / ".join(a.lines),
                    a.approved_by,
                    a.state,
                )
                for a in actions
            ),
        )
    if t.verification:
        verification(t)
    _log(t.timeline)
    if t.fix:
        say(f"fix: {t.fix}")
    if t.diagnosis:
        advice(t.diagnosis)
        if t.stage == "diagnosed":
            next_step(t.diagnosis)
