"""SNMPv3 messages of our own codec against an agent that shares no code with it, without a socket."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.access import Secret, SnmpAccess
from netdiag.collect import snmp_v3
from netdiag.collect.snmp_v2c import Response
from netdiag.errors import DecodeError, UsageError
from netdiag.lab.snmp import Responder, User, from_snmprec

ACCESS = SnmpAccess(
    "3", 161, None, "ops", "sha256", Secret("authpass1"), "aes128", Secret("privpass1")
)
SYS_NAME = (1, 3, 6, 1, 2, 1, 1, 5, 0)
VIEW = from_snmprec("1.3.6.1.2.1.1.5.0|4|sw-1\n1.3.6.1.2.1.1.6.0|4|attic")


def agent(**changes: Any) -> Responder:
    user = User("ops", "sha256", Secret("authpass1"), "aes128", Secret("privpass1"))
    return Responder(lambda _: None, [replace(user, **changes)], contexts={"": VIEW}.get)


def engine(access: SnmpAccess = ACCESS) -> snmp_v3.Engine:
    return snmp_v3.Engine(access, snmp_v3.Keys())


def ask(one: snmp_v3.Engine, responder: Responder, number: int, now: float) -> object:
    reply = responder.answer(one.request(number, (SYS_NAME,), None, b"", now), now)
    assert reply is not None
    return one.read(reply, now)


def known(responder: Responder, access: SnmpAccess = ACCESS) -> snmp_v3.Engine:
    """An engine after its discovery."""
    one = engine(access)
    report = ask(one, responder, 1, 50.0)
    assert isinstance(report, snmp_v3.Report)
    assert report.reason == snmp_v3.UNKNOWN_ENGINE
    one.learn(report.message, 50.0)
    return one


@pytest.mark.parametrize("auth", [*snmp_v3.AUTH])
@pytest.mark.parametrize("priv", [None, "aes128"])
def test_every_digest_with_and_without_privacy(auth, priv):
    responder = agent(auth=auth, priv=priv)
    found = ask(known(responder, replace(ACCESS, auth=auth, priv=priv)), responder, 2, 60.0)
    assert isinstance(found, Response)
    assert found.varbinds == [(SYS_NAME, b"sw-1")]


def test_a_user_without_any_protection():
    responder = agent(auth=None, priv=None)
    access = replace(ACCESS, auth=None, auth_key=None, priv=None, priv_key=None)
    found = ask(known(responder, access), responder, 2, 60.0)
    assert isinstance(found, Response)


def test_a_device_whose_clock_went_on_while_we_did_not_look_says_so():
    responder = agent()
    one = known(responder)
    reply = responder.answer(one.request(2, (SYS_NAME,), None, b"", 50.0), 900.0)
    report = one.read(reply or b"", 50.0)
    assert isinstance(report, snmp_v3.Report)
    assert report.reason == snmp_v3.NOT_IN_WINDOW
    one.learn(report.message, 50.0)
    again = responder.answer(one.request(3, (SYS_NAME,), None, b"", 51.0), 901.0)
    assert isinstance(one.read(again or b"", 51.0), Response)


def test_only_an_authentic_and_timely_answer_is_believed():
    responder = agent()
    one = known(responder)
    reply = responder.answer(one.request(2, (SYS_NAME,), None, b"", 60.0), 60.0) or b""
    assert isinstance(one.read(reply, 60.0), Response)
    for at in range(30, len(reply)):  # any octet of it changed
        forged = reply[:at] + bytes((reply[at] ^ 1,)) + reply[at + 1 :]
        try:
            found = one.read(forged, 60.0)
        except DecodeError:
            continue
        assert not isinstance(found, Response), at
    assert one.read(reply, 60.0 + 600) is None  # an old one, sent again
    plain = agent(auth=None, priv=None)
    open_access = replace(ACCESS, auth=None, auth_key=None, priv=None, priv_key=None)
    unsigned = plain.answer(
        known(plain, open_access).request(4, (SYS_NAME,), None, b"", 60.0), 60.0
    )
    assert one.read(unsigned or b"", 60.0) is None  # the same engine, without a signature


@given(st.binary(max_size=300))
def test_no_datagram_raises_anything_else(octets):
    one = engine()
    for data in (octets, b"\x30\x82\x01\x00\x02\x01\x03" + octets):
        with suppress(DecodeError):
            one.read(data, 1.0)


def test_keys_are_those_of_the_rfc():
    # RFC 3414 A.3.1 and A.3.2
    engine_id = bytes(11) + b"\x02"
    keys, secret = snmp_v3.Keys(), Secret("maplesyrup")
    assert keys.localized("md5", secret, engine_id).hex() == "526f5eed9fcce26f8964c2930787d82b"
    sha = keys.localized("sha", secret, engine_id)
    assert sha.hex() == "6695febc9288e36282235fc7151f128497b38f3f"
    assert keys.localized("sha", secret, engine_id, 32)[:20] == sha


def test_a_long_key_of_a_short_digest_is_that_of_pysnmp():
    import pysnmp.entity.engine  # noqa: F401  the modules below import each other in circles
    from pyasn1.type import univ  # type: ignore[import-untyped]
    from pysnmp.proto.secmod.eso.priv.aes256 import Aes256
    from pysnmp.proto.secmod.rfc3414 import localkey
    from pysnmp.proto.secmod.rfc3414.auth.hmacsha import HmacSha, sha1

    engine_id = bytes(11) + b"\x02"
    master = localkey.hash_passphrase(univ.OctetString("privpass1"), sha1)
    theirs = Aes256().localize_key(HmacSha.SERVICE_ID, master, univ.OctetString(engine_id))
    ours = snmp_v3.Keys().localized("sha", Secret("privpass1"), engine_id, 32)[:32]
    assert ours == bytes(theirs)


def test_what_is_no_protocol_or_no_password_is_said():
    with pytest.raises(UsageError, match="crc32"):
        snmp_v3.check(replace(ACCESS, auth="crc32"))
    with pytest.raises(UsageError, match="empty"):
        snmp_v3.Keys().localized("sha", Secret(""), b"engine")
