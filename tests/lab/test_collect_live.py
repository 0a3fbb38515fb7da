"""The practice campus through real sockets: both channels, united, healthy and with a port closed."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from netdiag import collect
from netdiag.collect import logs
from netdiag.files import inventory
from netdiag.lab import client
from netdiag.model import ErrDisableCause

pytestmark = [pytest.mark.lab, pytest.mark.timeout(170)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    running = client.start(state_dir=folder)
    yield running
    running.stop()


def test_both_channels_agree_on_a_healthy_campus(lab):
    loaded = inventory.load(lab.inventory)
    assert loaded.plain_secrets() == ()
    for snapshot in collect.poll(loaded.targets()):
        assert snapshot.reachable
        assert set(snapshot.sources) == {"snmp", "ssh"}
        assert snapshot.errors == ()
        assert snapshot.contradictions == ()
        port = snapshot.interface("GigabitEthernet1/0/1")
        assert port is not None
        assert port.if_index is not None
        assert port.duplex == "full"
        assert {n.protocol for n in snapshot.neighbors} == {"lldp"}
        chassis = [(n.interface, n.chassis_id) for n in snapshot.neighbors]
        assert len(chassis) == len(set(chassis))
        assert snapshot.log
        now = datetime.now(UTC)
        assert all(e.at and now - timedelta(hours=1) < e.at <= now for e in snapshot.log)


def test_the_command_line_alone_reads_a_closed_port_and_its_story(lab):
    loaded = inventory.load(lab.inventory)
    truth = lab.inject("err-disabled-port", 3)
    try:
        deadline = time.monotonic() + 30
        closed = None
        while closed is None and time.monotonic() < deadline:
            (snapshot,) = collect.poll(loaded.targets([truth["device"]]), via=frozenset({"ssh"}))
            port = snapshot.interface(truth["interface"])
            assert port is not None
            closed = port.err_disabled
        assert closed is not None
        assert closed.cause in {ErrDisableCause.BPDU_GUARD, ErrDisableCause.PORT_SECURITY}
        story = [e for e in snapshot.log if e.interface == truth["interface"]]
        assert "err-disabled" in {e.event for e in story}
        sent = logs.read_syslog_files(
            loaded.site.syslog_files, datetime.now(UTC) - timedelta(minutes=10)
        )
        assert ("err-disabled", truth["device"], truth["interface"]) in {
            (e.event, e.device, e.interface) for e in sent
        }
        (both,) = collect.poll(loaded.targets([truth["device"]]))
        assert both.contradictions == ()
    finally:
        lab.revert()
