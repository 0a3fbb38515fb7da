"""Real SSH clients on the switch's command line, and the relay that holds bytes while the path is down."""

import asyncio
import importlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from netdiag.lab.ssh import Login, SshAgent, host_key, known_hosts_line
from tests.lab.fake_switch import FakeSwitch, open_cli

LOGIN = Login("netops", "right-password")


class Served:
    """The agent on a loop of its own thread, in-band and out of band."""

    def __init__(self, folder: Path, switch: FakeSwitch, privileged: bool = True) -> None:
        self.switch = switch
        key = host_key(folder / "key")
        agent = SshAgent(lambda: open_cli(switch, privileged=privileged), LOGIN, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._agent = agent
        self.port = self._do(agent.listen("127.0.0.1", 0, switch.reachable))
        self.out_of_band = self._do(agent.listen("127.0.0.1", 0, lambda: True))
        self.known_hosts = folder / "known_hosts"
        lines = [known_hosts_line(key, "127.0.0.1", p) for p in (self.port, self.out_of_band)]
        self.known_hosts.write_text("\n".join(lines) + "\n")

    def _do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def close(self) -> None:
        self._do(self._agent.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def served(tmp_path):
    switch = Served(tmp_path, FakeSwitch())
    yield switch
    switch.close()


def login(
    served: Served, *, port: int | None = None, password: str = "right-password", **options: Any
) -> Any:
    from netmiko import ConnectHandler

    return ConnectHandler(
        device_type="cisco_ios",
        host="127.0.0.1",
        port=port or served.port,
        username="netops",
        password=password,
        ssh_strict=True,
        alt_host_keys=True,
        alt_key_file=str(served.known_hosts),
        **options,
    )


def test_netmiko_logs_in_reads_and_configures(served):
    with login(served) as session:
        assert session.find_prompt() == "acc-2#"
        rows = session.send_command("show interfaces status", use_textfsm=True)
        assert rows[1]["status"] == "err-disabled"
        assert "Invalid input" in session.send_command("show nonsense")
        session.send_config_set(["interface GigabitEthernet1/0/1", "shutdown"])
        assert not served.switch.port("GigabitEthernet1/0/1").admin_up
        session.send_config_set(["interface Gi1/0/2", "shutdown", "no shutdown"])
        assert served.switch.port("GigabitEthernet1/0/2").err_disabled is None


def test_netmiko_enables_with_the_secret(tmp_path):
    served = Served(tmp_path, FakeSwitch(), privileged=False)
    try:
        with login(served, secret="open sesame") as session:
            assert session.find_prompt() == "acc-2>"
            session.enable()
            assert session.find_prompt() == "acc-2#"
    finally:
        served.close()


def test_wrong_password_is_refused(served):
    from netmiko import NetmikoAuthenticationException

    with pytest.raises(NetmikoAuthenticationException):
        login(served, password="wrong")


def test_plain_ssh_runs_one_command(served, tmp_path):
    if shutil.which("ssh") is None:
        pytest.skip("no ssh client (Debian package openssh-client)")
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho right-password\n")
    ask.chmod(0o700)
    line = [
        "ssh", "-p", str(served.port), "-o", f"UserKnownHostsFile={served.known_hosts}",
        "-o", "StrictHostKeyChecking=yes", "-o", "PreferredAuthentications=password",
        "netops@127.0.0.1", "show clock",
    ]  # fmt: skip
    environment = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=30, check=False, env=environment,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout.strip() == "*09:12:03.500 UTC Sat Nov 22 2025", done.stderr


def test_pages_until_told_not_to(served):
    # No types of its own.
    paramiko: Any = importlib.import_module("paramiko")

    client = paramiko.SSHClient()
    client.load_host_keys(str(served.known_hosts))
    client.connect("127.0.0.1", served.port, "netops", "right-password", look_for_keys=False)
    shell = client.invoke_shell()

    def until(text: str) -> str:
        seen, end = "", time.monotonic() + 5
        while text not in seen:
            assert time.monotonic() < end, seen
            if shell.recv_ready():
                seen += shell.recv(65536).decode()
            else:
                time.sleep(0.01)
        return seen

    until("acc-2#")
    shell.send(b"show interfaces\n")
    assert "GigabitEthernet1/0/1 is up" in until("--More--")
    shell.send(b" ")
    until("--More--")
    shell.send(b"q")
    until("acc-2#")
    shell.send(b"terminal length 0\n")
    until("acc-2#")
    shell.send(b"show interfaces\n")
    assert "--More--" not in until("acc-2#")
    client.close()


def test_a_pending_login_completes_when_the_path_is_back(served):
    served.switch.up = False
    opened = []

    def connect() -> None:
        with login(served, conn_timeout=20, banner_timeout=20) as session:
            opened.append((time.monotonic(), session.find_prompt()))

    thread = threading.Thread(target=connect)
    thread.start()
    time.sleep(0.8)
    assert not opened
    back = time.monotonic()
    served.switch.up = True
    thread.join(15)
    assert opened[0][1] == "acc-2#"
    assert opened[0][0] > back


def test_bytes_of_a_session_wait_for_the_path(served):
    with login(served) as session:
        served.switch.up = False
        session.write_channel("configure terminal\ninterface Gi1/0/1\nshutdown\n")
        time.sleep(0.4)
        assert served.switch.port("GigabitEthernet1/0/1").admin_up
        served.switch.up = True
        end = time.monotonic() + 5
        while served.switch.port("GigabitEthernet1/0/1").admin_up and time.monotonic() < end:
            time.sleep(0.01)
        assert not served.switch.port("GigabitEthernet1/0/1").admin_up


def test_out_of_band_does_not_care(served):
    served.switch.up = False
    with login(served, port=served.out_of_band) as session:
        assert session.find_prompt() == "acc-2#"


def test_the_host_key_stays_and_is_private(tmp_path):
    first = host_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert host_key(tmp_path / "key") == first
