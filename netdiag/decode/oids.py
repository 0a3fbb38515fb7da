"""The numeric OIDs that netdiag reads, by the name of the MIB object: no MIB files, no look-ups.

A name with a capital word is a table (for messages); lower-case constants of `Oid` are columns or
scalars. Sources: RFC 3418 (system), 2863 (IF-MIB), 3635 (EtherLike-MIB), 4188 (BRIDGE-MIB),
4363 (Q-BRIDGE-MIB), 4293 (IP-MIB), IEEE 802.1AB (LLDP-MIB), 802.3ad (LAG-MIB), and Cisco's
CDP, VTP, VLAN-MEMBERSHIP, PAGP, ERR-DISABLE and STACK MIBs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

Oid: TypeAlias = tuple[int, ...]


def oid(text: str) -> Oid:
    """`1.3.6.1` -> `(1, 3, 6, 1)`; a leading dot is borne. ValueError for anything else."""
    return tuple(int(part) for part in text.removeprefix(".").split("."))


_MIB2 = oid("1.3.6.1.2.1")
_SYSTEM = (*_MIB2, 1)
_IF = (*_MIB2, 2, 2, 1)
_IFX = (*_MIB2, 31, 1, 1, 1)
_DOT3 = (*_MIB2, 10, 7, 2, 1)
_IP = (*_MIB2, 4)
_DOT1D = (*_MIB2, 17)
_DOT1Q = (*_DOT1D, 7, 1)
_LLDP = oid("1.0.8802.1.1.2.1")
_CISCO = oid("1.3.6.1.4.1.9")

# SNMPv2-MIB system group: scalars with their instance .0
SYS_DESCR = (*_SYSTEM, 1, 0)
SYS_OBJECT_ID = (*_SYSTEM, 2, 0)
SYS_UP_TIME = (*_SYSTEM, 3, 0)
SYS_NAME = (*_SYSTEM, 5, 0)

# IF-MIB: how many rows ifTable has
IF_NUMBER = (*_MIB2, 2, 1, 0)

# IF-MIB ifTable, index ifIndex
IF_DESCR = (*_IF, 2)
IF_TYPE = (*_IF, 3)
IF_MTU = (*_IF, 4)
IF_SPEED = (*_IF, 5)
IF_PHYS_ADDRESS = (*_IF, 6)
IF_ADMIN_STATUS = (*_IF, 7)
IF_OPER_STATUS = (*_IF, 8)
IF_LAST_CHANGE = (*_IF, 9)
IF_IN_OCTETS = (*_IF, 10)
IF_IN_UCAST_PKTS = (*_IF, 11)
IF_IN_DISCARDS = (*_IF, 13)
IF_IN_ERRORS = (*_IF, 14)
IF_OUT_OCTETS = (*_IF, 16)
IF_OUT_UCAST_PKTS = (*_IF, 17)
IF_OUT_DISCARDS = (*_IF, 19)
IF_OUT_ERRORS = (*_IF, 20)

# IF-MIB ifXTable, index ifIndex
IF_NAME = (*_IFX, 1)
IF_IN_MULTICAST_PKTS = (*_IFX, 2)
IF_IN_BROADCAST_PKTS = (*_IFX, 3)
IF_OUT_MULTICAST_PKTS = (*_IFX, 4)
IF_OUT_BROADCAST_PKTS = (*_IFX, 5)
IF_HC_IN_OCTETS = (*_IFX, 6)
IF_HC_IN_UCAST_PKTS = (*_IFX, 7)
IF_HC_IN_MULTICAST_PKTS = (*_IFX, 8)
IF_HC_IN_BROADCAST_PKTS = (*_IFX, 9)
IF_HC_OUT_OCTETS = (*_IFX, 10)
IF_HC_OUT_UCAST_PKTS = (*_IFX, 11)
IF_HC_OUT_MULTICAST_PKTS = (*_IFX, 12)
IF_HC_OUT_BROADCAST_PKTS = (*_IFX, 13)
IF_HIGH_SPEED = (*_IFX, 15)
IF_ALIAS = (*_IFX, 18)
IF_COUNTER_DISCONTINUITY_TIME = (*_IFX, 19)

# EtherLike-MIB dot3StatsTable, index ifIndex
DOT3_FCS_ERRORS = (*_DOT3, 3)
DOT3_LATE_COLLISIONS = (*_DOT3, 8)
DOT3_FRAME_TOO_LONGS = (*_DOT3, 13)
DOT3_DUPLEX_STATUS = (*_DOT3, 19)

# IF-MIB ifStackTable (higher ifIndex, lower ifIndex)
IF_STACK_STATUS = (*_MIB2, 31, 1, 2, 1, 3)

# IEEE8023-LAG-MIB dot3adAggPortTable and CISCO-PAGP-MIB, index ifIndex
DOT3AD_ATTACHED_AGG_ID = oid("1.2.840.10006.300.43.1.2.1.1.13")
PAGP_GROUP_IF_INDEX = (*_CISCO, 9, 98, 1, 1, 1, 1, 8)

# IP-MIB: ipNetToMediaTable (ifIndex, IPv4), ipNetToPhysicalTable (ifIndex, type, length, address)
ARP_PHYS_ADDRESS = (*_IP, 22, 1, 2)
ARP_TYPE = (*_IP, 22, 1, 4)
NEIGHBOR_PHYS_ADDRESS = (*_IP, 35, 1, 4)
NEIGHBOR_TYPE = (*_IP, 35, 1, 6)

# BRIDGE-MIB
BRIDGE_ADDRESS = (*_DOT1D, 1, 1, 0)
BASE_PORT_IF_INDEX = (*_DOT1D, 1, 4, 1, 2)
STP_PROTOCOL = (*_DOT1D, 2, 1, 0)
STP_PRIORITY = (*_DOT1D, 2, 2, 0)
STP_TOP_CHANGES = (*_DOT1D, 2, 4, 0)
STP_DESIGNATED_ROOT = (*_DOT1D, 2, 5, 0)
STP_ROOT_PORT = (*_DOT1D, 2, 7, 0)
STP_PORT_STATE = (*_DOT1D, 2, 15, 1, 3)
STP_PORT_DESIGNATED_BRIDGE = (*_DOT1D, 2, 15, 1, 8)
FDB_ADDRESS = (*_DOT1D, 4, 3, 1, 1)
FDB_PORT = (*_DOT1D, 4, 3, 1, 2)
FDB_STATUS = (*_DOT1D, 4, 3, 1, 3)

# Q-BRIDGE-MIB: FDB (fdbId, MAC), current VLANs (time mark, VLAN), static VLANs (VLAN), ports
QFDB_PORT = (*_DOT1Q, 2, 2, 1, 2)
QFDB_STATUS = (*_DOT1Q, 2, 2, 1, 3)
VLAN_FDB_ID = (*_DOT1Q, 4, 2, 1, 3)
VLAN_CURRENT_EGRESS = (*_DOT1Q, 4, 2, 1, 4)
VLAN_CURRENT_UNTAGGED = (*_DOT1Q, 4, 2, 1, 5)
VLAN_STATIC_NAME = (*_DOT1Q, 4, 3, 1, 1)
PVID = (*_DOT1Q, 4, 5, 1, 1)

# LLDP-MIB: own identity, own ports (local port), neighbours (time mark, local port, index)
LLDP_LOC_CHASSIS_SUBTYPE = (*_LLDP, 3, 1, 0)
LLDP_LOC_CHASSIS_ID = (*_LLDP, 3, 2, 0)
LLDP_LOC_PORT_SUBTYPE = (*_LLDP, 3, 7, 1, 2)
LLDP_LOC_PORT_ID = (*_LLDP, 3, 7, 1, 3)
LLDP_LOC_PORT_DESC = (*_LLDP, 3, 7, 1, 4)
LLDP_REM_CHASSIS_SUBTYPE = (*_LLDP, 4, 1, 1, 4)
LLDP_REM_CHASSIS_ID = (*_LLDP, 4, 1, 1, 5)
LLDP_REM_PORT_SUBTYPE = (*_LLDP, 4, 1, 1, 6)
LLDP_REM_PORT_ID = (*_LLDP, 4, 1, 1, 7)
LLDP_REM_PORT_DESC = (*_LLDP, 4, 1, 1, 8)
LLDP_REM_SYS_NAME = (*_LLDP, 4, 1, 1, 9)
LLDP_REM_SYS_DESC = (*_LLDP, 4, 1, 1, 10)
LLDP_REM_SYS_CAP_ENABLED = (*_LLDP, 4, 1, 1, 12)
LLDP_REM_MAN_ADDR_IF_SUBTYPE = (*_LLDP, 4, 2, 1, 3)

# CISCO-CDP-MIB: cache (ifIndex, device), interfaces (ifIndex)
_CDP = (*_CISCO, 9, 23, 1)
CDP_INTERFACE_NAME = (*_CDP, 1, 1, 1, 6)
CDP_ADDRESS_TYPE = (*_CDP, 2, 1, 1, 3)
CDP_ADDRESS = (*_CDP, 2, 1, 1, 4)
CDP_DEVICE_ID = (*_CDP, 2, 1, 1, 6)
CDP_DEVICE_PORT = (*_CDP, 2, 1, 1, 7)
CDP_PLATFORM = (*_CDP, 2, 1, 1, 8)
CDP_CAPABILITIES = (*_CDP, 2, 1, 1, 9)
CDP_SYS_NAME = (*_CDP, 2, 1, 1, 17)

# CISCO-VTP-MIB: VLANs by domain and VLAN, trunks by ifIndex. CISCO-VLAN-MEMBERSHIP-MIB by ifIndex
VTP_VLAN_STATE = (*_CISCO, 9, 46, 1, 3, 1, 1, 2)
VTP_VLAN_TYPE = (*_CISCO, 9, 46, 1, 3, 1, 1, 3)
TRUNK_DYNAMIC_STATUS = (*_CISCO, 9, 46, 1, 6, 1, 1, 14)
TRUNK_VLANS_ENABLED = (*_CISCO, 9, 46, 1, 6, 1, 1, 4)
TRUNK_VLANS_ENABLED_2K = (*_CISCO, 9, 46, 1, 6, 1, 1, 17)
TRUNK_VLANS_ENABLED_3K = (*_CISCO, 9, 46, 1, 6, 1, 1, 18)
TRUNK_VLANS_ENABLED_4K = (*_CISCO, 9, 46, 1, 6, 1, 1, 19)
VM_VLAN = (*_CISCO, 9, 68, 1, 2, 2, 1, 2)

# CISCO-ERR-DISABLE-MIB cErrDisableIfStatusTable (ifIndex, VLAN): a row only while disabled
ERR_DISABLE_CAUSE = (*_CISCO, 9, 548, 1, 3, 1, 1, 2)
ERR_DISABLE_TIME_TO_RECOVER = (*_CISCO, 9, 548, 1, 3, 1, 1, 3)

# CISCO-STACK-MIB (CatOS) portTable (module, port)
PORT_IF_INDEX = (*_CISCO, 5, 1, 4, 1, 1, 11)
PORT_ADDITIONAL_OPER_STATUS = (*_CISCO, 5, 1, 4, 1, 1, 23)

SCALARS: tuple[Oid, ...] = (
    SYS_DESCR,
    SYS_OBJECT_ID,
    SYS_UP_TIME,
    SYS_NAME,
    IF_NUMBER,
    BRIDGE_ADDRESS,
    LLDP_LOC_CHASSIS_SUBTYPE,
    LLDP_LOC_CHASSIS_ID,
    STP_PROTOCOL,
    STP_PRIORITY,
    STP_TOP_CHANGES,
    STP_DESIGNATED_ROOT,
    STP_ROOT_PORT,
)
"""Read with plain GETs, in the default context."""

TABLES: Mapping[str, tuple[Oid, ...]] = MappingProxyType(
    {
        "ifTable": (
            IF_DESCR,
            IF_TYPE,
            IF_MTU,
            IF_SPEED,
            IF_PHYS_ADDRESS,
            IF_ADMIN_STATUS,
            IF_OPER_STATUS,
            IF_LAST_CHANGE,
        ),
        "ifXTable": (IF_NAME, IF_HIGH_SPEED, IF_ALIAS),
        "dot3StatsTable": (
            DOT3_FCS_ERRORS,
            DOT3_LATE_COLLISIONS,
            DOT3_FRAME_TOO_LONGS,
            DOT3_DUPLEX_STATUS,
        ),
        "cErrDisableIfStatusTable": (ERR_DISABLE_CAUSE, ERR_DISABLE_TIME_TO_RECOVER),
        "portTable": (PORT_IF_INDEX, PORT_ADDITIONAL_OPER_STATUS),
        "lldpLocPortTable": (LLDP_LOC_PORT_SUBTYPE, LLDP_LOC_PORT_ID, LLDP_LOC_PORT_DESC),
        "lldpRemTable": (
            LLDP_REM_CHASSIS_SUBTYPE,
            LLDP_REM_CHASSIS_ID,
            LLDP_REM_PORT_SUBTYPE,
            LLDP_REM_PORT_ID,
            LLDP_REM_PORT_DESC,
            LLDP_REM_SYS_NAME,
            LLDP_REM_SYS_DESC,
            LLDP_REM_SYS_CAP_ENABLED,
        ),
        "lldpRemManAddrTable": (LLDP_REM_MAN_ADDR_IF_SUBTYPE,),
        "cdpInterfaceTable": (CDP_INTERFACE_NAME,),
        "cdpCacheTable": (
            CDP_ADDRESS_TYPE,
            CDP_ADDRESS,
            CDP_DEVICE_ID,
            CDP_DEVICE_PORT,
            CDP_PLATFORM,
            CDP_CAPABILITIES,
            CDP_SYS_NAME,
        ),
        "dot1dBasePortTable": (BASE_PORT_IF_INDEX,),
        "dot1dStpPortTable": (STP_PORT_STATE, STP_PORT_DESIGNATED_BRIDGE),
        "vtpVlanTable": (VTP_VLAN_STATE, VTP_VLAN_TYPE),
        "vlanTrunkPortTable": (
            TRUNK_DYNAMIC_STATUS,
            TRUNK_VLANS_ENABLED,
            TRUNK_VLANS_ENABLED_2K,
            TRUNK_VLANS_ENABLED_3K,
            TRUNK_VLANS_ENABLED_4K,
        ),
        "vmMembershipTable": (VM_VLAN,),
        "dot3adAggPortTable": (DOT3AD_ATTACHED_AGG_ID,),
        "pagpProtocolConfigTable": (PAGP_GROUP_IF_INDEX,),
        "dot1qVlanCurrentTable": (VLAN_FDB_ID, VLAN_CURRENT_EGRESS, VLAN_CURRENT_UNTAGGED),
        "dot1qVlanStaticTable": (VLAN_STATIC_NAME,),
        "dot1qPortVlanTable": (PVID,),
        "dot1dTpFdbTable": (FDB_PORT, FDB_STATUS),
        "dot1qTpFdbTable": (QFDB_PORT, QFDB_STATUS),
        "ipNetToMediaTable": (ARP_PHYS_ADDRESS, ARP_TYPE),
        "ipNetToPhysicalTable": (NEIGHBOR_PHYS_ADDRESS, NEIGHBOR_TYPE),
    }
)
"""Columns by table, in the order in which a poll reads them: what a diagnosis needs most comes first."""

COUNTERS: tuple[Oid, ...] = (
    IF_HC_IN_BROADCAST_PKTS,
    IF_HC_OUT_BROADCAST_PKTS,
    IF_HC_IN_MULTICAST_PKTS,
    IF_HC_OUT_MULTICAST_PKTS,
    IF_HC_IN_OCTETS,
    IF_HC_OUT_OCTETS,
    IF_HC_IN_UCAST_PKTS,
    IF_HC_OUT_UCAST_PKTS,
    IF_IN_ERRORS,
    IF_OUT_ERRORS,
    IF_IN_DISCARDS,
    IF_OUT_DISCARDS,
    IF_COUNTER_DISCONTINUITY_TIME,
)
"""The counters of a reading; `COUNTERS_32` besides, for interfaces that offer no 64-bit ones."""

COUNTERS_32: tuple[Oid, ...] = (
    IF_IN_BROADCAST_PKTS,
    IF_OUT_BROADCAST_PKTS,
    IF_IN_MULTICAST_PKTS,
    IF_OUT_MULTICAST_PKTS,
    IF_IN_OCTETS,
    IF_OUT_OCTETS,
    IF_IN_UCAST_PKTS,
    IF_OUT_UCAST_PKTS,
)

CONTEXT_SCALARS: tuple[Oid, ...] = (
    BRIDGE_ADDRESS,
    STP_PROTOCOL,
    STP_PRIORITY,
    STP_TOP_CHANGES,
    STP_DESIGNATED_ROOT,
    STP_ROOT_PORT,
)
CONTEXT_TABLES: Mapping[str, tuple[Oid, ...]] = MappingProxyType(
    {name: TABLES[name] for name in ("dot1dBasePortTable", "dot1dStpPortTable", "dot1dTpFdbTable")}
)
"""What is read again in each VLAN's own context (Cisco: `community@vlan`, SNMPv3 `vlan-N`)."""

NAMES: Mapping[Oid, str] = MappingProxyType(
    {
        value: name.lower()
        for name, value in sorted(globals().items())
        if name.isupper()
        and not name.startswith("_")
        and isinstance(value, tuple)
        and value
        and all(isinstance(part, int) for part in value)
    }
)
"""The names above by OID, for messages."""


def show(value: Oid) -> str:
    """`(1, 3, 6)` -> `1.3.6`."""
    return ".".join(map(str, value))
