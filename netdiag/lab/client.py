"""Starts, finds and commands a running practice network.

Its state file is `$NETDIAG_LAB`, else `lab.json` in the user's state folder; a lab started with
`state_dir` has its own there. JSON, mode 0600: pid, control (host, port), token, inventory, syslog.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netdiag import errors
from netdiag.errors import LabError, NetdiagError, UsageError

START_S = 60.0
_START_REAL_S = 240.0
"""A hundred namespaces' worth of kernel work, on a machine that others use too."""
_ANSWER_S = 120.0


def state_file(state_dir: Path | None = None) -> Path:
    """Where a lab says how to reach it."""
    if state_dir is not None:
        return state_dir / "lab.json"
    named = os.environ.get("NETDIAG_LAB")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_state_path("netdiag") / "lab.json"


def start(
    topology: str | None = None,
    seed: int = 0,
    state_dir: Path | None = None,
    *,
    detached: bool = False,
    ttl_s: float = 3600.0,
    fixed_ports: bool = False,
    out_of_band: bool = False,
    snmp_version: str = "2c",
    syslog_to: tuple[str, int] | None = None,
    traps_to: tuple[str, int] | None = None,
    behind_s: float = 0.0,
    real: bool = False,
) -> Lab:
    """Brings a lab up and waits until it answers. Unless `detached`, it dies with this process.

    `behind_s`: its time of day starts so far in the past, and `advance` lets it catch up: what takes
    minutes then takes moments, each message with its own time. `LabError` when one runs there already or does not come up; errors of the topology file as they are.
    """
    file = state_file(state_dir).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    if _running(file):
        raise LabError(
            f"a practice network is running already ({file}): `netdiag lab down` ends it"
        )
    line = [sys.executable, "-m", "netdiag.lab.service", "--state", str(file)]
    line += ["--seed", str(seed), "--ttl", str(ttl_s), "--snmp-version", snmp_version]
    line += ["--behind", str(behind_s)] if behind_s else []
    line += ["--topology", _topology(topology)] if topology else []
    flags = {
        "real": real,
        "with-parent": not detached,
        "fixed-ports": fixed_ports,
        "out-of-band": out_of_band,
    }
    line += [f"--{name}" for name, on in flags.items() if on]
    for name, address in (("syslog-to", syslog_to), ("traps-to", traps_to)):
        line += [f"--{name}", f"{address[0]}:{address[1]}"] if address else []
    process = _spawn(line, file, detached=detached)
    _wait_ready(process, file, _START_REAL_S if real else START_S)
    return Lab(file, _read(file), process)


def _topology(named: str) -> str:
    """A file as its absolute path, because the lab may run elsewhere; a packaged name as it is."""
    path = Path(named)
    return str(path.absolute()) if path.suffix or path.exists() else named


def connect(state_dir: Path | None = None) -> Lab:
    """The lab that runs; `UsageError` where none does."""
    file = state_file(state_dir)
    if not _running(file):
        raise UsageError("no practice network is running: `netdiag lab up` starts one")
    return Lab(file, _read(file))


def _spawn(line: Sequence[str], file: Path, *, detached: bool) -> subprocess.Popen[bytes]:
    log = file.with_suffix(".err")
    with log.open("wb") as errors_to:
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors_to,
            start_new_session=detached,
        )


def _wait_ready(process: subprocess.Popen[bytes], file: Path, longest_s: float) -> None:
    out = process.stdout
    assert out is not None
    # A thread, because a pipe cannot be waited for with a time limit on every system.
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(out.readline()), daemon=True)
    reader.start()
    reader.join(longest_s)
    line = lines[0] if lines else b""
    if line:
        answer = json.loads(line)
        if answer["ok"]:
            out.close()
            return
        process.wait(10)
        raise _error(answer)
    process.kill()
    process.wait(10)
    said = file.with_suffix(".err").read_text(encoding="utf-8", errors="replace").strip()
    last = said.splitlines()[-1] if said else f"nothing within {longest_s:g} s"
    raise LabError(f"the practice network did not come up: {last} (see {file.with_suffix('.err')})")


def _read(file: Path) -> dict[str, Any]:
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise LabError(f"the state file {file} cannot be read: {exc}") from exc
    if not isinstance(state, dict) or not {"control", "token", "inventory"} <= state.keys():
        raise LabError(f"the state file {file} is not a lab's")
    return state


def _running(file: Path) -> bool:
    """A state file that somebody still answers for; what a killed lab left behind does not count."""
    if not file.exists():
        return False
    with suppress(LabError, OSError), _connection(_read(file), 2.0):
        return True
    return False


@contextmanager
def _connection(state: Mapping[str, Any], timeout_s: float) -> Iterator[socket.socket]:
    host, port = state["control"]
    with socket.create_connection((host, int(port)), timeout=timeout_s) as sock:
        yield sock


def _error(answer: Mapping[str, Any]) -> NetdiagError:
    """The error as it was raised in the lab, of the same class where it takes one text."""
    kind = getattr(errors, str(answer.get("kind")), LabError)
    text = str(answer.get("error"))
    if kind is errors.FileFormatError or not issubclass(kind, NetdiagError):
        return UsageError(text) if kind is errors.FileFormatError else LabError(text)
    found: NetdiagError = kind(text)
    return found


@dataclass(slots=True)
class Lab:
    """A running practice network."""

    state_file: Path
    _state: Mapping[str, Any] = field(repr=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def inventory(self) -> Path:
        """The folder with its Nornir files."""
        return Path(self._state["inventory"])

    @property
    def syslog_file(self) -> Path:
        """What reached the operations centre."""
        return Path(self._state["syslog"])

    @property
    def real(self) -> bool:
        """It runs on the kernel's bridges."""
        return "inner_pid" in self._state

    @property
    def pid(self) -> int:
        """The process that runs it."""
        return int(self._state["pid"])

    def status(self) -> dict[str, Any]:
        """switches, hosts, err_disabled, lag_s and more, in plain values."""
        return self._do("status")

    def hosts(self) -> list[dict[str, Any]]:
        """The PCs: name, mac, switch, interface, connected, ip, gateway, area, desk, user."""
        found: list[dict[str, Any]] = self._do("hosts")["hosts"]
        return found

    def host(self, name: str) -> dict[str, Any]:
        """`host` as in `hosts`, and `arp`: (ip, mac) pairs."""
        return self._do("host", host=name)

    def inject(self, kind: str, seed: int | None = None, **options: Any) -> dict[str, Any]:
        """Makes something go wrong; the truth of it: kind, kinds, device, interface, interfaces, mac…"""
        truth: dict[str, Any] = self._do("inject", kind=kind, seed=seed, options=options)["truth"]
        return truth

    def revert(self, number: int | None = None) -> list[int]:
        """Takes one incident's cause away, or all; the numbers of those it took."""
        numbers: list[int] = self._do("revert", number=number)["reverted"]
        return numbers

    def reveal(self) -> list[dict[str, Any]]:
        """The truth of every incident that is there now."""
        truths: list[dict[str, Any]] = self._do("reveal")["incidents"]
        return truths

    def train(self, name: str) -> None:
        """From now on an engineer's time runs, and what is shut or answered counts as a try."""
        self._do("train", name=name)

    def answer(self, text: str) -> bool:
        """The engineer's guess, `acc-2 Gi1/0/6` or `none`: whether it is right. It counts as a try."""
        return bool(self._do("answer", text=text)["right"])

    def training(self) -> dict[str, Any] | None:
        """The score so far; `None` where nobody trains."""
        found: dict[str, Any] | None = self._do("reveal")["training"]
        return found

    def renew(self, host: str) -> None:
        """Its user asks for a lease anew."""
        self._do("renew", host=host)

    def ping(self, host: str, ip: str, timeout_s: float = 1.0) -> bool:
        """One echo request from a host."""
        return bool(self._do("ping", host=host, ip=ip, timeout_s=timeout_s)["answered"])

    def plug(self, host: str) -> None:
        """Plugs a station into its own wall socket."""
        self._do("plug", host=host)

    def unplug(self, host: str) -> None:
        """Pulls out what is in the station's wall socket."""
        self._do("unplug", host=host)

    def advance(self, seconds: float) -> float:
        """Moves lab time on, faster than the clock on the wall; how far it is still behind that."""
        return float(self._do("advance", seconds=seconds)["behind_s"])

    def console(self, switch: str, line: str | None = None, session: str = "") -> tuple[str, str]:
        """(what a line prints, the prompt after it) on a switch's console, which needs no network.

        A session keeps its mode from line to line; an empty prompt means that it was left.
        """
        answer = self._do("console", switch=switch, line=line, session=session)
        return str(answer["text"]), str(answer["prompt"])

    def inside(self, node: str, command: Sequence[str]) -> list[str]:
        """The command line that runs a command inside a node of a lab on the real data plane.

        As the user who started the lab, or root. `UsageError` for a simulated one.
        """
        pid = self._state.get("inner_pid")
        if pid is None:
            raise UsageError(
                "this practice network is simulated, no program can run inside:"
                f" `netdiag lab shell {node}` sits down there, `netdiag lab up --real` has real ones"
            )
        net = Path(f"/proc/{pid}/root/run/netns") / node
        known = sorted(path.name for path in net.parent.iterdir())
        if node not in known:
            raise UsageError(f"the practice network has no {node!r}: {', '.join(known)}")
        user = ["-U", "--preserve-credentials"] if self._state.get("user_namespace") else []
        return ["nsenter", "-t", str(pid), *user, "-m", "-p", f"--net={net}", "--", *command]

    def tap_address(self, node: str) -> tuple[str, int, str]:
        """(host, port, token) of a sensor's wire; the protocol is `lab.control`'s."""
        del node  # one socket serves all: the node is named in the first line
        host, port = self._state["control"]
        return host, int(port), str(self._state["token"])

    def stop(self) -> None:
        """Ends it and waits until it is gone."""
        with suppress(LabError):
            self._do("stop")
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        else:
            self._wait_gone()

    def _wait_gone(self) -> None:
        import time

        end = time.monotonic() + 10
        while self.state_file.exists() and _running(self.state_file) and time.monotonic() < end:
            time.sleep(0.05)

    def _do(self, operation: str, **arguments: Any) -> dict[str, Any]:
        request = {"token": self._state["token"], "do": operation, **arguments}
        try:
            with _connection(self._state, _ANSWER_S) as sock, sock.makefile("rwb") as stream:
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
                line = stream.readline()
        except OSError as exc:
            raise LabError(f"the practice network does not answer: {exc}") from exc
        if not line:
            raise LabError("the practice network ended in the middle of an answer")
        answer: dict[str, Any] = json.loads(line)
        if not answer.pop("ok"):
            raise _error(answer)
        return answer
