"""What show commands say of ports, gathered by long name until all have been read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from netdiag.decode.mib_address import mac_text
from netdiag.decode.table import Columns, first
from netdiag.model import (
    AdminStatus,
    Counters,
    ErrDisabled,
    Interface,
    OperStatus,
)
from netdiag.platforms import Platform


class Ports(dict[str, dict[str, Any]]):
    """By long name: fields of `Interface`, counters under `counters` as fields of `Counters`.

    `closed`: a table says that a guard closed the port, in this word, and maybe not which.
    """

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self.platform = platform
        self._long: dict[str, str] = {}

    def name(self, printed: str) -> str:
        """The long name of a port as the device prints it."""
        long = self._long.get(printed)
        if long is None:
            long = self._long[printed] = self.platform.interface(printed)
        return long

    def of(self, printed: str) -> dict[str, Any]:
        """What is known so far of a port, to be added to."""
        return self.setdefault(self.name(printed), {})


# "a-1000", "10G", "2.5G", "100", "100M"; ProCurve "1000FDx", "10GigFD"; Comware "20G(a)"
_SPEED = re.compile(
    r"^(?:a-)?(\d+(?:\.\d+)?)(?:([MGT])(?:ig|b)?)?(?:[FH]Dx?)?(?:\(a\))?$", re.IGNORECASE
)
# "1000Mb/s", "10Gb/s", "100Gbps"
_SPEED_LONG = re.compile(r"(\d+(?:\.\d+)?)\s*([MG])b", re.IGNORECASE)
_BANDWIDTH = re.compile(r"(\d+)\s*[Kk]bit")


def interfaces(ports: Ports, at: datetime) -> tuple[Interface, ...]:
    """All that was gathered."""
    return tuple(
        _interface(name, dict(fields), at, ports.platform) for name, fields in ports.items()
    )


def _interface(name: str, fields: dict[str, Any], at: datetime, platform: Platform) -> Interface:
    counted = fields.pop("counters", None)
    recovers = fields.pop("recovers_in_s", None)
    word = fields.pop("closed", None)
    if word is not None and "err_disabled" not in fields:
        fields["err_disabled"] = ErrDisabled(platform.cause(word), word)
    closed = fields.get("err_disabled")
    if closed is not None and recovers is not None:
        fields["err_disabled"] = ErrDisabled(
            closed.cause, closed.vendor_cause, closed.vlan, recovers
        )
    counters = Counters(at=at, **counted) if counted else None
    return Interface(name=name, counters=counters, **fields)


def details(ports: Ports, read: Sequence[Columns]) -> None:
    """show interfaces."""
    for row in read:
        fields = ports.of(row["INTERFACE"])
        link, protocol = f"{row['LINK_STATUS']} {row['WHY']}".strip(), row["PROTOCOL_STATUS"]
        fields["admin_status"], fields["oper_status"] = _states(link, protocol, row["ADMIN"])
        if row["FLAGS"] or row["LETTERS"]:
            fields["admin_status"], fields["oper_status"] = _flags(row["FLAGS"], row["LETTERS"])
        word = _closed_word(f"{link} {protocol}")
        if word is not None:
            fields["closed"] = ports.platform.closed_states.get(word.lower(), word)
        fields["alias"] = row["DESCRIPTION"].strip() or None
        fields["mac"] = mac_text(first(row["MAC_ADDRESS"]) or row["BIA"])
        fields["mtu"] = _number(row["MTU"])
        fields["duplex"] = _duplex(row["DUPLEX"] or row["SPEED"])
        fields["speed_bps"] = (
            _speed_long(row["SPEED"]) or _speed(row["SPEED"]) or _bandwidth(row["BANDWIDTH"])
        )
        _vlan_of(fields, row["TAGGED_MODE"] or row["MODE"], row["VLAN"])
        if row["AGGREGATE"]:
            fields["aggregate"] = ports.name(row["AGGREGATE"])
        counted = fields.setdefault("counters", {})
        for field, column in _COUNTED:
            number = _number(row[column])
            if number is not None:
                counted[field] = number


def status(ports: Ports, read: Sequence[Columns]) -> None:
    """show interfaces status."""
    for row in read:
        fields = ports.of(row["PORT"])
        word = row["STATUS"].lower()
        admin, oper = ports.platform.states.get(word) or _STATUS.get(word) or ("", "")
        if row["ADMIN"].lower() in _OFF:
            admin, oper = AdminStatus.DOWN, OperStatus.DOWN
        if admin and oper:
            fields.setdefault("admin_status", AdminStatus(admin))
            fields.setdefault("oper_status", OperStatus(oper))
        closed = ports.platform.closed_states.get(word, _closed_word(word))
        if closed is not None:
            fields["closed"] = closed
        if row["NAME"].strip(" -"):
            fields.setdefault("alias", row["NAME"].strip())
        _vlan_of(fields, "trunk" if row["TAGGED"] else row["MODE"], row["VLAN"])
        if row["AGGREGATE"]:
            fields["aggregate"] = ports.name(row["AGGREGATE"])
        if _duplex(row["DUPLEX"]):
            fields["duplex"] = _duplex(row["DUPLEX"])
        speed = _speed(row["SPEED"]) or _speed_long(row["SPEED"])
        if speed:
            fields["speed_bps"] = speed


def vlans(ports: Ports, read: Sequence[Columns]) -> None:
    """What a port carries, where a command of its own tells: Huawei's `display port vlan`."""
    for row in read:
        _vlan_of(ports.of(row["PORT"]), row["MODE"], row["VLAN"])


def _vlan_of(fields: dict[str, Any], mode: str, vlan: str) -> None:
    mode, vlan = mode.lower(), vlan.lower()
    if vlan == "trunk" or mode in _TRUNK:
        fields.setdefault("trunk", True)
        return
    if mode and mode not in _ACCESS:
        return  # a hybrid port's PVID is not what its station is in
    if vlan.isascii() and vlan.isdigit() and 1 <= int(vlan) <= 4094:
        fields.setdefault("trunk", False)
        fields.setdefault("access_vlan", int(vlan))


def err_disabled(ports: Ports, read: Sequence[Columns], reason: str = "") -> None:
    """The closed ports of one command; `reason` is the vendor's word where the rows carry none.

    A closing of single VLANs names the first of them. What an earlier command said of a port holds.
    """
    for row in read:
        word = row["REASON"].strip() or reason
        vlan = _number(re.split(r"[,-]", row["VLANS"])[0])
        fields = ports.of(row["PORT"])
        fields.setdefault(
            "err_disabled",
            ErrDisabled(
                cause=ports.platform.cause(word),
                vendor_cause=word,
                vlan=vlan,
                recovers_in_s=_number(row["LEFT"]),
            ),
        )


def recovery(ports: Ports, read: Sequence[Columns]) -> None:
    """show errdisable recovery: which closed ports a timer will open, and when."""
    for row in read:
        left = _number(row["LEFT"])
        fields = ports.get(ports.name(row["INTERFACE"])) if row["INTERFACE"] else None
        if left is not None and fields is not None:
            fields["recovers_in_s"] = left


def switchport(ports: Ports, read: Sequence[Columns]) -> None:
    """show interfaces switchport; what is configured counts where a port is down."""
    for row in read:
        if not row["SWITCHPORT"].lower().startswith("enabled"):
            continue
        fields = ports.of(row["INTERFACE"])
        mode = row["MODE"].lower()
        down = not mode or mode.startswith("down")
        trunk = "trunk" in (row["ADMIN_MODE"].lower() if down else mode)
        fields["trunk"] = trunk
        fields["access_vlan"] = None if trunk else _number(row["ACCESS_VLAN"])
        if row["BUNDLE"]:
            fields["aggregate"] = ports.name(row["BUNDLE"])


def counters(ports: Ports, read: Sequence[Columns]) -> None:
    """show interfaces counters."""
    for row in read:
        direction = {"In": "in", "Out": "out"}.get(row["DIRECTION"])
        if direction is None:
            continue
        counted = ports.of(row["PORT"]).setdefault("counters", {})
        for field, column in (
            ("octets", "OCTETS"),
            ("unicast_pkts", "UNICAST"),
            ("multicast_pkts", "MULTICAST"),
            ("broadcast_pkts", "BROADCAST"),
        ):
            counted[f"{direction}_{field}"] = _number(row[column])


def aggregates(ports: Ports, read: Sequence[Columns]) -> None:
    """show etherchannel summary."""
    for row in read:
        for member in row["MEMBER_INTERFACE"]:
            ports.of(member)["aggregate"] = ports.name(row["BUNDLE_NAME"])


_STATUS = {
    "connected": (AdminStatus.UP, OperStatus.UP),
    "up": (AdminStatus.UP, OperStatus.UP),
    "monitoring": (AdminStatus.UP, OperStatus.UP),
    "notconnect": (AdminStatus.UP, OperStatus.DOWN),
    "err-disabled": (AdminStatus.UP, OperStatus.DOWN),
    "suspended": (AdminStatus.UP, OperStatus.DOWN),
    "faulty": (AdminStatus.UP, OperStatus.DOWN),
    "inactive": (AdminStatus.UP, OperStatus.DOWN),
    "disabled": (AdminStatus.DOWN, OperStatus.DOWN),
    "errdisabled": (AdminStatus.UP, OperStatus.DOWN),
    "down": (AdminStatus.UP, OperStatus.DOWN),
}
_OFF = frozenset({"down", "disabled", "disable", "no", "administratively down"})
_TRUNK = frozenset({"t", "trunk", "tagged", "dual", "native-untagged", "native-tagged"})
_ACCESS = frozenset({"a", "access", "untagged"})
_COUNTED = (
    ("in_octets", "IN_OCTETS"),
    ("out_octets", "OUT_OCTETS"),
    ("in_unicast_pkts", "IN_UNICAST"),
    ("out_unicast_pkts", "OUT_UNICAST"),
    ("in_broadcast_pkts", "IN_BROADCAST"),
    ("out_broadcast_pkts", "OUT_BROADCAST"),
    ("in_multicast_pkts", "IN_MULTICAST"),
    ("out_multicast_pkts", "OUT_MULTICAST"),
    ("in_errors", "INPUT_ERRORS"),
    ("out_errors", "OUTPUT_ERRORS"),
    ("fcs_errors", "CRC"),
    ("in_discards", "QUEUE_DROPS"),
    ("out_discards", "QUEUE_OUTPUT_DROPS"),
)
# As IOS "line protocol is down (err-disabled)", VRP "ERROR DOWN(link-flap)", NX-OS "(linkFlapErrDisabled)",
# FastIron "ERR-DIS" and "ERR_DiSABLED" in its own odd case.
_CLOSED = re.compile(
    r"error down ?\((?P<vrp>[^)]+)\)|\((?P<nxos>\w+Err(?:Disabled?)?)\)"
    r"|(?P<word>err(?:or)?[ _-]?dis(?:abled)?)",
    re.IGNORECASE,
)


def _states(
    link: str, protocol: str, admin: str = ""
) -> tuple[AdminStatus | None, OperStatus | None]:
    """`GigabitEthernet1/0/1 is administratively down, line protocol is down (disabled)`."""
    link, word = link.lower(), admin.lower()
    if "administratively down" in f"{link} {word}" or link == "disabled" or word in _OFF:
        return AdminStatus.DOWN, OperStatus.DOWN
    said = re.match(r"up|down", protocol.lower() or link)
    return AdminStatus.UP, OperStatus(said[0]) if said else None


def _flags(words: str, letters: str) -> tuple[AdminStatus, OperStatus]:
    """Linux `BROADCAST,MULTICAST,UP,LOWER_UP`; RouterOS `RS`, `X`."""
    said = set(words.split(","))
    off = "X" in letters or (bool(words) and "UP" not in said)
    runs = "R" in letters or bool(said & {"LOWER_UP", "RUNNING"})
    if off:
        return AdminStatus.DOWN, OperStatus.DOWN
    return AdminStatus.UP, OperStatus.UP if runs else OperStatus.DOWN


def _closed_word(text: str) -> str | None:
    match = _CLOSED.search(text)
    return next((w for w in match.groups() if w), None) if match else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _duplex(text: str) -> str | None:
    # "a-full", "Full-duplex"; ProCurve "1000FDx", "10GigFD"; FastIron "fdx"; Comware "F(a)"
    found = re.search(r"full|half|(?:^|(?<=\d)|(?<=gig))[fh](?=dx?$|$|\(a\)$)", text.lower())
    return {"f": "full", "h": "half"}[found[0][0]] if found else None


def _speed(text: str) -> int | None:
    match = _SPEED.match(text)
    if match is None:
        return None
    unit = {"m": 1e6, "g": 1e9, "t": 1e12}.get((match[2] or "").lower(), 1e6)
    return int(float(match[1]) * unit)


def _speed_long(text: str) -> int | None:
    match = _SPEED_LONG.search(text)
    if match is None:
        return None
    return int(float(match[1]) * (1e9 if match[2].lower() == "g" else 1e6))


def _bandwidth(text: str) -> int | None:
    """The configured bandwidth is the speed only as long as nobody changed it: the last resort."""
    match = _BANDWIDTH.search(text)
    return int(match[1]) * 1000 if match else None
