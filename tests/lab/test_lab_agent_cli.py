"""The switch's command line: what it prints parses as IOS' own output, and what it takes it does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.fake_switch import FakeSwitch, open_cli


def parsed(command: str) -> list[dict[str, Any]]:
    from ntc_templates.parse import parse_output

    text = open_cli(FakeSwitch()).execute(command)
    rows: list[dict[str, Any]] = parse_output(platform="cisco_ios", command=command, data=text)
    return rows


def by(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in rows}


def test_interfaces_status():
    rows = by(parsed("show interfaces status"), "port")
    assert len(rows) == 6
    assert rows["Gi1/0/1"]["name"] == "Reception desk, 2F"
    assert [rows[f"Gi1/0/{n}"]["status"] for n in (1, 2, 3, 5)] == [
        "connected",
        "err-disabled",
        "disabled",
        "notconnect",
    ]
    assert (rows["Gi1/0/24"]["vlan_id"], rows["Gi1/0/1"]["vlan_id"]) == ("trunk", "10")
    assert (rows["Gi1/0/1"]["duplex"], rows["Gi1/0/1"]["speed"]) == ("a-full", "a-1000")


def test_err_disabled_names_port_and_reason():
    text = open_cli(FakeSwitch()).execute("show interfaces status err-disabled")
    assert text.splitlines()[1].split()[:4] == ["Port", "Name", "Status", "Reason"]
    assert text.splitlines()[2].split() == ["Gi1/0/2", "err-disabled", "storm-control"]
    nothing = FakeSwitch()
    for name in list(nothing.views):
        nothing.set_admin(name, up=False)
    assert open_cli(nothing).execute("sh int status err") == ""


def test_interfaces():
    rows = by(parsed("show interfaces"), "interface")
    one, closed = rows["GigabitEthernet1/0/1"], rows["GigabitEthernet1/0/2"]
    assert (one["link_status"], one["protocol_status"]) == ("up", "up (connected)")
    assert closed["protocol_status"] == "down (err-disabled)"
    assert rows["GigabitEthernet1/0/3"]["link_status"] == "administratively down"
    assert (one["input_packets"], one["crc"], one["mtu"]) == ("18", "7", "1500")
    assert one["description"] == "Reception desk, 2F-101"
    assert one["mac_address"] == "001b.54aa.bb01"


def test_switchport():
    rows = by(parsed("show interfaces switchport"), "interface")
    assert (rows["Gi1/0/1"]["access_vlan"], rows["Gi1/0/1"]["admin_mode"]) == (
        "10",
        "static access",
    )
    assert rows["Gi1/0/24"]["mode"] == "trunk"
    assert rows["Gi1/0/24"]["trunking_vlans"] == ["10", "99"]
    assert rows["Gi1/0/2"]["mode"] == "down"


def test_mac_table():
    rows = [r for r in parsed("show mac address-table") if r["type"] == "DYNAMIC"]
    assert [(r["vlan_id"], r["destination_address"], r["destination_port"]) for r in rows] == [
        ("10", "0200.0000.0001", ["Gi1/0/1"]),
        ("99", "001b.54aa.cc00", ["Gi1/0/24"]),
    ]


def test_neighbours_both_ways():
    detail = parsed("show lldp neighbors detail")[0]
    assert detail["neighbor_name"] == "core-1"
    assert detail["mgmt_address"] == "10.99.0.1"
    assert (detail["local_interface"], detail["neighbor_port_id"]) == ("Gi1/0/24", "Gi1/0/2")
    assert detail["chassis_id"] == "001b.54aa.cc00"
    brief = parsed("show lldp neighbors")[0]
    assert (brief["neighbor_name"], brief["local_interface"]) == ("core-1", "Gi1/0/24")


def test_version_arp_vlan_stp_clock():
    version = parsed("show version")[0]
    assert (version["hostname"], version["version"]) == ("acc-2", "15.2(7)E4")
    assert version["hardware"][0] == "WS-C2960X-24TS-L"
    assert version["uptime_minutes"] == "12"
    arp = by(parsed("show ip arp"), "ip_address")
    assert (arp["10.99.0.12"]["age"], arp["10.99.0.1"]["interface"]) == ("-", "Vlan99")
    vlans = by(parsed("show vlan"), "vlan_id")
    assert "Gi1/0/1" in vlans["10"]["interfaces"]
    assert vlans["99"]["vlan_name"] == "VLAN0099"
    ports = [r for r in parsed("show spanning-tree") if r["vlan_id"] == "10"]
    assert {(r["interface"], r["role"], r["status"]) for r in ports} == {
        ("Gi1/0/1", "Desg", "FWD"),
        ("Gi1/0/24", "Root", "FWD"),
    }
    assert parsed("show clock")[0]["time"] == "09:12:03.500"


def test_logging_has_both_messages():
    rows = parsed("show logging")
    assert [(r["facility"], r["severity"], r["mnemonic"]) for r in rows] == [
        ("STORM_CONTROL", "3", "SHUTDOWN"),
        ("PM", "4", "ERR_DISABLE"),
    ]
    assert rows[0]["time"] == "09:12:01.123"


def test_errdisable_recovery_lists_the_waiting_port():
    lines = open_cli(FakeSwitch()).execute("show errdisable recovery").splitlines()
    assert [line.split() for line in lines if line.startswith("bpduguard")] == [
        ["bpduguard", "Enabled"]
    ]
    assert lines[-1].split() == ["Gi1/0/4", "bpduguard", "176"]


def test_storm_control_and_counters_columns():
    cli = open_cli(FakeSwitch())
    rows = [line.split() for line in cli.execute("show storm-control").splitlines()[2:]]
    assert rows[0][:2] == ["Gi1/0/2", "Link"]
    assert rows[1] == ["Gi1/0/24", "Forwarding", "500", "pps", "500", "pps", "0", "pps"]
    table = [line.split() for line in cli.execute("show interfaces counters").splitlines()]
    assert table[1] == ["Port", "InOctets", "InUcastPkts", "InMcastPkts", "InBcastPkts"]
    assert table[2] == ["Gi1/0/1", "1000", "10", "5", "3"]


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("sh int status", "show interfaces status"),
        ("sh mac add", "show mac address-table"),
        ("SH IP ARP", "show ip arp"),
        ("sh run int gi1/0/5", "show running-config interface GigabitEthernet1/0/5"),
        ("sh int gi 1/0/5", "show interfaces GigabitEthernet1/0/5"),
        ("sh lldp nei det", "show lldp neighbors detail"),
    ],
)
def test_abbreviations(short, full):
    cli = open_cli(FakeSwitch())
    assert cli.execute(short) == cli.execute(full) != ""
    assert "%" not in cli.execute(short).split("\n")[0]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("show foo", f"{' ' * 11}^\n% Invalid input detected at '^' marker.\n"),
        ("show", "% Incomplete command.\n"),
        ("show interfaces Gi9/0/1", f"{' ' * 22}^\n% Invalid input detected at '^' marker.\n"),
        ("show l", '% Ambiguous command:  "show l"\n'),
        ("", ""),
        ("! a remark", ""),
        ("show clock | include nothing", ""),
    ],
)
def test_refusals(line, answer):
    assert open_cli(FakeSwitch()).execute(line) == answer


def test_configuration_acts_on_the_live_port():
    switch = FakeSwitch()
    cli = open_cli(switch)
    name = "GigabitEthernet1/0/1"
    said = [
        cli.execute(line)
        for line in ("conf t", "interface gi1/0/1", "shutdown", "description moved to 2F-102")
    ]
    assert said[1:] == ["", "", ""]
    assert cli.prompt == "acc-2(config-if)#"
    assert (switch.port(name).admin_up, switch.port(name).alias) == (False, "moved to 2F-102")
    cli.execute("no shutdown")
    assert switch.port(name).admin_up
    assert "Creating vlan 20" in cli.execute("switchport access vlan 20")
    assert switch.port(name).access_vlan == 20
    cli.execute("storm-control broadcast level pps 1k")
    assert switch.port(name).storm_control_pps == 1000
    assert "1 interface" not in cli.execute("do show running-config interface Gi1/0/1")
    cli.execute("interface GigabitEthernet1/0/24")
    assert "Invalid input" in cli.execute("ip dhcp snooping trust")
    cli.execute("switchport mode access")
    assert switch.port("GigabitEthernet1/0/24").access_vlan == 1
    cli.execute("end")
    assert cli.prompt == "acc-2#"
    assert cli.execute("wr mem").endswith("[OK]")


def test_user_mode_needs_the_enable_secret():
    cli = open_cli(FakeSwitch(), privileged=False)
    assert cli.prompt == "acc-2>"
    assert "Invalid input" in cli.execute("configure terminal")
    cli.execute("enable")
    assert cli.prompt == "Password: "
    assert "Access denied" in cli.execute("guess\n")
    cli.execute("enable")
    cli.execute("open sesame\n")
    assert cli.prompt == "acc-2#"


words = st.sampled_from(
    [
        "show",
        "interfaces",
        "status",
        "err-disabled",
        "configure",
        "terminal",
        "interface",
        "gi1/0/1",
        "no",
        "shutdown",
        "description",
        "switchport",
        "access",
        "vlan",
        "storm-control",
        "broadcast",
        "level",
        "pps",
        "10",
        "|",
        "include",
        "(",
        "do",
        "end",
        "exit",
        "!",
        "?",
        "%",
        "\x1b",
    ]
)


@given(st.lists(st.lists(words | st.text(max_size=6), max_size=7).map(" ".join), max_size=6))
def test_no_line_makes_it_raise(lines):
    cli = open_cli(FakeSwitch())
    for line in lines:
        assert isinstance(cli.execute(line), str)
