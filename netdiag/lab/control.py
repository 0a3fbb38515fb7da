"""The control socket of a running lab: JSON lines from its client, frames to and from a sensor.

First line of a connection: `{"token": T, "do": NAME, ...}`, answered by one line `{"ok": true, ...}`
or `{"ok": false, "error": ..., "kind": ...}`, and further lines without the token; or
`{"token": T, "tap": NODE}`, after which records go both ways: `!dI` (UTC epoch seconds, octets) and
a raw Ethernet frame without FCS. A refusal of a tap is a JSON line too, then the end.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from struct import Struct
from typing import Any

from netdiag.errors import NetdiagError, UsageError
from netdiag.lab.dataplane import Dataplane

RECORD = Struct("!dI")
_MAX_FRAME = 1518
_MAX_LINE = 1 << 20
_MAX_QUEUED = 16 << 20
"""Octets that wait for a slow listener; beyond it frames are dropped, as a full ring would."""
Operation = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Control:
    """Serves `operations` and the taps of `plane` to whoever knows the token."""

    def __init__(
        self,
        token: str,
        operations: Mapping[str, Operation],
        plane: Dataplane,
        time_of: Callable[[float], float],
    ) -> None:
        self._token, self._operations = token, operations
        self._plane, self._time_of = plane, time_of
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self, host: str) -> tuple[str, int]:
        """Opens the socket; its address."""
        self._server = await asyncio.start_server(self._serve, host, 0, limit=_MAX_LINE)
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    def close(self) -> None:
        """Ends every connection."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            first = _request(await reader.readline())
            if not hmac.compare_digest(str(first.get("token", "")).encode(), self._token.encode()):
                _answer(writer, UsageError("this is not the lab's token"))
            elif "tap" in first:
                await self._tap(str(first["tap"]), reader, writer)
            else:
                await self._converse(first, reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass  # the client went away, or never spoke our language
        finally:
            self._open.discard(writer)
            writer.close()

    async def _converse(
        self,
        request: Mapping[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        while True:
            try:
                _answer(writer, await self._operate(request))
            except NetdiagError as exc:
                _answer(writer, exc)
            await writer.drain()
            line = await reader.readline()
            if not line:
                return
            request = _request(line)

    async def _operate(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        name = str(request.get("do"))
        if name not in self._operations:
            raise UsageError(f"the lab does not know how to {name!r}")
        arguments = {k: v for k, v in request.items() if k not in ("token", "do")}
        try:
            return await self._operations[name](arguments)
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            if isinstance(exc, NetdiagError):
                raise
            raise UsageError(f"{name}: {type(exc).__name__}: {exc}") from exc

    async def _tap(
        self, node: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        def hear(at: float, frame: bytes) -> None:
            if writer.transport.get_write_buffer_size() < _MAX_QUEUED:
                writer.write(RECORD.pack(self._time_of(at), len(frame)) + frame)

        try:
            stop = self._plane.tap(node, hear)
        except NetdiagError as exc:
            _answer(writer, exc)
            return
        try:
            while True:
                _, length = RECORD.unpack(await reader.readexactly(RECORD.size))
                if not 14 <= length <= _MAX_FRAME:
                    return
                self._plane.send(node, await reader.readexactly(length))
        finally:
            stop()


def _request(line: bytes) -> dict[str, Any]:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError("a request is a JSON object")
    return found


def _answer(writer: asyncio.StreamWriter, result: Mapping[str, Any] | NetdiagError) -> None:
    if isinstance(result, NetdiagError):
        answer = {"ok": False, "error": str(result), "kind": type(result).__name__}
    else:
        answer = {"ok": True, **result}
    writer.write(json.dumps(answer).encode() + b"\n")
