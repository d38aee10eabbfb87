"""What a schedule should do, worked out slowly and simply by looking at every minute of a year; shares no code with it.

Moments come from walking through the minutes of a year and reading the zone's clock at each. Runs come from the
stretches of time in which the process ran and was awake, by the clock that it saw.
"""

import calendar
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Days = Callable[[date], bool]


def every_day(_: date) -> bool:
    return True


def weekdays(day: date) -> bool:
    return day.weekday() < 5


def last_of_month(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


@dataclass(frozen=True)
class Times:
    """The times of a day: these minutes of these hours, or of every hour, on some days."""

    cron: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...] | None = None
    days: Days = every_day

    def __str__(self) -> str:
        return self.cron


def moments(times: Times, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """Return every moment between two whole minutes, in UTC."""
    walls = _walls(zone, begin, end)
    if times.hours is None:
        return [minute for minute, wall in walls if wall.minute in times.minutes and times.days(wall.date())]
    wanted = [time for time in _wall_times(times, begin, end) if time >= walls[0][1]]
    found = []
    # The first minute whose clock shows the time, or a later one: the end of a gap, the first pass of a fold.
    for minute, wall in walls:
        if wanted and wanted[0] <= wall:
            found.append(minute)
        while wanted and wanted[0] <= wall:
            wanted.pop(0)
    return found


@lru_cache(maxsize=2)
def _walls(zone: ZoneInfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return every minute, and what the zone's clock shows then."""
    minutes = (begin + MINUTE * number for number in range(int((end - begin) / MINUTE)))
    return [(minute, minute.astimezone(zone).replace(tzinfo=None)) for minute in minutes]


def _wall_times(times: Times, begin: datetime, end: datetime) -> list[datetime]:
    days = [begin.date() + timedelta(days=number) for number in range(-1, (end - begin).days + 2)]
    return [
        datetime.combine(day, time(hour, minute))
        for day in days
        if times.days(day)
        for hour in sorted(times.hours or ())
        for minute in sorted(times.minutes)
    ]


@dataclass(frozen=True)
class Rules:
    """How a moment is met."""

    jitter: timedelta
    catch_up: timedelta
    seed: str

    def start(self, due: datetime, following: datetime) -> datetime:
        digest = hashlib.sha256(f"{self.seed} {due.astimezone(UTC).isoformat()}".encode()).hexdigest()
        seconds = min(self.jitter, following - due).total_seconds() * int(digest[:16], 16) / 2**64
        return due + timedelta(seconds=int(seconds))


def runs(
    dues: Sequence[datetime], stretches: Sequence[tuple[datetime, datetime]], rules: Rules
) -> list[tuple[datetime, str]]:
    """Return the (due, trigger) of every run, given from when to when the process watched the clock."""
    starts = {due: rules.start(due, following) for due, following in pairwise(dues)}
    handled, made = stretches[0][0], []
    for begin, end in stretches:
        if handled - begin > timedelta(days=1):
            handled = begin
        passed = [due for due in starts if handled < due <= begin]
        if passed and starts[passed[-1]] <= begin:
            handled = passed[-1]
            if begin - starts[handled] <= timedelta(minutes=2):
                made.append((handled, "schedule"))
            elif begin - handled <= rules.catch_up:
                made.append((handled, "catchup"))
        for due, start in starts.items():
            if due > handled and begin < start <= end:
                made.append((due, "schedule"))
                handled = due
    return made
