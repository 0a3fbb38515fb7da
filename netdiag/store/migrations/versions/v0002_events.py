"""What devices sent by syslog and trap, alike messages as one row with a count."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The events that `netdiag listen` keeps."""
    op.create_table(
        "log_event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("device", sa.String),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("log_event_last", "log_event", ["last"])
    op.create_index("log_event_device", "log_event", ["device", "last"])
