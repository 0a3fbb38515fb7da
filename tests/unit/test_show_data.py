"""Show commands of real switches, held against the expected parses of the projects that recorded them."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from netdiag.decode import show
from netdiag.decode.table import rows
from netdiag.model import Device, Interface, Snapshot
from netdiag.names import long_name
from netdiag.platforms.cisco_ios import CISCO_IOS as IOS
from tests import conformance
from tests.unit.test_syslog import AT


def bare(mac: str) -> str:
    return re.sub(r"[^0-9a-f]", "", mac.lower())


def read(path: Path, need: str) -> Snapshot:
    text = path.read_text(errors="replace")
    return show.snapshot(Device("d", "192.0.2.1"), IOS, {need: text}, AT)


def cases(folder: Path, pattern: str) -> Iterator[tuple[Path, Any]]:
    """(raw file, expected parse) pairs of one project's folder."""
    for raw in sorted(folder.glob(pattern)):
        if raw.suffix == ".raw":
            yield raw, YAML(typ="safe").load(raw.with_suffix(".yml"))["parsed_sample"]
        else:
            truth = raw.with_name(raw.name.replace("_output.txt", "_expected.py"))
            if truth.exists():
                source = truth.read_text()
                yield raw, ast.literal_eval(source[source.index("{") :])


class Tally:
    """Counts facts, and shows each one that does not hold."""

    def __init__(self) -> None:
        self.checked = self.held = 0

    def __call__(self, raw: Path, expected: Iterable[Any], found: Iterable[Any]) -> None:
        theirs, ours = set(expected), set(found)
        self.checked += len(theirs)
        self.held += len(theirs & ours)
        for missing in sorted(theirs - ours, key=str):
            print(
                f"{raw.parent.name}/{raw.name}: not found: {missing}; have {sorted(ours - theirs, key=str)[:3]}"
            )


@pytest.fixture
def tally():
    t = Tally()
    yield t
    conformance.record("cisco_ios", "cli", held=t.held, checked=t.checked)
    assert t.checked > 0
    assert t.held == t.checked


pytestmark = pytest.mark.data


@pytest.fixture
def ntc(shared_data):
    return shared_data / "cli" / "ntc" / "cisco_ios"


@pytest.fixture
def genie(shared_data):
    return shared_data / "cli" / "genie"


def test_err_disabled(ntc, genie, tally):
    for raw, truth in cases(ntc, "show_interfaces_status_err-disabled/*.raw"):
        found = read(raw, "err-disabled").interfaces
        tally(raw, {(long_name(r["interface"]), r["port_error"]) for r in truth},
              {(i.name, i.err_disabled.vendor_cause) for i in found if i.err_disabled})  # fmt: skip
    for raw, truth in cases(genie, "ios*/ShowInterfacesStatusErrDisabled/*output.txt"):
        found = read(raw, "err-disabled").interfaces
        tally(raw, {(n, r["reason"]) for n, r in truth["interfaces"].items()},
              {(i.name, i.err_disabled.vendor_cause) for i in found if i.err_disabled})  # fmt: skip


def _status_facts(name: str, status: str, vlan: str, duplex: str) -> Iterator[tuple[Any, ...]]:
    yield name, "up" if status in {"connected", "monitoring", "up"} else "down"
    yield name, "admin", "down" if status == "disabled" else "up"
    if str(vlan).isdigit():
        yield name, "vlan", int(vlan)
    if vlan == "trunk":
        yield name, "trunk"
    if "full" in duplex or "half" in duplex:
        yield name, "duplex", duplex.removeprefix("a-")


def _our_status(found: Iterable[Interface]) -> Iterator[tuple[Any, ...]]:
    for i in found:
        yield i.name, str(i.oper_status)
        yield i.name, "admin", str(i.admin_status)
        yield i.name, "vlan", i.access_vlan
        if i.trunk:
            yield i.name, "trunk"
        yield i.name, "duplex", i.duplex


def test_interfaces_status(ntc, genie, tally):
    for raw, truth in cases(ntc, "show_interfaces_status/*.raw"):
        theirs = (
            fact
            for r in truth
            if not r["fc_mode"] and r["vlan_id"]
            for fact in _status_facts(long_name(r["port"]), r["status"], r["vlan_id"], r["duplex"])
        )
        tally(raw, theirs, _our_status(read(raw, "status").interfaces))
    for pattern in ("ShowInterfacesStatusModule", "ShowInterfacesInterfaceStatus"):
        for raw, truth in cases(genie, f"ios*/{pattern}/*output.txt"):
            theirs = (
                fact
                for name, r in truth["interfaces"].items()
                for fact in _status_facts(
                    long_name(name), r["status"], r["vlan"], r.get("duplex_code") or r["duplex"]
                )
            )
            tally(raw, theirs, _our_status(read(raw, "status").interfaces))


def test_switchport(ntc, genie, tally):
    def ours(found: Any) -> Any:
        for i in found:
            yield i.name, "trunk", bool(i.trunk)
            yield i.name, "vlan", i.access_vlan

    for raw, truth in cases(ntc, "show_interfaces_switchport/*.raw"):
        theirs: set[Any] = set()
        for r in truth:
            if r["switchport"] != "Enabled":
                continue
            mode = r["mode"] if not r["mode"].startswith("down") else r["admin_mode"]
            name = long_name(r["interface"])
            theirs.add((name, "trunk", "trunk" in mode))
            if "trunk" not in mode and r["access_vlan"].isdigit():
                theirs.add((name, "vlan", int(r["access_vlan"])))
        tally(raw, theirs, ours(read(raw, "switchport").interfaces))
    for raw, truth in cases(genie, "ios*/ShowInterfacesSwitchport/*output.txt"):
        theirs = {
            (name, "trunk", "trunk" in r["operational_mode"])
            for name, r in truth.items()
            if r["switchport_enable"] and r.get("operational_mode", "down") != "down"
        }
        tally(raw, theirs, ours(read(raw, "switchport").interfaces))


def _their_interface(r: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    admin_down = "administratively" in r["link_status"]
    yield "admin", "down" if admin_down else "up"
    yield "oper", "down" if admin_down else r["protocol_status"].split()[0]
    yield "alias", r["description"] or None
    yield "mac", bare(r["mac_address"])
    yield "errors", r["input_errors"]
    yield "crc", r["crc"]


def _our_interface(i: Interface) -> Iterator[tuple[Any, ...]]:
    counters = i.counters
    yield "admin", str(i.admin_status)
    yield "oper", str(i.oper_status)
    yield "alias", i.alias
    yield "mac", bare(i.mac or "")
    yield "errors", "" if counters is None else str(counters.in_errors)
    yield "crc", "" if counters is None else str(counters.fcs_errors)


def test_interfaces(ntc, shared_data, tally):
    for raw, truth in cases(ntc, "show_interfaces/*.raw"):
        found = {i.name: i for i in read(raw, "interfaces").interfaces}
        # A name that stands twice in the recording: the later one is ours.
        for r in {long_name(r["interface"]): r for r in truth}.values():
            tally(raw, _their_interface(r), _our_interface(found[long_name(r["interface"])]))
    napalm = shared_data / "cli" / "napalm" / "ios" / "test_get_interfaces" / "normal"
    truth = json.loads((napalm / "expected_result.json").read_text())
    ours = read(napalm / "show_interfaces.txt", "interfaces").interfaces
    tally(
        napalm / "show_interfaces.txt",
        {(long_name(n), r["is_up"], r["is_enabled"], bare(r["mac_address"])) for n, r in truth.items()},
        {(i.name, i.oper_status == "up", i.admin_status == "up", bare(i.mac or "")) for i in ours},
    )  # fmt: skip


def test_mac_address_table(ntc, genie, shared_data, tally):
    def ours(found: Any) -> Any:
        for e in found:
            yield bare(e.mac), e.vlan, e.interface
            yield bare(e.mac), e.status == "learned"

    def fact(mac: Any, vlan: Any, port: Any, dynamic: Any) -> Any:
        number = int(vlan) if str(vlan).isdigit() and 1 <= int(vlan) <= 4094 else None
        is_port = re.fullmatch(r"[A-Za-z][A-Za-z-]*\d[\d/.]*", port)
        yield bare(mac), number, long_name(port) if is_port else None
        yield bare(mac), dynamic

    for raw, truth in cases(ntc, "show_mac-address-table/*.raw"):
        theirs = set()
        for r in truth:
            first = r["destination_port"][0] if r["destination_port"] else "CPU"
            theirs |= set(
                fact(r["destination_address"], r["vlan_id"], first, r["type"].lower() == "dynamic")
            )
        tally(raw, theirs, ours(read(raw, "fdb").fdb))
    for raw, truth in cases(genie, "ios*/ShowMacAddressTable/*output.txt"):
        theirs = set()
        for vlan, table in truth["mac_table"]["vlans"].items():
            for mac, entry in table["mac_addresses"].items():
                for port, row in entry.get("interfaces", {}).items():
                    # A static entry's further ports stand on lines of their own and are not read.
                    if row["entry_type"] == "dynamic":
                        theirs |= set(fact(mac, vlan, port, True))
        tally(raw, theirs or {()}, [*ours(read(raw, "fdb").fdb), ()])
    folder = shared_data / "cli" / "napalm" / "ios" / "test_get_mac_address_table"
    for case in sorted(folder.iterdir()):
        truth = json.loads((case / "expected_result.json").read_text())
        raw = case / "show_mac_address_table.txt"
        theirs = {
            f
            for r in truth
            # Groups that somebody joined are no stations.
            if not r["static"] and not int(r["mac"][1], 16) & 1
            for f in fact(r["mac"], r["vlan"], r["interface"], True)
        }
        tally(raw, theirs, ours(read(raw, "fdb").fdb))


def test_lldp_neighbors(ntc, genie, tally):
    def ours(found: Any) -> Any:
        for n in found:
            yield n.interface, "chassis", n.chassis_id and bare(n.chassis_id)
            yield n.interface, "name", n.sys_name
            yield n.interface, "port", n.port_id and n.port_id.lower()

    def said(text: Any) -> Any:
        return None if not text or "not advertised" in text else text

    for raw, truth in cases(ntc, "show_lldp_neighbors_detail/*.raw"):
        theirs = set()
        for r in truth:
            local = long_name(r["local_interface"])
            theirs |= {
                (local, "chassis", bare(r["chassis_id"])),
                (local, "name", said(r["neighbor_name"])),
            }
        tally(raw, theirs, ours(read(raw, "lldp").neighbors))
    for raw, truth in cases(genie, "ios*/ShowLldpNeighborsDetail/*output.txt"):
        theirs = set()
        for name, r in truth["interfaces"].items():
            for port in r["port_id"].values():
                for neighbor in port["neighbors"].values():
                    theirs.add((long_name(name), "chassis", bare(neighbor["chassis_id"])))
                    theirs.add((long_name(name), "name", said(neighbor.get("system_name"))))
        tally(raw, theirs, ours(read(raw, "lldp").neighbors))


def test_cdp_neighbors(ntc, genie, tally):
    def ours(found: Any) -> Any:
        for n in found:
            chassis = re.sub(r"\(.*", "", n.chassis_id or "")
            yield n.interface, chassis.replace(":", ""), n.port_id

    for raw, truth in cases(ntc, "show_cdp_neighbors_detail/*.raw"):
        tally(raw, {(long_name(r["local_interface"]), r["neighbor_name"], r["neighbor_interface"]) for r in truth},
              ours(read(raw, "cdp").neighbors))  # fmt: skip
    for raw, truth in cases(genie, "ios*/ShowCdpNeighborsDetail/*output.txt"):
        theirs = {
            (long_name(r["local_interface"]), re.sub(r"\(.*|:", "", r["device_id"]), r["port_id"])
            for r in truth["index"].values()
        }
        tally(raw, theirs, ours(read(raw, "cdp").neighbors))


def test_ip_arp(ntc, tally):
    for raw, truth in cases(ntc, "show_ip_arp/*.raw"):
        theirs = {
            (r["ip_address"], bare(r["mac_address"]), long_name(r["interface"]) or None)
            for r in truth
            if "ncomplete" not in r["mac_address"]
        }
        tally(raw, theirs, {(a.ip, bare(a.mac), a.interface) for a in read(raw, "arp").arp})


def test_spanning_tree(ntc, genie, tally):
    role = {"root": "Root", "designated": "Desg", "alternate": "Altn", "backup": "Back"}
    state = {"forwarding": "FWD", "blocking": "BLK", "learning": "LRN", "broken": "BKN"}
    for raw, truth in cases(ntc, "show_spanning-tree/*.raw"):
        ours = {
            (s.vlan, p.interface, role.get(p.role or ""), state.get(p.state or ""))
            for s in read(raw, "stp").stp
            for p in s.ports
        }
        theirs = {
            (int(r["vlan_id"]), long_name(r["interface"]), r["role"], r["status"]) for r in truth
        }
        tally(raw, theirs, ours)


def test_version(ntc, genie, tally):
    for raw, truth in cases(ntc, "show_version/*.raw"):
        found = read(raw, "version")
        tally(raw, {("name", truth[0]["hostname"]), ("version", True), ("up", True)},
              {("name", found.sys_name), ("version", truth[0]["version"] in (found.sys_descr or "")),
               ("up", (found.sys_up_time_s or 0) > 0)})  # fmt: skip
    for raw, truth in cases(genie, "ios*/ShowVersion/*output.txt"):
        found = read(raw, "version")
        name = truth["version"].get("hostname")
        if name:
            tally(raw, {name}, {found.sys_name})


def test_etherchannel(ntc, tally):
    for raw, truth in cases(ntc, "show_etherchannel_summary/*.raw"):
        theirs = {
            (long_name(m), long_name(r["bundle_name"]))
            for r in truth
            for m in r["member_interface"]
        }
        ours = {(i.name, i.aggregate) for i in read(raw, "aggregates").interfaces}
        tally(raw, theirs, ours)


def test_storm_control(genie, tally):
    for raw, truth in cases(genie, "iosxe/ShowStormControl/*output.txt"):
        read_rows = rows("cisco_ios_storm_control.textfsm", raw.read_text())
        ours = {(r["TYPE"], r["INTERFACE"], r["STATE"], r["ACTION"]) for r in read_rows}
        theirs = {
            (kind, name, r["state"], r["action"])
            for kind, table in truth["traffic_type"].items()
            for name, r in table.get("interfaces", {table.get("interface"): table}).items()
        }
        tally(raw, theirs, ours)


def test_an_empty_answer_is_no_crash(genie):
    for need in IOS.poll:
        found = show.snapshot(Device("d", "192.0.2.1"), IOS, {need: ""}, AT)
        assert found.reachable
