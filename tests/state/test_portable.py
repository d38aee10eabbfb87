"""The tables and the statements over them are those that PostgreSQL takes as well."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from vhealthd.state.tables import Base, Moment, RunRow, row_of

TABLES = Base.metadata.sorted_tables
POSTGRESQL, SQLITE = postgresql.dialect(), sqlite.dialect()  # type: ignore[no-untyped-call]
NOON = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_can_be_made_there(table: Table) -> None:
    made = str(CreateTable(table).compile(dialect=POSTGRESQL))
    assert "TIMESTAMP WITHOUT TIME ZONE" not in made
    assert all(str(CreateIndex(index).compile(dialect=POSTGRESQL)) for index in table.indexes)


def test_a_time_keeps_its_moment_in_both() -> None:
    for dialect in (SQLITE, POSTGRESQL):
        written = Moment().process_bind_param(NOON, dialect)
        read = Moment().process_result_value(written, dialect)
        assert read == NOON
        assert read.utcoffset() == timedelta()
    assert Moment().process_bind_param(NOON, POSTGRESQL) == NOON.astimezone(UTC)


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(TypeError, match="without an offset"):
        Moment().process_bind_param(NOON.replace(tzinfo=None), SQLITE)


def test_a_row_has_every_column() -> None:
    with pytest.raises(KeyError, match="trigger"):
        row_of(RunRow, id="run-1")
