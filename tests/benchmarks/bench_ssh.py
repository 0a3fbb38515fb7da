"""N devices read over SSH by netdiag's own session, against netmiko's default ConnectHandler, in one run.

    python -m tests.benchmarks.bench_ssh [DEVICES]        default: 100

The devices are one asyncssh server in a process of its own, an address of 127.x each; each gives four
outputs of 49 kB. Both sides log in, make paging and width right, ask the four and log out, side by side
with the same stated bound (`collect.SESSIONS`), and both read each echo and prompt; netdiag also holds
the host key against known_hosts. The import of netmiko is not counted. Goals: >= 1.5x netmiko's
devices/s, >= 3x less time for one device. Prints; asserts nothing about time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import SESSIONS
from netdiag.collect.ssh import Session
from netdiag.model import Device

LINES = tuple(f"show output {n}" for n in range(1, 5))
OCTETS = 49 * 1024
PASSWORD = "right"
_ROW = (
    "GigabitEthernet1/0/{n} is up, line protocol is up (connected), {n} packets input, 0 errors\r\n"
)


def output() -> str:
    """About 49 kB of what switches print."""
    text = "".join(_ROW.format(n=n) for n in range(OCTETS // (len(_ROW) - 2)))
    return text[: text.rindex("\r\n", 0, OCTETS) + 2]


def addresses(count: int) -> list[str]:
    """One loopback address a device."""
    return [f"127.11.{n // 250}.{1 + n % 250}" for n in range(count)]


@dataclass(frozen=True)
class Devices:
    """The simulated devices: their addresses, their one port, and the file with their host key."""

    addresses: Sequence[str]
    port: int
    known_hosts: str

    def target(self, address: str) -> Target:
        access = SshAccess(
            port=self.port, username="netops", password=Secret(PASSWORD),
            known_hosts=self.known_hosts, timeout_s=30.0,
        )  # fmt: skip
        return Target(Device(address, address, platform="cisco_ios"), ssh=access)


def _serve(count: int, said: Connection) -> None:
    """The server's process: tells its port and host key, and ends with the process that began it."""
    import asyncssh

    from tests.lab import ssh_server as fake

    answers = {
        "": "",
        "terminal length 0": "",
        "terminal width 511": "",
        **dict.fromkeys(LINES, output()),
    }
    device = fake.Device(password=PASSWORD, answers=answers)
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def converse(process: object) -> None:
        with suppress(asyncssh.Error, OSError):
            await fake._converse(device, process)

    async def serve() -> None:
        port = 0
        for address in addresses(count):
            server = await asyncssh.create_server(
                lambda: fake._Server(device), address, port, server_host_keys=[key],
                process_factory=converse, line_editor=False,
            )  # fmt: skip
            port = port or server.sockets[0].getsockname()[1]
        said.send((port, key.export_public_key().decode().strip()))
        await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def devices(count: int) -> Iterator[Devices]:
    """That many devices, until the block ends."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(count, there), daemon=True)
    process.start()
    try:
        if not here.poll(60):
            raise RuntimeError("the simulated devices did not start")
        port, key = here.recv()
        with tempfile.TemporaryDirectory() as folder:
            known_hosts = Path(folder) / "known_hosts"
            known_hosts.write_text("".join(f"[{a}]:{port} {key}\n" for a in addresses(count)))
            yield Devices(addresses(count), port, str(known_hosts))
    finally:
        process.kill()
        process.join()


def by_netdiag(found: Devices, address: str) -> int:
    """Octets read of one device."""
    with Session(found.target(address)) as session:
        return sum(len(session.show(line)) for line in LINES)


def by_netmiko(found: Devices, address: str) -> int:
    """The same, as netmiko's documentation shows it."""
    from netmiko import ConnectHandler

    with ConnectHandler(
        device_type="cisco_ios", host=address, port=found.port, username="netops", password=PASSWORD
    ) as connection:
        return sum(len(connection.send_command(line)) for line in LINES)


def one(read: Callable[[Devices, str], int], found: Devices, times: int = 3) -> tuple[float, int]:
    """(the best seconds of some, octets) for one device alone."""
    best, octets = float("inf"), 0
    for _ in range(times):
        started = time.perf_counter()
        octets = read(found, found.addresses[0])
        best = min(best, time.perf_counter() - started)
    return best, octets


def all_of(read: Callable[[Devices, str], int], found: Devices) -> tuple[float, int, float, int]:
    """(seconds, devices read, CPU seconds of this process, octets), side by side with the bound."""
    started, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(SESSIONS) as pool:
        octets = list(pool.map(lambda a: read(found, a), found.addresses))
    took = time.perf_counter() - started
    return took, len(octets), time.process_time() - cpu, sum(octets)


def main(count: int) -> None:
    peers = (("netmiko, default ConnectHandler", by_netmiko), ("netdiag", by_netdiag))
    with devices(count) as found:
        for _, read in peers:
            read(found, found.addresses[0])  # the imports
        alone, rates = [], []
        for name, read in peers:
            seconds, octets = one(read, found)
            alone.append(seconds)
            print(f"{name:34} 1 device {seconds:7.3f} s   {octets} octets")
        for name, read in peers:
            seconds, done, cpu, octets = all_of(read, found)
            rates.append(done / seconds)
            print(
                f"{name:34} {done} devices {seconds:7.2f} s {rates[-1]:7.1f} devices/s"
                f" {1000 * cpu / done:6.1f} ms CPU a device   {octets} octets   {SESSIONS} at once"
            )
    print(f"ratio of devices/s, netdiag / netmiko {rates[1] / rates[0]:5.1f} (goal: 1.5)")
    print(f"ratio for one device, netmiko / netdiag {alone[0] / alone[1]:5.1f} (goal: 3)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
