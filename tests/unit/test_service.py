"""What users need beyond their gateway: a name that resolves, a port that accepts; asked on real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.collect import service
from netdiag.collect.service import Way
from netdiag.decode import dns
from netdiag.errors import DecodeError
from netdiag.model import ServiceCheck

SERVER = "127.0.53.1"


def reply(query: bytes, *, code: int = 0, address: str | None = "192.0.2.7") -> bytes:
    xid = query[:2]
    records = b"" if address is None else b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)  # fmt: skip
    return xid + struct.pack("!HHHHH", 0x8180 | code, 1, bool(records), 0, 0) + query[12:] + records


@pytest.fixture
def resolver() -> Iterator[Way]:
    """A DNS server on loopback: `good.example` is a name, others are none; first it sends rubbish."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((SERVER, 0))
        sock.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    query, client = sock.recvfrom(512)
                except TimeoutError:
                    continue
                sock.sendto(b"rubbish", client)
                known = b"\x04good" in query
                sock.sendto(reply(query) if known else reply(query, code=3, address=None), client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Way((SERVER,), None, sock.getsockname()[1])
        over.set()
        thread.join()


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_name_that_resolves_is_proven_and_rubbish_is_no_answer(resolver: Way) -> None:
    (asked,) = service.ask([ServiceCheck("web", dns="good.example")], resolver)
    assert (asked.works, asked.detail) == (True, f"{SERVER} says 192.0.2.7")


def test_a_name_that_does_not_resolve_fails(resolver: Way) -> None:
    (asked,) = service.ask([ServiceCheck("web", dns="bad.example")], resolver)
    assert (asked.works, asked.detail) == (False, f"{SERVER}: no such name")


def test_without_a_server_it_could_not_be_asked() -> None:
    (asked,) = service.ask([ServiceCheck("web", dns="good.example")], Way())
    assert asked.works is None


def test_an_application_that_accepts_is_proven(listening: int) -> None:
    check = ServiceCheck("erp", host="127.0.0.1", port=listening)
    (asked,) = service.ask([check], Way(interface="lo"))
    assert asked.works is True
    assert asked.what == f"erp: 127.0.0.1 port {listening} accepts"
    assert asked.detail.startswith("127.0.0.1 in ")


def test_an_application_that_refuses_fails() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        check = ServiceCheck("erp", host="127.0.0.1", port=taken.getsockname()[1])
        (asked,) = service.ask([check], Way())
    assert asked.works is False
    assert "refused" in asked.detail


@given(st.binary(max_size=80), st.booleans())
def test_no_answer_raises_anything_else(octets: bytes, headed: bool) -> None:
    whole = struct.pack("!HHHHHH", 7, 0x8180, 1, 3, 0, 0) + octets if headed else octets
    try:
        found = dns.answer(whole, 7)
    except DecodeError:
        return
    assert len(found.addresses) <= 64


@pytest.mark.parametrize("name", ["", "a" * 64 + ".example", "a..b", ".".join(["abcd"] * 80)])
def test_what_dns_cannot_carry_is_not_asked(name: str) -> None:
    with pytest.raises(DecodeError):
        dns.question(name, 1)
