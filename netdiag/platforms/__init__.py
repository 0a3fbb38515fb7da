"""One small file a vendor platform: what it answers, how a closed port is seen, recovered, hardened.

A platform is data, hardly code. `recognise` weighs what a device says of itself: sysObjectID and
sysDescr together beat either alone; the longest prefix wins.
"""

from __future__ import annotations

import re

from netdiag.platforms import causes
from netdiag.platforms.base import Command, Platform
from netdiag.platforms.cisco_ios import CISCO_IOS
from netdiag.platforms.generic import GENERIC
from netdiag.platforms.recognised import RECOGNISED

__all__ = ["ALL", "Command", "Platform", "causes", "get", "recognise"]

ALL: tuple[Platform, ...] = (CISCO_IOS, *RECOGNISED, GENERIC)
"""Every platform, the fully supported ones first, `generic` last."""

_BY_NAME = {word: p for p in reversed(ALL) for word in (*p.aliases, p.name)}


def get(name: str | None) -> Platform | None:
    """The platform of that name or alias, without regard to case; `None` for one not known."""
    return None if name is None else _BY_NAME.get(name.strip().lower())


def recognise(sys_object_id: str | None, sys_descr: str | None) -> Platform | None:
    """The platform that a device's own words point to; `None` when nothing fits."""
    scored = [(_score(p, sys_object_id or "", sys_descr or ""), p) for p in ALL]
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] > (0, 0) else None


def _score(platform: Platform, sys_object_id: str, sys_descr: str) -> tuple[int, int]:
    """(how much agrees: 3 both, 2 the object id, 1 the description; length of the matched prefix)."""
    oid = sys_object_id.strip().lstrip(".") + "."
    prefix = max((len(o) for o in platform.sys_object_ids if oid.startswith(o + ".")), default=0)
    described = platform.sys_descr is not None and bool(
        re.search(platform.sys_descr, sys_descr[:1000], re.IGNORECASE)
    )
    return (2 * bool(prefix) + described, prefix)
