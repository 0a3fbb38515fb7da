"""What netdiag concludes: findings, causes, plans and advice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from netdiag.model.device import Role


class Kind(StrEnum):
    """One incident, one name (contract: "Kinds")."""

    ROGUE_DHCP_SERVER = "rogue-dhcp-server"
    ROGUE_DHCP6_SERVER = "rogue-dhcp6-server"
    ROGUE_ROUTER_ADVERTISEMENT = "rogue-router-advertisement"
    DHCP_SERVER_DOWN = "dhcp-server-down"
    DHCP_POOL_EXHAUSTED = "dhcp-pool-exhausted"
    DHCP_STARVATION = "dhcp-starvation"
    DUPLICATE_ADDRESS = "duplicate-address"
    ARP_SPOOFING = "arp-spoofing"
    BROADCAST_STORM = "broadcast-storm"
    MULTICAST_STORM = "multicast-storm"
    UNKNOWN_UNICAST_FLOODING = "unknown-unicast-flooding"
    LAYER2_LOOP = "layer2-loop"
    MAC_FLAPPING = "mac-flapping"
    MAC_TABLE_OVERFLOW = "mac-table-overflow"
    STP_ROOT_CHANGE = "stp-root-change"
    ERR_DISABLED_PORT = "err-disabled-port"
    PORT_SECURITY_VIOLATION = "port-security-violation"
    BPDU_GUARD_VIOLATION = "bpdu-guard-violation"
    UPLINK_DOWN = "uplink-down"
    DEVICE_UNREACHABLE = "device-unreachable"
    LINK_FLAPPING = "link-flapping"
    LOSSY_LINK = "lossy-link"
    UNIDIRECTIONAL_LINK = "unidirectional-link"
    CONGESTED_LINK = "congested-link"
    DUPLEX_MISMATCH = "duplex-mismatch"
    MTU_MISMATCH = "mtu-mismatch"
    VLAN_MISSING_ON_TRUNK = "vlan-missing-on-trunk"
    WRONG_ACCESS_VLAN = "wrong-access-vlan"
    ADMIN_DOWN_PORT = "admin-down-port"
    AREA_OUTAGE = "area-outage"


class Severity(StrEnum):
    """RFC 8632's perceived severities."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a finding is about; kind and resource are its identity."""

    device: str | None = None
    interface: str | None = None
    vlan: int | None = None
    mac: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that supports a finding."""

    source: str
    """snmp, ssh, capture, probe, syslog, trap or history."""
    what: str
    """The fact's name, e.g. `oper_status`, `fdb`, `in_broadcast_pps`."""
    value: str
    device: str | None = None
    at: datetime | None = None
    raw: str | None = None
    """The untouched text or value as it came."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A stated problem with its evidence."""

    kind: Kind
    severity: Severity
    resource: Resource
    summary: str
    evidence: tuple[Evidence, ...]
    first_seen: datetime
    last_seen: datetime

    @property
    def id(self) -> str:
        """Stable over time and over the order of evidence: a hash of kind and resource."""
        r = self.resource
        key = "|".join(str(x) for x in (self.kind, r.device, r.interface, r.vlan, r.mac, r.ip))
        return f"{self.kind}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of the way to a station."""

    device: str
    interface: str
    reason: str
    """fdb, lldp, cdp, stp, rate or history."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a station is attached, and how that is known."""

    query: str
    mac: str | None
    ips: tuple[str, ...] = ()
    vlan: int | None = None
    path: tuple[Hop, ...] = ()
    edge: Hop | None = None
    """The last port on known equipment; never an uplink. `None`: not found."""
    shared_port: bool = False
    """Several stations sit behind that port (an unmanaged switch, a router, a phone)."""
    stations_on_port: tuple[str, ...] = ()
    observed: datetime | None = None
    confidence: float = 0.0
    note: str | None = None
    """Why the answer is less than certain, in one sentence."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What explains findings; the first of them is where to start."""

    rank: int
    kind: Kind
    resource: Resource
    confidence: float
    because: tuple[str, ...]
    """Finding ids that are its evidence."""
    explains: tuple[str, ...]
    """Finding ids that follow from it."""
    summary: str
    interfaces: tuple[str, ...] = ()
    """Every port of the resource's device to isolate, the named one first (a two-cable loop has two)."""
    also: tuple[Kind, ...] = ()
    """The other kinds under which the same thing shows."""


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """Who is cut off or harmed: device names, edge ports in use, stations, VLANs."""

    devices: tuple[str, ...] = ()
    interfaces: int = 0
    stations: int = 0
    vlans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A look that was wanted and not possible: "could not look" is never "all clear"."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of the way back to service, as it is shown to the person who approves it."""

    step: int
    action: str
    """look, ask-person, wait, shut-port, reopen-port, supervised-reopen, verify or record."""
    summary: str
    """What happens and why, in words for the approver."""
    device: str | None = None
    interface: str | None = None
    interfaces: tuple[str, ...] = ()
    """Every port the step changes, where it is more than `interface`."""
    risk: str = "none"
    """none, low, medium or high."""
    needs_approval: bool = False
    undo: str | None = None
    lines: tuple[str, ...] = ()
    """Exactly what would be sent to the device."""
    instead_of: int | None = None
    """An alternative: to be taken when that step is not possible."""
    expect: tuple[tuple[str, str], ...] = ()
    """What the step acts upon beyond its port, e.g. ("mac", …), ("edge_device", …), ("max_tries", "3"),
    ("edge_lines", …) what is sent to the edge device, ("approvals", "2"), ("confirmed", "yes")."""
    name: str = ""
    """The playbook's name of the step."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What would have prevented it, on the very port, in the vendor's configuration lines."""

    title: str
    why: str
    device: str | None
    interface: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WiredDevice:
    """A device of the picture that goes with a diagnosis."""

    name: str
    role: Role | None = None
    area: str | None = None
    reachable: bool = True
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class WiredLink:
    """A link of the picture; an interface of `None` is not known."""

    a: str
    a_interface: str | None
    b: str
    b_interface: str | None
    closed: str | None = None
    """Why no frames pass, e.g. `storm-control`, `shut` or `down`; `None`: they do, or not known."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The layer-2 picture at the time of a diagnosis: a report written later shows that time."""

    devices: tuple[WiredDevice, ...] = ()
    links: tuple[WiredLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer of one diagnosis: causes first, then all it rests on and all it could not see."""

    at: datetime
    took_s: float
    area: str | None = None
    symptom: str | None = None
    ticket: str | None = None
    causes: tuple[Cause, ...] = ()
    findings: tuple[Finding, ...] = ()
    blast_radius: BlastRadius = BlastRadius()
    plan: tuple[PlanStep, ...] = ()
    advice: tuple[Advice, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    wiring: Wiring = Wiring()

    def finding(self, finding_id: str) -> Finding | None:
        """The finding of that id."""
        return next((f for f in self.findings if f.id == finding_id), None)
