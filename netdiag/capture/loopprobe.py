"""The frame that looks for loops: sent from a station's port, it must never come back.

Rules: a group address of our own, so that every switch passes it on, dumb ones too (they swallow
01:80:c2:00:00:0x); an EtherType for local experiments, which no station understands. It tells where and
in which VLAN it was sent, so that its return names what is joined to what. A redundant uplink that
spanning tree holds closed sends nothing back.
"""

from __future__ import annotations

from struct import Struct

from netdiag.errors import DecodeError

ETHERTYPE = 0x88B5
"""IEEE 802, local experimental EtherType 1."""
DESTINATION = bytes.fromhex("0b6e64000001")
"""Locally administered, a group: 'nd' in the middle."""
MAGIC = b"ndloop"
_BODY = Struct("!6sBHIB")
_VERSION = 1
UNTAGGED = 0


def build(mac: str, vlan: int | None, run: int) -> bytes:
    """The frame without its tag; `run` tells our probes from an earlier run's."""
    body = _BODY.pack(MAGIC, _VERSION, vlan or UNTAGGED, run & 0xFFFFFFFF, 0)
    return DESTINATION + bytes.fromhex(mac.replace(":", "")) + ETHERTYPE.to_bytes(2, "big") + body


def parse(payload: bytes) -> dict[str, object]:
    """What a probe says of where it was sent."""
    if len(payload) < _BODY.size:
        raise DecodeError(f"loop-probe: {len(payload)} octets")
    _, version, vlan, run, _ = _BODY.unpack_from(payload)
    if version != _VERSION or vlan > 4094:
        raise DecodeError(f"loop-probe: version {version}, VLAN {vlan}")
    return {"type": "loop-probe", "sent_vlan": vlan or None, "xid": run}
