"""LLDP (IEEE 802.1AB) and CDP senders: flat lists of type, length, value.

Rules: DecodeError for what is malformed; texts come out as they are (whoever shows them cleans them).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from netdiag.errors import DecodeError
from netdiag.text import decode_octets


def lldp(payload: bytes) -> dict[str, Any]:
    """One LLDPDU: the three mandatory TLVs first (clause 8.2), then what the sender adds."""
    values = list(_lldp_tlvs(payload))
    if [code for code, _ in values[:3]] != [1, 2, 3] or any(len(v) < 2 for _, v in values[:3]):
        raise DecodeError("lldp: does not begin with chassis id, port id and time to live")
    found: dict[str, Any] = {
        "type": "lldp",
        "chassis_id": _identifier(values[0][1], mac_subtype=4, address_subtype=5),
        "port_id": _identifier(values[1][1], mac_subtype=3, address_subtype=4),
        "port_id_subtype": values[1][1][0],
    }
    words = {4: "port_description", 5: "sys_name", 6: "platform"}
    for code, value in values[3:]:
        if code in words:
            found[words[code]] = decode_octets(value) or None
        elif code == 8 and "management_address" not in found:
            found["management_address"] = _lldp_address(value)
    return found


def _lldp_tlvs(payload: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(payload):
        head = payload[at] << 8 | payload[at + 1]
        code, length = head >> 9, head & 0x1FF
        if code == 0:
            return
        if at + 2 + length > len(payload):
            raise DecodeError(f"lldp: TLV {code} of {length} octets ends beyond the frame")
        yield code, payload[at + 2 : at + 2 + length]
        at += 2 + length


def _identifier(value: bytes, *, mac_subtype: int, address_subtype: int) -> str:
    subtype, octets = value[0], value[1:]
    if subtype == mac_subtype and len(octets) == 6:
        return octets.hex(":")
    if subtype == address_subtype:
        return _family(octets) or octets.hex(":")
    return decode_octets(octets)


def _lldp_address(value: bytes) -> str | None:
    if len(value) < 2 or value[0] < 1 or len(value) < 1 + value[0]:
        raise DecodeError("lldp: a management address longer than its TLV")
    return _family(value[1 : 1 + value[0]])


def _family(octets: bytes) -> str | None:
    """An address behind its IANA family number; `None` for families other than IP."""
    if octets[:1] == b"\x01" and len(octets) == 5:
        return str(IPv4Address(octets[1:]))
    if octets[:1] == b"\x02" and len(octets) == 17:
        return str(IPv6Address(octets[1:]))
    return None


def cdp(payload: bytes) -> dict[str, Any]:
    """One CDP message: version, time to live, checksum, then TLVs whose length counts their head."""
    if len(payload) < 8 or payload[0] not in (1, 2):
        raise DecodeError(f"cdp: version {payload[:1].hex()} in {len(payload)} octets")
    found: dict[str, Any] = {"type": "cdp"}
    words = {1: "sys_name", 3: "port_id", 6: "platform"}
    at = 4
    while at + 4 <= len(payload):
        code = payload[at] << 8 | payload[at + 1]
        length = payload[at + 2] << 8 | payload[at + 3]
        if length < 4 or at + length > len(payload):
            raise DecodeError(f"cdp: TLV {code} of {length} octets")
        value = payload[at + 4 : at + length]
        if code in words:
            found[words[code]] = decode_octets(value) or None
        elif code == 2:
            found["management_address"] = _cdp_address(value)
        at += length
    return found


def _cdp_address(value: bytes) -> str | None:
    """The first IPv4 address: count, then (type, length, protocol, length, address) each."""
    if len(value) < 9 or value[4] != 1:
        return None
    protocol, at = value[6 : 6 + value[5]], 6 + value[5]
    octets = value[at + 2 : at + 6]
    return str(IPv4Address(octets)) if protocol == b"\xcc" and len(octets) == 4 else None
