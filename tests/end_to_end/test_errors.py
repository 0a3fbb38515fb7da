"""What goes wrong at 9:12 is a sentence and the right exit status, never a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.end_to_end.command import netdiag


@pytest.fixture
def db(tmp_path: Path) -> dict[str, str]:
    return {"NETDIAG_DB": str(tmp_path / "netdiag.db")}


def hosts(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "hosts.yaml").write_text(text)
    return folder


def test_no_inventory_says_how_to_get_one(db):
    done = netdiag("poll", env=db)
    assert done.status == 2
    assert "hosts.yaml does not exist" in done.err
    assert "netdiag init" in done.err


def test_an_empty_inventory_says_so(db, tmp_path):
    done = netdiag("poll", "--inventory", str(hosts(tmp_path / "inv", "---\n")), env=db)
    assert done.status == 2
    assert "names no device" in done.err


def test_an_unknown_key_is_file_line_and_key(db, tmp_path):
    text = "sw1:\n  hostname: 127.0.0.1\n  data:\n    netdiag:\n      rolle: access\n"
    done = netdiag("poll", "--inventory", str(hosts(tmp_path / "inv", text)), env=db)
    assert done.status == 2
    assert "hosts.yaml:5" in done.err
    assert "rolle" in done.err


def test_an_unknown_target_is_named(db, tmp_path):
    folder = hosts(tmp_path / "inv", "sw1:\n  hostname: 127.0.0.1\n")
    done = netdiag("poll", "sw2", "--inventory", str(folder), env=db)
    assert done.status == 2
    assert "sw2" in done.err


def test_a_device_that_does_not_answer_is_not_all_clear(db):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        done = netdiag(
            "poll",
            f"127.0.0.1:{silent.getsockname()[1]}",
            "--community",
            "public",
            "--json",
            env=db,
        )
    assert done.status == 3
    assert done.json["devices"][0]["reachable"] is False
    assert "no answer" in done.json["devices"][0]["errors"][0]["message"]


def test_a_missing_secret_is_named_and_the_rest_goes_on(db, tmp_path):
    text = (
        "sw1:\n  hostname: 127.0.0.1\n  data:\n    netdiag:\n"
        '      snmp: {version: 2c, community: "env:NOT_SET_ANYWHERE", port: 9}\n'
    )
    done = netdiag("poll", "--json", "--inventory", str(hosts(tmp_path / "inv", text)), env=db)
    assert done.status == 3
    assert "NOT_SET_ANYWHERE" in str(done.json["devices"][0]["errors"])


def test_a_file_that_is_no_capture(db, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a capture at all, just some words")
    done = netdiag("pcap", str(file), env=db)
    assert done.status == 2
    assert str(file) in done.err


def test_a_capture_that_is_not_there(db, tmp_path):
    done = netdiag("pcap", str(tmp_path / "gone.pcap"), env=db)
    assert done.status == 2
    assert "gone.pcap" in done.err


def test_a_capture_cut_in_mid_packet_keeps_what_came_before(db, shared_data, tmp_path):
    whole = (shared_data / "pcap" / "dhcp_rfc3004.pcap").read_bytes()
    file = tmp_path / "cut.pcap"
    file.write_bytes(whole[:-20])
    done = netdiag("pcap", str(file), "--json", env=db)
    assert done.status == 3
    assert done.json["truncated"] is True
    assert done.json["packets"] == 3


def test_one_bad_capture_does_not_cost_the_other(db, shared_data, tmp_path):
    file = tmp_path / "bad.pcap"
    file.write_bytes(b"\0" * 10)
    good = str(shared_data / "pcap" / "dhcp_rfc3004.pcap")
    done = netdiag("pcap", str(file), good, env=db)
    assert done.status == 2
    assert "192.168.1.1" in done.out
    assert "bad.pcap" in done.err


def test_a_database_that_is_none(tmp_path):
    file = tmp_path / "netdiag.db"
    file.write_bytes(b"this is no database" * 100)
    done = netdiag("ticket", "list", "--db", str(file))
    assert done.status == 3
    assert str(file) in done.err


def test_an_unknown_ticket(db):
    done = netdiag("ticket", "show", "T-19990101-001", env=db)
    assert done.status == 2
    assert "T-19990101-001" in done.err


def test_usage_errors_are_two(db):
    assert netdiag("poll", "--no-such-option", env=db).status == 2
    assert netdiag("no-such-command", env=db).status == 2
    assert netdiag("sweep", "lo", "--vlans", "10-5", env=db).status == 2


def test_a_sensor_that_is_not_there(db):
    done = netdiag("sniff", "no-such-interface0", "--for", "1s", env=db)
    assert done.status in (2, 3)
    assert "no-such-interface0" in done.err
