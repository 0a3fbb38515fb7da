"""What this machine can do for netdiag, and how to get the rest: looked at, not assumed."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that this machine can or cannot do."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""


def machine() -> Iterator[Finding]:
    """Raw sockets, interfaces, and the optional parts."""
    yield Finding("python", ok=True, detail=".".join(map(str, sys.version_info[:3])))
    yield raw_sockets()
    names = [name for _, name in socket.if_nameindex()] if hasattr(socket, "if_nameindex") else []
    yield Finding("interfaces", ok=bool(names), detail=", ".join(names) or "none")
    for module, what, remedy in (
        ("keyring", "keyring: secrets", "pip install 'netdiag[secrets]'"),
        ("weasyprint", "PDF reports", "pip install 'netdiag[pdf]'"),
    ):
        here = importlib.util.find_spec(module) is not None
        yield Finding(
            what,
            ok=here,
            detail="installed" if here else "not installed",
            remedy="" if here else remedy,
        )
    for program, what in (("ssh", "plain ssh"), ("snmpbulkwalk", "Net-SNMP's tools")):
        path = shutil.which(program)
        yield Finding(
            what, ok=path is not None, detail=path or "not here; netdiag does not need it"
        )


def raw_sockets() -> Finding:
    """Tries to open one: capabilities, containers and other systems make any rule wrong."""
    family = getattr(socket, "AF_PACKET", None)
    if family is None:
        return Finding(
            "live capture",
            ok=False,
            detail="this system has no AF_PACKET",
            remedy="read capture files: netdiag pcap",
        )
    try:
        socket.socket(family, socket.SOCK_RAW, 0).close()
    except PermissionError:
        remedy = f"sudo setcap cap_net_raw=ep {sys.executable} (its real path), or run sniff and sweep with sudo"
        return Finding(
            "live capture", ok=False, detail="no permission for raw sockets", remedy=remedy
        )
    return Finding("live capture", ok=True, detail="raw sockets can be opened")
