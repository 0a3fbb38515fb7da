"""The practice network's bytes: what is encoded is decoded again, and rubbish is only DecodeError."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.errors import DecodeError
from netdiag.lab import frames

macs = st.binary(min_size=6, max_size=6)
ips = st.binary(min_size=4, max_size=4)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)

arps = st.builds(frames.Arp, u16, macs, ips, macs, ips)
datagrams = st.builds(frames.Datagram, u16, u16, st.binary(max_size=300))
echoes = st.builds(frames.Echo, st.sampled_from((0, 8)), u16, u16, st.binary(max_size=64))
packets = st.builds(
    frames.Packet, ips, ips, st.integers(0, 255), st.binary(max_size=300), u16, st.integers(1, 255)
)
dhcps = st.builds(
    frames.Dhcp, st.sampled_from((1, 2)), u32, macs,
    st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=255)), max_size=8).map(tuple),
    u16, u16, ips, ips, ips, ips,
)  # fmt: skip
lldps = st.builds(frames.Lldp, macs, words, u16, words, words, words, st.none() | ips)
bpdus = st.builds(frames.Bpdu, u16, macs, u32, u16, macs, u16)


@given(arps, macs)
def test_arp_round_trip(arp: frames.Arp, dst: bytes) -> None:
    octets = frames.encode_arp(arp, dst)
    assert frames.decode_arp(octets) == arp
    assert octets[:12] == dst + arp.sender_mac
    assert len(octets) == 60


@given(packets, macs, macs)
def test_ipv4_round_trip_through_padding(packet: frames.Packet, dst: bytes, src: bytes) -> None:
    octets = frames.ethernet(dst, src, frames.ETHERTYPE_IPV4, frames.encode_ipv4(packet))
    assert len(octets) >= 60
    assert frames.decode_ipv4(octets) == packet


@given(datagrams, ips, ips)
def test_udp_round_trip(datagram: frames.Datagram, src: bytes, dst: bytes) -> None:
    octets = frames.encode_udp(datagram, src, dst)
    packet = frames.Packet(src, dst, frames.PROTOCOL_UDP, octets)
    assert frames.decode_udp(packet) == datagram
    broken = bytes((octets[0] ^ 1,)) + octets[1:]
    with pytest.raises(DecodeError, match="checksum"):
        frames.decode_udp(replace(packet, payload=broken))


@given(echoes)
def test_echo_round_trip(echo: frames.Echo) -> None:
    packet = frames.Packet(b"\1\2\3\4", b"\5\6\7\x08", 1, frames.encode_echo(echo))
    assert frames.decode_echo(packet) == echo


@given(dhcps)
def test_dhcp_round_trip(message: frames.Dhcp) -> None:
    octets = frames.encode_dhcp(message)
    assert len(octets) >= 300
    assert frames.decode_dhcp(octets) == message


@given(lldps, macs)
def test_lldp_round_trip(unit: frames.Lldp, src: bytes) -> None:
    assert frames.decode_lldp(frames.encode_lldp(unit, src)) == unit


@given(bpdus, macs)
def test_bpdu_round_trip(bpdu: frames.Bpdu, src: bytes) -> None:
    assert frames.decode_bpdu(frames.encode_bpdu(bpdu, src)) == bpdu


@given(macs, macs, st.binary(max_size=100), st.integers(1, 4094))
def test_tag_round_trip(dst: bytes, src: bytes, payload: bytes, vlan: int) -> None:
    plain = frames.ethernet(dst, src, b"\x88\xb5", payload)
    tagged = frames.tag(plain, vlan)
    assert tagged[12:14] == b"\x81\x00"
    assert len(tagged) == len(plain) + 4
    assert frames.untag(tagged) == (vlan, plain)
    assert frames.untag(plain) == (None, plain)


@pytest.mark.parametrize(
    ("head", "decode"),
    [
        (frames.ETHERTYPE_ARP, frames.decode_arp),
        (frames.ETHERTYPE_IPV4, frames.decode_ipv4),
        (frames.ETHERTYPE_LLDP, frames.decode_lldp),
        (b"\0\x26\x42\x42\x03", frames.decode_bpdu),
        (frames.TPID, frames.untag),
    ],
)
@given(rest=st.binary(max_size=120))
def test_rubbish_frames_raise_only_decode_error(
    head: bytes, decode: Callable[[bytes], object], rest: bytes
) -> None:
    with contextlib.suppress(DecodeError):
        decode(bytes(12) + head + rest)


@given(st.binary(max_size=300), packets)
def test_rubbish_payloads_raise_only_decode_error(octets: bytes, packet: frames.Packet) -> None:
    for protocol, decode in ((17, frames.decode_udp), (1, frames.decode_echo)):
        with contextlib.suppress(DecodeError):
            decode(replace(packet, protocol=protocol))
    dhcp = b"\x02\x01\x06".ljust(236, b"\0") + bytes.fromhex("63825363") + octets
    with contextlib.suppress(DecodeError):
        frames.decode_dhcp(dhcp)


def test_a_known_arp_request_is_the_standards_bytes() -> None:
    arp = frames.Arp(
        1, bytes.fromhex("001122334455"), bytes((10, 0, 0, 1)), bytes(6), bytes((10, 0, 0, 2))
    )
    expected = "ffffffffffff 001122334455 0806 0001 0800 06 04 0001 001122334455 0a000001 000000000000 0a000002"
    assert frames.encode_arp(arp, frames.BROADCAST) == bytes.fromhex(expected).ljust(60, b"\0")


def test_a_known_ip_header_checksum() -> None:
    # The example of RFC 1071's many explanations: 45 00 00 73 .. gives b861.
    head = bytes.fromhex("450000730000400040110000c0a80001c0a800c7")
    assert frames.checksum(head) == 0xB861


def test_addresses_as_text() -> None:
    assert frames.mac_bytes("AA:bb:cc:00:11:22") == bytes.fromhex("aabbcc001122")
    assert frames.mac_text(frames.made_by("50:c7:bf", b"\1\2\3")) == "50:c7:bf:01:02:03"
    assert frames.ip_text(frames.ip_bytes("10.10.0.1")) == "10.10.0.1"
    for wrong in ("aa:bb", "not a mac", ""):
        with pytest.raises(DecodeError, match="not a MAC"):
            frames.mac_bytes(wrong)
