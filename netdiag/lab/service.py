"""The process of a running practice network: `python -m netdiag.lab.service --state FILE`.

It paces the simulator, serves every switch's agents and the control socket, all on 127.0.0.1, and
keeps the operations centre's syslog file. It ends itself after its time to live, and with
`--with-parent` when the process that started it is gone (its standard input ends).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdiag.errors import LabError, NetdiagError, UsageError
from netdiag.lab import campus, inventory_files
from netdiag.lab.agent import HOST, Credentials, Ports, SwitchAgent, made_up_person
from netdiag.lab.campus import Campus
from netdiag.lab.clock import LabClock
from netdiag.lab.control import Control, Operation
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.models import model_for
from netdiag.lab.noc import Address, Noc
from netdiag.lab.pace import Pacer, WallPacer
from netdiag.lab.ssh import Login, host_key, known_hosts_line
from netdiag.lab.training import Training, is_right, place_of

if TYPE_CHECKING:
    from netdiag.lab.kernel.cage import Cage

BOOT_S = 120.0
"""Lab time that passed before anyone can connect: spanning tree, LLDP and leases have settled."""
_FIRST_PORTS = Ports(snmp=20161, ssh=20022, out_of_band=21022)
_LONGEST_ADVANCE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What one lab was asked to be."""

    state_file: Path
    topology: str | None = None
    seed: int = 0
    ttl_s: float = 3600.0
    with_parent: bool = False
    fixed_ports: bool = False
    """Switch n listens on 20161+n and 20022+n, where these are free."""
    out_of_band: bool = False
    snmp_version: str = "2c"
    syslog_to: Address | None = None
    traps_to: Address | None = None
    real: bool = False
    """On the kernel's own bridges instead of the simulator."""
    behind_s: float = 0.0
    """Its time of day lags so much behind the wall, until `advance` lets it catch up."""

    @property
    def folder(self) -> Path:
        """Where the lab keeps its files, beside its state file."""
        return self.state_file.with_suffix(".d")


@dataclass(slots=True)
class _Running:
    """What a started lab consists of."""

    campus: Campus
    clock: LabClock
    pacer: Pacer
    noc: Noc
    agents: dict[str, SwitchAgent]
    over: asyncio.Event = field(default_factory=asyncio.Event)


def _credentials() -> Credentials:
    def made() -> str:
        return secrets.token_hex(6)

    return Credentials(Login("netops", made()), made(), "public", made(), made(), made())


async def serve(settings: Settings, cage: Cage | None = None) -> None:
    """Runs a lab until it is stopped; `ready` is one JSON line on stdout."""
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lab = _build(settings)
    credentials = _credentials()
    key = host_key(folder / "host_key")
    for number, switch in enumerate(lab.campus.switches()):
        agent = SwitchAgent(
            switch,
            model_for(switch.role),
            credentials,
            lab.campus.now,
            lab.clock.at,
            latency=switch.latency,
        )
        await agent.start(key, _wanted(settings, number))
        lab.agents[switch.name] = agent
    _write_inventory(settings, lab, credentials, key)
    token = secrets.token_hex(16)
    pid = cage.outer_pid if cage else os.getpid()
    control = Control(
        token,
        Operations(settings, lab, pid).table(),
        lab.campus,
        lambda s: lab.clock.at(s).timestamp(),
    )
    address = await control.listen(HOST)
    _write_state(settings, token, address, cage)
    try:
        await _run(settings, lab)
    finally:
        _remove_state(settings, token)
        control.close()
        for agent in lab.agents.values():
            await agent.close()
        lab.noc.close()


def _build(settings: Settings) -> _Running:
    built, clock, pacer = (_build_real if settings.real else _build_soft)(settings)
    syslog = settings.folder / "syslog.log"
    syslog.unlink(missing_ok=True)
    noc = Noc(syslog, syslog_to=settings.syslog_to, traps_to=settings.traps_to)

    def hear(event: SwitchEvent, delivered: bool) -> None:
        if delivered:
            switch = built.switch(event.switch)
            port = next((p for p in switch.ports() if p.if_index == event.if_index), None)
            noc.hear(event, clock.at(event.at), port, switch.uptime())

    built.subscribe(hear)
    return _Running(built, clock, pacer, noc, {})


def _build_soft(settings: Settings) -> tuple[Campus, LabClock, Pacer]:
    built = campus.build(campus.load(settings.topology), settings.seed)
    built.run_until(BOOT_S)
    clock = LabClock(datetime.now(UTC) - timedelta(seconds=BOOT_S + settings.behind_s))
    return built, clock, Pacer(built, clock, behind_s=settings.behind_s)


def _build_real(settings: Settings) -> tuple[Campus, LabClock, Pacer]:
    from netdiag.lab.kernel import campus as real

    topology = campus.load(settings.topology)
    built = real.build(topology, settings.seed, settings.folder)
    built.settle()
    clock = LabClock(datetime.now(UTC) - timedelta(seconds=built.now()))
    return built, clock, WallPacer(built, clock)


def _wanted(settings: Settings, number: int) -> Ports:
    if not settings.fixed_ports:
        return Ports(out_of_band=0 if settings.out_of_band else None)
    oob = (_FIRST_PORTS.out_of_band or 0) + number
    return Ports(
        _FIRST_PORTS.snmp + number,
        _FIRST_PORTS.ssh + number,
        oob if settings.out_of_band else None,
    )


def _write_inventory(settings: Settings, lab: _Running, credentials: Credentials, key: Any) -> None:
    entries = [
        inventory_files.Entry(
            s.name, lab.agents[s.name].ports, s.area, s.role, lab.campus.desks(s.name)
        )
        for s in lab.campus.switches()
    ]
    ports = [p for e in entries for p in (e.ports.ssh, e.ports.out_of_band) if p is not None]
    inventory_files.write(
        settings.folder / "inventory",
        entries,
        credentials,
        snmp_version=settings.snmp_version,
        dhcp_servers=lab.campus.dhcp_servers,
        sensors=tuple(lab.campus.topology.sensors),
        syslog_file=settings.folder / "syslog.log",
        known_hosts=[known_hosts_line(key, HOST, port) for port in ports],
    )


def _write_state(
    settings: Settings, token: str, address: Address, cage: Cage | None = None
) -> None:
    inside = {"inner_pid": cage.inner_pid, "user_namespace": cage.user_namespace} if cage else {}
    state = {
        "pid": cage.outer_pid if cage else os.getpid(),
        **inside,
        "control": list(address),
        "token": token,
        "inventory": str(settings.folder / "inventory"),
        "syslog": str(settings.folder / "syslog.log"),
        "seed": settings.seed,
    }
    temporary = settings.state_file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(state, out)
    temporary.replace(settings.state_file)
    print(json.dumps({"ok": True}), flush=True)  # noqa: T201 - the client waits for it


def _remove_state(settings: Settings, token: str) -> None:
    """Only its own: another lab may have taken the place."""
    try:
        state = json.loads(settings.state_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if state.get("token") == token:
        settings.state_file.unlink(missing_ok=True)


async def _run(settings: Settings, lab: _Running) -> None:
    """Until the time to live is over, somebody stops it, or the simulator fails."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, lab.over.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(lab.over.set))
    if settings.with_parent:
        threading.Thread(target=_watch_parent, args=(loop, lab.over), daemon=True).start()
    pacing = asyncio.ensure_future(lab.pacer.run())
    sampling = asyncio.ensure_future(_sample(lab))
    over = asyncio.ensure_future(lab.over.wait())
    tasks = (pacing, sampling, over)
    await asyncio.wait(tasks, timeout=settings.ttl_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _watch_parent(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(over.set)


async def _sample(lab: _Running) -> None:
    while True:
        await asyncio.sleep(1.0)
        for agent in lab.agents.values():
            agent.sample()


class Operations:
    """What the control socket can ask for; each takes a request's fields and answers with fields."""

    def __init__(self, settings: Settings, lab: _Running, pid: int) -> None:
        self._settings, self._lab, self._campus, self._pid = settings, lab, lab.campus, pid
        self._training: Training | None = None

    def table(self) -> Mapping[str, Operation]:
        """By name."""
        return {
            "status": self._status,
            "hosts": self._hosts,
            "host": self._host,
            "inject": self._inject,
            "revert": self._revert,
            "reveal": self._reveal,
            "train": self._train,
            "answer": self._answer,
            "renew": self._renew,
            "ping": self._ping,
            "plug": self._plug,
            "unplug": self._unplug,
            "advance": self._advance,
            "console": self._console,
            "stop": self._stop,
        }

    async def _status(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        switches = [self._switch(s.name) for s in self._campus.switches()]
        hosts = self._campus.hosts
        return {
            "pid": self._pid,
            "data_plane": "real" if self._settings.real else "soft",
            "seed": self._settings.seed,
            "topology": self._settings.topology,
            "now": self._campus.now(),
            "lag_s": round(self._lab.pacer.lag_s, 3),
            "inventory": str(self._settings.folder / "inventory"),
            "syslog": str(self._settings.folder / "syslog.log"),
            "sensors": [f"lab:{name}" for name in self._campus.topology.sensors],
            "switches": switches,
            "hosts": len(hosts),
            "hosts_working": sum(host.gateway_answers for host in hosts),
            "incidents": len(self._campus.incidents.active),
            "err_disabled": [
                {"switch": s["name"], "port": port, "cause": cause}
                for s in switches
                for port, cause in s["err_disabled"].items()
            ],
        }

    def _switch(self, name: str) -> dict[str, Any]:
        switch, ports = self._campus.switch(name), self._lab.agents[name].ports
        return {
            "name": name,
            "role": switch.role,
            "area": switch.area,
            "reachable": switch.reachable(),
            "management_ip": switch.management_ip,
            "snmp_port": ports.snmp,
            "ssh_port": ports.ssh,
            "out_of_band_port": ports.out_of_band,
            "ports_up": sum(port.carrier for port in switch.ports()),
            "err_disabled": {p.name: p.err_disabled for p in switch.ports() if p.err_disabled},
        }

    async def _hosts(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        rows = self._campus.status()["hosts"]
        assert isinstance(rows, list)
        return {"hosts": [self._told(row) for row in rows]}

    def _told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A host with what people know of it."""
        switch, interface = row["switch"], row["interface"]
        return {
            **row,
            "connected": row["link"],
            "area": self._campus.switch(switch).area,
            "desk": dict(self._campus.desks(switch)).get(interface),
            "user": made_up_person(row["name"]),
        }

    async def _host(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """One host in full, with the addresses it knows."""
        from netdiag.lab.frames import ip_text, mac_text

        host = self._campus.host(request["host"])
        rows = (await self._hosts({}))["hosts"]
        row = next(r for r in rows if r["name"] == host.name)
        arp = [[ip_text(ip), mac_text(mac)] for ip, (mac, _) in host.stack.arp.items()]
        return {"host": row, "arp": sorted(arp)}

    async def _inject(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        seed = request.get("seed")
        seed = secrets.randbelow(1 << 16) if seed is None else int(seed)
        injected = self._campus.inject(request["kind"], seed, **request.get("options", {}))
        return {"truth": injected.truth}

    async def _revert(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        number = request.get("number")
        chosen = [i for i in self._campus.incidents.active if number in (None, i.number)]
        if number is not None and not chosen:
            raise UsageError(f"there is no incident number {number}")
        for injected in chosen:
            self._campus.revert(injected)
        return {"reverted": [injected.number for injected in chosen]}

    async def _reveal(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "incidents": self._truths(),
            "training": None if self._training is None else self._score(self._training),
        }

    def _truths(self) -> list[dict[str, object]]:
        return [injected.truth for injected in self._campus.incidents.active]

    def _score(self, training: Training) -> dict[str, Any]:
        names = {(s.name, p.if_index): p.name for s in self._campus.switches() for p in s.ports()}
        hosts = self._campus.hosts
        return {
            **training.score(self._campus.now(), names, self._truths()),
            "hosts": len(hosts),
            "hosts_working": sum(host.gateway_answers for host in hosts),
        }

    async def _train(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        training = Training(str(request["name"]), self._campus.now())
        if self._training is None:
            self._campus.subscribe(self._hear)
        self._training = training
        return {}

    def _hear(self, event: SwitchEvent, _delivered: bool) -> None:
        if self._training is not None:
            self._training.hear(event)

    async def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._training is None:
            raise UsageError("nobody trains here: `netdiag lab train KIND` begins")
        switch, port = place = place_of(str(request["text"]))
        if any(place):
            self._campus.switch(switch).port(port)  # a name that is none is no guess
        self._training.answer(self._campus.now(), place)
        return {"right": is_right(switch, port, self._truths())}

    async def _renew(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._campus.host(request["host"]).renew()
        return {}

    async def _ping(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        timeout = min(float(request.get("timeout_s", 1.0)), 30.0)
        ping = self._campus.host(request["host"]).ping(request["ip"], timeout)
        end = self._campus.now() + timeout + 0.1
        while ping.answered is None and self._campus.now() < end:
            await asyncio.sleep(0.005)
        return {"answered": bool(ping.answered), "rtt_s": ping.rtt_s}

    async def _plug(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._campus.cable_station(self._campus.station(request["host"]))
        return {}

    async def _unplug(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._campus.unplug(*self._campus.home(self._campus.station(request["host"]).name))
        return {}

    async def _advance(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        seconds = float(request["seconds"])
        if not 0 <= seconds <= _LONGEST_ADVANCE_S:
            raise UsageError(f"{seconds:g} s: lab time moves on by 0 to {_LONGEST_ADVANCE_S:g} s")
        behind = await self._lab.pacer.advance(seconds)
        return {"now": self._campus.now(), "behind_s": behind}

    async def _console(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        agent = self._lab.agents.get(request["switch"])
        if agent is None:
            raise UsageError(f"there is no switch {request['switch']!r}")
        text, prompt = agent.console(str(request.get("session", "")), request.get("line"))
        return {"text": text, "prompt": prompt}

    async def _stop(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        asyncio.get_running_loop().call_later(0.05, self._lab.over.set)
        return {}


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _settings(arguments: Sequence[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="python -m netdiag.lab.service", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--topology")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ttl", type=float, default=3600.0)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--with-parent", action="store_true")
    parser.add_argument("--fixed-ports", action="store_true")
    parser.add_argument("--out-of-band", action="store_true")
    parser.add_argument("--snmp-version", choices=("2c", "3"), default="2c")
    parser.add_argument("--syslog-to", type=_address)
    parser.add_argument("--traps-to", type=_address)
    parser.add_argument("--behind", type=float, default=0.0)
    given = vars(parser.parse_args(arguments))
    times = {"ttl_s": given.pop("ttl"), "behind_s": given.pop("behind")}
    return Settings(state_file=given.pop("state"), **times, **given)


def _enter_cage() -> Cage:
    from netdiag.lab.kernel import cage

    return cage.enter()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one lab; exit status 0 when it was stopped."""
    settings = _settings(sys.argv[1:] if arguments is None else arguments)
    try:
        asyncio.run(serve(settings, _enter_cage() if settings.real else None))
    except (NetdiagError, OSError) as exc:
        failure = exc if isinstance(exc, NetdiagError) else LabError(str(exc))
        line = {"ok": False, "error": str(failure), "kind": type(failure).__name__}
        print(json.dumps(line), flush=True)  # noqa: T201 - for the client
        return failure.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
