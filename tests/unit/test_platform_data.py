"""Show commands of every make, held against the expected parses of the projects that recorded them.

One row a command: which folder, which need, and what of the expected parse is a fact that netdiag reads.
`python -m tests.conformance` prints how many facts were checked and how many held, by platform.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from netdiag import platforms
from netdiag.decode import show
from netdiag.decode.table import rows
from netdiag.errors import DecodeError
from netdiag.model import Device, Snapshot
from tests import conformance
from tests.unit.test_syslog import AT

pytestmark = pytest.mark.data
Record = dict[str, Any]
Facts = Iterable[tuple[Any, ...]]


def bare(mac: object) -> str:
    return re.sub(r"[^0-9a-f]", "", str(mac).lower())


def text(value: object) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def snapshot(platform: str, need: str, raw: Path) -> Snapshot:
    p = platforms.get(platform)
    assert p is not None
    answers = {need: raw.read_text(errors="replace")}
    return show.snapshot(Device("d", "192.0.2.1", platform=platform), p, answers, AT)


# --- what a recorded parse says, in our words ------------------------------------------------------

Namer = Callable[[str], str]


def fdb_facts(r: Record, name: Namer) -> Facts:
    mac = r.get("mac_address") or r.get("destination_address") or r.get("mac")
    ports = r.get("ports") or r.get("destination_port") or r.get("port") or r.get("interface")
    ports = r.get("logical_interface") or r.get("on_interface") or ports
    vlan = re.sub(r"(?i)^vlan[-_]?", "", text(r.get("vlan_id")))
    listed = ports if isinstance(ports, list) else [ports]
    if len(listed) > 1:
        return  # EOS' multicast table: nobody is attached there
    for port in listed:
        if (
            len(bare(mac)) == 12
            and port
            and re.search(r"\d", str(port))
            and not str(port).startswith("sup")
        ):
            yield bare(mac), name(str(port)), int(vlan) if vlan.isdigit() else None


def our_fdb(s: Snapshot) -> Facts:
    return ((bare(e.mac), e.interface, e.vlan) for e in s.fdb)


def arp_facts(r: Record, name: Namer) -> Facts:
    mac, ip = bare(r.get("mac_address")), r.get("ip_address") or r.get("address")
    if len(mac) == 12 and ip:
        port = r.get("interface") or r.get("port_id") or r.get("port")
        yield str(ip), mac, name(str(port)) if port else None


def our_arp(s: Snapshot) -> Facts:
    return ((a.ip, bare(a.mac), a.interface) for a in s.arp)


def neighbor_facts(r: Record, name: Namer) -> Facts:
    local = r.get("local_interface")
    if not local:
        return
    said = text(r.get("neighbor_name"))
    chassis = text(r.get("chassis_id"))
    if said and said not in {"null", "-"} and "not advertised" not in said.lower():
        yield name(local), "name", said
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}[:.-]?\s?){6}", chassis):
        yield name(local), "chassis", bare(chassis)
    address = text(r.get("mgmt_address"))
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", address):
        yield name(local), "address", address


def our_neighbors(s: Snapshot) -> Facts:
    for n in s.neighbors:
        yield n.interface, "name", n.sys_name
        yield n.interface, "name", n.chassis_id
        yield n.interface, "chassis", bare(n.chassis_id or "")
        yield n.interface, "address", n.management_address


def port_facts(r: Record, name: Namer) -> Facts:
    # VRP marks a virtual port behind its name, ProCurve the trunk that a port is a member of.
    printed = re.sub(r"\(v\)$|-Trk\d+$|-\.+$", "", str(r.get("port") or r.get("interface")))
    if printed.endswith(":"):
        return  # ntc-templates reads Comware's "Output:" as one more interface
    port = name(printed)
    up = {"connected": "up", "up": "up", "down": "down", "disable": "down", "disabled": "down",
          "notconnec": "down", "notconnect": "down", "adm": "down", "stby": "down", "err-dis": "down",
          "errdisabled": "down", "xcvrabsen": "not-present", "sfpabsent": "not-present"}  # fmt: skip
    said = text(r.get("status") or r.get("linkstate") or r.get("link") or r.get("linkstate") or r.get("link_status")
                or r.get("line_status") or r.get("phy") or r.get("intstate"))  # fmt: skip
    said = re.sub(r"^[*^#]", "", said.lower()).split("(")[0].strip()
    state = "down" if "down" in said else up.get(said)
    if state and "protocol_status" not in r:
        yield port, "oper", state
    mac = bare(text(r.get("mac_address") or r.get("hw_address") or r.get("mac") or r.get("bia")))
    if len(mac) == 12 and "description" in r:
        yield port, "mac", mac
    words = r.get("description") or r.get("interface_desc") or r.get("interface_description")
    if words and str(words).strip(" -"):  # "--" is Comware's sign for none, ntc-templates keeps it
        yield port, "alias", str(words).strip()
    if str(r.get("mtu") or "").isdigit():
        yield port, "mtu", int(r["mtu"])
    vlan = text(r.get("vlan_id") or r.get("pvid"))
    if r.get("vlan_tagged") == "No" and str(r.get("vlan_untagged")).isdigit():
        yield port, "vlan", int(r["vlan_untagged"])
    elif r.get("vlan_tagged") not in {None, "No"}:
        yield port, "trunk"
    kind = text(r.get("type")) if "main_ip" in r else text(r.get("link_type"))
    if vlan == "trunk" or kind in {"T", "trunk"}:
        yield port, "trunk"
    elif vlan.isdigit() and kind in {"A", "access"}:
        yield port, "vlan", int(vlan)


def our_ports(s: Snapshot) -> Facts:
    for i in s.interfaces:
        yield i.name, "oper", str(i.oper_status)
        yield i.name, "mac", bare(i.mac or "")
        yield i.name, "alias", i.alias
        yield i.name, "mtu", i.mtu
        yield i.name, "vlan", i.access_vlan
        if i.trunk:
            yield i.name, "trunk"


def version_facts(r: Record, _: Namer) -> Facts:
    version = text(r.get("os") or r.get("version") or r.get("image") or r.get("product_version")
                   or r.get("sw_version") or r.get("junos_version"))  # fmt: skip
    if version:
        yield "version", version
    if r.get("hostname"):
        yield "name", r["hostname"]


def our_version(s: Snapshot) -> Facts:
    yield "name", s.sys_name
    words = s.sys_descr or ""
    for n, _ in enumerate(words):
        if words[n - 1 : n] == " ":
            yield "version", words[n:].removesuffix(",")


def bundle_facts(r: Record, name: Namer) -> Facts:
    if "eth_trunk" in r:
        yield name(r["interface"]), name(r["eth_trunk"])
        return
    members = r.get("member_interface") or r.get("local_interfaces") or r.get("port_name")
    bundle = str(r.get("bundle_name") or r.get("interface") or r.get("lag_name"))
    for member in members if isinstance(members, list) else [members or ""]:
        if re.search(r"\d", member):
            yield name(member), name(bundle)


def our_bundles(s: Snapshot) -> Facts:
    return ((i.name, i.aggregate) for i in s.interfaces)


def root_facts(r: Record, _: Namer) -> Facts:
    root = r.get("rootbridgeid") or ""
    if len(root) == 16:
        yield int(r["vlan_id"]), int(root[:4], 16), root[4:]


def our_roots(s: Snapshot) -> Facts:
    for tree in s.stp:
        priority, _, mac = (tree.root or "0.").partition(".")
        yield tree.vlan, int(priority), bare(mac)


def exos_fdb_facts(r: Record, _: Namer) -> Facts:
    for port in r["interface"].split(", "):
        yield bare(r["mac_address"]), port, int(r["vlan_id"])


def exos_arp_facts(r: Record, name: Namer) -> Facts:
    return arp_facts({**r, "ip_address": r["destination"]}, name)


def exos_port_facts(r: Record, name: Namer) -> Facts:
    yield name(r["interface"]), "alias", r["description"] or None
    shut = r["admin_state"].startswith("Disabled")
    up = not shut and r["link_state"] == "Active"
    yield name(r["interface"]), "oper", "up" if up else "down"


def dlink_arp_facts(r: Record, _: Namer) -> Facts:
    if r["mac_address"] != "FF-FF-FF-FF-FF-FF":  # the net's own broadcast address
        yield r["ip_address"], bare(r["mac_address"]), "System"


Case = tuple[str, str, str, Callable[[Record, Namer], Facts], Callable[[Snapshot], Facts]]
CASES: tuple[Case, ...] = (
    ("cisco_nxos", "status", "cisco_nxos/show_interface_status", port_facts, our_ports),
    ("cisco_nxos", "interfaces", "cisco_nxos/show_interface", port_facts, our_ports),
    ("cisco_nxos", "fdb", "cisco_nxos/show_mac_address-table", fdb_facts, our_fdb),
    ("cisco_nxos", "lldp", "cisco_nxos/show_lldp_neighbors_detail", neighbor_facts, our_neighbors),
    ("cisco_nxos", "cdp", "cisco_nxos/show_cdp_neighbors_detail", neighbor_facts, our_neighbors),
    ("cisco_nxos", "arp", "cisco_nxos/show_ip_arp", arp_facts, our_arp),
    ("cisco_nxos", "aggregates", "cisco_nxos/show_port-channel_summary", bundle_facts, our_bundles),
    ("cisco_nxos", "version", "cisco_nxos/show_version", version_facts, our_version),
    ("arista_eos", "status", "arista_eos/show_interfaces_status", port_facts, our_ports),
    ("arista_eos", "interfaces", "arista_eos/show_interfaces", port_facts, our_ports),
    ("arista_eos", "fdb", "arista_eos/show_mac_address-table", fdb_facts, our_fdb),
    ("arista_eos", "lldp", "arista_eos/show_lldp_neighbors_detail", neighbor_facts, our_neighbors),
    ("arista_eos", "arp", "arista_eos/show_ip_arp", arp_facts, our_arp),
    ("arista_eos", "aggregates", "arista_eos/show_port-channel_summary", bundle_facts, our_bundles),
    ("arista_eos", "version", "arista_eos/show_version", version_facts, our_version),
    ("juniper_junos", "fdb", "juniper_junos/show_ethernet-switching_table", fdb_facts, our_fdb),
    ("juniper_junos", "lldp", "juniper_junos/show_lldp_neighbors", neighbor_facts, our_neighbors),
    ("juniper_junos", "version", "juniper_junos/show_version", version_facts, our_version),
    ("huawei", "status", "huawei_vrp/display_interface_brief", port_facts, our_ports),
    ("huawei", "interfaces", "huawei_vrp/display_interface", port_facts, our_ports),
    ("huawei", "vlans", "huawei_vrp/display_port_vlan", port_facts, our_ports),
    ("huawei", "fdb", "huawei_vrp/display_mac-address", fdb_facts, our_fdb),
    ("huawei", "lldp", "huawei_vrp/display_lldp_neighbor", neighbor_facts, our_neighbors),
    ("huawei", "arp", "huawei_vrp/display_arp_all", arp_facts, our_arp),
    ("huawei", "arp", "huawei_vrp/display_arp_brief", arp_facts, our_arp),
    ("huawei", "version", "huawei_vrp/display_version", version_facts, our_version),
    ("hp_comware", "status", "hp_comware/display_interface_brief", port_facts, our_ports),
    ("hp_comware", "interfaces", "hp_comware/display_interface", port_facts, our_ports),
    ("hp_comware", "fdb", "hp_comware/display_mac-address", fdb_facts, our_fdb),
    ("hp_comware", "lldp", "hp_comware/display_lldp_neighbor-information_verbose", neighbor_facts,
     our_neighbors),
    ("hp_procurve", "interfaces", "hp_procurve/show_interfaces_brief", port_facts, our_ports),
    ("hp_procurve", "fdb", "hp_procurve/show_mac-address", fdb_facts, our_fdb),
    ("hp_procurve", "lldp", "hp_procurve/show_lldp_info_remote-device_detail", neighbor_facts,
     our_neighbors),
    ("hp_procurve", "cdp", "hp_procurve/show_cdp_neighbors_detail", neighbor_facts, our_neighbors),
    ("hp_procurve", "arp", "hp_procurve/show_arp", arp_facts, our_arp),
    ("aruba_aoscx", "interfaces", "aruba_aoscx/show_interface", port_facts, our_ports),
    ("aruba_aoscx", "lldp", "aruba_aoscx/show_lldp_neighbors-info_detail", neighbor_facts,
     our_neighbors),
    ("ruckus_fastiron", "status", "brocade_fastiron/show_interfaces_brief", port_facts, our_ports),
    ("ruckus_fastiron", "status", "ruckus_fastiron/show_interfaces_brief", port_facts, our_ports),
    ("ruckus_fastiron", "fdb", "brocade_fastiron/show_mac-address", fdb_facts, our_fdb),
    ("ruckus_fastiron", "fdb", "ruckus_fastiron/show_mac-address", fdb_facts, our_fdb),
    ("ruckus_fastiron", "arp", "ruckus_fastiron/show_arp", arp_facts, our_arp),
    ("ruckus_fastiron", "arp", "brocade_fastiron/show_arp", arp_facts, our_arp),
    ("ruckus_fastiron", "lldp", "brocade_fastiron/show_lldp_neighbors_detail", neighbor_facts,
     our_neighbors),
    ("ruckus_fastiron", "interfaces", "ruckus_fastiron/show_interfaces", port_facts, our_ports),
    ("mikrotik_routeros", "arp", "mikrotik_routeros/ip_arp_print_terse_without-paging", arp_facts,
     our_arp),
    ("mikrotik_routeros", "arp", "mikrotik_routeros/ip_arp_print_without-paging", arp_facts, our_arp),
    ("cisco_s300", "lldp", "cisco_s300/show_lldp_neighbors", neighbor_facts, our_neighbors),
    ("cisco_s300", "version", "cisco_s300/show_version", version_facts, our_version),
    ("linux", "arp", "linux/arp_-a", arp_facts, our_arp),
    ("extreme_exos", "fdb", "extreme_exos/show_fdb", exos_fdb_facts, our_fdb),
    ("extreme_exos", "arp", "extreme_exos/show_iparp", exos_arp_facts, our_arp),
    ("extreme_exos", "status", "extreme_exos/show_ports_information_detail", exos_port_facts, our_ports),
    ("dell_force10", "arp", "dell_force10/show_arp", arp_facts, our_arp),
    ("dlink_ds", "arp", "dlink_ds/show_arpentry", dlink_arp_facts, our_arp),
    ("juniper_junos", "interfaces", "juniper_junos/show_interfaces", port_facts, our_ports),
    ("hp_procurve", "status", "hp_procurve/show_interfaces_status", port_facts, our_ports),
    ("cisco_s300", "status", "cisco_s300/show_interfaces_status", port_facts, our_ports),
    ("mikrotik_routeros", "fdb",
     "mikrotik_routeros/interface_bridge_host_print_terse_without-paging", fdb_facts, our_fdb),
    ("ruckus_fastiron", "interfaces", "brocade_fastiron/show_interfaces", port_facts, our_ports),
    ("ruckus_fastiron", "stp", "brocade_fastiron/show_span", root_facts, our_roots),
    ("huawei", "aggregates", "huawei_vrp/display_eth-trunk", bundle_facts, our_bundles),
    ("hp_comware", "aggregates", "hp_comware/display_link-aggregation_verbose", bundle_facts,
     our_bundles),
)  # fmt: skip


def recorded(folder: Path) -> Iterator[tuple[Path, list[Record]]]:
    for raw in sorted(folder.glob("*.raw")):
        truth = YAML(typ="safe").load(raw.with_suffix(".yml"))["parsed_sample"]
        yield raw, truth


def tally(platform: str, raw: Path, theirs: set[Any], ours: set[Any]) -> list[str]:
    conformance.record(platform, "cli", held=len(theirs & ours), checked=len(theirs))
    have = sorted(ours - theirs, key=str)
    return [f"{raw.name}: {fact}; have {have[:4]}" for fact in sorted(theirs - ours, key=str)]


@pytest.mark.parametrize(
    ("platform", "need", "folder", "theirs", "ours"), CASES, ids=[c[2] for c in CASES]
)
def test_recorded_facts_hold(shared_data, platform, need, folder, theirs, ours):
    p = platforms.get(platform)
    assert p is not None
    missed: list[str] = []
    compared = 0
    for raw, truth in recorded(shared_data / "cli" / "ntc" / folder):
        facts = {fact for record in truth for fact in theirs(record, p.interface)}
        found = set(ours(snapshot(platform, need, raw)))
        compared += bool(facts) or not truth
        missed += tally(platform, raw, facts, found)
        assert truth or not found
    assert compared, "nothing was compared"
    assert not missed, "\n".join(missed)


# --- genieparser's Nexus output ---------------------------------------------------------------------


def genie(shared: Path, command: str) -> Iterator[tuple[Path, Any]]:
    for raw in sorted((shared / "cli" / "genie" / "nxos" / command).glob("*_output.txt")):
        truth = raw.with_name(raw.name.replace("_output.txt", "_expected.py"))
        if truth.exists():
            source = truth.read_text()
            yield raw, ast.literal_eval(source[source.index("{") :])


def check_genie(raw: Path, theirs: set[Any], ours: Facts) -> None:
    assert not tally("cisco_nxos", raw, theirs, set(ours)), raw.name


def test_genie_nexus_status(shared_data):
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    for raw, truth in genie(shared_data, "ShowInterfaceStatus"):
        theirs: set[Any] = set()
        for port, r in truth["interfaces"].items():
            if port.startswith("Nve"):
                continue  # the device writes nve1
            theirs.add((nexus.interface(port), "trunk") if r["vlan"] == "trunk" else
                       (nexus.interface(port), "oper", "up" if r["status"] == "connected" else "x"))  # fmt: skip
        check_genie(
            raw,
            {f for f in theirs if f[-1] != "x"},
            our_ports(snapshot("cisco_nxos", "status", raw)),
        )


def test_genie_nexus_addresses(shared_data):
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    for raw, truth in genie(shared_data, "ShowMacAddressTable"):
        theirs = {
            (bare(mac), nexus.interface(port), int(vlan))
            for vlan, table in truth["mac_table"]["vlans"].items()
            for mac, r in table["mac_addresses"].items()
            for port in r.get("interfaces", {})
            if vlan.isdigit() and re.match(r"(?:Ethernet|Port-channel)\d", port)
        }
        check_genie(raw, theirs, our_fdb(snapshot("cisco_nxos", "fdb", raw)))


def test_genie_nexus_neighbors(shared_data):
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    for raw, truth in genie(shared_data, "ShowLldpNeighborsDetail"):
        theirs = {
            (nexus.interface(port), "name", who)
            for port, r in truth["interfaces"].items()
            for ids in r["port_id"].values()
            for who in ids["neighbors"]
            if who
        }
        check_genie(raw, theirs, our_neighbors(snapshot("cisco_nxos", "lldp", raw)))
    for raw, truth in genie(shared_data, "ShowCdpNeighborsDetail"):
        theirs = {
            (nexus.interface(r["local_interface"]), "name", re.sub(r"\(.*\)$", "", r["device_id"]))
            for r in truth["index"].values()
        }
        check_genie(raw, theirs, our_neighbors(snapshot("cisco_nxos", "cdp", raw)))


def test_genie_nexus_recovery_names_no_closed_port(shared_data):
    for raw, _ in genie(shared_data, "ShowErrdisableRecovery"):
        found = snapshot("cisco_nxos", "errdisable-recovery", raw)
        assert found.errors == ()
        assert found.interfaces == ()


# --- napalm's Nexus output, genieparser's Comware counters -------------------------------------------


def napalm(shared: Path, getter: str) -> Iterator[tuple[Path, Any]]:
    for truth in sorted(
        (shared / "cli" / "napalm" / "nxos_ssh" / getter).glob("*/expected_result.json")
    ):
        for raw in truth.parent.glob("show_*.txt"):
            yield raw, json.loads(truth.read_text())


def test_napalm_nexus_addresses(shared_data):
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    for raw, truth in napalm(shared_data, "test_get_mac_address_table"):
        theirs: set[Any] = {
            (bare(r["mac"]), nexus.interface(r["interface"]), r["vlan"] or None)
            for r in truth
            if re.match(r"Eth|Po", r["interface"])
        }
        check_genie(raw, theirs, our_fdb(snapshot("cisco_nxos", "fdb", raw)))
    for raw, truth in napalm(shared_data, "test_get_arp_table"):
        theirs = {(r["ip"], bare(r["mac"]), nexus.interface(r["interface"])) for r in truth}
        check_genie(raw, theirs, our_arp(snapshot("cisco_nxos", "arp", raw)))


def test_napalm_nexus_ports_and_neighbors(shared_data):
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    for raw, truth in napalm(shared_data, "test_get_interfaces"):
        theirs: set[Any] = set()
        for name, r in truth.items():
            if re.match(r"Ethernet|Port-channel|Vlan", name):
                theirs.add((nexus.interface(name), "oper", "up" if r["is_up"] else "down"))
                theirs |= {(nexus.interface(name), "mtu", r["mtu"])} if r["mtu"] > 0 else set()
        check_genie(raw, theirs, our_ports(snapshot("cisco_nxos", "interfaces", raw)))
    for raw, truth in napalm(shared_data, "test_get_lldp_neighbors_detail"):
        theirs = {
            (nexus.interface(port), "chassis", bare(r["remote_chassis_id"]))
            for port, found in truth.items()
            for r in found
        }
        check_genie(raw, theirs, our_neighbors(snapshot("cisco_nxos", "lldp", raw)))


def test_genie_comware_counters(shared_data):
    for raw in sorted(
        (shared_data / "cli" / "genie" / "comware" / "DisplayInterfaces").glob("*_output.txt")
    ):
        source = raw.with_name(raw.name.replace("_output.txt", "_expected.py")).read_text()
        truth = ast.literal_eval(source[source.index("{") :])
        found = {i.name: i for i in snapshot("hp_comware", "interfaces", raw).interfaces}
        theirs, ours = set(), set()
        for name, r in truth.items():
            for field in ("in_octets", "in_unicast_pkts", "in_broadcast_pkts", "out_octets",
                          "out_multicast_pkts", "in_errors", "out_errors"):  # fmt: skip
                if field in r.get("counters", {}):
                    theirs.add((name, field, r["counters"][field]))
                    counters = found[name].counters
                    ours.add((name, field, getattr(counters, field) if counters else None))
        assert not tally("hp_comware", raw, theirs, ours)


# --- where ntc-templates is wrong, and what is done about it ------------------------------------------

_BRIEF = """PHY: Physical
*down: administratively down
{legend}Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors
GigabitEthernet0/0/3        {phy:<5} down         0%     0%          0          0
"""


@pytest.mark.parametrize(
    ("phy", "legend"), [("#down", ""), ("down(ed)", ""), ("up", "(ed): error down\n")]
)
def test_the_shared_huawei_template_fails_on_the_very_rows_looked_for(phy, legend):
    printed = _BRIEF.format(phy=phy, legend=legend)
    with pytest.raises(DecodeError):
        rows("ntc:huawei_vrp_display_interface_brief.textfsm", printed)
    (row,) = rows("huawei_interface_brief.textfsm", printed)
    assert (row["PORT"], row["STATUS"]) == ("GigabitEthernet0/0/3", phy)


def test_the_shared_exos_templates_lose_stack_ports_and_static_addresses():
    block = 'Port:\t1:2\n\tDescription String: "x"\n\tAdmin state:\tEnabled\n\tLink State:\tReady\n'
    with pytest.raises(DecodeError):
        rows("ntc:extreme_exos_show_ports_information_detail.textfsm", block)
    assert [r["PORT"] for r in rows("extreme_exos_ports.textfsm", block)] == ["1:2"]
    line = "00:0c:29:d2:2d:48    v100(0100) 0000  spm            1:3\n"
    head = "MAC    VLAN Name( Tag)  Age  Flags    Port / Virtual Port List\n"
    assert "FLAGS" not in rows("ntc:extreme_exos_show_fdb.textfsm", head + line)[0]
    assert rows("extreme_exos_fdb.textfsm", head + line)[0]["TYPE"] == "s"


def test_the_shared_nexus_template_loses_rows_without_a_mark():
    printed = (
        "   VLAN     MAC Address      Type      age     Secure NTFY Ports\n"
        "---------+-----------------+--------+---------+------+----+----\n"
        "100 0000.0000.1112 dynamic NA F F Po100\n"
    )
    assert rows("ntc:cisco_nxos_show_mac_address-table.textfsm", printed) == []
    assert len(rows("cisco_nxos_mac_address_table.textfsm", printed)) == 1


def test_an_unexpected_line_in_a_shared_template_costs_itself_and_is_said():
    nexus = platforms.get("cisco_nxos")
    assert nexus is not None
    printed = (
        "IP ARP Table for all contexts\nTotal number of entries: 1\n"
        "Address         Age       MAC Address     Interface\n"
        "10.0.0.2        00:03:28  2cc2.60ff.0021  mgmt0\nsurprise: something new\n"
    )
    device = Device("d", "192.0.2.1", platform="cisco_nxos")
    found = show.snapshot(device, nexus, {"arp": printed}, AT)
    assert [a.ip for a in found.arp] == ["10.0.0.2"]
    assert ["surprise" in e.message for e in found.errors] == [True]
