"""A command line behind an SSH channel: a line goes out, and what comes back until the prompt is its answer.

Rules: it waits on the channel and never sleeps; silence for longer than the time-out is
`Unreachable`; an answer is octets until the prompt stands alone at their end.
"""

from __future__ import annotations

import re
import time
from typing import Protocol

from netdiag.errors import DecodeError, Unreachable
from netdiag.text import clean, decode_octets

# As "acc-1#", "acc-1>", "acc-1(config-if)#", "RP/0/RP0/CPU0:xr#"
_ANY_PROMPT = re.compile(rb"(?:^|[\r\n])([^\s>#][^\r\n>#]{0,100}[>#]) ?\Z")
# Windows of the answer's end in which a prompt is sought.
_TAIL = 256
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][0-9A-B]|\r+(?=\n)|\x00")
_PAGER = re.compile(rb"\x08|--More--")
_MAX_OCTETS = 64 * 1024 * 1024


class Channel(Protocol):
    """What is used of paramiko's channel."""

    def settimeout(self, timeout: float | None) -> None: ...
    def recv(self, nbytes: int) -> bytes: ...
    def sendall(self, s: bytes) -> None: ...
    def recv_ready(self) -> bool: ...


class Shell:
    """An open command line. `silence_s`: how long a device may say nothing before it counts as hung."""

    def __init__(self, name: str, channel: Channel, *, silence_s: float) -> None:
        self.name = name
        self._channel = channel
        self._silence_s = silence_s
        self._prompt = _ANY_PROMPT
        self.prompt = self._read(_ANY_PROMPT, "the prompt after login")[1]

    def learn_prompt(self) -> None:
        """From now on only this device's own prompt ends an answer: output may contain `#` and `>`."""
        # IOS shortens a long host name in configuration mode, so its beginning has to do.
        base = re.escape(self.prompt.rstrip("#>").split("(")[0][:16].encode())
        self._prompt = re.compile(rb"(?:^|[\r\n])(" + base + rb"[^\r\n#>]{0,100}[>#]) ?\Z")

    def ask(self, line: str, *, stop: re.Pattern[bytes] | None = None, visible: bool = True) -> str:
        """The answer to one line, without its echo and the prompt. `visible`: the line may be named in errors."""
        what = f"'{line}'" if visible else "the answer"
        self._drain()
        try:
            self._channel.sendall(line.encode() + b"\n")
        except OSError as exc:
            raise Unreachable(f"{self.name} closed the session before {what}") from exc
        text, self.prompt = self._read(stop or self._prompt, what)
        first, _, rest = text.partition("\n")
        return rest if line and first.strip().endswith(line.strip()) else text

    def _drain(self) -> None:
        while self._channel.recv_ready() and self._channel.recv(65536):
            pass

    def _read(self, until: re.Pattern[bytes], what: str) -> tuple[str, str]:
        """(the text before what `until` matched, what it matched)."""
        octets = bytearray()
        ends = time.monotonic() + 60 * self._silence_s
        while time.monotonic() < ends and len(octets) < _MAX_OCTETS:
            octets += self._receive(what)
            tail = bytes(octets[-_TAIL:])
            match = until.search(tail)
            if match:
                start = len(octets) - len(tail) + match.start(match.lastindex or 0)
                prompt = decode_octets(match[match.lastindex or 0])
                return _plain(bytes(octets[:start])), prompt
        raise Unreachable(f"{self.name} talks without end after {what}")

    def _receive(self, what: str) -> bytes:
        self._channel.settimeout(self._silence_s)
        try:
            octets = self._channel.recv(65536)
        except TimeoutError as exc:
            raise Unreachable(
                f"{self.name} hangs: {self._silence_s:g} s of silence while waiting for {what}"
            ) from exc
        except OSError as exc:
            raise Unreachable(
                f"{self.name} broke the session off while waiting for {what}"
            ) from exc
        if not octets:
            raise Unreachable(f"{self.name} closed the session while waiting for {what}")
        return octets


def _plain(octets: bytes) -> str:
    """Line ends as `\\n`, without what draws on a terminal."""
    return _CONTROLS.sub("", decode_octets(_PAGER.sub(b"", octets)))


def refuse(
    name: str, line: str, answer: str, refusals: tuple[str, ...], *, lines: int | None = None
) -> None:
    """`DecodeError` where one of the answer's first `lines` lines says that the device refuses `line`."""
    for said in answer.split("\n", lines or -1)[:lines]:
        if any(re.search(pattern, said) for pattern in refusals):
            raise DecodeError(f"{name} refuses '{line}': {clean(said.strip())}")
