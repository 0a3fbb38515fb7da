"""Ticket systems that answer as their documentation says, on 127.0.0.1, with faults on demand.

Each is as small as its adapter needs; the shapes of questions and answers are those of the pages
that the adapters name. A question outside of them is answered 400, which fails the test.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

SECRET = "Sentinel-5e1f"
ME, ANN, USER = "netdiag", "ann", "user@example.org"
BASIC = "Basic " + base64.b64encode(f"{ME}:{SECRET}".encode()).decode()


@dataclass
class Entry:
    id: int
    at: datetime
    who: str
    what: str
    text: str


@dataclass
class Item:
    """One ticket over there, in nobody's format."""

    id: str
    title: str
    text: str
    fields: dict[str, Any]
    made: datetime
    state: str = "open"
    history: list[Entry] = field(default_factory=list)

    @property
    def changed(self) -> datetime:
        return max([self.made, *(e.at for e in self.history)])

    def comments(self) -> list[str]:
        return [e.text for e in self.history if e.what == "comment"]


class Fake:
    """The server; `fault` makes the next matching request fail."""

    kind = ""
    options = ""
    create = ""
    comment = ""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.asked: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], tuple[int, dict[str, str], str] | None] = lambda m, p: None
        self.lose_answer_to = ""
        self._number = 100
        self._at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                fake.answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = _any  # noqa: N815  (names of the library)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what people do over there ---

    def said(self, item: Item, who: str, what: str, text: str) -> None:
        self._number += 1
        item.history.append(Entry(self._number, self.tick(), who, what, text))
        if what == "state":
            item.state = text

    def tick(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at

    def add(self, title: str, text: str, **fields: Any) -> Item:
        self._number += 1
        item = Item(self.name(self._number), title, text, fields, self.tick())
        self.items[item.id] = item
        return item

    def name(self, number: int) -> str:
        return str(number)

    # --- HTTP ---

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else None
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        self.asked.append((handler.command, url.path))
        status, headers, text = self.fault(handler.command, url.path) or (0, {}, "")
        if not status:
            if not self.authorized(handler.headers):
                status, text = 401, json.dumps({"message": f"bad login {dict(handler.headers)}"})
            else:
                status, answer = self.route(handler.command, url.path, query, body)
                text = json.dumps(answer) if answer is not None else ""
            if self.lose_answer_to and f"{handler.command} {url.path}".startswith(
                self.lose_answer_to
            ):
                self.lose_answer_to = ""
                handler.connection.close()
                return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    def authorized(self, headers: Any) -> bool:
        raise NotImplementedError

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        raise NotImplementedError


def z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def sql(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


class Jira(Fake):
    kind, options = "jira", f'user: {ME}, password: "env:S", project: NET'
    states: ClassVar[dict[str, Any]] = {"open": ("In Progress", "indeterminate"), "waiting": ("Waiting for customer", "indeterminate"), "solved": ("Done", "done")}  # fmt: skip
    create, comment = "POST /rest/api/2/issue", "POST /rest/api/2/issue/NET"

    def name(self, number: int) -> str:
        return f"NET-{number}"

    def authorized(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == BASIC)

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/rest/api/2/")
        if (method, path) == ("GET", "search/jql"):
            jql = query["jql"]
            if match := re.fullmatch(r'labels = "([\w-]+)" ORDER BY created ASC', jql):
                found = [i for i in self.items.values() if match[1] in i.fields["labels"]]
            elif match := re.match(r'key in \(([\w, -]+)\)(?: AND updated >= "[\d :-]+")?$', jql):
                found = [self.items[k] for k in match[1].split(", ")]
            else:
                return 400, {"errorMessages": [f"Error in the JQL Query: {jql}"], "errors": {}}
            return 200, {"isLast": True, "issues": [self.issue(i) for i in found]}
        if (method, path) == ("POST", "issue"):
            fields = body["fields"]
            assert fields["project"] == {"key": "NET"}
            assert fields["issuetype"] == {"name": "Task"}
            if len(fields["summary"]) > 255:
                return 400, {
                    "errorMessages": [],
                    "errors": {"summary": "Summary must be less than 255 characters."},
                }
            item = self.add(fields["summary"], fields["description"], labels=fields["labels"])
            return 201, {
                "id": item.id[4:],
                "key": item.id,
                "self": f"{self.url}/rest/api/2/issue/{item.id[4:]}",
            }
        match = re.fullmatch(r"issue/(NET-\d+)(/comment|/transitions)?", path)
        if match is None or match[1] not in self.items:
            return 404, {
                "errorMessages": ["Issue does not exist or you do not have permission to see it."],
                "errors": {},
            }
        item = self.items[match[1]]
        if method == "GET" and match[2] is None:
            return 200, self.issue(item)
        if method == "PUT":
            item.title = body["fields"]["summary"]
            return 204, None
        if match[2] == "/comment":
            self.said(item, ME, "comment", body["body"])
            return 201, {"id": str(self._number), "body": body["body"]}
        if method == "GET":
            return 200, {"expand": "transitions", "transitions": [{"id": key, "name": name, "to": {"name": name, "statusCategory": {"key": cat}}} for key, (name, cat) in self.states.items()]}  # fmt: skip
        self.said(item, ME, "state", body["transition"]["id"])
        return 204, None

    def issue(self, item: Item) -> Any:
        name, category = self.states[item.state]
        me = {"displayName": ME, "accountId": "5b10a2844c20165700ede21g"}
        return {
            "id": item.id[4:],
            "key": item.id,
            "fields": {
                "summary": item.title,
                "status": {"name": name, "statusCategory": {"key": category}},
                "created": item.made.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
                "updated": item.changed.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
                "creator": me,
                "reporter": me,
                "comment": {"total": len(item.comments()), "comments": [{"id": str(e.id), "author": {"displayName": e.who}, "body": e.text, "created": e.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")} for e in item.history if e.what == "comment"]},
            },
            "changelog": {"histories": [{"id": str(e.id), "author": {"displayName": e.who}, "created": e.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"), "items": [{"field": "status", "fieldtype": "jira", "toString": self.states[e.text][0]}]} for e in item.history if e.what == "state"]},
        }  # fmt: skip


class ServiceNow(Fake):
    kind, options = "servicenow", f'user: {ME}, password: "env:S"'
    numbers: ClassVar[dict[str, Any]] = {"open": "2", "waiting": "3", "solved": "6"}
    create, comment = "POST /api/now/table/incident", "PATCH /api/now/table/incident/"

    def name(self, number: int) -> str:
        return f"{number:032x}"

    def authorized(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == BASIC)

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/api/now/table/")
        wanted = query.get("sysparm_query", "")
        if (method, path) == ("GET", "sys_journal_field"):
            match = re.match(
                r"element_id=(\w+)\^elementINcomments,work_notes\^ORDERBYsys_created_on$", wanted
            )
            assert match, wanted
            rows = [e for e in self.items[match[1]].history if e.what == "comment"]
            return 200, {"result": [{"sys_id": f"{e.id:032x}", "element": "work_notes", "value": e.text, "sys_created_by": e.who, "sys_created_on": sql(e.at)} for e in rows]}  # fmt: skip
        if (method, path) == ("GET", "incident"):
            if match := re.match(r"correlation_id=([\w -]+)\^ORDERBYsys_created_on$", wanted):
                found = [i for i in self.items.values() if i.fields["correlation_id"] == match[1]]
            elif match := re.match(r"sys_idIN([\w,]+)(\^sys_updated_on>=[\d :-]+)?$", wanted):
                found = [self.items[k] for k in match[1].split(",")]
            else:
                return 400, {
                    "error": {"message": "Invalid query detected", "detail": wanted},
                    "status": "failure",
                }
            return 200, {"result": [self.row(i) for i in found]}
        if (method, path) == ("POST", "incident"):
            item = self.add(body["short_description"], body["description"], **body)
            return 201, {"result": self.row(item)}
        item = self.items[path.removeprefix("incident/")]
        if method == "PATCH":
            if "work_notes" in body:
                self.said(item, ME, "comment", body["work_notes"])
            if "state" in body:
                if body["state"] == "6" and not body.get("close_code"):
                    return 403, {
                        "error": {"message": "Operation Failed", "detail": "mandatory: close_code"},
                        "status": "failure",
                    }
                self.said(
                    item,
                    ME,
                    "state",
                    next(k for k, v in self.numbers.items() if v == body["state"]),
                )
            item.title = body.get("short_description", item.title)
        return 200, {"result": self.row(item)}

    def row(self, item: Item) -> Any:
        last = item.history[-1].who if item.history else ME
        return {
            "sys_id": item.id,
            "number": "INC0010001",
            "short_description": item.title,
            "state": self.numbers[item.state],
            "sys_created_by": ME,
            "sys_created_on": sql(item.made),
            "sys_updated_by": last,
            "sys_updated_on": sql(item.changed),
        }


class Glpi(Fake):
    kind, options = "glpi", 'token: "env:S", app_token: "env:APP"'
    numbers: ClassVar[dict[str, Any]] = {"open": 2, "waiting": 4, "solved": 5}
    people: ClassVar[dict[str, Any]] = {ME: 7, ANN: 2, USER: 3}
    create, comment = "POST /apirest.php/Ticket", "POST /apirest.php/ITILFollowup"

    def __init__(self) -> None:
        super().__init__()
        self.session = ""

    def authorized(self, headers: Any) -> bool:
        if headers.get("App-Token") != "app":
            return False
        if self.session and headers.get("Session-Token") == self.session:
            return True
        return bool(headers.get("Authorization") == f"user_token {SECRET}")

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/apirest.php/")
        if path == "initSession":
            self.session = f"83af7e620c83a50a18d3eac2f6ed05a3ca0bea6{len(self.asked)}"
            return 200, {"session_token": self.session}
        if path == "search/Ticket":
            assert query["criteria[0][searchtype]"] == "contains"
            found = [i for i in self.items.values() if query["criteria[0][value]"] in i.title]
            rows = {"data": [{"1": i.title, "2": int(i.id)} for i in found]} if found else {}
            return 200, {
                "totalcount": len(found),
                "count": len(found),
                "sort": 1,
                "order": "ASC",
                **rows,
            }
        if (method, path) == ("POST", "Ticket"):
            item = self.add(body["input"]["name"], body["input"]["content"])
            return 201, {"id": int(item.id), "message": "Item successfully added"}
        if method == "POST":
            item = self.items[str(body["input"]["items_id"])]
            assert body["input"]["itemtype"] == "Ticket"
            if path == "ITILFollowup":
                self.said(item, ME, "comment", body["input"]["content"])
            else:
                assert path == "ITILSolution"
                self.said(item, ME, "state", "solved")
            return 201, {"id": self._number, "message": ""}
        match = re.fullmatch(r"Ticket/(\d+)(/ITILFollowup)?", path)
        assert match, path
        item = self.items[match[1]]
        if method == "PUT":
            item.title = body["input"].get("name", item.title)
            if "status" in body["input"]:
                self.said(
                    item,
                    ME,
                    "state",
                    next(k for k, v in self.numbers.items() if v == body["input"]["status"]),
                )
            return 200, [{item.id: True, "message": ""}]
        if match[2]:
            return 206, [{"id": e.id, "content": e.text, "users_id": self.people[e.who], "date_creation": sql(e.at)} for e in item.history if e.what == "comment"]  # fmt: skip
        last = item.history[-1].who if item.history else ME
        return 200, {"id": int(item.id), "name": item.title, "status": self.numbers[item.state], "date_creation": sql(item.made), "date_mod": sql(item.changed), "users_id_recipient": self.people[ME], "users_id_lastupdater": self.people[last]}  # fmt: skip


class Zammad(Fake):
    kind, options = "zammad", 'token: "env:S", group: Network, customer: noc@example.org'
    names: ClassVar[dict[str, Any]] = {
        "open": "open",
        "waiting": "pending reminder",
        "solved": "closed",
    }
    people: ClassVar[dict[str, Any]] = {ME: 3, ANN: 4, USER: 5}
    create, comment = "POST /api/v1/tickets", "POST /api/v1/ticket_articles"

    def authorized(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == f"Token token={SECRET}")

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        path = path.removeprefix("/api/v1/")
        if path == "tickets/search":
            words = re.fullmatch(r'title:"([\w -]+)"', query["query"])
            assert words, query
            return 200, [self.row(i) for i in self.items.values() if words[1] in i.title]
        if (method, path) == ("POST", "tickets"):
            assert body["article"]["content_type"] == "text/plain"
            return 201, self.row(self.add(body["title"], body["article"]["body"]))
        if path == "ticket_articles":
            item = self.items[str(body["ticket_id"])]
            assert body["internal"] is True
            self.said(item, ME, "comment", body["body"])
            return 201, {"id": self._number, "ticket_id": int(item.id), "body": body["body"]}
        match = re.fullmatch(r"(tickets|ticket_articles/by_ticket|ticket_history)/(\d+)", path)
        assert match, path
        item = self.items[match[2]]
        if match[1] == "ticket_articles/by_ticket":
            first = {"id": 1, "body": item.text, "content_type": "text/plain", "created_by": ME, "created_at": z(item.made), "sender": "Agent"}  # fmt: skip
            return 200, [first, *({"id": e.id, "body": e.text, "content_type": "text/plain", "created_by": e.who, "created_at": z(e.at), "sender": "Customer" if e.who == USER else "Agent"} for e in item.history if e.what == "comment")]  # fmt: skip
        if match[1] == "ticket_history":
            rows = [{"id": e.id, "object": "Ticket", "attribute": "state", "type": "updated", "value_from": "open", "value_to": self.names[e.text], "created_by_id": self.people[e.who], "created_at": z(e.at)} for e in item.history if e.what == "state"]  # fmt: skip
            return 200, {"history": rows, "assets": {"User": {str(n): {"login": who} for who, n in self.people.items()}}}  # fmt: skip
        if method == "PUT":
            if body.get("state") == "pending reminder" and not body.get("pending_time"):
                return 422, {"error": "Missing required value for field 'pending_time'!"}
            item.title = body.get("title", item.title)
            if "state" in body:
                self.said(
                    item, ME, "state", next(k for k, v in self.names.items() if v == body["state"])
                )
        return 200, self.row(item)

    def row(self, item: Item) -> Any:
        return {"id": int(item.id), "number": "31001", "title": item.title, "state": self.names[item.state], "created_by": ME, "created_at": z(item.made), "updated_at": z(item.changed)}  # fmt: skip


class Redmine(Fake):
    kind, options = "redmine", 'token: "env:S", project: network'
    numbers: ClassVar[dict[str, Any]] = {"open": 2, "waiting": 4, "solved": 5}
    create, comment = "POST /issues.json", "PUT /issues/"

    def authorized(self, headers: Any) -> bool:
        return bool(headers["X-Redmine-API-Key"] == SECRET)

    def route(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/issue_statuses.json":
            return 200, {"issue_statuses": [{"id": n, "name": name, "is_closed": n >= 5} for n, name in ((1, "New"), (2, "In Progress"), (3, "Resolved"), (4, "Feedback"), (5, "Closed"), (6, "Rejected"))]}  # fmt: skip
        if (method, path) == ("GET", "/issues.json"):
            assert query["status_id"] == "*"
            found = list(self.items.values())
            if "subject" in query:
                assert query["subject"].startswith("~")
                found = [i for i in found if query["subject"][1:] in i.title]
            if "issue_id" in query:
                found = [i for i in found if i.id in query["issue_id"].split(",")]
            return 200, {"issues": [self.row(i) for i in found], "total_count": len(found), "offset": 0, "limit": 100}  # fmt: skip
        if (method, path) == ("POST", "/issues.json"):
            issue = body["issue"]
            if not issue.get("subject") or len(issue["subject"]) > 255:
                return 422, {"errors": ["Subject is too long (maximum is 255 characters)"]}
            return 201, {"issue": self.row(self.add(issue["subject"], issue["description"]))}
        match = re.fullmatch(r"/issues/(\d+)\.json", path)
        assert match, path
        item = self.items[match[1]]
        if method == "PUT":
            issue = body["issue"]
            item.title = issue.get("subject", item.title)
            if "notes" in issue:
                self.said(item, ME, "comment", issue["notes"])
            if "status_id" in issue:
                self.said(
                    item,
                    ME,
                    "state",
                    next(k for k, v in self.numbers.items() if v == issue["status_id"]),
                )
            return 204, None
        journals = [{"id": e.id, "user": {"id": 1, "name": e.who}, "created_on": z(e.at), "notes": e.text if e.what == "comment" else "", "details": [] if e.what == "comment" else [{"property": "attr", "name": "status_id", "old_value": "1", "new_value": str(self.numbers[e.text])}]} for e in item.history]  # fmt: skip
        return 200, {
            "issue": self.row(item)
            | ({"journals": journals} if query.get("include") == "journals" else {})
        }

    def row(self, item: Item) -> Any:
        return {"id": int(item.id), "subject": item.title, "status": {"id": self.numbers[item.state], "name": item.state}, "author": {"id": 1, "name": ME}, "created_on": z(item.made), "updated_on": z(item.changed)}  # fmt: skip


SYSTEMS: tuple[type[Fake], ...] = (Jira, ServiceNow, Glpi, Zammad, Redmine)
