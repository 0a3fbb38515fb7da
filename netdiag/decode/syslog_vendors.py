"""What every maker but Cisco says in a log about ports, loops, storms and addresses: data, in order.

Sources: Huawei and H3C log references, Ruijie RLDP guides, Junos and EOS system log references, HPE
event log guides, FastIron and OS9 guides, D-Link, Edgecore, EXOS, MikroTik and Zyxel samples, and
the NOC project's cases. Rows marked `unverified` come from no log of a real device.

A row: (event, cause, pattern). `cause` "" is none, "?" the word of the group `cause`. The groups
`interface`, `other`, `vlan`, `mac`, `ip`, `cause` and `state` fill the event. The first row that fits
wins, so what closes a port stands before what only sees something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAC = (
    r"(?P<mac>[0-9a-f]{4}[.:-][0-9a-f]{4}[.:-][0-9a-f]{4}"
    r"|[0-9a-f]{1,2}(?:[:.-][0-9a-f]{1,2}){5}|[0-9a-f]{6}-?[0-9a-f]{6})"
)
# GigabitEthernet 0/7, XGE1/0/1, 10GE1/0/1, ge-0/0/23.0, Eth-Trunk1, ae0.0, Eth 1/9, e0/0/27, tg0/5
_NAMED = r"(?!port |interface |unit )(?:\d{1,3}G[A-Za-z]+|[A-Za-z][A-Za-z-]*) ?\d+(?:[/.:_]\d+)*"
# 5, 1:24, 2/5, A3, <2>, (11)
_NUMBER = r"[<(]?[A-Z]?\d+(?:[/:.]\d+)*[>)]?"
_IF = rf"(?P<interface>{_NAMED}|{_NUMBER})"
_NAMED_IF = rf"(?P<interface>{_NAMED})"
_OTHER = rf"(?P<other>{_NAMED}|{_NUMBER})"
_PORT = rf"(?:port|interface)s? ?:? ?{_IF}"
_IP = r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3})"
_VLAN = r"(?P<vlan>\d{1,4})"
_GE = r"(?P<interface>[A-Za-z0-9-]+ ?\d[\d/.:]*)"

_HUAWEI: tuple[tuple[str, str, str], ...] = (
    # Notify interface to change status to error-down. (InterfaceName=GE0/0/1, Cause=port security)
    ("err-disabled", "?", r"status to error-?down.*?InterfaceName ?= ?(?P<interface>[^,)]+).*?Cause ?= ?(?P<cause>[^,)]+)"),
    # Error-down recovered. (Ifindex=5, Ifname=10GE1/0/1, Cause=link-flap, RecoverType=auto)
    ("err-recover", "?", r"error-?down recover\w*.*?If(?:name|Name) ?= ?(?P<interface>[^,)]+).*?Cause ?= ?(?P<cause>[^,)]+)"),
    # Error-down occurred. (Ifindex=5, Ifname=10GE1/0/1, Cause=storm-control)
    ("err-disabled", "?", r"error-?down occurred.*?If(?:name|Name) ?= ?(?P<interface>[^,)]+).*?Cause ?= ?(?P<cause>[^,)]+)"),
    # Interface GigabitEthernet0/0/1 is error-down for storm-control.
    ("err-disabled", "?", rf"interface {_NAMED_IF} is error-?down for (?P<cause>[\w-]+)"),
    # This interface changes to the error-down state because of storm control. (... Interface=10GE1/0/1)
    ("err-disabled", "storm-control", r"error-?down state because of storm.*?Interface ?= ?(?P<interface>[^,)]+)"),
    # StormControlAlarm. (IfIndex=5, IfName=GE0/0/1, BroadcastMinRate=.., Action=, Interval=5, Status=error-down)
    ("err-disabled", "storm-control", r"StormControlAlarm.*?IfName ?= ?(?P<interface>[^,)]+).*?Status ?= ?error-?down"),
    ("err-recover", "storm-control", r"StormControlAlarm.*?IfName ?= ?(?P<interface>[^,)]+).*?Status ?= ?normal"),
    ("storm", "", r"StormControlAlarm.*?IfName ?= ?(?P<interface>[^,)]+)"),
    # The rate of broadcast packets exceeds the threshold. (Rate of packets=9000, Threshold=1000, Interface=10GE1/0/1)
    ("storm", "", r"(?:rate of \w+ packets exceeds the|packets exceeded the storm control) threshold.*?(?:Interface|IfName) ?= ?(?P<interface>[^,)]+)"),
    # SECE/4/STORMCTRL_BC_BLOCKED names its port; unverified how
    ("err-recover", "storm-control", rf"STORMCTRL_(?:IF_NORMAL|\w+_UNBLOCK).*?{_NAMED_IF}"),
    ("storm", "", rf"STORMCTRL_\w+.*?interface {_NAMED_IF}"),
    # Loopback exists on interface(7) GE0/0/7 ( VLAN 10 ), loopback detection status: 3
    ("err-disabled", "loop-detected", rf"loopback (?:does )?exists? on interface ?(?:\([^)]*\))? ?{_NAMED_IF} ?\( ?(?:VLAN )?(?P<vlan>\d+)?[^)]*\),? loopback detect(?:ion)? status: ?3"),
    ("err-recover", "loop-detected", rf"loopback (?:does )?exists? on interface ?(?:\([^)]*\))? ?{_NAMED_IF} ?\( ?(?:VLAN )?(?P<vlan>\d+)?[^)]*\),? loopback detect(?:ion)? status: ?1"),
    ("loop", "", rf"loopback (?:does )?exists? on interface ?(?:\([^)]*\))? ?{_NAMED_IF} ?\( ?(?:VLAN )?(?P<vlan>\d+)?"),
    # interface(2306/2306)Ethernet0/0/16 loopback detect status: 1.(1:normal; 2:block; 3:shutdown)
    ("err-recover", "loop-detected", rf"interface ?\([^)]*\) ?{_NAMED_IF} loopback detect status: ?1"),
    ("err-disabled", "loop-detected", rf"interface ?\([^)]*\) ?{_NAMED_IF} loopback detect status: ?3"),
    ("loop", "", rf"interface ?\([^)]*\) ?{_NAMED_IF} loopback detect status: ?\d"),
    # Loopback does exist on port Ethernet0/1 vlan 1, please check it
    ("loop", "", rf"loopback does exist on (?:port|interface) {_NAMED_IF}(?: vlan {_VLAN})?"),
    # The port detected loop. (InterfaceIndex: 7 InterfaceName: GE0/0/7 VlanListLow: ...)
    ("loop", "", r"port detected loop.*?InterfaceName: ?(?P<interface>\S+)"),
    # The port GE0/0/7 was blocked because it received the BPDU packets sent by itself.
    ("loop", "", rf"port {_NAMED_IF} was blocked because it received the BPDU packets sent by itself"),
    # This edged-port GE0/0/7 that enabled BPDU-Protection will be shutdown, because it received BPDU packet!
    ("err-disabled", "bpdu-guard", rf"edged-?port {_NAMED_IF} that enabled BPDU-Protection will be shut"),
    # The MSTP process's edge port with BPDU protection enabled will be shut down ... (..., PortName=10GE1/0/1, SrcMac=, TAG=)
    ("err-disabled", "bpdu-guard", rf"edge port with BPDU protection enabled will be shut ?down.*?PortName ?= ?(?P<interface>[^,)]+)(?:, ?SrcMac ?= ?{_MAC})?"),
    # (MacAddr=0011-2233-4455, VLAN=10, ..., InterfaceName=GE0/0/7, the port status is: 3. (1:restrict;2:protect;3:error-down))
    ("err-disabled", "port-security", rf"MacAddr ?= ?{_MAC}.*?VLAN ?= ?{_VLAN}.*?InterfaceName ?= ?(?P<interface>[^,)]+).*?port status is: ?3"),
    ("port-security", "", rf"MacAddr ?= ?{_MAC}.*?VLAN ?= ?{_VLAN}.*?InterfaceName ?= ?(?P<interface>[^,)]+).*?port status is"),
    # Interface (7/7) GE0/0/7 receive insecure MAC address, and the port status is: 3. (1:restrict;...)
    ("err-disabled", "port-security", rf"interface ?\([^)]*\) ?{_NAMED_IF} receive insecure mac-? ?address,.*?: ?3\."),
    ("port-security", "", rf"interface ?\([^)]*\) ?{_NAMED_IF} receive insecure mac"),
    # Interface received a packet with flapping static MAC. (MacAddr=..., VLAN=1, InterfaceName=GE0/0/7)
    ("mac-flap", "", rf"flapping static MAC.*?MacAddr ?= ?{_MAC}.*?VLAN ?= ?{_VLAN}.*?InterfaceName ?= ?(?P<interface>[^,)]+)"),
    # MAC move detected, VlanId = 1, MacAddress = 5489-9897-158b, Original-Port = GE0/0/3, Flapping port = GE0/0/2 and GE0/0/1
    ("mac-flap", "", rf"MAC (?:move|flapping) detected.*?Vlan ?Id ?= ?{_VLAN}(?:.*?MacAddress ?= ?{_MAC})?.*?Original-Port ?= ?(?P<interface>[\w./:-]+).*?Flapping[ -]port(?: ?1)? ?= ?(?P<other>[\w./:-]+)"),
    # (... MacAdd=0018-f360-5c0e,vlanid=5, FormerIfDescName=XGE1/0/1,CurrentIfDescName=GE2/0/47)
    ("mac-flap", "", rf"MacAdd ?= ?{_MAC}, ?vlanid ?= ?{_VLAN}, *FormerIfDescName ?= ?(?P<interface>[^,)]+), ?CurrentIfDescName ?= ?(?P<other>[^,)]+)"),
    # The number of the discarded DHCP reply packets on the untrusted interface exceeds the threshold. (..., Interface=GE0/0/7, VlanID=10, ...)
    ("dhcp-snooping", "", rf"discarded DHCP reply packets.*?Interface ?= ?(?P<interface>[^,)]+)(?:, ?VlanID ?= ?{_VLAN})?"),
    ("dhcp-snooping", "", rf"DHCP_SERVER_DETECT\w*.*?{_NAMED_IF}"),
    # Interface 56 turned into DOWN state.(AdminStatus 1,OperStatus 2,InterfaceName GigabitEthernet1/1/8)
    ("link", "", r"interface \d+ turned into (?P<state>up|down) state.*?InterfaceName ?=? ?(?P<interface>[\w./:-]+)"),
    # Interface GigabitEthernet2/0/9 has turned into DOWN state. / Ethernet0/1: turns into UP state
    ("link", "", rf"{_NAMED_IF}:? (?:has turned|turns) into (?P<state>up|down) state"),
    # The state of interface Ethernet0/0/16 was changed to UP.
    ("link", "", rf"state of interface {_NAMED_IF} was changed to (?P<state>up|down)"),
    # Port Ethernet0/0/3 is down because the link layer is down.
    ("link", "", rf"port {_NAMED_IF} is (?P<state>up|down) because"),
)  # fmt: skip

_COMWARE: tuple[tuple[str, str, str], ...] = (
    # BPDU-Protection port GigabitEthernet1/0/5 received BPDUs.
    ("err-disabled", "bpdu-guard", rf"BPDU-Protection port {_NAMED_IF} received BPDUs"),
    # MAC address 0000-0012-0034 in VLAN 500 has moved from port XGE1/0/1 to port XGE1/0/2 for 1 times
    ("mac-flap", "", rf"MAC address {_MAC} in VLAN {_VLAN} has moved from port {_GE} to port (?P<other>[A-Za-z0-9-]+ ?\d[\d/.:]*)"),
    # Loopback exists on GigabitEthernet1/0/3 (unverified beside the debug module's text)
    ("loop", "", rf"loop(?:back)? (?:exists|is detected|was detected|detected) on (?:interface )?{_NAMED_IF}(?:.*?VLAN {_VLAN})?"),
    ("err-recover", "loop-detected", rf"loop(?:back)? on (?:interface )?{_NAMED_IF}.*?(?:recovered|removed|disappeared)"),
    # GigabitEthernet1/0/3 is in controlled status, BC flux exceeds its upper threshold 2000 (unverified)
    ("storm", "", rf"{_NAMED_IF} is in controlled status"),
    ("err-recover", "storm-control", rf"{_NAMED_IF} (?:is in normal status|returned to normal status)"),
    ("err-disabled", "storm-control", rf"{_NAMED_IF} (?:was |is )?shut ?down .*storm"),
    # -IfName=GigabitEthernet1/0/3-MACAddr=0:11:22:33:44:55-VlanId=-10-IfStatus=Up; Intrusion detected.
    ("err-disabled", "port-security", rf"IfName ?= ?{_GE}-MACAddr ?= ?{_MAC}-VLANI[dD] ?= ?-?{_VLAN}-IfStatus ?= ?Down"),
    ("port-security", "", rf"IfName ?= ?{_GE}-MACAddr ?= ?{_MAC}-VLANI[dD] ?= ?-?{_VLAN}"),
    # GigabitEthernet1/0/7 link status is UP. / GigabitEthernet1/0/2: link status is UP
    ("link", "", rf"{_NAMED_IF}:? link status is (?P<state>up|down)"),
    ("link", "", rf"line protocol on the interface {_NAMED_IF} is (?P<state>up|down)"),
)  # fmt: skip

_RUIJIE: tuple[tuple[str, str, str], ...] = (
    # loop detection error detect on interface GigabitEthernet 0/7.set this interface errordisable!
    ("err-disabled", "loop-detected", rf"loop detection error (?:detect )?on interface {_NAMED_IF}\. ?set this interface errordisable"),
    ("loop", "", rf"loop detection error (?:detect )?on interface {_NAMED_IF}"),
    # rldp recover interface GigabitEthernet 0/7 from loop error / Interface Te 1/1 recovered from loop error.
    ("err-recover", "loop-detected", rf"(?:recover interface {_NAMED_IF} from|interface {_NAMED_IF.replace('interface', 'interface2')} recovered from) loop error"),
    # Interface GigabitEthernet 0/5 recover from an error.
    ("err-recover", "", rf"interface {_NAMED_IF} recover(?:ed)? from an error"),
)  # fmt: skip

_JUNOS: tuple[tuple[str, str, str], ...] = (
    # ge-0/0/17.0: bpdu-block disabled port
    ("err-disabled", "bpdu-guard", rf"{_NAMED_IF}: bpdu-block disabled port"),
    ("err-recover", "bpdu-guard", rf"{_NAMED_IF}: bpdu-block enabled port"),
    # ae0.0: storm control enabled port
    ("err-disabled", "storm-control", rf"{_NAMED_IF}: storm control disabled (?:the )?port"),
    ("err-recover", "storm-control", rf"{_NAMED_IF}: storm control enabled (?:the )?port"),
    ("storm", "", rf"{_NAMED_IF}: storm control in effect"),
    # MAC limit (3) exceeded at ge-0/0/23.0: shutting down the interface
    ("err-disabled", "mac-limit", rf"MAC limit \(\d+\) exceeded at {_NAMED_IF}: shutting down"),
    ("port-security", "", rf"MAC limit \(\d+\) exceeded at {_NAMED_IF}"),
    # MAC move limit (5) exceeded at v10; shutting down interface ge-0/0/3.0
    ("err-disabled", "mac-flapping", rf"MAC move limit \(\d+\) exceeded at \S+?;? shutting down interface {_NAMED_IF}"),
    # Limit on learned MAC addresses reached for ge-1/0/23.0; current count is 3
    ("port-security", "", rf"Limit on learned MAC addresses reached for {_NAMED_IF}"),
    ("err-recover", "mac-limit", rf"Resumed adding MAC addresses learned by {_NAMED_IF}"),
    # MAC Moves detected in the system (names no port)
    ("mac-flap", "", r"L2ALD_MAC_MOVE_NOTIFICATION"),
    # 3 untrusted DHCPOFFER received, interface ge-0/0/8.0[index 76], vlan v10[index 4], server ip/mac 192.168.0.1/0:11:22:33:44:55, ...
    ("dhcp-snooping", "", rf"untrusted \w+ received, interface {_NAMED_IF}.*?server ip/mac {_IP}/{_MAC}"),
    ("arp-inspection", "", rf"ESWD_DAI_FAILED.*?interface {_NAMED_IF}(?:.*?sender ip/mac {_IP}/{_MAC})?"),
    # ifIndex 552, ifAdminStatus up(1), ifOperStatus down(2), ifName ae5
    ("link", "", r"SNMP_TRAP_LINK_\w+: ifIndex \d+, .*?ifOperStatus (?P<state>up|down)\(\d\), ifName (?P<interface>\S+)"),
    # duplicate IP address 10.60.9.1! sent from address: 02:2a:5d:10:e6:93 (error count = 14)
    ("duplicate-address", "", rf"duplicate IP address {_IP}! sent from address: {_MAC}"),
)  # fmt: skip

_HP: tuple[tuple[str, str, str], ...] = (
    # port 3 disabled - loop detected.
    ("err-disabled", "loop-detected", rf"port {_IF} disabled - loop detected"),
    ("err-disabled", "bpdu-guard", rf"port {_IF} disabled - BPDU received on protected port"),  # unverified
    ("err-disabled", "admin-policy", rf"port {_IF} disabled - "),
    # port 3 - loop detected. / port 3 - continuous loop detected; manually disable port to stop this message.
    ("loop", "", rf"port {_IF} - (?:continuous )?loop detected"),
    # port 3 — disable period expired. / port 3 timer (71) has expired
    ("err-recover", "", rf"port {_IF} (?:[—-]+ disable period|timer \(\d+\) has) expired"),
    # FFI: port 3-Port disabled by Fault-finder. / Fault-finder (71) has disabled port 3 for 300 seconds
    ("err-disabled", "", rf"port {_IF} ?- ?port disabled by fault-finder"),
    ("err-disabled", "", rf"fault-finder \(\d+\) has disabled port {_IF}"),
    ("link-flap", "", rf"port {_IF} ?- ?excessive link state transitions"),
    ("storm", "", rf"port {_IF} ?- ?excessive broadcasts"),
    # Server 192.168.0.1 packet received on untrusted port 7 dropped
    ("dhcp-snooping", "", rf"server {_IP} packet received on untrusted port {_IF}"),
    # Unauthorized server 192.168.0.1 detected on port 7 / Packet received from unauthorized server 192.168.0.1 on port 1/1/7.
    ("dhcp-snooping", "", rf"unauthorized server {_IP} (?:detected )?on port {_IF}"),
    # Client address 0011-2233-4455 not equal to source MAC 0011-2233-4466 detected on port 7
    ("dhcp-snooping", "", rf"client address \S+ not equal to source MAC {_MAC} detected on port {_IF}"),
    ("port-security", "", rf"move {_MAC} to (?:port )?{_IF} denied"),
    # port 7 is now off-line; port B3 is Blocked by LACP stays unread
    ("link", "", rf"port {_IF} is now (?P<state>on|off)-line"),
    # AOS-CX 4801: MAC 00:11:22:33:44:55 moved from port 1/1/1 to port 1/1/2 on VLAN 10
    ("mac-flap", "", rf"MAC {_MAC} moved from port {_IF} to port {_OTHER} on VLAN {_VLAN}"),
)  # fmt: skip

_OTHERS: tuple[tuple[str, str, str], ...] = (
    # Arista: bpduguard error detected on Ethernet5. / Host 0011.2233.4455 in VLAN 10 is flapping between interface Et1 and interface Et2
    ("err-disabled", "?", rf"ERRDISABLE: (?P<cause>\S+) error detected on {_NAMED_IF}"),
    # Ruckus ICX, STP: VLAN 50 BPDU-guard port 3 detect (Received BPDU), putting into err-disable state
    ("err-disabled", "bpdu-guard", rf"VLAN {_VLAN} BPDU-guard port {_IF} detect"),
    ("err-disabled", "loop-detected", rf"loop detection: VLAN {_VLAN}, port {_IF} detect, putting into err-disable"),
    ("err-recover", "", rf"ERR_DISABLE: Interface (?:ethernet )?{_IF}, err-disable recovery timeout"),
    ("err-disabled", "link-flap", rf"link flaps on port (?:ethernet )?{_IF} exceeded threshold; port in err-disable"),
    ("port-security", "", rf"port security violation.*? exceeded on interface (?:ethernet )?{_IF}"),
    # Dell OS9
    ("err-disabled", "?", rf"attempt recovery of interface {_NAMED_IF} from error disabled state caused by (?P<cause>[\w-]+)"),
    ("err-recover", "", rf"recovery timer expired for interface {_NAMED_IF}"),
    ("loop", "", rf"loop occurred on PE interfaces: ?oldInterface: ?(?P<interface>[^,]+), ?newInterface: ?(?P<other>[^,]+), ?vlanId: ?{_VLAN}, ?macAddr: ?{_MAC}"),
    ("link", "", rf"changed interface state to (?P<state>up|down): {_NAMED_IF}"),
    # Fortinet: BPDU Guard: BPDU detected on port5. Shutting down port5.
    ("err-disabled", "bpdu-guard", r"BPDU detected on (?P<interface>[\w/.-]+?)\. Shutting down"),
    # D-Link
    ("err-disabled", "storm-control", rf"port {_IF} is currently shut ?down due to a packet storm"),
    ("err-disabled", "loop-detected", rf"port {_IF}(?: VID {_VLAN})? LBD loop occurred\.? ?port blocked"),
    ("loop", "", rf"port {_IF}(?: VID {_VLAN})? LBD loop occurred"),
    ("err-recover", "loop-detected", rf"port {_IF}(?: VID {_VLAN})? LBD (?:port )?recovered"),
    ("loop", "", rf"configuration testing protocol detects a loop in port {_IF}"),
    ("loop", "", rf"BPDU loop back on port {_IF}"),
    ("err-recover", "storm-control", rf"(?:port {_IF} )?(?:broadcast|multicast|unicast) storm has cleared(?: ?\(port: ?(?P<interface2>[^)]+)\))?"),
    ("storm", "", rf"(?:port {_IF} )?(?:broadcast|multicast|unicast) storm is occurring(?: ?\(port: ?(?P<interface2>[^)]+)\))?"),
    ("port-security", "", rf"port security violation \(port: ?{_IF}, ?MAC: ?{_MAC}\)"),
    ("port-security", "", rf"port security violation \(MAC: ?{_MAC} on port: ?{_IF}\)"),
    ("port-security", "", rf"port security violation mac addr?e?ss {_MAC} on locking address full port {_IF}"),
    ("dhcp-snooping", "", rf"untrusted DHCP server ?\(IP: ?{_IP}, ?Port: ?{_IF}\)"),
    ("other", "", rf"flooding MAC is detected \(VID: ?{_VLAN}, ?MAC: ?{_MAC}\)"),
    # Port <2>  enter BPDU under attacking state (mode: shutdown) / eth1/0/1 enter STP BPDU under protection state (mode: drop)
    ("err-disabled", "bpdu-guard", rf"{_IF} +enter (?:STP )?BPDU under (?:attack\w*|protection) state ?\(mode: ?(?:shutdown|block)\)"),
    ("bpdu-guard", "", rf"{_IF} +enter (?:STP )?BPDU under (?:attack\w*|protection) state"),
    ("err-recover", "bpdu-guard", rf"{_IF} +recover(?:ed)? from BPDU under"),
    # Edgecore: LBD detects loopback on port 8, VLAN 1. / LBD recovers port 8.
    ("loop", "", rf"LBD detects loopback on port {_IF}(?:, VLAN {_VLAN})?"),
    ("err-recover", "loop-detected", rf"LBD recovers port {_IF}"),
    ("link", "", rf"(?:unit (?P<unit>\d+), )?port +{_IF} link-(?P<state>up|down)"),
    ("link", "", r"(?P<interface>VLAN \d+) link-(?P<state>up|down) notification"),
    # EXOS: LOOP DETECTED : 436309 transmited, 64 received, ingress slot:port (1) egress slot:port (24)
    ("loop", "", rf"(?:CLI:vlan(?P<vlan>\d+):\d+\] )?LOOP DETECTED ?: .*?ingress slot:port {_IF} egress slot:port {_OTHER}"),
    ("err-disabled", "loop-detected", rf"loop detected on port {_IF}\. disabling port"),
    ("loop", "", rf"loop detected on port {_IF}"),
    ("link-flap", "", rf"port {_IF} link-flap detection operational status"),
    # Zyxel: Port 5 loopguard
    ("err-disabled", "loop-detected", rf"port {_IF} loopguard"),
    # BDCOM: Line on Interface g0/5 ..., loopback is detected / ... loopback is cleared
    ("loop", "", rf"LOOPBACK-DETECT: .*?interface {_NAMED_IF}"),
    ("err-recover", "loop-detected", rf"LOOPBACK-CLEAR: .*?interface {_NAMED_IF}"),
    ("dhcp-snooping", "", rf"untrusted server ?\(interface: ?{_NAMED_IF} ?, ?IP: ?{_IP}, ?MAC: ?{_MAC}\)"),
    ("other", "", rf"STP-4-GUARD: .*?{_NAMED_IF}, root guard (?:un)?blocking"),
    # MikroTik: ether5 received loop protect packet originated from 00:11:22:33:44:55 (ether5)
    ("loop", "", rf"(?P<interface>[\w/.-]+) received loop protect packet originated from {_MAC}"),
    ("loop", "", rf"(?P<interface>[\w/.-]+): bridge port received packet with own address as source(?: address)? \({_MAC}"),  # unverified
    ("dhcp-snooping", "", rf"dhcp alert on (?P<interface>[\w/.-]+): discovered unknown dhcp server, mac {_MAC}, ip {_IP}"),  # unverified
    ("link", "", r"(?:^|info |warning )(?P<interface>ether[\w.-]+|sfp[\w.-]+|combo[\w.-]+) link (?P<state>up|down)"),
    # Cisco Small Business, Eltex, Supertel, Linksys: %LINK-I-Up:  gi43 / %LINK-W-Not Present:  ch2
    ("err-disabled", "?", r"LINK-W-PORT_SUSPENDED: Port (?P<interface>\S+) suspended by (?P<cause>[\w -]+)"),  # unverified
    ("link", "", r"LINK-[A-Z]-(?P<state>Up|Down|Not Present):\s+(?P<interface>[\w/.:-]+)"),
    # Brocade, Foundry, HP by Foundry: Interface ethernet 3/3, state down
    ("link", "", rf"interface {_NAMED_IF}, state (?P<state>up|down)"),
    # SONiC: Set operation status DOWN to host interface Ethernet28
    ("link", "", r"set operation status (?P<state>up|down) to host interface (?P<interface>\S+)"),
    # Allied Telesis, Alcatel, Qtech, D-Link, EXOS and kernels
    ("link", "", rf"link (?P<state>up|down) on port {_IF}"),
    ("link", "", r"(?P<interface>\d+/\d+): link (?P<state>up|down)"),
    ("link", "", r"(?P<interface>e\d+(?:/\d+)+) ?Link(?P<state>Up|Down)"),
    ("link", "", rf"port {_IF} link (?P<state>up|down|active)"),
    ("link", "", r"(?:^|\s)(?P<interface>[a-z]+\d+): link (?:state changed to|is|becomes) (?P<state>up|down|ready)"),
    ("link-down", "", r"DSLAM-(?P<interface>\d+):\w+,\+LINE_DOWN"),
    ("link-up", "", r"DSLAM-(?P<interface>\d+):\w+,-LINE_DOWN"),
    ("link", "", rf"(?:Line|Line protocol) on Interface {_NAMED_IF}, changed state to (?P<state>up|down)"),
    ("duplicate-address", "", rf"duplicate ip ?address {_IP},old info:{_MAC}, vid {_VLAN}, (?P<interface>[\w/]+)"),
)  # fmt: skip

_PATTERNS = (*_HUAWEI, *_COMWARE, *_RUIJIE, *_JUNOS, *_HP, *_OTHERS)


def _anchor(pattern: str) -> str:
    """The longest plain text that every match of the pattern holds; empty: none can be told."""
    runs, depth, position = [""], 0, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            runs.append("")
            position += 1
        elif char == "[":
            position = pattern.index("]", position + 2)
            runs.append("")
        elif char in "()":
            depth += 1 if char == "(" else -1
            runs.append("")
        elif depth == 0 and char in "?*{":  # what stands before it may be missing
            runs[-1] = runs[-1][:-1]
            runs.append("")
        elif depth == 0 and char == "|":
            return ""
        elif depth == 0 and char not in ".+^$}":
            runs[-1] += char
        else:
            runs.append("")
        position += 1
    return max(runs, key=len).lower()


COMPILED: tuple[tuple[str, str, str, re.Pattern[str]], ...] = tuple(
    (event, cause, _anchor(pattern), re.compile(pattern, re.IGNORECASE))
    for event, cause, pattern in _PATTERNS
)
# A cheap look first: no row can fit a text in which none of these words stands.
_WORDS = (
    "link", "loop", "storm", "flap", "move", "bpdu", "error", "err-dis", "err_dis", "disabled",
    "expired", "limit", "insecure", "dhcp", "duplicate", "state", "status", "recover", "lbd",
    "faultfinder", "fault-finder", "security", "denied", "controlled", "line_down", "server",
    "client address", "flooding", "macadd", "line on", "line protocol", "eswd_", "suspended",
    "excessive",
)  # fmt: skip
_TRIGGER = re.compile("|".join(map(re.escape, _WORDS)), re.IGNORECASE)

# Tags of other makers than Cisco, e.g. "%%01IFNET/4/IF_STATE(l)[1475]:", "L2IF/4/Porttrap:",
# Junos with and without a process, and the letter severities of small switches
_TAGS = (
    re.compile(
        r"(?:%%\d\d|%)?\[?(?P<tag>[A-Z][A-Z0-9_-]*\]?/\d/(?:TRAP:)?[A-Za-z][A-Za-z0-9_]*(?: [A-Z_]+)*)"
        r"(?:\([a-z]\))?(?:\[\d+\])?\s*:"
    ),
    re.compile(r"%(?P<tag>[A-Z][A-Z0-9_]*-[A-Z]-[A-Za-z_]+(?: [A-Z][a-z]+)?):"),
    re.compile(
        r"(?<!\S)(?:[\w/.-]+(?:\[\d+\])?: )?(?P<tag>[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?=:| \[|: )"
    ),
    re.compile(r"(?<!\S)(?P<tag>(?:%[A-Z0-9_]+(?:-[A-Z0-9]+)*|LOOPBACK-(?:DETECT|CLEAR)))(?=:)"),
)


_SLASHES = re.compile(r"/\d/")


def tag(line: str) -> re.Match[str] | None:
    """The first tag of another maker's message in a line."""
    percent = "%" in line
    return (
        (_TAGS[0].search(line) if _SLASHES.search(line) else None)
        or (_TAGS[1].search(line) if percent else None)
        or (_TAGS[2].search(line) if "_" in line else None)
        or (_TAGS[3].search(line) if percent or "LOOPBACK-" in line else None)
    )


def understood(text: str) -> tuple[str, str, re.Match[str]] | None:
    """(event, cause word, groups) of the first row that fits."""
    lowered = text.lower()
    # Beyond ASCII upper and lower case are more than two: there the expression decides.
    told = any(w in lowered for w in _WORDS) if text.isascii() else _TRIGGER.search(text)
    return next(_fits(text, lowered), None) if told else None


def _fits(text: str, lowered: str) -> Iterator[tuple[str, str, re.Match[str]]]:
    for event, cause, anchor, pattern in COMPILED:
        if anchor in lowered:
            match = pattern.search(text)
            if match is not None:
                yield event, cause, match
