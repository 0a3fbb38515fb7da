"""Log messages of any maker become events: Cisco's here, all others' by `syslog_vendors`.

Sources: the Catalyst 2960-X, 3560 and 4500 system message guides; samples of real devices. Rules:
every message with a maker's tag (`%FACILITY-SEVERITY-NAME`, `%%01MODULE/4/NAME`, `NAME_OF_JUNOS:`)
is an event, of kind `other` where it is not understood, and so is a text without a tag that is
understood; a field that the text leaves out is `None`; no line raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from netdiag.decode import cause_words, syslog_header, syslog_vendors
from netdiag.decode.mib_address import mac_text
from netdiag.model import ErrDisableCause, LogEvent
from netdiag.names import long_name

_MAX_LINE = 2000
# For example "%PM-SP-4-ERR_DISABLE: ", "%PKT_INFRA-LINK-3-UPDOWN : ", "%MODULE-5-MOD_OK: "
_MESSAGE = re.compile(
    r"%(?P<mnemonic>[A-Z][A-Z0-9_]*(?:-[A-Za-z0-9_]+){0,4}?-[0-7]-[A-Za-z0-9_]+)\s?:?\s?(?P<text>.*)",
    re.DOTALL,
)
_MAC = r"(?P<mac>[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}|(?:[0-9a-fA-F]{2}[:.-]?){5}[0-9a-fA-F]{2})"
_IF = r"(?P<interface>[A-Za-z][A-Za-z-]* ?\d[\d/.:]*)"
_VLAN = r"(?: on| in)?,? (?:vlan|VLAN) ?(?P<vlan>\d+)"

# (mnemonic after slot and severity, event, the text)
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    # storm-control error detected on Gi4/1, putting Gi4/1 in err-disable state
    (r"PM.*ERR_DISABLE.*", "err-disabled", rf"(?P<cause>\S.*?) error detected on {_IF}(?:{_VLAN})?"),
    # Attempting to recover from storm-control err-disable state on Gi0/24
    (r"PM.*ERR_RECOVER.*", "err-recover", rf"recover from (?P<cause>\S.*?) err-disable state on {_IF}(?:{_VLAN})?"),
    # Interface Ethernet1/7 is down (Error disabled. Reason:BPDUGuard)
    (r"ETHPORT.*IF_DOWN_ERROR_DISABLED", "err-disabled", rf"Interface {_IF} is down \(Error disabled\. Reason: ?(?P<cause>[^)]*)"),
    # A packet storm was detected on Gi0/24. The interface has been disabled.
    (r"STORM_CONTROL.*", "storm", rf"storm (?:was )?detected on {_IF}"),
    # Keepalive packet loop-back detected on GigabitEthernet0/1.
    (r"ETHCNTR.*LOOP_BACK_DETECTED", "loop", rf"[Ll]oop-back detected on {_IF}"),
    (r"LOOPDETECT.*", "loop", rf"(?:on|interface|port) {_IF}"),
    # Host 0017.0e82.0850 in vlan 254 is flapping between port Gi0/24 and port
    (r".*L2FM_MAC_FLAP.*", "mac-flap",
     rf"(?:for mac {_MAC} among ports {_IF} and (?P<other>[A-Za-z][A-Za-z-]* ?\d[\d/.:]*) )?(?:in )?vlan (?P<vlan>\d+)"),
    # Host 00:11:22:33:44:55 in VLAN 10 is flapping between interface Ethernet1 and interface Ethernet2
    (r".*(?:MACFLAP|MAC_MOVE|HOST_?FLAPPING).*|MAC_MOVE.*", "mac-flap",
     rf"(?:[Hh]ost|[Mm]ac) {_MAC} in vlan (?P<vlan>\d+) (?:is|has) (?:flapping between|moving from|moved from)(?: port| interface)? ?{_IF}?(?: efp_id \d+)? ?(?:and|to)(?: port| interface)? ?(?P<other>[A-Za-z][A-Za-z-]* ?\d[\d/.:]*)?"),
    # Interface GigabitEthernet4/0/45, changed state to down
    (r"(?:PKT_INFRA-)?(?:LINK|LINEPROTO).*", "link", rf"(?:Interface|protocol on Interface) {_IF},? changed state to (?P<state>(?:administratively )?(?:up|down))"),
    (r"ETHPORT.*IF_(?:UP|DOWN.*)", "link", rf"Interface {_IF} is (?P<state>up|down)"),
    # Security violation occurred, caused by MAC address 0024.8ca2.ba6d on port Gi0/1.
    (r"PORT_SECURITY.*PSECURE_VIOLATION.*", "port-security", rf"caused by MAC (?:address )?{_MAC} on (?:port|interface) {_IF}(?:{_VLAN})?"),
    # Received BPDU on port GigabitEthernet4/1 with BPDU Guard enabled. Disabling port.
    (r"(?:SPANTREE|STP).*BLOCK_BPDUGUARD.*", "bpdu-guard", rf"Received BPDU (?:packet )?on (?:port |interface )?{_IF}(?:.*?source mac {_MAC})?"),
    # DHCP_SNOOPING drop message on untrusted port, message type: DHCPOFFER, MAC sa: 0011.2233.4455
    (r"DHCP_SNOOPING.*", "dhcp-snooping", rf"(?:MAC sa: {_MAC}|(?:port|interface) {_IF})"),
    # Loop guard blocking port GigabitEthernet0/39 on VLAN0252.
    (r"(?:SPANTREE|STP).*", "other", rf"port {_IF}(?:{_VLAN})?"),
    # Security violation on the interface Gi1/0/3, new MAC address (0011.2233.4455) is seen.
    (r"AUTHMGR.*SECURITY_VIOLATION", "other", rf"on the interface {_IF}, new MAC address \({_MAC}\)"),
    # Duplicate address 10.21.91.1 on Vlan1197, sourced by 0024.8ca2.ba6d
    (r"(?:IP|ARP)-.*DUPADDR", "duplicate-address", rf"address (?P<ip>[\d.]+) on (?:interface )?{_IF}.*?,? sourced by {_MAC}"),
)  # fmt: skip
_COMPILED = tuple(
    (re.compile(name), event, re.compile(text, re.IGNORECASE)) for name, event, text in _PATTERNS
)
# A priority begins a message of its own, whoever made it.
_STANDS_ALONE = re.compile(r"^\s*<\d{1,3}>")
_UP = {"up", "on", "active", "ready"}
# GE0/0/3, XGE1/0/1
_VRP_SHORT = re.compile(r"^(?P<word>X?GE|FE)(?P<number>\d+(?:/\d+)+.*)$")
_VRP_LONG = {"GE": "GigabitEthernet", "XGE": "XGigabitEthernet", "FE": "FastEthernet"}
_COMWARE_LONG = {"GE": "GigabitEthernet", "XGE": "Ten-GigabitEthernet", "FE": "FastEthernet"}
_CAUSE_OF = {"storm": ErrDisableCause.STORM_CONTROL, "bpdu-guard": ErrDisableCause.BPDU_GUARD}


_BARE = LogEvent(at=None, device=None, mnemonic="", event="other")


def parse_line(line: str, *, at: datetime, clock: datetime | None = None) -> LogEvent | None:
    """The event of one line, of a syslog server's file or of `show logging`; `None`: no message in it.

    `at` (aware): when it was read. Its zone is that of times which name none. `clock`: what the
    device's own clock showed then, where it was asked; without it a clock never set tells no time.
    """
    line = line[:_MAX_LINE].strip()
    match = _MESSAGE.search(line) if "%" in line else None
    if match is None:
        return _of_other_makers(line, at, clock)
    header = syslog_header.parse(line[: match.start()], at, clock)
    return _of(_ciscos(line[match.start() :]), header.at, header.host, line)


def _of_other_makers(line: str, at: datetime, clock: datetime | None) -> LogEvent | None:
    """Tagged otherwise or not at all; the host of an untagged line is known only behind a time."""
    tag = syslog_vendors.tag(line)
    if tag is not None:
        header = syslog_header.parse(line[: tag.start()], at, clock)
        found = _tagged(line[tag.start() :], tag["tag"].strip("[]"))
        return _of(found, header.at, header.host if header.stamped else None, line)
    known = syslog_vendors.understood(line)
    if known is None:
        return None
    header = syslog_header.parse(line[: known[2].start()], at, clock)
    stands = header.stamped and f"{header.host}:" not in line
    found = _vendors(_BARE, line, known)
    return _of(found, header.at, header.host if stands else None, line)


def _of(found: LogEvent, at: datetime | None, device: str | None, line: str) -> LogEvent:
    """What a text says, said by that device at that time."""
    return LogEvent(
        at,
        device,
        found.mnemonic,
        found.event,
        found.interface,
        found.other_interface,
        found.vlan,
        found.mac,
        found.cause,
        line,
        found.ip,
    )


# A flapping port, a storm: the same text comes a thousand times, and is read once.
@lru_cache(maxsize=4096)
def _ciscos(body: str) -> LogEvent:
    """What a text says from its `%` on, whoever said it."""
    match = _MESSAGE.match(body)
    assert match is not None
    bare = replace(_BARE, mnemonic=match["mnemonic"])
    found = _understood(bare, match["text"])
    if found.event in {"other", "err-disabled"} and found.interface is None:
        known = syslog_vendors.understood(body)
        return _vendors(bare, body, known) if known else found
    return found


@lru_cache(maxsize=4096)
def _tagged(body: str, mnemonic: str) -> LogEvent:
    """What a text says from another maker's tag on."""
    bare = replace(_BARE, mnemonic=mnemonic)
    known = syslog_vendors.understood(body)
    return _vendors(bare, body, known) if known else bare


def _vendors(event: LogEvent, text: str, known: tuple[str, str, re.Match[str]]) -> LogEvent:
    kind, cause, match = known
    said = match.groupdict()
    said["interface"] = said.get("interface") or said.get("interface2")
    if said.get("unit"):
        said["interface"] = f"Eth {said['unit']}/{said['interface']}"
    if kind == "link":
        kind = "link-up" if (said.get("state") or "").lower() in _UP else "link-down"
    filled = _filled(event, kind, said | {"cause": None})
    word = (said.get("cause") or "") if cause == "?" else cause
    return replace(
        filled,
        interface=_vendor_port(filled.interface, text),
        other_interface=_vendor_port(filled.other_interface, text),
        cause=cause_words.cause(word) if word else None,
    )


def _vendor_port(name: str | None, text: str) -> str | None:
    """The short names of VRP's and Comware's logs; a port in brackets is bare."""
    if name is None:
        return None
    match = _VRP_SHORT.match(name.strip("<>() "))
    if match is None:
        return name.strip("<>() ")
    comware = "has moved from" in text or "%%10" in text
    full = _COMWARE_LONG if comware else _VRP_LONG
    return full[match["word"]] + match["number"]


def parse(text: str, *, at: datetime, clock: datetime | None = None) -> tuple[LogEvent, ...]:
    """Every event of a text, in its order; a message that the terminal wrapped is put together again."""
    found = (parse_line(message, at=at, clock=clock) for message in _messages(text, at))
    return tuple(event for event in found if event is not None)


def _messages(text: str, at: datetime) -> Iterator[str]:
    pending = ""
    for line in text.splitlines():
        if _MESSAGE.search(line[:_MAX_LINE]):
            yield pending
            pending = line.rstrip()
        elif _STANDS_ALONE.match(line) or syslog_vendors.tag(line[:_MAX_LINE]):
            yield pending
            yield line
            pending = ""
        elif pending and line.strip() and not syslog_header.parse(line, at).stamped:
            # A terminal breaks within a word when the line is full.
            glue = "" if len(pending) % 80 in (0, 79) else " "
            pending = (pending + glue + line.strip())[:_MAX_LINE]
        else:
            yield pending
            yield line
            pending = ""
    yield pending


def _understood(event: LogEvent, text: str) -> LogEvent:
    for kind, pattern in _rows(event.mnemonic):
        match = pattern.search(text)
        if match is None:
            return replace(event, event=kind) if kind not in {"link", "other"} else event
        return _filled(event, kind, match.groupdict())
    return event


@lru_cache(maxsize=1024)
def _rows(mnemonic: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The rows whose mnemonic is this one, in their order."""
    return tuple((kind, text) for name, kind, text in _COMPILED if name.fullmatch(mnemonic))


def _filled(event: LogEvent, kind: str, said: dict[str, str | None]) -> LogEvent:
    state, cause = said.get("state"), said.get("cause")
    if kind == "link":
        kind = "link-up" if state and state.lower() == "up" else "link-down"
    found = _cause(cause) if cause else _CAUSE_OF.get(kind)
    if "FILTERED" in event.mnemonic:
        found = None  # storm control dropped frames; the port is open
    return LogEvent(
        event.at,
        event.device,
        event.mnemonic,
        kind,
        _port(said.get("interface")),
        _port(said.get("other")),
        _vlan(said.get("vlan")),
        mac_text(said.get("mac") or ""),
        found,
        event.raw,
        said.get("ip"),
    )


def _cause(word: str) -> ErrDisableCause:
    return cause_words.cause(word, "cisco_ios")


def _port(name: str | None) -> str | None:
    return long_name(name.rstrip(".:,")) if name else None


def _vlan(digits: str | None) -> int | None:
    number = int(digits) if digits and len(digits) < 6 else 0
    return number if 1 <= number <= 4094 else None
