"""The first schema: runs with their reports and results, the life of findings, readings, deliveries, marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=nullable)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _of_run(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["runs.id"], f"fk_{table}_run_id", ondelete="CASCADE")


def upgrade() -> None:
    """Make all tables."""
    _runs()
    _findings()
    _readings()
    _deliveries()
    op.create_table("marks", _text("name", 40), _moment("at"), sa.PrimaryKeyConstraint("name", name="pk_marks"))


def _runs() -> None:
    op.create_table(
        "runs",
        _text("id", 64),
        _text("trigger", 20),
        _text("state", 20),
        _moment("asked"),
        _moment("due", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("started", nullable=True),
        _moment("finished", nullable=True),
        _moment("settled", nullable=True),
        _text("why", nullable=True),
        _text("tool_version", 40, nullable=True),
        _text("config_sha256", 64, nullable=True),
        _json("vcenters"),
        _json("outcomes"),
        _json("findings"),
        _json("files"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "reports",
        _text("run_id", 64),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_reports"),
        _of_run("reports"),
    )
    op.create_table(
        "results",
        _text("run_id", 64),
        _text("vcenter", 64),
        _text("slug", 100),
        _text("category", 20),
        _text("outcome", 20),
        sa.PrimaryKeyConstraint("run_id", "vcenter", "slug", name="pk_results"),
        _of_run("results"),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        _text("identity", 64),
        _text("vcenter", 64),
        _text("slug", 100),
        _text("object_type", 100),
        _text("object_id", nullable=True),
        _text("object_name"),
        _text("key", nullable=True),
        _text("severity", 20),
        sa.Column("counts", sa.Boolean(), nullable=False),
        _text("state", 20),
        _moment("first_seen"),
        _moment("opened"),
        _moment("since"),
        _moment("last_seen"),
        _text("last_run", 64),
        _moment("resolved", nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_findings"),
    )
    op.create_index("ix_findings_vcenter_slug_state", "findings", ["vcenter", "slug", "state"])
    op.create_index("ix_findings_state_resolved", "findings", ["state", "resolved"])


def _readings() -> None:
    op.create_table(
        "readings",
        _text("vcenter", 64),
        _text("slug", 100),
        _text("object_id", 255),
        _text("key", 255),
        _text("run_id", 64),
        _moment("at"),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("vcenter", "slug", "object_id", "key", "run_id", name="pk_readings"),
        _of_run("readings"),
    )
    op.create_index("ix_readings_run_id", "readings", ["run_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("id", 255),
        _text("run_id", 64),
        _text("sink", 100),
        _text("what"),
        _text("file", nullable=True),
        _json("payload"),
        _text("state", 20),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("created"),
        _moment("due"),
        _moment("expires"),
        _moment("settled", nullable=True),
        _text("error", nullable=True),
        _json("progress"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_run_id", "deliveries", ["run_id"])
    op.create_index("ix_deliveries_sink_state_due", "deliveries", ["sink", "state", "due"])
    op.create_index("ix_deliveries_state_settled", "deliveries", ["state", "settled"])
