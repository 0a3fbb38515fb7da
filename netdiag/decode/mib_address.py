"""Addresses and identities as MIBs carry them -> text. Never raises: what is unreadable is shown as hex."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Sequence
from functools import lru_cache

from netdiag import text

# Spellings: 00:11:22:33:44:55 and 00-11-22-33-44-55, 0011.2233.4455, 001122-334455, 001122334455
_MAC_TEXT = re.compile(
    r"^(?:[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}|[0-9a-f]{4}(?:[.:-][0-9a-f]{4}){2}"
    r"|[0-9a-f]{6}[:-]?[0-9a-f]{6})$",
    re.IGNORECASE,
)
_QUOTES = "\"'“”„‘’ \t\r\n"

CHASSIS_MAC, CHASSIS_NETWORK = 4, 5
PORT_MAC, PORT_NETWORK, PORT_INTERFACE_NAME, PORT_LOCAL = 3, 4, 5, 7


def mac(octets: Sequence[int]) -> str | None:
    """Six numbers or octets -> `aa:bb:cc:dd:ee:ff`; anything else is no MAC address: `None`."""
    if len(octets) != 6:
        return None
    try:
        # Each address is in the tables of several switches: kept once.
        return sys.intern(bytes(octets).hex(":"))
    except ValueError:  # a number above 255
        return None


@lru_cache(maxsize=16384)
def mac_text(value: str) -> str | None:
    """A printed MAC address in any vendor's spelling -> `aa:bb:cc:dd:ee:ff`."""
    value = value.strip(_QUOTES)
    if not _MAC_TEXT.match(value):
        return None
    parts = re.split(r"[:.-]", value)
    width = 12 // len(parts)
    return mac(bytes.fromhex("".join(part.zfill(width) for part in parts)))


def phys_address(octets: bytes) -> str | None:
    """ifPhysAddress and its like: six octets, or text of a MAC; an all-zero one is none."""
    found = mac(octets) or mac_text(text.decode_octets(octets))
    return None if found == "00:00:00:00:00:00" else found


def ip(family: int, octets: Sequence[int]) -> str | None:
    """InetAddress by InetAddressType or IANA family number: 1 and 2 in both (3, 4 with a zone)."""
    size = {1: 4, 2: 16, 3: 4, 4: 16}.get(family)
    if size is None or len(octets) < size or any(not 0 <= octet <= 255 for octet in octets):
        return None
    return str(ipaddress.ip_address(bytes(octets[:size])))


def printable(octets: bytes) -> str | None:
    """Octets as text where they are UTF-8 or Chinese text, else as `aa:bb:…`; `None` for nothing."""
    shown = text.decode_octets(octets)
    if not shown.strip():
        return None
    if any(ord(c) < 0x20 and c not in "\t\r\n" for c in shown) or _is_binary(octets, shown):
        return ":".join(f"{octet:02x}" for octet in octets[:64])
    return shown


def _is_binary(octets: bytes, shown: str) -> bool:
    """Not UTF-8, and either of a MAC's length or read as Latin-1 for want of anything better."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return len(octets) == 6 or shown == octets.rstrip(b"\0").decode("latin-1")
    return False


def _network(octets: bytes) -> str | None:
    """LLDP networkAddress: IANA family number, then the address; some agents send text."""
    shown = ip(octets[0], octets[1:]) if octets else None
    return shown or printable(octets)


def chassis_id(subtype: int | None, octets: bytes) -> str | None:
    """LldpChassisId as text: subtype 4 is a MAC (octets or text), 5 an address, all others text."""
    if subtype == CHASSIS_MAC:
        return mac(octets) or mac_text(text.decode_octets(octets)) or printable(octets)
    return _network(octets) if subtype == CHASSIS_NETWORK else printable(octets)


def port_id(subtype: int | None, octets: bytes) -> str | None:
    """LldpPortId as text: subtype 3 is a MAC (octets or text), 4 an address, all others text."""
    if subtype == PORT_MAC:
        return mac(octets) or mac_text(text.decode_octets(octets)) or printable(octets)
    return _network(octets) if subtype == PORT_NETWORK else printable(octets)
