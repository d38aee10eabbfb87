"""The service: which tasks it has, how it hears signals, and in which order all begins and ends."""

import asyncio
import random
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from vhealthd import logs, systemd
from vhealthd.artefacts import Artefacts
from vhealthd.catalogue import Catalogue
from vhealthd.config import ListenAddress, Settings
from vhealthd.delivery.outbox import Worker
from vhealthd.delivery.parcels import measure, parcels
from vhealthd.delivery.sinks import make_sinks
from vhealthd.errors import ConfigError, StateError
from vhealthd.health import Health, delivery_problems, is_stale
from vhealthd.metrics import Metrics
from vhealthd.model import Parcel, ScanReport
from vhealthd.orders import Order, Orders
from vhealthd.runner import Clock, Plan, Runner, Sleep, read_plan
from vhealthd.scan import new_run_id, utc_now
from vhealthd.schedule import Schedule, keep
from vhealthd.state import State
from vhealthd.web.server import serve
from vhealthd.web.service import Status

log = structlog.get_logger(__name__)

# What is being delivered when the service is told to stop may take so long to its end.
_GRACE = timedelta(seconds=20)
# An interrupted run is taken up again if the service was away no longer than this.
_LONGEST_BREAK = timedelta(hours=6)
_LOOK = timedelta(minutes=1)


class Daemon:
    """The parts of the service and how they hang together. Each does its work elsewhere."""

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
        self.address: ListenAddress | None = None
        self._began = clock()
        self._next_scan: datetime | None = None
        self._running: Order | None = None
        self._schedules: asyncio.Queue[Schedule] = asyncio.Queue()
        self._stir = asyncio.Event()  # something to be shown has changed
        self.orders = Orders(state.runs, clock=clock, new_id=new_run_id)
        counted = _Counted(self.metrics, self._stir)
        sinks = make_sinks(lambda: self.plan.settings, clock=clock, observer=counted)
        chance = chance or random.Random()  # noqa: S311 - it spreads load and keeps no secret
        self._worker = Worker(state.outbox, sinks, clock=clock, chance=chance, observer=counted)
        self._runner = Runner(
            state=state,
            plan=lambda: self.plan,
            pack=pack,
            packed=self._worker.wake,
            health=self.health,
            watcher=self,
            observer=self.metrics,
            clock=clock,
            sleep=sleep,
        )

    async def serve(self, began: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`; `began` is called once every task is there.

        Raises ListenError if the address cannot be had, StateError if the state cannot be read.
        """
        await self._take_up()
        async with serve(self.plan.settings.http, self) as address, asyncio.TaskGroup() as group:
            self.address = address
            tasks = {name: group.create_task(work, name=name) for name, work in self._work().items()}
            began()
            log.info("ready", http=str(address), vcenters=len(self.plan.settings.vcenters))
            self._notify.ready(self._line())
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
            "gauges": self._show_backlog(),
            "watchdog": systemd.watch(self._notify, healthy=lambda: not self._runner.stuck),
        }

    async def _take_up(self) -> None:
        """Show what the last run found, and take up what an earlier process had promised."""
        self._show_plan()
        runs, now = self.state.runs, self._clock()
        last = await runs.last()
        if last and (report := await runs.report(last.run_id)):
            self.metrics.show(report)
        for asked in await runs.unfinished():
            if now - asked.asked > _LONGEST_BREAK:
                await runs.give_up(asked.run_id, now=now, why="interrupted, and too old when the service came back")
                log.error("interrupted run given up", run_id=asked.run_id, asked=asked.asked.isoformat())
            else:
                log.info("interrupted run is taken up again", run_id=asked.run_id, trigger=asked.trigger)
                self.orders.resume([Order(run_id=asked.run_id, trigger=asked.trigger, due=asked.due)])

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
            on_next=self._note_next,
            clock=self._clock,
            sleep=self._sleep,
        )

    async def _run_orders(self) -> None:
        while True:
            await self._runner.run(await self.orders.take())

    async def _reload_on_hang_up(self) -> None:
        while True:
            await self.hang_up.wait()
            self.hang_up.clear()
            self._notify.reloading()
            await self._reload()
            self._notify.ready(self._line())
            await self.orders.ask("sighup")

    async def _show_backlog(self) -> None:
        """Show what the outbox holds and what is wrong, whenever it may have changed."""
        while True:
            self._stir.clear()
            with suppress(StateError):  # said where it hinders something
                self.metrics.outbox(await self.state.outbox.backlog(), self._clock())
            self.metrics.problems(self.health.subjects)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK.total_seconds()):
                    await self._stir.wait()

    # --- the configuration

    async def _reload(self) -> None:
        """Take over the configuration as the file has it now. One that is wrong is not used."""
        try:
            plan = await asyncio.to_thread(read_plan, self._file, self._catalogue)
        except ConfigError as error:
            self.health.wrong("configuration", f"not read anew, the former one holds: {error}")
            return
        self.health.well("configuration")
        for what in _held_until_restart(self.plan.settings, plan.settings):
            log.warning("this change takes effect at the next start", setting=what)
        self.plan = plan
        logs.configure(self._log_level or plan.settings.log.level, plan.settings.log.format)
        self._schedules.put_nowait(self._schedule())
        self._show_plan()
        self._worker.wake()
        log.info("configuration read anew", sha256=plan.sha256)

    def _show_plan(self) -> None:
        self.metrics.config(self.plan.sha256, [one.name for one in self.plan.settings.vcenters])

    def _schedule(self) -> Schedule:
        seed = f"{socket.gethostname()} {self.state.directory}"
        return Schedule.of(self.plan.settings.schedule, seed=seed)

    def _note_next(self, start: datetime) -> None:
        self._next_scan = start
        self.metrics.next_scan(start)
        self._notify.status(self._line())

    def _line(self) -> str:
        """Return what `systemctl status` shows."""
        if self._running:
            return f"scan {self._running.run_id} is running"
        return f"next scan {self._next_scan:%Y-%m-%d %H:%M} UTC" if self._next_scan else "waiting"

    # --- what the runner tells

    def started(self, order: Order) -> None:
        """Hear that a run has begun."""
        self._running = order
        self.metrics.scan_started()
        self._notify.status(self._line())

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        """Hear how far a scan is."""
        self._notify.status(f"{self._line()}: {vcenter} {done}/{total} ({doing})")

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Hear that a run is committed, or without a report that it is given up."""
        self._running = None
        if report:
            self.metrics.scan_finished(report)
        else:
            self.metrics.scan_failed(order.trigger)
        self._stir.set()
        self._notify.status(self._line())

    # --- what the web asks

    async def problems(self) -> Sequence[str]:
        """Return what is wrong now."""
        found = list(self.health.problems)
        now = self._clock()
        try:
            found += delivery_problems(await self.state.outbox.deliveries(limit=1000), now)
            last = await self.state.runs.last()
        except StateError as error:
            return [*found, f"state: {error}"]
        settings = self.plan.settings
        if is_stale(last.finished if last else None, self._began, now, self._schedule(), settings.scan.deadline):
            since = f"since {last.finished:%Y-%m-%d %H:%M} UTC" if last and last.finished else "so far"
            found.append(f"last scan: there was no successful one {since}")
        return found

    async def ready(self) -> Sequence[str]:
        """Return what keeps the service from being ready: whatever is wrong."""
        return await self.problems()

    async def ask(self, trigger: str) -> str:
        """Promise a scan and return the id of its run."""
        return await self.orders.ask(trigger)

    def status(self) -> Status:
        """Return how the service stands."""
        return Status(next_scan=self._next_scan, running=self._running.run_id if self._running else None)


class _Counted:
    """Counts deliveries in the metrics, and has what is left to deliver shown anew."""

    def __init__(self, metrics: Metrics, stir: asyncio.Event) -> None:
        self._metrics, self._stir = metrics, stir
        self.attachment = metrics.attachment

    def delivered(self, sink: str, seconds: float) -> None:
        """Hear that a delivery arrived."""
        self._metrics.delivered(sink, seconds)
        self._stir.set()

    def retried(self, sink: str, seconds: float) -> None:
        """Hear that an attempt failed, and that there will be another one."""
        self._metrics.retried(sink, seconds)
        self._stir.set()

    def failed(self, sink: str, seconds: float) -> None:
        """Hear that a delivery is given up."""
        self._metrics.failed(sink, seconds)
        self._stir.set()


def pack(report: ScanReport, settings: Settings, made: Artefacts) -> tuple[Parcel, ...]:
    """Return what is sent of a run. Raises OutputError if one of its files is gone."""
    return parcels(report, settings, measure(made.files), pdf_error=made.pdf_error)


def _held_until_restart(old: Settings, new: Settings) -> list[str]:
    held = {
        "http": (old.http, new.http),
        "state.directory": (old.state.directory, new.state.directory),
    }
    return [name for name, (before, after) in held.items() if before != after]


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    some = list(tasks)
    for task in some:
        task.cancel()
    await asyncio.wait(some)
