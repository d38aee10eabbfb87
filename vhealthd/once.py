"""One run without the service: scan, store, deliver, end. For containers and cron."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from vhealthd.alerting.sinks import all_sinks
from vhealthd.delivery.outbox import Worker
from vhealthd.errors import StateError
from vhealthd.health import Health
from vhealthd.model import Delivery, DeliveryState, ScanReport
from vhealthd.orders import Order
from vhealthd.runner import STORAGE, Plan, Runner
from vhealthd.scan import new_run_id, utc_now
from vhealthd.state import State, open_state
from vhealthd.tidy import tidy
from vhealthd.vcenter.observer import Nobody

log = structlog.get_logger(__name__)

# How long a full disk may take to become free, and deliveries to be tried. What is left then is tried by the next run.
_PATIENCE = timedelta(minutes=5)
# What is being delivered at the end may take so long to its end.
_GRACE = timedelta(seconds=20)
_LOOK = 0.2  # seconds
_ALL = 100_000  # deliveries of one run, of which no run has so many
_SOFTWARE, _IO_ERROR = 70, 74


async def run_once(plan: Plan) -> int:
    """Do one run. Return 0 if all is stored and delivered, 1 if something is left or was refused.

    Return 74 if the run cannot be stored, and 70 if it failed.
    """
    async with open_state(plan.settings.state.directory) as state:
        order, health = await _promise(state), Health()
        sinks = all_sinks(lambda: plan.settings, clock=utc_now)
        worker = Worker(state.outbox, sinks, clock=utc_now, chance=random.Random())  # noqa: S311 - it spreads load
        runner = Runner(
            state=state,
            plan=lambda: plan,
            packed=worker.wake,
            health=health,
            watcher=_Nobody(),
            observer=Nobody(),
            clock=utc_now,
            patience=_PATIENCE,
        )
        async with _at_work(worker):
            if await runner.run(order) is None:
                return _IO_ERROR if STORAGE in health.subjects else _SOFTWARE
            await _tidy(state, plan)
            return await _delivered(state, order.run_id, served={one.name for one in sinks})


@asynccontextmanager
async def _at_work(worker: Worker) -> AsyncIterator[None]:
    """Deliver until the block ends. What is under way then may come to its end, also when a signal ended the block."""
    delivering = asyncio.create_task(worker.run(), name="outbox")
    try:
        yield
    finally:
        worker.stop()
        try:
            await asyncio.wait([delivering], timeout=_GRACE.total_seconds())
        finally:
            delivering.cancel()
            await asyncio.wait([delivering])
    if not delivering.cancelled():
        delivering.result()


async def _tidy(state: State, plan: Plan) -> None:
    """Let old runs go; that they stay for now does not hurt the one that is stored."""
    try:
        await tidy(state, plan.settings, utc_now())
    except StateError as error:
        log.warning("old runs are not dropped", reason=str(error))


async def _promise(state: State) -> Order:
    """Promise a run. Those that earlier processes began and did not end are replaced by it."""
    now = utc_now()
    for asked in await state.runs.unfinished():
        await state.runs.give_up(asked.run_id, now=now, why="interrupted; a later run took its place")
    order = Order(run_id=new_run_id(now), trigger="manual")
    await state.runs.ask(order.run_id, order.trigger, due=None, now=now)
    return order


async def _delivered(state: State, run_id: str, served: Collection[str]) -> int:
    """Wait until each delivery of a run was tried, but not for ever; return 0 if all arrived.

    What is for a channel that nobody serves, as it is not in the configuration, is not waited for.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            while any(_untried(one) and one.parcel.sink in served for one in await _of_run(state, run_id)):  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(_LOOK)
    left = [one for one in await _of_run(state, run_id) if one.state is not DeliveryState.DELIVERED]
    for one in left:
        why = one.error if one.parcel.sink in served else "it is not in the configuration"
        log.error("not delivered", what=one.parcel.what, sink=one.parcel.sink, error=why, state=one.state.value)
    return 1 if left else 0


async def _of_run(state: State, run_id: str) -> tuple[Delivery, ...]:
    return await state.outbox.deliveries(run_id=run_id, limit=_ALL)


def _untried(one: Delivery) -> bool:
    return one.settled is None and one.error is None


class _Nobody:
    """Watches nothing: the log says what happens."""

    def started(self, order: Order) -> None:
        """Do nothing."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Do nothing."""

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Do nothing."""
