"""A second incident of the day is not explained by the messages of the first, which is repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from netdiag import ticket
from netdiag.model import Capture, LogEvent, Network
from netdiag.ticket.settled import settled, since
from tests import incident
from tests.incident import after
from tests.networks import home_router


def flap(device: str, at: datetime | None) -> LogEvent:
    return LogEvent(at, device, "SW_MATM-4-MACFLAP_NOTIF", "mac-flap", "Gi1/0/5", "Gi1/0/6")


def network() -> Network:
    base = home_router().network()
    log = tuple(flap(d, at) for d in ("acc-2", "acc-3") for at in (after(0), after(500), None))
    heard = tuple(Capture(source="noc", last=at) for at in (after(0), after(500), None))
    return replace(base, log=log, captures=heard)


def test_messages_of_its_devices_from_before_the_proof_are_the_first_one_s() -> None:
    seen = since(network(), settled([incident.closed()]))
    assert [(e.device, e.at) for e in seen.log] == [
        ("acc-2", after(500)),
        ("acc-2", None),
        ("acc-3", after(0)),
        ("acc-3", after(500)),
        ("acc-3", None),
    ]


def test_what_a_sensor_heard_before_the_proof_of_a_loop_is_over() -> None:
    seen = since(network(), settled([incident.closed()]))
    assert [c.last for c in seen.captures] == [after(500), None]


def test_a_device_s_own_messages_too() -> None:
    base = network()
    own = replace(
        base.snapshots[0],
        device="core-1",
        log=(flap("core-1", after(0)), flap("core-1", after(500))),
    )
    seen = since(replace(base, snapshots=(own,)), settled([incident.closed()]))
    assert [e.at for e in seen.snapshots[0].log] == [after(500)]


def test_what_is_not_proven_or_came_back_settles_nothing() -> None:
    t = incident.closed()
    for open_ in (
        replace(t, verification=None, stage=ticket.Stage.DIAGNOSED),
        replace(t, stage=ticket.Stage.REPAIRING),
        replace(t, verification=replace(incident.verification(), checks=())),
    ):
        assert settled([open_]) == settled([])
    assert since(network(), settled([])) == network()
