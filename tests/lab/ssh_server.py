"""A small IOS-like SSH server for tests of the collector: every failing that a device can have."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field
from typing import Any

import asyncssh

ANSWERS = {
    "terminal length 0": "",
    "terminal width 511": "",
    "show interfaces status err-disabled": (
        "Port      Name               Status       Reason\r\n"
        "Gi1/0/2   to acc-2           err-disabled storm-control\r\n"
    ),
    "show clock": "*08:00:00.000 UTC Sun Nov 22 2026\r\n",
    "show hostile": "core-1#not the prompt\r\nmore > text\r\ncore-1#\r\nend\r\n",
}


@dataclass
class Device:
    """What the server does; changed between logins."""

    password: str = "right"
    enable: str | None = None
    """With a secret the login starts unprivileged."""
    banner: str = "*** authorized # use > only ***\r\n"
    hang_on: str | None = None
    """A line after which nothing more is said; `login` says nothing at all."""
    close_on: str | None = None
    answers: dict[str, str] = field(default_factory=lambda: dict(ANSWERS))
    received: list[str] = field(default_factory=list)
    attempts: list[tuple[str, str]] = field(default_factory=list)
    """(user, password) of every login that was tried."""
    algorithms: dict[str, Any] = field(default_factory=dict)
    """What asyncssh is told to offer, where it is to be an old device."""
    key_type: str = "ssh-ed25519"
    look: str | None = None
    """Another make's prompt: every line is answered, from `answers` or with nothing; `{n}` counts them."""


class _Server(asyncssh.SSHServer):
    def __init__(self, device: Device) -> None:
        self.device = device

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.device.attempts.append((username, password))
        return password == self.device.password


async def _converse(device: Device, process: Any) -> None:
    if device.hang_on == "login":
        await asyncio.sleep(60)
    mode = ">" if device.enable else "#"
    process.stdout.write(device.banner)
    while device.look is not None:
        process.stdout.write(device.look.replace("{n}", str(len(device.received) + 1)))
        line = (await process.stdin.readline()).rstrip("\r\n")
        device.received.append(line)
        process.stdout.write(line + "\r\n" + device.answers.get(line, ""))
        if line in ("exit", "quit") or process.stdin.at_eof():
            process.exit(0)
            return
    while True:
        process.stdout.write(f"core-1{mode}")
        line = (await process.stdin.readline()).rstrip("\r\n")
        device.received.append(line)
        process.stdout.write(line + "\r\n")
        if line == device.hang_on:
            await asyncio.sleep(60)
        if line in ("exit", device.close_on) or process.stdin.at_eof():
            process.exit(0)
            return
        if line == "enable" and mode == ">":
            process.stdout.write("Password: ")
            secret = (await process.stdin.readline()).rstrip("\r\n")
            process.stdout.write("\r\n" if secret == device.enable else "\r\n% Bad secrets\r\n\r\n")
            mode = "#" if secret == device.enable else ">"
        elif line == "configure confirm" and mode == "#":
            process.stdout.write("")
        elif line.startswith("configure terminal") and mode == "#":
            process.stdout.write(
                "Enter configuration commands, one per line.  End with CNTL/Z.\r\n"
            )
            mode = "(config)#"
        elif line == "end":
            mode = "#"
        elif mode.startswith("(config") and line.startswith("interface"):
            mode = "(config-if)#"
        elif mode.startswith("(config") and line in ("shutdown", "no shutdown", "exit"):
            pass
        elif line in device.answers:
            process.stdout.write(device.answers[line])
        else:
            process.stdout.write("          ^\r\n% Invalid input detected at '^' marker.\r\n\r\n")


class Running:
    """The server in a thread of its own, on a free port of 127.0.0.1."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.key = asyncssh.generate_private_key(device.key_type)
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._started.wait(10)

    def known_hosts_line(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.key.export_public_key().decode().strip()}\n"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()

        async def converse(process: Any) -> None:
            with contextlib.suppress(asyncssh.Error, BrokenPipeError, ConnectionError):
                await _converse(self.device, process)

        server = await asyncssh.create_server(
            lambda: _Server(self.device),
            "127.0.0.1",
            0,
            server_host_keys=[self.key],
            process_factory=converse,
            line_editor=False,
            **self.device.algorithms,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopped.wait()
        server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0.05)
