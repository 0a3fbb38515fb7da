"""What a platform is made of: data that `decode`, `collect` and the playbooks read, hardly code.

Rules: words of a vendor are kept in lower case; a template is pinned to a command and never guessed
by an index (ntc-templates' own matches by prefix and swallows unknown commands).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from netdiag.model import ErrDisableCause


@dataclass(frozen=True, slots=True)
class Command:
    """A show command and the TextFSM template that reads it."""

    line: str
    template: str = ""
    """`ntc:NAME.textfsm` for ntc-templates' file, else a file of `platforms/templates`; empty: read by code."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What netdiag must know of one vendor's operating system."""

    name: str
    """The inventory's `platform`, which is netmiko's device type."""
    title: str
    aliases: tuple[str, ...] = ()
    """Other words that inventories use for it (`cisco_xe`, NAPALM's `ios`)."""
    sys_object_ids: tuple[str, ...] = ()
    """Prefixes of sysObjectID, without a leading dot."""
    sys_descr: str | None = None
    """A regular expression over sysDescr, searched without regard to case."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """By need: clock, version, interfaces, status, err-disabled, errdisable-recovery, switchport, counters,
    fdb, lldp, cdp, arp, stp, aggregates, storm-control, log."""
    poll: tuple[str, ...] = ()
    """The needs that a poll reads, in this order."""
    prepare: tuple[str, ...] = ()
    """Lines after login that make output plain: no paging, no narrow terminal."""
    refusals: tuple[str, ...] = ()
    """Regular expressions of the lines with which the command line refuses a command."""
    err_disable_causes: Mapping[str, ErrDisableCause] = field(default_factory=dict)
    """The vendor's words (CLI, syslog, MIB label; lower case) to the normalized cause."""
    err_disable_codes: Mapping[int, str] = field(default_factory=dict)
    """The MIB's numbers to the MIB's labels."""
    fdb_by_vlan_community: bool = False
    """BRIDGE-MIB must be read once a VLAN as `community@vlan` (SNMPv3: context `vlan-N`)."""
    shut: tuple[str, ...] = ()
    """Configuration lines with `{interface}`."""
    reopen: tuple[str, ...] = ()
    """Configuration lines that bring an err-disabled port back, with `{interface}`."""
    hardening: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By remedy: storm-control, dhcp-snooping, dhcp-snooping-trust, port-security, bpdu-guard. `{interface}`, `{vlan}`, `{uplink}`."""
    not_offered: Mapping[str, str] = field(default_factory=dict)
    """By need: why this platform cannot answer it, in one sentence."""

    def cause(self, vendor_cause: str) -> ErrDisableCause:
        """The normalized cause of the vendor's word in any of its spellings; `other` when unknown."""
        word = vendor_cause.strip().lower()
        known = self.err_disable_causes.get(word)
        if known is None:
            squashed = _squash(word)
            known = next(
                (c for w, c in self.err_disable_causes.items() if _squash(w) == squashed), None
            )
        return ErrDisableCause.OTHER if known is None else known


def _squash(word: str) -> str:
    """`Storm_Control`, `storm-control`, `stormControl` -> `stormcontrol`; `(STP)` remarks go."""
    return re.sub(r"\([^)]*\)|[^a-z0-9]", "", word.lower())
