"""Alerts that were told, mutes that were set by command, and deliveries that wait for others to join them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and to deliveries what keeps their order."""
    _alerts()
    _deliveries()


def _alerts() -> None:
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


def _deliveries() -> None:
    op.add_column("deliveries", sa.Column("chain", sa.String(255), nullable=True))
    op.add_column("deliveries", sa.Column("collecting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("deliveries", sa.Column("seq", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_deliveries_sink_chain_state_attempts", "deliveries", ["sink", "chain", "state", "attempts"])
    op.create_index("ix_deliveries_seq", "deliveries", ["seq"])
    _number_deliveries(op.get_bind())


def _number_deliveries(connection: sa.Connection) -> None:
    """Let those that are there come in the order of their creation."""
    names = connection.scalars(sa.text("SELECT id FROM deliveries ORDER BY created, id")).all()
    numbered = [{"id": name, "seq": number} for number, name in enumerate(names, 1)]
    if numbered:
        connection.execute(sa.text("UPDATE deliveries SET seq = :seq WHERE id = :id"), numbered)
