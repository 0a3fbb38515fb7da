"""The collector against the practice network's live switches, in both SNMP versions."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netdiag.collect import snmp
from netdiag.files import inventory
from netdiag.lab import client
from netdiag.model import ErrDisableCause

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]


@pytest.mark.parametrize("version", ["2c", "3"])
def test_a_poll_of_the_campus_shows_it_as_it_is(tmp_path: Path, version: str) -> None:
    lab = client.start(seed=3, state_dir=tmp_path, snmp_version=version)
    try:
        targets = inventory.load(lab.inventory).targets()
        hosts = {(h["switch"], h["mac"]): h["interface"] for h in lab.hosts()}
        names = {switch for switch, _ in hosts}
        found = {s.device: s for s in snmp.poll(targets, window_s=1.0)}
        assert len(hosts) == 24
        assert all(s.reachable and not s.errors for s in found.values())
        learned = {
            (name, e.mac): e.interface
            for name in names
            for e in found[name].fdb
            if e.interface != "GigabitEthernet1/0/24"
        }
        assert {key: hosts[key] for key in learned.keys() & hosts.keys()} == {
            key: learned[key] for key in learned.keys() & hosts.keys()
        }
        assert len(learned.keys() & hosts.keys()) >= 20  # a quiet host may not be learned yet
        for name in names:
            (uplink,) = found[name].neighbors
            assert (uplink.interface, uplink.sys_name) == ("GigabitEthernet1/0/24", "core-1")
            trunk = found[name].interface("GigabitEthernet1/0/24")
            assert trunk is not None
            assert trunk.trunk
            assert found[name].rate("GigabitEthernet1/0/24") is not None
            assert {s.vlan for s in found[name].stp} >= {10, 99}
    finally:
        lab.stop()


def test_a_closed_downlink_is_seen_and_the_switch_behind_it_is_silent(tmp_path: Path) -> None:
    lab = client.start(seed=3, state_dir=tmp_path)
    try:
        targets = inventory.load(lab.inventory).targets()
        truth = lab.inject("home-router", cables=2)
        for _ in range(10):
            time.sleep(1)
            if lab.status()["err_disabled"]:
                break
        found = {s.device: s for s in snmp.poll(targets)}
    finally:
        lab.stop()
    closed = [i.err_disabled for i in found["core-1"].interfaces if i.err_disabled]
    assert [c.cause for c in closed] == [ErrDisableCause.STORM_CONTROL]
    assert not found[truth["device"]].reachable
    assert "no answer to SNMP" in found[truth["device"]].errors[0].message
