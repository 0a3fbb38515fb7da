"""ServiceNow by its Table API (https://www.servicenow.com/docs/csh?topicname=c_TableAPI.html).

`correlation_id` holds the key, as ServiceNow means that field; comments are work notes, which the
caller does not see. Times are UTC in `YYYY-MM-DD HH:MM:SS` (`sysparm_display_value=false`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from netdiag.errors import Rejected
from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import lines, moment

if TYPE_CHECKING:
    from netdiag.files.process import System

# incident.state of the base system: 1 New, 2 In Progress, 3 On Hold, 6 Resolved, 7 Closed, 8 Canceled
_NUMBER = {State.OPEN: "2", State.WAITING: "3", State.SOLVED: "6"}
_STATE = {"3": State.WAITING, "6": State.SOLVED, "7": State.SOLVED, "8": State.SOLVED}
_LEVEL = {"P1": ("1", "1"), "P2": ("2", "1"), "P3": ("2", "2")}
"""(impact, urgency): ServiceNow looks the priority up itself."""
_AT_ONCE = 50
_MOST = 1000


class Adapter:
    """One table, usually `incident`."""

    settle_s = 0.0

    def __init__(self, system: System) -> None:
        token, password = system.secret("token"), system.secret("password")
        self._table = system.options["table"]
        self._group = system.options.get("assignment_group")
        self._user = system.options.get("user", "")
        self._web = Web(
            system.name,
            f"{system.url}/api/now/table/",
            headers={"Authorization": f"Bearer {token.reveal()}"} if token else None,
            auth=(self._user, password.reveal()) if password else None,
            secrets=[token.reveal()] if token else [],
        )

    def find(self, key: str) -> str | None:
        rows = self._rows(self._table, f"correlation_id={key}^ORDERBYsys_created_on", "sys_id", 1)
        return str(rows[0]["sys_id"]) if rows else None

    def create(self, case: Case) -> str:
        impact, urgency = _LEVEL.get(case.priority, ("3", "3"))
        body = {
            "short_description": case.title[:160],
            "description": case.text,
            "correlation_id": case.key,
            "correlation_display": "netdiag",
            "impact": impact,
            "urgency": urgency,
        }
        if self._group:
            body["assignment_group"] = self._group
        answer = self._web.send("POST", self._table, body)
        return str(answer["result"]["sys_id"])

    def comment(self, remote: str, text: str, key: str) -> None:
        body = {"work_notes": f"{_inert(text)}\n\n{mark(key)}"}
        self._web.send("PATCH", f"{self._table}/{remote}", body)

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        body: dict[str, str] = {}
        if case is not None:
            impact, urgency = _LEVEL.get(case.priority, ("3", "3"))
            body |= {"short_description": case.title[:160], "impact": impact, "urgency": urgency}
        if state is not None:
            row = self._web.get(f"{self._table}/{remote}", sysparm_fields="state")["result"]
            if _STATE.get(str(row["state"]), State.OPEN) is not state:
                body["state"] = _NUMBER[state]
                if state is State.SOLVED:  # mandatory there
                    body |= {"close_code": "Solved (Permanently)", "close_notes": "see work notes"}
                elif state is State.WAITING:
                    body["hold_reason"] = "1"  # awaiting caller
        if body:
            self._web.send("PATCH", f"{self._table}/{remote}", body)

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for start in range(0, len(remotes), _AT_ONCE):
            query = f"sys_idIN{','.join(remotes[start : start + _AT_ONCE])}"
            if since is not None:
                query += f"^sys_updated_on>={since:%Y-%m-%d %H:%M:%S}"
            for row in self._rows(self._table, query, "sys_id,sys_updated_on", _MOST):
                found[str(row["sys_id"])] = moment(row["sys_updated_on"])
        return found

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        fields = "sys_created_by,sys_created_on,state,sys_updated_by,sys_updated_on"
        ticket = self._web.get(f"{self._table}/{remote}", sysparm_fields=fields)["result"]
        me = str(ticket["sys_created_by"])
        made = [Change("created", moment(ticket["sys_created_on"]), me, "created")]
        query = f"element_id={remote}^elementINcomments,work_notes^ORDERBYsys_created_on"
        wanted = "sys_id,element,value,sys_created_by,sys_created_on"
        for row in self._rows("sys_journal_field", query, wanted, _MOST):
            text, who = str(row["value"]), str(row["sys_created_by"])
            made.append(
                Change(
                    str(row["sys_id"]),
                    moment(row["sys_created_on"]),
                    who,
                    "comment",
                    lines(text),
                    key=key_of(text),
                    from_user=row["element"] == "comments" and who != me,
                )
            )
        number, by = str(ticket["state"]), str(ticket["sys_updated_by"])
        state, at = _STATE.get(number, State.OPEN), moment(ticket["sys_updated_on"])
        # The table tells the present state, not its history: one entry for each state it is seen in.
        if by != me and state is not State.OPEN:
            made.append(Change(f"state-{number}", at, by, "state", f"state {number}", state))
        return tuple(c for c in made if c.id not in known)

    def _rows(self, table: str, query: str, fields: str, most: int) -> list[dict[str, Any]]:
        answer = self._web.get(
            table, sysparm_query=query, sysparm_fields=fields, sysparm_limit=most
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
            raise Rejected("ServiceNow answers without a result: is the instance asleep?")
        rows: list[dict[str, Any]] = answer["result"]
        return rows


def _inert(text: str) -> str:
    """A journal field obeys HTML between [code] marks, and nowhere else."""
    return text.replace("[code]", "[ code]").replace("[/code]", "[ /code]")
