"""A command line behind an SSH channel: a line goes out, and what comes back until the prompt is its answer.

Rules: it waits on the channel and never sleeps; silence for longer than the time-out is
`Unreachable`; an answer is octets until the prompt stands alone at their end.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from netdiag.errors import CollectError, DecodeError, Unreachable
from netdiag.platforms.base import DEFAULT_PROMPT
from netdiag.text import clean, decode_octets

# Windows of the answer's end in which a prompt is sought.
_TAIL = 256
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][0-9A-B]|\x1b[=>78]")
# What wipes a pager: back, blanks, back; by cursor moves or by backspaces.
_WIPES = re.compile(rb"\x1b\[\d+D *\x1b\[\d+D|\x08+ *\x08+")
_CONTROLS = re.compile(r"\r+(?=\n)|\x00")
# Where paging cannot be switched off, or came back: IOS "--More--", VRP "  ---- More ----", Junos
# "---(more 45%)---", ProVision "-- MORE --, next page: Space, …", JetStream "Press any key to continue
# (Q to quit)", ZXR10 "----- more ----- Press Q …", Small Business "More: <space>, …", DxS "CTRL+C ESC q
# Quit SPACE n Next Page ENTER Next Entry a All", EXOS "Press <SPACE> to continue or <Q> to quit:".
_PAGE = (
    rb"(?:<?-{2,}[ (]*[Mm](?:ore|ORE)(?: ?\d+%?)?[) ]*-{2,}>?(?:,? ?(?:next page|Press Q)[^\r\n]{0,80})?"
    rb"|Press any key to continue \(Q to quit\)|More: <space>[^\r\n]{0,80}"
    rb"|CTRL\+C ESC q Quit SPACE n Next Page[^\r\n]{0,80}|Press <SPACE> to continue or <Q> to quit:)"
)
_PAGER = re.compile(_PAGE + rb"[ \x08]*\Z")
_PAGED = re.compile(rb"(?m:^ +)?" + _PAGE + rb" ?|\x08")
# What a device says instead of a prompt when it bears no further login.
_FULL = re.compile(
    rb"(?i)all (?:the )?(?:user interfaces|vtys?|vty lines|lines) (?:are|is) (?:used|busy|in use)"
    rb"|(?:number|maximum) of (?:online )?(?:users?|sessions|vty\w*|connections)[^\r\n]{0,60}"
    rb"(?:limit|maximum|exceed|reach)|too many (?:users|sessions|connections)"
)
_MAX_OCTETS = 64 * 1024 * 1024
_MAX_QUESTIONS = 5
_MOMENT_S, _SHORT_MOMENT_S = 0.3, 0.05
"""How long after what may be the first prompt more of a banner may come; shorter after one bare word."""
# "core-1#", "<HUAWEI>", "admin@sw1:~$", "[admin@rb1] >"; a banner's line that ends like a prompt has more words.
_ONE_WORD = re.compile(rb"[\w.@:/()~\[\]<-]{1,64} ?[>#$\]]+ ?\Z")
# In each pager that `_PAGED` knows there is one of these.
_MAYBE_PAGED = (b"More", b"more", b"ORE", b"Press ", b"CTRL+C ESC", b"\x08")
Questions = Sequence[tuple[re.Pattern[bytes], Callable[[], str]]]
"""What a device may ask instead of a prompt, and what gives the answer."""


class Channel(Protocol):
    """What is used of paramiko's channel."""

    def settimeout(self, timeout: float | None) -> None: ...
    def recv(self, nbytes: int) -> bytes: ...
    def sendall(self, s: bytes) -> None: ...
    def recv_ready(self) -> bool: ...


class Shell:
    """An open command line. `silence_s`: how long a device may say nothing before it counts as hung.

    `prompt`: the shape of a prompt, with one group. `newline`: what ends a line that is sent.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        *,
        silence_s: float,
        prompt: str = DEFAULT_PROMPT,
        questions: Questions = (),
        newline: str = "\n",
    ) -> None:
        self.name = name
        self._channel = channel
        self._silence_s = silence_s
        self._shape = re.compile(prompt.encode())
        self._questions = questions
        self._newline = newline
        self._own = b""
        self.prompt = ""
        self.prompt = self._read(None, "the prompt after login")[1]

    def learn_prompt(self) -> None:
        """From now on only this device's own prompt ends an answer: output may contain `#` and `>`."""
        # IOS shortens a long host name in configuration mode, so its beginning has to do.
        name = re.search(rb"[\w.@-]+", self.prompt.encode())
        # EXOS counts its commands behind the name: "core-1.7 #".
        self._own = re.sub(rb"\.\d+$", b"", name[0])[:16] if name else b""

    def ask(self, line: str, *, stop: re.Pattern[bytes] | None = None, visible: bool = True) -> str:
        """The answer to one line, without its echo and the prompt. `visible`: the line may be named in errors."""
        what = f"'{line}'" if visible else "the answer"
        self._drain()
        self._send(line + self._newline, what)
        # Until the prompt is known: one without the echo before it may be the first one, come late.
        unsure = visible and stop is None and not self._own
        text, self.prompt = self._read(stop, what, echo=line.strip().encode() if unsure else b"")
        first, _, rest = text.partition("\n")
        return rest if line and first.strip().endswith(line.strip()) else text

    def _send(self, text: str, what: str) -> None:
        try:
            self._channel.sendall(text.encode())
        except OSError as exc:
            raise Unreachable(f"{self.name} closed the session before {what}") from exc

    def _drain(self) -> None:
        while self._channel.recv_ready() and self._channel.recv(65536):
            pass

    def _read(
        self, stop: re.Pattern[bytes] | None, what: str, echo: bytes = b""
    ) -> tuple[str, str]:
        """(the text before the prompt or what `stop` matches, and that itself).

        Where `echo` has not come back with it, more may follow.
        """
        octets = bytearray()
        answered = asked = 0
        late = b""
        ends = time.monotonic() + 60 * self._silence_s
        while time.monotonic() < ends and len(octets) < _MAX_OCTETS:
            octets += late or self._receive(what)
            late = b""
            # Nothing that was answered before is looked at again.
            tail = _undrawn(bytes(octets[max(answered, len(octets) - _TAIL) :]))
            match = self._ends(tail, stop)
            if match and stop is None and not self.prompt:
                # The first one: a line of a slow banner may look like it until its rest has come.
                alone = _ONE_WORD.fullmatch(match[match.lastindex or 0].lstrip())
                late = self._settled(_SHORT_MOMENT_S if alone else _MOMENT_S)
            elif match and echo not in octets:
                late = self._settled(_MOMENT_S)
            if match and not late:
                group = match.lastindex or 0
                whole = _undrawn(bytes(octets))
                start = len(whole) - len(tail) + match.start(group)
                return _plain(whole[:start]), decode_octets(match[group])
            reply = None if late else self._reply(tail)
            if reply is not None:
                answered = len(octets)
                asked += reply != " "
                if asked > _MAX_QUESTIONS:
                    raise Unreachable(f"{self.name} asks without end: {_last_line(tail)}")
                self._send(reply, what)
            elif not late and not self._own and _FULL.search(tail):
                raise CollectError(
                    f"{self.name} bears no further login now: {_last_line(tail)}. It was not read; "
                    "try again when somebody has logged out"
                )
        raise Unreachable(f"{self.name} talks without end after {what}")

    def _settled(self, moment_s: float) -> bytes:
        """What else comes within a moment; empty where the device now waits."""
        self._channel.settimeout(min(moment_s, self._silence_s))
        try:
            return self._channel.recv(65536)
        except (TimeoutError, OSError):
            return b""

    def _ends(self, tail: bytes, stop: re.Pattern[bytes] | None) -> re.Match[bytes] | None:
        if stop is not None:
            return stop.search(tail)
        match = self._shape.search(tail)
        if match is None or not match[1].lstrip(b"<[~*! ").startswith(self._own):
            return None
        return match

    def _reply(self, tail: bytes) -> str | None:
        """What to send where the device waits for something other than a command."""
        if _PAGER.search(tail):
            return " "
        for pattern, answer in self._questions:
            if pattern.search(tail):
                return answer() + self._newline
        return None

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


def _undrawn(octets: bytes) -> bytes:
    """Without what moves a terminal's cursor; ProVision begins lines with ESC E."""
    if b"\x1b" not in octets and b"\x08" not in octets:
        return octets
    return _ESCAPES.sub(b"", _WIPES.sub(b"", octets.replace(b"\x1bE", b"\r\n")))


def _plain(octets: bytes) -> str:
    """Line ends as `\\n`, without pagers and what wiped them."""
    if any(word in octets for word in _MAYBE_PAGED):
        octets = _PAGED.sub(b"", octets)
    text = decode_octets(octets)
    # Nearly every device ends a line with one "\r": a tenth of the expression's time.
    text = _CONTROLS.sub("", text) if "\x00" in text else text.replace("\r\n", "\n")
    if "\r" not in text:
        return text
    # A pager is wiped with blanks from the line's start: what was drawn last is what stands there.
    return "\n".join(line.rpartition("\r")[2] for line in _CONTROLS.sub("", text).split("\n"))


def _last_line(octets: bytes) -> str:
    lines = [line.strip() for line in _plain(octets).splitlines() if line.strip()]
    return clean(lines[-1]) if lines else "nothing"


def refuse(
    name: str, line: str, answer: str, refusals: tuple[str, ...], *, lines: int | None = None
) -> None:
    """`DecodeError` where one of the answer's first `lines` lines says that the device refuses `line`."""
    for said in answer.split("\n", lines or -1)[:lines]:
        if any(re.search(pattern, said) for pattern in refusals):
            raise DecodeError(f"{name} refuses '{line}': {clean(said.strip())}")
