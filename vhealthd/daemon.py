"""The service: which tasks it has, how it hears signals, and in which order all begins and ends."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from vhealthd import logs, systemd
from vhealthd.alerting.sinks import all_sinks
from vhealthd.answers import Answers
from vhealthd.catalogue import Catalogue
from vhealthd.config import ListenAddress
from vhealthd.delivery.outbox import Sink, Worker
from vhealthd.display import Display
from vhealthd.errors import ConfigError, StateError
from vhealthd.health import Health
from vhealthd.lookback import schedule_of
from vhealthd.metrics import Metrics
from vhealthd.orders import Order, Orders
from vhealthd.runner import Clock, Plan, Runner, Sleep, read_plan
from vhealthd.scan import new_run_id, utc_now
from vhealthd.schedule import Schedule, keep
from vhealthd.sla import levels
from vhealthd.state import State
from vhealthd.tidy import tidy
from vhealthd.web.server import serve

log = structlog.get_logger(__name__)

# What is being delivered when the service is told to stop may take so long to its end.
_GRACE = timedelta(seconds=20)
# An interrupted run is taken up again if the service was away no longer than this, or than schedule.catch_up.
_LONGEST_BREAK = timedelta(hours=6)
_LOOK = timedelta(minutes=1)


class Daemon:
    """The parts of the service and how they hang together. Each does its work elsewhere."""

    address: ListenAddress | None = None  # there while it serves

    def __init__(
        self,
        file: Path,
        catalogue: Catalogue,
        plan: Plan,
        state: State,
        *,
        log_level: str | None = None,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        chance: random.Random | None = None,
    ) -> None:
        """`log_level` overrides the configuration's, also after it is read again."""
        self._file, self._catalogue, self._log_level = file, catalogue, log_level
        self._clock, self._sleep = clock, sleep
        self._notify = systemd.Notifier.from_environment()
        self.plan = plan
        self.state = state
        self.health = Health()
        self.metrics = Metrics()
        self.stop = asyncio.Event()
        self.hang_up = asyncio.Event()
        self._schedules: asyncio.Queue[Schedule] = asyncio.Queue()
        self.orders = Orders(state.runs, clock=clock, new_id=new_run_id)
        self._display = Display(self.metrics, self._notify, self.health)
        chance = chance or random.Random()  # noqa: S311 - it spreads load and keeps no secret
        self._worker = Worker(state.outbox, self._sinks(), clock=clock, chance=chance, observer=self._display)
        self._runner = Runner(
            state=state,
            plan=lambda: self.plan,
            packed=self._worker.wake,
            health=self.health,
            watcher=self._display,
            observer=self.metrics,
            clock=clock,
            sleep=sleep,
        )
        self.answers = Answers(
            state=state,
            metrics=self.metrics,
            health=self.health,
            orders=self.orders,
            display=self._display,
            runner=self._runner,
            schedule=self._schedule,
            clock=clock,
            began=clock(),
        )

    async def serve(self, began: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`; `began` is called once every task is there.

        Raises ListenError if the address cannot be had, StateError if the state cannot be read.
        """
        self._show_plan()
        await self._show_last_run()
        await self._take_up()
        async with serve(self.plan.settings.http, self.answers) as self.address:
            try:
                await self._work_until_stop(began)
            except ExceptionGroup:
                # whoever started the service sees that it ended, and nowhere else why
                log.exception("a task of the service broke")
                raise

    async def _work_until_stop(self, began: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(work, name=name) for name, work in self._work().items()}
            began()
            log.info("ready", http=str(self.address), vcenters=len(self.plan.settings.vcenters))
            self._notify.ready(self._display.line)
            await self.stop.wait()
            log.info("stopping")
            self._notify.stopping()
            await self._wind_down(tasks)

    def _work(self) -> dict[str, Coroutine[None, None, None]]:
        return {
            "schedule": self._keep_schedule(),
            "runner": self._run_orders(),
            "reload": self._reload_on_hang_up(),
            "outbox": self._worker.run(),
            "gauges": self._show_gauges(),
            "watchdog": systemd.watch(self._notify, healthy=lambda: not self._runner.stuck),
        }

    async def _take_up(self) -> None:
        """Take up what an earlier process had promised."""
        runs, now = self.state.runs, self._clock()
        longest = max(_LONGEST_BREAK, self.plan.settings.schedule.catch_up)
        for asked in await runs.unfinished():
            if now - asked.asked > longest:
                log.error("interrupted run given up", run_id=asked.run_id, asked=asked.asked.isoformat())
                with suppress(StateError):  # then the next start does it
                    await runs.give_up(asked.run_id, now=now, why="interrupted, and too old when the service came back")
            else:
                log.info("interrupted run is taken up again", run_id=asked.run_id, trigger=asked.trigger)
                self.orders.resume([Order(run_id=asked.run_id, trigger=asked.trigger, due=asked.due)])

    async def _show_last_run(self) -> None:
        """Show what the last run found, and the SLA. Where they cannot be read that is no reason not to scan."""
        try:
            await self._show_sla()  # first: it needs no report, which may be one of another version
            last = await self.state.runs.last()
            if last and (report := await self.state.runs.report(last.run_id)):
                self.metrics.show(report)
        except StateError as error:
            log.warning("what the last run found cannot be shown", reason=str(error))

    async def _show_sla(self) -> None:
        """Show how much was not critical of late. Raises StateError."""
        windows = await levels(self.state.runs, now=self._clock())
        self.metrics.sla(
            {
                (vcenter, window): attainment.ratio
                for window, of in windows.items()
                for vcenter, attainment in of.vcenters.items()
            }
        )

    async def _wind_down(self, tasks: dict[str, asyncio.Task[None]]) -> None:
        """Begin nothing new, leave the vCenters, let what is being delivered come to its end, then end all."""
        await _end(tasks[name] for name in ("schedule", "reload", "runner"))
        self._worker.stop()
        await asyncio.wait([tasks["outbox"]], timeout=_GRACE.total_seconds())
        await _end(tasks.values())

    # --- the tasks

    async def _keep_schedule(self) -> None:
        async def promise(trigger: str, due: datetime) -> None:
            await self.orders.ask(trigger, due)

        await keep(
            self._schedule(),
            changes=self._schedules,
            ask=promise,
            load_last_due=self.state.runs.last_due,
            save_last_due=self.state.runs.set_last_due,
            on_next=self._display.coming,
            clock=self._clock,
            sleep=self._sleep,
        )

    async def _run_orders(self) -> None:
        while True:
            await self._runner.run(await self.orders.take())
            await self._after_a_run()

    async def _after_a_run(self) -> None:
        """Show how much was not critical of late, and let old runs go."""
        try:
            await self._show_sla()
            await tidy(self.state, self.plan.settings, self._clock())
        except StateError as error:
            log.warning("old runs are not dropped", reason=str(error))

    async def _reload_on_hang_up(self) -> None:
        while True:
            await self.hang_up.wait()
            self.hang_up.clear()
            self._notify.reloading()
            await self._reload()
            self._notify.ready(self._display.line)
            await self.orders.ask("sighup")

    async def _show_gauges(self) -> None:
        """Show what the outbox holds, which alerts are open and what is wrong, whenever it may have changed."""
        while True:
            self._display.news.clear()
            with suppress(StateError):  # said where it hinders something
                self.metrics.outbox(await self.state.outbox.backlog(), self._clock())
                self.metrics.open_alerts((one.alert.vcenter, one.severity) for one in await self.state.alerts.open())
            self.metrics.problems(self.health.subjects)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK.total_seconds()):
                    await self._display.news.wait()

    # --- the configuration

    async def _reload(self) -> None:
        """Take over the configuration as the file has it now. One that is wrong is not used."""
        try:
            plan = await asyncio.to_thread(read_plan, self._file, self._catalogue)
        except ConfigError as error:
            self._refuse(str(error))
            return
        except Exception as error:
            log.exception("the configuration cannot be read")
            self._refuse(f"unexpected {type(error).__name__}; the log has the trace")
            return
        self.health.well("configuration")
        self.plan = _as_far_as_it_can_change(self.plan, plan)
        logs.configure(self._log_level or plan.settings.log.level, plan.settings.log.format)
        self._schedules.put_nowait(self._schedule())
        self._show_plan()
        self._worker.serve(self._sinks())
        self._worker.wake()
        log.info("configuration read anew", sha256=plan.sha256)

    def _refuse(self, why: str) -> None:
        self.health.wrong("configuration", f"not read anew, the former one holds: {why}")

    def _sinks(self) -> tuple[Sink, ...]:
        return all_sinks(lambda: self.plan.settings, clock=self._clock, observer=self._display)

    def _show_plan(self) -> None:
        self.metrics.config(self.plan.sha256, [one.name for one in self.plan.settings.vcenters])

    def _schedule(self) -> Schedule:
        return schedule_of(self.plan.settings)


def _as_far_as_it_can_change(old: Plan, new: Plan) -> Plan:
    """Return the new plan with what a process has once and for all: its address and its state directory."""
    before, after = old.settings, new.settings
    if before.http != after.http:
        log.warning("this change takes effect at the next start", setting="http")
    if before.state.directory != after.state.directory:
        log.warning("this change takes effect at the next start", setting="state.directory")
    state = after.state.model_copy(update={"directory": before.state.directory})
    return replace(new, settings=after.model_copy(update={"http": before.http, "state": state}))


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    some = list(tasks)
    for task in some:
        task.cancel()
    await asyncio.wait(some)
