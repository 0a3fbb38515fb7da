"""Files in which a syslog server keeps what the devices sent: their events since some time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from netdiag.decode import syslog
from netdiag.errors import CollectError
from netdiag.model import LogEvent

# Of a long file the end is read: that much holds a day of a large network's messages.
_TAIL_OCTETS = 64 * 1024 * 1024


def read_syslog_files(paths: Iterable[str | Path], since: datetime) -> tuple[LogEvent, ...]:
    """Events of all files since then, in the order of their times; those without a time are kept, first.

    Times without a zone are this machine's own, as RFC 3164 has it. `CollectError` for a file that
    cannot be read.
    """
    now = datetime.now(UTC).astimezone()
    events = [
        event
        for path in paths
        for event in syslog.parse(_tail(Path(path).expanduser()), at=now)
        if event.at is None or event.at >= since
    ]
    return tuple(sorted(_in_utc(events), key=lambda e: (e.at is not None, e.at or since)))


def _in_utc(events: Iterable[LogEvent]) -> Iterator[LogEvent]:
    from dataclasses import replace

    for event in events:
        yield event if event.at is None else replace(event, at=event.at.astimezone(UTC))


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_OCTETS))
            octets = file.read(_TAIL_OCTETS)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise CollectError(f"the syslog file {path} cannot be read: {reason}") from exc
    return octets.decode("utf-8", errors="replace")
