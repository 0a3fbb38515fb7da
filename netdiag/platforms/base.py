"""What a platform is made of: data that `decode`, `collect` and the playbooks read, hardly code.

Rules: words of a vendor are kept in lower case; a template is pinned to a command and never guessed
by an index (ntc-templates' own matches by prefix and swallows unknown commands).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from netdiag.model import ErrDisableCause
from netdiag.names import long_name

# As "acc-1#", "acc-1>", "acc-1(config-if)#", "RP/0/RP0/CPU0:xr#"
DEFAULT_PROMPT = r"(?:^|[\r\n])([^\s>#][^\r\n>#]{0,100}[>#]) ?\Z"
# "GE1/0/1", "ethernet 1/1/1", "XGE0/0/1"
_ABBREVIATED = re.compile(r"^(?P<word>[A-Za-z][A-Za-z-]*?) ?(?P<number>\d[\d/.:]*)$")


@dataclass(frozen=True, slots=True)
class Command:
    """A show command and the TextFSM template that reads it."""

    line: str
    template: str = ""
    """`ntc:NAME.textfsm` for ntc-templates' file, else a file of `platforms/templates`; empty: read by code."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column by the template's, where ntc-templates calls it otherwise."""
    reason: str = ""
    """The vendor's word for why the ports listed are closed, where the output itself does not carry it."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How a platform takes a change back by itself unless it is told in time that all is well.

    `{minutes}`, `{mm}` (two digits) and `{seconds}` stand for the time that is left to tell it.
    """

    confirm: tuple[str, ...]
    """What says that all is well, from the prompt after a login."""
    arm: tuple[str, ...] = ()
    """Before configuration mode."""
    configure: tuple[str, ...] = ()
    """In place of `Platform.configure`."""
    commit: str = ""
    """In place of `Platform.commit`."""
    abandon: tuple[str, ...] = ()
    """What drops the lines of its own kind of candidate after a refusal."""
    needs: str = ""
    """What the device's configuration has to have for it, in words; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What netdiag must know of one vendor's operating system."""

    name: str
    """The inventory's `platform`, which is netmiko's device type unless `driver` is."""
    title: str
    aliases: tuple[str, ...] = ()
    """Other words that inventories use for it (`cisco_xe`, NAPALM's `ios`)."""
    driver: str = ""
    """netmiko's device type, where two of our platforms share one."""
    sys_object_ids: tuple[str, ...] = ()
    """Prefixes of sysObjectID, without a leading dot."""
    sys_descr: str | None = None
    """A regular expression over sysDescr, searched without regard to case."""
    says: str | None = None
    """As `sys_descr`, over the answer to its version command, where it names itself otherwise there."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    """By need: clock, version, interfaces, status, err-disabled (and `closed-…` where a platform
    lists each guard by a command of its own), errdisable-recovery, switchport, counters, fdb, lldp,
    cdp, arp, stp, aggregates, storm-control, log."""
    poll: tuple[str, ...] = ()
    """The needs that a poll reads, in this order."""
    not_on_all: frozenset[str] = frozenset()
    """Needs of these that some models or images lack: a refusal there is an answer."""
    prepare: tuple[str, ...] = ()
    """Lines after login that make output plain: no paging, no narrow terminal."""
    refusals: tuple[str, ...] = ()
    """Regular expressions of the lines with which the command line refuses a command."""
    prompt: str = DEFAULT_PROMPT
    """What an answer ends with: a regular expression whose one group is the prompt."""
    config_prompt: str = r"\)#$"
    """How the prompt ends, or looks, while the device takes configuration."""
    questions: tuple[tuple[str, str], ...] = ()
    """(what the device asks at the login or on leaving, what to answer): never a `yes` that changes it."""
    enable: str = "enable"
    """What asks for privileged mode, where `>` ends the prompt of one who may only look."""
    enable_fully: str = ""
    """A second step behind it, where the accounts of a device have levels."""
    enable_to_look: bool = False
    """Even its show commands want privileged mode."""
    newline: str = "\n"
    """What ends a line that is sent."""
    configure: tuple[str, ...] = ("configure terminal",)
    leave: tuple[str, ...] = ("end",)
    abandon: tuple[str, ...] = ()
    """Before leaving after a refusal: what drops the lines before it, where they wait for a commit."""
    commit: str = ""
    """What makes a candidate configuration real, where the platform has one."""
    commit_prompt: str = r""
    """`commit` is sent only where the prompt looks so; empty: always."""
    max_sessions: int | None = None
    """Logins at once that the device bears, where it is known for few."""
    short_names: Mapping[str, str] = field(default_factory=dict)
    """How its own tables abbreviate interface types, beyond Cisco's ways."""
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Words of a port table (lower case) to ifAdminStatus and ifOperStatus, beyond Cisco's."""
    closed_states: Mapping[str, str] = field(default_factory=dict)
    """Words of a port table (lower case) that say that a guard closed the port, to the vendor's cause."""
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
    port_config: str = "show running-config interface {interface}"
    """What shows the configuration of one port."""
    warnings: Mapping[str, str] = field(default_factory=dict)
    """What `shut` or `reopen` does beyond its own port, told to the approver before."""
    confirmed: Confirmed | None = None
    """`None`: a change of this platform stays, whoever is cut off by it."""
    auto_recovery: tuple[str, ...] = ()
    """Lines that let a closed port come back by itself; `{cause}` in the vendor's word, `{interval}` in seconds."""
    unverified: tuple[str, ...] = ()
    """What of this file was not seen in any document or on any device: handled, not to be relied on."""
    not_offered: Mapping[str, str] = field(default_factory=dict)
    """By need: why this platform cannot answer it, in one sentence."""

    def arming(self, minutes: int) -> tuple[str, ...]:
        """What is sent before configuration mode, for a change that is taken back unless confirmed."""
        return tuple(_timed(line, minutes) for line in self.confirmed.arm) if self.confirmed else ()

    def reverting(self, minutes: int) -> Platform:
        """Itself, entering and committing so that the device takes the change back unless confirmed."""
        way = self.confirmed
        if way is None:
            return self
        return replace(
            self,
            configure=tuple(_timed(line, minutes) for line in way.configure) or self.configure,
            commit=_timed(way.commit, minutes) or self.commit,
            abandon=way.abandon or self.abandon,
        )

    def interface(self, name: str) -> str:
        """The device's long name of an interface that one of its tables may abbreviate."""
        # JetStream's ifName: "gigabitEthernet 1/0/7 : copper".
        name = name.partition(" : ")[0].strip()
        match = _ABBREVIATED.match(name)
        full = self.short_names.get(match["word"].lower()) if match else None
        return long_name(name) if full is None or match is None else full + match["number"]

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


def _timed(line: str, minutes: int) -> str:
    for word, value in (
        ("minutes", f"{minutes}"),
        ("mm", f"{minutes:02d}"),
        ("seconds", f"{60 * minutes}"),
    ):
        line = line.replace("{" + word + "}", value)
    return line


def _squash(word: str) -> str:
    """`Storm_Control`, `storm-control`, `stormControl` -> `stormcontrol`; `(STP)` remarks go."""
    bare = re.sub(r"\([^)]*\)|[^a-z0-9]", "", word.lower())
    # NX-OS' own reasons: "linkFlapErrDisabled", "bpduGuardErrDisable", "linkFlapErr".
    return re.sub(r"(?<=.)err(?:or)?(?:disabled?)?$", "", bare)
