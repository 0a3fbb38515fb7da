"""What devices say of themselves -> who a server is, and whether two machines share one card's address.

Rules: hints only, from SSDP, mDNS and DHCP requests; everything is hostile text and bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netdiag.decode.bounded import Bounded
from netdiag.decode.frames_line import Line
from netdiag.model import DhcpServer, SharedMac

_TEXTS = 8
_LONGEST = 120
_NEAR = 4
"""The cards of one router differ by so much in their last octet: LAN, WAN, radios."""
_TURNS = 3
"""Returns to a name given up before: a machine that was renamed does not come back."""
_WITHIN = timedelta(minutes=10)


@dataclass(slots=True)
class _Names:
    """The names under which one card asked for leases, in turn."""

    turns: list[str] = field(default_factory=list)
    vlan: int | None = None
    first: datetime | None = None
    last: datetime | None = None


class Hints:
    """By card, and by address for what a router sends from another of its cards."""

    def __init__(self) -> None:
        self._by_mac: Bounded[str, dict[str, None]] = Bounded("devices that name themselves")
        self._by_ip: Bounded[str, dict[str, None]] = Bounded("devices that name themselves")
        self._names: Bounded[str, _Names] = Bounded("clients with names")

    def message(self, line: Line, at: datetime | None) -> None:
        kind = line.text("type")
        if kind == "ssdp":
            self._add(line, "UPnP", [line.optional("server")])
        elif kind == "mdns":
            self._add(line, "mDNS", list(line.texts("names")))
        elif kind == "dhcp" and line.number("op") == 1:
            self._add(line, "DHCP", [line.optional("hostname"), line.optional("vendor_class")])
            self._called(line, at)

    def _add(self, line: Line, how: str, told: list[str | None]) -> None:
        said = [f"{how}: {text[:_LONGEST]}" for text in told if text]
        for table, key in ((self._by_mac, line.text("src")), (self._by_ip, line.optional("ip"))):
            if said and key is not None and table.room(key):
                texts = table.setdefault(key, {})
                texts.update(
                    dict.fromkeys(said[: _TEXTS - len(texts)] if len(texts) < _TEXTS else ())
                )

    def _called(self, line: Line, at: datetime | None) -> None:
        """A DHCP client's name; a relay's card speaks for many."""
        name, mac = line.optional("hostname"), line.text("client")
        if not name or at is None or line.text("giaddr") != "0.0.0.0" or not self._names.room(mac):  # noqa: S104
            return
        stack = line.stack()
        names = self._names.setdefault(mac, _Names(vlan=stack[0] if stack else None))
        if names.last is not None and at - names.last > _WITHIN:
            names.turns, names.first = [], None
        if (not names.turns or names.turns[-1] != name) and len(names.turns) < 1000:
            names.turns.append(name[:_LONGEST])
        names.first, names.last = names.first or at, at

    def shared(self) -> tuple[SharedMac, ...]:
        """Cards whose name goes back and forth."""
        found = []
        for mac, names in self._names.items():
            back = len(names.turns) - len(set(names.turns))
            if back >= _TURNS - 1 and names.first and names.last:
                different = tuple(dict.fromkeys(names.turns))[:_TEXTS]
                found.append(
                    SharedMac(mac, different, len(names.turns), names.vlan, names.first, names.last)
                )
        return tuple(found)

    def of(self, server: DhcpServer) -> tuple[str, ...]:
        """All that the device says which answers as that server."""
        said = {**self._by_mac.get(server.mac, {})}
        if server.ip is not None and server.relay is None:
            said |= self._by_ip.get(server.ip, {})
        for mac in _beside(server.mac):
            said |= self._by_mac.get(mac, {})
        return tuple(said)[:_TEXTS]


def _beside(mac: str) -> list[str]:
    """The neighbours of an address in its block."""
    head, last = mac[:-2], mac[-2:]
    try:
        number = int(last, 16)
    except ValueError:
        return []
    near = (number + step for step in range(-_NEAR, _NEAR + 1) if step)
    return [f"{head}{n:02x}" for n in near if 0 <= n <= 0xFF]
