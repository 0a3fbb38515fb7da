"""One folder a device under fixtures/devices: what it prints of its ports, and which of them are closed.

A folder holds `<need>.txt` and `expected.json`; a new one is a new test. `made` says where the text is
from: the vendors' documents, where no real output was found anywhere.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag import platforms
from netdiag.decode import show
from netdiag.model import AdminStatus, Device, OperStatus
from tests.unit.test_syslog import AT

DEVICES = Path(__file__).parents[2] / "fixtures" / "devices"
# Another part's recordings may stand beside these: ours have an expected.json with `closed`.
FOLDERS = sorted(
    p.parent
    for p in DEVICES.glob("*/expected.json")
    if "closed" in json.loads(p.read_text(encoding="utf-8"))
)


def read(folder, answers=None):
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    platform = platforms.get(expected["platform"])
    assert platform is not None
    if answers is None:
        answers = {f.stem: f.read_text(encoding="utf-8") for f in sorted(folder.glob("*.txt"))}
    device = Device("d", "192.0.2.1", platform=platform.name)
    return expected, show.snapshot(device, platform, answers, AT)


def test_every_spoken_platform_has_a_folder():
    have = {json.loads((f / "expected.json").read_text())["platform"] for f in FOLDERS}
    assert have >= {p.name for p in platforms.SPOKEN}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_the_closed_ports_and_no_others(folder):
    expected, found = read(folder)
    assert found.errors == ()
    closed = {
        i.name: [e.cause, e.vendor_cause, e.vlan, e.recovers_in_s]
        for i in found.interfaces
        if (e := i.err_disabled) is not None
    }
    assert closed == expected["closed"]
    assert not set(closed) & set(expected["not_closed"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_a_closed_port_is_not_one_that_people_shut(folder):
    expected, found = read(folder)
    shut = {i.name for i in found.interfaces if i.admin_status is AdminStatus.DOWN}
    closed_alone = set(expected["closed"]) - shut
    assert shut - set(expected["closed"]) == set(expected.get("admin_down", ()))
    # Only RGOS prints a port that RLDP closed as if a person had shut it.
    if expected["platform"] != "ruijie_os":
        assert closed_alone == set(expected["closed"])
    for name, alias in expected.get("alias", {}).items():
        assert found.interface(name).alias == alias


def test_flags_of_linux_and_counters():
    _, found = read(DEVICES / "linux-bridge-6")
    eth0, eth2 = found.interface("eth0"), found.interface("eth2")
    assert (eth0.oper_status, eth0.mac, eth0.mtu) == (OperStatus.UP, "00:11:22:33:44:50", 1500)
    assert (eth0.counters.in_octets, eth0.counters.in_errors) == (123456789, 3)
    assert (eth2.admin_status, eth2.oper_status, eth2.aggregate) == ("up", "down", "bond0")
    assert {(e.mac, e.interface, e.vlan) for e in found.fdb} == {
        ("00:aa:bb:cc:dd:01", "eth0", 10),
        ("00:aa:bb:cc:dd:01", "eth0", None),
    }


def test_huaweis_clean_answer_is_no_error():
    folder = DEVICES / "huawei-s5720-v200"
    _, found = read(folder, {"err-disabled": "Info: No error-down interface exists.\n"})
    assert found.errors == ()
    assert found.interfaces == ()


def test_comwares_clean_answer_is_no_error():
    folder = DEVICES / "h3c-s5130-comware7"
    _, found = read(folder, {"closed-loop": "No loopback is detected.\n", "closed-bpdu": ""})
    assert (found.errors, found.interfaces) == ((), ())


_TEXTS = [
    (f, t.stem, t.read_text(encoding="utf-8").splitlines())
    for f in FOLDERS
    for t in f.glob("*.txt")
]


@settings(max_examples=150)
@given(st.sampled_from(_TEXTS), st.data())
def test_no_answer_of_any_make_raises(text, data):
    folder, need, lines = text
    drawn = data.draw(st.lists(st.sampled_from(lines) | st.text(max_size=60), max_size=12))
    _, found = read(folder, {need: "\n".join(drawn)})
    assert found.reachable


def test_what_a_platform_cannot_tell_is_said_and_is_no_failure():
    _, found = read(DEVICES / "tplink-t2600g")
    assert found.errors == ()
    said = {e.what: e.message for e in found.not_offered}
    assert said["err-disabled"].startswith("not offered by this platform: ")
    assert {"stp", "lldp"} <= set(said)
    _, ios = read(DEVICES / "cisco-c9300-iosxe-17")
    assert ios.not_offered == ()
