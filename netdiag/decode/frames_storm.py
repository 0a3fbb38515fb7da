"""Seconds of counting -> storms, and what kind of thing makes them.

Rules: the unit is one second, so that 10,000 frames with one time stamp are 10,000 a second and
nothing divides by zero. A scan is fast and no storm until it is as fast as one. What a loop does
and nothing else: it repeats what *several* stations send, or the sensor's own question.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from netdiag.decode.frames_line import Line, moment
from netdiag.errors import DecodeError
from netdiag.model import Storm

STORM_PPS = 500
"""Broadcasts (or copies) a second that no office network has; storm-control's own usual bound."""
_COPIES_PPS = 100
"""Enough when nearly all of them are copies of what several stations sent."""
_MULTICAST_PPS = 20_000
"""Multicasts that are no copies: video runs at thousands a second and is no storm."""
_MOSTLY = 0.8
_GAP_S = 2
"""Quiet seconds that do not end a storm."""
_ARP_TARGETS = 64
_SCANNED = 20
"""Different addresses asked for in a second: more than any station talks to anew."""
_TOP = 5
_SOURCES = 4096
"""Stations remembered of one storm."""
_REMEMBERED = 8192
"""Seconds of one cast kept at most: a day's capture, or a day's storm, must not fill the memory."""


@dataclass(slots=True)
class _Second:
    """One cast in one second (of several lines, where a file jumps in time)."""

    frames: int = 0
    octets: int = 0
    repeats: int = 0
    arp: int = 0
    arp_targets: int = 0
    dhcp: int = 0
    repeating: int = 0
    talking: int = 0
    vlans: set[int] = field(default_factory=set)
    sources: dict[str, list[int]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        self.frames += line.number("frames")
        self.octets += line.number("octets")
        self.repeats += line.number("repeats")
        self.arp += line.number("arp")
        self.arp_targets += line.number("arp_targets")
        self.dhcp += line.number("dhcp")
        self.repeating = max(self.repeating, line.number("repeating"))
        self.talking = max(self.talking, line.number("talking"))
        for mac, frames, repeats in line.rows("sources", 3):
            if not (isinstance(mac, str) and isinstance(frames, int) and isinstance(repeats, int)):
                raise DecodeError("sources that are not (MAC, frames, repeats)")
            into = self.sources.setdefault(mac, [0, 0])
            into[0] += frames
            into[1] += repeats
        self.vlans.update(line.stack())

    def copy(self) -> _Second:
        return replace(
            self, vlans=set(self.vlans), sources={mac: [*n] for mac, n in self.sources.items()}
        )

    def join(self, other: _Second) -> None:
        """Another second of the same storm."""
        for name in ("frames", "octets", "repeats", "arp", "dhcp"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("arp_targets", "repeating", "talking"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        self.vlans |= other.vlans
        for mac, counts in other.sources.items():
            into = self.sources.setdefault(mac, [0, 0])
            into[0] += counts[0]
            into[1] += counts[1]
        if len(self.sources) > _SOURCES:
            most = sorted(self.sources.items(), key=lambda item: -item[1][0])
            self.sources = dict(most[: _SOURCES // 2])


class Storms:
    """Every second of a capture that is worth a word."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[int, _Second]] = {}
        self._scans: dict[str, int] = {}
        self._folded: dict[str, list[_Run]] = {}

    def second(self, at: int, line: Line) -> None:
        for cast, flood in line.inner("floods").items():
            seconds = self._seconds.setdefault(cast, {})
            seconds.setdefault(at, _Second()).add(flood)
            if len(seconds) > _REMEMBERED:
                self._forget(cast, seconds)

    def _forget(self, cast: str, seconds: dict[int, _Second]) -> None:
        """The older half is folded: storms into their sums, calm seconds into what they scanned."""
        old = sorted(seconds)[: _REMEMBERED // 2]
        self._note_scans(cast, [seconds[t] for t in old])
        self._folded[cast] = _joined([*self._folded.get(cast, []), *_storms_of(cast, seconds, old)])
        for t in old:
            del seconds[t]

    def storms(self, own: frozenset[str]) -> tuple[Storm, ...]:
        """In order of time; `own` are the sensor's addresses, whose copies only a loop returns."""
        found: list[Storm] = []
        for cast, seconds in sorted(self._seconds.items()):
            here = _storms_of(cast, seconds, list(seconds))
            found += [run.storm(cast, own) for run in _joined([*self._folded.get(cast, []), *here])]
        return tuple(sorted(found, key=lambda s: (s.start, s.kind)))

    def sources(self, cast: str, seconds: range) -> tuple[tuple[str, float], ...]:
        """(MAC, share) of one kind in those seconds, the loudest first."""
        known = self._seconds.get(cast, {})
        sums = _Second()
        for at in seconds if len(seconds) < len(known) else sorted(known):
            if at in seconds and at in known:
                sums.join(known[at])
        top = sorted(sums.sources.items(), key=lambda item: (-item[1][0], item[0]))[:_TOP]
        return tuple((mac, round(n / max(1, sums.frames), 4)) for mac, (n, _) in top)

    def scans(self, own: frozenset[str]) -> tuple[tuple[str, float], ...]:
        """(MAC, requests a second) of stations that ask for many addresses, a storm's pace excluded."""
        self._note_scans("broadcast", list(self._seconds.get("broadcast", {}).values()))
        return tuple((mac, float(n)) for mac, n in sorted(self._scans.items()) if mac not in own)

    def _note_scans(self, cast: str, seconds: list[_Second]) -> None:
        for second in seconds if cast == "broadcast" else ():
            if second.frames >= STORM_PPS or second.arp_targets < _SCANNED:
                continue
            mac, (frames, repeats) = max(
                second.sources.items(), key=lambda item: (item[1][0], item[0]), default=("", (0, 0))
            )
            asked = second.arp >= _MOSTLY * second.frames and repeats < frames / 2
            if asked and frames >= _MOSTLY * second.frames and len(self._scans) < _REMEMBERED:
                self._scans[mac] = max(frames, self._scans.get(mac, 0))


def _is_storm(cast: str, second: _Second) -> bool:
    copies = second.repeats >= _MOSTLY * second.frames
    if copies and second.repeating >= 2 and second.frames >= _COPIES_PPS:
        return True
    if cast == "broadcast":
        return second.frames >= STORM_PPS
    if cast == "multicast" and second.frames >= _MULTICAST_PPS:
        return True
    return second.repeats >= STORM_PPS and copies


@dataclass(slots=True)
class _Run:
    """Stormy seconds that belong together."""

    start: int
    end: int
    """The last of its seconds."""
    peak: int
    seconds: int
    sums: _Second

    def join(self, other: _Run) -> None:
        self.end = max(self.end, other.end)
        self.peak = max(self.peak, other.peak)
        self.seconds += other.seconds
        self.sums.join(other.sums)

    def storm(self, cast: str, own: frozenset[str]) -> Storm:
        sums = self.sums
        top = sorted(sums.sources.items(), key=lambda item: (-item[1][0], item[0]))
        return Storm(
            kind=cast,
            start=moment(self.start),
            end=moment(self.end + 1),
            peak_pps=float(self.peak),
            octets_per_s=sums.octets / self.seconds,
            vlans=tuple(sorted(sums.vlans)),
            top_sources=tuple((mac, round(n / sums.frames, 4)) for mac, (n, _) in top[:_TOP]),
            repeat_ratio=round(sums.repeats / sums.frames, 4),
            cause=_cause(sums, own),
        )


def _storms_of(cast: str, seconds: dict[int, _Second], times: list[int]) -> list[_Run]:
    """One run for each stormy second."""
    stormy = ((t, seconds[t]) for t in times if _is_storm(cast, seconds[t]))
    return [_Run(t, t, s.frames, 1, s.copy()) for t, s in stormy]


def _joined(runs: list[_Run]) -> list[_Run]:
    """Runs split where it was quiet for longer than `_GAP_S`."""
    joined: list[_Run] = []
    for run in sorted(runs, key=lambda r: r.start):
        if joined and run.start - joined[-1].end <= _GAP_S:
            joined[-1].join(run)
        else:
            joined.append(run)
    return joined


def _cause(sums: _Second, own: frozenset[str]) -> str:
    """loop, dhcp-flood, arp-scan, single-source or unknown."""
    frames, sources = sums.frames, sums.sources
    echoed = any(counts[1] >= 3 for mac, counts in sources.items() if mac in own)
    if echoed or (sums.repeats >= frames / 2 and sums.repeating >= 2):
        return "loop"
    share = max(counts[0] for counts in sources.values()) / frames if sources else 0.0
    if sums.dhcp >= _MOSTLY * frames:
        return "dhcp-flood"
    if sums.arp >= _MOSTLY * frames and sums.arp_targets >= _ARP_TARGETS:
        return "arp-scan" if share >= 0.5 else "unknown"
    return "single-source" if share >= _MOSTLY else "unknown"
