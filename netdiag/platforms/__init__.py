"""One small file a vendor platform: what it answers, how a closed port is seen, recovered, hardened.

A platform is data, hardly code. `RECOGNISE` is tried in order; the first match wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netdiag.model import ErrDisableCause


@dataclass(frozen=True, slots=True)
class Command:
    """A show command and the TextFSM template that reads it."""

    line: str
    template: str
    """`ntc:NAME.textfsm` for ntc-templates' file, else a file beside the platform; never guessed by index."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What netdiag must know of one vendor's operating system."""

    name: str
    """The inventory's `platform`, which is netmiko's device type."""
    title: str
    sys_object_ids: tuple[str, ...] = ()
    """Prefixes of sysObjectID, longest match first."""
    sys_descr: str | None = None
    """A regular expression over sysDescr."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """By need: version, interfaces, status, err-disabled, switchport, counters, fdb, lldp, cdp, arp, stp, log."""
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
