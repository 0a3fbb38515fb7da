"""`netdiag poll` of simulated switches, some dead, slow or babbling: time, memory, exit status, what is kept.

    python -m tests.benchmarks.bench_poll [SWITCHES ...] [--window S]        default: 250 500 1000

5 % are dead, 5 % slow (300 to 800 ms a reply), 1 % babble. Prints, of the installed command: seconds
until the first row and until 90 % of all rows, in all, CPU, the peak memory of the process tree,
the exit status and what could not be read and why. The goal is 300 MB; it asserts nothing about time.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.end_to_end.command import executable
from tests.fleet import Faults, Fleet
from tests.procs import Watch

FAULTS = Faults(dead=0.05, slow=0.05, babbling=0.01)
SIZES = (250, 500, 1000)


def run(count: int, window_s: float = 1.0) -> dict[str, object]:
    """One poll; its figures by name."""
    with tempfile.TemporaryDirectory() as name, Fleet(count, FAULTS) as fleet:
        folder = Path(name)
        inventory = fleet.inventory(folder / "inventory")
        words = ["poll", "--inventory", str(inventory), "--window", str(window_s)]
        environment = {**os.environ, "NETDIAG_DB": str(folder / "netdiag.db")}
        started = time.monotonic()
        with (folder / "err").open("w+") as err:
            process = subprocess.Popen(
                [executable(), *words],
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                env=environment,
            )
            with Watch(process.pid) as watch:
                assert process.stdout is not None
                rows = [
                    time.monotonic() - started
                    for line in process.stdout
                    if re.match(r"sw-\d{5} +(?:yes|NO|in part) ", line)
                ]
                status = process.wait()
            err.seek(0)
            why = Counter(_reason(line) for line in err if line.startswith("could not look"))
            err.seek(0)
            missed = {m[1] for line in err if (m := re.match(r"could not look: (sw-\d{5})", line))}
        with sqlite3.connect(folder / "netdiag.db") as db:
            (stored,) = db.execute("SELECT count(*) FROM snapshot").fetchone()
        return {
            "switches": count,
            "first row after s": round(rows[0], 1),
            "90 % of the rows after s": round(rows[int(0.9 * len(rows)) - 1], 1),
            "all rows after s": round(rows[-1], 1),
            "took s": round(time.monotonic() - started, 1),
            "CPU s": round(watch.cpu_s, 1),
            "peak memory MB": round(watch.peak_octets / 2**20),
            "exit status": status,
            "rows": len(rows),
            "stored": stored,
            "devices not read, or in part": len(missed),
            "expected of them": sum(f not in (None, "slow", "flood") for f in FAULTS.all(count)),
            "why": dict(why.most_common(6)),
        }


def _reason(line: str) -> str:
    """Without the device, the table and the rows."""
    text = line.rstrip().split(": ", 3)[-1]
    return re.sub(r"\d[\d.]*|^\w+: ", "", text)[:70]


def main(sizes: list[int], window_s: float = 1.0) -> None:
    for size in sizes:
        for name, value in run(size, window_s).items():
            print(f"{name:<30} {value}", flush=True)
        print()


if __name__ == "__main__":
    _words = sys.argv[1:]
    _window = float(_words.pop(_words.index("--window") + 1)) if "--window" in _words else 1.0
    main([int(w) for w in _words if w != "--window"] or [*SIZES], _window)
