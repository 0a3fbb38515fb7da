"""Everything that SNMP read from one device -> its Snapshot. Pure: varbinds in, facts out.

Never raises for what a device said: a value that is not what the MIB says is left out and recorded
in `Snapshot.errors`, and everything else stands. The tables live in the `mib_*` modules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from netdiag import platforms
from netdiag.decode import mib_bridge, mib_cisco, mib_closed, mib_if, mib_neighbor, oids
from netdiag.decode.mib_view import Columns, Varbind, View
from netdiag.model import Device, Interface, OperStatus, Snapshot, SourceError

__all__ = ["Reading", "Varbind", "View", "snapshot"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a poll read: the default context, and each VLAN's own where the device has such."""

    varbinds: Sequence[Varbind] = ()
    contexts: Mapping[int, Sequence[Varbind]] = field(default_factory=dict)
    """By VLAN."""
    counted_at: Mapping[int, datetime] = field(default_factory=dict)
    """By ifIndex: when its counters were read, where that is not the snapshot's own time."""
    errors: tuple[SourceError, ...] = ()
    """What could not be read."""
    columns: Columns = field(default_factory=dict)
    """What was walked, by column; none of it is in `varbinds`."""


def snapshot(device: Device, reading: Reading, *, at: datetime) -> Snapshot:
    """The snapshot of a device that answered."""
    view = View(reading.varbinds, columns=reading.columns)
    contexts = {v: View(found, f" (VLAN {v})") for v, found in reading.contexts.items()}
    descr, object_id = view.string(oids.SYS_DESCR), view.object_id(oids.SYS_OBJECT_ID)
    platform = platforms.recognise(object_id, descr)
    ports = mib_if.ports(view)
    known = mib_bridge.bridge_ports(view, contexts, ports)
    up_time = view.integer(oids.SYS_UP_TIME)
    rows = _interfaces(view, known, reading, at)
    up = frozenset(i.if_index for i in rows if i.if_index and i.oper_status is OperStatus.UP)
    closed = mib_closed.read(view, ports.by_index, known.if_indexes, up, device=device.name, at=at)
    spoken = device.platform or (platform.name if platform else None)
    found = Snapshot(
        device=device.name,
        address=device.address,
        at=at,
        reachable=True,
        platform=spoken,
        sys_name=view.string(oids.SYS_NAME),
        sys_descr=descr,
        sys_object_id=object_id,
        sys_up_time_s=None if up_time is None else up_time / 100,
        chassis_id=mib_neighbor.own_chassis_id(view),
        interfaces=_with_closed(rows, closed, view, platform),
        fdb=mib_bridge.fdb(view, contexts, known),
        neighbors=(*mib_neighbor.lldp(view, known), *mib_neighbor.cdp(view, known)),
        arp=mib_neighbor.arp(view, known),
        stp=mib_bridge.stp(view, contexts, known, _default_vlan(contexts)),
        log=closed.signs,
        sources=("snmp",),
        contradictions=closed.contradictions,
        not_offered=_not_offered(spoken),
    )
    problems = [*reading.errors, *view.problems]
    for context in contexts.values():
        problems += context.problems
    return replace(found, errors=tuple(dict.fromkeys(problems)))


def _default_vlan(contexts: Mapping[int, View]) -> int | None:
    """Where each VLAN has its own context, the community without a VLAN is VLAN 1's."""
    return 1 if contexts else None


def _not_offered(platform: str | None) -> tuple[SourceError, ...]:
    """What SNMP cannot tell of this platform: never to be read as "nothing wrong"."""
    why = mib_closed.not_offered(platform)
    return () if why is None else (SourceError("snmp", "err-disabled", why),)


def _interfaces(
    view: View, known: mib_bridge.BridgePorts, reading: Reading, at: datetime
) -> tuple[Interface, ...]:
    rows = mib_if.interfaces(view, known.ports, mib_if.counters(view, at, reading.counted_at))
    trunks = mib_bridge.tagged_ports(view, known) | mib_cisco.trunks(view)
    vlans = mib_bridge.pvids(view, known) | mib_cisco.access_vlans(view)
    carried = _carried(view, known)
    return tuple(
        replace(
            row,
            trunk=trunks.get(row.if_index or 0),
            vlans=carried.get(row.if_index or 0) if trunks.get(row.if_index or 0) else None,
            access_vlan=None if trunks.get(row.if_index or 0) else vlans.get(row.if_index or 0),
        )
        if row.if_index in trunks or row.if_index in vlans
        else row
        for row in rows
    )


def _carried(view: View, known: mib_bridge.BridgePorts) -> dict[int, tuple[int, ...]]:
    """The VLANs of trunks: what Cisco lets through, of the VLANs that it has; else what leaves there."""
    configured = frozenset(mib_cisco.vtp_vlans(view))
    cisco = {i: vlans & configured for i, vlans in mib_cisco.trunk_vlans(view).items()}
    found = mib_bridge.trunk_vlans(view, known) | (cisco if configured else {})
    return {if_index: tuple(sorted(vlans)) for if_index, vlans in found.items()}


def _with_closed(
    rows: tuple[Interface, ...],
    closed: mib_closed.Closed,
    view: View,
    platform: platforms.Platform | None,
) -> tuple[Interface, ...]:
    """Cisco's table of error-disabled ports says why; the guards' own tables say it elsewhere."""
    found = {**closed.ports, **mib_cisco.err_disabled(view, platform)}
    for if_index in found.keys() - {row.if_index for row in rows}:
        view.wrong(oids.ERR_DISABLE_CAUSE, (if_index,), "an ifIndex that ifTable does not have")
    return tuple(
        replace(row, err_disabled=found[row.if_index]) if row.if_index in found else row
        for row in rows
    )
