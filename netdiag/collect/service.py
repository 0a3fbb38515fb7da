"""Asks for what users need beyond their gateway: a name in DNS, a TCP port; nothing is sent into either.

One question and one connection a check, a few seconds in all; from the sensor's interface where the
system lets this user bind to it, else from this machine, which is said.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import ip_address

from netdiag.decode import dns
from netdiag.errors import DecodeError
from netdiag.model import ServiceCheck
from netdiag.text import clean

TIMEOUT_S = 3.0
_AT_ONCE = 8
_MOST = 40
"""Checks that are asked; more would make the repair wait for its proof."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that was asked, and what came of it; `works` of `None`: it could not be asked."""

    what: str
    works: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Way:
    """From where to ask, and whom for names."""

    servers: tuple[str, ...] = ()
    """DNS servers, in order of trust."""
    interface: str | None = None
    """`None`: from wherever this machine would."""
    dns_port: int = 53


def ask(checks: Sequence[ServiceCheck], way: Way) -> tuple[Asked, ...]:
    """Every check, the first forty of them."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        jobs = [pool.submit(_one, c, way) for c in checks[:_MOST]]
        return tuple(asked for job in jobs for asked in job.result())


def _one(check: ServiceCheck, way: Way) -> list[Asked]:
    found: list[Asked] = []
    way = replace(way, servers=(check.server,)) if check.server else way
    name = check.dns
    if name:
        what = f"{check.name}: {name} resolves"
        found.append(_guarded(what, lambda: _resolves(name, way)))
    if check.host and check.port:
        what = f"{check.name}: {check.host} port {check.port} accepts"
        found.append(_guarded(what, lambda: _accepts(check, way)))
    return found


def _guarded(what: str, work: Callable[[], tuple[bool | None, str]]) -> Asked:
    try:
        works, detail = work()
    except (OSError, DecodeError, UnicodeError) as exc:
        works, detail = False, str(exc) or type(exc).__name__
    return Asked(what, works, clean(detail, 200))


def _resolves(name: str, way: Way) -> tuple[bool | None, str]:
    if not way.servers:
        return (
            None,
            "no DNS server is known: the inventory names one by `server` or dhcp_servers' dns",
        )
    said: list[str] = []
    for server in way.servers[:3]:
        answer = _query(name, server, way)
        if answer is not None and answer.addresses:
            return True, f"{server} says {', '.join(answer.addresses[:4])}"
        why = "no answer" if answer is None else answer.refusal or "no address"
        said.append(f"{server}: {why}")
    return False, "; ".join(said)


def _query(name: str, server: str, way: Way) -> dns.DnsAnswer | None:
    """What a server answers within the time; `None` for silence and for what is no answer."""
    xid = secrets.randbelow(65536)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        _bind(sock, way.interface)
        # Connected: the kernel drops what comes from anybody else.
        sock.connect((server, way.dns_port))
        sock.send(dns.question(name, xid))
        ends = time.monotonic() + TIMEOUT_S
        while (left := ends - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                return dns.answer(sock.recv(4096), xid)
            except TimeoutError:
                return None
            except DecodeError:
                continue
    return None


def _accepts(check: ServiceCheck, way: Way) -> tuple[bool | None, str]:
    host, port = check.host or "", check.port or 0
    address = host if _is_address(host) else None
    if address is None:
        for server in way.servers[:3]:
            answer = _query(host, server, way)
            address = answer.addresses[0] if answer is not None and answer.addresses else None
            if address:
                break
        if address is None:
            return (
                (False, "its name does not resolve")
                if way.servers
                else (None, "no DNS server is known")
            )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        from_there = _bind(sock, way.interface)
        sock.settimeout(TIMEOUT_S)
        started = time.monotonic()
        sock.connect((address, port))
        took = time.monotonic() - started
    place = f"from {way.interface}" if from_there else "from this machine"
    return True, f"{address} in {1000 * took:.0f} ms, {place}"


def _bind(sock: socket.socket, interface: str | None) -> bool:
    """To the sensor's interface (SO_BINDTODEVICE; since Linux 5.7 for any user); whether it was possible."""
    if interface is None or not hasattr(socket, "SO_BINDTODEVICE"):
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except PermissionError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
