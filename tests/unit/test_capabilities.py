"""What neighbours say they do, by SNMP and in every make's words, and whom a crawl therefore leaves alone."""

import pytest

from netdiag.collect.discover import _is_station
from netdiag.decode import capabilities
from netdiag.model import Neighbor


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\x28", ("bridge", "router")),
        (b"\x24\x00", ("bridge", "telephone")),
        (b"\x30", ("bridge", "wlanAccessPoint")),
        (b"\x01", ("stationOnly",)),
        (b"\xff", ("other", "repeater", "bridge", "wlanAccessPoint", "router", "telephone",
                   "docsisCableDevice", "stationOnly")),
        (b"", ()),
        (b"\x00\x00", ()),
    ],
)  # fmt: skip
def test_bits_of_lldp(octets, words):
    assert capabilities.of_lldp(octets) == words


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (bytes.fromhex("00000029"), ("router", "bridge")),  # a Catalyst
        (bytes.fromhex("00000490"), ("stationOnly", "telephone")),  # a phone
        (bytes.fromhex("00000002"), ("bridge",)),
        (b"", ()),
    ],
)
def test_bits_of_cdp(octets, words):
    assert capabilities.of_cdp(octets) == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("B,R", ("bridge", "router")),
        ("B, T", ("bridge", "telephone")),
        ("W", ("wlanAccessPoint",)),
        ("Bridge, WLAN Access Point, Router, Station Only", ("bridge", "wlanAccessPoint", "router", "stationOnly")),
        ("bridge router ", ("bridge", "router")),
        ("Bridge, Router, Customer Bridge, Service Bridge", ("bridge", "router")),
        ("Router Switch IGMP", ("router", "bridge")),
        ("Host Phone Two-port Mac Relay", ("stationOnly", "telephone")),
        ("", ()),
        ("<script>", ()),
    ],
)  # fmt: skip
def test_words_of_command_lines(said, words):
    assert capabilities.of_text(said) == words


@pytest.mark.parametrize(
    ("protocol", "does", "name", "platform", "station"),
    [
        ("lldp", ("bridge", "telephone"), "Yealink", None, True),
        ("lldp", ("wlanAccessPoint", "router"), "ap-3f", None, True),
        ("lldp", ("stationOnly",), "srv-1", "Linux", True),
        ("lldp", ("bridge",), "camera-switch", None, False),
        ("lldp", ("bridge", "router"), "core-1", "Cisco IOS Software", False),
        ("lldp", (), "acc-2", None, False),
        ("lldp", (), "SEP001122334455", None, True),
        ("cdp", ("bridge",), "ap-1", "cisco AIR-CAP2602I-E-K9", True),
        ("cdp", ("router", "bridge"), "core-1", "cisco WS-C3750", False),
        ("cdp", ("stationOnly", "telephone"), "x", "Cisco IP Phone 8841", True),
    ],
)
def test_whom_a_crawl_does_not_enter(protocol, does, name, platform, station):
    neighbor = Neighbor("Gi1/0/1", protocol, sys_name=name, platform=platform, capabilities=does)
    assert _is_station(neighbor, name) == station
