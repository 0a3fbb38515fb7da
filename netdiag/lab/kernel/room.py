"""One namespace with its live devices: what the kernel says of them now, and when it says something new."""

from __future__ import annotations

import contextlib
import errno
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from netdiag.lab.kernel.namespaces import Namespaces, route_socket
from netdiag.lab.kernel.netlink import GROUP_LINK, Link, Netlink, messages, read_link
from netdiag.lab.kernel.packets import packet_socket

T = TypeVar("T")
Hear = Callable[[Link], None]
_READ = 1 << 16
_QUIET = {
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    "ipv4/conf/all/arp_ignore": "1",
}
"""No multicast of the kernel's own accord; an address answers on its own interface alone."""


class Room:
    """A namespace, its route socket, and its devices as last heard of."""

    def __init__(
        self, namespaces: Namespaces, name: str, hear: Hear, sysctl: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._namespaces = namespaces
        self._hear = hear
        namespaces.add(name, {**_QUIET, **(sysctl or {})})
        self.netlink, self.news, self._sender = self.within(self._open)
        self.links: dict[int, Link] = {}
        self._by_name: dict[str, int] = {}

    @staticmethod
    def _open() -> tuple[Netlink, socket.socket, socket.socket]:
        news = route_socket(GROUP_LINK)
        news.setblocking(False)  # noqa: FBT003 - the library's own
        return Netlink(route_socket()), news, socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)

    def within(self, do: Callable[[], T]) -> T:
        """Calls there; sockets that it opens stay."""
        return self._namespaces.within(self.name, do)

    def spawn(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Starts a program there that goes on by itself."""
        return self._namespaces.spawn(self.name, command, log)

    def find(self, interface: str) -> Link | None:
        """A device by name."""
        index = self._by_name.get(interface)
        return None if index is None else self.links.get(index)

    def send(self, interface: str, frame: bytes) -> None:
        """A raw frame out of a device; lost where the device is gone, down or full."""
        with contextlib.suppress(OSError):
            self._sender.sendto(frame, socket.MSG_DONTWAIT, (interface, 0))

    def listen(self, interface: str | None, *program: tuple[int, int, int, int]) -> socket.socket:
        """A packet socket there."""
        return self.within(lambda: packet_socket(interface, program))

    def drain(self) -> None:
        """Takes in all that the kernel has told since."""
        while True:
            try:
                octets = self.news.recv(_READ)
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno != errno.ENOBUFS:
                    raise
                self.refresh()  # it told more than fits: look at everything instead
                continue
            for kind, _, body in messages(octets):
                link = read_link(kind, body)
                if link is not None:
                    self._take(link)

    def refresh(self) -> None:
        """Looks at all devices, counters too."""
        seen = self.netlink.links()
        for link in seen:
            self._take(link)
        for index in set(self.links) - {link.index for link in seen}:
            self._take(replace(self.links[index], gone=True))

    def _take(self, new: Link) -> None:
        """Keeps what is new; whoever listens hears of what matters, not of counters."""
        old = self.links.get(new.index)
        if new.gone:
            self.links.pop(new.index, None)
            if self._by_name.get(new.name) == new.index:
                del self._by_name[new.name]
            if old is not None:
                self._hear(replace(old, gone=True, up=False, carrier=False))
            return
        merged = _merge(old, new)
        if old is not None and old.name != merged.name:
            self._by_name.pop(old.name, None)
        self.links[new.index] = merged
        self._by_name[merged.name] = merged.index
        if old is None or _state(old) != _state(merged):
            self._hear(merged)

    def close(self) -> None:
        """Its sockets; the namespace goes with the process."""
        self.netlink.close()
        self.news.close()
        self._sender.close()


def _merge(old: Link | None, new: Link) -> Link:
    """A message of the bridge says little of the device, and one without counters says none."""
    if new.left_bridge:
        return replace(old or new, master=None, stp_state=None, left_bridge=False)
    if old is None:
        return new
    return replace(
        new,
        kind=new.kind or old.kind,
        stats=new.stats or old.stats,
        stp_state=new.stp_state or old.stp_state,
        port_number=new.port_number if new.port_number is not None else old.port_number,
        root=new.root or old.root,
        root_port=new.root_port if new.root_port is not None else old.root_port,
    )


def _state(link: Link) -> tuple[object, ...]:
    return (link.name, link.up, link.carrier, link.master, link.stp_state, link.mtu)


def raise_file_limit() -> int:
    """As many open files as this process may have; how many that is."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
