"""One run without the service: scan, store, deliver, end. For containers and cron."""

import asyncio
import random
from datetime import timedelta

import structlog

from vhealthd.daemon import pack
from vhealthd.delivery.outbox import Worker
from vhealthd.delivery.sinks import make_sinks
from vhealthd.health import Health
from vhealthd.model import DeliveryState, ScanReport
from vhealthd.orders import Order
from vhealthd.runner import Plan, Runner
from vhealthd.scan import new_run_id, utc_now
from vhealthd.state import State, open_state
from vhealthd.vcenter.observer import Nobody

log = structlog.get_logger(__name__)

# How long deliveries may take. What is left then is tried by the next run.
_PATIENCE = timedelta(minutes=5)
_LOOK = 0.2  # seconds


async def run_once(plan: Plan) -> int:
    """Do one run. Return 0 if all is stored and delivered, 1 if something is left or was refused, 70 if it failed."""
    async with open_state(plan.settings.state.directory) as state:
        sinks = make_sinks(lambda: plan.settings, clock=utc_now)
        worker = Worker(state.outbox, sinks, clock=utc_now, chance=random.Random())  # noqa: S311 - it spreads load
        delivering = asyncio.create_task(worker.run(), name="outbox")
        try:
            order = await _promise(state)
            runner = Runner(
                state=state,
                plan=lambda: plan,
                pack=pack,
                packed=worker.wake,
                health=Health(),
                watcher=_Nobody(),
                observer=Nobody(),
                clock=utc_now,
            )
            if await runner.run(order) is None:
                return 70
            return await _delivered(state, order.run_id)
        finally:
            worker.stop()
            await asyncio.wait([delivering], timeout=_PATIENCE.total_seconds())
            delivering.cancel()


async def _promise(state: State) -> Order:
    """Promise a run. Those that earlier processes began and did not end are replaced by it."""
    now = utc_now()
    for asked in await state.runs.unfinished():
        await state.runs.give_up(asked.run_id, now=now, why="interrupted; a later run took its place")
    order = Order(run_id=new_run_id(now), trigger="manual")
    await state.runs.ask(order.run_id, order.trigger, due=None, now=now)
    return order


async def _delivered(state: State, run_id: str) -> int:
    """Wait until each delivery of a run was tried; return 0 if all arrived."""
    async with asyncio.timeout(_PATIENCE.total_seconds()):
        while True:
            deliveries = await state.outbox.deliveries(run_id=run_id)
            fresh = [one for one in deliveries if one.settled is None and one.error is None]
            if not fresh:
                break
            await asyncio.sleep(_LOOK)
    left = [one for one in deliveries if one.state is not DeliveryState.DELIVERED]
    for one in left:
        log.error("not delivered", what=one.parcel.what, sink=one.parcel.sink, error=one.error, state=one.state.value)
    return 1 if left else 0


class _Nobody:
    """Watches nothing: the log says what happens."""

    def started(self, order: Order) -> None:
        """Do nothing."""

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Do nothing."""

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Do nothing."""
