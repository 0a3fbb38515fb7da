"""What is usual for each port, from the counters that every poll left behind (pandas lives here).

A pair of readings gives a rate only when the device neither restarted nor reset the counter between
them. Rates that a poll measured itself count too. The usual is the median: a past storm does not
move it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from netdiag.model import Baseline, Series, Snapshot
from netdiag.store.times import from_stored, to_stored

_MICROSECONDS = 1e6
_MAX_GAP_S = 2 * 86400.0
"""Readings further apart say little of a rate."""


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The counters of one snapshot as rows of the table."""
    if not snapshot.reachable:
        return []
    return [
        {
            "at": to_stored(port.counters.at),
            "device": snapshot.device,
            "interface": port.name,
            "up_time_s": snapshot.sys_up_time_s,
            "discontinuity_s": port.counters.discontinuity_s,
            "bits": port.counters.bits,
            "in_octets": _signed(port.counters.in_octets),
            "out_octets": _signed(port.counters.out_octets),
            "in_broadcast_pkts": _signed(port.counters.in_broadcast_pkts),
            "in_multicast_pkts": _signed(port.counters.in_multicast_pkts),
            "in_broadcast_pps": rate.in_broadcast_pps if rate else None,
        }
        for port in snapshot.interfaces
        if port.counters is not None
        for rate in [snapshot.rate(port.name)]
    ]


def baselines(counters: Iterable[Mapping[str, Any]]) -> tuple[Baseline, ...]:
    """Counter rows in any order to one baseline a port, in the order of device and port names."""
    import pandas as pd

    frame = pd.DataFrame(list(counters))
    if frame.empty:
        return ()
    port = ["device", "interface"]
    between = _between(frame.sort_values([*port, "at"]))
    samples = pd.concat([_measured(frame), between.drop(columns="at")])
    if samples.empty:
        return ()
    usual = samples.groupby(port)["pps"].agg(["median", "count"])
    return tuple(
        Baseline(str(device), str(interface), float(median), int(count))
        for (device, interface), median, count in zip(
            usual.index, usual["median"], usual["count"], strict=True
        )
    )


def series(counters: Iterable[Mapping[str, Any]], since: datetime) -> tuple[Series, ...]:
    """Broadcasts into each port from `since` on, with the median of the time before as its usual."""
    import pandas as pd

    frame = pd.DataFrame(list(counters))
    if frame.empty:
        return ()
    port = ["device", "interface"]
    frame = frame.sort_values([*port, "at"])
    measured = frame.dropna(subset=["in_broadcast_pps"]).rename(columns={"in_broadcast_pps": "pps"})
    samples = pd.concat([_between(frame), measured[[*port, "at", "pps"]]])
    # A reading's own measurement is of its very moment: it wins over the mean of the time before.
    samples = samples.drop_duplicates([*port, "at"], keep="last").sort_values("at")
    first = to_stored(since)
    return tuple(
        Series(
            device=str(device),
            interface=str(interface),
            unit="broadcasts/s",
            points=tuple(
                (from_stored(int(at)), float(pps))
                for at, pps in zip(now["at"], now["pps"], strict=True)
            ),
            usual=float(before["pps"].median()) if len(before) else None,
        )
        for (device, interface), rows in samples.groupby(port)
        for now, before in [(rows[rows["at"] >= first], rows[rows["at"] < first])]
    )


def _measured(frame: Any) -> Any:
    measured = frame[["device", "interface", "in_broadcast_pps"]].dropna()
    return measured.rename(columns={"in_broadcast_pps": "pps"})


def _between(frame: Any) -> Any:
    """Rates between neighbouring readings of the same port; what cannot be compared is left out."""
    import pandas as pd

    frame = frame[frame["in_broadcast_pkts"].notna()].copy()
    before = frame.groupby(["device", "interface"])[["at", "up_time_s", "discontinuity_s"]].shift()
    seconds = (frame["at"] - before["at"]) / _MICROSECONDS
    # int64 subtraction wraps as the 64-bit counter does; a port's first row has no `before`.
    totals = frame["in_broadcast_pkts"].to_numpy(dtype="int64")
    grown = totals.copy()
    grown[1:] -= totals[:-1]
    packets = pd.Series(grown, index=frame.index)
    wrapped = (packets < 0) & (frame["bits"] == 32)
    packets = packets.where(~wrapped, packets + 2**32)
    restarted = (frame["up_time_s"] < before["up_time_s"]).fillna(value=False)
    same = frame["discontinuity_s"].fillna(-1) == before["discontinuity_s"].fillna(-1)
    good = (seconds > 0) & (seconds <= _MAX_GAP_S) & (packets >= 0) & ~restarted & same
    frame["pps"] = packets / seconds
    return frame.loc[good, ["device", "interface", "at", "pps"]]


def _signed(value: int | None) -> int | None:
    if value is None:
        return None
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value
