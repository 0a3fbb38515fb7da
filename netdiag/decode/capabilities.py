"""What a neighbour says it does, in LLDP's words (IEEE 802.1AB 8.5.8.1), from MIBs and command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# LldpSystemCapabilitiesMap, from the highest bit of the first octet on.
_LLDP = (
    "other", "repeater", "bridge", "wlanAccessPoint", "router", "telephone", "docsisCableDevice",
    "stationOnly",
)  # fmt: skip
# CDP's capability bits, from the lowest on: router, transparent and source-route bridge, switch, host, IGMP,
# repeater, phone.
_CDP = ("router", "bridge", "bridge", "bridge", "stationOnly", "", "repeater", "telephone")
_LETTERS = {
    "O": "other", "P": "repeater", "B": "bridge", "W": "wlanAccessPoint", "R": "router", "T": "telephone",
    "C": "docsisCableDevice", "S": "stationOnly",
}  # fmt: skip
_WORDS = {
    "other": "other", "repeater": "repeater", "bridge": "bridge", "switch": "bridge", "trans-bridge": "bridge",
    "source-route-bridge": "bridge", "wlan": "wlanAccessPoint", "router": "router", "telephone": "telephone",
    "phone": "telephone", "docsis": "docsisCableDevice", "station": "stationOnly", "host": "stationOnly",
    "wlanaccesspoint": "wlanAccessPoint", "stationonly": "stationOnly",
}  # fmt: skip


def of_lldp(octets: bytes) -> tuple[str, ...]:
    """lldpRemSysCapEnabled: BITS, the first bit the highest."""
    first = octets[0] if octets else 0
    return tuple(word for bit, word in enumerate(_LLDP) if first & (0x80 >> bit))


def of_cdp(octets: bytes) -> tuple[str, ...]:
    """cdpCacheCapabilities: four octets, the highest first."""
    number = int.from_bytes(octets[-4:], "big")
    return _distinct(word for bit, word in enumerate(_CDP) if number & (1 << bit))


def of_text(said: str) -> tuple[str, ...]:
    """`B,R`, `Bridge, Router`, `bridge router`, `WLAN Access Point`, CDP's `Switch IGMP`."""
    words = re.findall(r"[A-Za-z][A-Za-z-]*", said[:200])
    known: Mapping[str, str] = _LETTERS if all(len(w) == 1 for w in words) else _WORDS
    return _distinct(known.get(w if known is _LETTERS else w.lower(), "") for w in words)


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))
