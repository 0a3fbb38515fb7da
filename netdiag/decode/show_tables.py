"""What show commands say of addresses, neighbours and spanning trees."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from netdiag.decode.mib_address import mac_text
from netdiag.decode.table import Row
from netdiag.model import ArpEntry, FdbEntry, Neighbor, Stp, StpPort
from netdiag.names import long_name

# A port, not `CPU`, `Router`, `Switch` or `Drop`.
_PORT = re.compile(r"^[A-Za-z][A-Za-z-]*\d[\d/.:]*$")
_UNITS = (
    ("year", 365 * 86400),
    ("week", 7 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
)
_FDB_STATUS = {"dynamic": "learned", "static": "mgmt", "self": "self", "secure": "mgmt"}
_STP_STATE = {
    "BLK": "blocking",
    "FWD": "forwarding",
    "LRN": "learning",
    "LIS": "listening",
    "BKN": "broken",
    "DIS": "disabled",
}
_STP_ROLE = {"root": "root", "desg": "designated", "altn": "alternate", "back": "backup"}


def up_time(text: str) -> float | None:
    """`2 years, 31 weeks, 6 days, 9 hours, 55 minutes` in seconds."""
    found = [(unit, re.search(rf"(\d+)\s+{unit}", text)) for unit, _ in _UNITS]
    seconds = dict(_UNITS)
    parts = [int(match[1]) * seconds[unit] for unit, match in found if match]
    return float(sum(parts)) if parts else None


def fdb(read: Sequence[Row]) -> tuple[FdbEntry, ...]:
    """show mac address-table; the switch's own addresses are kept, as `self`."""
    entries = []
    for row in read:
        mac = mac_text(row["MAC"])
        if mac is None:
            continue
        # "Gi1/2,Gi1/4": a static entry may lead to several ports.
        listed = [p for p in re.split(r"[,\s]+", row["PORTS"]) if _PORT.match(p)]
        status = _FDB_STATUS.get(row["TYPE"].lower(), "other")
        if status == "mgmt" and not listed:
            status = "self"
        vlan = _vlan(row["VLAN"])
        for port in listed or [None]:
            name = None if port is None else long_name(port)
            entries.append(FdbEntry(mac=mac, interface=name, vlan=vlan, status=status))
    return tuple(entries)


def lldp(read: Sequence[Row]) -> tuple[Neighbor, ...]:
    """show lldp neighbors detail."""
    return tuple(
        Neighbor(
            interface=long_name(row["LOCAL_INTERFACE"]) or None,
            protocol="lldp",
            chassis_id=_address(row["CHASSIS_ID"]),
            port_id=_address(row["NEIGHBOR_PORT_ID"]),
            port_description=_said(row["NEIGHBOR_INTERFACE"]),
            sys_name=_said(row["NEIGHBOR_NAME"]),
            management_address=_ip(row["MGMT_ADDRESS"]),
            platform=_said(row["NEIGHBOR_DESCRIPTION"]),
        )
        for row in read
    )


def cdp(read: Sequence[Row]) -> tuple[Neighbor, ...]:
    """show cdp neighbors detail."""
    neighbors = []
    for row in read:
        device_id = row["NEIGHBOR_NAME"]
        mac = mac_text(device_id)
        # NX-OS appends its serial number: "core-2(FOX1234ABCD)".
        name = re.sub(r"\([^)]*\)$", "", device_id)
        neighbors.append(
            Neighbor(
                interface=long_name(row["LOCAL_INTERFACE"]) or None,
                protocol="cdp",
                chassis_id=mac or device_id or None,
                port_id=_said(row["NEIGHBOR_INTERFACE"]),
                sys_name=None if mac else _said(name),
                management_address=_ip(row["MGMT_ADDRESS"]),
                platform=_said(row["PLATFORM"]),
            )
        )
    return tuple(neighbors)


def arp(read: Sequence[Row]) -> tuple[ArpEntry, ...]:
    """show ip arp; an incomplete entry has no address to tell."""
    entries = []
    for row in read:
        mac, ip = mac_text(row["MAC_ADDRESS"]), _ip(row["IP_ADDRESS"])
        if mac is not None and ip is not None:
            interface = long_name(row["INTERFACE"]) or None
            entries.append(ArpEntry(ip=ip, mac=mac, interface=interface))
    return tuple(entries)


def stp(read: Sequence[Row]) -> tuple[Stp, ...]:
    """show spanning-tree: the row of an instance, then those of its ports."""
    heads: dict[str, Row] = {}
    ports: dict[str, list[StpPort]] = {}
    for row in read:
        instance = row["INSTANCE"]
        if not row["INTERFACE"]:
            heads.setdefault(instance, row)
            ports.setdefault(instance, [])
        elif instance in ports:
            role = _STP_ROLE.get(row["ROLE"].lower(), row["ROLE"].lower())
            name = long_name(row["INTERFACE"])
            ports[instance].append(StpPort(name, _STP_STATE.get(row["STATE"]), role))
    return tuple(_instance(name, row, ports[name]) for name, row in heads.items())


def _instance(name: str, row: Row, ports: list[StpPort]) -> Stp:
    mac = mac_text(row["ROOT_ADDRESS"])
    root_port = long_name(row["ROOT_PORT"]) if row["ROOT_PORT"] else None
    return Stp(
        vlan=_vlan(name.removeprefix("VLAN")) if name.startswith("VLAN") else None,
        root=f"{int(row['ROOT_PRIORITY'] or 0)}.{mac}" if mac else None,
        is_root=bool(row["IS_ROOT"]) if mac else None,
        root_port=root_port,
        ports=tuple(ports),
    )


def _vlan(text: str) -> int | None:
    digits = text.lstrip("0")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0
    return number if 1 <= number <= 4094 else None


def _said(text: str) -> str | None:
    text = text.strip()
    return None if not text or "not advertised" in text else text


def _address(text: str) -> str | None:
    """A MAC in the model's notation, anything else as it was."""
    return mac_text(text.strip()) or _said(text)


def _ip(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return None
