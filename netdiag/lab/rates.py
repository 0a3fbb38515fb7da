"""Packets and bits per second of ports, as a switch averages them for its show commands. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netdiag.lab.dataplane import PortCounters, PortView


@dataclass(frozen=True, slots=True)
class PortRates:
    """Averages: over about 5 minutes for all frames, over the last sample for broadcasts."""

    in_bps: float = 0.0
    out_bps: float = 0.0
    in_pps: float = 0.0
    out_pps: float = 0.0
    in_broadcast_pps: float = 0.0


class RateMeter:
    """Exponentially decayed rates of one switch's ports, fed with samples of its counters."""

    def __init__(self, window_s: float = 300.0) -> None:
        self._window_s = window_s
        self._last: dict[str, tuple[float, PortCounters]] = {}
        self._rates: dict[str, PortRates] = {}

    def sample(self, ports: Sequence[PortView], at: float) -> None:
        """Takes the counters in at lab second `at`; samples closer than 0.2 s count as one."""
        for port in ports:
            before = self._last.get(port.name)
            if before is None:
                self._last[port.name] = (at, port.counters)
            elif at - before[0] >= 0.2:
                self._rates[port.name] = self._blend(port, before[1], at - before[0])
                self._last[port.name] = (at, port.counters)

    def of(self, name: str) -> PortRates:
        """The averages of a port; zeros before there are two samples."""
        return self._rates.get(name, PortRates())

    def _blend(self, port: PortView, old: PortCounters, span: float) -> PortRates:
        new, was = port.counters, self.of(port.name)
        keep = math.exp(-span / self._window_s)

        def mix(before: float, difference: int) -> float:
            return before * keep + (1 - keep) * difference / span

        return PortRates(
            in_bps=mix(was.in_bps, 8 * (new.in_octets - old.in_octets)),
            out_bps=mix(was.out_bps, 8 * (new.out_octets - old.out_octets)),
            in_pps=mix(was.in_pps, _frames_in(new) - _frames_in(old)),
            out_pps=mix(was.out_pps, _frames_out(new) - _frames_out(old)),
            in_broadcast_pps=(new.in_broadcast - old.in_broadcast) / span,
        )


def _frames_in(counters: PortCounters) -> int:
    return counters.in_unicast + counters.in_broadcast + counters.in_multicast


def _frames_out(counters: PortCounters) -> int:
    return counters.out_unicast + counters.out_broadcast + counters.out_multicast
