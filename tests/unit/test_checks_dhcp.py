"""Who may hand out addresses: identifier, card, relay and VLAN together; and who is missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from netdiag import topology
from netdiag.checks.address import duplicate_address
from netdiag.checks.dhcp import (
    authorized,
    dhcp_server_down,
    dhcp_starvation,
    rogue_dhcp6_server,
    rogue_dhcp_server,
    rogue_router_advertisement,
)
from netdiag.checks.dhcp.fingerprint import looks_like
from netdiag.checks.wire import stp_root_change
from netdiag.model import (
    ArpConflict,
    ArpEntry,
    AuthorizedDhcp6Server,
    AuthorizedDhcpServer,
    AuthorizedRouter,
    Capture,
    Device,
    Dhcp6Server,
    DhcpFlood,
    DhcpServer,
    FdbEntry,
    Finding,
    Interface,
    Kind,
    Network,
    RouterAdvertiser,
    Severity,
    Site,
    Snapshot,
    Station,
    Stp,
    StpRoot,
)

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
COMPANY, ROGUE, GATEWAY = "18:66:da:00:00:02", "50:c7:bf:00:00:66", "00:1b:54:00:00:01"
SERVER = DhcpServer(
    "10.10.0.2", "10.10.0.2", COMPANY, vendor="Dell Inc.", offers=1, routers=("10.10.0.1",),
    dns=("10.10.0.2",), subnet_mask="255.255.0.0", first=AT, last=AT, stacks=((),),
    clients=("02:00:00:00:00:07",), domain="corp.example",
)  # fmt: skip
HOME = replace(
    SERVER, server_id="192.168.0.1", ip="192.168.0.1", mac=ROGUE, vendor="Tp-Link Technologies Co.,Ltd.",
    routers=("192.168.0.1",), dns=("192.168.0.1",), subnet_mask="255.255.255.0", domain=None,
)  # fmt: skip
LIST = Site((AuthorizedDhcpServer("10.10.0.2", COMPANY, (10,)),))
BY_IP = Site((AuthorizedDhcpServer("10.10.0.2"),))


def network(*servers: DhcpServer, site: Site = LIST, snapshots: tuple[Snapshot, ...] = (), **more: Any) -> Network:  # fmt: skip
    capture = Capture("eth0", last=AT, dhcp_servers=servers, **more)
    return Network(AT, (), site, snapshots, captures=(capture,))


def rogues(net: Network) -> list[Finding]:
    return list(rogue_dhcp_server(net, topology.build(net)))


def snapshot(**values: Any) -> Snapshot:
    return Snapshot("core-1", "10.99.0.1", AT, reachable=True, **values)


# --- with a list ---------------------------------------------------------------------------------


def test_the_authorized_one_may() -> None:
    net = network(SERVER)
    assert rogues(net) == []
    assert authorized(net) == {f"DhcpServer:{COMPANY}": True}


def test_a_stranger_may_not_and_looks_like_what_it_is() -> None:
    (finding,) = rogues(network(SERVER, HOME))
    assert (finding.kind, finding.resource.mac, finding.resource.ip) == (
        Kind.ROGUE_DHCP_SERVER, ROGUE, "192.168.0.1",
    )  # fmt: skip
    assert "not an authorized DHCP server" in finding.summary
    assert "home router: it names itself as server, gateway and DNS" in finding.summary
    assert "server-id 192.168.0.1; gateway 192.168.0.1" in finding.evidence[0].value


@pytest.mark.parametrize(
    "forged",
    [
        replace(SERVER, mac=ROGUE),  # identifier and address copied
        replace(SERVER, mac=ROGUE, ip="192.168.0.1"),  # the identifier alone
        replace(SERVER, mac=ROGUE, relay="10.10.0.77", ip="10.10.0.77"),  # and a relay made up
        replace(SERVER, vlans=(20,), stacks=((20,),)),  # the right one in the wrong VLAN
    ],
)
def test_a_copied_identity_does_not_help(forged: DhcpServer) -> None:
    net = network(SERVER, forged)
    (finding,) = rogues(net)
    assert finding.resource.mac == forged.mac


def test_listed_without_a_card_the_holder_of_the_address_is_believed() -> None:
    forged = replace(SERVER, mac=ROGUE)
    known = (snapshot(arp=(ArpEntry("10.10.0.2", COMPANY),)),)
    (finding,) = rogues(network(SERVER, forged, site=BY_IP, snapshots=known))
    assert finding.resource.mac == ROGUE
    both = rogues(network(SERVER, forged, site=BY_IP))
    assert {f.resource.mac for f in both} == {COMPANY, ROGUE}  # nobody knows which


def test_a_relay_passes_on_what_a_server_elsewhere_said() -> None:
    relayed = replace(SERVER, server_id="10.20.0.2", mac=GATEWAY, relay="10.10.0.1", ip="10.10.0.1")
    site = Site((AuthorizedDhcpServer("10.20.0.2", COMPANY),))
    assert rogues(network(relayed, site=site)) == []
    other = (snapshot(arp=(ArpEntry("10.10.0.1", "00:1b:54:00:00:99"),)),)
    (finding,) = rogues(network(relayed, site=site, snapshots=other))
    assert "claims to relay" in finding.summary


def test_a_renewal_through_the_gateway_carries_the_gateways_card() -> None:
    renewal = replace(SERVER, server_id="10.20.0.2", ip="10.20.0.2", mac=GATEWAY, offers=0, acks=1)
    site = Site((AuthorizedDhcpServer("10.20.0.2", COMPANY),))
    core = (snapshot(interfaces=(Interface("Vlan10", mac=GATEWAY),)),)
    assert rogues(network(renewal, site=site, snapshots=core)) == []
    assert len(rogues(network(renewal, site=site))) == 1


def test_it_is_located_and_its_leases_are_named() -> None:
    switch = Snapshot(
        "acc-2", "10.99.0.12", AT, reachable=True,
        interfaces=(Interface("GigabitEthernet1/0/5", if_index=5, access_vlan=10),),
        fdb=(FdbEntry(ROGUE, "GigabitEthernet1/0/5", 5, 10, "learned"),),
    )  # fmt: skip
    caught = replace(HOME, acks=1, leases=(("02:00:00:00:00:07", "192.168.0.100"),))
    net = network(SERVER, caught, snapshots=(switch,))
    net = replace(net, devices=(Device("acc-2", "10.99.0.12"),))
    (finding,) = rogues(net)
    assert (finding.resource.device, finding.resource.interface, finding.resource.vlan) == (
        "acc-2", "GigabitEthernet1/0/5", 10,
    )  # fmt: skip
    assert any("holds 192.168.0.100" in e.value for e in finding.evidence)


# --- nobody named any ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "servers",
    [
        (HOME,),  # a home, and nothing wrong with it
        (SERVER, replace(SERVER, server_id="10.10.0.3", ip="10.10.0.3", mac=ROGUE)),  # a pair
        (SERVER, replace(HOME, stacks=((20,),), vlans=(20,))),  # each its own VLAN
        (SERVER, replace(HOME, stacks=((7, 1),))),
        (SERVER, replace(HOME, clients=("02:00:00:00:00:08",))),  # never met
        (SERVER, replace(HOME, first=AT - timedelta(days=9), last=AT - timedelta(days=9))),
    ],
)
def test_without_a_list_a_normal_network_has_no_finding(servers: tuple[DhcpServer, ...]) -> None:
    net = network(*servers, site=Site())
    assert rogues(net) == []
    assert set(authorized(net).values()) == {None}


def test_without_a_list_the_home_router_of_two_is_named() -> None:
    (finding,) = rogues(network(SERVER, HOME, site=Site()))
    assert finding.resource.mac == ROGUE
    assert "nobody said which server is legitimate" in finding.summary


def test_without_a_list_and_no_sign_nobody_is_accused() -> None:
    other = replace(SERVER, server_id="10.10.0.9", mac=ROGUE, routers=("10.10.0.9",), dns=())
    (finding,) = rogues(network(SERVER, other, site=Site()))
    assert (finding.resource.mac, finding.resource.ip) == (None, None)
    assert "gives gateway 10.10.0.1, 10.10.0.9 gives 10.10.0.9" in finding.summary


def test_two_that_answered_one_probe_have_met() -> None:
    none = (replace(SERVER, clients=()), replace(HOME, clients=()))
    assert rogues(network(*none, site=Site())) == []
    assert len(rogues(network(*none, site=Site(), probed_vlans=(None,)))) == 1


def test_hostile_text_is_cleaned() -> None:
    evil = replace(HOME, vendor="x\x1b]0;owned\x07", domain="lan\x1b[2J")
    (finding,) = rogues(network(SERVER, evil))
    assert "\x1b" not in finding.summary


def test_one_sign_is_no_home_router() -> None:
    assert looks_like(SERVER) is None
    assert looks_like(replace(SERVER, vendor="NETGEAR")) is None


# --- service -------------------------------------------------------------------------------------


def down(net: Network) -> list[Finding]:
    return list(dhcp_server_down(net, topology.build(net)))


def test_silence_where_it_should_answer() -> None:
    (finding,) = down(network(probed_vlans=(10,), unanswered_vlans=(10,)))
    assert (finding.resource.vlan, finding.resource.ip) == (10, "10.10.0.2")
    (finding,) = down(network(HOME, probed_vlans=(None,), site=BY_IP))
    assert finding.resource.ip == "10.10.0.2"  # the rogue's answer is not the company's


@pytest.mark.parametrize(
    "net",
    [
        network(SERVER, probed_vlans=(None,)),
        network(probed_vlans=(99,), unanswered_vlans=(99,)),  # nobody serves there
        network(probed_vlans=(99,), unanswered_vlans=(99,), site=BY_IP),
        network(probed_vlans=(None,), unanswered_vlans=(None,)),  # which VLAN is not known
        network(probed_vlans=(None,), unanswered_vlans=(None,), site=Site()),
        network(),
    ],
)
def test_silence_that_means_nothing(net: Network) -> None:
    assert down(net) == []


def test_the_untagged_vlan_is_where_switches_learned_what_is_heard() -> None:
    learned = (snapshot(fdb=(FdbEntry("02:00:00:00:00:07", "Gi1/0/7", vlan=10),)),)
    heard = (Station("02:00:00:00:00:07", "10.10.1.7"),)
    silent: dict[str, Any] = {"probed_vlans": (None,), "unanswered_vlans": (None,)}
    assert len(down(network(stations=heard, snapshots=learned, **silent))) == 1
    assert down(network(stations=heard, **silent)) == []
    # A router's one card is learned in every VLAN that it serves: that tells nothing.
    router = Station("00:1b:54:00:00:01", "10.10.0.1")
    many = tuple(FdbEntry(router.mac, "Gi1/0/24", vlan=v) for v in (10, 99))
    learned = (replace(learned[0], fdb=(*learned[0].fdb, *many)),)
    assert len(down(network(stations=(*heard, router), snapshots=learned, **silent))) == 1
    assert down(network(stations=(router,), snapshots=learned, **silent)) == []


def test_silence_where_it_answered_before_and_only_the_newest_probe_counts() -> None:
    before = Capture(
        "eth0", last=AT - timedelta(hours=1), dhcp_servers=(SERVER,), probed_vlans=(None,)
    )
    now = Capture("eth0", last=AT, probed_vlans=(None,), unanswered_vlans=(None,))
    silent = Network(AT, (), LIST, captures=(now, before))
    (finding,) = down(silent)
    assert "answered there before" in finding.summary
    again = replace(before, last=AT + timedelta(minutes=1))
    assert down(replace(silent, captures=(now, again))) == []


def test_starvation() -> None:
    flood = DhcpFlood(ROGUE, AT, AT + timedelta(seconds=3), 900, 900, 10)
    net = network(dhcp_floods=(flood,))
    (finding,) = dhcp_starvation(net, topology.build(net))
    assert (finding.resource.mac, finding.resource.vlan) == (ROGUE, 10)
    assert "900 DISCOVERs in 3 s for 900 client addresses" in finding.summary


# --- IPv6 ----------------------------------------------------------------------------------------

OWN = RouterAdvertiser("fe80::1", GATEWAY, prefixes=("2001:db8:1::/64",), lifetime_s=1800, first=AT, last=AT, stacks=((),))  # fmt: skip
OTHER = replace(OWN, ip="fe80::bad", mac=ROGUE, prefixes=("2001:db8:bad::/64",))
CORE = (snapshot(interfaces=(Interface("Vlan10", mac=GATEWAY),)),)


def advertised(net: Network) -> list[Finding]:
    return list(rogue_router_advertisement(net, topology.build(net)))


def test_a_stranger_beside_the_networks_own_router() -> None:
    (finding,) = advertised(network(routers=(OWN, OTHER), snapshots=CORE))
    assert (finding.resource.mac, finding.severity) == (ROGUE, Severity.MAJOR)


def test_a_router_on_a_rogues_card() -> None:
    (finding,) = advertised(network(HOME, routers=(OTHER,)))
    assert finding.resource.mac == ROGUE
    (six,) = rogue_dhcp6_server(
        net := network(HOME, dhcp6_servers=(Dhcp6Server("00030001", "fe80::bad", ROGUE),)),
        topology.build(net),
    )
    assert six.resource.mac == ROGUE
    assert authorized(net)[f"Dhcp6Server:{ROGUE}"] is False


def test_two_unknown_routers_that_contradict() -> None:
    (finding,) = advertised(network(routers=(OWN, OTHER), site=Site()))
    assert (finding.resource.mac, finding.severity) == (None, Severity.WARNING)


@pytest.mark.parametrize(
    "routers",
    [
        (OWN,),
        (OTHER,),
        (OWN, replace(OTHER, prefixes=OWN.prefixes)),  # a redundant pair
        (OWN, replace(OTHER, lifetime_s=0)),  # a border router that is no default gateway
        (OWN, replace(OTHER, stacks=((7,),))),
        (OWN, replace(OTHER, session="pppoe")),
        (OWN, replace(OTHER, first=AT - timedelta(days=2), last=AT - timedelta(days=2))),
    ],
)
def test_normal_routers(routers: tuple[RouterAdvertiser, ...]) -> None:
    assert advertised(network(routers=routers, site=Site())) == []


def test_dhcp6_pair_is_normal_and_a_contradiction_is_said() -> None:
    one = Dhcp6Server(
        "01", "fe80::1", COMPANY, dns=("2001:db8::53",), first=AT, last=AT, stacks=((),)
    )
    two = replace(one, duid="02", mac=ROGUE)
    for servers, findings in (((one, two), 0), ((one, replace(two, dns=("2001:db8::bad",))), 1)):
        net = network(dhcp6_servers=servers, site=Site())
        assert len(list(rogue_dhcp6_server(net, topology.build(net)))) == findings


# --- addresses and the spanning tree --------------------------------------------------------------


def duplicates(net: Network) -> list[Finding]:
    return list(duplicate_address(net, topology.build(net)))


def test_the_second_claimant_is_the_intruder_and_the_networks_own_never() -> None:
    conflict = ArpConflict("10.10.1.7", (COMPANY, ROGUE), 10)
    (finding,) = duplicates(network(arp_conflicts=(conflict,)))
    assert (finding.resource.mac, finding.severity) == (ROGUE, Severity.MAJOR)
    gateway = ArpConflict("10.10.0.1", (ROGUE, GATEWAY), 10)
    (finding,) = duplicates(network(SERVER, arp_conflicts=(gateway,), snapshots=CORE))
    assert (finding.resource.mac, finding.severity) == (ROGUE, Severity.CRITICAL)


def test_a_table_that_changes_its_mind_and_back() -> None:
    def table(mac: str, minutes: int) -> Snapshot:
        at = AT - timedelta(minutes=minutes)
        return replace(snapshot(arp=(ArpEntry("10.10.1.7", mac),)), at=at)

    def found(*macs: str) -> list[Finding]:
        tables = [table(mac, 5 * n) for n, mac in enumerate(reversed(macs))]
        return duplicates(Network(AT, (), snapshots=(tables[0],), history=tuple(tables[1:])))

    assert found(COMPANY, COMPANY, ROGUE) == []
    assert found(COMPANY, ROGUE, ROGUE) == []
    (finding,) = found(COMPANY, ROGUE, COMPANY)
    assert finding.resource.mac == ROGUE
    assert found("00:00:5e:00:01:01", ROGUE, "00:00:5e:00:01:01") == []


def test_a_card_that_answers_for_everybody_is_a_proxy_and_no_duplicate() -> None:
    conflicts = [ArpConflict(f"10.10.1.{n}", (f"00:16:3e:00:00:0{n}", ROGUE)) for n in range(1, 6)]
    few, many = (Capture("eth0", last=AT, arp_conflicts=tuple(conflicts[:n])) for n in (3, 5))
    assert len(duplicates(Network(AT, (), captures=(few,)))) == 3
    assert duplicates(Network(AT, (), captures=(many,))) == []


def test_two_routers_that_disagree_on_two_present_cards() -> None:
    one = snapshot(
        arp=(ArpEntry("10.10.1.7", COMPANY, "Vlan10"),), fdb=(FdbEntry(COMPANY, "Gi1/0/1"),)
    )
    two = replace(one, device="core-2", arp=(ArpEntry("10.10.1.7", ROGUE, "Vlan10"),))
    assert duplicates(Network(AT, (), snapshots=(one, two))) == []  # the other card is gone
    there = replace(two, fdb=(FdbEntry(ROGUE, "Gi1/0/2"),))
    assert len(duplicates(Network(AT, (), snapshots=(one, there)))) == 1


def test_a_new_root_is_told_and_another_vlans_root_is_none() -> None:
    later = AT + timedelta(seconds=5)
    old, new = StpRoot(1, 32768, GATEWAY, AT, later), StpRoot(1, 4096, ROGUE, later, later)
    net = network(stp_roots=(new, old))
    (finding,) = stp_root_change(net, topology.build(net))
    assert (finding.resource.mac, finding.resource.vlan) == (ROGUE, 1)
    net = network(stp_roots=(old, replace(new, vlan=5)))
    assert not list(stp_root_change(net, topology.build(net)))


def test_a_devices_own_table_tells_it_too() -> None:
    before = replace(snapshot(stp=(Stp(1, f"24576.{GATEWAY}"),)), at=AT - timedelta(hours=1))
    now = snapshot(stp=(Stp(1, f"0.{ROGUE}"),))
    net = Network(AT, (), snapshots=(now,), history=(before,))
    (finding,) = stp_root_change(net, topology.build(net))
    assert finding.resource.mac == ROGUE
    assert not list(stp_root_change(replace(net, history=(now,)), topology.build(net)))


# --- lists for IPv6, and what a known server may hand out ------------------------------------------

ROUTER = RouterAdvertiser(
    "fe80::1", GATEWAY, (10,), ("2001:db8:10::/64",), 1800, AT, AT, stacks=((10,),)
)
SIX = Dhcp6Server("0003000118", "fe80::2", COMPANY, (10,), first=AT, last=AT, stacks=((10,),))


@pytest.mark.parametrize(
    ("allowed", "why"),
    [
        (AuthorizedRouter(mac=GATEWAY), None),
        (AuthorizedRouter("fe80::1", GATEWAY, (10, 20), ("2001:db8:10::/64",)), None),
        (AuthorizedRouter(mac=COMPANY), "not an authorized router"),
        (AuthorizedRouter("fe80::1", COMPANY), "not an authorized router"),
        (AuthorizedRouter(mac=GATEWAY, vlans=(20,)), "not authorized in VLAN 10"),
        (AuthorizedRouter(mac=GATEWAY, prefixes=("2001:db8:20::/64",)), "may not advertise 2001:"),
    ],
)
def test_the_list_of_routers(allowed: AuthorizedRouter, why: str | None) -> None:
    net = network(routers=(ROUTER,), site=Site(routers=(allowed,)))
    found = advertised(net)
    assert len(found) == (why is not None)
    assert all((why or "") in f.summary for f in found)
    assert authorized(net) == {f"RouterAdvertiser:{GATEWAY}": why is None}


@pytest.mark.parametrize(
    ("allowed", "why"),
    [
        (AuthorizedDhcp6Server(duid="0003000118"), None),
        (AuthorizedDhcp6Server(mac=COMPANY, vlans=(10,)), None),
        (AuthorizedDhcp6Server(duid="0003000119"), "not an authorized DHCPv6 server"),
        (AuthorizedDhcp6Server("0003000118", GATEWAY), "copies the DUID"),
        (AuthorizedDhcp6Server(mac=COMPANY, vlans=(20,)), "not authorized in VLAN 10"),
    ],
)
def test_the_list_of_dhcp6_servers(allowed: AuthorizedDhcp6Server, why: str | None) -> None:
    net = network(dhcp6_servers=(SIX,), site=Site(dhcp6_servers=(allowed,)))
    found = list(rogue_dhcp6_server(net, topology.build(net)))
    assert len(found) == (why is not None)
    assert all((why or "") in f.summary for f in found)
    assert authorized(net) == {f"Dhcp6Server:{COMPANY}": why is None}


@pytest.mark.parametrize(
    ("allowed", "why"),
    [
        (AuthorizedDhcpServer("10.10.0.2", COMPANY, (10,), ("10.10.0.1",), ("10.10.0.2",)), None),
        (AuthorizedDhcpServer("10.10.0.2", COMPANY, (), ("10.10.0.9",)), "hands out the gateway 10.10.0.1"),
        (AuthorizedDhcpServer("10.10.0.2", dns=("10.0.0.53",)), "hands out the name server 10.10.0.2"),
    ],
)  # fmt: skip
def test_what_a_known_server_may_hand_out(allowed: AuthorizedDhcpServer, why: str | None) -> None:
    found = rogues(network(SERVER, site=Site((allowed,))))
    assert len(found) == (why is not None)
    assert all((why or "") in f.summary for f in found)


@pytest.mark.parametrize(
    ("server", "what"),
    [
        ({"server_id": "192.168.0.1", "vendor": "Tp-Link Technologies Co.,Ltd."}, "a TP-Link home router: "),
        ({"server_id": "192.168.7.1", "routers": ("192.168.7.1",), "dns": ("192.168.7.1",), "says": ("UPnP: Linux UPnP/1.0 Archer C7",)},
         "a home router: it names itself as server, gateway and DNS, it says of itself: UPnP: Linux UPnP/1.0 Archer C7"),
        ({"server_id": "192.168.178.1", "says": ("mDNS: fritz!box.local",)}, "an AVM FRITZ!Box home router: "),
        ({"server_id": "192.168.137.1", "ttl": 128}, "a Windows machine that shares"),
        ({"server_id": "172.20.10.1", "subnet_mask": "255.255.255.240"}, "an iPhone's hotspot"),
        ({"server_id": "192.168.43.1", "routers": ("192.168.43.1",), "dns": ("192.168.43.1",)}, "an Android phone's"),
        ({"server_id": "192.168.122.1", "mac": "52:54:00:12:34:56"}, "the network of virtual machines"),
        ({"server_id": "10.0.0.2", "vendor": "NETGEAR"}, None),
        ({"server_id": "10.0.0.2", "says": ("UPnP: Archer",)}, None),
        ({"server_id": "192.168.137.1", "ttl": 64}, None),
        ({"server_id": "192.168.122.5"}, None),
    ],
)  # fmt: skip
def test_what_the_server_is(server: dict[str, object], what: str | None) -> None:
    found = looks_like(replace(DhcpServer(None, None, "00:1b:21:00:00:01"), **server))  # type: ignore[arg-type]
    assert (found or "").startswith(what or "") if what else found is None
