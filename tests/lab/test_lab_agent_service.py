"""The practice network as others meet it: its process, its state file, its sockets, its syslog."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from netdiag.cli.lab import lab as command
from netdiag.errors import FileFormatError, LabError, UsageError
from netdiag.files import inventory
from netdiag.lab import client
from netdiag.lab.client import Lab

pytestmark = pytest.mark.lab


@pytest.fixture
def lab(tmp_path):
    running = client.start(state_dir=tmp_path, seed=1, out_of_band=True)
    yield running
    running.stop()


def wait(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" in status.read_text()


def snmp_get(switch: dict[str, Any], *arguments: str) -> str:
    if shutil.which("snmpget") is None:
        pytest.skip("snmpget is not installed (Debian package snmp)")
    line = ["snmpget", "-m", "", "-On", "-t", "0.5", "-r", "0", *arguments]
    line[-1:-1] = [f"127.0.0.1:{switch['snmp_port']}"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    return done.stdout + done.stderr


def switch(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in lab.status()["switches"] if s["name"] == name)
    return found


def test_what_it_writes_is_an_inventory_and_private(lab, tmp_path):
    loaded = inventory.load(lab.inventory)
    assert [d.name for d in loaded.devices] == ["core-1", "acc-1", "acc-2", "acc-3"]
    assert loaded.devices[2].desk("GigabitEthernet1/0/1") == "2F-101"
    assert loaded.site.sensors == ("lab:noc",)
    assert loaded.site.dhcp_servers[0].vlans == (10,)
    assert loaded.plain_secrets() == ()
    target = loaded.targets(["acc-2"])[0]
    assert target.ssh is not None
    assert target.ssh.password is not None
    assert target.out_of_band is not None
    for file in (tmp_path / "lab.json", *(lab.inventory / "secrets").iterdir()):
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_fresh_campus_works_and_the_state_file_goes_with_it(lab, tmp_path):
    hosts = lab.hosts()
    assert len(hosts) == 24
    assert all(h["connected"] and h["ip"].startswith("10.10.") for h in hosts)
    assert lab.ping(hosts[0]["name"], hosts[0]["gateway"])
    assert not lab.ping(hosts[0]["name"], "10.10.200.200", timeout_s=0.2)
    before = lab.status()["now"]
    lab.advance(300)
    assert lab.status()["now"] >= before + 300
    assert client.connect(tmp_path).status()["hosts"] == 24
    pid = lab.pid
    lab.stop()
    assert not (tmp_path / "lab.json").exists()
    assert gone(pid)
    with pytest.raises(UsageError, match="no practice network is running"):
        client.connect(tmp_path)


def test_one_lab_a_state_file_but_two_at_once_elsewhere(lab, tmp_path):
    with pytest.raises(LabError, match="running already"):
        client.start(state_dir=tmp_path)
    other = client.start(state_dir=tmp_path / "other", seed=2)
    try:
        assert other.status()["seed"] == 2
        assert lab.status()["seed"] == 1
    finally:
        other.stop()


def test_a_killed_lab_does_not_stand_in_the_way(tmp_path):
    first = client.start(state_dir=tmp_path)
    os.kill(first.pid, 9)
    wait(lambda: gone(first.pid))
    second = client.start(state_dir=tmp_path)
    assert second.status()["hosts"] == 24
    second.stop()


def test_it_dies_with_its_parent(tmp_path):
    code = (
        "import os,sys,pathlib\nfrom netdiag.lab import client\n"
        "lab = client.start(state_dir=pathlib.Path(sys.argv[1]))\n"
        "print(lab.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    pid = int(done.stdout)
    wait(lambda: gone(pid))


def test_time_to_live_ends_it(tmp_path):
    short = client.start(state_dir=tmp_path, ttl_s=0.5)
    wait(lambda: gone(short.pid) or (short._process and short._process.poll() is not None))
    wait(lambda: not (tmp_path / "lab.json").exists())


def test_mistakes_are_told_as_such(lab, tmp_path):
    with pytest.raises(UsageError, match="earthquake"):
        lab.inject("earthquake")
    with pytest.raises(UsageError, match="no station 'nobody'"):
        lab.ping("nobody", "10.10.0.1")
    bad = tmp_path / "bad.yaml"
    bad.write_text("vlans: [10]\nswitchs: {}\n")
    with pytest.raises((UsageError, FileFormatError), match=r"bad\.yaml:1: management"):
        client.start(str(bad), state_dir=tmp_path / "b")
    assert lab.status()["hosts"] == 24


def test_case_one_closes_the_uplink_and_darkens_the_switch(lab):
    truth = lab.inject("home-router", seed=3, cables=2, delay=0.5)
    device = truth["device"]
    assert truth["kinds"] == ["layer2-loop", "rogue-dhcp-server"]
    closed = wait(lambda: lab.status()["err_disabled"])[0]
    assert (closed["switch"], closed["cause"]) == ("core-1", "storm-control")
    dark, core = switch(lab, device), switch(lab, "core-1")
    assert not dark["reachable"]
    community = ["-v2c", "-c", "public"]
    assert "Timeout" in snmp_get(dark, *community, "1.3.6.1.2.1.1.5.0")
    number = 10100 + int(closed["port"].rpartition("/")[2])
    cause = f"1.3.6.1.4.1.9.9.548.1.3.1.1.2.{number}.0"
    assert "INTEGER: 14" in snmp_get(core, *community, cause)
    assert "INTEGER: 2" in snmp_get(core, *community, f"1.3.6.1.2.1.2.2.1.8.{number}")
    log = lab.syslog_file.read_text()
    assert "%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/" in log
    assert f" {device} " in log
    lab.console(device, "shutdown")
    # What happens behind the closed port is heard by its own buffer alone.
    lines = len(lab.syslog_file.read_text().splitlines())
    for command_line in ("conf t", f"interface {truth['interface']}", "shutdown"):
        lab.console(device, command_line, "s")
    assert (
        f"{truth['interface']}, changed state to administratively down"
        in (lab.console(device, "show logging")[0])
    )
    assert len(lab.syslog_file.read_text().splitlines()) == lines


def test_a_login_waits_for_the_path_and_snmp_does_not(lab):
    from netmiko import ConnectHandler

    for line in ("conf t", "interface Gi1/0/2", "shutdown"):
        lab.console("core-1", line, "cut")
    dark = switch(lab, "acc-2")
    assert not dark["reachable"]
    with socket.create_connection(("127.0.0.1", dark["ssh_port"]), timeout=5) as sock:
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sock.recv(10)
        lab.console("core-1", "no shutdown", "cut")
        sock.settimeout(10)
        assert sock.recv(7) == b"SSH-2.0"
    target = inventory.load(lab.inventory).targets(["acc-2"])[0]
    assert target.ssh
    assert target.ssh.password
    with ConnectHandler(
        "127.0.0.1", device_type="cisco_ios", port=target.ssh.port, username=target.ssh.username,
        password=target.ssh.password.reveal(), ssh_strict=True, alt_host_keys=True,
        alt_key_file=target.ssh.known_hosts,
    ) as session:  # fmt: skip
        assert session.find_prompt() == "acc-2#"


def test_snmpv3_and_set_on_the_live_switch(lab):
    secrets = lab.inventory / "secrets"
    auth, priv = ((secrets / n).read_text().strip() for n in ("auth_key", "priv_key"))
    v3 = [
        "-v3",
        "-u",
        "ops",
        "-l",
        "authPriv",
        "-a",
        "SHA-256",
        "-A",
        auth,
        "-x",
        "AES",
        "-X",
        priv,
    ]
    acc = switch(lab, "acc-2")
    assert '"acc-2"' in snmp_get(acc, *v3, "1.3.6.1.2.1.1.5.0")
    root = "1.3.6.1.2.1.17.2.2.0"
    assert "INTEGER: 32778" in snmp_get(acc, *v3, "-n", "vlan-10", root)
    assert "INTEGER: 32778" in snmp_get(acc, "-v2c", "-c", "public@10", root)
    assert "Timeout" in snmp_get(acc, "-v2c", "-c", "public@77", root)


def hello(lab: Lab, **first: str) -> socket.socket:
    host, port, token = lab.tap_address("noc")
    sock = socket.create_connection((host, port), timeout=10)
    sock.sendall(json.dumps({"token": token, **first}).encode() + b"\n")
    return sock


def frames(sock: socket.socket) -> Iterator[tuple[float, bytes]]:
    stream = sock.makefile("rb")
    while header := stream.read(12):
        at, length = struct.unpack("!dI", header)
        yield at, stream.read(length)


def test_a_sensor_hears_and_speaks_on_the_wire(lab):
    with hello(lab, tap="noc") as sock:
        mac = bytes.fromhex("020000000042")
        ask = (
            b"\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + bytes(4)
            + bytes(6) + socket.inet_aton("10.10.0.2")
        )  # fmt: skip
        sock.sendall(struct.pack("!dI", 0.0, len(ask)) + ask)
        mac_text = inventory.load(lab.inventory).site.dhcp_servers[0].mac
        assert mac_text
        server = bytes.fromhex(mac_text.replace(":", ""))
        for at, frame in frames(sock):
            assert abs(at - datetime.now(UTC).timestamp()) < 30
            if frame[:6] == mac and frame[12:14] == b"\x08\x06":
                assert frame[22:28] == server
                break


@pytest.mark.parametrize(
    ("first", "words"),
    [({"tap": "nowhere"}, "no station"), ({"token": "wrong", "tap": "noc"}, "token")],
)
def test_a_tap_that_is_refused_says_why(lab, first, words):
    with hello(lab, **first) as sock:
        answer = json.loads(sock.makefile("rb").readline())
    assert answer["ok"] is False
    assert words in answer["error"]


def test_garbage_on_the_control_socket_harms_nobody(lab):
    for garbage in (b"\n", b"[]\n", b"{" * 5000, b"\xff\xfe\n", b'{"token": 3}\n'):
        host, port, _ = lab.tap_address("noc")
        with socket.create_connection((host, port), timeout=5) as sock:
            sock.sendall(garbage)
    with hello(lab, tap="noc") as sock:
        sock.sendall(struct.pack("!dI", 0.0, 10**9))
        wait(lambda: sock.recv(65536) == b"")
    assert lab.status()["hosts"] == 24


def test_traps_and_syslog_go_where_they_are_asked_to(tmp_path):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as traps,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog,
    ):
        for sock in (traps, syslog):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(10)
        running = client.start(
            state_dir=tmp_path, syslog_to=syslog.getsockname(), traps_to=traps.getsockname()
        )
        try:
            running.inject("err-disabled-port", seed=1)
            from netdiag.lab.ber import object_id
            from netdiag.lab.traps import ERR_DISABLE_EVENT

            wait(lambda: object_id(ERR_DISABLE_EVENT) in traps.recv(65536))
            wait(lambda: b"%PM-4-ERR_DISABLE: " in syslog.recv(65536))
        finally:
            running.stop()


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.setenv("NETDIAG_LAB", str(tmp_path / "lab.json"))
    run = CliRunner().invoke
    assert isinstance(run(command, ["status"]).exception, UsageError)
    assert isinstance(run(command, ["up", "--topology", "moon"]).exception, UsageError)
    up = run(command, ["up"])
    try:
        assert up.exit_code == 0, up.output
        assert f"export NETDIAG_INVENTORY={tmp_path}" in up.output
        status = json.loads(run(command, ["status", "--json"]).stdout)
        assert status["switches"][0]["name"] == "core-1"
        pc = run(command, ["shell", "pc-2f-101"], input="ping 10.10.0.1\nbogus\n")
        assert "10.10.0.1 answers" in pc.output
        line = "conf t\ninterface Gi1/0/2\nshutdown\nend\nshow interfaces status\nexit\n"
        console = run(command, ["shell", "acc-2"], input=line)
        assert "disabled" in next(
            r for r in console.output.splitlines() if r.startswith("Gi1/0/2 ")
        )
        injected = run(command, ["inject", "home-router", "--cables", "1", "--seed", "5", "--json"])
        truth = json.loads(injected.stdout)
        assert truth["device"] in run(command, ["reveal"]).output
        assert "Taken back: 1" in run(command, ["revert"]).output
        assert isinstance(run(command, ["inject", "home-router", "-o", "x"]).exception, UsageError)
    finally:
        down = run(command, ["down"])
    assert down.exit_code == 0
    assert not (tmp_path / "lab.json").exists()
