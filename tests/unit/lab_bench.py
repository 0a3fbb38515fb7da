"""Small practice networks for tests: one or two switches and bare cards that note what they see."""

from __future__ import annotations

from netdiag.lab import frames
from netdiag.lab.hosts import Card
from netdiag.lab.soft import Engine, connect
from netdiag.lab.switch import SoftSwitch

RATE = 1_000_000


def port_name(number: int) -> str:
    return f"GigabitEthernet1/0/{number}"


def mac(number: int) -> bytes:
    return bytes((2, 0, 0, 0, 0, number))


def frame(dst: bytes, src: bytes, size: int = 60) -> bytes:
    """An Ethernet frame of an experimental type that nobody answers."""
    return (dst + src + b"\x88\xb5").ljust(size, b"x")


class Listener(Card):
    """A card that keeps what it hears, without the switches' own control frames."""

    def __init__(self, engine: Engine, number: int, rate_bps: int = RATE) -> None:
        super().__init__(engine, f"card-{number}", mac(number), rate_bps)
        self.heard: list[tuple[float, bytes]] = []
        self.tap(self._note)

    def _note(self, at: float, octets: bytes) -> None:
        if not octets.startswith(bytes.fromhex("0180c2")):
            self.heard.append((at, octets))

    @property
    def frames(self) -> list[bytes]:
        return [octets for _, octets in self.heard]


class Bench:
    """A clock, switches, and cards in VLAN 10 unless said otherwise."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.events: list[str] = []
        self._next = 1

    def switch(
        self,
        name: str = "sw",
        *,
        priority: int = 32768,
        interval: float = 1.0,
        recovery: float | None = None,
    ) -> SoftSwitch:
        made = SoftSwitch(
            self.engine,
            name,
            b"\0\x1bT" + sum(name.encode()).to_bytes(2, "big") + b"\0",
            ports=8,
            rate_bps=RATE,
            vlans=(10, 20, 99),
            stp_priority=priority,
            storm_interval_s=interval,
            recovery_s=recovery,
        )
        made.management_ip = "10.99.0.1"
        made.hear = lambda event: self.events.append(f"%{event.facility}: {event.text}")
        made.start(0.0)
        return made

    def card(self, switch: SoftSwitch, number: int, vlan: int = 10) -> Listener:
        made = Listener(self.engine, self._next)
        self._next += 1
        switch.set_access_vlan(port_name(number), vlan)
        switch.soft_port(port_name(number)).bpdu = "filter"
        connect(switch.soft_port(port_name(number)), made.port)
        return made

    def trunk(self, a: SoftSwitch, b: SoftSwitch, number: int = 8) -> None:
        for switch in (a, b):
            switch.set_trunk(port_name(number), (10, 20, 99))
        connect(a.soft_port(port_name(number)), b.soft_port(port_name(number)))

    def run(self, seconds: float = 1.0) -> None:
        self.engine.run_until(self.engine.now + seconds)


BROADCAST = frames.BROADCAST
