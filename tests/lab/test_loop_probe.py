"""The loop probe on real bridges: a loop under a dumb switch, a ring that spanning tree holds open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netdiag import topology
from netdiag.checks.loop import layer2_loop
from netdiag.model import Capture, Finding, Network, Severity
from tests.lab.test_wire_live import Namespace

SENSOR = "02:aa:00:00:00:99"


class Switches:
    """Bridges in one namespace, joined by veth cables, and a sensor at the first."""

    def __init__(self, *names: str) -> None:
        self.inside = Namespace()
        for name in names:
            self.ip("link", "add", name, "type", "bridge", "forward_delay", "0")
            self.ip("link", "set", name, "up")
        self.sensor = Namespace(self.inside)
        self._cables = 0

    def ip(self, *words: str) -> None:
        self.inside.run("ip", *words)

    def plug_sensor(self, switch: str, card: str = "eth0") -> None:
        self.ip(
            "link", "add", f"p-{card}", "type", "veth", "peer", "name", card,
            "netns", str(self.sensor.process.pid),
        )  # fmt: skip
        self.ip("link", "set", f"p-{card}", "master", switch, "up")
        self.sensor.run("ip", "link", "set", card, "up")

    def cable(self, a: str, b: str) -> None:
        """Slow, so that a storm leaves the machine alive."""
        self._cables += 1
        ends = f"c{self._cables}a", f"c{self._cables}b"
        self.ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for end, switch in zip(ends, (a, b), strict=True):
            self.inside.run(
                "tc", "qdisc", "add", "dev", end, "root", "tbf",
                "rate", "2mbit", "burst", "5kb", "latency", "20ms",
            )  # fmt: skip
            self.ip("link", "set", end, "master", switch)
        for end in ends:
            self.ip("link", "set", end, "up")

    def probe(self, *options: str) -> Capture:
        return self.sensor.wire("probe", "--what=loop", "--window=1.5", *options, "eth0")

    def stop(self) -> None:
        self.sensor.stop()
        self.inside.stop()


@pytest.fixture
def built() -> Iterator[list[Switches]]:
    all_: list[Switches] = []
    yield all_
    for one in all_:
        one.stop()


def findings(capture: Capture) -> list[Finding]:
    assert capture.last
    network = Network(capture.last, (), captures=(capture,))
    found = list(layer2_loop(network, topology.build(network)))
    return [f for f in found if any(e.what == "loop_probe" for e in f.evidence)]


def test_a_loop_under_a_dumb_switch_comes_back(built: list[Switches]) -> None:
    """Two cables between the access switch and a dumb one, which has no spanning tree."""
    net = Switches("access", "dumb")
    built.append(net)
    net.plug_sensor("access")
    net.cable("access", "dumb")
    quiet = net.probe()
    assert quiet.probes_sent == 2  # asked once more, as it was not answered
    assert [p.returned for p in quiet.loop_probes] == [0]
    assert findings(quiet) == []
    net.cable("access", "dumb")
    capture = net.probe()
    (probe,) = capture.loop_probes
    assert probe.sent == 1  # one that came back is enough
    assert probe.returned > 10
    assert probe.came_back_in == (None,)
    (finding,) = findings(capture)
    assert finding.severity is Severity.CRITICAL
    assert finding.resource.mac == probe.mac
    assert "the untagged VLAN has a loop" in finding.summary


def test_a_ring_that_spanning_tree_holds_open_is_none(built: list[Switches]) -> None:
    """Three switches in a ring with redundant uplinks: one port is blocked, nothing comes back."""
    net = Switches("core", "left", "right")
    built.append(net)
    for name in ("core", "left", "right"):
        net.ip("link", "set", name, "type", "bridge", "forward_delay", "200", "hello_time", "100",
               "max_age", "600", "stp_state", "1")  # fmt: skip
    net.plug_sensor("left")
    net.cable("core", "left")
    net.cable("core", "right")
    net.cable("left", "right")
    net.cable("core", "left")
    for _ in range(3):
        capture = net.probe("--window=3")
        if "state forwarding" in net.inside.run("bridge", "-d", "link", "show", "dev", "p-eth0"):
            break
    states = net.inside.run("bridge", "link", "show")
    assert "state blocking" in states
    capture = net.probe()
    assert [p.returned for p in capture.loop_probes] == [0]
    assert findings(capture) == []


def test_another_interface_of_the_sensor_hears_each_probe_once(built: list[Switches]) -> None:
    net = Switches("access", "dumb")
    built.append(net)
    net.plug_sensor("access")
    net.plug_sensor("dumb", "eth1")
    net.cable("access", "dumb")
    capture = net.probe("--also=eth1")
    (probe,) = capture.loop_probes
    assert (probe.returned, probe.elsewhere) == (0, (("eth1", 2),))
    assert findings(capture) == []
    net.cable("access", "dumb")
    capture = net.probe("--also=eth1")
    (probe,) = capture.loop_probes
    assert dict(probe.elsewhere)["eth1"] > 10
    assert findings(capture)
