"""Ports that are devices of the kernel: their lanes, and how they follow what the kernel says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from netdiag.errors import UsageError
from netdiag.lab.kernel.netlink import Link
from netdiag.lab.kernel.packets import finish_checksums
from netdiag.lab.soft import Port

if TYPE_CHECKING:
    from netdiag.lab.kernel.engine import KernelEngine


@dataclass(slots=True)
class Lane:
    """One device of a port: the untagged one, or that of one tagged VLAN."""

    vlan: int | None
    name: str
    mac: bytes
    link: Link | None = None

    @property
    def live(self) -> bool:
        """Frames can pass."""
        return self.link is not None and self.link.up and self.link.carrier


class Wired(Port):
    """What all ports of this data plane share: lanes that are devices of the kernel."""

    __slots__ = ()
    lanes: dict[int | None, Lane]

    @property
    def impair(self) -> None:
        """Nothing is done to frames here but what the kernel does."""
        return None

    @impair.setter
    def impair(self, how: object) -> None:
        if how is not None:
            raise UsageError(
                "the real data plane has no broken cables: this needs the simulated one"
            )

    @property
    def kernel(self) -> KernelEngine:
        return cast("KernelEngine", self.engine)

    @property
    def tags(self) -> tuple[int, ...]:
        """VLANs that it carries tagged."""
        return ()

    @property
    def untagged(self) -> bool:
        """It also carries frames without a tag."""
        return True

    def device(self, vlan: int | None) -> str:
        """The kernel's name of that lane: at most 15 characters, no slash."""
        raise NotImplementedError

    def address(self) -> bytes:
        """The MAC of its lanes."""
        raise NotImplementedError

    def send(self, frame: bytes) -> None:
        if self.up:
            self.kernel.transmit(self, frame)

    def full(self) -> bool:
        return False  # the kernel's queues are not looked at: management has a lane of its own

    def enable(self, enabled: bool) -> None:
        self.enabled = enabled
        self.kernel.change(self)

    def apply(self) -> None:
        """Every lane as the port wishes."""
        netlink = self.kernel.rooms[self.owner.name].netlink
        for lane in self.lanes.values():
            netlink.set_link(lane.name, up=self.enabled)

    def expect(self, *, done: bool = False) -> None:
        """Devices of it are about to be made or taken away by us; `done`: that is over."""

    def prepare(self, lane: Lane) -> None:
        """A new lane, before it comes up; called in its namespace."""

    def follow(self) -> None:
        """The kernel has told something of a lane."""
        up = any(lane.live for lane in self.lanes.values())
        if up != self.up:
            self.up = up
            self.generation += 1
            self.owner.link_changed(self)


class WiredPort(Wired):
    """The socket of a station or a box."""

    __slots__ = ("lanes",)

    def __init__(self, engine: Any, owner: Any, name: str, rate_bps: int) -> None:
        super().__init__(engine, owner, name, rate_bps)
        self.lanes = {}

    def prepare(self, lane: Lane) -> None:
        finish_checksums(lane.name)

    def device(self, vlan: int | None) -> str:
        name = self.name.lower() if self.name[0].isalpha() else f"socket{self.name}"
        return name if vlan is None else f"{name}.{vlan}"

    def address(self) -> bytes:
        mac: bytes | None = getattr(self.owner, "mac", None)
        sockets = getattr(self.owner, "sockets", ())
        if mac is not None and not sockets:
            return mac
        # A socket of a box: its bridge speaks with its own address, the socket's is never seen.
        import hashlib

        digest = hashlib.sha256(f"{self.owner.name} {self.name}".encode()).digest()
        return b"\x02" + digest[:5]
