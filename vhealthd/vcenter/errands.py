"""Work that is begun once, under a name and a deadline, however many wait for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, Self, TypeVar

import structlog

from vhealthd.errors import VCenterError

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Errands(Generic[T]):
    """Named pieces of work. Use as an async context manager: it owns their tasks and ends them.

    `deadline` is loop time; what is not done by then fails with that reason. `on_done` hears each name as it ends.
    """

    def __init__(
        self, work: Mapping[str, Callable[[], Awaitable[T]]], *, deadline: float, on_done: Callable[[str], None]
    ) -> None:
        self.failures: dict[str, str] = {}
        self.seconds: dict[str, float] = {}  # of each that has ended, waits for others included
        self._work = work
        self._deadline = deadline
        self._on_done = on_done
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def begin(self, names: Iterable[str]) -> None:
        """Begin what has not begun."""
        for name in names:
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(self._run(name), name=f"collect {name}")
                # What nobody waits for any more is not an exception that nobody looked at: it is in `failures`.
                self._tasks[name].add_done_callback(lambda task: task.cancelled() or task.exception())

    def begun(self, name: str) -> bool:
        """Whether somebody asked for this."""
        return name in self._tasks

    async def result(self, name: str) -> T:
        """Wait for a piece of work. Raises VCenterError if it failed.

        A waiter that is cancelled does not end it: others wait for it too.
        """
        self.begin([name])
        return await asyncio.shield(self._tasks[name])

    async def _run(self, name: str) -> T:
        began = time.perf_counter()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._work[name]()
        except VCenterError as error:
            self._note(name, error)
            raise
        except TimeoutError:
            raise self._note(name, VCenterError(f"{name}: not read before the deadline of the scan")) from None
        except Exception as error:
            # An answer of a shape that nobody has met yet must cost this part and no more.
            log.exception("collector broke", collector=name)
            kind = type(error).__name__
            raise self._note(
                name, VCenterError(f"{name}: reading failed with {kind}; the log has the details")
            ) from error
        finally:
            self.seconds[name] = time.perf_counter() - began
            self._on_done(name)

    def _note(self, name: str, error: VCenterError) -> VCenterError:
        # What waits for another one fails with its reason; one line says it.
        say = log.info if str(error) in self.failures.values() else log.warning
        say("collector failed", collector=name, why=str(error))
        self.failures[name] = str(error)
        return error


async def all_of(work: Iterable[Awaitable[None]]) -> None:
    """Do several things at once; the first error ends the others and is raised as itself."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
