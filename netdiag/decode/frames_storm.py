"""Seconds of counting -> storms, and what kind of thing makes them.

Rules: the unit is one second, so that 10,000 frames with one time stamp are 10,000 a second and
nothing divides by zero. A scan is fast and no storm until it is as fast as one. What a loop does
and nothing else: it repeats what *several* stations send, or the sensor's own question.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


class Storms:
    """Every second of a capture that is worth a word."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[int, _Second]] = {}

    def second(self, at: int, line: Line) -> None:
        for cast, flood in line.inner("floods").items():
            second = self._seconds.setdefault(cast, {}).setdefault(at, _Second())
            second.add(flood)

    def storms(self, own: frozenset[str]) -> tuple[Storm, ...]:
        """In order of time; `own` are the sensor's addresses, whose copies only a loop returns."""
        found: list[Storm] = []
        for cast, seconds in sorted(self._seconds.items()):
            stormy = sorted(t for t, s in seconds.items() if _is_storm(cast, s))
            found += [_storm(cast, run, [seconds[t] for t in run], own) for run in _runs(stormy)]
        return tuple(sorted(found, key=lambda s: (s.start, s.kind)))

    def scans(self, own: frozenset[str]) -> tuple[tuple[str, float], ...]:
        """(MAC, requests a second) of stations that ask for many addresses, a storm's pace excluded."""
        found: dict[str, int] = {}
        for second in self._seconds.get("broadcast", {}).values():
            if second.frames >= STORM_PPS or second.arp_targets < _SCANNED:
                continue
            mac, (frames, repeats) = max(
                second.sources.items(), key=lambda item: (item[1][0], item[0]), default=("", (0, 0))
            )
            asked = second.arp >= _MOSTLY * second.frames and repeats < frames / 2
            if asked and frames >= _MOSTLY * second.frames and mac not in own:
                found[mac] = max(frames, found.get(mac, 0))
        return tuple((mac, float(pps)) for mac, pps in sorted(found.items()))


def _is_storm(cast: str, second: _Second) -> bool:
    copies = second.repeats >= _MOSTLY * second.frames
    if copies and second.repeating >= 2 and second.frames >= _COPIES_PPS:
        return True
    if cast == "broadcast":
        return second.frames >= STORM_PPS
    if cast == "multicast" and second.frames >= _MULTICAST_PPS:
        return True
    return second.repeats >= STORM_PPS and copies


def _runs(times: list[int]) -> list[list[int]]:
    """Stormy seconds, split where it was quiet for longer than `_GAP_S`."""
    runs: list[list[int]] = []
    for at in times:
        if runs and at - runs[-1][-1] <= _GAP_S:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _storm(cast: str, times: list[int], seconds: list[_Second], own: frozenset[str]) -> Storm:
    frames = sum(s.frames for s in seconds)
    sources: dict[str, list[int]] = {}
    for second in seconds:
        for mac, counts in second.sources.items():
            into = sources.setdefault(mac, [0, 0])
            into[0] += counts[0]
            into[1] += counts[1]
    top = sorted(sources.items(), key=lambda item: (-item[1][0], item[0]))
    return Storm(
        kind=cast,
        start=moment(times[0]),
        end=moment(times[-1] + 1),
        peak_pps=float(max(s.frames for s in seconds)),
        octets_per_s=sum(s.octets for s in seconds) / len(seconds),
        vlans=tuple(sorted({v for s in seconds for v in s.vlans})),
        top_sources=tuple((mac, round(n / frames, 4)) for mac, (n, _) in top[:_TOP]),
        repeat_ratio=round(sum(s.repeats for s in seconds) / frames, 4),
        cause=_cause(seconds, frames, sources, own),
    )


def _cause(
    seconds: list[_Second], frames: int, sources: dict[str, list[int]], own: frozenset[str]
) -> str:
    """loop, dhcp-flood, arp-scan, single-source or unknown."""
    repeats = sum(s.repeats for s in seconds)
    echoed = any(counts[1] >= 3 for mac, counts in sources.items() if mac in own)
    several = max(s.repeating for s in seconds) >= 2
    if echoed or (repeats >= frames / 2 and several):
        return "loop"
    share = max(counts[0] for counts in sources.values()) / frames if sources else 0.0
    if sum(s.dhcp for s in seconds) >= _MOSTLY * frames:
        return "dhcp-flood"
    arp = sum(s.arp for s in seconds)
    if arp >= _MOSTLY * frames and max(s.arp_targets for s in seconds) >= _ARP_TARGETS:
        return "arp-scan" if share >= 0.5 else "unknown"
    return "single-source" if share >= _MOSTLY else "unknown"
