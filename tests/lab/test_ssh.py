"""The SSH collector against a real SSH server: host keys, refusals, hangs, and secrets that never show."""

import logging
import socket
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from netdiag import collect, platforms
from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import ssh
from netdiag.errors import (
    AccessDenied,
    CollectError,
    DecodeError,
    HostKeyChanged,
    HostKeyUnknown,
    Refused,
    Unreachable,
    UsageError,
)
from netdiag.model import Device as InventoryDevice
from netdiag.model import ErrDisableCause
from tests.lab.ssh_server import Device, Running

SENTINEL = "s3ntinel-Zq9"


@pytest.fixture
def running():
    servers = []

    def start(**options):
        servers.append(Running(Device(**options)))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def target(tmp_path):
    def make(server, *, known=True, **access):
        known_hosts = tmp_path / f"known_hosts_{server.port}"
        if known:
            known_hosts.write_text(server.known_hosts_line())
        return Target(
            device=InventoryDevice("core-1", "127.0.0.1", platform="cisco_ios"),
            ssh=SshAccess(
                port=server.port,
                username="netops",
                password=Secret(access.pop("password", "right")),
                known_hosts=str(known_hosts),
                timeout_s=access.pop("timeout_s", 5.0),
                **access,
            ),
        )

    return make


def test_a_session_asks_and_is_answered(running, target):
    with ssh.Session(target(running())) as session:
        answer = session.show("show interfaces status err-disabled")
        assert answer.splitlines()[0].startswith("Port ")
        assert answer.splitlines()[-1].endswith("storm-control")
        assert "core-1#" not in answer


def test_what_looks_like_the_prompt_in_mid_answer_ends_nothing(running, target):
    with ssh.Session(target(running())) as session:
        assert session.show("show hostile").splitlines()[-1] == "end"
        assert "08:00:00" in session.show("show clock")


def test_lines_are_configured_and_told(running, target):
    server = running()
    with ssh.Session(target(server)) as session:
        told = session.configure(["interface GigabitEthernet1/0/2", "shutdown"])
        assert "core-1(config)#interface GigabitEthernet1/0/2" in told
        assert "core-1(config-if)#shutdown" in told
        assert session.transcript == told
        assert session.show("show clock")
    assert server.device.received[2:7] == [
        "configure terminal",
        "interface GigabitEthernet1/0/2",
        "shutdown",
        "end",
        "show clock",
    ]


def test_a_refused_line_is_an_error_and_the_session_goes_on(running, target):
    server = running()
    with ssh.Session(target(server)) as session:
        with pytest.raises(DecodeError, match=r"refuses 'shutdwon': % Invalid input"):
            session.configure(["interface Gi1/0/2", "shutdwon", "never sent"])
        assert "never sent" not in server.device.received
        assert "shutdwon" in session.transcript
        with pytest.raises(DecodeError, match="refuses 'show nothing'"):
            session.show("show nothing")
        assert "08:00" in session.show("show clock")


def test_the_enable_secret_opens_configuration(running, target):
    server = running(enable="open sesame")
    with ssh.Session(target(server, enable_secret=Secret("open sesame"))) as session:
        assert "shutdown" in session.configure(["interface Gi1/0/2", "shutdown"])
    with (
        ssh.Session(target(server, enable_secret=Secret("wrong one"))) as session,
        pytest.raises(AccessDenied, match="refuses the enable secret"),
    ):
        session.configure(["interface Gi1/0/2"])
    with (
        ssh.Session(target(server)) as session,
        pytest.raises(AccessDenied, match="no enable_secret"),
    ):
        session.configure(["interface Gi1/0/2"])


def test_a_wrong_password_is_refused_and_not_silence(running, target):
    aim = target(running(), password=SENTINEL)
    with pytest.raises(AccessDenied, match="'netops'"), ssh.Session(aim):
        pass
    snapshot = ssh.poll(aim)
    assert snapshot.reachable
    assert snapshot.sources == ()
    assert "refuses the login" in snapshot.errors[0].message


def test_a_host_without_a_key_on_record_is_refused_with_its_fingerprint(running, target):
    server = running()
    aim = target(server, known=False)
    with pytest.raises(HostKeyUnknown) as caught, ssh.Session(aim):
        pass
    assert server.key.get_fingerprint() in str(caught.value)
    assert not Path(aim.ssh.known_hosts).exists()
    assert server.device.received == []


def test_a_new_key_is_recorded_when_asked_and_then_holds(running, target):
    server = running()
    aim = target(server, known=False, accept_new=True)
    with ssh.Session(aim):
        pass
    recorded = Path(aim.ssh.known_hosts)
    assert recorded.read_text().split()[:3] == server.known_hosts_line().split()[:3]
    assert recorded.stat().st_mode & 0o077 == 0
    with ssh.Session(replace(aim, ssh=replace(aim.ssh, accept_new=False))):
        pass
    assert len(recorded.read_text().splitlines()) == 1


@pytest.mark.parametrize("accept_new", [False, True])
def test_a_changed_key_is_never_device_down(running, target, accept_new):
    server, other = running(), running()
    aim = target(server, accept_new=accept_new)
    other.port = server.port
    Path(aim.ssh.known_hosts).write_text(other.known_hosts_line())
    with pytest.raises(HostKeyChanged) as caught, ssh.Session(aim):
        pass
    words = str(caught.value)
    assert server.key.get_fingerprint() in words
    assert other.key.get_fingerprint() in words
    assert "ssh-keygen -R '[127.0.0.1]:" in words
    assert Path(aim.ssh.known_hosts).read_text() == other.known_hosts_line()
    assert ssh.poll(aim).reachable


def test_a_key_of_another_kind_than_on_record_is_a_changed_key(running, target):
    import asyncssh

    server = running()
    aim = target(server)
    rsa = asyncssh.generate_private_key("ssh-rsa").export_public_key().decode()
    Path(aim.ssh.known_hosts).write_text(f"[127.0.0.1]:{server.port} {rsa}")
    with pytest.raises(HostKeyChanged), ssh.Session(aim):
        pass


def test_nobody_there_is_unreachable(target, running):
    server = running()
    aim = target(server)
    server.stop()
    with pytest.raises(Unreachable), ssh.Session(aim):
        pass
    snapshot = ssh.poll(aim)
    assert not snapshot.reachable
    assert snapshot.errors[0].what == "device"


@pytest.mark.parametrize("hang_on", ["login", "terminal length 0", "show clock"])
def test_a_hang_is_unreachable_in_bounded_time(running, target, hang_on):
    aim = target(running(hang_on=hang_on), timeout_s=1.0)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="hangs"), ssh.Session(aim) as session:
        session.show("show clock")
    assert time.monotonic() - started < 5


def test_a_port_that_accepts_and_says_nothing_is_unreachable(target, running):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = running()
        server.port = mute.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(Unreachable), ssh.Session(target(server, timeout_s=1.0)):
            pass
        assert time.monotonic() - started < 8


def test_a_session_that_breaks_off_keeps_what_was_read(running, target):
    aim = target(running(close_on="show interfaces switchport"))
    snapshot = ssh.poll(aim)
    assert snapshot.reachable
    assert snapshot.sources == ("ssh",)
    port = snapshot.interface("GigabitEthernet1/0/2")
    assert port is not None
    assert port.err_disabled is not None
    assert port.err_disabled.cause is ErrDisableCause.STORM_CONTROL
    assert any(e.what == "session" and "closed the session" in e.message for e in snapshot.errors)


def test_a_command_that_the_device_does_not_know_is_one_error_in_the_snapshot(running, target):
    snapshot = ssh.poll(target(running()))
    refused = {e.what for e in snapshot.errors}
    assert "lldp" in refused
    assert "err-disabled" not in refused


def test_one_session_a_device_at_a_time(running, target):
    aim = target(running())
    open_now, most = 0, 0
    guard = threading.Lock()

    def visit():
        nonlocal open_now, most
        with ssh.Session(aim) as session:
            with guard:
                open_now += 1
                most = max(most, open_now)
            session.show("show clock")
            with guard:
                open_now -= 1

    threads = [threading.Thread(target=visit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (open_now, most) == (0, 1)


def test_the_second_management_path(running, target):
    server = running()
    aim = target(server)
    dead = replace(aim.ssh, port=1)
    both = replace(aim, ssh=dead, out_of_band=aim.ssh, out_of_band_address="127.0.0.1")
    with ssh.Session(both, out_of_band=True) as session:
        assert session.show("show clock")
    with pytest.raises(UsageError, match="no second management path"):
        ssh.Session(aim, out_of_band=True)
    with pytest.raises(UsageError, match="does not speak"):
        ssh.Session(replace(aim, device=replace(aim.device, platform="zyxel_os")))


def test_poll_unites_and_answers_for_every_target(running, target):
    aim = target(running())
    nothing = Target(device=InventoryDevice("lost", "127.0.0.1"))
    one, two = collect.poll([aim, nothing], via=frozenset({"ssh"}))
    assert (one.device, one.sources) == ("core-1", ("ssh",))
    assert (two.device, two.reachable) == ("lost", False)
    assert "no login over SSH" in two.errors[0].message
    assert collect.poll([]) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"password": SENTINEL},
        {"password": SENTINEL, "hang_on": "show clock"},
        {"password": SENTINEL, "enable": SENTINEL},
        {"password": SENTINEL, "enable": "other"},
        {"password": "other"},
        {"password": SENTINEL, "answers": {"terminal length 0": SENTINEL, "show clock": SENTINEL}},
    ],
)
def test_the_password_shows_nowhere(running, target, caplog, capfd, options):
    caplog.set_level(logging.DEBUG)
    aim = target(
        running(**options), password=SENTINEL, enable_secret=Secret(SENTINEL), timeout_s=1.0
    )
    shown = [repr(aim)]
    session = ssh.Session(aim)
    shown.append(repr(session.__dict__))
    try:
        with session:
            shown.append(repr(session.__dict__))
            shown.append(session.show("show clock"))
            shown.append(session.configure(["interface Gi1/0/2", "shutdown", SENTINEL]))
    except (CollectError, DecodeError) as exc:
        shown.append("".join(traceback.format_exception(exc)))
    shown += [session.transcript, repr(session.__dict__), repr(ssh.poll(aim)), caplog.text]
    captured = capfd.readouterr()
    shown += [captured.out, captured.err, Path("/proc/self/cmdline").read_text()]
    for number, text in enumerate(shown):
        assert SENTINEL not in text, f"shown in {number}"


def test_old_algorithms_only_by_name_for_the_device(running, target):
    old = running(
        key_type="ssh-rsa",
        algorithms={
            "kex_algs": ["diffie-hellman-group14-sha1"],
            "encryption_algs": ["aes128-cbc"],
            "mac_algs": ["hmac-sha1"],
            "signature_algs": ["ssh-rsa"],
        },
    )
    aim = target(old)
    assert aim.ssh is not None
    with pytest.raises(CollectError, match="legacy_algorithms"), ssh.Session(aim):
        pass
    named = ("diffie-hellman-group14-sha1", "aes128-cbc", "ssh-rsa")
    with ssh.Session(replace(aim, ssh=replace(aim.ssh, legacy_algorithms=named))) as session:
        assert "Nov 22" in session.show("show clock")
    # The other devices of the same run are still offered nothing old.
    with pytest.raises(CollectError, match="in common"), ssh.Session(aim):
        pass
    with pytest.raises(UsageError, match="'rot13'"):
        ssh.Session(replace(aim, ssh=replace(aim.ssh, legacy_algorithms=("rot13",))))


def test_the_oldest_group_as_well(running, target):
    old = running(algorithms={"kex_algs": ["diffie-hellman-group1-sha1"]})
    aim = target(old)
    assert aim.ssh is not None
    with pytest.raises(CollectError), ssh.Session(aim):
        pass
    named = replace(aim.ssh, legacy_algorithms=("diffie-hellman-group1-sha1",))
    with ssh.Session(replace(aim, ssh=named)) as session:
        assert session.show("show clock")


LOOKS = {
    "huawei": "<sw-1>",
    "huawei_vrpv8": "<sw-1>",
    "hp_comware": "<sw-1>",
    "juniper_junos": "netops@sw-1> ",
    "juniper_ex_legacy": "netops@sw-1> ",
    "mikrotik_routeros": "[netops@sw-1] > ",
    "linux": "netops@sw-1:~$ ",
    "extreme_exos": "* sw-1.{n} # ",
    "dlink_ds": "DES-3200:admin#",
}


@pytest.mark.parametrize("platform", platforms.SPOKEN, ids=lambda p: p.name)
def test_each_makes_login_through_netmikos_own_driver(running, target, platform):
    look = LOOKS.get(platform.name, "sw-1#")
    need = "log" if "log" in platform.commands else "arp"
    line = platform.commands[need].line
    server = running(look=look, banner="\r\n", answers={line: "one line\r\n"})
    aim = target(server)
    aim = replace(aim, device=replace(aim.device, platform=platform.name))
    with ssh.Session(aim) as session:
        assert session.show(line) == "one line\n"
    # netmiko's own login talk would answer questions and set widths: nothing but our lines came.
    sent = [x for x in server.device.received if x not in ("exit", "")]
    assert sent == [x for x in (*platform.prepare, line) if x]


def test_a_huawei_is_read_without_a_word_that_changes_it(running, target):
    server = running(
        look="<sw-1>",
        banner="\r\n",
        answers={
            "display error-down recovery": "GigabitEthernet0/0/4   bpdu-protection   300   273\r\n",
            "display storm-control": "Error: Unrecognized command found at '^' position.\r\n",
        },
    )
    aim = target(server)
    found = ssh.poll(replace(aim, device=replace(aim.device, platform="huawei")))
    port = found.interface("GigabitEthernet0/0/4")
    closed = port.err_disabled if port else None
    assert closed is not None
    assert (closed.cause, closed.recovers_in_s) == ("bpdu-guard", 273)
    assert all(
        x.startswith(("display ", "screen-length")) or x in ("exit", "")
        for x in server.device.received
    )


# --- changes that the device takes back by itself ---------------------------------------------------


def test_a_confirmed_change_is_armed_and_confirmed_in_a_session_of_its_own(running, target):
    server = running()
    reachable = target(server)
    with ssh.Session(reachable) as session:
        session.configure(("interface Gi1/0/1", "shutdown"), confirm_within_min=2)
    assert "configure confirm" not in server.device.received
    with ssh.Session(reachable) as session:
        session.confirm()
    wanted = ["configure terminal revert timer 2", "interface Gi1/0/1", "shutdown", "end"]
    received = server.device.received
    start = received.index(wanted[0])
    assert received[start : start + 4] == wanted
    assert "configure confirm" in received[start + 4 :]


def test_a_device_that_is_lost_after_the_change_is_not_confirmed(running, target):
    server = running(close_on="shutdown")
    with ssh.Session(target(server)) as session, pytest.raises(Unreachable):
        session.configure(("interface Gi1/0/1", "shutdown"), confirm_within_min=2)
    assert "configure confirm" not in server.device.received


def test_what_no_platform_can_take_back_is_refused_before_anything_is_sent(running, target):
    server = running()
    reachable = target(server)
    plain = replace(reachable, device=replace(reachable.device, platform="cisco_nxos"))
    with ssh.Session(plain) as session, pytest.raises(Refused, match="take a change back"):
        session.configure(("interface Gi1/0/1", "shutdown"), confirm_within_min=2)
    assert "interface Gi1/0/1" not in server.device.received


def test_nothing_is_sent_after_a_stop_between_two_lines(running, target):
    server = running()
    asked: list[bool] = []

    def may_send():
        asked.append(True)
        if len(asked) == 3:
            raise Refused("stopped")

    with ssh.Session(target(server)) as session, pytest.raises(Refused, match="stopped"):
        session.configure(("interface Gi1/0/1", "shutdown"), may_send=may_send)
    assert "interface Gi1/0/1" in server.device.received
    assert "shutdown" not in server.device.received
    assert "end" in server.device.received, "the configuration mode is left in any case"
