"""How loud each VLAN was in each capture."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row a capture, kind and VLAN."""
    op.create_table(
        "segment_level",
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("vlan", sa.Integer),
        sa.Column("median_pps", sa.Float, nullable=False),
    )
    op.create_index("segment_level_at", "segment_level", ["at"])
