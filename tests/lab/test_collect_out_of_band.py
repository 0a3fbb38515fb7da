"""A switch whose uplink is closed is asked by its other management path, where it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag import collect
from netdiag.files import inventory
from netdiag.lab import client

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("out_of_band", [True, False])
def test_the_other_path_is_taken_when_the_first_is_silent(
    tmp_path: Path, out_of_band: bool
) -> None:
    lab = client.start(seed=1, state_dir=tmp_path, out_of_band=out_of_band)
    try:
        cut = lab.inject("closed-uplink", seed=1, switch="acc-2")
        lab.advance(3)
        targets = inventory.load(lab.inventory).targets(("acc-2",))
        (found,) = collect.poll(targets, window_s=1.0)
    finally:
        lab.stop()
    assert cut["device"] == "core-1"
    assert found.reachable == out_of_band
    assert bool(found.interfaces) == bool(found.rates) == out_of_band
    # That it is silent in-band is kept: it could not be looked at that way.
    assert {"snmp", "ssh"} == {e.source for e in found.errors if e.what in {"device", "login"}}
