"""One simulated switch: learning, VLANs, flooding and its control plane, all driven by lab time.

It implements `dataplane.Switch`. The path of a frame is `receive`, which is all that a storm costs;
everything else happens on timers. Rules: an access port takes untagged frames only (or priority-
tagged ones), a trunk tags all but its native VLAN; addresses of a port that goes down are
forgotten; frames to the reserved addresses 01:80:c2:00:00:0x are heard and never forwarded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from netdiag.errors import UsageError
from netdiag.lab import frames
from netdiag.lab.dataplane import (
    ArpView,
    MacView,
    NeighborView,
    PortCounters,
    PortView,
    SwitchEvent,
)
from netdiag.lab.discovery import INTERVAL_S, Discovery
from netdiag.lab.guards import Guards
from netdiag.lab.soft import Engine, Port
from netdiag.lab.stack import IpStack
from netdiag.lab.stp import HELLO_S, SpanningTree
from netdiag.names import short_name

AGEING_S = 300.0
LOG_LINES = 500
MTU = 1500
_CPU_PPS = 10.0
_CPU_BURST = 60.0
_RESERVED = bytes.fromhex("0180c20000")
_MANAGEMENT_CHAT_S = 60.0


class Learned:
    """One address of the forwarding table."""

    __slots__ = ("port", "seen")

    def __init__(self, port: SwitchPort, seen: float) -> None:
        self.port = port
        self.seen = seen


class SwitchPort(Port):
    """A port with what a switch configures and remembers of it."""

    __slots__ = (
        "access_vlan", "admin_up", "alias", "bpdu", "closed_at", "duplex", "err_disabled", "if_index",
        "last_change", "mac_octets", "mtu", "native_vlan", "number", "recovers_at", "secure_macs",
        "secure_maximum", "secure_restrict", "secure_said", "short_name", "storm_control_pps", "storm_judged", "storm_mark",
        "stp_state", "trunk_vlans",
    )  # fmt: skip

    def __init__(self, engine: Engine, owner: SoftSwitch, number: int, rate_bps: int) -> None:
        super().__init__(engine, owner, f"GigabitEthernet1/0/{number}", rate_bps)
        self.number = number
        self.short_name = short_name(self.name)
        self.if_index = 10100 + number
        base = int.from_bytes(owner.mac_octets, "big")
        self.mac_octets = (base + number).to_bytes(6, "big")
        self.alias = ""
        self.mtu, self.duplex = MTU, "full"
        self.admin_up = True
        self.err_disabled: str | None = None
        self.closed_at = 0.0
        self.recovers_at: float | None = None
        self.access_vlan: int | None = 1
        self.native_vlan: int | None = None
        self.trunk_vlans: tuple[int, ...] = ()
        self.last_change = 0.0
        self.stp_state = "disabled"
        self.bpdu = "on"
        """on, filter or guard."""
        self.secure_maximum: int | None = None
        self.secure_macs: list[bytes] = []
        # Restrict: a violation drops the frame and is told now and then; the port stays open.
        self.secure_restrict, self.secure_said = False, 0.0
        self.storm_control_pps: int | None = None
        self.storm_mark = 0
        self.storm_judged = False


class SoftSwitch:
    """A switch of the simulator."""

    model = "ios"

    def __init__(
        self,
        engine: Engine,
        name: str,
        mac: bytes,
        *,
        ports: int,
        rate_bps: int,
        vlans: Sequence[int],
        stp_priority: int,
        storm_interval_s: float,
        recovery_s: float | None,
    ) -> None:
        self.engine = engine
        self.name = name
        self.mac_octets = mac
        self.mac = frames.mac_text(mac)
        self.management_ip = "0.0.0.0"  # noqa: S104 - no address yet
        self.description = ""
        """What LLDP says of the system: at most 511 octets."""
        self.area: str | None = None
        self.role: str | None = None
        self.switch_ports = tuple(self.new_port(number, rate_bps) for number in range(1, ports + 1))
        self._by_name = {port.name: port for port in self.switch_ports}
        self._vlans = tuple(sorted(vlans))
        self._tables: dict[int, dict[bytes, Learned]] = {vlan: {} for vlan in self._vlans}
        self._flood: dict[int, tuple[tuple[SwitchPort, ...], tuple[SwitchPort, ...]]] = {}
        self._svis: dict[int, IpStack] = {}
        self._log: deque[SwitchEvent] = deque(maxlen=LOG_LINES)
        self.hear: Callable[[SwitchEvent], None] = lambda _event: None
        self.answers_after_s = 0.0
        self.path_alive: Callable[[], bool] = lambda: True
        self.guards = Guards(self, storm_interval_s, recovery_s)
        self.discovery = Discovery(self)
        self.stp = SpanningTree(self, stp_priority)

    def new_port(self, number: int, rate_bps: int) -> SwitchPort:
        """One of its ports, without a cable."""
        return SwitchPort(self.engine, self, number, rate_bps)

    def start(self, phase_s: float) -> None:
        """Begins the control plane's timers, shifted by `phase_s` so that switches differ."""
        self._every(self.guards.interval_s, phase_s % self.guards.interval_s, self._interval)
        self._every(HELLO_S, phase_s % HELLO_S, self.stp.hello)
        self._every(INTERVAL_S, phase_s % INTERVAL_S, self.discovery.tell_all)
        self._every(_MANAGEMENT_CHAT_S, 1.0 + phase_s, self._greet_gateway)

    def add_svi(self, vlan: int, ip: str, mask: str, gateway: str | None = None) -> None:
        """Gives the switch an address in that VLAN."""
        # Its processor is policed, as in life.
        stack = IpStack(
            self.engine,
            self.mac_octets,
            lambda frame: self._originate(vlan, frame),
            pace_pps=_CPU_PPS,
            burst=_CPU_BURST,
        )
        stack.configure(
            frames.ip_bytes(ip),
            frames.ip_bytes(mask),
            frames.ip_bytes(gateway) if gateway else None,
        )
        self._svis[vlan] = stack

    # --- the path of a frame ---

    def receive(self, port: SwitchPort, frame: bytes) -> None:
        if frame[0] & 1 and frame.startswith(_RESERVED) and frame[5] < 0x10:
            self._control(port, frame)
            return
        if port.stp_state != "forwarding":
            return
        vlan = port.access_vlan
        if vlan is None or frame[12:14] == frames.TPID:
            vlan, frame = self._admit(port, frame)
        table = self._tables.get(vlan) if vlan is not None else None
        if vlan is None or table is None:
            port.in_discards += 1
            return
        now = self.engine.now
        src = frame[6:12]
        entry = table.get(src)
        if entry is not None and entry.port is port:
            entry.seen = now
        elif not self._learn(table, vlan, src, entry, port):
            return
        if frame[0] & 1:
            self.flood(port, vlan, frame)
            self._punt(vlan, frame)
            return
        hit = table.get(frame[:6])
        if hit is not None and now - hit.seen <= AGEING_S:
            if hit.port is not port:
                self._emit(hit.port, vlan, frame)
        elif frame[:6] == self.mac_octets:
            self._punt(vlan, frame)
        else:
            self.flood(port, vlan, frame)

    def _admit(self, port: SwitchPort, frame: bytes) -> tuple[int | None, bytes]:
        """(VLAN or `None` for "not here", the frame without its tag) of a tagged frame or a trunk."""
        if frame[12:14] != frames.TPID:
            return port.native_vlan, frame
        if len(frame) < 18:
            return None, frame
        vid = (frame[14] & 0x0F) << 8 | frame[15]
        inner = frames.pad(frame[:12] + frame[16:])
        if vid == 0:
            return port.access_vlan or port.native_vlan, inner
        return (vid if vid in port.trunk_vlans and port.access_vlan is None else None), inner

    def _learn(
        self,
        table: dict[bytes, Learned],
        vlan: int,
        src: bytes,
        entry: Learned | None,
        port: SwitchPort,
    ) -> bool:
        """Notes a new or moved address; false when port security refuses the frame."""
        if src[0] & 1 or src == self.mac_octets:
            return False
        if port.secure_maximum is not None and not self.guards.admits(port, src):
            return False
        now = self.engine.now
        if entry is None:
            table[src] = Learned(port, now)
            return True
        old, stale = entry.port, now - entry.seen > AGEING_S
        entry.port, entry.seen = port, now
        if not stale:
            self.guards.moved(vlan, src, old, entry)
        return True

    def flood(self, source: SwitchPort | None, vlan: int, frame: bytes) -> None:
        """Out of every other forwarding port of the VLAN."""
        ways = self._flood.get(vlan)
        if ways is None:
            ways = self._flood[vlan] = self._ways(vlan)
        for port in ways[0]:
            if port is not source:
                port.send(frame)
        if ways[1]:
            tagged = frames.tag(frame, vlan)
            for port in ways[1]:
                if port is not source:
                    port.send(tagged)

    def _ways(self, vlan: int) -> tuple[tuple[SwitchPort, ...], tuple[SwitchPort, ...]]:
        """(ports that send that VLAN untagged, ports that tag it), of those that forward now."""
        live = [p for p in self.switch_ports if p.up and p.stp_state == "forwarding"]
        plain = tuple(p for p in live if vlan in (p.access_vlan, p.native_vlan))
        tagged = tuple(
            p
            for p in live
            if p.access_vlan is None and p.native_vlan != vlan and vlan in p.trunk_vlans
        )
        return plain, tagged

    def _emit(self, port: SwitchPort, vlan: int, frame: bytes) -> None:
        if vlan in (port.access_vlan, port.native_vlan):
            port.send(frame)
        elif port.access_vlan is None and vlan in port.trunk_vlans:
            port.send(frames.tag(frame, vlan))

    def carries(self, port: SwitchPort, vlan: int) -> bool:
        """Frames of that VLAN go in and out there now."""
        return (
            port.up
            and port.stp_state == "forwarding"
            and (
                vlan in (port.access_vlan, port.native_vlan)
                or (port.access_vlan is None and vlan in port.trunk_vlans)
            )
        )

    # --- its own processor ---

    def _control(self, port: SwitchPort, frame: bytes) -> None:
        if frame[12:14] == frames.ETHERTYPE_LLDP:
            self.discovery.receive(port, frame)
        elif frame.startswith(frames.BPDU_MULTICAST):
            self.stp.receive(port, frame)

    def _punt(self, vlan: int, frame: bytes) -> None:
        """To the switch's own address there."""
        stack = self._svis.get(vlan)
        if stack is not None:
            stack.receive(frame)

    def _originate(self, vlan: int, frame: bytes) -> None:
        hit = self._tables[vlan].get(frame[:6])
        if hit is not None and not frame[0] & 1:
            self._emit(hit.port, vlan, frame)
        else:
            self.flood(None, vlan, frame)

    def _greet_gateway(self) -> None:
        """Keeps its address known upstream, as a switch with anything to report does."""
        for stack in self._svis.values():
            if stack.gateway is not None:
                stack.ask(stack.gateway)

    def _every(self, period_s: float, first_s: float, call: Callable[[], None]) -> None:
        start = self.engine.now + first_s
        count = 0

        def due() -> None:
            nonlocal count
            count += 1
            self.engine.at(start + count * period_s, due)
            call()

        self.engine.at(start, due)

    def _interval(self) -> None:
        self.guards.check_storms()
        self.guards.forget()
        for table in self._tables.values():
            old = [mac for mac, e in table.items() if self.engine.now - e.seen > AGEING_S]
            for mac in old:
                del table[mac]

    # --- links ---

    def link_changed(self, port: SwitchPort) -> None:
        port.last_change = self.engine.now
        if not port.up:
            self._forget(port)
        state = "up" if port.up else "down"
        if not port.up and not port.admin_up:
            text = f"Interface {port.name}, changed state to administratively down"
            self.say("LINK-5-CHANGED", text, port)
        else:
            self.say("LINK-3-UPDOWN", f"Interface {port.name}, changed state to {state}", port)
        self.say(
            "LINEPROTO-5-UPDOWN",
            f"Line protocol on Interface {port.name}, changed state to {state}",
            port,
        )
        self.stp.link_changed(port)
        self.guards.link_changed(port)
        self.forwarding_changed()
        if port.up:
            self.discovery.tell(port)

    def forwarding_changed(self) -> None:
        """Ports, VLANs or states changed: the flood lists are made anew when next needed."""
        self._flood.clear()

    def _forget(self, port: SwitchPort) -> None:
        for table in self._tables.values():
            for mac in [mac for mac, entry in table.items() if entry.port is port]:
                del table[mac]

    def say(
        self, facility: str, text: str, port: SwitchPort | None = None, *, cause: str | None = None
    ) -> None:
        """Logs a message and tells whoever listens."""
        event = SwitchEvent(
            self.engine.now, self.name, facility, text, port.if_index if port else None, cause
        )
        self._log.append(event)
        self.hear(event)

    # --- what the agent sees ---

    def soft_port(self, name: str) -> SwitchPort:
        """The live port of that long name; `UsageError` for one that it has not."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UsageError(f"{self.name} has no interface {name!r}") from None

    def ports(self) -> Sequence[PortView]:
        return tuple(map(_view, self.switch_ports))

    def port(self, name: str) -> PortView:
        return _view(self.soft_port(name))

    def fdb(self) -> Sequence[MacView]:
        now = self.engine.now
        return tuple(
            MacView(vlan, frames.mac_text(mac), entry.port.name)
            for vlan, table in self._tables.items()
            for mac, entry in sorted(table.items())
            if now - entry.seen <= AGEING_S
        )

    def arp(self) -> Sequence[ArpView]:
        found = []
        for vlan, stack in self._svis.items():
            own = {stack.ip: stack.mac} if stack.ip else {}
            known = own | {ip: mac for ip, (mac, _) in stack.arp.items()}
            found += [
                ArpView(frames.ip_text(ip), frames.mac_text(mac), f"Vlan{vlan}")
                for ip, mac in sorted(known.items())
            ]
        return tuple(found)

    def neighbors(self) -> Sequence[NeighborView]:
        return self.discovery.neighbors()

    def vlans(self) -> Sequence[int]:
        return self._vlans

    def stp_root(self, vlan: int) -> tuple[int, str, str | None]:
        if vlan not in self._tables:
            raise UsageError(f"{self.name} has no VLAN {vlan}")
        priority, mac = self.stp.root
        return priority, frames.mac_text(mac), self.stp.root_port

    def log(self) -> Sequence[SwitchEvent]:
        return tuple(self._log)

    def forget_boot(self) -> None:
        """What was said while the network was put together is no news; its links are as old as it."""
        self._log.clear()
        for port in self.switch_ports:
            port.last_change = 0.0

    def reachable(self) -> bool:
        return self.path_alive()

    def uptime(self) -> float:
        return self.engine.now

    def latency(self) -> float:
        """Seconds that its busy processor lets an SNMP question wait."""
        return self.answers_after_s

    # --- what the agent changes ---

    def set_admin(self, port: str, up: bool) -> None:
        live = self.soft_port(port)
        if live.admin_up == up:
            return
        live.admin_up = up
        was_up = live.up
        if not up:
            live.err_disabled = live.recovers_at = None
            live.secure_macs.clear()
        live.enable(enabled=up)
        if not up and not was_up:
            text = f"Interface {live.name}, changed state to administratively down"
            self.say("LINK-5-CHANGED", text, live)
        elif up and not live.up:
            self.say("LINK-3-UPDOWN", f"Interface {live.name}, changed state to down", live)

    def set_alias(self, port: str, alias: str) -> None:
        self.soft_port(port).alias = alias

    def set_access_vlan(self, port: str, vlan: int) -> None:
        live = self.soft_port(port)
        if not 1 <= vlan <= 4094:
            raise UsageError(f"VLAN {vlan} is not between 1 and 4094")
        if vlan not in self._tables:
            self._tables[vlan] = {}
            self._vlans = tuple(sorted((*self._vlans, vlan)))
        self._forget(live)
        live.access_vlan, live.native_vlan, live.trunk_vlans = vlan, None, ()
        self._mode_changed(live)

    def set_trunk(self, port: str, vlans: Sequence[int], native: int | None = None) -> None:
        """Makes it a trunk of those tagged VLANs, and one untagged where `native` is given."""
        live = self.soft_port(port)
        self._forget(live)
        live.access_vlan, live.native_vlan, live.trunk_vlans = None, native, tuple(sorted(vlans))
        self._mode_changed(live)

    def _mode_changed(self, port: SwitchPort) -> None:
        if port.up:
            self.stp.link_changed(port)
        self.forwarding_changed()

    def set_storm_control(self, port: str, pps: int | None) -> None:
        live = self.soft_port(port)
        live.storm_control_pps = pps
        self.guards.link_changed(live)


def _view(port: SwitchPort) -> PortView:
    counters = PortCounters(
        port.in_octets, port.out_octets, port.in_unicast, port.out_unicast, port.in_broadcast,
        port.out_broadcast, port.in_multicast, port.out_multicast, port.in_errors, port.out_errors,
        port.in_discards, port.out_discards, port.fcs_errors, port.late_collisions, port.too_long,
    )  # fmt: skip
    return PortView(
        name=port.name,
        if_index=port.if_index,
        mac=frames.mac_text(port.mac_octets),
        alias=port.alias,
        admin_up=port.admin_up,
        carrier=port.up,
        err_disabled=port.err_disabled,
        recovers_at=port.recovers_at,
        access_vlan=port.access_vlan,
        trunk_vlans=port.trunk_vlans,
        speed_bps=port.rate_bps,
        mtu=port.mtu,
        last_change=port.last_change,
        stp_state=port.stp_state,
        storm_control_pps=port.storm_control_pps,
        counters=counters,
        duplex=port.duplex,
    )
