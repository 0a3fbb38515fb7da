"""The store's counters: rows a second in, and the latest rates of 10,000 ports, against bare sqlite.

    python -m tests.benchmarks.bench_store [ROWS]        default: 1000000

netdiag: `Store.add_snapshots` of whole snapshots (their JSON bodies too), and the counter rows alone
through the same table. Peers in the same run: sqlite keyed by device first, sqlite keyed by time
first without SQLAlchemy, and DuckDB from a frame where it is installed. Goals: >= 300,000 rows/s
in, latest rates of 10,000 ports <= 50 ms. Prints; asserts nothing about time.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from netdiag.model import Counters, Interface, Snapshot
from netdiag.store import Store

AT = datetime(2026, 3, 1, tzinfo=UTC)
PORTS = 50
Row = tuple[int, str, str, int, int]
_RATES = """
SELECT new.device, new.interface, (new.{octets} - old.{octets}) * 1e6 / (new.at - old.at)
FROM {table} AS new JOIN {table} AS old
ON old.device = new.device AND old.interface = new.interface AND old.at = ?
WHERE new.at = ?
"""


def rows(count: int, ports: int) -> list[Row]:
    """(at, device, interface, octets, packets), readings of all ports a minute apart."""
    switches = max(1, ports // PORTS)
    return [
        (60_000_000 * turn, f"sw-{s:04d}", f"Gi1/0/{p}", 10**9 * turn + p, 10**6 * turn)
        for turn in range(max(2, count // (switches * PORTS)))
        for s in range(switches)
        for p in range(PORTS)
    ]


def snapshots(switches: int, turn: int) -> list[Snapshot]:
    at = AT + timedelta(minutes=turn)
    counters = Counters(at, *([10**9 * (turn + 1)] * 13))
    ports = tuple(Interface(f"Gi1/0/{p}", p, counters=counters) for p in range(PORTS))
    return [
        Snapshot(f"sw-{s:04d}", "10.0.0.1", at, True, interfaces=ports, sources=("snmp",))
        for s in range(switches)
    ]


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def plain_sqlite(folder: Path, found: Sequence[Row], key: str) -> tuple[float, float, int]:
    """(seconds in, seconds for the latest rates, rates) with that primary key."""
    db = sqlite3.connect(folder / f"{key[:2]}.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE c (at INTEGER, device TEXT, interface TEXT, octets INTEGER, packets INTEGER,"
        f" PRIMARY KEY ({key})) WITHOUT ROWID"
    )

    def write() -> None:
        with db:
            db.executemany("INSERT INTO c VALUES (?, ?, ?, ?, ?)", found)

    took = timed(write)
    times = sorted({row[0] for row in found})[-2:]
    rates: list[object] = []
    read = timed(lambda: rates.extend(db.execute(_RATES.format(table="c", octets="octets"), times)))
    db.close()
    return took, read, len(rates)


def duckdb(found: Sequence[Row]) -> float | None:
    try:
        library = importlib.import_module("duckdb")
    except ImportError:
        return None
    import pandas as pd

    frame = pd.DataFrame(found, columns=["at", "device", "interface", "octets", "packets"])
    db = library.connect()
    return timed(lambda: db.execute("CREATE TABLE c AS SELECT * FROM frame")) if len(frame) else 0


def netdiag(folder: Path, count: int, ports: int) -> tuple[float, float, int, int]:
    """(seconds in, seconds for the latest rates, rates, counter rows), through the store itself."""
    switches = max(1, ports // PORTS)
    turns = max(2, count // (switches * PORTS))
    path = folder / "netdiag.db"
    spent = 0.0
    with Store(path) as store:
        for turn in range(turns):
            spent += timed(partial(store.add_snapshots, snapshots(switches, turn)))
    db = sqlite3.connect(path)
    times = sorted(at for (at,) in db.execute("SELECT DISTINCT at FROM counter"))[-2:]
    found: list[object] = []
    query = _RATES.format(table="counter", octets="in_octets")
    read = timed(lambda: found.extend(db.execute(query, times)))
    db.close()
    return spent, read, len(found), turns * switches * PORTS


def main(count: int, ports: int = 10_000) -> None:
    found = rows(count, ports)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for key in ("at, device, interface", "device, interface, at"):
            took, read, rates = plain_sqlite(folder, found, key)
            print(
                f"sqlite keyed by {key:<22} {len(found)} rows {len(found) / took:12,.0f} rows/s"
                f"   latest rates of {rates} ports {1000 * read:8.1f} ms"
            )
        took_duck = duckdb(found)
        said = "absent" if took_duck is None else f"{len(found) / took_duck:12,.0f} rows/s"
        print(f"duckdb from a frame: {said}")
        took, read, rates, stored = netdiag(folder, count, ports)
        print(
            f"netdiag, whole snapshots               {stored} rows {stored / took:12,.0f} rows/s (goal:"
            f" 300,000)   latest rates of {rates} ports {1000 * read:8.1f} ms (goal: 50)"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
