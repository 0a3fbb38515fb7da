"""The vocabulary: immutable facts in the standards' words, and what netdiag concludes from them.

Units inside are seconds, octets, bit/s, packets and packets/s; `None` means "not known".
Times are timezone-aware UTC. MAC addresses are text, `aa:bb:cc:dd:ee:ff`. Interface names are the
device's long form (`GigabitEthernet1/0/7`). All text from the network is kept as it came: what
shows it must clean it (`netdiag.text`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# --- what a network is made of -------------------------------------------------------------------


class AdminStatus(StrEnum):
    """ifAdminStatus (RFC 2863)."""

    UP = "up"
    DOWN = "down"
    TESTING = "testing"


class OperStatus(StrEnum):
    """ifOperStatus (RFC 2863), spelled as RFC 8343 does."""

    UP = "up"
    DOWN = "down"
    TESTING = "testing"
    UNKNOWN = "unknown"
    DORMANT = "dormant"
    NOT_PRESENT = "not-present"
    LOWER_LAYER_DOWN = "lower-layer-down"


class ErrDisableCause(StrEnum):
    """Why a port's own protection closed it, the same words for every vendor."""

    STORM_CONTROL = "storm-control"
    BPDU_GUARD = "bpdu-guard"
    LOOP_DETECTED = "loop-detected"
    LINK_FLAP = "link-flap"
    PORT_SECURITY = "port-security"
    DHCP_RATE_LIMIT = "dhcp-rate-limit"
    ARP_INSPECTION = "arp-inspection"
    UDLD = "udld"
    DOT1X_VIOLATION = "dot1x-violation"
    MAC_LIMIT = "mac-limit"
    MAC_FLAPPING = "mac-flapping"
    UNICAST_FLOOD = "unicast-flood"
    TRANSCEIVER = "transceiver"
    POWER_INLINE = "power-inline"
    CHANNEL_MISCONFIG = "channel-misconfig"
    CRC_ERRORS = "crc-errors"
    ADMIN_POLICY = "admin-policy"
    OTHER = "other"


class Role(StrEnum):
    """What a device is for, as the inventory says."""

    CORE = "core"
    DISTRIBUTION = "distribution"
    ACCESS = "access"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class AuthorizedDhcpServer:
    """A DHCP server that may answer; `None` leaves that property open, empty `vlans` means all."""

    ip: str
    mac: str | None = None
    vlans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """An inventory entry: what people say of a device, before anyone asks it. No secrets."""

    name: str
    address: str
    platform: str | None = None
    area: str | None = None
    role: Role | None = None
    groups: tuple[str, ...] = ()
    never_touch: tuple[str, ...] = ()
    desks: tuple[tuple[str, str], ...] = ()
    """(interface name, desk label) pairs."""

    def desk(self, interface: str | None) -> str | None:
        """The desk label of an interface, where the inventory knows it."""
        return next((label for name, label in self.desks if name == interface), None)


@dataclass(frozen=True, slots=True)
class Site:
    """What the inventory's defaults say of the whole network."""

    dhcp_servers: tuple[AuthorizedDhcpServer, ...] = ()
    """Empty means: nobody said which servers are legitimate."""
    sensors: tuple[str, ...] = ()
    """Where to listen and probe: interface names, or `lab:NODE`."""
    syslog_files: tuple[str, ...] = ()
    """Files in which a syslog server keeps what the devices sent."""


@dataclass(frozen=True, slots=True)
class ErrDisabled:
    """A port closed by its own protection (CISCO-ERR-DISABLE-MIB and its relatives)."""

    cause: ErrDisableCause
    vendor_cause: str
    """What the device itself said, e.g. `stormControl` or `storm-control`."""
    vlan: int | None = None
    """`None`: the whole port."""
    recovers_in_s: int | None = None
    """`None`: it stays closed until someone opens it, or not known."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since `discontinuity` or boot (IF-MIB ifXTable, EtherLike-MIB); 64-bit where offered."""

    at: datetime
    in_octets: int | None = None
    out_octets: int | None = None
    in_unicast_pkts: int | None = None
    out_unicast_pkts: int | None = None
    in_broadcast_pkts: int | None = None
    out_broadcast_pkts: int | None = None
    in_multicast_pkts: int | None = None
    out_multicast_pkts: int | None = None
    in_errors: int | None = None
    out_errors: int | None = None
    in_discards: int | None = None
    out_discards: int | None = None
    fcs_errors: int | None = None
    bits: int = 64
    """Width of the packet and octet counters: 32-bit ones wrap."""
    discontinuity_s: float | None = None
    """ifCounterDiscontinuityTime as sysUpTime seconds: two readings compare only when it is equal."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One row of the device's interface table."""

    name: str
    if_index: int | None = None
    alias: str | None = None
    """The description that people configured (ifAlias)."""
    if_type: int | None = None
    """IANAifType: 6 ethernetCsmacd, 161 ieee8023adLag, 53 propVirtual, 136 l3ipvlan."""
    mac: str | None = None
    admin_status: AdminStatus | None = None
    oper_status: OperStatus | None = None
    err_disabled: ErrDisabled | None = None
    speed_bps: int | None = None
    duplex: str | None = None
    """`full`, `half` or `None`."""
    mtu: int | None = None
    last_change_s: float | None = None
    """Seconds since the operational state last changed."""
    access_vlan: int | None = None
    trunk: bool | None = None
    aggregate: str | None = None
    """The port channel that this interface is a member of."""
    counters: Counters | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Packets and octets per second of one interface, between two readings of its counters."""

    interface: str
    window_s: float
    in_broadcast_pps: float | None = None
    out_broadcast_pps: float | None = None
    in_multicast_pps: float | None = None
    out_multicast_pps: float | None = None
    in_unicast_pps: float | None = None
    out_unicast_pps: float | None = None
    in_octets_per_s: float | None = None
    out_octets_per_s: float | None = None
    in_errors_per_s: float | None = None
    in_discards_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class FdbEntry:
    """A learned address (BRIDGE-MIB dot1dTpFdbTable, Q-BRIDGE dot1qTpFdbTable)."""

    mac: str
    interface: str | None
    """`None`: the device gave a bridge port that maps to no interface."""
    if_index: int | None = None
    vlan: int | None = None
    status: str | None = None
    """`learned`, `self`, `mgmt`, `other`, `invalid`, or `None` where the device does not say."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A device seen through LLDP (IEEE 802.1AB) or CDP on one local interface."""

    interface: str | None
    protocol: str
    """`lldp` or `cdp`."""
    chassis_id: str | None = None
    port_id: str | None = None
    port_id_subtype: int | None = None
    """LldpPortIdSubtype: 3 macAddress, 5 interfaceName, 7 local."""
    port_description: str | None = None
    sys_name: str | None = None
    management_address: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class ArpEntry:
    """An address resolution that a device holds (ipNetToMediaTable)."""

    ip: str
    mac: str
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class StpPort:
    """The spanning-tree state of one port."""

    interface: str | None
    state: str | None
    """dot1dStpPortState: disabled, blocking, listening, learning, forwarding, broken."""
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Stp:
    """One spanning-tree instance of a device."""

    vlan: int | None
    root: str | None
    """Bridge id as `priority.mac`; `None` where STP is off (an all-zero root is no root)."""
    is_root: bool | None = None
    root_port: str | None = None
    topology_changes: int | None = None
    ports: tuple[StpPort, ...] = ()


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One message of a device (syslog line or trap), decoded as far as it is understood."""

    at: datetime | None
    """`None`: the line carries no time that can be trusted."""
    device: str | None
    mnemonic: str
    """The vendor's own name, e.g. `PM-4-ERR_DISABLE`; empty when there is none."""
    event: str
    """err-disabled, err-recover, storm, loop, mac-flap, link-up, link-down, port-security, bpdu-guard, other."""
    interface: str | None = None
    other_interface: str | None = None
    """The second port of a flapping address."""
    vlan: int | None = None
    mac: str | None = None
    cause: ErrDisableCause | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class SourceError:
    """A look that failed: which source, what was looked for, and why, in one sentence."""

    source: str
    """snmp, ssh, capture, probe, syslog, history."""
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one device said at one time; `errors` holds what it did not say."""

    device: str
    address: str
    at: datetime
    reachable: bool
    platform: str | None = None
    sys_name: str | None = None
    sys_descr: str | None = None
    sys_object_id: str | None = None
    sys_up_time_s: float | None = None
    chassis_id: str | None = None
    """Its own LLDP chassis id, by which its neighbours name it."""
    interfaces: tuple[Interface, ...] = ()
    rates: tuple[Rate, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    arp: tuple[ArpEntry, ...] = ()
    stp: tuple[Stp, ...] = ()
    log: tuple[LogEvent, ...] = ()
    sources: tuple[str, ...] = ()
    """Which channels answered: snmp, ssh."""
    contradictions: tuple[str, ...] = ()
    """Sentences: where two channels disagree about one fact."""
    errors: tuple[SourceError, ...] = ()

    def interface(self, name: str | None) -> Interface | None:
        """The interface of that exact name."""
        return next((i for i in self.interfaces if i.name == name), None)

    def rate(self, name: str | None) -> Rate | None:
        """The rates of the interface of that exact name."""
        return next((r for r in self.rates if r.interface == name), None)


# --- what the wire says --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DhcpServer:
    """A DHCPv4 server as its OFFERs, ACKs and NAKs show it (RFC 2131, options of RFC 2132)."""

    server_id: str | None
    ip: str | None
    """Source address of the answer; the relay's where `relay` is set."""
    mac: str
    vendor: str | None = None
    vlans: tuple[int, ...] = ()
    relay: str | None = None
    offers: int = 0
    acks: int = 0
    naks: int = 0
    routers: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    subnet_mask: str | None = None
    lease_time_s: int | None = None
    clients: tuple[str, ...] = ()
    """MACs it answered."""
    leases: tuple[tuple[str, str], ...] = ()
    """(client MAC, address) pairs that it acknowledged."""
    ttl: int | None = None
    domain: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    stacks: tuple[tuple[int, ...], ...] = ()
    """Whole stacks of VLAN tags, outer first; `()` is untagged. `vlans` holds the outer ones."""


@dataclass(frozen=True, slots=True)
class Dhcp6Server:
    """A DHCPv6 server as its ADVERTISEs and REPLYs show it (RFC 8415)."""

    duid: str | None
    ip: str | None
    mac: str
    vlans: tuple[int, ...] = ()
    advertises: int = 0
    replies: int = 0
    dns: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    stacks: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class RouterAdvertiser:
    """A router as its advertisements show it (RFC 4861)."""

    ip: str | None
    mac: str
    vlans: tuple[int, ...] = ()
    prefixes: tuple[str, ...] = ()
    lifetime_s: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    stacks: tuple[tuple[int, ...], ...] = ()
    session: str | None = None
    """`pppoe`: heard inside a point-to-point session, where no other host listens."""


@dataclass(frozen=True, slots=True)
class Storm:
    """A period in which one kind of frame ran above its bound."""

    kind: str
    """broadcast, multicast or unknown-unicast."""
    start: datetime
    end: datetime
    peak_pps: float
    octets_per_s: float
    vlans: tuple[int, ...]
    top_sources: tuple[tuple[str, float], ...]
    """(MAC, share of the frames) pairs, largest first."""
    repeat_ratio: float | None
    """Share of frames that are copies of an earlier one: near 1 in a loop."""
    cause: str
    """loop, single-source, arp-scan, dhcp-flood or unknown."""


@dataclass(frozen=True, slots=True)
class DhcpFlood:
    """Distinct DHCPDISCOVERs from one source faster than any client asks; a loop's copies do not count."""

    mac: str
    """The frames' source, which need not be what they claim as client."""
    start: datetime
    end: datetime
    discovers: int
    clients: int
    """Distinct client addresses claimed."""
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class ArpConflict:
    """One address claimed by several MACs in one VLAN; failover protocols are not conflicts."""

    ip: str
    macs: tuple[str, ...]
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class StpRoot:
    """A root bridge as BPDUs name it."""

    vlan: int | None
    priority: int
    mac: str
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class SecondRate:
    """Frames seen in one second in one VLAN."""

    second: datetime
    vlan: int | None
    unicast: int
    broadcast: int
    multicast: int


@dataclass(frozen=True, slots=True)
class Station:
    """An address pair seen in ARP on the wire."""

    mac: str
    ip: str
    vlan: int | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """What one capture file, one listening sensor or one active probe saw."""

    source: str
    """The file, the interface, or `lab:NODE`."""
    packets: int = 0
    octets: int = 0
    first: datetime | None = None
    last: datetime | None = None
    truncated: bool = False
    """The file ends in mid-packet."""
    malformed: int = 0
    dropped: int | None = None
    """Frames that the kernel dropped; `None`: a file, or not known."""
    rates: tuple[SecondRate, ...] = ()
    dhcp_servers: tuple[DhcpServer, ...] = ()
    dhcp6_servers: tuple[Dhcp6Server, ...] = ()
    routers: tuple[RouterAdvertiser, ...] = ()
    storms: tuple[Storm, ...] = ()
    arp_conflicts: tuple[ArpConflict, ...] = ()
    dhcp_floods: tuple[DhcpFlood, ...] = ()
    stp_roots: tuple[StpRoot, ...] = ()
    stations: tuple[Station, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    dhcp_clients: tuple[str, ...] = ()
    """MACs that asked for a lease."""
    probed_vlans: tuple[int | None, ...] = ()
    """VLANs into which a DISCOVER was sent; `None` is the untagged one."""
    unanswered_vlans: tuple[int | None, ...] = ()
    probes_sent: int = 0
    errors: tuple[SourceError, ...] = ()


# --- what netdiag knows in one moment ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for one interface, from stored history."""

    device: str
    interface: str
    in_broadcast_pps: float
    """Median over the history."""
    samples: int


@dataclass(frozen=True, slots=True)
class Network:
    """All that one diagnosis may look at; everything below `collect` is a function of it."""

    at: datetime
    devices: tuple[Device, ...]
    site: Site = Site()
    snapshots: tuple[Snapshot, ...] = ()
    """One a device, as just polled, the unreachable ones included."""
    history: tuple[Snapshot, ...] = ()
    """Earlier good snapshots, newest first; several a device where there are."""
    captures: tuple[Capture, ...] = ()
    """As just heard and probed, then earlier ones of the incident's time."""
    log: tuple[LogEvent, ...] = ()
    """From the syslog server, besides each snapshot's own `log`."""
    baselines: tuple[Baseline, ...] = ()

    def device(self, name: str | None) -> Device | None:
        """The inventory entry of that name."""
        return next((d for d in self.devices if d.name == name), None)

    def snapshot(self, name: str | None) -> Snapshot | None:
        """The current snapshot of a device, reachable or not."""
        return next((s for s in self.snapshots if s.device == name), None)

    def last_good(self, name: str | None) -> Snapshot | None:
        """The current snapshot where the device answers, else the newest stored one."""
        current = self.snapshot(name)
        # One that answers and refuses the login has said nothing.
        if current is not None and current.reachable and (current.sources or current.interfaces):
            return current
        return next((s for s in self.history if s.device == name), None)

    def events(self) -> Iterator[LogEvent]:
        """Every log event, of the syslog server and of the devices' own buffers."""
        yield from self.log
        for snapshot in self.snapshots:
            yield from snapshot.log


# --- what netdiag concludes ----------------------------------------------------------------------


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
        return f"{self.kind}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


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
    """look, ask-person, shut-port, reopen-port, supervised-reopen, verify or record."""
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
    ("edge_lines", …) what is sent to the edge device."""


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
