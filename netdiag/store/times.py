"""Times as the database keeps them: whole microseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_stored(at: datetime) -> int:
    """Exact: no float on the way."""
    return (at - _EPOCH) // _MICROSECOND


def from_stored(value: int) -> datetime:
    """The other way."""
    return _EPOCH + timedelta(microseconds=value)
