"""The shapes that others script against: every field that the contract names, and null for unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from netdiag import contract, diagnose, topology
from netdiag.model import Capture, Diagnosis, NotChecked
from tests.networks import AT, home_router

INTERFACE = [
    "if_index",
    "name",
    "alias",
    "admin_status",
    "oper_status",
    "err_disabled",
    "speed_bps",
    "duplex",
    "mtu",
    "last_change_s",
    "in_octets",
    "out_octets",
    "in_unicast_pkts",
    "in_broadcast_pkts",
    "in_multicast_pkts",
    "out_broadcast_pkts",
    "out_multicast_pkts",
    "in_errors",
    "out_errors",
    "in_discards",
    "out_discards",
    "fcs_errors",
    "access_vlan",
    "trunk",
]
DEVICE = [
    "name",
    "address",
    "platform",
    "reachable",
    "errors",
    "sys_name",
    "sys_descr",
    "sys_object_id",
    "sys_up_time_s",
    "interfaces",
    "fdb",
    "neighbors",
    "arp",
    "stp",
]
FINDING = ["id", "kind", "severity", "resource", "summary", "first_seen", "last_seen", "evidence"]
CAUSE = ["rank", "kind", "device", "interface", "vlan", "mac", "confidence", "because", "explains"]
CAPTURE = [
    "schema",
    "source",
    "packets",
    "octets",
    "first",
    "last",
    "truncated",
    "malformed",
    "dropped",
    "dhcp_servers",
    "dhcp6_servers",
    "routers",
    "storms",
    "arp_conflicts",
    "stp_roots",
    "findings",
]
DHCP = [
    "server_id",
    "ip",
    "mac",
    "vendor",
    "vlans",
    "relay",
    "offers",
    "acks",
    "naks",
    "routers",
    "dns",
    "subnet_mask",
    "lease_time_s",
    "clients",
    "authorized",
    "first",
    "last",
]


def said(value: object) -> Any:
    """Through JSON and back: what a script reads."""
    return json.loads(json.dumps(value))


def test_times_are_utc_with_z():
    east = timezone(timedelta(hours=8))
    assert contract.time(datetime(2026, 3, 2, 17, 30, tzinfo=east)) == "2026-03-02T09:30:00.000Z"
    assert contract.time(None) is None


def test_poll():
    network = home_router(2).network()
    seen = diagnose.conclude(network)
    shape = said(contract.poll(network.snapshots, seen.findings, started=AT, took_s=1.23456))
    assert shape["schema"] == "netdiag/poll/1"
    assert shape["took_s"] == 1.235
    for device in shape["devices"]:
        assert set(DEVICE) <= device.keys()
        for port in device["interfaces"]:
            assert set(INTERFACE) <= port.keys()
    closed = [
        i["err_disabled"] for d in shape["devices"] for i in d["interfaces"] if i["err_disabled"]
    ]
    assert [set(c) for c in closed] == [{"cause", "vendor_cause", "vlan", "recovers_in_s"}]
    dark = next(d for d in shape["devices"] if not d["reachable"])
    assert set(dark["errors"][0]) == {"source", "what", "message"}


def test_diagnosis():
    network = home_router(2).network()
    seen = diagnose.conclude(network)
    shape = said(
        contract.diagnosis(
            Diagnosis(
                at=AT,
                took_s=1,
                causes=seen.causes,
                findings=seen.findings,
                not_checked=(NotChecked("acc-2", "no answer"),),
            )
        )
    )
    assert {"ticket", "area", "symptom", "blast_radius", "plan", "not_checked"} <= shape.keys()
    assert set(CAUSE) <= shape["causes"][0].keys()
    ids = {f["id"] for f in shape["findings"]}
    assert set(shape["causes"][0]["because"]) | set(shape["causes"][0]["explains"]) <= ids
    for f in shape["findings"]:
        assert set(f) == set(FINDING)
        assert set(f["resource"]) == {"device", "interface", "vlan", "mac", "ip"}
        assert all(
            set(e) == {"source", "device", "what", "value", "at", "raw"} for e in f["evidence"]
        )


def test_capture():
    capture = next(c for c in home_router(1).network().captures if c.dhcp_servers)
    shape = said(
        contract.capture(capture, (), {f"DhcpServer:{capture.dhcp_servers[0].mac}": False})
    )
    assert set(CAPTURE) <= shape.keys()
    assert "rates" not in shape
    assert "rates" in contract.capture(capture, (), {}, rates=True)
    first = shape["dhcp_servers"][0]
    assert set(DHCP) <= first.keys()
    assert first["authorized"] is False
    assert isinstance(first["clients"], int)
    assert all(s["authorized"] is None for s in shape["dhcp_servers"][1:])


def test_sweep_says_which_vlans_stayed_silent():
    shape = said(
        contract.sweep(
            Capture("eth0", probes_sent=3, unanswered_vlans=(20,)),
            (),
            {},
            vlans=(10, 20),
            took_s=3.0,
        )
    )
    assert (shape["interface"], shape["vlans"], shape["unanswered_vlans"]) == (
        "eth0",
        [10, 20],
        [20],
    )


def test_trace():
    network = home_router(1).network()
    found = topology.build(network).trace("10.10.2.1")
    shape = said(contract.trace(found, (), alias=None, area="HQ/3F"))
    assert {
        "query",
        "mac",
        "ips",
        "vlan",
        "path",
        "shared_port",
        "observed",
        "confidence",
        "findings",
    } <= shape.keys()
    assert shape["edge"] == {
        "device": "acc-2",
        "interface": "GigabitEthernet1/0/1",
        "alias": None,
        "area": "HQ/3F",
    }
    assert all(set(h) == {"device", "interface", "reason"} for h in shape["path"])
    nothing = topology.build(network).trace("aa:bb:cc:dd:ee:ff")
    assert contract.trace(nothing, (), alias=None, area=None)["edge"] is None


def test_hostile_text_stays_data():
    shape = contract.plain({"x": "\x1b]0;evil\x07", "at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert "\x1b" not in json.dumps(shape, ensure_ascii=True)
