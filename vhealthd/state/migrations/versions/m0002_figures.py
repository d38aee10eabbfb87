"""Runs have figures: the health score, and how full everything was."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of earlier runs nothing is known."""
    op.add_column("runs", sa.Column("figures", sa.JSON(), nullable=False, server_default="{}"))
