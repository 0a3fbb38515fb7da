"""Networks that nobody here wrote: drawn trees of switches with one drawn fault, or none.

Names, port names of several makes, port numbers, uplink ports, VLANs, who speaks LLDP and what is stored
are drawn; the fault is planted as its traces, as a collector would find them. Whatever the network, the
first cause is the fault at its place, and a healthy one has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdiag import causes, checks, topology
from netdiag.model import (
    ArpConflict,
    AuthorizedDhcpServer,
    Capture,
    Cause,
    Counters,
    DhcpServer,
    ErrDisableCause,
    Interface,
    OperStatus,
    Role,
    Site,
)
from netdiag.names import long_name
from tests.networks import ROUTER_MAC, Campus

STYLES = (
    "GigabitEthernet1/0/{}",  # Cisco, H3C
    "GigabitEthernet0/0/{}",  # Huawei
    "ge-0/0/{}",  # Juniper
    "1/1/{}",  # Aruba CX
    "Ethernet{}",  # Arista
    "swp{}",  # Linux
    "TenGigabitEthernet1/{}",
)
LEGIT_MAC = "00:16:3e:00:00:02"
STRANGER = "3c:a9:f4:5e:00:09"


@dataclass
class Drawn:
    """A network with what its faults need to know of it."""

    campus: Campus
    root: str
    uplinks: dict[str, tuple[str, str, str]]
    """Switch -> (its own uplink port, the switch above, the port there)."""
    desks: dict[str, list[str]]
    """Switch -> ports with a station."""
    spare: dict[str, list[str]]

    def leaf(self) -> str:
        """An access switch with nothing behind it."""
        above = {up for _, up, _ in self.uplinks.values()}
        return next(n for n in sorted(self.uplinks) if n not in above)

    def answer(self) -> tuple[Cause, ...]:
        network = self.campus.network()
        built = topology.build(network)
        return causes.rank(checks.run(network, built), network, built)


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    style = draw(st.sampled_from(STYLES))
    users, management = draw(st.lists(st.integers(2, 4000), min_size=2, max_size=2, unique=True))
    legit = AuthorizedDhcpServer("10.10.0.2", LEGIT_MAC, (users,))
    campus = Campus(
        users=users,
        management=management,
        site=Site(dhcp_servers=(legit,), sensors=("lab:noc",)),
    )
    word = draw(st.sampled_from(["sw", "acc", "SW-HQ", "idf", "edge.example.net"]))
    count = draw(st.integers(3, 9))
    names = [f"{word}-{n}" for n in range(count)]
    root = names[0]
    drawn = Drawn(campus, root, {}, {}, {})
    free: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        campus.switch(name, 24, Role.CORE if number == 0 else Role.ACCESS, style=style)
        numbers = draw(st.permutations(range(1, 25)))
        free[name] = [long_name(style.format(n)) for n in numbers]
    for number, name in enumerate(names[1:], 1):
        above = names[draw(st.integers(0, min(number - 1, 2)))]
        mine, theirs = free[name].pop(), free[above].pop()
        campus.cable(above, theirs, name, mine)
        drawn.uplinks[name] = (mine, above, theirs)
    for name in names:
        if draw(st.booleans()) and name != root and draw(st.booleans()):
            campus.silent.add(name)
        ports = [free[name].pop() for _ in range(draw(st.integers(4, 6)))]
        drawn.desks[name] = ports if name != root else []
        for at, port in enumerate(drawn.desks[name]):
            host = f"pc-{name}-{at}"
            campus.host(host, name, port, ip=f"10.10.{names.index(name) + 1}.{at + 10}")
        drawn.spare[name] = [free[name].pop() for _ in range(3)]
        if name != root:
            labels = dict.fromkeys((*ports, *drawn.spare[name]), "")
            campus.desks(name, {p: f"{name}/{p[-6:]}" for p in labels})
    campus.host("dhcp", root, free[root].pop(), ip="10.10.0.2", mac=LEGIT_MAC)
    campus.host("noc", root, free[root].pop(), ip="10.10.0.9")
    for a, pa, b, pb in campus.cables:
        for device, port in ((a, pa), (b, pb)):
            facts = {"vlans": tuple(sorted((users, management))), "mtu": 1500, "duplex": "full"}
            campus.change(device, port, **facts, speed_bps=10_000_000_000)
    campus.usual(draw(st.sampled_from([0.5, 2.0, 8.0])))
    campus.remember().remember(age_s=86400)
    probe(drawn)
    return drawn


def probe(drawn: Drawn, *others: DhcpServer) -> None:
    """The sensor asked, and the company's server answered."""
    at = drawn.campus.at - timedelta(seconds=4)
    server = DhcpServer(
        "10.10.0.2", "10.10.0.2", LEGIT_MAC, offers=2, routers=("10.10.0.1",), stacks=((),),
        subnet_mask="255.255.0.0", first=at, last=at,
    )  # fmt: skip
    drawn.campus.captures = []
    drawn.campus.capture(
        Capture(
            source="lab:noc",
            packets=20,
            first=at,
            last=at,
            dhcp_servers=(server, *others),
            probes_sent=2,
            probed_vlans=(None,),
        )
    )


def counted(drawn: Drawn, device: str, port: str, **more: int) -> None:
    """So much more on a port's counters than in the stored snapshot of half an hour ago."""
    campus, before = drawn.campus, dict.fromkeys(
        ("in_unicast_pkts", "out_unicast_pkts", "in_errors", "fcs_errors", "late_collisions"), 7000
    )  # fmt: skip
    old = Counters(at=campus.at - timedelta(minutes=30), **before)

    def with_old(row: Interface) -> Interface:
        return replace(row, counters=old) if row.name == port else row

    campus.history = [
        replace(s, interfaces=tuple(map(with_old, s.interfaces))) if s.device == device else s
        for s in campus.history
    ]
    now = {name: value + more.get(name, 0) for name, value in before.items()}
    campus.change(device, port, counters=Counters(at=campus.at, **now))


Place = tuple[str, str | None]
Plant = Callable[[Drawn], tuple[str, set[Place]]]


def cut_uplink(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, above, theirs = d.uplinks[leaf]
    d.campus.cut(above, theirs).unreachable(leaf)
    return "uplink-down", {(above, theirs), (leaf, mine)}


def dead_agent(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    d.campus.unreachable(leaf)
    return "device-unreachable", {(leaf, None)}


def shut_desk(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.desks[leaf][0]
    d.campus.shut(leaf, port)
    return "admin-down-port", {(leaf, port)}


def guarded_desk(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.desks[leaf][1]
    d.campus.err_disable(leaf, port, ErrDisableCause.BPDU_GUARD)
    return "err-disabled-port", {(leaf, port)}


def rogue(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.spare[leaf][0]
    d.campus.host("router", leaf, port, mac=ROUTER_MAC)
    at = d.campus.at - timedelta(seconds=4)
    probe(
        d,
        DhcpServer(
            "192.168.0.1",
            "192.168.0.1",
            ROUTER_MAC,
            vendor="TP-Link",
            offers=2,
            routers=("192.168.0.1",),
            subnet_mask="255.255.255.0",
            stacks=((),),
            first=at,
            last=at,
        ),
    )
    return "rogue-dhcp-server", {(leaf, port)}


def jabber(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.desks[leaf][2]
    d.campus.rate(leaf, port, 6000.0)
    at = leaf
    while at in d.uplinks:
        _, above, theirs = d.uplinks[at]
        d.campus.rate(above, theirs, 6000.0)
        at = above
    mac = next(h.mac for h in d.campus.hosts if (h.switch, h.port) == (leaf, port))
    d.campus.storm_on_wire(repeat=0.0, mac=mac)
    return "broadcast-storm", {(leaf, port)}


def loop(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    one, other = d.spare[leaf][:2]
    d.campus.change(leaf, one, oper_status=OperStatus.UP)
    d.campus.change(leaf, other, oper_status=OperStatus.UP)
    d.campus.rate(leaf, one, 5200.0).rate(leaf, other, 900.0)
    d.campus.log("link-up", leaf, one, ago_s=52).log("link-up", leaf, other, ago_s=52)
    at = leaf
    while at in d.uplinks:
        _, above, theirs = d.uplinks[at]
        d.campus.rate(above, theirs, 5600.0)
        at = above
    d.campus.storm_on_wire()
    return "layer2-loop", {(leaf, one), (leaf, other)}


def lossy(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, above, theirs = d.uplinks[leaf]
    counted(d, leaf, mine, in_unicast_pkts=4000, out_unicast_pkts=4000, in_errors=400)
    return "lossy-link", {(leaf, mine), (above, theirs)}


def half_duplex(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, above, theirs = d.uplinks[leaf]
    d.campus.change(leaf, mine, duplex="half")
    counted(d, leaf, mine, late_collisions=50, in_unicast_pkts=4000)
    return "duplex-mismatch", {(leaf, mine), (above, theirs)}


def small_mtu(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, _, _ = d.uplinks[leaf]
    d.campus.change(leaf, mine, mtu=1400)
    return "mtu-mismatch", {(leaf, mine)}


def vlan_missing(d: Drawn) -> tuple[str, set[Place]]:
    _, above, theirs = d.uplinks[d.leaf()]
    d.campus.change(above, theirs, vlans=(d.campus.management,))
    return "vlan-missing-on-trunk", {(above, theirs)}


def wrong_vlan(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.desks[leaf][3]
    d.campus.change(leaf, port, access_vlan=4001)
    return "wrong-access-vlan", {(leaf, port)}


def flapping(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, above, theirs = d.uplinks[leaf]
    for number in range(7):
        for device, port in ((leaf, mine), (above, theirs)):
            d.campus.log("link-down", device, port, ago_s=400 - 50 * number)
            d.campus.log("link-up", device, port, ago_s=395 - 50 * number)
    return "link-flapping", {(leaf, mine), (above, theirs)}


def congested(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    mine, above, theirs = d.uplinks[leaf]
    d.campus.passing[leaf, mine] = {
        "out_unicast_pps": 900_000.0, "out_octets_per_s": 1.2e9, "out_discards_per_s": 700.0,
    }  # fmt: skip
    return "congested-link", {(leaf, mine), (above, theirs)}


def made_up(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.spare[leaf][1]
    d.campus.host("macof", leaf, port, mac=STRANGER)
    for number in range(700):
        d.campus.learn(leaf, f"06:00:00:00:{number // 256:02x}:{number % 256:02x}", port)
    return "mac-table-overflow", {(leaf, port)}


def doubled(d: Drawn) -> tuple[str, set[Place]]:
    leaf = d.leaf()
    port = d.spare[leaf][2]
    d.campus.host("printer", leaf, port, mac=STRANGER)
    owner = next(h for h in d.campus.hosts if h.ip and h.name.startswith("pc-"))
    conflict = ArpConflict(str(owner.ip), (owner.mac, STRANGER))
    d.campus.capture(Capture("lab:noc", last=d.campus.at, arp_conflicts=(conflict,)))
    return "duplicate-address", {(leaf, port)}


PLANTS: tuple[Plant, ...] = (
    cut_uplink, dead_agent, shut_desk, guarded_desk, rogue, jabber, loop, lossy, half_duplex, small_mtu,
    vlan_missing, wrong_vlan, flapping, congested, made_up, doubled,
)  # fmt: skip
CALM = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@CALM
@given(networks(), st.sampled_from(PLANTS))
def test_the_first_cause_is_the_planted_fault_at_its_place(drawn: Drawn, plant: Plant) -> None:
    kind, places = plant(drawn)
    found = drawn.answer()
    assert found, kind
    first = found[0]
    assert kind in {first.kind, *first.also}, found
    assert (first.resource.device, first.resource.interface) in places, found


@CALM
@given(networks())
def test_a_healthy_network_has_no_cause(drawn: Drawn) -> None:
    assert drawn.answer() == ()


@CALM
@given(networks(), st.sampled_from(PLANTS), st.randoms(use_true_random=False))
def test_the_order_in_which_things_were_seen_changes_nothing(
    drawn: Drawn, plant: Plant, rng: Random
) -> None:
    plant(drawn)
    before = drawn.answer()
    rng.shuffle(drawn.campus.logs)
    rng.shuffle(drawn.campus.cables)
    rng.shuffle(drawn.campus.hosts)
    assert drawn.answer() == before
