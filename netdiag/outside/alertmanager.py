"""Alertmanager's webhook, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).

Rules: on 127.0.0.1 unless told otherwise, and elsewhere only with a token; a body has a bound, a
sender a time limit; what does not have the documented shape is refused with 400 and changes
nothing. An answer other than 2xx makes Alertmanager send it again.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from netdiag.errors import DecodeError, NetdiagError
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.access import Secret

MOST_OCTETS = 1024 * 1024
_MOST_ALERTS = 500
_AT_ONCE = 16
_SENDER_S = 10.0
_Text = Annotated[str, Field(max_length=20_000)]
_Texts = Annotated[dict[_Text, _Text], Field(max_length=100)]


class FiredAlert(BaseModel):
    """One alert of a group; unknown fields are left alone, as its documentation asks."""

    model_config = ConfigDict(frozen=True)

    status: Literal["firing", "resolved"]
    labels: _Texts
    annotations: _Texts = {}
    starts: AwareDatetime = Field(alias="startsAt")
    ends: AwareDatetime | None = Field(default=None, alias="endsAt")
    fingerprint: Annotated[str, Field(max_length=200)] = ""
    """A hash of the labels; missing before Alertmanager 0.19."""


class Webhook(BaseModel):
    """One call: the alerts of a group."""

    model_config = ConfigDict(frozen=True)

    version: Literal["4"]
    group_key: Annotated[str, Field(alias="groupKey", max_length=20_000)]
    truncated: Annotated[int, Field(alias="truncatedAlerts", ge=0)] = 0
    alerts: Annotated[tuple[FiredAlert, ...], Field(max_length=_MOST_ALERTS)]


def parse(octets: bytes) -> Webhook:
    """The body of a call; `DecodeError` says which field is wrong."""
    try:
        return Webhook.model_validate_json(octets)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(clean(str(part), 40) for part in first["loc"]) or "the body"
        raise DecodeError(f"no Alertmanager webhook: {where}: {clean(first['msg'])}") from None


class Receiver:
    """The HTTP endpoint; `take` is called with one webhook at a time."""

    def __init__(
        self,
        host: str,
        port: int,
        take: Callable[[Webhook], None],
        *,
        token: Secret | None,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        handler = type("_Handler", (_Handler,), {"receiver": self})
        self._server = _Server((host, port), handler)
        self._take, self._token, self.told = take, token, told
        self._one = threading.Lock()
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def allowed(self, header: str | None) -> bool:
        """Whether the caller showed the token."""
        if self._token is None:
            return True
        wanted = f"Bearer {self._token.reveal()}".encode()
        return hmac.compare_digest((header or "").encode("utf-8", "replace"), wanted)

    def take(self, octets: bytes) -> tuple[int, str]:
        """Status and sentence of the answer."""
        try:
            webhook = parse(octets)
            with self._one:
                self._take(webhook)
        except DecodeError as exc:
            return 400, str(exc)
        except NetdiagError as exc:
            self.told(f"not taken, it will be sent again: {exc}")
            return 503, "not now"
        return 200, f"{len(webhook.alerts)} alerts taken"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)
        if ":" in address[0]:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        # No more threads than that: who comes on top is turned away at once.
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that breaks off is no news."""


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    timeout = _SENDER_S
    server_version = "netdiag"
    sys_version = ""

    def do_POST(self) -> None:
        if not self.receiver.allowed(self.headers.get("Authorization")):
            self._answer(401, "the token is missing or wrong")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._answer(411, "say how long the body is")
        elif int(length) > MOST_OCTETS:
            self._answer(413, f"more than {MOST_OCTETS} octets")
        else:
            # Bounded by Content-Length above and by the socket's time limit.
            octets = self.rfile.read(int(length))
            self._answer(*self.receiver.take(octets))

    def do_GET(self) -> None:
        self._answer(405, "POST Alertmanager's webhook here")

    def _answer(self, status: int, sentence: str) -> None:
        body = json.dumps({"message": sentence}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its name in the library)
        self.receiver.told(clean(format % args, 200))
