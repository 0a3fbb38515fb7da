"""The maker of a MAC address: scapy's bundled table, and Debian's ieee-data where it is installed."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_IEEE = Path("/usr/share/ieee-data")
_FINER = (("mam.csv", 7), ("oui36.csv", 9))
"""Blocks smaller than a /24 (MA-M, MA-S): file and number of hexadecimal digits."""


def preload() -> None:
    """Reads the tables while their files can still be read."""
    _finer()
    vendor("00:00:0c:00:00:00")


@cache
def vendor(mac: str) -> str | None:
    """The registered owner of the address block; `None` for made-up or unregistered addresses."""
    from scapy.config import conf

    digits = mac.replace(":", "").upper()
    if len(digits) != 12 or int(digits[1], 16) & 0b10:  # locally administered: nobody's block
        return None
    for length in (9, 7):
        if found := _finer().get(digits[:length]):
            return found
    known = conf.manufdb.lookup(mac.upper())[1] if conf.manufdb else mac
    return None if known.upper() == mac.upper() else str(known)


@cache
def _finer() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, length in _FINER:
        try:
            with (_IEEE / name).open(encoding="utf-8", errors="replace", newline="") as lines:
                rows = csv.reader(lines)
                table.update((r[1], r[2]) for r in rows if len(r) > 2 and len(r[1]) == length)
        except OSError:
            continue
    return table
