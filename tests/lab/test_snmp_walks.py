"""Every recorded walk of a real device, replayed over UDP and polled, against what is true of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.collect import snmp
from netdiag.lab.snmp import Responder, View, from_snmprec, running
from netdiag.model import Device, Snapshot
from tests import conformance
from tests.lab import snmp_truth

pytestmark = [
    pytest.mark.data,
    pytest.mark.lab,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("walks"),  # one poll of all of them serves both tests
]


class Replay:
    """The recordings by community; VLAN contexts are `community@vlan`. Notes who asked for what."""

    def __init__(self, walks: list[Path]) -> None:
        self._files = {str(number): walk for number, walk in enumerate(walks)}
        self._views: dict[str, View | None] = {}
        self._lock = threading.Lock()
        self.asked: dict[Path, set[int]] = {walk: set() for walk in walks}

    @property
    def communities(self) -> dict[Path, str]:
        return {walk: community for community, walk in self._files.items()}

    def __call__(self, community: str) -> View | None:
        name, _, vlan = community.partition("@")
        walk = self._files.get(name)
        if walk is None:
            return None
        if vlan:
            self.asked[walk].add(int(vlan))
            walk = walk.with_name(f"{walk.stem}@{vlan}.snmprec")
        with self._lock:
            if community not in self._views:
                self._views[community] = _view(walk) if walk.is_file() else None
            return self._views[community]


def _view(walk: Path) -> View:
    return from_snmprec(walk.read_text(encoding="utf-8", errors="surrogateescape"))


@pytest.fixture(scope="module")
def polled(shared_data: Path) -> tuple[dict[Path, Snapshot], Replay]:
    walks = list(snmp_truth.walks(shared_data / "snmp"))
    replay = Replay(walks)
    for community in replay.communities.values():
        replay(community)  # read beforehand: the agent is not to fall silent over a large file
    with running(Responder(replay, max_size=60_000)) as (host, port):
        targets = [
            Target(
                Device(walk.name, host),
                SnmpAccess(port=port, community=Secret(community), timeout_s=2.0, retries=3),
                requests_per_s=1000,
            )
            for walk, community in replay.communities.items()
        ]
        found = snmp.poll(targets, concurrency=12)
    return dict(zip(walks, found, strict=True)), replay


def test_the_facts_of_every_walk_hold(polled: tuple[dict[Path, Snapshot], Replay]) -> None:
    snapshots, replay = polled
    checked, wrong = 0, []
    for walk, snapshot in snapshots.items():
        truth = json.loads(snmp_truth.walks(walk.parent)[walk].read_text(encoding="utf-8"))
        for name, expected, actual in snmp_truth.facts(truth, snapshot, replay.asked[walk]):
            checked += 1
            held = int(expected == actual)
            conformance.record(snapshot.platform or "generic", "snmp", held=held, checked=1)
            if expected != actual:
                wrong.append(f"{walk.name}: {name}: expected {expected!r}, found {actual!r}")
    assert not wrong, "\n".join(wrong)
    assert checked > 1000


def test_the_readme_tells_these_counts(polled: tuple[dict[Path, Snapshot], Replay]) -> None:
    counts = conformance.counted("snmp")
    if not counts:
        test_the_facts_of_every_walk_hold(polled)
        counts = conformance.counted("snmp")
    assert conformance.in_readme("snmp") == counts, conformance.HOW
