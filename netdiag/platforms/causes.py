"""What usually closes a port for each normalized cause, and what to do, one sentence each.

`explain` prefers a sentence for the vendor's very word where the normalized cause says too little.
"""

from __future__ import annotations

from collections.abc import Mapping

from netdiag.model import ErrDisableCause as C

EXPLAIN: Mapping[C, tuple[str, str]] = {
    C.STORM_CONTROL: (
        "More broadcast, multicast or unknown-unicast frames came in than the port's storm-control bound allows: a loop behind the port, or one jabbering station.",
        "Find and disconnect the loop or the station behind this port first; reopened before that, the port closes again within seconds.",
    ),
    C.BPDU_GUARD: (
        "A spanning-tree frame arrived on an edge port: somebody plugged in a switch, or cabled two ports together.",
        "Unplug the switch or the loop at this port, then reopen it; if a switch belongs there, take the guard off this port on purpose.",
    ),
    C.LOOP_DETECTED: (
        "The port received its own frames back: a cable connects two ports, or a small switch behind it is looped.",
        "Remove one end of the looping cable behind this port, then reopen it.",
    ),
    C.LINK_FLAP: (
        "The link went down and up several times within seconds: a bad cable, plug or transceiver, a speed mismatch, or a device that restarts.",
        "Replace the cable or the transceiver and check the far end, then reopen the port and watch the link.",
    ),
    C.PORT_SECURITY: (
        "A station whose address is not allowed on this port sent frames: somebody swapped the device, or plugged in a switch or a router.",
        "See which address violated, remove that device or allow it on purpose, then reopen the port.",
    ),
    C.DHCP_RATE_LIMIT: (
        "More DHCP messages came in per second than DHCP snooping allows here: a starvation attack, a looping client, or a switch full of clients behind an edge port.",
        "Find the station that asks so often; raise the limit only where many clients really sit behind the port.",
    ),
    C.ARP_INSPECTION: (
        "More ARP messages came in per second than dynamic ARP inspection allows: an address scan, ARP spoofing, or a loop.",
        "Find the station that sends them and check it for a scanner or malware, then reopen the port.",
    ),
    C.UDLD: (
        "UDLD saw that frames pass in one direction only: one strand of the fibre is broken or crossed, or a transceiver is failing.",
        "Check both fibre strands and both transceivers, then reopen the ports at both ends.",
    ),
    C.DOT1X_VIOLATION: (
        "A second, unauthenticated station appeared on an 802.1X port, or an authenticated address moved here.",
        "See which station is new; allow multiple hosts on the port only if a phone or a switch belongs there.",
    ),
    C.MAC_LIMIT: (
        "More addresses were learned on this port than its limit allows: a switch or an access point behind it, or an address flood.",
        "Find out what is attached; remove it, or raise the limit if it belongs there.",
    ),
    C.MAC_FLAPPING: (
        "The same address was learned on two ports in turn: a loop, or one address used twice.",
        "Look for a loop between the two ports named in the log; remove it, then reopen the port.",
    ),
    C.UNICAST_FLOOD: (
        "Too many frames to unlearned addresses were flooded: a full or flushed address table, asymmetric routing, or an address flood.",
        "Find the sender and why the destination is not learned, then reopen the port.",
    ),
    C.TRANSCEIVER: (
        "The switch does not accept the transceiver, or cannot use it at this port's settings.",
        "Reseat it or replace it with a supported one of the right speed, then reopen the port.",
    ),
    C.POWER_INLINE: (
        "Power over Ethernet failed here: the device draws too much, the budget is used up, or the wiring is short-circuited.",
        "Check the power budget and the device's cable, then reopen the port.",
    ),
    C.CHANNEL_MISCONFIG: (
        "One end bundles the links into a channel and the other does not, or the members disagree.",
        "Make channel group, mode and VLANs the same on both ends, then reopen the members together.",
    ),
    C.CRC_ERRORS: (
        "Too many damaged frames came in: a bad cable, plug or transceiver, a duplex mismatch, or interference.",
        "Replace the cable or the transceiver and compare speed and duplex at both ends, then reopen the port.",
    ),
    C.ADMIN_POLICY: (
        "A configured policy forbids this port to be up as it is configured now.",
        "Compare the port's configuration with the policy that the device names, correct it, then reopen the port.",
    ),
    C.OTHER: (
        "The device closed the port for a reason of its own, given in its own word.",
        "Read the device's log at the time of the closing before reopening the port.",
    ),
}
"""For each normalized cause: (what usually causes it, what to do)."""

# Words that share `other` or `admin-policy` and yet have their own, better sentence; squashed.
_SPECIFIC: Mapping[str, tuple[str, str]] = {
    "packetbuffer": (
        "The port's packet buffer reported errors: failing port hardware.",
        "Move the station to another port and have the switch examined.",
    ),
    "packetbuffererror": (
        "The port's packet buffer reported errors: failing port hardware.",
        "Move the station to another port and have the switch examined.",
    ),
    "lsgroup": (
        "Every uplink of this port's link-state group is down, so the switch closed it on purpose.",
        "Repair the uplinks; the port comes back by itself.",
    ),
    "oamremotefailure": (
        "The far end announced a failure through Ethernet OAM.",
        "Look at the device at the far end; reopen the port when it is healthy.",
    ),
    "oamremotedyinggasp": (
        "The far end announced that it is losing power (Ethernet OAM dying gasp).",
        "Restore the far end's power, then reopen the port.",
    ),
    "oamremotelinkfault": (
        "The far end announced that it receives nothing from here (Ethernet OAM link fault).",
        "Check the strand or pair toward the far end and its transceiver, then reopen the port.",
    ),
    "oamremotecriticalevent": (
        "The far end announced a critical event through Ethernet OAM.",
        "Look at the device at the far end; reopen the port when it is healthy.",
    ),
    "pppoeiaratelimit": (
        "More PPPoE discovery messages came in per second than the port allows.",
        "Find the station that sends them, then reopen the port.",
    ),
    "portmodefailure": (
        "The port could not change into the mode that it is configured for.",
        "Check that hardware and transceiver support that mode, then reopen the port.",
    ),
    "excessiveportinterrupts": (
        "The port raised more interrupts than the switch bears: failing hardware or a very noisy link.",
        "Replace cable and transceiver; if it repeats, have the switch examined.",
    ),
    "hwprogfailed": (
        "The switch could not program its hardware for this port: a resource ran out, or a software fault.",
        "Read the log for the resource that ran out before reopening the port.",
    ),
    "ipconflict": (
        "The address configured on this interface is used by another station.",
        "Find the station with the same address and correct one of the two.",
    ),
    "vmps": (
        "The VLAN membership server does not allow this station on this port.",
        "Enter the station's address at the server, or remove the station.",
    ),
    "smallframe": (
        "Too many frames smaller than 67 octets came in: an attack, or a faulty network card.",
        "Find the sender and replace its card, then reopen the port.",
    ),
}


def explain(cause: C, vendor_cause: str | None = None) -> tuple[str, str]:
    """(what usually causes it, what to do); the vendor's own word may know better."""
    word = "".join(c for c in (vendor_cause or "").lower() if c.isalnum())
    return _SPECIFIC.get(word, EXPLAIN[cause])
