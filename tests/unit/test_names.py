import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.names import long_name, short_name, sort_key


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
