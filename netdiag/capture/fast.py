"""Whole buffers through the counting path, what it picks through the decoding path.

Rules: used where numba is installed (`netdiag[fast]`) and the source is worth it; without it, and for
link types other than Ethernet, `analysis` does the same frame by frame, with the same answers.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record, Section
from netdiag.capture.evidence import Batch, Evidence
from netdiag.capture.link import ETHERNET, control, frame
from netdiag.capture.meter import COPIES, NOTABLE, TOO_MANY, TOP

WORTH_OCTETS = 48 * 1024 * 1024
"""Shorter files are read frame by frame before numba is even loaded (1 s; compiling, once, 15 s)."""
LONG_S = 20.0
"""A capture of that time is worth compiling for, for the next one."""
_CHUNK = 1 << 20
_FRAMES = 1 << 14
_NO_LIMIT = 1 << 62
_CASTS = ("unknown-unicast", "broadcast", "multicast")  # by link.UNICAST, BROADCAST, MULTICAST


def is_available() -> bool:
    """Whether the compiled path can be used at all."""
    return all(importlib.util.find_spec(name) is not None for name in ("numba", "numpy"))


def is_worth(path: str) -> bool:
    """Whether loading the compiled path pays for a file (or a pipe) of that length."""
    try:
        long = path == "-" or Path(path).stat().st_size >= WORTH_OCTETS
    except OSError:
        return False
    return long and is_available()


def is_compiled() -> bool:
    """Whether the compiled path can be had at once: nobody waits for a compiler in an outage."""
    if not is_available():
        return False
    from netdiag.capture import scan

    folder = Path(scan.count.stats.cache_path or "/nonexistent")
    try:
        source = Path(scan.__file__).stat().st_mtime
        return any(f.stat().st_mtime >= source for f in folder.glob("scan.count-*.nbi"))
    except OSError:
        return False


def compile_beside() -> None:
    """Compiles in a process of its own, at the lowest priority, for the next capture."""
    from netdiag.capture import scan

    if not is_available() or not scan.count.stats.cache_path:
        return
    subprocess.Popen(
        ["nice", "-n", "19", sys.executable, "-P", "-m", "netdiag.capture", "compile"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def rehearse() -> None:
    """Compiles, or loads what was compiled, while its folder may still be read and written."""
    import numpy as np

    counter = Counter(Analysis(lambda _line: None))
    octets, scan = np.zeros(256, np.uint8), counter.scan
    one = np.zeros(1)
    scan.index_pcap(octets, 0, 10, order_is_little(">"), 1e-6, 16, counter.index)
    scan.index_pcapng(octets, 0, 10, order_is_little(">"), one, one, octets[:1], counter.index)
    scan.index_ring(octets, 0, 1, counter.index)
    counter.index.at[0] = 0.0
    counter.count(octets, 1)


def order_is_little(order: str) -> bool:
    """`<` as `struct` writes it."""
    return order == "<"


class Counter:
    """The compiled tables of one capture, and the analysis that decodes what they pick."""

    def __init__(
        self,
        analysis: Analysis,
        *,
        decodes_per_s: int | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        import numpy as np

        from netdiag.capture import scan

        self._analysis, self.scan = analysis, scan
        self._limit = _NO_LIMIT if decodes_per_s is None else decodes_per_s
        self.index = scan.new_index(_FRAMES)
        self._state = scan.new_state()
        self._ring: Any = None
        self._evidence = evidence
        self._picked, self._slots = np.zeros(_FRAMES, np.int64), np.zeros(_FRAMES, np.int64)

    def count(self, octets: Any, n: int) -> None:
        """Counts the first `n` frames of the index; `octets` is the buffer in which they lie."""
        scan, state, first = self.scan, self._state, 0
        while first < n:
            first, found, why = scan.count(
                octets, self.index, first, n, self._limit, state, self._picked, self._slots
            )
            self._decode(octets, found)
            if why == scan.SECOND_ENDED:
                self._flush()
            elif why == scan.KNOWN_FULL:
                self._again()
                state.known[:] = 0
                state.totals[scan.KNOWNS] = 0

    def count_block(self, memory: Any, start: int, frames: int) -> None:
        """One block of the kernel's ring."""
        if self._ring is None:
            import numpy as np

            self._ring = np.frombuffer(memory, np.uint8)
        n = self.scan.index_ring(self._ring, start, frames, self.index)
        if self._evidence is not None and n:
            self._keep(self._ring, n)
        self.count(self._ring, n)

    def _keep(self, octets: Any, n: int) -> None:
        """A copy of the block's frames as they lie, to be taken apart if they are ever written."""
        index = self.index
        low = int(index.offset[0])
        high = int(index.offset[n - 1] + index.kept[n - 1])
        columns = (index.offset - low, index.kept, index.length, index.at, index.vlan)
        assert self._evidence is not None
        self._evidence.batch(
            Batch(octets[low:high].tobytes(), *(column[:n].tolist() for column in columns))
        )

    def _decode(self, octets: Any, found: int) -> None:
        index, serials = self.index, self._state.known_serial
        for place in range(found):
            i, slot = int(self._picked[place]), int(self._slots[place])
            start, at = int(index.offset[i]), float(index.at[i])
            record = Record(
                at if 0 <= at <= self.scan.LATEST else None,
                ETHERNET,
                int(index.length[i]),
                bytes(octets[start : start + int(index.kept[i])]),
                int(index.vlan[i]) or None,
            )
            serials[slot] = self._serial(record, int(self._state.known_copies[slot]))

    def _serial(self, record: Record, copies: int) -> int:
        """Its number; -1 malformed, as its copies are; -2 cut short, or nothing after all."""
        analysis, found = self._analysis, frame(record)
        what = control(found) if found is not None else None
        if found is None or what is None:
            return -2
        before = analysis.malformed
        if analysis.decode(record, found, what) is not None:
            return analysis.serial
        wrong = analysis.malformed > before
        analysis.malformed += copies * wrong
        return -1 if wrong else -2

    def _again(self) -> None:
        state, scan = self._state, self.scan
        touched = state.touched[: state.totals[scan.TOUCHED]]
        for slot in touched.tolist():
            serial, at = int(state.known_serial[slot]), float(state.known_last[slot])
            if serial > 0:
                self._analysis.copies(
                    serial, int(state.known_copies[slot]), at if 0 <= at <= scan.LATEST else None
                )
        state.known_copies[touched] = 0
        state.totals[scan.TOUCHED] = 0

    def _flush(self) -> None:
        """The second that just ended, as `meter` reports it; its tables are emptied."""
        import numpy as np

        scan, state = self.scan, self._state
        self._again()
        if state.totals[scan.SECOND] < 0:
            return
        vlans = np.flatnonzero(state.seen_vlans)
        rates = [[None if v == scan.UNTAGGED else int(v), *state.rates[v].tolist()] for v in vlans]
        floods = {
            _CASTS[way]: self._report(way)
            for way in range(3)
            if state.flood[way, scan.FRAMES] >= NOTABLE
        }
        second = int(state.totals[scan.SECOND])
        line = {"type": "second", "t": second, "rates": rates, "floods": floods}
        self._analysis.emit(self._analysis.correct(line))
        state.rates[vlans] = 0
        state.seen_vlans[vlans] = 0
        self._empty()

    def _empty(self) -> None:
        scan, state = self.scan, self._state
        for way in range(3):
            if state.flood[way, scan.FRAMES]:
                state.macs[way, state.mac_used[way, : state.used[0, way]]] = 0
                state.targets[way, state.target_used[way, : state.used[1, way]]] = 0
                state.flood_vlans[way] = 0
        state.flood[:] = 0
        state.used[:] = 0
        state.handed[:] = 0
        state.totals[scan.SECOND] = -1
        older = 1 - int(state.totals[scan.MARKS_NOW])
        state.marks[older, state.mark_used[older, : state.marks_used[older]]] = 0
        state.marks_used[older] = 0
        state.totals[scan.MARKS_NOW] = older

    def _report(self, way: int) -> dict[str, Any]:
        import numpy as np

        scan, state = self.scan, self._state
        slots = state.mac_used[way, : state.used[0, way]]
        macs, counts = state.macs[way, slots] - 1, state.mac_counts[way, slots]
        top = np.lexsort((macs, -counts[:, 0]))[:TOP]
        flood = state.flood[way]
        vlans = np.flatnonzero(state.flood_vlans[way]).tolist()
        return {
            "frames": int(flood[scan.FRAMES]),
            "octets": int(flood[scan.OCTETS]),
            "repeats": int(flood[scan.REPEATS]),
            "arp": int(flood[scan.ARP]),
            "arp_targets": int(state.used[1, way]),
            "dhcp": int(flood[scan.DHCP]),
            "vlans": [v for v in vlans if v != scan.UNTAGGED],
            "sources": [
                [int(macs[i]).to_bytes(6, "big").hex(":"), *counts[i].tolist()] for i in top
            ],
            "repeating": int(((counts[:, 1] * 2 > counts[:, 0]) & (counts[:, 1] >= COPIES)).sum()),
            "talking": len(slots),
        }

    def flush_before(self, second: int) -> None:
        """Hands over a second that is over although no later frame has come."""
        if 0 <= self._state.totals[self.scan.SECOND] < second:
            self._flush()

    def sums(self) -> tuple[int, int]:
        """Packets and octets so far."""
        totals = self._state.totals
        return int(totals[self.scan.PACKETS]), int(totals[self.scan.TOTAL_OCTETS])

    def bounds(self) -> list[str]:
        """What did not fit into the tables, in words."""
        full = self._state.totals[self.scan.SENDERS] >= self.scan.REMEMBERED
        return [TOO_MANY] if full else []

    def finish(self) -> None:
        """The last second; then the analysis' own sums hold ours too."""
        self._flush()
        scan, state, analysis = self.scan, self._state, self._analysis
        analysis.packets += int(state.totals[scan.PACKETS])
        analysis.octets += int(state.totals[scan.TOTAL_OCTETS])
        analysis.malformed += int(state.totals[scan.MALFORMED])
        analysis.skipped += int(state.totals[scan.SKIPPED])
        for kind, number in zip(scan.KINDS[1:], state.kinds[1:].tolist(), strict=True):
            if number:
                analysis.kinds[kind] += number
        for at in state.times.tolist():
            if at == at:  # noqa: PLR0124 - not NaN
                analysis.heard(at)


# --- files ---------------------------------------------------------------------------------------


class Skimmer:
    """A window over the file in which whole records of Ethernet frames are indexed and counted."""

    def __init__(self, counter: Counter) -> None:
        import numpy as np

        self._counter = counter
        self._buffer = np.zeros(_CHUNK, np.uint8)
        self._start = self._end = 0
        self._stream: IO[bytes] | None = None

    def stream(self, stream: IO[bytes]) -> IO[bytes]:
        self._stream = stream
        return cast("IO[bytes]", self)

    def close(self) -> None:
        assert self._stream is not None
        self._stream.close()

    def read(self, size: int) -> bytes:
        """As a file's: fewer octets only at its end."""
        while self._end - self._start < size and self._fill():
            pass
        start = self._start
        self._start = min(self._end, start + size)
        return self._buffer[start : self._start].tobytes()

    def _fill(self) -> bool:
        """More of the file behind what is left; False at its end."""
        import numpy as np

        left, size = self._end - self._start, len(self._buffer)
        if left > size // 2:
            size *= 2
        if self._start:
            target = self._buffer if size == len(self._buffer) else np.zeros(size, np.uint8)
            target[:left] = self._buffer[self._start : self._end].copy()
            self._buffer, self._start, self._end = target, 0, left
        elif size != len(self._buffer):
            self._buffer = np.concatenate((self._buffer[:left], np.zeros(size - left, np.uint8)))
        assert self._stream is not None
        view = memoryview(self._buffer)[left:]  # type: ignore[arg-type]
        got = cast("io.BufferedIOBase", self._stream).readinto(view)
        self._end += got
        return bool(got)

    def pcap(self, order: str, unit: float, head: int, link_type: int) -> None:
        """Every whole record up to the end of the file."""
        while link_type == ETHERNET:
            n, self._start, bad = self._counter.scan.index_pcap(
                self._buffer,
                self._start,
                self._end,
                order_is_little(order),
                unit,
                head,
                self._counter.index,
            )
            self._counter.count(self._buffer, n)
            if bad or (n == 0 and not self._fill()):
                return

    def pcapng(self, section: Section) -> None:
        """Packet blocks up to one that is something else."""
        import numpy as np

        known = section.interfaces
        if not any(i.link_type == ETHERNET for i in known):
            return
        units = np.array([i.unit for i in known], np.float64)
        offsets = np.array([i.offset_s for i in known], np.float64)
        ethernet = np.array([i.link_type == ETHERNET for i in known], np.uint8)
        while True:
            n, self._start, partial = self._counter.scan.index_pcapng(
                self._buffer, self._start, self._end, order_is_little(section.order), units, offsets,
                ethernet, self._counter.index,
            )  # fmt: skip
            self._counter.count(self._buffer, n)
            if n == 0 and not (partial and self._fill()):
                return
