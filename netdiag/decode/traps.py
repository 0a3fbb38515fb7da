"""SNMP notifications (v2c traps, v3 traps, informs; v1 as RFC 3584 translates it) -> events. Pure.

Rules: what a trap says in a text that a maker's log would carry is read as that log line; an
interface is named by the trap itself, else by its ifIndex through the names that a poll learned; an
unknown trap is an event of kind `other` with its OID; no trap raises.

Sources: RFC 3418, 2863, 4188, the vendors' notification MIBs of the makers, and recorded traps of
Catalysts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from netdiag import platforms, text
from netdiag.decode import cause_words, mib_address, oids, syslog
from netdiag.decode.mib_view import Value, Varbind
from netdiag.decode.oids import Oid, oid, show
from netdiag.model import ErrDisableCause as C
from netdiag.model import LogEvent
from netdiag.names import long_name

TRAP_OID = oid("1.3.6.1.6.3.1.1.4.1.0")
_TRAP_ADDRESS = oid("1.3.6.1.6.3.18.1.3.0")
_IGNORED = (
    oids.SYS_NAME,
    oids.SYS_UP_TIME,
    TRAP_OID,
    oid("1.3.6.1.6.3.18.1"),
    oid("1.3.6.1.6.3.1.1.4.3"),
)
_E = "1.3.6.1.4.1."
_HUAWEI = "2011.5.25."
_IF_INDEX = (*oids.IF_DESCR[:-1], 1)
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Trap:
    """What one notification means, and what its objects are, in the order of its MIB."""

    name: str
    event: str
    cause: C | None = None
    fields: tuple[str, ...] = ()
    """interface (text), index (ifIndex), other, mac, vlan, ip, reason (text), "" (nothing of interest)."""


def _comware(tail: str, trap: Trap) -> dict[str, Trap]:
    """H3C's own, HPE's and 3Com's twins of it."""
    roots = ("25506.2.", "11.2.14.11.15.2.", "43.45.1.10.2.2.")
    return {root + tail: trap for root in roots}


_PORT = ("index",)
_TRAPS: Mapping[str, Trap] = {
    # Cisco
    "9.9.548.0.2": Trap("cErrDisableInterfaceEventRev1", "err-disabled"),
    "9.9.548.0.1.1": Trap("cErrDisableInterfaceEvent", "err-disabled"),
    "9.9.362.0.2": Trap("cpscEventRev1", "storm"),
    "9.9.362.0.1.1": Trap("cpscEvent", "storm"),
    "9.9.362.0.1": Trap("cpscEvent", "storm"),
    "9.9.315.0.0.1": Trap("cpsSecureMacAddrViolation", "port-security"),
    "9.9.315.0.0.2": Trap("cpsTrunkSecureMacAddrViolation", "port-security"),
    "9.9.315.0.0.3": Trap("cpsIfVlanSecureMacAddrViolation", "port-security"),
    "9.9.215.2.0.2": Trap("cmnMacMoveNotification", "mac-flap", None, ("mac", "vlan", "index", "other-index")),
    "9.9.41.2.0.1": Trap("clogMessageGenerated", "other"),
    # Juniper
    "2636.3.40.1.2.1.0.2": Trap("jnxSecAccessIfMacLimitExceeded", "port-security"),
    "2636.3.40.1.2.1.0.3": Trap("jnxStormEvent", "storm"),
    "2636.3.53.1.2.0.2": Trap("jnxPortLoopProtectStateChangeTrap", "loop"),
    "2636.3.53.1.2.0.3": Trap("jnxPortBpduErrorStatusChangeTrap", "err-disabled", C.BPDU_GUARD),
    "2636.3.48.1.0.4": Trap("jnxMacMoveThreshold", "mac-flap"),
    # Huawei
    _HUAWEI + "257.2.1": Trap("hwErrordown", "err-disabled", None, ("interface", "reason")),
    _HUAWEI + "257.2.2": Trap("hwErrordownRecovery", "err-recover", None, ("interface", "reason")),
    _HUAWEI + "32.4.1.14.1": Trap("hwXQoSStormControlTrap", "storm"),
    _HUAWEI + "32.4.1.14.2": Trap("hwXQoSStormControlTrapExt", "storm"),
    _HUAWEI + "32.4.1.35.1": Trap("hwStormControlAlarm", "storm"),
    _HUAWEI + "32.4.1.35.2": Trap("hwStormControlAlarmResume", "err-recover", C.STORM_CONTROL),
    _HUAWEI + "112.2.4": Trap("hwUntrustedReplyPktAlarm", "dhcp-snooping"),
    _HUAWEI + "112.2.6": Trap("hwDhcpPktRateAlarm", "dhcp-snooping"),
    _HUAWEI + "42.2.1.7.6": Trap("hwPortSecRcvInsecureMacAlarm", "port-security"),
    _HUAWEI + "315.3.2": Trap("hwPortSecRcvInsecureMacAddrAlarm", "port-security"),
    _HUAWEI + "315.3.9": Trap("hwPortSecStaticMacFlapAlarm", "mac-flap"),
    _HUAWEI + "160.3.1": Trap("hwMflpIfBlockAlarm", "mac-flap"),
    _HUAWEI + "160.3.2": Trap("hwMflpIfResumeAlarm", "other"),
    _HUAWEI + "160.3.7": Trap("hwMflpVlanAlarm", "mac-flap", None, ("vlan", "mac", "interface", "other")),
    _HUAWEI + "160.3.9": Trap("hwMflpMacAlarm", "mac-flap", None, ("vlan", "mac", "interface", "other")),
    _HUAWEI + "160.3.13": Trap("hwMflpVlanLoopAlarm", "mac-flap", None, ("vlan", "interface", "other")),
    _HUAWEI + "42.4.2.12": Trap("hwMstpProPortBpduGuarded", "err-disabled", C.BPDU_GUARD),
    _HUAWEI + "42.4.2.25": Trap("hwMstpLoopbackDetected", "loop"),
    _HUAWEI + "174.3.1": Trap("hwLdtPortLoopDetect", "loop", None, ("interface",)),
    _HUAWEI + "174.3.2": Trap("hwLdtPortLoopDetectRecovery", "err-recover", C.LOOP_DETECTED, ("interface",)),
    # H3C Comware and its twins
    **_comware("66.3.1", Trap("hh3cStormRising", "storm")),
    **_comware("66.3.2", Trap("hh3cStormFalling", "err-recover", C.STORM_CONTROL)),
    **_comware("95.1.0.1", Trap("hh3cLpbkdtTrapLoopbacked", "loop")),
    **_comware("95.1.0.2", Trap("hh3cLpbkdtTrapRecovered", "err-recover", C.LOOP_DETECTED)),
    **_comware("95.1.0.3", Trap("hh3cLpbkdtTrapPerVlanLoopbacked", "loop", None, ("index", "vlan"))),
    **_comware("95.1.0.4", Trap("hh3cLpbkdtTrapPerVlanRecovered", "err-recover", C.LOOP_DETECTED, ("index", "vlan"))),
    **_comware("87.1.4.0.2", Trap("hh3cMacMoveNotification", "mac-flap", None, ("mac", "vlan", "interface", "other"))),
    **_comware("26.1.3.2", Trap("hh3cSecureViolation", "port-security")),
    **_comware("36.2.0.1", Trap("hh3cDhcpSnoopSpoofServerDetected", "dhcp-snooping", None, ("index", "vlan", "mac", "ip"))),
    # Ruijie
    "4881.1.1.10.2.10.2.15": Trap("ruijieIfErrdisable", "err-disabled", None, ("index", "interface", "reason")),
    "4881.1.1.10.2.10.2.16": Trap("ruijieIfErrdisableResume", "err-recover", None, ("index", "interface", "reason")),
    # HPE ArubaOS-S, AOS-CX
    "11.2.14.11.5.1.12.1.5.0.1": Trap("hpicfBridgeLoopProtectLoopDetectedNotification", "loop"),
    "11.2.14.12.1.0.5": Trap("hpicfFaultFinderTrap", "other"),
    "11.2.14.11.5.1.34.0.1": Trap("hpicfDhcpSnoopErrantReply", "dhcp-snooping"),
    # Unverified: the MIB's text names both notifications, their numbers are by its other traps' order.
    "47196.4.1.1.3.1.1.5.0.1": Trap("arubaWiredLoopProtectLoopDetected", "loop"),
    "47196.4.1.1.3.1.1.5.0.2": Trap("arubaWiredLoopProtectVlanLoopDetected", "loop"),
    "47196.4.1.1.3.13.0.1": Trap("arubaWiredMstpErrantBpduReceived", "bpdu-guard"),
    # Ruckus ICX tells by a text; its number alone says no more
    "1991.0.154": Trap("snTrapLoopDetection", "loop"),
    # D-Link
    "171.14.45.0.1": Trap("dErrDisNotifyPortDisabledAssert", "err-disabled"),
    "171.14.45.0.2": Trap("dErrDisNotifyPortDisabledClear", "err-recover"),
    "171.14.45.0.3": Trap("dErrDisNotifyPortVlanDisabledAssert", "err-disabled"),
    "171.14.45.0.4": Trap("dErrDisNotifyPortVlanDisabledClear", "err-recover"),
    "171.14.46.0.1": Trap("dLbdLoopOccurred", "loop"),
    "171.14.46.0.2": Trap("dLbdLoopRestart", "err-recover", C.LOOP_DETECTED),
    "171.14.46.0.3": Trap("dLbdVlanLoopOccurred", "loop"),
    "171.14.46.0.4": Trap("dLbdVlanLoopRestart", "err-recover", C.LOOP_DETECTED),
    "171.14.25.0.1": Trap("dStormCtrlOccurred", "storm"),
    "171.14.25.0.2": Trap("dStormCtrlStormCleared", "err-recover", C.STORM_CONTROL),
    # TP-Link
    "11863.6.80.2.1": Trap("tplinkLoopbackDetected", "loop"),
}  # fmt: skip
_BY_OID: Mapping[Oid, Trap] = {
    **{oid(_E + tail): trap for tail, trap in _TRAPS.items()},
    oid("1.3.6.1.6.3.1.1.5.1"): Trap("coldStart", "other"),
    oid("1.3.6.1.6.3.1.1.5.2"): Trap("warmStart", "other"),
    oid("1.3.6.1.6.3.1.1.5.3"): Trap("linkDown", "link-down"),
    oid("1.3.6.1.6.3.1.1.5.4"): Trap("linkUp", "link-up"),
    oid("1.3.6.1.6.3.1.1.5.5"): Trap("authenticationFailure", "other"),
    oid("1.3.6.1.2.1.17.0.1"): Trap("newRoot", "other"),
    oid("1.3.6.1.2.1.17.0.2"): Trap("topologyChange", "other"),
    # Some agents send BRIDGE-MIB's as RFC 1493 had them.
    oid("1.3.6.1.2.1.17.1"): Trap("newRoot", "other"),
    oid("1.3.6.1.2.1.17.2"): Trap("topologyChange", "other"),
}

# Objects whose place tells the port: column -> which number of the index is the ifIndex.
_CPS_LAST_MAC = oid(_E + "9.9.315.1.2.1.1.10")
_CPSC_STATUS = oid(_E + "9.9.362.1.2.1.1.1")
_VTP_VLAN_NAME = oid(_E + "9.9.46.1.3.1.1.4")
_CLOG = oid(_E + "9.9.41.1.2.3.1")
_FAULT_TYPE = oid(_E + "11.2.14.11.1.7.2.1.4")
_FAULT_ACTION = oid(_E + "11.2.14.11.1.7.2.1.5")
_FAULTS: Mapping[int, tuple[str, C | None]] = {
    6: ("storm", C.STORM_CONTROL),
    10: ("loop", C.LOOP_DETECTED),
    11: ("link-flap", C.LINK_FLAP),
    12: ("port-security", C.PORT_SECURITY),
}
_WARN_AND_DISABLE = 3
_CPSC_FORWARDING, _CPSC_SHUTDOWN = 2, 5


def parse(
    varbinds: Iterable[Varbind],
    *,
    at: datetime,
    device: str | None,
    names: Mapping[int, str] | None = None,
) -> LogEvent:
    """The event of one notification. `names`: the device's interfaces by ifIndex, where known."""
    listed = [(key, value) for key, value in list(varbinds)[:200] if len(key) > 1]
    values = dict(listed)
    identity = values.get(TRAP_OID)
    identity = identity if isinstance(identity, tuple) else ()
    trap = (
        _BY_OID.get(identity) or _BY_OID.get(tuple(n for n in identity if n)) or _unzeroed(identity)
    )
    told = [(k, v) for k, v in listed if not any(k[: len(i)] == i for i in _IGNORED)]
    raw = " ".join(f"{show(k)}={_shown(v)}" for k, v in told)
    bare = LogEvent(
        at=at,
        device=device,
        mnemonic=trap.name if trap else show(identity),
        event=trap.event if trap else "other",
        cause=trap.cause if trap else None,
        raw=f"{trap.name if trap else show(identity)} {raw}"[:2000].rstrip(),
    )  # fmt: skip
    spoken = _spoken(told, bare, at)
    if spoken is not None:
        return spoken
    return _specific(_located(_fielded(bare, trap, told), told, names or {}), told)


def origin(varbinds: Iterable[Varbind]) -> tuple[str | None, str | None]:
    """(sysName, address) of the agent where the trap itself tells: a relay adds snmpTrapAddress."""
    values = dict(varbinds)
    name, address = values.get(oids.SYS_NAME), values.get(_TRAP_ADDRESS)
    return (
        text.decode_octets(name) or None if isinstance(name, bytes) else None,
        mib_address.ip(1, address) if isinstance(address, bytes) else None,
    )


def _unzeroed(identity: Oid) -> Trap | None:
    """SNMPv1 traps translated by RFC 3584 carry a zero before the specific number, MIBs not always."""
    if len(identity) > 2 and identity[-2] == 0:
        return _BY_OID.get((*identity[:-2], identity[-1]))
    return _BY_OID.get((*identity[:-1], 0, identity[-1])) if identity else None


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return show(value)
    return (mib_address.printable(value) or "") if isinstance(value, bytes) else str(value)


def _spoken(told: Sequence[Varbind], bare: LogEvent, at: datetime) -> LogEvent | None:
    """Where a trap carries a log message, it is that message (Cisco's clogMessageGenerated, ICX, EXOS)."""
    parts = {
        k[len(_CLOG)]: _shown(v)
        for k, v in told
        if k[: len(_CLOG)] == _CLOG and len(k) > len(_CLOG)
    }
    lines = [_shown(v) for _, v in told if isinstance(v, bytes) and len(v) > 12]
    if parts:
        # clogHistSeverity counts from 1 (emergency)
        severity = int(parts[3]) - 1 if parts.get(3, "").isdigit() else 5
        lines = [
            f"%{parts.get(2, '')}-{max(0, min(7, severity))}-{parts.get(4, '')}: {parts.get(5, '')}"
        ]
    for line in lines:
        found = syslog.parse_line(line[:_MAX_TEXT], at=at)
        if found is not None and (found.event != "other" or parts):
            return replace(
                found,
                at=at,
                device=bare.device,
                raw=bare.raw,
                mnemonic=found.mnemonic or bare.mnemonic,
            )
    return None  # fmt: skip


def _fielded(event: LogEvent, trap: Trap | None, told: Sequence[Varbind]) -> LogEvent:
    """The fields by their places in the trap, as its MIB lists them."""
    for role, (_, value) in zip(trap.fields if trap else (), told, strict=False):
        if role in {"interface", "other"} and isinstance(value, bytes) and value:
            name = long_name(text.decode_octets(value).split(" and ")[0])
            at_first = role == "interface"
            event = (
                replace(event, interface=name) if at_first else replace(event, other_interface=name)
            )
        elif role == "mac" and isinstance(value, bytes):
            event = replace(event, mac=mib_address.phys_address(value))
        elif role == "vlan" and isinstance(value, int) and 1 <= value <= 4094:
            event = replace(event, vlan=value)
        elif role == "ip" and isinstance(value, bytes):
            event = replace(event, ip=mib_address.ip(1, value))
        elif role == "reason" and isinstance(value, bytes) and value:
            event = replace(event, cause=cause_words.cause(text.decode_octets(value)))
    return event


def _located(event: LogEvent, told: Sequence[Varbind], names: Mapping[int, str]) -> LogEvent:
    """The port: by the trap's ifName, ifDescr or ifIndex, else by the place of its objects."""
    spelled: dict[str, str] = {}
    index: int | None = None
    for key, value in told:
        for column in (oids.IF_NAME, oids.IF_DESCR):
            if key[: len(column)] == column and isinstance(value, bytes) and value:
                spelled.setdefault("name", text.decode_octets(value))
                index = index or (key[-1] if len(key) > len(column) else None)
        if key[: len(_IF_INDEX)] == _IF_INDEX:
            index = value if isinstance(value, int) and value > 0 else key[-1]
    if event.interface is not None:
        return event
    if index is not None and index in names:
        return replace(event, interface=names[index])
    if "name" in spelled:
        return replace(event, interface=long_name(spelled["name"]))
    index = index or _placed(told, names)
    if index is None:
        return event
    return replace(event, interface=names.get(index, f"ifIndex {index}"))


def _placed(told: Sequence[Varbind], names: Mapping[int, str]) -> int | None:
    """An index of an object, or a value, that is one of the device's ifIndexes."""
    for column, position in ((oids.ERR_DISABLE_CAUSE, 0), (_CPS_LAST_MAC, 0), (_CPSC_STATUS, 0)):
        for key, _ in told:
            if key[: len(column)] == column and len(key) > len(column) + position:
                return key[len(column) + position]
    for key, value in told:
        for candidate in (value, key[-1], key[-2] if len(key) > 1 else None):
            if isinstance(candidate, int) and candidate in names:
                return candidate
    return None


def _specific(event: LogEvent, told: Sequence[Varbind]) -> LogEvent:
    """What only one maker's trap says: codes of causes, states, the VLAN in an index."""
    action = next((v for k, v in told if k[: len(_FAULT_ACTION)] == _FAULT_ACTION), None)
    for key, value in told:
        if key[: len(oids.ERR_DISABLE_CAUSE)] == oids.ERR_DISABLE_CAUSE and isinstance(value, int):
            event = _cisco_cause(event, key[len(oids.ERR_DISABLE_CAUSE) :], value)
        elif key[: len(_CPSC_STATUS)] == _CPSC_STATUS and isinstance(value, int):
            event = _storm_state(event, value)
        elif key[: len(_CPS_LAST_MAC)] == _CPS_LAST_MAC and isinstance(value, bytes):
            event = replace(event, mac=mib_address.phys_address(value))
        elif key[: len(_VTP_VLAN_NAME)] == _VTP_VLAN_NAME and 1 <= key[-1] <= 4094:
            event = replace(event, vlan=key[-1])
        elif key[: len(_FAULT_TYPE)] == _FAULT_TYPE and value in _FAULTS:
            assert isinstance(value, int)
            kind, cause = _FAULTS[value]
            closed = action == _WARN_AND_DISABLE
            event = replace(
                event, event="err-disabled" if closed else kind, cause=cause if closed else None
            )
    return event  # fmt: skip


def _cisco_cause(event: LogEvent, index: Oid, code: int) -> LogEvent:
    ios = platforms.get("cisco_ios")
    word = ios.err_disable_codes.get(code) if ios else None
    vlan = index[1] if len(index) > 1 and 1 <= index[1] <= 4094 else None
    cause = cause_words.cause(word, "cisco_ios") if word else C.OTHER
    return replace(event, cause=cause, vlan=vlan)


def _storm_state(event: LogEvent, status: int) -> LogEvent:
    if status == _CPSC_SHUTDOWN:
        return replace(event, event="err-disabled", cause=C.STORM_CONTROL)
    if status == _CPSC_FORWARDING:
        return replace(event, event="err-recover", cause=C.STORM_CONTROL)
    return event
