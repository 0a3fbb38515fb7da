"""What a network is made of: facts that devices state of themselves, and people of devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    routers: tuple[str, ...] = ()
    """The gateways that it may hand out; empty: any."""
    dns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizedDhcp6Server:
    """A DHCPv6 server that may answer, by DUID (hexadecimal) or card; `None` leaves that open."""

    duid: str | None = None
    mac: str | None = None
    vlans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizedRouter:
    """A router that may advertise itself (RFC 4861); `None` or empty leaves that property open."""

    ip: str | None = None
    mac: str | None = None
    vlans: tuple[int, ...] = ()
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """Something that users need beyond their gateway, asked for to prove that they work again."""

    name: str
    host: str | None = None
    """The application's name or address, whose TCP `port` has to accept."""
    port: int | None = None
    dns: str | None = None
    """A name that has to resolve."""
    server: str | None = None
    """The DNS server to ask; `None`: the ones that the users' own DHCP server hands out."""


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
    two_person: bool = False
    """Two different people have to approve a change of it."""
    max_stations: int | None = None
    """A port with more stations than this is not shut; `None`: nobody stated a number."""
    max_view_age_s: float | None = None
    """A change rests on a view no older than this; `None`: `act.MAX_VIEW_AGE`."""
    changes_per_minute: int | None = None
    """How many port changes it is sent in a minute at most; `None`: `act.CHANGES_PER_MINUTE`."""

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
    dhcp6_servers: tuple[AuthorizedDhcp6Server, ...] = ()
    routers: tuple[AuthorizedRouter, ...] = ()
    """IPv6 routers; empty means, as above: nobody said."""
    checks: tuple[ServiceCheck, ...] = ()
    """What users need, asked after a repair."""
    changes_per_minute_total: int | None = None
    """How many port changes all devices together are sent in a minute at most."""


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
    late_collisions: int | None = None
    """dot3StatsLateCollisions: on a healthy full-duplex link there are none."""
    too_long: int | None = None
    """dot3StatsFrameTooLongs: frames above the port's MTU."""
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
    vlans: tuple[int, ...] | None = None
    """The VLANs that a trunk carries, of those that the device has; `None`: not known."""
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
    out_errors_per_s: float | None = None
    out_discards_per_s: float | None = None


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
    capabilities: tuple[str, ...] = ()
    """What it says it does, in LLDP's words (IEEE 802.1AB 8.5.8.1): bridge, router, telephone,
    wlanAccessPoint, stationOnly, …; CDP's are told in the same words."""


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
    """err-disabled, err-recover, storm, loop, mac-flap, link-up, link-down, link-flap, port-security,
    bpdu-guard, dhcp-snooping, arp-inspection, duplicate-address, other."""
    interface: str | None = None
    other_interface: str | None = None
    """The second port of a flapping address."""
    vlan: int | None = None
    mac: str | None = None
    cause: ErrDisableCause | None = None
    raw: str = ""
    ip: str | None = None
    """The address that the message names: of a rogue server, of a duplicate."""
    count: int = 1
    """How many alike messages this one stands for, itself the last of them."""


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
    not_offered: tuple[SourceError, ...] = ()
    """What a channel cannot tell of this platform at all: no failure, and not "nothing wrong"."""

    def interface(self, name: str | None) -> Interface | None:
        """The interface of that exact name."""
        return next((i for i in self.interfaces if i.name == name), None)

    def rate(self, name: str | None) -> Rate | None:
        """The rates of the interface of that exact name."""
        return next((r for r in self.rates if r.interface == name), None)
