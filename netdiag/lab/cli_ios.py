"""A Cisco IOS command line over a live switch: a line in, text out. No I/O: `ssh` moves the bytes.

Words may be shortened as far as they stay unambiguous. Modes are `exec` (>), `enable` (#), `config`
and `interface`; a configuration command acts at once, as IOS does. What IOS knows and this switch
does not is refused like a typing error: a line that is accepted has its effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from netdiag.lab import show_ports, show_switch
from netdiag.lab.dataplane import PortView, Switch
from netdiag.lab.models import Model
from netdiag.lab.rates import RateMeter
from netdiag.lab.show_ports import Scene
from netdiag.lab.state import look
from netdiag.names import long_name

_MARKER = "% Invalid input detected at '^' marker."
# `gigabitethernet 1/0/5` in two words, `Gi1/0/5` in one
_INTERFACE_WORD = re.compile(r"(?i)^[a-z][a-z-]*$")
_INTERFACE = re.compile(r"(?i)^(gi|gig|gigabitethernet|gigabit[a-z]*)\s*(\d+/\d+/\d+)$")


@dataclass(frozen=True, slots=True)
class Session:
    """What one login may see and be: the switch, its clock, and how it was entered."""

    switch: Switch
    model: Model
    now: Callable[[], float]
    wall: Callable[[float], datetime]
    meter: RateMeter
    enable_secret: str
    privileged: bool = True
    """Logs in at privilege level 15."""


class Refusal(Exception):
    """A line that IOS does not take; `word` is the place of the word to mark, if one is at fault."""

    def __init__(self, text: str, word: int | None = None) -> None:
        super().__init__(text)
        self.word = word


Handler = Callable[..., str]


class Cli:
    """One login's command line."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._switch = session.switch
        self.mode = "enable" if session.privileged else "exec"
        self.length = 24
        """Lines a page; 0 for no pages (`terminal length 0`)."""
        self.closed = False
        self.wants_secret = False
        """The next line is the answer to a password prompt: it is not echoed."""
        self._interface: str | None = None

    @property
    def prompt(self) -> str:
        """What stands before the next line."""
        if self.wants_secret:
            return "Password: "
        ends = {"exec": ">", "enable": "#", "config": "(config)#", "interface": "(config-if)#"}
        return self._switch.name + ends[self.mode]

    def execute(self, line: str) -> str:
        """Runs a line; the text it prints, without a final line break (empty for none)."""
        if self.wants_secret:
            return self._try_secret(line)
        line = line.strip("\r\n")
        command, _, pipe = line.partition("|")
        words = command.split()
        if not words or words[0].startswith("!"):
            return ""
        try:
            text = self._dispatch(words)
            return _filtered(text, pipe) if pipe.strip() else text
        except Refusal as refusal:
            return self._refused(line, refusal)

    def _dispatch(self, words: Sequence[str]) -> str:
        if self.mode in ("config", "interface"):
            if words[0].lower() == "do" and len(words) > 1:
                return self._run(_EXEC, words[1:], skipped=1)
            if self.mode == "interface":
                try:
                    return self._run(_INTERFACE_MODE, words)
                except Refusal as refusal:
                    if refusal.word != 0:
                        raise
            return self._run(_CONFIG, words)
        return self._run(_EXEC, words)

    def _run(self, table: Sequence[_Command], words: Sequence[str], skipped: int = 0) -> str:
        usable = [c for c in table if not (c.privileged and self.mode == "exec")]
        command, values = _match(usable, words, skipped)
        return command.handler(self, *values)

    def _refused(self, line: str, refusal: Refusal) -> str:
        if refusal.word is None:
            return str(refusal)
        starts = [match.start() for match in re.finditer(r"\S+", line)]
        place = starts[min(refusal.word, len(starts) - 1)] + len(self.prompt)
        return f"{' ' * place}^\n{_MARKER}\n"

    def _try_secret(self, line: str) -> str:
        self.wants_secret = False
        if line.strip("\r\n") != self._session.enable_secret:
            return "% Access denied\n"
        self.mode = "enable"
        return ""

    def scene(self) -> Scene:
        """This moment of the switch."""
        now = self._session.now()
        state = look(self._switch, self._session.model, now)
        self._session.meter.sample(state.ports, now)
        return Scene(state, self._session.meter.of, self._session.wall, tuple(self._switch.log()))

    # --- modes ---

    def enable(self) -> str:
        """`enable`"""
        self.wants_secret = self.mode == "exec"
        return ""

    def disable(self) -> str:
        """`disable`"""
        self.mode = "exec"
        return ""

    def leave(self) -> str:
        """`exit`: one mode up, or out."""
        self.closed = self.mode in ("exec", "enable")
        self.mode = {"interface": "config", "config": "enable"}.get(self.mode, self.mode)
        return ""

    def end(self) -> str:
        """`end`"""
        self.mode = "enable"
        return ""

    def configure(self) -> str:
        """`configure terminal`"""
        self.mode = "config"
        return "Enter configuration commands, one per line.  End with CNTL/Z."

    def terminal_length(self, lines: str) -> str:
        """`terminal length N`"""
        self.length = _number(lines, 0, 512)
        return ""

    def accept(self, *_: str) -> str:
        """A line that changes nothing here, such as `terminal width 511`."""
        return ""

    def write_memory(self) -> str:
        """`write memory`: the lab's switches keep nothing over a restart."""
        return "Building configuration...\n[OK]"

    # --- show ---

    def show(self, render: Callable[[Scene], str]) -> str:
        """A show command without arguments."""
        return render(self.scene())

    def show_ports(self, render: Callable[[Scene, Iterable[PortView]], str], *name: str) -> str:
        """A show command about all ports or one."""
        scene = self.scene()
        wanted = self._port_name(name[0]) if name else None
        return render(scene, [p for p in scene.state.ports if wanted in (None, p.name)])

    def show_running(self, *name: str) -> str:
        """`show running-config [interface X]`"""
        scene = self.scene()
        wanted = self._port_name(name[0]) if name else None
        ports = [p for p in scene.state.ports if wanted in (None, p.name)]
        return show_switch.running_config(scene, ports, whole=wanted is None)

    # --- configuration ---

    def interface(self, name: str) -> str:
        """`interface X`"""
        self._interface = self._port_name(name)
        self.mode = "interface"
        return ""

    def shutdown(self) -> str:
        """`shutdown`"""
        self._switch.set_admin(self._port, up=False)
        return ""

    def no_shutdown(self) -> str:
        """`no shutdown`"""
        self._switch.set_admin(self._port, up=True)
        return ""

    def description(self, *text: str) -> str:
        """`description TEXT`, `no description`"""
        self._switch.set_alias(self._port, " ".join(text))
        return ""

    def access_vlan(self, vlan: str) -> str:
        """`switchport access vlan N`"""
        number = _number(vlan, 1, 4094)
        created = number not in self._switch.vlans()
        self._switch.set_access_vlan(self._port, number)
        return f"% Access VLAN does not exist. Creating vlan {number}" if created else ""

    def mode_access(self) -> str:
        """`switchport mode access`: a trunk becomes a port of VLAN 1, as IOS' default has it."""
        if self._switch.port(self._port).access_vlan is None:
            self._switch.set_access_vlan(self._port, 1)
        return ""

    def storm_level(self, level: str, *_falling: str) -> str:
        """`storm-control broadcast level pps N [FALLING]`; `1k` is 1000."""
        match = re.fullmatch(r"(?i)(\d{1,9})([km]?)", level)
        if match is None:
            raise Refusal("", 4)
        factor = {"": 1, "k": 1000, "m": 1_000_000}[match[2].lower()]
        self._switch.set_storm_control(self._port, int(match[1]) * factor)
        return ""

    def no_storm_control(self, *_: str) -> str:
        """`no storm-control broadcast`"""
        self._switch.set_storm_control(self._port, None)
        return ""

    @property
    def _port(self) -> str:
        assert self._interface is not None
        return self._interface

    def _port_name(self, text: str) -> str:
        """The long name of a port that this switch has."""
        match = _INTERFACE.match(text)
        name = f"GigabitEthernet{match[2]}" if match else long_name(text)
        if all(port.name != name for port in self._switch.ports()):
            raise Refusal("", -1)
        return name


def _number(text: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        raise Refusal("", -1)
    return int(text)


def _filtered(text: str, pipe: str) -> str:
    """`| include X`, `| exclude X`, `| begin X`."""
    words = pipe.split(None, 1)
    if len(words) < 2:
        raise Refusal("% Incomplete command.\n")
    verb = [v for v in ("include", "exclude", "begin") if v.startswith(words[0].lower())]
    try:
        pattern = re.compile(words[1].strip())
    except re.error:
        verb = []
    if len(verb) != 1 or len(words[1]) > 100:
        raise Refusal("% Invalid filter.\n")
    lines = text.split("\n")
    if verb == ["begin"]:
        first = next((n for n, line in enumerate(lines) if pattern.search(line)), len(lines))
        return "\n".join(lines[first:])
    wanted = verb == ["include"]
    return "\n".join(line for line in lines if bool(pattern.search(line)) is wanted)


# --- grammar -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Command:
    """`pattern`: words; `<x>` one value, `<interface>` one port in one word or two, `<rest>` the rest."""

    pattern: tuple[str, ...]
    handler: Handler
    privileged: bool = False


def _match(
    table: Sequence[_Command], words: Sequence[str], skipped: int
) -> tuple[_Command, list[str]]:
    """The one command that the words mean, and its values; `Refusal` as IOS words it."""
    words = _joined_interface(table, words)
    left = list(table)
    for place, word in enumerate(words):
        rest = [c for c in left if len(c.pattern) > place or c.pattern[-1] == "<rest>"]
        exact = {_at(c, place) for c in rest if _at(c, place) == word.lower()}
        literal = exact or {
            w
            for c in rest
            if not (w := _at(c, place)).startswith("<") and w.startswith(word.lower())
        }
        if len(literal) > 1:
            raise Refusal(f'% Ambiguous command:  "{" ".join(words)}"\n')
        fits = literal or {w for c in rest if (w := _at(c, place)).startswith("<")}
        left = [c for c in rest if _at(c, place) in fits]
        if not left:
            raise Refusal("", place + skipped)
    complete = [c for c in left if len(c.pattern) <= len(words) or c.pattern[-1] == "<rest>"]
    if not complete:
        raise Refusal("% Incomplete command.\n")
    command = min(complete, key=lambda c: len(c.pattern))
    values = [w for n, w in enumerate(words) if _at(command, n).startswith("<")]
    return command, values


def _at(command: _Command, place: int) -> str:
    return command.pattern[min(place, len(command.pattern) - 1)]


def _joined_interface(table: Sequence[_Command], words: Sequence[str]) -> list[str]:
    """`interface GigabitEthernet 1/0/5`: the two words of a port name become one."""
    takes = any("<interface>" in c.pattern for c in table)
    found = list(words)
    for place in range(1, len(found) - 1):
        number = re.fullmatch(r"\d+/\d+/\d+", found[place + 1])
        if takes and number and _INTERFACE_WORD.match(found[place]):
            found[place : place + 2] = [found[place] + found[place + 1]]
            break
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _shows(text: str, render: Callable[[Scene], str]) -> _Command:
    return _Command(_words(f"show {text}"), lambda cli: cli.show(render))


def _shows_ports(text: str, render: Callable[[Scene, Iterable[PortView]], str]) -> _Command:
    return _Command(_words(f"show {text}"), lambda cli, *name: cli.show_ports(render, *name))


_ports, _whole = show_ports, show_switch
_EXEC: tuple[_Command, ...] = (
    _Command(("enable",), Cli.enable),
    _Command(("disable",), Cli.disable),
    _Command(("exit",), Cli.leave),
    _Command(("logout",), Cli.leave),
    _Command(("quit",), Cli.leave),
    _Command(_words("configure terminal"), Cli.configure, privileged=True),
    _Command(_words("terminal length <n>"), Cli.terminal_length),
    _Command(_words("terminal width <n>"), Cli.accept),
    _Command(_words("terminal monitor"), Cli.accept),
    _Command(_words("terminal no monitor"), Cli.accept),
    _Command(_words("write memory"), Cli.write_memory, privileged=True),
    _Command(("write",), Cli.write_memory, privileged=True),
    _shows("version", _whole.version),
    _shows("clock", _whole.clock),
    _shows("logging", _whole.logging),
    _shows_ports("interfaces", _ports.interfaces),
    _shows("interfaces status", _ports.interfaces_status),
    _shows("interfaces status err-disabled", _ports.err_disabled),
    _shows("interfaces counters", _ports.counters),
    _shows_ports("interfaces switchport", _ports.switchport),
    _shows_ports("interfaces <interface>", _ports.interfaces),
    _shows_ports("interfaces <interface> switchport", _ports.switchport),
    _shows("errdisable recovery", _ports.errdisable_recovery),
    _shows("storm-control", _ports.storm_control),
    _shows("storm-control broadcast", _ports.storm_control),
    _shows("mac address-table", _whole.mac_address_table),
    _shows("mac-address-table", _whole.mac_address_table),
    _shows("arp", _whole.ip_arp),
    _shows("ip arp", _whole.ip_arp),
    _shows("lldp neighbors", _whole.lldp_neighbors),
    _shows("lldp neighbors detail", _whole.lldp_neighbors_detail),
    _shows("cdp neighbors", lambda _: "% CDP is not enabled"),
    _shows("cdp neighbors detail", lambda _: "% CDP is not enabled"),
    _shows("vlan", _whole.vlan_brief),
    _shows("vlan brief", _whole.vlan_brief),
    _shows("spanning-tree", _whole.spanning_tree),
    _shows("etherchannel summary", _whole.etherchannel_summary),
    _Command(_words("show running-config"), Cli.show_running, privileged=True),
    _Command(
        _words("show running-config interface <interface>"), Cli.show_running, privileged=True
    ),
)
_CONFIG: tuple[_Command, ...] = (
    _Command(_words("interface <interface>"), Cli.interface),
    _Command(("exit",), Cli.leave),
    _Command(("end",), Cli.end),
)
_INTERFACE_MODE: tuple[_Command, ...] = (
    _Command(("shutdown",), Cli.shutdown),
    _Command(_words("no shutdown"), Cli.no_shutdown),
    _Command(_words("description <rest>"), Cli.description),
    _Command(_words("no description"), Cli.description),
    _Command(_words("switchport access vlan <n>"), Cli.access_vlan),
    _Command(_words("switchport mode access"), Cli.mode_access),
    _Command(_words("storm-control broadcast level pps <n>"), Cli.storm_level),
    _Command(_words("storm-control broadcast level pps <n> <n>"), Cli.storm_level),
    _Command(_words("storm-control action shutdown"), Cli.accept),
    _Command(_words("no storm-control broadcast"), Cli.no_storm_control),
    _Command(_words("no storm-control broadcast level"), Cli.no_storm_control),
    _Command(("exit",), Cli.leave),
    _Command(("end",), Cli.end),
)
