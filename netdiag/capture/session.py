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
from datetime import UTC, datetime

from netdiag.capture import fast, privilege, vendor
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.lines import emit
from netdiag.capture.link import ETHERNET
from netdiag.capture.probe import (
    Prober,
    Question,
    arp_questions,
    client_mac,
    questions,
    samples,
)
from netdiag.capture.sources import Source, open_source
from netdiag.errors import CollectError

_DECODES_PER_S = 2000
"""Of each protocol, on a live wire: the rest is counted as skipped, and said."""
_TICK_S = 0.25

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


def listen(name: str, seconds: float, *, decapsulate: bool = False) -> None:
    """Listens on a live wire."""
    _live(name, seconds, None, decapsulate=decapsulate)


def probe(name: str, vlans: Sequence[int | None], what: Sequence[str], window_s: float) -> None:
    """Asks every VLAN who serves, and listens for `window_s` after the last question."""
    xid = secrets.randbits(32)
    _live(name, window_s, lambda mac: questions(mac, vlans, what, xid))


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


def _live(name: str, seconds: float, ask: Ask | None, *, decapsulate: bool = False) -> None:
    source = open_source(name)
    mac = client_mac(name)
    asked = ask(mac) if ask is not None else []
    _ready()
    analysis = Analysis(emit, decodes_per_s=_DECODES_PER_S, decapsulate=decapsulate)
    stop = _Stop()
    now = time.monotonic()
    prober = Prober(asked, mac, seconds, emit, now) if asked else None
    try:
        _loop(source, analysis, prober, prober.end if prober else now + seconds, stop)
    except CollectError as exc:
        emit({"type": "trouble", "what": name, "message": str(exc)})
    try:
        dropped = source.dropped()
    except OSError:  # the interface is gone
        dropped = None
    source.close()
    analysis.finish(dropped=dropped)


class _Stop:
    """Set by Ctrl-C or a polite kill: the totals are still written."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True


def _loop(
    source: Source, analysis: Analysis, prober: Prober | None, end: float, stop: _Stop
) -> None:
    written = 0
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
                source.send(question.frame)
            wait = min(wait, prober.next(now))
        for record in source.receive(wait):
            _hear(source, analysis, prober, record)
        if int(now) != written:
            written = int(now)
            sys.stdout.flush()


def _hear(source: Source, analysis: Analysis, prober: Prober | None, record: Record) -> None:
    own = prober is not None and prober.sent_by_us(record.octets[6:12])
    if own and record.outgoing:  # the kernel's copy of what we have just sent
        return
    heard = analysis.add(record)
    if heard is None or prober is None or own:
        return
    said, what = heard
    answer = prober.hear(said, what)
    if answer is not None:
        source.send(answer)
