import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.names import is_plain, long_name, short_name, sort_key


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("Gi1/0/7", "GigabitEthernet1/0/7"),
        ("gi1/0/7", "GigabitEthernet1/0/7"),
        ("Te1/1/4", "TenGigabitEthernet1/1/4"),
        ("Po1", "Port-channel1"),
        ("Fa0", "FastEthernet0"),
        ("Et1/1", "Ethernet1/1"),
    ],
)
def test_short_and_long_are_one_name(short, full):
    assert long_name(short) == full
    assert long_name(full) == full
    assert short_name(full).lower() == short.lower()


@pytest.mark.parametrize("name", ["eth0", "lo", "vlan10", "ge-0/0/1.0", "XGE1/0/1", "端口1", ""])
def test_what_is_no_abbreviation_stays(name):
    assert long_name(name) == name


def test_order_is_natural():
    names = ["Gi1/0/10", "Gi1/0/2", "Gi1/0/1"]
    assert sorted(names, key=sort_key) == ["Gi1/0/1", "Gi1/0/2", "Gi1/0/10"]


@given(st.text(max_size=30))
def test_any_text_has_a_name_that_stays(text):
    assert long_name(long_name(text)) == long_name(text)
    sort_key(text)


@pytest.mark.parametrize(
    "name",
    [
        "GigabitEthernet1/0/7", "Gi1/0/7.10", "Ethernet 1/1", "ge-0/0/0.0", "Port-channel5", "A1", "1/1/1",
        "sfp-sfpplus1", "Vlan-interface1", "eth0", "端口3", "swp1", "wan_1",
    ],
)  # fmt: skip
def test_names_of_real_ports_may_be_sent(name: str) -> None:
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "-x", "eth0; reboot", "eth0\nreload", "eth0\r", "Gi1/0/1 shutdown", "$(id)", "`id`", "a|b", "a&b",
        'x"]', "x'", "a>b", "é\u2028x", "eth0 ", "../x", "a" * 500, "Gi1/0/1\x00", "Gi1/0/1\u202e", "a b",
    ],
)  # fmt: skip
def test_names_that_would_say_more_may_not(name: str) -> None:
    assert not is_plain(name)
