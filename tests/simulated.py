"""Switches that take configuration lines, keep what they were sent in a file, and die on demand.

The file outlives the process that writes it, as a switch outlives netdiag: a test kills netdiag with
SIGKILL in the middle and asks the same switches afterwards what they were sent, and how often.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netdiag import platforms
from netdiag.access import SnmpAccess, Target
from netdiag.errors import Unreachable
from netdiag.model import AdminStatus, Device, Interface, OperStatus, Site, Snapshot
from netdiag.names import long_name
from netdiag.repair import Reach
from netdiag.store import Store
from netdiag.store.journal import Journal
from netdiag.ticket import Action, Check, Verdict, Verification
from tests.networks import Campus

Port = tuple[str, str]


@dataclass
class Inventory:
    """What `repair` asks of an inventory."""

    devices: tuple[Device, ...]
    site: Site
    out_of_band: frozenset[str] = frozenset()

    def targets(self, names: Sequence[str] = ()) -> tuple[Target, ...]:
        return tuple(
            Target(device=d, snmp=SnmpAccess())
            for d in self.devices
            if not names or d.name in names
        )


@dataclass
class Crash:
    """Where this process dies: the n-th time that a step of the plan comes to that moment."""

    step: int
    moment: str
    now: int = 0
    """The step that is under way."""
    seen: list[tuple[int, str]] = field(default_factory=list)
    """Every (step, moment) that came, the second time as `intended (2)`."""
    how: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)

    def at(self, moment: str) -> None:
        times = 1 + sum(s == self.now and m.partition(" (")[0] == moment for s, m in self.seen)
        moment = moment if times == 1 else f"{moment} ({times})"
        self.seen.append((self.now, moment))
        if (self.now, moment) == (self.step, self.moment):
            self.how()


NEVER = Crash(-1, "")


class Switches:
    """The devices of a campus, as they are after every line that any process ever sent them."""

    def __init__(self, campus: Campus, folder: Path) -> None:
        self.campus = campus
        self.file = folder / "sent.log"
        self.file.touch()
        self.dark = frozenset(campus.dark)
        self.crash = NEVER

    @property
    def inventory(self) -> Any:
        return Inventory(tuple(self.campus.devices.values()), self.campus.site)

    # --- what they were sent ---

    def lines(self) -> list[tuple[str, str]]:
        """(device, line) of every configuration line, in the order in which they came."""
        rows = [row.split("\t", 1) for row in self.file.read_text().splitlines()]
        return [(device, line) for device, line in rows if not device.startswith("!")]

    def effects(self) -> list[tuple[str, str, str]]:
        """(device, port, down or up) of every change of a port's configuration that took place."""
        return self._replay()[1]

    def unplug(self, device: str, port: str) -> None:
        """A person at the desk pulls the cable."""
        self._append(f"!unplug {device}", long_name(port))

    def _append(self, device: str, line: str) -> None:
        with self.file.open("a") as out:
            out.write(f"{device}\t{line}\n")

    def _replay(self) -> tuple[dict[Port, Interface], list[tuple[str, str, str]]]:
        ports = {(d, p): row for d, rows in self.campus.ports.items() for p, row in rows.items()}
        effects: list[tuple[str, str, str]] = []
        context: dict[str, str] = {}
        for row in self.file.read_text().splitlines():
            device, line = row.split("\t", 1)
            if device.startswith("!unplug "):
                key = (device.removeprefix("!unplug "), line)
                ports[key] = replace(ports[key], oper_status=OperStatus.DOWN, err_disabled=None)
            elif line.startswith("interface "):
                context[device] = line.removeprefix("interface ")
            elif line in ("shutdown", "no shutdown"):
                self._apply(ports, effects, (device, context[device]), up=line.startswith("no"))
        return ports, effects

    @staticmethod
    def _apply(
        ports: dict[Port, Interface], effects: list[tuple[str, str, str]], key: Port, *, up: bool
    ) -> None:
        row = ports[key]
        if (row.admin_status is AdminStatus.UP) == up:
            return
        effects.append((*key, "up" if up else "down"))
        state = (AdminStatus.UP, OperStatus.UP) if up else (AdminStatus.DOWN, OperStatus.DOWN)
        ports[key] = replace(
            row, admin_status=state[0], oper_status=state[1], err_disabled=None, last_change_s=1.0
        )

    # --- what they answer ---

    def reachable(self, name: str) -> bool:
        """A dark switch answers again when the port that leads to it is open."""
        if name not in self.dark:
            return True
        ports = self._replay()[0]
        ends = [(a, pa, b) for a, pa, b, _ in self.campus.cables]
        return all(
            ports[a, pa].oper_status is OperStatus.UP and ports[a, pa].err_disabled is None
            for a, pa, b in ends
            if b == name
        )

    def snapshot(self, name: str) -> Snapshot:
        at = datetime.now(UTC)
        if not self.reachable(name):
            return Snapshot(name, self.campus.devices[name].address, at, reachable=False)
        ports = self._replay()[0]
        whole = self.campus._snapshot(name)
        own = tuple(ports[name, p.name] for p in whole.interfaces)
        return replace(whole, at=at, interfaces=own)

    def ask(self, targets: Sequence[Target], **_: Any) -> tuple[Snapshot, ...]:
        return tuple(self.snapshot(t.device.name) for t in targets)

    @contextmanager
    def session(self, target: Target, *, out_of_band: bool = False) -> Iterator[Cli]:
        if not out_of_band and not self.reachable(target.device.name):
            raise Unreachable(f"{target.device.name} does not answer")
        yield Cli(self, target.device.name)

    def reach(self) -> Reach:
        return Reach(
            session=self.session, ask=self.ask, verify=everything_works, sleep=lambda _: None
        )


@dataclass
class Cli:
    """A login to one of the switches."""

    switches: Switches
    device: str

    def show(self, line: str) -> str:
        port = self.switches._replay()[0][self.device, line.rpartition(" ")[2]]
        shut = " shutdown\n" if port.admin_status is AdminStatus.DOWN else ""
        return f"interface {port.name}\n description desk\n{shut}end\n"

    def configure(
        self,
        lines: Sequence[str],
        *,
        may_send: Callable[[], None] = lambda: None,
        confirm_within_min: int | None = None,
    ) -> str:
        for number, line in enumerate(lines, 1):
            may_send()
            self.switches._append(self.device, line)
            self.switches.crash.at(f"line {number} sent")
        return "".join(f"{self.device}(config)#{line}\n" for line in lines)

    def confirm(self) -> str:
        self.switches._append(self.device, "!confirmed")
        return "confirmed\n"


def everything_works(*_: Any, **__: Any) -> Verification:
    works = Check("people work again", Verdict.PROVEN, "simulated")
    return Verification(at=datetime.now(UTC), checks=(works,))


class DyingJournal(Journal):
    """A journal whose process may die before or after each of its rows."""

    crash: Crash = NEVER

    @classmethod
    def into(cls, store: Store, crash: Crash) -> None:
        dying = cls(store._engine, store.path)
        dying.crash = crash
        store.journal = dying

    def intend(self, *args: Any, **kwargs: Any) -> int:
        self.crash.at("before intention")
        number = super().intend(*args, **kwargs)
        self.crash.at("intended")
        return number

    def outcome(self, *args: Any, **kwargs: Any) -> Action:
        self.crash.at("all sent")
        action = super().outcome(*args, **kwargs)
        self.crash.at("outcome")
        return action

    def write(self, event: str, ticket: str, at: datetime, **body: Any) -> int:
        if event != "step":
            return super().write(event, ticket, at, **body)
        self.crash.now = int(body["step"])
        if body["state"] == "begun":
            self.crash.at("before")
        else:
            self.crash.at("during")
        number = super().write(event, ticket, at, **body)
        self.crash.at("begun" if body["state"] == "begun" else "after")
        return number


def lines_of(platform: str, port: str, *, up: bool) -> tuple[str, ...]:
    known = platforms.get(platform)
    assert known is not None
    template = known.reopen if up else known.shut
    return tuple(line.replace("{interface}", port) for line in template)
