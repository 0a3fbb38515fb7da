"""The command line of one device: logged in strictly, read, and changed line by line.

Rules: one session a device at a time; a host key is on record or the login is refused; no secret
leaves `Secret` but into the library that logs in, and none is in any transcript; every error of
netmiko and paramiko is translated here.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from netdiag import platforms
from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import hostkeys, legacy
from netdiag.collect.connection import known_hosts_of, unopened
from netdiag.collect.refusals import Refusals
from netdiag.collect.shell import Questions, Shell, refuse
from netdiag.collect.slots import slot
from netdiag.decode import show
from netdiag.errors import (
    AccessDenied,
    CollectError,
    DecodeError,
    Refused,
    Unreachable,
    UsageError,
)
from netdiag.model import Snapshot, SourceError
from netdiag.text import clean

if TYPE_CHECKING:
    pass

_PASSWORD = re.compile(rb"(?:([Pp]assword:)|[\r\n]([^\r\n]{1,100}[>#])) ?\Z")

# What paramiko would print to stderr by itself is told in our errors.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_LOCKS: dict[tuple[str, int], threading.Lock] = {}
_LOCKS_LOCK = threading.Lock()


class LoginWithheld(AccessDenied):
    """Every configured password was refused before, and is not sent again."""


class Session:
    """One login; used as a context manager, from any thread, one question at a time.

    Raises `Unreachable` (no answer, or silence), `AccessDenied` (`LoginWithheld` where a refused
    password is not sent again), `HostKeyUnknown`, `HostKeyChanged`, `CollectError` (no common ciphers, known_hosts unreadable), `UsageError` (no login configured).
    `transcript` is all that was sent and came back in configuration mode, also after an error.
    """

    def __init__(
        self,
        target: Target,
        *,
        out_of_band: bool = False,
        refusals: Refusals | None = None,
        speaks: platforms.Platform | None = None,
    ) -> None:
        self.device = target.device
        self._refusals = refusals or Refusals()
        self.transcript = ""
        access = target.out_of_band if out_of_band else target.ssh
        if access is None:
            way = "second management path" if out_of_band else "SSH login"
            raise UsageError(f"the inventory has no {way} for {target.device.name}")
        self._access: SshAccess = access
        address = target.out_of_band_address if out_of_band else None
        self._address = address or target.device.address
        self._platform = speaks or _spoken(target.device.platform)
        legacy.check(access.legacy_algorithms, target.device.name)
        self._lock = _lock(self._address, access.port)
        self._connection: Any = None
        self._shell: Shell | None = None
        self._slots = ExitStack()

    def __enter__(self) -> Session:
        if not self._lock.acquire(timeout=60 * self._access.timeout_s):
            raise Unreachable(
                f"another session of this netdiag with {self.device.name} does not end"
            )
        try:
            self._slots.enter_context(
                slot(self.device.name, f"{self._address}:{self._access.port}",
                     self._platform.max_sessions, 6 * self._access.timeout_s)
            )  # fmt: skip
            self._open()
        except BaseException:
            self._close()
            self._slots.close()
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        self._slots.close()
        self._lock.release()

    @property
    def prompt(self) -> str:
        """How the device asks for the next line."""
        return self._opened().prompt

    def show(self, line: str) -> str:
        """The answer to a show command; `DecodeError` when the device does not know it."""
        answer = self._without_secrets(self._opened().ask(_one(line)))
        # Further down a log line may well begin like a refusal.
        self._refuse(line, answer, lines=6)
        return answer

    def configure(
        self,
        lines: Sequence[str],
        *,
        may_send: Callable[[], None] = lambda: None,
        confirm_within_min: int | None = None,
    ) -> str:
        """Sends the lines in configuration mode and returns what was sent and came back.

        Stops at the first line that the device refuses (`DecodeError`); those before it hold.
        `may_send` is asked before each line, and raises where no more may be sent. With
        `confirm_within_min` the device takes the lines back unless `confirm` follows in that time.
        """
        started = len(self.transcript)
        self._enable()
        way = self._platform if confirm_within_min is None else self._reverting(confirm_within_min)
        done = False
        try:
            for line in (*way.configure, *lines):
                may_send()
                self._configure_line(_one(line))
            if way.commit and re.search(way.commit_prompt, self._opened().prompt):
                may_send()
                self._configure_line(way.commit)
            done = True
        finally:
            # Also after a refusal: a session left in configuration mode would misread what follows.
            for line in way.leave if done else (*way.abandon, *way.leave):
                with suppress(Unreachable):
                    self._note(line, self._opened().ask(line))
        return self.transcript[started:]

    def confirm(self) -> str:
        """Says that all is well after a change that would else be taken back."""
        started = len(self.transcript)
        self._enable()
        for line in self._platform.confirmed.confirm if self._platform.confirmed else ():
            answer = self._opened().ask(line)
            self._note(line, answer)
            self._refuse(line, answer)
        return self.transcript[started:]

    def _reverting(self, minutes: int) -> platforms.Platform:
        """The platform with what makes its next change one that has to be confirmed."""
        platform = self._platform
        if platform.confirmed is None:
            raise Refused(
                f"{self.device.name} ({platform.title}) cannot take a change back by itself"
            )
        for line in platform.arming(minutes):
            answer = self._opened().ask(line)
            self._note(line, answer)
            self._refuse(line, answer)
        return platform.reverting(minutes)

    def enable_to_look(self) -> None:
        """Privileged mode before the first question, on a platform whose show commands want it."""
        if self._platform.enable_to_look:
            self._enable()

    # --- inside ---

    def _configure_line(self, line: str) -> None:
        shell = self._opened()
        before = shell.prompt
        answer = self._without_secrets(shell.ask(line))
        self._note(line, answer, before)
        self._refuse(line, answer)
        if not re.search(self._platform.config_prompt, shell.prompt.rstrip()):
            raise DecodeError(
                f"{self.device.name} left configuration mode at '{self._without_secrets(line)}': "
                f"{clean(shell.prompt)}"
            )

    def _refuse(self, line: str, answer: str, lines: int | None = None) -> None:
        shown = self._without_secrets(line)
        refuse(self.device.name, shown, answer, self._platform.refusals, lines=lines)

    def _note(self, line: str, answer: str, prompt: str = "") -> None:
        self.transcript += self._without_secrets(f"{prompt}{line}\n{answer}")

    def _enable(self) -> None:
        """Privileged mode, by the enable secret where the login alone does not give it."""
        shell = self._opened()
        if not shell.prompt.endswith(">") or not self._platform.enable:
            return
        secret = self._access.enable_secret
        if secret is not None:
            shell.ask(self._platform.enable, stop=_PASSWORD)
            if shell.prompt.endswith(":"):
                shell.ask(secret.reveal(), visible=False, stop=_PASSWORD)
            if shell.prompt.endswith("#"):
                self._enable_fully(secret)
                return
        why = (
            "refuses the enable secret"
            if secret
            else "gives no privilege, and no enable_secret is set"
        )
        raise AccessDenied(f"{self.device.name} {why}: it cannot be configured with this login")

    def _enable_fully(self, secret: Secret) -> None:
        """The second step, where accounts have levels; a device that has no such step refuses the line."""
        shell = self._opened()
        if self._platform.enable_fully:
            shell.ask(self._platform.enable_fully, stop=_PASSWORD)
            if shell.prompt.endswith(":"):
                shell.ask(secret.reveal(), visible=False, stop=_PASSWORD)

    def _opened(self) -> Shell:
        if self._shell is None:
            raise Unreachable(f"the session with {self.device.name} is not open")
        return self._shell

    def _open(self) -> None:
        """By the first of the configured logins that the device takes, each tried once."""
        withheld: list[str] = []
        refused: AccessDenied | None = None
        for access in (self._access, *self._access.others):
            when = self._refusals.when(self._address, access)
            if when is not None:
                withheld.append(f"{access.username!r} (refused on {when:%Y-%m-%d %H:%M} UTC)")
                continue
            self._access = access
            try:
                return self._log_in()
            except AccessDenied as exc:
                self._refusals.refused(self._address, access)
                refused = exc
                self._close()
        if refused is None:
            raise LoginWithheld(
                f"{self.device.name} ({self._address}:{self._access.port}) refuses the login: the password "
                f"of {', '.join(withheld)} has not changed since and is not tried again, lest the account "
                f"be locked. Change it in the inventory, or delete {self._refusals.path}"
            )
        raise refused

    def _log_in(self) -> None:
        driver = self._platform.driver or self._platform.name
        self._connection = connection = unopened(driver, self._address, self._access)
        known_hosts = known_hosts_of(self._access)
        policy = hostkeys.Policy(self.device.name, known_hosts, accept_new=self._access.accept_new)
        connection.key_policy = policy
        try:
            connection.establish_connection()
        except Exception as exc:  # noqa: BLE001 - netmiko, paramiko and cryptography each have their own
            raise self._translated(exc, policy, known_hosts) from _without_context(exc)
        self._shell = Shell(
            self.device.name,
            connection.remote_conn,
            silence_s=self._access.timeout_s,
            prompt=self._platform.prompt,
            questions=_questions(self._platform, self._access),
            newline=self._platform.newline,
        )
        for line in self._platform.prepare:
            self._shell.ask(line)
        self._shell.learn_prompt()

    def _close(self) -> None:
        connection, self._connection, self._shell = self._connection, None, None
        if connection is None:
            return
        with suppress(Exception):
            connection.remote_conn.sendall(b"exit\n")
        with suppress(Exception):
            connection.paramiko_cleanup()
        # Each connection registers a filter that holds the password.
        with suppress(Exception):
            from netmiko.base_connection import log

            log.removeFilter(connection._secrets_filter)

    def _translated(
        self, exc: Exception, policy: hostkeys.Policy, known_hosts: Path
    ) -> CollectError:
        where = f"{self.device.name} ({self._address}:{self._access.port})"
        port = self._access.port
        host = self._address if port == 22 else f"[{self._address}]:{port}"
        changed = hostkeys.changed(self.device.name, host, known_hosts, exc)
        if policy.refusal is not None:
            return policy.refusal
        if changed is not None:
            return changed
        kind, words = type(exc).__name__, str(exc)
        if kind == "NetmikoAuthenticationException":
            return AccessDenied(
                f"{where} refuses the login of {self._access.username!r}: wrong password or key"
            )
        if "ncompatible" in words or "no acceptable" in words:
            return CollectError(
                f"{where}: no cipher or key exchange in common: {_gist(words)}. If the device is too "
                "old for better, name what it needs under ssh: legacy_algorithms for it alone"
            )
        if "No existing session" in words or "protocol banner" in words:
            return Unreachable(f"{where}: no SSH greeting within {self._access.timeout_s:g} s")
        if kind.startswith("Netmiko") or isinstance(exc, OSError | EOFError):
            return Unreachable(f"{where} does not answer over SSH: {_gist(words)}")
        return CollectError(f"{where}: the login failed: {kind}: {_gist(words)}")

    def _without_secrets(self, text: str) -> str:
        for secret in (self._access.password, self._access.enable_secret):
            if secret is not None and len(secret.reveal()) > 3:
                text = text.replace(secret.reveal(), "<secret>")
        return text


def poll(target: Target, *, out_of_band: bool = False) -> Snapshot:
    """What the device's show commands say; never raises for the device.

    A device that answers and refuses the login is `reachable` with nothing read: it is not down.
    """
    at = datetime.now(UTC)
    device = target.device
    try:
        session = Session(target, out_of_band=out_of_band)
    except (UsageError, CollectError) as exc:
        return _nothing(target, at, exc, reachable=False)
    answers: dict[str, str] = {}
    errors: list[SourceError] = []
    missing: list[SourceError] = []
    try:
        with session:
            platform = session._platform
            try:
                session.enable_to_look()
            except AccessDenied as exc:
                errors.append(SourceError("ssh", "enable", str(exc)))
            at = datetime.now(UTC)
            _ask(session, platform.poll[:1], answers, errors, missing)
            # The device's clock, asked first, showed its time half-way between.
            at += (datetime.now(UTC) - at) / 2
            _ask(session, platform.poll[1:], answers, errors, missing)
    except Unreachable as exc:
        if not answers:
            return _nothing(target, at, exc, reachable=False)
        errors.append(SourceError("ssh", "session", str(exc)))
    except LoginWithheld as exc:
        return _nothing(target, at, exc, reachable=_greets(session))
    except CollectError as exc:
        return _nothing(target, at, exc, reachable=True)
    decoded = show.snapshot(device, platform, answers, at)
    decoded = replace(decoded, not_offered=(*decoded.not_offered, *missing))
    return show.with_errors(decoded, errors)


def _ask(
    session: Session,
    needs: Sequence[str],
    answers: dict[str, str],
    errors: list[SourceError],
    missing: list[SourceError],
) -> None:
    """What a device does not know though its make does is missing on it, and no failure to look."""
    for need in needs:
        try:
            answers[need] = session.show(session._platform.commands[need].line)
        except DecodeError as exc:
            lacks = need in session._platform.not_on_all
            (missing if lacks else errors).append(SourceError("ssh", need, str(exc)))


def not_read(target: Target, exc: Exception) -> Snapshot:
    """The snapshot of a device that could not be entered, and why; one that refused is there."""
    reachable = isinstance(exc, CollectError) and not isinstance(exc, Unreachable | LoginWithheld)
    return _nothing(target, datetime.now(UTC), exc, reachable=reachable)


def _nothing(target: Target, at: datetime, exc: Exception, *, reachable: bool) -> Snapshot:
    return Snapshot(
        device=target.device.name,
        address=target.device.address,
        at=at,
        reachable=reachable,
        platform=target.device.platform,
        # Silence is about the device; a login that was not tried or is refused, about the login.
        errors=(
            SourceError("ssh", "device" if isinstance(exc, Unreachable) else "login", str(exc)),
        ),
    )


def _greets(session: Session) -> bool:
    """Whether an SSH server answers there: asked without a login."""
    import socket

    where = (session._address, session._access.port)
    try:
        with socket.create_connection(where, timeout=session._access.timeout_s) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _spoken(name: str | None) -> platforms.Platform:
    platform = platforms.get(name)
    if platform is None or not platform.prepare:
        known = ", ".join(p.name for p in platforms.ALL if p.prepare)
        said = f"the platform {name!r}" if name else "a device without a platform"
        raise UsageError(f"netdiag does not speak the command line of {said}; it speaks: {known}")
    return platform


def _questions(platform: platforms.Platform, access: SshAccess) -> Questions:
    """The platform's questions and their answers; a secret is revealed only when it is asked for."""
    return [
        (re.compile(ask.encode()), partial(_answer, reply, access))
        for ask, reply in platform.questions
    ]


def _answer(reply: str, access: SshAccess) -> str:
    if reply == "{password}":
        return "" if access.password is None else access.password.reveal()
    return (access.username or "") if reply == "{username}" else reply


def _lock(address: str, port: int) -> threading.Lock:
    with _LOCKS_LOCK:
        return _LOCKS.setdefault((address, port), threading.Lock())


def _without_context(exc: Exception) -> Exception:
    """The library's error alone: what it was raised from is told in ours."""
    exc.__context__ = None
    return exc


def _one(line: str) -> str:
    """A line that is one line: a name from the network in it must not begin a second."""
    if not line.isprintable():
        raise Refused(f"not sent, for it is more than one line of text: {clean(line)!r}")
    return line


def _gist(words: str) -> str:
    """The first sentence of netmiko's long advice."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    useful = [x for x in lines if not x.startswith(("A paramiko SSHException", "TCP connection"))]
    return clean((useful or lines or ["no reason given"])[0])
