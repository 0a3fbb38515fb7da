"""Crawls a network from seeds: asks each device who its LLDP and CDP neighbours are, and asks those.

Rules: a device is entered once, however many addresses and neighbours it has; credentials are tried
in the order given, each once a device; only addresses within the given networks are asked; who was
not entered is listed with the reason and with who saw it. Nothing is changed anywhere.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from netdiag import platforms
from netdiag.access import SnmpAccess, SshAccess, Target
from netdiag.model import Device, Neighbor, Snapshot

MOST = 2_000
TABLES = frozenset(
    {
        "ifTable", "ifXTable", "lldpLocPortTable", "lldpRemTable", "lldpRemManAddrTable",
        "cdpInterfaceTable", "cdpCacheTable", "dot1dBasePortTable",
    }
)  # fmt: skip
"""What a crawl reads of a device: who it is and whom it sees."""
_FORWARDS = frozenset({"bridge", "router", "repeater", "other"})
# Where it does not say what it does: SEP001122334455, "Cisco IP Phone 7945", AIR-LAP1142N, "Polycom VVX"
_STATION = re.compile(
    r"^SEP[0-9A-F]{12}|ip.?phone|polycom|yealink|avaya|\bphone\b|AIR-(?:L?AP|CAP)|printer|camera|"
    r"windows|vmware|access point",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Entered:
    """A device that answered."""

    target: Target
    snapshot: Snapshot
    seen_from: str | None
    """`DEVICE PORT` of the neighbour that named it; `None`: a seed."""
    access: int = 0
    """Which of the credentials it took."""


@dataclass(frozen=True, slots=True)
class NotEntered:
    """A device that is there, or should be, and told nothing."""

    name: str
    address: str | None
    seen_from: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """Who was entered, who was not and why; `stations` are phones, access points and the like."""

    entered: tuple[Entered, ...]
    not_entered: tuple[NotEntered, ...]
    stations: tuple[NotEntered, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to enter devices, and how far to go."""

    snmp: tuple[SnmpAccess, ...]
    """Tried in this order."""
    ssh: SshAccess | None = None
    within: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    """Empty: private and loopback addresses, and the seeds."""
    most: int = MOST
    concurrency: int = 64


@dataclass(frozen=True, slots=True)
class _Lead:
    """An address to ask, and who gave it."""

    address: str
    port: int | None
    name: str
    seen_from: str | None
    descr: str | None = None


def crawl(
    seeds: Sequence[tuple[str, int | None]],
    settings: Settings,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> Discovery:
    """Breadth first: all that one round found is asked at once in the next."""
    found = _Crawl(settings)
    leads = [_Lead(host, port, host, None) for host, port in seeds]
    while leads:
        tell(f"asking {len(leads)} devices")
        found.ask(leads)
        leads = list(found.next_leads())
        if len(found.entered) + len(leads) > settings.most:
            room = max(0, settings.most - len(found.entered))
            found.leave(leads[room:], f"the limit of {settings.most} devices was reached")
            leads = leads[:room]
    return Discovery(tuple(found.entered), tuple(found.missed()), tuple(found.stations))


def _is_station(neighbor: Neighbor, name: str) -> bool:
    """A phone, an access point, a host: by what it says it does, else by how it is called."""
    does = set(neighbor.capabilities)
    if does & {"telephone", "wlanAccessPoint"} or (does and not does & _FORWARDS):
        return True
    # An access point that speaks only CDP calls itself a bridge, as switches do.
    named = _STATION.search(f"{name}\n{neighbor.platform or ''}")
    return bool(named) and not (does and neighbor.protocol == "lldp")


class _Crawl:
    """What is known so far."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.entered: list[Entered] = []
        self.stations: list[NotEntered] = []
        self._failed: list[NotEntered] = []
        self._asked: set[str] = set()
        self._identities: set[str] = set()
        self._fresh: list[Entered] = []

    def ask(self, leads: Sequence[_Lead]) -> None:
        """Asks all of them, by SNMP with each credential in turn, then by SSH."""
        self._fresh = []
        self._asked.update(lead.address for lead in leads)
        remaining = list(leads)
        reasons: dict[str, str] = {}
        for number, access in enumerate(self.settings.snmp):
            remaining = self._by_snmp(remaining, access, number, reasons)
        for lead in self._by_ssh(remaining, reasons):
            why = reasons.get(lead.address, "no credential was given")
            self._failed.append(NotEntered(lead.name, lead.address, lead.seen_from, why))

    def _by_snmp(
        self, leads: list[_Lead], access: SnmpAccess, number: int, reasons: dict[str, str]
    ) -> list[_Lead]:
        from netdiag.collect import snmp

        targets = [
            Target(
                Device(lead.address, lead.address),
                replace(access, port=lead.port or access.port),
                self.settings.ssh,
            )
            for lead in leads
        ]
        if not targets:
            return []
        snapshots = snmp.poll(targets, only=TABLES, concurrency=self.settings.concurrency)
        refused = []
        for lead, target, snapshot in zip(leads, targets, snapshots, strict=True):
            if snapshot.reachable:
                self._enter(Entered(target, snapshot, lead.seen_from, number))
            else:
                message = "; ".join(e.message for e in snapshot.errors)
                reasons[lead.address] = message or "no answer"
                refused.append(lead)
        return refused

    def _by_ssh(self, leads: list[_Lead], reasons: dict[str, str]) -> Iterator[_Lead]:
        """Only where the neighbour's word tells the platform: which command line it speaks is not guessed."""
        from netdiag.collect import ssh

        for lead in leads:
            known = platforms.recognise(None, lead.descr)
            if self.settings.ssh is None or known is None or not known.prepare:
                yield lead
                continue
            device = Device(lead.address, lead.address, known.name)
            target = Target(device, ssh=self.settings.ssh)
            snapshot = ssh.poll(target)
            if snapshot.sources:
                self._enter(Entered(target, snapshot, lead.seen_from))
            else:
                messages = "; ".join(e.message for e in snapshot.errors)
                reasons[lead.address] = "; ".join(
                    m for m in (reasons.get(lead.address), messages) if m
                )
                yield lead

    def _enter(self, one: Entered) -> None:
        """Once a device: its chassis, else its name and make, tell that two addresses are one."""
        snapshot = one.snapshot
        identity = snapshot.chassis_id or f"{snapshot.sys_name} {snapshot.sys_object_id}"
        if identity.strip() and identity in self._identities:
            return
        self._identities.add(identity)
        self.entered.append(one)
        self._fresh.append(one)

    def next_leads(self) -> Iterator[_Lead]:
        """The neighbours of those just entered, each new address once."""
        for one in self._fresh:
            name = one.snapshot.sys_name or one.target.device.address
            for neighbor in one.snapshot.neighbors:
                lead = self._lead(neighbor, f"{name} {neighbor.interface or '?'}")
                if lead is not None:
                    self._asked.add(lead.address)
                    yield lead

    def _lead(self, neighbor: Neighbor, seen_from: str) -> _Lead | None:
        name = neighbor.sys_name or neighbor.chassis_id or "a device without a name"
        address = neighbor.management_address
        if neighbor.chassis_id in self._identities or (address and address in self._asked):
            return None
        if _is_station(neighbor, name):
            self.stations.append(
                NotEntered(name, address, seen_from, neighbor.platform or "no switch")
            )
            return None
        if address is None:
            why = "it gives no management address"
            self._failed.append(NotEntered(name, None, seen_from, why))
            return None
        if not self._within(address):
            self._asked.add(address)
            self.leave([_Lead(address, None, name, seen_from)], "outside the networks to crawl")
            return None
        return _Lead(address, None, name, seen_from, neighbor.platform)

    def _within(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if not self.settings.within:
            return ip.is_private or ip.is_loopback
        return any(ip in network for network in self.settings.within)

    def leave(self, leads: Iterable[_Lead], why: str) -> None:
        self._failed += [NotEntered(le.name, le.address, le.seen_from, why) for le in leads]

    def missed(self) -> Iterator[NotEntered]:
        """Without those that were entered by another address or seen by several neighbours."""
        entered = {e.snapshot.sys_name for e in self.entered if e.snapshot.sys_name}
        entered |= {n.split(".")[0] for n in entered}
        told: set[tuple[str, str | None]] = set()
        for one in self._failed:
            known = one.name in self._identities or one.name.split(".")[0] in entered
            key = (one.name, one.address)
            if not (known and one.address is None) and key not in told and one.name not in entered:
                told.add(key)
                yield one
