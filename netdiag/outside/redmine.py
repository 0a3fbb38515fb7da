"""Redmine by its REST API (https://www.redmine.org/projects/redmine/wiki/Rest_Issues).

A comment is a journal's note. Redmine formats Textile or Markdown: what is written stands in a
block that neither obeys. It answers 204 to a change of state that its workflow does not allow: it
is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from netdiag.errors import Rejected
from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import lines, moment

if TYPE_CHECKING:
    from netdiag.files.process import System

_WAITING = ("feedback", "on hold", "pending", "waiting", "反馈")
_LEVEL = {"P1": 5, "P2": 4, "P3": 3}
"""The shipped priorities: 1 Low, 2 Normal, 3 High, 4 Urgent, 5 Immediate."""
_AT_ONCE = 50


class Adapter:
    """One project."""

    settle_s = 0.0

    def __init__(self, system: System) -> None:
        token, password = system.secret("token"), system.secret("password")
        self._project = system.options["project"]
        self._tracker = system.options.get("tracker_id")
        self._closed = int(system.options["closed_status_id"])
        self._names: dict[int, tuple[str, bool]] | None = None
        self._web = Web(
            system.name,
            f"{system.url}/",
            headers={"X-Redmine-API-Key": token.reveal()} if token else None,
            auth=(system.options["user"], password.reveal()) if password else None,
            secrets=[token.reveal()] if token else [],
        )

    def find(self, key: str) -> str | None:
        wanted = mark(key)
        rows = self._issues(project_id=self._project, status_id="*", subject=f"~{wanted}")
        ids = [int(row["id"]) for row in rows if wanted in str(row["subject"])]
        return str(min(ids)) if ids else None

    def create(self, case: Case) -> str:
        issue: dict[str, Any] = {
            "project_id": self._project,
            "subject": _subject(case),
            "description": _inert(case.text),
        }
        if self._tracker:
            issue["tracker_id"] = int(self._tracker)
        answer = self._web.send("POST", "issues.json", {"issue": issue})
        return str(answer["issue"]["id"])

    def comment(self, remote: str, text: str, key: str) -> None:
        issue = {"notes": f"{_inert(text)}\n\n{mark(key)}"}
        self._web.send("PUT", f"issues/{remote}.json", {"issue": issue})

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        if case is not None:
            body = {"issue": {"subject": _subject(case)}}
            self._web.send("PUT", f"issues/{remote}.json", body)
        if state is None or self._state(self._issue(remote)["status"]["id"]) is state:
            return
        number = self._status_for(state)
        self._web.send("PUT", f"issues/{remote}.json", {"issue": {"status_id": number}})
        if int(self._issue(remote)["status"]["id"]) != number:
            raise Rejected(f"Redmine's workflow does not let {remote} become {state}")

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for start in range(0, len(remotes), _AT_ONCE):
            params = {"issue_id": ",".join(remotes[start : start + _AT_ONCE]), "status_id": "*"}
            if since is not None:
                params["updated_on"] = f">={since:%Y-%m-%dT%H:%M:%SZ}"
            for row in self._issues(**params):
                found[str(row["id"])] = moment(row["updated_on"])
        return found

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        issue = self._issue(remote, include="journals")
        author = str(issue["author"]["name"])
        made = [Change("created", moment(issue["created_on"]), author, "created")]
        for journal in issue.get("journals", ()):
            at, who = moment(journal["created_on"]), str(journal["user"]["name"])
            text = str(journal.get("notes") or "")
            if text:
                key = key_of(text)
                made.append(Change(f"j{journal['id']}", at, who, "comment", lines(text), key=key))
            for detail in journal.get("details", ()):
                if detail.get("name") == "status_id":
                    number = int(detail["new_value"])
                    name = self._statuses().get(number, (str(number), False))[0]
                    made.append(
                        Change(f"s{journal['id']}", at, who, "state", name, self._state(number))
                    )
        return tuple(c for c in made if c.id not in known)

    def _issue(self, remote: str, **params: str) -> dict[str, Any]:
        row: dict[str, Any] = self._web.get(f"issues/{remote}.json", **params)["issue"]
        return row

    def _issues(self, **params: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._web.get("issues.json", limit=100, offset=offset, sort="id", **params)
            rows = answer["issues"]
            yield from rows
            offset += len(rows)
            if not rows or offset >= int(answer.get("total_count", 0)):
                return

    def _statuses(self) -> dict[int, tuple[str, bool]]:
        """(name, whether it is an end) by number: every Redmine has its own."""
        if self._names is None:
            rows = self._web.get("issue_statuses.json")["issue_statuses"]
            self._names = {int(r["id"]): (str(r["name"]), bool(r.get("is_closed"))) for r in rows}
        return self._names

    def _state(self, number: int) -> State:
        name, closed = self._statuses().get(int(number), ("", False))
        if closed:
            return State.SOLVED
        return State.WAITING if name.casefold() in _WAITING else State.OPEN

    def _status_for(self, state: State) -> int:
        known = self._statuses()
        if state is State.SOLVED and self._closed in known:
            return self._closed
        found = [number for number in sorted(known) if self._state(number) is state]
        if not found:
            raise Rejected(f"this Redmine has no status that means {state}")
        # The first open status is "New": work goes on in the one after it.
        return found[1] if state is State.OPEN and len(found) > 1 else found[0]


def _subject(case: Case) -> str:
    """255 characters, the mark among them."""
    tail = mark(case.key)
    return case.title if len(case.title) <= 255 else f"{case.title[: 254 - len(tail)]} {tail}"


def _inert(text: str) -> str:
    """Both of Redmine's formats show `<pre>` as it is, and nothing in the text can end it."""
    return "<pre>\n" + text.replace("<", "\N{FULLWIDTH LESS-THAN SIGN}") + "\n</pre>"
