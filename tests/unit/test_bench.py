"""How a diagnosis is scored, and that every incident file means what it can do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from netdiag import bench
from netdiag.bench import Truth, picture, rows, table
from netdiag.errors import FileFormatError, UsageError
from netdiag.lab import campus, scenario
from netdiag.lab.scenario import Scenario
from netdiag.model import Cause, Diagnosis, Kind, Resource
from tests.networks import AT

GI = "GigabitEthernet1/0/"
ROUTER = Truth(
    ("layer2-loop", "rogue-dhcp-server"), (("acc-2", GI + "5"), ("acc-2", GI + "6")), None, True, ""
)
OLD = Truth(("err-disabled-port",), (("acc-1", GI + "2"),), None, False, "")
SICK = Scenario(kind=Kind.LAYER2_LOOP, about="for the tests of the score")
WELL = Scenario(kind="healthy", about="for the tests of the score")


def cause(kind: Kind, device: str, port: str | None, *also: Kind, rank: int = 1) -> Cause:
    return Cause(rank, kind, Resource(device, port), 0.9, (), (), "", also=also)


def score(plot: Scenario, truths: tuple[Truth, ...], *causes: Cause) -> bench.Run:
    answer = Diagnosis(at=AT, took_s=4.0, causes=causes)
    return bench.score("name", plot, 0, truths, answer)


def test_rank_one_with_one_of_the_kinds_at_one_of_the_ports_is_right() -> None:
    run = score(SICK, (ROUTER,), cause(Kind.ROGUE_DHCP_SERVER, "acc-2", GI + "6"))
    assert (run.right, run.f1, run.seconds_to_name) == (True, 1.0, 4.0)
    also = cause(Kind.BROADCAST_STORM, "acc-2", GI + "5", Kind.LAYER2_LOOP)
    assert score(SICK, (ROUTER,), also).right


def test_each_part_of_the_answer_is_scored_for_itself() -> None:
    kind = score(SICK, (ROUTER,), cause(Kind.LAYER2_LOOP, "acc-1", GI + "5"))
    assert (kind.kind_right, kind.device_right, kind.interface_right) == (True, False, False)
    place = score(SICK, (ROUTER,), cause(Kind.UPLINK_DOWN, "acc-2", GI + "5"))
    assert (place.kind_right, place.device_right, place.interface_right) == (False, True, False)
    no_port = score(SICK, (ROUTER,), cause(Kind.LAYER2_LOOP, "acc-2", None))
    assert (no_port.kind_right, no_port.device_right, no_port.right) == (True, True, False)
    assert not kind.right
    assert not place.right
    assert kind.f1 == place.f1 == no_port.f1 == 0.0


def test_the_right_cause_on_rank_two_is_a_miss() -> None:
    wrong = cause(Kind.UPLINK_DOWN, "core-1", GI + "1")
    right = cause(Kind.LAYER2_LOOP, "acc-2", GI + "5", rank=2)
    run = score(SICK, (ROUTER,), wrong, right)
    assert (run.right, run.f1) == (False, 0.667)


def test_an_old_trouble_counts_among_the_pairs_and_never_first() -> None:
    main = cause(Kind.LAYER2_LOOP, "acc-2", GI + "5")
    old = cause(Kind.ERR_DISABLED_PORT, "acc-1", GI + "2", rank=2)
    assert score(SICK, (ROUTER, OLD), main, old).f1 == 1.0
    assert score(SICK, (ROUTER, OLD), main).f1 == 0.667
    assert not score(SICK, (ROUTER, OLD), old, main).right


def test_on_a_healthy_network_any_cause_is_a_false_alarm() -> None:
    calm = score(WELL, ())
    alarm = score(WELL, (), cause(Kind.LAYER2_LOOP, "acc-2", GI + "5"))
    assert (calm.right, calm.f1, alarm.right, alarm.f1) == (True, 1.0, False, 0.0)
    total = bench.Score("soft", (calm, alarm), 9.0).summary()
    assert (total["healthy"], total["false_alarms"], total["right_all"]) == (2, 1, None)


def test_a_run_that_failed_is_no_healthy_network() -> None:
    run = bench.score("name", WELL, 0, (), None, error="the lab did not come up")
    assert not run.right
    assert rows.row(run)["error"] == "the lab did not come up"


def test_the_report_is_the_contracts() -> None:
    run = score(SICK, (ROUTER,), cause(Kind.LAYER2_LOOP, "acc-2", GI + "5"))
    made = json.loads(json.dumps(rows.report(bench.Score("soft", (run,), 9.0))))
    (row,) = made["scenarios"]
    assert made["schema"] == "netdiag/bench/1"
    assert row["truth"].items() >= {"kind": "layer2-loop", "device": "acc-2"}.items()
    assert row["diagnosed"][0].items() >= {"rank": 1, "interface": GI + "5"}.items()
    assert row["seconds_to_restore"] is None


def test_the_picture_has_a_square_a_run_in_the_colour_of_its_score() -> None:
    from xml.etree import ElementTree

    right = score(SICK, (ROUTER,), cause(Kind.LAYER2_LOOP, "acc-2", GI + "5"))
    near = score(SICK, (ROUTER,), cause(Kind.LAYER2_LOOP, "acc-2", None))
    miss = replace(score(SICK, (ROUTER,)), name="<other>")
    drawn = picture.svg(bench.Score("soft", (right, near, miss), 9.0))
    root = ElementTree.fromstring(drawn)
    squares = [e.get("fill") for e in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert squares == ["#2e7d32", "#f9a825", "#c62828"]
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<other>" in texts
    assert any("1 of 3 right" in (t or "") for t in texts)


def a_row(kind: str, seed: int, *, right: bool, **more: object) -> dict[str, object]:
    return {
        "kind": kind, "variant": f"{kind}-x", "seed": seed, "right": right, "right_kind": right,
        "right_interface": right, "f1": float(right), "seconds_to_name": 4.0, "diagnosed": [],
        "seconds_to_restore": None, "error": None, **more,
    }  # fmt: skip


def test_the_table_is_put_between_its_markers_and_tells_every_miss() -> None:
    rows = [a_row("lossy-link", 0, right=True), a_row("lossy-link", 3, right=False)]
    made = table.markdown(rows, "soft", "netdiag lab bench")
    assert "| lossy-link | 1 | 2 | 1 | 1 | 0.50 | 4.0 | - |" in made
    assert "50.0% right at rank 1" in made
    assert "- `lossy-link-x` (seed 3): nothing was named" in made
    begin, end = table.markers("soft")
    text = table.write_into(f"a\n{begin}\nold\n{end}\nb\n", made, "soft")
    assert text.startswith(f"a\n{begin}\n| kind")
    assert text.endswith(f"{end}\nb\n")
    assert "old" not in text
    with pytest.raises(UsageError, match="no place for the table"):
        table.write_into("nothing", made, "soft")


def test_of_several_reports_the_last_run_of_a_file_and_seed_counts() -> None:
    first = {"scenarios": [a_row("lossy-link", 0, right=False), a_row("healthy", 1, right=True)]}
    second = {"scenarios": [a_row("lossy-link", 0, right=True)]}
    assert [(r["kind"], r["right"]) for r in table.latest([first, second])] == [
        ("healthy", True),
        ("lossy-link", True),
    ]


def test_time_to_restore_says_who_did_it() -> None:
    rows = [
        a_row("rogue-dhcp-server", 0, right=True, seconds_to_restore=20.0, restored_by="netdiag"),
        a_row("lossy-link", 0, right=True, seconds_to_restore=8.0, restored_by="by hand"),
    ]
    made = table.markdown(rows, "soft", "x")
    assert "| 8.0 (1 of 1 by hand) |" in made
    assert "| 20.0 |" in made


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", scenario.names())
def test_a_file_injects_what_its_kind_says(name: str, tmp_path: Path) -> None:
    plot = scenario.load(name)
    assert name.startswith((str(plot.kind), "home-router-", "several-", "closed-uplink-"))
    built = campus.build(campus.load(scenario.write_topology(plot, tmp_path)), 3)
    built.run_until(20.0)
    kinds: set[str] = set()
    for step in plot.steps:
        if step.inject is not None:
            truth = built.inject(step.inject, 3, **scenario.options(step, 3))
            kinds |= set(truth.kinds) if step.cause else set()
    accepted = {k.value for k in plot.accept}
    assert (plot.kind in kinds | accepted) if plot.kind != "healthy" else not kinds


def test_the_seed_draws_and_draws_the_same() -> None:
    (step,) = [s for s in scenario.load("healthy-arp-scan").steps if s.inject]
    drawn = [scenario.options(step, seed)["pps"] for seed in range(30)]
    assert set(drawn) == {60, 150, 300}
    assert drawn == [scenario.options(step, seed)["pps"] for seed in range(30)]


def test_kinds_and_files_are_chosen_by_name() -> None:
    assert scenario.chosen(()) == scenario.names()
    assert scenario.chosen(("healthy-quiet",)) == ("healthy-quiet",)
    assert "home-router-one-cable" in scenario.chosen(("rogue-dhcp-server",))
    with pytest.raises(UsageError, match="no incident is called 'flood'"):
        scenario.chosen(("flood",))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: healthy\nabout: long enough here\nstep: []", "unknown key"),
        ("kind: flood\nabout: long enough here", "kind"),
        ("kind: healthy\nabout: long enough here\nsteps: [{wait: 2, watch: true}]", "one thing"),
        ("kind: healthy\nabout: long enough here\nsteps: [{inject: flood}]", "no incident is"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=complaint) as caught:
        scenario.load(str(file))
    assert str(file) in str(caught.value)
