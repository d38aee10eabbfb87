"""The database as the rest of the state uses it: reads side by side, changes one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from sqlalchemy import URL, Connection, Select, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from vhealthd.state import trouble
from vhealthd.state.trouble import state_errors

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

# Rows that are bound or read at once: small enough that the event loop is never held for long.
SLICE = 200


class Store:
    """One database file. Every error that it raises is a StateError."""

    def __init__(self, path: Path, *, mode: str) -> None:
        """`mode` is `rw`, `ro`, or `immutable` for a file that nobody has open."""
        self.path = path
        self._engine = _engine(path, mode)
        self._writing = asyncio.Lock()
        self._at_work: set[asyncio.Task[Any]] = set()

    async def read(self, work: Work[T]) -> T:
        """Look at the database as it is now, and change nothing."""
        return await self._to_its_end(self._read(work))

    async def entities(self, wanted: Select[T]) -> Sequence[T]:
        """Return whole rows of a table."""
        return await self.read(lambda connection: entities(connection, wanted))

    async def change(self, work: Work[T]) -> T:
        """Do something as one transaction."""
        return await self._to_its_end(self._change(work))

    async def _read(self, work: Work[T]) -> T:
        with state_errors(self.path):
            async with self._engine.connect() as connection:
                return await work(connection)

    async def _change(self, work: Work[T]) -> T:
        with state_errors(self.path):
            # SQLite has one writer at a time; waiting for each other here is cheaper than in its busy handler.
            async with self._writing, self._engine.connect() as connection:
                await connection.execution_options(writes=True)
                async with connection.begin():
                    return await work(connection)

    async def _to_its_end(self, work: Coroutine[None, None, T]) -> T:
        """Bring what has begun to its end even if whoever asked is cancelled: no connection is left half-used."""
        task = asyncio.create_task(work, name="state")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                await asyncio.wait([task])
                task.exception()  # looked at, so that nobody complains that it was not
            raise

    async def close(self) -> None:
        """Close the file, after all that is under way."""
        while self._at_work:
            await asyncio.wait(self._at_work)
        await self._engine.dispose()


async def entities(connection: AsyncConnection, wanted: Select[T]) -> Sequence[T]:
    """Return whole rows of a table, typed as its class; read in slices, so that the event loop is free meanwhile."""
    found: list[T] = []
    async with AsyncSession(bind=connection) as session:
        async for some in (await session.stream_scalars(wanted)).partitions(SLICE):
            found += some
    return found


def sliced(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield items in slices that may be bound at once."""
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]


def _engine(path: Path, mode: str) -> AsyncEngine:
    immutable = {"mode": "ro", "immutable": "1"}
    query = {"uri": "true", **(immutable if mode == "immutable" else {"mode": mode})}
    url = URL.create("sqlite+aiosqlite", database=f"file:{quote(str(path))}", query=query)
    pragmas = ["foreign_keys = ON", *(["journal_mode = WAL", "synchronous = FULL"] if mode == "rw" else [])]
    engine = create_async_engine(
        url,
        connect_args={"timeout": trouble.BUSY_SECONDS},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: DBAPIConnection, _record: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        # Python's module would begin transactions by itself, and then not with IMMEDIATE.
        connection.isolation_level = None
        try:
            for pragma in pragmas:
                connection.cursor().execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()  # SQLAlchemy has not taken it over yet
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes then could find the file locked in its middle.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
