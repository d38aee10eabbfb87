"""Turns orders into runs: scan, write the files, commit, hand over to the outbox. Nothing that was promised is lost."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import structlog
from structlog.contextvars import bound_contextvars
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    stop_never,
    wait_exponential,
)

from vhealthd import artefacts, interpreter, redaction
from vhealthd.alerts import Alerting, alerting_of, at_once, with_stored_mutes
from vhealthd.artefacts import Artefacts
from vhealthd.catalogue import BoundCheck, Catalogue
from vhealthd.config import Settings, load
from vhealthd.errors import OutputError, StateError
from vhealthd.health import Health
from vhealthd.lookback import look_back
from vhealthd.model import Outcome, ScanReport
from vhealthd.orders import Order
from vhealthd.packing import pack
from vhealthd.scan import Progress, Scan, scan
from vhealthd.state import State
from vhealthd.vcenter.observer import Observer

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]

T = TypeVar("T")

STORAGE = "storage"  # the subject of Health while a run cannot be stored
# A run that was begun so often and never came to its end takes the process down with it.
MOST_ATTEMPTS = 20
# A scan that has not ended so long after its deadline never will: all that is left to do then takes seconds.
AFTERWARDS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The configuration in use, and what follows from it."""

    settings: Settings
    checks: tuple[BoundCheck, ...]
    sha256: str


def read_plan(file: Path, catalogue: Catalogue) -> Plan:
    """Read the configuration. Raises ConfigError with everything that is wrong."""
    loaded = load(file, also=catalogue.problems)
    for warning in loaded.warnings:
        log.warning("configuration", problem=str(warning))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Plan(settings=loaded.settings, checks=catalogue.bind(loaded.settings), sha256=digest)


class Watcher(Progress, Protocol):
    """Whoever wants to know of runs."""

    def started(self, order: Order) -> None:
        """Hear that a run has begun."""

    def ended(self, order: Order, report: ScanReport | None) -> None:
        """Hear that a run is committed, or without a report that it is given up."""


@dataclass(kw_only=True)
class Runner:
    """Does one run after the other. `plan` gives the configuration as it is then, and `packed` wakes the outbox.

    A run that cannot be stored is tried again until it can. With `patience` nobody is there later: it is tried for so
    long, and no alert waits for others to come.
    """

    state: State
    plan: Callable[[], Plan]
    packed: Callable[[], None]
    health: Health
    watcher: Watcher
    observer: Observer
    clock: Clock
    sleep: Sleep = asyncio.sleep
    patience: timedelta | None = None
    _overdue: float | None = field(default=None, init=False)

    @property
    def stuck(self) -> bool:
        """Whether the present run should have ended long ago."""
        return self._overdue is not None and time.monotonic() > self._overdue

    async def run(self, order: Order) -> ScanReport | None:
        """Do a run, and return its report once it is committed; None if it was given up. Raises no error of its own."""
        with bound_contextvars(run_id=order.run_id):
            try:
                return await self._run(order)
            except (OutputError, StateError) as error:
                await self._give_up(order, str(error))
                return None
            except Exception as error:
                # the next run may well succeed; this one is settled, so that it is not begun again and again
                log.exception("run failed")
                await self._give_up(order, redaction.clean(f"unexpected {type(error).__name__}: {error}"))
                return None
            finally:
                self._overdue = None

    async def _run(self, order: Order) -> ScanReport | None:
        plan = self.plan()
        self._overdue = time.monotonic() + (plan.settings.scan.deadline + AFTERWARDS).total_seconds()
        attempt = await self._begin(order)
        if attempt > MOST_ATTEMPTS:
            await self._give_up(order, f"begun {MOST_ATTEMPTS} times and never ended; see the log of those times")
            return None
        log.info("run started", trigger=order.trigger, attempt=attempt)
        self.watcher.started(order)
        report = await self._scan(order, plan)
        self._overdue = None  # from here on it is the disk that may take its time, and that is said elsewhere
        interpreter.sweep()
        made = await self._keep(report, plan.sha256)
        log.info("run committed", **_counts(report), files=sorted(made.files))
        self._note(made)
        self.watcher.ended(order, report)
        return report

    async def _scan(self, order: Order, plan: Plan) -> ScanReport:
        """Scan, and keep nothing of it but the report: it may have to wait long for the disk."""
        report, _ = await scan(
            Scan(
                settings=await with_stored_mutes(plan.settings, self.state),
                checks=plan.checks,
                run_id=order.run_id,
                trigger=order.trigger,
                strict=False,
                progress=self.watcher,
                observer=self.observer,
                past=self.state.past.of,
                clock=self.clock,
            ),
            plan.settings.vcenters,
        )
        return report

    async def _begin(self, order: Order) -> int:
        """Count the attempt. Where that cannot be written the run goes on: it is worth more than its number."""
        try:
            return await self.state.runs.begin(order.run_id, self.clock())
        except StateError as error:
            self.health.wrong("state", str(error))
            return 1

    async def _keep(self, report: ScanReport, config_sha256: str) -> Artefacts:
        """Write and commit; while the disk is full or the database locked, try again."""

        def say(retry: RetryCallState) -> None:
            error = retry.outcome and retry.outcome.exception()
            self.health.wrong(STORAGE, f"run {report.run_id} cannot be stored yet, and is kept in memory: {error}")

        attempts = AsyncRetrying(
            retry=retry_if_exception_type((OutputError, StateError)),
            wait=wait_exponential(min=1, max=60),
            stop=stop_never if self.patience is None else stop_after_delay(self.patience),
            before_sleep=say,
            sleep=self.sleep,
            reraise=True,
        )
        made: Artefacts = await attempts(self._store, report, config_sha256)
        self.health.well(STORAGE)
        self.health.well("state")
        return made

    async def _store(self, report: ScanReport, config_sha256: str) -> Artefacts:
        settings = self.plan().settings  # as they are by now: another folder may be what it waits for
        wanted = settings.report
        background = await look_back(self.state, report, settings)
        folder = settings.reports / report.run_id
        made = await artefacts.write(report, background, folder, wanted.formats, wanted)
        now = self.clock()
        where = next((str(made.files[form]) for form in ("pdf", "html", "json") if form in made.files), None)
        alerting = await self._or(
            Alerting(), "alerts", alerting_of(self.state, report, background, settings, where=where, now=now)
        )
        parcels = await self._or((), "deliveries", pack(report, background, settings, made))
        await self.state.runs.commit(
            report,
            config_sha256=config_sha256,
            files=made.files,
            parcels=(*parcels, *(alerting.parcels if self.patience is None else map(at_once, alerting.parcels))),
            alerts=alerting.records,
            now=now,
            expires=now + settings.outbox.expire_after,
        )
        self.packed()
        return made

    async def _or(self, nothing: T, what: str, work: Awaitable[T]) -> T:
        """Return what work gives. A fault of ours in there must not cost what was found; it is said."""
        try:
            done = await work
        except (OutputError, StateError):
            raise
        except Exception as error:
            log.exception("nothing can be sent", what=what)
            self.health.wrong(what, f"of the last run nothing is sent: unexpected {type(error).__name__}; see the log")
            return nothing
        self.health.well(what)
        return done

    async def _give_up(self, order: Order, why: str) -> None:
        self.health.wrong("last run", f"{order.run_id} failed: {why}")
        self.watcher.ended(order, None)
        try:
            await self.state.runs.give_up(order.run_id, now=self.clock(), why=why)
        except StateError as error:
            self.health.wrong("state", str(error))

    def _note(self, made: Artefacts) -> None:
        self.health.well("last run")
        if made.pdf_error:
            self.health.wrong("report", made.pdf_error)
        else:
            self.health.well("report")


def _counts(report: ScanReport) -> dict[str, int]:
    outcomes = [result.outcome for vcenter in report.vcenters for result in vcenter.results]
    return {one.value: outcomes.count(one) for one in Outcome if one in outcomes}
