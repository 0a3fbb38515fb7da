"""The JSON that others script against: the model in the contract's shapes, and nothing else.

Times are RFC 3339 UTC with `Z`; unknown is `null`; a finding's text is as it came (JSON escapes it).
Fields may be added here, never renamed or removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from netdiag import ticket as tickets
from netdiag.model import (
    Capture,
    Cause,
    Counters,
    Diagnosis,
    Finding,
    Interface,
    NotChecked,
    PlanStep,
    Snapshot,
    Trace,
)
from netdiag.ticket import Ticket

Json = dict[str, Any]
_COUNTERS = (
    "in_octets",
    "out_octets",
    "in_unicast_pkts",
    "in_broadcast_pkts",
    "in_multicast_pkts",
    "out_broadcast_pkts",
    "out_multicast_pkts",
    "in_errors",
    "out_errors",
    "in_discards",
    "out_discards",
    "fcs_errors",
)


def time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with `Z`, milliseconds."""
    if at is None:
        return None
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def plain(value: Any) -> Any:
    """Any model value as JSON values: dataclasses to objects, tuples to arrays, times to text."""
    if value is None or isinstance(value, (str, int)):
        return value
    if (names := _fields_of(value)) is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 3)
    return value


_FIELDS: dict[type[Any], tuple[str, ...] | None] = {}


def _fields_of(value: Any) -> tuple[str, ...] | None:
    """The names of a dataclass' fields; `None` for a value of any other type."""
    kind = type(value)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in fields(value)) if is_dataclass(kind) else None
    return _FIELDS[kind]


def _object(value: Any) -> Json:
    result = plain(value)
    assert isinstance(result, dict)
    return result


def plain_object(value: Any) -> Json:
    """Any model dataclass as a JSON object, its fields under their own names."""
    return _object(value)


def ticket_row(t: Ticket, at: datetime) -> Json:
    """One row of `netdiag ticket list --json`, as it stands at that time."""
    due = [clock.due for clock in tickets.clocks(t, at) if clock.due is not None]
    return {
        "id": t.id,
        "kind": t.kind,
        "area": t.area,
        "priority": t.priority,
        "stage": t.stage,
        "opened": time(t.opened),
        "reports": len(t.reports),
        "summary": t.summary,
        "assigned": t.assigned,
        "waiting": t.waiting.whom if t.waiting else None,
        "due": time(min(due, default=None)),
        "breached": list(tickets.breached(t, at)),
    }


def clock(c: tickets.Clock) -> Json:
    """One promise of a ticket."""
    return {**_object(c), "breached": c.breached}


def ask(a: tickets.Ask | None) -> Json | None:
    """The question that narrows it most."""
    if a is None:
        return None
    return {
        "question": a.question.name,
        "text": a.question.text,
        "choices": [{"choice": choice, "means": means} for choice, means in a.question.choices],
        "gain_bits": round(a.gain_bits, 3),
        "because": a.because,
        "candidates": [{"name": name, "share": round(share, 3)} for name, share in a.shares],
    }


def finding(f: Finding) -> Json:
    """F of the contract."""
    return {"id": f.id, **_object(f)}


def findings(items: Iterable[Finding]) -> list[Json]:
    """The contract's `findings` array."""
    return [finding(f) for f in items]


def interface(i: Interface) -> Json:
    """One interface of `poll`, its counters beside its state."""
    counters = i.counters or Counters(at=datetime.min.replace(tzinfo=UTC))
    row = _object(i)
    del row["counters"]
    return row | {name: getattr(counters, name) for name in _COUNTERS}


def snapshot(s: Snapshot) -> Json:
    """One device of `poll`."""
    row = _object(replace(s, interfaces=()))
    row["name"] = row.pop("device")
    row["at"] = time(s.at)
    return row | {"interfaces": [interface(i) for i in s.interfaces]}


def poll(
    snapshots: Sequence[Snapshot], found: Iterable[Finding], *, started: datetime, took_s: float
) -> Json:
    """`netdiag poll --json`."""
    return {
        "schema": "netdiag/poll/1",
        "started": time(started),
        "took_s": round(took_s, 3),
        "devices": [snapshot(s) for s in snapshots],
        "findings": findings(found),
    }


def _servers(c: Capture, authorized: Mapping[str, bool | None]) -> Json:
    def row(server: Any) -> Json:
        values = _object(server)
        for name in ("routers", "dns", "vlans"):
            if name in values:
                values[name] = list(values[name])
        if "clients" in values:
            values["leases"] = [{"mac": mac, "ip": ip} for mac, ip in server.leases]
            values["clients"] = len(server.clients)
        return values | {"authorized": authorized.get(f"{type(server).__name__}:{server.mac}")}

    return {
        "dhcp_servers": [row(s) for s in c.dhcp_servers],
        "dhcp6_servers": [row(s) for s in c.dhcp6_servers],
        "routers": [row(s) for s in c.routers],
    }


def capture(
    c: Capture,
    found: Iterable[Finding],
    authorized: Mapping[str, bool | None],
    *,
    rates: bool = False,
) -> Json:
    """`netdiag pcap --json` and `netdiag sniff --json`.

    `authorized` maps `DhcpServer:MAC`, `Dhcp6Server:MAC` and `RouterAdvertiser:MAC` to the verdict;
    a missing one is `null`: nobody said which servers are legitimate.
    """
    body: Json = {
        "schema": "netdiag/capture/1",
        "source": c.source,
        "packets": c.packets,
        "octets": c.octets,
        "first": time(c.first),
        "last": time(c.last),
        "truncated": c.truncated,
        "malformed": c.malformed,
        "dropped": c.dropped,
        "bounds": list(c.bounds),
    }
    if rates:
        body["rates"] = [_object(r) for r in c.rates]
    return (
        body
        | _servers(c, authorized)
        | {
            "storms": [
                _object(s)
                | {"top_sources": [{"mac": m, "share": round(x, 3)} for m, x in s.top_sources]}
                for s in c.storms
            ],
            "arp_conflicts": [_object(x) for x in c.arp_conflicts],
            "stp_roots": [_object(x) for x in c.stp_roots],
            "topology_changes": [_object(x) for x in c.topology_changes],
            "loop_probes": [_object(x) for x in c.loop_probes],
            "shared_macs": [_object(x) for x in c.shared_macs],
            "levels": [_object(x) for x in c.levels],
            "surges": [
                _object(s)
                | {"top_sources": [{"mac": m, "share": round(x, 3)} for m, x in s.top_sources]}
                for s in c.surges
            ],
            "errors": [_object(e) for e in c.errors],
            "findings": findings(found),
        }
    )


def sweep(
    c: Capture,
    found: Iterable[Finding],
    authorized: Mapping[str, bool | None],
    *,
    vlans: Sequence[int | None],
    took_s: float,
) -> Json:
    """`netdiag sweep --json`."""
    return (
        {
            "schema": "netdiag/sweep/1",
            "interface": c.source,
            "vlans": list(vlans),
            "probes_sent": c.probes_sent,
            "took_s": round(took_s, 3),
        }
        | _servers(c, authorized)
        | {
            "unanswered_vlans": list(c.unanswered_vlans),
            "loop_probes": [_object(x) for x in c.loop_probes],
            "errors": [_object(e) for e in c.errors],
            "findings": findings(found),
        }
    )


def trace(t: Trace, found: Iterable[Finding], *, alias: str | None, area: str | None) -> Json:
    """`netdiag trace --json`."""
    edge = None
    if t.edge is not None:
        edge = {
            "device": t.edge.device,
            "interface": t.edge.interface,
            "alias": alias,
            "area": area,
        }
    return {
        "schema": "netdiag/trace/1",
        **_object(t),
        "edge": edge,
        "findings": findings(found),
    }


def cause(c: Cause) -> Json:
    """One row of `causes`, the resource's fields spread out as the contract has them."""
    row = _object(c)
    resource = row.pop("resource")
    del resource["ip"]
    return {"rank": c.rank, "kind": c.kind, **resource, **row}


def step(s: PlanStep) -> Json:
    """One row of `plan`."""
    row = _object(s)
    row["expect"] = dict(s.expect)
    return row


def not_checked(items: Iterable[NotChecked]) -> list[Json]:
    """The contract's `not_checked` array."""
    return [_object(n) for n in items]


def diagnosis(d: Diagnosis) -> Json:
    """`netdiag diagnose --json`."""
    return {
        "schema": "netdiag/diagnosis/1",
        "ticket": d.ticket,
        "area": d.area,
        "symptom": d.symptom,
        "at": time(d.at),
        "took_s": round(d.took_s, 3),
        "causes": [cause(c) for c in d.causes],
        "findings": findings(d.findings),
        "blast_radius": _object(d.blast_radius),
        "plan": [step(s) for s in d.plan],
        "advice": [_object(a) for a in d.advice],
        "not_checked": not_checked(d.not_checked),
    }
