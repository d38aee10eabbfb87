"""When the daemon scans by itself: the moments of a cron expression, and what is to be done about them now.

`Schedule` is pure. `keep` is the loop around it: it looks at the wall clock at least once a minute, because the loop's
own time stands still while the machine sleeps, and because the wall clock may be set.

A moment is *handled* when its scan was asked for or when it was missed for good. Only the last handled moment is kept:
whatever lies before it is never looked at again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim

from vhealthd.config import ScheduleSettings
from vhealthd.errors import StateError

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Trigger = Literal["schedule", "catchup"]

_LOOK = timedelta(minutes=1)
_ON_TIME = timedelta(minutes=2)  # a look, and what the machine may be slow
_CLOCK_WAS_WRONG = timedelta(days=1)  # handled further ahead than this: no step of a sane clock
_LONGEST_FOLD = timedelta(hours=3)  # by how much clocks are put back, at most
_FIRST_LOOKBACK = timedelta(minutes=5)
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done until then, when the scan of `due` starts."""

    until: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """The scan of this moment is to start now; older moments that were not handled are covered by it."""

    due: datetime
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Missed:
    """This moment, and all before it, passed too long ago to be made up for."""

    due: datetime


Decision = Wait | Run | Missed


@dataclass(frozen=True)
class Schedule:
    """The moments at which a scan is due, and how each is met.

    `seed` tells installations apart, so that they do not all start in the same second.
    """

    cron: str
    zone: ZoneInfo
    jitter: timedelta
    catch_up: timedelta
    seed: str

    @classmethod
    def of(cls, settings: ScheduleSettings, *, seed: str) -> "Schedule":
        """Make a schedule as the configuration has it."""
        return cls(settings.cron, ZoneInfo(settings.timezone), settings.jitter, settings.catch_up, seed)

    def same_moments(self, other: "Schedule") -> bool:
        """Whether both have the same moments, however they are met."""
        return (self.cron, self.zone.key) == (other.cron, other.zone.key)

    # --- moments

    def due_after(self, moment: datetime) -> datetime:
        """Return the first scheduled moment after this one, in UTC.

        Where the clocks are put forward, what falls into the gap is due once, directly after it; where they are put
        back, what falls into the repeated hour is due in its first pass. An expression for every hour counts the hours
        that pass: it has nothing to make up for in a gap, and is due in both passes.
        """
        wall = moment.astimezone(self.zone)
        repeats = (moment + _LONGEST_FOLD).astimezone(self.zone).utcoffset() != wall.utcoffset()
        # Wall times from now on, or from a little earlier if they may come again. cronsim is given no zone: with one it
        # can answer, in a repeated hour, with a moment before the one that it was asked for.
        begin = wall.replace(tzinfo=None) - (_LONGEST_FOLD if repeats else timedelta())
        found: list[datetime] = []
        for time in CronSim(self.cron, begin):
            instants = self._instants(time)
            found += [one for one in instants if one > moment]
            if instants and instants[0] > moment:
                break
        return min(found)

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        """Return when the clocks of the zone show this time and a scan is due."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return (first,)
        if first < second:
            return (first, second) if self._every_hour else (first,)
        return () if self._every_hour else (_end_of_gap(wall, self.zone),)

    @cached_property
    def _every_hour(self) -> bool:
        return len(CronSim(self.cron, datetime(2000, 1, 1)).hours) == _HOURS_OF_A_DAY  # noqa: DTZ001 - only read

    def start_of(self, due: datetime) -> datetime:
        """Return when the scan of a moment starts: up to the jitter later, and always before the next moment.

        The same moment has the same start each time, so that a restart in between neither repeats nor loses it.
        """
        digest = hashlib.sha256(f"{self.seed} {due.astimezone(UTC).isoformat()}".encode()).digest()
        share = int.from_bytes(digest[:8]) / 2**64
        return due + timedelta(seconds=int(share * self.window(due).total_seconds()))

    def window(self, due: datetime) -> timedelta:
        """Return the longest time after a moment that its scan starts."""
        return min(self.jitter, self.due_after(due) - due)

    # --- decisions

    def decide(self, now: datetime, last_due: datetime | None) -> Decision:
        """Say what is to be done now. `last_due` is the last moment that was handled; None if there is none yet."""
        handled = handled_until(last_due, now)
        due = self.due_after(handled)
        if due <= now:
            due = self._latest(handled, now)
        start = self.start_of(due)
        if now < start:
            return Wait(start, due)
        if now - start <= _ON_TIME:
            return Run(due, "schedule")
        return Run(due, "catchup") if now - due <= self.catch_up else Missed(due)

    def _latest(self, handled: datetime, now: datetime) -> datetime:
        """Return the last of the moments after `handled` and until now; after years off as fast as after a day."""
        back = _FIRST_LOOKBACK
        while (due := self.due_after(max(handled, now - back))) > now:
            back *= 2
        while (later := self.due_after(due)) <= now:
            due = later
        return due


def handled_until(last_due: datetime | None, now: datetime) -> datetime:
    """Return up to when all is handled.

    That is now, if nothing was ever handled, or if it was handled more than a day ahead: the clock was wrong then. A
    clock that is put back by less does not make the same moment due again.
    """
    return now if last_due is None or last_due - now > _CLOCK_WAS_WRONG else last_due


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clocks of the zone first show a later time than this one, which they never show."""
    while True:
        wall += timedelta(minutes=1)
        first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first <= second:
            return first


# --- the loop -------------------------------------------------------------------------------------------------------


class _Ledger:
    """Up to when all is handled, in memory and in the state. A state that cannot be read or written is tried again."""

    def __init__(
        self, load: Callable[[], Awaitable[datetime | None]], save: Callable[[datetime], Awaitable[None]]
    ) -> None:
        self._load = load
        self._save = save
        self._handled: datetime | None = None
        self._stored: datetime | None = None
        self._loaded = False
        self._assumed = True  # nothing was handled since the start: what the state says counts

    @property
    def is_stored(self) -> bool:
        """Whether the state knows it all."""
        return self._loaded and self._handled == self._stored

    async def until(self, now: datetime) -> datetime:
        """Return up to when all is handled."""
        if not self._loaded:
            await self._read(now)
        self._handled = handled_until(self._handled, now)
        await self._write()
        return self._handled

    async def settle(self, moment: datetime) -> None:
        """Note that all is handled up to this moment."""
        self._handled, self._assumed = moment, False
        await self._write()

    async def _read(self, now: datetime) -> None:
        try:
            self._stored = await self._load()
        except StateError as error:
            log.warning("the last scheduled scan is not known yet", reason=str(error))
            return
        self._loaded = True
        if self._stored is None:
            return
        if self._assumed or self._handled is None:
            self._handled = self._stored
        else:
            self._handled = max(self._handled, handled_until(self._stored, now))

    async def _write(self) -> None:
        # Never before it was read: it may know of a scan that is to be made up for.
        if self._handled is None or self.is_stored or not self._loaded:
            return
        try:
            await self._save(self._handled)
        except StateError as error:
            log.warning("the last scheduled scan cannot be noted yet", reason=str(error))
            return
        self._stored = self._handled


async def keep(
    schedule: Schedule,
    *,
    changes: asyncio.Queue[Schedule],
    ask: Callable[[Trigger, datetime], Awaitable[None]],
    load_last_due: Callable[[], Awaitable[datetime | None]],
    save_last_due: Callable[[datetime], Awaitable[None]],
    on_next: Callable[[datetime], None],
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ask for a scan whenever one is due, until cancelled.

    A schedule put into `changes` holds at once: nothing that its new moments have in the past is made up for.
    `on_next` is told when the next scan will start. A moment is noted as handled after `ask` has returned: if the
    process dies in between, the same moment is asked for again. A StateError from `ask` makes it ask again, too.
    """
    ledger = _Ledger(load_last_due, save_last_due)
    announced: datetime | None = None
    while True:
        now = clock()
        decision = schedule.decide(now, await ledger.until(now))
        rest_until = now + _LOOK
        match decision:
            case Missed(due):
                log.warning("scheduled scan missed", due=_shown(due, schedule.zone), late=str(now - due))
                await ledger.settle(due)
                continue
            case Run(due, trigger):
                if await _asked(ask, trigger, due):
                    await ledger.settle(due)
                    continue
            case Wait(until, due):
                if until != announced:
                    _announce(schedule, until, due)
                    on_next(until)
                    announced = until
                rest_until = until if ledger.is_stored else min(until, rest_until)
        changed = await _rest(rest_until, changes, clock, sleep)
        if changed is not None:
            if not changed.same_moments(schedule):
                now = clock()
                await ledger.settle(max(await ledger.until(now), now))
            schedule, announced = changed, None


async def _asked(ask: Callable[[Trigger, datetime], Awaitable[None]], trigger: Trigger, due: datetime) -> bool:
    try:
        await ask(trigger, due)
    except StateError as error:
        log.error("a scheduled scan cannot be begun yet", reason=str(error))  # noqa: TRY400 - the reason says it all
        return False
    return True


def _announce(schedule: Schedule, start: datetime, due: datetime) -> None:
    zone = schedule.zone
    log.info("next scan", start=_shown(start, zone), due=_shown(due, zone), zone=zone.key)


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")


async def _rest(
    until: datetime, changes: asyncio.Queue[Schedule], clock: Clock, sleep: Callable[[float], Awaitable[None]]
) -> Schedule | None:
    """Return at that time, or when the clock was put back, or with the schedule that came in the meantime."""
    resting = asyncio.create_task(_pass_time(until, clock, sleep), name="schedule-rest")
    listening = asyncio.create_task(changes.get(), name="schedule-changes")
    try:
        await asyncio.wait((resting, listening), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (resting, listening):
            task.cancel()
        await asyncio.wait((resting, listening))
    if not resting.cancelled():
        resting.result()
    return None if listening.cancelled() else listening.result()


async def _pass_time(until: datetime, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
    before = clock()
    while before < until:
        await sleep(min(_LOOK, until - before).total_seconds())
        now = clock()
        if now < before:
            return
        before = now
