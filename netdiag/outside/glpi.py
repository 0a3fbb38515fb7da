"""GLPI by its REST API (https://github.com/glpi-project/glpi/blob/main/apirest.md).

A session is opened for each run and closed by GLPI's own time limit. GLPI stores HTML: what is
written is escaped, what is read is reduced to its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from netdiag.errors import AccessDenied, Rejected
from netdiag.outside import Case, Change, State, key_of, mark
from netdiag.outside.web import Web
from netdiag.outside.words import escaped, lines, moment, plain

if TYPE_CHECKING:
    from netdiag.files.process import System

# Ticket.status: 1 new, 2 processing (assigned), 3 processing (planned), 4 pending, 5 solved, 6 closed
_STATUS = {State.OPEN: 2, State.WAITING: 4, State.SOLVED: 5}
_STATE = {4: State.WAITING, 5: State.SOLVED, 6: State.SOLVED}
_LEVEL = {"P1": 5, "P2": 4, "P3": 3}
_NAME_FIELD, _ID_FIELD = 1, 2
"""Search options of Ticket: title and id."""


class Adapter:
    """One GLPI."""

    settle_s = 0.0

    def __init__(self, system: System) -> None:
        token, password, app = (system.secret(k) for k in ("token", "password", "app_token"))
        login = f"user_token {token.reveal()}" if token else None
        self._web = Web(
            system.name,
            f"{system.url}/apirest.php/",
            headers={"App-Token": app.reveal()} if app else None,
            secrets=[s.reveal() for s in (token, password, app) if s],
        )
        self._login = login or _basic(system.options["user"], password.reveal() if password else "")
        self._session = False

    def find(self, key: str) -> str | None:
        answer = self._ask(
            lambda: self._web.get(
                "search/Ticket",
                **{
                    "criteria[0][field]": _NAME_FIELD,
                    "criteria[0][searchtype]": "contains",
                    "criteria[0][value]": mark(key),
                    "forcedisplay[0]": _ID_FIELD,
                    "range": "0-49",
                },
            )
        )
        ids = [int(row[str(_ID_FIELD)]) for row in (answer or {}).get("data", ())]
        return str(min(ids)) if ids else None

    def create(self, case: Case) -> str:
        level = _LEVEL.get(case.priority, 2)
        ticket = {
            "name": case.title[:250],
            "content": escaped(case.text),
            "urgency": level,
            "impact": level,
            "priority": level,
        }
        answer = self._write("POST", "Ticket", ticket)
        if not isinstance(answer, dict) or not answer.get("id"):
            raise Rejected("GLPI made no ticket")
        return str(answer["id"])

    def comment(self, remote: str, text: str, key: str) -> None:
        words = escaped(f"{text}\n\n{mark(key)}")
        self._write("POST", "ITILFollowup", _of(remote) | {"content": words})

    def update(self, remote: str, *, case: Case | None = None, state: State | None = None) -> None:
        if case is not None:
            level = _LEVEL.get(case.priority, 2)
            self._write("PUT", f"Ticket/{remote}", {"name": case.title[:250], "priority": level})
        if state is None or self._state(self._ticket(remote)) is state:
            return
        if state is State.SOLVED:
            self._write("POST", "ITILSolution", _of(remote) | {"content": "see the follow-ups"})
        else:
            self._write("PUT", f"Ticket/{remote}", {"status": _STATUS[state]})

    def updated(self, remotes: Sequence[str], since: datetime | None) -> dict[str, datetime]:
        found = {r: moment(self._ticket(r)["date_mod"]) for r in remotes}
        return {r: at for r, at in found.items() if since is None or at >= since}

    def history(self, remote: str, known: frozenset[str]) -> tuple[Change, ...]:
        ticket = self._ticket(remote)
        me = str(ticket["users_id_recipient"])
        made = [Change("created", moment(ticket["date_creation"]), me, "created")]
        rows = self._ask(
            lambda: self._web.get(f"Ticket/{remote}/ITILFollowup", range="0-499", order="ASC")
        )
        for row in rows or ():
            # Stored twice escaped by GLPI 9, once by GLPI 10.
            text = (
                plain(plain(str(row["content"])))
                if "&lt;" in row["content"]
                else plain(row["content"])
            )
            made.append(
                Change(
                    f"f{row['id']}",
                    moment(row["date_creation"]),
                    f"user {row['users_id']}",
                    "comment",
                    lines(text),
                    key=key_of(text),
                )
            )
        state, by = self._state(ticket), str(ticket["users_id_lastupdater"])
        # The ticket tells its present state, not its history: one entry for each state it is seen in.
        if by != me and state is not State.OPEN:
            number, at = str(ticket["status"]), moment(ticket["date_mod"])
            made.append(
                Change(f"state-{number}", at, f"user {by}", "state", f"status {number}", state)
            )
        return tuple(c for c in made if c.id not in known)

    @staticmethod
    def _state(ticket: dict[str, Any]) -> State:
        return _STATE.get(int(ticket["status"]), State.OPEN)

    def _ticket(self, remote: str) -> dict[str, Any]:
        row: dict[str, Any] = self._ask(lambda: self._web.get(f"Ticket/{remote}"))
        return row

    def _write(self, method: str, path: str, values: dict[str, Any]) -> Any:
        return self._ask(lambda: self._web.send(method, path, {"input": values}))

    def _ask(self, ask: Callable[[], Any]) -> Any:
        """Logs in where that is due; a session that ran out (401) is opened once more."""
        if not self._session:
            self._open()
            return ask()
        try:
            return ask()
        except AccessDenied:
            self._open()
            return ask()

    def _open(self) -> None:
        self._web.header("Authorization", self._login)
        answer = self._web.get("initSession")
        self._web.header("Session-Token", str(answer["session_token"]))
        self._session = True


def _of(remote: str) -> dict[str, Any]:
    return {"itemtype": "Ticket", "items_id": int(remote)}


def _basic(user: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
