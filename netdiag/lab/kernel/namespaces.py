"""Named network namespaces, and the one thread that goes into them.

The process itself stays where it is; a thread that lives in a namespace of its own goes into the
others and back, opens sockets there (they stay there, whoever uses them) and starts programs. So no
command of the lab can meet an interface of the host. `/run/netns` is this process' own: see `cage`.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from netdiag.errors import LabError
from netdiag.lab.kernel.netlink import Netlink

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
FOLDER = Path("/run/netns")
_MS_BIND = 0x1000
_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """A C library call that answers 0; `OSError` else."""
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


class Namespaces:
    """All namespaces of one lab."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "netns")
        self._home = self._thread.submit(self._settle).result()
        self._names: set[str] = set()
        self.netlink = self._thread.submit(lambda: Netlink(route_socket())).result()
        """The route socket of the thread's own, empty namespace: cables are made from there."""

    @staticmethod
    def _settle() -> int:
        call("unshare", CLONE_NEWNET)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def add(self, name: str, sysctl: Mapping[str, str]) -> None:
        """A new namespace with those settings (`ipv4/ip_forward`), its loopback up."""
        if name in self._names:
            raise LabError(f"there is a namespace {name!r} already")
        self._thread.submit(self._add, name, sysctl).result()
        self._names.add(name)

    def _add(self, name: str, sysctl: Mapping[str, str]) -> None:
        path = FOLDER / name
        path.touch()
        try:
            call("unshare", CLONE_NEWNET)
            call("mount", b"/proc/thread-self/ns/net", bytes(path), b"none", _MS_BIND, None)
            for key, value in sysctl.items():
                setting = Path("/proc/sys/net") / key
                if setting.exists():  # a kernel without IPv6 has nothing to switch off
                    setting.write_text(value, encoding="ascii")
            route = Netlink(route_socket())
            route.set_link("lo", up=True)
            route.close()
        finally:
            call("setns", self._home, CLONE_NEWNET)

    def remove(self, name: str) -> None:
        """Its devices go with it, once nobody holds a socket in it."""
        if name in self._names:
            self._names.discard(name)
            self._thread.submit(self._remove, name).result()

    @staticmethod
    def _remove(name: str) -> None:
        path = FOLDER / name
        call("umount2", bytes(path), 2)
        path.unlink()

    def names(self) -> tuple[str, ...]:
        """Those that exist."""
        return tuple(sorted(self._names))

    def within(self, name: str, do: Callable[[], T]) -> T:
        """Calls in that namespace; sockets that it opens stay there."""
        return self._thread.submit(self._within, name, do).result()

    def _within(self, name: str, do: Callable[[], T]) -> T:
        descriptor = self.descriptor(name)
        try:
            call("setns", descriptor, CLONE_NEWNET)
            return do()
        finally:
            os.close(descriptor)
            call("setns", self._home, CLONE_NEWNET)

    def descriptor(self, name: str) -> int:
        """An open file that stands for it; the caller closes it."""
        if name not in self._names:
            raise LabError(f"there is no namespace {name!r}")
        return os.open(FOLDER / name, os.O_RDONLY | os.O_CLOEXEC)

    def run(self, name: str, command: Sequence[str], given: str = "") -> str:
        """Runs a program there and waits; `LabError` with its last words when it fails."""

        def go() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command, input=given, capture_output=True, text=True, check=False, timeout=30
            )

        done = self.within(name, go)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LabError(f"{command[0]} in {name}: {said[-1] if said else done.returncode}")
        return done.stdout

    def spawn(self, name: str, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Starts a program there that goes on by itself."""

        def go() -> subprocess.Popen[bytes]:
            with log.open("ab") as out:
                return subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
                )

        return self.within(name, go)


def route_socket(groups: int = 0) -> socket.socket:
    """A route socket of the namespace in which this is called; with groups it hears of changes."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    sock.bind((0, groups))
    return sock
