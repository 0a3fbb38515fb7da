"""Builds networks for tests: a tree of switches with hosts, and then what goes wrong in it.

    campus = Campus.default()
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL).unreachable("acc-2")
    network = campus.network()

FDBs, LLDP and ARP tables are computed from the wiring, as a calm network would have learned them.
`remember()` stores the present state as history; changes made afterwards are the incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from netdiag.model import (
    AdminStatus,
    ArpEntry,
    AuthorizedDhcpServer,
    Baseline,
    Capture,
    Device,
    DhcpServer,
    ErrDisableCause,
    ErrDisabled,
    FdbEntry,
    Interface,
    LogEvent,
    Neighbor,
    Network,
    OperStatus,
    Rate,
    Role,
    Site,
    Snapshot,
    SourceError,
    Storm,
)
from netdiag.names import long_name

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
USERS, MANAGEMENT = 10, 99
LEGIT = AuthorizedDhcpServer("10.10.0.2", "00:16:3e:00:00:02", (USERS,))
SITE = Site(dhcp_servers=(LEGIT,), sensors=("lab:noc",))
ROUTER_MAC = "50:c7:bf:11:22:33"


@dataclass(frozen=True)
class Host:
    name: str
    mac: str
    switch: str
    port: str
    vlan: int
    ip: str | None


@dataclass
class Campus:
    """A mutable wiring plan; `network()` freezes what netdiag would have collected from it."""

    at: datetime = AT
    lldp: bool = True
    devices: dict[str, Device] = field(default_factory=dict)
    ports: dict[str, dict[str, Interface]] = field(default_factory=dict)
    cables: list[tuple[str, str, str, str]] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """Switches that speak no LLDP."""
    dark: set[str] = field(default_factory=set)
    history: list[Snapshot] = field(default_factory=list)
    logs: list[LogEvent] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    baselines: list[Baseline] = field(default_factory=list)
    rates: dict[tuple[str, str], float] = field(default_factory=dict)
    passing: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    """Other rates of a port, by Rate's own names."""
    extra_fdb: dict[str, list[FdbEntry]] = field(default_factory=lambda: defaultdict(list))
    site: Site = SITE
    users: int = USERS
    management: int = MANAGEMENT

    # --- wiring ---

    @classmethod
    def default(cls, *, lldp: bool = True) -> Campus:
        """Case one's campus: a core, three access switches, eight desks each."""
        campus = cls(lldp=lldp).switch("core-1", 20, Role.CORE)
        for n in (1, 2, 3):
            campus.switch(f"acc-{n}", 24).cable("core-1", f"Gi1/0/{n}", f"acc-{n}", "Gi1/0/24")
            for desk in range(1, 9):
                campus.host(f"pc-{n}-{desk}", f"acc-{n}", f"Gi1/0/{desk}", ip=f"10.10.{n}.{desk}")
            campus.desks(f"acc-{n}", {f"Gi1/0/{d}": f"{n}F-{100 + d}" for d in range(1, 13)})
        campus.host("dhcp", "core-1", "Gi1/0/10", ip="10.10.0.2", mac=LEGIT.mac)
        return campus.host("noc", "core-1", "Gi1/0/20", ip="10.10.0.9")

    def switch(
        self,
        name: str,
        ports: int = 24,
        role: Role = Role.ACCESS,
        *,
        style: str = "GigabitEthernet1/0/{}",
    ) -> Campus:
        n = len(self.devices) + 1
        self.devices[name] = Device(name, f"10.99.0.{n}", "cisco_ios", f"HQ/{n}F", role)
        self.ports[name] = {
            p: Interface(
                name=p,
                if_index=10100 + k,
                if_type=6,
                mac=f"00:1b:54:{n:02x}:00:{k:02x}",
                admin_status=AdminStatus.UP,
                oper_status=OperStatus.DOWN,
                access_vlan=self.users,
                last_change_s=86400.0,
            )
            for k in range(1, ports + 1)
            for p in [long_name(style.format(k))]
        }
        return self

    def mac(self, switch: str) -> str:
        """The switch's own (management and chassis) address."""
        n = list(self.devices).index(switch) + 1
        return f"00:1b:54:{n:02x}:00:00"

    def cable(self, a: str, port_a: str, b: str, port_b: str) -> Campus:
        self.cables.append((a, long_name(port_a), b, long_name(port_b)))
        for device, port in ((a, port_a), (b, port_b)):
            self.change(device, port, oper_status=OperStatus.UP, trunk=True, access_vlan=None)
        return self

    def desks(self, switch: str, labels: dict[str, str]) -> Campus:
        pairs = tuple((long_name(p), label) for p, label in labels.items())
        self.devices[switch] = replace(self.devices[switch], desks=pairs)
        return self

    def host(
        self, name: str, switch: str, port: str, *, ip: str | None = None, mac: str | None = None
    ) -> Campus:
        n = len(self.hosts) + 1
        mac = mac or f"00:16:3e:01:{n // 256:02x}:{n % 256:02x}"
        self.hosts.append(Host(name, mac, switch, long_name(port), self.users, ip))
        return self.change(switch, port, oper_status=OperStatus.UP)

    def unplug(self, host: str) -> Campus:
        gone = next(h for h in self.hosts if h.name == host)
        self.hosts.remove(gone)
        return self.change(gone.switch, gone.port, oper_status=OperStatus.DOWN)

    # --- what goes wrong ---

    def change(self, device: str, port: str, **facts: object) -> Campus:
        name = long_name(port)
        self.ports[device][name] = replace(self.ports[device][name], **facts)  # type: ignore[arg-type]
        return self

    def err_disable(
        self, device: str, port: str, cause: ErrDisableCause, *, since_s: float = 60.0
    ) -> Campus:
        closed = ErrDisabled(cause, cause.value)
        facts = {"oper_status": OperStatus.DOWN, "err_disabled": closed, "last_change_s": since_s}
        self.change(device, port, **facts)
        return self._far_end_down(device, port)

    def shut(self, device: str, port: str) -> Campus:
        facts = {"oper_status": OperStatus.DOWN, "admin_status": AdminStatus.DOWN}
        return self.change(device, port, **facts)._far_end_down(device, port)

    def cut(self, device: str, port: str) -> Campus:
        """Pulls the cable of that port."""
        self.change(device, port, oper_status=OperStatus.DOWN, last_change_s=60.0)
        return self._far_end_down(device, port)

    def _far_end_down(self, device: str, port: str) -> Campus:
        for a, pa, b, pb in self.cables:
            if (a, pa) == (device, long_name(port)):
                self.change(b, pb, oper_status=OperStatus.DOWN, last_change_s=60.0)
            if (b, pb) == (device, long_name(port)):
                self.change(a, pa, oper_status=OperStatus.DOWN, last_change_s=60.0)
        return self

    def unreachable(self, *names: str) -> Campus:
        self.dark.update(names)
        return self

    def learn(self, switch: str, mac: str, port: str, vlan: int | None = None) -> Campus:
        """An FDB entry beyond what the wiring gives."""
        entry = FdbEntry(mac, long_name(port), None, vlan or self.users, "learned")
        self.extra_fdb[switch].append(entry)
        return self

    def rate(self, device: str, port: str, in_broadcast_pps: float) -> Campus:
        self.rates[device, long_name(port)] = in_broadcast_pps
        return self

    def log(
        self,
        event: str,
        device: str,
        port: str | None = None,
        *,
        ago_s: float = 60.0,
        other: str | None = None,
        mac: str | None = None,
        cause: ErrDisableCause | None = None,
    ) -> Campus:
        self.logs.append(
            LogEvent(
                at=self.at - timedelta(seconds=ago_s),
                device=device,
                mnemonic=event.upper(),
                event=event,
                interface=long_name(port) if port else None,
                other_interface=long_name(other) if other else None,
                vlan=self.users if mac else None,
                mac=mac,
                cause=cause,
                raw=f"%{event.upper()}: {port or ''} {other or ''} {mac or ''}".strip(),
            )
        )
        return self

    def hear(self, *, rogue: bool = True, ago_s: float = 5.0, probe: bool = True) -> Campus:
        """A probe (or a listening capture) that heard the legitimate server, and the router too."""
        at = self.at - timedelta(seconds=ago_s)
        servers = [self._server(str(LEGIT.mac), LEGIT.ip, LEGIT.ip, at)]
        if rogue:
            servers.append(self._server(ROUTER_MAC, "192.168.0.1", "192.168.0.1", at))
        return self.capture(
            Capture(
                source="lab:noc",
                packets=20,
                first=at,
                last=at,
                dhcp_servers=tuple(servers),
                probes_sent=2 if probe else 0,
                probed_vlans=(None,) if probe else (),
            )
        )

    def _server(self, mac: str, ip: str, router: str, at: datetime) -> DhcpServer:
        vendor = "TP-Link" if mac == ROUTER_MAC else None
        facts = {
            "vendor": vendor,
            "offers": 2,
            "routers": (router,),
            "subnet_mask": "255.255.255.0" if vendor else "255.255.0.0",
            "stacks": ((),),
            "first": at,
            "last": at,
        }
        return DhcpServer(ip, ip, mac, **facts)  # type: ignore[arg-type]

    def storm_on_wire(self, *, repeat: float = 0.97, mac: str | None = None) -> Campus:
        start = self.at - timedelta(seconds=50)
        storm = Storm(
            "broadcast",
            start,
            start + timedelta(seconds=5),
            4000.0,
            250000.0,
            (USERS,),
            ((mac or self.hosts[0].mac, 0.9 if mac else 0.2),),
            repeat,
            "loop" if repeat > 0.9 else "single-source",
        )
        return self.capture(Capture(source="lab:noc", first=start, last=self.at, storms=(storm,)))

    def capture(self, capture: Capture) -> Campus:
        self.captures.insert(0, capture)
        return self

    def usual(self, pps: float = 2.0) -> Campus:
        """A baseline for every port."""
        for device, ports in self.ports.items():
            up = [p for p, port in ports.items() if port.oper_status is OperStatus.UP]
            self.baselines += [Baseline(device, p, pps, 12) for p in up]
        return self

    # --- what netdiag collects of it ---

    def remember(self, *, age_s: float = 1800.0, only: Iterable[str] | None = None) -> Campus:
        """Stores the present state as good snapshots of that age."""
        names = list(self.devices if only is None else only)
        at = self.at - timedelta(seconds=age_s)
        stored = [replace(self._snapshot(n), at=at, rates=()) for n in names]
        self.history = stored + self.history
        self.history.sort(key=lambda s: s.at, reverse=True)
        return self

    def network(self) -> Network:
        snapshots = [self._dark(n) if n in self.dark else self._snapshot(n) for n in self.devices]
        return Network(
            at=self.at,
            devices=tuple(self.devices.values()),
            site=self.site,
            snapshots=tuple(snapshots),
            history=tuple(self.history),
            captures=tuple(self.captures),
            log=tuple(self.logs),
            baselines=tuple(self.baselines),
        )

    def _dark(self, name: str) -> Snapshot:
        error = SourceError("snmp", "sysDescr", "no answer within 2 s, 3 tries")
        address = self.devices[name].address
        return Snapshot(name, address, self.at, reachable=False, errors=(error,))

    def _snapshot(self, name: str) -> Snapshot:
        device = self.devices[name]
        return Snapshot(
            device=name,
            address=device.address,
            at=self.at,
            reachable=True,
            platform=device.platform,
            sys_name=name,
            chassis_id=self.mac(name),
            interfaces=tuple(self.ports[name].values()),
            rates=tuple(
                self._rate(name, p)
                for p in self.ports[name].values()
                if p.oper_status is OperStatus.UP or (name, p.name) in self.rates
            ),
            fdb=(*self._fdb(name), *self.extra_fdb[name]),
            neighbors=tuple(self._neighbors(name)),
            arp=tuple(self._arp(name)) if device.role is Role.CORE else (),
            sources=("snmp",),
        )

    def _rate(self, name: str, port: Interface) -> Rate:
        more = self.passing.get((name, port.name), {})
        return Rate(port.name, 5.0, in_broadcast_pps=self.rates.get((name, port.name), 2.0), **more)

    def _up(self, device: str, port: str) -> bool:
        return self.ports[device][port].oper_status is OperStatus.UP

    def _reach(self, name: str, through: str) -> set[str]:
        """Switches reached from a port of `name`, over cables that are up."""
        seen: set[str] = {name}
        todo = list(self._next(name, through))
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += [b for p in self.ports[at] for b in self._next(at, p)]
        return seen - {name}

    def _next(self, device: str, port: str) -> list[str]:
        ends = [(a, pa, b, pb) for a, pa, b, pb in self.cables]
        ends += [(b, pb, a, pa) for a, pa, b, pb in self.cables]
        return [b for a, pa, b, _ in ends if (a, pa) == (device, port) and self._up(a, pa)]

    def _fdb(self, name: str) -> list[FdbEntry]:
        entries = [
            FdbEntry(h.mac, h.port, None, h.vlan, "learned")
            for h in self.hosts
            if h.switch == name and self._up(name, h.port)
        ]
        for port in self.ports[name]:
            for far in sorted(self._reach(name, port)):
                entries.append(FdbEntry(self.mac(far), port, None, self.management, "learned"))
                entries += [
                    FdbEntry(h.mac, port, None, h.vlan, "learned")
                    for h in self.hosts
                    if h.switch == far and self._up(far, h.port)
                ]
        return entries

    def _neighbors(self, name: str) -> list[Neighbor]:
        """LLDP keeps a neighbour for its time to live, also when the link has just gone."""
        if not self.lldp or name in self.silent:
            return []
        found = []
        for a, pa, b, pb in self.cables:
            for mine, port, far, far_port in ((a, pa, b, pb), (b, pb, a, pa)):
                if mine == name and far not in self.silent:
                    address = self.devices[far].address
                    row = Neighbor(port, "lldp", self.mac(far), far_port, 5, None, far, address)
                    found.append(row)
        return found

    def _arp(self, name: str) -> list[ArpEntry]:
        entries = [ArpEntry(h.ip, h.mac, f"Vlan{self.users}") for h in self.hosts if h.ip]
        others = [d for d in self.devices.values() if d.name != name]
        return entries + [
            ArpEntry(d.address, self.mac(d.name), f"Vlan{self.management}") for d in others
        ]


def home_router(cables: int = 2, *, ports: tuple[str, str] = ("Gi1/0/5", "Gi1/0/6")) -> Campus:
    """Case one up to the moment of the calls; the evidence about the desk is left to the test."""
    campus = Campus.default().usual().remember(age_s=3600.0, only=["core-1", "acc-1", "acc-3"])
    campus.unplug("pc-2-5")
    if cables == 1:
        campus.host("router", "acc-2", ports[0], mac=ROUTER_MAC)
        return campus.hear()
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL, since_s=60.0)
    closed = ErrDisableCause.STORM_CONTROL
    campus.log("storm", "core-1", "Gi1/0/2", ago_s=60.0, cause=closed)
    campus.log("err-disabled", "core-1", "Gi1/0/2", ago_s=60.0, cause=closed)
    campus.log("link-down", "core-1", "Gi1/0/2", ago_s=59.0)
    return campus.unreachable("acc-2").hear(ago_s=600.0).hear(rogue=False)
