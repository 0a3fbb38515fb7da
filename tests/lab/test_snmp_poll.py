"""The collector against agents over real UDP: honest, refusing, lossy, silent and lying ones."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.collect import snmp
from netdiag.decode import oids
from netdiag.lab.snmp import Responder, User, View, from_snmprec, running
from netdiag.model import Device, Snapshot

pytestmark = pytest.mark.lab
Entry = tuple[tuple[int, ...], bytes]
PORTS = 30
V3 = SnmpAccess(
    version="3",
    user="ops",
    auth="sha256",
    auth_key=Secret("authpass1"),
    priv="aes128",
    priv_key=Secret("privpass1"),
    timeout_s=0.5,
    retries=1,
)
USER = User("ops", "sha256", Secret("authpass1"), "aes128", Secret("privpass1"))


def switch(descr: str = "a switch", object_id: str = "1.3.6.1.4.1.99999.1") -> str:
    """A snmprec walk of a switch of 30 ports with as many learned addresses."""
    lines = [
        f"1.3.6.1.2.1.1.1.0|4|{descr}",
        f"1.3.6.1.2.1.1.2.0|6|{object_id}",
        "1.3.6.1.2.1.1.3.0|67|360000",
        "1.3.6.1.2.1.1.5.0|4|sw-1",
    ]
    for number in range(1, PORTS + 1):
        for column, tag, value in (
            ("2.2.1.2", "4", f"GigabitEthernet0/{number}"),
            ("2.2.1.3", "2", "6"),
            ("2.2.1.7", "2", "1"),
            ("2.2.1.8", "2", str(1 + number % 2)),
            ("31.1.1.1.1", "4", f"Gi0/{number}"),
            ("31.1.1.1.6", "70", "1000"),
            ("31.1.1.1.9", "70", str(number)),
            ("17.1.4.1.2", "2", str(number)),
        ):
            lines.append(f"1.3.6.1.2.1.{column}.{number}|{tag}|{value}")
        lines.append(f"1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.{number}|2|{number}")
    return "\n".join(lines)


def target(port: int, name: str = "sw-1", community: str = "public", **access: object) -> Target:
    limits = {"timeout_s": 0.4, "retries": 1, **access}
    return Target(
        Device(name, "127.0.0.1"),
        SnmpAccess(port=port, community=Secret(community), **limits),  # type: ignore[arg-type]
        requests_per_s=1000,
    )


def polled(port: int, **options: object) -> Snapshot:
    (found,) = snmp.poll([target(port)], **options)  # type: ignore[arg-type]
    return found


def nobody(_: str) -> View | None:
    return None


def complete(found: Snapshot) -> bool:
    return (len(found.interfaces), len(found.fdb)) == (PORTS, PORTS)


@contextmanager
def agent(
    view: View | None = None,
    gate: Callable[[bytes], bool] = lambda _: True,
    max_size: int = 1472,
) -> Iterator[int]:
    view = view or from_snmprec(switch())
    with running(Responder({"public": view}.get, max_size=max_size), gate=gate) as (_, port):
        yield port


class Odd(View):
    """A view whose GETNEXT lies: `lies` maps an OID asked to the OID answered."""

    def __init__(self, entries: list[Entry], lies: Callable[..., Entry | None]) -> None:
        super().__init__(entries)
        self.lies = lies

    def next(self, oid):
        answer = super().next(oid)
        return self.lies(tuple(oid), answer)


def entries() -> list[Entry]:
    view, found = from_snmprec(switch()), []
    entry: tuple[int, ...] = ()
    while (answer := view.next(entry)) is not None:
        found.append(answer)
        entry = answer[0]
    return found


# --- honest agents -------------------------------------------------------------------------------


def test_an_honest_agent_tells_everything():
    with agent() as port:
        found = polled(port)
    assert found.reachable
    assert complete(found)
    assert (found.sys_name, found.sys_up_time_s, found.sources) == ("sw-1", 3600.0, ("snmp",))
    assert found.interfaces[6].name == "GigabitEthernet0/7"
    assert found.fdb[6].interface == "GigabitEthernet0/7"
    assert found.errors == ()


def test_snmpv3_authpriv_tells_the_same():
    view = from_snmprec(switch())
    with running(Responder(nobody, [USER], contexts={"": view}.get)) as (_, port):
        (found,) = snmp.poll([Target(Device("sw-1", "127.0.0.1"), replace(V3, port=port))])
    assert complete(found)
    assert found.errors == ()
    with agent() as port:
        plain = polled(port)
    assert found.interfaces[0].name == plain.interfaces[0].name
    assert (found.fdb, found.neighbors, found.stp) == (plain.fdb, plain.neighbors, plain.stp)


def test_many_devices_keep_their_order_and_report_their_progress():
    done: list[str] = []
    with agent() as port:
        targets = [target(port, f"sw-{n}") for n in range(20)]
        found = snmp.poll(targets, concurrency=8, progress=done.append)
    assert [s.device for s in found] == [f"sw-{n}" for n in range(20)]
    assert sorted(done) == sorted(s.device for s in found)
    assert all(complete(s) for s in found)


def test_an_agent_with_small_answers_tells_everything():
    with agent(max_size=484) as port:
        found = polled(port)
    assert complete(found)
    assert found.errors == ()


def test_rates_come_from_two_readings_a_window_apart():
    base = entries()
    counter = (*oids.IF_HC_IN_BROADCAST_PKTS, 7)
    place = next(n for n, (oid, _) in enumerate(base) if oid == counter)
    started = time.monotonic()

    class Counting(View):
        def next(self, oid):
            answer = super().next(oid)
            if answer is not None and answer[0] == counter:
                count = int((time.monotonic() - started) * 5000)
                return counter, b"\x46\x04" + count.to_bytes(4, "big")
            return answer

    assert place
    with agent(Counting(base)) as port:
        found = polled(port, window_s=1.0)
    rate = found.rate("GigabitEthernet0/7")
    assert rate is not None
    assert rate.window_s >= 0.9
    assert rate.in_broadcast_pps == pytest.approx(5000, rel=0.2)
    quiet = found.rate("GigabitEthernet0/8")
    assert quiet is not None
    assert quiet.in_broadcast_pps == 0


def test_the_poll_budget_holds():
    times: list[float] = []

    def gate(_: bytes) -> bool:
        times.append(time.monotonic())
        return True

    with agent(gate=gate) as port:
        one = replace(target(port), requests_per_s=20.0)
        (found,) = snmp.poll([one])
    assert complete(found)
    assert len(times) > 5
    assert (len(times) - 1) / (times[-1] - times[0]) <= 22


def test_the_quick_look_reads_broadcast_counters_only():
    with agent() as port:
        pairs = snmp.read_broadcast_counters(target(port), 2.0)
    assert dict(pairs) == {f"GigabitEthernet0/{n}": n for n in range(1, PORTS + 1)}


def test_the_quick_look_ends_in_time_where_nobody_answers():
    started = time.monotonic()
    with agent(gate=lambda _: False) as port:
        assert snmp.read_broadcast_counters(target(port), 0.6) == ()
    assert time.monotonic() - started < 3


def test_cisco_vlan_contexts_are_read_by_community():
    base = switch("Cisco IOS Software", "1.3.6.1.4.1.9.1.1208")
    for vlan, kind in ((1, 1), (10, 1), (1002, 2)):
        base += f"\n1.3.6.1.4.1.9.9.46.1.3.1.1.2.1.{vlan}|2|1"
        base += f"\n1.3.6.1.4.1.9.9.46.1.3.1.1.3.1.{vlan}|2|{kind}"
    ten = "1.3.6.1.2.1.17.1.4.1.2.9|2|9\n1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.1.1|2|9"
    views = {"public": from_snmprec(base), "public@10": from_snmprec(ten)}
    asked: list[str] = []

    def view(community: str) -> View | None:
        asked.append(community)
        return views.get(community)

    with running(Responder(view)) as (_, port):
        found = polled(port)
    assert [(e.interface, e.vlan) for e in found.fdb if e.vlan] == [("GigabitEthernet0/9", 10)]
    assert len(found.fdb) == PORTS + 1
    assert "public@1002" not in asked
    assert found.errors == ()


# --- who does not answer, or refuses -------------------------------------------------------------


def test_a_wrong_community_is_no_answer_and_says_so():
    with agent() as port:
        (found,) = snmp.poll([target(port, community="wrong")])
    assert not found.reachable
    (error,) = found.errors
    assert error.message == "no answer to SNMP (host down, wrong community or filtered)"
    assert found.interfaces == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"auth_key": Secret("not-the-one")}, "authentication password"),
        ({"user": "nobody"}, "does not know the SNMPv3 user"),
        ({"priv_key": Secret("not-the-one")}, "privacy password"),
    ],
)
def test_a_wrong_snmpv3_credential_is_access_denied(wrong, said):
    view = from_snmprec(switch())
    with running(Responder(nobody, [USER], contexts={"": view}.get)) as (_, port):
        access = replace(V3, port=port, **wrong)
        (found,) = snmp.poll([Target(Device("sw-1", "127.0.0.1"), access)])
    assert not found.reachable
    (error,) = found.errors
    assert error.what == "login"
    assert error.message.startswith("access denied: ")
    assert said in error.message
    assert "not-the-one" not in str(found)


def test_two_devices_may_give_one_snmpv3_user_different_keys():
    other = User("ops", "sha256", Secret("authpass2"), "aes128", Secret("privpass2"))
    view = from_snmprec(switch())
    engines = (b"\x80\0\0\x09\x03\2\0\0\0\0\1", b"\x80\0\0\x09\x03\2\0\0\0\0\2")
    one = Responder(nobody, [USER], contexts={"": view}.get, engine_id=engines[0])
    two = Responder(nobody, [other], contexts={"": view}.get, engine_id=engines[1])
    with running(one) as (_, first), running(two) as (_, second):
        others = replace(
            V3, port=second, auth_key=Secret("authpass2"), priv_key=Secret("privpass2")
        )
        found = snmp.poll(
            [
                Target(Device("a", "127.0.0.1"), replace(V3, port=first)),
                Target(Device("b", "127.0.0.1"), others),
            ]
        )
    assert [s.errors for s in found] == [(), ()]
    assert all(complete(s) for s in found)


def test_one_dead_device_does_not_stop_the_rest():
    with agent() as port:
        found = snmp.poll([target(9, "dead"), target(port, "alive")])
    assert [s.reachable for s in found] == [False, True]


def test_a_name_that_does_not_resolve_and_a_missing_access_are_said():
    nowhere = Target(Device("x", "no-such-host.invalid"), SnmpAccess(community=Secret("c")))
    found = snmp.poll([nowhere, Target(Device("y", "127.0.0.1"))])
    assert [s.reachable for s in found] == [False, False]
    assert "does not resolve" in found[0].errors[0].message
    assert "no SNMP access" in found[1].errors[0].message


def test_an_unknown_snmpv3_protocol_is_said():
    access = replace(V3, auth="crc32")
    (found,) = snmp.poll([Target(Device("x", "127.0.0.1"), access)])
    assert "'crc32'" in found.errors[0].message


# --- agents that misbehave -----------------------------------------------------------------------


def test_every_second_request_lost_loses_no_fact():
    count = [0]

    def gate(_: bytes) -> bool:
        count[0] += 1
        return count[0] % 2 == 0

    with agent(gate=gate) as port:
        (found,) = snmp.poll([target(port, timeout_s=0.1, retries=2)])
    assert complete(found)
    assert found.errors == ()


def test_a_device_that_hangs_in_mid_walk_keeps_what_it_told():
    asked = [0]

    def gate(_: bytes) -> bool:
        asked[0] += 1
        return asked[0] <= 8

    with agent(gate=gate) as port:
        found = polled(port)
    assert found.reachable
    assert found.interfaces
    assert not complete(found)
    whats = {error.what for error in found.errors}
    assert "dot1dTpFdbTable" in whats
    assert all("stopped answering" in error.message for error in found.errors)


def test_a_table_that_hangs_costs_only_itself():
    fdb = bytes((0x2B, 6, 1, 2, 1, 17, 4, 3))
    with agent(gate=lambda datagram: fdb not in datagram) as port:
        found = polled(port)
    assert len(found.interfaces) == PORTS
    assert all(i.counters is not None for i in found.interfaces)
    assert found.fdb == ()
    assert [error.what for error in found.errors] == ["dot1dTpFdbTable"]


def test_an_agent_that_goes_backwards_is_stopped_and_the_rest_is_read():
    back = (*oids.IF_DESCR, 12)

    def lies(oid, answer):
        return ((*oids.IF_DESCR, 5), answer[1]) if oid == back else answer

    with agent(Odd(entries(), lies)) as port:
        found = polled(port)
    assert len(found.interfaces) == PORTS  # the other columns still name every row
    assert len(found.fdb) == PORTS
    (error,) = found.errors
    assert error.what == "ifTable"
    assert "goes backwards" in error.message


def test_an_agent_that_loops_for_ever_ends():
    column = oids.FDB_PORT

    def lies(oid, answer):
        if oid[: len(column)] != column:
            return answer
        return (*column, 2, 0, 0, 0, 0, 1), b"\x02\x01\x01"

    with agent(Odd(entries(), lies)) as port:
        found = polled(port)
    assert len(found.interfaces) == PORTS
    assert [error.what for error in found.errors] == ["dot1dTpFdbTable"]


def test_a_table_that_never_ends_ends_with_the_time_for_the_device():
    column = oids.ARP_PHYS_ADDRESS

    def lies(oid, answer):
        if oid[: len(column)] != column:
            return answer
        last = oid[-1] + 1 if len(oid) > len(column) else 1
        return (*column, last), b"\x04\x06\x02\0\0\0\0\x01"

    started = time.monotonic()
    with agent(Odd(entries(), lies)) as port:
        found = polled(port, deadline_s=3.0)
    assert time.monotonic() - started < 10
    assert complete(found)
    # Which bound is met first is the machine's speed.
    bounds = ("time for this device", "no end after")
    assert any(bound in error.message for error in found.errors for bound in bounds)


def test_datagrams_that_are_no_snmp_are_no_answer():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        over = threading.Event()

        def babble() -> None:
            while not over.is_set():
                try:
                    data, sender = sock.recvfrom(65535)
                except (TimeoutError, OSError):
                    return
                for answer in (b"", b"\x30\x82", b"hello", data[:-3], data[::-1], bytes(300)):
                    sock.sendto(answer, sender)

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        (found,) = snmp.poll([target(sock.getsockname()[1])])
        over.set()
    assert not found.reachable
    assert "no answer to SNMP" in found.errors[0].message


# --- Debian's snmpd ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real net-snmp agent, in the foreground, with a configuration of our own."""
    binary = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
    if binary is None:
        pytest.skip("snmpd is not installed (Debian package snmpd)")
    folder = tmp_path_factory.mktemp("snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (folder / "snmpd.conf").write_text(
        f"agentaddress udp:127.0.0.1:{port}\n"
        "rocommunity public 127.0.0.1\n"
        "createUser ops SHA-256 authpass1 AES privpass1\nrouser ops authpriv\n"
        "createUser top SHA-512 authpass1 AES-256 privpass1\nrouser top authpriv\n"
        "createUser old SHA authpass1 AES privpass1\nrouser old authpriv\n"
        "sysName real-agent\n"
    )
    child = subprocess.Popen(
        [binary, "-f", "-Lf", str(folder / "log"), "-C", "-c", str(folder / "snmpd.conf"), "-I",
         "-systemstats", "-p", str(folder / "pid")],
        env={"SNMP_PERSISTENT_DIR": str(folder), "PATH": "/usr/sbin:/usr/bin"},
    )  # fmt: skip
    try:
        _wait_for(port, folder / "log", child)
        yield port
    finally:
        child.terminate()
        child.wait(timeout=10)


def _wait_for(port: int, log: Path, child: subprocess.Popen[bytes]) -> None:
    for _ in range(20):
        if child.poll() is not None:
            pytest.fail(f"snmpd ended: {log.read_text()}")
        (found,) = snmp.poll([target(port, timeout_s=0.5, retries=0)], deadline_s=1)
        if found.reachable:
            return
    pytest.fail(f"snmpd does not answer: {log.read_text()}")


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"user": "ops"},
        {"user": "top", "auth": "sha512", "priv": "aes256"},
        {"user": "old", "auth": "sha", "priv": "aes128"},
    ],
)
def test_debians_snmpd(snmpd, user):
    one = target(snmpd, timeout_s=2.0)
    if user:
        one = replace(one, snmp=replace(V3, port=snmpd, timeout_s=2.0, **user))
    (found,) = snmp.poll([one], window_s=0.5)
    assert found.reachable
    assert found.sys_name == "real-agent"
    assert found.platform == "linux"
    names = {name for _, name in socket.if_nameindex()}
    assert {i.name for i in found.interfaces} == names
    loopback = found.interface("lo")
    assert loopback is not None
    assert str(loopback.oper_status) == "up"
    assert loopback.counters is not None
    assert loopback.counters.in_octets is not None
    assert found.rate("lo") is not None
    assert found.errors == ()


def test_debians_snmpd_refuses_a_wrong_password(snmpd):
    access = replace(V3, port=snmpd, timeout_s=2.0, auth_key=Secret("wrong-password"))
    (found,) = snmp.poll([Target(Device("sw", "127.0.0.1"), access)])
    assert "access denied: wrong SNMPv3 authentication" in found.errors[0].message
