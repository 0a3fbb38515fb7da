"""Giving up what is no longer needed: once the socket or file is open, hostile octets meet nobody.

Rules: never fails the capture; what could not be given up is simply kept, as in a user namespace
that maps a single user.
"""

from __future__ import annotations

import ctypes
import os
import shlex
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


COMMAND = "NETDIAG_COMMAND"
"""Where whoever starts the capture process says what the person typed."""


def how_to_grant() -> str:
    """The one command that allows capturing to the person who was refused.

    An interpreter of this environment's own gets the capability for good. One that the whole machine
    uses must not: every script of everybody could read the wire then; this one run gets it instead,
    as the same person, with the same home and files.
    """
    python = Path(sys.executable)
    if not python.is_symlink() and sys.prefix != sys.base_prefix:
        return f"sudo setcap cap_net_raw=ep {shlex.quote(str(python))}"
    typed = os.environ.get(COMMAND) or f"{shlex.quote(str(python.parent / 'netdiag'))} …"
    return (
        f"sudo -E setpriv --reuid={os.getuid()} --regid={os.getgid()} --init-groups "
        f"--inh-caps=+net_raw --ambient-caps=+net_raw {typed}"
    )
