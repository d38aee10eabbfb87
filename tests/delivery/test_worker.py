"""The worker with the real outbox: what is tried when, what becomes of it, and that nothing ends it."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.delivery.deliveries import NOW
from vhealthd.delivery.outbox import NoObserver, Outbox, Sink, Worker, pause
from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError, StateError
from vhealthd.model import Delivery, DeliveryState, Parcel
from vhealthd.state import State, open_state

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
EXPIRES = NOW + timedelta(hours=72)


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with open_state(tmp_path) as opened:
        yield opened


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Scripted:
    """A sink that does what its script says, attempt by attempt, then takes everything."""

    def __init__(self, name: str = "mail", *script: Exception) -> None:
        self.name = name
        self.script = list(script)
        self.tried: list[Delivery] = []
        self.free = asyncio.Event()
        self.free.set()
        self.busy = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> None:
        self.tried.append(delivery)
        self.busy.set()
        await self.free.wait()
        if self.script:
            raise self.script.pop(0)


class Seen(NoObserver):
    """Tells what was observed, when it was."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def delivered(self, sink: str, seconds: float) -> None:
        assert seconds >= 0
        self.queue.put_nowait((sink, "delivered"))

    def retried(self, sink: str, seconds: float) -> None:
        assert seconds >= 0
        self.queue.put_nowait((sink, "retried"))

    def failed(self, sink: str, seconds: float) -> None:
        assert seconds >= 0
        self.queue.put_nowait((sink, "failed"))

    async def next(self) -> tuple[str, str]:
        async with asyncio.timeout(10):
            return await self.queue.get()


class Site:
    """A worker at work, and what there is to see of it."""

    def __init__(self, outbox: Outbox, sinks: tuple[Sink, ...], clock: Clock, attempt: timedelta) -> None:
        self.seen = Seen()
        self.clock = clock
        chance = random.Random(1)  # noqa: S311 - it spreads load
        self.worker = Worker(outbox, sinks, clock=clock, chance=chance, observer=self.seen, attempt=attempt)
        self.task = asyncio.create_task(self.worker.run())


@asynccontextmanager
async def site(
    outbox: Outbox, *sinks: Sink, clock: Clock | None = None, attempt: timedelta = MINUTE
) -> AsyncIterator[Site]:
    made = Site(outbox, sinks, clock or Clock(), attempt)
    try:
        yield made
    finally:
        made.task.cancel()
        with suppress(asyncio.CancelledError):
            await made.task


def parcel(name: str = "one", sink: str = "mail") -> Parcel:
    return Parcel(id=name, run_id="run-1", sink=sink, what="report.pdf")


async def put(state: State, *parcels: Parcel, expires: datetime = EXPIRES) -> None:
    await state.outbox.put(parcels or (parcel(),), now=NOW, expires=expires)


async def settled(state: State, name: str = "one", *, within: DeliveryState | None = None) -> Delivery:
    """Return a delivery once it is written down what became of the attempt."""
    async with asyncio.timeout(10):
        while True:
            one = await state.outbox.find(name)
            assert one is not None
            if one.state is not DeliveryState.SENDING and within in (None, one.state):
                return one
            await asyncio.sleep(0)


# --- what becomes of an attempt


async def test_what_is_delivered_is_noted(state: State) -> None:
    await put(state)
    async with site(state.outbox, sink := Scripted()) as at:
        assert await at.seen.next() == ("mail", "delivered")
        one = await settled(state)

    assert (one.state, one.attempts, one.settled, one.error) == (DeliveryState.DELIVERED, 1, NOW, None)
    assert len(sink.tried) == 1


async def test_what_is_refused_is_given_up(state: State) -> None:
    await put(state)
    async with site(state.outbox, Scripted("mail", DeliveryRefusedError("no such user"))) as at:
        assert await at.seen.next() == ("mail", "failed")
        one = await settled(state)

    assert (one.state, one.error, one.settled) == (DeliveryState.FAILED, "no such user", NOW)


async def test_what_fails_for_now_is_tried_again_when_it_is_due_and_not_before(state: State) -> None:
    await put(state)
    async with site(state.outbox, sink := Scripted("mail", DeliveryDelayedError("greylisted"))) as at:
        assert await at.seen.next() == ("mail", "retried")
        one = await settled(state)
        assert (one.state, one.error) == (DeliveryState.PENDING, "greylisted")
        assert NOW < one.due <= NOW + 30 * SECOND

        at.clock.now = one.due - SECOND / 1000
        at.worker.wake()
        await put(state, parcel("two"))
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")
        assert [tried.parcel.id for tried in sink.tried] == ["one", "two"]

        at.clock.now = one.due
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")
        assert (await settled(state)).attempts == 2


async def test_a_sink_may_say_how_long_to_wait(state: State) -> None:
    await put(state)
    async with site(state.outbox, Scripted("mail", DeliveryDelayedError("slow down", retry_after=900))) as at:
        await at.seen.next()
        assert (await settled(state)).due == NOW + 900 * SECOND


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigError("there is no file /x"), "there is no file /x"),
        (KeyError("planted-Pa55word"), "unexpected KeyError; the log has the trace"),
        (TimeoutError(), "unexpected TimeoutError; the log has the trace"),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_any_other_error_is_for_now(state: State, error: Exception, said: str) -> None:
    await put(state)
    async with site(state.outbox, Scripted("mail", error)) as at:
        assert await at.seen.next() == ("mail", "retried")
        one = await settled(state)

    assert (one.state, one.error) == (DeliveryState.PENDING, said)


async def test_an_attempt_that_takes_too_long_is_ended(state: State) -> None:
    await put(state)
    sink = Scripted()
    sink.free.clear()
    async with site(state.outbox, sink, attempt=timedelta(milliseconds=20)) as at:
        assert await at.seen.next() == ("mail", "retried")
        one = await settled(state)

    assert (one.state, one.error) == (DeliveryState.PENDING, "mail took longer than 0.02 s")


async def test_what_is_too_old_is_given_up_and_told(state: State) -> None:
    await put(state, expires=NOW + HOUR)
    async with site(state.outbox, Scripted("mail", DeliveryDelayedError("down"))) as at:
        await at.seen.next()
        await settled(state)
        at.clock.now = NOW + HOUR
        at.worker.wake()
        assert await at.seen.next() == ("mail", "failed")

    one = await settled(state)
    assert one.state is DeliveryState.FAILED
    assert one.error == "given up after 1 attempt, because it is too old; the last error was: down"


# --- sinks side by side


async def test_one_sink_that_hangs_stops_no_other(state: State) -> None:
    await put(state, parcel("one", "mail"), parcel("two", "s3"), parcel("three", "s3"))
    hanging = Scripted("mail")
    hanging.free.clear()
    async with site(state.outbox, hanging, Scripted("s3", DeliveryRefusedError("denied"))) as at:
        assert await at.seen.next() == ("s3", "failed")
        assert await at.seen.next() == ("s3", "delivered")
        hanging.free.set()
        assert await at.seen.next() == ("mail", "delivered")


async def test_what_is_put_in_later_is_delivered_at_once(state: State) -> None:
    async with site(state.outbox, Scripted()) as at:
        for number in range(5):
            await put(state, parcel(str(number)))
            at.worker.wake()
            assert await at.seen.next() == ("mail", "delivered")


async def test_a_sink_takes_one_after_the_other_in_the_order_in_which_they_came(state: State) -> None:
    for name in "3210":
        await put(state, parcel(name))
    async with site(state.outbox, sink := Scripted()) as at:
        for _ in range(4):
            await at.seen.next()

    assert [one.parcel.id for one in sink.tried] == ["3", "2", "1", "0"]


async def test_a_sink_that_comes_later_is_served_at_once_and_one_that_is_there_stays(state: State) -> None:
    await put(state, parcel("one", "mail"), parcel("two", "chat"))
    mail, chat, other = Scripted("mail"), Scripted("chat"), Scripted("mail")
    async with site(state.outbox, mail) as at:
        assert await at.seen.next() == ("mail", "delivered")
        at.worker.serve((other, chat))
        assert await at.seen.next() == ("chat", "delivered")
        await put(state, parcel("three", "mail"), parcel("four", "chat"))
        at.worker.wake()
        assert {await at.seen.next(), await at.seen.next()} == {("mail", "delivered"), ("chat", "delivered")}

    assert [len(one.tried) for one in (mail, chat, other)] == [2, 2, 0]


async def test_a_sink_that_comes_before_the_work_begins_is_served_too(state: State) -> None:
    await put(state, parcel("one", "chat"))
    async with site(state.outbox, Scripted("mail")) as at:
        at.worker.serve([chat := Scripted("chat")])
        assert await at.seen.next() == ("chat", "delivered")

    assert len(chat.tried) == 1


async def test_what_is_collected_waits_for_its_time(state: State) -> None:
    await put(state, Parcel(id="one", run_id="r", sink="mail", what="a", payload={"parts": []}, collect=5 * MINUTE))
    async with site(state.outbox, sink := Scripted()) as at:
        await put(state, parcel("two"))
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")
        at.clock.now = NOW + 5 * MINUTE
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")

    assert [one.parcel.id for one in sink.tried] == ["two", "one"]


# --- what a sink remembers


async def test_progress_goes_from_attempt_to_attempt(state: State) -> None:
    await put(state)
    first = DeliveryDelayedError("b waits", progress={"taken": ["a"]})
    second = DeliveryDelayedError("connection lost")
    async with site(state.outbox, sink := Scripted("mail", first, second)) as at:
        for _ in range(2):
            await at.seen.next()
            at.clock.now = (await settled(state)).due
            at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")

    assert [one.progress for one in sink.tried] == [{}, {"taken": ["a"]}, {"taken": ["a"]}]


async def test_a_retry_by_hand_begins_where_it_ended(state: State) -> None:
    await put(state)
    refusal = DeliveryRefusedError("b is refused", progress={"taken": ["a"]})
    async with site(state.outbox, sink := Scripted("mail", refusal)) as at:
        await at.seen.next()
        assert (await settled(state, within=DeliveryState.FAILED)).error == "b is refused"
        assert await state.outbox.retry("one", now=NOW, expires=EXPIRES)
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")

    assert sink.tried[1].progress == {"taken": ["a"]}


# --- ends and beginnings


async def test_what_was_under_way_at_a_kill_is_tried_again_after_the_start(state: State) -> None:
    await put(state)
    assert await state.outbox.take("mail", NOW) is not None
    async with site(state.outbox, sink := Scripted()) as at:
        assert await at.seen.next() == ("mail", "delivered")

    assert sink.tried[0].attempts == 2


async def test_cancelled_in_the_middle_it_is_tried_again_by_the_next_worker(state: State) -> None:
    await put(state)
    hanging = Scripted()
    hanging.free.clear()
    async with site(state.outbox, hanging):
        async with asyncio.timeout(10):
            await hanging.busy.wait()
    left = await state.outbox.find("one")
    assert left is not None
    assert left.state is DeliveryState.SENDING

    async with site(state.outbox, Scripted()) as at:
        assert await at.seen.next() == ("mail", "delivered")


async def test_told_to_stop_it_ends_what_is_under_way_and_begins_nothing(state: State) -> None:
    await put(state, parcel("one"), parcel("two"))
    sink = Scripted()
    sink.free.clear()
    async with site(state.outbox, sink) as at:
        async with asyncio.timeout(10):
            await sink.busy.wait()
            at.worker.stop()
            sink.free.set()
            await at.task

    assert [one.parcel.id for one in sink.tried] == ["one"]
    assert (await settled(state)).state is DeliveryState.DELIVERED
    assert (await settled(state, "two")).state is DeliveryState.PENDING


async def test_told_to_stop_while_idle_it_ends_at_once(state: State) -> None:
    async with site(state.outbox, Scripted("mail"), Scripted("s3")) as at:
        await put(state)
        at.worker.wake()
        await at.seen.next()
        at.worker.stop()
        async with asyncio.timeout(10):
            await at.task


async def test_a_clock_that_is_set_back_delays_nothing_new(state: State) -> None:
    async with site(state.outbox, Scripted()) as at:
        at.clock.now = NOW - 10 * HOUR
        await state.outbox.put([parcel()], now=at.clock.now, expires=EXPIRES)
        at.worker.wake()
        assert await at.seen.next() == ("mail", "delivered")


# --- the database in trouble


class Ailing:
    """An outbox whose methods fail as often as is said."""

    def __init__(self, healthy: Outbox, **failures: int) -> None:
        self.healthy = healthy
        self.failures = failures
        self.failed = asyncio.Event()

    def _ail(self, what: str) -> None:
        if self.failures.get(what, 0) > 0:
            self.failures[what] -= 1
            self.failed.set()
            raise StateError("database is locked")

    async def release(self, now: datetime) -> int:
        self._ail("release")
        return await self.healthy.release(now)

    async def take(self, sink: str, now: datetime) -> Delivery | None:
        self._ail("take")
        return await self.healthy.take(sink, now)

    async def delivered(self, delivery_id: str, *, now: datetime) -> None:
        self._ail("delivered")
        await self.healthy.delivered(delivery_id, now=now)

    async def postpone(
        self, delivery_id: str, *, due: datetime, error: str, progress: Mapping[str, JsonValue] | None = None
    ) -> None:
        self._ail("postpone")
        await self.healthy.postpone(delivery_id, due=due, error=error, progress=progress)

    async def give_up(self, delivery_id: str, *, now: datetime, error: str) -> None:
        self._ail("give_up")
        await self.healthy.give_up(delivery_id, now=now, error=error)

    async def expire(self, now: datetime) -> tuple[Delivery, ...]:
        self._ail("expire")
        return await self.healthy.expire(now)

    async def next_due(self, sink: str) -> datetime | None:
        self._ail("next_due")
        return await self.healthy.next_due(sink)


async def nudged(at: Site, outbox: Ailing) -> None:
    """Let the worker go on at once when it waits for the database; in life it waits for seconds."""
    async with asyncio.timeout(10):
        await outbox.failed.wait()
    while not at.task.done():
        at.worker.wake()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("what", "script", "end"),
    [
        ("take", [], DeliveryState.DELIVERED),
        ("delivered", [], DeliveryState.DELIVERED),
        ("postpone", [DeliveryDelayedError("later")], DeliveryState.PENDING),
        ("give_up", [DeliveryRefusedError("no")], DeliveryState.FAILED),
        ("expire", [], DeliveryState.DELIVERED),
        ("next_due", [], DeliveryState.DELIVERED),
    ],
)
async def test_a_locked_database_ends_nothing_and_loses_nothing(
    state: State, what: str, script: list[Exception], end: DeliveryState
) -> None:
    await put(state)
    ailing = Ailing(state.outbox, **{what: 3})
    async with site(ailing, sink := Scripted("mail", *script)) as at:
        nudging = asyncio.create_task(nudged(at, ailing))
        await at.seen.next()
        one = await settled(state, within=end)
        assert not at.task.done()
        nudging.cancel()

    assert one.state is end
    assert len(sink.tried) == 1, "what became of it is written down later; it is not delivered twice"


async def test_a_database_that_stays_locked_does_not_keep_it_from_stopping(state: State) -> None:
    await put(state)
    ailing = Ailing(state.outbox, delivered=10**6)
    async with site(ailing, Scripted()) as at:
        await at.seen.next()
        at.worker.stop()
        async with asyncio.timeout(10):
            await at.task

    left = await state.outbox.find("one")
    assert left is not None
    assert left.state is DeliveryState.SENDING


# --- how long to wait


@given(st.integers(1, 10_000), st.integers(), st.none() | st.floats(0, 10**9))
def test_a_pause_grows_to_an_hour_and_is_no_shorter_than_asked(attempts: int, seed: int, asked: float | None) -> None:
    got = pause(attempts, random.Random(seed), at_least=asked)  # noqa: S311 - as above

    ceiling = min(30 * 2 ** min(attempts - 1, 20), 3600)
    least = min(asked or 0, 86_400)
    assert timedelta(seconds=least) - SECOND / 1000 <= got <= timedelta(seconds=max(ceiling, least))


def test_pauses_differ_so_that_not_all_come_at_once() -> None:
    chance = random.Random(1)  # noqa: S311 - as above

    assert len({pause(5, chance) for _ in range(20)}) == 20
