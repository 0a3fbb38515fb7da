"""SNMPv2c notifications of a switch's events. Pure: an event in, datagrams out.

Sources: RFC 2863 (linkDown, linkUp), CISCO-ERR-DISABLE-MIB (cErrDisableInterfaceEventRev1).
"""

from __future__ import annotations

from collections.abc import Iterator

from netdiag.lab import ber
from netdiag.lab.ber import TIME_TICKS, Oid, integer, octets, unsigned
from netdiag.lab.dataplane import PortView, SwitchEvent
from netdiag.lab.mib_cisco import ERR_DISABLE, ERR_DISABLE_CAUSE, cause_code
from netdiag.lab.mib_interfaces import IF_TABLE

_TRAP_PDU = 0xA7
_SYS_UP_TIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)
# All switches of the practice network have one address: each says who it is.
_SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
_TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
LINK_DOWN = (1, 3, 6, 1, 6, 3, 1, 1, 5, 3)
LINK_UP = (1, 3, 6, 1, 6, 3, 1, 1, 5, 4)
ERR_DISABLE_EVENT = (*ERR_DISABLE, 0, 2)


def traps(
    event: SwitchEvent, port: PortView | None, uptime: float, community: str
) -> Iterator[bytes]:
    """What a switch sends to its trap receiver for that event, which is about `port`."""
    if port is None:
        return
    if event.facility in ("LINK-3-UPDOWN", "LINK-5-CHANGED"):
        oid = LINK_UP if event.text.endswith(" up") else LINK_DOWN
        yield _trap(oid, _link(port), uptime, community, event.switch)
    if event.err_disable_cause is not None:
        cause = integer(cause_code(event.err_disable_cause))
        binding = ((*ERR_DISABLE_CAUSE, port.if_index, 0), cause)
        yield _trap(ERR_DISABLE_EVENT, (binding,), uptime, community, event.switch)


def _link(port: PortView) -> tuple[tuple[Oid, bytes], ...]:
    up, down = 1, 2
    index = port.if_index
    return (
        ((*IF_TABLE, 1, index), integer(index)),
        ((*IF_TABLE, 7, index), integer(up if port.admin_up else down)),
        ((*IF_TABLE, 8, index), integer(up if port.carrier else down)),
        ((*IF_TABLE, 2, index), octets(port.name)),
    )


def _trap(
    oid: Oid, bindings: tuple[tuple[Oid, bytes], ...], uptime: float, community: str, name: str
) -> bytes:
    ticks = int(uptime * 100)
    listed = (
        (_SYS_UP_TIME, unsigned(TIME_TICKS, ticks)),
        (_TRAP_OID, ber.object_id(oid)),
        *bindings,
        (_SYS_NAME, octets(name)),
    )
    body = b"".join(ber.sequence(ber.object_id(name), value) for name, value in listed)
    numbers = integer(ticks % 0x7FFFFFFF) + integer(0) + integer(0)
    pdu = ber.tlv(_TRAP_PDU, numbers + ber.tlv(ber.SEQUENCE, body))
    return ber.sequence(integer(1), octets(community), pdu)
