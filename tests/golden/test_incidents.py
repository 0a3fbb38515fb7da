"""Every folder of `fixtures/incidents/` gives the findings and causes that are written in it."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from pathlib import Path

import pytest

from netdiag import causes, checks, topology
from netdiag.files import codec
from netdiag.model import Cause, Finding, Network
from tests.golden.incident_cases import CASES, Truth

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "incidents"


def names() -> list[str]:
    folders = [f.name for f in FOLDER.iterdir() if f.is_dir()] if FOLDER.is_dir() else []
    return sorted({*folders, *CASES})


def pretty(value: object) -> str:
    text = json.dumps(json.loads(codec.dump(value)), indent=1, ensure_ascii=False)
    return text + "\n"


def small(network: Network) -> str:
    """The network without what is default anyway, a line an item: small enough to review."""
    plain = without_defaults(network)
    assert isinstance(plain, dict)
    lines = []
    for key, value in plain.items():
        if isinstance(value, list):
            items = ",\n".join(lines_of(item) for item in value)
            lines.append(f"{json.dumps(key)}: [\n{items}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def lines_of(item: object) -> str:
    """One line, with a break before each item of the tables in it."""
    text = json.dumps(item, ensure_ascii=False)
    return text.replace("}, {", "},\n {").replace("[{", "[\n {")


def without_defaults(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: getattr(value, f.name) for f in fields(value)}
        kept = {f.name: kept[f.name] for f in fields(value) if kept[f.name] != f.default}
        return {name: without_defaults(item) for name, item in kept.items()}
    if isinstance(value, tuple):
        return [without_defaults(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def answer(network: Network) -> tuple[tuple[Finding, ...], tuple[Cause, ...]]:
    built = topology.build(network)
    findings = checks.run(network, built)
    return findings, causes.rank(findings, network, built)


def write(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if name in CASES:
        build, truth = CASES[name]
        (folder / "network.json").write_text(small(build().network()), encoding="utf-8")
        (folder / "truth.json").write_text(
            json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8"
        )
    found, ranked = answer(read(folder))
    (folder / "findings.json").write_text(pretty(found), encoding="utf-8")
    (folder / "causes.json").write_text(pretty(ranked), encoding="utf-8")


def read(folder: Path) -> Network:
    return codec.load(Network, (folder / "network.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", names())
def test_an_incident_gives_what_its_folder_says(name: str, update: bool) -> None:
    folder = FOLDER / name
    if update:
        write(folder, name)
    network = read(folder)
    found, ranked = answer(network)
    assert pretty(found) == (folder / "findings.json").read_text(encoding="utf-8")
    assert pretty(ranked) == (folder / "causes.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", names())
def test_the_first_cause_is_the_truth(name: str) -> None:
    """What no `--update` can write: the case itself says what is wrong."""
    folder = FOLDER / name
    truth = Truth(**json.loads((folder / "truth.json").read_text(encoding="utf-8")))
    _, ranked = answer(read(folder))
    assert len(ranked) == truth.causes
    if truth.kind != "healthy":
        first = ranked[0]
        assert truth.kind in {first.kind, *first.also}
        assert (first.resource.device, first.resource.interface) == (truth.device, truth.interface)
        assert first.interfaces == tuple(truth.interfaces)


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_fixture_is_what_its_case_builds(name: str) -> None:
    built = CASES[name][0]().network()
    stored = (FOLDER / name / "network.json").read_text(encoding="utf-8")
    assert small(built) == stored
    assert read(FOLDER / name) == built
