"""What is to be scanned: while one scan runs, at most one more waits."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from vhealthd.errors import StateError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One scan that was promised. `due` is the scheduled moment that it stands for."""

    run_id: str
    trigger: str  # manual | schedule | catchup | sighup | api
    due: datetime | None = None


class Book(Protocol):
    """Where promises are kept through a restart."""

    async def ask(self, run_id: str, trigger: str, *, due: datetime | None, now: datetime) -> None:
        """Keep a promise. Raises StateError."""


class Orders:
    """Takes orders and hands them out one by one.

    Whoever asks while an order waits is given that one: however often somebody asks during a scan, one more follows.
    """

    def __init__(self, book: Book, *, clock: Callable[[], datetime], new_id: Callable[[datetime], str]) -> None:
        self._book = book
        self._clock = clock
        self._new_id = new_id
        self._waiting: deque[Order] = deque()
        self._dues: dict[datetime, str] = {}  # which run stands for a scheduled moment
        self._lock = asyncio.Lock()
        self._came = asyncio.Event()

    async def ask(self, trigger: str, due: datetime | None = None, *, must_last: bool = False) -> str:
        """Promise a scan and return the id that its run will have.

        With `must_last` one that cannot be written down is not given: StateError. A process may die after the promise
        and before its moment is noted as handled; the next one asks for the same moment again, and is given the same
        run.
        """
        async with self._lock:
            if due is not None and due in self._dues:
                return self._dues[due]
            if self._waiting:
                return self._waiting[-1].run_id
            now = self._clock()
            order = Order(run_id=self._new_id(now), trigger=trigger, due=due)
            try:
                await self._book.ask(order.run_id, trigger, due=due, now=now)
            except StateError as error:
                if must_last:
                    raise
                # A scan is worth having even where its promise could not be written down.
                log.warning("order not kept", run_id=order.run_id, trigger=trigger, reason=str(error))
            self._put([order])
            return order.run_id

    def resume(self, orders: Iterable[Order]) -> None:
        """Take up what an earlier process had promised."""
        self._put(orders)

    async def take(self) -> Order:
        """Wait for the next order."""
        await self._came.wait()
        order = self._waiting.popleft()
        if not self._waiting:
            self._came.clear()
        return order

    def _put(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._waiting.append(order)
            self._came.set()
            if order.due:
                self._dues = {order.due: order.run_id}
