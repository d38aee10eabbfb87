import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from vhealthd.errors import StateError
from vhealthd.orders import Order, Orders

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Book:
    """Keeps promises in a list; `broken` cannot keep any."""

    def __init__(self, *, broken: bool = False) -> None:
        self.kept: list[tuple[str, str]] = []
        self._broken = broken

    async def ask(self, run_id: str, trigger: str, *, due: datetime | None, now: datetime) -> None:
        assert due is None or due <= now
        await asyncio.sleep(0)  # other askers come in between
        if self._broken:
            raise StateError("disk full")
        self.kept.append((run_id, trigger))


def _orders(book: Book) -> Orders:
    numbers = iter(range(1, 100))
    return Orders(book, clock=lambda: NOW, new_id=lambda _: f"run-{next(numbers)}")


async def test_an_order_is_kept_before_its_id_is_told() -> None:
    book = Book()
    assert await _orders(book).ask("api") == "run-1"
    assert book.kept == [("run-1", "api")]


async def test_orders_during_a_scan_are_one() -> None:
    book = Book()
    orders = _orders(book)
    await orders.ask("schedule", NOW)
    assert await orders.take() == Order(run_id="run-1", trigger="schedule", due=NOW)

    ids = await asyncio.gather(*(orders.ask("sighup") for _ in range(10)))

    assert set(ids) == {"run-2"}
    assert book.kept == [("run-1", "schedule"), ("run-2", "sighup")]
    assert (await orders.take()).run_id == "run-2"


async def test_nothing_is_taken_while_nothing_was_asked() -> None:
    orders = _orders(Book())
    taking = asyncio.ensure_future(orders.take())
    await asyncio.sleep(0)
    assert not taking.done()
    await orders.ask("sighup")
    assert (await taking).trigger == "sighup"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await orders.take()


async def test_what_an_earlier_process_promised_comes_first() -> None:
    orders = _orders(Book())
    orders.resume([Order(run_id="old-1", trigger="schedule"), Order(run_id="old-2", trigger="sighup")])
    assert await orders.ask("api") == "old-2"
    assert [(await orders.take()).run_id for _ in range(2)] == ["old-1", "old-2"]


async def test_a_promise_that_cannot_be_written_down_is_held_all_the_same() -> None:
    orders = _orders(Book(broken=True))
    with capture_logs() as logs:
        run_id = await orders.ask("sighup")
    assert (await orders.take()).run_id == run_id
    assert [(line["event"], line["reason"]) for line in logs] == [("order not kept", "disk full")]


async def test_a_promise_that_must_last_is_written_down_or_not_given() -> None:
    orders = _orders(Book(broken=True))
    with pytest.raises(StateError):
        await orders.ask("api", must_last=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await orders.take()


async def test_a_scheduled_moment_is_one_run_though_it_is_asked_for_again_after_a_restart() -> None:
    orders = _orders(Book())
    orders.resume([Order(run_id="old", trigger="schedule", due=NOW)])
    await orders.take()
    assert await orders.ask("catchup", NOW) == "old"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await orders.take()
