"""One run on a live wire: heard, and asked, for a while or until somebody stops it.

Rules: once a second what was counted is handed over with the sums so far, also on a silent wire; a
polite kill still gives the totals; whoever started this may say on stdin what evidence to keep.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from netdiag.capture import fast, privilege
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import Record
from netdiag.capture.evidence import Evidence
from netdiag.capture.eyes import DECODES_PER_S, Compiled, Eye, Plain, Said, Sampled
from netdiag.capture.lines import emit
from netdiag.capture.link import ETHERNET
from netdiag.capture.others import Others
from netdiag.capture.probe import (
    FRAMES_PER_S,
    Prober,
    Question,
    arp_questions,
    client_mac,
    own_address,
    questions,
)
from netdiag.capture.session import rehearse
from netdiag.capture.sources import Interface, open_source
from netdiag.errors import CollectError

_TICK_S = 0.25
_LAST_S = 0.1
"""The kernel hands over its last block within this time; a second is closed that much later."""

Ask = Callable[[str], list[Question]]


@dataclass(frozen=True, slots=True)
class Listening:
    """What a run that only listens was told."""

    decapsulate: bool = False
    write: str | None = None
    """A pcapng file for the evidence."""
    room: int = 0
    """Its octets at most."""
    marks: bool = False
    """Lines on stdin say around what to keep frames."""
    plain: bool = False
    """Without the compiled counting path, though it be there."""


def listen(name: str, seconds: float, how: Listening) -> None:
    """Listens on a live wire."""
    evidence = Evidence(how.write, how.room) if how.write is not None else None
    _live(name, seconds, None, how, evidence=evidence)
    if evidence is not None:
        evidence.write()


def probe(
    name: str,
    vlans: Sequence[int | None],
    what: Sequence[str],
    window_s: float,
    *,
    frames_per_s: float = FRAMES_PER_S,
    also: Sequence[str] = (),
) -> None:
    """Asks every VLAN who serves, and listens for `window_s` after the last question.

    `inform` instead of `dhcp` in `what`: in the untagged VLAN by INFORM, from this machine's address.
    `also`: further interfaces of this machine at which loop probes are counted when they come in.
    """
    xid = secrets.randbits(32)
    own = own_address(name) if "inform" in what else None
    kinds = ["dhcp" if kind == "inform" else kind for kind in what]
    _live(
        name,
        window_s,
        lambda mac: questions(mac, vlans, kinds, xid, inform=own),
        frames_per_s=frames_per_s,
        also=also,
    )


def arp_probe(name: str, targets: Sequence[tuple[str, int | None]], window_s: float) -> None:
    """Asks who holds each address."""
    _live(name, window_s, lambda mac: arp_questions(mac, targets))


def _live(
    name: str,
    seconds: float,
    ask: Ask | None,
    how: Listening = Listening(),
    *,
    frames_per_s: float = FRAMES_PER_S,
    evidence: Evidence | None = None,
    also: Sequence[str] = (),
) -> None:
    mac = client_mac(name)
    asked = ask(mac) if ask is not None else []
    analysis = Analysis(
        emit, decodes_per_s=DECODES_PER_S, decapsulate=how.decapsulate, evidence=evidence
    )
    own = bytes.fromhex(mac.replace(":", "")) if asked else None
    wanted = not (asked or how.decapsulate or how.plain)
    compiled = wanted and fast.is_compiled()
    eye = _eye(name, analysis, own, evidence, compiled=compiled, plain=how.decapsulate)
    others = Others(also, mac)
    if wanted and not compiled and seconds >= fast.LONG_S:
        fast.compile_beside()
    privilege.drop()
    now = time.monotonic()
    prober = None
    if asked:
        prober = Prober(asked, mac, seconds, emit, now, frames_per_s=frames_per_s)
        if isinstance(eye, Plain | Sampled):
            eye.hear = _Answers(prober, eye).hear
    marks = _Marks(evidence) if how.marks and evidence is not None else None
    run = _Run(eye, prober, marks, others)
    run.until(prober.end if prober else now + seconds)
    eye.finish()
    others.finish(analysis)
    dropped = eye.state()["dropped"]
    bounds = eye.bounds() + analysis.bounds()
    eye.close()
    analysis.finish(dropped=dropped, bounds=bounds)


def _eye(
    name: str,
    analysis: Analysis,
    own: bytes | None,
    evidence: Evidence | None,
    *,
    compiled: bool,
    plain: bool,
) -> Eye:
    """The best look that this wire and this machine allow."""

    def is_own(record: Record) -> bool:
        return own is not None and record.octets[6:12] == own

    source = open_source(name)  # what is not there or not allowed is said at once
    rehearse()
    if plain or not isinstance(source, Interface) or not _has_ring(source):
        return Plain(source, analysis, is_own)
    source.close()
    if compiled:
        fast.rehearse()
        counter = fast.Counter(analysis, decodes_per_s=DECODES_PER_S, evidence=evidence)
        return Compiled(name, analysis, counter)
    return Sampled(name, analysis, is_own, evidence)


def _has_ring(source: Interface) -> bool:
    return source.ring is not None and source.link_type == ETHERNET


class _Answers:
    """A prober that hears every new message that is not its own."""

    def __init__(self, prober: Prober, eye: Eye) -> None:
        self._prober, self._eye = prober, eye

    def hear(self, record: Record, said: Said) -> None:
        # Of our own only what must not come back is news.
        if said[1].kind == "loop-probe" or not self._prober.sent_by_us(record.octets[6:12]):
            answer = self._prober.hear(*said)
            if answer is not None:
                self._eye.send(answer)


class _Marks:
    """`mark TIME WORDS` on stdin: keep the frames around that moment."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._text, self._open = evidence, b"", True
        os.set_blocking(sys.stdin.fileno(), False)

    def read(self, now: float) -> None:
        """What has been said since the last time."""
        stdin = sys.stdin.fileno()
        while self._open and select.select([stdin], [], [], 0)[0]:
            octets = os.read(stdin, 4096)
            self._open = bool(octets)
            self._text += octets
        *lines, self._text = self._text.split(b"\n")
        for line in lines:
            verb, at, *words = line.decode("utf-8", "replace").split(" ", 2)
            if verb == "mark":
                self._evidence.mark(float(at), " ".join(words), now)
        self._evidence.tick(now)


class _Stop:
    """Set by Ctrl-C or a polite kill: the totals are still written."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True


class _Run:
    """The loop around an eye."""

    def __init__(
        self, eye: Eye, prober: Prober | None, marks: _Marks | None, others: Others
    ) -> None:
        self._eye, self._prober, self._marks, self._others = eye, prober, marks, others
        self._stop = _Stop()
        self._second = 0

    def until(self, end: float) -> None:
        """Until the time is over, somebody stops us, or the wire breaks."""
        try:
            self._loop(end)
            self._eye.look(_LAST_S)
        except CollectError as exc:
            emit({"type": "trouble", "what": self._eye.name, "message": str(exc)})

    def _loop(self, end: float) -> None:
        eye, prober = self._eye, self._prober
        while not self._stop.asked:
            now = time.monotonic()
            if now >= end:
                if prober is None or not prober.extend():
                    return
                end = prober.end
            wait = min(end - now, _TICK_S)
            if prober is not None:
                for question in prober.due(now):
                    prober.sending(question, datetime.now(UTC).timestamp())
                    eye.send(question.frame)
                wait = min(wait, prober.next(now))
            eye.look(wait)
            self._others.look()
            self._tick(datetime.now(UTC).timestamp())

    def _tick(self, now: float) -> None:
        if self._marks is not None:
            self._marks.read(now)
        second = int(now - _LAST_S)
        if second != self._second:
            self._second = second
            self._eye.second(second)
            emit({"type": "state", "t": now, **self._eye.state()})
            sys.stdout.flush()
