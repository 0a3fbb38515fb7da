"""Topology files: the packaged one is whole, other shapes work, every mistake has file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag.errors import FileFormatError
from netdiag.lab import campus

SMALL = """\
vlans: [10, 20, 99]
management: {vlan: 99, from: probe}
speeds_bps: {desk: 500000, trunk: 2000000}
storm_interval_s: 0.5
switches:
  top:
    role: core
    management_ip: 10.9.0.1/24
    stp_priority: 4096
    addresses: {10: 10.8.0.1/24}
  leaf:
    role: access
    area: Lab/1F
    management_ip: 10.9.0.2/24
    desks: {ports: [1, 4], vlan: 10, label: "D{port}"}
    stations: {ports: [1, 2], name: "ws-{desk}"}
trunks:
  - between: [top Gi1/0/1, leaf Gi1/0/24]
    vlans: [10, 99]
    storm_control_pps: {top: 200}
dhcp_servers:
  pool:
    at: top Gi1/0/2
    vlan: 10
    ip: 10.8.0.2/24
    gateway: 10.8.0.1
    pool: [10.8.0.100, 10.8.0.101]
sensors:
  probe: {at: top Gi1/0/3, vlan: 10, tagged: [20, 99]}
"""


def write(folder: Path, text: str) -> str:
    path = folder / "net.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_packaged_campus() -> None:
    built = campus.build(campus.load(None))
    assert [s.name for s in built.switches()] == ["core-1", "acc-1", "acc-2", "acc-3"]
    assert len(built.hosts) == 24
    assert {s.model for s in built.switches()} == {"ios"}
    assert built.desks("acc-3")[6] == ("GigabitEthernet1/0/7", "3F-107")
    assert [s.area for s in built.switches()] == ["HQ/MDF", "HQ/1F", "HQ/2F", "HQ/3F"]
    downlink = built.switch("core-1").port("GigabitEthernet1/0/2")
    assert downlink.storm_control_pps == 500
    assert downlink.trunk_vlans == (10, 99)
    assert downlink.alias == "to acc-2 GigabitEthernet1/0/24"
    assert downlink.speed_bps == 4_000_000
    uplink = built.switch("acc-2").port("GigabitEthernet1/0/24")
    assert uplink.carrier
    assert uplink.storm_control_pps is None
    macs = {port.mac for switch in built.switches() for port in switch.ports()}
    macs |= {switch.mac for switch in built.switches()}
    macs |= {host.mac.hex(":") for host in built.hosts}
    assert len(macs) == 4 * 25 + 24
    (server,) = built.dhcp_servers
    assert server.ip == "10.10.0.2"
    assert server.mac == built.station("dhcp").mac.hex(":")


def test_another_shape(tmp_path: Path) -> None:
    built = campus.build(campus.load(write(tmp_path, SMALL)), seed=3)
    built.run_until(10)
    assert [host.name for host in built.hosts] == ["ws-d01", "ws-d02"]
    assert {host.ip for host in built.hosts} == {"10.8.0.100", "10.8.0.101"}
    assert built.switch("leaf").stp_root(10)[0] == 4096
    probe = built.switch("top").port("GigabitEthernet1/0/3")
    assert probe.access_vlan is None
    assert probe.trunk_vlans == (20, 99)
    assert built.switch("leaf").reachable()


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "message"),
    [
        ("vlans: [10, 20, 99]", "vlnas: [10]", 1, "vlans", "required"),
        ("role: core", "role: boss", 7, "switches.top.role", "boss"),
        ("role: core", "rule: core", 6, "switches.top.role", "required"),
        ("    role: access", "    role: access\n    colour: red", 13, "switches.leaf.colour", "unknown key"),
        ("ports: [1, 2]", "ports: [3, 5]", 16, "switches.leaf.stations.ports", "desks"),
        ("ports: [1, 4]", "ports: [20, 23]", 16, "switches.leaf.stations.ports", "desks"),
        ("leaf Gi1/0/24", "leaf Gi1/0/25", 18, "trunks.0.between.1", "ports 1 to 24, not 25"),
        ("leaf Gi1/0/24", "leaf Gi1/0/2", 18, "trunks.0.between.1", "desk port 2 already"),
        ("leaf Gi1/0/24", "loaf Gi1/0/24", 18, "trunks.0.between.1", "no switch 'loaf'"),
        ("leaf Gi1/0/24", "leaf", 18, "trunks.0.between.1", "a switch and a port"),
        ("{top: 200}", "{pot: 200}", 20, "trunks.0.storm_control_pps.pot", "top or leaf"),
        ("    vlans: [10, 99]", "    vlans: [10, 98]", 19, "trunks.0.vlans", "VLAN 98"),
        ("vlan: 99, from", "vlan: 98, from", 2, "management.vlan", "VLAN 98"),
        ("from: probe", "from: nobody", 2, "management.from", "nobody"),
        ("at: top Gi1/0/3", "at: top Gi1/0/2", 29, "sensors.probe.at", "for pool already"),
        ("ip: 10.8.0.2/24", "ip: 10.8.0.2", 25, "dhcp_servers.pool.ip", "prefix"),
        ("gateway: 10.8.0.1", "gateway: 10.8.0.300", 26, "dhcp_servers.pool.gateway", "IPv4 address"),
        ("10.9.0.2/24", "10.9.0.1/24", 14, "switches.leaf.management_ip", "address of top"),
        ("  probe: {at", "  leaf: {at", 29, "sensors.leaf", "'leaf' is taken already"),
        ("desk: 500000", "desk: 1000000000", 3, "speeds_bps.desk", "10000000"),
        ('"ws-{desk}"', '"ws"', 16, "switches.leaf.stations.name", "'ws' is taken already"),
        ('"D{port}"', '"D{floor}"', 15, "switches.leaf.desks.label", "{port}"),
        ("vlans: [10, 20, 99]", "vlans: [10, 20, 99", 2, None, "not valid YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str | None, message: str
) -> None:
    assert old in SMALL
    path = write(tmp_path, SMALL.replace(old, new, 1))
    with pytest.raises(FileFormatError) as caught:
        campus.load(path)
    assert (caught.value.file, caught.value.line, caught.value.key) == (path, line, key)
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="cannot be read"):
        campus.load(str(tmp_path / "none.yaml"))
