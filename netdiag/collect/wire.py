"""Drives the capture process: files, live wires and probes -> `Capture`.

Rules: this program never sees a raw frame; the process is given its time and a little more, then
killed, and what it had said by then is kept. Its errors come back as ours: CaptureDenied,
UsageError, FileFormatError, Unreachable.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

import netdiag
from netdiag import errors
from netdiag.decode import frames
from netdiag.errors import CaptureDenied, CollectError, FileFormatError, NetdiagError, UsageError
from netdiag.model import Capture, SourceError
from netdiag.text import clean

_START_S = 60.0
"""Time to start Python and scapy on a slow machine, to compile once, and to write the rest."""
_FILE_S = 3600.0
_MAX_VLANS = 4094
_MAX_RATE = 10_000


Watch = Callable[[frames.Reader], Iterable[tuple[datetime, str]]]
"""Told once a second what is known; (moment, words) of what evidence is to be kept."""


def read(path: str, *, rates: bool = False, decapsulate: bool = False) -> Capture:
    """What a pcap or pcapng file shows; one that ends in mid-packet is data (`truncated`).

    `-` is the standard input. `decapsulate`: the frames inside VXLAN, GRE and ERSPAN count.

    :raises FileFormatError: for a file that is no capture.
    :raises UsageError: for one that is not there or cannot be opened.
    """
    return _run(["read", *_flags(decapsulate), "--", path], path, _FILE_S, rates=rates)


def listen(
    source: str,
    seconds: float | None,
    *,
    rates: bool = False,
    decapsulate: bool = False,
    write: str | None = None,
    room: int = 16 * 1024 * 1024,
    watch: Watch | None = None,
) -> Capture:
    """What is heard on an interface, or on `lab:NODE`, in that time (`None`: until Ctrl-C).

    `write` names a pcapng file for the frames behind the findings, of at most `room` octets.
    `watch` is called once a second with what is known; around the moments that it gives back the
    frames are kept.

    :raises CaptureDenied: without the permission; the message has the command that grants it.
    """
    if seconds is not None and not 0 < seconds < 1e7:
        raise UsageError(f"cannot listen for {seconds:g} seconds")
    longest = math.inf if seconds is None else seconds + _START_S
    arguments = ["listen", f"--seconds={seconds or math.inf:g}", *_flags(decapsulate)]
    if write is not None:
        arguments += [f"--write={write}", f"--room={room}", "--marks"]
    return _run([*arguments, "--", source], source, longest, rates=rates, watch=watch)


def _flags(decapsulate: bool) -> list[str]:
    return ["--decapsulate"] if decapsulate else []


def probe(
    source: str,
    *,
    vlans: Sequence[int | None] = (None,),
    window_s: float = 2.0,
    what: Sequence[str] = ("dhcp", "dhcp6", "ra"),
    frames_per_s: float = 250.0,
    also: Sequence[str] = (),
) -> Capture:
    """Who answers a DHCPDISCOVER, a SOLICIT, a router solicitation in each VLAN (`None`: untagged).

    `loop` among `what`: a frame that must not come back (`loop_probes`), nor come in twice at the
    interfaces `also`. Nothing is leased: no REQUEST is ever sent. The window counts from the last question.
    """
    wanted = list(dict.fromkeys(vlans))
    if not wanted or not what or len(wanted) > _MAX_VLANS:
        raise UsageError("a probe needs at least one VLAN and something to ask for")
    if not 1 <= frames_per_s <= _MAX_RATE:
        raise UsageError(f"a probe sends 1 to {_MAX_RATE} frames a second, not {frames_per_s:g}")
    tags = ",".join("-" if vlan is None else str(vlan) for vlan in wanted)
    longest = window_s + 2 * len(wanted) * len(what) / frames_per_s + _START_S
    arguments = [f"--vlans={tags}", f"--what={','.join(what)}", f"--window={window_s:g}"]
    arguments += [f"--rate={frames_per_s:g}", f"--also={','.join(also)}"]
    return _run(["probe", *arguments, "--", source], source, longest)


def arp_probe(
    source: str, targets: Sequence[tuple[str, int | None]], window_s: float = 1.0
) -> Capture:
    """Who holds each (IP, VLAN): the answers are the capture's `stations` and `arp_conflicts`."""
    if not targets:
        raise UsageError("an ARP probe needs at least one address")
    asked = ",".join(ip if vlan is None else f"{ip}@{vlan}" for ip, vlan in dict.fromkeys(targets))
    longest = window_s + len(targets) / 100 + _START_S
    arguments = [f"--targets={asked}", f"--window={window_s:g}"]
    return _run(["arp", *arguments, "--", source], source, longest)


def vendors(macs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(MAC, maker) of those whose address block is registered: the table is scapy's, so it stays there."""
    if not macs:
        return ()
    line = [sys.executable, "-P", "-m", "netdiag.capture", "vendor", ",".join(dict.fromkeys(macs))]
    try:
        done = subprocess.run(
            line, capture_output=True, env=_environment(), timeout=_START_S, check=True
        )
        found: dict[str, str | None] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()  # a maker's name is a help, never a condition
    return tuple((mac, maker) for mac, maker in found.items() if maker)


def _run(
    arguments: list[str],
    source: str,
    longest_s: float,
    *,
    rates: bool = False,
    watch: Watch | None = None,
) -> Capture:
    """Starts the process, decodes its lines as they come, ends it when its time is over."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "netdiag.capture", *arguments],
                stdin=_stdin(arguments),
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=_environment(),
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C is ours: it ends the listening, not the answer
            )
        except OSError as exc:
            raise CaptureDenied(
                f"the capture process cannot be started: {sys.executable}: {exc.strerror or exc}"
            ) from exc
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        guard = threading.Timer(min(longest_s, threading.TIMEOUT_MAX), end)
        guard.daemon = True
        guard.start()
        try:
            with _politely(process):
                capture = _read(process, source, rates=rates, watch=watch)
                status = process.wait()
        finally:
            guard.cancel()
            process.kill()
            process.wait()
        complaints.seek(0)
        return _ended(capture, status, complaints, late=late.is_set(), longest_s=longest_s)


def _stdin(arguments: list[str]) -> int | None:
    """A capture from a pipe comes over our own; marks for the evidence over one to the process."""
    if arguments[-1] == "-":
        return None
    return subprocess.PIPE if "--marks" in arguments else subprocess.DEVNULL


def _read(
    process: subprocess.Popen[str], source: str, *, rates: bool, watch: Watch | None
) -> Capture:
    """Every line as it comes; who watches is asked once a second."""
    assert process.stdout is not None
    reader = frames.Reader(source, rates=rates)
    states = 0
    for line in process.stdout:
        reader.read(line)
        if watch is not None and reader.states > states:
            states = reader.states
            for at, words in watch(reader):
                _mark(process, at, words)
    return reader.capture()


def _mark(process: subprocess.Popen[str], at: datetime, words: str) -> None:
    """Asks for the frames around a moment; a process that is gone keeps nothing more."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.write(f"mark {at.timestamp():.3f} {clean(words)}\n")
            process.stdin.flush()


@contextlib.contextmanager
def _politely(process: subprocess.Popen[str]) -> Iterator[None]:
    """Ctrl-C and a polite kill end the capture, whose totals still come; the second one ends us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        process.terminate()

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _environment() -> dict[str, str]:
    """Ours, with the folder of this very netdiag in front: the child must be the same version."""
    folder = str(Path(netdiag.__file__).parent.parent)
    others = os.environ.get("PYTHONPATH")
    program = shutil.which(sys.argv[0]) or sys.argv[0]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((folder, others) if others else (folder,)),
        # For the message that says how to get the permission: as it was typed.
        "NETDIAG_COMMAND": shlex.join((program, *sys.argv[1:])),
    }


def _ended(
    capture: Capture, status: int, complaints: IO[str], *, late: bool, longest_s: float
) -> Capture:
    """The capture as it is, or the error that the process died of."""
    said = complaints.read()
    if late:
        return _with_error(capture, f"the capture process was ended after {longest_s:.0f} s")
    if status == 0:
        return capture
    error = _error(said)
    if error is not None:
        raise error
    why = said.strip().splitlines()[-1:] or [f"status {status}"]
    if capture.packets or capture.probes_sent:
        return _with_error(capture, f"the capture process failed: {why[0]}")
    raise CollectError(f"the capture process failed: {why[0]}")


def _with_error(capture: Capture, message: str) -> Capture:
    from dataclasses import replace

    return replace(capture, errors=(*capture.errors, SourceError("capture", "process", message)))


def _error(said: str) -> NetdiagError | None:
    """The error object on the process's stderr, as one of ours."""
    for line in said.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if not isinstance(found, dict) or "error" not in found:
            continue
        message = str(found.get("message"))
        if found["error"] == "FileFormatError":
            return FileFormatError(message, file=str(found.get("file")))
        kind = getattr(errors, str(found["error"]), None)
        if isinstance(kind, type) and issubclass(kind, NetdiagError):
            return kind(message)
    return None
