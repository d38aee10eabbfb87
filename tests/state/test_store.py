"""A change is made in full or not at all, whatever becomes of whoever asked for it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.state.test_outbox import parcel
from vhealthd.state import State, open_state

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


async def test_a_change_that_began_is_finished_though_its_task_is_cancelled(state: State) -> None:
    task = asyncio.create_task(state.runs.ask("run-1", "manual", due=None, now=NOW))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert [one.run_id for one in await state.runs.list()] == ["run-1"]


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_a_delivery_is_taken_or_not_at_whatever_moment_its_task_is_cancelled(state: State, steps: int) -> None:
    await state.outbox.put([parcel()], now=NOW, expires=NOW.replace(year=2027))
    task = asyncio.create_task(state.outbox.take("mail", NOW))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    await state.outbox.release(NOW)
    again = await state.outbox.take("mail", NOW)
    assert again is not None
    assert again.attempts in (1, 2)


async def test_a_read_that_is_cancelled_hurts_no_other(state: State) -> None:
    for steps in range(20):
        task = asyncio.create_task(state.runs.list())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await state.runs.list() == ()


async def test_closing_waits_for_the_change_that_is_under_way(tmp_path: Path) -> None:
    async with open_state(tmp_path) as state:
        task = asyncio.create_task(state.runs.ask("run-1", "manual", due=None, now=NOW))
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])

    async with open_state(tmp_path) as state:
        assert len(await state.runs.list()) == 1


async def test_many_readers_and_writers_at_once(state: State) -> None:
    async def write(number: int) -> None:
        await state.runs.ask(f"run-{number:02}", "manual", due=None, now=NOW)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(write(number))
            group.create_task(state.runs.list())
    assert len(await state.runs.unfinished()) == 20
