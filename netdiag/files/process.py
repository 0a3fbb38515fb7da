"""The team's own rules for tickets: `process.yaml`, strictly checked; without it the shipped ones hold.

Rules: every complaint has file, line and key; a secret (a token, a notification's address) stands
in the file as a reference and is resolved only when it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING

from netdiag.errors import UsageError
from netdiag.files import strict
from netdiag.ticket.rules import PRIORITIES, SHIPPED, Hours, Level, Rules, ServiceLevel

if TYPE_CHECKING:
    from netdiag.access import Secret
    from netdiag.files.process_keys import HoursKeys, ProcessKeys

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FILE = "process.yaml"


@dataclass(frozen=True, slots=True)
class Team:
    """Somebody whom a ticket can be handed to."""

    name: str
    trade: str | None
    notify: tuple[str, ...] = field(repr=False)
    """Secret references that lead to apprise's addresses."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Who is told of what."""

    to: str = field(repr=False)
    events: tuple[str, ...]
    from_priority: str
    """That priority and the more urgent ones."""

    def wants(self, event: str, priority: str) -> bool:
        """Whether this one is told."""
        return event in self.events and priority <= self.from_priority


@dataclass(frozen=True, slots=True)
class System:
    """Another ticket system, and how to log in to it."""

    name: str
    kind: str
    url: str
    options: Mapping[str, str]
    """The kind's own keys, e.g. `queue`."""
    _secrets: Mapping[str, str] = field(repr=False)
    _base: Path | None = field(repr=False, default=None)

    def secret(self, key: str) -> Secret | None:
        """`token`, `password` or `app_token`, where the file has it; `SecretMissing` if it leads nowhere."""
        from netdiag.files import secrets

        said = self._secrets.get(key)
        return None if said is None else secrets.resolve(said, base=self._base)


@dataclass(frozen=True, slots=True)
class Process:
    """All that the team's file says."""

    rules: Rules = SHIPPED
    first_checks: str = "background"
    """background, foreground or off."""
    site: str | None = None
    """The site of a caller who names none."""
    teams: tuple[Team, ...] = ()
    notices: tuple[Notice, ...] = ()
    systems: tuple[System, ...] = ()
    wikis: tuple[System, ...] = ()
    file: Path | None = None

    def team(self, name: str) -> Team | None:
        """The team of that name, whatever its capitals."""
        return next((t for t in self.teams if t.name.casefold() == name.strip().casefold()), None)

    def system(self, name: str) -> System:
        """The other system of that name."""
        found = next((s for s in self.systems if s.name == name), None)
        if found is None:
            known = ", ".join(s.name for s in self.systems) or "none"
            raise UsageError(f"no ticket system {name!r}: {self.file or FILE} names {known}")
        return found

    def wiki(self, name: str | None) -> System:
        """The wiki of that name; without one, the only one there is."""
        found = [w for w in self.wikis if name is None or w.name == name]
        if len(found) != 1:
            known = ", ".join(w.name for w in self.wikis) or "none"
            which = f"no wiki {name!r}" if name else "say which wiki"
            raise UsageError(f"{which}: {self.file or FILE} names {known}")
        return found[0]

    def secrets(self) -> tuple[str, ...]:
        """Every secret that can be resolved now, to be kept out of what is handed over."""
        from netdiag.errors import SecretMissing
        from netdiag.files.secrets import resolve

        found = []
        references = [r for t in self.teams for r in t.notify] + [n.to for n in self.notices]
        for system in (*self.systems, *self.wikis):
            references += system._secrets.values()
        for reference in references:
            try:
                base = self.file.parent if self.file else None
                found.append(resolve(reference, base=base).reveal())
            except SecretMissing:
                continue
        return tuple(found)


def default_path() -> Path:
    """NETDIAG_PROCESS, else `process.yaml` in the user's config folder."""
    from platformdirs import user_config_path

    named = os.environ.get("NETDIAG_PROCESS")
    return Path(named).expanduser() if named else user_config_path("netdiag") / FILE


def load(path: Path | None = None) -> Process:
    """The team's file; the shipped rules where there is none (a named one has to be there)."""
    chosen = path or default_path()
    if not chosen.is_file():
        if path is not None or os.environ.get("NETDIAG_PROCESS"):
            raise UsageError(f"{chosen}: no such file (`netdiag ticket rules --write` makes one)")
        return Process()
    from netdiag.files.process_keys import ProcessKeys

    return _process(strict.validate(ProcessKeys, chosen), chosen)


def _process(keys: ProcessKeys, path: Path) -> Process:
    return Process(
        rules=_rules(keys),
        first_checks=keys.first_checks,
        site=keys.site,
        teams=tuple(Team(n, t.trade, tuple(t.notify)) for n, t in keys.teams.items()),
        notices=tuple(Notice(n.to, tuple(n.on), n.from_priority) for n in keys.notify),
        systems=tuple(_system(name, s, path) for name, s in keys.systems.items()),
        wikis=tuple(_system(name, w, path) for name, w in keys.wikis.items()),
        file=path,
    )


def _rules(keys: ProcessKeys) -> Rules:
    table = SHIPPED.priority
    if keys.priority:
        rows = keys.priority.model_dump()
        table = tuple((i, u, rows[i.value][u.value]) for i in Level for u in Level)
    said: dict[str, ServiceLevel] = {
        name: ServiceLevel(name, s.response, s.resolution, s.always)
        for name, s in (keys.service_levels or {}).items()
    }
    return Rules(
        priority=table,
        high_from=keys.impact.high_from,
        medium_from=keys.impact.medium_from,
        callers=keys.impact.callers,
        levels=tuple(said.get(name, SHIPPED.level(name)) for name in PRIORITIES),
        hours=_hours(keys.business_hours),
        stops_for=tuple(keys.clocks_stop_for),
        join_s=keys.join,
    )


def _hours(keys: HoursKeys | None) -> Hours | None:
    if keys is None:
        return None
    return Hours(
        keys.timezone,
        tuple(_DAYS.index(day) for day in keys.days),
        time.fromisoformat(keys.start),
        time.fromisoformat(keys.end),
        tuple(keys.holidays),
    )


def _system(name: str, keys: object, path: Path) -> System:
    said: dict[str, object] = dict(keys)  # type: ignore[call-overload]
    secret = {
        key: str(said.pop(key))
        for key in ("token", "password", "app_token")
        if said.get(key) is not None
    }
    kind, url = str(said.pop("kind")), str(said.pop("url"))
    del said["plain_http"]
    options = {key: str(value) for key, value in said.items() if value is not None}
    return System(name, kind, url.rstrip("/"), options, secret, path.parent)
