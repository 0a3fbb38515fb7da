"""A crawl over agents on loopback addresses: who was entered, who was not and why."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from netdiag.access import Secret, SnmpAccess
from netdiag.collect.discover import Settings, crawl
from netdiag.files import inventory
from netdiag.lab.snmp import Responder, from_snmprec, running
from tests.end_to_end.command import netdiag

pytestmark = pytest.mark.lab
_IOS = ("Cisco IOS Software, C2960X Software", "1.3.6.1.4.1.9.1.1208")
_HUAWEI = ("S5720-32X-EI-24S-AC Huawei Versatile Routing Platform Software", "1.3.6.1.4.1.2011.2.23.1")  # fmt: skip


def walk(
    number: int, name: str, make: tuple[str, str], neighbors: dict[int, tuple[int, str]]
) -> str:
    """A switch with LLDP neighbours by local port: (number of the other, its name)."""
    lines = [
        f"1.3.6.1.2.1.1.1.0|4|{make[0]}",
        f"1.3.6.1.2.1.1.2.0|6|{make[1]}",
        "1.3.6.1.2.1.1.3.0|67|360000",
        f"1.3.6.1.2.1.1.5.0|4|{name}",
        "1.0.8802.1.1.2.1.3.1.0|2|4",
        f"1.0.8802.1.1.2.1.3.2.0|4x|0200000000{number:02x}",
    ]
    for port in range(1, 4):
        lines += [f"1.3.6.1.2.1.2.2.1.2.{port}|4|Gi0/{port}", f"1.3.6.1.2.1.2.2.1.3.{port}|2|6"]
    lem = "1.0.8802.1.1.2.1.4"
    for port, (other, other_name) in neighbors.items():
        row = f"0.{port}.1"
        lines += [
            f"{lem}.1.1.4.{row}|2|4",
            f"{lem}.1.1.5.{row}|4x|0200000000{other:02x}",
            f"{lem}.1.1.6.{row}|2|5",
            f"{lem}.1.1.7.{row}|4|Gi0/1",
            f"{lem}.1.1.9.{row}|4|{other_name}",
        ]
        if other_name != "mute":
            lines.append(f"{lem}.2.1.3.{row}.1.4.127.77.0.{other}|2|2")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """core-1 - acc-2 - acc-3 in a ring with a switch of another community, a silent one, a phone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.77.0.1", 0))
        chosen: int = sock.getsockname()[1]
    switches = {
        1: ("public", walk(1, "core-1.example.com", _IOS, {1: (2, "acc-2"), 2: (3, "acc-3"), 3: (9, "mute")})),
        2: ("public", walk(2, "acc-2", _IOS, {1: (1, "core-1"), 2: (3, "acc-3"), 3: (8, "acc-8")})),
        3: ("other", walk(3, "acc-3", _HUAWEI, {1: (1, "core-1"), 2: (2, "acc-2"), 3: (7, "SEP001122334455")})),
    }  # fmt: skip
    with ExitStack() as stack:
        for number, (community, text) in switches.items():
            responder = Responder({community: from_snmprec(text)}.get)
            stack.enter_context(running(responder, f"127.77.0.{number}", chosen))
        yield chosen


def settings(port: int, *communities: str, within: str | None = None) -> Settings:
    return Settings(
        tuple(
            SnmpAccess(port=port, community=Secret(c), timeout_s=0.3, retries=0)
            for c in communities
        ),
        within=(ipaddress.IPv4Network(within),) if within else (),
    )


def test_a_ring_is_entered_once_and_who_was_not_is_listed_with_the_reason(port: int) -> None:
    found = crawl([("127.77.0.1", port)], settings(port, "public", "other"))
    assert [(e.snapshot.sys_name, e.snapshot.platform, e.access) for e in found.entered] == [
        ("core-1.example.com", "cisco_ios", 0),
        ("acc-2", "cisco_ios", 0),
        ("acc-3", "huawei", 1),
    ]
    assert found.entered[1].seen_from == "core-1.example.com GigabitEthernet0/1"
    assert [(n.name, n.address) for n in found.not_entered] == [
        ("mute", None),
        ("acc-8", "127.77.0.8"),
    ]
    assert "no answer" in found.not_entered[1].why
    assert found.not_entered[1].seen_from == "acc-2 GigabitEthernet0/3"
    assert [s.name for s in found.stations] == ["SEP001122334455"]


def test_nobody_outside_the_given_networks_is_asked(port: int) -> None:
    found = crawl([("127.77.0.1", port)], settings(port, "public", within="127.77.0.0/31"))
    assert [e.snapshot.sys_name for e in found.entered] == ["core-1.example.com"]
    assert {n.why for n in found.not_entered} == {
        "it gives no management address",
        "outside the networks to crawl",
    }


def test_a_limit_is_kept_and_said(port: int) -> None:
    found = crawl([("127.77.0.1", port)], Settings(settings(port, "public").snmp, most=1))
    assert len(found.entered) == 1
    assert any("limit of 1" in n.why for n in found.not_entered)


def test_the_command_writes_an_inventory_that_loads_and_says_whom_it_missed(
    port: int, tmp_path: Path
) -> None:
    folder = tmp_path / "inventory"
    call = ("discover", f"127.77.0.1:{port}", "--timeout", "0.3", "--inventory", str(folder))
    env = {"NETDIAG_COMMUNITY": "public"}
    # the neighbours' agents listen on another port than 161: only the seed is entered
    done = netdiag(*call, env=env)
    assert done.status == 3
    assert "not entered: acc-2" in done.err
    loaded = inventory.load(folder)
    (device,) = loaded.devices
    assert (device.name, device.address, device.platform) == ("core-1", "127.77.0.1", "cisco_ios")
    text = (folder / "hosts.yaml").read_text()
    assert "# not entered: acc-2" in text
    assert "env:NETDIAG_COMMUNITY" in text
    again = netdiag(*call, "--json", env=env)
    assert again.json["written"] == []
    assert {d["name"] for d in again.json["not_entered"]} == {"acc-2", "acc-3", "mute"}
    assert len(inventory.load(folder).devices) == 1


def test_wrong_calls_are_said(tmp_path: Path) -> None:
    where = ("--inventory", str(tmp_path))
    env = {"NETDIAG_COMMUNITY": ""}
    assert netdiag("discover", *where, env=env).status == 2
    assert netdiag("discover", "10.0.0.1", *where, env=env).status == 2
    assert netdiag("discover", "10.0.0.1", "--community", "x", "--within", "nowhere", *where, env=env).status == 2  # fmt: skip


def test_a_table_is_imported(tmp_path: Path) -> None:
    table = tmp_path / "switches.csv"
    table.write_text("name,ip,platform\nacc-1,10.0.0.1,ios\n")
    done = netdiag("discover", "--import", str(table), "--inventory", str(tmp_path / "i"), "--json")
    assert (done.status, done.json["written"]) == (0, ["acc-1"])
    assert [d.name for d in inventory.load(tmp_path / "i").devices] == ["acc-1"]
