"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Snapshots, counters, captures, tickets, articles, and the append-only journal."""
    _observations()
    _paper()
    _journal()


def _observations() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reachable", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("snapshot_device_at", "snapshot", ["device", "at"])
    op.create_index("snapshot_at", "snapshot", ["at"])
    op.create_table(
        "counter",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("interface", sa.String, primary_key=True),
        sa.Column("up_time_s", sa.Float),
        sa.Column("discontinuity_s", sa.Float),
        sa.Column("bits", sa.Integer, nullable=False),
        sa.Column("in_octets", sa.BigInteger),
        sa.Column("out_octets", sa.BigInteger),
        sa.Column("in_broadcast_pkts", sa.BigInteger),
        sa.Column("in_multicast_pkts", sa.BigInteger),
        sa.Column("in_broadcast_pps", sa.Float),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "capture",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("capture_at", "capture", ["at"])


def _paper() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "ticket_number",
        sa.Column("day", sa.String, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "article",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("action_id", sa.Integer, nullable=False),
        sa.Column("ticket", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("journal_ticket", "journal", ["ticket"])
    op.create_index("journal_action", "journal", ["action_id"])
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal"
            " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
