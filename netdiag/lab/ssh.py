"""SSH into the lab's switches, with the network's own truth in front of it.

A client's bytes pass a relay before they reach the switch's SSH server. While no management frame
gets to the switch and back, the relay holds them, in both directions, as TCP's retransmissions
would: nothing is lost and nothing is refused, and everything goes on when the path is back.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from netdiag.lab.cli_ios import Cli

if TYPE_CHECKING:
    import asyncssh
    from asyncssh.editor import SSHLineEditorChannel

_LOOK_AGAIN_S = 0.005
_CHUNK = 16384
_MORE = " --More-- "
Reachable = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Login:
    """Who may log in."""

    username: str
    password: str


def host_key(file: Path) -> asyncssh.SSHKey:
    """The lab's host key, made on first use and kept in a file of mode 0600."""
    import asyncssh

    if file.exists():
        return asyncssh.read_private_key(file)
    key = asyncssh.generate_private_key("ssh-ed25519", comment="netdiag lab")
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key.export_private_key())
    return key


def known_hosts_line(key: asyncssh.SSHKey, host: str, port: int) -> str:
    """An OpenSSH known_hosts line for a server on a port of its own."""
    kind, blob = key.export_public_key().decode().split()[:2]
    return f"[{host}]:{port} {kind} {blob}"


class SshAgent:
    """One switch's SSH server. `open_cli` gives a new login its command line."""

    def __init__(self, open_cli: Callable[[], Cli], login: Login, key: asyncssh.SSHKey) -> None:
        self._open_cli, self._login, self._key = open_cli, login, key
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, host: str, port: int, reachable: Reachable) -> int:
        """Serves on a TCP port behind `reachable`; the port (useful where 0 was asked)."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, reachable)

        server = await asyncio.start_server(serve, host, port)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stops listening and cuts every connection."""
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reachable: Reachable
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if await _until_open(reachable, reader):
                await self._relay(reader, writer, reachable)
        except (OSError, asyncio.CancelledError):
            pass  # the client went away, or the lab ends
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reachable: Reachable
    ) -> None:
        import asyncssh

        ours, theirs = socket.socketpair()
        starting = asyncio.ensure_future(self._start_server(theirs))
        inner_reader, inner_writer = await asyncio.open_connection(sock=ours)
        pumps = [
            asyncio.ensure_future(_pump(reader, inner_writer, reachable)),
            asyncio.ensure_future(_pump(inner_reader, writer, reachable)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(pumps, timeout=1.0)
        finally:
            for pump in pumps:
                pump.cancel()
            inner_writer.close()
            await asyncio.gather(*pumps, return_exceptions=True)
            try:
                connection = await asyncio.wait_for(starting, 1.0)
                connection.abort()
            except (asyncssh.Error, OSError, TimeoutError, asyncio.CancelledError):
                pass  # it never got as far as a connection

    async def _start_server(self, sock: socket.socket) -> asyncssh.SSHServerConnection:
        import asyncssh

        sock.settimeout(0)
        return await asyncssh.run_server(
            sock,
            server_factory=lambda: _password_server(self._login),
            server_host_keys=[self._key],
            process_factory=self._session,
            server_version="Cisco-1.25",
            line_editor=True,
            encoding="utf-8",
            errors="replace",
            agent_forwarding=False,
            x11_forwarding=False,
        )

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        import asyncssh

        cli = self._open_cli()
        try:
            if process.command:
                process.stdout.write(_ended(cli.execute(process.command)))
            else:
                await _converse(process, cli)
        except (asyncssh.Error, OSError):
            pass  # the client went away
        process.exit(0)


def _password_server(login: Login) -> asyncssh.SSHServer:
    import asyncssh

    class PasswordServer(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - the library's signature
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            given = f"{username}\0{password}".encode()
            right = f"{login.username}\0{login.password}".encode()
            return hmac.compare_digest(given, right)

    return PasswordServer()


async def _until_open(reachable: Reachable, reader: asyncio.StreamReader) -> bool:
    """Waits for the path; false when the client gave up meanwhile."""
    while not reachable():
        if reader.at_eof() or reader.exception() is not None:
            return False
        await asyncio.sleep(_LOOK_AGAIN_S)
    return True


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reachable: Reachable
) -> None:
    """Bytes one way, each only while the path is there."""
    while chunk := await reader.read(_CHUNK):
        while not reachable():
            await asyncio.sleep(_LOOK_AGAIN_S)
        writer.write(chunk)
        await writer.drain()


def _ended(text: str) -> str:
    return text + "\n" if text else ""


async def _converse(process: asyncssh.SSHServerProcess[str], cli: Cli) -> None:
    """Prompt, line, answer, until somebody leaves."""
    import asyncssh

    while not cli.closed:
        process.stdout.write(cli.prompt)
        hidden = cli.wants_secret
        if hidden:
            _echo(process, on=False)
        try:
            line = await process.stdin.readline()
        except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived, asyncssh.SignalReceived):
            process.stdout.write("\n")
            continue
        if not line:
            return
        if hidden:
            _echo(process, on=True)
            process.stdout.write("\n")
        await _print(process, cli, _ended(cli.execute(line)))


def _echo(process: asyncssh.SSHServerProcess[str], *, on: bool) -> None:
    if process.term_type is not None:
        _editor(process).set_echo(on)


def _editor(process: asyncssh.SSHServerProcess[str]) -> SSHLineEditorChannel:
    """Its channel, which with a terminal is one that edits lines."""
    return cast("SSHLineEditorChannel", process.channel)


async def _print(process: asyncssh.SSHServerProcess[str], cli: Cli, text: str) -> None:
    """Page by page on a terminal, unless `terminal length 0` was said."""
    lines = text.splitlines(keepends=True)
    if not cli.length or process.term_type is None or len(lines) <= cli.length:
        process.stdout.write(text)
        return
    shown, page = 0, cli.length - 1
    while shown < len(lines):
        process.stdout.write("".join(lines[shown : shown + page]))
        shown += page
        if shown >= len(lines):
            return
        key = await _more(process)
        if key in ("q", "Q", ""):
            return
        page = 1 if key in ("\r", "\n") else cli.length - 1


async def _more(process: asyncssh.SSHServerProcess[str]) -> str:
    """The key that is pressed at ` --More-- `."""
    process.stdout.write(_MORE)
    _editor(process).set_line_mode(line_mode=False)
    _echo(process, on=False)
    try:
        key = await process.stdin.read(1)
    finally:
        _editor(process).set_line_mode(line_mode=True)
        _echo(process, on=True)
    back = "\b" * len(_MORE)
    process.stdout.write(back + " " * len(_MORE) + back)
    return key
