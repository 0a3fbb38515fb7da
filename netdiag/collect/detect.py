"""Which command line a device speaks, where nobody entered it and SNMP does not tell: by its prompt.

Rules: only what looks is sent, and only what the makes with such a prompt print their version by; what
does not name itself is not guessed.
"""

from __future__ import annotations

from netdiag import platforms
from netdiag.access import Target
from netdiag.collect.ssh import Session
from netdiag.errors import DecodeError
from netdiag.platforms import Platform

_UNKNOWN = Platform(
    name="generic",
    title="a device of unknown make",
    prompt=r"(?:^|[\r\n])([^\r\n]{1,120}[>#$%\]]) ?\Z",
    prepare=("",),
    enable="",
    leave=(),
)
_MOST = 4
"""Version commands at most: each that a device does not know is a line in its log."""


def platform(target: Target) -> Platform | None:
    """The platform of a device that can be entered by SSH; `None`: it does not name itself.

    Raises as `Session` does.
    """
    with Session(target, speaks=_UNKNOWN) as session:
        fits = platforms.by_prompt(session.prompt)
        lines = dict.fromkeys(p.commands["version"].line for p in fits if "version" in p.commands)
        if len({p.driver or p.name for p in fits}) == 1:
            return fits[0]
        for line in list(lines)[:_MOST]:
            asked = tuple(
                p for p in fits if "version" in p.commands and p.commands["version"].line == line
            )
            try:
                found = platforms.by_words(session.show(line), asked)
            except DecodeError:
                continue
            if found is not None:
                return found
    return None
