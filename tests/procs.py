"""What a process and its children use, from /proc: peak memory and CPU seconds, sampled while it runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Samples the process tree under `pid` ten times a second until the block ends."""

    def __init__(self, pid: int) -> None:
        self.peak_octets = 0
        self.cpu_s = 0.0
        """Of the tree, children that ended included as far as their parent waited for them."""
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(0.1)
        self.look()

    def look(self) -> None:
        """One sample."""
        octets, cpu = 0, 0.0
        for pid in tree(self._pid):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            octets += int(stat[21]) * _PAGE
            cpu += sum(map(int, stat[11:15] if pid == self._pid else stat[11:13])) / _TICK
        self.peak_octets = max(self.peak_octets, octets)
        self.cpu_s = max(self.cpu_s, cpu)


def tree(pid: int) -> list[int]:
    """The process and all that it started, directly or not."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += tree(int(child))
    return found
