"""Zammad by its REST API (https://docs.zammad.org/en/latest/api/intro.html).

The search is Elasticsearch's where that is installed and lags behind; the mark is looked for in the
titles that it finds. Articles are plain text and internal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import lines, moment, plain

if TYPE_CHECKING:
    from netdiag.files.process import System

_NAME = {State.OPEN: "open", State.WAITING: "pending reminder", State.SOLVED: "closed"}
_STATE = {
    "new": State.OPEN,
    "open": State.OPEN,
    "pending reminder": State.WAITING,
    "pending close": State.WAITING,
    "closed": State.SOLVED,
    "merged": State.SOLVED,
}
_LEVEL = {"P1": "3 high", "P2": "3 high", "P3": "2 normal"}
_REMIND = timedelta(days=7)


class Adapter:
    """One group."""

    settle_s = 30.0

    def __init__(self, system: System) -> None:
        token, password = system.secret("token"), system.secret("password")
        self._group, self._customer = system.options["group"], system.options["customer"]
        self._web = Web(
            system.name,
            f"{system.url}/api/v1/",
            headers={"Authorization": f"Token token={token.reveal()}"} if token else None,
            auth=(system.options["user"], password.reveal()) if password else None,
            secrets=[token.reveal()] if token else [],
        )

    def find(self, key: str) -> str | None:
        # Words alone: the query language gives brackets a meaning.
        query = 'title:"' + f"netdiag {key}" + '"'
        answer = self._web.get("tickets/search", query=query, limit=50, expand="true")
        rows = answer if isinstance(answer, list) else []
        ids = [int(row["id"]) for row in rows if mark(key) in str(row["title"])]
        return str(min(ids)) if ids else None

    def create(self, case: Case) -> str:
        body = {
            "title": case.title[:250],
            "group": self._group,
            "customer": (case.requestor and f"guess:{case.requestor}") or self._customer,
            "priority": _LEVEL.get(case.priority, "1 low"),
            "article": _article(case.title, case.text),
        }
        answer = self._web.send("POST", "tickets", body)
        return str(answer["id"])

    def comment(self, remote: str, text: str, key: str) -> None:
        body = {"ticket_id": int(remote), **_article("netdiag", f"{text}\n\n{mark(key)}")}
        self._web.send("POST", "ticket_articles", body)

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        body: dict[str, Any] = {}
        if case is not None:
            body |= {"title": case.title[:250], "priority": _LEVEL.get(case.priority, "1 low")}
        if state is not None:
            now = self._ticket(remote)
            if _STATE.get(str(now["state"]), State.OPEN) is not state:
                body["state"] = _NAME[state]
                if state is State.WAITING:  # mandatory there
                    due = moment(now["updated_at"]) + _REMIND
                    body["pending_time"] = due.isoformat().replace("+00:00", "Z")
        if body:
            self._web.send("PUT", f"tickets/{remote}", body)

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found = {r: moment(self._ticket(r)["updated_at"]) for r in remotes}
        return {r: at for r, at in found.items() if since is None or at >= since}

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        ticket = self._ticket(remote)
        me = str(ticket["created_by"])
        made = [Change("created", moment(ticket["created_at"]), me, "created")]
        # The first article is the description of the ticket that we made.
        for row in self._web.get(f"ticket_articles/by_ticket/{remote}", expand="true")[1:]:
            html = row.get("content_type") == "text/html"
            text = plain(str(row["body"])) if html else str(row["body"])
            made.append(
                Change(
                    f"a{row['id']}",
                    moment(row["created_at"]),
                    str(row["created_by"]),
                    "comment",
                    lines(text),
                    key=key_of(text),
                    from_user=row.get("sender") == "Customer",
                )
            )
        history = self._web.get(f"ticket_history/{remote}")
        users = history.get("assets", {}).get("User", {})
        for row in history.get("history", ()):
            if row.get("object") == "Ticket" and row.get("attribute") == "state":
                name, number = str(row["value_to"]), str(row.get("created_by_id"))
                who = str(users.get(number, {}).get("login") or number)
                state = _STATE.get(name, State.OPEN)
                made.append(
                    Change(f"h{row['id']}", moment(row["created_at"]), who, "state", name, state)
                )
        return tuple(sorted((c for c in made if c.id not in known), key=lambda c: c.at))

    def _ticket(self, remote: str) -> dict[str, Any]:
        row: dict[str, Any] = self._web.get(f"tickets/{remote}", expand="true")
        return row


def _article(subject: str, text: str) -> dict[str, Any]:
    return {
        "subject": subject[:250],
        "body": text,
        "content_type": "text/plain",
        "type": "note",
        "internal": True,
    }
