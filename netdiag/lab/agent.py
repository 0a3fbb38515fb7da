"""One switch as the world sees it: its SNMP port, its SSH port, and one that needs no network."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from netdiag.access import Secret
from netdiag.lab import snmp
from netdiag.lab.cli_ios import Cli, Session
from netdiag.lab.dataplane import Switch
from netdiag.lab.mib import LiveMib
from netdiag.lab.models import Model
from netdiag.lab.rates import RateMeter
from netdiag.lab.ssh import Login, SshAgent
from netdiag.lab.usm import User

if TYPE_CHECKING:
    import asyncssh

T = TypeVar("T")
HOST = "127.0.0.1"
SNMP_USER = "ops"
_MAX_CONSOLES = 100


_FIRST = (
    "Anna",
    "Wei",
    "Jonas",
    "Mei",
    "Priya",
    "Tomás",
    "Lena",
    "Omar",
    "Ines",
    "Kenji",
    "Nora",
    "Luca",
)
_LAST = (
    "Keller",
    "Zhang",
    "Novak",
    "Silva",
    "Okafor",
    "Meyer",
    "Tanaka",
    "Rossi",
    "Larsen",
    "Haddad",
)


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What opens a lab's switches; made anew for each lab."""

    login: Login
    enable_secret: str
    community: str
    write_community: str
    auth_key: str
    priv_key: str

    def users(self) -> tuple[User, ...]:
        """The SNMPv3 users."""
        auth, priv = Secret(self.auth_key), Secret(self.priv_key)
        return (
            User(SNMP_USER, "sha256", auth, "aes128", priv),
            User(f"{SNMP_USER}-sha1", "sha", auth, "aes128", priv),
            User(f"{SNMP_USER}-auth", "sha256", auth),
        )


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a switch listens, and where one would like it to (0: anywhere)."""

    snmp: int = 0
    ssh: int = 0
    out_of_band: int | None = None
    """`None`: it has no such path."""


class SwitchAgent:
    """The agent of one switch; `start` opens its ports, `close` shuts them."""

    def __init__(
        self,
        switch: Switch,
        model: Model,
        credentials: Credentials,
        now: Callable[[], float],
        wall: Callable[[float], datetime],
        *,
        latency: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.switch = switch
        self.ports = Ports()
        self._model, self._credentials, self._now, self._wall = model, credentials, now, wall
        self._meter = RateMeter()
        self._latency = latency
        self._consoles: dict[str, Cli] = {}
        self._mib = LiveMib(
            switch,
            model,
            now,
            community=credentials.community,
            write_community=credentials.write_community,
        )
        # RFC 3411: enterprise 9 with the high bit, format 3 is a MAC.
        engine_id = b"\x80\x00\x00\x09\x03" + bytes.fromhex(switch.mac.replace(":", ""))
        self._responder = snmp.Responder(
            self._mib.by_community,
            credentials.users(),
            contexts=self._mib.by_context,
            write=self._mib.write,
            engine_id=engine_id,
        )
        self._transport: asyncio.DatagramTransport | None = None
        self._ssh: SshAgent | None = None

    async def start(self, key: asyncssh.SSHKey, wanted: Ports) -> None:
        """Opens the ports: those wanted where they are free, else any."""
        self._transport = await _wanted_or_any(self._serve_snmp, wanted.snmp)
        self._ssh = ssh = SshAgent(self._open_cli, self._credentials.login, key)

        async def in_band(port: int) -> int:
            return await ssh.listen(HOST, port, self.switch.reachable)

        async def out_of_band(port: int) -> int:
            return await ssh.listen(HOST, port, lambda: True)

        oob = wanted.out_of_band
        self.ports = Ports(
            snmp=self._transport.get_extra_info("sockname")[1],
            ssh=await _wanted_or_any(in_band, wanted.ssh),
            out_of_band=None if oob is None else await _wanted_or_any(out_of_band, oob),
        )

    def sample(self) -> None:
        """Lets the switch average its rates; to be called about once a second."""
        self._meter.sample(self.switch.ports(), self._now())

    def console(self, session: str, line: str | None) -> tuple[str, str]:
        """(what a line prints, the prompt after it) on the console, which no network is needed for.

        `session` keeps its mode from line to line; `None` for the line only asks for the prompt.
        """
        cli = self._consoles.setdefault(session, self._open_cli())
        text = "" if line is None else cli.execute(line)
        if cli.closed or len(self._consoles) > _MAX_CONSOLES:
            # One that was left, else the one that was opened first.
            del self._consoles[session if cli.closed else next(iter(self._consoles))]
        return text, "" if cli.closed else cli.prompt

    async def close(self) -> None:
        """Shuts the ports and cuts every session."""
        if self._transport is not None:
            self._transport.close()
        if self._ssh is not None:
            await self._ssh.close()

    async def _serve_snmp(self, port: int) -> asyncio.DatagramTransport:
        return await snmp.serve(
            self._responder,
            HOST,
            port,
            gate=lambda _: self.switch.reachable(),
            uptime=self.switch.uptime,
            latency=self._latency,
        )

    def _open_cli(self) -> Cli:
        return Cli(
            Session(
                self.switch,
                self._model,
                self._now,
                self._wall,
                self._meter,
                self._credentials.enable_secret,
            )
        )


async def _wanted_or_any(listen: Callable[[int], Awaitable[T]], port: int) -> T:
    """Listens on that port, or, where it is taken, on one that the system chooses."""
    try:
        return await listen(port)
    except OSError:
        if not port:
            raise
        return await listen(0)


def made_up_person(name: str) -> str:
    """Who sits at that PC: a name that depends on the PC's alone."""
    digest = hashlib.sha256(name.encode()).digest()
    return f"{_FIRST[digest[0] % len(_FIRST)]} {_LAST[digest[1] % len(_LAST)]}"
