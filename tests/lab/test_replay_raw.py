"""A folder of walks, show texts and logs, as people collect them, gives the verdict of a live look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netdiag import platforms, replay
from netdiag.decode import snmprec
from netdiag.errors import DecodeError, UsageError
from netdiag.lab import ber, campus, mib_bridge, mib_cisco, mib_interfaces, mib_lldp, state
from netdiag.lab.campus import Campus
from netdiag.lab.cli_ios import Cli, Session
from netdiag.lab.models import model_for
from netdiag.lab.rates import RateMeter
from netdiag.lab.switch import SoftSwitch

TOPOLOGY = campus.load(None)
STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_DECIMAL = {0x02, 0x41, 0x42, 0x43, 0x46}


def recorded(oid: ber.Oid, value: bytes) -> str:
    """A line as snmpsim's recorder writes it."""
    tag, contents, _ = ber.read(value, 0)
    dotted = ".".join(map(str, oid))
    if tag == 0x06:
        return f"{dotted}|6|{'.'.join(map(str, ber.to_oid(contents)))}"
    if tag in _DECIMAL:
        return f"{dotted}|{tag}|{ber.to_integer(contents)}"
    return f"{dotted}|{tag}x|{contents.hex()}"


def walk(switch: SoftSwitch, now: float) -> str:
    moment = state.look(switch, model_for(switch.role), now)
    tables = (mib_interfaces, mib_cisco, mib_lldp)
    entries = dict(e for table in tables for e in table.entries(moment))
    entries |= dict(mib_bridge.entries(moment, None))
    return "\n".join(recorded(oid, value) for oid, value in sorted(entries.items())) + "\n"


def keep_walk(built: Campus, name: str, folder: Path, file: str = "walk") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = walk(built.switch(name), built.now())
    (folder / f"{file}.snmprec").write_text(text, encoding="utf-8")


def keep_texts(built: Campus, name: str, folder: Path) -> None:
    """What a person types and pastes."""
    folder.mkdir(parents=True, exist_ok=True)
    switch = built.switch(name)

    def wall(second: float) -> datetime:
        return STARTED + timedelta(seconds=second)

    cli = Cli(Session(switch, model_for(switch.role), built.now, wall, RateMeter(), "x"))
    platform = platforms.get("cisco_ios")
    assert platform is not None
    for need in platform.poll:
        line = platform.commands[need].line
        text = cli.execute(line)
        (folder / f"{line.replace(' ', '_')}.txt").write_text(text + "\n", encoding="utf-8")


def keep_log(built: Campus, folder: Path) -> None:
    lines = [
        f"<189>{(STARTED + timedelta(seconds=e.at)).isoformat()} {e.switch} : %{e.facility}: {e.text}"
        for s in built.switches()
        for e in s.log()
    ]
    (folder / "syslog.log").write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")


def grown(seed: int = 0) -> Campus:
    built = campus.build(TOPOLOGY, seed)
    built.run_until(30.0)
    return built


@pytest.mark.parametrize("keep", [keep_walk, keep_texts])
def test_a_desk_in_another_vlan_than_before(
    tmp_path: Path, keep: Callable[[Campus, str, Path], None]
) -> None:
    built = grown()
    for switch in built.switches():
        keep(built, switch.name, tmp_path / "before" / switch.name)
    truth = built.inject("wrong-access-vlan", 3)
    built.run_until(50.0)
    for switch in built.switches():
        keep(built, switch.name, tmp_path / switch.name)
    said = replay.replay(tmp_path)
    first = said.diagnosis.causes[0]
    assert first.kind == "wrong-access-vlan"
    assert (first.resource.device, first.resource.interface) == (truth.device, truth.interface)
    assert replay.replay(tmp_path).diagnosis == said.diagnosis


def test_a_switch_that_did_not_answer_and_the_syslog_servers_file(tmp_path: Path) -> None:
    built = grown()
    for switch in built.switches():
        keep_walk(built, switch.name, tmp_path / "before" / switch.name)
    truth = built.inject("uplink-down", 1)
    built.run_until(50.0)
    dark = truth.also[0][0]
    for switch in built.switches():
        if switch.name != dark:
            keep_walk(built, switch.name, tmp_path / switch.name)
    (tmp_path / dark).mkdir()
    (tmp_path / dark / "unreachable.txt").write_text("no answer to snmpwalk\n")
    keep_log(built, tmp_path)
    first = replay.replay(tmp_path).diagnosis.causes[0]
    assert (first.kind, first.resource.device) == ("uplink-down", truth.device)
    assert first.resource.interface == truth.interface


def test_two_walks_give_the_rates_of_a_storm(tmp_path: Path) -> None:
    built = grown()
    truth = built.inject("broadcast-storm", 2, pps=400)
    built.run_until(35.0)
    for switch in built.switches():
        keep_walk(built, switch.name, tmp_path / switch.name)
    built.run_until(41.0)
    for switch in built.switches():
        keep_walk(built, switch.name, tmp_path / switch.name, "walk2")
    first = replay.replay(tmp_path).diagnosis.causes[0]
    assert first.kind == "broadcast-storm"
    assert (first.resource.device, first.resource.interface) == (truth.device, truth.interface)


def test_a_healthy_folder_names_nothing(tmp_path: Path) -> None:
    built = grown()
    for switch in built.switches():
        keep_walk(built, switch.name, tmp_path / switch.name)
    assert replay.replay(tmp_path).diagnosis.causes == ()


def test_texts_of_a_platform_that_nothing_tells_are_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "sw-1").mkdir()
    (tmp_path / "sw-1" / "show_clock.txt").write_text("12:00\n")
    with pytest.raises(UsageError, match=r"sw-1/platform\.txt"):
        replay.replay(tmp_path)


def test_an_empty_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recorded incident"):
        replay.replay(tmp_path)


def test_a_file_that_is_no_walk() -> None:
    with pytest.raises(DecodeError):
        snmprec.varbinds("this is a letter\n")
    assert snmprec.varbinds("1.3.6.1.2.1.1.5.0|4|a|b\n# x\n1.3|4x|zz\n") == (
        ((1, 3, 6, 1, 2, 1, 1, 5, 0), b"a|b"),
    )
