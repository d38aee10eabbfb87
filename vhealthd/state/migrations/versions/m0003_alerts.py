"""Alerts that were told, mutes that were set by command, and deliveries that wait for others to join them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "alerts",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("resolved", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_alerts"),
    )
    op.create_index("ix_alerts_resolved", "alerts", ["resolved"])
    op.create_table(
        "mutes",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("mute", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mutes"),
    )
    op.add_column("deliveries", sa.Column("chain", sa.String(255), nullable=True))
    op.add_column("deliveries", sa.Column("collecting", sa.Boolean(), nullable=False, server_default=sa.false()))
