"""A device that nobody entered a platform for; few logins that are shared; a second step to full rights."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netdiag import collect, platforms
from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import detect, ssh
from netdiag.collect.slots import slot
from netdiag.errors import Unreachable
from netdiag.model import Device as InventoryDevice
from tests.lab.ssh_server import Device, Running

pytestmark = pytest.mark.lab
Start = Callable[..., tuple[Running, Target]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Running] = []

    def make(platform: str | None = None, **options: Any) -> tuple[Running, Target]:
        server = Running(Device(banner="\r\n", **options))
        running.append(server)
        known = tmp_path / f"known_hosts_{server.port}"
        known.write_text(server.known_hosts_line())
        access = SshAccess(
            port=server.port,
            username="ops",
            password=Secret("right"),
            enable_secret=Secret("s3cret"),
            known_hosts=str(known),
            timeout_s=5.0,
        )
        return server, Target(InventoryDevice("sw-1", "127.0.0.1", platform=platform), ssh=access)

    yield make
    for server in running:
        server.stop()


VRP = "Huawei Versatile Routing Platform Software\r\nVRP (R) software, Version 5.170 (S5720 V200R011C10SPC600)\r\n"
SEEN = [
    ("[ops@sw-1] > ", {}, "mikrotik_routeros"),
    ("ops@sw-1> ", {"show version": "Hostname: sw-1\r\nModel: ex3400-48t\r\nJunos: 20.4R3\r\n"}, "juniper_junos"),
    ("* sw-1.{n} # ", {"show switch": "SysName: sw-1\r\nSystem Type: X440\r\nPrimary ver: 16.2.4.5\r\n"}, "extreme_exos"),
    ("<sw-1>", {"display version": VRP}, "huawei"),
    ("<sw-1>", {"display version": "H3C Comware Software, Version 7.1.070, Release 1309\r\n"}, "hp_comware"),
    ("sw-1#", {"show version": "Cisco IOS Software, C2960X Software\r\n"}, "cisco_ios"),
    ("sw-1#", {"show version": "Cisco Nexus Operating System (NX-OS) Software\r\n"}, "cisco_nxos"),
    ("sw-1#", {"show version": "Arista DCS-7050SX-64-R\r\n"}, "arista_eos"),
    ("sw-1#", {"show version": "System description : Ruijie Gigabit Switch(S2910)\r\n"}, "ruijie_os"),
    ("sw-1#", {"show version": "% Invalid input\r\n", "show system": "Status and Counters - General System Information\r\n"}, "hp_procurve"),
    ("sw-1#", {"show version": "something else\r\n"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("look", "answers", "name"), SEEN, ids=[f"{n}" for _, _, n in SEEN])
def test_a_command_line_names_itself(
    start: Start, look: str, answers: dict[str, str], name: str | None
) -> None:
    server, target = start(look=look, answers=answers)
    found = detect.platform(target)
    assert (found.name if found else None) == name
    # Only what looks was sent, and a handful of it.
    sent = [line for line in server.device.received if line not in ("", "exit")]
    assert len(sent) <= 4
    assert all(line.split()[0] in ("show", "display", "uname", "/system") for line in sent)


def test_a_poll_reads_a_device_that_nobody_entered_a_platform_for(start: Start) -> None:
    server, target = start(
        look="<sw-1>",
        answers={
            "display version": VRP,
            "display error-down recovery": "GigabitEthernet0/0/4   bpdu-protection   300   273\r\n",
        },
    )
    (found,) = collect.poll([target], via=frozenset({"ssh"}))
    assert found.platform == "huawei"
    port = found.interface("GigabitEthernet0/0/4")
    assert port is not None
    assert port.err_disabled is not None
    assert "display interface brief" in server.device.received


def test_a_poll_says_that_a_command_line_did_not_name_itself(start: Start) -> None:
    _, target = start(look="sw-1#", answers={})
    (found,) = collect.poll([target], via=frozenset({"ssh"}))
    assert found.reachable
    assert "neither its prompt nor its version names its platform" in found.errors[0].message
    wrong = replace(target, ssh=replace(target.ssh, password=Secret("wrong")))  # type: ignore[type-var]
    (refused,) = collect.poll([wrong], via=frozenset({"ssh"}))
    assert "refuses the login" in refused.errors[0].message


# --- few logins -----------------------------------------------------------------------------------


def test_vrp_is_given_half_of_its_four_logins_by_all_netdiags_together() -> None:
    assert platforms.get("huawei").max_sessions == 4  # type: ignore[union-attr]
    with slot("sw", "10.0.0.1:22", 4, 1.0), slot("sw", "10.0.0.1:22", 4, 1.0):
        with pytest.raises(Unreachable, match="bears 4 logins, and the 2 that netdiag allows"):
            slot("sw", "10.0.0.1:22", 4, 0.2).__enter__()
        with slot("sw", "10.0.0.2:22", 4, 0.2), slot("sw", "10.0.0.1:22", None, 0.2):
            pass
    with slot("sw", "10.0.0.1:22", 4, 0.2):
        pass


def test_a_slot_is_waited_for_and_freed_by_whoever_held_it() -> None:
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with slot("sw", "10.0.0.3:22", 1, 1.0):
            held.set()
            free.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    threading.Timer(0.3, free.set).start()
    with slot("sw", "10.0.0.3:22", 1, 10.0):
        assert free.is_set()
    holder.join()


def test_sessions_with_a_huawei_take_turns(start: Start) -> None:
    server, target = start("huawei", look="<sw-1>", answers={"display clock": "2026-11-22\r\n"})
    address = f"127.0.0.1:{server.port}"
    impatient = replace(target, ssh=replace(target.ssh, timeout_s=0.5))  # type: ignore[type-var]
    with slot("other", address, 4, 1.0), slot("other", address, 4, 1.0):
        with pytest.raises(Unreachable, match="in use by other netdiag commands"):
            ssh.Session(impatient).__enter__()
        assert server.device.attempts == []
    with ssh.Session(target) as session:
        assert session.show("display clock") == "2026-11-22\n"


# --- a second step to full rights -----------------------------------------------------------------


def test_jetstream_is_enabled_in_two_steps(start: Start) -> None:
    server, target = start("tplink_jetstream", enable="s3cret")
    server.device.answers["enable-admin"] = ""
    with ssh.Session(target) as session:
        session.configure(["interface gigabitEthernet 1/0/7", "shutdown"])
    sent = server.device.received
    assert sent.index("enable") < sent.index("enable-admin")
