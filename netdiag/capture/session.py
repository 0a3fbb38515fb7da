"""One run: a file read to its end, or a live wire heard (and asked) for a while.

Rules: what was heard is written as it comes, so that an end at any moment loses at most a second;
privileges are dropped between opening the source and looking at the first octet.
"""

from __future__ import annotations

import codecs
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from netdiag.capture import fast, privilege, vendor
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.evidence import Evidence
from netdiag.capture.lines import emit
from netdiag.capture.link import ETHERNET
from netdiag.capture.probe import (
    FRAMES_PER_S,
    Prober,
    Question,
    arp_questions,
    client_mac,
    questions,
    samples,
)
from netdiag.capture.sources import Interface, Source, open_source
from netdiag.errors import CollectError

_DECODES_PER_S = 2000
"""Of each protocol, on a live wire: the rest is counted as skipped, and said."""
_TICK_S = 0.25
_LAST_S = 0.1
"""The kernel hands over its last block within this time."""

Ask = Callable[[str], list[Question]]


def read(path: str, *, decapsulate: bool = False) -> None:
    """Analyses a capture file."""
    capture = CaptureFile(path)
    analysis = Analysis(emit, decapsulate=decapsulate)
    counter = None
    if not decapsulate and fast.is_worth(path):
        counter = fast.Counter(analysis)
        capture.skim = fast.Skimmer(counter)
        fast.rehearse()
    _ready()
    for record in capture:
        analysis.add(record)
    if counter is not None:
        counter.finish()
    analysis.finish(truncated=capture.truncated, dropped=capture.dropped, damage=capture.damage)


def listen(
    name: str,
    seconds: float,
    *,
    decapsulate: bool = False,
    write: str | None = None,
    room: int = 0,
) -> None:
    """Listens on a live wire; `write` names a pcapng file of at most `room` octets of evidence."""
    evidence = Evidence(write, room) if write is not None else None
    _live(name, seconds, None, decapsulate=decapsulate, evidence=evidence)
    if evidence is not None:
        evidence.write()


def probe(
    name: str,
    vlans: Sequence[int | None],
    what: Sequence[str],
    window_s: float,
    *,
    frames_per_s: float = FRAMES_PER_S,
) -> None:
    """Asks every VLAN who serves, and listens for `window_s` after the last question."""
    xid = secrets.randbits(32)
    _live(name, window_s, lambda mac: questions(mac, vlans, what, xid), frames_per_s=frames_per_s)


def arp_probe(name: str, targets: Sequence[tuple[str, int | None]], window_s: float) -> None:
    """Asks who holds each address."""
    _live(name, window_s, lambda mac: arp_questions(mac, targets))


def _ready() -> None:
    """Everything that must be read from disk is read; then no privilege is needed any more.

    Python and scapy import bits and encodings only when first used, and nobody may not read the
    folder that they are in: so one of each message is built and decoded beforehand.
    """
    for encoding in ("ascii", "latin-1", "utf-8", "gbk"):
        codecs.lookup(encoding)
    rehearsal = Analysis(lambda _line: None)
    for frame in samples():
        rehearsal.add(Record(0.0, ETHERNET, len(frame), frame))
    rehearsal.finish()
    assert rehearsal.malformed == 0
    vendor.preload()
    privilege.drop()


def _live(
    name: str,
    seconds: float,
    ask: Ask | None,
    *,
    decapsulate: bool = False,
    frames_per_s: float = FRAMES_PER_S,
    evidence: Evidence | None = None,
) -> None:
    quick = ask is None and not decapsulate and not name.startswith("lab:")
    quick = quick and fast.is_worth_live(seconds)
    if quick:
        fast.rehearse()
    source = open_source(name)
    mac = client_mac(name)
    asked = ask(mac) if ask is not None else []
    _ready()
    counter = None
    if quick and isinstance(source, Interface) and source.ring and source.link_type == ETHERNET:
        analysis = Analysis(emit, evidence=evidence)
        counter = fast.Counter(analysis, decodes_per_s=_DECODES_PER_S, evidence=evidence)
    else:
        analysis = Analysis(
            emit, decodes_per_s=_DECODES_PER_S, decapsulate=decapsulate, evidence=evidence
        )
    now = time.monotonic()
    prober = None
    if asked:
        prober = Prober(asked, mac, seconds, emit, now, frames_per_s=frames_per_s)
    _hear_all(_Wire(source, analysis, prober, counter), now + seconds)
    if counter is not None:
        counter.finish()
    try:
        dropped = source.dropped()
    except OSError:  # the interface is gone
        dropped = None
    source.close()
    analysis.finish(dropped=dropped)


def _hear_all(wire: _Wire, end: float) -> None:
    """Until the time is over, somebody stops us, or the wire breaks."""
    stop = _Stop()
    try:
        _loop(wire, wire.prober.end if wire.prober else end, stop)
        wire.hear(_LAST_S)
    except CollectError as exc:
        emit({"type": "trouble", "what": wire.source.name, "message": str(exc)})


class _Stop:
    """Set by Ctrl-C or a polite kill: the totals are still written."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True


@dataclass(frozen=True, slots=True)
class _Wire:
    """A live source and who looks at its frames."""

    source: Source
    analysis: Analysis
    prober: Prober | None
    counter: fast.Counter | None

    def hear(self, wait_s: float) -> None:
        """What has come in, after waiting at most that long."""
        if self.counter is not None and isinstance(self.source, Interface):
            self.source.count(self.counter, wait_s)
            return
        for record in self.source.receive(wait_s):
            self._frame(record)

    def _frame(self, record: Record) -> None:
        prober = self.prober
        own = prober is not None and prober.sent_by_us(record.octets[6:12])
        if own and record.outgoing:  # the kernel's copy of what we have just sent
            return
        heard = self.analysis.add(record)
        if heard is None or prober is None or own:
            return
        answer = prober.hear(*heard)
        if answer is not None:
            self.source.send(answer)


def _loop(wire: _Wire, end: float, stop: _Stop) -> None:
    written, prober = 0, wire.prober
    while not stop.asked:
        now = time.monotonic()
        if now >= end:
            if prober is None or not prober.extend():
                return
            end = prober.end
        wait = min(end - now, _TICK_S)
        if prober is not None:
            for question in prober.due(now):
                prober.sending(question, datetime.now(UTC).timestamp())
                wire.source.send(question.frame)
            wait = min(wait, prober.next(now))
        wire.hear(wait)
        if int(now) != written:
            written = int(now)
            sys.stdout.flush()
