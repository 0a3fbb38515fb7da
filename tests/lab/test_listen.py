"""The listener on real sockets: syslog over UDP and TCP, traps and informs of net-snmp, floods."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable

import pytest

from netdiag.access import Secret, SnmpAccess
from netdiag.collect.listen import Listener, Settings, Sources
from netdiag.collect.listen_tally import Heard
from netdiag.errors import CollectError, UsageError

pytestmark = pytest.mark.lab
HERE = ("127.0.0.1", 0)
CLOSED = b"<187>12: acc-1: 34: Nov 22 07:00:00: %PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state"
V3 = SnmpAccess(
    version="3",
    user="ops",
    auth="sha256",
    auth_key=Secret("authpass1"),
    priv="aes128",
    priv_key=Secret("privpass1"),
)
SETTINGS = Settings(HERE, HERE, HERE, communities=("campus",), users=(V3,))
SOURCES = Sources(
    by_name={"acc-1": "acc-1"},
    by_address={"127.0.0.1": "core-1"},
    names=lambda device: {10107: "GigabitEthernet1/0/7"} if device == "core-1" else {},
)


def until(
    listener: Listener, done: Callable[[list[Heard]], bool], seconds: float = 8
) -> list[Heard]:
    heard: list[Heard] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done(heard):
        time.sleep(0.02)
        heard += listener.drain()
    return heard


def send(listener: Listener, *messages: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for message in messages:
            sock.sendto(message, listener.ports["syslog-udp"])


def test_syslog_over_udp_names_device_port_and_cause() -> None:
    with Listener(SETTINGS, SOURCES) as listener:
        send(listener, CLOSED, b"\xff\x00garbage", b"")
        (heard,) = until(listener, bool)
    event = heard.event
    assert (event.device, event.event, event.interface, event.cause) == (
        "acc-1",
        "err-disabled",
        "GigabitEthernet1/0/2",
        "storm-control",
    )
    assert heard.count == 1


@pytest.mark.parametrize("counted", [False, True])
def test_syslog_over_tcp_by_lines_and_by_counted_octets(counted: bool) -> None:
    messages = [CLOSED.replace(b"Gi1/0/2", b"Gi1/0/%d" % n) for n in range(1, 6)]
    framed = [b"%d %s" % (len(m), m) if counted else m + b"\n" for m in messages]
    with Listener(SETTINGS, SOURCES) as listener:
        with socket.create_connection(listener.ports["syslog-tcp"]) as sock:
            sock.sendall(b"".join(framed))
        heard = until(listener, lambda found: len(found) >= 5)
    assert [h.event.interface for h in heard] == [f"GigabitEthernet1/0/{n}" for n in range(1, 6)]


_TRAP = ["1.3.6.1.4.1.9.9.548.0.2", "1.3.6.1.4.1.9.9.548.1.3.1.1.2.10107.0", "i", "14"]
_V3 = ["-v3", "-u", "ops", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1", "-x", "AES", "-X", "privpass1"]  # fmt: skip


@pytest.mark.skipif(shutil.which("snmptrap") is None, reason="net-snmp's snmptrap is not installed")
@pytest.mark.parametrize(
    "options",
    [
        ["-v2c", "-c", "campus"],
        ["-v2c", "-c", "campus", "-Ci"],
        [*_V3, "-e", "0x8000000001020304"],
        [*_V3, "-Ci"],
    ],
    ids=["trap v2c", "inform v2c", "trap v3", "inform v3"],
)
def test_notifications_of_net_snmp(options: list[str]) -> None:
    with Listener(SETTINGS, SOURCES) as listener:
        to = f"127.0.0.1:{listener.ports['traps'][1]}"
        sent = subprocess.run(
            ["snmptrap", *options, "-t", "3", "-r", "1", to, "12345", *_TRAP],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        heard = until(listener, bool)
        refused = listener.dropped
    # an inform fails where nobody acknowledges it
    assert sent.returncode == 0, (sent.stderr, refused)
    assert heard, refused
    event = heard[0].event
    assert (event.device, event.event, event.interface, event.cause) == (
        "core-1",
        "err-disabled",
        "GigabitEthernet1/0/7",
        "storm-control",
    )


@pytest.mark.skipif(shutil.which("snmptrap") is None, reason="net-snmp's snmptrap is not installed")
def test_an_unknown_community_is_counted_and_not_believed() -> None:
    with Listener(SETTINGS, SOURCES) as listener:
        to = f"127.0.0.1:{listener.ports['traps'][1]}"
        command = ["snmptrap", "-v2c", "-c", "guess", to, "12345", *_TRAP]
        subprocess.run(command, check=True, timeout=20, capture_output=True)
        heard = until(listener, lambda _: bool(listener.dropped), 5)
        assert heard == []
        assert sum(listener.dropped.values()) == 1


def test_a_flood_of_chatter_does_not_hide_the_root_cause_and_losses_are_counted() -> None:
    chatter = [b"<190>%d: acc-2: Nov 22 07:00:00: %%SEC-6-IPACCESSLOGP: list %d permitted" % (n, n) for n in range(6000)]  # fmt: skip
    settings = Settings(HERE, waiting=1000, remembered=500)
    with Listener(settings, SOURCES) as listener:
        send(listener, *chatter[:5000], CLOSED, *chatter[5000:])
        heard = until(
            listener,
            lambda _: (
                sum(listener.received.values()) + listener.dropped.get("kernel syslog-udp", 0)
                >= 6001
            ),
            20,
        )
        heard += until(listener, lambda found: False, 1.0)
        dropped, received = listener.dropped, listener.received["syslog-udp"]
    assert "err-disabled" in {h.event.event for h in heard}
    assert received + dropped.get("kernel syslog-udp", 0) == 6001
    lost = sum(n for where, n in dropped.items() if not where.startswith("kernel"))
    assert sum(h.count for h in heard) + lost == received


def test_a_port_in_use_and_nothing_to_listen_to_are_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(HERE)
        with pytest.raises(CollectError, match="cannot listen for syslog"):
            Listener(Settings(taken.getsockname())).__enter__()
    with pytest.raises(UsageError):
        Listener(Settings()).__enter__()
