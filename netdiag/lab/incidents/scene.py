"""Where an incident happens, and the record of what it did: what all of them share.

Places are drawn from the seed unless an option names them; everything done leaves its undo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from netdiag.errors import LabError, UsageError
from netdiag.lab.hosts import Card
from netdiag.lab.soft import Port, connect, disconnect
from netdiag.lab.switch import SoftSwitch, SwitchPort
from netdiag.model import Kind
from netdiag.names import long_name

if TYPE_CHECKING:
    from netdiag.lab.campus import Campus

TP_LINK = "50:c7:bf"
ROUTER_OUIS = (TP_LINK, "9c:3d:cf", "04:d9:f5", "1c:7e:e5", "c8:3a:35")
PRINTER_OUI = "00:1b:a9"
SWITCH_OUI = "00:14:6c"
LAPTOP_OUI = "3c:a9:f4"


@dataclass(slots=True)
class Done:
    """What one incident did, before it is told."""

    device: str
    ports: list[SwitchPort]
    kinds: tuple[Kind, ...]
    description: str
    mac: bytes | None = None
    also: tuple[tuple[str, str], ...] = ()
    undo: list[Callable[[], object]] = field(default_factory=list)


class Options:
    """The options of one call: each is taken once, and what is left over is an error."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._left = dict(given)
        self.taken: dict[str, str] = {}

    def take(self, name: str, default: object) -> str:
        value = self._left.pop(name, default)
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        text = "" if value is None else str(value)
        self.taken[name] = text
        return text

    def number(self, name: str, default: float, least: float, most: float) -> float:
        text = self.take(name, default)
        try:
            value = float(text)
        except ValueError:
            raise UsageError(f"option {name}: {text!r} is not a number") from None
        if not least <= value <= most:
            raise UsageError(f"option {name}: {text} is not between {least:g} and {most:g}")
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.take(name, default)
        if text not in choices:
            raise UsageError(f"option {name}: {text!r} is none of {', '.join(choices)}")
        return text

    def flag(self, name: str) -> bool:
        """True for `true`, `yes`, `1`."""
        return self.choice(
            name, "false", ("false", "true", "no", "yes", "0", "1", "False", "True")
        ).lower() in ("true", "yes", "1")

    def finish(self, known: str) -> None:
        if self._left:
            raise UsageError(
                f"{known} has no option {sorted(self._left)[0]!r}: {', '.join(self.taken)}"
            )


@dataclass(slots=True)
class Scene:
    """One incident in the making: the campus, the number, the draw and the options."""

    campus: Campus
    number: int
    rng: Random
    options: Options

    def pick_switch(self) -> SoftSwitch:
        with_desks = [s.name for s in self.campus.switches() if self.campus.desks(s.name)]
        if not with_desks:
            raise LabError("no switch of this topology has desks")
        drawn = self.rng.choice(with_desks)
        name = self.options.take("switch", drawn)
        if name not in with_desks:
            raise UsageError(f"option switch: {name!r} is none of {', '.join(with_desks)}")
        return self.campus.switch(name)

    def pick_ports(self, switch: SoftSwitch, count: int, prefer: str = "any") -> list[SwitchPort]:
        """`prefer`: free sockets, used ones, or any; drawn from all when there are too few."""
        desks = [switch.soft_port(name) for name, _ in self.campus.desks(switch.name)]
        likely = [p for p in desks if prefer == "any" or (p.peer is None) == (prefer == "free")]
        pool = likely if len(likely) >= count else desks
        if len(pool) < count:
            raise LabError(f"{switch.name} has {len(pool)} desks, and this needs {count}")
        drawn = ",".join(port.short_name for port in self.rng.sample(pool, count))
        text = self.options.take("ports", drawn)
        names = [long_name(part) for part in text.split(",") if part.strip()]
        if len(set(names)) != count:
            raise UsageError(f"option ports: {count} different ports are needed, not {text!r}")
        for name in names:
            if switch.soft_port(name) not in desks:
                raise UsageError(f"option ports: {name} of {switch.name} is no desk's port")
        return [switch.soft_port(name) for name in names]

    def clear(self, port: SwitchPort, done: Done) -> Port | None:
        """Pulls out what is there; the undo puts it back where it was."""
        far = disconnect(port)
        if far is not None:
            done.undo.append(partial(_replug, port, far))
        return far

    def occupy(self, port: SwitchPort, card: Card, done: Done) -> Port | None:
        far = self.clear(port, done)
        connect(port, card.port)
        done.undo.append(partial(disconnect, card.port))
        return far


def mac_at(port: SwitchPort) -> bytes | None:
    """The address of the station that is plugged in there."""
    owner = port.peer.owner if port.peer is not None else None
    return owner.mac if isinstance(owner, Card) else None


def _replug(port: SwitchPort, far: Port) -> None:
    if port.peer is None and far.peer is None:
        connect(port, far)
