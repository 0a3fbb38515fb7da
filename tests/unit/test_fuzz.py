"""Every decoder and file reader against hostile octets, and bombs that must not fill the memory.

Hypothesis changes known inputs here, in seconds; `python -m tests.fuzz` follows the coverage.
"""

from __future__ import annotations

import gzip
import json
import resource
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag.capture import dissect
from netdiag.capture.link import Control
from netdiag.decode import frames
from netdiag.errors import DecodeError
from netdiag.model import Capture
from tests.fuzz.targets import TARGETS, Target, regressions
from tests.unit.test_capture_container import pcap, section

ROOT = Path(__file__).resolve().parents[2]
_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "cut", "repeat"]),
        st.floats(0, 1),
        st.binary(max_size=6) | st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"]),
    ),
    min_size=1,
    max_size=6,
)


def _changed(octets: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for how, where, more in changes:
        at = int(where * len(octets))
        if how == "set":
            octets = octets[:at] + more + octets[at + len(more) :]
        elif how == "insert":
            octets = octets[:at] + more + octets[at:]
        elif how == "repeat":
            octets = octets[:at] + octets[at : at + 20] * 3 + octets[at:]
        else:
            octets = octets[:at] + octets[at + 1 + len(more) :]
    return octets


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_and_all_that_once_broke(name: str) -> None:
    for octets in (*TARGETS[name].seeds, *(p.read_bytes() for p in regressions(name))):
        TARGETS[name].run(octets)


@pytest.mark.parametrize("target", [pytest.param(t, id=name) for name, t in TARGETS.items()])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_changed_inputs(target: Target, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(target.seeds))
    target.run(_changed(seed, data.draw(_CHANGES))[: target.size])


def test_the_seeds_reach_every_decoder() -> None:
    """A seed that is refused at once would fuzz nothing."""
    said = set()
    for seed in TARGETS["message"].seeds:
        kind = sorted(dissect.KINDS)[seed[0] % 64]
        ip = bytes(16) if kind in ("dhcp6", "ra", "rs", "ns") else bytes(4)
        try:
            dissect.message(Control(kind, seed[1:], ip, ip, 64))
        except DecodeError:
            continue
        said.add(kind)
    assert said == set(dissect.KINDS)


# --- bombs ---------------------------------------------------------------------------------------

_BOMB = 200 * 1024 * 1024


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_is_read_in_bounded_memory(tmp_path: Path, packing: str) -> None:
    """200 MB out of 200 KB, in frames that claim 16 MB each: never more than a few are held."""
    frame = struct.pack("<IIII", 1, 1, 16 * 1024 * 1024, 16 * 1024 * 1024) + bytes(16 * 1024 * 1024)
    count = _BOMB // len(frame)
    path = tmp_path / "bomb"
    if packing == "gzip":
        with gzip.open(path, "wb", 9) as file:
            file.write(pcap("<", frames=0))
            for _ in range(count):
                file.write(frame)
    else:
        zstandard = pytest.importorskip("zstandard", reason="netdiag[fast] is not installed")
        with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as file:
            file.write(pcap("<", frames=0))
            for _ in range(count):
                file.write(frame)
    assert path.stat().st_size < 1024 * 1024
    lines, memory = _peak(path)
    assert json.loads(lines[-1])["packets"] == count
    small = tmp_path / "small.pcap"
    small.write_bytes(pcap("<", frames=2))
    assert memory - _peak(small)[1] < 150 * 1024


def _peak(path: Path) -> tuple[list[str], int]:
    """The lines of a capture process, and its memory at most in KiB."""
    code = (
        "import resource, sys\nfrom netdiag.capture.__main__ import main\n"
        "assert main(['read', sys.argv[1]]) == 0\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True, capture_output=True, text=True, cwd=ROOT, preexec_fn=_limited,
    )  # fmt: skip
    return done.stdout.splitlines(), int(done.stderr.split()[-1])


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 5, 6, 0x0A0D0D0A, 0x80000001])
def test_a_block_that_claims_four_gigabytes(tmp_path: Path, order: str, kind: int) -> None:
    path = tmp_path / "huge.pcapng"
    path.write_bytes(section(order) + struct.pack(order + "II", kind, 0xFFFFFFFC) + bytes(64))
    lines, memory = _peak(path)
    total = json.loads(lines[-1])
    assert total["packets"] == 0
    assert total["damage"] or total["truncated"]
    assert memory < 512 * 1024


_FIXED = struct.pack("!BBBBIHH", 2, 1, 6, 0, 77, 0, 0) + bytes(224) + b"\x63\x82\x53\x63"
_RA = bytes.fromhex("86000000400007080000000000000000")


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("dhcp", _FIXED + b"\0" * 65_000),
        ("dhcp", _FIXED + b"\x0c\x00" * 32_000),
        ("dhcp", _FIXED + b"".join(b"\x03\x04" + n.to_bytes(4, "big") for n in range(10_000))),
        ("dhcp", _FIXED + b"\x37\xff" * 32_000),
        ("dhcp6", bytes.fromhex("07123456") + b"\0\x63\0\0" * 16_000),
        ("dhcp6", bytes.fromhex("07123456") + b"".join(struct.pack("!HH", 3, 60_000 - n * 16) + bytes(12) for n in range(3700))),
        ("dhcp6", (b"\x0c\0" + bytes(32) + b"\0\x09\xff\xff") * 1600),
        ("ra", _RA + b"\xfd\x01\0\0\0\0\0\0" * 8000),
        ("ra", _RA + b"\x05\0\0\0\0\0\0\0" * 8000),
        ("lldp", b"\x02\x07\x04\0\x11\"3DU\x04\x05\x05Gi0/\x06\x02\0\x78" + b"\x0a\0" * 30_000),
        ("cdp", b"\x02\xb4\0\0" + b"\0\1\0\4" * 16_000),
        ("cdp", b"\x02\xb4\0\0" + b"\0\1\0\4" * 4_000_000),
    ],
)  # fmt: skip
def test_a_message_full_of_options_costs_no_seconds(kind: str, payload: bytes) -> None:
    """Ten times what the worst takes here; a quadratic reader takes a thousand times."""
    dissect.message(Control("dhcp", _FIXED + b"\xff"))  # scapy is imported
    started = time.process_time()
    try:
        said = dissect.message(Control(kind, payload, bytes(16), bytes(16), 255))
    except DecodeError:
        said = {}
    assert time.process_time() - started < 3
    assert len(json.dumps(said)) < 10_000


# --- strangers that fill tables ------------------------------------------------------------------


def test_tables_that_strangers_fill_stop_and_say_so() -> None:
    many = 12_000
    capture = _heard(
        [
            {"type": "dhcp", "op": 2, "message": "offer", "server_id": f"10.0.{n // 250}.{n % 250}",
             "client": "02:00:00:00:00:01", "xid": n, "giaddr": "0.0.0.0", "yiaddr": "10.0.0.9",
             "ip": "10.0.0.1", "src": _mac(n)}
            for n in range(many)
        ],
        [{"type": "dhcp6", "message": "advertise", "duid": f"{n:08x}", "src": _mac(n), "dns": []} for n in range(many)],
        [{"type": "ra", "src": _mac(n), "ip": "fe80::1", "ttl": 255, "lifetime_s": 9} for n in range(many)],
        [{"type": "stp", "src": _mac(n), "root": _mac(n), "priority": 0, "extension": 0} for n in range(many)],
        [{"type": "lldp", "src": _mac(n), "chassis_id": _mac(n), "port_id": "1"} for n in range(many)],
    )  # fmt: skip
    for name in ("dhcp_servers", "dhcp6_servers", "routers", "stp_roots", "neighbors"):
        assert len(getattr(capture, name)) == 10_000, name
    said = [e.message for e in capture.errors]
    assert len(said) == 5
    assert said[0] == "more than 10000 DHCP servers: 2000 messages of others not kept"


def test_one_server_that_names_ten_thousand_gateways() -> None:
    lines = [
        {"type": "dhcp", "op": 2, "message": "offer", "server_id": "10.0.0.1", "xid": n,
         "client": "02:00:00:00:00:01", "giaddr": "0.0.0.0", "yiaddr": "10.0.0.9", "ip": "10.0.0.1",
         "src": _mac(1), "vlans": [n % 4000, n // 4000 + 1],
         "routers": [f"10.1.{n // 250}.{n % 250}"], "dns": [f"10.2.{n // 250}.{n % 250}"]}
        for n in range(9000)
    ]  # fmt: skip
    (server,) = _heard(lines).dhcp_servers
    assert (len(server.routers), len(server.dns), len(server.stacks)) == (256, 256, 4096)


def _mac(n: int) -> str:
    return (b"\x02" + n.to_bytes(5, "big")).hex(":")


def _heard(*groups: list[dict[str, object]]) -> Capture:
    lines = [line for group in groups for line in group]
    total: dict[str, object] = {"type": "total", "packets": len(lines)}
    numbered = [{"id": n, "t": n / 1000, **line} for n, line in enumerate(lines)]
    return frames.capture([json.dumps(line) for line in (*numbered, total)], "test")
