"""Several logins for one device: in their order, and a refused password is sent once, in no later run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import refusals, ssh
from netdiag.collect.refusals import Refusals
from netdiag.errors import AccessDenied
from netdiag.model import Device as InventoryDevice
from tests.lab.ssh_server import Device, Running

pytestmark = pytest.mark.lab


@pytest.fixture
def server() -> Iterator[Running]:
    running = Running(Device())
    yield running
    running.stop()


@pytest.fixture
def target(server: Running, tmp_path: Path) -> Callable[..., Target]:
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(server.known_hosts_line())

    def make(*logins: tuple[str, str], **more: Any) -> Target:
        ways = [
            SshAccess(
                port=server.port,
                username=user,
                password=Secret(password),
                known_hosts=str(known_hosts),
                timeout_s=5.0,
                **more,
            )
            for user, password in logins
        ]
        access = replace(ways[0], others=tuple(ways[1:]))
        return Target(InventoryDevice("core-1", "127.0.0.1", platform="cisco_ios"), ssh=access)

    return make


def test_candidates_are_tried_in_their_order_each_once(
    server: Running, target: Callable[..., Target]
) -> None:
    wanted = target(("ops", "old"), ("ops", "older"), ("admin", "right"), ("root", "never"))
    found = ssh.poll(wanted)
    assert found.sources == ("ssh",)
    assert server.device.attempts == [("ops", "old"), ("ops", "older"), ("admin", "right")]


def test_a_refused_password_is_not_sent_again_until_it_changes(
    server: Running, target: Callable[..., Target]
) -> None:
    first = ssh.poll(target(("ops", "wrong-Zq9")))
    assert "refuses the login of 'ops'" in first.errors[0].message
    again = ssh.poll(target(("ops", "wrong-Zq9")))
    assert server.device.attempts == [("ops", "wrong-Zq9")]
    (error,) = again.errors
    assert error.what == "login"
    assert "is not tried again, lest the account be locked" in error.message
    assert str(refusals.where()) in error.message
    # Withheld is not silence: the device was seen to be there.
    assert again.reachable
    assert ssh.poll(target(("ops", "right"))).sources == ("ssh",)
    assert [password for _, password in server.device.attempts] == ["wrong-Zq9", "right"]
    written = refusals.where().read_text()
    assert "Zq9" not in written
    assert refusals.where().stat().st_mode & 0o077 == 0


def test_what_is_withheld_of_a_device_that_is_off_is_not_called_reachable(
    server: Running, target: Callable[..., Target]
) -> None:
    wanted = target(("ops", "wrong"))
    ssh.poll(wanted)
    server.stop()
    assert not ssh.poll(wanted).reachable


def test_the_next_candidate_goes_on_where_the_first_is_withheld(
    server: Running, target: Callable[..., Target]
) -> None:
    wanted = target(("ops", "wrong"), ("ops", "right"))
    for _ in range(2):
        with ssh.Session(wanted) as session:
            assert "Nov 22 2026" in session.show("show clock")
    assert server.device.attempts == [("ops", "wrong"), ("ops", "right"), ("ops", "right")]


def test_another_device_is_another_matter_and_a_spoilt_file_forgets(tmp_path: Path) -> None:
    file = tmp_path / "state" / "refused.json"
    known = Refusals(file)
    access = SshAccess(username="ops", password=Secret("wrong"))
    assert known.when("10.0.0.1", access) is None
    known.refused("10.0.0.1", access)
    assert Refusals(file).when("10.0.0.1", access) is not None
    assert Refusals(file).when("10.0.0.2", access) is None
    assert Refusals(file).when("10.0.0.1", replace(access, port=2222)) is None
    assert Refusals(file).when("10.0.0.1", replace(access, username="root")) is None
    assert Refusals(file).when("10.0.0.1", replace(access, password=Secret("new"))) is None
    assert Refusals(file).when("10.0.0.1", replace(access, password=None)) is None
    for spoilt in ("", "{", "[]", '{"salt": 1, "refused": {}}', '{"salt": "x", "refused": []}'):
        file.write_text(spoilt)
        assert Refusals(file).when("10.0.0.1", access) is None


def test_where_nothing_can_be_written_it_is_remembered_for_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    known = Refusals(tmp_path / "file" / "below")
    access = SshAccess(username="ops", password=Secret("wrong"))
    known.refused("10.0.0.1", access)
    assert known.when("10.0.0.1", access) is not None


def test_all_refused_is_access_denied(server: Running, target: Callable[..., Target]) -> None:
    wanted = target(("ops", "a"), ("ops", "b"))
    with pytest.raises(AccessDenied, match="refuses the login"), ssh.Session(wanted):
        pass
    with (
        pytest.raises(ssh.LoginWithheld, match=r"'ops' \(refused on .* UTC\)"),
        ssh.Session(wanted),
    ):
        pass
    assert len(server.device.attempts) == 2
