"""`netdiag lab bench`: the scoreboard on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag.cli import common

if TYPE_CHECKING:
    from netdiag.bench import Run, Score


@click.command()
@click.option("--data-plane", type=click.Choice(["soft", "real"]), default="soft")
@click.option("--kinds", help="Kinds or incident files, with commas between; default: all.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--first-seed", type=int, default=0, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the evidence of each miss goes. Default: in your state folder.",
)
@click.option("--keep-all", is_flag=True, help="Keep the evidence of each run, not of misses only.")
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw the scores as an SVG."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--restore", is_flag=True, help="Also repair, or play the person on site, and take the time."
)
@click.option(
    "--from",
    "earlier",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take the runs of these --json outputs instead of running anything.",
)
@click.option(
    "--write-readme",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put the table of kinds and misses between the markers of that file.",
)
@common.as_json
def bench(
    data_plane: str,
    kinds: str | None,
    seeds: int,
    first_seed: int,
    out: Path | None,
    keep_all: bool,
    picture: Path | None,
    jobs: int,
    restore: bool,
    earlier: tuple[Path, ...],
    write_readme: Path | None,
    json_: bool,
) -> None:
    """The scoreboard: incidents on fresh networks, diagnosed blind, held against the truth.

    About ten seconds for each of the incident files and each seed; every finished run is in
    results.json of the folder at once. Exit status 1 when one was missed.
    """
    import platformdirs

    from netdiag import bench as board
    from netdiag.bench import rows

    if earlier:
        _from_files(earlier, data_plane, write_readme)
        return
    folder = out or platformdirs.user_state_path("netdiag") / "bench"
    kept = _Kept(folder / "results.json", data_plane)
    found = board.run(
        data_plane=data_plane,
        kinds=[k.strip() for k in kinds.split(",") if k.strip()] if kinds else (),
        seeds=range(first_seed, first_seed + seeds),
        evidence=folder,
        keep_all=keep_all,
        jobs=jobs,
        restoring=restore,
        done=kept.add,
    )
    if picture is not None:
        from netdiag.bench.picture import svg

        common.write_file(picture, svg(found))
    if write_readme is not None:
        _write(write_readme, [rows.report(found)], data_plane)
    if json_:
        common.emit(rows.report(found))
    else:
        _print_score(found)
    sys.exit(0 if all(r.right for r in found.runs) else 1)


class _Kept:
    """Tells each run as it is done, and keeps them all in a file: a bench that is stopped loses none."""

    def __init__(self, file: Path, data_plane: str) -> None:
        self._file, self._data_plane = file, data_plane
        self._runs: list[Run] = []

    def add(self, run: Run) -> None:
        import json

        from netdiag import bench as board
        from netdiag.bench import rows

        _print_run(run)
        self._runs.append(run)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        report = rows.report(board.Score(self._data_plane, tuple(self._runs), 0.0))
        common.write_file(self._file, json.dumps(report) + "\n")


def _from_files(files: Sequence[Path], data_plane: str, readme: Path | None) -> None:
    """The table of earlier runs, on the terminal or into a file."""
    import json

    from netdiag.bench import table
    from netdiag.errors import UsageError

    reports = []
    for file in files:
        try:
            report = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            raise UsageError(f"{file} is no output of `lab bench --json`: {exc}") from exc
        if not isinstance(report, dict) or report.get("schema") != "netdiag/bench/1":
            raise UsageError(f"{file} is no output of `lab bench --json`")
        reports.append(report)
    if readme is not None:
        _write(readme, reports, data_plane)
    else:
        click.echo(table.markdown(table.latest(reports), data_plane, _command(reports, data_plane)))


def _write(readme: Path, reports: Sequence[Mapping[str, Any]], data_plane: str) -> None:
    from netdiag.bench import table

    text = readme.read_text(encoding="utf-8")
    kept = table.latest(reports)
    made = table.markdown(kept, data_plane, _command(reports, data_plane))
    readme.write_text(table.write_into(text, made, data_plane), encoding="utf-8")


def _command(reports: Sequence[Mapping[str, Any]], data_plane: str) -> str:
    seeds = max((row["seed"] for r in reports for row in r["scenarios"]), default=0) + 1
    plane = f" --data-plane {data_plane}" if data_plane != "soft" else ""
    return f"netdiag lab bench{plane} --seeds {seeds}"


def _print_run(r: Run) -> None:
    """One line a run, on stderr, while the others are still to come."""
    if r.error:
        said = r.error
    elif not r.causes:
        said = "no cause"
    else:
        c = r.causes[0]
        more = f" (+{len(r.causes) - 1})" if len(r.causes) > 1 else ""
        said = f"{c.kind} {c.resource.device or '?'} {c.resource.interface or '?'}{more}"
    took = f"{r.seconds_to_name:.1f} s" if r.seconds_to_name is not None else ""
    mark = "right" if r.right else "MISS "
    common.say(f"{mark} {r.name} seed {r.seed}: {said}  {took}", err=True)


def _print_score(found: Score) -> None:
    by_name: dict[str, list[Run]] = {}
    for r in found.runs:
        by_name.setdefault(r.name, []).append(r)
    columns = ("incident", "runs", "right", "kind", "device", "port", "F1", "s to name")
    common.table(None, columns, [_score_row(name, runs) for name, runs in by_name.items()])
    total = found.summary()
    click.echo(
        f"{total['right']} of {total['runs']} runs right on the {found.data_plane} data plane;"
        f" incidents: kind {_percent(total['right_kind'])}, device {_percent(total['right_device'])},"
        f" port {_percent(total['right_interface'])}; F1 {total['f1']}"
    )
    click.echo(
        f"false alarms: {total['false_alarms']} in {total['healthy']} healthy runs; median"
        f" {total['median_seconds_to_name']} s to the named port; all of it took {total['took_s']:.0f} s"
    )
    for r in found.runs:
        if not r.right and r.evidence is not None:
            click.echo(f"miss: netdiag replay {r.evidence}")


def _score_row(name: str, runs: Sequence[Run]) -> tuple[object, ...]:
    sick = runs[0].kind != "healthy"
    times = sorted(r.seconds_to_name for r in runs if r.seconds_to_name is not None)

    def count(values: list[bool]) -> str:
        return str(sum(values)) if sick else "-"

    return (
        name,
        len(runs),
        sum(r.right for r in runs),
        count([r.kind_right for r in runs]),
        count([r.device_right for r in runs]),
        count([r.interface_right for r in runs]),
        f"{sum(r.f1 for r in runs) / len(runs):.2f}",
        f"{times[len(times) // 2]:.1f}" if times else "-",
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
