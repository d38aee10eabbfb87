"""The tables. Types are those that SQLite and PostgreSQL both have; times are aware UTC."""

from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import JSON, DateTime, Dialect, Double, ForeignKey, Index, LargeBinary, MetaData, String, Text, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no offset, so it is put back when a time is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write a time; one without an offset is a fault of the program."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without an offset")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as SQLAlchemy calls it
        """Read a time."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class Base(DeclarativeBase):
    """The schema as this version has it; the migrations lead there."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Moment(), dict[str, JsonValue]: JSON(), list[str]: JSON()}  # noqa: RUF012 - as SQLAlchemy reads it


_RUN_ID = String(64)
_SLUG = String(100)
_WORD = String(20)


class RunRow(Base):
    """A run: promised, then committed or given up."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(_RUN_ID, primary_key=True)
    trigger: Mapped[str] = mapped_column(_WORD)
    state: Mapped[str] = mapped_column(_WORD)  # RunState
    asked: Mapped[datetime]
    due: Mapped[datetime | None]
    attempts: Mapped[int]
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]
    settled: Mapped[datetime | None]  # when it was committed or given up
    why: Mapped[str | None] = mapped_column(Text)  # why it was given up
    tool_version: Mapped[str | None] = mapped_column(String(40))
    config_sha256: Mapped[str | None] = mapped_column(String(64))
    vcenters: Mapped[list[str]]
    outcomes: Mapped[dict[str, JsonValue]]  # results by outcome
    findings: Mapped[dict[str, JsonValue]]  # findings that count, by severity
    files: Mapped[dict[str, JsonValue]]  # name -> path
    figures: Mapped[dict[str, JsonValue]] = mapped_column(server_default="{}")  # score, and used per cent by resource

    __table_args__ = (Index(None, "state"), Index(None, "started"))


class ReportRow(Base):
    """The whole report of a run. In a table of its own, so that listing runs reads none of it."""

    __tablename__ = "reports"

    run_id: Mapped[str] = mapped_column(_RUN_ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    form: Mapped[int]  # of the data, see the codec
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ResultRow(Base):
    """What one check said of one vCenter in one run."""

    __tablename__ = "results"

    run_id: Mapped[str] = mapped_column(_RUN_ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    vcenter: Mapped[str] = mapped_column(String(64), primary_key=True)  # as configured
    slug: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    category: Mapped[str] = mapped_column(_WORD)
    outcome: Mapped[str] = mapped_column(_WORD)


class FindingRow(Base):
    """The life of a finding over all runs."""

    __tablename__ = "findings"

    identity: Mapped[str] = mapped_column(String(64), primary_key=True)
    vcenter: Mapped[str] = mapped_column(String(64))  # as identities name it
    slug: Mapped[str] = mapped_column(_SLUG)
    object_type: Mapped[str] = mapped_column(String(100))
    object_id: Mapped[str | None] = mapped_column(Text)  # None: vCenter itself
    object_name: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(_WORD)
    counts: Mapped[bool]  # neither muted nor silenced
    state: Mapped[str] = mapped_column(_WORD)  # open | resolved
    first_seen: Mapped[datetime]
    opened: Mapped[datetime]  # first seen since it was last resolved
    since: Mapped[datetime]  # first seen with this severity, of late
    last_seen: Mapped[datetime]
    last_run: Mapped[str] = mapped_column(_RUN_ID)
    resolved: Mapped[datetime | None]
    reopened: Mapped[int]  # how often

    __table_args__ = (Index(None, "vcenter", "slug", "state"), Index(None, "state", "resolved"))


class ReadingRow(Base):
    """A number that a check wants to see again in later runs."""

    __tablename__ = "readings"

    vcenter: Mapped[str] = mapped_column(String(64), primary_key=True)  # as identities name it
    slug: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    object_id: Mapped[str] = mapped_column(String(255), primary_key=True)  # empty: vCenter itself
    key: Mapped[str] = mapped_column(String(255), primary_key=True)  # empty: none
    run_id: Mapped[str] = mapped_column(
        _RUN_ID, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime]
    value: Mapped[float] = mapped_column(Double)


class DeliveryRow(Base):
    """Something for a sink, and how far it is. It may outlive its run."""

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Which came first: `created` does not say so where the clock was set.
    seq: Mapped[int] = mapped_column(index=True, server_default="0")
    run_id: Mapped[str] = mapped_column(_RUN_ID, index=True)
    sink: Mapped[str] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(Text)
    file: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[dict[str, JsonValue]]
    state: Mapped[str] = mapped_column(_WORD)  # DeliveryState
    attempts: Mapped[int]
    created: Mapped[datetime]
    due: Mapped[datetime]
    expires: Mapped[datetime]
    settled: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[dict[str, JsonValue]]
    chain: Mapped[str | None] = mapped_column(String(255))  # what keeps its order
    collecting: Mapped[bool] = mapped_column(server_default=false())  # until it is due, others may join it

    __table_args__ = (
        Index(None, "sink", "state", "due"),
        Index(None, "sink", "chain", "state", "attempts"),
        Index(None, "state", "settled"),
    )


class AlertRow(Base):
    """An alert, as it was told last. `resolved` stands in the record too; here it can be searched for."""

    __tablename__ = "alerts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    record: Mapped[dict[str, JsonValue]]  # AlertRecord
    resolved: Mapped[datetime | None] = mapped_column(index=True)


class MuteRow(Base):
    """A mute that was set by command."""

    __tablename__ = "mutes"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    mute: Mapped[dict[str, JsonValue]]  # as the configuration would have it
    created: Mapped[datetime]


class MarkRow(Base):
    """A moment with a name, such as the last scheduled one that was handled."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


def row_of(table: type[Base], **values: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the columns take
    """Return a row for an insert. Raises KeyError for a column that is left out: none has a silent default."""
    return {column.name: values[column.name] for column in table.__table__.columns}
