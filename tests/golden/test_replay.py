"""A recorded incident gives its verdict again, and says so when it gives another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from netdiag import replay
from netdiag.cli.replay import replay as command
from netdiag.errors import FileFormatError, UsageError
from netdiag.files import recording
from netdiag.files.recording import Context, Recording
from netdiag.model import Diagnosis, SourceError
from tests.golden.incident_cases import CASES

CASE = "layer2-loop-home-router-history"
FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "incidents"


def recorded(folder: Path, name: str = CASE) -> Diagnosis:
    """Keeps a case as `diagnose --record` does, with the verdict of that moment."""
    network = CASES[name][0]().network()
    missed = (SourceError("syslog", "log file x", "not there"),)
    context = Context("HQ/2F", "no network", missed, (("acc-1", False), ("acc-2", True)))
    said = replay.verdict(Recording(network, context))
    recording.save(folder, Recording(network, context, replace(said, ticket="T-1", took_s=3.0)))
    return said


@pytest.mark.parametrize("name", [CASE, "rogue-dhcp-server-one-cable", "uplink-down-cable-cut"])
def test_the_verdict_is_the_same_with_its_plan(tmp_path: Path, name: str) -> None:
    said = recorded(tmp_path, name)
    again = replay.replay(tmp_path)
    assert said.causes
    assert again.differs == ()
    assert again.diagnosis == said
    assert again.recorded is not None
    assert again.recorded.ticket is None


def test_the_way_out_of_band_is_part_of_the_recording(tmp_path: Path) -> None:
    recorded(tmp_path)
    kept = recording.load(tmp_path)
    with_it = replay.verdict(kept)
    without = replay.verdict(replace(kept, context=replace(kept.context, other_ways=())))
    assert with_it.plan != without.plan


def test_another_verdict_is_told_apart(tmp_path: Path) -> None:
    recorded(tmp_path)
    kept = recording.load(tmp_path)
    assert kept.diagnosis is not None
    wrong = replace(kept.diagnosis, causes=(), findings=kept.diagnosis.findings[1:])
    recording.save(tmp_path, replace(kept, diagnosis=wrong))
    differs = replay.replay(tmp_path).differs
    assert "causes then: none; now: 1. layer2-loop at acc-2" in differs[0]
    assert differs[1] == f"newly found: {kept.diagnosis.findings[0].id}"


def test_ages_are_those_of_then(tmp_path: Path) -> None:
    """A recording replayed years later is no old story."""
    said = recorded(tmp_path)
    kept = recording.load(tmp_path)
    assert replay.verdict(kept).at == said.at
    assert abs(said.at - kept.network.at) < timedelta(hours=1)


@pytest.mark.parametrize("name", ["healthy", CASE])
def test_a_golden_folder_is_a_recording(name: str) -> None:
    again = replay.replay(FOLDER / name)
    assert again.recorded is None
    assert bool(again.diagnosis.causes) == (name != "healthy")


def test_the_exit_status_is_the_contracts(tmp_path: Path) -> None:
    run = CliRunner().invoke
    recorded(tmp_path)
    assert run(command, [str(tmp_path), "--json"]).exit_code == 3  # acc-2 was silent then
    assert run(command, [str(FOLDER / "rogue-dhcp-server-one-cable")]).exit_code == 1
    assert run(command, [str(FOLDER / "healthy")]).exit_code == 0


def test_what_is_no_recording_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recorded incident"):
        replay.replay(tmp_path)
    (tmp_path / "network.json").write_text('{"at": "yesterday"}')
    with pytest.raises(FileFormatError, match=r"network\.json"):
        replay.replay(tmp_path)
