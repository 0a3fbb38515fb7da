"""ifTable, ifXTable, EtherLike-MIB and port-channel membership -> interfaces and their counters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from netdiag import names
from netdiag.decode import oids
from netdiag.decode.mib_address import phys_address
from netdiag.decode.mib_view import View
from netdiag.model import AdminStatus, Counters, Interface, OperStatus

_ADMIN = dict(enumerate(AdminStatus, 1))
# ifOperStatus: 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 notPresent, 7 lowerLayerDown
_OPER = dict(enumerate(OperStatus, 1))
_DUPLEX = {2: "half", 3: "full"}
_SPEED_SATURATED = 2**32 - 1
# eth0, lo, lo0, tun1
_UNIX_NAME = re.compile(r"^(?:eth|lo|tun)\d*$")

_LAG, _PROP_VIRTUAL, _ETHERNET, _ACTIVE = 161, 53, {6, 117}, 1
# Port-channel1, Po1, Eth-Trunk2, Bridge-Aggregation3, ae0, Trk1, AggregatePort 1, lag 5
_BUNDLE = re.compile(
    r"^(?:port-?channel|po|eth-?trunk|bridge-aggregation|ae|trk|aggregate|lag|bond|ch)[ ]?\d+$",
    re.I,
)

# field of Counters: (64-bit column, 32-bit column)
_WIDE = {
    "in_octets": (oids.IF_HC_IN_OCTETS, oids.IF_IN_OCTETS),
    "out_octets": (oids.IF_HC_OUT_OCTETS, oids.IF_OUT_OCTETS),
    "in_unicast_pkts": (oids.IF_HC_IN_UCAST_PKTS, oids.IF_IN_UCAST_PKTS),
    "out_unicast_pkts": (oids.IF_HC_OUT_UCAST_PKTS, oids.IF_OUT_UCAST_PKTS),
    "in_broadcast_pkts": (oids.IF_HC_IN_BROADCAST_PKTS, oids.IF_IN_BROADCAST_PKTS),
    "out_broadcast_pkts": (oids.IF_HC_OUT_BROADCAST_PKTS, oids.IF_OUT_BROADCAST_PKTS),
    "in_multicast_pkts": (oids.IF_HC_IN_MULTICAST_PKTS, oids.IF_IN_MULTICAST_PKTS),
    "out_multicast_pkts": (oids.IF_HC_OUT_MULTICAST_PKTS, oids.IF_OUT_MULTICAST_PKTS),
}
_NARROW = {
    "in_errors": oids.IF_IN_ERRORS,
    "out_errors": oids.IF_OUT_ERRORS,
    "in_discards": oids.IF_IN_DISCARDS,
    "out_discards": oids.IF_OUT_DISCARDS,
    "fcs_errors": oids.DOT3_FCS_ERRORS,
    "late_collisions": oids.DOT3_LATE_COLLISIONS,
    "too_long": oids.DOT3_FRAME_TOO_LONGS,
}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ways to an interface's name: by ifIndex, and from what a device itself calls it."""

    by_index: Mapping[int, str]
    by_spelling: Mapping[str, str] = field(default_factory=dict)
    """ifName, ifDescr and ifAlias as they came, where they name one interface only."""

    def name(self, if_index: int | None) -> str | None:
        return None if if_index is None else self.by_index.get(if_index)


def ports(view: View) -> Ports:
    """Names every interface: ifName in its long form, else ifDescr, else the number; each unique."""
    if_names, descrs = view.texts_by_number(oids.IF_NAME), view.texts_by_number(oids.IF_DESCR)
    in_table = {*descrs, *view.by_number(oids.IF_TYPE), *view.by_number(oids.IF_OPER_STATUS)}
    rows = sorted(in_table or if_names)  # ifXTable only augments ifTable: a row of its own is none
    wanted = {i: _name(if_names.get(i) or descrs.get(i) or str(i)) for i in rows}
    by_index = _unique(wanted, descrs)
    spellings: dict[str, set[int]] = {}
    for texts in (by_index, if_names, descrs, view.texts_by_number(oids.IF_ALIAS)):
        for index, spelling in texts.items():
            spellings.setdefault(names.long_name(spelling), set()).add(index)
    by_spelling = {
        spelling: by_index[next(iter(found))]
        for spelling, found in spellings.items()
        if len(found) == 1 and found <= by_index.keys()
    }
    return Ports(by_index, by_spelling)


def _name(spelling: str) -> str:
    """The long form; `eth0` and `lo0` are no short forms but what Unix and Junos call their own."""
    return spelling if _UNIX_NAME.match(spelling) else names.long_name(spelling)


def _unique(wanted: Mapping[int, str], descrs: Mapping[int, str]) -> dict[int, str]:
    """Where several rows want one name, ifDescr tells them apart, else their ifIndex does."""
    times = Counter(wanted.values())
    by_descr = {i: names.long_name(descrs.get(i, "")) for i in wanted}
    all_times = times + Counter(name for i, name in by_descr.items() if name != wanted[i])
    unique: dict[int, str] = {}
    for index, name in wanted.items():
        if times[name] == 1:
            unique[index] = name
        elif by_descr[index] and all_times[by_descr[index]] == 1:
            unique[index] = by_descr[index]
        else:
            unique[index] = f"{name} (ifIndex {index})"
    return unique


def interfaces(view: View, known: Ports, counters: Mapping[int, Counters]) -> list[Interface]:
    """One a row, in the order of ifIndex; VLANs and error-disable causes are added by the caller."""
    up_time = view.integer(oids.SYS_UP_TIME)
    types, mtus = view.by_number(oids.IF_TYPE), view.by_number(oids.IF_MTU)
    admins, opers = view.by_number(oids.IF_ADMIN_STATUS), view.by_number(oids.IF_OPER_STATUS)
    aliases, duplexes = (
        view.texts_by_number(oids.IF_ALIAS),
        view.by_number(oids.DOT3_DUPLEX_STATUS),
    )
    macs = view.octets_by_number(oids.IF_PHYS_ADDRESS)
    changes, speeds = view.by_number(oids.IF_LAST_CHANGE), _speeds(view)
    groups = _aggregates(view, known)
    return [
        Interface(
            name=name,
            if_index=index,
            alias=aliases.get(index),
            if_type=types.get(index),
            mac=phys_address(macs.get(index, b"")),
            admin_status=_ADMIN.get(admins.get(index, 0)),
            oper_status=_OPER.get(opers.get(index, 0)),
            speed_bps=speeds.get(index),
            duplex=_DUPLEX.get(duplexes.get(index, 0)),
            mtu=mtus.get(index) or None,
            last_change_s=_seconds_since(changes.get(index), up_time),
            aggregate=groups.get(index),
            counters=counters.get(index),
        )
        for index, name in known.by_index.items()
    ]


def _speeds(view: View) -> dict[int, int]:
    """bit/s: ifSpeed where it can say it (RFC 2863: below 2^32 - 1), else ifHighSpeed in Mbit/s."""
    speeds = {i: mega * 1_000_000 for i, mega in view.by_number(oids.IF_HIGH_SPEED).items() if mega}
    for index, bps in view.by_number(oids.IF_SPEED).items():
        if 0 < bps < _SPEED_SATURATED and abs(speeds.get(index, bps) - bps) <= 1_000_000:
            speeds[index] = bps
    return speeds


def _seconds_since(changed: int | None, up_time: int | None) -> float | None:
    """Both are sysUpTime hundredths; a change "in the future" means that sysUpTime has wrapped."""
    if changed is None or up_time is None or changed > up_time:
        return None
    return (up_time - changed) / 100


def has_aggregates(view: View) -> bool:
    """Whether a port channel is there, whose members ifStackTable tells where LACP does not."""
    types = view.by_number(oids.IF_TYPE)
    return _LAG in types.values() or _PROP_VIRTUAL in types.values()


def _stacked(view: View, known: Ports) -> dict[int, int]:
    """Members of port channels without LACP or PAgP: an Ethernet port right below a bundle."""
    types = view.by_number(oids.IF_TYPE)
    found = {}
    for index, status in view.integers(oids.IF_STACK_STATUS).items():
        if len(index) != 2 or status != _ACTIVE or types.get(index[1]) not in _ETHERNET:
            continue
        name = known.name(index[0]) or ""
        kind = types.get(index[0])
        if kind == _LAG or (kind == _PROP_VIRTUAL and _BUNDLE.match(name)):
            found[index[1]] = index[0]
    return found


def _aggregates(view: View, known: Ports) -> dict[int, str]:
    """The port channel by its member's ifIndex (LACP, else PAgP, else ifStackTable); 0 and itself: none."""
    pagp = {
        i: group
        for i, group in view.by_number(oids.PAGP_GROUP_IF_INDEX).items()
        if group not in (0, i)
    }
    members = (
        _stacked(view, known)
        | pagp
        | {
            index: group
            for index, group in view.by_number(oids.DOT3AD_ATTACHED_AGG_ID).items()
            if group
        }
    )
    return {
        index: known.by_index[group]
        for index, group in members.items()
        if group and group != index and group in known.by_index
    }


def counters(view: View, at: datetime, times: Mapping[int, datetime]) -> dict[int, Counters]:
    """The counters by ifIndex; `times` says when a row was read, where that differs from `at`."""
    wide = {name: view.by_number(columns[0]) for name, columns in _WIDE.items()}
    old = {name: view.by_number(columns[1]) for name, columns in _WIDE.items()}
    narrow = {name: view.by_number(column) for name, column in _NARROW.items()}
    breaks = view.by_number(oids.IF_COUNTER_DISCONTINUITY_TIME)
    rows = set[int]().union(*wide.values(), *old.values(), *narrow.values())
    found: dict[int, Counters] = {}
    for index in sorted(rows):
        values: dict[str, int | None] = {n: column.get(index) for n, column in narrow.items()}
        bits = 64
        for name, column in wide.items():
            values[name] = column.get(index)
            if values[name] is None and index in old[name]:
                values[name], bits = old[name][index], 32
        ticks = breaks.get(index)
        found[index] = Counters(
            at=times.get(index, at),
            bits=bits,
            discontinuity_s=None if ticks is None else ticks / 100,
            **values,
        )
    return found


def lacks_wide_counters(view: View) -> bool:
    """An Ethernet port or port channel without 64-bit octets: then the 32-bit columns are worth reading."""
    ethernet = {6, 62, 69, 117, 161}
    octets = {index for index, _ in view.column(oids.IF_HC_IN_OCTETS)}
    broadcasts = {index for index, _ in view.column(oids.IF_HC_IN_BROADCAST_PKTS)}
    counted = octets & broadcasts
    return any(
        index not in counted for index, kind in view.column(oids.IF_TYPE) if kind in ethernet
    )
