"""What closed tickets taught: one article a ticket, found again by words and by likeness, and counted."""

from __future__ import annotations

from netdiag.kb.article import Article, Case, due, from_ticket, reviewed, with_feedback
from netdiag.kb.page import edited, edited_wiki, from_markdown, index, to_markdown, to_wiki
from netdiag.kb.search import Hit, like, search, similar, tokens
from netdiag.kb.trends import Group, Offender, Saving, Trend, Trends, trends

__all__ = [
    "Article",
    "Case",
    "Group",
    "Hit",
    "Offender",
    "Saving",
    "Trend",
    "Trends",
    "due",
    "edited",
    "edited_wiki",
    "from_markdown",
    "from_ticket",
    "index",
    "like",
    "reviewed",
    "search",
    "similar",
    "to_markdown",
    "to_wiki",
    "tokens",
    "trends",
    "with_feedback",
]
