"""One run over a capture file, and what every run does before it looks at the first octet.

Rules: what was heard is written as it comes, so that an end at any moment loses at most a second;
privileges are dropped between opening the source and looking at the first octet.
"""

from __future__ import annotations

import codecs

from netdiag.capture import fast, privilege, vendor
from netdiag.capture.analysis import Analysis
from netdiag.capture.container import CaptureFile, Record
from netdiag.capture.lines import emit
from netdiag.capture.link import ETHERNET
from netdiag.capture.probe import samples


def read(path: str, *, decapsulate: bool = False) -> None:
    """Analyses a capture file."""
    capture = CaptureFile(path)
    analysis = Analysis(emit, decapsulate=decapsulate)
    counter = None
    if not decapsulate and fast.is_worth(path):
        counter = fast.Counter(analysis)
        capture.skim = fast.Skimmer(counter)
        fast.rehearse()
    rehearse()
    privilege.drop()
    for record in capture:
        analysis.add(record)
    bounds = analysis.bounds()
    if counter is not None:
        counter.finish()
        bounds += counter.bounds()
    analysis.finish(
        truncated=capture.truncated,
        dropped=capture.dropped,
        damage=capture.damage,
        bounds=bounds,
    )


def rehearse() -> None:
    """Everything that must be read from disk is read: without privileges some of it cannot be.

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
