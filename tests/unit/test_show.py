"""What a switch prints becomes facts; what cannot be read costs only itself."""

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag import platforms
from netdiag.decode import show
from netdiag.decode.table import rows
from netdiag.errors import DecodeError
from netdiag.model import (
    AdminStatus,
    Device,
    ErrDisableCause,
    ErrDisabled,
    FdbEntry,
    OperStatus,
    Snapshot,
    SourceError,
    StpPort,
)
from netdiag.platforms.cisco_ios import CISCO_IOS as IOS
from tests.unit.test_syslog import AT

DEVICE = Device("core-1", "192.0.2.1", platform="cisco_ios")

STATUS = """
Port      Name               Status       Vlan       Duplex  Speed Type
Gi1/0/1   not connected yet  notconnect   10           auto   auto 10/100/1000BaseTX
Gi1/0/2   to acc-2           err-disabled trunk        auto   auto 10/100/1000BaseTX
Gi1/0/3   trunk connected    connected    trunk      a-full a-1000 10/100/1000BaseTX
Gi1/0/4   disabled staff     disabled     1            half     10 10/100/1000BaseTX
Te1/1/1                      connected    routed       full    10G SFP-10GBase-SR
"""
ERR_DISABLED = """
Port         Name         Status       Reason               Err-disabled Vlans

Gi1/0/2      to acc-2     err-disabled storm-control
Gi1/0/5                   err-disabled bpduguard            20,30
Gi1/0/6      dual         err-disabled channel-misconfig (STP)
"""
RECOVERY = """
ErrDisable Reason            Timer Status
-----------------            --------------
arp-inspection               Disabled
channel-misconfig (STP)      Disabled
storm-control                Enabled

Timer interval: 300 seconds

Interfaces that will be enabled at the next timeout:

Interface       Errdisable reason       Time left(sec)
---------       -----------------       --------------
Gi1/0/2             storm-control             273
"""
COUNTERS = """
Port            InOctets    InUcastPkts    InMcastPkts    InBcastPkts
Gi1/0/3         12345678           1000            200          30000

Port           OutOctets   OutUcastPkts   OutMcastPkts   OutBcastPkts
Gi1/0/3             9999              4              5              6
"""
SWITCHPORT = """
Name: Gi1/0/1
Switchport: Enabled
Administrative Mode: static access
Operational Mode: down
Access Mode VLAN: 10 (users)
Trunking VLANs Enabled: ALL

Name: Gi1/0/2
Switchport: Enabled
Administrative Mode: trunk
Operational Mode: down
Access Mode VLAN: 1 (default)
Trunking VLANs Enabled: 10,20,
     30,99
Pruning VLANs Enabled: 2-1001
Name: Gi1/0/3
Switchport: Enabled
Administrative Mode: trunk
Operational Mode: trunk (member of bundle Po1)
Access Mode VLAN: 1 (default)
Name: Te1/1/1
Switchport: Disabled
"""
STP = """
VLAN0010
  Spanning tree enabled protocol rstp
  Root ID    Priority    24586
             Address     0011.2233.4455
             This bridge is the root
             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec

  Bridge ID  Priority    24586  (priority 24576 sys-id-ext 10)
             Address     0011.2233.4455

Interface           Role Sts Cost      Prio.Nbr Type
------------------- ---- --- --------- -------- --------------------------------
Gi1/0/3             Desg FWD 4         128.3    P2p
Gi1/0/7             Desg BKN*4         128.7    P2p *ROOT_Inc

VLAN0020
  Spanning tree enabled protocol rstp
  Root ID    Priority    8212
             Address     00aa.00bb.00cc
             Port        3 (GigabitEthernet1/0/3)

  Bridge ID  Priority    32788  (priority 32768 sys-id-ext 20)

Interface           Role Sts Cost      Prio.Nbr Type
------------------- ---- --- --------- -------- --------------------------------
Gi1/0/3             Root FWD 4         128.3    P2p
"""
FDB = """
          Mac Address Table
-------------------------------------------

Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0100.0ccc.cccc    STATIC      CPU
  10    0011.2233.4455    DYNAMIC     Gi1/0/1
4095    0011.2233.4456    DYNAMIC     Po1
Total Mac Addresses for this criterion: 3
"""


def read(**answers: str) -> Snapshot:
    return show.snapshot(
        DEVICE, IOS, {need.replace("_", "-"): text for need, text in answers.items()}, AT
    )


def test_ports_from_several_commands_are_one_table():
    found = read(
        status=STATUS,
        err_disabled=ERR_DISABLED,
        errdisable_recovery=RECOVERY,
        switchport=SWITCHPORT,
        counters=COUNTERS,
    )
    assert found.errors == ()
    assert found.sources == ("ssh",)
    by_name = {i.name.removeprefix("GigabitEthernet"): i for i in found.interfaces}
    first, closed, trunk, off = (by_name[f"1/0/{n}"] for n in (1, 2, 3, 4))
    assert (first.admin_status, first.oper_status) == (AdminStatus.UP, OperStatus.DOWN)
    assert (first.access_vlan, first.trunk) == (10, False)
    assert closed.err_disabled is not None
    assert closed.err_disabled.cause is ErrDisableCause.STORM_CONTROL
    assert closed.err_disabled.recovers_in_s == 273
    assert (closed.admin_status, closed.oper_status) == (AdminStatus.UP, OperStatus.DOWN)
    assert (closed.trunk, closed.access_vlan) == (True, None)
    assert (trunk.oper_status, trunk.speed_bps, trunk.duplex) == ("up", 1_000_000_000, "full")
    assert (trunk.trunk, trunk.aggregate) == (True, "Port-channel1")
    assert trunk.counters is not None
    assert (trunk.counters.in_broadcast_pkts, trunk.counters.out_broadcast_pkts) == (30000, 6)
    assert (trunk.counters.in_octets, trunk.counters.at) == (12345678, AT)
    assert (off.admin_status, off.duplex, off.speed_bps) == (AdminStatus.DOWN, "half", 10_000_000)
    assert by_name["1/0/5"].err_disabled == ErrDisabled(
        ErrDisableCause.BPDU_GUARD, "bpduguard", vlan=20
    )
    assert by_name["1/0/6"].err_disabled == ErrDisabled(
        ErrDisableCause.CHANNEL_MISCONFIG, "channel-misconfig (STP)"
    )
    assert by_name["TenGigabitEthernet1/1/1"].speed_bps == 10_000_000_000


def test_spanning_trees_keep_their_own_ports():
    ten, twenty = read(stp=STP).stp
    assert (ten.vlan, ten.root, ten.is_root, ten.root_port) == (
        10,
        "24586.00:11:22:33:44:55",
        True,
        None,
    )
    assert ten.ports == (
        StpPort("GigabitEthernet1/0/3", "forwarding", "designated"),
        StpPort("GigabitEthernet1/0/7", "broken", "designated"),
    )
    assert (twenty.vlan, twenty.is_root, twenty.root_port) == (20, False, "GigabitEthernet1/0/3")
    assert twenty.ports == (StpPort("GigabitEthernet1/0/3", "forwarding", "root"),)


def test_addresses():
    assert read(fdb=FDB).fdb == (
        FdbEntry("01:00:0c:cc:cc:cc", None, vlan=None, status="self"),
        FdbEntry("00:11:22:33:44:55", "GigabitEthernet1/0/1", vlan=10, status="learned"),
        FdbEntry("00:11:22:33:44:56", "Port-channel1", vlan=None, status="learned"),
    )


def test_the_log_carries_the_device_and_corrected_times():
    found = read(
        clock="*00:10:00.000 UTC Mon Mar 1 1993\n",
        log="Log Buffer (4096 bytes):\n\n*Mar  1 00:09:00.000: %LINK-3-UPDOWN: Interface Gi1/0/2, changed state to down\n",
    )
    (event,) = found.log
    assert (event.device, event.event, event.interface) == (
        "core-1",
        "link-down",
        "GigabitEthernet1/0/2",
    )
    assert event.at is not None
    assert (AT - event.at).total_seconds() == 60


def test_what_cannot_be_read_costs_only_itself():
    found = read(version="no version here", lldp="surprise: a line nobody expected", fdb=FDB)
    assert [e.what for e in found.errors] == ["version", "lldp"]
    assert all(isinstance(e, SourceError) and e.source == "ssh" for e in found.errors)
    assert "surprise" in found.errors[1].message
    assert len(found.fdb) == 3


def test_disabled_protocols_are_no_error():
    found = read(lldp="% LLDP is not enabled\n", cdp="% CDP is not enabled\n")
    assert found.neighbors == ()
    assert found.errors == ()


@pytest.mark.parametrize("need", IOS.poll)
def test_every_pinned_template_is_there_and_stands_an_empty_answer(need):
    command = IOS.commands[need]
    if command.template:
        assert rows(command.template, "") == []


_LINES = st.sampled_from(
    [*STATUS.splitlines(), *ERR_DISABLED.splitlines(), *RECOVERY.splitlines(), *STP.splitlines(),
     *SWITCHPORT.splitlines(), *COUNTERS.splitlines(), *FDB.splitlines()]
)  # fmt: skip


@given(
    st.sampled_from([n for n in IOS.poll if n != "log"]),
    st.lists(_LINES | st.text(max_size=60), max_size=12),
)
def test_no_answer_raises(need, lines):
    found = show.snapshot(DEVICE, IOS, {need: "\n".join(lines)}, AT)
    assert found.reachable


def test_templates_are_shared_by_threads():
    template = "cisco_ios_mac_address_table.textfsm"
    table = FDB.replace(
        "Total",
        "".join(f"  10    0011.2233.{n:04x}    DYNAMIC     Gi1/0/1\n" for n in range(300))
        + "Total",
    )
    wrong = []

    def work():
        for _ in range(5):
            if len(rows(template, table)) != 303:
                wrong.append(1)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_an_unexpected_line_is_named():
    with pytest.raises(DecodeError, match="surprise"):
        rows("ntc:cisco_ios_show_lldp_neighbors_detail.textfsm", "surprise")


def printed_by(name, answers):
    platform = platforms.get(name)
    assert platform is not None
    return show.snapshot(Device("d", "192.0.2.1", platform=name), platform, answers, AT)


IOS_STORM = """\
Interface       Filter State   Upper        Lower        Current      Action     Type
Gi1/0/12        Blocking           10.00%       10.00%         22.00%        None     B
Gi1/0/13        Forwarding         10.00%       10.00%          0.00%        None     B
"""
VRP_STORM = """\
PortName Type Rate Mode Action Punish-Status Trap Log Int Last-Punish-Time
10GE1/0/1 BC 2000 Pps Block Block Off On 90 --
10GE1/0/2 BC 2000 Pps Error-down Error-down Off On 90 2026-11-22
10GE1/0/3 BC 2000 Pps Block Normal Off On 90 --
"""
STORMS = [
    ("cisco_ios", IOS_STORM, {"GigabitEthernet1/0/12"}, set()),
    ("huawei_vrpv8", VRP_STORM, {"10GE1/0/1"}, {"10GE1/0/2"}),
]


@pytest.mark.parametrize(("name", "printed", "drops", "closed"), STORMS, ids=lambda x: str(x)[:12])
def test_storm_control_that_drops_is_an_event_and_that_shuts_a_closed_port(
    name, printed, drops, closed
):
    found = printed_by(name, {"storm-control": printed, "log": ""})
    assert {e.interface for e in found.log if e.event == "storm"} == drops
    assert {i.name for i in found.interfaces if i.err_disabled} == closed
    assert found.errors == ()


def test_addresses_are_learned_where_no_column_says_otherwise():
    table = "  MAC Address   Port\n  ------------- -----\n  5c0e8b-97d9db 3\n"
    procurve = printed_by("hp_procurve", {"fdb": table})
    assert [(e.interface, e.status) for e in procurve.fdb] == [("3", None)]
    table = (
        "0 D E  mac-address=11:22:33:44:55:01 interface=ether4 bridge=b on-interface=ether4\n"
        "1 DL   mac-address=11:22:33:44:55:04 interface=ether4 bridge=b on-interface=ether4\n"
    )
    routeros = printed_by("mikrotik_routeros", {"fdb": table})
    assert [e.status for e in routeros.fdb] == ["learned", "self"]
