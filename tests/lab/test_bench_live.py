"""One run of the scoreboard over sockets, and its evidence replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdiag import bench, replay
from netdiag.files import recording
from netdiag.lab import scenario

pytestmark = pytest.mark.lab


def test_a_run_is_scored_and_its_evidence_gives_the_same_verdict(tmp_path: Path) -> None:
    plot = scenario.load("rogue-dhcp-server-copies-identity")
    folder = tmp_path / "kept"
    found = bench.play("rogue-dhcp-server-copies-identity", plot, 3, folder)
    assert found.right, found
    assert found.truths[0].mac == found.causes[0].resource.mac
    again = replay.replay(folder)
    assert again.differs == ()
    assert again.diagnosis.causes == found.causes


def test_only_misses_leave_evidence(tmp_path: Path) -> None:
    total = bench.run(kinds=["healthy-first-day"], evidence=tmp_path)
    assert [r.right for r in total.runs] == [True]
    assert list(tmp_path.iterdir()) == []


def test_minutes_pass_in_moments_each_message_with_its_own_time(tmp_path: Path) -> None:
    """The order in which things happened is evidence: it must survive the fast forward."""
    plot = scenario.load("home-router-two-cables-unseen")
    found = bench.play("x", plot, 1, tmp_path / "kept")
    kept = recording.load(tmp_path / "kept")
    times = sorted({e.at for e in kept.network.events() if e.at})
    assert found.right
    assert (times[-1] - times[0]).total_seconds() > 2
    assert all(t <= kept.network.at for t in times)
