"""The counting path, compiled: frames in a buffer are counted, control frames picked out for decoding.

Rules: the same answers as `link`, `meter` and `analysis` give frame by frame (a test holds both to
it); nothing is copied; memory is bounded by the tables below, whatever arrives; no Python object is
touched between two seconds. Needs numba: `netdiag.capture.fast` imports this module only where it is.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917, FBT003
# A call costs a compiled loop its speed, and numba takes no keyword arguments.

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from netdiag.capture import chatter, loopprobe
from netdiag.capture.container import MAX_BLOCK

SLOTS = 1 << 18
REMEMBERED = 100_000
"""As `meter` has it."""
KNOWN_SLOTS, KNOWN = 1 << 16, 20_000
UNTAGGED = 4096
LATEST = 253_402_300_799.0
KINDS = ("", "arp", "dhcp", "dhcp6", "ra", "rs", "ns", "stp", "lldp", "cdp", "loopback",
         "loop-probe", "ssdp", "mdns")  # fmt: skip
_ARP, _DHCP, _DHCP6, _RA, _RS, _NS, _STP, _LLDP, _CDP, _LOOPBACK, _PROBE, _SSDP, _MDNS = range(
    1, 14
)
_EXPERIMENT = loopprobe.ETHERTYPE
_HINTS_PER_S = chatter.PER_SECOND
_MAGIC = int.from_bytes(loopprobe.MAGIC, "big")
SECOND_ENDED, KNOWN_FULL = 1, 2
FRAMES, OCTETS, REPEATS, ARP, DHCP = range(5)
PACKETS, TOTAL_OCTETS, MALFORMED, SKIPPED, SECOND, SENDERS, MARKS_NOW, KNOWNS, TOUCHED = range(9)


def _jit(function: Any) -> Any:
    """Compiled at first use; kept on disk where numba may write."""
    from numba import njit

    try:
        return njit(function, nogil=True, cache=True)
    except RuntimeError:  # no folder to keep it in
        return njit(function, nogil=True)


class Index(NamedTuple):
    """Where frames lie in a buffer, and what their capture header says."""

    offset: Any
    kept: Any
    length: Any
    at: Any
    """Seconds since 1970; NaN where there is no time."""
    vlan: Any
    """A tag that the kernel took off, or 0."""


class State(NamedTuple):
    """Every table and counter of one capture."""

    totals: Any
    times: Any
    rates: Any
    seen_vlans: Any
    flood: Any
    flood_vlans: Any
    macs: Any
    mac_counts: Any
    mac_used: Any
    targets: Any
    target_used: Any
    used: Any
    """How many of `mac_used` [0, :] and `target_used` [1, :] hold, by cast."""
    marks: Any
    mark_used: Any
    marks_used: Any
    senders: Any
    known: Any
    known_serial: Any
    """0: not decoded yet; -1, -2: malformed, or merely cut short."""
    known_copies: Any
    known_last: Any
    touched: Any
    kinds: Any
    handed: Any
    seed: Any


def new_index(size: int) -> Index:
    """Room for that many frames."""
    return Index(
        np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64),
        np.zeros(size, np.float64), np.zeros(size, np.int32),
    )  # fmt: skip


def new_state() -> State:
    """All empty; the hash's seed is drawn, so that nobody can prepare collisions."""
    totals = np.zeros(9, np.int64)
    totals[SECOND] = -1
    return State(
        totals, np.full(2, np.nan), np.zeros((4097, 4), np.int64), np.zeros(4097, np.uint8),
        np.zeros((3, 5), np.int64), np.zeros((3, 4097), np.uint8),
        np.zeros((3, SLOTS), np.int64), np.zeros((3, SLOTS, 2), np.int64), np.zeros((3, REMEMBERED), np.int64),
        np.zeros((3, SLOTS), np.int64), np.zeros((3, REMEMBERED), np.int64), np.zeros((2, 3), np.int64),
        np.zeros((2, SLOTS), np.uint64), np.zeros((2, REMEMBERED), np.int64), np.zeros(2, np.int64),
        np.zeros(SLOTS, np.int64),
        np.zeros(KNOWN_SLOTS, np.uint64), np.zeros(KNOWN_SLOTS, np.int64),
        np.zeros(KNOWN_SLOTS, np.int64), np.full(KNOWN_SLOTS, np.nan), np.zeros(KNOWN_SLOTS, np.int64),
        np.zeros(len(KINDS), np.int64), np.zeros(len(KINDS), np.int64),
        np.frombuffer(os.urandom(8), np.uint64).copy(),
    )  # fmt: skip


@_jit
def _u16(octets, at):  # type: ignore[no-untyped-def]
    return (np.int64(octets[at]) << 8) | np.int64(octets[at + 1])


@_jit
def _u32(octets, at, little):  # type: ignore[no-untyped-def]
    if little:
        return (
            np.int64(octets[at])
            | (np.int64(octets[at + 1]) << 8)
            | (np.int64(octets[at + 2]) << 16)
            | (np.int64(octets[at + 3]) << 24)
        )
    return (_u16(octets, at) << 16) | _u16(octets, at + 2)


@_jit
def _mac(octets, at):  # type: ignore[no-untyped-def]
    return (_u16(octets, at) << 32) | (_u16(octets, at + 2) << 16) | _u16(octets, at + 4)


@_jit
def _hash(octets, at, length, seed):  # type: ignore[no-untyped-def]
    """64 bits over the whole frame, eight octets a step."""
    prime = np.uint64(0x9E3779B97F4A7C15)
    h = seed ^ (np.uint64(length) * prime)
    end = at + length
    while at + 8 <= end:
        word = (
            np.uint64(octets[at])
            | (np.uint64(octets[at + 1]) << np.uint64(8))
            | (np.uint64(octets[at + 2]) << np.uint64(16))
            | (np.uint64(octets[at + 3]) << np.uint64(24))
            | (np.uint64(octets[at + 4]) << np.uint64(32))
            | (np.uint64(octets[at + 5]) << np.uint64(40))
            | (np.uint64(octets[at + 6]) << np.uint64(48))
            | (np.uint64(octets[at + 7]) << np.uint64(56))
        )
        h = (h ^ word) * prime
        h ^= h >> np.uint64(29)
        at += 8
    while at < end:
        h = (h ^ np.uint64(octets[at])) * prime
        h ^= h >> np.uint64(32)
        at += 1
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(31)
    return h if h != np.uint64(0) else np.uint64(1)


@_jit
def _find(table, key, mask):  # type: ignore[no-untyped-def]
    """The slot that holds the key, or the free one for it as `-1 - slot`; 0 is "free"."""
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((h >> np.uint64(40)) & np.uint64(mask))
    while table[slot] != 0:
        if table[slot] == key:
            return slot
        slot = (slot + 1) & mask
    return -1 - slot


# --- where frames are ----------------------------------------------------------------------------


@_jit
def index_pcap(octets, start, end, little, unit, head, index):  # type: ignore[no-untyped-def]
    """(frames, where the next record begins, whether its length is impossible)."""
    room, n = len(index.offset), 0
    while n < room and start + head <= end:
        kept = _u32(octets, start + 8, little)
        if kept > MAX_BLOCK:
            return n, start, True
        if start + head + kept > end:
            break
        index.offset[n] = start + head
        index.kept[n] = kept
        index.length[n] = max(_u32(octets, start + 12, little), kept)
        index.at[n] = (
            _u32(octets, start, little) + np.float64(_u32(octets, start + 4, little)) * unit
        )
        index.vlan[n] = 0
        n += 1
        start += head + kept
    return n, start, False


@_jit
def index_pcapng(octets, start, end, little, units, offsets, ethernet, index):  # type: ignore[no-untyped-def]
    """(frames, where the first block begins that is not counted, whether more octets may help)."""
    room, n = len(index.offset), 0
    while n < room:
        if start + 32 > end:
            return n, start, True
        if _u32(octets, start, little) != 6:
            break
        length = _u32(octets, start + 4, little)
        size = (length + 3) & ~3
        if length < 32 or length > MAX_BLOCK:
            break
        if start + size > end:
            return n, start, True
        number, kept = _u32(octets, start + 8, little), _u32(octets, start + 20, little)
        if number >= len(ethernet) or not ethernet[number] or kept > size - 32:
            break
        if _u32(octets, start + size - 4, little) != length:
            break
        ticks = (np.uint64(_u32(octets, start + 12, little)) << np.uint64(32)) | np.uint64(
            _u32(octets, start + 16, little)
        )
        index.offset[n] = start + 28
        index.kept[n] = kept
        index.length[n] = max(_u32(octets, start + 24, little), kept)
        index.at[n] = np.float64(ticks) * units[number] + offsets[number]
        index.vlan[n] = 0
        n += 1
        start += size
    return n, start, False


@_jit
def index_ring(octets, start, frames, index):  # type: ignore[no-untyped-def]
    """How many frames of one TPACKET_V3 block (linux/if_packet.h: tpacket3_hdr) were indexed."""
    n = 0
    for _ in range(min(frames, len(index.offset))):
        mac = np.int64(octets[start + 24]) | (np.int64(octets[start + 25]) << 8)
        status = _u32(octets, start + 20, True)
        kept, length = _u32(octets, start + 12, True), _u32(octets, start + 16, True)
        vlan = 0
        if status & 0x10:
            vlan = _u32(octets, start + 32, True) & 0xFFF
            length += 4
        index.offset[n] = start + mac
        index.kept[n] = kept
        index.length[n] = max(length, kept)
        index.at[n] = _u32(octets, start + 4, True) + _u32(octets, start + 8, True) * 1e-9
        index.vlan[n] = vlan
        n += 1
        step = _u32(octets, start, True)
        if step == 0:
            break
        start += step
    return n


# --- counting ------------------------------------------------------------------------------------


@_jit
def _control(octets, start, end, ethertype):  # type: ignore[no-untyped-def]
    """The control protocol, as `link.control` finds it."""
    if ethertype == 0x0800:
        if end < start + 28 or octets[start + 9] != 17:
            return 0
        size = (np.int64(octets[start]) & 15) * 4
        if size < 20 or _u16(octets, start + 6) & 0x1FFF or end < start + size + 8:
            return 0
        return _service(octets, start + size, _DHCP)
    if ethertype == 0x86DD:
        if end < start + 48:
            return 0
        following, at = octets[start + 6], start + 40
        while following in (0, 43, 60):
            if end < at + 8:
                return 0
            following, at = octets[at], at + 8 + np.int64(octets[at + 1]) * 8
        if end < at + 8:
            return 0
        if following == 58 and 133 <= octets[at] <= 135:
            return (_RS, _RA, _NS)[octets[at] - 133]
        return _service(octets, at, _DHCP6) if following == 17 else 0
    if ethertype == 0x0806:
        return _ARP
    if ethertype == 0x88CC:
        return _LLDP
    if ethertype == 0x9000:
        return _LOOPBACK
    if ethertype == _EXPERIMENT:
        return _PROBE if end >= start + 6 and _mac(octets, start) == _MAGIC else 0
    if ethertype < 1536:
        return _llc(octets, start, min(end, start + ethertype) if ethertype > 4 else end)
    return 0


@_jit
def _service(octets, at, dhcp):  # type: ignore[no-untyped-def]
    """As `link._service`: what the UDP ports mean."""
    source, port = _u16(octets, at), _u16(octets, at + 2)
    if port in (67, 68) if dhcp == _DHCP else port in (546, 547):
        return dhcp
    if source == 1900 or port == 1900:
        return _SSDP
    return _MDNS if source == 5353 or port == 5353 else 0


@_jit
def _llc(octets, start, end):  # type: ignore[no-untyped-def]
    if end >= start + 3 and octets[start] == 0x42 and octets[start + 1] == 0x42:
        return _STP if octets[start + 2] == 3 else 0
    if end < start + 8 or _mac(octets, start) != 0xAAAA0300000C:
        return 0
    protocol = _u16(octets, start + 6)
    return _STP if protocol == 0x010B else _CDP if protocol == 0x2000 else 0


@_jit
def _remember(s, cast, at, end, src, length, vlan, kind, start, octets):  # type: ignore[no-untyped-def]
    """A broadcast, multicast or unknown unicast: who sent it, and whether it came before."""
    flood = s.flood[cast]
    flood[FRAMES] += 1
    flood[OCTETS] += length
    s.flood_vlans[cast, vlan] = 1
    mark = _hash(octets, at, end - at, s.seed[0])
    now = s.totals[MARKS_NOW]
    slot = _find(s.marks[now], mark, SLOTS - 1)
    repeat = slot >= 0 or _find(s.marks[1 - now], mark, SLOTS - 1) >= 0
    if not repeat and s.marks_used[now] < REMEMBERED:
        s.marks[now, -1 - slot] = mark
        s.mark_used[now, s.marks_used[now]] = -1 - slot
        s.marks_used[now] += 1
    flood[REPEATS] += repeat
    slot = _find(s.macs[cast], src + 1, SLOTS - 1)
    if slot < 0 and s.used[0, cast] < REMEMBERED:
        slot = -1 - slot
        s.macs[cast, slot] = src + 1
        s.mac_counts[cast, slot, 0] = 0
        s.mac_counts[cast, slot, 1] = 0
        s.mac_used[cast, s.used[0, cast]] = slot
        s.used[0, cast] += 1
    if slot >= 0:
        s.mac_counts[cast, slot, 0] += 1
        s.mac_counts[cast, slot, 1] += repeat
    if kind == _ARP:
        flood[ARP] += 1
        key = np.int64(0)
        for place in range(start + 24, min(start + 28, end)):
            key = (key << 8 | np.int64(octets[place])) + 0x100000000
        slot = _find(s.targets[cast], key + 1, SLOTS - 1)
        if slot < 0 and s.used[1, cast] < REMEMBERED:
            s.targets[cast, -1 - slot] = key + 1
            s.target_used[cast, s.used[1, cast]] = -1 - slot
            s.used[1, cast] += 1
    elif kind == _DHCP:
        flood[DHCP] += 1


@_jit
def _decodable(octets, at, end, aux, when, kind, limit, s):  # type: ignore[no-untyped-def]
    """The slot of a control frame that is new, or -1: a copy, or one too many in this second."""
    seed = s.seed[0] + np.uint64(aux)
    mark = _hash(octets, at, end - at, seed)
    slot = _find(s.known, mark, KNOWN_SLOTS - 1)
    if slot >= 0:
        if s.known_serial[slot] == -1:
            s.totals[MALFORMED] += 1
        elif s.known_serial[slot] >= 0:
            if s.known_copies[slot] == 0:
                s.touched[s.totals[TOUCHED]] = slot
                s.totals[TOUCHED] += 1
            s.known_copies[slot] += 1
            s.known_last[slot] = when
        return -1
    if kind >= _SSDP:
        if s.handed[kind] >= min(limit, _HINTS_PER_S):
            return -1
    elif s.handed[kind] >= limit:
        s.totals[SKIPPED] += 1
        return -1
    s.handed[kind] += 1
    slot = -1 - slot
    s.known[slot] = mark
    s.known_serial[slot] = 0
    s.known_copies[slot] = 0
    s.totals[KNOWNS] += 1
    return slot


@_jit
def count(octets, index, first, n, limit, s, picked, slots):  # type: ignore[no-untyped-def]
    """Counts frames from `first` on: (how far, how many were picked for decoding, why it stopped)."""
    found = 0
    for i in range(first, n):
        if s.totals[KNOWNS] >= KNOWN:
            return i, found, KNOWN_FULL
        at, kept, length = index.offset[i], index.kept[i], index.length[i]
        end = at + kept
        when = index.at[i]
        timed = when >= 0.0 and when <= LATEST
        if kept >= 14 and timed and s.totals[SECOND] >= 0 and np.int64(when) != s.totals[SECOND]:
            return i, found, SECOND_ENDED
        s.totals[PACKETS] += 1
        s.totals[TOTAL_OCTETS] += length
        if timed:
            if not s.times[0] <= when:
                s.times[0] = when
            if not s.times[1] >= when:
                s.times[1] = when
        if kept < 14:
            s.totals[MALFORMED] += length <= kept
            continue
        ethertype, start, depth = _u16(octets, at + 12), at + 12, 0
        vlan = int(index.vlan[i])
        while ethertype in (0x8100, 0x88A8, 0x9100, 0x9200) and end >= start + 6 and depth < 8:
            number = _u16(octets, start + 2) & 0xFFF
            if vlan == 0:
                vlan = number
            start += 4
            depth += 1
            ethertype = _u16(octets, start)
        start += 2
        if vlan == 0:
            vlan = UNTAGGED
        if ethertype == 0x8864 and end >= start + 8:
            inner = _u16(octets, start + 6)
            if inner in (0x0021, 0x0057):
                ethertype = 0x0800 if inner == 0x0021 else 0x86DD
                start += 8
        kind = _control(octets, start, end, ethertype)
        if timed:
            s.totals[SECOND] = np.int64(when)
            cast = 0
            dst, src = _mac(octets, at), _mac(octets, at + 6)
            if octets[at] & 1:
                cast = 1 if dst == 0xFFFFFFFFFFFF else 2
            s.seen_vlans[vlan] = 1
            s.rates[vlan, cast] += 1
            s.rates[vlan, 3] += length
            if s.totals[SENDERS] < REMEMBERED:
                slot = _find(s.senders, src + 1, SLOTS - 1)
                if slot < 0:
                    s.senders[-1 - slot] = src + 1
                    s.totals[SENDERS] += 1
            if cast != 0 or _find(s.senders, dst + 1, SLOTS - 1) < 0:
                _remember(s, cast, at, end, src, length, vlan, kind, start, octets)
        if kind != 0:
            s.kinds[kind] += 1
            slot = _decodable(octets, at, end, index.vlan[i], when, kind, limit, s)
            if slot >= 0:
                picked[found] = i
                slots[found] = slot
                found += 1
    return n, found, 0
