"""The agent's SNMP against net-snmp's and pysnmp's clients, RFC 3414's vectors, and nonsense."""

import asyncio
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.access import Secret
from netdiag.errors import DecodeError
from netdiag.lab import ber, usm
from netdiag.lab.snmp import Responder, User, View, from_snmprec, running

WALK = """1.3.6.1.2.1.1.1.0|4|a switch
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1208
1.3.6.1.2.1.1.3.0|67|4242
1.3.6.1.2.1.1.5.0|4x|7377c3bc
1.3.6.1.2.1.2.2.1.5.1|66|1000000000
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.4.20.1.1.10.0.0.1|64|10.0.0.1
1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615
1.3.6.1.2.1.31.1.1.1.6.2|70|7
"""
AUTH_PRIV = User("ops", "sha", Secret("authpass1"), "aes128", Secret("privpass1"))
AUTH_PRIV_256 = User("ops256", "sha256", Secret("authpass2"), "aes128", Secret("privpass2"))
AUTH_ONLY = User("look", "sha", Secret("authpass3"))
USERS = (AUTH_PRIV, AUTH_PRIV_256, AUTH_ONLY)
V3 = {
    "ops": ["-u", "ops", "-l", "authPriv", "-a", "SHA", "-A", "authpass1", "-x", "AES", "-X", "privpass1"],
    "ops256": ["-u", "ops256", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass2", "-x", "AES", "-X", "privpass2"],
    "look": ["-u", "look", "-l", "authNoPriv", "-a", "SHA", "-A", "authpass3"],
}  # fmt: skip


def responder() -> Responder:
    view = from_snmprec(WALK)
    return Responder({"public": view}.get, USERS, contexts={"": view}.get)


@pytest.fixture(scope="module")
def address():
    with running(responder()) as (host, port):
        yield f"{host}:{port}"


def net_snmp(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (Debian package snmp)")
    line = [tool, "-m", "", "-On", "-t", "1", "-r", "0", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize(
    "options", [["-v2c", "-c", "public"], *(["-v3", *o] for o in V3.values())], ids=["v2c", *V3]
)
def test_net_snmp_walks_the_whole_view(address, options):
    walk = net_snmp("snmpbulkwalk", *options, address, ".1.3.6.1")
    assert walk.returncode == 0, walk.stderr
    lines = walk.stdout.splitlines()
    assert lines[0] == '.1.3.6.1.2.1.1.1.0 = STRING: "a switch"'
    assert lines[2] == ".1.3.6.1.2.1.1.3.0 = Timeticks: (4242) 0:00:42.42"
    assert ".1.3.6.1.2.1.4.20.1.1.10.0.0.1 = IpAddress: 10.0.0.1" in lines
    assert ".1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 18446744073709551615" in lines
    assert len([line for line in lines if " = " in line and "No more" not in line]) == 9


def test_version_1_skips_counter64_and_ends_the_walk(address):
    walk = net_snmp("snmpwalk", "-v1", "-c", "public", address, ".1.3.6.1")
    assert [" = " in line for line in walk.stdout.splitlines()].count(True) == 7, walk.stdout


def test_absent_instance_and_absent_object(address):
    got = net_snmp(
        "snmpget", "-v2c", "-c", "public", address, "1.3.6.1.2.1.2.2.1.5.9", "1.3.6.1.9.1.0"
    )
    assert "No Such Instance" in got.stdout
    assert "No Such Object" in got.stdout


def test_wrong_community_is_met_with_silence(address):
    assert (
        "Timeout" in net_snmp("snmpget", "-v2c", "-c", "wrong", address, "1.3.6.1.2.1.1.5.0").stderr
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-u", "nobody", "-l", "noAuthNoPriv"], "Unknown user name"),
        (["-u", "look", "-l", "authNoPriv", "-a", "SHA", "-A", "wrongpass"], "Authentication failure"),
        (["-u", "look", "-l", "authPriv", "-a", "SHA", "-A", "authpass3", "-x", "AES", "-X", "whatever1"], "Unsupported security level"),
        (["-u", "ops", "-l", "authNoPriv", "-a", "SHA", "-A", "authpass1"], "authorizationError"),
    ],
)  # fmt: skip
def test_v3_faults_are_named(address, options, words):
    answer = net_snmp("snmpget", "-v3", *options, address, "1.3.6.1.2.1.1.5.0")
    assert words in answer.stdout + answer.stderr


def test_unknown_context_is_reported(address):
    answer = net_snmp("snmpget", "-v3", *V3["look"], "-n", "vlan-77", address, "1.3.6.1.2.1.1.5.0")
    assert "Bad context" in answer.stdout + answer.stderr


def test_set_needs_a_write_function_and_its_verdict():
    seen = []

    def write(name, oid, value):
        seen.append((name, oid, value))
        return 0 if name == "private" else 6

    view = from_snmprec(WALK)
    agent = Responder({"public": view, "private": view}.get, write=write)
    with running(agent) as (host, port):
        where = f"{host}:{port}"
        oid = ".1.3.6.1.2.1.2.2.1.7.1"
        assert net_snmp("snmpset", "-v2c", "-c", "private", where, oid, "i", "2").returncode == 0
        refused = net_snmp("snmpset", "-v2c", "-c", "public", where, oid, "i", "2")
        assert "noAccess" in refused.stderr
    assert seen[0] == ("private", (1, 3, 6, 1, 2, 1, 2, 2, 1, 7, 1), ber.integer(2))


async def pysnmp_get(port: int, credential: object) -> tuple[Any, ...]:
    from pysnmp.hlapi.v3arch.asyncio import (
        ContextData,
        ObjectIdentity,
        ObjectType,
        SnmpEngine,
        UdpTransportTarget,
        get_cmd,
    )

    target = await UdpTransportTarget.create(("127.0.0.1", port), timeout=2, retries=0)
    answer: tuple[Any, ...] = await get_cmd(
        SnmpEngine(), credential, target, ContextData(),
        ObjectType(ObjectIdentity("1.3.6.1.2.1.1.5.0")), lookupMib=False,
    )  # fmt: skip
    return answer


@pytest.mark.parametrize("name", ["ops", "ops256", "look"])
def test_pysnmp_gets_by_v3(name):
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    user = next(u for u in USERS if u.name == name)
    protocol = {"sha": hlapi.USM_AUTH_HMAC96_SHA, "sha256": hlapi.USM_AUTH_HMAC192_SHA256}[
        str(user.auth)
    ]
    privacy = {"authKey": user.auth_key.reveal(), "authProtocol": protocol}
    if user.priv:
        privacy |= {"privKey": user.priv_key.reveal(), "privProtocol": hlapi.USM_PRIV_CFB128_AES}
    with running(responder()) as (_, port):
        error, status, _, bindings = asyncio.run(
            pysnmp_get(port, hlapi.UsmUserData(user.name, **privacy))
        )
    assert error is None
    assert int(status) == 0
    assert bindings[0][1].asOctets().decode() == "swü"


def test_key_localisation_of_rfc3414_a3():
    engine = bytes.fromhex("000000000000000000000002")
    assert (
        usm.localized_key("md5", "maplesyrup", engine).hex() == "526f5eed9fcce26f8964c2930787d82b"
    )
    assert (
        usm.localized_key("sha", "maplesyrup", engine).hex()
        == "6695febc9288e36282235fc7151f128497b38f3f"
    )


def v3_get(agent: Responder, user: User, *, boots: int, seconds: int, cut: int = 0) -> bytes:
    """An authenticated, encrypted Get written out by hand, as a manager of ours would send it."""
    engine = agent.engine_id
    binding = ber.sequence(ber.object_id((1, 3, 6, 1, 2, 1, 1, 5, 0)), ber.NULL_VALUE)
    pdu = ber.tlv(0xA0, ber.integer(7) + ber.integer(0) + ber.integer(0) + ber.sequence(binding))
    scoped = ber.sequence(ber.octets(engine), ber.octets(b""), pdu)
    salt = b"saltsalt"
    secret = ber.octets(usm.encrypt(user.privacy_key(engine), boots, seconds, salt, scoped))

    def complete(digest: bytes) -> bytes:
        header = ber.sequence(
            ber.integer(5), ber.integer(65507), ber.octets(b"\x07"), ber.integer(3)
        )
        security = ber.sequence(
            ber.octets(engine), ber.integer(boots), ber.integer(seconds),
            ber.octets(user.name), ber.octets(digest), ber.octets(salt[cut:]),
        )  # fmt: skip
        return ber.sequence(ber.integer(3), header, ber.octets(security), secret)

    assert user.auth is not None
    zeroed = complete(bytes(usm.digest_length(user.auth)))
    return complete(usm.digest(user.auth, user.authentication_key(engine), zeroed))


NOT_IN_WINDOW = ber.object_id((1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0))
DECRYPTION = ber.object_id((1, 3, 6, 1, 6, 3, 15, 1, 1, 6, 0))


@pytest.mark.parametrize(
    ("boots", "seconds", "in_window"),
    [(1, 1000, True), (1, 1150, True), (1, 1151, False), (1, 849, False), (2, 1000, False)],
)
def test_time_window(boots, seconds, in_window):
    agent = responder()
    answer = agent.answer(v3_get(agent, AUTH_PRIV, boots=boots, seconds=seconds), 1000.0)
    assert answer is not None
    assert (NOT_IN_WINDOW not in answer) is in_window


def test_a_salt_of_wrong_length_is_a_decryption_error():
    agent = responder()
    answer = agent.answer(v3_get(agent, AUTH_PRIV, boots=1, seconds=0, cut=3), 0.0)
    assert answer is not None
    assert DECRYPTION in answer


def test_a_response_never_exceeds_the_bound():
    wide = View(((1, 3, 6, 1, n), ber.octets(b"x" * 100)) for n in range(1, 100))
    agent = Responder({"public": wide}.get, max_size=1472)
    bulk = ber.tlv(
        0xA5,
        ber.integer(1) + ber.integer(0) + ber.integer(90)
        + ber.sequence(ber.sequence(ber.object_id((1, 3, 6)), ber.NULL_VALUE)),
    )  # fmt: skip
    answer = agent.answer(ber.sequence(ber.integer(1), ber.octets(b"public"), bulk))
    assert answer is not None
    assert 1100 < len(answer) <= 1472


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive(number):
    assert ber.read_integer(ber.integer(number), 0) == (number, len(ber.integer(number)))


@given(st.lists(st.integers(0, 2**32 - 1), max_size=40))
def test_object_identifiers_survive(rest):
    oid = (1, 3, *rest)
    _, contents, _ = ber.read(ber.object_id(oid), 0, ber.OBJECT_ID)
    assert ber.to_oid(contents) == oid


elements = st.recursive(
    st.builds(
        ber.tlv, st.sampled_from([2, 4, 5, 6, 0x30, 0xA0, 0xA5, 0xFF]), st.binary(max_size=12)
    ),
    lambda inner: st.builds(
        lambda tag, parts: ber.tlv(tag, b"".join(parts)),
        st.sampled_from([0x30, 0xA0, 0xA1, 0xA3, 0xA5, 0x04]),
        st.lists(inner, max_size=5),
    ),
    max_leaves=12,
)
# Blind octets reach the PDU reader hardly ever: draw the prefixes that lead there.
prefixes = st.sampled_from(
    [
        b"",
        ber.integer(1) + ber.octets("public"),
        ber.integer(0) + ber.octets("public"),
        ber.integer(3),
        ber.integer(3)
        + ber.sequence(ber.integer(1), ber.integer(9), ber.octets(b"\x04"), ber.integer(3)),
    ]
)


@given(prefixes, elements, st.binary(max_size=20))
def test_no_datagram_makes_it_raise(prefix, element, tail):
    agent = responder()
    agent.answer(ber.sequence(prefix, element, tail))
    agent.answer(prefix + element + tail)


@given(st.data())
def test_damaged_real_messages_never_raise_and_are_never_obeyed(data):
    agent = responder()
    good = v3_get(agent, AUTH_PRIV, boots=1, seconds=0)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes((data.draw(st.integers(0, 255)),)) + good[at + 1 :]
    agent.answer(bad[: data.draw(st.integers(0, len(bad)))])


def test_reader_raises_only_its_own_error():
    for octets in (b"", b"\x30", b"\x30\x85", b"\x30\x81", b"\x02\x09" + bytes(9)):
        with pytest.raises(DecodeError):
            ber.read_integer(octets, 0)


def test_every_recorded_walk_loads(shared_data):
    for path in sorted(shared_data.glob("snmp/**/*.snmprec")):
        text = path.read_text(errors="replace")
        assert len(from_snmprec(text)) >= 0.9 * text.count("\n") - 5, path
