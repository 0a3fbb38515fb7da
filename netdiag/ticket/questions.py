"""Which single question would narrow it most, and what is known already.

For every candidate the table says how likely each answer is. What was answered weighs the
candidates (Bayes); the question to ask is the one whose answer is expected to take away most of the
remaining uncertainty (information gain, in bits). What was answered is never asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netdiag.errors import UsageError
from netdiag.ticket.candidates import CANDIDATES, QUESTIONS, Question
from netdiag.ticket.facts import Ticket

_SOFT = 0.02
"""No answer rules anything out: callers err."""
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("connection", "wireless", r"wi-?fi|wlan|wireless|无线|無線"),
    ("connection", "wired", r"\bcabled?\b|\bwired\b|ethernet|有线|网线"),
    ("address", "none", r"169\.254\.|self-assigned|no (valid )?ip|no address|没有(ip|地址)"),
    ("address", "foreign", r"wrong (ip|address)|192\.168\.[01]\."),
    ("pattern", "slow", r"\bslow|很慢|卡顿|lagg"),
    ("pattern", "intermittent", r"intermittent|on and off|drops|时断时续|sometimes"),
    ("link", "off", r"light is (off|out|dark)|no link|cable unplugged|灯不亮"),
    ("change", "yes", r"plugged in|moved|new (router|switch|phone)|新(装|接)"),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question, and why this one."""

    question: Question
    gain_bits: float
    shares: tuple[tuple[str, float], ...]
    """The candidates as they stand, the likeliest first, adding up to 1."""
    because: str


def next_question(ticket: Ticket, history: Mapping[str, int] | None = None) -> Ask | None:
    """The question that narrows it most; `None` where the cause is known or all is answered.

    `history`: how many closed incidents were of each kind.
    """
    if ticket.cause is not None or ticket.closed:
        return None
    known = answers(ticket)
    share = shares(known, history)
    gains = [(gain(q, share), q) for q in QUESTIONS if q.name not in known]
    if not gains:
        return None
    best, question = max(gains, key=lambda pair: pair[0])
    ranked = tuple(sorted(share.items(), key=lambda pair: -pair[1]))
    return Ask(question, best, ranked, _because(question, ranked, best))


def answers(ticket: Ticket) -> dict[str, str]:
    """Question to choice: what was answered, else what the callers' own words and numbers say."""
    found: dict[str, str] = {}
    for report in ticket.reports:
        said = " ".join(t for t in (report.symptom, report.error, report.tried) if t).casefold()
        for question, choice, pattern in _WORDS:
            if re.search(pattern, said):
                found.setdefault(question, choice)
    if ticket.is_area_outage:
        many = ticket.affected >= ticket.rules.high_from
        found["scope"] = "everyone" if many else "some"
    elif any(r.affected == 1 for r in ticket.reports):
        found["scope"] = "one"
    return found | {a.question: a.choice for a in ticket.answers}


def shares(known: Mapping[str, str], history: Mapping[str, int] | None = None) -> dict[str, float]:
    """How likely each candidate is with these answers, adding up to 1."""
    counts = history or {}
    weights = {}
    for candidate in CANDIDATES:
        weight = candidate.weight + 2.0 * counts.get(candidate.name, 0)
        for question in QUESTIONS:
            if question.name in known:
                names = [name for name, _ in question.choices]
                place = names.index(known[question.name])
                weight *= max(candidate.answers(question.name)[place], _SOFT)
        weights[candidate.name] = weight
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def gain(question: Question, share: Mapping[str, float]) -> float:
    """By how many bits its answer is expected to lessen the uncertainty."""
    before = _entropy(list(share.values()))
    after = 0.0
    for number in range(len(question.choices)):
        joint = [share[c.name] * c.answers(question.name)[number] for c in CANDIDATES]
        chance = sum(joint)
        if chance:
            after += chance * _entropy([p / chance for p in joint])
    return before - after


def check(question: str, choice: str) -> tuple[str, str]:
    """The pair if it is one of ours; `UsageError` names what it should be otherwise."""
    known = {q.name: q for q in QUESTIONS}
    if question not in known:
        raise UsageError(f"{question!r} is no question: should be {', '.join(known)}")
    choices = [name for name, _ in known[question].choices]
    if choice not in choices:
        raise UsageError(f"{question}: {choice!r} is no answer: should be {', '.join(choices)}")
    return question, choice


def _entropy(shares: Sequence[float]) -> float:
    return -sum(p * math.log2(p) for p in shares if p > 0)


def _because(question: Question, ranked: Sequence[tuple[str, float]], bits: float) -> str:
    likely = ", ".join(f"{name} {share:.0%}" for name, share in ranked[:3])
    by_name = {candidate.name: candidate for candidate in CANDIDATES}
    first: dict[str, str] = {}
    for name, _ in ranked[:6]:
        odds = by_name[name].answers(question.name)
        first.setdefault(question.choices[odds.index(max(odds))][0], name)
    apart = "; ".join(f"{choice}: rather {name}" for choice, name in first.items())
    return f"likeliest so far {likely}; {apart} ({bits:.2f} bit)"
