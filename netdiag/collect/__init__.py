"""The only package that talks to devices and wires.

`poll` asks many devices over SNMP and SSH at the same time and unites what each said; one device's
failure is data in its snapshot, never an exception.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from netdiag import platforms
from netdiag.decode.merge import merge
from netdiag.decode.rates import rates
from netdiag.errors import CollectError, UsageError
from netdiag.model import Snapshot, SourceError

if TYPE_CHECKING:
    from netdiag.access import Target

SESSIONS = 32
"""SSH logins at once, the stated bound: each costs a thread and a key exchange."""
Arrived = Callable[[Snapshot], None]


def poll(
    targets: Sequence[Target],
    *,
    via: frozenset[str] = frozenset({"snmp", "ssh"}),
    window_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    arrived: Arrived | None = None,
) -> tuple[Snapshot, ...]:
    """One snapshot a target, in their order. `window_s`: also rates, from counters read that far apart.

    `arrived` gets each snapshot as soon as its device has told all, from any thread, one at a time.
    """
    if not targets:
        return ()
    tell = progress or (lambda _: None)
    union = _Union(via, arrived or (lambda _: None))
    with ThreadPoolExecutor(min(SESSIONS, len(targets)), "ssh") as pool:

        def by_command_line(target: Target, seen: Snapshot | None) -> None:
            """Where nobody entered the platform: as SNMP recognised it, else as its prompt looks."""
            if "ssh" not in via or target.device.platform is not None or target.ssh is None:
                return
            known = _recognised(target, seen)
            if known is not None:
                union.waits_for(known, pool.submit(_ssh, known, window_s, tell))
            elif seen is None or not seen.sources:
                union.waits_for(target, pool.submit(_by_prompt, target, window_s, tell))

        def over_snmp(target: Target, snapshot: Snapshot) -> None:
            tell(f"{target.device.name}: SNMP done")
            by_command_line(target, snapshot)
            union.has(target, snapshot)

        for target in targets:
            if "ssh" in via and target.ssh and _spoken(target.device.platform):
                union.waits_for(target, pool.submit(_ssh, target, window_s, tell))
            if "snmp" not in via or target.snmp is None:
                by_command_line(target, None)
                union.has(target, None)
        _snmp([t for t in targets if "snmp" in via and t.snmp], window_s, over_snmp)
    return tuple(union.whole(t) for t in targets)


class _Union:
    """What the two channels said of each device, united as soon as neither has more to say."""

    def __init__(self, via: frozenset[str], arrived: Arrived) -> None:
        self._via, self._arrived = via, arrived
        self._ssh: dict[str, Future[Snapshot]] = {}
        self._whole: dict[str, Snapshot] = {}
        self._lock = threading.Lock()

    def waits_for(self, target: Target, ssh: Future[Snapshot]) -> None:
        """The command line is being asked."""
        self._ssh[target.device.name] = ssh

    def has(self, target: Target, snmp: Snapshot | None) -> None:
        """SNMP has said all, or is not asked; `waits_for` came before where it comes at all."""
        ssh = self._ssh.get(target.device.name)
        if ssh is None:
            self._unite(target, snmp, None)
        else:
            ssh.add_done_callback(lambda done: self._unite(target, snmp, done))

    def _unite(self, target: Target, snmp: Snapshot | None, ssh: Future[Snapshot] | None) -> None:
        if ssh is not None and ssh.exception() is not None:
            return  # a fault of ours: `whole` raises it
        whole = _united(target, self._via, snmp, ssh.result() if ssh else None)
        with self._lock:
            self._whole[target.device.name] = whole
            self._arrived(whole)

    def whole(self, target: Target) -> Snapshot:
        """Once everybody has answered or was given up."""
        name = target.device.name
        if name not in self._whole:
            self._ssh[name].result()
        return self._whole[name]


def _snmp(
    asked: Sequence[Target], window_s: float | None, arrived: Callable[[Target, Snapshot], None]
) -> None:
    if not asked:
        return
    from netdiag.collect import snmp

    by_name = {t.device.name: t for t in asked}
    snmp.poll(asked, window_s=window_s, arrived=lambda s: arrived(by_name[s.device], s))


def _ssh(target: Target, window_s: float | None, tell: Callable[[str], None]) -> Snapshot:
    from netdiag.collect import ssh

    snapshot = ssh.poll(target)
    if not snapshot.reachable and target.out_of_band is not None:
        tell(f"{target.device.name}: no answer in-band, asking by its other management path")
        snapshot = _other_way(target, snapshot, window_s)
    tell(f"{target.device.name}: {'read' if snapshot.sources else 'not read'} over SSH")
    return snapshot


def _by_prompt(target: Target, window_s: float | None, tell: Callable[[str], None]) -> Snapshot:
    """A device whose platform nobody entered and SNMP does not tell: its command line names it."""
    from netdiag.collect import detect, ssh

    try:
        found = detect.platform(target)
    except (CollectError, UsageError) as exc:
        return ssh.not_read(target, exc)
    if found is None:
        return ssh.not_read(target, CollectError(
            f"{target.device.name}: neither its prompt nor its version names its platform: enter it in "
            "the inventory"
        ))  # fmt: skip
    known = replace(target, device=replace(target.device, platform=found.name))
    return _ssh(known, window_s, tell)


def _other_way(target: Target, silent: Snapshot, window_s: float | None) -> Snapshot:
    """What it says out of band, its silence in-band kept; with rates, for nobody else measures them."""
    from netdiag.collect import ssh

    first = ssh.poll(target, out_of_band=True)
    found = first
    if first.reachable and window_s is not None:
        time.sleep(max(0.0, window_s - (datetime.now(UTC) - first.at).total_seconds()))
        again = ssh.poll(target, out_of_band=True)
        if again.reachable:
            found = replace(again, rates=rates(first, again))
    return replace(found, errors=(*silent.errors, *found.errors))


def _recognised(target: Target, seen: Snapshot | None) -> Target | None:
    """The target, its platform entered as SNMP recognised it, where nobody else had."""
    if target.device.platform is None and target.ssh and seen and _spoken(seen.platform):
        return replace(target, device=replace(target.device, platform=seen.platform))
    return None


def _spoken(name: str | None) -> bool:
    platform = platforms.get(name)
    return platform is not None and bool(platform.prepare)


def _united(
    target: Target, via: frozenset[str], snmp: Snapshot | None, ssh: Snapshot | None
) -> Snapshot:
    merged = merge(snmp, ssh) if snmp or ssh else _not_asked(target, via)
    errors = tuple(e for e in target.errors if e.source in via)
    return replace(merged, errors=(*errors, *merged.errors))


def _not_asked(target: Target, via: frozenset[str]) -> Snapshot:
    """Neither way in could be taken: why, in a sentence."""
    ways = " or ".join(sorted(via)).upper()
    why = f"no login over {ways} is configured for it"
    if target.errors:
        why = "no way in could be prepared"
    elif "ssh" in via and target.ssh is not None:
        platform = target.device.platform
        why = (
            f"netdiag does not speak the command line of its platform {platform!r}, and SNMP is not configured"
            if platform
            else "its platform is not entered in the inventory, and SNMP did not tell it"
        )
    error = SourceError(min(via, default="snmp"), "access", f"{target.device.name}: {why}")
    return Snapshot(
        device=target.device.name,
        address=target.device.address,
        at=datetime.now(UTC),
        reachable=False,
        platform=target.device.platform,
        errors=(error,),
    )
