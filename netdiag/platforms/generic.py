"""A device of no known platform: its standard MIBs are read, its command line is not."""

from __future__ import annotations

from netdiag.platforms.base import Platform

_WHY = "the platform is not known to netdiag: its command line is not spoken, only standard SNMP"

GENERIC = Platform(
    name="generic",
    title="a device of unknown make",
    not_offered={
        "err-disabled-snmp": "closed ports show in vendors' own MIBs only, and the platform is not known",
        "err-disabled": "err-disabled ports show in vendors' own MIBs and commands only, "
        "and the platform is not known to netdiag",
        "log": _WHY,
        "shut": _WHY,
        "reopen": _WHY,
        "hardening": _WHY,
    },
)
