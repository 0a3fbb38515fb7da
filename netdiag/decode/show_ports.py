"""What show commands say of ports, gathered by long name until all have been read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from netdiag.decode.mib_address import mac_text
from netdiag.decode.table import Row
from netdiag.model import (
    AdminStatus,
    Counters,
    ErrDisabled,
    Interface,
    OperStatus,
)
from netdiag.names import long_name
from netdiag.platforms import Platform

Ports = dict[str, dict[str, Any]]
"""By long name: fields of `Interface`, counters under `counters` as fields of `Counters`."""

# "a-1000", "10G", "2.5G", "100", "auto"
_SPEED = re.compile(r"^(?:a-)?(\d+(?:\.\d+)?)(G|T)?$", re.IGNORECASE)
# "1000Mb/s", "10Gb/s", "100Gbps"
_SPEED_LONG = re.compile(r"(\d+(?:\.\d+)?)\s*([MG])b", re.IGNORECASE)
_BANDWIDTH = re.compile(r"(\d+)\s*[Kk]bit")


def interfaces(ports: Ports, at: datetime) -> tuple[Interface, ...]:
    """All that was gathered."""
    return tuple(_interface(name, dict(fields), at) for name, fields in ports.items())


def _interface(name: str, fields: dict[str, Any], at: datetime) -> Interface:
    counted = fields.pop("counters", None)
    recovers = fields.pop("recovers_in_s", None)
    closed = fields.get("err_disabled")
    if closed is not None and recovers is not None:
        fields["err_disabled"] = ErrDisabled(
            closed.cause, closed.vendor_cause, closed.vlan, recovers
        )
    counters = Counters(at=at, **counted) if counted else None
    return Interface(name=name, counters=counters, **fields)


def details(ports: Ports, read: Sequence[Row]) -> None:
    """show interfaces."""
    for row in read:
        fields = _of(ports, row["INTERFACE"])
        fields["admin_status"], fields["oper_status"] = _states(
            row["LINK_STATUS"], row["PROTOCOL_STATUS"]
        )
        fields["alias"] = row["DESCRIPTION"] or None
        fields["mac"] = mac_text(row["MAC_ADDRESS"] or row["BIA"])
        fields["mtu"] = _number(row["MTU"])
        fields["duplex"] = _duplex(row["DUPLEX"])
        fields["speed_bps"] = _speed_long(row["SPEED"]) or _bandwidth(row["BANDWIDTH"])
        counted = fields.setdefault("counters", {})
        for field, column in (
            ("in_errors", "INPUT_ERRORS"),
            ("out_errors", "OUTPUT_ERRORS"),
            ("fcs_errors", "CRC"),
            ("in_discards", "QUEUE_DROPS"),
            ("out_discards", "QUEUE_OUTPUT_DROPS"),
        ):
            number = _number(row[column])
            if number is not None:
                counted[field] = number


def status(ports: Ports, read: Sequence[Row]) -> None:
    """show interfaces status."""
    for row in read:
        fields = _of(ports, row["PORT"])
        admin, oper = _STATUS.get(row["STATUS"], (None, None))
        if admin is not None:
            fields.setdefault("admin_status", admin)
        if oper is not None:
            fields.setdefault("oper_status", oper)
        vlan = row["VLAN"]
        if vlan == "trunk":
            fields.setdefault("trunk", True)
        elif vlan.isdigit() and 1 <= int(vlan) <= 4094:
            fields.setdefault("trunk", False)
            fields.setdefault("access_vlan", int(vlan))
        if _duplex(row["DUPLEX"]):
            fields["duplex"] = _duplex(row["DUPLEX"])
        if _speed(row["SPEED"]):
            fields["speed_bps"] = _speed(row["SPEED"])


def err_disabled(ports: Ports, read: Sequence[Row], platform: Platform) -> None:
    """show interfaces status err-disabled; a closing of single VLANs names the first of them."""
    for row in read:
        vlan = _number(re.split(r"[,-]", row["VLANS"])[0])
        _of(ports, row["PORT"])["err_disabled"] = ErrDisabled(
            cause=platform.cause(row["REASON"]), vendor_cause=row["REASON"], vlan=vlan
        )


def recovery(ports: Ports, read: Sequence[Row]) -> None:
    """show errdisable recovery: which closed ports a timer will open, and when."""
    for row in read:
        left = _number(row["LEFT"])
        name = long_name(row["INTERFACE"]) if row["INTERFACE"] else None
        if left is not None and name in ports:
            ports[name]["recovers_in_s"] = left


def switchport(ports: Ports, read: Sequence[Row]) -> None:
    """show interfaces switchport; what is configured counts where a port is down."""
    for row in read:
        if not row["SWITCHPORT"].lower().startswith("enabled"):
            continue
        fields = _of(ports, row["INTERFACE"])
        mode = row["MODE"].lower()
        down = not mode or mode.startswith("down")
        trunk = "trunk" in (row["ADMIN_MODE"].lower() if down else mode)
        fields["trunk"] = trunk
        fields["access_vlan"] = None if trunk else _number(row["ACCESS_VLAN"])
        if row["BUNDLE"]:
            fields["aggregate"] = long_name(row["BUNDLE"])


def counters(ports: Ports, read: Sequence[Row]) -> None:
    """show interfaces counters."""
    for row in read:
        direction = {"In": "in", "Out": "out"}.get(row["DIRECTION"])
        if direction is None:
            continue
        counted = _of(ports, row["PORT"]).setdefault("counters", {})
        for field, column in (
            ("octets", "OCTETS"),
            ("unicast_pkts", "UNICAST"),
            ("multicast_pkts", "MULTICAST"),
            ("broadcast_pkts", "BROADCAST"),
        ):
            counted[f"{direction}_{field}"] = _number(row[column])


def aggregates(ports: Ports, read: Sequence[Row]) -> None:
    """show etherchannel summary."""
    for row in read:
        for member in row["MEMBER_INTERFACE"]:
            _of(ports, member)["aggregate"] = long_name(row["BUNDLE_NAME"])


def _of(ports: Ports, name: str) -> dict[str, Any]:
    return ports.setdefault(long_name(name), {})


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
}


def _states(link: str, protocol: str) -> tuple[AdminStatus | None, OperStatus | None]:
    """`GigabitEthernet1/0/1 is administratively down, line protocol is down (disabled)`."""
    link = link.lower()
    if "administratively down" in link:
        return AdminStatus.DOWN, OperStatus.DOWN
    up = protocol.lower().split(" ")[0]
    oper = {"up": OperStatus.UP, "down": OperStatus.DOWN}.get(up)
    return AdminStatus.UP, oper


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _duplex(text: str) -> str | None:
    found = re.search(r"full|half", text.lower())
    return found[0] if found else None


def _speed(text: str) -> int | None:
    match = _SPEED.match(text)
    if match is None:
        return None
    unit = {"g": 1e9, "t": 1e12}.get((match[2] or "").lower(), 1e6)
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
