"""One HTTP client for all adapters: bounded, verified, silent about secrets, its errors ours.

Reading is tried again at once after a hiccup; writing never is: the outbox looks first whether it
arrived (`store.outbox`).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdiag.errors import AccessDenied, Rejected, Unreachable, UsageError
from netdiag.text import clean

if TYPE_CHECKING:
    import httpx2

_TIMEOUT_S = 20.0
_MOST_OCTETS = 16 * 1024 * 1024
_TRIES = 3
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0


class Busy(Unreachable):
    """It is there and asks to be left alone for a while (429, 503)."""

    def __init__(self, message: str, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Web:
    """Requests to one system; answers are JSON."""

    def __init__(
        self,
        name: str,
        base: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        """`secrets`: what no message may repeat, whatever the other side answers."""
        try:
            import httpx2
        except ImportError as exc:
            raise UsageError(
                "other ticket systems need httpx2: pip install 'netdiag[sync]'"
            ) from exc
        self._name = name
        login = base64.b64encode(":".join(auth).encode()).decode() if auth else ""
        self._secrets = tuple(s for s in (*secrets, *(auth or ())[1:], login) if s)
        self._client = httpx2.Client(
            base_url=base,
            headers={"Accept": "application/json", "User-Agent": "netdiag", **(headers or {})},
            auth=auth,
            timeout=_TIMEOUT_S,
            follow_redirects=False,  # a token goes to nobody but whom it is for
        )

    def get(self, path: str, **params: Any) -> Any:
        """The answer as JSON; `Unreachable`, `AccessDenied` or `Rejected`."""
        for attempt in range(_TRIES):
            try:
                return self._ask("GET", path, params=params)
            except Busy as exc:
                wait = exc.retry_after_s or _PAUSE_S * 2**attempt
                if attempt == _TRIES - 1 or wait > _LONGEST_PAUSE_S:
                    raise
                time.sleep(wait)
            except Unreachable:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(_PAUSE_S * 2**attempt)
        raise AssertionError("unreachable: the loop returns or raises")

    def send(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Writes once."""
        return self._ask(method, path, json=body, params=params)

    def header(self, name: str, value: str) -> None:
        """A header from now on, e.g. a session's."""
        self._secrets = (*self._secrets, value)
        self._client.headers[name] = value

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        import httpx2

        what = {k: v for k, v in what.items() if v not in (None, {})}
        try:
            with self._client.stream(method, path, **what) as answer:
                octets = bytearray()
                for part in answer.iter_bytes():
                    octets += part
                    if len(octets) > _MOST_OCTETS:
                        raise Rejected(f"{self._name}: its answer is larger than 16 MiB")
        except httpx2.ConnectTimeout as exc:
            raise Unreachable(f"{self._name}: no connection within {_TIMEOUT_S:g} s") from exc
        except httpx2.TimeoutException as exc:
            raise Unreachable(f"{self._name}: no answer within {_TIMEOUT_S:g} s") from exc
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as exc:
            raise Unreachable(f"{self._name}: {self._say(str(exc) or type(exc).__name__)}") from exc
        return self._read(answer, bytes(octets))

    def _read(self, answer: httpx2.Response, octets: bytes) -> Any:
        import json

        status = answer.status_code
        text = octets.decode("utf-8", "replace")
        if status >= 300:
            raise self._error(status, text, answer.headers.get("Retry-After"))
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise Rejected(
                f"{self._name}: answers {status} with something else than JSON: is the URL right?"
            ) from exc

    def _error(self, status: int, text: str, retry_after: str | None) -> Exception:
        said = f"{self._name}: answers {status}: {self._say(text)}"
        if status in (401, 403):
            return AccessDenied(said)
        if status in (429, 503):
            seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
            return Busy(said, seconds)
        if status >= 500 or status == 408:
            return Unreachable(said)
        if status < 400:
            return Rejected(f"{self._name}: redirects ({status}): write the URL it leads to")
        return Rejected(said)

    def _say(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        return clean(" ".join(text.split()), 200)
