"""The practice network on the kernel's bridges: what it says is what the kernel does, and nothing stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netdiag import collect, diagnose, repair
from netdiag.errors import UsageError
from netdiag.files import inventory as inventories
from netdiag.lab import client
from netdiag.lab.client import Lab
from netdiag.lab.kernel import cage
from netdiag.model import Diagnosis, Kind, Snapshot
from netdiag.store import Store

REFUSED = cage.refused()
pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("real"),  # one after the other: real storms want a core
    pytest.mark.skipif(REFUSED is not None, reason=f"user namespaces are switched off: {REFUSED}"),
]

BROADCASTS = """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
mac = s.getsockname()[4]
for _ in range(300):
    s.send(b"\\xff" * 6 + mac + b"\\x88\\xb5" + bytes(46))
"""


def until(ready: Callable[[], bool], longest_s: float = 20.0) -> bool:
    end = time.monotonic() + longest_s
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.1)
    return ready()


def host_interfaces() -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net").iterdir())


def run(lab: Lab, node: str, *command: str) -> str:
    done = subprocess.run(lab.inside(node, command), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(lab: Lab, node: str, script: str) -> str:
    return run(lab, node, "sh", "-ec", f"PATH=$PATH:/usr/sbin:/sbin; {script}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    before = host_interfaces()
    started = client.start(state_dir=tmp_path_factory.mktemp("real"), real=True)
    try:
        assert host_interfaces() == before
        yield started
    finally:
        started.stop()
    assert host_interfaces() == before


def poll(lab: Lab) -> dict[str, Snapshot]:
    found = collect.poll(
        inventories.load(lab.inventory).targets(), via=frozenset({"snmp"}), window_s=None
    )
    return {snapshot.device: snapshot for snapshot in found}


def test_people_have_addresses_of_their_kernel(lab: Lab) -> None:
    assert lab.status()["data_plane"] == "real"
    assert until(lambda: lab.status()["hosts_working"] == 24)
    host = lab.hosts()[0]
    assert f" {host['ip']}/16 " in shell(lab, host["name"], "ip -4 addr show eth0")
    assert lab.ping(host["name"], "10.10.0.1")
    assert not lab.ping(host["name"], "10.10.77.77")
    learned = {(e.mac, e.interface) for e in poll(lab)[host["switch"]].fdb}
    assert (host["mac"], host["interface"]) in learned


def test_counters_are_exact_to_the_frame(lab: Lab) -> None:
    host = next(h for h in lab.hosts() if h["switch"] == "acc-3")

    def count() -> int:
        port = next(i for i in poll(lab)["acc-3"].interfaces if i.name == host["interface"])
        assert port.counters is not None
        assert port.counters.in_broadcast_pkts is not None
        return port.counters.in_broadcast_pkts

    before = count()
    run(lab, host["name"], sys.executable, "-c", BROADCASTS)
    time.sleep(1.0)
    # The PC's own ARP requests come on top.
    assert 300 <= count() - before <= 320


def test_what_a_hand_changes_in_the_kernel_shows(lab: Lab) -> None:
    host = next(h for h in lab.hosts() if h["switch"] == "acc-1")
    device = host["interface"].replace("GigabitEthernet", "Gi").replace("/", "-")

    def port() -> tuple[str | None, str | None]:
        found = next(i for i in poll(lab)["acc-1"].interfaces if i.name == host["interface"])
        return str(found.admin_status), str(found.oper_status)

    shell(lab, "acc-1", f"ip link set {device} down")
    assert until(lambda: port() == ("down", "down"))
    shell(lab, "acc-1", f"ip link set {device} up")
    assert until(lambda: port() == ("up", "up"))
    shell(lab, host["name"], "ip link set eth0 down")
    assert until(lambda: port() == ("up", "down"))
    shell(lab, host["name"], "ip link set eth0 up")
    assert until(lambda: port() == ("up", "up"))
    assert "changed state to administratively down" in lab.syslog_file.read_text(encoding="utf-8")


def test_a_wrong_node_is_a_wrong_call(lab: Lab) -> None:
    with pytest.raises(UsageError, match="has no 'acc-9'"):
        lab.inside("acc-9", ["true"])
    assert subprocess.run(lab.inside("acc-1", ["sh", "-c", "exit 7"]), check=False).returncode == 7


def test_nothing_leads_out(lab: Lab) -> None:
    """No interface of the host, and no route but to the practice network's own gateway."""
    for node in ("core-1", "noc", lab.hosts()[0]["name"]):
        routes = shell(lab, node, "ip -4 route")
        assert all("10." in line for line in routes.splitlines()), routes
    mine = shell(lab, "noc", "ip -o link").splitlines()
    assert [line.split(": ")[1].partition("@")[0] for line in mine] == ["lo", "eth0"]


# --- whole stories, each on a campus of its own -----------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    started = client.start(state_dir=tmp_path, real=True)
    monkeypatch.setenv("NETDIAG_LAB", str(started.state_file))
    yield started
    started.stop()


def diagnosed(lab: Lab, store: Store) -> Diagnosis:
    return diagnose.diagnose(
        inventories.load(lab.inventory), store, symptom="no network", window_s=3.0
    )


def closed(lab: Lab) -> list[tuple[str, str]]:
    return [(e["switch"], e["port"]) for e in lab.status()["err_disabled"]]


def test_case_one_from_the_loop_to_people_who_work_again(own: Lab, tmp_path: Path) -> None:
    """A home router on two cables: real dnsmasq, a real storm, a port that closes; then the repair."""
    inventory = inventories.load(own.inventory)
    with Store(tmp_path / "real.db") as store:
        store.add_snapshots(collect.poll(inventory.targets(), via=frozenset({"snmp"})))
        truth = own.inject("home-router", 5, cables=2, delay=1)
        assert until(lambda: bool(closed(own)))
        found = diagnosed(own, store)
        cause = found.causes[0]
        assert cause.kind is Kind.LAYER2_LOOP
        assert cause.resource.device == truth["device"]
        assert cause.resource.interface in truth["interfaces"]
        ticket = store.tickets()[0]
        kept = repair.approve(inventory, store, ticket.id, by="ann")
    assert kept.verification is not None
    assert kept.verification.ok, kept.verification
    assert closed(own) == []
    assert until(lambda: own.status()["hosts_working"] >= 22)


def test_a_loop_made_by_hand_is_named(own: Lab, tmp_path: Path) -> None:
    """Nobody told the lab: two devices in a bridge, made with `ip`. Their rate is bounded at once."""
    inventory = inventories.load(own.inventory)
    with Store(tmp_path / "real.db") as store:
        store.add_snapshots(collect.poll(inventory.targets(), via=frozenset({"snmp"})))
        shell(
            own,
            "acc-2",
            "ip link add Gi1-0-11 type veth peer name cable;"
            " for end in Gi1-0-11 cable; do ip link set $end master br10 up; done",
        )
        assert until(lambda: bool(closed(own)))
        assert "tbf" in shell(own, "acc-2", "tc qdisc show dev cable")
        cause = diagnosed(own, store).causes[0]
    assert cause.kind is Kind.LAYER2_LOOP
    assert cause.resource.device == "acc-2"
    # `Gi1-0-11` is that port; `cable` took the first free one, which is 9.
    assert cause.resource.interface in ("GigabitEthernet1/0/11", "GigabitEthernet1/0/9")


# --- nothing stays ------------------------------------------------------------------------------------


def processes(text: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if text.encode() in line:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("which", ["outer", "inner"])
def test_kill_9_leaves_nothing(tmp_path: Path, which: str) -> None:
    before = host_interfaces()
    started = client.start(state_dir=tmp_path, real=True, detached=True)
    started.inject("layer2-loop", 1)  # a storm is on when it dies
    line = started.inside("acc-1", ["sleep", "300"])
    sleeper = subprocess.Popen(line)
    assert len(processes(str(tmp_path))) >= 3, "the two processes, and dnsmasq"
    pid = started.pid if which == "outer" else int(line[line.index("-t") + 1])
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: processes(str(tmp_path)) == [])
    assert sleeper.wait(10) != 0
    assert host_interfaces() == before
    with pytest.raises(UsageError, match="no practice network is running"):
        client.connect(tmp_path)


def test_it_ends_itself(tmp_path: Path) -> None:
    client.start(state_dir=tmp_path, real=True, detached=True, ttl_s=1.0)
    assert until(lambda: processes(str(tmp_path)) == [])
    assert not (tmp_path / "lab.json").exists()


def test_an_ordinary_user_has_one_too(tmp_path: Path) -> None:
    """As root this test becomes somebody else; otherwise all tests of this file are it."""
    if os.geteuid() != 0:
        assert cage.refused() is None
        return
    folder = Path("/tmp") / f"netdiag-real-{os.getpid()}"  # a folder that the other user may enter
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    became = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    try:
        if subprocess.run(
            [*became, sys.executable, "-c", "import netdiag"], check=False
        ).returncode:
            pytest.skip("an ordinary user cannot run this interpreter")
        service = [sys.executable, "-m", "netdiag.lab.service", "--state", str(folder / "lab.json")]
        with subprocess.Popen(
            [*became, *service, "--real", "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "HOME": str(folder)},
        ) as process:
            assert process.stdout is not None
            assert b'"ok": true' in process.stdout.readline()
            theirs = client.connect(folder)
            assert until(lambda: theirs.status()["hosts_working"] == 24)
            address = run_as(became, theirs, "pc-1f-101", ["ip", "-4", "addr", "show", "eth0"])
            assert "10.10." in address
            theirs.stop()
        assert until(lambda: processes(str(folder)) == [])
    finally:
        shutil.rmtree(folder)


def run_as(became: list[str], lab: Lab, node: str, command: list[str]) -> str:
    line = lab.inside(node, command)
    return subprocess.run([*became, *line], capture_output=True, text=True, check=True).stdout


def test_the_doctor_tries_what_the_kernel_can() -> None:
    from netdiag.lab.kernel import probe

    found = probe.look()
    assert found["real"] == "yes"
    assert found["storms"] == "bounded by tbf"
    assert "one bridge a VLAN" in found["VLANs"]
