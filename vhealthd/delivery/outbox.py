"""The outbox's worker: it gives each delivery to its sink, one after the other, and writes down what became of it.

Each sink has a task of its own, so that one which fails or is slow stops no other. What is under way when the process
dies is tried again after the next start; the sinks see to it that this does no harm.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from pydantic import JsonValue
from structlog.contextvars import bound_contextvars

from vhealthd.errors import ConfigError, DeliveryDelayedError, DeliveryRefusedError, StateError
from vhealthd.model import Delivery

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Problem = DeliveryRefusedError | DeliveryDelayedError

ATTEMPT = timedelta(minutes=5)  # what one attempt may take
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=1)  # the ceiling of the first and of later waits
_MOST_ASKED = timedelta(days=1)  # more than this no sink may ask us to wait
# The clock may have been set, or the machine may have slept; and `deliveries retry` is another process.
_LOOK = timedelta(minutes=1)
_AT_LEAST = timedelta(seconds=0.1)
_STATE_PAUSE = timedelta(seconds=5)


class Outbox(Protocol):
    """What the worker needs of `state.outbox`."""

    async def release(self, now: datetime) -> int: ...  # noqa: D102 - the state's outbox says
    async def take(self, sink: str, now: datetime) -> Delivery | None: ...  # noqa: D102
    async def delivered(self, delivery_id: str, *, now: datetime) -> None: ...  # noqa: D102
    async def postpone(  # noqa: D102
        self, delivery_id: str, *, due: datetime, error: str, progress: Mapping[str, JsonValue] | None = None
    ) -> None: ...
    async def give_up(self, delivery_id: str, *, now: datetime, error: str) -> None: ...  # noqa: D102
    async def expire(self, now: datetime) -> tuple[Delivery, ...]: ...  # noqa: D102
    async def next_due(self, sink: str) -> datetime | None: ...  # noqa: D102


class Sink(Protocol):
    """Where deliveries go. `name` is the one that parcels name."""

    @property
    def name(self) -> str:
        """The sink's name in the configuration."""

    async def deliver(self, delivery: Delivery) -> None:
        """Deliver, or raise DeliveryRefusedError or DeliveryDelayedError. Doing it twice must do no harm."""


class Observer(Protocol):
    """Whoever counts deliveries. `seconds` are those of the attempt."""

    def delivered(self, sink: str, seconds: float) -> None:
        """Hear that a delivery arrived."""

    def retried(self, sink: str, seconds: float) -> None:
        """Hear that an attempt failed, and that there will be another one."""

    def failed(self, sink: str, seconds: float) -> None:
        """Hear that a delivery is given up."""

    def attachment(self, result: str) -> None:
        """Hear what became of the PDF of a mail that was accepted: attached, too_large, missing or not_wanted."""

    def alerted(self, channel: str, seconds: float) -> None:
        """Hear that a channel accepted a notice, and how long after its scan."""

    def posted(self, channel: str, seconds: float) -> None:
        """Hear how long an attempt took at a channel that is spoken to over HTTP."""

    def hindered(self, sink: str, why: str | None) -> None:
        """Hear why nothing can be taken from the outbox for a sink; None: nothing hinders it (any more)."""


class NoObserver:
    """Counts nothing."""

    def delivered(self, sink: str, seconds: float) -> None:
        """Do nothing."""

    def retried(self, sink: str, seconds: float) -> None:
        """Do nothing."""

    def failed(self, sink: str, seconds: float) -> None:
        """Do nothing."""

    def attachment(self, result: str) -> None:
        """Do nothing."""

    def alerted(self, channel: str, seconds: float) -> None:
        """Do nothing."""

    def posted(self, channel: str, seconds: float) -> None:
        """Do nothing."""

    def hindered(self, sink: str, why: str | None) -> None:
        """Do nothing."""


def pause(attempts: int, chance: random.Random, *, at_least: float | None = None) -> timedelta:
    """Return how long to wait after so many attempts: up to 30 s, 1 min, 2 min, ... 1 h; or as long as a sink asks."""
    ceiling = min(_FIRST.total_seconds() * 2 ** min(attempts - 1, 16), _LONGEST.total_seconds())
    asked = min(at_least or 0.0, _MOST_ASKED.total_seconds())
    return timedelta(seconds=max(ceiling * chance.random(), asked))


class Worker:
    """Serves sinks from an outbox, from `run` on until it is cancelled or told to stop."""

    def __init__(
        self,
        outbox: Outbox,
        sinks: Iterable[Sink],
        *,
        clock: Clock,
        chance: random.Random,
        observer: Observer | None = None,
        attempt: timedelta = ATTEMPT,
    ) -> None:
        self._outbox = outbox
        self._sinks: dict[str, Sink] = {}
        self._clock = clock
        self._chance = chance
        self._observer = observer or NoObserver()
        self._attempt = attempt
        self._woken: dict[str, asyncio.Event] = {}
        self._group: asyncio.TaskGroup | None = None
        self._stopping = False
        self.serve(sinks)

    def serve(self, sinks: Iterable[Sink]) -> None:
        """Serve these sinks too; a name that is served already stays with the sink that it has."""
        for sink in sinks:
            if sink.name not in self._sinks:
                self._sinks[sink.name] = sink
                self._woken[sink.name] = asyncio.Event()
                if self._group is not None:
                    self._begin(self._group, sink)

    def _begin(self, group: asyncio.TaskGroup, sink: Sink) -> None:
        group.create_task(self._serve(sink), name=f"outbox {sink.name}")

    def wake(self) -> None:
        """Look at once: something new was put into the outbox."""
        for event in self._woken.values():
            event.set()

    def stop(self) -> None:
        """Begin nothing more; `run` ends when what is under way has ended."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Deliver. Whatever goes wrong is written down, logged and tried again; only cancelling or `stop` ends it."""
        await self._release()
        async with asyncio.TaskGroup() as self._group:
            for sink in self._sinks.values():
                self._begin(self._group, sink)

    async def _release(self) -> None:
        """Take up again what was under way when the last process ended."""
        woken = asyncio.Event()
        while not self._stopping:
            try:
                number = await self._outbox.release(self._clock())
            except StateError as error:
                for sink in self._sinks:
                    self._observer.hindered(sink, str(error))
                await self._trouble(error, woken)
            else:
                if number:
                    log.info("deliveries are taken up again", number=number)
                return

    async def _serve(self, sink: Sink) -> None:
        woken = self._woken[sink.name]
        while not self._stopping:
            woken.clear()
            try:
                delivery = await self._outbox.take(sink.name, self._clock())
                self._observer.hindered(sink.name, None)
                if delivery:
                    await self._try(sink, delivery)
                else:
                    await self._expire()
                    await self._rest(woken, self._until(await self._outbox.next_due(sink.name)))
            except StateError as error:
                self._observer.hindered(sink.name, str(error))
                await self._trouble(error, woken)

    def _until(self, due: datetime | None) -> timedelta:
        return _LOOK if due is None else min(max(due - self._clock(), _AT_LEAST), _LOOK)

    async def _try(self, sink: Sink, delivery: Delivery) -> None:
        """Make one attempt."""
        parcel = delivery.parcel
        loop = asyncio.get_running_loop()
        with bound_contextvars(
            run_id=parcel.run_id, sink=sink.name, delivery=parcel.id, what=parcel.what, attempt=delivery.attempts
        ):
            began = loop.time()
            problem = await self._deliver(sink, delivery)
            seconds = round(loop.time() - began, 3)
            await self._note(self._verdict(sink, delivery, problem, seconds), sink.name)

    def _verdict(
        self, sink: Sink, delivery: Delivery, problem: Problem | None, seconds: float
    ) -> Callable[[], Awaitable[None]]:
        """Tell how an attempt ended, and return what writes it down."""
        name = delivery.parcel.id
        match problem:
            case None:
                self._observer.delivered(sink.name, seconds)
                log.info("delivered", seconds=seconds)
                return partial(self._outbox.delivered, name, now=self._clock())
            case DeliveryRefusedError():
                self._observer.failed(sink.name, seconds)
                log.error("delivery failed for good", error=str(problem), seconds=seconds)
                return partial(self._give_up, name, problem)
            case DeliveryDelayedError():
                self._observer.retried(sink.name, seconds)
                due = self._clock() + pause(delivery.attempts, self._chance, at_least=problem.retry_after)
                log.warning("delivery failed", error=str(problem), seconds=seconds, again=due.isoformat())
                return partial(self._postpone, name, problem, due)

    async def _deliver(self, sink: Sink, delivery: Delivery) -> Problem | None:
        """Return why a delivery did not succeed; None if it did."""
        limit = asyncio.timeout(self._attempt.total_seconds())
        try:
            async with limit:
                await sink.deliver(delivery)
        except (DeliveryRefusedError, DeliveryDelayedError) as error:
            return error
        except ConfigError as error:
            # A secret that is being written anew, perhaps; the configuration itself was fine when it was read.
            return DeliveryDelayedError(str(error))
        except Exception as error:
            if limit.expired():
                return DeliveryDelayedError(f"{sink.name} took longer than {self._attempt.total_seconds():g} s")
            log.exception("a sink broke", error=type(error).__name__)
            return DeliveryDelayedError(f"unexpected {type(error).__name__}; the log has the trace")
        return None

    async def _give_up(self, delivery_id: str, problem: DeliveryRefusedError) -> None:
        """Give up. What the sink wants to remember is written first: `deliveries retry` begins where it ended."""
        if problem.progress is not None:
            await self._postpone(delivery_id, problem, self._clock())
        await self._outbox.give_up(delivery_id, now=self._clock(), error=str(problem))

    async def _postpone(self, delivery_id: str, problem: Problem, due: datetime) -> None:
        await self._outbox.postpone(delivery_id, due=due, error=str(problem), progress=problem.progress)

    async def _note(self, settle: Callable[[], Awaitable[None]], sink: str) -> None:
        """Write down what became of a delivery, for as long as it takes; else it would look under way for ever."""
        while True:
            try:
                await settle()
            except StateError as error:
                self._observer.hindered(sink, str(error))
                await self._trouble(error, self._woken[sink])
            else:
                return
            if self._stopping:
                log.error("what became of a delivery is not written down; the next start repeats it")
                return

    async def _expire(self) -> None:
        for delivery in await self._outbox.expire(self._clock()):
            parcel = delivery.parcel
            log.error(
                "delivery expired",
                run_id=parcel.run_id,
                sink=parcel.sink,
                delivery=parcel.id,
                what=parcel.what,
                error=delivery.error,
            )
            self._observer.failed(parcel.sink, 0.0)

    async def _trouble(self, error: StateError, woken: asyncio.Event) -> None:
        log.error("the outbox cannot be read or written; trying again", error=str(error))
        woken.clear()
        await self._rest(woken, _STATE_PAUSE)

    async def _rest(self, woken: asyncio.Event, longest: timedelta) -> None:
        """Wait until something is new, but not for too long."""
        if self._stopping:
            return
        try:
            async with asyncio.timeout(longest.total_seconds()):
                await woken.wait()
        except TimeoutError:
            return
