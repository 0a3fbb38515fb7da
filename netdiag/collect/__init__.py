"""The only package that talks to devices and wires.

`poll` asks many devices over SNMP and SSH at the same time and unites what each said; one device's
failure is data in its snapshot, never an exception.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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

_SESSIONS = 32
"""SSH logins at once: each costs a thread and a key exchange."""


def poll(
    targets: Sequence[Target],
    *,
    via: frozenset[str] = frozenset({"snmp", "ssh"}),
    window_s: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Snapshot, ...]:
    """One snapshot a target, in their order. `window_s`: also rates, from counters read that far apart."""
    if not targets:
        return ()
    tell = progress or (lambda _: None)
    with ThreadPoolExecutor(min(_SESSIONS, len(targets)), "ssh") as pool:
        waiting = {
            t.device.name: pool.submit(_ssh, t, window_s, tell)
            for t in targets
            if "ssh" in via and t.ssh and _spoken(t.device.platform)
        }
        by_snmp = _snmp(targets, via, window_s, progress)
        for target in targets:
            if "ssh" not in via or target.device.platform is not None or target.ssh is None:
                continue
            seen = by_snmp.get(target.device.name)
            known = _recognised(target, seen)
            if known is not None:
                waiting[target.device.name] = pool.submit(_ssh, known, window_s, tell)
            elif seen is None or not seen.sources:
                waiting[target.device.name] = pool.submit(_by_prompt, target, window_s, tell)
        by_ssh = {name: future.result() for name, future in waiting.items()}
    return tuple(
        _united(t, via, by_snmp.get(t.device.name), by_ssh.get(t.device.name)) for t in targets
    )


def _snmp(
    targets: Sequence[Target],
    via: frozenset[str],
    window_s: float | None,
    progress: Callable[[str], None] | None,
) -> dict[str, Snapshot]:
    asked = [t for t in targets if "snmp" in via and t.snmp]
    if not asked:
        return {}
    from netdiag.collect import snmp

    tell = progress or (lambda _: None)
    found: dict[str, Snapshot] = {}
    while asked:
        done = snmp.poll(asked, window_s=window_s, progress=lambda name: tell(f"{name}: SNMP done"))
        found |= {s.device: s for s in done}
        # Who does not answer to one credential is asked by the next that is configured for it.
        asked = [
            replace(t, snmp=replace(t.snmp.others[0], others=t.snmp.others[1:]))
            for t, s in zip(asked, done, strict=True)
            if t.snmp and t.snmp.others and not s.sources
        ]
    return found


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
