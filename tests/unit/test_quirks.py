"""The quirks that break naive tools, each with the tests that hold it: the table is checked, so it cannot rot.

What is missing elsewhere is tested here: an SNMPv3 context a VLAN, Chinese descriptions in GBK, slow
prompts, stack members and sub-interfaces.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.collect import snmp
from netdiag.collect.shell import Shell
from netdiag.decode import oids
from netdiag.lab.snmp import Responder, User, from_snmprec, running
from netdiag.model import Device
from netdiag.names import long_name, sort_key
from tests.unit.test_mib import at, port, snapshot

TESTS = Path(__file__).parents[1]
QUIRKS = {
    "BRIDGE-MIB per VLAN by community@vlan": "lab/test_snmp_poll.py::test_cisco_vlan_contexts_are_read_by_community",
    "and by SNMPv3 context vlan-N": "unit/test_quirks.py::test_vlan_contexts_by_snmpv3",
    "dot1dBasePort is not ifIndex": "unit/test_mib.py::test_base_port_is_not_ifindex_and_a_missing_one_hides_nobody",
    "FDB ids that are not VLAN ids": "unit/test_mib.py::test_fdb_id_is_mapped_to_its_vlan",
    "one FDB id for all VLANs": "unit/test_mib.py::test_a_shared_fdb_id_does_not_tell_the_vlan",
    "LLDP port ids of subtype MAC, local and name": "unit/test_mib.py::test_identities_as_text",
    "lldpLocPortNum that is not ifIndex": "unit/test_mib.py::test_lldp_local_port_is_found_by_its_own_id",
    "LLDP indexes of one and two numbers": "unit/test_mib.py::test_lldp_indexes_of_one_and_two_numbers_and_local_port_zero",
    "stack members": "unit/test_quirks.py::test_stack_members_are_ports_of_one_switch",
    "port channels and their members": "unit/test_topology.py::test_a_bundle_and_its_members_are_one_port",
    "members by LACP and by PAgP": "unit/test_mib.py::test_port_channel_members_by_lacp_and_by_pagp",
    "a bundle is never a desk": "unit/test_topology.py::test_an_uplink_is_never_the_edge",
    "sub-interfaces": "unit/test_quirks.py::test_a_sub_interface_is_a_name_of_its_own",
    "ifName against ifDescr against short names": "unit/test_mib.py::test_an_interface_is_named_by_its_long_ifname_and_keeps_its_facts",
    "32-bit counters that wrap": "unit/test_rates.py::test_a_32_bit_counter_wraps",
    "64-bit counters that are missing": "unit/test_mib.py::test_32_bit_counters_stand_in_where_64_bit_ones_are_missing",
    "counters that reset at a reboot": "unit/test_rates.py::test_a_reboot_leaves_no_rates",
    "sysUpTime that wraps": "unit/test_rates.py::test_sysuptime_that_wraps_is_no_reboot",
    "ifCounterDiscontinuityTime": "unit/test_rates.py::test_a_discontinuity_leaves_no_rate",
    "OIDs out of order": "lab/test_snmp_poll.py::test_an_agent_that_goes_backwards_is_stopped_and_the_rest_is_read",
    "an agent that loops for ever": "lab/test_snmp_poll.py::test_an_agent_that_loops_for_ever_ends",
    "an agent that stops in mid walk": "lab/test_snmp_poll.py::test_a_device_that_hangs_in_mid_walk_keeps_what_it_told",
    "tooBig to a large GetBulk": "unit/test_snmp_walk.py::test_too_big_halves_and_what_is_too_big_alone_is_left_out",
    "every second request dropped": "lab/test_snmp_poll.py::test_every_second_request_lost_loses_no_fact",
    "names that are not UTF-8": "unit/test_text.py::test_octets_are_read_as_what_they_are",
    "descriptions in Chinese": "unit/test_quirks.py::test_descriptions_in_chinese",
    "pagination": "unit/test_platform_shell.py::test_a_pager_is_turned_and_leaves_no_trace",
    "banners": "unit/test_platform_shell.py::test_a_procurves_banner_wants_a_key",
    "slow prompts": "unit/test_quirks.py::test_a_prompt_that_comes_drop_by_drop",
    "enable passwords": "lab/test_ssh.py::test_the_enable_secret_opens_configuration",
    "session limits": "lab/test_ssh_recognised.py::test_vrp_is_given_half_of_its_four_logins_by_all_netdiags_together",
    "what a full device says": "unit/test_platform_shell.py::test_five_logins_are_one_too_many",
    "only old key exchange": "lab/test_ssh.py::test_old_algorithms_only_by_name_for_the_device",
    "old algorithms never by default": "unit/test_inventory.py::test_old_algorithms_are_refused_for_a_group_and_for_all",
}


@pytest.mark.parametrize("quirk", QUIRKS)
def test_each_quirk_has_its_test(quirk: str) -> None:
    file, _, name = QUIRKS[quirk].partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_vlan_contexts_by_snmpv3() -> None:
    base = [
        "1.3.6.1.2.1.1.1.0|4|Cisco IOS Software",
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1208",
        "1.3.6.1.2.1.1.3.0|67|360000",
        "1.3.6.1.2.1.2.2.1.2.9|4|GigabitEthernet0/9",
        "1.3.6.1.2.1.2.2.1.3.9|2|6",
        "1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.10|2|1",
        "1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.10|2|1",
    ]
    ten = "1.3.6.1.2.1.17.1.4.1.2.9|2|9\n1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.1.1|2|9"
    contexts = {"": from_snmprec("\n".join(base)), "vlan-10": from_snmprec(ten)}
    user = User(
        "ops",
        auth="sha256",
        auth_key=Secret("authentic-key"),
        priv="aes128",
        priv_key=Secret("private-key"),
    )
    access = SnmpAccess(
        version="3", user="ops", auth="sha256", auth_key=Secret("authentic-key"),
        priv="aes128", priv_key=Secret("private-key"), timeout_s=2.0,
    )  # fmt: skip
    with running(Responder(lambda _: None, [user], contexts=contexts.get)) as (_, number):
        (found,) = snmp.poll([Target(Device("sw", "127.0.0.1"), replace(access, port=number))])
    assert [(e.interface, e.vlan) for e in found.fdb] == [("GigabitEthernet0/9", 10)]
    assert found.errors == ()


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_descriptions_in_chinese(encoding: str) -> None:
    alias = "三楼会议室 上联核心"
    found = snapshot(*port(7, "Gi1/0/7"), (at(oids.IF_ALIAS, 7), alias.encode(encoding)))
    assert found.interfaces[0].alias == alias


def test_stack_members_are_ports_of_one_switch() -> None:
    names = ["Gi2/0/1", "Gi1/0/10", "Gi1/0/2", "Te3/1/4"]
    listed = [row for number, name in enumerate(names, 1) for row in port(number, name)]
    found = snapshot(*listed)
    assert sorted((i.name for i in found.interfaces), key=sort_key) == [
        "GigabitEthernet1/0/2",
        "GigabitEthernet1/0/10",
        "GigabitEthernet2/0/1",
        "TenGigabitEthernet3/1/4",
    ]


def test_a_sub_interface_is_a_name_of_its_own() -> None:
    assert long_name("Gi0/0.100") == "GigabitEthernet0/0.100"
    found = snapshot(*port(1, "Gi0/0"), *port(2, "Gi0/0.100", 135))
    assert [i.name for i in found.interfaces] == ["GigabitEthernet0/0", "GigabitEthernet0/0.100"]


class Dripping:
    """A channel that gives one octet at a time, as a switch with a busy processor does."""

    def __init__(self, text: bytes) -> None:
        self.waits = [text[n : n + 1] for n in range(len(text))]
        self.sent = b""

    def settimeout(self, timeout: float | None) -> None: ...

    def recv(self, nbytes: int) -> bytes:
        if not self.waits:
            raise TimeoutError
        return self.waits.pop(0)

    def sendall(self, s: bytes) -> None:
        self.sent += s
        self.waits += [bytes([c]) for c in s.rstrip() + b"\r\nline with # and > inside\r\nsw-1# "]

    def recv_ready(self) -> bool:
        return False


def test_a_prompt_that_comes_drop_by_drop() -> None:
    shell = Shell("sw-1", Dripping(b"\r\n*** only # for > staff ***\r\nsw-1# "), silence_s=0.1)
    shell.learn_prompt()
    assert shell.ask("show clock") == "line with # and > inside\n"


class Lagging(Dripping):
    """A banner's line that is one word with a `#`, and the rest of it only after the first line was sent."""

    def __init__(self) -> None:
        super().__init__(b"\r\nWelcome#")
        self.rest = [b" to sw-1\r\nsw-1# ", b"terminal length 0\r\nsw-1# "]
        self.turn = 0

    def recv(self, nbytes: int) -> bytes:
        if self.waits:
            return self.waits.pop(0)
        if not self.sent or not self.rest:
            raise TimeoutError
        return self.rest.pop(0)

    def sendall(self, s: bytes) -> None:
        self.sent += s
        if self.rest == []:
            self.waits += [s.rstrip() + b"\r\n10:00\r\nsw-1# "]


def test_a_banner_later_than_the_first_line_shifts_no_answer() -> None:
    shell = Shell("sw-1", Lagging(), silence_s=0.1)
    assert shell.prompt == "Welcome#"
    shell.ask("terminal length 0")
    shell.learn_prompt()
    assert shell.prompt == "sw-1#"
    assert shell.ask("show clock") == "10:00\n"
