"""What may be behind a call, and what a caller would then see: the table that chooses the next question.

The numbers are judgement, not measurement: how often a help desk meets each, and how often its
callers give each answer. They only choose what is asked first; no verdict rests on them. A team's
own closed incidents move the priors (`questions.shares`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its fixed answers: (choice, what the caller would say)."""

    name: str
    text: str
    choices: tuple[tuple[str, str], ...]


QUESTIONS = (
    Question(
        "scope",
        "Is it one person, or everyone?",
        (
            ("one", "the caller alone"),
            ("some", "a few desks"),
            ("everyone", "everyone around"),
        ),
    ),
    Question(
        "connection",
        "Wired or wireless?",
        (
            ("wired", "on a cable"),
            ("wireless", "on Wi-Fi"),
            ("both", "both fail"),
        ),
    ),
    Question(
        "address",
        "No address, or an address but nothing reachable?",
        (
            ("none", "no address, or 169.254.…"),
            ("foreign", "an address of another net than usual"),
            ("usual", "the usual address"),
        ),
    ),
    Question(
        "reach",
        "What can still be reached?",
        (
            ("nothing", "nothing, not even the gateway"),
            ("near", "things nearby, nothing further"),
            ("some", "some names or services fail"),
            ("all", "everything, but badly"),
        ),
    ),
    Question(
        "pattern",
        "Is it gone all the time, on and off, or slow?",
        (
            ("steady", "all the time"),
            ("intermittent", "on and off"),
            ("slow", "it works, slowly"),
        ),
    ),
    Question(
        "link",
        "Is the light at the network socket on?",
        (
            ("on", "on or blinking"),
            ("off", "dark"),
        ),
    ),
    Question(
        "change",
        "Was anything plugged in, moved or changed there today?",
        (
            ("yes", "something was"),
            ("no", "nothing known"),
        ),
    ),
)

Answers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may be behind it; the weights of each question's answers, in their order."""

    name: str
    """A kind of the contract, or what is no fault of the network: own-computer, service, access-point."""
    weight: float
    scope: Answers
    connection: Answers
    address: Answers
    reach: Answers
    pattern: Answers
    link: Answers
    change: Answers

    def answers(self, question: str) -> Answers:
        """How likely each answer is, adding up to 1."""
        weights: Answers = getattr(self, question)
        return tuple(w / sum(weights) for w in weights)


#                                  one some all  wire wifi both  none frgn usual nothing near some all  steady on/off slow  on off  yes no
_ROWS = (
    ("rogue-dhcp-server", 10, (2, 6, 2), (5, 2, 3), (1, 8, 1), (3, 5, 1, 1), (6, 3, 1), (9, 1), (6, 4)),
    ("layer2-loop", 9, (1, 3, 6), (4, 1, 5), (3, 2, 5), (6, 2, 1, 1), (4, 3, 3), (9, 1), (7, 3)),
    ("uplink-down", 9, (1, 2, 7), (4, 1, 5), (6, 1, 3), (7, 3, 1, 1), (8, 2, 1), (8, 2), (3, 7)),
    ("device-unreachable", 7, (1, 2, 7), (4, 1, 5), (6, 1, 3), (8, 1, 1, 1), (9, 1, 1), (3, 7), (3, 7)),
    ("dhcp-server-down", 6, (1, 5, 4), (4, 2, 4), (9, 1, 1), (7, 2, 1, 1), (7, 3, 1), (9, 1), (2, 8)),
    ("dhcp-pool-exhausted", 4, (3, 6, 1), (2, 5, 3), (9, 1, 1), (7, 2, 1, 1), (6, 4, 1), (9, 1), (2, 8)),
    ("err-disabled-port", 8, (8, 2, 1), (9, 1, 1), (8, 1, 1), (9, 1, 1, 1), (9, 1, 1), (3, 7), (6, 4)),
    ("admin-down-port", 4, (9, 1, 1), (9, 1, 1), (8, 1, 1), (9, 1, 1, 1), (9, 1, 1), (1, 9), (5, 5)),
    ("wrong-access-vlan", 5, (7, 3, 1), (9, 1, 1), (3, 6, 1), (3, 5, 2, 1), (9, 1, 1), (9, 1), (8, 2)),
    ("vlan-missing-on-trunk", 3, (1, 5, 4), (5, 2, 3), (7, 1, 2), (6, 3, 1, 1), (9, 1, 1), (9, 1), (6, 4)),
    ("duplicate-address", 5, (7, 3, 1), (6, 3, 1), (1, 1, 8), (3, 2, 2, 3), (2, 7, 1), (9, 1), (5, 5)),
    ("arp-spoofing", 2, (2, 6, 2), (4, 3, 3), (1, 1, 8), (2, 6, 2, 1), (3, 5, 2), (9, 1), (4, 6)),
    ("link-flapping", 5, (4, 3, 3), (8, 1, 1), (3, 1, 6), (3, 2, 2, 3), (1, 9, 1), (6, 4), (3, 7)),
    ("lossy-link", 6, (5, 3, 2), (8, 1, 1), (1, 1, 9), (1, 1, 3, 6), (1, 4, 5), (9, 1), (3, 7)),
    ("duplex-mismatch", 3, (7, 2, 1), (9, 1, 1), (1, 1, 9), (1, 1, 2, 7), (1, 2, 7), (9, 1), (4, 6)),
    ("congested-link", 5, (1, 3, 6), (3, 2, 5), (1, 1, 9), (1, 1, 2, 7), (1, 3, 7), (9, 1), (2, 8)),
    ("mtu-mismatch", 2, (3, 4, 3), (5, 2, 3), (1, 1, 9), (1, 1, 8, 1), (8, 1, 1), (9, 1), (5, 5)),
    ("access-point", 8, (2, 6, 2), (1, 9, 1), (4, 1, 5), (5, 2, 1, 3), (3, 5, 3), (5, 5), (2, 8)),
    ("own-computer", 16, (9, 1, 1), (5, 5, 1), (3, 1, 6), (4, 1, 4, 2), (6, 3, 2), (7, 3), (4, 6)),
    ("service", 12, (3, 4, 4), (3, 2, 6), (1, 1, 9), (1, 1, 9, 1), (7, 2, 2), (9, 1), (2, 8)),
)  # fmt: skip

CANDIDATES = tuple(Candidate(*row) for row in _ROWS)
