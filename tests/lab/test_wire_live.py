"""The wire for real: veth and bridge in namespaces, Debian's dnsmasq as company and as rogue."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netdiag import topology
from netdiag.capture.container import CaptureFile
from netdiag.capture.fast import is_available
from netdiag.checks.address import duplicate_address
from netdiag.checks.dhcp import dhcp_server_down, rogue_dhcp_server
from netdiag.decode import frames
from netdiag.model import AuthorizedDhcpServer, Capture, Kind, Network, Site
from tests import traffic

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
COMPANY, ROGUE = "02:aa:00:00:00:01", "50:c7:bf:00:00:66"
PYTHON = {
    **os.environ,
    # Servers are in /usr/sbin, which is not on everybody's path.
    "PATH": os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")),
    "PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")]))),
}

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="network namespaces are Linux's"
)


class Namespace:
    """A network namespace, kept by a sleeping process."""

    def __init__(self, inside: Namespace | None = None) -> None:
        command = ["unshare", "-n" if IS_ROOT or inside else "-Urn", "sleep", "600"]
        self.enter = inside.prefix if inside else []
        self.process = subprocess.Popen([*self.enter, *command], stderr=subprocess.PIPE)
        own = Path("/proc/self/ns/net").readlink()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._is_apart(own, inside):
                return
            time.sleep(0.01)
        pytest.skip("user namespaces are switched off")

    def _is_apart(self, own: Path, inside: Namespace | None) -> bool:
        try:
            here = Path(f"/proc/{self.process.pid}/ns/net").readlink()
            ready = Path(f"/proc/{self.process.pid}/comm").read_text().strip() == "sleep"
        except OSError:
            return False
        if not ready:
            return False  # `unshare` is apart before it has mapped its user, and may do nothing until then
        outer = Path(f"/proc/{inside.process.pid}/ns/net").readlink() if inside else own
        return here not in (own, outer)

    @property
    def prefix(self) -> list[str]:
        user = [] if IS_ROOT else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.process.pid), *user, "-n"]

    def run(self, *command: str, check: bool = True, timeout: float = 60) -> str:
        done = subprocess.run(
            [*self.prefix, *command],
            check=False,
            capture_output=True,
            text=True,
            env=PYTHON,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.prefix, *command],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=PYTHON,
        )  # fmt: skip

    def capture(self, *arguments: str) -> subprocess.Popen[str]:
        return self.start(sys.executable, "-P", "-m", "netdiag.capture", *arguments)

    def wire(self, verb: str, *arguments: str) -> Capture:
        """One run of the capture process in here."""
        return frames.capture(self.capture(verb, *arguments).communicate()[0].splitlines(), "eth0")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Lan:
    """A switch (a bridge) with a namespace at each port."""

    def __init__(self) -> None:
        self.switch = Namespace()
        self.nodes: dict[str, Namespace] = {}
        self.servers: list[subprocess.Popen[str]] = []
        self.switch.run("ip", "link", "add", "br0", "type", "bridge")
        self.switch.run("ip", "link", "set", "br0", "up")

    def plug(self, name: str, mac: str, ip: str | None = None) -> Namespace:
        node = Namespace(self.switch)
        self.nodes[name] = node
        port = f"p-{name}"
        self.switch.run(
            "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0",
            "address", mac, "netns", str(node.process.pid),
        )  # fmt: skip
        self.switch.run("ip", "link", "set", port, "master", "br0", "up")
        node.run("ip", "link", "set", "eth0", "up")
        if ip:
            node.run("ip", "addr", "add", ip, "dev", "eth0")
        return node

    def serve(self, name: str, folder: Path, ip: str, low: str, high: str) -> Path:
        """dnsmasq on that node; gives its lease file."""
        leases = folder / f"{name}.leases"
        server = self.nodes[name].start(
            "dnsmasq", "-d", "-C", "/dev/null", "-p", "0", "-i", "eth0", "--bind-interfaces",
            "--no-ping", "--dhcp-authoritative", f"--dhcp-range={low},{high},255.255.255.0,1h",
            f"--dhcp-option=3,{ip}", f"--dhcp-option=6,{ip}", f"--dhcp-leasefile={leases}",
            f"--pid-file={folder / name}.pid",
        )  # fmt: skip
        self.servers.append(server)
        return leases

    def stop(self) -> None:
        for server in self.servers:
            server.kill()
            server.wait()
        for node in (*self.nodes.values(), self.switch):
            node.stop()


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    for program in ("ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (iproute2, util-linux)")
    lan = Lan()
    lan.plug("sensor", "02:aa:00:00:00:99")
    lan.plug("company", COMPANY, "10.77.0.1/24")
    lan.plug("rogue", ROGUE, "192.168.0.1/24")
    lan.plug("client", "02:aa:00:00:00:10", "10.77.0.10/24")
    time.sleep(1.2)  # the bridge's ports begin to forward
    yield lan
    lan.stop()


@pytest.fixture(scope="module")
def leases(lan: Lan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("dnsmasq") is None and not Path("/usr/sbin/dnsmasq").exists():
        pytest.skip("dnsmasq is not installed (dnsmasq-base)")
    folder = tmp_path_factory.mktemp("dnsmasq")
    files = (
        lan.serve("company", folder, "10.77.0.1", "10.77.0.100", "10.77.0.200"),
        lan.serve("rogue", folder, "192.168.0.1", "192.168.0.100", "192.168.0.200"),
    )
    time.sleep(0.5)
    for server in lan.servers:
        assert server.poll() is None, server.communicate()[0]
    return files


def _ready(listener: subprocess.Popen[str]) -> None:
    """Until the listener's socket is open: it has dropped what it no longer needs by then."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        status = Path(f"/proc/{listener.pid}/status").read_text("ascii")
        if "NoNewPrivs:\t1" in status:
            return
        time.sleep(0.02)
    raise AssertionError("the capture process did not start")


def _network(capture: Capture, *servers: AuthorizedDhcpServer) -> Network:
    assert capture.last is not None
    return Network(capture.last, (), Site(servers), captures=(capture,))


def _messages(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.communicate()[0].splitlines()]


def test_probe_finds_both_and_never_requests(lan: Lan, leases: tuple[Path, Path]) -> None:
    witness = lan.nodes["company"].capture("listen", "eth0", "--seconds=5")
    _ready(witness)
    capture = lan.nodes["sensor"].wire("probe", "eth0", "--vlans=-", "--what=dhcp", "--window=1.5")
    assert {(s.server_id, s.mac) for s in capture.dhcp_servers} == {
        ("10.77.0.1", COMPANY),
        ("192.168.0.1", ROGUE),
    }
    assert all(s.offers >= 1 and s.acks == 0 for s in capture.dhcp_servers)
    assert capture.probed_vlans == (None,)
    assert capture.unanswered_vlans == ()
    assert capture.errors == ()

    heard = [m for m in _messages(witness) if m["type"] == "dhcp" and m["op"] == 1]
    assert {m["message"] for m in heard} == {"discover"}
    (asker,) = {m["client"] for m in heard}
    assert asker.startswith("02:")
    assert not any(path.exists() and path.read_text("utf-8") for path in leases)

    network = _network(capture, AuthorizedDhcpServer("10.77.0.1", COMPANY))
    (finding,) = rogue_dhcp_server(network, topology.build(network))
    assert finding.resource.mac == ROGUE
    assert "home router" in finding.summary
    assert "Tp-Link" in finding.summary
    assert not list(dhcp_server_down(network, topology.build(network)))


def test_probe_twice_uses_one_address(lan: Lan, leases: tuple[Path, Path]) -> None:
    """The pool does not fill, however often the sweep runs."""
    asked = set()
    for _ in range(2):
        run = lan.nodes["sensor"].capture("probe", "eth0", "--what=dhcp", "--window=0.4")
        asked |= {m["mac"] for m in _messages(run) if m["type"] == "probe"}
    assert len(asked) == 1


def test_inform_is_answered_and_nothing_is_set_aside(lan: Lan, leases: tuple[Path, Path]) -> None:
    """Asked from an address of our own, these two answer; nobody is made to, so a rogue may keep silent."""
    before = [path.read_text() for path in leases]
    capture = lan.nodes["client"].wire("probe", "--what=inform", "--window=1", "eth0")
    told = {(s.server_id, s.offers, s.acks > 0) for s in capture.dhcp_servers}
    assert told == {("10.77.0.1", 0, True), ("192.168.0.1", 0, True)}
    assert capture.unanswered_vlans == ()
    assert capture.dhcp_clients == ()
    assert [path.read_text() for path in leases] == before
    process = lan.nodes["sensor"].capture("probe", "--what=inform", "eth0")
    said = process.communicate()[0]
    assert "an INFORM is asked from an address, and eth0 has no IPv4 address" in said


_TYPED = """
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said, answers, deadline = "", sys.argv[1].split(","), time.monotonic() + 60
while time.monotonic() < deadline:
    if not select.select([fd], [], [], 1)[0]:
        continue
    try: octets = os.read(fd, 4096)
    except OSError: break
    if not octets: break
    said += octets.decode("utf-8", "replace")
    if answers and said.rstrip().endswith("[y/N]:"):
        os.write(fd, answers.pop(0).encode() + b"\\n"); said += "<"
print(said)
"""


def test_learning_asks_server_by_server_on_a_terminal(
    lan: Lan, leases: tuple[Path, Path], tmp_path: Path
) -> None:
    """The company's is confirmed; the home router is not even proposed."""
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "defaults.yaml").write_text("# ours\ndata:\n  netdiag: {}\n", encoding="utf-8")
    (folder / "hosts.yaml").write_text("sw: {hostname: 10.77.0.2}\n", encoding="utf-8")
    sweep = (
        sys.executable, "-c", "from netdiag.cli import main; main()", "sweep", "eth0", "--window=1",
        "--learn", "--inventory", str(folder), "--db", str(tmp_path / "db"),
    )  # fmt: skip
    said = lan.nodes["sensor"].run(sys.executable, "-c", _TYPED, "y,y", *sweep)
    assert "DHCP server: ip 10.77.0.1" in said
    assert "Is it legitimate? [y/N]: y" in said.replace("<", "")
    assert "not proposed: 192.168.0.1" in said
    written = (folder / "defaults.yaml").read_text(encoding="utf-8")
    assert written.startswith("# ours")
    assert "10.77.0.1" in written
    assert "192.168.0.1" not in written


def test_sniff_sees_the_servers(lan: Lan, leases: tuple[Path, Path]) -> None:
    listener = lan.nodes["sensor"].capture("listen", "eth0", "--seconds=4")
    _ready(listener)
    lan.nodes["client"].wire("probe", "eth0", "--what=dhcp", "--window=0.5")
    capture = frames.capture(listener.communicate()[0].splitlines(), "eth0")
    assert {s.server_id for s in capture.dhcp_servers} == {"10.77.0.1", "192.168.0.1"}
    assert len(capture.dhcp_clients) == 1
    network = _network(capture)
    (finding,) = rogue_dhcp_server(network, topology.build(network))
    assert finding.resource.mac == ROGUE
    assert "nobody said" in finding.summary


_SEND = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
frame, count = bytes.fromhex(sys.argv[1]), int(sys.argv[2])
for n in range(count):
    s.send(frame + n.to_bytes(4, "big"))
"""
_ARP = "0001080006040001" + "02aa00000010" + "0a4d000a" + "000000000000" + "0a4d00fe"


def test_tags_are_seen(lan: Lan) -> None:
    """The kernel takes 802.1Q tags off before a raw socket sees the frame."""
    listener = lan.nodes["sensor"].capture("listen", "eth0", "--seconds=3")
    _ready(listener)
    frame = "ffffffffffff02aa00000010" + "81000014" + "0806" + _ARP
    lan.nodes["client"].run(sys.executable, "-c", _SEND, frame, "1")
    lan.nodes["client"].run(sys.executable, "-c", _SEND, frame.replace("81000014", ""), "1")
    double = frame.replace("81000014", "81000014810000c8")
    lan.nodes["client"].run(sys.executable, "-c", _SEND, double, "1")
    lines = [m for m in _messages(listener) if m["type"] == "arp"]
    assert [m["vlans"] for m in lines] == [[20], [], [20, 200]]


def test_probe_into_vlans(lan: Lan) -> None:
    listener = lan.nodes["client"].capture("listen", "eth0", "--seconds=5")
    _ready(listener)
    capture = lan.nodes["sensor"].wire("probe", "eth0", "--vlans=20,30", "--window=0.5")
    heard = [m for m in _messages(listener) if m["type"] in ("dhcp", "dhcp6", "rs")]
    asked = {(m["type"], tuple(m["vlans"])) for m in heard if m["src"].startswith("02:")}
    assert asked >= {(kind, (vlan,)) for kind in ("dhcp", "dhcp6", "rs") for vlan in (20, 30)}
    assert capture.probed_vlans == capture.unanswered_vlans == (20, 30)


_SERVE = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 3))
s.setsockopt(263, 8, 1)
try: s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
except PermissionError: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
silent = set(map(int, sys.argv[1].split(",")))
print("ready", flush=True)
while True:
    f, extra, _, a = s.recvmsg(2048, 256)
    if a[2] == 4 or f[12:14] != b"\\x08\\x00" or f[36:38] != b"\\0C" or not extra: continue
    status, _, _, _, _, tci, _ = struct.unpack_from("IIIHHHH", extra[0][2])
    vlan = tci & 4095
    if not status & 16 or vlan in silent: continue
    me = bytes((10, vlan >> 8, vlan & 255, 1))
    body = b"\\2" + f[43:58] + me + bytes(8) + f[70:278]
    body += b"\\x63\\x82\\x53\\x63\\x35\\1\\2\\x36\\4" + me + b"\\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(body), 0) + body
    ip = struct.pack("!BBHHHBBH4s4s", 69, 0, 20 + len(udp), 0, 0, 64, 17, 0, me, b"\\xff" * 4)
    s.send(b"\\xff" * 6 + f[:0] + bytes.fromhex("02aa00000001") + struct.pack("!HHH", 0x8100, vlan, 0x800) + ip + udp)
"""


def test_five_hundred_vlans_in_one_window(lan: Lan) -> None:
    """Tagged frames on one trunk: each VLAN's answer is told apart, and so is each silence."""
    server = lan.nodes["company"].start(sys.executable, "-c", _SERVE, "77,1200")
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        vlans = ",".join(map(str, (*range(1, 500), 1200)))
        started = time.monotonic()
        capture = lan.nodes["sensor"].wire(
            "probe", "eth0", f"--vlans={vlans}", "--what=dhcp", "--window=2", "--rate=1000"
        )
        print(f"500 VLANs in {time.monotonic() - started:.1f} s, start of the process included")
    finally:
        server.kill()
        server.wait()
    assert len(capture.probed_vlans) == 500
    assert capture.unanswered_vlans == (77, 1200)
    assert len(capture.dhcp_servers) == 498
    assert all(
        s.server_id == f"10.{s.vlans[0] >> 8}.{s.vlans[0] & 255}.1" for s in capture.dhcp_servers
    )
    assert 500 < capture.probes_sent <= 502 + 30  # the silent ones are asked twice


class Pair:
    """A cable with nothing else on it: a sender's end, and the sensor's."""

    def __init__(self) -> None:
        self.sender = Namespace()
        self.sensor = Namespace(self.sender)
        peer = ("veth", "peer", "name", "eth0", "netns", str(self.sensor.process.pid))
        self.sender.run("ip", "link", "add", "g0", "type", *peer)
        for node, name in ((self.sender, "g0"), (self.sensor, "eth0")):
            node.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", check=False)
            node.run("ip", "link", "set", name, "up")

    def flood(self, frames: int, *options: str) -> dict[str, float]:
        """As fast as the kernel takes them; what the sender says of it."""
        said = self.sender.run(
            sys.executable, "-P", "-m", "tests.traffic", "g0", str(frames), *options, timeout=150
        )
        found: dict[str, float] = json.loads(said)
        return found

    def stop(self) -> None:
        self.sensor.stop()
        self.sender.stop()


@pytest.fixture
def pair() -> Iterator[Pair]:
    for program in ("ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (iproute2, util-linux)")
    pair = Pair()
    yield pair
    pair.stop()


@pytest.mark.parametrize("way", ["whole", "sampled"])
def test_received_and_dropped_are_all_that_was_sent(pair: Pair, way: str) -> None:
    """To the frame, at the highest rate that the sender reaches, whatever is looked at."""
    if way == "whole" and not is_available():
        pytest.skip("numba is not installed: netdiag[fast]")
    if way == "whole":  # else it would be sampled the first time, as nobody waits for a compiler
        compiler = [sys.executable, "-P", "-m", "netdiag.capture", "compile"]
        subprocess.run(compiler, check=True, env=PYTHON, timeout=170)
    plain = ["--plain"] if way == "sampled" else []
    listener = pair.sensor.capture("listen", "eth0", "--seconds=600", *plain)
    _ready(listener)
    sent = 300_000
    said = pair.flood(sent, "--mix", "mixed")
    time.sleep(1.5)
    listener.terminate()
    lines = [json.loads(line) for line in listener.communicate()[0].splitlines()]
    total = lines[-1]
    rate = sent / said["seconds"]
    print(f"{way}: {rate:.0f}/s sent; received {total['packets']}, dropped {total['dropped']}")
    assert said["tx_packets"] == sent
    assert said["tx_dropped"] == 0
    assert total["packets"] + total["dropped"] == sent
    assert lines[-2]["type"] != "state" or lines[-2]["packets"] <= sent
    casts = [
        sum(row[n] for m in lines if m["type"] == "second" for row in m["rates"]) for n in (1, 2, 3)
    ]
    wanted = [sum(1 for f in traffic.frames("mixed", 60) if _cast(f) == n) for n in range(3)]
    for counted, part in zip(casts, wanted, strict=True):
        assert counted == pytest.approx(sent * part / traffic.BATCH, rel=0.05)


def _cast(octets: bytes) -> int:
    if octets[:6] == b"\xff" * 6:
        return 1
    return 2 if octets[0] & 1 else 0


def test_what_the_ring_loses_is_counted(pair: Pair) -> None:
    """A listener that is not let run for a while: it loses frames, and says how many."""
    listener = pair.sensor.capture("listen", "eth0", "--seconds=600", "--plain")
    _ready(listener)
    listener.send_signal(signal.SIGSTOP)
    sent = 400_000
    said = pair.flood(sent, "--mix", "broadcast")
    listener.send_signal(signal.SIGCONT)
    time.sleep(3)
    listener.terminate()
    total = json.loads(listener.communicate()[0].splitlines()[-1])
    assert said["tx_packets"] == sent
    assert total["packets"] + total["dropped"] == sent
    assert any("counted by the kernel" in bound for bound in total["bounds"])


def test_one_source_is_named(lan: Lan) -> None:
    listener = lan.nodes["sensor"].capture("listen", "eth0", "--seconds=600")
    _ready(listener)
    frame = "ffffffffffff02aa00000010" + "88b5" + "00" * 46
    lan.nodes["client"].run(sys.executable, "-c", _SEND, frame, "30000")
    time.sleep(1)
    listener.terminate()
    capture = frames.capture(listener.communicate()[0].splitlines(), "eth0")
    assert capture.storms
    assert capture.storms[0].cause == "single-source"
    assert capture.storms[0].top_sources[0][0] == "02:aa:00:00:00:10"


def test_evidence_of_what_was_heard(lan: Lan, tmp_path: Path) -> None:
    """One ARP frame with a tag, then a flood that is larger than the room: the ARP frame is kept."""
    file = tmp_path / "evidence.pcapng"
    listener = lan.nodes["sensor"].capture(
        "listen", "eth0", "--seconds=4", f"--write={file}", "--room=400000"
    )
    _ready(listener)
    frame = "ffffffffffff02aa00000010" + "81000014" + "0806" + _ARP
    lan.nodes["client"].run(sys.executable, "-c", _SEND, frame, "1")
    flood = "ffffffffffff02aa00000010" + "88b5" + "00" * 46
    lan.nodes["client"].run(sys.executable, "-c", _SEND, flood, "20000")
    capture = frames.capture(listener.communicate()[0].splitlines(), "eth0")
    assert capture.packets >= 20_001
    assert file.stat().st_size < 400_000
    records = list(CaptureFile(str(file)))
    assert any(r.octets[12:].hex().startswith("810000140806" + _ARP) for r in records)
    last = max(
        int.from_bytes(r.octets[60:64], "big") for r in records if r.octets[12:14] == b"\x88\xb5"
    )
    assert last == 19_999


def test_arp_probe(lan: Lan) -> None:
    capture = lan.nodes["sensor"].wire(
        "arp", "eth0", "--targets=10.77.0.1,192.168.0.1,10.77.0.250", "--window=0.6"
    )
    assert {(s.ip, s.mac) for s in capture.stations} == {
        ("10.77.0.1", COMPANY),
        ("192.168.0.1", ROGUE),
    }
    assert capture.arp_conflicts == ()


def test_duplicate_address(lan: Lan) -> None:
    thief = lan.nodes["rogue"]
    thief.run("ip", "addr", "add", "10.77.0.1/24", "dev", "eth0")
    try:
        capture = lan.nodes["sensor"].wire("arp", "eth0", "--targets=10.77.0.1", "--window=0.8")
    finally:
        thief.run("ip", "addr", "del", "10.77.0.1/24", "dev", "eth0")
    (conflict,) = capture.arp_conflicts
    assert set(conflict.macs) == {COMPANY, ROGUE}
    network = _network(capture, AuthorizedDhcpServer("10.77.0.1", COMPANY))
    (finding,) = duplicate_address(network, topology.build(network))
    assert (finding.kind, finding.resource.mac) == (Kind.DUPLICATE_ADDRESS, ROGUE)


def test_privileges_are_dropped(lan: Lan) -> None:
    listener = lan.nodes["sensor"].capture("listen", "eth0", "--seconds=3")
    _ready(listener)
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{listener.pid}/status").read_text("ascii").splitlines()
        if ":\t" in line
    )
    listener.terminate()
    totals = _messages(listener)[-1]
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    if IS_ROOT:
        assert status["Uid"].split() == ["65534"] * 4
    assert totals["type"] == "total"  # a polite end still gives the sums


def test_interface_down_is_said(lan: Lan) -> None:
    node = lan.plug("down", "02:aa:00:00:00:77")
    node.run("ip", "link", "set", "eth0", "down")
    done = node.capture("listen", "eth0", "--seconds=1")
    said = json.loads(done.communicate()[0].splitlines()[-1])
    assert done.returncode == 3
    assert "is down" in said["message"]


ORDINARY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]


def _as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    """As an ordinary user who may capture nothing."""
    ordinary = ORDINARY if IS_ROOT else []
    # `env` between: setpriv itself may still run what its user may not.
    probe = [*ordinary, "env", sys.executable, "-c", ""]
    if ordinary and subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("an ordinary user cannot run this interpreter")
    done = subprocess.run(
        [*ordinary, *command], check=False, capture_output=True, text=True,
        env={**PYTHON, "HOME": "/nonexistent"}, timeout=120,
    )  # fmt: skip
    if "No module named" in done.stderr:
        pytest.skip("an ordinary user cannot read this checkout")
    return done


def test_no_permission_names_the_command() -> None:
    """As an ordinary user: exit status 3, and the one command that helps."""
    done = _as_nobody(sys.executable, "-P", "-m", "netdiag.capture", "listen", "lo", "--seconds=1")
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["error"] == "CaptureDenied"
    assert "sudo " in said["message"]
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_the_command_that_it_names_works() -> None:
    """What a person would paste after `sudo`, run by root: it captures as that person."""
    typed = "import sys; from netdiag.cli import main; main()"
    done = _as_nobody(sys.executable, "-P", "-c", typed, "sniff", "lo", "--for", "1s")
    assert done.returncode == 3
    assert done.stderr.count("\n") <= 2
    _, _, named = done.stderr.partition("grants it: sudo -E ")
    words = shlex.split(named)
    if words[0] != "setpriv":
        pytest.skip("this environment has an interpreter of its own, which setcap is for")
    if not IS_ROOT:
        pytest.skip("only root can run what sudo would")
    # `python -c` is typed by nobody: what follows the grant is put together again.
    program = words.index("--ambient-caps=+net_raw") + 1
    again = [*words[:program], sys.executable, "-P", "-c", typed, *words[program + 1 :]]
    captured = subprocess.run(
        again,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**PYTHON, "HOME": "/nonexistent"},
    )
    assert "packets" in captured.stdout, captured.stderr
    assert captured.returncode in (0, 1)
    assert words[program + 1 :] == ["sniff", "lo", "--for", "1s"]
