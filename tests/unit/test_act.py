"""Changes of devices: refused where they harm, written down before and after, told from the port after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from netdiag import act, platforms, topology
from netdiag.errors import DecodeError, Refused, Unreachable
from netdiag.model import AdminStatus, ErrDisableCause, PlanStep
from netdiag.store import Store
from netdiag.ticket import ActionState
from tests.networks import AT, Campus

EDGE = "GigabitEthernet1/0/5"
UPLINK = "GigabitEthernet1/0/24"
SHUT = (f"interface {EDGE}", "shutdown")


def step(action: str = "shut-port", device: str = "acc-2", port: str = EDGE) -> PlanStep:
    return PlanStep(step=1, action=action, summary="", device=device, interface=port, lines=SHUT)


def refusals(campus: Campus, wanted: PlanStep, *, late_s: float = 0) -> tuple[str, ...]:
    network = campus.network()
    at = network.at + timedelta(seconds=late_s)
    return tuple(str(r) for r in act.refusals(wanted, network, topology.build(network), at=at))


def test_a_desk_port_may_be_shut():
    assert refusals(Campus.default(), step()) == ()


def test_an_uplink_is_never_shut():
    (reason,) = refusals(Campus.default(), step(port=UPLINK))
    assert "uplink" in reason
    (reason,) = refusals(Campus.default(), step(device="core-1", port="GigabitEthernet1/0/2"))
    assert "uplink" in reason


@pytest.mark.parametrize("port", [f"{EDGE}\nreload", f"{EDGE}; reboot", "eth0 down; id", "`id`"])
def test_a_port_whose_name_says_more_than_a_port_is_left_to_a_person(port: str):
    found = [
        r for r in refusals(Campus.default(), step(port=port)) if "no name that may be sent" in r
    ]
    assert len(found) == 1
    assert "\n" not in found[0]


def test_an_uplink_may_be_reopened():
    assert refusals(Campus.default(), step("reopen-port", "core-1", "GigabitEthernet1/0/2")) == ()


def test_a_protected_port_is_never_touched():
    campus = Campus.default()
    campus.devices["acc-2"] = replace(campus.devices["acc-2"], never_touch=(EDGE,))
    (reason,) = refusals(campus, step("reopen-port"))
    assert "never-touch" in reason


def test_the_companys_dhcp_server_is_never_cut_off():
    (reason,) = refusals(Campus.default(), step(device="core-1", port="GigabitEthernet1/0/10"))
    assert "authorized DHCP server" in reason


def test_a_stale_view_is_refused():
    (reason,) = refusals(Campus.default(), step(), late_s=act.MAX_VIEW_AGE.total_seconds() + 60)
    assert "11 min old" in reason


def test_an_unknown_device_is_refused():
    (reason,) = refusals(Campus.default(), step(device="acc-9"))
    assert "acc-9" in reason


class Session:
    """A device's command line that notes what it was told, and fails when it is told to."""

    def __init__(self, store: Store, error: Exception | None = None) -> None:
        self.store, self.error = store, error
        self.sent: list[str] = []

    def show(self, line: str) -> str:
        return f"answer to {line}"

    def configure(self, lines: Sequence[str], *, may_send=lambda: None, **_) -> str:
        may_send()
        # What is about to be sent must be on disk already.
        assert [a.lines for a in self.store.journal.unfinished()] == [tuple(lines)]
        self.sent += lines
        if self.error is not None:
            raise self.error
        return "acc-2(config-if)#shutdown"

    def confirm(self) -> str:
        return ""


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "netdiag.db") as opened:
        yield opened


def change(store: Store, session: Session):
    return act.Hands(store, "T-1", "ann").change(step(), session, "acc-2", (EDGE,), SHUT)


def test_a_change_is_on_record_with_who_what_and_what_came_back(store):
    (done,) = change(store, Session(store))
    assert (done.state, done.approved_by, done.lines) == (ActionState.DONE, "ann", SHUT)
    assert "answer to show running-config interface" in done.before
    assert "acc-2(config-if)#shutdown" in done.transcript
    assert store.journal.verify_chain() == ()


def test_a_refused_line_fails_the_change(store):
    with pytest.raises(Refused, match="Invalid input"):
        change(store, Session(store, DecodeError("% Invalid input")))
    assert [a.state for a in store.journal.actions("T-1")] == [ActionState.FAILED]


def test_a_lost_session_leaves_an_honest_unknown(store):
    with pytest.raises(Unreachable):
        change(store, Session(store, Unreachable("gone")))
    assert [a.state for a in store.journal.actions("T-1")] == [ActionState.UNKNOWN]


def intended(store: Store, lines=SHUT):
    number = store.journal.intend("T-1", 1, "acc-2", EDGE, lines, "ann", AT)
    return next(a for a in store.journal.actions("T-1") if a.id == number)


@pytest.mark.parametrize(
    ("status", "state"),
    [(AdminStatus.DOWN, ActionState.DONE), (AdminStatus.UP, ActionState.FAILED)],
)
def test_after_a_crash_the_port_tells_whether_a_shutdown_was_sent(store, status, state):
    snapshot = (
        Campus.default().change("acc-2", EDGE, admin_status=status).network().snapshot("acc-2")
    )
    assert act.settle(intended(store), snapshot, store) is state


def test_after_a_crash_a_reopening_that_tripped_again_is_no_success(store):
    reopen = (f"interface {EDGE}", "shutdown", "no shutdown")
    campus = Campus.default().err_disable("acc-2", EDGE, ErrDisableCause.STORM_CONTROL)
    snapshot = campus.network().snapshot("acc-2")
    assert act.settle(intended(store, reopen), snapshot, store) is ActionState.FAILED


def test_after_a_crash_a_silent_device_proves_nothing(store):
    snapshot = Campus.default().unreachable("acc-2").network().snapshot("acc-2")
    assert act.settle(intended(store), snapshot, store) is ActionState.UNKNOWN
    assert act.settle(intended(store), None, store) is ActionState.UNKNOWN


def test_undo_is_the_opposite(store):
    ios = platforms.get("cisco_ios")
    assert ios is not None
    reopen = (f"interface {EDGE}", "shutdown", "no shutdown")
    assert act.undo_lines(intended(store), ios) == reopen
    assert act.undo_lines(intended(store, reopen), ios) == SHUT


@pytest.mark.parametrize("platform", [p for p in platforms.ALL if p.shut], ids=lambda p: p.name)
def test_every_vendors_lines_are_told_apart(store, platform):
    def filled(lines):
        return tuple(line.replace("{interface}", EDGE) for line in lines)

    assert not act.opens(intended(store, filled(platform.shut)))
    if platform.reopen and platform.reopen != platform.shut:
        assert act.opens(intended(store, filled(platform.reopen)))
