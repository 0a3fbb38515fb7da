"""Interface names: the device's long form is the name, the short ones are found from it and to it."""

from __future__ import annotations

import re
from functools import lru_cache

# Longest first: "TenGigE" must not be read as "Te".
_LONG = (
    ("HundredGigE", ("Hu", "HundredGigE")),
    ("FortyGigabitEthernet", ("Fo", "FortyGigabitEthernet")),
    ("TwentyFiveGigE", ("Twe", "TwentyFiveGigE")),
    ("TenGigabitEthernet", ("Te", "Ten", "TenGigabitEthernet")),
    ("FiveGigabitEthernet", ("Fi", "FiveGigabitEthernet")),
    ("TwoGigabitEthernet", ("Tw", "TwoGigabitEthernet")),
    ("AppGigabitEthernet", ("Ap", "AppGigabitEthernet")),
    ("GigabitEthernet", ("Gi", "Gig", "GigabitEthernet")),
    ("FastEthernet", ("Fa", "Fas", "FastEthernet")),
    ("Port-channel", ("Po", "Port-channel")),
    ("Loopback", ("Lo", "Loopback")),
    ("Tunnel", ("Tu", "Tunnel")),
    ("Serial", ("Se", "Serial")),
    ("Vlan", ("Vl", "Vlan")),
    ("Ethernet", ("Et", "Eth", "Ethernet")),
)
_BY_SPELLING = {short.lower(): full for full, shorts in _LONG for short in shorts}
_SHORT = {full: shorts[0] for full, shorts in _LONG}
# "Gi1/0/7", "Gi 1/0/7", "GigabitEthernet1/0/7.10", "Po1"
_NAME = re.compile(r"^(?P<word>[A-Za-z][A-Za-z-]*) ?(?P<number>\d+(?:[/.:]\d+)*)$")


@lru_cache(maxsize=8192)
def long_name(name: str) -> str:
    """`Gi1/0/7` -> `GigabitEthernet1/0/7`; what is not recognised comes back as it was, stripped."""
    name = name.strip()
    match = _NAME.match(name)
    if match is None or (name[0].islower() and "/" not in name):
        return name  # `eth0`, `lo`, `vlan10`: Linux' own names are no abbreviations
    full = _BY_SPELLING.get(match["word"].lower())
    return name if full is None else full + match["number"]


def short_name(name: str) -> str:
    """`GigabitEthernet1/0/7` -> `Gi1/0/7`; what is not recognised comes back as it was, stripped."""
    full = long_name(name)
    match = _NAME.match(full)
    if match is None or match["word"] not in _SHORT:
        return full
    return _SHORT[match["word"]] + match["number"]


# "Gi1/0/7", "Ethernet 1/1", "ge-0/0/0.0", "port 7", "sfp-sfpplus1", "端口3": words, a number may stand apart.
_PLAIN = re.compile(r"[^\W_][\w./:-]{0,63}(?: \d[\w./:-]{0,20})*")


def is_plain(name: str) -> bool:
    """Whether a port's name may stand in a line for a device: nothing in it ends the line or begins another.

    A device's names are its own: `eth0; reboot` is one too.
    """
    return _PLAIN.fullmatch(name) is not None


def sort_key(name: str) -> tuple[object, ...]:
    """Natural order: `Gi1/0/2` before `Gi1/0/10`."""
    return tuple(
        (1, int(part)) if part.isdigit() else (0, part.lower())
        for part in re.split(r"(\d+)", name)
        if part
    )
