"""A switch's own protections: storm-control, port security, BPDU guard, the MAC-flap notice.

Messages have the vendor's exact words (Cisco IOS). Storm-control counts broadcasts over a fixed
interval and closes a port at the interval's end when they were above its level; the first, partial
interval after a link comes up is not judged, so a reopened port lives between one and two of them.
The flap notice is paced: an address must move `FLAP_MOVES` times within `FLAP_WINDOW_S`, is then
quiet for `FLAP_QUIET_S`, and a switch says at most one a `FLAP_SPACING_S`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdiag.lab.switch import Learned, SoftSwitch, SwitchPort

FLAP_MOVES = 4
FLAP_WINDOW_S = 10.0
FLAP_QUIET_S = 15.0
FLAP_SPACING_S = 0.25
RESTRICT_QUIET_S = 5.0
LINK_FLAPS, LINK_FLAP_WINDOW_S = 5, 10.0
"""IOS' default: a link that goes down five times in ten seconds is closed."""


def dotted(mac: bytes) -> str:
    """The vendor's spelling: `0011.2233.4455`."""
    text = mac.hex()
    return f"{text[:4]}.{text[4:8]}.{text[8:]}"


class Guards:
    """Watches one switch and closes its ports."""

    def __init__(self, switch: SoftSwitch, interval_s: float, recovery_s: float | None) -> None:
        self._switch = switch
        self.interval_s = interval_s
        self._recovery_s = recovery_s
        self._flap_next = 0.0
        self._downs: dict[str, list[float]] = {}
        self._flaps: dict[tuple[int, bytes], tuple[float, int, float]] = {}

    # --- storm-control ---

    def check_storms(self) -> None:
        """The end of one interval."""
        for port in self._switch.switch_ports:
            if port.storm_control_pps is None or not port.up:
                continue
            count = port.in_broadcast - port.storm_mark
            judged, port.storm_judged = port.storm_judged, True
            port.storm_mark = port.in_broadcast
            if judged and count > port.storm_control_pps * self.interval_s:
                self.storm(port)

    def link_changed(self, port: SwitchPort) -> None:
        """A new link is measured from the next interval on."""
        port.storm_judged = False
        port.storm_mark = port.in_broadcast
        if port.up or not port.enabled:
            return
        now = self._switch.engine.now
        downs = [t for t in self._downs.get(port.name, []) if now - t < LINK_FLAP_WINDOW_S]
        self._downs[port.name] = downs = [*downs, now]
        if len(downs) >= LINK_FLAPS:
            self._downs[port.name] = []
            self.err_disable(port, "link-flap")

    def storm(self, port: SwitchPort) -> None:
        """Closes the port against a storm."""
        text = f"A packet storm was detected on {port.short_name}. The interface has been disabled."
        self.err_disable(port, "storm-control", ("STORM_CONTROL-3-SHUTDOWN", text))

    # --- edge protections ---

    def bpdu(self, port: SwitchPort) -> None:
        """A BPDU where none may come from."""
        self._switch.say(
            "SPANTREE-2-BLOCK_BPDUGUARD",
            f"Received BPDU on port {port.short_name} with BPDU Guard enabled. Disabling port.",
            port,
        )
        self.err_disable(port, "bpduguard")

    def admits(self, port: SwitchPort, mac: bytes) -> bool:
        """Port security: the first `secure_maximum` addresses may speak, one more closes the port."""
        if port.secure_maximum is None or mac in port.secure_macs:
            return True
        if len(port.secure_macs) < port.secure_maximum:
            port.secure_macs.append(mac)
            return True
        now = self._switch.engine.now
        if port.secure_restrict and now - port.secure_said < RESTRICT_QUIET_S:
            return False
        port.secure_said = now
        self._switch.say(
            "PORT_SECURITY-2-PSECURE_VIOLATION",
            f"Security violation occurred, caused by MAC address {dotted(mac)} on port {port.name}.",
            port,
        )
        if not port.secure_restrict:
            self.err_disable(port, "psecure-violation")
        return False

    # --- closing and opening ---

    def err_disable(
        self, port: SwitchPort, cause: str, detail: tuple[str, str] | None = None
    ) -> None:
        """Closes the port; the recovery timer opens it, where one is configured.

        `detail` is a second message that the protection itself has to say.
        """
        switch = self._switch
        port.err_disabled = cause
        closed_at = port.closed_at = switch.engine.now
        switch.say(
            "PM-4-ERR_DISABLE",
            f"{cause} error detected on {port.short_name}, "
            f"putting {port.short_name} in err-disable state",
            port,
            cause=cause,
        )
        if detail is not None:
            switch.say(*detail, port, cause=cause)
        port.enable(enabled=False)
        if self._recovery_s is not None:
            port.recovers_at = closed_at + self._recovery_s
            switch.engine.at(port.recovers_at, lambda: self._recover(port, closed_at))

    def _recover(self, port: SwitchPort, closed_at: float) -> None:
        if port.err_disabled is None or port.closed_at != closed_at:
            return
        self._switch.say(
            "PM-4-ERR_RECOVER",
            f"Attempting to recover from {port.err_disabled} err-disable state on {port.short_name}",
            port,
        )
        port.err_disabled = port.recovers_at = None
        port.secure_macs.clear()
        port.enable(enabled=True)

    # --- flapping ---

    def moved(self, vlan: int, mac: bytes, old: SwitchPort, entry: Learned) -> None:
        """An address has been learned on another port than before."""
        now = self._switch.engine.now
        since, moves, quiet_until = self._flaps.get((vlan, mac), (now, 0, 0.0))
        if now - since > FLAP_WINDOW_S:
            since, moves = now, 0
        moves += 1
        if moves >= FLAP_MOVES and now >= quiet_until and now >= self._flap_next:
            self._flap_next = now + FLAP_SPACING_S
            quiet_until = now + FLAP_QUIET_S
            self._switch.say(
                "SW_MATM-4-MACFLAP_NOTIF",
                f"Host {dotted(mac)} in vlan {vlan} is flapping between "
                f"port {entry.port.short_name} and port {old.short_name}",
                entry.port,
            )
        self._flaps[(vlan, mac)] = (since, moves, quiet_until)

    def forget(self) -> None:
        """Drops flap records that are too old to matter."""
        now = self._switch.engine.now
        self._flaps = {
            key: record
            for key, record in self._flaps.items()
            if now - record[0] <= FLAP_WINDOW_S or now < record[2]
        }
