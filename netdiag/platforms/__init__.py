"""One small file a vendor platform: what it answers, how a closed port is seen, recovered, hardened.

A platform is data, hardly code. `recognise` weighs what a device says of itself: sysObjectID and
sysDescr together beat either alone; the longest prefix wins.
"""

from __future__ import annotations

import re
from functools import lru_cache

from netdiag.platforms import causes
from netdiag.platforms.arista_eos import ARISTA_EOS
from netdiag.platforms.aruba_aoscx import ARUBA_AOSCX
from netdiag.platforms.base import DEFAULT_PROMPT, Command, Platform
from netdiag.platforms.cisco_ios import CISCO_IOS
from netdiag.platforms.cisco_nxos import CISCO_NXOS
from netdiag.platforms.cisco_s300 import CISCO_S300
from netdiag.platforms.dell_force10 import DELL_FORCE10
from netdiag.platforms.dell_os10 import DELL_OS10
from netdiag.platforms.dlink_ds import DLINK_DS
from netdiag.platforms.extreme_exos import EXTREME_EXOS
from netdiag.platforms.generic import GENERIC
from netdiag.platforms.h3c_comware import HP_COMWARE
from netdiag.platforms.hp_procurve import HP_PROCURVE
from netdiag.platforms.huawei import HUAWEI, HUAWEI_VRPV8
from netdiag.platforms.juniper_junos import JUNIPER_JUNOS, JUNIPER_JUNOS_LEGACY
from netdiag.platforms.linux import LINUX
from netdiag.platforms.mikrotik_routeros import MIKROTIK_ROUTEROS
from netdiag.platforms.recognised import RECOGNISED
from netdiag.platforms.ruckus_fastiron import RUCKUS_FASTIRON
from netdiag.platforms.ruijie_os import RUIJIE_OS
from netdiag.platforms.tplink_jetstream import TPLINK_JETSTREAM

__all__ = [
    "ALL",
    "SPOKEN",
    "Command",
    "Platform",
    "by_prompt",
    "by_words",
    "causes",
    "get",
    "recognise",
]

SPOKEN: tuple[Platform, ...] = (
    CISCO_IOS,
    CISCO_NXOS,
    CISCO_S300,
    ARISTA_EOS,
    JUNIPER_JUNOS,
    JUNIPER_JUNOS_LEGACY,
    HUAWEI,
    HUAWEI_VRPV8,
    HP_COMWARE,
    RUIJIE_OS,
    HP_PROCURVE,
    ARUBA_AOSCX,
    DELL_OS10,
    DELL_FORCE10,
    RUCKUS_FASTIRON,
    MIKROTIK_ROUTEROS,
    TPLINK_JETSTREAM,
    DLINK_DS,
    EXTREME_EXOS,
    LINUX,
)
"""Platforms whose command line is read and written."""

ALL: tuple[Platform, ...] = (*SPOKEN, *RECOGNISED, GENERIC)
"""Every platform, the fully supported ones first, `generic` last."""

_BY_NAME = {word: p for p in reversed(ALL) for word in (*p.aliases, p.name)}


def get(name: str | None) -> Platform | None:
    """The platform of that name or alias, without regard to case; `None` for one not known."""
    return None if name is None else _BY_NAME.get(name.strip().lower())


@lru_cache(maxsize=1024)
def recognise(sys_object_id: str | None, sys_descr: str | None) -> Platform | None:
    """The platform that a device's own words point to; `None` when nothing fits."""
    scored = [(_score(p, sys_object_id or "", sys_descr or ""), p) for p in ALL]
    best = max(scored, key=lambda pair: pair[0])
    return best[1] if best[0] > (0, 0) else None


def by_prompt(prompt: str) -> tuple[Platform, ...]:
    """Whose prompt looks so, those with a shape of their own first; many makes share `name#`."""
    fits = [p for p in SPOKEN if re.search(p.prompt, prompt)]
    own = [p for p in fits if p.prompt != DEFAULT_PROMPT]
    # In brackets, or with a mark of unsaved changes before it: no Cisco-like prompt is.
    return tuple(own) if own and prompt[:1] in "<[*" else (*own, *(p for p in fits if p not in own))


def by_words(answer: str, among: tuple[Platform, ...]) -> Platform | None:
    """Which of these names itself in the answer to its version command."""
    for platform in among:
        words = platform.says or platform.sys_descr
        if words and re.search(words, answer[:4000], re.IGNORECASE | re.MULTILINE):
            return platform
    return None


def _score(platform: Platform, sys_object_id: str, sys_descr: str) -> tuple[int, int]:
    """(how much agrees: 3 both, 2 the object id, 1 the description; length of the matched prefix)."""
    oid = sys_object_id.strip().lstrip(".") + "."
    prefix = max((len(o) for o in platform.sys_object_ids if oid.startswith(o + ".")), default=0)
    described = platform.sys_descr is not None and bool(
        re.search(platform.sys_descr, sys_descr[:1000], re.IGNORECASE)
    )
    return (2 * bool(prefix) + described, prefix)
