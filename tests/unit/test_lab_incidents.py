"""Each incident does what it says, at the place it says, and storms close the right core port."""

from __future__ import annotations

import pytest

from netdiag.errors import LabError, UsageError
from netdiag.lab import campus
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.incidents import Injected
from netdiag.model import Kind

TOPOLOGY = campus.load(None)
KINDS = (
    "home-router",
    "layer2-loop",
    "broadcast-storm",
    "rogue-dhcp-server",
    "dhcp-server-down",
    "admin-down-port",
    "duplicate-address",
    "uplink-down",
    "err-disabled-port",
)


def port_of(truth: Injected) -> str:
    assert truth.interface is not None
    return truth.interface


def start(seed: int = 0) -> campus.Campus:
    built = campus.build(TOPOLOGY, seed)
    built.run_until(6)
    return built


def run(built: campus.Campus, seconds: float) -> None:
    built.run_until(built.now() + seconds)


def uplink_of(switch: str) -> str:
    """The core's port toward an access switch of the packaged campus."""
    return f"GigabitEthernet1/0/{switch.removeprefix('acc-')}"


def closed(built: campus.Campus) -> dict[tuple[str, str], str]:
    return {
        (switch.name, port.name): port.err_disabled
        for switch in built.switches()
        for port in switch.ports()
        if port.err_disabled
    }


@pytest.mark.parametrize("seed", range(20))
def test_a_home_router_with_two_cables_closes_the_core_port_toward_its_switch(seed: int) -> None:
    built = start(seed)
    trips: list[SwitchEvent] = []
    built.subscribe(
        lambda event, _: trips.append(event) if event.facility == "PM-4-ERR_DISABLE" else None
    )
    truth = built.inject("home-router", seed, delay=0.5)
    assert truth.kinds == ("layer2-loop", "rogue-dhcp-server")
    assert truth.mac is not None
    assert truth.mac.startswith("50:c7:bf:")
    assert len(set(truth.interfaces)) == 2
    assert truth.interface == truth.interfaces[0]
    end = built.now() + 4
    while not trips and built.now() < end:
        run(built, 0.05)
    port = uplink_of(truth.device)
    assert closed(built) == {("core-1", port): "storm-control"}
    assert not built.switch(truth.device).reachable()
    assert all(s.reachable() for s in built.switches() if s.name != truth.device)
    acc = built.switch(truth.device)
    before = {name: acc.port(name).counters.in_broadcast for name in truth.interfaces}
    run(built, 0.3)
    # Cut off, it storms on inside. One direction may be crowded with unicast that circulates
    # against the broadcasts: the busier port tells, the other need not.
    more = [acc.port(name).counters.in_broadcast - before[name] for name in truth.interfaces]
    assert max(more) > 50
    assert len(trips) == 1


def test_the_second_cable_comes_later_and_not_at_all_when_it_is_taken_back_before() -> None:
    built = start()
    truth = built.inject("home-router", 1, switch="acc-3", ports="Gi1/0/9,Gi1/0/10", delay=5)
    assert truth.interfaces == ("GigabitEthernet1/0/9", "GigabitEthernet1/0/10")
    assert truth.desks == ("3F-109", "3F-110")
    run(built, 4.9)
    acc = built.switch("acc-3")
    assert [acc.port(name).carrier for name in truth.interfaces] == [True, False]
    built.revert(truth)
    run(built, 5)
    assert [acc.port(name).carrier for name in truth.interfaces] == [False, False]
    assert closed(built) == {}


def test_case_one_can_be_repaired_in_band() -> None:
    """Reopen the core's port, shut the edge ports in the window, and everyone works again."""
    built = start()
    truth = built.inject("home-router", 2, delay=0)
    run(built, 3)
    core, acc = built.switch("core-1"), built.switch(truth.device)
    port = uplink_of(truth.device)
    assert core.port(port).err_disabled == "storm-control"
    core.set_admin(port, up=False)
    core.set_admin(port, up=True)
    run(built, 0.5)
    assert acc.reachable()
    for name in truth.interfaces:
        acc.set_admin(name, up=False)
    run(built, 10)
    assert closed(built) == {}
    assert acc.reachable()
    behind = {n for n in (h.name for h in built.hosts) if built.home(n)[1] in truth.interfaces}
    for host in built.hosts:
        if built.home(host.name)[0] == truth.device and host.name not in behind:
            host.renew()
    run(built, 5)
    for host in built.hosts:
        if not (built.home(host.name)[0] == truth.device and host.name in behind):
            assert built.ping(host.name, "10.10.0.1"), host.name


def test_a_premature_reopening_closes_again() -> None:
    built = start()
    truth = built.inject("layer2-loop", 3)
    run(built, 8)
    core, port = built.switch("core-1"), uplink_of(truth.device)
    assert closed(built) == {("core-1", port): "storm-control"}
    core.set_admin(port, up=False)
    core.set_admin(port, up=True)
    run(built, 2.1)
    assert closed(built) == {("core-1", port): "storm-control"}
    said = [e for e in core.log() if e.facility == "STORM_CONTROL-3-SHUTDOWN"]
    assert len(said) == 2


def test_a_jabbering_card_closes_the_uplink_and_is_one_source() -> None:
    built = start()
    heard: list[bytes] = []
    truth = built.inject("broadcast-storm", 1)
    assert truth.mac in {host.mac.hex(":") for host in built.hosts}
    built.tap("noc", lambda _at, octets: heard.append(octets))
    run(built, 3)
    assert closed(built) == {("core-1", uplink_of(truth.device)): "storm-control"}
    storm = [o for o in heard if o[6:12].hex(":") == truth.mac]
    assert len(storm) > 500
    assert len(set(storm)) == len(storm)  # no copies: this is no loop


def test_one_cable_is_a_rogue_server_without_a_storm() -> None:
    built = start()
    truth = built.inject("rogue-dhcp-server", 4)
    run(built, 20)
    assert truth.kinds == ("rogue-dhcp-server",)
    assert closed(built) == {}
    acc = built.switch(truth.device)
    assert acc.reachable()
    assert [e.port for e in acc.fdb() if e.mac == truth.mac] == [truth.interface]


def test_a_pc_at_the_desk_goes_on_behind_the_router() -> None:
    built = start()
    truth = built.inject("rogue-dhcp-server", 0, switch="acc-1", ports="Gi1/0/3")
    run(built, 20)
    pc = built.host("pc-1f-103")
    assert pc.port.up
    behind = {e.mac for e in built.switch("acc-1").fdb() if e.port == truth.interface}
    assert behind == {truth.mac, pc.mac.hex(":")}
    built.revert(truth)
    run(built, 5)
    assert built.switch("acc-1").soft_port(port_of(truth)).peer is pc.port
    assert built.ping("pc-1f-103", pc.lease.router or "") if pc.lease else False


def test_the_dhcp_server_stops_serving_and_serves_again() -> None:
    built = start()
    truth = built.inject("dhcp-server-down", 0)
    assert (truth.device, truth.interface) == ("core-1", "GigabitEthernet1/0/10")
    assert truth.mac == built.dhcp_servers[0].mac
    host = built.hosts[0]
    before = host.lease
    host.renew()
    run(built, 10)
    assert host.lease is before
    assert built.ping(host.name, "10.10.0.2")  # the machine is there, its service is not
    built.revert(truth)
    run(built, 70)
    assert host.lease is not before
    by_cable = built.inject("dhcp-server-down", 0, how="cable")
    assert not built.ping(host.name, "10.10.0.2")
    built.revert(by_cable)
    assert built.ping(host.name, "10.10.0.2")


def test_a_port_that_somebody_shut() -> None:
    built = start()
    truth = built.inject("admin-down-port", 6)
    view = built.switch(truth.device).port(port_of(truth))
    assert not view.admin_up
    (host,) = [h for h in built.hosts if h.mac.hex(":") == truth.mac]
    assert not host.port.up
    built.revert(truth)
    assert host.port.up


def test_a_cut_uplink() -> None:
    built = start()
    truth = built.inject("uplink-down", 1)
    ((below, below_port),) = truth.also
    assert truth.device == "core-1"
    assert truth.interface == uplink_of(below)
    assert below_port == "GigabitEthernet1/0/24"
    for switch, port in ((truth.device, truth.interface), *truth.also):
        view = built.switch(switch).port(port)
        assert (view.admin_up, view.carrier, view.err_disabled) == (True, False, None)
    assert not built.switch(below).reachable()
    built.revert(truth)
    run(built, 1)
    assert built.switch(below).reachable()


@pytest.mark.parametrize(
    ("cause", "kind"),
    [("bpduguard", "bpdu-guard-violation"), ("psecure-violation", "port-security-violation")],
)
def test_an_edge_port_that_its_protection_closed(cause: str, kind: str) -> None:
    built = start()
    truth = built.inject("err-disabled-port", 3, cause=cause)
    run(built, 3)
    assert closed(built) == {(truth.device, truth.interface): cause}
    assert truth.kinds == ("err-disabled-port", kind)
    acc = built.switch(truth.device)
    assert acc.reachable()
    acc.set_admin(port_of(truth), up=False)  # reopened while the culprit is still there
    acc.set_admin(port_of(truth), up=True)
    run(built, 3)
    expected = {(truth.device, truth.interface): cause} if cause == "bpduguard" else {}
    assert closed(built) == expected
    built.revert(truth)
    acc.set_admin(port_of(truth), up=False)
    acc.set_admin(port_of(truth), up=True)
    run(built, 3)
    assert closed(built) == {}
    assert acc.port(port_of(truth)).carrier


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_the_truth_in_the_contracts_words_and_can_be_taken_back(kind: str) -> None:
    built = start()
    assert set(built.incidents.kinds) >= set(KINDS)
    twin = start()
    truth = built.inject(kind, 11)
    assert twin.inject(kind, 11) == truth  # the seed alone decides
    assert list(built.incidents.active) == [truth]
    assert set(truth.kinds) <= {k.value for k in Kind}
    switch = built.switch(truth.device)
    assert all(switch.port(name) for name in truth.interfaces)
    labels = dict(built.desks(truth.device))
    assert truth.desks == tuple(labels[n] for n in truth.interfaces if n in labels)
    plain = truth.truth
    assert plain["device"] == truth.device
    assert plain["interfaces"] == list(truth.interfaces)
    built.revert(truth)
    assert len(built.incidents.active) == 0
    with pytest.raises(LabError, match="is not active"):
        built.revert(truth)
    for host in built.hosts:
        at, interface = built.home(host.name)
        assert built.switch(at).soft_port(interface).peer is host.port, host.name


def test_seeds_reach_every_access_switch_and_many_ports() -> None:
    places = set()
    for seed in range(20):
        built = campus.build(TOPOLOGY, 0)
        truth = built.inject("home-router", seed, cables=1)
        places.add((truth.device, truth.interface))
    assert {device for device, _ in places} == {"acc-1", "acc-2", "acc-3"}
    assert len(places) >= 12


def test_pulling_the_cable_is_a_repair() -> None:
    built = start()
    truth = built.inject("layer2-loop", 0)
    built.unplug(truth.device, port_of(truth))
    run(built, 5)
    assert closed(built) == {}
    built.revert(truth)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("earthquake", {}, "no incident is called 'earthquake': home-router"),
        ("home-router", {"cabels": 1}, "has no option 'cabels'"),
        ("home-router", {"cables": 3}, "3 is not between 1 and 2"),
        ("home-router", {"cables": "two"}, "'two' is not a number"),
        ("home-router", {"switch": "core-1"}, "'core-1' is none of acc-1, acc-2, acc-3"),
        ("home-router", {"ports": "Gi1/0/3"}, "2 different ports are needed"),
        ("layer2-loop", {"ports": "Gi1/0/3,Gi1/0/3"}, "2 different ports are needed"),
        ("admin-down-port", {"ports": "Gi1/0/24"}, "no desk's port"),
        ("admin-down-port", {"ports": "Gi1/0/99"}, "has no interface"),
        ("err-disabled-port", {"cause": "magic"}, "'magic' is none of bpduguard"),
        ("rogue-dhcp-server", {"copy_server_id": "maybe"}, "'maybe' is none of"),
        ("duplicate-address", {"victim": "nobody"}, "no station 'nobody'"),
    ],
)
def test_a_wrong_call_changes_nothing(kind: str, options: dict[str, object], message: str) -> None:
    built = start()
    with pytest.raises(UsageError, match=message):
        built.inject(kind, 0, **options)
    assert built.incidents.active == ()
    assert all(host.port.up for host in built.hosts)


def test_no_address_to_double_yet() -> None:
    with pytest.raises(LabError, match="let lab time pass"):
        campus.build(TOPOLOGY, 0).inject("duplicate-address")
