"""The v2c codec against pysnmp's own, and against whatever else may arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder  # type: ignore[import-untyped]
from pysnmp.proto.api import v2c

from netdiag.collect import snmp_v2c
from netdiag.decode.oids import Oid
from netdiag.errors import DecodeError

_NUMBERS = st.one_of(st.integers(0, 127), st.integers(0, 2**32 - 1))
_OIDS = st.tuples(
    st.integers(0, 2), st.integers(0, 39), st.lists(_NUMBERS, min_size=1, max_size=14)
).map(lambda t: (t[0], t[1], *t[2]))


def encoded(varbinds: list[tuple[Oid, object]], number: int, status: int = 0) -> bytes:
    """A response by pysnmp."""
    pdu = v2c.GetResponsePDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_request_id(pdu, number)
    v2c.apiPDU.set_error_status(pdu, status)
    v2c.apiPDU.set_varbinds(pdu, [(v2c.ObjectIdentifier(o), v) for o, v in varbinds])
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, b"campus")
    v2c.apiMessage.set_pdu(message, pdu)
    found: bytes = encoder.encode(message)
    return found


_VALUES = st.one_of(
    st.tuples(st.just(v2c.Integer32), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(v2c.Counter32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(v2c.Gauge32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(v2c.TimeTicks), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(v2c.Counter64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(v2c.OctetString), st.binary(max_size=300)),
    st.tuples(st.just(v2c.ObjectIdentifier), _OIDS),
)


@given(st.lists(st.tuples(_OIDS, _VALUES), max_size=6), st.integers(0, 2**31 - 1))
def test_what_pysnmp_encodes_is_decoded(
    varbinds: list[tuple[Oid, tuple[type, object]]], number: int
) -> None:
    data = encoded([(o, kind(value)) for o, (kind, value) in varbinds], number)
    found = snmp_v2c.response(data)
    assert (found.community, found.number, found.status) == (b"campus", number, 0)
    assert found.varbinds == [(o, value) for o, (_, value) in varbinds]


def test_what_is_no_value_is_none_and_errors_are_told() -> None:
    from pysnmp.proto import rfc1905

    nothing = [rfc1905.noSuchObject, rfc1905.noSuchInstance, rfc1905.endOfMibView, v2c.Null("")]
    data = encoded([((1, 3, n + 1), value) for n, value in enumerate(nothing)], 7, status=5)
    found = snmp_v2c.response(data)
    assert [value for _, value in found.varbinds] == [None] * 4
    assert (found.number, found.status) == (7, 5)
    address = encoded([((1, 3, 6), v2c.IpAddress("10.0.0.1"))], 8)
    assert snmp_v2c.response(address).varbinds == [((1, 3, 6), b"\x0a\x00\x00\x01")]


@given(st.lists(_OIDS, min_size=1, max_size=30), st.integers(0, 2**31 - 1), st.integers(0, 100))
def test_requests_are_what_pysnmp_understands(
    oids: list[Oid], number: int, repetitions: int
) -> None:
    from pyasn1.codec.ber import decoder

    for repeat in (None, repetitions):
        data = snmp_v2c.request(b"campus@10", number, oids, repeat)
        message, rest = decoder.decode(data, asn1Spec=v2c.Message())
        assert not rest
        assert bytes(v2c.apiMessage.get_community(message)) == b"campus@10"
        pdu = v2c.apiMessage.get_pdu(message)
        assert int(v2c.apiPDU.get_request_id(pdu)) == number
        api = v2c.apiPDU if repeat is None else v2c.apiBulkPDU
        if repeat is not None:
            assert int(api.get_max_repetitions(pdu)) == repeat
            assert int(api.get_non_repeaters(pdu)) == 0
        assert [tuple(o) for o, _ in api.get_varbinds(pdu)] == oids


@given(st.binary(max_size=200), st.integers(0, 60), st.binary(min_size=1, max_size=3))
def test_garbage_is_a_decode_error_or_a_response(blind: bytes, at: int, patch: bytes) -> None:
    whole = encoded([((1, 3, 6, 1, 2, 1, 300), v2c.Counter64(2**40))], 77)
    for data in (blind, whole[:at], whole[:at] + patch + whole[at + len(patch) :], whole + blind):
        try:
            found = snmp_v2c.response(data)
        except DecodeError:
            continue
        assert isinstance(found, snmp_v2c.Response)


def test_a_response_of_another_version_or_kind_is_none() -> None:
    data = encoded([], 1)
    with pytest.raises(DecodeError):
        snmp_v2c.response(
            data.replace(b"\x02\x01\x01\x04\x06campus", b"\x02\x01\x00\x04\x06campus")
        )
    with pytest.raises(DecodeError):
        snmp_v2c.response(snmp_v2c.request(b"campus", 1, [(1, 3)]))
