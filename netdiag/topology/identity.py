"""Who is who: the device and port that a neighbour row, a MAC or an address speaks of.

An identity that two devices share names neither of them: several devices behind one management
address (a port forwarder), cloned chassis ids, a virtual gateway MAC. Order of trust: chassis id,
then MAC, management address, name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from netdiag.model import Neighbor, Network, Snapshot
from netdiag.names import long_name

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_MAC_DIGITS = re.compile(r"[0-9a-f]{12}")
# "SW-CORE(JAB043408B7)": CatOS and NX-OS put the serial number into the CDP device id.
_SERIAL = re.compile(r"\([^()]*\)$")


@lru_cache(maxsize=1 << 16)
def mac_of(text: str | None) -> str | None:
    """`AA-BB-CC-DD-EE-FF`, `aabb.ccdd.eeff` … -> `aa:bb:cc:dd:ee:ff`; `None` where it is no MAC."""
    if text is None or _MAC.fullmatch(text):
        return text
    digits = re.sub(r"[-:. ]", "", text.strip().lower())
    if _MAC_DIGITS.fullmatch(digits) is None:
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_station(mac: str) -> bool:
    """A unicast address that some station can own: no group address and not all zeros."""
    return mac[1:2] in {*"02468ace"} and mac != "00:00:00:00:00:00"


def device_names(network: Network) -> tuple[str, ...]:
    """Every device there is an inventory entry or a snapshot of, sorted."""
    names = {d.name for d in network.devices}
    names |= {s.device for s in network.snapshots} | {s.device for s in network.history}
    return tuple(sorted(names))


def snapshots_of(network: Network, device: str) -> Iterator[Snapshot]:
    """The current snapshot where the device answered, then the stored ones, newest first."""
    current = network.snapshot(device)
    if current is not None and current.reachable:
        yield current
    yield from network.earlier(device)


class Identities:
    """What each device calls itself, over its current snapshot and its history."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.names = device_names(network)
        self._keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._ports: dict[str, dict[str, str]] = {}
        for device in network.devices:
            self._add("name", device.name, device.name)
            self._add("address", device.address, device.name)
        for name in self.names:
            for snapshot in snapshots_of(network, name):
                self._learn(snapshot)
            self._ports[name] = self._port_index(name)
        self._learn_arp()
        self._owners: dict[str, str | None] = {}

    def _add(self, sort: str, key: str | None, device: str) -> None:
        if not key:
            return
        key = key.strip().lower()
        self._keys[sort, key].add(device)
        if sort == "name" and "." in key:
            self._keys["label", key.split(".", 1)[0]].add(device)
        elif sort == "name":
            self._keys["label", key].add(device)

    def _learn(self, snapshot: Snapshot) -> None:
        self._add("name", snapshot.device, snapshot.device)
        self._add("name", snapshot.sys_name, snapshot.device)
        self._add("address", snapshot.address, snapshot.device)
        self._add("chassis", mac_of(snapshot.chassis_id) or snapshot.chassis_id, snapshot.device)
        for mac in {mac_of(i.mac) for i in snapshot.interfaces} | {mac_of(snapshot.chassis_id)}:
            if mac is not None and is_station(mac):
                self._add("mac", mac, snapshot.device)

    def _learn_arp(self) -> None:
        """The MAC that answers for a device's own management address is the device's."""
        for snapshot in (*self.network.snapshots, *self.network.history):
            for entry in snapshot.arp:
                owner = self._one("address", entry.ip)
                mac = mac_of(entry.mac)
                if owner is not None and mac is not None and is_station(mac):
                    self._add("mac", mac, owner)

    def _port_index(self, device: str) -> dict[str, str]:
        """Every spelling of a port (name, number, MAC, description) that means only that one."""
        spellings: dict[str, set[str]] = defaultdict(set)
        for snapshot in snapshots_of(self.network, device):
            for port in snapshot.interfaces:
                keys = [port.name, long_name(port.name), mac_of(port.mac), port.alias]
                keys.append(None if port.if_index is None else str(port.if_index))
                for key in keys:
                    if key:
                        spellings[key.lower()].add(port.name)
        exact = {i.name.lower(): i.name for s in self._snapshots(device) for i in s.interfaces}
        return {k: min(v) for k, v in spellings.items() if len(v) == 1} | exact

    def _snapshots(self, device: str) -> Iterable[Snapshot]:
        return snapshots_of(self.network, device)

    def _one(self, sort: str, key: str | None) -> str | None:
        found = self._keys.get((sort, key.strip().lower()), set()) if key else set()
        return next(iter(found)) if len(found) == 1 else None

    def add_chassis(self, chassis_id: str, device: str) -> None:
        """A chassis id that proved to be a known device's."""
        self._owners.clear()
        self._add("chassis", mac_of(chassis_id) or chassis_id, device)

    def owner(self, mac: str | None) -> str | None:
        """The device one of whose own MACs that is."""
        if mac is None:
            return None
        if mac not in self._owners:
            own = mac_of(mac)
            found = own and (self._one("chassis", own) or self._one("mac", own))
            self._owners[mac] = found or None
        return self._owners[mac]

    def by_address(self, ip: str | None) -> str | None:
        """The device with that management address, where it is that device's alone."""
        return self._one("address", ip)

    def by_name(self, name: str | None) -> str | None:
        """The device of that name: the inventory's, its own, in full or up to the first dot."""
        if not name:
            return None
        name = _SERIAL.sub("", name.strip())
        return self._one("name", name) or self._one("label", name.split(".", 1)[0])

    def who(self, neighbor: Neighbor) -> str | None:
        """The known device that a neighbour row speaks of."""
        chassis = neighbor.chassis_id
        return (
            self._one("chassis", mac_of(chassis) or chassis)
            or self.owner(chassis)
            or self.by_address(neighbor.management_address)
            or self.by_address(chassis)
            or self.by_name(neighbor.sys_name)
            or self.by_name(chassis)
        )

    def port(self, device: str, neighbor: Neighbor) -> tuple[str | None, bool]:
        """The far port that a neighbour row names, and whether the far device has such a port.

        A device that was never read is taken at its neighbour's word.
        """
        index = self._ports.get(device, {})
        for text in (neighbor.port_id, neighbor.port_description):
            if not text:
                continue
            for key in (text.strip(), long_name(text), mac_of(text)):
                if key and key.lower() in index:
                    return index[key.lower()], True
        if neighbor.port_id is None:
            return None, False
        return long_name(neighbor.port_id), not index and mac_of(neighbor.port_id) is None
