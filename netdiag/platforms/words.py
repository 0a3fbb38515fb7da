"""What several makers' command lines have in common: kept here so that a platform's file says only its own.

The causes are those of Cisco's command line, which half the industry borrowed word by word.
"""

from __future__ import annotations

from collections.abc import Mapping

from netdiag.model import ErrDisableCause as C

CISCO_LIKE_CAUSES: Mapping[str, C] = {
    "udld": C.UDLD,
    "bpduguard": C.BPDU_GUARD,
    "channel-misconfig": C.CHANNEL_MISCONFIG,
    "link-flap": C.LINK_FLAP,
    "loopback": C.LOOP_DETECTED,
    "loopdetect": C.LOOP_DETECTED,
    "loop-detection": C.LOOP_DETECTED,
    "psecure-violation": C.PORT_SECURITY,
    "port-security": C.PORT_SECURITY,
    "security-violation": C.DOT1X_VIOLATION,
    "dot1x": C.DOT1X_VIOLATION,
    "dhcp-rate-limit": C.DHCP_RATE_LIMIT,
    "arp-inspection": C.ARP_INSPECTION,
    "storm-control": C.STORM_CONTROL,
    "mac-limit": C.MAC_LIMIT,
    "unicast-flood": C.UNICAST_FLOOD,
    "inline-power": C.POWER_INLINE,
    "sfp-config-mismatch": C.TRANSCEIVER,
}

CISCO_LIKE_REFUSALS: tuple[str, ...] = (
    r"^% ?Invalid (?:input|command|parameter|number)",
    r"^% ?Incomplete command",
    r"^% ?Ambiguous command",
    r"^% ?Unknown command",
    r"^% ?Unrecognized command",
    r"^% ?(?:Authorization|Permission) (?:failed|denied)",
    r"^% ?Error:",
    r"^Command rejected",
)
