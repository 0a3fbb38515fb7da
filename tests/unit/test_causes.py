"""Drawn networks: a healthy one has no finding, a planted fault is named at its place, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netdiag import causes, checks, topology
from netdiag.model import (
    BlastRadius,
    Cause,
    ErrDisableCause,
    Evidence,
    Finding,
    Kind,
    Network,
    Resource,
    Role,
    Severity,
)
from netdiag.topology import Topology
from tests.golden.incident_cases import CASES
from tests.networks import AT, ROUTER_MAC, Campus, home_router

T = TypeVar("T")
GI = "GigabitEthernet1/0/"
PORTS = 12
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def campuses(draw: st.DrawFn) -> Campus:
    """A tree of 2 to 7 switches, each with hosts; some or all of them speak no LLDP."""
    count = draw(st.integers(2, 7))
    campus = Campus(lldp=draw(st.booleans()))
    used = {0: 0}
    for n in range(count):
        campus.switch(f"sw-{n}", PORTS, Role.CORE if n == 0 else Role.ACCESS)
    for n in range(1, count):
        parent = draw(st.integers(max(0, n - 3), n - 1))
        used[parent] = used.get(parent, 0) + 1
        campus.cable(f"sw-{parent}", f"Gi1/0/{used[parent] + 1}", f"sw-{n}", "Gi1/0/1")
    for n in range(count):
        for port in range(PORTS - draw(st.integers(1, 4)), PORTS + 1):
            campus.host(f"pc-{n}-{port}", f"sw-{n}", f"Gi1/0/{port}", ip=f"10.10.{n}.{port}")
    campus.silent |= draw(st.sets(st.sampled_from([f"sw-{n}" for n in range(count)]), max_size=2))
    if draw(st.booleans()):
        campus.usual()
    if draw(st.booleans()):
        campus.remember(age_s=draw(st.sampled_from([300.0, 3600.0, 86400.0])))
    return campus.hear(rogue=False)


def answer(network: Network) -> tuple[Topology, tuple[Finding, ...], tuple[Cause, ...]]:
    built = topology.build(network)
    found = checks.run(network, built)
    return built, found, causes.rank(found, network, built)


@QUICK
@given(campuses())
def test_a_healthy_network_has_neither_finding_nor_cause(campus):
    built, found, ranked = answer(campus.network())
    assert found == ()
    assert ranked == ()
    wired = {frozenset(((a, pa), (b, pb))) for a, pa, b, pb in campus.cables}
    drawn = {
        frozenset(((li.a.device, li.a.interface), (li.b.device, li.b.interface)))
        for li in built.links
    }
    assert drawn == wired


@QUICK
@given(campuses(), st.randoms(use_true_random=False))
def test_every_station_is_traced_to_its_own_port(campus, rng):
    built = topology.build(campus.network())
    for host in rng.sample(campus.hosts, 3):
        found = built.trace(host.mac)
        assert found.edge is not None
        assert (found.edge.device, found.edge.interface) == (host.switch, host.port)
        assert len(found.path) == len(built.way("sw-0", host.switch)) + 1


def rogue(campus: Campus, switch: str, port: str) -> None:
    campus.host("router", switch, port, mac=ROUTER_MAC).hear()


def loop(campus: Campus, switch: str, port: str) -> None:
    campus.rate(switch, port, 5000.0).rate(switch, "Gi1/0/7", 900.0)
    for name in campus.devices:
        if name != switch:
            built = topology.build(campus.network())
            toward = built.path(name, switch)[0].interface
            campus.rate(name, toward, 5500.0)
    campus.storm_on_wire()


def bpdu(campus: Campus, switch: str, port: str) -> None:
    campus.err_disable(switch, port, ErrDisableCause.BPDU_GUARD)


def shut(campus: Campus, switch: str, port: str) -> None:
    campus.host("pc", switch, port)
    campus.remember(age_s=600).unplug("pc").shut(switch, port)


FAULTS: dict[Kind, Callable[[Campus, str, str], None]] = {
    Kind.ROGUE_DHCP_SERVER: rogue,
    Kind.LAYER2_LOOP: loop,
    Kind.ERR_DISABLED_PORT: bpdu,
    Kind.ADMIN_DOWN_PORT: shut,
}


@QUICK
@pytest.mark.parametrize("kind", FAULTS)
@given(campus=campuses(), rng=st.randoms(use_true_random=False))
def test_a_planted_fault_is_the_first_cause_at_its_place(kind, campus, rng):
    switch = rng.choice(sorted(campus.devices))
    FAULTS[kind](campus, switch, "Gi1/0/6")
    _, _, ranked = answer(campus.network())
    assert [c.kind for c in ranked] == [kind]
    assert (ranked[0].resource.device, ranked[0].resource.interface) == (switch, GI + "6")


@QUICK
@given(campus=campuses(), rng=st.randoms(use_true_random=False))
def test_a_cut_cable_explains_all_the_silence_behind_it(campus, rng):
    campus.remember(age_s=600)
    a, port, b, _ = rng.choice(campus.cables)
    built = topology.build(campus.network())
    behind = built.behind(a, port)
    assert b in behind
    campus.cut(a, port).unreachable(*behind)
    _, found, ranked = answer(campus.network())
    assert [c.kind for c in ranked] == [Kind.UPLINK_DOWN]
    assert (ranked[0].resource.device, ranked[0].resource.interface) == (a, port)
    silent = {f.id for f in found if f.kind is Kind.DEVICE_UNREACHABLE}
    assert len(silent) == len(behind)
    assert silent <= set(ranked[0].explains)


def shuffled(network: Network, rng: Random) -> Network:
    """The same facts in another order; history and captures keep theirs, which means something."""

    def mix(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(rng.sample(items, len(items)))

    snapshots = [
        replace(
            s,
            interfaces=mix(s.interfaces),
            fdb=mix(s.fdb),
            neighbors=mix(s.neighbors),
            arp=mix(s.arp),
            rates=mix(s.rates),
        )
        for s in network.snapshots
    ]
    return replace(
        network,
        devices=mix(network.devices),
        snapshots=mix(tuple(snapshots)),
        log=mix(network.log),
        baselines=mix(network.baselines),
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_order_of_what_was_collected_changes_nothing(name):
    network = CASES[name][0]().network()
    _, found, ranked = answer(network)
    for seed in (1, 2):
        built, again, ranked_again = answer(shuffled(network, Random(seed)))
        assert again == found
        assert ranked_again == ranked
        mixed = list(found)
        Random(seed).shuffle(mixed)
        assert causes.rank(mixed, network, built) == ranked


def test_every_finding_is_accounted_for_at_most_once():
    for build, _ in CASES.values():
        _, found, ranked = answer(build().network())
        told = [i for c in ranked for i in (*c.because, *c.explains)]
        assert len(told) == len(set(told))
        assert set(told) <= {f.id for f in found}
        assert all(c.because for c in ranked)
        assert [c.rank for c in ranked] == list(range(1, len(ranked) + 1))
        assert all(0.0 < c.confidence < 1.0 for c in ranked)


def test_the_router_on_two_cables_explains_the_outage_in_plain_words():
    campus = CASES["layer2-loop-home-router-syslog"][0]()
    built, found, (first,) = answer(campus.network())
    assert first.also[0] is Kind.ROGUE_DHCP_SERVER
    assert first.resource.mac == ROUTER_MAC
    by_id = {f.id: f.kind for f in found}
    assert {by_id[i] for i in first.explains} >= {
        Kind.ERR_DISABLED_PORT,
        Kind.UPLINK_DOWN,
        Kind.DEVICE_UNREACHABLE,
    }
    for word in ("TP-Link", "2F-105", "2F-106", "core-1 Gi1/0/2", "cut off acc-2"):
        assert word in first.summary
    assert built.blast_radius("core-1", GI + "2") == BlastRadius(("acc-2",), 0, 8, (10,))


def test_an_unknown_port_says_which_look_would_tell():
    _, _, (first,) = answer(home_router(2).network())
    assert first.resource.interface is None
    assert first.confidence <= 0.6
    assert "most incoming broadcasts would tell" in first.summary


def test_a_warning_alone_is_no_cause():
    campus = Campus.default()
    warning = Finding(
        Kind.LAYER2_LOOP,
        Severity.WARNING,
        Resource("acc-1", GI + "5"),
        "a cable leads back",
        (Evidence("snmp", "self_neighbor", "5 = 6"),),
        AT,
        AT,
    )
    network = campus.network()
    assert causes.rank([warning], network, topology.build(network)) == ()


def test_a_finding_that_no_family_knows_is_a_cause_of_its_own():
    campus = Campus.default()
    network = campus.network()
    lossy = Finding(
        Kind.LOSSY_LINK,
        Severity.MINOR,
        Resource("acc-1", GI + "5"),
        "3 % of the frames are damaged",
        (Evidence("snmp", "fcs_errors", "812"),),
        AT,
        AT,
    )
    (only,) = causes.rank([lossy], network, topology.build(network))
    assert (only.kind, only.because) == (Kind.LOSSY_LINK, (lossy.id,))


def test_a_rogue_that_the_probe_no_longer_hears_is_no_cause():
    """Heard an hour ago, unplugged since: its switch answers, its port is down."""
    campus = Campus.default().host("router", "acc-1", "Gi1/0/11", mac=ROUTER_MAC).remember()
    campus.unplug("router").hear(ago_s=3600).hear(rogue=False)
    _, found, ranked = answer(campus.network())
    assert [(f.kind, f.severity) for f in found] == [(Kind.ROGUE_DHCP_SERVER, Severity.WARNING)]
    assert "heard no more" in found[0].summary
    assert ranked == ()


def test_a_rogue_behind_a_closed_uplink_is_hidden_though_its_switch_answers_another_way():
    campus = Campus.default().host("router", "acc-1", "Gi1/0/11", mac=ROUTER_MAC).remember()
    campus.err_disable("core-1", "Gi1/0/1", ErrDisableCause.STORM_CONTROL)
    campus.hear(ago_s=120).hear(rogue=False)
    _, found, ranked = answer(campus.network())
    assert [c.resource.interface for c in ranked if c.resource.mac == ROUTER_MAC] == [GI + "11"]
    assert {f.severity for f in found if f.resource.mac == ROUTER_MAC} == {Severity.MAJOR}


def test_a_cable_between_two_floors_is_one_loop_and_not_two():
    campus = Campus.default().remember(age_s=600)
    macs = [h.mac for h in campus.hosts[:3]]
    for mac in macs:
        campus.log("mac-flap", "acc-1", "Gi1/0/11", other="Gi1/0/24", mac=mac, ago_s=61)
        campus.log("mac-flap", "acc-2", "Gi1/0/12", other="Gi1/0/24", mac=mac, ago_s=61)
        campus.log("mac-flap", "core-1", "Gi1/0/1", other="Gi1/0/2", mac=mac, ago_s=61)
    for number in (1, 2):
        campus.err_disable("core-1", f"Gi1/0/{number}", ErrDisableCause.STORM_CONTROL)
    campus.unreachable("acc-1", "acc-2").hear(rogue=False)
    _, _, ranked = answer(campus.network())
    assert [c.kind for c in ranked] == [Kind.LAYER2_LOOP]
    assert (ranked[0].resource.device, ranked[0].interfaces) == ("acc-1", (GI + "11",))
    assert "acc-2 Gi1/0/12" in ranked[0].summary


def test_addresses_that_flap_to_a_quiet_port_do_not_make_it_a_loop():
    """Nothing protects the uplinks: the storm reaches every switch, and so does the flapping."""
    campus = Campus.default().rate("acc-1", "Gi1/0/11", 736).rate("acc-1", "Gi1/0/12", 485)
    campus.rate("core-1", "Gi1/0/1", 1170)
    campus.rate("acc-2", "Gi1/0/24", 1280).rate("acc-3", "Gi1/0/24", 1170)
    for number, device in enumerate(("acc-2", "acc-3")):
        for port in (1, 2):
            mac = f"3c:52:82:00:0{number}:0{port}"
            campus.log("mac-flap", device, f"Gi1/0/{port}", other="Gi1/0/24", mac=mac, ago_s=5)
    _, _, ranked = answer(campus.network())
    assert [(c.kind, c.resource.device) for c in ranked] == [(Kind.LAYER2_LOOP, "acc-1")]
    assert set(ranked[0].interfaces) == {GI + "11", GI + "12"}


@pytest.mark.parametrize(
    ("new", "named"),
    [
        (("50:c7:bf:00:00:09",), True),
        (("50:c7:bf:00:00:09", "00:1b:a9:00:00:01"), False),
        ((), False),
    ],
)
def test_the_one_new_address_in_a_loop_is_its_culprit(new: tuple[str, ...], named: bool):
    """A router on two cables that no poll saw before the switch went dark."""
    campus = Campus.default().remember(age_s=600)
    old = [h.mac for h in campus.hosts if h.switch == "acc-2"]
    for mac in (*old, *new, "02:00:00:00:00:07"):
        campus.log("mac-flap", "acc-2", "Gi1/0/11", other="Gi1/0/12", mac=mac, ago_s=61)
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL)
    campus.unreachable("acc-2").hear(rogue=False)
    _, _, (first,) = answer(campus.network())
    assert first.kind is Kind.LAYER2_LOOP
    assert first.resource.mac == (new[0] if named else None)
    assert ("is new there" in first.summary) == named
