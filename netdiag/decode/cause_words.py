"""Any vendor's word for why it closed a port -> the normalized cause. Pure.

The platform's own table comes first; what it does not know, and devices of no known platform, are
read by the parts that such words are made of. An unreadable word is `other`, never a guess.
"""

from __future__ import annotations

import re

from netdiag import platforms
from netdiag.model import ErrDisableCause as C

# In this order: `mac-address-flapping` is no link flap, `stormControlErrDisable` no BPDU.
_PARTS: tuple[tuple[str, C], ...] = (
    (r"storm|bcast|mcast|\bdlf\b", C.STORM_CONTROL),
    (r"bpdu|pvst", C.BPDU_GUARD),
    (r"mac.?(address.?)?(flap|move)|station.?move", C.MAC_FLAPPING),
    (r"loop|rldp|lbdt", C.LOOP_DETECTED),
    (r"flap", C.LINK_FLAP),
    (r"dot1x|802\.1x|^security.?violation", C.DOT1X_VIOLATION),
    (r"mac.?limit|learn.?limit", C.MAC_LIMIT),
    (r"psec|port.?sec|pt.?sec|sec.?viol", C.PORT_SECURITY),
    (r"dhcp", C.DHCP_RATE_LIMIT),
    (r"\barp|arp.?insp", C.ARP_INSPECTION),
    (r"udld|dldp|fefd|unidirection", C.UDLD),
    (r"unicast.?flood", C.UNICAST_FLOOD),
    (r"transceiver|xcvr|gbic|sfp|optic|\bddm\b", C.TRANSCEIVER),
    (r"inline.?power|power.?inline|\bpoe\b", C.POWER_INLINE),
    (r"channel|\blacp|\bpagp|aggregat", C.CHANNEL_MISCONFIG),
    (r"crc|error.?stat|in.?error|runts|data.?integrity|error.?correction", C.CRC_ERRORS),
    (r"\bacl|policy|licen[cs]e|no.?internal.?vlan|speed.?misconf|schedul|tapagg", C.ADMIN_POLICY),
)
_COMPILED = tuple((re.compile(part, re.IGNORECASE), cause) for part, cause in _PARTS)


def cause(word: str, platform: str | None = None) -> C:
    """The normalized cause of a vendor's word; the platform's own table knows best."""
    known = platforms.get(platform)
    found = known.cause(word) if known else C.OTHER
    if found is not C.OTHER or (known and word.strip().lower() in known.err_disable_causes):
        return found
    return next((cause for part, cause in _COMPILED if part.search(word[:200])), C.OTHER)
