"""The vendors' own tables of ports closed by protection -> `ErrDisabled`, and signs of loops and storms.

Each vendor is asked for its own tables only, told by the enterprise number of sysObjectID. Rules: a
port that is only down is not err-disabled; a loop or a storm on a port that is still up is an event,
not a closed port; a closed port that is up is a contradiction and both are shown. What a vendor's
MIBs cannot tell is said (`not_offered`), which is not the same as "nothing wrong".

Sources: CISCOSBinterfaces_recovery, CISCO-PORT-SECURITY, CISCO-PORT-STORM-CONTROL, ARISTA-IF,
JUNIPER-L2CP-FEATURES, HUAWEI-LDT, HUAWEI-L2IF, HUAWEI-XQOS, HH3C-STORM-CONSTRAIN, HH3C-LPBKDT,
RUIJIE-INTERFACE, HP-ICF-BRIDGE, ARUBAWIRED-LOOPPROTECT, DELL EMC OS10 PORT-SECURITY,
FOUNDRY-SN-SWITCH-GROUP, DLINKSW-ERROR-DISABLE, -LBD, -STORM-CTRL, TPLINK-LOOPBACKDETECTION.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from netdiag import platforms
from netdiag.decode import cause_words
from netdiag.decode.mib_view import Index, View
from netdiag.decode.oids import Oid, oid
from netdiag.model import ErrDisableCause as C
from netdiag.model import ErrDisabled, LogEvent

_FOREVER = 0xFFFFFFFF
_E = "1.3.6.1.4.1."


def _oid(tail: str) -> Oid:
    return oid(_E + tail)


@dataclass(frozen=True, slots=True)
class Table:
    """One column that tells a port's state; its index is the port's ifIndex or bridge port."""

    name: str
    """The MIB object."""
    enterprises: tuple[str, ...]
    """Prefixes of sysObjectID behind 1.3.6.1.4.1 whose devices are asked."""
    column: Oid
    closed: Mapping[int, tuple[str, C]] = field(default_factory=dict)
    """Values that say that the port is closed: the MIB's label and the cause."""
    seen: Mapping[int, tuple[str, C]] = field(default_factory=dict)
    """Values that say that the guard acts: a closed port only where it is down as well."""
    seconds: Oid | None = None
    """The column with the seconds until the port comes back by itself."""
    words: tuple[str, ...] | None = None
    """Where the value is text: those that mean "fine"; any other is the cause's word."""
    by_index: bool = False
    """The index is (ifIndex, VLAN, reason), and a row exists only while the port is closed."""
    platform: str | None = None
    """Whose words a text column speaks."""
    vlan: Oid | None = None

    @property
    def columns(self) -> tuple[Oid, ...]:
        return tuple(c for c in (self.column, self.seconds, self.vlan) if c is not None)


_LOOP, _STORM = C.LOOP_DETECTED, C.STORM_CONTROL
_HUAWEI_LOOP = {2: ("blocking", _LOOP), 4: ("trap", _LOOP), 5: ("noLearning", _LOOP), 6: ("quitVlan", _LOOP)}  # fmt: skip
_HUAWEI_STORM = {
    n: (word, _STORM)
    for n, word in (
        (2, "broadcastBlocked"), (3, "multicastBlocked"), (4, "bothBlocked"), (6, "unicastBlocked"),
        (7, "allBlocked"), (8, "broadcastMulticastBlocked"), (9, "broadcastUnicastBlocked"),
        (10, "unicastMulticastBlocked"),
    )
}  # fmt: skip
_CBS = {
    1: ("loopback-detection", _LOOP), 2: ("port-security", C.PORT_SECURITY),
    3: ("dot1x-src-address", C.DOT1X_VIOLATION), 4: ("acl-deny", C.ADMIN_POLICY),
    5: ("stp-bpdu-guard", C.BPDU_GUARD), 6: ("stp-loopback-guard", _LOOP),
    7: ("pcb-overheat", C.OTHER), 8: ("udld", C.UDLD), 9: ("storm-control", _STORM),
    10: ("link-flapping", C.LINK_FLAP),
}  # fmt: skip
_ICX = {
    1: ("bpdu-guard", C.BPDU_GUARD), 2: ("loop-detection", _LOOP), 3: ("invalid-licence", C.ADMIN_POLICY),
    4: ("packet-inerror", C.CRC_ERRORS), 5: ("loam-remote-critical", C.OTHER), 6: ("needs-reboot", C.OTHER),
    7: ("bcast", _STORM), 8: ("mcast", _STORM), 9: ("dlf", _STORM), 10: ("stack-port-problem", C.OTHER),
    11: ("spx-invalid-topology", C.OTHER), 12: ("pvst-protect", C.BPDU_GUARD),
    13: ("bpdu-tunnel-threshold", _LOOP), 14: ("lag-oper-speed-mismatch", C.CHANNEL_MISCONFIG),
}  # fmt: skip
_DLINK = {
    1: ("loopbackDetect", _LOOP), 2: ("l2ptGuard", _LOOP), 3: ("psecureViolation", C.PORT_SECURITY),
    4: ("stormControl", _STORM), 5: ("bpduProtect", C.BPDU_GUARD), 6: ("arpRateLimit", C.ARP_INSPECTION),
    7: ("dhcpRateLimit", C.DHCP_RATE_LIMIT), 8: ("ddm", C.TRANSCEIVER),
    9: ("scheduledShutdown", C.ADMIN_POLICY), 10: ("scheduledHibernation", C.ADMIN_POLICY),
}  # fmt: skip
_RUIJIE = {2: ("err-disable-bpduguard", C.BPDU_GUARD), 3: ("err-disable-ptsecurity", C.PORT_SECURITY)}  # fmt: skip
_DELL = {2: ("macLearnLimitErrDisable", C.MAC_LIMIT), 3: ("stationMoveErrDisable", C.MAC_FLAPPING)}
_TRUE_LOOP = {1: ("true", _LOOP)}

_COMWARE_TABLES = tuple(
    table
    # HPE's and 3Com's switches carry the same MIBs under their own numbers.
    for enterprise, root in (("25506", "25506.2"), ("11.2.3.7.11", "11.2.14.11.15.2"), ("43", "43.45.1.10.2.2"))
    for table in (
        Table("hh3cLpbkdtPortLoopbacked", (enterprise,), _oid(f"{root}.95.2.5.1.4"), seen=_TRUE_LOOP),
        Table("hh3cStormCtrlPortStatus", (enterprise,), _oid(f"{root}.66.2.1.1.1"), seen={1: ("controlled", _STORM)}),
    )
)  # fmt: skip

TABLES: tuple[Table, ...] = (
    Table("rlErrdisableRecoveryIfReason", ("9.6.1",), _oid("9.6.1.101.128.3.1.1"), _CBS, seconds=_oid("9.6.1.101.128.3.1.3")),
    Table("cpsIfPortSecurityStatus", ("9",), _oid("9.9.315.1.2.1.1.2"), {3: ("shutdown", C.PORT_SECURITY)}),
    Table("cpscStatus", ("9",), _oid("9.9.362.1.2.1.1.1"), {5: ("shutdown", _STORM)},
          {3: ("trafficTypeFiltered", _STORM), 4: ("allTrafficFiltered", _STORM)}),
    Table("aristaIfErrDisabledReason", ("30065",), _oid("30065.3.15.1.1.1.10"), words=("", "none"), platform="arista_eos"),
    Table("jnxL2cpPortBpduError", ("2636",), _oid("2636.3.53.1.1.2.1.1.2"), {1: ("detected", C.BPDU_GUARD)}),
    Table("hwPortLoopDetectStatus", ("2011",), _oid("2011.5.25.174.1.1.7.1.6"), {3: ("shutdown", _LOOP)}, _HUAWEI_LOOP),
    Table("hwL2IfPortLoopDetectStatus", ("2011",), _oid("2011.5.25.42.1.1.1.15.1.5"), {3: ("shutdown", _LOOP)}, _HUAWEI_LOOP),
    Table("hwXQoSStormControlStatus", ("2011",), _oid("2011.5.25.32.4.1.13.1.1.10"), {5: ("shutdown", _STORM)}, _HUAWEI_STORM),
    *_COMWARE_TABLES,
    Table("ruijieIfErrorStatus", ("4881",), _oid("4881.1.1.10.2.10.1.3.1.3"), _RUIJIE),
    Table("hpicfBridgeLoopProtectPortLoopDetected", ("11",), _oid("11.2.14.11.5.1.12.1.5.2.1.1.2"), seen=_TRUE_LOOP),
    Table("arubaWiredLoopProtectPortLoopDetected", ("47196",), _oid("47196.4.1.1.3.1.1.5.2.1.1.3"), seen=_TRUE_LOOP,
          vlan=_oid("47196.4.1.1.3.1.1.5.2.1.1.7")),
    Table("dellPortSecIfViolationStatus", ("674.11000",), _oid("674.11000.5000.100.5.1.2.1.1.3"), _DELL),
    Table("snSWIfErrDisableStatus", ("1991",), _oid("1991.1.1.3.3.5.1.73"), _ICX),
    Table("dErrDisIfStatusTimeLeft", ("171",), _oid("171.14.45.1.3.1.4"), _DLINK, by_index=True),
    Table("dLbdIfLoopStatus", ("171",), _oid("171.14.46.1.4.1.3"), seen={2: ("loop", _LOOP)}),
    Table("dStormCtrlIfState", ("171",), _oid("171.14.25.1.4.1.3"), {3: ("errorDisabled", _STORM)}, {2: ("dropped", _STORM)}),
    # Unverified: the texts that JetStream puts here were seen nowhere but in the MIB's type.
    Table("tpLoopbackDetectionLoopState", ("11863",), _oid("11863.6.80.1.4.1.5"),
          words=("", "-", "---", "n/a", "no", "none", "normal", "no loop", "noloop"), platform="tplink_jetstream"),
)  # fmt: skip
"""Every vendor's table; Cisco's cErrDisableIfStatusTable and CatOS' bits are read in `mib_cisco`."""


def not_offered(platform: str | None) -> str | None:
    """What SNMP cannot tell of this platform's closed ports, in a sentence; `None`: it tells all."""
    known = platforms.get(platform) or platforms.get("generic")
    return None if known is None else known.not_offered.get("err-disabled-snmp")


def tables(sys_object_id: str | None) -> dict[str, tuple[Oid, ...]]:
    """What to ask a device for, by MIB object; nothing of a device that does not name its maker."""
    return {table.name: table.columns for table in _asked(sys_object_id)}


def _asked(sys_object_id: str | None) -> tuple[Table, ...]:
    tail = (sys_object_id or "").strip().lstrip(".").removeprefix(_E) + "."
    return tuple(t for t in TABLES if any(tail.startswith(e + ".") for e in t.enterprises))


@dataclass(frozen=True, slots=True)
class Closed:
    """What the tables say, by ifIndex."""

    ports: Mapping[int, ErrDisabled]
    signs: tuple[LogEvent, ...]
    """Loops and storms that a guard sees on ports that are not closed."""
    contradictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    table: Table
    if_index: int
    label: str
    cause: C
    closed: bool
    vlan: int | None = None
    seconds: int | None = None


def read(
    view: View,
    names: Mapping[int, str],
    bridge_ports: Mapping[int, int],
    up: frozenset[int],
    *,
    device: str,
    at: datetime,
) -> Closed:
    """All tables of a view. `names`: interfaces by ifIndex; `up`: the ifIndexes of those that are up."""
    ports: dict[int, ErrDisabled] = {}
    signs: list[LogEvent] = []
    contradictions: list[str] = []
    for row in _rows(view, names, bridge_ports):
        name = names[row.if_index]
        told = f"{row.table.name} is {row.label}"
        if row.closed and row.if_index in up and row.vlan is None:
            contradictions.append(f"{name}: {told}, and ifOperStatus is up")
        elif row.closed or row.if_index not in up:
            found = ErrDisabled(row.cause, row.label, row.vlan, row.seconds)
            ports.setdefault(row.if_index, _worded(row, found))
        else:
            signs.append(_sign(row, name, told, device, at))
    return Closed(ports, tuple(signs), tuple(contradictions))


def _worded(row: _Row, found: ErrDisabled) -> ErrDisabled:
    """`true`, `shutdown` and `controlled` say nothing alone: the object's name says what."""
    dull = {"true", "shutdown", "controlled", "detected", "errorDisabled", "loop", "dropped"}
    if row.label not in dull:
        return found
    return ErrDisabled(
        found.cause, f"{row.table.name} {row.label}", found.vlan, found.recovers_in_s
    )


def _sign(row: _Row, name: str, told: str, device: str, at: datetime) -> LogEvent:
    event = "loop" if row.cause is C.LOOP_DETECTED else "storm"
    if row.cause not in (C.LOOP_DETECTED, C.STORM_CONTROL):
        event = "other"
    return LogEvent(
        at=at, device=device, mnemonic=row.table.name, event=event, interface=name, vlan=row.vlan, raw=f"{name}: {told}"
    )  # fmt: skip


def _rows(view: View, names: Mapping[int, str], bridge_ports: Mapping[int, int]) -> Iterator[_Row]:
    for table in TABLES:
        waits = view.integers(table.seconds) if table.seconds else {}
        vlans = view.by_number(table.vlan) if table.vlan else {}
        for index, label, cause, closed in _told(view, table):
            if_index = _if_index(index, names, bridge_ports)
            if if_index is None:
                view.wrong(table.column, index, "a port that ifTable does not have")
                continue
            seconds, vlan = waits.get(index), vlans.get(index[0])
            if table.by_index:
                seconds, vlan = view.integers(table.column).get(index), index[1]
            known = seconds if seconds and seconds != _FOREVER else None
            yield _Row(table, if_index, label, cause, closed, vlan or None, known)


def _told(view: View, table: Table) -> Iterator[tuple[Index, str, C, bool]]:
    """(index, label, cause, whether that alone means closed) of every cell that says that a guard acts."""
    if table.words is not None:
        for index, word in view.texts(table.column).items():
            if word.strip().lower() not in table.words and index:
                cause = cause_words.cause(word, table.platform)
                yield index, word.strip(), cause, table.platform == "arista_eos"
        return
    for index, value in view.integers(table.column).items():
        code = index[2] if table.by_index and len(index) == 3 else value
        if table.by_index and len(index) != 3:
            view.wrong(table.column, index, "an index that is not ifIndex, VLAN and reason")
        elif table.by_index or code in table.closed:
            yield index, *table.closed.get(code, (f"cause {code}", C.OTHER)), True
        elif code in table.seen:
            yield index, *table.seen[code], False


def _if_index(
    index: Index, names: Mapping[int, str], bridge_ports: Mapping[int, int]
) -> int | None:
    if index[0] in names:
        return index[0]
    mapped = bridge_ports.get(index[0])
    return mapped if mapped in names else None
