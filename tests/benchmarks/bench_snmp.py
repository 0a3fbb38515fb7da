"""A poll of netdiag against plain pysnmp and net-snmp's snmpbulkwalk of the same agent, in the same run.

    python -m tests.benchmarks.bench_snmp [DEVICES]

Prints varbinds a second, CPU and the ratio; asserts nothing about time. The agent runs in a process
of its own. The plain walk reads the same columns one after the other with pysnmp's `bulk_walk_cmd`
and decodes nothing; snmpbulkwalk (four side by side) reads the same columns and prints them; a bare
gufo-snmp walk is there where it is installed; the poll reads, decodes and builds snapshots.
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from netdiag.access import Secret, SnmpAccess, Target
from netdiag.collect import snmp
from netdiag.decode import oids
from netdiag.lab.snmp import Responder, from_snmprec, running
from netdiag.model import Device

PORTS = 52


def switch() -> str:
    """52 ports with all counters and 150 learned addresses."""
    lines = ["1.3.6.1.2.1.1.1.0|4|bench", "1.3.6.1.2.1.1.3.0|67|1"]
    numbers = {6, 7, 8, 9, 10, 11, 12, 13}
    for port in range(1, PORTS + 1):
        for column in (*oids.TABLES["ifTable"], *oids.TABLES["ifXTable"], *oids.COUNTERS):
            text = column in {oids.IF_DESCR, oids.IF_NAME, oids.IF_ALIAS, oids.IF_PHYS_ADDRESS}
            wide = column[:-1] == oids.IF_NAME[:-1] and column[-1] in numbers
            tag, value = ("4", f"Gi0/{port}") if text else ("70" if wide else "66", "6")
            lines.append(f"{oids.show(column)}.{port}|{tag}|{value}")
        lines.append(f"{oids.show(oids.BASE_PORT_IF_INDEX)}.{port}|2|{port}")
    for station in range(150):
        lines.append(f"{oids.show(oids.FDB_PORT)}.2.0.0.0.0.{station}|2|{station % PORTS + 1}")
    return "\n".join(lines)


def serve(pipe: Connection) -> None:
    """The agent's process: tells its port, ends when told to."""
    view = from_snmprec(switch())
    with running(Responder({"public": view}.get, max_size=60_000)) as (_, port):
        pipe.send(port)
        pipe.recv()


def plain_walk(port: int, columns: list[oids.Oid]) -> int:
    """pysnmp alone, as its manual shows it, in pysnmp's own default of one walk a column."""
    from pysnmp.hlapi.v3arch.asyncio import (
        CommunityData,
        ContextData,
        ObjectIdentity,
        ObjectType,
        SnmpEngine,
        UdpTransportTarget,
        bulk_walk_cmd,
    )

    async def walk() -> int:
        engine, read = SnmpEngine(), 0
        target: Any = await UdpTransportTarget.create(("127.0.0.1", port))
        for column in columns:
            async for _, _, _, found in bulk_walk_cmd(
                engine, CommunityData("public"), target, ContextData(), 0, 25,
                ObjectType(ObjectIdentity(oids.show(column))), lexicographicMode=False,
                lookupMib=False,
            ):  # fmt: skip
                read += len(found)
        engine.close_dispatcher()
        return read

    return asyncio.run(walk())


def parallel_bulkwalk(port: int, columns: list[oids.Oid], devices: int) -> float:
    """Seconds for so many devices, four processes of net-snmp side by side; 0.0 where it is missing."""
    if shutil.which("snmpbulkwalk") is None:
        return 0.0

    def one(_: int) -> None:
        for column in columns:
            command = ["snmpbulkwalk", "-v2c", "-c", "public", "-On", "-Cr25"]
            subprocess.run(
                [*command, f"127.0.0.1:{port}", oids.show(column)],
                stdout=subprocess.DEVNULL,
                check=False,
            )

    started = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(devices)))
    return time.perf_counter() - started


def bare_gufo(port: int, columns: list[oids.Oid]) -> tuple[float, float]:
    """(seconds, CPU seconds) of a walk that keeps nothing; zeros where gufo-snmp is missing."""
    try:
        session_class = importlib.import_module("gufo.snmp.sync").SnmpSession
    except ImportError:
        return 0.0, 0.0
    started, cpu = time.perf_counter(), time.process_time()
    with session_class(addr="127.0.0.1", port=port, community="public") as session:
        for column in columns:
            for _ in session.getbulk(oids.show(column), max_repetitions=25):
                pass
    return time.perf_counter() - started, time.process_time() - cpu


def main(devices: int) -> None:
    ours, theirs = multiprocessing.Pipe()
    agent = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    agent.start()
    port = ours.recv()
    columns = [c for table in oids.TABLES.values() for c in table] + [*oids.COUNTERS]
    access = SnmpAccess(port=port, community=Secret("public"))
    targets = [
        Target(Device(f"sw-{n}", "127.0.0.1"), access, requests_per_s=1000) for n in range(devices)
    ]
    snmp.poll(targets[:1])  # imports
    plain_walk(port, columns[:1])

    started, cpu = time.perf_counter(), time.process_time()
    read = plain_walk(port, columns)
    plain, plain_cpu = time.perf_counter() - started, time.process_time() - cpu
    walked = parallel_bulkwalk(port, columns, 4) / 4
    bare, bare_cpu = bare_gufo(port, columns)
    started, cpu = time.perf_counter(), time.process_time()
    found = snmp.poll(targets)
    took, took_cpu = time.perf_counter() - started, time.process_time() - cpu
    assert all(len(s.interfaces) == PORTS and len(s.fdb) == 150 for s in found)
    ours.send("end")
    print(f"plain pysnmp walk: {read} varbinds, {plain:.3f} s, {plain_cpu:.3f} s CPU a device")
    print(
        f"netdiag poll of {devices}: {took / devices:.3f} s, {took_cpu / devices:.3f} s CPU a device"
    )
    if walked:
        print(
            f"snmpbulkwalk, 4 side by side: {walked:.3f} s a device, ratio {walked * devices / took:.1f}"
        )
    if bare:
        print(
            f"bare gufo-snmp walk: {bare:.3f} s, {bare_cpu:.4f} s CPU a device, ratio {bare_cpu * devices / took_cpu:.2f} CPU"
        )
    print(
        f"ratio (plain / netdiag): {plain * devices / took:.2f} time, {plain_cpu * devices / took_cpu:.2f} CPU"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
