"""An SNMP agent (v1, v2c, v3 with USM) over views of object instances; no MIB of its own.

`Responder.answer` is pure: a datagram in, a datagram or silence out, time an argument. A wrong
community is met with silence, as in life; v3 faults with the report that RFC 3414 prescribes.
No datagram makes it raise. `serve` (asyncio) and `running` (a thread, for tests) put it on UDP.

Replaying a recorded walk:
    view = from_snmprec(path.read_text())
    with running(Responder({"public": view}.get)) as (host, port): ...
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

from netdiag.errors import DecodeError
from netdiag.lab import ber, usm
from netdiag.lab.ber import Oid
from netdiag.lab.usm import User
from netdiag.lab.view import View, from_snmprec

__all__ = ["Responder", "User", "View", "from_snmprec", "running", "serve"]

GET, GET_NEXT, RESPONSE, SET, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8
TOO_BIG, NO_SUCH_NAME, BAD_VALUE, NO_ACCESS, WRONG_VALUE, AUTHORIZATION_ERROR = 1, 2, 3, 6, 10, 16
_V1, _V2C, _V3 = 0, 1, 3
_AUTH_FLAG, _PRIV_FLAG, _REPORTABLE_FLAG = 1, 2, 4
_TIME_WINDOW_S = 150
_HEADER_RESERVE = 64
"""Octets around the bindings of a v2c response, besides the community."""
_V3_RESERVE = 200

_USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_UNSUPPORTED_LEVEL, _NOT_IN_WINDOW, _UNKNOWN_USER, _UNKNOWN_ENGINE, _WRONG_DIGEST, _DECRYPTION = (
    (*_USM_STATS, number, 0) for number in range(1, 7)
)
_UNKNOWN_CONTEXT = (1, 3, 6, 1, 6, 3, 12, 1, 5, 0)

Views = Callable[[str], View | None]
Write = Callable[[str, Oid, bytes], int]
"""(community or context, instance, encoded value) -> error-status, 0 for done."""


@dataclass(frozen=True, slots=True)
class _Pdu:
    """`first` and `second` are error-status and -index, of a GetBulk non-repeaters and max-repetitions."""

    tag: int
    request_id: int
    first: int
    second: int
    bindings: tuple[tuple[Oid, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Message3:
    """A version 3 message's header and security parameters (RFC 3412 section 6, RFC 3414 2.4)."""

    message_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: str
    digest: bytes
    salt: bytes
    digest_at: int
    """Where the digest stands in the datagram."""
    payload_tag: int
    payload: bytes


class Responder:
    """One agent. `views` answers for a community (`None`: silence), `contexts` for a v3 context name."""

    def __init__(
        self,
        views: Views,
        users: Sequence[User] = (),
        *,
        contexts: Views | None = None,
        write: Write | None = None,
        engine_id: bytes = b"\x80\x00\x00\x09\x03\x02\x00\x5e\x10\x00\x01",
        boots: int = 1,
        max_size: int = 1472,
    ) -> None:
        self.engine_id = engine_id
        self._views = views
        self._contexts = contexts or views
        self._users = {user.name: user for user in users}
        self._write = write
        self._boots = boots
        self._max_size = max_size
        self._salt = int.from_bytes(os.urandom(8), "big")
        self._reports: dict[Oid, int] = {}

    def answer(self, datagram: bytes, uptime_s: float = 0.0) -> bytes | None:
        """The response datagram, or `None` where a real agent keeps silent; `uptime_s` since its boot."""
        try:
            _, body, _ = ber.read(datagram, 0, ber.SEQUENCE)
            version, at = ber.read_integer(body, 0)
            if version in (_V1, _V2C):
                return self._answer_community(body, at, version)
            if version == _V3:
                return self._answer_v3(datagram, body, at, int(uptime_s))
        except DecodeError:
            pass
        return None

    # --- v1 and v2c ---

    def _answer_community(self, body: bytes, at: int, version: int) -> bytes | None:
        _, community, at = ber.read(body, at, ber.OCTETS)
        pdu = _read_pdu(body, at)
        name = community.decode("utf-8", "replace")
        view = self._views(name)
        if view is None:
            return None
        room = self._max_size - _HEADER_RESERVE - len(community)
        response = self._respond(view, name, pdu, version, room)
        if response is None:
            return None
        return ber.sequence(ber.integer(version), ber.octets(community), response)

    # --- v3 ---

    def _answer_v3(self, datagram: bytes, body: bytes, at: int, now: int) -> bytes | None:
        message = _read_v3(datagram, body, at)
        user = self._users.get(message.user)
        fault = self._security_fault(datagram, message, user, now)
        if fault is not None:
            return self._report(message, fault, now, user if fault == _NOT_IN_WINDOW else None)
        assert user is not None
        scoped = message.payload
        if message.flags & _PRIV_FLAG:
            key = user.privacy_key(self.engine_id)
            plain = usm.decrypt(key, message.boots, message.time, message.salt, scoped)
            try:
                _, scoped, _ = ber.read(plain, 0, ber.SEQUENCE)
            except DecodeError:
                return self._report(message, _DECRYPTION, now, None)
        return self._answer_scoped(message, user, scoped, now)

    def _answer_scoped(
        self, message: _Message3, user: User, scoped: bytes, now: int
    ) -> bytes | None:
        _, _engine, at = ber.read(scoped, 0, ber.OCTETS)
        _, context, at = ber.read(scoped, at, ber.OCTETS)
        pdu = _read_pdu(scoped, at)
        name = context.decode("utf-8", "replace")
        view = self._contexts(name)
        if view is None:
            return self._report(message, _UNKNOWN_CONTEXT, now, None)
        if message.flags & (_AUTH_FLAG | _PRIV_FLAG) < _level(user):
            refusal = _write_pdu(RESPONSE, pdu.request_id, AUTHORIZATION_ERROR, 0, pdu.bindings)
            return self._wrap(message, user, context, refusal, now)
        room = min(self._max_size, max(message.max_size, 484)) - _V3_RESERVE
        response = self._respond(view, name, pdu, _V3, room)
        if response is None:
            return None
        return self._wrap(message, user, context, response, now)

    def _security_fault(
        self, datagram: bytes, message: _Message3, user: User | None, now: int
    ) -> Oid | None:
        """What RFC 3414 3.2 finds wrong, in its order; `None` for nothing."""
        if message.engine_id != self.engine_id:
            return _UNKNOWN_ENGINE
        if user is None:
            return _UNKNOWN_USER
        wanted = message.flags & (_AUTH_FLAG | _PRIV_FLAG)
        if wanted == _PRIV_FLAG or wanted > _level(user):
            return _UNSUPPORTED_LEVEL
        is_secret = message.payload_tag == ber.OCTETS
        if is_secret != bool(wanted & _PRIV_FLAG) or (is_secret and len(message.salt) != 8):
            return _DECRYPTION
        if not wanted:
            return None
        if not self._digest_holds(datagram, message, user):
            return _WRONG_DIGEST
        in_window = abs(message.time - now) <= _TIME_WINDOW_S
        return None if message.boots == self._boots and in_window else _NOT_IN_WINDOW

    def _digest_holds(self, datagram: bytes, message: _Message3, user: User) -> bool:
        assert user.auth is not None
        length = usm.digest_length(user.auth)
        at = message.digest_at
        if len(message.digest) != length:
            return False
        zeroed = datagram[:at] + bytes(length) + datagram[at + length :]
        right = usm.digest(user.auth, user.authentication_key(self.engine_id), zeroed)
        return usm.digest_equal(right, message.digest)

    def _report(self, message: _Message3, fault: Oid, now: int, user: User | None) -> bytes | None:
        """The report that tells the sender what was wrong; only a time fault is told with a digest."""
        if not message.flags & _REPORTABLE_FLAG:
            return None
        self._reports[fault] = self._reports.get(fault, 0) + 1
        binding = (fault, ber.unsigned(ber.COUNTER32, self._reports[fault]))
        pdu = _write_pdu(REPORT, _request_id(message), 0, 0, (binding,))
        unsecured = replace(message, flags=_AUTH_FLAG if user else 0)
        return self._wrap(unsecured, user, b"", pdu, now)

    def _wrap(
        self, message: _Message3, user: User | None, context: bytes, pdu: bytes, now: int
    ) -> bytes:
        """A version 3 message around a PDU, at the security level of the message it answers."""
        flags = message.flags & (_AUTH_FLAG | _PRIV_FLAG)
        scoped = ber.sequence(ber.octets(self.engine_id), ber.octets(context), pdu)
        salt, digest_octets = b"", 0
        if user is not None and flags & _PRIV_FLAG:
            self._salt = (self._salt + 1) % (1 << 64)
            salt = self._salt.to_bytes(8, "big")
            key = user.privacy_key(self.engine_id)
            scoped = ber.octets(usm.encrypt(key, self._boots, now, salt, scoped))
        if user is not None and user.auth is not None and flags & _AUTH_FLAG:
            digest_octets = usm.digest_length(user.auth)

        def complete(digest: bytes) -> bytes:
            header = ber.sequence(
                ber.integer(message.message_id),
                ber.integer(self._max_size),
                ber.octets(bytes((flags,))),
                ber.integer(3),
            )
            security = ber.sequence(
                ber.octets(self.engine_id),
                ber.integer(self._boots),
                ber.integer(now),
                ber.octets(message.user),
                ber.octets(digest),
                ber.octets(salt),
            )
            return ber.sequence(ber.integer(_V3), header, ber.octets(security), scoped)

        datagram = complete(bytes(digest_octets))
        if user is None or user.auth is None or not digest_octets:
            return datagram
        return complete(usm.digest(user.auth, user.authentication_key(self.engine_id), datagram))

    # --- operations ---

    def _respond(self, view: View, name: str, pdu: _Pdu, version: int, room: int) -> bytes | None:
        """The response PDU; `None` for a PDU that an agent does not answer."""
        if pdu.tag == GET_BULK and version != _V1:
            return _bounded(pdu, _bulk(view, pdu, room), room)
        if pdu.tag == GET:
            return _one_by_one(view, pdu, version, room, _get)
        if pdu.tag == GET_NEXT:
            return _one_by_one(view, pdu, version, room, _next)
        if pdu.tag == SET:
            return self._set(name, pdu, version)
        return None

    def _set(self, name: str, pdu: _Pdu, version: int) -> bytes:
        for index, (oid, value) in enumerate(pdu.bindings, 1):
            status = NO_ACCESS if self._write is None else self._write(name, oid, value)
            if status:
                if version == _V1:
                    status = BAD_VALUE if status == WRONG_VALUE else NO_SUCH_NAME
                return _write_pdu(RESPONSE, pdu.request_id, status, index, pdu.bindings)
        return _write_pdu(RESPONSE, pdu.request_id, 0, 0, pdu.bindings)


def _get(view: View, oid: Oid) -> tuple[Oid, bytes]:
    return oid, view.get(oid) or view.missing(oid)


def _next(view: View, oid: Oid) -> tuple[Oid, bytes]:
    return view.next(oid) or (oid, ber.END_OF_MIB_VIEW)


def _one_by_one(
    view: View, pdu: _Pdu, version: int, room: int, look: Callable[[View, Oid], tuple[Oid, bytes]]
) -> bytes:
    """Get and GetNext; version 1 knows neither exceptions nor Counter64 (RFC 3584 section 4.2)."""
    found: list[tuple[Oid, bytes]] = []
    for index, (oid, _) in enumerate(pdu.bindings, 1):
        name, value = look(view, oid)
        while version == _V1 and look is _next and value[0] == ber.COUNTER64:
            name, value = look(view, name)
        if version == _V1 and (value[0] & 0x80 or value[0] == ber.COUNTER64):
            return _write_pdu(RESPONSE, pdu.request_id, NO_SUCH_NAME, index, pdu.bindings)
        found.append((name, value))
    return _bounded(pdu, found, room)


def _bulk(view: View, pdu: _Pdu, room: int) -> list[tuple[Oid, bytes]]:
    """GetBulk (RFC 3416 4.2.3), cut where the response is full."""
    head = max(pdu.first, 0)
    found = [_next(view, oid) for oid, _ in pdu.bindings[:head]]
    size = sum(map(_binding_size, found))
    row = [oid for oid, _ in pdu.bindings[head:]]
    for _ in range(max(pdu.second, 0)):
        following = [_next(view, oid) for oid in row]
        for binding in following:
            size += _binding_size(binding)
            if size > room and found:
                return found
            found.append(binding)
        row = [oid for oid, _ in following]
        if all(value == ber.END_OF_MIB_VIEW for _, value in following):
            break
    return found


def _binding_size(binding: tuple[Oid, bytes]) -> int:
    return len(ber.object_id(binding[0])) + len(binding[1]) + 4


def _bounded(pdu: _Pdu, found: Sequence[tuple[Oid, bytes]], room: int) -> bytes:
    if sum(map(_binding_size, found)) > room:
        return _write_pdu(RESPONSE, pdu.request_id, TOO_BIG, 0, ())
    return _write_pdu(RESPONSE, pdu.request_id, 0, 0, found)


def _level(user: User) -> int:
    return (_AUTH_FLAG if user.auth else 0) | (_PRIV_FLAG if user.priv else 0)


def _request_id(message: _Message3) -> int:
    """The request-id of a message that was not accepted, where it can be read; else 0 (RFC 3412 7.1)."""
    if message.payload_tag != ber.SEQUENCE:
        return 0
    try:
        _, _, at = ber.read(message.payload, 0, ber.OCTETS)
        _, _, at = ber.read(message.payload, at, ber.OCTETS)
        return _read_pdu(message.payload, at).request_id
    except DecodeError:
        return 0


def _read_pdu(buffer: bytes, at: int) -> _Pdu:
    tag, body, _ = ber.read(buffer, at)
    request_id, at = ber.read_integer(body, 0)
    first, at = ber.read_integer(body, at)
    second, at = ber.read_integer(body, at)
    _, listed, _ = ber.read(body, at, ber.SEQUENCE)
    bindings: list[tuple[Oid, bytes]] = []
    at = 0
    while at < len(listed):
        _, binding, at = ber.read(listed, at, ber.SEQUENCE)
        _, name, value_at = ber.read(binding, 0, ber.OBJECT_ID)
        _, _, end = ber.read(binding, value_at)
        bindings.append((ber.to_oid(name), binding[value_at:end]))
    return _Pdu(tag, request_id, first, second, tuple(bindings))


def _write_pdu(
    tag: int, request_id: int, status: int, index: int, bindings: Sequence[tuple[Oid, bytes]]
) -> bytes:
    listed = b"".join(ber.sequence(ber.object_id(oid), value) for oid, value in bindings)
    numbers = ber.integer(request_id) + ber.integer(status) + ber.integer(index)
    return ber.tlv(tag, numbers + ber.tlv(ber.SEQUENCE, listed))


def _read_v3(datagram: bytes, body: bytes, at: int) -> _Message3:
    _, header, at = ber.read(body, at, ber.SEQUENCE)
    message_id, after = ber.read_integer(header, 0)
    max_size, after = ber.read_integer(header, after)
    _, flags, after = ber.read(header, after, ber.OCTETS)
    model, _ = ber.read_integer(header, after)
    if len(flags) != 1 or model != 3:
        raise DecodeError(f"SNMPv3: security model {model}, {len(flags)} flag octets")
    _, parameters, at = ber.read(body, at, ber.OCTETS)
    # Contents end where the next element starts, which gives their place in the datagram.
    body_at = _contents_at(datagram, body, 0)
    parameters_at = body_at + at - len(parameters)
    _, security, after = ber.read(parameters, 0, ber.SEQUENCE)
    security_at = parameters_at + after - len(security)
    _, engine_id, after = ber.read(security, 0, ber.OCTETS)
    boots, after = ber.read_integer(security, after)
    seconds, after = ber.read_integer(security, after)
    _, user, after = ber.read(security, after, ber.OCTETS)
    _, digest, after = ber.read(security, after, ber.OCTETS)
    digest_at = security_at + after - len(digest)
    _, salt, _ = ber.read(security, after, ber.OCTETS)
    payload_tag, payload, _ = ber.read(body, at)
    if not (0 <= boots <= 0x7FFFFFFF and 0 <= seconds <= 0x7FFFFFFF):
        raise DecodeError(f"SNMPv3: boots {boots}, time {seconds}")
    return _Message3(
        message_id, max_size, flags[0], engine_id, boots, seconds,
        user.decode("utf-8", "replace"), digest, salt, digest_at, payload_tag, payload,
    )  # fmt: skip


def _contents_at(buffer: bytes, contents: bytes, at: int) -> int:
    _, _, after = ber.read(buffer, at)
    return after - len(contents)


# --- on the wire ---------------------------------------------------------------------------------

Gate = Callable[[bytes], bool]
"""Whether this request datagram gets through to the agent, and its answer back."""


def _always(_: bytes) -> bool:
    return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(
        self,
        responder: Responder,
        gate: Gate,
        uptime: Callable[[], float],
        latency: Callable[[], float],
    ) -> None:
        self._responder, self._gate, self._uptime = responder, gate, uptime
        self._latency = latency
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not every loop's transport derives from DatagramTransport, though each is one.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if self._transport is None or not self._gate(data):
            return
        response = self._responder.answer(data, self._uptime())
        if response is None:
            return
        late = self._latency()
        if late:
            asyncio.get_running_loop().call_later(late, self._transport.sendto, response, addr)
        else:
            self._transport.sendto(response, addr)


async def serve(
    responder: Responder,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    gate: Gate = _always,
    uptime: Callable[[], float] = lambda: 0.0,
    latency: Callable[[], float] = lambda: 0.0,
) -> asyncio.DatagramTransport:
    """Answers on a UDP port of the running loop until the transport is closed."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(responder, gate, uptime, latency), local_addr=(host, port)
    )
    return transport


@contextmanager
def running(
    responder: Responder, host: str = "127.0.0.1", port: int = 0, *, gate: Gate = _always
) -> Iterator[tuple[str, int]]:
    """Answers from a thread of its own while the block runs; yields (host, port)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, port))
        sock.settimeout(0.1)
        over = threading.Event()
        thread = threading.Thread(
            target=_answer_until, args=(responder, sock, gate, over), daemon=True
        )
        thread.start()
        try:
            yield sock.getsockname()
        finally:
            over.set()
            thread.join()


def _answer_until(
    responder: Responder, sock: socket.socket, gate: Gate, over: threading.Event
) -> None:
    started = time.monotonic()
    while not over.is_set():
        try:
            datagram, sender = sock.recvfrom(65535)
        except TimeoutError:
            continue
        if gate(datagram):
            response = responder.answer(datagram, time.monotonic() - started)
            if response is not None:
                sock.sendto(response, sender)
