"""Where the lab lives: private mount and process namespaces, and a user namespace where one is no root.

The caller becomes two processes: the outer one waits, the inner one is process 1 of its world.
Whatever ends either of them, `kill -9` included, ends every process, namespace and interface inside:
nothing is left on the host, and nothing on the host was ever changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from netdiag.errors import LabError
from netdiag.lab.kernel.namespaces import FOLDER, call

_NEWNS, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
_MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x4000, 1 << 18, 2, 4, 8
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Cage:
    """What the host calls the two processes."""

    outer_pid: int
    inner_pid: int
    user_namespace: bool


def enter() -> Cage:
    """Returns in the inner process; the outer one never returns, it ends with the inner one's status.

    To be called before there is a thread. `LabError` where this system does not allow it.
    """
    outer, user = os.getpid(), os.geteuid() != 0
    uid, gid = os.geteuid(), os.getegid()
    try:
        call("unshare", _NEWNS | _NEWPID | (_NEWUSER if user else 0))
        if user:
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
    except OSError as exc:
        raise LabError(
            f"this system lets you make no private namespaces: {exc}{_advice()}"
        ) from exc
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(reading)
        os.write(writing, f"{child}\n".encode())
        os.close(writing)
        _wait(child)
    os.close(writing)
    with os.fdopen(reading) as told:
        line = told.readline()
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if not line or os.getpid() != 1:
        os._exit(1)
    _furnish()
    return Cage(outer, int(line), user)


def _wait(child: int) -> None:
    """The outer process: hands signals on, and ends as the inner one does."""

    def hand_on(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hand_on)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _furnish() -> None:
    """A /proc of its own, and an empty /run; mounts inside do not show outside."""
    call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    safe = _MS_NOSUID | _MS_NODEV
    call("mount", b"proc", b"/proc", b"proc", safe | _MS_NOEXEC, None)
    call("mount", b"tmpfs", b"/run", b"tmpfs", safe, b"size=16m,mode=755")
    FOLDER.mkdir()


def refused() -> str | None:
    """Why `enter` would not work here; `None` where it does. Tries it in a child."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's; this is " + sys.platform
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            call("unshare", _NEWNS | _NEWPID | _NEWNET | (_NEWUSER if os.geteuid() else 0))
        except OSError as exc:
            os.write(writing, f"{exc.strerror}{_advice()}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        said = told.read()
    os.waitpid(child, 0)
    return said or None


def _advice() -> str:
    """What usually stands in the way, by the system's own settings."""
    for setting, wanted in (
        ("kernel/apparmor_restrict_unprivileged_userns", "0"),
        ("kernel/unprivileged_userns_clone", "1"),
    ):
        path = Path("/proc/sys") / setting
        with contextlib.suppress(OSError):
            if path.read_text(encoding="ascii").strip() != wanted and os.geteuid() != 0:
                return f" ({setting.replace('/', '.')} is not {wanted}: as root it works)"
    return ""


ctypes.CDLL(None)  # the C library is loaded before the fork
