"""What the recordings' `FILE.truth.json` say, as facts about a snapshot: (name, expected, actual)."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netdiag import names
from netdiag.decode.mib_address import mac_text
from netdiag.model import Counters, Interface, Neighbor, Snapshot

Fact = tuple[str, Any, Any]

_OPER = {"lowerLayerDown": "lower-layer-down", "notPresent": "not-present"}
_COUNTERS = {
    "ifInErrors": "in_errors",
    "ifOutErrors": "out_errors",
    "ifInDiscards": "in_discards",
    "ifOutDiscards": "out_discards",
    "ifHCInBroadcastPkts": "in_broadcast_pkts",
    "FCSErrors": "fcs_errors",
}
_LEGACY = {1002, 1003, 1004, 1005}


def walks(folder: Path) -> dict[Path, Path]:
    """Recording -> truth; the recordings of single VLAN contexts belong to their device's."""
    found = {}
    for truth in sorted(folder.rglob("*.truth.json")):
        name = truth.name.removesuffix(".truth.json")
        walk = truth.with_name(name)
        if walk.suffix != ".snmprec":
            walk = next(
                w
                for w in (truth.with_name(name + ".snmprec"), walk.with_suffix(".snmprec"))
                if w.is_file()
            )
        if "@" not in walk.name:
            found[walk] = truth
    return found


def facts(truth: dict[str, Any], seen: Snapshot, asked_vlans: set[int]) -> Iterator[Fact]:
    """Every fact of one truth file that a snapshot can show."""
    yield "reachable", True, seen.reachable
    yield from _system(truth, seen)
    if "if" in truth:
        yield from _interfaces(truth["if"], seen)
    yield from _fdb(truth, seen)
    if "lldp" in truth:
        yield from _lldp(truth["lldp"], seen)
    if "cdp" in truth:
        yield from _cdp(truth["cdp"], seen)
    if "stp" in truth:
        yield from _stp(truth["stp"], seen)
    if "errdisable_mib" in truth:
        closed = [i.name for i in seen.interfaces if i.err_disabled]
        yield "err-disabled", len(truth["errdisable_mib"]["disabled_now"]), len(closed)
    if "portAdditionalOperStatus" in truth:
        closed = [i.name for i in seen.interfaces if i.err_disabled]
        yield "errdisabled ports", truth["portAdditionalOperStatus"]["errdisabled_ports"], closed
    if "cisco_vtp_vlans" in truth and seen.platform == "cisco_ios":
        # three silent contexts in a row and no answering one before them end the search
        wanted = set(truth["cisco_vtp_vlans"]) - _LEGACY
        yield (
            "VLAN contexts asked",
            True,
            asked_vlans <= wanted and len(asked_vlans) >= min(3, len(wanted)),
        )
    if "arp_ipNetToMedia" in truth:
        ipv4 = [entry for entry in seen.arp if ":" not in entry.ip]
        yield "arp", truth["arp_ipNetToMedia"]["entries"], len(ipv4)


def _system(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    descr = " ".join((seen.sys_descr or "").split())
    wanted = " ".join((truth["sysDescr"] or "").split())
    yield "sysDescr", wanted, descr[: len(wanted)]
    yield "sysName", truth["sysName"] or None, seen.sys_name
    wanted = truth["sysObjectID"]
    yield "sysObjectID", wanted and wanted.removeprefix("."), seen.sys_object_id


def _interfaces(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    rows = seen.interfaces
    yield "interfaces", truth["rows_ifDescr"] or truth["rows_ifName"], len(rows)
    yield "unique names", len(rows), len({i.name for i in rows})
    yield "ethernet", truth["ethernetCsmacd"], sum(i.if_type == 6 for i in rows)
    oper = {_OPER.get(word, word): n for word, n in truth["oper"].items()}
    yield "oper", oper, dict(Counter(str(i.oper_status) for i in rows if i.oper_status))
    yield (
        "admin",
        truth["admin"],
        dict(Counter(str(i.admin_status) for i in rows if i.admin_status)),
    )
    down = sum(i.admin_status == "up" and i.oper_status == "down" for i in rows)
    yield "admin up, oper down", truth["admin_up_oper_down"], down
    yield "aliases", truth["aliases"], sum(i.alias is not None for i in rows)
    if rows:
        indexes = [i.if_index or 0 for i in rows]
        yield "first ifIndex", truth["ifIndex_min_max"][0], min(indexes)
    for name, wanted in truth.get("counters", {}).items():
        yield from _counter(name, wanted, {str(i.if_index): i for i in rows})


def _counter(name: str, truth: dict[str, Any], rows: dict[str, Interface]) -> Iterator[Fact]:
    field = _COUNTERS.get(name)
    if field is None:
        return

    def value(counters: Counters | None) -> int | None:
        return None if counters is None else getattr(counters, field)

    for index, _, wanted in truth["top"]:
        if index in rows:
            yield f"{name} of {index}", wanted, value(rows[index].counters)


def _fdb(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    learned, q = truth.get("fdb_dot1d", {}), truth.get("fdb_q", {})
    if not learned and not q:
        yield "fdb", 0, len(seen.fdb)
        return
    main, key = (q, "dot1qTpFdb") if q.get("entries") else (learned, "dot1dTpFdb")
    if not (q.get("entries") and learned.get("entries")):
        yield key, main["entries"], len(seen.fdb)
        portless = _portless(main)
        if portless is not None:
            yield "port 0 or not in map", portless, sum(e.if_index is None for e in seen.fdb)
        for port, if_index, _, count in main["top(basePort,ifIndex,ifName,n)"]:
            if if_index is not None:
                at = sum(e.if_index == if_index for e in seen.fdb)
                yield f"entries on port {port}", count, at
        words = dict(Counter(e.status for e in seen.fdb if e.status))
        yield "status", main["status"], words
    else:
        yield (
            "at least the larger table",
            True,
            len(seen.fdb) >= max(q["entries"], learned["entries"]),
        )
    if q.get("entries") and not learned.get("entries"):
        yield "MACs", q["distinct_macs"], len({e.mac for e in seen.fdb})
    for mac, port, if_index in learned.get("sample", ()):
        yield (
            f"{mac} at port {port}",
            True,
            any(e.mac == mac and e.if_index == if_index for e in seen.fdb),
        )
    different = truth.get("vlan_to_fdbId", {}).get("different", {})
    vlans = {fdb_id: int(vlan) for vlan, fdb_id in different.items()}
    for fdb_id, mac, port, if_index in q.get("sample", ()):
        found = [e for e in seen.fdb if e.mac == mac and e.if_index == if_index]
        yield f"{mac} in fdb {fdb_id} at port {port}", True, bool(found)
        possible = {None, int(fdb_id), vlans.get(int(fdb_id))}
        yield f"{mac} VLAN", True, any(e.vlan in possible for e in found)


def _portless(table: dict[str, Any]) -> int | None:
    """Entries on port 0 or on a port without an ifIndex; the truth's list ends at the sixth port."""
    if not table["basePort_not_in_map"]:
        return int(table["port_0"])
    top = table["top(basePort,ifIndex,ifName,n)"]
    return sum(n for _, if_index, _, n in top if if_index is None) if len(top) < 6 else None


def _lldp(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    rows = [n for n in seen.neighbors if n.protocol == "lldp"]
    yield "LLDP neighbours", truth["neighbours"], len(rows)
    subtypes = {k: n for k, n in truth["portSubtypes"].items() if k not in {"0", "None"}}
    found = Counter(str(n.port_id_subtype) for n in rows if n.port_id_subtype)
    yield "port subtypes", subtypes, dict(found)
    for wanted in truth["list"]:
        chassis, port = _text(wanted["chassis"]), _text(wanted["port"])
        label = f"LLDP {wanted['localPortNum']} {chassis} {port}"
        same = [n for n in rows if _same(n.chassis_id, chassis) and _same(n.port_id, port)]
        yield label, True, bool(same)
        yield f"{label} name", True, any(_same(n.sys_name, _text(wanted["sysName"])) for n in same)
        # a MAC address ("6/0.10.…") or an address without a form is no management address of ours
        addresses = [
            str(ipaddress.ip_address(a)) for a in wanted["mgmt"] if a != "0.0.0.0" and "/" not in a
        ]
        yield (
            f"{label} address",
            True,
            any(
                n.management_address in addresses if addresses else not n.management_address
                for n in same
            ),
        )
        yield f"{label} local", True, any(_local(wanted, n, seen) for n in same)


def _local(wanted: dict[str, Any], found: Neighbor, seen: Snapshot) -> bool:
    """By the name in lldpLocPortTable, or by the interface whose ifIndex is the local port."""
    if wanted["localPortNum"] == 0:
        return found.interface is None
    local, own = wanted["localPort"], seen.interface(found.interface)
    if own is not None and own.if_index == wanted["localPortNum"]:
        return True
    return found.interface is not None and (
        local is None
        or mac_text(local) is not None
        or names.long_name(local) == found.interface
        or _same(found.interface, local)
        or "\n" in local
    )


def _cdp(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    rows = [n for n in seen.neighbors if n.protocol == "cdp"]
    yield "CDP neighbours", truth["neighbours"], len(rows)
    for wanted in truth["list"]:
        label = f"CDP {wanted['ifIndex']} {wanted['deviceId']}"
        same = [
            n
            for n in rows
            if _same(n.chassis_id, wanted["deviceId"]) and _same(n.port_id, wanted["remotePort"])
        ]
        yield label, True, bool(same)
        # an anonymised one has six octets: none of any protocol
        address = wanted["addr"] if (wanted["addr"] or "").count(".") == 3 else None
        yield f"{label} address", True, any(n.management_address == address for n in same)
        local = names.long_name(wanted["local"] or str(wanted["ifIndex"]))
        yield f"{label} local", True, any(n.interface == local for n in same)


def _text(value: str | None) -> str | None:
    return value if value and value.strip() else None


def _same(found: str | None, wanted: str | None) -> bool:
    wanted = _text(wanted)
    if found is None or wanted is None:
        return found == wanted
    if wanted.startswith("hex:"):
        octets = bytes.fromhex(wanted[4:])
        return found in {octets.hex(":"), octets.split(b"\0")[0].decode("latin-1")}
    return found.strip() == wanted.strip() or found == mac_text(wanted)


def _stp(truth: dict[str, Any], seen: Snapshot) -> Iterator[Fact]:
    one = next((s for s in seen.stp if s.vlan in {None, 1}), None)
    root = truth["designatedRoot"]
    wanted = None
    if root and int(root, 16):
        wanted = f"{int(root[:4], 16)}.{mac_text(root[4:])}"
    yield "root", wanted, one.root if one else None
    yield "topology changes", truth["topChanges"], one.topology_changes if one else None
    if one and truth["portStates"]:
        states = dict(Counter(p.state for p in one.ports))
        yield "port states", truth["portStates"], states
    if one and wanted and truth["rootPort"] == 0:
        yield "root port", None, one.root_port
