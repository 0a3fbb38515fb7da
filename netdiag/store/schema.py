"""The tables, as the newest migration leaves them; a test holds the two together.

Times are whole microseconds since 1970 UTC, so that they sort as numbers. Bodies are JSON of the
model (`files.codec`); columns beside them exist only to be searched by.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

SNAPSHOT = Table(
    "snapshot",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reachable", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("snapshot_device_at", "device", "at"),
    Index("snapshot_at", "at"),
)

# Time first: a poll appends at the end of the tree (three times as fast as device first), and
# pruning cuts off its beginning.
COUNTER = Table(
    "counter",
    METADATA,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String, primary_key=True),
    Column("interface", String, primary_key=True),
    Column("up_time_s", Float),
    Column("discontinuity_s", Float),
    Column("bits", Integer, nullable=False),
    # Unsigned 64 bits are kept as the signed number of the same bits: differences stay right.
    Column("in_octets", BigInteger),
    Column("out_octets", BigInteger),
    Column("in_broadcast_pkts", BigInteger),
    Column("in_multicast_pkts", BigInteger),
    Column("in_broadcast_pps", Float),
    sqlite_with_rowid=False,
)

CAPTURE = Table(
    "capture",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("capture_at", "at"),
)

# How loud each VLAN was in each capture, apart from its body: what is usual is asked at every look.
SEGMENT_LEVEL = Table(
    "segment_level",
    METADATA,
    Column("at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("vlan", Integer),
    Column("median_pps", Float, nullable=False),
    Index("segment_level_at", "at"),
)

# One row for each kind of message of a port and period: `first` and `last` are when it was heard.
LOG_EVENT = Table(
    "log_event",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("device", String),
    Column("event", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("log_event_last", "last"),
    Index("log_event_device", "device", "last"),
)

TICKET = Table(
    "ticket",
    METADATA,
    Column("id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("stage", String, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

TICKET_NUMBER = Table(
    "ticket_number",
    METADATA,
    Column("day", String, primary_key=True),
    Column("last", Integer, nullable=False),
)

ARTICLE = Table(
    "article",
    METADATA,
    Column("id", String, primary_key=True),
    Column("kind", String),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("action_id", Integer, nullable=False),
    Column("ticket", String, nullable=False),
    Column("event", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("journal_ticket", "ticket"),
    Index("journal_action", "action_id"),
)

# One row: what the chain's end must be, so that rows cut off at the end are missed.
JOURNAL_HEAD = Table(
    "journal_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String, nullable=False),
)

# One row for each thing that another system is to be told: written before it is sent.
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("system", String, nullable=False),
    Column("ticket", String, nullable=False),
    Column("key", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("error", Text),
    Column("remote", String),
    Index("outbox_key", "system", "key", unique=True),
    Index("outbox_state", "system", "state"),
)

REMOTE = Table(
    "remote",
    METADATA,
    Column("system", String, primary_key=True),
    Column("ticket", String, primary_key=True),
    Column("remote", String, nullable=False),
)

# What one database remembers of each other system, e.g. up to when its changes were read.
SYNC = Table(
    "sync",
    METADATA,
    Column("system", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
