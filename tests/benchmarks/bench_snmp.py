"""Polling simulated 48-port switches: netdiag against its peers, in one run.

    python -m tests.benchmarks.bench_snmp [SWITCHES ...]        default: 250 500 1000

netdiag reads over v2c, decodes and stores; likewise over v3 (SHA-256, AES-128) from one agent. The
peers read the same columns and keep nothing: plain pysnmp as its manual shows it, four `snmpbulkwalk`
side by side, Debian's prometheus-snmp-exporter (which renders metrics), a bare gufo-snmp walk. Peers
that are slow get a part of the switches; a peer that is not installed is said to be absent. Prints
CPU and time a switch and the ratios against the goals; asserts nothing about time.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.collect import snmp
from netdiag.decode import oids
from netdiag.lab.snmp import Responder, User, running
from netdiag.model import Device
from netdiag.store import Store
from netdiag.store.keeper import Keeper
from tests.fleet import PORTS, STATIONS, Fleet, address, template

SIZES = (250, 500, 1000)
COLUMNS = [c for table in oids.TABLES.values() for c in table] + [*oids.COUNTERS]
REPETITIONS = 25
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of so many switches: seconds of CPU and of time, and varbinds read."""

    switches: int
    cpu_s: float
    took_s: float
    varbinds: int

    def line(self, name: str) -> str:
        return (
            f"{name:<34} {self.switches:>5} switches  {1000 * self.cpu_s / self.switches:8.1f} ms CPU"
            f"  {1000 * self.took_s / self.switches:8.1f} ms a switch  {self.varbinds} varbinds"
        )

    @property
    def cpu(self) -> float:
        return self.cpu_s / self.switches

    @property
    def took(self) -> float:
        return self.took_s / self.switches


def measured(switches: int, work: Callable[[], int]) -> Cost:
    started, cpu = time.perf_counter(), time.process_time()
    read = work()
    return Cost(switches, time.process_time() - cpu, time.perf_counter() - started, read)


# --- netdiag --------------------------------------------------------------------------------------


def netdiag(targets: Sequence[Target]) -> Cost:
    """Reads, decodes and stores; every fact is counted."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "bench.db") as store:

        def work() -> int:
            with Keeper(store) as keeper:
                found = snmp.poll(targets, arrived=keeper.keep)
            for snapshot in found:
                assert snapshot.errors == (), snapshot.errors
                assert (len(snapshot.interfaces), len(snapshot.fdb)) == (PORTS, STATIONS)
            return 0

        cost = measured(len(targets), work)
    return replace(cost, varbinds=len(targets) * walked())


def walked() -> int:
    """Varbinds of one switch in the columns that are read."""
    view, count = template(), 0
    for column in COLUMNS:
        at = column
        while (entry := view.next(at)) is not None and entry[0][: len(column)] == column:
            at, count = entry[0], count + 1
    return count


def version_three(walks: int) -> tuple[Cost, Cost]:
    """(netdiag, pysnmp) over SNMPv3 from one agent in this process, whose own work counts in both."""
    user = User("ops", "sha256", Secret("authpass1"), "aes128", Secret("privpass1"))
    responder = Responder(lambda _: None, [user], contexts={"": template()}.get)
    with running(responder) as (_, port):
        access = SnmpAccess(
            "3", port, None, "ops", "sha256", Secret("authpass1"), "aes128", Secret("privpass1")
        )
        target = Target(Device("sw", "127.0.0.1"), access, requests_per_s=1e6)
        ours = measured(walks, lambda: sum(len(snmp.poll([target])[0].fdb) for _ in range(walks)))
        theirs = measured(1, lambda: pysnmp_walk("127.0.0.1", port, COLUMNS, version=3))
    return replace(ours, varbinds=walks * walked()), theirs


# --- its peers ------------------------------------------------------------------------------------


def pysnmp_walk(host: str, port: int, columns: Sequence[oids.Oid], version: int = 2) -> int:
    """As its manual shows it: one engine, one walk a column."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    async def walk() -> int:
        engine, read = hlapi.SnmpEngine(), 0
        target: Any = await hlapi.UdpTransportTarget.create((host, port))
        user: Any = hlapi.CommunityData("public")
        if version == 3:
            user = hlapi.UsmUserData(
                "ops", "authpass1", "privpass1",
                authProtocol=hlapi.USM_AUTH_HMAC192_SHA256, privProtocol=hlapi.USM_PRIV_CFB128_AES,
            )  # fmt: skip
        for column in columns:
            named = hlapi.ObjectType(hlapi.ObjectIdentity(oids.show(column)))
            async for _, _, _, found in hlapi.bulk_walk_cmd(
                engine, user, target, hlapi.ContextData(), 0, REPETITIONS, named,
                lexicographicMode=False, lookupMib=False,
            ):  # fmt: skip
                read += len(found)
        engine.close_dispatcher()
        return read

    return asyncio.run(walk())


def gufo(fleet: Fleet) -> Cost | None:
    """A bare walk, one switch after the other."""
    try:
        session_class = importlib.import_module("gufo.snmp.sync").SnmpSession
    except ImportError:
        return None

    def work() -> int:
        read = 0
        for number in range(fleet.count):
            where = {"addr": address(number), "port": fleet.port, "community": "public"}
            with session_class(**where, timeout=5) as session:
                for column in COLUMNS:
                    read += _column(session, column)
        return read

    return measured(fleet.count, work)


def _column(session: Any, column: oids.Oid) -> int:
    """It has no retries of its own: a lost answer means another walk of the column."""
    for _ in range(3):
        try:
            rows = session.getbulk(oids.show(column), max_repetitions=REPETITIONS)
            return sum(1 for _ in rows)
        except TimeoutError:
            continue
    return 0


def bulkwalk(fleet: Fleet, switches: int) -> Cost | None:
    """net-snmp's command, four switches side by side, a column after the other; CPU of the children."""
    if shutil.which("snmpbulkwalk") is None:
        return None

    def one(number: int) -> int:
        read = 0
        for column in COLUMNS:
            command = ["snmpbulkwalk", "-v2c", "-c", "public", "-On", f"-Cr{REPETITIONS}"]
            words = [*command, f"{address(number)}:{fleet.port}", oids.show(column)]
            out = subprocess.run(words, capture_output=True, check=False).stdout
            read += sum(b" = No Such" not in line for line in out.splitlines())
        return read

    def work() -> int:
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(one, range(switches)))

    before = os.times()
    cost = measured(switches, work)
    after = os.times()
    children = after.children_user + after.children_system
    children -= before.children_user + before.children_system
    return replace(cost, cpu_s=children)


def exporter(fleet: Fleet, switches: int) -> Cost | None:
    """Debian's prometheus-snmp-exporter, eight scrapes side by side; CPU of its process."""
    binary = shutil.which("prometheus-snmp-exporter")
    if binary is None:
        return None
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as sock:
        web = sock.getsockname()[1]
        config = Path(folder) / "snmp.yml"
        config.write_text(json.dumps(_exporter_config()))
        sock.close()
        command = [binary, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{web}"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            _wait_for(web)
            before = _cpu_of(process.pid)

            def one(number: int) -> int:
                connection = http.client.HTTPConnection("127.0.0.1", web, timeout=60)
                where = f"/snmp?module=switch&target={address(number)}:{fleet.port}"
                connection.request("GET", where)
                answer = connection.getresponse()
                lines = answer.read().decode().splitlines()
                assert answer.status == 200, lines[:3]
                return sum(line.startswith("snmp_c") for line in lines)

            def work() -> int:
                with ThreadPoolExecutor(8) as pool:
                    return sum(pool.map(one, range(switches)))

            cost = measured(switches, work)
            return replace(cost, cpu_s=_cpu_of(process.pid) - before)
        finally:
            process.kill()
            process.wait()


def _exporter_config() -> dict[str, Any]:
    """The columns by number, each with its own kind of index: what its generator would write."""
    mac = {"labelname": "mac", "type": "PhysAddress48"}
    metrics = []
    for n, column in enumerate(COLUMNS):
        name = {"name": f"snmp_c{n}", "oid": oids.show(column), "type": "gauge", "help": "x"}
        number = {"labelname": "a", "type": "gauge"}
        wide = column in (oids.QFDB_PORT, oids.QFDB_STATUS)
        lldp = oids.show(column).startswith("1.0.8802.1.1.2.1.4.1")
        others = [{"labelname": k, "type": "gauge"} for k in ("b", "c")] if lldp else []
        text = column in (oids.IF_DESCR, oids.IF_NAME, oids.IF_ALIAS, oids.LLDP_REM_SYS_NAME)
        kind = {"type": "DisplayString"} if text else {}
        metrics.append(name | kind | {"indexes": [number, mac] if wide else [number, *others]})
    return {
        "switch": {
            "walk": [oids.show(column) for column in COLUMNS],
            "metrics": metrics,
            "version": 2,
            "max_repetitions": REPETITIONS,
            "retries": 3,
            "timeout": "10s",
            "auth": {"community": "public"},
        }
    }


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("prometheus-snmp-exporter does not listen")


def _cpu_of(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / _TICK


# --- the run --------------------------------------------------------------------------------------


def main(sizes: Sequence[int], part: int = 20) -> None:
    """`part`: the most switches that slow peers are given."""
    costs: dict[str, Cost | None] = {}
    growth: list[Cost] = []
    for size in sizes:
        with Fleet(size) as fleet:
            targets = fleet.targets(requests_per_s=1e6, timeout_s=10.0)
            netdiag(targets[:2])  # imports
            growth.append(netdiag(targets))
            print(growth[-1].line(f"netdiag, {size} switches"), flush=True)
            if size == sizes[0]:
                few = min(part, size)
                costs["bare gufo-snmp walk"] = gufo(fleet)
                costs["Go exporter, 8 side by side"] = exporter(fleet, size)
                costs["snmpbulkwalk, 4 side by side"] = bulkwalk(fleet, min(4, few))
                plain = measured(1, lambda: pysnmp_walk(address(0), fleet.port, COLUMNS))
                costs["plain pysnmp"] = plain
    ours = growth[0]
    for name, cost in costs.items():
        print(f"{name:<34} absent" if cost is None else cost.line(name))
    _ratios(ours, costs)
    if len(growth) > 1:
        times = " ".join(f"{c.cpu / ours.cpu:.2f}" for c in growth)
        print(f"growth: CPU a switch against the smallest size: {times} (goal: 1)")
    three, their_three = version_three(min(part, 5))
    print(three.line("netdiag over SNMPv3"))
    print(their_three.line("plain pysnmp over SNMPv3"))
    print(f"ratio over SNMPv3, agent's work included: {their_three.cpu / three.cpu:.1f}x CPU")


def _ratios(ours: Cost, costs: dict[str, Cost | None]) -> None:
    if (cost := costs["plain pysnmp"]) is not None:
        print(f"ratio plain pysnmp / netdiag: {cost.cpu / ours.cpu:.1f}x CPU (goal: >= 30)")
    if (cost := costs["Go exporter, 8 side by side"]) is not None:
        print(f"ratio Go exporter / netdiag: {cost.cpu / ours.cpu:.2f}x CPU (goal: >= 2)")
    if (cost := costs["bare gufo-snmp walk"]) is not None:
        print(f"ratio netdiag / bare gufo walk: {ours.cpu / cost.cpu:.2f}x CPU (goal: <= 1.5)")
    if (cost := costs["snmpbulkwalk, 4 side by side"]) is not None:
        print(f"ratio snmpbulkwalk / netdiag: {cost.took / ours.took:.1f}x time")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
