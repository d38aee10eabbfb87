"""Opening the state: made where it lacks, brought up to date, refused with one clear sentence, never overwritten."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.errors import StateError
from vhealthd.state import open_state, schema, trouble
from vhealthd.state.tables import Base

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


async def made(folder: Path) -> Path:
    """Make a state with a run in it, and return its file."""
    async with open_state(folder) as state:
        await state.runs.ask("run-1", "manual", due=None, now=NOW)
    return folder / "vhealthd.db"


async def refusal(folder: Path, *, read_only: bool = False) -> str:
    with pytest.raises(StateError) as caught:
        async with open_state(folder, read_only=read_only) as state:
            await state.runs.list()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def python(code: str, *arguments: Path) -> list[str]:
    """Run Python in a process of its own, and return the lines that it prints."""
    command = [sys.executable, "-B", "-c", code, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def sql(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


# --- making it ------------------------------------------------------------------------------------------------------


async def test_the_folder_is_made_and_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = await made(tmp_path / "lib/vhealthd")
    finally:
        os.umask(before)

    assert (mode(file.parent), mode(file)) == (0o750, 0o640)


async def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir(0o700)
    await made(folder)
    assert mode(folder) == 0o700


async def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    async with open_state(folder) as state:
        await state.runs.ask("run-1", "manual", due=None, now=NOW)
        assert {owner(file) for file in (folder, *(folder / name for name in names(folder)))} == {owner(folder)}


async def test_what_is_promised_survives_a_power_cut(tmp_path: Path) -> None:
    async def pragmas(connection: AsyncConnection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names]

    async with open_state(tmp_path) as state:
        assert await state.runs._store.read(pragmas) == ["wal", 2, 1]


async def test_a_path_may_have_any_name(tmp_path: Path) -> None:
    file = await made(tmp_path / "50% of ü?#&=")
    assert file.is_file()
    assert names(tmp_path) == {"50% of ü?#&="}


# --- the schema -----------------------------------------------------------------------------------------------------


def steps() -> ScriptDirectory:
    return ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))


def test_the_newest_step_is_the_one_that_is_looked_for() -> None:
    assert steps().get_current_head() == schema.HEAD


async def test_the_steps_lead_to_the_tables(tmp_path: Path) -> None:
    file = await made(tmp_path)
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


async def test_a_schema_that_is_up_to_date_is_used_without_alembic(tmp_path: Path) -> None:
    await made(tmp_path)
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom vhealthd.state import open_state\n"
        "async def main():\n async with open_state(Path(sys.argv[1])) as state: print(len(await state.runs.list()))\n"
        "asyncio.run(main())\nprint([name for name in sys.modules if name.startswith('alembic')])"
    )
    assert python(code, tmp_path) == ["1", "[]"]


async def test_a_schema_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    file = await made(tmp_path)
    sql(file, "UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()

    for read_only in (False, True):
        said = await refusal(tmp_path, read_only=read_only)
        assert said == (
            f"{file} was written by a newer vhealthd (schema 9999, this one knows {schema.HEAD}); "
            "install that version again, or name another state.directory"
        )
    assert file.read_bytes() == before


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vhealthd.db"
    sql(file, "CREATE TABLE songs (name TEXT)", "INSERT INTO songs VALUES ('x')")

    for read_only in (False, True):
        assert "is the database of another program" in await refusal(tmp_path, read_only=read_only)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


async def test_whoever_only_looks_brings_nothing_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "vhealthd.db").touch()
    assert "`vhealthd run` brings it up to date" in await refusal(tmp_path, read_only=True)
    assert (tmp_path / "vhealthd.db").read_bytes() == b""


# --- what cannot be used --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_file_that_is_no_database(tmp_path: Path, read_only: bool) -> None:  # noqa: FBT001 - a parameter of the test
    file = tmp_path / "vhealthd.db"
    file.write_bytes(b"These are my notes. " * 100)

    said = await refusal(tmp_path, read_only=read_only)

    assert said.startswith(f"{file} is damaged or is no database (file is not a database); put a backup in its place")
    assert file.read_bytes() == b"These are my notes. " * 100
    assert names(tmp_path) == {"vhealthd.db"}


async def test_a_database_with_a_hole(tmp_path: Path) -> None:
    file = await made(tmp_path)
    whole = file.read_bytes()
    holed = whole[:8192] + b"\xa5" * 8192 + whole[16384:]
    file.write_bytes(holed)

    assert f"{file} is damaged" in await refusal(tmp_path)
    assert file.read_bytes() == holed


async def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    assert "cannot be used as state directory: " in await refusal(tmp_path / "state")


async def test_whoever_only_looks_makes_nothing(tmp_path: Path) -> None:
    said = await refusal(tmp_path / "state", read_only=True)
    assert said == (
        f"there is no {tmp_path}/state/vhealthd.db; `vhealthd run` and `vhealthd scan` write it, under state.directory"
    )
    assert names(tmp_path) == set()


async def test_another_process_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "BUSY_SECONDS", 0.05)
    file = await made(tmp_path)
    async with open_state(tmp_path) as state:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match="is held by another process"):
                await state.outbox.release(NOW)
            assert len(await state.runs.list()) == 1, "whoever reads is not in its way"
        await state.outbox.release(NOW)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_the_disk_is_full_when_it_is_made(tmp_path: Path) -> None:
    with disk_of(8192):
        assert "look at the disk, and at the space that is left on it" in await refusal(tmp_path)
    await made(tmp_path)


async def test_the_disk_is_full_when_it_changes(tmp_path: Path) -> None:
    file = await made(tmp_path)
    async with open_state(tmp_path) as state:
        with disk_of(4096), pytest.raises(StateError, match="look at the disk"):
            await state.runs.give_up("run-1", now=NOW, why="x" * 100_000)
        assert [one.run_id for one in await state.runs.unfinished()] == ["run-1"]
        await state.runs.give_up("run-1", now=NOW, why="there is space again")
    assert file.is_file()


AS_NOBODY = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from vhealthd.errors import StateError
from vhealthd.state import open_state

async def use(folder, read_only):
    try:
        async with open_state(Path(folder), read_only=read_only) as state:
            print([one.run_id for one in await state.runs.list()])
            await state.runs.set_last_due(datetime.now(UTC))
    except StateError as error:
        print(error)

asyncio.run(use(sys.argv[1], False))  # now all modules are there
if os.geteuid() == 0:
    os.setuid(65534)
asyncio.run(use(sys.argv[2], False))
asyncio.run(use(sys.argv[2], True))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that other accounts may look into, as that of pytest does not let them."""
    folder = Path(tempfile.mkdtemp(prefix="vhealthd-test-"))
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def test_a_folder_that_is_not_ours(tmp_path: Path, open_folder: Path) -> None:
    file = await made(open_folder)
    for path, closed in ((file, 0o444), (open_folder, 0o555)):
        path.chmod(closed)

    _, refused, listed, refused_to_change = python(AS_NOBODY, tmp_path, open_folder)

    assert "cannot be written" in refused
    assert "the account that runs vhealthd must own it and its folder" in refused
    assert listed == "['run-1']"
    assert "readonly" in refused_to_change
    assert names(open_folder) == {"vhealthd.db"}


# --- looking while others write -------------------------------------------------------------------------------------


async def test_whoever_looks_sees_what_the_daemon_wrote_last(tmp_path: Path) -> None:
    async with open_state(tmp_path) as daemon, open_state(tmp_path, read_only=True) as looking:
        before = names(tmp_path)
        await daemon.runs.ask("run-1", "manual", due=None, now=NOW)
        assert [one.run_id for one in await looking.runs.list()] == ["run-1"]
        await daemon.runs.ask("run-2", "manual", due=None, now=NOW)
        assert len(await looking.runs.list()) == 2
        with pytest.raises(StateError, match="readonly"):
            await looking.outbox.release(NOW)
        assert names(tmp_path) == before


async def test_whoever_looks_at_what_a_dead_daemon_left_leaves_it_so(tmp_path: Path) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    async with open_state(alive) as daemon:
        await daemon.runs.ask("run-1", "manual", due=None, now=NOW)
        shutil.copytree(alive, dead)  # as a kill would leave it

    async with open_state(dead, read_only=True) as looking:
        assert len(await looking.runs.list()) == 1
    assert (dead / "vhealthd.db-wal").stat().st_size > 0
    async with open_state(dead) as daemon:
        assert len(await daemon.runs.unfinished()) == 1
