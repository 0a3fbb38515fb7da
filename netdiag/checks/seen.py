"""What could not be looked at: a diagnosis says so, because it is never "all clear"."""

from __future__ import annotations

from collections.abc import Iterable

from netdiag.model import Network, NotChecked, Snapshot
from netdiag.text import clean


def not_checked(network: Network) -> tuple[NotChecked, ...]:
    """Every gap in the look, each once, in order."""
    gaps: list[NotChecked] = []
    for snapshot in network.snapshots:
        gaps += _device(network, snapshot)
    polled = {s.device for s in network.snapshots}
    gaps += [
        NotChecked(d.name, "not asked this time") for d in network.devices if d.name not in polled
    ]
    gaps += _wire(network)
    if not network.site.dhcp_servers:
        why = (
            "the inventory names no authorized DHCP server (dhcp_servers): none can be called rogue"
        )
        gaps.append(NotChecked("which DHCP servers are legitimate", why))
    return tuple(sorted(dict.fromkeys(gaps), key=lambda g: (g.what, g.why)))


def _device(network: Network, snapshot: Snapshot) -> Iterable[NotChecked]:
    never = {"access", "credentials"}
    asked = any(e.what not in never for e in snapshot.errors) or not snapshot.errors
    if not snapshot.reachable and asked:
        stored = [s for s in network.history if s.device == snapshot.device]
        if stored:
            minutes = int((network.at - max(s.at for s in stored)).total_seconds() // 60)
            used = f"its snapshot of {minutes} min ago stands in for it"
        else:
            used = "and no snapshot of it is stored"
        yield NotChecked(snapshot.device, f"does not answer; {used}")
    for error in snapshot.errors:
        what = f"{snapshot.device}: {clean(error.what)}"
        yield NotChecked(what, f"{clean(error.source)}: {clean(error.message)}")
    if "ssh" not in snapshot.sources:  # the command line tells what SNMP cannot
        for missing in snapshot.not_offered:
            what = f"{snapshot.device}: {clean(missing.what)}"
            yield NotChecked(what, f"not offered by this platform: {clean(missing.message, 400)}")


def _wire(network: Network) -> Iterable[NotChecked]:
    if not network.site.sensors and not network.captures:
        yield NotChecked(
            "the wire", "no sensor: nothing listened and nothing probed for DHCP servers"
        )
    for capture in network.captures:
        for error in capture.errors:
            yield NotChecked(clean(error.what), f"{clean(error.source)}: {clean(error.message)}")
        if capture.dropped:
            why = f"{capture.dropped} frames were dropped before they could be read"
            yield NotChecked(f"the wire at {clean(capture.source)}", why)
        if capture.truncated:
            yield NotChecked(clean(capture.source), "the file ends in the middle of a packet")
