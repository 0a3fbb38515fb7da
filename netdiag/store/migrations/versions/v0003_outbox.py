"""What other ticket systems are to be told, and what is known of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The outbox, the tickets' names in other systems, and how far each was read."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", sa.String, nullable=False),
        sa.Column("ticket", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("remote", sa.String),
    )
    op.create_index("outbox_key", "outbox", ["system", "key"], unique=True)
    op.create_index("outbox_state", "outbox", ["system", "state"])
    op.create_table(
        "remote",
        sa.Column("system", sa.String, primary_key=True),
        sa.Column("ticket", sa.String, primary_key=True),
        sa.Column("remote", sa.String, nullable=False),
    )
    op.create_table(
        "sync",
        sa.Column("system", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
