"""What show commands say of addresses, neighbours and spanning trees."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from netdiag.decode import capabilities
from netdiag.decode.mib_address import mac_text
from netdiag.decode.table import Columns, Row, first
from netdiag.model import ArpEntry, FdbEntry, Neighbor, Stp, StpPort
from netdiag.names import long_name

# A port of any make: "Gi1/0/1", "ge-0/0/1.0", "1/1/1", "A7", "Trk1", "Eth-Trunk1", "ether3", "1"; not
# `CPU`, `Router`, `Switch` or `Drop`.
_PORT = re.compile(r"^(?=\S*\d)[A-Za-z0-9][\w./:-]*$")
_NO_PORT = re.compile(r"^(?:cpu|sup|router|switch|drop|vxlan|nve|vplex?)", re.IGNORECASE)
Naming = Callable[[str], str]
"""The long name of a port as its device prints it."""
_UNITS = (
    ("year", 365 * 86400),
    ("week", 7 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
)
# By how the word begins: "dynamic", "DLR" and "D" (Junos: dynamic), "Learned", "Config static", "sticky".
_FDB_STATUS = {
    "dyn": "learned",
    "lear": "learned",
    "d": "learned",
    "port-access": "learned",
    "stat": "mgmt",
    "sec": "mgmt",
    "stick": "mgmt",
    "conf": "mgmt",
    "self": "self",
    "system": "self",
}
_STP_STATE = {
    "BLK": "blocking",
    "BLO": "blocking",
    "FWD": "forwarding",
    "FOR": "forwarding",
    "LRN": "learning",
    "LEA": "learning",
    "LIS": "listening",
    "BKN": "broken",
    "DIS": "disabled",
    "ALT": "blocking",
}
_STP_ROLE = {
    "root": "root",
    "desg": "designated",
    "desi": "designated",
    "altn": "alternate",
    "alte": "alternate",
    "back": "backup",
    "mast": "master",
    "disa": "disabled",
    # EXOS prints the letter alone.
    "r": "root",
    "d": "designated",
    "a": "alternate",
    "b": "backup",
    "m": "master",
}


def up_time(text: str) -> float | None:
    """`2 years, 31 weeks, 6 days, 9 hours, 55 minutes` in seconds."""
    found = [(unit, re.search(rf"(\d+)\s+{unit}", text)) for unit, _ in _UNITS]
    seconds = dict(_UNITS)
    parts = [int(match[1]) * seconds[unit] for unit, match in found if match]
    return float(sum(parts)) if parts else None


def fdb(read: Sequence[Columns], port: Naming = long_name) -> tuple[FdbEntry, ...]:
    """show mac address-table; the switch's own addresses are kept, as `self`."""
    entries = []
    for row in read:
        mac = mac_text(row["MAC"])
        if mac is None:
            continue
        said = row["PORTS"]
        listed = [
            port(p) for p in (_ports(said) if isinstance(said, str) else _ports(" ".join(said)))
        ]
        # RouterOS flags its own addresses L, and those that it learned D.
        flagged = "self" if row["LOCAL"] else "dynamic" if row["DYNAMIC"] else ""
        status = _fdb_status(row["TYPE"] or flagged)
        if status == "mgmt" and not listed:
            status = "self"
        vlan = _vlan(row["VLAN"])
        places: list[str | None] = [*listed] or [None]
        entries += [FdbEntry(mac=mac, interface=name, vlan=vlan, status=status) for name in places]
    return tuple(entries)


@lru_cache(maxsize=4096)
def _ports(text: str) -> tuple[str, ...]:
    """`Gi1/2,Gi1/4`: a static entry may lead to several ports."""
    # OS9 and RGOS write a blank inside a name: "Gi 1/21".
    words = re.split(r"[,\s]+", re.sub(r"(?<![\w/])([A-Za-z][A-Za-z-]+) (?=\d)", r"\1", text))
    return tuple(w for w in words if _PORT.match(w) and not _NO_PORT.match(w))


@lru_cache(maxsize=256)
def _fdb_status(word: str) -> str | None:
    """`None` where the table has no such column: ProCurve lists what it learned."""
    word = word.strip().lower()
    if not word:
        return None
    return next((s for w, s in _FDB_STATUS.items() if word.startswith(w)), "other")


def lldp(read: Sequence[Columns], port: Naming = long_name) -> tuple[Neighbor, ...]:
    """show lldp neighbors detail."""
    return tuple(
        Neighbor(
            interface=port(row["LOCAL_INTERFACE"]) or None,
            protocol="lldp",
            chassis_id=_address(row["CHASSIS_ID"]),
            port_id=_address(row["NEIGHBOR_PORT_ID"]),
            port_description=_said(row["NEIGHBOR_INTERFACE"]),
            sys_name=_said(first(row["NEIGHBOR_NAME"])),
            management_address=_ip(first(row["MGMT_ADDRESS"])),
            platform=_said(first(row["NEIGHBOR_DESCRIPTION"])),
            capabilities=capabilities.of_text(first(row["CAPABILITIES"])),
        )
        for row in read
    )


def cdp(read: Sequence[Columns], port: Naming = long_name) -> tuple[Neighbor, ...]:
    """show cdp neighbors detail."""
    neighbors = []
    for row in read:
        device_id = row["NEIGHBOR_NAME"]
        mac = mac_text(device_id)
        # NX-OS appends its serial number: "core-2(FOX1234ABCD)".
        name = re.sub(r"\([^)]*\)$", "", device_id)
        neighbors.append(
            Neighbor(
                interface=port(row["LOCAL_INTERFACE"]) or None,
                protocol="cdp",
                chassis_id=mac or device_id or None,
                port_id=_said(row["NEIGHBOR_INTERFACE"]),
                sys_name=None if mac else _said(name),
                management_address=_ip(row["MGMT_ADDRESS"]),
                platform=_said(row["PLATFORM"]),
                capabilities=capabilities.of_text(row["CAPABILITIES"]),
            )
        )
    return tuple(neighbors)


def arp(read: Sequence[Columns], port: Naming = long_name) -> tuple[ArpEntry, ...]:
    """show ip arp; an incomplete entry has no address to tell."""
    entries = []
    for row in read:
        mac, ip = mac_text(row["MAC_ADDRESS"]), _ip(row["IP_ADDRESS"])
        if mac is not None and ip is not None and mac != "ff:ff:ff:ff:ff:ff":
            interface = port(row["INTERFACE"]) or None
            entries.append(ArpEntry(ip=ip, mac=mac, interface=interface))
    return tuple(entries)


def stp(read: Sequence[Columns], port: Naming = long_name) -> tuple[Stp, ...]:
    """show spanning-tree: the row of an instance, then those of its ports."""
    heads: dict[str, Row] = {}
    ports: dict[str, list[StpPort]] = {}
    for row in read:
        instance = row["INSTANCE"] or (f"VLAN{row['VLAN_ID']}" if row["VLAN_ID"] else "")
        # A table without the root (VRP, Junos) starts with the ports.
        heads.setdefault(instance, row)
        ports.setdefault(instance, [])
        if row["INTERFACE"]:
            role = _STP_ROLE.get(row["ROLE"][:4].lower(), row["ROLE"].lower())
            state = _STP_STATE.get(row["STATE"][:3].upper())
            ports[instance].append(StpPort(port(row["INTERFACE"]), state, role))
    return tuple(_instance(name, row, ports[name], port) for name, row in heads.items())


def _instance(name: str, row: Row, ports: list[StpPort], port: Naming) -> Stp:
    mac = mac_text(row["ROOT_ADDRESS"])
    root_port = port(row["ROOT_PORT"]) if row["ROOT_PORT"] else None
    return Stp(
        vlan=_vlan(name.removeprefix("VLAN")) if name.startswith("VLAN") else None,
        root=f"{_priority(row)}.{mac}" if mac else None,
        is_root=bool(row["IS_ROOT"]) if mac else None,
        root_port=root_port,
        ports=tuple(ports),
    )


def _priority(row: Row) -> int:
    in_hex = row["ROOT_PRIORITY_HEX"]
    return int(in_hex, 16) if in_hex else int(row["ROOT_PRIORITY"] or 0)


@lru_cache(maxsize=4096)
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
