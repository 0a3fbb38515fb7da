"""The wire of the practice network: what a sensor there hears and is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netdiag import topology
from netdiag.checks.address import duplicate_address
from netdiag.checks.dhcp import authorized, dhcp_server_down, rogue_dhcp_server
from netdiag.collect import wire
from netdiag.errors import UsageError
from netdiag.lab import client
from netdiag.model import AuthorizedDhcpServer, Capture, Network, Site

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.Lab]:
    state: Path = tmp_path_factory.mktemp("lab")
    lab = client.start(seed=4, state_dir=state)
    yield lab
    lab.stop()


@pytest.fixture(autouse=True)
def _find_the_lab(lab: client.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETDIAG_LAB", str(lab.state_file))


@pytest.fixture(scope="module")
def company(lab: client.Lab) -> AuthorizedDhcpServer:
    from netdiag.files import inventory

    (server,) = inventory.load(lab.inventory).site.dhcp_servers
    return server


def _probe() -> Capture:
    return wire.probe("lab:noc", what=("dhcp",), window_s=1.0)


def _network(server: AuthorizedDhcpServer, *captures: Capture) -> Network:
    at = max(c.last for c in captures if c.last)
    return Network(at, (), Site((server,)), captures=captures)


def test_only_the_company_answers(lab: client.Lab, company: AuthorizedDhcpServer) -> None:
    capture = _probe()
    assert [(s.server_id, s.mac) for s in capture.dhcp_servers] == [(company.ip, company.mac)]
    network = _network(company, capture)
    assert not list(rogue_dhcp_server(network, topology.build(network)))
    assert not list(dhcp_server_down(network, topology.build(network)))
    assert authorized(network) == {f"DhcpServer:{company.mac}": True}


def test_a_home_router_is_found(lab: client.Lab, company: AuthorizedDhcpServer) -> None:
    truth = lab.inject("rogue-dhcp-server", seed=1)
    try:
        capture = _probe()
    finally:
        lab.revert(truth["number"])
    network = _network(company, capture)
    (finding,) = rogue_dhcp_server(network, topology.build(network))
    assert finding.resource.mac == truth["mac"]
    assert "home router" in finding.summary
    assert authorized(network)[f"DhcpServer:{truth['mac']}"] is False
    assert not list(dhcp_server_down(network, topology.build(network)))


def test_two_with_one_address_are_found(lab: client.Lab, company: AuthorizedDhcpServer) -> None:
    truth = lab.inject("duplicate-address", seed=2)
    victim = next(h for h in lab.hosts() if h["name"] == truth["options"]["victim"])
    try:
        capture = wire.arp_probe("lab:noc", [(victim["ip"], None)])
    finally:
        lab.revert(truth["number"])
    (conflict,) = capture.arp_conflicts
    assert set(conflict.macs) == {victim["mac"], truth["mac"]}
    network = _network(company, capture)
    (finding,) = duplicate_address(network, topology.build(network))
    assert finding.resource.ip == victim["ip"]


def test_a_silent_server_is_found(lab: client.Lab, company: AuthorizedDhcpServer) -> None:
    before = _probe()
    truth = lab.inject("dhcp-server-down", seed=3)
    try:
        capture = _probe()
    finally:
        lab.revert(truth["number"])
    assert capture.unanswered_vlans == (None,)
    network = _network(company, before, capture)
    (finding,) = dhcp_server_down(network, topology.build(network))
    assert finding.resource.ip == company.ip


def test_what_is_heard(lab: client.Lab) -> None:
    capture = wire.listen("lab:noc", 3)
    assert capture.packets > 0
    assert (capture.malformed, capture.errors) == (0, ())
    assert {r.mac for r in capture.stp_roots}


def test_no_such_node() -> None:
    with pytest.raises(UsageError, match="no station 'nowhere'"):
        wire.listen("lab:nowhere", 1)
