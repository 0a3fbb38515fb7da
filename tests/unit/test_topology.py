from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from netdiag import topology
from netdiag.decode import mib
from netdiag.model import (
    Capture,
    Device,
    ErrDisableCause,
    FdbEntry,
    Interface,
    Neighbor,
    Network,
    OperStatus,
    Role,
    Snapshot,
)
from tests.networks import AT, ROUTER_MAC, Campus, home_router

GI = "GigabitEthernet1/0/"


def links_of(network: Network) -> set[tuple[str, str | None, str, str | None]]:
    links = topology.build(network).links
    return {(li.a.device, li.a.interface, li.b.device, li.b.interface) for li in links}


# --- links ---


@pytest.mark.parametrize("lldp", [True, False])
def test_both_ends_report_one_cable_once(lldp):
    assert links_of(Campus.default(lldp=lldp).network()) == {
        (f"acc-{n}", GI + "24", "core-1", f"{GI}{n}") for n in (1, 2, 3)
    }


def two_switches(a: list[Neighbor], b: list[Neighbor]) -> Network:
    campus = Campus(lldp=False).switch("a").switch("b").switch("c")
    network = campus.network()
    rows = {"a": a, "b": b, "c": []}
    snapshots = tuple(
        replace(s, neighbors=tuple(rows[s.device]), fdb=()) for s in network.snapshots
    )
    return replace(network, snapshots=snapshots)


def test_lldp_short_and_cdp_long_names_are_one_link():
    a = [
        Neighbor("Gi1/0/9", "lldp", "00:1b:54:02:00:00", "Gi1/0/1", 5),
        Neighbor(GI + "9", "cdp", "b.example.org", GI + "1", sys_name="b.example.org"),
    ]
    b = [Neighbor(GI + "1", "cdp", "a", "Gi1/0/9", sys_name="A(JAB0434)")]
    network = two_switches(a, b)
    (link,) = topology.build(network).links
    assert (link.a.interface, link.b.interface) == (GI + "9", GI + "1")
    assert link.protocols == ("cdp", "lldp")


def test_a_missing_local_port_is_taken_from_the_other_end():
    a = [Neighbor(None, "lldp", "00:1b:54:02:00:00", "Gi1/0/1", 5)]
    b = [Neighbor(GI + "1", "lldp", "00:1b:54:01:00:00", "Gi1/0/9", 5)]
    assert links_of(two_switches(a, b)) == {("a", GI + "9", "b", GI + "1")}
    assert links_of(two_switches(a, [])) == {("a", None, "b", GI + "1")}


def test_parallel_cables_stay_apart():
    a = [Neighbor(f"{GI}{n}", "lldp", "00:1b:54:02:00:00", f"Gi1/0/{n + 4}", 5) for n in (1, 2)]
    b = [Neighbor(f"{GI}{n + 4}", "lldp", "00:1b:54:01:00:00", f"Gi1/0/{n}", 5) for n in (1, 2)]
    assert len(links_of(two_switches(a, b))) == 2


def test_its_own_chassis_id_is_a_self_loop_and_no_neighbour():
    row = Neighbor(GI + "5", "lldp", "00:1b:54:01:00:00", "Gi1/0/6", 5)
    other = Neighbor(GI + "6", "lldp", "00:1b:54:01:00:00", "Gi1/0/5", 5)
    built = topology.build(two_switches([row, other], []))
    assert built.links == ()
    (loop,) = built.self_loops
    assert (loop.device, loop.interface, loop.other) == ("a", GI + "5", GI + "6")


def test_an_address_of_several_devices_names_none():
    """A port forwarder: every device has 127.0.0.1."""
    row = Neighbor(
        GI + "9", "lldp", "aa:aa:aa:aa:aa:aa", "Gi1/0/1", 5, management_address="127.0.0.1"
    )
    network = two_switches([row], [])
    devices = tuple(replace(d, address="127.0.0.1") for d in network.devices)
    snapshots = tuple(replace(s, address="127.0.0.1") for s in network.snapshots)
    built = topology.build(replace(network, devices=devices, snapshots=snapshots))
    assert built.links == ()
    assert built.foreign[0].neighbor.chassis_id == "aa:aa:aa:aa:aa:aa"


def test_a_stored_link_survives_silence_and_yields_to_a_new_cable():
    campus = Campus.default().remember(age_s=3600)
    campus.lldp = False
    for ports in campus.ports.values():
        for name, port in ports.items():
            ports[name] = replace(port, mac=None)
    network = campus.network()
    bare = tuple(replace(s, neighbors=(), fdb=()) for s in network.snapshots)
    assert len(links_of(replace(network, snapshots=bare))) == 3
    moved = Neighbor(GI + "1", "lldp", campus.mac("acc-2"), GI + "24", 5)
    now = tuple(replace(s, neighbors=(moved,)) if s.device == "core-1" else s for s in bare)
    assert links_of(replace(network, snapshots=now)) == {
        ("acc-2", GI + "24", "core-1", GI + "1"),
        ("acc-3", GI + "24", "core-1", GI + "3"),
    }


def test_a_silent_switch_between_two_talking_ones_is_found_by_their_fdbs():
    campus = Campus().switch("core").switch("mid").switch("edge")
    campus.cable("core", "Gi1/0/1", "mid", "Gi1/0/23").cable("mid", "Gi1/0/24", "edge", "Gi1/0/24")
    campus.host("pc", "edge", "Gi1/0/1").silent.update({"mid"})
    assert links_of(campus.network()) == {
        ("core", GI + "1", "mid", GI + "23"),
        ("edge", GI + "24", "mid", GI + "24"),
    }


def test_a_switch_that_was_never_read_is_placed_by_its_neighbours_fdb():
    campus = Campus.default(lldp=False).unreachable("acc-2")
    links = topology.build(campus.network()).links
    # Its own MAC is known from the core's ARP table alone.
    ends = {(li.a.device, li.b.device, li.b.interface) for li in links}
    assert ("acc-2", "core-1", GI + "2") in ends


def test_a_description_places_a_switch_that_nothing_else_does():
    campus = Campus(lldp=False).switch("core").switch("acc")
    campus.change("core", "Gi1/0/7", alias="uplink to acc Gi1/0/24").unreachable("acc")
    built = topology.build(campus.network())
    assert built.neighbor("core", GI + "7") == ("acc", GI + "24")
    assert built.links[0].protocols == ("alias",)


def test_a_bundle_and_its_members_are_one_port():
    campus = Campus().switch("a").switch("b").cable("a", "Gi1/0/1", "b", "Gi1/0/1")
    campus.change("a", "Gi1/0/1", aggregate="Port-channel1")
    campus.ports["a"]["Port-channel1"] = Interface("Port-channel1", 5001, if_type=161)
    built = topology.build(campus.network())
    assert built.neighbor("a", "Port-channel1") == ("b", GI + "1")
    assert built.is_uplink("a", "Port-channel1")


# --- real devices ---


def dotted(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.lstrip(".").split("."))


def walk(path: Path) -> tuple[mib.Varbind, ...]:
    """A recorded walk; lines whose value is not of their type are left out, as snmpsim does."""
    found: list[mib.Varbind] = []
    for line in path.read_text(errors="replace").splitlines():
        name, tag, text = line.split("|", 2)
        number = int(tag.rstrip("x"))
        value: int | bytes | tuple[int, ...]
        try:
            if tag.endswith("x"):
                value = bytes.fromhex(text)
            elif number in {2, 65, 66, 67, 70}:
                value = int(text)
            elif number == 6:
                value = dotted(text)
            else:
                value = bytes(dotted(text)) if number == 64 else text.encode()
        except ValueError:
            continue
        found.append((dotted(name), value))
    return tuple(found)


def real_network(folder: Path) -> Network:
    devices, snapshots = [], []
    for n, path in enumerate(sorted(folder.glob("*.snmprec")), 1):
        name = path.name.split(".")[0].removesuffix("-walk")
        devices.append(Device(name, f"198.51.100.{n}"))
        snapshots.append(mib.snapshot(devices[-1], mib.Reading(walk(path)), at=AT))
    return Network(AT, tuple(devices), snapshots=tuple(snapshots))


CISCO = {
    *((f"switch1 GigabitEthernet0/{n + 8}", f"switch2 GigabitEthernet0/{n}") for n in (1, 2, 3, 4)),
    ("switch2 GigabitEthernet0/19", "switch3 FastEthernet0/19"),
    ("switch2 GigabitEthernet0/20", "switch3 FastEthernet0/20"),
    ("switch3 FastEthernet0/23", "switch5 FastEthernet0/1"),
    ("switch3 FastEthernet0/24", "switch5 FastEthernet0/13"),
    ("router1 FastEthernet0/0", "switch1 GigabitEthernet0/1"),
    ("router3 GigabitEthernet0/1", "switch4 FastEthernet0/1"),
    ("router1 Serial0/0/0", "router2 Serial0/0/0"),
    ("router2 Serial0/0/1", "router3 Serial0/0/1"),
    ("router3 GigabitEthernet0/0", "router4 GigabitEthernet0/1"),
}
JUNIPER = {
    ("itpn0111 639", "itpn0201 626"),
    ("itpn0111 633", "itpn0112 622"),
    ("itpn0112 624", "itpn0113 623"),
    ("itpn0113 625", "itpn0202 628"),
    ("itpn0114 622", "itpn0201 630"),
    ("itpn0114 624", "itpn0121 622"),
    ("itpn0123 627", "itpn0202 626"),
    ("itpn0201 628", "itpn0202 622"),
}
PROCURVE = {("cisco01 FastEthernet0/8", "switch02 24"), ("homeserver eth0", "switch02 7")}


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "links"), [("nms17216", CISCO), ("nms0123", JUNIPER), ("nms7563", PROCURVE)]
)
def test_the_links_of_real_networks(shared_data, folder, links):
    built = topology.build(real_network(shared_data / "snmp" / "opennms" / folder))
    found = [
        (f"{li.a.device} {li.a.interface}", f"{li.b.device} {li.b.interface}") for li in built.links
    ]
    assert sorted(found) == sorted(links)


@pytest.mark.data
def test_real_cables_back_into_the_same_device(shared_data):
    built = topology.build(real_network(shared_data / "snmp" / "opennms" / "nms0123"))
    assert [(s.device, s.interface, s.other) for s in built.self_loops] == [
        ("itpn0111", "538", "617"),
        ("itpn0123", "538", "604"),
    ]


# --- where netdiag stands, ways, what is cut off ---


def test_netdiag_stands_where_its_sensor_hears_a_switch_else_at_the_core():
    campus = Campus.default()
    assert topology.build(campus.network()).management_root == "core-1"
    heard = Neighbor(None, "lldp", campus.mac("acc-3"), "Gi1/0/9", 5)
    campus.capture(Capture(source="lab:noc", neighbors=(heard,)))
    assert topology.build(campus.network()).management_root == "acc-3"
    campus.captures[0] = replace(campus.captures[0], source="old.pcap")
    assert topology.build(campus.network()).management_root == "core-1"


def chain() -> Campus:
    campus = Campus().switch("core", role=Role.CORE).switch("dist").switch("acc")
    campus.cable("core", "Gi1/0/1", "dist", "Gi1/0/1").cable("dist", "Gi1/0/2", "acc", "Gi1/0/1")
    return campus.host("pc-a", "acc", "Gi1/0/5").host("pc-d", "dist", "Gi1/0/5")


def test_a_closing_uplink_cuts_off_everything_beyond():
    built = topology.build(chain().network())
    assert built.behind("core", GI + "1") == ("acc", "dist")
    assert built.behind("dist", GI + "2") == ("acc",)
    assert built.behind("acc", GI + "1") == ("acc",)
    assert built.behind("acc", GI + "5") == ()
    radius = built.blast_radius("core", GI + "1")
    assert (radius.devices, radius.interfaces, radius.stations, radius.vlans) == (
        ("acc", "dist"),
        2,
        2,
        (10,),
    )


def test_a_redundant_link_cuts_off_nothing():
    campus = chain().cable("core", "Gi1/0/9", "acc", "Gi1/0/9")
    assert topology.build(campus.network()).behind("core", GI + "1") == ()


def test_the_blast_radius_of_a_dark_switch_is_told_from_history():
    campus = Campus.default().remember(age_s=3600)
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL).unreachable("acc-2")
    radius = topology.build(campus.network()).blast_radius("core-1", GI + "2")
    assert (radius.devices, radius.interfaces, radius.stations) == (("acc-2",), 8, 8)


def test_an_edge_port_harms_its_own_stations():
    radius = topology.build(Campus.default().network()).blast_radius("acc-1", GI + "3")
    assert (radius.devices, radius.interfaces, radius.stations) == ((), 1, 1)


# --- trace ---


def test_a_station_is_traced_hop_by_hop_from_its_mac_ip_and_desk():
    campus = Campus.default()
    mac = next(h.mac for h in campus.hosts if h.name == "pc-2-5")
    built = topology.build(campus.network())
    spelled = mac.replace(":", "").upper()
    for query in (mac, f"{spelled[:4]}.{spelled[4:8]}.{spelled[8:]}", "10.10.2.5", "2F-105"):
        found = built.trace(query)
        assert [(h.device, h.interface) for h in found.path] == [
            ("core-1", GI + "2"),
            ("acc-2", GI + "5"),
        ]
        assert found.edge == found.path[-1]
        assert found.mac == mac
        assert found.confidence >= 0.9
        assert not found.shared_port


@pytest.mark.parametrize("query", ["core-1", "acc-2", "10.99.0.3", "00:1b:54:03:00:18"])
def test_equipment_has_no_edge_port(query):
    found = topology.build(Campus.default().network()).trace(query)
    assert found.edge is None
    assert found.confidence > 0.9


@pytest.mark.parametrize("query", ["de:ad:be:ef:00:01", "203.0.113.9", "nobody", "", "::", "%"])
def test_what_nobody_saw_is_not_found(query):
    found = topology.build(Campus.default().network()).trace(query)
    assert found.edge is None
    assert found.confidence == 0.0
    assert found.note


def test_stations_behind_an_unmanaged_switch_share_the_port():
    campus = Campus.default().host("pc-x", "acc-1", "Gi1/0/3")
    found = topology.build(campus.network()).trace(campus.hosts[-1].mac)
    assert found.edge is not None
    assert found.shared_port
    assert found.stations_on_port == (campus.hosts[2].mac,)


def test_an_uplink_is_never_the_edge():
    campus = Campus.default().learn("core-1", ROUTER_MAC, "Gi1/0/2")
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert found.edge is None
    assert [(h.device, h.interface) for h in found.path] == [("core-1", GI + "2")]
    assert "acc-2" in str(found.note)


def test_a_strangers_switch_is_no_edge_either_but_a_phone_is():
    campus = Campus.default().learn("acc-1", ROUTER_MAC, "Gi1/0/12")
    network = campus.network()

    def with_neighbor(row: Neighbor) -> Network:
        found = [
            replace(s, neighbors=(*s.neighbors, row)) if s.device == "acc-1" else s
            for s in network.snapshots
        ]
        return replace(network, snapshots=tuple(found))

    switch = Neighbor(GI + "12", "lldp", "aa:aa:aa:aa:aa:01", "Gi0/1", 5, None, "mine")
    phone = Neighbor(GI + "12", "lldp", "aa:aa:aa:aa:aa:02", "Port 1", 7, None, "SEP1")
    assert topology.build(with_neighbor(switch)).trace(ROUTER_MAC).edge is None
    edge = topology.build(with_neighbor(phone)).trace(ROUTER_MAC).edge
    assert edge is not None
    assert edge.interface == GI + "12"


def test_the_newest_sighting_wins_and_age_costs_confidence():
    campus = Campus.default().learn("acc-1", ROUTER_MAC, "Gi1/0/12").remember(age_s=7200)
    campus.extra_fdb.clear()
    campus.learn("acc-3", ROUTER_MAC, "Gi1/0/11")
    now = topology.build(campus.network()).trace(ROUTER_MAC)
    assert now.edge is not None
    assert (now.edge.device, now.edge.reason) == ("acc-3", "fdb")
    campus.extra_fdb.clear()
    then = topology.build(campus.network()).trace(ROUTER_MAC)
    assert then.edge is not None
    assert (then.edge.device, then.edge.reason) == ("acc-1", "history")
    assert then.observed == AT - timedelta(seconds=7200)
    assert then.confidence < now.confidence


def test_a_tie_goes_to_the_port_with_fewest_macs_and_is_said():
    campus = Campus.default()
    campus.learn("acc-1", ROUTER_MAC, "Gi1/0/3").learn("acc-1", ROUTER_MAC, "Gi1/0/12", vlan=20)
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert found.edge is not None
    assert found.edge.interface == GI + "12"
    assert "tie" in str(found.note)
    assert found.confidence < 0.7


def test_upstream_switches_settle_a_tie_between_switches():
    campus = Campus.default()
    for switch in ("acc-1", "acc-3"):
        campus.learn(switch, ROUTER_MAC, "Gi1/0/12")
    campus.learn("core-1", ROUTER_MAC, "Gi1/0/3")
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert found.edge is not None
    assert found.edge.device == "acc-3"


def test_in_a_storm_the_fdb_from_before_is_believed():
    campus = Campus.default().usual().host("router", "acc-2", "Gi1/0/11", mac=ROUTER_MAC)
    campus.remember(age_s=600)
    campus.hosts.pop()
    campus.learn("acc-2", ROUTER_MAC, "Gi1/0/3").rate("acc-2", "Gi1/0/11", 4000)
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert found.edge is not None
    assert (found.edge.interface, found.edge.reason) == (GI + "11", "history")


def test_in_a_storm_without_a_past_the_incoming_rate_leads():
    campus = Campus.default().usual().rate("core-1", "Gi1/0/2", 5000)
    campus.rate("acc-1", "Gi1/0/24", 9000).rate("acc-2", "Gi1/0/11", 4000)
    campus.rate("acc-2", "Gi1/0/12", 900)
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert [(h.device, h.interface, h.reason) for h in found.path] == [
        ("core-1", GI + "2", "rate"),
        ("acc-2", GI + "11", "rate"),
    ]
    assert found.edge == found.path[-1]
    assert found.confidence < 0.6
    assert "Gi1/0/12" in str(found.note) or GI + "12" in str(found.note)


def test_a_flapping_message_names_the_edge_of_a_dark_switch():
    campus = home_router()
    campus.log("mac-flap", "acc-2", "Gi1/0/6", other="Gi1/0/5", mac=ROUTER_MAC, ago_s=61)
    found = topology.build(campus.network()).trace(ROUTER_MAC)
    assert found.edge is not None
    assert found.edge.device == "acc-2"
    assert "flaps" in str(found.note)


def test_fdb_entries_without_a_port_or_of_the_device_itself_are_no_sightings():
    campus = Campus.default()
    campus.extra_fdb["acc-1"] += [
        FdbEntry(ROUTER_MAC, None, None, 10, "learned"),
        FdbEntry(ROUTER_MAC, GI + "9", None, 10, "self"),
    ]
    assert topology.build(campus.network()).trace(ROUTER_MAC).edge is None


def test_an_address_claimed_twice_follows_the_newest_claim():
    campus = Campus.default().remember(age_s=600)
    host = campus.hosts[0]
    campus.hosts[0] = replace(host, ip="10.10.9.9")
    campus.hosts[1] = replace(campus.hosts[1], ip=host.ip)
    found = topology.build(campus.network()).trace(str(host.ip))
    assert found.mac == campus.hosts[1].mac
    assert "also claimed" in str(found.note)


def test_a_network_of_nothing_has_no_root_and_no_ways():
    built = topology.build(Network(AT, ()))
    assert built.management_root is None
    assert built.path("a", "b") == ()
    assert built.behind("a", "b") == ()
    assert built.trace("a").edge is None


def test_a_link_is_down_when_one_end_says_so():
    campus = Campus.default()
    built = topology.build(campus.network())
    assert [built.link_up(li) for li in built.links] == [True, True, True]
    campus.change("acc-2", "Gi1/0/24", oper_status=OperStatus.DOWN)
    built = topology.build(campus.network())
    assert [built.link_up(li) for li in built.links] == [True, False, True]


def test_snapshots_without_an_inventory_are_devices_too():
    found = topology.build(Network(AT, (), snapshots=(Snapshot("x", "192.0.2.1", AT, True),)))
    assert found.management_root == "x"
