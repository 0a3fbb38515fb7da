"""Platforms: what a device calls itself, and the words for a closed port."""

import re

import pytest

from netdiag import platforms
from netdiag.model import ErrDisableCause
from netdiag.platforms import causes
from netdiag.platforms.cisco_ios import CISCO_IOS as IOS


def test_all_62_codes_of_the_mib_have_a_label_and_a_cause():
    assert sorted(IOS.err_disable_codes) == list(range(1, 63))
    for label in IOS.err_disable_codes.values():
        assert label.lower() in IOS.err_disable_causes


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("stormControl", "storm-control"),
        ("storm-control", "storm-control"),
        ("psecure-violation", "port-security"),
        ("portSecurityViolation", "port-security"),
        ("bpduguard", "bpdu-guard"),
        ("bpduGuard", "bpdu-guard"),
        ("BPDU-Guard", "bpdu-guard"),
        ("loopback", "loop-detected"),
        ("loopdetect", "loop-detected"),
        ("channel-misconfig (STP)", "channel-misconfig"),
        ("security-violation", "dot1x-violation"),
        ("dhcp-rate-limit", "dhcp-rate-limit"),
        ("never heard of", "other"),
        ("", "other"),
    ],
)
def test_every_spelling_of_a_cause_is_one_cause(word, cause):
    assert IOS.cause(word) == cause


def test_every_normalized_cause_is_explained_in_sentences():
    assert set(causes.EXPLAIN) == set(ErrDisableCause)
    for usually, do in causes.EXPLAIN.values():
        assert usually.endswith(".")
        assert do.endswith(".")
    assert "uplink" in causes.explain(ErrDisableCause.OTHER, "lsGroup")[0]
    assert causes.explain(ErrDisableCause.OTHER, "what") == causes.EXPLAIN[ErrDisableCause.OTHER]


@pytest.mark.parametrize(
    ("oid", "descr", "name"),
    [
        ("1.3.6.1.4.1.9.1.1208", "Cisco IOS Software, C2960X Software", "cisco_ios"),
        (".1.3.6.1.4.1.9.1.1208", None, "cisco_ios"),
        (None, "Cisco IOS Software [Cupertino], Catalyst L3 Switch Software", "cisco_ios"),
        ("1.3.6.1.4.1.9.1.1017", "Cisco IOS XR Software (Cisco CRS-8/S)", "cisco_xr"),
        ("1.3.6.1.4.1.9.12.3.1.3.1163", "Cisco NX-OS(tm) nxos.7.0.3.I7.8.bin", "cisco_nxos"),
        ("1.3.6.1.4.1.9.6.1.94.24.5", "SG350X-24P 24-Port Gigabit", "cisco_s300"),
        ("1.3.6.1.4.1.9.1.2333", "IE1000 Industrial Ethernet Switch", "cisco_ie1000"),
        ("1.3.6.1.4.1.2011.2.23.294", "S5720-32X-EI Huawei Versatile", "huawei"),
        ("1.3.6.1.4.1.4413.1.2.1.2.34", "SONiC Software Version: SONiC.4.4.1", "dell_sonic"),
        ("1.3.6.1.4.1.4881.1.1.10.1.150", "Ruijie 10G Routing Switch", "ruijie_os"),
        # .99 is not .9: prefixes end at a dot.
        ("1.3.6.1.4.1.99.1.1", "something", None),
        (None, None, None),
        ("", "", None),
    ],
)
def test_recognised_by_what_it_says_of_itself(oid, descr, name):
    platform = platforms.recognise(oid, descr)
    assert (platform.name if platform else None) == name


def test_names_and_aliases_are_unique_and_found():
    words = [w for p in platforms.ALL for w in (p.name, *p.aliases)]
    assert len(words) == len(set(words))
    assert platforms.get("Cisco_XE") is IOS
    assert platforms.get("ios") is IOS
    assert platforms.get("vms") is None
    assert platforms.get(None) is None


def test_lines_have_only_the_known_placeholders():
    for platform in platforms.ALL:
        lines = [*platform.shut, *platform.reopen, *sum(platform.hardening.values(), ())]
        names = {n for line in lines for n in re.findall(r"{(\w+)}", line)}
        assert names <= {"interface", "vlan", "uplink"}


def test_snooping_trusts_the_uplink_before_it_is_switched_on():
    lines = IOS.hardening["dhcp-snooping"]
    assert lines.index("ip dhcp snooping trust") < lines.index("ip dhcp snooping")
    assert IOS.hardening["port-security"][-1] == "switchport port-security"
    assert any("maximum" in line for line in IOS.hardening["port-security"])
