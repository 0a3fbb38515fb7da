"""A TextFSM template run without the library's own bookkeeping: equal rows in a fraction of the time.

TextFSM (google/textfsm, `parser.py`) keeps an object a value and calls it for every event of every
line. Here a line costs its regular expression and a dict. `Machine.of` is `None` for what is rare and
not played here: Fillup, and lists that are Required, filled down or nested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textfsm import TextFSM

_PLAYED = ({"Required", "Filldown", "Key"}, {"List", "Key"})
_Rule = tuple[str, Any, bool, bool, str, str, str]
"""(what every line has that it matches, match, it alone fills a record, none of its values is a list or
filled down, record operation, line operation, new state)."""


class UnexpectedLine(Exception):
    """The line for which a template says `Error`."""


class Machine:
    """A compiled template; holds nothing while it reads, so any number of threads may `run` it."""

    def __init__(self, fsm: TextFSM) -> None:
        options = {v.name: v.OptionNames() for v in fsm.values}
        self.names = tuple(options)
        self.required = tuple(n for n, o in options.items() if "Required" in o)
        self.fills = frozenset(n for n, o in options.items() if "Filldown" in o)
        self.lists = frozenset(n for n, o in options.items() if "List" in o)
        self.says_eof = "EOF" in fsm.states
        self.states: Mapping[str, list[_Rule]] = {
            name: [self._rule(rule) for rule in rules] for name, rules in fsm.states.items()
        }

    @classmethod
    def of(cls, fsm: TextFSM) -> Machine | None:
        """`None` where the template needs the library itself."""
        for value in fsm.values:
            if not any(set(value.OptionNames()) <= played for played in _PLAYED):
                return None
        names = {value.name for value in fsm.values}
        groups = {
            g for rs in fsm.states.values() for r in rs for g in re.compile(r.regex).groupindex
        }
        return cls(fsm) if names and groups <= names else None

    def _rule(self, rule: Any) -> _Rule:
        pattern = re.compile(rule.regex)
        groups = set(pattern.groupindex)
        plain = not (self.fills | self.lists) & groups
        whole = plain and groups == set(self.names) and rule.record_op == "Record"
        whole = whole and len(groups) > 1 and not rule.line_op and not rule.new_state
        word = _word(_parse(rule.regex))
        return word, pattern.match, whole, plain, rule.record_op, rule.line_op, rule.new_state

    def run(self, text: str) -> list[dict[str, Any]]:
        """One dict a record, in the order of the template's values; `UnexpectedLine`."""
        state, record = "Start", _Record(self)
        rules, names = self.states[state], self.names
        for line in text.splitlines():
            for word, match, whole, plain, record_op, line_op, new_state in rules:
                found = match(line) if word in line else None
                if found is None:
                    continue
                if whole and all(values := found.group(*names)):
                    record.add(values)
                    break
                if plain:
                    record.now.update(found.groupdict())
                else:
                    record.assign(found.groupdict())
                if record_op:
                    record.operate(record_op)
                if line_op == "Continue":
                    continue
                if line_op == "Error":
                    raise UnexpectedLine(line)
                if new_state:
                    state = new_state
                    rules = self.states.get(new_state, rules)
                break
            if state in ("End", "EOF"):
                break
        if state != "End" and not self.says_eof:
            record.save()
        return record.rows


def _parse(regex: str) -> Any:
    from re import _parser  # type: ignore[attr-defined]

    parsed = _parser.parse(regex)
    return [] if parsed.state.flags & re.IGNORECASE else parsed


def _word(parsed: Any) -> str:
    """The longest run of letters that any line has which a parsed expression matches; maybe empty."""
    best = run = ""
    for operation, value in parsed:
        name = str(operation)
        if name == "LITERAL":
            run += chr(value)
            best = max(best, run, key=len)
            continue
        run = ""
        if name == "SUBPATTERN" and not value[1] and not value[2]:
            best = max(best, _word(value[3]), key=len)
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
            best = max(best, _word(value[2]), key=len)
    return best


class _Record:
    """The record that is being filled, and those that are done."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._filled: dict[str, Any] = {}
        self._blank: dict[str, Any] = dict.fromkeys(machine.names)
        self.rows: list[dict[str, Any]] = []
        self.now: dict[str, Any]
        self.clear()

    def clear(self) -> None:
        """All but what is filled down."""
        self.now = self._blank | self._filled if self._filled else self._blank.copy()
        for name in self._machine.lists:
            self.now[name] = []

    def add(self, values: tuple[str, ...]) -> None:
        """A line that fills a record by itself."""
        self.rows.append(dict(zip(self._machine.names, values, strict=True)))
        self.clear()

    def assign(self, found: Mapping[str, Any]) -> None:
        """What a line holds: lists grow, what is filled down is remembered."""
        for name, value in found.items():
            if name in self._machine.lists:
                self.now[name].append(value)
                continue
            self.now[name] = value
            if name in self._machine.fills:
                self._filled[name] = value

    def operate(self, operation: str) -> None:
        """`Record`, `Clear`, `Clearall` or `NoRecord`."""
        if operation == "Record":
            self.save()
        elif operation == "Clearall":
            self._filled.clear()
            self.clear()
        elif operation == "Clear":
            self.clear()

    def save(self) -> None:
        """The record becomes a row, unless what it needs is not there or nothing is."""
        now = self.now
        for name in self._machine.required:
            if not now[name]:
                return self.clear()
        if None in now.values():
            if all(value is None or value == [] for value in now.values()):
                return None
            now = {name: "" if value is None else value for name, value in now.items()}
        elif not any(value != [] for value in now.values()):
            return None
        self.rows.append(now)
        return self.clear()
