"""Jira Cloud and Data Center by REST API 2.

https://developer.atlassian.com/cloud/jira/platform/rest/v2/ and
https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/. The mark's key is a label too: JQL
finds words of a summary only roughly. Cloud's search may lag behind by some seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from netdiag.errors import Rejected
from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import lines, moment

if TYPE_CHECKING:
    from netdiag.files.process import System

# statusCategory.key, the same in every workflow; "on hold" is a name that workflows choose.
_CATEGORY = {State.OPEN: ("new", "indeterminate"), State.WAITING: (), State.SOLVED: ("done",)}
_WAITING = ("waiting", "on hold", "pending", "blocked", "等待")
_ZONES = timedelta(hours=26)
_AT_ONCE = 50


class Adapter:
    """One project."""

    settle_s = 30.0

    def __init__(self, system: System) -> None:
        token, password = system.secret("token"), system.secret("password")
        self._project, self._type = system.options["project"], system.options["issue_type"]
        self._search = "search/jql" if system.options["flavour"] == "cloud" else "search"
        self._web = Web(
            system.name,
            f"{system.url}/rest/api/2/",
            headers={"Authorization": f"Bearer {token.reveal()}"} if token else None,
            auth=(system.options["user"], password.reveal()) if password else None,
            secrets=[token.reveal()] if token else [],
        )

    def find(self, key: str) -> str | None:
        found = self._issues(f'labels = "{_label(key)}" ORDER BY created ASC', "summary")
        return next((str(issue["key"]) for issue in found), None)

    def create(self, case: Case) -> str:
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": case.title[:254],
            "description": _inert(case.text),
            "labels": ["netdiag", _label(case.key)],
        }
        answer = self._web.send("POST", "issue", {"fields": fields})
        return str(answer["key"])

    def comment(self, remote: str, text: str, key: str) -> None:
        body = {"body": f"{_inert(text)}\n\n{mark(key)}"}
        self._web.send("POST", f"issue/{remote}/comment", body)

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        if case is not None:
            fields = {"summary": case.title[:254]}
            self._web.send("PUT", f"issue/{remote}", {"fields": fields})
        if state is not None:
            issue = self._web.get(f"issue/{remote}", fields="status")
            if _state(issue["fields"]["status"]) is not state:
                self._move(remote, state)

    def _move(self, remote: str, state: State) -> None:
        ways = self._web.get(f"issue/{remote}/transitions")["transitions"]
        chosen = next((w for w in ways if _state(w["to"]) is state), None)
        if chosen is None:
            names = ", ".join(str(w["to"]["name"]) for w in ways) or "nowhere"
            raise Rejected(f"Jira's workflow leads from here to {names}, none of which is {state}")
        body = {"transition": {"id": chosen["id"]}}
        self._web.send("POST", f"issue/{remote}/transitions", body)

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for start in range(0, len(remotes), _AT_ONCE):
            query = f"key in ({', '.join(remotes[start : start + _AT_ONCE])})"
            if since is not None:  # JQL reads times in the account's own zone
                query += f' AND updated >= "{since - _ZONES:%Y-%m-%d %H:%M}"'
            for issue in self._issues(query, "updated"):
                at = moment(issue["fields"]["updated"])
                if since is None or at >= since:
                    found[str(issue["key"])] = at
        return found

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        issue = self._web.get(
            f"issue/{remote}", fields="comment,creator,created,reporter", expand="changelog"
        )
        fields = issue["fields"]
        user = _who(fields.get("reporter"))
        me = _who(fields["creator"])
        made = [Change("created", moment(fields["created"]), me, "created")]
        for comment in fields["comment"]["comments"]:
            text, who = str(comment["body"]), _who(comment["author"])
            key = key_of(text)
            made.append(
                Change(
                    f"c{comment['id']}",
                    moment(comment["created"]),
                    who,
                    "comment",
                    lines(text),
                    key=key,
                    from_user=who == user != me,
                )
            )
        for entry in issue.get("changelog", {}).get("histories", ()):
            for item in entry["items"]:
                if item["field"] == "status":
                    name = str(item["toString"])
                    made.append(
                        Change(
                            f"h{entry['id']}",
                            moment(entry["created"]),
                            _who(entry.get("author")),
                            "state",
                            name,
                            _named(name),
                        )
                    )
        return tuple(sorted((c for c in made if c.id not in known), key=lambda c: c.at))

    def _issues(self, jql: str, fields: str) -> Iterator[dict[str, Any]]:
        params: dict[str, Any] = {"jql": jql, "fields": fields, "maxResults": 100}
        while True:
            answer = self._web.get(self._search, **params)
            yield from answer["issues"]
            if answer.get("nextPageToken"):  # Cloud
                params["nextPageToken"] = answer["nextPageToken"]
            elif answer.get("total", 0) > answer.get("startAt", 0) + len(answer["issues"]) > 0:
                params["startAt"] = answer["startAt"] + len(answer["issues"])
            else:
                return


def _label(key: str) -> str:
    """A label has no blanks."""
    return f"netdiag-{key.replace(' ', '-')}"


def _inert(text: str) -> str:
    """Wiki markup has no meaning inside {noformat}, and nothing in the text can end it."""
    return "{noformat}\n" + text.replace("{noformat}", "{no format}") + "\n{noformat}"


def _who(user: Any) -> str:
    return str((user or {}).get("displayName") or (user or {}).get("name") or "unknown")


def _state(status: dict[str, Any]) -> State:
    if any(word in str(status.get("name", "")).casefold() for word in _WAITING):
        return State.WAITING
    category = status.get("statusCategory", {}).get("key", "")
    return State.SOLVED if category in _CATEGORY[State.SOLVED] else State.OPEN


def _named(name: str) -> State:
    """The changelog tells names alone."""
    said = name.casefold()
    if any(word in said for word in _WAITING):
        return State.WAITING
    solved = ("done", "resolved", "closed", "solved", "完成", "已解决", "已关闭")
    return State.SOLVED if said in solved else State.OPEN
