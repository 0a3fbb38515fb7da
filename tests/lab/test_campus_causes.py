"""The practice campus really breaks, and the first cause is what was done to it.

Live counters, FDBs and messages, a real probe; without sockets (`tests.live`), so that each takes
seconds. What the collectors add is tested where they are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag import causes, checks, topology
from netdiag.lab.incidents import Injected
from netdiag.model import Cause, Finding, Kind
from tests.live import Live

pytestmark = pytest.mark.lab


def answer(live: Live) -> tuple[tuple[Finding, ...], tuple[Cause, ...]]:
    network = live.network()
    built = topology.build(network)
    found = checks.run(network, built)
    return found, causes.rank(found, network, built)


def right(cause: Cause, truth: Injected) -> bool:
    at_place = cause.resource.device == truth.device
    at_place &= cause.resource.interface in truth.interfaces
    return at_place and bool({cause.kind.value, *cause.also} & set(truth.kinds))


@pytest.mark.parametrize("stored", [True, False])
def test_a_healthy_campus_has_no_cause(tmp_path: Path, stored: bool) -> None:
    live = Live(tmp_path, seed=5)
    if stored:
        live.remember()
        live.sweep()
    assert answer(live) == ((), ())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "kind",
    [
        "rogue-dhcp-server",
        "layer2-loop",
        "broadcast-storm",
        "dhcp-server-down",
        "admin-down-port",
        "uplink-down",
        "err-disabled-port",
        "duplicate-address",
    ],
)
def test_what_was_injected_is_the_first_cause(tmp_path: Path, kind: str, seed: int) -> None:
    live = Live(tmp_path, seed=seed)
    live.remember()
    live.sweep()
    truth = live.campus.inject(kind, seed)
    live.run(15.0)
    _, ranked = answer(live)
    assert len(ranked) == 1
    assert right(ranked[0], truth)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_home_router_on_two_cables_is_named_with_both_ports(
    tmp_path: Path, seed: int, stored: bool
) -> None:
    live = Live(tmp_path, seed=seed)
    if stored:
        live.remember()
        live.sweep()
    truth = live.campus.inject("home-router", seed, cables=2, delay=3)
    live.run(2.0)
    live.sweep()
    live.run(12.0)
    _, (first, *others) = answer(live)
    assert not others
    assert first.resource.interface == truth.interface
    assert set(first.interfaces) == set(truth.interfaces)
    assert first.resource.mac == truth.mac
    assert {first.kind, *first.also} >= {Kind.LAYER2_LOOP, Kind.ROGUE_DHCP_SERVER}


def test_without_a_word_from_the_dark_switch_the_switch_is_named_alone(tmp_path: Path) -> None:
    live = Live(tmp_path, seed=1)
    truth = live.campus.inject("home-router", 1, cables=2, delay=5)
    live.run(2.0)
    live.sweep()
    live.run(6.0)
    live.log.clear()
    _, (first, *others) = answer(live)
    assert not others
    assert (first.resource.device, first.resource.interface) == (truth.device, None)
    assert first.resource.mac == truth.mac


def test_after_the_repair_nothing_is_left_to_blame(tmp_path: Path) -> None:
    live = Live(tmp_path, seed=3)
    live.remember()
    truth = live.campus.inject("home-router", 3, cables=2, delay=3)
    live.run(15.0)
    assert answer(live)[1]
    for port in truth.interfaces:
        live.campus.switch(truth.device).set_admin(port, up=False)
    core = live.campus.switch("core-1")
    for closed in [p.name for p in core.ports() if p.err_disabled]:
        core.set_admin(closed, up=False)
        core.set_admin(closed, up=True)
    live.run(10.0)
    found, ranked = answer(live)
    assert ranked == ()
    assert {f.kind for f in found} == {Kind.ADMIN_DOWN_PORT}
