"""Request Tracker 5 by its REST 2 interface (https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html).

The mark stands in the ticket's subject, and in the subject of each comment (RT shows it as the
transaction's `Data`). RT answers 200 to a change of state that it did not make: it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from netdiag.errors import Rejected
from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import lines, moment, plain

if TYPE_CHECKING:
    from netdiag.files.process import System

_STATUS = {State.OPEN: "open", State.WAITING: "stalled", State.SOLVED: "resolved"}
_STATE = {
    "new": State.OPEN,
    "open": State.OPEN,
    "stalled": State.WAITING,
    "resolved": State.SOLVED,
    "rejected": State.SOLVED,
    "deleted": State.SOLVED,
}
_ZONES = timedelta(hours=26)
"""RT reads times in a query in the account's own zone; what it answers is UTC."""
_AT_ONCE = 50


class Adapter:
    """One queue."""

    settle_s = 0.0

    def __init__(self, system: System) -> None:
        token, password = system.secret("token"), system.secret("password")
        self._queue = system.options["queue"]
        self._web = Web(
            system.name,
            f"{system.url}/REST/2.0/",
            headers={"Authorization": f"token {token.reveal()}"} if token else None,
            auth=(system.options["user"], password.reveal()) if password else None,
            secrets=[token.reveal()] if token else [],
        )

    def find(self, key: str) -> str | None:
        wanted = mark(key)
        found = self._tickets(f"Subject LIKE '{wanted}'", "Subject")
        return min((str(t["id"]) for t in found if wanted in t["Subject"]), key=int, default=None)

    def create(self, case: Case) -> str:
        body = {
            "Queue": self._queue,
            "Subject": case.title,
            "Content": case.text,
            "ContentType": "text/plain",
            "Priority": _number(case),
        }
        if case.requestor:
            body["Requestor"] = case.requestor
        answer = self._web.send("POST", "ticket", body)
        if not isinstance(answer, dict) or not answer.get("id"):
            raise Rejected(f"RT made no ticket: {lines(str(answer))[:200]}")
        return str(answer["id"])

    def comment(self, remote: str, text: str, key: str) -> None:
        body = {"Subject": mark(key), "Content": text, "ContentType": "text/plain"}
        self._web.send("POST", f"ticket/{remote}/comment", body)

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        wanted: dict[str, str] = {}
        if case is not None:
            wanted |= {"Subject": case.title, "Priority": _number(case)}
        if state is not None:
            wanted["Status"] = _STATUS[state]
        now = self._web.get(f"ticket/{remote}")
        if state is State.OPEN and _STATE.get(str(now["Status"])) is State.OPEN:
            del wanted["Status"]
        wanted = {name: value for name, value in wanted.items() if str(now[name]) != value}
        if not wanted:
            return
        said = self._web.send("PUT", f"ticket/{remote}", wanted)
        after = self._web.get(f"ticket/{remote}")
        for name, value in wanted.items():
            if str(after[name]) != value:
                raise Rejected(f"RT did not set {name}: {lines(str(said))[:200]}")

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for start in range(0, len(remotes), _AT_ONCE):
            ids = " OR ".join(f"id = {int(r)}" for r in remotes[start : start + _AT_ONCE])
            query = f"({ids})"
            if since is not None:
                query += f" AND LastUpdated > '{since - _ZONES:%Y-%m-%d %H:%M:%S}'"
            for row in self._tickets(query, "LastUpdated"):
                at = moment(row["LastUpdated"])
                if since is None or at >= since:
                    found[str(row["id"])] = at
        return found

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        ticket = self._web.get(f"ticket/{remote}")
        users = {str(u["id"]).casefold() for u in ticket.get("Requestor", ())}
        rows = self._pages(
            f"ticket/{remote}/history", fields="Type,Creator,Created,Field,NewValue,Data"
        )
        made = (self._change(row, users) for row in rows if str(row["id"]) not in known)
        return tuple(c for c in made if c is not None)

    def _change(self, row: dict[str, Any], users: set[str]) -> Change | None:
        number, kind = str(row["id"]), row["Type"]
        at, who = moment(row["Created"]), str(row["Creator"]["id"])
        if kind == "Create":
            return Change(number, at, who, "created")
        if kind == "Status":
            state = _STATE.get(str(row["NewValue"]), State.OPEN)
            return Change(number, at, who, "state", str(row["NewValue"]), state)
        if kind not in ("Comment", "Correspond"):
            return None
        key = key_of(str(row.get("Data") or ""))
        text = "" if key else self._text(number)
        user = kind == "Correspond" and who.casefold() in users
        return Change(number, at, who, "comment", text, key=key, from_user=user)

    def _text(self, transaction: str) -> str:
        parts = list(
            self._pages(f"transaction/{transaction}/attachments", fields="Content,ContentType")
        )
        for kind, read in (("text/plain", str), ("text/html", plain)):
            for part in parts:
                if part.get("ContentType") == kind and part.get("Content"):
                    return lines(read(part["Content"]))
        return "(no text)"

    def _tickets(self, query: str, fields: str) -> Iterator[dict[str, Any]]:
        return self._pages("tickets", query=query, fields=fields, orderby="id")

    def _pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            answer = self._web.get(path, page=page, per_page=100, **params)
            yield from answer["items"]
            if page >= int(answer.get("pages") or 1):
                return
            page += 1


def _number(case: Case) -> str:
    """RT counts upwards: P1 is 80."""
    return str({"P1": 80, "P2": 60, "P3": 40}.get(case.priority, 20))
