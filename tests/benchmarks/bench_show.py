"""Show commands into facts, against ntc-templates' `parse_output`, in one run.

    python -m tests.benchmarks.bench_show [ROWS]        default: 10000

First made tables of ROWS rows (MAC, ARP, interfaces of Cisco IOS), then the recordings of ntc-templates
that belong to a command of ours, repeated to about 100 kB, where the folder of shared data is there.
`rows`: the text into rows by `decode.table`; `facts`: by `decode.show` as far as the snapshot, which
the peer does not do. Goals: >= 5x parse_output on every template, >= 25x on MAC and ARP tables.
Prints; asserts nothing about time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netdiag import platforms
from netdiag.decode import show, table
from netdiag.model import Device
from netdiag.platforms import Platform

AT = datetime(2026, 3, 1, tzinfo=UTC)
DATA = Path(os.environ.get("NETDIAG_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
BIG, ALL = 25, 5
_DETAIL = """\
GigabitEthernet1/0/{n} is up, line protocol is up (connected)
  Hardware is Gigabit Ethernet, address is {mac} (bia {mac})
  Description: desk {n}
  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,
     reliability 255/255, txload 1/255, rxload 1/255
  Encapsulation ARPA, loopback not set
  Keepalive set (10 sec)
  Full-duplex, 1000Mb/s, media type is 10/100/1000BaseTX
  input flow-control is off, output flow-control is unsupported
  ARP type: ARPA, ARP Timeout 04:00:00
  Last input never, output 00:00:01, output hang never
  Last clearing of "show interface" counters never
  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: 0
  Queueing strategy: fifo
  Output queue: 0/40 (size/max)
  5 minute input rate 1000 bits/sec, 1 packets/sec
  5 minute output rate 2000 bits/sec, 2 packets/sec
     {n} packets input, 6400 bytes, 0 no buffer
     Received 50 broadcasts (20 multicasts)
     0 runts, 0 giants, 0 throttles
     0 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored
     0 watchdog, 20 multicast, 0 pause input
     0 input packets with dribble condition detected
     200 packets output, 12800 bytes, 0 underruns
     0 output errors, 0 collisions, 1 interface resets
     0 unknown protocol drops
     0 babbles, 0 late collision, 0 deferred
     0 lost carrier, 0 no carrier, 0 pause output
     0 output buffer failures, 0 output buffers swapped out
"""


def _mac(n: int) -> str:
    return f"02{n >> 16 & 255:02x}.{n >> 8 & 255:02x}{n & 255:02x}.0001"


def mac_table(rows: int) -> str:
    """show mac address-table of Cisco IOS."""
    head = "          Mac Address Table\n-------------------------------------------\n\n"
    head += (
        "Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n"
    )
    lines = (
        f"{10 + n % 40:4}    {_mac(n)}    DYNAMIC     Gi{1 + n % 8}/0/{1 + n % 48}\n"
        for n in range(rows)
    )
    return f"{head}{''.join(lines)}Total Mac Addresses for this criterion: {rows}\n"


def arp_table(rows: int) -> str:
    """show ip arp of Cisco IOS."""
    lines = (
        f"Internet  {f'10.{n >> 14}.{n >> 7 & 127}.{n & 127}':15}  {n % 240:6}   {_mac(n)}  ARPA   Vlan{10 + n % 40}\n"
        for n in range(rows)
    )
    return (
        f"Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n{''.join(lines)}"
    )


def status_table(rows: int) -> str:
    """show interfaces status of Cisco IOS."""
    lines = (
        f"{f'Gi{1 + n // 48}/0/{1 + n % 48}':9} {f'desk {n}':18} connected    {10 + n % 40:<10} a-full a-1000 10/100/1000BaseTX\n"
        for n in range(rows)
    )
    return f"\nPort      Name               Status       Vlan       Duplex  Speed Type \n{''.join(lines)}"


def details(ports: int) -> str:
    """show interfaces of Cisco IOS, 29 lines a port."""
    return "".join(_DETAIL.format(n=n, mac=_mac(n)) for n in range(ports))


def timed(work: Callable[[], Any], least_s: float) -> tuple[float, Any]:
    """(the best of some tries, what it gave)."""
    spent, best, found = 0.0, float("inf"), None
    while spent < least_s or best == float("inf"):
        started = time.perf_counter()
        found = work()
        took = time.perf_counter() - started
        spent, best = spent + took, min(best, took)
    return best, found


def compare(
    platform: Platform, need: str, text: str, goal: int, label: str, least_s: float
) -> float | None:
    """Prints one line; the ratio in rows, `None` where the peer does not read that text."""
    from ntc_templates.parse import parse_output

    command = platform.commands[need]
    driver = platform.driver or platform.name
    try:
        peer_s, peer = timed(lambda: parse_output(driver, command.line, text), least_s)
    except Exception as exc:  # noqa: BLE001 - TextFSM's and ntc's own
        print(f"{label:52} parse_output does not read it: {type(exc).__name__}")
        return None
    rows_s, (ours, _) = timed(lambda: table.read(command.template, text, command.columns), least_s)
    device, asked = Device("d", "192.0.2.1"), {need: text}
    facts_s, _ = timed(lambda: show.snapshot(device, platform, asked, AT), least_s)
    ratio = peer_s / rows_s
    print(
        f"{label:52} {len(peer):6} rows {len(peer) / peer_s:9,.0f} rows/s   netdiag {len(ours):6} rows"
        f" {len(ours) / rows_s:9,.0f} rows/s   ratio {ratio:5.1f} (goal: {goal})"
        f"   as far as facts {peer_s / facts_s:5.1f}"
    )
    return ratio


def recordings() -> Iterator[tuple[Platform, str, str]]:
    """(platform, need, text) of every command of ours that ntc-templates has recorded."""
    for platform in platforms.SPOKEN:
        for need, command in platform.commands.items():
            words = command.line.replace(" ", "_")
            folder = DATA / "cli" / "ntc" / (platform.driver or platform.name) / words
            raw = next(iter(sorted(folder.glob("*.raw"))), None)
            if raw is not None and command.template:
                text = raw.read_text(errors="replace").rstrip("\n") + "\n"
                yield platform, need, text


def main(rows: int, octets: int = 100_000, least_s: float = 0.3) -> None:
    ios = platforms.get("cisco_ios")
    assert ios is not None
    tables: Sequence[tuple[str, str, int]] = (
        ("fdb", mac_table(rows), BIG),
        ("arp", arp_table(rows), BIG),
        ("status", status_table(rows), ALL),
        ("interfaces", details(max(1, rows // 29)), ALL),
    )
    for need, text, goal in tables:
        compare(ios, need, text, goal, f"made, cisco_ios {ios.commands[need].line}", least_s)
    found: list[tuple[float, str, int]] = []
    for platform, need, text in recordings():
        label = f"{platform.name} {platform.commands[need].line}"
        goal = BIG if need in ("fdb", "arp") else ALL
        ratio = compare(platform, need, text * max(1, octets // len(text)), goal, label, least_s)
        if ratio is not None:
            found.append((ratio, label, goal))
    for goal in (BIG, ALL):
        missed = [f"{label} ({ratio:.1f})" for ratio, label, g in found if g == goal > ratio]
        held = sum(g == goal for *_, g in found) - len(missed)
        print(f"recordings with a goal of {goal}: {held} reach it, {len(missed)} do not: {missed}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
