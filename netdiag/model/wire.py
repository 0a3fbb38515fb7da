"""What the wire says: servers, storms, stations and conflicts as captures and probes show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from netdiag.model.device import Neighbor, SourceError


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
    says: tuple[str, ...] = ()
    """What that device says of itself besides DHCP: UPnP's SERVER line, mDNS names, its own DHCP request."""


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
    unasked: tuple[tuple[str, int], ...] = ()
    """(MAC, answers for the address that nobody had asked for): what a forger sends."""


@dataclass(frozen=True, slots=True)
class StpRoot:
    """A root bridge as BPDUs name it."""

    vlan: int | None
    priority: int
    mac: str
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class TopologyChanges:
    """BPDUs that tell of topology changes, in one VLAN."""

    vlan: int | None
    changes: int
    """Times that the flag was raised anew, or a notification came; not frames."""
    most_a_minute: int
    longest_s: float
    """How long one bridge's flag stayed up: 35 s is one change, more is several."""
    bridges: tuple[str, ...]
    """Who sent them (MAC of the frame)."""
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class LoopProbe:
    """Frames that this sensor sent into one VLAN to see whether they come back."""

    vlan: int | None
    mac: str
    sent: int
    returned: int
    """Copies that came back to the port which sent them."""
    came_back_in: tuple[int | None, ...] = ()
    """VLANs in which they did."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """(another interface of this sensor, copies that came in): one of each sent is normal there."""
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class SharedMac:
    """One MAC behind which several machines speak in turn: their names alternate."""

    mac: str
    names: tuple[str, ...]
    turns: int
    vlan: int | None
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Level:
    """How much of one kind is usual in one VLAN of a capture."""

    kind: str
    """broadcast or multicast."""
    vlan: int | None
    median_pps: float
    seconds: int
    """How long was counted, seconds without such a frame included."""


@dataclass(frozen=True, slots=True)
class Surge:
    """Some seconds in which one VLAN was louder than most are, and still below a storm's bound."""

    kind: str
    vlan: int | None
    start: datetime
    end: datetime
    peak_pps: float
    mean_pps: float
    top_sources: tuple[tuple[str, float], ...]
    """(MAC, share) of that kind on the wire meanwhile."""


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
    replied: bool = False
    """It answered a question: what it is asked gets there, and its answer comes back."""


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
    bounds: tuple[str, ...] = ()
    """In words, what was counted but not looked at one by one, or did not fit into a table."""
    rates: tuple[SecondRate, ...] = ()
    dhcp_servers: tuple[DhcpServer, ...] = ()
    dhcp6_servers: tuple[Dhcp6Server, ...] = ()
    routers: tuple[RouterAdvertiser, ...] = ()
    storms: tuple[Storm, ...] = ()
    arp_conflicts: tuple[ArpConflict, ...] = ()
    arp_unasked: tuple[tuple[str, str, int], ...] = ()
    """(IP, MAC, answers that nobody had asked for), where there were several; a rival or none was heard."""
    dhcp_floods: tuple[DhcpFlood, ...] = ()
    arp_scans: tuple[tuple[str, float], ...] = ()
    """(MAC, requests/s at its peak): asks for one address after another, below the pace of a storm."""
    stp_roots: tuple[StpRoot, ...] = ()
    topology_changes: tuple[TopologyChanges, ...] = ()
    loop_probes: tuple[LoopProbe, ...] = ()
    shared_macs: tuple[SharedMac, ...] = ()
    levels: tuple[Level, ...] = ()
    surges: tuple[Surge, ...] = ()
    stations: tuple[Station, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    dhcp_clients: tuple[str, ...] = ()
    """MACs that asked for a lease."""
    probed_vlans: tuple[int | None, ...] = ()
    """VLANs into which a DISCOVER was sent; `None` is the untagged one."""
    unanswered_vlans: tuple[int | None, ...] = ()
    probes_sent: int = 0
    errors: tuple[SourceError, ...] = ()
