"""PURE. The scoreboard as a table in Markdown, from the rows of one or several bench reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean, median
from typing import Any

from netdiag.errors import UsageError

Row = Mapping[str, Any]


def markers(data_plane: str) -> tuple[str, str]:
    """Where a file wants the table of that data plane."""
    return f"<!-- bench {data_plane} -->", f"<!-- /bench {data_plane} -->"


def write_into(text: str, table: str, data_plane: str) -> str:
    """The text with the table between its markers; `UsageError` where they are missing."""
    begin, end = markers(data_plane)
    if begin not in text or end not in text:
        raise UsageError(f"the file has no place for the table: put {begin} and {end} into it")
    head, rest = text.split(begin, 1)
    return f"{head}{begin}\n{table.strip()}\n{end}{rest.split(end, 1)[1]}"


def latest(reports: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows of all reports; of one file with one seed the last one counts."""
    found: dict[tuple[str, int], Row] = {}
    for report in reports:
        for row in report["scenarios"]:
            found[row["variant"], row["seed"]] = row
    return [found[key] for key in sorted(found, key=lambda k: (found[k]["kind"], *k))]


def markdown(rows: Sequence[Row], data_plane: str, command: str) -> str:
    """A row a kind, the sums, and every miss with what was named instead."""
    kinds: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        kinds[row["kind"]].append(row)
    lines = [
        "| kind | files | runs | right | port | F1 | s to name | s to restore |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(kind, found) for kind, found in sorted(kinds.items())),
        "",
        _sums(rows, data_plane, command),
    ]
    missed = [row for row in rows if not row["right"]]
    if missed:
        lines += ["", "What fell short:", "", *_misses(missed)]
    return "\n".join(lines)


def _line(kind: str, rows: Sequence[Row]) -> str:
    times = [r["seconds_to_name"] for r in rows if r["seconds_to_name"] is not None]
    port = f"{sum(r['right_interface'] for r in rows)}" if kind != "healthy" else "-"
    return (
        f"| {kind} | {len({r['variant'] for r in rows})} | {len(rows)}"
        f" | {sum(r['right'] for r in rows)} | {port} | {mean(r['f1'] for r in rows):.2f}"
        f" | {_median(times)} | {_restored(rows)} |"
    )


def _median(values: Sequence[float]) -> str:
    return f"{median(values):.1f}" if values else "-"


def _restored(rows: Sequence[Row]) -> str:
    done = [r for r in rows if r.get("seconds_to_restore") is not None]
    if not done:
        return "-"
    hands = sum(r.get("restored_by") == "by hand" for r in done)
    by = f" ({hands} of {len(done)} by hand)" if hands else ""
    return _median([r["seconds_to_restore"] for r in done]) + by


def _sums(rows: Sequence[Row], data_plane: str, command: str) -> str:
    sick = [r for r in rows if r["kind"] != "healthy"]
    well = [r for r in rows if r["kind"] == "healthy"]
    right, alarms = sum(r["right"] for r in sick), sum(not r["right"] for r in well)
    times = [r["seconds_to_name"] for r in sick if r["right"] and r["seconds_to_name"]]
    share = f"{right / len(sick):.1%}" if sick else "-"
    again = sum(r.get("repeated", 0) > 0 for r in rows)
    slow = (
        f" {again} runs were repeated because the simulator could not keep up with the clock."
        if again
        else ""
    )
    return (
        f"{len({r['kind'] for r in sick})} kinds in {len({r['variant'] for r in sick})} files,"
        f" {len(sick)} incidents on the {data_plane} data plane: {share} right at rank 1, port"
        f" included; {alarms} false alarms in {len(well)} healthy runs; median"
        f" {_median(times)} s from the first report to the named port.{slow} Command: `{command}`."
    )


def _misses(rows: Sequence[Row]) -> Iterable[str]:
    told: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        told[row["variant"], _instead(row)].append(row["seed"])
    for (name, instead), seeds in sorted(told.items()):
        which = ", ".join(map(str, sorted(seeds)))
        yield f"- `{name}` (seed {which}): {instead}"


def _instead(row: Row) -> str:
    if row.get("error"):
        return str(row["error"]).split(" (see ")[0][:160]
    if not row["diagnosed"]:
        return "nothing was named"
    first = row["diagnosed"][0]
    place = " ".join(x for x in (first["device"], first["interface"]) if x) or "no place"
    what = f"named {first['kind']} at {place}"
    if row["kind"] == "healthy" or not row["right_kind"]:
        return what
    return f"{what}: the kind is right, the place is not"
