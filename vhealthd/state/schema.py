"""Brings the schema of a database to that of this version, step by step, or says why that cannot be."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.errors import StateError
from vhealthd.state.store import Store
from vhealthd.state.trouble import damaged, state_errors

if TYPE_CHECKING:
    from alembic.config import Config

# The newest step in `migrations/versions`. A file that has it is used as it is, and Alembic is not even imported.
HEAD = "0003"

_STEPS = Path(__file__).parent / "migrations"
_VERSION_TABLE = "alembic_version"


async def settle(store: Store) -> None:
    """Verify that the file is sound, and bring it up to date. Raises StateError."""

    async def examine(connection: AsyncConnection) -> str | None:
        verdict = str((await connection.execute(text("PRAGMA quick_check(1)"))).scalar_one())
        if verdict != "ok":
            raise StateError(damaged(store.path, verdict.splitlines()[-1]))
        return await connection.run_sync(_revision)

    if await store.read(examine) != HEAD:
        await store.change(lambda connection: connection.run_sync(_upgrade, store.path))


async def verify(store: Store) -> None:
    """Verify that this version can read the file as it is. Raises StateError."""

    async def examine(connection: AsyncConnection) -> None:
        revision = await connection.run_sync(_revision)
        if revision != HEAD:
            await connection.run_sync(_refuse_strangers, revision, store.path)
            raise StateError(f"{store.path} was written by an older vhealthd; `vhealthd run` brings it up to date")

    await store.read(examine)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    revision: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - a constant
    return revision


def _upgrade(connection: Connection, path: Path) -> None:
    """Take the steps that lack, in the transaction of the connection: all of them or none."""
    # It takes as long to import as all the rest, and is needed once a release.
    from alembic import command  # noqa: PLC0415 - as above

    revision = _revision(connection)
    if revision == HEAD:  # by another process, meanwhile
        return
    _refuse_strangers(connection, revision, path)
    config = _config()
    config.attributes["connection"] = connection
    with state_errors(path):
        command.upgrade(config, "head")


def _refuse_strangers(connection: Connection, revision: str | None, path: Path) -> None:
    """Raise StateError for a schema that none of the steps made."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as in _upgrade

    if revision is None:
        if inspect(connection).get_table_names():
            raise StateError(f"{path} is the database of another program; name another state.directory")
        return
    known = {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision not in known:
        raise StateError(
            f"{path} was written by a newer vhealthd (schema {revision}, this one knows {HEAD}); "
            "install that version again, or name another state.directory"
        )


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as in _upgrade

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    return config
