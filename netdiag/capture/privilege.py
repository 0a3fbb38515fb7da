"""Giving up what is no longer needed: once the socket or file is open, hostile octets meet nobody.

Rules: never fails the capture; what could not be given up is simply kept, as in a user namespace
that maps a single user.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

NOBODY = 65534
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


def drop() -> None:
    """Becomes nobody if root, and lays down every capability."""
    if not sys.platform.startswith("linux"):
        return
    if os.geteuid() == 0:
        with suppress(OSError):
            os.setgroups([])
        with suppress(OSError):
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def how_to_grant() -> str:
    """The one command that allows capturing to the person who was refused."""
    python = Path(sys.executable)
    if (
        not python.is_symlink() and sys.prefix != sys.base_prefix
    ):  # a copy of this environment's own
        return f"sudo setcap cap_net_raw=ep {python}"
    return f"sudo {python.parent / 'netdiag'} …  (the same command line, as root)"
